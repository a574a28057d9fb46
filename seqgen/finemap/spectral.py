"""Problems whose noise is known in the eigenvectors of R, and made plain there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seqgen.finemap.ibss import Problem, State


class Noise(Protocol):
    """Noise that is not the same in all directions.

    Attributes
    ----------
    sigma2 : float
        Its variance along the genotypes, the residual variance of the result.
    constant : float
        Expected log likelihood, but for minus half the weighted squares.
    is_bound : bool
        Whether what `ibss.objective` reports is a bound of the evidence.
    """

    @property
    def sigma2(self) -> float:
        """See above."""

    @property
    def constant(self) -> float:
        """See above."""

    @property
    def is_bound(self) -> bool:
        """See above."""

    def after_sweep(self, problem: Problem, state: State) -> Problem:
        """The problem under the noise estimated now; ``problem`` itself where it is fixed."""

    def diagnostics(self, problem: Problem, state: State) -> dict[str, Any]:
        """What the result tells of the noise."""


@dataclass(frozen=True, eq=False)
class SpectralLD:
    """Correlations of variants seen through precision-weighted noise, never held.

    With eigenvectors U (p, r) in columns and ``weights`` w they are U diag(w) U' with
    ``scale`` (p,), the roots of its diagonal, divided out.
    """

    vectors: NDArray[np.float64]
    weights: NDArray[np.float64]
    scale: NDArray[np.float64]

    @property
    def p(self) -> int:
        """Number of variants."""
        return self.vectors.shape[0]

    def product(self, b: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the weighted correlations times ``b``."""
        along = self.vectors.T @ (b / self.scale)
        return (self.vectors @ (self.weights * along)) / self.scale


class Moments(NamedTuple):
    """Of the effects along each eigenvector: mean and expected square, both shape (r,)."""

    mean: NDArray[np.float64]
    square: NDArray[np.float64]


def whitened(
    problem: Problem,
    vectors: NDArray[np.float64],
    weights: NDArray[np.float64],
    *,
    signal: NDArray[np.float64],
    squares: float,
    noise: Noise,
) -> Problem:
    """Return a problem of residual variance one with X'X = U diag(weights) U'.

    Parameters
    ----------
    problem : Problem
        Whose prior, options and correlations are kept.
    vectors : ndarray, shape (p, r)
        The eigenvectors U.
    weights : ndarray, shape (r,)
        Eigenvalues over the variance of the noise.
    signal : ndarray, shape (p,)
        X'y, weighted in the same way.
    squares : float
        y'y, weighted in the same way.
    noise : Noise
        What the result reports, and what follows a sweep.
    """
    scale = np.sqrt(np.einsum("jk,jk,k->j", vectors, vectors, weights))
    return replace(
        problem,
        bhat=signal / scale,
        n=2.0,
        column_scale=scale,
        mean_square_y=squares,
        noise=noise,
        weighted_ld=SpectralLD(vectors, weights, scale),
    )


def effect_moments(vectors: NDArray[np.float64], state: State) -> Moments:
    """Return the posterior moments of all effects together along each eigenvector."""
    slots = np.ones(len(state.V)) if state.slots is None else state.slots
    along = (slots[:, np.newaxis] * state.alpha * state.mu) @ vectors
    mean = along.sum(axis=0)
    own = slots @ (state.alpha * state.mu2)
    square = mean**2 - np.einsum("lk,lk->k", along, along)
    square += np.einsum("jk,jk,j->k", vectors, vectors, own)
    return Moments(mean, square)
