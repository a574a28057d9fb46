"""What headers of an alignment tell of its columns: proteins, ranges, and positions."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import quote, unquote

import numpy as np

from seqgen.alignment import GAP, UNNAMED, Alignment, Residues
from seqgen.errors import InputError

#: Positions beyond this are none of a protein, and would not fit into all tables.
MOST_POSITION = 999_999_999

_DATABASE = re.compile(r"^[a-z]{2}\|(?P<accession>[^|\s]+)(?:\||$)")
_PART = r"(?P<name>.*?)/(?P<spans>\d+-\d+(?:,\d+-\d+)*)(?=:|$):?"
_SINGLE_SPANS = re.compile(r"(?:.*?/\d+-\d+(?=:|$):?)+")
_TAG = re.compile(r" (?P<focus>focus-)?columns=(?P<told>\S+)")
_PLAIN = "".join(chr(code) for code in range(33, 127) if chr(code) not in "%:")


class Part(NamedTuple):
    """A protein in a header, and the range it gives."""

    name: str
    start: int | None
    end: int | None

    @property
    def span(self) -> int:
        """Positions in the range."""
        return 0 if self.start is None or self.end is None else self.end - self.start + 1


class Tag(NamedTuple):
    """Columns as `tagged` told them: a protein and a position for each."""

    row: int
    focus: bool
    positions: np.ndarray
    proteins: np.ndarray


def parts_of(header: str) -> list[Part]:
    """The proteins in the first word: one, or several as in ``P1/1-60:P2/5-120``.

    Examples
    --------
    >>> parts_of("sp|P12345|X_HUMAN/3-9 text")
    [Part(name='P12345', start=3, end=9)]
    >>> [part.name for part in parts_of("P1/1-60:P2/5-120")]
    ['P1', 'P2']
    """
    word = header.split()[0]
    if not _SINGLE_SPANS.fullmatch(word):
        return [Part(_accession(word), None, None)]
    parts = []
    for found in re.finditer(_PART, word):
        start, end = found["spans"].split("-")
        parts.append(Part(_accession(found["name"]), int(start), int(end)))
    return parts


def name_of(header: str) -> str:
    """Name of the protein in a header, of several joined by a colon."""
    return ":".join(part.name for part in parts_of(header))


def _accession(word: str) -> str:
    database = _DATABASE.match(word)
    return database["accession"] if database else word


def needs_tag(alignment: Alignment) -> bool:
    """Whether the numbering of the columns cannot be told by a range and inserted letters."""
    residues, positions = alignment.residues, alignment.residues.positions
    if not alignment.length:
        return False
    if alignment.focus is not None:
        header = alignment.names[alignment.focus]
        whole = (np.diff(positions) > 0).all() and (alignment.codes[alignment.focus] != GAP).all()
        named = residues.names[0] in (UNNAMED, name_of(header)) and len(parts_of(header)) == 1
        return len(residues.names) > 1 or not (whole and named)
    plain = positions.tolist() == list(range(1, alignment.length + 1))
    return residues.names != [UNNAMED] or not plain


def tagged(alignment: Alignment) -> list[str]:
    """Headers that carry what the columns are: that of the focus, or all if there is none.

    After the first word stands ``focus-columns=A/1-5,8-20:B/3-9``, or ``columns=`` without a
    focus: in the order of the columns, each protein with its positions. Other programs take it
    for a part of the description; `untagged` takes it out again.
    """
    told = _told(alignment.residues)
    names = list(alignment.names)
    rows = range(len(names)) if alignment.focus is None else [alignment.focus]
    kind = "columns" if alignment.focus is None else "focus-columns"
    for row in rows:
        word, _, rest = names[row].partition(" ")
        names[row] = f"{word} {kind}={told}" + (f" {rest}" if rest else "")
    return names


def _told(residues: Residues) -> str:
    positions, proteins = residues.positions, residues.proteins
    breaks = np.flatnonzero((np.diff(positions) != 1) | (proteins[1:] != proteins[:-1])) + 1
    starts, ends = np.r_[0, breaks], np.r_[breaks, len(positions)] - 1
    parts: list[tuple[str, list[str]]] = []
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        if not parts or parts[-1][0] != proteins[start]:
            parts.append((proteins[start], []))
        parts[-1][1].append(f"{positions[start]}-{positions[end]}")
    return ":".join(f"{quote(name, safe=_PLAIN)}/{','.join(spans)}" for name, spans in parts)


def untagged(names: list[str], *, source: str, width: int) -> tuple[list[str], Tag | None]:
    """Headers without what `tagged` put there, and that.

    Raises
    ------
    InputError
        If there are other columns than the headers name.
    """
    tag: Tag | None = None
    clean = list(names)
    for row, name in enumerate(names):
        found = _TAG.search(name) if "columns=" in name else None
        if found is None:
            continue
        clean[row] = name[: found.start()] + name[found.end() :]
        if tag is None or (found["focus"] and not tag.focus):
            tag = _read_tag(found, row=row, source=source)
    if tag is not None and len(tag.positions) != width:
        raise InputError(
            f"{source}: columns= in the header of '{clean[tag.row].split()[0]}' names "
            f"{len(tag.positions)} columns, and there are {width}; the alignment was changed: "
            "take it out of the headers, or write the alignment again"
        )
    return clean, tag


def _read_tag(found: re.Match[str], *, row: int, source: str) -> Tag:
    positions: list[np.ndarray] = []
    proteins: list[str] = []
    for part in re.finditer(_PART, found["told"]):
        for span in part["spans"].split(","):
            start, end = map(int, span.split("-"))
            if not 1 <= start <= end <= MOST_POSITION:
                raise InputError(
                    f"{source}: {found[0].strip()[:80]!r} names positions {span}; expected a "
                    "range that counts from 1"
                )
            if end - start > 10**6:
                raise InputError(f"{source}: {span} in a header is no range of columns")
            positions.append(np.arange(start, end + 1, dtype=np.int64))
            proteins += [unquote(part["name"])] * (end - start + 1)
    if not positions:
        raise InputError(
            f"{source}: {found[0].strip()[:80]!r} names no columns; expected NAME/START-END"
        )
    return Tag(row, bool(found["focus"]), np.concatenate(positions),
               np.array(proteins, dtype=object))  # fmt: skip
