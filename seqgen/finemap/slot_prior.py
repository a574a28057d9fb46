"""A prior on how many of the L effects there are."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betaln, xlogy

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Log odds of an effect beyond this make no difference.
_CERTAIN = 20.0


def start_slots(L: int, shapes: tuple[float, float]) -> NDArray[np.float64]:
    """Return the probabilities that effects are there before any was fitted, shape (L,)."""
    a, b = shapes
    return np.full(L, min(a / (a + b), 1.0 - 1e-10))


def slot_probability(
    slots: NDArray[np.float64], effect: int, *, lbf: float, shapes: tuple[float, float]
) -> float:
    """Return the probability that an effect is there, given the others' and its evidence.

    Each effect is there with the same unknown probability, which has a beta distribution and
    is integrated out, so that odds rise with the number of other effects.

    Parameters
    ----------
    slots : ndarray, shape (L,)
        Probabilities of all effects now.
    effect : int
        Which effect.
    lbf : float
        Its log Bayes factor.
    shapes : (float, float)
        Shapes a and b of the beta distribution.

    References
    ----------
    Scott, Berger (2010), Ann. Statist. 38:2587-2619.

    Examples
    --------
    >>> round(slot_probability(np.zeros(10), 0, lbf=0.0, shapes=(1.0, 9.0)), 4)
    0.0526
    """
    a, b = shapes
    others = float(slots.sum()) - float(slots[effect])
    odds = math.log(a + others) - math.log(b + len(slots) - 1.0 - others) + lbf
    return 1.0 / (1.0 + math.exp(-max(min(odds, _CERTAIN), -_CERTAIN)))


def slot_bound(slots: NDArray[np.float64], shapes: tuple[float, float]) -> float:
    """Return what the prior and the uncertainty of the effects' presence add to the objective."""
    a, b = shapes
    there = float(slots.sum())
    entropy = -float(np.sum(xlogy(slots, slots) + xlogy(1.0 - slots, 1.0 - slots)))
    return float(betaln(a + there, b + len(slots) - there) - betaln(a, b)) + entropy
