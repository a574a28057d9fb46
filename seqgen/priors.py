"""Prior inclusion probabilities from annotations: a softmax within each locus.

The coefficients are learned over all loci around any fine-mapper: fit the loci under the
current prior, move the coefficients towards where prior and posteriors agree, repeat. The
fixed point is that of expectation-maximisation (Wen 2016 for one causal variant a locus); the
steps use the observed information, which gets there in a few rounds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.results import FineMapResult
from seqgen.schemas import PRIOR_COEFFICIENTS

TERMS = ("missense", "log_lik_ratio")
PENALTY_SD = {"missense": 2.0, "log_lik_ratio": 0.5}
_DEFAULT_SD = 1.0
# Information of the data below this share of the penalty's says nothing about a coefficient.
_SILENT = 0.25

FineMapLoci = Callable[[Mapping[str, np.ndarray]], Mapping[str, FineMapResult]]


@dataclass(frozen=True)
class PriorFit:
    """Learned coefficients of the prior.

    Attributes
    ----------
    coefficients : DataFrame
        Table ``prior_coefficients``.
    trace : ndarray, shape (iterations + 1, terms)
        Coefficients after each step, from zero on.
    converged : bool
        True where the last step moved no coefficient by more than the tolerance.
    n_effects : int
        Single effects with non-zero variance that the coefficients were learned from.
    left_out : DataFrame
        One row per locus, one column per term: the coefficients that the other loci alone
        support, by one Newton step from the joint fit (at most one penalty standard deviation).
    """

    coefficients: pd.DataFrame
    trace: np.ndarray
    converged: bool
    n_effects: int
    left_out: pd.DataFrame

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


def score_centre(variants: pd.DataFrame) -> float:
    """Mean log-likelihood ratio of the scored missense variants; 0 where there are none."""
    scored = variants.loc[variants["residue_change"].notna(), "log_lik_ratio"].dropna()
    return float(scored.mean()) if len(scored) else 0.0


def prior_annotations(variants: pd.DataFrame, *, centre: float | None = None) -> pd.DataFrame:
    """The prior's terms for each variant: is it missense, and what the model thinks of it.

    The score is centred, so that the coefficient of ``missense`` is that of a missense variant
    of typical score, and that of ``log_lik_ratio`` what a score away from it adds.

    Parameters
    ----------
    variants : DataFrame
        Columns ``locus`` and ``residue_change`` (missing where the variant changes no
        residue) and ``log_lik_ratio`` (natural log, alternative over reference).
    centre : float, optional
        Ratio that counts as typical; ``score_centre(variants)`` where left out.

    Returns
    -------
    DataFrame
        ``locus``, ``missense`` (0 or 1) and ``log_lik_ratio`` minus the centre: 0 for variants
        that are not missense, and for missense variants without a score.
    """
    missense = variants["residue_change"].notna()
    centre = score_centre(variants) if centre is None else centre
    ratio = (variants["log_lik_ratio"] - centre).where(missense)
    return pd.DataFrame(
        {
            "locus": variants["locus"],
            "missense": missense.astype(float),
            "log_lik_ratio": ratio.fillna(0.0),
        }
    )


def prior_weights(annotations: pd.DataFrame, coefficients: pd.DataFrame) -> pd.Series:
    """Prior inclusion probabilities, softmax of the annotations within each locus.

    Parameters
    ----------
    annotations : DataFrame
        Column ``locus`` and one numeric column per term.
    coefficients : DataFrame
        Columns ``term`` and ``estimate`` (natural log of relative prior odds per unit).

    Returns
    -------
    Series
        One weight per row of ``annotations``, summing to one within each locus; what
        ``susie_rss(prior_weights=)`` and susieR's argument of that name take.

    Raises
    ------
    InputError
        A term has no column, or a column holds something that is not a finite number.

    Examples
    --------
    >>> import pandas as pd
    >>> annotations = pd.DataFrame({"locus": "22:1-9", "missense": [0.0, 0.0, 1.0]})
    >>> coefficients = pd.DataFrame({"term": ["missense"], "estimate": [1.0986122886681098]})
    >>> prior_weights(annotations, coefficients).round(3).tolist()
    [0.2, 0.2, 0.6]
    """
    terms = list(coefficients["term"])
    design = _design(annotations, terms)
    estimate = coefficients["estimate"].to_numpy(dtype=float)
    logits = pd.Series(design @ estimate, index=annotations.index)
    locus = annotations["locus"]
    weight = pd.Series(
        np.exp(logits - logits.groupby(locus).transform("max")), index=annotations.index
    )
    return weight / weight.groupby(locus).transform("sum")


def given_coefficients(values: Mapping[str, float], annotations: pd.DataFrame) -> pd.DataFrame:
    """Table ``prior_coefficients`` of values that the user fixed instead of learning them."""
    terms = list(values)
    design = _design(annotations, terms)
    estimate = np.array([float(values[term]) for term in terms])
    if not np.isfinite(estimate).all():
        raise InputError(f"prior coefficients must be finite numbers; found {dict(values)}")
    return _coefficient_table(terms, (estimate, np.full(len(terms), np.nan)), design, "given")


def fit_prior(
    annotations: pd.DataFrame,
    fine_map: FineMapLoci,
    *,
    terms: Sequence[str] = TERMS,
    penalty_sd: Mapping[str, float] | None = None,
    max_iter: int = 30,
    tol: float = 5e-3,
    progress: Callable[[int, int, str], None] | None = None,
) -> PriorFit:
    """Learn the prior's coefficients over all loci (empirical Bayes).

    Each round fine-maps every locus under the current prior and takes a Newton step on the
    evidence, whose score and observed information follow from the posteriors (Louis 1982). A
    normal penalty centred on zero keeps the prior flat where there is no evidence. Standard
    errors come from the same information, penalty included; where the data add next to nothing
    to the penalty the table's ``source`` is "penalty" and the interval is what was assumed.

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
    design = _design(annotations, terms)
    spread = _penalty(terms, penalty_sd)
    blocks = _blocks(annotations, design)
    trace = [np.zeros(len(terms))]
    converged, radius, last = False, 1.0, np.zeros(len(terms))
    for step in range(1, max_iter + 1):
        posteriors = _posteriors(blocks, trace[-1], fine_map)
        move = _newton_step(blocks, posteriors, trace[-1], spread) / spread
        radius = radius / 2 if move @ last < 0 else min(1.5 * radius, 1.0)
        last = move * min(1.0, radius / max(float(np.abs(move).max()), 1e-300))
        trace.append(trace[-1] + last * spread)
        if progress:
            told = ", ".join(f"{t} {b:+.2f}" for t, b in zip(terms, trace[-1], strict=True))
            progress(step, max_iter, told)
        if np.abs(move).max() < tol:
            converged = True
            break
    posteriors = _posteriors(blocks, trace[-1], fine_map)
    return _conclude(annotations, terms, blocks, posteriors, (np.array(trace), converged, spread))


