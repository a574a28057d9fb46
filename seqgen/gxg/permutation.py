"""The same pairs with the people of the trait in another order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from seqgen.errors import InputError
from seqgen.gxg.design import PairDesign

_BLOCK = 1024


def permuted_design(design: PairDesign, order: np.ndarray) -> PairDesign:
    """The design with the trait's residuals on the covariates in another order of the people.

    The covariates are taken out again, so that whatever test follows is that of a trait which
    depends on covariates as before and on no variant: main effects are gone as well.

    Parameters
    ----------
    design : PairDesign
        Of a quantitative trait.
    order : ndarray of int, shape (n,)
        A permutation of 0 to n - 1.

    Returns
    -------
    PairDesign

    Raises
    ------
    InputError
        If the trait is binary, the design has kinship, or ``order`` is no permutation of the
        people.

    References
    ----------
    Freedman, Lane (1983), A nonstochastic interpretation of reported significance levels, Journal
    of Business and Economic Statistics 1:292-298.

    Examples
    --------
    >>> from seqgen.gxg import prepare_pairs, scan_pairs
    >>> rng = np.random.default_rng(0)
    >>> counts = rng.binomial(2, 0.4, size=(300, 6)).astype(float)
    >>> design = prepare_pairs(counts, counts[:, 0] * counts[:, 1] + rng.normal(size=300))
    >>> other = permuted_design(design, rng.permutation(300))
    >>> len(scan_pairs(design).table), len(scan_pairs(other).table)
    (1, 0)
    """
    null = design.null
    if null.kind != "quantitative":
        raise InputError(
            "kind is 'binary'; permutations keep covariates only for a quantitative trait: leave "
            "them out, or code the trait as quantitative"
        )
    if design.related is not None:
        raise InputError(
            "design: has kinship, and related people cannot change places; leave permutations out, "
            "or permute a trait less its LOCO predictions, without kinship"
        )
    order = np.asarray(order)
    if order.shape != (design.n_people,) or not np.array_equal(
        np.sort(order), np.arange(design.n_people)
    ):
        raise InputError(
            f"order: shape {order.shape}; expected each of 0 to {design.n_people - 1} once"
        )
    residual = null.residual[order]
    for _ in range(2):
        residual = residual - null.basis @ (null.basis.T @ residual)
    residual *= np.linalg.norm(null.residual) / np.linalg.norm(residual)
    with_trait = np.empty(design.n_variants)
    for start in range(0, design.n_variants, _BLOCK):
        index = np.arange(start, min(start + _BLOCK, design.n_variants))
        with_trait[index] = design.scaled(index) @ residual
    return replace(
        design,
        trait=design.trait - null.residual + residual,
        null=replace(null, residual=residual),
        with_trait=with_trait,
    )
