"""Weighted Bonferroni and weighted Benjamini-Hochberg."""

from __future__ import annotations

import numpy as np

from seqgen.errors import InputError
from seqgen.stats import benjamini_hochberg
from seqgen.weighted_testing.weights import Weights

_TOLERANCE = 1e-6


def weighted_bonferroni(
    p: np.ndarray,
    weights: np.ndarray | Weights,
    *,
    n_tests: int | None = None,
    weight_sum: float | None = None,
) -> np.ndarray:
    """Adjusted p values min(1, n_tests * p / weight): at most alpha, family-wise error alpha.

    Parameters
    ----------
    p : ndarray of float, shape (k,)
        P values, between 0 and 1; of all tests, or of those below a threshold fixed beforehand.
    weights : ndarray of float, shape (k,), or Weights
        At least 0, one per p value, averaging 1 over all tests. A weight of 0 is never rejected.
    n_tests : int, optional
        All tests that were run; by default k.
    weight_sum : float, optional
        Sum of the weights over all tests, wanted where ``n_tests`` exceeds k: it has to equal
        ``n_tests``. `Weights` carry it along.

    Returns
    -------
    ndarray of float64, shape (k,)

    Raises
    ------
    InputError
        If a p value or weight is missing or out of range, or the weights do not average 1.

    References
    ----------
    Holm (1979), Scandinavian Journal of Statistics 6, 65-70; Genovese, Roeder, Wasserman (2006),
    Biometrika 93, 509-524.

    Examples
    --------
    >>> weighted_bonferroni(np.array([0.01, 0.01]), np.array([1.5, 0.5])).round(4).tolist()
    [0.0133, 0.04]
    """
    ratio, total = _ratios(p, weights, n_tests, weight_sum)
    return np.minimum(1.0, ratio * total)


def weighted_bh(
    p: np.ndarray,
    weights: np.ndarray | Weights,
    *,
    n_tests: int | None = None,
    weight_sum: float | None = None,
) -> np.ndarray:
    """Adjusted p values of weighted Benjamini-Hochberg: at most alpha, false discovery rate alpha.

    Benjamini-Hochberg on p / weight. Where only p values below a threshold are given, the others
    count as 1, which keeps the error rate and can only lose discoveries.

    Parameters
    ----------
    p, weights, n_tests, weight_sum
        As in `weighted_bonferroni`.

    Returns
    -------
    ndarray of float64, shape (k,)

    Raises
    ------
    InputError
        If a p value or weight is missing or out of range, or the weights do not average 1.

    References
    ----------
    Genovese, Roeder, Wasserman (2006), Biometrika 93, 509-524.

    Examples
    --------
    >>> weighted_bh(np.array([0.03, 0.03, 0.9]), np.array([2.0, 0.5, 0.5])).round(3).tolist()
    [0.045, 0.09, 1.0]
    """
    ratio, total = _ratios(p, weights, n_tests, weight_sum)
    return benjamini_hochberg(np.minimum(1.0, ratio), n_tests=total)


def _ratios(
    p: np.ndarray,
    weights: np.ndarray | Weights,
    n_tests: int | None,
    weight_sum: float | None,
) -> tuple[np.ndarray, int]:
    """The quotients p / weight, infinite for weight 0, and the number of all tests."""
    p = checked_p(p)
    if isinstance(weights, Weights):
        values, total = weights.values, weights.n_tests
        if n_tests is not None and n_tests != total:
            raise InputError(
                f"n_tests is {n_tests:,}, the weights were made for {total:,} tests; make them "
                "for all tests that are run"
            )
        weight_sum = float(values.sum() + weights.rest * (total - values.size))
    else:
        values = np.asarray(weights, dtype=np.float64)
        total = p.size if n_tests is None else n_tests
    _check_weights(values, p, total)
    _check_average(values, total, weight_sum)
    out = np.full(p.shape, np.inf)
    np.divide(p, values, out=out, where=values > 0)
    return out, total


def checked_p(p: np.ndarray) -> np.ndarray:
    """P values as float64, none missing, all between 0 and 1; shape (k,)."""
    array = np.asarray(p, dtype=np.float64)
    if array.ndim != 1 or not array.size:
        raise InputError(f"p: shape {array.shape}; expected (tests,) with at least one test")
    bad = ~((array >= 0) & (array <= 1))
    if bad.any():
        raise InputError(
            f"p: {int(bad.sum()):,} value(s) missing or outside 0 to 1, first {array[bad][0]} at "
            f"row {int(bad.argmax())}; drop tests without a p value and lower n_tests accordingly"
        )
    return array


def _check_weights(values: np.ndarray, p: np.ndarray, total: int) -> None:
    if values.shape != p.shape:
        raise InputError(
            f"weights: shape {values.shape} for {p.size:,} p values; expected one weight each"
        )
    bad = ~((values >= 0) & np.isfinite(values))
    if bad.any():
        raise InputError(
            f"weights: {int(bad.sum()):,} negative, infinite or missing, first {values[bad][0]} "
            f"at row {int(bad.argmax())}; expected finite weights of at least 0"
        )
    if total < p.size:
        raise InputError(f"n_tests is {total:,} for {p.size:,} p values; expected at least as many")


def _check_average(values: np.ndarray, total: int, weight_sum: float | None) -> None:
    if weight_sum is None:
        if total > values.size:
            raise InputError(
                f"weight_sum: missing; {total:,} tests were run and {values.size:,} weights are "
                "given, so the average cannot be seen: give the sum of the weights over all tests"
            )
        weight_sum = float(values.sum())
    if not abs(weight_sum - total) <= _TOLERANCE * total:
        raise InputError(
            f"weights: average {weight_sum / total:.6g} over the {total:,} tests; expected 1, or "
            "the error rate is not kept; divide them by their average over all tests run"
        )
    if values.sum() > weight_sum * (1.0 + _TOLERANCE):
        raise InputError(
            f"weight_sum is {weight_sum:.6g}, the given weights alone sum to {values.sum():.6g}"
        )
