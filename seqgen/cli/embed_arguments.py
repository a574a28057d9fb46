"""Arguments of the commands beside ``score`` that ask models: maps, embeddings, combinations."""

from __future__ import annotations

import argparse

from seqgen.cli.cache_arguments import add_cache_options
from seqgen.cli.parallel_arguments import add_parallel_options
from seqgen.cli.subcommand import add_runtime_option, command, pairs

_TABLE_OUT = "table to write: .parquet, .tsv, .tsv.gz, .csv"


def add_model_commands(commands: argparse._SubParsersAction) -> None:
    """All of them."""
    for add in (_embed, _distances, _substitutions, _combine):
        add(commands)


def _embed(commands: argparse._SubParsersAction) -> None:
    parser = command(
        commands,
        "embed",
        "Represent proteins, residues or residue changes by a language model (Python: "
        "embed_proteins, embed_residues, embed_variants, nearest_proteins).",
        "seqgen embed proteins.fasta --out embeddings.parquet --nearest 10",
    )
    parser.add_argument(
        "proteins", nargs="?", metavar="FASTA",
        help="sequences, bundled human ones if none; or a table of embeddings, for --nearest",
    )  # fmt: skip
    which = parser.add_argument_group("which")
    which.add_argument(
        "--accession", nargs="+", metavar="NAME", help="only these proteins, such as P69905"
    )
    which.add_argument("--only", metavar="TABLE", help="only the proteins (uniprot) of this table")
    which.add_argument(
        "--variants", metavar="TABLE",
        help="residue changes (uniprot, position, ref_aa, alt_aa) instead: alternative less "
        "reference, at the site and in the mean",
    )  # fmt: skip
    how = parser.add_argument_group("how")
    how.add_argument(
        "--pooling", default="mean", choices=("mean", "cls", "attention"),
        help="of residues to a protein [%(default)s]",
    )  # fmt: skip
    how.add_argument(
        "--layer", type=int, default=-1, metavar="N",
        help="0 for what enters the first block, -1 for the last [%(default)s]",
    )  # fmt: skip
    _model(parser)
    parser.add_argument(
        "--nearest", type=int, metavar="K",
        help="also the K proteins nearest to each by cosine, in FILE.nearest.tsv",
    )  # fmt: skip
    parser.add_argument("--queries", nargs="+", metavar="NAME", help="nearest to these alone [all]")
    parser.add_argument(
        "--out", metavar="FILE",
        help=f"{_TABLE_OUT}; or .safetensors, a vector for each residue",
    )  # fmt: skip
    add_cache_options(parser)
    add_parallel_options(parser, workers=None, device=False, shard="the proteins")


def _distances(commands: argparse._SubParsersAction) -> None:
    parser = command(
        commands,
        "dna-embedding-distances",
        "How far variants of DNA move a model's embedding (Python: dna_embedding_distances).",
        "seqgen dna-embedding-distances sites.vcf.gz --fasta genome.fa --model MODEL "
        "--out distances.parquet",
    )
    parser.add_argument("variants", metavar="TABLE", help="a VCF, or chrom, pos and alleles")
    parser.add_argument("--fasta", required=True, metavar="FASTA", help="reference genome")
    parser.add_argument("--context", type=int, metavar="N", help="bases the model sees [1024]")
    parser.add_argument("--strands", default="both", choices=("both", "forward"), help="[both]")
    parser.add_argument(
        "--pooling", default="mean", choices=("mean", "site"),
        help="over the window, or over the allele's bases [%(default)s]",
    )  # fmt: skip
    _model(parser, default=None)
    _out(parser)
    add_parallel_options(parser, workers=None, device=False, shard="the variants")


def _substitutions(commands: argparse._SubParsersAction) -> None:
    parser = command(
        commands,
        "substitutions",
        "Score all 19 substitutions at every position, as a table and a heat map (Python: "
        "all_substitutions, score_variants, plot_substitutions).",
        "seqgen substitutions P69905 --out scores.parquet --plot map.png --known",
    )
    parser.add_argument(
        "proteins", nargs="+", metavar="PROTEIN",
        help="accessions of bundled human proteins, or one FASTA file",
    )  # fmt: skip
    _model(parser)
    parser.add_argument(
        "--method", default="wild-type-marginal", metavar="NAME",
        help="how the model is asked [%(default)s]",
    )  # fmt: skip
    plot = parser.add_argument_group("heat map, of one protein")
    plot.add_argument("--plot", metavar="FILE", help="picture to draw: .png, .svg, .pdf")
    plot.add_argument(
        "--known", nargs="?", const="bundled", metavar="TABLE",
        help="ring these variants (position, alt_aa); the bundled known ones if none is named",
    )  # fmt: skip
    plot.add_argument("--centre", type=float, metavar="X", help="the score that is pale")
    plot.add_argument("--fold", type=int, metavar="N", help="positions of one panel [150 or so]")
    _out(parser)
    add_cache_options(parser)


def _combine(commands: argparse._SubParsersAction) -> None:
    parser = command(
        commands,
        "combine-scores",
        "Combine the scores of several models for the same changes (Python: combine_scores).",
        "seqgen combine-scores model=scores.parquet potts=energies.parquet --out combined.parquet",
    )
    parser.add_argument(
        "scores", nargs="+", type=pairs, metavar="NAME=FILE", help="table of each, from score"
    )
    parser.add_argument(
        "--method", action="append", default=[], type=pairs, metavar="NAME=METHOD",
        help="the method to keep of a table that has several (repeatable) [the first]",
    )  # fmt: skip
    parser.add_argument(
        "--how", default="rank", choices=("rank", "z", "logistic"),
        help="mean rank, mean of standardised scores, or a cross-fitted regression on labels "
        "[%(default)s]",
    )  # fmt: skip
    parser.add_argument(
        "--labels", metavar="COLUMN",
        help="column of the first table: true where a change is damaging (logistic)",
    )  # fmt: skip
    parser.add_argument("--within", metavar="COLUMN", help="rank within its values, as uniprot")
    parser.add_argument("--groups", metavar="COLUMN", help="held out whole (logistic) [uniprot]")
    parser.add_argument("--folds", type=int, default=5, metavar="N", help="[%(default)s]")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="[%(default)s]")
    _out(parser)


def _model(parser: argparse.ArgumentParser, default: str | None = "default") -> None:
    group = parser.add_argument_group("model")
    group.add_argument(
        "--model", nargs="+", default=None if default is None else [default],
        required=default is None, metavar="NAME",
        help="default (bundled), blosum62, a folder, a saved Potts model, or a Hugging Face id; "
        "several are an ensemble" + (" [default]" if default else ""),
    )  # fmt: skip
    group.add_argument("--device", metavar="NAME", help="cpu, cuda, cuda:1, mps [a GPU if any]")
    group.add_argument("--dtype", metavar="NAME", help="float32, bfloat16, float16 or int16")
    add_runtime_option(group)
    group.add_argument("--revision", metavar="HASH", help="commit of the hub, or hash of the model")
    group.add_argument(
        "--trust-remote-code", action="store_true", help="let the model's own Python code run"
    )


def _out(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", required=True, metavar="FILE", help=_TABLE_OUT)
