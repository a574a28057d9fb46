"""Couplings on disk: the table of pairs, with what the matrix needs in its provenance."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from seqgen.alignment import Residues
from seqgen.errors import InputError, require_type
from seqgen.io.tables import read_provenance, read_table, write_table
from seqgen.results import COUPLING_ARRAYS, Couplings
from seqgen.schemas import COUPLINGS

_KEY = "couplings"


def write_couplings(
    couplings: Couplings,
    path: str | os.PathLike[str],
    *,
    provenance: Mapping[str, Any] | None = None,
) -> Path:
    """Write all pairs as a table, `seqgen.schemas.COUPLINGS`, the highest score first.

    Residues, notices and diagnostics travel in the provenance, so that `read_couplings` gives
    the matrix back.

    Parameters
    ----------
    couplings : Couplings
    path : path
        ``.parquet``, ``.tsv``, ``.tsv.gz``, ``.csv`` or ``.csv.gz``.
    provenance : mapping, optional
        More to keep, such as the command.

    Returns
    -------
    Path

    Raises
    ------
    InputError
        If the kind of file is unknown.
    OutputError
        If it cannot be written.
    """
    expected = "Couplings, as infer_couplings gives them; write_table takes tables"
    require_type(couplings, Couplings, "couplings", remedy=expected)
    frame = couplings.to_frame()
    told = {
        "pairs": len(frame),
        "method": couplings.method,
        "symmetric": couplings.symmetric,
        "rows": _as_text(couplings.rows),
        "columns": _as_text(couplings.columns),
        "notices": list(couplings.notices),
        "diagnostics": _plain(couplings.diagnostics),
    }
    return write_table(frame, path, schema=COUPLINGS, provenance={**(provenance or {}), _KEY: told})


def read_couplings(path: str | os.PathLike[str]) -> Couplings:
    """Couplings as `write_couplings` wrote them.

    Parameters
    ----------
    path : path

    Returns
    -------
    Couplings
        Pairs without a score are NaN.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If it is no table of couplings, its provenance is gone, or it has lost pairs.
    """
    table = read_table(path, COUPLINGS)
    told = (read_provenance(path) or {}).get(_KEY)
    if not told:
        raise InputError(
            f"{path}: the residues of the matrix are not in its provenance; expected a file of "
            "write_couplings (of a text table, with its .provenance.json). read_table gives the "
            "pairs alone"
        )
    # Files of before this was kept have no count.
    if told.get("pairs", len(table)) != len(table):
        raise InputError(
            f"{path}: holds {len(table):,} pairs, and {told['pairs']:,} were written; the file "
            "was cut or changed: fetch or write it again. read_table gives the pairs alone"
        )
    rows = _from_text(told["rows"])
    columns = rows if told["symmetric"] else _from_text(told["columns"])
    i = rows.places(table["protein_1"], table["position_1"])
    j = columns.places(table["protein_2"], table["position_2"])
    if (i < 0).any() or (j < 0).any():
        raise InputError(
            f"{path}: a pair names a residue that is not among those of its provenance; the table "
            "was changed: write it again"
        )
    arrays: dict[str, Any] = {}
    for name in ("score", *COUPLING_ARRAYS):
        values = table[name].to_numpy(dtype=float)
        matrix = np.full((len(rows), len(columns)), np.nan)
        matrix[i, j] = values
        if told["symmetric"]:
            matrix[j, i] = values
        arrays[name] = None if name != "score" and np.isnan(values).all() else matrix
    scores = arrays.pop("score")
    return Couplings(
        scores, rows, columns, told["method"], notices=tuple(told["notices"]),
        diagnostics=told["diagnostics"], **arrays,
    )  # fmt: skip


def _as_text(residues: Residues) -> dict[str, Any]:
    return {
        "letters": residues.letters,
        "positions": residues.positions.tolist(),
        "proteins": residues.proteins.tolist(),
    }


def _from_text(told: Mapping[str, Any]) -> Residues:
    return Residues(
        told["letters"],
        np.array(told["positions"], dtype=np.int64),
        np.array(told["proteins"], dtype=object),
    )


def _plain(value: Any) -> Any:
    """Mappings, lists and numbers that JSON can hold."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, np.generic):
        return value.item()
    return value if isinstance(value, str | int | float | bool | None) else str(value)
