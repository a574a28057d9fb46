"""What every sequence model offers, whatever library is behind it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np


@runtime_checkable
class SequenceModel(Protocol):
    """A model of sequences over an alphabet.

    Attributes
    ----------
    name : str
        What the user asked for, or the name of a bundled model.
    revision : str
        Hash of the weights and configuration, recorded in every output.
    alphabet : str
        The letters whose probabilities ``log_probs`` gives, in that order.
    max_length : int
        Longest sequence, in residues, that one call may hold.
    masked : bool
        True where a position can be hidden from the model.

    Notes
    -----
    A model may also have an attribute ``causal``. Where it is true, each row of ``log_probs``
    depends on the residues before it alone, so that only later positions answer to a change.
    It is read with ``getattr(model, "causal", False)``; other models need not have it. The
    alphabet is the 20 residues of a protein model or ``ACGT`` of one of DNA.
    """

    name: str
    revision: str
    alphabet: str
    max_length: int
    masked: bool

    def log_probs(
        self,
        sequences: Sequence[str],
        masked_positions: Sequence[int | Sequence[int] | None] | None = None,
    ) -> list[np.ndarray]:
        """Log probabilities of every letter at every position.

        Parameters
        ----------
        sequences : sequence of str
            At most ``max_length`` letters each.
        masked_positions : sequence of int, sequence of int, or None, optional
            For each sequence the 0-based position to hide, several of them, or None.

        Returns
        -------
        list of ndarray, each of shape (len(sequence), len(alphabet))
            Natural logarithms; each row sums to one over the alphabet.
        """
        ...

    def embed(self, sequences: Sequence[str]) -> list[np.ndarray]:
        """Last-layer representation, one array of shape (length, width) per sequence."""
        ...
