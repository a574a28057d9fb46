"""GWAS summary statistics as people have them: many formats in, one table out."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial
from typing import TypeVar

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.io.alleles import text_of
from seqgen.io.chromosomes import NAMES, canonical_chromosomes, chromosome_order
from seqgen.io.columns import Layout, missing_columns, recognise
from seqgen.io.consistency import disagreeing, warn_if_inconsistent, warn_if_opposite
from seqgen.io.duplicates import drop_repeats
from seqgen.io.genome_build import ATTRIBUTE, checked_build
from seqgen.io.header_names import SYNONYMS
from seqgen.io.ratios import RATIOS, from_ratios
from seqgen.io.statistics import choose_route, complete
from seqgen.io.sumstats_rows import (
    LARGEST_N,
    LAST_POSITION,
    alleles,
    numbers,
    of_main_test,
    places,
    plausible,
    remark_on_alleles,
    sample_size,
    well_imputed,
)
from seqgen.io.sumstats_source import HeldBlock, Source, open_source
from seqgen.io.tally import Tally, drops_text
from seqgen.io.text_blocks import Block
from seqgen.io.told_by_cells import chromosomes_of_ssf, settle_by_cells, warn_if_crowded
from seqgen.io.variant_names import (
    COMBINED,
    from_bim,
    other_of_two,
    place_in_names,
    rsids,
    split_places,
)
from seqgen.io.whole_columns import Census, context_of
from seqgen.io.written_numbers import plain_numbers, with_whole_places
from seqgen.schemas import SUMSTATS, Counted

# `drop_repeats` has seen to it that no variant is there twice.
_WITHOUT_KEY = replace(SUMSTATS, key=())
WORKERS = 2
_Task = TypeVar("_Task")
_Result = TypeVar("_Result")
_SMALLEST_P = np.finfo(float).tiny
_NAMES = ("chrom", "pos", "rsid", "effect_allele", "other_allele", "ref", "alt", *COMBINED)
_CATEGORIES = ("chrom", "effect_allele", "other_allele")
_FEW = ("chrom", "effect_allele", "other_allele", "ref", "alt", "test")
_NUMBERS = ("eaf", "n", "n_cases", "n_controls", "n_effective", "p", "neg_log10_p")


def read_sumstats(
    path: str | os.PathLike[str],
    *,
    columns: Mapping[str, str] | None = None,
    n: float | str | None = None,
    chrom: str | None = None,
    trait: str | None = None,
    min_info: float | None = None,
    bim: str | os.PathLike[str] | None = None,
    build: str | None = None,
) -> Counted:
    """Read GWAS summary statistics and count every row that is dropped or changed.

    Read are GWAS-SSF with its side-car, GWAS Catalog harmonised (old and new), GWAS-VCF,
    REGENIE, SAIGE, PLINK 1.9 and 2, BOLT-LMM, fastGWA, METAL, FinnGen, PGC daner, LDSC, MTAG,
    PolyFun, OpenGWAS, and plainly named columns (`seqgen.io.header_names`). Columns ``A1`` and
    ``A2`` alone do not say which is the effect allele, and are refused until ``columns`` does.

    Effects are taken from beta, else from odds or hazard ratios; what is missing of beta and se
    is derived from confidence intervals, z, p, or z with n and an allele frequency. A minor
    allele's frequency never stands in for the effect allele's. Bases that both alleles share
    are taken off. Of rows of one variant that agree the first is kept, of those that differ by
    little the one of lowest p, and none of those that contradict each other.

    Parameters
    ----------
    path : path
        Text separated by tabs, commas, semicolons or blanks, plain or packed (gzip, bgzip,
        bzip2, xz, zstd); GWAS-VCF; Parquet.
    columns : mapping of str to str, optional
        Standard name to the file's column, such as ``{"beta": "EFFECT"}``.
    n : float or "effective", optional
        Sample size of every variant; goes before a column of the file. "effective" takes
        4 / (1 / cases + 1 / controls).
    chrom : str, optional
        Keep this chromosome only; a file without a chromosome column is taken to lie on it.
    trait : str, optional
        The trait to read from a file of several (``beta_SMK``; a sample of a GWAS-VCF).
    min_info : float, optional
        Drop variants whose imputation quality is lower.
    bim : path, optional
        PLINK .bim file that gives what the file lacks: chromosome, position, other allele.
    build : str, optional
        Genome build of the positions, "GRCh37" or "GRCh38"; checked by what the file says of
        itself, by where known variants lie and by the chromosomes' lengths. Nothing is
        converted (`lift_over` does).

    Returns
    -------
    Counted
        ``table`` of schema ``SUMSTATS``, sorted by chromosome and position, and ``drops`` of
        schema ``DROPS``. Where the genome build is known, ``table.attrs["genome_build"]`` holds
        it.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If the file is empty or damaged, a column is missing or ambiguous, a line is ragged,
        the positions are of another build than was stated, or no row is left.

    Warns
    -----
    SeqgenWarning
        If beta/se and p disagree for most rows, z has the opposite sign of beta, se does not go
        with eaf or n, the rows are of a test that is not additive or of several traits, the
        positions are of another genome build than the file says, or effects had to be put on
        another scale.

    Examples
    --------
    >>> from seqgen.io.resources import demo_sumstats_path
    >>> table, drops = read_sumstats(demo_sumstats_path())
    >>> len(table)
    15935
    """
    wanted = asked_chromosome(chrom)
    asked = Asked(checked_n(n), wanted, trait, min_info, bim, checked_build(build))
    plan = plan_of(path, columns, asked)
    tally = Tally("read_sumstats")
    frames = [as_text(block) for block in cleaned_blocks(plan, tally)]
    frame = pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]
    table = finished(drop_repeats(frame, tally), tally, plan.where)
    warn_if_crowded(tally, plan.layout, len(table), plan.where)
    found, _ = plan.census.build(plan.where)
    table.attrs = {} if found is None else {ATTRIBUTE: found}
    return Counted(table, tally.to_frame())


@dataclass(frozen=True)
class Asked:
    """What the caller asked for."""

    n: float | str | None = None
    chrom: str | None = None
    trait: str | None = None
    min_info: float | None = None
    bim: str | os.PathLike[str] | None = None
    build: str | None = None


@dataclass(frozen=True)
class Plan:
    """How one file is going to be read."""

    source: Source
    layout: Layout
    route: tuple[str, ...]
    asked: Asked
    decided: dict[str, bool] = field(default_factory=dict, repr=False)
    census: Census = field(default_factory=Census, repr=False)

    @property
    def where(self) -> str:
        """What messages call the file."""
        return str(self.source.path)


def plan_of(path: str | os.PathLike[str], columns: Mapping[str, str] | None, asked: Asked) -> Plan:
    """Open the file and settle, before rows are read, which columns are used for what."""
    source = open_source(path, asked.trait)
    trait = None if source.kind.startswith("GWAS-VCF") else asked.trait
    layout = recognise(source.header, columns, where=str(source.path), trait=trait)
    layout = settle_by_cells(source, place_in_names(source, layout))
    told = told_build(source, layout)
    census = Census(told, asked.build)
    return Plan(source, layout, _route(source, layout, asked), asked, census=census)


def told_build(source: Source, layout: Layout) -> tuple[str, str] | None:
    """The genome build that a file says it is of, and what of it says so."""
    if layout.build:
        place = "pos" if "pos" in layout.columns else "chrom_pos"
        return layout.build, f"column {layout.named(place)}"
    if layout.dialect and "harmonised" in layout.dialect:
        return "GRCh38", "the harmonised format, always of GRCh38,"
    return (source.build, source.build_from) if source.build else None


def cleaned_blocks(plan: Plan, tally: Tally) -> Iterator[pd.DataFrame]:
    """The file's rows block by block, checked and completed; repeats are still in.

    Chromosomes and alleles are categories, which `as_text` makes text.

    Two blocks are worked on at a time. The first goes alone, for what it tells of whole columns
    (the scale of standard errors) holds for all.
    """
    empty = True
    with ThreadPoolExecutor(WORKERS) as pool:
        work = partial(_of_block, plan=plan)
        for done in in_order(pool, work, plan.source.blocks(), first_alone=True):
            if done is not None:
                empty = False
                tally.rows += done[1].rows
                plan.census.look(done[0], plan.where)
                yield done[0]
    if empty:
        raise InputError(
            f"{plan.where}: holds a header and no variants; expected one line per variant"
        )
    by_tool = plan.source.kind.startswith("GWAS-VCF")
    plan.census.warn(context_of(plan.layout, plan.route, by_tool=by_tool), plan.where)


def as_text(block: pd.DataFrame) -> pd.DataFrame:
    """A block with its chromosomes and alleles, which are categories, as text."""
    return block.assign(**{name: text_of(block[name]) for name in _CATEGORIES if name in block})


def in_order(
    pool: Executor,
    work: Callable[[_Task], _Result],
    tasks: Iterable[_Task],
    *,
    first_alone: bool = False,
) -> Iterator[_Result]:
    """Results in the order of the tasks, of which few more than `WORKERS` are in memory."""
    waiting: deque[Future[_Result]] = deque()
    for number, task in enumerate(tasks):
        waiting.append(pool.submit(work, task))
        if len(waiting) > WORKERS or (first_alone and number == 0):
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def first_rows(plan: Plan, size: int = 16 << 20) -> pd.DataFrame | None:
    """The file's first rows, finished; None where it has none."""
    block = next(plan.source.blocks(size), None)
    done = None if block is None else _of_block(block, plan)
    return None if done is None else done[0]


