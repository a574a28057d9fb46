"""Genotypes of people: read from PLINK files when asked for, or held from a VCF.

The one door to bed-reader.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.io.genotype_files import BED_MAGIC, genotype_kind, no_panel
from seqgen.io.genotype_source import repeated_variants
from seqgen.io.pgen import PgenPanel, read_pgen
from seqgen.io.plink_source import PlinkSource, people_rows, region_places
from seqgen.io.ploidy import sex_linked
from seqgen.io.regions import canonical_names
from seqgen.io.vcf import HeldGenotypes, read_vcf


@dataclass(frozen=True, repr=False)
class Panel(PlinkSource):
    """A PLINK 1 panel whose genotypes are read when they are asked for.

    See `PlinkSource` for the attributes that it shares with a PLINK 2 panel.

    Attributes
    ----------
    bed : Path
        The ``.bed`` file.
    """

    bed: Path

    def _read(self, places: np.ndarray) -> np.ndarray:
        from bed_reader import open_bed

        rows = slice(None) if self.rows is None else self.rows
        try:
            with open_bed(
                self.bed,
                iid_count=self.n_people_in_file or self.n_people,
                sid_count=self.n_in_file or len(self.variants),
                count_A1=True,
                properties={},
            ) as bed:
                return bed.read(index=np.s_[rows, places], dtype="float32", order="F")
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
    people: Sequence[str] | None = None,
) -> Panel | PgenPanel | HeldGenotypes:
    """Open genotypes of named people: PLINK 1 or 2 files, or a VCF or BCF.

    PLINK's genotypes stay on the disk and are read by blocks. Those of a VCF are held in
    memory, a byte per person and variant (4 bytes for dosages). Phase is not used. Variants of a
    VCF or .pvar file with several ALT alleles, those that failed a filter, and repeats are left
    out and counted in ``drops``.

    **Sex chromosomes.** One copy counts as two: a man's haploid call of X, Y or MT is 0 or 2
    (``1`` and ``1/1`` in a VCF are the same), as in PLINK files, so that his one X weighs as much
    as a woman's two; PLINK's ``--ld-xchr 2``. In the pseudo-autosomal regions calls are diploid.
    Where a .fam or .psam file tells the sex, calls of both alleles in a man on X or Y outside
    these regions and calls of a woman on Y are missing, and counted in ``drops``.

    Parameters
    ----------
    path : path
        A PLINK prefix or one of its three files, or a ``.vcf``, ``.vcf.gz`` or ``.bcf``. Where a
        prefix has both a .bed and a .pgen file, .bed is read unless the name of the other is
        given. PLINK 2 files need pgenlib (``pip install pgenlib``).
    name : str, optional
        How reports name the genotypes; by default the last part of the path.
    region : str, optional
        ``chrom`` or ``chrom:start-end`` (1-based, both ends included): read this part alone.
    field : {"GT", "DS", "GP"}
        Calls; the dosages of a VCF or .pgen file; or those that follow from a VCF's genotype
        probabilities.
    keep_filtered : bool
        Keep rows whose FILTER is neither PASS nor missing; they are left out and counted
        otherwise.
    people : sequence of str, optional
        Names of the people to read, all of them in the file; they stay in the file's order.

    Returns
    -------
    Panel, PgenPanel or HeldGenotypes
        All have ``people``, ``n_people``, ``variants``, ``variant_names``, ``drops``, and
        ``genotypes(index)``: counts of ``a1``, which is the ALT allele of a VCF or .pvar file.

    Raises
    ------
    MissingFileError
        If a file is missing.
    MissingDependencyError
        If the package that reads such files is not installed.
    InputError
        If a file is damaged or of another kind, people are not in it, or no variant is left.

    Examples
    --------
    >>> from seqgen.io.resources import demo_panel_prefix
    >>> panel = read_genotypes(demo_panel_prefix(), region="22:17000000-17100000")
    >>> panel.genotypes(np.arange(2)).shape, panel.people[:2].tolist()
    ((378, 2), ['HG00096', 'HG00097'])
    """
    if field not in ("GT", "DS", "GP"):
        raise InputError(
            f"field is {field!r}; expected 'GT' (calls), 'DS' (dosages) or 'GP' (probabilities)"
        )
    kind = genotype_kind(path)
    if kind == "VCF":
        return read_vcf(
            path, name=name, region=region, field=field, keep_filtered=keep_filtered, people=people
        )
    if kind == "PLINK 2":
        if field == "GP":
            raise InputError(f"field is 'GP', but {path} is a .pgen file, which has 'GT' and 'DS'")
        return read_pgen(
            path, name=name, region=region, field=field, keep_filtered=keep_filtered, people=people
        )
    if field != "GT":
        raise InputError(
            f"field is {field!r}, but {path} is a PLINK 1 panel, which holds calls; say 'GT'"
        )
    return read_panel(path, name=name, region=region, people=people)


def read_panel(
    prefix: str | os.PathLike[str],
    *,
    name: str | None = None,
    region: str | None = None,
    people: Sequence[str] | None = None,
) -> Panel:
    """Open a PLINK 1 panel (``.bed``, ``.bim``, ``.fam``) without reading its genotypes.

    `read_genotypes` opens this and other kinds of files.

    Parameters
    ----------
    prefix : path
        The common part of the three names, or the name of any of them.
    name : str, optional
        How reports name the panel; by default the prefix' last part.
    region : str, optional
        ``chrom`` or ``chrom:start-end`` (1-based, both ends included): this part alone.
    people : sequence of str, optional
        Names of the people to read, all of them in the file; they stay in the file's order.

    Returns
    -------
    Panel

    Raises
    ------
    MissingFileError
        If one of the three files is missing.
    InputError
        If the path is a file of another kind, a file is damaged, the sizes do not fit each other,
        a variant comes twice, people are not in it, or no variant lies in the region.
    """
    given = prefix = Path(prefix)
    if prefix.suffix in (".bed", ".bim", ".fam"):
        prefix = prefix.with_suffix("")
    paths = {suffix: Path(f"{prefix}.{suffix}") for suffix in ("bed", "bim", "fam")}
    missing = [str(path) for path in paths.values() if not path.is_file()]
    if missing:
        raise no_panel(given, prefix, missing)
    n_people, rows = people_rows(paths["fam"], people)
    table = _read_bim(paths["bim"])
    _check_bed(paths["bed"], n_people, len(table))
    places = region_places(table, region, paths["bim"])
    part = table if places is None else table.iloc[places].reset_index(drop=True)
    return Panel(
        name or prefix.name,
        n_people if rows is None else len(rows),
        part[["chrom", "pos", "rsid", "a1", "a2"]],
        paths["bed"].absolute(),
        ids=paths["fam"].absolute(),
        places=places,
        rows=rows,
        n_in_file=len(table),
        n_people_in_file=n_people,
        linked=sex_linked(part["written"], part["chrom"], part["pos"]),
        files=tuple(path.absolute() for path in paths.values()),
    )


def _read_bim(path: Path) -> pd.DataFrame:
    try:
        frame = pd.read_csv(
            path,
            sep=r"\s+",
            header=None,
            names=["written", "rsid", "cm", "pos", "a1", "a2"],
            dtype={"written": "str", "rsid": "str", "a1": "str", "a2": "str"},
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
    frame["chrom"] = canonical_names(frame["written"])
    frame["a1"] = frame["a1"].str.upper()
    frame["a2"] = frame["a2"].str.upper()
    _refuse_repeats(path, frame)
    return frame


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
