"""Arguments of the subcommands for alignments and couplings."""

from __future__ import annotations

import argparse

from seqgen.cli.subcommand import command, pairs

FAMILY, LANGUAGE = ("plm", "mean-field"), ("categorical-jacobian", "attention")
METHODS = (*FAMILY, *LANGUAGE)
#: Which methods an option has a meaning for.
BELONGS_TO = {
    **dict.fromkeys(
        ("focus", "min_sequence_coverage", "min_column_coverage", "pair_with", "pair_by", "pairs",
         "names", "identity", "min_depth", "save_model"),
        FAMILY,
    ),
    **dict.fromkeys(("gaps", "lambda_J", "threads"), ("plm",)),
    "pseudocount": ("mean-field",),
    "model": LANGUAGE,
    "device": ("plm", *LANGUAGE),
    **dict.fromkeys(("jacobian", "linkers", "shuffles"), ("categorical-jacobian",)),
}  # fmt: skip
#: Options that need another one.
NEEDS = {"pair_by": "pair_with", "names": "pair_with", "pairs": "pair_with",
         "chains": "structure", "atoms": "structure"}  # fmt: skip


def add_coupling_commands(commands: argparse._SubParsersAction) -> None:
    """All of them."""
    for add in (_align, _pair, _couplings):
        add(commands)


def _align(commands: argparse._SubParsersAction) -> None:
    parser = command(
        commands,
        "align",
        "Search a protein's homologs and align them (Python: search_homologs).",
        "seqgen align protein.fasta --database uniref50.fasta --out family.a3m.gz",
    )
    parser.add_argument("sequence", help="FASTA of one protein")
    parser.add_argument("--database", required=True, metavar="FASTA", help="sequences to search")
    parser.add_argument(
        "--out",
        required=True,
        metavar="FILE",
        help="alignment to write",
    )
    parser.add_argument(
        "--tool",
        default="mmseqs2",
        choices=("mmseqs2", "jackhmmer", "hhblits"),
        help="[%(default)s]",
    )
    parser.add_argument(
        "--evalue", type=float, default=1e-3, metavar="E", help="hits up to this [%(default)g]"
    )
    parser.add_argument(
        "--iterations", type=int, default=3, metavar="K", help="rounds of the search [%(default)s]"
    )
    parser.add_argument("--threads", type=int, metavar="K", help="[all cores]")


def _pair(commands: argparse._SubParsersAction) -> None:
    parser = command(
        commands,
        "pair",
        "Put two families side by side, one row per pair (Python: pair_alignments).",
        "seqgen pair kinases.a2m regulators.a2m --by species --out paired.a2m.gz",
    )
    parser.add_argument("first", help="alignment of the first protein")
    parser.add_argument("second", help="alignment of the second protein")
    parser.add_argument(
        "--by",
        default="species",
        choices=("species", "header", "row", "pairs"),
        help="what belongs together [%(default)s]",
    )
    parser.add_argument(
        "--hits",
        default="best",
        choices=("best", "all"),
        help="by species: the one most like the focus, or all in order [%(default)s]",
    )
    parser.add_argument("--names", nargs=2, metavar="NAME", help="of the two proteins")
    parser.add_argument(
        "--pairs", metavar="TABLE", help="with --by pairs: columns first, second, or name_1, name_2"
    )
    parser.add_argument("--out", required=True, metavar="FILE", help="alignment to write, A2M")


def _couplings(commands: argparse._SubParsersAction) -> None:
    parser = command(
        commands,
        "couplings",
        "Which residues are coupled: from an alignment (plm, mean-field) or from a language "
        "model (categorical-jacobian, attention).",
        "seqgen couplings family.a3m.gz --out couplings.parquet --plot map.png",
    )
    parser.add_argument(
        "input",
        help="alignment (A3M, A2M, FASTA, Stockholm, PSICOV), or a FASTA of proteins",
    )
    parser.add_argument("--method", default="plm", choices=METHODS, help="[%(default)s]")
    parser.add_argument(
        "--out", required=True, metavar="FILE", help="table to write: .parquet, .tsv, .tsv.gz, .csv"
    )
    parser.add_argument("--threads", type=int, metavar="K", help="[all cores]")
    parser.add_argument("--device", metavar="NAME", help="native, cpu, cuda [what is there]")
    parser.add_argument("--start", type=int, metavar="K", help="position of the first residue")
    _alignment_options(parser)
    _fit_options(parser)
    _language_options(parser)
    _structure_options(parser)


def _alignment_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("reading an alignment (plm, mean-field)")
    group.add_argument("--focus", metavar="NAME", help="row whose residues the columns are; none")
    group.add_argument("--min-sequence-coverage", type=float, metavar="X", help="[0.5]")
    group.add_argument("--min-column-coverage", type=float, metavar="X", help="[0]")
    group.add_argument(
        "--pair-with", metavar="FILE", help="alignment of a second protein, to be paired"
    )
    group.add_argument("--pair-by", choices=("species", "header", "row", "pairs"), help="[species]")
    group.add_argument("--pairs", metavar="TABLE", help="for --pair-by pairs: first, second")
    group.add_argument("--names", nargs=2, metavar="NAME", help="of the two proteins")


def _fit_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("fitting (plm, mean-field)")
    group.add_argument(
        "--identity", type=float, metavar="X", help="sequences this alike share a weight [0.8]"
    )
    group.add_argument(
        "--min-depth",
        type=float,
        metavar="X",
        help="least effective sequences per column; 0 never abstains [2]",
    )
    group.add_argument("--gaps", choices=("state", "ignore"), help="plm: gaps [state]")
    group.add_argument("--lambda-J", type=float, metavar="X", help="plm: penalty [0.01 (q-1)(L-1)]")
    group.add_argument("--pseudocount", type=float, metavar="X", help="mean-field: share [0.5]")
    group.add_argument(
        "--save-model",
        metavar="FILE",
        help="keep the Potts model (.safetensors); seqgen score --model takes it",
    )


def _language_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("language models (categorical-jacobian, attention)")
    group.add_argument("--model", metavar="NAME", help="bundled name, folder or hub id [default]")
    group.add_argument(
        "--jacobian",
        choices=("full", "subset", "masked"),
        help="all 20 residues at each position, five, or a mask (20 times less work) [full]",
    )
    group.add_argument(
        "--linkers", nargs="+", metavar="RESIDUES", help="between two proteins of the FASTA [25 G]"
    )
    group.add_argument(
        "--shuffles",
        type=int,
        metavar="K",
        help="two proteins: runs with the second shuffled, for z and p [0]",
    )


def _structure_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("comparing with a structure, drawing")
    group.add_argument("--structure", metavar="FILE", help="PDB or mmCIF; prints the precision")
    group.add_argument(
        "--chains", nargs="+", type=pairs, metavar="PROTEIN=A,B", help="[those that match]"
    )
    group.add_argument("--atoms", choices=("cb", "heavy"), help="[cb]")
    group.add_argument("--plot", metavar="FILE", help="contact map: .png, .svg or .pdf")
    group.add_argument("--arcs", metavar="FILE", help="strongest pairs as arcs")
