"""Settings of a SuSiE fit that few people change."""

from __future__ import annotations

import math
from dataclasses import dataclass

from seqgen.errors import InputError
from seqgen.finemap.checks import check_count, check_number


@dataclass(frozen=True)
class SusieOptions:
    """Settings of `susie_rss`, with susieR's names, meanings and defaults (0.16.5).

    Attributes
    ----------
    tol : float
        Convergence tolerance of the bound, or of alpha and PIP.
    max_iter : int
        Most sweeps over the effects.
    convergence_method : {"elbo", "pip"}
        What has to stand still. With ``R_finite`` or ``R_mismatch`` it is
        always "pip", because the bound does not exist then.
    estimate_prior_variance : bool
        Estimate each effect's prior variance (Brent, on its logarithm).
    scaled_prior_variance : float
        Starting, or fixed, prior variance as a share of the phenotype's.
    prior_variance : float
        The same on the scale of z where the sample size is unknown.
    check_null_threshold : float
        By how many log units an effect has to beat no effect to be kept.
    estimate_residual_variance : bool
        Only with LD from the GWAS's own people.
    residual_variance : float
        Starting, or fixed, residual variance.
    prior_tol : float
        Effects whose prior variance is not above this are no effects.
    check_prior : bool
        Refuse prior variances beyond 100 times the largest z squared.
    artifact_threshold : float
        Share of the residual in the panel's null space that raises the flag.
    eig_delta_rel : float
        Eigenvalues up to this share of the largest span the null space.
    R_sensitivity_threshold : float
        Loss of log Bayes factor to the panel that raises the flag at a set.
    diagnose : bool
        Look for artifacts in the panel's null space, which needs its eigenvectors (seqgen's).
    engine : {"auto", "compiled", "numpy"}
        What fits the effects, with the same answers (seqgen's): compiled loops, or NumPy, about
        ten times slower. "auto" takes the compiled ones, and warns where they were not built.

    Examples
    --------
    >>> SusieOptions(max_iter=100).tol
    0.0001
    """

    tol: float = 1e-4
    max_iter: int = 50
    convergence_method: str = "elbo"
    estimate_prior_variance: bool = True
    scaled_prior_variance: float = 0.2
    prior_variance: float = 50.0
    check_null_threshold: float = 0.0
    estimate_residual_variance: bool = False
    residual_variance: float = 1.0
    prior_tol: float = 1e-9
    check_prior: bool = True
    artifact_threshold: float = 0.1
    eig_delta_rel: float = 1e-3
    R_sensitivity_threshold: float = math.log(20.0)
    diagnose: bool = True
    engine: str = "auto"

    def __post_init__(self) -> None:
        check_count("max_iter", self.max_iter, "50 is the default")
        if self.convergence_method not in ("elbo", "pip"):
            raise InputError(
                f"convergence_method: found {self.convergence_method!r}; expected 'elbo' or 'pip'; "
                f"correct the spelling"
            )
        if self.engine not in ("auto", "compiled", "numpy"):
            raise InputError(
                f"engine: found {self.engine!r}; expected 'auto', 'compiled' or 'numpy'; correct "
                f"the spelling"
            )
        for name in ("tol", "check_null_threshold", "prior_tol", "eig_delta_rel"):
            check_number(name, getattr(self, name), (0.0, 1e300))
        check_number("R_sensitivity_threshold", self.R_sensitivity_threshold, (0.0, 1e300))
        check_number("artifact_threshold", self.artifact_threshold, (0.0, 1.0))
        for name in ("scaled_prior_variance", "prior_variance", "residual_variance"):
            check_number(name, getattr(self, name), (0.0, 1e300), open_ends=True)
