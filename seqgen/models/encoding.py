"""From residues to token numbers, by a table read once from a model's tokenizer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from seqgen.errors import ModelError
from seqgen.residues import UNKNOWN
from seqgen.schemas import AMINO_ACIDS

_LARGEST_VOCABULARY = 1000


@dataclass(frozen=True)
class Encoding:
    """A tokenizer of one token per residue, as arrays.

    Attributes
    ----------
    table : ndarray of int, shape (128,)
        Token of each ASCII letter.
    residue_ids : ndarray of int, shape (20,)
        Tokens of the residues, in the order of ``AMINO_ACIDS``.
    prefix, suffix : tuple of int
        Tokens before and after the residues; residue i is token ``len(prefix) + i``.
    mask_id, pad_id : int
    """

    table: np.ndarray
    residue_ids: np.ndarray
    prefix: tuple[int, ...]
    suffix: tuple[int, ...]
    mask_id: int
    pad_id: int

    def encode(
        self, sequences: Sequence[str], masked_positions: Sequence[int | None]
    ) -> np.ndarray:
        """Tokens of a batch, padded on the right, (n, longest + special tokens)."""
        first, special = len(self.prefix), len(self.prefix) + len(self.suffix)
        width = max(map(len, sequences)) + special
        ids = np.full((len(sequences), width), self.pad_id, dtype=np.int64)
        ids[:, :first] = self.prefix
        for row, sequence, masked in zip(ids, sequences, masked_positions, strict=True):
            end = first + len(sequence)
            row[first:end] = self.table[np.frombuffer(sequence.encode("ascii"), dtype=np.uint8)]
            row[end : end + len(self.suffix)] = self.suffix
            if masked is not None:
                row[first + masked] = self.mask_id
        return ids


def read_encoding(tokenizer: Any, where: str) -> Encoding:
    """Read a tokenizer's table, and try it on a sequence.

    Raises
    ------
    ModelError
        If the tokenizer does not give one token to each of the 20 residues, or has no mask.
    """
    vocabulary = tokenizer.get_vocab()
    residues = [vocabulary.get(residue) for residue in AMINO_ACIDS]
    if None in residues or len(vocabulary) > _LARGEST_VOCABULARY:
        raise ModelError(
            f"{where}: the vocabulary of {len(vocabulary)} tokens is not a protein model's; "
            "expected one token for each of the 20 residues; is the folder a text model's, or "
            "vocab.txt damaged?"
        )
    if tokenizer.mask_token_id is None or tokenizer.pad_token_id is None:
        raise ModelError(f"{where}: the tokenizer has no mask or padding token; expected both")
    prefix, suffix = _special_tokens(tokenizer, residues, where)
    unknown = vocabulary.get(UNKNOWN, tokenizer.unk_token_id)
    table = np.full(128, tokenizer.mask_token_id if unknown is None else unknown, dtype=np.int64)
    table[[ord(residue) for residue in AMINO_ACIDS]] = residues
    return Encoding(
        table, np.array(residues), prefix, suffix, tokenizer.mask_token_id, tokenizer.pad_token_id
    )


def _special_tokens(
    tokenizer: Any, residues: list[int], where: str
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """What the tokenizer puts before and after the residues."""
    for text in (AMINO_ACIDS, " ".join(AMINO_ACIDS)):  # some tokenizers want spaces
        ids = list(tokenizer(text)["input_ids"])
        for start in range(len(ids) - len(residues) + 1):
            end = start + len(residues)
            if ids[start:end] == residues:
                return tuple(ids[:start]), tuple(ids[end:])
    raise ModelError(f"{where}: the tokenizer does not give one token per residue; expected that")


def length_batches(lengths: np.ndarray, budget: int) -> Iterator[np.ndarray]:
    """Indices in batches of like length, longest first, at most ``budget`` padded tokens each.

    A batch holds no sequence shorter than nine tenths of its longest, so that little is padding.
    """
    order = np.argsort(-lengths, kind="stable")
    start = 0
    while start < len(order):
        longest = int(lengths[order[start]])
        alike = int(np.searchsorted(-lengths[order], -0.9 * longest, side="right"))
        end = min(alike, start + max(budget // longest, 1))
        yield order[start:end]
        start = end
