"""Flags that add published scores to variants, and what they ask for."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from seqgen.cli.subcommand import pairs, unique
from seqgen.errors import InputError

if TYPE_CHECKING:
    from seqgen.cli.console import Console
    from seqgen.io.score_tables import ScoreTable
    from seqgen.schemas import Counted


def add_published_options(parser: argparse.ArgumentParser, *, prior: bool = False) -> None:
    """Add ``--scores`` and ``--scores-col``; where a prior is learned, how they are used there."""
    group = parser.add_argument_group("published scores")
    group.add_argument(
        "--scores",
        action="append",
        metavar="FILE[:COLUMN,...]",
        help="add scores of AlphaMissense, CADD, ESM-1b or any table by allele or residue change: "
        "text (indexed by tabix or not) or Parquet; repeatable",
    )
    group.add_argument(
        "--scores-col",
        action="append",
        type=pairs,
        metavar="NAME=COLUMN",
        help="which column is which in a table of other make, such as --scores-col ref=REF_BASE "
        "(chrom, pos, ref, alt; uniprot, change; position, ref_aa, alt_aa)",
    )
    if prior:
        group.add_argument(
            "--no-scores-in-prior",
            action="store_true",
            help="columns of the tables and of the page only; otherwise each is a term of the "
            "prior too, as the model's score is",
        )


def published_tables(arguments: argparse.Namespace) -> list[ScoreTable]:
    """The tables that ``--scores`` names, understood by their headers."""
    if not arguments.scores:
        if arguments.scores_col:
            raise InputError("--scores-col names columns of a table; give the table: --scores FILE")
        return []
    from seqgen.io.score_tables import named_tables

    return named_tables(arguments.scores, unique("--scores-col", arguments.scores_col))


def with_published_scores(
    counted: Counted, tables: list[ScoreTable], console: Console
) -> tuple[Counted, dict[str, Any]]:
    """The table with the scores of others, and what a reader has to know of them."""
    if not tables:
        return counted, {}
    import pandas as pd

    from seqgen.annotation.published_scores import coverage_of, joined
    from seqgen.schemas import Counted

    told: list[dict[str, Any]] = []
    for known in tables:
        made = joined(counted.table, known)
        parts = [each for each in (counted.drops, made.drops) if len(each)]
        drops = pd.concat(parts, ignore_index=True) if parts else counted.drops
        counted = Counted(made.table, drops)
        told += coverage_of(made.table, known)
    say_coverage(told, console)
    return counted, {"published_scores": told}


def say_coverage(told: Sequence[Mapping[str, Any]], console: Console) -> None:
    """How many rows have each published score, and what it means."""
    for one in told:
        of = one["rows_with"] + one["rows_without"]
        console.result(
            f"{one['column']}: {one['rows_with']:,} of {of:,} rows have one ({one['meaning']})"
        )


def published_settings(arguments: argparse.Namespace) -> dict[str, Any]:
    """What the shell was told of published scores, as `RunOptions` names it."""
    return {
        "scores": tuple(arguments.scores) if arguments.scores else None,
        "scores_columns": unique("--scores-col", arguments.scores_col),
        "scores_in_prior": not arguments.no_scores_in_prior,
    }
