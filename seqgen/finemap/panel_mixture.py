"""Several LD panels for one set of z-scores, mixed as the data ask for."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.linalg import eigh

from seqgen.errors import InputError
from seqgen.finemap import ibss
from seqgen.finemap.ld import LDMatrix, prepare_ld
from seqgen.finemap.ld_factor import LDFactor, correlations, ld_factor
from seqgen.finemap.minimise import minimise_bounded

if TYPE_CHECKING:
    from numpy.typing import NDArray

# As in susieR: weights that move by less are settled, the grid that the search starts from, the
# gain at which it ends, its longest run, and the precision of R's optimize().
_SETTLED, _SPACING, _GAIN, _STEPS, _PRECISION = 1e-3, 0.25, 1e-6, 5, 2.0**-13
# A mixture with an eigenvalue below this has no density: fewer people than variants.
_SINGULAR = 1e-10
# Where one panel alone has none, how far to look towards it.
_NEARBY = 0.1


@dataclass(frozen=True, eq=False)
class PanelMixture:
    """Correlations that are a weighted mean of those of K panels.

    Attributes
    ----------
    panels : tuple of ndarray, shape (p, p)
    weights : ndarray, shape (K,)
        Zero or more, of sum one.
    first : int
        The panel of the greatest bound by itself, from which the fit starts, and which the purity
        of credible sets is of, as in susieR.
    settled : bool
        Whether the weights stand still and are kept from here on.
    """

    panels: tuple[NDArray[np.float64], ...]
    weights: NDArray[np.float64]
    first: int = 0
    settled: bool = False

    def ld(self, weights: NDArray[np.float64]) -> LDMatrix:
        """Return the mixture of these weights."""
        return LDMatrix(self._mixed(weights))

    def _mixed(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        mixed = np.zeros_like(self.panels[0])
        for weight, panel in zip(weights, self.panels, strict=True):
            mixed += weight * panel
        return mixed

    def after_sweep(self, problem: ibss.Problem, state: ibss.State) -> ibss.Problem:
        """Return the problem under the weights of greatest expected likelihood."""
        if self.settled or len(self.panels) == 1:
            return problem
        likelihood = self._likelihood(problem, state)
        weights = best_weights(likelihood, self.weights)
        settled = bool(np.abs(weights - self.weights).max() < _SETTLED)
        mixture = replace(self, weights=weights, settled=settled)
        following = replace(problem, ld=mixture.ld(weights), mixture=mixture)
        ibss.refresh_products(following, state)
        state.fitted = ibss.summed(state, state.Rb)
        return following

    def _likelihood(
        self, problem: ibss.Problem, state: ibss.State
    ) -> Callable[[NDArray[np.float64]], float]:
        """Expected log likelihood as a function of the weights, but for a constant."""
        scale = math.sqrt(problem.n_minus_1)
        z, rows = scale * problem.bhat, scale * state.b
        mean, sigma2 = rows.sum(axis=0), state.sigma2

        def likelihood(weights: NDArray[np.float64]) -> float:
            R = self._mixed(weights)
            values, vectors = eigh(R, check_finite=False)
            if values[0] < _SINGULAR:
                return -math.inf
            squares = float((vectors.T @ z) ** 2 @ (1.0 / values))
            squares += float(mean @ (R @ mean)) - float(np.einsum("lp,pq,lq->", rows, R, rows))
            return -0.5 * float(np.log(values).sum()) - 0.5 * squares / sigma2

        return likelihood


def best_weights(
    likelihood: Callable[[NDArray[np.float64]], float], start: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return weights of great likelihood: for two panels off a grid, then towards one panel.

    As susieR's search, which goes towards the panel that is best alone, it can end up to a step
    of the grid, 0.25, from the best weights.

    Parameters
    ----------
    likelihood : callable
        Of weights (K,) that sum to one; minus infinity where there is none.
    start : ndarray, shape (K,)
        What is kept where there is no likelihood anywhere.

    References
    ----------
    Frank, Wolfe (1956), Naval Research Logistics Quarterly 3:95-110.

    Examples
    --------
    >>> best_weights(lambda w: -((w[0] - 0.2) ** 2), np.array([0.5, 0.5])).round(3).tolist()
    [0.2, 0.8]
    """
    panels = np.eye(len(start))
    weights = start
    if len(start) == 2:
        share = np.arange(0.0, 1.0 + _SPACING / 2.0, _SPACING)
        weights = max(np.column_stack([share, 1.0 - share]), key=likelihood)
    best = likelihood(weights)
    if not math.isfinite(best):
        return start
    alone = [likelihood(one) for one in panels]
    if not np.isfinite(alone).any():
        alone = [likelihood((1.0 - _NEARBY) * weights + _NEARBY * one) for one in panels]
    towards = panels[int(np.argmax(alone))]
    for _ in range(_STEPS):
        origin = weights

        def along(step: float, origin: NDArray[np.float64] = origin) -> float:
            return -likelihood((1.0 - step) * origin + step * towards)

        step, negative = minimise_bounded(along, (0.0, 1.0), _PRECISION)
        if -negative - best < _GAIN:
            break
        weights, best = (1.0 - step) * weights + step * towards, -negative
    return weights


def is_several(values: Any) -> bool:
    """Whether this is a list of panels rather than one."""
    if not isinstance(values, (list, tuple)) or not values:
        return False
    return isinstance(values[0], (LDMatrix, LDFactor)) or np.ndim(values[0]) == 2


def prepare_panels(R: Any, X: Any, p: int) -> tuple[LDMatrix, ...]:
    """Check panels given as correlations ``R`` or genotypes ``X``, each of ``p`` variants."""
    if (R is None) == (X is None):
        raise InputError("R: found both R and X; expected one of the two, as a list of panels")
    name, panels = ("R", R) if X is None else ("X", X)
    ready = []
    for place, one in enumerate(panels):
        try:
            ld = one if X is None else ld_factor(one)
            ld = LDMatrix(correlations(ld), ld.warnings) if isinstance(ld, LDFactor) else ld
            ready.append(prepare_ld(ld, p))
        except InputError as error:
            raise InputError(f"{name}[{place}] of {len(panels)} panels: {error}") from error
    return tuple(ready)
