"""Whether high scores are but those of neighbours along the chain."""

from __future__ import annotations

import numpy as np

SHORTEST = 60  # residues; in less, too many pairs are near each other anyway
APART = 6  # positions; nearer pairs are coupled in every protein
NEAR = 12
MOST = 0.6  # of the contacts of three folded proteins .09, .13 and .22 are as near


def neighbour_notice(scores: np.ndarray) -> tuple[str, ...]:
    """A notice where most of a protein's L highest scores are of neighbours along the chain.

    Parameters
    ----------
    scores : ndarray, shape (L, L)
        Of one protein's residues in order; NaN where there is none.

    Returns
    -------
    tuple of str
        One, or none.

    Examples
    --------
    >>> place = np.arange(80)
    >>> neighbour_notice(-np.abs(place - place[:, None]).astype(float))
    ('80 of the 80 highest scores of pairs 6+ apart are of pairs fewer than 12 apart: they follow \
the chain; do not take them, or high probabilities, for contacts',)
    """
    length = len(scores)
    i, j = np.triu_indices(length, APART)
    values, gap = scores[i, j], j - i
    values, gap = values[np.isfinite(values)], gap[np.isfinite(values)]
    if length < SHORTEST or len(values) < 2 * length or np.ptp(values) == 0:
        return ()
    highest = np.argsort(-values, kind="stable")[:length]
    near = int((gap[highest] < NEAR).sum())
    if near <= MOST * length:
        return ()
    return (
        f"{near} of the {length} highest scores of pairs {APART}+ apart are of pairs fewer than "
        f"{NEAR} apart: they follow the chain; do not take them, or high probabilities, for "
        "contacts",
    )
