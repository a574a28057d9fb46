"""How alike two proteins' embeddings are."""

from __future__ import annotations

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.evidence.proteins import Proteins
from seqgen.evidence.tables import require_table
from seqgen.io.tally import Tally

# Numbers that are gathered at a time.
_BLOCK = 1 << 24


def centred_embeddings(embeddings: pd.DataFrame) -> pd.DataFrame:
    """Unit vectors, float32, one per named protein, after the mean of all is taken off.

    Raises
    ------
    InputError
        If the table is empty, holds no numbers or infinite ones, or names a protein twice.
    """
    expected = "a table with one row per protein, such as embed_proteins gives"
    require_table(embeddings, "embeddings", remedy=expected)
    twice = embeddings.index.duplicated()
    if twice.any() or not embeddings.size:
        told = f"{embeddings.index[twice][0]!r} comes twice" if twice.any() else "no values"
        raise InputError(
            f"embeddings: {told}; expected one row per protein, indexed by accession or gene"
        )
    try:
        values = embeddings.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"embeddings: hold values that are no numbers ({error}); expected numbers alone, with "
            "the names of proteins as the index"
        ) from error
    if np.isinf(values).any():
        row = int(np.isinf(values).any(axis=1).argmax())
        raise InputError(f"embeddings: infinite value in row {embeddings.index[row]!r}")
    known = ~np.isnan(values).any(axis=1)
    values = values[known] - values[known].mean(axis=0) if known.any() else values[known]
    length = np.sqrt((values**2).sum(axis=1, keepdims=True))
    with np.errstate(invalid="ignore"):
        # Where one protein is all there is, it has no direction from the mean.
        unit = np.where(length > 0, values / length, np.nan).astype(np.float32)
    return pd.DataFrame(unit, index=embeddings.index[known].astype("str"))


def vectors_of(unit: pd.DataFrame, proteins: Proteins) -> np.ndarray:
    """Unit vector of each protein, (proteins, width), NaN where it has none."""
    values = np.vstack([unit.to_numpy(), np.full((1, unit.shape[1]), np.nan, dtype=np.float32)])
    return values[proteins.places_in(unit.index)]


def count_unused(unit: pd.DataFrame, sides: list[Proteins], tally: Tally) -> None:
    """Count embeddings of proteins on no side; refuse where none is on any."""
    used = np.zeros(len(unit) + 1, dtype=bool)
    for side in sides:
        used[side.places_in(unit.index)] = True
    used = used[:-1]
    if not used.any():
        such = ", ".join(map(repr, unit.index[:3]))
        raise InputError(
            "embeddings: none is of a protein of the variants; found "
            f"{such or 'none with values'}; index them by UniProt accession or gene symbol, as "
            "the variants have them"
        )
    frame = pd.DataFrame({"protein": unit.index})
    tally.drop(frame, ~used, "embeddings: a protein without variants")


def cosines(first: np.ndarray, second: np.ndarray, i: np.ndarray, j: np.ndarray) -> np.ndarray:
    """Scalar products of rows ``i`` of one table and ``j`` of another; each pair computed once."""
    key, place = np.unique(i.astype(np.int64) * len(second) + j, return_inverse=True)
    i, j = np.divmod(key, len(second))
    out = np.empty(len(key))
    step = max(_BLOCK // max(first.shape[1], 1), 1)
    for start in range(0, len(key), step):
        part = slice(start, start + step)
        out[part] = np.einsum("ij,ij->i", first[i[part]], second[j[part]])
    return np.clip(out, -1.0, 1.0)[place]
