"""Summary statistics laid beside a panel: alleles aligned, linkage disequilibrium computed."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from seqgen.errors import InputError, SeqgenWarning
from seqgen.io.tally import Tally, drops_text
from seqgen.schemas import Counted

if TYPE_CHECKING:
    from seqgen.io.genotypes import Panel

_COMPLEMENT = str.maketrans("ACGT", "TGCA")
# a palindromic variant's strand is read from frequencies only outside 0.4 to 0.6
_NEAR_HALF = 0.1
_SAME_FREQUENCY = 0.2
_OTHER_FREQUENCY = 0.3
_FEW_TURNED = 0.001
_ENOUGH = 50
_ENOUGH_CLEAR = 50
_PALINDROMIC = ("frequency", "infer", "as-written", "drop")
_INFERRED = "palindromic: strand taken as written, for the other variants are on the panel's"
_UNDECIDED = (
    (lambda rows: rows["eaf"].isna(), "palindromic (A/T, C/G) and no effect-allele frequency"),
    (
        lambda rows: (rows["eaf"] - 0.5).abs() <= _NEAR_HALF,
        "palindromic and frequency within 0.1 of one half",
    ),
    (lambda rows: rows["unclear"], "palindromic and frequency does not tell the strand"),
)


def align_to_panel(
    sumstats: pd.DataFrame, panel: Panel, *, palindromic: str = "frequency"
) -> Counted:
    """Find each variant in the panel and settle how its genotypes count the effect allele.

    Variants match by chromosome, position and alleles, in either order and on either strand.
    The alleles and effects of the summary statistics stay as they are; ``flipped`` says that
    the panel counts the other allele, so that its genotype sign is to be turned.

    The strand of palindromic variants (A/T, C/G) cannot be told by their alleles. By default
    they are kept where the effect allele's frequency is given, is more than 0.1 from one half,
    and lies within 0.2 of the panel's on one strand only. Variants whose frequency is more
    than 0.3 from the panel's, and those on which the panel does not vary, are dropped.

    Parameters
    ----------
    sumstats : DataFrame
        Schema ``SUMSTATS``.
    panel : Panel
    palindromic : {"frequency", "infer", "as-written", "drop"}
        What decides about palindromic variants. ``"frequency"``: their frequency, or they are
        dropped. ``"infer"``: their frequency, and where that cannot tell, the letters, if at
        least 50 other variants match and at most one in a thousand is on the other strand.
        ``"as-written"``: the letters, right where the file is known to be on the panel's
        strand throughout. ``"drop"``: none are kept.

    Returns
    -------
    Counted
        ``table`` is ``sumstats``' rows in their order with ``panel_index`` (int, row of
        ``panel.variants``), ``flipped`` (bool) and ``panel_eaf`` (float); ``drops`` of schema
        ``DROPS``.

    Raises
    ------
    InputError
        If no variant is left (the message says whether chromosome names or the genome build
        differ), or palindromic variants are to be taken as written in a file whose other
        variants are partly on the other strand.

    Warns
    -----
    SeqgenWarning
        If more rsIDs lie at another position in the panel than variants match.
    """
    if palindromic not in _PALINDROMIC:
        raise InputError(f"palindromic: {palindromic!r}; expected one of {', '.join(_PALINDROMIC)}")
    sumstats = sumstats.reset_index(drop=True)
    tally = Tally("align_to_panel")
    pairs = _same_place(sumstats, panel, tally)
    pairs = _same_alleles(pairs, sumstats, tally)
    moved = _moved(sumstats, panel)
    if pairs.empty:
        raise _no_overlap(sumstats, panel, (tally, moved))
    if moved > len(pairs):
        warnings.warn(
            f"{moved:,} rsIDs lie at another position in panel '{panel.name}' and only "
            f"{len(pairs):,} variants match: the genome builds likely differ; lift one over",
            SeqgenWarning,
            stacklevel=2,
        )
    pairs = _frequencies(pairs, panel)
    pairs = _settle_palindromic(pairs, palindromic, tally)
    _refuse_swapped(pairs)
    pairs = _drop_unusable(pairs, tally)
    pairs = _one_to_one(pairs, tally)
    if pairs.empty:
        raise _no_overlap(sumstats, panel, (tally, moved))
    _note_turned(pairs, tally)
    table = sumstats.loc[pairs.index].assign(
        panel_index=pairs["panel_index"].astype("int64"),
        flipped=pairs["flipped"].astype(bool),
        panel_eaf=pairs["panel_eaf"],
    )
    return Counted(table.reset_index(drop=True), tally.to_frame())


def panel_ld(variants: pd.DataFrame, panel: Panel) -> np.ndarray:
    """Correlations of the effect-allele counts of aligned variants among the panel's people.

    Signed by the effect alleles of the summary statistics, as their z-scores are. Missing calls
    stand at the mean of their variant.

    Parameters
    ----------
    variants : DataFrame
        Rows of what `align_to_panel` returned: ``panel_index``, ``flipped`` and, to check that
        they belong to this panel, ``chrom`` and ``pos``.
    panel : Panel
        The one that they were aligned to.

    Returns
    -------
    ndarray of float64, shape (p, p)
        Symmetric, with a diagonal of exactly one. 12,000 variants take 1.2 GB.

    Raises
    ------
    InputError
        If a column is missing, the variants are not those of this panel, or it does not vary at
        one of them.

    Examples
    --------
    >>> import seqgen
    >>> from seqgen.io.resources import demo_panel_prefix, demo_sumstats_path
    >>> panel = seqgen.read_panel(demo_panel_prefix())
    >>> sumstats = seqgen.read_sumstats(demo_sumstats_path()).table
    >>> aligned = seqgen.align_to_panel(sumstats, panel).table
    >>> seqgen.panel_ld(aligned.head(3), panel).shape
    (3, 3)
    """
    lacking = [name for name in ("panel_index", "flipped") if name not in variants]
    if lacking:
        raise InputError(
            f"variants: no column {', '.join(lacking)}; expected rows of what align_to_panel "
            "returned"
        )
    index = variants["panel_index"].to_numpy()
    _refuse_other_panel(variants, index, panel)
    return correlations(panel, index, np.where(variants["flipped"], -1.0, 1.0))[0]


def correlations(
    panel: Panel, aligned_index: np.ndarray, sign: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Correlation of the effect-allele counts of some variants, missing calls at their mean.

    Parameters
    ----------
    panel : Panel
    aligned_index : ndarray of int, shape (p,)
        ``panel_index`` of the variants.
    sign : ndarray, shape (p,)
        -1 where ``flipped``, else 1.

    Returns
    -------
    R : ndarray of float64, shape (p, p)
        Symmetric, with a diagonal of exactly one.
    X : ndarray of float64, shape (n_people, p)
        Standardised genotypes: mean 0, mean square 1, signed; ``R = X'X / n_people``.

    Raises
    ------
    InputError
        If the shapes differ or the panel does not vary at a variant.
    """
    aligned_index = np.asarray(aligned_index, dtype=np.int64)
    sign = np.asarray(sign, dtype=np.float64)
    if sign.shape != aligned_index.shape or not np.isin(sign, (-1.0, 1.0)).all():
        raise InputError(
            f"sign: shape {sign.shape} for {aligned_index.shape} variants; expected one of -1 "
            f"or 1 per variant"
        )
    X = panel.genotypes(aligned_index).astype(np.float64)
    X -= _column_means(X)
    np.nan_to_num(X, copy=False, nan=0.0)
    scale = np.sqrt(np.einsum("ij,ij->j", X, X) / max(1, len(X)))
    still = np.flatnonzero(scale < 1e-9)
    if still.size:
        row = panel.variants.iloc[int(aligned_index[still[0]])]
        raise InputError(
            f"panel '{panel.name}': {still.size} variant(s) do not vary, first {row['rsid']} at "
            f"{row['chrom']}:{row['pos']}; align_to_panel drops such variants"
        )
    X *= sign / scale
    R = X.T @ X / len(X)
    R = np.clip((R + R.T) / 2.0, -1.0, 1.0)
    np.fill_diagonal(R, 1.0)
    return R, X


