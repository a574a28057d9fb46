"""Small effects of many sizes on all variants at once, fitted by compiled loops."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from seqgen.errors import InputError
from seqgen.finemap.ld_factor import correlations
from seqgen.native import mr_ash_kernels, pointer, whole

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seqgen.finemap.ibss import Problem

_COMPONENTS = 25
_MOST_SWEEPS = 1000


class SmallEffects(NamedTuple):
    """Posterior means ``theta`` (p,), what the fit learned of them, and the noise.

    ``weights`` (K,) are those of the variances ``variances``, of which ``tau2`` is the mean.
    """

    theta: NDArray[np.float64]
    weights: NDArray[np.float64]
    variances: NDArray[np.float64]
    tau2: float
    sigma2: float
    converged: bool


def no_small_effects(problem: Problem, sigma2: float) -> SmallEffects:
    """Return where a fit starts: no effects, all sizes as likely."""
    scale = _scale(problem)
    sizes = (2.0 ** (np.arange(_COMPONENTS) / _COMPONENTS) - 1.0) ** 2
    sizes *= problem.n / (problem.n_minus_1 * float(np.median(scale**2)))
    weights = np.full(_COMPONENTS, 1.0 / _COMPONENTS)
    theta = np.zeros_like(problem.bhat)
    return SmallEffects(theta, weights, sizes * sigma2, 0.0, sigma2, converged=False)


def fit_small_effects(
    problem: Problem, mapped: NDArray[np.float64], start: SmallEffects, *, tol: float
) -> SmallEffects:
    """Fit effects of all variants to what the mapped ones leave.

    Each has a mixture of normal distributions as its prior, whose variances are multiples of
    the residual variance and whose weights are learned (Mr.ASH).

    Parameters
    ----------
    problem : Problem
        Without a panel and of known sample size.
    mapped : ndarray, shape (p,)
        Mapped effects, as the prior sees them.
    start : SmallEffects
        Where to start.
    tol : float
        By how much of their length the effects may move still.

    Raises
    ------
    InputError
        If nothing is left as noise.
    MissingDependencyError
        If the compiled loops were not built.

    References
    ----------
    Kim, Wang, Carbonetto, Stephens (2024), J. Mach. Learn. Res. 25:1-59.
    """
    library, n_minus_1, scale = mr_ash_kernels(), problem.n_minus_1, _scale(problem)
    R = np.ascontiguousarray(correlations(problem.ld))
    signal = n_minus_1 * (problem.bhat - R @ (scale * mapped))
    squares = problem.var_y if problem.mean_square_y is None else problem.mean_square_y
    squares *= n_minus_1
    squares -= float((scale * mapped) @ (n_minus_1 * problem.bhat + signal))
    estimated = bool(problem.options.estimate_residual_variance)
    mu, weights = start.theta.copy(), start.weights.copy()
    left = signal - n_minus_1 * (R @ (scale * mu))
    relative = start.variances / start.sigma2
    settings = np.array([start.sigma2, tol, _MOST_SWEEPS, squares, problem.n, estimated, n_minus_1])
    told, work = np.empty(2), np.empty(2 * len(weights))
    signal = signal * scale
    arrays = (R, scale, signal, relative, settings, weights, mu, left, told, work)
    library.seqgen_mr_ash(*whole(len(mu), len(weights)), *map(pointer, arrays))
    sigma2 = float(told[0])
    if not (sigma2 > 0.0 and np.isfinite(mu).all()):
        raise InputError(
            f"unmappable_effects: the residual variance came out as {sigma2:.3g}; expected a "
            f"positive number; R does not belong to these effects, so check the alleles "
            f"(kriging_rss) or set unmappable_effects='none'"
        )
    tau2 = float(weights @ relative) * sigma2
    return SmallEffects(mu, weights, relative * sigma2, tau2, sigma2, bool(told[1]))


def _scale(problem: Problem) -> NDArray[np.float64]:
    scale = problem.column_scale
    return np.ones_like(problem.bhat) if scale is None else np.ascontiguousarray(scale)
