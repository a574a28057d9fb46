"""Minimum of a function of one number on an interval."""

from __future__ import annotations

import math
from collections.abc import Callable

# The tolerance R's optim(method = "Brent") and optimize() work with by default.
SQRT_EPS = math.sqrt(2.0**-52)
_GOLDEN = (3.0 - math.sqrt(5.0)) / 2.0


def minimise_bounded(
    function: Callable[[float], float],
    bounds: tuple[float, float],
    tol: float = SQRT_EPS,
) -> tuple[float, float]:
    """Return a local minimiser of ``function`` inside ``bounds`` and the value there.

    Brent's method: golden sections, and parabolas through the three best points
    wherever these can be trusted. A multimodal function gives the minimum that
    the method meets first, which is the one susieR reports as well.

    Parameters
    ----------
    function : callable
        Maps a float to a float.
    bounds : tuple of float
        Lower and upper end of the interval.
    tol : float
        Wanted precision of the minimiser.

    Returns
    -------
    x, value : float

    References
    ----------
    Brent (1973), Algorithms for minimization without derivatives, chapter 5.

    Examples
    --------
    >>> x, value = minimise_bounded(lambda x: (x - 2.0) ** 2, (0.0, 5.0))
    >>> round(x, 6), round(value, 6)
    (2.0, 0.0)
    """
    low, high = bounds
    best = second = third = low + _GOLDEN * (high - low)
    f_best = f_second = f_third = function(best)
    step = previous_step = 0.0
    while True:
        middle = 0.5 * (low + high)
        near = SQRT_EPS * abs(best) + tol / 3.0
        if abs(best - middle) <= 2.0 * near - 0.5 * (high - low):
            return best, f_best
        parabola = None
        if abs(previous_step) > near:
            points = ((best, f_best), (second, f_second), (third, f_third))
            parabola = _parabolic_step(points, (low, high), previous_step)
        if parabola is None:
            previous_step = (high if best < middle else low) - best
            step = _GOLDEN * previous_step
        else:
            previous_step, step = step, parabola
            trial = best + step
            if trial - low < 2.0 * near or high - trial < 2.0 * near:
                step = math.copysign(near, middle - best) if best != middle else -near
        trial = best + (step if abs(step) >= near else math.copysign(near, step))
        f_trial = function(trial)
        if f_trial <= f_best:
            low, high = (low, best) if trial < best else (best, high)
            third, f_third = second, f_second
            second, f_second = best, f_best
            best, f_best = trial, f_trial
            continue
        low, high = (trial, high) if trial < best else (low, trial)
        if f_trial <= f_second or second == best:
            third, f_third = second, f_second
            second, f_second = trial, f_trial
        elif f_trial <= f_third or third in (best, second):
            third, f_third = trial, f_trial


def _parabolic_step(
    points: tuple[tuple[float, float], tuple[float, float], tuple[float, float]],
    bounds: tuple[float, float],
    previous_step: float,
) -> float | None:
    """Step to the vertex of the parabola through three points, None if untrustworthy."""
    (best, f_best), (second, f_second), (third, f_third) = points
    r = (best - second) * (f_best - f_third)
    q = (best - third) * (f_best - f_second)
    numerator = (best - third) * q - (best - second) * r
    q = 2.0 * (q - r)
    numerator, q = (-numerator, q) if q > 0.0 else (numerator, -q)
    low, high = bounds
    if (
        abs(numerator) >= abs(0.5 * q * previous_step)
        or numerator <= q * (low - best)
        or numerator >= q * (high - best)
    ):
        return None
    return numerator / q
