"""Arguments of ``seqgen ld``."""

from __future__ import annotations

import argparse

from seqgen.cli.ld_file_arguments import add_genotype_options
from seqgen.cli.subcommand import command


def add_ld_command(commands: argparse._SubParsersAction) -> None:
    """Add the subcommand."""
    parser = command(
        commands,
        "ld",
        "Correlations (LD, r) between the variants of a panel (Python: panel_ld).",
        "seqgen ld --panel eur_chr22 --region 22:43000000-43900000 --out ld.npz",
    )
    parser.add_argument(
        "--panel",
        required=True,
        metavar="GENOTYPES",
        help="PLINK prefix (.bed or .pgen), VCF or BCF",
    )
    parser.add_argument(
        "--out",
        required=True,
        metavar="FILE",
        help="matrix to write (.npz, .npy, .parquet, .tsv, .tsv.gz), in single precision; its "
        "variants go beside it, to NAME.variants.tsv",
    )
    parser.add_argument(
        "--region", metavar="CHR:START-END", help="this part of the genome alone [all variants]"
    )
    parser.add_argument(
        "--covariates",
        metavar="FILE",
        help="regressed out of the genotypes, such as the principal components of a GWAS on the "
        "same people",
    )
    parser.add_argument(
        "--missing",
        default="pairwise",
        choices=("pairwise", "mean"),
        help="people with calls at both variants, as PLINK has it, or missing calls at the mean "
        "of their variant [%(default)s]",
    )
    add_genotype_options(parser)
