"""Fine-map all loci three ways (plain, flat prior, informed prior) and write it as tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.finemap import KrigingResult, estimate_s_rss, kriging_rss
from seqgen.pipeline.locus_data import LocusData
from seqgen.pipeline.options import RunOptions
from seqgen.priors import (
    TERMS,
    PriorFit,
    fit_prior,
    given_coefficients,
    prior_annotations,
    prior_weights,
)
from seqgen.results import FineMapResult
from seqgen.schemas import CREDIBLE_SETS, FINEMAP_LOCI, PRIOR_COEFFICIENTS, SUMSTATS, VARIANTS

S_WARN = 0.05
# Relative prior odds of a missense variant in the fit that shows how far belief would carry.
STRONG_ODDS = 10.0
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class FineMapTables:
    """What fine-mapping leaves: four tables and the learned prior, if one was learned."""

    variants: pd.DataFrame
    loci: pd.DataFrame
    credible_sets: pd.DataFrame
    prior_coefficients: pd.DataFrame
    prior_fit: PriorFit | None


@dataclass(frozen=True)
class _LocusFits:
    plain: FineMapResult
    flat: FineMapResult
    informed: FineMapResult
    pip_strong: np.ndarray
    s: float
    kriging: KrigingResult

    def by_name(self) -> dict[str, FineMapResult]:
        return {"plain": self.plain, "flat": self.flat, "informed": self.informed}


def finemap_loci(
    data: Mapping[str, LocusData],
    changes: pd.DataFrame,
    loci: pd.DataFrame,
    options: RunOptions,
    progress: Progress,
) -> FineMapTables:
    """Learn or take the prior, fit every locus, and collect the tables.

    Parameters
    ----------
    data : mapping
        Locus name to LocusData.
    changes : DataFrame
        One row per variant that changes a residue: the key of ``sumstats``, ``gene``,
        ``uniprot``, ``residue_change``, ``log_lik_ratio``.
    loci : DataFrame
        Table ``loci``.
    """
    variants = _annotated_variants(data, changes)
    annotations = prior_annotations(variants)
    weights, coefficients, prior_fit = _prior(data, annotations, options, progress)
    variants["prior"] = weights
    fits = {}
    for done, (name, locus) in enumerate(data.items(), start=1):
        rows = variants["locus"] == name
        missense = variants.loc[rows, "residue_change"].notna().to_numpy()
        fits[name] = _fit_locus(locus, (weights[rows].to_numpy(), missense), options)
        progress("fine-mapping loci: plain, flat prior, informed prior", done, len(data))
    table = pd.concat(
        [
            _with_fits(part, data[str(name)], fits[str(name)])
            for name, part in variants.groupby("locus", sort=False)
        ],
        ignore_index=True,
    )
    return FineMapTables(
        variants=VARIANTS.validate(table[VARIANTS.names]),
        loci=_loci_table(loci, data, fits, table, options),
        credible_sets=_sets_table(fits, table),
        prior_coefficients=coefficients,
        prior_fit=prior_fit,
    )


def _annotated_variants(data: Mapping[str, LocusData], changes: pd.DataFrame) -> pd.DataFrame:
    columns = [*SUMSTATS.names, "panel_eaf"]
    parts = [locus.variants[columns].assign(locus=name) for name, locus in data.items()]
    keep = [*SUMSTATS.key, "gene", "uniprot", "residue_change", "log_lik_ratio"]
    return pd.concat(parts, ignore_index=True).merge(
        changes[keep], on=list(SUMSTATS.key), how="left", validate="many_to_one"
    )


def learn_prior(
    data: Mapping[str, LocusData],
    changes: pd.DataFrame,
    options: RunOptions,
    progress: Progress,
) -> PriorFit:
    """Learn the prior's coefficients over the loci (arguments as in ``finemap_loci``).

    Raises
    ------
    InputError
        No variant of the loci changes a residue, so there is nothing to learn from.
    """
    annotations = prior_annotations(_annotated_variants(data, changes))
    terms = _terms(annotations)
    if not terms:
        raise InputError(
            "no variant of the loci has a scored residue change, so there is nothing to learn "
            "the prior from; check that --annotations and --scores belong to these summary "
            "statistics"
        )
    return _learn(data, annotations, terms, (options, progress))


def _terms(annotations: pd.DataFrame) -> list[str]:
    return [term for term in TERMS if annotations[term].ne(0).any()]


def _learn(
    data: Mapping[str, LocusData],
    annotations: pd.DataFrame,
    terms: list[str],
    how: tuple[RunOptions, Progress],
) -> PriorFit:
    options, progress = how
    return fit_prior(
        annotations,
        lambda weights: {name: data[name].fit(options, w) for name, w in weights.items()},
        terms=terms,
        progress=lambda step, of, text: progress(f"learning the prior ({text})", step, of),
    )


def _prior(
    data: Mapping[str, LocusData],
    annotations: pd.DataFrame,
    options: RunOptions,
    progress: Progress,
) -> tuple[pd.Series, pd.DataFrame, PriorFit | None]:
    """Prior weights per variant, the coefficients behind them, and how they were learned."""
    if options.prior_coefficients is not None:
        given = given_coefficients(options.prior_coefficients, annotations)
        return prior_weights(annotations, given), given, None
    terms = _terms(annotations)
    if not terms:
        flat = PRIOR_COEFFICIENTS.validate(PRIOR_COEFFICIENTS.empty())
        share = annotations.groupby("locus")["locus"].transform("size").astype(float)
        return 1.0 / share, flat, None
    prior_fit = _learn(data, annotations, terms, (options, progress))
    if not options.cross_fit:
        weights = prior_weights(annotations, prior_fit.coefficients)
        return weights, prior_fit.coefficients, prior_fit
    parts = []
    for name, rows in annotations.groupby("locus", sort=False):
        own = prior_fit.left_out.loc[name]
        parts.append(
            prior_weights(rows, pd.DataFrame({"term": own.index, "estimate": own.to_numpy()}))
        )
    return pd.concat(parts).reindex(annotations.index), prior_fit.coefficients, prior_fit


def _fit_locus(
    locus: LocusData, beliefs: tuple[np.ndarray, np.ndarray], options: RunOptions
) -> _LocusFits:
    """All fits of a locus; ``beliefs`` are its prior weights and which variants are missense."""
    prior, missense = beliefs
    s = estimate_s_rss(locus.z, locus.ld(), locus.n)
    flat = locus.fit(options)
    strong = flat
    if missense.any():
        strong = locus.fit(options, np.where(missense, STRONG_ODDS, 1.0))
    return _LocusFits(
        plain=locus.fit(options, plain=True),
        flat=flat,
        pip_strong=strong.pip,
        informed=locus.fit(options, prior),
        s=s,
        kriging=kriging_rss(locus.z, locus.ld(), locus.n, s=s),
    )


def _with_fits(part: pd.DataFrame, locus: LocusData, fits: _LocusFits) -> pd.DataFrame:
    lead = int(part["neg_log10_p"].to_numpy().argmax())
    informed, flat = fits.informed.to_frame(), fits.flat.to_frame()
    return part.reset_index(drop=True).assign(
        r_lead=locus.ld().R[lead],
        pip_plain=fits.plain.pip,
        pip_flat=flat["pip"],
        pip=informed["pip"],
        pip_strong=fits.pip_strong,
        cs_id_flat=flat["cs_id"],
        cs_id=informed["cs_id"],
        z_expected=fits.kriging.condmean,
        ld_consistent=~fits.kriging.switched,
    )


def _loci_table(
    loci: pd.DataFrame,
    data: Mapping[str, LocusData],
    fits: Mapping[str, _LocusFits],
    variants: pd.DataFrame,
    options: RunOptions,
) -> pd.DataFrame:
    rows = []
    for _, row in loci[loci["locus"].isin(list(data))].iterrows():
        name = str(row["locus"])
        locus, fit = data[name], fits[name]
        part = variants[variants["locus"] == name]
        rows.append(
            {
                **row.to_dict(),
                "n_finemapped": len(part),
                "n_missense": int(part["residue_change"].notna().sum()),
                "panel": locus.panel.name,
                "panel_n": locus.panel.n_people,
                "gwas_n": locus.n if locus.n is not None else np.nan,
                "ld_correction": options.ld_correction,
                "s": fit.s,
                "n_inconsistent": int((~part["ld_consistent"]).sum()),
                "n_sets_plain": len(fit.plain.credible_sets),
                "n_sets_flat": len(fit.flat.credible_sets),
                "n_sets": len(fit.informed.credible_sets),
                "converged": fit.informed.converged,
                "warnings": "; ".join(_warnings(locus, fit, part, options)) or None,
            }
        )
    return FINEMAP_LOCI.validate(pd.DataFrame(rows))


def _warnings(
    locus: LocusData, fit: _LocusFits, part: pd.DataFrame, options: RunOptions
) -> list[str]:
    """What a reader has to know about this locus, in plain words."""
    told = []
    if options.ld_correction == "none":
        told.append("LD was taken as exact (no panel correction was asked for)")
    elif locus.n is not None and locus.n > 10 * locus.panel.n_people:
        told.append(
            f"LD comes from {locus.panel.n_people} people, the GWAS from {locus.n:,.0f}: sets "
            "beyond the strongest signal are fragile"
        )
    if fit.s > S_WARN:
        told.append(f"z scores and panel LD disagree (s = {fit.s:.3f})")
    inconsistent = int((~part["ld_consistent"]).sum())
    if inconsistent:
        told.append(
            f"at {inconsistent} variants the panel foretells z with the other sign (alleles "
            "switched, or LD that differs)"
        )
    false_looking = part[(part["pip_plain"] > 0.5) & (part["z"].abs() < 2)]
    if len(false_looking):
        names = ", ".join(
            f"{r.rsid} (pip {r.pip_plain:.2f}, z {r.z:.1f})" for r in false_looking.itertuples()
        )
        told.append(f"the uncorrected fit would have named variants without association: {names}")
    if not fit.informed.converged:
        told.append("the fit did not converge")
    told += [text for text in fit.informed.warnings if text not in told]
    return told


def _sets_table(fits: Mapping[str, _LocusFits], variants: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for name, locus_fits in fits.items():
        part = variants[variants["locus"] == name].reset_index(drop=True)
        for fit_name, fit in locus_fits.by_name().items():
            for number, credible_set in enumerate(fit.credible_sets, start=1):
                members = part.iloc[credible_set.variants]
                top = int(credible_set.variants[np.argmax(fit.pip[credible_set.variants])])
                missense = members[members["residue_change"].notna()]
                rows.append(
                    {
                        "locus": name,
                        "fit": fit_name,
                        "cs_id": number,
                        "n_variants": len(members),
                        "coverage": credible_set.coverage,
                        "min_abs_corr": credible_set.min_abs_corr,
                        "log_bayes_factor": credible_set.log_bayes_factor,
                        "top_rsid": part["rsid"].iloc[top],
                        "top_pip": fit.pip[top],
                        "top_z": part["z"].iloc[top],
                        "missense": ", ".join(
                            missense["gene"].fillna(missense["uniprot"])
                            + " "
                            + missense["residue_change"]
                        )
                        or None,
                    }
                )
    return CREDIBLE_SETS.validate(pd.DataFrame(rows, columns=CREDIBLE_SETS.names))
