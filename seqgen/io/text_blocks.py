"""A long text table, block by block: parsed by polars where all is in order, else by pandas."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.io.delimited import DAMAGE, MISSING, TextLayout, damaged, opened, parse_columns

BYTES = 24 << 20
"""Size of a block: small against memory, large against what a block costs."""

_USUAL = "NA"
_LOOK = 1 << 20
_PIECE = 1 << 18


@dataclass(frozen=True)
class Block:
    """Some lines of a text table.

    Attributes
    ----------
    layout : TextLayout
    line : int
        Number of the line above the first.
    data : bytes
    words : tuple of str
        Those of `MISSING` that numbers are first parsed with, as each of them takes time.
    """

    layout: TextLayout
    line: int
    data: bytes = field(repr=False)
    words: tuple[str, ...] = MISSING

    def read(
        self, wanted: Sequence[int], few: Sequence[int] = (), *, text: Sequence[int] = ()
    ) -> pd.DataFrame:
        """Some columns by number, as `read_columns` has them."""
        fast = self._by_polars(sorted(set(wanted)), few, text)
        if fast is not None:
            return fast
        kinds = dict.fromkeys(few, "category") | dict.fromkeys(text, "str")
        try:
            return parse_columns(
                io.BytesIO(self.data), self.layout, wanted, kinds=kinds, line=self.line
            )
        except InputError as error:
            if "a header and no rows" not in str(error):
                raise
            return pd.DataFrame({at: pd.Series(dtype="str") for at in sorted(set(wanted))})

    def _by_polars(
        self, wanted: list[int], few: Sequence[int], text: Sequence[int]
    ) -> pd.DataFrame | None:
        """The same where every line is whole and every number a number; else None."""
        mark = self.layout.separator.encode()
        if len(mark) > 1 or b'"' in self.data:
            return None
        lines = _count(self.data, b"\n") + (not self.data.endswith(b"\n"))
        if _count(self.data, mark) != lines * (len(self.layout.header) - 1):
            return None
        for words in dict.fromkeys((self.words, MISSING)):
            out = self._parsed(wanted, few, text, words=words)
            if out is not None:
                return out if len(out) == lines else None
        return None

    def _parsed(
        self, wanted: list[int], few: Sequence[int], text: Sequence[int], *, words: tuple[str, ...]
    ) -> pd.DataFrame | None:
        """The columns, or None where a number is none and not among ``words`` either."""
        import polars as pl

        names = [str(at) for at in range(len(self.layout.header))]
        kinds: dict[str, pl.DataType | type[pl.DataType]] = dict.fromkeys(names, pl.String)
        kinds |= {str(at): pl.Float64 for at in wanted if at not in text}
        kinds |= {str(at): pl.Categorical for at in few}
        try:
            frame = pl.read_csv(
                self.data,
                has_header=False,
                separator=self.layout.separator,
                columns=wanted,
                new_columns=names,  # of all the file's columns, else polars refuses
                schema_overrides={str(at): kinds[str(at)] for at in wanted},
                null_values=list(words),
                quote_char=None,
            )
        except pl.exceptions.PolarsError:
            return None
        for at in [str(at) for at in text if str(at) in frame.columns]:
            missing = frame[at].is_in(list(MISSING))
            if missing.any():
                frame = frame.with_columns(pl.when(~missing).then(pl.col(at)).alias(at))
        out: pd.DataFrame = frame.to_pandas()
        out.columns = pd.Index(wanted)
        for place in set(few) - set(text):
            found = [word for word in out[place].cat.categories if word in MISSING]
            out[place] = out[place].cat.remove_categories(found) if found else out[place]
        return out


def _count(data: bytes, byte: bytes) -> int:
    """How often a byte is there; `bytes.count` is slow where it is often."""
    letters = np.frombuffer(data, dtype=np.uint8)
    pieces = (letters[at : at + _PIECE] == byte[0] for at in range(0, len(letters), _PIECE))
    return sum(int(np.count_nonzero(piece)) for piece in pieces)


def _usual_words(data: bytes, mark: bytes) -> tuple[str, ...]:
    """``NA``, and the words for a missing value that stand in cells near the beginning."""
    if len(mark) > 1:
        return MISSING
    cells = set(data[:_LOOK].replace(b"\r", b"").replace(b"\n", mark).split(mark))
    return tuple(word for word in MISSING if word == _USUAL or (word and word.encode() in cells))


def blocks_of(layout: TextLayout, size: int = BYTES) -> Iterator[Block]:
    """The lines below the header, in blocks of whole lines.

    Raises
    ------
    InputError
        If a packed file is damaged or cut short.
    """
    line, words = layout.header_line, None
    with opened(layout.path, layout.packed) as handle:
        for _ in range(layout.header_line):
            handle.readline()
        while True:
            try:
                data = handle.read(size)
                if data and not data.endswith(b"\n"):
                    data += handle.readline()
            except DAMAGE as error:
                if not layout.packed:
                    raise
                raise damaged(layout.path, error, layout.packed) from error
            if not data:
                return
            words = words or _usual_words(data, layout.separator.encode())
            yield Block(layout, line, data, words)
            line += _count(data, b"\n")
