"""How a table of traits is written: PLINK's columns, a BED of genes, or names in the first column.

What is read is decided by the first lines alone; the values are read once it is known which.
"""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import pandas as pd

from seqgen.errors import InputError
from seqgen.io.columns import normalise
from seqgen.io.delimited import MISSING, TextLayout, read_columns, sniff
from seqgen.io.tables import existing_file, read_table

_ID_WORDS = frozenset(
    (
        *("ID", "IID", "FID", "EID", "NAME", "SAMPLE", "SAMPLES", "SAMPLEID", "SAMPLENAME"),
        *("PERSON", "PERSONID", "PEOPLE", "INDIVIDUAL", "INDIVIDUALID", "SUBJECT", "SUBJECTID"),
        *("DONOR", "DONORID", "GENE", "GENEID", "TRAIT", "TRAITID", "PHENOTYPE", "PHENOTYPEID"),
        *("COVARIATE", "COVARIATES"),
    )
)
_PLACES = (("CHR", "CHROM", "CHROMOSOME"), ("START",), ("END",))
_FAM = ("FID", "IID", "PAT", "MAT", "SEX", "PHENO")
_BESIDE = ("PAT", "MAT", "SID")
_WHITESPACE = r"\s+"


@dataclass(frozen=True)
class TraitFile:
    """A table of traits, not read yet.

    Attributes
    ----------
    path : Path
    kind : {"plink", "bed", "named"}
        FID and IID, or IID, in front; chromosome, start, end and gene in front; one column of
        names in front.
    header : tuple of str
        Names of all columns.
    ids : tuple of int
        Columns of FID and IID, of IID, or of names; of a BED the four in front.
    values : tuple of int
        Columns of traits, or of people.
    text : TextLayout or None
    frame : DataFrame or None
        One of both: how the text is written, or the table out of a Parquet file.
    headed : bool
        False where a text table was read as having no line of names.
    """

    path: Path
    kind: str
    header: tuple[str, ...]
    ids: tuple[int, ...]
    values: tuple[int, ...]
    text: TextLayout | None = field(default=None, repr=False)
    frame: pd.DataFrame | None = field(default=None, repr=False)
    headed: bool = True

    def labels(self) -> pd.Index:
        """Names of the columns of values, each of them once.

        Raises
        ------
        InputError
            If one is empty or comes twice.
        """
        labels = pd.Index([self.header[place] for place in self.values], dtype="str")
        bad = labels.duplicated() | (labels == "")
        if bad.any():
            raise InputError(
                f"{self.path}: column {labels[bad][0]!r} comes twice or has no name "
                f"({int(bad.sum()):,} such columns); name each column once"
            )
        return labels

    def read(self, columns: Sequence[int], text: Sequence[int] = ()) -> pd.DataFrame:
        """Columns by number; those of ``text`` as text, others as numbers where they are some."""
        wanted = [*text, *columns]
        if self.frame is None:
            assert self.text is not None
            return read_columns(self.text, wanted, text=text)
        out = self.frame.iloc[:, wanted].copy()
        out.columns = pd.Index(wanted)
        return out.astype(dict.fromkeys(text, "str"))

    def place(self, row: int) -> str:
        """File and line of a row of values, numbered from 0, for messages."""
        if self.text is None:
            return f"{self.path} row {row + 1}"
        opened = gzip.open if self.text.packed else open
        # Lines are counted anew, for blank ones are no rows.
        with opened(self.path, "rt", encoding="utf-8", errors="replace") as handle:
            behind = islice(enumerate(handle, start=1), self.text.header_line, None)
            full = (number for number, line in behind if line.strip(" \r\n"))
            return f"{self.path} line {next(islice(full, row, None))}"


def open_traits(
    path: str | os.PathLike[str], *, people: pd.Index | None, header: bool | None
) -> TraitFile:
    """Look at the first lines of a table of traits.

    Parameters
    ----------
    path : path
    people : Index of str, optional
        Names to expect.
    header : bool, optional
        Whether the first line holds names; told from the line by default.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If it is empty, packed in a way that is not read, or has neither header nor PLINK's ids.
    """
    path = existing_file(path)
    if path.name.lower().endswith(".parquet"):
        frame = _with_index(read_table(path))
        names = tuple(str(name) for name in frame.columns)
        return _recognised(TraitFile(path, "named", names, (), (), frame=frame))
    sniffed, fam = sniff(path), path.name.lower().endswith(".fam")
    layout = _settled(sniffed, fam=fam, header=header, people=people)
    headed = fam or layout.header_line == sniffed.header_line
    found = TraitFile(path, "named", layout.header, (), (), text=layout, headed=headed)
    found = _recognised(found)
    if header is None and found.kind == "named":
        _refuse_data_as_header(found, people)
    return found


