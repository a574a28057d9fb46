"""What an annotation says a Python argument takes, read from its text, and said to R users."""

from __future__ import annotations

import dataclasses
import re
import sys
from collections.abc import Iterable, Mapping
from functools import lru_cache
from os import PathLike
from types import GenericAlias, UnionType
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

SEQUENCES = frozenset({"Sequence", "Iterable", "Collection", "list", "tuple"})
MAPPINGS = frozenset({"Mapping", "dict"})
ARRAYS = frozenset({"ndarray", "ArrayLike", "NDArray"})
NUMBERS = frozenset({"int", "float", "bool"})
PATHS = frozenset({"Path", "PathLike"})
ANYTHING = frozenset({"Any", "object"})

_LISTED = (list, tuple, np.ndarray, pd.Series, pd.Index, pd.api.extensions.ExtensionArray)
_TYPES: dict[str, tuple[type, ...]] = {
    "None": (type(None),),
    "bool": (bool, np.bool_),
    "int": (int, np.integer),
    "float": (int, float, np.number),
    "str": (str,),
    "DataFrame": (pd.DataFrame,),
    "Series": (pd.Series,),
    "Index": (pd.Index, list, np.ndarray),
    **dict.fromkeys(PATHS, (str, PathLike)),
    **dict.fromkeys(ARRAYS, (np.ndarray, list, tuple, pd.api.extensions.ExtensionArray)),
    **dict.fromkeys(MAPPINGS, (Mapping,)),
    **dict.fromkeys(SEQUENCES, _LISTED),
}
_WORDS = {
    "None": "NULL",
    "bool": "TRUE or FALSE",
    "int": "a whole number",
    "float": "a number",
    "str": "a string",
    "DataFrame": "a data.frame",
    "Series": "a vector",
    "Index": "a character vector",
    "Callable": "a function",
    **dict.fromkeys(PATHS, "a path"),
    **dict.fromkeys(ARRAYS, "a vector or matrix"),
    **dict.fromkeys(MAPPINGS, "a named list or vector"),
}


class Kind(NamedTuple):
    """One alternative: ``pd.Series`` has the head ``Series``, ``list[str]`` the inner ``str``."""

    head: str
    inner: tuple[str, ...]
    full: str


def kinds(annotation: str, names: Mapping[str, Any]) -> tuple[Kind, ...]:
    """The alternatives of an annotation.

    Parameters
    ----------
    annotation : str
    names : mapping
        What names in the annotation stand for: the globals of the function's module.

    Examples
    --------
    >>> [one.head for one in kinds("Sequence[str | int] | pd.DataFrame | None", {})]
    ['Sequence', 'DataFrame', 'None']
    """
    return _parsed(_expanded(annotation, names))


def heads(alternatives: Iterable[Kind]) -> set[str]:
    """The heads of alternatives."""
    return {one.head for one in alternatives}


def element_text(kind: Kind) -> str:
    """What the elements of a sequence are, as an annotation."""
    return " | ".join(one for one in kind.inner if one != "...")


def options_class(alternatives: Iterable[Kind], names: Mapping[str, Any]) -> type | None:
    """The first alternative that is a dataclass, which R writes as a named list."""
    found = (_class_of(one, names) for one in alternatives)
    return next((one for one in found if one and dataclasses.is_dataclass(one)), None)


def takes(alternatives: tuple[Kind, ...], value: Any, names: Mapping[str, Any]) -> bool:
    """Whether a value is of one of the kinds, as far as that can be told."""
    return any(_is(value, one, names) for one in alternatives)


def expected(alternatives: tuple[Kind, ...], names: Mapping[str, Any]) -> str:
    """The kinds in the words of R, NULL last."""
    path = bool(heads(alternatives) & PATHS)
    told = [one for one in alternatives if one.head != "None" and not (path and one.head == "str")]
    told += [one for one in alternatives if one.head == "None"]
    return " or ".join(dict.fromkeys(_word(one, names) for one in told))


def described(alternatives: tuple[Kind, ...], value: Any, names: Mapping[str, Any]) -> str:
    """What is wrong with a value: itself, or the first of its elements."""
    for kind in alternatives:
        if kind.head in SEQUENCES and isinstance(value, (list, tuple)):
            misfit = _misfits(value, kind, names)
            return f"holds {found(misfit[0])}" if misfit else f"is {found(value)}"
    return f"is {found(value)}"


