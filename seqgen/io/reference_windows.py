"""Stretches of a reference genome around variants, with either allele, in genome order."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.io.reference import Reference
from seqgen.io.tables import existing_file
from seqgen.schemas import DROPS

_ALLELE = re.compile("[ACGT]+")
_GIVEN, _EFFECTS = ["ref", "alt"], ["effect_allele", "other_allele"]
_VCF = (".vcf", ".vcf.gz", ".vcf.bgz")
_BLOCK = 1024


class Windows(NamedTuple):
    """A block of variants in genome order and what is around them.

    ``variants`` has ``chrom``, ``pos``, ``ref``, ``alt`` and the effect alleles where given;
    ``ref`` and ``alt`` hold the windows with either allele, whose bases are
    ``[first, first + length of the allele)`` in both.
    """

    variants: pd.DataFrame
    ref: list[str]
    alt: list[str]
    first: np.ndarray


def dna_variants(variants: pd.DataFrame | str | os.PathLike[str]) -> pd.DataFrame:
    """Variants as a table of ``chrom``, ``pos`` and two alleles, from a table or a VCF.

    Alleles are ``ref`` and ``alt``, or ``effect_allele`` and ``other_allele``. Rows of a VCF
    with several ALT alleles become one row for each.

    Raises
    ------
    InputError
        If columns are missing, a position is no whole number, or there is no row.
    """
    table = variants if isinstance(variants, pd.DataFrame) else _sites(existing_file(variants))
    pair = next((pair for pair in (_GIVEN, _EFFECTS) if set(pair) <= set(table.columns)), None)
    missing = [name for name in ("chrom", "pos") if name not in table]
    if pair is None or missing or not len(table):
        raise InputError(
            f"variants: {len(table)} rows of columns {', '.join(map(str, table.columns))}; "
            "expected chrom, pos, and ref and alt, or effect_allele and other_allele, and a row"
        )
    table = table[["chrom", "pos", *pair]].drop_duplicates(ignore_index=True)
    places = pd.to_numeric(table["pos"], errors="coerce")
    odd = ~(places % 1 == 0) | (places < 1)
    if odd.any():
        raise InputError(
            f"variants: pos of row {int(odd.to_numpy().argmax())} is "
            f"{table['pos'][odd].iloc[0]!r}; expected a whole number of at least 1"
        )
    upper = {name: table[name].astype("str").str.upper() for name in pair}
    return table.assign(chrom=table["chrom"].astype("str"), pos=places.astype("int64"), **upper)


def variant_windows(
    reference: Reference, variants: pd.DataFrame, context: int, *, drops: dict[str, list]
) -> Iterator[Windows]:
    """Windows around variants, a bounded number at a time, in the order of the file's contigs.

    Parameters
    ----------
    reference : Reference
    variants : DataFrame
        As `dna_variants` gives them.
    context : int
        Bases of a window, of the longer allele; cut at the ends of a contig.
    drops : dict
        Filled with the count and an example of what is left out, by reason.
    """
    contig = reference.contigs_of(variants["chrom"])
    rank = contig.map({name: place for place, name in enumerate(reference.lengths)})
    places = rank.fillna(len(reference.lengths)).to_numpy(dtype=np.int64)
    order = np.lexsort([variants["pos"].to_numpy(dtype=np.int64), places])
    table = variants.assign(_contig=contig).iloc[order]
    for start in range(0, len(table), _BLOCK):
        yield _windows(reference, table.iloc[start : start + _BLOCK], context, drops=drops)


def drops_table(drops: dict[str, list]) -> pd.DataFrame:
    """What was left out as `schemas.DROPS`, most first."""
    rows = [("scores", reason, "dropped", count, example)
            for reason, (count, example) in drops.items()]  # fmt: skip
    table = pd.DataFrame(rows, columns=DROPS.names).sort_values(
        "count", ascending=False, ignore_index=True, kind="stable"
    )
    return DROPS.validate(table)


def count_drop(drops: dict[str, list], reason: str, row: dict) -> None:
    """Count one variant as left out."""
    example = f"{row['chrom']}:{row['pos']} " + "/".join(
        str(row[name]) for name in (*_GIVEN, *_EFFECTS) if name in row
    )
    drops.setdefault(reason, [0, example])[0] += 1


def _windows(
    reference: Reference, table: pd.DataFrame, context: int, *, drops: dict[str, list]
) -> Windows:
    kept, first = [], []
    windows: tuple[list[str], list[str]] = ([], [])
    for row in table.to_dict("records"):
        found = _alleles(reference, row)
        if isinstance(found, str):
            count_drop(drops, found, row)
            continue
        (ref, alt), contig, place = found, row["_contig"], row["pos"] - 1
        if max(len(ref), len(alt)) > context:
            count_drop(drops, "allele is longer than the context", row)
            continue
        flank = context - max(len(ref), len(alt))
        begin = max(place - flank // 2, 0)
        end = min(place + len(ref) + flank - flank // 2, reference.lengths[contig])
        before, after = (
            _text(reference, contig, begin, place),
            _text(reference, contig, place + len(ref), end),
        )
        for texts, allele in zip(windows, (ref, alt), strict=True):
            texts.append(before + allele + after)
        first.append(place - begin)
        kept.append({**row, "ref": ref, "alt": alt})
    frame = pd.DataFrame(kept, columns=[*table.columns.drop("_contig"), "_contig", *_extra(table)])
    return Windows(frame.drop(columns="_contig"), *windows, np.array(first, dtype=np.int64))


def _extra(table: pd.DataFrame) -> list[str]:
    return [name for name in _GIVEN if name not in table]


def _alleles(reference: Reference, row: dict) -> tuple[str, str] | str:
    """Reference and alternative allele of a row, or why it has none."""
    contig = row["_contig"]
    if not isinstance(contig, str):
        return "chromosome is not in the reference FASTA"
    pair = [row[name] for name in (_GIVEN if "ref" in row else _EFFECTS)]
    if not all(_ALLELE.fullmatch(allele) for allele in pair):
        return "an allele is not written in A, C, G and T"
    if pair[0] == pair[1]:
        return "both alleles are the same"
    place = row["pos"] - 1
    if place + len(pair[0]) > reference.lengths[contig]:
        return "position beyond the end of the chromosome"
    longest = _text(reference, contig, place, place + max(map(len, pair)))
    fits = [longest.startswith(allele) for allele in pair]
    if "ref" in row:
        return (pair[0], pair[1]) if fits[0] else "ref is not the reference's (another build?)"
    if all(fits):
        return "both alleles fit the reference (an indel); name ref and alt"
    if not any(fits):
        return "neither allele is the reference's (another build, or the other strand?)"
    return (pair[0], pair[1]) if fits[0] else (pair[1], pair[0])


def _text(reference: Reference, contig: str, start: int, end: int) -> str:
    """Bases of a stretch, upper case, what is none of the four as N."""
    end = min(end, reference.lengths[contig])
    text = reference.bases(contig, start, end).tobytes().decode("ascii") if end > start else ""
    return re.sub("[^ACGT]", "N", text)


def _sites(path: Path) -> pd.DataFrame:
    """Places and alleles of a VCF."""
    if not path.name.lower().endswith(_VCF):
        raise InputError(
            f"{path}: expected a VCF ({', '.join(_VCF)}), or a table that was read, such as by "
            "read_sumstats"
        )
    try:
        table = pd.read_csv(
            path, sep="\t", comment="#", header=None, usecols=[0, 1, 3, 4], dtype="str",
            names=["chrom", "pos", "ref", "alt"], compression=(
                None if path.suffix.lower() == ".vcf" else "gzip"),
        )  # fmt: skip
    except (ValueError, OSError, EOFError) as error:
        reason = str(error).partition("\n")[0]
        raise InputError(f"{path}: is not readable as a VCF ({reason})") from error
    table = table.assign(alt=table["alt"].str.split(",")).explode("alt", ignore_index=True)
    return table.assign(alt=table["alt"].fillna("."))
