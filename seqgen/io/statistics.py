"""Effect, standard error, z and p, each derived from the others where it is missing."""

from __future__ import annotations

import warnings
from collections.abc import Collection

import numpy as np
import pandas as pd
from scipy.special import ndtri_exp
from scipy.stats import norm

from seqgen.errors import SeqgenWarning
from seqgen.io.tally import Tally

_LN10 = np.log(10.0)
_SMALLEST_P = np.finfo(float).tiny

ROUTES: tuple[tuple[str, ...], ...] = (
    ("beta", "se"),
    ("beta", "z"),
    ("z", "se"),
    ("beta", "p"),
    ("beta", "neg_log10_p"),
    ("z", "n", "eaf"),
    ("z", "n", "maf"),
    ("z", "n"),
)
"""Columns from which an effect can be had, the best first."""


def choose_route(have: Collection[str]) -> tuple[str, ...] | None:
    """The first of `ROUTES` whose columns are all there."""
    return next((route for route in ROUTES if set(route) <= set(have)), None)


def neg_log10_p_of_z(z: np.ndarray) -> np.ndarray:
    """-log10 of the two-sided normal p value, without underflow.

    Examples
    --------
    >>> float(neg_log10_p_of_z(np.array([100.0]))[0].round(3))
    2173.571
    """
    return np.maximum(-(norm.logsf(np.abs(z)) + np.log(2.0)) / _LN10, 0.0)


def abs_z_of_neg_log10_p(neg_log10_p: np.ndarray) -> np.ndarray:
    """|z| of a two-sided normal p value given as its -log10.

    Examples
    --------
    >>> float(abs_z_of_neg_log10_p(np.array([2173.5707]))[0].round(3))
    100.0
    """
    return np.maximum(-ndtri_exp(-np.asarray(neg_log10_p) * _LN10 - np.log(2.0)), 0.0)


