"""One vector per protein from a language model: the mean over its residues."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.models.protocol import SequenceModel
from seqgen.models.windows import window_starts, window_weights
from seqgen.residues import clean_sequence

Progress = Callable[[int, int], None]

_NAMES = ("uniprot", "name")
# Of one call of the model: bounds the memory that holds its answers.
_CHUNK_RESIDUES = 16_384


def embed_proteins(
    proteins: pd.DataFrame | Mapping[str, str],
    model: SequenceModel,
    *,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Mean over the residues of a model's last layer, one row per protein.

    A protein longer than the model takes is covered by windows of that length which overlap by
    half; a residue in several has their mean, weighted as `seqgen.models.windows` has it, so
    that a window fades in and out. Then all residues count alike.

    Parameters
    ----------
    proteins : DataFrame or mapping
        Columns ``uniprot`` (or ``name``) and ``sequence``, such as ``seqgen.human_proteins()``,
        or name to sequence. U is read as C, O as K, and B, Z, J, X as unknown.
    model : SequenceModel
        Any with ``embed``.
    progress : callable, optional
        Called as ``progress(done, total)`` with residues run through the model.

    Returns
    -------
    DataFrame
        float32, columns ``e0``, ``e1``, ..., indexed by protein in the order given.

    Raises
    ------
    InputError
        If columns are missing, there is no protein, a name comes twice with different
        sequences, or a sequence is no protein.

    Examples
    --------
    >>> from seqgen.models.substitution import SubstitutionModel
    >>> embed_proteins({"P1": "MKV", "P2": "WW"}, SubstitutionModel()).shape
    (2, 20)
    """
    label, sequences = _sequences(proteins)
    names = list(sequences)
    cleaned = [clean_sequence(text, f"protein {name}") for name, text in sequences.items()]
    protein, start, length = _windows(cleaned, model.max_length)
    total, done, sums = int(length.sum()), 0, None
    for chunk in _chunks(length):
        texts = [cleaned[protein[k]][start[k] : start[k] + length[k]] for k in chunk]
        for k, rows in zip(chunk, model.embed(texts), strict=True):
            if sums is None:
                sums = np.zeros((len(names), rows.shape[1]))
            share = _shares(len(cleaned[protein[k]]), int(start[k]), model.max_length)
            sums[protein[k]] += share @ rows.astype(np.float64)
        done += int(length[chunk].sum())
        if progress is not None:
            progress(done, total)
    assert sums is not None, "there is a protein, so there is a window"
    index = pd.Index(names, dtype="str", name=label)
    columns = [f"e{k}" for k in range(sums.shape[1])]
    return pd.DataFrame(sums.astype(np.float32), index=index, columns=columns)


def _sequences(proteins: pd.DataFrame | Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """What the names are, and name to sequence, each name once."""
    if isinstance(proteins, pd.DataFrame):
        label = next((name for name in _NAMES if name in proteins), None)
        if label is None or "sequence" not in proteins:
            raise InputError(
                f"proteins: columns {', '.join(map(str, proteins.columns)) or 'none'}; expected "
                f"{' or '.join(_NAMES)}, and sequence"
            )
        given = proteins[[label, "sequence"]].drop_duplicates()
        twice = given[label].duplicated()
        if twice.any():
            raise InputError(
                f"proteins: {given[label][twice].iloc[0]!r} has more than one sequence; keep one"
            )
        sequences = dict(zip(given[label], given["sequence"], strict=True))
    elif isinstance(proteins, Mapping):
        label, sequences = "protein", dict(proteins)
    else:
        raise InputError(
            f"proteins is of type {type(proteins).__name__}; expected a table of {_NAMES[0]} and "
            "sequence, or a mapping of name to sequence"
        )
    if not sequences:
        raise InputError("proteins: none; expected at least one name and sequence")
    for name, text in sequences.items():
        if not isinstance(name, str) or not isinstance(text, str):
            raise InputError(f"proteins: {name!r} has sequence {text!r}; expected two texts")
    return label, sequences


def _windows(sequences: list[str], window: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Protein, start and length of every stretch the model is shown."""
    starts = [window_starts(len(text), window, window // 2) for text in sequences]
    count = np.array([len(each) for each in starts])
    lengths = np.array([min(len(text), window) for text in sequences])
    protein = np.repeat(np.arange(len(sequences)), count)
    return protein, np.concatenate(starts), lengths[protein]


def _shares(length: int, start: int, window: int) -> np.ndarray:
    """What each residue of a window counts in the protein's mean."""
    if length <= window:
        return np.full(length, 1.0 / length)
    starts = window_starts(length, window, window // 2)
    places = np.arange(start, start + window)
    weights = window_weights(places, starts, length=length, window=window)
    return weights[:, int(np.searchsorted(starts, start))] / length


def _chunks(lengths: np.ndarray) -> Iterator[np.ndarray]:
    """Places of windows, longest first, a bounded number of residues at a time."""
    order = np.argsort(-lengths, kind="stable")
    chunk = np.cumsum(lengths[order]) // _CHUNK_RESIDUES
    yield from np.split(order, np.flatnonzero(np.diff(chunk)) + 1)
