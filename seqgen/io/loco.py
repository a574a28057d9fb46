"""Leave-one-chromosome-out predictions, as REGENIE's first step writes them."""

from __future__ import annotations

import os
from collections.abc import Sequence

import pandas as pd

from seqgen.errors import InputError
from seqgen.io.tables import existing_file

_HEAD = "FID_IID"


def read_loco(path: str | os.PathLike[str], *, people: Sequence[str] | None = None) -> pd.DataFrame:
    """Read a ``.loco`` file: a chromosome a row, a person a column.

    Parameters
    ----------
    path : path
        Space- or tab-delimited, ``.gz`` too. The first line is ``FID_IID`` and the names of the
        people, each family and person joined by an underscore.
    people : sequence of str, optional
        Names to use: a column is a person's where it is the name, or ends in it after an
        underscore. Without them the columns' names stay.

    Returns
    -------
    DataFrame of float64, shape (people, chromosomes)

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If the file is of another kind, holds values that are no numbers, or its names fit none
        of the people, or several.

    References
    ----------
    Mbatchou et al. (2021), Nature Genetics 53:1097-1103.
    """
    place = existing_file(path)
    try:
        table = pd.read_csv(place, sep=r"\s+", index_col=0, dtype={0: "str"})
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as a table ({str(error).strip()})") from error
    if table.index.name != _HEAD or table.empty:
        raise InputError(
            f"{path} line 1: begins with {table.index.name!r}; expected {_HEAD}, then the names of "
            "the people: a .loco file of regenie --step 1"
        )
    wrong = [name for name in table if not pd.api.types.is_numeric_dtype(table[name])]
    if wrong or table.isna().any(axis=None):
        name = wrong[0] if wrong else table.columns[table.isna().any()][0]
        raise InputError(
            f"{path}: column {name!r} holds values that are missing or no numbers; people without "
            "a prediction have to be left out of the file"
        )
    out = table.T.astype("float64")
    out.index, out.columns.name = out.index.astype("str"), None
    return out if people is None else _named(out, path, people)


def _named(
    table: pd.DataFrame, path: str | os.PathLike[str], people: Sequence[str]
) -> pd.DataFrame:
    """The table with people by the names they have elsewhere; others are left out."""
    known = {str(name) for name in people}
    names = {}
    for label in table.index:
        parts = label.split("_")
        ends = {"_".join(parts[k:]) for k in range(len(parts))} & known
        if len(ends) > 1:
            raise InputError(
                f"{path}: {label!r} may be {' or '.join(sorted(ends))}; rename people so that no "
                "name ends in another's"
            )
        if ends:
            names[label] = ends.pop()
    if not names:
        raise InputError(
            f"{path}: none of its {len(table):,} people, such as {table.index[0]!r}, is one of "
            f"{len(known):,} with genotypes, such as {next(iter(people))!r}; use the same names"
        )
    found = table.loc[list(names)].rename(index=names)
    if found.index.has_duplicates:
        twice = found.index[found.index.duplicated()][0]
        raise InputError(f"{path}: two columns are of person {twice!r}; keep one")
    return found
