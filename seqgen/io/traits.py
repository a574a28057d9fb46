"""Traits and covariates of named people, in the layouts that tools of the field write."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.io.plink_people import plink_people, refuse_twice, told_of_families
from seqgen.io.regions import canonical_names
from seqgen.io.tally import Tally
from seqgen.io.trait_files import TraitFile, open_traits

ORIENTATIONS = ("auto", "people-in-rows", "people-in-columns")

_PLINK_MISSING = -9
_STRANDS = ("+", "-", ".")
_CODED = "case/control coded 1/2, read as 0/1"
_NINE = "value is -9, PLINK's missing value: read as missing"
_NO_STATUS = "case/control status 0 where others are 1 and 2: read as missing"
_NO_SEX = "sex is 0 where others are 1 and 2: read as missing"


@dataclass(frozen=True)
class TraitTable:
    """Traits or covariates of named people; made by `read_traits`.

    Attributes
    ----------
    values : DataFrame of float64, shape (people, traits)
        Its index names the people, its columns the traits; NaN where missing.
    genes : DataFrame or None
        Of an expression BED: ``gene``, ``chrom``, ``start``, ``end`` (1-based, both ends
        included), a row for each column of ``values``, as `transqtl.plan_exclusions` takes it.
    drops : DataFrame
        `schemas.DROPS`: values read as missing or coded anew, by reason.
    """

    values: pd.DataFrame = field(repr=False)
    genes: pd.DataFrame | None = field(repr=False)
    drops: pd.DataFrame

    def __repr__(self) -> str:
        people, traits = self.values.shape
        genes = "" if self.genes is None else ", with genes"
        return f"TraitTable({people:,} people, {traits:,} traits{genes})"


def read_traits(
    path: str | os.PathLike[str],
    *,
    columns: Sequence[str] | None = None,
    people: Sequence[str] | pd.Index | None = None,
    orientation: str = "auto",
    binary: bool | None = None,
    header: bool | None = None,
) -> TraitTable:
    r"""Read traits, covariates or expression of named people.

    Text, plain or gzipped, separated by tabs, commas, semicolons or blanks, or Parquet. Three
    layouts are told apart by the first line:

    - PLINK's: FID and IID in front (or IID; a header that begins ``#FID`` or ``#IID`` too), or
      without a header where all fields from the third are numbers. People are named by IID, or
      by FID:IID where IIDs repeat. Columns PAT, MAT and SID are no traits. A ``.fam`` file gives
      SEX and PHENO.
    - Expression BED of FastQTL, tensorQTL and QTLtools: chromosome, start (0-based), end and
      gene in front, then people. The fifth and sixth column are no people where the sixth is a
      strand, as QTLtools has it.
    - One column of names in front. With ``orientation="auto"`` and ``people``, whichever of
      rows and columns names more of them holds the people; without ``people`` the rows do, as
      the file stands.

    Empty fields, NA, NaN, ``.`` and their like are missing, and in a PLINK-style file -9 in every
    column, as PLINK has it, which is counted in ``drops``.

    Parameters
    ----------
    path : path
    columns : sequence of str, optional
        Traits to read, in this order; all by default.
    people : sequence of str, optional
        Names that are expected, such as those with genotypes. They settle the orientation;
        everybody in the file is kept.
    orientation : {"auto", "people-in-rows", "people-in-columns"}
        For files with one column of names in front.
    binary : bool, optional
        True: each trait has to be 0/1, or 1/2 as PLINK codes controls and cases, which is read as
        0/1 with 0 and -9 missing. False: values stay as they are. By default an error where the
        one trait that is read of a PLINK-style file (SEX does not count) looks like 1/2.
    header : bool, optional
        Whether the first line holds names; told from the line by default.

    Returns
    -------
    TraitTable

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If a person or trait comes twice, a value is infinite or no number, a trait asked for is
        not there, or none of ``people`` is.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "height.pheno")
    ...     _ = path.write_text("#IID height\nann 1.71\nben NA\n")
    ...     read_traits(path).values["height"].tolist()
    [1.71, nan]
    """
    if orientation not in ORIENTATIONS:
        raise InputError(f"orientation is {orientation!r}; expected {', '.join(ORIENTATIONS)}")
    known = None if people is None else pd.Index(people).astype("str")
    found = open_traits(path, people=known, header=header)
    tally = Tally("read traits")
    genes = None
    if found.kind == "bed":
        _refuse_orientation(found, orientation, "people-in-columns")
        values, genes = _read_bed(found, columns)
    elif found.kind == "plink":
        _refuse_orientation(found, orientation, "people-in-rows")
        values = _read_rows(found, columns)
    elif _people_in_rows(found, orientation, known):
        values = _read_rows(found, columns)
    else:
        values = _read_columns(found, columns)
    _refuse_strangers(found, values.index, known)
    if found.kind == "plink":
        values = _plink_codes(found, values, tally, binary=binary)
    if binary:
        values = _zero_one(found, values, tally)
    return TraitTable(values, genes, tally.to_frame())


def _refuse_orientation(found: TraitFile, asked: str, own: str) -> None:
    if asked not in ("auto", own):
        front = ", ".join(found.header[place] for place in found.ids)
        raise InputError(
            f"{found.path}: orientation is {asked!r}, but the file begins with {front}, so it has "
            f"{own}; leave orientation out, or rename these columns"
        )


def _people_in_rows(found: TraitFile, orientation: str, people: pd.Index | None) -> bool:
    if orientation != "auto" or people is None:
        return orientation != "people-in-columns"
    names = pd.Index(found.read((), text=found.ids)[0])
    labels = pd.Index([found.header[place] for place in found.values])
    rows, columns = int(names.isin(people).sum()), int(labels.isin(people).sum())
    if rows == columns:
        raise InputError(
            f"{found.path}: {rows:,} of {len(people):,} people asked for (such as {people[0]!r}) "
            f"are in its first column (such as {names[0]!r}), and {columns:,} in its header (such "
            f"as {labels[0]!r}); write the names alike, or say orientation='people-in-rows' or "
            f"'people-in-columns'{_families(names.append(labels), people)}"
        )
    return rows > columns


def _refuse_strangers(found: TraitFile, there: pd.Index, people: pd.Index | None) -> None:
    if people is not None and not there.isin(people).any():
        raise InputError(
            f"{found.path}: none of its {len(there):,} people (such as {there[0]!r}) is among the "
            f"{len(people):,} asked for (such as {people[0]!r}); write the names alike"
            f"{_families(there, people)}"
        )


def _families(there: pd.Index, people: pd.Index) -> str:
    told = told_of_families({"asked for": people, "in this file": there})
    return f": {told}" if told else ""


def _read_rows(found: TraitFile, columns: Sequence[str] | None) -> pd.DataFrame:
    """People in rows, traits in columns."""
    labels = found.labels()
    chosen = _chosen(found, labels, columns)
    places = [found.values[k] for k in chosen]
    table = found.read(places, text=found.ids)
    where = str(found.path)
    index = _names(table[found.ids[-1]], found).rename("person")
    if len(found.ids) == 2:
        index = plink_people(table[found.ids[0]].fillna("0"), index.to_series(), where)
    else:
        index = refuse_twice(index, where)
    out = _numbers(table[places], found, (index, labels[chosen]))
    return pd.DataFrame(out, index=index, columns=labels[chosen])


def _read_columns(found: TraitFile, columns: Sequence[str] | None) -> pd.DataFrame:
    """People in columns, traits in rows."""
    people = refuse_twice(found.labels().rename("person"), str(found.path))
    name = found.ids[-1]
    table = found.read(found.values, text=(name,))
    traits = _names(table[name], found)
    twice = traits.duplicated()
    if twice.any():
        raise InputError(
            f"{found.path}: trait {traits[twice][0]!r} comes twice ({int(twice.sum()):,} repeats); "
            "keep one row per trait"
        )
    values = _numbers(table[list(found.values)], found, (traits, people))
    chosen = _chosen(found, traits, columns)
    return pd.DataFrame(values[chosen].T.copy(), index=people, columns=traits[chosen])


def _read_bed(found: TraitFile, columns: Sequence[str] | None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Expression of an expression BED, and where its genes are."""
    found = _without_strand(found)
    values = _read_columns(found, columns)
    table = found.read((1, 2), text=(0, 3))
    start, end = (pd.to_numeric(table[place], errors="coerce") for place in (1, 2))
    bad = ~((start >= 0) & (end >= start)).to_numpy()
    if bad.any():
        row = table[bad].iloc[0]
        raise InputError(
            f"{found.path}: {row[3]!r} is at {row[0]}:{row[1]}-{row[2]}; expected a BED's start "
            "from 0 and an end not before it"
        )
    first = start.astype("int64") + 1
    genes = pd.DataFrame(
        {
            "gene": table[3].astype("str"),
            "chrom": canonical_names(table[0].astype("str")),
            "start": first,
            "end": np.maximum(first, end.astype("int64")),
        }
    )
    return values, genes.set_index("gene").loc[values.columns].rename_axis("gene").reset_index()


