"""Gene models out of GFF3 and GTF: the transcripts, their exons and coding parts."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from seqgen.errors import InputError
from seqgen.io.tables import existing_file
from seqgen.io.transcript_parts import five_and_three, with_stop_codons
from seqgen.schemas import DROPS

if TYPE_CHECKING:
    import polars as pl

_FIELDS = ("chrom", "source", "type", "start", "end", "score", "strand", "phase", "attributes")
_PARTS = {
    "exon": "exon", "CDS": "cds", "stop_codon": "stop_codon",
    "five_prime_UTR": "utr5", "five_prime_utr": "utr5", "5UTR": "utr5",
    "three_prime_UTR": "utr3", "three_prime_utr": "utr3", "3UTR": "utr3",
}  # fmt: skip
_TRANSCRIPT_TYPES = ("transcript", "mRNA")
# What files put before an identifier, which is no part of it.
_PREFIX = r"^(?:gene:|transcript:|gene-|rna-|CDS:|cds-)"
_BIOTYPES = ("transcript_type", "transcript_biotype", "biotype")
_SYMBOLS = ("gene_name", "Name", "gene", "gene_symbol")
_BY_TYPE = {"mRNA": "protein_coding", "lnc_RNA": "lncRNA"}
_NO_PARENT = "exon or coding part names no transcript"
_NO_STRAND = "transcript has no strand"


@dataclass(frozen=True, repr=False)
class GeneModels:
    """Transcripts and their parts; made by `read_gene_models`.

    Attributes
    ----------
    name : str
        The file.
    transcripts : DataFrame
        One row per transcript: ``transcript``, ``gene_id``, ``gene`` (symbol, or the
        identifier where there is none), ``chrom`` as in the file, ``strand``, ``biotype``,
        ``protein`` (identifier), ``mane``, ``canonical``, ``open_start`` (whether the coding
        part is said to begin before what is known of it), ``cds_length`` and ``exon_length`` in
        bases.
    parts : DataFrame
        ``row`` (of ``transcripts``), ``kind`` (exon, cds, utr5, utr3), ``start`` and ``end``
        (1-based, both included), ``phase`` (bases before the first whole codon; -1 where it is
        not coding).
    drops : DataFrame
        Table ``drops``: what of the file is no transcript here, by reason.
    """

    name: str
    transcripts: pd.DataFrame
    parts: pd.DataFrame
    drops: pd.DataFrame

    def __repr__(self) -> str:
        coding = int((self.transcripts["cds_length"] > 0).sum())
        return f"GeneModels({self.name}: {len(self.transcripts):,} transcripts, {coding:,} coding)"

    def take(self, rows: Any) -> GeneModels:
        """The transcripts ``rows`` (their numbers) alone, in that order."""
        place = pd.Series(range(len(rows)), index=rows)
        parts = self.parts[self.parts["row"].isin(place.index)]
        parts = parts.assign(row=place.reindex(parts["row"]).to_numpy())
        transcripts = self.transcripts.iloc[rows].reset_index(drop=True)
        return GeneModels(self.name, transcripts, parts.reset_index(drop=True), self.drops)


def read_gene_models(path: str | os.PathLike[str]) -> GeneModels:
    r"""Read the transcripts of a GFF3 or GTF of Ensembl, GENCODE or RefSeq, plain or gzipped.

    Stop codons that a GTF leaves out of the coding part are put back into it; untranslated
    parts that a file does not name are what the exons have beyond the coding part.

    Parameters
    ----------
    path : path

    Returns
    -------
    GeneModels

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If it is no GFF3 or GTF, or holds no transcript with exons or coding parts.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> lines = ["1\tx\tgene\t1\t9\t.\t+\t.\tID=gene:G;Name=ABC",
    ...          "1\tx\tmRNA\t1\t9\t.\t+\t.\tID=transcript:T;Parent=gene:G;biotype=protein_coding",
    ...          "1\tx\tCDS\t1\t9\t.\t+\t0\tParent=transcript:T;protein_id=P"]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "a.gff3")
    ...     _ = path.write_text("\n".join(lines))
    ...     read_gene_models(path).transcripts[["transcript", "gene", "cds_length"]].values.tolist()
    [['T', 'ABC', 9]]
    """
    path = existing_file(path)
    frame = _read(path)
    counts: list[tuple[str, str, str, int, str | None]] = []
    parts, told = (_gtf if _is_gtf(frame) else _gff)(frame, counts)
    if parts.is_empty():
        raise InputError(
            f"{path}: no exon or coding part (CDS) of a transcript in it; expected a GFF3 or GTF "
            "of gene models, such as Ensembl's, GENCODE's or RefSeq's"
        )
    return _models(path, parts, told, counts)


def _read(path: Path) -> pl.DataFrame:
    import polars as pl

    types = dict.fromkeys(_FIELDS, pl.String) | {"start": pl.Int64, "end": pl.Int64}
    try:
        frame = pl.read_csv(
            path, separator="\t", has_header=False, comment_prefix="#", quote_char=None,
            schema=types, truncate_ragged_lines=True,
        )  # fmt: skip
    except (pl.exceptions.PolarsError, OSError, UnicodeDecodeError) as error:
        text = re.split(r"\n", str(error).strip())[0]
        raise InputError(
            f"{path}: is no GFF3 or GTF ({text}); expected nine columns between tabs: {_FIELDS}"
        ) from error
    frame = frame.filter(pl.col("attributes").is_not_null())
    if frame.is_empty():
        raise InputError(f"{path}: holds no line of nine columns; expected GFF3 or GTF")
    return frame.with_row_index("line")


def _is_gtf(frame: pl.DataFrame) -> bool:
    text = frame["attributes"].head(100)
    return bool((text.str.contains(r'^\s*\w+ "').sum() or 0) * 2 > len(text))


def _key(name: str, *, gtf: bool = False) -> Any:
    """Value of an attribute, of a GFF3 or of a GTF."""
    import polars as pl

    text = pl.col("attributes")
    if not gtf:
        return text.str.extract(rf"(?:^|;)\s*{name}=([^;]+)")
    # What is quoted may hold a semicolon.
    return pl.coalesce(
        text.str.extract(rf'(?:^|;)\s*{name} "([^"]+)"'),
        text.str.extract(rf'(?:^|;)\s*{name} ([^";\s]+)'),
    )


def _first(names: tuple[str, ...], *, gtf: bool = False) -> Any:
    import polars as pl

    return pl.coalesce([_key(name, gtf=gtf) for name in names])


def _flags() -> list[Any]:
    import polars as pl

    text = pl.col("attributes")
    return [
        text.str.contains(r"(?i)\bMANE[_ ]Select\b").alias("mane"),
        text.str.contains(r"(?i)Ensembl_canonical|RefSeq[_ ]Select").alias("canonical"),
        (
            text.str.contains("cds_start_NF")
            | ((pl.col("strand") == "+") & text.str.contains(r"start_range=\.,"))
            | ((pl.col("strand") == "-") & text.str.contains(r"end_range=\d+,\."))
        ).alias("open_start"),
    ]


def _gff(frame: pl.DataFrame, counts: list) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Parts with the identifier of their transcript, and what is told of each transcript."""
    import polars as pl

    is_part = pl.col("type").is_in(list(_PARTS))
    parts = frame.filter(is_part).with_columns(
        _key("Parent").str.split(",").alias("id"), _key("protein_id").alias("protein")
    )
    orphans = parts.filter(pl.col("id").is_null())
    if len(orphans):
        counts.append(("read gene models", _NO_PARENT, "dropped", len(orphans), _shown(orphans)))
    parts = parts.filter(pl.col("id").is_not_null()).explode("id")
    others = frame.filter(~is_part).with_columns(_key("ID").alias("id"))
    others = others.filter(pl.col("id").is_not_null())
    lines = others.join(parts.select("id").unique(), on="id", how="semi")
    lines = lines.unique("id", keep="first", maintain_order=True)
    lines = lines.with_columns(_key("Parent").str.extract(r"^([^,]+)").alias("gene_line"))
    genes = others.unique("id", keep="first").select(
        pl.col("id").alias("gene_line"), _first(_SYMBOLS).alias("gene_symbol")
    )  # fmt: skip
    # A coding part may hang on the gene itself, as those of mitochondria do.
    lines = lines.with_columns(pl.coalesce("gene_line", "id").alias("gene_line"))
    lines = lines.join(genes, on="gene_line", how="left", maintain_order="left")
    biotype = pl.coalesce(
        _first(_BIOTYPES),
        pl.col("type").replace_strict(_BY_TYPE, default=None),
    )  # fmt: skip
    told = lines.select(
        "id", pl.col("gene_line").alias("gene_id"), pl.col("gene_symbol").alias("gene"),
        biotype.alias("biotype"), *_flags(),
    )  # fmt: skip
    return parts, told


