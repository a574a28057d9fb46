"""Learning the prior's coefficients over all loci, around any fine-mapper.

Fit the loci under the current prior, move the coefficients to where the evidence of the fits is
highest, repeat. The fixed point is that of expectation-maximisation (Wen 2016 for one causal
variant a locus); as each round climbs the evidence itself, a few rounds get there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.priors.annotations import TERMS
from seqgen.priors.evidence import (
    Evidence,
    FineMapLoci,
    blocks_of,
    maximise,
    moments,
    observe,
    positive,
)
from seqgen.priors.penalties import SPIKE, choose_penalty, locus_blocks, penalty_of
from seqgen.priors.weights import NORMAL_95, coefficient_table, design_of

# Information of the data below this share of the penalty's says nothing about a coefficient.
_SILENT = 0.25


@dataclass(frozen=True)
class PriorFit:
    """Learned coefficients of the prior.

    Attributes
    ----------
    coefficients : DataFrame
        Table ``prior_coefficients``.
    trace : ndarray, shape (iterations + 1, terms)
        Coefficients after each step, from the start on.
    converged : bool
        True where the last step moved no coefficient by more than the tolerance.
    n_effects : int
        Single effects with non-zero variance that the coefficients were learned from.
    left_out : DataFrame
        One row per locus, one column per term: the coefficients that the loci of other blocks
        (chromosomes, or runs of neighbouring loci) support. The effects' Bayes factors are
        those of the joint fit, or of a refit where that was asked for.
    penalty_sd : dict
        Standard deviation of each term's penalty, as told or as chosen.
    """

    coefficients: pd.DataFrame
    trace: np.ndarray
    converged: bool
    n_effects: int
    left_out: pd.DataFrame
    penalty_sd: Mapping[str, float]

    def __repr__(self) -> str:
        table = self.coefficients
        told = ", ".join(
            f"{term} {value:.3g}"
            for term, value in zip(table["term"], table["estimate"], strict=True)
        )
        return (
            f"PriorFit({told}; {self.n_effects} effects, "
            f"{'converged' if self.converged else 'not converged'})"
        )


@dataclass(frozen=True)
class PriorOptions:
    """Settings of `fit_prior` that few people change.

    Attributes
    ----------
    penalty : {"given", "cv"}
        Penalty by ``penalty_sd``; or terms held at zero unless loci that they were not learned
        from are predicted better with them, and the others penalised as these loci choose.
    errors : {"information", "jackknife"}
        Standard errors from the observed information, or by leaving out blocks of loci.
    cross_fit : {"evidence", "refit"}
        Coefficients without a block from the effects' Bayes factors in the joint fit, or by
        fine-mapping the other loci again (several times the work).
    increasing : tuple of str
        Terms whose coefficient must not be negative, such as ``PriorTerms.increasing``.
    groups : mapping, optional
        Term to its group, such as ``PriorTerms.groups``: under "cv" the terms of a group are
        held at zero or not together. A term that is not named is a group of its own.
    """

    penalty: str = "given"
    errors: str = "information"
    cross_fit: str = "evidence"
    increasing: tuple[str, ...] = ()
    groups: Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        """Refuse what is not known."""
        known = {
            "penalty": ("given", "cv"),
            "errors": ("information", "jackknife"),
            "cross_fit": ("evidence", "refit"),
        }
        for name, allowed in known.items():
            if getattr(self, name) not in allowed:
                raise InputError(
                    f"{name}: found {getattr(self, name)!r}; expected one of {', '.join(allowed)}"
                )
        listed = isinstance(self.increasing, (tuple, list))
        if not listed or not all(isinstance(name, str) for name in self.increasing):
            raise InputError(
                f"increasing: found {self.increasing!r}; expected names of terms in a tuple, such "
                "as PriorTerms.increasing"
            )


_DEFAULTS = PriorOptions()


@dataclass(frozen=True)
class _Search:
    """Where the rounds go on: the data, the fine-mapper, bounds and limits."""

    terms: list[str]
    fine_map: FineMapLoci
    lower: np.ndarray | None
    max_iter: int
    tol: float
    progress: Callable[[int, int, str], None] | None = None


def fit_prior(
    annotations: pd.DataFrame,
    fine_map: FineMapLoci,
    *,
    terms: Sequence[str] = TERMS,
    penalty_sd: Mapping[str, float] | None = None,
    max_iter: int = 30,
    tol: float = 5e-3,
    progress: Callable[[int, int, str], None] | None = None,
    init: Mapping[str, float] | None = None,
    options: PriorOptions = _DEFAULTS,
) -> PriorFit:
    """Learn the prior's coefficients over all loci (empirical Bayes).

    Each round fine-maps every locus under the current prior and moves the coefficients to
    where the evidence of the fits, under a normal penalty centred on zero, is highest. Standard
    errors come from the observed information (Louis 1982), penalty included; where the data add
    next to nothing to the penalty the table's ``source`` is "penalty" and the interval is what
    was assumed. Where held-out loci choose the penalty, a term that does not help them is held
    at zero: ``source`` "silenced", and the interval is what the loci allow under
    ``penalty_sd``.

    Parameters
    ----------
    annotations : DataFrame
        Column ``locus`` and one numeric column per term; rows of a locus in the order in
        which ``fine_map`` returns posteriors.
    fine_map : callable
        Takes a mapping from locus to prior weights, shape (p,), and returns a mapping from
        locus to FineMapResult.
    terms : sequence of str
        Columns to learn coefficients for.
    penalty_sd : mapping, optional
        Standard deviation of the normal penalty per term, in log odds per unit.
    max_iter : int
        Most rounds.
    tol : float
        Stop when no coefficient wants to move by more than this many penalty standard deviations.
    progress : callable, optional
        Called with (round, max_iter, text).
    init : mapping, optional
        Coefficients to start from, such as those of an earlier fit; zero where not named.
    options : PriorOptions
        Choice of the penalty, standard errors, cross-fitting, monotone terms.

    Returns
    -------
    PriorFit

    Raises
    ------
    InputError
        A term has no column or is not numeric; a posterior has another length than its locus.

    References
    ----------
    Wen X (2016). Molecular QTL discovery incorporating genomic annotations using Bayesian
    false discovery rate control. Annals of Applied Statistics 10(3).
    Louis TA (1982). Finding the observed information matrix when using the EM algorithm.
    JRSS B 44(2).
    """
    terms = list(terms)
    design = design_of(annotations, terms)
    spread = penalty_of(terms, penalty_sd)
    blocks = blocks_of(annotations, design)
    lower = _lower(terms, options.increasing)
    search = _Search(terms, fine_map, lower, max_iter, tol, progress)
    trace, converged, evidence = _rounds(search, blocks, _start(terms, init), spread)
    if options.penalty == "cv":
        group = _groups(terms, options.groups)
        spread = choose_penalty(evidence, trace[-1], spread, lower=lower, group=group)
        start = maximise(evidence, trace[-1], spread, lower=lower)
        more, converged, evidence = _rounds(search, blocks, start, spread)
        trace = [*trace, *more]
    left_out, folds = _left_out(search, evidence, trace[-1], spread, refit=options.cross_fit)
    table = _table(terms, evidence, trace[-1], spread, design=design)
    if options.errors == "jackknife":
        table = _jackknifed(table, left_out, folds)
    if options.penalty == "cv":
        given = penalty_of(terms, penalty_sd)
        table = _silenced(table, evidence, spread, given, lower=lower)
        left_out[:, _held(spread, given)] = 0.0
    return PriorFit(
        coefficients=table,
        trace=np.array(trace),
        converged=converged,
        n_effects=evidence.n_effects,
        left_out=pd.DataFrame(left_out, index=list(blocks), columns=terms),
        penalty_sd=dict(zip(terms, spread.tolist(), strict=True)),
    )


def from_evidence(
    evidence: Evidence,
    terms: list[str],
    penalty_sd: Mapping[str, float] | None,
    options: PriorOptions,
) -> np.ndarray:
    """Coefficients that the effects of some loci support, without fine-mapping them again."""
    spread, lower = penalty_of(terms, penalty_sd), _lower(terms, options.increasing)
    start = np.zeros(len(terms))
    if options.penalty == "cv":
        group = _groups(terms, options.groups)
        spread = choose_penalty(evidence, start, spread, lower=lower, group=group)
    beta = maximise(evidence, start, spread, lower=lower)
    return np.where(_held(spread, penalty_of(terms, penalty_sd)), 0.0, beta)


def _start(terms: list[str], init: Mapping[str, float] | None) -> np.ndarray:
    unknown = [name for name in init or {} if name not in terms]
    beta = np.array([float((init or {}).get(term, 0.0)) for term in terms])
    if unknown or not np.isfinite(beta).all():
        raise InputError(
            f"init: found {dict(init or {})}; expected finite numbers for {', '.join(terms)}"
        )
    return beta


def _lower(terms: list[str], increasing: Sequence[str]) -> np.ndarray | None:
    unknown = [name for name in increasing if name not in terms]
    if unknown:
        raise InputError(f"increasing: no term {', '.join(unknown)}; there are {', '.join(terms)}")
    if not increasing:
        return None
    return np.array([0.0 if term in increasing else -np.inf for term in terms])


def _groups(terms: list[str], groups: Mapping[str, str] | None) -> np.ndarray:
    """Code of each term's group; a term without one is its own."""
    unknown = [name for name in groups or {} if name not in terms]
    if unknown:
        raise InputError(f"groups: no term {', '.join(unknown)}; there are {', '.join(terms)}")
    named = [("group", groups[term]) if groups and term in groups else ("term", term)
             for term in terms]  # fmt: skip
    codes = {name: k for k, name in enumerate(dict.fromkeys(named))}
    return np.array([codes[name] for name in named])


