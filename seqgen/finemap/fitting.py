"""From a problem to a result: the fit, greedy and refined where asked for, and what it found."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from seqgen.errors import InputError
from seqgen.finemap import ibss
from seqgen.finemap.adaptive import with_adaptive_shrinkage
from seqgen.finemap.convergence import pips
from seqgen.finemap.credible_sets import describe_sets, find_sets
from seqgen.finemap.infinitesimal import with_infinitesimal
from seqgen.finemap.notices import model_diagnostics, notices, panel_diagnostics
from seqgen.finemap.single_effect import EffectPrior
from seqgen.finemap.units import in_units, is_extreme, with_unit_variance
from seqgen.finemap.warm_start import warm_state
from seqgen.results import FineMapResult

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seqgen.finemap.options import SusieOptions


@dataclass(frozen=True)
class Plan:
    """How many effects to fit and from where, and which credible sets to report.

    Attributes
    ----------
    L : int
        Most effects.
    variance : float
        Prior variance to start with, as a share of the phenotype's.
    thresholds : (float, float)
        Coverage and least absolute correlation of credible sets.
    n_known : bool
        Whether the sample size was given.
    """

    L: int
    variance: float
    thresholds: tuple[float, float]
    n_known: bool = True


def prior_of(
    weights: NDArray[np.float64], options: SusieOptions
) -> tuple[NDArray[np.float64], EffectPrior]:
    """Prior weights of the variants beside that of no effect, and the prior of one effect.

    Where ``weights`` sum to less than one, as in `refine`, no effect has the larger share.
    """
    some = 1.0 - options.null_weight
    total = float(weights.sum()) * some + options.null_weight
    shared = weights * (some / total)
    prior = EffectPrior.from_weights(
        shared,
        method=options.variance_method,
        null_threshold=options.check_null_threshold,
        null_weight=options.null_weight / total,
        exact=options.compat == "0.12",
    )
    if options.mixture is None:
        return shared, prior
    grid, mixture = options.mixture
    fixed = replace(prior, method="fixed", grid=np.array(grid), mixture=np.array(mixture))
    return shared, fixed


def fit_problem(
    problem: ibss.Problem, plan: Plan, model_init: FineMapResult | None = None
) -> FineMapResult:
    """Fit a problem as its options say.

    Parameters
    ----------
    problem : Problem
    plan : Plan
    model_init : FineMapResult, optional
        Where to start.
    """
    if is_extreme(problem):
        var_y, n = problem.var_y, problem.n
        start = None if model_init is None else in_units(model_init, 1.0 / var_y, n)
        return in_units(fit_problem(with_unit_variance(problem), plan, start), var_y, n)
    options = problem.options
    _check_panel(problem)
    if options.unmappable_effects != "none":
        if not plan.n_known:
            raise InputError(
                f"n: found None with unmappable_effects={options.unmappable_effects!r}; expected "
                f"the sample size, without which small effects and noise cannot be told apart"
            )
        infinitesimal = options.unmappable_effects == "inf"
        problem = (with_infinitesimal if infinitesimal else with_adaptive_shrinkage)(problem)
    step = options.L_greedy
    if step is None or step >= plan.L:
        found = _fit(problem, plan, model_init)
    else:
        for count in [*range(step, plan.L, step), plan.L]:
            found = model_init = _fit(problem, replace(plan, L=count), model_init)
            if float(found.lbf.min()) < options.greedy_lbf_cutoff:
                break
    return _refined(problem, plan, found) if options.refine else found


def _check_panel(problem: ibss.Problem) -> None:
    options = problem.options
    for name, asked in (
        ("unmappable_effects", options.unmappable_effects != "none"),
        ("slot_prior", options.slot_prior is not None),
    ):
        if asked and problem.panel is not None:
            raise InputError(
                f"{name}: found with R_finite or R_mismatch; expected one of the two, since "
                f"both explain what the mapped effects leave over; leave one of them out"
            )


def start_state(
    problem: ibss.Problem, plan: Plan, model_init: FineMapResult | None = None
) -> ibss.State:
    """Return the posterior from which a fit sets out."""
    variance = plan.variance * problem.var_y
    if model_init is None:
        state = ibss.new_state(problem, plan.L, variance)
        if problem.panel is not None and problem.panel.mismatch:
            ibss.start_from_one_effect(problem, state)
        return state
    return warm_state(problem, model_init, (plan.L, variance))


def _fit(problem: ibss.Problem, plan: Plan, model_init: FineMapResult | None) -> FineMapResult:
    state = start_state(problem, plan, model_init)
    return result_of(ibss.fit(problem, state), state, plan)


def _refined(problem: ibss.Problem, plan: Plan, fit: FineMapResult) -> FineMapResult:
    """The best of fits that start from one without each credible set, until none is better."""
    variance = plan.variance * problem.var_y
    enough = 0.0 if problem.options.compat == "0.12" else problem.options.tolerance
    while fit.credible_sets:
        candidates = []
        for one in fit.credible_sets:
            weights = problem.weights / (1.0 - problem.options.null_weight)
            weights[one.variants] = 0.0
            if not weights.any():
                break
            shared, prior = prior_of(weights, problem.options)
            without = _fit(replace(problem, weights=shared, prior=prior), plan, None)
            # Only where effects lie is kept: variances start anew.
            sigma2 = problem.options.residual_variance or problem.var_y
            start = replace(without, V=np.full(len(without.V), variance), sigma2=sigma2)
            candidates.append(_fit(problem, plan, start))
        best = max(candidates, key=lambda one: one.elbo[-1], default=None)
        if best is None or best.elbo[-1] - fit.elbo[-1] <= enough:
            break
        fit = best
    return fit


def result_of(problem: ibss.Problem, state: ibss.State, plan: Plan) -> FineMapResult:
    """Return what a fit found: null effects dropped, sets, diagnostics, notices."""
    options = problem.options
    if options.compat != "0.12":
        _drop_null_effects(problem, state)
    active = np.greater(state.V, options.prior_tol)
    coverage, min_abs_corr = plan.thresholds
    found = find_sets(state.alpha, active, coverage)
    mixture = problem.mixture
    ld = problem.ld if mixture is None else mixture.ld(np.eye(len(mixture.panels))[mixture.first])
    sets = describe_sets(found, (state.alpha, state.lbf), ld, min_abs_corr=min_abs_corr)
    diagnostics = {**panel_diagnostics(problem, state, sets), **model_diagnostics(problem, state)}
    if mixture is not None:
        diagnostics |= {"panel_weights": mixture.weights, "first_panel": mixture.first}
    return FineMapResult(
        alpha=state.alpha,
        mu=state.mu,
        mu2=state.mu2,
        lbf_variable=state.lbf_variable,
        V=state.V,
        lbf=state.lbf,
        KL=state.kl,
        sigma2=state.sigma2 if problem.noise is None else problem.noise.sigma2,
        pip=pips(state.alpha, state.V, options.prior_tol, slots=state.slots),
        prior=problem.weights,
        elbo=np.array(state.elbo),
        niter=len(state.elbo),
        converged=state.converged,
        credible_sets=sets,
        warnings=notices(problem, state, (sets, diagnostics), n_known=plan.n_known),
        diagnostics=diagnostics,
    )


def _drop_null_effects(problem: ibss.Problem, state: ibss.State) -> None:
    null = np.less(state.V, problem.options.prior_tol)
    state.alpha[null] = problem.weights
    for values in (state.V, state.mu, state.mu2, state.lbf_variable, state.lbf, state.kl):
        values[null] = 0.0
