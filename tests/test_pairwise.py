"""Pairwise alignment: as good as the best of all alignments, affine gaps, free ends."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from seqgen.pairwise import align_positions, best_score

OPENING, EXTENDING = 2.5, 0.5


def cost(i, j):
    """Cost of leaving i positions of one side and j of the other unaligned between two pairs."""
    return sum(OPENING + (k - 1) * EXTENDING for k in (i, j) if k)


def cost_at_end(i, j):
    """At an end one side may go on for free, not both."""
    return min(cost(i, 0), cost(0, j))


def score_of(scores, places):
    """Score of an alignment by its definition."""
    pairs = [(i, j) for i, j in enumerate(places.tolist()) if j >= 0]
    if not pairs:
        return 0.0
    last = np.subtract(scores.shape, pairs[-1]) - 1
    value = sum(scores[pair] for pair in pairs) - cost_at_end(*pairs[0]) - cost_at_end(*last)
    return value - sum(cost(k - i - 1, m - j - 1) for (i, j), (k, m) in pairwise(pairs))


def best_of_all(scores):
    """Best score over all alignments: each pair after each pair that may come before it."""
    rows, columns = scores.shape
    best = np.zeros(scores.shape)
    highest = 0.0
    for i, j in np.ndindex(rows, columns):
        before = [best[k, m] - cost(i - k - 1, j - m - 1) for k, m in np.ndindex(i, j)]
        best[i, j] = scores[i, j] + max([-cost_at_end(i, j), *before])
        highest = max(highest, best[i, j] - cost_at_end(rows - i - 1, columns - j - 1))
    return highest


@pytest.mark.parametrize("seed", range(40))
def test_no_alignment_scores_more(seed):
    rng = np.random.default_rng(seed)
    scores = rng.normal(-1, 3, size=rng.integers(3, 9, size=2)).round(2)
    costs = {"gap_open": OPENING, "gap_extend": EXTENDING}
    places, score = align_positions(scores, **costs)
    assert (np.diff(places[places >= 0]) > 0).all()
    assert score == pytest.approx(score_of(scores, places))
    assert score == pytest.approx(best_of_all(scores))
    assert score == best_score(scores, **costs)


def test_one_long_gap_costs_less_than_two():
    first, second = np.array(list("MKVLAGHEWD")), np.array(list("MKVAGHEWDCCC"))
    scores = np.where(first[:, None] == second, 5.0, -4.0)
    places, score = align_positions(scores)
    assert places.tolist() == [0, 1, 2, -1, 3, 4, 5, 6, 7, 8]
    assert score == 9 * 5 - 11


def test_a_domain_finds_its_place_without_cost():
    rng = np.random.default_rng(2)
    whole = rng.integers(0, 20, size=300)
    scores = np.where(whole[120:180, None] == whole, 4.0, -1.0)
    places, score = align_positions(scores)
    assert places.tolist() == list(range(120, 180))
    assert score == 240
    back, same = align_positions(scores.T)
    assert back[120:180].tolist() == list(range(60))
    assert (back[:120] == -1).all()
    assert same == score
