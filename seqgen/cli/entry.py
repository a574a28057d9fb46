"""Entry point of the shell command ``seqgen``."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Callable, Sequence

from seqgen.cli.arguments import build_parser
from seqgen.cli.console import Console
from seqgen.errors import SeqgenError

EXIT_ERROR = 1
EXIT_INTERRUPT = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand and return the exit status."""
    arguments = build_parser().parse_args(argv)
    arguments.command_line = "seqgen " + shlex.join(argv if argv is not None else sys.argv[1:])
    console = Console(quiet=arguments.quiet)
    try:
        _handler(arguments.command)(arguments, console)
    except SeqgenError as error:
        if arguments.debug:
            raise
        print(f"seqgen {arguments.command}: {error}", file=sys.stderr)
        return EXIT_ERROR
    except KeyboardInterrupt:
        print(
            f"\nseqgen {arguments.command}: interrupted; what was finished is kept and whole, "
            "the same command goes on from there",
            file=sys.stderr,
        )
        return EXIT_INTERRUPT
    except BrokenPipeError:
        sys.stderr.close()
        return EXIT_ERROR
    return 0


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
