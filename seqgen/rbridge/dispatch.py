"""The one function that R calls: a public name and arguments in, a value or an error out."""

from __future__ import annotations

import inspect
import re
import traceback
import warnings
from collections.abc import Callable
from typing import Any

import seqgen
from seqgen.errors import InputError, SeqgenError, SeqgenWarning
from seqgen.rbridge import handles, interrupts, streams
from seqgen.rbridge.arguments import build
from seqgen.rbridge.convert import named_list, to_python, to_r
from seqgen.rbridge.engine import ri
from seqgen.rbridge.functions import RFunctionError
from seqgen.rbridge.messages import for_r
from seqgen.rbridge.text import strings_to_python
from seqgen.rbridge.vectors import attribute
from seqgen.rbridge.verbs import VERBS


def call(name: Any, arguments: Any) -> Any:
    """Run a public function for R; nothing is ever raised.

    Parameters
    ----------
    name : character vector of one
        A name of ``seqgen.__all__``, ``Class.method`` of such a class, or one of `VERBS`.
    arguments : list
        Elements without a name are taken by position.

    Returns
    -------
    list
        ``ok``; ``value`` or, of an error, ``message``, ``class`` (of the condition, the nearest
        first) and ``traceback``; ``warnings`` (list of ``message`` and ``class``) and ``notes``
        (what Python wrote to stderr).
    """
    caught: list[warnings.WarningMessage] = []
    notes: list[str] = []
    try:
        handles.release()
        with (
            interrupts.belong_to_python(),
            warnings.catch_warnings(record=True) as caught,
            streams.to_r() as notes,
        ):
            warnings.simplefilter("always", SeqgenWarning)
            value = to_r(build(find(str(name[0])), _arguments(arguments)))
        answer: dict[str, Any] = {"ok": True, "value": value}
    except BaseException as error:  # R must get an answer: KeyboardInterrupt, SystemExit too
        answer = {"ok": False, **_told(error)}
    answer["warnings"] = [
        {"message": for_r(str(one.message)), "class": condition_classes(one.category)}
        for one in caught
    ]
    answer["notes"] = ri.StrSexpVector(notes)
    return named_list(answer)


def find(name: str) -> Callable[..., Any]:
    """The function of a public name.

    Raises
    ------
    InputError
        If there is none.
    """
    if name in VERBS:
        return VERBS[name]
    head, _, method = name.partition(".")
    if head in seqgen.__all__ and not method.startswith("_"):
        found = getattr(seqgen, head)
        found = getattr(found, method, None) if method else found
        if callable(found):
            return found
    raise InputError(f"{name!r} is no public function of seqgen {seqgen.__version__} in Python")


def condition_classes(kind: type) -> list[str]:
    """Classes of the R condition: ``seqgen_missing_file_error``, ``seqgen_input_error``, ...

    Examples
    --------
    >>> condition_classes(InputError)
    ['seqgen_input_error', 'seqgen_error']
    >>> condition_classes(ZeroDivisionError)
    ['python_zero_division_error', 'seqgen_python_error', 'seqgen_error']
    """
    names = [_snake(one.__name__) for one in kind.__mro__ if issubclass(one, _OURS)]
    if names:
        return [name if name.startswith("seqgen_") else f"seqgen_{name}" for name in names]
    if issubclass(kind, Warning):
        return [f"python_{_snake(kind.__name__)}"]
    return [f"python_{_snake(kind.__name__)}", "seqgen_python_error", "seqgen_error"]


_OURS = (SeqgenError, SeqgenWarning)


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def _arguments(arguments: Any) -> dict[str, Any]:
    """R's list as a dict; elements without a name under their number."""
    names = attribute(arguments, "names")
    told = [""] * len(arguments) if names is None else strings_to_python(names).tolist()
    found = {}
    for place, (name, item) in enumerate(zip(told, arguments, strict=True)):
        try:
            found[name or str(place)] = to_python(item)
        except InputError as error:
            raise InputError(f"{name or f'argument {place + 1}'}: {error}") from error
    return found


def _told(error: BaseException) -> dict[str, Any]:
    text = "".join(traceback.format_exception(error))
    if isinstance(error, KeyboardInterrupt):
        return {"message": "interrupted", "class": "interrupt", "traceback": text}
    message = str(error)
    if not isinstance(error, RFunctionError):  # which are in R's words
        message = for_r(message)
    if not isinstance(error, SeqgenError):
        message = f"{type(error).__name__}: {message}"
    return {"message": message, "class": condition_classes(type(error)), "traceback": text}


def parameters(name: str) -> dict[str, Any]:
    """Arguments of a public function and their defaults.

    Returns
    -------
    dict
        ``names``; ``required``; ``annotations``; ``defaults``, None where a default is an
        object R has no constant for.
    """
    found = inspect.signature(find(name)).parameters
    plain = (bool, int, float, str)
    return {
        "names": list(found),
        "required": [one.default is inspect.Parameter.empty for one in found.values()],
        "annotations": [str(one.annotation) for one in found.values()],
        "defaults": {
            # An empty tuple says nothing of its elements: the list() of R.
            key: (one.default or list(one.default))
            if isinstance(one.default, (tuple, list))
            else one.default
            if isinstance(one.default, plain)
            else None
            for key, one in found.items()
        },
    }


VERBS[".parameters"] = parameters