def _without_strand(found: TraitFile) -> TraitFile:
    """The layout without QTLtools' fifth and sixth column, where it has them."""
    if len(found.header) < 7:
        return found
    strand = found.read((), text=(5,))[5]
    # A missing strand is read as missing, like a person's missing value, so some have to be there.
    if not (strand.isin(_STRANDS) | strand.isna()).all() or strand.isna().all():
        return found
    return replace(found, values=found.values[2:])


def _names(names: pd.Series, found: TraitFile) -> pd.Index:
    if names.isna().any():
        raise InputError(
            f"{found.path}: {int(names.isna().sum()):,} row(s) have no name in column "
            f"{found.header[found.ids[-1]]!r}, first behind row {int(names.isna().argmax())}; name "
            "or remove them"
        )
    return pd.Index(names.astype("str").to_numpy(), dtype="str")


def _chosen(found: TraitFile, labels: pd.Index, columns: Sequence[str] | None) -> np.ndarray:
    """Places of the traits asked for."""
    if columns is None:
        return np.arange(len(labels))
    wanted = pd.Index([columns] if isinstance(columns, str) else list(columns)).astype("str")
    places = labels.get_indexer(wanted)
    if (places < 0).any() and not found.headed:
        assert found.text is not None
        raise InputError(
            f"{found.path}: columns: {wanted[places < 0][0]} not there; line "
            f"{found.text.header_line + 1} was read as a person, for numbers stand where names of "
            f"columns would be; expected a header line such as 'FID IID "
            f"{wanted[places < 0][0]}' (say header=True if that line is one), or "
            f"{', '.join(labels[:10])}"
        )
    if (places < 0).any() or wanted.has_duplicates or not len(wanted):
        absent = ", ".join(wanted[places < 0][:5]) or "none is named, or one twice"
        raise InputError(
            f"{found.path}: columns: {absent} not there; its {len(labels):,} traits are "
            f"{', '.join(labels[:10])}{', ...' if len(labels) > 10 else ''}"
        )
    return places


