"""The heavy steps of a transformer in compiled loops, on a CPU.

They were written for processors of 256-bit vectors (AVX2), on which torch multiplies such narrow
matrices at four fifths of what is possible and spends a third of a small network's time in
attention. In float32 they are exact, and the same to within rounding as torch's own. In whole
numbers of 16 bits (int16), which such processors multiply half as fast again, each product loses
some 2e-4 of its size. Elsewhere torch does all.
"""

from __future__ import annotations

import ctypes
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import torch

from seqgen.errors import MissingDependencyError
from seqgen.native import share, transformer_kernels, whole

_VECTORS = "AVX2"
# As in the C file: widths of heads it knows, columns of a panel, rows and columns that go together.
_HEADS = (16, 24, 32, 64)
_PANEL = 16
_BLOCK = 96
_DEPTH = 320
# Calls cost as much as fewer rows save.
_FEWEST_ROWS = 32
# Bytes: of a network of 67 million weights, or of twice as many in whole numbers.
_MOST_KEPT = 1 << 28


class _Dense(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("panels", "scales", "bias")),
        *((name, ctypes.c_int64) for name in ("columns", "out", "stride")),
    )


class _Norm(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("weight", "bias")),
        ("added", ctypes.c_double),
    )


class _Block(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("hidden", "mixed", "queries")),
        ("width", ctypes.c_int64), ("out", _Dense), ("before", _Norm),
        ("wide", _Dense), ("narrow", _Dense), ("next", _Norm), ("joined", _Dense),
    )  # fmt: skip


class _Attention(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("joined", "cosine", "sine", "at", "out")),
        *((name, ctypes.c_int64) for name in ("length", "heads", "width")),
    )


@cache
def _built(*, whole_numbers: bool = False) -> bool:
    """Whether the loops are there, from a compiler that makes them fast."""
    try:
        library = transformer_kernels(whole_numbers=whole_numbers)
    except MissingDependencyError:
        return False
    return bool(ctypes.c_int64.in_dll(library, "seqgen_fast").value)


def fits(head: int, *sizes: int, whole_numbers: bool = False) -> bool:
    """Whether the loops are there for a network's shape and this processor.

    Parameters
    ----------
    head : int
        Numbers of a head.
    *sizes : int
        Widths that its products give.
    whole_numbers : bool
        Those in int16.
    """
    return (
        head in _HEADS
        and all(size % _PANEL == 0 for size in sizes)
        and torch.backends.cpu.get_cpu_capability() == _VECTORS
        and _built(whole_numbers=whole_numbers)
    )


def usable(hidden: torch.Tensor, *, whole_numbers: bool) -> bool:
    """Whether the loops do the blocks of a network that they fit.

    Parameters
    ----------
    hidden : Tensor, shape (sequences, tokens, width)
        What enters the first block.
    whole_numbers : bool
        In int16; then of few rows too, or answers would depend on how many there are.
    """
    # A graph that is recorded, a gradient and lower precision need torch's own operations.
    recorded = torch.jit.is_tracing() or torch.compiler.is_compiling() or torch.is_grad_enabled()
    return (
        hidden.device.type == "cpu"
        and hidden.dtype == torch.float32
        and hidden.is_contiguous()
        and (whole_numbers or hidden.shape[0] * hidden.shape[1] >= _FEWEST_ROWS)
        and not recorded
        and not torch.is_autocast_enabled("cpu")
    )


class Panels:
    """Weights of a network as the loops read them, laid out when they are first used.

    A small network's are kept; a large network's, of which a second copy might not fit, are laid
    out for each call, which is a thirtieth of its work.

    Parameters
    ----------
    whole_numbers : bool
        As int16, with what each column's are to be multiplied by.
    """

    def __init__(self, *, whole_numbers: bool = False) -> None:
        self.whole_numbers = whole_numbers
        # The weights too: were they freed, others could lie at their address.
        self._kept: dict[tuple[int, ...], tuple[tuple[int, ...], _Laid, list[torch.Tensor]]] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        # A copy's weights lie elsewhere.
        return partial(Panels, whole_numbers=self.whole_numbers), ()

    def of(self, weights: Sequence[torch.Tensor]) -> _Laid:
        """Some weights, each (out, in), one below the other."""
        key = tuple(weight.data_ptr() for weight in weights)
        now = tuple(weight._version for weight in weights)
        if key in self._kept:
            version, laid, _ = self._kept[key]
            if version == now:
                return laid
        held = [weight.detach() for weight in weights]
        laid = _whole(held) if self.whole_numbers else _floats(held)
        others = sum(one.size for _, one, _ in list(self._kept.values()))
        if laid.size + others <= _MOST_KEPT:
            self._kept[key] = now, laid, held
        return laid


@dataclass(frozen=True)
class _Laid:
    """Weights in panels, and the scales of their columns where they are whole numbers."""

    panels: torch.Tensor
    scales: torch.Tensor | None = None

    @property
    def size(self) -> int:
        """Bytes."""
        return self.panels.nbytes


