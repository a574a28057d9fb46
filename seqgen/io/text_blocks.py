"""A long text table, block by block: parsed by polars where all is in order, else by pandas."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pandas as pd

from seqgen.errors import InputError
from seqgen.io.delimited import DAMAGE, MISSING, TextLayout, damaged, opened, parse_columns

BYTES = 48 << 20
"""Size of a block: small against memory, large against what a block costs."""


@dataclass(frozen=True)
class Block:
    """Some lines of a text table.

    Attributes
    ----------
    layout : TextLayout
    line : int
        Number of the line above the first.
    data : bytes
    """

    layout: TextLayout
    line: int
    data: bytes = field(repr=False)

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
        lines = self.data.count(b"\n") + (not self.data.endswith(b"\n"))
        if self.data.count(mark) != lines * (len(self.layout.header) - 1):
            return None
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
                new_columns=[str(at) for at in wanted],
                schema_overrides={str(at): kinds[str(at)] for at in wanted},
                null_values=list(MISSING),
                quote_char=None,
            )
        except pl.exceptions.PolarsError:
            return None
        if frame.height != lines:
            return None
        out: pd.DataFrame = frame.to_pandas()
        out.columns = pd.Index(wanted)
        return out


def blocks_of(layout: TextLayout, size: int = BYTES) -> Iterator[Block]:
    """The lines below the header, in blocks of whole lines.

    Raises
    ------
    InputError
        If a packed file is damaged or cut short.
    """
    line = layout.header_line
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
            yield Block(layout, line, data)
            line += data.count(b"\n")
