"""Variants as rows of residue changes: named, checked, each once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.evidence.tables import require_table
from seqgen.io.tally import Tally
from seqgen.schemas import AMINO_ACIDS, Counted

COLUMNS = ("variant", "gene", "uniprot", "position", "ref_aa", "alt_aa")
_VARIANTS = "a table such as annotate(...).table"
_ANNOTATE = "if these are summary statistics, annotate them first (annotate, or seqgen annotate)"
_NAMED_BY = ("chrom", "pos", "other_allele", "effect_allele")


def residue_changes(variants: pd.DataFrame, tally: Tally) -> pd.DataFrame:
    """Rows with a protein and a residue change; those without are counted.

    Returns
    -------
    DataFrame
        `COLUMNS`, rows numbered from 0 in the order of ``variants``.

    Raises
    ------
    InputError
        If a column is missing, a value is not what it has to be, or no row is left.
    """
    frame = _rows(variants, needed=("uniprot", "position", "ref_aa", "alt_aa"))
    incomplete = frame[["uniprot", "position", "ref_aa", "alt_aa"]].isna().any(axis=1)
    frame = tally.drop(frame, incomplete, "variant without a residue change of a protein")
    return _distinct(_named(frame, tally), tally)


def variant_rows(variants: pd.DataFrame, tally: Tally) -> pd.DataFrame:
    """Rows with a gene or a protein, and a residue where there is one; others are counted.

    Returns and raises as `residue_changes`; ``position`` and residues may be missing.
    """
    require_table(variants, "variants", remedy=_VARIANTS)
    if "gene" not in variants and "uniprot" not in variants:
        raise InputError(
            f"variants: neither column gene nor uniprot; found {_listed(variants)}; {_ANNOTATE}, "
            "or name each variant's nearest or cis gene in column gene"
        )
    frame = _rows(variants, needed=())
    nowhere = frame[["gene", "uniprot"]].isna().all(axis=1)
    frame = tally.drop(frame, nowhere, "variant without a gene or protein")
    return _distinct(_named(frame, tally), tally)


def target_rows(targets: Sequence[str] | pd.DataFrame, tally: Tally) -> pd.DataFrame:
    """Genes, and their proteins where they are told: ``gene``, ``uniprot``.

    Raises
    ------
    InputError
        If they are one text, lack a column or are none.
    """
    if isinstance(targets, str):
        raise InputError(f"targets is {targets!r}; expected a list of gene symbols or a table")
    if isinstance(targets, Counted) or not isinstance(targets, pd.DataFrame | Iterable):
        require_table(targets, "targets", remedy="a list of gene symbols or a table")
    if not isinstance(targets, pd.DataFrame):
        targets = pd.DataFrame({"gene": pd.Series(list(targets), dtype="str")})
    if "gene" not in targets:
        raise InputError(
            f"targets: column gene missing; found {_listed(targets)}; expected gene, uniprot"
        )
    frame = pd.DataFrame({name: _text(targets, name) for name in ("gene", "uniprot")})
    frame = tally.drop(frame, frame["gene"].isna(), "target without a gene")
    frame = tally.drop(frame, frame.duplicated(), "target repeats another")
    if frame.empty:
        raise InputError("targets: none; expected at least one gene symbol")
    return frame.reset_index(drop=True)


def _rows(variants: pd.DataFrame, needed: tuple[str, ...]) -> pd.DataFrame:
    """The columns as they have to be, missing where absent."""
    require_table(variants, "variants", remedy=_VARIANTS)
    missing = [name for name in needed if name not in variants]
    if missing:
        raise InputError(
            f"variants: column(s) {', '.join(missing)} missing; found {_listed(variants)}; "
            f"expected {', '.join(needed)}, as the table annotations has them"
            + (f"; {_ANNOTATE}" if "uniprot" in missing else "")
        )
    frame = pd.DataFrame({"variant": _names(variants)})
    for name in ("gene", "uniprot", "ref_aa", "alt_aa"):
        frame[name] = _text(variants, name)
    frame["position"] = _positions(variants)
    if "consequence" in variants:  # of gene models: other changes are no residue's replacement
        other = ~_text(variants, "consequence").fillna("").str.contains("missense_variant")
        frame.loc[other, ["ref_aa", "alt_aa"]] = None
    for name in ("ref_aa", "alt_aa"):
        bad = frame[name].notna() & ~frame[name].isin(list(AMINO_ACIDS))
        if bad.any():
            raise InputError(
                f"variants: {name} of row {int(bad.to_numpy().argmax())} is "
                f"{frame[name][bad].iloc[0]!r}; expected one of {AMINO_ACIDS}: missense variants"
            )
    return frame[list(COLUMNS)]


def _names(variants: pd.DataFrame) -> pd.Series:
    """Each row's variant: ``variant``, else ``rsid``, else place and alleles."""
    if "variant" in variants:
        return _text(variants, "variant")
    name = _text(variants, "rsid")
    if set(_NAMED_BY) <= set(variants.columns):
        chrom, pos, other, effect = (_text(variants, part) for part in _NAMED_BY)
        # A column of numbers with gaps writes its whole numbers as 17.0.
        pos = pos.str.removesuffix(".0")
        name = name.fillna(chrom + ":" + pos + ":" + other + ":" + effect)
    elif "rsid" not in variants:
        raise InputError(
            f"variants: no column that names them; found {_listed(variants)}; expected variant, "
            f"rsid, or {', '.join(_NAMED_BY)}"
        )
    return name


def _text(variants: pd.DataFrame, name: str) -> pd.Series:
    if name not in variants:
        return pd.Series(np.full(len(variants), np.nan), dtype="str")
    values = variants[name].astype("str").reset_index(drop=True)
    return values.mask(values == "")


def _positions(variants: pd.DataFrame) -> pd.Series:
    if "position" not in variants:
        return pd.Series(pd.NA, index=range(len(variants)), dtype="Int64")
    try:
        number = variants["position"].to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise InputError(f"variants: column position holds no numbers ({error})") from error
    bad = ~np.isnan(number) & ~((number >= 1) & (number % 1 == 0) & (number < 2**31))
    if bad.any():
        raise InputError(
            f"variants: position of row {int(bad.argmax())} is {number[bad][0]:g}; expected a "
            "whole number of at least 1, the residue in the protein"
        )
    return pd.Series(number).astype("Int64")


def _named(frame: pd.DataFrame, tally: Tally) -> pd.DataFrame:
    return tally.drop(
        frame, frame["variant"].isna(), "variant without a name (variant, rsid, place and alleles)"
    )


def _distinct(frame: pd.DataFrame, tally: Tally) -> pd.DataFrame:
    frame = tally.drop(frame, frame.duplicated(), "row repeats another")
    if frame.empty:
        raise InputError(
            "variants: no usable row; expected variants with a name and a residue or gene"
            + "".join(f"; {reason}: {count:,}" for _, reason, _, count, _ in tally.rows)
        )
    return frame.reset_index(drop=True)


def _listed(frame: pd.DataFrame) -> str:
    return ", ".join(map(str, frame.columns)) or "none"
