"""One column between R and Python, each type and each kind of "missing" exactly.

====================================  =====================================================
R                                     Python
====================================  =====================================================
logical                               bool; "boolean" with NA
integer                               int64; "Int64" with NA
double                                float64; ``NA`` is the plain NaN, ``NaN`` a marked one
bit64::integer64                      int64; "Int64" with NA
character                             "str", NA missing
factor, ordered                       Categorical
Date                                  datetime64[s], at midnight
POSIXct                               datetime64[us, time zone]
difftime                              timedelta64[us]
list                                  object
====================================  =====================================================

From Python, integers beyond 2**31 become doubles as long as all of them are exact in these
(2**53), and integer64 beyond. NaN is how pandas says "missing", so it becomes ``NA``; a NaN
that came from R as ``NaN`` carries a mark in its unused bits and goes back as ``NaN``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.rbridge.engine import base, r_code, ri
from seqgen.rbridge.text import strings_to_python, strings_to_r

NA_INTEGER = np.iinfo(np.int32).min
_NA_INTEGER64 = np.iinfo(np.int64).min
_NA_BITS = np.uint64(0x7FF0_0000_0000_07A2)
_NAN_BITS = np.uint64(0x7FF8_0000_0000_0000)
_MARKED_NAN = np.uint64(0x7FF8_0000_0052_4E4E)
_LOW_WORD = np.uint64(0xFFFF_FFFF)
_NA_PAYLOAD = np.uint64(1954)
_EXACT_IN_DOUBLE = 2**53
_DAY = 86_400


def attribute(vector: Any, name: str) -> Any:
    """An attribute of an R object, None where it has none."""
    try:
        return vector.do_slot(name)
    except LookupError:
        return None


def classes_of(vector: Any) -> list[str]:
    """The class attribute; empty where R's class is implicit."""
    found = attribute(vector, "class")
    return [] if found is None else list(found)


def numbers(vector: Any) -> np.ndarray:
    """The memory of an R vector of numbers, flat and not copied: valid while the vector lives."""
    if len(vector) == 0:
        return np.empty(0, np.float64 if vector.typeof == ri.RTYPES.REALSXP else np.int32)
    return np.asarray(vector.memoryview()).reshape(-1, order="F")


def doubles_to_python(vector: Any) -> np.ndarray:
    """A double vector, copied, R's ``NaN`` marked so that it is told from its ``NA``."""
    values = numbers(vector).copy()
    missing = np.isnan(values)
    if missing.any():
        bits = values.view(np.uint64)
        bits[missing & ((bits & _LOW_WORD) != _NA_PAYLOAD)] = _MARKED_NAN
        bits[missing & (bits != _MARKED_NAN)] = _NAN_BITS
    return values


def doubles_to_r(values: Any) -> Any:
    """Floats of any shape as a double vector in R's order, NaN as ``NA`` unless marked."""
    values = np.asarray(values)
    vector = base("numeric")(float(values.size))
    target = numbers(vector)
    # Reshaping R's memory, not the source: one copy, whatever the order of the source is.
    target.reshape(values.shape, order="F")[...] = values
    missing = np.isnan(target)
    if missing.any():
        bits = target.view(np.uint64)
        marked = missing & (bits == _MARKED_NAN)
        bits[missing] = _NA_BITS
        bits[marked] = _NAN_BITS
    return vector


def whole_to_r(values: np.ndarray, missing: np.ndarray | None = None) -> Any:
    """Integers of any shape as integer, double or integer64, the first that holds them all."""
    if values.size and values.dtype.kind == "u" and values.max() > np.iinfo(np.int64).max:
        raise InputError(f"integer {values.max()} is beyond 2**63 - 1, R's largest in integer64")
    known = values if missing is None else values[~missing]
    low, high = (int(known.min()), int(known.max())) if known.size else (0, 0)
    if low > NA_INTEGER and high < -NA_INTEGER:
        kind, absent = "integer", NA_INTEGER
    elif max(-low, high) <= _EXACT_IN_DOUBLE:
        kind, absent = "numeric", 0
    else:
        return _integer64_to_r(values, missing, low)
    vector = base(kind)(float(values.size))
    target = numbers(vector).reshape(values.shape, order="F")
    target[...] = values if missing is None else np.where(missing, absent, values)
    if missing is not None and kind == "numeric":
        target.view(np.uint64)[missing] = _NA_BITS
    return vector


