"""Whether a network fits into memory, asked before any of it is read."""

from __future__ import annotations

import json
import math
import os
import struct
from pathlib import Path
from typing import Any

from seqgen.errors import ModelError
from seqgen.models.checkpoint import Checkpoint

_BYTES = 4  # weights are held as float32
# What is free is told roughly, and pages of files give way: a small model is always tried.
_SMALL = 500_000_000
_MEMINFO, _CGROUP = Path("/proc/meminfo"), Path("/sys/fs/cgroup")


def require_memory(checkpoint: Checkpoint, loader: Any) -> None:
    """Refuse a model whose weights are larger than the memory that is free.

    Parameters
    ----------
    checkpoint : Checkpoint
    loader : type
        What loads the network, such as ``AutoModelForMaskedLM``.

    Raises
    ------
    ModelError
        With both sizes.
    """
    free = free_memory()
    if free is None:
        return
    needed = max(stored_weights(checkpoint), configured_weights(checkpoint, loader)) * _BYTES
    if needed <= max(free, _SMALL):
        return
    raise ModelError(
        f"{checkpoint.folder}: the model's {needed // _BYTES:,} weights take {_size(needed)} of "
        f"memory, {_size(free)} are free; take a smaller model of its family, or a machine with "
        "more memory"
    )


def stored_weights(checkpoint: Checkpoint) -> int:
    """Numbers in the safetensors files, by their headers."""
    total = 0
    for path in checkpoint.weights:
        with path.open("rb") as handle:
            size = struct.unpack("<Q", handle.read(8))[0]
            header = json.loads(handle.read(size))
        total += sum(
            math.prod(one["shape"]) for name, one in header.items() if name != "__metadata__"
        )
    return total


def configured_weights(checkpoint: Checkpoint, loader: Any) -> int:
    """Numbers in the network that ``config.json`` asks for, made without memory for them.

    0 where that cannot be told: of code of the model's own, and of sizes that do not fit, about
    which loading says more.
    """
    if checkpoint.own_code:
        return 0
    import torch
    from transformers import AutoConfig

    try:
        config = AutoConfig.from_pretrained(str(checkpoint.folder), local_files_only=True)
        with torch.device("meta"):
            make = getattr(loader, "from_config", None) or loader
            network = make(config)
    except Exception:  # the library raises whatever its many models raise
        return 0
    return sum(weights.numel() for weights in network.parameters())


def free_memory() -> int | None:
    """Bytes that a process may still take; None where the system does not say."""
    found = [value for value in (_of_system(), _of_container()) if value is not None]
    return min(found) if found else None


def _of_system() -> int | None:
    try:
        for line in _MEMINFO.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    try:  # all there is, where what is free is not told: macOS
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None


def _of_container() -> int | None:
    """What a control group leaves, where there is one with a limit."""
    try:
        limit = int((_CGROUP / "memory.max").read_text())
        return max(limit - int((_CGROUP / "memory.current").read_text()), 0)
    except (OSError, ValueError):  # no control group, or "max"
        return None


def _size(count: int) -> str:
    return f"{count / 1e9:,.1f} GB"
