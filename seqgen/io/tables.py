"""Tables on disk: written whole or not at all, with their provenance.

The one door to pyarrow. Parquet by default, tab- or comma-separated text by suffix.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqgen.errors import InputError, MissingFileError, OutputError

if TYPE_CHECKING:
    import pandas as pd

    from seqgen.schemas import Schema

_SEPARATORS = {".tsv": "\t", ".tsv.gz": "\t", ".csv": ",", ".csv.gz": ","}
_PARQUET = ".parquet"
_KEY = b"seqgen"
_PACKED = {"compression": "zstd", "write_page_checksum": True}
_PAGE, _OF_RUN = ".html", "provenance.json"


def read_table(path: str | os.PathLike[str], schema: Schema | None = None) -> pd.DataFrame:
    """Read a table that `write_table` or another tool wrote, and check it.

    Parameters
    ----------
    path : path
        ``.parquet``, ``.tsv``, ``.tsv.gz``, ``.csv`` or ``.csv.gz``.
    schema : Schema, optional
        What the table has to be; a text table also takes its column types from it.

    Returns
    -------
    DataFrame

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If the file is damaged, of an unknown kind, or breaks the schema.
    """
    path = existing_file(path)
    kind = table_suffix(path, InputError)
    frame = _read_parquet(path) if kind == _PARQUET else _read_text(path, kind, schema)
    return frame if schema is None else schema.validate(frame, where=str(path))


def write_table(
    frame: pd.DataFrame,
    path: str | os.PathLike[str],
    *,
    schema: Schema | None = None,
    provenance: Mapping[str, Any] | None = None,
    allow_empty: bool = False,
    shard: tuple[int, int] | None = None,
) -> Path:
    """Write a table beside its final place and move it there once it is complete.

    The bytes depend only on the table, the provenance and the version of the writer.

    Parameters
    ----------
    frame : DataFrame
        Its index is not written.
    path : path
        ``.parquet`` (zstd), ``.tsv``, ``.tsv.gz``, ``.csv`` or ``.csv.gz``.
    schema : Schema, optional
        Checked before anything is written.
    provenance : mapping, optional
        Anything JSON can hold; kept in the Parquet metadata under ``seqgen``, or beside a
        text table as ``<path>.provenance.json``.
    allow_empty : bool
        A table without rows is refused unless this is True.
    shard : tuple (i, N), optional
        Note in the provenance that the table is the i-th of N parts, for `merge_shards`.

    Returns
    -------
    Path
        Where the table is.

    Raises
    ------
    InputError
        If the table breaks its schema, or ``shard`` is not (i, N) with 1 <= i <= N.
    OutputError
        If the table has no rows, or the place cannot be written.
    """
    path = Path(path)
    kind = table_suffix(path, OutputError)
    if schema is not None:
        frame = schema.validate(frame, where=f"to be written to {path}")
    if frame.empty and not allow_empty:
        raise OutputError(
            f"{path}: the table to be written has no rows; look at the drop counts for where "
            f"they went, or pass allow_empty=True if none is a result"
        )
    if shard is not None:
        provenance = {**(provenance or {}), **_shard_note(shard, schema)}
    note = None if provenance is None else _to_json(provenance, "provenance")
    if kind == _PARQUET:
        with replacing(path) as handle:
            _write_parquet(frame, handle, note)
        return path
    if note is not None:
        write_text(_sidecar(path), note + "\n")
    with replacing(path) as handle:
        _write_text_table(frame, handle, kind)
    return path


def read_provenance(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What a table, or a run of the main job, was made from and how.

    Parameters
    ----------
    path : path
        A table of `write_table`, or the folder or page of a run (its ``provenance.json``).

    Returns
    -------
    dict
        Empty where a table was written without.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If the file is damaged, or the folder or page is not of a finished run.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = write_table(pd.DataFrame({"a": [1]}), f"{folder}/a.tsv", provenance={"seed": 1})
    ...     read_provenance(path)
    {'seed': 1}
    """
    path = Path(path)
    if path.is_dir() or path.suffix.lower() == _PAGE:
        return _provenance_of_run(path)
    path = existing_file(path)
    if table_suffix(path, InputError) == _PARQUET:
        import pyarrow.parquet as pq

        with _readable_parquet(path):
            metadata = pq.read_schema(path).metadata or {}
        text = metadata.get(_KEY, b"{}").decode()
    else:
        sidecar = _sidecar(path)
        text = sidecar.read_text(encoding="utf-8") if sidecar.exists() else "{}"
    return _from_json(text, path)


