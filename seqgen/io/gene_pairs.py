"""Lists of gene pairs: plain ones, STRING's and BioGRID's."""

from __future__ import annotations

import csv
import gzip
import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.io.columns import normalise
from seqgen.io.delimited import MISSING, TextLayout, sniff
from seqgen.io.tally import Tally, drops_text
from seqgen.schemas import Counted
from seqgen.schemas.evidence import GENE_PAIRS

STAGE = "read gene pairs"
_SIDES = ["gene_1", "gene_2"]
HUMAN = 9606

Names = Mapping[str, str] | pd.DataFrame | str | os.PathLike[str]

#: Columns that name the two genes, as `normalise` writes them.
_PAIRS = (
    ("GENE1", "GENE2"),
    ("GENEA", "GENEB"),
    ("SYMBOL1", "SYMBOL2"),
    ("SYMBOLA", "SYMBOLB"),
    ("PREFERREDNAMEA", "PREFERREDNAMEB"),
    ("OFFICIALSYMBOLINTERACTORA", "OFFICIALSYMBOLINTERACTORB"),
    ("NODE1", "NODE2"),
    ("PROTEIN1", "PROTEIN2"),
)
_SCORES = ("SCORE", "COMBINEDSCORE", "WEIGHT")
_TAXA = (
    ("ORGANISMIDINTERACTORA", "ORGANISMIDINTERACTORB"),
    ("ORGANISMINTERACTORA", "ORGANISMINTERACTORB"),
    ("NCBITAXONID",),
)
# Scores of BioGRID's many kinds of experiments have no scale in common.
_NO_SCALE = "OFFICIALSYMBOLINTERACTORA"
_STRING_ID = r"\d+\.ENS[A-Z]*P\d+"
_SEPARATORS = ("\t", ",", ";")
# Elsewhere free text holds quotes that are never closed, such as STRING's and BioGRID's.
_QUOTED = (",", ";")
_BLOCK = 1 << 24
_INFO_COLUMNS = ("STRINGPROTEINID", "PREFERREDNAME")


class _Columns(NamedTuple):
    """0-based columns of the file."""

    genes: tuple[int, int]
    score: int | None
    taxa: tuple[int, ...]


def read_gene_pairs(
    path: str | os.PathLike[str],
    *,
    columns: Sequence[str] | None = None,
    score: str | None = None,
    min_score: float | None = None,
    names: Names | None = None,
    taxon: int | None = HUMAN,
) -> Counted:
    r"""Read a list of gene pairs; a pair in both orders, or twice, is one of the larger score.

    Text with a line of column names, separated by tabs, commas, semicolons or blanks, plain or
    gzipped. Recognised are

    - ``gene_1``, ``gene_2`` and perhaps ``score``;
    - STRING's tables of gene names (``preferredName_A``, ``preferredName_B``, ``score``; or
      ``node1``, ``node2``, ``combined_score``);
    - STRING's files of links (``protein1``, ``protein2``, ``combined_score``), whose proteins
      are identifiers such as 9606.ENSP00000000233: give ``names``;
    - BioGRID's tab3 (``Official Symbol Interactor A`` and ``B``). Its scores of different
      experiments have no scale in common and are read only if ``score="Score"``.

    Parameters
    ----------
    path : path
    columns : sequence of two str, optional
        Names of the columns of the two genes, where they are others.
    score : str, optional
        Name of the column of scores. Pairs without one are then left out.
    min_score : float, optional
        Least score, on the scale of the file (STRING's links: 0 to 1000; its tables: 0 to 1).
    names : path, DataFrame or mapping, optional
        Gene of each identifier: STRING's file ``protein.info`` of the same version, a table with
        its columns ``string_protein_id`` and ``preferred_name``, or a mapping.
    taxon : int or None
        Where the file tells the organism, keep pairs of this one (NCBI's number) only; None
        keeps all.

    Returns
    -------
    Counted
        ``table``: `seqgen.schemas.evidence.GENE_PAIRS`, in the order of the file, without
        ``score`` where there is none; ``drops``: rows left out, by reason.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If the columns are not found, a line has more or fewer fields than the header, a score is
        no number, genes are identifiers of STRING without ``names``, or no pair is left.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "pairs.tsv"
    >>> _ = path.write_text("gene_1\tgene_2\tscore\nAKT2\tBAD\t0.7\nBAD\tAKT2\t0.9\n")
    >>> read_gene_pairs(path).table.values.tolist()
    [['AKT2', 'BAD', 0.9]]
    """
    layout = sniff(path)
    found = _recognise(layout, columns, score)
    if min_score is not None and found.score is None:
        raise InputError(
            f"{layout.path}: min_score={min_score:g}, but no column of scores; found "
            f"{', '.join(layout.header)}; name it with score="
        )
    tally = Tally(STAGE)
    frame = _read(layout, found)
    if frame.empty:
        raise InputError(f"{layout.path}: holds a line of column names and no pairs")
    frame = _of_taxon(frame, taxon, tally)
    frame = _named(frame, layout, names, tally)
    frame = _scored(frame, layout, min_score, tally)
    table = _once(frame, tally)
    if table.empty:
        told = drops_text(tally.to_frame())
        raise InputError(f"{layout.path}: no pair of genes is left" + (told and f"\n{told}"))
    return Counted(GENE_PAIRS.validate(table), tally.to_frame())


