"""Correlations between variants among people: in blocks, exact, missing calls either way.

Sums of products of counts 0, 1 and 2 are whole numbers, which single precision holds exactly up to
2^24. So calls are multiplied in single precision and everything else (means, variances,
covariates, dosages) is done in double: the speed of the one with the digits of the other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np

from seqgen.errors import InputError

# Genotypes are held whole where they take no more than this or than the matrix itself.
_HELD_BYTES = 512 * 1024**2
_BLOCK = 1024
# 4 n is the largest sum of products of counts.
_EXACT_PEOPLE = 2**22
# Three numbers of so many bits each fit into what single precision holds exactly.
_BITS = 8
# Least share of a variant's sum of squares that has to be left, and least variance of a count.
_LEFT = 1e-8
_VARIES = 1e-7

_NO_PAIRS = np.empty((0, 2), dtype=np.int64)

Named = Callable[[int], str]


@dataclass(frozen=True)
class Asked:
    """How correlations are to be computed.

    Attributes
    ----------
    basis : ndarray, shape (people, k)
        Orthonormal; the intercept and the covariates that are taken out.
    pairwise : bool
        Leave missing calls out pair by pair; they stand at their expectation otherwise.
    named : callable
        The number of a variant to its name, for messages.
    """

    basis: np.ndarray
    pairwise: bool
    named: Named

    @property
    def adjusted(self) -> bool:
        """Whether anything but the mean is taken out."""
        return self.basis.shape[1] > 1


class Correlations(NamedTuple):
    """Correlations, and the pairs of variants that have none among people with calls at both.

    Attributes
    ----------
    R : ndarray of float64, shape (p, p)
        Symmetric, with a diagonal of exactly one.
    undefined : ndarray of int, shape (k, 2)
        Pairs for which missing calls were taken at their expectation after all.
    """

    R: np.ndarray
    undefined: np.ndarray


def correlate(read: Callable[[np.ndarray], np.ndarray], p: int, asked: Asked) -> Correlations:
    """Correlations of ``p`` variants.

    Parameters
    ----------
    read : callable
        Numbers of variants to counts or dosages, (people, k), NaN where missing.
    p : int
    asked : Asked

    Returns
    -------
    Correlations

    Raises
    ------
    InputError
        If a variant does not vary beyond the covariates, or has no call.
    """
    n = len(asked.basis)
    size = max(1, min(_BLOCK, _HELD_BYTES // (48 * n)))
    starts = range(0, p, size)
    hold = 12 * n * p <= max(_HELD_BYTES, 8 * p * p)

    def load(start: int) -> _Block:
        index = np.arange(start, min(start + size, p))
        return _Block(start, read(index), asked)

    held = [load(start) for start in starts] if hold else None
    R, undefined = np.empty((p, p)), []
    for i, start in enumerate(starts):
        first = held[i] if held else load(start)
        for j in range(i, len(starts)):
            second = first if i == j else held[j] if held else load(starts[j])
            r, still = _block(first, second, asked)
            if len(still):
                pairs = still + np.array([first.start, second.start])
                undefined.append(pairs[pairs[:, 0] < pairs[:, 1]])
            R[first.rows, second.rows] = r
            if i != j:
                R[second.rows, first.rows] = r.T
    for start in starts:  # products of a block with itself differ in the last digit by the half
        rows = slice(start, start + size)
        R[rows, rows] = (R[rows, rows] + R[rows, rows].T) / 2.0
    np.clip(R, -1.0, 1.0, out=R)
    np.fill_diagonal(R, 1.0)
    return Correlations(R, np.concatenate(undefined) if undefined else _NO_PAIRS)


@dataclass
class _Block:
    """Some variants, and what their products need."""

    start: int
    counts: np.ndarray
    asked: Asked = field(repr=False)
    mask: np.ndarray | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        counts = np.asarray(self.counts)
        hole = np.isnan(counts)
        if hole.any():
            self.mask = (~hole).astype(np.float32)
            counts = np.where(hole, 0.0, counts)
            empty = np.flatnonzero(hole.all(axis=0))
            if empty.size:
                raise InputError(f"{self.name(empty[0])} has no call among these people")
        whole = len(counts) < _EXACT_PEOPLE and bool((counts == np.rint(counts)).all())
        self.counts = np.asfortranarray(counts, dtype=np.float32 if whole else np.float64)
        self._refuse_still()

    @property
    def rows(self) -> slice:
        """Where the block is in the matrix."""
        return slice(self.start, self.start + self.counts.shape[1])

    @cached_property
    def holes(self) -> np.ndarray:
        """How many calls of each variant are missing."""
        if self.mask is None:
            return np.zeros(self.counts.shape[1])
        return len(self.counts) - self.mask.sum(axis=0, dtype=np.float64)

    @cached_property
    def paired(self) -> np.ndarray:
        """What is multiplied pair by pair: counts, or what covariates leave of them."""
        return self.residuals if self.asked.adjusted else self.counts

    @cached_property
    def lost(self) -> np.ndarray:
        """One where a call is missing, of the variants that lack some; (people, k)."""
        assert self.mask is not None
        return np.asfortranarray(1.0 - self.mask[:, np.flatnonzero(self.holes)])

    @cached_property
    def digits(self) -> np.ndarray | None:
        """Copies and missing calls as digits of one number, None where there are not just 0, 1, 2.

        x is [x >= 1] + [x == 2], and its square [x >= 1] + 3 [x == 2].
        """
        x = self.paired
        if x.dtype != np.float32 or x.min(initial=0) < 0 or x.max(initial=0) > 2:
            return None
        out = (x >= 1) + np.float32(1 << _BITS) * (x == 2)
        if self.mask is not None:
            out += np.float32(1 << (2 * _BITS)) * (self.mask == 0)
        return np.asfortranarray(out)

    @cached_property
    def totals(self) -> tuple[np.ndarray, np.ndarray]:
        """Sums and sums of squares of what is multiplied."""
        squares = np.einsum("ij,ij->j", self.paired, self.paired, dtype=np.float64)
        return self.paired.sum(axis=0, dtype=np.float64), squares

    @cached_property
    def loadings(self) -> np.ndarray:
        """Products with the basis, (k, variants)."""
        return self.asked.basis.T @ self.counts.astype(np.float64)

    @cached_property
    def scale(self) -> np.ndarray:
        """Root of the sum of squares that the basis leaves."""
        if self.mask is not None and self.asked.adjusted:
            return np.sqrt(np.einsum("ij,ij->j", self.residuals, self.residuals))
        squares = np.einsum("ij,ij->j", self.counts, self.counts, dtype=np.float64)
        if self.mask is not None:
            sums = self.counts.sum(axis=0, dtype=np.float64)
            return np.sqrt(np.maximum(squares - sums**2 / (len(self.counts) - self.holes), 0.0))
        left = squares - np.einsum("ij,ij->j", self.loadings, self.loadings)
        return np.sqrt(np.maximum(left, 0.0))

    @cached_property
    def residuals(self) -> np.ndarray:
        """What the basis leaves of each variant among those called; 0 where missing; float64."""
        basis, counts = self.asked.basis, self.counts.astype(np.float64)
        if self.mask is None:
            return counts - basis @ self.loadings
        if not self.asked.adjusted:
            called = len(counts) - self.holes
            counts -= counts.sum(axis=0) / called
            counts[self.mask == 0] = 0.0
            return counts
        mask = self.mask.astype(np.float64)
        k = basis.shape[1]
        pairs = (basis[:, :, None] * basis[:, None, :]).reshape(len(basis), k * k)
        gram = (mask.T @ pairs).reshape(-1, k, k)
        right = (self.loadings.T)[:, :, None]
        try:
            weights = np.linalg.solve(gram, right)[:, :, 0]
        except np.linalg.LinAlgError as error:
            raise InputError(
                "covariates: are collinear among the people with a call at one of "
                f"{self.name(0)} to {self.name(self.counts.shape[1] - 1)}; leave some out, or "
                "that variant"
            ) from error
        return (counts - basis @ weights.T) * mask

    def name(self, column: int) -> str:
        return self.asked.named(self.start + int(column))

    def _refuse_still(self) -> None:
        n = len(self.counts)
        left = self.scale**2
        total = np.einsum("ij,ij->j", self.counts, self.counts, dtype=np.float64)
        still = np.flatnonzero((left <= _VARIES) | (left <= _LEFT * total))
        if still.size:
            beyond = " beyond the covariates" if self.asked.adjusted else ""
            raise InputError(
                f"{still.size} variant(s) do not vary among {n:,} people{beyond}, first "
                f"{self.name(still[0])}"
            )


def _block(first: _Block, second: _Block, asked: Asked) -> tuple[np.ndarray, np.ndarray]:
    """Correlations of the variants of one block with those of another, and undefined pairs."""
    if first.mask is None and second.mask is None:
        products = _product(first.counts, second.counts)
        products -= first.loadings.T @ second.loadings
        return _divided(products, first.scale, second.scale), _NO_PAIRS
    if not asked.pairwise:
        return _filled_in(first, second), _NO_PAIRS
    r, still = _pairwise(first, second)
    pairs = np.argwhere(still)
    if len(pairs):
        r[still] = _filled_in(first, second)[still]
    return r, pairs


def _filled_in(first: _Block, second: _Block) -> np.ndarray:
    """Correlations with missing calls at their expectation."""
    return _divided(first.residuals.T @ second.residuals, first.scale, second.scale)


def _divided(products: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    products /= first[:, None]
    products /= second[None, :]
    return products


def _product(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Sums of products over people, float64: in single precision where that is exact."""
    if first.dtype != second.dtype:
        first, second = first.astype(np.float64), second.astype(np.float64)
    return (first.T @ second).astype(np.float64, copy=False)


