"""Tables that were made in parts: what each part says of itself, and how they become one."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from seqgen import schemas
from seqgen.errors import InputError
from seqgen.io.tables import read_provenance, read_table
from seqgen.schemas import DROPS, Schema

Path = str | os.PathLike[str]
_NOTE = "shard"
# What may differ between the parts of one job.
_OWN = (_NOTE, "command", "created")


class Merged(NamedTuple):
    """One table of all parts, its schema where it has one, and the provenance they share."""

    table: pd.DataFrame
    schema: Schema | None
    provenance: dict[str, Any]

    def __repr__(self) -> str:
        return f"Merged({len(self.table):,} rows, {self.table.shape[1]} columns)"


def shard_note(
    shard: tuple[int, int],
    schema: Schema | None,
    *,
    whole: bool = False,
    sums: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What the provenance of a part's table says, for `merge_shards`.

    Parameters
    ----------
    shard : tuple (i, N)
    schema : Schema or None
    whole : bool
        True where the table is the same in every part, such as a prior learned from all loci.
    sums : mapping, optional
        Numbers, or lists of numbers, that add up over the parts, such as the tests run.

    Returns
    -------
    dict
        To be merged into the provenance that `write_table` takes.

    Examples
    --------
    >>> shard_note((1, 2), schemas.SCORES, sums={"n_tests": 10})["shard"]["of"]
    2
    """
    number, of = shard
    note = {"part": number, "of": of, "table": schema.name if schema else None, "whole": whole,
            "sums": dict(sums or {})}  # fmt: skip
    return {_NOTE: note}


def merge_shards(parts: Sequence[Path]) -> Merged:
    """Put the tables of all parts of a job together, in the order of the parts.

    Parameters
    ----------
    parts : sequence of path
        Tables that say which part they are (of the command line's ``--shard``, or
        ``write_table(..., shard=(i, N))``), in any order.

    Returns
    -------
    Merged
        Drops are added up by reason; a table that is the same in every part is taken once. What
        adds up is in the provenance under ``sums``.

    Raises
    ------
    MissingFileError
        If a part is not there.
    InputError
        If a table is no part, a part is missing or there twice, the parts are of different
        tables or jobs, or rows repeat a key.
    """
    if not parts:
        raise InputError("parts: none given; expected the tables of all shards of a job")
    told = [_told(path) for path in parts]
    notes = [one[_NOTE] for one in told]
    _check_alike(parts, told)
    _check_complete(parts, notes)
    order = sorted(range(len(parts)), key=lambda k: notes[k]["part"])
    schema = _schema(notes[0]["table"], parts[0])
    frames = [read_table(parts[k], schema) for k in order]
    provenance = {name: value for name, value in told[order[0]].items() if name not in _OWN}
    provenance["merged"] = notes[0]["of"]
    sums = _added([notes[k]["sums"] for k in order])
    if sums:
        provenance["sums"] = sums
    if notes[0]["whole"]:
        return Merged(_the_same(frames, [parts[k] for k in order]), schema, provenance)
    return Merged(_one_table(frames, schema, [parts[k] for k in order]), schema, provenance)


def merge_drops(drops: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """`schemas.DROPS` of all parts, counts added up by reason."""
    told = [frame for frame in drops if len(frame)]
    if not told:
        return DROPS.empty()
    keys = ["stage", "reason", "action"]
    added = pd.concat(told, ignore_index=True).groupby(keys, sort=False, as_index=False)
    return DROPS.validate(added.agg({"count": "sum", "example": "first"}))


def _told(path: Path) -> dict[str, Any]:
    told = read_provenance(path)
    if _NOTE not in told:
        raise InputError(
            f"{path}: does not say which part of a job it is; expected a table that was made with "
            "--shard, or by write_table with its argument shard, and beside a text table its "
            ".provenance.json"
        )
    return told


def _check_alike(parts: Sequence[Path], told: Sequence[Mapping[str, Any]]) -> None:
    """Refuse parts of other tables or of jobs with other inputs or settings."""
    for name in ("table", "of", "whole"):
        found = [one[_NOTE][name] for one in told]
        other = next((k for k, value in enumerate(found) if value != found[0]), None)
        if other is not None:
            label = {"table": "is a part of table", "of": "is one of so many parts:",
                     "whole": "is the same in every part:"}[name]  # fmt: skip
            raise InputError(
                f"{parts[other]}: {label} {found[other]}, {parts[0]}: {found[0]}; merge the parts "
                "of one table of one job"
            )
    shared = [{k: v for k, v in one.items() if k not in _OWN} for one in told]
    for path, one in zip(parts, shared, strict=True):
        apart = sorted(k for k in one.keys() | shared[0].keys() if one.get(k) != shared[0].get(k))
        if apart:
            raise InputError(
                f"{path}: was made with another {', '.join(apart)} than {parts[0]} "
                f"({one.get(apart[0])!r}, {shared[0].get(apart[0])!r}); merge the parts of one job"
            )


def _check_complete(parts: Sequence[Path], notes: Sequence[Mapping[str, Any]]) -> None:
    of = notes[0]["of"]
    seen: dict[int, Path] = {}
    for path, note in zip(parts, notes, strict=True):
        if note["part"] in seen:
            raise InputError(
                f"{path}: is part {note['part']} of {of}, as is {seen[note['part']]}; give each "
                "part once"
            )
        seen[note["part"]] = path
    missing = [str(k) for k in range(1, of + 1) if k not in seen]
    if missing:
        raise InputError(
            f"parts: {', '.join(missing)} of {of} missing; run --shard {missing[0]}/{of} and give "
            "its table too"
        )


def _schema(name: str | None, path: Path) -> Schema | None:
    if name is None:
        return None
    known = {schema.name: schema for schema in schemas.ALL}
    if name not in known:
        raise InputError(
            f"{path}: is a part of table {name!r}, which this version of seqgen does not know; "
            "merge with the version that made it"
        )
    return known[name]


def _one_table(
    frames: list[pd.DataFrame], schema: Schema | None, parts: Sequence[Path]
) -> pd.DataFrame:
    if schema is DROPS:
        return merge_drops(frames)
    for path, frame in zip(parts, frames, strict=True):
        if list(frame.columns) != list(frames[0].columns):
            raise InputError(
                f"{path}: has columns {', '.join(map(str, frame.columns))}; {parts[0]} has "
                f"{', '.join(map(str, frames[0].columns))}; make the parts with one version"
            )
    # Parts without rows have nothing to say, not even the types of their columns.
    filled = [frame for frame in frames if len(frame)] or frames[:1]
    table = pd.concat(filled, ignore_index=True)
    return table if schema is None else schema.validate(table, where="of all parts")


def _the_same(frames: list[pd.DataFrame], parts: Sequence[Path]) -> pd.DataFrame:
    for path, frame in zip(parts, frames, strict=True):
        if not frame.equals(frames[0]):
            raise InputError(
                f"{path}: differs from {parts[0]}, though both were made from all inputs; make "
                "the parts with one version on the same inputs"
            )
    return frames[0]


def _added(sums: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Sums by name; lists element by element."""
    out: dict[str, Any] = {}
    for name in dict.fromkeys(name for one in sums for name in one):
        values = [one[name] for one in sums if name in one]
        if isinstance(values[0], list):
            out[name] = [sum(column) for column in zip(*values, strict=True)]
        else:
            out[name] = sum(values)
    return out
