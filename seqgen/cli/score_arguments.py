"""Arguments of ``seqgen score``: residue changes, changed proteins, and variants of DNA."""

from __future__ import annotations

import argparse

from seqgen.cli.cache_arguments import add_cache_options
from seqgen.cli.parallel_arguments import add_parallel_options
from seqgen.cli.subcommand import add_runtime_option, command

_MODEL = (
    "default (bundled), blosum62, a folder, a saved Potts model, or a Hugging Face id; several "
    "are an ensemble [default]"
)
_METHODS = (
    "how the model is asked; the first feeds the prior. Residue changes: wild-type-marginal, "
    "masked-marginal [these two; the first of a model that hides nothing], mutant-marginal, "
    "pseudo-log-likelihood, one-pass-pseudo-log-likelihood. Mutants: "
    "one-pass-pseudo-log-likelihood, "
    "one-pass-pseudo-log-odds [these two], pseudo-log-likelihood, pseudo-log-odds, "
    "joint-masked-marginal, additive-masked-marginal, additive-wild-type-marginal. DNA: "
    "masked-marginal, wild-type-marginal, one-pass-pseudo-log-likelihood, "
    "one-pass-pseudo-log-odds [by the kind of model]"
)

NO_HOMOLOGS = "do not average with the bundled homolog profile of known human missense variants"


def add_score_command(commands: argparse._SubParsersAction) -> None:
    """Add ``score``."""
    parser = command(
        commands,
        "score",
        "Score residue changes, mutants or DNA variants with a language model (Python: "
        "score_variants, score_mutants, score_dna_variants).",
        "seqgen score annotations.parquet --out scores.parquet --model default",
    )
    parser.add_argument(
        "annotations",
        metavar="TABLE",
        help="uniprot, position, ref_aa, alt_aa; or uniprot, mutant (such as K2W:L4A, F508del); "
        "or with --fasta a VCF, or chrom, pos and alleles",
    )
    parser.add_argument("--proteins", metavar="FASTA", help="sequences; bundled human ones if none")
    parser.add_argument(
        "--out", required=True, metavar="FILE", help="table to write: .parquet, .tsv, .tsv.gz, .csv"
    )
    model = parser.add_argument_group("model")
    model.add_argument("--model", nargs="+", default=["default"], metavar="NAME", help=_MODEL)
    model.add_argument("--methods", nargs="+", metavar="METHOD", help=_METHODS)
    model.add_argument("--no-homologs", action="store_true", help=NO_HOMOLOGS)
    model.add_argument("--device", metavar="NAME", help="cpu, cuda, cuda:1, mps [a GPU if any]")
    model.add_argument("--dtype", metavar="NAME", help="float32, bfloat16, float16 or int16")
    add_runtime_option(model)
    model.add_argument("--revision", metavar="HASH", help="commit of the hub, or hash of the model")
    model.add_argument(
        "--trust-remote-code", action="store_true", help="let the model's own Python code run"
    )
    dna = parser.add_argument_group("DNA")
    dna.add_argument("--fasta", metavar="FASTA", help="reference genome: score variants of DNA")
    dna.add_argument("--context", type=int, metavar="N", help="bases the model sees [1024]")
    dna.add_argument("--strands", choices=("both", "forward"), help="[both]")
    add_cache_options(parser)
    add_parallel_options(
        parser, workers=None, device=False, shard="the proteins or variants",
        cluster="what the model is asked",
    )  # fmt: skip
