"""Schemas: the tables between stages, written down once."""

from seqgen.schemas.evidence import GENE_PAIRS, PAIR_EVIDENCE, TRANS_EVIDENCE
from seqgen.schemas.interactions import (
    CALIBRATION,
    CONTROL,
    DECISION_COLUMNS,
    GXG,
    HOTSPOTS,
    LEADS,
    TRANSQTL,
)
from seqgen.schemas.schema import Column, Counted, Schema
from seqgen.schemas.tables import ALL as _TABLES
from seqgen.schemas.tables import (
    AMINO_ACIDS,
    ANNOTATIONS,
    COUPLINGS,
    CREDIBLE_SETS,
    DROPS,
    FINEMAP_LOCI,
    LOCI,
    MISSENSE_MAP,
    PRIOR_BY_LOCUS,
    PRIOR_COEFFICIENTS,
    SCORES,
    SUMSTATS,
    VARIANTS,
)

_EVIDENCE = (PAIR_EVIDENCE, TRANS_EVIDENCE, GENE_PAIRS)
_SCANS = (GXG, TRANSQTL, HOTSPOTS, CALIBRATION, CONTROL, LEADS)
ALL = (*_TABLES, *_EVIDENCE, *_SCANS)

__all__ = [
    "ALL",
    "AMINO_ACIDS",
    "ANNOTATIONS",
    "CALIBRATION",
    "CONTROL",
    "COUPLINGS",
    "CREDIBLE_SETS",
    "DECISION_COLUMNS",
    "DROPS",
    "FINEMAP_LOCI",
    "GENE_PAIRS",
    "GXG",
    "HOTSPOTS",
    "LEADS",
    "LOCI",
    "MISSENSE_MAP",
    "PAIR_EVIDENCE",
    "PRIOR_BY_LOCUS",
    "PRIOR_COEFFICIENTS",
    "SCORES",
    "SUMSTATS",
    "TRANSQTL",
    "TRANS_EVIDENCE",
    "VARIANTS",
    "Column",
    "Counted",
    "Schema",
]