def _pairwise(first: _Block, second: _Block) -> tuple[np.ndarray, np.ndarray]:
    """Correlations over the people with calls at both variants of each pair, and where none is."""
    x, y = first.paired, second.paired
    lost_x = _over_holes(first, second)
    lost_y = lost_x if first is second else _over_holes(second, first)
    sum_x, sum_y = first.totals[0][:, None] - lost_x.sums, second.totals[0] - lost_y.sums.T
    square_x = first.totals[1][:, None] - lost_x.squares
    square_y = second.totals[1] - lost_y.squares.T
    n_both = len(x) - first.holes[:, None] - second.holes[None, :] + lost_x.both
    shared = np.maximum(n_both, 1.0)
    products = _product(x, y)
    products -= sum_x * sum_y / shared
    square_x -= sum_x**2 / shared
    square_y -= sum_y**2 / shared
    still = (np.minimum(square_x, square_y) <= _VARIES) | (n_both < 2)
    square_x *= square_y
    square_x[still] = 1.0
    products /= np.sqrt(square_x, out=square_x)
    return products, still


class _Lost(NamedTuple):
    """What one block has where the other has no call, (variants, variants of the other)."""

    sums: np.ndarray
    squares: np.ndarray
    both: np.ndarray


def _over_holes(block: _Block, other: _Block) -> _Lost:
    """Sums, sums of squares and missing calls of ``block`` over the missing calls of ``other``.

    Calls have few values, so that all three are counted by one product, as digits of one number,
    where few calls are missing.
    """
    out = _Lost(*(np.zeros((block.counts.shape[1], other.counts.shape[1])) for _ in range(3)))
    columns = np.flatnonzero(other.holes)
    if not columns.size:
        return out
    if block.digits is not None and other.holes.max() < 1 << _BITS:
        found = (block.digits.T @ other.lost).astype(np.int32)
        last = (1 << _BITS) - 1
        ones, twos = found & last, (found >> _BITS) & last
        out.both[:, columns] = found >> (2 * _BITS)
        out.sums[:, columns] = ones + twos
        twos *= 3
        out.squares[:, columns] = ones + twos
        return out
    values = block.paired.astype(np.float32, copy=False)
    out.sums[:, columns] = values.T @ other.lost
    out.squares[:, columns] = (values * values).T @ other.lost
    if block.mask is not None:
        out.both[np.ix_(np.flatnonzero(block.holes), columns)] = block.lost.T @ other.lost
    return out