def _rounds(
    search: _Search, blocks: Mapping[str, np.ndarray], beta: np.ndarray, spread: np.ndarray
) -> tuple[list[np.ndarray], bool, Evidence]:
    """Fit and move until nothing moves; the step is halved where it turns back."""
    trace, radius, last = [beta], 1.0, np.zeros(len(beta))
    for step in range(1, search.max_iter + 1):
        evidence = observe(blocks, trace[-1], search.fine_map)
        best = maximise(evidence, trace[-1], spread, lower=search.lower)
        move = (best - trace[-1]) / spread
        radius = radius / 2 if move @ last < 0 else min(1.5 * radius, 1.0)
        last = move * min(1.0, radius / max(float(np.abs(move).max()), 1e-300))
        trace.append(trace[-1] + last * spread)
        if search.progress:
            told = ", ".join(f"{t} {b:+.2f}" for t, b in zip(search.terms, trace[-1], strict=True))
            search.progress(step, search.max_iter, told)
        if np.abs(move).max() < search.tol:
            return trace, True, observe(blocks, trace[-1], search.fine_map)
    return trace, False, observe(blocks, trace[-1], search.fine_map)


def _left_out(
    search: _Search, evidence: Evidence, beta: np.ndarray, spread: np.ndarray, *, refit: str
) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients without each locus's block, shape (loci, terms), and the blocks."""
    folds = locus_blocks(list(evidence.x))
    out = np.empty((len(folds), len(beta)))
    quiet = _Search(search.terms, search.fine_map, search.lower, search.max_iter, search.tol)
    for fold in np.unique(folds):
        keep = folds != fold
        others = maximise(evidence, beta, spread, keep=keep, lower=search.lower)
        if refit == "refit" and keep.any():
            rest = {name: x for (name, x), k in zip(evidence.x.items(), keep, strict=True) if k}
            others = _rounds(quiet, rest, others, spread)[0][-1]
        out[~keep] = others
    return out, folds


