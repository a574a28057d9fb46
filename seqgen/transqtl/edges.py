"""Listed pairs of variant and trait, tested one by one; and what goes through a cis gene."""

from __future__ import annotations

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.stats import p_of_t
from seqgen.transqtl.design import TransDesign
from seqgen.transqtl.exclusions import Exclusions
from seqgen.transqtl.regressions import no_hits, regressions
from seqgen.transqtl.variants import VariantBlock, read_block

_VARIANTS = 1024


def scan_edges(design: TransDesign, variant: np.ndarray, trait: np.ndarray) -> pd.DataFrame:
    """Test variant[k] on trait[k] in double precision, as `scan_trans` does.

    Parameters
    ----------
    design : TransDesign
    variant, trait : ndarray of int, shape (k,)
        Places in the design's variants and traits; no pair twice.

    Returns
    -------
    DataFrame
        Columns as in `TransScan.hits`, and ``variant_at``, ``trait_at``, the places; pairs whose
        variant cannot be tested are left out.

    Raises
    ------
    InputError
        If lengths differ.

    Examples
    --------
    >>> from seqgen.transqtl.design import prepare_trans
    >>> rng = np.random.default_rng(1)
    >>> design = prepare_trans(rng.binomial(2, 0.3, (50, 8)), rng.normal(size=(50, 3)))
    >>> scan_edges(design, np.array([5, 0]), np.array([1, 2]))["variant"].tolist()
    ['variant_1', 'variant_6']
    """
    variant, trait = np.asarray(variant), np.asarray(trait)
    if variant.shape != trait.shape:
        raise InputError(f"variant, trait: shapes {variant.shape} and {trait.shape}; expected one")
    order = np.argsort(variant, kind="stable")
    variant, trait = variant[order], trait[order]
    wanted = np.unique(variant)
    parts = []
    for start in range(0, len(wanted), _VARIANTS):
        index = wanted[start : start + _VARIANTS]
        block = read_block(design.variants, index, rows=design.rows, basis=design.basis)
        here = slice(*np.searchsorted(variant, [index[0], index[-1] + 1]))
        parts.append(_tested(design, block, variant[here], trait[here]))
    empty = no_hits().assign(variant_at=np.int64(0), trait_at=np.int64(0))
    return pd.concat(parts, ignore_index=True) if parts else empty


def _tested(
    design: TransDesign, block: VariantBlock, variant: np.ndarray, trait: np.ndarray
) -> pd.DataFrame:
    row = pd.Index(block.index).get_indexer(variant)
    fine = row >= 0
    row, variant, trait = row[fine], variant[fine], trait[fine]
    table = regressions(design, block, row, trait, cut=0.0)
    return table.assign(variant_at=variant, trait_at=trait)


def best_cis(design: TransDesign, exclusions: Exclusions, variant: np.ndarray) -> pd.DataFrame:
    """The trait near each variant that it affects most.

    Parameters
    ----------
    design : TransDesign
    exclusions : Exclusions
        Its cis windows say what is near.
    variant : ndarray of int, shape (k,)
        Places in the design's variants.

    Returns
    -------
    DataFrame
        ``variant_at``, ``cis_at`` (place of the trait), ``cis_gene``, ``cis_t``, ``n_cis`` (traits
        near it, of which it is the best); variants with no trait near them are left out.
    """
    wanted = np.unique(variant)
    row, trait, cis = exclusions.pairs(wanted)
    table = scan_edges(design, wanted[row[cis]], trait[cis])
    order = table["t"].abs().sort_values(ascending=False, kind="stable").index
    best = table.loc[order].drop_duplicates("variant_at")
    counts = table["variant_at"].value_counts()
    best = best.assign(n_cis=best["variant_at"].map(counts))
    return best[["variant_at", "trait_at", "trait", "t", "n_cis"]].rename(
        columns={"trait_at": "cis_at", "trait": "cis_gene", "t": "cis_t"}
    ).reset_index(drop=True)  # fmt: skip


def mediation(
    design: TransDesign,
    variant: np.ndarray,
    trait: np.ndarray,
    mediator: np.ndarray,
    *,
    n_cis: np.ndarray | int = 1,
) -> pd.DataFrame:
    """How much of the effect of variant[k] on trait[k] goes through the trait mediator[k].

    All three are residuals on the covariates. The share is that of the product of the two legs'
    coefficients in the total effect; its p value is the larger one of the legs, the joint
    significance test. A confounder of mediator and trait makes a share where there is no path.

    Parameters
    ----------
    design : TransDesign
    variant, trait, mediator : ndarray of int, shape (k,)
    n_cis : ndarray of int, shape (k,), or int
        Traits that the mediator is the best of; the p value of its leg is multiplied by it.

    Returns
    -------
    DataFrame
        In the order given: ``t_given_cis`` (variant on trait, mediator held), ``mediated``,
        ``p_mediation``; missing where the variant cannot be tested, the mediator is the trait,
        or no freedom is left.

    Raises
    ------
    InputError
        If the design has kinship.

    References
    ----------
    MacKinnon et al. (2002), A comparison of methods to test mediation and other intervening
    variable effects, Psychological Methods 7:83-104.
    """
    if design.mixed is not None:
        raise InputError(
            "design: has kinship, and traits of different heritabilities have no one mixed model; "
            "leave mediation out, or give traits less their LOCO predictions, without kinship"
        )
    variant, trait, mediator = (np.asarray(values) for values in (variant, trait, mediator))
    r_vt, r_vm = (_correlations(design, variant, other) for other in (trait, mediator))
    r_mt = np.einsum("ij,ij->i", design.residuals[mediator], design.residuals[trait])
    df = design.df - 1
    with np.errstate(divide="ignore", invalid="ignore"):
        rest_v, rest_m, rest_t = 1 - r_vm**2, 1 - r_mt**2, 1 - r_vt**2
        direct = (r_vt - r_vm * r_mt) / np.sqrt(rest_v * rest_m)
        second = (r_mt - r_vm * r_vt) / np.sqrt(rest_v * rest_t)
        mediated = r_vm * (r_mt - r_vm * r_vt) / rest_v / r_vt
        t_first = r_vm * np.sqrt(design.df / rest_v)
        t_second, t_direct = (r * np.sqrt(df / (1 - r**2)) for r in (second, direct))
    first_leg = np.minimum(p_of_t(t_first, design.df) * n_cis, 1.0)
    p = np.maximum(first_leg, p_of_t(t_second, df))
    out = pd.DataFrame({"t_given_cis": t_direct, "mediated": mediated, "p_mediation": p})
    none = (mediator == trait) | (df < 1) | (np.minimum(rest_v, rest_m) < 1e-12)
    out[none | ~np.isfinite(out.to_numpy()).all(axis=1)] = np.nan
    return out


def _correlations(design: TransDesign, variant: np.ndarray, trait: np.ndarray) -> np.ndarray:
    """Partial correlations given the covariates; NaN where the variant cannot be tested."""
    out = np.full(len(variant), np.nan)
    pairs = pd.DataFrame({"variant_at": variant, "trait_at": trait})
    tested = scan_edges(design, *pairs.drop_duplicates().to_numpy().T)
    t = pairs.merge(tested[["variant_at", "trait_at", "t"]], how="left")["t"].to_numpy()
    out[:] = t / np.sqrt(design.df + t * t)
    return out
