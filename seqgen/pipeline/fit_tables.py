"""What the fits of one locus say, as rows of tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from seqgen.finemap.consistency import ConsistencyResult
from seqgen.pipeline.locus_data import LocusData
from seqgen.pipeline.options import RunOptions
from seqgen.results import FineMapResult

S_WARN = 0.05
_MOST_NAMED = 6
_SIGNIFICANT = 7.30103  # -log10 of 5e-8
_APART = 0.1


@dataclass(frozen=True)
class LocusFits:
    """The fits of one locus and its diagnosis.

    Attributes
    ----------
    plain, flat, informed : FineMapResult
    pip_strong, r_lead, r2_sets : ndarray, shape (p,)
        PIP under the strong prior; LD (r) with the locus' lead variant; largest r squared with
        a member of a credible set of the informed fit.
    s, lambda_ : float
        `estimate_s_rss` by maximum likelihood, and in the null space of the LD.
    consistency : ConsistencyResult
    """

    plain: FineMapResult
    flat: FineMapResult
    informed: FineMapResult
    pip_strong: np.ndarray
    s: float
    lambda_: float
    consistency: ConsistencyResult
    r_lead: np.ndarray
    r2_sets: np.ndarray

    def by_name(self) -> dict[str, FineMapResult]:
        """The fits under the names that the table ``credible_sets`` uses."""
        return {"plain": self.plain, "flat": self.flat, "informed": self.informed}


def variant_rows(part: pd.DataFrame, fits: LocusFits) -> pd.DataFrame:
    """Rows of the table ``variants`` for one locus."""
    informed, flat = fits.informed.to_frame(), fits.flat.to_frame()
    return part.assign(
        r_lead=fits.r_lead,
        pip_plain=fits.plain.pip,
        pip_flat=flat["pip"],
        pip=informed["pip"],
        pip_strong=fits.pip_strong,
        cs_id_flat=flat["cs_id"],
        cs_id=informed["cs_id"],
        z_expected=fits.consistency.z_expected,
        ld_consistent=fits.consistency.verdict == "ok",
    )


def describe_locus(
    row: dict[Any, Any],
    locus: LocusData,
    fits: LocusFits,
    *,
    told: pd.DataFrame,
    options: RunOptions,
) -> dict[str, Any]:
    """Row of the table ``finemap_loci``; ``told`` are the locus' rows of ``variants``."""
    return {
        **row,
        "n_finemapped": len(told),
        "n_missense": int(told["residue_change"].notna().sum()),
        "panel": locus.panel.name,
        "panel_n": locus.n_people,
        "gwas_n": locus.n if locus.n is not None else np.nan,
        "ld_correction": options.ld_correction,
        "s": fits.s,
        "n_inconsistent": int((~told["ld_consistent"]).sum()),
        "n_flipped": int(fits.consistency.flipped.sum()),
        "lambda": fits.lambda_,
        "n_sets_plain": len(fits.plain.credible_sets),
        "n_sets_flat": len(fits.flat.credible_sets),
        "n_sets": len(fits.informed.credible_sets),
        "converged": fits.informed.converged,
        "warnings": "; ".join(_warnings(locus, fits, told=told, options=options)) or None,
    }


def describe_sets(name: str, fits: LocusFits, told: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of the table ``credible_sets`` for one locus."""
    rows = []
    for fit_name, fit in fits.by_name().items():
        for number, credible_set in enumerate(fit.credible_sets, start=1):
            members = told.iloc[credible_set.variants]
            top = int(credible_set.variants[np.argmax(fit.pip[credible_set.variants])])
            missense = members[members["residue_change"].notna()]
            gene = missense["gene"].fillna(missense["uniprot"])
            rows.append(
                {
                    "locus": name,
                    "fit": fit_name,
                    "cs_id": number,
                    "n_variants": len(members),
                    "coverage": credible_set.coverage,
                    "min_abs_corr": credible_set.min_abs_corr,
                    "log_bayes_factor": credible_set.log_bayes_factor,
                    "top_rsid": told["rsid"].iloc[top],
                    "top_pip": fit.pip[top],
                    "top_z": told["z"].iloc[top],
                    "missense": ", ".join(gene + " " + missense["residue_change"]) or None,
                    "flagged": ", ".join(_places(members[~members["ld_consistent"]])) or None,
                }
            )
    return rows


def _warnings(
    locus: LocusData, fits: LocusFits, *, told: pd.DataFrame, options: RunOptions
) -> list[str]:
    """What a reader has to know about this locus, in plain words."""
    found = []
    if options.ld_correction == "none":
        found.append("LD was taken as exact (no correction was asked for)")
    elif locus.n is not None and locus.n > 10 * locus.n_people:
        found.append(
            f"LD comes from {locus.n_people} people, the GWAS from {locus.n:,.0f}: sets "
            "beyond the strongest signal are fragile"
        )
    if fits.s > S_WARN:
        found.append(f"z scores and LD disagree (s = {fits.s:.3f})")
    found += _contradictions(fits.consistency, told)
    apart = told[(told["neg_log10_p"] > _SIGNIFICANT) & (fits.r2_sets < _APART)]
    if len(apart):
        best = apart.iloc[int(apart["neg_log10_p"].to_numpy().argmax())]
        place = f"{best['chrom']}:{best['pos']}" if pd.isna(best["rsid"]) else best["rsid"]
        found.append(
            f"{len(apart)} variants with p < 5e-8 are not in LD (r² < {_APART}) with any credible "
            f"set, {place} first (p = 1e-{best['neg_log10_p']:.0f}): there may be further signals "
            "that this LD cannot tell from its own mismatch"
        )
    ghosts = told[(told["pip_plain"] > 0.5) & (told["z"].abs() < 2)]
    if len(ghosts) and options.ld_correction != "none":
        found.append(
            "the uncorrected fit would have named variants without association: "
            + _named(ghosts, "pip_plain")
        )
    if not fits.informed.converged:
        found.append("the fit did not converge")
    return found + [text for text in fits.informed.warnings if text not in found]


def _contradictions(check: ConsistencyResult, told: pd.DataFrame) -> list[str]:
    """Which variants contradict the LD, and the remedy."""
    if check.stopped:
        return [text.rstrip(".") for text in check.warnings]
    found = []
    for verdict, what, remedy in (
        ("flipped", "with alleles that look switched", "check alleles, or run with --fix-flips"),
        (
            "inconsistent",
            "with a z that contradicts the LD",
            "see whether the result hangs on them with --drop-inconsistent",
        ),
    ):
        places = _places(told[check.verdict == verdict])
        if places:
            more = len(places) - _MOST_NAMED
            names = ", ".join(places[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
            many = "variant" if len(places) == 1 else "variants"
            found.append(f"{len(places)} {many} {what} ({names}): {remedy}")
    return found


def _places(rows: pd.DataFrame) -> list[str]:
    """rsID, or place where there is none."""
    place = rows["chrom"] + ":" + rows["pos"].astype(str)
    return list(rows["rsid"].fillna(place))


def _named(rows: pd.DataFrame, column: str) -> str:
    """Variants with their PIP and z, by rsID or place; the first few of many."""
    labels = _places(rows)
    texts = [
        f"{label} (pip {pip:.2f}, z {z:.1f})"
        for label, pip, z in zip(labels, rows[column], rows["z"], strict=True)
    ]
    more = len(texts) - _MOST_NAMED
    return ", ".join(texts[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
