"""Potts models as files: safetensors, with the letters, residues and settings beside the arrays."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from seqgen.alignment import Residues
from seqgen.errors import InputError, ModelError, OutputError
from seqgen.models.potts import PottsModel

FORMAT = "seqgen-potts-1"

_HEADER = 1 << 22  # the numbering of 100,000 residues fits


def save_potts(model: PottsModel, path: str | Path) -> None:
    """Write a model to one safetensors file, whole or not at all.

    Parameters
    ----------
    model : PottsModel
    path : path-like
        A file that is there is replaced.

    Raises
    ------
    OutputError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> model = PottsModel("ACDEFGHIKLMNPQRSTVWY", np.zeros((2, 20)), None,
    ...                    Residues.of_protein("MK", "P1"))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_potts(model, folder + "/p1.potts")
    ...     load_potts(folder + "/p1.potts").revision == model.revision
    True
    """
    from safetensors.numpy import save_file

    path = Path(path).expanduser()
    arrays = {"fields": model.fields}
    if model.couplings is not None:
        arrays["couplings"] = model.couplings
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        os.close(handle)
        save_file(arrays, temporary, metadata=_metadata(model))
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except (OSError, _safetensors_error()) as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        raise OutputError(
            f"{path}: the model cannot be written ({error}); name a file in a folder you may "
            "write to, with room"
        ) from error


def load_potts(path: str | Path) -> PottsModel:
    """Read a model that `save_potts` wrote; its content never runs as code.

    Raises
    ------
    ModelError
        If the file is missing, damaged, or no Potts model of seqgen.
    """
    from safetensors import safe_open

    path = Path(path).expanduser()
    if not path.is_file():
        raise ModelError(f"{path}: no such file; expected a Potts model that seqgen saved")
    try:
        with safe_open(path, framework="numpy") as handle:
            told = handle.metadata() or {}
            arrays = {name: handle.get_tensor(name) for name in handle.keys()}  # noqa: SIM118
    except (OSError, _safetensors_error()) as error:
        raise ModelError(
            f"{path}: damaged or cut short, {path.stat().st_size:,} bytes ({error}); save the "
            "model again"
        ) from error
    if told.get("format") != FORMAT:
        raise ModelError(
            f"{path}: format is {told.get('format')!r}; expected {FORMAT!r}, a Potts model that "
            "seqgen saved"
        )
    return _model(path, told, arrays)


def is_potts_file(path: Path) -> bool:
    """Whether a file says at its beginning that it is a saved Potts model."""
    try:
        with path.open("rb") as handle:
            return FORMAT.encode() in handle.read(_HEADER)
    except OSError:
        return False


def _metadata(model: PottsModel) -> dict[str, str]:
    residues = model.residues
    return {
        "format": FORMAT,
        "name": model.name,
        "letters": model.letters,
        "revision": model.revision,
        "residues": json.dumps({
            "letters": residues.letters,
            "positions": residues.positions.tolist(),
            "proteins": [str(name) for name in residues.proteins],
        }),
        "settings": json.dumps(model.settings, default=_plain, sort_keys=True),
    }  # fmt: skip


def _model(path: Path, told: dict[str, str], arrays: dict[str, np.ndarray]) -> PottsModel:
    try:
        told_residues = json.loads(told["residues"])
        residues = Residues(
            told_residues["letters"],
            np.array(told_residues["positions"], dtype=np.int64),
            np.array(told_residues["proteins"], dtype=object),
        )
        model = PottsModel(
            told["letters"], arrays["fields"], arrays.get("couplings"), residues,
            name=told["name"], settings=json.loads(told["settings"]),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, InputError) as error:
        raise ModelError(
            f"{path}: not a whole Potts model ({type(error).__name__}: {error}); save it again"
        ) from error
    if model.revision != told.get("revision"):
        raise ModelError(
            f"{path}: content has revision {model.revision}; its header says "
            f"{told.get('revision')}: the file was altered; save the model again"
        )
    return model


def _plain(value: Any) -> Any:
    """Numbers and arrays of NumPy as those of Python, for JSON."""
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    raise TypeError(f"settings hold {value!r}; expected numbers, text, lists or mappings")


def _umask() -> int:
    """The process's mask of permissions, which can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _safetensors_error() -> type[Exception]:
    from safetensors import SafetensorError

    return SafetensorError
