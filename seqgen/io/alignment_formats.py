"""Rows of an alignment out of the formats that tools write, as codes."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from seqgen.alignment import ALIGNMENT_LETTERS, GAP
from seqgen.errors import InputError
from seqgen.residues import SUBSTITUTES, UNKNOWN

FORMATS = ("a3m", "a2m", "fasta", "stockholm", "psicov")

#: Codes beyond those of `ALIGNMENT_LETTERS`, for letters that are changed and counted.
UNCLEAR, SUBSTITUTED = 21, {"U": 22, "O": 23}
_WRONG = 255
_GOOD = bytes(range(24))
_LOWER = bytes(range(ord("a"), ord("z") + 1))
_UPPER = _LOWER.upper()
_SPACE = b" \t\r\n"
_BLOCK = 1 << 22
_ANNOTATION = re.compile(rb"(?:ss_pred|ss_conf|ss_dssp|aa_dssp|aa_pred|sa_dssp)\b")
_FOREIGN = {
    b"CLUSTAL": "Clustal", b"MUSCLE": "Clustal", b"PROBCONS": "Clustal", b"#NEXUS": "NEXUS",
    b"LOCUS": "GenBank", b"HMMER3": "an HMMER profile", b"HHsearch": "an hhsuite profile",
}  # fmt: skip
_EXPECTED = "expected A3M, A2M, aligned FASTA, Stockholm, or rows of letters (PSICOV)"


class Style(NamedTuple):
    """How the letters of a file are meant.

    ``inserts``: lower case and ``.`` are insertions, to be left out. Without it, ``.`` is a gap
    and ``lower`` says whether lower-case letters are residues.
    """

    inserts: bool
    lower: bool


@dataclass
class Rows:
    """Rows of an alignment while they pass by.

    Attributes
    ----------
    path : Path
    kind : str
        One of `FORMATS`.
    style : Style
    wanted : str or None
        Rows with this in their header are kept as text, or the first if None.
    most : int
        Letters that may be held.
    names, lines : list
        Header and line number per row.
    letters : bytearray
        Codes of all rows, one after the other.
    kept : dict of int to bytes
        Row to its text, for those that may be the focus.
    inserted, annotations : int
        Letters in insertions, and records of secondary structure, that were left out.
    first_insert : str
        The first of these letters and its row.
    """

    path: Path
    kind: str
    style: Style
    wanted: str | None
    most: int
    names: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    letters: bytearray = field(default_factory=bytearray)
    kept: dict[int, bytes] = field(default_factory=dict)
    inserted: int = 0
    annotations: int = 0
    first_insert: str = ""
    width: int = 0

    def __post_init__(self) -> None:
        self._stop = False
        self._table = _table(self.style)
        self._left_out = _SPACE + (_LOWER + b"." if self.style.inserts else b"")

    def add(self, name: bytes, line: int, text: bytes) -> None:
        """Take in one row: its header, the line this is on, and its letters as in the file."""
        row = text.translate(self._table, self._left_out)
        if not self.names:
            self.width = len(row)
            self._stop = row.endswith(bytes([UNCLEAR])) and text.rstrip(_SPACE).endswith(b"*")
        if len(row) == self.width + 1 and text.rstrip(_SPACE).endswith(b"*"):
            row = row[:-1]
        elif len(row) == self.width - 1 and self._stop:
            row += bytes([GAP])  # the first row ends with a stop, and this one without
        if row.translate(None, _GOOD):
            raise self._wrong_letter(name, line, text)
        if not row:
            raise InputError(
                f"{self.path} line {line}: '{_shown(name)}' has no letters in match columns; add "
                f"its row or remove the header"
            )
        if len(row) != self.width:
            raise self._ragged(name, line, len(row))
        if len(self.letters) + len(row) > self.most:
            raise too_large(self.path, len(self.letters) + len(row), self.most, least=True)
        if self.style.inserts:
            found = len(text) - len(text.translate(None, _LOWER))
            if found and not self.inserted:
                first = next(chr(letter) for letter in text if letter in _LOWER)
                self.first_insert = f"{first} in {_shown(name.split()[0])}"
            self.inserted += found
        header = name.decode("utf-8", "replace")
        if self.wanted in header if self.wanted is not None else not self.names:
            self.kept[len(self.names)] = text.translate(None, _SPACE)
        self.names.append(header)
        self.lines.append(line)
        self.letters += row

    def codes(self) -> np.ndarray:
        """Codes, shape (N, L); those above 20 are letters still to be changed."""
        return np.frombuffer(self.letters, dtype=np.uint8).reshape(len(self.names), -1)

    def _wrong_letter(self, name: bytes, line: int, text: bytes) -> InputError:
        own_line = self.kind not in ("psicov", "stockholm")
        for number, part in enumerate(text.split(b"\n"), start=line + own_line):
            for column, letter in enumerate(part, start=1):
                if letter not in self._left_out and self._table[letter] == _WRONG:
                    return InputError(
                        f"{self.path} line {number}: {chr(letter)!r} at column {column} of "
                        f"'{_shown(name)}' is no residue or gap; {self._hint(letter)}"
                    )
        raise AssertionError("a row with a wrong letter has one")

    def _hint(self, letter: int) -> str:
        if letter in _LOWER:
            return (
                "the rows before hold no lower case: say format='a2m' if it marks insertions, "
                "format='fasta' if it is a residue"
            )
        if letter == ord(">"):
            return "rows with and without headers are mixed: give each its '>name', or none"
        return "expected one-letter residues, '-' and '.'"

    def _ragged(self, name: bytes, line: int, found: int) -> InputError:
        if self.style.inserts:
            remedy = (
                "are all lower-case letters insertions? If they are residues say format='fasta'; "
                "otherwise the row is damaged: align it again"
            )
        elif not self.letters.count(0):
            remedy = (
                "there are no gaps, so these sequences are not aligned: align them first (mafft "
                "--auto in.fasta > out.fasta), or search with seqgen.io.homologs"
            )
        else:
            remedy = "the row is damaged or cut short: align it again or remove it"
        return InputError(
            f"{self.path} line {line}: '{_shown(name)}' has {found} match columns; expected "
            f"{self.width} as in '{self.names[0][:60]}' (line {self.lines[0]}); {remedy}"
        )


def read_rows(path: Path, *, format: str | None, wanted: str | None, most: int) -> Rows:
    """Rows of the file, its format as given or recognised.

    Raises
    ------
    InputError
        If the file is empty, damaged, of another format, ragged, or holds other letters.
    """
    with opened(path) as (handle, _):
        sample = handle.read(_BLOCK)
    kind, style = recognised(path, sample, format)
    rows = Rows(path, kind, style, wanted, most)
    reader = {"stockholm": _stockholm, "psicov": _bare_rows}.get(kind, _fasta)
    with opened(path) as (handle, share):
        for name, line, text in reader(path, handle):
            if _ANNOTATION.match(name):
                rows.annotations += 1
                continue
            rows.add(name, line, text)
            if len(rows.names) % 1000 == 0:
                expected = int(len(rows.letters) / max(share(), 1e-9))
                if expected > 1.5 * most:  # 1.5: headers and packing vary along the file
                    raise too_large(path, expected, most, least=False)
    if not rows.names:
        raise InputError(f"{path}: holds no sequence; {_EXPECTED}")
    return rows


def recognised(path: Path, sample: bytes, format: str | None) -> tuple[str, Style]:
    """Format and style by the beginning of the file; the suffix only where that leaves doubt."""
    if format is not None and format not in FORMATS:
        raise InputError(f"format is {format!r}; expected one of {', '.join(FORMATS)}")
    _check_text(path, sample)
    head = sample.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not head:
        raise InputError(f"{path}: is empty; {_EXPECTED}")
    for start, kind in _FOREIGN.items():
        if head.startswith(start):
            raise InputError(
                f"{path}: looks like {kind}; {_EXPECTED}. HMMER's esl-reformat or hhsuite's "
                f"reformat.pl convert alignments"
            )
    kind = format or _kind(path, head)
    if kind in ("a3m", "a2m"):
        return kind, Style(inserts=True, lower=False)
    if format in ("fasta", "psicov"):
        return kind, Style(inserts=False, lower=True)
    letters = re.sub(rb"(?m)^#.*$", b"", re.sub(rb"(?m)^>.*$", b"", head))
    if kind == "stockholm":
        letters = re.sub(rb"(?m)^\S+[ \t]+", b"", letters)
    lower, upper = _holds(letters, _LOWER), _holds(letters, _UPPER)
    suffix = path.name.lower().removesuffix(".gz").rpartition(".")[2]
    inserts = (lower and upper) or (suffix in ("a2m", "a3m") and not lower)
    if kind == "fasta" and inserts:
        kind = suffix if suffix in ("a2m", "a3m") else "a2m"
    return kind, Style(inserts, lower and not inserts)


def _check_text(path: Path, sample: bytes) -> None:
    """Name two causes that a wrong letter or a missing header would hide."""
    if sample.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in sample[:200]:
        raise InputError(
            f"{path}: is UTF-16 or no text (zero bytes); save it as plain text (iconv -f UTF-16 "
            f"-t UTF-8)"
        )
    if b"\r" in sample and b"\n" not in sample:
        raise InputError(
            f"{path}: ends its lines by CR alone, as old Macs did; convert it (tr '\\r' '\\n')"
        )


def _kind(path: Path, head: bytes) -> str:
    if head.startswith(b"# STOCKHOLM"):
        return "stockholm"
    lines = (line.strip() for line in head.split(b"\n", 1000))
    first = next((line for line in lines if line and not line.startswith(b"#")), b"")
    if first.startswith(b">"):
        return "fasta"
    if re.fullmatch(rb"[A-Za-z.*-]+", first):
        return "psicov"
    raise InputError(f"{path}: begins with {_shown(first)!r}; {_EXPECTED}")


def _holds(text: bytes, letters: bytes) -> bool:
    return len(text.translate(None, letters)) < len(text)


def _table(style: Style) -> bytes:
    table = np.full(256, _WRONG, dtype=np.uint8)
    codes = {letter: code for code, letter in enumerate(ALIGNMENT_LETTERS)}
    codes |= {letter: UNCLEAR for letter, new in SUBSTITUTES.items() if new == UNKNOWN}
    codes |= SUBSTITUTED | {"*": UNCLEAR, ".": codes["-"]}
    for letter, code in codes.items():
        table[ord(letter)] = code
        if style.lower:
            table[ord(letter.lower())] = code
    return table.tobytes()


@contextmanager
def opened(path: Path) -> Iterator[tuple[BinaryIO, SharePassed]]:
    """The text of a file, plain or gzipped, and how much of the file has been passed.

    Raises
    ------
    InputError
        If gzip data is damaged.
    """
    size = max(path.stat().st_size, 1)
    with open(path, "rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        handle: BinaryIO = gzip.GzipFile(fileobj=raw) if packed else raw  # type: ignore[assignment]
        try:
            yield handle, SharePassed(raw, size)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise InputError(
                f"{path}: the gzip data is damaged or cut short ({error}); fetch it again"
            ) from error


class SharePassed(NamedTuple):
    """How much of a file has been read: call it."""

    raw: BinaryIO
    size: int

    def __call__(self) -> float:
        """From 0 to 1."""
        return min(self.raw.tell() / self.size, 1.0)


def too_large(path: Path, cells: int, most: int, *, least: bool) -> InputError:
    """The error for an alignment that does not fit."""
    return InputError(
        f"{path}: the alignment holds {'at least' if least else 'about'} {cells:,} letters; "
        f"{most:,} may be held (max_cells, by default a third of the free memory). Thin it first, "
        f"such as by hhfilter -id 90 -cov 70, or raise max_cells"
    )


def _fasta(path: Path, handle: BinaryIO) -> Iterator[tuple[bytes, int, bytes]]:
    for line, record in _records(handle):
        if not record.startswith(b">"):
            first = next((part for part in record.split(b"\n") if _content(part)), b"")
            if first:
                number = line + record.split(b"\n").index(first)
                raise InputError(
                    f"{path} line {number}: {_shown(first)!r} comes before the first header; "
                    f"expected '>name'"
                )
            continue
        header, _, text = record[1:].partition(b"\n")
        if not header.strip():
            raise InputError(f"{path} line {line}: a header without a name; expected '>name'")
        yield header.strip(), line, text


def _content(line: bytes) -> bytes:
    line = line.strip()
    return b"" if line.startswith(b"#") else line


def _records(handle: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Text from one ``>`` at the start of a line to the next, and the line of its start."""
    line, held = 1, handle.read(_BLOCK).removeprefix(b"\xef\xbb\xbf")
    while True:
        *whole, held = held.split(b"\n>")
        for number, part in enumerate(whole):
            yield line, part if number == 0 else b">" + part
            line += part.count(b"\n") + 1
        held = b">" + held if whole else held
        block = handle.read(_BLOCK)
        if not block:
            break
        held += block
    if held:
        yield line, held


