"""Tables of pairs: tests beside evidence, details beside tests, in the order of the schema."""

from __future__ import annotations

import numpy as np
import pandas as pd

from seqgen.io.chromosomes import canonical_chromosomes
from seqgen.schemas import Schema

NAMES = ("variant_1", "variant_2")
_PLACES = ("low", "high", "variant_at", "trait_at")
_PLACED = {"chrom": "str", "pos": "Int64", "effect_allele": "str", "other_allele": "str"}
_NULLABLE = {"b": "boolean", "i": "Int64", "u": "Int64"}


def with_evidence(table: pd.DataFrame, listed: pd.DataFrame) -> pd.DataFrame:
    """What the evidence says, beside the tests; sides follow the evidence where it is listed."""
    known = listed.assign(
        low=listed[["first", "second"]].min(axis=1), high=listed[["first", "second"]].max(axis=1),
        listed=True,
    ).drop(columns=["first", "second"])  # fmt: skip
    out = table.drop(columns=list(NAMES)).merge(known, on=["low", "high"], how="left")
    out["listed"] = out["listed"].fillna(False).astype(bool)
    for name in NAMES:
        if name not in out:
            out[name] = pd.Series(index=out.index, dtype="str")
        out[name] = out[name].fillna(table[name])
    return out


def placed(table: pd.DataFrame, variants: pd.DataFrame) -> pd.DataFrame:
    """The table with place and alleles of both variants, where they are known."""
    out = table.copy()
    at = variants.set_index("variant")
    for side in (1, 2):
        for name, kind in _PLACED.items():
            column = out[f"variant_{side}"].map(at[name]) if name in at else pd.NA
            out[f"{name}_{side}"] = pd.Series(column, index=out.index, dtype="object").astype(kind)  # type: ignore[call-overload]
    return out


def with_robust(fit: pd.DataFrame) -> pd.DataFrame:
    """The fits with robust errors where these give the larger p value.

    Robust errors of few double carriers are too small far out, ordinary ones where the variance
    differs between genotypes; the larger p value of the two is safe in both.
    """
    worse = fit["neg_log10_p_robust"] < fit["neg_log10_p"]
    out = fit.copy()
    out.loc[worse, "se"] = fit["se_robust"]
    out.loc[worse, "neg_log10_p"] = fit["neg_log10_p_robust"]
    out["t"] = out["beta"] / out["se"]
    out["p"] = 10.0 ** -out["neg_log10_p"]
    return out


def survives_scale(fit: pd.DataFrame) -> pd.Series:
    """True where half of -log10 p remains on every other scale that could be fitted."""
    names = [n for n in ("rank_normal", "log", "linear") if f"neg_log10_p_{n}" in fit]
    lowest = fit[[f"neg_log10_p_{name}" for name in names]].min(axis=1)
    return (lowest >= 0.5 * fit["neg_log10_p"]) | lowest.isna()


def filled_in(table: pd.DataFrame, fit: pd.DataFrame) -> pd.DataFrame:
    """The table with the columns of ``fit`` in the rows it has, missing in others."""
    out = table.copy()
    for name in fit.columns:
        kind: str = getattr(fit[name].dtype, "kind", "f")
        values = fit[name].astype(_NULLABLE.get(kind, "float64"))  # type: ignore[call-overload]
        out[name] = (
            values.reindex(out.index)
            if name not in out
            else out[name].where(~out.index.isin(fit.index), values.reindex(out.index))
        )
    return out


def in_order(table: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """The table by weighted q, then p, with its columns in the order of the schema."""
    by, up = ["q_weighted", "neg_log10_p"], [True, False]
    ordered = table.sort_values(by, ascending=up, kind="stable").reset_index(drop=True)
    ordered = ordered.drop(columns=[name for name in _PLACES if name in ordered])
    for column in schema.columns:
        if column.name not in ordered and not column.optional:
            absent = pd.Series(None, index=ordered.index, dtype="object")
            ordered[column.name] = absent.astype(column.dtype)  # type: ignore[call-overload]
    return schema.validate(ordered)


def placed_edges(
    table: pd.DataFrame, variants: pd.DataFrame, genes: pd.DataFrame | None
) -> pd.DataFrame:
    """Trans tests with place and alleles of the variant, place of the trait's gene, distance.

    Parameters
    ----------
    table : DataFrame
        With ``variant_at`` and ``trait``.
    variants : DataFrame
        All variants of the scan, in their order.
    genes : DataFrame or None
        ``gene``, ``chrom``, ``start`` and perhaps ``end``.
    """
    out = table.copy()
    mine = variants.iloc[table["variant_at"]]
    for name, kind in _PLACED.items():
        if name in mine:
            values = mine[name].reset_index(drop=True)
            # Markers of crosses stand between bases.
            values = values.round() if name == "pos" else values
            out[name] = values.astype(kind).to_numpy()  # type: ignore[call-overload]
    if genes is None:
        return out
    at = genes.assign(gene=genes["gene"].astype("str")).set_index("gene")
    ends = at[["start", "end"]] if "end" in at else at[["start", "start"]]
    out["trait_chrom"] = out["trait"].map(at["chrom"].astype("str"))
    out["trait_pos"] = out["trait"].map(at["start"]).round().astype("Int64")
    if "chrom" in out and "pos" in out:
        low, high = (
            out["trait"].map(edge).astype("float64")
            for edge in (ends.min(axis=1), ends.max(axis=1))
        )
        pos = out["pos"].astype("float64")
        away = (low - pos).combine(pos - high, np.maximum).clip(lower=0.0)
        same = same_chromosome(out["chrom"], out["trait_chrom"])
        out["distance"] = away.where(same).round().astype("Int64")
    return out


def same_chromosome(first: pd.Series, second: pd.Series) -> pd.Series:
    """True where two chromosomes are one, however they are written."""
    sides = [canonical_chromosomes(side).fillna(side) for side in (first, second)]
    return (sides[0] == sides[1]) & sides[0].notna()
