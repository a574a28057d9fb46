"""Loci: windows around genome-wide significant variants, or regions that the user names."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.schemas import LOCI

_REGION = re.compile(r"^(?:chr|CHR|Chr)?(?P<chrom>[^:\s]+):(?P<start>[\d,]+)-(?P<end>[\d,]+)$")


def find_loci(
    sumstats: pd.DataFrame,
    *,
    p_threshold: float = 5e-8,
    flank: int = 250_000,
    regions: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Windows of ``flank`` bases around significant variants, merged where they overlap.

    Parameters
    ----------
    sumstats : DataFrame
        Table ``sumstats``.
    p_threshold : float
        A variant with p at or below it opens a window.
    flank : int
        Base pairs on each side of such a variant.
    regions : sequence of str, optional
        ``chrom:start-end`` (1-based, both ends included); then these are the loci and
        significance is not asked for.

    Returns
    -------
    DataFrame
        Table ``loci``, in genome order of the input.

    Raises
    ------
    InputError
        No variant is significant, a region cannot be read or holds no variant.

    Examples
    --------
    >>> import seqgen
    >>> from seqgen.io.resources import demo_sumstats_path
    >>> loci = seqgen.find_loci(seqgen.read_sumstats(demo_sumstats_path()).table)
    >>> len(loci)
    12
    """
    if regions:
        windows = _merge(pd.DataFrame([parse_region(text) for text in regions]))
    else:
        windows = _significant_windows(sumstats, p_threshold, flank)
    found = pd.DataFrame(windows, columns=["chrom", "start", "end"])
    ends = found["start"].astype(str) + "-" + found["end"].astype(str)
    found.insert(0, "locus", found["chrom"] + ":" + ends)
    inside = split_by_locus(sumstats, found)
    leads = [_lead(inside[str(locus)], str(locus), sumstats) for locus in found["locus"]]
    return LOCI.validate(pd.concat([found, pd.DataFrame(leads)], axis=1))


def parse_region(text: str) -> dict[str, object]:
    """Chromosome, start and end of ``chrom:start-end``; commas in numbers are allowed."""
    match = _REGION.match(text.strip())
    if match is None:
        raise InputError(
            f"region '{text}' cannot be read; expected chrom:start-end, such as "
            "22:42860919-43820068"
        )
    start, end = (int(match[name].replace(",", "")) for name in ("start", "end"))
    if not 1 <= start <= end:
        raise InputError(f"region '{text}': start must be at least 1 and not beyond the end")
    return {"chrom": match["chrom"], "start": start, "end": end}


def split_by_locus(table: pd.DataFrame, loci: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Rows of ``table`` (columns chrom, pos) in each locus, by the locus' name.

    Parameters
    ----------
    table : DataFrame
        Any table with ``chrom`` and ``pos``.
    loci : DataFrame
        ``locus``, ``chrom``, ``start``, ``end``.

    Returns
    -------
    dict of DataFrame
        One entry per locus, in their order; without rows where nothing lies in it.

    Raises
    ------
    InputError
        If a column is missing, or names of chromosomes are no text.

    Examples
    --------
    >>> table = pd.DataFrame({"chrom": ["1", "1", "2"], "pos": [5, 90, 5]})
    >>> loci = pd.DataFrame({"locus": ["1:1-9"], "chrom": ["1"], "start": [1], "end": [9]})
    >>> split_by_locus(table, loci)["1:1-9"]
      chrom  pos
    0     1    5
    """
    _check_places("table", table, ("chrom", "pos"))
    _check_places("loci", loci, ("locus", "chrom", "start", "end"))
    by_chrom = dict(list(table.groupby("chrom", sort=False)))
    parts = {}
    columns = [loci[name].tolist() for name in ("locus", "chrom", "start", "end")]
    for name, chrom, start, end in zip(*columns, strict=True):
        rows = by_chrom.get(chrom, table.iloc[:0])
        parts[str(name)] = rows[rows["pos"].between(start, end)]
    return parts


def _check_places(argument: str, table: pd.DataFrame, columns: Sequence[str]) -> None:
    lacking = [name for name in columns if name not in table]
    if lacking:
        raise InputError(
            f"{argument}: no column {', '.join(lacking)}; expected {', '.join(columns)}"
        )
    if len(table) and not isinstance(table["chrom"].iloc[0], str):
        raise InputError(
            f"{argument}: chrom is {table['chrom'].iloc[0]}, which is no text; expected names of "
            "chromosomes as text, such as '22'"
        )


def _significant_windows(
    sumstats: pd.DataFrame, p_threshold: float, flank: int
) -> list[tuple[str, int, int]]:
    if not 0 < p_threshold < 1:
        raise InputError(f"p_threshold is {p_threshold}; expected a number between 0 and 1")
    if flank < 0:
        raise InputError(f"flank is {flank}; expected a number of base pairs, 0 or more")
    hits = sumstats[sumstats["neg_log10_p"] >= -np.log10(p_threshold)]
    if hits.empty:
        best = sumstats.iloc[int(sumstats["neg_log10_p"].to_numpy().argmax())]
        raise InputError(
            f"no variant has p <= {p_threshold:g}; the smallest is 10^-{best['neg_log10_p']:.2f} "
            f"at {best['chrom']}:{best['pos']}. Raise the threshold (--p-threshold) or name "
            "regions (--regions)"
        )
    return _merge(
        pd.DataFrame(
            {
                "chrom": hits["chrom"],
                "start": (hits["pos"] - flank).clip(lower=1),
                "end": hits["pos"] + flank,
            }
        )
    )


def _merge(windows: pd.DataFrame) -> list[tuple[str, int, int]]:
    """Union of overlapping windows, chromosome by chromosome in order of appearance."""
    merged: list[tuple[str, int, int]] = []
    for chrom, group in windows.groupby("chrom", sort=False):
        group = group.sort_values("start")
        furthest = group["end"].cummax()
        opens = (group["start"] > furthest.shift(fill_value=-1)).cumsum()
        spans = group.groupby(opens).agg(start=("start", "min"), end=("end", "max"))
        merged += [(str(chrom), int(s), int(e)) for s, e in spans.itertuples(index=False)]
    return merged


def _lead(inside: pd.DataFrame, locus: str, sumstats: pd.DataFrame) -> dict[str, object]:
    if inside.empty:
        raise InputError(
            f"region {locus} holds no variant of the summary statistics; chromosomes there are "
            f"{', '.join(sumstats['chrom'].unique()[:30])}"
        )
    lead = inside.iloc[int(inside["neg_log10_p"].to_numpy().argmax())]
    return {
        "lead_rsid": lead["rsid"],
        "lead_pos": lead["pos"],
        "lead_neg_log10_p": lead["neg_log10_p"],
        "n_variants": len(inside),
    }
