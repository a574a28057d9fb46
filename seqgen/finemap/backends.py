"""Fine-mapping by any method: one call, backends by name."""

from __future__ import annotations

from dataclasses import dataclass, fields
from importlib import import_module
from typing import TYPE_CHECKING, Any

from seqgen.errors import InputError
from seqgen.finemap.options import SusieOptions
from seqgen.results import FineMapResult

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from seqgen.finemap.ld import LDMatrix
    from seqgen.finemap.protocol import FineMapper

#: Backends by name, as module and class. They are plug-ins: loaded when asked for, and nothing
#: here knows more of them than that they take SusieMapper's settings.
METHODS = {
    "seqgen": ("seqgen.finemap.susie_rss", "SusieMapper"),
    "susieR": ("seqgen.rbridge.susie_r", "SusieRMapper"),
}


@dataclass(frozen=True)
class FineMapOptions(SusieOptions):
    """Settings of `fine_map`'s methods: those of `susie_rss` and of its ``options``.

    Attributes
    ----------
    L, coverage, min_abs_corr, R_finite, R_mismatch
        As in `susie_rss`.

    Examples
    --------
    >>> FineMapOptions(L=5, max_iter=100).coverage
    0.95
    """

    L: int = 10
    coverage: float = 0.95
    min_abs_corr: float = 0.5
    R_finite: float | None = None
    R_mismatch: str = "none"


_DEFAULTS = FineMapOptions()


def fine_map(
    z: ArrayLike,
    R: ArrayLike | LDMatrix,
    *,
    n: float | None,
    prior: ArrayLike | None = None,
    method: str | FineMapper = "seqgen",
    options: FineMapOptions = _DEFAULTS,
) -> FineMapResult:
    """Fine-map a locus from z-scores and LD, by seqgen, by susieR, or by a method of your own.

    Parameters
    ----------
    z : array_like, shape (p,)
        z-scores, signed by the same effect alleles as ``R``.
    R : array_like, shape (p, p), or LDMatrix
        Correlations r of the variants.
    n : float or None
        Sample size of the GWAS, None where it is unknown.
    prior : array_like, shape (p,), optional
        Prior inclusion weights on any positive scale, such as from `prior_weights`; equal
        where left out.
    method : {"seqgen", "susieR"} or FineMapper
        `susie_rss`; or R's package susieR, with the same settings; or anything that is called
        with z, R, n and prior and returns a FineMapResult.
    options : FineMapOptions
        Settings of a method that is named; an object has its own.

    Returns
    -------
    FineMapResult

    Raises
    ------
    InputError
        If any input is not as described, or the method lacks a setting.
    MissingDependencyError
        If "susieR" is asked for and R, rpy2 or susieR is not there.

    Notes
    -----
    susieR 0.12 knows no ``R_finite``, ``R_mismatch`` (LD from a reference panel),
    ``convergence_method`` and ``L_greedy``; these need its version 0.16, or "seqgen".

    References
    ----------
    Wang, Sarkar, Carbonetto, Stephens (2020), JRSS B 82:1273-1300.

    Examples
    --------
    >>> import numpy as np
    >>> r = 0.9 ** np.abs(np.subtract.outer(np.arange(8), np.arange(8)))
    >>> fit = fine_map(7.0 * r[3], r, n=5000, options=FineMapOptions(L=3))
    >>> int(fit.pip.argmax())
    3
    """
    fit = _mapper(method, options)(z, R, n, prior)
    if not isinstance(fit, FineMapResult):
        raise InputError(
            f"method: it returned {type(fit).__name__}; expected a FineMapResult (in R a susie "
            "object)"
        )
    return fit


def _mapper(method: Any, options: FineMapOptions) -> FineMapper:
    if isinstance(method, str) and method in METHODS:
        return named_mapper(method, options)
    if isinstance(method, str) or not callable(method):
        known = ", ".join(map(repr, METHODS))
        raise InputError(
            f"method: found {method!r}; expected {known}, or an object that is called with z, R, "
            "n and prior"
        )
    if options != _DEFAULTS:
        raise InputError(
            "options: given beside a method that is an object; make the object with its settings"
        )
    mapper: FineMapper = method
    return mapper


def named_mapper(method: str, options: FineMapOptions) -> FineMapper:
    """The method of this name with its settings, see `fine_map`."""
    if not isinstance(options, FineMapOptions):
        raise InputError(
            f"options: found {type(options).__name__}; expected FineMapOptions, such as "
            "FineMapOptions(L=5)"
        )
    module, name = METHODS[method]
    settings = {one.name: getattr(options, one.name) for one in fields(FineMapOptions)}
    rest = SusieOptions(**{one.name: settings.pop(one.name) for one in fields(SusieOptions)})
    mapper: FineMapper = getattr(import_module(module), name)(**settings, options=rest)
    return mapper
