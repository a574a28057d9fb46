"""Sequences from FASTA files."""

from __future__ import annotations

import gzip
import os
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

from seqgen.errors import InputError
from seqgen.io.tables import existing_file
from seqgen.residues import refuse_dna

LETTERS = "ACDEFGHIKLMNPQRSTVWYBJOUXZ"
"""Letters of a protein sequence: the twenty, selenocysteine, pyrrolysine, and the unclear."""

_UNKNOWN = re.compile(f"[^{LETTERS}*]")
_UNIPROT = re.compile(r"^(?:sp|tr)\|([^|\s]+)\|")


def read_fasta(path: str | os.PathLike[str]) -> dict[str, str]:
    """Read protein sequences from a FASTA file, plain or gzipped, in the file's order.

    Letters are made upper case and one ``*`` at the end of a sequence is taken off.

    Parameters
    ----------
    path : path

    Returns
    -------
    dict of str to str
        Identifier to sequence. The identifier is the first word of the header line, or the
        accession of a UniProt header (``sp|P12345|NAME`` gives ``P12345``).

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If the file is empty or damaged, an identifier comes twice, a sequence is empty, a
        line holds a letter that is no residue, such as a gap or an inner ``*``, or the sequences
        are DNA or RNA: 30 letters or more in all, every one A, C, G, T, U or N.
    """
    path = existing_file(path)
    sequences: dict[str, str] = {}
    for name, line, parts in _records(path):
        if name in sequences:
            raise InputError(
                f"{path} line {line}: identifier '{name}' comes a second time; give each "
                f"sequence its own"
            )
        sequence = _joined(parts)
        if not sequence:
            raise InputError(
                f"{path} line {line}: '{name}' has no sequence; add it or remove the header"
            )
        sequences[name] = sequence
    if not sequences:
        raise InputError(f"{path}: holds no sequence; expected lines '>name' and residues")
    refuse_dna(sequences, str(path))
    return sequences


def _joined(parts: list[str]) -> str:
    return "".join(parts).removesuffix("*")


def _records(path: Path) -> Iterator[tuple[str, int, list[str]]]:
    """Each record's name, the line of its header, and its checked lines."""
    name, header_line, stop_line = "", 0, 0
    parts: list[str] = []
    for number, text in enumerate(_lines(path), start=1):
        text = text.strip()
        if not text:
            continue
        if text.startswith(">"):
            if name:
                yield name, header_line, parts
            name, header_line, parts, stop_line = _name(path, number, text), number, [], 0
            continue
        if not name:
            raise InputError(
                f"{path} line {number}: a sequence without a header; expected '>name' before it"
            )
        if stop_line:
            raise _inner_stop(path, stop_line, name)
        parts.append(_residues(path, number, (name, text)))
        stop_line = number if parts[-1].endswith("*") else 0
    if name:
        yield name, header_line, parts


def _lines(path: Path) -> Iterator[str]:
    with open(path, "rb") as handle:
        packed = handle.read(2) == b"\x1f\x8b"
    opener = gzip.open if packed else open
    try:
        with opener(path, "rt", encoding="utf-8-sig", errors="replace") as handle:
            yield from handle
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(
            f"{path}: the gzip data is damaged or cut short ({error}); fetch it again"
        ) from error


def _name(path: Path, number: int, text: str) -> str:
    words = text[1:].split()
    if not words:
        raise InputError(f"{path} line {number}: a header without a name; expected '>name'")
    uniprot = _UNIPROT.match(words[0])
    return uniprot.group(1) if uniprot else words[0]


def _residues(path: Path, number: int, named: tuple[str, str]) -> str:
    name, text = named
    text = text.upper()
    unknown = _UNKNOWN.search(text)
    if unknown:
        remedy = (
            "take the gaps of the alignment out"
            if unknown.group() in "-."
            else "expected one-letter residues"
        )
        raise InputError(
            f"{path} line {number}: '{unknown.group()}' at column {unknown.start() + 1} of "
            f"'{name}' is no residue; {remedy}"
        )
    if "*" in text[:-1]:
        raise _inner_stop(path, number, name)
    return text


def _inner_stop(path: Path, number: int, name: str) -> InputError:
    return InputError(
        f"{path} line {number}: '{name}' has a stop (*) inside; end the sequence there or "
        f"correct it"
    )
