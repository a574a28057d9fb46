"""Any value between R and Python: scalars, vectors, matrices, tables, lists, functions.

R has no scalars, so a vector of one element without names arrives as a scalar (`I()` keeps it
a sequence) and a longer one as an array, or a list of str; with names as a Series. A list is a
list, with names a dict. A matrix is an array, a masked one if its integers have NA (`fitting` makes
doubles of it for arguments); with dimnames a DataFrame, of doubles then, whose columns are V1, V2,
... if only rows have names. A data.frame (tibble, data.table) is a DataFrame; its attribute
``genome_build`` is kept, and those that say how scores were made (`schemas.MADE_BY`), named lists
in R. Nothing is shared: what crosses is copied, once.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.io.genome_build import ATTRIBUTE
from seqgen.rbridge import functions, handles, results
from seqgen.rbridge.engine import base, r_code, ri
from seqgen.rbridge.text import strings_to_python, strings_to_r
from seqgen.rbridge.vectors import (
    attribute,
    classes_of,
    column_to_python,
    column_to_r,
    doubles_to_r,
    logicals_to_r,
    whole_to_r,
)
from seqgen.schemas import MADE_BY

_DATED = {"Date", "POSIXct", "POSIXlt", "difftime", "factor"}
# Each column costs a call into R, which shows where a table is a matrix with names.
_WIDE = 32
_CUT = "function(x) lapply(seq_len(ncol(x)), function(column) x[, column])"


def to_python(value: Any) -> Any:
    """An R object (of `rpy2.rinterface`) as Python's.

    Raises
    ------
    InputError
        If it has no Python form, such as an environment.
    """
    types = ri.RTYPES
    kind = value.typeof
    if kind == types.NILSXP:
        return None
    if kind == types.VECSXP:
        return _list_to_python(value)
    if kind in (types.CLOSXP, types.BUILTINSXP, types.SPECIALSXP):
        return functions.to_python(value, to_python, to_r)
    if kind in (types.LGLSXP, types.INTSXP, types.REALSXP, types.STRSXP):
        return _vector_to_python(value)
    if kind == types.RAWSXP:
        return np.asarray(value).tobytes()
    raise InputError(
        f"an R object of type {base('typeof')(value)[0]} has no Python form; expected a vector, "
        "matrix, data.frame, list, function, or an object that seqgen returned"
    )


def to_r(value: Any) -> Any:
    """A Python value as an R object.

    What R has no form for, such as a model, stays in Python and R gets a handle.
    """
    if value is None:
        return ri.NULL
    if isinstance(value, ri.Sexp):
        return value
    if isinstance(value, pd.DataFrame):
        return _frame_to_r(value)
    if isinstance(value, pd.Series):
        vector = _column_to_r(value)
        if _are_names(value.index):
            vector.do_slot_assign("names", strings_to_r(value.index))
        return vector
    if isinstance(value, np.ndarray) and value.ndim != 1:
        return _array_to_r(value)
    if isinstance(value, (np.ndarray, pd.Index, pd.api.extensions.ExtensionArray)):
        return _column_to_r(value)
    if _is_scalar(value):
        return _scalar_to_r(value)
    special = results.to_r(value, to_r)
    if special is not None:
        return special
    if isinstance(value, Mapping):
        return named_list({str(name): item for name, item in value.items()})
    if isinstance(value, (list, tuple, set, frozenset)):
        return _sequence_to_r(sorted(value) if isinstance(value, (set, frozenset)) else value)
    return handles.to_r(value)


def named_list(items: Mapping[str, Any]) -> Any:
    """A named R list; NULL where an item is None."""
    vector = ri.ListSexpVector([to_r(item) for item in items.values()])
    vector.do_slot_assign("names", strings_to_r(list(items)))
    return vector


def _list_to_python(value: Any) -> Any:
    classes = classes_of(value)
    if "seqgen_object" in classes:
        return handles.to_python(value)
    if "data.frame" in classes:
        return _frame_to_python(value)
    if "POSIXlt" in classes:
        return _vector_to_python(base("as.POSIXct")(value))
    names = attribute(value, "names")
    if names is None:
        return [to_python(item) for item in value]
    keys = strings_to_python(names).tolist()
    if len(set(keys)) < len(keys) or not all(keys):
        raise InputError(f"a list has the names {keys[:10]}; expected all distinct, or none")
    found = {key: to_python(item) for key, item in zip(keys, value, strict=True)}
    return results.to_python(found, classes, attribute(value, "python_class"))


def _vector_to_python(value: Any) -> Any:
    shape = attribute(value, "dim")
    if shape is not None and not _DATED & set(classes_of(value)):
        return _array_to_python(value, tuple(shape))
    names = attribute(value, "names")
    if value.typeof == ri.RTYPES.STRSXP and names is None:
        strings = strings_to_python(value).tolist()
        return strings[0] if len(strings) == 1 and "AsIs" not in classes_of(value) else strings
    column = column_to_python(value)
    if names is not None:
        return pd.Series(column, index=pd.Index(strings_to_python(names), dtype="str"))
    if len(column) != 1 or "AsIs" in classes_of(value):
        return column
    element = column[0]
    if element is pd.NA or element is pd.NaT:
        return None
    return element.item() if isinstance(element, (np.bool_, np.int64, np.float64)) else element


def _array_to_python(value: Any, shape: tuple[int, ...]) -> Any:
    if value.typeof == ri.RTYPES.STRSXP:
        array = strings_to_python(value).reshape(shape, order="F")
    else:
        column = column_to_python(value)
        if isinstance(column, pd.arrays.IntegerArray):  # numpy has no whole number for NA
            filled = column.to_numpy(dtype=np.int64, na_value=0)
            column = np.ma.MaskedArray(filled, mask=column.isna())
        array = np.asanyarray(column).reshape(shape, order="F")
    names = attribute(value, "dimnames")
    if names is None or len(shape) != 2:
        return array
    if isinstance(array, np.ma.MaskedArray):
        array = np.ma.filled(array.astype(np.float64), np.nan)
    index, columns = (
        None if name is ri.NULL else pd.Index(strings_to_python(name), dtype="str")
        for name in names
    )
    if columns is None:  # as R's as.data.frame() names them
        columns = pd.Index([f"V{place}" for place in range(1, shape[1] + 1)], dtype="str")
    return pd.DataFrame(array, index=index, columns=columns, copy=False)


def _array_to_r(array: np.ndarray) -> Any:
    if array.ndim == 0:
        return to_r(array.item())
    if array.dtype.kind == "f":
        vector = doubles_to_r(array)
    elif array.dtype.kind in "iu":
        masked = isinstance(array, np.ma.MaskedArray)
        vector = whole_to_r(np.asarray(array), np.ma.getmaskarray(array) if masked else None)
    elif array.dtype.kind == "b":
        vector = logicals_to_r(array)
    else:
        vector = _column_to_r(pd.Series(array.ravel(order="F")))
    vector.do_slot_assign("dim", ri.IntSexpVector(array.shape))
    return vector


def _frame_to_python(value: Any) -> pd.DataFrame:
    names = attribute(value, "names")
    columns = [] if names is None else strings_to_python(names).tolist()
    rows = base(".row_names_info")(value, 1)[0]
    found = {}
    for place, (name, column) in enumerate(zip(columns, value, strict=True)):
        if attribute(column, "dim") is not None or "data.frame" in classes_of(column):
            raise InputError(f"column {name!r} is a matrix or a table; expected a vector")
        plain_list = column.typeof == ri.RTYPES.VECSXP and "POSIXlt" not in classes_of(column)
        found[place] = _objects(column) if plain_list else column_to_python(column)
    index = pd.RangeIndex(abs(int(rows)))
    frame = pd.DataFrame(found, index=index)
    frame.columns = pd.Index(columns, dtype="str")
    build = attribute(value, ATTRIBUTE)
    if build is not None and build.typeof == ri.RTYPES.STRSXP and len(build) == 1:
        frame.attrs[ATTRIBUTE] = strings_to_python(build).tolist()[0]
    frame.attrs.update(_made_by_to_python(value))
    if rows > 0:
        frame.index = pd.Index(strings_to_python(base("row.names")(value)), dtype="str")
    return frame


def _frame_to_r(frame: pd.DataFrame) -> Any:
    named = [name for name in frame.index.names if name is not None]
    if named and not _are_names(frame.index):
        frame = frame.reset_index()
    vector = _columns_to_r(frame)
    vector.do_slot_assign("names", strings_to_r([str(name) for name in frame.columns]))
    if _are_names(frame.index):
        rows = strings_to_r(frame.index)
    else:  # R's short form of 1 to n
        rows = ri.IntSexpVector([ri.NA_Integer, -len(frame)])
    vector.do_slot_assign("row.names", rows)
    if isinstance(build := frame.attrs.get(ATTRIBUTE), str):
        vector.do_slot_assign(ATTRIBUTE, strings_to_r([build]))
    for name in MADE_BY:
        if isinstance(told := frame.attrs.get(name), Mapping):
            vector.do_slot_assign(name, to_r(told))
    vector.rclass = ri.StrSexpVector(["data.frame"])
    return vector


def _made_by_to_python(value: Any) -> dict[str, dict[str, Any]]:
    """What a table of R says of how its scores were made; other things of these names are not."""
    found = {}
    for name in MADE_BY:
        told = attribute(value, name)
        if told is None or told.typeof != ri.RTYPES.VECSXP:
            continue
        try:
            told = to_python(told)
        except InputError:  # a user's own attribute, such as fits of lm()
            continue
        if isinstance(told, dict):
            found[name] = _with_lists(told)
    return found


def _with_lists(told: dict[str, Any]) -> dict[str, Any]:
    """Lists where R had vectors, of one element too."""
    kept: dict[str, Any] = {}
    for name, item in told.items():
        if isinstance(item, dict):
            item = _with_lists(item)
        elif isinstance(item, (np.ndarray, pd.Series)):
            item = item.tolist()
        elif name in ("methods", "of") and isinstance(item, str):
            item = [item]
        kept[name] = item
    return kept


def _columns_to_r(frame: pd.DataFrame) -> Any:
    """A plain R list of the columns; many columns of floats as one matrix that R cuts up."""
    if frame.shape[1] >= _WIDE and all(
        isinstance(dtype, np.dtype) and dtype.kind == "f" for dtype in frame.dtypes
    ):
        return r_code(_CUT)(_array_to_r(frame.to_numpy()))
    columns = []
    for name, column in frame.items():
        try:
            columns.append(_column_to_r(column))
        except InputError as error:
            raise InputError(f"column {name!r}: {error}") from error
    return ri.ListSexpVector(columns)


def _are_names(index: pd.Index) -> bool:
    """Whether an index is what R calls names: text, distinct, nothing missing."""
    text = isinstance(index.dtype, pd.StringDtype) or index.inferred_type == "string"
    return bool(text and len(index) and index.is_unique and not index.hasnans)


def _column_to_r(values: Any) -> Any:
    """A column of any type; objects by what they are, at the worst a list."""
    if values.dtype != object:
        return column_to_r(values)
    kind = pd.api.types.infer_dtype(values, skipna=True)
    if kind == "empty":
        return column_to_r(pd.array([None] * len(values), dtype="boolean"))
    dtype = {"string": "str", "boolean": "boolean", "integer": "Int64"}.get(kind)
    if kind in ("floating", "mixed-integer-float"):
        dtype = "float64"
    if kind == "date":
        dtype = "datetime64[s]"
    if dtype is None:
        return ri.ListSexpVector([ri.NULL if _is_missing(x) else to_r(x) for x in values])
    return column_to_r(pd.Series(values).astype(dtype))  # type: ignore[call-overload]


def _objects(column: Any) -> np.ndarray:
    objects = np.empty(len(column), dtype=object)
    objects[:] = [to_python(item) for item in column]
    return objects


def _is_missing(value: Any) -> bool:
    return value is None or value is pd.NA or value is pd.NaT


def _is_scalar(value: Any) -> bool:
    known = (bool, int, float, str, bytes, np.generic, PurePath, datetime.date, datetime.timedelta)
    return isinstance(value, known) or value is pd.NA or value is pd.NaT


def _scalar_to_r(value: Any) -> Any:
    if isinstance(value, (str, PurePath)):
        return strings_to_r([str(value)])
    if isinstance(value, bytes):
        return base("raw")(0) if not value else ri.ByteSexpVector.from_memoryview(memoryview(value))
    if isinstance(value, (bool, np.bool_)):
        return ri.BoolSexpVector([bool(value)])
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise InputError(f"integer {value} is beyond the 64 bits of R's integer64")
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        return column_to_r(np.array([value], dtype="datetime64[s]"))
    return _column_to_r(pd.Series([value]))


def _sequence_to_r(values: Any) -> Any:
    """Strings, numbers or booleans as a vector; anything else as a list."""
    if isinstance(values, tuple) and not values:  # notices, names: seldom anything but text
        return strings_to_r([])
    values = list(values)
    kinds = {type(item) for item in values if not _is_missing(item)}
    simple = [
        kinds <= {str, np.str_},
        kinds <= {bool, np.bool_},
        all(issubclass(kind, (int, float, np.number)) and kind is not bool for kind in kinds),
    ]
    if kinds and any(simple):
        return _column_to_r(pd.Series(values, dtype=object))
    if kinds and all(issubclass(kind, PurePath) for kind in kinds):
        return strings_to_r([str(item) for item in values])
    return ri.ListSexpVector([to_r(item) for item in values])
