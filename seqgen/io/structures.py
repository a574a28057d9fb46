"""Protein structures from PDB and mmCIF files."""

from __future__ import annotations

import gzip
import itertools
import math
import os
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

import gemmi
import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.io.tables import existing_file
from seqgen.schemas import DROPS
from seqgen.structure import Chain, Structure

_PROTEIN = {
    gemmi.PolymerType.PeptideL,
    gemmi.PolymerType.PeptideD,
    gemmi.PolymerType.CyclicPseudoPeptide,
}
_BROKEN = 5.0
"""Consecutive C-alpha atoms are 3.8 Å apart (2.9 in a cis bond); beyond this there is a break."""

_LONGEST_GAP = 100
"""Numbers that skip more than this are taken as the author's numbering, not as a gap."""


def read_structure(path: str | os.PathLike[str], *, model: int = 1) -> Structure:
    """Read the protein chains of a PDB or mmCIF file, plain or gzipped.

    Of atoms in alternative places the conformer of highest occupancy is kept, of several
    residues in one place likewise. Hydrogens, waters, ligands and other polymers are left out.
    Residues that the file's sequence (SEQRES, ``_entity_poly_seq``) lists but the coordinates
    lack are kept as unresolved; where the file gives no sequence, residues that the numbers
    skip at a break of the chain are.

    Parameters
    ----------
    path : path
    model : int
        Which model, counted from 1; NMR files hold several.

    Returns
    -------
    Structure

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If the file is empty, damaged or no structure, has no such model, or no protein chain.

    Examples
    --------
    >>> from seqgen.io.resources import example_structure_path
    >>> read_structure(example_structure_path()).names
    ['A']
    """
    path = existing_file(path)
    parsed = _parsed(path, _text(path))
    if not len(parsed) or not any(len(chain) for chain in parsed[0]):
        raise InputError(f"{path}: holds no atoms; expected a PDB or mmCIF file with coordinates")
    if not 1 <= model <= len(parsed):
        raise InputError(f"{path}: model is {model}; the file holds model(s) 1 to {len(parsed)}")
    parsed.merge_chain_parts()
    parsed.setup_entities()
    parsed.assign_label_seq_id()
    count = _Count()
    chains, others = [], []
    for chain in parsed[model - 1]:
        polymer = chain.get_polymer()
        kind = polymer.check_polymer_type() if len(polymer) else gemmi.PolymerType.Unknown
        if kind in _PROTEIN:
            chains.append(_chain(chain.name, polymer, parsed, count))
        elif len(polymer):
            others.append(f"{chain.name!r} ({kind.name})")
            count.add("polymer that is no protein", "dropped", f"chain {chain.name!r}")
        _count_rest(chain, polymer, count)
    if not chains:
        there = f"the chain(s) {', '.join(others)}" if others else "ligands and waters only"
        raise InputError(f"{path}: holds no protein chain but {there}; expected a protein")
    _require_distinct(path, chains)
    return Structure(tuple(chains), str(path), count.to_frame())


# --- from bytes to gemmi's structure --------------------------------------------------------


def _text(path: Path) -> str:
    with open(path, "rb") as handle:
        packed = handle.read(2) == b"\x1f\x8b"
    opener = gzip.open if packed else open
    try:
        with opener(path, "rt", encoding="utf-8-sig", errors="replace") as handle:
            # Columns count characters and gemmi bytes: keep one byte a character.
            text = handle.read().encode("ascii", "replace").decode("ascii")
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(
            f"{path}: the gzip data is damaged or cut short ({error}); fetch it again"
        ) from error
    if not text.strip():
        raise InputError(f"{path}: is empty; expected a PDB or mmCIF file")
    if text.lstrip().startswith("<"):
        raise InputError(
            f"{path}: looks like a web page or XML; expected PDB or mmCIF text: fetch it again"
        )
    return text


def _parsed(path: Path, text: str) -> Any:
    """What gemmi reads; mmCIF is told from PDB by its first word, whatever the file's name."""
    lines = (line for line in text.splitlines() if line.strip() and not line.startswith("#"))
    is_cif = next(lines, "").lower().startswith("data_")
    try:
        if not is_cif:
            _require_coordinates(path, text)
            return gemmi.read_pdb_string(text)
        for block in gemmi.cif.read_string(text):
            if block.find_loop("_atom_site.Cartn_x"):
                return gemmi.make_structure_from_block(block)
    except InputError:
        raise
    except (RuntimeError, ValueError) as error:
        what = " ".join(str(error).split())
        raise InputError(f"{path}: is damaged or cut short ({what}); fetch it again") from error
    raise InputError(f"{path}: has no _atom_site table; expected mmCIF with coordinates")


def _require_coordinates(path: Path, text: str) -> None:
    """PDB's fixed columns hold numbers; a parser that is lenient reads nonsense as zero."""
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.startswith(("ATOM  ", "HETATM")):
            continue
        try:
            if not all(math.isfinite(float(line[start : start + 8])) for start in (30, 38, 46)):
                raise ValueError
        except ValueError:
            raise InputError(
                f"{path} line {number}: {line[30:54].strip()!r} in columns 31 to 54 are no "
                "coordinates; the file is damaged or cut short: fetch it again"
            ) from None


def _require_distinct(path: Path, chains: list[Chain]) -> None:
    twice = [name for name, times in Counter(chain.name for chain in chains).items() if times > 1]
    if twice:
        raise InputError(
            f"{path}: chain {twice[0]!r} comes more than once; give each chain its own name"
        )


# --- one chain ------------------------------------------------------------------------------