def _design(annotations: pd.DataFrame, terms: Sequence[str]) -> np.ndarray:
    absent = [term for term in terms if term not in annotations]
    if absent:
        raise InputError(
            f"annotations have no column for the prior's term(s) {', '.join(absent)}; found "
            f"{', '.join(map(str, annotations.columns))}"
        )
    try:
        design = annotations[list(terms)].to_numpy(dtype=float)
    except (TypeError, ValueError) as error:
        raise InputError(f"annotations: a term is not numeric: {error}") from error
    bad = ~np.isfinite(design)
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise InputError(
            f"annotations: term '{terms[column]}' row {row} is {design[row, column]}; expected a "
            "finite number (0 where the annotation does not apply)"
        )
    return design


def _penalty(terms: Sequence[str], penalty_sd: Mapping[str, float] | None) -> np.ndarray:
    chosen = {**PENALTY_SD, **(penalty_sd or {})}
    spread = np.array([float(chosen.get(term, _DEFAULT_SD)) for term in terms])
    if not (spread > 0).all():
        raise InputError(
            f"penalty_sd must be positive; found {dict(zip(terms, spread, strict=True))}"
        )
    return spread


def _blocks(annotations: pd.DataFrame, design: np.ndarray) -> dict[str, np.ndarray]:
    rows = annotations.groupby("locus", sort=False).indices
    return {str(locus): design[index] for locus, index in rows.items()}


def _softmax(logits: np.ndarray) -> np.ndarray:
    weight = np.exp(logits - logits.max())
    return weight / weight.sum()


