"""GWAS summary statistics from text files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from decimal import Decimal

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.io.chromosomes import NAMES, canonical_chromosomes, chromosome_order
from seqgen.io.columns import SYNONYMS, Layout, missing_columns, recognise
from seqgen.io.consistency import warn_if_inconsistent
from seqgen.io.delimited import TextLayout, read_columns, sniff
from seqgen.io.duplicates import drop_repeats
from seqgen.io.statistics import choose_route, complete
from seqgen.io.tally import Tally, drops_text
from seqgen.schemas import SUMSTATS, Counted

_LAST_POSITION = 300_000_000
_LARGEST_N = 1e8
_MANY_ABOVE_ONE = 10
_SMALLEST_P = np.finfo(float).tiny
_STATISTICS = ("beta", "se", "z", "p", "neg_log10_p")


def read_sumstats(
    path: str | os.PathLike[str],
    *,
    columns: Mapping[str, str] | None = None,
    n: float | None = None,
    chrom: str | None = None,
) -> Counted:
    """Read GWAS summary statistics and count every row that is dropped or changed.

    GCTA fastGWA and plainly named columns are recognised (`seqgen.io.columns.SYNONYMS`).
    Columns ``A1`` and ``A2`` alone do not say which is the effect allele, and are refused
    until ``columns`` does. Where beta or se are missing they are derived from z, p, or z with
    n and an allele frequency. Rows of one variant that contradict each other are all dropped;
    of rows that agree the first is kept. A minor allele's frequency never stands in for
    the effect allele's.

    Parameters
    ----------
    path : path
        Text, tab-, comma-, semicolon- or blank-separated, plain or gzipped.
    columns : mapping of str to str, optional
        Standard name to the file's column, such as ``{"beta": "EFFECT"}``.
    n : float, optional
        Sample size of every variant; goes before a column of the file.
    chrom : str, optional
        Keep this chromosome only; a file without a chromosome column is taken to lie on it.

    Returns
    -------
    Counted
        ``table`` of schema ``SUMSTATS``, sorted by chromosome and position, and ``drops`` of
        schema ``DROPS``.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If the file is empty or damaged, a column is missing or ambiguous, a line is ragged,
        or no row is left.

    Warns
    -----
    SeqgenWarning
        If beta/se and p disagree for most rows.

    Examples
    --------
    >>> from seqgen.io.resources import demo_sumstats_path
    >>> table, drops = read_sumstats(demo_sumstats_path())
    >>> len(table)
    15935
    """
    wanted = None if chrom is None else _asked_chromosome(chrom)
    text = sniff(path)
    layout = recognise(text.header, columns, where=str(text.path))
    route = _route(text, layout, (n, wanted))
    tally = Tally("read_sumstats")
    frame = _load(text, layout, route)
    for remark in layout.remarks:
        tally.note(frame, np.ones(len(frame), dtype=bool), remark, action="kept")
    frame = _places(frame, wanted, tally)
    frame = _alleles(frame, tally)
    frame = _numbers(frame, route, tally)
    frame = _sample_size(frame, n, tally)
    frame = _plausible(frame, tally)
    if route == ("beta", "se"):
        warn_if_inconsistent(_as_given(frame), str(text.path))
    frame = complete(frame, route, tally)
    frame = tally.drop(frame, ~_usable_se(frame), "derived se is not above 0")
    frame = _names(frame, tally)
    frame = drop_repeats(frame, tally)
    return _finish(frame, tally, text)


def _asked_chromosome(chrom: str) -> str:
    asked = canonical_chromosomes(pd.Series([str(chrom)], dtype="str"))
    if asked.isna().any():
        raise InputError(f"chrom: {chrom!r} is none; expected one of {', '.join(NAMES)}")
    return str(asked.iloc[0])


def _route(
    text: TextLayout, layout: Layout, given: tuple[float | None, str | None]
) -> tuple[str, ...]:
    """The columns to take the effect from, once all that is needed is known to be there."""
    n, chrom = given
    if n is not None and not 1 <= n <= _LARGEST_N:
        raise InputError(f"n: {n!r} is no sample size; expected 1 to {_LARGEST_N:,.0f}")
    needed = ["pos", "effect_allele", "other_allele"] + ["chrom"] * (chrom is None)
    missing = [name for name in SYNONYMS if name in needed and name not in layout.columns]
    have = set(layout.columns) | ({"n"} if n is not None else set())
    route = choose_route(have)
    if missing or (route is None and not have & {"beta", "z"}):
        if route is None and not have & {"beta", "z"}:
            missing += ["beta", "z"]
        raise missing_columns(layout, missing, str(text.path))
    if route is None:
        partners = ["se", "p"] if "beta" in have else ["beta", "se", "n", "eaf"]
        raise missing_columns(layout, [x for x in partners if x not in have], str(text.path))
    return route


def _load(text: TextLayout, layout: Layout, route: tuple[str, ...]) -> pd.DataFrame:
    """The needed columns under their standard names, and -log10 of p values that underflow."""
    useful = {
        "chrom",
        "pos",
        "rsid",
        "effect_allele",
        "other_allele",
        "eaf",
        "n",
        "p",
        "neg_log10_p",
        *route,
    }
    if "n" in route:
        useful.add("maf")
    found = {name: i for name, i in layout.columns.items() if name in useful}
    few = [found[x] for x in ("chrom", "effect_allele", "other_allele") if x in found]
    words = [found["rsid"]] if "rsid" in found else []
    frame = read_columns(text, list(found.values()), few, text=words)
    if frame.empty:
        raise InputError(
            f"{text.path}: holds a header and no variants; expected one line per variant"
        )
    frame = frame.rename(columns={i: name for name, i in found.items()})[list(found)]
    if "p" in found:
        frame = _tiny_p(frame, text, found["p"])
    return frame


def _tiny_p(frame: pd.DataFrame, text: TextLayout, column: int) -> pd.DataFrame:
    """Take p values below 1e-308, which become 0 as numbers, from their digits."""
    p = pd.to_numeric(frame["p"], errors="coerce")
    tiny = ((p >= 0) & (p < _SMALLEST_P)).to_numpy()
    if not tiny.any():
        return frame
    digits = read_columns(text, [column], text=[column])[column].to_numpy()[tiny]
    exact = frame.get("neg_log10_p", pd.Series(np.nan, frame.index))
    exact = pd.to_numeric(exact, errors="coerce").astype(float)
    values = np.array([_neg_log10(str(word)) for word in digits])
    exact[tiny] = np.where(np.isnan(values), exact[tiny], values)
    return frame.assign(neg_log10_p=exact)


def _neg_log10(word: str) -> float:
    """-log10 of a number in digits, whatever its exponent; NaN for 0."""
    number = Decimal(word.strip())
    if number == 0:
        return float("nan")
    exponent = number.adjusted()
    return -(float(np.log10(float(number.scaleb(-exponent)))) + exponent)


def _places(frame: pd.DataFrame, wanted: str | None, tally: Tally) -> pd.DataFrame:
    """Chromosome and position, checked."""
    if "chrom" not in frame:
        frame = frame.assign(chrom=pd.Series(wanted, frame.index, dtype="str"))
    frame = tally.drop(frame, frame["chrom"].isna(), "chrom missing")
    chrom = canonical_chromosomes(frame["chrom"])
    frame = tally.drop(frame, chrom.isna(), "chrom is not 1 to 22, X, Y or MT")
    frame = frame.assign(chrom=chrom.loc[frame.index])
    if wanted is not None:
        frame = tally.drop(frame, frame["chrom"] != wanted, f"not on chromosome {wanted}")
    pos = frame["pos"]
    frame = tally.drop(frame, pos.isna(), "pos missing")
    if not pd.api.types.is_numeric_dtype(pos):
        pos = frame["pos"].astype("str")
        grouped = pos.str.fullmatch(r"\s*\d{1,3}(,\d{3})+\s*").to_numpy()
        tally.note(frame, grouped, "pos written with thousands commas", action="changed")
        pos = pd.to_numeric(pos.where(~grouped, pos.str.replace(",", "")), errors="coerce")
    pos = pos.loc[frame.index]
    good = (pos >= 1) & (pos <= _LAST_POSITION) & (pos % 1 == 0)
    frame = tally.drop(frame, ~good, f"pos is not a whole number from 1 to {_LAST_POSITION:,}")
    return frame.assign(pos=pos.loc[frame.index].astype("int64"))


def _alleles(frame: pd.DataFrame, tally: Tally) -> pd.DataFrame:
    """Alleles in upper case, of letters A, C, G and T only, and two different ones."""
    for name in ("effect_allele", "other_allele"):
        frame = tally.drop(frame, frame[name].isna(), f"{name} missing")
        codes = frame[name].cat.codes.to_numpy()
        letters = pd.Series(frame[name].cat.categories.astype("str")).str.strip().str.upper()
        good = letters.str.fullmatch("[ACGT]+").to_numpy(dtype=bool)
        values = letters.take(codes).set_axis(frame.index)
        frame = tally.drop(frame, ~good[codes], f"{name} holds other letters than A, C, G, T")
        frame = frame.assign(**{name: values.loc[frame.index]})
    return tally.drop(
        frame, frame["effect_allele"] == frame["other_allele"], "the two alleles are the same"
    )


def _numbers(frame: pd.DataFrame, route: tuple[str, ...], tally: Tally) -> pd.DataFrame:
    """Numeric columns as floats; rows dropped where the route needs what is missing."""
    strict = [name for name in route if name in ("beta", "se", "z")]
    present = [x for x in (*_STATISTICS, "eaf", "maf", "n") if x in frame]
    for name in present:
        if name in strict:
            frame = tally.drop(frame, frame[name].isna(), f"{name} missing")
        values = _as_float(frame[name])
        bad = ~np.isfinite(values) & frame[name].notna()
        if name in (*strict, "p", "neg_log10_p"):
            frame = tally.drop(frame, bad, f"{name} is not a number")
            values = values.loc[frame.index]
        else:
            tally.note(frame, bad, f"{name} is not a number: left missing", action="changed")
            values = values.where(np.isfinite(values))
        frame = frame.assign(**{name: values})
    return frame


def _as_float(values: pd.Series) -> pd.Series:
    if pd.api.types.is_bool_dtype(values):
        return pd.Series(np.nan, values.index)
    return pd.to_numeric(values, errors="coerce").astype("float64")


def _sample_size(frame: pd.DataFrame, n: float | None, tally: Tally) -> pd.DataFrame:
    if n is not None:
        return frame.assign(n=float(n))
    if "n" not in frame:
        return frame.assign(n=np.nan)
    bad = (frame["n"] < 1) | (frame["n"] > _LARGEST_N)
    tally.note(frame, bad, "n is no sample size: left missing", action="changed")
    return frame.assign(n=frame["n"].where(~bad))


def _plausible(frame: pd.DataFrame, tally: Tally) -> pd.DataFrame:
    """Rows whose se, p and frequency lie where such numbers lie."""
    if "se" in frame:
        frame = tally.drop(frame, frame["se"] <= 0, "se is not above 0")
    if "p" in frame:
        _refuse_neg_log10(frame["p"])
        frame = tally.drop(frame, (frame["p"] < 0) | (frame["p"] > 1), "p is outside 0 to 1")
    if "neg_log10_p" in frame:
        negative = frame["neg_log10_p"] < 0
        if len(frame) and negative.mean() > 0.5:
            raise InputError(
                "the column of -log10 p is negative in most rows: it is log10 p; change its "
                "sign, or give p"
            )
        frame = tally.drop(frame, negative, "-log10 p is below 0")
    if "eaf" not in frame:
        return frame.assign(eaf=np.nan)
    bad = (frame["eaf"] < 0) | (frame["eaf"] > 1)
    tally.note(frame, bad, "eaf is outside 0 to 1: left missing", action="changed")
    return frame.assign(eaf=frame["eaf"].where(~bad))


def _refuse_neg_log10(p: pd.Series) -> None:
    above = int((p > 1).sum())
    if above >= _MANY_ABOVE_ONE and above > 0.05 * len(p):
        raise InputError(
            f"the column of p holds {above:,} values above 1 among {len(p):,} (largest "
            f"{p.max():g}): it is likely -log10 p; name it so, as "
            f"columns={{'neg_log10_p': 'YOUR_COLUMN'}}"
        )


def _as_given(frame: pd.DataFrame) -> pd.DataFrame:
    """beta, se and the file's own -log10 p, missing where it gave none or 0."""
    exact = frame.get("neg_log10_p", pd.Series(np.nan, frame.index))
    if "p" in frame:
        p = frame["p"].where(frame["p"] >= _SMALLEST_P)
        exact = (-np.log10(p)).fillna(exact)
    return frame[["beta", "se"]].assign(neg_log10_p=exact)


