"""The trait given covariates alone: what every pair's test starts from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from seqgen.errors import InputError

KINDS = ("quantitative", "binary")
_COLLINEAR = 1e-7
_MOST_STEPS = 50


@dataclass(frozen=True)
class NullModel:
    """A weighted least-squares problem whose residual the pairs have to explain.

    For a quantitative trait the weights are 1. For a binary one they are mu (1 - mu) of the
    logistic regression on the covariates, and the residual is (y - mu) / sqrt(weight): the score
    test of any further column is then a least-squares fit of that residual.

    Attributes
    ----------
    kind : {"quantitative", "binary"}
    root_weights : ndarray of float64, shape (n,)
        Square roots of the weights.
    basis : ndarray of float64, shape (n, q)
        Orthonormal columns that span ``root_weights`` times intercept and covariates; the first
        is the intercept's, positive.
    residual : ndarray of float64, shape (n,)
        Orthogonal to ``basis``.
    """

    kind: str
    root_weights: np.ndarray
    basis: np.ndarray
    residual: np.ndarray

    def __repr__(self) -> str:
        n, q = self.basis.shape
        return f"NullModel({self.kind} trait, {n:,} people, {q - 1} covariates)"


def fit_null(trait: np.ndarray, covariates: pd.DataFrame, *, kind: str) -> NullModel:
    """Regress the trait on intercept and covariates.

    Parameters
    ----------
    trait : ndarray of float64, shape (n,)
    covariates : DataFrame of float64, shape (n, c)
        Without intercept.
    kind : {"quantitative", "binary"}

    Returns
    -------
    NullModel

    Raises
    ------
    InputError
        If the trait is constant or not of its kind, covariates are collinear or explain the
        trait wholly, or there are no more people than columns.
    """
    if kind not in KINDS:
        raise InputError(f"kind is {kind!r}; expected one of {', '.join(KINDS)}")
    columns = with_intercept(covariates)
    n, q = columns.shape
    if n <= q + 3:
        raise InputError(
            f"covariates: {q - 1} covariates for {n} people; a pair's test needs at least "
            f"{q + 4} people with that many (intercept, covariates, two variants, product)"
        )
    _check_trait(trait, kind)
    _check_collinear(columns, covariates)
    root = np.ones(n) if kind == "quantitative" else np.sqrt(_logistic_weights(trait, columns)[0])
    basis = np.linalg.qr(root[:, None] * columns)[0]
    basis[:, 0] *= np.sign(basis[:, 0].sum())
    if kind == "quantitative":
        centred = trait - trait.mean()
        residual = _project_out(basis, centred)
        if residual @ residual < 1e-12 * (centred @ centred):
            raise InputError(
                "trait: the covariates explain it wholly; is the trait itself among them?"
            )
    else:
        residual = _project_out(basis, (trait - _logistic_weights(trait, columns)[1]) / root)
    return NullModel(kind, root, basis, residual)


def with_intercept(covariates: pd.DataFrame) -> np.ndarray:
    """Intercept and standardised covariates as columns; shape (n, 1 + c)."""
    values = covariates.to_numpy(dtype=np.float64).reshape(len(covariates), -1)
    centred = values - values.mean(axis=0)
    scale = np.sqrt((centred**2).mean(axis=0))
    # What is left of a constant after centring is rounding, not a covariate.
    centred[:, scale <= 1e-12 * np.abs(values).max(axis=0, initial=0.0)] = 0.0
    centred /= np.where(scale > 0, scale, 1.0)
    return np.column_stack([np.ones(len(values)), centred])


def _project_out(basis: np.ndarray, values: np.ndarray) -> np.ndarray:
    """``values`` without their share in the span of ``basis``; twice, against rounding."""
    for _ in range(2):
        values = values - basis @ (basis.T @ values)
    return values


def _check_trait(trait: np.ndarray, kind: str) -> None:
    low, high = trait.min(), trait.max()
    if high - low <= 1e-12 * max(abs(low), abs(high)):
        raise InputError(
            f"trait: constant, {low:g} in all {len(trait):,} people; nothing to explain"
        )
    if kind == "binary" and not np.isin(trait, (0.0, 1.0)).all():
        found = np.unique(trait)[:4]
        coded = np.array_equal(np.unique(trait), [1.0, 2.0])
        raise InputError(
            f"trait: binary, but holds {', '.join(f'{v:g}' for v in found)}; expected 0 (control) "
            f"and 1 (case)" + ("; this is PLINK's coding: subtract 1" if coded else "")
        )


def _check_collinear(columns: np.ndarray, covariates: pd.DataFrame) -> None:
    # Columns are of one length, so a short rest means a sum of the columns before it.
    rest = np.abs(np.diag(np.linalg.qr(columns, mode="r"))) / np.sqrt(len(columns))
    bad = np.flatnonzero(rest < _COLLINEAR)
    if bad.size:
        names = covariates.columns[bad - 1].astype("str").tolist()
        constant = [n for n, k in zip(names, bad, strict=True) if not columns[:, k].any()]
        why = "constant" if constant == names else "linear combinations of those before them"
        are, them = ("is", "it") if len(names) == 1 else ("are", "them")
        raise InputError(
            f"covariates: {', '.join(map(repr, names))} {are} collinear ({why}; the intercept is "
            f"always there); leave {them} out"
        )


def _logistic_weights(trait: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weights mu (1 - mu) and means mu of the logistic regression on ``columns``."""
    beta = np.zeros(columns.shape[1])
    for _ in range(_MOST_STEPS):
        mu = 1.0 / (1.0 + np.exp(-np.clip(columns @ beta, -30, 30)))
        weights = mu * (1.0 - mu)
        if weights.min() < 1e-10:
            break
        step = np.linalg.solve(columns.T @ (weights[:, None] * columns), columns.T @ (trait - mu))
        beta += step
        if np.abs(step).max() < 1e-10:
            mu = 1.0 / (1.0 + np.exp(-(columns @ beta)))
            return mu * (1.0 - mu), mu
    cases = int(trait.sum())
    raise InputError(
        f"covariates: they separate {cases:,} cases from {len(trait) - cases:,} controls (logistic "
        "regression on them has no finite fit); leave out the covariate that tells them apart"
    )
