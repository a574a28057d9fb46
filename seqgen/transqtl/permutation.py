"""Family-wise thresholds of a scan by permutation of the traits' residuals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from seqgen.errors import InputError
from seqgen.transqtl.design import TransDesign
from seqgen.transqtl.variants import read_block

_VARIANTS = 1024


def permuted_traits(design: TransDesign, order: np.ndarray) -> TransDesign:
    """The design with all traits' residuals in another order of the people, alike.

    Parameters
    ----------
    design : TransDesign
    order : ndarray of int, shape (n,)
        A permutation of 0 to n - 1.

    Returns
    -------
    TransDesign
    """
    _refuse_related(design)
    values = design.residuals[:, order]
    for _ in range(2):
        values = values - (values @ design.basis) @ design.basis.T
    values /= np.linalg.norm(values, axis=1, keepdims=True)
    return replace(design, residuals=values)


def permuted_scan_maxima(design: TransDesign, orders: np.ndarray) -> np.ndarray:
    """Largest |t| of each trait over all variants, for each order of the people.

    All traits are permuted alike, so that their dependence stays; the residuals are permuted and
    the covariates taken out again. Pairs that a scan would exclude take part, which can only
    raise the maxima. The maximum over the traits gives a threshold for the whole scan.

    Parameters
    ----------
    design : TransDesign
    orders : ndarray of int, shape (permutations, n)
        Orders of the people, each a permutation of 0 to n - 1.

    Returns
    -------
    ndarray of float64, shape (permutations, g)
        Single-precision accuracy.

    Raises
    ------
    InputError
        If an order is no permutation of the people, no variant can be tested, or the design has
        kinship.

    References
    ----------
    Freedman, Lane (1983), Journal of Business and Economic Statistics 1, 292-298; Churchill,
    Doerge (1994), Genetics 138, 963-971.

    Examples
    --------
    >>> from seqgen.transqtl.design import prepare_trans
    >>> rng = np.random.default_rng(1)
    >>> design = prepare_trans(rng.binomial(2, 0.3, (50, 8)), rng.normal(size=(50, 3)))
    >>> permuted_scan_maxima(design, np.array([rng.permutation(50) for _ in range(5)])).shape
    (5, 3)
    """
    _refuse_related(design)
    orders = np.asarray(orders)
    count = design.n_people
    if orders.ndim != 2 or orders.shape[1] != count or not (
        np.sort(orders, axis=1) == np.arange(count)
    ).all():  # fmt: skip
        raise InputError(
            f"orders: shape {orders.shape}; expected rows that each hold 0 to {count - 1} once"
        )
    genotypes = _all_residuals(design)
    out = np.empty((len(orders), design.n_traits))
    for place, order in enumerate(orders):
        traits = permuted_traits(design, order).residuals.astype(np.float32)
        largest = np.zeros(design.n_traits, dtype=np.float32)
        for block in genotypes:
            r = traits @ block.T
            np.maximum(largest, np.maximum(r.max(axis=1), -r.min(axis=1)), out=largest)
        r2 = np.minimum(largest.astype(np.float64) ** 2, 1.0 - 1e-12)
        out[place] = np.sqrt(design.df * r2 / (1.0 - r2))
    return out


def _refuse_related(design: TransDesign) -> None:
    if design.mixed is not None:
        raise InputError(
            "design: has kinship, and related people cannot change places; leave permutations out, "
            "or permute traits less their LOCO predictions, without kinship"
        )


def _all_residuals(design: TransDesign) -> list[np.ndarray]:
    """Unit residuals of all testable variants by blocks, single precision."""
    blocks = []
    for start in range(0, len(design.variants), _VARIANTS):
        index = np.arange(start, min(start + _VARIANTS, len(design.variants)))
        block = read_block(design.variants, index, rows=design.rows, basis=design.basis)
        if len(block.index):
            blocks.append(block.single())
    if not blocks:
        raise InputError("genotypes: no variant varies beyond the covariates; nothing to permute")
    return blocks
