"""Traits and covariates made ready for a scan: residuals of unit length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.io.tally import Tally
from seqgen.relatedness import KinshipInput
from seqgen.stats import rank_normal
from seqgen.transqtl.mixed import MixedTraits, fit_mixed
from seqgen.transqtl.people import Matched, Table, match_people
from seqgen.transqtl.variants import Variants, open_variants

# A variable is explained by the covariates where less than this share of its variance is left.
EXPLAINED = 1e-8


@dataclass(frozen=True)
class TransDesign:
    """What a trans scan works on; made by `prepare_trans`.

    Attributes
    ----------
    variants : Variants
        Genotypes, read by blocks.
    people : Index
        Names of the n people.
    rows : ndarray of int64, shape (n,)
        Their rows in the genotypes.
    traits : DataFrame
        One row per trait of the scan: ``trait``, ``scale`` (length of its residual), and with
        kinship ``h2`` (share of its variance that goes with it).
    residuals : ndarray of float64, shape (g, n)
        Residuals of the traits on intercept and covariates, each of length 1.
    basis : ndarray of float64, shape (n, q)
        Orthonormal basis of intercept and covariates.
    df : int
        Degrees of freedom of a test: n - q - 1.
    drops : DataFrame
        `schemas.DROPS`: people and traits left out, by reason.
    mixed : MixedTraits, optional
        The mixed models by which related people are tested; None where they count as unrelated.
    """

    variants: Variants = field(repr=False)
    people: pd.Index = field(repr=False)
    rows: np.ndarray = field(repr=False)
    traits: pd.DataFrame = field(repr=False)
    residuals: np.ndarray = field(repr=False)
    basis: np.ndarray = field(repr=False)
    df: int
    drops: pd.DataFrame
    mixed: MixedTraits | None = None

    def __repr__(self) -> str:
        """The design in a line."""
        kinship = "no kinship"
        if self.mixed is not None:
            kinship = f"kinship, median h2 {np.median(self.mixed.h2):.3g}"
        return (
            f"TransDesign({self.n_people:,} people, {len(self.variants):,} variants, "
            f"{self.n_traits:,} quantitative traits, {self.basis.shape[1] - 1} covariates, "
            f"{kinship})"
        )

    @property
    def n_people(self) -> int:
        """People in the analysis."""
        return len(self.people)

    @property
    def n_traits(self) -> int:
        """Traits that can be tested."""
        return len(self.traits)


def prepare_trans(
    genotypes: object,
    traits: Table,
    covariates: Table | None = None,
    *,
    people: Sequence[str] | None = None,
    variants: pd.DataFrame | None = None,
    shared_people: bool = False,
    transform: str | None = None,
    kinship: KinshipInput | None = None,
) -> TransDesign:
    """Match people, check traits and covariates, and take residuals of the traits.

    Traits with a missing value, without variation, or explained by the covariates are left out
    and counted; so are people who lack a covariate.

    Parameters
    ----------
    genotypes : ndarray or DataFrame of shape (people, variants), or GenotypeSource
        Counts or dosages of one allele, 0 to 2, NaN (or -1 in an integer array) where missing; a
        DataFrame names its people and variants. Anything with ``n_people``, ``variants`` and
        ``genotypes(index)``, such as a PLINK panel, is read by blocks.
    traits : ndarray or DataFrame, shape (people, traits)
        A DataFrame names its people; an array is in the order of the genotypes. For related
        people give ``kinship``; or subtract from the traits their predictions without a
        chromosome, as REGENIE's step 1 makes them, and scan that chromosome's variants, one
        design for each chromosome.
    covariates : ndarray or DataFrame, shape (people, c), optional
        Without intercept, which is always added.
    people : sequence of str, optional
        Names of the people of an array or panel.
    variants : DataFrame, optional
        One row per variant in the order of the genotypes: ``variant`` (unique name), and
        ``chrom`` and ``pos`` (1-based) where regions are excluded.
    shared_people : bool
        Analyse the people who are in all inputs, and count the others, where the sets differ.
    transform : {None, "rank-normal"}
        "rank-normal" takes each trait's ranks as normal quantiles first, which keeps tests honest
        far out where traits have heavy tails, as expression has; beta is then in standard
        deviations.
    kinship : DataFrame, (ndarray, names) or ndarray, shape (people, people), optional
        Relatedness of at least the people analysed: from a pedigree, or genomic relationships on
        any scale. Every trait is then tested in a mixed model with covariance
        h2 K + (1 - h2) I, its h2 estimated once, without variants; the tests are exact given h2.
        An array without names is in the order of the genotypes. Takes time cubic in people.

    Returns
    -------
    TransDesign

    Raises
    ------
    InputError
        If people do not match, values are infinite or not numbers, genotypes in memory are
        outside 0 to 2 (others are looked at as they are read), covariates are collinear, there
        are too few people, no trait is left, or the kinship is not one or lacks people.

    References
    ----------
    Kang et al. (2010), Variance component model to account for sample structure in genome-wide
    association studies, Nature Genetics 42:348-354: one h2 for all tests of a trait.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> design = prepare_trans(rng.binomial(2, 0.3, (50, 8)), rng.normal(size=(50, 3)))
    >>> design
    TransDesign(50 people, 8 variants, 3 quantitative traits, 0 covariates, no kinship)
    >>> design.df
    48
    """
    if transform not in (None, "rank-normal"):
        raise InputError(f"transform is {transform!r}; expected 'rank-normal' or None")
    source = open_variants(genotypes, people=people, variants=variants)
    tally = Tally("trans")
    matched = match_people(
        source.people, traits, covariates, shared_people=shared_people, tally=tally
    )
    basis = _basis(matched)
    values = matched.traits
    if transform is not None:
        values = pd.DataFrame(rank_normal(values.to_numpy()), values.index, values.columns)
    residuals, table = _residuals(values, basis, tally)
    mixed = None
    if kinship is not None:
        mixed = fit_mixed(
            residuals, kinship, genotyped=source.people, people=matched.people, basis=basis
        )
        table = table.assign(h2=mixed.h2)
    return TransDesign(
        variants=source,
        people=matched.people,
        rows=matched.rows,
        traits=table,
        residuals=residuals,
        basis=basis,
        df=len(matched.people) - basis.shape[1] - 1,
        drops=tally.to_frame(),
        mixed=mixed,
    )


def _basis(matched: Matched) -> np.ndarray:
    """Orthonormal basis of intercept and covariates, none of which the others explain."""
    count, n_covariates = matched.covariates.shape
    if count - n_covariates - 2 < 1:
        raise InputError(
            f"people: {count:,} with {n_covariates} covariate(s) and an intercept leave "
            f"{count - n_covariates - 2} degrees of freedom; expected at least 1, so give fewer "
            "covariates or more people"
        )
    basis = np.empty((count, n_covariates + 1), order="F")
    basis[:, 0] = 1.0 / np.sqrt(count)
    for place, name in enumerate(matched.covariates, start=1):
        column = matched.covariates[name].to_numpy()
        if np.ptp(column) == 0:
            raise InputError(
                f"covariates: {name!r} is {column[0]} for all people; leave it out, the intercept "
                "is added anyway"
            )
        column = column - column.mean()
        length = np.linalg.norm(column)
        column = column / length
        # Twice, so that the rest is orthogonal to rounding.
        for _ in range(2):
            column = column - basis[:, :place] @ (basis[:, :place].T @ column)
        left = np.linalg.norm(column)
        if left**2 < EXPLAINED:
            before = ", ".join(map(repr, list(matched.covariates)[: place - 1][:5]))
            raise InputError(
                f"covariates: {name!r} is a linear combination of those before it "
                f"({before or 'the intercept'}); leave one out"
            )
        basis[:, place] = column / left
    return basis


def _residuals(
    traits: pd.DataFrame, basis: np.ndarray, tally: Tally
) -> tuple[np.ndarray, pd.DataFrame]:
    """Residuals of unit length, (g, n), and the table of the traits that have one."""
    names = pd.DataFrame({"trait": traits.columns.astype("str")})
    values = np.ascontiguousarray(traits.to_numpy().T)
    missing = np.isnan(values).any(axis=1)
    constant = ~missing & (np.ptp(values, axis=1) == 0)
    values = values - values.mean(axis=1, keepdims=True)
    total = np.linalg.norm(values, axis=1)
    for _ in range(2):
        values -= (values @ basis) @ basis.T
    scale = np.linalg.norm(values, axis=1)
    explained = ~missing & ~constant & ~(scale**2 > EXPLAINED * total**2)
    reasons = {
        "trait lacks a value of some person; impute it before the scan": missing,
        "trait is the same for all people": constant,
        "trait is explained by the covariates": explained,
    }
    for reason, bad in reasons.items():
        tally.note(names, bad, reason, action="dropped")
    usable = ~(missing | constant | explained)
    if not usable.any():
        why = "; ".join(f"{int(bad.sum()):,}: {why}" for why, bad in reasons.items() if bad.any())
        raise InputError(
            f"traits: none of {len(names):,} can be tested ({why or 'there are none'})"
        )
    table = pd.DataFrame({"trait": names["trait"][usable].to_numpy(), "scale": scale[usable]})
    return np.ascontiguousarray(values[usable] / scale[usable, None]), table
