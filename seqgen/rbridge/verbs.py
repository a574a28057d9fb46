"""What R asks of an object behind a handle, and of the installation."""

from __future__ import annotations

import builtins
import sys
import warnings
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import seqgen
from seqgen.errors import InputError, SeqgenWarning
from seqgen.rbridge import handles
from seqgen.rbridge.arguments import build

_PACKAGES = ("numpy", "pandas", "torch", "transformers", "rpy2")
_EXAMPLES = {
    "sumstats": "demo_sumstats_path",
    "panel": "demo_panel_prefix",
    "alignment": "example_alignment_path",
    "structure": "example_structure_path",
}


class Method:
    """Tells R that an attribute is a method, to be called with `call_method`."""

    def __init__(self, name: str) -> None:
        self.name = name


def attribute(object: Any, name: str) -> Any:
    """A field or property of an object.

    Raises
    ------
    InputError
        If it has none of that name.
    """
    if name.startswith("_") or not hasattr(object, name):
        raise InputError(
            f"{type(object).__name__} has no {name!r}; it has {', '.join(names(object))}"
        )
    value = getattr(object, name)
    return Method(name) if callable(value) else value


def names(object: Any) -> list[str]:
    """Fields, properties and methods of an object that are public."""
    own = [name for name in vars(object) if name[0] != "_"] if hasattr(object, "__dict__") else []
    return own + [name for name in dir(object) if name[0] != "_" and name not in own]


def call_method(object: Any, name: str, /, *values: Any, **named: Any) -> Any:
    """Call a method by name."""
    if not isinstance(attribute(object, name), Method):
        raise InputError(f"{name!r} of {type(object).__name__} is no method; read it with $")
    positions = {str(place): value for place, value in enumerate(values)}
    return build(getattr(object, name), positions | named)


def frame(object: Any, /, **named: Any) -> Any:
    """The table of an object, from its ``to_frame``."""
    if not hasattr(object, "to_frame"):
        raise InputError(f"{type(object).__name__} has no table; it has {', '.join(names(object))}")
    return build(object.to_frame, named)


def text(object: Any) -> str:
    """What R prints of an object: its repr, or where that is only an address, its numbers."""
    if type(object).__repr__ is not builtins.object.__repr__:
        return repr(object)
    simple = (bool, int, float, str)
    told = [(name, getattr(object, name, None)) for name in names(object)]
    parts = [f"{name}={value!r}" for name, value in told if isinstance(value, simple)]
    return f"{type(object).__name__}({', '.join(parts)})"


def versions() -> dict[str, str]:
    """Python, seqgen and what it stands on."""
    found = {"python": sys.version.split()[0], "executable": sys.executable}
    found["seqgen"] = seqgen.__version__
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def example(name: str) -> Any:
    """The path of a bundled example."""
    if name not in _EXAMPLES:
        raise InputError(f"name is {name!r}; expected one of {', '.join(_EXAMPLES)}")
    return getattr(import_module("seqgen.io.resources"), _EXAMPLES[name])()


def talk(how: str) -> None:
    """Say a word on each of the ways to R, for tests of these."""
    if how == "warn":
        warnings.warn(how, SeqgenWarning, stacklevel=2)
    else:
        print(how, file=getattr(sys, how))


VERBS: dict[str, Callable[..., Any]] = {
    ".attribute": attribute,
    ".call": call_method,
    ".echo": lambda value: value,
    ".example": example,
    ".frame": frame,
    ".held": handles.held,
    ".names": names,
    ".public": lambda: list(seqgen.__all__),
    ".repr": text,
    ".talk": talk,
    ".versions": versions,
}
