"""A stretch of a chromosome, as people write it."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.io.chromosomes import canonical_chromosomes

_REGION = re.compile(r"([^:\s]+)(?::(\d+)(?:-(\d+))?)?")
LAST = 2**31 - 2


class Region(NamedTuple):
    """A chromosome (canonical where it is a human one), first and last base, 1-based."""

    chrom: str
    start: int
    end: int

    def contains(self, chrom: pd.Series, pos: pd.Series) -> np.ndarray:
        """Which canonical chromosomes and positions lie in the region, both ends included."""
        near = (chrom == self.chrom) & (pos >= self.start) & (pos <= self.end)
        return near.to_numpy(dtype=bool)


def parse_region(text: str) -> Region:
    """Read ``chrom``, ``chrom:start-end`` or ``chrom:position``; commas in numbers are allowed.

    Raises
    ------
    InputError
        If it is none of these, or ends before it starts.

    Examples
    --------
    >>> parse_region("chr22:16,050,000-17,000,000")
    Region(chrom='22', start=16050000, end=17000000)
    """
    found = _REGION.fullmatch(text.replace(",", "").strip())
    if found is None:
        raise InputError(
            f"region is {text!r}; expected a chromosome, or chromosome:start-end such as "
            "22:16050000-17000000 (1-based, both ends included)"
        )
    chrom, first, last = found.groups()
    start = int(first or 1)
    end = int(last or first or LAST)
    if not 1 <= start <= end:
        raise InputError(f"region is {text!r}; expected a start from 1 and an end not before it")
    return Region(canonical_names(pd.Series([chrom])).iloc[0], start, min(end, LAST))


def canonical_names(values: pd.Series) -> pd.Series:
    """Canonical chromosomes; names that are no human chromosome's stay as they are."""
    return canonical_chromosomes(values).fillna(values)
