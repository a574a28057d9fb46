"""Whether z-scores and an LD matrix belong together: inconsistency and switched alleles."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from seqgen.errors import InputError
from seqgen.finemap.checks import check_n, check_number, check_z
from seqgen.finemap.ld import LDMatrix, prepare_ld
from seqgen.finemap.minimise import minimise_bounded
from seqgen.finemap.mixture import mixture_log_likelihood, mixture_weights, normal_log_densities
from seqgen.finemap.susie_rss import adjust_for_variance_explained

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

_METHODS = ("null-mle", "null-partialmle", "null-pseudomle")
# susieR's rule for a switched allele: log likelihood ratio and |z| above these.
_SWITCH_LOG_LR = 2.0
_SWITCH_Z = 2.0
# Spacing and lower end of the grid of standard deviations.
_GRID_RATIO = 1.05
_GRID_LOW = 0.8


@dataclass(frozen=True, eq=False)
class KrigingResult:
    """Each z-score against what its neighbours foretell.

    Attributes
    ----------
    z, condmean, condvar, z_std_diff, logLR : ndarray, shape (p,)
        Adjusted z-score; its mean and variance given all others; the
        standardised difference; the log likelihood ratio of a switched allele.
    switched : ndarray of bool, shape (p,)
        Whether the alleles look switched: ``logLR`` > 2 and |z| > 2.
    s : float
        Inconsistency of the locus, see `estimate_s_rss`.
    """

    z: NDArray[np.float64]
    condmean: NDArray[np.float64]
    condvar: NDArray[np.float64]
    z_std_diff: NDArray[np.float64]
    logLR: NDArray[np.float64]
    switched: NDArray[np.bool_]
    s: float

    def __repr__(self) -> str:
        return (
            f"KrigingResult({len(self.z):,} variants, s {self.s:.3g}, "
            f"{int(self.switched.sum())} look switched)"
        )

    def to_frame(self) -> pd.DataFrame:
        """One row per variant, columns as the attributes."""
        import pandas as pd

        names = ("z", "condmean", "condvar", "z_std_diff", "logLR", "switched")
        return pd.DataFrame({name: getattr(self, name) for name in names})


def estimate_s_rss(
    z: ArrayLike,
    R: ArrayLike | LDMatrix,
    n: float | None = None,
    *,
    method: str = "null-mle",
    r_tol: float = 1e-8,
) -> float:
    """Estimate how inconsistent z-scores and LD are: 0 not at all, 1 entirely.

    Under no effects z is taken to be normal with covariance (1 - s) R + s I.

    Parameters
    ----------
    z : array_like, shape (p,)
        z-scores.
    R : array_like, shape (p, p), or LDMatrix
        Correlations of the variants.
    n : float, optional
        Sample size of the GWAS.
    method : {"null-mle", "null-partialmle", "null-pseudomle"}
        Maximum likelihood; mean square of z in the null space of R (can exceed
        1); or maximum pseudolikelihood.
    r_tol : float
        Eigenvalues below this count as zero.

    Returns
    -------
    float

    Raises
    ------
    InputError
        If an input is not as described.

    References
    ----------
    Zou, Carbonetto, Wang, Stephens (2022), PLoS Genet. 18:e1010299.

    Examples
    --------
    >>> R = np.array([[1.0, 0.99], [0.99, 1.0]])
    >>> estimate_s_rss([5.0, -5.0], R, 1000) > 0.9
    True
    """
    scores, ld = _inputs(z, R, n)
    values, vectors = _spectrum(ld, r_tol)
    if method == "null-mle":
        projected = (vectors.T @ scores) ** 2
        idle, rest = _beyond(vectors, scores, projected)

        def negative_log_likelihood(s: float) -> float:
            variance = (1.0 - s) * values + s
            told = float(np.sum(np.log(variance) + projected / variance))
            return 0.5 * (told + (idle * math.log(s) + rest / s if idle else 0.0))

        return minimise_bounded(negative_log_likelihood, (0.0, 1.0))[0]
    if method == "null-partialmle":
        null, projected = values <= 0.0, (vectors.T @ scores) ** 2
        idle, rest = _beyond(vectors, scores, projected)
        count = idle + int(null.sum())
        return (float(projected[null].sum()) + rest) / count if count else 0.0
    if method == "null-pseudomle":
        return minimise_bounded(lambda s: _negative_pseudo(scores, ld, (s, r_tol)), (0.0, 1.0))[0]
    raise InputError(
        f"method: found {method!r}; expected one of {', '.join(_METHODS)}; correct the spelling"
    )


def kriging_rss(
    z: ArrayLike,
    R: ArrayLike | LDMatrix,
    n: float | None = None,
    *,
    s: float | None = None,
    r_tol: float = 1e-8,
) -> KrigingResult:
    """Compare each z-score with what the others foretell, and find switched alleles.

    Parameters
    ----------
    z : array_like, shape (p,)
        z-scores.
    R : array_like, shape (p, p), or LDMatrix
        Correlations of the variants.
    n : float, optional
        Sample size of the GWAS.
    s : float, optional
        Inconsistency of the locus; `estimate_s_rss` where left out. Above 1 it
        is taken as 0.8.
    r_tol : float
        Eigenvalues below this count as zero.

    Returns
    -------
    KrigingResult

    Raises
    ------
    InputError
        If an input is not as described.

    References
    ----------
    Zou, Carbonetto, Wang, Stephens (2022), PLoS Genet. 18:e1010299.

    Examples
    --------
    >>> lags = np.abs(np.subtract.outer(np.arange(30), np.arange(30)))
    >>> R = 0.95 ** lags
    >>> z = 8.0 * R[15]
    >>> z[14] *= -1.0
    >>> np.flatnonzero(kriging_rss(z, R, 10_000).switched).tolist()
    [14]
    """
    scores, ld = _inputs(z, R, n)
    if s is None:
        s = estimate_s_rss(z, ld, n, r_tol=r_tol)
    s = check_number("s", s, (0.0, 1e300))
    s = 0.8 if s > 1.0 else s
    mean, variance = _conditionals(scores, ld, (s, r_tol))
    difference = scores - mean
    standardised = difference / np.sqrt(variance)
    scales = np.sqrt(variance)[:, np.newaxis] * _scale_grid(standardised)
    kept = normal_log_densities(difference, scales)
    weights = mixture_weights(kept)
    switched = normal_log_densities(scores + mean, scales)
    log_ratio = mixture_log_likelihood(switched, weights) - mixture_log_likelihood(kept, weights)
    return KrigingResult(
        z=scores,
        condmean=mean,
        condvar=variance,
        z_std_diff=standardised,
        logLR=log_ratio,
        switched=(log_ratio > _SWITCH_LOG_LR) & (np.abs(scores) > _SWITCH_Z),
        s=s,
    )


def _inputs(z: ArrayLike, R: ArrayLike | LDMatrix, n: Any) -> tuple[NDArray[np.float64], LDMatrix]:
    scores = check_z(z)
    ld = prepare_ld(R, scores.size)
    return adjust_for_variance_explained(scores, check_n(n)), ld


def _spectrum(ld: LDMatrix, r_tol: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Eigenvalues with small and negative ones at zero, and eigenvectors; zeros may be left out."""
    values, vectors = ld.spectrum
    return np.where(values < r_tol, 0.0, values), vectors


