"""``seqgen ld``: correlations between the variants of a panel, as a file."""

from __future__ import annotations

import argparse

import pandas as pd

from seqgen.cli.commands import write_drops
from seqgen.cli.console import Console
from seqgen.cli.subcommand import check_outputs
from seqgen.io.genotype_files import genotype_files
from seqgen.io.genotypes import read_genotypes
from seqgen.io.ld import panel_ld
from seqgen.io.ld_writing import read_keep, variants_beside, varying, write_ld
from seqgen.io.traits import read_traits


def ld(arguments: argparse.Namespace, console: Console) -> None:
    """``seqgen ld``."""
    beside = variants_beside(arguments.out)
    inputs = [arguments.covariates, arguments.keep, *genotype_files(arguments.panel)]
    check_outputs({"--out": arguments.out, "the table of variants": str(beside)}, inputs)
    source = read_genotypes(
        arguments.panel,
        region=arguments.region,
        field=arguments.field,
        keep_filtered=arguments.keep_filtered,
        people=read_keep(arguments.keep) if arguments.keep else None,
    )
    console.note(f"  {source.name}: {len(source.variants):,} variants, {source.n_people:,} people")
    covariates = None
    if arguments.covariates:
        covariates = read_traits(arguments.covariates, people=list(source.people)).values
    kept, variants, still = varying(source)
    R = panel_ld(None, kept, covariates=covariates, missing=arguments.missing)
    write_ld(R, variants, arguments.out)
    console.result(f"{len(R):,} x {len(R):,} correlations: {arguments.out}")
    console.result(f"their variants, signed by a1: {beside}")
    told = [table for table in (source.drops, still) if len(table)]
    if told:
        write_drops(pd.concat(told, ignore_index=True), arguments.out, console)
