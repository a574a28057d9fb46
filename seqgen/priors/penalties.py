"""How strongly the coefficients are held to zero: as told, or as held-out loci choose.

Chosen, it is a spike and slab: a term has the normal penalty as given (the slab) or is held at
zero (the spike). How rare terms that matter are taken to be is what the held-out loci choose.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from seqgen.errors import InputError
from seqgen.priors.evidence import Evidence, log_evidence, maximise, moments, positive

PENALTY_SD = {"missense": 2.0, "log_lik_ratio": 0.5}
# Share of its penalty's standard deviation that is left to a term held at zero.
SPIKE = 0.01
_DEFAULT_SD = 1.0
_MULTIPLES = (0.1, 0.3, 1.0, 3.0)
# Prior log odds against a group, beyond those of one group that matters among all.
_RARER = (0.0, 1.0, 2.0, 3.5, 5.0, 8.0, np.inf)
_FOLDS = 5
_MOST_BLOCKS = 25
_ENOUGH_CHROMOSOMES = 10


def penalty_of(terms: Sequence[str], penalty_sd: Mapping[str, float] | None) -> np.ndarray:
    """Standard deviation of the penalty of each term."""
    unknown = [str(name) for name in penalty_sd or {} if name not in terms]
    if unknown:
        raise InputError(f"penalty_sd: no term {', '.join(unknown)}; there are {', '.join(terms)}")
    chosen = {**PENALTY_SD, **(penalty_sd or {})}
    spread = np.array([float(chosen.get(term, _DEFAULT_SD)) for term in terms])
    if not (spread > 0).all():
        raise InputError(
            f"penalty_sd must be positive; found {dict(zip(terms, spread, strict=True))}"
        )
    return spread


def locus_blocks(loci: Sequence[str], most: int = _MOST_BLOCKS) -> np.ndarray:
    """Block of each locus: its chromosome where there are ten or more, else up to ``most`` runs.

    Loci are left out together with their neighbours, whose LD they may share.
    """
    chromosomes = [name.partition(":")[0] for name in loci]
    found = {name: k for k, name in enumerate(dict.fromkeys(chromosomes))}
    named = all(":" in name for name in loci)
    if named and _ENOUGH_CHROMOSOMES <= len(found) <= most:
        return np.array([found[name] for name in chromosomes])
    parts = np.array_split(np.arange(len(loci)), min(most, len(loci)))
    return np.repeat(np.arange(len(parts)), [len(part) for part in parts])


@dataclass(frozen=True)
class _Problem:
    """Evidence of the loci, where to start, the slab, bounds, and the group of each term."""

    evidence: Evidence
    beta: np.ndarray
    spread: np.ndarray
    lower: np.ndarray | None
    group: np.ndarray

    def fitted(self, sd: np.ndarray, keep: np.ndarray, start: np.ndarray) -> np.ndarray:
        """Coefficients that the loci of ``keep`` support under penalty ``sd``."""
        return maximise(self.evidence, start, sd, keep=keep, lower=self.lower, most=5)

    def held_out(self, beta: np.ndarray, keep: np.ndarray) -> np.ndarray:
        """Log evidence of the loci that are not of ``keep``."""
        loci = zip(self.evidence.x.items(), keep, strict=True)
        held = Evidence({name: x for (name, x), k in loci if not k}, self.evidence.log_bf)
        return log_evidence(held, beta)

    def penalty(self, groups: frozenset[int]) -> np.ndarray:
        """The slab for the terms of ``groups``, the spike for all others."""
        return np.where(np.isin(self.group, list(groups)), 1.0, SPIKE) * self.spread


def choose_penalty(
    evidence: Evidence,
    beta: np.ndarray,
    spread: np.ndarray,
    *,
    lower: np.ndarray | None = None,
    group: np.ndarray | None = None,
) -> np.ndarray:
    """The penalty under which loci that are left out are predicted best.

    Candidates: the groups of terms whose evidence, by Laplace's approximation, outweighs prior
    odds against them, for a range of odds from one group among all to none whatsoever. Of these
    the strictest is taken whose held-out log evidence is within a standard error of the best.
    At last the width of the slab is chosen for what is left.

    Parameters
    ----------
    evidence, beta
        Of all loci; coefficients to start from.
    spread : ndarray, shape (terms,)
        Standard deviations of the slab.
    lower : ndarray, shape (terms,), optional
        Bounds of the coefficients.
    group : ndarray of int, shape (terms,), optional
        Terms that are in or out together; each on its own where left out.

    References
    ----------
    Breiman L, Friedman J, Olshen R, Stone C (1984). Classification and Regression Trees,
    section 3.4 (one standard error).
    Castillo I, van der Vaart A (2012). Needles and straw in a haystack. Annals of Statistics
    40(4).
    """
    group = np.arange(len(spread)) if group is None else group
    problem = _Problem(evidence, beta, spread, lower, group)
    folds = locus_blocks(list(evidence.x), _FOLDS)
    odds = np.log(len(np.unique(group))) + np.array(_RARER)
    value = np.zeros((len(odds), len(folds)))
    for fold in np.unique(folds):
        keep = folds != fold
        pilot, picked = _picks(problem, keep, odds)
        known = {
            groups: problem.held_out(problem.fitted(problem.penalty(groups), keep, pilot), keep)
            for groups in set(picked)
        }
        value[:, ~keep] = [known[groups] for groups in picked]
    everywhere = np.ones(len(folds), bool)
    _, picked = _picks(problem, everywhere, odds)
    return _widened(problem, picked[_strictest(value)], folds)


def _strictest(value: np.ndarray) -> int:
    """Last row whose total is within a standard error of the best row's."""
    short = value[int(value.sum(axis=1).argmax())] - value
    error = np.sqrt(short.shape[1]) * short.std(axis=1)
    return int(np.flatnonzero(short.sum(axis=1) <= error + 1e-9).max())


