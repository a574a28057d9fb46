"""Tails of test statistics, and multiple testing as scipy has it."""

from __future__ import annotations

import numpy as np

_LN10 = np.log(10.0)
# Where scipy's tail gets near the smallest double, its logarithm is continued otherwise.
_SAFE = 1e-250


def benjamini_hochberg(p: np.ndarray, *, n_tests: int | None = None) -> np.ndarray:
    """Adjusted p values of Benjamini and Hochberg.

    Parameters
    ----------
    p : ndarray of float64, shape (k,)
        Between 0 and 1.
    n_tests : int, optional
        Tests run in all, at least k; those that are not given count as p = 1. By default k.

    Returns
    -------
    ndarray of float64, shape (k,)

    References
    ----------
    Benjamini, Hochberg (1995), Journal of the Royal Statistical Society B 57, 289-300.

    Examples
    --------
    >>> benjamini_hochberg(np.array([0.01, 0.04]), n_tests=4).tolist()
    [0.04, 0.08]
    """
    from scipy.stats import false_discovery_control

    p = np.asarray(p, dtype=np.float64)
    if not p.size:
        return p.copy()
    share = p.size / (p.size if n_tests is None else n_tests)
    # Clipping at 1 before the division by the share loses nothing: it is at most 1.
    return np.minimum(1.0, false_discovery_control(p) / share)


def p_of_t(t: np.ndarray, df: float) -> np.ndarray:
    """Two-sided p value of Student's ``t``; 0 where it is below the smallest double.

    Examples
    --------
    >>> p_of_t(np.array([0.0, 2.0]), 10).round(4).tolist()
    [1.0, 0.0734]
    """
    from scipy.special import stdtr

    return np.minimum(1.0, 2.0 * stdtr(df, -np.abs(t)))


def t_of_p(p: float, df: float) -> float:
    """The positive t whose two-sided p value is ``p``.

    Examples
    --------
    >>> round(t_of_p(0.05, 10), 4)
    2.2281
    """
    from scipy.special import stdtrit

    return float(-stdtrit(df, p / 2))


def inflation(median_p: float) -> float:
    """Genomic inflation: the median chi-square (1 df) over the one expected without any effect.

    References
    ----------
    Devlin, Roeder (1999), Biometrics 55, 997-1004.

    Examples
    --------
    >>> round(inflation(0.5), 3), round(inflation(0.4), 3)
    (1.0, 1.557)
    """
    from scipy.special import ndtri

    return float((ndtri(median_p / 2) / ndtri(0.25)) ** 2)


def rank_normal(values: np.ndarray) -> np.ndarray:
    """Each column's ranks as quantiles of the normal; ties share a rank, NaN stays NaN.

    Parameters
    ----------
    values : ndarray of float64, shape (n,) or (n, k)

    Returns
    -------
    ndarray of float64, shape of ``values``

    References
    ----------
    Blom (1958), Statistical Estimates and Transformed Beta-Variables: (rank - 3/8) / (n + 1/4).

    Examples
    --------
    >>> rank_normal(np.array([3.0, np.nan, 1.0, 2.0])).round(3).tolist()
    [0.869, nan, -0.869, 0.0]
    """
    from scipy.special import ndtri
    from scipy.stats import rankdata

    values = np.asarray(values, dtype=np.float64)
    ranks = rankdata(values, axis=0, nan_policy="omit")
    known = (~np.isnan(values)).sum(axis=0)
    return ndtri((ranks - 0.375) / (known + 0.25))


def inflation_error(n_tests: int) -> float:
    """Standard error of `inflation` where ``n_tests`` independent tests are without effect.

    That of the median of chi-squares (1 df), 1 / (2 f(m) sqrt(n)), over the median m.

    Examples
    --------
    >>> round(inflation_error(10_000), 4)
    0.0233
    """
    return 2.332 / max(n_tests, 1) ** 0.5


def neg_log10_p_of_t(t: np.ndarray, df: np.ndarray | float) -> np.ndarray:
    """Minus log10 of the two-sided p value of ``t`` with ``df`` degrees of freedom.

    With infinite ``df`` it is the normal's. NaN stays NaN. Never infinite for a finite ``t``.

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
