"""A trait of related people: its mixed model without pairs, and the frame of their tests."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from seqgen.errors import InputError
from seqgen.gxg.people import Matched
from seqgen.relatedness import (
    KinshipAxes,
    KinshipInput,
    check_kinship,
    fit_components,
    kinship_axes,
)


@dataclass(frozen=True)
class Related:
    """The covariates' mixed model; made by `fit_related`.

    Multiplied by ``root``, variables lose the covariates and errors are independent, so that
    least squares on them is generalised least squares.

    Attributes
    ----------
    axes : KinshipAxes
    h2 : float
        Share of the trait's variance that goes with the kinship.
    root : ndarray of float64, shape (n, n)
        Symmetric.
    """

    axes: KinshipAxes = field(repr=False)
    h2: float
    root: np.ndarray = field(repr=False)

    def __repr__(self) -> str:
        return f"Related({len(self.root):,} people, h2 {self.h2:.3g})"

    def of_trait(self, trait: np.ndarray) -> Related:
        """The same people with another trait, which has an h2 of its own."""
        return related_trait(trait, self.axes)


def fit_related(
    matched: Matched, genotyped: object, kinship: KinshipInput, *, basis: np.ndarray, kind: str
) -> Related:
    """Fit the mixed model of the trait given covariates alone.

    Parameters
    ----------
    matched : Matched
    genotyped : Index
        All people with genotypes, who are the rows of a kinship without names.
    kinship : DataFrame, (ndarray, names) or ndarray
    basis : ndarray of float64, shape (n, q)
        Orthonormal basis of intercept and covariates.
    kind : {"quantitative", "binary"}

    Returns
    -------
    Related

    Raises
    ------
    InputError
        If the trait is binary, or the kinship is not what it has to be.
    """
    if kind == "binary":
        raise InputError(
            "kinship: given with a binary trait, whose mixed model is not fitted here; give the "
            "0/1 trait as kind='quantitative' (differences of risk) with kinship, or with LOCO "
            "predictions in scan_pairs_loco, or residuals of a mixed model as the trait"
        )
    relatives = check_kinship(kinship, genotyped).among(matched.people)  # type: ignore[arg-type]
    return related_trait(matched.trait, kinship_axes(relatives, basis))


def related_trait(trait: np.ndarray, axes: KinshipAxes) -> Related:
    """The mixed model of a trait, from the axes of its people."""
    rotated = (trait - trait.mean()) @ axes.vectors
    h2 = float(fit_components(rotated[None], axes).h2[0])
    return Related(axes, h2, axes.root(h2))
