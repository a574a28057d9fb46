"""Objects without an R form: they stay here, R holds a numbered handle.

R forgets a handle when it likes, in the middle of anything; so its finalizer only notes the
number, and the next call drops the object.
"""

from __future__ import annotations

import itertools
import uuid
from typing import Any

from seqgen.errors import InputError
from seqgen.rbridge.engine import base, r_code, ri

_HELD: dict[int, Any] = {}
_NUMBERS = itertools.count(1)
_SESSION = uuid.uuid4().hex

_RELEASED = "function() new.env(parent = emptyenv())"
_MAKE = """function(id, session, classes, released) {
  key <- new.env(parent = emptyenv())
  key$id <- id
  key$session <- session
  reg.finalizer(key, function(key) released$ids <- c(released$ids, key$id))
  structure(list(key = key), class = classes)
}"""
_TAKE = "function(released) { ids <- released$ids; released$ids <- NULL; ids }"
_READ = "function(object) { key <- .subset2(object, 'key'); list(key$id, key$session) }"
_notes: list[Any] = []


def to_r(value: Any) -> Any:
    """A handle of ``value``: class ``seqgen_<its class>`` and ``seqgen_object``."""
    number = next(_NUMBERS)
    _HELD[number] = value
    names = [f"seqgen_{name}" for name in class_names(type(value))]
    classes = ri.StrSexpVector([*names, "seqgen_object"])
    return r_code(_MAKE)(float(number), _SESSION, classes, _released())


def to_python(handle: Any) -> Any:
    """The object a handle stands for.

    Raises
    ------
    InputError
        If it was made in another session, such as one that was saved to a file.
    """
    number, session = r_code(_READ)(handle)
    known = session is not ri.NULL and session[0] == _SESSION and int(number[0]) in _HELD
    if not known:
        kind = base("class")(handle)[0].removeprefix("seqgen_")
        raise InputError(
            f"this {kind} belongs to another R session, where its Python object was; make it "
            "again here (handles cannot be saved to a file or sent to another process)"
        )
    return _HELD[int(number[0])]


def release() -> None:
    """Let go of what R has forgotten since the last call."""
    if not _notes:
        return
    forgotten = r_code(_TAKE)(_notes[0])
    if forgotten is not ri.NULL:
        for number in forgotten:
            _HELD.pop(int(number), None)


def held() -> int:
    """How many objects R has handles of."""
    release()
    return len(_HELD)


def class_names(kind: type) -> list[str]:
    """Names of a class and those of its bases that say something, the nearest first."""
    names = [one.__name__ for one in kind.__mro__ if one.__module__.startswith("seqgen")]
    return [name.lstrip("_") for name in names] or [kind.__name__]


def _released() -> Any:
    if not _notes:
        _notes.append(r_code(_RELEASED)())
    return _notes[0]
