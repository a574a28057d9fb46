"""Flags of `seqgen annotate`, and what they ask for."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from seqgen.cli.parallel_arguments import add_parallel_options

if TYPE_CHECKING:
    import pandas as pd


def add_gene_model_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--gff``, ``--fasta``, ``--transcripts``, ``--where-both`` and ``--workers``."""
    add_gene_models(parser)
    parser.add_argument(
        "--where-both",
        default="other",
        choices=("other", "effect", "drop"),
        help="the reference's allele where an insertion or deletion leaves it open [%(default)s]",
    )
    add_parallel_options(parser, workers="processes", device=False, shard=None)


def add_gene_models(parser: argparse.ArgumentParser) -> None:
    """Add ``--gff``, ``--fasta`` and ``--transcripts``."""
    group = parser.add_argument_group("gene models, in place of the embedded rsIDs")
    group.add_argument(
        "--gff", metavar="FILE", help="GFF3 or GTF of Ensembl, GENCODE or RefSeq; needs --fasta"
    )
    group.add_argument("--fasta", metavar="FILE", help="the genome, plain or bgzipped")
    group.add_argument(
        "--transcripts",
        nargs="+",
        default=["mane", "canonical", "longest"],
        metavar="RULE",
        help="which transcript of a gene: mane, canonical, longest, in the order in which they "
        "decide; or all [mane canonical longest]",
    )


def gene_model_options(arguments: argparse.Namespace) -> dict[str, Any]:
    """Arguments of `annotate` for gene models; none where they are not asked for."""
    if not (arguments.gff or arguments.fasta):
        return {}
    return {
        **chosen_gene_models(arguments),
        "where_both": arguments.where_both,
        "workers": arguments.workers,
    }


def chosen_gene_models(arguments: argparse.Namespace) -> dict[str, Any]:
    """Gene models, genome and rules for transcripts, as `annotate` and `run` name them."""
    rules = arguments.transcripts
    return {
        "gff": arguments.gff,
        "fasta": arguments.fasta,
        "transcripts": "all" if rules == ["all"] else tuple(rules),
    }


def places_of(arguments: argparse.Namespace) -> pd.DataFrame | None:
    """Variants of a VCF or a plain table, where gene models need no more than those."""
    from seqgen.io.variant_files import read_variants

    asked = (arguments.gff or arguments.fasta) and not (arguments.col or arguments.n)
    return read_variants(arguments.sumstats) if asked else None