def _of_block(block: Block | HeldBlock, plan: Plan) -> tuple[pd.DataFrame, Tally] | None:
    tally = Tally("read_sumstats")
    frame = _load(block, plan)
    if frame.empty:
        return None
    if "pos" in frame:
        at, data = plan.layout.columns["pos"], getattr(block, "data", b"")
        frame = with_whole_places(frame, lambda: block.read([at], text=[at])[at], data, tally)
    return _cleaned(plain_numbers(frame, tally), plan, tally)[SUMSTATS.names], tally


def _cleaned(frame: pd.DataFrame, plan: Plan, tally: Tally) -> pd.DataFrame:
    """Rows with all columns of the schema, each fault counted."""
    asked, route = plan.asked, plan.route
    for remark in (*plan.source.remarks, *plan.layout.remarks):
        tally.note(frame, np.ones(len(frame), dtype=bool), remark, action="kept")
    frame = of_main_test(frame, tally, decided=plan.decided, where=plan.where)
    frame = well_imputed(frame, asked.min_info, tally)
    frame = other_of_two(split_places(frame, tally))
    if asked.bim is not None:
        frame = from_bim(frame, asked.bim, tally)
    frame = places(chromosomes_of_ssf(frame, plan.layout, tally), asked.chrom, tally)
    if plan.source.zero_based:
        tally.note(frame, _every(frame), "pos counted from 0: 1 added", action="changed")
        frame = frame.assign(pos=frame["pos"] + 1)
    frame = alleles(frame, tally)
    frame = numbers(from_ratios(frame, tally, plan.decided), route, tally)
    frame = sample_size(frame, asked.n, _constants(plan), tally)
    frame = plausible(frame, tally)
    if route == ("beta", "se"):
        if "consistent" not in plan.decided:
            plan.decided["consistent"] = warn_if_inconsistent(_as_given(frame), plan.where)
            warn_if_opposite(frame, plan.where)
        odd = disagreeing(_as_given(frame))
        tally.note(frame, odd, "beta/se and p disagree: both kept as given", action="kept")
    frame = complete(frame, route, tally)
    frame = tally.drop(frame, ~_usable_se(frame), "derived se is not above 0")
    frame = rsids(frame, tally)
    remark_on_alleles(frame, tally)
    return frame


