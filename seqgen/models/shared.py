"""A model that is asked on the workers of a cluster, each of which has loaded it itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np

from seqgen.errors import InputError, ModelError
from seqgen.models.protocol import SequenceModel
from seqgen.models.registry import load_model
from seqgen.models.requests import Hidden
from seqgen.parallel import client_window, map_tasks

# Residues of a task: seconds of a small model on a core, so that what is asked dwarfs its way.
_TASK_RESIDUES = 16_384
# Tasks that one call is to have for each that is under way, so that few wait for the last.
_CALLS = 4


@dataclass(frozen=True)
class Recipe:
    """How a worker loads the model: `load_model`'s arguments, and the revision it has to have.

    Attributes
    ----------
    names : tuple of str
        One, or those of an ensemble. Folders are found at the same path on every worker.
    revision : str
        Of the loaded model.
    hub_revision, device, dtype, runtime, trust_remote_code, alphabet
        As in `load_model`.
    """

    names: tuple[str, ...]
    revision: str
    dtype: str | None = None
    device: str | None = None
    hub_revision: str | None = None
    runtime: str = "torch"
    trust_remote_code: bool = False
    alphabet: str | None = None

    def load(self) -> SequenceModel:
        """The model.

        Raises
        ------
        ModelError
            If it cannot be loaded here, or is another one.
        """
        model = load_model(
            self.names[0] if len(self.names) == 1 else self.names,
            device=self.device, dtype=self.dtype, runtime=self.runtime,
            revision=self.hub_revision, trust_remote_code=self.trust_remote_code,
            alphabet=self.alphabet,
        )  # fmt: skip
        if model.revision != self.revision:
            raise ModelError(
                f"model {model.name!r} has revision {model.revision} on a worker and "
                f"{self.revision} here; give all machines the same one"
            )
        return model


class SharedModel:
    """A model whose questions are answered by a cluster, in tasks of like size.

    Answers are the model's own: they do not depend on what else is in a batch, to within
    rounding. A worker that dies has its tasks done by another.

    Parameters
    ----------
    model : SequenceModel
        The model, loaded here, of which name, revision and length are read.
    recipe : Recipe
        With which each worker loads it, once.
    client : object
        As `seqgen.parallel.cluster` gives it, or anything that `map_tasks` takes for workers.

    Raises
    ------
    InputError
        For several models of DNA, whose likelihoods are averaged in this process.
    """

    def __init__(self, model: SequenceModel, recipe: Recipe, client: Any) -> None:
        if hasattr(model, "models") and set(model.alphabet) == set("ACGT"):
            raise InputError(
                f"model {model.name!r} is several of DNA, which a cluster cannot average; score "
                "with each on its own, and join the scores by combine_scores"
            )
        self._model = model
        self._recipe = recipe
        self._client = client
        #: Residues that a caller does well to ask about at once.
        self.chunk_residues = _TASK_RESIDUES * _CALLS * client_window(client)

    def __getattr__(self, name: str) -> Any:
        if name == "_model":  # not there yet while a copy is made
            raise AttributeError(name)
        own = getattr(self._model, name)
        if name in ("log_likelihoods", "summarise", "log_probs_at"):
            return partial(self._ask, name)
        return own

    def __repr__(self) -> str:
        return f"SharedModel({self._model!r})"

    def log_probs(
        self, sequences: Sequence[str], masked_positions: Sequence[Hidden] | None = None
    ) -> list[np.ndarray]:
        """As the model's own."""
        hidden = [None] * len(sequences) if masked_positions is None else masked_positions
        return self._ask("log_probs", sequences, hidden)

    def embed(self, sequences: Sequence[str], **options: Any) -> list[np.ndarray]:
        """As the model's own."""
        return self._ask("embed", sequences, **options)

    def _ask(self, method: str, sequences: Sequence[str], *others: Sequence, **options: Any) -> Any:
        """Answers to sequences and what goes with each of them, in order."""
        lengths = np.array([len(text) for text in sequences], dtype=np.int64)
        part = np.cumsum(lengths) // _TASK_RESIDUES
        parts = np.split(np.arange(len(lengths)), np.flatnonzero(np.diff(part)) + 1)
        tasks = [
            tuple([column[i] for i in places] for column in (sequences, *others))
            for places in parts
        ]
        answer = partial(_answer, self._recipe, method, options)
        return [one for found in map_tasks(answer, tasks, workers=self._client) for one in found]


@cache
def _loaded(recipe: Recipe) -> SequenceModel:
    return recipe.load()


def _answer(recipe: Recipe, method: str, options: dict, columns: tuple[list, ...]) -> list:
    return list(getattr(_loaded(recipe), method)(*columns, **options))