def _numbers(table: pd.DataFrame, found: TraitFile, names: tuple[pd.Index, pd.Index]) -> np.ndarray:
    """The values as finite float64 or NaN, rows and columns as in the file."""
    try:
        values = table.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError):
        parsed = table.apply(pd.to_numeric, errors="coerce")
        text = (parsed.isna() & table.notna()).to_numpy()
        if text.any():
            raise _no_number(table, text, found, names) from None
        values = parsed.to_numpy(dtype=np.float64, na_value=np.nan)
    infinite = np.isinf(values)
    if infinite.any():
        row, column = (int(k) for k in np.argwhere(infinite)[0])
        raise InputError(
            f"{found.place(row)}: the value of {names[0][row]!r}, column {names[1][column]!r}, is "
            f"infinite or too large for a number ({int(infinite.sum()):,} such values); correct "
            "it, write NA where it is missing, or name the columns to read with columns="
        )
    return values


def _no_number(
    table: pd.DataFrame, text: np.ndarray, found: TraitFile, names: tuple[pd.Index, pd.Index]
) -> InputError:
    """The error of values that are ``text``, (rows, columns)."""
    row, column = (int(k) for k in np.argwhere(text)[0])
    # One word among numbers is a slip of the pen, many are categories.
    words = int(text[:, column].sum())
    many = words > 1 and 2 * words >= table.iloc[:, column].notna().sum()
    remedy = (
        "name the columns to read with columns=, and code categories as 0/1 columns, one fewer "
        "than categories"
        if many
        else "correct it, or write NA where it is missing"
    )
    return InputError(
        f"{found.place(row)}: {table.iloc[row, column]!r} of {names[0][row]!r}, column "
        f"{names[1][column]!r}, is no number ({int(text.sum()):,} such values); {remedy}"
    )


