"""Where genes are, and which of them share sequence: what a trans scan leaves out by."""

from __future__ import annotations

import gzip
import io
import os
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.io.columns import normalise
from seqgen.io.delimited import TextLayout, read_columns, sniff
from seqgen.io.regions import canonical_names
from seqgen.io.tables import existing_file, read_table
from seqgen.io.tally import Tally, drops_text
from seqgen.schemas import Counted

_SYNONYMS = {
    "chrom": ("CHROM", "CHR", "CHROMOSOME", "GENECHR", "SEQNAME", "SEQNAMES", "SEQID",
              "CHROMOSOMENAME", "CHROMOSOMESCAFFOLDNAME"),
    "start": ("START", "GENESTART", "GENESTARTBP", "STARTPOSITION", "CHROMSTART", "TXSTART",
              "LEFT", "S1", "TSS", "TRANSCRIPTIONSTARTSITETSS", "POS"),
    "end": ("END", "GENEEND", "GENEENDBP", "ENDPOSITION", "CHROMEND", "TXEND", "RIGHT", "S2"),
}  # fmt: skip
_IDS = ("GENEID", "GENE", "GENESTABLEIDVERSION", "GENESTABLEID", "ENSEMBLGENEIDVERSION",
        "ENSEMBLGENEID", "PHENOTYPEID", "PID", "TRAIT", "ID")  # fmt: skip
_SYMBOLS = ("GENENAME", "GENESYMBOL", "SYMBOL", "HGNCSYMBOL", "EXTERNALGENENAME", "NAME")
_NAMES = {"gene_id": (*_IDS, *_SYMBOLS), "gene_name": _SYMBOLS}
# Keys of the last column, the first of them that a line has.
_KEYS = {
    "gene_id": ("gene_id", "ID"),
    "gene_name": ("gene_name", "Name", "gene_symbol", "gene"),
}
_GENE_TYPES = ("gene", "ncRNA_gene", "pseudogene")
_ANNOTATION = ("chrom", "source", "type", "start", "end", "score", "strand", "phase", "attributes")


def read_gene_positions(
    path: str | os.PathLike[str], *, name: str = "gene_id", strip_version: bool = False
) -> Counted:
    r"""Read positions of genes: a table, or the gene lines of a GTF or GFF3.

    A table has a header and columns for gene, chromosome, start and, where known, end, under
    any of their usual names; a transcription start site alone will do. Positions are 1-based,
    except where the header begins ``#chr`` or the file is called ``.bed``: then start is 0-based,
    as in every BED, and one is added.

    Parameters
    ----------
    path : path
        Text, plain or gzipped, or Parquet.
    name : {"gene_id", "gene_name"}
        What genes are called by.
    strip_version : bool
        Take the version off Ensembl ids (ENSG00000215270.3), where the traits have none.

    Returns
    -------
    Counted
        ``table``: ``gene``, ``chrom``, ``start``, ``end`` (1-based, both ends included), in file
        order, each gene once; ``drops``: genes left out, by reason.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If a column is missing, a position is no number, or no gene is left.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "genes.tsv")
    ...     _ = path.write_text("gene\tchr\ttss\nMYC\tchr8\t127735434\n")
    ...     read_gene_positions(path).table.to_dict("records")
    [{'gene': 'MYC', 'chrom': '8', 'start': 127735434, 'end': 127735434}]
    """
    if name not in _NAMES:
        raise InputError(f"name is {name!r}; expected 'gene_id' or 'gene_name'")
    path = existing_file(path)
    tally = Tally("read gene positions")
    if path.name.lower().endswith(".parquet"):
        frame = read_table(path)
        table = _columns(frame.rename(columns=str), path, name)
    else:
        layout = sniff(path)
        annotation = _is_annotation(layout)
        table = _annotated(layout, name, tally) if annotation else _tabled(layout, name)
    return _finished(table, path, tally, strip_version=strip_version)


def _is_annotation(layout: TextLayout) -> bool:
    """Nine columns with a type, two positions and a strand: GTF and GFF3 have no header."""
    if re.search(r"\.(gtf|gff3?)(\.b?gz)?$", layout.path.name.lower()):
        return True
    lines = (line for line in _lines(layout) if line.strip() and not line.startswith(b"#"))
    fields = next(lines, b"").decode("utf-8", "replace").split("\t")
    return len(fields) == 9 and fields[3].isdigit() and fields[4].isdigit() and fields[6] in "+-.?"


