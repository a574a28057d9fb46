"""What a model said, in a file that several processes may use at once and a kill cannot harm."""

from __future__ import annotations

import hashlib
import os
import re
import sqlite3
import struct
import time
import zlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self
from warnings import warn

import numpy as np

from seqgen.errors import InputError, OutputError, SeqgenWarning

#: Of the layout and of what models answer, in the files' names: files of another are never
#: opened. Raise it when a change to a model's adapter changes its answers.
FORMAT = 1
#: "sqgn", by which a file is known as one of ours.
APPLICATION = 0x7371676E
# Seconds to wait for another process that writes.
_PATIENCE = 60.0
# Seconds between writes, and bytes: what a kill may lose, and what a fast model is spared.
_EVERY, _MOST = 1.0, 1 << 26
# Keys of one query, below the fewest that any SQLite takes.
_KEYS = 900
_HEAD = struct.Struct("<cBIII")
_NUMBERS: dict[bytes, np.dtype] = {b"f": np.dtype("<f4"), b"d": np.dtype("<f8")}
_TABLES = (
    "CREATE TABLE model (identity TEXT NOT NULL)",
    "CREATE TABLE answers (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID",
)


class AnswerFile:
    """Arrays by (sequence, question), of one model.

    An SQLite database, written to once a second at most: answers that were kept together are
    there together or not at all, whatever ends the process.
    Processes of one machine share it. SQLite's rollback journal needs no shared memory, so
    machines do too where their file system has working locks (NFS 4, Lustre with ``flock``).

    What cannot be written (a full disk, a file that may only be read, one locked for a minute)
    is told once in a warning, and the work goes on without being kept.

    Parameters
    ----------
    folder : path
        Made where it is not there.
    name, identity : str
        Of the model: for the file's name, and all that its answers depend on, of which the
        file's name holds a hash.

    Attributes
    ----------
    path : Path
    asked, found : int
        Questions so far, and those with an answer in the file.

    Raises
    ------
    OutputError
        If the folder cannot be made or a file in it cannot be.
    InputError
        If the file is damaged or none of these.
    """

    def __init__(self, folder: Path, name: str, identity: str) -> None:
        digest = hashlib.sha256(identity.encode()).hexdigest()[:16]
        short = re.sub(r"[^\w.-]+", "-", Path(name).name)[:60].strip("-.") or "model"
        self.path = folder / f"{short}-{digest}.v{FORMAT}.sqlite"
        self.asked = self.found = 0
        self._writes = True
        self._waiting: dict[bytes, bytes] = {}
        self._written = time.monotonic()
        self._connection = self._open()
        try:
            self._check(identity)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Write what is yet to be, and let go of the file."""
        try:
            self._write()
        finally:
            self._connection.close()
            if self._writes:
                self._note_use()

    def get(self, keys: Sequence[bytes]) -> dict[bytes, np.ndarray]:
        """The answers that are there, by key.

        Raises
        ------
        InputError
            If the file is damaged.
        """
        found = {key: self._array(self._waiting[key]) for key in keys if key in self._waiting}
        lacking = [key for key in keys if key not in found]
        try:
            for start in range(0, len(lacking), _KEYS):
                part = lacking[start : start + _KEYS]
                marks = ",".join("?" * len(part))
                query = f"SELECT key, value FROM answers WHERE key IN ({marks})"
                for key, value in self._connection.execute(query, part):
                    found[key] = self._array(value)
        except sqlite3.OperationalError as error:
            self._go_on("read", error)
        except sqlite3.DatabaseError as error:
            raise self._damaged(error) from error
        self.asked += len(keys)
        self.found += len(found)
        return found

    def put(self, answers: Sequence[tuple[bytes, np.ndarray]]) -> None:
        """Keep answers, all of them or none.

        Raises
        ------
        InputError
            If the file is damaged.
        """
        if not self._writes:
            return
        self._waiting.update((key, _bytes(value)) for key, value in answers)
        size = sum(map(len, self._waiting.values()))
        if time.monotonic() - self._written >= _EVERY or size > _MOST:
            self._write()

    def _write(self) -> None:
        rows, self._waiting = list(self._waiting.items()), {}
        self._written = time.monotonic()
        if not rows or not self._writes:
            return
        try:
            with self._connection:
                self._connection.executemany("INSERT OR IGNORE INTO answers VALUES (?, ?)", rows)
        except sqlite3.OperationalError as error:
            self._go_on("written", error)
        except sqlite3.DatabaseError as error:
            raise self._damaged(error) from error

    def _open(self) -> sqlite3.Connection:
        folder = self.path.parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with open(self.path, "ab"):  # says why it may not be written, which SQLite does not
                pass
        except OSError as error:
            if not self.path.is_file():
                raise OutputError(
                    f"cache '{folder}' cannot be written: {error.strerror or error}; name another "
                    "folder, or none (cache=None)"
                ) from error
            self._go_on("written", error)
            return sqlite3.connect(f"{self.path.resolve().as_uri()}?mode=ro", uri=True)
        self._note_use()
        return sqlite3.connect(self.path, timeout=_PATIENCE)

    def _note_use(self) -> None:
        """Make now the file's time, by which `clear_cache` knows what is unused for long."""
        with suppress(OSError):  # of another owner: the last answer written counts
            os.utime(self.path)

    def _check(self, identity: str) -> None:
        """Lay out a new file, or see that an old one is of this model."""
        ask = self._connection.execute
        try:
            if self._writes:
                self._lay_out(identity)
            sign = ask("PRAGMA application_id").fetchone()[0]
            told = ask("SELECT identity FROM model").fetchall() if sign == APPLICATION else []
        except sqlite3.OperationalError as error:
            raise OutputError(
                f"cache: {self.path} cannot be used ({error}); try again, name another folder, or "
                "none (cache=None)"
            ) from error
        except sqlite3.DatabaseError as error:
            raise self._damaged(error) from error
        if [row[0] for row in told] != [identity]:
            raise InputError(
                f"cache: {self.path} is a database, but not of answers of this model; move it "
                "away, or name another folder"
            )

    def _lay_out(self, identity: str) -> None:
        ask = self._connection.execute
        ask("PRAGMA synchronous=NORMAL")
        if ask("PRAGMA schema_version").fetchone()[0]:
            return
        with self._connection:
            ask("BEGIN IMMEDIATE")  # only one of several that begin at once lays it out
            if not ask("PRAGMA schema_version").fetchone()[0]:
                for table in _TABLES:
                    ask(table)
                ask("INSERT INTO model VALUES (?)", (identity,))
                ask(f"PRAGMA application_id={APPLICATION}")

    def _array(self, value: bytes) -> np.ndarray:
        try:
            kind, dimensions, first, second, checksum = _HEAD.unpack_from(value)
            body = memoryview(value)[_HEAD.size :]
            if zlib.crc32(body) != checksum:
                raise ValueError("a checksum is wrong")
            flat = np.frombuffer(body, dtype=_NUMBERS[kind])
            return flat.reshape((first, second)[:dimensions]).copy()
        except (struct.error, KeyError, ValueError, TypeError) as error:
            raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> InputError:
        return InputError(
            f"cache: {self.path} is damaged ({error}); delete it, and what it held is computed "
            "again"
        )

    def _go_on(self, what: str, error: Exception) -> None:
        """Say once that answers are not kept."""
        if self._writes:
            self._writes = False
            reason = getattr(error, "strerror", None) or error
            warn(
                f"cache: {self.path} cannot be {what} ({reason}); the work goes on, and what is "
                "computed from here on is not kept",
                SeqgenWarning,
                stacklevel=2,
            )


def _bytes(value: np.ndarray) -> bytes:
    kind = b"f" if value.dtype == np.float32 else b"d"
    body = np.ascontiguousarray(value, dtype=_NUMBERS[kind]).tobytes()
    first, second = (*value.shape, 0, 0)[:2]
    return _HEAD.pack(kind, value.ndim, first, second, zlib.crc32(body)) + body
