"""Pairwise alignment of positions by a matrix of scores, with affine gaps and free ends."""

from __future__ import annotations

import numpy as np

GAP_OPEN, GAP_EXTEND = 11.0, 1.0
_SCALE = 1000
_LOW = np.iinfo(np.int64).min // 4


def align_positions(
    scores: np.ndarray, *, gap_open: float = GAP_OPEN, gap_extend: float = GAP_EXTEND
) -> tuple[np.ndarray, float]:
    """Best alignment of the rows of ``scores`` to its columns, in order.

    What one side has beyond the end of the other is free, so that a domain finds its place in a
    longer protein; any other gap of k positions costs ``gap_open + (k - 1) * gap_extend``. The
    result is optimal for these costs; scores count to three decimals.

    Parameters
    ----------
    scores : ndarray, shape (L, n)
        Score of aligning each position of one side with each of the other.
    gap_open, gap_extend : float
        Costs of the first and of each further position of a gap, in the unit of ``scores``;
        the defaults suit half bits (BLOSUM62).

    Returns
    -------
    places : ndarray of int, shape (L,)
        Column aligned to each row; -1 for none.
    score : float

    References
    ----------
    Gotoh (1982), An improved algorithm for matching biological sequences, Journal of Molecular
    Biology 162:705-708.

    Examples
    --------
    >>> import numpy as np
    >>> first, second = np.array(list("MKVL")), np.array(list("KVLAW"))
    >>> places, score = align_positions(np.where(first[:, None] == second, 5, -4))
    >>> places.tolist(), score
    ([-1, 0, 1, 2], 15.0)
    """
    scaled, opening, extending = _whole(scores, gap_open, gap_extend)
    best, down, right = _fill(scaled, opening, extending)
    places = np.full(len(scores), -1, dtype=np.int64)
    i, j = _end(best)
    score = float(best[i, j] / _SCALE)
    state = "best"
    while i > 0 and j > 0:
        if state == "down":
            state = "best" if down[i, j] == best[i - 1, j] - opening else "down"
            i -= 1
        elif state == "right":
            state = "best" if right[i, j] == best[i, j - 1] - opening else "right"
            j -= 1
        elif best[i, j] == best[i - 1, j - 1] + scaled[i - 1, j - 1]:
            i, j = i - 1, j - 1
            places[i] = j
        else:
            state = "down" if best[i, j] == down[i, j] else "right"
    return places, score


def best_score(
    scores: np.ndarray, *, gap_open: float = GAP_OPEN, gap_extend: float = GAP_EXTEND
) -> float:
    """Score of the best alignment alone; see `align_positions`."""
    best = _fill(*_whole(scores, gap_open, gap_extend))[0]
    return float(best[_end(best)] / _SCALE)


def _whole(scores: np.ndarray, gap_open: float, gap_extend: float) -> tuple[np.ndarray, int, int]:
    """Scores and costs as whole numbers, so that sums can be compared exactly."""
    scaled = np.rint(np.asarray(scores, dtype=float) * _SCALE).astype(np.int64)
    return scaled, round(gap_open * _SCALE), round(gap_extend * _SCALE)


def _fill(scores: np.ndarray, opening: int, extending: int) -> tuple[np.ndarray, ...]:
    """Best score of each prefix pair, and the best that end in a gap; whole numbers.

    A row at a time: a gap along the row begins at any earlier cell and costs by its length,
    so that its best is a running maximum.
    """
    rows, columns = scores.shape
    best = np.zeros((rows + 1, columns + 1), dtype=np.int64)
    down = np.full_like(best, _LOW)
    right = np.full_like(best, _LOW)
    step = extending * np.arange(columns + 1)
    for i in range(1, rows + 1):
        down[i] = np.maximum(best[i - 1] - opening, down[i - 1] - extending)
        down[i, 0] = _LOW
        ahead = down[i].copy()
        ahead[1:] = np.maximum(ahead[1:], best[i - 1, :-1] + scores[i - 1])
        ahead[0] = 0
        right[i, 1:] = (np.maximum.accumulate(ahead + step)[:-1] - opening) - step[:-1]
        best[i] = np.maximum(ahead, right[i])
    return best, down, right


def _end(best: np.ndarray) -> tuple[int, int]:
    """Where the best alignment ends: at the end of either side."""
    i, j = int(best[:, -1].argmax()), int(best[-1].argmax())
    if best[i, -1] >= best[-1, j]:
        return i, best.shape[1] - 1
    return best.shape[0] - 1, j
