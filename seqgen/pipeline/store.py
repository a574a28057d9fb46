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
_PAGE_SIGN = b'name="generator" content="seqgen"'
REUSABLE = ("sumstats", "annotations", "scores")
FINAL = (
    "loci",
    "variants",
    "credible_sets",
    "prior_coefficients",
    "prior_by_locus",
    "ld_consistency",
    "funnel",
    "drops",
)


def file_sha256(path: str | os.PathLike[str]) -> str:
    """Hexadecimal SHA-256 of a file's bytes.

    Raises
    ------
    InputError
        The file cannot be read.
    """
    digest = hashlib.sha256()
    try:
        with open(path, "rb") as handle:
            while chunk := handle.read(1 << 20):
                digest.update(chunk)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error
    return digest.hexdigest()


def make_folder(path: Path) -> None:
    """Make a folder, with its parents, and see that files can be written in it.

    Raises
    ------
    OutputError
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise OutputError(
            f"output folder '{path}' cannot be written: {error.strerror or error}. "
            "Name another one (--out) or change its permissions"
        ) from error


def step_key(*parts: object) -> str:
    """Hash of everything that a step's result depends on."""
    text = json.dumps([__version__, *parts], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


class RunFolder:
    """Tables of one run in one folder.

    Every table is written beside its place and renamed. ``provenance.json`` is the mark of a
    whole run: it goes before anything of an older run is replaced, and is written last. Nothing
    that a run did not write is ever replaced or removed.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    def check(self) -> None:
        """Make the folder; refuse one that cannot be written or holds somebody else's files.

        Raises
        ------
        OutputError
        """
        make_folder(self.path)
        foreign = [path.name for path in self._in_the_way() if not self._ours(path)]
        if foreign:
            raise OutputError(
                f"output folder '{self.path}' holds {', '.join(foreign)}, which no run of seqgen "
                "wrote and a run would replace; name another folder (--out) or move them away"
            )

    def unmark(self) -> None:
        """Take the mark away, then what an older run concluded."""
        for name in (FINISHED, REPORT, *(f"{table}.parquet" for table in FINAL)):
            (self.path / name).unlink(missing_ok=True)

    def _in_the_way(self) -> list[Path]:
        names = (FINISHED, REPORT, *(f"{table}.parquet" for table in (*REUSABLE, *FINAL)))
        return [self.path / name for name in names if (self.path / name).exists()]

    def _ours(self, path: Path) -> bool:
        """Did a run write this file? Its tables, its page and its mark say so themselves."""
        if path.name == REPORT:
            with open(path, "rb") as handle:
                return _PAGE_SIGN in handle.read(1000)
        if path.name == FINISHED:
            return b"seqgen_version" in path.read_bytes()
        try:
            told = read_provenance(path)
        except InputError:
            return any((self.path / name).exists() for name in (FINISHED, "sumstats.parquet"))
        return "key" in told or "inputs" in told

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
        self.unmark()
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
        try:
            told: dict[str, Any] = json.loads(path.read_text())
        except ValueError as error:
            raise InputError(f"{path}: is damaged ({error}); run again") from error
        return told

    def finish(self, provenance: dict[str, Any]) -> None:
        """Mark the run as whole."""
        write_json(self.path / FINISHED, provenance)