def _gtf(frame: pl.DataFrame, counts: list) -> tuple[pl.DataFrame, pl.DataFrame]:
    import polars as pl

    identified = frame.filter(
        pl.col("type").is_in([*_PARTS, *_TRANSCRIPT_TYPES]) & (pl.col("type") != "UTR")
    ).with_columns(
        _key("transcript_id", gtf=True).alias("id"), _key("gene_id", gtf=True).alias("gene_id"),
        _key("protein_id", gtf=True).alias("protein"),
    )  # fmt: skip
    orphans = identified.filter(pl.col("id").is_null())
    if len(orphans):
        counts.append(("read gene models", _NO_PARENT, "dropped", len(orphans), _shown(orphans)))
    identified = identified.filter(pl.col("id").is_not_null())
    is_part = pl.col("type").is_in(list(_PARTS))
    # The line of the transcript tells all; a file without such lines tells it at each exon.
    lines = identified.sort(is_part, maintain_order=True).unique(
        "id", keep="first", maintain_order=True
    )
    told = lines.select(
        "id", pl.coalesce("gene_id", "id").alias("gene_id"),
        _first(_SYMBOLS, gtf=True).alias("gene"), _first(_BIOTYPES, gtf=True).alias("biotype"),
        *_flags(),
    )  # fmt: skip
    return identified.filter(is_part), told


