"""Potts models of random parameters for tests, and their energies written out."""

from __future__ import annotations

import numpy as np

from seqgen.alignment import ALIGNMENT_LETTERS, Residues
from seqgen.models.potts import PottsModel
from seqgen.schemas import AMINO_ACIDS

FOCUS = "MKVLAWCDEFGHIKNPQRSTVYLMKA"
START = 11  # residues 11 to 36 of a protein of 40
PROTEIN = "ACDEFGHIKL" + FOCUS + "WWYY"


def random_model(q=21, residues=None, seed=0, dtype=np.float32):
    rng = np.random.default_rng(seed)
    residues = residues or Residues.of_protein(FOCUS, "P1", start=START)
    length = len(residues)
    letters = ALIGNMENT_LETTERS if q == 21 else AMINO_ACIDS
    fields = rng.normal(size=(length, q)).astype(dtype)
    couplings = rng.normal(size=(length * (length - 1) // 2, q, q)).astype(dtype)
    return PottsModel(letters, fields, couplings, residues, settings={"lambda_J": 0.5})


def written_energy(model, text):
    """Sum over columns and pairs; a gap without a state adds nothing."""
    total, place = 0.0, -1
    for i in range(len(text)):
        a = model.letters.find(text[i])
        total += float(model.fields[i, a]) if a >= 0 else 0.0
        for j in range(i + 1, len(text)):
            place += 1
            b = model.letters.find(text[j])
            total += float(model.couplings[place, a, b]) if min(a, b) >= 0 else 0.0
    return total


def changed(text, *changes):
    """The columns with (0-based place, letter) replaced."""
    letters = list(text)
    for place, letter in changes:
        letters[place] = letter
    return "".join(letters)
