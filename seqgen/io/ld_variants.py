"""The variants of an LD matrix: from the table beside it, or out of their names."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.io.columns import normalise
from seqgen.io.delimited import read_columns, sniff
from seqgen.io.genotype_source import repeated_variants
from seqgen.io.header_names import LINKED_FREQUENCIES, SYNONYMS
from seqgen.io.regions import canonical_names
from seqgen.io.tables import existing_file, read_table

COLUMNS = ["chrom", "pos", "rsid", "a1", "a2", "frequency"]
_TEXT = [name for name in COLUMNS if name not in ("pos", "frequency")]
# (counted, other): which of the two comes first does not matter where it is the same throughout.
_ALLELES = (
    ("A1", "A2"),
    ("A1", "A0"),
    ("ALT", "REF"),
    ("NONMAJ", "MAJ"),
    ("ALLELE1", "ALLELE2"),
    ("ALLELE1", "ALLELE0"),
    ("ALLELEB", "ALLELEA"),
    ("BALLELE", "AALLELE"),
    ("EFFECTALLELE", "OTHERALLELE"),
    ("EA", "NEA"),
    ("EA", "OA"),
)
_FREQUENCIES = (*SYNONYMS["eaf"], "FREQUENCY", "AAF")
_PLACE = r"(?i)^(?:chr)?([0-9]{1,2}|xy|x|y|mt|m)[:_-]([0-9]+)"
_NAME = _PLACE + r"[:_-]([a-z]+)[:_,/-]([a-z]+)$"
_LOCUS = r"(?i)^(?:chr)?([^:]+):([0-9]+)$"
_HAIL = r'^\[?\s*"?([A-Za-z*]+)"?\s*,\s*"?([A-Za-z*]+)"?\s*\]?$'
_NEEDED = "chromosome, position, name and two alleles"
_GIVE = (
    "give the table of the variants (variants=..., --ld-variants): PLINK's .bim or .pvar, or "
    "a table of " + _NEEDED
)


def read_ld_variants(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Read the table of the variants of a matrix.

    Parameters
    ----------
    path : path
        PLINK's ``.bim`` or ``.pvar``; PolyFun's ``.gz``; a table, text or Parquet, whose header
        names chromosome, position, name and two alleles in one of the usual ways; Hail's, with
        ``locus`` and ``alleles``.

    Returns
    -------
    DataFrame
        ``chrom``, ``pos``, ``rsid``, ``a1``, ``a2``, and ``frequency`` of ``a1``, missing where
        the table tells none; in the order of the file.

    Raises
    ------
    InputError
    """
    path = existing_file(path)
    name = path.name.lower()
    if name.endswith(".bim"):
        return checked(_read_bim(path), str(path), first_line=1)
    if name.endswith(".parquet"):
        return checked(recognised(read_table(path), str(path)), str(path), first_line=None)
    layout = sniff(path, packings=("gzip", "zstd"))
    header = [each.lstrip("#") for each in layout.header]
    if not set(map(normalise, header)) & {*SYNONYMS["chrom"], *SYNONYMS["pos"], "LOCUS"}:
        raise InputError(
            f"{path}: its first line is {', '.join(header[:6])[:80]!r}, in which no chromosome or "
            f"position is named; expected a header, or the suffix .bim: {_GIVE}"
        )
    text = [k for k, each in enumerate(header) if normalise(each) not in SYNONYMS["pos"]]
    frame = read_columns(layout, range(len(header)), text=text)
    frame.columns = pd.Index(header)
    return checked(recognised(frame, str(path)), str(path), first_line=layout.header_line + 1)


