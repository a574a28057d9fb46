"""Functions of R that Python calls, such as a report of progress."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from seqgen.errors import SeqgenError
from seqgen.rbridge.engine import r_code, ri

# Caught in R: an error that reached rpy2 would also be printed. Handlers of the caller do not
# see what happens below Python, so an interrupt is told as one, too.
_CALL = """function(f, arguments) tryCatch(
  list(do.call(f, arguments)),
  error = function(e) conditionMessage(e),
  interrupt = function(e) NULL
)"""


class RFunctionError(SeqgenError):
    """A function of R that was called from Python failed."""


def to_python(function: Any, incoming: Callable, outgoing: Callable) -> Callable[..., Any]:
    """An R function as a Python one.

    Parameters
    ----------
    function : closure of rpy2.rinterface
    incoming, outgoing : callable
        From R to Python and back, for what it returns and takes.
    """

    def called(*values: Any) -> Any:
        arguments = ri.ListSexpVector([outgoing(value) for value in values])
        answer = r_code(_CALL)(function, arguments)
        if answer is ri.NULL:
            raise KeyboardInterrupt
        if isinstance(answer, ri.StrSexpVector):
            raise RFunctionError(f"the R function that was passed failed: {answer[0].strip()}")
        return incoming(answer[0])

    return called
