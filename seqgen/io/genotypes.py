"""Genotypes of people: read from PLINK files when asked for, or held from a VCF.

The one door to bed-reader.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.io.genotype_files import (
    BED_MAGIC,
    OTHER_SUFFIXES,
    VCF_SUFFIXES,
    no_panel,
    other_kind,
)
from seqgen.io.genotype_source import GenotypeSource, repeated_variants
from seqgen.io.plink_people import plink_people, read_ids
from seqgen.io.regions import canonical_names, parse_region
from seqgen.io.vcf import HeldGenotypes, read_vcf
from seqgen.schemas import DROPS


@dataclass(frozen=True, repr=False)
class Panel(GenotypeSource):
    """A PLINK panel whose genotypes are read when they are asked for.

    Attributes
    ----------
    name : str
        How reports name the panel.
    n_people : int
        People in the panel.
    variants : DataFrame
        One row per variant in file order: ``chrom``, ``pos``, ``rsid``, ``a1``, ``a2``.
    bed : Path
        The ``.bed`` file.
    fam : Path, optional
        The ``.fam`` file, for `people`.
    places : ndarray of int, optional
        Rows of ``variants`` in the ``.bed`` file, where they are a part of it.
    n_in_bed : int, optional
        Variants in the ``.bed`` file, where ``variants`` are a part of them.
    drops : DataFrame
        `schemas.DROPS`; nothing is left out of a panel, so it is empty.
    """

    name: str
    n_people: int
    variants: pd.DataFrame = field(repr=False)
    bed: Path
    fam: Path | None = field(default=None, repr=False)
    places: np.ndarray | None = field(default=None, repr=False)
    n_in_bed: int | None = field(default=None, repr=False)
    drops: pd.DataFrame = field(default_factory=DROPS.empty, repr=False)

    @cached_property
    def people(self) -> pd.Index:  # type: ignore[override]
        """Names of the people: their IID, or FID:IID for all where two share an IID.

        Read from the ``.fam`` file at the first use; numbers from 0 where there is none.

        Raises
        ------
        InputError
            If a person comes twice, or the file was changed since the panel was opened.
        """
        if self.fam is None:
            return pd.RangeIndex(self.n_people)
        ids = read_ids(self.fam, what="people")
        if len(ids) != self.n_people:
            raise InputError(
                f"{self.fam}: holds {len(ids):,} people; it held {self.n_people:,} when the panel "
                "was opened: open it again"
            )
        return plink_people(ids["fid"], ids["iid"], str(self.fam))

    def genotypes(self, index: np.ndarray) -> np.ndarray:
        """Counts of ``a1`` for the variants ``index``.

        Parameters
        ----------
        index : ndarray of int, shape (k,)
            Rows of ``variants``, in any order.

        Returns
        -------
        ndarray of float32, shape (n_people, k)
            0, 1, 2, or NaN where the call is missing.

        Raises
        ------
        InputError
            If an index is outside the panel, or the file cannot be read.
        """
        from bed_reader import open_bed

        index = self._checked(index)
        if index.size == 0:
            return np.empty((self.n_people, 0), dtype=np.float32)
        places = index if self.places is None else self.places[index]
        try:
            with open_bed(
                self.bed,
                iid_count=self.n_people,
                sid_count=self.n_in_bed or len(self.variants),
                count_A1=True,
                properties={},
            ) as bed:
                return bed.read(index=np.s_[:, places], dtype="float32", order="F")
        except (OSError, ValueError) as error:
            raise InputError(
                f"{self.bed}: genotypes cannot be read ({error}); was the file changed since "
                f"the panel was opened?"
            ) from error


def read_genotypes(
    path: str | os.PathLike[str],
    *,
    name: str | None = None,
    region: str | None = None,
    field: str = "GT",
    keep_filtered: bool = False,
) -> Panel | HeldGenotypes:
    """Open genotypes of named people: PLINK files, or a VCF or BCF.

    PLINK's genotypes stay on the disk and are read by blocks. Those of a VCF are held in
    memory, a byte per person and variant (4 bytes for dosages); see `seqgen.io.vcf.read_vcf` for
    what is done with multiallelic rows, haploid calls and filters.

    Parameters
    ----------
    path : path
        A PLINK prefix or one of its three files, or a ``.vcf``, ``.vcf.gz`` or ``.bcf``.
    name : str, optional
        How reports name the genotypes; by default the last part of the path.
    region : str, optional
        ``chrom`` or ``chrom:start-end`` (1-based, both ends included): read this part alone.
    field : {"GT", "DS"}
        Calls, or the dosages of a VCF.
    keep_filtered : bool
        Keep rows of a VCF whose FILTER is neither PASS nor missing; they are left out and
        counted otherwise.

    Returns
    -------
    Panel or HeldGenotypes
        Both have ``people``, ``n_people``, ``variants``, ``variant_names``, ``drops``, and
        ``genotypes(index)``: counts of ``a1``, which is a VCF's ALT allele.

    Raises
    ------
    MissingFileError
        If a file is missing.
    InputError
        If a file is damaged or of another kind, or no variant is left.

    Examples
    --------
    >>> from seqgen.io.resources import demo_panel_prefix
    >>> panel = read_genotypes(demo_panel_prefix(), region="22:17000000-17100000")
    >>> panel.genotypes(np.arange(2)).shape, panel.people[:2].tolist()
    ((378, 2), ['HG00096', 'HG00097'])
    """
    if field not in ("GT", "DS"):
        raise InputError(f"field is {field!r}; expected 'GT' (calls) or 'DS' (dosages)")
    lower = Path(path).name.lower()
    if lower.endswith(VCF_SUFFIXES):
        return read_vcf(path, name=name, region=region, field=field, keep_filtered=keep_filtered)
    if lower.endswith(OTHER_SUFFIXES):
        raise other_kind(path)
    if field == "DS":
        raise InputError(f"field is 'DS', but {path} is a PLINK panel, which holds calls; say 'GT'")
    return read_panel(path, name=name, region=region)


def read_panel(
    prefix: str | os.PathLike[str], *, name: str | None = None, region: str | None = None
) -> Panel:
    """Open a PLINK panel (``.bed``, ``.bim``, ``.fam``) without reading its genotypes.

    Parameters
    ----------
    prefix : path
        The common part of the three names, or the name of any of them.
    name : str, optional
        How reports name the panel; by default the prefix' last part.
    region : str, optional
        ``chrom`` or ``chrom:start-end`` (1-based, both ends included): this part alone.

    Returns
    -------
    Panel

    Raises
    ------
    MissingFileError
        If one of the three files is missing.
    InputError
        If the path is a file of another kind, a file is damaged, the sizes do not fit each other,
        a variant comes twice, or none lies in the region.
    """
    given = prefix = Path(prefix)
    if prefix.suffix in (".bed", ".bim", ".fam"):
        prefix = prefix.with_suffix("")
    paths = {suffix: Path(f"{prefix}.{suffix}") for suffix in ("bed", "bim", "fam")}
    missing = [str(path) for path in paths.values() if not path.is_file()]
    if missing:
        raise no_panel(given, prefix, missing)
    n_people = _count_people(paths["fam"])
    variants = _read_bim(paths["bim"])
    _check_bed(paths["bed"], n_people, len(variants))
    bed, fam = paths["bed"].absolute(), paths["fam"].absolute()
    if region is None:
        return Panel(name or prefix.name, n_people, variants, bed, fam)
    places = np.flatnonzero(parse_region(region).contains(variants["chrom"], variants["pos"]))
    if not len(places):
        raise InputError(
            f"{paths['bim']}: none of {len(variants):,} variants lies in {region}; they are on "
            f"chromosome(s) {', '.join(variants['chrom'].astype('str').unique()[:5])}"
        )
    part = variants.iloc[places].reset_index(drop=True)
    return Panel(
        name or prefix.name, n_people, part, bed, fam, places=places, n_in_bed=len(variants)
    )


def _count_people(path: Path) -> int:
    with open(path, "rb") as handle:
        count = sum(1 for line in handle if line.strip())
    if count < 2:
        raise InputError(f"{path}: holds {count} people; a panel needs two or more")
    return count


def _read_bim(path: Path) -> pd.DataFrame:
    try:
        frame = pd.read_csv(
            path,
            sep=r"\s+",
            header=None,
            names=["chrom", "rsid", "cm", "pos", "a1", "a2"],
            dtype={"chrom": "str", "rsid": "str", "a1": "str", "a2": "str"},
            keep_default_na=False,
            index_col=False,
        )
        frame["pos"] = frame["pos"].astype("int64")
    except pd.errors.EmptyDataError as error:
        raise InputError(f"{path}: is empty; expected one line per variant") from error
    except (ValueError, pd.errors.ParserWarning) as error:
        raise InputError(
            f"{path}: is no .bim file ({str(error).strip()}); expected six columns: chromosome, "
            f"name, cM, position, allele 1, allele 2"
        ) from error
    frame["chrom"] = canonical_names(frame["chrom"])
    frame["a1"] = frame["a1"].str.upper()
    frame["a2"] = frame["a2"].str.upper()
    _refuse_repeats(path, frame)
    return frame[["chrom", "pos", "rsid", "a1", "a2"]]


def _refuse_repeats(path: Path, frame: pd.DataFrame) -> None:
    """Raise where one variant stands on two lines, whichever allele comes first."""
    repeated = repeated_variants(frame)
    if repeated.any():
        first = int(repeated.argmax())
        row = frame.iloc[first]
        raise InputError(
            f"{path} line {first + 1}: {row['chrom']}:{row['pos']} {row['a1']}/{row['a2']} "
            f"comes a second time ({int(repeated.sum())} such line(s)); keep one, for instance "
            f"with plink2 --rm-dup"
        )


def _check_bed(path: Path, n_people: int, n_variants: int) -> None:
    expected = 3 + n_variants * ((n_people + 3) // 4)
    with open(path, "rb") as handle:
        magic = handle.read(3)
    if magic != BED_MAGIC:
        raise InputError(
            f"{path}: begins with {magic.hex() or 'nothing'}, not with {BED_MAGIC.hex()}; expected "
            f"a PLINK 1 .bed file in variant-major order: make it with plink --make-bed"
        )
    size = path.stat().st_size
    if size != expected:
        raise InputError(
            f"{path}: is {size:,} bytes; {n_people:,} people in .fam and {n_variants:,} variants "
            f"in .bim need {expected:,}; the three files are not of one panel or .bed is cut short"
        )
