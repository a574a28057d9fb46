"""Trans scans: all variants by all traits, with covariates, as matrix products."""

from seqgen.transqtl.correlations import Histogram
from seqgen.transqtl.design import TransDesign, prepare_trans
from seqgen.transqtl.exclusions import Exclusions, plan_exclusions
from seqgen.transqtl.permutation import permuted_scan_maxima
from seqgen.transqtl.scan import ScanOptions, TransScan, scan_trans

__all__ = [
    "Exclusions",
    "Histogram",
    "ScanOptions",
    "TransDesign",
    "TransScan",
    "permuted_scan_maxima",
    "plan_exclusions",
    "prepare_trans",
    "scan_trans",
]
