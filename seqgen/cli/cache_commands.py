"""``seqgen cache``: what is kept of what models said, and giving back its space."""

from __future__ import annotations

import argparse

import pandas as pd

from seqgen.cli.console import Console
from seqgen.errors import InputError
from seqgen.models.answer_cache import cache_info, clear_cache

_UNITS = ("bytes", "kB", "MB", "GB", "TB")


def cache(arguments: argparse.Namespace, console: Console) -> None:
    """``seqgen cache``."""
    named = arguments.all or arguments.unused_for is not None or arguments.max_size is not None
    if named != arguments.prune:
        raise InputError(
            "--prune: says not what to empty; add --unused-for DAYS, --max-size SIZE or --all"
            if arguments.prune
            else "--unused-for, --max-size and --all say what --prune empties; add --prune"
        )
    if arguments.all and (arguments.unused_for is not None or arguments.max_size is not None):
        raise InputError("--all: leaves nothing for --unused-for or --max-size to choose; give one")
    if not arguments.prune:
        _say(cache_info(arguments.cache), console)
        return
    done = clear_cache(
        arguments.cache, unused_for=arguments.unused_for, max_bytes=arguments.max_size
    )
    _say(done, console)
    cleared = done[done["action"] == "cleared"]
    freed = int(cleared["bytes"].sum() - cache_info(arguments.cache)
                .loc[lambda now: now["path"].isin(cleared["path"]), "bytes"].sum())  # fmt: skip
    console.result(f"{len(cleared)} of {len(done)} emptied, {_size(max(freed, 0))} given back")
    left = done[done["action"].isin(["in use", "damaged"])]
    if len(left):
        console.result(
            f"warning: not emptied, for in use or damaged: {', '.join(left['path'])}; try again "
            "when nothing runs"
        )


def _say(table: pd.DataFrame, console: Console) -> None:
    """A line for each model, and the sum."""
    for row in table.to_dict("records"):
        answers = "damaged" if pd.isna(row["answers"]) else f"{row['answers']:,} answers"
        action = f", {row['action']}" if "action" in row else ""
        console.result(
            f"{row['model']}: {answers}, {_size(row['bytes'])}, last used "
            f"{row['last_used']:%Y-%m-%d}{action}"
        )
        console.note(f"  {row['path']}")
    total = "nothing is kept" if table.empty else f"in all {_size(int(table['bytes'].sum()))}"
    console.result(total)


def _size(count: int) -> str:
    """A number of bytes as people write it."""
    size, unit = float(count), 0
    while size >= 1000 and unit < len(_UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{size:.0f} {_UNITS[unit]}" if unit == 0 else f"{size:.1f} {_UNITS[unit]}"