def _usable_se(frame: pd.DataFrame) -> pd.Series:
    return (frame["se"] > 0) & np.isfinite(frame["se"]) & np.isfinite(frame["z"])


def _names(frame: pd.DataFrame, tally: Tally) -> pd.DataFrame:
    """rsIDs; the first where a cell holds several, missing where it holds none."""
    if "rsid" not in frame:
        return frame.assign(rsid=pd.Series(None, frame.index, dtype="str"))
    given = frame["rsid"]
    plain = (given.isna() | given.str.fullmatch(r"rs\d+")).to_numpy(dtype=bool)
    if plain.all():
        return frame
    odd = frame.loc[~plain, "rsid"].str.extract(r"(?i)(?<![a-z0-9])(rs\d+)")[0].str.lower()
    kept = np.zeros(len(frame), dtype=bool)
    kept[~plain] = odd.notna().to_numpy()
    tally.note(frame, kept, "name holds more than an rsID: its first rsID taken", action="changed")
    tally.note(frame, ~plain & ~kept, "name is no rsID: left missing", action="changed")
    rsid = given.copy()
    rsid[~plain] = odd
    return frame.assign(rsid=rsid)


def _finish(frame: pd.DataFrame, tally: Tally, text: TextLayout) -> Counted:
    drops = tally.to_frame()
    if frame.empty:
        raise InputError(
            f"{text.path}: no row is left; correct the file or name its columns with "
            f"columns={{...}}. What happened to the rows:\n{drops_text(drops)}"
        )
    order = chromosome_order(frame["chrom"]).to_numpy() * (_LAST_POSITION + 1) + frame["pos"]
    if not order.is_monotonic_increasing:
        frame = frame.iloc[np.argsort(order.to_numpy(), kind="stable")]
    frame = frame[SUMSTATS.names].reset_index(drop=True)
    return Counted(SUMSTATS.validate(frame, where=str(text.path)), drops)
