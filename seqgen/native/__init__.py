"""Compiled loops: where they are, whether they are there, and how to call them.

The C file is built when seqgen is installed and called through `ctypes`, which lets go of the
interpreter lock, so that threads of Python share rows or sites of one call.
"""

from __future__ import annotations

import ctypes
import itertools
import math
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, TypeVar

from seqgen.errors import InputError, MissingDependencyError

if TYPE_CHECKING:
    import numpy as np

_T = TypeVar("_T")


@cache
def kernels() -> ctypes.CDLL:
    """The compiled loops of couplings and scans.

    Raises
    ------
    MissingDependencyError
        If they were not built, or were built for another machine.
    """
    # The function is one that older versions lack.
    return _library("seqgen.native._kernels", "seqgen_look_through")


@cache
def finemap_kernels() -> ctypes.CDLL:
    """The compiled loops of fine-mapping.

    Raises
    ------
    MissingDependencyError
        If they were not built, or were built for another machine.
    """
    library = _library("seqgen.native._finemap", "seqgen_add_rows")
    # Addresses are given as whole numbers: making objects of them takes as long as a call.
    number, place = ctypes.c_int64, ctypes.c_void_p
    library.seqgen_single_effect.argtypes = [number, place, number, *[place] * 9]
    library.seqgen_add_rows.argtypes = [number, place, place, ctypes.c_double, place]
    return library


@cache
def mr_ash_kernels() -> ctypes.CDLL:
    """The compiled loop of small effects beside the mapped ones.

    Raises
    ------
    MissingDependencyError
        If it was not built, or was built for another machine.
    """
    library = _library("seqgen.native._mr_ash", "seqgen_mr_ash")
    library.seqgen_mr_ash.restype = ctypes.c_int64
    return library


@cache
def transformer_kernels(*, whole_numbers: bool = False) -> ctypes.CDLL:
    """The compiled blocks of a transformer, in float32 or in whole numbers of 16 bits.

    Raises
    ------
    MissingDependencyError
        If they were not built, or for a processor that gains nothing by whole numbers.
    """
    name = "_transformer_int16" if whole_numbers else "_transformer"
    library = _library(f"seqgen.native.{name}", "seqgen_run_block")
    for function in (library.seqgen_run_block, library.seqgen_run_attention):
        function.restype = ctypes.c_int64
    return library


def _library(name: str, newest: str) -> ctypes.CDLL:
    spec = find_spec(name)
    remedy = (
        "install a C compiler (Debian, Ubuntu: apt-get install gcc python3-dev; macOS: "
        "xcode-select --install) and install seqgen again"
    )
    if spec is None or spec.origin is None:
        raise MissingDependencyError(f"seqgen's compiled part was not built; {remedy}")
    try:
        library = ctypes.CDLL(spec.origin)
    except OSError as error:
        raise MissingDependencyError(
            f"seqgen's compiled part {spec.origin} cannot be loaded ({error}); {remedy}"
        ) from error
    if not hasattr(library, newest):
        raise MissingDependencyError(
            f"seqgen's compiled part {spec.origin} is of an older version; install seqgen again "
            "(pip install -e . in a checkout, or make setup)"
        )
    return library


def available() -> bool:
    """True where the compiled loops can be used."""
    try:
        kernels()
        finemap_kernels()
    except MissingDependencyError:
        return False
    return True


def thread_count(threads: int | None) -> int:
    """``threads``, or by default the cores this process may use.

    Raises
    ------
    InputError
        If ``threads`` is not at least 1.
    """
    if threads is None:
        affinity = getattr(os, "sched_getaffinity", None)
        return len(affinity(0)) if affinity else os.cpu_count() or 1
    if threads < 1:
        raise InputError(f"threads is {threads}; expected at least 1, or None for all cores")
    return int(threads)


def share(work: Callable[[_T], object], parts: Iterable[_T], threads: int) -> None:
    """Run ``work`` on every part, on that many threads; the first error is raised."""
    parts = list(parts)
    if threads == 1 or len(parts) < 2:
        for part in parts:
            work(part)
        return
    with ThreadPoolExecutor(min(threads, len(parts))) as pool:
        for _ in pool.map(work, parts):
            pass


def pointer(array: np.ndarray) -> ctypes.c_void_p:
    """Where a contiguous array starts; the caller keeps the array alive."""
    return ctypes.c_void_p(array.__array_interface__["data"][0])


def whole(*numbers: int) -> list[ctypes.c_int64]:
    """Numbers as 64-bit arguments."""
    return [ctypes.c_int64(int(number)) for number in numbers]


def triangle_rows(length: int, parts: int) -> list[tuple[int, int]]:
    """Ranges of rows of an upper triangle with about equal numbers of pairs (row, later row).

    Examples
    --------
    >>> triangle_rows(10, 2)
    [(0, 3), (3, 10)]
    """
    edges = sorted({round(length * (1 - math.sqrt(1 - k / parts))) for k in range(parts + 1)})
    return list(itertools.pairwise(edges))
