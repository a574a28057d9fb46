"""How much each sequence of an alignment counts, and whether they suffice for couplings."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from seqgen.alignment import ALIGNMENT_LETTERS, Alignment
from seqgen.errors import InputError, require_type
from seqgen.native import (
    available,
    kernels,
    pointer,
    share,
    thread_count,
    triangle_rows,
    whole,
)

#: Effective sequences per column below which couplings carry almost no signal.
MIN_DEPTH = 2.0
#: And from which on they can be read without a caution.
DEEP = 5.0

_VECTOR = 32
_TASKS_PER_THREAD = 8
_PRODUCT_NUMBERS = 1 << 22


@dataclass(frozen=True)
class Depth:
    """How deep an alignment is.

    Attributes
    ----------
    n_sequences, length : int
        Rows N and columns L.
    neff : float
        Effective number of sequences, the sum of the weights.
    neff_per_column : float
        ``neff / length``.
    enough : bool
        True where ``neff_per_column`` reaches `MIN_DEPTH`.
    verdict : str
        One sentence for the reader.
    """

    n_sequences: int
    length: int
    neff: float
    neff_per_column: float
    enough: bool
    verdict: str


def sequence_weights(
    alignment: Alignment,
    *,
    identity: float = 0.8,
    strict: bool = False,
    threads: int | None = None,
) -> np.ndarray:
    """One over the number of sequences that are like each sequence, itself included.

    Two sequences are alike where they agree in at least ``identity`` of all columns, gaps
    counted as a letter. Compares all pairs, 32 letters at a time: time grows as N^2 L (20,000
    by 400 in about two seconds on one core), memory as the alignment.

    Parameters
    ----------
    alignment : Alignment
    identity : float
        Share of columns, above 0 and at most 1. At 1, only copies share a weight.
    strict : bool
        Alike only above ``identity``, not at it, as pydca counts.
    threads : int, optional
        By default all cores.

    Returns
    -------
    ndarray of float, shape (N,)

    Raises
    ------
    InputError
        If ``identity`` or ``threads`` is out of range.

    References
    ----------
    Morcos et al. (2011), Direct-coupling analysis of residue coevolution captures native
    contacts across many protein families, PNAS 108:E1293-E1301.

    Examples
    --------
    >>> import numpy as np
    >>> from seqgen.alignment import Alignment, Residues
    >>> codes = np.array([[1, 2, 3, 4, 5], [1, 2, 3, 4, 6], [7, 8, 9, 10, 11]], dtype=np.uint8)
    >>> three = Alignment(("a", "b", "c"), codes, Residues.of_protein("ACDEF"), focus=0)
    >>> sequence_weights(three).tolist()
    [0.5, 0.5, 1.0]
    """
    require_type(alignment, Alignment, "alignment", remedy="what read_alignment gives")
    return 1.0 / _neighbours(alignment.codes, _least(alignment.length, identity, strict), threads)


def alignment_depth(alignment: Alignment, weights: np.ndarray | None = None) -> Depth:
    """Effective number of sequences per column, and whether couplings can be had from them.

    Parameters
    ----------
    alignment : Alignment
    weights : ndarray, shape (N,), optional
        By default `sequence_weights` at 80% identity.

    Returns
    -------
    Depth

    References
    ----------
    Anishchenko et al. (2017), Origins of coevolution between residues distant in protein 3D
    structures, PNAS 114:9122-9127: what depth does to precision.
    """
    weights = (
        sequence_weights(alignment)
        if weights is None
        else checked_weights(weights, alignment.n_sequences)
    )
    neff = float(weights.sum())
    ratio = neff / alignment.length
    shown = f"{ratio:.1f}" if ratio >= MIN_DEPTH else f"{math.floor(100 * ratio) / 100:.2f}"
    what = (
        f"{alignment.n_sequences} sequences count as {neff:.0f} after weighting, "
        f"{shown} per column of {alignment.length}"
    )
    if ratio < MIN_DEPTH:
        needed = math.ceil(MIN_DEPTH * alignment.length)
        verdict = (
            f"too shallow: {what}; below {MIN_DEPTH:g} couplings carry almost no signal. Search "
            f"a larger database until about {needed} count, or use a language model's couplings"
        )
    elif ratio < DEEP:
        verdict = f"shallow: {what}; only the strongest couplings can be believed"
    else:
        verdict = f"deep enough: {what}"
    return Depth(alignment.n_sequences, alignment.length, neff, ratio, ratio >= MIN_DEPTH, verdict)


def column_frequencies(
    alignment: Alignment, weights: np.ndarray, *, pseudocount: float = 0.0
) -> np.ndarray:
    """Weighted frequencies of the 21 states, mixed with a share of uniform ones, (L, 21).

    Examples
    --------
    >>> from seqgen.alignment import Residues
    >>> codes = np.array([[1, 2], [1, 3]], dtype=np.uint8)
    >>> alignment = Alignment(("a", "b"), codes, Residues.of_protein("AC"))
    >>> column_frequencies(alignment, np.array([1.0, 3.0]))[1, 2:4].tolist()
    [0.25, 0.75]
    """
    letters = len(ALIGNMENT_LETTERS)
    counts = [np.bincount(column, weights, letters) for column in alignment.codes.T]
    return (1 - pseudocount) * np.stack(counts) / weights.sum() + pseudocount / letters


def checked_weights(weights: np.ndarray | None, n: int) -> np.ndarray:
    """Weights as float64, one per row, none negative, not all zero.

    Raises
    ------
    InputError
        Otherwise.
    """
    values = np.asarray(weights, dtype=np.float64)
    if values.shape != (n,):
        raise InputError(
            f"weights has shape {values.shape}; expected ({n},), one per sequence of the alignment"
        )
    if not np.isfinite(values).all() or (values < 0).any() or not values.sum() > 0:
        raise InputError("weights: expected finite numbers of at least 0, not all 0")
    return values


def _least(length: int, identity: float, strict: bool) -> int:
    """Columns that two sequences have to share."""
    if not 0 < identity <= 1:
        raise InputError(f"identity is {identity}; expected above 0 and at most 1, such as 0.8")
    # A share such as 0.7 is no binary fraction: 0.7 * 90 must not become 62.99999999999999.
    share_of = round(identity * length, 9)
    return math.floor(share_of) + 1 if strict else math.ceil(share_of)


def _neighbours(codes: np.ndarray, least: int, threads: int | None) -> np.ndarray:
    """Rows that agree with each row in at least ``least`` columns, itself included."""
    n, length = codes.shape
    if not available():
        return _neighbours_by_products(codes, least)
    stride = -(-length // _VECTOR) * _VECTOR
    padded = np.zeros((n, stride), dtype=np.uint8)
    padded[:, :length] = codes
    library, workers = kernels(), thread_count(threads)
    counts = np.zeros((workers, n), dtype=np.int32)
    free = list(range(workers))

    def work(rows: tuple[int, int]) -> None:
        mine = free.pop()
        library.seqgen_count_neighbours(
            pointer(padded), *whole(n, stride, *rows, least + stride - length),
            pointer(counts[mine]),
        )  # fmt: skip
        free.append(mine)

    share(work, triangle_rows(n, workers * _TASKS_PER_THREAD), workers)
    return counts.sum(axis=0) + 1


def _neighbours_by_products(codes: np.ndarray, least: int) -> np.ndarray:
    """The same counts by matrix products of indicators, where nothing is compiled."""
    n, length = codes.shape
    letters = np.arange(len(ALIGNMENT_LETTERS), dtype=np.uint8)
    step = max(1, _PRODUCT_NUMBERS // (length * len(letters)))

    def shown(rows: slice) -> np.ndarray:
        return (codes[rows, :, None] == letters).reshape(-1, length * len(letters))

    counts = np.zeros(n, dtype=np.int64)
    starts = range(0, n, step)
    for first in starts:
        block = shown(slice(first, first + step)).astype(np.float32)
        for second in starts:
            other = shown(slice(second, second + step)).astype(np.float32)
            counts[first : first + step] += (block @ other.T > least - 0.5).sum(axis=1)
    return counts
