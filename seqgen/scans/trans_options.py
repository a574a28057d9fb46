"""Settings of the weighted trans scan."""

from __future__ import annotations

from dataclasses import dataclass, field

from seqgen.errors import InputError
from seqgen.transqtl import CIS_WINDOW, ScanOptions
from seqgen.weighted_testing import WeightOptions


@dataclass(frozen=True)
class TransOptions:
    """Settings of `rank_trans`.

    Attributes
    ----------
    p : float
        Tests up to this p value are reported; all are counted, and listed edges always reported.
    cis_window : int
        Base pairs around a trait's gene in which variants are not tested on it.
    permutations : int
        Times the people are permuted, for ``p_family`` and the calibration; 0 for none.
    mediation : bool
        Ask of the reported tests how much goes through the cis gene.
    hotspot_window : int
        Base pairs of the stretches in which traits are counted.
    most_hits : int
        Reported tests held in memory at most.
    workers : int, optional
        Threads; None for one per core.
    device : str
        "cpu", or "cuda" for the products.
    weights : WeightOptions
        ``alpha``, and how evidence becomes weights.
    """

    p: float = 1e-5
    cis_window: int = CIS_WINDOW
    permutations: int = 0
    mediation: bool = True
    hotspot_window: int = 1_000_000
    most_hits: int = 5_000_000
    workers: int | None = 1
    device: str = "cpu"
    weights: WeightOptions = field(default_factory=WeightOptions)

    def __post_init__(self) -> None:
        if not 0.0 < self.p <= 1.0:
            raise InputError(f"p is {self.p}; expected above 0, at most 1")
        for name, least in (("cis_window", 0), ("permutations", 0), ("hotspot_window", 1)):
            if getattr(self, name) < least:
                raise InputError(
                    f"{name} is {getattr(self, name)}; expected {least} or more, a whole number"
                )
        self.scan()

    def scan(self) -> ScanOptions:
        """The settings of the tests themselves."""
        return ScanOptions(
            p=self.p, most_hits=self.most_hits, workers=self.workers, device=self.device
        )
