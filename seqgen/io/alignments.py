"""Alignments from files, and to them."""

from __future__ import annotations

import difflib
import gzip
import io
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from seqgen.alignment import ALIGNMENT_LETTERS, GAP, Alignment, Residues
from seqgen.errors import InputError
from seqgen.io.alignment_formats import SUBSTITUTED, UNCLEAR, Rows, read_rows
from seqgen.io.tables import existing_file, replacing
from seqgen.residues import SUBSTITUTES
from seqgen.schemas import DROPS

if TYPE_CHECKING:
    import pandas as pd

_RANGE = re.compile(r"^(?P<name>.*?)/(?P<start>\d+)-(?P<end>\d+)$")
_DATABASE = re.compile(r"^[a-z]{2}\|(?P<accession>[^|\s]+)(?:\||$)")
_NUCLEOTIDES = "ACGTN"
_ENOUGH_TO_JUDGE = 30
_QUERY_FIRST = ("a3m", "a2m", "fasta")
_SHARE_OF_MEMORY = 3  # the text, the codes and the kept rows can lie side by side


def read_alignment(
    path: str | os.PathLike[str],
    *,
    focus: str | bool | None = None,
    format: str | None = None,
    name: str | None = None,
    start: int | None = None,
    min_sequence_coverage: float = 0.5,
    min_column_coverage: float = 0.0,
    max_cells: int | None = None,
) -> Alignment:
    r"""Read an alignment: A3M, A2M, aligned FASTA, Stockholm or PSICOV rows, plain or gzipped.

    The format is recognised by the content, then by the suffix. Where a file mixes upper and
    lower case, lower-case letters and ``.`` are insertions and are left out; otherwise ``.`` is
    a gap and case does not matter. ``U`` is read as ``C`` and ``O`` as ``K``; ``B``, ``J``,
    ``X``, ``Z`` and ``*`` count as missing. Rows that come twice stay: weights deal with them.

    Parameters
    ----------
    path : path
    focus : str or False, optional
        The sequence whose residues the columns are: the first word of its header, or the
        accession or name within it. Columns where it has no residue are left out. By default
        the first row, as search tools put the query there; but for Stockholm and PSICOV only
        if it has a residue in each column. False or ``"none"``: no focus, all columns.
    format : {"a3m", "a2m", "fasta", "stockholm", "psicov"}, optional
        Overrides what is recognised. ``fasta`` and ``psicov`` take lower case as residues.
    name : str, optional
        Name of the protein; by default the accession or name in the header of the focus.
    start : int, optional
        Position of the first residue of the focus. By default that of a header such as
        ``BLAT_ECOLX/24-286``, else 1. Residues of the focus in insertions count.
    min_sequence_coverage : float
        Rows with residues in a smaller share of the columns are dropped.
    min_column_coverage : float
        Columns with residues in a smaller share of the remaining rows are dropped.
    max_cells : int, optional
        Letters that may be held; by default a third of the free memory, in bytes.

    Returns
    -------
    Alignment
        ``drops`` counts the rows, columns and letters that were dropped or changed.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If the file is empty, damaged, ragged, not aligned, too large, of an unknown format, or
        of DNA; if the focus is not found or several are; if fewer than two rows or no columns
        are left, or all rows are the same.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "family.a2m"
    ...     _ = file.write_text(">P1/11-15\nMKaV-L\n>P2/1-4\nMR.VAL\n")
    ...     alignment = read_alignment(file)
    >>> alignment.residues.letters, alignment.residues.positions.tolist()
    ('MKVL', [11, 12, 14, 15])
    """
    path = existing_file(path)
    for label, value in (("sequence", min_sequence_coverage), ("column", min_column_coverage)):
        if not 0 <= value <= 1:
            raise InputError(f"min_{label}_coverage is {value}; expected a share from 0 to 1")
    wanted = _wanted(focus)
    without = focus is False or focus == "none"
    most = _free_memory() // _SHARE_OF_MEMORY if max_cells is None else max_cells
    rows = read_rows(path, format=format, wanted=wanted, most=most)
    tally = _Tally()
    if rows.annotations:
        tally.add("secondary structure, not a sequence", "dropped", rows.annotations, "record")
    if rows.inserted:
        tally.add("residue in an insertion", "dropped", rows.inserted, "letter")
    codes = _cleaned(rows, tally)
    place = None if without else _focus_row(rows, wanted)
    residues, keep = _residues(rows, place, name=name, start=start)
    if not keep.any():
        raise InputError(f"{path}: the focus '{rows.names[place or 0]}' has no residues")
    if place is not None:
        unclear = _unclear(rows, place, keep)
        tally.columns(~keep & ~unclear, residues, "column where the focus has a gap")
        tally.columns(unclear, residues, "column where the residue of the focus is unclear")
    whole = Alignment(tuple(rows.names), codes, residues, place, str(path))
    kept = _filtered(whole, keep, least=(min_sequence_coverage, min_column_coverage), tally=tally)
    _check_variation(kept, tally)
    return replace(kept, drops=tally.to_frame())


