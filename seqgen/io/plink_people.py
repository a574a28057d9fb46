"""Names of people in PLINK's files, which give a family and an individual to each."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pandas as pd

from seqgen.errors import InputError


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
    """``fid`` and ``iid`` of a .fam or .id file; a header that begins with # is understood.

    Raises
    ------
    InputError
        If the file is empty, or its lines differ in their number of fields.
    """
    with open(path, encoding="utf-8", errors="replace") as handle:
        first = next((line for line in handle if line.strip()), "").split()
    if not first:
        raise InputError(f"{path}: holds 0 people; expected a line for each of the {what}")
    headed = first[0].startswith("#")
    header = [name.upper().lstrip("#") for name in first] if headed else ["FID", "IID"]
    if "IID" not in header or (not headed and len(first) < 2):
        raise InputError(
            f"{path} line 1: holds {' '.join(first)[:80]!r}; expected FID and IID, or a header "
            "#FID IID or #IID"
        )
    try:
        frame = pd.read_csv(
            path,
            sep=r"\s+",
            header=None,
            skiprows=int(headed),
            usecols=range(max(header.index("IID"), header.index("FID") if "FID" in header else 0)
                          + 1),
            dtype="str",
            keep_default_na=False,
            skip_blank_lines=True,
        )  # fmt: skip
    except pd.errors.EmptyDataError as error:
        raise InputError(f"{path}: holds a header and 0 people; is it whole?") from error
    except (pd.errors.ParserError, ValueError) as error:
        raise InputError(
            f"{path}: is no table of ids ({str(error).strip()}); expected FID and IID in every line"
        ) from error
    iid = frame[header.index("IID")]
    lacking = (iid.isna() | (iid == "")).to_numpy()
    if lacking.any():
        line = int(lacking.argmax()) + 1 + headed
        raise InputError(f"{path} line {line} (blank ones aside): has no IID; expected FID and IID")
    fid = frame[header.index("FID")] if "FID" in header else pd.Series("0", frame.index)
    return pd.DataFrame({"fid": fid, "iid": iid})
