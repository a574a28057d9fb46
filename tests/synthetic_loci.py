"""Loci with known causal variants, for tests of fine-mapping."""

from __future__ import annotations

import numpy as np


def locus(p=80, people=300, n=20_000, seed=1):
    """Genotypes' LD in blocks, z-scores of two causal variants, and the causal columns."""
    rng = np.random.default_rng(seed)
    founders = rng.normal(size=(people, 1 + p // 8)).repeat(8, axis=1)[:, :p]
    R = np.corrcoef(founders + 0.5 * rng.normal(size=(people, p)), rowvar=False)
    causal = [p // 8, 5 * p // 8]
    b = np.zeros(p)
    b[causal] = 9.0, -8.0
    z = R @ b + np.linalg.cholesky(R + 1e-9 * np.eye(p)) @ rng.normal(size=p)
    return z, R, n, causal
