"""Correlation (LD) matrices: checked once, multiplied cheaply, decomposed on demand."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.linalg import eigh
from scipy.linalg.lapack import dpstrf

from seqgen.correlations import ASYMMETRY, ROUNDING, looks_squared
from seqgen.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

# Entries of b this far below the largest cannot move a product in double precision.
_NEGLIGIBLE = 1e-12
# A variant of which others explain all but this much adds no direction.
_EXPLAINED = 1e-12
# By how much, per variant, a product may then be off.
_ROUND_OFF = 1e-11
# From this share of p on the eigenvectors of all p directions cost as little.
_THIN = 0.5


class Eigen(NamedTuple):
    """Eigenvalues, ascending, shape (r,), and vectors in columns, shape (p, r)."""

    values: NDArray[np.float64]
    vectors: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LDMatrix:
    """A checked correlation matrix with what is worth computing only once.

    Build it with `prepare_ld`; pass it in place of ``R`` wherever one matrix
    serves several fits (the prior's EM, several traits).

    Attributes
    ----------
    R : ndarray, shape (p, p)
        Symmetric, unit diagonal, float64, read-only.
    warnings : tuple of str
        Doubts about the matrix that are not errors.
    """

    R: NDArray[np.float64]
    warnings: tuple[str, ...] = ()

    def __repr__(self) -> str:
        doubts = f", {len(self.warnings)} warnings" if self.warnings else ""
        return f"LDMatrix({self.p:,} variants{doubts})"

    @property
    def p(self) -> int:
        """Number of variants."""
        return self.R.shape[0]

    @cached_property
    def eigen(self) -> Eigen:
        """Eigendecomposition of ``R`` (the cost is cubic in p, paid once)."""
        values, vectors = eigh(self.R, check_finite=False)
        return Eigen(values, vectors)

    @cached_property
    def spectrum(self) -> Eigen:
        """The eigenvalues other than zero and their vectors, as many as R has rank.

        With LD from r people the cost is p r^2, not p^3. Where R has no such form, they are all.
        """
        thin = None if "eigen" in self.__dict__ else thin_spectrum(self.R)
        return self.eigen if thin is None else thin

    @cached_property
    def frobenius_squared(self) -> float:
        """Sum of the squared entries of ``R``."""
        return float(np.vdot(self.R, self.R))

    def block(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return correlations of some variants with others, shape (len(rows), len(columns))."""
        return self.R[np.ix_(rows, columns)]

    def product(self, b: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return ``R @ b``, reading only the rows that matter."""
        size = np.abs(b)
        keep = np.flatnonzero(size > _NEGLIGIBLE * size.max())
        if 4 * keep.size < self.p:
            return b[keep] @ self.R[keep]
        return self.R @ b


def prepare_ld(R: ArrayLike | LDMatrix, p: int | None = None) -> LDMatrix:
    """Check a correlation matrix and make it ready for fitting.

    Parameters
    ----------
    R : array_like, shape (p, p)
        Correlations r (not r squared) between the variants, signed by the same
        effect alleles as the z-scores.
    p : int, optional
        Number of variants there have to be.

    Returns
    -------
    LDMatrix

    Raises
    ------
    InputError
        If ``R`` is not square, of another size than ``p``, has missing or
        infinite entries, is not symmetric, has a diagonal that is not one, or
        entries outside [-1, 1].

    Examples
    --------
    >>> prepare_ld([[1.0, -0.3], [-0.3, 1.0]]).p
    2
    """
    if isinstance(R, LDMatrix):
        _check_size(R.R, p)
        return R
    try:
        matrix = np.asarray(R, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"R: cannot be read as a table of numbers ({error}); expected a p x p matrix of "
            f"correlations; drop identifier columns first"
        ) from error
    except MemoryError as error:
        raise InputError(
            f"R: {np.shape(R)[0]:,} variants take {8e-9 * np.shape(R)[0] ** 2:,.1f} GB as a "
            f"matrix of doubles, more than there is memory; expected fewer; cut the locus, or "
            f"pass the panel's genotypes X in place of R"
        ) from error
    _check_size(matrix, p)
    _check_finite(matrix)
    matrix, gap = _symmetric(matrix)
    _check_range(matrix)
    # R's own matrices lie column by column: being symmetric, they are read by rows as they are.
    matrix = np.ascontiguousarray(matrix.T if matrix.flags.f_contiguous else matrix).view()
    matrix.flags.writeable = False
    doubts = _doubts(matrix)
    if gap > ROUNDING:
        doubts = (
            f"R was not symmetric, by up to {gap:.2g}: r(i, j) and r(j, i) were averaged. Compute "
            f"both from the same people.",
            *doubts,
        )
    return LDMatrix(matrix, doubts)


def thin_spectrum(R: NDArray[np.float64]) -> Eigen | None:
    """Eigenvalues above zero of a correlation matrix of low rank, None where the rank is high.

    A pivoted Cholesky factor F, p x r, stops at the rank r; the eigenvectors of F F' are those of
    the small F'F, seen through F. A matrix that is not positive semidefinite has no such factor:
    None.

    Parameters
    ----------
    R : ndarray, shape (p, p)

    Returns
    -------
    Eigen or None
        Shapes (r,) and (p, r).

    References
    ----------
    Higham (2002), Accuracy and Stability of Numerical Algorithms, 2nd ed., section 10.3.

    Examples
    --------
    >>> lone = np.kron(np.eye(2), np.ones((3, 3)))
    >>> thin_spectrum(lone).values.round(6).tolist()
    [3.0, 3.0]
    """
    p = R.shape[0]
    packed, pivots, rank, _ = dpstrf(R.T, tol=_EXPLAINED, lower=1)
    if rank > _THIN * p:
        return None
    factor = np.empty((p, rank))
    factor[pivots - 1] = np.tril(packed[:, :rank])
    probe = np.random.default_rng(0).standard_normal(p)
    if np.abs(R @ probe - factor @ (factor.T @ probe)).max() > _ROUND_OFF * p:
        return None
    values, inner = eigh(factor.T @ factor, check_finite=False)
    some = values > _EXPLAINED * p
    vectors = factor @ (inner[:, some] / np.sqrt(values[some]))
    # Those of small values are not quite orthogonal yet: a Newton step towards it.
    vectors = 1.5 * vectors - 0.5 * (vectors @ (vectors.T @ vectors))
    return Eigen(values[some], vectors)


def _check_size(matrix: NDArray[np.float64], p: int | None) -> None:
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise InputError(
            f"R: found shape {matrix.shape}; expected a square p x p matrix of correlations; "
            f"pass np.corrcoef(genotypes, rowvar=False), not the genotypes"
        )
    if p is not None and matrix.shape[0] != p:
        raise InputError(
            f"R: found {matrix.shape[0]} x {matrix.shape[0]} for {p} z-scores; expected "
            f"{p} x {p}; keep the same variants in the same order on both sides"
        )


def _check_finite(matrix: NDArray[np.float64]) -> None:
    if np.isfinite(matrix.sum()):
        return
    finite = np.isfinite(matrix)
    if finite.all():
        return
    diagonal = np.flatnonzero(~np.isfinite(np.diagonal(matrix)))
    row, column = np.argwhere(~finite)[0]
    where = f"first at row {row}, column {column}"
    if diagonal.size:
        where += f"; {diagonal.size} variants have no correlation even with themselves"
    raise InputError(
        f"R: {int((~finite).sum())} entries are NaN or infinite ({where}); expected finite "
        f"correlations; drop variants that do not vary in the LD panel (monomorphic), "
        f"from R and from z"
    )


def _symmetric(matrix: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Return the matrix itself, or its symmetric part, and the largest gap between halves."""
    # One product from either side tells, and is far cheaper than a transposed walk.
    probe = np.random.default_rng(0).standard_normal(matrix.shape[0])
    if np.abs(matrix @ probe - probe @ matrix).max() <= 1e-12 * matrix.shape[0]:
        return matrix, 0.0
    gap = np.abs(matrix - matrix.T)
    worst = float(gap.max())
    if worst == 0.0:
        return matrix, 0.0
    if worst > ASYMMETRY:
        row, column = np.unravel_index(int(gap.argmax()), gap.shape)
        raise InputError(
            f"R: not symmetric (R[{row}, {column}] = {matrix[row, column]:.6g} but "
            f"R[{column}, {row}] = {matrix[column, row]:.6g}); expected r(i, j) = r(j, i); "
            f"if the file holds one triangle, mirror it"
        )
    return (matrix + matrix.T) / 2.0, worst


def _check_range(matrix: NDArray[np.float64]) -> None:
    diagonal = np.diagonal(matrix)
    off = np.abs(diagonal - 1.0)
    if off.max() > ROUNDING:
        row = int(off.argmax())
        hint = (
            "a diagonal of zero is a monomorphic variant: drop it from R and from z"
            if diagonal[row] == 0.0
            else "turn covariances into correlations: R / sqrt(outer(diag, diag))"
        )
        raise InputError(
            f"R: the diagonal is not one (R[{row}, {row}] = {diagonal[row]:.6g}); expected the "
            f"correlation of each variant with itself, 1; {hint}"
        )
    low, high = float(matrix.min()), float(matrix.max())
    if low < -1.0 - ROUNDING or high > 1.0 + ROUNDING:
        worst = low if -low > high else high
        raise InputError(
            f"R: found an entry of {worst:.6g}; expected correlations between -1 and 1; "
            f"turn covariances into correlations first"
        )


def _doubts(matrix: NDArray[np.float64]) -> tuple[str, ...]:
    if not looks_squared(matrix):
        return ()
    return (
        f"R holds no negative entry among {matrix.shape[0]} variants, so it looks like r squared: "
        f"fine-mapping needs the signed r (plink --r square, not --r2).",
    )
