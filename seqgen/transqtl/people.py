"""Genotypes, traits and covariates of the same people, in the order of the genotypes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.io.tally import Tally

Table = np.ndarray | pd.DataFrame


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
        "traits": _labelled(traits, people, "traits", "trait"),
        "covariates": _labelled(
            np.empty((len(people), 0)) if covariates is None else covariates,
            people, "covariates", "covariate",
        ),
    }  # fmt: skip
    sets = {"genotypes": people, **{name: table.index for name, table in tables.items()}}
    if covariates is None:
        del sets["covariates"]
        tables["covariates"] = pd.DataFrame(index=people)
    for name, index in sets.items():
        _refuse_repeats(name, index)
    shared = people
    for index in sets.values():
        shared = shared[shared.isin(index)]
    if any(len(index) != len(shared) for index in sets.values()):
        _settle_difference(sets, shared, shared_people=shared_people, tally=tally)
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


def _labelled(values: Table, people: pd.Index, label: str, prefix: str) -> pd.DataFrame:
    """A table that names its people; a plain array is in the order of the genotypes."""
    if isinstance(values, pd.DataFrame):
        twice = values.columns.duplicated()
        if twice.any():
            raise InputError(f"{label}: column {values.columns[twice][0]!r} comes twice")
        return values
    array = np.asarray(values)
    if array.ndim != 2 or len(array) != len(people):
        raise InputError(
            f"{label}: shape {array.shape} for {len(people):,} people with genotypes; expected "
            f"({len(people)}, {label}), or a DataFrame that names the people"
        )
    columns = [f"{prefix}_{k}" for k in range(1, array.shape[1] + 1)]
    return pd.DataFrame(array, index=people, columns=columns)


def _refuse_repeats(label: str, index: pd.Index) -> None:
    twice = index.duplicated()
    if twice.any():
        raise InputError(
            f"{label}: person {index[twice][0]!r} comes twice ({int(twice.sum()):,} repeats); "
            "keep one row per person"
        )


def _settle_difference(
    sets: dict[str, pd.Index], shared: pd.Index, *, shared_people: bool, tally: Tally
) -> None:
    counts = ", ".join(f"{len(index):,} in {name}" for name, index in sets.items())
    if not len(shared):
        such = ", ".join(f"{index[0]!r} in {name}" for name, index in sets.items() if len(index))
        raise InputError(f"people: {counts}, none in all; are the names written alike ({such})?")
    if not shared_people:
        raise InputError(
            f"people: {counts}, {len(shared):,} in all of them; give the same people, or "
            "shared_people=True to analyse those in all"
        )
    for name, index in sets.items():
        frame = pd.DataFrame({"person": index.astype("str")})
        tally.drop(frame, ~index.isin(shared), f"person of the {name} is not in all inputs")


def _numbers(table: pd.DataFrame, label: str) -> pd.DataFrame:
    """The table as finite float64 or NaN."""
    try:
        values = table.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise InputError(f"{label}: holds values that are no numbers ({error})") from error
    infinite = np.isinf(values)
    if infinite.any():
        person, column = (int(k) for k in np.argwhere(infinite)[0])
        raise InputError(
            f"{label}: {table.columns[column]!r} of person {table.index[person]!r} is "
            f"{values[person, column]} ({int(infinite.sum()):,} infinite in all); expected finite "
            "numbers, or NaN where missing"
        )
    return pd.DataFrame(values, index=table.index, columns=[str(name) for name in table.columns])


def person_names(genotypes: Table, people: Sequence[str] | None) -> pd.Index:
    """Names of the people with genotypes: given, the table's index, or their numbers."""
    if isinstance(genotypes, pd.DataFrame):
        if people is not None:
            raise InputError("people: given beside a table of genotypes, whose index names them")
        return genotypes.index
    if genotypes.ndim != 2:
        raise InputError(
            f"genotypes: shape {genotypes.shape}; expected (people, variants), two dimensions"
        )
    return named_people(genotypes.shape[0], people)


def named_people(count: int, people: Sequence[str] | None) -> pd.Index:
    """Given names for ``count`` people, or their numbers."""
    if people is None:
        return pd.RangeIndex(count)
    if len(people) != count:
        raise InputError(
            f"people: {len(people):,} names for {count:,} people with genotypes; expected one each"
        )
    return pd.Index(people)
