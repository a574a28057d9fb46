"""Starting a fit from an earlier fit of the same variants."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from seqgen.errors import InputError
from seqgen.finemap import ibss

if TYPE_CHECKING:
    from seqgen.results import FineMapResult


def warm_state(
    problem: ibss.Problem, model_init: FineMapResult, size: tuple[int, float]
) -> ibss.State:
    """Return the state that ``model_init`` left, with effects added up to ``L``.

    A mismatch that ``model_init`` estimated is kept as the start: forgetting it would
    let its traces enter as effects. With more effects in ``model_init`` than asked
    for, all of them are kept, as in susieR.

    Parameters
    ----------
    problem : Problem
        What is fitted now.
    model_init : FineMapResult
        Fit of the same p variants.
    size : (int, float)
        Number of effects L, and the prior variance of the added ones.
    """
    given, p = model_init.alpha.shape
    if p != problem.bhat.size:
        raise InputError(
            f"model_init: a fit of {p} variants, but there are {problem.bhat.size} z-scores; "
            f"expected the same variants; leave model_init out for a fresh start"
        )
    L, V = size
    state = ibss.new_state(problem, max(L, given), V)
    state.alpha[:given], state.mu[:given], state.mu2[:given] = (
        model_init.alpha,
        model_init.mu,
        model_init.mu2,
    )
    reset = problem.options.compat == "0.12" and given < L
    state.V[:given] = V if reset else model_init.V
    ibss.refresh_products(problem, state)
    state.fitted = ibss.summed(state, state.Rb)
    kept = problem.options.estimate_residual_variance or problem.options.compat == "0.12"
    if kept and problem.noise is None:
        state.sigma2 = model_init.sigma2
    if problem.panel is not None and problem.panel.mismatch:
        state.lambda_bias = float(model_init.diagnostics.get("lambda_bias", 0.0))
        state.init_coherence = model_init.diagnostics.get("init_ld_coherence")
        state.ser_alpha = model_init.diagnostics.get("ser_alpha")
    if not np.isfinite(state.fitted).all():
        raise InputError(
            "model_init: holds values that are not finite; leave it out for a fresh start"
        )
    return state
