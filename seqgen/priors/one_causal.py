"""The prior from single-variant statistics: at most one causal variant a locus (TORUS)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.priors.weights import NORMAL_95, coefficient_table, design_of

# Prior variances of an effect, relative to that of its estimate, over which TORUS averages.
_RATIOS = (1.0, 4.0, 16.0, 25.0)
_HALF_CHI2 = NORMAL_95**2 / 2
_FAR = 30.0
_LARGEST_Z = 1e6


@dataclass(frozen=True)
class TorusFit:
    """What `fit_torus_prior` learned.

    Attributes
    ----------
    coefficients : DataFrame
        Table ``prior_coefficients``; ``lower`` and ``upper`` by profile likelihood.
    intercept : float
        Log odds that a variant without annotation is causal.
    log_likelihood, log_likelihood_flat : float
        At the estimates, and with the intercept alone.
    prior : Series
        Prior probability of each variant, not scaled to one per locus.
    pip : Series
        Posterior probability of each variant.
    trace : ndarray, shape (rounds + 1, terms + 1)
        Intercept and coefficients after each round.
    converged : bool
    """

    coefficients: pd.DataFrame
    intercept: float
    log_likelihood: float
    log_likelihood_flat: float
    prior: pd.Series
    pip: pd.Series
    trace: np.ndarray
    converged: bool


@dataclass(frozen=True)
class _Loci:
    """Rows of all loci, locus after locus."""

    x: np.ndarray
    log_bf: np.ndarray
    starts: np.ndarray
    sizes: np.ndarray
    order: np.ndarray
    precision: np.ndarray


def fit_torus_prior(
    annotations: pd.DataFrame,
    *,
    z: np.ndarray | pd.Series | None = None,
    log_bf: np.ndarray | pd.Series | None = None,
    terms: Sequence[str] | None = None,
    penalty_sd: float | None = None,
    max_iter: int = 50,
    tol: float = 1e-6,
) -> TorusFit:
    """Learn the prior as TORUS does: logistic, at most one causal variant a locus, no LD.

    The likelihood is TORUS's; it is climbed by Newton steps on the observed information in
    place of expectation-maximisation, to its top. Fast: no fine-mapping. Where loci have
    several causal variants `fit_prior` sees more.

    Parameters
    ----------
    annotations : DataFrame
        Column ``locus`` and one numeric column per term.
    z : array_like, optional
        z-score per row; its Bayes factor is averaged over the effect sizes that TORUS takes.
    log_bf : array_like, optional
        Natural logarithms of Bayes factors, in place of ``z``.
    terms : sequence of str, optional
        Columns to use; all but ``locus`` where left out.
    penalty_sd : float, optional
        Standard deviation of a normal penalty on every coefficient; none by default, as in
        TORUS.
    max_iter : int
        Most rounds.
    tol : float
        Stop when no coefficient moves by more than this.

    Returns
    -------
    TorusFit

    Raises
    ------
    InputError
        Neither or both of ``z`` and ``log_bf``, another length, missing values, no rows, a term
        that is not there, terms that are constant or collinear (without a penalty), or a
        coefficient without a maximum (an annotation of all or no causal ones).

    References
    ----------
    Wen X (2016). Molecular QTL discovery incorporating genomic annotations using Bayesian
    false discovery rate control. Annals of Applied Statistics 10(3).

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> coding = np.tile([1.0] + [0.0] * 19, 50)
    >>> z = rng.normal(size=1000) + np.where(np.arange(1000) % 20 == np.repeat([0, 7], 500), 6, 0)
    >>> table = pd.DataFrame({"locus": np.repeat(np.arange(50), 20), "coding": coding})
    >>> fit = fit_torus_prior(table, z=z)
    >>> bool(fit.coefficients["lower"].iloc[0] > 1)
    True
    """
    names = [str(c) for c in annotations.columns if c != "locus"] if terms is None else list(terms)
    if penalty_sd is not None and not 0 < penalty_sd < np.inf:
        raise InputError(f"penalty_sd: found {penalty_sd}; expected a positive number or None")
    if max_iter < 1 or not tol > 0:
        raise InputError(
            f"max_iter, tol: found {max_iter} and {tol}; expected one round or more and a number "
            "above zero"
        )
    if annotations.empty or not names:
        raise InputError(
            f"annotations: found {len(annotations)} rows and {len(names)} terms; there is nothing "
            "to learn from"
        )
    design = design_of(annotations, names)
    if penalty_sd is None:
        _check_apart(design, names)
    loci = _loci(annotations, design, _log_bf(z, log_bf, len(annotations)), penalty_sd)
    start = np.zeros(len(names) + 1)
    start[0] = np.log(1e-3)
    flat, _, _ = _climb(loci, start, np.arange(len(start)) == 0, max_iter, tol)
    beta, trace, converged = _climb(loci, flat, np.ones(len(start), bool), max_iter, tol)
    value, _, information = _likelihood(loci, beta)
    values, vectors = np.linalg.eigh(information)
    se = np.sqrt((vectors**2) @ (1 / np.maximum(values, 1e-12)))
    far = np.maximum(np.abs(beta[1:]), se[1:])
    if far.max(initial=0.0) > _FAR:
        raise InputError(
            f"the coefficient of '{names[int(far.argmax())]}' has no maximum: no locus, or every "
            "one, is explained by it; pass penalty_sd (such as 2) or leave the term out"
        )
    table = coefficient_table(names, (beta[1:], se[1:]), design, "learned")
    lower, upper = table["lower"].to_numpy(copy=True), table["upper"].to_numpy(copy=True)
    for k in range(len(names)):
        lower[k] = _profile_end(loci, beta, k + 1, -se[k + 1], value)
        upper[k] = _profile_end(loci, beta, k + 1, se[k + 1], value)
    pip = np.empty(len(annotations))
    pip[loci.order] = _pip(loci, loci.x @ beta)[0]
    prior = 0.5 * (1 + np.tanh(0.5 * (beta[0] + design @ beta[1:])))
    return TorusFit(
        coefficients=table.assign(lower=lower, upper=upper),
        intercept=float(beta[0]),
        log_likelihood=value + _penalty(loci, beta),
        log_likelihood_flat=_likelihood(loci, flat)[0],
        prior=pd.Series(prior, index=annotations.index, name="prior"),
        pip=pd.Series(pip, index=annotations.index, name="pip"),
        trace=trace,
        converged=converged,
    )


def _check_apart(design: np.ndarray, names: Sequence[str]) -> None:
    """Without a penalty, terms that repeat each other or the intercept have no best values."""
    spread = design.std(axis=0)
    same = spread <= 1e-12 * np.abs(design).max(axis=0)
    if same.any():
        raise InputError(
            f"annotations: term '{names[int(same.argmax())]}' is the same for all variants; leave "
            "it out or pass penalty_sd (such as 2)"
        )
    scaled = (design - design.mean(axis=0)) / spread
    values, vectors = np.linalg.eigh(scaled.T @ scaled / len(scaled))
    if values[0] < 1e-10:
        alike = [name for name, part in zip(names, vectors[:, 0], strict=True) if abs(part) > 1e-4]
        raise InputError(
            f"annotations: terms {', '.join(alike)} are collinear, so that their coefficients "
            "cannot be told apart; leave one out or pass penalty_sd (such as 2)"
        )


def _log_bf(z: object, log_bf: object, rows: int) -> np.ndarray:
    if (z is None) == (log_bf is None):
        raise InputError("z, log_bf: found neither or both; expected one of them")
    try:
        values = np.asarray(log_bf if z is None else z, dtype=float)
    except (TypeError, ValueError) as error:
        raise InputError(f"{'log_bf' if z is None else 'z'}: is not numeric ({error})") from error
    if values.shape != (rows,) or not np.isfinite(values).all():
        raise InputError(
            f"{'log_bf' if z is None else 'z'}: found shape {values.shape} with "
            f"{int((~np.isfinite(values)).sum())} missing or infinite; expected a finite number "
            f"for each of the {rows} rows of annotations"
        )
    if z is None:
        return values
    if np.abs(values).max() > _LARGEST_Z:
        raise InputError(
            f"z: found {values[np.abs(values).argmax()]:g}; expected z-scores, none beyond "
            f"{_LARGEST_Z:g}"
        )
    ratio = np.array(_RATIOS)
    each = 0.5 * (values[:, None] ** 2 * ratio / (1 + ratio) - np.log1p(ratio))
    averaged: np.ndarray = np.logaddexp.reduce(each, axis=1) - np.log(len(ratio))
    return averaged


def _loci(
    annotations: pd.DataFrame, design: np.ndarray, log_bf: np.ndarray, penalty_sd: float | None
) -> _Loci:
    code, _ = pd.factorize(annotations["locus"])
    order = np.argsort(code, kind="stable")
    sizes = np.bincount(code)
    x = np.column_stack([np.ones(len(order)), design[order]])
    precision = np.full(x.shape[1], 0.0 if penalty_sd is None else penalty_sd**-2)
    precision[0] = 0.0
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    return _Loci(x, log_bf[order], starts, sizes, order, precision)


def _penalty(loci: _Loci, beta: np.ndarray) -> float:
    return 0.5 * float(loci.precision @ beta**2)


def _pip(loci: _Loci, logit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Posterior probability of each variant, and log evidence of each locus over its null."""
    weight = logit + loci.log_bf
    top = np.maximum(np.maximum.reduceat(weight, loci.starts), 0.0)
    scaled = np.exp(weight - np.repeat(top, loci.sizes))
    total = np.add.reduceat(scaled, loci.starts) + np.exp(-top)
    return scaled / np.repeat(total, loci.sizes), top + np.log(total)


