"""Which pairs a scan tests, cut into blocks that fit in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from seqgen.errors import InputError
from seqgen.gxg.design import PairDesign
from seqgen.parallel import shard_slice

Names = Sequence[str] | np.ndarray
# A stripe of columns is held ready in three single-precision arrays.
_STRIPE_BYTES = 512 * 1024 * 1024
_MOST_COLUMNS = 2048
_HEIGHT = 96


@dataclass(frozen=True)
class Block:
    """Pairs of every variant of ``rows`` with those of ``stripe`` from ``skip`` on.

    ``wanted`` (rows, columns) is False where a pair stands elsewhere, None where all are wanted.
    Blocks of one stripe follow each other and share the array.
    """

    rows: np.ndarray
    stripe: np.ndarray
    skip: int
    wanted: np.ndarray | None

    @property
    def columns(self) -> np.ndarray:
        """The second variants."""
        return self.stripe[self.skip :]

    @property
    def count(self) -> int:
        """Pairs to test."""
        if self.wanted is None:
            return len(self.rows) * len(self.columns)
        return int(np.count_nonzero(self.wanted))


def plan_blocks(
    design: PairDesign,
    rows: Names | None,
    columns: Names | None,
    *,
    shard: tuple[int, int] | None,
) -> list[Block]:
    """Cut all pairs, or the pairs of two sets, into blocks; each pair stands in one of them.

    Raises
    ------
    InputError
        If a set is empty, repeats a variant or names an unknown one, only one set is given, or
        ``shard`` is not (i, N) with 1 <= i <= N.
    """
    if (rows is None) != (columns is None):
        raise InputError("rows, columns: only one of the two sets is given; give both or none")
    left, right = _side(design, rows, "rows"), _side(design, columns, "columns")
    width = int(np.clip(_STRIPE_BYTES // (12 * design.n_people), 64, _MOST_COLUMNS))
    blocks = _triangle(left, width) if rows is None else _rectangle(left, right, width)
    if not blocks:
        raise InputError("rows, columns: no pair of two different variants in them")
    return blocks[shard_slice(len(blocks), shard, what="blocks of pairs")]


def _side(design: PairDesign, names: Names | None, label: str) -> np.ndarray:
    if names is None:
        return np.arange(design.n_variants)
    index = design.locate(names, label)
    if index.ndim != 1 or not index.size:
        raise InputError(f"{label}: shape {index.shape}; expected a list of one or more variants")
    if len(np.unique(index)) < len(index):
        raise InputError(f"{label}: a variant comes twice; name each once")
    return np.sort(index)


def _triangle(index: np.ndarray, width: int) -> list[Block]:
    """Every pair once, first variant before second."""
    blocks = []
    height = _height(len(index))
    for left in range(0, len(index), width):
        stripe = index[left : left + width]
        for start in range(0, left + len(stripe) - 1, height):
            rows = index[start : min(start + height, left + len(stripe) - 1)]
            skip = max(0, start + 1 - left)
            columns = stripe[skip:]
            wanted = rows[:, None] < columns[None] if columns[0] <= rows[-1] else None
            blocks.append(Block(rows, stripe, skip, wanted))
    return blocks


def _rectangle(rows: np.ndarray, columns: np.ndarray, width: int) -> list[Block]:
    """Pairs of two sets; where the sets overlap, a pair that could stand twice stands once."""
    both = np.intersect1d(rows, columns)
    blocks = []
    height = _height(len(rows))
    for left in range(0, len(columns), width):
        stripe = columns[left : left + width]
        for top in range(0, len(rows), height):
            upper = rows[top : top + height]
            twice = np.isin(upper, both)[:, None] & np.isin(stripe, both)[None]
            wanted = ~(twice & (upper[:, None] >= stripe[None]))
            if wanted.any():
                blocks.append(Block(upper, stripe, 0, None if wanted.all() else wanted))
    return blocks


def _height(count: int) -> int:
    """Rows of a block: few enough that half blocks on the diagonal cost little."""
    return int(np.clip(count // 16, 16, _HEIGHT))
