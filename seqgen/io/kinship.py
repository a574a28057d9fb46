"""Relationship matrices of GCTA and PLINK, and square tables, as one named matrix."""

from __future__ import annotations

import gzip
import os
import zlib
from pathlib import Path

import numpy as np
import pandas as pd

from seqgen.errors import InputError, MissingFileError
from seqgen.io.delimited import read_columns, sniff
from seqgen.io.plink_people import plink_people, read_ids, refuse_twice
from seqgen.io.tables import existing_file, read_table

# Suffix to that of its list of people.
_KINDS = {
    ".grm.bin": ".grm.id",
    ".grm.gz": ".grm.id",
    ".grm": ".grm.id",
    ".rel.bin": ".rel.id",
    ".rel.gz": ".rel.id",
    ".rel": ".rel.id",
    ".king.bin": ".king.id",
    ".king": ".king.id",
}
_LISTS = (".grm.sp", ".kin0", ".kin", ".genome", ".genome.gz", ".seg")
_TOLERANCE = 1e-5
_MAKE = "make one with gcta64 --make-grm, or with plink2 --make-rel square"


def read_kinship(path: str | os.PathLike[str]) -> pd.DataFrame:
    r"""Read a relationship matrix of all pairs of people.

    Read are GCTA's ``.grm.bin`` (single precision), ``.grm.gz`` and ``.grm``; PLINK's ``.rel``,
    text or ``.rel.bin``, square or lower triangle, in double or single precision; the ``.king``
    of PLINK 2 (whose coefficients are half a relationship); each with its ``.id`` file of people
    beside it; and square tables, text or Parquet, that name people in the header and in the first
    column. People are named by IID, or by FID:IID where IIDs repeat.

    Parameters
    ----------
    path : path
        A file, or GCTA's or PLINK's prefix.

    Returns
    -------
    DataFrame of float64, shape (people, people)
        Symmetric; its index and columns name the people. It takes 8 bytes per pair.

    Raises
    ------
    MissingFileError
        If a file is missing.
    InputError
        If sizes do not fit, the file is a list of pairs, people differ between rows and
        columns, or values are missing, infinite or not symmetric.

    References
    ----------
    Yang, Lee, Goddard, Visscher (2011), American Journal of Human Genetics 88, 76-82: GCTA.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "kinship.tsv")
    ...     _ = path.write_text("id\tann\tben\nann\t1\t0.5\nben\t0.5\t1\n")
    ...     read_kinship(path).loc["ann", "ben"].item()
    0.5
    """
    path = _found(Path(path))
    lower = path.name.lower()
    suffix = next((each for each in _KINDS if lower.endswith(each)), None)
    if suffix is None:
        if lower.endswith(_LISTS):
            raise InputError(
                f"{path}: is a list of pairs, which lacks those that were not reported; expected "
                f"a whole matrix: {_MAKE}"
            )
        return _checked(*_square_table(path), path)
    people = _people(path, suffix)
    reader = (
        _grm_text if suffix in (".grm", ".grm.gz") else _binary if "bin" in suffix else _text_matrix
    )
    return _checked(reader(path, len(people)), people, path)


def _found(path: Path) -> Path:
    """The file, or that of the prefix."""
    if path.exists():
        return existing_file(path)
    there = [Path(f"{path}{suffix}") for suffix in _KINDS]
    if path.suffix == ".grm":  # the prefix as plink2 names it
        there += [Path(f"{path}.bin"), Path(f"{path}.gz")]
    there = [each for each in there if each.is_file()]
    if len(there) == 1:
        return there[0]
    if there:
        raise InputError(
            f"{path}: {', '.join(each.name for each in there)} are there; name one of them"
        )
    raise MissingFileError(
        f"{path}: no such file, nor {path}.grm.bin, .grm.gz, .rel.bin or .rel; check the path, "
        f"seen from {Path.cwd()}"
    )


def _people(path: Path, suffix: str) -> pd.Index:
    stem = str(path)[: -len(suffix)]
    places = [Path(stem + _KINDS[suffix]), Path(f"{path}.id")]
    beside = next((place for place in places if place.is_file()), None)
    if beside is None:
        raise MissingFileError(
            f"{path}: {places[0]} is not there; expected the list of people that was written with "
            "the matrix beside it"
        )
    ids = read_ids(beside, what="people")
    return plink_people(ids["fid"], ids["iid"], str(beside))


def _binary(path: Path, n: int) -> np.ndarray:
    """A square or a lower triangle with its diagonal, row by row, told by the size."""
    half, size = n * (n + 1) // 2, path.stat().st_size
    layouts = {4 * half: "<f4", 8 * half: "<f8", 4 * n * n: "<f4", 8 * n * n: "<f8"}
    if path.name.lower().endswith(".grm.bin"):
        layouts = {4 * half: "<f4"}
    if size not in layouts:
        sizes = " or ".join(f"{each:,}" for each in layouts)
        raise InputError(
            f"{path}: is {size:,} bytes; {n:,} people need {sizes}; "
            "the list of people is not of this matrix, or it is cut short"
        )
    values = np.fromfile(path, dtype=layouts[size])
    return values.reshape(n, n).astype(float) if values.size != half else _filled(values, n)


