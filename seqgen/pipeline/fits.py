"""Fine-map all loci three ways: plain, under the flat prior, under the informed prior."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from seqgen.finemap import LDMatrix, estimate_s_rss
from seqgen.finemap.consistency import check_consistency
from seqgen.parallel import Shard, map_tasks, shard_slice
from seqgen.pipeline.fit_tables import LocusFits, describe_locus, describe_sets, variant_rows
from seqgen.pipeline.ld_checks import consistency_rows, repair_loci
from seqgen.pipeline.locus_data import LocusData
from seqgen.pipeline.options import Progress, RunOptions
from seqgen.pipeline.prior import (
    RunPrior,
    annotated_variants,
    run_prior,
    weights_by_locus,
    with_centre,
)
from seqgen.priors import prior_annotations
from seqgen.residues import loss_of_function
from seqgen.results import FineMapResult
from seqgen.schemas import (
    CREDIBLE_SETS,
    FINEMAP_LOCI,
    LD_CONSISTENCY,
    VARIANTS,
)

# Relative prior odds of a missense variant in the fit that shows how far belief would carry.
STRONG_ODDS = 10.0


@dataclass(frozen=True)
class FineMapTables:
    """What fine-mapping leaves.

    Attributes
    ----------
    variants, loci, credible_sets, prior_coefficients, prior_by_locus : DataFrame
        The tables of these names (``loci`` is the table ``finemap_loci``).
    prior : RunPrior
        How the prior was learned, and what it is worth on held-out loci.
    ld_consistency, drops : DataFrame
        Every variant's z against the LD, and counts of what was repaired.
    """

    variants: pd.DataFrame
    loci: pd.DataFrame
    credible_sets: pd.DataFrame
    prior_coefficients: pd.DataFrame
    prior_by_locus: pd.DataFrame
    prior: RunPrior
    ld_consistency: pd.DataFrame
    drops: pd.DataFrame


def finemap_loci(
    data: Mapping[str, LocusData],
    changes: pd.DataFrame,
    loci: pd.DataFrame,
    *,
    options: RunOptions,
    progress: Progress,
    shard: Shard | None = None,
    workers: int | str | None = 1,
    published: Sequence[str] = (),
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
    workers : int or str, optional
        Processes, each with a locus (threads while the prior is learned, which share the LD);
        all cores that this process may use where None. The tables
        are the same for any number, but for rounding where BLAS has several threads. A script
        that asks for several keeps its own work under ``if __name__ == "__main__":``, for each
        process imports it. Or a cluster, as `seqgen.parallel.cluster` takes it, whose workers
        see the panel's files; the prior is then learned here, on all cores.
    published : sequence of str
        Columns of ``changes`` that hold scores of others, which the table ``variants`` gets; with
        ``options.scores_in_prior`` each is a term of the prior.

    Returns
    -------
    FineMapTables

    Raises
    ------
    InputError
        A locus cannot be fitted (the message names it) or a coefficient has no annotation.
    """
    data, repairs = repair_loci(data, options)
    variants = annotated_variants(data, changes, published)
    scores = published if options.scores_in_prior else ()
    annotations = prior_annotations(variants, scores=scores)
    threads = None if isinstance(workers, str) else workers
    prior = run_prior(data, annotations, options=options, progress=progress, workers=threads)
    weights, by_locus = weights_by_locus(prior, annotations, cross_fit=options.cross_fit)
    variants["prior"] = weights
    described = {str(row["locus"]): row for row in loci.to_dict("records")}
    parts = {str(name): part.reset_index(drop=True)
             for name, part in variants.groupby("locus", sort=False)}  # fmt: skip
    mine = list(parts)[shard_slice(len(parts), shard, what="loci")]
    tasks = ((data[name], parts[name]) for name in mine)
    fitted = map_tasks(partial(_fit_locus, options), tasks, workers=workers, kind="processes")
    tables, rows, sets, checks = [], [], [], []
    for done, (name, fits) in enumerate(zip(mine, fitted, strict=True), start=1):
        told = variant_rows(parts[name], fits)
        tables.append(told)
        rows.append(describe_locus(described[name], data[name], fits, told=told, options=options))
        sets += describe_sets(name, fits, told)
        checks.append(consistency_rows(data[name], fits.consistency))
        progress("fine-mapping loci: plain, flat prior, informed prior", done, len(mine))
    return FineMapTables(
        variants=VARIANTS.validate(_columns(pd.concat(tables, ignore_index=True), published)),
        loci=FINEMAP_LOCI.validate(pd.DataFrame(rows)),
        credible_sets=CREDIBLE_SETS.validate(pd.DataFrame(sets, columns=CREDIBLE_SETS.names)),
        prior_coefficients=with_centre(prior.coefficients, variants, published),
        prior_by_locus=by_locus,
        prior=prior,
        ld_consistency=LD_CONSISTENCY.validate(pd.concat(checks, ignore_index=True)),
        drops=repairs,
    )


def _columns(table: pd.DataFrame, published: Sequence[str]) -> pd.DataFrame:
    """Those of the table ``variants``, of which runs by rsID lack what gene models tell."""
    return table[[*(name for name in VARIANTS.names if name in table), *published]]


def _fit_locus(options: RunOptions, task: tuple[LocusData, pd.DataFrame]) -> LocusFits:
    """All fits of a locus on one LD matrix."""
    locus, part = task
    with locus.named(), locus.holding_ld() as ld:
        believed = part["residue_change"].notna()
        if "consequence" in part:
            believed |= loss_of_function(part)
        missense = believed.to_numpy()
        flat = locus.fit(options)
        strong = flat
        if missense.any():
            strong = locus.fit(options, np.where(missense, STRONG_ODDS, 1.0))
        lead = int(part["neg_log10_p"].to_numpy().argmax())
        prior = part["prior"].to_numpy()
        informed = flat if (prior == prior[0]).all() else locus.fit(options, prior)
        return LocusFits(
            plain=locus.fit(options, plain=True),
            flat=flat,
            informed=informed,
            pip_strong=strong.pip,
            s=estimate_s_rss(locus.z, ld, locus.n),
            lambda_=estimate_s_rss(locus.z, ld, locus.n, method="null-partialmle"),
            consistency=check_consistency(locus.z, ld, locus.n),
            r_lead=ld.R[lead].copy(),
            r2_sets=_r2_with_sets(ld, informed),
        )


def _r2_with_sets(ld: LDMatrix, fit: FineMapResult) -> np.ndarray:
    """Largest squared correlation of each variant with a member of any credible set."""
    members = [credible_set.variants for credible_set in fit.credible_sets]
    if not members:
        return np.zeros(ld.p)
    return np.square(ld.R[np.unique(np.concatenate(members))]).max(axis=0)
