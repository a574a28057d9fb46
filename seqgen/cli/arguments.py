"""The parser: every subcommand, its arguments, and a worked example in its help."""

from __future__ import annotations

import argparse

from seqgen import __version__
from seqgen.cli.annotation_arguments import add_gene_model_options, add_gene_models
from seqgen.cli.cache_arguments import add_cache_command, add_cache_options
from seqgen.cli.coupling_arguments import add_coupling_commands
from seqgen.cli.download_arguments import add_fetch_command
from seqgen.cli.embed_arguments import add_model_commands
from seqgen.cli.evidence_arguments import add_evidence_commands
from seqgen.cli.ld_arguments import add_ld_command
from seqgen.cli.ld_file_arguments import add_ld_source
from seqgen.cli.munge_arguments import add_munge_command
from seqgen.cli.parallel_arguments import add_merge_command, add_parallel_options
from seqgen.cli.prior_arguments import add_prior_commands
from seqgen.cli.published_arguments import add_published_options
from seqgen.cli.scan_arguments import add_scan_commands
from seqgen.cli.score_arguments import NO_HOMOLOGS, add_score_command
from seqgen.cli.subcommand import RAW, add_column_option, command, pairs, unique
from seqgen.errors import InputError


def coefficients(items: list[tuple[str, str]] | None) -> dict[str, float] | None:
    """``--prior-coefficients`` as numbers by term, or None where none were given."""
    given = unique("--prior-coefficients", items)
    if given is None:
        return None
    numbers = {}
    for term, value in given.items():
        try:
            numbers[term] = float(value)
        except ValueError as error:
            raise InputError(
                f"--prior-coefficients: found '{term}={value}'; expected TERM=NUMBER"
            ) from error
    return numbers


def build_parser() -> argparse.ArgumentParser:
    """The parser of ``seqgen``."""
    parser = argparse.ArgumentParser(
        prog="seqgen",
        formatter_class=RAW,
        description="Which GWAS variants are likely causal, using what a protein language model "
        "says of the amino-acid changes among them.",
        epilog="Start with:  seqgen demo\nThen:        seqgen run GWAS.tsv.gz --panel PANEL "
        "--out results\nThe steps of a run, one by one: munge, annotate, loci, score, prior, "
        "finemap, report.",
    )
    parser.add_argument("--version", action="version", version=f"seqgen {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for add in (
        _demo,
        _run,
        add_munge_command,
        _annotate,
        _loci,
        add_score_command,
        _prior,
        _finemap,
        _report,
    ):
        add(commands)
    add_prior_commands(commands)
    add_coupling_commands(commands)
    add_model_commands(commands)
    add_evidence_commands(commands)
    add_scan_commands(commands)
    add_ld_command(commands)
    add_merge_command(commands)
    add_fetch_command(commands)
    add_cache_command(commands)
    _schema(commands)
    return parser


def _demo(commands: argparse._SubParsersAction) -> None:
    parser = command(
        commands,
        "demo",
        "Fine-map the bundled height GWAS (UK Biobank, chromosome 22) into a folder.",
        "seqgen demo --out seqgen-demo",
    )
    parser.add_argument("--out", default="seqgen-demo", metavar="DIR", help="[%(default)s]")
    parser.add_argument("--model", default="default", metavar="NAME", help=_MODEL_HELP)


def _run(commands: argparse._SubParsersAction) -> None:
    parser = command(
        commands,
        "run",
        "Annotate, score, learn the prior, fine-map and report, for files of your own.",
        "seqgen run height.fastGWA.gz --panel eur_chr22 --out results --build hg19",
    )
    parser.add_argument("sumstats", help="GWAS summary statistics")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder for tables and page")
    parser.add_argument(
        "--build",
        metavar="NAME",
        help="genome build: shown on the page, and GRCh37 or GRCh38 checked by where known "
        "variants lie",
    )
    _reading_options(parser)
    add_gene_models(parser)
    add_published_options(parser, prior=True)
    _locus_options(parser)
    _model_options(parser)
    _finemap_options(parser)
    add_cache_options(parser)
    add_parallel_options(parser, workers="processes", device=False, shard=None, cluster="the loci")


def _annotate(commands: argparse._SubParsersAction) -> None:
    parser = command(
        commands,
        "annotate",
        "Map variants to the residues they change: by rsID, or by gene models and a genome.",
        "seqgen annotate sumstats.parquet --gff genes.gff3.gz --fasta genome.fa "
        "--out annotations.parquet",
    )
    parser.add_argument(
        "sumstats", help="summary statistics, raw or munged; for gene models a VCF will do"
    )
    _out(parser)
    _reading_options(parser)
    add_gene_model_options(parser)
    add_published_options(parser)


def _loci(commands: argparse._SubParsersAction) -> None:
    parser = command(
        commands,
        "loci",
        "Find genome-wide significant loci (Python: find_loci).",
        "seqgen loci sumstats.parquet --out loci.parquet",
    )
    parser.add_argument("sumstats", help="summary statistics, raw or munged")
    _out(parser)
    _reading_options(parser)
    _locus_options(parser)


