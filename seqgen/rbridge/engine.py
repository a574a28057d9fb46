"""The R in this process: rpy2's low level, loaded on first use, and functions of R by name."""

from __future__ import annotations

import ctypes
import os
from functools import cache
from importlib import import_module
from typing import Any

from seqgen.errors import MissingDependencyError

REMEDY = "install R, then: pip install 'rpy2>=3.6,<3.7' 'rpy2-rinterface>=3.6,<3.6.6'"


class _Interface:
    """`rpy2.rinterface` that is imported when first touched: it needs R, most users do not."""

    def __getattr__(self, name: str) -> Any:
        return getattr(_load(), name)


ri: Any = _Interface()


@cache
def _load() -> Any:
    try:
        return import_module("rpy2.rinterface")
    except Exception as error:  # rpy2 raises ImportError, ValueError or OSError without R
        raise MissingDependencyError(
            f"the bridge to R needs R and rpy2 ({type(error).__name__}: {error}): {REMEDY}"
        ) from error


class Function:
    """A function of R.

    Where R is the host it is called with the interpreter's lock held, which rpy2 would let go
    of: R's garbage collector runs finalizers meanwhile, and those of reticulate before 1.31
    touch Python objects without asking for the lock.
    """

    def __init__(self, closure: Any) -> None:
        self.closure = closure

    def __call__(self, *values: Any, **named: Any) -> Any:
        """Call it; RRuntimeError of rpy2 if it fails."""
        if not r_is_host():
            return self.closure(*values, **named)
        capi = import_module("rpy2.rinterface_lib._rinterface_capi")
        rlib, ffi = capi.openrlib.rlib, capi.ffi
        failed = ctypes.c_int(0)
        with import_module("rpy2.rinterface_lib.memorymanagement").rmemory() as memory:
            call = capi.build_rcall(self.closure.__sexp__._cdata, values, named.items())
            address = _try_eval()(
                int(ffi.cast("uintptr_t", memory.protect(call))),
                int(ffi.cast("uintptr_t", rlib.R_GlobalEnv)),
                ctypes.byref(failed),
            )
            if failed.value:
                raise ri.embedded.RRuntimeError(capi._geterrmessage())
            result = memory.protect(ffi.cast("SEXP", address))
            return ri.conversion._cdata_to_rinterface(result)


@cache
def _try_eval() -> Any:
    function = ctypes.PyDLL(None).R_tryEval
    function.restype = ctypes.c_void_p
    function.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.POINTER(ctypes.c_int)]
    return function


@cache
def r_is_host() -> bool:
    """Whether R started this process, as reticulate tells in the environment."""
    told = os.environ.get("R_SESSION_INITIALIZED", "")
    return f"PID={os.getpid()}" in told.split(":")


@cache
def base(name: str) -> Function:
    """A function of R's base package."""
    return Function(ri.baseenv[name])


@cache
def r_code(text: str) -> Any:
    """What a piece of R code evaluates to in R's base environment; looked up once."""
    # Not `ri.parse`, which lets go of the interpreter lock, see `Function`.
    parsed = base("parse")(text=ri.StrSexpVector([text]))
    found = base("eval")(parsed[0], ri.baseenv)
    return Function(found) if isinstance(found, ri.SexpClosure) else found
