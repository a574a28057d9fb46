"""Tokens of several bases: k-mers apart, k-mers that overlap, and byte pairs of any length."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from seqgen.errors import ModelError
from seqgen.models.alphabets import DNA
from seqgen.models.encoding import NO_TOKEN, letter_tokens

_WORD = re.compile(r"[ACGT]{2,}")
_MARKS = ("Ġ", "▁", "##")
_DIGIT = np.full(128, -1, dtype=np.int64)
_DIGIT[[ord(base) for base in DNA.letters]] = np.arange(4)
# Every base beside every other, a length that no k divides alike, and an unknown base.
_SAMPLE = "ACGTTGCAAGTCCATGGACTTCAGATCGCTAGGTTAACCGAT"
_RUNS = re.compile("[ACGT]+|N")


class Tokens(NamedTuple):
    """One sequence as tokens, special ones left out.

    ``ids``, ``starts``, ``ends`` (0-based, half open, in bases) and ``codes`` have one entry per
    token; a code is the token's place among all words of its length, -1 where a base is unknown.
    """

    ids: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    codes: np.ndarray


@dataclass(frozen=True)
class Words:
    """How a tokenizer cuts DNA.

    Attributes
    ----------
    kind : str
        ``k-mer`` (each base in one of them), ``overlapping k-mer`` (one begins at each base)
        or ``byte-pair``.
    k : int
        Bases of a k-mer; 0 for byte pairs.
    table : ndarray of int, shape (4**k,)
        Token of each k-mer, in alphabetical order; empty for byte pairs.
    base_ids : ndarray of int, shape (4,)
        Tokens of single bases; ``NO_TOKEN`` where there are none.
    dna_ids : ndarray of int
        Tokens that are made of bases: those that probabilities are over.
    prefix, suffix : tuple of int
    mask_id, pad_id, unknown_id : int
    tokenizer : object
        Asked for byte pairs.
    """

    kind: str
    k: int
    table: np.ndarray
    base_ids: np.ndarray
    dna_ids: np.ndarray
    prefix: tuple[int, ...]
    suffix: tuple[int, ...]
    mask_id: int
    pad_id: int
    unknown_id: int
    tokenizer: Any

    @property
    def n_special(self) -> int:
        """Tokens before and after those of the sequence."""
        return len(self.prefix) + len(self.suffix)

    def cut(self, sequence: str) -> Tokens:
        """The tokens of a sequence of A, C, G, T and N."""
        if self.kind == "byte-pair":
            return self._byte_pairs(sequence)
        if self.kind == "k-mer":
            return self._apart(sequence)
        return self._overlapping(sequence)

    def _overlapping(self, sequence: str) -> Tokens:
        digits = _digits(sequence)
        windows = np.lib.stride_tricks.sliding_window_view(digits, self.k)
        codes = np.where((windows < 0).any(axis=1), -1, windows @ _powers(self.k))
        starts = np.arange(len(codes))
        ids = np.where(codes < 0, self.unknown_id, self.table[codes])
        return Tokens(ids, starts, starts + self.k, codes)

    def _apart(self, sequence: str) -> Tokens:
        """K-mers from the left of each stretch of known bases; what is left over base by base."""
        digits, starts = _digits(sequence), []
        for run in _RUNS.finditer(sequence):
            whole = (run.end() - run.start()) // self.k
            words = run.start() + self.k * np.arange(whole)
            starts += [words, np.arange(run.start() + self.k * whole, run.end())]
        first = np.concatenate(starts)
        end = np.append(first[1:], len(sequence))
        codes = digits[first]
        word = end - first == self.k
        if self.k > 1 and word.any():
            codes[word] = digits[first[word][:, None] + np.arange(self.k)] @ _powers(self.k)
        single = self.base_ids[np.where(word, 0, codes)]  # of an unknown one, put right below
        ids = np.where(word, self.table[np.where(word, codes, 0)], single)
        ids = np.where(codes < 0, self.unknown_id, ids)
        return Tokens(ids, first, end, codes)

    def _byte_pairs(self, sequence: str) -> Tokens:
        if getattr(self.tokenizer, "is_fast", False):
            told = self.tokenizer(sequence, add_special_tokens=False, return_offsets_mapping=True)
            ids, spans = np.array(told["input_ids"]), np.array(told["offset_mapping"])
            starts, ends = spans[:, 0], spans[:, 1]
        else:
            ids = np.array(self.tokenizer(sequence, add_special_tokens=False)["input_ids"])
            names = self.tokenizer.convert_ids_to_tokens(ids.tolist())
            ends = np.cumsum([1 if i == self.unknown_id else len(_bare(name))
                              for i, name in zip(ids, names, strict=True)])  # fmt: skip
            starts = np.append(0, ends[:-1])
        if ends[-1] != len(sequence) or (starts[1:] != ends[:-1]).any() or starts[0]:
            raise ModelError(
                "the tokenizer does not give back a sequence of bases as it was; expected tokens "
                "that follow each other"
            )
        return Tokens(ids, starts, ends, np.where(np.isin(ids, self.dna_ids), 0, -1))


def words_of(tokenizer: Any) -> dict[str, int]:
    """The tokens of two and more bases, and their numbers."""
    found = {_bare(token): number for token, number in tokenizer.get_vocab().items()}
    return {word: number for word, number in found.items() if _WORD.fullmatch(word)}


def read_words(tokenizer: Any, where: str, alphabet: Any = DNA) -> Words:
    """Read how a tokenizer cuts DNA, and try it on a sequence.

    Raises
    ------
    ModelError
        If it cuts in none of the three ways.
    """
    words, letters = words_of(tokenizer), letter_tokens(tokenizer, DNA)
    lengths = {len(word) for word in words}
    k = lengths.pop() if len(lengths) == 1 else 0
    k = k if len(words) == 4**k else 0
    bases = np.array([letters.get(base, NO_TOKEN) for base in DNA.letters])
    mask, pad, unknown = (
        NO_TOKEN if number is None else number
        for number in (tokenizer.mask_token_id, tokenizer.pad_token_id, tokenizer.unk_token_id)
    )
    unknown = tokenizer.get_vocab().get(DNA.unknown, unknown)
    made = np.array([*words.values(), *bases[bases != NO_TOKEN]])
    table = np.array([words[word] for word in sorted(words)] if k else [], dtype=np.int64)
    for kind in ("k-mer", "overlapping k-mer") if k else ("byte-pair",):
        found = Words(kind, k, table, bases, made, (), (), mask, max(pad, 0), unknown, tokenizer)
        ends = _ends(found, tokenizer)
        if ends is not None:
            return Words(**{**_fields(found), "prefix": ends[0], "suffix": ends[1]})
    raise ModelError(
        f"{where}: the tokenizer cuts DNA neither into {k or 'k'}-mers, apart or overlapping, nor "
        "into byte pairs; expected one of these"
    )


def _ends(words: Words, tokenizer: Any) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """What the tokenizer puts before and after the sample; None where it cuts otherwise."""
    if words.kind == "k-mer" and NO_TOKEN in words.base_ids:
        return None
    expected, text = words.cut(_SAMPLE), _SAMPLE
    if words.kind == "overlapping k-mer":
        text = " ".join(_SAMPLE[start : start + words.k] for start in expected.starts)
    if (expected.codes < 0).any():
        return None
    ids, want = list(tokenizer(text)["input_ids"]), expected.ids.tolist()
    for start in range(len(ids) - len(want) + 1):
        if ids[start : start + len(want)] == want:
            return tuple(ids[:start]), tuple(ids[start + len(want) :])
    return None


def _fields(words: Words) -> Mapping[str, Any]:
    return {name: getattr(words, name) for name in words.__dataclass_fields__}


def _bare(token: str) -> str:
    for mark in _MARKS:
        token = token.removeprefix(mark)
    return token


def _digits(sequence: str) -> np.ndarray:
    return _DIGIT[np.frombuffer(sequence.encode("ascii"), dtype=np.uint8)]


def _powers(k: int) -> np.ndarray:
    return 4 ** np.arange(k - 1, -1, -1)
