"""Interaction tests of all pairs of variants, with main effects and covariates in the model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.gxg.carriers import count_double_carriers, have_carriers
from seqgen.gxg.design import PairDesign
from seqgen.gxg.exact import exact_tests
from seqgen.gxg.pair_models import regress_all
from seqgen.gxg.products import Stripe, pair_block, prepare_stripe
from seqgen.gxg.regression import Fit
from seqgen.gxg.related_products import (
    RelatedStripe,
    lowest_statistic,
    prepare_related_stripe,
    prepare_screen,
    related_block,
)
from seqgen.gxg.work import Block, Names, plan_blocks
from seqgen.parallel import map_tasks, scan_threads
from seqgen.stats import inflation, neg_log10_p_of_t

if TYPE_CHECKING:
    from seqgen.gxg.products_torch import TorchStripe

    AnyStripe = Stripe | RelatedStripe | TorchStripe

# Pairs whose product is rounding rather than data once main effects and covariates are out.
COLLINEAR = "product is a linear combination of main effects and covariates"
FEW = "fewer double carriers than asked for"
_NO_FIT = "logistic regression has no finite fit (cases and controls separated)"
# Close enough around the middle that the median p value can be read off.
LEVELS = np.array([0.9, 0.8, 0.7, 0.6, 0.55, 0.5, 0.45, 0.4, 0.3, 0.2, 0.1, 0.05, 0.01, 1e-3, 1e-4,
                    1e-5, 1e-6])  # fmt: skip

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class ScanOptions:
    """Settings of a scan.

    Attributes
    ----------
    p : float
        Pairs with a p value up to here are returned; all are counted.
    min_double_carriers : int
        Pairs with fewer people who carry both minor alleles are not tested and not counted as
        tests; it uses no phenotype. 0 tests all.
    missing : {"mean", "complete"}
        "mean" reads a missing genotype as the variant's mean, for all pairs at the speed of
        matrix products. "complete" uses the people called at both variants, as plink does, pair
        by pair: a hundred times slower or worse for a quantitative trait. For a binary one it
        concerns the regressions of the pairs that the screen lets pass.
    precision : {"auto", "single", "double"}
        Of the matrix products. In single precision they choose the pairs, with a margin, and
        the pairs chosen are tested again in double precision, so that the table is the same.
        "auto" is single where ``p`` is at most 0.001, else double.
    screen_p : float, optional
        For a binary trait: p value of the score test up to which the logistic regression is
        fitted; 10 times ``p`` by default.
    workers : int, optional
        Threads, each with a block of pairs; all cores that this process may use where None. The
        result is the same for any number, to the last digit where BLAS has one thread with one
        worker too. Memory grows by some 300 MB with each, and by a second stripe of columns.
    device : str
        Where the matrix products are made: ``cpu`` (NumPy), ``cuda`` or ``cuda:0`` (torch on a
        GPU), ``torch-cpu``. The pairs chosen are tested again in NumPy, so that the table is the
        same.
    """

    p: float = 1e-4
    min_double_carriers: int = 5
    missing: str = "mean"
    precision: str = "auto"
    screen_p: float | None = None
    workers: int | None = 1
    device: str = "cpu"

    def __post_init__(self) -> None:
        if not 0 < self.p <= 1:
            raise InputError(f"p is {self.p}; expected above 0 and at most 1")
        if self.screen_p is not None and not self.p <= self.screen_p <= 1:
            raise InputError(f"screen_p is {self.screen_p}; expected from p ({self.p:g}) to 1")
        if self.min_double_carriers < 0:
            raise InputError(
                f"min_double_carriers is {self.min_double_carriers}; expected 0 or more"
            )
        scan_threads(self.workers, self.device)
        for name, allowed in (("missing", ("mean", "complete")),
                              ("precision", ("auto", "single", "double"))):  # fmt: skip
            if getattr(self, name) not in allowed:
                raise InputError(
                    f"{name} is {getattr(self, name)!r}; expected one of {', '.join(allowed)}"
                )

    def level(self, kind: str) -> float:
        """The p value by which pairs are chosen out of the matrix products."""
        if kind == "quantitative":
            return self.p
        return min(1.0, 10 * self.p) if self.screen_p is None else self.screen_p

    def dtype(self, kind: str) -> type:
        """Type of the numbers in matrix products."""
        auto = self.precision == "auto" and self.level(kind) <= 1e-3
        return np.float32 if auto or self.precision == "single" else np.float64


@dataclass(frozen=True)
class PairScan:
    """What a scan, or a part of one, found.

    Attributes
    ----------
    table : DataFrame
        Pairs up to the p value asked for, by p: ``variant_1``, ``variant_2``, ``n`` (people),
        ``beta`` (per product of counted alleles), ``se``, ``t``, ``p`` (two-sided),
        ``neg_log10_p`` (exact where p underflows), ``double_carriers`` (people with both minor
        alleles).
    n_tests : int
        Pairs tested: what to correct for.
    calibration : DataFrame
        For each ``level`` the number of tests with p up to it, ``observed``, and the number
        ``expected`` without any effect. For a binary trait and for related people it is that of
        the screen (learnt by each shard from pairs of its own); with
        ``missing="complete"`` levels are those of a pair called in all people.
    untested : dict
        Pairs not tested, by reason. Pairs that pass the screen of a binary trait and have no
        finite logistic fit are here, and among the tests too.
    """

    table: pd.DataFrame
    n_tests: int
    calibration: pd.DataFrame
    untested: dict[str, int] = field(default_factory=dict)

    def __repr__(self) -> str:
        untested = sum(self.untested.values())
        return (
            f"PairScan({self.n_tests:,} pairs tested, {untested:,} not, {len(self.table):,} "
            f"returned, inflation {self.inflation:.3g})"
        )

    @property
    def inflation(self) -> float:
        """Genomic inflation of the median test, read off the calibration; NaN without tests."""
        return inflation_of_levels(self.calibration, self.n_tests)


def inflation_of_levels(calibration: pd.DataFrame, n_tests: int) -> float:
    """Inflation of the median from counts at levels of p; exact to the spacing of the levels."""
    if not n_tests:
        return float("nan")
    at = calibration.sort_values("level")
    share = np.append(0.0, at["observed"].to_numpy() / n_tests)
    return inflation(float(np.interp(0.5, share, np.append(0.0, at["level"].to_numpy()))))


def scan_pairs(
    design: PairDesign,
    rows: Names | None = None,
    columns: Names | None = None,
    *,
    options: ScanOptions | None = None,
    shard: tuple[int, int] | None = None,
    progress: Progress | None = None,
) -> PairScan:
    """Test every pair for interaction: trait ~ covariates + g1 + g2 + g1 * g2.

    A quantitative trait is tested by the t of the product in that regression, exactly. For a
    binary trait the score test at the covariates' logistic fit, with the main effects one
    Newton step away, is the screen; pairs that pass get the whole logistic regression and its
    Wald test, as in plink --epistasis.

    With the kinship of related people in the design, pairs are chosen by a screen that is exact
    but for the variance of the product, for which it takes a multiple of the ordinary one, learnt
    from 512 pairs; the margin is wider than the widest miss among them, half of which have the
    fewest double carriers. Pairs chosen are tested anew by generalised least squares, so that the
    table is exact; a pair whose carriers are concentrated in families as in none of the 512 could
    be missed.

    Parameters
    ----------
    design : PairDesign
        From `prepare_pairs`.
    rows, columns : sequence of str or of int, optional
        Two sets of variants whose pairs are tested, by name or row number; all pairs of all
        variants by default. A pair that stands in both orders is tested once.
    options : ScanOptions, optional
    shard : tuple (i, N), optional
        Do the i-th of N parts only; `merge_scans` puts parts together.
    progress : callable, optional
        Called as ``progress(done, total)`` with pairs.

    Returns
    -------
    PairScan

    Raises
    ------
    InputError
        If a set or option is wrong.

    References
    ----------
    Purcell et al. (2007), PLINK: a tool set for whole-genome association and population-based
    linkage analyses, AJHG 81:559-575.
    Frisch and Waugh (1933), Partial time regressions as compared with individual trends,
    Econometrica 1:387-401; Lovell (1963), Seasonal adjustment of economic time series, JASA
    58:993-1010.

    Examples
    --------
    >>> import numpy as np
    >>> from seqgen.gxg import ScanOptions, prepare_pairs
    >>> rng = np.random.default_rng(0)
    >>> counts = rng.binomial(2, 0.4, size=(300, 20)).astype(float)
    >>> trait = counts[:, 2] * counts[:, 7] + rng.normal(size=300)
    >>> scan = scan_pairs(prepare_pairs(counts, trait), options=ScanOptions(p=1e-6))
    >>> scan.n_tests, scan.table[["variant_1", "variant_2"]].to_numpy().tolist()
    (190, [['variant_3', 'variant_8']])
    """
    parts = scan_blocks(design, rows, columns, options=options, shard=shard, progress=progress)
    return merge_scans(list(parts))


def scan_blocks(
    design: PairDesign,
    rows: Names | None = None,
    columns: Names | None = None,
    *,
    options: ScanOptions | None = None,
    shard: tuple[int, int] | None = None,
    progress: Progress | None = None,
) -> Iterator[PairScan]:
    """As `scan_pairs`, a block of pairs at a time, for scans whose hits outgrow memory."""
    options = options or ScanOptions()
    blocks = plan_blocks(design, rows, columns, shard=shard)
    return _run(design, blocks, options, progress)


def _run(
    design: PairDesign, blocks: list[Block], options: ScanOptions, progress: Progress | None
) -> Iterator[PairScan]:
    prepare = _preparation(design, blocks, options)

    def tasks() -> Iterator[tuple[Block, AnyStripe | None]]:
        stripe: AnyStripe | None = None
        for block in blocks:
            if prepare is not None and (stripe is None or stripe.variants is not block.stripe):
                stripe = None  # frees the last one first
                stripe = prepare(block.stripe)
            yield block, stripe

    def scan(task: tuple[Block, AnyStripe | None]) -> PairScan:
        return _scan_block(design, task[0], options, task[1])

    total, done = sum(block.count for block in blocks), 0
    parts = map_tasks(scan, tasks(), workers=scan_threads(options.workers, options.device))
    for block, part in zip(blocks, parts, strict=True):
        yield part
        done += block.count
        if progress is not None:
            progress(done, total)


def _preparation(
    design: PairDesign, blocks: list[Block], options: ScanOptions
) -> Callable[[np.ndarray], AnyStripe] | None:
    """What makes the columns of blocks ready; None where pairs are tested one by one."""
    if options.missing == "complete" and design.null.kind == "quantitative":
        return None
    dtype = options.dtype(design.null.kind)
    if design.related is not None:
        if options.device != "cpu":
            raise InputError(
                f"device is {options.device!r}, and the design has a kinship; expected device='cpu'"
            )
        least = options.min_double_carriers
        screen = prepare_screen(design, blocks, least=least, dtype=dtype)
        return partial(prepare_related_stripe, design, screen=screen)
    if options.device == "cpu":
        return partial(prepare_stripe, design, dtype=dtype)
    from seqgen.gxg.products_torch import TorchProducts

    return TorchProducts(design, dtype=dtype, device=options.device).prepare_stripe


def merge_scans(parts: list[PairScan]) -> PairScan:
    """One result of the parts of a scan: blocks, or shards.

    Raises
    ------
    InputError
        If there is no part.
    """
    if not parts:
        raise InputError("parts: none given; expected one or more parts of a scan")
    tables = [part.table for part in parts if len(part.table)] or [parts[0].table]
    table = pd.concat(tables, ignore_index=True)
    untested: dict[str, int] = {}
    for part in parts:
        for reason, count in part.untested.items():
            untested[reason] = untested.get(reason, 0) + count
    calibration = parts[0].calibration.copy()
    for name in ("observed", "expected"):
        calibration[name] = sum(part.calibration[name] for part in parts)
    return PairScan(
        table.sort_values("neg_log10_p", ascending=False, kind="stable", ignore_index=True),
        sum(part.n_tests for part in parts),
        calibration,
        untested,
    )


def _scan_block(
    design: PairDesign,
    block: Block,
    options: ScanOptions,
    stripe: AnyStripe | None,
) -> PairScan:
    if stripe is None:
        statistic, n_few, chosen = _one_by_one(design, block, options)
    else:
        statistic, n_few, chosen = _by_products(design, block, options, stripe)
    known = ~np.isnan(statistic)
    n_tests = int(known.sum())
    untested = {COLLINEAR: block.count - n_few - n_tests, FEW: n_few, _NO_FIT: 0}
    table = _table(design, chosen[0], chosen[1], options)
    failed = table["neg_log10_p"].isna().to_numpy()
    untested[_NO_FIT if design.null.kind == "binary" else COLLINEAR] += int(failed.sum())
    limit = -np.log10(options.p) * (1 - 1e-12)
    table = table[table["neg_log10_p"].to_numpy() >= limit]
    observed = [int((statistic >= limit).sum()) for limit in _limits(design, LEVELS)]
    calibration = pd.DataFrame(
        {"level": LEVELS, "observed": observed, "expected": LEVELS * n_tests}
    )
    untested = {reason: count for reason, count in untested.items() if count}
    return PairScan(table.reset_index(drop=True), n_tests, calibration, untested)


def _limits(design: PairDesign, p: np.ndarray | float) -> np.ndarray:
    """Statistic, t squared or chi squared, whose two-sided p value is ``p``."""
    from scipy.special import ndtri, stdtrit

    if design.null.kind == "quantitative":
        return stdtrit(design.n_people - design.null.basis.shape[1] - 3, np.asarray(p) / 2) ** 2
    return ndtri(np.asarray(p) / 2) ** 2


def _by_products(
    design: PairDesign, block: Block, options: ScanOptions, stripe: AnyStripe
) -> tuple[np.ndarray, int, tuple[np.ndarray, np.ndarray]]:
    """Statistics of the block's pairs, the count of those with few carriers, pairs to refine."""
    if isinstance(stripe, RelatedStripe):
        tests = related_block(design, block.rows, stripe, skip=block.skip)
    elif isinstance(stripe, Stripe):
        tests = pair_block(design, block.rows, stripe, skip=block.skip)
    else:
        tests = stripe.products.pair_block(block.rows, stripe, skip=block.skip)
    wanted = np.ones(tests.statistic.shape, bool) if block.wanted is None else block.wanted
    n_few = 0
    if options.min_double_carriers > 0:
        enough = have_carriers(design, block.rows, block.columns, least=options.min_double_carriers)
        n_few = int((wanted & ~enough).sum())
        wanted = wanted & enough
    statistic = tests.statistic
    at = np.nonzero(wanted & tests.doubtful)
    if at[0].size:
        statistic[at] = exact_tests(design, block.rows[at[0]], block.columns[at[1]]).t ** 2
    statistic[~wanted] = np.nan
    # A margin for rounding: what is chosen is tested again.
    margin = 1e-3 if options.dtype(design.null.kind) == np.float32 else 1e-9
    limit = float(_limits(design, options.level(design.null.kind))) * (1 - margin) - 1e-9
    if isinstance(stripe, RelatedStripe):
        limit = lowest_statistic(design, limit, stripe.screen)
    chosen = np.nonzero(statistic >= limit)
    return statistic, n_few, (block.rows[chosen[0]], block.columns[chosen[1]])


