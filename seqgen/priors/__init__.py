"""Prior inclusion probabilities from annotations: what goes in, learning, judging, handing on.

The prior of a locus is the softmax of its annotations. `fit_prior` learns the coefficients
around any fine-mapper, `fit_torus_prior` from single-variant statistics with one causal variant
a locus; `evaluate_prior` says whether they predict loci that they have not seen, and
`export_prior` writes what other fine-mappers read.
"""

from seqgen.priors.annotations import (
    GENE_MODEL_TERMS,
    TERMS,
    PriorTerms,
    annotate_intervals,
    apply_terms,
    prior_annotations,
    prior_terms,
    score_centre,
)
from seqgen.priors.evaluation import PriorEvaluation, evaluate_prior
from seqgen.priors.export import export_prior
from seqgen.priors.learning import PriorFit, PriorOptions, fit_prior
from seqgen.priors.one_causal import TorusFit, fit_torus_prior
from seqgen.priors.penalties import PENALTY_SD
from seqgen.priors.weights import given_coefficients, prior_weights

__all__ = [
    "GENE_MODEL_TERMS",
    "PENALTY_SD",
    "TERMS",
    "PriorEvaluation",
    "PriorFit",
    "PriorOptions",
    "PriorTerms",
    "TorusFit",
    "annotate_intervals",
    "apply_terms",
    "evaluate_prior",
    "export_prior",
    "fit_prior",
    "fit_torus_prior",
    "given_coefficients",
    "prior_annotations",
    "prior_terms",
    "prior_weights",
    "score_centre",
]
