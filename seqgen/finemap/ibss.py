"""Iterative Bayesian stepwise selection: the sweeps that fit a sum of single effects."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from seqgen.errors import InputError
from seqgen.finemap.compiled import add_product, fit_compiled
from seqgen.finemap.convergence import History, check_convergence
from seqgen.finemap.exact_weights import FitEffect, fit_with_exact_weights
from seqgen.finemap.ld_reference import coherence, estimate_mismatch, signal_scale
from seqgen.finemap.single_effect import EffectPrior, SingleEffect, fit_single_effect
from seqgen.finemap.slot_prior import slot_bound, slot_probability, start_slots
from seqgen.finemap.variance_grid import fit_on_grid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seqgen.finemap.adaptive import AdaptiveShrinkage
    from seqgen.finemap.ld import LDMatrix
    from seqgen.finemap.ld_factor import LDFactor
    from seqgen.finemap.ld_reference import Panel
    from seqgen.finemap.options import SusieOptions
    from seqgen.finemap.panel_mixture import PanelMixture
    from seqgen.finemap.spectral import Noise, SpectralLD


@dataclass(frozen=True, eq=False)
class Problem:
    """Everything a fit holds constant; effects are of standardised genotypes.

    ``bhat`` (p,) are marginal effects on a phenotype of variance ``var_y``: with a
    variance of one z / sqrt(n - 1), after the adjustment for the variance explained.
    ``weights`` (p,) are prior weights that, with the prior's ``null_weight``, sum to one.
    Without a sample size n is 2, bhat are the z-scores themselves. ``column_scale`` (p,)
    are the genotypes' standard deviations where effects have their prior per allele.
    ``mean_square_y`` is the phenotype's sum of squares over n - 1 where it is not ``var_y``:
    without an intercept. Where the noise is not plain, ``noise`` tells of it; all of this but
    ``ld`` is weighted by it then (`whitened`), ``weighted_ld`` stands for ``ld``, and the residual
    variance is one. ``beside`` are small effects beside the mapped ones. ``mixture`` are
    the panels that ``ld`` is a mean of, where there are several.
    """

    bhat: NDArray[np.float64]
    n: float
    ld: LDMatrix | LDFactor
    weights: NDArray[np.float64]
    prior: EffectPrior
    panel: Panel | None
    options: SusieOptions
    compiled: bool = False
    var_y: float = 1.0
    column_scale: NDArray[np.float64] | None = None
    mean_square_y: float | None = None
    noise: Noise | None = None
    weighted_ld: SpectralLD | None = None
    beside: AdaptiveShrinkage | None = None
    mixture: PanelMixture | None = None

    @property
    def n_minus_1(self) -> float:
        """Sum of squares of a standardised phenotype or genotype."""
        return self.n - 1.0

    @property
    def seen_ld(self) -> LDMatrix | LDFactor | SpectralLD:
        """Correlations through which effects show in the estimates."""
        return self.ld if self.weighted_ld is None else self.weighted_ld

    @property
    def by_elbo(self) -> bool:
        """Whether the bound decides on convergence."""
        bound = self.panel is None and (self.noise is None or self.noise.is_bound)
        bound = bound and self.options.slot_prior is None
        return bound and self.options.convergence_method == "elbo"


@dataclass(eq=False)
class State:
    """The posterior while it is being fitted, with R b_l cached per effect.

    ``alpha, mu, mu2, lbf_variable, b, Rb`` have shape (L, p) with b = alpha mu;
    ``V, lbf, kl`` have shape (L,); ``fitted`` (p,) is the sum of ``Rb``.
    ``inflation`` (L, p) holds the factors of the last update of each effect,
    ``betahat`` (L, p) the residual estimates then, both only for a panel. ``slots`` (L,) are
    probabilities that the effects are there, where these have a prior: then ``fitted`` is the
    sum of ``Rb`` weighted by them.
    """

    alpha: NDArray[np.float64]
    mu: NDArray[np.float64]
    mu2: NDArray[np.float64]
    V: NDArray[np.float64]
    lbf_variable: NDArray[np.float64]
    lbf: NDArray[np.float64]
    kl: NDArray[np.float64]
    b: NDArray[np.float64]
    Rb: NDArray[np.float64]
    fitted: NDArray[np.float64]
    sigma2: float
    lambda_bias: float = 0.0
    inflation: NDArray[np.float64] | None = None
    betahat: NDArray[np.float64] | None = None
    slots: NDArray[np.float64] | None = None
    last_effect: int = 0
    init_coherence: float | None = None
    ser_alpha: NDArray[np.float64] | None = None
    elbo: list[float] = field(default_factory=list)
    converged: bool = False
    reason: str = ""
    elbo_drop: float = 0.0
    last_change: float = 0.0
    # An effect without signal meets the same residuals as the one before it:
    # its answer is known. Keyed by (V before, effect after).
    null_answer: tuple[float, SingleEffect] | None = None


def new_state(problem: Problem, L: int, V: float) -> State:
    """Return the empty state of ``L`` effects with prior variance ``V``."""
    p = problem.bhat.size
    shape = (L, p)
    state = State(
        alpha=np.full(shape, 1.0 / p),
        mu=np.zeros(shape),
        mu2=np.zeros(shape),
        V=np.full(L, V),
        lbf_variable=np.zeros(shape),
        lbf=np.zeros(L),
        kl=np.zeros(L),
        b=np.zeros(shape),
        Rb=np.zeros(shape),
        fitted=np.zeros(p),
        sigma2=1.0 if problem.noise else problem.options.residual_variance or problem.var_y,
    )
    if problem.options.slot_prior is not None:
        state.slots = start_slots(L, problem.options.slot_prior)
    if problem.panel is not None:
        state.inflation = np.ones(shape)
        state.betahat = np.zeros(shape)
    return state


def standardised(problem: Problem, b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Effects of standardised genotypes from those that the prior speaks of."""
    return b if problem.column_scale is None else b * problem.column_scale


