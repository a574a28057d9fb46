"""One effect whose size has a mixture of normal distributions as its prior."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from seqgen.finemap.single_effect import SingleEffect, posterior_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seqgen.finemap.single_effect import EffectPrior


def fit_on_grid(
    betahat: NDArray[np.float64],
    shat2: float | NDArray[np.float64],
    prior: EffectPrior,
    *,
    V: float,
    error_variance: float,
) -> SingleEffect:
    """Fit a single effect of mixed size to residual estimates, see `fit_single_effect`.

    The Bayes factor of a variant is the mixture's average of those at its variances; the
    posterior moments are averaged by how well each variance explains the variant.

    Parameters
    ----------
    betahat : ndarray, shape (p,)
        Effect estimates from the residuals.
    shat2 : float or ndarray, shape (p,)
        Squared standard errors.
    prior : EffectPrior
        With ``grid`` and ``mixture``.
    V : float
        Not used: nothing is estimated.
    error_variance : float
        Squared standard error without inflation, 0 where it is each variant's own.

    Returns
    -------
    SingleEffect
        With the mixture's variance as V.

    References
    ----------
    Stephens (2017), Biostatistics 18:275-294.
    """
    assert prior.grid is not None
    assert prior.mixture is not None
    error = np.broadcast_to(np.asarray(shat2), betahat.shape)[:, np.newaxis]
    estimate = betahat[:, np.newaxis]
    shrink = prior.grid / (prior.grid + error)
    joint = 0.5 * estimate**2 / error * shrink - 0.5 * np.log1p(prior.grid / error)
    joint += np.log(prior.mixture)
    top = joint.max(axis=1)
    share = np.exp(joint - top[:, np.newaxis])
    total = share.sum(axis=1)
    share /= total[:, np.newaxis]
    lbf_variable = top + np.log(total)
    alpha, lbf = posterior_weights(lbf_variable, prior)
    mean = shrink * estimate
    mu = np.sum(share * mean, axis=1)
    mu2 = np.sum(share * (shrink * error + mean**2), axis=1)
    fit = float(np.sum(alpha * (mu * betahat - 0.5 * mu2) / (error_variance or shat2)))
    V = float(prior.mixture @ prior.grid)
    return SingleEffect(alpha, mu, mu2, lbf_variable, V, lbf, fit - lbf)
