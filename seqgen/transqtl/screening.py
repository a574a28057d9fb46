"""Genotypes in single precision, in the order in which they lie in memory, for the products."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seqgen.transqtl.variants import VariantBlock, Variants, of_people, standardise

# People whose genotypes are gone through at a time, so that they stay in the cache.
_SLAB_BYTES = 1024 * 1024
# Where covariates leave less of a variant's variance, or it has less, double precision decides.
_LEFT, _VARIANCE = 0.01, 1e-6


@dataclass(frozen=True)
class Screened:
    """The testable variants of a block.

    Attributes
    ----------
    index : ndarray of int64, shape (k,)
        Their numbers.
    single : ndarray of float32, shape (k, n)
        Their values as in `VariantBlock`; any order in memory.
    reason, n_missing : ndarray, shape (asked for,)
        As in `VariantBlock`.
    """

    index: np.ndarray
    single: np.ndarray
    reason: np.ndarray
    n_missing: np.ndarray
    _counts: np.ndarray
    _variants: Variants
    _basis: np.ndarray

    def exact(self, rows: np.ndarray) -> VariantBlock:
        """Some of the variants in double precision; ``rows`` are places in ``index``."""
        asked = np.flatnonzero(self.reason == 0)[rows]
        return standardise(
            self._counts[:, asked], self._variants, self.index[rows], basis=self._basis
        )


def screen_block(
    counts: np.ndarray,
    variants: Variants,
    index: np.ndarray,
    *,
    rows: np.ndarray,
    basis: np.ndarray,
    memory: np.ndarray,
) -> Screened:
    """Centre and scale variants that have been read.

    Parameters
    ----------
    counts : ndarray, shape (people, k)
        As `Variants.read` returns them.
    variants : Variants
    index : ndarray of int64, shape (k,)
    rows : ndarray of int64, shape (n,)
        Rows of the people analysed.
    basis : ndarray of float64, shape (n, q)
        Orthonormal basis of intercept and covariates.
    memory : ndarray of float32, at least n * k
        Where the values go.

    Returns
    -------
    Screened

    Raises
    ------
    InputError
        If a genotype is infinite, negative or above 2.
    """
    counts = of_people(counts, rows)
    order = "F" if counts.flags.f_contiguous and not counts.flags.c_contiguous else "C"
    single = memory[: counts.size].reshape(counts.shape, order=order)  # type: ignore[call-overload]
    reason, n_missing = np.zeros(len(index), np.int8), np.zeros(len(index), np.int64)
    close = _single_precision(counts, single, basis)
    if len(close):
        block = standardise(counts[:, close], variants, index[close], basis=basis)
        reason[close], n_missing[close] = block.reason, block.n_missing
        single[:, close[block.reason == 0]] = block.values.T
    keep = reason == 0
    kept = single if keep.all() else single[:, keep]
    return Screened(index[keep], kept.T, reason, n_missing, counts, variants, basis)


def _single_precision(counts: np.ndarray, single: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """Centre and scale into ``single``; the variants for which that is not precise enough."""
    n, k = counts.shape
    step = max(1, _SLAB_BYTES // (4 * k))
    slabs = [slice(start, min(start + step, n)) for start in range(0, n, step)]
    ones = np.ones(n, dtype=np.float32)
    thin = basis.T.astype(np.float32)
    total, length = np.zeros(k), np.zeros(k)
    loadings = np.zeros((len(thin), k))
    # NaN is the lowest of its variant, so that the extremes tell whether all is well.
    sound = counts.min(axis=0) >= 0
    if counts.dtype.kind == "f":
        sound &= counts.max(axis=0) < np.inf
    with np.errstate(invalid="ignore"):
        # Sums of a slab in single precision, of slabs in double.
        for slab in slabs:
            np.copyto(single[slab], counts[slab], casting="unsafe")
            total += ones[slab] @ single[slab]
        mean = total / n
        for slab in slabs:
            single[slab] -= mean.astype(np.float32)
            length += np.einsum("ij,ij->j", single[slab], single[slab])
            loadings += np.ascontiguousarray(thin[:, slab]) @ single[slab]
        left = length - np.einsum("ij,ij->j", loadings, loadings)
        precise = (left > _LEFT * length) & (length > _VARIANCE * n * (1.0 + mean * mean))
        precise &= sound
        single *= (1.0 / np.sqrt(np.where(precise, left, 1.0))).astype(np.float32)
    return np.flatnonzero(~precise)