def _refuse_other_panel(variants: pd.DataFrame, index: np.ndarray, panel: Panel) -> None:
    """Refuse row numbers that mean other variants here, as where a region was read since."""
    place = [name for name in ("chrom", "pos") if name in variants]
    within = index.size == 0 or (index.min() >= 0 and index.max() < len(panel.variants))
    there = panel.variants[place].take(index) if within else None
    apart = True if there is None else (there.to_numpy() != variants[place].to_numpy()).any()
    if apart:
        raise InputError(
            f"variants: not those of panel '{panel.name}' by panel_index, chrom and pos; expected "
            "rows that align_to_panel returned for this very panel: align them again"
        )


def _column_means(X: np.ndarray) -> np.ndarray:
    """Mean of the calls in each column; 0 where there is none."""
    called = np.count_nonzero(~np.isnan(X), axis=0)
    return np.nansum(X, axis=0) / np.maximum(called, 1)


def _complement(alleles: pd.Series) -> pd.Series:
    """The other strand's letters, read backwards as that strand is."""
    values = alleles.astype("category")
    turned = [str(a).translate(_COMPLEMENT)[::-1] for a in values.cat.categories]
    return pd.Series(turned, dtype="str").take(values.cat.codes.to_numpy()).set_axis(alleles.index)


