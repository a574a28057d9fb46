"""What a model is asked, each thing once, and its answers put where they belong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from seqgen.models.cached import rows_at
from seqgen.models.protocol import SequenceModel
from seqgen.models.windows import centred_starts, window_starts, window_weights
from seqgen.schemas import AMINO_ACIDS

CHUNK_RESIDUES = 16_384

Progress = Callable[[int, int], None]


class Requests(NamedTuple):
    """What the model is asked: a window of a protein each, with or without a hidden position.

    ``protein`` (index), ``start``, ``length``, ``hidden`` (0-based in the window, -1 for none)
    and, where a residue is replaced, its ``place`` in the window and the new ``letter`` have one
    entry per request.
    """

    protein: np.ndarray
    start: np.ndarray
    length: np.ndarray
    hidden: np.ndarray
    place: np.ndarray | None = None
    letter: np.ndarray | None = None


#: Requests; then for each reading its row, request and weight, those of a row summing to one.
Plan = tuple[Requests, np.ndarray, np.ndarray, np.ndarray]


def plan_masked(
    protein: np.ndarray, place: np.ndarray, lengths: np.ndarray, window: int, overlap: int
) -> Plan:
    """One request per distinct position; rows, their requests, and weights of one."""
    (which, hidden), request = _distinct(protein, place)
    start = centred_starts(hidden, lengths[which], window)
    requests = Requests(which, start, np.minimum(lengths[which], window), hidden - start)
    return requests, np.arange(len(protein)), request, np.ones(len(protein))


def plan_mutant(changes: pd.DataFrame, protein: np.ndarray, lengths: np.ndarray,
                window: int) -> Plan:  # fmt: skip
    """One request per distinct change, the residue replaced, in the window centred on it."""
    place = changes["position"].to_numpy(dtype=np.int64) - 1
    letter = pd.Index(list(AMINO_ACIDS)).get_indexer(pd.Index(changes["alt_aa"]))
    (which, place, letter), request = _distinct(protein, place, letter)
    start = centred_starts(place, lengths[which], window)
    requests = Requests(
        which, start, np.minimum(lengths[which], window), np.full(len(which), -1),
        place - start, np.array(list(AMINO_ACIDS))[letter],
    )  # fmt: skip
    return requests, np.arange(len(protein)), request, np.ones(len(protein))


def plan_wild_type(
    protein: np.ndarray, place: np.ndarray, lengths: np.ndarray, window: int, overlap: int
) -> Plan:
    """One request per needed window; (row, request, weight) for each window over each row."""
    rows, whole, starts, weights = [], [], [], []
    for index in np.unique(protein):
        of_protein = np.flatnonzero(protein == index)
        length = int(lengths[index])
        begin = window_starts(length, window, overlap)
        # Each place once: of a giant protein all substitutions times all windows fill memory.
        distinct, inverse = np.unique(place[of_protein], return_inverse=True)
        share = window_weights(distinct, begin, length=length, window=window)
        over, column = np.nonzero(share)
        each = np.bincount(over, minlength=len(distinct))
        count = each[inverse]
        within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        entry = np.repeat((np.cumsum(each) - each)[inverse], count) + within
        rows.append(np.repeat(of_protein, count))
        whole.append(np.full(len(entry), index))
        starts.append(begin[column[entry]])
        weights.append(share[over[entry], column[entry]])
    (which, start), request = _distinct(np.concatenate(whole), np.concatenate(starts))
    requests = Requests(which, start, np.minimum(lengths[which], window), np.full(len(which), -1))
    return requests, np.concatenate(rows), request, np.concatenate(weights)


def _distinct(*numbers: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
    """Distinct tuples of numbers from 0 on, and the place of each among them.

    One number stands for a tuple: sorting those is ten times as fast as sorting rows.
    """
    sizes = [int(one.max(initial=0)) + 1 for one in numbers]
    joined = np.zeros(len(numbers[0]), dtype=np.int64)
    for one, size in zip(numbers, sizes, strict=True):
        joined = joined * size + one
    distinct, place = np.unique(joined, return_inverse=True)
    parts = []
    for size in sizes[::-1]:
        distinct, part = np.divmod(distinct, size)
        parts.append(part)
    return parts[::-1], place


class Counter:
    """What is done out of all, residues or variants, told to the caller after each chunk."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress, self.done, self._total = progress, 0, total

    def add(self, residues: int) -> None:
        """Count residues as done and tell."""
        self.done += residues
        if self._progress is not None:
            self._progress(self.done, self._total)


def values_of(
    model: SequenceModel, proteins: list[str], requests: Requests,
    wanted: tuple[np.ndarray, np.ndarray], count: Counter,
) -> np.ndarray:  # fmt: skip
    """Log probabilities, (n, 20), at ``wanted`` (request, 0-based place in its window)."""
    request, place = wanted
    # Of an unchanged sequence all is of use, to other changes too; else the one place is.
    whole = requests.place is None and bool((requests.hidden < 0).all())
    result = np.empty((len(request), len(AMINO_ACIDS)))
    columns = [model.alphabet.index(residue) for residue in AMINO_ACIDS]
    by_request = np.argsort(request, kind="stable")
    bounds = np.searchsorted(request[by_request], np.arange(len(requests.start) + 1))
    for chunk in chunks(requests.length, chunk_residues(model)):
        texts = [_text(proteins, requests, i) for i in chunk]
        hidden = [None if requests.hidden[i] < 0 else int(requests.hidden[i]) for i in chunk]
        mine = [by_request[bounds[i] : bounds[i + 1]] for i in chunk]
        if whole:
            answers = model.log_probs(texts, hidden)
            rows = [answer[place[own]] for answer, own in zip(answers, mine, strict=True)]
        else:
            rows = rows_at(model, texts, hidden, [place[own[:1]].tolist() for own in mine])
        for own, values in zip(mine, rows, strict=True):
            result[own] = values[:, columns]
        count.add(int(requests.length[chunk].sum()))
    return result


def _text(proteins: list[str], requests: Requests, i: int) -> str:
    """What the model is shown for a request."""
    start = requests.start[i]
    text = proteins[requests.protein[i]][start : start + requests.length[i]]
    if requests.place is None or requests.letter is None:
        return text
    place = requests.place[i]
    return text[:place] + str(requests.letter[i]) + text[place + 1 :]


def chunk_residues(model: SequenceModel) -> int:
    """Residues to ask a model about at once: more of one that shares them out."""
    return max(CHUNK_RESIDUES, getattr(model, "chunk_residues", 0))


def chunks(lengths: np.ndarray, residues: int = CHUNK_RESIDUES) -> Iterator[np.ndarray]:
    """Indices of requests, longest first, in chunks of a bounded number of residues."""
    order = np.argsort(-lengths, kind="stable")
    chunk = np.cumsum(lengths[order]) // residues
    yield from np.split(order, np.flatnonzero(np.diff(chunk)) + 1)


def ratios_of(values: np.ndarray, changes: pd.DataFrame) -> np.ndarray:
    """Log p(alternative) - log p(reference) for each row of values."""
    residues = pd.Index(list(AMINO_ACIDS))
    row = np.arange(len(values))
    alt = values[row, residues.get_indexer(pd.Index(changes["alt_aa"]))]
    return alt - values[row, residues.get_indexer(pd.Index(changes["ref_aa"]))]
