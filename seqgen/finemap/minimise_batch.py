"""Minima of many functions of one number each, found side by side."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seqgen.finemap.minimise import SQRT_EPS

if TYPE_CHECKING:
    from numpy.typing import NDArray

_GOLDEN = (3.0 - math.sqrt(5.0)) / 2.0


@dataclass(eq=False)
class _Search:
    """Where the searches are: ends, the three best points and values, the last two steps."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    points: NDArray[np.float64]
    values: NDArray[np.float64]
    step: NDArray[np.float64]
    previous: NDArray[np.float64]

    @property
    def near(self) -> NDArray[np.float64]:
        """Least distance between two points worth telling apart."""
        near: NDArray[np.float64] = SQRT_EPS * np.abs(self.points[0]) + SQRT_EPS / 3.0
        return near

    @property
    def going(self) -> NDArray[np.bool_]:
        """Which have not found their minimum."""
        off = np.abs(self.points[0] - 0.5 * (self.low + self.high))
        return off > 2.0 * self.near - 0.5 * (self.high - self.low)


def minimise_many(
    function: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    bounds: tuple[float, float],
    count: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return local minimisers of ``count`` functions inside ``bounds`` and the values there.

    Each takes the steps that `minimise_bounded` takes for it alone; one whose minimum is found
    waits for the others.

    Parameters
    ----------
    function : callable
        Maps numbers, shape (count,), to the value of each function at its number.
    bounds : tuple of float
        Lower and upper end of the interval.
    count : int

    Returns
    -------
    x, value : ndarray, shape (count,)

    References
    ----------
    Brent (1973), Algorithms for minimization without derivatives, chapter 5.

    Examples
    --------
    >>> centres = np.array([2.0, -1.0, 0.3])
    >>> x, value = minimise_many(lambda x: np.cosh(x - centres), (-5.0, 5.0), 3)
    >>> x.round(5).tolist(), value.round(6).tolist()
    ([2.0, -1.0, 0.3], [1.0, 1.0, 1.0])
    """
    low, high = (np.full(count, end) for end in bounds)
    first = low + _GOLDEN * (high - low)
    value = function(first)
    none = np.zeros(count)
    search = _Search(low, high, np.stack([first] * 3), np.stack([value] * 3), none, none.copy())
    while (going := search.going).any():
        trial = _next_points(search, going)
        _take_in(search, going, (trial, function(trial)))
    return search.points[0], search.values[0]


def _next_points(search: _Search, going: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Where to look next: the vertex of a parabola where it can be trusted, or a golden section."""
    low, high, near, (best, second, third) = search.low, search.high, search.near, search.points
    f_best, f_second, f_third = search.values
    r = (best - second) * (f_best - f_third)
    q = (best - third) * (f_best - f_second)
    top = (best - third) * q - (best - second) * r
    q = 2.0 * (q - r)
    top, q = np.where(q > 0.0, -top, top), np.abs(q)
    trusted = np.abs(search.previous) > near
    trusted &= np.abs(top) < np.abs(0.5 * q * search.previous)
    trusted &= (top > q * (low - best)) & (top < q * (high - best))
    middle = 0.5 * (low + high)
    vertex = np.divide(top, q, out=np.zeros_like(top), where=trusted)
    at_end = (best + vertex - low < 2.0 * near) | (high - best - vertex < 2.0 * near)
    vertex = np.where(at_end, np.where(best < middle, near, -near), vertex)
    longest = np.where(best < middle, high, low) - best
    step = np.where(trusted, vertex, _GOLDEN * longest)
    search.previous = np.where(going, np.where(trusted, search.step, longest), search.previous)
    search.step = np.where(going, step, search.step)
    far: NDArray[np.float64] = np.where(np.abs(step) >= near, step, np.copysign(near, step))
    return np.where(going, best + far, best)


def _take_in(
    search: _Search,
    going: NDArray[np.bool_],
    found: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> None:
    """Narrow the intervals by the new points, and keep the best three."""
    trial, f_trial = found
    best, second, third = search.points
    f_best, f_second, f_third = search.values
    better = f_trial <= f_best
    left = trial < best
    search.low = np.where(going & (better ^ left), np.where(better, best, trial), search.low)
    search.high = np.where(going & ~(better ^ left), np.where(better, best, trial), search.high)
    runner_up = ~better & ((f_trial <= f_second) | (second == best))
    last = ~better & ~runner_up
    last &= (f_trial <= f_third) | (third == best) | (third == second)
    moved = [going & better, going & runner_up, going & last]
    for rows, new in ((search.points, trial), (search.values, f_trial)):
        one, two, three = rows
        rows[:] = (
            np.where(moved[0], new, one),
            np.select(moved[:2], [one, new], two),
            np.select(moved, [two, two, new], three),
        )