class _Count:
    """What was left out or changed, by reason, with the first case of each."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], tuple[int, str]] = {}

    def add(self, reason: str, action: str, example: str) -> None:
        count, first = self._rows.get((reason, action), (0, example))
        self._rows[reason, action] = (count + 1, first)

    def to_frame(self) -> pd.DataFrame:
        if not self._rows:
            return DROPS.empty()
        rows = [("structure", *key, *value) for key, value in self._rows.items()]
        return DROPS.validate(pd.DataFrame(rows, columns=DROPS.names))


def _count_rest(chain: Any, polymer: Any, count: _Count) -> None:
    """Count ligands and waters of a chain."""
    inside = {str(residue) for residue in polymer}
    for residue in chain:
        if str(residue) not in inside:
            kind = "water" if residue.is_water() else "ligand, ion or other small molecule"
            count.add(kind, "dropped", f"{chain.name} {residue.name} {residue.seqid}")


def _chain(name: str, polymer: Any, parsed: Any, count: _Count) -> Chain:
    """A chain's residues with their atoms, unresolved ones in their places."""
    residues = [_most_occupied(list(group), name, count)
                for _, group in itertools.groupby(polymer, key=lambda r: str(r.seqid))]  # fmt: skip
    atoms = [_heavy_atoms(residue, name, count) for residue in residues]
    places, letters = _sequence(residues, atoms, parsed.get_entity_of(polymer))
    n = len(letters)
    cb = np.full((n, 3), np.nan)
    for place, residue, found in zip(places, residues, atoms, strict=True):
        cb[place] = _beta(residue, found, name, count)
    resolved = np.zeros(n, dtype=bool)
    resolved[places] = [bool(found) for found in atoms]
    codes = np.full(n, "", dtype=object)
    codes[places] = [residue.seqid.icode.strip() for residue in residues]
    numbers = np.array([residue.seqid.num for residue in residues], dtype=np.int64)
    before = np.maximum(np.searchsorted(places, np.arange(n), side="right") - 1, 0)
    numbers = numbers[before] + np.arange(n) - places[before]
    per_residue = [len(found) for found in atoms]
    xyz = np.array([point for found in atoms for point in found.values()], dtype=float)
    return Chain(
        name, letters, numbers, codes, resolved, cb, xyz.reshape(-1, 3),
        np.repeat(places, per_residue),
    )  # fmt: skip


def _most_occupied(group: list[Any], chain: str, count: _Count) -> Any:
    """Of several residues in one place, the one with most occupancy."""
    for residue in group[1:]:
        count.add("second residue in one place", "dropped", f"{chain} {residue}")
    return max(group, key=lambda residue: sum(atom.occ for atom in residue))


def _heavy_atoms(residue: Any, chain: str, count: _Count) -> dict[str, tuple[float, float, float]]:
    """Name to coordinates of the atoms that are not hydrogen, in the best conformer."""
    occupancy: Counter[str] = Counter()
    for atom in residue:
        occupancy[atom.altloc] += atom.occ
    labels = [label for label in occupancy if label != "\0"]
    if len(labels) > 1:
        count.add("residue with alternative conformers; the most occupied is read", "changed",
                  f"{chain} {residue}")  # fmt: skip
    best = max(labels, key=lambda label: occupancy[label], default="\0")
    # Atoms that only another conformer has are still read: a residue keeps all its atoms.
    ordered = sorted(residue, key=lambda atom: atom.altloc not in ("\0", best))
    found: dict[str, tuple[float, float, float]] = {}
    for atom in ordered:
        place = (atom.pos.x, atom.pos.y, atom.pos.z)
        if not all(map(math.isfinite, place)):
            count.add("atom without coordinates", "dropped", f"{chain} {residue} {atom.name}")
        elif not atom.is_hydrogen() and atom.name not in found:
            found[atom.name] = place
    return found


def _beta(residue: Any, atoms: dict[str, Any], chain: str, count: _Count) -> Any:
    if "CB" in atoms:
        return atoms["CB"]
    if residue.name != "GLY" and atoms:
        what = "C-alpha stands for it" if "CA" in atoms else "nor C-alpha: no C-beta distance"
        count.add(f"no C-beta; {what}", "changed", f"{chain} {residue}")
    return atoms.get("CA", (np.nan, np.nan, np.nan))


def _sequence(residues: list[Any], atoms: list[Any], entity: Any) -> tuple[np.ndarray, str]:
    """Places of the observed residues in the whole sequence, and its letters."""
    labels = [residue.label_seq for residue in residues]
    full = [] if entity is None else list(entity.full_sequence)
    if full and None not in labels and np.all(np.diff(labels) > 0) and labels[-1] <= len(full):
        places = np.array(labels, dtype=np.int64) - 1
        letters = [_letter(gemmi.Entity.first_mon(monomers)) for monomers in full]
    else:
        skipped = [_missing(*pair) for pair in
                   itertools.pairwise(zip(residues, atoms, strict=True))]  # fmt: skip
        places = np.arange(len(residues)) + np.concatenate([[0], np.cumsum(skipped)]).astype(int)
        letters = ["X"] * int(places[-1] + 1)
    for place, residue in zip(places, residues, strict=True):
        letters[place] = _letter(residue.name)
    return places, "".join(letters)


def _missing(before: tuple[Any, Any], after: tuple[Any, Any]) -> int:
    """Residues that the numbers skip where the chain is broken between two residues."""
    skipped = after[0].seqid.num - before[0].seqid.num - 1
    ends = [atoms.get("CA") for _, atoms in (before, after)]
    if None in ends or not 0 < skipped <= _LONGEST_GAP:
        return 0
    return skipped if np.linalg.norm(np.subtract(*ends)) > _BROKEN else 0


def _letter(name: str) -> str:
    """One letter of a residue, that of the parent for a modified one; X where unknown."""
    letter = gemmi.find_tabulated_residue(name).one_letter_code.upper()
    return letter if letter.isalpha() else "X"
