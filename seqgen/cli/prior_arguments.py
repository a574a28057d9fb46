"""Arguments of ``seqgen torus-prior`` and ``seqgen export-prior``."""

from __future__ import annotations

import argparse

from seqgen.cli.subcommand import command, pairs


def add_prior_commands(commands: argparse._SubParsersAction) -> None:
    """Add both subcommands."""
    _torus_prior(commands)
    _export_prior(commands)


def _torus_prior(commands: argparse._SubParsersAction) -> None:
    parser = command(
        commands,
        "torus-prior",
        "Learn a prior from any annotations, one causal variant a locus (Python: prior_terms, "
        "annotate_intervals, fit_torus_prior, prior_weights).",
        "seqgen torus-prior variants.parquet --columns coding conservation "
        "--bed enhancer=enhancers.bed.gz --out coefficients.tsv --weights-out weighted.parquet",
    )
    parser.add_argument(
        "variants", metavar="FILE", help="table with locus, z and the annotations; a row a variant"
    )
    parser.add_argument("--columns", nargs="+", default=[], metavar="NAME", help="annotations")
    parser.add_argument(
        "--bed",
        nargs="+",
        type=pairs,
        metavar="NAME=FILE",
        help="mark the variants in a BED file's intervals; wants chrom and pos in the table",
    )
    parser.add_argument(
        "--binned", nargs="+", type=pairs, metavar="NAME=BINS", help="a coefficient per bin"
    )
    parser.add_argument(
        "--missing",
        choices=("mean", "zero", "indicator", "error"),
        default="mean",
        help="what missing values of a continuous annotation become [%(default)s]",
    )
    parser.add_argument(
        "--penalty-sd", type=float, metavar="SD", help="of a normal penalty [none, as in TORUS]"
    )
    parser.add_argument("--out", required=True, metavar="FILE", help="table of the coefficients")
    parser.add_argument(
        "--weights-out",
        metavar="FILE",
        help="the table with columns prior, summing to one in each locus, and torus_pip",
    )


def _export_prior(commands: argparse._SubParsersAction) -> None:
    parser = command(
        commands,
        "export-prior",
        "Write prior probabilities for susieR, PolyFun, FINEMAP, or TORUS and DAP-G "
        "(Python: export_prior).",
        "seqgen export-prior results/variants.parquet --format rds --out prior.rds",
    )
    parser.add_argument("variants", metavar="FILE", help="table with locus and prior, of any step")
    parser.add_argument(
        "--format",
        required=True,
        choices=("susie", "rds", "polyfun", "finemap", "torus"),
        help="susie: TSV; rds: list for R's readRDS; polyfun: SNPVAR, and Z where there is z or "
        "beta and se; finemap: a folder of .z, .k and master; torus: a folder of .prior files",
    )
    parser.add_argument(
        "--expected-causal",
        type=float,
        default=1.0,
        metavar="N",
        help="causal variants in a locus, for finemap and torus [%(default)s]",
    )
    parser.add_argument("--out", required=True, metavar="PATH", help="file, or new folder")
