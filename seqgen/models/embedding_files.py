"""Vectors of residues as one safetensors file, written as they come."""

from __future__ import annotations

import json
import os
import secrets
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

import numpy as np

from seqgen.errors import InputError, MissingFileError, OutputError


class EmbeddingWriter:
    """Writes one float32 tensor per protein, in an order told beforehand.

    The header of a safetensors file comes first and tells where each tensor lies; lengths are
    known before, the width with the first tensor. The file gets its name when it is whole.

    Parameters
    ----------
    path : path
    lengths : mapping of str to int
        Residues of each protein, in the order of writing.
    told : mapping of str to str
        Kept in the header.
    """

    def __init__(
        self, path: str | os.PathLike[str], lengths: Mapping[str, int], told: Mapping[str, str]
    ) -> None:
        self._path = Path(path).expanduser()
        self._lengths, self._told = dict(lengths), dict(told)
        self._order = list(lengths)
        self._written = 0
        self._beside = self._path.with_name(f".{self._path.name}.{secrets.token_hex(4)}")

    def __enter__(self) -> Self:
        try:
            self._handle = self._beside.open("wb")
        except OSError as error:
            raise self._failed(error) from error
        return self

    def add(self, name: str, rows: np.ndarray) -> None:
        """Write the next tensor, (length, width).

        Raises
        ------
        OutputError
            If there is no room.
        """
        assert name == self._order[self._written], "tensors come in the order told"
        assert len(rows) == self._lengths[name], "a row for each residue"
        try:
            if not self._written:
                self._handle.write(self._header(rows.shape[1]))
            self._handle.write(np.ascontiguousarray(rows, dtype="<f4").tobytes())
        except OSError as error:
            raise self._failed(error) from error
        self._written += 1

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        try:
            self._handle.close()
            if kind is None:
                assert self._written == len(self._order), "all tensors were written"
                os.replace(self._beside, self._path)
        except OSError as failed:
            raise self._failed(failed) from failed
        finally:
            self._beside.unlink(missing_ok=True)

    def _header(self, width: int) -> bytes:
        header: dict[str, object] = {"__metadata__": {"format": "seqgen-residues-1", **self._told}}
        at = 0
        for name, length in self._lengths.items():
            end = at + 4 * length * width
            header[name] = {"dtype": "F32", "shape": [length, width], "data_offsets": [at, end]}
            at = end
        text = json.dumps(header, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 8)
        return struct.pack("<Q", len(text)) + text

    def _failed(self, error: OSError) -> OutputError:
        return OutputError(
            f"{self._path}: the embeddings cannot be written ({error}); name a file in a folder "
            "you may write to, with room"
        )


def read_embeddings(
    path: str | os.PathLike[str], names: Sequence[str] | None = None
) -> dict[str, np.ndarray]:
    """Tensors of a file by name; all, or those that are wanted.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If the file is damaged or lacks a name.
    """
    from safetensors import SafetensorError, safe_open

    path = Path(path).expanduser()
    if not path.is_file():
        raise MissingFileError(f"{path}: no such file; expected what embed_residues wrote")
    try:
        with safe_open(path, framework="numpy") as handle:
            there = list(handle.keys())
            missing = [name for name in names or () if name not in there]
            if missing:
                raise InputError(
                    f"{path}: holds no {missing[0]!r}; it has {len(there)} proteins, such as "
                    f"{', '.join(map(repr, there[:3]))}"
                )
            return {name: handle.get_tensor(name) for name in (there if names is None else names)}
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path}: damaged or cut short ({error}); write it again") from error