# --- columns ------------------------------------------------------------------------------------


def _recognise(layout: TextLayout, columns: Sequence[str] | None, score: str | None) -> _Columns:
    header = [normalise(name) for name in layout.header]
    if columns is not None:
        if isinstance(columns, str) or len(columns) != 2:
            raise InputError(f"columns is {columns!r}; expected the names of two columns")
        genes = (_place(layout, columns[0], "columns"), _place(layout, columns[1], "columns"))
        if genes[0] == genes[1]:
            raise InputError(f"columns: {columns[0]!r} is named twice; expected two columns")
    else:
        pair = next((pair for pair in _PAIRS if set(pair) <= set(header)), None)
        if pair is None:
            raise InputError(
                f"{layout.path} line {layout.header_line}: no columns of two genes; found "
                f"{', '.join(layout.header)}; expected gene_1 and gene_2, those of STRING or "
                "BioGRID, or name them with columns=. A list without a line of column names "
                "needs one put before it"
            )
        genes = (header.index(pair[0]), header.index(pair[1]))
    return _Columns(genes, _score_column(layout, header, score), _taxon_columns(header))


def _score_column(layout: TextLayout, header: list[str], score: str | None) -> int | None:
    if score is not None:
        return _place(layout, score, "score")
    if _NO_SCALE in header:
        return None
    return next((header.index(name) for name in _SCORES if name in header), None)


def _taxon_columns(header: list[str]) -> tuple[int, ...]:
    told = next((names for names in _TAXA if set(names) <= set(header)), ())
    return tuple(header.index(name) for name in told)


def _place(layout: TextLayout, name: str, argument: str) -> int:
    if name not in layout.header:
        raise InputError(
            f"{argument}: {layout.path} has no column {name!r}; found {', '.join(layout.header)}"
        )
    return layout.header.index(name)


# --- lines ----------------------------------------------------------------------------------------


def _read(layout: TextLayout, found: _Columns) -> pd.DataFrame:
    """Columns ``gene_1``, ``gene_2`` and, where found, ``score`` and ``taxon_k``.

    All are categories, and ``line`` is the 1-based line of the file.
    """
    wanted = {"gene_1": found.genes[0], "gene_2": found.genes[1]}
    if found.score is not None:
        wanted["score"] = found.score
    wanted |= {f"taxon_{k}": place for k, place in enumerate(found.taxa)}
    text = _text_columns(layout, sorted(set(wanted.values())))
    frame = pd.DataFrame({name: text[place] for name, place in wanted.items()})
    frame["line"] = np.arange(len(frame)) + layout.header_line + 1
    blank = frame.drop(columns="line").isna().all(axis=1)
    return frame[~blank] if blank.any() else frame