def _table(
    terms: list[str],
    evidence: Evidence,
    beta: np.ndarray,
    spread: np.ndarray,
    *,
    design: np.ndarray,
) -> pd.DataFrame:
    penalty = np.diag(1 / spread**2)
    total = moments(evidence, beta).information.sum(axis=0) + penalty
    se = np.minimum(np.sqrt(np.diag(np.linalg.inv(positive(total, penalty)))), spread)
    silent = np.diag(total) - np.diag(penalty) < _SILENT * np.diag(penalty)
    return coefficient_table(terms, (beta, se), design, np.where(silent, "penalty", "learned"))


def _held(spread: np.ndarray, given: np.ndarray) -> np.ndarray:
    """Which terms the chosen penalty holds at zero."""
    return spread < 2 * SPIKE * given


def _silenced(
    table: pd.DataFrame,
    evidence: Evidence,
    spread: np.ndarray,
    given: np.ndarray,
    *,
    lower: np.ndarray | None,
) -> pd.DataFrame:
    """Terms held at zero, with the intervals that the loci allow under the penalty as given."""
    held = _held(spread, given)
    wide = maximise(evidence, np.zeros_like(given), given, lower=lower)
    penalty = np.diag(1 / given**2)
    total = moments(evidence, wide).information.sum(axis=0) + penalty
    se = np.minimum(np.sqrt(np.diag(np.linalg.inv(positive(total, penalty)))), given)
    told = table.copy()
    told.loc[held, "estimate"] = 0.0
    told.loc[held, "se"] = se[held]
    told.loc[held, "lower"] = (wide - NORMAL_95 * se)[held]
    told.loc[held, "upper"] = (wide + NORMAL_95 * se)[held]
    told.loc[held, "source"] = "silenced"
    return told


def _jackknifed(table: pd.DataFrame, left_out: np.ndarray, folds: np.ndarray) -> pd.DataFrame:
    """Standard errors and t intervals from leaving out each block of loci once."""
    from scipy.stats import t

    _, first = np.unique(folds, return_index=True)
    if len(first) < 3:
        raise InputError(
            f"errors='jackknife': found {len(first)} blocks of loci; expected three or more; use "
            "errors='information'"
        )
    without, blocks = left_out[first], len(first)
    se = np.sqrt((blocks - 1) / blocks * ((without - without.mean(axis=0)) ** 2).sum(axis=0))
    half = float(t.ppf(0.975, blocks - 1)) * se
    return table.assign(se=se, lower=table["estimate"] - half, upper=table["estimate"] + half)
