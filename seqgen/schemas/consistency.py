"""Schema of the check of z-scores against LD."""

from __future__ import annotations

from seqgen.schemas.schema import Column, Schema

LD_CONSISTENCY = Schema(
    "ld_consistency",
    "variant of a fine-mapped locus",
    (
        Column("locus", "string", "name of the locus, chrom:start-end"),
        Column("chrom", "string", "chromosome"),
        Column("pos", "int", "position", "bp, 1-based", low=1),
        Column("rsid", "string", "rsID", nullable=True),
        Column("effect_allele", "string", "allele that z counts"),
        Column("other_allele", "string", "the other allele"),
        Column("z", "float", "z as given, adjusted for the variance that the variant explains"),
        Column("z_expected", "float", "z that the others and the LD foretell"),
        Column("se", "float", "standard error of the difference", low=0),
        Column("chi2", "float", "squared standardised difference", low=0),
        Column("p", "float", "its p value, one degree of freedom", low=0, high=1),
        Column(
            "log_lr_flip",
            "float",
            "log likelihood ratio of z with the other sign against z as given",
            "natural log",
        ),
        Column(
            "verdict",
            "string",
            "whether alleles look switched, z contradicts the LD otherwise, or all is well",
            allowed=("ok", "flipped", "inconsistent"),
        ),
        Column("reason", "string", "what was found", nullable=True),
        Column(
            "action",
            "string",
            "what was done before fine-mapping: sign turned, left out, nothing",
            allowed=("none", "turned", "dropped"),
        ),
    ),
    key=("locus", "chrom", "pos", "effect_allele", "other_allele"),
)