def _floats(weights: list[torch.Tensor]) -> _Laid:
    panels = torch.empty((len(weights), weights[0].numel()))
    pack = transformer_kernels().seqgen_pack
    for weight, room in zip(weights, panels, strict=True):
        out, columns = weight.shape
        pack(
            ctypes.c_void_p(weight.data_ptr()), *whole(columns, 0, out // _PANEL),
            ctypes.c_void_p(room.data_ptr()),
        )  # fmt: skip
    return _Laid(panels)


def _whole(weights: list[torch.Tensor]) -> _Laid:
    # Parts of the sums come first in the layout, so that it is of all weights together.
    joined = torch.cat(weights).contiguous()
    out, columns = joined.shape
    panels = torch.empty(joined.numel(), dtype=torch.int16)
    scales = torch.empty((-(-columns // _DEPTH), out))
    transformer_kernels(whole_numbers=True).seqgen_pack16(
        ctypes.c_void_p(joined.data_ptr()), *whole(columns, out, 0, out // _PANEL),
        ctypes.c_void_p(panels.data_ptr()), ctypes.c_void_p(scales.data_ptr()),
    )  # fmt: skip
    return _Laid(panels, scales)


@dataclass(frozen=True)
class Heads:
    """Where the next block's queries, keys and values come from, or its keys and values alone.

    Attributes
    ----------
    norm : Module
        Normalises what they are made of.
    weights : sequence of Tensor, shape (width, width)
    bias : Tensor, shape (columns,)
    joined : Tensor, shape (..., columns)
        Written over; its rows at even distances.
    """

    norm: Any
    weights: Sequence[torch.Tensor]
    bias: torch.Tensor
    joined: torch.Tensor


def run(
    hidden: torch.Tensor, panels: Panels, *, layer: Any = None, mixed: torch.Tensor | None = None,
    heads: Heads | None = None,
) -> None:  # fmt: skip
    """Take rows through a block but for its attention, up to the next one's.

    Parameters
    ----------
    hidden : Tensor, shape (..., width)
        Written over with what leaves the block.
    panels : Panels
    layer : Module, optional
        The block; without it, the rows are those that enter the first one.
    mixed : Tensor, shape (..., width), optional
        What its attention gave.
    heads : Heads, optional
        The next block's; none after the last.
    """
    given, alive = _Block(hidden=hidden.data_ptr(), width=hidden.shape[-1]), []

    def dense(weights: Sequence[torch.Tensor], bias: torch.Tensor, stride: int) -> _Dense:
        alive.append(found := panels.of(weights))
        scales = None if found.scales is None else found.scales.data_ptr()
        columns = weights[0].shape[1]
        return _Dense(found.panels.data_ptr(), scales, bias.data_ptr(), columns, len(bias), stride)

    if layer is not None and mixed is not None:
        out, wide = layer.attention.output.dense, layer.intermediate.dense
        narrow = layer.output.dense
        given.mixed, given.before = mixed.data_ptr(), _norm(layer.LayerNorm)
        given.out = dense([out.weight], out.bias, given.width)
        given.wide = dense([wide.weight], wide.bias, _DEPTH)
        given.narrow = dense([narrow.weight], narrow.bias, given.width)
    if heads is not None:
        given.queries, given.next = heads.joined.data_ptr(), _norm(heads.norm)
        given.joined = dense(heads.weights, heads.bias, heads.joined.stride(-2))
    function = transformer_kernels(whole_numbers=panels.whole_numbers).seqgen_run_block

    def work(span: tuple[int, int]) -> None:
        _check(function(ctypes.byref(given), *whole(*span)))

    share(work, _spans(hidden.numel() // given.width, _BLOCK), torch.get_num_threads())
    alive.clear()


def attend(
    joined: torch.Tensor, tables: tuple[torch.Tensor, ...] | None, at: torch.Tensor | None,
    *, whole_numbers: bool = False,
) -> torch.Tensor:  # fmt: skip
    """Softmax(Q K' / sqrt(width)) V, queries and keys turned by their places.

    Parameters
    ----------
    joined : Tensor, shape (sequences, tokens, 3, heads, width)
        Queries, keys and values.
    tables : tuple of Tensor, shape (places, ..., width / 2), or None
        Cosine and sine of each place; None where nothing is turned.
    at : Tensor of int64, shape (sequences,), or None
        The one token of each sequence whose query is used; None for all.
    whole_numbers : bool
        Products in int16.

    Returns
    -------
    Tensor, shape (sequences, tokens or 1, heads * width)
    """
    n, length, _, heads, width = joined.shape
    asked = length if at is None else 1
    out = joined.new_empty((n, asked, heads * width))
    angles = (None, None) if tables is None else tuple(one.contiguous() for one in tables)
    places = None if at is None else at.contiguous()
    address = [None if one is None else one.data_ptr() for one in (*angles, places)]
    given = _Attention(joined.data_ptr(), *address, out.data_ptr(), length, heads, width)
    function = transformer_kernels(whole_numbers=whole_numbers).seqgen_run_attention

    def work(span: tuple[int, int]) -> None:
        _check(function(ctypes.byref(given), *whole(*span)))

    share(work, _spans(n * heads, 1), torch.get_num_threads())
    return out


def _norm(norm: Any) -> _Norm:
    return _Norm(norm.weight.data_ptr(), norm.bias.data_ptr(), norm.eps)


def _spans(count: int, unit: int) -> list[tuple[int, int]]:
    """Ranges for the threads of torch, whole units but the last."""
    parts = min(torch.get_num_threads(), -(-count // unit)) or 1
    edges = [min(-(-count // unit) * k // parts * unit, count) for k in range(parts + 1)]
    return list(itertools.pairwise(edges))


def _check(short: int) -> None:
    if short:
        raise MemoryError("no memory is left for the attention or feed-forward layer of a network")
