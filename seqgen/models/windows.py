"""How a sequence longer than a model's context is covered by windows, and windows merged."""

from __future__ import annotations

import numpy as np


def window_starts(length: int, window: int, overlap: int) -> np.ndarray:
    """0-based starts of evenly spread windows that cover ``length`` residues.

    Neighbours overlap by at least ``overlap``; there are as few windows as that allows.

    Examples
    --------
    >>> window_starts(2000, 1022, 511).tolist()
    [0, 489, 978]
    """
    if length <= window:
        return np.zeros(1, dtype=np.int64)
    count = -(-(length - overlap) // (window - overlap))
    return np.linspace(0, length - window, count).round().astype(np.int64)


def centred_starts(places: np.ndarray, lengths: np.ndarray, window: int) -> np.ndarray:
    """0-based start of the window centred on each place, moved to stay inside its sequence.

    Examples
    --------
    >>> centred_starts(np.array([0, 50, 99]), np.array([100, 100, 100]), 20).tolist()
    [0, 40, 80]
    """
    return np.clip(places - window // 2, 0, np.maximum(lengths - window, 0))


def window_weights(
    places: np.ndarray, starts: np.ndarray, *, length: int, window: int
) -> np.ndarray:
    """Share of each window at each place, (places, windows), rows summing to one.

    Before scaling, a window's weight is a sigmoid of the distance to its nearest inner end (an
    end of the sequence is none): near zero at the end, one half a quarter window away, near one
    in the middle. So windows fade in and out, and no place sees a jump.

    Parameters
    ----------
    places : ndarray of int, shape (n,)
        0-based, each covered by a window.
    starts : ndarray of int, shape (w,)
        As `window_starts` gives them.
    length, window : int
        Of the sequence and of a window, in residues.

    References
    ----------
    Brandes et al. (2023), Genome-wide prediction of disease variant effects with a deep protein
    language model, Nature Genetics 55:1512-1522.
    """
    places, starts = np.asarray(places)[:, None], np.asarray(starts)[None, :]
    ends = starts + min(window, length)
    left = np.where(starts == 0, np.inf, places - starts + 1.0)
    right = np.where(ends == length, np.inf, ends - places + 0.0)
    depth = np.minimum(left, right)
    # Slope: half a window, the default overlap, leads from e^-6 to 1 - e^-6.
    weight = 1.0 / (1.0 + np.exp(np.clip(6.0 - depth * (24.0 / window), -60.0, 60.0)))
    weight = np.where((places >= starts) & (places < ends), weight, 0.0)
    return weight / weight.sum(axis=1, keepdims=True)
