"""Tables of scores of changed proteins and of variants of DNA."""

from __future__ import annotations

from seqgen.schemas.schema import Column, Schema

#: Keys of a table's ``attrs``, and attributes of a table in R, that say how scores were made.
MADE_BY = ("log_lik_ratio", "embedding", "combined", "models")

_CHROM = Column("chrom", "string", "chromosome, as given")
_POS = Column("pos", "int", "position", "base pair, 1-based", low=1)
_REF = Column("ref", "string", "allele of the reference genome")
_ALT = Column("alt", "string", "the other allele")

MUTANT_SCORES = Schema(
    "mutant_scores",
    "changed protein and method",
    (
        Column("uniprot", "string", "UniProt accession"),
        Column("mutant", "string", "its changes, such as K2W:L4A, F508del, Q41*, K2_L3insRS"),
        Column(
            "method",
            "string",
            "how the model was asked",
            allowed=(
                "additive-masked-marginal",
                "additive-wild-type-marginal",
                "joint-masked-marginal",
                "pseudo-log-likelihood",
                "one-pass-pseudo-log-likelihood",
                "pseudo-log-odds",
                "one-pass-pseudo-log-odds",
            ),
        ),
        Column(
            "log_lik_ratio",
            "float",
            "log likelihood of the changed protein less that of the reference",
            "natural log",
        ),
    ),
    key=("uniprot", "mutant", "method"),
)

DNA_SCORES = Schema(
    "dna_scores",
    "variant and method",
    (
        _CHROM,
        _POS,
        _REF,
        _ALT,
        Column(
            "method",
            "string",
            "how the model was asked",
            allowed=(
                "masked-marginal",
                "wild-type-marginal",
                "one-pass-pseudo-log-likelihood",
                "one-pass-pseudo-log-odds",
            ),
        ),
        Column(
            "log_lik_ratio",
            "float",
            "log likelihood of alt less that of ref, mean of the strands",
            "natural log",
        ),
    ),
    key=("chrom", "pos", "ref", "alt", "method"),
)

DNA_DISTANCES = Schema(
    "dna_distances",
    "variant",
    (
        _CHROM,
        _POS,
        _REF,
        _ALT,
        Column("dot", "float", "dot product of the two alleles' embeddings"),
        Column("cosine", "float", "1 - cosine of the angle between them", low=-1e-6, high=2.000001),
        Column("l2", "float", "Euclidean distance between them", low=0),
    ),
    key=("chrom", "pos", "ref", "alt"),
)
