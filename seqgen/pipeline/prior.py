"""The prior of a run: learned from its loci, judged on loci held out, or as given."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.parallel import map_tasks
from seqgen.pipeline.locus_data import LocusData
from seqgen.pipeline.options import Progress, RunOptions
from seqgen.priors import (
    GENE_MODEL_TERMS,
    PriorEvaluation,
    PriorFit,
    evaluate_prior,
    fit_prior,
    given_coefficients,
    prior_annotations,
    prior_weights,
    score_centre,
)
from seqgen.results import FineMapResult
from seqgen.schemas import PRIOR_BY_LOCUS, PRIOR_COEFFICIENTS, SUMSTATS

# Folds of at least two loci from which, and one on which, there is something to judge.
FEWEST_JUDGED = 4
_ROUNDS = 30


@dataclass(frozen=True)
class RunPrior:
    """What the loci are given, and how it came about.

    Attributes
    ----------
    coefficients : DataFrame
        Table ``prior_coefficients``: those in use, zeros where the prior is shrunk to the flat.
    fit : PriorFit or None
        How they were learned; None where they were given or there was nothing to learn from.
    judged : PriorEvaluation or None
        Their worth on held-out loci; None where it was not asked for or cannot be told.
    verdict : str or None
        One sentence on that.
    """

    coefficients: pd.DataFrame
    fit: PriorFit | None = None
    judged: PriorEvaluation | None = None
    verdict: str | None = None

    @property
    def flat(self) -> bool:
        """Whether the prior was learned and then shrunk to the flat one."""
        return self.verdict is not None and (self.judged is None or not self.judged.helps)


def run_prior(
    data: Mapping[str, LocusData],
    annotations: pd.DataFrame,
    *,
    options: RunOptions,
    progress: Progress,
    workers: int | None = 1,
) -> RunPrior:
    """Take the coefficients given, or learn and judge them.

    Parameters
    ----------
    data : mapping
        Locus name to LocusData.
    annotations : DataFrame
        What `prior_annotations` gives for all variants of the loci.
    options : RunOptions
    progress : callable
        Called with (what, done, total).
    workers : int, optional
        Threads, each with a locus; all cores that this process may use where None.

    Returns
    -------
    RunPrior
    """
    if options.prior_coefficients is not None:
        return RunPrior(given_coefficients(options.prior_coefficients, annotations))
    terms = terms_of(annotations)
    if not terms:
        return RunPrior(PRIOR_COEFFICIENTS.validate(PRIOR_COEFFICIENTS.empty()))
    if not options.held_out:
        fit = learn(data, annotations, terms, options=options, progress=progress, workers=workers)
        return RunPrior(fit.coefficients, fit)
    told = _telling(annotations, terms)
    loci = told["locus"].nunique()
    if loci < FEWEST_JUDGED:
        fit = learn(data, annotations, terms, options=options, progress=progress, workers=workers)
        return RunPrior(
            fit.coefficients.assign(estimate=0.0, source="silenced"),
            fit,
            verdict=f"{loci} {'locus has' if loci == 1 else 'loci have'} annotated variants, too "
            f"few to judge a prior on loci held out (that takes at least four loci), so it is "
            "shrunk to the flat one",
        )
    judged = evaluate_prior(
        told, fine_mapper(data, options, progress, of=_ROUNDS, workers=workers), terms=terms,
        penalty_sd=penalty_of_scores(annotations),
    )  # fmt: skip
    progress("learning the prior and judging it on held-out loci", 1, 1)
    return RunPrior(judged.coefficients, judged.fit, judged, judged.verdict)


def learn(
    data: Mapping[str, LocusData],
    annotations: pd.DataFrame,
    terms: list[str],
    *,
    options: RunOptions,
    progress: Progress,
    workers: int | None = 1,
) -> PriorFit:
    """Learn from the loci where a term varies; the others have nothing to say."""
    return fit_prior(
        _telling(annotations, terms),
        fine_mapper(data, options, workers=workers),
        terms=terms,
        penalty_sd=penalty_of_scores(annotations),
        progress=lambda step, of, text: progress(f"learning the prior ({text})", step, of),
    )


def fine_mapper(
    data: Mapping[str, LocusData],
    options: RunOptions,
    progress: Progress | None = None,
    *,
    of: int = 0,
    workers: int | None = 1,
) -> Callable[[Mapping[str, np.ndarray]], Mapping[str, FineMapResult]]:
    """Fine-mapping of several loci under prior weights, as the learners ask for it."""
    rounds = 0

    def fine_map(weights: Mapping[str, np.ndarray]) -> Mapping[str, FineMapResult]:
        nonlocal rounds
        if progress:
            rounds += 1
            progress("learning the prior and judging it on held-out loci", min(rounds, of - 1), of)
        fits = map_tasks(fit, list(weights.items()), workers=workers)
        return dict(zip(weights, fits, strict=True))

    def fit(task: tuple[str, np.ndarray]) -> FineMapResult:
        name, told = task
        return data[name].fit(options, told, learning=True)

    return fine_map


def terms_of(annotations: pd.DataFrame) -> list[str]:
    """Terms that any variant has."""
    terms = [str(name) for name in annotations.columns if name != "locus"]
    return [term for term in terms if annotations[term].ne(0).any()]


def penalty_of_scores(annotations: pd.DataFrame) -> dict[str, float]:
    """Penalty of each published score: a standard deviation of it may change the log odds by one.

    Their units differ too much for one penalty per unit (AlphaMissense 0 to 1, CADD 0 to 99).
    """
    scores = [term for term in terms_of(annotations) if term not in GENE_MODEL_TERMS]
    there = annotations[scores].where(annotations[scores].ne(0))
    spread = np.sqrt(there.pow(2).mean())
    return {name: float(1 / spread[name]) for name in scores}


def annotated_variants(
    data: Mapping[str, LocusData], changes: pd.DataFrame, published: Sequence[str] = ()
) -> pd.DataFrame:
    """Variants of all loci with the residue change and scores of those that have them."""
    columns = [*SUMSTATS.names, "panel_eaf"]
    parts = [locus.variants[columns].assign(locus=name) for name, locus in data.items()]
    keep = [*SUMSTATS.key, "gene", "uniprot", "residue_change", "log_lik_ratio"]
    keep += [name for name in ("consequence", "hgvs_p") if name in changes]
    keep += published
    return pd.concat(parts, ignore_index=True).merge(
        changes[keep], on=list(SUMSTATS.key), how="left", validate="many_to_one"
    )


def learn_prior(
    data: Mapping[str, LocusData],
    changes: pd.DataFrame,
    *,
    options: RunOptions,
    progress: Progress,
) -> RunPrior:
    """The prior that a run over these loci learns (arguments as in ``finemap_loci``).

    Raises
    ------
    InputError
        No variant of the loci changes a residue, so there is nothing to learn from.
    """
    annotations = prior_annotations(annotated_variants(data, changes))
    if not terms_of(annotations):
        raise InputError(
            "no variant of the loci has a known residue change, so there is nothing to learn "
            "the prior from; check that --annotations and --scores belong to these summary "
            "statistics"
        )
    return run_prior(data, annotations, options=options, progress=progress)


def with_centre(
    coefficients: pd.DataFrame, variants: pd.DataFrame, published: Sequence[str] = ()
) -> pd.DataFrame:
    """Coefficients with the score that counts as typical written beside that of each score."""
    typical = {name: float(variants[name].mean()) for name in published}
    typical["log_lik_ratio"] = score_centre(variants)
    return coefficients.assign(centre=[typical.get(term, 0.0) for term in coefficients["term"]])


def weights_by_locus(
    prior: RunPrior, annotations: pd.DataFrame, *, cross_fit: bool
) -> tuple[pd.Series, pd.DataFrame]:
    """Prior weight of each variant, and the table ``prior_by_locus``.

    A locus is given what the others support; one that taught nothing, the joint fit.
    """
    table = prior.coefficients
    joint = dict(zip(table["term"], table["estimate"], strict=True))
    own = cross_fit and prior.fit is not None and not prior.flat
    others = prior.fit.left_out.to_dict("index") if own and prior.fit else {}
    rows = [
        (name, term, value)
        for name in annotations["locus"].unique()
        for term, value in others.get(name, joint).items()
    ]
    by_locus = PRIOR_BY_LOCUS.validate(pd.DataFrame(rows, columns=PRIOR_BY_LOCUS.names))
    parts = [
        prior_weights(told, by_locus[by_locus["locus"] == name])
        for name, told in annotations.groupby("locus", sort=False)
    ]
    return pd.concat(parts).reindex(annotations.index), by_locus


def _telling(annotations: pd.DataFrame, terms: list[str]) -> pd.DataFrame:
    """Rows of the loci where any term is not zero."""
    told = annotations[terms].ne(0).any(axis=1).groupby(annotations["locus"]).transform("any")
    return annotations[told]