def write_alignment(alignment: Alignment, path: str | os.PathLike[str]) -> Path:
    """Write an alignment as A2M (FASTA where nothing is inserted), gzipped if named ``.gz``.

    Positions are kept where one protein is in focus: its header gets their range, and residues
    of it between columns that are not in the alignment are written as lower-case ``x``, in the
    other rows as ``.``. The numbering of other alignments is not in the file.

    Raises
    ------
    OutputError
        If the place cannot be written.
    """
    path = Path(path)
    names, gaps_before = list(alignment.names), np.zeros(alignment.length, dtype=np.int64)
    positions = alignment.residues.positions
    one = len(alignment.residues.names) == 1 and bool((np.diff(positions) > 0).all())
    if alignment.focus is not None and one and alignment.length:
        gaps_before[1:] = np.diff(positions) - 1
        names[alignment.focus] = _ranged(names[alignment.focus], positions)
    with replacing(path) as handle:
        out: io.BufferedIOBase = handle
        if path.name.lower().endswith(".gz"):
            out = gzip.GzipFile(filename="", mode="wb", fileobj=handle, mtime=0, compresslevel=6)
        letters = np.frombuffer(ALIGNMENT_LETTERS.encode(), dtype=np.uint8)
        places = np.arange(alignment.length) + np.cumsum(gaps_before)
        width = alignment.length + int(gaps_before.sum())
        for row, name in enumerate(names):
            line = np.full(width, ord("x" if row == alignment.focus else "."), dtype=np.uint8)
            line[places] = letters[alignment.codes[row]]
            out.write(b">" + name.encode() + b"\n" + line.tobytes() + b"\n")
        if out is not handle:
            out.close()
    return path


def _ranged(header: str, positions: np.ndarray) -> str:
    """The header with the range of positions, if it needs one."""
    word, _, rest = header.partition(" ")
    match = _RANGE.match(word)
    if match is None and positions[0] == 1:
        return header
    word = f"{match['name'] if match else word}/{positions[0]}-{positions[-1]}"
    return f"{word} {rest}" if rest else word


