"""One spelling for each human chromosome."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

NAMES = (*(str(number) for number in range(1, 23)), "X", "Y", "MT")
"""Chromosomes in order, as every table of seqgen spells them."""

_ALIASES = {
    "23": "X",
    "24": "Y",
    "25": "X",
    "26": "MT",
    "XY": "X",
    "M": "MT",
    "PAR1": "X",
    "PAR2": "X",
}
# RefSeq's accessions of the human chromosomes, as NC_000023.11; the mitochondrion's is its own
_REFSEQ = re.compile(r"^NC_0000(\d\d)\.\d+$")
_REFSEQ_MT = "NC_012920.1"
_ORDER = {name: rank for rank, name in enumerate(NAMES)}


def canonical_chromosomes(values: pd.Series) -> pd.Series:
    """Spell chromosomes as 1 to 22, X, Y, MT; what is none of them becomes missing.

    ``chr`` in front, leading zeros, a decimal part of zero, PLINK's numbers 23 to 26 and
    the pseudo-autosomal ``XY``, ``PAR1`` and ``PAR2`` (taken as X) are understood.

    Examples
    --------
    >>> canonical_chromosomes(pd.Series(["chr1", "02", "23", "chrM", "7_random"])).tolist()
    ['1', '2', 'X', 'MT', nan]
    """
    coded = canonical_categories(values)
    table = pd.Series([*NAMES, None], dtype="str")
    out = table.take(coded.cat.codes.to_numpy())
    out.index = values.index
    out.name = values.name
    return out


def canonical_categories(values: pd.Series) -> pd.Series:
    """`canonical_chromosomes` as categories `NAMES`."""
    coded = values.astype("category")
    spelling = [_canonical(str(category)) for category in coded.cat.categories]
    rank = np.array([*(_ORDER.get(name or "", -1) for name in spelling), -1], dtype="int8")
    codes = pd.Categorical.from_codes(rank[coded.cat.codes.to_numpy()], pd.Index(NAMES))
    return pd.Series(codes, values.index, name=values.name)


def chromosome_order(values: pd.Series) -> pd.Series:
    """Rank of each canonical name, for sorting."""
    coded = values.astype("category")
    ranks = np.array([_ORDER.get(str(name), np.nan) for name in coded.cat.categories] + [np.nan])
    out = pd.Series(ranks[coded.cat.codes.to_numpy()], values.index, name=values.name)
    return out if out.isna().any() else out.astype("int64")


def _canonical(name: str) -> str | None:
    name = name.strip().upper().replace(_REFSEQ_MT, "MT")
    name = _REFSEQ.sub(r"\1", name).removeprefix("CHROMOSOME").removeprefix("CHR")
    name = name.strip().removesuffix(".0").lstrip("0")
    name = _ALIASES.get(name, name)
    return name if name in _ORDER else None
