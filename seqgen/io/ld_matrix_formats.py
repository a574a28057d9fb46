"""Matrices of LD in the files that people have: NumPy, scipy sparse, PLINK binary, Parquet.

A matrix is opened first, and read for the variants that are wanted alone: of the whole, which may
hold tens of thousands of variants, no more than these is ever dense in memory where the format
allows it.
"""

from __future__ import annotations

import math
import os
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.io.ld_raw import FEW_ZERO, Block, RawMatrix, from_array, named
from seqgen.io.ld_text import open_text
from seqgen.io.tables import existing_file, read_table

_MATRIX = ("R", "r", "ld", "LD", "corr", "cor", "correlation", "arr_0")
_NAMES = ("variants", "variant", "snps", "snp", "ids", "id", "rsid", "names")
_SPARSE = {"format", "shape", "data"}
_BINARY = (".bin", ".bin4")
# Files of others, told by their first bytes or their suffix, and how to get a matrix out of them.
_TEXT = "write the matrix as text, in R: write.table(R, FILE)"
_ARRAY = "save the matrix with numpy.save"
_OTHERS = (
    (b"\x89HDF", (".h5", ".hdf5", ".hdf"), "HDF5", _ARRAY),
    (b"MATLAB", (".mat",), "MATLAB's", _ARRAY),
    (b"X\n\0\0", (".rds",), "R's", _TEXT),
    (b"RDX", (".rda", ".rdata"), "R's", _TEXT),
    (b"\x80\x04", (".pkl", ".pickle"), "a pickle", _ARRAY),
    (b"bcor", (".bcor",), "a .bcor of LDstore", "ldstore --bcor FILE --matrix FILE.ld"),
)


def open_matrix(path: str | os.PathLike[str], p: int | None = None) -> RawMatrix:
    """Open a matrix, telling its format by content where it can, else by suffix.

    Parameters
    ----------
    path : path
    p : int, optional
        Variants, where a table of them is at hand.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If it is of no format that is read, or damaged.
    """
    if Path(path).is_dir():
        raise InputError(
            f"{path}: is a folder; expected a file: of Hail's BlockMatrix write one with "
            "BlockMatrix.export or .to_numpy"
        )
    path = existing_file(path)
    name = path.name.lower()
    with open(path, "rb") as handle:
        start = handle.read(6)
    for magic, suffixes, what, remedy in _OTHERS:
        if start.startswith(magic) or name.endswith(suffixes):
            raise InputError(f"{path}: is {what}, which is not read; {remedy}")
    if start.startswith(b"PK\x03\x04"):
        return _open_npz(path)
    if start == b"\x93NUMPY":
        return _open_npy(path)
    if start.startswith(b"PAR1"):
        return _open_parquet(path)
    if name.endswith(_BINARY):
        return _open_binary(path, p)
    return open_text(path)


def _open_npy(path: Path) -> RawMatrix:
    try:
        return from_array(path, np.load(path, mmap_mode="r", allow_pickle=False))
    except (ValueError, OSError, EOFError) as error:
        if isinstance(error, InputError):
            raise
        raise _damaged(path, error) from error


def _open_npz(path: Path) -> RawMatrix:
    try:
        with open(path, "rb") as handle, np.load(handle, allow_pickle=False) as archive:
            if set(archive.files) >= _SPARSE:
                from scipy import sparse

                handle.seek(0)
                return _sparse(path, sparse.load_npz(handle))
            return _of_arrays(path, {key: archive[key] for key in archive.files})
    except (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile) as error:
        if isinstance(error, InputError):
            raise
        raise _damaged(path, error) from error


