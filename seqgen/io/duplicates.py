"""Variants that a file holds more than once."""

from __future__ import annotations

import numpy as np
import pandas as pd

from seqgen.io.tally import Tally


def drop_repeats(frame: pd.DataFrame, tally: Tally) -> pd.DataFrame:
    """Keep one of rows that say the same, and none of rows that contradict each other.

    Rows are of one variant where chromosome, position and the two alleles agree, in either
    order. They say the same where beta, se and frequency, read for one allele, agree within
    1e-6; a row's rsID does not count.

    Parameters
    ----------
    frame : DataFrame
        Columns of schema ``SUMSTATS``.
    tally : Tally

    Returns
    -------
    DataFrame
    """
    near = np.flatnonzero(frame.duplicated(["chrom", "pos"], keep=False).to_numpy())
    if not len(near):
        return frame
    crowd = _one_way_round(frame.iloc[near])
    groups = crowd.groupby(["chrom", "pos", "low", "high"], sort=False)
    repeated = groups["beta"].transform("size").to_numpy() > 1
    first = ~crowd.duplicated(["chrom", "pos", "low", "high"]).to_numpy()
    alike = np.ones(len(crowd), dtype=bool)
    for name in ("beta", "se", "eaf"):
        lead = groups[name].transform("first").to_numpy()
        alike &= np.isclose(crowd[name].to_numpy(), lead, rtol=1e-6, atol=1e-12)
    agreed = pd.Series(alike).groupby(groups.ngroup().to_numpy()).transform("all").to_numpy()
    repeat = np.zeros(len(frame), dtype=bool)
    clash = np.zeros(len(frame), dtype=bool)
    repeat[near[repeated & agreed & ~first]] = True
    clash[near[repeated & ~agreed]] = True
    tally.note(frame, repeat, "repeats an earlier row of the same variant", action="dropped")
    tally.note(
        frame,
        clash,
        "rows of the same variant contradict each other (all dropped)",
        action="dropped",
    )
    return frame[~(repeat | clash)]


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
            "eaf": np.nan_to_num(np.where(swap, 1.0 - eaf, eaf), nan=-1.0),
        }
    )