def _one_by_one(
    design: PairDesign, block: Block, options: ScanOptions
) -> tuple[np.ndarray, int, tuple[np.ndarray, np.ndarray]]:
    """As `_by_products`, from the people called at both variants of each pair."""
    shape = (len(block.rows), len(block.columns))
    at = np.nonzero(np.ones(shape, bool) if block.wanted is None else block.wanted)
    first, second = block.rows[at[0]], block.columns[at[1]]
    enough = count_double_carriers(design, first, second) >= options.min_double_carriers
    first, second = first[enough], second[enough]
    fit = regress_all(design, first, second, complete=True)
    statistic = fit.t**2
    neg_log10_p = neg_log10_p_of_t(fit.t, fit.df)
    chosen = neg_log10_p >= -np.log10(options.p) * (1 - 1e-9)
    return statistic, int((~enough).sum()), (first[chosen], second[chosen])


def _table(
    design: PairDesign, first: np.ndarray, second: np.ndarray, options: ScanOptions
) -> pd.DataFrame:
    """Pairs tested in double precision: the exact test, or the whole regression."""
    complete = options.missing == "complete"
    if design.null.kind == "quantitative" and not complete:
        fit = exact_tests(design, first, second)
    else:
        fit = regress_all(design, first, second, complete=complete)
    carriers = count_double_carriers(design, first, second)
    return pair_table(design, first, second, fit=fit, carriers=carriers)


def pair_table(
    design: PairDesign, first: np.ndarray, second: np.ndarray, *, fit: Fit, carriers: np.ndarray
) -> pd.DataFrame:
    """The table of a scan, from the fits of pairs and their double carriers."""
    neg_log10_p = neg_log10_p_of_t(fit.t, fit.df)
    names = design.variants["variant"].to_numpy()
    return pd.DataFrame(
        {
            "variant_1": names[first],
            "variant_2": names[second],
            "n": fit.n.astype(np.int64),
            "beta": fit.beta,
            "se": fit.se,
            "t": fit.t,
            "p": 10.0**-neg_log10_p,
            "neg_log10_p": neg_log10_p,
            "double_carriers": carriers,
        }
    )
