"""Strings between R and Python: one block of bytes and codes of repeated strings, no loop."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.rbridge.engine import base, r_code, ri

# Strings that repeat cross once, with codes. "bytes" keeps R from translating them to the
# locale, which in a C locale would turn them into escapes.
_SEND = """function(x) {
  x <- enc2utf8(as.vector(x))
  u <- unique(x)
  codes <- if (2 * length(u) > length(x)) NULL else match(x, u)
  if (is.null(codes)) u <- x
  absent <- which(is.na(u))
  u[absent] <- ""
  Encoding(u) <- "bytes"
  list(writeBin(u, raw()), codes, absent)
}"""
_RECEIVE = """function(bytes, n, ascii) {
  x <- readBin(bytes, "character", n)
  if (!ascii) Encoding(x) <- "UTF-8"
  x
}"""
# Whether strings repeat is judged by that many of them.
_GLANCE = 2000
# So few strings cross one by one.
_FEW = 50
_SPREAD = "function(levels, codes) levels[codes]"


def strings_to_python(vector: Any) -> np.ndarray:
    """A character vector as an array of str objects, None where R has NA.

    Raises
    ------
    InputError
        If a string is not text in R's encoding or UTF-8.
    """
    if len(vector) == 0:
        return np.empty(0, dtype=object)
    sent, codes, absent = r_code(_SEND)(vector)
    try:
        words = np.asarray(sent).tobytes().decode("utf-8").split("\0")[:-1]
    except UnicodeDecodeError as error:
        raise InputError(
            f"a character vector holds bytes that are no UTF-8 text ({error}); declare their "
            'encoding in R, such as Encoding(x) <- "latin1"'
        ) from error
    unique = np.array(words, dtype=object)
    if len(absent):
        unique[np.asarray(absent.memoryview()) - 1] = None
    return unique if codes is ri.NULL else unique[np.asarray(codes.memoryview()) - 1]


def strings_to_r(values: Any) -> Any:
    """Strings, with None, NaN or NA where missing, as a character vector.

    Raises
    ------
    InputError
        If a string holds a NUL, which R's strings cannot.
    """
    if _few_and_plain(values):
        return ri.StrSexpVector(values)
    array = pd.array(values, dtype="str")
    if 2 * len(pd.unique(array[:_GLANCE])) >= min(len(array), _GLANCE):
        return _characters(array)
    codes, words = pd.factorize(array)
    return r_code(_SPREAD)(_characters(words), _codes_to_r(codes))


def _few_and_plain(values: Any) -> bool:
    """Whether they are names of a list or the like: a table of them would take longer."""
    return (
        type(values) in (list, tuple)
        and 0 < len(values) <= _FEW
        and all(type(word) is str and word.isascii() and "\0" not in word for word in values)
    )


def _characters(array: Any) -> Any:
    missing = array.isna()
    words = array.to_numpy(dtype=object)
    words[missing] = ""
    block = ("\0".join(words.tolist()) + "\0").encode("utf-8", "surrogatepass")
    if len(words) == 0:
        return base("character")(0)
    if block.count(b"\0") != len(words):
        raise InputError("a string holds a NUL character, which strings of R cannot; remove it")
    raw = ri.ByteSexpVector.from_memoryview(memoryview(block))
    vector = r_code(_RECEIVE)(raw, len(words), block.isascii())
    if missing.any():
        where = ri.IntSexpVector(np.flatnonzero(missing) + 1)
        vector = r_code("function(x, i) { x[i] <- NA_character_; x }")(vector, where)
    return vector


def _codes_to_r(codes: np.ndarray) -> Any:
    """0-based codes, -1 where missing, as 1-based positions with NA."""
    vector = base("integer")(len(codes))
    places = np.asarray(vector.memoryview())
    places[:] = codes + 1
    places[codes < 0] = np.iinfo(np.int32).min
    return vector
