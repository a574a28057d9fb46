"""What every subcommand's parser shares."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from pathlib import Path

from seqgen.errors import InputError, OutputError

RAW = argparse.RawDescriptionHelpFormatter


def pairs(text: str) -> tuple[str, str]:
    """``name=value`` as a pair."""
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise argparse.ArgumentTypeError(f"found '{text}', expected NAME=VALUE")
    return name.strip(), value.strip()


def unique(flag: str, items: list[tuple[str, str]] | None) -> dict[str, str] | None:
    """Repeated ``NAME=VALUE`` as a mapping; None where the flag was not given."""
    if not items:
        return None
    names = [name for name, _ in items]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"{flag}: {', '.join(twice)} is given twice; give it once")
    return dict(items)


def check_outputs(outputs: Mapping[str, str | None], inputs: Iterable[str | None]) -> None:
    """Refuse outputs that are inputs or each other, and make the folders they go to."""
    taken = {Path(path).resolve(): "an input file" for path in inputs if path}
    for flag, path in outputs.items():
        if not path:
            continue
        place = Path(path).resolve()
        if place in taken:
            raise OutputError(f"{flag} '{path}' is {taken[place]}; name another one to write")
        taken[place] = f"also what {flag} writes"
    for flag, path in outputs.items():
        if path:
            try:
                Path(path).parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise OutputError(
                    f"{flag} '{path}': its folder cannot be made ({error.strerror or error}); "
                    "name another one"
                ) from error


def command(
    commands: argparse._SubParsersAction, name: str, text: str, example: str
) -> argparse.ArgumentParser:
    """A subcommand with its one-line text, a worked example, and the flags all have."""
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=text, description=text, formatter_class=RAW, epilog=f"example:\n  {example}"
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress")
    parser.add_argument("--debug", action="store_true", help="show a traceback on errors")
    return parser


def add_column_option(group: argparse._ArgumentGroup) -> None:
    """Add ``--col``, by which a user says what the columns of a file are."""
    group.add_argument(
        "--col",
        action="append",
        type=pairs,
        metavar="NAME=COLUMN",
        help="which column is which, such as --col effect_allele=A1 (repeatable)",
    )


def add_runtime_option(group: argparse._ArgumentGroup) -> None:
    """Add ``--runtime``."""
    group.add_argument(
        "--runtime", default="torch", metavar="NAME",
        help="what runs the network: torch, or openvino on a CPU [%(default)s]",
    )  # fmt: skip
