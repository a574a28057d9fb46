"""Log-likelihood ratios of changes of proteins and DNA, and scores of several models as one."""

from seqgen.scores.combine import combine_scores
from seqgen.scores.dna import score_dna_variants
from seqgen.scores.dna_distances import dna_embedding_distances
from seqgen.scores.mutants import score_mutants
from seqgen.scores.substitutions import DEFAULT_METHODS, METHODS, score_variants
from seqgen.scores.variant_embeddings import embed_variants

__all__ = [
    "DEFAULT_METHODS",
    "METHODS",
    "combine_scores",
    "dna_embedding_distances",
    "embed_variants",
    "score_dna_variants",
    "score_mutants",
    "score_variants",
]
