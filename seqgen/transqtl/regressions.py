"""Chosen tests of a trans scan in double precision."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from seqgen.stats import neg_log10_p_of_t, p_of_t
from seqgen.transqtl.design import TransDesign
from seqgen.transqtl.mixed import mixed_correlations
from seqgen.transqtl.variants import VariantBlock

COLUMNS = ("variant", "trait", "beta", "se", "t", "p", "neg_log10_p", "frequency")


class Hits(NamedTuple):
    """Numbers of variants and traits, and the statistics of their tests; shape (h,) each."""

    variant: np.ndarray
    trait: np.ndarray
    statistics: dict[str, np.ndarray]

    def to_frame(self, design: TransDesign) -> pd.DataFrame:
        """The columns of `TransScan.hits`."""
        return pd.DataFrame({
            "variant": design.variants.table["variant"].array[self.variant],
            "trait": design.traits["trait"].array[self.trait],
            **self.statistics,
        })  # fmt: skip


def joined(hits: list[Hits]) -> Hits:
    """Hits of several blocks as one."""
    statistics = {
        name: np.concatenate([one.statistics[name] for one in hits]) for name in hits[0].statistics
    }
    variant, trait = (np.concatenate([one[k] for one in hits]) for k in (0, 1))
    return Hits(variant, trait, statistics)


def no_hits() -> pd.DataFrame:
    """A table of hits without rows."""
    kinds = dict.fromkeys(COLUMNS, "float64") | {"variant": "str", "trait": "str"}
    return pd.DataFrame({name: pd.Series([], dtype=kind) for name, kind in kinds.items()})


def regressions(
    design: TransDesign, block: VariantBlock, row: np.ndarray, trait: np.ndarray, *, cut: float
) -> pd.DataFrame:
    """Regressions of traits on variants of a block, in double precision.

    Parameters
    ----------
    design : TransDesign
    block : VariantBlock
    row, trait : ndarray of int64, shape (k,)
        Row of the block and trait of each test.
    cut : float
        Least absolute partial correlation that is returned.

    Returns
    -------
    DataFrame
        Columns as in `TransScan.hits`.
    """
    return refined(design, block, row, trait, cut=cut).to_frame(design)


def refined(
    design: TransDesign, block: VariantBlock, row: np.ndarray, trait: np.ndarray, *, cut: float
) -> Hits:
    """As `regressions`, without the names."""
    if design.mixed is None:
        r, unit = _dots(block.values, design.residuals, row, trait), np.ones(len(row))
    else:
        r, unit = mixed_correlations(design.mixed, block.values, row, trait)
    keep = np.abs(r) >= cut
    r, row, trait, unit = np.clip(r[keep], -1.0, 1.0), row[keep], trait[keep], unit[keep]
    rest = np.maximum(1.0 - r * r, np.finfo(np.float64).tiny)
    t = r * np.sqrt(design.df / rest)
    ratio = design.traits["scale"].to_numpy()[trait] / block.scale[row] * unit
    statistics = {
        "beta": r * ratio,
        "se": ratio * np.sqrt(rest / design.df),
        "t": t,
        "p": p_of_t(t, design.df),
        "neg_log10_p": neg_log10_p_of_t(t, design.df),
        "frequency": block.frequency[row],
    }
    return Hits(block.index[row], trait, statistics)


def _dots(left: np.ndarray, right: np.ndarray, row: np.ndarray, column: np.ndarray) -> np.ndarray:
    """Inner products of chosen rows of two arrays."""
    rows, row = np.unique(row, return_inverse=True)
    columns, column = np.unique(column, return_inverse=True)
    # A dense part is cheaper as a product, a sparse one pair by pair.
    if len(row) * 20 > len(rows) * len(columns):
        return (left[rows] @ right[columns].T)[row, column]
    out = np.empty(len(row))
    for start in range(0, len(row), 4096):
        part = slice(start, start + 4096)
        out[part] = np.einsum("ij,ij->i", left[rows[row[part]]], right[columns[column[part]]])
    return out
