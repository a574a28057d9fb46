"""Files packed by bgzip: packed, indexed, and read by region."""

from __future__ import annotations

import gzip
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from seqgen.errors import InputError
from seqgen.io.chromosomes import canonical_chromosomes
from seqgen.io.reference import contig_key
from seqgen.io.tables import existing_file

_HEAD = 18
_INDEXES = (".tbi", ".csi")


def is_bgzip(path: Path) -> bool:
    """Whether a file is packed by bgzip, of which parts can be read by themselves."""
    with open(path, "rb") as handle:
        first = handle.read(_HEAD)
    return first[:2] == b"\x1f\x8b" and first[12:14] == b"BC"


def has_index(path: Path) -> bool:
    """Whether an index by position lies beside a table."""
    return any(Path(f"{path}{suffix}").exists() for suffix in _INDEXES)


def pack_genome(source: Path, target: Path) -> None:
    """A gzipped FASTA file packed by bgzip, with its indexes beside it.

    Raises
    ------
    InputError
        If it is damaged, or no FASTA.
    """
    import pysam

    _packed(source, target)
    try:
        pysam.faidx(str(target))
    except pysam.SamtoolsError as error:
        target.unlink(missing_ok=True)
        raise InputError(
            f"{source}: cannot be indexed ({str(error).strip()}); expected a FASTA file, remove "
            "it and fetch it again"
        ) from error


def index_table(path: Path) -> bool:
    """An index by position beside a table of chromosome and position, packed anew if need be.

    Returns
    -------
    bool
        Whether it was packed anew, so that its bytes are others now.

    Raises
    ------
    InputError
        If it is damaged, or not sorted by position.
    """
    import pysam

    if has_index(path):
        return False
    anew = not is_bgzip(path)
    if anew:
        _packed(path, path)
    try:
        pysam.tabix_index(str(path), seq_col=0, start_col=1, end_col=1, meta_char="#", force=True)
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path}: cannot be indexed ({str(error).strip()}); expected chromosome and position "
            "in its first two columns, in order"
        ) from error
    return anew


def _packed(source: Path, target: Path) -> None:
    import pysam

    packed = target.with_name(target.name + ".packing")
    try:
        with open(source, "rb") as handle:
            plain = handle.read(2) != b"\x1f\x8b"
        opener: Any = open if plain else gzip.open
        with opener(source, "rb") as handle, pysam.BGZFile(str(packed), "wb", None) as out:
            shutil.copyfileobj(handle, out, 1 << 20)
    except (EOFError, gzip.BadGzipFile) as error:
        packed.unlink(missing_ok=True)
        raise InputError(
            f"{source}: the gzip data is damaged or cut short ({error}); fetch the file again"
        ) from error
    os.replace(packed, target)


def chromosome_keys(names: pd.Series) -> pd.Series:
    """What names of one chromosome have in common, those of other contigs as they are.

    Examples
    --------
    >>> chromosome_keys(pd.Series(["chr1", "1.0", "23", "chrM", "GL000191.1"])).tolist()
    ['1', '1', 'X', 'MT', 'GL000191.1']
    """
    coded = names.astype("str").astype("category")
    spelling = pd.Series(coded.cat.categories, dtype="str")
    known = canonical_chromosomes(spelling)
    keys = known.fillna(pd.Series([contig_key(name) for name in spelling], dtype="str"))
    table = pd.Series([*keys, None], dtype="str")
    return table.take(coded.cat.codes.to_numpy()).set_axis(names.index)


class IndexedTable:
    """An open table with an index; made by `open_table`."""

    def __init__(self, path: Path, handle: Any) -> None:
        self.path = path
        self._handle = handle
        names = list(handle.contigs)
        keys = chromosome_keys(pd.Series(names, dtype="str"))
        self._by_key = dict(zip(keys, names, strict=True))

    def contig(self, chrom: str) -> str | None:
        """The file's name of a chromosome, asked for by its key; None where it has none of it."""
        return self._by_key.get(chrom)

    def lines(self, contig: str, spans: Sequence[tuple[int, int]]) -> Iterator[str]:
        """Lines of the spans (1-based, both ends included), which are in order and apart."""
        for start, end in spans:
            yield from self._handle.fetch(contig, start - 1, end)


@contextmanager
def open_table(path: str | os.PathLike[str]) -> Iterator[IndexedTable]:
    """Open a table that has an index beside it.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If it or its index is damaged.
    """
    import pysam

    path = existing_file(path)
    try:
        handle = pysam.TabixFile(str(path))
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path}: cannot be read by its index ({error}); index it again: "
            f"tabix -f -s 1 -b 2 -e 2 {path}"
        ) from error
    try:
        yield IndexedTable(path, handle)
    finally:
        handle.close()
