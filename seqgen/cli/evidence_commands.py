"""Subcommands that gather evidence: read, call the public function, write, say where."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from seqgen import schemas
from seqgen.cli.console import Console
from seqgen.cli.shard_commands import drops_beside
from seqgen.cli.subcommand import check_outputs, unique
from seqgen.errors import InputError
from seqgen.evidence import pair_evidence as gather_pairs
from seqgen.evidence import trans_evidence as gather_edges
from seqgen.io.gene_pairs import read_gene_pairs
from seqgen.io.gene_positions import read_gene_positions
from seqgen.io.tables import read_table, write_table
from seqgen.io.tally import drops_text
from seqgen.schemas import Counted

_TABLES = (".parquet", ".tsv", ".tsv.gz", ".csv", ".csv.gz")


def pair_evidence(arguments: argparse.Namespace, console: Console) -> None:
    """``seqgen pair-evidence``."""
    check_outputs({"--out": arguments.out}, _inputs(arguments))
    variants = read_table(arguments.variants)
    distances = [read_table(path) for path in arguments.distances]
    counted = gather_pairs(
        variants,
        couplings=[read_table(path) for path in arguments.couplings],
        embeddings=_embeddings(arguments),
        distances=distances or None,
        gene_pairs=_gene_pairs(arguments, console),
        scope=arguments.scope,
        candidates=arguments.candidates,
    )
    _write(counted, schemas.PAIR_EVIDENCE, arguments, console)


def trans_evidence(arguments: argparse.Namespace, console: Console) -> None:
    """``seqgen trans-evidence``."""
    check_outputs({"--out": arguments.out}, [*_inputs(arguments), arguments.targets])
    counted = gather_edges(
        read_table(arguments.variants),
        _targets(arguments.targets),
        couplings=[read_table(path) for path in arguments.couplings],
        embeddings=_embeddings(arguments),
        gene_pairs=_gene_pairs(arguments, console),
        candidates=arguments.candidates,
    )
    _write(counted, schemas.TRANS_EVIDENCE, arguments, console)


def _targets(path: str) -> pd.DataFrame:
    if path.endswith(_TABLES):
        table = read_table(path)
        if "gene" not in table:
            raise InputError(
                f"{path}: has no column gene; found {', '.join(map(str, table.columns))}"
            )
        return table[[name for name in ("gene", "uniprot") if name in table]].drop_duplicates()
    return read_gene_positions(path).table[["gene"]]


def _inputs(arguments: argparse.Namespace) -> Iterable[str | None]:
    lists = unique("--gene-pairs", arguments.gene_pairs) or {}
    distances = getattr(arguments, "distances", [])
    return [
        arguments.variants,
        arguments.protein_names,
        arguments.embeddings,
        *arguments.couplings,
        *distances,
        *lists.values(),
    ]


def _embeddings(arguments: argparse.Namespace) -> pd.DataFrame | None:
    if not arguments.embeddings:
        return None
    table = read_table(arguments.embeddings)
    return table.set_index(table.columns[0])


def _gene_pairs(arguments: argparse.Namespace, console: Console) -> dict[str, pd.DataFrame] | None:
    lists = unique("--gene-pairs", arguments.gene_pairs)
    if lists is None:
        return None
    out = {}
    for name, path in lists.items():
        counted = read_gene_pairs(
            path, min_score=arguments.min_score, names=arguments.protein_names
        )
        console.note(f"  {path}: {len(counted.table):,} pairs of genes")
        _tell(counted.drops, console)
        out[name] = counted.table
    return out


def _write(
    counted: Counted, schema: schemas.Schema, arguments: argparse.Namespace, console: Console
) -> None:
    told = {"command": arguments.command_line}
    write_table(counted.table, arguments.out, schema=schema, provenance=told)
    known = int(counted.table["evidence"].notna().sum())
    console.result(f"{len(counted.table):,} rows, {known:,} of them with evidence: {arguments.out}")
    if len(counted.drops):
        beside = drops_beside(arguments.out)
        write_table(counted.drops, Path(beside), schema=schemas.DROPS)
        console.result(f"rows dropped or changed, by reason: {beside}")
        _tell(counted.drops, console)


def _tell(drops: pd.DataFrame, console: Console) -> None:
    if len(drops):
        console.note(drops_text(drops))
