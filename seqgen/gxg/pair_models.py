"""The whole regression of chosen pairs: columns of each pair's model, fitted in batches."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from seqgen.errors import InputError
from seqgen.gxg.design import PairDesign, is_missing
from seqgen.gxg.exact import batches
from seqgen.gxg.null_model import with_intercept
from seqgen.gxg.regression import COLLINEAR, Fit, fit_joint, fit_linear, fit_logistic

_FITTED = ("beta", "se", "top5")


class _Frame(NamedTuple):
    """Where models are fitted: ``fixed`` columns (q, n) and the ``trait`` (n,).

    For related people the other columns are multiplied by the symmetric ``root`` (n, n) first.
    """

    fixed: np.ndarray
    trait: np.ndarray
    root: np.ndarray | None

    def place(self, columns: np.ndarray) -> np.ndarray:
        """Columns (k, c, n) of variants and products, in this frame."""
        return columns if self.root is None else columns @ self.root


def _frame(design: PairDesign, trait: np.ndarray | None, *, complete: bool) -> _Frame:
    """The frame of least squares, or of generalised least squares for related people."""
    y = design.trait if trait is None else trait
    related = design.related
    if related is None:
        logistic = trait is None and design.null.kind == "binary"
        shift = 0.0 if logistic else y.mean()
        return _Frame(with_intercept(design.covariates).T, y - shift, None)
    if complete:
        raise InputError(
            "missing is 'complete' with kinship; every pair would have people and a mixed model "
            "of its own. Use 'mean', or impute the genotypes"
        )
    if trait is not None:
        related = related.of_trait(y)
    # The root leaves nothing of the covariates in other columns; they keep their place here for
    # degrees of freedom and leverage.
    return _Frame(design.null.basis.T, related.root @ (y - y.mean()), related.root)


def regress_all(
    design: PairDesign,
    first: np.ndarray,
    second: np.ndarray,
    *,
    complete: bool = False,
    leads: np.ndarray | None = None,
    dominance: bool = False,
    robust: str | None = None,
    trait: np.ndarray | None = None,
) -> Fit:
    """Regress the trait on covariates, leads, both variants and their product, for k pairs.

    Parameters
    ----------
    design : PairDesign
    first, second : ndarray of int, shape (k,)
    complete : bool
        Use people called at both variants (and all leads); otherwise all, missing at the mean.
    leads : ndarray of int, shape (k, L), optional
        Variants whose additive effects are in each pair's model; -1 for none.
    dominance : bool
        Add a heterozygote's deviation for both variants to the main effects.
    robust : {None, "HC1", "HC3"}
    trait : ndarray of float64, shape (n,), optional
        Another trait of the same people, always fitted by least squares; by default the
        design's, by logistic regression if it is binary.

    Returns
    -------
    Fit
        ``beta`` is per product of two counted alleles; NaN too where the two variants are one to
        these people, for their product is then the dominance of one. Of related people the fit is
        by generalised least squares, another trait with an h2 of its own.
    """
    logistic = trait is None and design.null.kind == "binary"
    fit = fit_logistic if logistic else fit_linear
    frame = _frame(design, trait, complete=complete)
    extra = 0 if leads is None else leads.shape[1]
    n_columns = len(frame.fixed) + extra + 3 + 2 * dominance
    parts = []
    for part in batches(len(first), 8 * 3 * n_columns * design.n_people):
        one, two = first[part], second[part]
        held = None if leads is None else leads[part]
        product = design.scaled(one) * design.scaled(two)
        x = np.concatenate(
            [_others(design, one, two, frame=frame, leads=held, dominance=dominance),
             frame.place(product[:, None])], axis=1
        )  # fmt: skip
        mask = _called(design, one, two, held) if complete else np.ones(product.shape, bool)
        done = fit(x, frame.trait, mask=mask, robust=robust)
        twins = _twins(design.scaled(one), design.scaled(two), mask)
        parts.append(
            done._replace(
                **{name: np.where(twins, np.nan, getattr(done, name)) for name in _FITTED}
            )
        )
    if not parts:
        nothing = np.empty(0)
        return Fit(nothing, nothing, nothing, nothing, nothing)
    whole = Fit(*(np.concatenate(column) for column in zip(*parts, strict=True)))
    unit = design.scales[first] * design.scales[second]
    return whole._replace(beta=whole.beta / unit, se=whole.se / unit)


def _twins(first: np.ndarray, second: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """True where two variants are perfectly correlated among the people of ``mask``; shape (k,)."""
    sides = []
    for values in (first, second):
        centred = np.where(mask, values, 0.0)
        centred -= mask * (centred.sum(axis=1) / np.maximum(mask.sum(axis=1), 1))[:, None]
        sides.append(centred)
    xy, xx, yy = (np.einsum("kn,kn->k", sides[a], sides[b]) for a, b in ((0, 1), (0, 0), (1, 1)))
    return xy**2 >= (1 - COLLINEAR) * xx * yy


def joint_tests(
    design: PairDesign,
    first: np.ndarray,
    second: np.ndarray,
    *,
    complete: bool = False,
    leads: np.ndarray | None = None,
) -> np.ndarray:
    """P value of any interaction of two genotypes: up to four products of additive and dominance.

    Returns minus log10 of the F test's p value for each pair, shape (k,); NaN where no product
    can be estimated.
    """
    frame = _frame(design, None, complete=complete)
    extra = 0 if leads is None else leads.shape[1]
    out = np.full(len(first), np.nan)
    for part in batches(len(first), 8 * 3 * (len(frame.fixed) + extra + 8) * design.n_people):
        one, two = first[part], second[part]
        held = None if leads is None else leads[part]
        base = _others(design, one, two, frame=frame, leads=held, dominance=True)
        sides = [np.stack([design.scaled(v), _dominance(design, v)], axis=1) for v in (one, two)]
        products = sides[0][:, :, None] * sides[1][:, None]
        tested = frame.place(products.reshape(len(one), 4, -1))
        n = (len(one), design.n_people)
        mask = _called(design, one, two, held) if complete else np.ones(n, bool)
        out[part] = fit_joint(base, tested, frame.trait, mask=mask)
    return out


def _others(
    design: PairDesign,
    first: np.ndarray,
    second: np.ndarray,
    *,
    frame: _Frame,
    leads: np.ndarray | None,
    dominance: bool,
) -> np.ndarray:
    """Every column of the pairs' models but the product; shape (k, c, n)."""
    k, n = len(first), design.n_people
    columns = []
    if leads is not None and leads.size:
        values = design.scaled(np.maximum(leads, 0).ravel()).reshape(k, -1, n)
        values[leads < 0] = 0.0
        columns.append(values)
    columns += [design.scaled(side)[:, None] for side in (first, second)]
    if dominance:
        columns += [_dominance(design, side)[:, None] for side in (first, second)]
    fixed = np.broadcast_to(frame.fixed, (k, *frame.fixed.shape))
    return np.concatenate([fixed, *(frame.place(part) for part in columns)], axis=1)


def _dominance(design: PairDesign, index: np.ndarray) -> np.ndarray:
    """Heterozygosity, centred, missing calls at the mean; shape (k, n)."""
    counts = design.counts[index]
    hole = is_missing(counts)
    out = 1.0 - np.abs(np.where(hole, 1.0, counts) - 1.0)
    called = np.maximum((~hole).sum(axis=1), 1)
    out -= (out.sum(axis=1) - hole.sum(axis=1))[:, None] / called[:, None]
    out[hole] = 0.0
    return out


def _called(
    design: PairDesign, first: np.ndarray, second: np.ndarray, leads: np.ndarray | None
) -> np.ndarray:
    """True where a person's calls at the variants of a model are all there; shape (k, n)."""
    mask = ~(is_missing(design.counts[first]) | is_missing(design.counts[second]))
    if leads is not None:
        for column in leads.T:
            mask &= ~is_missing(design.counts[np.maximum(column, 0)]) | (column < 0)[:, None]
    return mask
