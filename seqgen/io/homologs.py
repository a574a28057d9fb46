"""Alignments from search tools: MMseqs2, HHblits and jackhmmer, run where they are installed."""

from __future__ import annotations

import gzip
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, NamedTuple

from seqgen.alignment import Alignment
from seqgen.errors import InputError, MissingDependencyError, MissingFileError, SeqgenError
from seqgen.io.alignments import read_alignment
from seqgen.io.tables import existing_file, replacing
from seqgen.native import thread_count
from seqgen.residues import clean_sequence, refuse_dna

_MOST_HITS = 100_000  # MMseqs2's own limit of 300 hits would cut deep families short
_TAIL = 6


class _Search(NamedTuple):
    """What to search: files, and how."""

    query: Path
    database: Path
    folder: Path
    evalue: float
    iterations: int
    threads: int
    options: Sequence[str]


class _Tool(NamedTuple):
    """A program, the package it comes in, its most iterations, and its commands."""

    program: str
    package: str
    most_iterations: int
    commands: Callable[[_Search], list[list[str]]]
    result: str


def search_homologs(
    sequence: str,
    database: str | os.PathLike[str],
    *,
    tool: str = "mmseqs2",
    out: str | os.PathLike[str],
    name: str = "query",
    evalue: float = 1e-3,
    iterations: int = 3,
    threads: int | None = None,
    options: Sequence[str] = (),
    min_sequence_coverage: float = 0.5,
) -> Alignment:
    """Search homologs of a protein and read their alignment.

    Parameters
    ----------
    sequence : str
        The protein, one-letter codes.
    database : path
        A protein FASTA file (MMseqs2, plain or gzipped, or a database it made; jackhmmer,
        plain), or the prefix of an hhsuite database (HHblits).
    tool : {"mmseqs2", "hhblits", "jackhmmer"}
    out : path
        Where the tool's alignment is kept (A3M, or Stockholm of jackhmmer), insertions included;
        gzipped if named ``.gz``. Temporary files lie beside it while the tool runs.
    name : str
        Of the protein, without spaces.
    evalue : float
        Hits up to this are taken in.
    iterations : int
        Rounds of profile search.
    threads : int, optional
        By default all cores.
    options : sequence of str
        Further options of the search, as the tool calls them.
    min_sequence_coverage : float
        As for `read_alignment`.

    Returns
    -------
    Alignment
        With the protein in focus.

    Raises
    ------
    MissingDependencyError
        If the tool is not installed; the message gives the command.
    MissingFileError, InputError
        If the database or an argument is not what it has to be, or nothing is found.
    OutputError
        If ``out`` cannot be written.
    SeqgenError
        If the tool fails; the message has the end of what it said.

    References
    ----------
    Steinegger & Söding (2017), MMseqs2 enables sensitive protein sequence searching for the
    analysis of massive data sets, Nature Biotechnology 35:1026-1028.
    Steinegger et al. (2019), HH-suite3 for fast remote homology detection and deep protein
    annotation, BMC Bioinformatics 20:473.
    Johnson, Eddy & Portugaly (2010), Hidden Markov model speed heuristic and iterative HMM
    search procedure, BMC Bioinformatics 11:431.
    """
    if tool not in TOOLS:
        raise InputError(f"tool is {tool!r}; expected one of {', '.join(TOOLS)}")
    chosen = TOOLS[tool]
    refuse_dna({name: sequence}, "sequence")
    sequence = clean_sequence(sequence, name)
    _check(name, chosen, evalue=evalue, iterations=iterations)
    database = _database(database, tool)
    if shutil.which(chosen.program) is None:
        raise MissingDependencyError(
            f"tool='{tool}' needs the program '{chosen.program}', which is not on the PATH; "
            f"install it by: conda install -c conda-forge -c bioconda {chosen.package} (or apt "
            f"install {chosen.package})"
        )
    out = Path(out)
    with replacing(out) as handle, tempfile.TemporaryDirectory(
        prefix=".seqgen-search-", dir=out.parent
    ) as folder:  # fmt: skip
        query = Path(folder).resolve() / "query.fasta"
        query.write_text(f">{name}\n{sequence}\n", encoding="ascii")
        search = _Search(
            query, database, query.parent, evalue, iterations, thread_count(threads), options
        )
        for command in chosen.commands(search):
            _run(command, query.parent)
        result = query.parent / chosen.result
        _keep(result, handle, out=out, program=chosen.program)
        focus = name if tool == "jackhmmer" else None
        # Read before it takes its place: nothing is left behind where it is refused.
        try:
            found = read_alignment(
                result, focus=focus, name=name, min_sequence_coverage=min_sequence_coverage
            )
        except InputError as error:
            raise InputError(str(error).replace(str(result), str(out))) from error
    return replace(found, source=str(out))


