"""SuSiE-inf: effects of every variant, each too small to map, beside the mappable ones."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.linalg import eigh

from seqgen.errors import InputError
from seqgen.finemap.ld import Eigen
from seqgen.finemap.ld_factor import correlations
from seqgen.finemap.spectral import effect_moments, whitened

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seqgen.finemap.ibss import Problem, State


@dataclass(frozen=True, eq=False)
class InfinitesimalNoise:
    """Noise of variance sigma2 plus effects of variance tau2 on all variants.

    Given both variances, y has covariance sigma2 I + tau2 X X', which is diagonal along the
    eigenvectors of X'X: there it is divided out.

    Attributes
    ----------
    eigen : Eigen
        Of X'X, as the prior sees the columns.
    Xty, along : ndarray, shape (p,)
        X'y, and the same along the eigenvectors.
    yty, n : float
        Sum of squares of the phenotype, and number of people.
    sigma2, tau2 : float

    References
    ----------
    Cui, Elzur, Kanai et al. (2024), Nat. Genet. 56:162-169.
    """

    eigen: Eigen
    Xty: NDArray[np.float64]
    along: NDArray[np.float64]
    yty: float
    n: float
    sigma2: float
    tau2: float = 0.0

    @property
    def is_bound(self) -> bool:
        """No: the reported objective leaves out the prior's part, as in susieR 0.16.5."""
        return False

    @property
    def variance(self) -> NDArray[np.float64]:
        """Of what is left unexplained along each eigenvector, shape (p,)."""
        return self.tau2 * self.eigen.values + self.sigma2

    @property
    def constant(self) -> float:
        """Minus half the log determinant of the phenotype's covariance."""
        idle = self.n - len(self.eigen.values)
        return -0.5 * (idle * math.log(self.sigma2) + float(np.log(self.variance).sum()))

    def applied(self, problem: Problem) -> Problem:
        """Return ``problem`` under these variances."""
        variance = self.variance
        explained = self.tau2 / self.sigma2 * float(np.sum(self.along**2 / variance))
        return whitened(
            problem,
            self.eigen.vectors,
            self.eigen.values / variance,
            signal=self.eigen.vectors @ (self.along / variance),
            squares=self.yty / self.sigma2 - explained,
            noise=self,
        )

    def after_sweep(self, problem: Problem, state: State) -> Problem:
        """Re-estimate both variances by the method of moments."""
        values = self.eigen.values
        moments = effect_moments(self.eigen.vectors, state)
        cross = moments.mean * self.along
        left = np.array(
            [
                self.yty - 2.0 * cross.sum() + values @ moments.square,
                self.Xty @ self.Xty - 2.0 * cross @ values + values**2 @ moments.square,
            ]
        )
        trace = float(values.sum())
        expected = np.array([[self.n, trace], [trace, float(values @ values)]])
        sigma2, tau2 = np.linalg.solve(expected, left)
        if not (sigma2 > 0.0 and tau2 > 0.0):
            sigma2, tau2 = left[0] / self.n, 0.0
        if not sigma2 > 0.0:
            raise InputError(
                f"unmappable_effects: the residual variance came out as {sigma2:.3g}; expected a "
                f"positive number; R does not belong to these effects, so check the alleles "
                f"(kriging_rss) or set unmappable_effects='none'"
            )
        return replace(self, sigma2=float(sigma2), tau2=float(tau2)).applied(problem)

    def diagnostics(self, problem: Problem, state: State) -> dict[str, Any]:
        """Variance and best linear predictions of the effects that cannot be mapped.

        Both belong to the last sweep; susieR's predictions are a sweep older.
        """
        mean = effect_moments(self.eigen.vectors, state).mean
        left = (self.along - self.eigen.values * mean) / self.variance
        theta = self.tau2 * (self.eigen.vectors @ left)
        return {"elbo_is_bound": False, "tau2": self.tau2, "theta": theta}


def with_infinitesimal(problem: Problem) -> Problem:
    """Return the problem with effects of every variant beside the L.

    Parameters
    ----------
    problem : Problem
        Without a panel and of known sample size.
    """
    scale = problem.column_scale
    n_minus_1 = problem.n_minus_1
    if scale is None:
        values, vectors = problem.ld.eigen
    else:
        values, vectors = eigh(correlations(problem.ld) * np.outer(scale, scale))
    eigen = Eigen(np.maximum(values, 0.0) * n_minus_1, vectors)
    Xty = n_minus_1 * problem.bhat * (1.0 if scale is None else scale)
    squares = problem.var_y if problem.mean_square_y is None else problem.mean_square_y
    noise = InfinitesimalNoise(
        eigen,
        Xty,
        vectors.T @ Xty,
        n_minus_1 * squares,
        problem.n,
        problem.options.residual_variance or problem.var_y,
    )
    # susieR looks for V between 0 and 1 here, not by its logarithm: one is var_y.
    prior = replace(problem.prior, largest_variance=problem.var_y)
    return noise.applied(replace(problem, prior=prior, compiled=False))
