"""Scores of single amino-acid changes from a masked protein model, for the evaluation."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch
from profiles import BLOSUM62
from protein_lm import AMINO_ACID_TOKENS, MASK, PAD, tokens_of
from transformers import EsmForMaskedLM

TOKENS_AT_ONCE = 8192


def windows(changes: pd.DataFrame, sequences: dict[str, np.ndarray], window: int) -> pd.DataFrame:
    """Add the window each change is scored in.

    A protein no longer than `window` is its own window. A longer one is cut into windows that
    overlap by half, and a change goes to the one in which it lies most central.

    Parameters
    ----------
    changes : DataFrame
        Columns ``uniprot``, ``position`` (1-based).
    sequences : dict of str to ndarray
        Encoded sequences.
    window : int
        Residues of a window.

    Returns
    -------
    DataFrame
        With columns ``start`` and ``end``, zero-based, half open.
    """
    length = changes["uniprot"].map({name: len(s) for name, s in sequences.items()}).to_numpy()
    half = window // 2
    step = np.round((changes["position"].to_numpy() - 1 - half) / half).astype(int) * half
    start = np.clip(step, 0, np.maximum(length - window, 0))
    return changes.assign(start=start, end=np.minimum(start + window, length))


def wild_type_scores(
    model: EsmForMaskedLM, changes: pd.DataFrame, sequences: dict[str, np.ndarray], window: int
) -> np.ndarray:
    """Log P(reference) - log P(alternative) from the unmasked sequence, one forward a window."""
    changes = windows(changes.reset_index(drop=True), sequences, window)
    keys = ["uniprot", "start", "end"]
    inputs = [tokens_of(sequences[n][a:b]) for n, a, b in changes.groupby(keys).groups]
    number = changes.groupby(keys).ngroup().to_numpy()
    place = (changes["position"] - changes["start"]).to_numpy()
    return _scores(model, inputs, number, place, changes)


def masked_scores(
    model: EsmForMaskedLM, changes: pd.DataFrame, sequences: dict[str, np.ndarray], window: int
) -> np.ndarray:
    """Log P(reference) - log P(alternative) with the position masked, one forward a position."""
    changes = windows(changes.reset_index(drop=True), sequences, window)
    keys = ["uniprot", "position", "start", "end"]
    inputs = []
    for name, position, start, end in changes.groupby(keys).groups:
        tokens = tokens_of(sequences[name][start:end])
        tokens[position - start] = MASK
        inputs.append(tokens)
    number = changes.groupby(keys).ngroup().to_numpy()
    place = (changes["position"] - changes["start"]).to_numpy()
    return _scores(model, inputs, number, place, changes)


def _scores(
    model: EsmForMaskedLM,
    inputs: list[np.ndarray],
    number: np.ndarray,
    place: np.ndarray,
    changes: pd.DataFrame,
) -> np.ndarray:
    """Log-ratio of each change, given the input it is read in and the token it lies at."""
    score = np.full(len(changes), np.nan)
    reference, alternative = changes["ref"].to_numpy(), changes["alt"].to_numpy()
    rows_of = pd.Series(np.arange(len(changes))).groupby(number).indices
    for batch, log_probs in predictions(model, inputs):
        for line, one in zip(log_probs, batch, strict=True):
            rows = rows_of[one]
            at = place[rows]
            score[rows] = line[at, reference[rows]] - line[at, alternative[rows]]
    return score


@torch.inference_mode()
def predictions(
    model: EsmForMaskedLM, inputs: list[np.ndarray]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Log-probabilities of the twenty residues at every token, in batches alike in length.

    Yields
    ------
    numbers : ndarray of int
        Which inputs the batch holds.
    log_probs : ndarray, shape (inputs, longest, 20)
    """
    order = np.argsort([len(tokens) for tokens in inputs], kind="stable")
    at = 0
    while at < len(order):
        longest = len(inputs[order[at]])
        count = max(1, TOKENS_AT_ONCE // longest)
        numbers = order[at : at + count]
        longest = max(len(inputs[n]) for n in numbers)
        tokens = np.full((len(numbers), longest), PAD)
        for row, n in enumerate(numbers):
            tokens[row, : len(inputs[n])] = inputs[n]
        batch = torch.from_numpy(tokens)
        logits = model(batch, attention_mask=(batch != PAD).long()).logits
        yield numbers, torch.log_softmax(logits[..., AMINO_ACID_TOKENS], dim=-1).numpy()
        at += count


def blosum_scores(changes: pd.DataFrame) -> np.ndarray:
    """Minus the BLOSUM62 score of each change."""
    return -BLOSUM62[changes["ref"], changes["alt"]].astype(float)
