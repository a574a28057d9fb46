"""Weights of a mixture whose components are known."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import cholesky, solve_triangular
from scipy.optimize import nnls

if TYPE_CHECKING:
    from numpy.typing import NDArray

_GRADIENT_TOL = 1e-10
_MAX_STEPS = 200
# Keeps the curvature invertible where components look alike on the data.
_RIDGE = 1e-10
# A component that fits nothing still gets this much, so that logs exist.
_FLOOR = 1e-15


def normal_log_densities(
    x: NDArray[np.float64], scales: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return log N(x_i; 0, scales_ik^2), shape (p, K)."""
    standard = x[:, np.newaxis] / scales
    return -0.5 * (standard * standard + math.log(2.0 * math.pi)) - np.log(scales)


def mixture_log_likelihood(
    log_densities: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the log density of each observation under the mixture, shape (p,)."""
    top = log_densities.max(axis=1)
    return np.log(np.exp(log_densities - top[:, np.newaxis]) @ (weights + _FLOOR)) + top


def mixture_weights(log_densities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weights of greatest likelihood.

    The negative mean log likelihood plus the sum of the weights is convex and
    has its minimum over non-negative weights where they sum to one. Each step
    minimises its quadratic model by non-negative least squares.

    Parameters
    ----------
    log_densities : ndarray, shape (p, K)
        Log density of observation i under component k.

    Returns
    -------
    ndarray, shape (K,)
        Non-negative, sum one.

    References
    ----------
    Kim, Carbonetto, Stephens, Anitescu (2020), J. Comput. Graph. Stat. 29:261-273.

    Examples
    --------
    >>> mixture_weights(np.log([[0.9, 0.1], [0.9, 0.1]])).round(6).tolist()
    [1.0, 0.0]
    """
    likelihood = np.exp(log_densities - log_densities.max(axis=1, keepdims=True))
    count, components = likelihood.shape
    weights = np.full(components, 1.0 / components)

    def objective(candidate: NDArray[np.float64]) -> float:
        return float(candidate.sum() - np.mean(np.log(likelihood @ candidate + _FLOOR)))

    for _ in range(_MAX_STEPS):
        relative = likelihood / (likelihood @ weights + _FLOOR)[:, np.newaxis]
        slope = relative.mean(axis=0)
        if slope.max() - 1.0 < _GRADIENT_TOL:
            break
        curvature = relative.T @ relative / count
        curvature[np.diag_indices(components)] += _RIDGE * max(1.0, float(curvature.max()))
        root = cholesky(curvature)
        linear = curvature @ weights - (1.0 - slope)
        target, _ = nnls(root, solve_triangular(root, linear, trans="T"))
        direction = target - weights
        step, here = 1.0, objective(weights)
        descent = float((1.0 - slope) @ direction)
        while objective(weights + step * direction) > here + 1e-4 * step * descent and step > 1e-8:
            step /= 2.0
        if step <= 1e-8:
            break
        weights = np.maximum(weights + step * direction, 0.0)
    return weights / weights.sum()
