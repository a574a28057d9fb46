"""What a sceptical reader must hold against a scan, with the numbers of this one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seqgen.report import numbers
from seqgen.report.scan_words import Told

if TYPE_CHECKING:
    import pandas as pd

    from seqgen.report.scan_tables import GxGTables, TransTables


def pair_flags(pairs: pd.DataFrame) -> pd.DataFrame:
    """One bool column for each warning, named as the page names it.

    Parameters
    ----------
    pairs : DataFrame
        ``schemas.GXG``.

    Returns
    -------
    DataFrame
        Of the same rows.
    """
    import pandas as pd

    yes = {name: pairs[name].fillna(False).to_numpy(dtype=bool)
           for name in ("phantom_risk", "handful", "detailed")}  # fmt: skip
    survives = pairs["survives_scale"].fillna(True).to_numpy(dtype=bool)
    flags = {
        "phantom risk": yes["phantom_risk"],
        "handful of people": yes["handful"],
        "does not survive scale": ~survives,
        "not fitted in full": ~yes["detailed"],
    }
    if "neg_log10_p_robust" in pairs:
        robust = pairs["neg_log10_p_robust"].to_numpy(dtype=float)
        flags["weak with robust errors"] = robust < pairs["neg_log10_p"].to_numpy(dtype=float) / 2
    return pd.DataFrame(flags, index=pairs.index)


def in_hotspots(hits: pd.DataFrame, hotspots: pd.DataFrame, alpha: float) -> pd.Series:
    """Whether the variant of each hit lies in a hotspot with ``p`` up to ``alpha``."""
    import numpy as np
    import pandas as pd

    inside = np.zeros(len(hits), dtype=bool)
    pos = hits["pos"].to_numpy(dtype="float64", na_value=np.nan)
    for chrom, spots in hotspots[hotspots["p"] <= alpha].groupby("chrom"):
        start = spots["start"].to_numpy(dtype=float)
        order = np.argsort(start)
        there = (hits["chrom"] == chrom).to_numpy(dtype=bool) & np.isfinite(pos)
        last = np.searchsorted(start[order], pos[there], side="right") - 1
        end = spots["end"].to_numpy(dtype=float)[order]
        inside[there] = (last >= 0) & (pos[there] <= end[np.maximum(last, 0)])
    return pd.Series(inside, index=hits.index)


# --- both scans -----------------------------------------------------------------------------

_WEIGHTS = Told(
    "Weights must not have seen the phenotypes",
    "The error rates hold if the evidence and the rule that turns it into weights were fixed "
    "before these phenotypes were looked at (or learned on other folds). Evidence chosen, "
    "tuned or repeated after a look at the p values voids them. So does evidence that stems from "
    "an association study of the same people.",
)
_WINNER = Told(
    "Winner’s curse",
    "Effects shown are those that passed a threshold; they are too large on average, more so "
    "the closer to it. Do not plan a replication on them without shrinking them.",
)
_REPLICATION = Told(
    "Nothing here is replicated",
    "A discovery of this page is one to look for in other people, with the same allele coding, "
    "scale and covariates, and a test decided upon beforehand.",
)


def gxg_limits(tables: GxGTables) -> list[Told]:
    """What to hold against the discoveries of a pair scan."""
    return [*_scale_and_linkage(tables.pairs), *_of_the_method(), _WEIGHTS, _WINNER, _REPLICATION]


def _scale_and_linkage(pairs: pd.DataFrame) -> list[Told]:
    found = pairs[pairs["decision"] != "neither"]
    flags = pair_flags(found)
    n, few, lost = (len(found), int(flags["handful of people"].sum()),
                    int(flags["does not survive scale"].sum()))  # fmt: skip
    risky = int(flags["phantom risk"].sum())
    bare = int((found["phantom_risk"].fillna(False) & (found["n_leads"].fillna(0) == 0)).sum())
    return [
        Told(
            "Interaction on which scale",
            "An interaction is a departure from additivity on the scale analysed: the trait’s own "
            "units, or log odds. Another scale can make it or take it away, and none is the "
            "biology’s own. " + _share(n, lost, "keeps less than half of its −log₁₀ p on another "
                                       "scale", "keep less than half of their −log₁₀ p on another "
                                       "scale") + " Removable interactions are not mechanisms.",
        ),
        Told(
            "Phantom epistasis: LD with an untyped variant",
            "Two variants that each tag a causal variant which is not typed, or badly imputed, "
            "show an interaction where effects merely add up. "
            + _share(n, risky, "is in one locus or linked", "are in one locus or linked")
            + (f" {_of_those(bare)} without any lead in the model." if bare else "")
            + " Conditioning takes away what the leads tag and no more; pairs of different "
            "chromosomes are not wholly safe either.",
        ),
        Told(
            "Few carriers",
            "The product of two rare alleles rests on few people, where a single outlying trait "
            "value makes a small p value. "
            + _share(n, few, "rests on a handful of people", "rest on a handful of people"),
        ),
    ]  # fmt: skip


def _share(n: int, k: int, one: str, many: str) -> str:
    if n == 0:
        return "There is no discovery to ask this of."
    if k == 0:
        return f"None of {numbers.plural(n, 'discovery', 'discoveries')} here {one}."
    return f"{numbers.count(k)} of {numbers.plural(n, 'discovery', 'discoveries')} here " + (
        f"{one if k == 1 else many}."
    )


def _of_those(k: int) -> str:
    return "One of those is" if k == 1 else f"{numbers.count(k)} of those are"


def _of_the_method() -> list[Told]:
    return [
        Told(
            "Power",
            "Tests of interaction need many times the people that main effects of the same size "
            "need, and lose in proportion to the r² of both variants with what they tag. A pair "
            "that is not found is not shown to be additive.",
        ),
        Told(
            "Tests depend on each other",
            "Pairs that share a variant, or whose variants are in LD, are one finding told several "
            "times; count pairs of loci, not rows. The Benjamini-Hochberg bound is proved for "
            "independent and positively dependent tests; the Bonferroni columns hold whatever the "
            "dependence.",
        ),
        Told(
            "Population structure and relatedness",
            "Allele frequencies at unlinked loci go together in structured or related people. "
            "Principal components as main effects remove it from main effects, not wholly from "
            "products, which would take covariate-by-genotype terms.",
        ),
    ]


def trans_limits(tables: TransTables) -> list[Told]:
    """What to hold against the discoveries of a trans scan."""
    return [
        *_biology_and_artefact(tables),
        Told(
            "Population structure and relatedness",
            "Allele frequencies and expression both follow ancestry, family and batch. The "
            "inflation of the median test shows the broad part of it only.",
        ),
        Told(
            "Power",
            "Trans effects are small. A variant that is not found is not shown to have no effect, "
            "and the strongest variant of a locus need not be the causal one: it stands for "
            "whatever it is in LD with.",
        ),
        Told(
            "Tests depend on each other",
            "Neighbouring variants and co-expressed traits repeat one finding; count loci and "
            "modules, not rows. The Benjamini-Hochberg bound is proved for independent and "
            "positively dependent tests; permutation p values of the whole scan, where shown, "
            "and the Bonferroni columns hold whatever the dependence.",
        ),
        _WEIGHTS,
        _WINNER,
        _REPLICATION,
    ]


def _biology_and_artefact(tables: TransTables) -> list[Told]:
    found = tables.hits[tables.hits["decision"] != "neither"]
    inside = int(in_hotspots(found, tables.hotspots, tables.alpha).sum())
    mediated = int((found["p_mediation"] <= tables.alpha).sum())
    return [
        Told(
            "Cell-type composition",
            "In tissue or blood a variant that shifts the share of a cell type changes all of its "
            "genes at once, without acting on any of them. Only cell counts as covariates, sorted "
            "cells or single cells tell these apart.",
        ),
        Told(
            "Cross-mapping",
            "Reads of one gene that align to another’s sequence turn a cis effect into a false "
            "trans effect. Exclude pairs of genes with similar sequence; pseudogenes and "
            "paralogs among the traits deserve distrust first. " + _excluded(tables),
        ),
        Told(
            "Hotspots",
            "A batch or hidden factor that happens to go with a genotype makes a hotspot; hidden "
            "factors taken as covariates can erase a true one. "
            + _share(len(found), inside, "lies in a hotspot", "lie in a hotspot")
            + " A hotspot is one finding, and its expectation assumes independent traits, which "
            "expression is not.",
        ),
        Told(
            "Mediation is not causation",
            "A path through the cis gene fits the correlations also where the cis gene merely "
            "shares its cause with the trait, where LD joins two causal variants, or where "
            "measurement noise hides the true mediator. "
            + _share(len(found), mediated,
                     f"has a path through a cis gene at p ≤ {tables.alpha:g}",
                     f"have a path through a cis gene at p ≤ {tables.alpha:g}")
            + " It is a reason for an experiment.",
        ),
    ]  # fmt: skip


def _excluded(tables: TransTables) -> str:
    """How many pairs a cis window and cross-mappability took away."""
    if not tables.n_cis and not tables.n_cross_mapped:
        return (
            "Nothing says that pairs near their own gene or cross-mapping ones are excluded here."
        )
    return (
        f"{numbers.plural(tables.n_cis or 0, 'pair')} within the cis window and "
        f"{numbers.plural(tables.n_cross_mapped or 0, 'pair')} of cross-mapping genes were "
        "excluded here."
    )
