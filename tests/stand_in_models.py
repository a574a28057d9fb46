"""Models without weights: one whose answers depend on all it is shown, one that counts."""

from __future__ import annotations

import zlib

import numpy as np

from seqgen.schemas import AMINO_ACIDS


class Contextual:
    """Any change of the sequence, or of what is hidden, changes every row."""

    name, revision, alphabet, max_length, masked = "contextual", "1", AMINO_ACIDS, 62, True

    def log_probs(self, sequences, masked_positions=None):
        hidden = masked_positions or [None] * len(sequences)
        return [self._rows(text, places) for text, places in zip(sequences, hidden, strict=True)]

    def embed(self, sequences):
        return [self._rows(text, "embedding") for text in sequences]

    def _rows(self, text, places):
        rng = np.random.default_rng(zlib.crc32(f"{text} {places}".encode()))
        rows = rng.normal(size=(len(text), len(AMINO_ACIDS)))
        return (rows - np.log(np.exp(rows).sum(axis=1, keepdims=True))).astype(np.float32)


class Counting:
    """A model that counts the sequences it is asked about."""

    def __init__(self, model, **others):
        self._model, self.asked = model, 0
        self.__dict__.update(others)

    def __getattr__(self, name):
        if name == "log_probs_at":  # so that all that is asked is counted
            raise AttributeError(name)
        return getattr(self._model, name)

    def log_probs(self, sequences, masked_positions=None):
        self.asked += len(sequences)
        return self._model.log_probs(sequences, masked_positions)

    def embed(self, sequences, **options):
        self.asked += len(sequences)
        return self._model.embed(sequences, **options)
