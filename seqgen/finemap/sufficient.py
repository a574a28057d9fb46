"""SuSiE for sufficient statistics and for genotypes and phenotypes themselves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import numpy as np

from seqgen.errors import InputError
from seqgen.finemap import ibss
from seqgen.finemap.checks import as_vector, check_count, check_n, check_number, check_prior_weights
from seqgen.finemap.common_variants import CommonVariants
from seqgen.finemap.compiled import use_compiled
from seqgen.finemap.convergence import pips
from seqgen.finemap.credible_sets import check_set_thresholds
from seqgen.finemap.fitting import Plan, fit_problem, prior_of
from seqgen.finemap.ld import LDMatrix, prepare_ld
from seqgen.finemap.ld_factor import LDFactor
from seqgen.finemap.options import SusieOptions
from seqgen.finemap.semidefinite import told_if_indefinite
from seqgen.finemap.single_effect import EffectPrior
from seqgen.results import FineMapResult

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_DEFAULTS = SusieOptions()
# From so many people per variant on, correlations cost less than their factor.
_PEOPLE_PER_VARIANT = 2
# Least residual variance as a share of the phenotype's, as in susieR.
_LEAST_RESIDUAL = 1e-4
# A column of less spread than this share of its size is constant.
_CONSTANT = 1e-10


@dataclass(frozen=True)
class _Data:
    """What a fit needs of the data, for variants that vary.

    ``squares`` (p,) are sums of squares of the columns as the prior sees them, ``scale`` (p,)
    what columns were divided by for that; ``var_y`` the phenotype's variance, ``mean_square_y``
    its sum of squares over n - 1.
    """

    ld: LDMatrix | LDFactor
    Xty: NDArray[np.float64]
    squares: NDArray[np.float64]
    scale: NDArray[np.float64]
    n: float
    var_y: float
    mean_square_y: float


def susie_ss(
    XtX: ArrayLike,
    Xty: ArrayLike,
    yty: float,
    *,
    n: float,
    X_colmeans: ArrayLike | None = None,
    y_mean: float | None = None,
    maf: ArrayLike | None = None,
    maf_thresh: float = 0.0,
    standardize: bool = True,
    prior_weights: ArrayLike | None = None,
    L: int = 10,
    coverage: float = 0.95,
    min_abs_corr: float = 0.5,
    options: SusieOptions = _DEFAULTS,
    model_init: FineMapResult | None = None,
) -> FineMapResult:
    """Fine-map a locus by a sum of single effects, from sufficient statistics.

    Names, meanings and defaults are those of susieR 0.16.5's ``susie_ss``.

    Parameters
    ----------
    XtX : array_like, shape (p, p)
        X'X of the centred genotypes.
    Xty : array_like, shape (p,)
        X'y of the centred genotypes and phenotype.
    yty : float
        Sum of squares of the centred phenotype.
    n : float
        Number of people.
    X_colmeans : array_like, shape (p,), or float, optional
        Means of the genotypes and ``y_mean`` that of the phenotype: for the intercept.
    y_mean : float, optional
    maf, maf_thresh
        As in `susie_rss`.
    standardize : bool
        Whether effects of all variants have the same prior per standard deviation of the
        genotype, rather than per allele.
    prior_weights, L, coverage, min_abs_corr, options, model_init
        As in `susie_rss`. The residual variance is estimated unless ``options`` say otherwise.

    Returns
    -------
    FineMapResult
        Variants that do not vary have no effect and keep their prior weight in ``alpha``.

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
    >>> rng = np.random.default_rng(0)
    >>> X = rng.binomial(2, 0.3, size=(400, 20)).astype(float)
    >>> X -= X.mean(axis=0)
    >>> y = 0.7 * X[:, 5] + rng.normal(size=400)
    >>> y -= y.mean()
    >>> fit = susie_ss(X.T @ X, X.T @ y, y @ y, n=400)
    >>> [one.variants.tolist() for one in fit.credible_sets]
    [[5]]
    """
    if maf is not None:
        common = CommonVariants.of(maf, maf_thresh)
        XtX, Xty = (
            cast("ArrayLike", one) for one in (common.square("XtX", XtX), common.vector("Xty", Xty))
        )
        if np.ndim(cast("ArrayLike", X_colmeans)):
            X_colmeans = common.vector("X_colmeans", X_colmeans)
        prior_weights = common.vector("prior_weights", prior_weights)
    inner = _square(XtX)
    number, total = _known_n(n), check_number("yty", yty, (0.0, 1e300), open_ends=True)
    products = _per_variant("Xty", Xty, len(inner))
    diagonal = np.diagonal(inner).copy()
    if (diagonal < 0.0).any():
        raise InputError(
            f"XtX: a diagonal entry is {diagonal.min():.6g}; expected sums of squares, zero or "
            f"more; pass X.T @ X of the centred genotypes"
        )
    sd = np.sqrt(diagonal / (number - 1.0))
    vary = _some_vary(sd > 0.0)
    kept = sd[vary]
    _check_products(products, diagonal, total)
    ld: LDMatrix | LDFactor = _as_correlations(inner[np.ix_(vary, vary)])
    ld = told_if_indefinite(ld, products[vary] / kept)
    scale = kept if standardize else np.ones_like(kept)
    var_y = total / (number - 1.0)
    data = _Data(ld, products[vary] / scale, diagonal[vary] / scale**2, scale, number, var_y, var_y)
    fit = _fit(
        data,
        (prior_weights, vary),
        (L, coverage, min_abs_corr),
        options=options,
        model_init=model_init,
    )
    fit = fit if maf is None else common.told(fit)
    if X_colmeans is None or y_mean is None:
        return fit
    X_colmeans = np.full(len(inner), X_colmeans) if np.ndim(X_colmeans) == 0 else X_colmeans
    means = _per_variant("X_colmeans", X_colmeans, len(inner))
    return replace(fit, intercept=float(y_mean) - float(means @ fit.coef))


def susie(
    X: ArrayLike,
    y: ArrayLike,
    *,
    standardize: bool = True,
    intercept: bool = True,
    prior_weights: ArrayLike | None = None,
    L: int = 10,
    coverage: float = 0.95,
    min_abs_corr: float = 0.5,
    options: SusieOptions = _DEFAULTS,
    model_init: FineMapResult | None = None,
) -> FineMapResult:
    """Fine-map a locus by a sum of single effects, from genotypes and a phenotype.

    Names, meanings and defaults are those of susieR 0.16.5's ``susie``.

    Parameters
    ----------
    X : array_like, shape (n, p)
        Genotypes, any coding, nothing missing. Regress covariates out of both sides first.
    y : array_like, shape (n,)
        Phenotype.
    standardize : bool
        Whether effects of all variants have the same prior per standard deviation of the
        genotype, rather than per allele.
    intercept : bool
        Whether both sides are centred.
    prior_weights, L, coverage, min_abs_corr, options, model_init
        As in `susie_rss`. The residual variance is estimated unless ``options`` say otherwise.

    Returns
    -------
    FineMapResult
        Variants that do not vary have no effect and keep their prior weight in ``alpha``.

    Raises
    ------
    InputError
        If any input is not as described; the message says which and what to do.

    References
    ----------
    Wang, Sarkar, Carbonetto, Stephens (2020), JRSS B 82:1273-1300.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.binomial(2, 0.3, size=(400, 20))
    >>> y = 1.0 + 0.7 * X[:, 5] + rng.normal(size=400)
    >>> fit = susie(X, y)
    >>> [one.variants.tolist() for one in fit.credible_sets], round(fit.intercept)
    ([[5]], 1)
    """
    genotypes, phenotype = _people(X, y)
    n = len(phenotype)
    means = genotypes.mean(axis=0)
    sd = np.sqrt(np.mean((genotypes - means) ** 2, axis=0) * (n / (n - 1.0)))
    vary = _some_vary(sd > _CONSTANT * np.maximum(np.abs(means), 1e-300))
    var_y, y_mean = float(phenotype.var(ddof=1)), float(phenotype.mean())
    if intercept:
        genotypes, phenotype = genotypes - means, phenotype - y_mean
    scale = sd[vary] if standardize else np.ones(int(vary.sum()))
    columns = genotypes[:, vary] / scale
    squares = np.einsum("ij,ij->j", columns, columns)
    unit = columns / np.sqrt(squares)
    people = n > _PEOPLE_PER_VARIANT * unit.shape[1]
    ld = prepare_ld(unit.T @ unit) if people else LDFactor(unit)
    data = _Data(
        ld, columns.T @ phenotype, squares, scale, float(n), var_y,
        float(phenotype @ phenotype) / (n - 1.0),
    )  # fmt: skip
    if options.residual_variance_lowerbound is None:
        options = replace(options, residual_variance_lowerbound=_LEAST_RESIDUAL * var_y)
    fit = _fit(
        data,
        (prior_weights, vary),
        (L, coverage, min_abs_corr),
        options=options,
        model_init=model_init,
    )
    return replace(fit, intercept=y_mean - float(means @ fit.coef) if intercept else 0.0)


def _fit(
    data: _Data,
    prior: tuple[ArrayLike | None, NDArray[np.bool_]],
    asked: tuple[int, float, float],
    *,
    options: SusieOptions,
    model_init: FineMapResult | None,
) -> FineMapResult:
    """Fit the variants that vary; the others weigh as no effect at all."""
    (prior_weights, vary), (L, coverage, min_abs_corr) = prior, asked
    options = options.settled(from_z=False)
    effects = min(check_count("L", L, "10 is the default"), len(vary))
    thresholds = check_set_thresholds(coverage, min_abs_corr)
    shared, one_effect = prior_of(check_prior_weights(prior_weights, len(vary)), options)
    idle = _idle_prior(one_effect, vary)
    column_scale = np.sqrt(data.squares / (data.n - 1.0))
    bhat = data.Xty / np.sqrt(data.squares * (data.n - 1.0))
    problem = ibss.Problem(
        bhat, data.n, data.ld, shared[vary], idle, None, options,
        compiled=use_compiled(options.engine),
        var_y=data.var_y,
        column_scale=None if np.allclose(column_scale, 1.0, rtol=1e-12) else column_scale,
        mean_square_y=data.mean_square_y,
    )  # fmt: skip
    plan = Plan(effects, options.scaled_prior_variance, thresholds)
    start = None if model_init is None else _taken(model_init, vary)
    fit = replace(fit_problem(problem, plan, start), X_column_scale_factors=data.scale)
    return fit if vary.all() else _with_constants(fit, shared, vary)


def _some_vary(vary: NDArray[np.bool_]) -> NDArray[np.bool_]:
    if not vary.any():
        raise InputError(
            f"X: none of {len(vary)} variants varies among these people; expected genotypes that "
            f"do; check that rows are people and columns variants"
        )
    return vary


def _idle_prior(prior: EffectPrior, vary: NDArray[np.bool_]) -> EffectPrior:
    null = prior.null_weight + float(prior.weights[~vary].sum())
    return replace(prior, weights=np.ascontiguousarray(prior.weights[vary]), null_weight=null)


def _taken(model_init: FineMapResult, vary: NDArray[np.bool_]) -> FineMapResult:
    if model_init.alpha.shape[1] != len(vary):
        raise InputError(
            f"model_init: a fit of {model_init.alpha.shape[1]} variants, but there are "
            f"{len(vary)}; expected the same variants; leave model_init out for a fresh start"
        )
    return replace(
        model_init,
        alpha=model_init.alpha[:, vary],
        mu=model_init.mu[:, vary],
        mu2=model_init.mu2[:, vary],
    )


def _with_constants(
    fit: FineMapResult, weights: NDArray[np.float64], vary: NDArray[np.bool_]
) -> FineMapResult:
    """The fit with places for variants that do not vary."""

    def spread(values: NDArray[np.float64], fill: float = 0.0) -> NDArray[np.float64]:
        wide = np.full((*values.shape[:-1], len(vary)), fill)
        wide[..., vary] = values
        return wide

    alpha = spread(fit.alpha)
    idle = weights[~vary] / max(float(weights[~vary].sum()), 1e-300)
    rest = 1.0 - fit.alpha.sum(axis=1)
    alpha[:, ~vary] = np.where(fit.V > 0.0, rest, weights[~vary].sum())[:, np.newaxis] * idle
    number = np.flatnonzero(vary)
    diagnostics = dict(fit.diagnostics)
    if "theta" in diagnostics:
        diagnostics["theta"] = spread(diagnostics["theta"])
    assert fit.X_column_scale_factors is not None
    return replace(
        fit,
        alpha=alpha,
        mu=spread(fit.mu),
        mu2=spread(fit.mu2),
        lbf_variable=spread(fit.lbf_variable),
        pip=pips(alpha, fit.V, 0.0, slots=diagnostics.get("slot_weights")),
        diagnostics=diagnostics,
        prior=weights,
        X_column_scale_factors=spread(fit.X_column_scale_factors, 1.0),
        credible_sets=tuple(
            replace(one, variants=number[one.variants]) for one in fit.credible_sets
        ),
        warnings=(
            *fit.warnings,
            f"{int((~vary).sum())} of {len(vary)} variants do not vary (first at index "
            f"{int(np.flatnonzero(~vary)[0])}) and can have no effect; drop them.",
        ),
    )


def _people(X: ArrayLike, y: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    genotypes = np.array(_numbers("X", X))
    phenotype = as_vector("y", y, "phenotype value")
    if genotypes.ndim != 2 or genotypes.shape[0] != len(phenotype) or len(phenotype) < 3:
        raise InputError(
            f"X: found shape {genotypes.shape} for {len(phenotype)} phenotype values; expected "
            f"people by variants, the same people in the same order, at least three"
        )
    for name, values in (("X", genotypes), ("y", phenotype)):
        bad = int((~np.isfinite(values)).sum())
        if bad:
            raise InputError(
                f"{name}: {bad} values are missing or infinite; expected finite numbers; leave "
                f"these people out, or impute genotypes by the column's mean"
            )
    if float(phenotype.var()) == 0.0:
        raise InputError("y: all values are equal; expected a phenotype that varies")
    return genotypes, phenotype


def _numbers(name: str, values: ArrayLike) -> NDArray[np.float64]:
    try:
        return np.ascontiguousarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{name}: cannot be read as a table of numbers ({error}); expected one without names "
            f"or text; drop such columns first"
        ) from error


def _as_correlations(inner: NDArray[np.float64]) -> LDMatrix:
    """Correlations of checked sums of squares, with doubts that name these."""
    sd = np.sqrt(np.diagonal(inner))
    try:
        ld = prepare_ld(inner / np.outer(sd, sd))
    except InputError as error:
        told = str(error).removeprefix("R: ")
        raise InputError(f"XtX: as correlations r, {told}") from error
    return replace(ld, warnings=tuple(f"XtX, as correlations: {one}" for one in ld.warnings))


def _check_products(
    products: NDArray[np.float64], squares: NDArray[np.float64], total: float
) -> None:
    """Refuse X'y that no genotypes and phenotype of these sums of squares can have."""
    beyond = np.flatnonzero(products**2 > squares * total * (1.0 + 1e-6))
    if beyond.size:
        raise InputError(
            f"Xty: {beyond.size} of {products.size} products are larger than XtX and yty allow "
            f"(first at index {beyond[0]}: {products[beyond[0]]:.6g}); expected Xty^2 up to "
            f"XtX times yty; take all three from the same people, and X.T @ X rather than "
            f"correlations"
        )


def _square(XtX: ArrayLike) -> NDArray[np.float64]:
    inner = _numbers("XtX", XtX)
    if inner.ndim != 2 or inner.shape[0] != inner.shape[1] or not inner.size:
        raise InputError(
            f"XtX: found shape {inner.shape}; expected p by p; pass X.T @ X, not the genotypes"
        )
    if not np.isfinite(inner).all():
        raise InputError(
            f"XtX: {int((~np.isfinite(inner)).sum())} entries are NaN or infinite; expected finite "
            f"numbers; impute missing genotypes before the product"
        )
    return inner


def _per_variant(name: str, values: ArrayLike, p: int) -> NDArray[np.float64]:
    vector = as_vector(name, values, "value")
    if vector.size != p or not np.isfinite(vector).all():
        raise InputError(
            f"{name}: found {vector.size} values, {int((~np.isfinite(vector)).sum())} of them not "
            f"finite; expected {p}, one per variant in the order of XtX"
        )
    return vector


def _known_n(n: float) -> float:
    number = check_n(n)
    if number is None:
        raise InputError("n: found None; expected the number of people behind XtX, above 2")
    return number