def _likelihood(loci: _Loci, beta: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """Penalised log-likelihood, its gradient and its negative second derivative."""
    x = loci.x
    logit = x @ beta
    pip, evidence = _pip(loci, logit)
    prior = 0.5 * (1 + np.tanh(0.5 * logit))
    value = float(evidence.sum() - np.logaddexp(0.0, logit).sum()) - _penalty(loci, beta)
    gradient = x.T @ (pip - prior) - loci.precision * beta
    mean = np.add.reduceat(x * pip[:, None], loci.starts)
    missing = x.T @ (x * pip[:, None]) - mean.T @ mean
    information = x.T @ (x * (prior * (1 - prior))[:, None]) - missing + np.diag(loci.precision)
    return value, gradient, information


def _climb(
    loci: _Loci, beta: np.ndarray, free: np.ndarray, max_iter: int, tol: float
) -> tuple[np.ndarray, np.ndarray, bool]:
    """Newton steps over the free coefficients, halved until the likelihood does not fall."""
    trace = [beta]
    value, gradient, information = _likelihood(loci, beta)
    for _ in range(max_iter):
        block = information[np.ix_(free, free)]
        values, vectors = np.linalg.eigh(block)
        floor = max(1e-9 * float(np.abs(values).max()), 1e-12)
        step = np.zeros_like(beta)
        step[free] = vectors @ ((vectors.T @ gradient[free]) / np.maximum(np.abs(values), floor))
        step *= min(1.0, 3.0 / max(float(np.abs(step).max()), 1e-300))
        for _ in range(40):
            tried = _likelihood(loci, beta + step)
            if tried[0] >= value - 1e-9 * abs(value):
                break
            step = step / 2
        beta = beta + step
        value, gradient, information = tried
        trace.append(beta)
        if np.abs(step).max() < tol:
            return beta, np.array(trace), True
        if np.abs(beta[1:]).max(initial=0.0) > _FAR:
            break
    return beta, np.array(trace), False


def _profile_end(loci: _Loci, beta: np.ndarray, k: int, se: float, top: float) -> float:
    """Where the likelihood, the others maximised, is down by half a chi-square quantile."""
    from scipy.optimize import brentq

    free = np.arange(len(beta)) != k
    near = beta

    def above(shift: float) -> float:
        nonlocal near
        start = near.copy()
        start[k] = beta[k] + shift * se
        near, _, _ = _climb(loci, start, free, 20, 1e-4)
        return _likelihood(loci, near)[0] - top + _HALF_CHI2

    far = NORMAL_95
    while above(far) > 0:
        far *= 1.5
        if far > 50:
            return float(np.copysign(np.inf, se))
    return float(beta[k] + se * brentq(above, 0.0, far, xtol=1e-3))
