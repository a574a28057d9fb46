"""Genotypes out of a VCF or BCF, held in memory: the one door to cyvcf2."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from seqgen.errors import InputError, MissingDependencyError
from seqgen.io.chromosomes import NAMES
from seqgen.io.genotype_source import (
    FILTERED,
    MANY_ALT,
    NO_ALT,
    REPEATED,
    GenotypeSource,
    repeated_variants,
)
from seqgen.io.plink_people import chosen_rows
from seqgen.io.regions import LAST, Region, canonical_names, parse_region
from seqgen.io.tables import existing_file
from seqgen.io.tally import Tally, drops_text

MISSING = -1
_PADDING = -2
_BLOCK = 2048
_MOST_BYTES = 16 * 1024**3
_AUTOSOMES = frozenset(NAMES[:22])
# What bgzip writes at the end, so that a file cut between two blocks can be told.
_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
_SLACK = 0.01

_SYMBOLIC = "ALT allele is symbolic or a spanning deletion"
_DOSAGES = (
    "\n  where rows have dosages (DS) or probabilities (GP), read these: field='DS' or 'GP'; for "
    "fine-mapping, write LD with seqgen ld --field and give it with --ld"
)
_HAPLOID = "haploid call (X, Y, MT): one copy counted as two, as in PLINK files"
_HALF = "call with one allele missing, read as missing"


@dataclass(frozen=True, repr=False)
class HeldGenotypes(GenotypeSource):
    """Genotypes held in memory; made by `read_vcf`.

    Attributes
    ----------
    name : str
        How reports name the genotypes.
    people : Index of str
        Names of the people.
    variants : DataFrame
        One row per variant in file order: ``chrom``, ``pos``, ``rsid`` (the ID, ``.`` where it
        has none), ``a1`` (ALT, which is counted), ``a2`` (REF).
    counts : ndarray, shape (variants, people)
        int8 with -1 where a call is missing, or float32 dosages with NaN.
    drops : DataFrame
        `schemas.DROPS`: rows left out and calls changed, by reason.
    files : tuple of Path
        The file.
    """

    name: str
    people: pd.Index = field(repr=False)
    variants: pd.DataFrame = field(repr=False)
    counts: np.ndarray = field(repr=False)
    drops: pd.DataFrame = field(repr=False)
    files: tuple[Path, ...] = field(default=(), repr=False)

    @property
    def n_people(self) -> int:  # type: ignore[override]
        """People with genotypes."""
        return len(self.people)

    def genotypes(self, index: np.ndarray) -> np.ndarray:
        """Counts or dosages of ``a1`` for the variants ``index``.

        Parameters
        ----------
        index : ndarray of int, shape (k,)
            Rows of ``variants``, in any order.

        Returns
        -------
        ndarray of float32, shape (n_people, k)
            NaN where the call is missing.

        Raises
        ------
        InputError
            If an index is outside the variants.
        """
        counts = self.counts[self._checked(index)]
        out = counts.astype(np.float32)
        if counts.dtype == np.int8:
            out[counts == MISSING] = np.nan
        return out.T


def read_vcf(
    path: str | os.PathLike[str],
    *,
    name: str | None = None,
    region: str | None = None,
    field: str = "GT",
    keep_filtered: bool = False,
    people: Sequence[str] | None = None,
) -> HeldGenotypes:
    """Read the calls or dosages of a VCF or BCF into memory.

    The ALT allele is counted; phase is not used. Left out, and counted in ``drops``: rows with
    several ALT alleles or none, rows that failed a filter, rows without the field, and repeats
    of a variant. A call with one allele missing is missing. A haploid call counts 0 or 2, as
    PLINK files have it, so that a man's one X weighs as much as a woman's two; haploid dosages
    of X, Y and MT are doubled where the row's GT says that they are haploid, or GP has two values.
    Calls of X that the file writes as diploid stay as they are: sex is not in a VCF.

    Memory is one byte per person and variant for GT and four for DS: 0.5 GB and 2 GB for a
    million variants of 500 people.

    Parameters
    ----------
    path : path
        ``.vcf``, ``.vcf.gz`` or ``.bcf``.
    name : str, optional
        How reports name the genotypes; by default the file's name without suffix.
    region : str, optional
        ``chrom`` or ``chrom:start-end`` (1-based, both ends included). Fast with an index
        beside the file (.tbi or .csi); without, all rows are read and the others left out.
    field : {"GT", "DS", "GP"}
        Calls, dosages, or those that follow from genotype probabilities.
    keep_filtered : bool
        Keep rows whose FILTER is neither PASS nor missing.
    people : sequence of str, optional
        Names of the people to read; they stay in the order of the file.

    Returns
    -------
    HeldGenotypes

    Raises
    ------
    MissingFileError
        If there is no such file.
    MissingDependencyError
        If cyvcf2 is not installed.
    InputError
        If the file is damaged or cut short, holds no people, ploidy is above two, a dosage is
        outside 0 to 2, genotypes do not fit into memory, or no variant is left.
    """
    path = existing_file(path)
    where = None if region is None else parse_region(region)
    vcf = _opened(path)
    _choose(vcf, people, path)
    rows = _Rows(path, len(vcf.samples), field=field, keep_filtered=keep_filtered)
    for record in _records(vcf, path, where):
        rows.add(record)
    variants, counts, tally = rows.finished()
    keep = ~repeated_variants(variants)
    tally.drop(variants, ~keep, REPEATED)
    if not len(variants):
        told = drops_text(tally.to_frame()) or "  the file has no row there"
        raise InputError(
            f"{path}: no variant is left{f' in {region}' if region else ''}; what happened to the "
            f"rows:\n{told}" + (_DOSAGES if "row has no GT" in told else "")
        )
    if not keep.all():
        variants, counts = variants[keep].reset_index(drop=True), counts[keep]
    name = name or path.name.removesuffix(".gz").removesuffix(".bgz").rsplit(".", 1)[0]
    named = pd.Index(vcf.samples, dtype="str", name="person")
    return HeldGenotypes(name, named, variants, counts, tally.to_frame(), (path.absolute(),))


def _opened(path: Path) -> Any:
    try:
        from cyvcf2 import VCF
    except ImportError as error:
        raise MissingDependencyError(
            f"{path}: reading VCF and BCF needs cyvcf2: pip install cyvcf2; or make PLINK files "
            "with plink2 --make-bed"
        ) from error
    _refuse_cut(path)
    try:
        vcf = VCF(str(path), strict_gt=True)
    except Exception as error:  # cyvcf2 raises nothing narrower
        raise InputError(
            f"{path}: is no VCF or BCF ({error}); expected a file that begins with "
            "##fileformat=VCF and names each person once"
        ) from error
    if len(vcf.samples) < 2:
        raise InputError(f"{path}: holds {len(vcf.samples)} people; expected two or more")
    return vcf


def _choose(vcf: Any, people: Sequence[str] | None, path: Path) -> None:
    """Have the calls of some people alone unpacked."""
    names = pd.Index(vcf.samples, dtype="str")
    rows = chosen_rows(names, people, str(path))
    if rows is not None:
        vcf.set_samples(names[rows].tolist())


def _refuse_cut(path: Path) -> None:
    """Refuse a bgzipped file without the block that ends it."""
    with open(path, "rb") as handle:
        start = handle.read(16)
        if start[:4] != _END[:4] or start[12:14] != b"BC":
            return
        handle.seek(-min(len(_END), path.stat().st_size), os.SEEK_END)
        if handle.read() != _END:
            raise InputError(
                f"{path}: lacks the block that ends a bgzipped file; it is cut short: fetch or "
                "write it again"
            )


def _records(vcf: Any, path: Path, region: Region | None) -> Iterator[Any]:
    """Rows of the file or of a region, by the index where there is one."""
    indexed = any(Path(f"{path}{suffix}").is_file() for suffix in (".tbi", ".csi"))
    try:
        if region is None or not indexed:
            for record in vcf:
                if region is None or _inside(record, region):
                    yield record
            return
        for spelling in _spellings(vcf, region.chrom):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a spelling that the file does not use
                found = vcf(f"{spelling}:{region.start}-{min(region.end, LAST)}")
                yield from (record for record in found if _inside(record, region))
    except InputError:
        raise
    except Exception as error:  # cyvcf2 raises nothing narrower
        raise InputError(
            f"{path}: a row cannot be read ({str(error).strip()}); the file is damaged, cut short, "
            "or older than its index: fetch or write it again, and index it anew"
        ) from error


def _inside(record: Any, region: Region) -> bool:
    # An index also finds deletions that begin before the region.
    if not region.start <= record.POS <= region.end:
        return False
    return _canonical(record.CHROM) == region.chrom


def _spellings(vcf: Any, chrom: str) -> list[str]:
    """How the file may call a chromosome: names of its header, then with and without chr."""
    names = pd.Series([*vcf.seqnames, chrom, f"chr{chrom}"], dtype="str").drop_duplicates()
    return names[(canonical_names(names) == chrom) | (names == chrom)].tolist()


@lru_cache
def _canonical(chrom: str) -> str:
    return canonical_names(pd.Series([chrom])).iloc[0]


class _Skipped(NamedTuple):
    """Rows or calls under one reason."""

    action: str
    number: int
    example: str


class _Rows:
    """Rows of a VCF while they pass by: one at a time, for the file is a stream of them."""

    def __init__(self, path: Path, n_people: int, *, field: str, keep_filtered: bool) -> None:
        self._path, self._n, self._field = path, n_people, field
        self._keep_filtered = keep_filtered
        self._calls = field == "GT"
        shape = (_BLOCK, n_people, 2) if self._calls else (_BLOCK, n_people)
        self._block = np.empty(shape, dtype=np.int16 if self._calls else np.float32)
        self._full: list[np.ndarray] = []
        self._count = 0
        self._table: list[tuple[str, int, str, str, str]] = []
        self._told: dict[str, _Skipped] = {}

    def add(self, record: Any) -> None:
        """Take in one row, or count why not."""
        alleles = record.ALT
        place = (record.CHROM, record.POS, record.ID or ".", alleles[0] if alleles else ".",
                 record.REF)  # fmt: skip
        reason = self._refusal(record, alleles)
        if reason is not None:
            self._tell(reason, "dropped", place)
            return
        if not alleles[0].isalpha():
            self._tell(_SYMBOLIC, "kept", place)
        if self._calls:
            self._block[self._count] = self._called(record, place)
        else:
            self._block[self._count] = self._dosage(record, place)
        self._table.append(place)
        self._count += 1
        if self._count == _BLOCK:
            self._close_block()

    def finished(self) -> tuple[pd.DataFrame, np.ndarray, Tally]:
        """All rows: their table, counts (variants, people), and what was told on the way."""
        self._close_block()
        dtype = np.int8 if self._calls else np.float32
        counts = np.empty((len(self._table), self._n), dtype=dtype)
        end = len(counts)
        while self._full:  # from the back, so that each block is let go as it is copied
            block = self._full.pop()
            counts[end - len(block) : end] = block
            end -= len(block)
        tally = Tally("read genotypes")
        tally.rows.extend((tally.stage, reason, *told) for reason, told in self._told.items())
        variants = pd.DataFrame(self._table, columns=["chrom", "pos", "rsid", "a1", "a2"])
        variants = variants.astype({"pos": "int64"} | dict.fromkeys(("chrom", "rsid", "a1", "a2"),
                                                                  "str"))  # fmt: skip
        variants["chrom"] = canonical_names(variants["chrom"])
        variants["a1"], variants["a2"] = variants["a1"].str.upper(), variants["a2"].str.upper()
        return variants, counts, tally

    def _refusal(self, record: Any, alleles: list[str]) -> str | None:
        if len(alleles) != 1:
            return MANY_ALT if alleles else NO_ALT
        if record.FILTER is not None and not self._keep_filtered:
            return FILTERED
        return None if self._field in record.FORMAT else f"row has no {self._field}"

    def _called(self, record: Any, place: tuple) -> np.ndarray:
        """Alleles of the row, (people, 2), -1 where missing, -2 for a haploid's second."""
        alleles = record.genotype.array()[:, :-1]  # the last column is the phase
        if alleles.shape[1] > 2:
            raise InputError(
                f"{self._path}: {_text(place)} has calls of {alleles.shape[1]} alleles; expected "
                "one or two per person (ploidy above two is not analysed)"
            )
        if alleles.shape[1] == 2:
            return alleles
        return np.column_stack([alleles, np.full(self._n, _PADDING, dtype=alleles.dtype)])

    def _dosage(self, record: Any, place: tuple) -> np.ndarray:
        values = record.format(self._field)
        if self._field == "GP":
            return self._expected(values, place)
        if values.dtype.kind != "f" or values.shape[1] != 1:
            raise InputError(
                f"{self._path}: {self._field} of {_text(place)} is {values.shape[1]} value(s) of "
                f"type {values.dtype}; expected one number per person, declared in the header as "
                f"##FORMAT=<ID={self._field},Number=A,Type=Float,...>"
            )
        dosage = values[:, 0]
        if _canonical(place[0]) not in _AUTOSOMES and "GT" in record.FORMAT:
            haploid = (self._called(record, place)[:, 1] == _PADDING) & ~np.isnan(dosage)
            if (dosage[haploid] > 1 + _SLACK).any():
                raise InputError(
                    f"{self._path}: {_text(place)} has a haploid dosage of "
                    f"{dosage[haploid].max():g}; expected 0 to 1 where GT holds one allele: "
                    "write both on one scale, or read field='GT'"
                )
            dosage = np.where(haploid, 2 * dosage, dosage)
            self._tell(_HAPLOID, "changed", place, count=int(haploid.sum()))
        return dosage

    def _expected(self, values: np.ndarray, place: tuple) -> np.ndarray:
        """Expected counts from the probabilities of 0, 1 and 2 copies, or of 0 and 1 (haploid)."""
        if values.dtype.kind != "f" or values.shape[1] not in (2, 3):
            raise InputError(
                f"{self._path}: GP of {_text(place)} is {values.shape[1]} value(s) of type "
                f"{values.dtype}; expected the probabilities of 0, 1 and 2 copies, declared in the "
                "header as ##FORMAT=<ID=GP,Number=G,Type=Float,...>"
            )
        total = np.nansum(values, axis=1)
        missing = np.isnan(values[:, :2]).any(axis=1)
        wrong = (np.abs(total - 1) > _SLACK) | (values < -_SLACK).any(axis=1)
        wrong &= ~missing
        if wrong.any():
            raise InputError(
                f"{self._path}: genotype probabilities of {_text(place)} add up to "
                f"{total[wrong][0]:g}; expected 1"
            )
        haploid = ~missing & (values.shape[1] == 2)
        second = np.zeros(len(values)) if values.shape[1] == 2 else values[:, 2]
        haploid |= ~missing & np.isnan(second)
        self._tell(_HAPLOID, "changed", place, count=int(haploid.sum()))
        dosage = np.where(haploid, 2 * values[:, 1], values[:, 1] + 2 * second)
        return np.where(missing, np.nan, dosage)

    def _close_block(self) -> None:
        if not self._count:
            return
        rows = slice(len(self._table) - self._count, None)
        block = self._block[: self._count]
        made = self._counted(block, rows) if self._calls else self._checked(block, rows)
        self._full.append(made)
        self._count = 0
        held = len(self._table) * self._n * made.itemsize
        if held > _MOST_BYTES:
            raise InputError(
                f"{self._path}: {len(self._table):,} variants of {self._n:,} people take "
                f"{held / 1024**3:.0f} GB and there are more; read a region= at a time, or make "
                "PLINK files with plink2 --make-bed, which are read by blocks"
            )

    def _counted(self, alleles: np.ndarray, rows: slice) -> np.ndarray:
        """Counts of ALT, (variants, people), int8."""
        first, second = alleles[:, :, 0], alleles[:, :, 1]
        haploid = (second == _PADDING) & (first >= 0)
        half = (first == MISSING) ^ (second == MISSING)
        half &= second != _PADDING
        counts = (first > 0).astype(np.int8)
        counts += np.where(haploid, first > 0, second > 0)
        counts[(first < 0) | (second == MISSING)] = MISSING
        for reason, which in ((_HAPLOID, haploid), (_HALF, half)):
            if which.any():
                row = int(which.any(axis=1).argmax())
                self._tell(reason, "changed", self._table[rows][row], count=int(which.sum()))
        return counts

    def _checked(self, dosages: np.ndarray, rows: slice) -> np.ndarray:
        """Dosages within 0 to 2, where rounding may have carried them a little beyond."""
        bad = (dosages < -_SLACK) | (dosages > 2 + _SLACK)
        if bad.any():
            row = int(bad.any(axis=1).argmax())
            raise InputError(
                f"{self._path}: {_text(self._table[rows][row])} has a dosage of "
                f"{dosages[row][bad[row]][0]:g}; expected 0 to 2 copies of the ALT allele"
            )
        return np.clip(dosages, 0.0, 2.0)

    def _tell(self, reason: str, action: str, place: tuple, *, count: int = 1) -> None:
        if count:
            before = self._told.get(reason, _Skipped(action, 0, _text(place)))
            self._told[reason] = before._replace(number=before.number + count)


def _text(place: tuple) -> str:
    chrom, pos, name, alt, ref = place
    return f"{chrom}:{pos} {ref}>{alt}" + ("" if name == "." else f" ({name})")
