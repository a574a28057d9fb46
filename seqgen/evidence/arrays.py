"""Joins on whole numbers: groups of rows, all pairs of two groups, values by key."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Groups(NamedTuple):
    """Rows by group: those of group g are ``order[starts[g] : starts[g] + sizes[g]]``."""

    order: np.ndarray
    starts: np.ndarray
    sizes: np.ndarray

    @classmethod
    def of(cls, codes: np.ndarray, count: int) -> Groups:
        """Rows by their code, 0 to ``count`` - 1; those with a code below 0 are in no group.

        Examples
        --------
        >>> groups = Groups.of(np.array([1, 0, -1, 1]), 2)
        >>> groups.order.tolist(), groups.starts.tolist(), groups.sizes.tolist()
        ([1, 0, 3], [0, 1], [1, 2])
        """
        rows = np.flatnonzero(codes >= 0)
        sizes = np.bincount(codes[rows], minlength=count)
        order = rows[np.argsort(codes[rows], kind="stable")]
        return cls(order, np.cumsum(sizes) - sizes, sizes)


def crossed(
    first: tuple[np.ndarray, np.ndarray], second: tuple[np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """All pairs of a number out of a range and one out of its partner range.

    Parameters
    ----------
    first, second : tuple of ndarray of int, each of shape (k,)
        Starts and sizes of k ranges each.

    Returns
    -------
    tuple of ndarray of int, shape (sum of products of sizes,)

    Examples
    --------
    >>> [side.tolist() for side in crossed((np.array([5]), np.array([2])),
    ...                                    (np.array([0]), np.array([3])))]
    [[5, 5, 5, 6, 6, 6], [0, 1, 2, 0, 1, 2]]
    """
    counts = first[1] * second[1]
    which = np.repeat(np.arange(len(counts)), counts)
    inside = np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)
    i, j = np.divmod(inside, second[1][which])
    return first[0][which] + i, second[0][which] + j


class Values(NamedTuple):
    """Values by key: keys ascending, each once."""

    keys: np.ndarray
    values: np.ndarray

    @classmethod
    def largest(cls, keys: np.ndarray, values: np.ndarray) -> Values:
        """The largest value of each key.

        Examples
        --------
        >>> Values.largest(np.array([7, 3, 7]), np.array([1.0, 2.0, 4.0])).values.tolist()
        [2.0, 4.0]
        """
        if not len(keys):
            return cls(keys.astype(np.int64), values.astype(np.float64))
        order = np.argsort(keys, kind="stable")
        ordered = keys[order]
        start = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
        return cls(ordered[start], np.maximum.reduceat(values[order], start))

    def at(self, keys: np.ndarray) -> np.ndarray:
        """The value of each key, NaN where there is none."""
        if not len(self.keys):
            return np.full(len(keys), np.nan)
        place = np.searchsorted(self.keys, keys)
        place[place == len(self.keys)] = 0
        return np.where(self.keys[place] == keys, self.values[place], np.nan)


def distinct(keys: np.ndarray) -> np.ndarray:
    """Each key once, ascending; for many keys much faster than by hashing."""
    ordered = np.sort(keys)
    return ordered[np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)]]


def held(keys: np.ndarray, ascending: np.ndarray) -> np.ndarray:
    """Which keys are among ``ascending`` ones."""
    if not len(ascending):
        return np.zeros(len(keys), dtype=bool)
    place = np.searchsorted(ascending, keys)
    place[place == len(ascending)] = 0
    return ascending[place] == keys


def unordered(first: np.ndarray, second: np.ndarray, count: int) -> np.ndarray:
    """One key for two numbers below ``count``, whichever comes first."""
    return np.minimum(first, second) * count + np.maximum(first, second)
