"""People who carry the minor alleles of both variants: what an interaction rests on."""

from __future__ import annotations

import numpy as np

from seqgen.gxg.design import PairDesign
from seqgen.gxg.exact import batches

_FIRST = 512
_FEW_PAIRS = 0.05


def count_double_carriers(design: PairDesign, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """People who carry the minor alleles of both variants, for each pair; shape (k,)."""
    out = np.zeros(len(first), dtype=np.int64)
    for part in batches(len(first), 4 * design.n_people):
        both = design.carriers(first[part]) & design.carriers(second[part])
        out[part] = both.sum(axis=1)
    return out


def have_carriers(
    design: PairDesign, rows: np.ndarray, columns: np.ndarray, *, least: int
) -> np.ndarray:
    """True where at least ``least`` people carry both minor alleles; shape (rows, columns).

    Most pairs show it among the first few hundred people; only the others are counted in full.
    """
    enough = _count(design, rows, columns, people=slice(0, _FIRST)) >= least
    open_pairs = np.nonzero(~enough)
    if len(open_pairs[0]) > _FEW_PAIRS * enough.size:
        return _count(design, rows, columns, people=slice(None)) >= least
    first, second = rows[open_pairs[0]], columns[open_pairs[1]]
    enough[open_pairs] = count_double_carriers(design, first, second) >= least
    return enough


def _count(
    design: PairDesign, rows: np.ndarray, columns: np.ndarray, *, people: slice
) -> np.ndarray:
    """Double carriers of all pairs among some people, exact below 2^24."""
    left = design.carriers(rows, people=people).astype(np.float32)
    right = design.carriers(columns, people=people).astype(np.float32)
    return left @ right.T