def recognised(frame: pd.DataFrame, where: str) -> pd.DataFrame:
    """The columns of `COLUMNS` out of a table with names of its own.

    Raises
    ------
    InputError
        If one is not there, or several may be it.
    """
    names = {normalise(str(each)): each for each in reversed(frame.columns)}
    out = pd.DataFrame(index=frame.index)
    for standard in ("chrom", "pos", "rsid"):
        found = next((names[each] for each in SYNONYMS[standard] if each in names), None)
        out[standard] = None if found is None else frame[found]
    if out["chrom"].isna().all() and "LOCUS" in names:
        place = frame[names["LOCUS"]].astype("str").str.extract(_LOCUS)
        out["chrom"], out["pos"] = place[0], place[1]
    first, second = _alleles(frame, names, where)
    out["a1"], out["a2"] = first, second
    lacking = [each for each in ("chrom", "pos") if out[each].isna().all()]
    if lacking:
        raise InputError(
            f"{where}: no column for {', '.join(lacking)} among {', '.join(map(str, frame))}; "
            f"expected {_NEEDED}"
        )
    counted = next((a for a, b in _ALLELES if a in names and b in names), "")
    told = [x for x in (*LINKED_FREQUENCIES.get(counted, ()), *_FREQUENCIES) if x in names]
    out["frequency"] = pd.to_numeric(frame[names[told[0]]], errors="coerce") if told else np.nan
    return out[COLUMNS]


def _alleles(frame: pd.DataFrame, names: dict[str, str], where: str) -> tuple[pd.Series, pd.Series]:
    for first, second in _ALLELES:
        if first in names and second in names:
            return frame[names[first]], frame[names[second]]
    if "ALLELES" in names:
        values = frame[names["ALLELES"]]
        joined = values.map(lambda each: each if isinstance(each, str) else ",".join(each))
        pair = joined.str.replace("'", '"').str.extract(_HAIL)
        bad = pair[0].isna()
        if bad.any():
            raise InputError(
                f"{where}: {values[bad].iloc[0]!r} in column {names['ALLELES']} at row "
                f"{int(bad.to_numpy().argmax()) + 1} is no pair of alleles; expected two, as "
                '["A","G"]: split variants of several alleles first (hl.split_multi_hts)'
            )
        return pair[1], pair[0]
    raise InputError(
        f"{where}: no columns for two alleles among {', '.join(map(str, frame))}; expected such as "
        "a1 and a2, allele1 and allele2, ref and alt"
    )


def from_names(names: Sequence[str]) -> pd.DataFrame | None:
    """Variants out of names such as ``1:1000:A:G``; None where any name is none."""
    parts = pd.Series(names, dtype="str").str.strip().str.extract(_NAME)
    if not len(parts) or parts.isna().any(axis=None):
        return None
    out = pd.DataFrame({"chrom": parts[0], "pos": parts[1], "rsid": None})
    return out.assign(a1=parts[3], a2=parts[2], frequency=np.nan)[COLUMNS]


def by_names(table: pd.DataFrame, names: Sequence[str], told: tuple[Path, str]) -> pd.DataFrame:
    """The rows of a table of variants in the order of names, which are rsIDs or places.

    Parameters
    ----------
    table : DataFrame
        From `read_ld_variants`.
    names : sequence of str
    told : tuple (path of the matrix, words for where the table is)

    Raises
    ------
    InputError
        If a name is not in the table, or stands there more than once.
    """
    asked = pd.Index(list(names), dtype="str").str.strip()
    ids = pd.Index(table["rsid"].astype("str"))
    at = ids.get_indexer_for(asked) if ids.is_unique else None
    if at is None or (at < 0).any():
        places = _by_place(table, asked)
        if places is not None:
            return table.iloc[places].reset_index(drop=True)
    if at is None:
        twice = ids.duplicated(keep=False)
        if not asked.isin(ids[twice]).any():
            first = pd.Series(np.arange(len(ids)), index=ids)[~twice]
            at = first.reindex(asked).fillna(-1).to_numpy(dtype=np.int64)
        else:
            name = asked[asked.isin(ids[twice])][0]
            raise InputError(
                f"{told[0]}: {name!r} names several variants of {told[1]}; expected names of one "
                "variant each, such as chrom:pos:ref:alt (plink2 --set-all-var-ids '@:#:$r:$a')"
            )
    missing = at < 0
    if missing.any():
        raise InputError(
            f"{told[0]}: {int(missing.sum()):,} of {len(asked):,} variants, such as "
            f"{asked[missing][0]!r}, are not in {told[1]}; expected the table that the matrix was "
            "made from"
        )
    return table.iloc[at].reset_index(drop=True)


