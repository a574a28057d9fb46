"""Correlations of genotypes written so that `seqgen.io.ld_matrices.read_ld` takes them back."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from seqgen.errors import InputError, OutputError
from seqgen.io.genotype_source import GenotypeSource, named_variants
from seqgen.io.plink_people import plink_people, read_ids
from seqgen.io.tables import existing_file, replacing, write_table
from seqgen.io.tally import Tally

SUFFIXES = (".npz", ".npy", ".parquet", ".tsv", ".tsv.gz")
_END = re.compile(r"(\.npz|\.npy|\.parquet|\.tsv\.gz|\.tsv)$", re.I)


def variants_beside(path: str | os.PathLike[str]) -> Path:
    """Where the table of the variants of a matrix goes.

    Raises
    ------
    OutputError
        If the suffix of the matrix is not one that is written.

    Examples
    --------
    >>> variants_beside("a/ld.npz").name
    'ld.variants.tsv'
    """
    path = Path(path)
    if not _END.search(path.name):
        raise OutputError(f"{path}: expected a name that ends in {', '.join(SUFFIXES)}")
    return path.with_name(_END.sub("", path.name) + ".variants.tsv")


def varying(source: GenotypeSource) -> tuple[GenotypeSource, pd.DataFrame, pd.DataFrame]:
    """The variants of a source that vary, their table, and the others as drops.

    Returns
    -------
    source : GenotypeSource
    variants : DataFrame
        ``chrom``, ``pos``, ``rsid``, ``a1`` (the allele that is counted), ``a2``, ``frequency``
        of ``a1``.
    drops : DataFrame
        `schemas.DROPS`.

    Raises
    ------
    InputError
        If none varies.
    """
    frequency = source.frequencies(np.arange(len(source.variants)))
    still = ~((frequency > 0) & (frequency < 1))
    tally = Tally("ld")
    tally.drop(named_variants(source), still, "variant does not vary among these people")
    if still.all():
        raise InputError(f"'{source.name}': none of {len(still):,} variants varies")
    kept = source.take(np.flatnonzero(~still)) if still.any() else source
    return kept, kept.variants.assign(frequency=frequency[~still]), tally.to_frame()


def write_ld(R: np.ndarray, variants: pd.DataFrame, path: str | os.PathLike[str]) -> Path:
    """Write correlations, in single precision, and the table of their variants beside them.

    Parameters
    ----------
    R : ndarray, shape (p, p)
    variants : DataFrame
        ``chrom``, ``pos``, ``rsid``, ``a1``, ``a2``, ``frequency``, one row per row of ``R``.
    path : path
        ``.npz`` (array ``R``, and the columns of the variants), ``.npy``, ``.parquet``, ``.tsv``
        or ``.tsv.gz`` (with names chrom:pos:a2:a1). Variants go to ``<name>.variants.tsv``.

    Returns
    -------
    Path
        That of the variants.

    Raises
    ------
    OutputError
        If the suffix is another, or the place cannot be written.
    """
    path = Path(path)
    beside = variants_beside(path)
    R = np.ascontiguousarray(R, dtype=np.float32)
    if path.suffix.lower() in (".npz", ".npy"):
        with replacing(path) as handle:
            _write_arrays(R, variants, handle, packed=path.suffix.lower() == ".npz")
    else:
        chrom, pos, other, counted = (
            variants[name].astype("str") for name in ("chrom", "pos", "a2", "a1")
        )
        names = chrom + ":" + pos + ":" + other + ":" + counted
        write_table(pd.DataFrame(R, columns=names.tolist()), path)
    write_table(variants, beside)
    return beside


def _write_arrays(R: np.ndarray, variants: pd.DataFrame, handle: Any, *, packed: bool) -> None:
    if not packed:
        np.save(handle, R)
        return
    columns: dict[str, Any] = {
        str(name): variants[name].to_numpy(dtype=None if name in ("pos", "frequency") else "U")
        for name in variants
    }
    np.savez(handle, R=R, **columns)


def read_keep(path: str | os.PathLike[str]) -> Sequence[str]:
    """Names of people in a file as PLINK's ``--keep`` takes it, or one name a line.

    Raises
    ------
    InputError
        If it holds none, or its lines differ.
    """
    path = existing_file(path)
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    fields = [line.split() for line in lines if line.strip()]
    if fields and all(len(one) == 1 for one in fields) and not fields[0][0].startswith("#"):
        return [one[0] for one in fields]
    ids = read_ids(path, what="people")
    return plink_people(ids["fid"], ids["iid"], str(path)).tolist()
