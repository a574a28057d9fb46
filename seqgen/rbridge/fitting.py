"""R's values fitted to what a Python argument takes, as its annotation tells.

R tells no scalar from a vector of one and writes 10 for a whole number; the annotation says
which is meant. What it does not decide is left as it came, for the function to judge.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from seqgen.rbridge.annotations import (
    ANYTHING,
    ARRAYS,
    MAPPINGS,
    NUMBERS,
    PATHS,
    SEQUENCES,
    Kind,
    element_text,
    heads,
    kinds,
    options_class,
)

_Names = Mapping[str, Any]


def fit(value: Any, annotation: str, names: _Names) -> Any:
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
    >>> fit(np.array([21, 22]), "Sequence[str]", {})
    ['21', '22']
    >>> fit({"n": np.array([1, 2])}, "dict[str, Any]", {})
    {'n': [1, 2]}
    """
    alternatives = kinds(annotation, names)
    taken = heads(alternatives)
    if isinstance(value, np.ma.MaskedArray):  # a matrix of integers with NA
        value = np.ma.filled(value.astype(np.float64), np.nan)
    if isinstance(value, dict):
        return _fit_dict(value, alternatives, names)
    if isinstance(value, pd.Series):
        return _fit_named(value, alternatives, names)
    if isinstance(value, pd.DataFrame):
        return _fit_frame(value, alternatives, names)
    if isinstance(value, (bool, int, float, str)):
        return _fit_scalar(value, alternatives, names)
    if isinstance(value, pd.api.extensions.ExtensionArray):
        value = _plain_array(value)
    if isinstance(value, np.ndarray) and value.ndim > 1 and taken & ARRAYS:
        return _plain_matrix(value)
    if isinstance(value, list) and not value and not taken & (SEQUENCES | ARRAYS):
        return _fit_dict({}, alternatives, names) if _fits_empty(alternatives, names) else value
    if isinstance(value, (list, np.ndarray)):
        return _fit_sequence(value, alternatives, names)
    alone = value is not None and taken and taken <= SEQUENCES | {"None"}
    if alone and not isinstance(value, (tuple, set, np.datetime64)) and not callable(value):
        return _sequence([value], alternatives, names)  # a handle
    return value


def plain(value: Any) -> Any:
    """Vectors within a list as lists and dates as text, which JSON holds.

    Examples
    --------
    >>> plain({"sizes": np.array([1, 2]), "made": np.datetime64("2024-02-29")})
    {'sizes': [1, 2], 'made': '2024-02-29'}
    """
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, pd.DataFrame):
        return {str(name): plain(value[name].array) for name in value}
    if isinstance(value, pd.Series):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, pd.api.extensions.ExtensionArray):
        return [plain(item) for item in value.astype(object)]
    if isinstance(value, np.ndarray) and value.dtype.kind in "mM":
        return [plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if value is pd.NA or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
        return None
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, np.datetime64) and value.dtype == np.dtype("datetime64[s]"):
        value = value.astype("datetime64[D]")  # a Date of R
    return str(value) if isinstance(value, (np.datetime64, np.timedelta64)) else value


def _fit_scalar(value: Any, alternatives: tuple[Kind, ...], names: _Names) -> Any:
    taken = heads(alternatives)
    text = isinstance(value, str)
    if taken & ANYTHING or (text and taken & ({"str"} | PATHS)):
        return value
    if not text and taken & NUMBERS:
        return _whole(value, taken)
    if not text and "str" in taken and not taken & PATHS:
        return _as_text(value)
    if taken & SEQUENCES:
        return _sequence([value], alternatives, names)
    if "Series" in taken:
        return pd.Series([value])
    return np.atleast_1d(value) if taken & ARRAYS and not text else value


def _fit_sequence(value: Any, alternatives: tuple[Kind, ...], names: _Names) -> Any:
    taken = heads(alternatives)
    listed = bool(taken & SEQUENCES)
    if taken & ARRAYS:
        return np.asarray(value) if isinstance(value, list) and not listed and value else value
    if getattr(value, "ndim", 1) != 1:
        rows = listed and value.ndim == 2 and taken <= SEQUENCES | {"None"}
        return _sequence(list(value), alternatives, names) if rows else value
    if "Series" in taken:
        return pd.Series(value, dtype=None if len(value) else "str")
    if not listed or "Index" in taken:
        return value
    items = value.tolist() if isinstance(value, np.ndarray) else value
    return _sequence(items, alternatives, names)


def _fit_named(value: pd.Series, alternatives: tuple[Kind, ...], names: _Names) -> Any:
    """A vector with names, which count only where something takes them."""
    taken = heads(alternatives)
    if "Series" in taken:
        return value
    if taken & MAPPINGS or options_class(alternatives, names):
        return _fit_dict(
            dict(zip(value.index, _listed(value.array), strict=True)), alternatives, names
        )
    if len(value) == 1 and taken & (NUMBERS | PATHS | {"str"}):
        return _fit_scalar(_listed(value.array)[0], alternatives, names)
    if taken & SEQUENCES or (taken & ARRAYS and "DataFrame" not in taken):
        bare = value.to_numpy() if isinstance(value.dtype, np.dtype) else value.array
        return fit(
            list(bare) if isinstance(value.dtype, pd.StringDtype) else bare,
            *_told(alternatives, names),
        )
    return value.to_frame("V1") if taken & ARRAYS else value


def _told(alternatives: tuple[Kind, ...], names: _Names) -> tuple[str, _Names]:
    return " | ".join(
        f"{one.full}[{', '.join(one.inner)}]" if one.inner else one.full for one in alternatives
    ), names


