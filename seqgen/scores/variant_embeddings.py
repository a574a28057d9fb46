"""How a residue change moves a model's embedding, at the residue and over the protein."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.models.protocol import SequenceModel
from seqgen.models.windows import centred_starts
from seqgen.residues import clean_sequence
from seqgen.schemas import Counted
from seqgen.scores.asking import Counter, Progress
from seqgen.scores.options import checked_window, require_protein_model
from seqgen.scores.rows import (
    CHANGE,
    only_proteins,
    protein_sequences,
    require_changes,
    usable_changes,
)

AT = ("site", "mean")
_BLOCK = 256


def embed_variants(
    variants: pd.DataFrame,
    proteins: pd.DataFrame | Mapping[str, str],
    model: SequenceModel,
    *,
    at: Sequence[str] = AT,
    layer: int = -1,
    window: int | None = None,
    progress: Progress | None = None,
) -> Counted:
    """Embedding of the changed protein less that of the reference, for each residue change.

    Both are seen in the window centred on the change, as far as the protein's ends allow.

    Parameters
    ----------
    variants, proteins, model
        As in `score_variants`.
    at : sequence of {"site", "mean"}
        Where: at the changed residue, and the mean over the window's residues.
    layer : int
        0 for what enters the model's first block; -1 for the last.
    window : int, optional
        Residues the model sees; by default all that it takes.
    progress : callable, optional
        Called as ``progress(done, total)`` with changes.

    Returns
    -------
    Counted
        ``table``: ``uniprot``, ``position``, ``ref_aa``, ``alt_aa``, and float32 columns
        ``site0``, ... and ``mean0``, ...; ``drops``: rows left out by reason.

    Raises
    ------
    InputError
        If columns or arguments are wrong, or no row is left.

    Examples
    --------
    >>> from seqgen.models.substitution import SubstitutionModel
    >>> change = pd.DataFrame({"uniprot": ["P1"], "position": [2], "ref_aa": ["K"],
    ...                        "alt_aa": ["W"]})
    >>> embed_variants(change, {"P1": "MKV"}, SubstitutionModel()).table.shape
    (1, 44)
    """
    unknown = [one for one in at if one not in AT]
    if isinstance(at, str) or unknown or not at:
        raise InputError(f"at is {at!r}; expected a list out of {', '.join(AT)}")
    require_protein_model(model)
    window, _ = checked_window(model, window, None)
    require_changes(variants)
    sequences = protein_sequences(proteins, variants["uniprot"])
    changes, drops = usable_changes(variants, sequences, only_proteins(model, variants))
    names = changes["uniprot"].unique().tolist()
    cleaned = {name: clean_sequence(sequences[name], f"protein {name}") for name in names}
    count = Counter(progress, len(changes))
    parts: dict[str, list[np.ndarray]] = {one: [] for one in at}
    for start in range(0, len(changes), _BLOCK):
        block = changes.iloc[start : start + _BLOCK]
        for one, values in _differences(model, block, cleaned, window=window, layer=layer).items():
            if one in parts:
                parts[one].append(values)
        count.add(len(block))
    columns = {
        f"{one}{k}": column
        for one, values in parts.items()
        for k, column in enumerate(np.concatenate(values).T)
    }
    table = pd.concat([changes[CHANGE], pd.DataFrame(columns, index=changes.index)], axis=1)
    table.attrs["embedding"] = {
        "model": model.name, "revision": model.revision, "layer": layer, "window": window,
    }  # fmt: skip
    return Counted(table, drops)


def _differences(
    model: SequenceModel, changes: pd.DataFrame, proteins: Mapping[str, str], *,
    window: int, layer: int,
) -> dict[str, np.ndarray]:  # fmt: skip
    """Alternative less reference at the site and in the mean, (changes, width) each."""
    whole = [proteins[name] for name in changes["uniprot"]]
    place = changes["position"].to_numpy(dtype=np.int64) - 1
    first = centred_starts(place, np.array([len(one) for one in whole], dtype=np.int64), window)
    sites = (place - first).tolist()
    seen = [one[start : start + window] for one, start in zip(whole, first.tolist(), strict=True)]
    texts = [
        (text, text[:site] + alt + text[site + 1 :])
        for text, site, alt in zip(seen, sites, changes["alt_aa"], strict=True)
    ]
    distinct = list(dict.fromkeys(text for pair in texts for text in pair))
    if layer != -1 and not hasattr(model, "summarise"):
        raise InputError(f"layer is {layer}; model {model.name!r} has the last (-1) alone")
    asked: Any = model
    answers = asked.embed(distinct) if layer == -1 else asked.embed(distinct, layer=layer)
    found = dict(zip(distinct, answers, strict=True))
    pairs = [(found[ref], found[alt], site) for (ref, alt), site in zip(texts, sites, strict=True)]
    return {
        "site": np.array([alt[site] - ref[site] for ref, alt, site in pairs], dtype=np.float32),
        "mean": np.array([alt.mean(axis=0) - ref.mean(axis=0) for ref, alt, _ in pairs],
                         dtype=np.float32),
    }  # fmt: skip
