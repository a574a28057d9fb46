"""Correlations held as the standardised genotypes that they come from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import svd

from seqgen.errors import InputError
from seqgen.finemap.ld import Eigen, prepare_ld

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from seqgen.finemap.ld import LDMatrix


@dataclass(frozen=True, eq=False)
class LDFactor:
    """Correlations R = F' F by their factor F, which is B people by p variants.

    Serves wherever an `LDMatrix` does; a product costs 2 B p instead of p^2, and R is never
    held. Build it with `ld_factor`.

    Attributes
    ----------
    F : ndarray, shape (B, p)
        Columns of length one, float64, read-only.
    warnings : tuple of str
        Doubts that are not errors.
    """

    F: NDArray[np.float64]
    warnings: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"LDFactor({self.F.shape[0]:,} people, {self.p:,} variants)"

    @property
    def p(self) -> int:
        """Number of variants."""
        return self.F.shape[1]

    @cached_property
    def eigen(self) -> Eigen:
        """Eigenvalues, ascending, and vectors; the variants' null space included."""
        return prepare_ld(self.F.T @ self.F).eigen

    @cached_property
    def spectrum(self) -> Eigen:
        """Eigenvalues, ascending, of as many directions as there are people, and vectors."""
        _, roots, vectors = svd(self.F, full_matrices=False, check_finite=False)
        return Eigen(np.square(roots[::-1]), np.ascontiguousarray(vectors[::-1].T))

    @cached_property
    def frobenius_squared(self) -> float:
        """Sum of the squared entries of R."""
        inner = self.F @ self.F.T
        return float(np.vdot(inner, inner))

    def product(self, b: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return ``R @ b``."""
        return self.F.T @ (self.F @ b)

    def block(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return correlations of some variants with others, shape (len(rows), len(columns))."""
        return self.F[:, rows].T @ self.F[:, columns]


def ld_factor(X: ArrayLike) -> LDFactor:
    """Check genotypes and make them the factor of their correlations.

    Parameters
    ----------
    X : array_like, shape (B, p)
        Genotypes of B people, any coding; columns are centred and scaled.

    Returns
    -------
    LDFactor

    Raises
    ------
    InputError
        If ``X`` is not a table of finite numbers with two rows or more, or a column does not
        vary.

    Examples
    --------
    >>> factor = ld_factor([[0, 2], [1, 1], [2, 0]])
    >>> factor.block(np.array([0]), np.array([1])).round(6).tolist()
    [[-1.0]]
    """
    genotypes = np.array(X, dtype=np.float64)
    if genotypes.ndim != 2 or genotypes.shape[0] < 2:
        raise InputError(
            f"X: found shape {genotypes.shape}; expected people by variants, at least two people"
        )
    if not np.isfinite(genotypes).all():
        raise InputError(
            f"X: {int((~np.isfinite(genotypes)).sum())} genotypes are missing or infinite; "
            f"expected finite numbers; impute them, by the column's mean for one"
        )
    genotypes -= genotypes.mean(axis=0)
    lengths = np.sqrt(np.einsum("ij,ij->j", genotypes, genotypes))
    still = np.flatnonzero(lengths <= 1e-10 * np.sqrt(genotypes.shape[0]))
    if still.size:
        raise InputError(
            f"X: {still.size} of {genotypes.shape[1]} columns do not vary (first at index "
            f"{still[0]}); expected polymorphic variants; drop them, from X and from z"
        )
    genotypes /= lengths
    genotypes.flags.writeable = False
    return LDFactor(genotypes)


def correlations(ld: LDMatrix | LDFactor) -> NDArray[np.float64]:
    """The p x p matrix itself."""
    return ld.F.T @ ld.F if isinstance(ld, LDFactor) else ld.R
