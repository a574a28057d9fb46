"""A reference genome in FASTA with its index: names of contigs, and stretches of them."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.io.tables import existing_file

_NC = {f"NC_{number:06d}": str(number) for number in range(1, 23)}
_NC |= {"NC_000023": "X", "NC_000024": "Y", "NC_012920": "MT"}
_MITOCHONDRION = "MT"
_PIECE = 1 << 18
_LETTERS = 26
# Letters of the first contig that are looked at when a file is opened.
_FIRST = 10_000
# IUPAC's letters of bases, with the X and the hyphen of masked and of aligned sequences.
_BASES = np.zeros(256, dtype=bool)
_BASES[list(b"ACGTUNRYSWKMBDHVX-")] = True


class Reference:
    """An open FASTA file; made by `open_reference`.

    Attributes
    ----------
    path : Path
        The file that programs can read: beside it lies its index.
    lengths : dict of str to int
        Bases of each contig.
    """

    def __init__(self, path: Path, handle: Any, given: Path) -> None:
        self.path = path
        self._given = given
        self._handle = handle
        self._lines = _lines_of(path)
        self.lengths = dict(zip(handle.references, handle.lengths, strict=True))
        self._by_key: dict[str, str] = {}
        for name in handle.references:
            self._by_key.setdefault(contig_key(name), name)

    def contigs_of(self, names: pd.Series) -> pd.Series:
        """The file's name of each contig (``chr1``, ``1``, ``NC_000001.11``); missing if none."""
        coded = names.astype("category")
        found = [self._contig(str(name)) for name in coded.cat.categories]
        table = pd.Series([*found, None], dtype="str")
        out = table.take(coded.cat.codes.to_numpy())
        out.index = names.index
        return out

    def _contig(self, name: str) -> str | None:
        return name if name in self.lengths else self._by_key.get(contig_key(name))

    def bases(self, contig: str, start: int, end: int) -> np.ndarray:
        """Letters of a stretch, upper case: ``start`` counted from 0, ``end`` not included.

        Returns
        -------
        ndarray of uint8, shape (end - start,)

        Raises
        ------
        InputError
            If a letter is that of no base; of a long stretch its beginning is looked at.
        """
        start, line = max(0, start), self._lines.get(contig)
        if line is None:
            text = self._handle.fetch(contig, start, end).upper().encode("ascii", "replace")
            out = np.frombuffer(text, dtype=np.uint8)
        else:
            out = _stretch(self.path, line, start, min(end, self.lengths[contig]))
        self._require_bases(contig, start, out)
        return out

    def _require_bases(self, contig: str, start: int, letters: np.ndarray) -> None:
        known = _BASES[letters[:_PIECE]]
        if known.all():
            return
        place = int(known.argmin())
        raise InputError(
            f"{self._given}: {contig}:{start + place + 1} is {chr(letters[place])!r}, the letter "
            "of no base; expected the sequence of a genome (is it one of proteins, or its index "
            f"{self._given.name}.fai, if there is one, of another file?)"
        )


class _Line(NamedTuple):
    """Where a contig of a plain file begins, and the length of its lines without and with end."""

    offset: int
    bases: int
    width: int


def _lines_of(path: Path) -> dict[str, _Line]:
    """The index of a plain file; none of a packed one, of which no byte can be found so."""
    with open(path, "rb") as handle:
        if handle.read(2) == b"\x1f\x8b":
            return {}
    rows = [row.split("\t") for row in Path(f"{path}.fai").read_text().splitlines()]
    return {name: _Line(*map(int, rest)) for name, _, *rest in rows if int(rest[1]) > 0}


def _stretch(path: Path, line: _Line, start: int, end: int) -> np.ndarray:
    """Letters of a plain file, upper case, the ends of lines taken out."""
    if end <= start:
        return np.zeros(0, dtype=np.uint8)
    first, last = start // line.bases, (end - 1) // line.bases + 1
    out = np.empty((last - first, line.bases), dtype=np.uint8)
    step = max(1, _PIECE // line.width)
    buffer = np.zeros((step, line.width), dtype=np.uint8)
    with open(path, "rb") as handle:
        handle.seek(line.offset + first * line.width)
        for at in range(0, last - first, step):  # pieces that stay in the processor's cache
            piece = out[at : at + step]
            handle.readinto(buffer[: len(piece)].reshape(-1).data)
            piece[:] = buffer[: len(piece), : line.bases]
            piece -= ((piece - ord("a")) < _LETTERS).view(np.uint8) << 5
    begin = start - first * line.bases
    return out.reshape(-1)[begin : begin + end - start]


@contextmanager
def open_reference(path: str | os.PathLike[str]) -> Iterator[Reference]:
    """Open a FASTA file, plain or bgzipped; without an index beside it, one is made elsewhere.

    Raises
    ------
    MissingFileError, InputError
        As `is_packed`.
    """
    import pysam

    path = existing_file(path)
    packed = is_packed(path)
    with tempfile.TemporaryDirectory(prefix="seqgen-fasta-") as folder:
        usable = _indexed(path, Path(folder), packed=packed)
        handle = pysam.FastaFile(str(usable))
        try:
            reference = Reference(usable, handle, path)
            for contig, length in [*reference.lengths.items()][:1]:
                reference.bases(contig, 0, min(_FIRST, length))
            yield reference
        finally:
            handle.close()


def is_packed(path: str | os.PathLike[str]) -> bool:
    """Whether a reference is packed by bgzip; one glance at it, before it is indexed.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If it is no FASTA, or packed by gzip where bgzip is needed.
    """
    path = existing_file(path)
    with open(path, "rb") as opened:
        first = opened.read(18)
    packed = first[:2] == b"\x1f\x8b"
    if packed and first[12:14] != b"BC":
        raise InputError(
            f"{path}: is packed by gzip, of which no stretch can be read by itself; unpack it "
            "(gunzip) or pack it by bgzip"
        )
    if not packed and first[:1] != b">":
        raise InputError(f"{path}: does not begin with '>'; expected a FASTA file")
    return packed


def _indexed(path: Path, folder: Path, *, packed: bool) -> Path:
    """The file, or where it has no index newer than itself, a link to it that has one."""
    import pysam

    beside = [Path(f"{path}.fai"), *([Path(f"{path}.gzi")] if packed else [])]
    if all(each.exists() for each in beside):
        return path
    link = folder / path.name
    link.symlink_to(path.resolve())
    try:
        pysam.faidx(str(link))
    except pysam.SamtoolsError as error:
        raise InputError(
            f"{path}: cannot be indexed ({str(error).strip()}); expected a FASTA file whose lines "
            "are of one length in each sequence"
        ) from error
    return link


def contig_key(name: str) -> str:
    """What names of one contig have in common.

    Examples
    --------
    >>> [contig_key(name) for name in ("chr1", "1", "NC_000001.11", "chrM", "MT", "II")]
    ['1', '1', '1', 'MT', 'MT', 'II']
    """
    accession = _NC.get(name.split(".")[0])
    if accession:
        return accession
    key = re.sub(r"^chr", "", name, flags=re.IGNORECASE)
    return _MITOCHONDRION if key.upper() in ("M", "MT", "MITO", "MTDNA") else key


def is_mitochondrial(name: str) -> bool:
    """Whether a contig is the mitochondrion's, by its name."""
    return contig_key(name) == _MITOCHONDRION
