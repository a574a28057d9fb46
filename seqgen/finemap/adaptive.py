"""SuSiE-ash: small effects of many sizes beside the mapped ones."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from seqgen.finemap.ash_masks import Masks, updated_masks
from seqgen.finemap.ld import LDMatrix
from seqgen.finemap.ld_factor import correlations
from seqgen.finemap.mr_ash import SmallEffects, fit_small_effects, no_small_effects

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seqgen.finemap.ibss import Problem, State

# By how much of their length small effects may still move: in the first fit, and after it.
_ROUGH, _FINE = 1e-3, 1e-4


@dataclass(frozen=True, eq=False)
class AdaptiveShrinkage:
    """Small effects, and what they explain of the marginal effects, shape (p,).

    ``masks`` are None before the first sweep.
    """

    small: SmallEffects
    explained: NDArray[np.float64]
    masks: Masks | None = None

    def after_sweep(self, problem: Problem, state: State) -> Problem:
        """Refit the small effects and the residual variance to what confident effects leave."""
        matrix = problem.ld
        assert isinstance(matrix, LDMatrix)
        masks = Masks.none(*state.alpha.shape) if self.masks is None else self.masks
        masks = updated_masks(masks, state.alpha, matrix.R)
        there = np.ones(len(state.V)) if state.slots is None else state.slots
        mapped = (there * masks.confident) @ (state.alpha * state.mu)
        start = self.small._replace(theta=np.where(masks.masked, 0.0, self.small.theta))
        tol = _ROUGH if self.masks is None else _FINE
        small = fit_small_effects(problem, mapped, start, tol=tol)
        small = small._replace(theta=np.where(masks.masked, 0.0, small.theta))
        state.sigma2 = small.sigma2
        state.null_answer = None
        return replace(problem, beside=_beside(problem, small, masks))

    def diagnostics(self, problem: Problem, state: State) -> dict[str, Any]:
        """The small effects that are left once all mapped ones are taken out, as in susieR."""
        mapped = np.sum(state.alpha * state.mu, axis=0)
        small = fit_small_effects(problem, mapped, self.small, tol=_FINE)
        return {
            "elbo_is_bound": False,
            "tau2": small.tau2,
            "theta": small.theta,
            "ash_pi": small.weights,
            "ash_converged": small.converged,
        }


def with_adaptive_shrinkage(problem: Problem) -> Problem:
    """Return the problem with small effects of all variants beside the L.

    Parameters
    ----------
    problem : Problem
        Without a panel and of known sample size.
    """
    ld = problem.ld
    dense = ld if isinstance(ld, LDMatrix) else LDMatrix(correlations(ld), ld.warnings)
    problem = replace(problem, ld=dense)
    sigma2 = problem.options.residual_variance or problem.var_y
    return replace(problem, beside=_beside(problem, no_small_effects(problem, sigma2), None))


def _beside(problem: Problem, small: SmallEffects, masks: Masks | None) -> AdaptiveShrinkage:
    theta = small.theta
    scaled = theta if problem.column_scale is None else theta * problem.column_scale
    explained = problem.ld.product(scaled) if theta.any() else np.zeros_like(theta)
    return AdaptiveShrinkage(small, explained, masks)
