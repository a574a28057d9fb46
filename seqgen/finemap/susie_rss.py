"""SuSiE for summary statistics: the NumPy reference backend."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from seqgen.errors import InputError
from seqgen.finemap import ibss
from seqgen.finemap.checks import check_count, check_n, check_prior_weights, check_z
from seqgen.finemap.compiled import use_compiled
from seqgen.finemap.credible_sets import check_set_thresholds, describe_sets, find_sets
from seqgen.finemap.ld import LDMatrix, prepare_ld
from seqgen.finemap.ld_reference import Panel
from seqgen.finemap.notices import notices, panel_diagnostics
from seqgen.finemap.options import SusieOptions
from seqgen.finemap.single_effect import EffectPrior
from seqgen.finemap.warm_start import warm_state
from seqgen.results import FineMapResult

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_DEFAULTS = SusieOptions()
_MODES = ("none", "eb")


def susie_rss(
    z: ArrayLike,
    R: ArrayLike | LDMatrix,
    n: float | None = None,
    *,
    prior_weights: ArrayLike | None = None,
    L: int = 10,
    coverage: float = 0.95,
    min_abs_corr: float = 0.5,
    R_finite: float | None = None,
    R_mismatch: str = "none",
    options: SusieOptions = _DEFAULTS,
    init: FineMapResult | None = None,
) -> FineMapResult:
    """Fine-map a locus by a sum of single effects, from z-scores and LD.

    Names, meanings and defaults are those of susieR 0.16.5's ``susie_rss``.

    Parameters
    ----------
    z : array_like, shape (p,)
        z-scores, signed by the same effect alleles as ``R``.
    R : array_like, shape (p, p), or LDMatrix
        Correlations r of the variants; `prepare_ld` once where many fits share it.
    n : float, optional
        Sample size of the GWAS. Without it effects are taken to be tiny.
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
    options : SusieOptions
        Settings that few people change.
    init : FineMapResult, optional
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
    scores = check_z(z)
    ld = prepare_ld(R, scores.size)
    n = check_n(n)
    weights = check_prior_weights(prior_weights, scores.size)
    effects = min(check_count("L", L, "10 is the default"), scores.size)
    thresholds = check_set_thresholds(coverage, min_abs_corr)
    panel = _check_panel(R_finite, R_mismatch)

    problem = _problem(scores, (ld, n), (weights, panel), options)
    start_variance = options.prior_variance if n is None else options.scaled_prior_variance
    if init is None:
        state = ibss.new_state(problem, effects, start_variance)
        if panel is not None and panel.mismatch:
            ibss.start_from_one_effect(problem, state)
    else:
        state = warm_state(problem, init, (effects, start_variance))
    ibss.fit(problem, state)
    return _result(problem, state, thresholds, n_known=n is not None)


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


def _problem(
    z: NDArray[np.float64],
    data: tuple[LDMatrix, float | None],
    model: tuple[NDArray[np.float64], Panel | None],
    options: SusieOptions,
) -> ibss.Problem:
    (ld, n), (weights, panel) = data, model
    size = 2.0 if n is None else n
    prior = EffectPrior.from_weights(
        weights,
        estimate=options.estimate_prior_variance,
        null_threshold=options.check_null_threshold,
    )
    bhat = adjust_for_variance_explained(z, n) / math.sqrt(size - 1.0)
    compiled = use_compiled(options.engine)
    return ibss.Problem(bhat, size, ld, weights, prior, panel, options, compiled)


def _result(
    problem: ibss.Problem,
    state: ibss.State,
    thresholds: tuple[float, float],
    *,
    n_known: bool,
) -> FineMapResult:
    options = problem.options
    _drop_null_effects(problem, state)
    active = np.greater(state.V, options.prior_tol)
    found = find_sets(state.alpha, active, thresholds[0])
    sets = describe_sets(found, (state.alpha, state.lbf), problem.ld, min_abs_corr=thresholds[1])
    diagnostics = panel_diagnostics(problem, state, sets)
    return FineMapResult(
        alpha=state.alpha,
        mu=state.mu,
        mu2=state.mu2,
        lbf_variable=state.lbf_variable,
        V=state.V,
        lbf=state.lbf,
        KL=state.kl,
        sigma2=state.sigma2,
        pip=ibss.pips(state.alpha, state.V, options.prior_tol),
        prior=problem.weights,
        elbo=np.array(state.elbo),
        niter=len(state.elbo),
        converged=state.converged,
        credible_sets=sets,
        warnings=notices(problem, state, (sets, diagnostics), n_known=n_known),
        diagnostics=diagnostics,
    )


def _drop_null_effects(problem: ibss.Problem, state: ibss.State) -> None:
    null = np.less(state.V, problem.options.prior_tol)
    state.alpha[null] = problem.weights
    for values in (state.V, state.mu, state.mu2, state.lbf_variable, state.lbf, state.kl):
        values[null] = 0.0
