"""PLINK panels of a few people, written for a test."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from bed_reader import to_bed


def write_panel(prefix: Path, counts: np.ndarray, variants: list[tuple]) -> Path:
    """Write ``counts`` of a1 (people x variants, NaN missing) as a PLINK panel.

    ``variants`` holds (chrom, pos, rsid, a1, a2).
    """
    chrom, pos, rsid, a1, a2 = zip(*variants, strict=True)
    properties = {
        "chromosome": [str(c) for c in chrom],
        "bp_position": list(pos),
        "sid": list(rsid),
        "allele_1": list(a1),
        "allele_2": list(a2),
    }
    to_bed(
        Path(f"{prefix}.bed"),
        np.ascontiguousarray(counts, dtype=np.float32),
        properties=properties,
        count_A1=True,
    )
    return prefix


def random_counts(people: int, frequencies: list[float], seed: int = 0) -> np.ndarray:
    """Independent genotypes in Hardy-Weinberg proportions, a1 at the given frequencies."""
    rng = np.random.default_rng(seed)
    return rng.binomial(2, frequencies, size=(people, len(frequencies))).astype(np.float32)
