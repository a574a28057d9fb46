"""Arguments of ``seqgen fetch``."""

from __future__ import annotations

import argparse

from seqgen.cli.subcommand import command


def add_fetch_command(commands: argparse._SubParsersAction) -> None:
    """Add the subcommand."""
    parser = command(
        commands,
        "fetch",
        "Download a published file by its name, once, and say where it is (--list: what there is).",
        "seqgen fetch ensembl-gff --release 115 --chrom 22",
    )
    parser.add_argument("name", nargs="?", help="of --list, or a hub model as owner/model")
    parser.add_argument("--list", action="store_true", help="what there is, and its licence")
    parser.add_argument(
        "--build", default="GRCh38", metavar="NAME", help="GRCh38 or GRCh37 [%(default)s]"
    )
    parser.add_argument("--release", metavar="N", help="of Ensembl [115]; of a model its revision")
    parser.add_argument("--chrom", metavar="CHR", help="one chromosome alone (Ensembl)")
    parser.add_argument(
        "--url", metavar="URL", help="another address of the file: https, http or file"
    )
    parser.add_argument("--checksum", metavar="SUM", help="md5 or sha256 that it has to have")
    parser.add_argument(
        "--cache", metavar="DIR", help="folder to keep files in [SEQGEN_CACHE, or the platform's]"
    )
