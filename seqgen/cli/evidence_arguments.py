"""Arguments of the subcommands that gather evidence about pairs and edges."""

from __future__ import annotations

import argparse

from seqgen.cli.subcommand import command, pairs


def add_evidence_commands(commands: argparse._SubParsersAction) -> None:
    """All of them."""
    for add in (_pair_evidence, _trans_evidence):
        add(commands)


def _pair_evidence(commands: argparse._SubParsersAction) -> None:
    parser = command(
        commands,
        "pair-evidence",
        "Gather what is known about pairs of missense variants (Python: pair_evidence).",
        "seqgen pair-evidence annotations.parquet --couplings couplings.parquet "
        "--gene-pairs string=string.tsv.gz --out evidence.parquet",
    )
    parser.add_argument("variants", help="table of residue changes, such as from annotate")
    _sources(parser)
    parser.add_argument(
        "--distances",
        nargs="+",
        default=[],
        metavar="FILE",
        help="tables of residue distances: protein_1 position_1 protein_2 position_2 distance",
    )
    parser.add_argument(
        "--scope",
        default="all",
        choices=("all", "within", "between"),
        help="pairs within a protein, between proteins, or both [%(default)s]",
    )
    _out(parser)


def _trans_evidence(commands: argparse._SubParsersAction) -> None:
    parser = command(
        commands,
        "trans-evidence",
        "Gather what is known about variants and genes far from them (Python: trans_evidence).",
        "seqgen trans-evidence annotations.parquet --targets genes.tsv "
        "--gene-pairs biogrid=biogrid.tab3.txt --out edges.parquet",
    )
    parser.add_argument("variants", help="table of variant (or rsid) and gene; residues if known")
    parser.add_argument(
        "--targets",
        required=True,
        metavar="FILE",
        help="table with a column gene (uniprot too, where known), or gene positions",
    )
    _sources(parser)
    _out(parser)


def _sources(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what is known")
    group.add_argument(
        "--couplings", nargs="+", default=[], metavar="FILE", help="tables from couplings"
    )
    group.add_argument("--embeddings", metavar="FILE", help="table from embed")
    group.add_argument(
        "--gene-pairs",
        action="append",
        type=pairs,
        metavar="NAME=FILE",
        help="pairs of genes: two columns and perhaps a score, STRING or BioGRID (repeatable)",
    )
    group.add_argument(
        "--protein-names",
        metavar="FILE",
        help="STRING's protein.info file, where gene pairs are named by its identifiers",
    )
    group.add_argument(
        "--min-score", type=float, metavar="S", help="leave out gene pairs with a lower score"
    )
    parser.add_argument(
        "--candidates",
        default="known",
        choices=("known", "all"),
        help="rows where something may be known, or all [%(default)s]",
    )


def _out(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--out", required=True, metavar="FILE", help="table to write: .parquet, .tsv, .tsv.gz, .csv"
    )
