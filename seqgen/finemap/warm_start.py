"""Starting a fit from an earlier fit of the same variants."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from seqgen.errors import InputError
from seqgen.finemap import ibss

if TYPE_CHECKING:
    from seqgen.results import FineMapResult


def warm_state(problem: ibss.Problem, init: FineMapResult, size: tuple[int, float]) -> ibss.State:
    """Return the state that ``init`` left, with effects added up to ``L``.

    A mismatch that ``init`` estimated is kept as the start: forgetting it would
    let its traces enter as effects. With more effects in ``init`` than asked
    for, all of them are kept, as in susieR.

    Parameters
    ----------
    problem : Problem
        What is fitted now.
    init : FineMapResult
        Fit of the same p variants.
    size : (int, float)
        Number of effects L, and the prior variance of the added ones.
    """
    given, p = init.alpha.shape
    if p != problem.bhat.size:
        raise InputError(
            f"init: a fit of {p} variants, but there are {problem.bhat.size} z-scores; expected "
            f"the same variants; leave init out for a fresh start"
        )
    L, V = size
    state = ibss.new_state(problem, max(L, given), V)
    state.alpha[:given], state.mu[:given], state.mu2[:given] = init.alpha, init.mu, init.mu2
    state.V[:given] = init.V
    ibss.refresh_products(problem, state)
    state.fitted = ibss.summed(state, state.Rb)
    if problem.options.estimate_residual_variance and problem.noise is None:
        state.sigma2 = init.sigma2
    if problem.panel is not None and problem.panel.mismatch:
        state.lambda_bias = float(init.diagnostics.get("lambda_bias", 0.0))
        state.init_coherence = init.diagnostics.get("init_ld_coherence")
        state.ser_alpha = init.diagnostics.get("ser_alpha")
    if not np.isfinite(state.fitted).all():
        raise InputError("init: holds values that are not finite; leave it out for a fresh start")
    return state
