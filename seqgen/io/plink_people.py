"""Names of people in PLINK's files, which give a family and an individual to each."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from pathlib import Path

import numpy as np
import pandas as pd

from seqgen.errors import InputError

_FAM = ["FID", "IID", "FATHER", "MOTHER", "SEX", "PHENO"]


def plink_people(fid: pd.Series, iid: pd.Series, where: str) -> pd.Index:
    """Individual ids (IID), or FID:IID for everyone where two people share an IID.

    Parameters
    ----------
    fid, iid : Series of str
    where : str
        File, for messages.

    Returns
    -------
    Index of str

    Raises
    ------
    InputError
        If a person comes twice.

    Examples
    --------
    >>> family = pd.Series(["a", "b"])
    >>> plink_people(family, pd.Series(["1", "2"]), "x.fam").tolist()
    ['1', '2']
    >>> plink_people(family, pd.Series(["1", "1"]), "x.fam").tolist()
    ['a:1', 'b:1']
    """
    names = pd.Index(iid.to_numpy(), dtype="str", name="person")
    if not names.has_duplicates:
        return names
    families = pd.Index(fid.to_numpy(), dtype="str")
    return refuse_twice((families + ":" + names).rename("person"), where)


def refuse_twice(people: pd.Index, where: str) -> pd.Index:
    """``people``, each of them once.

    Raises
    ------
    InputError
        If one comes twice.
    """
    twice = people.duplicated()
    if twice.any():
        raise InputError(
            f"{where}: person {people[twice][0]!r} comes twice ({int(twice.sum()):,} repeats); "
            "keep one row per person"
        )
    return people


def told_of_families(sides: dict[str, pd.Index]) -> str:
    """The remedy where names of one side are FID_IID of another's; empty where none are.

    Parameters
    ----------
    sides : dict of str to Index
        Names of people, by the words for where they are.

    Examples
    --------
    >>> sides = {"in genotypes": pd.Index(["a_a", "b_b"]), "in trait": pd.Index(["a", "c"])}
    >>> told_of_families(sides).split(":")[0]
    "'a_a' in genotypes looks like FID_IID of 'a' in trait, as PLINK names people in a VCF"
    """
    for long, short in permutations(sides, 2):
        # Numbers of rows are no names.
        if any(isinstance(sides[side], pd.RangeIndex) for side in (long, short)):
            continue
        names, known = (sides[side].astype("str").unique() for side in (long, short))
        joined = names[names.str.contains("_", regex=False)]
        pairs = [(known + "_" + known, known)]
        pairs += [(joined, cut(joined)) for cut in (_after_first, _after_last)]
        for whole, person in pairs:
            found = whole.isin(names) & person.isin(known)
            if found.any():
                first = int(found.argmax())
                return (
                    f"{whole[first]!r} {long} looks like FID_IID of {person[first]!r} {short}, as "
                    "PLINK names people in a VCF: make it with plink --recode vcf-iid, or plink2 "
                    "--export vcf id-paste=iid"
                )
    return ""


def _after_first(names: pd.Index) -> pd.Index:
    return names.str.replace("^[^_]*_", "", regex=True)


def _after_last(names: pd.Index) -> pd.Index:
    return names.str.replace("^.*_", "", regex=True)


def read_ids(path: Path, *, what: str) -> pd.DataFrame:
    """``fid``, ``iid`` and ``sex`` of a .fam, .psam or .id file.

    A header that begins with # is understood. ``sex`` is 1 for men, 2 for women, 0 where it is
    not known or the file does not tell.

    Raises
    ------
    InputError
        If the file is empty, or its lines differ in their number of fields.
    """
    with open(path, encoding="utf-8", errors="replace") as handle:
        lines = ((n, text) for n, text in enumerate(handle, 1) if text.strip() and text[:2] != "##")
        number, text = next(lines, (0, ""))
    first = text.split()
    if not first:
        raise InputError(f"{path}: holds 0 people; expected a line for each of the {what}")
    headed = first[0].startswith("#")
    header = [name.upper().lstrip("#") for name in first] if headed else ["FID", "IID"]
    if not headed and len(first) >= len(_FAM):
        header = _FAM
    if "IID" not in header or (not headed and len(first) < 2):
        raise InputError(
            f"{path} line 1: holds {' '.join(first)[:80]!r}; expected FID and IID, or a header "
            "#FID IID or #IID"
        )
    last = max(header.index(name) for name in ("FID", "IID", "SEX") if name in header)
    skip = number if headed else 0
    try:
        frame = pd.read_csv(
            path,
            sep=r"\s+",
            header=None,
            skiprows=skip,
            usecols=range(last + 1),
            dtype="str",
            keep_default_na=False,
            skip_blank_lines=True,
        )
    except pd.errors.EmptyDataError as error:
        raise InputError(f"{path}: holds a header and 0 people; is it whole?") from error
    except (pd.errors.ParserError, ValueError) as error:
        raise InputError(
            f"{path}: is no table of ids ({str(error).strip()}); expected FID and IID in every line"
        ) from error
    iid = frame[header.index("IID")]
    lacking = (iid.isna() | (iid == "")).to_numpy()
    if lacking.any():
        line = int(lacking.argmax()) + 1 + skip
        raise InputError(f"{path} line {line} (blank ones aside): has no IID; expected FID and IID")
    fid = frame[header.index("FID")] if "FID" in header else pd.Series("0", frame.index)
    sex = pd.Series(0, frame.index, dtype="int8")
    if "SEX" in header:
        told = frame[header.index("SEX")].str.upper().str[:1]
        sex = told.map({"1": 1, "M": 1, "2": 2, "F": 2}).fillna(0).astype("int8")
    return pd.DataFrame({"fid": fid, "iid": iid, "sex": sex})


def chosen_rows(people: pd.Index, wanted: Sequence[str] | None, where: str) -> np.ndarray | None:
    """Rows of the people that were asked for, in the order of the file; None for all.

    Raises
    ------
    InputError
        If fewer than two are asked for, one comes twice, or the file lacks one.
    """
    if wanted is None:
        return None
    if isinstance(wanted, str):
        raise InputError(f"people: {wanted!r} is one name; expected a list of names")
    names = pd.Index(list(wanted), dtype="str")
    refuse_twice(names, "people")
    if len(names) < 2:
        raise InputError(f"people: {len(names)} asked for; expected two or more")
    absent = names[~names.isin(people)]
    if len(absent):
        told = told_of_families({"in the file": people, "in people": names})
        raise InputError(
            f"people: {len(absent):,} of {len(names):,} are not in {where}, such as {absent[0]!r}; "
            f"it has such as {people[0]!r}" + (f". {told}" if told else "")
        )
    return np.flatnonzero(people.isin(names))
