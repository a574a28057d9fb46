"""Summary statistics of any length from file to Parquet in little memory."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from queue import Queue
from typing import Any

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.io.chromosomes import chromosome_order
from seqgen.io.duplicates import drop_repeats
from seqgen.io.genome_build import ATTRIBUTE, build_of_lengths, refuse_other_build
from seqgen.io.liftover import Chain
from seqgen.io.reference import Reference, open_reference
from seqgen.io.reference_alleles import to_reference
from seqgen.io.sumstats import WORKERS, Plan, as_text, cleaned_blocks, finished, in_order
from seqgen.io.tables import keep_rows, kept_rows, write_parts
from seqgen.io.tally import Tally, drops_text
from seqgen.io.told_by_cells import warn_if_crowded

WINDOW = 32 << 20
"""Bases of a chromosome that are held at once: at 60M variants in a genome, some 0.6M rows."""


def stream_sumstats(
    plan: Plan,
    out: str | os.PathLike[str],
    *,
    reference: str | os.PathLike[str] | None = None,
    chain: Chain | None = None,
    provenance: Mapping[str, Any] | None = None,
) -> tuple[int, pd.DataFrame]:
    """Read, check, lift, align to a genome, sort and write, a window of a chromosome at a time.

    Parameters
    ----------
    plan : Plan
        From `seqgen.io.sumstats.plan_of`.
    out : path
        ``.parquet`` file to write.
    reference : path, optional
        FASTA that the alleles are put right by (`seqgen.io.reference_alleles`).
    chain : Chain, optional
        Lifts positions to another build before that.
    provenance : mapping, optional
        Kept in the Parquet metadata.

    Returns
    -------
    rows : int
    drops : DataFrame
        `schemas.DROPS`.

    Raises
    ------
    InputError
        As `read_sumstats`, and if no row is left.
    OutputError
        If the file cannot be written.
    """
    tally = Tally("read_sumstats")
    counts = [0]
    with tempfile.TemporaryDirectory(prefix=".seqgen-munge-", dir=Path(out).parent) as folder:
        windows = _spread(plan, Path(folder), tally, chain)
        build = _build_of(plan, chain, reference)
        tables = _tables(windows, plan, tally, reference=reference, counts=counts)
        first = next(tables, None)
        if first is None:
            told = drops_text(tally.to_frame())
            raise InputError(f"{plan.where}: no row is left. What happened to the rows:\n{told}")
        noted = {**(provenance or {}), **({} if build is None else {ATTRIBUTE: build})}
        write_parts(_all(first, tables), out, provenance=noted)
    warn_if_crowded(tally, plan.layout, counts[0], plan.where)
    return counts[0], tally.to_frame()


def _build_of(
    plan: Plan, chain: Chain | None, reference: str | os.PathLike[str] | None
) -> str | None:
    """Genome build of what is written, once all rows were seen; an error if files are of two."""
    build, _ = plan.census.build(plan.where)
    if chain is not None:
        refuse_other_build(build, chain.source_build, what="chain file", where=plan.where)
        build = chain.build
    if reference is not None:
        with open_reference(reference) as genome:
            of_fasta = build_of_lengths(genome.lengths)
        refuse_other_build(build, of_fasta, what=f"FASTA {reference}", where=plan.where)
        build = build or of_fasta
    return build


def _all(first: pd.DataFrame, others: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    yield first
    yield from others


def _spread(
    plan: Plan, folder: Path, tally: Tally, chain: Chain | None
) -> dict[tuple[int, int], list[Path]]:
    """Put the rows of every block into files by chromosome and window; the files of each."""
    files: dict[tuple[int, int], list[Path]] = {}
    for number, block in enumerate(cleaned_blocks(plan, tally)):
        frame = block if chain is None else chain.lift(as_text(block), tally)
        window = frame["pos"].to_numpy() // WINDOW
        key = chromosome_order(frame["chrom"]).to_numpy() * 1000 + window
        if (np.diff(key) < 0).any():
            order = np.argsort(key, kind="stable")
            frame, key = frame.iloc[order], key[order]
        cuts = np.flatnonzero(np.diff(key)) + 1
        for start, end in zip([0, *cuts], [*cuts, len(key)], strict=True):
            if end > start:
                place = divmod(int(key[start]), 1000)
                path = folder / f"{place[0]}-{place[1]}-{number}.arrow"
                keep_rows(frame.iloc[start:end], path)
                files.setdefault(place, []).append(path)
    return files


def _tables(
    windows: dict[tuple[int, int], list[Path]],
    plan: Plan,
    tally: Tally,
    *,
    reference: str | os.PathLike[str] | None,
    counts: list[int],
) -> Iterator[pd.DataFrame]:
    """The finished rows of each window in order; two windows are worked on at a time."""
    with ExitStack() as stack:
        genomes: Queue[Reference | None] = Queue()
        for _ in range(WORKERS):  # an open FASTA serves one thread at a time
            opened = stack.enter_context(open_reference(reference)) if reference else None
            genomes.put(opened)
        pool = stack.enter_context(ThreadPoolExecutor(WORKERS))

        def work(place: tuple[int, int]) -> tuple[pd.DataFrame, Tally]:
            genome = genomes.get()
            try:
                return _of_window(place, windows[place], plan, genome=genome)
            finally:
                genomes.put(genome)

        for frame, told in in_order(pool, work, sorted(windows)):
            tally.rows += told.rows
            if len(frame):
                counts[0] += len(frame)
                yield frame


def _of_window(
    place: tuple[int, int], files: list[Path], plan: Plan, *, genome: Reference | None
) -> tuple[pd.DataFrame, Tally]:
    tally = Tally("read_sumstats")
    frame = kept_rows(files)
    for path in files:
        path.unlink()
    if genome is not None:
        # rows do not leave their window, so that what is written stays in order
        frame = to_reference(frame, genome, tally, first=max(1, place[1] * WINDOW))
    frame = drop_repeats(frame, tally)
    return (finished(frame, tally, plan.where) if len(frame) else frame), tally
