"""``seqgen munge``: summary statistics of any format into the standard table."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

import pandas as pd

from seqgen import schemas
from seqgen.cli.commands import write_counted, write_drops
from seqgen.cli.console import Console
from seqgen.cli.entry import as_flags
from seqgen.cli.subcommand import check_outputs, unique
from seqgen.errors import InputError
from seqgen.io.explain import explain_sumstats
from seqgen.io.genome_build import ATTRIBUTE, checked_build
from seqgen.io.liftover import lift_over, read_chain
from seqgen.io.reference_alleles import align_to_reference
from seqgen.io.sumstats import Asked, asked_chromosome, checked_n, plan_of, read_sumstats
from seqgen.io.sumstats_stream import stream_sumstats
from seqgen.schemas import Counted


def munge(arguments: argparse.Namespace, console: Console) -> None:
    """``seqgen munge``."""
    columns = unique("--col", arguments.col)
    if arguments.explain:
        found = explain_sumstats(
            arguments.sumstats,
            columns=columns,
            trait=arguments.trait,
            bim=arguments.bim,
            build=arguments.build,
        )
        console.result(as_flags(found.to_text()))
        return
    if not arguments.out:
        raise InputError("--out is missing: name the table to write, or give --explain")
    check_outputs(
        {"--out": arguments.out},
        [arguments.sumstats, arguments.bim, arguments.reference, arguments.chain],
    )
    if arguments.out.endswith(".parquet"):
        _stream(arguments, columns, console)
    else:
        _whole(arguments, columns, console)


def _stream(
    arguments: argparse.Namespace, columns: Mapping[str, str] | None, console: Console
) -> None:
    """To Parquet in little memory."""
    asked = Asked(
        checked_n(arguments.n),
        asked_chromosome(arguments.chrom),
        arguments.trait,
        arguments.min_info,
        arguments.bim,
        checked_build(arguments.build),
    )
    rows, drops = stream_sumstats(
        plan_of(arguments.sumstats, columns, asked),
        arguments.out,
        reference=arguments.reference,
        chain=read_chain(arguments.chain) if arguments.chain else None,
        provenance={"command": arguments.command_line},
    )
    console.result(f"{rows:,} rows: {arguments.out}")
    write_drops(drops, arguments.out, console)


def _whole(
    arguments: argparse.Namespace, columns: Mapping[str, str] | None, console: Console
) -> None:
    """To text, by way of one table in memory."""
    table, drops = read_sumstats(
        arguments.sumstats,
        columns=columns,
        n=arguments.n,
        chrom=arguments.chrom,
        trait=arguments.trait,
        min_info=arguments.min_info,
        bim=arguments.bim,
        build=arguments.build,
    )
    told = [drops]
    if arguments.chain:
        table, drops = lift_over(table, arguments.chain)
        told.append(drops)
    if arguments.reference:
        table, drops = align_to_reference(table, arguments.reference)
        told.append(drops)
    drops = pd.concat(told, ignore_index=True)
    of_build = {key: table.attrs[key] for key in (ATTRIBUTE,) if key in table.attrs}
    write_counted(Counted(table, drops), schemas.SUMSTATS, arguments, console, of_build)