def _beyond(
    vectors: NDArray[np.float64], z: NDArray[np.float64], projected: NDArray[np.float64]
) -> tuple[int, float]:
    """How many directions the eigenvectors leave out, and the sum of squares of z along them."""
    idle = vectors.shape[0] - vectors.shape[1]
    return idle, max(float(z @ z - projected.sum()), 0.0) if idle else 0.0


def _conditionals(
    z: NDArray[np.float64], ld: LDMatrix, ridge: tuple[float, float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and variance of each z given the others, from the regularised precision."""
    s, r_tol = ridge
    values, vectors = _spectrum(ld, r_tol)
    spectrum = (1.0 - s) * values + s
    inverse = np.divide(1.0, spectrum, out=np.zeros_like(spectrum), where=spectrum > 0.0)
    # Along the directions that the eigenvectors leave out the spectrum is s.
    beyond = 1.0 / s if s > 0.0 and vectors.shape[0] > vectors.shape[1] else 0.0
    inverse -= beyond
    diagonal = beyond + (vectors * vectors) @ inverse
    product = beyond * z + vectors @ (inverse * (vectors.T @ z))
    return z - product / diagonal, 1.0 / diagonal


def _negative_pseudo(z: NDArray[np.float64], ld: LDMatrix, ridge: tuple[float, float]) -> float:
    mean, variance = _conditionals(z, ld, ridge)
    return 0.5 * float(np.sum(np.log(2.0 * math.pi * variance) + (z - mean) ** 2 / variance))


def _scale_grid(standardised: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard deviations from below 0.8 to twice the largest difference, geometric."""
    largest = float(np.max(standardised**2))
    top = 2.0 if largest < 1.0 else 2.0 * math.sqrt(largest)
    steps = math.ceil(math.log2(top / _GRID_LOW) / math.log2(_GRID_RATIO))
    return top * _GRID_RATIO ** np.arange(-steps, 1, dtype=np.float64)
