"""Flags of where is kept what a model said, and the model that keeps it."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from seqgen.cli.console import Console
from seqgen.cli.subcommand import command
from seqgen.errors import InputError
from seqgen.models.protocol import SequenceModel


def add_cache_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--cache DIR`` and ``--no-cache``."""
    group = parser.add_argument_group("what the model said before")
    either = group.add_mutually_exclusive_group()
    either.add_argument(
        "--cache",
        metavar="DIR",
        help="where it is kept, so that nothing is computed twice and a stopped command goes on "
        "where it was [$SEQGEN_CACHE, or the system's folder for caches]",
    )
    either.add_argument("--no-cache", action="store_true", help="compute all, keep nothing")


def add_cache_command(commands: argparse._SubParsersAction) -> None:
    """Add ``seqgen cache``."""
    parser = command(
        commands,
        "cache",
        "What is kept of what models said, and giving back its space (Python: cache_info, "
        "clear_cache).",
        "seqgen cache --prune --unused-for 90",
    )
    parser.add_argument(
        "--cache",
        metavar="DIR",
        help="the folder [$SEQGEN_CACHE, or the system's folder for caches]",
    )
    parser.add_argument(
        "--prune",
        action="store_true",
        help="empty the files of the models that --unused-for or --max-size name, or of --all; "
        "safe while other commands run",
    )
    parser.add_argument(
        "--unused-for", type=_days, metavar="DAYS", help="models last used so long ago, or earlier"
    )
    parser.add_argument(
        "--max-size",
        type=_size,
        metavar="SIZE",
        help="models unused for longest, until no more than this is held: 20GB, 500MB, bytes",
    )
    parser.add_argument("--all", action="store_true", help="all models")


def _days(text: str) -> float:
    try:
        days = float(text)
    except ValueError:
        days = math.nan
    if not 0 <= days < math.inf:
        raise argparse.ArgumentTypeError(f"found '{text}', expected a number of days, 0 or more")
    return days


def _size(text: str) -> int:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]?)b?", text.strip(), re.I)
    if found is None:
        raise argparse.ArgumentTypeError(f"found '{text}', expected bytes, or as 500MB, 20GB")
    return int(float(found[1]) * 1000 ** " kmgt".index(found[2].lower() or " "))


def cache_folder(arguments: argparse.Namespace, console: Console) -> Path | None:
    """The folder that was named, or the usual one; None without a cache.

    A usual folder that cannot be written is told and done without; one that was named has to be
    usable.
    """
    from seqgen.models.cached import default_cache

    if arguments.no_cache:
        return None
    if arguments.cache is not None:
        if not arguments.cache:
            raise InputError("--cache is empty; expected a folder, or --no-cache")
        return Path(arguments.cache)
    usual = default_cache()
    if usual is None:
        return None
    try:
        usual.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        console.note(
            f"warning: what the model says is not kept: '{usual}' cannot be written "
            f"({error.strerror or error}); name another folder with --cache"
        )
        return None
    return usual


@contextmanager
def remembering(
    model: SequenceModel, arguments: argparse.Namespace, console: Console
) -> Iterator[SequenceModel]:
    """The model with its cache, if any; in the end, what that was good for is told."""
    from seqgen.models.cached import CachedModel, cached_model

    with cached_model(model, cache_folder(arguments, console)) as asked:
        if isinstance(asked, CachedModel):
            console.kept = (
                f"what the model said so far is kept in {asked.file.path.parent}, the same "
                "command goes on from there"
            )
        yield asked
        if isinstance(asked, CachedModel):
            file = asked.file
            console.note(
                f"  {file.found:,} of {file.asked:,} answers of the model were kept from before: "
                f"{file.path.parent}"
            )