def _every(frame: pd.DataFrame) -> np.ndarray:
    return np.ones(len(frame), dtype=bool)


def _constants(plan: Plan) -> dict[str, float]:
    return {**plan.source.constants, **plan.layout.constants}


def checked_n(n: float | str | None) -> float | str | None:
    """A sample size as a caller gave it, refused where it is none."""
    if n is None or n == "effective":
        return n
    try:
        number = float(n)
    except (TypeError, ValueError):
        number = float("nan")
    if not 1 <= number <= LARGEST_N:
        raise InputError(
            f"n: {n!r} is no sample size; expected 1 to {LARGEST_N:,.0f}, or 'effective'"
        )
    return number


def asked_chromosome(chrom: str | None) -> str | None:
    """A chromosome as a caller gave it, in the table's spelling."""
    if chrom is None:
        return None
    asked = canonical_chromosomes(pd.Series([str(chrom)], dtype="str"))
    if asked.isna().any():
        raise InputError(f"chrom: {chrom!r} is none; expected one of {', '.join(NAMES)}")
    return str(asked.iloc[0])


def _route(source: Source, layout: Layout, asked: Asked) -> tuple[str, ...]:
    """The columns to take the effect from, once all that is needed is known to be there."""
    where = str(source.path)
    have = _has(source, layout, asked)
    needed = ["pos", "effect_allele", "other_allele"] + ["chrom"] * (asked.chrom is None)
    missing = [name for name in SYNONYMS if name in needed and name not in have]
    route = choose_route(have)
    if route is None and not have & {"beta", "z"}:
        missing += ["beta", "z"]
    if missing:
        raise missing_columns(layout, missing, where)
    if route is None:
        partners = ["se", "p"] if "beta" in have else ["beta", "se", "n", "eaf"]
        raise missing_columns(layout, [x for x in partners if x not in have], where)
    return route