def _check(name: str, tool: _Tool, *, evalue: float, iterations: int) -> None:
    if not re.fullmatch(r"[\w.|-]+", name, re.ASCII):
        raise InputError(f"name is {name!r}; expected letters, digits, and . _ | - without spaces")
    if not 0 < evalue <= 10:
        raise InputError(f"evalue is {evalue}; expected above 0 and at most 10, such as 1e-3")
    if not 1 <= iterations <= tool.most_iterations:
        raise InputError(
            f"iterations is {iterations}; expected 1 to {tool.most_iterations} for {tool.program}"
        )


def _database(database: str | os.PathLike[str], tool: str) -> Path:
    path = Path(database)
    if tool == "hhblits":
        parts = [path.with_name(path.name + part) for part in ("_a3m.ffdata", "_cs219.ffdata")]
        missing = [str(part) for part in parts if not part.exists()]
        if missing:
            raise MissingFileError(
                f"database {path}: there is no {missing[0]}; HHblits needs the prefix of an "
                f"hhsuite database (such as .../UniRef30_2023_02), no FASTA file"
            )
        return path.resolve()
    path = existing_file(path)
    if tool == "mmseqs2" and path.with_name(path.name + ".dbtype").exists():
        return path.resolve()
    with open(path, "rb") as handle:
        start = handle.read(2)
    if start == b"\x1f\x8b":
        if tool == "jackhmmer":
            raise InputError(
                f"database {path}: is gzipped, and jackhmmer reads it more than once; unpack it "
                f"first (gunzip -k {path.name})"
            )
    elif not start.startswith(b">"):
        raise InputError(f"database {path}: is no FASTA file; expected it to begin with '>'")
    return path.resolve()


def _mmseqs(search: _Search) -> list[list[str]]:
    threads = ["--threads", str(search.threads), "-v", "1"]
    made = search.database.with_name(search.database.name + ".dbtype").exists()
    target = str(search.database) if made else "target"
    commands = [["mmseqs", "createdb", str(search.query), "query", "-v", "1"]]
    if not made:
        commands.append(["mmseqs", "createdb", str(search.database), target, "-v", "1"])
    commands += [
        ["mmseqs", "search", "query", target, "hits", "work", "-a", "1",
         "-e", f"{search.evalue:g}", "--e-profile", f"{search.evalue:g}",
         "--num-iterations", str(search.iterations), "--max-seqs", str(_MOST_HITS),
         *threads, *search.options],
        ["mmseqs", "result2msa", "query", target, "hits", "msa", "--msa-format-mode", "5",
         "--filter-msa", "0", *threads],
        ["mmseqs", "unpackdb", "msa", ".", "--unpack-suffix", ".a3m", "--unpack-name-mode", "0",
         *threads],
    ]  # fmt: skip
    return commands


def _hhblits(search: _Search) -> list[list[str]]:
    return [
        ["hhblits", "-i", str(search.query), "-d", str(search.database), "-oa3m", "result.a3m",
         "-o", "result.hhr", "-n", str(search.iterations), "-e", f"{search.evalue:g}",
         "-cpu", str(search.threads), "-all", "-v", "1", *search.options]
    ]  # fmt: skip


def _jackhmmer(search: _Search) -> list[list[str]]:
    # jackhmmer counts the threads beside its main one.
    return [
        ["jackhmmer", "-N", str(search.iterations), "--incE", f"{search.evalue:g}",
         "--incdomE", f"{search.evalue:g}", "-E", f"{search.evalue:g}", "--noali",
         "--cpu", str(max(search.threads - 1, 0)), "-o", os.devnull, "-A", "result.sto",
         *search.options, str(search.query), str(search.database)]
    ]  # fmt: skip


TOOLS = {
    "mmseqs2": _Tool("mmseqs", "mmseqs2", 10, _mmseqs, "0.a3m"),
    "hhblits": _Tool("hhblits", "hhsuite", 8, _hhblits, "result.a3m"),
    "jackhmmer": _Tool("jackhmmer", "hmmer", 20, _jackhmmer, "result.sto"),
}


def _run(command: list[str], folder: Path) -> None:
    """Run one program; what it says goes to files, so that much of it cannot block."""
    said = folder / "said.txt"
    with open(said, "wb") as sink:
        done = subprocess.run(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, check=False
        )
    if done.returncode:
        lines = said.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        end = "what stopped it" if done.returncode < 0 else "what it said"
        raise SeqgenError(
            f"{' '.join(command[:2])} failed (exit {done.returncode}); {end}: "
            f"{' | '.join(lines[-_TAIL:])[-600:] or 'nothing'}. Correct the database or options"
        )


def _keep(result: Path, handle: BinaryIO, *, out: Path, program: str) -> None:
    if not result.exists() or not result.stat().st_size:
        raise InputError(
            f"{program} found no homologs in the database; search a larger one, or raise evalue"
        )
    with open(result, "rb") as source:
        if out.name.lower().endswith(".gz"):
            with gzip.GzipFile(filename="", mode="wb", fileobj=handle, mtime=0) as packed:
                shutil.copyfileobj(source, packed)
        else:
            shutil.copyfileobj(source, handle)
