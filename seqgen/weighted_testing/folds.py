"""Weights learned from the p values of other folds, for bins of the evidence."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.weighted_testing.adjust import checked_p

# Upper ends of the cells in which p values are counted; the last is 1.
_GRID = np.append(0.0, np.logspace(-9, 0, 91))
_SHARES = (1.0, 0.75, 0.5, 0.25, 0.1)


class FoldWeights(NamedTuple):
    """Weights (n,), averaging 1 in each fold, and how they came about.

    ``by_bin`` has one row per fold and bin: ``fold``, ``bin`` (from 1), ``weight``, ``n_tests``,
    ``uniform_share`` (chosen without the fold).
    """

    values: np.ndarray
    by_bin: pd.DataFrame

    def __repr__(self) -> str:
        folds, bins = self.by_bin["fold"].nunique(), self.by_bin["bin"].nunique()
        low, high = (self.values.min(), self.values.max()) if len(self.values) else (1.0, 1.0)
        return (
            f"FoldWeights({len(self.values):,} tests, {folds} folds of {bins} bins, weights "
            f"{low:.3g} to {high:.3g})"
        )


def cross_fold_weights(
    p: np.ndarray,
    evidence: np.ndarray,
    folds: np.ndarray,
    *,
    bins: int = 10,
    alpha: float = 0.05,
    uniform_shares: tuple[float, ...] = _SHARES,
) -> FoldWeights:
    """Weights for bins of the evidence, those of a fold learned from the other folds.

    In the other folds the distribution of p in each bin is estimated by its least concave
    majorant, and the cut-offs that give most rejections at an estimated false discovery rate of
    ``alpha`` become weights. They are mixed with a uniform share, chosen among
    ``uniform_shares`` by the rejections that an inner round over the other folds predicts; the
    largest share wins ties. No direction of the evidence is assumed, so evidence that points the
    wrong way helps as well.

    Folds must be independent of each other given the evidence: chromosomes or proteins, not
    random halves of correlated tests.

    Parameters
    ----------
    p : ndarray of float, shape (n,)
        P values of all tests.
    evidence : ndarray of float, shape (n,)
        Missing evidence (NaN) is a bin of its own.
    folds : ndarray, shape (n,)
        Label of each test's fold; at least 3 of them.
    bins : int
        Bins with as many tests each, as far as ties allow.
    alpha : float
        False discovery rate at which the weights will be used.
    uniform_shares : tuple of float
        Candidates; give one to fix it.

    Returns
    -------
    FoldWeights

    Raises
    ------
    InputError
        If shapes differ, there are fewer than 3 folds, or an option is out of range.

    References
    ----------
    Ignatiadis, Huber (2021), Journal of the Royal Statistical Society B 83, 720-751.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> p, evidence = rng.uniform(size=3000), rng.normal(size=3000)
    >>> p[evidence > 1.5] **= 20
    >>> learned = cross_fold_weights(p, evidence, np.arange(3000) % 3)
    >>> round(float(learned.values.mean()), 12), bool(learned.values[evidence > 1.5].mean() > 2)
    (1.0, True)
    """
    p = checked_p(p)
    evidence = np.asarray(evidence, dtype=np.float64)
    labels, fold = _checked_folds(p, evidence, folds)
    _check_options(bins, alpha, uniform_shares)
    bin_of = _bins(evidence, bins)
    n_bins = int(bin_of.max()) + 1
    counts = _counts(p, bin_of, fold, shape=(len(labels), n_bins))
    shares = sorted(set(uniform_shares), reverse=True)
    values = np.empty(p.size)
    rows = []
    for left_out in range(len(labels)):
        others = np.delete(counts, left_out, axis=0)
        share = _chosen_share(others, alpha, shares)
        sizes = counts[left_out].sum(axis=1)
        weight = _mixed(_learned(others.sum(axis=0), alpha), share, sizes)
        mine = fold == left_out
        values[mine] = weight[bin_of[mine]]
        rows.append(pd.DataFrame({
            "fold": labels[left_out], "bin": np.arange(1, n_bins + 1), "weight": weight,
            "n_tests": sizes.astype(np.int64), "uniform_share": share,
        }))  # fmt: skip
    return FoldWeights(values, pd.concat(rows, ignore_index=True))


def _checked_folds(
    p: np.ndarray, evidence: np.ndarray, folds: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    labels, fold = np.unique(np.asarray(folds), return_inverse=True)
    if evidence.shape != p.shape or fold.shape != p.shape:
        raise InputError(
            f"evidence, folds: shapes {evidence.shape} and {fold.shape} for {p.size:,} p values; "
            "expected one each"
        )
    if len(labels) < 3:
        raise InputError(f"folds: {len(labels)} fold(s); expected at least 3 independent ones")
    if np.isinf(evidence).any():
        raise InputError("evidence: infinite values; expected finite ones, NaN where missing")
    return labels, fold


def _check_options(bins: int, alpha: float, shares: tuple[float, ...]) -> None:
    if bins < 1:
        raise InputError(f"bins is {bins}; expected at least 1")
    if not 0.0 < alpha < 1.0:
        raise InputError(f"alpha is {alpha}; expected between 0 and 1")
    if not shares or not all(0.0 <= share <= 1.0 for share in shares):
        raise InputError(f"uniform_shares is {shares}; expected numbers from 0 to 1")


def _bins(evidence: np.ndarray, bins: int) -> np.ndarray:
    """Bin of each test by quantiles of the evidence, from 0, no bin empty; NaN the last."""
    missing = np.isnan(evidence)
    known = evidence[~missing]
    edges = np.empty(0)
    if known.size:
        edges = np.unique(np.quantile(known, np.arange(1, bins) / bins))
    out = np.searchsorted(edges, evidence, side="left")
    out[missing] = len(edges) + 1
    return np.unique(out, return_inverse=True)[1]


def _counts(
    p: np.ndarray, bin_of: np.ndarray, fold: np.ndarray, *, shape: tuple[int, int]
) -> np.ndarray:
    """Tests per fold, bin and cell of the grid."""
    cells = len(_GRID) - 1
    cell = np.clip(np.searchsorted(_GRID, p, side="left") - 1, 0, cells - 1)
    flat = (fold * shape[1] + bin_of) * cells + cell
    return np.bincount(flat, minlength=shape[0] * shape[1] * cells).reshape(*shape, cells) * 1.0


def _learned(counts: np.ndarray, alpha: float) -> np.ndarray:
    """Cut-offs per bin with most rejections at estimated rate ``alpha``; zeros without signal.

    The rejections are concave in the cut-offs, so their steepest pieces are taken first, until
    the expected null p values below the cut-offs are ``alpha`` of the rejections.
    """
    sizes = counts.sum(axis=1)
    pieces = [
        (slope, index, step, rise)
        for index, row in enumerate(counts) if sizes[index]
        for slope, step, rise in zip(*_majorant(row), strict=True)
    ]  # fmt: skip
    slope, index, step, rise = map(np.array, zip(*pieces, strict=True))
    order = np.argsort(-slope / sizes[index], kind="stable")
    index, step, rise = index[order], step[order], rise[order]
    excess = np.cumsum(step * sizes[index] - alpha * rise)
    taken = int(np.flatnonzero(excess <= 0).max(initial=-1)) + 1
    return np.bincount(index[:taken], weights=step[:taken], minlength=len(counts))


def _majorant(row: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Slopes, widths and rises of the least concave majorant of the cumulated counts."""
    height = np.append(0.0, np.cumsum(row))
    hull = [0]
    for point in range(1, len(height)):
        while len(hull) > 1 and _above(hull[-2], hull[-1], point, height):
            hull.pop()
        hull.append(point)
    step, rise = np.diff(_GRID[hull]), np.diff(height[hull])
    return rise / step, step, rise


