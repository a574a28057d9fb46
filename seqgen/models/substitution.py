"""The NumPy reference backend: a substitution matrix as a model without context."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from seqgen.models.requests import Hidden, checked_positions, checked_sequences
from seqgen.residues import BLOSUM62, BLOSUM62_FREQUENCIES
from seqgen.schemas import AMINO_ACIDS


class SubstitutionModel:
    """BLOSUM62 read as probabilities, after Henikoff & Henikoff (1992).

    A visible residue a gives p(b) proportional to f(b) * 2**(S[a, b] / 2), with S the scores in
    half bits and f the residue frequencies; a hidden or unknown residue gives f. Nothing
    depends on the neighbours, so its hidden-residue ratios only compare frequencies.

    Attributes
    ----------
    name, revision, alphabet, max_length, masked
        As in `seqgen.models.protocol.SequenceModel`.

    Examples
    --------
    >>> rows = SubstitutionModel().log_probs(["MKV"])[0]
    >>> rows.shape, round(float(rows[0, 10] - rows[0, 9]), 2)  # M over L, given M
    ((3, 20), -0.34)
    """

    def __init__(self) -> None:
        joint = np.log(BLOSUM62_FREQUENCIES) + BLOSUM62 * (np.log(2.0) / 2)
        given = joint - np.log(np.exp(joint).sum(axis=1, keepdims=True))
        self._table = np.vstack([given, np.log(BLOSUM62_FREQUENCIES)])
        self.name = "blosum62"
        self.revision = hashlib.sha256(self._table.tobytes()).hexdigest()
        self.alphabet = AMINO_ACIDS
        self.max_length = 1_000_000
        self.masked = True

    def __repr__(self) -> str:
        return f"SubstitutionModel({self.name!r}, BLOSUM62 without context)"

    def log_probs(
        self, sequences: Sequence[str], masked_positions: Sequence[Hidden] | None = None
    ) -> list[np.ndarray]:
        """Log probabilities of the 20 residues, (length, 20) for each sequence.

        Raises
        ------
        InputError
            If a sequence or a position to hide is not usable.
        """
        checked = checked_sequences(sequences, self.max_length)
        positions = checked_positions(masked_positions, checked)
        results = []
        for sequence, position in zip(checked, positions, strict=True):
            codes = _codes(sequence)
            codes[list(position)] = len(AMINO_ACIDS)
            results.append(self._table[codes])
        return results

    def embed(self, sequences: Sequence[str]) -> list[np.ndarray]:
        """Each residue's row of scores, (length, 20); zeros where it is unknown."""
        rows = np.vstack([BLOSUM62, np.zeros(len(AMINO_ACIDS))])
        return [rows[_codes(one)] for one in checked_sequences(sequences, self.max_length)]


_CODE = np.full(128, len(AMINO_ACIDS), dtype=np.int64)
_CODE[[ord(residue) for residue in AMINO_ACIDS]] = np.arange(len(AMINO_ACIDS))


def _codes(sequence: str) -> np.ndarray:
    """Place of each letter among the residues; 20 for an unknown one."""
    return _CODE[np.frombuffer(sequence.encode("ascii"), dtype=np.uint8)]
