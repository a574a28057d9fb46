"""Numbers as spreadsheets, other countries and papers write them, made plain."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from seqgen.io.tally import Tally

_MEASURES = (
    "beta", "odds_ratio", "hazard_ratio", "ci_low", "ci_high", "se", "z", "p", "neg_log10_p",
    "eaf", "maf", "info",
)  # fmt: skip
_COUNTS = ("n", "n_cases", "n_controls", "n_effective")
_SHARES = ("eaf", "maf")
_MINUS = "[\u2010\u2011\u2012\u2013\u2212]"
_COMMA = r"[-+]?\d*,\d+(?:[eE][-+]?\d+)?"
_THOUSANDS = r"[-+]?\d{1,3}(?:,\d{3})+(?:\.\d*)?"
_POWER = r"^([-+]?\d*\.?\d+)\s*(?:[dD]|[x×*]\s*10\s*\^?\s*\(?)\s*([-+]?\d+)\)?$"
_PERCENT = r"[-+]?\d*\.?\d+\s*%"
_SHORTENED = r"[\d.]+E\+\d+"
_POWER_SIGN = b"E+0"


def plain_numbers(frame: pd.DataFrame, tally: Tally) -> pd.DataFrame:
    """Cells such as ``0,05``, ``12,345``, ``1.2x10^-8``, ``<1e-300`` and ``62%`` as numbers.

    Only columns that were not read as numbers are looked at. What is no number even so stays.

    Parameters
    ----------
    frame : DataFrame
        Of standard columns, as read.
    tally : Tally

    Returns
    -------
    DataFrame
    """
    for name in (*_MEASURES, *_COUNTS):
        if name in frame and not pd.api.types.is_numeric_dtype(frame[name]):
            frame = frame.assign(**{name: _plain(frame, name, tally)})
    for name in (name for name in _SHARES if name in frame):
        frame = _of_hundred(frame, name, tally)
    return frame


def _plain(frame: pd.DataFrame, name: str, tally: Tally) -> pd.Series:
    """One column: cells rewritten, each way of writing counted under its name."""
    words = frame[name].astype("str").where(frame[name].notna())
    odd = (words.notna() & pd.to_numeric(words, errors="coerce").isna()).to_numpy(dtype=bool)
    if not odd.any():
        return words
    cells = words[odd].str.strip().str.replace(_MINUS, "-", regex=True)
    tally.note(frame, _at(odd, cells != words[odd].str.strip()), f"{name}: a dash that is no "
               "minus sign read as one", action="changed")  # fmt: skip
    below = cells.str.startswith(("<", "\u2264")) if name == "p" else pd.Series(False, cells.index)
    tally.note(frame, _at(odd, below), "p is a bound (such as <1e-300): taken as missing",
               action="changed")  # fmt: skip
    cells = cells.where(~below)
    pattern, remark = (_COMMA, "decimal comma") if name in _MEASURES else (_THOUSANDS, "commas")
    # a column with points beside it would be of two kinds, and which is which is not guessed
    if name in _COUNTS or not words[~odd].str.contains(".", regex=False, na=False).any():
        comma = cells.str.fullmatch(pattern).fillna(False).astype(bool)
        tally.note(frame, _at(odd, comma), f"{name} written with {remark}", action="changed")
        point = "." if name in _MEASURES else ""
        cells = cells.where(~comma, cells.str.replace(",", point, regex=False))
    power = cells.str.fullmatch(_POWER.strip("^$")).fillna(False).astype(bool)
    tally.note(frame, _at(odd, power), f"{name} written as a power of 10 in words or D",
               action="changed")  # fmt: skip
    cells = cells.where(~power, cells.str.replace(_POWER, r"\1e\2", regex=True))
    if name in _SHARES:
        percent = cells.str.fullmatch(_PERCENT).fillna(False).astype(bool)
        tally.note(frame, _at(odd, percent), f"{name} written in percent", action="changed")
        share = pd.to_numeric(cells[percent].str.rstrip("% "), errors="coerce") / 100
        cells = cells.where(~percent, share.astype("str").reindex(cells.index))
    words = words.copy()
    words[odd] = cells
    numbers = pd.to_numeric(words, errors="coerce")
    return numbers if (numbers.notna() == words.notna()).all() else words


def _of_hundred(frame: pd.DataFrame, name: str, tally: Tally) -> pd.DataFrame:
    """Frequencies of which most are above 1 and none above 100 are in percent."""
    if not pd.api.types.is_numeric_dtype(frame[name]):
        return frame
    values = frame[name].to_numpy(dtype=float)
    known = values[~np.isnan(values)]
    above = known > 1
    if len(known) < 10 or above.mean() < 0.5 or known.max() > 100 or known.min() < 0:
        return frame
    reason = f"{name} is in percent: divided by 100"
    tally.note(frame, ~np.isnan(values), reason, action="changed")
    return frame.assign(**{name: values / 100})


def _at(where: np.ndarray, which: pd.Series) -> np.ndarray:
    """``which`` of the rows ``where``, as a mask of all rows."""
    out = np.zeros(len(where), dtype=bool)
    out[where] = which.fillna(False).to_numpy(dtype=bool)
    return out


def with_whole_places(
    frame: pd.DataFrame, cells: Callable[[], pd.Series], data: bytes, tally: Tally
) -> pd.DataFrame:
    """Rows but for those whose position a spreadsheet wrote as ``1.23E+07``.

    Parameters
    ----------
    frame : DataFrame
        ``pos`` among its columns.
    cells : callable
        Gives the positions as they are written.
    data : bytes
        The text of the rows: where it holds no such number, ``cells`` is not called.
    tally : Tally
    """
    # a single byte is sought much faster, and stands in few files
    if b"+" not in data or _POWER_SIGN not in data:
        return frame
    written = cells().astype("str").str.strip()
    short = written.str.fullmatch(_SHORTENED, na=False).astype(bool)
    parts = written[short].str.split("E", n=1)
    digits = parts.str[0].str.replace(".", "", regex=False).str.len()
    lost = np.zeros(len(frame), dtype=bool)
    lost[short.to_numpy()] = (digits < parts.str[1].astype("int64") + 1).to_numpy(dtype=bool)
    reason = "pos is written with digits cut off (such as 1.23E+07), as spreadsheets do"
    return tally.drop(frame, lost, reason)
