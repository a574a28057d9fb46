"""Causal language models in Hugging Face format: each letter from those before it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from transformers import AutoModelForCausalLM

from seqgen.errors import InputError, ModelError
from seqgen.models.alphabets import DNA, PROTEIN, Alphabet
from seqgen.models.encoding import NO_TOKEN, Encoding, letter_encoding, letter_tokens
from seqgen.models.huggingface import CheckpointModel
from seqgen.models.requests import Hidden, checked_positions

_SPACES = ("", "Ġ", "▁", "##")  # how tokenizers write that a word begins, or goes on
_SAME = {"float32": 1e-3, "bfloat16": 0.1, "float16": 0.02}  # of log probabilities, by rounding


def _read_causal(tokenizer: Any, where: str, alphabet: Alphabet = PROTEIN) -> Encoding:
    letters = letter_tokens(tokenizer, alphabet)
    prefix = _before(tokenizer, letters, where, alphabet=alphabet)
    prefix = prefix or _start(tokenizer, alphabet)
    # Padding stands where no letter looks, so any token will do.
    return letter_encoding(tokenizer, letters, alphabet, ends=(prefix, ()))


class CausalProteinModel(CheckpointModel):
    """A causal protein language model: the residue at a place given those before it.

    A wild-type-marginal score of a variant therefore knows nothing of what follows it, and a
    masked-marginal one does not exist; a pseudo-log-likelihood is the log likelihood itself. The
    first residue follows the start token: what the tokenizer puts first, ``1`` where the
    vocabulary has the terminals ``1`` and ``2``, or else the token it declares for the
    beginning. Where there is none, the model says nothing of the first residue, and all 20 are
    given the same probability there.

    References
    ----------
    Nijkamp et al. (2023), ProGen2: exploring the boundaries of protein language models, Cell
    Systems 14:968-978.
    """

    kind = "causal"
    _loader = AutoModelForCausalLM
    _read_encoding = staticmethod(_read_causal)

    @classmethod
    def from_folder(
        cls, folder: Path, *, name: str, device: str | None = None, dtype: str | None = None,
        runtime: str = "torch", trust_remote_code: bool = False,
    ) -> Self:  # fmt: skip
        """Load a checkpoint folder, without network and in silence.

        Raises
        ------
        ModelError
            If the folder is damaged, no causal language model of one token per letter, or would
            run code of its own and ``trust_remote_code`` is not set.
        InputError
            If ``device``, ``dtype`` or ``runtime`` is not available.
        """
        model = super().from_folder(
            folder, name=name, device=device, dtype=dtype, runtime=runtime,
            trust_remote_code=trust_remote_code,
        )  # fmt: skip
        letters, half = model.alphabet, len(model.alphabet) // 2
        other = letters[:half] + letters[: half - 1 : -1]
        here, there = (rows[: half + 1] for rows in model.log_probs([letters, other]))
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
        self, sequences: Sequence[str], masked_positions: Sequence[Hidden] | None = None
    ) -> list[np.ndarray]:
        """Log probabilities of the letters at each place, given those before it.

        Returns
        -------
        list of ndarray, each of shape (length, 20), or (length, 4) of DNA
            Float32.

        Raises
        ------
        InputError
            If a sequence is not usable, or a position is to be hidden.
        """
        positions = checked_positions(masked_positions, self._checked(sequences))
        if any(positions):
            raise InputError(
                f"masked_positions: model {self.name!r} is causal and cannot hide a position; "
                "expected None"
            )
        return super().log_probs(sequences)

    def _checked(self, sequences: Sequence[str]) -> list[str]:
        checked, unknown = super()._checked(sequences), self.letters.unknown
        if self._encoding.table[ord(unknown)] == NO_TOKEN:
            for place, sequence in enumerate(checked):
                if unknown in sequence:
                    raise InputError(
                        f"sequences[{place}] has {unknown!r} at position "
                        f"{sequence.index(unknown) + 1}; model {self.name!r} has no token for "
                        f"unknown {self.letters.unit}; leave the sequence out"
                    )
        return checked

    def _letter_log_probs(self, tokens: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        """What the token before each token says of it."""
        found = super()._letter_log_probs(tokens, mask)
        nothing = torch.full_like(found[:, :1], -float(np.log(len(self.alphabet))))
        return torch.cat([nothing, found[:, :-1]], dim=1)


class CausalDnaModel(CausalProteinModel):
    """A causal language model of DNA of one token per base, such as HyenaDNA and Evo.

    References
    ----------
    Nguyen et al. (2023), HyenaDNA: long-range genomic sequence modeling at single nucleotide
    resolution, NeurIPS 36.
    Nguyen et al. (2024), Sequence modeling and design from molecular to genome scale with Evo,
    Science 386:eado9336.
    """

    letters = DNA


def _before(
    tokenizer: Any, letters: dict[str, int], where: str, *, alphabet: Alphabet
) -> tuple[int, ...]:
    """What the tokenizer puts before a sequence; refused where it merges any two letters."""
    vocabulary = tokenizer.get_vocab()
    pairs = [first + second for first in alphabet.letters for second in alphabet.letters]
    text, expected = "".join(pairs), [letters.get(letter) for pair in pairs for letter in pair]
    merged = any(mark + pair in vocabulary for mark in _SPACES for pair in pairs)
    forms = (text, " ".join(text), text.lower())  # some tokenizers want spaces
    for form in () if merged or None in expected else forms:
        ids = list(tokenizer(form)["input_ids"])
        for start in range(len(ids) - len(expected) + 1):
            if ids[start : start + len(expected)] == expected:
                return tuple(ids[:start])
    raise ModelError(
        f"{where}: the tokenizer, of {len(vocabulary):,} tokens, does not give one "
        f"token to each {alphabet.unit[:-1]} (it merges some, or is a text model's); expected one "
        f"per {alphabet.unit[:-1]}, as ProGen2, RITA and HyenaDNA have"
    )


def _start(tokenizer: Any, alphabet: Alphabet) -> tuple[int, ...]:
    """The token to begin with where the tokenizer adds none by itself."""
    vocabulary = tokenizer.get_vocab()
    # The ends of a protein, read from 1 to 2.
    if alphabet is PROTEIN and "1" in vocabulary and "2" in vocabulary:
        return (vocabulary["1"],)
    return () if tokenizer.bos_token_id is None else (tokenizer.bos_token_id,)
