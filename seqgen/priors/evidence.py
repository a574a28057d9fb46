"""What the fits of the loci say about the coefficients: log evidence, gradient, curvature.

A single effect with posterior ``alpha`` under prior ``pi`` has Bayes factors in proportion to
``alpha / pi``. With these its evidence is known under any other coefficients, so that the
coefficients can be moved, penalised otherwise or judged without a locus, without a further fit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.results import FineMapResult

# Log-likelihood that is not worth another Newton step: the last one has been taken.
_SMALL_GAIN = 1e-7
# A start further off, in standard deviations of the penalty, would take many steps back.
_NEAR = 5.0

FineMapLoci = Callable[[Mapping[str, np.ndarray]], Mapping[str, FineMapResult]]


@dataclass(frozen=True)
class Evidence:
    """Terms of each locus, and log Bayes factors of its effects, shape (effects, p)."""

    x: dict[str, np.ndarray]
    log_bf: dict[str, np.ndarray]

    @property
    def n_effects(self) -> int:
        """Effects of all loci."""
        return sum(len(rows) for rows in self.log_bf.values())


@dataclass(frozen=True)
class Moments:
    """Per locus: log evidence over the flat prior, score, observed information."""

    value: np.ndarray
    gradient: np.ndarray
    information: np.ndarray


def blocks_of(annotations: pd.DataFrame, design: np.ndarray) -> dict[str, np.ndarray]:
    """Terms of each locus, shape (p, terms)."""
    if not design.size:
        raise InputError(
            f"annotations: found {len(design)} rows and {design.shape[1]} terms; there is nothing "
            "to learn from"
        )
    rows = annotations.groupby("locus", sort=False).indices
    return {str(locus): design[index] for locus, index in rows.items()}


def softmax(logits: np.ndarray) -> np.ndarray:
    """Weights that sum to one."""
    weight = np.exp(logits - logits.max())
    total: np.ndarray = weight / weight.sum()
    return total


def observe(blocks: Mapping[str, np.ndarray], beta: np.ndarray, fine_map: FineMapLoci) -> Evidence:
    """Fit the loci under the prior of ``beta``; effects without variance are left out."""
    priors = {locus: softmax(x @ beta) for locus, x in blocks.items()}
    fits = fine_map(priors)
    log_bf = {}
    for locus, x in blocks.items():
        alpha = _effects(fits, locus)
        if alpha.shape[1] != len(x):
            raise InputError(
                f"locus {locus}: the fine-mapper returned {alpha.shape[1]} variants, the "
                f"annotations have {len(x)}; hand both the same variants in the same order"
            )
        with np.errstate(divide="ignore"):
            told = np.log(alpha) - np.log(np.maximum(priors[locus], 1e-300))
        log_bf[locus] = told - np.logaddexp.reduce(told, axis=1, keepdims=True) + np.log(len(x))
    return Evidence(dict(blocks), log_bf)


def _effects(fits: Mapping[str, FineMapResult], locus: str) -> np.ndarray:
    """Posterior of each effect of a locus that has a variance, shape (effects, p)."""
    try:
        alpha: np.ndarray = fits[locus].alpha[fits[locus].V > 0]
    except (AttributeError, KeyError, TypeError) as error:
        raise InputError(
            f"fine_map: gave no fit of locus {locus} ({type(error).__name__}: {error}); expected "
            "the fit of each locus, with alpha and V, by the locus's name"
        ) from error
    if not np.isfinite(alpha).all():
        raise InputError(f"fine_map: alpha of locus {locus} is not finite; expected probabilities")
    return alpha


def moments(evidence: Evidence, beta: np.ndarray) -> Moments:
    """Log evidence of each locus and its first two derivatives at ``beta``."""
    rows = [_of_locus(x, evidence.log_bf[locus], beta) for locus, x in evidence.x.items()]
    value, gradient, information = zip(*rows, strict=True)
    return Moments(np.array(value), np.array(gradient), np.array(information))


def log_evidence(evidence: Evidence, beta: np.ndarray) -> np.ndarray:
    """Log evidence of each locus over the flat prior at ``beta``, without its derivatives."""
    told = np.zeros(len(evidence.x))
    for k, (locus, x) in enumerate(evidence.x.items()):
        logits = x @ beta
        joint = evidence.log_bf[locus] + (logits - np.logaddexp.reduce(logits))
        told[k] = np.logaddexp.reduce(joint, axis=1).sum()
    return told


def _of_locus(
    x: np.ndarray, log_bf: np.ndarray, beta: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    terms = len(beta)
    if not len(log_bf):
        return 0.0, np.zeros(terms), np.zeros((terms, terms))
    logits = x @ beta
    log_prior = logits - np.logaddexp.reduce(logits)
    joint = log_bf + log_prior
    value = np.logaddexp.reduce(joint, axis=1)
    posterior = np.exp(joint - value[:, None])
    prior = np.exp(log_prior)
    prior_mean, posterior_mean = prior @ x, posterior @ x
    spread = (x * (len(log_bf) * prior - posterior.sum(axis=0))[:, None]).T @ x
    information = (
        spread - len(log_bf) * np.outer(prior_mean, prior_mean) + posterior_mean.T @ posterior_mean
    )
    return float(value.sum()), (posterior_mean - prior_mean).sum(axis=0), information


def positive(information: np.ndarray, floor: np.ndarray) -> np.ndarray:
    """``information``, or where it is indefinite the nearest with at least half the penalty."""
    scale = np.sqrt(np.diag(floor))
    values, vectors = np.linalg.eigh(information / np.outer(scale, scale))
    repaired = (vectors * np.clip(values, 0.5, None)) @ vectors.T
    told: np.ndarray = repaired * np.outer(scale, scale)
    return told


def maximise(
    evidence: Evidence,
    beta: np.ndarray,
    spread: np.ndarray,
    *,
    keep: np.ndarray | None = None,
    lower: np.ndarray | None = None,
    most: int = 30,
) -> np.ndarray:
    """Coefficients of highest penalised evidence over the loci of ``keep``, above ``lower``."""
    mask = np.ones(len(evidence.x), bool) if keep is None else keep
    kept = Evidence(
        {name: x for (name, x), k in zip(evidence.x.items(), mask, strict=True) if k},
        evidence.log_bf,
    )
    if not kept.x:
        return np.zeros_like(beta) if lower is None else np.maximum(0.0, lower)
    beta = np.clip(beta, -_NEAR * spread, _NEAR * spread)
    penalty = np.diag(1 / spread**2)
    told = moments(kept, beta)
    best = told.value.sum() - 0.5 * np.sum((beta / spread) ** 2)
    for _ in range(most):
        gradient = told.gradient.sum(axis=0) - beta / spread**2
        step = _step(
            positive(told.information.sum(axis=0) + penalty, penalty), gradient, beta, lower
        )
        if 0.5 * float(gradient @ step) < _SMALL_GAIN:
            return beta + step
        step = step * min(1.0, 2.0 / max(float(np.abs(step / spread).max()), 1e-300))
        for _ in range(12):
            tried = moments(kept, beta + step)
            value = tried.value.sum() - 0.5 * np.sum(((beta + step) / spread) ** 2)
            if value >= best - 1e-9 * (1 + abs(best)):
                break
            step = step / 2
        beta, told, best = beta + step, tried, value
    return beta


def _step(
    information: np.ndarray, gradient: np.ndarray, beta: np.ndarray, lower: np.ndarray | None
) -> np.ndarray:
    """Newton step, within the bounds where there are any."""
    if lower is None:
        step: np.ndarray = np.linalg.solve(information, gradient)
        return step
    from scipy.optimize import lsq_linear

    root = np.linalg.cholesky(information)
    least = np.where(np.isfinite(lower), np.minimum(lower - beta, -1e-12), -np.inf)
    found = lsq_linear(root.T, np.linalg.solve(root, gradient), bounds=(least, np.inf))
    bounded: np.ndarray = found.x
    return bounded