def _sparse(path: Path, matrix: Any) -> RawMatrix:
    """A sparse matrix: of PolyFun and UK Biobank one half, with a diagonal of one half."""
    if matrix.shape[0] != matrix.shape[1]:
        raise InputError(
            f"{path}: the matrix has shape {matrix.shape[0]} x {matrix.shape[1]}; expected a "
            "square one"
        )
    coo = matrix.tocoo()
    kind = np.float32 if coo.data.dtype == np.float32 else np.float64

    def read(index: np.ndarray) -> Block:
        row, column, data = coo.row, coo.col, coo.data
        if len(index) < coo.shape[0]:
            place = np.full(coo.shape[0], -1, dtype=np.int32)
            place[index] = np.arange(len(index), dtype=np.int32)
            inside = (place[row] >= 0) & (place[column] >= 0)
            row, column, data = place[row[inside]], place[column[inside]], data[inside]
        shape = (len(index), len(index))
        out = type(coo)((data.astype(kind, copy=False), (row, column)), shape=shape).toarray()
        held = max(int((row > column).sum()), int((row < column).sum()))
        return Block(out, len(index) * (len(index) - 1) // 2 - held)

    return RawMatrix(path, matrix.shape[0], read, some_absent=FEW_ZERO)


def _of_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> RawMatrix:
    """Named arrays: a square one, and maybe names of its variants."""
    flat = {key: value for key, value in arrays.items() if value.ndim == 1}
    square = [key for key, value in arrays.items() if value.ndim == 2]
    named = [key for key in _MATRIX if key in square]
    chosen = named[:1] if named else square
    if len(chosen) != 1:
        held = ", ".join(f"{key} {value.shape}" for key, value in arrays.items())
        raise InputError(
            f"{path}: holds {held or 'nothing'}; expected one square matrix, or one named R or ld"
        )
    raw = from_array(path, arrays[chosen[0]], what=f"array '{chosen[0]}'")
    table = pd.DataFrame(
        {
            key: values.astype("U") if values.dtype.kind == "S" else values
            for key, values in flat.items()
            if len(values) == raw.p
        }
    )
    texts = [key for key in _NAMES if key in table and flat[key].dtype.kind in "US"]
    names = tuple(map(str, table[texts[0]])) if texts else None
    if {"chrom", "pos", "a1", "a2"} <= set(table):  # by which rsIDs need not be unique
        return replace(raw, variants=table)
    return replace(raw, names=names)


def _open_parquet(path: Path) -> RawMatrix:
    """A square of numbers, whose columns name the variants, with a column of names or none."""
    frame = read_table(path)
    numeric = [pd.api.types.is_numeric_dtype(kind) for kind in frame.dtypes]
    names = tuple(str(each) for each, number in zip(frame.columns, numeric, strict=True) if number)
    labels = [k for k, number in enumerate(numeric) if not number]
    rows: tuple[str, ...] | None = None
    if len(labels) == 1:
        rows = tuple(frame.iloc[:, labels[0]].astype("str"))
    elif not isinstance(frame.index, pd.RangeIndex):
        rows = tuple(frame.index.astype("str"))
    if len(labels) > 1 or len(names) != len(frame):
        raise InputError(
            f"{path}: has {len(frame):,} rows and {len(names):,} columns of numbers; expected a "
            "square matrix, with at most one more column, of names"
        )
    matrix = frame.loc[:, numeric].to_numpy()
    raw = from_array(path, matrix)
    return named(raw, rows, names)


def _open_binary(path: Path, p: int | None) -> RawMatrix:
    """Doubles or floats of a square or a lower triangle, told by the size."""
    size = path.stat().st_size
    if p is None:
        p = next((n for b in (8, 4) if b * (n := math.isqrt(size // b)) ** 2 == size), None)
    if p is None:
        raise InputError(
            f"{path}: is {size:,} bytes, no square of numbers; expected the table of its variants, "
            "whose number tells the shape: variants=... (--ld-variants), PLINK's .bim"
        )
    half = p * (p + 1) // 2
    layouts = {8 * p * p: "<f8", 4 * p * p: "<f4", 8 * half: "<f8", 4 * half: "<f4"}
    if size not in layouts:
        sizes = " or ".join(f"{each:,}" for each in sorted(layouts))
        raise InputError(
            f"{path}: is {size:,} bytes; {p:,} variants need {sizes} (square or triangle, double "
            "or single precision); the table is not of this matrix, or the file is cut short"
        )
    values = np.memmap(path, dtype=layouts[size], mode="r")
    if len(values) == p * p:
        return from_array(path, values.reshape(p, p))

    def read(index: np.ndarray) -> Block:
        out = np.zeros((len(index), len(index)), dtype=values.dtype.newbyteorder("="))
        begin = index * (index + 1) // 2
        for k, start in enumerate(begin):
            out[k, : k + 1] = values[start + index[: k + 1]]
        return Block(out)

    return RawMatrix(path, p, read)


def _damaged(path: Path, error: Exception) -> InputError:
    told = str(error).splitlines()[0] if str(error) else type(error).__name__
    pickled = " Arrays of Python objects are not read: save numbers and text." * (
        "pickle" in told.lower() or "Python objects" in told
    )
    return InputError(
        f"{path}: cannot be read as NumPy's file ({told}); it may be cut short: fetch or make it "
        f"again.{pickled}"
    )
