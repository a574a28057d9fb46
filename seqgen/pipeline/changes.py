"""Annotations and scores brought together: one residue change and one score per variant."""

from __future__ import annotations

import pandas as pd

from seqgen.schemas import SUMSTATS

_CHANGE = ["uniprot", "position", "ref_aa", "alt_aa"]


def residue_changes(annotations: pd.DataFrame, scores: pd.DataFrame, method: str) -> pd.DataFrame:
    """One row per variant: its residue change, and where it makes several the worst one.

    Parameters
    ----------
    annotations : DataFrame
        Table ``annotations``.
    scores : DataFrame
        Table ``scores``.
    method : str
        Which method's scores are taken.

    Returns
    -------
    DataFrame
        The columns of ``annotations``, ``residue_change`` (such as R253C) and
        ``log_lik_ratio``, missing where the change has no score; of several changes of a
        variant the one of lowest ratio.
    """
    wanted = scores.loc[scores["method"] == method, [*_CHANGE, "log_lik_ratio"]]
    joined = annotations.merge(wanted, on=_CHANGE, how="left")
    joined = joined.sort_values(["log_lik_ratio", "uniprot"], kind="stable")
    joined = joined.drop_duplicates(list(SUMSTATS.key)).reset_index(drop=True)
    change = joined["ref_aa"] + joined["position"].astype(str) + joined["alt_aa"]
    return joined.assign(residue_change=change.astype("str"))


def only_finemapped(annotations: pd.DataFrame, finemapped: pd.DataFrame) -> pd.DataFrame:
    """Rows of ``annotations`` whose variant is among ``finemapped``."""
    key = list(SUMSTATS.key)
    return annotations.merge(finemapped[key].drop_duplicates(), on=key, how="inner")
