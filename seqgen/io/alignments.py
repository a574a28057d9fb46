"""Alignments from files, and to them."""

from __future__ import annotations

import difflib
import gzip
import io
import os
import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from seqgen.alignment import ALIGNMENT_LETTERS, GAP, Alignment, Residues
from seqgen.errors import InputError, require_type
from seqgen.io.alignment_columns import check_start, columns_of
from seqgen.io.alignment_formats import SUBSTITUTED, UNCLEAR, Rows, read_rows
from seqgen.io.alignment_headers import Tag, name_of, needs_tag, tagged, untagged
from seqgen.io.alignment_tally import Tally
from seqgen.io.tables import existing_file, replacing
from seqgen.residues import SUBSTITUTES

_RANGE = re.compile(r"^(?P<name>.*?)/(?P<start>\d+)-(?P<end>\d+)$")
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
    Several proteins side by side are told apart by what `write_alignment` put into the headers,
    or by a focus such as ``P1/1-60:P2/5-120`` that has as many residues. If it has as many as one
    of these ranges it is that protein; if it fits none, that is counted and numbering begins at 1.

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
    require_type(path, (str, os.PathLike), "path", remedy="the path of an alignment")
    path = existing_file(path)
    check_start(start)
    for label, value in (("sequence", min_sequence_coverage), ("column", min_column_coverage)):
        if isinstance(value, str | None) or not 0 <= value <= 1:
            raise InputError(f"min_{label}_coverage is {value!r}; expected a share from 0 to 1")
    wanted = _wanted(focus)
    without = focus is False or focus == "none"
    most = _free_memory() // _SHARE_OF_MEMORY if max_cells is None else max_cells
    rows = read_rows(path, format=format, wanted=wanted, most=most)
    tally = Tally()
    if rows.annotations:
        tally.add("secondary structure, not a sequence", "dropped", rows.annotations, "record")
    if rows.inserted:
        tally.add("residue in an insertion", "dropped", rows.inserted, rows.first_insert)
    codes = _cleaned(rows, tally)
    rows.names, tag = untagged(rows.names, source=str(path), width=rows.width)
    place = None if without else _focus_row(rows, wanted, tag)
    residues, keep = columns_of(rows, place, tag, name=name, start=start, tally=tally)
    if not keep.any():
        raise InputError(f"{path}: the focus '{rows.names[place or 0]}' has no residues")
    if place is not None and not keep.all():
        unclear = _unclear(rows, place, keep)
        tally.columns(~keep & ~unclear, residues, "column where the focus has a gap")
        tally.columns(unclear, residues, "column where the residue of the focus is unclear")
    whole = Alignment(tuple(rows.names), codes, residues, place, str(path))
    kept = _filtered(whole, keep, least=(min_sequence_coverage, min_column_coverage), tally=tally)
    _check_variation(kept, tally)
    return replace(kept, drops=tally.to_frame())


def write_alignment(alignment: Alignment, path: str | os.PathLike[str]) -> Path:
    """Write an alignment as A2M (FASTA where nothing is inserted), gzipped if named ``.gz``.

    Proteins and positions are kept. Where one protein is in focus, its header gets their range,
    and residues of it between columns that are not in the alignment are written as lower-case
    ``x``, in the other rows as ``.``. Where several proteins lie side by side, or none is in
    focus and the columns are not 1 to L, headers say what each column is after their first
    word: ``focus-columns=A/1-60:B/5-80,83-120`` in that of the focus, or ``columns=...`` in all.
    Other programs take this for a description; `read_alignment` takes it out again.

    Raises
    ------
    InputError
        If ``alignment`` is none.
    OutputError
        If the place cannot be written.
    """
    require_type(alignment, Alignment, "alignment",
                 remedy="an Alignment, as read_alignment gives it")  # fmt: skip
    path = Path(path)
    names, gaps_before = list(alignment.names), np.zeros(alignment.length, dtype=np.int64)
    positions = alignment.residues.positions
    if needs_tag(alignment):
        names = tagged(alignment)
    elif alignment.focus is not None and alignment.length:
        gaps_before[1:] = np.diff(positions) - 1
        names[alignment.focus] = _ranged(names[alignment.focus], alignment.residues)
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


def _ranged(header: str, residues: Residues) -> str:
    """The header with the range of positions, if it needs one."""
    word, _, rest = header.partition(" ")
    match, positions = _RANGE.match(word), residues.positions
    if match is None and positions[0] == 1:
        return header
    name = match["name"] if match else word
    word = f"{name}/{positions[0]}-{positions[-1]}"
    return f"{word} {rest}" if rest else word


