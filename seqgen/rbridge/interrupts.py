"""Ctrl-C while Python works for R: Python's for the length of a call, R's again after it.

Between calls R has to hear of it, or its loops could not be stopped. During a call only Python
can stop what runs; and the handler that reticulate installs for both asks R, which may then
jump out of the middle of Python.
"""

from __future__ import annotations

import contextlib
import ctypes
import signal
import threading
from collections.abc import Iterator

from seqgen.rbridge.engine import r_is_host

_LARGER_THAN_ANY_SIGACTION = 512


@contextlib.contextmanager
def belong_to_python() -> Iterator[None]:
    """Let Ctrl-C raise KeyboardInterrupt here; nothing to do where Python is the host."""
    on_main = threading.current_thread() is threading.main_thread()
    if not (r_is_host() and on_main and hasattr(signal, "pthread_kill")):
        yield
        return
    sigaction = ctypes.CDLL(None).sigaction
    of_r = ctypes.create_string_buffer(_LARGER_THAN_ANY_SIGACTION)
    # Read by C: Python knows only handlers that it has set itself.
    sigaction(int(signal.SIGINT), None, of_r)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before if before is not None else signal.SIG_DFL)
        sigaction(int(signal.SIGINT), of_r, None)
