"""How strongly the coefficients are held to zero: as told, or as held-out loci choose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from seqgen.errors import InputError
from seqgen.priors.evidence import Evidence, maximise, moments, positive

PENALTY_SD = {"missense": 2.0, "log_lik_ratio": 0.5}
_DEFAULT_SD = 1.0
_MULTIPLES = (0.03, 0.1, 0.3, 1.0, 2.0)
_LEAST = 0.01
_MOST_BLOCKS = 25
_ENOUGH_CHROMOSOMES = 10


def penalty_of(terms: Sequence[str], penalty_sd: Mapping[str, float] | None) -> np.ndarray:
    """Standard deviation of the penalty of each term."""
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


def choose_penalty(
    evidence: Evidence,
    beta: np.ndarray,
    spread: np.ndarray,
    *,
    lower: np.ndarray | None = None,
) -> np.ndarray:
    """The penalty under which loci that are left out are predicted best.

    Candidates are multiples of ``spread``, alike for all terms, and multiples of what a fit to
    the other loci makes of each term: the latter let strong terms be and silence the rest.
    """
    folds = locus_blocks(list(evidence.x), 5)
    scores = np.zeros(2 * len(_MULTIPLES))
    for fold in np.unique(folds):
        keep = folds != fold
        pilot = maximise(evidence, beta, spread, keep=keep, lower=lower)
        held = Evidence(
            {name: x for (name, x), k in zip(evidence.x.items(), keep, strict=True) if not k},
            evidence.log_bf,
        )
        for k, sd in enumerate(_candidates(evidence, pilot, spread, keep)):
            fitted = maximise(evidence, np.clip(pilot, -sd, sd), sd, keep=keep, lower=lower, most=2)
            scores[k] += moments(held, fitted).value.sum()
    pilot = maximise(evidence, beta, spread, lower=lower)
    everywhere = np.ones(len(folds), bool)
    return _candidates(evidence, pilot, spread, everywhere)[int(scores.argmax())]


def _candidates(
    evidence: Evidence, pilot: np.ndarray, spread: np.ndarray, keep: np.ndarray
) -> list[np.ndarray]:
    """Penalties alike, and penalties by how many standard errors a term is from zero."""
    alike = [multiple * spread for multiple in _MULTIPLES]
    penalty = np.diag(1 / spread**2)
    total = moments(evidence, pilot).information[keep].sum(axis=0) + penalty
    sure = np.abs(pilot) / np.sqrt(np.diag(np.linalg.inv(positive(total, penalty))))
    share = (sure / max(float(sure.max()), 1e-12)) ** 2
    each = [np.maximum(m * np.abs(pilot) * share, _LEAST * spread) for m in _MULTIPLES]
    return alike + each
