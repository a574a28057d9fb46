"""The background that coupled pairs stand out of: its level, its spread, and the tail above it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

# Bins of the core, in standard deviations; above it they widen with the distance. What lies
# below it is no background: in real families the least is -4.
_CORE = np.linspace(-10, 12, 1101)
_OUTER = 100
_FEWEST_IN_LEVEL = 16
# In standard deviations of the background: coupled pairs lie well above it and spread widely.
# Without these bounds the tail fits the skew of pure noise.
_LEAST_TAIL = np.log(3.5)
_TAIL_SPREADS = (0.4, 1.2)
# A tail in pure noise (shuffled columns) gains up to 29, a tail of contacts 180 to 3400.
_LEAST_GAIN = 35.0

_HALF_LOG_2PI = 0.5 * np.log(2 * np.pi)


@dataclass(frozen=True)
class Mixture:
    """Skew-normal background and log-normal tail, in units in which the data came.

    Attributes
    ----------
    location, scale, shape : float
        Of the skew-normal distribution.
    tail_mu, tail_sigma : float
        Mean and standard deviation of the log of coupled pairs' values.
    tail_share : float
        Share of coupled pairs; 0 where a tail is not supported by the data.
    gain : float
        Twice the gain in log likelihood over the background alone.
    """

    location: float
    scale: float
    shape: float
    tail_mu: float
    tail_sigma: float
    tail_share: float
    gain: float

    @property
    def moments(self) -> tuple[float, float]:
        """Mean and standard deviation of the background."""
        delta = self.shape / np.sqrt(1 + self.shape**2)
        mean = self.location + self.scale * delta * np.sqrt(2 / np.pi)
        return float(mean), float(self.scale * np.sqrt(1 - 2 * delta**2 / np.pi))

    def probability(self, values: np.ndarray) -> np.ndarray:
        """Probability of the tail given each value; never falls as values rise."""
        from scipy.special import expit

        if self.tail_share == 0:
            return np.zeros(values.shape)
        noise = _log_skew_normal(values, self.location, self.scale, self.shape)
        tail = _log_log_normal(values, self.tail_mu, self.tail_sigma)
        odds = tail - noise + np.log(self.tail_share / (1 - self.tail_share))
        order = np.argsort(values, kind="stable")
        result = np.empty(values.shape)
        result[order] = np.maximum.accumulate(expit(odds[order]))
        return result


def background_level(
    values: np.ndarray, expected: np.ndarray, at: np.ndarray | None = None
) -> np.ndarray:
    """Median of ``values`` as a function of the average product that was subtracted from them.

    The product is too small where both residues hardly vary, as norms do not fall below what
    sampling gives; such pairs would stand out of the background without being coupled. Medians
    are taken in bins of growing size from both ends, where the level changes fast.

    Parameters
    ----------
    values, expected : ndarray, shape (n,)
    at : ndarray, optional
        Where the level is wanted; by default at ``expected``.
    """
    order = np.argsort(expected, kind="stable")
    cuts = _cuts(len(order))
    parts = [order[start:stop] for start, stop in pairwise(cuts)]
    places = np.array([np.median(expected[part]) for part in parts])
    medians = np.array([np.median(values[part]) for part in parts])
    return np.interp(expected if at is None else at, places, medians)


def _cuts(n: int) -> np.ndarray:
    """Bounds of bins of 16, 25, 40, ... from both ends to the middle of ``n`` places."""
    left, size = [0], float(_FEWEST_IN_LEVEL)
    while left[-1] + 2 * size < n / 2:
        left.append(left[-1] + int(size))
        size *= 1.6
    return np.array(left + [n - place for place in reversed(left)])


def robust_spread(values: np.ndarray) -> tuple[float, float]:
    """Median, and the standard deviation that a normal core with these quartiles would have."""
    median = float(np.median(values))
    return median, float(1.4826 * np.median(np.abs(values - median)))


def fit_mixture(values: np.ndarray) -> Mixture:
    """Maximum likelihood of background and tail over values in robust standard deviations.

    The likelihood is that of the counts in 1,200 bins, so it costs the same for any number of
    pairs. Starts from four fixed places.

    References
    ----------
    Toth-Petroczy et al. (2016), Structured states of disordered proteins from genomic
    sequences, Cell 167:158-170: skew-normal background, log-normal tail.
    """
    from scipy.optimize import minimize

    counts, edges = np.histogram(values, bins=_edges(values))
    centres, counts = ((edges[1:] + edges[:-1]) / 2)[counts > 0], counts[counts > 0]

    def alone(theta: np.ndarray) -> float:
        return -_weighted(_log_skew_normal(centres, theta[0], np.exp(theta[1]), theta[2]), counts)

    def both(theta: np.ndarray) -> float:
        noise = _log_skew_normal(centres, theta[0], np.exp(theta[1]), theta[2])
        tail = _log_log_normal(centres, theta[3], np.exp(theta[4]))
        share = -np.logaddexp(0, -theta[5])
        rest = -np.logaddexp(0, theta[5])
        return -_weighted(np.logaddexp(noise + rest, tail + share), counts)

    core = [(-5, 5), (-2, 2), (-8, 8)]
    spreads = (np.log(_TAIL_SPREADS[0]), np.log(_TAIL_SPREADS[1]))
    single = min(
        (minimize(alone, [0, 0, shape], method="L-BFGS-B", bounds=core) for shape in (-1, 1)),
        key=lambda found: found.fun,
    )
    starts = [[-0.5, 0, shape, 1.5, np.log(0.5), np.log(share / (1 - share))]
              for share in (0.005, 0.05) for shape in (0.2, 1.5)]  # fmt: skip
    bounds = [*core, (_LEAST_TAIL, 5), spreads, (-12, 0)]
    double = min(
        (minimize(both, start, method="L-BFGS-B", bounds=bounds) for start in starts),
        key=lambda found: found.fun,
    )
    gain = 2 * float(counts.sum()) * (single.fun - double.fun)
    if gain < _LEAST_GAIN:
        location, log_scale, shape = map(float, single.x)
        return Mixture(location, math.exp(log_scale), shape, math.nan, math.nan, 0.0, gain)
    location, log_scale, shape, mu, log_sigma, logit = map(float, double.x)
    share = 1 / (1 + math.exp(-logit))
    return Mixture(location, math.exp(log_scale), shape, mu, math.exp(log_sigma), share, gain)


def _edges(values: np.ndarray) -> np.ndarray:
    """Bounds of bins for all but what is far too low, fine where the background is."""
    above = np.geomspace(_CORE[-1], max(float(values.max()), _CORE[-1]) + 1, _OUTER)
    return np.concatenate([_CORE, above[1:]])


def _weighted(log_density: np.ndarray, counts: np.ndarray) -> float:
    return float((counts * log_density).sum() / counts.sum())


def _log_skew_normal(x: np.ndarray, location: float, scale: float, shape: float) -> np.ndarray:
    from scipy.special import log_ndtr

    z = (x - location) / scale
    return np.log(2 / scale) - 0.5 * z**2 - _HALF_LOG_2PI + log_ndtr(shape * z)


def _log_log_normal(x: np.ndarray, mu: float, sigma: float) -> np.ndarray:
    logs = np.log(np.where(x > 0, x, 1.0))
    density = -logs - np.log(sigma) - _HALF_LOG_2PI - 0.5 * ((logs - mu) / sigma) ** 2
    return np.where(x > 0, density, -np.inf)
