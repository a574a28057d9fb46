"""Embeddings, maps of substitutions and combined scores: read, call, write, say where."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pandas as pd

from seqgen import schemas
from seqgen.cli.cache_arguments import remembering
from seqgen.cli.commands import write_drops
from seqgen.cli.console import Console
from seqgen.cli.shard_commands import drops_beside, part_provenance, shared_dtype
from seqgen.cli.subcommand import check_outputs, unique
from seqgen.errors import InputError, OutputError
from seqgen.io.reference import is_packed
from seqgen.io.resources import human_proteins, missense_map
from seqgen.io.sequences import read_fasta
from seqgen.io.tables import read_provenance, read_table, table_suffix, write_table
from seqgen.models.protocol import SequenceModel
from seqgen.models.registry import load_model
from seqgen.schemas import Counted

_TABLES = (".parquet", ".tsv", ".tsv.gz", ".csv", ".csv.gz")
_TENSORS = ".safetensors"
_VCF = (".vcf", ".vcf.gz", ".vcf.bgz")


def embed(arguments: argparse.Namespace, console: Console) -> None:
    """``seqgen embed``."""
    _check_embed(arguments)
    near = None
    if arguments.nearest:
        beside = drops_beside(arguments.out or arguments.proteins)
        near = f"{str(beside).removesuffix('.drops.tsv')}.nearest.tsv"
    check_outputs({"--out": arguments.out, "--nearest": near},
                  (arguments.proteins, arguments.only, arguments.variants))  # fmt: skip
    if arguments.proteins and arguments.proteins.endswith(_TABLES):
        table = read_table(arguments.proteins)
        _write_nearest(table.set_index(table.columns[0]), near, arguments, console)
        return
    proteins, model = _proteins(arguments), _model(arguments, console)
    told = _told(arguments, model, layer=arguments.layer)
    if arguments.variants:
        _embed_variants(proteins, model, arguments, console, told)
    elif arguments.out.endswith(_TENSORS):
        from seqgen.embeddings import embed_residues

        embed_residues(proteins, model, arguments.out, layer=arguments.layer,
                       progress=_progress(console, "embedding"))  # fmt: skip
        console.result(f"{len(proteins):,} proteins, a vector for each residue: {arguments.out}")
    else:
        table = _embed_proteins(proteins, model, arguments, console, told)
        if near:
            _write_nearest(table, near, arguments, console)


def _check_embed(arguments: argparse.Namespace) -> None:
    """Refuse options that do not go together."""
    given = arguments.proteins and arguments.proteins.endswith(_TABLES)
    if arguments.queries and not arguments.nearest:
        raise InputError("--queries: names whose neighbours are wanted; say how many by --nearest")
    if given:
        if not arguments.nearest or arguments.variants:
            raise InputError(
                f"{arguments.proteins} is a table, so read as embeddings, of which --nearest K "
                "gives neighbours; to compute embeddings give a FASTA file"
            )
        return
    if not arguments.out:
        raise InputError("--out: missing; name the file to write, such as embeddings.parquet")
    residues = arguments.out.endswith(_TENSORS)
    if not residues:
        table_suffix(Path(arguments.out), OutputError)
    if residues and arguments.variants:
        raise InputError(f"--out {arguments.out}: embeddings of --variants are a table; name "
                         "a .parquet, .tsv or .csv file")  # fmt: skip
    if arguments.pooling != "mean" and (residues or arguments.variants):
        raise InputError(f"--pooling {arguments.pooling} is of whole proteins; leave it out")
    if arguments.shard is not None and (residues or arguments.variants or arguments.nearest):
        raise InputError(
            "--shard is for the table of proteins; leave out --nearest, --variants and "
            ".safetensors (put the parts together by `seqgen merge`, then ask for --nearest)"
        )
    if arguments.cache is not None and (residues or arguments.variants):
        raise InputError(
            "--cache keeps one vector of each protein; of residues and of --variants nothing is "
            "kept, leave it out"
        )
    if arguments.nearest and (residues or arguments.variants):
        raise InputError("--nearest compares whole proteins; name a table by --out, and no "
                         "--variants")  # fmt: skip


def _embed_proteins(
    proteins: dict[str, str], model: SequenceModel, arguments: argparse.Namespace,
    console: Console, told: dict[str, Any],
) -> pd.DataFrame:  # fmt: skip
    from seqgen.embeddings import embed_proteins

    with remembering(model, arguments, console) as asked:
        table = embed_proteins(
            proteins, asked, pooling=arguments.pooling, layer=arguments.layer,
            shard=arguments.shard, progress=_progress(console, "embedding"),
        )  # fmt: skip
    told["parameters"]["pooling"] = arguments.pooling
    told |= part_provenance(arguments, None, inputs=[arguments.proteins, arguments.only])
    write_table(table.rename_axis("uniprot").reset_index(), arguments.out, provenance=told)
    console.result(f"{len(table):,} proteins, {table.shape[1]} numbers each: {arguments.out}")
    return table


def _write_nearest(
    table: pd.DataFrame, path: str | None, arguments: argparse.Namespace, console: Console
) -> None:
    from seqgen.embeddings import nearest_proteins

    assert path is not None, "named where --nearest is given"
    found = nearest_proteins(table, queries=arguments.queries, k=arguments.nearest)
    write_table(found, path, provenance={"command": arguments.command_line})
    console.result(f"{len(found):,} neighbours: {path}")


def _embed_variants(
    proteins: dict[str, str], model: SequenceModel, arguments: argparse.Namespace,
    console: Console, told: dict[str, Any],
) -> None:  # fmt: skip
    from seqgen.scores import embed_variants

    counted = embed_variants(
        read_table(arguments.variants), proteins, model, layer=arguments.layer,
        progress=_progress(console, "embedding"),
    )  # fmt: skip
    inputs = [arguments.proteins, arguments.only, arguments.variants]
    told |= part_provenance(arguments, None, inputs=inputs)
    write_table(counted.table, arguments.out, provenance=told)
    console.result(f"{len(counted.table):,} changes: {arguments.out}")
    write_drops(counted.drops, arguments.out, console)


def _proteins(arguments: argparse.Namespace) -> dict[str, str]:
    """Name to sequence of those asked for."""
    found = _sequences(arguments.proteins)
    where = arguments.proteins or "the bundled human proteins"
    if arguments.accession:
        return _named(found, arguments.accession, where, "--accession")
    if not arguments.only:
        return found
    wanted = set(read_table(arguments.only)["uniprot"].dropna())
    kept = {name: text for name, text in found.items() if name in wanted}
    if not kept:
        raise InputError(
            f"--only {arguments.only}: none of its {len(wanted):,} proteins has a sequence"
        )
    return kept


def _sequences(fasta: str | None) -> dict[str, str]:
    if fasta:
        return dict(read_fasta(fasta))
    table = human_proteins()
    return dict(zip(table["uniprot"], table["sequence"], strict=True))


def _named(found: dict[str, str], names: list[str], where: str, what: str) -> dict[str, str]:
    missing = [name for name in names if name not in found]
    if missing:
        raise InputError(
            f"{what} {missing[0]}: not among the {len(found):,} sequences of {where}; give a "
            "FASTA file that has it"
        )
    return {name: found[name] for name in names}


def dna_embedding_distances(arguments: argparse.Namespace, console: Console) -> None:
    """``seqgen dna-embedding-distances``."""
    from seqgen.scores import dna_embedding_distances as distances

    inputs = [arguments.variants, arguments.fasta]
    check_outputs({"--out": arguments.out}, inputs)
    table_suffix(Path(arguments.out), OutputError)
    is_packed(arguments.fasta)  # before the model, which may take minutes to load
    is_vcf = arguments.variants.lower().endswith(_VCF)
    model = _model(arguments, console, alphabet="dna")
    counted = distances(
        arguments.variants if is_vcf else read_table(arguments.variants), arguments.fasta, model,
        context=arguments.context, strands=arguments.strands, pooling=arguments.pooling,
        shard=arguments.shard, progress=_progress(console, "embedding"),
    )  # fmt: skip
    told = _told(arguments, model, pooling=arguments.pooling, strands=arguments.strands)
    told |= part_provenance(arguments, schemas.DNA_DISTANCES, inputs=inputs)
    _write(counted, schemas.DNA_DISTANCES, arguments, console, told)


def substitutions(arguments: argparse.Namespace, console: Console) -> None:
    """``seqgen substitutions``."""
    from seqgen.residues import all_substitutions
    from seqgen.scores import METHODS, score_variants

    if arguments.method not in METHODS:
        raise InputError(f"--method {arguments.method}: expected one of {', '.join(METHODS)}")
    names = arguments.proteins
    is_file = len(names) == 1 and Path(names[0]).exists()
    known = arguments.known if arguments.known != "bundled" else None
    check_outputs({"--out": arguments.out, "--plot": arguments.plot},
                  [*(names if is_file else []), known])  # fmt: skip
    table_suffix(Path(arguments.out), OutputError)
    for option in ("known", "centre", "fold"):
        if getattr(arguments, option) is not None and not arguments.plot:
            raise InputError(f"--{option} is of the heat map; name a picture by --plot too")
    proteins = (
        _sequences(names[0]) if is_file
        else _named(_sequences(None), names, "the bundled human proteins", "protein")
    )  # fmt: skip
    if arguments.plot and len(proteins) > 1:
        raise InputError(f"--plot: a heat map is of one protein; {len(proteins):,} are given")
    model = _model(arguments, console)
    changes = pd.concat(
        [all_substitutions(text, name=name) for name, text in proteins.items()], ignore_index=True
    )
    with remembering(model, arguments, console) as asked:
        counted = score_variants(changes, proteins, asked, methods=[arguments.method],
                                 progress=_progress(console, "scoring"))  # fmt: skip
    told = _told(arguments, model, methods=[arguments.method])
    told["columns"] = counted.table.attrs
    told |= part_provenance(arguments, schemas.SCORES, inputs=names if is_file else [])
    _write(counted, schemas.SCORES, arguments, console, told)
    if arguments.plot:
        _draw(counted.table, arguments, console)


def _draw(table: pd.DataFrame, arguments: argparse.Namespace, console: Console) -> None:
    from seqgen.plots import plot_substitutions, save_figure

    known = None
    if arguments.known:
        known = missense_map() if arguments.known == "bundled" else read_table(arguments.known)
    ax = plot_substitutions(table, centre=arguments.centre, known=known, fold=arguments.fold)
    console.result(f"heat map: {save_figure(ax.get_figure(), arguments.plot)}")


def combine_scores(arguments: argparse.Namespace, console: Console) -> None:
    """``seqgen combine-scores``."""
    from seqgen.scores import combine_scores as combined

    paths = unique("NAME=FILE", arguments.scores) or {}
    methods = unique("--method", arguments.method) or {}
    check_outputs({"--out": arguments.out}, paths.values())
    strange = sorted(set(methods) - set(paths))
    if strange:
        raise InputError(f"--method {strange[0]}=...: no table is called {strange[0]}")
    counted = combined(
        {name: _of_method(path, methods.get(name)) for name, path in paths.items()},
        how=arguments.how, labels=arguments.labels, within=arguments.within,
        groups=arguments.groups, folds=arguments.folds, seed=arguments.seed,
    )  # fmt: skip
    told = {"command": arguments.command_line, "parameters": counted.table.attrs["combined"],
            "models": {name: read_provenance(path).get("model", path)
                       for name, path in paths.items()},
            **part_provenance(arguments, None, inputs=paths.values())}  # fmt: skip
    _write(counted, None, arguments, console, told)


def _of_method(path: str, method: str | None) -> pd.DataFrame:
    """A table of scores, of one method: that which is asked for, or the first."""
    table = read_table(path)
    if "method" not in table:
        if method is not None:
            raise InputError(f"{path}: has no column method; leave --method out for it")
        return table
    there = table["method"].unique().tolist()
    method = method or (there[0] if there else None)
    if method not in there:
        raise InputError(f"{path}: has no scores by {method}; found {', '.join(there) or 'none'}")
    return table[table["method"] == method]


def _model(
    arguments: argparse.Namespace, console: Console, alphabet: str | None = None
) -> SequenceModel:
    names = arguments.model
    several = len(names) > 1
    console.progress(f"loading model {', '.join(names)}", 0, 1)
    return load_model(
        names if several else names[0],
        device=arguments.device,
        dtype=shared_dtype(arguments),
        runtime=arguments.runtime,
        revision=arguments.revision,
        trust_remote_code=arguments.trust_remote_code,
        alphabet=None if several else alphabet,
    )


def _told(
    arguments: argparse.Namespace, model: SequenceModel, **parameters: object
) -> dict[str, Any]:
    """Provenance of a table that a model made."""
    from seqgen.scores.options import arithmetic

    source = getattr(model, "source", model.name)
    return {
        "command": arguments.command_line,
        "model": {
            "name": model.name,
            "revision": model.revision,
            "source": source,
            **arithmetic(model),
        },
        "parameters": parameters,
    }


def _progress(console: Console, what: str) -> Any:
    return lambda done, total: console.progress(what, done, total)


def _write(
    counted: Counted, schema: schemas.Schema | None, arguments: argparse.Namespace,
    console: Console, told: dict[str, Any],
) -> None:  # fmt: skip
    write_table(counted.table, arguments.out, schema=schema, provenance=told)
    console.result(f"{len(counted.table):,} rows: {arguments.out}")
    write_drops(counted.drops, arguments.out, console)
