"""Text tables of unknown make: compression, separator, preamble, header, ragged lines."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import re
import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.io.tables import existing_file, opened_zstd

MISSING = (
    "",
    ".",
    "-",
    "NA",
    "N/A",
    "NaN",
    "nan",
    "na",
    "-nan",
    "NULL",
    "Null",
    "null",
    "None",
    "none",
    "#NA",
    "#N/A",
    "<NA>",
)
"""What stands for a missing value."""

_REFUSED = {b"PK\x03\x04": "zip", b"PAR1": "Parquet"}
_PACKED = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
}
PACKINGS = tuple(_PACKED.values())
"""How text may be packed."""

DAMAGE = (EOFError, zlib.error, gzip.BadGzipFile, lzma.LZMAError, OSError)
"""What readers of packed files raise where a file is cut short or damaged."""
_WHITESPACE = r"\s+"


@dataclass(frozen=True)
class TextLayout:
    r"""How a text table is written.

    Attributes
    ----------
    path : Path
    header : tuple of str
        Column names.
    separator : str
        One character, or ``\s+`` for runs of blanks.
    header_line : int
        1-based line of the header.
    packed : str
        How the file is packed: gzip, bzip2, xz, zstd; empty where it is not.
    """

    path: Path
    header: tuple[str, ...]
    separator: str
    header_line: int
    packed: str


def sniff(path: str | os.PathLike[str], *, packings: Collection[str] = ("gzip",)) -> TextLayout:
    """Find header and separator of a text table; comment lines before it are skipped.

    Lines that begin ``##`` are comments, and lines that begin ``#`` where the line below has
    another number of fields.

    Parameters
    ----------
    path : path
    packings : collection of str
        Those of `PACKINGS` that the caller reads.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If the file is empty, binary, or packed in a way that is not read.
    """
    path = existing_file(path)
    with open(path, "rb") as handle:
        start = handle.read(6)
    for magic, kind in _REFUSED.items():
        if start.startswith(magic):
            raise InputError(f"{path}: is a {kind} file; expected text, plain or gzipped")
    packed = next((kind for magic, kind in _PACKED.items() if start.startswith(magic)), "")
    if packed and packed not in packings:
        raise InputError(f"{path}: is a {packed} file; expected text, plain or gzipped")
    text, number = _header_line(path, packed)
    separator = _separator(text)
    fields = text.split() if separator == _WHITESPACE else text.split(separator)
    header = tuple(field.strip().strip('"').strip("'") for field in fields)
    return TextLayout(path, header, separator, number, packed)


def read_columns(
    layout: TextLayout,
    wanted: Sequence[int],
    categories: Sequence[int] = (),
    *,
    text: Sequence[int] = (),
    rows: int | None = None,
) -> pd.DataFrame:
    """Read some columns of a text table.

    Parameters
    ----------
    layout : TextLayout
        From `sniff`.
    wanted : sequence of int
        0-based columns; the frame's columns are these numbers.
    categories : sequence of int
        Those of them to hold as categories: few values, many rows.
    text : sequence of int
        Those of them to leave as text.
    rows : int, optional
        Read no more rows than this.

    Returns
    -------
    DataFrame
        Other columns are numbers where every value is one, else text.

    Raises
    ------
    InputError
        If a line has too few or too many fields, or the file is damaged.
    """
    kinds = dict.fromkeys(categories, "category") | dict.fromkeys(text, "str")
    with opened(layout.path, layout.packed) as handle:
        for _ in range(layout.header_line):
            handle.readline()
        return parse_columns(handle, layout, wanted, kinds=kinds, rows=rows)


def parse_columns(
    handle: BinaryIO,
    layout: TextLayout,
    wanted: Sequence[int],
    *,
    kinds: Mapping[int, str],
    rows: int | None = None,
    line: int | None = None,
) -> pd.DataFrame:
    """Read some columns from an open file that stands below the header.

    ``kinds`` are the dtypes of some columns, ``line`` the number of the line above the first;
    else as `read_columns`.
    """
    counted = _FieldCounter(handle, layout, line)
    try:
        return pd.read_csv(
            io.BufferedReader(counted, 1 << 20),
            sep=layout.separator,
            header=None,
            names=list(range(len(layout.header))),
            usecols=sorted(set(wanted)),
            dtype=dict(kinds),
            index_col=False,
            na_values=list(MISSING),
            keep_default_na=False,
            low_memory=False,
            nrows=rows,
            encoding="utf-8",
            encoding_errors="replace",
        )
    except pd.errors.EmptyDataError as error:
        raise InputError(
            f"{layout.path}: holds a header and no rows; expected one line per row below it"
        ) from error
    except (ValueError, *DAMAGE) as error:
        if counted.error is not None:
            raise counted.error from None
        raise InputError(
            f"{layout.path}: cannot be read as a text table ({str(error).strip()}); is it "
            f"whole, and is it text?"
        ) from error


def preamble(layout: TextLayout) -> list[str]:
    """The comment lines before the header."""
    with opened(layout.path, layout.packed) as handle:
        lines = [handle.readline() for _ in range(layout.header_line - 1)]
    return [line.decode("utf-8-sig", errors="replace").strip() for line in lines]


def opened(path: Path, packed: str) -> BinaryIO:
    """A file, unpacked as it is read."""
    if packed == "zstd":
        return opened_zstd(path)
    openers = {"gzip": gzip.open, "bzip2": bz2.open, "xz": lzma.open}
    return openers.get(packed, open)(path, "rb")  # type: ignore[operator]


def _header_line(path: Path, packed: str) -> tuple[str, int]:
    """The first line that is neither blank nor preamble, and its 1-based number."""
    held: tuple[str, int] | None = None
    try:
        with opened(path, packed) as handle:
            for number, line in enumerate(handle, start=1):
                if b"\0" in line:
                    raise _no_text(path, line, number)
                text = line.decode("utf-8-sig", errors="replace").strip("\r\n")
                if "\r" in text:
                    raise InputError(
                        f"{path} line {number}: lines end in CR alone, as old Macintosh and some "
                        f"spreadsheets write them; turn them into line feeds, as with "
                        f"tr '\\r' '\\n'"
                    )
                if not text.strip() or text.startswith("##"):
                    continue
                if text.startswith("#"):
                    held = (text, number)
                    continue
                return (text, number) if not held or _is_header(text, held[0]) else held
    except DAMAGE as error:
        if not packed:
            raise
        raise damaged(path, error, packed) from error
    if held:
        return held
    raise InputError(f"{path}: is empty; expected a line of column names and lines of values")


def _no_text(path: Path, line: bytes, number: int) -> InputError:
    """The error for what is binary: an archive, or text in another encoding."""
    if b"ustar" in line:
        return InputError(f"{path}: is a tar archive; unpack it, and give the file that is in it")
    return InputError(
        f"{path} line {number}: holds zero bytes, so it is binary or UTF-16; expected UTF-8 text, "
        f"plain or gzipped (from UTF-16: iconv -f UTF-16 -t UTF-8)"
    )


def _separator(text: str) -> str:
    """What stands between the names; bars only where there is nothing else."""
    marks = "\t,;" if any(letter.isspace() for letter in text.strip()) else "\t,;|"
    return next((mark for mark in marks if mark in text), _WHITESPACE)


def _is_header(text: str, comment: str) -> bool:
    """Whether a line is the header, the one above it that begins ``#`` being a comment."""
    fields, above = _split(text), _split(comment)
    words = not any(re.fullmatch(r"[-+.\d]+(e[-+]?\d+)?", field, re.I) for field in fields)
    return words and len(fields) != len(above)


