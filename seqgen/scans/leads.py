"""Fine-mapped leads of the loci around pairs: what an interaction is conditioned on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.finemap import susie_rss
from seqgen.gxg import PairDesign
from seqgen.schemas import LEADS
from seqgen.stats import neg_log10_p_of_t

_MOST_VARIANTS = 4000
_FLANK = 250_000


class Marginal(NamedTuple):
    """The test of each variant alone, given the covariates; both of shape (m,)."""

    z: np.ndarray
    neg_log10_p: np.ndarray


def marginal_tests(design: PairDesign) -> Marginal:
    """Test each variant of a design alone.

    For a binary trait it is the score test at the covariates' logistic fit.
    """
    null, n = design.null, design.n_people
    total = float(null.residual @ null.residual)
    if null.kind == "binary":
        z = design.with_trait / np.sqrt(n)
        return Marginal(z, neg_log10_p_of_t(z, np.inf))
    df = n - null.basis.shape[1] - 1
    r = np.clip(design.with_trait / np.sqrt(n * total), -1 + 1e-12, 1 - 1e-12)
    t = r * np.sqrt(df / (1 - r * r))
    return Marginal(t, neg_log10_p_of_t(t, float(df)))


def find_leads(
    design: PairDesign,
    variants: np.ndarray,
    *,
    window: int = 1_000_000,
    p: float = 5e-8,
    L: int = 10,
) -> pd.DataFrame:
    """Fine-map the loci near some variants and name the lead of each credible set.

    A locus is a run of variants with a marginal p value up to ``p``, no two neighbours more than
    half a million base pairs apart, with 250 kb on each side. SuSiE runs on the people of the
    design, whose LD is exact. Where it finds no credible set, the strongest variant is the lead.

    Parameters
    ----------
    design : PairDesign
        With positions.
    variants : ndarray of int, shape (k,)
        Row numbers; loci that have a significant variant within ``window`` of one of them are
        fine-mapped.
    window : int
        Base pairs.
    p : float
        Marginal p value from which on a variant makes a locus.
    L : int
        Most effects per locus.

    Returns
    -------
    DataFrame
        `schemas.LEADS`; no rows where nothing is significant.

    Raises
    ------
    InputError
        If the variants have no positions.

    References
    ----------
    Wang, Sarkar, Carbonetto, Stephens (2020), A simple new approach to variable selection in
    regression, JRSS B 82:1273-1300.

    Examples
    --------
    >>> from seqgen.gxg import prepare_pairs
    >>> rng = np.random.default_rng(0)
    >>> counts = rng.binomial(2, 0.4, size=(500, 20)).astype(float)
    >>> table = pd.DataFrame({"variant": [f"rs{k}" for k in range(20)], "chrom": "1",
    ...                       "pos": np.arange(1, 21) * 1000})
    >>> design = prepare_pairs(counts, counts[:, 3] + rng.normal(size=500), variants=table)
    >>> find_leads(design, np.array([5]))[["lead", "cs_id"]].to_numpy().tolist()
    [['rs3', 1]]
    """
    table = design.variants
    if "chrom" not in table or "pos" not in table:
        raise InputError(
            "leads: the variants have no positions, by which loci are told; give chrom and pos, "
            "or name the leads"
        )
    marginal = marginal_tests(design)
    strong = np.flatnonzero(marginal.neg_log10_p >= -np.log10(p))
    near = strong[_near(table, strong, variants, window)]
    found = [_leads_of(design, index, marginal, L) for index in _loci(table, near)]
    if not found:
        return LEADS.empty()
    return LEADS.validate(pd.concat(found, ignore_index=True))


def _near(table: pd.DataFrame, strong: np.ndarray, variants: np.ndarray, window: int) -> np.ndarray:
    """True where a strong variant lies within the window of one of the variants."""
    chrom, pos = _places(table)
    out = np.zeros(len(strong), dtype=bool)
    variants = variants[~np.isnan(pos[variants])]
    for name in pd.unique(chrom[variants]):
        there = np.sort(pos[variants[chrom[variants] == name]])
        mine = np.flatnonzero((chrom[strong] == name) & ~np.isnan(pos[strong]))
        after = np.searchsorted(there, pos[strong[mine]] - window)
        out[mine] = (after < len(there)) & (
            there[np.minimum(after, len(there) - 1)] <= pos[strong[mine]] + window
        )
    return out


def _places(table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Chromosomes and positions; NaN where either is unknown."""
    pos = table["pos"].to_numpy(dtype=np.float64, na_value=np.nan)
    return table["chrom"].to_numpy(), np.where(table["chrom"].isna(), np.nan, pos)


def _loci(table: pd.DataFrame, strong: np.ndarray) -> list[np.ndarray]:
    """Row numbers of all variants of each locus that holds some of the strong ones."""
    chrom, pos = _places(table)
    loci = []
    for name in pd.unique(chrom[strong]):
        there = np.flatnonzero(chrom == name)
        places = np.sort(pos[strong[chrom[strong] == name]])
        runs = np.split(places, np.flatnonzero(np.diff(places) > 2 * _FLANK) + 1)
        loci += [
            there[(pos[there] >= run[0] - _FLANK) & (pos[there] <= run[-1] + _FLANK)]
            for run in runs
        ]
    return loci


def _leads_of(
    design: PairDesign, index: np.ndarray, marginal: Marginal, effects: int
) -> pd.DataFrame:
    strength = np.abs(marginal.z[index])
    # In a crowd the weakest are let go: none of them leads a credible set.
    index = index[np.sort(np.argsort(-strength, kind="stable")[:_MOST_VARIANTS])]
    null = design.null
    x = design.scaled(index) * null.root_weights - design.loadings[index] @ null.basis.T
    correlation = x @ x.T / design.n_people
    np.fill_diagonal(correlation, 1.0)
    fit = susie_rss(marginal.z[index], np.clip(correlation, -1, 1), design.n_people, L=effects)
    leads: dict[int, int | None] = {}
    for number, one in enumerate(fit.credible_sets, start=1):
        best = one.variants[fit.alpha[one.effect, one.variants].argmax()]
        leads.setdefault(int(best), number)
    if not leads:
        leads = {int(np.abs(marginal.z[index]).argmax()): None}
    rows = np.fromiter(leads, dtype=np.int64)
    table = design.variants.iloc[index]
    low, high = int(table["pos"].min()), int(table["pos"].max())
    return pd.DataFrame({
        "locus": f"{table['chrom'].iloc[0]}:{low}-{high}",
        "lead": table["variant"].to_numpy()[rows],
        "cs_id": pd.array(list(leads.values()), dtype="Int64"),
        "pip": fit.pip[rows],
        "neg_log10_p": marginal.neg_log10_p[index[rows]],
    })  # fmt: skip