def _wanted(focus: str | bool | None) -> str | None:
    """The name in ``focus``, if it is one."""
    if focus is None or focus is False or focus == "none":
        return None
    if isinstance(focus, str) and focus.strip():
        return focus.strip().removeprefix(">")
    raise InputError(f"focus is {focus!r}; expected the name of a sequence, or False for none")


def _cleaned(rows: Rows, tally: Tally) -> np.ndarray:
    """Codes from 0 to 20, the letters that were changed counted."""
    codes = rows.codes()
    counts = np.zeros(256, dtype=np.int64)
    for begin in range(0, codes.shape[0], 4096):
        counts += np.bincount(codes[begin : begin + 4096].ravel(), minlength=256)
    _check_protein(rows, counts)
    for letter, code in SUBSTITUTED.items():
        tally.add(f"{letter} read as {SUBSTITUTES[letter]}", "changed", int(counts[code]),
                  _first(rows, code, letter))  # fmt: skip
    tally.add("B, J, X, Z or * counted as missing", "changed", int(counts[UNCLEAR]),
              _first(rows, UNCLEAR, ""))  # fmt: skip
    if not counts[UNCLEAR:].any():
        return codes
    table = np.arange(256, dtype=np.uint8)
    table[UNCLEAR] = GAP
    for letter, code in SUBSTITUTED.items():
        table[code] = ALIGNMENT_LETTERS.index(SUBSTITUTES[letter])
    return table[codes]


def _first(rows: Rows, code: int, letter: str) -> str:
    """The first row with a letter of that code, and the column."""
    place = bytes(rows.letters).find(code)
    if place < 0:
        return letter
    row, column = divmod(place, rows.width)
    return f"{letter} in column {column + 1} of {rows.names[row].split()[0][:60]}".strip()


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


def _focus_row(rows: Rows, wanted: str | None, tag: Tag | None) -> int | None:
    """Row of the focus: that of the name, or the first where that is the query."""
    if wanted is None and tag is not None:
        return tag.row if tag.focus else None
    if wanted is None:
        whole = bool((rows.codes()[0] != GAP).all())
        return 0 if rows.kind in _QUERY_FIRST or whole else None
    levels: tuple[list[int], list[int], list[int]] = ([], [], [])
    for row in rows.kept:
        header = rows.names[row]
        word = header.split()[0]
        forms = (header, word), (name_of(header),), re.split(r"[|/;:]", word)
        for level, matches in zip(levels, forms, strict=True):
            if wanted in matches:
                level.append(row)
    found = next((level for level in levels if level), [])
    if len(found) == 1:
        return found[0]
    if found:
        shown = ", ".join(rows.names[row].split()[0] for row in found[:3])
        headers = {rows.names[row] for row in found}
        remedy = (
            "give the whole first word of the header of one, or the whole header"
            if len(headers) > 1
            else "their headers are the same: remove or rename all but one"
        )
        raise InputError(
            f"{rows.path}: focus {wanted!r} fits {len(found)} sequences ({shown}, lines "
            f"{', '.join(str(rows.lines[row]) for row in found[:3])}); {remedy}"
        )
    words = list(dict.fromkeys(header.split()[0] for header in rows.names[:20000]))
    near = difflib.get_close_matches(wanted, words, n=3, cutoff=0.4) or words[:3]
    raise InputError(
        f"{rows.path}: focus {wanted!r} is none of the {len(rows.names)} sequences; nearest: "
        f"{', '.join(near)}"
    )


def _unclear(rows: Rows, place: int, keep: np.ndarray) -> np.ndarray:
    return ~keep & (rows.codes()[place] == UNCLEAR)


def _filtered(
    whole: Alignment, keep: np.ndarray, *, least: tuple[float, float], tally: Tally
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


def _covered_rows(alignment: Alignment, least: float, *, tally: Tally, reason: str) -> Alignment:
    covered = np.count_nonzero(alignment.codes, axis=1) / max(alignment.length, 1)
    empty = covered == 0
    if least > 0:
        tally.rows(empty, alignment.names, "row of gaps only")
        tally.rows(~empty & (covered < least), alignment.names, reason)
    else:
        tally.rows(empty, alignment.names, reason if least == 0 else "row of gaps only")
    good = ~empty & (covered >= least)
    return alignment if good.all() else alignment.rows(good)


def _check_variation(alignment: Alignment, tally: Tally) -> None:
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
