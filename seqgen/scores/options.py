"""Arguments that all scores share, checked, and what is told with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from seqgen.errors import InputError
from seqgen.models.protocol import SequenceModel
from seqgen.schemas import AMINO_ACIDS


def checked_window(
    model: SequenceModel, window: int | None, overlap: int | None
) -> tuple[int, int]:
    """Window and overlap in residues, defaults filled in.

    Raises
    ------
    InputError
        If the model does not take as many residues, or the overlap is no less than the window.
    """
    window = model.max_length if window is None else window
    if not 2 <= window <= model.max_length:
        raise InputError(
            f"window is {window}; expected 2 to {model.max_length}, the most residues that model "
            f"{model.name!r} takes"
        )
    overlap = window // 2 if overlap is None else overlap
    if not 0 <= overlap < window:
        raise InputError(f"overlap is {overlap}; expected 0 to {window - 1}, less than the window")
    return window, overlap


def check_methods(methods: Sequence[str], known: Sequence[str]) -> None:
    """Refuse methods that are not among the known ones, come twice, or are none.

    Raises
    ------
    InputError
        Naming those that are known.
    """
    unknown = [method for method in methods if method not in known]
    if isinstance(methods, str) or unknown or not methods or len(set(methods)) < len(methods):
        raise InputError(f"methods is {methods!r}; expected a list out of {', '.join(known)}")


def require_protein_model(model: SequenceModel) -> None:
    """Refuse a model of DNA.

    Raises
    ------
    InputError
        If the model's letters are not the 20 residues.
    """
    if set(model.alphabet) != set(AMINO_ACIDS):
        raise InputError(
            f"model {model.name!r} reads {model.alphabet!r}; expected a protein model; score "
            "variants of DNA with score_dna_variants"
        )


def arithmetic(model: SequenceModel) -> dict[str, Any]:
    """Precision and runtime of a network, as far as the model is one; of an ensemble, by member."""
    if hasattr(model, "models"):
        return {
            "members": [
                {"name": one.name, "revision": one.revision, **arithmetic(one)}
                for one in model.models
            ]
        }
    named = {name: getattr(model, name, None) for name in ("dtype", "runtime")}
    return {name: value for name, value in named.items() if value is not None}


def score_attributes(model: SequenceModel, methods: Sequence[str]) -> dict[str, Any]:
    """What a table of scores says of its column, kept in its ``attrs`` and in Parquet files."""
    return {
        "log_lik_ratio": {
            "model": model.name,
            "source": getattr(model, "source", model.name),
            "revision": model.revision,
            **arithmetic(model),
            "methods": list(methods),
            "unit": "natural log",
            "sign": "alternative over reference; negative: less likely than the reference",
        }
    }