class _Tally:
    """Rows of the drop table, gathered while reading."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str, str, int, str]] = []

    def add(self, reason: str, action: str, count: int, example: str) -> None:
        if count:
            self.told.append(("alignment", reason, action, count, example))

    def columns(self, which: np.ndarray, residues: Residues, reason: str) -> None:
        if which.any():
            first = int(which.argmax())
            example = f"column {first + 1} ({residues.letters[first]})"
            self.add(reason, "dropped", int(which.sum()), example)

    def rows(self, which: np.ndarray, names: tuple[str, ...], reason: str) -> None:
        if which.any():
            self.add(reason, "dropped", int(which.sum()), names[int(which.argmax())][:80])

    def to_frame(self) -> pd.DataFrame:
        import pandas as pd

        if not self.told:
            return DROPS.empty()
        return DROPS.validate(pd.DataFrame(self.told, columns=DROPS.names))

    def text(self) -> str:
        told = "; ".join(f"{count} {action}: {reason}" for _, reason, action, count, _ in self.told)
        return f" (so far {told})" if told else ""


def _wanted(focus: str | bool | None) -> str | None:
    """The name in ``focus``, if it is one."""
    if focus is None or focus is False or focus == "none":
        return None
    if isinstance(focus, str) and focus.strip():
        return focus.strip().removeprefix(">")
    raise InputError(f"focus is {focus!r}; expected the name of a sequence, or False for none")


def _cleaned(rows: Rows, tally: _Tally) -> np.ndarray:
    """Codes from 0 to 20, the letters that were changed counted."""
    codes = rows.codes()
    counts = np.zeros(256, dtype=np.int64)
    for begin in range(0, codes.shape[0], 4096):
        counts += np.bincount(codes[begin : begin + 4096].ravel(), minlength=256)
    _check_protein(rows, counts)
    for letter, code in SUBSTITUTED.items():
        tally.add(f"{letter} read as {SUBSTITUTES[letter]}", "changed", int(counts[code]), letter)
    tally.add("B, J, X, Z or * counted as missing", "changed", int(counts[UNCLEAR]), "letter")
    if not counts[UNCLEAR:].any():
        return codes
    table = np.arange(256, dtype=np.uint8)
    table[UNCLEAR] = GAP
    for letter, code in SUBSTITUTED.items():
        table[code] = ALIGNMENT_LETTERS.index(SUBSTITUTES[letter])
    return table[codes]


def _check_protein(rows: Rows, counts: np.ndarray) -> None:
    nucleotides = sum(counts[ALIGNMENT_LETTERS.index(letter)] for letter in _NUCLEOTIDES)
    nucleotides += counts[SUBSTITUTED["U"]]
    residues = counts.sum() - counts[GAP] - counts[UNCLEAR]
    if residues == 0:
        raise InputError(f"{rows.path}: all rows are gaps; expected residues")
    if residues >= _ENOUGH_TO_JUDGE and nucleotides == residues:
        raise InputError(
            f"{rows.path}: holds only A, C, G, T, U and N and looks like DNA or RNA; protein "
            f"sequences are expected: translate them before aligning"
        )


def _focus_row(rows: Rows, wanted: str | None) -> int | None:
    """Row of the focus: that of the name, or the first where that is the query."""
    if wanted is None:
        whole = bool((rows.codes()[0] != GAP).all())
        return 0 if rows.kind in _QUERY_FIRST or whole else None
    levels: tuple[list[int], list[int], list[int]] = ([], [], [])
    for row in rows.kept:
        header = rows.names[row]
        word = header.split()[0]
        forms = (header, word), (_parts(header).name,), re.split(r"[|/;]", word)
        for level, matches in zip(levels, forms, strict=True):
            if wanted in matches:
                level.append(row)
    found = next((level for level in levels if level), [])
    if len(found) == 1:
        return found[0]
    if found:
        shown = ", ".join(rows.names[row].split()[0] for row in found[:3])
        raise InputError(
            f"{rows.path}: focus {wanted!r} fits {len(found)} sequences ({shown}, lines "
            f"{', '.join(str(rows.lines[row]) for row in found[:3])}); give the whole first word "
            f"of the header of one"
        )
    words = list(dict.fromkeys(header.split()[0] for header in rows.names[:20000]))
    near = difflib.get_close_matches(wanted, words, n=3, cutoff=0.4) or words[:3]
    raise InputError(
        f"{rows.path}: focus {wanted!r} is none of the {len(rows.names)} sequences; nearest: "
        f"{', '.join(near)}"
    )


class _Header(NamedTuple):
    """Name of the protein in a header, and the range it gives."""

    name: str
    start: int | None
    end: int | None


def _parts(header: str) -> _Header:
    word = header.split()[0]
    ranged = _RANGE.match(word)
    start, end = (int(ranged["start"]), int(ranged["end"])) if ranged else (None, None)
    word = ranged["name"] if ranged else word
    database = _DATABASE.match(word)
    return _Header(database["accession"] if database else word, start, end)


def _residues(
    rows: Rows, place: int | None, *, name: str | None, start: int | None
) -> tuple[Residues, np.ndarray]:
    """What each column is, and which to keep because the focus has a residue there."""
    if place is None:
        if start is not None and start < 1:
            raise InputError(f"start is {start}; expected a position of at least 1")
        length = rows.codes().shape[1]
        return Residues.of_protein("-" * length, name or "", start or 1), np.ones(length, bool)
    header = _parts(rows.names[place])
    text = np.frombuffer(rows.kept[place].rstrip(b"*"), dtype=np.uint8)
    upper = np.frombuffer(rows.kept[place].rstrip(b"*").upper(), dtype=np.uint8)
    residue = (upper >= ord("A")) & (upper <= ord("Z"))
    matched = np.ones(len(text), dtype=bool)
    if rows.style.inserts:
        matched = (text != ord(".")) & ~((text >= ord("a")) & (text <= ord("z")))
    first = _first_position(rows, place, residues=int(residue.sum()), start=start)
    # Where the focus has a gap the position is that of the residue before; these columns go.
    positions = (first - 1 + np.cumsum(residue))[matched][: rows.width]
    codes = rows.codes()[place].copy()
    for letter, code in SUBSTITUTED.items():
        codes[codes == code] = ALIGNMENT_LETTERS.index(SUBSTITUTES[letter])
    keep = (codes != GAP) & (codes != UNCLEAR)
    letters = "".join(ALIGNMENT_LETTERS[code] if code < UNCLEAR else "X" for code in codes)
    proteins = np.full(rows.width, name or header.name, dtype=object)
    return Residues(letters, positions.astype(np.int64), proteins), keep


def _first_position(rows: Rows, place: int, *, residues: int, start: int | None) -> int:
    if start is not None:
        if start < 1:
            raise InputError(f"start is {start}; expected a position of at least 1")
        return start
    header = _parts(rows.names[place])
    if header.start is None or header.end is None:
        return 1
    if header.end - header.start + 1 != residues:
        raise InputError(
            f"{rows.path} line {rows.lines[place]}: '{rows.names[place].split()[0]}' names "
            f"{header.end - header.start + 1} positions, but has {residues} residues with its "
            f"insertions; correct the header, or give the position of the first with start="
        )
    return header.start


def _unclear(rows: Rows, place: int, keep: np.ndarray) -> np.ndarray:
    return ~keep & (rows.codes()[place] == UNCLEAR)


def _filtered(
    whole: Alignment, keep: np.ndarray, *, least: tuple[float, float], tally: _Tally
) -> Alignment:
    """Columns of the focus, rows and then columns that are covered."""
    if not keep.all():
        whole = whole.columns(keep)
    whole = _covered_rows(
        whole, least[0], tally=tally, reason="share of residues below min_sequence_coverage"
    )
    if least[1] > 0 and whole.n_sequences:
        poor = 1 - whole.gap_fraction < least[1]
        tally.columns(poor, whole.residues, "share of residues below min_column_coverage")
        if poor.all():
            raise InputError(
                f"{whole.source}: no column has residues in {least[1]:g} of the rows; lower "
                f"min_column_coverage"
            )
        if poor.any():
            whole = _covered_rows(
                whole.columns(~poor),
                0.0,
                tally=tally,
                reason="no residue in the columns that are left",
            )
    return whole


def _covered_rows(alignment: Alignment, least: float, *, tally: _Tally, reason: str) -> Alignment:
    covered = np.count_nonzero(alignment.codes, axis=1) / max(alignment.length, 1)
    empty = covered == 0
    if least > 0:
        tally.rows(empty, alignment.names, "row of gaps only")
        tally.rows(~empty & (covered < least), alignment.names, reason)
    else:
        tally.rows(empty, alignment.names, reason if least == 0 else "row of gaps only")
    good = ~empty & (covered >= least)
    return alignment if good.all() else alignment.rows(good)


def _check_variation(alignment: Alignment, tally: _Tally) -> None:
    if alignment.n_sequences < 2:
        raise InputError(
            f"{alignment.source}: {alignment.n_sequences} sequence is left; expected at least "
            f"two{tally.text()}: search for homologs, or lower min_sequence_coverage"
        )
    if (alignment.codes == alignment.codes[0]).all():
        raise InputError(
            f"{alignment.source}: all {alignment.n_sequences} rows are the same; nothing can be "
            f"learned without variation: search for more distant homologs"
        )


def _free_memory() -> int:
    """Bytes that can be had without swapping; 4 GB where the system does not tell."""
    try:
        told = Path("/proc/meminfo").read_text(encoding="ascii")
        return int(told.split("MemAvailable:")[1].split()[0]) * 1024
    except (OSError, IndexError, ValueError):
        return 4 << 30
