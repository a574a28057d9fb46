"""All variants by all traits, in blocks of matrix products."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.io.tally import Tally
from seqgen.stats import neg_log10_p_of_t, p_of_t, t_of_p
from seqgen.transqtl.correlations import Histogram, cells_per_r, count_cells
from seqgen.transqtl.design import TransDesign
from seqgen.transqtl.exclusions import Exclusions
from seqgen.transqtl.variants import IMPUTED, REASONS, VariantBlock, read_block

COLUMNS = ("variant", "trait", "beta", "se", "t", "p", "neg_log10_p", "frequency")
Sink = Callable[[pd.DataFrame], None]
Progress = Callable[[int, int], None]

_VARIANTS, _TRAITS = 1024, 1024
# Rows of a product that are looked through at a time, so that they stay in the cache.
_STRIP = 128
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
    """

    p: float = 1e-5
    shard: tuple[int, int] | None = None
    most_hits: int = _MOST_HITS


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
    double precision. Memory holds one block and the hits, however many tests there are.

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
    run = _Run(design, options, exclusions, sink)
    blocks = _blocks(len(design.variants), options.shard)
    total = sum(map(len, blocks))
    done = 0
    for index in blocks:
        run.add(read_block(design.variants, index, rows=design.rows, basis=design.basis), index)
        done += len(index)
        if progress is not None:
            progress(done, total)
    return run.result()


def _blocks(count: int, shard: tuple[int, int] | None) -> list[np.ndarray]:
    starts = range(0, count, _VARIANTS)
    blocks = [np.arange(start, min(start + _VARIANTS, count)) for start in starts]
    if shard is None:
        return blocks
    number, of = shard
    if not 1 <= number <= of:
        raise InputError(f"shard is {shard}; expected (i, N) with i from 1 to N")
    whole = np.arange(count)[(number - 1) * count // of : number * count // of]
    if not len(whole):
        raise InputError(f"shard: {of} shards of {count:,} variants; expected at most as many")
    return [whole[k : k + _VARIANTS] for k in range(0, len(whole), _VARIANTS)]


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
        self._design, self._options = design, options
        self._exclusions, self._sink = exclusions, sink
        # Products come out on the scale of the histogram's cells.
        self._per_r = cells_per_r(design.df)
        self._single = (design.residuals * self._per_r).astype(np.float32)
        t = t_of_p(options.p, design.df)
        self._cut = float(t / np.sqrt(design.df + t * t))
        self._counts = np.zeros_like(count_cells(np.empty(0, dtype=np.float32)))
        # Memory that every block uses again; fresh pages cost as much as a look at them.
        self._left = np.empty(_VARIANTS * design.n_people, dtype=np.float32)
        self._product = np.empty(_VARIANTS * min(_TRAITS, design.n_traits), dtype=np.float32)
        self._hits: list[pd.DataFrame] = []
        self._n_hits = self._cis = self._cross = 0
        self._tally = Tally("trans")

    def add(self, block: VariantBlock, asked: np.ndarray) -> None:
        """Test the variants of a block on all traits."""
        self._note(block, asked)
        if not len(block.index):
            return
        single = block.single(self._left)
        left_out = self._left_out(block)
        found = []
        for start in range(0, self._design.n_traits, _TRAITS):
            stop = min(start + _TRAITS, self._design.n_traits)
            shape = len(single), stop - start
            place = self._product[: shape[0] * shape[1]].reshape(shape)
            np.matmul(single, self._single[start:stop].T, out=place)
            if left_out is not None:
                here = (left_out[1] >= start) & (left_out[1] < stop)
                place[left_out[0][here], left_out[1][here] - start] = np.nan
            candidates = self._look_through(place, left_out is not None)
            if len(candidates):
                row, trait = np.divmod(candidates, stop - start)
                found.append(regressions(self._design, block, row, trait + start, cut=self._cut))
        self._keep(found)

    def _look_through(self, place: np.ndarray, holes: bool) -> np.ndarray:
        """Count the tests of a product, overwritten; flat places of those to compute anew."""
        cut = np.float32(max(0.0, self._cut - _MARGIN) * self._per_r)
        candidates = []
        for top in range(0, len(place), _STRIP):
            strip = place[top : top + _STRIP]
            np.abs(strip, out=strip)
            if holes or strip.max() >= cut:
                candidates.append(np.flatnonzero(strip >= cut) + top * place.shape[1])
            self._counts += count_cells(strip[~np.isnan(strip)] if holes else strip)
        return np.concatenate(candidates) if candidates else np.empty(0, dtype=np.int64)

    def _note(self, block: VariantBlock, asked: np.ndarray) -> None:
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

    def _left_out(self, block: VariantBlock) -> tuple[np.ndarray, np.ndarray] | None:
        if self._exclusions is None:
            return None
        row, trait, cis = self._exclusions.pairs(block.index)
        self._cis += int(cis.sum())
        self._cross += int((~cis).sum())
        return row, trait

    def _keep(self, found: list[pd.DataFrame]) -> None:
        found = [table for table in found if len(table)]
        self._n_hits += sum(map(len, found))
        if self._sink is not None:
            if found:
                self._sink(pd.concat(found, ignore_index=True))
            return
        if self._n_hits > self._options.most_hits:
            raise InputError(
                f"p is {self._options.p}: more than {self._options.most_hits:,} hits to hold; "
                "lower p, raise most_hits, or hand them on with sink"
            )
        self._hits.extend(found)

    def result(self) -> TransScan:
        design = self._design
        drops = [table for table in (design.drops, _merged(self._tally)) if len(table)]
        drop_table = pd.concat(drops, ignore_index=True) if drops else design.drops
        if self._counts.sum() == 0:
            counted = zip(drop_table["reason"], drop_table["count"], strict=True)
            why = "; ".join(f"{reason}: {count:,}" for reason, count in counted)
            raise InputError(
                f"genotypes: no pair of variant and trait is left to test ({why or 'none given'}; "
                f"{self._cis + self._cross:,} pairs excluded)"
            )
        hits = pd.concat(self._hits, ignore_index=True) if self._hits else _no_hits()
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


def _merged(tally: Tally) -> pd.DataFrame:
    """One row per reason, over all blocks."""
    frame = tally.to_frame()
    keys = [name for name in frame.columns if name not in ("count", "example")]
    how = {"count": "sum", "example": "first"}
    return frame.groupby(keys, sort=False, as_index=False).agg(how)[list(frame.columns)]


def _no_hits() -> pd.DataFrame:
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
    r = _dots(block.values, design.residuals, row, trait)
    keep = np.abs(r) >= cut
    r, row, trait = np.clip(r[keep], -1.0, 1.0), row[keep], trait[keep]
    rest = np.maximum(1.0 - r * r, np.finfo(np.float64).tiny)
    t = r * np.sqrt(design.df / rest)
    ratio = design.traits["scale"].to_numpy()[trait] / block.scale[row]
    return pd.DataFrame({
        "variant": design.variants.table["variant"].to_numpy()[block.index[row]],
        "trait": design.traits["trait"].to_numpy()[trait],
        "beta": r * ratio,
        "se": ratio * np.sqrt(rest / design.df),
        "t": t,
        "p": p_of_t(t, design.df),
        "neg_log10_p": neg_log10_p_of_t(t, design.df),
        "frequency": block.frequency[row],
    })  # fmt: skip


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
