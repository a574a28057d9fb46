"""Gene by gene: tests of pairs of variants for interaction."""

from __future__ import annotations

from seqgen.gxg.design import PairDesign, prepare_pairs
from seqgen.gxg.pairs import PairOptions, pair_r2, regress_pairs
from seqgen.gxg.scan import PairScan, ScanOptions, merge_scans, scan_blocks, scan_pairs

__all__ = [
    "PairDesign",
    "PairOptions",
    "PairScan",
    "ScanOptions",
    "merge_scans",
    "pair_r2",
    "prepare_pairs",
    "regress_pairs",
    "scan_blocks",
    "scan_pairs",
]
