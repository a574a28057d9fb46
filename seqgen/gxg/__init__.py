"""Gene by gene: tests of pairs of variants for interaction."""

from __future__ import annotations

from seqgen.gxg.design import PairDesign, prepare_pairs
from seqgen.gxg.listed import scan_listed
from seqgen.gxg.loco import regress_pairs_loco, scan_listed_loco, scan_pairs_loco
from seqgen.gxg.pairs import PairOptions, pair_r2, regress_pairs
from seqgen.gxg.permutation import permuted_design
from seqgen.gxg.scan import (
    PairScan,
    ScanOptions,
    inflation_of_levels,
    merge_scans,
    scan_blocks,
    scan_pairs,
)

__all__ = [
    "PairDesign",
    "PairOptions",
    "PairScan",
    "ScanOptions",
    "inflation_of_levels",
    "merge_scans",
    "pair_r2",
    "permuted_design",
    "prepare_pairs",
    "regress_pairs",
    "regress_pairs_loco",
    "scan_blocks",
    "scan_listed",
    "scan_listed_loco",
    "scan_pairs",
    "scan_pairs_loco",
]
