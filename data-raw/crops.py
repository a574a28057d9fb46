"""Batches of sequence crops with homolog profiles as targets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from profiles import pseudocount_share
from protein_lm import CLS, EOS, MASK, PAD, TOKEN_OF_RESIDUE

MASKED_SHARE = 0.15
MASKED_EVERY = 4
LEAST_WEIGHT = 0.2
BATCHES_SORTED_TOGETHER = 16


class Batch(NamedTuple):
    """One training batch.

    Attributes
    ----------
    tokens : ndarray of int64, shape (crops, longest + 2)
        Input, start and end tokens included, padded.
    targets : ndarray of float32, shape (residues, 20)
        Profiles of the residues the loss is taken at.
    weights : ndarray of float32, shape (residues,)
        Weight of each of them in the loss.
    places : ndarray of int64, shape (residues,)
        Where they lie in the flattened `tokens`.
    masked : ndarray of bool, shape (residues,)
        Which of them are masked.
    """

    tokens: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    places: np.ndarray
    masked: np.ndarray


class Corpus:
    """The proteins of one split, memory-mapped.

    Parameters
    ----------
    folder : Path
        Where ``build_corpus.py`` left its files.
    split : str
        Which proteins: ``train``, ``held_out`` or ``tem1``.
    """

    def __init__(self, folder: Path, split: str) -> None:
        table = pd.read_parquet(folder / "proteins.parquet")
        self.table = table[table["split"] == split].reset_index(drop=True)
        self.residues = np.load(folder / "residues.npy", mmap_mode="r")
        self.profiles = np.load(folder / "profiles.npy", mmap_mode="r")
        self.depths = np.load(folder / "depths.npy", mmap_mode="r")

    def tile(self, length: int, rng: np.random.Generator) -> np.ndarray:
        """Crops that cover every protein once, cut at a random phase: starts and ends, shuffled."""
        pieces = []
        for start, size in zip(self.table["start"], self.table["length"], strict=True):
            first = int(rng.integers(1, length + 1)) if size > length else size
            cuts = np.concatenate([[0], np.arange(first, size, length), [size]]) + start
            pieces.append(np.stack([cuts[:-1], cuts[1:]], axis=1))
        crops = np.concatenate(pieces)
        return rng.permutation(crops[crops[:, 1] - crops[:, 0] >= 16])

    def batch(self, crops: np.ndarray, rng: np.random.Generator) -> Batch:
        """Tokens, targets and weights of some crops; one crop in four is masked."""
        longest = int((crops[:, 1] - crops[:, 0]).max())
        tokens = np.full((len(crops), longest + 2), PAD, dtype=np.int64)
        tokens[:, 0] = CLS
        targets, weights, places, masked = [], [], [], []
        for row, (start, end) in enumerate(crops):
            residues = self.residues[start:end]
            line = TOKEN_OF_RESIDUE[residues]
            hidden = rng.random(len(line)) < MASKED_SHARE * (row % MASKED_EVERY == 0)
            tokens[row, 1 : len(line) + 1] = np.where(hidden, MASK, line)
            tokens[row, len(line) + 1] = EOS
            known = np.flatnonzero(residues < 20)
            depth = self.depths[start:end][known].astype(np.float32)
            targets.append(self.profiles[start:end][known].astype(np.float32))
            weights.append(depth_weight(depth))
            masked.append(hidden[known])
            places.append(row * (longest + 2) + 1 + known)
        parts = (np.concatenate(part) for part in (targets, weights, places, masked))
        return Batch(tokens, *parts)


def depth_weight(depth: np.ndarray) -> np.ndarray:
    """Weight of a residue in the loss: low where few homologs say more than BLOSUM62 does."""
    return np.maximum(1.0 - pseudocount_share(depth), LEAST_WEIGHT)


def group(crops: np.ndarray, tokens: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Cut a list of crops into batches of about `tokens` tokens, alike in length.

    Crops are sorted within a window of several batches only, and the batches of a window come in
    random order, so short proteins do not come together.
    """
    window = BATCHES_SORTED_TOGETHER * max(1, tokens // int((crops[:, 1] - crops[:, 0]).max()))
    for first in range(0, len(crops), window):
        part = crops[first : first + window]
        part = part[np.argsort(part[:, 1] - part[:, 0], kind="stable")]
        sizes = part[:, 1] - part[:, 0] + 2
        batches, at = [], 0
        while at < len(part):
            count = _fitting(sizes[at:], tokens)
            batches.append(part[at : at + count])
            at += count
        for number in rng.permutation(len(batches)):
            yield batches[number]


def _fitting(sizes: np.ndarray, tokens: int) -> int:
    """How many of the sorted sizes fit into one padded batch."""
    padded = sizes * np.arange(1, len(sizes) + 1)
    return max(1, int(np.searchsorted(padded, tokens, side="right")))
