"""Entry point of the shell command ``seqgen``."""

from __future__ import annotations

import argparse
import re
import shlex
import sys
import warnings
from collections.abc import Callable, Sequence

from seqgen.cli.arguments import build_parser
from seqgen.cli.console import Console
from seqgen.errors import SeqgenError, SeqgenWarning

EXIT_ERROR = 1
EXIT_INTERRUPT = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand and return the exit status."""
    arguments = build_parser().parse_args(argv)
    arguments.command_line = "seqgen " + shlex.join(argv if argv is not None else sys.argv[1:])
    console = Console(quiet=arguments.quiet)
    name = f"seqgen {arguments.command}"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always", SeqgenWarning)
            warnings.showwarning = _show_warning(name)
            _handler(arguments.command)(arguments, console)
    except (SeqgenError, OSError) as error:
        if arguments.debug:
            raise
        print(f"{name}: {as_flags(str(error))}", file=sys.stderr)
        return EXIT_ERROR
    except KeyboardInterrupt:
        print(
            f"\nseqgen {arguments.command}: interrupted; what was finished is kept and whole, "
            "the same command goes on from there",
            file=sys.stderr,
        )
        return EXIT_INTERRUPT
    return 0


def as_flags(text: str) -> str:
    """A message in which Python's ``columns={...}`` reads as the shell's ``--col NAME=COLUMN``."""

    def flags(match: re.Match[str]) -> str:
        found = re.findall(r"'([^']*)': ('[^']*'|\.\.\.)", match[1])
        named = " ".join(f"--col {name}={column.strip(chr(39))}" for name, column in found)
        return named or "--col NAME=COLUMN"

    return re.sub(r"columns=\{(.*?)\}", flags, text)


def _show_warning(name: str) -> Callable[..., None]:
    def show(message: Warning | str, *_: object, **__: object) -> None:
        print(f"{name}: warning: {as_flags(str(message))}", file=sys.stderr)

    return show


def _handler(name: str) -> Callable[[argparse.Namespace, Console], None]:
    """The function of a subcommand; loaded only when it is called for."""
    from seqgen.cli import commands

    return {
        "demo": commands.demo,
        "run": commands.run,
        "munge": commands.munge,
        "annotate": commands.annotate,
        "loci": commands.loci,
        "score": commands.score,
        "prior": commands.prior,
        "finemap": commands.finemap,
        "report": commands.report,
        "schema": commands.schema,
    }[name]
