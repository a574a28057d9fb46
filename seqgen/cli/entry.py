"""Entry point of the shell command ``seqgen``."""

from __future__ import annotations

import argparse
import os
import re
import shlex
import sys
import warnings
from collections.abc import Callable, Sequence
from importlib import import_module

from seqgen.cli.arguments import build_parser
from seqgen.cli.console import Console
from seqgen.errors import SeqgenError, SeqgenWarning

EXIT_ERROR = 1
EXIT_INTERRUPT = 130
EXIT_PIPE = 141
_ARGUMENT = re.compile(
    r"\b(min_depth|min_sequence_coverage|min_column_coverage|start|focus|pairs|by|names|hits|device"
    r"|threads|chains|min_separation|identity|gaps|lambda_J|pseudocount|shared_people|transform"
    r"|missing|pooling|runtime|tests|scheme|candidates|scope|orientation|binary|trait|bim|min_info|build)=('[^']*'|\w[\w.]*)"
)

_ONE_METHOD = re.compile(r"\bmethods=\['([^']*)'\]")
_METHODS = re.compile(r"\bmethods is [\[(](.*?),?[\])]; (expected )a list out of (?=\w)")
#: What has no value in the shell, or another name.
_SWITCHES = {
    "--shared-people True": "--shared-people",
    "--binary True": "--binary",
    "--binary False": "--quantitative",
    "n='effective'": "--n effective",
    "names=, STRING's": "--protein-names, STRING's",
    "columns=,": "--trait,",
    "cache=None": "--no-cache",
    "score variants of DNA with score_dna_variants": "for variants of DNA name a genome by --fasta",
    "by score_dna_variants": "by `seqgen score --fasta`",
    "score changes of proteins with score_variants": "for changes of proteins leave --fasta out",
    "trust_remote_code=True": "--trust-remote-code",
}


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
    except BrokenPipeError:  # the reader of a pipe, such as head, has seen enough
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - stands in until the process ends
        return EXIT_PIPE
    except (SeqgenError, OSError) as error:
        if arguments.debug:
            raise
        print(f"{name}: {as_flags(str(error))}", file=sys.stderr)
        return EXIT_ERROR
    except KeyboardInterrupt:
        kept = "what was finished is kept and whole, the same command goes on from there"
        if arguments.command not in ("run", "demo"):
            kept = "no file was left half written"
        if arguments.command == "fetch":
            kept = "what came is kept, the same command goes on from there"
        print(f"\n{name}: interrupted; {console.kept or kept}", file=sys.stderr)
        return EXIT_INTERRUPT
    return 0


def as_flags(text: str) -> str:
    """A message in which Python's arguments read as the shell's.

    ``columns={...}`` becomes ``--col NAME=COLUMN``, ``min_depth=0`` becomes ``--min-depth 0``.
    """

    def flags(match: re.Match[str]) -> str:
        found = re.findall(r"'([^']*)': ('[^']*'|\.\.\.)", match[1])
        named = " ".join(f"--col {name}={column.strip(chr(39))}" for name, column in found)
        return named or "--col NAME=COLUMN"

    text = re.sub(r"columns=\{(.*?)\}", flags, text)
    text = _ARGUMENT.sub(
        lambda match: f"--{match[1].replace('_', '-')} {match[2].strip(chr(39))}", text
    )
    text = _ONE_METHOD.sub(r"--methods \1", text)
    text = _METHODS.sub(r"--methods \1; \2some of ", text)
    for python, shell in _SWITCHES.items():
        text = text.replace(python, shell)
    return text


def _show_warning(name: str) -> Callable[..., None]:
    def show(message: Warning | str, *_: object, **__: object) -> None:
        print(f"{name}: warning: {as_flags(str(message))}", file=sys.stderr)

    return show


#: The module that each subcommand's function is in; `commands` where it is not told.
_MODULES = {
    **dict.fromkeys(("align", "pair", "couplings"), "coupling_commands"),
    **dict.fromkeys(("pair-evidence", "trans-evidence"), "evidence_commands"),
    **dict.fromkeys(
        ("embed", "dna-embedding-distances", "substitutions", "combine-scores"), "embed_commands"
    ),
    **dict.fromkeys(("gxg", "transqtl"), "scan_commands"),
    **dict.fromkeys(("torus-prior", "export-prior"), "prior_commands"),
    "cache": "cache_commands",
    "ld": "ld_commands",
    "merge": "shard_commands",
    "munge": "munge_commands",
    "score": "score_commands",
    "fetch": "download_commands",
}


def _handler(name: str) -> Callable[[argparse.Namespace, Console], None]:
    """The function of a subcommand; its module is loaded only when it is called for."""
    module = import_module(f"seqgen.cli.{_MODULES.get(name, 'commands')}")
    handler: Callable[[argparse.Namespace, Console], None] = getattr(module, name.replace("-", "_"))
    return handler
