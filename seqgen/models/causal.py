"""Causal protein language models in Hugging Face format: each residue from those before it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from transformers import AutoModelForCausalLM

from seqgen.errors import InputError, ModelError
from seqgen.models.encoding import Encoding
from seqgen.models.huggingface import CheckpointModel
from seqgen.models.requests import checked_positions
from seqgen.residues import UNKNOWN
from seqgen.schemas import AMINO_ACIDS

_NO_TOKEN = -1
_SPACES = ("", "Ġ", "▁", "##")  # how tokenizers write that a word begins, or goes on
_SAME = {"float32": 1e-3, "bfloat16": 0.1, "float16": 0.02}  # of log probabilities, by rounding


class CausalProteinModel(CheckpointModel):
    """A causal protein language model: the residue at a place given those before it.

    A wild-type-marginal score of a variant therefore knows nothing of what follows it, and a
    masked-marginal one does not exist. The first residue follows the start token: what the
    tokenizer puts first, ``1`` where the vocabulary has the terminals ``1`` and ``2``, or else
    the token it declares for the beginning. Where there is none, the model says nothing of the
    first residue, and all 20 are given the same probability there.

    References
    ----------
    Nijkamp et al. (2023), ProGen2: exploring the boundaries of protein language models, Cell
    Systems 14:968-978.
    """

    masked = False
    causal = True
    _loader = AutoModelForCausalLM

    @classmethod
    def from_folder(
        cls, folder: Path, *, name: str, device: str | None = None, dtype: str | None = None,
        trust_remote_code: bool = False,
    ) -> Self:  # fmt: skip
        """Load a checkpoint folder, without network and in silence.

        Raises
        ------
        ModelError
            If the folder is damaged, no causal protein language model of one token per residue,
            or would run code of its own and ``trust_remote_code`` is not set.
        InputError
            If ``device`` or ``dtype`` is not available.
        """
        model = super().from_folder(
            folder, name=name, device=device, dtype=dtype, trust_remote_code=trust_remote_code
        )
        model._network.config.use_cache = False  # nothing is generated from what was read
        other = AMINO_ACIDS[:10] + AMINO_ACIDS[:9:-1]
        here, there = (rows[:11] for rows in model.log_probs([AMINO_ACIDS, other]))
        if np.abs(here - there).max() > _SAME[model.dtype]:
            raise ModelError(
                f"{folder}: config.json tells of a causal model, but what comes later changes its "
                "probabilities; expected one that reads from left to right"
            )
        return model

    @property
    def has_start(self) -> bool:
        """Whether something stands before the first residue."""
        return bool(self._encoding.prefix)

    def log_probs(
        self, sequences: Sequence[str], masked_positions: Sequence[int | None] | None = None
    ) -> list[np.ndarray]:
        """Log probabilities of the 20 residues at each place, given the residues before it.

        Returns
        -------
        list of ndarray, each of shape (length, 20)
            Float32.

        Raises
        ------
        InputError
            If a sequence is not usable, or a position is to be hidden.
        """
        positions = checked_positions(masked_positions, self._checked(sequences))
        if any(place is not None for place in positions):
            raise InputError(
                f"masked_positions: model {self.name!r} is causal and cannot hide a position; "
                "expected None"
            )
        return super().log_probs(sequences)

    def _checked(self, sequences: Sequence[str]) -> list[str]:
        checked = super()._checked(sequences)
        if self._encoding.table[ord(UNKNOWN)] == _NO_TOKEN:
            for place, sequence in enumerate(checked):
                if UNKNOWN in sequence:
                    raise InputError(
                        f"sequences[{place}] has {UNKNOWN!r} at position "
                        f"{sequence.index(UNKNOWN) + 1}; model {self.name!r} has no token for "
                        "unknown residues; leave the protein out"
                    )
        return checked

    def _inputs(
        self, ids: np.ndarray, lengths: np.ndarray
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Tokens alone: what is padded stands on the right, where no residue looks."""
        return torch.from_numpy(ids).to(self.device), None

    def _residue_log_probs(self, tokens: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        """What the token before each token says of it."""
        found = super()._residue_log_probs(tokens, mask)
        nothing = torch.full_like(found[:, :1], -float(np.log(len(AMINO_ACIDS))))
        return torch.cat([nothing, found[:, :-1]], dim=1)

    @staticmethod
    def _read_encoding(tokenizer: Any, where: str) -> Encoding:
        vocabulary = tokenizer.get_vocab()
        residues = {letter: vocabulary.get(letter) for letter in AMINO_ACIDS}
        prefix = _before(tokenizer, residues, where) or _start(tokenizer, vocabulary)
        table = np.full(128, _NO_TOKEN, dtype=np.int64)
        unknown = vocabulary.get(UNKNOWN, tokenizer.unk_token_id)
        table[ord(UNKNOWN)] = _NO_TOKEN if unknown is None else unknown
        for letter, token in residues.items():
            table[ord(letter)] = token
        ids = table[[ord(letter) for letter in AMINO_ACIDS]]
        # Padding stands where no residue looks, so any token will do.
        return Encoding(table, ids, prefix, (), mask_id=_NO_TOKEN, pad_id=int(ids[0]))


def _before(tokenizer: Any, residues: dict[str, int | None], where: str) -> tuple[int, ...]:
    """What the tokenizer puts before a protein; refused where it merges any two residues."""
    vocabulary = tokenizer.get_vocab()
    pairs = [first + second for first in AMINO_ACIDS for second in AMINO_ACIDS]
    text, expected = "".join(pairs), [residues[letter] for pair in pairs for letter in pair]
    merged = any(mark + pair in vocabulary for mark in _SPACES for pair in pairs)
    for form in () if merged or None in expected else (text, " ".join(text)):
        ids = list(tokenizer(form)["input_ids"])  # some tokenizers want spaces
        for start in range(len(ids) - len(expected) + 1):
            if ids[start : start + len(expected)] == expected:
                return tuple(ids[:start])
    raise ModelError(
        f"{where}: the tokenizer, of {len(vocabulary):,} tokens, does not give one "
        "token to each residue (it merges some, or is a text model's); expected one per residue, "
        "as ProGen2 and RITA have"
    )


def _start(tokenizer: Any, vocabulary: dict[str, int]) -> tuple[int, ...]:
    """The token to begin with where the tokenizer adds none by itself."""
    if "1" in vocabulary and "2" in vocabulary:  # the ends of a protein, read from 1 to 2
        return (vocabulary["1"],)
    return () if tokenizer.bos_token_id is None else (tokenizer.bos_token_id,)
