"""Rows of an evidence table found among the tests of a scan, and groups that are independent."""

from __future__ import annotations

import numpy as np
import pandas as pd

from seqgen.errors import InputError, require_type
from seqgen.io.tally import Tally
from seqgen.schemas import Schema
from seqgen.weighted_testing import WeightOptions

_FOLDS = 5
# What the genotypes tell of a variant.
_INNER = ("first", "second", "low", "high", "variant_at", "trait_at", "cis_at")
_TOLD = ("chrom", "pos", "effect_allele", "other_allele")


def check_scheme(options: WeightOptions, evidence: pd.DataFrame | None) -> None:
    """Refuse weights that are to be learned where there is nothing to learn from.

    Raises
    ------
    InputError
    """
    if evidence is None and options.scheme == "cross-fold":
        raise InputError("scheme is 'cross-fold', but there is no evidence; give some, or 'fixed'")


def require_columns(table: pd.DataFrame, names: tuple[str, ...], *, made_by: str) -> None:
    """Refuse an evidence table that lacks a column.

    Raises
    ------
    InputError
        Naming the columns, what was found, and the function that makes such a table.
    """
    require_type(table, pd.DataFrame, "evidence",
                 remedy=f"a DataFrame, such as the table of {made_by}")  # fmt: skip
    missing = [name for name in names if name not in table]
    if missing:
        raise InputError(
            f"evidence: column(s) {', '.join(missing)} missing; found "
            f"{', '.join(map(str, table.columns)) or 'none'}; expected a table of {made_by}"
        )
    values = table["evidence"]
    if values.isna().all():
        return
    if not pd.api.types.is_numeric_dtype(values):
        raise InputError(f"evidence: column evidence is of type {values.dtype}; expected numbers")
    infinite = np.isinf(values.to_numpy(dtype=np.float64, na_value=np.nan))
    if infinite.any():
        raise InputError(
            f"evidence: {int(infinite.sum()):,} infinite value(s), first at row "
            f"{int(infinite.argmax())}; expected finite ones, missing where nothing is known"
        )


def without_reserved(table: pd.DataFrame, schema: Schema, keep: tuple[str, ...]) -> pd.DataFrame:
    """Evidence without positions, which the genotypes tell, and no column named like a result's.

    Raises
    ------
    InputError
        If a column beside ``keep`` has the name of one of the schema's.
    """
    told = [name for name in schema.names if name.startswith(_TOLD)]
    table = table.drop(columns=[name for name in told if name in table])
    taken = [name for name in (*schema.names, *_INNER) if name in table and name not in keep]
    if taken:
        raise InputError(
            f"evidence: column(s) {', '.join(taken)} have the names of columns of the result; "
            "rename them"
        )
    return table


def keep_known(
    table: pd.DataFrame, sides: dict[str, pd.Index], tally: Tally, *, among: str
) -> tuple[pd.DataFrame, list[np.ndarray]]:
    """Rows whose names are all among the tests, and the places of the names.

    Parameters
    ----------
    table : DataFrame
    sides : dict of str to Index
        For each column the names it may hold.
    tally : Tally
        Counts the rows left out.
    among : str
        What the names are missing from, for the reason.

    Raises
    ------
    InputError
        If no row is left.
    """
    places = [
        index.get_indexer(pd.Index(table[name].astype("str"))) for name, index in sides.items()
    ]
    known = np.ones(len(table), dtype=bool)
    for name, place in zip(sides, places, strict=True):
        tally.note(table, known & (place < 0), f"{name} of the evidence is not among {among}",
                   action="dropped")  # fmt: skip
        known &= place >= 0
    if not known.any():
        first = {name: table[name].iloc[0] for name in sides} if len(table) else {}
        such = {name: index[0] for name, index in sides.items() if len(index)}
        raise InputError(
            f"evidence: none of {len(table):,} rows is about {among}; the first names {first}, the "
            f"data have such as {such}; use the same names"
        )
    kept = table[known].reset_index(drop=True)
    found = [place[known] for place in places]
    # Names as the data write them; numbers would be taken for row numbers.
    for (name, index), place in zip(sides.items(), found, strict=True):
        kept[name] = index[place].astype("str")
    return kept, found


def independent_folds(first: pd.Series, second: pd.Series) -> np.ndarray:
    """Labels 0 to at most 4 of groups of pairs that share nothing; shape (k,).

    Pairs that share a gene, directly or through others, are in one group; groups are dealt out
    to the folds, the largest first, so that folds are of like size.

    Raises
    ------
    InputError
        If the pairs hang together so much that fewer than 3 folds are left.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    codes, names = pd.factorize(pd.concat([first, second], ignore_index=True))
    a, b = codes[: len(first)], codes[len(first) :]
    graph = coo_matrix((np.ones(len(a)), (a, b)), shape=(len(names), len(names)))
    group = connected_components(graph, directed=False)[1][a]
    sizes = np.bincount(group)
    fold_of, load = np.zeros(len(sizes), dtype=np.int64), np.zeros(_FOLDS)
    for one in np.argsort(-sizes, kind="stable"):
        fold_of[one] = load.argmin()
        load[fold_of[one]] += sizes[one]
    if (load > 0).sum() < 3:
        raise InputError(
            f"scheme 'cross-fold': the listed pairs fall into {int((load > 0).sum())} group(s) "
            "that share no gene; expected at least 3: use scheme 'fixed', or list pairs within "
            "genes only"
        )
    return fold_of[group]