def _has(source: Source, layout: Layout, asked: Asked) -> set[str]:
    """Standard columns that the file has, or that can be made of those it has."""
    have = set(layout.columns)
    constants = {*source.constants, *layout.constants}
    if have & set(COMBINED):
        have |= {"chrom", "pos"}
    if have & set(COMBINED[1:]):
        have |= {"effect_allele", "other_allele"}
    if {"ref", "alt"} <= have:
        have.add("other_allele")
    if asked.bim is not None and "rsid" in have and "effect_allele" in have:
        have |= {"chrom", "pos", "other_allele"}
    if have & set(RATIOS):
        have.add("beta")
    if "beta" in have and {"ci_low", "ci_high"} <= have:
        have.add("se")
    if asked.n is not None or {"n_cases", "n_controls"} <= have | constants:
        have.add("n")
    if have & {"n_effective"} or "n" in constants:
        have.add("n")
    return have


def _load(block: Block | HeldBlock, plan: Plan) -> pd.DataFrame:
    """The needed columns under their standard names, and -log10 of p values that underflow."""
    route = plan.route
    useful = {*_NAMES, *_NUMBERS, *RATIOS, "ci_low", "ci_high", "test", *route}
    if "n" in route:
        useful.add("maf")
    if "consistent" not in plan.decided:
        useful.add("z")
    if plan.asked.min_info is not None:
        useful.add("info")
        if "info" not in plan.layout.columns:
            raise missing_columns(plan.layout, ["info"], plan.where)
    found = {name: i for name, i in plan.layout.columns.items() if name in useful}
    few = [found[x] for x in _FEW if x in found]
    words = [found[x] for x in ("rsid", *COMBINED) if x in found]
    numbered = block.read(list(found.values()), few, text=words)
    frame = pd.DataFrame({name: numbered[i] for name, i in found.items()})
    if "p" in found:
        frame = _tiny_p(frame, block, found["p"])
    return frame


def _tiny_p(frame: pd.DataFrame, block: Block | HeldBlock, column: int) -> pd.DataFrame:
    """Take p values below 1e-308, which become 0 as numbers, from their digits."""
    p = pd.to_numeric(frame["p"], errors="coerce")
    tiny = ((p >= 0) & (p < _SMALLEST_P)).to_numpy()
    if not tiny.any():
        return frame
    digits = block.read([column], text=[column])[column].to_numpy()[tiny]
    exact = frame.get("neg_log10_p", pd.Series(np.nan, frame.index))
    exact = pd.to_numeric(exact, errors="coerce").astype(float)
    values = np.array([_neg_log10(str(word)) for word in digits])
    exact[tiny] = np.where(np.isnan(values), exact[tiny], values)
    return frame.assign(neg_log10_p=exact)


def _neg_log10(word: str) -> float:
    """-log10 of a number in digits, whatever its exponent; NaN for 0."""
    number = Decimal(word.strip())
    if number == 0:
        return float("nan")
    exponent = number.adjusted()
    return -(float(np.log10(float(number.scaleb(-exponent)))) + exponent)


def _as_given(frame: pd.DataFrame) -> pd.DataFrame:
    """beta, se and the file's own -log10 p, missing where it gave none or 0."""
    exact = frame.get("neg_log10_p", pd.Series(np.nan, frame.index))
    if "p" in frame:
        p = frame["p"].where(frame["p"] >= _SMALLEST_P)
        exact = (-np.log10(p)).fillna(exact)
    return frame[["beta", "se"]].assign(neg_log10_p=exact)


def _usable_se(frame: pd.DataFrame) -> pd.Series:
    return (frame["se"] > 0) & np.isfinite(frame["se"]) & np.isfinite(frame["z"])


def finished(frame: pd.DataFrame, tally: Tally, where: str) -> pd.DataFrame:
    """The rows in order and checked; an error that tells what became of them if there is none."""
    if frame.empty:
        raise InputError(
            f"{where}: no row is left; correct the file or name its columns with "
            f"columns={{...}}. What happened to the rows:\n{drops_text(tally.to_frame())}"
        )
    order = chromosome_order(frame["chrom"]) * (LAST_POSITION + 1) + frame["pos"].to_numpy()
    if not order.is_monotonic_increasing:
        frame = frame.iloc[np.argsort(order.to_numpy(), kind="stable")]
    frame = as_text(frame[SUMSTATS.names].reset_index(drop=True))
    return _WITHOUT_KEY.validate(frame, where=where)
