"""Regressions from attention maps to contacts on disk, as JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from seqgen.errors import InputError
from seqgen.io.tables import existing_file, write_json

_FORMAT = "seqgen attention contacts"


def write_attention_contacts(told: Mapping[str, Any], path: str | os.PathLike[str]) -> Path:
    """Write a fitted regression, whole or not at all.

    Parameters
    ----------
    told : mapping
        What `seqgen.couplings.attention.AttentionContacts.to_dict` gives.
    path : path
        A file that is there is replaced.

    Returns
    -------
    Path

    Raises
    ------
    InputError
        If ``told`` is something else.
    OutputError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> told = {"format": "seqgen attention contacts 1", "coefficients": [0.5]}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = write_attention_contacts(told, folder + "/contacts.json")
    ...     read_attention_contacts(path) == told
    True
    """
    if not str(told.get("format")).startswith(_FORMAT):
        raise InputError(
            f"told has the format {told.get('format')!r}; expected what AttentionContacts.to_dict "
            "gives"
        )
    return write_json(path, dict(told))


def read_attention_contacts(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What `write_attention_contacts` wrote, for `AttentionContacts.from_dict`.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If it holds something else.
    """
    content = existing_file(path).read_bytes()
    try:
        told = json.loads(content)
    except ValueError as error:
        raise InputError(f"{path}: not readable as JSON ({error}); write it again") from error
    if not isinstance(told, dict) or not str(told.get("format")).startswith(_FORMAT):
        raise InputError(
            f"{path}: not readable as attention contacts; expected a file of "
            "write_attention_contacts"
        )
    return told
