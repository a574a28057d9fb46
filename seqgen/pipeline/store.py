"""The output folder of a run: whole tables only, finished steps reused, a mark when all is done."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from seqgen import __version__
from seqgen.errors import InputError, OutputError
from seqgen.io.tables import read_provenance, read_table, write_json, write_table
from seqgen.schemas import DROPS, Counted, Schema

FINISHED = "provenance.json"
REPORT = "report.html"
REUSABLE = ("sumstats", "annotations", "scores")
TABLES = (*REUSABLE, "loci", "variants", "credible_sets", "prior_coefficients", "funnel", "drops")


def file_sha256(path: str | os.PathLike[str]) -> str:
    """Hexadecimal SHA-256 of a file's bytes."""
    digest = hashlib.sha256()
    with open(path, "rb") as handle:
        while chunk := handle.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def step_key(*parts: object) -> str:
    """Hash of everything that a step's result depends on."""
    text = json.dumps([__version__, *parts], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


class RunFolder:
    """Tables of one run in one folder.

    Every table is written beside its place and renamed. ``provenance.json`` is removed when a
    run starts and written last, so a folder without it holds a run that did not finish.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    def open(self) -> None:
        """Make the folder, check that it can be written, and unmark what an old run left."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.path):
                pass
            stale = [FINISHED, REPORT, *(f"{t}.parquet" for t in TABLES if t not in REUSABLE)]
            for name in stale:
                (self.path / name).unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(
                f"output folder '{self.path}' cannot be written: {error.strerror or error}. "
                "Name another one (--out) or change its permissions"
            ) from error

    def table(self, name: str) -> Path:
        """Where the table ``name`` lies."""
        return self.path / f"{name}.parquet"

    def cached(
        self, schema: Schema, name: str, key: str, compute: Callable[[], Counted]
    ) -> tuple[Counted, bool]:
        """The table of a finished step with the same key, else computed and written.

        Returns
        -------
        (Counted, bool)
            The table with its drops, and whether it was reused.
        """
        path = self.table(name)
        found = self._reuse(schema, path, key)
        if found is not None:
            return found, True
        counted = compute()
        drops = counted.drops.astype(object).where(counted.drops.notna(), None)
        write_table(
            counted.table,
            path,
            schema=schema,
            provenance={"key": key, "drops": drops.to_dict("records")},
            allow_empty=True,
        )
        return counted, False

    def _reuse(self, schema: Schema, path: Path, key: str) -> Counted | None:
        if not path.exists():
            return None
        try:
            provenance = read_provenance(path) or {}
            if provenance.get("key") != key:
                return None
            table = read_table(path, schema)
        except InputError:
            return None  # not one of ours, or damaged: computed again and replaced
        drops = pd.DataFrame(provenance["drops"], columns=DROPS.names)
        return Counted(table, DROPS.validate(drops))

    def write(
        self, schema: Schema | None, name: str, frame: pd.DataFrame, provenance: dict[str, Any]
    ) -> None:
        """Write a final table; one that may rightly be empty is written empty."""
        write_table(frame, self.table(name), schema=schema, provenance=provenance, allow_empty=True)

    def provenance(self) -> dict[str, Any]:
        """What the finished run in this folder recorded.

        Raises
        ------
        InputError
            There is no finished run here.
        """
        path = self.path / FINISHED
        if not path.is_file():
            raise InputError(
                f"'{self.path}' holds no finished run (no {FINISHED} in it); name the folder that "
                "`seqgen run` or `seqgen demo` wrote, or run it again"
            )
        told: dict[str, Any] = json.loads(path.read_text())
        return told

    def finish(self, provenance: dict[str, Any]) -> None:
        """Mark the run as whole."""
        write_json(self.path / FINISHED, provenance)