def _prior(commands: argparse._SubParsersAction) -> None:
    parser = command(
        commands,
        "prior",
        "Learn the prior's coefficients over all loci (Python: fit_prior).",
        "seqgen prior sumstats.parquet --panel eur_chr22 --annotations annotations.parquet "
        "--scores scores.parquet --out prior_coefficients.parquet",
    )
    _tables_in(parser, needed=True)
    parser.add_argument(
        "--evaluate",
        action="store_true",
        help="an error where it cannot be judged on held-out loci (otherwise it is judged where "
        "it can be, and is flat where it is no help)",
    )
    _out(parser)
    _reading_options(parser)
    _locus_options(parser)
    _finemap_options(parser)


def _finemap(commands: argparse._SubParsersAction) -> None:
    parser = command(
        commands,
        "finemap",
        "Fine-map loci under the plain model, the flat and the informed prior.",
        "seqgen finemap sumstats.parquet --panel eur_chr22 --annotations annotations.parquet "
        "--scores scores.parquet --prior-coefficients missense=1.5 log_lik_ratio=-0.3 "
        "--out results",
    )
    _tables_in(parser, needed=False)
    parser.add_argument("--out", required=True, metavar="DIR", help="folder for the tables")
    _reading_options(parser)
    _locus_options(parser)
    _finemap_options(parser)
    add_parallel_options(
        parser, workers="processes", device=False, shard="the loci", cluster="the loci"
    )


def _report(commands: argparse._SubParsersAction) -> None:
    parser = command(
        commands,
        "report",
        "Draw the page again from the tables of a finished run.",
        "seqgen report results",
    )
    parser.add_argument("folder", help="folder of a finished run")


def _schema(commands: argparse._SubParsersAction) -> None:
    parser = command(
        commands, "schema", "Print the columns of the tables.", "seqgen schema variants"
    )
    parser.add_argument("table", nargs="?", help="one table; all of them if none is named")


_MODEL_HELP = "bundled name, folder or hub identifier [%(default)s]"


def _out(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--out", required=True, metavar="FILE", help="table to write: .parquet, .tsv, .tsv.gz, .csv"
    )


def _tables_in(parser: argparse.ArgumentParser, *, needed: bool) -> None:
    parser.add_argument("sumstats", help="summary statistics, raw or munged")
    parser.add_argument("--annotations", required=needed, metavar="FILE", help="from annotate")
    parser.add_argument("--scores", required=needed, metavar="FILE", help="from score")


def _reading_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("reading summary statistics")
    add_column_option(group)
    group.add_argument("--n", type=float, metavar="N", help="sample size, where the file has none")


def _locus_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("loci")
    group.add_argument("--p-threshold", type=float, default=5e-8, metavar="P", help="[%(default)g]")
    group.add_argument(
        "--flank", type=int, default=250_000, metavar="BP", help="bases on each side [%(default)s]"
    )
    group.add_argument(
        "--regions", nargs="+", metavar="CHR:START-END", help="fine-map these instead"
    )


def _model_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("model")
    group.add_argument("--model", default="default", metavar="NAME", help=_MODEL_HELP)
    group.add_argument(
        "--methods",
        nargs="+",
        default=["wild-type-marginal", "masked-marginal"],
        metavar="METHOD",
        help="wild-type-marginal, masked-marginal; the first feeds the prior [both]",
    )
    group.add_argument("--no-homologs", action="store_true", help=NO_HOMOLOGS)


def _finemap_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("fine-mapping")
    add_ld_source(group)
    group.add_argument("--L", type=int, default=10, help="most effects per locus [%(default)s]")
    group.add_argument("--coverage", type=float, default=0.95, help="of a set [%(default)s]")
    group.add_argument(
        "--palindromic",
        default="infer",
        choices=("infer", "frequency", "as-written", "drop"),
        help="what decides about A/T and C/G variants [%(default)s]",
    )
    group.add_argument(
        "--ld-correction",
        default="finite+eb",
        choices=("finite+eb", "finite", "none"),
        help="what enters the likelihood because LD comes from a panel: its size and mismatch, "
        "its size, nothing (in-sample LD) [%(default)s]",
    )
    group.add_argument(
        "--fix-flips",
        action="store_true",
        help="turn the sign of variants whose alleles look switched by the LD",
    )
    group.add_argument(
        "--drop-inconsistent",
        action="store_true",
        help="leave out variants whose z contradicts the LD",
    )
    group.add_argument(
        "--prior-coefficients",
        nargs="+",
        type=pairs,
        metavar="TERM=VALUE",
        help="fix the prior instead of learning it: missense=1.5 log_lik_ratio=-0.3",
    )
    group.add_argument(
        "--no-cross-fit",
        action="store_true",
        help="let a locus learn from itself (the coefficients of all loci everywhere)",
    )
    group.add_argument(
        "--no-held-out",
        action="store_true",
        help="do not let held-out loci choose the prior's strength or shrink it to the flat one",
    )
