"""The bridge to R: R calls Python's public functions, and values cross exactly.

In R, the package calls `install` by itself. A Python session that wants R (a notebook's
``%%R``, a vignette) calls it once; R's ``library(seqgen)`` then works in that session.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seqgen.rbridge.host import install

if TYPE_CHECKING:
    from seqgen.rbridge.convert import to_python, to_r

__all__ = ["install", "to_python", "to_r"]


def __getattr__(name: str) -> Any:
    if name in ("to_python", "to_r"):
        from seqgen.rbridge import convert

        return getattr(convert, name)
    raise AttributeError(f"module 'seqgen.rbridge' has no attribute '{name}'")
