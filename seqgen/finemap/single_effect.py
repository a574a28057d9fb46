"""One effect: which of p variants carries it, and how large it is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from seqgen.finemap.minimise import SQRT_EPS, minimise_bounded

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Search interval of the log prior variance, as in susieR.
_LOG_V_BOUNDS = (-30.0, 15.0)


class SingleEffect(NamedTuple):
    """Posterior of one effect; arrays have shape (p,), the rest are numbers."""

    alpha: NDArray[np.float64]
    mu: NDArray[np.float64]
    mu2: NDArray[np.float64]
    lbf_variable: NDArray[np.float64]
    V: float
    lbf: float
    kl: float


@dataclass(frozen=True, eq=False)
class EffectPrior:
    """Prior of one effect.

    Attributes
    ----------
    weights : ndarray, shape (p,)
        Prior inclusion weights plus 1.49e-8. susieR adds this so that the log
        of a zero weight exists: a variant of weight zero is thus very unlikely
        rather than impossible. Not in version 0.12.
    method : {"optim", "EM", "simple", "fixed"}
        What becomes of the prior variance, as susieR's ``estimate_prior_method``: the one of
        greatest evidence, one step of the EM algorithm, the given one or zero, the given one.
    null_threshold : float
        By how many log units a variance has to beat zero to be kept ("optim", "simple").
    null_weight : float
        Prior weight of no effect at all, plus the same 1.49e-8; zero where there is none.
    grid, mixture : ndarray, shape (K,), optional
        Variances and their weights where the prior is a mixture of normal distributions.
    largest_variance : float, optional
        For "optim": seek the variance up to this one on its own scale, not by its logarithm.
    """

    weights: NDArray[np.float64]
    method: str = "optim"
    null_threshold: float = 0.0
    null_weight: float = 0.0
    grid: NDArray[np.float64] | None = None
    mixture: NDArray[np.float64] | None = None
    largest_variance: float | None = None

    @classmethod
    def from_weights(
        cls,
        weights: NDArray[np.float64],
        *,
        method: str = "optim",
        null_threshold: float = 0.0,
        null_weight: float = 0.0,
        exact: bool = False,
    ) -> EffectPrior:
        """Build the prior from weights that, with ``null_weight``, sum to one.

        Where ``exact``, nothing is added to them.
        """
        more = 0.0 if exact else SQRT_EPS
        return cls(
            weights + more, method, null_threshold, null_weight + more if null_weight else 0.0
        )


class Evidence:
    """Log marginal likelihood ratio of one effect as a function of its prior variance.

    For variant j with estimate b and squared standard error s the Bayes factor
    against no effect is sqrt(s / (V + s)) exp(b^2 V / (2 s (V + s))); the
    evidence is the logarithm of their average under the prior weights.

    Parameters
    ----------
    betahat : ndarray, shape (p,)
        Effect estimates from the residuals, standardised scale.
    shat2 : float or ndarray, shape (p,)
        Squared standard errors.
    prior : EffectPrior

    References
    ----------
    Wakefield (2009), Genet. Epidemiol. 33:79-86.
    """

    def __init__(
        self, betahat: NDArray[np.float64], shat2: float | NDArray[np.float64], prior: EffectPrior
    ) -> None:
        self.betahat = betahat
        self.shat2 = shat2
        self.weights, self.null_weight = prior.weights, prior.null_weight
        self.at_zero = math.log(float(prior.weights.sum()) + prior.null_weight)
        self._half_chi2 = 0.5 * betahat * betahat / shat2
        self._largest = float(self._half_chi2.max())
        self._below = self._half_chi2 - self._largest
        self._work = np.empty_like(betahat)

    def __call__(self, V: float) -> float:
        """Return the log evidence at prior variance ``V``."""
        if V == 0.0:
            return self.at_zero
        work = self._work
        if isinstance(self.shat2, float):
            ratio = V / (V + self.shat2)
            np.multiply(self._below, ratio, out=work)
            np.exp(work, out=work)
            shift = self._largest * ratio - 0.5 * math.log1p(V / self.shat2)
            return self._total(float(self.weights @ work), shift)
        # The square root of the variance ratio multiplies the exponential: no
        # logarithm over the variants is needed.
        inverse = np.add(self.shat2, V, out=work)
        np.reciprocal(inverse, out=inverse)
        shrunk = np.sqrt(self.shat2 * inverse)
        shrunk *= self.weights
        np.multiply(work, self._half_chi2, out=work)
        np.multiply(work, V, out=work)
        top = float(work.max())
        np.subtract(work, top, out=work)
        np.exp(work, out=work)
        return self._total(float(shrunk @ work), top)

    def _total(self, variants: float, shift: float) -> float:
        """Log of what the variants and no effect at all weigh together."""
        null = self.null_weight * math.exp(-shift) if self.null_weight else 0.0
        return math.log(variants + null) + shift

    def log_bayes_factors(self, V: float) -> NDArray[np.float64]:
        """Return the log Bayes factor of each variant, shape (p,)."""
        if V == 0.0:
            return np.zeros_like(self.betahat)
        total = V + self.shat2
        return self._half_chi2 * (V / total) - 0.5 * np.log1p(V / self.shat2)


def fit_single_effect(
    betahat: NDArray[np.float64],
    shat2: float | NDArray[np.float64],
    prior: EffectPrior,
    *,
    V: float,
    error_variance: float,
) -> SingleEffect:
    """Fit a single effect to residual estimates.

    Parameters
    ----------
    betahat : ndarray, shape (p,)
        Effect estimates from the residuals.
    shat2 : float or ndarray, shape (p,)
        Squared standard errors.
    prior : EffectPrior
        Weights, and whether the prior variance is estimated.
    V : float
        Current prior variance.
    error_variance : float
        Squared standard error without inflation, the one the bound's
        likelihood term uses; 0 where it is each variant's own.

    Returns
    -------
    SingleEffect

    References
    ----------
    Wang, Sarkar, Carbonetto, Stephens (2020), JRSS B 82:1273-1300.
    """
    evidence = Evidence(betahat, shat2, prior)
    V = _chosen_variance(evidence, prior, V)
    lbf_variable = evidence.log_bayes_factors(V)
    alpha, lbf = posterior_weights(lbf_variable, prior)
    if V == 0.0:
        none, lbf = np.zeros_like(betahat), evidence.at_zero
        return SingleEffect(alpha, none, none, lbf_variable, 0.0, lbf, -lbf)
    shrink = V / (V + shat2)
    mu = shrink * betahat
    mu2 = shrink * shat2 + mu * mu
    fit = float(np.sum(alpha * (mu * betahat - 0.5 * mu2) / (error_variance or shat2)))
    V = float(alpha @ mu2) if prior.method == "EM" else V
    return SingleEffect(alpha, mu, mu2, lbf_variable, V, lbf, fit - lbf)


def posterior_weights(
    lbf_variable: NDArray[np.float64], prior: EffectPrior
) -> tuple[NDArray[np.float64], float]:
    """Return inclusion probabilities, shape (p,), and the effect's log Bayes factor."""
    shift = float(lbf_variable.max())
    alpha = np.exp(lbf_variable - shift)
    alpha *= prior.weights
    total = float(alpha.sum())
    if prior.null_weight:
        total += prior.null_weight * math.exp(-shift)
    alpha /= total
    return alpha, math.log(total) + shift


def _chosen_variance(evidence: Evidence, prior: EffectPrior, V: float) -> float:
    if prior.method == "optim":
        return estimate_prior_variance(
            evidence, V, prior.null_threshold, largest=prior.largest_variance
        )
    if prior.method == "simple" and evidence.at_zero + prior.null_threshold >= evidence(V):
        return 0.0
    return V


def estimate_prior_variance(
    evidence: Evidence, current: float, null_threshold: float, *, largest: float | None = None
) -> float:
    """Return the prior variance of greatest evidence, zero where that is as good.

    It is sought by its logarithm, or up to ``largest`` on its own scale.
    """
    if largest is None:
        log_V, negative = minimise_bounded(lambda log_V: -evidence(math.exp(log_V)), _LOG_V_BOUNDS)
        V, best = math.exp(log_V), -negative
    else:
        V, negative = minimise_bounded(lambda V: -evidence(V), (0.0, largest))
        best = -negative
    at_current = evidence(current)
    if at_current > best:
        V, best = current, at_current
    return 0.0 if evidence.at_zero + null_threshold >= best else V
