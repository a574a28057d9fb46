"""Results made of several arrays of different shapes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


@dataclass(frozen=True)
class CredibleSet:
    """One credible set of a fine-mapping fit.

    Attributes
    ----------
    effect : int
        0-based row of ``alpha`` that the set comes from.
    variants : ndarray of int, shape (k,)
        0-based columns, in order of position in the input.
    coverage : float
        Posterior mass the set attains.
    min_abs_corr, mean_abs_corr, median_abs_corr : float
        Purity: absolute correlations among the members.
    log_bayes_factor : float
        Natural-log Bayes factor of the effect.
    """

    effect: int
    variants: np.ndarray
    coverage: float
    min_abs_corr: float
    mean_abs_corr: float
    median_abs_corr: float
    log_bayes_factor: float


@dataclass(frozen=True)
class FineMapResult:
    """Posterior of a sum-of-single-effects fit.

    Attributes
    ----------
    alpha, mu, mu2, lbf_variable : ndarray, shape (L, p)
        Inclusion probabilities, posterior means and second moments given
        inclusion (standardised scale), per-variant log Bayes factors.
    V, lbf, KL : ndarray, shape (L,)
        Prior variance, log Bayes factor and Kullback-Leibler term per effect.
    sigma2 : float
        Residual variance.
    pip : ndarray, shape (p,)
        Posterior inclusion probabilities.
    prior : ndarray, shape (p,)
        Normalised prior inclusion weights that were used.
    elbo : ndarray, shape (niter,)
        Evidence lower bound per iteration. Where a reference panel inflates the
        likelihood there is none (``diagnostics["elbo_is_bound"]`` is False) and
        the entries are minus the summed KL terms, as susieR 0.16.5 reports: they
        serve no comparison between fits.
    niter : int
    converged : bool
    credible_sets : tuple of CredibleSet
    warnings : tuple of str
        What the reader has to know about this fit.
    diagnostics : dict
        What the LD reference panel did to the fit; empty for in-sample LD. Keys
        as in susieR's ``R_finite_diagnostics``: ``B``, ``effective_rank``,
        ``r_over_B``, ``lambda_bias``, ``B_corrected``, ``Q_art``,
        ``artifact_flag``, ``R_sensitivity_flag``, ``R_reliability_flag``, ...
    """

    alpha: np.ndarray
    mu: np.ndarray
    mu2: np.ndarray
    lbf_variable: np.ndarray
    V: np.ndarray
    lbf: np.ndarray
    KL: np.ndarray
    sigma2: float
    pip: np.ndarray
    prior: np.ndarray
    elbo: np.ndarray
    niter: int
    converged: bool
    credible_sets: tuple[CredibleSet, ...]
    warnings: tuple[str, ...] = ()
    diagnostics: dict[str, Any] = field(default_factory=dict)

    def to_frame(self) -> pd.DataFrame:
        """One row per variant: ``pip``, ``prior``, ``cs_id`` (<NA> outside any set)."""
        import pandas as pd

        cs_id = pd.array([None] * len(self.pip), dtype="Int32")
        for number, credible_set in enumerate(self.credible_sets, start=1):
            cs_id[credible_set.variants] = number
        return pd.DataFrame({"pip": self.pip, "prior": self.prior, "cs_id": cs_id})
