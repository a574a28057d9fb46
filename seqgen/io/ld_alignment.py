"""Variants of summary statistics found among those that LD is known of, and their alleles settled.

The one place of this algebra: for a panel of genotypes, whose LD is computed, and for a matrix of
LD that a file holds.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from seqgen.errors import InputError, SeqgenWarning
from seqgen.io.alleles import reverse_complement
from seqgen.io.genome_build import build_of_variants
from seqgen.io.tally import Tally, drops_text
from seqgen.schemas import Counted

# a palindromic variant's strand is read from frequencies only outside 0.4 to 0.6
_NEAR_HALF = 0.1
_SAME_FREQUENCY = 0.2
_OTHER_FREQUENCY = 0.3
_FEW_TURNED = 0.001
_ENOUGH = 50
_ENOUGH_CLEAR = 50
_PALINDROMIC = ("frequency", "infer", "as-written", "drop")


class Target(NamedTuple):
    """What summary statistics are aligned to.

    Attributes
    ----------
    name : str
        How messages name it.
    variants : DataFrame
        ``chrom``, ``pos``, ``rsid``, ``a1`` (the allele that is counted), ``a2``.
    frequencies : callable, optional
        Rows of ``variants`` to the frequencies of ``a1``; None where they are not known.
    what : str
        What it is, in messages and reasons.
    stage : str
        The stage that the drops are counted under.
    turned : str
        What is turned where it counts the other allele.
    some_unknown : bool
        Whether frequencies may be missing of variants that vary.
    """

    name: str
    variants: pd.DataFrame
    frequencies: Callable[[np.ndarray], np.ndarray] | None
    what: str = "panel"
    stage: str = "align_to_panel"
    turned: str = "genotype sign"
    some_unknown: bool = False


def align_variants(sumstats: pd.DataFrame, target: Target, *, palindromic: str) -> Counted:
    """Find each variant in the target and settle which allele that counts.

    Parameters
    ----------
    sumstats : DataFrame
        Schema ``SUMSTATS``.
    target : Target
    palindromic : {"frequency", "infer", "as-written", "drop"}
        As in `seqgen.io.ld.align_to_panel`.

    Returns
    -------
    Counted
        As of `seqgen.io.ld.align_to_panel`.

    Raises
    ------
    InputError
        As `seqgen.io.ld.align_to_panel` does.
    """
    if palindromic not in _PALINDROMIC:
        raise InputError(f"palindromic: {palindromic!r}; expected one of {', '.join(_PALINDROMIC)}")
    sumstats = sumstats.reset_index(drop=True)
    tally = Tally(target.stage)
    pairs = _same_place(sumstats, target, tally)
    pairs = _same_alleles(pairs, sumstats, (tally, target.what))
    moved = _moved(sumstats, target)
    if pairs.empty:
        raise _no_overlap(sumstats, target, (tally, moved))
    if moved > len(pairs):
        warnings.warn(
            f"{moved:,} rsIDs lie at another position in {target.what} '{target.name}' and only "
            f"{len(pairs):,} variants match: the genome builds likely differ"
            f"{_builds(sumstats, target)}; lift one over",
            SeqgenWarning,
            stacklevel=3,
        )
    pairs = _frequencies(pairs, target)
    pairs = _settle_palindromic(pairs, palindromic, (tally, target.what))
    _refuse_swapped(pairs, target.what)
    pairs = _drop_unusable(pairs, target, tally)
    pairs = _one_to_one(pairs, (tally, target.what))
    if pairs.empty:
        raise _no_overlap(sumstats, target, (tally, moved))
    _note_turned(pairs, target, tally)
    table = sumstats.loc[pairs.index].assign(
        panel_index=pairs["panel_index"].astype("int64"),
        flipped=pairs["flipped"].astype(bool),
        panel_eaf=pairs["panel_eaf"],
    )
    return Counted(table.reset_index(drop=True), tally.to_frame())


def _same_place(sumstats: pd.DataFrame, target: Target, tally: Tally) -> pd.DataFrame:
    """Every (row of sumstats, row of the target) at one position; index is sumstats' own."""
    left = sumstats[["chrom", "pos", "rsid", "effect_allele", "other_allele", "eaf"]].assign(
        row=sumstats.index
    )
    right = target.variants[["chrom", "pos", "a1", "a2"]].assign(
        panel_index=np.arange(len(target.variants))
    )
    pairs = left.merge(right, on=["chrom", "pos"], how="left").set_index("row")
    return tally.drop(
        pairs, pairs["panel_index"].isna(), f"not in the {target.what} at this position"
    )


