"""Odds and hazard ratios with their confidence intervals as effects on the log scale."""

from __future__ import annotations

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.io.statistics import abs_z_of_neg_log10_p
from seqgen.io.tally import Tally

RATIOS = ("odds_ratio", "hazard_ratio")
_WIDTH = 2 * 1.959963984540054  # of a 95% interval, in standard errors
_ROWS = 100_000
_FEWEST = 3
_MANY = 0.1


def as_floats(values: pd.Series) -> pd.Series:
    """Numbers, NaN where there is none."""
    if pd.api.types.is_bool_dtype(values):
        return pd.Series(np.nan, values.index)
    return pd.to_numeric(values, errors="coerce").astype("float64")


def from_ratios(frame: pd.DataFrame, tally: Tally, decided: dict[str, bool]) -> pd.DataFrame:
    """Fill ``beta`` from a ratio and ``se`` from its confidence interval where they are missing.

    A column of standard errors beside a ratio is of its logarithm in most files (PLINK, daner)
    and of the ratio itself in some: which, the p values decide, and without them the interval.

    Parameters
    ----------
    frame : DataFrame
        Of the columns ``odds_ratio``, ``hazard_ratio``, ``ci_low``, ``ci_high``, ``beta``,
        ``se``, ``p``, ``neg_log10_p`` those that the file has.
    tally : Tally
    decided : dict of str to bool
        Takes under ``se_of_ratio`` what the file's first rows tell, for the others.

    Returns
    -------
    DataFrame
        ``beta`` as floats, and ``se`` where it is known.
    """
    name = next((name for name in RATIOS if name in frame and frame[name].notna().any()), None)
    name = name or next((name for name in RATIOS if name in frame), None)
    if name is None:
        return _from_interval(frame, tally, ratio=None)
    ratio = as_floats(frame[name])
    given = as_floats(frame["beta"]) if "beta" in frame else pd.Series(np.nan, frame.index)
    wanted = given.isna()
    if "beta" in frame:
        wanted &= frame["beta"].isna()
    bad = wanted & (ratio <= 0)
    if bad.sum() >= _FEWEST and (ratio < 0).mean() > _MANY:
        raise InputError(
            f"the column of {name} is below 0 in {(ratio < 0).mean():.0%} of rows, which no ratio "
            f"is: it is likely the ratio's logarithm; name it so, as "
            f"columns={{'beta': 'YOUR_COLUMN'}}"
        )
    frame = tally.drop(frame, bad, f"{name} is not above 0")
    bad = wanted.loc[frame.index] & frame[name].notna() & ~np.isfinite(ratio.loc[frame.index])
    frame = tally.drop(frame, bad, f"{name} is not a number")
    ratio, wanted = ratio.loc[frame.index], wanted.loc[frame.index]
    made = wanted & ratio.notna()
    tally.note(frame, made, f"beta is the natural logarithm of {name}", action="changed")
    values = frame["beta"] if "beta" in frame else given.loc[frame.index]
    if made.all():
        values = np.log(ratio)
    elif made.any():
        values = as_floats(values).where(~made, np.log(ratio.where(made)))
    frame = frame.assign(beta=values)
    return _from_interval(
        _log_scale_se(frame, made, tally, decided), tally, ratio=ratio.where(made)
    )


def _log_scale_se(
    frame: pd.DataFrame, made: pd.Series, tally: Tally, decided: dict[str, bool]
) -> pd.DataFrame:
    """Divide standard errors of a ratio by it; leave those of its logarithm."""
    if "se" not in frame or not made.any():
        return frame
    se, beta = as_floats(frame["se"]), as_floats(frame["beta"])
    use = made & (se > 0) & np.isfinite(beta)
    if "se_of_ratio" not in decided:
        told = _is_of_ratio(frame[use & (beta != 0)], beta, se)
        if told is None:
            tally.note(frame, made, "se taken to be of the ratio's logarithm", action="kept")
            return frame
        decided["se_of_ratio"] = told
    if not decided["se_of_ratio"]:
        return frame
    tally.note(frame, use, "se was of the ratio: divided by it", action="changed")
    return frame.assign(se=se.where(~made, se / np.exp(beta)))


def _is_of_ratio(frame: pd.DataFrame, beta: pd.Series, se: pd.Series) -> bool | None:
    """Whether p, or the interval, says that se is of the ratio; None where they say nothing."""
    rows = frame.iloc[:: max(1, len(frame) // _ROWS)]
    beta, se = beta.loc[rows.index], se.loc[rows.index]
    truth = _other_z(rows, beta)
    known = np.isfinite(truth) & (truth > 0.5)
    if known.sum() < _FEWEST:
        return None
    size = (beta.abs() / se).to_numpy()[known]
    error = np.median(np.abs(np.log(size / truth[known])))
    of_ratio = size * np.exp(beta.to_numpy()[known])
    error_ratio = np.median(np.abs(np.log(of_ratio / truth[known])))
    return bool(error_ratio < 0.5 * error and error >= 0.01)


def _other_z(frame: pd.DataFrame, beta: pd.Series) -> np.ndarray:
    """|z| by p, else by the confidence interval; NaN where there is neither."""
    size = pd.Series(np.nan, frame.index)
    exact = as_floats(frame["neg_log10_p"]) if "neg_log10_p" in frame else size
    if "p" in frame:
        p = as_floats(frame["p"])
        exact = (-np.log10(p.where((p > 0) & (p <= 1)))).fillna(exact)
    usable = (exact >= 0).to_numpy()
    size[usable] = abs_z_of_neg_log10_p(exact.to_numpy()[usable])
    if {"ci_low", "ci_high"} <= set(frame):
        low, high = as_floats(frame["ci_low"]), as_floats(frame["ci_high"])
        good = (low > 0) & (high > low)
        width = np.log(high.where(good)) - np.log(low.where(good))
        size = size.fillna(beta.abs() * _WIDTH / width)
    return size.to_numpy()


def _from_interval(frame: pd.DataFrame, tally: Tally, *, ratio: pd.Series | None) -> pd.DataFrame:
    """Fill ``se`` from the 95% interval, of the ratio or of beta itself."""
    if not {"ci_low", "ci_high", "beta"} <= set(frame):
        return frame
    low, high = as_floats(frame["ci_low"]), as_floats(frame["ci_high"])
    if ratio is not None:
        low, high = low.where((low > 0) | ratio.isna()), high.where((high > 0) | ratio.isna())
        logged = ratio.notna() & (low > 0) & (high > 0)
        low = low.where(~logged, np.log(low.where(logged)))
        high = high.where(~logged, np.log(high.where(logged)))
    se = ((high - low) / _WIDTH).where(high > low)
    wanted = frame["se"].isna() if "se" in frame else pd.Series(True, frame.index)
    made = wanted & se.notna()
    tally.note(frame, made, "se derived from the 95% confidence interval", action="changed")
    if "se" not in frame:
        return frame.assign(se=se)
    return frame if not made.any() else frame.assign(se=as_floats(frame["se"]).where(~made, se))
