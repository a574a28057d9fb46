"""The interaction test of all pairs of two blocks of variants, as matrix products."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from seqgen.gxg.design import PairDesign
from seqgen.gxg.genotype_counts import centred_sums, countable, pack

# People summed in one product; beyond that sums go on in double precision.
_SLAB_BYTES = 256 * 1024 * 1024
_MOST_PEOPLE = 16_384


class Stripe(NamedTuple):
    """Columns of blocks, made ready once for many rows; arrays have shape (columns, people).

    ``plain`` are scaled genotypes g, ``squared`` w g^2 and ``crossed`` sqrt(w) g times the
    residual genotype, with w the weights of the null model. Where genotypes can be counted,
    ``packed`` from `genotype_counts.pack` stands in for these two.
    """

    variants: np.ndarray
    plain: np.ndarray
    squared: np.ndarray | None
    crossed: np.ndarray | None
    packed: np.ndarray | None


class PairTests(NamedTuple):
    """The test of each pair of a block; both arrays have shape (rows, columns).

    ``statistic`` is t squared (chi squared for a binary trait), not finite where the product is
    a linear combination of the rest of the model; ``doubtful`` is True where rounding may show.
    """

    statistic: np.ndarray
    doubtful: np.ndarray


class Sums(NamedTuple):
    """Weighted sums over people, in scaled genotypes; p is the product of the two.

    ``moments[0]`` is p against the trait's residual, ``moments[1:]`` p against the basis of the
    covariates; ``square`` is p against itself; ``with_rows`` and ``with_columns`` are p against
    the residual genotypes. NumPy arrays, or torch tensors.
    """

    moments: Sequence[Any]
    square: Any
    with_rows: Any
    with_columns: Any


def prepare_stripe(design: PairDesign, index: np.ndarray, *, dtype: type) -> Stripe:
    """Make the variants ``index`` ready as columns, in float32 or float64."""
    plain = design.scaled(index, dtype=dtype)
    if countable(design):
        return Stripe(index, plain, None, None, pack(design, index, columns=True))
    crossed, squared = _reweighted(design, index, plain, slice(None))
    return Stripe(index, plain, squared, crossed, None)


def _reweighted(
    design: PairDesign, index: np.ndarray, plain: np.ndarray, people: slice
) -> tuple[np.ndarray, np.ndarray]:
    """``crossed`` and ``squared`` of a `Stripe`."""
    null, dtype = design.null, plain.dtype
    weighted = plain
    if null.kind != "quantitative":
        weighted = plain * null.root_weights[people].astype(dtype)
    crossed = design.loadings[index].astype(dtype) @ null.basis[people].T.astype(dtype)
    np.subtract(weighted, crossed, out=crossed)
    crossed *= weighted
    return crossed, weighted * weighted


def pair_block(design: PairDesign, rows: np.ndarray, stripe: Stripe, *, skip: int = 0) -> PairTests:
    """Test g1 * g2 given covariates, g1 and g2 for every pair of rows and columns.

    By Frisch, Waugh and Lovell the test is that of the product's residual on the rest of the
    model. With y and the covariates' basis Q, what it takes for all pairs at once is p'y, p'Q,
    p'p, p'g1 and p'g2, each a matrix product of reweighted genotypes. For whole calls without
    gaps the last three and the intercept's p'Q come from one product of counts instead.

    Parameters
    ----------
    design : PairDesign
    rows : ndarray of int
        First variants.
    stripe : Stripe
        Second variants, from `prepare_stripe`.
    skip : int
        Columns of the stripe to leave out at its beginning.

    Returns
    -------
    PairTests
    """
    q = design.null.basis.shape[1]
    shape = (len(rows), len(stripe.variants) - skip)
    slabs = people_slabs(design, stripe.plain.itemsize * len(rows))
    total: list[np.ndarray] = []
    for people in slabs:
        part = _slab_products(design, rows, stripe, skip=skip, people=people)
        if not total:
            total = part if len(slabs) == 1 else [array.astype(np.float64) for array in part]
        else:
            for held, array in zip(total, part, strict=True):
                held += array
    columns = stripe.variants[skip:]
    if stripe.packed is None:
        sums = Sums(list(total[0].reshape(q + 1, *shape)), *total[1:])
    else:
        sums = _counted(design, rows, columns, total[0].reshape(q, *shape), stripe.packed[skip:])
    return _finish(design, rows, columns, sums)


def people_slabs(design: PairDesign, bytes_each: int) -> list[slice]:
    """Parts of the people whose reweighted rows, ``bytes_each`` per person, fit in memory."""
    n, q = design.null.basis.shape
    slab = int(np.clip(_SLAB_BYTES // (bytes_each * (q + 5)), 256, _MOST_PEOPLE))
    edges = np.linspace(0, n, -(-n // slab) + 1).astype(int).tolist()
    return [slice(start, stop) for start, stop in pairwise(edges)]


def _slab_products(
    design: PairDesign, rows: np.ndarray, stripe: Stripe, *, skip: int, people: slice
) -> list[np.ndarray]:
    """The sums of `Sums` over some people; ``moments`` as (q + 1) * rows by columns.

    Where genotypes are counted, only the moments, without that of the intercept.
    """
    null, dtype = design.null, stripe.plain.dtype
    plain = stripe.plain[skip:, people].T
    basis = null.basis[people].T
    left = design.scaled(rows, people=people, dtype=dtype.type)
    if stripe.squared is None or stripe.crossed is None:
        against = np.concatenate([null.residual[None, people], basis[1:]]).astype(dtype, "C")
        return [(against[:, None, :] * left[None]).reshape(-1, left.shape[1]) @ plain]
    against = np.concatenate([null.residual[None, people], basis])
    against = np.ascontiguousarray(against * null.root_weights[people], dtype=dtype)
    # One product for all that meets the plain columns.
    stack = np.empty((len(against) + 1, *left.shape), dtype=dtype)
    np.multiply(against[:, None, :], left[None], out=stack[:-1])
    stack[-1] = _reweighted(design, rows, left, people)[0]
    sums = stack.reshape(-1, left.shape[1]) @ plain
    height = len(against) * len(rows)
    square = (left * left) @ stripe.squared[skip:, people].T
    return [sums[:height], square, sums[height:], left @ stripe.crossed[skip:, people].T]


def _counted(
    design: PairDesign,
    rows: np.ndarray,
    columns: np.ndarray,
    moments: np.ndarray,
    packed: np.ndarray,
) -> Sums:
    """The sums where genotypes are counted; ``moments`` lack the intercept's, which is xy."""
    exact = centred_sums(design, rows, columns, packed=packed)
    # x times the residual of x is x squared, less x times its share of each covariate.
    with_rows, with_columns = exact.xxy, exact.xyy
    shares = design.loadings[:, 1:].T.astype(moments.dtype)
    if len(shares):
        with_rows -= np.einsum("kij,ki->ij", moments[1:], shares[:, rows])
        with_columns -= np.einsum("kij,kj->ij", moments[1:], shares[:, columns])
    intercept = exact.xy / np.sqrt(design.n_people)
    return Sums([moments[0], intercept, *moments[1:]], exact.xxyy, with_rows, with_columns)


