"""Variants alone, of files that hold little else: VCF, or a table of places and alleles."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd

from seqgen.errors import InputError
from seqgen.io.tables import existing_file, read_table

_VCF = (".vcf", ".vcf.gz", ".vcf.bgz")
_PLACES = ({"chrom", "pos", "ref", "alt"}, {"chrom", "pos", "effect_allele", "other_allele"})
_COLUMNS = ("chrom", "pos", "rsid", "ref", "alt")


def read_variants(path: str | os.PathLike[str]) -> pd.DataFrame | None:
    """Variants of a VCF, or of a table whose columns are named as in seqgen's tables.

    Parameters
    ----------
    path : path
        VCF (plain, gzipped), or Parquet, TSV, CSV.

    Returns
    -------
    DataFrame or None
        Of a VCF ``chrom``, ``pos``, ``rsid``, ``ref``, ``alt``, one row per alternative allele;
        of a table its columns. None where the columns are not named so: such a file is for
        `read_sumstats`.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If a VCF is none.
    """
    path = existing_file(path)
    name = path.name.lower()
    if name.endswith(".bcf"):
        raise InputError(f"{path}: is a BCF; turn it into a VCF (bcftools view -Oz)")
    if name.endswith(_VCF):
        return _read_vcf(path)
    try:
        table = read_table(path)
    except InputError:
        return None
    known = any(names <= set(table.columns) for names in _PLACES)
    return table if known and pd.api.types.is_integer_dtype(table["pos"]) else None


def _read_vcf(path: Path) -> pd.DataFrame:
    import polars as pl

    try:
        frame = pl.read_csv(
            path, separator="\t", has_header=False, comment_prefix="#", quote_char=None,
            columns=list(range(len(_COLUMNS))), infer_schema=False, truncate_ragged_lines=True,
        )  # fmt: skip
        frame.columns = list(_COLUMNS)
        frame = frame.with_columns(pl.col("pos").cast(pl.Int64))
    except pl.exceptions.PolarsError as error:
        raise InputError(
            f"{path}: is no VCF ({str(error).splitlines()[0]}); expected columns CHROM, POS, ID, "
            "REF, ALT between tabs"
        ) from error
    frame = frame.with_columns(
        pl.col("alt").str.split(","), pl.when(pl.col("rsid") != ".").then("rsid").alias("rsid")
    ).explode("alt")
    frame = frame.filter(pl.col("alt").is_not_null() & ~pl.col("alt").is_in([".", "<NON_REF>"]))
    text = {name: "str" for name in _COLUMNS if name != "pos"}
    return frame.to_pandas().astype(text)
