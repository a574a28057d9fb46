"""The interaction test of listed pairs in double precision, product by product."""

from __future__ import annotations

import numpy as np

from seqgen.gxg.design import PairDesign
from seqgen.gxg.regression import COLLINEAR, Fit

_BATCH_BYTES = 32 * 1024 * 1024


def batches(count: int, bytes_each: int) -> list[slice]:
    """Slices of ``count`` pairs that keep a batch's arrays near 32 MB."""
    size = max(1, _BATCH_BYTES // max(bytes_each, 1))
    return [slice(start, min(start + size, count)) for start in range(0, count, size)]


def exact_tests(design: PairDesign, first: np.ndarray, second: np.ndarray) -> Fit:
    """The tests of `products.pair_block` for the pairs (first[k], second[k]).

    For a binary trait it is the score test at the fit of the covariates alone, one step from
    which the main effects are estimated; `regress_all` fits the whole model. ``top5`` is NaN. For
    related people it is that of generalised least squares.
    """
    n, q = design.null.basis.shape
    beta, se = np.full(len(first), np.nan), np.full(len(first), np.nan)
    for part in batches(len(first), 8 * 6 * n):
        beta[part], se[part] = _batch(design, first[part], second[part])
    quantitative = design.null.kind == "quantitative"
    df = np.full(len(first), float(n - q - 3) if quantitative else np.inf)
    return Fit(beta, se, df, np.full(len(first), n), np.full(len(first), np.nan))


def _batch(
    design: PairDesign, first: np.ndarray, second: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    null, n = design.null, design.n_people
    g1, g2 = design.scaled(first), design.scaled(second)
    p = null.root_weights * g1 * g2
    size = _dot(p, p)
    g1 *= null.root_weights
    g2 *= null.root_weights
    y, length = null.residual, np.full(len(p), float(n))
    if design.related is None:
        g1, g2, p = (x - (x @ null.basis) @ null.basis.T for x in (g1, g2, p))
    else:
        g1, g2, p, y = (x @ design.related.root for x in (g1, g2, p, y))
        length = _dot(g2, g2)
    # One after another, so that rounding is not magnified by correlated variants.
    g1 /= np.sqrt(_dot(g1, g1))[:, None]
    g2 -= _dot(g1, g2)[:, None] * g1
    free = _dot(g2, g2)
    g2 /= np.sqrt(np.maximum(free, 1e-300))[:, None]
    p -= _dot(g1, p)[:, None] * g1
    p -= _dot(g2, p)[:, None] * g2
    left = _dot(p, p)
    bad = (free < COLLINEAR * length) | (left < COLLINEAR * size)
    left[bad] = np.nan
    beta = p @ y / left
    if null.kind == "quantitative":
        explained = (g1 @ y) ** 2 + (g2 @ y) ** 2 + beta**2 * left
        variance = (y @ y - explained) / (n - null.basis.shape[1] - 3)
    else:
        variance = np.ones_like(beta)
    unit = design.scales[first] * design.scales[second]
    return beta / unit, np.sqrt(np.maximum(variance, 0.0) / left) / unit


def _dot(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Inner products of rows."""
    return np.einsum("ij,ij->i", x, y)
