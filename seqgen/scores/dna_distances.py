"""How far a variant moves the embedding of the genome around it."""

from __future__ import annotations

import os

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.io.reference import open_reference
from seqgen.io.reference_windows import Windows, dna_variants, drops_table, variant_windows
from seqgen.models.protocol import SequenceModel
from seqgen.parallel import Shard
from seqgen.schemas import DNA_DISTANCES, Counted
from seqgen.scores.asking import Counter, Progress
from seqgen.scores.dna import checked_context, nothing_left, part_of, that_fit, turned

POOLING = ("mean", "site")


def dna_embedding_distances(
    variants: pd.DataFrame | str | os.PathLike[str],
    fasta: str | os.PathLike[str],
    model: SequenceModel,
    *,
    context: int | None = None,
    strands: str = "both",
    pooling: str = "mean",
    shard: Shard | None = None,
    progress: Progress | None = None,
) -> Counted:
    """Distances of the embeddings of the two alleles of variants of DNA.

    The model's last layer for the window with either allele, pooled to one vector each, on both
    strands; the dot product, one minus the cosine, and the Euclidean distance of the two are the
    means over the strands. They say how much changes, not whether to the worse.

    Parameters
    ----------
    variants, fasta, model, context, strands, shard, progress
        As in `score_dna_variants`; the model may be any of DNA that embeds.
    pooling : {"mean", "site"}
        The mean over all bases of the window, or over those of the allele.

    Returns
    -------
    Counted
        ``table``: `schemas.DNA_DISTANCES` in genome order; ``drops``: variants left out.

    Raises
    ------
    InputError
        If columns or arguments are wrong, the model is not of DNA, or nothing is left.

    References
    ----------
    Dalla-Torre et al. (2025), Nucleotide Transformer: building and evaluating robust foundation
    models for human genomics, Nature Methods 22:287-297.
    """
    context = checked_context(model, context, strands)
    if pooling not in POOLING:
        raise InputError(f"pooling is {pooling!r}; expected one of {', '.join(POOLING)}")
    table, parts = part_of(dna_variants(variants), shard), []
    drops: dict[str, list] = {}
    count = Counter(progress, len(table))
    with open_reference(fasta) as reference:
        for block in variant_windows(reference, table, context, drops=drops):
            windows = that_fit(model, block, strands, drops)
            if len(windows.ref):
                found = _distances(model, windows, strands=strands, pooling=pooling)
                parts.append(windows.variants.assign(**found))
            count.add(len(windows.ref))
    if not parts:
        raise nothing_left(len(table), drops)
    count.add(len(table) - count.done)
    out = DNA_DISTANCES.validate(pd.concat(parts, ignore_index=True))
    out.attrs["embedding"] = {
        "model": model.name, "revision": model.revision, "context": context, "strands": strands,
        "pooling": pooling,
    }  # fmt: skip
    return Counted(out, drops_table(drops))


def _distances(
    model: SequenceModel, windows: Windows, *, strands: str, pooling: str
) -> dict[str, np.ndarray]:
    """Means over strands of the three distances, one of each per variant."""
    totals = np.zeros((3, len(windows.ref)))
    for reverse in (False, True) if strands == "both" else (False,):
        ref = _pooled(model, windows, "ref", reverse=reverse, pooling=pooling)
        alt = _pooled(model, windows, "alt", reverse=reverse, pooling=pooling)
        dot = (ref * alt).sum(axis=1)
        length = np.linalg.norm(ref, axis=1) * np.linalg.norm(alt, axis=1)
        totals += [dot, 1 - dot / length, np.linalg.norm(ref - alt, axis=1)]
    totals /= 2 if strands == "both" else 1
    return dict(zip(("dot", "cosine", "l2"), totals, strict=True))


def _pooled(
    model: SequenceModel, windows: Windows, allele: str, *, reverse: bool, pooling: str
) -> np.ndarray:
    """One vector for each window of an allele, (variants, width), float64."""
    texts = windows.ref if allele == "ref" else windows.alt
    lengths = windows.variants[allele].str.len().to_numpy(dtype=np.int64)
    distinct = list(dict.fromkeys(texts))
    asked = [turned(text) if reverse else text for text in distinct]
    found = dict(zip(distinct, model.embed(asked), strict=True))
    pooled = []
    for text, first, length in zip(texts, windows.first, lengths, strict=True):
        rows = found[text].astype(np.float64)
        start = len(text) - first - length if reverse else first
        site = slice(start, start + length) if pooling == "site" else slice(None)
        pooled.append(rows[site].mean(axis=0))
    return np.stack(pooled)