def _annotated(layout: TextLayout, name: str, tally: Tally) -> pd.DataFrame:
    lines = _gene_lines(layout)
    if not lines:
        raise InputError(
            f"{layout.path}: holds no line of type gene; expected a GTF or GFF3 with genes, or a "
            "table with a header"
        )
    try:
        frame = pd.read_csv(
            io.BytesIO(lines), sep="\t", header=None, names=list(_ANNOTATION), dtype="str",
            quoting=3, keep_default_na=False, index_col=False,
        )  # fmt: skip
    except (pd.errors.ParserError, ValueError) as error:
        raise InputError(
            f"{layout.path}: a line of a gene does not have nine columns ({str(error).strip()}); "
            "expected GTF or GFF3"
        ) from error
    # The file may hold features such as mRNA whose source is called gene.
    frame = frame[frame["type"].isin(_GENE_TYPES)]
    frame = frame.reset_index(drop=True)
    gene = pd.Series(None, frame.index, dtype="str")
    for key in _KEYS[name]:
        gene = gene.fillna(_attribute(frame["attributes"], key))
    frame["gene"] = gene.str.removeprefix("gene:")
    shown = frame[["gene", "chrom", "start", "end", "attributes"]]
    kept = tally.drop(shown, gene.isna(), f"gene has no {' or '.join(_KEYS[name])}")
    return kept.drop(columns="attributes")


def _lines(layout: TextLayout) -> Iterator[bytes]:
    opened = gzip.open if layout.packed else open
    try:
        with opened(layout.path, "rb") as handle:
            yield from handle
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(
            f"{layout.path}: the gzip data is damaged or cut short ({error}); fetch it again"
        ) from error


def _gene_lines(layout: TextLayout) -> bytes:
    """The lines that may be of genes, one in fifty or so, for the rest need not be taken apart."""
    return b"".join(
        line for line in _lines(layout) if b"gene\t" in line and not line.startswith(b"#")
    )


def _attribute(texts: pd.Series, key: str) -> pd.Series:
    """Value of a key: ``key "value";`` of a GTF, or ``key=value;`` of a GFF3."""
    pattern = rf'(?:^|;)\s*{key}(?:=([^;]+)|\s+"([^"]*)"|\s+([^;"]+))'
    found = texts.str.extract(pattern)
    return found[0].fillna(found[1]).fillna(found[2]).str.strip()


def _tabled(layout: TextLayout, name: str) -> pd.DataFrame:
    header = pd.DataFrame(columns=list(layout.header))
    places = _places(header, layout.path, name)
    text = [places["gene"], places["chrom"]]
    numbers = [places[each] for each in ("start", "end") if each in places]
    table = read_columns(layout, [*text, *numbers], text=text)
    out = pd.DataFrame({each: table[place] for each, place in places.items()})
    return _one_based(out, layout.path, layout.header[0])


def _columns(frame: pd.DataFrame, path: Path, name: str) -> pd.DataFrame:
    if frame.index.name is not None:
        frame = frame.reset_index()
    places = _places(frame, path, name)
    out = pd.DataFrame({each: frame.iloc[:, place] for each, place in places.items()})
    return _one_based(out, path, str(frame.columns[0]))


def _places(frame: pd.DataFrame, path: Path, name: str) -> dict[str, int]:
    """Which column is which."""
    names = [normalise(str(column)) for column in frame.columns]
    places = {}
    for wanted, synonyms in {"gene": _NAMES[name], **_SYNONYMS}.items():
        known = [synonym for synonym in synonyms if synonym in names]
        if known:
            places[wanted] = names.index(known[0])
        elif wanted != "end":
            raise InputError(
                f"{path}: no column for {name if wanted == 'gene' else wanted}; found "
                f"{', '.join(map(str, frame.columns[:12])) or 'none'}; expected a header with "
                f"gene, chrom, start and end, the first under a name such as "
                f"{', '.join(_NAMES[name][:3]).lower()}"
            )
    return places


