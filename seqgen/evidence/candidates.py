"""Which pairs of rows become pairs of variants."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from seqgen.errors import InputError
from seqgen.evidence.arrays import Groups, crossed
from seqgen.evidence.combination import combined

SCOPES = ("all", "within", "between")
CANDIDATES = ("known", "all")

Pairs = tuple[np.ndarray, np.ndarray]


def check_choice(scope: str, candidates: str, max_pairs: int) -> None:
    """Refuse what is none of the choices."""
    for name, value, choices in (
        ("scope", scope, SCOPES), ("candidates", candidates, CANDIDATES),
    ):  # fmt: skip
        if value not in choices:
            raise InputError(f"{name} is {value!r}; expected one of {', '.join(choices)}")
    if not isinstance(max_pairs, int | np.integer) or max_pairs < 1:
        raise InputError(f"max_pairs is {max_pairs!r}; expected a whole number of at least 1")


class Ranges(NamedTuple):
    """Pairs to be: k ranges of one grouping's order, each with its partner of another's."""

    groups: tuple[Groups, Groups]
    first: tuple[np.ndarray, np.ndarray]
    second: tuple[np.ndarray, np.ndarray]

    @property
    def n_pairs(self) -> int:
        """How many pairs they make."""
        return int((self.first[1] * self.second[1]).sum())

    def rows(self) -> Pairs:
        """Rows of the pairs."""
        i, j = crossed(self.first, self.second)
        return self.groups[0].order[i], self.groups[1].order[j]


def within_groups(groups: Groups) -> Ranges:
    """All pairs of two rows of one group, each once."""
    place, stop = _places(groups)
    return Ranges((groups, groups), (place, np.ones_like(place)), (place + 1, stop - place - 1))


def across_groups(groups: Groups) -> Ranges:
    """All pairs of two rows of different groups, each once."""
    place, stop = _places(groups)
    return Ranges((groups, groups), (place, np.ones_like(place)), (stop, len(place) - stop))


def of_groups(first: tuple[Groups, np.ndarray], second: tuple[Groups, np.ndarray]) -> Ranges:
    """All rows of a group with all of its partner, for listed pairs of groups."""
    one, two = ((groups.starts[codes], groups.sizes[codes]) for groups, codes in (first, second))
    return Ranges((first[0], second[0]), one, two)


def _places(groups: Groups) -> Pairs:
    """Each place of the order, and where its group ends."""
    return np.arange(len(groups.order)), np.repeat(groups.starts + groups.sizes, groups.sizes)


def rows_of(parts: list[Ranges]) -> Pairs:
    """Rows of the pairs of all parts; a pair that several parts have comes several times."""
    pairs = [part.rows() for part in parts]
    empty = np.zeros(0, dtype=np.int64)
    return (np.concatenate([empty, *(i for i, _ in pairs)]),
            np.concatenate([empty, *(j for _, j in pairs)]))  # fmt: skip


def require_few(parts: list[Ranges], max_pairs: int, *, remedy: str) -> None:
    """Refuse more pairs than asked for, before any is made."""
    count = sum(part.n_pairs for part in parts)
    if count > max_pairs:
        raise InputError(
            f"{count:,} pairs to look at, more than max_pairs={max_pairs:,}; {remedy}, or raise "
            "max_pairs"
        )


def best_rows(key: np.ndarray, values: dict[str, np.ndarray], order: Pairs) -> np.ndarray:
    """Rows, one per key, with the most evidence; then the first in ``order``; keys ascending."""
    evidence = combined(values) if values else np.full(len(key), np.nan)
    ranked = np.lexsort((order[1], order[0], -evidence, key))
    ordered = key[ranked]
    return ranked[np.append(True, ordered[1:] != ordered[:-1])[: len(key)]]
