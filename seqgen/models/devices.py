"""Where torch computes: names of devices, and single precision that is single."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from seqgen.errors import InputError


def open_device(name: str) -> torch.device:
    """The torch device of a name: ``cuda``, ``cuda:N``, or ``torch-cpu``, the processor.

    Raises
    ------
    InputError
        If it is not there.

    Examples
    --------
    >>> open_device("torch-cpu")
    device(type='cpu')
    """
    if name == "torch-cpu":
        return torch.device("cpu")
    if not torch.cuda.is_available():
        raise InputError(
            f"device is {name!r}, but torch sees no CUDA device here; use device='cpu', or install "
            "a CUDA build of torch and check that nvidia-smi shows a GPU"
        )
    device = torch.device(name)
    if device.index is not None and device.index >= torch.cuda.device_count():
        raise InputError(
            f"device is {name!r}, but there are {torch.cuda.device_count()} CUDA devices, "
            "numbered from 0"
        )
    return device


def gpu() -> str:
    """The GPUs that torch sees, or why it sees none.

    Examples
    --------
    >>> isinstance(gpu(), str)
    True
    """
    if torch.cuda.is_available():
        count = torch.cuda.device_count()
        return ", ".join(torch.cuda.get_device_name(place) for place in range(count))
    if torch.version.cuda is None:
        return "none; this torch is built for processors only"
    return f"none; this torch is built for CUDA {torch.version.cuda}, but sees no GPU"


@contextmanager
def full_precision() -> Iterator[None]:
    """Multiply float32 as float32, not as TF32 or bfloat16, which keep 10 or 7 bits."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        with torch.inference_mode():
            yield
    finally:
        torch.set_float32_matmul_precision(before)
