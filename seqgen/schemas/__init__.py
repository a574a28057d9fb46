"""Schemas: the tables between stages, written down once."""

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

ALL = (*_TABLES, GXG, TRANSQTL, HOTSPOTS, CALIBRATION, CONTROL, LEADS)

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
    "GXG",
    "HOTSPOTS",
    "LEADS",
    "LOCI",
    "MISSENSE_MAP",
    "PRIOR_BY_LOCUS",
    "PRIOR_COEFFICIENTS",
    "SCORES",
    "SUMSTATS",
    "TRANSQTL",
    "VARIANTS",
    "Column",
    "Counted",
    "Schema",
]
