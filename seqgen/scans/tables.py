"""Tables of pairs: tests beside evidence, details beside tests, in the order of the schema."""

from __future__ import annotations

import pandas as pd

from seqgen.schemas import Schema

NAMES = ("variant_1", "variant_2")
_PLACES = ("low", "high", "variant_at", "trait_at")
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
    """The table with chromosome and position of both variants, where they are known."""
    out = table.copy()
    at = variants.set_index("variant")
    for side in (1, 2):
        for name, kind in (("chrom", "str"), ("pos", "Int64")):
            column = out[f"variant_{side}"].map(at[name]) if name in at else pd.NA
            out[f"{name}_{side}"] = pd.Series(column, index=out.index, dtype="object").astype(kind)  # type: ignore[call-overload]
    return out


def with_robust(fit: pd.DataFrame) -> pd.DataFrame:
    """The fits with robust errors in the place of the model's."""
    p = fit["neg_log10_p_robust"]
    return fit.assign(
        se=fit["se_robust"], t=fit["beta"] / fit["se_robust"], p=10.0**-p, neg_log10_p=p
    )


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