def _provenance_of_run(path: Path) -> dict[str, Any]:
    folder = path if path.is_dir() else existing_file(path).parent
    record = folder / _OF_RUN
    if not record.exists():
        raise InputError(
            f"{path}: no {_OF_RUN} {'in it' if path.is_dir() else 'beside it'}; expected the "
            "folder or page of a finished run, or a table: those of a scan have their own"
        )
    return _from_json(record.read_text(encoding="utf-8"), record)


def _from_json(text: str, path: Path) -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads(text)
    except ValueError as error:
        raise InputError(f"{path}: its provenance is not JSON ({error}); write it anew") from error
    return told


def _shard_note(shard: tuple[int, int], schema: Schema | None) -> dict[str, Any]:
    from seqgen.io.shards import shard_note
    from seqgen.parallel import checked_shard

    return shard_note(checked_shard(shard), schema)


def write_text(path: str | os.PathLike[str], text: str) -> Path:
    """Write a text file (UTF-8) whole or not at all.

    Raises
    ------
    OutputError
        If the place cannot be written.
    """
    with replacing(path) as handle:
        handle.write(text.encode("utf-8"))
    return Path(path)


def write_json(path: str | os.PathLike[str], value: Any) -> Path:
    """Write ``value`` as indented JSON, whole or not at all.

    Raises
    ------
    OutputError
        If the value is not JSON, or the place cannot be written.
    """
    return write_text(path, _to_json(value, "value", indent=2) + "\n")


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[io.BufferedWriter]:
    """Open a binary file that takes the place of ``path`` once the block ends well.

    The bytes go to a hidden file in the same folder, are flushed to the disk, and are
    renamed; after a failure, an interruption included, nothing of them is left.

    Raises
    ------
    OutputError
        If the folder is missing or not writable, ``path`` is a folder, or the disk is full.
    """
    path = Path(path)
    if path.is_dir():
        raise OutputError(f"{path}: is a folder; name a file in it")
    if not path.parent.is_dir():
        raise OutputError(f"{path}: there is no folder {path.parent}; create it first")
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with open(temporary, "xb") as handle:
            yield handle
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(temporary, path)
    except OSError as error:
        if isinstance(error, OutputError | InputError):
            raise
        raise OutputError(
            f"{path}: cannot be written ({error.strerror or error}); choose a folder you may "
            f"write to, with space left"
        ) from error
    finally:
        with suppress(FileNotFoundError, NotADirectoryError, PermissionError):
            temporary.unlink()


def existing_file(path: str | os.PathLike[str]) -> Path:
    """Return ``path`` as a Path if it is a readable file.

    Raises
    ------
    MissingFileError
        If nothing is there, or it cannot be read.
    InputError
        If it is a folder.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError(f"{path}: is a folder; expected a file")
    if not path.exists():
        raise MissingFileError(f"{path}: no such file; check the path, seen from {Path.cwd()}")
    if not os.access(path, os.R_OK):
        raise MissingFileError(f"{path}: may not be read; check its permissions")
    return path


def opened_zstd(path: Path) -> io.BufferedReader:
    """A file packed by zstd, as its bytes unpacked."""
    import pyarrow as pa

    return io.BufferedReader(pa.CompressedInputStream(pa.OSFile(str(path)), "zstd"), 1 << 20)


def table_suffix(path: Path, error: type[InputError] | type[OutputError]) -> str:
    """By which the kind of a table is told."""
    found = [one for one in (_PARQUET, *_SEPARATORS) if path.name.lower().endswith(one)]
    if found:
        return found[0]
    raw = (
        ". Summary statistics as others publish them are read by read_sumstats, or made a table "
        "by seqgen munge; traits and covariates are read by read_traits"
    )
    raise error(
        f"{path}: the suffix says no kind of table; expected one of "
        f"{', '.join((_PARQUET, *_SEPARATORS))}{raw if error is InputError else ''}"
    )


def _sidecar(path: Path) -> Path:
    return path.with_name(path.name + ".provenance.json")


def _to_json(value: Any, label: str, indent: int | None = None) -> str:
    try:
        return json.dumps(value, sort_keys=True, indent=indent, ensure_ascii=False)
    except (TypeError, ValueError) as error:
        raise OutputError(
            f"{label} cannot be written as JSON ({error}); use text, numbers, lists and "
            f"dictionaries with text keys"
        ) from error


@contextmanager
def _readable_parquet(path: Path) -> Iterator[None]:
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(
            f"{path}: is not a whole Parquet file ({first}); it may be cut short: make it again"
        ) from error


def _read_parquet(path: Path) -> pd.DataFrame:
    import pyarrow as pa
    import pyarrow.parquet as pq

    # not read_table, which would make columns of folders named like "locus=1"
    with _readable_parquet(path), pq.ParquetFile(path, page_checksum_verification=True) as file:
        table = file.read()
        frame = table.to_pandas(date_as_object=False)
    for place in [k for k, kind in enumerate(table.schema.types) if pa.types.is_date(kind)]:
        frame.isetitem(place, frame.iloc[:, place].astype("datetime64[s]"))
    return frame


def _days(frame: pd.DataFrame) -> list[int]:
    """Columns of dates: in whole seconds, as pandas has no dates, and all at midnight."""
    kinds = [str(dtype) for dtype in frame.dtypes]
    columns = {k: frame.iloc[:, k] for k, kind in enumerate(kinds) if kind == "datetime64[s]"}
    return [k for k, one in columns.items() if (one.isna() | (one == one.dt.normalize())).all()]


def _write_parquet(frame: pd.DataFrame, handle: io.BufferedWriter, note: str | None) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pa.Table.from_pandas(frame, preserve_index=False)
        for place in _days(frame):
            name = table.schema.names[place]
            table = table.set_column(place, name, table.column(place).cast(pa.date32()))
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise OutputError(
            f"the table cannot be written as Parquet ({error}); give each column one type and "
            f"a text name"
        ) from error
    if note is not None:
        table = table.replace_schema_metadata(
            {**(table.schema.metadata or {}), _KEY: note.encode()}
        )
    pq.write_table(table, handle, **_PACKED)


def write_parts(
    frames: Iterator[pd.DataFrame],
    path: str | os.PathLike[str],
    *,
    provenance: Mapping[str, Any] | None = None,
) -> Path:
    """Write one Parquet table of which the parts come one after the other, as `write_table` does.

    Raises
    ------
    OutputError
        If the place is no Parquet file or cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = Path(path)
    if table_suffix(path, OutputError) != _PARQUET:
        raise OutputError(f"{path}: is written in parts, for which it has to be .parquet")
    note = {} if provenance is None else {_KEY: _to_json(provenance, "provenance").encode()}
    with replacing(path) as handle, ExitStack() as stack:
        writer = None
        for frame in frames:
            table = pa.Table.from_pandas(frame, preserve_index=False)
            if writer is None:
                schema = table.schema.with_metadata({**(table.schema.metadata or {}), **note})
                settings = {**_PACKED, "use_dictionary": _repeating(frame)}
                writer = stack.enter_context(pq.ParquetWriter(handle, schema, **settings))
            writer.write_table(table.cast(writer.schema))
    return path


