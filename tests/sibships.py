"""Families of siblings: genotypes that follow Mendel, and what kinship says of them."""

from __future__ import annotations

import numpy as np


def draw_siblings(rng, *, families, size, variants, frequency=(0.1, 0.5)):
    """Allele counts (people, variants) and the pedigree's relationships (people, people)."""
    rate = rng.uniform(*frequency, variants)
    parents = rng.binomial(1, rate, size=(families, 2, 2, variants))
    family = np.repeat(np.arange(families), size)
    counts = np.zeros((len(family), variants))
    for parent in range(2):
        passed = rng.integers(0, 2, size=(len(family), variants))
        counts += np.where(passed == 1, parents[family, parent, 1], parents[family, parent, 0])
    kinship = np.where(family[:, None] == family[None], 0.5, 0.0)
    np.fill_diagonal(kinship, 1.0)
    return counts, kinship


def draw_traits(rng, kinship, h2, *, count=1):
    """Traits (people, count) of variance 1, of which a share ``h2`` follows the kinship."""
    genetic = np.linalg.cholesky(kinship) @ rng.normal(size=(len(kinship), count))
    return np.sqrt(h2) * genetic + np.sqrt(1 - h2) * rng.normal(size=genetic.shape)


def dense_projection(kinship, h2, columns):
    """P of generalised least squares with ``columns`` (people, q), and its symmetric root."""
    inverse = np.linalg.inv(h2 * kinship + (1 - h2) * np.eye(len(kinship)))
    inner = np.linalg.solve(columns.T @ inverse @ columns, columns.T @ inverse)
    projection = inverse - inverse @ columns @ inner
    values, vectors = np.linalg.eigh(projection)
    return projection, (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T


def dense_gls(y, columns, covariance):
    """Last coefficient, standard error and t, from the inverse of the whole covariance."""
    inverse = np.linalg.inv(covariance)
    gram = np.linalg.inv(columns.T @ inverse @ columns)
    beta = gram @ columns.T @ inverse @ y
    rest = y - columns @ beta
    variance = rest @ inverse @ rest / (len(y) - columns.shape[1])
    se = np.sqrt(variance * gram[-1, -1])
    return beta[-1], se, beta[-1] / se