def _with_index(frame: pd.DataFrame) -> pd.DataFrame:
    """The table with its index as a column: the first, or the fourth behind places of genes."""
    if isinstance(frame.index, pd.RangeIndex) and frame.index.name is None:
        return frame
    behind = 3 if _has_places([str(name) for name in frame.columns]) else 0
    named = frame.index.name or "id"
    out = frame.reset_index(drop=True)
    out.insert(behind, named, frame.index.to_numpy())
    return out


def _settled(
    layout: TextLayout, *, fam: bool, header: bool | None, people: pd.Index | None
) -> TextLayout:
    """The layout with names of its columns and the separator that its lines use."""
    first, second = _two_lines(layout)
    if header is None:
        header = not fam and not _headless(layout.header, people)
    if not header:
        names = _FAM if fam else _numbered(len(layout.header))
        if len(layout.header) != len(names):
            raise InputError(
                f"{layout.path} line {layout.header_line}: has {len(layout.header)} fields; "
                f"expected {len(names)}: {' '.join(names)}"
            )
        return replace(layout, header=names, header_line=layout.header_line - 1)
    if not second.strip():
        raise InputError(f"{layout.path}: holds a header and no line of values; is it whole?")
    blank = layout.separator == _WHITESPACE
    fields = second.split() if blank else second.split(layout.separator)
    if len(fields) == len(layout.header):
        return layout
    if len(first.split()) == len(second.split()) == len(layout.header):
        return replace(layout, separator=_WHITESPACE)  # tabs in the header, blanks below
    if len(fields) == len(layout.header) + 1 and fields[-1]:
        return replace(layout, header=("", *layout.header))  # as R writes the names of rows
    return layout


def _two_lines(layout: TextLayout) -> tuple[str, str]:
    """The first line and the one behind it."""
    opened = gzip.open if layout.packed else open
    try:
        with opened(layout.path, "rt", encoding="utf-8", errors="replace") as handle:
            lines = [handle.readline() for _ in range(layout.header_line + 1)]
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(
            f"{layout.path}: the gzip data is damaged or cut short ({error}); fetch it again"
        ) from error
    return lines[-2].rstrip("\r\n"), lines[-1].rstrip("\r\n")


def _numbered(width: int) -> tuple[str, ...]:
    return ("FID", "IID", *(f"trait_{k}" for k in range(1, width - 1)))


def _number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return text in MISSING
    return True


def _headless(fields: Sequence[str], people: pd.Index | None) -> bool:
    """PLINK's ids and numbers: a first line that is no header."""
    if len(fields) < 3 or fields[0].startswith("#") or not fields[0]:
        return False
    if normalise(fields[0]) in _ID_WORDS or not all(map(_number, fields[2:])):
        return False
    return people is None or not people.isin(fields[2:]).any()


def _refuse_data_as_header(found: TraitFile, people: pd.Index | None) -> None:
    labels = [found.header[place] for place in found.values]
    known = people is not None and people.isin(labels).any()
    if labels and all(map(_number, labels)) and not known:
        raise InputError(
            f"{found.path} line 1: holds {' '.join(found.header)[:80]!r}, numbers behind the first "
            "field; if they are names of columns say header=True, else add a line of names, such "
            "as IID and the trait's name"
        )


def _has_places(header: Sequence[str]) -> bool:
    names = [normalise(name) for name in header[:3]]
    return len(names) == 3 and all(
        name in known for name, known in zip(names, _PLACES, strict=True)
    )


def _recognised(found: TraitFile) -> TraitFile:
    """Say which columns are ids and which are values."""
    width = len(found.header)
    names = [normalise(name) for name in found.header]
    if width < 2:
        raise InputError(
            f"{found.path}: has one column, {found.header[0][:60]!r}; expected ids and at least "
            "one column of values, separated by tabs, commas or blanks"
        )
    if _has_places(found.header) and width > 4:
        return replace(found, kind="bed", ids=(0, 1, 2, 3), values=tuple(range(4, width)))
    if names[:2] == ["FID", "IID"] or names[0] == "IID":
        ids = (0, 1) if names[0] == "FID" else (0,)
        values = [place for place in range(len(ids), width) if names[place] not in _BESIDE]
        if not values:
            raise InputError(
                f"{found.path}: has no column beside {', '.join(found.header)}; expected at least "
                "one trait"
            )
        return replace(found, kind="plink", ids=ids, values=tuple(values))
    return replace(found, ids=(0,), values=tuple(range(1, width)))
