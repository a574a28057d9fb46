"""What a matrix of correlations between variants has to be, whoever reads or fits it."""

from __future__ import annotations

import numpy as np

ROUNDING = 1e-4
"""Rounding that LD files carry: text with six digits, single precision."""

ASYMMETRY = 0.05
"""Halves that differ by more are not two estimates of the same correlations."""

_R2_LOOK_FROM = 20
_SOME_LINKED = 0.2


def looks_squared(matrix: np.ndarray) -> bool:
    """Whether a matrix that should hold r looks like r squared.

    It does where at least 20 variants have no negative correlation among them, and a fifth or
    more of the pairs a positive one: in r, about half of them are negative.

    Parameters
    ----------
    matrix : ndarray, shape (p, p)
        Finite, with a diagonal of one.

    Examples
    --------
    >>> r = 0.9 ** np.abs(np.subtract.outer(np.arange(30), np.arange(30)))
    >>> turned = r * np.outer(np.resize([1, -1], 30), np.resize([1, -1], 30))
    >>> looks_squared(r), looks_squared(turned)
    (True, False)
    """
    p = matrix.shape[0]
    if p < _R2_LOOK_FROM or matrix.min() < 0.0:
        return False
    return int(np.count_nonzero(matrix)) - p >= _SOME_LINKED * p * (p - 1)