def _same_alleles(
    pairs: pd.DataFrame, sumstats: pd.DataFrame, told: tuple[Tally, str]
) -> pd.DataFrame:
    """Pairs whose alleles fit, with ``flipped``, ``strand`` (other strand), ``palindromic``."""
    tally, what = told
    effect, other = pairs["effect_allele"], pairs["other_allele"]
    effect_c, other_c = reverse_complement(effect), reverse_complement(other)
    a1, a2 = pairs["a1"], pairs["a2"]
    direct = (effect == a1) & (other == a2)
    swapped = (effect == a2) & (other == a1)
    direct_c = (effect_c == a1) & (other_c == a2)
    swapped_c = (effect_c == a2) & (other_c == a1)
    fits = direct | swapped | direct_c | swapped_c
    single = ~fits & _fits_single_allele(pairs)
    pairs = pairs.assign(
        flipped=np.where(direct | swapped, swapped, swapped_c).astype(bool),
        strand=~(direct | swapped) & fits,
        palindromic=effect == other_c,
    )
    some_fit = pairs.index.isin(pairs.index[fits])
    alone = single.to_numpy() & ~some_fit
    lost = ~some_fit & ~pairs.index.isin(pairs.index[alone])
    _note_once(pairs, alone, f"the {what} does not vary", tally)
    _note_once(pairs, lost, f"alleles differ from the {what}'s", tally)
    pairs = pairs[fits.to_numpy()]
    # one row of sumstats may fit two lines of the target, on either strand: the same strand wins
    pairs = pairs.assign(rank=pairs["strand"].astype(int)).sort_values("rank", kind="stable")
    pairs = pairs[~pairs.index.duplicated()].drop(columns="rank")
    return pairs.loc[sumstats.index[sumstats.index.isin(pairs.index)]]


def _fits_single_allele(pairs: pd.DataFrame) -> pd.Series:
    """True where the target knows one allele only (PLINK's 0) and it is one of the pair's."""
    known = pairs["a2"].where(pairs["a1"].isin(["0", "."]), pairs["a1"])
    lacking = pairs["a1"].isin(["0", "."]) | pairs["a2"].isin(["0", "."])
    return lacking & ((known == pairs["effect_allele"]) | (known == pairs["other_allele"]))


def _note_once(pairs: pd.DataFrame, which: np.ndarray, reason: str, tally: Tally) -> None:
    """Count rows of sumstats, however many lines of the target they met."""
    once = pairs[which]
    once = once[~once.index.duplicated()]
    tally.note(once, np.ones(len(once), dtype=bool), reason, action="dropped")


def _frequencies(pairs: pd.DataFrame, target: Target) -> pd.DataFrame:
    pairs = pairs.assign(panel_index=pairs["panel_index"].astype("int64"))
    index = pairs["panel_index"].to_numpy()
    known = target.frequencies
    a1 = np.full(len(pairs), np.nan) if known is None else known(index)
    return pairs.assign(panel_eaf=np.where(pairs["flipped"], 1.0 - a1, a1))


def _settle_palindromic(pairs: pd.DataFrame, how: str, told: tuple[Tally, str]) -> pd.DataFrame:
    """Decide the strand of palindromic variants, or drop them."""
    tally, what = told
    palindromic = pairs["palindromic"]
    if how == "drop":
        return tally.drop(pairs, palindromic, "palindromic (A/T, C/G)")
    if how == "as-written":
        _require_one_strand(pairs, what)
        tally.note(pairs, palindromic, "palindromic: strand taken as written", action="kept")
        return pairs
    given, expected = pairs["eaf"], pairs["panel_eaf"]
    as_written = (given - expected).abs() < _SAME_FREQUENCY
    turned = (given - (1.0 - expected)).abs() < _SAME_FREQUENCY
    near_half = (given - 0.5).abs() <= _NEAR_HALF
    unclear = ~near_half & given.notna() & (as_written == turned)
    unknown = given.isna() | near_half | expected.isna()
    undecided = palindromic & (unknown | (unclear & as_written))
    if how == "infer" and _one_strand(pairs):
        reason = f"palindromic: strand taken as written, for the other variants are on the {what}'s"
        tally.note(pairs, undecided, reason, action="kept")
    else:
        undecided = undecided & False
    turn = palindromic & turned & ~undecided
    pairs = pairs.assign(
        flipped=pairs["flipped"] ^ turn,
        strand=pairs["strand"] | turn,
        panel_eaf=expected.where(~turn, 1.0 - expected),
        open=palindromic & ~undecided,
        unclear=unclear,
    )
    for test, reason in (
        (lambda rows: rows["eaf"].isna(), "palindromic (A/T, C/G) and no effect-allele frequency"),
        (
            lambda rows: (rows["eaf"] - 0.5).abs() <= _NEAR_HALF,
            "palindromic and frequency within 0.1 of one half",
        ),
        (
            lambda rows: rows["panel_eaf"].isna(),
            f"palindromic (A/T, C/G) and no frequency in the {what}",
        ),
        (lambda rows: rows["unclear"], "palindromic and frequency does not tell the strand"),
    ):
        pairs = tally.drop(pairs, pairs["open"] & test(pairs), reason)
    tally.note(pairs, pairs["open"], "palindromic: strand decided by frequency", action="kept")
    return pairs.drop(columns=["open", "unclear"])


def _one_strand(pairs: pd.DataFrame) -> bool:
    """True where enough variants show their strand and it is the target's."""
    clear = ~pairs["palindromic"]
    return bool(clear.sum() >= _ENOUGH_CLEAR and pairs.loc[clear, "strand"].mean() <= _FEW_TURNED)