def _same_place(sumstats: pd.DataFrame, panel: Panel, tally: Tally) -> pd.DataFrame:
    """Every (row of sumstats, row of the panel) at one position; index is sumstats' own."""
    left = sumstats[["chrom", "pos", "rsid", "effect_allele", "other_allele", "eaf"]].assign(
        row=sumstats.index
    )
    right = panel.variants[["chrom", "pos", "a1", "a2"]].assign(
        panel_index=np.arange(len(panel.variants))
    )
    pairs = left.merge(right, on=["chrom", "pos"], how="left").set_index("row")
    return tally.drop(pairs, pairs["panel_index"].isna(), "not in the panel at this position")


def _same_alleles(pairs: pd.DataFrame, sumstats: pd.DataFrame, tally: Tally) -> pd.DataFrame:
    """Pairs whose alleles fit, with ``flipped``, ``strand`` (other strand), ``palindromic``."""
    effect, other = pairs["effect_allele"], pairs["other_allele"]
    effect_c, other_c = _complement(effect), _complement(other)
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
    _note_once(pairs, alone, "the panel does not vary", tally)
    _note_once(pairs, lost, "alleles differ from the panel's", tally)
    pairs = pairs[fits.to_numpy()]
    # one row of sumstats may fit two lines of the panel, on either strand: the same strand wins
    pairs = pairs.assign(rank=pairs["strand"].astype(int)).sort_values("rank", kind="stable")
    pairs = pairs[~pairs.index.duplicated()].drop(columns="rank")
    return pairs.loc[sumstats.index[sumstats.index.isin(pairs.index)]]


def _fits_single_allele(pairs: pd.DataFrame) -> pd.Series:
    """True where the panel knows one allele only (PLINK's 0) and it is one of the pair's."""
    known = pairs["a2"].where(pairs["a1"].isin(["0", "."]), pairs["a1"])
    lacking = pairs["a1"].isin(["0", "."]) | pairs["a2"].isin(["0", "."])
    return lacking & ((known == pairs["effect_allele"]) | (known == pairs["other_allele"]))


def _note_once(pairs: pd.DataFrame, which: np.ndarray, reason: str, tally: Tally) -> None:
    """Count rows of sumstats, however many lines of the panel they met."""
    once = pairs[which]
    once = once[~once.index.duplicated()]
    tally.note(once, np.ones(len(once), dtype=bool), reason, action="dropped")


def _frequencies(pairs: pd.DataFrame, panel: Panel) -> pd.DataFrame:
    pairs = pairs.assign(panel_index=pairs["panel_index"].astype("int64"))
    a1 = panel.frequencies(pairs["panel_index"].to_numpy())
    return pairs.assign(panel_eaf=np.where(pairs["flipped"], 1.0 - a1, a1))


def _settle_palindromic(pairs: pd.DataFrame, how: str, tally: Tally) -> pd.DataFrame:
    """Decide the strand of palindromic variants, or drop them."""
    palindromic = pairs["palindromic"]
    if how == "drop":
        return tally.drop(pairs, palindromic, "palindromic (A/T, C/G)")
    if how == "as-written":
        _require_one_strand(pairs)
        tally.note(pairs, palindromic, "palindromic: strand taken as written", action="kept")
        return pairs
    given, expected = pairs["eaf"], pairs["panel_eaf"]
    as_written = (given - expected).abs() < _SAME_FREQUENCY
    turned = (given - (1.0 - expected)).abs() < _SAME_FREQUENCY
    near_half = (given - 0.5).abs() <= _NEAR_HALF
    unclear = ~near_half & given.notna() & (as_written == turned)
    undecided = palindromic & (given.isna() | near_half | (unclear & as_written))
    if how == "infer" and _one_strand(pairs):
        tally.note(pairs, undecided, _INFERRED, action="kept")
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
    for test, reason in _UNDECIDED:
        pairs = tally.drop(pairs, pairs["open"] & test(pairs), reason)
    tally.note(pairs, pairs["open"], "palindromic: strand decided by frequency", action="kept")
    return pairs.drop(columns=["open", "unclear"])