def _posteriors(
    blocks: Mapping[str, np.ndarray], beta: np.ndarray, fine_map: FineMapLoci
) -> dict[str, np.ndarray]:
    """Inclusion probabilities of the effects that a locus really has, shape (effects, p)."""
    fits = fine_map({locus: _softmax(x @ beta) for locus, x in blocks.items()})
    posteriors = {}
    for locus, x in blocks.items():
        alpha = fits[locus].alpha[fits[locus].V > 0]
        if alpha.shape[1] != len(x):
            raise InputError(
                f"locus {locus}: the fine-mapper returned {alpha.shape[1]} variants, the "
                f"annotations have {len(x)}; hand both the same variants in the same order"
            )
        posteriors[locus] = alpha
    return posteriors


def _moments(x: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    mean = weight @ x
    centred = x - mean
    return mean, centred.T @ (centred * weight[:, None])


def _newton_step(
    blocks: Mapping[str, np.ndarray],
    posteriors: Mapping[str, np.ndarray],
    beta: np.ndarray,
    spread: np.ndarray,
) -> np.ndarray:
    """Step towards the maximum of the penalised evidence, by its observed information.

    Effects whose posterior is their prior carry no information and do not slow it down, as
    they would an M-step.
    """
    gradients, curvatures = _per_locus(blocks, posteriors, beta)
    penalty = np.diag(1 / spread**2)
    gradient = sum(gradients.values(), -beta / spread**2)
    return np.linalg.solve(_positive(sum(curvatures.values(), penalty), penalty), gradient)


def _conclude(
    annotations: pd.DataFrame,
    terms: list[str],
    blocks: Mapping[str, np.ndarray],
    posteriors: Mapping[str, np.ndarray],
    history: tuple[np.ndarray, bool, np.ndarray],
) -> PriorFit:
    trace, converged, spread = history
    beta = trace[-1]
    gradients, curvatures = _per_locus(blocks, posteriors, beta)
    penalty = np.diag(1 / spread**2)
    total = sum(curvatures.values(), penalty)
    gradient = sum(gradients.values(), -beta / spread**2)
    se = np.minimum(np.sqrt(np.diag(np.linalg.inv(_positive(total, penalty)))), spread)
    silent = np.diag(total) - np.diag(penalty) < _SILENT * np.diag(penalty)
    left_out = {}
    for locus in blocks:
        others = _positive(total - curvatures[locus], penalty)
        step = np.linalg.solve(others, gradient - gradients[locus]) / spread
        left_out[locus] = beta + spread * step / max(1.0, float(np.abs(step).max()))
    source = np.where(silent, "penalty", "learned")
    return PriorFit(
        coefficients=_coefficient_table(terms, (beta, se), _design(annotations, terms), source),
        trace=trace,
        converged=converged,
        n_effects=sum(len(alpha) for alpha in posteriors.values()),
        left_out=pd.DataFrame.from_dict(left_out, orient="index", columns=terms),
    )


def _per_locus(
    blocks: Mapping[str, np.ndarray], posteriors: Mapping[str, np.ndarray], beta: np.ndarray
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Score and observed information of each locus: prior minus posterior covariance."""
    gradients, curvatures = {}, {}
    for locus, x in blocks.items():
        mean, covariance = _moments(x, _softmax(x @ beta))
        gradients[locus] = (posteriors[locus] @ x - mean).sum(axis=0)
        missing = [_moments(x, alpha)[1] for alpha in posteriors[locus]]
        curvatures[locus] = len(missing) * covariance - sum(missing, np.zeros_like(covariance))
    return gradients, curvatures


def _positive(information: np.ndarray, floor: np.ndarray) -> np.ndarray:
    """``information``, or where it is indefinite the nearest with at least half the penalty."""
    scale = np.sqrt(np.diag(floor))
    values, vectors = np.linalg.eigh(information / np.outer(scale, scale))
    repaired = (vectors * np.clip(values, 0.5, None)) @ vectors.T
    return repaired * np.outer(scale, scale)


def _coefficient_table(
    terms: Sequence[str],
    values: tuple[np.ndarray, np.ndarray],
    design: np.ndarray,
    source: np.ndarray | str,
) -> pd.DataFrame:
    estimate, se = values
    half = 1.959963984540054 * se
    return PRIOR_COEFFICIENTS.validate(
        pd.DataFrame(
            {
                "term": list(terms),
                "estimate": estimate,
                "se": se,
                "lower": estimate - half,
                "upper": estimate + half,
                "centre": 0.0,
                "n_variants": (design != 0).sum(axis=0),
                "source": source,
            }
        )
    )
