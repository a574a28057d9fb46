"""Scores that others published, beside the variants of a run: columns, and terms of its prior."""

from __future__ import annotations

import os
from typing import Any

import pandas as pd

from seqgen.annotation.published_scores import coverage_of, joined
from seqgen.errors import InputError
from seqgen.io.score_tables import ScoreTable, named_tables
from seqgen.pipeline.options import RunOptions
from seqgen.pipeline.store import file_sha256
from seqgen.priors import GENE_MODEL_TERMS
from seqgen.schemas import ANNOTATIONS, DROPS, SUMSTATS, VARIANTS

# Beyond this (CADD's whole genome has 80 GB) a file's size is noted in place of its checksum.
_MOST_HASHED = 2_000_000_000


def open_published(options: RunOptions) -> list[ScoreTable]:
    """The tables of published scores that a run was given, understood by their headers.

    Raises
    ------
    MissingFileError
        If one is not there.
    InputError
        If one is not understood, a score has the name of another column, or a coefficient is of
        no term.
    """
    if options.scores is None:
        if options.scores_columns:
            raise InputError(
                "scores_columns: names columns of tables of scores, and there are none; give them "
                "(scores; in the shell --scores FILE)"
            )
        return []
    given = options.scores
    tables = named_tables(
        [given] if isinstance(given, str | os.PathLike) else given, options.scores_columns
    )
    taken = {*VARIANTS.names, *ANNOTATIONS.names, *GENE_MODEL_TERMS, "locus", "panel_eaf"}
    for table in tables:
        for score in table.scores:
            if score.name in taken:
                raise InputError(
                    f"scores: {table.path} would add a column '{score.name}', and there is one "
                    "already; give each table once, and rename the column in the file otherwise"
                )
            taken.add(score.name)
    _check_coefficients(options, published_names(tables))
    return tables


def published_names(tables: list[ScoreTable]) -> tuple[str, ...]:
    """The scores of all tables, by the names that they have here."""
    return tuple(score.name for table in tables for score in table.scores)


def add_published(
    changes: pd.DataFrame, finemapped: pd.DataFrame, tables: list[ScoreTable]
) -> tuple[pd.DataFrame, pd.DataFrame, list[dict[str, Any]]]:
    """Published scores of all fine-mapped variants, whether or not they change a residue.

    Parameters
    ----------
    changes : DataFrame
        As of ``residue_changes``: by its residue change is found what is published by protein.
    finemapped : DataFrame
        The variants of all loci.
    tables : list of ScoreTable

    Returns
    -------
    changes : DataFrame
        One row per fine-mapped variant, with a column per score; as it was without tables.
    drops : DataFrame
        Variants without a score, by reason.
    told : list of dict
        What a reader of the columns has to know.

    Raises
    ------
    InputError
        If a table has a score for none of the variants, is damaged, or of another build.
    """
    if not tables:
        return changes, DROPS.empty(), []
    key = list(SUMSTATS.key)
    table = finemapped[key].drop_duplicates().merge(changes, on=key, how="left")
    drops, told = [], []
    for known in tables:
        counted = joined(table, known)
        table = counted.table
        drops.append(counted.drops)
        told += [one | _file(known) for one in coverage_of(table, known)]
    rows = [part for part in drops if len(part)]
    return table, pd.concat(rows, ignore_index=True) if rows else DROPS.empty(), told


def _check_coefficients(options: RunOptions, names: tuple[str, ...]) -> None:
    """Refuse, before any work, a coefficient of a term that there will not be."""
    known = [*GENE_MODEL_TERMS, *(names if options.scores_in_prior else ())]
    unknown = [term for term in options.prior_coefficients or {} if term not in known]
    if unknown:
        raise InputError(
            f"prior_coefficients: no term {', '.join(unknown)}; there are {', '.join(known)}"
        )


def _file(table: ScoreTable) -> dict[str, Any]:
    if not table.path.is_file():
        return {}
    size = table.path.stat().st_size
    return {"sha256": file_sha256(table.path)} if size <= _MOST_HASHED else {"bytes": size}
