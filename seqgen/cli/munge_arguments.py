"""Arguments of ``seqgen munge``."""

from __future__ import annotations

import argparse

from seqgen.cli.subcommand import add_column_option, command


def add_munge_command(commands: argparse._SubParsersAction) -> None:
    """Add the subcommand."""
    parser = command(
        commands,
        "munge",
        "Read summary statistics of nearly any format into the standard table "
        "(Python: read_sumstats).",
        "seqgen munge height.fastGWA.gz --out sumstats.parquet",
    )
    parser.add_argument("sumstats", help="GWAS summary statistics")
    parser.add_argument("--out", metavar="FILE", help="table to write (.parquet, .tsv, .csv)")
    parser.add_argument(
        "--explain",
        action="store_true",
        help="only say how each column is understood; nothing is written",
    )
    group = parser.add_argument_group("reading summary statistics")
    add_column_option(group)
    group.add_argument(
        "--n",
        type=_sample_size,
        metavar="N",
        help="sample size of every variant, or 'effective' for 4 / (1 / cases + 1 / controls)",
    )
    group.add_argument("--chrom", metavar="CHR", help="keep this chromosome only")
    group.add_argument("--trait", metavar="NAME", help="the trait, where the file holds several")
    group.add_argument(
        "--min-info", type=float, metavar="X", help="drop variants imputed less well [keep all]"
    )
    group.add_argument(
        "--bim",
        metavar="FILE",
        help="PLINK .bim that gives chromosome, position or other allele where the file does not",
    )
    group = parser.add_argument_group("genome")
    group.add_argument(
        "--build",
        metavar="NAME",
        help="genome build of the positions, GRCh37 or GRCh38: an error if they are of the other "
        "[told by the file or by where known variants lie]",
    )
    group.add_argument(
        "--chain", metavar="FILE", help="UCSC chain file: lift positions over to another build"
    )
    group.add_argument(
        "--reference",
        metavar="FASTA",
        help="check and turn alleles by this genome, so that other_allele is its allele",
    )


def _sample_size(text: str) -> float | str:
    return text if text == "effective" else float(text)
