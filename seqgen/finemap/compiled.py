"""One effect, fitted by the compiled loops; the same answers as `single_effect`."""

from __future__ import annotations

import warnings
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from seqgen.errors import MissingDependencyError, SeqgenWarning
from seqgen.finemap.ld import LDMatrix
from seqgen.finemap.single_effect import SingleEffect
from seqgen.native import finemap_kernels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seqgen.finemap.ld_factor import LDFactor
    from seqgen.finemap.single_effect import EffectPrior
    from seqgen.finemap.spectral import SpectralLD

# Changes of b this far below its largest entry do not move the bound in double precision.
_NEGLIGIBLE = 1e-14
# Share of the rows of R from which on BLAS reads a triangle as fast.
_DENSE = 0.4
# As in the C file: variants that it handles at once, and methods in its order.
_LANES = 4
_METHODS = ("fixed", "optim", "EM", "simple")


def use_compiled(engine: str) -> bool:
    """Whether the compiled loops fit the effects.

    Parameters
    ----------
    engine : {"auto", "compiled", "numpy"}
        "auto" takes the compiled loops where they were built, and warns once where not.

    Raises
    ------
    MissingDependencyError
        If "compiled" is asked for and they were not built.
    """
    if engine == "compiled":
        finemap_kernels()
    return engine == "compiled" or (engine == "auto" and _built())


@cache
def _built() -> bool:
    try:
        finemap_kernels()
    except MissingDependencyError as error:
        warnings.warn(
            f"fine-mapping runs on NumPy, two or three times slower: {error}",
            SeqgenWarning,
            stacklevel=5,
        )
        return False
    return True


def fit_compiled(
    betahat: NDArray[np.float64],
    shat2: float | NDArray[np.float64],
    prior: EffectPrior,
    *,
    V: float,
    error_variance: float,
) -> SingleEffect:
    """Fit a single effect to residual estimates, see `fit_single_effect`.

    Parameters
    ----------
    betahat : ndarray, shape (p,)
        Effect estimates from the residuals.
    shat2 : float or ndarray, shape (p,)
        Squared standard errors.
    prior : EffectPrior
        Weights, and what becomes of the prior variance.
    V : float
        Current prior variance.
    error_variance : float
        Squared standard error without inflation, 0 where it is each variant's own.
    """
    library, p = finemap_kernels(), betahat.size
    uniform = isinstance(shat2, float)
    # All in one piece, for finding out where an array starts takes as long as a short loop:
    # four rows of results, the estimates, their errors, numbers, four rows to work in.
    memory = np.empty((11, max(p + _LANES, 8)))
    out, told = memory[:4, :p], memory[6, :3]
    memory[4, :p] = betahat
    memory[5, : 1 if uniform else p] = shat2
    method = _METHODS.index(prior.method)
    memory[6, 3:8] = V, method, prior.null_threshold, error_variance, prior.null_weight
    start, width = memory.__array_interface__["data"][0], memory.strides[0]
    row = [start + k * width for k in range(8)]
    weights = prior.weights.__array_interface__["data"][0]
    library.seqgen_single_effect(
        p, row[4], uniform, row[5], weights, row[6] + 24, *row[:4], row[6], row[7]
    )
    return SingleEffect(*out, *told.tolist())


def add_product(
    ld: LDMatrix | LDFactor | SpectralLD,
    b: NDArray[np.float64],
    *,
    before: NDArray[np.float64],
    to: NDArray[np.float64],
) -> None:
    """Turn R times ``before``, which ``to`` holds, into R times ``b``, all of shape (p,).

    Reads only the rows of R where the two differ: few, once an effect has settled.
    """
    if not isinstance(ld, LDMatrix):
        to[:] = ld.product(b)
        return
    step = b - before
    negligible = _NEGLIGIBLE * float(np.abs(b).max())
    if np.count_nonzero(np.abs(step) > negligible) > _DENSE * ld.p:
        from scipy.linalg.blas import dsymv

        # Reads one triangle of R, in the order that Fortran expects of the other.
        to += dsymv(1.0, ld.R.T, step, lower=1)
        return
    R, change, total = (a.__array_interface__["data"][0] for a in (ld.R, step, to))
    finemap_kernels().seqgen_add_rows(ld.p, R, change, negligible, total)