def _integer64_to_r(values: np.ndarray, missing: np.ndarray | None, low: int) -> Any:
    if low == _NA_INTEGER64:
        raise InputError(f"integer {low} is what integer64 of R means by NA; expected a larger one")
    vector = base("numeric")(float(values.size))
    target = numbers(vector).reshape(values.shape, order="F").view(np.int64)
    target[...] = values
    if missing is not None:
        target[missing] = _NA_INTEGER64
    vector.rclass = ri.StrSexpVector(["integer64"])
    return vector


def logicals_to_r(values: np.ndarray, missing: np.ndarray | None = None) -> Any:
    """Booleans of any shape as a logical vector."""
    vector = base("logical")(float(values.size))
    target = numbers(vector).reshape(values.shape, order="F")
    target[...] = values
    if missing is not None:
        target[missing] = NA_INTEGER
    return vector


def column_to_python(vector: Any) -> Any:
    """An R vector of any length as an array or pandas array of the table above."""
    classes = set(classes_of(vector))
    if "factor" in classes:
        return _factor_to_python(vector, ordered="ordered" in classes)
    if "POSIXlt" in classes:
        vector = base("as.POSIXct")(vector)
        classes = {"POSIXct"}
    if "Date" in classes:
        return _dates_to_python(vector)
    if "POSIXct" in classes:
        return _times_to_python(vector)
    if "difftime" in classes:
        seconds = r_code('function(x) as.double(x, units = "secs")')(vector)
        return _moments(doubles_to_python(seconds) * 1e6, "timedelta64[us]")
    kind = vector.typeof
    types = ri.RTYPES
    if kind == types.REALSXP:
        if "integer64" in classes:
            values = numbers(vector).view(np.int64).copy()
            return _nullable(values, values == _NA_INTEGER64, pd.arrays.IntegerArray)
        return doubles_to_python(vector)
    if kind == types.INTSXP:
        values = numbers(vector).astype(np.int64)
        return _nullable(values, values == NA_INTEGER, pd.arrays.IntegerArray)
    if kind == types.LGLSXP:
        values = numbers(vector)
        return _nullable(values == 1, values == NA_INTEGER, pd.arrays.BooleanArray)
    if kind == types.STRSXP:
        return pd.array(strings_to_python(vector), dtype="str")
    raise InputError(
        f"an R vector of type {base('typeof')(vector)[0]} has no column in Python; expected "
        "logical, integer, double, character, factor, Date, POSIXct or difftime"
    )


def column_to_r(values: Any) -> Any:
    """A Series, array or pandas array as an R vector of the table above.

    Raises
    ------
    InputError
        If R has no such type.
    """
    values = getattr(values, "array", values)  # of a Series or Index
    dtype = values.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return _factor_to_r(values)
    if dtype.kind == "M":
        return _times_to_r(values)
    if dtype.kind == "m":
        vector = doubles_to_r(_since(values, "timedelta64[us]") / 1e6)
        vector.do_slot_assign("units", ri.StrSexpVector(["secs"]))
        vector.rclass = ri.StrSexpVector(["difftime"])
        return vector
    if isinstance(dtype, pd.StringDtype) or dtype.kind in "UT":
        return strings_to_r(values)
    missing = None
    if dtype.kind in "iufb" and not isinstance(dtype, np.dtype):
        missing = values.isna() if values.isna().any() else None
        fill = {"b": False, "f": np.nan}.get(dtype.kind, 0)
        values = values.to_numpy(dtype=np.dtype(f"{dtype.kind}{dtype.itemsize}"), na_value=fill)
    if dtype.kind == "f":
        return doubles_to_r(values)
    if dtype.kind in "iu":
        return whole_to_r(np.asarray(values), missing)
    if dtype.kind == "b":
        return logicals_to_r(np.asarray(values), missing)
    raise InputError(f"a column of type {dtype} has no R form; expected numbers, strings or dates")


