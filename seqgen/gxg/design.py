"""Phenotype, covariates and genotypes made ready for tests of pairs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.gxg.null_model import NullModel, fit_null
from seqgen.gxg.people import Covariates, Genotypes, Matched, Trait, match_people
from seqgen.gxg.related import Related, fit_related
from seqgen.io.genotype_source import GenotypeSource, named_variants
from seqgen.io.people import person_names
from seqgen.io.tally import Tally
from seqgen.relatedness import KinshipInput

MISSING = -1
_BLOCK = 256
_EXPLAINED = 1e-8
VARIANT_COLUMNS = ("variant", "chrom", "pos", "effect_allele", "other_allele")


@dataclass(frozen=True)
class PairDesign:
    """What a scan of pairs works on; made by `prepare_pairs`.

    Attributes
    ----------
    counts : ndarray, shape (m, n)
        Allele counts, a variant a row: int8 with -1 where the call is missing, or float32 with
        NaN if there are dosages.
    variants : DataFrame
        One row per variant: ``variant`` (unique name); ``chrom``, ``pos``, ``effect_allele`` (the
        one that is counted) and ``other_allele`` where given;
        ``frequency`` of the counted allele, ``n_missing`` calls.
    people : Index
        Names of the n people, in the order of all arrays.
    trait : ndarray of float64, shape (n,)
    covariates : DataFrame of float64, shape (n, c)
        Without intercept.
    null : NullModel
        Fit of intercept and covariates alone.
    means, scales : ndarray of float64, shape (m,)
        A scaled genotype is (count - mean) / scale, 0 where missing; its residual on the
        covariates has weighted sum of squares n.
    loadings : ndarray of float64, shape (m, q)
        Projections of the scaled, weighted genotypes on ``null.basis``.
    with_trait : ndarray of float64, shape (m,)
        Inner products of the scaled, weighted genotypes and ``null.residual``.
    drops : DataFrame
        `schemas.DROPS`: people, variants and calls left out or filled in, by reason.
    related : Related, optional
        The mixed model by which related people are tested; None where they count as unrelated.
    """

    counts: np.ndarray = field(repr=False)
    variants: pd.DataFrame = field(repr=False)
    people: pd.Index = field(repr=False)
    trait: np.ndarray = field(repr=False)
    covariates: pd.DataFrame = field(repr=False)
    null: NullModel = field(repr=False)
    means: np.ndarray = field(repr=False)
    scales: np.ndarray = field(repr=False)
    loadings: np.ndarray = field(repr=False)
    with_trait: np.ndarray = field(repr=False)
    drops: pd.DataFrame
    related: Related | None = None

    def __repr__(self) -> str:
        """The design in a line."""
        kinship = "no kinship" if self.related is None else f"kinship, h2 {self.related.h2:.3g}"
        return (
            f"PairDesign({self.n_people:,} people, {self.n_variants:,} variants, "
            f"{self.null.kind} trait, {self.covariates.shape[1]} covariates, {kinship})"
        )

    @property
    def n_people(self) -> int:
        """People in the analysis."""
        return len(self.people)

    @property
    def n_variants(self) -> int:
        """Variants that can be tested."""
        return len(self.variants)

    def scaled(
        self, index: np.ndarray, *, people: slice = slice(None), dtype: type = np.float64
    ) -> np.ndarray:
        """Scaled genotypes of variants ``index``, missing calls at the mean; (k, people)."""
        counts = self.counts[index, people]
        out: np.ndarray = counts.astype(dtype)
        out -= self.means[index, None].astype(dtype)
        out /= self.scales[index, None].astype(dtype)
        if self.variants["n_missing"].to_numpy()[index].any():
            out[is_missing(counts)] = 0.0
        return out

    def carriers(self, index: np.ndarray, *, people: slice = slice(None)) -> np.ndarray:
        """True where a person carries the minor allele of variants ``index``; (k, people)."""
        counts = self.counts[index, people]
        rare = (self.means[index] <= 1.0)[:, None]
        return np.where(rare, counts >= 0.5, counts <= 1.5) & ~is_missing(counts)

    def locate(self, names: Sequence[str] | np.ndarray, label: str) -> np.ndarray:
        """Row numbers of variants given by name or by row number.

        Raises
        ------
        InputError
            If one is not among the variants.
        """
        given = np.asarray(names)
        if given.dtype.kind in "iu":
            index = given.astype(np.int64)
            bad = (index < 0) | (index >= self.n_variants)
        else:
            index = pd.Index(self.variants["variant"]).get_indexer(given.astype(object).ravel())
            index = index.reshape(given.shape)
            bad = index < 0
        if bad.any():
            raise InputError(
                f"{label}: variant {given[bad].tolist()[0]!r} is not among the "
                f"{self.n_variants:,} that can be tested ({int(bad.sum()):,} of {bad.size:,} are "
                "not); it is unknown, or in the design's drops"
            )
        return index


def is_missing(counts: np.ndarray) -> np.ndarray:
    """True where a call is missing."""
    return counts == MISSING if counts.dtype == np.int8 else np.isnan(counts)


def prepare_pairs(
    genotypes: Genotypes,
    trait: Trait,
    covariates: Covariates | None = None,
    *,
    kind: str = "quantitative",
    people: Sequence[str] | None = None,
    variants: pd.DataFrame | None = None,
    shared_people: bool = False,
    kinship: KinshipInput | None = None,
) -> PairDesign:
    """Match people, check every input and project the covariates out.

    Parameters
    ----------
    genotypes : ndarray or DataFrame of shape (people, variants), or GenotypeSource
        Counts of one allele, 0 to 2 (dosages too), NaN where missing. A DataFrame's index names
        people and its columns variants; a source, such as `read_genotypes` opens, is read by
        blocks and held at one byte per call.
    trait : ndarray or Series, shape (people,)
        A Series names its people; an array is in the order of the genotypes. People with a
        missing trait or covariate are left out and counted. For related people give ``kinship``,
        or use `scan_pairs_loco` and `regress_pairs_loco`.
    covariates : ndarray or DataFrame, shape (people, c), optional
        Without intercept, which is always added.
    kind : {"quantitative", "binary"}
        A binary trait holds 0 (control) and 1 (case).
    people : sequence of str, optional
        Names for the rows of an array of genotypes.
    variants : DataFrame, optional
        One row per column of the genotypes: ``variant`` (unique name), and ``chrom`` and ``pos``
        where known.
    shared_people : bool
        Analyse those who are in all inputs where the inputs differ; an error otherwise.
    kinship : DataFrame, (ndarray, names) or ndarray, shape (people, people), optional
        Relatedness of at least the people analysed: from a pedigree, or genomic relationships on
        any scale. A quantitative trait is then tested in the mixed model with covariance
        h2 K + (1 - h2) I, h2 estimated once, without pairs. An array without names is in the
        order of the genotypes. Takes time cubic in people.

    Returns
    -------
    PairDesign

    Raises
    ------
    InputError
        If people do not match, a trait is constant, infinite or not of its kind, covariates are
        collinear or more than people, genotypes are outside 0 to 2, fewer than two variants
        vary, or the kinship is not one or lacks people.

    References
    ----------
    Kang et al. (2010), Variance component model to account for sample structure in genome-wide
    association studies, Nature Genetics 42:348-354: one h2 for all tests.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> counts = rng.binomial(2, 0.3, size=(50, 4)).astype(float)
    >>> counts[:, 3] = 2
    >>> design = prepare_pairs(counts, rng.normal(size=50))
    >>> design
    PairDesign(50 people, 3 variants, quantitative trait, 0 covariates, no kinship)
    >>> design.drops["reason"].tolist()
    ['variant does not vary among these people']
    """
    tally = Tally("pairs")
    matched = match_people(
        genotypes, trait, covariates, people=people, shared_people=shared_people, tally=tally
    )
    null = fit_null(matched.trait, matched.covariates, kind=kind)
    related = None
    if kinship is not None:
        genotyped = person_names(genotypes, people)
        related = fit_related(matched, genotyped, kinship, basis=null.basis, kind=kind)
    counts = _variant_major(genotypes, matched.rows)
    table = _variant_table(genotypes, variants, counts)
    design = _standardise(counts, table, matched, null=null, tally=tally)
    return replace(design, related=related)


def _variant_table(
    genotypes: Genotypes, variants: pd.DataFrame | None, counts: np.ndarray
) -> pd.DataFrame:
    m = len(counts)
    if variants is None:
        if isinstance(genotypes, GenotypeSource):
            variants = named_variants(genotypes)
        elif isinstance(genotypes, pd.DataFrame):
            variants = pd.DataFrame({"variant": genotypes.columns.astype("str")})
        else:
            variants = pd.DataFrame({"variant": [f"variant_{k}" for k in range(1, m + 1)]})
    if len(variants) != m or "variant" not in variants:
        raise InputError(
            f"variants: {len(variants):,} rows with column(s) "
            f"{', '.join(map(str, variants.columns))}; expected {m:,}, one per column of the "
            "genotypes, with column variant"
        )
    columns = [name for name in VARIANT_COLUMNS if name in variants]
    table = variants[columns].reset_index(drop=True)
    twice = table["variant"].duplicated()
    if twice.any():
        raise InputError(
            f"variants: {table['variant'][twice].iloc[0]!r} names two variants "
            f"({int(twice.sum()):,} repeats); name each once, such as chrom:pos:a1:a2"
        )
    return table


def _reader(genotypes: Genotypes) -> tuple[int, Callable[[int, int], np.ndarray]]:
    """How many variants there are, and the calls of those from one number up to another."""
    if isinstance(genotypes, GenotypeSource):
        source = genotypes
        return len(source.variants), lambda start, stop: source.genotypes(np.arange(start, stop))
    values = genotypes.to_numpy() if isinstance(genotypes, pd.DataFrame) else genotypes
    if values.dtype.kind not in "fiub":
        raise InputError(f"genotypes: are of type {values.dtype}; expected numbers, 0 to 2 or NaN")
    return values.shape[1], lambda start, stop: values[:, start:stop]


def _variant_major(genotypes: Genotypes, rows: np.ndarray) -> np.ndarray:
    """Counts of the matched people, a variant a row, int8 where all are whole."""
    count, read = _reader(genotypes)
    out: np.ndarray = np.empty((count, len(rows)), dtype=np.int8)
    for start in range(0, len(out), _BLOCK):
        block = np.asarray(read(start, min(start + _BLOCK, count)), dtype=np.float32)[rows].T
        absent = np.isnan(block)
        bad = ~absent & ~((block >= 0) & (block <= 2))
        if bad.any():
            raise InputError(
                f"genotypes: the variant at index {start + int(bad.any(axis=1).argmax())} holds "
                f"{block[bad][0]:g}; expected allele counts from 0 to 2, NaN where missing"
            )
        whole = np.where(absent, MISSING, block)
        if out.dtype == np.int8 and (whole != np.rint(whole)).any():
            wide = np.where(out[:start] == MISSING, np.nan, out[:start]).astype(np.float32)
            out = np.concatenate([wide, np.empty((len(out) - start, len(rows)), np.float32)])
        out[start : start + _BLOCK] = whole if out.dtype == np.int8 else block
    return out


def _standardise(
    counts: np.ndarray,
    table: pd.DataFrame,
    matched: Matched,
    *,
    null: NullModel,
    tally: Tally,
) -> PairDesign:
    """Means, scales and loadings block by block; variants that cannot be tested are dropped."""
    m, n = counts.shape
    means, spread, absent = np.zeros(m), np.zeros(m), np.zeros(m, dtype=np.int64)
    squares, with_trait = np.zeros(m), np.zeros(m)
    loadings = np.zeros((m, null.basis.shape[1]))
    weighted_basis = null.root_weights[:, None] * null.basis
    for start in range(0, m, _BLOCK):
        part = slice(start, start + _BLOCK)
        block = counts[part].astype(np.float64)
        hole = is_missing(counts[part])
        called = np.maximum(n - hole.sum(axis=1), 1)
        block[hole] = 0.0
        means[part] = block.sum(axis=1) / called
        block -= means[part, None]
        block[hole] = 0.0
        absent[part] = hole.sum(axis=1)
        spread[part] = np.abs(block).max(axis=1, initial=0.0)
        loadings[part] = block @ weighted_basis
        weighted = block * null.root_weights
        with_trait[part] = weighted @ null.residual
        total = np.einsum("ij,ij->i", weighted, weighted)
        weighted -= loadings[part] @ null.basis.T
        squares[part] = np.einsum("ij,ij->i", weighted, weighted)
        squares[part][squares[part] < _EXPLAINED * total] = 0.0
    flat = spread <= 1e-6
    tally.drop(table, flat, "variant does not vary among these people")
    tally.drop(table, ~flat & (squares <= 0), "variant is a linear combination of the covariates")
    keep = squares > 0
    if keep.sum() < 2:
        raise InputError(
            f"genotypes: {int(keep.sum())} of {m:,} variants vary among {n:,} people (beyond the "
            "covariates); a pair needs two"
        )
    _note_missing(absent[keep], table[keep], n, tally)
    scales = np.sqrt(squares[keep] / n)
    table = table[keep].assign(frequency=means[keep] / 2, n_missing=absent[keep])
    return PairDesign(
        counts=counts if keep.all() else counts[keep],
        variants=table.reset_index(drop=True),
        people=matched.people,
        trait=matched.trait,
        covariates=matched.covariates,
        null=null,
        means=means[keep],
        scales=scales,
        loadings=loadings[keep] / scales[:, None],
        with_trait=with_trait[keep] / scales,
        drops=tally.to_frame(),
    )


def _note_missing(absent: np.ndarray, table: pd.DataFrame, n: int, tally: Tally) -> None:
    if absent.any():
        worst = int(absent.argmax())
        example = f"{table['variant'].iloc[worst]}, {absent[worst]:,} of {n:,} people"
        tally.rows.append(
            (
                tally.stage,
                "missing genotype, read as the variant's mean",
                "changed",
                int(absent.sum()),
                example,
            )
        )
