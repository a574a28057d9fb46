"""Genotypes and traits with an effect of one on another, for tests of scans."""

from __future__ import annotations

import numpy as np


def drawn(people=120, variants=30, traits=7, covariates=2):
    rng = np.random.default_rng(11)
    genotypes = rng.binomial(2, rng.uniform(0.2, 0.5, variants), (people, variants)).astype(float)
    table = rng.normal(size=(people, covariates))
    values = rng.normal(size=(people, traits)) + table @ rng.normal(size=(covariates, traits))
    values[:, 2] += 0.9 * genotypes[:, 4]
    return genotypes, values, table
