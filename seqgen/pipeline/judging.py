"""Whether a prior learned over the loci of a run predicts loci that it has not seen."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from seqgen.errors import InputError
from seqgen.pipeline.fits import _annotated_variants, _terms
from seqgen.pipeline.locus_data import LocusData
from seqgen.pipeline.options import RunOptions
from seqgen.priors import PriorEvaluation, evaluate_prior, prior_annotations


def judge_prior(
    data: Mapping[str, LocusData], changes: pd.DataFrame, *, options: RunOptions
) -> PriorEvaluation:
    """Held-out worth of the prior that `learn_prior` learns (arguments as there).

    Raises
    ------
    InputError
        No variant of the loci changes a residue, or there are fewer than four loci.
    """
    annotations = prior_annotations(_annotated_variants(data, changes))
    terms = _terms(annotations)
    if not terms:
        raise InputError(
            "no variant of the loci has a known residue change, so there is no prior to judge; "
            "check that --annotations and --scores belong to these summary statistics"
        )
    return evaluate_prior(
        annotations,
        lambda weights: {
            name: data[name].fit(options, w, learning=True) for name, w in weights.items()
        },
        terms=terms,
    )
