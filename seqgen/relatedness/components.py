"""Heritability of traits by restricted maximum likelihood, many at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.relatedness.kinship import KinshipAxes, KinshipInput, check_kinship, kinship_axes

# At 1 people alike in kinship would have to be alike in the trait.
_HIGHEST = 0.9999
_GRID = np.concatenate([np.arange(0.0, 0.98, 0.025), [0.99, 0.999, _HIGHEST]])
# A gain in log likelihood that is rounding: the kinship does not matter, or cannot be told.
_NO_GAIN = 1e-8
_MOST_STEPS = 60
_BATCH = 4_000_000
_COLLINEAR = 1e-7


@dataclass(frozen=True)
class VarianceComponents:
    """REML of traits given covariates and kinship; arrays have shape (k,).

    Attributes
    ----------
    h2 : ndarray
        Share of the variance that goes with the kinship, 0 to 0.9999.
    variance : ndarray
        Of the trait, genetic and residual, in trait units squared.
    log_lik, log_lik_unrelated : ndarray
        Restricted log likelihood at ``h2`` and at 0.
    """

    h2: np.ndarray
    variance: np.ndarray
    log_lik: np.ndarray
    log_lik_unrelated: np.ndarray


def fit_components(rotated: np.ndarray, axes: KinshipAxes) -> VarianceComponents:
    """Heritability of many traits by restricted maximum likelihood, all at once.

    Parameters
    ----------
    rotated : ndarray of float64, shape (k, n - q)
        Traits, a row each, times ``axes.vectors``; none wholly 0.
    axes : KinshipAxes

    Returns
    -------
    VarianceComponents
        Where the likelihood has more than one peak, the highest on a grid of 43 values is
        followed. ``h2`` is 0 where the kinship does not tell people apart.

    References
    ----------
    Kang et al. (2008), Genetics 178:1709-1723.
    Lippert et al. (2011), FaST linear mixed models for genome-wide association studies, Nature
    Methods 8:833-835.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> intercept = np.full((600, 1), 600**-0.5)
    >>> axes = kinship_axes(np.kron(np.eye(300), [[1, 0.5], [0.5, 1]]), intercept)
    >>> spread = np.sqrt(axes.variances(np.array([0.1, 0.8])))
    >>> fit_components(spread * rng.normal(size=(2, 599)), axes).h2.round(2).tolist()
    [0.19, 0.71]
    """
    size = max(1, _BATCH // max(1, len(axes.values)))
    parts = [
        _fit_batch(rotated[start : start + size] ** 2, axes)
        for start in range(0, len(rotated), size)
    ]
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return VarianceComponents(*columns)


def _fit_batch(squares: np.ndarray, axes: KinshipAxes) -> tuple[np.ndarray, ...]:
    """The fields of `VarianceComponents` from squared rotated traits, (k, n - q)."""
    on_grid = axes.variances(_GRID)
    heights = _log_lik(squares @ (1.0 / on_grid).T, np.log(on_grid).sum(axis=1), on_grid.shape[1])
    best = heights.argmax(axis=1)
    start = _GRID[best]
    # A peak lies between the best point and the next one uphill.
    uphill = _slopes(squares, axes, start)[0] > 0
    low = np.where(uphill, start, _GRID[np.maximum(best - 1, 0)])
    high = np.where(uphill, _GRID[np.minimum(best + 1, len(_GRID) - 1)], start)
    h2 = _refine(squares, axes, low=low, high=high)
    peak, variance = _at(squares, axes, h2)
    top, unrelated = heights.max(axis=1), heights[:, 0]
    h2 = np.where(peak >= top, h2, start)
    h2[np.maximum(peak, top) - unrelated <= _NO_GAIN] = 0.0
    log_lik, variance = _at(squares, axes, h2)
    return h2, variance, log_lik, unrelated


def _log_lik(total: np.ndarray, log_det: np.ndarray, df: int) -> np.ndarray:
    """Restricted log likelihood, the variance at its best value total / df."""
    return -0.5 * (df * (np.log(2.0 * np.pi * total / df) + 1.0) + log_det)


def _at(squares: np.ndarray, axes: KinshipAxes, h2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log likelihood and variance of each trait at its own h2."""
    d = axes.variances(h2)
    total, df = (squares / d).sum(axis=1), d.shape[1]
    return _log_lik(total, np.log(d).sum(axis=1), df), total / df


def _slopes(squares: np.ndarray, axes: KinshipAxes, h2: np.ndarray) -> tuple[np.ndarray, ...]:
    """First and second derivative of twice the log likelihood by h2."""
    d = axes.variances(h2)
    rise = (axes.values - 1.0) / d
    share = squares / d
    total, df = share.sum(axis=1), d.shape[1]
    first = np.einsum("kn,kn->k", share, rise) / total
    second = np.einsum("kn,kn,kn->k", share, rise, rise) / total
    slope = df * first - rise.sum(axis=1)
    return slope, np.einsum("kn,kn->k", rise, rise) + df * (first**2 - 2.0 * second)


