"""Family-wise error of dependent tests, by permutations of the people."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from seqgen.errors import InputError


def permuted_orders(
    n_people: int,
    n_permutations: int,
    *,
    strata: Sequence[object] | np.ndarray | None = None,
    seed: int = 0,
) -> np.ndarray:
    """Random orders of the people, within strata where they are given.

    Permute the trait's residuals on the covariates, not the genotypes, so that the dependence of
    the tests stays what it is.

    Parameters
    ----------
    n_people, n_permutations : int
    strata : sequence, length n_people, optional
        People are exchanged only with those of the same label (batch, family, population).
    seed : int

    Returns
    -------
    ndarray of int64, shape (n_permutations, n_people)

    Raises
    ------
    InputError
        If a count is below 2 or 1, labels are missing, or every stratum has one person.

    Examples
    --------
    >>> orders = permuted_orders(4, 3, strata=[0, 0, 1, 1])
    >>> orders.shape, bool((orders[:, :2] < 2).all())
    ((3, 4), True)
    """
    if n_people < 2 or n_permutations < 1:
        raise InputError(
            f"n_people, n_permutations: {n_people} and {n_permutations}; expected at least 2 and 1"
        )
    rng = np.random.default_rng(seed)
    labels = np.zeros(n_people) if strata is None else np.asarray(strata)
    if labels.shape != (n_people,):
        raise InputError(f"strata: shape {labels.shape} for {n_people:,} people; expected one each")
    _, stratum = np.unique(labels, return_inverse=True)
    if np.bincount(stratum).max() < 2:
        raise InputError("strata: every stratum has one person, so nobody can be exchanged")
    place = np.argsort(stratum, kind="stable")
    # Sorted by stratum, then at random within it.
    drawn = np.lexsort((rng.random((n_permutations, n_people)),
                        np.broadcast_to(stratum, (n_permutations, n_people))), axis=1)  # fmt: skip
    orders = np.empty((n_permutations, n_people), dtype=np.int64)
    orders[:, place] = drawn
    return orders


def permuted_maxima(
    statistics: Callable[[np.ndarray], np.ndarray], orders: np.ndarray
) -> np.ndarray:
    """Largest absolute statistic of each permutation.

    Parameters
    ----------
    statistics : callable
        From an order of the people, (n,), to the statistics of all tests with the trait in that
        order, (m,).
    orders : ndarray of int, shape (permutations, n)

    Returns
    -------
    ndarray of float64, shape (permutations,)

    Raises
    ------
    InputError
        If the statistics hold NaN.

    Examples
    --------
    >>> x, y = np.array([0.0, 1.0, 2.0, 4.0]), np.array([1.0, 0.0, 2.0, 3.0])
    >>> permuted_maxima(lambda order: y[order] @ x[:, None], np.array([[3, 2, 1, 0]])).tolist()
    [6.0]
    """
    out = np.empty(len(orders))
    for index, order in enumerate(orders):
        out[index] = np.abs(statistics(order)).max()
    if np.isnan(out).any():
        raise InputError(
            f"statistics: NaN in {int(np.isnan(out).sum())} of {len(out)} permutations; leave "
            "tests out that have no statistic"
        )
    return out


def max_t(statistics: np.ndarray, maxima: np.ndarray) -> np.ndarray:
    """Adjusted p values (1 + number of maxima at least as large) / (1 + permutations).

    Parameters
    ----------
    statistics : ndarray of float, shape (m,)
        On one scale for all tests (t, not covariances); the absolute value counts.
    maxima : ndarray of float, shape (permutations,)
        As from `permuted_maxima`.

    Returns
    -------
    ndarray of float64, shape (m,)

    Raises
    ------
    InputError
        If a statistic or a maximum is missing.

    References
    ----------
    Westfall, Young (1993), Resampling-Based Multiple Testing; Phipson, Smyth (2010), Statistical
    Applications in Genetics and Molecular Biology 9, 39: why 1 is added.

    Examples
    --------
    >>> max_t(np.array([-5.0, 1.0]), np.array([2.0, 3.0, 4.0])).tolist()
    [0.25, 1.0]
    """
    statistics, maxima = np.asarray(statistics, float), np.sort(np.asarray(maxima, float))
    if not maxima.size or np.isnan(maxima).any() or np.isnan(statistics).any():
        raise InputError("statistics, maxima: missing values or no permutation; expected numbers")
    at_least = maxima.size - np.searchsorted(maxima, np.abs(statistics), side="left")
    return (1 + at_least) / (1 + maxima.size)


def max_t_threshold(maxima: np.ndarray, *, level: float = 0.05) -> float:
    """The absolute statistic from which on `max_t` is at most ``level``.

    Raises
    ------
    InputError
        If there are too few permutations for the level.

    Examples
    --------
    >>> round(max_t_threshold(np.arange(1.0, 40.0), level=0.05), 6)
    38.0
    """
    maxima = np.sort(np.asarray(maxima, dtype=np.float64))
    allowed = int(np.floor(level * (maxima.size + 1) * (1 + 1e-12))) - 1
    if allowed < 0:
        raise InputError(
            f"maxima: {maxima.size} permutation(s) cannot give a p value of {level}; run at "
            f"least {int(np.ceil(1 / level)) - 1}"
        )
    # At most ``allowed`` maxima may be as large; just above the next one.
    return float(np.nextafter(maxima[maxima.size - allowed - 1], np.inf))