def _one_based(table: pd.DataFrame, path: Path, first: str) -> pd.DataFrame:
    name = path.name.lower().removesuffix(".gz").removesuffix(".bgz")
    if not name.endswith(".bed") and not first.lower().startswith("#chr"):
        return table
    start = pd.to_numeric(table["start"], errors="coerce") + 1
    return table.assign(start=start)


def _finished(table: pd.DataFrame, path: Path, tally: Tally, *, strip_version: bool) -> Counted:
    """Types, names and one row per gene."""
    table = tally.drop(table, table["gene"].isna() | table["chrom"].isna(),
                       "row lacks a gene or chromosome")  # fmt: skip
    start = pd.to_numeric(table["start"], errors="coerce")
    end = pd.to_numeric(table["end"], errors="coerce") if "end" in table else start
    bad = ~((start >= 1) & (end >= 1)).to_numpy()
    if bad.any():
        row = table[bad].iloc[0]
        raise InputError(
            f"{path}: {row['gene']!r} starts at {row['start']} and ends at {row.get('end')} "
            f"({int(bad.sum()):,} such rows); expected whole numbers from 1"
        )
    gene = table["gene"].astype("str")
    if strip_version:
        gene = gene.str.replace(r"\.\d+$", "", regex=True)
    out = pd.DataFrame(
        {
            "gene": gene,
            "chrom": canonical_names(table["chrom"].astype("str")),
            "start": np.minimum(start, end).astype("int64"),
            "end": np.maximum(start, end).astype("int64"),
        }
    )
    out = tally.drop(out, out["gene"].duplicated(), "gene comes again; its first position kept")
    if out.empty:
        raise InputError(f"{path}: no gene is left\n{drops_text(tally.to_frame())}")
    return Counted(out.reset_index(drop=True), tally.to_frame())


def read_cross_mappability(
    path: str | os.PathLike[str], *, min_score: float = 0.0, strip_version: bool = False
) -> Counted:
    """Read pairs of genes whose reads may be taken for each other's.

    Parameters
    ----------
    path : path
        Two genes and a score per line, text, plain or gzipped, with or without a header, as
        Saha and Battle publish them.
    min_score : float
        Pairs with a lower score are left out and counted.
    strip_version : bool
        Take the version off Ensembl ids.

    Returns
    -------
    Counted
        ``table``: ``gene_1``, ``gene_2``, ``score``, as `transqtl.plan_exclusions` takes it;
        ``drops``: pairs left out, by reason. A gene with itself is no pair.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If the file has other columns, or no pair is left.

    References
    ----------
    Saha, Battle (2019), F1000Research 7, 1860: false trans signals from cross-mappable genes.
    """
    layout = sniff(path)
    if len(layout.header) != 3:
        raise InputError(
            f"{layout.path}: has {len(layout.header)} columns, {', '.join(layout.header[:5])}; "
            "expected three: gene, gene, score"
        )
    headed = pd.isna(pd.to_numeric(layout.header[2], errors="coerce"))
    layout = TextLayout(layout.path, ("gene_1", "gene_2", "score"), layout.separator,
                        layout.header_line - (not headed), layout.packed)  # fmt: skip
    # There may be tens of millions of rows and tens of thousands of genes.
    table = read_columns(layout, (0, 1, 2), categories=(0, 1))
    table.columns = pd.Index(layout.header)
    if table["score"].dtype.kind not in "fiu" or table.isna().to_numpy().any():
        raise InputError(
            f"{layout.path}: holds a score that is no number, or a row without a gene; expected "
            "two genes and a number in every row"
        )
    tally = Tally("read cross-mappability")
    low = (table["score"] < min_score).to_numpy()
    table = tally.drop(table, low, f"score below {min_score:g}")
    table = table.astype({"gene_1": "str", "gene_2": "str", "score": "float64"})
    if strip_version:
        for column in ("gene_1", "gene_2"):
            table[column] = table[column].str.replace(r"\.\d+$", "", regex=True)
    table = tally.drop(table, table["gene_1"] == table["gene_2"], "gene paired with itself")
    if table.empty:
        raise InputError(f"{layout.path}: no pair is left\n{drops_text(tally.to_frame())}")
    return Counted(table.reset_index(drop=True), tally.to_frame())
