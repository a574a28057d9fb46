"""What R asks of an object behind a handle, and of the installation."""

from __future__ import annotations

import builtins
import dataclasses
import sys
import tempfile
import warnings
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

import seqgen
from seqgen.alignment import Residues
from seqgen.errors import InputError, SeqgenWarning
from seqgen.rbridge import handles, rows
from seqgen.rbridge.arguments import build
from seqgen.rbridge.plot_data import PLOTS

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
    if name.startswith("_") or rows.hidden(object, name) or not hasattr(object, name):
        raise InputError(
            f"{type(object).__name__} has no {name!r}; it has {', '.join(names(object))}"
        )
    value = getattr(object, name)
    return Method(name) if callable(value) else rows.to_r(object, name, value)


def names(object: Any) -> list[str]:
    """Fields, properties and methods of an object that are public."""
    own = [name for name in vars(object) if name[0] != "_"] if hasattr(object, "__dict__") else []
    found = own + [name for name in dir(object) if name[0] != "_" and name not in own]
    return [name for name in found if not rows.hidden(object, name)]


def call_method(object: Any, name: str, /, *values: Any, **named: Any) -> Any:
    """Call a method by name."""
    if not isinstance(attribute(object, name), Method):
        raise InputError(f"{name!r} of {type(object).__name__} is no method; read it with $")
    positions = {str(place): value for place, value in enumerate(values)}
    items = rows.arguments(object, name, positions | named)
    return rows.to_r(object, name, build(getattr(object, name), items))


def frame(object: Any, /, **named: Any) -> Any:
    """The table of an object, from its ``to_frame``."""
    if not hasattr(object, "to_frame"):
        raise InputError(f"{type(object).__name__} has no table; it has {', '.join(names(object))}")
    return build(object.to_frame, rows.arguments(object, "to_frame", named))


def text(object: Any) -> str:
    """What R prints of an object: its repr, or where that is only an address, its numbers."""
    if type(object).__repr__ is not builtins.object.__repr__:
        return repr(object)
    simple = (bool, int, float, str)
    told = [(name, getattr(object, name, None)) for name in names(object)]
    parts = [f"{name}={value!r}" for name, value in told if isinstance(value, simple)]
    return f"{type(object).__name__}({', '.join(parts)})"


def residues(letters: str, positions: np.ndarray, proteins: Sequence[str]) -> Residues:
    """Residues of R's labels; their class is no public name of its own."""
    places = np.asarray(positions, dtype=np.int64)
    return Residues(letters.upper(), places, np.array(proteins, dtype=object))


def alignment(sequences: Sequence[str], names: Sequence[str], **named: Any) -> Any:
    """Aligned sequences in R's memory, by the rules for files."""
    from seqgen.io.alignments import read_alignment

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "alignment"
        rows = (f">{name}\n{row}\n" for name, row in zip(names, sequences, strict=True))
        path.write_text("".join(rows), encoding="utf-8")
        try:
            found = build(read_alignment, {"path": str(path), **named})
        except InputError as error:
            raise InputError(str(error).replace(str(path), "sequences")) from error
    return dataclasses.replace(found, source="sequences")


def versions() -> dict[str, str]:
    """Python, seqgen and what it stands on."""
    found = {"python": sys.version.split()[0], "executable": sys.executable}
    found["seqgen"] = seqgen.__version__
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    if found["torch"] != "not installed":
        found["gpu"] = import_module("seqgen.models.devices").gpu()
    found["compiled"] = "yes" if import_module("seqgen.native").available() else "no"
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
    ".alignment": alignment,
    ".attribute": attribute,
    ".call": call_method,
    ".echo": lambda value: value,
    ".example": example,
    ".frame": frame,
    ".held": handles.held,
    ".names": names,
    ".public": lambda: list(seqgen.__all__),
    ".repr": text,
    ".residues": residues,
    ".talk": talk,
    ".versions": versions,
    **PLOTS,
}