def _bare_rows(path: Path, handle: BinaryIO) -> Iterator[tuple[bytes, int, bytes]]:
    count = 0
    for line, text in enumerate(handle, start=1):
        text = text.removeprefix(b"\xef\xbb\xbf") if line == 1 else text
        if text.strip():
            count += 1
            yield b"sequence_%d" % count, line, text


def _stockholm(path: Path, handle: BinaryIO) -> Iterator[tuple[bytes, int, bytes]]:
    rows: dict[bytes, tuple[int, bytearray]] = {}
    told: dict[bytes, bytes] = {}
    ended = False
    for line, text in enumerate(handle, start=1):
        text = text.strip()
        if text and ended:
            raise InputError(
                f"{path} line {line}: {_shown(text)!r} comes after the '//' that ends the "
                f"alignment; expected one alignment a file: split it, such as by csplit or "
                f"esl-afetch, and read each by itself"
            )
        if text.startswith(b"#=GS"):
            # The description and the organism are where species are found for pairing.
            said = text.split(None, 3)
            if len(said) == 4 and said[2] in (b"DE", b"OS"):
                mark = b" OS=" if said[2] == b"OS" else b" "
                told[said[1]] = told.get(said[1], b"") + mark + said[3]
            continue
        if not text or text.startswith(b"#"):
            continue
        if text == b"//" and not ended:
            ended = True
            continue
        words = text.split()
        if len(words) != 2:
            raise InputError(
                f"{path} line {line}: {_shown(text)!r} is no line of Stockholm; expected a name "
                f"and its aligned letters"
            )
        rows.setdefault(words[0], (line, bytearray()))[1].extend(words[1])
    if not ended:
        raise InputError(f"{path}: ends without '//'; the file is cut short: fetch it again")
    for name, (line, letters) in rows.items():
        yield name + told.get(name, b""), line, bytes(letters)


def _shown(text: bytes) -> str:
    return text[:60].decode("utf-8", "replace")
