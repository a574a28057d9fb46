"""Fine-mapping: PIPs and credible sets from z-scores, LD and prior weights."""

from __future__ import annotations

from seqgen.finemap.backends import FineMapOptions, fine_map
from seqgen.finemap.consistency import ConsistencyResult, check_consistency
from seqgen.finemap.credible_sets import get_cs, get_pip
from seqgen.finemap.diagnostics import KrigingResult, estimate_s_rss, kriging_rss
from seqgen.finemap.ld import LDMatrix, prepare_ld
from seqgen.finemap.ld_factor import LDFactor, ld_factor
from seqgen.finemap.many_loci import fine_map_loci
from seqgen.finemap.options import SusieOptions
from seqgen.finemap.protocol import FineMapper
from seqgen.finemap.rss_lambda import susie_rss_lambda
from seqgen.finemap.sufficient import susie, susie_ss
from seqgen.finemap.susie_rss import SusieMapper, susie_rss

__all__ = [
    "ConsistencyResult",
    "FineMapOptions",
    "FineMapper",
    "KrigingResult",
    "LDFactor",
    "LDMatrix",
    "SusieMapper",
    "SusieOptions",
    "check_consistency",
    "estimate_s_rss",
    "fine_map",
    "fine_map_loci",
    "get_cs",
    "get_pip",
    "kriging_rss",
    "ld_factor",
    "prepare_ld",
    "susie",
    "susie_rss",
    "susie_rss_lambda",
    "susie_ss",
]
