"""A matrix out of a file made whole and checked: correlations, with their signs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from seqgen.correlations import ASYMMETRY, ROUNDING, looks_squared
from seqgen.errors import InputError

# Rows that are looked at together, so that checks take little memory beside the matrix.
_ROWS = 256
# Of n people r squared is too high by 1 / n or so: its floor, once that is taken off.
_BIAS = 0.01
_LINKED = 0.05
_SOME_LINKED = 0.05
_ADJUSTED_FROM = 20


@dataclass(frozen=True)
class Where:
    """What messages call the rows of a matrix.

    Attributes
    ----------
    path : Path
        The file.
    variants : DataFrame
        ``chrom``, ``pos``, ``rsid`` of the rows.
    rows : ndarray of int
        Their 0-based rows in the file.
    """

    path: Path
    variants: pd.DataFrame
    rows: np.ndarray

    def row(self, at: int) -> str:
        """One row: its number in the file, and its variant."""
        return f"row {int(self.rows[at]) + 1} ({self.variant(at)})"

    def variant(self, at: int) -> str:
        """One variant: its name and place."""
        row = self.variants.iloc[at]
        place = f"{row['chrom']}:{row['pos']}"
        return place if pd.isna(row["rsid"]) else f"{row['rsid']} at {place}"


def completed(R: np.ndarray, where: Where, *, nonnegative: bool) -> np.ndarray:
    """Fill the half that a file leaves out, and refuse what is no matrix of correlations.

    Parameters
    ----------
    R : ndarray, shape (p, p)
        Changed in place: mirrored where one half is zero (with PolyFun's halved diagonal, or a
        whole one), its diagonal set to exactly one, and rounding beyond one cut off.
    where : Where
    nonnegative : bool
        Take a matrix without negative entries, which looks like r squared.

    Returns
    -------
    ndarray, shape (p, p)
        Symmetric.

    Raises
    ------
    InputError
    """
    _check_finite(R, where)
    mirrored = _mirror(R)
    diagonal = np.diagonal(R).astype(np.float64)
    if mirrored and (np.abs(diagonal - 0.5) <= ROUNDING).all():
        np.fill_diagonal(R, 1.0)
    _check_diagonal(R, where)
    if not mirrored:
        _check_symmetric(R, where)
    _check_range(R, where)
    np.clip(R, -1.0, 1.0, out=R)
    np.fill_diagonal(R, 1.0)
    if not nonnegative and looks_squared(R):
        raise InputError(
            f"{where.path}: none of the correlations between {len(R):,} variants is negative, so "
            "this looks like r squared; expected the signed r: write it with plink --r (not "
            "--r2), plink2 --r-unphased or --r-phased (not --r2-...). Where these are signed "
            "correlations all the same, say so: nonnegative=True (--ld-nonnegative)"
        )
    if not nonnegative and _looks_adjusted(R):
        raise InputError(
            f"{where.path}: none of the correlations between {len(R):,} variants is below "
            f"{R.min():.2g}, and many are above {_LINKED:g}, so this looks like r squared less "
            "its bias, as LD scores are made of; expected the signed r: write it with plink --r. "
            "Where these are signed correlations all the same, say so: nonnegative=True "
            "(--ld-nonnegative)"
        )
    return R


def _looks_adjusted(R: np.ndarray) -> bool:
    """Whether a matrix looks like r squared less its bias of about 1 / n, or badly rounded."""
    p = len(R)
    if p < _ADJUSTED_FROM or float(R.min()) < -_BIAS:
        return False
    linked = sum(int((R[a:b] > _LINKED).sum()) for a, b in _blocks(p)) - p
    return linked >= _SOME_LINKED * p * (p - 1)


def _blocks(p: int) -> Iterator[tuple[int, int]]:
    return ((start, min(start + _ROWS, p)) for start in range(0, p, _ROWS))


def _check_finite(R: np.ndarray, where: Where) -> None:
    for start, stop in _blocks(len(R)):
        if np.isfinite(R[start:stop]).all():
            continue
        row, column = np.argwhere(~np.isfinite(R[start:stop]))[0]
        row += start
        alone = ~np.isfinite(np.diagonal(R))
        told = f"{where.row(row)} has {R[row, column]} with {where.variant(column)}"
        if alone.any():
            first = int(alone.argmax())
            told += (
                f"; {int(alone.sum()):,} variant(s), first {where.variant(first)}, have none even "
                "with themselves, as where a variant does not vary"
            )
        raise InputError(
            f"{where.path}: {told}; expected a finite correlation for every pair; leave variants "
            "that do not vary out of the matrix (plink --mac 1) and write it again"
        )


def _mirror(R: np.ndarray) -> bool:
    """Fill an empty half from the other one; whether there was one to fill."""
    lower = upper = False
    for start, stop in _blocks(len(R)):
        block = R[start:stop]
        lower = lower or bool(np.tril(block, start - 1).any())
        upper = upper or bool(np.triu(block, start + 1).any())
        if lower and upper:
            return False
    if not (lower or upper):
        return False
    _copy_lower(R if lower else R.T)
    return True


def _copy_lower(matrix: np.ndarray) -> None:
    """Make a matrix symmetric by its lower half."""
    for start, stop in _blocks(len(matrix)):
        matrix[start:stop, stop:] = matrix[stop:, start:stop].T
        corner = matrix[start:stop, start:stop]
        below = np.tril(corner, -1)
        corner[...] = below + below.T + np.diag(np.diagonal(corner))


def _check_diagonal(R: np.ndarray, where: Where) -> None:
    diagonal = np.diagonal(R)
    off = np.abs(diagonal - 1.0)
    if not len(off) or off.max() <= ROUNDING:
        return
    row = int(off.argmax())
    if (np.abs(diagonal - 0.5) <= ROUNDING).all():
        hint = "the diagonal is halved, as PolyFun does in files of one half, but both are there"
    elif abs(diagonal[row]) <= ROUNDING:
        hint = (
            "a variant that does not vary has none: leave it out of the matrix (plink --mac 1); "
            "where all are 0, the diagonal was left out: write the matrix with it"
        )
    else:
        hint = "these look like covariances: divide by the square roots of both variances first"
    raise InputError(
        f"{where.path}: {where.row(row)} has {diagonal[row]:.6g} with itself; expected a "
        f"correlation of 1; {hint}"
    )


def _check_symmetric(R: np.ndarray, where: Where) -> None:
    for start, stop in _blocks(len(R)):
        ahead, below = R[start:stop, start:], R[start:, start:stop].T
        gap = np.abs(ahead - below)
        if gap.max(initial=0.0) > ASYMMETRY:
            row, column = (int(k) + start for k in np.unravel_index(gap.argmax(), gap.shape))
            raise InputError(
                f"{where.path}: {where.row(row)} has {R[row, column]:.6g} with "
                f"{where.variant(column)}, and the other way round {R[column, row]:.6g}; expected "
                "a symmetric matrix: are rows and columns in one order, and is the file whole?"
            )
        if gap.any():
            mean = (ahead + below) / 2.0
            R[start:stop, start:] = mean
            R[start:, start:stop] = mean.T


def _check_range(R: np.ndarray, where: Where) -> None:
    if not len(R) or (float(R.min()) >= -1.0 - ROUNDING and float(R.max()) <= 1.0 + ROUNDING):
        return
    at = int(R.argmax()) if float(R.max()) > 1.0 + ROUNDING else int(R.argmin())
    row, column = (int(k) for k in np.unravel_index(at, R.shape))
    raise InputError(
        f"{where.path}: {where.row(row)} has {R[row, column]:.6g} with {where.variant(column)}; "
        "expected correlations between -1 and 1"
    )
