"""Assemble the page: figures from ``plots``, numbers from the tables, layout from templates."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from seqgen import plots
from seqgen.report import numbers
from seqgen.report.findings import findings, label
from seqgen.report.notices import notices, plain_claims
from seqgen.report.prose import glossary, held_out_sentences, prior_sentences, summary
from seqgen.report.provenance import from_matrix, ld_words, provenance_rows, published_columns
from seqgen.report.tables import ReportTables
from seqgen.residues import loss_of_function

_MOST_MEMBERS = 40
_FITS = ("informed", "flat", "plain")
FIT_NAMES = {"informed": "informed prior", "flat": "flat prior", "plain": "uncorrected fit"}


@dataclass(frozen=True)
class LocusSection:
    """All that the page says of one locus; tables as lists of records."""

    anchor: str
    row: dict[str, Any]
    place: str
    genes: str
    figure: Markup
    warning: str
    sets: list[dict[str, Any]]
    missense: list[dict[str, Any]]
    lost: list[dict[str, Any]]
    members: list[dict[str, Any]]
    members_left_out: int
    contradictions: list[dict[str, Any]]
    contradictions_left_out: int
    top: dict[str, Any]
    colours_by: str


def render(tables: ReportTables, provenance: Mapping[str, Any], *, title: str) -> str:
    """The whole page as HTML text.

    Parameters
    ----------
    tables : ReportTables
    provenance : mapping
        As for :func:`seqgen.report.write_report`.
    title : str

    Returns
    -------
    str
        One HTML document that refers to nothing outside itself.
    """
    tables = tables.validated()
    build, published = provenance.get("genome_build"), published_columns(provenance)
    sections = [_section(row, tables, build) for row in numbers.records(tables.loci)]
    return environment().get_template("report.html.j2").render(
        title=title,
        summary=summary(tables),
        key_figures=_key_figures(tables),
        findings=findings(tables, published=published),
        notices=notices(tables, provenance),
        funnel_figure=_funnel_figure(tables),
        drops=numbers.records(tables.drops),
        prior_figure=_prior_figure(tables),
        prior_sentences=[
            *held_out_sentences(tables, provenance), *prior_sentences(tables, published)
        ],
        coefficients=numbers.records(tables.prior_coefficients),
        sections=sections,
        all_sets=_sets(tables.credible_sets, fits=_FITS[:2]),
        by_locus={section.row["locus"]: section for section in sections},
        glossary=glossary(ld_words(provenance)),
        ld=ld_words(provenance),
        matrix=from_matrix(provenance),
        published=published,
        provenance=provenance_rows(provenance),
        command=provenance.get("command"),
        inputs=provenance.get("inputs") or [],
        model_card=provenance.get("model_card") or {},
        version=provenance.get("seqgen_version"),
        created=provenance.get("created"),
    )  # fmt: skip


@cache
def environment() -> Environment:
    """Where all pages find templates and ways to write numbers."""
    made = Environment(
        loader=PackageLoader("seqgen.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    names = ("text", "decimal", "pip", "prior", "p_value", "count", "missing", "moment", "short")
    made.filters.update({name: getattr(numbers, name) for name in names})
    made.filters["fit_name"] = FIT_NAMES.__getitem__
    made.globals["megabases"] = numbers.megabases
    made.globals["label"] = label
    return made


def anchor(locus: str) -> str:
    """The locus as an identifier within the page."""
    return "locus-" + re.sub(r"[^0-9A-Za-z]+", "-", locus).strip("-")


def _key_figures(tables: ReportTables) -> list[tuple[str, str]]:
    loci = tables.loci
    changed = tables.variants["residue_change"].notna().sum()
    return [
        (numbers.count(len(loci)), "locus" if len(loci) == 1 else "loci"),
        (numbers.count(len(tables.variants)), "variants fine-mapped"),
        (numbers.count(changed), "of them missense"),
        (numbers.count(loci["n_sets"].sum()), "sets, informed prior"),
        (numbers.count(loci["n_sets_flat"].sum()), "sets, flat prior"),
        (numbers.count(loci["n_sets_plain"].sum()), "sets, uncorrected fit"),
    ]


def _section(row: dict[str, Any], tables: ReportTables, build: str | None) -> LocusSection:
    locus = row["locus"]
    variants = tables.variants[tables.variants["locus"] == locus].reset_index(drop=True)
    changed = variants[variants["residue_change"].notna()]
    changed = changed.sort_values(["pip", "neg_log10_p"], ascending=False, kind="stable")
    inside = variants[variants["cs_id"].notna() | variants["cs_id_flat"].notna()]
    inside = inside.sort_values(["pip", "pip_flat"], ascending=False, kind="stable")
    figure = plots.plot_locus_page(variants, row, genome_build=build)
    name = anchor(locus)
    odd = _contradictions(tables, locus)
    top = variants.iloc[int(np.argmax(variants["pip"].to_numpy()))]
    claims = [
        f"{label(claim)} (PIP {numbers.pip(claim['pip_plain'])} at z = "
        f"{numbers.decimal(claim['z'], 1)})"
        for _, claim in plain_claims(variants).iterrows()
    ]
    return LocusSection(
        anchor=name,
        row=row,
        place=f"chr{row['chrom']}, {numbers.megabases(row['start'], row['end'])}",
        genes=", ".join(dict.fromkeys(changed["gene"].dropna())),
        figure=Markup(plots.figure_to_svg(figure, name)),
        warning=_warning(row["warnings"], claims),
        sets=_sets(tables.credible_sets[tables.credible_sets["locus"] == locus]),
        missense=numbers.records(changed),
        lost=numbers.records(_lost(variants)),
        members=numbers.records(inside.head(_MOST_MEMBERS)),
        members_left_out=max(len(inside) - _MOST_MEMBERS, 0),
        contradictions=numbers.records(odd.head(_MOST_MEMBERS)),
        contradictions_left_out=max(len(odd) - _MOST_MEMBERS, 0),
        top=top.to_dict(),
        colours_by=_other_lead(row, variants),
    )


def _lost(variants: pd.DataFrame) -> pd.DataFrame:
    """Variants that gene models take to destroy a protein, named as HGVS does or by that."""
    if "consequence" not in variants:
        return variants.head(0)
    lost = variants[loss_of_function(variants)]
    lost = lost.assign(residue_change=lost["hgvs_p"].fillna(lost["consequence"]))
    return lost.sort_values(["pip", "neg_log10_p"], ascending=False, kind="stable")


def _contradictions(tables: ReportTables, locus: str) -> pd.DataFrame:
    """Variants of the locus whose z contradicts the LD, the worst first."""
    checks = tables.ld_consistency
    if checks is None:
        return pd.DataFrame()
    odd = checks[(checks["locus"] == locus) & (checks["verdict"] != "ok")]
    return odd.sort_values("p", kind="stable")


def _other_lead(row: dict[str, Any], variants: pd.DataFrame) -> str:
    """Name of the strongest fine-mapped variant where the lead itself was not fine-mapped."""
    if (variants["pos"] == row["lead_pos"]).any():
        return ""
    return label(variants.iloc[int(variants["neg_log10_p"].to_numpy().argmax())])


def _warning(told: Any, claims: list[str]) -> str:
    """The locus' warnings as one sentence, with the uncorrected claims where it lacks them."""
    parts = [] if numbers.missing(told) else [str(told).rstrip(". ")]
    if claims and "uncorrected" not in "".join(parts):
        parts.append("the uncorrected fit would claim, with hardly any association of their own: "
                     + ", ".join(claims))  # fmt: skip
    whole = "; ".join(parts)
    return whole[:1].upper() + whole[1:] + "." if whole else ""


