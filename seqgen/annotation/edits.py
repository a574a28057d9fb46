"""Variants as edits of a transcript: which of its bases go, and which come in their place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from seqgen.annotation.coding import CodingSequences
from seqgen.annotation.translation import complement

_ABSENT = -(2**30)


@dataclass(frozen=True, repr=False)
class Edits:
    """Edits of transcripts; every array has one entry per edit.

    Attributes
    ----------
    row : ndarray of int
        Transcript.
    start, end : ndarray of int
        Bases that go, counted from the first of the first whole codon; ``end`` not included.
    inserted : ndarray of uint8, shape (edits, widest)
        Bases that come, in the direction of reading, 0 beyond their number.
    n_inserted : ndarray of int
        How many.
    inside : ndarray of bool
        False where the edit reaches beyond an exon or the coding part's beginning, so that what
        becomes of the protein cannot be told; it then takes nothing and puts in nothing.
    touches : ndarray of bool
        Whether a coding base goes, or bases come beside one.
    at_edge : ndarray of bool
        Whether bases come, none going, where one of the two beside is not of the same exon's
        coding part.
    """

    row: np.ndarray
    start: np.ndarray
    end: np.ndarray
    inserted: np.ndarray
    n_inserted: np.ndarray
    inside: np.ndarray
    touches: np.ndarray
    at_edge: np.ndarray

    def take(self, which: np.ndarray) -> Edits:
        """The edits ``which`` (a mask or numbers)."""
        counts = self.n_inserted[which]
        widest = int(counts.max(initial=1))
        return Edits(
            self.row[which], self.start[which], self.end[which],
            self.inserted[which][:, :widest], counts, self.inside[which],
            self.touches[which], self.at_edge[which],
        )  # fmt: skip

    def growth(self) -> np.ndarray:
        """Bases that the transcript gains; negative where it loses some."""
        return self.n_inserted - (self.end - self.start)


def edits(variants: pd.DataFrame, rows: np.ndarray, coding: CodingSequences) -> Edits:
    """Put variants into the coordinates of a transcript each.

    Parameters
    ----------
    variants : DataFrame
        ``pos``, ``ref``, ``alt`` (on the forward strand, ``ref`` the reference's bases).
    rows : ndarray of int, shape (variants,)
        The transcript each is placed in.
    coding : CodingSequences

    Returns
    -------
    Edits
    """
    ref, alt = _letters(variants["ref"]), _letters(variants["alt"])
    strand = np.zeros(len(coding.offsets), dtype=bool)
    strand[coding.segments["row"].to_numpy()] = coding.segments["plus"].to_numpy()
    plus = strand[rows]
    given = (variants["pos"].to_numpy(dtype=np.int64), ref, alt)
    pos, n_ref, n_alt, alt = _trimmed(given, plus)
    first, last = coding.place(rows, pos), coding.place(rows, pos + n_ref - 1)
    left = coding.place(rows, pos - 1)
    # Between two bases: beside either of them, for at the edge of an exon only one is in it.
    between = np.where(
        plus, np.where(first > _ABSENT, first, left + 1), np.where(left > _ABSENT, left, first + 1)
    )
    insertion = n_ref == 0
    start = np.where(insertion, between, np.where(plus, first, last))
    end = np.where(insertion, between, np.where(plus, last, first) + 1)
    lengths = coding.cds_lengths[rows]
    inside = (start >= 0) & (end - start == n_ref) & (start < lengths)
    low, high = np.minimum(first, left), np.maximum(first, left)
    at_edge = insertion & ~((low >= 0) & (high == low + 1) & (high < lengths))
    touches = coding.touched(rows, pos - insertion, pos + np.maximum(n_ref - 1, 0))
    # An edit that cannot be told is none, lest what it would do be counted.
    start, end, n_alt = (np.where(inside, each, 0) for each in (start, end, n_alt))
    alt = np.where(inside[:, None], alt, 0).astype(np.uint8)
    inserted = np.where(plus[:, None], alt, _reversed(complement(alt), n_alt))
    return Edits(rows, start, end, inserted, n_alt, inside, touches, at_edge)


def shortest(variants: pd.DataFrame) -> pd.DataFrame:
    """Variants without what ``ref`` and ``alt`` share at their ends, a base of each being left.

    csq misreads alleles that are longer than they need to be, and some of them stop it.
    """
    frame = variants.reset_index(drop=True)
    for last in (True, False):
        which = np.flatnonzero((frame["ref"].str.len() > 1) & (frame["alt"].str.len() > 1))
        while len(which):
            ref, alt = frame["ref"].iloc[which], frame["alt"].iloc[which]
            at = -1 if last else 0
            same = (ref.str.get(at) == alt.str.get(at)) & (ref.str.len() > 1) & (alt.str.len() > 1)
            which = which[same.to_numpy()]
            kept = slice(None, -1) if last else slice(1, None)
            frame.loc[which, "ref"] = ref[same].str[kept]
            frame.loc[which, "alt"] = alt[same].str[kept]
            frame.loc[which, "pos"] += 0 if last else 1
    return frame


def _letters(alleles: pd.Series) -> np.ndarray:
    """Alleles as rows of letters, 0 beyond their ends; shape (n, widest)."""
    fixed = alleles.to_numpy(dtype=object).astype("S")
    width = max(fixed.dtype.itemsize, 1)
    return np.ascontiguousarray(fixed).view(np.uint8).reshape(len(alleles), width)


def _trimmed(
    given: tuple[np.ndarray, np.ndarray, np.ndarray], plus: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Without what the alleles share at their ends: position, lengths, new alternative.

    What could be at either end is taken off where the reading begins, which puts the change as
    far along the transcript as the alleles allow.
    """
    pos, ref, alt = given
    n_ref, n_alt = (ref != 0).sum(axis=1), (alt != 0).sum(axis=1)
    width = min(ref.shape[1], alt.shape[1])
    same = (ref[:, :width] == alt[:, :width]) & (ref[:, :width] != 0)
    front = np.logical_and.accumulate(same, axis=1).sum(axis=1)
    turned = (_reversed(ref, n_ref)[:, :width], _reversed(alt, n_alt)[:, :width])
    same = (turned[0] == turned[1]) & (turned[0] != 0)
    behind = np.logical_and.accumulate(same, axis=1).sum(axis=1)
    most = np.minimum(n_ref, n_alt)
    front = np.where(plus, front, np.minimum(front, most - behind))
    behind = np.minimum(behind, most - front)
    n_ref, n_alt = n_ref - front - behind, n_alt - front - behind
    width = int(n_alt.max(initial=1))
    columns = np.arange(max(width, 1))
    places = np.minimum(front[:, None] + columns, alt.shape[1] - 1)
    kept = np.where(columns < n_alt[:, None], np.take_along_axis(alt, places, axis=1), 0)
    return pos + front, n_ref, n_alt, kept.astype(np.uint8)


def _reversed(letters: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Each row's first ``counts`` letters from behind, 0 beyond them."""
    columns = np.arange(letters.shape[1])
    places = np.clip(counts[:, None] - 1 - columns, 0, letters.shape[1] - 1)
    turned = np.take_along_axis(letters, places, axis=1)
    return np.where(columns < counts[:, None], turned, 0).astype(np.uint8)


def edited(coding: CodingSequences, edit: Edits, first: np.ndarray, width: int) -> np.ndarray:
    """Bases of the edited transcripts from ``first`` on.

    Parameters
    ----------
    coding : CodingSequences
    edit : Edits
    first : ndarray of int, shape (edits,)
        First base, not after the edit's start.
    width : int

    Returns
    -------
    ndarray of uint8, shape (edits, width)
        0 beyond the end of a transcript.
    """
    at = first[:, None] + np.arange(width)
    past = at - edit.start[:, None]
    new = (past >= 0) & (past < edit.n_inserted[:, None])
    source = np.where(past < 0, at, at - edit.growth()[:, None])
    bases = unedited(coding, edit.row, source)
    places = np.clip(past, 0, edit.inserted.shape[1] - 1)
    return np.where(new, np.take_along_axis(edit.inserted, places, axis=1), bases)


def unedited(coding: CodingSequences, rows: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Bases ``at`` places (edits, width) of transcripts; 0 outside of them."""
    lengths = coding.lengths()[rows][:, None]
    inside = (at >= 0) & (at < lengths)
    places = coding.offsets[rows][:, None] + np.clip(at, 0, np.maximum(lengths - 1, 0))
    places = np.minimum(places, max(len(coding.bases) - 1, 0))
    return np.where(inside, coding.bases[places], 0).astype(np.uint8)
