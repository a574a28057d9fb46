"""``seqgen fetch``: published files by name."""

from __future__ import annotations

import argparse

from seqgen.cli.console import Console
from seqgen.downloads import fetch as fetch_file
from seqgen.downloads import list_resources
from seqgen.errors import InputError


def fetch(arguments: argparse.Namespace, console: Console) -> None:
    """``seqgen fetch``."""
    if arguments.list:
        for row in list_resources(arguments.build).itertuples():
            console.result(
                f"{row.name}\n    {row.what}; {row.size}\n    licence: {row.licence}\n"
                f"    {row.citation}\n    {row.url}"
            )
        return
    if not arguments.name:
        raise InputError("NAME is missing: what to fetch; seqgen fetch --list says what there is")
    path = fetch_file(
        arguments.name,
        build=arguments.build,
        release=arguments.release,
        chrom=arguments.chrom,
        url=arguments.url,
        checksum=arguments.checksum,
        cache=arguments.cache,
        progress=console.progress,
    )
    console.result(str(path))
