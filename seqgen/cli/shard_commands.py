"""``seqgen merge``, and what a command that does a part of a job writes for it."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from seqgen import __version__
from seqgen.cli.console import Console
from seqgen.cli.subcommand import check_outputs
from seqgen.io.shards import merge_drops, merge_shards, shard_note
from seqgen.io.tables import read_table, write_table
from seqgen.pipeline.store import file_sha256
from seqgen.schemas import DROPS, Schema

_SUFFIX = re.compile(r"\.(parquet|[tc]sv(\.gz)?)$")


def merge(arguments: argparse.Namespace, console: Console) -> None:
    """``seqgen merge``: the table of all parts, and what each of them dropped, added up."""
    drops = [place for place in map(drops_beside, arguments.parts) if place.exists()]
    drops_out = drops_beside(arguments.out)
    outputs = {"--out": arguments.out, "--out, for drops,": str(drops_out) if drops else None}
    check_outputs(outputs, [*arguments.parts, *map(str, drops)])
    merged = merge_shards(arguments.parts)
    told = {"command": arguments.command_line, **merged.provenance}
    write_table(
        merged.table, arguments.out, schema=merged.schema, provenance=told, allow_empty=True
    )
    console.result(f"{len(merged.table):,} rows: {arguments.out}")
    if drops:
        added = merge_drops([read_table(place, DROPS) for place in drops])
        write_table(added, drops_out, schema=DROPS)
        console.result(f"rows dropped or changed, by reason: {drops_out}")


def drops_beside(path: str) -> Path:
    """Where the drops of a table are written."""
    place = Path(path)
    return place.with_name(f"{_SUFFIX.sub('', place.name)}.drops.tsv")


def part_provenance(
    arguments: argparse.Namespace,
    schema: Schema | None,
    *,
    inputs: Iterable[str | None],
    **note: Any,
) -> dict[str, Any]:
    """The version and the checksums of ``inputs``, and what ``--shard`` adds where it is given.

    By the checksums parts of other jobs are told. ``note`` is as for
    `seqgen.io.shards.shard_note`.
    """
    checksums = [_sha256(path) for path in inputs if path]
    made = {"seqgen_version": __version__, "inputs_sha256": checksums}
    shard = getattr(arguments, "shard", None)
    return made if shard is None else {**made, **shard_note(shard, schema, **note)}


def shared_dtype(arguments: argparse.Namespace) -> str | None:
    """``--dtype``; of a job that other machines share, by default one that all of them have.

    What a processor is fastest in is its own matter (int16 on some), and parts of one job may not
    differ in it.
    """
    cluster = getattr(arguments, "cluster", None)
    if arguments.dtype or not (cluster or getattr(arguments, "shard", None)):
        return arguments.dtype
    from seqgen.models.loading import placement

    return placement("cpu" if cluster else arguments.device, None, arguments.runtime)[1]


@cache
def _sha256(path: str) -> str:
    return file_sha256(path)