def found(value: Any) -> str:
    """What a value is in the words of R."""
    if value is None:
        return "NULL"
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value)).upper()
    if isinstance(value, (int, float, np.number)):
        return f"{value:g}"
    if isinstance(value, str):
        return repr(value)
    if isinstance(value, np.ndarray) and value.ndim != 1:
        return f"a matrix of {' x '.join(map(str, value.shape))}"
    told: list[tuple[tuple[type, ...], str]] = [
        ((pd.DataFrame,), "a data.frame"),
        ((pd.Series, np.ndarray, pd.api.extensions.ExtensionArray), "a vector"),
        ((Mapping,), "a named list"),
        ((list, tuple), "a character vector" if _is_text(value) else "a list"),
    ]
    plain = next((word for types, word in told if isinstance(value, types)), None)
    return plain or ("a function" if callable(value) else f"a handle of {type(value).__name__}")


def _is_text(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, str) for one in value)


def _word(kind: Kind, names: Mapping[str, Any]) -> str:
    if kind.head in SEQUENCES:
        inner = kinds(element_text(kind), names)
        if "str" in heads(inner) or heads(inner) & PATHS:
            return "a character vector"
        named = next((one.head for one in inner if _class_of(one, names)), None)
        return f"a list of {named}" if named else "a vector or list"
    if kind.head in _WORDS:
        return _WORDS[kind.head]
    known = _class_of(kind, names)
    if known is not None and known.__name__.endswith("Options"):
        return "a named list of options"
    return f"{'an' if kind.head[0] in 'AEIOU' else 'a'} {kind.head}"


def _is(value: Any, kind: Kind, names: Mapping[str, Any]) -> bool:
    if kind.head == "Callable":
        return callable(value)
    if kind.head in _TYPES and not isinstance(value, _TYPES[kind.head]):
        return False
    if kind.head in SEQUENCES:
        return not (isinstance(value, (list, tuple)) and _misfits(value, kind, names))
    if kind.head in _TYPES:
        return True
    known = _class_of(kind, names)
    try:
        return known is None or isinstance(value, known)
    except TypeError:  # a protocol that cannot be asked
        return True


def _misfits(values: Any, kind: Kind, names: Mapping[str, Any]) -> list[Any]:
    """Elements that are of none of the kinds of a sequence; of objects only, not of text."""
    inner = kinds(element_text(kind), names)
    if len(set(kind.inner) - {"..."}) != 1 or not any(_class_of(one, names) for one in inner):
        return []
    return [one for one in values if not takes(inner, one, names)]


def _class_of(kind: Kind, names: Mapping[str, Any]) -> type | None:
    module, _, name = kind.full.rpartition(".")
    space = vars(sys.modules[module]) if module in sys.modules else names
    known = space.get(name)
    return known if isinstance(known, type) and kind.head not in ANYTHING else None


@lru_cache(maxsize=1024)
def _parsed(text: str) -> tuple[Kind, ...]:
    told = []
    for one in _split(text, "|"):
        name, _, rest = one.partition("[")
        inner = tuple(_split(rest[:-1], ",")) if rest else ()
        told.append(Kind(name.rpartition(".")[2], inner, name))
    return tuple(told)


def _split(text: str, mark: str) -> list[str]:
    """The parts between marks that are outside brackets."""
    depth, parts = 0, [""]
    for letter in text:
        depth += {"[": 1, "]": -1}.get(letter, 0)
        if letter == mark and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]


def _expanded(annotation: str, names: Mapping[str, Any]) -> str:
    """The annotation with aliases, such as ``Shard``, replaced by what they stand for."""

    def meaning(match: re.Match[str]) -> str:
        stands_for = names.get(match.group())
        typing = type(stands_for).__module__ == "typing"
        alias = isinstance(stands_for, (UnionType, GenericAlias)) or typing
        plain = isinstance(stands_for, type) or match.group() in ("Any", "Callable")
        return str(stands_for) if alias and not plain else match.group()

    return re.sub(r"(?<![\w.])[A-Z]\w*", meaning, annotation)