def _above(a: int, b: int, c: int, height: np.ndarray) -> bool:
    """Whether point b lies on or below the line from a to c."""
    line = (height[c] - height[a]) * (_GRID[b] - _GRID[a])
    return bool((height[b] - height[a]) * (_GRID[c] - _GRID[a]) <= line)


def _mixed(cutoffs: np.ndarray, share: float, sizes: np.ndarray) -> np.ndarray:
    """Weights of the bins that average 1 over ``sizes`` tests, mixed with the uniform share."""
    mean = cutoffs @ sizes / sizes.sum()
    if mean <= 0:
        return np.ones(len(cutoffs))
    return share + (1.0 - share) * cutoffs / mean


def _chosen_share(counts: np.ndarray, alpha: float, shares: list[float]) -> float:
    """The share under which weights learned without a fold reject most in that fold."""
    if len(shares) == 1:
        return shares[0]
    found = np.zeros(len(shares))
    learned = [
        _learned(np.delete(counts, inner, axis=0).sum(axis=0), alpha)
        for inner in range(len(counts))
    ]
    for index, share in enumerate(shares):
        # Pooled over the folds: a single one has too few rejections to set its cut-off.
        curves = [
            _rejections(fold, _mixed(cutoffs, share, fold.sum(axis=1)))
            for fold, cutoffs in zip(counts, learned, strict=True)
        ]
        pooled = np.sum(curves, axis=0)
        kept = counts.sum() * _GRID <= alpha * pooled
        found[index] = pooled[kept].max(initial=0.0)
    return shares[int(found.argmax())]


def _rejections(counts: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Tests with p at most weight times t, for t along the grid."""
    cumulated = np.cumsum(np.pad(counts, ((0, 0), (1, 0))), axis=1)
    cut = np.minimum(1.0, weight[:, None] * _GRID)
    return sum(np.interp(at, _GRID, row) for at, row in zip(cut, cumulated, strict=True))
