"""Flags that add published scores to variants, and what they ask for."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqgen.cli.subcommand import pairs, unique
from seqgen.errors import InputError

if TYPE_CHECKING:
    from seqgen.cli.console import Console
    from seqgen.io.score_tables import ScoreTable
    from seqgen.schemas import Counted


def add_published_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--scores`` and ``--scores-col``."""
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


def published_tables(arguments: argparse.Namespace) -> list[ScoreTable]:
    """The tables that ``--scores`` names, understood by their headers."""
    if not arguments.scores:
        if arguments.scores_col:
            raise InputError("--scores-col names columns of a table; give the table: --scores FILE")
        return []
    from seqgen.io.score_tables import is_known, score_table

    columns = unique("--scores-col", arguments.scores_col)
    asked = [_split(text) for text in arguments.scores]
    several = len(asked) > 1
    return [
        score_table(path, scores=scores, columns=None if several and is_known(path) else columns)
        for path, scores in asked
    ]


def with_published_scores(
    counted: Counted, tables: list[ScoreTable], console: Console
) -> tuple[Counted, dict[str, Any]]:
    """The table with the scores of others, and what a reader has to know of them."""
    if not tables:
        return counted, {}
    import pandas as pd

    from seqgen.annotation.published_scores import joined
    from seqgen.schemas import Counted

    told = []
    for known in tables:
        made = joined(counted.table, known)
        parts = [each for each in (counted.drops, made.drops) if len(each)]
        drops = pd.concat(parts, ignore_index=True) if parts else counted.drops
        counted = Counted(made.table, drops)
        for score in known.scores:
            have = int(made.table[score.name].notna().sum())
            console.result(
                f"{score.name}: {have:,} of {len(made.table):,} rows have one ({score.to_text()})"
            )
            told.append({
                "column": score.name, "of": score.column, "file": str(known.path),
                "meaning": score.to_text(), "rows_with": have,
                "rows_without": len(made.table) - have,
            })  # fmt: skip
    return counted, {"published_scores": told}


def _split(text: str) -> tuple[Path, list[str] | None]:
    """``FILE:COLUMN,...``; the whole is a file where there is one of that name."""
    path, colon, names = text.rpartition(":")
    if Path(text).exists() or not colon or not path or "/" in names:
        return Path(text), None
    return Path(path), [name.strip() for name in names.split(",") if name.strip()]
