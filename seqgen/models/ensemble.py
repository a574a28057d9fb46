"""Several models of one alphabet as one: the mean of their log probabilities."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from seqgen.errors import InputError
from seqgen.models.cached import rows_at
from seqgen.models.protocol import SequenceModel
from seqgen.models.requests import Hidden


class EnsembleModel:
    """The mean of the log probabilities of several models, scaled to sum to one.

    The log ratio of two residues is then the mean of the models' own, as the ensemble of the
    five ESM-1v models is. Models whose ratios are on other scales, such as one fitted to an
    alignment, are combined by `seqgen.combine_scores` instead.

    Parameters
    ----------
    models : sequence of SequenceModel
        Two or more of one alphabet, all masked or all causal.
    name : str, optional
        By default the names of the models.

    Attributes
    ----------
    models, name
        As given.
    revision : str
        SHA-256 over those of the models.
    alphabet, max_length, masked, causal
        As in `seqgen.models.protocol.SequenceModel`; the least length of all.

    Raises
    ------
    InputError
        If there are fewer than two, they do not fit together, or one is of one family alone.

    References
    ----------
    Meier et al. (2021), Language models enable zero-shot prediction of the effects of mutations
    on protein function, NeurIPS 34.

    Examples
    --------
    >>> from seqgen.models.registry import load_model
    >>> both = EnsembleModel([load_model("blosum62"), load_model("blosum62")])
    >>> bool(np.allclose(both.log_probs(["MK"])[0], load_model("blosum62").log_probs(["MK"])[0]))
    True
    """

    def __init__(self, models: Sequence[SequenceModel], *, name: str | None = None) -> None:
        self.models = tuple(models)
        _check(self.models)
        first = self.models[0]
        self.name = name or " + ".join(one.name for one in self.models)
        self.source = " + ".join(getattr(one, "source", one.name) for one in self.models)
        self.revision = hashlib.sha256("\n".join(m.revision for m in self.models).encode())\
            .hexdigest()  # fmt: skip
        self.alphabet = first.alphabet
        self.max_length = min(one.max_length for one in self.models)
        self.masked = first.masked
        self.causal = getattr(first, "causal", False)

    def __repr__(self) -> str:
        return f"EnsembleModel({len(self.models)} models: {self.name})"

    def log_probs(
        self, sequences: Sequence[str], masked_positions: Sequence[Hidden] | None = None
    ) -> list[np.ndarray]:
        """Mean log probabilities, scaled to sum to one, (length, letters) for each sequence.

        Raises
        ------
        InputError
            If a sequence or a position to hide is not usable.
        """
        from scipy.special import log_softmax

        answers = [one.log_probs(sequences, masked_positions) for one in self.models]
        return [log_softmax(np.mean(rows, axis=0), axis=1) for rows in zip(*answers, strict=True)]

    def log_probs_at(
        self, sequences: Sequence[str], masked_positions: Sequence[Hidden],
        positions: Sequence[Sequence[int]],
    ) -> list[np.ndarray]:  # fmt: skip
        """Rows of `log_probs` at some 0-based positions of each sequence, (positions, letters).

        Raises
        ------
        InputError
            If a sequence or a position is not usable.
        """
        from scipy.special import log_softmax

        answers = [rows_at(one, sequences, masked_positions, positions) for one in self.models]
        return [log_softmax(np.mean(rows, axis=0), axis=1) for rows in zip(*answers, strict=True)]

    def fits(self, sequences: Sequence[str]) -> np.ndarray:
        """Whether all models have room for the tokens of each sequence, bool, (sequences,)."""
        fits = np.ones(len(sequences), dtype=bool)
        for one in self.models:
            if hasattr(one, "fits"):
                fits &= one.fits(sequences)
        return fits

    def embed(self, sequences: Sequence[str]) -> list[np.ndarray]:
        """The models' embeddings side by side, (length, sum of widths) for each sequence."""
        answers = [one.embed(sequences) for one in self.models]
        return [np.concatenate(rows, axis=1) for rows in zip(*answers, strict=True)]


def _check(models: tuple[SequenceModel, ...]) -> None:
    if len(models) < 2:
        raise InputError(f"models: {len(models)} given; expected two or more for an ensemble")
    kinds = {(one.alphabet, one.masked, getattr(one, "causal", False)) for one in models}
    if len(kinds) > 1:
        told = ", ".join(
            f"{one.name!r} ({'masked' if one.masked else 'causal or without masks'}, "
            f"{len(one.alphabet)} letters)"
            for one in models
        )
        raise InputError(f"models: {told}; expected one alphabet, and all masked or all causal")
    families = [one.name for one in models if getattr(one, "proteins", ())]
    if families:
        raise InputError(
            f"models: {families[0]!r} is of one family, with ratios of a scale of their own; score "
            "with each model and join them by combine_scores"
        )
