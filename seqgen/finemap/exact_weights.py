"""One effect as susieR 0.12 fits it: weights of zero exclude, and "EM" drops effects."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from seqgen.finemap.single_effect import EffectPrior, Evidence, SingleEffect

if TYPE_CHECKING:
    from numpy.typing import NDArray


class FitEffect(Protocol):
    """`fit_single_effect`, or what gives the same answers."""

    def __call__(
        self,
        betahat: NDArray[np.float64],
        shat2: float | NDArray[np.float64],
        prior: EffectPrior,
        *,
        V: float,
        error_variance: float,
    ) -> SingleEffect:
        """Fit a single effect to residual estimates."""


def fit_with_exact_weights(
    betahat: NDArray[np.float64],
    shat2: float | NDArray[np.float64],
    prior: EffectPrior,
    *,
    V: float,
    error_variance: float,
    fit_effect: FitEffect,
) -> SingleEffect:
    """Fit a single effect among the variants whose weight is not zero.

    Parameters
    ----------
    betahat, shat2, prior, V, error_variance
        As of `fit_single_effect`.
    fit_effect : callable
        What fits them.

    Returns
    -------
    SingleEffect
        By "EM", V may be zero while ``mu`` is not: the effect is gone from the next sweep on.
    """
    can = prior.weights > 0.0
    if can.all():
        answer = fit_effect(betahat, shat2, prior, V=V, error_variance=error_variance)
        return _without_null(answer, (betahat, shat2, prior), V)
    # Left in with a weight of zero, an excluded variant of overwhelming evidence would leave
    # nothing of the others in double precision.
    known = shat2 if isinstance(shat2, float) else shat2[can]
    allowed = replace(prior, weights=np.ascontiguousarray(prior.weights[can]))
    answer = fit_effect(betahat[can], known, allowed, V=V, error_variance=error_variance)
    at = V if prior.method == "EM" else answer.V
    wide = _everywhere(answer, can, Evidence(betahat, shat2, prior).log_bayes_factors(at))
    if at > 0.0:
        shrink = at / (at + shat2)
        wide.mu[:] = shrink * betahat
        wide.mu2[:] = shrink * shat2 + wide.mu**2
    return _without_null(wide, (betahat[can], known, allowed), V)


def _everywhere(
    answer: SingleEffect, can: NDArray[np.bool_], lbf_variable: NDArray[np.float64]
) -> SingleEffect:
    alpha = np.zeros(can.size)
    alpha[can] = answer.alpha
    mu, mu2 = np.zeros((2, can.size))
    return answer._replace(alpha=alpha, mu=mu, mu2=mu2, lbf_variable=lbf_variable)


def _without_null(
    answer: SingleEffect,
    data: tuple[NDArray[np.float64], float | NDArray[np.float64], EffectPrior],
    before: float,
) -> SingleEffect:
    """By "EM", a variance of zero where no effect explains the data as well."""
    prior = data[2]
    if prior.method != "EM" or before == 0.0:
        return answer
    # No effect at all, where it has a weight, keeps the variance that it had.
    V = answer.V + before * max(0.0, 1.0 - float(answer.alpha.sum())) * (prior.null_weight > 0.0)
    evidence = Evidence(*data)
    null = evidence.at_zero + prior.null_threshold >= evidence(V)
    return answer._replace(V=0.0 if null else V)