def _one_strand(pairs: pd.DataFrame) -> bool:
    """True where enough variants show their strand and it is the panel's."""
    clear = ~pairs["palindromic"]
    return bool(clear.sum() >= _ENOUGH_CLEAR and pairs.loc[clear, "strand"].mean() <= _FEW_TURNED)


def _require_one_strand(pairs: pd.DataFrame) -> None:
    clear = pairs[~pairs["palindromic"]]
    turned = int(clear["strand"].sum())
    if turned > _FEW_TURNED * len(clear):
        raise InputError(
            f"palindromic='as-written': {turned:,} of {len(clear):,} other variants are on the "
            f"other strand than the panel, so the letters cannot be trusted; use 'frequency' "
            f"or 'drop'"
        )


def _refuse_swapped(pairs: pd.DataFrame) -> None:
    """Refuse a file whose frequencies are those of the other allele, or its alleles swapped."""
    known = pairs[pairs["eaf"].notna() & pairs["panel_eaf"].notna()]
    if len(known) < _ENOUGH:
        return
    as_told = (known["eaf"] - known["panel_eaf"]).abs().mean()
    swapped = (1 - known["eaf"] - known["panel_eaf"]).abs().mean()
    if swapped < as_told / 2:
        raise InputError(
            f"effect allele frequencies match the panel's other allele at {len(known):,} variants "
            f"(mean difference {swapped:.2f}, against {as_told:.2f} as given): effect and other "
            "allele are swapped, or the frequency is the other allele's. Name the columns the "
            "other way round, as columns={'effect_allele': ..., 'other_allele': ...}, or leave "
            "out the frequency"
        )


def _drop_unusable(pairs: pd.DataFrame, tally: Tally) -> pd.DataFrame:
    frequency = pairs["panel_eaf"]
    still = frequency.isna() | (frequency <= 0) | (frequency >= 1)
    pairs = tally.drop(pairs, still, "the panel does not vary")
    far = (pairs["eaf"] - pairs["panel_eaf"]).abs() > _OTHER_FREQUENCY
    return tally.drop(pairs, far, "frequency more than 0.3 from the panel's")


def _one_to_one(pairs: pd.DataFrame, tally: Tally) -> pd.DataFrame:
    """Where two rows of sumstats fit one panel variant, keep the one on its strand."""
    shared = pairs["panel_index"].duplicated(keep=False)
    if not shared.any():
        return pairs
    on_strand = pairs[shared & ~pairs["strand"]]["panel_index"]
    single = on_strand[~on_strand.duplicated(keep=False)]
    winner = ~pairs["strand"] & pairs["panel_index"].isin(single)
    return tally.drop(pairs, shared & ~winner, "another row fits the same panel variant")


def _note_turned(pairs: pd.DataFrame, tally: Tally) -> None:
    tally.note(
        pairs,
        pairs["flipped"],
        "the panel counts the other allele: genotype sign turned",
        action="changed",
    )
    tally.note(
        pairs,
        pairs["strand"],
        "the panel is on the other strand: matched by complement",
        action="changed",
    )


def _moved(sumstats: pd.DataFrame, panel: Panel) -> int:
    """RsIDs that the panel holds at another place."""
    named = sumstats.loc[sumstats["rsid"].notna(), ["rsid", "chrom", "pos"]]
    both = named.merge(panel.variants[["rsid", "chrom", "pos"]], on="rsid")
    elsewhere = (both["pos_x"] != both["pos_y"]) | (both["chrom_x"] != both["chrom_y"])
    return int(elsewhere.sum())


def _no_overlap(sumstats: pd.DataFrame, panel: Panel, what: tuple[Tally, int]) -> InputError:
    tally, moved = what
    ours, theirs = set(sumstats["chrom"]), set(panel.variants["chrom"])
    lines = [f"no variant of the summary statistics can be used with panel '{panel.name}'"]
    if not ours & theirs:
        lines.append(
            f"chromosomes differ: {_few(ours)} in the summary statistics, {_few(theirs)} in the "
            f"panel; use the panel of the same chromosome"
        )
    elif moved:
        lines.append(
            f"{moved:,} rsIDs are in the panel at other positions: the genome builds differ; "
            f"lift one of the two over"
        )
    else:
        lines.append("check that both are of one genome build and cover the same region")
    drops = tally.to_frame()
    if len(drops):
        lines.append("what happened to the rows:\n" + drops_text(drops))
    return InputError("; ".join(lines[:2]) + ("\n" + lines[2] if len(lines) > 2 else ""))


def _few(names: set[str]) -> str:
    shown = sorted(names)[:5]
    return ", ".join(shown) + (", ..." if len(names) > len(shown) else "")
