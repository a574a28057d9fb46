"""Where Python's print goes while R waits: to R's cat, so that sinks and knitr see it."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Iterator

from seqgen.rbridge.engine import base


class _Cat(io.TextIOBase):
    """Text that R's ``cat`` writes as it comes."""

    def __init__(self, before: object) -> None:
        self._before = before

    def write(self, text: str) -> int:
        if text:
            # Where Python hosts R, what R writes comes back as a print of Python.
            with contextlib.redirect_stdout(self._before):  # type: ignore[type-var]
                base("cat")(text.replace("\0", ""), sep="")
        return len(text)

    def writable(self) -> bool:
        return True


@contextlib.contextmanager
def to_r() -> Iterator[list[str]]:
    """Send stdout to R's cat; collect stderr, which R tells as messages after the call.

    Not at once: handlers of R's caller, such as ``suppressMessages``, do not see what is
    signalled from below Python.

    Yields
    ------
    list of str
        The lines, complete when the context ends.
    """
    lines: list[str] = []
    held = io.StringIO()
    with contextlib.redirect_stdout(_Cat(sys.stdout)), contextlib.redirect_stderr(held):
        try:
            yield lines
        finally:
            # A bar that redraws its line ends up as its last state.
            told = (line.rsplit("\r", 1)[-1] for line in held.getvalue().split("\n"))
            lines += [line for line in told if line.strip()]
