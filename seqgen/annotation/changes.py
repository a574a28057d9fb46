"""What edits do to proteins: the residues lost and gained, and HGVS names for it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from seqgen.annotation.coding import CodingSequences
from seqgen.annotation.edits import Edits, edited, unedited
from seqgen.annotation.hgvs import Change, described
from seqgen.annotation.translation import BEYOND, STOP, translate

_WINDOW = 64
_CELLS = 2_000_000


def protein_changes(edit: Edits, coding: CodingSequences) -> pd.DataFrame:
    """Residues that edits take from proteins and put into them, and the HGVS name.

    Changes in repeats are told as far towards the end of the protein as they can be. New
    reading frames and lost stops are read through what follows the coding part.

    Parameters
    ----------
    edit : Edits
    coding : CodingSequences

    Returns
    -------
    DataFrame
        One row per edit: ``position`` (of the first residue changed, 1-based), ``ref_aa``,
        ``alt_aa`` (one letter each, ``-`` where no residue), ``hgvs_p``, ``kind``; missing where
        the edit is not inside one exon's coding part (``hgvs_p`` is then ``p.?``).

    References
    ----------
    Hart et al. (2024), HGVS Nomenclature 2024, Genome Medicine 16:149.
    """
    found = [_unknown(np.flatnonzero(~edit.inside))]
    open_rows = np.flatnonzero(edit.inside)
    # What comes in has to be seen whole, and some of what lies behind it.
    longest = np.abs(edit.growth()) + edit.n_inserted
    most = coding.lengths()[edit.row] // 3 + longest + 2
    window = _WINDOW
    while len(open_rows):
        reach = np.minimum(np.maximum(window, longest // 3 + _WINDOW), 2 * most)[open_rows]
        sizes = 2 ** np.ceil(np.log2(reach)).astype(np.int64)
        left = []
        for size in np.unique(sizes):
            rows = open_rows[sizes == size]
            step = max(1, _CELLS // int(size))
            for part in (rows[a : a + step] for a in range(0, len(rows), step)):
                table, seen = _in_window(edit.take(part), coding, int(size))
                seen |= size >= most[part]
                found.append(table.set_axis(part)[seen])
                left.append(part[~seen])
        open_rows = np.concatenate(left)
        window *= 8
    return pd.concat(found).sort_index()


def _unknown(rows: np.ndarray) -> pd.DataFrame:
    """Changes that cannot be told."""
    empty = pd.Series(None, rows, dtype="str")
    return pd.DataFrame({
        "position": pd.Series(pd.NA, rows, dtype="Int64"), "ref_aa": empty, "alt_aa": empty,
        "hgvs_p": pd.Series("p.?", rows, dtype="str"),
        "kind": pd.Series("unknown", rows, dtype="str"),
    })  # fmt: skip


def _in_window(edit: Edits, coding: CodingSequences, size: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Changes as seen in ``size`` codons from the edit on, and whether they end in sight."""
    codon = edit.start // 3
    at = 3 * codon[:, None] + np.arange(3 * size)
    code = coding.code[edit.row]
    ref = translate(unedited(coding, edit.row, at), code)
    alt = translate(edited(coding, edit, 3 * codon, 3 * size), code)
    differs = ref != alt
    first = np.where(differs.any(axis=1), differs.argmax(axis=1), size)
    is_stop = alt == STOP
    stop = np.where(is_stop.any(axis=1), is_stop.argmax(axis=1), size)
    framed = edit.growth() % 3 == 0
    gain = np.where(framed, edit.growth() // 3, 0)
    last = np.where(framed, _end_of_change(ref, alt, first, gain), first + 1)
    n_residues = coding.cds_lengths[edit.row] // 3
    stop_at = n_residues - 1 - codon
    loses_stop = (first <= stop_at) & (stop_at < last)
    last, gain = _to_the_stops((ref, alt), (first, last, gain), (stop_at, stop), framed)
    change = Change(
        ref=ref, alt=alt, codon=codon, first=first, last=last, gain=gain, framed=framed,
        stop=stop, n_residues=n_residues, starts=coding.complete[edit.row],
        one_codon=(edit.end - 1) // 3 <= codon,
        before=_residues_before(edit, coding, codon, first, last + gain),
    )  # fmt: skip
    ends = (alt[:, -1] == BEYOND) & (ref[:, -1] == BEYOND)
    needs_stop = ~framed | loses_stop
    seen = (first < size) & (last + np.maximum(gain, 0) < size - 1)
    unchanged = framed & (gain == 0) & (first == size)
    resolved = unchanged | ends | (seen & ~(needs_stop & (stop == size)))
    return described(change), resolved


def _end_of_change(
    ref: np.ndarray, alt: np.ndarray, first: np.ndarray, gain: np.ndarray
) -> np.ndarray:
    """First residue of ``ref`` from which on both are the same, ``alt`` being shifted by gain."""
    size = ref.shape[1]
    columns = np.arange(size)
    shifted = columns + gain[:, None]
    inside = (shifted >= 0) & (shifted < size)
    differs = inside & (ref != np.take_along_axis(alt, np.clip(shifted, 0, size - 1), axis=1))
    after = np.where(differs.any(axis=1), size - differs[:, ::-1].argmax(axis=1), 0)
    return np.maximum(after, np.maximum(first, first - gain))


def _to_the_stops(
    residues: tuple[np.ndarray, np.ndarray], change: tuple[np.ndarray, np.ndarray, np.ndarray],
    stops: tuple[np.ndarray, np.ndarray], framed: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Where changes that take the stop end, and what they gain, told of the proteins alone.

    What lies behind a stop is no residue: a change that reaches there ends with the stop, and
    where the new protein is no longer than the old one, only what differs between them is told.
    """
    (ref, alt), (first, last, gain), (stop_at, stop) = residues, change, stops
    size, columns = ref.shape[1], np.arange(ref.shape[1])
    letter = ref[np.arange(len(ref)), np.clip(stop_at, 0, size - 1)]
    over = framed & (first < stop_at) & (stop_at < last) & (letter == STOP) & (stop_at < size)
    ended = over & (stop < size)
    more = np.where(ended, stop - stop_at, gain)
    # What begins with a new stop is told as that.
    shorter = ended & (more <= 0) & (stop > first)
    old, new = (np.where(columns <= at[:, None], held, BEYOND).astype(np.uint8)
             for held, at in ((ref, stop_at), (alt, stop)))  # fmt: skip
    end = np.where(shorter, _end_of_change(old, new, first, more), stop_at + 1)
    return np.where(over, end, last), np.where(ended, more, gain)


def _residues_before(
    edit: Edits, coding: CodingSequences, codon: np.ndarray, first: np.ndarray, end: np.ndarray
) -> np.ndarray:
    """Residues before the change, as many as it puts in: what a duplication repeats."""
    count = np.maximum(end - first, 0)
    width = int(min(count.max(initial=1), 4096)) or 1
    beginning = codon + first - count
    at = 3 * beginning[:, None] + np.arange(3 * width)
    residues = translate(unedited(coding, edit.row, at), coding.code[edit.row])
    return np.where(np.arange(width) < count[:, None], residues, BEYOND).astype(np.uint8)
