"""Whole regressions of many small models at once: linear and logistic, robust errors."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

# Below this share of its sum of squares, what is left of a column is rounding.
COLLINEAR = 1e-9
ROBUST = (None, "HC1", "HC3")
_MOST_STEPS = 25


class Fit(NamedTuple):
    """The last column's effect in k models; every array has shape (k,), NaN where none exists.

    ``df`` is infinite where beta / se is normal; ``top5`` is the share of the five people whose
    genotypes weigh most in beta, 5 / n at the least and 1 at the most.
    """

    beta: np.ndarray
    se: np.ndarray
    df: np.ndarray
    n: np.ndarray
    top5: np.ndarray

    @property
    def t(self) -> np.ndarray:
        """``beta / se``."""
        return self.beta / self.se


class _Partial(NamedTuple):
    """The last column of each model, freed from the others.

    ``column`` (k, n) is its residual in the metric of the weights, ``square`` (k,) that
    residual's weighted sum of squares, ``rank`` (k,) the rank of the others, ``spread``
    (k, c, n) the others made orthonormal in that metric.
    """

    column: np.ndarray
    square: np.ndarray
    rank: np.ndarray
    spread: np.ndarray


def fit_linear(
    columns: np.ndarray, trait: np.ndarray, *, mask: np.ndarray, robust: str | None = None
) -> Fit:
    """Least squares of k models of c columns on one trait.

    Parameters
    ----------
    columns : ndarray of float64, shape (k, c, n)
        The last is the one tested. The others may be collinear among themselves.
    trait : ndarray of float64, shape (n,)
    mask : ndarray of bool, shape (k, n)
        People of each model.
    robust : {None, "HC1", "HC3"}
        Standard errors that hold when the variance differs between people.

    Returns
    -------
    Fit

    References
    ----------
    MacKinnon and White (1985), Some heteroskedasticity-consistent covariance matrix estimators
    with improved finite sample properties, Journal of Econometrics 29:305-325: HC1 and HC3.
    """
    y = np.where(mask, trait, 0.0)
    n = mask.sum(axis=1)
    part = _partial(columns * mask[:, None], np.ones_like(y))
    df = (n - part.rank - 1).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        beta = np.einsum("kn,kn->k", part.column, y) / part.square
        shares = np.einsum("kcn,kn->kc", part.spread, y)
        rest = y - np.einsum("kcn,kc->kn", part.spread, shares) - beta[:, None] * part.column
        if robust is None:
            variance = np.einsum("kn,kn->k", rest, rest) / df / part.square
        else:
            variance = _sandwich(part, rest, np.ones_like(y), robust=robust)
            variance *= n / df if robust == "HC1" else 1.0
    return _estimable(beta, variance, df, n=n, top5=_top_share(part, np.ones_like(y)))


def fit_logistic(
    columns: np.ndarray, trait: np.ndarray, *, mask: np.ndarray, robust: str | None = None
) -> Fit:
    """Logistic regression of k models of c columns on one trait of 0 and 1, by Newton steps.

    Arguments and result are those of `fit_linear`; ``df`` is infinite, for the test is Wald's
    against the normal. Models without a finite fit (cases and controls separated) are NaN.
    """
    x = columns * mask[:, None]
    y = np.where(mask, trait, 0.0)
    n = mask.sum(axis=1)
    # A basis without collinear columns, so that every Newton step can be solved.
    start = _partial(x, np.ones_like(y))
    with np.errstate(divide="ignore", invalid="ignore"):
        last = start.column / np.sqrt(start.square)[:, None]
    basis = np.concatenate([start.spread, last[:, None]], axis=1)
    fine = np.isfinite(start.square)
    basis[~fine] = 0.0
    eta, converged = _newton(basis, y, mask)
    mu = 1.0 / (1.0 + np.exp(-eta))
    weights = np.where(mask, mu * (1.0 - mu), 0.0)
    part = _partial(x, weights)
    with np.errstate(divide="ignore", invalid="ignore"):
        # At the fit eta lies in the span of the columns; its share of the last is beta.
        beta = np.einsum("kn,kn,kn->k", part.column, weights, eta) / part.square
        variance = 1.0 / part.square
        if robust is not None:
            if robust != "HC1":
                raise ValueError(robust)
            score = np.where(mask, y - mu, 0.0)
            meat = np.einsum("kn,kn->k", part.column**2, score**2)
            variance = meat / part.square**2 * n / (n - part.rank - 1)
    bad = ~(converged & fine)
    df = np.full(len(x), np.inf)
    top5 = _top_share(part, weights)
    return _estimable(np.where(bad, np.nan, beta), variance, df, n=n, top5=top5)


def fit_joint(
    others: np.ndarray, tested: np.ndarray, trait: np.ndarray, *, mask: np.ndarray
) -> np.ndarray:
    """Minus log10 p of the F test of all ``tested`` columns together; shape (k,).

    ``others`` is (k, c, n) and ``tested`` (k, d, n); collinear columns count once, and the
    result is NaN where none of the tested ones adds anything.
    """
    from scipy.stats import f

    y = np.where(mask, trait, 0.0)
    n = mask.sum(axis=1)
    whole = np.concatenate([others, tested], axis=1)
    rest, rank = [], []
    for columns in (others, whole):
        spread, kept = _orthonormal(columns * mask[:, None], np.ones_like(y))
        shares = np.einsum("kcn,kn->kc", spread, y)
        rest.append(np.einsum("kn,kn->k", y, y) - np.einsum("kc,kc->k", shares, shares))
        rank.append(kept)
    added, df = rank[1] - rank[0], n - rank[1]
    good = (added > 0) & (df > 0)
    out = np.full(len(y), np.nan)
    gain = np.maximum(rest[0] - rest[1], 0.0)[good] / added[good]
    ratio = gain / (rest[1][good] / df[good])
    out[good] = -f.logsf(ratio, added[good], df[good]) / np.log(10.0) + 0.0
    return out


def _newton(basis: np.ndarray, y: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Linear predictors (k, n) of the logistic fits, and which of them converged."""
    k, c, n = basis.shape
    beta, eta = np.zeros((k, c)), np.zeros((k, n))
    going = np.ones(k, dtype=bool)
    used = np.einsum("kcn,kcn->kc", basis, basis) > 0.5
    for _ in range(_MOST_STEPS):
        at = np.flatnonzero(going)
        if not at.size:
            break
        x = basis[at]
        mu = 1.0 / (1.0 + np.exp(-np.clip(eta[at], -30, 30)))
        weights = np.where(mask[at], mu * (1.0 - mu), 0.0)
        matrix = (x * weights[:, None]) @ x.transpose(0, 2, 1)
        # Columns that were collinear are empty; one on their diagonal leaves them at 0. The
        # tiny rest keeps a separated model solvable until it is seen not to converge.
        matrix[:, range(c), range(c)] += np.where(used[at], 1e-14, 1.0)
        gradient = np.einsum("kcn,kn->kc", x, np.where(mask[at], y[at] - mu, 0.0))
        step = np.linalg.solve(matrix, gradient[..., None])[..., 0]
        change = np.einsum("kcn,kc->kn", x, step)
        beta[at] += step
        eta[at] += change
        moved = np.abs(change).max(axis=1)
        going[at[moved < 1e-9]] = False
        # Far out a fit only drifts to infinity.
        lost = at[np.abs(eta[at]).max(axis=1) > 30]
        eta[lost] = np.nan
        going[lost] = False
    return np.nan_to_num(eta), ~going & np.isfinite(eta).all(axis=1)


