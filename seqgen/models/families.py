"""From a checked folder to the adapter of its family."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from seqgen.errors import InputError, ModelError
from seqgen.models.alphabets import ALPHABETS, DNA, PROTEIN
from seqgen.models.causal import CausalDnaModel, CausalProteinModel
from seqgen.models.checkpoint import kind_of
from seqgen.models.dna_tokens import words_of
from seqgen.models.dna_words import CausalDnaWords, MaskedDnaWords
from seqgen.models.encoder import ProteinEncoder
from seqgen.models.encoding import letter_tokens
from seqgen.models.huggingface import CheckpointModel, MaskedDnaModel, MaskedProteinModel
from seqgen.models.loading import load_tokenizer, trusted_checkpoint

_FAMILIES: dict[tuple[str, str, bool], type[CheckpointModel]] = {
    ("protein", "masked", False): MaskedProteinModel,
    ("protein", "causal", False): CausalProteinModel,
    ("protein", "encoder", False): ProteinEncoder,
    ("dna", "masked", False): MaskedDnaModel,
    ("dna", "causal", False): CausalDnaModel,
    ("dna", "masked", True): MaskedDnaWords,
    ("dna", "causal", True): CausalDnaWords,
}


def open_folder(
    folder: Path, *, name: str, alphabet: str | None = None, trust_remote_code: bool = False,
    **options: Any,
) -> CheckpointModel:  # fmt: skip
    """Load a model folder by the adapter of its family.

    The kind (masked, causal, encoder) is that of ``config.json``; alphabet and tokens are those
    of the tokenizer. A tokenizer that has tokens for all residues is a protein model's, unless
    ``alphabet`` says otherwise.

    Raises
    ------
    ModelError
        If the folder is damaged, of no family that is known, or reads proteins where ``alphabet``
        is DNA's.
    InputError
        If ``alphabet`` or an option is none that there is.
    """
    if alphabet is not None and alphabet not in ALPHABETS:
        raise InputError(f"alphabet is {alphabet!r}; expected protein, dna, or None for its own")
    kind = kind_of(folder)
    checkpoint = trusted_checkpoint(folder, kind=kind, trust_remote_code=trust_remote_code)
    tokenizer = load_tokenizer(checkpoint, trust_remote_code)
    # Only of bytes, which causal models alone read, letters may be either.
    if alphabet == DNA.name and kind != "causal" and _alphabet(tokenizer) == PROTEIN.name:
        raise ModelError(
            f"model {name!r} reads proteins, its A, C, G and T are residues; expected one of DNA"
        )
    alphabet = alphabet or _alphabet(tokenizer)
    family = _FAMILIES.get((alphabet, kind, alphabet == DNA.name and bool(words_of(tokenizer))))
    if family is None:
        raise ModelError(f"{folder}: an encoder of DNA; expected a masked or a causal model")
    return family.from_folder(folder, name=name, trust_remote_code=trust_remote_code, **options)


def _alphabet(tokenizer: Any) -> str:
    if len(letter_tokens(tokenizer, PROTEIN)) == len(PROTEIN.letters):
        return PROTEIN.name
    letters = len(letter_tokens(tokenizer, DNA)) == len(DNA.letters)
    return DNA.name if letters or words_of(tokenizer) else PROTEIN.name
