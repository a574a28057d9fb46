"""Arguments of the subcommands that scan pairs of variants and trans edges."""

from __future__ import annotations

import argparse

from seqgen.cli.parallel_arguments import add_parallel_options
from seqgen.cli.subcommand import command


def add_scan_commands(commands: argparse._SubParsersAction) -> None:
    """Both of them."""
    for add in (_gxg, _transqtl):
        add(commands)


def _gxg(commands: argparse._SubParsersAction) -> None:
    parser = command(
        commands,
        "gxg",
        "Test pairs of variants for interaction, weighted by evidence (Python: scan_gxg).",
        "seqgen gxg cohort.vcf.gz traits.tsv --trait height --covariates pcs.tsv "
        "--evidence evidence.parquet --out results",
    )
    _gxg_inputs(parser)
    parser.add_argument(
        "--out",
        required=True,
        metavar="DIR",
        help="folder for tables and page (a table where --shard is given)",
    )
    _gxg_tests(parser)


def _gxg_inputs(parser: argparse.ArgumentParser) -> None:
    """People, traits, evidence and what is conditioned on."""
    parser.add_argument("genotypes", help="VCF or BCF, or the prefix of PLINK 1 or 2 files")
    parser.add_argument("traits", help="table of traits, people named in the first column")
    parser.add_argument("--trait", metavar="NAME", help="which trait, where the table has several")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument(
        "--binary", action="store_true", help="cases and controls, coded 0/1 or PLINK's 1/2"
    )
    kind.add_argument(
        "--quantitative", action="store_true", help="numbers, even where all are 0, 1 or 2"
    )
    _people(parser)
    parser.add_argument(
        "--loco", metavar="FILE", help="predictions without a chromosome (regenie --step 1)"
    )
    parser.add_argument(
        "--chromosomes",
        nargs="+",
        metavar="NAME",
        help="all chromosomes that --loco was made from [1 to 22]",
    )
    parser.add_argument("--evidence", metavar="FILE", help="from pair-evidence")
    parser.add_argument(
        "--leads",
        metavar="FILE",
        help="fine-mapped leads to condition on: a table with a column "
        "lead, or variants.parquet of a run; by default they are found here",
    )


def _gxg_tests(parser: argparse.ArgumentParser) -> None:
    """Which pairs are tested, and how."""
    group = parser.add_argument_group("tests")
    group.add_argument(
        "--tests",
        choices=("listed", "all"),
        help="pairs of the evidence only, or all pairs of "
        "all variants [listed where there is evidence]",
    )
    _number(group, "--p", 1e-4, "where all pairs are tested, report up to this p value")
    _number(group, "--detail-p", 1e-3, "fit the whole regression up to this p value")
    _number(
        group, "--lead-p", 5e-8, "fine-map loci near pairs up to this marginal p value; 0 for none"
    )
    group.add_argument(
        "--min-double-carriers",
        type=int,
        default=5,
        metavar="N",
        help="people with both minor alleles a pair needs [%(default)s]",
    )
    group.add_argument("--robust", action="store_true", help="decide by robust standard errors")
    group.add_argument(
        "--dominance",
        action="store_true",
        help="dominance in the main effects, and a test of all four products",
    )
    group.add_argument(
        "--missing",
        default="mean",
        choices=("mean", "complete"),
        help="missing calls: at the mean, or people with both calls only [%(default)s]",
    )
    _shared(parser, group, "pairs")


def _transqtl(commands: argparse._SubParsersAction) -> None:
    parser = command(
        commands,
        "transqtl",
        "Test variants on traits far from them, weighted by evidence (Python: rank_trans).",
        "seqgen transqtl cohort.vcf.gz expression.bed.gz --covariates pcs.tsv "
        "--evidence edges.parquet --out results",
    )
    parser.add_argument("genotypes", help="VCF or BCF, or the prefix of PLINK 1 or 2 files")
    parser.add_argument("traits", help="expression BED, or a table of traits by people")
    _people(parser)
    parser.add_argument(
        "--genes",
        metavar="FILE",
        help="positions of the traits' genes (table, GTF or GFF3), where traits are no BED",
    )
    parser.add_argument(
        "--gene-name",
        default="gene_id",
        choices=("gene_id", "gene_name"),
        help="what traits are called in a GTF [%(default)s]",
    )
    parser.add_argument(
        "--cross-mappable", metavar="FILE", help="pairs of genes whose reads map to each other"
    )
    parser.add_argument("--evidence", metavar="FILE", help="from trans-evidence")
    parser.add_argument(
        "--out",
        required=True,
        metavar="DIR",
        help="folder for tables and page (a table where --shard is given)",
    )
    group = parser.add_argument_group("tests")
    _number(group, "--p", 1e-5, "report up to this p value")
    group.add_argument(
        "--cis-window",
        type=int,
        default=1_000_000,
        metavar="BP",
        help="not tested around a trait's gene [%(default)s]",
    )
    group.add_argument(
        "--transform", choices=("rank-normal",), help="of the traits, for heavy tails"
    )
    group.add_argument("--no-mediation", action="store_true", help="do not look for cis genes")
    group.add_argument(
        "--hotspot-window",
        type=int,
        default=1_000_000,
        metavar="BP",
        help="stretches in which traits are counted [%(default)s]",
    )
    _shared(parser, group, "variants")


def _people(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--orientation",
        default="auto",
        choices=("auto", "people-in-rows", "people-in-columns"),
        help="of the traits' table; by default where the people with genotypes are named",
    )
    parser.add_argument("--covariates", metavar="FILE", help="table of covariates")
    parser.add_argument(
        "--kinship", metavar="FILE", help="relatedness: GCTA .grm, PLINK .rel, square table"
    )
    parser.add_argument(
        "--shared-people",
        action="store_true",
        help="analyse the people who are in all inputs, where they differ",
    )


def _shared(parser: argparse.ArgumentParser, tests: argparse._ArgumentGroup, what: str) -> None:
    tests.add_argument(
        "--permutations",
        type=int,
        default=0,
        metavar="N",
        help="times people are permuted, for calibration [%(default)s]",
    )
    group = parser.add_argument_group("weights")
    _number(group, "--alpha", 0.05, "false discovery rate")
    _number(group, "--uniform-share", 0.5, "share of the weight that is spread evenly")
    group.add_argument(
        "--rest-weight",
        type=float,
        metavar="W",
        help="weight of tests without a row of evidence [uniform share]",
    )
    group.add_argument(
        "--scheme",
        default="fixed",
        choices=("fixed", "cross-fold"),
        help="weights by a fixed rule, or learned in other folds [%(default)s]",
    )
    group.add_argument(
        "--shuffles",
        type=int,
        default=20,
        metavar="N",
        help="times evidence is shuffled, for control [%(default)s]",
    )
    group.add_argument("--seed", type=int, default=1, metavar="N", help="[%(default)s]")
    add_parallel_options(parser, shard=f"the {what}, all of which are tested")
    parser.add_argument(
        "--scan",
        metavar="FILE",
        help="parts made with --shard, put together by `seqgen merge`: take the tests from there",
    )


def _number(group: argparse._ArgumentGroup, flag: str, default: float, text: str) -> None:
    group.add_argument(flag, type=float, default=default, metavar="X", help=f"{text} [%(default)g]")
