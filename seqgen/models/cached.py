"""A model that remembers on disk what it said, and the one door through which it is asked so."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from seqgen.errors import InputError
from seqgen.models.answer_file import AnswerFile
from seqgen.models.potts import PottsModel
from seqgen.models.protocol import SequenceModel
from seqgen.models.requests import Hidden
from seqgen.models.substitution import SubstitutionModel

#: The environment's word on where the shell keeps answers; ``off`` for nowhere.
VARIABLE = "SEQGEN_CACHE"

Compute = Callable[[SequenceModel, list[int]], Iterable[np.ndarray]]


class CachedModel:
    """A model, and a file of what it has said: only what is missing there is computed.

    An answer is kept under the SHA-256 of the sequence that the model was shown, what was asked
    about it, and the model's revision, precision and runtime; so other proteins, windows,
    weights and arithmetic never meet. It comes back bit for bit as it was computed. Answers to
    one call are kept together, so that a run that was stopped and goes on asks for the same
    batches as one that was not.

    Everything else is the model's own.

    Parameters
    ----------
    model : SequenceModel
    file : AnswerFile

    Attributes
    ----------
    file : AnswerFile
        Of which ``asked`` and ``found`` tell what the cache was good for.
    """

    def __init__(self, model: SequenceModel, file: AnswerFile) -> None:
        self._model = model
        self.file = file

    def __getattr__(self, name: str) -> Any:
        if name == "_model":  # not there yet while a copy is made
            raise AttributeError(name)
        return getattr(self._model, name)

    def __repr__(self) -> str:
        return f"CachedModel({self._model!r}, {str(self.file.path)!r})"

    def log_probs(
        self, sequences: Sequence[str], masked_positions: Sequence[Hidden] | None = None
    ) -> list[np.ndarray]:
        """As the model's own; remembered where nothing is hidden.

        Where positions are hidden, few rows are worth remembering: see `rows_at`.
        """
        if masked_positions is not None and any(one is not None for one in masked_positions):
            return self._model.log_probs(sequences, masked_positions)

        def compute(model: SequenceModel, missing: list[int]) -> list[np.ndarray]:
            return model.log_probs([sequences[i] for i in missing], [None] * len(missing))

        return self.remembered(sequences, ["rows"] * len(sequences), compute)

    def log_probs_at(
        self, sequences: Sequence[str], masked_positions: Sequence[Hidden],
        positions: Sequence[Sequence[int]],
    ) -> list[np.ndarray]:  # fmt: skip
        """Rows of `log_probs` at some positions of each sequence, remembered; see `rows_at`."""
        questions = [f"rows {_told(at)} hidden {_told(hidden)}"
                     for at, hidden in zip(positions, masked_positions, strict=True)]  # fmt: skip

        def compute(model: SequenceModel, missing: list[int]) -> list[np.ndarray]:
            return rows_at(
                model,
                [sequences[i] for i in missing],
                [masked_positions[i] for i in missing],
                [positions[i] for i in missing],
            )

        return self.remembered(sequences, questions, compute)

    def remembered(
        self, sequences: Sequence[str], questions: Sequence[str], compute: Compute
    ) -> list[np.ndarray]:
        """Answers to questions about sequences; those not in the file by ``compute``, and kept.

        Parameters
        ----------
        sequences, questions : sequence of str
            One question about each sequence, with all that its answer depends on but the model.
        compute : callable
            Of the model itself and the places of those that are missing, in one call; arrays
            of one or two dimensions.
        """
        digests = {text: hashlib.sha256(text.encode()).digest()[:16] for text in set(sequences)}
        keys = [digests[text] + hashlib.sha256(question.encode()).digest()[:12]
                for text, question in zip(sequences, questions, strict=True)]  # fmt: skip
        found = self.file.get(keys)
        missing = [i for i, key in enumerate(keys) if key not in found]
        if missing:
            new = list(zip((keys[i] for i in missing), compute(self._model, missing), strict=True))
            self.file.put(new)
            found.update(new)
        return [found[key] for key in keys]


def ask(
    model: SequenceModel, sequences: Sequence[str], questions: Sequence[str], compute: Compute
) -> list[np.ndarray]:
    """Answers to questions about sequences: remembered by a `CachedModel`, else computed.

    Parameters
    ----------
    model : SequenceModel
    sequences, questions, compute
        As in `CachedModel.remembered`.

    Examples
    --------
    >>> ask(SubstitutionModel(), ["MKV"], ["length"], lambda model, places: [np.array([3.0])])
    [array([3.])]
    """
    if isinstance(model, CachedModel):
        return model.remembered(sequences, questions, compute)
    return list(compute(model, list(range(len(sequences)))))


def rows_at(
    model: SequenceModel, sequences: Sequence[str], masked_positions: Sequence[Hidden],
    positions: Sequence[Sequence[int]],
) -> list[np.ndarray]:  # fmt: skip
    """Rows of ``log_probs`` at some 0-based positions of each sequence, (positions, letters).

    A model's own ``log_probs_at`` is asked where it has one, which can spare it the other rows.

    Examples
    --------
    >>> rows_at(SubstitutionModel(), ["MKV"], [1], [[1]])[0].shape
    (1, 20)
    """
    own = getattr(model, "log_probs_at", None)
    if own is not None:
        rows: list[np.ndarray] = own(sequences, masked_positions, positions)
        return rows
    answers = model.log_probs(sequences, masked_positions)
    return [rows[list(at)] for rows, at in zip(answers, positions, strict=True)]


@contextmanager
def cached_model(
    model: SequenceModel, cache: str | os.PathLike[str] | None
) -> Iterator[SequenceModel]:
    """The model with what it said remembered in a folder, while the context lasts.

    Parameters
    ----------
    model : SequenceModel
        Left as it is where it remembers already, or is no network: a substitution matrix and a
        Potts model answer faster than a disk.
    cache : path or None
        The folder, a file for each model in it; None for the model as it is.

    Raises
    ------
    OutputError
        If the folder cannot be written and holds no answers of this model.
    InputError
        If the file in it is damaged or another one.

    Examples
    --------
    >>> import tempfile
    >>> from seqgen.models.registry import load_model
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for _ in range(2):
    ...         with cached_model(load_model("default"), folder) as model:
    ...             rows = model.log_probs(["MKV"])
    ...     model.file.found
    1
    """
    if cache is None or isinstance(model, CachedModel | SubstitutionModel | PottsModel):
        yield model
        return
    if not str(cache):
        raise InputError("cache is empty; expected a folder, or None for no cache")
    with AnswerFile(Path(cache).expanduser(), model.name, _identity(model)) as file:
        yield CachedModel(model, file)


def default_cache() -> Path | None:
    """Where the shell keeps answers: ``SEQGEN_CACHE``, or the system's folder for caches.

    Returns
    -------
    Path or None
        None where ``SEQGEN_CACHE`` is ``off``.
    """
    told = os.environ.get(VARIABLE)
    if told:
        return None if told.lower() == "off" else Path(told).expanduser()
    if sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    elif os.name == "nt":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "seqgen"


def _identity(model: SequenceModel) -> str:
    """All of a model that its answers depend on beyond rounding."""
    members = getattr(model, "models", None) or [model]
    told = {
        "revision": model.revision,
        "alphabet": model.alphabet,
        "arithmetic": [
            [str(getattr(one, name, None)) for name in ("dtype", "runtime")] for one in members
        ],
    }
    return json.dumps(told, sort_keys=True)


def _told(places: Hidden) -> str:
    if places is None:
        return "none"
    several = [places] if isinstance(places, int | np.integer) else places
    return ",".join(str(int(place)) for place in several)
