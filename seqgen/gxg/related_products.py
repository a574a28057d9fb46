"""The interaction test among related people of all pairs of two blocks, but for one factor.

With P = W - W X (X'WX)^-1 X'W and W the inverse covariance, generalised least squares needs y'Pp,
g1'Pp, g2'Pp and g1'Pg2 of the product p = g1 g2, which are matrix products of all pairs, and
p'Pp, which is none. A screen has p'Pp = gamma p'Sp, with S the projection off the covariates.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from seqgen.gxg.carriers import count_double_carriers
from seqgen.gxg.design import PairDesign
from seqgen.gxg.exact import batches
from seqgen.gxg.products import PairTests
from seqgen.gxg.related import Related
from seqgen.gxg.work import Block

_SAMPLE = 256
_DRAWS = 8192
# Below this share the main effects explain so much of a product that gamma is no guide.
_DOUBTFUL = 0.2


class RelatedScreen(NamedTuple):
    """What all blocks of a scan share.

    ``projection`` (n, n) is P and ``trait`` (n,) P y, ``basis`` (n, q) the covariates',
    ``total`` y'Py, ``gamma`` the mean of p'Pp / p'Sp, ``lowest`` the least variance of a
    product that the screen has to expect, over the one it assumes.
    """

    projection: np.ndarray
    trait: np.ndarray
    basis: np.ndarray
    total: float
    gamma: float
    lowest: float


class RelatedStripe(NamedTuple):
    """Columns of blocks, made ready once for many rows; arrays have shape (columns, people).

    ``plain`` are scaled genotypes g, ``projected`` P g, ``crossed`` and ``squared`` g P g and
    g^2 person by person.
    """

    screen: RelatedScreen
    variants: np.ndarray
    plain: np.ndarray
    projected: np.ndarray
    crossed: np.ndarray
    squared: np.ndarray


class _Sums(NamedTuple):
    """Products of each pair's p, g1, g2 and y through P; ``square`` is p'Pp or stands for it."""

    with_trait: np.ndarray
    square: np.ndarray
    with_first: np.ndarray
    with_second: np.ndarray
    both: np.ndarray
    first: np.ndarray
    second: np.ndarray
    first_trait: np.ndarray
    second_trait: np.ndarray


def prepare_screen(
    design: PairDesign, blocks: list[Block], *, least: int, dtype: type
) -> RelatedScreen:
    """Project the trait, and learn gamma and its spread from pairs of the blocks.

    Half of the pairs looked at are random ones, which give gamma; the others are those with the
    fewest double carriers among 8,192, whose products lie on the fewest axes of the kinship and
    stray furthest from it. The least variance seen, over the one assumed, to the power of 1.5 is
    the margin.

    References
    ----------
    Svishcheva et al. (2012), Rapid variance components-based method for whole-genome association
    analysis, Nature Genetics 44:1166-1170: GRAMMAR-Gamma.
    """
    related = _related(design)
    projection = related.root @ related.root
    trait = projection @ design.null.residual
    total = float(trait @ design.null.residual)
    bare = RelatedScreen(projection, trait, design.null.basis, total, 1.0, 1.0)
    first, second = _draw(blocks)
    carriers = count_double_carriers(design, first, second)
    first, second, carriers = (x[carriers >= least] for x in (first, second, carriers))
    # With hardly a pair to test there is nothing to learn, and nothing to lose by testing all.
    if len(first) < 8:
        return _in_type(bare._replace(lowest=0.0), dtype)
    some = np.arange(min(_SAMPLE, len(first)))
    few = np.argsort(carriers[len(some) :], kind="stable")[:_SAMPLE] + len(some)
    chosen = np.concatenate([some, few])
    sums, off_covariates = _sums_of_pairs(design, first[chosen], second[chosen], screen=bare)
    with np.errstate(divide="ignore", invalid="ignore"):
        gamma = float(np.nanmean((sums.square / off_covariates)[: len(some)]))
        assumed = sums._replace(square=gamma * off_covariates)
        ratio = _left(sums) / _left(assumed)
    usable = (_left(assumed) > _DOUBTFUL * assumed.square) & (ratio > 0)
    lowest = float(min(1.0, ratio[usable].min(initial=1.0) ** 1.5))
    return _in_type(bare._replace(gamma=gamma, lowest=lowest), dtype)


def _in_type(screen: RelatedScreen, dtype: type) -> RelatedScreen:
    names = ("projection", "trait", "basis")
    return screen._replace(**{name: getattr(screen, name).astype(dtype) for name in names})


def _related(design: PairDesign) -> Related:
    assert design.related is not None
    return design.related


def _draw(blocks: list[Block]) -> tuple[np.ndarray, np.ndarray]:
    """Random pairs of the blocks, the same in every run."""
    rng = np.random.default_rng(20120)
    sizes = np.array([len(block.rows) * len(block.columns) for block in blocks])
    counts = np.bincount(rng.choice(len(blocks), _DRAWS, p=sizes / sizes.sum()))
    pairs = []
    for block, count in zip(blocks, counts, strict=False):
        row = rng.integers(len(block.rows), size=count)
        column = rng.integers(len(block.columns), size=count)
        keep = slice(None) if block.wanted is None else block.wanted[row, column]
        pairs.append(np.stack([block.rows[row], block.columns[column]], axis=1)[keep])
    drawn = np.unique(np.concatenate(pairs), axis=0)
    first, second = rng.permutation(drawn).T
    return first, second


def _sums_of_pairs(
    design: PairDesign, first: np.ndarray, second: np.ndarray, *, screen: RelatedScreen
) -> tuple[_Sums, np.ndarray]:
    """All sums of listed pairs, p'Pp among them, and p'Sp."""
    parts, off = [], []
    for part in batches(len(first), 8 * 8 * design.n_people):
        g1, g2 = design.scaled(first[part]), design.scaled(second[part])
        p = g1 * g2
        p1, p2, pp = (x @ screen.projection for x in (g1, g2, p))
        dots = [(p, screen.trait), (p, pp), (p, p1), (p, p2), (g1, p2), (g1, p1), (g2, p2),
                (g1, screen.trait), (g2, screen.trait)]  # fmt: skip
        parts.append([(x * y).sum(axis=1) for x, y in dots])
        off.append((p**2).sum(axis=1) - ((p @ screen.basis) ** 2).sum(axis=1))
    return _Sums(*(np.concatenate(x) for x in zip(*parts, strict=True))), np.concatenate(off)


def prepare_related_stripe(
    design: PairDesign, index: np.ndarray, *, screen: RelatedScreen
) -> RelatedStripe:
    """Make the variants ``index`` ready as columns, in the type of the screen."""
    plain = design.scaled(index, dtype=screen.projection.dtype.type)
    projected = plain @ screen.projection
    return RelatedStripe(screen, index, plain, projected, plain * projected, plain * plain)


def related_block(
    design: PairDesign, rows: np.ndarray, stripe: RelatedStripe, *, skip: int = 0
) -> PairTests:
    """The screen's tests of every pair of rows and columns, as `products.pair_block`.

    A pair is doubtful where main effects explain much of its product.
    """
    screen, plain = stripe.screen, stripe.plain[skip:].T
    left = design.scaled(rows, dtype=plain.dtype.type)
    own = left @ screen.projection
    square = (left * left) @ stripe.squared[skip:].T
    for column in screen.basis.T:
        square -= np.square((left * column) @ plain)
    square *= screen.gamma
    sums = _Sums(
        with_trait=(left * screen.trait) @ plain,
        square=square,
        with_first=(left * own) @ plain,
        with_second=left @ stripe.crossed[skip:].T,
        both=left @ stripe.projected[skip:].T,
        first=np.einsum("ij,ij->i", left, own)[:, None],
        second=stripe.crossed[skip:].sum(axis=1)[None],
        first_trait=(left @ screen.trait)[:, None],
        second_trait=(screen.trait @ plain)[None],
    )
    sums = _Sums(*(x.astype(np.float64) for x in sums))
    return _finish(design, sums, screen.total)


def lowest_statistic(design: PairDesign, statistic: float, screen: RelatedScreen) -> float:
    """What the screen may show of a pair with ``statistic``, were its variance the lowest."""
    df = design.n_people - design.null.basis.shape[1] - 3
    explained = screen.lowest * statistic / (df + statistic)
    return df * explained / (1.0 - explained)


def _main_effects(sums: _Sums) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients of g1 and g2 in p."""
    free = sums.first * sums.second - sums.both**2
    one = (sums.second * sums.with_first - sums.both * sums.with_second) / free
    two = (sums.first * sums.with_second - sums.both * sums.with_first) / free
    return one, two


def _left(sums: _Sums) -> np.ndarray:
    """What main effects leave of p'Pp."""
    one, two = _main_effects(sums)
    return sums.square - one * sums.with_first - two * sums.with_second


def _finish(design: PairDesign, sums: _Sums, total: float) -> PairTests:
    """From sums to t squared."""
    y1, y2 = sums.first_trait, sums.second_trait
    df = design.n_people - design.null.basis.shape[1] - 3
    with np.errstate(divide="ignore", invalid="ignore"):
        alone = sums.first * sums.second
        free = alone - sums.both**2
        one, two = _main_effects(sums)
        left = sums.square - one * sums.with_first - two * sums.with_second
        explained = (sums.with_trait - one * y1 - two * y2) ** 2 / left
        main = (sums.second * y1**2 + sums.first * y2**2 - 2 * sums.both * y1 * y2) / free
        rest = total - main - explained
        statistic = explained * df / rest
        doubtful = (free < 1e-3 * alone) | ~(left > _DOUBTFUL * sums.square) | ~(rest > 0)
    return PairTests(statistic, doubtful | ~np.isfinite(statistic))