def _repeating(frame: pd.DataFrame) -> list[str]:
    """Columns in which values come again and again: for others a dictionary is wasted work."""
    rows = frame.head(100_000)
    return [str(name) for name in rows if rows[name].nunique() < len(rows) / 2]


def keep_rows(frame: pd.DataFrame, path: Path) -> None:
    """Write rows that `kept_rows` is soon to read again: quickly, and not packed."""
    import pyarrow as pa

    table = pa.Table.from_pandas(frame, preserve_index=False)
    coded = pa.dictionary(pa.int32(), pa.large_string())  # one type, however many words there are
    kinds = [coded if pa.types.is_dictionary(kind) else kind for kind in table.schema.types]
    table = table.cast(pa.schema(list(zip(table.schema.names, kinds, strict=True))))
    with pa.OSFile(str(path), "wb") as handle, pa.ipc.new_file(handle, table.schema) as writer:
        writer.write_table(table)


def kept_rows(paths: Iterable[Path]) -> pd.DataFrame:
    """The rows of `keep_rows`, those of one file after those of another."""
    import pyarrow as pa

    tables = [pa.ipc.open_file(pa.memory_map(str(path))).read_all() for path in paths]
    return pa.concat_tables(tables).unify_dictionaries().to_pandas(split_blocks=True)


def _read_text(path: Path, kind: str, schema: Schema | None) -> pd.DataFrame:
    import pandas as pd

    text = {} if schema is None else {c.name: "str" for c in schema.columns if c.kind == "string"}
    try:
        return pd.read_csv(
            path,
            sep=_SEPARATORS[kind],
            dtype=text,
            keep_default_na=False,
            na_values=[""],
            low_memory=False,
            compression="gzip" if kind.endswith(".gz") else None,
        )
    except pd.errors.EmptyDataError as error:
        raise InputError(f"{path}: is empty; expected a line of column names") from error
    except (pd.errors.ParserError, UnicodeDecodeError, EOFError, OSError) as error:
        raise InputError(
            f"{path}: cannot be read as a {kind} table ({str(error).strip()}); make it again"
        ) from error


def _write_text_table(frame: pd.DataFrame, handle: io.BufferedWriter, kind: str) -> None:
    target: io.BufferedIOBase = handle
    if kind.endswith(".gz"):
        target = gzip.GzipFile(filename="", mode="wb", fileobj=handle, mtime=0)
    frame.to_csv(target, sep=_SEPARATORS[kind], index=False, lineterminator="\n")
    if target is not handle:
        target.close()
