"""R's own files (RDS), as far as a list of named numeric vectors goes.

No library writes lists into them, and whoever wants such a file on a cluster need not have R
there. The format is that of R Internals, section 1.8: version 2, big-endian, gzip.
"""

from __future__ import annotations

import gzip
import struct
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

_HEADER = b"X\n" + struct.pack(">3i", 2, 0x00030500, 0x00020300)
_NUMBERS, _STRINGS, _LIST = 14, 16, 19
_HAS_ATTRIBUTES = 1 << 9
_TAGGED_PAIR, _SYMBOL, _END = 2 | 1 << 10, 1, 254
_ASCII, _UTF8 = 9 | 1 << 18, 9 | 1 << 15
_FIRST_SYMBOL = 255 | 1 << 8


def named_vectors(vectors: Mapping[str, pd.Series]) -> bytes:
    """A named list of named numeric vectors, as ``readRDS`` reads it.

    Parameters
    ----------
    vectors : mapping of str to Series of float
        The index of each holds the names of its elements.

    Returns
    -------
    bytes
        The same for the same input.

    References
    ----------
    R Core Team, R Internals, section 1.8 (Serialization Formats).

    Examples
    --------
    >>> import gzip
    >>> made = named_vectors({"22:1-9": pd.Series([0.25, 0.75], index=["rs1", "rs2"])})
    >>> b"rs2" in gzip.decompress(made)
    True
    """
    parts = [_HEADER, struct.pack(">2i", _LIST | _HAS_ATTRIBUTES, len(vectors))]
    for number, one in enumerate(vectors.values()):
        values = one.to_numpy(dtype=">f8")
        parts.append(struct.pack(">2i", _NUMBERS | _HAS_ATTRIBUTES, len(values)))
        parts += [np.ascontiguousarray(values).tobytes(), _names(list(one.index), number == 0)]
    parts.append(_names(list(vectors), not vectors))
    return gzip.compress(b"".join(parts), mtime=0)


def _names(names: Sequence[object], first: bool) -> bytes:
    """The attribute ``names``; the symbol is written once and referred to from then on."""
    symbol = struct.pack(">i", _SYMBOL) + _text("names") if first else b""
    reference = b"" if first else struct.pack(">i", _FIRST_SYMBOL)
    head = struct.pack(">i", _TAGGED_PAIR) + symbol + reference
    held = struct.pack(">2i", _STRINGS, len(names)) + b"".join(_text(str(one)) for one in names)
    return head + held + struct.pack(">i", _END)


def _text(text: str) -> bytes:
    raw = text.encode()
    return struct.pack(">2i", _ASCII if raw.isascii() else _UTF8, len(raw)) + raw
