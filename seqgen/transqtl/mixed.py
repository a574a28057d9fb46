"""Mixed models of many traits of related people, and their tests as matrix products.

On the axes of the kinship beyond the covariates, the generalised least-squares products of a
variant x and a trait y are sums over axes, x'Py = sum x y / d and x'Px = sum x^2 / d, with d the
trait's variances on the axes. For all variants and traits these are two matrix products, whatever
h2 each trait has.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from seqgen.relatedness import (
    KinshipAxes,
    KinshipInput,
    check_kinship,
    fit_components,
    kinship_axes,
)
from seqgen.transqtl.products import ArrayProducts

_BATCH = 4_000_000


@dataclass(frozen=True)
class MixedTraits:
    """The traits' mixed models given covariates alone; made by `fit_mixed`.

    Attributes
    ----------
    axes : KinshipAxes
    h2 : ndarray of float64, shape (g,)
        Share of each trait's variance that goes with the kinship.
    rotated : ndarray of float64, shape (g, n - q)
        Residuals of the traits, of length 1, on the axes.
    lengths : ndarray of float64, shape (g,)
        Their lengths once each axis is divided by the root of the trait's variance on it.
    """

    axes: KinshipAxes = field(repr=False)
    h2: np.ndarray
    rotated: np.ndarray = field(repr=False)
    lengths: np.ndarray = field(repr=False)

    def __repr__(self) -> str:
        low, middle, high = np.quantile(self.h2, [0, 0.5, 1])
        return (
            f"MixedTraits({len(self.h2):,} traits, h2 {low:.3g} to {high:.3g}, median {middle:.3g})"
        )

    def weights(self, trait: np.ndarray | slice) -> np.ndarray:
        """Inverse variances of traits on the axes; shape (k, n - q)."""
        return 1.0 / self.axes.variances(self.h2[trait])


def fit_mixed(
    residuals: np.ndarray,
    kinship: KinshipInput,
    *,
    genotyped: pd.Index,
    people: pd.Index,
    basis: np.ndarray,
) -> MixedTraits:
    """Estimate every trait's h2, once, without variants.

    Parameters
    ----------
    residuals : ndarray of float64, shape (g, n)
        Of the traits on the covariates, of length 1.
    kinship : DataFrame, (ndarray, names) or ndarray
    genotyped : Index
        All people with genotypes, who are the rows of a kinship without names.
    people : Index
        The n people analysed.
    basis : ndarray of float64, shape (n, q)

    Returns
    -------
    MixedTraits

    Raises
    ------
    InputError
        If the kinship is not what it has to be, or lacks people.
    """
    axes = kinship_axes(check_kinship(kinship, genotyped).among(people), basis)
    rotated = residuals @ axes.vectors
    fit = fit_components(rotated, axes)
    # The variance of a fit is this sum of squares over the degrees of freedom.
    return MixedTraits(axes, fit.h2, rotated, np.sqrt(fit.variance * len(axes.values)))


def mixed_correlations(
    mixed: MixedTraits, values: np.ndarray, row: np.ndarray, trait: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Partial correlations of chosen pairs in double precision, and what makes them slopes.

    Parameters
    ----------
    mixed : MixedTraits
    values : ndarray of float64, shape (rows, n)
        Standardised genotypes.
    row, trait : ndarray of int64, shape (k,)

    Returns
    -------
    r, unit : ndarray of float64, shape (k,)
        The slope of a trait's residual of length 1 on a row of ``values`` is r * unit.
    """
    rows, row = np.unique(row, return_inverse=True)
    traits, at = np.unique(trait, return_inverse=True)
    x = values[rows] @ mixed.axes.vectors
    # A dense part is cheaper as a product, a sparse one pair by pair.
    both = _dense if len(row) * 20 > len(rows) * len(traits) else _sparse
    product, square = both(mixed, x, traits, row, at)
    return product / (np.sqrt(square) * mixed.lengths[trait]), mixed.lengths[trait] / np.sqrt(
        square
    )


def _dense(
    mixed: MixedTraits, x: np.ndarray, traits: np.ndarray, row: np.ndarray, at: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Products x'Py and x'Px of pairs (row, at), from those of all rows and ``traits``."""
    weights = mixed.weights(traits)
    product = x @ (mixed.rotated[traits] * weights).T
    return product[row, at], ((x * x) @ weights.T)[row, at]


def _sparse(
    mixed: MixedTraits, x: np.ndarray, traits: np.ndarray, row: np.ndarray, at: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """As `_dense`, pair by pair."""
    product, square = np.empty(len(row)), np.empty(len(row))
    step = max(1, _BATCH // x.shape[1])
    for start in range(0, len(row), step):
        part = slice(start, start + step)
        mine, trait = x[row[part]], traits[at[part]]
        weighted = mine * mixed.weights(trait)
        product[part] = np.einsum("ij,ij->i", weighted, mixed.rotated[trait])
        square[part] = np.einsum("ij,ij->i", weighted, mine)
    return product, square


class MixedWeights:
    """What the products of all blocks share, in single precision.

    Parameters
    ----------
    mixed : MixedTraits
    per_r : float
        What correlations are multiplied by.

    Attributes
    ----------
    vectors : ndarray of float32, shape (n, n - q)
    weights, traits : ndarray of float32, shape (g, n - q)
        Inverse variances, and the traits' residuals times them, scaled.
    growth : float
        By how much more a correlation may be off than that of a plain product, where a variant
        lies on axes of large variance.
    """

    def __init__(self, mixed: MixedTraits, per_r: float) -> None:
        self.vectors = mixed.axes.vectors.astype(np.float32)
        self.weights = np.empty(mixed.rotated.shape, dtype=np.float32)
        self.traits = np.empty_like(self.weights)
        self.growth = 1.0
        step = max(1, _BATCH // mixed.rotated.shape[1])
        for start in range(0, len(self.weights), step):
            part = slice(start, start + step)
            weights = mixed.weights(part)
            spread = float((weights.mean(axis=1) / weights.min(axis=1)).max())
            self.growth = max(self.growth, spread**0.5)
            self.weights[part] = weights
            weights *= mixed.rotated[part]
            self.traits[part] = weights * (per_r / mixed.lengths[part, None])


class MixedProducts(ArrayProducts):
    """Partial correlations of blocks of variants with traits in their mixed models.

    Parameters
    ----------
    shared : MixedWeights
    cut : float
        Least place of a candidate, on the scale of the shared weights.
    memory : tuple of ndarray
        From `product_memory`; of one thread.
    """

    def __init__(
        self, shared: MixedWeights, cut: float, memory: tuple[np.ndarray, np.ndarray]
    ) -> None:
        super().__init__(shared.traits, cut, memory)
        self._shared = shared
        self._of: np.ndarray | None = None

    def fill(self, single: np.ndarray, start: int, stop: int, *, out: np.ndarray) -> None:
        """Write the correlations of a block, rotated once, with traits ``start`` to ``stop``."""
        if self._of is not single:
            self._of, self._rotated = single, single @ self._shared.vectors
            self._squares = self._rotated * self._rotated
        np.matmul(self._rotated, self._traits[start:stop].T, out=out)
        square = self._squares @ self._shared.weights[start:stop].T
        np.sqrt(square, out=square)
        out /= square
