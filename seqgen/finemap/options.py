"""Settings of a SuSiE fit that few people change."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from seqgen.errors import InputError
from seqgen.finemap.checks import check_count, check_number

_CHOICES = {
    "compat": ("0.16", "0.12"),
    "convergence_method": ("elbo", "pip"),
    "z_method": ("wald", "score"),
    "estimate_prior_method": ("optim", "EM", "simple"),
    "unmappable_effects": ("none", "inf", "ash"),
    "engine": ("auto", "compiled", "numpy"),
}


# Tolerance of the bound by version.
_TOL = {"0.16": 1e-4, "0.12": 1e-3}
# What susieR 0.12 does not have.
_SINCE_0_16 = (
    "convergence_method",
    "z_method",
    "L_greedy",
    "unmappable_effects",
    "prior_variance_grid",
    "slot_prior",
)


@dataclass(frozen=True)
class SusieOptions:
    """Settings of `susie_rss`, `susie_ss` and `susie`, as in susieR 0.16.5.

    Names, meanings and defaults are susieR's where nothing else is said.

    Attributes
    ----------
    tol : float, optional
        Convergence tolerance of the bound, or of alpha and PIP; where None 1e-4.
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
    greedy_lbf_cutoff : float
        Log Bayes factor below which an effect finds nothing.
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
    unmappable_effects : {"none", "inf", "ash"}
        Effects beside the L, on every variant: normally distributed ("inf", SuSiE-inf), or of
        many sizes ("ash", SuSiE-ash). They take up what many small effects would otherwise turn
        into findings; their variance and predictions are ``tau2`` and ``theta`` of the result's
        ``diagnostics``. "ash" has a ``slot_prior``, (1, 2) where left out, and alternates between
        both kinds of effects only where the residual variance is estimated; otherwise, as from
        z-scores by default, small effects are fitted once to what the L leave, as in susieR.
    prior_variance_grid, mixture_weights : tuple of float, optional
        Prior of an effect as a mixture of normal distributions of these variances, which are
        not estimated then; equal weights where left out.
    slot_prior : (float, float), optional
        Shapes a and b of a beta distribution of the probability that one of the L effects is
        there, e.g. (1, 9) expects one in ten. PIPs count effects by that (``slot_weights`` of
        ``diagnostics``); ``coef`` takes them as there.
    residual_variance_lowerbound, residual_variance_upperbound : float, optional
        Bounds of the estimated residual variance; where None a ten thousandth of the phenotype's
        variance from genotypes, and none otherwise.
    compat : {"0.16", "0.12"}
        The version of susieR whose answers are given. "0.12" (0.12.35) stops at 1e-3 (``tol``) or
        where the bound falls, sweeps up to 100 times (``max_iter``), excludes variants of weight
        zero altogether, lets "EM" drop effects, takes any gain by ``refine``, starts added
        effects of a ``model_init`` with the variances of all reset, and estimates the residual
        variance in `susie_rss_lambda`. Purity is of all pairs in either, not of 100 variants
        drawn.
    engine : {"auto", "compiled", "numpy"}
        What fits the effects, with the same answers (seqgen's): compiled loops, or NumPy, two
        or three times slower. "auto" takes the compiled ones, and warns where they were not built.

    Examples
    --------
    >>> SusieOptions(compat="0.12").settled(from_z=True).tol
    0.001
    """

    tol: float | None = None
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
    greedy_lbf_cutoff: float = 0.1
    refine: bool = False
    prior_tol: float = 1e-9
    check_prior: bool = True
    artifact_threshold: float = 0.1
    eig_delta_rel: float = 1e-3
    R_sensitivity_threshold: float = math.log(20.0)
    diagnose: bool = True
    unmappable_effects: str = "none"
    prior_variance_grid: tuple[float, ...] | None = None
    mixture_weights: tuple[float, ...] | None = None
    slot_prior: tuple[float, float] | None = None
    residual_variance_lowerbound: float | None = None
    residual_variance_upperbound: float | None = None
    compat: str = "0.16"
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
        bounds = ("residual_variance_lowerbound", "residual_variance_upperbound")
        others = ("check_null_threshold", "prior_tol", "eig_delta_rel", "greedy_lbf_cutoff")
        for name in ("tol", *others, *bounds):
            if getattr(self, name) is not None:
                check_number(name, getattr(self, name), (0.0, 1e300))
        check_number("R_sensitivity_threshold", self.R_sensitivity_threshold, (0.0, 1e300))
        check_number("artifact_threshold", self.artifact_threshold, (0.0, 1.0))
        if self.null_weight:
            check_number("null_weight", self.null_weight, (0.0, 1.0), open_ends=True)
        for name in ("scaled_prior_variance", "prior_variance", "residual_variance"):
            if getattr(self, name) is not None:
                check_number(name, getattr(self, name), (0.0, 1e300), open_ends=True)
        _check_mixture(self.prior_variance_grid, self.mixture_weights)
        if self.slot_prior is not None:
            _check_numbers("slot_prior", self.slot_prior, "the shapes a and b, above 0", count=2)
        self._check_unmappable()
        self._check_compat()

    def _check_unmappable(self) -> None:
        if self.unmappable_effects == "none":
            return
        infinitesimal = self.unmappable_effects == "inf"
        for name, found in (
            ("refine", self.refine),
            ("slot_prior", self.slot_prior is not None and infinitesimal),
            ("prior_variance_grid", self.prior_variance_grid is not None and infinitesimal),
            (
                "estimate_residual_variance",
                self.estimate_residual_variance is False and infinitesimal,
            ),
        ):
            if found:
                raise InputError(
                    f"{name}: found {getattr(self, name)!r} with unmappable_effects="
                    f"{self.unmappable_effects!r}; expected one or the other; leave {name} out"
                )

    def _check_compat(self) -> None:
        for name in _SINCE_0_16 if self.compat == "0.12" else ():
            default = type(self).__dataclass_fields__[name].default
            if getattr(self, name) != default:
                raise InputError(
                    f"{name}: found {getattr(self, name)!r} with compat='0.12'; expected "
                    f"{default!r}, for that version of susieR has nothing else; leave compat out"
                )

    @property
    def mixture(self) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
        """Variances of weight above zero and these weights, where there is a grid."""
        grid = self.prior_variance_grid
        if grid is None:
            return None
        weights = self.mixture_weights or (1.0 / len(grid),) * len(grid)
        kept = [pair for pair in zip(grid, weights, strict=True) if pair[1] > 0.0]
        return tuple(v for v, _ in kept), tuple(w for _, w in kept)

    @property
    def tolerance(self) -> float:
        """That of convergence."""
        return _TOL[self.compat] if self.tol is None else self.tol

    @property
    def variance_method(self) -> str:
        """What becomes of prior variances, see `EffectPrior`."""
        return self.estimate_prior_method if self.estimate_prior_variance else "fixed"

    def settled(self, *, from_z: bool) -> SusieOptions:
        """The same with what is None and differs between z-scores and other data filled in."""
        estimate, most = self.estimate_residual_variance, self.max_iter
        plain = not from_z or self.unmappable_effects == "inf"
        slots = (1.0, 2.0) if self.unmappable_effects == "ash" else None
        few = from_z and self.compat == "0.16"
        return replace(
            self,
            tol=self.tolerance,
            estimate_residual_variance=plain if estimate is None else estimate,
            max_iter=most or (50 if few else 100),
            slot_prior=self.slot_prior or slots,
        )


def _check_numbers(name: str, values: Any, expected: str, *, count: int | None = None) -> None:
    """Refuse what is no tuple of finite numbers above zero."""
    sound = isinstance(values, (tuple, list)) and len(values) == (count or len(values)) > 0
    for value in values if sound else ():
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        sound = sound and number and 0.0 < value < math.inf
    if not sound:
        raise InputError(
            f"{name}: found {values!r}; expected {expected}; pass a tuple, or leave it out"
        )


def _check_mixture(grid: Any, weights: Any) -> None:
    if grid is not None:
        _check_numbers("prior_variance_grid", grid, "variances above 0")
    if weights is None:
        return
    if grid is None:
        raise InputError(
            f"mixture_weights: found {weights!r} without prior_variance_grid; expected both, the "
            f"weights are those of its variances"
        )
    sound = isinstance(weights, (tuple, list)) and len(weights) == len(grid)
    numbers = [value for value in weights if isinstance(value, (int, float))] if sound else []
    sound = sound and len(numbers) == len(grid) and all(value >= 0.0 for value in numbers)
    if not sound or not abs(sum(numbers) - 1.0) < 1e-8:
        raise InputError(
            f"mixture_weights: found {weights!r}; expected {len(grid)} weights of 0 or more that "
            f"sum to 1, one per variance of prior_variance_grid; divide them by their sum"
        )
