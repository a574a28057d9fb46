"""LD for the loci of a run: of a panel's genotypes, or out of matrices computed before."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.io.genotype_source import GenotypeSource
from seqgen.io.genotypes import read_genotypes
from seqgen.io.ld import align_to_panel, panel_ld
from seqgen.io.ld_aligned import align_rows, signed_ld
from seqgen.io.ld_matrices import ReadLD, ReferenceLD, read_part
from seqgen.io.tables import existing_file
from seqgen.loci import split_by_locus
from seqgen.pipeline.options import RunOptions
from seqgen.schemas import DROPS

Source = GenotypeSource | ReferenceLD


@dataclass(frozen=True)
class LDFiles:
    """Files of LD, one or several, each for some of the loci.

    Attributes
    ----------
    name : str
        How the page calls them.
    n_people : int
        People that the correlations come of.
    paths : tuple of Path
    told : ReadLD
        How to read them.
    """

    name: str
    n_people: int
    paths: tuple[Path, ...]
    told: ReadLD

    @property
    def files(self) -> list[Path]:
        """Every file that was named."""
        table = self.told.variants
        return [*self.paths, *([] if table is None else [Path(str(table))])]


def open_reference(
    panel: str | os.PathLike[str] | None, options: RunOptions, name: str | None
) -> GenotypeSource | LDFiles:
    """The panel, or the files of LD, that a run was given.

    Raises
    ------
    InputError
        If it was given both or neither, or it was not said how many people the LD comes of.
    """
    if options.ld is None:
        if panel is None:
            raise InputError(
                "panel: not given, nor are files of LD; expected genotypes (--panel), or "
                "matrices (options ld, --ld)"
            )
        return read_genotypes(
            panel,
            name=name,
            field=options.field,
            keep_filtered=options.keep_filtered,
            people=options.people,
        )
    if panel is not None:
        raise InputError("panel and ld: both given; expected one of them to take LD from")
    if options.ld_n is None:
        raise InputError(
            "ld_n: not given (--ld-n); expected the number of people that the LD comes of, by "
            "which it is corrected for chance; for LD of the GWAS's own people their number, with "
            "ld_correction 'none'"
        )
    if options.field != "GT" or options.keep_filtered or options.people is not None:
        raise InputError(
            "field, keep_filtered and people say how genotypes of a panel are read, and LD is "
            "given in their place (ld); leave them out"
        )
    paths = tuple(existing_file(path) for path in options.ld)
    told = ReadLD(
        options.ld_variants,
        options.ld_n,
        options.ld_signed_by,
        options.ld_absent,
        options.ld_nonnegative,
        name,
    )
    more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
    return LDFiles(name or f"{paths[0].name}{more}", int(options.ld_n), paths, told)


def files_of(reference: GenotypeSource | LDFiles) -> list[Path]:
    """Every file of a panel or of LD, for the provenance."""
    if isinstance(reference, LDFiles):
        return reference.files
    return list(reference.files)


def locus_ld(variants: pd.DataFrame, source: Source) -> np.ndarray:
    """Correlations of aligned variants, signed by their effect alleles, shape (p, p)."""
    if isinstance(source, ReferenceLD):
        return signed_ld(variants, source)
    # Positive semidefinite, which pairwise complete calls are not always.
    return panel_ld(variants, source, missing="mean")


def align_loci(
    sumstats: pd.DataFrame,
    loci: pd.DataFrame,
    reference: GenotypeSource | LDFiles,
    *,
    palindromic: str,
) -> tuple[dict[str, tuple[pd.DataFrame, Source]], pd.DataFrame]:
    """The variants of each locus that have LD, where that is from, and the drops.

    Of several files of LD that hold variants of a locus, the one that matches most is taken.

    Raises
    ------
    InputError
        If no variant of any locus has LD.
    """
    parts = split_by_locus(sumstats, loci)
    if isinstance(reference, GenotypeSource):
        aligned = align_to_panel(pd.concat(list(parts.values())), reference,
                                 palindromic=palindromic)  # fmt: skip
        rows = split_by_locus(aligned.table, loci)
        return {name: (rows[name], reference) for name in rows}, aligned.drops
    found: dict[str, tuple[pd.DataFrame, ReferenceLD]] = {}
    drops: dict[str, pd.DataFrame] = {}
    refused: list[InputError] = []
    for path in reference.paths:
        whole = read_part(path, reference.told, lambda table: _inside(table, loci))
        for name, place in _places(whole.variants, loci, parts).items():
            part = whole.take(place)
            try:
                table, told = align_rows(parts[name], part, palindromic=palindromic)
            except InputError as error:
                refused.append(error)
                continue
            if name not in found or len(table) > len(found[name][0]):
                found[name], drops[name] = (table, part), told
    if not found:
        raise refused[0] if refused else _nowhere(reference, loci)
    return _all_loci(parts, found), _told(parts, drops, reference)


def _inside(table: pd.DataFrame, loci: pd.DataFrame) -> np.ndarray:
    """Which variants lie in any locus."""
    inside = np.zeros(len(table), dtype=bool)
    for chrom, start, end in zip(*(loci[x] for x in ("chrom", "start", "end")), strict=True):
        inside |= ((table["chrom"] == chrom) & table["pos"].between(start, end)).to_numpy()
    return inside


def _places(
    variants: pd.DataFrame, loci: pd.DataFrame, parts: Mapping[str, pd.DataFrame]
) -> dict[str, np.ndarray]:
    """Rows of the matrix in each locus that it has any of."""
    numbered = variants.assign(place=np.arange(len(variants)))
    rows = split_by_locus(numbered, loci)
    return {n: rows[n]["place"].to_numpy() for n in rows if len(rows[n]) and len(parts[n])}


def _all_loci(
    parts: Mapping[str, pd.DataFrame], found: Mapping[str, tuple[pd.DataFrame, ReferenceLD]]
) -> dict[str, tuple[pd.DataFrame, Source]]:
    """Every locus, in order; without rows where no file has LD for it."""
    some = next(iter(found.values()))
    empty = (some[0].iloc[:0], some[1])
    return {name: found.get(name, empty) for name in parts}


def _told(
    parts: Mapping[str, pd.DataFrame], drops: Mapping[str, pd.DataFrame], reference: LDFiles
) -> pd.DataFrame:
    """The drops of all loci, those of one reason added up, and variants of loci without LD."""
    told = [part for part in drops.values() if len(part)]
    lost = [rows for name, rows in parts.items() if name not in drops and len(rows)]
    if lost:
        first = lost[0].iloc[0]
        told.append(pd.DataFrame(
            [("align_to_ld", "in a locus that no LD matrix can be used for", "dropped",
              sum(map(len, lost)), f"{first['chrom']}:{first['pos']}")],
            columns=DROPS.names,
        ))  # fmt: skip
    if not told:
        return DROPS.empty()
    rows = pd.concat(told, ignore_index=True)
    grouped = rows.groupby(["stage", "reason", "action"], sort=False, as_index=False)
    added = grouped.agg({"count": "sum", "example": "first"})
    return DROPS.validate(added[DROPS.names])


def _nowhere(reference: LDFiles, loci: pd.DataFrame) -> InputError:
    first = loci.iloc[0]
    return InputError(
        f"no variant of {reference.name} lies in a locus (first "
        f"{first['chrom']}:{first['start']}-{first['end']}); check that LD and summary statistics "
        "are of one genome build and cover the same regions"
    )
