"""What the reports of pair and trans scans are made of."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seqgen import schemas
from seqgen.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from seqgen.scan_results import GxGResult, TransResult


@dataclass(frozen=True)
class GxGTables:
    """The tables of a pair scan.

    Attributes
    ----------
    pairs : DataFrame
        ``schemas.GXG``, with kinds of evidence as further columns; may have no rows.
    calibration, control, leads, drops : DataFrame
        Of these schemas; each may have no rows.
    n_tests : int
        Pairs tested.
    inflation : float
        Genomic inflation of the median test; NaN if unknown.
    alpha : float
        Level of the decisions.
    notices : tuple of str
        What else the reader must know of this run.
    """

    pairs: pd.DataFrame
    calibration: pd.DataFrame
    control: pd.DataFrame
    leads: pd.DataFrame
    drops: pd.DataFrame
    n_tests: int
    inflation: float = float("nan")
    alpha: float = 0.05
    notices: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"GxGTables({self.n_tests:,} tests, {len(self.pairs):,} pairs)"

    @classmethod
    def of(cls, result: GxGResult) -> GxGTables:
        """The tables of a scan's result."""
        return cls(**_shared(cls, result))

    def validated(self) -> GxGTables:
        """The same tables, each held to its schema.

        Raises
        ------
        InputError
            Naming the table and what it lacks, or the numbers that contradict each other.
        """
        checked = dataclasses.replace(
            self,
            pairs=schemas.GXG.validate(self.pairs),
            calibration=schemas.CALIBRATION.validate(self.calibration),
            control=schemas.CONTROL.validate(self.control),
            leads=schemas.LEADS.validate(self.leads),
            drops=schemas.DROPS.validate(self.drops),
        )
        _require_agreement(checked, "pairs", len(checked.pairs))
        return checked


@dataclass(frozen=True)
class TransTables:
    """The tables of a trans scan.

    Attributes
    ----------
    hits : DataFrame
        ``schemas.TRANSQTL``, with kinds of evidence as further columns; may have no rows.
    hotspots, calibration, control, drops : DataFrame
        Of these schemas; each may have no rows.
    n_tests : int
        Tests run, those of excluded pairs not among them.
    inflation : float
        Genomic inflation of the median test; NaN if unknown.
    alpha : float
        Level of the decisions.
    notices : tuple of str
        What else the reader must know of this run.
    n_cis, n_cross_mapped : int, optional
        Pairs excluded by a cis window, and beyond those by cross-mappability.
    p_threshold : float, optional
        Tests that are not in the evidence table are among the hits up to this p value.
    chrom_lengths : mapping of str to int, optional
        For the map; else chromosomes end at the last place.
    """

    hits: pd.DataFrame
    hotspots: pd.DataFrame
    calibration: pd.DataFrame
    control: pd.DataFrame
    drops: pd.DataFrame
    n_tests: int
    inflation: float = float("nan")
    alpha: float = 0.05
    notices: tuple[str, ...] = ()
    n_cis: int | None = None
    n_cross_mapped: int | None = None
    p_threshold: float | None = None
    chrom_lengths: Mapping[str, int] | None = None

    def __repr__(self) -> str:
        return f"TransTables({self.n_tests:,} tests, {len(self.hits):,} hits)"

    @classmethod
    def of(
        cls, result: TransResult, *, p_threshold: float | None = None,
        chrom_lengths: Mapping[str, int] | None = None,
    ) -> TransTables:  # fmt: skip
        """The tables of a scan's result."""
        return cls(**_shared(cls, result), p_threshold=p_threshold, chrom_lengths=chrom_lengths)

    def validated(self) -> TransTables:
        """The same tables, each held to its schema.

        Raises
        ------
        InputError
            Naming the table and what it lacks, or the numbers that contradict each other.
        """
        checked = dataclasses.replace(
            self,
            hits=schemas.TRANSQTL.validate(self.hits),
            hotspots=schemas.HOTSPOTS.validate(self.hotspots),
            calibration=schemas.CALIBRATION.validate(self.calibration),
            control=schemas.CONTROL.validate(self.control),
            drops=schemas.DROPS.validate(self.drops),
        )
        _require_agreement(checked, "hits", len(checked.hits))
        return checked


def _shared(cls: type, result: object) -> dict[str, Any]:
    """What ``result`` has of the fields of ``cls``."""
    names = [field.name for field in dataclasses.fields(cls)]
    return {name: getattr(result, name) for name in names if hasattr(result, name)}


def _require_agreement(tables: GxGTables | TransTables, name: str, rows: int) -> None:
    """Refuse tables of different runs: fewer tests than rows, or another level."""
    if not 0 < tables.alpha < 1:
        raise InputError(f"alpha is {tables.alpha}; expected between 0 and 1, such as 0.05")
    if tables.n_tests < rows:
        raise InputError(
            f"n_tests is {tables.n_tests:,} and table '{name}' has {rows:,} rows; expected the "
            "number of all tests run"
        )
    other = tables.control["alpha"][(tables.control["alpha"] - tables.alpha).abs() > 1e-9]
    if not other.empty:
        raise InputError(
            f"table 'control' is at alpha {other.iloc[0]:g} and the report at {tables.alpha:g}; "
            "give tables of one run"
        )
