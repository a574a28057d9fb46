"""Sex chromosomes in PLINK files, where a man's one copy is written as two."""

from __future__ import annotations

import numpy as np
import pandas as pd

#: What a row of variants is; the first is also the pseudo-autosomal part of X.
TWO_COPIES, ON_X, ON_Y = 0, 1, 2
MAN, WOMAN = 1, 2

BOTH_ALLELES = (
    "call of both alleles in a man on X or Y outside the pseudo-autosomal regions, read as "
    "missing, as PLINK does"
)
WOMAN_ON_Y = "call of a woman on Y, read as missing, as PLINK does"

# Chromosome codes of variants that were split off as pseudo-autosomal.
_SPLIT = ("25", "XY", "PAR1", "PAR2")
# Up to the end of PAR1 and from the start of PAR2, in hg19 or hg38, whichever reaches further.
_PAR1_END, _PAR2_START = 2_781_479, 154_931_044


def sex_linked(written: pd.Series, chrom: pd.Series, pos: pd.Series) -> np.ndarray:
    """Which variants are on X outside its pseudo-autosomal regions, and which on Y.

    Parameters
    ----------
    written, chrom : Series of str
        Chromosomes as the file has them, and in seqgen's spelling.
    pos : Series of int
        1-based. Places in the pseudo-autosomal regions of hg19 or hg38 count as such.

    Returns
    -------
    ndarray of int8
        `TWO_COPIES`, `ON_X` or `ON_Y` for each.

    Examples
    --------
    >>> written = pd.Series(["X", "X", "XY", "Y", "7"])
    >>> chrom = pd.Series(["X", "X", "X", "Y", "7"])
    >>> sex_linked(written, chrom, pd.Series([50_000_000, 100_000, 5, 5_000_000, 9])).tolist()
    [1, 0, 0, 2, 0]
    """
    split = written.str.upper().str.removeprefix("CHR").isin(_SPLIT)
    apart = ~split & (pos > _PAR1_END) & (pos < _PAR2_START)
    on_y = (chrom == "Y") & ~split & (pos > _PAR1_END)
    return np.select([(chrom == "X") & apart, on_y], [ON_X, ON_Y], TWO_COPIES).astype(np.int8)


def impossible(
    counts: np.ndarray, linked: np.ndarray, sex: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Calls that a person of that sex cannot have.

    Parameters
    ----------
    counts : ndarray, shape (people, k)
        Calls: 0, 1, 2, NaN where missing.
    linked : ndarray of int8, shape (k,)
        From `sex_linked`.
    sex : ndarray of int8, shape (people,)
        1 man, 2 woman, 0 unknown.

    Returns
    -------
    both : ndarray of bool, shape (people, k)
        A man with both alleles on X or Y.
    woman : ndarray of bool, shape (people, k)
        A woman with a call on Y.
    """
    both = (sex == MAN)[:, None] & (linked != TWO_COPIES) & (counts == 1)
    woman = (sex == WOMAN)[:, None] & (linked == ON_Y) & ~np.isnan(counts)
    return both, woman