def _finish(design: PairDesign, rows: np.ndarray, columns: np.ndarray, sums: Sums) -> PairTests:
    """From sums to statistics; all in double precision."""

    def wide(array: np.ndarray) -> np.ndarray:
        return array.astype(np.float64)

    with np.errstate(divide="ignore", invalid="ignore"):
        return PairTests(*statistics(design, rows, columns, sums, wide=wide, place=lambda x: x))


def statistics(
    design: PairDesign,
    rows: np.ndarray,
    columns: np.ndarray,
    sums: Sums,
    *,
    wide: Callable[[Any], Any],
    place: Callable[[np.ndarray], Any],
) -> tuple[Any, Any]:
    """The arrays of `PairTests`, by operators that NumPy arrays and torch tensors share.

    ``wide`` copies sums in double precision; ``place`` takes an array of the design to where
    they are.
    """
    null, n = design.null, design.n_people
    y1 = place(design.with_trait[rows])[:, None]
    y2 = place(design.with_trait[columns])[None]
    # The basis' first column is the intercept's: p against it is g1 against g2.
    intercept = float(null.basis[:, 0] @ null.root_weights)
    r = wide(sums.moments[1])
    r *= intercept
    r -= place(design.loadings[rows]) @ place(design.loadings[columns]).T
    r /= n
    free = 1.0 - r * r
    rest = wide(sums.square)
    for moment in sums.moments[1:]:
        explained = wide(moment)
        explained *= explained
        rest -= explained
    b1, b2 = wide(sums.with_rows), wide(sums.with_columns)
    a1, a2 = (b1 - r * b2) / (free * n), (b2 - r * b1) / (free * n)
    rest -= a1 * b1
    rest -= a2 * b2
    explained = wide(sums.moments[0])
    explained -= a1 * y1
    explained -= a2 * y2
    explained *= explained
    explained /= rest
    if null.kind == "quantitative":
        main = (y1 * y1 + y2 * y2 - 2 * r * (y1 * y2)) / (free * n)
        left = float(null.residual @ null.residual) - main - explained
        explained *= (n - null.basis.shape[1] - 3) / left
    doubtful = (free < 1e-3) | (rest < 1e-3 * sums.square) | ~(abs(explained) < np.inf)
    return explained, doubtful
