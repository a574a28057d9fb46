"""People of several inputs: named, without repeats, the same in all or told apart by count."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from seqgen.errors import InputError, require_type
from seqgen.io.genotype_source import GenotypeSource
from seqgen.io.plink_people import told_of_families
from seqgen.io.tally import Tally

Table = np.ndarray | pd.DataFrame

GENOTYPES = "an array or DataFrame of shape (people, variants), or what read_genotypes(path) opens"


def person_names(genotypes: Table | GenotypeSource, people: Sequence[str] | None) -> pd.Index:
    """Names of the people with genotypes: given, the table's or source's, or their numbers."""
    if isinstance(genotypes, GenotypeSource):
        return genotypes.people if people is None else named_people(genotypes.n_people, people)
    if isinstance(genotypes, pd.DataFrame):
        if people is not None:
            raise InputError("people: given beside a table of genotypes, whose index names them")
        return genotypes.index
    require_type(genotypes, np.ndarray, "genotypes", remedy=GENOTYPES)
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


def labelled_table(values: Table, people: pd.Index, label: str, prefix: str) -> pd.DataFrame:
    """A table that names its people; a plain array is in the order of the genotypes."""
    if isinstance(values, pd.DataFrame):
        twice = values.columns.duplicated()
        if twice.any():
            raise InputError(f"{label}: column {values.columns[twice][0]!r} comes twice")
        return values
    remedy = (
        "a DataFrame that names the people, such as read_traits(...).values, or an array of shape "
        f"({len(people)}, {label})"
    )
    array = as_array(values, label, remedy=remedy)
    if array.ndim != 2 or len(array) != len(people):
        raise InputError(
            f"{label}: shape {array.shape} for {len(people):,} people with genotypes; expected "
            f"({len(people)}, {label}), or a DataFrame that names the people"
        )
    columns = [f"{prefix}_{k}" for k in range(1, array.shape[1] + 1)]
    return pd.DataFrame(array, index=people, columns=columns)


def as_array(values: object, label: str, *, remedy: str) -> np.ndarray:
    """An array, or a list that makes one; a dictionary, a name and the like are refused.

    Raises
    ------
    InputError
        If it is none; the message names its type and the ``remedy``.
    """
    try:
        array = np.asarray(values)
    except ValueError:  # rows of several lengths
        array = np.empty(())
    if array.ndim == 0:
        require_type(values, np.ndarray, label, remedy=remedy)
    return array


def refuse_repeats(label: str, index: pd.Index) -> None:
    """Require each person once."""
    twice = index.duplicated()
    if twice.any():
        raise InputError(
            f"{label}: person {index[twice][0]!r} comes twice ({int(twice.sum()):,} repeats); "
            "keep one row per person"
        )


def settle_difference(
    sets: dict[str, pd.Index], shared: pd.Index, *, shared_people: bool, tally: Tally
) -> None:
    """Count those who are not in all inputs, if that was asked for; else refuse, with counts."""
    counts = ", ".join(f"{len(index):,} in {name}" for name, index in sets.items())
    if not len(shared):
        such = ", ".join(f"{index[0]!r} in {name}" for name, index in sets.items() if len(index))
        families = told_of_families({f"in {name}": index for name, index in sets.items()})
        raise InputError(
            f"people: {counts}, none in all; are the names written alike ({such})?"
            + (f" {families}" if families else "")
        )
    if not shared_people:
        raise InputError(
            f"people: {counts}, {len(shared):,} in all of them; give the same people, or "
            "shared_people=True to analyse those in all"
        )
    for name, index in sets.items():
        frame = pd.DataFrame({"person": index.astype("str")})
        tally.drop(frame, ~index.isin(shared), f"person of the {name} is not in all inputs")