def _refine(
    squares: np.ndarray, axes: KinshipAxes, *, low: np.ndarray, high: np.ndarray
) -> np.ndarray:
    """Peaks between ``low`` and ``high``: Newton steps, halving where one would leave."""
    at = (low + high) / 2
    for _ in range(_MOST_STEPS):
        slope, curve = _slopes(squares, axes, at)
        low, high = np.where(slope > 0, at, low), np.where(slope > 0, high, at)
        step = at - slope / np.where(curve < 0, curve, -np.inf)
        new = np.where((curve < 0) & (step > low) & (step < high), step, (low + high) / 2)
        moved, at = np.abs(new - at).max(initial=0.0), new
        if moved < 1e-11:
            break
    return at


def fit_kinship(
    traits: pd.DataFrame | np.ndarray,
    kinship: KinshipInput,
    covariates: pd.DataFrame | np.ndarray | None = None,
) -> pd.DataFrame:
    """Share of the variance of traits that goes with kinship, given covariates.

    Fits y = Xb + g + e, with g of covariance s2g K and e of s2e I, K of mean diagonal 1.

    Parameters
    ----------
    traits : DataFrame or ndarray, shape (people, traits)
        Without gaps. An array is in the order of the kinship.
    kinship : DataFrame, (ndarray, names) or ndarray
        As in `check_kinship`.
    covariates : DataFrame or ndarray, shape (people, c), optional
        Of the same people; without intercept, which is always added.

    Returns
    -------
    DataFrame
        One row per trait: ``trait``, ``n``, ``h2``, ``genetic_variance``,
        ``residual_variance``, ``log_lik`` (restricted) and ``log_lik_ratio`` (against h2 = 0),
        ``p`` (of the ratio, half of a chi-squared with one degree of freedom).

    Raises
    ------
    InputError
        If people do not match, a value is missing, covariates are collinear, or a trait does not
        vary beyond them.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> names = [f"person_{k}" for k in range(400)]
    >>> sibs = pd.DataFrame(np.kron(np.eye(200), [[1, 0.5], [0.5, 1]]), names, names)
    >>> shared = np.repeat(rng.normal(size=200), 2)
    >>> traits = pd.DataFrame({"height": shared + rng.normal(size=400)}, names)
    >>> fit_kinship(traits, sibs)[["trait", "h2"]].round(2).to_numpy().tolist()
    [['height', 0.91]]
    """
    from scipy.special import erfc

    y, x, relatives = _same_people(traits, kinship, covariates)
    basis = _basis(x)
    axes = kinship_axes(relatives, basis)
    centred = y - y.mean(axis=0)
    rotated = centred.to_numpy().T @ axes.vectors
    flat = (rotated**2).sum(axis=1) <= 1e-12 * (centred.to_numpy() ** 2).sum(axis=0)
    if flat.any():
        raise InputError(
            f"traits: {y.columns[flat][0]!r} does not vary beyond the covariates; leave it out"
        )
    fit = fit_components(rotated, axes)
    ratio = np.maximum(fit.log_lik - fit.log_lik_unrelated, 0.0)
    return pd.DataFrame({
        "trait": y.columns.astype("str"), "n": len(y), "h2": fit.h2,
        "genetic_variance": fit.h2 * fit.variance,
        "residual_variance": (1.0 - fit.h2) * fit.variance,
        "log_lik": fit.log_lik, "log_lik_ratio": ratio,
        "p": np.where(fit.h2 > 0, 0.5 * erfc(np.sqrt(ratio)), 1.0),
    })  # fmt: skip


def _same_people(
    traits: pd.DataFrame | np.ndarray,
    kinship: KinshipInput,
    covariates: pd.DataFrame | np.ndarray | None,
) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray]:
    """Traits, covariates and kinship of the people of the traits."""
    given = traits if isinstance(traits, pd.DataFrame) else None
    read = check_kinship(kinship, pd.RangeIndex(len(traits)) if given is None else given.index)
    tables: list[pd.DataFrame] = []
    for label, table in (("traits", traits), ("covariates", covariates)):
        people = tables[0].index if tables else read.people
        if table is None:
            table = pd.DataFrame(index=people)
        if not isinstance(table, pd.DataFrame):
            if np.ndim(table) != 2 or len(table) != len(people):
                raise InputError(
                    f"{label}: shape {np.shape(table)} for {len(people):,} people; expected "
                    f"({len(people)}, {label}), or a DataFrame that names the people"
                )
            table = pd.DataFrame(table, index=people)
        if table.index.has_duplicates or (tables and not people.isin(table.index).all()):
            raise InputError(f"{label}: do not name each of the {len(people):,} people once")
        table = table if not tables else table.loc[people]
        if not np.isfinite(table.to_numpy(dtype=np.float64)).all():
            raise InputError(f"{label}: missing or infinite values; impute, or leave people out")
        tables.append(table.astype(np.float64))
    return tables[0], tables[1], read.among(tables[0].index)


def _basis(covariates: pd.DataFrame) -> np.ndarray:
    """Orthonormal basis of intercept and covariates."""
    values = covariates.to_numpy().reshape(len(covariates), -1)
    values = values - values.mean(axis=0)
    lengths = np.linalg.norm(values, axis=0)
    columns = np.column_stack([np.ones(len(values)), values / np.where(lengths > 0, lengths, 1.0)])
    basis, rest = np.linalg.qr(columns)
    bad = np.abs(np.diag(rest)) < _COLLINEAR
    if bad.any() or len(columns) <= columns.shape[1]:
        names = covariates.columns[bad[1:]].astype("str").tolist() or "too many for the people"
        raise InputError(f"covariates: {names} constant or linear combinations; leave out")
    return basis
