"""What the shell commands say while they work: one line per step, with counts and rates."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from typing import TextIO


@dataclass
class Console:
    """Progress to standard error, results to standard output.

    On a terminal a running step rewrites its line; elsewhere it is written at most every ten
    seconds, so that logs stay short.

    Attributes
    ----------
    kept : str
        What an interrupted command says of what it did so far.
    """

    quiet: bool = False
    stream: TextIO = field(default_factory=lambda: sys.stderr)
    # What an interrupted command has kept, where it is more than files that are whole.
    kept: str = ""
    _step: str = ""
    _began: float = 0.0
    _last: float = 0.0

    def progress(self, what: str, done: int, total: int) -> None:
        """Tell how far a step is; the signature that long functions call."""
        if self.quiet:
            return
        now = time.monotonic()
        stem = what.split(" (")[0]
        if stem != self._step:
            self._step, self._began, self._last = stem, now, 0.0
        if done < total and now - self._last < (0.1 if self._live else 10):
            return
        self._last = now
        self._say(self._line(what, (done, total), now - self._began), done >= total)

    @property
    def _live(self) -> bool:
        return self.stream.isatty()

    @staticmethod
    def _line(what: str, count: tuple[int, int], seconds: float) -> str:
        done, total = count
        if total <= 1:
            return what if done else f"{what} ..."
        rate = f", {done / seconds:,.1f}/s" if done > 1 and seconds > 0.05 else ""
        return f"{what}: {done:,}/{total:,}{rate}"

    def _say(self, line: str, finished: bool) -> None:
        if self._live:
            self.stream.write(f"\r\x1b[2K  {line}" + ("\n" if finished else ""))
        else:
            self.stream.write(f"  {line}\n")
        self.stream.flush()

    def note(self, text: str) -> None:
        """One line beside the results."""
        if not self.quiet:
            print(text, file=self.stream, flush=True)

    def result(self, text: str) -> None:
        """What the user asked for, on standard output."""
        print(text, flush=True)
