"""When a posterior stands still, and the inclusion probabilities by which this is told."""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seqgen.finemap.ibss import Problem, State

# Longest orbit of alpha that the PIP criterion recognises as a cycle.
_LONGEST_CYCLE = 5


class History(deque["tuple[NDArray[np.float64], NDArray[np.float64]]"]):
    """Inclusion probabilities per effect and PIPs of the last sweeps."""

    def __init__(self) -> None:
        super().__init__(maxlen=_LONGEST_CYCLE)


def pips(
    alpha: NDArray[np.float64],
    V: NDArray[np.float64],
    prior_tol: float,
    *,
    slots: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Return 1 - prod(1 - alpha) over the effects that have a prior variance, shape (p,).

    Where ``slots`` (L,) says how likely these are there, alpha counts as much.
    """
    there = alpha if slots is None else slots[:, np.newaxis] * alpha
    return 1.0 - np.prod(1.0 - there[np.greater(V, prior_tol)], axis=0)


def check_convergence(
    problem: Problem, state: State, *, before: NDArray[np.float64], history: History
) -> bool:
    """Tell the state whether the posterior stands still.

    Parameters
    ----------
    problem : Problem
    state : State
        After a sweep; a cycle is averaged in it.
    before : ndarray, shape (L, p)
        Inclusion probabilities before the sweep.
    history : History
        Earlier posteriors, to which this one is added.

    Returns
    -------
    bool
        Whether the inclusion probabilities were averaged, so that products with them are stale.
    """
    change = state.elbo[-1] - state.elbo[-2]
    if problem.by_elbo and math.isfinite(change):
        tol = problem.options.tolerance
        state.elbo_drop = max(state.elbo_drop, -change if change < -tol else 0.0)
        may_fall = problem.options.compat == "0.12"
        state.converged = change < tol and (may_fall or change >= 0.0)
        state.reason = "elbo"
        return False
    prior_tol = problem.options.prior_tol
    if not history:
        history.append((before, pips(before, state.V, prior_tol, slots=state.slots)))
    now = (state.alpha, pips(state.alpha, state.V, prior_tol, slots=state.slots))
    lag = _first_match(now, history, problem.options.tolerance)
    state.converged = lag > 0
    if lag == 1:
        state.reason = "fixed point of alpha and PIP"
    elif lag > 1:
        state.reason = f"cycle of {lag} sweeps, averaged"
        orbit = [alpha for alpha, _ in list(history)[-(lag - 1) :]] + [state.alpha]
        state.alpha = np.mean(orbit, axis=0)
        now = (state.alpha, pips(state.alpha, state.V, prior_tol, slots=state.slots))
    history.append((now[0].copy(), now[1]))
    return lag > 1


def _first_match(
    now: tuple[NDArray[np.float64], NDArray[np.float64]], history: History, tol: float
) -> int:
    """How many sweeps ago the posterior was the same, 0 if never."""
    for lag, (alpha, pip) in enumerate(reversed(history), start=1):
        if np.abs(now[0] - alpha).max() < tol and np.abs(now[1] - pip).max() < tol:
            return lag
    return 0
