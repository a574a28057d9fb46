"""What a folder of kept answers holds, and taking of it what was not used for long."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from warnings import warn

import numpy as np
import pandas as pd

from seqgen.errors import InputError, SeqgenWarning
from seqgen.models.answer_file import APPLICATION
from seqgen.models.cached import VARIABLE, default_cache

_COLUMNS = ["model", "answers", "bytes", "last_used", "path"]
_NAME = re.compile(r"(?P<model>.+)-[0-9a-f]{16}\.v\d+\.sqlite")
# Seconds to wait for another process that reads or writes.
_PATIENCE = 10.0
_DAY = 86_400.0


def cache_info(cache: str | os.PathLike[str] | None = None) -> pd.DataFrame:
    """Models of which answers are kept in a folder: how many, their size, when last used.

    Parameters
    ----------
    cache : path, optional
        The folder that was given as ``cache`` to `score_variants` and others; by default that
        of the shell: ``$SEQGEN_CACHE``, or ``seqgen`` in the system's folder for caches.

    Returns
    -------
    DataFrame
        A row per model and arithmetic, that used last first: ``model``; ``answers``, missing
        where the file is damaged, which a warning tells; ``bytes``; ``last_used`` (UTC);
        ``path``. No rows where nothing was kept yet.

    Raises
    ------
    InputError
        If ``cache`` is a file, or there is no usual folder (``SEQGEN_CACHE=off``).

    Examples
    --------
    >>> import tempfile, seqgen
    >>> protein = {"P1": "MKVLAW"}
    >>> change = pd.DataFrame({"uniprot": ["P1"], "position": [2], "ref_aa": "K", "alt_aa": "W"})
    >>> model = seqgen.load_model("default")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     scores = seqgen.score_variants(change, protein, model, cache=folder)
    ...     held = cache_info(folder)["answers"].tolist()
    ...     cleared = seqgen.clear_cache(folder)
    ...     left = cache_info(folder)["answers"].tolist()
    >>> held, left
    ([2], [0])
    """
    rows = []
    for path, model in _files(_folder(cache)):
        try:
            with _opened(path) as connection:
                answers = connection.execute("SELECT count(*) FROM answers").fetchone()[0]
        except sqlite3.DatabaseError as error:
            _tell(path, error)
            answers = None
        status = path.stat()
        rows.append((model, answers, status.st_size, status.st_mtime, str(path)))
    table = pd.DataFrame(rows, columns=_COLUMNS).astype(
        {"model": "str", "answers": "Int64", "bytes": "int64", "path": "str"}
    )
    moments = pd.to_datetime(np.floor(table["last_used"].astype("float64")), unit="s", utc=True)
    table["last_used"] = moments.astype("datetime64[s, UTC]")
    return table.sort_values("last_used", ascending=False, kind="stable", ignore_index=True)


def clear_cache(
    cache: str | os.PathLike[str] | None = None,
    *,
    unused_for: float | None = None,
    max_bytes: int | None = None,
) -> pd.DataFrame:
    """Give back the space of answers that are kept: of all models, or of those unused for long.

    What is cleared is computed again when it is asked for. It is safe while others use the
    folder: a file is emptied in a transaction, never deleted (a database that is deleted under
    another process can be damaged by what that one leaves behind), so about 12 kB of each stay.

    Parameters
    ----------
    cache : path, optional
        As in `cache_info`.
    unused_for : float, optional
        Clear the models that were last used so many days ago or earlier.
    max_bytes : int, optional
        Clear the models unused for longest, until the folder holds no more than this. With
        neither this nor ``unused_for`` all models are cleared; with both, those of either.

    Returns
    -------
    DataFrame
        As `cache_info` told before, with ``action``: "cleared"; "kept"; "in use", where another
        process did not let go within ten seconds; or "damaged", where the file should be
        deleted by hand, which a warning tells.

    Raises
    ------
    InputError
        If a number is negative, or as in `cache_info`.

    References
    ----------
    How To Corrupt An SQLite Database File, section 2.4: unlinking or renaming a database file
    while in use. https://sqlite.org/howtocorrupt.html
    """
    for name, value, unit in (
        ("unused_for", unused_for, "days"), ("max_bytes", max_bytes, "bytes")
    ):  # fmt: skip
        if value is not None and not 0 <= value < np.inf:
            raise InputError(f"{name}: found {value}; expected a number of {unit}, 0 or more")
    table = cache_info(cache)
    chosen = _chosen(table, unused_for, max_bytes) & table["answers"].ne(0).fillna(value=False)
    actions = np.where(table["answers"].isna(), "damaged", "kept").astype(object)
    for row in np.flatnonzero(chosen):
        actions[row] = _clear(Path(table["path"].iloc[row]))
    return table.assign(action=pd.array(actions, dtype="str"))


def _chosen(table: pd.DataFrame, unused_for: float | None, max_bytes: int | None) -> np.ndarray:
    """Which models to clear; the table has that used last first."""
    if unused_for is None and max_bytes is None:
        return np.ones(len(table), dtype=bool)
    chosen = np.zeros(len(table), dtype=bool)
    if unused_for is not None:
        age = (pd.Timestamp.now("UTC") - table["last_used"]).dt.total_seconds()
        chosen |= (age >= unused_for * _DAY).to_numpy()
    if max_bytes is not None:
        chosen |= (table["bytes"].cumsum() > max_bytes).to_numpy()
    return chosen


def _clear(path: Path) -> str:
    try:
        with _opened(path) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("DELETE FROM answers")
            connection.execute("COMMIT")
            connection.execute("VACUUM")
    except sqlite3.OperationalError:  # locked for long; or a disk that may only be read
        return "in use"
    except sqlite3.DatabaseError as error:
        _tell(path, error)
        return "damaged"
    return "cleared"


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A file of answers, of which it is sure that it is one."""
    uri = f"{path.resolve().as_uri()}?mode=rw"
    connection = sqlite3.connect(uri, uri=True, timeout=_PATIENCE, isolation_level=None)
    try:
        if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION:
            raise sqlite3.DatabaseError("is no file of answers")
        yield connection
    finally:
        connection.close()


def _folder(cache: str | os.PathLike[str] | None) -> Path:
    if cache is not None and not str(cache):
        raise InputError("cache is empty; expected a folder")
    folder = default_cache() if cache is None else Path(cache).expanduser()
    if folder is None:
        raise InputError(f"cache: {VARIABLE} is 'off', so there is no usual folder; name one")
    if folder.exists() and not folder.is_dir():
        raise InputError(f"cache: {folder} is a file; expected a folder")
    return folder


def _files(folder: Path) -> list[tuple[Path, str]]:
    """Files of answers, by their names, and the model of each."""
    found = [(path, _NAME.fullmatch(path.name)) for path in sorted(folder.glob("*.sqlite"))]
    return [(path, name["model"]) for path, name in found if name and path.is_file()]


def _tell(path: Path, error: Exception) -> None:
    warn(
        f"cache: {path} cannot be read ({error}); if no other process uses it, delete it, and "
        "what it held is computed again",
        SeqgenWarning,
        stacklevel=3,
    )
