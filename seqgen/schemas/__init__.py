"""Schemas: the tables between stages, written down once."""

from seqgen.schemas.annotations import LOSS_OF_FUNCTION, MUTANT_PROTEINS
from seqgen.schemas.consistency import LD_CONSISTENCY
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
from seqgen.schemas.scores import DNA_DISTANCES, DNA_SCORES, MADE_BY, MUTANT_SCORES
from seqgen.schemas.tables import ALL as _TABLES
from seqgen.schemas.tables import (
    AMINO_ACIDS,
    ANNOTATIONS,
    COUPLINGS,
    CREDIBLE_SETS,
    DROPS,
    FINEMAP_LOCI,
    HOMOLOG_SCORES,
    LOCI,
    MISSENSE_MAP,
    PRIOR_BY_LOCUS,
    PRIOR_COEFFICIENTS,
    SCORES,
    SUMSTATS,
    VARIANTS,
)

_EVIDENCE = (PAIR_EVIDENCE, TRANS_EVIDENCE, GENE_PAIRS)
_SCORED = (MUTANT_SCORES, DNA_SCORES, DNA_DISTANCES)
_SCANS = (GXG, TRANSQTL, HOTSPOTS, CALIBRATION, CONTROL, LEADS)
ALL = (*_TABLES, MUTANT_PROTEINS, LD_CONSISTENCY, *_EVIDENCE, *_SCORED, *_SCANS)

__all__ = [
    "ALL",
    "AMINO_ACIDS",
    "ANNOTATIONS",
    "CALIBRATION",
    "CONTROL",
    "COUPLINGS",
    "CREDIBLE_SETS",
    "DECISION_COLUMNS",
    "DNA_DISTANCES",
    "DNA_SCORES",
    "DROPS",
    "FINEMAP_LOCI",
    "GENE_PAIRS",
    "GXG",
    "HOMOLOG_SCORES",
    "HOTSPOTS",
    "LD_CONSISTENCY",
    "LEADS",
    "LOCI",
    "LOSS_OF_FUNCTION",
    "MADE_BY",
    "MISSENSE_MAP",
    "MUTANT_PROTEINS",
    "MUTANT_SCORES",
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
