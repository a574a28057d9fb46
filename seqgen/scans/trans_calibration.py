"""How a trans scan's p values stand to those expected, and to those of permuted people."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from seqgen.transqtl import Histogram, TransScan

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
