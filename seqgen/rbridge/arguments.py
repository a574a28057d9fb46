"""R's arguments bound to a Python function: what is left out, unknown, or of a wrong kind."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

from seqgen.errors import InputError, SeqgenError
from seqgen.rbridge.annotations import (
    ANYTHING,
    PATHS,
    described,
    expected,
    found,
    heads,
    kinds,
    takes,
)
from seqgen.rbridge.fitting import fit

_EMPTY = inspect.Parameter.empty
_AS_THEY_COME = (
    inspect.Parameter.POSITIONAL_ONLY,
    inspect.Parameter.VAR_POSITIONAL,
    inspect.Parameter.VAR_KEYWORD,
)
_CONSTANTS = (bool, int, float, str, type(None))
#: Arguments of type str that may be the path of a file or folder.
_MAY_BE_PATHS = ("path", "out", "prefix", "model", "name")
#: What Python raises of itself when a value is of another type than a function takes.
_MISUSE = (TypeError, AttributeError, ValueError, LookupError)


def build(function: Callable[..., Any], items: Mapping[str, Any]) -> Any:
    """Call ``function`` with R's values.

    A None, R's NULL, counts as left out where the default is an object, such as options or a
    tuple, and None is not what the annotation takes. Otherwise it is None.

    Parameters
    ----------
    function : callable
        A function or class whose annotations are text.
    items : mapping of str to object
        Arguments by name; names that begin with a digit are positions.

    Raises
    ------
    InputError
        If an argument is unknown, missing, or of a kind that the function does not take.
    """
    signature = inspect.signature(function)
    names = vars(sys.modules[function.__module__])
    places = list(signature.parameters.values())
    positional: list[Any] = []
    named: dict[str, Any] = {}
    for key, value in items.items():
        by_place = key.isdigit() and int(key) < len(places)
        parameter = places[int(key)] if by_place else signature.parameters.get(key)
        if parameter is not None and parameter.kind not in _AS_THEY_COME:
            if value is None and not by_place and _left_out(parameter, names):
                continue
            value = _fitted(value, parameter, names)
        if key.isdigit():
            positional.append(value)
        else:
            named[key] = value
    bound = _bound(function, signature, positional, named)
    try:
        return function(*positional, **named)
    except _MISUSE as error:
        if not isinstance(error, SeqgenError):
            _refuse_wrong_kinds(bound, signature, names, error)
        raise


def _left_out(parameter: inspect.Parameter, names: Mapping[str, Any]) -> bool:
    """Whether NULL stands for the default; an error where it stands for nothing."""
    if parameter.default is None or parameter.default is _EMPTY:
        return False
    untold = parameter.annotation is _EMPTY
    alternatives = () if untold else kinds(str(parameter.annotation), names)
    if heads(alternatives) & {"None", *ANYTHING}:
        return False
    if not isinstance(parameter.default, _CONSTANTS):
        return True
    if untold:
        return False
    raise InputError(
        f"{parameter.name} is NULL; expected {expected(alternatives, names)}, or leave it out for "
        f"the default, {found(parameter.default)}"
    )


def _fitted(value: Any, parameter: inspect.Parameter, names: Mapping[str, Any]) -> Any:
    if parameter.annotation is _EMPTY:
        return value
    text = str(parameter.annotation)
    try:
        value = fit(value, text, names)
    except InputError as error:
        if str(error).startswith(parameter.name):
            raise
        raise InputError(f"{parameter.name}: {error}") from error
    return _expanded(value, parameter, text, names)


def _expanded(value: Any, parameter: inspect.Parameter, text: str, names: Mapping[str, Any]) -> Any:
    """Paths with the home folder in the place of ``~``, as R's own functions read them."""
    if isinstance(value, str) and value[:1] == "~":
        path = bool(heads(kinds(text, names)) & PATHS)
        if path or (value[:2] == "~/" and parameter.name in _MAY_BE_PATHS):
            return os.path.expanduser(value)
    if isinstance(value, (list, tuple)) and "Path" in text:
        whole = [os.path.expanduser(one) if isinstance(one, str) else one for one in value]
        return type(value)(whole)
    return value


def _bound(
    function: Callable[..., Any],
    signature: inspect.Signature,
    positional: list[Any],
    named: dict[str, Any],
) -> dict[str, Any]:
    """Arguments by the names of their parameters."""
    open_kinds = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    told = [one.name for one in signature.parameters.values() if one.kind not in open_kinds]
    title = getattr(function, "__name__", type(function).__name__)
    takes_any = any(one.kind is inspect.Parameter.VAR_KEYWORD for one in _parameters(signature))
    unknown = [] if takes_any else [key for key in named if key not in told]
    if unknown:
        kind = "option" if isinstance(function, type) else "argument"
        raise InputError(
            f"{title} has no {kind} {unknown[0]!r}; it has {', '.join(told) or 'none'}"
        )
    try:
        return dict(signature.bind(*positional, **named).arguments)
    except TypeError as error:
        raise InputError(f"{title}: {error}; it has {', '.join(told) or 'no arguments'}") from error


def _parameters(signature: inspect.Signature) -> list[inspect.Parameter]:
    return list(signature.parameters.values())


def _refuse_wrong_kinds(
    bound: Mapping[str, Any],
    signature: inspect.Signature,
    names: Mapping[str, Any],
    error: BaseException,
) -> None:
    """After a failure: an error about the first value of a kind that its argument does not take.

    Not asked before the call, because functions tell better what to do where they look
    themselves.
    """
    for name, value in bound.items():
        parameter = signature.parameters[name]
        if parameter.annotation is _EMPTY or parameter.kind in _AS_THEY_COME:
            continue
        alternatives = kinds(str(parameter.annotation), names)
        if not takes(alternatives, value, names):
            told = described(alternatives, value, names)
            raise InputError(f"{name} {told}; expected {expected(alternatives, names)}") from error
