"""How p values of a scan stand to those expected, and to those of permuted people."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from seqgen.stats import inflation_error
from seqgen.transqtl import Histogram, TransScan

GRID = np.logspace(-12, 0, 121)
LEVELS = np.array([0.9, 0.7, 0.5, 0.3, 0.1, 0.05, 0.01, 1e-3, 1e-4, 1e-5, 1e-6])
HEAVY, _ENOUGH = 1.25, 30


class Permuted(NamedTuple):
    """Scans with people permuted: each one's largest |t|, and all tests of ``repeats`` of them."""

    maxima: np.ndarray
    calibration: pd.DataFrame
    histogram: Histogram
    repeats: int


def heavy_from(permuted: pd.DataFrame) -> float | None:
    """Largest p value from which on permuted people give too many tests; None for none."""
    expected = permuted["expected"].to_numpy(dtype=np.float64)
    ratio = permuted["observed"].to_numpy() / np.maximum(expected, 1e-300)
    heavy = (ratio > HEAVY) & (expected >= _ENOUGH)
    return float(permuted["level"].to_numpy()[heavy].max()) if heavy.any() else None


def levels_of(scan: TransScan, tests: str) -> pd.DataFrame:
    """Observed and expected tests at levels of p; `schemas.CALIBRATION`."""
    return pd.DataFrame({
        "tests": tests, "level": LEVELS, "observed": scan.histogram.up_to(LEVELS),
        "expected": LEVELS * scan.n_tests,
    })  # fmt: skip


def inflated_from(n_tests: int) -> float:
    """Inflation of the median that chance does not explain: 1.1, more where tests are few.

    There it is twice the standard error of independent tests.
    """
    return 1.0 + max(0.1, 2 * inflation_error(n_tests))


def needed_p(levels: np.ndarray, observed: np.ndarray, *, n_tests: int, alpha: float) -> float:
    """The level up to which tests have to be known for Benjamini-Hochberg to be whole.

    Parameters
    ----------
    levels, observed : ndarray of float, shape (k,)
        Levels of p, increasing, and the tests up to each.
    n_tests : int
    alpha : float

    Returns
    -------
    float
        The level above the largest one at which the tests up to it are discoveries; 0 where
        none are.
    """
    reached = np.flatnonzero(alpha * observed >= levels * max(n_tests, 1))
    return float(levels[min(reached[-1] + 1, len(levels) - 1)]) if reached.size else 0.0
