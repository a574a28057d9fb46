"""Bringing the bridge up, where R started Python and where Python started R.

Where R is the host, three things would go wrong without care: rpy2 takes the signal by which
Ctrl-C reaches R; it ends R when Python exits; and torch, loaded into R's process, finds R's
reference BLAS before its own, is 15 times slower and differs in the seventh digit. In either
direction R tells the processes begun from here to look for libraries beside its own, where
they may find the library of another Python.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib.abc
import importlib.machinery
import os
import signal
import sys
import sysconfig
import warnings
from collections.abc import Iterator, MutableMapping, Sequence
from types import ModuleType
from typing import Any
from unittest import mock

from seqgen.errors import SeqgenWarning
from seqgen.rbridge.engine import base, r_is_host, ri

OPTION = "seqgen.dispatch"
#: R aborts when it calls a function that Python has collected.
_kept: list[Any] = []


def install() -> Any:
    """Put the function by which R calls Python into R's option ``seqgen.dispatch``.

    Returns
    -------
    SexpClosure
        The function.

    Raises
    ------
    MissingDependencyError
        If R or rpy2 is not there.
    """
    if not _kept:
        _start()
        # Here, because the converter names types of rpy2 that exist once R runs.
        from seqgen.rbridge.dispatch import call

        _kept.append(ri.rternalize(call, signature=False))
    base("options")(**{OPTION: _kept[0]})
    return _kept[0]


def _start() -> None:
    if not r_is_host():
        ri.initr()
        _own_library_first(os.environ)
        return
    with mock.patch.object(signal, "signal"):
        ri.initr()
    _own_library_first(os.environ)
    atexit.unregister(ri.endr)
    if hasattr(os, "RTLD_DEEPBIND"):
        if "torch" in sys.modules:
            warnings.warn(
                "torch was loaded before seqgen, so its arithmetic runs on R's BLAS, slowly; in "
                "a new R session call a function of seqgen first",
                SeqgenWarning,
                stacklevel=3,
            )
        sys.meta_path.insert(0, _TorchFinder())


def _own_library_first(environment: MutableMapping[str, str]) -> None:
    """Let processes begun from here load this Python's library before one that R's path holds."""
    folder, library = map(sysconfig.get_config_var, ("LIBDIR", "LDLIBRARY"))
    path = environment.get("LD_LIBRARY_PATH")
    if path and folder and library and os.path.exists(os.path.join(folder, library)):
        environment["LD_LIBRARY_PATH"] = os.pathsep.join([folder, path])


class _TorchFinder(importlib.abc.MetaPathFinder):
    """Finds torch as ever, and loads it so that its libraries prefer their own symbols."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != "torch":
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def exec_module(module: ModuleType) -> None:
                if self in sys.meta_path:
                    sys.meta_path.remove(self)
                with deep_binding():
                    load(module)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


@contextlib.contextmanager
def deep_binding() -> Iterator[None]:
    """Load libraries so that they look for symbols in themselves before the process."""
    flags = sys.getdlopenflags()
    sys.setdlopenflags(flags | os.RTLD_DEEPBIND)
    try:
        yield
    finally:
        sys.setdlopenflags(flags)
