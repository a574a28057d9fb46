"""HGVS names of changes of proteins, from residues lost and gained."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from seqgen.annotation.translation import BEYOND, STOP, UNKNOWN
from seqgen.residues import THREE_LETTER

_THREE = np.full(256, "", dtype="U3")
_THREE_BYTES = np.zeros((256, 3), dtype=np.uint8)
for _name, _one in THREE_LETTER.items():
    _THREE[ord(_one)] = _name.capitalize()
    _THREE_BYTES[ord(_one)] = np.frombuffer(_name.capitalize().encode(), dtype=np.uint8)


class Change(NamedTuple):
    """Reference and changed residues from the codon of the change on; one entry per change.

    ``ref`` and ``alt`` are (changes, window) letters; ``codon`` is the number of the first
    column, from 0; ``first`` and ``last`` bound what of ``ref`` is replaced, ``gain`` residues
    more than that coming in its place; ``framed`` is whether the frame is kept; ``stop`` the
    first stop in ``alt``; ``n_residues`` those of the reference, its stop included; ``starts``
    whether its first codon is its beginning; ``one_codon`` whether one codon alone is touched;
    ``before`` as many residues before the change as come in.
    """

    ref: np.ndarray
    alt: np.ndarray
    codon: np.ndarray
    first: np.ndarray
    last: np.ndarray
    gain: np.ndarray
    framed: np.ndarray
    stop: np.ndarray
    n_residues: np.ndarray
    starts: np.ndarray
    one_codon: np.ndarray
    before: np.ndarray


def three_letters(residues: pd.Series) -> pd.Series:
    """Three-letter codes of one-letter residues; empty for anything else."""
    table = {one: three.capitalize() for three, one in THREE_LETTER.items()}
    return residues.map(table).fillna("").astype("str")


def named_substitutions(table: pd.DataFrame) -> pd.Series:
    """HGVS names of changes of one residue into one, such as those of single-base variants.

    Parameters
    ----------
    table : DataFrame
        ``position``, ``ref_aa``, ``alt_aa`` (the same as ``ref_aa`` where nothing changes).

    Examples
    --------
    >>> table = pd.DataFrame({"position": [12, 3, 1], "ref_aa": ["R", "L", "M"],
    ...                       "alt_aa": ["C", "L", "V"]})
    >>> named_substitutions(table).tolist()
    ['p.Arg12Cys', 'p.Leu3=', 'p.Met1?']
    """
    return named_within(table, np.ones(len(table), dtype=bool))


def named_within(table: pd.DataFrame, starts: np.ndarray) -> pd.Series:
    """The same, of proteins whose first residue may not be their beginning (``starts`` False)."""
    alt = three_letters(table["alt_aa"])
    alt = alt.mask(table["ref_aa"] == table["alt_aa"], "=")
    start = (table["position"] == 1) & (table["ref_aa"] == "M") & (alt != "=")
    alt = alt.mask(start & starts, "?")
    name = "p." + three_letters(table["ref_aa"]) + table["position"].astype("str") + alt
    return name.astype("str")


def described(change: Change) -> pd.DataFrame:
    """Position, residues lost and gained, and HGVS name of each change.

    Returns
    -------
    DataFrame
        ``position``, ``ref_aa``, ``alt_aa``, ``hgvs_p``, ``kind`` (the sort of name).
    """
    rows, size = len(change.codon), change.ref.shape[1]
    at = np.minimum(change.first, size - 1)
    lines = np.arange(rows)
    old, new = change.ref[lines, at], change.alt[lines, at]
    stop_at = change.n_residues - 1 - change.codon
    stop_in_ref = (stop_at >= 0) & (change.ref[lines, np.clip(stop_at, 0, size - 1)] == STOP)
    stop_in_ref &= stop_at < size
    end = np.where(change.framed, change.last + change.gain, np.minimum(change.stop + 1, size))
    early = (change.stop >= change.first) & (change.stop < end)
    # Behind what comes in before the stop, a stop is but the stop.
    before_stop = stop_in_ref & (change.first == stop_at) & (change.last == change.first)
    end = np.where(early, np.minimum(end, change.stop + 1 - before_stop), end)
    kinds = _kinds(change, (old, new), (stop_in_ref, stop_at), end)
    # An open end is read to the new stop.
    through = np.isin(kinds, ("extension", "delins to the stop", "frameshift"))
    end = np.where(through, np.minimum(change.stop + 1, size), end)
    lost = _cut(change.ref, change.first, change.last)
    gained = _cut(change.alt, change.first, np.maximum(end, change.first))
    return _named(change, kinds, lost, gained)


def _kinds(
    change: Change, letters: tuple[np.ndarray, np.ndarray], stops: tuple[np.ndarray, np.ndarray],
    end: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """What sort of name each change takes."""
    old, new = letters
    stop_in_ref, stop_at = stops
    size = change.ref.shape[1]
    n_lost, n_gained = change.last - change.first, np.maximum(end - change.first, 0)
    past_stop = stop_in_ref & (change.first > stop_at)
    start = (change.codon == 0) & (change.first == 0) & change.starts & (old == ord("M"))
    loses_stop = stop_in_ref & (change.first <= stop_at) & (stop_at < change.last)
    stops_early = n_gained > 0
    stops_early &= change.stop == change.first
    repeats = (n_lost == 0) & (n_gained > 0) & _repeats(change, end)
    # An insertion is named by the residues on both sides of it.
    sided = (old != BEYOND) & (change.codon + change.first > 0)
    cases = {
        # A codon that is not whole, or has an N.
        "unread": (change.first >= size) & np.isin(change.ref[:, 0], (BEYOND, UNKNOWN)),
        "same": (change.first >= size) | past_stop,
        "start": start,
        "unknown": (new == BEYOND) & ((old == BEYOND) | (old == STOP) | ~change.framed),
        "duplication": change.framed & repeats,
        "untold": (n_gained > 0) & ((old == BEYOND) | ((n_lost == 0) & ~sided)),
        "nonsense": stops_early,
        "extension": loses_stop & (change.first == stop_at),
        "delins to the stop": loses_stop & change.framed,
        "frameshift": ~change.framed,
        "insertion": (n_lost == 0) & (n_gained > 0),
        "deletion": n_gained == 0,
        "substitution": (n_lost == 1) & (n_gained == 1),
    }
    kinds = np.select([*cases.values()], [*cases], "delins")
    return np.where(kinds == "untold", "unknown", kinds)


def _repeats(change: Change, end: np.ndarray) -> np.ndarray:
    """Whether what comes in is what stands before it."""
    gained = _cut(change.alt, change.first, end)
    # ``before`` has as many residues as come in without a stop.
    skipped = change.last + change.gain - end
    places = np.arange(gained.shape[1]) + skipped[:, None]
    width = change.before.shape[1]
    earlier = np.take_along_axis(change.before, np.clip(places, 0, width - 1), axis=1)
    earlier = np.where((places >= 0) & (places < width) & (gained != BEYOND), earlier, BEYOND)
    return (gained == earlier).all(axis=1)


def _named(change: Change, kinds: np.ndarray, lost: np.ndarray, gained: np.ndarray) -> pd.DataFrame:
    """Names put together; ``lost`` and ``gained`` are (changes, widest) letters."""
    rows, size = len(kinds), change.ref.shape[1]
    lines = np.arange(rows)

    def residue(at: np.ndarray) -> pd.Series:
        """Such as Arg12, of columns of ``ref`` (or the column before the window)."""
        inside = change.ref[lines, np.clip(at, 0, size - 1)]
        width = change.before.shape[1]
        count = change.last + change.gain - change.first
        earlier = change.before[lines, np.clip(count - 1, 0, width - 1)]
        letter = np.where(at < 0, earlier, inside)
        return pd.Series(_THREE[letter]).astype("str") + _text(change.codon + at + 1)

    def span(first: np.ndarray, last: np.ndarray) -> pd.Series:
        one = residue(first)
        return one.where(first == last, one + "_" + residue(last)).astype("str")

    first, last = change.first, change.last
    n_gained = (gained != BEYOND).sum(axis=1)
    new = _strings(_THREE_BYTES[gained].reshape(rows, -1))
    first_new = pd.Series(_THREE[gained[:, 0]]).astype("str")
    found = change.stop < size
    distance = _text(change.stop - first + 1).where(found, "?")
    onward = _text(change.stop - first).where(found, "?")
    ended = pd.Series(np.where(found, "", "extTer?")).astype("str")
    at = np.minimum(first, size - 1)
    only = residue(np.zeros(rows, dtype=np.int64))
    repeated = _repeated(change, gained, n_gained)
    texts = {
        "same": (only + "=").where(change.one_codon, "="),
        "start": pd.Series("Met1?", range(rows)),
        "unknown": pd.Series("?", range(rows)),
        "unread": pd.Series("?", range(rows)),
        "nonsense": residue(at) + "Ter",
        "extension": residue(at) + first_new + "extTer" + onward,
        "delins to the stop": span(at, last - 1) + ("delins" + new + ended).where(new != "", "del"),
        "frameshift": residue(at) + first_new + "fsTer" + distance,
        "duplication": repeated + "dup",
        "insertion": residue(first - 1) + "_" + residue(at) + "ins" + new,
        "deletion": span(at, last - 1) + "del",
        "substitution": residue(at) + first_new,
        "delins": span(at, last - 1) + "delins" + new,
    }
    name = pd.Series("", range(rows), dtype="str")
    for kind, text in texts.items():
        name = name.where(kinds != kind, "p." + text)
    lost = np.where(np.isin(kinds, ("frameshift", "nonsense", "extension"))[:, None]
                    & (np.arange(lost.shape[1]) > 0), BEYOND, lost)  # fmt: skip
    return _table(change, kinds, (_strings(lost), _strings(gained)), name.astype("str"))


def _table(
    change: Change, kinds: np.ndarray, residues: tuple[pd.Series, pd.Series], name: pd.Series
) -> pd.DataFrame:
    size = change.ref.shape[1]
    rows = np.arange(len(kinds))
    same, unknown = kinds == "same", np.isin(kinds, ("unknown", "unread"))
    at = np.where(same, 0, np.minimum(change.first, size - 1))
    touched = _strings(change.ref[rows, :1])
    lost = residues[0].mask(residues[0] == "", "-").mask(same, touched)
    gained = residues[1].mask(residues[1] == "", "-").mask(same, touched)
    gained = gained.mask(kinds == "nonsense", "*")
    hidden = unknown | (kinds == "start")
    return pd.DataFrame({
        "position": pd.Series(change.codon + at + 1, dtype="Int64").mask(unknown),
        "ref_aa": lost.mask(unknown).mask(kinds == "start", "M").astype("str"),
        "alt_aa": gained.mask(hidden).astype("str"),
        "hgvs_p": name,
        "kind": pd.Series(kinds).astype("str"),
    })  # fmt: skip


def _repeated(change: Change, gained: np.ndarray, n_gained: np.ndarray) -> pd.Series:
    """The residues that a duplication repeats, such as Ala3_Gly5."""
    lines = np.arange(len(n_gained))
    last = gained[lines, np.maximum(n_gained - 1, 0)]
    first_at = change.codon + change.first - n_gained + 1
    one = pd.Series(_THREE[gained[:, 0]]).astype("str") + _text(first_at)
    end = pd.Series(_THREE[last]).astype("str") + _text(change.codon + change.first)
    return one.where(n_gained == 1, one + "_" + end).astype("str")


def _cut(letters: np.ndarray, first: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Columns ``first`` to ``end`` of each row, put to the left; 0 beyond."""
    width = max(int(np.max(end - first, initial=1)), 1)
    columns = np.arange(width)
    places = np.minimum(first[:, None] + columns, letters.shape[1] - 1)
    inside = columns < (np.minimum(end, letters.shape[1]) - first)[:, None]
    return np.where(inside, np.take_along_axis(letters, places, axis=1), BEYOND).astype(np.uint8)


def _strings(letters: np.ndarray) -> pd.Series:
    """Rows of letters as text; zeros at the end are none, those between are left out."""
    packed = np.ascontiguousarray(letters)
    width = packed.shape[1]
    return pd.Series(np.char.decode(packed.view(f"S{width}").ravel(), "ascii")).astype("str")


def _text(numbers: np.ndarray) -> pd.Series:
    return pd.Series(numbers).astype("int64").astype("str")
