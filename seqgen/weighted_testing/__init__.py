"""Multiple testing with weights that keep the error rate even when the weights are worthless."""

from seqgen.weighted_testing.adjust import weighted_bh, weighted_bonferroni
from seqgen.weighted_testing.decisions import Decisions, WeightOptions, decide
from seqgen.weighted_testing.folds import FoldWeights, cross_fold_weights
from seqgen.weighted_testing.permutation import (
    max_t,
    max_t_threshold,
    permuted_maxima,
    permuted_orders,
)
from seqgen.weighted_testing.simulation import simulate_weighted_testing
from seqgen.weighted_testing.weights import Weights, evidence_weights

__all__ = [
    "Decisions",
    "FoldWeights",
    "WeightOptions",
    "Weights",
    "cross_fold_weights",
    "decide",
    "evidence_weights",
    "max_t",
    "max_t_threshold",
    "permuted_maxima",
    "permuted_orders",
    "simulate_weighted_testing",
    "weighted_bh",
    "weighted_bonferroni",
]
