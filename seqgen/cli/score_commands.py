"""``seqgen score``: a table of changes in, a table of scores out."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from seqgen import schemas
from seqgen.cli.cache_arguments import remembering
from seqgen.cli.commands import write_counted
from seqgen.cli.console import Console
from seqgen.cli.shard_commands import part_provenance, shared_dtype
from seqgen.cli.subcommand import check_outputs
from seqgen.errors import InputError, OutputError
from seqgen.io.reference import is_packed
from seqgen.io.resources import human_proteins
from seqgen.io.sequences import read_fasta
from seqgen.io.tables import existing_file, read_table, table_suffix
from seqgen.models.protocol import SequenceModel
from seqgen.models.registry import load_model
from seqgen.models.shared import Recipe, SharedModel
from seqgen.parallel import cluster
from seqgen.pipeline import add_homologs
from seqgen.schemas import Counted, Schema

_VCF = (".vcf", ".vcf.gz", ".vcf.bgz")
_RESIDUE_METHODS = ("wild-type-marginal", "masked-marginal")


def score(arguments: argparse.Namespace, console: Console) -> None:
    """``seqgen score``."""
    for option in ("context", "strands"):
        if getattr(arguments, option) and not arguments.fasta:
            raise InputError(f"--{option} is for DNA; name the reference genome with --fasta too")
    if arguments.fasta and arguments.proteins:
        raise InputError("--proteins and --fasta: give the one that the variants are of")
    is_vcf = arguments.annotations.lower().endswith(_VCF)
    if is_vcf and not arguments.fasta:
        raise InputError(
            f"{arguments.annotations} is a VCF; name the reference genome with --fasta, or map "
            "its variants to residues with `seqgen annotate` first"
        )
    from seqgen.scores.options import arithmetic

    files = (arguments.annotations, arguments.proteins, arguments.fasta)
    for path in filter(None, files):
        existing_file(path)
    check_outputs({"--out": arguments.out}, files)
    table_suffix(Path(arguments.out), OutputError)
    variants = arguments.annotations if is_vcf else read_table(arguments.annotations)
    # Before the model, which may take minutes to load.
    proteins = read_fasta(arguments.proteins) if arguments.proteins else None
    _check_asked(arguments, variants)
    with _model(arguments, console) as model:
        schema, counted = _scored(arguments, variants, (proteins, model), console)
    provenance = {
        "model": {
            "name": model.name,
            "revision": model.revision,
            "source": getattr(model, "source", model.name),
            **arithmetic(model),
        },
        "parameters": {
            "methods": counted.table["method"].unique().tolist(),
            **{name: value for name in ("context", "strands")
               if (value := getattr(arguments, name)) is not None},
        },
        "columns": counted.table.attrs,
        **part_provenance(arguments, schema, inputs=files),
    }  # fmt: skip
    write_counted(counted, schema, arguments, console, provenance)


def _check_asked(arguments: argparse.Namespace, variants: Any) -> None:
    """Refuse methods that are not for such variants, and a genome that cannot be read."""
    from seqgen.scores import dna, mutants, substitutions
    from seqgen.scores.options import check_methods

    if arguments.fasta:
        is_packed(arguments.fasta)
    if arguments.methods:
        kind = dna if arguments.fasta else mutants if _are_mutants(variants) else substitutions
        check_methods(arguments.methods, kind.METHODS)


def _are_mutants(variants: Any) -> bool:
    return "mutant" in variants or {"transcript", "hgvs_p", "sequence"} <= set(variants)


@contextmanager
def _model(arguments: argparse.Namespace, console: Console) -> Iterator[SequenceModel]:
    """The model, shared out and remembering as it is asked for."""
    names = arguments.model
    options: dict[str, Any] = {
        "runtime": arguments.runtime,
        "trust_remote_code": arguments.trust_remote_code,
        "alphabet": "dna" if arguments.fasta and len(names) == 1 else None,
    }
    console.progress(f"loading model {', '.join(names)}", 0, 1)
    dtype = shared_dtype(arguments)
    model = load_model(
        names[0] if len(names) == 1 else names,
        device="cpu" if arguments.cluster else arguments.device,
        dtype=dtype,
        revision=arguments.revision,
        **options,
    )
    with ExitStack() as stack:
        if arguments.cluster:
            recipe = Recipe(
                tuple(names), model.revision, hub_revision=arguments.revision,
                device=arguments.device, dtype=dtype, **options,
            )  # fmt: skip
            model = SharedModel(model, recipe, stack.enter_context(cluster(arguments.cluster)))
        yield stack.enter_context(remembering(model, arguments, console))


def _scored(
    arguments: argparse.Namespace, variants: Any,
    asked: tuple[dict[str, str] | None, SequenceModel], console: Console,
) -> tuple[Schema, Counted]:  # fmt: skip
    """Scores of what the table holds, and their schema; of proteins that are None, human ones."""
    from seqgen.scores import score_dna_variants, score_mutants, score_variants

    given, model = asked

    def progress(done: int, total: int) -> None:
        console.progress("scoring", done, total)

    if arguments.fasta:
        counted = score_dna_variants(
            variants, arguments.fasta, model, methods=arguments.methods, context=arguments.context,
            strands=arguments.strands or "both", shard=arguments.shard, progress=progress,
        )  # fmt: skip
        return schemas.DNA_SCORES, counted
    proteins = human_proteins() if given is None else given
    if _are_mutants(variants):
        methods: dict[str, Any] = {"methods": arguments.methods} if arguments.methods else {}
        counted = score_mutants(
            variants, proteins, model, shard=arguments.shard, progress=progress, **methods
        )
        return schemas.MUTANT_SCORES, counted
    counted = score_variants(
        variants,
        proteins,
        model,
        methods=arguments.methods or (_RESIDUE_METHODS if model.masked else None),
        shard=arguments.shard,
        progress=progress,
    )
    if not (arguments.proteins or arguments.no_homologs):
        first = str(counted.table["method"].iloc[0])
        counted = Counted(add_homologs(counted.table, first), counted.drops)
    return schemas.SCORES, counted
