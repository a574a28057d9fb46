"""One effect, fitted by the compiled loops; the same answers as `single_effect`."""

from __future__ import annotations

import warnings
from ctypes import c_double
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from seqgen.errors import MissingDependencyError, SeqgenWarning
from seqgen.finemap.ld_factor import LDFactor
from seqgen.finemap.single_effect import SingleEffect
from seqgen.native import finemap_kernels, pointer, whole

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seqgen.finemap.ld import LDMatrix
    from seqgen.finemap.single_effect import EffectPrior

# Changes of b this far below its largest entry do not move the bound in double precision.
_NEGLIGIBLE = 1e-14
# Share of the rows of R from which on BLAS reads all of them as fast.
_DENSE = 0.7
# In the order of the C file.
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
            f"fine-mapping runs on NumPy, some ten times slower: {error}",
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
    betahat = np.ascontiguousarray(betahat)
    uniform = isinstance(shat2, float)
    errors = np.array([shat2]) if uniform else np.ascontiguousarray(shat2)
    method = _METHODS.index(prior.method)
    settings = np.array([V, method, prior.null_threshold, error_variance, prior.null_weight])
    out, told = np.empty((4, p)), np.empty(3)
    work = np.empty(library.seqgen_single_effect_work(*whole(p)))
    inputs = (betahat, errors, prior.weights, settings)
    beta, error, weights, given = map(pointer, inputs)
    library.seqgen_single_effect(
        *whole(p), beta, *whole(uniform), error, weights, given,
        *map(pointer, out), pointer(told), pointer(work),
    )  # fmt: skip
    return SingleEffect(*out, *told.tolist())


def add_product(
    ld: LDMatrix | LDFactor,
    b: NDArray[np.float64],
    *,
    before: NDArray[np.float64],
    to: NDArray[np.float64],
) -> None:
    """Turn R times ``before``, which ``to`` holds, into R times ``b``, all of shape (p,).

    Reads only the rows of R where the two differ: few, once an effect has settled.
    """
    if isinstance(ld, LDFactor):
        to[:] = ld.product(b)
        return
    step = b - before
    negligible = _NEGLIGIBLE * float(np.abs(b).max())
    if np.count_nonzero(np.abs(step) > negligible) > _DENSE * ld.p:
        to += ld.R @ step
        return
    finemap_kernels().seqgen_add_rows(
        *whole(ld.p), pointer(ld.R), pointer(step), c_double(negligible), pointer(to)
    )
