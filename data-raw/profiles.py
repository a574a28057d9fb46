"""Homolog profiles: what residues the relatives of a protein have at each of its positions.

A profile mixes the weighted residue counts of the aligned homologs with pseudocounts from the
BLOSUM62 conditional distribution, the more of the latter the fewer homologs there are. With no
homologs at all the profile is nearly the BLOSUM62 row of the wild-type residue, so predicting a
profile from the residue alone is knowing the substitution matrix.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np

AMINO_ACIDS = "ACDEFGHIKLMNPQRSTVWY"
OTHER = 20
GAP = 21
BLOSUM62 = np.array(
    [
        [4, 0, -2, -1, -2, 0, -2, -1, -1, -1, -1, -2, -1, -1, -1, 1, 0, 0, -3, -2],
        [0, 9, -3, -4, -2, -3, -3, -1, -3, -1, -1, -3, -3, -3, -3, -1, -1, -1, -2, -2],
        [-2, -3, 6, 2, -3, -1, -1, -3, -1, -4, -3, 1, -1, 0, -2, 0, -1, -3, -4, -3],
        [-1, -4, 2, 5, -3, -2, 0, -3, 1, -3, -2, 0, -1, 2, 0, 0, -1, -2, -3, -2],
        [-2, -2, -3, -3, 6, -3, -1, 0, -3, 0, 0, -3, -4, -3, -3, -2, -2, -1, 1, 3],
        [0, -3, -1, -2, -3, 6, -2, -4, -2, -4, -3, 0, -2, -2, -2, 0, -2, -3, -2, -3],
        [-2, -3, -1, 0, -1, -2, 8, -3, -1, -3, -2, 1, -2, 0, 0, -1, -2, -3, -2, 2],
        [-1, -1, -3, -3, 0, -4, -3, 4, -3, 2, 1, -3, -3, -3, -3, -2, -1, 3, -3, -1],
        [-1, -3, -1, 1, -3, -2, -1, -3, 5, -2, -1, 0, -1, 1, 2, 0, -1, -2, -3, -2],
        [-1, -1, -4, -3, 0, -4, -3, 2, -2, 4, 2, -3, -3, -2, -2, -2, -1, 1, -2, -1],
        [-1, -1, -3, -2, 0, -3, -2, 1, -1, 2, 5, -2, -2, 0, -1, -1, -1, 1, -1, -1],
        [-2, -3, 1, 0, -3, 0, 1, -3, 0, -3, -2, 6, -2, 0, 0, 1, 0, -3, -4, -2],
        [-1, -3, -1, -1, -4, -2, -2, -3, -1, -3, -2, -2, 7, -1, -2, -1, -1, -2, -4, -3],
        [-1, -3, 0, 2, -3, -2, 0, -3, 1, -2, 0, 0, -1, 5, 1, 0, -1, -2, -2, -1],
        [-1, -3, -2, 0, -3, -2, 0, -3, 2, -2, -1, 0, -2, 1, 5, -1, -1, -3, -3, -2],
        [1, -1, 0, 0, -2, 0, -1, -2, 0, -2, -1, 1, -1, 0, -1, 4, 1, -2, -3, -2],
        [0, -1, -1, -1, -2, -2, -2, -1, -1, -1, -1, 0, -1, -1, -1, 1, 5, 0, -2, -2],
        [0, -1, -3, -2, -1, -3, -3, 3, -2, 1, 1, -3, -2, -2, -3, -2, 0, 4, -3, -1],
        [-3, -2, -4, -3, 1, -2, -2, -3, -3, -2, -1, -4, -4, -2, -3, -3, -2, -3, 11, 2],
        [-2, -2, -3, -2, 3, -3, 2, -1, -2, -1, -1, -2, -3, -1, -2, -2, -2, -1, 2, 7],
    ]
)
# Robinson and Robinson 1991, the background NCBI BLAST uses; order of AMINO_ACIDS.
BACKGROUND = np.array(
    [
        0.07805, 0.01925, 0.05364, 0.06295, 0.03856, 0.07377, 0.02199, 0.05142, 0.05744, 0.09019,
        0.02243, 0.04487, 0.05203, 0.04264, 0.05129, 0.07120, 0.05841, 0.06441, 0.01330, 0.03216,
    ]
)  # fmt: skip
BLOSUM62_LAMBDA = 0.3176
LONELY_SHARE, HALF_DEPTH = 0.9, 10.0
# Frequencies are kept as square roots in so many steps.
FREQUENCY_STEPS = 31
_LETTERS = np.full(256, OTHER, dtype=np.uint8)
_LETTERS[np.frombuffer(AMINO_ACIDS.encode(), dtype=np.uint8)] = np.arange(20)
_STEP = re.compile(r"(\d+)([MID])")


class Hit(NamedTuple):
    """One alignment of the query with a target, zero-based starts."""

    target: str
    query_start: int
    target_start: int
    cigar: str


def encode(sequence: str) -> np.ndarray:
    """Residue numbers of a sequence in the order of AMINO_ACIDS, 20 for any other letter."""
    return _LETTERS[np.frombuffer(sequence.encode(), dtype=np.uint8)]


def blosum_conditional() -> np.ndarray:
    """P(column residue | row residue) implied by BLOSUM62, shape (20, 20)."""
    joint = np.outer(BACKGROUND, BACKGROUND) * np.exp(BLOSUM62_LAMBDA * BLOSUM62)
    return joint / joint.sum(axis=1, keepdims=True)


def align(query: np.ndarray, hits: list[Hit], targets: dict[str, np.ndarray]) -> np.ndarray:
    """The query and its homologs in the query's columns, uint8 of shape (1 + hits, length)."""
    rows = np.full((len(hits) + 1, len(query)), GAP, dtype=np.uint8)
    rows[0] = query
    for row, hit in zip(rows[1:], hits, strict=True):
        target = targets[hit.target]
        at, there = hit.query_start, hit.target_start
        for length, kind in _STEP.findall(hit.cigar):
            step = int(length)
            if kind == "M":
                row[at : at + step] = target[there : there + step]
            at += step if kind != "D" else 0
            there += step if kind != "I" else 0
    return rows


