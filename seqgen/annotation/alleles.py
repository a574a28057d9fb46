"""Alleles held against the reference genome: which is its own, and which is the change."""

from __future__ import annotations

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.io.reference import Reference
from seqgen.io.tally import Tally, drops_text

WHICH = ("other", "effect", "drop")
_NO_CONTIG = "chromosome is not in the FASTA"
_BEYOND = "position lies beyond the end of the chromosome in the FASTA"
_LETTERS = "allele is no sequence of A, C, G and T"
_BOTH = "either allele of the insertion or deletion could be the reference's"
_NEITHER = "neither allele is what the FASTA has there (another build or strand?)"
_ALIKE = "the two alleles are the same"
_REPEATED = "variant repeats another"


def oriented(
    variants: pd.DataFrame, reference: Reference, tally: Tally, *, where_both: str
) -> pd.DataFrame:
    """Variants with the allele of the reference genome told apart.

    Parameters
    ----------
    variants : DataFrame
        ``chrom``, ``pos``, ``effect_allele``, ``other_allele``.
    reference : Reference
    tally : Tally
        Counts what is left out, by reason.
    where_both : {"other", "effect", "drop", "ref"}
        Which allele is the reference's where both could be, as with A and AT before a T;
        ``ref``: ``other_allele`` is said to be the reference's throughout.

    Returns
    -------
    DataFrame
        The rows kept, with ``contig``, ``ref``, ``alt`` and ``alt_is`` (effect or other).

    Raises
    ------
    InputError
        If no variant is left.
    """
    frame = variants.assign(contig=reference.contigs_of(variants["chrom"].astype("str")))
    for name in ("effect_allele", "other_allele"):
        frame[name] = frame[name].astype("str").str.upper()
    shown = ["chrom", "pos", "effect_allele", "other_allele"]
    bad = frame["effect_allele"].isna() | frame["other_allele"].isna()
    for name in ("effect_allele", "other_allele"):
        bad |= ~frame[name].str.fullmatch("[ACGT]+").fillna(value=False).astype(bool)
    frame = _without(frame, bad, (_LETTERS, shown), tally)
    frame = _without(frame, frame["contig"].isna(), (_NO_CONTIG, shown), tally)
    alike = frame["effect_allele"] == frame["other_allele"]
    frame = _without(frame, alike, (_ALIKE, shown), tally)
    if frame.empty:
        raise _none_fits(len(variants), reference, tally)
    ends = frame["contig"].map(reference.lengths)
    reach = frame[["effect_allele", "other_allele"]].apply(lambda held: held.str.len()).min(axis=1)
    frame = _without(frame, frame["pos"] + reach - 1 > ends, (_BEYOND, shown), tally)
    repeated = frame.duplicated(shown)
    frame = _without(frame, repeated, (_REPEATED, shown), tally)
    effect, other = _matches(frame, reference)
    effect &= where_both != "ref"
    frame, effect, other = _told_apart(frame, (effect, other), (where_both, shown), tally)
    if frame.empty:
        raise _none_fits(len(variants), reference, tally)
    swapped = effect
    return frame.assign(
        ref=frame["other_allele"].where(~swapped, frame["effect_allele"]),
        alt=frame["effect_allele"].where(~swapped, frame["other_allele"]),
        alt_is=np.where(swapped, "other", "effect"),
    ).reset_index(drop=True)


def _none_fits(count: int, reference: Reference, tally: Tally) -> InputError:
    return InputError(
        f"sumstats: none of {count:,} variants fits {reference.path.name}; check that both are of "
        f"one genome build:\n{drops_text(tally.to_frame())}"
    )


def _without(
    frame: pd.DataFrame, bad: pd.Series, said: tuple[str, list[str]], tally: Tally
) -> pd.DataFrame:
    reason, shown = said
    which = bad.to_numpy(dtype=bool)
    if which.any():
        tally.note(frame[shown], which, reason, action="dropped")
        frame = frame[~which]
    return frame


def _told_apart(
    frame: pd.DataFrame, fits: tuple[np.ndarray, np.ndarray], told: tuple[str, list[str]],
    tally: Tally,
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:  # fmt: skip
    """Rows of which one allele is the reference's, and whether it is the effect allele."""
    effect, other = fits
    where_both, shown = told
    both = effect & other
    if where_both == "drop":
        reason = f"{_BOTH}; where_both='other' or 'effect' settles it"
        tally.note(frame[shown], both, reason, action="dropped")
    elif where_both != "ref":
        reason = f"{_BOTH}: {where_both}_allele taken for it"
        tally.note(frame[shown], both, reason, action="kept")
    tally.note(frame[shown], ~effect & ~other, _NEITHER, action="dropped")
    kept = (effect | other) & ~(both & (where_both == "drop"))
    is_effect = np.where(both, where_both == "effect", effect)
    return frame[kept], is_effect[kept], ~is_effect[kept]


def _matches(frame: pd.DataFrame, reference: Reference) -> tuple[np.ndarray, np.ndarray]:
    """Whether the FASTA has the effect allele, and whether it has the other, at each position."""
    names = ("effect_allele", "other_allele")
    out = {name: np.zeros(len(frame), dtype=bool) for name in names}
    place = np.arange(len(frame))
    for contig, rows in pd.Series(place).groupby(frame["contig"].to_numpy(), sort=False):
        held = frame.iloc[rows]
        pos = held["pos"].to_numpy(dtype=np.int64)
        longest = max(int(held[name].str.len().max()) for name in names)
        low = int(pos.min()) - 1
        genome = reference.bases(str(contig), low, int(pos.max()) + longest)
        for name in names:
            out[name][rows] = _there(held[name], pos - 1 - low, genome)
    return out["effect_allele"], out["other_allele"]


def _there(alleles: pd.Series, start: np.ndarray, genome: np.ndarray) -> np.ndarray:
    width = alleles.str.len().to_numpy(dtype=np.int64)
    letters = np.frombuffer(alleles.str.cat().encode("ascii"), dtype=np.uint8)
    before = np.cumsum(width) - width
    at = np.repeat(start - before, width) + np.arange(len(letters))
    same = (at < len(genome)) & (genome[np.minimum(at, len(genome) - 1)] == letters)
    return np.logical_and.reduceat(same, before)
