"""The main job, composed of the stages: nothing here computes, everything is handed on."""

from seqgen.pipeline.changes import add_homologs, only_finemapped, residue_changes
from seqgen.pipeline.fits import FineMapTables, finemap_loci
from seqgen.pipeline.flow import RunResult, redraw_report, run
from seqgen.pipeline.locus_data import LocusData, prepare_loci
from seqgen.pipeline.options import RunOptions
from seqgen.pipeline.prior import RunPrior, learn_prior, with_centre

__all__ = [
    "FineMapTables",
    "LocusData",
    "RunOptions",
    "RunPrior",
    "RunResult",
    "add_homologs",
    "finemap_loci",
    "learn_prior",
    "only_finemapped",
    "prepare_loci",
    "redraw_report",
    "residue_changes",
    "run",
    "with_centre",
]