def _nullable(values: np.ndarray, missing: np.ndarray, array: type) -> Any:
    if not missing.any():
        return values
    return array(np.where(missing, 0, values).astype(values.dtype), missing)


def _factor_to_python(vector: Any, *, ordered: bool) -> pd.Categorical:
    levels = attribute(vector, "levels")
    names = strings_to_python(base("character")(0) if levels is None else levels)
    codes = numbers(vector).astype(np.int64) - 1
    codes[codes < 0] = -1
    absent = np.array([name is None for name in names], dtype=bool)
    if absent.any():  # a level NA is a missing value
        places = np.append(np.where(absent, -1, np.cumsum(~absent) - 1), -1)
        codes = places[codes]
    kept = pd.Index(names[~absent], dtype="str")
    return pd.Categorical.from_codes(codes, categories=kept, ordered=ordered)


def _factor_to_r(values: Any) -> Any:
    names = [str(name) for name in values.categories]
    if len(set(names)) < len(names):
        raise InputError(f"categories {names[:10]} are not distinct as text, as R's levels must be")
    vector = base("integer")(float(len(values)))
    codes = numbers(vector)
    codes[:] = values.codes
    codes += 1
    codes[codes == 0] = NA_INTEGER
    vector.do_slot_assign("levels", strings_to_r(names))
    vector.rclass = ri.StrSexpVector(["ordered", "factor"] if values.ordered else ["factor"])
    return vector


def _moments(values: np.ndarray, dtype: str) -> np.ndarray:
    """Counts of the unit of ``dtype``, NaN where missing, as times."""
    missing = ~np.isfinite(values)
    whole = np.round(np.where(missing, 0, values)).astype(np.int64)
    times = whole.view(dtype)
    times[missing] = np.datetime64("NaT") if dtype[0] == "d" else np.timedelta64("NaT")
    return times


def _since(values: Any, dtype: str) -> np.ndarray:
    """Times as counts of the unit of ``dtype``, NaN where missing."""
    times = np.asarray(values).astype(dtype)
    counts = times.view(np.int64).astype(np.float64)
    counts[np.isnat(times)] = np.nan
    return counts


def _dates_to_python(vector: Any) -> np.ndarray:
    days = doubles_to_python(base("as.double")(vector))
    return _moments(np.floor(days) * _DAY, "datetime64[s]")


def _times_to_python(vector: Any) -> Any:
    zone = attribute(vector, "tzone")
    name = "UTC" if zone is None or not zone[0] else str(zone[0])
    seconds = doubles_to_python(base("as.double")(vector))
    times = _moments(seconds * 1e6, "datetime64[us]")
    return pd.DatetimeIndex(times).tz_localize("UTC").tz_convert(name).array


def _zone_of_r(zone: Any) -> str:
    """The name R knows a time zone by; fixed offsets have none there and are shown in UTC."""
    return str(getattr(zone, "key", None) or getattr(zone, "zone", None) or "UTC")


def _times_to_r(values: Any) -> Any:
    zone = getattr(values.dtype, "tz", None)
    if zone is not None:
        values = values.tz_convert("UTC").tz_localize(None)
    seconds = _since(values, "datetime64[us]") / 1e6
    whole_days = (seconds[~np.isnan(seconds)] % _DAY == 0).all()
    if zone is None and np.datetime_data(np.asarray(values).dtype)[0] in "sD" and whole_days:
        vector = doubles_to_r(seconds / _DAY)
        vector.rclass = ri.StrSexpVector(["Date"])
        return vector
    vector = doubles_to_r(seconds)
    vector.do_slot_assign("tzone", ri.StrSexpVector([_zone_of_r(zone)]))
    vector.rclass = ri.StrSexpVector(["POSIXct", "POSIXt"])
    return vector
