"""Credible sets: the smallest sets of variants that hold an effect, and their purity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from seqgen.finemap.checks import check_number
from seqgen.finemap.convergence import pips
from seqgen.finemap.ld import LDMatrix, prepare_ld
from seqgen.results import CredibleSet

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from seqgen.finemap.ld_factor import LDFactor
    from seqgen.results import FineMapResult

# susieR's get_cs has no argument for it: effects below are no effects.
_PRIOR_TOL = 1e-9
_SMALL_UNITS = 1e-4


def get_cs(
    fit: FineMapResult,
    R: ArrayLike | LDMatrix,
    *,
    coverage: float = 0.95,
    min_abs_corr: float = 0.5,
) -> tuple[CredibleSet, ...]:
    """Return the credible sets of a fit, as the fit itself reports them.

    Parameters
    ----------
    fit : FineMapResult
        Fit of p variants.
    R : array_like, shape (p, p), or LDMatrix
        The correlations of the fit.
    coverage : float
        Posterior mass each set has to hold.
    min_abs_corr : float
        Sets with a pair of members correlated less than this are not reported.

    Returns
    -------
    tuple of CredibleSet
        Purest first; all members enter the purity.

    Raises
    ------
    InputError
        If ``R`` is not a p x p correlation matrix, or a threshold is not
        between 0 and 1.

    References
    ----------
    Wang, Sarkar, Carbonetto, Stephens (2020), JRSS B 82:1273-1300.

    Examples
    --------
    >>> from seqgen.finemap import susie_rss
    >>> R = [[1.0, 0.9, 0.0], [0.9, 1.0, 0.0], [0.0, 0.0, 1.0]]
    >>> fit = susie_rss([6.0, 5.9, 0.1], R, n=1000, L=2)
    >>> [s.variants.tolist() for s in get_cs(fit, R)]
    [[0, 1]]
    """
    coverage, min_abs_corr = check_set_thresholds(coverage, min_abs_corr)
    ld = prepare_ld(R, fit.alpha.shape[1])
    active = np.greater(fit.V, _in_units(_PRIOR_TOL, fit))
    found = find_sets(fit.alpha, active, coverage)
    return describe_sets(found, (fit.alpha, fit.lbf), ld, min_abs_corr=min_abs_corr)


def get_pip(
    fit: FineMapResult, *, prune_by_cs: bool = False, prior_tol: float = _PRIOR_TOL
) -> NDArray[np.float64]:
    """Return posterior inclusion probabilities, on wish from credible sets alone.

    An effect without signal spreads over the variants as the prior does; several
    of them lend a variant with a high prior weight a PIP that no data support.

    Parameters
    ----------
    fit : FineMapResult
        Fit of p variants.
    prune_by_cs : bool
        Count only effects with a reported credible set.
    prior_tol : float
        Effects whose prior variance is not above this do not count.

    Returns
    -------
    ndarray, shape (p,)

    Examples
    --------
    >>> from seqgen.finemap import susie_rss
    >>> fit = susie_rss([7.0, 0.0], [[1.0, 0.0], [0.0, 1.0]], n=1000)
    >>> get_pip(fit, prune_by_cs=True).round(3).tolist()
    [1.0, 0.0]
    """
    prior_tol = _in_units(prior_tol, fit)
    counted = np.greater(fit.V, prior_tol)
    if prune_by_cs:
        reported = [credible_set.effect for credible_set in fit.credible_sets]
        counted &= np.isin(np.arange(len(fit.V)), reported)
    slots = fit.diagnostics.get("slot_weights")
    return pips(fit.alpha, np.where(counted, fit.V, 0.0), prior_tol, slots=slots)


def _in_units(prior_tol: float, fit: FineMapResult) -> float:
    """The tolerance for a phenotype in very small units, which fits are scaled for."""
    return prior_tol * (fit.sigma2 if fit.sigma2 < _SMALL_UNITS else 1.0)


def check_set_thresholds(coverage: float, min_abs_corr: float) -> tuple[float, float]:
    """Return the two thresholds, or raise InputError naming the one out of range."""
    return (
        check_number("coverage", coverage, (0.0, 1.0), open_ends=True),
        check_number("min_abs_corr", min_abs_corr, (0.0, 1.0)),
    )


def find_sets(
    alpha: NDArray[np.float64], active: NDArray[np.bool_], coverage: float
) -> list[tuple[int, NDArray[np.intp]]]:
    """Return (effect, members) of each active effect whose set no earlier effect has."""
    order = np.argsort(-alpha, axis=1, kind="stable")
    mass = np.cumsum(np.take_along_axis(alpha, order, axis=1), axis=1)
    sizes = np.minimum((mass < coverage).sum(axis=1) + 1, alpha.shape[1])
    # A set that takes in the share of no effect at all, where it has one, is none.
    last = np.take_along_axis(alpha, order, axis=1)[np.arange(len(sizes)), sizes - 1]
    nothing = 1.0 - mass[:, -1]
    active = active & ((nothing < 1e-8) | (nothing < last))
    seen: set[bytes] = set()
    found = []
    for effect, size in enumerate(sizes):
        members = np.sort(order[effect, :size])
        key = members.tobytes()
        if active[effect] and key not in seen:
            found.append((effect, members))
        seen.add(key)
    return found


def describe_sets(
    found: list[tuple[int, NDArray[np.intp]]],
    posterior: tuple[NDArray[np.float64], NDArray[np.float64]],
    ld: LDMatrix | LDFactor,
    *,
    min_abs_corr: float,
) -> tuple[CredibleSet, ...]:
    """Keep the pure sets, purest first, and measure them."""
    alpha, lbf = posterior
    sets = []
    for effect, members in found:
        # A row tells of most impure sets, which can be large, that they are.
        if np.abs(ld.block(members[:1], members)).min() < min_abs_corr:
            continue
        lowest, mean, median = purity(ld, members)
        if lowest >= min_abs_corr:
            sets.append(
                CredibleSet(
                    effect=effect,
                    variants=members,
                    coverage=float(alpha[effect, members].sum()),
                    min_abs_corr=lowest,
                    mean_abs_corr=mean,
                    median_abs_corr=median,
                    log_bayes_factor=float(lbf[effect]),
                )
            )
    return tuple(sorted(sets, key=lambda s: -s.min_abs_corr))


def purity(ld: LDMatrix | LDFactor, members: NDArray[np.intp]) -> tuple[float, float, float]:
    """Return the least, mean and median absolute correlation among the members.

    Examples
    --------
    >>> purity(prepare_ld([[1.0, -0.8], [-0.8, 1.0]]), np.array([0, 1]))
    (0.8, 0.8, 0.8)
    """
    if members.size == 1:
        return 1.0, 1.0, 1.0
    block = ld.block(members, members)
    pairs = np.abs(block[np.triu_indices(members.size, k=1)])
    return float(pairs.min()), float(pairs.mean()), float(np.median(pairs))
