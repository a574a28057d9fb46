"""Products of genotypes and traits, looked through while they are in the cache."""

from __future__ import annotations

import ctypes
from typing import NamedTuple, Protocol

import numpy as np

from seqgen.native import available, kernels, pointer, whole
from seqgen.transqtl.correlations import CELLS, count_cells

# Rows of a product that are looked through at a time.
_STRIP = 128


class Looked(NamedTuple):
    """What a product showed: ``counts`` (4096,) of tests per cell; places of candidates, (c,)."""

    counts: np.ndarray
    row: np.ndarray
    trait: np.ndarray


class Products(Protocol):
    """Where the products of a scan are made."""

    def look(
        self, single: np.ndarray, start: int, stop: int, *, left_out: np.ndarray | None
    ) -> Looked:
        """Tests of variants, (k, n), on traits ``start`` to ``stop``, but those ``left_out``.

        ``left_out`` are places in the product, (2, excluded).
        """


class ArrayProducts:
    """Products in NumPy; compiled, or a pass over each strip after another where nothing is.

    Parameters
    ----------
    traits : ndarray of float32, shape (g, n)
        Residuals, scaled so that products come out on the scale of the histogram's cells.
    cut : float
        Least place on that scale of a candidate.
    memory : tuple of ndarray
        From `product_memory`; of one thread.
    """

    def __init__(
        self, traits: np.ndarray, cut: float, memory: tuple[np.ndarray, np.ndarray]
    ) -> None:
        self._traits, self._cut = traits, np.float32(cut)
        self._product, self._found = memory

    def look(
        self, single: np.ndarray, start: int, stop: int, *, left_out: np.ndarray | None
    ) -> Looked:
        """As `Products.look`."""
        shape = len(single), stop - start
        place = self._product[: shape[0] * shape[1]].reshape(shape)
        self.fill(single, start, stop, out=place)
        if left_out is not None:
            place[left_out[0], left_out[1]] = np.nan
        counts = np.zeros(CELLS, dtype=np.int64)
        search = _compiled if available() else _array
        found = search(place, self._cut, counts, self._found)
        row, trait = np.divmod(found, shape[1])
        return Looked(counts, row, trait + start)

    def fill(self, single: np.ndarray, start: int, stop: int, *, out: np.ndarray) -> None:
        """Write the products of variants, (k, n), with traits ``start`` to ``stop``."""
        np.matmul(single, self._traits[start:stop].T, out=out)


def product_memory(variants: int, traits: int) -> tuple[np.ndarray, np.ndarray]:
    """Room for a product and the places found in it.

    Every block uses it again; fresh pages cost as much as a look at them.
    """
    return np.empty(variants * traits, np.float32), np.empty(variants * traits, np.int64)


def _compiled(
    place: np.ndarray, cut: np.float32, counts: np.ndarray, found: np.ndarray
) -> np.ndarray:
    """Count the tests of a product; flat places of those to compute anew."""
    look = kernels().seqgen_look_through
    look.restype = ctypes.c_int64
    number = look(
        pointer(place),
        *whole(place.size),
        ctypes.c_float(float(cut)),
        pointer(counts),
        *whole(len(counts)),
        pointer(found),
    )
    return found[:number].copy()


def _array(place: np.ndarray, cut: np.float32, counts: np.ndarray, found: np.ndarray) -> np.ndarray:
    """As `_compiled`; overwrites the product."""
    candidates = [np.empty(0, dtype=np.int64)]
    for top in range(0, len(place), _STRIP):
        strip = place[top : top + _STRIP]
        np.abs(strip, out=strip)
        known = ~np.isnan(strip)
        candidates.append(np.flatnonzero(strip >= cut) + top * place.shape[1])
        counts += count_cells(strip if known.all() else strip[known])
    return np.concatenate(candidates)
