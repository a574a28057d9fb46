"""The main job, composed of the stages: nothing here computes, everything is handed on."""

from seqgen.pipeline.changes import only_finemapped, residue_changes
from seqgen.pipeline.fits import FineMapTables, finemap_loci, learn_prior, with_centre
from seqgen.pipeline.flow import RunResult, redraw_report, run
from seqgen.pipeline.locus_data import LocusData, prepare_loci
from seqgen.pipeline.options import RunOptions

__all__ = [
    "FineMapTables",
    "LocusData",
    "RunOptions",
    "RunResult",
    "finemap_loci",
    "learn_prior",
    "only_finemapped",
    "prepare_loci",
    "redraw_report",
    "residue_changes",
    "run",
    "with_centre",
]
