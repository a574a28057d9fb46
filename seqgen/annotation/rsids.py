"""Residue changes of variants by rsID, from a table of known ones."""

from __future__ import annotations

import numpy as np
import pandas as pd

from seqgen.annotation.hgvs import named_substitutions
from seqgen.errors import InputError
from seqgen.residues import alleles_fit_change
from seqgen.schemas import ANNOTATIONS, DROPS, MISSENSE_MAP, Counted

STAGE = "annotate"
_FROM_FIT = {"first": "effect", "second": "other", "either": "either"}


def annotate_by_rsid(sumstats: pd.DataFrame, missense: pd.DataFrame) -> Counted:
    """Join variants to the residue changes they make, by rsID, and check the alleles.

    A change is kept only where the two alleles, on either strand, can turn a codon of the
    reference residue into one of the new residue; where only one direction works, that tells
    which allele makes the change.

    Parameters
    ----------
    sumstats : DataFrame
        Table ``sumstats``.
    missense : DataFrame
        Table ``missense_map``, such as ``seqgen.missense_map()``.

    Returns
    -------
    Counted
        ``table`` is the table ``annotations`` (one row per variant and residue change),
        ``drops`` counts what did not become a row, by reason.

    Raises
    ------
    InputError
        No variant has an rsID.
    """
    missense = MISSENSE_MAP.validate(missense)
    with_rsid = sumstats[sumstats["rsid"].notna()]
    if with_rsid.empty:
        raise InputError(
            "none of the variants has an rsID, by which the known missense variants are found; "
            "expected a column of identifiers such as rs1477178 (name it: --col rsid=NAME)"
        )
    keys = ["chrom", "pos", "rsid", "effect_allele", "other_allele"]
    joined = with_rsid[keys].merge(missense, on="rsid", how="inner")
    is_snv = (joined["effect_allele"].str.len() == 1) & (joined["other_allele"].str.len() == 1)
    columns = (joined[name] for name in ("ref_aa", "alt_aa", "effect_allele", "other_allele"))
    fit = pd.Series(alleles_fit_change(*columns), index=joined.index, dtype="str")
    fits = is_snv & (fit != "none")
    table = joined[fits].copy()
    table["allele_check"] = fit[fits].map(_FROM_FIT)
    table["consequence"] = np.where(table["alt_aa"] == "*", "stop_gained", "missense_variant")
    table["hgvs_p"] = named_substitutions(table)
    for name in ("transcript", "protein", "protein_position"):
        table[name] = None
    drops = _drops(
        [
            ("no rsID", "kept", sumstats[sumstats["rsid"].isna()]),
            (
                "residue change of a variant that is not a single-base one",
                "dropped",
                joined[~is_snv],
            ),
            ("alleles cannot make the residue change", "dropped", joined[is_snv & ~fits]),
        ]
    )
    return Counted(ANNOTATIONS.validate(table.reset_index(drop=True)), drops)


def _drops(groups: list[tuple[str, str, pd.DataFrame]]) -> pd.DataFrame:
    rows = []
    for reason, action, frame in groups:
        if frame.empty:
            continue
        first = frame.iloc[0]
        change = (
            f" {first['gene']} {first['ref_aa']}{first['position']}{first['alt_aa']}"
            if ("ref_aa" in frame)
            else ""
        )
        alleles = f"{first['effect_allele']}/{first['other_allele']}"
        example = f"{first['chrom']}:{first['pos']} {alleles}{change}"
        rows.append((STAGE, reason, action, len(frame), example))
    return DROPS.validate(pd.DataFrame(rows, columns=DROPS.names))
