"""PDB text of made-up proteins: helices in space, written column by column."""

from __future__ import annotations

import numpy as np

from seqgen.residues import THREE_LETTER

ONE_TO_THREE = {one: three for three, one in THREE_LETTER.items()}


def helix(n: int, *, shift: tuple[float, float, float] = (0, 0, 0)) -> np.ndarray:
    """C-alpha coordinates of an ideal helix, (n, 3): 3.8 Å apart, 1.5 Å rise, 100 degrees."""
    turn = np.deg2rad(100) * np.arange(n)
    return np.column_stack([2.3 * np.cos(turn), 2.3 * np.sin(turn), 1.5 * np.arange(n)]) + shift


def atom_line(name, residue, chain, number, xyz, *, serial=1, record="ATOM", alt="", icode="",
              occupancy=1.0, element=None):  # fmt: skip
    x, y, z = xyz
    element = element or name[0]
    shown = name if len(name) == 4 else f" {name:<3}"
    return (
        f"{record:<6}{serial!s:>5} {shown:<4}{alt:1}{residue:>3} {chain:1}{number:>4}{icode:1}   "
        f"{x:8.3f}{y:8.3f}{z:8.3f}{occupancy:6.2f}{20.0:6.2f}          {element:>2}"
    )


def residue_lines(letter, chain, number, ca, *, only_ca=False, **options):
    """N, CA, C, O and, but for glycine, CB of one residue around its C-alpha."""
    ca = np.asarray(ca, dtype=float)
    away = ca * [1, 1, 0]
    away = away / max(np.linalg.norm(away), 1e-9)
    atoms = {"CA": ca}
    if not only_ca:
        steps = {"N": (0, 0, -1.2), "CA": (0, 0, 0), "C": (0.3, 0, 1.3), "O": (1.5, 0, 1.3)}
        atoms = {name: ca + np.array(step) for name, step in steps.items()}
        if letter != "G":
            atoms["CB"] = ca + 1.53 * away
    residue = ONE_TO_THREE.get(letter, letter)
    return [atom_line(name, residue, chain, number, xyz, **options) for name, xyz in atoms.items()]


def chain_lines(sequence, chain, *, start=1, shift=(0, 0, 0), skip=(), only_ca=False):
    """A helix of ``sequence``; residues at the 0-based places ``skip`` are left out."""
    lines = []
    for place, (letter, ca) in enumerate(zip(sequence, helix(len(sequence), shift=shift),
                                             strict=True)):  # fmt: skip
        if place not in skip:
            lines += residue_lines(letter, chain, start + place, ca, only_ca=only_ca)
    return [*lines, "TER"]


def seqres_lines(sequence, chain):
    names = [ONE_TO_THREE[letter] for letter in sequence]
    return [
        f"SEQRES {k // 13 + 1:>3} {chain:1} {len(names):>4}  {' '.join(names[k : k + 13])}"
        for k in range(0, len(names), 13)
    ]


def pdb_text(*parts):
    return "\n".join([line for part in parts for line in part] + ["END"]) + "\n"
