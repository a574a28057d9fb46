"""SuSiE for summary statistics: the NumPy reference backend."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from seqgen.errors import InputError
from seqgen.finemap import ibss
from seqgen.finemap.checks import (
    as_vector,
    check_count,
    check_n,
    check_number,
    check_prior_weights,
    check_z,
)
from seqgen.finemap.common_variants import CommonVariants
from seqgen.finemap.compiled import use_compiled
from seqgen.finemap.credible_sets import check_set_thresholds
from seqgen.finemap.fitting import Plan, fit_problem, prior_of
from seqgen.finemap.ld import LDMatrix, prepare_ld
from seqgen.finemap.ld_factor import LDFactor, ld_factor
from seqgen.finemap.ld_reference import Panel
from seqgen.finemap.options import SusieOptions
from seqgen.finemap.panel_mixture import PanelMixture, is_several, prepare_panels
from seqgen.finemap.semidefinite import told_if_indefinite
from seqgen.results import FineMapResult

if TYPE_CHECKING:
    from collections.abc import Sequence, Sized

    from numpy.typing import ArrayLike, NDArray

_DEFAULTS = SusieOptions()
_MODES = ("none", "eb")


def susie_rss(
    z: ArrayLike | None = None,
    R: ArrayLike | LDMatrix | LDFactor | Sequence[ArrayLike | LDMatrix] | None = None,
    n: float | None = None,
    *,
    X: ArrayLike | Sequence[ArrayLike] | None = None,
    bhat: ArrayLike | None = None,
    shat: ArrayLike | None = None,
    var_y: float | None = None,
    standardize: bool = True,
    prior_weights: ArrayLike | None = None,
    L: int = 10,
    coverage: float = 0.95,
    min_abs_corr: float = 0.5,
    R_finite: float | None = None,
    R_mismatch: str = "none",
    maf: ArrayLike | None = None,
    maf_thresh: float = 0.0,
    options: SusieOptions = _DEFAULTS,
    model_init: FineMapResult | None = None,
) -> FineMapResult:
    """Fine-map a locus by a sum of single effects, from z-scores and LD.

    Names, meanings and defaults are those of susieR 0.16.5's ``susie_rss``.

    Parameters
    ----------
    z : array_like, shape (p,), optional
        z-scores, signed by the same effect alleles as ``R``.
    R : array_like, shape (p, p), LDMatrix or LDFactor, optional
        Correlations r of the variants; `prepare_ld` once where many fits share it. A list of
        panels is mixed by weights that the data choose (``panel_weights`` of ``diagnostics``,
        equal ones where the panels hold too few people to tell); purity is of the panel that
        fits best by itself (``first_panel``).
    n : float, optional
        Sample size of the GWAS. Without it effects are taken to be tiny.
    X : array_like, shape (B, p), optional
        Genotypes of the B people of the LD panel in place of ``R``, which is then never held:
        for few people and many variants.
    bhat, shat : array_like, shape (p,), optional
        Effects and their standard errors in place of ``z``.
    var_y : float, optional
        Variance of the phenotype, with ``bhat`` and ``shat``: variances and ``coef`` are then on
        its scale.
    standardize : bool
        With ``var_y``, whether effects of all variants have the same prior per standard deviation
        of the genotype, rather than per allele.
    prior_weights : array_like, shape (p,), optional
        Prior inclusion weights on any positive scale; equal where left out. A
        weight of zero makes a variant very unlikely (1.5e-8), not impossible.
        The panel correction sees them only through the effects they favour.
    L : int
        Most effects; superfluous ones get a prior variance of zero.
    coverage : float
        Posterior mass of the credible sets.
    min_abs_corr : float
        Least absolute correlation within a reported set.
    R_finite : float, optional
        People in the reference panel ``R`` comes from; None for LD from the
        GWAS's own people.
    R_mismatch : {"none", "eb"}
        "eb" estimates from the residuals how much further the panel is off.
    maf : array_like, shape (p,), optional
        Minor allele frequencies; variants up to ``maf_thresh`` are left out, and the result is of
        the others.
    maf_thresh : float
    options : SusieOptions
        Settings that few people change.
    model_init : FineMapResult, optional
        A fit of the same variants to start from.

    Returns
    -------
    FineMapResult
        With a panel ``elbo`` is no bound (``diagnostics["elbo_is_bound"]``) and
        ``diagnostics`` hold the panel's size, mismatch and consistency.

    Raises
    ------
    InputError
        If any input is not as described; the message says which and what to do.

    References
    ----------
    Wang, Sarkar, Carbonetto, Stephens (2020), JRSS B 82:1273-1300.
    Zou, Carbonetto, Wang, Stephens (2022), PLoS Genet. 18:e1010299.

    Examples
    --------
    >>> import numpy as np
    >>> r = 0.9 ** np.abs(np.subtract.outer(np.arange(8), np.arange(8)))
    >>> z = 7.0 * r[3]
    >>> fit = susie_rss(z, r, n=5000, L=3)
    >>> int(fit.pip.argmax()), fit.converged
    (3, True)
    """
    if maf is not None:
        common = CommonVariants.of(maf, maf_thresh)
        z, bhat, shat = (
            common.vector(name, values)
            for name, values in (("z", z), ("bhat", bhat), ("shat", shat))
        )
        prior_weights = common.vector("prior_weights", prior_weights)
        R, X = common.square("R", R), common.columns(X)
    scores = _scores(z, bhat, shat)
    n = check_n(n)
    if R_finite is True and X is not None and not is_several(X):
        R_finite = len(cast("Sized", X))
    settings = SusieMapper(L, coverage, min_abs_corr, R_finite, R_mismatch, options)
    if is_several(R) or is_several(X):
        panels = prepare_panels(R, X, scores.size)
        if model_init is not None or var_y is not None:
            raise InputError(
                f"{'var_y' if model_init is None else 'model_init'}: given beside several panels; "
                f"expected z-scores alone, the fit starts from the panel that suits them best"
            )
        fit = _fit_of_panels(scores, (panels, n), settings, prior_weights=prior_weights)
        return fit if maf is None else common.told(fit)
    ld = _ld(cast("Any", R), cast("Any", X), scores.size)
    if R_mismatch == "none":  # Otherwise the diagnostics look at all of R.
        ld = told_if_indefinite(ld, scores)
    scale = _column_scale(scores, n, shat=shat, var_y=var_y)
    problem, plan = _prepared(scores, (ld, n), settings, prior_weights=prior_weights, var_y=var_y)
    if scale is not None and not standardize:
        problem, scale = replace(problem, column_scale=scale), np.ones_like(scale)
    fit = fit_problem(problem, plan, model_init)
    fit = fit if maf is None else common.told(fit)
    return fit if scale is None else replace(fit, X_column_scale_factors=scale)


@dataclass(frozen=True)
class SusieMapper:
    """`susie_rss` with its settings fixed, as a `FineMapper`.

    Attributes
    ----------
    L, coverage, min_abs_corr, R_finite, R_mismatch, options
        As in `susie_rss`.

    Examples
    --------
    >>> mapper = SusieMapper(L=1)
    >>> mapper([5.0, 0.0], [[1.0, 0.0], [0.0, 1.0]], 1000, None).pip.round(2).tolist()
    [1.0, 0.0]
    """

    L: int = 10
    coverage: float = 0.95
    min_abs_corr: float = 0.5
    R_finite: float | None = None
    R_mismatch: str = "none"
    options: SusieOptions = _DEFAULTS

    def __call__(
        self,
        z: ArrayLike,
        R: ArrayLike | LDMatrix,
        n: float | None,
        prior: ArrayLike | None,
    ) -> FineMapResult:
        """Fine-map one locus, see `FineMapper`."""
        return susie_rss(
            z,
            R,
            n,
            prior_weights=prior,
            L=self.L,
            coverage=self.coverage,
            min_abs_corr=self.min_abs_corr,
            R_finite=self.R_finite,
            R_mismatch=self.R_mismatch,
            options=self.options,
        )


def rss_problem(
    z: ArrayLike,
    data: tuple[ArrayLike | LDMatrix | LDFactor, float | None],
    settings: SusieMapper,
    *,
    prior: ArrayLike | None = None,
) -> tuple[ibss.Problem, Plan]:
    """What `susie_rss` would fit to z-scores, LD and sample size, and how; nothing is fitted yet.

    Raises
    ------
    InputError
        As `susie_rss`.
    """
    scores = check_z(z)
    ld = _ld(data[0], None, scores.size)
    if settings.R_mismatch == "none":
        ld = told_if_indefinite(ld, scores)
    return _prepared(scores, (ld, check_n(data[1])), settings, prior_weights=prior)


def _prepared(
    scores: NDArray[np.float64],
    data: tuple[LDMatrix | LDFactor, float | None],
    settings: SusieMapper,
    *,
    prior_weights: ArrayLike | None,
    var_y: float | None = None,
) -> tuple[ibss.Problem, Plan]:
    n = data[1]
    weights = check_prior_weights(prior_weights, scores.size)
    effects = min(check_count("L", settings.L, "10 is the default"), scores.size)
    thresholds = check_set_thresholds(settings.coverage, settings.min_abs_corr)
    panel = _check_panel(settings.R_finite, settings.R_mismatch)
    options = settings.options.settled(from_z=True)
    if panel is not None and options.compat == "0.12":
        raise InputError(
            f"compat: found '0.12' with R_finite={settings.R_finite!r} and R_mismatch="
            f"{settings.R_mismatch!r}; expected '0.16', for that version of susieR knows no "
            f"reference panel; leave one out"
        )
    problem = _problem(scores, data, (weights, panel), options=options, var_y=var_y)
    start_variance = options.prior_variance if n is None else options.scaled_prior_variance
    return problem, Plan(effects, start_variance, thresholds, n_known=n is not None)


def _fit_of_panels(
    scores: NDArray[np.float64],
    data: tuple[tuple[LDMatrix, ...], float | None],
    settings: SusieMapper,
    *,
    prior_weights: ArrayLike | None,
) -> FineMapResult:
    """Fit the panel of the greatest bound, then a mixture that starts from it."""
    panels, n = data
    for name, found, default in (
        ("n", n is None, False),
        ("R_finite", settings.R_finite not in (None, False), False),
        ("R_mismatch", settings.R_mismatch != "none", False),
        ("unmappable_effects", settings.options.unmappable_effects != "none", False),
        ("compat", settings.options.compat != "0.16", False),
        ("refine", settings.options.refine, False),
    ):
        if found != default:
            raise InputError(
                f"{name}: found {'None' if name == 'n' else 'a setting'} with {len(panels)} LD "
                f"panels; expected {'the sample size' if name == 'n' else 'the default'}, which "
                f"alone goes with a mixture of panels; or pass one panel"
            )
    alone = [
        fit_problem(*_prepared(scores, (ld, n), settings, prior_weights=prior_weights))
        for ld in panels
    ]
    best = int(np.argmax([fit.elbo[-1] for fit in alone]))
    options = replace(settings.options, convergence_method="pip")
    problem, plan = _prepared(
        scores, (panels[best], n), replace(settings, options=options), prior_weights=prior_weights
    )
    even = np.full(len(panels), 1.0 / len(panels))
    mixture = PanelMixture(tuple(ld.R for ld in panels), even, best)
    fit = fit_problem(replace(problem, mixture=mixture), plan)
    told = tuple(f"Panel {place}: {one}" for place, ld in enumerate(panels) for one in ld.warnings)
    return replace(fit, warnings=(*told, *fit.warnings))


def adjust_for_variance_explained(z: NDArray[np.float64], n: float | None) -> NDArray[np.float64]:
    """Shrink z-scores to what they are against the full phenotypic variance, shape (p,)."""
    if n is None:
        return z
    return z * np.sqrt((n - 1.0) / (z * z + n - 2.0))


def _check_panel(R_finite: Any, R_mismatch: str) -> Panel | None:
    if R_mismatch not in _MODES:
        raise InputError(
            f"R_mismatch: found {R_mismatch!r}; expected 'none' or 'eb'; 'eb' is the safe choice "
            f"for LD from a reference panel"
        )
    if R_finite is None or R_finite is False:
        return Panel(math.inf, mismatch=True) if R_mismatch == "eb" else None
    number = isinstance(R_finite, (int, float, np.number)) and R_finite is not True
    if not number or not math.isfinite(R_finite) or R_finite <= 0:
        raise InputError(
            f"R_finite: found {R_finite!r}; expected the number of people in the LD panel, above "
            f"0; pass None where the LD comes from the GWAS's own people"
        )
    return Panel(float(R_finite), mismatch=R_mismatch == "eb")


def _scores(
    z: ArrayLike | None, bhat: ArrayLike | None, shat: ArrayLike | None
) -> NDArray[np.float64]:
    if (z is None) == (bhat is None) or (bhat is None) != (shat is None):
        given = [k for k, v in (("z", z), ("bhat", bhat), ("shat", shat)) if v is not None]
        raise InputError(
            f"z: found {' and '.join(given) or 'neither z nor bhat'}; expected z, or bhat and shat "
            f"together"
        )
    if z is not None:
        return check_z(z)
    effects = as_vector("bhat", cast("ArrayLike", bhat), "effect")
    errors = as_vector("shat", cast("ArrayLike", shat), "standard error")
    if effects.size != errors.size:
        raise InputError(
            f"shat: found {errors.size} standard errors for {effects.size} effects; expected one "
            f"each, in the same order"
        )
    bad = np.flatnonzero(~(errors > 0.0) | ~np.isfinite(errors))
    if bad.size:
        raise InputError(
            f"shat: {bad.size} of {errors.size} standard errors are not above 0 and finite (first "
            f"at index {bad[0]}: {errors[bad[0]]}); drop these variants, from R too"
        )
    return check_z(effects / errors)


def _ld(
    R: ArrayLike | LDMatrix | LDFactor | None, X: ArrayLike | None, p: int
) -> LDMatrix | LDFactor:
    if (R is None) == (X is None):
        raise InputError(
            f"R: found {'neither R nor X' if R is None else 'both R and X'}; expected correlations "
            f"R, or genotypes X of the panel"
        )
    factor = R if isinstance(R, LDFactor) else None if X is None else ld_factor(X)
    if factor is None:
        return prepare_ld(cast("ArrayLike", R), p)
    if factor.p != p:
        raise InputError(
            f"X: found {factor.p} columns for {p} z-scores; expected one per variant, in the same "
            f"order"
        )
    return factor


def _column_scale(
    z: NDArray[np.float64], n: float | None, *, shat: ArrayLike | None, var_y: float | None
) -> NDArray[np.float64] | None:
    """Standard deviations of the genotypes, where effects and phenotype have their own scale."""
    if var_y is None:
        return None
    check_number("var_y", var_y, (0.0, 1e300), open_ends=True)
    if n is None or shat is None:
        missing = "n" if n is None else "bhat and shat"
        raise InputError(f"var_y: given without {missing}; expected all of bhat, shat, n and var_y")
    errors = as_vector("shat", shat, "standard error")
    scale: NDArray[np.float64] = np.sqrt(var_y / (z * z + n - 2.0)) / errors
    return scale


def _problem(
    z: NDArray[np.float64],
    data: tuple[LDMatrix | LDFactor, float | None],
    model: tuple[NDArray[np.float64], Panel | None],
    *,
    options: SusieOptions,
    var_y: float | None,
) -> ibss.Problem:
    (ld, n), (weights, panel) = data, model
    size = 2.0 if n is None else n
    adjusted = z if options.z_method == "score" else adjust_for_variance_explained(z, n)
    variance = 1.0 if var_y is None else float(var_y)
    bhat = adjusted * math.sqrt(variance / (size - 1.0))
    shared, prior = prior_of(weights, options)
    compiled = use_compiled(options.engine)
    return ibss.Problem(bhat, size, ld, shared, prior, panel, options, compiled, variance)
