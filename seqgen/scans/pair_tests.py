"""The tests of a scan of pairs: of all, of listed ones, and whole regressions of chosen ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.gxg import (
    PairDesign,
    PairScan,
    permuted_design,
    regress_pairs,
    regress_pairs_loco,
    scan_listed,
    scan_listed_loco,
    scan_pairs,
    scan_pairs_loco,
)
from seqgen.scans.gxg_options import GxGOptions


@dataclass(frozen=True)
class PairTests:
    """How the pairs of a design are tested, whether or not there are LOCO predictions.

    Attributes
    ----------
    design : PairDesign
    options : GxGOptions
    loco : DataFrame, optional
        As for `scan_pairs_loco`.
    chromosomes : sequence of str, optional
    """

    design: PairDesign
    options: GxGOptions
    loco: pd.DataFrame | None = None
    chromosomes: Sequence[str] | None = None

    def everything(
        self,
        *,
        shard: tuple[int, int] | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> PairScan:
        """All pairs of all variants."""
        options = self.options.scan()
        if self.loco is None:
            return scan_pairs(self.design, options=options, shard=shard, progress=progress)
        return scan_pairs_loco(
            self.design,
            self.loco,
            chromosomes=self.chromosomes,
            options=options,
            shard=shard,
            progress=progress,
        )

    def listed(self, first: np.ndarray, second: np.ndarray) -> PairScan:
        """Listed pairs, every one reported."""
        options = self.options.scan()
        if self.loco is None:
            return scan_listed(self.design, first, second, options=options)
        return scan_listed_loco(
            self.design, self.loco, first, second, chromosomes=self.chromosomes, options=options
        )

    def whole(
        self, pairs: pd.DataFrame, leads: Sequence[str] | pd.DataFrame | None
    ) -> pd.DataFrame:
        """Whole regressions of chosen pairs."""
        options = self.options.pairs
        if self.loco is None:
            return regress_pairs(self.design, pairs, leads=leads, options=options)
        return regress_pairs_loco(
            self.design,
            pairs,
            self.loco,
            chromosomes=self.chromosomes,
            leads=leads,
            options=options,
        )

    def permuted(self, order: np.ndarray) -> PairTests:
        """The same tests with the people of the trait in another order."""
        if self.loco is not None:
            raise InputError(
                "permutations: people who are related are not exchangeable; leave permutations "
                "out where loco is given"
            )
        return replace(self, design=permuted_design(self.design, order))


def scan_all_pairs(
    design: PairDesign,
    *,
    options: GxGOptions | None = None,
    loco: pd.DataFrame | None = None,
    chromosomes: Sequence[str] | None = None,
    shard: tuple[int, int] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> PairScan:
    """A part of the tests of `scan_gxg` of all pairs, to be handed to it as ``scan``.

    Parameters
    ----------
    design, loco, chromosomes, options
        As for `scan_gxg`.
    shard : tuple (i, N), optional
        Do the i-th of N parts; `merge_scans` puts them together.
    progress : callable, optional
        Called as ``progress(done, total)``.

    Returns
    -------
    PairScan
    """
    tests = PairTests(design, options or GxGOptions(), loco, chromosomes)
    return tests.everything(shard=shard, progress=progress)
