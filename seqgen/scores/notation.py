"""Changes of a protein as text: substitutions, deletions, insertions, stops and frameshifts."""

from __future__ import annotations

import re
from typing import NamedTuple

from seqgen.residues import SUBSTITUTES, THREE_LETTER
from seqgen.schemas import AMINO_ACIDS

_THREE = re.compile("|".join(code.capitalize() for code in THREE_LETTER))
_CHANGE = re.compile(
    r"(?P<first>[A-Z*])(?P<start>[1-9]\d*)(?:_(?P<last>[A-Z*])(?P<end>[1-9]\d*))?"
    r"(?P<what>delins|del|ins|dup|fs|[A-Z*]fs)?(?P<rest>[A-Z]*\*?\d*|\*\?)"
)
_START_LOST = re.compile(r"(?:[^:\s]+:)?(?:p\.)?\(?(?:M|Met)1\?\)?")
_LONGER = re.compile(
    r"(?:[A-Z][1-9]\d*_)?(?P<ref>[A-Z*])(?P<at>[1-9]\d*)"
    r"(?P<how>[A-Z]?ext[-*?A-Z\d]*|[A-Z]|[A-Z]?fs.*|del.*|\?)"
)
_READABLE = set(AMINO_ACIDS) | set(SUBSTITUTES)
_OTHER_REF = "reference residue differs from the protein's (another isoform or version?)"
_BEYOND = "position beyond the end of the protein"


class Edit(NamedTuple):
    """Residues ``[start, end)`` (0-based) replaced by ``new``; with ``stop`` nothing follows.

    ``ref`` holds the residues that the text names, (0-based place, letter).
    """

    start: int
    end: int
    new: str
    stop: bool
    ref: tuple[tuple[int, str], ...]


class Mutant(NamedTuple):
    """A changed protein.

    ``reason`` says why the text or the protein does not fit; empty where they do. ``frameshift``
    is True where residues of another frame follow that the text does not tell.
    """

    sequence: str
    edits: tuple[Edit, ...]
    frameshift: bool
    reason: str

    @property
    def substitutions(self) -> bool:
        """Whether single residues are replaced and nothing else."""
        return all(
            edit.end - edit.start == 1 == len(edit.new) and not edit.stop for edit in self.edits
        )


def apply_changes(text: str, protein: str) -> Mutant:
    """A protein with changes written as ``K2W:L4A``, ``p.Lys2del``, ``K2_L3insRS``, ``Q41*``.

    Several changes are joined by ``:``, ``;`` or ``,`` and numbered in the unchanged protein. A
    stop ends the protein before its position. So does a frameshift (``R97fs``), as the text does
    not tell what follows in the other frame. A lost stop and an extension (``*38Wext*5``,
    ``M1ext-5``) do not fit: the text does not tell by which residues the protein gets longer.

    Examples
    --------
    >>> apply_changes("K2W:L4del", "MKVLA").sequence
    'MWVA'
    >>> apply_changes("p.(Val3Ter)", "MKVLA").sequence
    'MK'
    """
    edits, shift = [], False
    if text.strip().rstrip(")").endswith("="):
        return Mutant("", (), False, "mutant is the protein itself")
    if _START_LOST.fullmatch(text.strip()):
        return Mutant("", (), False, "start is lost; where the protein then begins is not told")
    for part in re.split("[:;,]", re.sub(r"^\s*(?:[^:\s]+:)?p\.|[()\s\[\]]", "", text)):
        part = _THREE.sub(lambda code: THREE_LETTER[code[0].upper()], part)
        reason = _extension(part, protein)
        if reason:
            return Mutant("", (), False, reason)
        edit, frameshift = _edit(part)
        if edit is None:
            return Mutant("", (), False, "mutant is not written as a change of residues")
        edits.append(edit)
        shift |= frameshift
    edits.sort()
    reason = _misfit(edits, protein)
    if reason:
        return Mutant("", tuple(edits), shift, reason)
    changed = protein
    for edit in reversed(edits):
        changed = changed[: edit.start] + edit.new + ("" if edit.stop else changed[edit.end :])
    if not changed:
        reason = "no residue is left"
    elif changed == protein:
        reason = "mutant is the protein itself"
    return Mutant(changed, tuple(edits), shift, reason)


def _extension(part: str, protein: str) -> str:
    """Why a protein that begins earlier or reads on cannot be told; empty for other changes."""
    found = _LONGER.fullmatch(part)
    if found is None or (found["ref"] != "*" and "ext" not in found["how"]):
        return ""
    at, whole = int(found["at"]), f"{protein}*"
    if at > len(whole):
        return _BEYOND
    if whole[at - 1] != found["ref"]:
        return _OTHER_REF
    return "protein gets longer by a sequence that is not given (alt_sequence)"


def _edit(part: str) -> tuple[Edit | None, bool]:
    """One change, and whether it shifts the frame; None where it is not understood."""
    found = _CHANGE.fullmatch(part)
    if found is None:
        return None, False
    start, end = int(found["start"]) - 1, int(found["end"] or found["start"])
    ref = [(start, found["first"])]
    if found["last"]:
        ref.append((end - 1, found["last"]))
    what, rest, several = found["what"] or "", found["rest"], found["last"] is not None
    make = _MAKERS.get("fs" if what.endswith("fs") else what)
    if end <= start or make is None or any(letter == "*" for _, letter in ref):
        return None, False
    edit = make(start, end, rest, several)
    return (None if edit is None else edit._replace(ref=tuple(ref))), what.endswith("fs")


def _substitution(start: int, end: int, rest: str, several: bool) -> Edit | None:
    if several or len(rest) != 1:
        return None
    return Edit(start, end, "" if rest == "*" else rest, rest == "*", ())


def _deletion(start: int, end: int, rest: str, several: bool) -> Edit | None:
    return None if rest else Edit(start, end, "", False, ())


def _insertion(start: int, end: int, rest: str, several: bool) -> Edit | None:
    if not several or end != start + 2 or not rest:
        return None
    return Edit(start + 1, start + 1, rest.removesuffix("*"), rest.endswith("*"), ())


def _replacement(start: int, end: int, rest: str, several: bool) -> Edit | None:
    return Edit(start, end, rest.removesuffix("*"), rest.endswith("*"), ()) if rest else None


def _duplication(start: int, end: int, rest: str, several: bool) -> Edit | None:
    return None if rest else Edit(start, end, "=2", False, ())


def _shift(start: int, end: int, rest: str, several: bool) -> Edit | None:
    return None if several else Edit(start, end, "", True, ())


_MAKERS = {
    "": _substitution,
    "del": _deletion,
    "ins": _insertion,
    "delins": _replacement,
    "dup": _duplication,
    "fs": _shift,
}


def _misfit(edits: list[Edit], protein: str) -> str:
    """Why edits do not fit a protein; duplications are filled in where they do."""
    for place, edit in enumerate(edits):
        if edit.end > len(protein):
            return _BEYOND
        if any(protein[at] != letter for at, letter in edit.ref):
            return _OTHER_REF
        if edit.new == "=2":
            edits[place] = edit = edit._replace(new=2 * protein[edit.start : edit.end])
        if not set(edit.new) <= _READABLE:
            return "mutant is not written as a change of residues"
        if place and edits[place - 1].end > edit.start:
            return "changes of one mutant overlap"
        if place and edits[place - 1].stop:
            return "a change lies behind a stop"
    return ""
