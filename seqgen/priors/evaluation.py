"""Whether a learned prior is worth having: does it predict loci that it has not seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.priors.annotations import TERMS
from seqgen.priors.evidence import Evidence, blocks_of, log_evidence, observe
from seqgen.priors.learning import PriorOptions, fit_prior, from_evidence
from seqgen.priors.penalties import locus_blocks
from seqgen.priors.weights import NORMAL_95, design_of

if TYPE_CHECKING:
    from seqgen.priors.evidence import FineMapLoci
    from seqgen.priors.learning import PriorFit

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
        95% interval of ``gain``, by bootstrap of the loci, widened where they are few.
    helps : bool
        True where ``lower`` is above zero.
    by_locus : DataFrame
        ``locus``, ``fold``, ``effects`` and ``gain``.
    coefficients : DataFrame
        What to use: those of all loci where the prior helps, else zeros (the flat prior), with
        the intervals that the loci allow.
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
    prior finds, so that the learned prior has no say in what it is judged by. They are learned
    from the effects that the flat prior finds, too, which costs no further fine-mapping; with
    ``cross_fit="refit"`` the other loci are fine-mapped again in rounds, as `fit_prior` does.

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
    fold_of = locus_blocks(list(blocks), folds)
    told = _Held(annotations, fine_map, terms, penalty_sd, flat, whole)
    gain = _gains(told, fold_of, options)
    if not gain.any():
        # No term was kept in any fold: what it would have been worth is of interest still.
        gain = _gains(told, fold_of, replace(options, penalty="given", cross_fit="evidence"))
    by_locus = pd.DataFrame(
        {
            "locus": list(blocks),
            "fold": fold_of + 1,
            "effects": [len(flat.log_bf[name]) for name in blocks],
            "gain": gain,
        }
    )
    return _judged(whole, by_locus, np.random.default_rng(seed))


@dataclass(frozen=True)
class _Held:
    """What the folds are learned from and judged by."""

    annotations: pd.DataFrame
    fine_map: FineMapLoci
    terms: list[str]
    penalty_sd: Mapping[str, float] | None
    flat: Evidence
    whole: PriorFit

    def coefficients(self, rest: dict[str, np.ndarray], options: PriorOptions) -> np.ndarray:
        """What the loci of ``rest`` support."""
        if options.cross_fit == "evidence":
            kept = Evidence(rest, self.flat.log_bf)
            return from_evidence(kept, self.terms, self.penalty_sd, options)
        start = self.whole.coefficients["estimate"].tolist()
        mine = self.annotations["locus"].astype(str).isin(list(rest))
        fit = fit_prior(
            self.annotations[mine],
            self.fine_map,
            terms=self.terms,
            penalty_sd=self.penalty_sd,
            init=dict(zip(self.terms, start, strict=True)),
            options=replace(options, cross_fit="evidence", errors="information"),
        )
        return fit.coefficients["estimate"].to_numpy()


def _gains(told: _Held, fold_of: np.ndarray, options: PriorOptions) -> np.ndarray:
    """Log evidence of each locus, over the flat prior's, under what the other folds support."""
    gain = np.zeros(len(fold_of))
    for fold in np.unique(fold_of):
        held = fold_of == fold
        loci = zip(told.flat.x.items(), held, strict=True)
        beta = told.coefficients({name: x for (name, x), k in loci if not k}, options)
        worth = log_evidence(told.flat, beta) - log_evidence(told.flat, np.zeros(len(beta)))
        gain[held] = worth[held]
    return gain


def _judged(fit: PriorFit, by_locus: pd.DataFrame, rng: np.random.Generator) -> PriorEvaluation:
    from scipy.stats import t

    gain = by_locus["gain"].to_numpy()
    drawn = rng.integers(0, len(gain), (_REPEATS, len(gain)))
    table, total, n = fit.coefficients, float(gain.sum()), len(gain)
    # Resampling few loci understates how far their sum scatters, as z does beside t.
    wider = float(t.ppf(0.975, n - 1)) / NORMAL_95 * np.sqrt(n / (n - 1))
    ends = np.quantile(gain[drawn].sum(axis=1), (0.025, 0.975))
    lower, upper = total + wider * (ends - total)
    helps = bool(lower > 0 and table["estimate"].ne(0).any())
    told = (
        f"held-out log-likelihood gain over the flat prior {total:.2f} "
        f"(95% interval {lower:.2f} to {upper:.2f}, {len(gain)} loci)"
    )
    if not helps:
        table = table.assign(estimate=0.0, source="silenced")
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