def _by_place(table: pd.DataFrame, asked: pd.Index) -> np.ndarray | None:
    """Rows of the variants that names such as 1:1000:A:G mean; None where not all are found."""
    meant = from_names(list(asked))
    if meant is None:
        return None
    meant = checked(meant, "names", first_line=None)
    known = _pair_key(table)
    at = pd.Index(known).get_indexer_for(_pair_key(meant)) if known.is_unique else None
    return None if at is None or (at < 0).any() else at


def _pair_key(table: pd.DataFrame) -> pd.Series:
    """Place and alleles, whichever comes first."""
    low = table["a1"].where(table["a1"] <= table["a2"], table["a2"])
    high = table["a2"].where(table["a1"] <= table["a2"], table["a1"])
    return table["chrom"] + ":" + table["pos"].astype("str") + ":" + low + ":" + high


def checked(table: pd.DataFrame, where: str, *, first_line: int | None) -> pd.DataFrame:
    """A table of variants in seqgen's spelling.

    Parameters
    ----------
    table : DataFrame
        Columns `COLUMNS`.
    where : str
        The file, for messages.
    first_line : int or None
        Its line of the first row; None where rows are counted from 1.

    Raises
    ------
    InputError
        If a position or an allele is none, a frequency is not between 0 and 1, or a variant comes
        twice.
    """
    word, first = ("row", 1) if first_line is None else ("line", first_line)
    out = table.reset_index(drop=True).copy()
    pos = pd.to_numeric(out["pos"], errors="coerce")
    for bad, what in (
        (~(pos >= 0) | (pos % 1 != 0), "position"),
        (out["chrom"].isna(), "chromosome"),
        (out["a1"].isna() | out["a2"].isna(), "pair of alleles"),
        ((out["frequency"] < 0) | (out["frequency"] > 1), "frequency"),
    ):
        if bad.any():
            at = int(bad.to_numpy().argmax())
            row = out.iloc[at].drop("frequency" if what != "frequency" else "rsid")
            told = ", ".join(f"{name}={value}" for name, value in row.items())
            raise InputError(f"{where} {word} {at + first}: {told} has no {what} that can be used")
    out["pos"] = pos.astype("int64")
    out["chrom"] = canonical_names(out["chrom"].astype("str").str.strip()).astype("str")
    for allele in ("a1", "a2"):
        out[allele] = out[allele].astype("str").str.strip().str.upper()
    rsid = out["rsid"].astype("str")
    named = out["rsid"].notna() & ~rsid.isin(["", ".", "None", "nan"])
    out["rsid"] = rsid.where(named).astype("str")
    out["frequency"] = out["frequency"].astype("float64")
    twice = repeated_variants(out)
    if twice.any():
        row = out.iloc[int(twice.argmax())]
        raise InputError(
            f"{where} {word} {int(twice.argmax()) + first}: {row['chrom']}:{row['pos']} "
            f"{row['a1']}/{row['a2']} comes a second time ({int(twice.sum()):,} such); expected "
            "each variant once: leave the repeats out of matrix and table"
        )
    return out[COLUMNS]


def read_names(path: Path) -> list[str]:
    """One name a line, as PLINK 2 writes them beside a matrix (``.vars``)."""
    with open(path, encoding="utf-8", errors="replace") as handle:
        names = [re.split(r"\s", line.strip())[0] for line in handle if line.strip()]
    if not names:
        raise InputError(f"{path}: is empty; expected the name of a variant in each line")
    return names


def _read_bim(path: Path) -> pd.DataFrame:
    try:
        frame = pd.read_csv(
            path, sep=r"\s+", header=None, index_col=False, keep_default_na=False,
            names=["chrom", "rsid", "cm", "pos", "a1", "a2"], dtype="str",
        )  # fmt: skip
    except (ValueError, pd.errors.ParserWarning) as error:
        raise InputError(
            f"{path}: is no .bim file ({str(error).strip()}); expected six columns: chromosome, "
            "name, cM, position, allele 1, allele 2"
        ) from error
    return frame.assign(frequency=np.nan)[COLUMNS]
