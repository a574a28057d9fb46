"""Ratios of the pseudo-log-likelihoods of whole sequences, seen in windows where they are long."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from seqgen.models.alphabets import alphabet_of
from seqgen.models.cached import ask, rows_at
from seqgen.models.protocol import SequenceModel
from seqgen.models.windows import centred_starts, window_starts, window_weights
from seqgen.scores.asking import Counter, chunk_residues, chunks

# Residues of sequences that are planned at once, which bounds the memory of a plan.
_PLANNED_RESIDUES = 1 << 21


class Pair(NamedTuple):
    """Two sequences that differ in ``[first, end)`` (0-based) of ``ref``."""

    ref: str
    alt: str
    first: int
    end: int


class _Use(NamedTuple):
    """What an answer adds to a pair: ``weight`` of each of its places, of one sign."""

    pair: int
    weight: np.ndarray


def log_likelihood_ratios(
    model: SequenceModel, pairs: Sequence[Pair], *, exact: bool, window: int, overlap: int,
    count: Counter,
) -> np.ndarray:  # fmt: skip
    """Pseudo-log-likelihood of ``alt`` less that of ``ref``, natural logarithm, (pairs,).

    ``exact`` hides each residue in turn; otherwise all are read from one pass that hides none.
    Of a causal model both are the log likelihood. A long sequence is seen in windows, exactly as
    single changes are: centred on the hidden residue, or overlapping and merged by weight. Of
    two sequences of one length, windows that do not hold the change are the same and not run.
    Unknown residues, and those that a model of one family does not cover, count nothing.
    """
    exact = exact and not getattr(model, "causal", False)
    total = np.zeros(len(pairs))
    for batch in _batches(pairs):
        uses: dict[tuple[str, int], list[_Use]] = {}
        for index in batch:
            pair = pairs[index]
            same = len(pair.ref) == len(pair.alt)
            touch = (pair.first, pair.end) if same else None
            for text, sign in ((pair.ref, -1.0), (pair.alt, 1.0)):
                plan = _hidden if exact else _open
                for key, weight in plan(text, touch, window, overlap):
                    uses.setdefault(key, []).append(_Use(index, sign * weight))
        _add(model, uses, total)
        count.add(sum(len(pairs[index].ref) + len(pairs[index].alt) for index in batch))
    return total


def log_background(sequence: str, background: np.ndarray) -> float:
    """Log probability of the residues drawn one by one, (20,) frequencies; unknown ones none."""
    codes = _codes(sequence, "ACDEFGHIKLMNPQRSTVWY")
    return float(np.log(background)[codes[codes >= 0]].sum())


def _batches(pairs: Sequence[Pair]) -> Iterator[range]:
    start, residues = 0, 0
    for index, pair in enumerate(pairs):
        residues += len(pair.ref) + len(pair.alt)
        if residues >= _PLANNED_RESIDUES:
            yield range(start, index + 1)
            start, residues = index + 1, 0
    if start < len(pairs):
        yield range(start, len(pairs))


def _open(
    text: str, touch: tuple[int, int] | None, window: int, overlap: int
) -> Iterator[tuple[tuple[str, int], np.ndarray]]:
    """Windows of a sequence with nothing hidden, and the weight of each of their residues."""
    length = len(text)
    starts = window_starts(length, window, overlap)
    for column, start in enumerate(starts.tolist()):
        end = min(start + window, length)
        if touch is not None and not (start < touch[1] and end > touch[0]):
            continue
        near = slice(max(column - 2, 0), column + 3)  # a place is in neighbouring windows alone
        near = near if overlap <= window // 2 else slice(None)
        weights = window_weights(np.arange(start, end), starts[near], length=length, window=window)
        yield (text[start:end], -1), weights[:, column - (near.start or 0)]


def _hidden(
    text: str, touch: tuple[int, int] | None, window: int, overlap: int
) -> Iterator[tuple[tuple[str, int], np.ndarray]]:
    """Windows centred on each residue, which is hidden and alone counts."""
    length, one = len(text), np.ones(1)
    places = np.arange(length)
    starts = centred_starts(places, np.full(length, length), window)
    if touch is not None:
        places = places[(starts < touch[1]) & (starts + window > touch[0])]
    for place in places.tolist():
        start = int(starts[place])
        yield (text[start : start + window], place - start), one


def _add(model: SequenceModel, uses: dict[tuple[str, int], list[_Use]], total: np.ndarray) -> None:
    """Ask each distinct thing once and add what it says to every pair that uses it."""
    asked = list(uses)
    lengths = np.array([len(text) for text, _ in asked], dtype=np.int64)
    for chunk in chunks(lengths, chunk_residues(model)):
        texts = [asked[i][0] for i in chunk]
        places = [asked[i][1] for i in chunk]
        hiding = places[0] >= 0  # of one method, all do or none
        own = (_hidden_letters if hiding else _letters)(model, texts, places)
        for i, values in zip(chunk, own, strict=True):
            for pair, weight in uses[asked[i]]:
                total[pair] += weight @ values


def _hidden_letters(
    model: SequenceModel, texts: list[str], places: list[int]
) -> list[np.ndarray]:  # fmt: skip
    """Log probability of the letter at each text's place, which is hidden."""
    rows = rows_at(model, texts, places, [[place] for place in places])
    return [
        _own(row, text[place], model.alphabet)
        for row, text, place in zip(rows, texts, places, strict=True)
    ]


def _letters(
    model: SequenceModel, texts: list[str], places: list[int]
) -> Sequence[np.ndarray]:  # fmt: skip
    """Log probability of each letter of each text, nothing hidden."""

    def compute(model: SequenceModel, missing: list[int]) -> list[np.ndarray]:
        seen = [texts[i] for i in missing]
        answers = model.log_probs(seen, [None] * len(seen))
        return [_own(rows, text, model.alphabet) for rows, text in zip(answers, seen, strict=True)]

    return ask(model, texts, ["own letters"] * len(texts), compute)


def _own(rows: np.ndarray, text: str, alphabet: str) -> np.ndarray:
    """Log probability of each letter that is there; 0 where unknown or not covered."""
    codes = _codes(text, alphabet)
    found = rows[np.arange(len(text)), codes].astype(np.float64)
    return np.where((codes < 0) | np.isnan(found), 0.0, found)


def _codes(text: str, alphabet: str) -> np.ndarray:
    table = np.full(128, -1, dtype=np.int64)
    table[[ord(letter) for letter in alphabet_of(alphabet).letters]] = np.arange(len(alphabet))
    return table[np.frombuffer(text.encode("ascii"), dtype=np.uint8)]
