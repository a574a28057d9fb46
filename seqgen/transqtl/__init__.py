"""Trans scans: all variants by all traits, with covariates, as matrix products."""

from seqgen.transqtl.correlations import Histogram
from seqgen.transqtl.design import TransDesign, prepare_trans
from seqgen.transqtl.edges import best_cis, mediation, scan_edges
from seqgen.transqtl.exclusions import CIS_WINDOW, Exclusions, plan_exclusions
from seqgen.transqtl.permutation import permuted_scan_maxima, permuted_traits
from seqgen.transqtl.scan import ScanOptions, TransScan, scan_trans

__all__ = [
    "CIS_WINDOW",
    "Exclusions",
    "Histogram",
    "ScanOptions",
    "TransDesign",
    "TransScan",
    "best_cis",
    "mediation",
    "permuted_scan_maxima",
    "permuted_traits",
    "plan_exclusions",
    "prepare_trans",
    "scan_edges",
    "scan_trans",
]
