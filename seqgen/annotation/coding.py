"""Coding sequences of transcripts, read through into what follows the stop."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from seqgen.annotation.translation import SELENO, complement, translate
from seqgen.io.genemodels import GeneModels
from seqgen.io.reference import Reference, is_mitochondrial

_SHIFT = 2**32


@dataclass(frozen=True, repr=False)
class CodingSequences:
    """Bases of transcripts from the first whole codon to the end of the transcript.

    Attributes
    ----------
    bases : ndarray of uint8, shape (total,)
        Of all transcripts one after another, in the direction of reading; `SELENO` for the T of
        a TGA inside a coding part, which is read as selenocysteine.
    offsets : ndarray of int, shape (n + 1,)
        Where each begins.
    cds_lengths : ndarray of int, shape (n,)
        Bases of the coding part, stop included, from the first whole codon.
    code : ndarray of int, shape (n,)
        Genetic code: 0 standard, 1 vertebrate mitochondrial.
    complete : ndarray of bool, shape (n,)
        Whether the coding part begins with a whole codon that is its first.
    segments : DataFrame
        ``row``, ``start``, ``end``, ``strand``, ``offset`` (bases before it in the direction of
        reading, negative before the first whole codon), by ``row`` and ``start``.
    """

    bases: np.ndarray
    offsets: np.ndarray
    cds_lengths: np.ndarray
    code: np.ndarray
    complete: np.ndarray
    segments: pd.DataFrame

    def lengths(self) -> np.ndarray:
        """Bases of each transcript, what follows the stop included."""
        return np.diff(self.offsets)

    def proteins(self) -> list[str]:
        """Residues of each transcript's coding part, a stop at the end left off."""
        out = []
        for first, length, code in zip(self.offsets, self.cds_lengths, self.code, strict=False):
            whole = self.bases[first : first + length // 3 * 3]
            out.append(translate(whole, int(code)).tobytes().decode().removesuffix("*"))
        return out

    def place(self, rows: np.ndarray, pos: np.ndarray) -> np.ndarray:
        """Bases before genomic positions in the transcripts ``rows``; -2**40 where not in one."""
        held = self.segments
        low, high, offset, plus = (
            held[name].to_numpy() for name in ("start", "end", "offset", "plus")
        )
        keys = held["row"].to_numpy() * _SHIFT + low
        at = np.searchsorted(keys, rows * _SHIFT + pos, side="right") - 1
        inside = at >= 0
        at = np.maximum(at, 0)
        if len(held) == 0:
            return np.full(len(rows), -(2**40))
        inside &= (held["row"].to_numpy()[at] == rows) & (pos <= high[at])
        place = offset[at] + np.where(plus[at], pos - low[at], high[at] - pos)
        return np.where(inside, place, -(2**40))

    def touched(self, rows: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """Whether stretches of the genome, both ends included, hold a base of the coding part."""
        held = self.segments
        held = held[held["offset"].to_numpy() < self.cds_lengths[held["row"].to_numpy()]]
        if held.empty:
            return np.zeros(len(rows), dtype=bool)
        keys = held["row"].to_numpy() * _SHIFT + held["start"].to_numpy()
        at = np.searchsorted(keys, rows * _SHIFT + high, side="right") - 1
        near = np.maximum(at, 0)
        same = (at >= 0) & (held["row"].to_numpy()[near] == rows)
        return same & (held["end"].to_numpy()[near] >= low)


def coding_sequences(models: GeneModels, reference: Reference) -> CodingSequences:
    """Coding sequences of all transcripts, in their order; of length 0 where one codes nothing.

    Parameters
    ----------
    models : GeneModels
        ``chrom`` as in the reference.
    reference : Reference

    Returns
    -------
    CodingSequences
    """
    parts = models.parts
    told = models.transcripts[["chrom", "strand"]]
    parts = parts[parts["kind"].isin(["cds", "utr3"])].join(told, on="row")
    coding = parts.loc[parts["kind"] == "cds", "row"].unique()
    parts = parts[parts["row"].isin(coding)]
    plus = (parts["strand"] == "+").to_numpy()
    place = np.where(plus, parts["start"], -parts["end"])
    parts = parts.assign(plus=plus, place=place, utr=parts["kind"] == "utr3")
    parts = parts.sort_values(["row", "utr", "place"], kind="stable").reset_index(drop=True)
    width = (parts["end"] - parts["start"] + 1).to_numpy()
    first = ~parts["row"].duplicated().to_numpy()
    before = np.cumsum(width) - width
    starts = np.where(first, before, 0)
    phase = np.where(first, np.maximum(parts["phase"].to_numpy(), 0), 0)
    base = np.maximum.accumulate(starts)
    trimmed = np.zeros(len(models.transcripts), dtype=np.int64)
    trimmed[parts["row"].to_numpy()[first]] = phase[first]
    parts["offset"] = before - base - trimmed[parts["row"].to_numpy()]
    n = len(models.transcripts)
    whole = np.bincount(parts["row"], weights=width, minlength=n).astype(np.int64) - trimmed
    is_cds = (parts["kind"] == "cds").to_numpy()
    cds = np.bincount(parts["row"][is_cds], weights=width[is_cds], minlength=n).astype(np.int64)
    offsets = np.concatenate([[0], np.cumsum(np.maximum(whole, 0))])
    mitochondrial = models.transcripts["chrom"].map(
        {name: is_mitochondrial(name) for name in models.transcripts["chrom"].unique()}
    )
    segments = parts.sort_values(["row", "start"], kind="stable").reset_index(drop=True)
    lengths, code = np.maximum(cds - trimmed, 0), mitochondrial.to_numpy(dtype=np.int64)
    proteins = (models.transcripts["biotype"] == "protein_coding").to_numpy() & (code == 0)
    return CodingSequences(
        _with_selenocysteine(_read(parts, offsets, reference), offsets, lengths * proteins),
        offsets,
        lengths,
        code,
        (trimmed == 0) & ~models.transcripts["open_start"].to_numpy(dtype=bool),
        segments[["row", "start", "end", "plus", "offset"]],
    )


def _with_selenocysteine(bases: np.ndarray, offsets: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Bases with the T of TGA marked inside coding parts that hold no other stop.

    Files of gene models seldom tell selenocysteines; a protein that is read on beyond TGA, and
    that alone, has one there.
    """
    second, third = bases[1:-1], bases[2:]
    tga = (second == ord("G")) & (third == ord("A"))
    stop = (bases[:-2] == ord("T")) & (
        tga | ((second == ord("A")) & ((third == ord("A")) | (third == ord("G"))))
    )
    at = np.flatnonzero(stop)
    row = np.searchsorted(offsets, at, side="right") - 1
    place = at - offsets[row]
    inner = (place % 3 == 0) & (place < lengths[row] // 3 * 3 - 3)
    at, row = at[inner], row[inner]
    others = np.bincount(row, weights=~tga[at], minlength=len(lengths))
    bases[at[others[row] == 0]] = SELENO
    return bases


def _read(parts: pd.DataFrame, offsets: np.ndarray, reference: Reference) -> np.ndarray:
    """Bases of the parts, each where it belongs among those of all transcripts."""
    out = np.zeros(int(offsets[-1]), dtype=np.uint8)
    for contig, held in parts.groupby("chrom", sort=False):
        low, high = int(held["start"].min()) - 1, int(held["end"].max())
        genome = reference.bases(str(contig), low, high)
        start, end, plus = (held[name].to_numpy() for name in ("start", "end", "plus"))
        width = end - start + 1
        total = int(width.sum())
        within = np.arange(total) - np.repeat(np.cumsum(width) - width, width)
        forward = np.repeat(plus, width)
        source = np.where(forward, np.repeat(start, width) + within, np.repeat(end, width) - within)
        target = np.repeat(held["offset"].to_numpy(), width) + within
        keep = target >= 0
        source, target, forward = source[keep], target[keep], forward[keep]
        rows = np.repeat(held["row"].to_numpy(), width)[keep]
        bases = genome[source - 1 - low]
        out[offsets[rows] + target] = np.where(forward, bases, complement(bases))
    return out
