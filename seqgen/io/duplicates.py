"""Variants that a file holds more than once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from seqgen.io.chromosomes import chromosome_order
from seqgen.io.tally import Tally

_BEYOND = 1 << 30  # more than any position


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
    near = np.flatnonzero(pd.Series(place).duplicated(keep=False).to_numpy())
    if not len(near):
        return frame
    crowd = _one_way_round(frame.iloc[near])
    groups = crowd.groupby(["chrom", "pos", "low", "high"], sort=False)
    repeated = groups["beta"].transform("size").to_numpy() > 1
    dropped = np.zeros(len(frame), dtype=bool)
    first = ~crowd.duplicated(["chrom", "pos", "low", "high"]).to_numpy()
    alike = np.ones(len(crowd), dtype=bool)
    for name in ("beta", "se", "eaf"):
        lead = groups[name].transform("first").to_numpy()
        alike &= np.isclose(crowd[name].to_numpy(), lead, rtol=1e-6, atol=1e-12)
    group = groups.ngroup().to_numpy()
    agreed = pd.Series(alike).groupby(group).transform("all").to_numpy()
    close = ~agreed & repeated & pd.Series(_close(crowd, groups)).groupby(group).transform("all")
    strongest = groups["neg_log10_p"].rank("first", ascending=False).to_numpy() == 1
    for reason, which in (
        ("repeats an earlier row of the same variant", repeated & agreed & ~first),
        ("same variant as a row of lower p, which is kept", close & ~strongest),
        (
            "rows of the same variant contradict each other (all dropped)",
            repeated & ~agreed & ~close,
        ),
    ):
        mask = np.zeros(len(frame), dtype=bool)
        mask[near[np.asarray(which)]] = True
        tally.note(frame, mask, reason, action="dropped")
        dropped |= mask
    return frame[~dropped]


def _close(crowd: pd.DataFrame, groups: Any) -> np.ndarray:
    """Whether each row says about what the first of its variant says."""
    lead = {x: groups[x].transform("first").to_numpy() for x in ("beta", "se", "eaf")}
    se = crowd["se"].to_numpy()
    apart = np.abs(crowd["beta"].to_numpy() - lead["beta"])
    ratio = se / lead["se"]
    frequency = crowd["eaf"].to_numpy()
    known = (frequency >= 0) & (lead["eaf"] >= 0)
    close: np.ndarray = (apart <= 2.0 * np.maximum(se, lead["se"])) & (ratio < 2.0) & (ratio > 0.5)
    return close & (~known | (np.abs(frequency - lead["eaf"]) <= 0.1))


def _one_way_round(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows read for the allele that comes first in the alphabet; no missing values."""
    swap = (rows["effect_allele"] > rows["other_allele"]).to_numpy()
    effect, other = rows["effect_allele"].to_numpy(), rows["other_allele"].to_numpy()
    eaf = rows["eaf"].to_numpy()
    beta = rows["beta"].to_numpy()
    return pd.DataFrame(
        {
            "chrom": rows["chrom"].to_numpy(),
            "pos": rows["pos"].to_numpy(),
            "low": np.where(swap, other, effect),
            "high": np.where(swap, effect, other),
            "beta": np.where(swap, -beta, beta),
            "se": rows["se"].to_numpy(),
            "neg_log10_p": rows["neg_log10_p"].to_numpy(),
            "eaf": np.nan_to_num(np.where(swap, 1.0 - eaf, eaf), nan=-1.0),
        }
    )
