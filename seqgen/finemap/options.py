"""Settings of a SuSiE fit that few people change."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from seqgen.errors import InputError
from seqgen.finemap.checks import check_count, check_number

_CHOICES = {
    "convergence_method": ("elbo", "pip"),
    "z_method": ("wald", "score"),
    "estimate_prior_method": ("optim", "EM", "simple"),
    "engine": ("auto", "compiled", "numpy"),
}


@dataclass(frozen=True)
class SusieOptions:
    """Settings of `susie_rss`, `susie_ss` and `susie`, as in susieR 0.16.5.

    Names, meanings and defaults are susieR's where nothing else is said.

    Attributes
    ----------
    tol : float
        Convergence tolerance of the bound, or of alpha and PIP.
    max_iter : int, optional
        Most sweeps over the effects; where None 50 from z-scores, 100 otherwise.
    convergence_method : {"elbo", "pip"}
        What has to stand still. With ``R_finite`` or ``R_mismatch`` it is
        always "pip", because the bound does not exist then.
    z_method : {"wald", "score"}
        Whether z-scores are of effects with their errors, which are shrunk by what the variant
        itself explains, or of a score test, which are not.
    estimate_prior_variance : bool
        Estimate each effect's prior variance.
    estimate_prior_method : {"optim", "EM", "simple"}
        By the greatest evidence (Brent, on its logarithm); by a step of the EM algorithm in each
        sweep, which is slow to converge; or by keeping it unless no effect is as good.
    scaled_prior_variance : float
        Starting, or fixed, prior variance as a share of the phenotype's.
    prior_variance : float
        The same on the scale of z where the sample size is unknown.
    check_null_threshold : float
        By how many log units an effect has to beat no effect to be kept.
    estimate_residual_variance : bool
        Only with LD from the GWAS's own people. Where None, not from z-scores, else yes.
    residual_variance : float, optional
        Starting, or fixed, residual variance; where None the phenotype's variance.
    null_weight : float
        Prior probability of an effect that it is none; the variants share the rest.
    L_greedy : int, optional
        Begin with this many effects and add as many until one finds nothing, or there are L.
    refine : bool
        Look for a better optimum by fitting without each credible set in turn.
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
    max_iter: int | None = None
    convergence_method: str = "elbo"
    z_method: str = "wald"
    estimate_prior_variance: bool = True
    estimate_prior_method: str = "optim"
    scaled_prior_variance: float = 0.2
    prior_variance: float = 50.0
    check_null_threshold: float = 0.0
    estimate_residual_variance: bool | None = None
    residual_variance: float | None = None
    null_weight: float = 0.0
    L_greedy: int | None = None
    refine: bool = False
    prior_tol: float = 1e-9
    check_prior: bool = True
    artifact_threshold: float = 0.1
    eig_delta_rel: float = 1e-3
    R_sensitivity_threshold: float = math.log(20.0)
    diagnose: bool = True
    engine: str = "auto"

    def __post_init__(self) -> None:
        for name in ("max_iter", "L_greedy"):
            if getattr(self, name) is not None:
                check_count(name, getattr(self, name), "leave it out for the default")
        for name, known in _CHOICES.items():
            if getattr(self, name) not in known:
                raise InputError(
                    f"{name}: found {getattr(self, name)!r}; expected "
                    f"{', '.join(map(repr, known[:-1]))} or {known[-1]!r}; correct the spelling"
                )
        for name in ("tol", "check_null_threshold", "prior_tol", "eig_delta_rel"):
            check_number(name, getattr(self, name), (0.0, 1e300))
        check_number("R_sensitivity_threshold", self.R_sensitivity_threshold, (0.0, 1e300))
        check_number("artifact_threshold", self.artifact_threshold, (0.0, 1.0))
        if self.null_weight:
            check_number("null_weight", self.null_weight, (0.0, 1.0), open_ends=True)
        for name in ("scaled_prior_variance", "prior_variance", "residual_variance"):
            if getattr(self, name) is not None:
                check_number(name, getattr(self, name), (0.0, 1e300), open_ends=True)

    @property
    def variance_method(self) -> str:
        """What becomes of prior variances, see `EffectPrior`."""
        return self.estimate_prior_method if self.estimate_prior_variance else "fixed"

    def settled(self, *, from_z: bool) -> SusieOptions:
        """The same with what is None and differs between z-scores and other data filled in."""
        estimate, most = self.estimate_residual_variance, self.max_iter
        return replace(
            self,
            estimate_residual_variance=not from_z if estimate is None else estimate,
            max_iter=most or (50 if from_z else 100),
        )