def _require_one_strand(pairs: pd.DataFrame, what: str) -> None:
    clear = pairs[~pairs["palindromic"]]
    turned = int(clear["strand"].sum())
    if turned > _FEW_TURNED * len(clear):
        raise InputError(
            f"palindromic='as-written': {turned:,} of {len(clear):,} other variants are on the "
            f"other strand than the {what}, so the letters cannot be trusted; use 'frequency' "
            f"or 'drop'"
        )


def _refuse_swapped(pairs: pd.DataFrame, what: str) -> None:
    """Refuse a file whose frequencies are those of the other allele, or its alleles swapped."""
    known = pairs[pairs["eaf"].notna() & pairs["panel_eaf"].notna()]
    if len(known) < _ENOUGH:
        return
    as_told = (known["eaf"] - known["panel_eaf"]).abs().mean()
    swapped = (1 - known["eaf"] - known["panel_eaf"]).abs().mean()
    if swapped < as_told / 2:
        raise InputError(
            f"effect allele frequencies match the {what}'s other allele at {len(known):,} variants "
            f"(mean difference {swapped:.2f}, against {as_told:.2f} as given): effect and other "
            "allele are swapped, or the frequency is the other allele's. Name the columns the "
            "other way round, as columns={'effect_allele': ..., 'other_allele': ...}, or leave "
            "out the frequency"
        )


def _drop_unusable(pairs: pd.DataFrame, target: Target, tally: Tally) -> pd.DataFrame:
    frequency = pairs["panel_eaf"]
    still = (frequency <= 0) | (frequency >= 1)
    if target.frequencies is not None and not target.some_unknown:
        still |= frequency.isna()
    pairs = tally.drop(pairs, still, f"the {target.what} does not vary")
    far = (pairs["eaf"] - pairs["panel_eaf"]).abs() > _OTHER_FREQUENCY
    return tally.drop(pairs, far, f"frequency more than 0.3 from the {target.what}'s")


def _one_to_one(pairs: pd.DataFrame, told: tuple[Tally, str]) -> pd.DataFrame:
    """Where two rows of sumstats fit one variant of the target, keep the one on its strand."""
    tally, what = told
    shared = pairs["panel_index"].duplicated(keep=False)
    if not shared.any():
        return pairs
    on_strand = pairs[shared & ~pairs["strand"]]["panel_index"]
    single = on_strand[~on_strand.duplicated(keep=False)]
    winner = ~pairs["strand"] & pairs["panel_index"].isin(single)
    return tally.drop(
        pairs,
        shared & ~winner,
        f"another row fits the same {what} variant",
    )


def _note_turned(pairs: pd.DataFrame, target: Target, tally: Tally) -> None:
    tally.note(
        pairs,
        pairs["flipped"],
        f"the {target.what} counts the other allele: {target.turned} turned",
        action="changed",
    )
    tally.note(
        pairs,
        pairs["strand"],
        f"the {target.what} is on the other strand: matched by complement",
        action="changed",
    )


def _moved(sumstats: pd.DataFrame, target: Target) -> int:
    """RsIDs that the target holds at another place."""
    named = sumstats.loc[sumstats["rsid"].notna(), ["rsid", "chrom", "pos"]]
    both = named.merge(target.variants[["rsid", "chrom", "pos"]], on="rsid")
    elsewhere = (both["pos_x"] != both["pos_y"]) | (both["chrom_x"] != both["chrom_y"])
    return int(elsewhere.sum())


def _no_overlap(sumstats: pd.DataFrame, target: Target, what: tuple[Tally, int]) -> InputError:
    tally, moved = what
    ours, theirs = set(sumstats["chrom"]), set(target.variants["chrom"])
    lines = [f"no variant of the summary statistics can be used with {target.what} '{target.name}'"]
    if not ours & theirs:
        lines.append(
            f"chromosomes differ: {_few(ours)} in the summary statistics, {_few(theirs)} in the "
            f"{target.what}; use the {target.what} of the same chromosome"
        )
    elif moved:
        lines.append(
            f"{moved:,} rsIDs are in the {target.what} at other positions: the genome builds "
            f"differ{_builds(sumstats, target)}; lift one of the two over"
        )
    else:
        lines.append("check that both are of one genome build and cover the same region")
    drops = tally.to_frame()
    if len(drops):
        lines.append("what happened to the rows:\n" + drops_text(drops))
    return InputError("; ".join(lines[:2]) + ("\n" + lines[2] if len(lines) > 2 else ""))


def _builds(sumstats: pd.DataFrame, target: Target) -> str:
    """Which builds the two are of, as far as the places of known variants tell."""
    told = [
        f"the {what} of {build}"
        for what, variants in (
            ("summary statistics", sumstats),
            (target.what, target.variants),
        )
        if (build := build_of_variants(variants))
    ]
    return f" ({', '.join(told)})" if told else ""


def _few(names: set[str]) -> str:
    shown = sorted(names)[:5]
    return ", ".join(shown) + (", ..." if len(names) > len(shown) else "")
