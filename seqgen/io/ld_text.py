"""LD matrices as text: squares and triangles of PLINK, LDstore and Hail, tables with names."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.io.delimited import DAMAGE, PACKINGS, TextLayout, damaged, opened, sniff
from seqgen.io.ld_raw import Block, RawMatrix, named, numbered
from seqgen.io.ld_tables import is_pairs, open_pairs

_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?|[-+]?(nan|na|inf|infinity)", re.I)
_VALUES = 4_000_000
_BLANKS = r"\s+"


@dataclass(frozen=True)
class _Square:
    """How a matrix is written as text.

    Attributes
    ----------
    layout : TextLayout
        Packing and separator.
    skip : int
        Lines before the first row.
    p : int
    labelled : bool
        Whether the first field of a row is its name.
    triangle : bool
        Whether rows end at their diagonal.
    """

    layout: TextLayout
    skip: int
    p: int
    labelled: bool
    triangle: bool

    @property
    def path(self) -> Path:
        return self.layout.path


def open_text(path: Path) -> RawMatrix:
    """Open a matrix, or a table of pairs, that is text, plain or packed.

    Raises
    ------
    InputError
        If it is neither, or is cut short.
    """
    layout = sniff(path, packings=PACKINGS)
    if is_pairs(layout.header):
        return open_pairs(layout)
    layout, rows = _first_rows(layout)
    header = rows[0] if _is_header(rows[0]) else None
    body = rows[1:] if header else rows
    if not body:
        raise InputError(f"{path}: holds a header and no rows; expected a row for each variant")
    skip = layout.header_line if header else layout.header_line - 1
    labelled = not _numeric(body[0][:1])
    n_lines = _count_lines(layout, skip)
    triangle = len(body) > 1 and len(body[1]) == len(body[0]) + 1
    if not labelled and not triangle and len(body[0]) == n_lines + 1:
        # Hail's add_index numbers the rows, as R and pandas do
        labelled = numbered([row[0] for row in body])
    width = n_lines if triangle else len(body[0]) - labelled
    square = _Square(layout, skip, width, labelled, triangle)
    if width != n_lines:
        raise InputError(
            f"{path}: has {n_lines:,} rows of numbers and {width:,} columns; expected a square "
            "matrix; is the file whole, and of one half or both?"
        )
    columns = None
    if header:
        columns = tuple(header[-width:])
        if len(header) not in (width, width + labelled):
            raise InputError(
                f"{path} line {skip}: the header has {len(header):,} names, the rows {width:,} "
                "numbers; expected a name for each column"
            )
    labels = _labels(square) if labelled else None
    return named(RawMatrix(path, width, lambda index: _read(square, index)), labels, columns)


def _numeric(fields: list[str]) -> bool:
    return all(_NUMBER.fullmatch(each) for each in fields)


def _is_header(fields: list[str]) -> bool:
    """Whether the first line names columns, if only by their numbers."""
    if len(fields) > 2 and numbered(fields[fields[0] == "" :]):
        return True
    return not _numeric(fields[1:] or fields)


def _first_rows(layout: TextLayout) -> tuple[TextLayout, list[list[str]]]:
    """The first three lines that hold something, as fields, and what separates these."""
    lines: list[str] = []
    with opened(layout.path, layout.packed) as handle:
        for line in islice(handle, layout.header_line - 1, None):
            text = line.decode("utf-8-sig", errors="replace").strip("\r\n")
            lines += [text] if text.strip() else []
            if len(lines) == 3:
                break
    # the first line of a triangle has no separator to go by; one at the end separates nothing
    mark = next((each for each in "\t;," if each in "".join(lines)), _BLANKS)
    if mark == "\t" and any(text.endswith("\t") for text in lines):
        mark = _BLANKS
    return replace(layout, separator=mark), [_fields(text, mark) for text in lines]


def _fields(text: str, separator: str) -> list[str]:
    parts = text.split() if separator == _BLANKS else text.strip("\t ").split(separator)
    return [each.strip().strip('"').strip("'") for each in parts]


def _count_lines(layout: TextLayout, skip: int) -> int:
    """Lines below the header that hold something."""
    try:
        with opened(layout.path, layout.packed) as handle:
            return sum(1 for line in islice(handle, skip, None) if not line.isspace())
    except DAMAGE as error:
        if not layout.packed:
            raise
        raise damaged(layout.path, error, layout.packed) from error


def _labels(square: _Square) -> tuple[str, ...]:
    with opened(square.path, square.layout.packed) as handle:
        rows = islice(handle, square.skip, None)
        lines = (line.decode("utf-8", errors="replace") for line in rows)
        mark = None if square.layout.separator == _BLANKS else square.layout.separator
        return tuple(
            line.split(mark, 1)[0].strip().strip('"').strip("'") for line in lines if line.strip()
        )


def _read(square: _Square, index: np.ndarray) -> Block:
    """The rows and columns that are wanted, a stretch of lines at a time."""
    k = len(index)
    out = np.zeros((k, k), dtype=np.float32)
    shift = int(square.labelled)
    columns = index + shift
    # the last column too, which a line that is cut short does not have
    wanted = sorted({*columns.tolist(), *(() if square.triangle else (square.p - 1 + shift,))})
    keep = np.searchsorted(wanted, columns)
    lines = max(1, _VALUES // max(1, square.p))
    start = 0
    try:
        with opened(square.path, square.layout.packed) as handle:
            for _ in range(square.skip):
                handle.readline()
            for chunk in pd.read_csv(
                handle, sep=square.layout.separator, header=None, names=range(square.p + shift),
                usecols=wanted, dtype=np.float32, chunksize=lines, index_col=False,
                na_values=["NA", "nan", "NaN", "."], low_memory=False,
            ):  # fmt: skip
                values = chunk.to_numpy()
                _take(values, start, (square, index, keep), out)
                start += len(values)
    except (ValueError, *DAMAGE) as error:
        if isinstance(error, InputError):
            raise
        raise _unreadable(square, error) from error
    return Block(out)


def _take(
    values: np.ndarray,
    start: int,
    told: tuple[_Square, np.ndarray, np.ndarray],
    out: np.ndarray,
) -> None:
    """Put the wanted rows of a stretch of lines into the matrix."""
    square, index, keep = told
    first, last = np.searchsorted(index, (start, start + len(values)))
    rows = index[first:last] - start
    short = ~square.triangle & np.isnan(values[:, -1])
    if short.any():
        _refuse_short(square, start + int(short.argmax()))
    taken = values[rows][:, keep]
    if square.triangle:
        taken[index[np.newaxis, :] > (rows + start)[:, np.newaxis]] = 0.0
    out[first:last] = taken


def _refuse_short(square: _Square, row: int) -> None:
    """Refuse a row that is cut short; one that holds NaN is told of by the checks."""
    number, text = _line(square, row)
    fields = len(_fields(text, square.layout.separator)) - int(square.labelled)
    if fields != square.p:
        raise InputError(
            f"{square.path} line {number}: has {fields:,} numbers, others {square.p:,}; is the "
            "file cut short?"
        )


def _line(square: _Square, row: int) -> tuple[int, str]:
    """Number and text of a row's line."""
    with opened(square.path, square.layout.packed) as handle:
        seen = -1
        for number, line in enumerate(islice(handle, square.skip, None), start=square.skip + 1):
            seen += not line.isspace()
            if seen == row:
                return number, line.decode("utf-8", errors="replace").strip("\r\n")
    return square.skip + row + 1, ""


def _unreadable(square: _Square, error: Exception) -> InputError:
    """The error for text that is no number, with its line."""
    for row in range(square.p):
        number, text = _line(square, row)
        fields = _fields(text, square.layout.separator)[int(square.labelled) :]
        bad = next((each for each in fields if each and not _NUMBER.fullmatch(each)), None)
        if bad is not None:
            return InputError(
                f"{square.path} line {number}: {bad[:40]!r} is no number; expected correlations, a "
                "row for each variant" + (", with decimal points" if "," in bad else "")
            )
        if len(fields) > square.p:
            return InputError(
                f"{square.path} line {number}: has {len(fields):,} numbers, others {square.p:,}"
            )
    return InputError(
        f"{square.path}: cannot be read as a matrix ({str(error).strip()}); is it whole?"
    )
