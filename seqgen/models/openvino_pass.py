"""A network run by OpenVINO, a runtime for CPUs that fuses more than torch does."""

from __future__ import annotations

import warnings
from functools import cache, cached_property
from typing import Any

import torch

from seqgen.errors import InputError, MissingDependencyError, ModelError
from seqgen.models.loading import quiet
from seqgen.models.passes import EsmPass, LibraryPass

_PRECISIONS = {"float32": "f32", "bfloat16": "bf16"}
_INSTALL = "runtime is 'openvino', which needs OpenVINO: pip install openvino"


def openvino_dtype(dtype: str | None) -> str:
    """The precision asked for, or bfloat16 where the processor multiplies in it, else float32.

    Raises
    ------
    MissingDependencyError
        If OpenVINO is not installed.
    InputError
        If it has no such precision.
    """
    if dtype is not None and dtype not in _PRECISIONS:
        raise InputError(
            f"dtype is {dtype!r}, which runtime='openvino' does not compute in; expected "
            f"{' or '.join(_PRECISIONS)}"
        )
    able = _core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return dtype or ("bfloat16" if "BF16" in able else "float32")


class OpenVinoPass:
    """What a pass gives, from a graph that is compiled when it is first asked for.

    Parameters
    ----------
    inner : LibraryPass or EsmPass
        The network in torch, whose constants the graph holds a copy of.
    name : str
        Of the model, for messages.
    dtype : {"float32", "bfloat16"}
    causal : bool
        Whether each token sees only those before it.
    """

    takes_mask = False  # lengths in a batch are equal

    def __init__(
        self, inner: LibraryPass | EsmPass, *, name: str, dtype: str, causal: bool
    ) -> None:
        self._inner = _Traced(inner, masked=causal and inner.takes_mask)
        self._name = name
        self._dtype = dtype

    def hidden(self, tokens: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        """As `passes.LibraryPass.hidden`."""
        return _answer(self._hidden, tokens)

    def logits(
        self, tokens: torch.Tensor, mask: torch.Tensor | None, at: torch.Tensor | None = None
    ) -> torch.Tensor:
        """As `passes.LibraryPass.logits`."""
        return _answer(self._all, tokens) if at is None else _answer(self._some, tokens, at)

    @cached_property
    def _hidden(self) -> Any:
        return self._compiled("hidden", torch.ones((2, 9), dtype=torch.int64))

    @cached_property
    def _all(self) -> Any:
        return self._compiled("logits", torch.ones((2, 9), dtype=torch.int64))

    @cached_property
    def _some(self) -> Any:
        some = torch.tensor([3, 5])
        return self._compiled("logits", torch.ones((2, 9), dtype=torch.int64), some)

    def _compiled(self, method: str, *example: torch.Tensor) -> Any:
        """The graph of a method, for any number of sequences of any length."""
        core = _core()
        from openvino.frontend import FrontEndManager
        from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

        try:
            # The front end itself: openvino.convert_model tells its makers of each conversion.
            with quiet(), warnings.catch_warnings(), torch.no_grad():
                warnings.simplefilter("ignore")
                self._inner.method = method
                front = FrontEndManager().load_by_framework("pytorch")
                traced = torch.jit.trace(self._inner.eval(), example, check_trace=False)
                decoder = TorchScriptPythonDecoder(traced, example_input=example)
                graph = front.convert(front.load(decoder))
                options = {
                    "INFERENCE_PRECISION_HINT": _PRECISIONS[self._dtype],
                    "INFERENCE_NUM_THREADS": torch.get_num_threads(),
                    "PERFORMANCE_HINT": "LATENCY",
                }
                return core.compile_model(graph, "CPU", options)
        except Exception as error:  # the library raises whatever its many layers raise
            reason = " ".join(str(error).split())[:200]
            raise ModelError(
                f"model {self._name!r} cannot be run by OpenVINO ({type(error).__name__}: "
                f"{reason}); use runtime='torch'"
            ) from error


class _Traced(torch.nn.Module):
    """A method of a pass as a module's own forward, nothing padded.

    ``masked`` tells the library so, without which it looks for sequences joined end to end.
    """

    def __init__(self, inner: LibraryPass | EsmPass, *, masked: bool) -> None:
        super().__init__()
        self.inner = inner
        self.masked = masked
        self.method = ""

    def forward(self, tokens: torch.Tensor, at: torch.Tensor | None = None) -> torch.Tensor:
        mask = torch.ones_like(tokens) if self.masked else None
        if self.method == "hidden":
            return self.inner.hidden(tokens, mask)
        return self.inner.logits(tokens, mask, at)


def _answer(compiled: Any, *inputs: torch.Tensor) -> torch.Tensor:
    # A request of its own for each call: threads that share a model may not share one.
    request = compiled.create_infer_request()
    found = request.infer([one.numpy() for one in inputs])[0]
    return torch.from_numpy(found.copy())


@cache
def _core() -> Any:
    try:
        from openvino import Core
    except ImportError as error:
        raise MissingDependencyError(_INSTALL) from error
    return Core()
