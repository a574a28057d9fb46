"""What a reference panel does to the likelihood: its finite size, and its mismatch.

A correlation matrix from B people is a noisy copy of the one behind the GWAS.
Fitted effects pass through it, so their noise is proportional to what has been
fitted: given effects b, the residual z-score of variant j has variance

    sigma2 + (1/B + lambda) s_j,    s_j = (n - 1) ((R b)_j^2 + b' R b).

``1/B`` is the sampling noise of correlations from B people. ``lambda`` (at
least zero) is whatever further discrepancy the residuals show: another
ancestry, other imputation, flipped alleles. It is estimated by maximum
likelihood once per sweep, the "eb" mode of susieR 0.16.

References
----------
Zou, Carbonetto, Wang, Stephens (2022), PLoS Genet. 18:e1010299.
susieR 0.16.5, arguments ``R_finite`` and ``R_mismatch``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from seqgen.finemap.minimise import minimise_bounded

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seqgen.finemap.ld import Eigen, LDMatrix
    from seqgen.finemap.ld_factor import LDFactor

_TINY = 2.0**-52
# An estimate this small a part of its standard error at zero is noise.
_NOISE_FLOOR = 0.1


@dataclass(frozen=True)
class Panel:
    """A reference panel as the likelihood sees it.

    Attributes
    ----------
    size : float
        People in the panel, B; infinite where only mismatch is modelled.
    mismatch : bool
        Whether the excess ``lambda`` is estimated.
    """

    size: float
    mismatch: bool

    def noise(self, lambda_bias: float) -> float:
        """Return 1/B + lambda."""
        return 1.0 / self.size + lambda_bias

    def effective_size(self, lambda_bias: float) -> float:
        """Return the size of the ideal panel that would be as noisy."""
        noise = self.noise(lambda_bias)
        return math.inf if noise == 0.0 else 1.0 / noise


class Artifact(NamedTuple):
    """Share of a residual that lies where the panel says nothing varies."""

    Q_art: float
    evaluable: bool
    low_eigen_count: int
    eig_delta: float


def signal_scale(
    fitted: NDArray[np.float64], b: NDArray[np.float64], n_minus_1: float
) -> NDArray[np.float64]:
    """Return s_j of the module's formula from ``fitted`` = R b, both of shape (p,)."""
    explained = max(float(b @ fitted), 0.0)
    return n_minus_1 * (fitted * fitted + explained)


def estimate_mismatch(
    residual: NDArray[np.float64], scale: NDArray[np.float64], *, sigma2: float, panel_size: float
) -> float:
    """Estimate ``lambda``, the panel's mismatch beyond its finite size.

    Parameters
    ----------
    residual : ndarray, shape (p,)
        Residual z-scores.
    scale : ndarray, shape (p,)
        s_j of the module's formula.
    sigma2 : float
        Residual variance.
    panel_size : float
        B, possibly infinite.

    Returns
    -------
    float
        Maximum-likelihood estimate; zero where it is within a tenth of its
        standard error at zero.

    Examples
    --------
    >>> z = np.tile([3.0, -3.0], 50)
    >>> round(estimate_mismatch(z, np.full(100, 8.0), sigma2=1.0, panel_size=np.inf), 6)
    1.0
    """
    keep = scale > _TINY
    if not keep.any() or sigma2 <= _TINY:
        return 0.0
    squared, s = residual[keep] ** 2, scale[keep]
    base = sigma2 + s / panel_size

    def negative_log_likelihood(value: float) -> float:
        variance = base + value * s
        return 0.5 * float(np.sum(np.log(variance) + squared / variance))

    excess = (squared - base) / s
    upper = max(1.0, 100.0 / panel_size, 10.0 * float(excess.max()))
    while negative_log_likelihood(upper) < negative_log_likelihood(upper / 2.0) and upper < 1e300:
        upper *= 10.0
    estimate, value = minimise_bounded(negative_log_likelihood, (0.0, upper), tol=1e-8)
    if negative_log_likelihood(0.0) <= value:
        return 0.0
    standard_error = math.sqrt(2.0 / float(np.sum((s / base) ** 2)))
    return 0.0 if estimate < _NOISE_FLOOR * standard_error else estimate


def coherence(
    ld: LDMatrix | LDFactor, alpha: NDArray[np.float64], prior: NDArray[np.float64]
) -> float:
    """Return the mean squared correlation among the candidates of one effect.

    Candidates are the variants whose probability at least doubled. A value near
    one says that a single tight block explains the first signal, so what is
    left over speaks of mismatch; a low value says that the first signal is
    spread out and the estimate of mismatch must not be trusted as much.
    """
    keep = np.flatnonzero((alpha > 0.0) & (alpha >= 2.0 * prior))
    if keep.size == 0:
        return 1.0
    weight = alpha[keep] / alpha[keep].sum()
    block = ld.block(keep, keep)
    return min(1.0, max(0.0, float(weight @ (block * block) @ weight)))


def residual_artifact(
    eigen: Eigen, residual: NDArray[np.float64], relative_delta: float
) -> Artifact:
    """Measure how much of a residual lies in the near-null space of the panel.

    Parameters
    ----------
    eigen : Eigen
        Eigendecomposition of R; directions that it leaves out count as null.
    residual : ndarray, shape (p,)
        Residual z-scores after the fit.
    relative_delta : float
        Eigenvalues up to this share of the largest count as null.
    """
    delta = relative_delta * float(eigen.values[-1])
    p, rank = eigen.vectors.shape
    first = int(np.searchsorted(eigen.values, delta, side="right"))
    low = first + p - rank
    norm = float(residual @ residual)
    if low == 0 or norm <= 1e-12:
        return Artifact(0.0, False, low, delta)
    if rank == p:
        part = eigen.vectors[:, :first].T @ residual
    else:
        seen = eigen.vectors[:, first:]
        part = residual - seen @ (seen.T @ residual)
    return Artifact(float(part @ part) / norm, True, low, delta)


def panel_size_diagnostics(ld: LDMatrix | LDFactor, panel: Panel) -> dict[str, Any]:
    """Return the panel's size against the number of independent directions in the locus.

    ``effective_rank`` is p^2 over the squared Frobenius norm of R after taking
    off what sampling noise adds to it; ``r_over_B`` is that per person.
    """
    p, size = ld.p, panel.size
    norm = ld.frobenius_squared
    if math.isfinite(size):
        norm = (size * norm - p * p) / (size + 1.0)
    rank = p * p / max(norm, 1.0)
    return {
        "B": size,
        "p": p,
        "R_frob_sq_debiased": norm,
        "effective_rank": rank,
        "r_over_B": rank / size,
    }


def bayes_factor_loss(
    betahat: NDArray[np.float64],
    inflated: tuple[float, NDArray[np.float64]],
    V: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return by how much the panel lowers each log Bayes factor, at least zero.

    Parameters
    ----------
    betahat : ndarray, shape (L, p)
        Residual estimates each effect was fitted to.
    inflated : (float, ndarray of shape (L, p))
        Squared standard error without the panel, and its inflation factors.
    V : ndarray, shape (L,)
        Prior variances.

    Returns
    -------
    ndarray, shape (L, p)
    """
    error, inflation = inflated
    prior = V[:, np.newaxis]
    half_square = 0.5 * betahat * betahat

    def log_bayes_factor(shat2: NDArray[np.float64] | float) -> NDArray[np.float64]:
        shape = prior / (shat2 + prior) / shat2
        return half_square * shape - 0.5 * np.log1p(prior / shat2)

    return np.maximum(log_bayes_factor(error) - log_bayes_factor(error * inflation), 0.0)