def _sets(credible_sets: pd.DataFrame, fits: tuple[str, ...] = _FITS) -> list[dict[str, Any]]:
    """Credible sets of ``fits`` as records: loci as they come, then fits, then numbers."""
    kept = credible_sets[credible_sets["fit"].isin(fits)]
    kept = kept.assign(
        locus_rank=pd.factorize(kept["locus"])[0],
        fit_rank=kept["fit"].map({fit: k for k, fit in enumerate(_FITS)}),
    )
    return numbers.records(kept.sort_values(["locus_rank", "fit_rank", "cs_id"], kind="stable"))


def _funnel_figure(tables: ReportTables) -> Markup:
    figure = plots.new_figure(9.0, 0.36 * len(tables.funnel) + 0.2)
    longest = max(len(str(step)) for step in tables.funnel["step"])
    left = min(0.075 * longest + 0.2, 3.4) / 9.0
    plots.plot_funnel(tables.funnel, figure.add_axes((left, 0.02, 0.99 - left, 0.96)))
    return Markup(plots.figure_to_svg(figure, "funnel"))


def _prior_figure(tables: ReportTables) -> Markup:
    if tables.prior_coefficients.empty:
        return Markup("")
    terms = len(tables.prior_coefficients)
    height = 0.42 * terms + 0.75
    figure = plots.new_figure(9.0, height)
    box = (0.17, 0.58 / height, 0.8, 1 - 0.66 / height)
    plots.plot_prior(tables.prior_coefficients, figure.add_axes(box))
    return Markup(plots.figure_to_svg(figure, "prior"))
