"""How often each size of correlation occurred among all tests of a scan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.stats import inflation, p_of_t

# Cells of |r| * sqrt(df), which is close to |t|; the last holds all beyond.
CELLS = 4096
_WIDTH = 1 / 256


@dataclass(frozen=True)
class Histogram:
    """Counts of tests by |r| * sqrt(df), in cells of 1/256.

    Attributes
    ----------
    counts : ndarray of int64, shape (4096,)
    df : int
        Degrees of freedom.
    """

    counts: np.ndarray
    df: int

    def __repr__(self) -> str:
        return f"Histogram({self.n_tests:,} tests, {self.df:,} degrees of freedom)"

    @property
    def n_tests(self) -> int:
        """Tests counted."""
        return int(self.counts.sum())

    def quantile(self, share: float) -> float:
        """P value below which ``share`` of the tests lie, interpolated within a cell.

        Raises
        ------
        InputError
            If ``share`` is not between 0 and 1.
        """
        if not 0.0 < share < 1.0:
            raise InputError(f"share is {share}; expected between 0 and 1")
        below = np.append(0, np.cumsum(self.counts))
        edge = np.interp((1.0 - share) * self.n_tests, below, np.arange(CELLS + 1))
        return float(self._p(np.array([edge]))[0])

    def up_to(self, p: np.ndarray) -> np.ndarray:
        """Tests with a p value up to each ``p``, interpolated within a cell; shape of ``p``."""
        at = self._p(np.arange(CELLS + 1, dtype=np.float64))[::-1]
        at[0] = 0.0
        above = np.append(0, np.cumsum(self.counts[::-1]))
        # On the scale of log p, on which neighbouring cells are even far out.
        with np.errstate(divide="ignore"):
            return np.interp(np.log(p), np.log(at), above)

    def false_discovery_rate(self, p: np.ndarray, null: Histogram, *, repeats: int) -> np.ndarray:
        """Expected share of false ones among the tests up to each ``p``, from permuted scans.

        Parameters
        ----------
        p : ndarray of float64, shape (k,)
        null : Histogram
            Tests of ``repeats`` scans with people permuted, counted together.
        repeats : int

        Returns
        -------
        ndarray of float64, shape (k,)
            Between 0 and 1, monotone in p.
        """
        order = np.argsort(p, kind="stable")
        # One is added, for no number of permutations shows that there is none.
        false = (null.up_to(p[order]) + 1.0) / repeats
        found = np.maximum(self.up_to(p[order]), np.arange(1, len(p) + 1))
        rate = np.minimum.accumulate((false / found)[::-1])[::-1]
        out = np.empty(len(p))
        out[order] = np.minimum(rate, 1.0)
        return out

    def inflation(self) -> float:
        """Genomic inflation of the median test; NaN without tests."""
        return inflation(self.quantile(0.5)) if self.n_tests else float("nan")

    def to_frame(self, n_bins: int = 20) -> pd.DataFrame:
        """Counts in ``n_bins`` equal bins of p: ``p_low``, ``p_high``, ``count``, ``expected``.

        A cell that a bin's end cuts is shared out evenly, so counts are no whole numbers.
        """
        at = self._p(np.arange(CELLS + 1, dtype=np.float64))[::-1]
        above = np.append(0, np.cumsum(self.counts[::-1]))
        at[0] = 0.0
        edges = np.linspace(0.0, 1.0, n_bins + 1)
        counts = np.diff(np.interp(edges, at, above))
        return pd.DataFrame({
            "p_low": edges[:-1], "p_high": edges[1:], "count": counts,
            "expected": self.n_tests / n_bins,
        })  # fmt: skip

    def _p(self, edge: np.ndarray) -> np.ndarray:
        r2 = np.minimum((edge * _WIDTH) ** 2 / self.df, 1.0)
        with np.errstate(divide="ignore"):
            return p_of_t(np.sqrt(self.df * r2 / (1.0 - r2)), self.df)


def cells_per_r(df: int) -> float:
    """What a correlation is multiplied by to give its place on the scale of cells."""
    return float(np.sqrt(df) / _WIDTH)


def count_cells(place: np.ndarray) -> np.ndarray:
    """Counts per cell, (4096,), of places on the scale of cells, which are overwritten."""
    if place.size and place.max() >= CELLS:
        np.minimum(place, np.float32(CELLS - 1), out=place)
    return np.bincount(place.ravel().astype(np.intp), minlength=CELLS)
