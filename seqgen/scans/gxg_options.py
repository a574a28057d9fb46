"""Settings of the weighted scan of pairs."""

from __future__ import annotations

from dataclasses import dataclass, field

from seqgen.errors import InputError
from seqgen.gxg import PairOptions, ScanOptions
from seqgen.weighted_testing import WeightOptions

TESTS = ("listed", "all")


@dataclass(frozen=True)
class GxGOptions:
    """Settings of `scan_gxg`.

    Attributes
    ----------
    tests : {"listed", "all"}, optional
        Test the pairs of the evidence table only, or all pairs of all variants. By default
        "listed" where there is evidence.
    p : float
        Where all pairs are tested, those up to this p value are reported; all are counted, and
        listed pairs always reported.
    min_double_carriers : int
        Pairs with fewer people who carry both minor alleles are not tested.
    detail_p : float
        Pairs up to this p value get the whole regression: leads, robust errors, other scales.
        Whatever may be a discovery gets it in any case.
    lead_p : float, optional
        Marginal p value from which on a locus near a pair is fine-mapped and the pair
        conditioned on its leads; None conditions on no lead.
    robust : bool
        Decide by the larger of the p values with ordinary and with robust standard errors, which
        alone are too small where double carriers are few.
    permutations : int
        Times the people are permuted, for the calibration and ``p_family``; 0 for none.
    workers : int, optional
        Threads; None for one per core.
    device : str
        "cpu", or "cuda" for the matrix products where all pairs are tested.
    pairs : PairOptions
        Of the whole regressions; its ``missing`` is that of all tests.
    weights : WeightOptions
        ``alpha``, and how evidence becomes weights.
    """

    tests: str | None = None
    p: float = 1e-4
    min_double_carriers: int = 5
    detail_p: float = 1e-3
    lead_p: float | None = 5e-8
    robust: bool = False
    permutations: int = 0
    workers: int | None = 1
    device: str = "cpu"
    pairs: PairOptions = field(default_factory=PairOptions)
    weights: WeightOptions = field(default_factory=WeightOptions)

    def __post_init__(self) -> None:
        if self.tests is not None and self.tests not in TESTS:
            raise InputError(f"tests is {self.tests!r}; expected one of {', '.join(TESTS)}")
        if not 0.0 <= self.detail_p <= 1.0:
            raise InputError(f"detail_p is {self.detail_p}; expected 0 to 1")
        if self.lead_p is not None and not 0.0 < self.lead_p <= 1.0:
            raise InputError(f"lead_p is {self.lead_p}; expected above 0, at most 1, or None")
        if self.permutations < 0:
            raise InputError(f"permutations is {self.permutations}; expected 0 or more")
        if self.robust and self.pairs.robust is None:
            raise InputError("robust is True, pairs.robust None; name the errors, such as 'HC3'")
        self.scan()

    def scan(self) -> ScanOptions:
        """The settings of the tests themselves."""
        return ScanOptions(
            p=self.p,
            min_double_carriers=self.min_double_carriers,
            missing=self.pairs.missing,
            workers=self.workers,
            device=self.device,
        )
