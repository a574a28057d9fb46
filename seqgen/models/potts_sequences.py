"""Sequences against the columns of an alignment: codes, and which residue is which column."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seqgen.alignment import ALIGNMENT_LETTERS, GAP, Residues
from seqgen.errors import InputError
from seqgen.residues import UNKNOWN

#: Code of an unknown residue, after those of `ALIGNMENT_LETTERS`.
UNKNOWN_CODE = len(ALIGNMENT_LETTERS)

_FOREIGN_CODE = 255
_CODES = np.full(256, _FOREIGN_CODE, dtype=np.uint8)
for _code, _letter in enumerate(ALIGNMENT_LETTERS + UNKNOWN):
    _CODES[ord(_letter)] = _code

# Unrelated residues agree at 6% of places, homologs that line up without gaps at 20% and more.
_LEAST_IDENTITY = 0.15
_FEWEST_COMPARED = 20


def encode(sequence: str) -> np.ndarray:
    """Alignment code of each letter, 21 for X and 255 for what is none."""
    return _CODES[np.frombuffer(sequence.encode("latin-1", "replace"), dtype=np.uint8)]


def line_up(
    sequence: str, residues: Residues, name: str, *, alike: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """Columns that ``sequence`` reaches and their 0-based places in it.

    A sequence of as many letters as there are columns is the columns; any other is a protein in
    the numbering of ``residues``. With ``alike`` the columns too have to be like the focus
    sequence, as a window of a protein may happen to be as long.

    Raises
    ------
    InputError
        If the sequence is hardly like the focus sequence at the columns, so that it is another
        protein, a window, or numbered otherwise; or if the columns belong to several proteins.
    """
    columns = np.arange(len(residues))
    at = columns
    if len(sequence) != len(residues):
        if len(residues.names) > 1:
            raise InputError(
                f"{name} has {len(sequence)} residues; the alignment joins "
                f"{', '.join(map(repr, residues.names))}; expected its {len(residues)} columns"
            )
        columns = np.flatnonzero((residues.positions >= 1) & (residues.positions <= len(sequence)))
        at = residues.positions[columns] - 1
    if alike or at is not columns:
        _require_likeness(encode(sequence)[at], encode(residues.letters)[columns], name, residues)
    return columns, at


def _require_likeness(codes: np.ndarray, focus: np.ndarray, name: str, residues: Residues) -> None:
    compared = (codes != GAP) & (focus != GAP) & (codes < UNKNOWN_CODE) & (focus < UNKNOWN_CODE)
    same = int(((codes == focus) & compared).sum())
    if compared.sum() >= _FEWEST_COMPARED and same < _LEAST_IDENTITY * compared.sum():
        protein = residues.names[0] if residues.names and residues.names[0] else "the focus protein"
        raise InputError(
            f"{name} agrees with the alignment's focus sequence at {same} of {compared.sum()} "
            f"columns; expected {protein} or a homolog, whole and numbered alike "
            f"({residues.positions[0]} to {residues.positions[-1]} are covered), not in windows"
        )


def aligned_codes(sequences: Sequence[str] | np.ndarray, residues: Residues) -> np.ndarray:
    """Alignment codes over the columns, (n, L) of uint8, of sequences without unknown residues.

    Columns beyond the end of a shorter sequence are gaps.

    Raises
    ------
    InputError
        If a sequence does not line up or holds other letters than the 20 residues and ``-``.
    """
    if isinstance(sequences, np.ndarray) and sequences.dtype.kind in "ui":
        return _checked_codes(sequences, residues)
    if isinstance(sequences, str):
        raise InputError("sequences: a single string was given; expected a list of sequences")
    result = np.full((len(sequences), len(residues)), GAP, dtype=np.uint8)
    for place, sequence in enumerate(sequences):
        codes = encode(sequence)
        foreign = np.flatnonzero(codes >= UNKNOWN_CODE)
        if len(foreign) or not sequence:
            found = f"has {sequence[foreign[0]]!r} at position {foreign[0] + 1}" if sequence else (
                "is empty")  # fmt: skip
            raise InputError(f"sequences[{place}] {found}; expected the 20 residues and -")
        columns, at = line_up(sequence, residues, f"sequences[{place}]", alike=False)
        result[place, columns] = codes[at]
    return result


def _checked_codes(codes: np.ndarray, residues: Residues) -> np.ndarray:
    if codes.ndim != 2 or codes.shape[1] != len(residues):
        raise InputError(f"sequences: codes of shape {codes.shape}; expected (n, {len(residues)})")
    if codes.size and not 0 <= codes.min() <= codes.max() < UNKNOWN_CODE:
        raise InputError(
            f"sequences: codes from {codes.min()} to {codes.max()}; expected 0 (gap) to "
            f"{UNKNOWN_CODE - 1}"
        )
    return codes.astype(np.uint8, copy=False)
