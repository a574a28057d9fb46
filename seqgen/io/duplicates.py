"""Variants that a file holds more than once."""

from __future__ import annotations

import numpy as np
import pandas as pd

from seqgen.io.alleles import paired
from seqgen.io.chromosomes import chromosome_order
from seqgen.io.tally import Tally

_BEYOND = 1 << 30  # more than any position


BEST_KEPT = "same variant as a row of lower p, which is kept"
CONTRADICTING = "rows of the same variant contradict each other (all dropped)"


def drop_repeats(frame: pd.DataFrame, tally: Tally) -> pd.DataFrame:
    """Keep one of rows of one variant, or none where they contradict each other.

    Rows are of one variant where chromosome, position and the two alleles agree, in either
    order; a row's rsID does not count. Where beta, se and frequency, read for one allele, agree
    within 1e-6, the first is kept. Where they differ as two imputations of one variant do, by
    no more than two standard errors in beta, a factor of 2 in se and 0.1 in frequency, the row
    of lowest p is kept. Else all are dropped: which allele a row counts is in doubt.

    Parameters
    ----------
    frame : DataFrame
        Columns of schema ``SUMSTATS``.
    tally : Tally

    Returns
    -------
    DataFrame
    """
    place = chromosome_order(frame["chrom"]).to_numpy() * _BEYOND + frame["pos"].to_numpy()
    near = np.flatnonzero(_shared(place))
    if not len(near):
        return frame
    crowd, group = _one_way_round(frame.iloc[near], place[near])
    repeated = (np.bincount(group) > 1)[group]
    if not repeated.any():
        return frame
    lead = np.unique(group, return_index=True)[1][group]
    first = lead == np.arange(len(near))
    alike = np.ones(len(near), dtype=bool)
    for name in ("beta", "se", "eaf"):
        alike &= np.isclose(crowd[name], crowd[name][lead], rtol=1e-6, atol=1e-12)
    agreed = _throughout(alike, group)
    close = ~agreed & repeated & _throughout(_close(crowd, lead), group)
    order = np.lexsort((-crowd["neg_log10_p"], group))  # of equal ones the first stays first
    strongest = np.zeros(len(near), dtype=bool)
    strongest[order] = np.diff(group[order], prepend=-1) != 0
    dropped = np.zeros(len(frame), dtype=bool)
    for reason, which in (
        ("repeats an earlier row of the same variant", repeated & agreed & ~first),
        (BEST_KEPT, close & ~strongest),
        (CONTRADICTING, repeated & ~agreed & ~close),
    ):
        mask = np.zeros(len(frame), dtype=bool)
        mask[near[which]] = True
        tally.note(frame, mask, reason, action="dropped")
        dropped |= mask
    return frame[~dropped] if dropped.any() else frame


def _shared(place: np.ndarray) -> np.ndarray:
    """Rows at a place where others are too."""
    step = np.diff(place)
    if (step < 0).any():
        return pd.Series(place).duplicated(keep=False).to_numpy()
    same = step == 0
    return np.append(same, False) | np.append(False, same)


def _throughout(what: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Whether it holds for all rows of a row's group."""
    return (np.bincount(group, weights=~what) == 0)[group]


def _close(crowd: dict[str, np.ndarray], lead: np.ndarray) -> np.ndarray:
    """Whether each row says about what the first of its variant says."""
    se, frequency = crowd["se"], crowd["eaf"]
    apart = np.abs(crowd["beta"] - crowd["beta"][lead])
    ratio = se / se[lead]
    known = (frequency >= 0) & (frequency[lead] >= 0)
    close: np.ndarray = (apart <= 2.0 * np.maximum(se, se[lead])) & (ratio < 2.0) & (ratio > 0.5)
    return close & (~known | (np.abs(frequency - frequency[lead]) <= 0.1))


def _one_way_round(
    rows: pd.DataFrame, place: np.ndarray
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The rows read for the allele that comes first in the alphabet, and each one's variant.

    No value is missing; variants are counted from 0 as they come.
    """
    words, first, second = paired(rows["effect_allele"], rows["other_allele"])
    rank = np.argsort(words.argsort())
    effect, other = rank[first], rank[second]
    swap = effect > other
    pair = np.minimum(effect, other) * len(words) + np.maximum(effect, other)
    group, _ = pd.factorize(pd.factorize(place)[0] * len(words) ** 2 + pair)
    eaf, beta = rows["eaf"].to_numpy(), rows["beta"].to_numpy()
    crowd = {
        "beta": np.where(swap, -beta, beta),
        "se": rows["se"].to_numpy(),
        "neg_log10_p": rows["neg_log10_p"].to_numpy(),
        "eaf": np.nan_to_num(np.where(swap, 1.0 - eaf, eaf), nan=-1.0),
    }
    return crowd, group
