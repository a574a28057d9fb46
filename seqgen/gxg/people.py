"""Genotypes, trait and covariates of the same people, in the same order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.io.genotype_source import GenotypeSource
from seqgen.io.people import (
    as_array,
    labelled_table,
    person_names,
    refuse_repeats,
    settle_difference,
)
from seqgen.io.tally import Tally

Genotypes = np.ndarray | pd.DataFrame | GenotypeSource
Trait = np.ndarray | pd.Series
Covariates = np.ndarray | pd.DataFrame


class Matched(NamedTuple):
    """Who is analysed: ``rows`` of the genotypes, with trait (n,) and covariates (n, c)."""

    people: pd.Index
    rows: np.ndarray
    trait: np.ndarray
    covariates: pd.DataFrame


def match_people(
    genotypes: Genotypes,
    trait: Trait,
    covariates: Covariates | None,
    *,
    people: Sequence[str] | None,
    shared_people: bool,
    tally: Tally,
) -> Matched:
    """Bring the three inputs to one set of people, in the order of the genotypes.

    Raises
    ------
    InputError
        If a name comes twice, lengths differ, or the sets of people differ and
        ``shared_people`` is False; the message counts both sides.
    """
    names = person_names(genotypes, people)
    trait = _labelled(trait, names, "trait")
    sets = {"genotypes": names, "trait": trait.index}
    if covariates is None:
        covariates = pd.DataFrame(index=names)
    else:
        covariates = labelled_table(covariates, names, "covariates", "covariate")
        sets["covariates"] = covariates.index
    for name, index in sets.items():
        refuse_repeats(name, index)
    shared = names[names.isin(trait.index) & names.isin(covariates.index)]
    if any(len(index) != len(shared) for index in sets.values()):
        settle_difference(sets, shared, shared_people=shared_people, tally=tally)
    y, table = _numbers(trait.loc[shared], covariates.loc[shared])
    frame = pd.DataFrame({"person": shared.astype("str")})
    absent = np.isnan(y)
    tally.drop(frame, absent, "person has no value of the trait")
    holes = table.isna().to_numpy().any(axis=1) & ~absent
    tally.drop(frame, holes, "person lacks a covariate")
    keep = ~(absent | holes)
    if not keep.any():
        raise InputError(
            f"trait, covariates: none of {len(keep):,} people has the trait and all covariates"
        )
    kept = shared[keep]
    return Matched(kept, names.get_indexer(kept), y[keep], table[keep])


def _labelled(values: Trait, names: pd.Index, label: str) -> pd.Series:
    """A trait with the names of its people; a plain array is in the order of the genotypes."""
    if isinstance(values, pd.Series):
        return values
    remedy = (
        "a Series that names the people, such as read_traits(...).values['height'], or an array"
    )
    if isinstance(values, pd.DataFrame):
        raise InputError(
            f"{label} is a table of {values.shape[1]:,} columns; expected {remedy}: choose a column"
        )
    array = as_array(values, label, remedy=remedy)
    if array.shape != (len(names),):
        raise InputError(
            f"{label}: shape {array.shape} for {len(names):,} people with genotypes; expected "
            f"({len(names)},), or a Series that names the people"
        )
    return pd.Series(array, index=names)


def _numbers(trait: pd.Series, covariates: pd.DataFrame) -> tuple[np.ndarray, pd.DataFrame]:
    """Trait and covariates as finite float64 or NaN."""
    try:
        y = trait.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise InputError(f"trait: holds values that are no numbers ({error})") from error
    if np.isinf(y).any():
        first = int(np.isinf(y).argmax())
        raise InputError(
            f"trait: person {trait.index[first]!r} has {y[first]} ({int(np.isinf(y).sum())} "
            "infinite in all); expected finite numbers, or NaN where it is missing"
        )
    table = {}
    for name in covariates:
        try:
            column = covariates[name].to_numpy(dtype=np.float64, na_value=np.nan)
        except (TypeError, ValueError) as error:
            raise InputError(
                f"covariates: column {name!r} is not numeric ({error}); code categories as 0/1 "
                "columns, one fewer than categories"
            ) from error
        if np.isinf(column).any():
            raise InputError(f"covariates: column {name!r} holds infinite values")
        table[str(name)] = column
    if len(table) < covariates.shape[1]:
        raise InputError("covariates: two columns share a name; name each once")
    return y, pd.DataFrame(table, index=covariates.index)
