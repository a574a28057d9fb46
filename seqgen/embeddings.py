"""Embeddings of proteins from a model: one vector each, all residues to a file, and neighbours."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.models.cached import ask, cached_model
from seqgen.models.protocol import SequenceModel
from seqgen.models.windows import window_starts, window_weights
from seqgen.parallel import Shard, shard_slice
from seqgen.residues import clean_sequence, refuse_dna

Progress = Callable[[int, int], None]

POOLING = ("mean", "cls", "attention")

_NAMES = ("uniprot", "name")
# Of one call of the model: bounds the memory that holds its answers.
_CHUNK_RESIDUES = 16_384
_QUERIES = 256


def embed_proteins(
    proteins: pd.DataFrame | Mapping[str, str],
    model: SequenceModel,
    *,
    pooling: str = "mean",
    layer: int = -1,
    shard: Shard | None = None,
    progress: Progress | None = None,
    cache: str | os.PathLike[str] | None = None,
) -> pd.DataFrame:
    """One vector for each protein: a layer of a model, pooled over the residues.

    A protein longer than the model takes is covered by windows of that length which overlap by
    half; a residue in several has their mean, weighted as `seqgen.models.windows` has it, so
    that a window fades in and out.

    Parameters
    ----------
    proteins : DataFrame or mapping
        Columns ``uniprot`` (or ``name``) and ``sequence``, such as ``seqgen.human_proteins()``,
        or name to sequence. U is read as C, O as K, and B, Z, J, X as unknown.
    model : SequenceModel
        Any with ``embed``.
    pooling : {"mean", "cls", "attention"}
        ``mean``: all residues count alike. ``cls``: the vector of the token that the model puts
        first, of a long protein the mean over its windows. ``attention``: each residue counts by
        the attention it gets in the last layer from all residues, over all heads; nothing is
        trained for it.
    layer : int
        0 for what enters the model's first block, 1 for what leaves it; -1 for the last.
    shard : tuple (i, N), optional
        Embed the i-th of N parts of the proteins.
    progress : callable, optional
        Called as ``progress(done, total)`` with residues run through the model.
    cache : path, optional
        Folder in which embeddings are kept, and looked up before the model is asked: a call that
        was stopped goes on where it was. By default nothing is kept.

    Returns
    -------
    DataFrame
        float32, columns ``e0``, ``e1``, ..., indexed by protein in the order given.

    Raises
    ------
    InputError
        If columns are missing, there is no protein, a name comes twice with different
        sequences, a sequence is no protein, the model has no such layer, first token or
        attention, or a file of the cache is damaged.
    OutputError
        If the cache cannot be written at all.

    Examples
    --------
    >>> from seqgen.models.substitution import SubstitutionModel
    >>> embed_proteins({"P1": "MKV", "P2": "WW"}, SubstitutionModel()).shape
    (2, 20)
    """
    if pooling not in POOLING:
        raise InputError(f"pooling is {pooling!r}; expected one of {', '.join(POOLING)}")
    label, sequences = _sequences(proteins)
    names = list(sequences)[shard_slice(len(sequences), shard, what="proteins")]
    cleaned = [clean_sequence(sequences[name], f"protein {name}") for name in names]
    protein, start, length = _windows(cleaned, model.max_length)
    total, done = int(length.sum()), 0
    sums, weights = None, np.zeros(len(names))
    with cached_model(model, cache) as asked:
        for chunk in _chunks(length):
            texts = [cleaned[protein[k]][start[k] : start[k] + length[k]] for k in chunk]
            places = [(len(cleaned[protein[k]]), int(start[k])) for k in chunk]
            for k, found in zip(chunk, _pooled(asked, texts, places, pooling=pooling, layer=layer),
                                strict=True):  # fmt: skip
                sums = np.zeros((len(names), len(found) - 1)) if sums is None else sums
                sums[protein[k]] += found[:-1]
                weights[protein[k]] += found[-1]
            done += int(length[chunk].sum())
            if progress is not None:
                progress(done, total)
    assert sums is not None, "there is a protein, so there is a window"
    index = pd.Index(names, dtype="str", name=label)
    columns = [f"e{k}" for k in range(sums.shape[1])]
    means = (sums / weights[:, None]).astype(np.float32)
    table = pd.DataFrame(means, index=index, columns=columns)
    table.attrs["embedding"] = {
        "model": model.name, "revision": model.revision, "pooling": pooling, "layer": layer
    }  # fmt: skip
    return table


def embed_residues(
    proteins: pd.DataFrame | Mapping[str, str],
    model: SequenceModel,
    path: str | os.PathLike[str],
    *,
    layer: int = -1,
    progress: Progress | None = None,
) -> Path:
    """Write one vector for each residue of each protein to a safetensors file.

    One tensor per protein under its name, (length, width) in float32, written as it is computed:
    memory holds a few proteins, however many there are. Long proteins as in `embed_proteins`.

    Parameters
    ----------
    proteins, model, layer, progress
        As in `embed_proteins`.
    path : path
        The file, written whole or not at all; `read_residue_embeddings` reads it.

    Returns
    -------
    Path
        Where the file is.

    Raises
    ------
    InputError
        As `embed_proteins`.
    OutputError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from seqgen.models.substitution import SubstitutionModel
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = embed_residues({"P1": "MKV"}, SubstitutionModel(), f"{folder}/residues")
    ...     read_residue_embeddings(path)["P1"].shape
    (3, 20)
    """
    from seqgen.models.embedding_files import EmbeddingWriter

    _, sequences = _sequences(proteins)
    cleaned = {name: clean_sequence(text, f"protein {name}") for name, text in sequences.items()}
    # Longest first, so that what does not fit into memory fails at once.
    order = sorted(cleaned, key=lambda name: -len(cleaned[name]))
    lengths = np.array([len(cleaned[name]) for name in order])
    told = {"model": model.name, "revision": model.revision, "layer": str(layer)}
    done, total = 0, int(lengths.sum())
    with EmbeddingWriter(path, dict(zip(order, lengths.tolist(), strict=True)), told) as writer:
        for chunk in np.split(
            np.arange(len(order)),
            np.flatnonzero(np.diff(np.cumsum(lengths) // _CHUNK_RESIDUES)) + 1,
        ):
            for k, rows in zip(chunk, _residues(model, [cleaned[order[k]] for k in chunk], layer),
                               strict=True):  # fmt: skip
                writer.add(order[k], rows)
            done += int(lengths[chunk].sum())
            if progress is not None:
                progress(done, total)
    return Path(path)


def read_residue_embeddings(
    path: str | os.PathLike[str], names: Sequence[str] | None = None
) -> dict[str, np.ndarray]:
    """Vectors of residues that `embed_residues` wrote, (length, width) for each protein.

    Parameters
    ----------
    path : path
    names : sequence of str, optional
        The proteins wanted; by default all. Only these are read.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If the file is damaged or lacks a protein.
    """
    from seqgen.models.embedding_files import read_embeddings

    return read_embeddings(path, names)


def nearest_proteins(
    embeddings: pd.DataFrame, *, queries: Sequence[str] | None = None, k: int = 10
) -> pd.DataFrame:
    """The proteins whose embeddings are nearest by cosine.

    Parameters
    ----------
    embeddings : DataFrame
        As `embed_proteins` gives it: a row per protein.
    queries : sequence of str, optional
        The proteins whose neighbours are wanted; by default all.
    k : int
        Neighbours of each, at most all others.

    Returns
    -------
    DataFrame
        ``query``, ``protein``, ``rank`` (from 1) and ``cosine``, best first for each query.

    Raises
    ------
    InputError
        If a query has no row, a name comes twice, a row is zero or missing, or ``k`` is less
        than 1.

    Examples
    --------
    >>> vectors = pd.DataFrame([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]], index=["a", "b", "c"])
    >>> nearest_proteins(vectors, queries=["a"], k=1)["protein"].tolist()
    ['b']
    """
    names = embeddings.index
    if k < 1 or len(names) < 2:
        raise InputError(f"k is {k} of {len(names)} proteins; expected at least 1, of at least 2")
    if names.has_duplicates:
        raise InputError(f"embeddings: {names[names.duplicated()][0]!r} has more than one row")
    wanted = names if queries is None else pd.Index(list(queries))
    place = names.get_indexer(wanted)
    if (place < 0).any():
        raise InputError(f"queries: {wanted[place < 0][0]!r} has no row in embeddings")
    vectors = embeddings.to_numpy(dtype=np.float32)
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not (length > 0).all() or not np.isfinite(length).all():
        odd = names[~((length > 0) & np.isfinite(length)).ravel()][0]
        raise InputError(f"embeddings: the row of {odd!r} is zero or has missing numbers")
    vectors, k = vectors / length, min(k, len(names) - 1)
    parts = []
    for start in range(0, len(place), _QUERIES):
        mine = place[start : start + _QUERIES]
        cosine = vectors[mine] @ vectors.T
        cosine[np.arange(len(mine)), mine] = -np.inf  # not its own neighbour
        best = np.argsort(-cosine, axis=1, kind="stable")[:, :k]
        parts.append(pd.DataFrame({
            "query": np.repeat(names[mine], k), "protein": names[best.ravel()],
            "rank": np.tile(np.arange(1, k + 1), len(mine)),
            "cosine": np.take_along_axis(cosine, best, axis=1).ravel().astype(np.float64),
        }))  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def _layers(model: SequenceModel, texts: list[str], layer: int) -> list[np.ndarray]:
    """A layer of each text; only models from checkpoints have others than the last."""
    if layer == -1:
        return model.embed(texts)
    if not hasattr(model, "summarise"):
        raise InputError(f"layer is {layer}; model {model.name!r} has the last (-1) alone")
    asked: Any = model
    return asked.embed(texts, layer=layer)


def _pooled(
    model: SequenceModel, texts: list[str], places: list[tuple[int, int]], *, pooling: str,
    layer: int,
) -> Sequence[np.ndarray]:  # fmt: skip
    """Weighted sum over the residues of each window of a protein, and the sum of the weights.

    ``places`` are the protein's length and the window's start.
    """
    window = model.max_length
    questions = [f"embedding {pooling}, layer {layer}, at {start} of {length} by {window}"
                 for length, start in places]  # fmt: skip

    def compute(model: SequenceModel, missing: list[int]) -> list[np.ndarray]:
        shares = [_shares(*places[i], window) for i in missing]
        seen = [texts[i] for i in missing]
        pooled = _pool(model, seen, shares, pooling=pooling, layer=layer)
        return [np.append(vector, weight) for vector, weight in pooled]

    return ask(model, texts, questions, compute)


def _pool(
    model: SequenceModel, texts: list[str], shares: list[np.ndarray], *, pooling: str, layer: int
) -> list[tuple[np.ndarray, float]]:
    if pooling == "cls":
        if not hasattr(model, "summarise"):
            raise InputError(f"model {model.name!r} has no first token; use pooling='mean'")
        firsts = model.summarise(texts, layer=layer)
        return [(row.astype(np.float64), 1.0) for row in firsts]
    if pooling == "attention":
        from seqgen.models.attention import attention_received

        received = [attention_received(model, text) * len(text) for text in texts]
        shares = [share * each for share, each in zip(shares, received, strict=True)]
    rows = _layers(model, texts, layer)
    return [
        (share @ one.astype(np.float64), float(share.sum()))
        for share, one in zip(shares, rows, strict=True)
    ]


def _residues(model: SequenceModel, proteins: list[str], layer: int) -> Iterator[np.ndarray]:
    """One array (length, width) for each protein, windows of long ones merged by weight."""
    protein, start, length = _windows(proteins, model.max_length)
    texts = [proteins[p][s : s + n] for p, s, n in zip(protein, start, length, strict=True)]
    rows = _layers(model, texts, layer)
    for index, text in enumerate(proteins):
        mine = np.flatnonzero(protein == index)
        merged = np.zeros((len(text), rows[mine[0]].shape[1]))
        for k in mine:
            share = _shares(len(text), int(start[k]), model.max_length) * len(text)
            merged[start[k] : start[k] + length[k]] += share[:, None] * rows[k]
        yield merged.astype(np.float32)


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
    refuse_dna(sequences, "proteins")
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
