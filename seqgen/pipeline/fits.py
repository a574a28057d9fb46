"""Fine-map all loci three ways: plain, under the flat prior, under the informed prior."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.finemap import LDMatrix, estimate_s_rss, kriging_rss
from seqgen.parallel import Shard, map_tasks, shard_slice
from seqgen.pipeline.fit_tables import LocusFits, describe_locus, describe_sets, variant_rows
from seqgen.pipeline.locus_data import LocusData
from seqgen.pipeline.options import RunOptions
from seqgen.priors import (
    TERMS,
    PriorFit,
    fit_prior,
    given_coefficients,
    prior_annotations,
    prior_weights,
    score_centre,
)
from seqgen.results import FineMapResult
from seqgen.schemas import (
    CREDIBLE_SETS,
    FINEMAP_LOCI,
    PRIOR_BY_LOCUS,
    PRIOR_COEFFICIENTS,
    SUMSTATS,
    VARIANTS,
)

# Relative prior odds of a missense variant in the fit that shows how far belief would carry.
STRONG_ODDS = 10.0
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class FineMapTables:
    """What fine-mapping leaves.

    Attributes
    ----------
    variants, loci, credible_sets, prior_coefficients, prior_by_locus : DataFrame
        The tables of these names (``loci`` is the table ``finemap_loci``).
    prior_fit : PriorFit or None
        How the prior was learned; None where it was given or there was nothing to learn.
    """

    variants: pd.DataFrame
    loci: pd.DataFrame
    credible_sets: pd.DataFrame
    prior_coefficients: pd.DataFrame
    prior_by_locus: pd.DataFrame
    prior_fit: PriorFit | None


def finemap_loci(
    data: Mapping[str, LocusData],
    changes: pd.DataFrame,
    loci: pd.DataFrame,
    *,
    options: RunOptions,
    progress: Progress,
    shard: Shard | None = None,
    workers: int | None = 1,
) -> FineMapTables:
    """Learn or take the prior, fit every locus, and collect the tables.

    The prior is learned from all loci, in one process, whichever are fitted here; so the tables
    of the prior are the same in every shard.

    Parameters
    ----------
    data : mapping
        Locus name to LocusData, from ``prepare_loci``.
    changes : DataFrame
        One row per variant that changes a residue, from ``residue_changes``: the key of
        ``sumstats``, ``gene``, ``uniprot``, ``residue_change``, ``log_lik_ratio``.
    loci : DataFrame
        Table ``loci``.
    options : RunOptions
    progress : callable
        Called with (what, done, total).
    shard : tuple (i, N), optional
        Fit the i-th of N parts of the loci.
    workers : int, optional
        Processes, each with a locus; all cores that this process may use where None. The tables
        are the same for any number, but for rounding where BLAS has several threads. A script
        that asks for several keeps its own work under ``if __name__ == "__main__":``, for each
        process imports it.

    Returns
    -------
    FineMapTables

    Raises
    ------
    InputError
        A locus cannot be fitted (the message names it) or a coefficient has no annotation.
    """
    variants = _annotated_variants(data, changes)
    variants["prior"], coefficients, by_locus, prior_fit = _prior(
        data, variants, options=options, progress=progress
    )
    described = {str(row["locus"]): row for row in loci.to_dict("records")}
    parts = {str(name): part.reset_index(drop=True)
             for name, part in variants.groupby("locus", sort=False)}  # fmt: skip
    mine = list(parts)[shard_slice(len(parts), shard, what="loci")]
    tasks = ((data[name], parts[name]) for name in mine)
    fitted = map_tasks(partial(_fit_locus, options), tasks, workers=workers, kind="processes")
    tables, rows, sets = [], [], []
    for done, (name, fits) in enumerate(zip(mine, fitted, strict=True), start=1):
        told = variant_rows(parts[name], fits)
        tables.append(told)
        rows.append(describe_locus(described[name], data[name], fits, told=told, options=options))
        sets += describe_sets(name, fits, told)
        progress("fine-mapping loci: plain, flat prior, informed prior", done, len(mine))
    return FineMapTables(
        variants=VARIANTS.validate(pd.concat(tables, ignore_index=True)[VARIANTS.names]),
        loci=FINEMAP_LOCI.validate(pd.DataFrame(rows)),
        credible_sets=CREDIBLE_SETS.validate(pd.DataFrame(sets, columns=CREDIBLE_SETS.names)),
        prior_coefficients=coefficients,
        prior_by_locus=by_locus,
        prior_fit=prior_fit,
    )


def learn_prior(
    data: Mapping[str, LocusData],
    changes: pd.DataFrame,
    *,
    options: RunOptions,
    progress: Progress,
) -> PriorFit:
    """Learn the prior's coefficients over the loci (arguments as in ``finemap_loci``).

    Raises
    ------
    InputError
        No variant of the loci changes a residue, so there is nothing to learn from.
    """
    variants = _annotated_variants(data, changes)
    annotations = prior_annotations(variants)
    terms = _terms(annotations)
    if not terms:
        raise InputError(
            "no variant of the loci has a known residue change, so there is nothing to learn "
            "the prior from; check that --annotations and --scores belong to these summary "
            "statistics"
        )
    return _learn(data, annotations, terms, options=options, progress=progress)


def with_centre(coefficients: pd.DataFrame, variants: pd.DataFrame) -> pd.DataFrame:
    """Coefficients with the score that counts as typical written beside ``log_lik_ratio``."""
    centre = np.where(coefficients["term"] == "log_lik_ratio", score_centre(variants), 0.0)
    return coefficients.assign(centre=centre)


def _annotated_variants(data: Mapping[str, LocusData], changes: pd.DataFrame) -> pd.DataFrame:
    columns = [*SUMSTATS.names, "panel_eaf"]
    parts = [locus.variants[columns].assign(locus=name) for name, locus in data.items()]
    keep = [*SUMSTATS.key, "gene", "uniprot", "residue_change", "log_lik_ratio"]
    return pd.concat(parts, ignore_index=True).merge(
        changes[keep], on=list(SUMSTATS.key), how="left", validate="many_to_one"
    )


def _terms(annotations: pd.DataFrame) -> list[str]:
    return [term for term in TERMS if annotations[term].ne(0).any()]


def _learn(
    data: Mapping[str, LocusData],
    annotations: pd.DataFrame,
    terms: list[str],
    *,
    options: RunOptions,
    progress: Progress,
) -> PriorFit:
    """Learn from the loci where a term varies; the others have nothing to say."""
    told = annotations[terms].ne(0).any(axis=1).groupby(annotations["locus"]).transform("any")
    return fit_prior(
        annotations[told],
        lambda weights: {
            name: data[name].fit(options, w, learning=True) for name, w in weights.items()
        },
        terms=terms,
        progress=lambda step, of, text: progress(f"learning the prior ({text})", step, of),
    )


def _prior(
    data: Mapping[str, LocusData],
    variants: pd.DataFrame,
    *,
    options: RunOptions,
    progress: Progress,
) -> tuple[pd.Series, pd.DataFrame, pd.DataFrame, PriorFit | None]:
    """Weights per variant, the coefficients, those each locus was given, how they were learned."""
    annotations = prior_annotations(variants)
    prior_fit = None
    if options.prior_coefficients is not None:
        coefficients = given_coefficients(options.prior_coefficients, annotations)
    elif terms := _terms(annotations):
        prior_fit = _learn(data, annotations, terms, options=options, progress=progress)
        coefficients = prior_fit.coefficients
    else:
        coefficients = PRIOR_COEFFICIENTS.validate(PRIOR_COEFFICIENTS.empty())
    by_locus = _by_locus(list(data), coefficients, prior_fit if options.cross_fit else None)
    parts = [
        prior_weights(rows, by_locus[by_locus["locus"] == name])
        for name, rows in annotations.groupby("locus", sort=False)
    ]
    weights = pd.concat(parts).reindex(annotations.index)
    return weights, with_centre(coefficients, variants), by_locus, prior_fit


def _by_locus(
    names: list[str], coefficients: pd.DataFrame, prior_fit: PriorFit | None
) -> pd.DataFrame:
    """Per locus what the others support; where a locus taught nothing that is the joint fit."""
    joint = dict(zip(coefficients["term"], coefficients["estimate"], strict=True))
    others = {} if prior_fit is None else prior_fit.left_out.to_dict("index")
    rows = [
        (name, term, value) for name in names for term, value in others.get(name, joint).items()
    ]
    return PRIOR_BY_LOCUS.validate(pd.DataFrame(rows, columns=PRIOR_BY_LOCUS.names))


def _fit_locus(options: RunOptions, task: tuple[LocusData, pd.DataFrame]) -> LocusFits:
    """All fits of a locus on one LD matrix."""
    locus, part = task
    with locus.named(), locus.holding_ld() as ld:
        missense = part["residue_change"].notna().to_numpy()
        flat = locus.fit(options)
        strong = flat
        if missense.any():
            strong = locus.fit(options, np.where(missense, STRONG_ODDS, 1.0))
        s = estimate_s_rss(locus.z, ld, locus.n)
        lead = int(part["neg_log10_p"].to_numpy().argmax())
        informed = locus.fit(options, part["prior"].to_numpy())
        return LocusFits(
            plain=locus.fit(options, plain=True),
            flat=flat,
            informed=informed,
            pip_strong=strong.pip,
            s=s,
            kriging=kriging_rss(locus.z, ld, locus.n, s=s),
            r_lead=ld.R[lead].copy(),
            r2_sets=_r2_with_sets(ld, informed),
        )


def _r2_with_sets(ld: LDMatrix, fit: FineMapResult) -> np.ndarray:
    """Largest squared correlation of each variant with a member of any credible set."""
    members = [credible_set.variants for credible_set in fit.credible_sets]
    if not members:
        return np.zeros(ld.p)
    return np.square(ld.R[np.unique(np.concatenate(members))]).max(axis=0)
