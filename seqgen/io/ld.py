"""Summary statistics laid beside a panel: alleles aligned, linkage disequilibrium computed."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd

from seqgen.errors import InputError, SeqgenWarning, require_type
from seqgen.io.genotype_correlations import Asked, correlate
from seqgen.io.genotype_source import GenotypeSource
from seqgen.io.ld_alignment import Target, align_variants
from seqgen.io.people import labelled_table, refuse_repeats
from seqgen.io.plink_people import told_of_families
from seqgen.schemas import Counted

_MISSING = ("pairwise", "mean")
_COLLINEAR = 1e-7


def align_to_panel(
    sumstats: pd.DataFrame, panel: GenotypeSource, *, palindromic: str = "frequency"
) -> Counted:
    """Find each variant in the panel and settle how its genotypes count the effect allele.

    Variants match by chromosome, position and alleles, in either order and on either strand.
    The alleles and effects of the summary statistics stay as they are; ``flipped`` says that
    the panel counts the other allele, so that its genotype sign is to be turned.

    The strand of palindromic variants (A/T, C/G) cannot be told by their alleles. By default
    they are kept where the effect allele's frequency is given, is more than 0.1 from one half,
    and lies within 0.2 of the panel's on one strand only. Variants whose frequency is more
    than 0.3 from the panel's, and those on which the panel does not vary, are dropped.

    Parameters
    ----------
    sumstats : DataFrame
        Schema ``SUMSTATS``.
    panel : GenotypeSource
        From `read_panel` or `read_genotypes`.
    palindromic : {"frequency", "infer", "as-written", "drop"}
        What decides about palindromic variants. ``"frequency"``: their frequency, or they are
        dropped. ``"infer"``: their frequency, and where that cannot tell, the letters, if at
        least 50 other variants match and at most one in a thousand is on the other strand.
        ``"as-written"``: the letters, right where the file is known to be on the panel's
        strand throughout. ``"drop"``: none are kept.

    Returns
    -------
    Counted
        ``table`` is ``sumstats``' rows in their order with ``panel_index`` (int, row of
        ``panel.variants``), ``flipped`` (bool) and ``panel_eaf`` (float); ``drops`` of schema
        ``DROPS``.

    Raises
    ------
    InputError
        If no variant is left (the message says whether chromosome names or the genome build
        differ), or palindromic variants are to be taken as written in a file whose other
        variants are partly on the other strand.

    Warns
    -----
    SeqgenWarning
        If more rsIDs lie at another position in the panel than variants match.
    """
    target = Target(panel.name, panel.variants, panel.frequencies)
    return align_variants(sumstats, target, palindromic=palindromic)


def panel_ld(
    variants: pd.DataFrame | None,
    panel: GenotypeSource,
    *,
    covariates: np.ndarray | pd.DataFrame | None = None,
    missing: str = "pairwise",
) -> np.ndarray:
    """Correlations of allele counts (LD, r) among the panel's people.

    For aligned variants they are signed by the effect alleles of the summary statistics, as their
    z-scores are. With ``missing="pairwise"`` they equal those of ``plink --r square``, except on
    X, where PLINK's default counts a man's copy once and this twice (``--ld-xchr 2``).

    Parameters
    ----------
    variants : DataFrame or None
        Rows of what `align_to_panel` returned: ``panel_index``, ``flipped`` and, to check that
        they belong to this panel, ``chrom`` and ``pos``. None for all variants of the panel,
        signed by its ``a1``.
    panel : GenotypeSource
        The one that they were aligned to, from `read_panel` or `read_genotypes`.
    covariates : ndarray or DataFrame, shape (people, c), optional
        What is regressed out of the genotypes, such as the principal components of a GWAS on the
        same people. A DataFrame's index names people, all of the panel among them; an array is in
        the order of ``panel.people``. Without intercept, which is always there.
    missing : {"pairwise", "mean"}
        ``"pairwise"``: each correlation is over the people with calls at both variants, as PLINK
        has it; where one does not vary among them, for which PLINK writes nan, ``"mean"`` is
        taken, with a warning. ``"mean"``: a missing call stands at the mean of its variant (at
        what the covariates predict, where there are some), which keeps the matrix positive
        semidefinite; `run` and ``seqgen finemap`` do so. Without missing calls both are the same.

    Returns
    -------
    ndarray of float64, shape (p, p)
        Symmetric, with a diagonal of exactly one. 12,000 variants take 1.2 GB; genotypes take no
        more than that again, or 512 MB.

    Raises
    ------
    InputError
        If a column is missing, the variants are not those of this panel, one does not vary
        (beyond the covariates), or covariates lack people, hold missing values or are collinear.

    Warns
    -----
    SeqgenWarning
        If pairs have no correlation among the people with calls at both.

    References
    ----------
    Chang et al. (2015), Second-generation PLINK: rising to the challenge of larger and richer
    datasets, GigaScience 4:7.

    Examples
    --------
    >>> import seqgen
    >>> from seqgen.io.resources import demo_panel_prefix, demo_sumstats_path
    >>> panel = seqgen.read_panel(demo_panel_prefix())
    >>> sumstats = seqgen.read_sumstats(demo_sumstats_path()).table
    >>> aligned = seqgen.align_to_panel(sumstats, panel).table
    >>> seqgen.panel_ld(aligned.head(3), panel).shape
    (3, 3)
    """
    if missing not in _MISSING:
        raise InputError(f"missing is {missing!r}; expected 'pairwise' or 'mean'")
    require_type(panel, GenotypeSource, "panel", remedy="what read_panel or read_genotypes opens")
    index, flipped = _rows_of(variants, panel)
    asked = Asked(
        basis=covariate_basis(covariates, panel),
        pairwise=missing == "pairwise",
        named=lambda place: _named(panel, int(index[place])),
    )
    try:
        R, undefined = correlate(lambda part: panel.genotypes(index[part]), len(index), asked)
    except InputError as error:
        raise InputError(f"panel '{panel.name}': {error}") from error
    if len(undefined):
        one, other = (asked.named(int(place)) for place in undefined[0])
        warnings.warn(
            f"panel '{panel.name}': {len(undefined):,} pair(s) of variants have no correlation, "
            f"for one does not vary among the people with calls at both (first {one} and {other}); "
            "for these, missing calls stand at their mean",
            SeqgenWarning,
            stacklevel=2,
        )
    sign = np.where(flipped, -1.0, 1.0)
    if flipped.any():
        R *= sign[:, None]
        R *= sign[None, :]
    return R


def covariate_basis(
    covariates: np.ndarray | pd.DataFrame | None, panel: GenotypeSource
) -> np.ndarray:
    """An orthonormal basis of the intercept and the covariates of the panel's people.

    Parameters
    ----------
    covariates : ndarray or DataFrame, shape (people, c), or None
    panel : GenotypeSource

    Returns
    -------
    ndarray of float64, shape (n_people, 1 + c)

    Raises
    ------
    InputError
        If they lack people, hold missing or infinite values, or are collinear.
    """
    n = panel.n_people
    ones = np.full((n, 1), 1.0 / np.sqrt(n))
    if covariates is None:
        return ones
    table = labelled_table(covariates, panel.people, "covariates", "covariate")
    refuse_repeats("covariates", table.index)
    absent = panel.people[~panel.people.isin(table.index)]
    if len(absent):
        told = told_of_families({"in the panel": panel.people, "in covariates": table.index})
        raise InputError(
            f"covariates: {len(absent):,} of {n:,} people of panel '{panel.name}' have none, such "
            f"as {absent[0]!r}; give them for everyone, or open the panel with people="
            + (f". {told}" if told else "")
        )
    table = table.loc[panel.people]
    values = _finite(table)
    values = values - values.mean(axis=0)
    length = np.linalg.norm(values, axis=0)
    values /= np.where(length > 0, length, 1.0)
    # What each adds to those before it; columns are of length one.
    Q, rest = np.linalg.qr(np.column_stack([ones, values]))
    bad = np.flatnonzero(np.abs(np.diag(rest)) < _COLLINEAR)
    if bad.size or values.shape[1] >= n - 2:
        names = ", ".join(repr(str(name)) for name in table.columns[bad - 1]) or "there"
        raise InputError(
            f"covariates: {names} of {values.shape[1]} for {n:,} people: constant, linear "
            "combinations of those before, or too many; leave them out (the intercept is always "
            "there)"
        )
    return Q


def _finite(table: pd.DataFrame) -> np.ndarray:
    """Covariates as numbers, all of them there."""
    try:
        values = table.to_numpy(dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"covariates: hold what is no number ({error}); code it as one") from error
    bad = ~np.isfinite(values)
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise InputError(
            f"covariates: {table.columns[column]!r} of {table.index[row]!r} is "
            f"{values[row, column]:g} ({int(bad.any(axis=1).sum()):,} people with such); fill it "
            "in, or leave these people out of the panel with people="
        )
    return values


def _rows_of(variants: pd.DataFrame | None, panel: GenotypeSource) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of the variants in the panel, and whether it counts their other allele."""
    if variants is None:
        p = len(panel.variants)
        return np.arange(p), np.zeros(p, dtype=bool)
    lacking = [name for name in ("panel_index", "flipped") if name not in variants]
    if lacking:
        raise InputError(
            f"variants: no column {', '.join(lacking)}; expected rows of what align_to_panel "
            "returned, or None for all variants of the panel"
        )
    index = variants["panel_index"].to_numpy()
    _refuse_other_panel(variants, index, panel)
    return index.astype(np.int64), variants["flipped"].to_numpy(dtype=bool)


def _refuse_other_panel(variants: pd.DataFrame, index: np.ndarray, panel: GenotypeSource) -> None:
    """Refuse row numbers that mean other variants here, as where a region was read since."""
    place = [name for name in ("chrom", "pos") if name in variants]
    within = index.size == 0 or (index.min() >= 0 and index.max() < len(panel.variants))
    there = panel.variants[place].take(index) if within else None
    apart = True if there is None else (there.to_numpy() != variants[place].to_numpy()).any()
    if apart:
        raise InputError(
            f"variants: not those of panel '{panel.name}' by panel_index, chrom and pos; expected "
            "rows that align_to_panel returned for this very panel: align them again"
        )


def _named(panel: GenotypeSource, index: int) -> str:
    row = panel.variants.iloc[index]
    return f"{row['rsid']} at {row['chrom']}:{row['pos']}"
