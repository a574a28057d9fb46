"""Two-sided tails of Student's t and of the normal, on a scale where they never underflow."""

from __future__ import annotations

import numpy as np

_LN10 = np.log(10.0)
# Where scipy's tail gets near the smallest double, its logarithm is continued otherwise.
_SAFE = 1e-250


def neg_log10_p_of_t(t: np.ndarray, df: np.ndarray | float) -> np.ndarray:
    """Minus log10 of the two-sided p value of ``t`` with ``df`` degrees of freedom.

    With infinite ``df`` it is the normal's. NaN stays NaN.

    Parameters
    ----------
    t : ndarray of float64, any shape
    df : ndarray or float
        Degrees of freedom, above 0.

    Returns
    -------
    ndarray of float64, shape of ``t``

    References
    ----------
    Press et al. (2007), Numerical Recipes, 3rd edition, section 6.4: the continued fraction of
    the incomplete beta function.

    Examples
    --------
    >>> neg_log10_p_of_t(np.array([0.0, 1.96, 60.0]), np.inf).round(3).tolist()
    [0.0, 1.301, 783.606]
    """
    from scipy.special import betainc, log_ndtr

    t = np.asarray(t, dtype=np.float64)
    df = np.broadcast_to(np.asarray(df, dtype=np.float64), t.shape)
    out = np.full(t.shape, np.nan)
    normal = np.isinf(df)
    out[normal] = -(log_ndtr(-np.abs(t[normal])) + np.log(2.0)) / _LN10
    known = ~normal & ~np.isnan(t)
    squared, freedom = t[known] ** 2, df[known]
    p = betainc(freedom / 2, 0.5, freedom / (freedom + squared))
    with np.errstate(divide="ignore"):
        tail = -np.log10(p)
    tiny = p < _SAFE
    if tiny.any():
        tail[tiny] = -_log_beta_tail(squared[tiny], freedom[tiny]) / _LN10
    out[known] = tail
    return out + 0.0


def _log_beta_tail(squared: np.ndarray, df: np.ndarray) -> np.ndarray:
    """Natural log of I_x(df/2, 1/2) at x = df / (df + t^2), for t far out."""
    from scipy.special import betaln

    a, b = df / 2, 0.5
    # log x and log (1 - x) without the rounding of x near 1.
    log_x, log_rest = -np.log1p(squared / df), -np.log1p(df / squared)
    front = a * log_x + b * log_rest - np.log(a) - betaln(a, b)
    return front + np.log(_continued_fraction(a, b, df / (df + squared)))


def _continued_fraction(a: np.ndarray, b: float, x: np.ndarray) -> np.ndarray:
    """Lentz' evaluation of the continued fraction of the incomplete beta function."""
    c = np.ones_like(x)
    d = 1.0 / (1.0 - (a + b) * x / (a + 1.0))
    h = d.copy()
    for m in range(1, 10_000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        change = np.ones_like(x)
        for term in (even, odd):
            d = 1.0 / (1.0 + term * d)
            c = 1.0 + term / c
            change *= c * d
        h *= change
        if np.abs(change - 1.0).max() < 1e-14:
            break
    return h