def _shown(frame: pl.DataFrame) -> str:
    row = frame.row(0, named=True)
    return f"{row['type']} {row['chrom']}:{row['start']}-{row['end']}"


def _models(path: Path, parts: pl.DataFrame, told: pl.DataFrame, counts: list) -> GeneModels:
    import polars as pl

    bare = pl.col("strand").is_in(["+", "-"])
    strandless = parts.filter(~bare)
    if len(strandless):
        shown = strandless["id"][0]
        count = strandless["id"].n_unique()
        counts.append(("read gene models", _NO_STRAND, "dropped", count, shown))
    parts = parts.filter(bare).with_columns(
        pl.col("type").replace_strict(_PARTS).alias("kind"),
        pl.col("phase").cast(pl.Int64, strict=False).fill_null(-1),
    )
    # One identifier on two chromosomes (X and Y of RefSeq and of GENCODE) is two transcripts.
    key = ["id", "chrom", "strand"]
    held = parts.group_by(key, maintain_order=True).agg(pl.col("protein").drop_nulls().first())
    held = held.with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
    parts = parts.join(held.select("row", *key), on=key, how="left", maintain_order="left")
    tidy = parts.select("row", "strand", "kind", "start", "end", "phase")
    tidy = five_and_three(with_stop_codons(tidy))
    table = held.join(told, on="id", how="left", maintain_order="left")
    width = pl.col("end") - pl.col("start") + 1
    for kind in ("cds", "exon"):
        sums = tidy.filter(pl.col("kind") == kind).group_by("row").agg(
            width.sum().alias(f"{kind}_length")
        )  # fmt: skip
        table = table.join(sums, on="row", how="left", maintain_order="left")
    table = table.with_columns(
        pl.col("cds_length", "exon_length").fill_null(0),
        pl.col("mane", "canonical", "open_start").fill_null(value=False),
        pl.coalesce("gene_id", "id").alias("gene_id"),
    ).with_columns(
        *(
            pl.col(name).str.replace(_PREFIX, "").alias(name) for name in ("id", "gene_id")
        ),
        pl.when(pl.col("cds_length") > 0).then(pl.lit("protein_coding")).otherwise(
            pl.lit("lncRNA")).alias("default"),
    ).with_columns(
        pl.coalesce("gene", "gene_id").alias("gene"),
        pl.coalesce("biotype", "default").alias("biotype"),
    )  # fmt: skip
    names = ["id", "gene_id", "gene", "chrom", "strand", "biotype", "protein", "mane", "canonical",
             "open_start", "cds_length", "exon_length"]  # fmt: skip
    drops = pd.DataFrame(counts, columns=DROPS.names)
    return GeneModels(
        str(path),
        _pandas(table.sort("row").select(names).rename({"id": "transcript"})),
        _pandas(tidy.select("row", "kind", "start", "end", "phase")),
        DROPS.validate(drops) if counts else DROPS.empty(),
    )


def _pandas(frame: pl.DataFrame) -> pd.DataFrame:
    text = {name: "str" for name, kind in frame.schema.items() if kind == "String"}
    return frame.to_pandas().astype(text)
