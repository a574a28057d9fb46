"""Which residue of which protein each column of an alignment is."""

from __future__ import annotations

import numpy as np

from seqgen.alignment import ALIGNMENT_LETTERS, GAP, Residues
from seqgen.errors import InputError
from seqgen.io.alignment_formats import SUBSTITUTED, UNCLEAR, Rows
from seqgen.io.alignment_headers import MOST_POSITION, Part, Tag, name_of, parts_of
from seqgen.io.alignment_tally import Tally
from seqgen.residues import SUBSTITUTES


def columns_of(
    rows: Rows, place: int | None, tag: Tag | None, *, name: str | None, start: int | None,
    tally: Tally,
) -> tuple[Residues, np.ndarray]:  # fmt: skip
    """What each column is, and which to keep: by the tag in the headers, else by the focus.

    Parameters
    ----------
    rows : Rows
    place : int or None
        Row of the focus.
    tag : Tag or None
        What `write_alignment` put into the headers.
    name, start : optional
        As for `read_alignment`; of one protein.
    tally : Tally
        Counts a range that does not fit.

    Raises
    ------
    InputError
        If a range does not fit or begins at 0, or ``name`` or ``start`` are given for several.
    """
    if tag is not None and len(set(tag.proteins)) > 1:
        _require_one_protein(rows, name, start)
    if tag is not None and name is None and start is None:
        return _tagged_residues(rows, place, tag)
    return _own_residues(rows, place, name=name, start=start, tally=tally)


def check_start(start: int | None) -> None:
    """Refuse a first position that is none.

    Raises
    ------
    InputError
        If it is no whole number from 1.
    """
    if start is None:
        return
    whole = isinstance(start, int | np.integer) and not isinstance(start, bool)
    if not whole or not 1 <= start <= MOST_POSITION:
        raise InputError(
            f"start is {start!r}; expected a whole number from 1 to {MOST_POSITION}, the position "
            "of the first residue of the focus"
        )


def _require_one_protein(rows: Rows, name: str | None, start: int | None) -> None:
    if name is not None or start is not None:
        raise InputError(
            f"{rows.path}: the columns are of several proteins, by the headers; name and start "
            "are for one: leave them out"
        )


def _letters(rows: Rows, place: int) -> tuple[str, np.ndarray]:
    """Letters of a row over the columns, and where they are residues."""
    codes = rows.codes()[place].copy()
    for letter, code in SUBSTITUTED.items():
        codes[codes == code] = ALIGNMENT_LETTERS.index(SUBSTITUTES[letter])
    letters = "".join(ALIGNMENT_LETTERS[code] if code < UNCLEAR else "X" for code in codes)
    return letters, (codes != GAP) & (codes != UNCLEAR)


def _tagged_residues(rows: Rows, place: int | None, tag: Tag) -> tuple[Residues, np.ndarray]:
    """Columns as the headers tell them; those where the tagged focus has a gap stay."""
    letters, keep = "-" * rows.width, np.ones(rows.width, dtype=bool)
    if place is not None:
        letters, keep = _letters(rows, place)
        if tag.focus and place == tag.row:
            keep[:] = True
    return Residues(letters, tag.positions, tag.proteins), keep


def _own_residues(
    rows: Rows, place: int | None, *, name: str | None, start: int | None, tally: Tally
) -> tuple[Residues, np.ndarray]:
    """What each column is, and which to keep because the focus has a residue there."""
    if place is None:
        length = rows.codes().shape[1]
        return Residues.of_protein("-" * length, name or "", start or 1), np.ones(length, bool)
    text = np.frombuffer(rows.kept[place], dtype=np.uint8)
    upper = np.frombuffer(rows.kept[place].upper(), dtype=np.uint8)
    residue = (upper >= ord("A")) & (upper <= ord("Z"))
    matched = np.ones(len(text), dtype=bool)
    if rows.style.inserts:
        matched = (text != ord(".")) & ~((text >= ord("a")) & (text <= ord("z")))
    parts = _numbering(rows, place, residues=int(residue.sum()), start=start, tally=tally)
    if len(parts) > 1:
        _require_one_protein(rows, name, start)
    # Where the focus has a gap the position is that of a residue beside; these columns go.
    own = np.maximum(np.cumsum(residue) - 1, 0)[matched][: rows.width]
    own = np.pad(own, (0, rows.width - len(own)), mode="edge")
    positions = np.concatenate([first + np.arange(max(count, 1)) for _, first, count in parts])
    proteins = np.repeat(
        np.array([name or told for told, _, _ in parts], dtype=object),
        [max(count, 1) for _, _, count in parts],
    )
    letters, keep = _letters(rows, place)
    return Residues(letters, positions[own].astype(np.int64), proteins[own]), keep


def _numbering(
    rows: Rows, place: int, *, residues: int, start: int | None, tally: Tally
) -> list[tuple[str, int, int]]:
    """Each protein of the focus: its name, first position and number of residues."""
    header = rows.names[place]
    parts, name = parts_of(header), name_of(header)
    if start is not None:
        return [(name, start, residues)]
    if parts[0].start is None:
        return [(name, 1, residues)]
    _check_ranges(rows, place, parts)
    if sum(part.span for part in parts) == residues:
        return [(part.name, int(part.start or 1), part.span) for part in parts]
    fit = [part for part in parts if part.span == residues]
    if len(parts) > 1 and len(fit) == 1:
        return [(fit[0].name, int(fit[0].start or 1), residues)]
    if len(parts) > 1:
        reason = "range of the focus names other residues than it has; numbered from 1"
        tally.add(reason, "changed", 1, header.split()[0][:80])
        return [(name, 1, residues)]
    raise InputError(
        f"{rows.path} line {rows.lines[place]}: '{header.split()[0]}' names {parts[0].span} "
        f"positions, but has {residues} residues with its insertions; correct the header, or give "
        f"the position of the first with start="
    )


def _check_ranges(rows: Rows, place: int, parts: list[Part]) -> None:
    for part in parts:
        first, last = part.start or 0, part.end or 0
        if not 1 <= first <= MOST_POSITION or last > MOST_POSITION:
            raise InputError(
                f"{rows.path} line {rows.lines[place]}: '{rows.names[place].split()[0]}' names "
                f"positions {first}-{last}; expected a range that counts from 1: correct the "
                f"header, or give the position of the first with start="
            )
