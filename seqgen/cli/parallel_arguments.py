"""Flags that share out work: cores, a GPU, parts for several machines; and `seqgen merge`."""

from __future__ import annotations

import argparse

from seqgen.cli.subcommand import command
from seqgen.errors import InputError
from seqgen.parallel import Shard, checked_address, parse_shard


def add_parallel_options(
    parser: argparse.ArgumentParser,
    *,
    workers: str | None = "threads",
    device: bool = True,
    shard: str | None = "the tests",
    cluster: str | None = None,
) -> None:
    """Add ``--workers N``, ``--device`` and ``--shard i/N``.

    Parameters
    ----------
    parser : ArgumentParser
    workers : str or None
        What workers are, for the help; None leaves the flag out.
    device : bool
        False leaves the flag out.
    shard : str or None
        What is shared out, for the help; None leaves the flag out.
    cluster : str or None
        What ``--cluster`` shares out, for the help; None leaves the flag out.
    """
    group = parser.add_argument_group("sharing out the work")
    if workers is not None:
        group.add_argument(
            "--workers", type=_workers, default=1, metavar="N",
            help=f"{workers} at once, or 'all' cores; the result is the same [%(default)s]",
        )  # fmt: skip
    if device:
        group.add_argument(
            "--device", default="cpu", metavar="NAME",
            help="where matrix products are made: cpu, or cuda, cuda:1 for a GPU; the result is "
            "the same [%(default)s]",
        )  # fmt: skip
    if shard is not None:
        group.add_argument(
            "--shard", type=_shard, metavar="i/N",
            help=f"do the i-th of N parts of {shard}, such as 2/5; `seqgen merge` puts the parts "
            "together",
        )  # fmt: skip
    if cluster is not None:
        group.add_argument(
            "--cluster", type=_cluster, metavar="ADDRESS",
            help=f"share {cluster} out among the workers of a Dask cluster: tcp://host:8786 (its "
            "scheduler), slurm:20 (so many jobs, as ~/.config/dask/jobqueue.yaml has them), or "
            "dask (processes of this machine)",
        )  # fmt: skip


def add_merge_command(commands: argparse._SubParsersAction) -> None:
    """Add ``merge``."""
    parser = command(
        commands,
        "merge",
        "Put the tables of all parts of a job (--shard) together.",
        "seqgen merge part1/scores.parquet part2/scores.parquet --out scores.parquet",
    )
    parser.add_argument("parts", nargs="+", metavar="PART", help="the table of each part")
    parser.add_argument(
        "--out", required=True, metavar="FILE", help="table to write: .parquet, .tsv, .tsv.gz, .csv"
    )


def _workers(text: str) -> int | None:
    """A number, or None for all cores."""
    if text == "all":
        return None
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"found '{text}', expected a number from 1, or all")
    return int(text)


def _cluster(text: str) -> str:
    try:
        return checked_address(text)[0]
    except InputError as error:
        told = str(error).replace(f"workers is {text!r}; expected a number,", "expected")
        raise argparse.ArgumentTypeError(f"found {text!r}; {told}") from error


def _shard(text: str) -> Shard:
    try:
        return parse_shard(text)
    except InputError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
