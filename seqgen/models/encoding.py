"""From letters to token numbers, by a table read once from a model's tokenizer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from seqgen.errors import ModelError
from seqgen.models.alphabets import DNA, PROTEIN, Alphabet
from seqgen.models.requests import Hidden

#: Where a tokenizer has no token for something.
NO_TOKEN = -1

_LARGEST_VOCABULARY = 1000


@dataclass(frozen=True)
class Encoding:
    """A tokenizer of one token per letter, as arrays.

    Attributes
    ----------
    table : ndarray of int, shape (128,)
        Token of each ASCII letter.
    letter_ids : ndarray of int, shape (20,) or (4,)
        Tokens of the letters, in the order of the alphabet.
    prefix, suffix : tuple of int
        Tokens before and after the letters; letter i is token ``len(prefix) + i``.
    mask_id, pad_id : int
        ``NO_TOKEN`` where there is no mask.
    """

    table: np.ndarray
    letter_ids: np.ndarray
    prefix: tuple[int, ...]
    suffix: tuple[int, ...]
    mask_id: int
    pad_id: int

    @property
    def n_special(self) -> int:
        """Tokens before and after the letters."""
        return len(self.prefix) + len(self.suffix)

    def encode(self, sequences: Sequence[str], masked_positions: Sequence[Hidden]) -> np.ndarray:
        """Tokens of a batch, padded on the right, (n, longest + special tokens)."""
        first = len(self.prefix)
        width = max(map(len, sequences)) + self.n_special
        ids = np.full((len(sequences), width), self.pad_id, dtype=np.int64)
        ids[:, :first] = self.prefix
        for row, sequence, masked in zip(ids, sequences, masked_positions, strict=True):
            end = first + len(sequence)
            row[first:end] = self.table[np.frombuffer(sequence.encode("ascii"), dtype=np.uint8)]
            row[end : end + len(self.suffix)] = self.suffix
            if masked is not None:
                row[first + np.asarray(masked, dtype=np.int64)] = self.mask_id
        return ids


def read_encoding(tokenizer: Any, where: str, alphabet: Alphabet = PROTEIN) -> Encoding:
    """Read a tokenizer's table, and try it on a sequence.

    Raises
    ------
    ModelError
        If the tokenizer does not give one token to each letter, or has no mask.
    """
    letters, vocabulary = letter_tokens(tokenizer, alphabet), tokenizer.get_vocab()
    if len(letters) < len(alphabet.letters) or len(vocabulary) > _LARGEST_VOCABULARY:
        raise ModelError(
            f"{where}: the vocabulary of {len(vocabulary)} tokens is not a {alphabet.name} "
            f"model's; expected one token for each of the {len(alphabet.letters)} "
            f"{alphabet.unit}; is the folder a text model's, or vocab.txt damaged?"
        )
    if tokenizer.mask_token_id is None or tokenizer.pad_token_id is None:
        raise ModelError(f"{where}: the tokenizer has no mask or padding token; expected both")
    ends = special_tokens(tokenizer, letters, where)
    return letter_encoding(tokenizer, letters, alphabet, ends=ends)


def read_encoder_encoding(tokenizer: Any, where: str, alphabet: Alphabet = PROTEIN) -> Encoding:
    """As `read_encoding`, of a tokenizer that needs no mask, such as T5's.

    Raises
    ------
    ModelError
        If the tokenizer does not give one token to each letter.
    """
    letters = letter_tokens(tokenizer, alphabet)
    if len(letters) < len(alphabet.letters):
        raise ModelError(
            f"{where}: the tokenizer does not give one token to each of the "
            f"{len(alphabet.letters)} {alphabet.unit}; is the folder a text model's?"
        )
    ends = special_tokens(tokenizer, letters, where)
    return letter_encoding(tokenizer, letters, alphabet, ends=ends)


def letter_tokens(tokenizer: Any, alphabet: Alphabet) -> dict[str, int]:
    """Tokens of the letters, and of the unknown one, as far as the vocabulary has them.

    SentencePiece writes a residue that stands alone as ``▁A``; some DNA models have lower-case
    bases only.
    """
    vocabulary = tokenizer.get_vocab()
    found = {}
    for letter in alphabet.letters:
        forms = ["▁" + letter, letter] + ([letter.lower()] if alphabet is DNA else [])
        named = [vocabulary[form] for form in forms if form in vocabulary]
        if named:
            found[letter] = named[0]
    return found


def letter_encoding(
    tokenizer: Any, letters: Mapping[str, int], alphabet: Alphabet,
    *, ends: tuple[tuple[int, ...], tuple[int, ...]],
) -> Encoding:  # fmt: skip
    """The table of letters and special tokens that were read."""
    vocabulary = tokenizer.get_vocab()
    unknown = vocabulary.get("▁" + alphabet.unknown, vocabulary.get(alphabet.unknown))
    for other in (tokenizer.unk_token_id, tokenizer.mask_token_id):
        unknown = other if unknown is None else unknown
    table = np.full(128, NO_TOKEN if unknown is None else unknown, dtype=np.int64)
    ids = np.array([letters[letter] for letter in alphabet.letters])
    table[[ord(letter) for letter in alphabet.letters]] = ids
    mask, pad = tokenizer.mask_token_id, tokenizer.pad_token_id
    return Encoding(
        table, ids, *ends, NO_TOKEN if mask is None else mask, int(ids[0]) if pad is None else pad
    )


def special_tokens(
    tokenizer: Any, letters: Mapping[str, int], where: str
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """What the tokenizer puts before and after the letters.

    Raises
    ------
    ModelError
        If it does not give each letter its token.
    """
    text, expected = "".join(letters), list(letters.values())
    for form in (text, " ".join(text), text.lower()):  # some want spaces, some lower case
        ids = list(tokenizer(form)["input_ids"])
        for start in range(len(ids) - len(expected) + 1):
            end = start + len(expected)
            if ids[start:end] == expected:
                return tuple(ids[:start]), tuple(ids[end:])
    raise ModelError(f"{where}: the tokenizer does not give one token per letter; expected that")


def length_batches(lengths: np.ndarray, budget: int, *, alike: float = 0.9) -> Iterator[np.ndarray]:
    """Indices in batches of like length, longest first, at most ``budget`` padded tokens each.

    A batch holds no sequence shorter than ``alike`` of its longest, so that little is padding;
    at 1 there is none.
    """
    order = np.argsort(-lengths, kind="stable")
    start = 0
    while start < len(order):
        longest = int(lengths[order[start]])
        same = int(np.searchsorted(-lengths[order], -alike * longest, side="right"))
        end = min(same, start + max(budget // longest, 1))
        yield order[start:end]
        start = end
