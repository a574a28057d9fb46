"""Scans weighted by evidence: pairs of variants, and variants on far traits."""

from seqgen.scans.gxg import scan_gxg
from seqgen.scans.gxg_options import GxGOptions
from seqgen.scans.hotspots import find_hotspots
from seqgen.scans.leads import find_leads
from seqgen.scans.pair_tests import scan_all_pairs
from seqgen.scans.parts import pair_scan_of, pair_sums, trans_scan_of, trans_sums
from seqgen.scans.trans import rank_trans, scan_all_edges
from seqgen.scans.trans_options import TransOptions

__all__ = [
    "GxGOptions",
    "TransOptions",
    "find_hotspots",
    "find_leads",
    "pair_scan_of",
    "pair_sums",
    "rank_trans",
    "scan_all_edges",
    "scan_all_pairs",
    "scan_gxg",
    "trans_scan_of",
    "trans_sums",
]
