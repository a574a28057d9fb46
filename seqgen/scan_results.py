"""What scans of pairs and of trans edges hand over: tables that belong together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class GxGResult:
    """Interaction tests of variant pairs, weighted by evidence.

    Attributes
    ----------
    pairs : DataFrame
        `schemas.GXG`, the columns of the evidence after it; every listed pair that was tested,
        and where all pairs were, those up to the reporting p value. Ordered by weighted q.
    n_tests : int
        Tests run.
    inflation : float
        Genomic inflation of the median test.
    calibration : DataFrame
        `schemas.CALIBRATION`: observed and expected numbers of tests at levels of p, before
        conditioning on leads; "permuted" with the people in another order.
    control : DataFrame
        `schemas.CONTROL`: discoveries without weights, with them, and with shuffled ones.
    leads : DataFrame
        `schemas.LEADS`: what pairs were conditioned on.
    drops : DataFrame
        `schemas.DROPS`: people, variants and pairs left out, by reason.
    notices : tuple of str
        What the reader has to know.
    alpha : float
        Level of the decisions.
    """

    pairs: pd.DataFrame
    n_tests: int
    inflation: float
    calibration: pd.DataFrame = field(repr=False)
    control: pd.DataFrame = field(repr=False)
    leads: pd.DataFrame = field(repr=False)
    drops: pd.DataFrame = field(repr=False)
    notices: tuple[str, ...] = ()
    alpha: float = 0.05

    def __repr__(self) -> str:
        return (
            f"GxGResult({self.n_tests:,} tests, {len(self.pairs):,} pairs reported, "
            f"{_discoveries(self.pairs)} at FDR {self.alpha:g}, inflation {self.inflation:.3g})"
        )

    def to_frame(self) -> pd.DataFrame:
        """The pairs."""
        return self.pairs


@dataclass(frozen=True)
class TransResult:
    """Tests of variants on traits far from them, weighted by evidence.

    Attributes
    ----------
    hits : DataFrame
        `schemas.TRANSQTL`, the columns of the evidence after it; every listed edge that was
        tested, and of the others those up to the reporting p value. Ordered by weighted q.
    hotspots : DataFrame
        `schemas.HOTSPOTS`.
    n_tests : int
        Tests run, those of excluded pairs not among them.
    n_cis, n_cross_mapped : int
        Pairs excluded by a cis window, and beyond those by cross-mappability.
    inflation : float
        Genomic inflation of the median test.
    calibration, control, drops, notices, alpha
        As in `GxGResult`.
    """

    hits: pd.DataFrame
    hotspots: pd.DataFrame
    n_tests: int
    n_cis: int
    n_cross_mapped: int
    inflation: float
    calibration: pd.DataFrame = field(repr=False)
    control: pd.DataFrame = field(repr=False)
    drops: pd.DataFrame = field(repr=False)
    notices: tuple[str, ...] = ()
    alpha: float = 0.05

    def __repr__(self) -> str:
        return (
            f"TransResult({self.n_tests:,} tests, {len(self.hits):,} hits reported, "
            f"{_discoveries(self.hits)} at FDR {self.alpha:g}, {len(self.hotspots):,} hotspots, "
            f"inflation {self.inflation:.3g})"
        )

    def to_frame(self) -> pd.DataFrame:
        """The hits."""
        return self.hits


def _discoveries(table: pd.DataFrame) -> int:
    """Tests that the weighted decision takes for discoveries."""
    return int(table["decision"].isin(["both", "gained"]).sum())
