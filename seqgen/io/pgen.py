"""PLINK 2 files (.pgen, .pvar, .psam): the one door to pgenlib."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from seqgen.errors import InputError, MissingDependencyError, MissingFileError, SeqgenWarning
from seqgen.io.genotype_files import pgen_files
from seqgen.io.genotype_source import (
    FILTERED,
    MANY_ALT,
    NO_ALT,
    REPEATED,
    repeated_variants,
)
from seqgen.io.plink_source import PlinkSource, people_rows, region_places
from seqgen.io.ploidy import sex_linked
from seqgen.io.regions import canonical_names
from seqgen.io.tables import opened_zstd
from seqgen.io.tally import Tally, drops_text

_MISSING = -9
# How much is looked at to tell whether there are dosages.
_LOOK, _LOOK_BYTES = 200, 16 * 1024 * 1024
# Columns of a .pvar file without a header, which is like a .bim file: cM may be left out.
_BIM = ("CHROM", "ID", "CM", "POS", "ALT", "REF")
_NEEDED = ("CHROM", "POS", "ID", "REF", "ALT")


@dataclass(frozen=True, repr=False)
class PgenPanel(PlinkSource):
    """PLINK 2 genotypes, read when they are asked for; made by `read_pgen`.

    See `PlinkSource` for the attributes that it shares with a PLINK 1 panel.

    Attributes
    ----------
    pgen : Path
        The ``.pgen`` file.
    dosages : bool
        Whether `genotypes` gives dosages, not calls.
    allele_offsets : ndarray, optional
        Where each variant's alleles begin, in a file with multiallelic variants.
    """

    pgen: Path
    dosages: bool = False
    allele_offsets: np.ndarray | None = field(default=None, kw_only=True)

    @property
    def _holds_calls(self) -> bool:
        return not self.dosages

    def _read(self, places: np.ndarray) -> np.ndarray:
        calls = self._holds_calls
        out = np.empty((len(places), self.n_people), dtype=np.int8 if calls else np.float32)
        reader = _opened(
            self.pgen,
            self.n_people_in_file or self.n_people,
            rows=self.rows,
            offsets=self.allele_offsets,
        )
        try:
            if reader.get_variant_ct() != (self.n_in_file or len(self.variants)):
                raise RuntimeError("it holds another number of variants")
            read = reader.read_list if calls else reader.read_dosages_list
            read(places.astype(np.uint32), out)
        except RuntimeError as error:
            raise InputError(
                f"{self.pgen}: genotypes cannot be read ({_said(error)}); was the file changed "
                "since the panel was opened?"
            ) from error
        finally:
            reader.close()
        counts = out.astype(np.float32, copy=False)
        counts[out == _MISSING] = np.nan
        return counts.T


def read_pgen(
    prefix: str | os.PathLike[str],
    *,
    name: str | None = None,
    region: str | None = None,
    field: str = "GT",
    keep_filtered: bool = False,
    people: Sequence[str] | None = None,
) -> PgenPanel:
    """Open PLINK 2 genotypes without reading them.

    The ALT allele is counted; phase is not used. Left out, and counted in ``drops``: variants
    with several ALT alleles or none, those that failed a filter, and repeats of a variant.

    Parameters
    ----------
    prefix : path
        The common part of the names of the ``.pgen``, ``.pvar`` (or ``.pvar.zst``) and ``.psam``
        file, or the name of any of them. A ``.bim`` and a ``.fam`` file will do for the last two.
    name : str, optional
        How reports name the panel; by default the prefix' last part.
    region : str, optional
        ``chrom`` or ``chrom:start-end`` (1-based, both ends included): this part alone.
    field : {"GT", "DS"}
        Calls or dosages; where the file holds no dosage, that of its call.
    keep_filtered : bool
        Keep variants whose FILTER is neither PASS nor missing.
    people : sequence of str, optional
        Names of the people to read; they stay in the order of the file.

    Returns
    -------
    PgenPanel

    Raises
    ------
    MissingFileError
        If one of the three files is missing.
    MissingDependencyError
        If pgenlib is not installed.
    InputError
        If a file is damaged, the sizes do not fit each other, or no variant is left.

    Warns
    -----
    SeqgenWarning
        If calls are missing for which the file holds dosages.
    """
    prefix, *paths = pgen_files(prefix)
    missing = [str(path) for path in paths if not path.is_file()]
    if missing:
        raise MissingFileError(
            f"panel {prefix}: {', '.join(missing)} not there; expected {prefix}.pgen, .pvar (or "
            ".pvar.zst) and .psam side by side"
        )
    pgen, pvar, psam = paths
    n_people, rows = people_rows(psam, people)
    table = _read_pvar(pvar)
    offsets = _allele_offsets(table)
    _check_pgen(pgen, n_people, offsets=offsets, n_variants=len(table))
    places, linked, tally = _usable(table, region, pvar, keep_filtered=keep_filtered)
    variants = table.iloc[places].reset_index(drop=True)
    panel = PgenPanel(
        name or prefix.name,
        n_people if rows is None else len(rows),
        variants[["chrom", "pos", "rsid", "a1", "a2"]],
        pgen.absolute(),
        field == "DS",
        ids=psam.absolute(),
        places=places,
        rows=rows,
        n_in_file=len(table),
        n_people_in_file=n_people,
        linked=linked,
        left_out=tally.to_frame(),
        files=tuple(path.absolute() for path in paths),
        allele_offsets=offsets,
    )
    if field == "GT":
        _tell_of_dosages(panel)
    return panel


def _tell_of_dosages(panel: PgenPanel) -> None:
    """Tell of dosages that are not read: those too uncertain for a call are missing calls."""
    p = len(panel.variants)
    some = min(_LOOK, max(1, _LOOK_BYTES // (4 * panel.n_people)), p)
    index = np.linspace(0, p - 1, some).astype(np.int64)
    lost = int(np.isnan(panel._counts(index)).sum())
    if not lost:
        return
    lost -= int(np.isnan(replace(panel, dosages=True)._counts(index)).sum())
    if lost > 0:
        warnings.warn(
            f"{panel.pgen}: {lost / (some * panel.n_people):.2%} of the calls of {some:,} variants "
            "looked at are missing for which there is a dosage, too uncertain for a call. Read the "
            "dosages: field='DS'; for fine-mapping, write LD with seqgen ld --field DS and give it "
            "with --ld",
            SeqgenWarning,
            stacklevel=4,
        )


def _opened(
    path: Path, n_people: int, *, rows: np.ndarray | None, offsets: np.ndarray | None
) -> Any:
    try:
        from pgenlib import PgenReader
    except ImportError as error:
        raise MissingDependencyError(
            f"{path}: reading PLINK 2 files needs pgenlib: pip install pgenlib; or make PLINK 1 "
            "files with plink2 --make-bed"
        ) from error
    subset = None if rows is None else rows.astype(np.uint32)
    try:
        return PgenReader(
            os.fsencode(path),
            raw_sample_ct=n_people,
            sample_subset=subset,
            allele_idx_offsets=offsets,
        )
    except RuntimeError as error:
        raise InputError(
            f"{path}: cannot be read ({_said(error)}); expected a .pgen file of the "
            f"{n_people:,} people in .psam: is it whole, and are the three files of one panel?"
        ) from error


def _said(error: RuntimeError) -> str:
    first = error.args[0] if error.args else ""
    text = first.decode(errors="replace") if isinstance(first, bytes) else str(first)
    return text.strip().rstrip(".")


def _check_pgen(path: Path, n_people: int, *, offsets: np.ndarray | None, n_variants: int) -> None:
    reader = _opened(path, n_people, rows=None, offsets=offsets)
    found = reader.get_variant_ct()
    reader.close()
    if found != n_variants:
        raise InputError(
            f"{path}: holds {found:,} variants and .pvar {n_variants:,}; the files are not of one "
            "panel"
        )


def _read_pvar(path: Path) -> pd.DataFrame:
    """``written`` (the chromosome's name in the file), ``chrom``, ``pos``, ..., ``filter``."""
    import polars as pl

    skip, header, separator = _pvar_header(path)
    lacking = [name for name in _NEEDED if name not in header]
    if lacking:
        raise InputError(
            f"{path}: has no column {', '.join(lacking)}; expected a header #CHROM POS ID REF ALT, "
            "or five or six columns without a header: chromosome, name, cM, position, ALT, REF"
        )
    wanted = [*_NEEDED, *(["FILTER"] if "FILTER" in header else [])]
    numbers = sorted(header.index(name) for name in wanted)
    source = opened_zstd(path).read() if path.suffix == ".zst" else path
    try:
        frame = pl.read_csv(
            source, separator=separator, has_header=False, skip_rows=skip, quote_char=None,
            columns=numbers, infer_schema=False,
        )  # fmt: skip
        frame.columns = [header[number] for number in numbers]
        frame = frame.with_columns(pl.col("POS").cast(pl.Int64), pl.exclude("POS").fill_null(""))
    except pl.exceptions.PolarsError as error:
        raise InputError(
            f"{path}: is no .pvar file ({str(error).splitlines()[0]}); expected columns CHROM, "
            "POS, ID, REF, ALT"
        ) from error
    table = frame.to_pandas().rename(
        columns={
            "CHROM": "written", "POS": "pos", "ID": "rsid", "ALT": "a1", "REF": "a2",
            "FILTER": "filter",
        }
    )  # fmt: skip
    table = table.astype({name: "str" for name in table if name != "pos"})
    table["chrom"] = canonical_names(table["written"])
    table["a1"], table["a2"] = table["a1"].str.upper(), table["a2"].str.upper()
    return table


def _pvar_header(path: Path) -> tuple[int, list[str], str]:
    """Lines before the first variant, names of the columns, and what is between them."""
    with opened_zstd(path) if path.suffix == ".zst" else open(path, "rb") as handle:
        skip, line = 0, handle.readline()
        while line.startswith(b"##"):
            skip, line = skip + 1, handle.readline()
    text = line.decode(errors="replace").rstrip("\r\n")
    if not text:
        raise InputError(f"{path}: holds no variant; expected one line per variant")
    separator = "\t" if "\t" in text else " "
    fields = text.split(separator)
    if text.startswith("#"):
        return skip + 1, [fields[0].lstrip("#"), *fields[1:]], separator
    names = [name for name in _BIM if len(fields) > 5 or name != "CM"]
    return skip, names[: len(fields)], separator


def _allele_offsets(table: pd.DataFrame) -> np.ndarray | None:
    """Where each variant's alleles begin, as pgenlib asks for; None where all have two."""
    extra = table["a1"].str.count(",").to_numpy(dtype=np.int64)
    if not extra.any():
        return None
    return np.concatenate([[0], np.cumsum(2 + extra)]).astype(np.uintp)


def _usable(
    table: pd.DataFrame, region: str | None, path: Path, *, keep_filtered: bool
) -> tuple[np.ndarray, np.ndarray, Tally]:
    """Rows to read, which of them are sex-linked, and why others are not read."""
    inside = region_places(table, region, path)
    rows = table if inside is None else table.iloc[inside]
    tally = Tally("read genotypes")
    rows = tally.drop(rows, rows["a1"].isin([".", "", "0"]), NO_ALT)
    rows = tally.drop(rows, rows["a1"].str.contains(",", regex=False), MANY_ALT)
    if "filter" in rows and not keep_filtered:
        rows = tally.drop(rows, ~rows["filter"].isin(["PASS", ".", ""]), FILTERED)
    rows = tally.drop(rows, repeated_variants(rows), REPEATED)
    if not len(rows):
        told = drops_text(tally.to_frame())
        raise InputError(f"{path}: no variant is left; what happened to the rows:\n{told}")
    linked = sex_linked(rows["written"], rows["chrom"], rows["pos"])
    return rows.index.to_numpy(), linked, tally