def _plink_codes(
    found: TraitFile, values: pd.DataFrame, tally: Tally, *, binary: bool | None
) -> pd.DataFrame:
    """PLINK's codes for what is missing, and its cases and controls."""
    is_sex = np.array([name.upper().lstrip("#") == "SEX" for name in values.columns])
    array = values.to_numpy(copy=True)
    _set_missing(array, values, array == _PLINK_MISSING, (_NINE, tally))
    _set_missing(array, values, (array == 0) & is_sex & _codes_12(array), (_NO_SEX, tally))
    coded = _codes_12(array) & ~is_sex
    if binary is None and coded.any() and (~is_sex).sum() == 1:
        raise InputError(
            f"{found.path}: {values.columns[coded][0]!r} holds only 1 and 2 (and 0), as PLINK "
            "codes controls and cases; say binary=True to read them as 0 and 1, or binary=False to "
            "leave the numbers as they are"
        )
    return pd.DataFrame(array, index=values.index, columns=values.columns)


def _codes_12(array: np.ndarray) -> np.ndarray:
    """Which columns hold 2, and else only 0 and 1."""
    only = (np.isnan(array) | np.isin(array, (0, 1, 2))).all(axis=0)
    return only & (array == 2).any(axis=0)


def _zero_one(found: TraitFile, values: pd.DataFrame, tally: Tally) -> pd.DataFrame:
    """Traits of cases and controls as 0 and 1."""
    array = values.to_numpy(copy=True)
    bad = ~(np.isnan(array) | np.isin(array, (0, 1, 2)))
    if bad.any():
        row, column = (int(k) for k in np.argwhere(bad)[0])
        raise InputError(
            f"{found.path}: binary=True, but {values.columns[column]!r} of {values.index[row]!r} "
            f"is {array[row, column]:g}; expected 0/1, or 1/2 as PLINK codes controls and cases"
        )
    coded = np.broadcast_to(_codes_12(array), array.shape)
    _set_missing(array, values, coded & (array == 0), (_NO_STATUS, tally))
    _note(values, coded & ~np.isnan(array), (_CODED, tally))
    return pd.DataFrame(array - coded, index=values.index, columns=values.columns)


def _set_missing(
    array: np.ndarray, values: pd.DataFrame, which: np.ndarray, told: tuple[str, Tally]
) -> None:
    _note(values, which, told)
    array[which] = np.nan


def _note(values: pd.DataFrame, which: np.ndarray, told: tuple[str, Tally]) -> None:
    """Count the cells ``which``."""
    reason, tally = told
    if which.any():
        row, column = (int(k) for k in np.argwhere(which)[0])
        example = f"{values.columns[column]} of {values.index[row]}"
        tally.rows.append((tally.stage, reason, "changed", int(which.sum()), example))
