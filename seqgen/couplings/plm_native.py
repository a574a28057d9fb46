"""The pseudolikelihood on the compiled loops, shared among threads."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from threading import Lock

import numpy as np

from seqgen.alignment import GAP
from seqgen.couplings.plm import PlmData, Point, field_metric, start_fields
from seqgen.native import kernels, pointer, share, triangle_rows, whole

# As in kernels.c.
_WIDTH, _BLOCK = 24, 12
_MUTE = 255
#: Parts of the triangle; the same for any number of threads, so that sums are too.
_PARTS = 48


class _Plm(ctypes.Structure):
    """`plm_t` of kernels.c."""

    _fields_ = [
        *((name, ctypes.c_int64) for name in ("n", "length", "letters", "inputs")),
        *(
            (name, ctypes.c_void_p)
            for name in ("offsets", "codes", "weights", "fields", "couplings", "loss",
                         "field_gradient", "coupling_gradient", "locks")
        ),
        ("first_letter", ctypes.c_uint32),
    ]  # fmt: skip


class _Step(ctypes.Structure):
    """`step_t` of kernels.c."""

    _fields_ = [
        ("length", ctypes.c_int64),
        ("letters", ctypes.c_int64),
        *(
            (name, ctypes.c_void_p)
            for name in ("frequencies", "field_gradient", "couplings", "gradient", "direction")
        ),
        ("depth", ctypes.c_float),
        ("penalty", ctypes.c_float),
    ]


class NativeProblem:
    """Parameters and gradient in float32, the direction in 16 bits; sums in float64."""

    def __init__(self, data: PlmData, threads: int) -> None:
        n, length = data.codes.shape
        q, pairs = data.letters, length * (length - 1) // 2
        self._data, self._threads = data, threads
        self._library = kernels()
        self._fields = start_fields(data)
        self._field_gradient = np.zeros((length, q), dtype=np.float32)
        self._field_direction = np.zeros((length, q), dtype=np.float32)
        self._field_metric = field_metric(data)
        self._couplings = np.zeros((pairs, q, q), dtype=np.float32)
        self._gradient = np.zeros((pairs, q, q), dtype=np.float32)
        self._direction = np.zeros((pairs, q, q), dtype=np.uint16)
        self._offsets = _offsets(data.codes)
        self._own = _own_letters(data)
        self._loss = np.zeros(length)
        self._locks = np.zeros(length, dtype=np.uint8)
        self._scratch: list[np.ndarray] = []
        self._rows = triangle_rows(length, _PARTS)
        self._plm = _Plm(
            n, length, q, int(data.frequencies.shape[1]) + (not data.gap_state),
            *(array.ctypes.data for array in (
                self._offsets, self._own, data.weights, self._fields, self._couplings,
                self._loss, self._field_gradient, self._gradient, self._locks)),
            0 if data.gap_state else GAP + 1,
        )  # fmt: skip
        self._step = _Step(
            length, q,
            *(array.ctypes.data for array in (
                data.frequencies, self._field_gradient, self._couplings, self._gradient,
                self._direction)),
            data.depth, data.lambda_J,
        )  # fmt: skip

    def evaluate(self) -> Point:
        """Loss, and gradient for centred indicators."""
        self._gradient.fill(0)
        self._per_site()
        gradient, data = self._field_gradient, self._data
        gradient += 2 * np.float32(data.lambda_h) * self._fields
        cost, slope, norm = self._over_rows("seqgen_plm_finish", 3)
        loss = self._loss.sum() + data.lambda_h * np.vdot(self._fields, self._fields) + cost
        slope += np.vdot(gradient, self._field_direction)
        norm += (gradient.astype(np.float64) ** 2 / self._field_metric).sum()
        return Point(float(loss), float(slope), float(norm))

    def turn(self, keep: float) -> float:
        """The new direction; what centring takes off the fields is told apart."""
        self._field_direction *= np.float32(keep)
        self._field_direction -= self._field_gradient / self._field_metric
        slope = np.vdot(self._field_gradient, self._field_direction)
        shifts: dict[int, np.ndarray] = {}

        def run(part: int, rows: tuple[int, int], sums: np.ndarray) -> None:
            shifts[part] = np.zeros_like(self._fields)
            self._library.seqgen_plm_turn(
                ctypes.byref(self._step), *whole(*rows), ctypes.c_float(keep), pointer(sums),
                pointer(shifts[part]),
            )  # fmt: skip

        sums = self._shared(run, 1)
        self._shift = sum((shifts[part] for part in sorted(shifts)), np.zeros_like(self._fields))
        return float(slope + sums[0])

    def move(self, step: float) -> None:
        """Fields and couplings along the direction."""
        self._fields += np.float32(step) * (self._field_direction - self._shift)

        def run(part: int, rows: tuple[int, int], sums: np.ndarray) -> None:
            self._library.seqgen_plm_move(
                ctypes.byref(self._step), *whole(*rows), ctypes.c_float(step)
            )

        self._shared(run, 1)

    def parameters(self) -> tuple[np.ndarray, np.ndarray]:
        """Fields and couplings, not copied; the rest of the memory is let go."""
        del self._gradient, self._direction, self._offsets, self._step, self._plm
        return self._fields, self._couplings

    def _per_site(self) -> None:
        """Loss and gradient of all sites; each thread takes the next site."""
        length, guard = self._data.length, Lock()
        size = self._data.codes.shape[0] * _WIDTH + _BLOCK * int(self._plm.inputs) * _WIDTH

        def work(site: int) -> None:
            with guard:
                scratch = self._scratch.pop() if self._scratch else _aligned(size)
            self._library.seqgen_plm_sites(
                ctypes.byref(self._plm), *whole(site, site + 1), pointer(scratch)
            )
            self._scratch.append(scratch)

        share(work, range(length), self._threads)

    def _over_rows(self, function: str, sums: int) -> np.ndarray:
        def run(part: int, rows: tuple[int, int], into: np.ndarray) -> None:
            getattr(self._library, function)(ctypes.byref(self._step), *whole(*rows), pointer(into))

        return self._shared(run, sums)

    def _shared(
        self, run: Callable[[int, tuple[int, int], np.ndarray], None], sums: int
    ) -> np.ndarray:
        """Run over all parts of the triangle; their sums are added in one order always."""
        found = np.zeros((len(self._rows), sums))
        share(lambda part: run(part, self._rows[part], found[part]),
              range(len(self._rows)), self._threads)  # fmt: skip
        return found.sum(axis=0)


def _offsets(codes: np.ndarray) -> np.ndarray:
    """Where each letter's row starts in the table of its block of columns, (blocks, N, 12)."""
    n, length = codes.shape
    letters = 21
    blocks = -(-length // _BLOCK)
    offsets = np.empty((blocks, n, _BLOCK), dtype=np.uint16)
    # Columns that fill the last block point at rows of zeros.
    offsets[...] = np.arange(_BLOCK, dtype=np.uint16) * (letters * _WIDTH)
    for column in range(length):
        offsets[column // _BLOCK, :, column % _BLOCK] += codes[:, column].astype(np.uint16) * _WIDTH
    return offsets


def _own_letters(data: PlmData) -> np.ndarray:
    """The model's letter of each sequence at each site, (L, N); 255 for an ignored gap."""
    codes = np.ascontiguousarray(data.codes.T)
    if data.gap_state:
        return codes
    return np.where(codes == GAP, _MUTE, codes - np.uint8(1)).astype(np.uint8)


def _aligned(floats: int) -> np.ndarray:
    """Uninitialised floats that start at a multiple of 64 bytes."""
    room = np.empty(floats * 4 + 64, dtype=np.uint8)
    start = -room.ctypes.data % 64
    return room[start : start + floats * 4].view(np.float32)