def _text_columns(layout: TextLayout, places: list[int]) -> pd.DataFrame:
    """The columns at ``places`` as categories, one row per line after the header, blank or not.

    Categories, for a list holds each gene and each score a thousand times.
    """
    quoted = layout.separator in _QUOTED
    try:
        _require_fields(layout)
        with _opened(layout) as handle:
            frame = pd.read_csv(
                handle,
                sep=layout.separator,
                header=None,
                names=range(len(layout.header)),
                usecols=places,
                # Not category, whose values become numbers where all of a column look like some.
                dtype="str",
                index_col=False,
                na_values=list(MISSING),
                keep_default_na=False,
                low_memory=False,
                skip_blank_lines=False,
                quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE,
                encoding="utf-8",
                encoding_errors="replace",
            )
    except (pd.errors.ParserError, OSError, EOFError, zlib.error) as error:
        raise InputError(
            f"{layout.path}: cannot be read as a text table ({str(error).strip()}); is it whole, "
            "and is it text?"
        ) from error
    frame = frame.astype("category")
    told = {place: frame[place].cat.categories.astype("str") for place in places}
    bare = told if quoted else {place: text.str.strip('"') for place, text in told.items()}
    return pd.DataFrame({place: _recoded(frame[place], bare[place]) for place in places})


def _recoded(column: pd.Series, values: pd.Index) -> pd.Series:
    """A column of categories with another value for each, missing where that is missing."""
    code, distinct = pd.factorize(values)
    codes = np.append(code, -1)[column.cat.codes]
    return pd.Series(pd.Categorical.from_codes(codes, distinct), index=column.index)


def _require_fields(layout: TextLayout) -> None:
    """Require as many fields on every line as the header has; pandas would fill up or cut off."""
    line = layout.header_line
    with _opened(layout) as handle:
        while block := handle.read(_BLOCK):
            text = block + handle.readline()
            ends, fields = _fields(text if text.endswith(b"\n") else text + b"\n", layout)
            wrong = np.flatnonzero(fields != len(layout.header))
            starts = np.append(0, ends + 1)
            # Few: blank lines, and the first that is none ends the reading.
            for at in wrong:
                found = text[starts[at] : ends[at]].decode("utf-8", errors="replace")
                if found.strip():
                    raise InputError(
                        f"{layout.path} line {line + at + 1}: has {fields[at]} fields, the header "
                        f"has {len(layout.header)}; correct the line ({found[:80]!r}), or fetch "
                        "the file again if it is cut short"
                    )
            line += len(ends)


def _fields(text: bytes, layout: TextLayout) -> tuple[np.ndarray, np.ndarray]:
    """Where each line ends, and how many fields it has."""
    letters = np.frombuffer(text, dtype=np.uint8)
    ends = np.flatnonzero(letters == ord("\n"))
    if layout.separator not in _SEPARATORS:
        blank = (letters == ord(" ")) | ((letters >= 9) & (letters <= 13))
        marks = np.flatnonzero(~blank & np.append(True, blank[:-1]))
        return ends, np.diff(np.searchsorted(marks, ends), prepend=0)
    mark = letters == ord(layout.separator)
    if layout.separator in _QUOTED and b'"' in text:
        mark &= np.cumsum(letters == ord('"')) % 2 == 0
    return ends, np.diff(np.searchsorted(np.flatnonzero(mark), ends), prepend=0) + 1


@contextmanager
def _opened(layout: TextLayout) -> Iterator[BinaryIO]:
    """The file after its header, unpacked."""
    with open(layout.path, "rb") as plain, ExitStack() as stack:
        handle: Any = stack.enter_context(gzip.open(plain)) if layout.packed else plain
        for _ in range(layout.header_line):
            handle.readline()
        yield handle


def _of_taxon(frame: pd.DataFrame, taxon: int | None, tally: Tally) -> pd.DataFrame:
    told = [name for name in frame if str(name).startswith("taxon_")]
    if taxon is not None and told:
        other = ~np.logical_and.reduce([frame[name].isin([str(taxon)]) for name in told])
        frame = tally.drop(frame, other, f"of another organism than taxon {taxon}")
    return frame.drop(columns=told)


