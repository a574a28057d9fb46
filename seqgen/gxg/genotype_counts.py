"""Sums of powers of two genotypes over people, exact, from one matrix product."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from seqgen.gxg.design import PairDesign

# Four counts share a double: 4 x 13 bits of its 53. A count reaches the people of a slab.
_BITS = 13
_MASK = (1 << _BITS) - 1
MOST_PEOPLE = _MASK


class CentredSums(NamedTuple):
    """Sums over people of scaled genotypes x of rows and y of columns; float64 (rows, columns)."""

    xy: np.ndarray
    xxy: np.ndarray
    xyy: np.ndarray
    xxyy: np.ndarray


def countable(design: PairDesign) -> bool:
    """True where all calls are whole and there, and people count alike."""
    whole = design.counts.dtype == np.int8 and not design.variants["n_missing"].any()
    return whole and design.null.kind == "quantitative"


def pack(
    design: PairDesign,
    index: np.ndarray,
    *,
    columns: bool,
    people: slice = slice(None),
) -> np.ndarray:
    """Carriers and homozygotes of the minor allele as digits of one double; (k, people).

    With d for at least one and h for two alleles, a row holds d + 2^13 h and a column
    d + 2^26 h, so that a sum of products holds the counts of dd, hd, dh and hh, in this order,
    13 bits each: people of both kinds, with no rounding up to 8191 people.
    """
    unit = 1 << (2 * _BITS if columns else _BITS)
    packed = np.array([0.0, 1.0, 1.0 + unit])[design.counts[index, people]]
    # Of the minor allele, so that little cancels when sums are centred.
    common = design.means[index] > 1.0
    packed[common] = np.array([1.0 + unit, 1.0, 0.0])[design.counts[index[common], people]]
    return packed


def centred_sums(
    design: PairDesign, rows: np.ndarray, columns: np.ndarray, *, packed: np.ndarray
) -> CentredSums:
    """Sums of products of powers for all pairs of ``rows`` and ``columns``.

    ``packed`` are the columns' calls from `pack`, shape (columns, people).
    """
    raw = np.zeros((4, len(rows), len(columns)))
    for start in range(0, design.n_people, MOST_PEOPLE):
        people = slice(start, start + MOST_PEOPLE)
        product = pack(design, rows, columns=False, people=people) @ packed[:, people].T
        digits = product.astype(np.int64)
        for total in raw:
            total += digits & _MASK
            digits >>= _BITS
    return _centre(design, rows, columns, raw)


def _centre(
    design: PairDesign, rows: np.ndarray, columns: np.ndarray, raw: np.ndarray
) -> CentredSums:
    """From counts dd, hd, dh, hh to sums in scaled genotypes; g = d + h and g^2 = d + 3 h."""
    n = design.n_people
    means, scales = np.minimum(design.means, 2.0 - design.means), design.scales
    # Sums of squared counts: the centred ones, and what centring took away.
    squares = scales**2 * (n + (design.loadings**2).sum(axis=1)) + n * means**2
    scales = np.where(design.means > 1.0, -scales, scales)
    mx, my = means[rows][:, None], means[columns][None]
    sx, sy = scales[rows][:, None], scales[columns][None]
    qx, qy = squares[rows], squares[columns]
    dd, hd, dh, hh = raw
    g11 = dd + hd + dh + hh
    g21 = g11 + 2 * (hd + hh)
    g12 = g11 + 2 * (dh + hh)
    g22 = g21 + g12 - g11 + 4 * hh
    xxyy = g22 - 2 * my * g21 - 2 * mx * g12 + (4 * mx * my) * g11
    xxyy += my**2 * qx[:, None] + mx**2 * qy[None] - 3 * n * (mx * my) ** 2
    xxy = g21 - 2 * mx * g11 - my * qx[:, None] + 2 * n * mx**2 * my
    xyy = g12 - 2 * my * g11 - mx * qy[None] + 2 * n * mx * my**2
    g11 -= n * mx * my
    one = sx * sy
    return CentredSums(g11 / one, xxy / (one * sx), xyy / (one * sy), xxyy / one**2)
