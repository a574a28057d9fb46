"""A matrix of LD in a file, opened but not read: its size, its names, and how to read a part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from seqgen.errors import InputError

_ROWS = 1024
#: Share of the pairs that may be exactly zero by chance.
FEW_ZERO = 0.01


class Block(NamedTuple):
    """Correlations of some variants, and how many of their pairs the file does not hold."""

    R: np.ndarray
    absent: int = 0


@dataclass(frozen=True)
class RawMatrix:
    """A matrix in a file, not read yet.

    Attributes
    ----------
    path : Path
    p : int
        Variants.
    read : callable
        Ascending 0-based rows to their `Block`, as the file has it: one half may be zero.
    names : tuple of str, optional
        What the file calls the variants.
    variants : DataFrame, optional
        What the file tells of them: some of ``chrom``, ``pos``, ``rsid``, ``a1``, ``a2``,
        ``nonmajor``, ``major``.
    haplotypes : bool
        Whether the correlations are those of estimated haplotypes.
    some_absent : float
        Share of the pairs that may be absent because they are exactly 0.
    """

    path: Path
    p: int
    read: Callable[[np.ndarray], Block]
    names: tuple[str, ...] | None = None
    variants: pd.DataFrame | None = None
    haplotypes: bool = False
    some_absent: float = 0.0


def from_array(path: Path, matrix: np.ndarray, *, what: str = "the matrix") -> RawMatrix:
    """An array, in memory or on disk, as a matrix that is read by parts.

    Raises
    ------
    InputError
        If it is not square, or holds no numbers.
    """
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise InputError(
            f"{path}: {what} has shape {' x '.join(map(str, matrix.shape))}; expected a square "
            "matrix of correlations, a row and a column for each variant"
        )
    if matrix.dtype.kind not in "fiu":
        raise InputError(f"{path}: {what} holds {matrix.dtype}; expected numbers")
    kind = np.float32 if matrix.dtype.itemsize <= 4 and matrix.dtype.kind == "f" else np.float64

    def read(index: np.ndarray) -> Block:
        out = np.empty((len(index), len(index)), dtype=kind)
        near = len(index) and index[-1] - index[0] + 1 == len(index)
        columns: Any = slice(int(index[0]), int(index[-1]) + 1) if near else index
        for start in range(0, len(index), _ROWS):
            rows = index[start : start + _ROWS]
            taken = matrix[int(rows[0]) : int(rows[-1]) + 1] if near else matrix[rows]
            out[start : start + len(rows)] = taken[:, columns]
        return Block(out)

    return RawMatrix(path, matrix.shape[0], read)


def named(
    raw: RawMatrix, rows: tuple[str, ...] | None, columns: tuple[str, ...] | None
) -> RawMatrix:
    """A matrix whose rows and columns have names, which have to be the same.

    Numbers that R and pandas give rows and columns without names are none.

    Raises
    ------
    InputError
        If they differ, or a name comes twice.
    """
    rows, columns = (None if each and numbered(each) else each for each in (rows, columns))
    if rows is not None and columns is not None and rows != columns:
        pairs = enumerate(zip(rows, columns, strict=False))
        odd = next((k for k, (a, b) in pairs if a != b), min(len(rows), len(columns)))
        a, b = ((*side, "nothing")[min(odd, len(side))] for side in (rows, columns))
        raise InputError(
            f"{raw.path}: row {odd + 1} is named {a!r} and column {odd + 1} {b!r}; expected rows "
            "and columns in one order"
        )
    names = rows or columns
    if names is not None and len(set(names)) < len(names):
        repeated = pd.Series(names)[pd.Series(names).duplicated()].iloc[0]
        raise InputError(f"{raw.path}: names {repeated!r} twice; expected each variant once")
    return replace(raw, names=names)


def numbered(names: Sequence[str]) -> bool:
    """Whether names are a count, from 0 or 1: what R (V1, X1) and pandas call the nameless.

    Examples
    --------
    >>> numbered(["0", "1", "2"]), numbered(["V1", "V2"]), numbered(["rs1", "rs2"])
    (True, True, False)
    """
    mark = names[0][:1] if names[0][:1] in ("V", "X") else ""
    return any(
        all(name == f"{mark}{first + k}" for k, name in enumerate(names)) for first in (0, 1)
    )
