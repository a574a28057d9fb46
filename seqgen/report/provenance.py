"""What was run, as rows of a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seqgen.report import numbers

_SHOWN_ELSEWHERE = {"command", "inputs", "model_card", "published_scores"}
_NAMES = {
    "seqgen_version": "seqgen",
    "created": "created",
    "seed": "seed",
    "genome_build": "genome build",
    "model": "model",
    "panel": "LD panel",
    "parameters": "parameters",
    "packages": "packages",
}


def provenance_rows(provenance: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Name and value of each entry, the known ones first; nested entries on one line.

    Parameters
    ----------
    provenance : mapping
        As for :func:`seqgen.report.write_report`.

    Returns
    -------
    list of (name, value)
    """
    order = [key for key in _NAMES if key in provenance]
    order += [key for key in provenance if key not in _NAMES and key not in _SHOWN_ELSEWHERE]
    names = {**_NAMES, "panel": "LD matrix"} if from_matrix(provenance) else _NAMES
    rows = [(names.get(key, key.replace("_", " ")), _flat(provenance[key])) for key in order]
    return [(name, value) for name, value in rows if value != numbers.MISSING]


def from_matrix(provenance: Mapping[str, Any]) -> bool:
    """Whether LD came from matrices that were computed before, not from a panel's genotypes."""
    return bool((provenance.get("parameters") or {}).get("ld"))


def ld_words(provenance: Mapping[str, Any]) -> str:
    """What sentences call the LD of a run."""
    return "the LD matrix" if from_matrix(provenance) else "the panel's LD"


def published_columns(provenance: Mapping[str, Any]) -> tuple[str, ...]:
    """Columns of the table ``variants`` that hold published scores."""
    return tuple(str(one["column"]) for one in provenance.get("published_scores") or ())


def _flat(value: Any) -> str:
    """A value on one line: mappings as 'key value, key value', sequences with commas."""
    if isinstance(value, Mapping):
        parts = [f"{key} {_flat(item)}" for key, item in value.items() if item is not None]
        return ", ".join(parts) or numbers.MISSING
    if isinstance(value, list | tuple):
        return ", ".join(_flat(item) for item in value) or numbers.MISSING
    return numbers.text(value)