def summed(state: State, rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum over the effects of what has shape (L, p), each as likely as it is there."""
    return rows.sum(axis=0) if state.slots is None else state.slots @ rows


def refresh_products(problem: Problem, state: State) -> None:
    """Recompute b and R b of every effect from alpha and mu."""
    state.b = standardised(problem, state.alpha * state.mu)
    for effect in range(len(state.V)):
        row = state.b[effect]
        state.Rb[effect] = problem.seen_ld.product(row) if row.any() else 0.0
    state.null_answer = None


def fit(problem: Problem, state: State) -> Problem:
    """Sweep over the effects until the posterior stands still.

    Returns the problem as it stands then: its noise may have been estimated.
    """
    history = History()
    for iteration in range(1, (problem.options.max_iter or 0) + 1):
        before, lambda_before = state.alpha.copy(), state.lambda_bias
        sweep(problem, state)
        state.elbo.append(objective(problem, state))
        if iteration > 1 and check_convergence(problem, state, before=before, history=history):
            # If another sweep is asked for, it starts from the averaged alpha.
            refresh_products(problem, state)
        # A material change of lambda has to pass through one more sweep.
        if abs(state.lambda_bias - lambda_before) > problem.options.tolerance:
            state.converged = False
        state.last_change = float(np.abs(state.alpha - before).max())
        if state.converged:
            break
        problem = update_noise(problem, state)
    return problem


def update_noise(problem: Problem, state: State) -> Problem:
    """Return the problem under noise estimated anew, or put a residual variance into the state."""
    if problem.noise is not None:
        following = problem.noise.after_sweep(problem, state)
        if following is not problem:
            refresh_products(following, state)
            state.fitted = summed(state, state.Rb)
        return following
    if problem.options.estimate_residual_variance and problem.beside is not None:
        return problem.beside.after_sweep(problem, state)
    if problem.options.estimate_residual_variance:
        state.sigma2 = _residual_variance(problem, state)
        state.null_answer = None
    return problem if problem.mixture is None else problem.mixture.after_sweep(problem, state)


def sweep(problem: Problem, state: State) -> None:
    """Update every effect once, then the panel's mismatch."""
    for effect in range(len(state.V)):
        update_effect(problem, state, effect)
    if problem.panel is not None and problem.panel.mismatch:
        update_mismatch(problem, state)
    check_prior_variance(problem, state)


def update_effect(problem: Problem, state: State, effect: int) -> None:
    """Refit one effect to what the others leave unexplained."""
    state.last_effect = effect
    idle = not state.b[effect].any() and not state.Rb[effect].any()
    if idle and state.null_answer is not None and state.null_answer[0] == state.V[effect]:
        _store(problem, state, effect, answer=state.null_answer[1])
        if state.inflation is not None and state.betahat is not None:
            state.inflation[effect] = state.inflation[effect - 1]
            state.betahat[effect] = state.betahat[effect - 1]
        return
    fitted = state.fitted if idle else state.fitted - _share(state, effect)
    betahat = problem.bhat - fitted
    if problem.beside is not None:
        betahat = betahat - problem.beside.explained
    error_variance = state.sigma2 / problem.n_minus_1
    shat2: float | NDArray[np.float64] = error_variance
    if problem.panel is not None:
        others = state.b.sum(axis=0) - state.b[effect]
        inflation = _inflation(problem, state, signal_scale(fitted, others, problem.n_minus_1))
        state.inflation[effect], state.betahat[effect] = inflation, betahat  # type: ignore[index]
        shat2 = error_variance * inflation
    if problem.column_scale is not None:
        betahat = betahat / problem.column_scale
        shat2, error_variance = shat2 / np.square(problem.column_scale), 0.0
    V = float(state.V[effect])
    answer = _fitter(problem)(betahat, shat2, problem.prior, V=V, error_variance=error_variance)
    _store(problem, state, effect, answer=answer)
    if answer.V == 0.0 and not answer.mu.any():
        state.b[effect] = state.Rb[effect] = 0.0
        state.fitted = fitted
        # Idle: neither this residual nor the next effect's has changed.
        state.null_answer = (V, answer) if idle else None
        return
    state.null_answer = None
    b = standardised(problem, answer.alpha * answer.mu)
    if problem.compiled:
        add_product(problem.seen_ld, b, before=state.b[effect], to=state.Rb[effect])
    else:
        state.Rb[effect] = problem.seen_ld.product(b)
    state.b[effect] = b
    state.fitted = fitted + _share(state, effect)


def _fitter(problem: Problem) -> FitEffect:
    if problem.prior.grid is not None:
        return fit_on_grid
    fit_effect: FitEffect = fit_compiled if problem.compiled else fit_single_effect
    if problem.options.compat == "0.12":
        return partial(fit_with_exact_weights, fit_effect=fit_effect)
    return fit_effect


def _share(state: State, effect: int) -> NDArray[np.float64]:
    """What an effect adds to ``fitted``."""
    row = state.Rb[effect]
    return row if state.slots is None else state.slots[effect] * row


def _store(problem: Problem, state: State, effect: int, *, answer: SingleEffect) -> None:
    state.alpha[effect], state.mu[effect], state.mu2[effect] = answer.alpha, answer.mu, answer.mu2
    state.lbf_variable[effect] = answer.lbf_variable
    state.V[effect], state.lbf[effect], state.kl[effect] = answer.V, answer.lbf, answer.kl
    if state.slots is not None and problem.options.slot_prior is not None:
        state.slots[effect] = slot_probability(
            state.slots, effect, lbf=answer.lbf, shapes=problem.options.slot_prior
        )


def _inflation(problem: Problem, state: State, scale: NDArray[np.float64]) -> NDArray[np.float64]:
    """Variance of a residual z-score over ``sigma2``, from the signal the panel passed on."""
    assert problem.panel is not None
    return 1.0 + problem.panel.noise(state.lambda_bias) / state.sigma2 * scale


def update_mismatch(problem: Problem, state: State) -> None:
    """Estimate the panel's mismatch from the residuals of the current fit."""
    assert problem.panel is not None
    state.lambda_bias = estimate_mismatch(
        residual_z(problem, state),
        signal_scale(state.fitted, state.b.sum(axis=0), problem.n_minus_1),
        sigma2=state.sigma2,
        panel_size=problem.panel.size,
    )
    state.null_answer = None


def start_from_one_effect(problem: Problem, state: State) -> None:
    """Begin a mismatch fit with one effect and the mismatch this leaves.

    Starting from no mismatch would let its traces enter as further effects
    before it is ever estimated.
    """
    update_effect(problem, state, 0)
    update_mismatch(problem, state)
    state.ser_alpha = state.alpha[0].copy()
    state.init_coherence = coherence(problem.ld, state.alpha[0], problem.weights)
    state.lambda_bias *= state.init_coherence


def residual_z(problem: Problem, state: State) -> NDArray[np.float64]:
    """Return what the fit leaves of the z-scores, shape (p,)."""
    return math.sqrt(problem.n_minus_1) * (problem.bhat - state.fitted)


def objective(problem: Problem, state: State) -> float:
    """Return the evidence lower bound.

    Where a panel inflates the single-effect likelihoods there is no joint bound;
    what remains is minus the summed Kullback-Leibler terms, which is what
    susieR 0.16.5 reports there too. With effects of every variant it is the expected log
    likelihood alone.
    """
    divergence = float(state.kl.sum())
    if problem.panel is not None:
        return -divergence
    squares = _expected_squares(problem, state)
    if state.slots is not None and problem.options.slot_prior is not None:
        divergence -= slot_bound(state.slots, problem.options.slot_prior)
    if problem.noise is not None:
        likelihood = problem.noise.constant - 0.5 * squares
        return likelihood - divergence if problem.noise.is_bound else likelihood
    return (
        -0.5 * problem.n * math.log(2.0 * math.pi * state.sigma2)
        - 0.5 * squares / state.sigma2
        - divergence
    )


def _expected_squares(problem: Problem, state: State) -> float:
    """Expected residual sum of squares of the phenotype."""
    total = summed(state, state.b)
    slots = np.ones(len(state.V)) if state.slots is None else state.slots
    own = float(slots**2 @ np.einsum("lp,lp->l", state.b, state.Rb))
    mu2 = standardised(problem, standardised(problem, state.mu2))
    second_moments = float(slots @ np.einsum("lp,lp->l", state.alpha, mu2))
    explained = float(total @ (2.0 * problem.bhat - state.fitted))
    squares = problem.var_y if problem.mean_square_y is None else problem.mean_square_y
    return problem.n_minus_1 * (squares - explained - own + second_moments)


def _residual_variance(problem: Problem, state: State) -> float:
    variance, options = _expected_squares(problem, state) / problem.n, problem.options
    variance = max(variance, options.residual_variance_lowerbound or -math.inf)
    variance = min(variance, options.residual_variance_upperbound or math.inf)
    if variance <= 0.0:
        raise InputError(
            f"estimate_residual_variance: the residual variance came out as {variance:.3g}; "
            f"expected a positive number; R does not belong to these z-scores, so keep the "
            f"variance fixed (estimate_residual_variance=False) and check the alleles"
        )
    return variance


def check_prior_variance(problem: Problem, state: State) -> None:
    """Refuse a prior variance no effect of this locus could have."""
    if not problem.options.check_prior:
        return
    largest_z2 = float(np.max(problem.bhat**2)) * problem.n_minus_1 / state.sigma2
    largest_share = float(state.V.max()) / problem.var_y
    if largest_share > 100.0 * max(largest_z2, 1e-300) and state.V.max() > 0.0:
        if problem.prior.method == "fixed":
            return
        raise InputError(
            f"R: the fit wants a prior variance of {state.V.max():.3g}, more than 100 times the "
            f"largest z squared ({largest_z2:.3g}); expected z-scores that fit the LD matrix; "
            f"check alleles and sample (kriging_rss), pass R_finite for a reference panel, or set "
            f"SusieOptions(check_prior=False)"
        )