def _named(
    frame: pd.DataFrame, layout: TextLayout, names: Names | None, tally: Tally
) -> pd.DataFrame:
    """Genes instead of identifiers; rows without are counted."""
    frame = tally.drop(frame, frame[_SIDES].isna().any(axis=1), "lacks the name of a gene")
    if names is not None:
        gene_of = _gene_of(names)
        told = {
            side: _recoded(frame[side], pd.Index(gene_of.reindex(frame[side].cat.categories)))
            for side in _SIDES
        }
        named = frame.assign(**told)
        unknown = named[_SIDES].isna().any(axis=1).to_numpy()
        tally.drop(frame, unknown, "an identifier that names gives no gene for")
        return named[~unknown]
    for side in _SIDES:
        known = frame[side].cat.categories
        is_id = frame[side].isin(known[known.str.fullmatch(_STRING_ID)]).to_numpy()
        if is_id.any():
            row = frame.iloc[int(is_id.argmax())]
            raise InputError(
                f"{layout.path} line {row['line']}: {row[side]!r} is an identifier of STRING, "
                "which cannot be matched to genes; give names=, STRING's file of the same version "
                "that is called protein.info (columns string_protein_id, preferred_name)"
            )
    return frame


def _gene_of(names: Names) -> pd.Series:
    """Gene by identifier."""
    if isinstance(names, Mapping):
        return pd.Series(dict(names), dtype="str")
    if isinstance(names, pd.DataFrame):
        label, header, frame = "names", list(map(str, names.columns)), names
    else:
        layout = sniff(names)
        label, header, frame = str(layout.path), list(layout.header), None
    place = {normalise(name): k for k, name in enumerate(header)}
    if not set(_INFO_COLUMNS) <= set(place):
        raise InputError(
            f"{label}: columns {', '.join(header) or 'none'}; expected string_protein_id and "
            "preferred_name, as STRING's file protein.info has them"
        )
    wanted = [place[name] for name in _INFO_COLUMNS]
    if frame is None:
        frame = _text_columns(layout, sorted(wanted))[wanted]
    else:
        frame = frame.iloc[:, wanted]
    told = frame.astype("str").dropna().drop_duplicates(subset=frame.columns[0])
    return told.set_index(told.columns[0])[told.columns[1]]


def _scored(
    frame: pd.DataFrame, layout: TextLayout, min_score: float | None, tally: Tally
) -> pd.DataFrame:
    """Scores as numbers, at least ``min_score``."""
    if "score" not in frame:
        return frame
    frame = tally.drop(frame, frame["score"].isna(), "lacks a score")
    told = pd.to_numeric(pd.Series(frame["score"].cat.categories, dtype="str"), errors="coerce")
    number = told.to_numpy(np.float64, na_value=np.nan)[frame["score"].cat.codes]
    bad = ~np.isfinite(number)
    if bad.any():
        row = frame.iloc[int(bad.argmax())]
        raise InputError(
            f"{layout.path} line {row['line']}: score {row['score']!r} is no number; correct it, "
            "or name another column with score="
        )
    frame = frame.assign(score=number)
    if min_score is None:
        return frame
    return tally.drop(frame, number < min_score, f"score below {min_score:g}")


def _once(frame: pd.DataFrame, tally: Tally) -> pd.DataFrame:
    """Each pair of different genes once, where it first was, with its largest score."""
    sides = [frame[side].cat for side in _SIDES]
    code, genes = pd.factorize(np.concatenate([side.categories.astype(object) for side in sides]))
    start = len(sides[0].categories)
    first, second = code[:start][sides[0].codes], code[start:][sides[1].codes]
    self_pair = first == second
    frame = tally.drop(frame, self_pair, "a gene with itself").reset_index(drop=True)
    first, second = first[~self_pair], second[~self_pair]
    key = np.minimum(first, second) * len(genes) + np.maximum(first, second)
    again = pd.Series(key).duplicated().to_numpy()
    if again.any() and "score" in frame:
        frame["score"] = frame["score"].groupby(key).transform("max")
    frame = tally.drop(frame, again, "a pair that came before, in either order")
    frame = frame.drop(columns="line").reset_index(drop=True)
    return frame.astype(dict.fromkeys(_SIDES, "str"))
