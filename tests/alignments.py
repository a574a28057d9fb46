"""Alignments for tests: small made ones, and those of the shared data with what peers got."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np
import pytest

from seqgen.alignment import ALIGNMENT_LETTERS, Alignment, Residues

SHARED = Path(
    os.environ.get("SEQGEN_SHARED_DATA", Path(__file__).parents[1].parent / "shared" / "data")
)
REFERENCE = SHARED / "msa" / "ref"
needs_reference = pytest.mark.skipif(
    not REFERENCE.is_dir(),
    reason="alignments and the scores peers gave them are not at hand: set SEQGEN_SHARED_DATA",
)


def made_alignment(codes: np.ndarray, *, source: str = "made") -> Alignment:
    """An alignment of given codes whose first row is the focus."""
    codes = np.asarray(codes, dtype=np.uint8)
    letters = "".join(ALIGNMENT_LETTERS[code] for code in codes[0])
    names = tuple(f"s{row}" for row in range(len(codes)))
    return Alignment(names, codes, Residues.of_protein(letters, "P1"), focus=0, source=source)


def random_alignment(n: int, length: int, *, letters: int = 21, seed: int = 0) -> Alignment:
    """Rows that copy an earlier row in most columns, so that columns depend on each other."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, letters, size=(n, length))
    for row in range(1, n):
        copied = rng.random(length) < 0.6
        codes[row, copied] = codes[rng.integers(row), copied]
    return made_alignment(codes)


def reference_alignment(name: str) -> Alignment:
    """The alignment that the peers' outputs in ``ref`` were made from, all rows and columns."""
    text = gzip.decompress((REFERENCE / f"{name}.a2m.gz").read_bytes()).decode()
    rows = ["".join(record.split("\n")[1:]) for record in text.split(">")[1:]]
    codes = np.array([[ALIGNMENT_LETTERS.index(letter) for letter in row] for row in rows])
    return made_alignment(codes, source=name)


def reference_scores(name: str) -> dict[str, np.ndarray]:
    """What the peers gave: scores, fields, weights."""
    with np.load(REFERENCE / f"{name}.npz") as held:
        return {key: held[key] for key in held}


def reference_distances(name: str) -> np.ndarray:
    """C-beta distances in angstrom, NaN where unresolved."""
    with np.load(REFERENCE / f"{name}_dist.npz") as held:
        return held["dist"]