def _position_counts(rows: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted residue counts of each column, shape (length, 20)."""
    length = rows.shape[1]
    cell = np.arange(length) * 22 + rows.astype(np.int64)
    spread = np.broadcast_to(weights[:, None], rows.shape)
    counts = np.bincount(cell.ravel(), weights=spread.ravel(), minlength=length * 22)
    return counts.reshape(length, 22)[:, :20]


def sequence_weights(rows: np.ndarray) -> np.ndarray:
    """Henikoff position-based weights, averaged over the columns a sequence covers.

    References
    ----------
    Henikoff and Henikoff 1994, Journal of Molecular Biology 243:574.
    """
    counts = _position_counts(rows, np.ones(len(rows)))
    kinds = np.maximum((counts > 0).sum(axis=1, keepdims=True), 1)
    share = np.zeros((rows.shape[1], 22))
    share[:, :20] = 1.0 / (kinds * np.maximum(counts, 1.0))
    values = share[np.arange(rows.shape[1]), rows]
    covered = np.maximum((rows < OTHER).sum(axis=1), 1)
    return values.sum(axis=1) / covered


def identities(rows: np.ndarray) -> np.ndarray:
    """Share of the residues a sequence has in common with the first one, where it is aligned."""
    known = rows < OTHER
    same = ((rows == rows[0]) & known).sum(axis=1)
    return same / np.maximum(known.sum(axis=1), 1)


def homolog_frequencies(
    query: np.ndarray, hits: list[Hit], targets: dict[str, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Residue frequencies among the homologs and their number at each position of the query.

    A sequence counts with its Henikoff weight times the square of its identity with the query.

    Parameters
    ----------
    query : ndarray of uint8, shape (length,)
    hits : list of Hit
    targets : dict of str to ndarray of uint8
        Encoded sequences of the targets.

    Returns
    -------
    frequencies : ndarray of uint8, shape (length, 20)
        Square roots in `FREQUENCY_STEPS`; all zero where no sequence has one of the twenty.
    depth : ndarray of int16, shape (length,)
        Number of sequences aligned at each position, the query included.
    """
    rows = align(query, hits, targets)
    weights = sequence_weights(rows) * identities(rows) ** 2
    counts = _position_counts(rows, weights)
    total = counts.sum(axis=1, keepdims=True)
    frequencies = np.where(total > 0, counts / np.maximum(total, 1e-12), 0.0)
    depth = np.maximum((rows < OTHER).sum(axis=0), 1)
    return np.round(np.sqrt(frequencies) * FREQUENCY_STEPS).astype(np.uint8), depth.astype(np.int16)


def profile(frequencies: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """Residue distributions of kept frequencies and depths, float64 of shape (length, 20).

    The share of the pseudocounts falls with the number of sequences aligned at the position.
    """
    kept = (frequencies.astype(float) / FREQUENCY_STEPS) ** 2
    total = kept.sum(axis=1, keepdims=True)
    kept = np.where(total > 0, kept / np.maximum(total, 1e-12), BACKGROUND / BACKGROUND.sum())
    share = pseudocount_share(depth.astype(float))[:, None]
    return (1.0 - share) * kept + share * (kept @ blosum_conditional())


def pseudocount_share(depth):
    """Share of the pseudocounts in the profile where `depth` sequences are aligned."""
    return LONELY_SHARE * HALF_DEPTH / (HALF_DEPTH + depth)