def effect_of_z(
    z: np.ndarray, frequency: np.ndarray, n: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Effects and standard errors, in standard deviations of the trait, from z and n.

    Parameters
    ----------
    z, frequency, n : ndarray, shape (k,)
        The frequency of either allele.

    Returns
    -------
    beta, se : ndarray, shape (k,)

    References
    ----------
    Zhu Z et al. Integration of summary data from GWAS and eQTL studies predicts complex
    trait gene targets. Nature Genetics 48, 481-487 (2016).
    """
    se = 1.0 / np.sqrt(2.0 * frequency * (1.0 - frequency) * (n + z**2))
    return z * se, se


def complete(frame: pd.DataFrame, route: tuple[str, ...], tally: Tally) -> pd.DataFrame:
    """Fill ``beta``, ``se``, ``z``, ``p`` and ``neg_log10_p``; drop rows that cannot be.

    Parameters
    ----------
    frame : DataFrame
        Float columns, the route's among them, without missing values in the route's own
        except ``p``, ``neg_log10_p``, ``n``, ``eaf`` and ``maf``.
    route : tuple of str
        From `choose_route`.
    tally : Tally

    Returns
    -------
    DataFrame
    """
    frame = _neg_log10_of_p(frame)
    if route == ("z", "n"):
        frame = _standardised(frame, tally)
    elif "z" in route and "n" in route:
        frame = _from_frequency(frame, tally)
    elif route == ("beta", "se"):
        frame = frame.assign(z=frame["beta"] / frame["se"])
    elif route == ("z", "se"):
        tally.note(frame, _every(frame), "beta derived from z and se", action="changed")
        frame = frame.assign(beta=frame["z"] * frame["se"])
    else:
        frame = _from_beta(frame, route, tally)
    return _settle_p(frame, tally)


def _every(frame: pd.DataFrame) -> np.ndarray:
    return np.ones(len(frame), dtype=bool)


def _neg_log10_of_p(frame: pd.DataFrame) -> pd.DataFrame:
    """Add ``neg_log10_p``, as given or from p; missing where p is missing or underflows."""
    given = frame["neg_log10_p"] if "neg_log10_p" in frame else pd.Series(np.nan, frame.index)
    if "p" not in frame:
        return frame.assign(neg_log10_p=given, p=10.0**-given)
    p = frame["p"].to_numpy()
    out = given.to_numpy(dtype=float, copy=True)
    plain = p >= _SMALLEST_P
    # abs: p = 1 gives 0, not -0
    out[plain] = np.abs(np.log10(p[plain]))
    return frame.assign(neg_log10_p=out)


def _from_beta(frame: pd.DataFrame, route: tuple[str, ...], tally: Tally) -> pd.DataFrame:
    """Fill z and se where beta comes with z, p or -log10 p."""
    if "z" not in route:
        frame = tally.drop(
            frame, frame["neg_log10_p"].isna(), "p is missing or 0 and there is no se"
        )
        size = abs_z_of_neg_log10_p(frame["neg_log10_p"].to_numpy())
        frame = frame.assign(z=np.sign(frame["beta"].to_numpy()) * size)
    unknown = (frame["z"] == 0) | (frame["beta"] == 0)
    frame = tally.drop(frame, unknown, "effect is 0 and there is no se")
    clash = np.sign(frame["beta"]) != np.sign(frame["z"])
    frame = tally.drop(frame, clash, "beta and z differ in sign")
    source = "z" if "z" in route else "p"
    tally.note(frame, _every(frame), f"se derived from beta and {source}", action="changed")
    return frame.assign(se=frame["beta"] / frame["z"])


def _from_frequency(frame: pd.DataFrame, tally: Tally) -> pd.DataFrame:
    """Beta and se from z, n and the frequency of either allele."""
    frequency = frame["eaf"] if "eaf" in frame else pd.Series(np.nan, frame.index)
    if "maf" in frame:
        frequency = frequency.fillna(frame["maf"])
    usable = (frequency > 0) & (frequency < 1)
    frame = tally.drop(frame, ~usable, "allele frequency missing, 0 or 1, so no beta from z")
    frame = tally.drop(frame, frame["n"].isna(), "n missing, so no beta from z")
    kept = frequency.loc[frame.index].to_numpy()
    tally.note(
        frame,
        _every(frame),
        "beta and se derived from z, n and allele frequency, in trait standard deviations",
        action="changed",
    )
    beta, se = effect_of_z(frame["z"].to_numpy(), kept, frame["n"].to_numpy())
    return frame.assign(beta=beta, se=se)


def _standardised(frame: pd.DataFrame, tally: Tally) -> pd.DataFrame:
    """Beta and se from z and n alone: of the genotype in standard deviations, not per allele."""
    frame = tally.drop(frame, frame["n"].isna(), "n missing, so no beta from z")
    reason = "no allele frequency: beta and se are per standard deviation of genotype and trait"
    tally.note(frame, _every(frame), reason, action="changed")
    if len(frame):
        warnings.warn(
            "beta, se and allele frequency are all missing: beta and se are derived from z and n "
            "alone, per standard deviation of the genotype and not per allele; z and p are right",
            SeqgenWarning,
            stacklevel=5,
        )
    z, n = frame["z"].to_numpy(), frame["n"].to_numpy()
    se = 1.0 / np.sqrt(n + z**2)
    return frame.assign(beta=z * se, se=se)


def _settle_p(frame: pd.DataFrame, tally: Tally) -> pd.DataFrame:
    """Take p and -log10 p from z where the file gave none, or gave 0."""
    p = frame["p"].to_numpy(dtype=float, copy=True)
    exact = frame["neg_log10_p"].to_numpy(dtype=float, copy=True)
    absent = np.isnan(exact)
    stated = ~absent & np.isnan(p)
    p[stated] = 10.0 ** -exact[stated]
    tally.note(frame, absent & (p == 0), "p is 0: computed from beta and se", action="changed")
    tally.note(frame, absent & (p != 0), "p missing: computed from z", action="changed")
    z = frame["z"].to_numpy()[absent]
    exact[absent] = neg_log10_p_of_z(z)
    p[absent] = 2.0 * norm.sf(np.abs(z))
    return frame.assign(p=p, neg_log10_p=exact)
