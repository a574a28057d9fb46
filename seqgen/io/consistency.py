"""Whether effect, standard error and p value of a file tell the same story."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd

from seqgen.errors import SeqgenWarning
from seqgen.io.statistics import abs_z_of_neg_log10_p

_ROWS = 100_000
_FEWEST = 20
_CONVINCING = 0.8
_TOLERANCE = 0.25
_OPPOSITE = 0.9
_CLOSE = 0.1  # a cause has to explain more than that rows are within the tolerance
_LOG10_2 = np.log10(2.0)


def warn_if_inconsistent(frame: pd.DataFrame, where: str) -> bool:
    """Warn where beta/se and the file's p disagree for most rows, naming the likely cause.

    Up to 100,000 rows, evenly spaced, are compared on the scale of z.

    Parameters
    ----------
    frame : DataFrame
        ``beta``, ``se`` and ``neg_log10_p``, each as the file gave it.
    where : str
        What the warning calls the file.

    Returns
    -------
    bool
        False where it warned.

    Warns
    -----
    SeqgenWarning
    """
    rows = frame.iloc[:: max(1, len(frame) // _ROWS)]
    rows = rows[rows["neg_log10_p"].notna() & (rows["se"] > 0)]
    if len(rows) < _FEWEST:
        return True
    beta, se = rows["beta"].to_numpy(), rows["se"].to_numpy()
    of_p = rows["neg_log10_p"].to_numpy()
    agreeing = float(np.mean(_agreeing(np.abs(beta / se), of_p)))
    if agreeing >= 0.5:
        return True
    warnings.warn(
        f"{where}: beta/se and p agree for only {agreeing:.0%} of {len(rows):,} rows compared; "
        f"{_likely_cause(beta, se, of_p)}",
        SeqgenWarning,
        stacklevel=4,
    )
    return False


def warn_if_opposite(frame: pd.DataFrame, where: str) -> None:
    """Warn where z has the opposite sign of beta in nearly all rows: they count two alleles.

    Parameters
    ----------
    frame : DataFrame
        ``beta``, and ``z`` where the file has it.
    where : str
        What the warning calls the file.

    Warns
    -----
    SeqgenWarning
    """
    if "z" not in frame:
        return
    product = (frame["beta"] * frame["z"]).to_numpy(dtype=float)
    product = product[np.isfinite(product) & (product != 0)]
    if len(product) >= _FEWEST and (share := float(np.mean(product < 0))) > _OPPOSITE:
        warnings.warn(
            f"{where}: z has the opposite sign of beta in {share:.0%} of {len(product):,} rows: "
            "they count different alleles, so the effect allele is right for one of them only; "
            "beta and se are used, check that the effect allele is the one beta counts",
            SeqgenWarning,
            stacklevel=4,
        )


def disagreeing(frame: pd.DataFrame) -> np.ndarray:
    """Rows of whose beta/se and p differ by more than rounding can make of them.

    Parameters
    ----------
    frame : DataFrame
        ``beta``, ``se`` and ``neg_log10_p``, each as the file gave it.

    Returns
    -------
    ndarray of bool, shape (rows,)
    """
    usable = (frame["neg_log10_p"].notna() & (frame["se"] > 0) & frame["beta"].notna()).to_numpy()
    out = np.zeros(len(frame), dtype=bool)
    rows = frame[usable]
    size = np.abs(rows["beta"].to_numpy() / rows["se"].to_numpy())
    out[usable] = ~_agreeing(size, rows["neg_log10_p"].to_numpy())
    return out


def _agreeing(
    size: np.ndarray, neg_log10_p: np.ndarray, tolerance: float = _TOLERANCE
) -> np.ndarray:
    expected = abs_z_of_neg_log10_p(neg_log10_p)
    agreeing: np.ndarray = np.abs(size - expected) <= tolerance * (1 + np.maximum(size, expected))
    return agreeing


def _explains(size: np.ndarray, neg_log10_p: np.ndarray) -> bool:
    """Whether |z|, with one column taken for something else, is that of p in most rows."""
    return bool(np.mean(_agreeing(size, neg_log10_p, _CLOSE)) > _CONVINCING)


def _likely_cause(beta: np.ndarray, se: np.ndarray, neg_log10_p: np.ndarray) -> str:
    """The first explanation under which most rows agree."""
    size = np.abs(beta / se)
    if (beta > 0).all():
        if _explains(np.abs(np.log(beta)) / se, neg_log10_p):
            return "beta is likely an odds ratio: take its natural logarithm"
        if _explains(np.abs(np.log(beta)) * beta / se, neg_log10_p):
            return (
                "beta and se are likely on the scale of an odds ratio: take the natural "
                "logarithm of one and divide the other by the ratio"
            )
    if _explains(size, np.maximum(neg_log10_p - _LOG10_2, 0.0)):
        return "p is likely one-sided: double it"
    if _explains(np.abs(beta * se), neg_log10_p):
        return "se is likely a precision (1/se)"
    if _explains(np.abs(beta) / np.sqrt(se), neg_log10_p):
        return "se is likely a variance: take its square root"
    expected = abs_z_of_neg_log10_p(neg_log10_p)
    strong = expected > 1.0
    if strong.any():
        ratio = size[strong] / expected[strong]
        middle = float(np.median(ratio))
        if np.mean(np.abs(ratio - middle) <= 0.1 * middle) > _CONVINCING:
            return (
                f"they differ by a constant factor of z, {middle:.2f}: p or se is likely "
                f"corrected (genomic control) or scaled and the other not"
            )
    return (
        "columns are likely mixed up or come from different tests: check which columns "
        "beta, se and p are, and name them with columns={...}"
    )
