"""Schemas: the tables between stages, written down once."""

from seqgen.schemas.schema import Column, Counted, Schema
from seqgen.schemas.tables import (
    ALL,
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

__all__ = [
    "ALL",
    "AMINO_ACIDS",
    "ANNOTATIONS",
    "COUPLINGS",
    "CREDIBLE_SETS",
    "DROPS",
    "FINEMAP_LOCI",
    "LOCI",
    "MISSENSE_MAP",
    "PRIOR_BY_LOCUS",
    "PRIOR_COEFFICIENTS",
    "SCORES",
    "SUMSTATS",
    "VARIANTS",
    "Column",
    "Counted",
    "Schema",
]