def _orthonormal(columns: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Columns made orthonormal in the metric of the weights, and the rank of each model.

    Collinear columns leave rows of zeros.
    """
    gram = (columns * weights[:, None]) @ columns.transpose(0, 2, 1)
    size = np.sqrt(np.maximum(np.einsum("kcc->kc", gram), 0.0))
    size[size == 0] = 1.0
    values, vectors = np.linalg.eigh(gram / size[:, :, None] / size[:, None, :])
    keep = values > COLLINEAR * values[:, -1:]
    root = np.where(keep, 1.0 / np.sqrt(np.where(keep, values, 1.0)), 0.0)
    transform = vectors / size[:, :, None] * root[:, None, :]
    return transform.transpose(0, 2, 1) @ columns, keep.sum(axis=1)


def _partial(x: np.ndarray, weights: np.ndarray) -> _Partial:
    """Free the last column of each model from the others, collinear ones allowed."""
    spread, rank = _orthonormal(x[:, :-1], weights)
    column = x[:, -1]
    total = np.einsum("kn,kn,kn->k", column, weights, column)
    for _ in range(2):
        shares = np.einsum("kcn,kn->kc", spread, weights * column)
        column = column - np.einsum("kcn,kc->kn", spread, shares)
    square = np.einsum("kn,kn,kn->k", column, weights, column)
    square[~(square > COLLINEAR * total)] = np.nan
    return _Partial(column, square, rank, spread)


def _top_share(part: _Partial, weights: np.ndarray) -> np.ndarray:
    """Share of the five largest terms in the last column's sum of squares."""
    terms = part.column**2 * weights
    top = min(5, terms.shape[1])
    largest = np.partition(terms, terms.shape[1] - top, axis=1)[:, -top:]
    return largest.sum(axis=1) / part.square


def _sandwich(part: _Partial, rest: np.ndarray, weights: np.ndarray, *, robust: str) -> np.ndarray:
    """Variance of the last effect when every person has a variance of their own."""
    error = rest
    if robust == "HC3":
        leverage = np.einsum("kcn,kcn->kn", part.spread, part.spread)
        leverage = weights * (leverage + part.column**2 / part.square[:, None])
        error = rest / np.maximum(1.0 - leverage, 1e-12)
    return np.einsum("kn,kn->k", part.column**2, error**2) / part.square**2


def _estimable(
    beta: np.ndarray, variance: np.ndarray, df: np.ndarray, *, n: np.ndarray, top5: np.ndarray
) -> Fit:
    """NaN in beta and error alike where there is no effect, no error or no freedom left."""
    good = np.isfinite(beta) & np.isfinite(variance) & (variance > 0) & (df > 0)
    se = np.sqrt(np.where(good, variance, np.nan))
    return Fit(np.where(good, beta, np.nan), se, df, n, top5)