def _fit_frame(value: pd.DataFrame, alternatives: tuple[Kind, ...], names: _Names) -> Any:
    """A data.frame, or a matrix with dimnames."""
    taken = heads(alternatives)
    if "Series" in taken and "DataFrame" not in taken and value.shape[1] == 1:
        return value.iloc[:, 0].rename(None)
    if taken & ARRAYS:
        value = _with_floats(value)
        return value if "DataFrame" in taken else value.to_numpy()
    if taken <= SEQUENCES | {"None"}:
        rows = value.astype(object).itertuples(index=False, name=None)
        return _sequence(
            [list(row) if len(row) > 1 else row[0] for row in rows], alternatives, names
        )
    return value


def _fit_dict(value: dict[str, Any], alternatives: tuple[Kind, ...], names: _Names) -> Any:
    from seqgen.rbridge.arguments import build

    kind = options_class(alternatives, names)
    if kind is not None:
        return build(kind, value)
    mapping = next((one for one in alternatives if one.head in MAPPINGS), None)
    if mapping is None:
        listed = heads(alternatives) & SEQUENCES
        return _sequence(list(value.values()), alternatives, names) if listed else value
    inner = mapping.inner[-1] if mapping.inner else "Any"
    if heads(kinds(inner, names)) & ANYTHING:
        return plain(value)
    return {name: fit(item, inner, names) for name, item in value.items()}


def _fits_empty(alternatives: tuple[Kind, ...], names: _Names) -> bool:
    return bool(heads(alternatives) & MAPPINGS) or options_class(alternatives, names) is not None


def _sequence(items: list[Any], alternatives: tuple[Kind, ...], names: _Names) -> Any:
    """A list or tuple, each element as the annotation has it."""
    kind = next(one for one in alternatives if one.head in SEQUENCES)
    if kind.head == "tuple" and "..." not in kind.inner and len(kind.inner) == len(items):
        told = zip(items, kind.inner, strict=True)
        return tuple(fit(item, inner, names) for item, inner in told)
    inner = kinds(element_text(kind), names)
    taken = heads(inner)
    fixed = taken == {"tuple"} and "..." not in inner[0].inner
    if fixed and len(inner[0].inner) == len(items) and not any(map(_has_parts, items)):
        items = [items]  # one pair, where many are taken
    if taken and taken <= NUMBERS | {"str", "None"}:
        items = [_element(item, taken) for item in items]
    elif taken and not taken & ANYTHING:
        items = [fit(item, element_text(kind), names) for item in items]
    return tuple(items) if kind.head == "tuple" else items


def _has_parts(item: Any) -> bool:
    return not isinstance(item, (int, float, str))


def _element(item: Any, taken: set[str]) -> Any:
    """One of many: R's c("L", 10) is text throughout, and its 1:22 may be names."""
    if isinstance(item, str):
        number = "int" in taken and "str" in taken and item.isascii() and item.isdigit()
        return int(item) if number else item
    if item is pd.NA:
        return None
    numeric = isinstance(item, (int, float)) and not isinstance(item, bool)
    if numeric and "str" in taken and not taken & NUMBERS:
        return _as_text(item)
    return _whole(item, taken)


def _as_text(value: Any) -> Any:
    """A whole number as text, such as chromosome 22; anything else as it is."""
    whole = isinstance(value, (int, float)) and not isinstance(value, bool)
    return str(int(value)) if whole and float(value).is_integer() else value


def _whole(value: Any, taken: set[str]) -> Any:
    """A whole float as int where only int is taken, an int as float where only that is."""
    numeric = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not numeric or ("int" in taken) == ("float" in taken):
        return value
    if "int" in taken:
        return int(value) if float(value).is_integer() else value
    return float(value)


def _plain_array(values: Any) -> Any:
    """A factor as text, integers and logicals with NA as doubles; dates as they are."""
    if isinstance(values, pd.Categorical):
        return [None if one is pd.NA or one != one else one for one in values.astype(object)]
    if values.dtype.kind in "iufb":
        return values.to_numpy(dtype=np.float64, na_value=np.nan)
    return values


def _plain_matrix(values: np.ndarray) -> np.ndarray:
    """Logicals with NA as doubles; text as it is."""
    if (
        values.dtype == object
        and pd.api.types.infer_dtype(values.ravel(), skipna=True) == "boolean"
    ):
        flat = pd.array(values.ravel(), dtype="boolean")
        return flat.to_numpy(dtype=np.float64, na_value=np.nan).reshape(values.shape)
    return values


def _listed(values: Any) -> list[Any]:
    """The elements of a pandas array as Python's own objects."""
    return [None if one is pd.NA else one for one in values.tolist()]


def _with_floats(frame: pd.DataFrame) -> pd.DataFrame:
    """Columns of integers or logicals with NA as doubles, as numpy's arrays hold them."""
    nullable = [
        name
        for name, dtype in enumerate(frame.dtypes)
        if dtype.kind in "iufb" and not isinstance(dtype, np.dtype)
    ]
    if not nullable:
        return frame
    columns = {
        place: frame.iloc[:, place].to_numpy(dtype=np.float64, na_value=np.nan)
        if place in set(nullable)
        else frame.iloc[:, place].array
        for place in range(frame.shape[1])
    }
    made = pd.DataFrame(columns, index=frame.index)
    made.columns = frame.columns
    made.attrs = dict(frame.attrs)
    return made
