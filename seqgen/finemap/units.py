"""Phenotypes in units that numbers can hold."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seqgen.finemap.ibss import Problem
    from seqgen.finemap.options import SusieOptions
    from seqgen.results import FineMapResult

# Beyond these the bounds of a prior variance, which know no units, decide what is found.
_SMALLEST, _LARGEST = 1e-4, 1e4


def is_extreme(problem: Problem) -> bool:
    """Whether the phenotype's variance is so small or large that its units matter."""
    return not _SMALLEST <= problem.var_y <= _LARGEST


def with_unit_variance(problem: Problem) -> Problem:
    """Return the problem of the phenotype over its standard deviation."""
    var_y = problem.var_y
    square = problem.mean_square_y
    return replace(
        problem,
        bhat=problem.bhat / math.sqrt(var_y),
        var_y=1.0,
        mean_square_y=None if square is None else square / var_y,
        options=_scaled(problem.options, var_y),
    )


def _scaled(options: SusieOptions, var_y: float) -> SusieOptions:
    names = (
        "residual_variance",
        "residual_variance_lowerbound",
        "residual_variance_upperbound",
    )
    given = {name: getattr(options, name) for name in names}
    grid = options.prior_variance_grid
    return replace(
        options,
        **{name: value / var_y for name, value in given.items() if value is not None},
        prior_variance_grid=None if grid is None else tuple(value / var_y for value in grid),
    )


def in_units(fit: FineMapResult, var_y: float, n: float) -> FineMapResult:
    """Return a fit of a phenotype of variance one as that of one of variance ``var_y``.

    Parameters
    ----------
    fit : FineMapResult
    var_y : float
        1 / the variance takes a fit back.
    n : float
        Sample size: the likelihood's constant.
    """
    sd = math.sqrt(var_y)
    diagnostics = dict(fit.diagnostics)
    for name, unit in (("theta", sd), ("tau2", var_y)):
        if name in diagnostics:
            diagnostics[name] = diagnostics[name] * unit
    return replace(
        fit,
        mu=fit.mu * sd,
        mu2=fit.mu2 * var_y,
        V=fit.V * var_y,
        sigma2=fit.sigma2 * var_y,
        elbo=fit.elbo - 0.5 * n * math.log(var_y) * fit.diagnostics.get("elbo_is_bound", True),
        diagnostics=diagnostics,
    )