def _filled(triangle: np.ndarray, n: int) -> np.ndarray:
    """Both halves of a matrix out of its lower triangle."""
    out = np.empty((n, n))
    lower = np.tri(n, dtype=bool)
    out[lower] = triangle
    out.T[lower] = triangle
    return out


def _grm_text(path: Path, n: int) -> np.ndarray:
    """GCTA's lines of person, person, number of variants, relationship."""
    try:
        table = pd.read_csv(path, sep=r"\s+", header=None, dtype=np.float64)
    except (ValueError, EOFError, OSError, zlib.error) as error:
        raise InputError(
            f"{path}: cannot be read ({str(error).strip()}); expected lines of two numbers of "
            "people, variants, relationship"
        ) from error
    half = n * (n + 1) // 2
    if table.shape != (half, 4):
        raise InputError(
            f"{path}: has {len(table):,} lines of {table.shape[1]} fields; {n:,} people need "
            f"{half:,} of 4; the list of people is not of this matrix, or it is cut short"
        )
    row, column = (table[k].to_numpy() - 1 for k in (0, 1))
    where, _ = np.nonzero(np.tri(n, dtype=bool))
    within = np.arange(half) - where * (where + 1) // 2
    if not (np.array_equal(row, where) and np.array_equal(column, within)):
        raise InputError(
            f"{path}: its lines are not those of a lower triangle, row by row; write it again "
            "with gcta64 --make-grm-gz"
        )
    return _filled(table[3].to_numpy(), n)


def _text_matrix(path: Path, n: int) -> np.ndarray:
    """PLINK's text: a square, or a triangle whose lines grow."""
    opened = gzip.open if path.name.lower().endswith(".gz") else open
    try:
        with opened(path, "rb") as handle:
            values = np.array(handle.read().split(), dtype=np.float64)
    except (ValueError, EOFError, OSError, zlib.error) as error:
        raise InputError(
            f"{path}: holds something that is no number ({error}); expected PLINK's matrix, "
            f"without a header: {_MAKE}"
        ) from error
    half = n * (n + 1) // 2
    if values.size == half:
        return _filled(values, n)
    if values.size == n * (n - 1) // 2:  # the triangle of --make-king has no diagonal
        raise InputError(
            f"{path}: holds a triangle without its diagonal; make it with plink2 --make-king square"
        )
    if values.size != n * n:
        raise InputError(
            f"{path}: holds {values.size:,} values; {n:,} people need {n * n:,}, or {half:,} of a "
            "triangle; the list of people is not of this matrix, or it is cut short"
        )
    return values.reshape(n, n)


def _square_table(path: Path) -> tuple[np.ndarray, pd.Index]:
    """A table that names people in its header and its first column."""
    if path.name.lower().endswith(".parquet"):
        frame = read_table(path)
        if isinstance(frame.index, pd.RangeIndex):
            frame = frame.set_index(frame.columns[0])
        frame.index = frame.index.astype("str")
        frame.columns = frame.columns.astype("str")
    else:
        layout = sniff(path)
        table = read_columns(layout, range(len(layout.header)), text=(0,))
        frame = table.set_index(0)
        frame.columns = pd.Index(layout.header[1:], dtype="str")
    rows = refuse_twice(frame.index.rename("person"), str(path))
    columns = refuse_twice(frame.columns, f"{path}, header")
    order = columns.get_indexer(rows)
    if len(rows) != len(columns) or (order < 0).any():
        such = f", such as {rows[order < 0][0]!r}" if (order < 0).any() else ""
        raise InputError(
            f"{path}: has {len(rows):,} people in rows and {len(columns):,} in the header, "
            f"{int((order < 0).sum()):,} of the rows not there{such}; expected a square table that "
            f"names the same people in its header and first column, or a whole matrix: {_MAKE}"
        )
    try:
        values = frame.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise InputError(f"{path}: holds something that is no number ({error})") from error
    return values[:, order], rows


def _checked(matrix: np.ndarray, people: pd.Index, path: Path) -> pd.DataFrame:
    """Refuse what is no relationship matrix."""
    if not np.isfinite(matrix).all():
        row, column = (int(k) for k in np.argwhere(~np.isfinite(matrix))[0])
        raise InputError(
            f"{path}: the relationship of {people[row]!r} and {people[column]!r} is "
            f"{matrix[row, column]}; expected a number for each pair: leave out who has no calls"
        )
    gap = np.abs(matrix - matrix.T)
    largest = float(np.abs(np.diagonal(matrix)).max(initial=0.0))
    if gap.max(initial=0.0) > _TOLERANCE * max(1.0, largest):
        row, column = (int(k) for k in np.unravel_index(gap.argmax(), gap.shape))
        raise InputError(
            f"{path}: {people[row]!r} with {people[column]!r} is {matrix[row, column]:g}, and the "
            f"other way round {matrix[column, row]:g}; expected a symmetric matrix (PLINK's "
            "'square0' leaves one half 0: say square)"
        )
    if (np.diagonal(matrix) <= 0).any():
        person = int((np.diagonal(matrix) <= 0).argmax())
        raise InputError(
            f"{path}: {people[person]!r} has relationship {matrix[person, person]:g} with "
            "themselves; expected about 1 (0.5 for kinship coefficients)"
        )
    named = people.rename("person")
    return pd.DataFrame((matrix + matrix.T) / 2, index=named, columns=named.rename(None))
