"""``seqgen score``: a table of changes in, a table of scores out."""

from __future__ import annotations

import argparse
from typing import Any

from seqgen import schemas
from seqgen.cli.commands import write_counted
from seqgen.cli.console import Console
from seqgen.cli.shard_commands import part_provenance
from seqgen.errors import InputError
from seqgen.io.resources import human_proteins
from seqgen.io.sequences import read_fasta
from seqgen.io.tables import read_table
from seqgen.models.protocol import SequenceModel
from seqgen.models.registry import load_model
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
    variants = arguments.annotations if is_vcf else read_table(arguments.annotations)
    model = _model(arguments)
    schema, counted = _scored(arguments, variants, model, console)
    inputs = [arguments.annotations, arguments.proteins, arguments.fasta]
    provenance = {
        "model": {
            "name": model.name,
            "revision": model.revision,
            "source": getattr(model, "source", model.name),
        },
        "parameters": {
            "methods": counted.table["method"].unique().tolist(),
            **{name: value for name in ("context", "strands")
               if (value := getattr(arguments, name)) is not None},
        },
        **part_provenance(arguments, schema, inputs=inputs),
    }  # fmt: skip
    write_counted(counted, schema, arguments, console, provenance)


def _model(arguments: argparse.Namespace) -> SequenceModel:
    names = arguments.model
    return load_model(
        names[0] if len(names) == 1 else names,
        device=arguments.device,
        dtype=arguments.dtype,
        revision=arguments.revision,
        trust_remote_code=arguments.trust_remote_code,
        alphabet="dna" if arguments.fasta and len(names) == 1 else None,
    )


def _scored(
    arguments: argparse.Namespace, variants: Any, model: SequenceModel, console: Console
) -> tuple[Schema, Counted]:
    """Scores of what the table holds, and their schema."""
    from seqgen.scores import score_dna_variants, score_mutants, score_variants

    def progress(done: int, total: int) -> None:
        console.progress("scoring", done, total)

    if arguments.fasta:
        counted = score_dna_variants(
            variants, arguments.fasta, model, methods=arguments.methods, context=arguments.context,
            strands=arguments.strands or "both", shard=arguments.shard, progress=progress,
        )  # fmt: skip
        return schemas.DNA_SCORES, counted
    proteins = read_fasta(arguments.proteins) if arguments.proteins else human_proteins()
    if "mutant" in variants:
        if arguments.shard is not None:
            raise InputError("--shard is for residue changes and DNA; leave it out for mutants")
        given: dict[str, Any] = {"methods": tuple(arguments.methods)} if arguments.methods else {}
        counted = score_mutants(variants, proteins, model, progress=progress, **given)
        return schemas.MUTANT_SCORES, counted
    counted = score_variants(
        variants,
        proteins,
        model,
        methods=tuple(arguments.methods or _RESIDUE_METHODS),
        shard=arguments.shard,
        progress=progress,
    )
    if not (arguments.proteins or arguments.no_homologs):
        first = str(counted.table["method"].iloc[0])
        counted = Counted(add_homologs(counted.table, first), counted.drops)
    return schemas.SCORES, counted
