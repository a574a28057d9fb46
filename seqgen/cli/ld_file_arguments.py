"""Options of the shell for LD: a panel's genotypes, or matrices that were computed before."""

from __future__ import annotations

import argparse
from typing import Any


def add_ld_source(group: argparse._ArgumentGroup) -> None:
    """Add ``--panel`` or ``--ld``, one of which is needed, and how files of LD are read."""
    source = group.add_mutually_exclusive_group(required=True)
    source.add_argument("--panel", metavar="GENOTYPES", help="the panel: PLINK prefix, VCF or BCF")
    source.add_argument(
        "--ld",
        nargs="+",
        metavar="FILE",
        help="correlations in place of a panel: .npz, .npy, PLINK --r or --r-unphased, Hail, text, "
        "Parquet; several where each holds some of the loci",
    )
    add_genotype_options(group)
    group.add_argument("--panel-name", metavar="NAME", help="how the page calls the panel or LD")
    group.add_argument(
        "--ld-variants",
        metavar="FILE",
        help="variants of the matrices: .bim, .pvar, or a table of chromosome, position, name and "
        "two alleles [found beside a matrix, or its names]",
    )
    group.add_argument(
        "--ld-n", type=float, metavar="N", help="people that the correlations come of; with --ld"
    )
    group.add_argument(
        "--ld-signed-by",
        choices=("a1", "minor"),
        help="allele that PLINK's signs follow: a1 of the table (--keep-allele-order, ref-based), "
        "or the minor one, PLINK's default [a1, with a warning]",
    )
    group.add_argument(
        "--ld-absent",
        default="refuse",
        choices=("refuse", "zero"),
        help="what is done about pairs that a file of LD does not hold [%(default)s]",
    )
    group.add_argument(
        "--ld-nonnegative",
        action="store_true",
        help="take a matrix without negative correlations, which looks like r squared",
    )


def add_genotype_options(parser: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    """Add how a panel's genotypes are read: ``--keep``, ``--field``, ``--keep-filtered``."""
    parser.add_argument(
        "--keep", metavar="FILE", help="these people alone: FID and IID, or one name, a line"
    )
    parser.add_argument(
        "--field",
        default="GT",
        choices=("GT", "DS", "GP"),
        help="calls, dosages, or dosages from genotype probabilities [%(default)s]",
    )
    parser.add_argument(
        "--keep-filtered", action="store_true", help="keep variants that failed a filter"
    )


def genotype_settings(arguments: argparse.Namespace) -> dict[str, Any]:
    """What the shell was told of a panel's genotypes, as `RunOptions` names it."""
    people = None
    if arguments.keep:
        from seqgen.io.ld_writing import read_keep

        people = tuple(read_keep(arguments.keep))
    return {
        "field": arguments.field,
        "keep_filtered": arguments.keep_filtered,
        "people": people,
    }


def ld_settings(arguments: argparse.Namespace) -> dict[str, Any]:
    """What the shell was told of files of LD, as `RunOptions` names it."""
    return {
        "ld": tuple(arguments.ld) if arguments.ld else None,
        "ld_variants": arguments.ld_variants,
        "ld_n": arguments.ld_n,
        "ld_signed_by": arguments.ld_signed_by,
        "ld_absent": arguments.ld_absent,
        "ld_nonnegative": arguments.ld_nonnegative,
    }