def _picks(
    problem: _Problem, keep: np.ndarray, odds: np.ndarray
) -> tuple[np.ndarray, list[frozenset[int]]]:
    """Coefficients with every term in, and the groups that stand at each of the odds."""
    spread = problem.spread
    pilot = maximise(problem.evidence, problem.beta, spread, keep=keep, lower=problem.lower)
    penalty = np.diag(1 / spread**2)
    told = moments(problem.evidence, pilot).information[keep].sum(axis=0)
    information = positive(told + penalty, penalty)
    scaled = information * np.outer(spread, spread), (information @ pilot) * spread
    return pilot, [_standing(scaled, problem.group, float(against)) for against in odds]


def _standing(
    scaled: tuple[np.ndarray, np.ndarray], group: np.ndarray, against: float
) -> frozenset[int]:
    """Groups of highest evidence, each at a cost of ``against``; added and dropped one by one."""
    names = np.unique(group).tolist()
    chosen: frozenset[int] = frozenset()
    best = 0.0
    while np.isfinite(against):
        tried = {
            groups: _log_evidence(scaled, np.isin(group, list(groups))) - against * len(groups)
            for groups in (chosen ^ {name} for name in names)
        }
        better = max(tried, key=tried.__getitem__)
        if tried[better] <= best + 1e-9:
            break
        chosen, best = better, tried[better]
    return chosen


def _log_evidence(scaled: tuple[np.ndarray, np.ndarray], kept: np.ndarray) -> float:
    """Log evidence with the terms ``kept`` over that with none, units being the slab's."""
    if not kept.any():
        return 0.0
    information, score = scaled[0][np.ix_(kept, kept)], scaled[1][kept]
    fit = float(score @ np.linalg.solve(information, score))
    return 0.5 * (fit - float(np.linalg.slogdet(information)[1]))


def _widened(problem: _Problem, groups: frozenset[int], folds: np.ndarray) -> np.ndarray:
    """The penalty of ``groups`` with the width of slab that predicts held-out loci best."""
    penalty = problem.penalty(groups)
    if not groups:
        return penalty
    slab = penalty > 2 * SPIKE * problem.spread
    tried = [np.where(slab, m, 1.0) * penalty for m in _MULTIPLES]
    score = np.zeros(len(tried))
    for fold in np.unique(folds):
        keep = folds != fold
        start = problem.fitted(penalty, keep, problem.beta)
        for k, sd in enumerate(tried):
            score[k] += problem.held_out(problem.fitted(sd, keep, start), keep).sum()
    return tried[int(score.argmax())]
