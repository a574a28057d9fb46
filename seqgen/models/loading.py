"""Tokenizers and networks out of checked folders, without network and in silence."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from transformers import AutoTokenizer
from transformers.models.esm.modeling_esm import EsmIntermediate
from transformers.utils import logging

from seqgen.errors import InputError, MissingDependencyError, ModelError
from seqgen.models.checkpoint import Checkpoint, open_checkpoint
from seqgen.models.memory import require_memory

#: Precisions of torch; beside them there is int16, of compiled loops.
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}

#: What can run a network.
RUNTIMES = ("torch", "openvino")
#: Weights that probabilities and embeddings do not pass through.
_UNUSED_PARTS = ("contact_head.", "pooler.", "position_ids", "inv_freq")
_NEEDED = ("sentencepiece", "tiktoken", "protobuf", "mamba_ssm", "causal_conv1d", "flash_attn")


def placement(
    device: str | None, dtype: str | None, runtime: str = "torch"
) -> tuple[str, str]:  # fmt: skip
    """Device and precision: what was asked for, or the best there is for the runtime.

    Raises
    ------
    InputError
        If one of them is not available.
    MissingDependencyError
        If the runtime is not installed.
    """
    if runtime not in RUNTIMES:
        raise InputError(f"runtime is {runtime!r}; expected {' or '.join(RUNTIMES)}")
    if runtime == "openvino":
        from seqgen.models.openvino_pass import openvino_dtype

        if device not in (None, "cpu"):
            raise InputError(
                f"device is {device!r}, but runtime='openvino' computes on the CPU; pass "
                "device='cpu', or runtime='torch'"
            )
        return "cpu", openvino_dtype(dtype)
    cuda = torch.cuda.is_available()
    device = device or ("cuda" if cuda else "cpu")
    kind = device.partition(":")[0]
    if kind not in ("cpu", "cuda", "mps") or (kind == "cuda" and not cuda):
        raise InputError(
            f"device {device!r} is not available; expected cpu"
            + (", cuda, cuda:N" if cuda else " (torch sees no CUDA device here)")
        )
    # On CUDA as fast as bfloat16, and nearer to float32 by three bits.
    dtype = dtype or ("float16" if kind == "cuda" else "float32")
    if dtype not in DTYPES and (dtype, kind) != ("int16", "cpu"):
        also = ", or int16" if kind == "cpu" else ""
        raise InputError(
            f"dtype {dtype!r} is not known on {device!r}; expected one of {', '.join(DTYPES)}{also}"
        )
    return device, dtype


def trusted_checkpoint(folder: Path, *, kind: str, trust_remote_code: bool) -> Checkpoint:
    """A checked folder, refused where it brings code that may not run.

    Raises
    ------
    ModelError
        As `open_checkpoint`, or if the model would run code of its own unasked.
    """
    checkpoint = open_checkpoint(folder, kind=kind)
    if checkpoint.own_code and not trust_remote_code:
        raise ModelError(
            f"{folder}: the model runs Python code of its own; pass trust_remote_code=True "
            "if you trust where it comes from"
        )
    return checkpoint


def load_tokenizer(checkpoint: Checkpoint, trust_remote_code: bool) -> Any:
    """The tokenizer of a folder.

    Raises
    ------
    ModelError
        If it cannot be read.
    MissingDependencyError
        If a package that it is read with is not installed.
    """
    with quiet():
        return _read(AutoTokenizer, checkpoint, trust_remote_code)


def load_network(
    loader: Any, checkpoint: Checkpoint, trust_remote_code: bool
) -> tuple[torch.nn.Module, list[str]]:
    """The network, no weight in use left at random, and the unused ones that the file lacks.

    Raises
    ------
    ModelError
        If the weights are not those that the configuration asks for, or too large for the memory
        that is free.
    """
    attention = {} if checkpoint.own_code else {"attn_implementation": "sdpa"}
    with quiet():
        require_memory(checkpoint, loader)
        network, report = _read(
            loader, checkpoint, trust_remote_code, use_safetensors=True, dtype=torch.float32,
            output_loading_info=True, ignore_mismatched_sizes=True, **attention,
        )  # fmt: skip
    missing = sorted(
        key for key in report["missing_keys"] if not any(part in key for part in _UNUSED_PARTS)
    )
    if missing or report["mismatched_keys"]:
        wrong = missing or sorted(str(key) for key in report["mismatched_keys"])
        raise ModelError(
            f"{checkpoint.folder}: {len(wrong)} weight(s) are missing or of another shape than "
            f"config.json says, first {wrong[0]}; get the model folder again"
        )
    network.config.use_cache = False  # nothing is generated from what was read
    return _fused(network), sorted(report["missing_keys"])


def takes_mask(network: torch.nn.Module) -> bool:
    """Whether padding can be hidden from a network; state-space and convolutional ones differ."""
    return "attention_mask" in inspect.signature(network.forward).parameters


def _read(loader: Any, checkpoint: Checkpoint, trust_remote_code: bool, **options: Any) -> Any:
    """``loader.from_pretrained`` on a local folder, its failures turned into one line."""
    try:
        return loader.from_pretrained(
            str(checkpoint.folder),
            local_files_only=True,
            trust_remote_code=trust_remote_code,
            **options,
        )
    except Exception as error:  # the library raises whatever its many readers raise
        reason = " ".join(str(error).split())[:300]
        needed = [name for name in _NEEDED if isinstance(error, ImportError) and name in reason]
        if needed:
            package = needed[0].replace("_", "-")
            raise MissingDependencyError(
                f"{checkpoint.folder}: the model is read with {package}: pip install {package}"
            ) from error
        raise ModelError(
            f"{checkpoint.folder}: cannot be loaded as a language model of proteins or DNA "
            f"({type(error).__name__}: {reason}); get the model folder again"
        ) from error


class _FusedIntermediate(torch.nn.Module):
    """ESM's wide layer with the exact GELU in one kernel.

    The library spells it out in five passes over memory, which on a CPU takes longer than the
    layer's matrix product; the two agree to 1e-6.
    """

    def __init__(self, dense: torch.nn.Module) -> None:
        super().__init__()
        self.dense = dense

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.gelu(self.dense(hidden))


def _fused(network: torch.nn.Module) -> torch.nn.Module:
    """The network with its ESM wide layers, if any, fused in place."""
    for layer in list(network.modules()):
        wide = getattr(layer, "intermediate", None)
        if isinstance(wide, EsmIntermediate):
            layer.intermediate = _FusedIntermediate(wide.dense)
    return network


@contextmanager
def quiet() -> Iterator[None]:
    """No log lines or progress bars of transformers while a model loads."""
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
