"""What a Python argument takes, from its annotation, and R's values fitted to it.

R tells no scalar from a vector of one and writes 10 for a whole number; the annotation says
which is meant. What it does not decide is left as it came, for the function to judge.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import sys
from collections.abc import Callable, Mapping
from types import GenericAlias, UnionType
from typing import Any

import numpy as np
import pandas as pd

_SEQUENCE = re.compile(r"(?:^|\W)(Sequence|Iterable|Collection|list|tuple)\[")
_TUPLE = re.compile(r"(?:^|\W)tuple\[")
_MAPPING = re.compile(r"(?:^|\W)(?:Mapping|dict)\[")
_AS_THEY_COME = (
    inspect.Parameter.POSITIONAL_ONLY,
    inspect.Parameter.VAR_POSITIONAL,
    inspect.Parameter.VAR_KEYWORD,
)
_ARRAY = re.compile(r"\b(?:ndarray|ArrayLike|NDArray)\b")


def build(function: Callable[..., Any], items: Mapping[str, Any]) -> Any:
    """Call ``function`` with R's values.

    A None where the default is another value counts as left out: R's NULL.

    Parameters
    ----------
    function : callable
        A function or class whose annotations are text.
    items : mapping of str to object
        Arguments by name; names that are empty or begin with a digit are positions.
    """
    parameters = inspect.signature(function).parameters
    names = vars(sys.modules[function.__module__])
    places = list(parameters.values())
    positional, named = [], {}
    for key, value in items.items():
        by_place = key.isdigit() and int(key) < len(places)
        parameter = places[int(key)] if by_place else parameters.get(key)
        if parameter is not None and parameter.kind not in _AS_THEY_COME:
            left_out = parameter.default not in (None, inspect.Parameter.empty)
            if value is None and left_out and not by_place:
                continue
            if parameter.annotation is not inspect.Parameter.empty:
                value = fit(value, str(parameter.annotation), names)
        if key.isdigit():
            positional.append(value)
        else:
            named[key] = value
    return function(*positional, **named)


def fit(value: Any, annotation: str, names: Mapping[str, Any]) -> Any:
    """A value as an argument of that annotation takes it.

    Parameters
    ----------
    value : object
        What the converter made of R's.
    annotation : str
    names : mapping
        What names in the annotation stand for: the globals of the function's module.

    Examples
    --------
    >>> fit(10.0, "int", {}), fit("missense", "Sequence[str]", {}), fit(3.0, "float | None", {})
    (10, ['missense'], 3.0)
    >>> fit(np.array([1.0, 4.0]), "tuple[int, int] | None", {})
    (1, 4)
    """
    text = _expanded(annotation, names)
    if isinstance(value, dict):
        return _fit_dict(value, text, names)
    if isinstance(value, pd.Series) and not re.search(r"\b(?:Series|DataFrame)\b", text):
        value = dict(value.items()) if _MAPPING.search(text) else value.to_numpy()
        return value if isinstance(value, dict) else fit(value, annotation, names)
    if isinstance(value, pd.DataFrame) and _ARRAY.search(text) and "DataFrame" not in text:
        return value.to_numpy()  # a matrix with dimnames
    if isinstance(value, (bool, int, float, str)):
        return _fit_scalar(value, text)
    if isinstance(value, (list, np.ndarray)) and getattr(value, "ndim", 1) == 1:
        return _fit_sequence(value, text)
    return value


def _fit_scalar(value: Any, text: str) -> Any:
    outer = _without_brackets(text)
    if isinstance(value, str):
        alone = re.search(r"\b(?:str|Path|PathLike)\b", outer) or not _SEQUENCE.search(text)
        return value if alone else _sequence([value], text)
    if re.search(r"\b(?:int|float|bool)\b", outer):
        return _whole(value, outer)
    if _SEQUENCE.search(text):
        return _sequence([_whole(value, text)], text)
    return np.atleast_1d(value) if _ARRAY.search(text) else value


def _fit_sequence(value: Any, text: str) -> Any:
    if _ARRAY.search(text):
        return np.asarray(value) if isinstance(value, list) and "Sequence" not in text else value
    if re.search(r"\bSeries\b", text):
        return pd.Series(value)
    if not _SEQUENCE.search(text) or re.search(r"\bIndex\b", text):
        return value
    items = value.tolist() if isinstance(value, np.ndarray) else value
    return _sequence([_whole(item, text) for item in items], text)


def _fit_dict(value: dict[str, Any], text: str, names: Mapping[str, Any]) -> Any:
    kind = next(
        (names[word] for word in re.findall(r"\w+", text) if _is_options(word, names)), None
    )
    if kind is not None:
        return build(kind, value)
    if _MAPPING.search(text):
        return {name: _whole(item, text) for name, item in value.items()}
    return value


def _is_options(word: str, names: Mapping[str, Any]) -> bool:
    return isinstance(names.get(word), type) and dataclasses.is_dataclass(names[word])


def _sequence(items: list[Any], text: str) -> Any:
    return tuple(items) if _TUPLE.search(text) else items


def _whole(value: Any, text: str) -> Any:
    """A whole float as int where only int is taken, an int as float where only that is."""
    numeric = isinstance(value, (int, float)) and not isinstance(value, bool)
    takes_int, takes_float = (re.search(rf"\b{kind}\b", text) for kind in ("int", "float"))
    if not numeric or bool(takes_int) == bool(takes_float):
        return value
    if takes_int:
        return int(value) if float(value).is_integer() else value
    return float(value)


def _without_brackets(text: str) -> str:
    """The alternatives of an annotation by their heads, without what is in brackets."""
    while (shorter := re.sub(r"\[[^\[\]]*\]", "", text)) != text:
        text = shorter
    return text


def _expanded(annotation: str, names: Mapping[str, Any]) -> str:
    """The annotation with aliases, such as ``Shard``, replaced by what they stand for."""

    def meaning(match: re.Match[str]) -> str:
        found = names.get(match.group())
        alias = isinstance(found, (UnionType, GenericAlias)) or type(found).__module__ == "typing"
        return str(found) if alias and not isinstance(found, type) else match.group()

    return re.sub(r"(?<![\w.])[A-Z]\w*", meaning, annotation)
