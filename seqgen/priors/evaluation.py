"""Whether a learned prior is worth having: does it predict loci that it has not seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.priors.annotations import TERMS
from seqgen.priors.evidence import FineMapLoci, blocks_of, moments, observe
from seqgen.priors.learning import PriorFit, PriorOptions, fit_prior
from seqgen.priors.penalties import locus_blocks
from seqgen.priors.weights import design_of

_REPEATS = 4000
_DEFAULTS = PriorOptions(penalty="cv")


@dataclass(frozen=True)
class PriorEvaluation:
    """Held-out worth of a learned prior.

    Attributes
    ----------
    gain : float
        Log-likelihood that the prior, learned without a locus, adds to it over the flat prior,
        summed over loci (natural log).
    lower, upper : float
        95% interval of ``gain``, by bootstrap of the loci.
    helps : bool
        True where ``lower`` is above zero.
    by_locus : DataFrame
        ``locus``, ``fold``, ``effects`` and ``gain``.
    coefficients : DataFrame
        What to use: those of all loci where the prior helps, else zeros (the flat prior).
    fit : PriorFit
        The fit to all loci, whatever its worth.
    verdict : str
        One sentence.
    """

    gain: float
    lower: float
    upper: float
    helps: bool
    by_locus: pd.DataFrame
    coefficients: pd.DataFrame
    fit: PriorFit
    verdict: str


def evaluate_prior(
    annotations: pd.DataFrame,
    fine_map: FineMapLoci,
    *,
    terms: Sequence[str] = TERMS,
    penalty_sd: Mapping[str, float] | None = None,
    folds: int = 5,
    options: PriorOptions = _DEFAULTS,
    seed: int = 1,
) -> PriorEvaluation:
    """Judge a learned prior on held-out loci, and fall back to the flat one where it is no help.

    The loci are split into folds of neighbours (or chromosomes). Coefficients are learned anew
    without each fold; what they are worth there is the evidence of the effects that the flat
    prior finds, so that the learned prior has no say in what it is judged by.

    Parameters
    ----------
    annotations, fine_map, terms, penalty_sd
        As in `fit_prior`.
    folds : int
        Parts of the loci, at least two.
    options : PriorOptions
        As in `fit_prior`; by default the penalty is chosen within the other folds.
    seed : int
        Of the bootstrap.

    Returns
    -------
    PriorEvaluation

    Raises
    ------
    InputError
        Fewer than four loci, or folds below two; and as `fit_prior`.
    """
    terms = list(terms)
    blocks = blocks_of(annotations, design_of(annotations, terms))
    if folds < 2 or len(blocks) < 4:
        raise InputError(
            f"folds: found {folds} with {len(blocks)} loci; expected two or more folds of at least "
            "four loci, for a prior is judged on loci that it was not learned from"
        )
    flat = observe(blocks, np.zeros(len(terms)), fine_map)
    whole = fit_prior(annotations, fine_map, terms=terms, penalty_sd=penalty_sd, options=options)
    start = dict(zip(terms, whole.coefficients["estimate"].tolist(), strict=True))
    quick = replace(options, cross_fit="evidence", errors="information")
    fold_of = locus_blocks(list(blocks), folds)
    locus = annotations["locus"].astype(str)
    gain = np.zeros(len(blocks))
    for fold in np.unique(fold_of):
        held = fold_of == fold
        names = [name for name, k in zip(blocks, held, strict=True) if k]
        rest = annotations[~locus.isin(names)]
        fit = fit_prior(
            rest, fine_map, terms=terms, penalty_sd=penalty_sd, init=start, options=quick
        )
        beta = fit.coefficients["estimate"].to_numpy()
        worth = moments(flat, beta).value - moments(flat, np.zeros(len(beta))).value
        gain[held] = worth[held]
    by_locus = pd.DataFrame(
        {
            "locus": list(blocks),
            "fold": fold_of + 1,
            "effects": [len(flat.log_bf[name]) for name in blocks],
            "gain": gain,
        }
    )
    return _judged(whole, by_locus, np.random.default_rng(seed))


def _judged(fit: PriorFit, by_locus: pd.DataFrame, rng: np.random.Generator) -> PriorEvaluation:
    gain = by_locus["gain"].to_numpy()
    drawn = rng.integers(0, len(gain), (_REPEATS, len(gain)))
    lower, upper = np.quantile(gain[drawn].sum(axis=1), (0.025, 0.975))
    helps = bool(lower > 0)
    table, total = fit.coefficients, float(gain.sum())
    told = (
        f"held-out log-likelihood gain over the flat prior {total:.2f} "
        f"(95% interval {lower:.2f} to {upper:.2f}, {len(gain)} loci)"
    )
    if not helps:
        zero = dict.fromkeys(("estimate", "se", "lower", "upper"), 0.0)
        table = table.assign(**zero, source="penalty")
        told += ": no gain beyond chance, so the prior is shrunk to the flat one"
    else:
        told += ": the learned prior predicts loci that it has not seen"
    return PriorEvaluation(
        gain=total,
        lower=float(lower),
        upper=float(upper),
        helps=helps,
        by_locus=by_locus,
        coefficients=table,
        fit=fit,
        verdict=told,
    )
