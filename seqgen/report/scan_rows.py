"""Rows of the ranked tables of both scans, as the pages show them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from seqgen import schemas
from seqgen.report import numbers
from seqgen.report.scan_limits import in_hotspots, pair_flags
from seqgen.report.scan_tables import TransTables

_KINDS = {
    "coupling_alignment": "alignment",
    "coupling_language_model": "language model",
    "coupling_complex": "complex",
    "embedding_similarity": "embeddings",
    "structure_distance": "structure",
}
_OTHER_P = {
    "neg_log10_p_unconditioned": "without leads",
    "neg_log10_p_robust": "robust",
    "neg_log10_p_rank_normal": "rank-normal",
    "neg_log10_p_log": "logarithm",
    "neg_log10_p_linear": "risk difference",
    "neg_log10_p_genotypic": "genotypic",
}


def neg_log10(p: pd.Series) -> np.ndarray:
    """-log10 of p values, finite for those below the range of floats."""
    with np.errstate(divide="ignore"):
        logp = -np.log10(p.to_numpy(dtype=float))
    return np.minimum(logp, 308.0)


def _common(table: pd.DataFrame, schema: schemas.Schema) -> list[dict[str, Any]]:
    """Records with what both tables show: adjusted p values on a log scale, kinds of evidence."""
    told = {"q": "q", "q_weighted": "q_weighted", "p_bonferroni": "bonferroni",
            "p_bonferroni_weighted": "bonferroni_weighted", "p_family": "family"}  # fmt: skip
    logs = {f"{new}_logp": neg_log10(table[old]) for old, new in told.items()}
    extra = [str(name) for name in table.columns if name not in schema.names]
    extra = [name for name in extra if name in _KINDS or name.startswith("gene_")]
    rows = numbers.records(table.assign(**logs))
    for rank, row in enumerate(rows, start=1):
        row["rank"] = rank
        row["kinds"] = [(_kind(name), _value(name, row[name])) for name in extra
                        if not numbers.missing(row[name])]  # fmt: skip
    return rows


def _kind(name: str) -> str:
    return _KINDS.get(name) or "genes, " + name.removeprefix("gene_").replace("_", " ")


def _value(name: str, value: Any) -> str:
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, int | float | np.number):
        return (
            numbers.decimal(value, 1) + " Å"
            if name == "structure_distance"
            else (numbers.decimal(value))
        )
    return numbers.short(value, 24)


def _side(row: Mapping[str, Any], suffix: str) -> dict[str, str]:
    """Name of a variant as gene and residue change, and where it is."""
    gene, change = row[f"gene{suffix}"], row[f"residue_change{suffix}"]
    variant = row[f"variant{suffix}"]
    named = [str(part) for part in (gene, change) if not numbers.missing(part)]
    place = _place(row[f"chrom{suffix}"], row[f"pos{suffix}"])
    parts = [variant if named else "", "" if place == variant else place]
    return {"name": " ".join(named) or variant, "place": ", ".join(filter(None, parts))}


def _place(chrom: Any, pos: Any) -> str:
    if numbers.missing(chrom):
        return ""
    return str(chrom) if numbers.missing(pos) else f"{chrom}:{int(pos)}"


def gxg_rows(pairs: pd.DataFrame) -> list[dict[str, Any]]:
    """Records of pairs: sides, evidence by kind, other p values, warnings and notes."""
    flags = pair_flags(pairs)
    rows = _common(pairs, schemas.GXG)
    for row, raised in zip(rows, flags.to_numpy(dtype=bool), strict=True):
        row["sides"] = [_side(row, "_1"), _side(row, "_2")]
        row["other_p"] = [
            (name, row[column]) for column, name in _OTHER_P.items()
            if not numbers.missing(row.get(column)) and _adds(row, column)
        ]  # fmt: skip
        row["flags"] = [name for name, up in zip(flags.columns, raised, strict=True) if up]
        row["notes"] = _notes(row)
    return rows


def _adds(row: Mapping[str, Any], column: str) -> bool:
    """Whether a p value says more than the pair's own: without leads only where there are any."""
    if column != "neg_log10_p_unconditioned":
        return True
    return not numbers.missing(row["n_leads"]) and row["n_leads"] > 0


def _notes(row: Mapping[str, Any]) -> list[str]:
    """How far apart and linked the variants are, and what the pair is conditioned on."""
    if not row["detailed"]:
        return []
    apart = "" if numbers.missing(row["distance"]) else f"{row['distance'] / 1e3:,.0f} kb apart"
    linked = "" if numbers.missing(row["r2"]) else f"r² {numbers.decimal(row['r2'], 3)}"
    leads = row["n_leads"]
    given = "no lead in the model" if numbers.missing(leads) or not leads else (
        f"given {numbers.plural(leads, 'lead')}"
    )  # fmt: skip
    return [", ".join(filter(None, (apart, linked))), given] if apart or linked else [given]


def trans_rows(hits: pd.DataFrame, tables: TransTables) -> list[dict[str, Any]]:
    """Records of hits: variant and trait, evidence by kind, hotspot, path through a cis gene."""
    inside = in_hotspots(hits, tables.hotspots, tables.alpha)
    rows = _common(hits, schemas.TRANSQTL)
    for row, hot in zip(rows, inside, strict=True):
        own = _place(row["trait_chrom"], row["trait_pos"])
        row["sides"] = [_side(row, ""), {"name": f"on {row['trait']}", "place": own}]
        row["hotspot"] = bool(hot)
        share = row["mediated"]
        row["mediated_text"] = "" if numbers.missing(share) else (
            f"{100 * share:.0f}% of the effect, p {numbers.text(_short_p(row['p_mediation']))}"
        ).replace("-", "−")  # fmt: skip
    return rows


def _short_p(p: Any) -> str | None:
    return None if numbers.missing(p) else f"{p:.2g}"