def _split(text: str) -> list[str]:
    return text.split(next((mark for mark in "\t,;" if mark in text), None))


def damaged(path: Path, error: Exception, packed: str) -> InputError:
    """The error for a packed file that cannot be unpacked."""
    return InputError(
        f"{path}: the {packed} data is damaged or cut short ({error}); fetch the file again"
    )


class _FieldCounter(io.RawIOBase):
    """Hands bytes on and counts the fields of every line while they pass.

    The C parser of pandas fills short lines up and cuts long ones off without a word.
    """

    def __init__(self, handle: BinaryIO, layout: TextLayout, line: int | None = None) -> None:
        self.error: InputError | None = None
        self._handle = handle
        self._layout = layout
        self._line = layout.header_line if line is None else line
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            data = self._handle.read(len(buffer))
            self._count(data)
        except DAMAGE as error:
            if not self._layout.packed:
                raise
            self.error = damaged(self._layout.path, error, self._layout.packed)
            raise self.error from error
        except InputError as error:
            self.error = error
            raise
        buffer[: len(data)] = data
        return len(data)

    def _count(self, data: bytes) -> None:
        whole = self._rest + data
        if not data:
            self._check(whole + b"\n" if whole else b"")
            self._rest = b""
            return
        end = whole.rfind(b"\n") + 1
        self._rest = whole[end:]
        self._check(whole[:end])

    def _check(self, lines: bytes) -> None:
        if not lines:
            return
        letters = np.frombuffer(lines, dtype=np.uint8)
        ends = np.flatnonzero(letters == 10)
        if self._layout.separator == _WHITESPACE:
            blank = (letters == 32) | ((letters >= 9) & (letters <= 13))
            before = np.concatenate(([True], blank[:-1]))
            marks, extra = np.flatnonzero(~blank & before), 0
        else:
            mark = letters == ord(self._layout.separator)
            if b'"' in lines:
                mark &= np.cumsum(letters == ord('"')) % 2 == 0
            marks, extra = np.flatnonzero(mark), 1
        fields = np.diff(np.searchsorted(marks, ends), prepend=0) + extra
        wrong = fields != len(self._layout.header)
        if wrong.any():
            self._refuse(lines, ends, (wrong, fields))
        self._line += len(ends)

    def _refuse(self, lines: bytes, ends: np.ndarray, found: tuple[np.ndarray, np.ndarray]) -> None:
        wrong, fields = found
        starts = np.concatenate(([0], ends[:-1] + 1))
        for i in np.flatnonzero(wrong):
            text = lines[starts[i] : ends[i]].decode("utf-8", errors="replace")
            if text.strip():
                names = len(self._layout.header)
                number = self._line + i + 1
                unnamed = number == self._layout.header_line + 1 and fields[i] == names + 1
                remedy = (
                    "give the first column a name if it holds row names, as R writes them, or take "
                    "the mark off the end of the lines"
                    if unnamed
                    else f"correct the line ({text[:80]!r}), or fetch the file again if it is cut "
                    f"short"
                )
                raise InputError(
                    f"{self._layout.path} line {number}: has {fields[i]} fields, the header has "
                    f"{names}; {remedy}"
                )
