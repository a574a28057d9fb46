"""Genotypes, traits and covariates of the same people, in the order of the genotypes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.io.people import Table, labelled_table, refuse_repeats, settle_difference
from seqgen.io.tally import Tally


class Matched(NamedTuple):
    """Who is analysed: ``rows`` of the genotypes, traits (n, g) and covariates (n, c)."""

    people: pd.Index
    rows: np.ndarray
    traits: pd.DataFrame
    covariates: pd.DataFrame


def match_people(
    people: pd.Index,
    traits: Table,
    covariates: Table | None,
    *,
    shared_people: bool,
    tally: Tally,
) -> Matched:
    """Bring traits and covariates to the order of ``people``, those with genotypes.

    Raises
    ------
    InputError
        If a name comes twice, lengths differ, or the sets of people differ and
        ``shared_people`` is False; the message counts all sides.
    """
    tables = {
        "traits": labelled_table(traits, people, "traits", "trait"),
        "covariates": labelled_table(
            np.empty((len(people), 0)) if covariates is None else covariates,
            people, "covariates", "covariate",
        ),
    }  # fmt: skip
    sets = {"genotypes": people, **{name: table.index for name, table in tables.items()}}
    if covariates is None:
        del sets["covariates"]
        tables["covariates"] = pd.DataFrame(index=people)
    for name, index in sets.items():
        refuse_repeats(name, index)
    shared = people
    for index in sets.values():
        shared = shared[shared.isin(index)]
    if any(len(index) != len(shared) for index in sets.values()):
        settle_difference(sets, shared, shared_people=shared_people, tally=tally)
    values = {name: _numbers(table.loc[shared], name) for name, table in tables.items()}
    holes = np.isnan(values["covariates"].to_numpy()).any(axis=1).reshape(-1)
    tally.drop(pd.DataFrame({"person": shared.astype("str")}), holes, "person lacks a covariate")
    if holes.all():
        raise InputError(f"covariates: none of {len(shared):,} people has all covariates")
    kept = shared[~holes]
    return Matched(
        kept,
        people.get_indexer(kept),
        values["traits"].loc[~holes],
        values["covariates"].loc[~holes],
    )


def _numbers(table: pd.DataFrame, label: str) -> pd.DataFrame:
    """The table as finite float64 or NaN."""
    try:
        values = table.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise _no_number(table, label, error) from error
    infinite = np.isinf(values)
    if infinite.any():
        person, column = (int(k) for k in np.argwhere(infinite)[0])
        raise InputError(
            f"{label}: {table.columns[column]!r} of person {table.index[person]!r} is "
            f"{values[person, column]} ({int(infinite.sum()):,} infinite in all); expected finite "
            "numbers, or NaN where missing"
        )
    return pd.DataFrame(values, index=table.index, columns=[str(name) for name in table.columns])


def _no_number(table: pd.DataFrame, label: str, error: Exception) -> InputError:
    parsed = table.apply(pd.to_numeric, errors="coerce")
    text = (parsed.isna() & table.notna()).to_numpy()
    if not text.any():
        return InputError(f"{label}: holds values that are no numbers ({error})")
    person, column = (int(k) for k in np.argwhere(text)[0])
    remedy = "correct it, or write NaN where it is missing"
    if label == "covariates":
        remedy = "code categories as 0/1 columns, one fewer than categories"
    return InputError(
        f"{label}: {table.iloc[person, column]!r} of person {table.index[person]!r}, column "
        f"{table.columns[column]!r}, is no number ({int(text.sum()):,} such values); {remedy}"
    )
