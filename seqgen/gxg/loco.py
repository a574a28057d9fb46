"""Pairs tested on the trait less what other chromosomes than theirs predict of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.gxg.design import PairDesign
from seqgen.gxg.listed import scan_listed
from seqgen.gxg.null_model import fit_null
from seqgen.gxg.pairs import (
    PairOptions,
    Pairs,
    locate_leads,
    locate_pairs,
    pair_key,
    regress_pairs,
)
from seqgen.gxg.scan import PairScan, Progress, ScanOptions, merge_scans, scan_pairs
from seqgen.gxg.work import Names
from seqgen.parallel import shard_slice
from seqgen.relatedness import check_loco, chromosome_name, loco_offsets


def scan_pairs_loco(
    design: PairDesign,
    loco: pd.DataFrame,
    rows: Names | None = None,
    columns: Names | None = None,
    *,
    chromosomes: Sequence[str] | None = None,
    options: ScanOptions | None = None,
    shard: tuple[int, int] | None = None,
    progress: Progress | None = None,
) -> PairScan:
    """As `scan_pairs`, the trait of every pair less what the other chromosomes predict.

    Each pair of chromosomes is a scan of the trait minus the prediction without both, from which
    relatedness and the polygenic background are gone while the pair's own effects are not.

    Parameters
    ----------
    design : PairDesign
        From `prepare_pairs`, of a quantitative trait and variants with ``chrom``; without
        kinship.
    loco : DataFrame, shape (people, chromosomes)
        Leave-one-chromosome-out predictions in units of the trait, as in
        `seqgen.relatedness.check_loco`; at least of the people analysed.
    rows, columns : sequence of str or of int, optional
        Two sets of variants whose pairs are tested; all pairs by default.
    chromosomes : sequence of str, optional
        All chromosomes that predictions were made from; 1 to 22 by default.
    options : ScanOptions, optional
    shard : tuple (i, N), optional
        Do the i-th of N parts of the pairs of chromosomes only; `merge_scans` puts parts together.
    progress : callable, optional
        Called as ``progress(done, total)`` with pairs of chromosomes.

    Returns
    -------
    PairScan

    Raises
    ------
    InputError
        If the design has kinship, a binary trait or variants without chromosomes; if people or
        chromosomes are lacking in ``loco``; or as in `scan_pairs`.

    References
    ----------
    Mbatchou et al. (2021), Nature Genetics 53:1097-1103: predictions without a chromosome.

    Examples
    --------
    >>> from seqgen.gxg import prepare_pairs
    >>> rng = np.random.default_rng(0)
    >>> counts = rng.binomial(2, 0.4, size=(300, 6)).astype(float)
    >>> background = rng.normal(size=300)
    >>> trait = counts[:, 0] * counts[:, 5] + 3 * background + rng.normal(size=300)
    >>> table = pd.DataFrame({"variant": list("abcdef"), "chrom": ["1", "1", "1", "2", "2", "2"]})
    >>> loco = pd.DataFrame({"1": 3 * background, "2": 3 * background, "3": 0.0})
    >>> design = prepare_pairs(counts, trait, variants=table)
    >>> scan = scan_pairs_loco(design, loco, chromosomes=["1", "2", "3"])
    >>> scan.n_tests, scan.table[["variant_1", "variant_2"]].to_numpy().tolist()
    (15, [['a', 'f']])
    """
    chrom, table = _check(design, loco, chromosomes)
    tasks = _tasks(design, chrom, rows, columns)
    tasks = tasks[shard_slice(len(tasks), shard, what="pairs of chromosomes")]
    parts = []
    for done, (one, two, sides) in enumerate(tasks, start=1):
        trait = design.trait - _offset(table, one, two)
        parts += [scan_pairs(part, left, right, options=options)
                  for part, left, right in _parts(design, trait, sides)]  # fmt: skip
        if progress is not None:
            progress(done, len(tasks))
    return merge_scans(parts)


def scan_listed_loco(
    design: PairDesign,
    loco: pd.DataFrame,
    first: np.ndarray,
    second: np.ndarray,
    *,
    chromosomes: Sequence[str] | None = None,
    options: ScanOptions | None = None,
) -> PairScan:
    """As `scan_listed`, the trait of every pair less what the other chromosomes predict.

    Parameters
    ----------
    design, loco, chromosomes
        As in `scan_pairs_loco`.
    first, second, options
        As in `scan_listed`.

    Returns
    -------
    PairScan
        Its table is ordered by p.

    Raises
    ------
    InputError
        As in `scan_pairs_loco` and `scan_listed`.
    """
    chrom, table = _check(design, loco, chromosomes)
    parts = []
    for one, two, here in _by_chromosomes(chrom, first, second):
        moved = _with_trait(design, design.trait - _offset(table, one, two), products=False)
        parts.append(scan_listed(moved, first[here], second[here], options=options))
    return merge_scans(parts)


def _by_chromosomes(
    chrom: np.ndarray, first: np.ndarray, second: np.ndarray
) -> Iterator[tuple[str, str, np.ndarray]]:
    """Both chromosomes of pairs, and the places of the pairs that are on these two."""
    both = np.sort(np.stack([chrom[first], chrom[second]], axis=1).astype(str), axis=1)
    kinds, group = np.unique(both, axis=0, return_inverse=True)
    for number, (one, two) in enumerate(kinds.tolist()):
        yield one, two, np.flatnonzero(group.ravel() == number)


def regress_pairs_loco(
    design: PairDesign,
    pairs: Pairs,
    loco: pd.DataFrame,
    *,
    chromosomes: Sequence[str] | None = None,
    leads: Sequence[str] | pd.DataFrame | None = None,
    options: PairOptions | None = None,
) -> pd.DataFrame:
    """As `regress_pairs`, the trait of every pair less what the other chromosomes predict.

    Parameters
    ----------
    design, pairs, leads, options
        As in `regress_pairs`; the design as in `scan_pairs_loco`.
    loco, chromosomes
        As in `scan_pairs_loco`.

    Returns
    -------
    DataFrame
        Columns and order as in `regress_pairs`; without ``neg_log10_p_log``, for what is left of
        a trait has no logarithm.

    Raises
    ------
    InputError
        As in `scan_pairs_loco` and `regress_pairs`.

    Examples
    --------
    >>> from seqgen.gxg import prepare_pairs
    >>> rng = np.random.default_rng(0)
    >>> counts = rng.binomial(2, 0.4, size=(300, 2)).astype(float)
    >>> background = rng.normal(size=300)
    >>> trait = counts[:, 0] * counts[:, 1] + 3 * background + rng.normal(size=300)
    >>> table = pd.DataFrame({"variant": ["a", "b"], "chrom": ["1", "2"]})
    >>> loco = pd.DataFrame({"1": 3 * background, "2": 3 * background, "3": 0.0})
    >>> design = prepare_pairs(counts, trait, variants=table)
    >>> regress_pairs_loco(design, [("a", "b")], loco, chromosomes=["1", "2", "3"]).beta.round(1)
    0    1.0
    Name: beta, dtype: float64
    """
    chrom, table = _check(design, loco, chromosomes)
    first, second = locate_pairs(design, pairs)
    mine = _leads_by_pair(design, leads, pair_key(design, first, second))
    found, at = [], []
    for one, two, here in _by_chromosomes(chrom, first, second):
        listed = list(zip(first[here], second[here], strict=True))
        moved = _with_trait(design, design.trait - _offset(table, one, two), products=False)
        found.append(regress_pairs(moved, listed, leads=mine(here), options=options))
        at.append(here)
    out = pd.concat(found, ignore_index=True).iloc[np.argsort(np.concatenate(at), kind="stable")]
    return out.drop(columns="neg_log10_p_log", errors="ignore").reset_index(drop=True)


def _with_trait(design: PairDesign, trait: np.ndarray, *, products: bool) -> PairDesign:
    """The same design with another quantitative trait; regressions need no ``products`` with it."""
    null = fit_null(trait, design.covariates, kind="quantitative")
    against = np.full(design.n_variants, np.nan)
    step = max(1, 4_000_000 // design.n_people)
    for start in range(0, design.n_variants if products else 0, step):
        index = np.arange(start, min(start + step, design.n_variants))
        against[index] = design.scaled(index) @ null.residual
    return replace(design, trait=trait, null=null, with_trait=against)


def _check(
    design: PairDesign, loco: pd.DataFrame, chromosomes: Sequence[str] | None
) -> tuple[np.ndarray, pd.DataFrame]:
    """Chromosome of each variant, and predictions of the people analysed."""
    if design.related is not None:
        raise InputError(
            "design: has kinship, and loco predictions account for relatedness too; leave kinship "
            "out of prepare_pairs, or use the scan without loco"
        )
    if design.null.kind == "binary":
        raise InputError(
            "design: kind is 'binary', and predictions are subtracted from the trait; give the "
            "0/1 trait as kind='quantitative', with predictions of linear models"
        )
    if "chrom" not in design.variants:
        raise InputError("variants: no column chrom in the design; give it to prepare_pairs")
    table = check_loco(loco, chromosomes=chromosomes)
    chrom = design.variants["chrom"].map(chromosome_name).to_numpy(dtype=object)
    strange = ~np.isin(chrom, table.columns)
    if strange.any():
        example = design.variants["variant"][strange].iloc[0]
        raise InputError(
            f"loco: no prediction without chromosome {chrom[strange][0]}, of variants such as "
            f"{example!r} ({int(strange.sum()):,}); it has {', '.join(table.columns)}. Leave those "
            "variants out"
        )
    absent = ~design.people.isin(table.index)
    if absent.any():
        raise InputError(
            f"loco: lacks {int(absent.sum()):,} of {design.n_people:,} analysed people, such as "
            f"{design.people[absent][0]!r} (it names {table.index[0]!r}, ...); give predictions of "
            "all of them, names written alike"
        )
    return chrom, table.loc[design.people]


def _offset(table: pd.DataFrame, one: str, two: str) -> np.ndarray:
    return loco_offsets(table, one, two, chromosomes=list(table.columns)).to_numpy()


_Sides = list[tuple[np.ndarray, np.ndarray | None]]


def _tasks(
    design: PairDesign, chrom: np.ndarray, rows: Names | None, columns: Names | None
) -> list[tuple[str, str, _Sides]]:
    """Pairs of chromosomes, each with the sets of variants to cross; no pair comes twice."""
    if (rows is None) != (columns is None):
        raise InputError("rows, columns: only one of the two sets is given; give both or none")
    everything = np.arange(design.n_variants)
    left = everything if rows is None else design.locate(rows, "rows")
    right = everything if columns is None else design.locate(columns, "columns")
    names = list(dict.fromkeys(chrom.tolist()))
    tasks = []
    for place, one in enumerate(names):
        for two in names[place:]:
            at = [x[chrom[x] == name] for x in (left, right) for name in (one, two)]
            sides = [(at[0], None if rows is None else at[3])]
            if one != two:
                # A pair in both orders was met in the first of these.
                only = np.setdiff1d(at[1], right), np.intersect1d(at[1], right)
                sides = [(at[0], at[3])]
                if rows is not None:
                    sides += [(only[0], at[2]), (only[1], np.setdiff1d(at[2], left))]
            sides = [side for side in sides if _has_pair(*side)]
            if sides:
                tasks.append((one, two, sides))
    if not tasks:
        raise InputError("rows, columns: no pair of two different variants in them")
    return tasks


def _has_pair(left: np.ndarray, right: np.ndarray | None) -> bool:
    if right is None:
        return len(left) > 1
    return bool(len(left) and len(right)) and len(np.union1d(left, right)) > 1


def _parts(
    design: PairDesign, trait: np.ndarray, sides: _Sides
) -> Iterator[tuple[PairDesign, np.ndarray | None, np.ndarray | None]]:
    """Designs of just the variants that are crossed, with the two sets in their numbers."""
    for left, right in sides:
        index = left if right is None else np.union1d(left, right)
        part = _with_trait(_of_variants(design, index), trait, products=True)
        if right is None:
            yield part, None, None
        else:
            yield part, np.searchsorted(index, left), np.searchsorted(index, right)


def _of_variants(design: PairDesign, index: np.ndarray) -> PairDesign:
    """The design of some of its variants."""
    return replace(
        design,
        counts=design.counts[index],
        variants=design.variants.iloc[index].reset_index(drop=True),
        means=design.means[index],
        scales=design.scales[index],
        loadings=design.loadings[index],
        with_trait=design.with_trait[index],
    )


def _leads_by_pair(
    design: PairDesign, leads: Sequence[str] | pd.DataFrame | None, keys: np.ndarray
) -> Callable[[np.ndarray], Sequence[str] | pd.DataFrame | None]:
    """From numbers of pairs to the leads to give for them."""
    if not isinstance(leads, pd.DataFrame):
        return lambda _: leads
    index = locate_leads(design, leads)
    own = pair_key(design, index[:, 0], index[:, 1])
    stray = ~np.isin(own, keys)
    if stray.any():
        raise InputError(
            f"leads: {int(stray.sum())} row(s) are for pairs that are not to be tested, first "
            f"{leads.iloc[int(stray.argmax())].tolist()}"
        )
    return lambda here: leads[np.isin(own, keys[here])]
