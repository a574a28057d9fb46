"""All variants by all traits, in blocks of matrix products."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.io.tally import Tally
from seqgen.parallel import map_tasks, scan_threads, shard_slice
from seqgen.stats import t_of_p
from seqgen.transqtl.correlations import CELLS, Histogram, cells_per_r
from seqgen.transqtl.design import TransDesign
from seqgen.transqtl.exclusions import Exclusions
from seqgen.transqtl.mixed import MixedProducts, MixedWeights
from seqgen.transqtl.products import ArrayProducts, Products, product_memory
from seqgen.transqtl.regressions import Hits, joined, no_hits, refined
from seqgen.transqtl.screening import Screened, screen_block
from seqgen.transqtl.variants import IMPUTED, REASONS

Sink = Callable[[pd.DataFrame], None]
Progress = Callable[[int, int], None]

# Variants at a time: as many as products are quick for, fewer where people are very many.
_MOST_VARIANTS, _FEWEST_VARIANTS, _BLOCK_BYTES = 2048, 128, 256 * 1024 * 1024
# Traits at a time; a device has room for more, and waits less.
_TRAITS, _DEVICE_TRAITS = 1024, 16_384
# Above single precision's rounding of a correlation, which is about 1e-6 at worst.
_MARGIN = 1e-5
_MOST_HITS = 20_000_000


@dataclass(frozen=True)
class ScanOptions:
    """How a trans scan is run.

    Attributes
    ----------
    p : float
        Tests with at most this p value are reported; all are counted.
    shard : (int, int), optional
        (i, N): the i-th of N parts of the variants, from 1.
    most_hits : int
        Hits held in memory at most, where they are not handed on as they come.
    workers : int, optional
        Threads, each with a block of variants; all cores that this process may use where None.
        The result is the same for any number, to the last digit where BLAS has one thread with
        one worker too. Genotypes are read by one thread.
    device : str
        Where the products are made: ``cpu`` (NumPy), ``cuda`` or ``cuda:0`` (torch on a GPU),
        ``torch-cpu``. What is reported is computed anew in NumPy, and is the same for all.
    """

    p: float = 1e-5
    shard: tuple[int, int] | None = None
    most_hits: int = _MOST_HITS
    workers: int | None = 1
    device: str = "cpu"


@dataclass(frozen=True)
class TransScan:
    """What a trans scan found.

    Attributes
    ----------
    hits : DataFrame
        One row per reported test: ``variant``, ``trait``, ``beta`` (trait units per allele),
        ``se``, ``t``, ``p``, ``neg_log10_p`` (exact where ``p`` is 0), ``frequency`` of the
        counted allele; ordered by p. Empty where hits were handed on.
    n_tests : int
        Tests run, those of excluded pairs not among them.
    n_hits : int
    n_cis, n_cross_mapped : int
        Pairs excluded by a cis window, and beyond those by cross-mappability.
    histogram : Histogram
        All tests by size.
    df : int
        Degrees of freedom.
    drops : DataFrame
        `schemas.DROPS`: people, traits, variants and calls left out or filled in, by reason.
    """

    hits: pd.DataFrame
    n_tests: int
    n_hits: int
    n_cis: int
    n_cross_mapped: int
    histogram: Histogram = field(repr=False)
    df: int
    drops: pd.DataFrame

    def __repr__(self) -> str:
        left_out = self.n_cis + self.n_cross_mapped
        return (
            f"TransScan({self.n_tests:,} tests, {left_out:,} pairs excluded, {self.n_hits:,} hits, "
            f"inflation {self.inflation:.3g}, {self.df:,} degrees of freedom)"
        )

    @property
    def inflation(self) -> float:
        """Genomic inflation of the median test."""
        return self.histogram.inflation()


def scan_trans(
    design: TransDesign,
    *,
    options: ScanOptions | None = None,
    exclusions: Exclusions | None = None,
    sink: Sink | None = None,
    progress: Progress | None = None,
) -> TransScan:
    """Test every variant on every trait by linear regression on the variant and the covariates.

    Single-precision products find the candidates; whatever is reported is computed anew in
    double precision. Memory holds two blocks per worker and the hits, however many tests there
    are. With the kinship of related people in the design, the tests are those of a mixed model
    per trait, exact given its h2, on the CPU and in about three times the time.

    Parameters
    ----------
    design : TransDesign
    options : ScanOptions, optional
    exclusions : Exclusions, optional
        Pairs that are not tested, from `plan_exclusions`.
    sink : callable, optional
        Takes the hits of each block of variants as a table, which are then not kept.
    progress : callable, optional
        Called with variants done and all variants after each block.

    Returns
    -------
    TransScan

    Raises
    ------
    InputError
        If an option is out of range, no variant can be tested, or there are too many hits to
        hold.

    References
    ----------
    Shabalin (2012), Bioinformatics 28, 1353-1358: regressions as matrix products.

    Examples
    --------
    >>> from seqgen.transqtl.design import prepare_trans
    >>> rng = np.random.default_rng(1)
    >>> genotypes = rng.binomial(2, 0.3, (200, 50))
    >>> traits = rng.normal(size=(200, 3))
    >>> traits[:, 1] += genotypes[:, 7]
    >>> scan = scan_trans(prepare_trans(genotypes, traits))
    >>> scan.n_tests, scan.hits[["variant", "trait"]].iloc[0].tolist()
    (150, ['variant_8', 'trait_2'])
    """
    options = options or ScanOptions()
    threads = scan_threads(options.workers, options.device)
    run = _Run(design, options, exclusions, sink)
    blocks = run.blocks()
    total = sum(map(len, blocks))
    done = 0
    for tested in map_tasks(run.test, run.read(blocks), workers=threads):
        run.add(tested)
        done += len(tested.asked)
        if progress is not None:
            progress(done, total)
    return run.result()


class _Tested(NamedTuple):
    """What the tests of a block gave: ``counts`` per cell, hits, numbers of excluded pairs."""

    asked: np.ndarray
    screened: Screened
    counts: np.ndarray
    found: list[Hits]
    n_cis: int
    n_cross: int


class _Run:
    """A scan under way."""

    def __init__(
        self,
        design: TransDesign,
        options: ScanOptions,
        exclusions: Exclusions | None,
        sink: Sink | None,
    ) -> None:
        if not 0.0 < options.p <= 1.0:
            raise InputError(f"p is {options.p}; expected above 0, at most 1")
        if exclusions is not None and len(exclusions.variant_pos) != len(design.variants):
            raise InputError(
                f"exclusions: made for {len(exclusions.variant_pos):,} variants, the design has "
                f"{len(design.variants):,}"
            )
        if design.mixed is not None and options.device != "cpu":
            raise InputError(
                f"device is {options.device!r} with kinship in the design; mixed models are "
                "scanned on 'cpu' only"
            )
        self._design, self._options = design, options
        self._exclusions, self._sink = exclusions, sink
        t = t_of_p(options.p, design.df)
        self._cut = float(t / np.sqrt(design.df + t * t))
        fit = _BLOCK_BYTES // (4 * design.n_people)
        self._height = int(np.clip(fit, _FEWEST_VARIANTS, _MOST_VARIANTS))
        self._width = min(design.n_traits, _TRAITS if options.device == "cpu" else _DEVICE_TRAITS)
        # Products come out on the scale of the histogram's cells.
        per_r = cells_per_r(design.df)
        margin, self._mixed = _MARGIN, None
        if design.mixed is None:
            self._traits = (design.residuals * per_r).astype(np.float32)
        else:
            self._mixed = MixedWeights(design.mixed, per_r)
            margin *= self._mixed.growth
        self._candidate = max(0.0, self._cut - margin) * per_r
        self._of_thread = threading.local()
        self._counts = np.zeros(CELLS, dtype=np.int64)
        self._hits: list[Hits] = []
        self._n_hits = self._cis = self._cross = 0
        self._tally = Tally("trans")

    def blocks(self) -> list[np.ndarray]:
        """Numbers of the variants of each block."""
        count = len(self._design.variants)
        whole = np.arange(count)[shard_slice(count, self._options.shard, what="variants")]
        return [whole[k : k + self._height] for k in range(0, len(whole), self._height)]

    def read(self, blocks: list[np.ndarray]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Numbers and genotypes of the variants of each block."""
        for index in blocks:
            yield index, self._design.variants.read(index)

    def test(self, task: tuple[np.ndarray, np.ndarray]) -> _Tested:
        """Test the variants of a block on all traits; any thread may do it."""
        design, (asked, counts) = self._design, task
        products, memory = self._mine()
        screened = screen_block(
            counts, design.variants, asked, rows=design.rows, basis=design.basis, memory=memory
        )
        seen, found, cis = np.zeros(CELLS, dtype=np.int64), [], np.empty(0, dtype=bool)
        left_out = None
        if self._exclusions is not None and len(screened.index):
            row, trait, cis = self._exclusions.pairs(screened.index)
            left_out = np.stack([row, trait])
        for start in range(0, design.n_traits, self._width) if len(screened.index) else ():
            stop = min(start + self._width, design.n_traits)
            here = None
            if left_out is not None:
                here = left_out[:, (left_out[1] >= start) & (left_out[1] < stop)]
                here = here - [[0], [start]]
            looked = products.look(screened.single, start, stop, left_out=here)
            seen += looked.counts
            if len(looked.row):
                found.append(self._again(screened, looked.row, looked.trait))
        # The values lie in memory that the next block uses.
        told = replace(screened, single=screened.single[:0])
        return _Tested(asked, told, seen, found, int(cis.sum()), int((~cis).sum()))

    def _mine(self) -> tuple[Products, np.ndarray]:
        """Products and memory of this thread."""
        mine = self._of_thread
        if not hasattr(mine, "products"):
            mine.memory = np.empty(self._height * self._design.n_people, dtype=np.float32)
            mine.products = self._products()
        return mine.products, mine.memory

    def _products(self) -> Products:
        if self._options.device == "cpu":
            room = product_memory(self._height, self._width)
            if self._mixed is not None:
                return MixedProducts(self._mixed, self._candidate, room)
            return ArrayProducts(self._traits, self._candidate, room)
        from seqgen.transqtl.products_torch import TorchProducts

        return TorchProducts(self._traits, self._candidate, self._options.device)

    def _again(self, screened: Screened, row: np.ndarray, trait: np.ndarray) -> Hits:
        """Tests in double precision; those beyond the p value asked for."""
        rows, row = np.unique(row, return_inverse=True)
        return refined(self._design, screened.exact(rows), row, trait, cut=self._cut)

    def add(self, tested: _Tested) -> None:
        """Take in the tests of a block, in the order of the blocks."""
        self._note(tested.screened, tested.asked)
        self._counts += tested.counts
        self._cis += tested.n_cis
        self._cross += tested.n_cross
        self._keep(tested.found)

    def _note(self, block: Screened, asked: np.ndarray) -> None:
        table = self._design.variants.table
        if block.reason.any():
            rows = table.iloc[asked][["variant"]]
            for code, reason in enumerate(REASONS):
                if code:
                    self._tally.note(rows, block.reason == code, reason, action="dropped")
        filled = (block.n_missing > 0) & (block.reason == 0)
        if filled.any():
            calls = np.repeat(asked[filled], block.n_missing[filled])
            self._tally.note(table.iloc[calls][["variant"]], np.ones(len(calls), bool), IMPUTED,
                             action="changed")  # fmt: skip

    def _keep(self, found: list[Hits]) -> None:
        found = [hits for hits in found if len(hits.variant)]
        self._n_hits += sum(len(hits.variant) for hits in found)
        if self._sink is not None:
            if found:
                self._sink(joined(found).to_frame(self._design))
            return
        if self._n_hits > self._options.most_hits:
            raise InputError(
                f"p is {self._options.p}: more than {self._options.most_hits:,} hits to hold; "
                "lower p, raise most_hits, or hand them on with sink"
            )
        self._hits.extend(found)

    def result(self) -> TransScan:
        design = self._design
        drops = [table for table in (design.drops, self._tally.to_frame()) if len(table)]
        drop_table = pd.concat(drops, ignore_index=True) if drops else design.drops
        if self._counts.sum() == 0 and self._options.shard is None:
            counted = zip(drop_table["reason"], drop_table["count"], strict=True)
            why = "; ".join(f"{reason}: {count:,}" for reason, count in counted)
            raise InputError(
                f"genotypes: no pair of variant and trait is left to test ({why or 'none given'}; "
                f"{self._cis + self._cross:,} pairs excluded)"
            )
        hits = joined(self._hits).to_frame(design) if self._hits else no_hits()
        hits = hits.sort_values("neg_log10_p", ascending=False, kind="stable", ignore_index=True)
        return TransScan(
            hits=hits,
            n_tests=int(self._counts.sum()),
            n_hits=self._n_hits,
            n_cis=self._cis,
            n_cross_mapped=self._cross,
            histogram=Histogram(self._counts, design.df),
            df=design.df,
            drops=drop_table,
        )
