"""What plots of a locus show: its variants, their names, colours and credible sets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from seqgen.errors import InputError, require_type
from seqgen.plots.style import GREY, LD_CLASSES, SET_COLOURS

_MOST_LABELS = 24
_PERFECT = 0.9999
_PLAIN_CLAIM = 0.5
_MOST_NAMES, _WORTH_NAMING = 6, 0.1
#: Columns that plots do without, and what stands for them.
_ABSENT: dict[str, Any] = {
    "chrom": None, "rsid": None, "gene": None, "residue_change": None, "r_lead": np.nan,
    "ld_consistent": True, "pip": 0.0, "pip_flat": 0.0, "pip_plain": np.nan, "cs_id": pd.NA,
    "cs_id_flat": pd.NA,
}  # fmt: skip


def locus_rows(variants: pd.DataFrame, needed: Sequence[str]) -> pd.DataFrame:
    """Rows of one locus with every column that plots may use; what is not known is empty.

    Raises
    ------
    InputError
        If a column is missing or empty, or there is no row, or rows are of several loci.
    """
    require_type(variants, pd.DataFrame, "variants",
                 remedy="rows of one locus of the variants table")  # fmt: skip
    for column in ("pos", *needed):
        if column not in variants:
            raise InputError(
                f"variants have no column {column!r}; found {', '.join(map(str, variants))}"
            )
        if variants[column].isna().any():
            raise InputError(
                f"variants: {int(variants[column].isna().sum())} of {len(variants)} rows have no "
                f"{column!r}; leave them out"
            )
    if variants.empty:
        raise InputError("variants have no row; expected those of one locus")
    for column in ("locus", "chrom"):
        found = variants[column].unique().tolist() if column in variants else []
        if len(found) > 1:
            raise InputError(
                f"variants are of {len(found)} values of {column!r} ({found[0]}, {found[1]}, "
                "...); expected rows of one locus; take these first"
            )
    absent = {name: value for name, value in _ABSENT.items() if name not in variants}
    return variants.assign(**absent).reset_index(drop=True)


def plain_claims(variants: pd.DataFrame) -> np.ndarray:
    """Which variants the fit without panel correction would claim, shape (p,)."""
    return (variants["pip_plain"] >= _PLAIN_CLAIM).to_numpy(dtype=bool)


def position_title(variants: pd.DataFrame) -> str:
    """What the axis of positions is called."""
    chrom = variants["chrom"].iloc[0]
    return "Position (Mb)" if pd.isna(chrom) else f"Position on chromosome {chrom} (Mb)"


def set_colours(variants: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Colour of each variant by its informed and by its flat credible set.

    Returns
    -------
    tuple of two ndarray of str, shape (p,)
    """
    informed, flat = variants["cs_id"], variants["cs_id_flat"]
    named = {k: SET_COLOURS[i % len(SET_COLOURS)] for i, k in enumerate(set_numbers(informed))}
    shared = pd.crosstab(flat.dropna(), informed.dropna())
    chosen: dict[int, str] = {}
    fresh = len(named)
    for number in set_numbers(flat):
        row = shared.loc[number] if number in shared.index else None
        colour = (
            None
            if row is None
            else named[int(shared.columns.tolist()[int(row.to_numpy().argmax())])]
        )
        if colour is not None and colour not in chosen.values():
            chosen[number] = colour
        else:
            chosen[number] = SET_COLOURS[fresh % len(SET_COLOURS)]
            fresh += 1
    return tuple(
        np.array([GREY if pd.isna(k) else names[int(k)] for k in ids], dtype=object)
        for ids, names in ((informed, named), (flat, chosen))
    )  # type: ignore[return-value]


def set_numbers(ids: pd.Series) -> list[int]:
    """Numbers of the credible sets there are."""
    return sorted(int(k) for k in ids.dropna().unique())


def megabases(variants: pd.DataFrame) -> np.ndarray:
    """Positions, shape (p,)."""
    return variants["pos"].to_numpy(dtype=float) / 1e6


def is_missense(variants: pd.DataFrame) -> np.ndarray:
    """Which variants change a residue, shape (p,)."""
    return variants["residue_change"].notna().to_numpy(dtype=bool)


def lead_index(variants: pd.DataFrame) -> int:
    """Row of smallest p among those in perfect LD with the lead; the lead itself, that is."""
    strength = variants["neg_log10_p"].to_numpy()
    perfect = np.abs(variants["r_lead"].to_numpy()) > _PERFECT
    return int(np.where(perfect, strength, -1.0).argmax() if perfect.any() else strength.argmax())


def ld_colours(r: np.ndarray) -> np.ndarray:
    """Colour of each variant by its LD with the lead, shape (p,)."""
    colours = np.full(len(r), GREY, dtype=object)
    for low, high, colour, _ in LD_CLASSES:
        colours[(r**2 >= low) & (r**2 < high)] = colour
    return colours


def tallest(heights: np.ndarray, place: np.ndarray) -> list[int]:
    """Rows of the tallest stems that can be named without their names meeting.

    ``place`` is where along the axis each stands, from 0 to 1.
    """
    taken: list[int] = []
    for k in np.argsort(-np.abs(heights), kind="stable")[:_MOST_NAMES].tolist():
        near = [
            abs(heights[j] - heights[k]) < 0.15 for j in taken if abs(place[j] - place[k]) < 0.3
        ]
        if abs(heights[k]) >= _WORTH_NAMING and not any(near):
            taken.append(k)
    return taken


def named_at_left(k: int, heights: np.ndarray, place: np.ndarray) -> bool:
    """Whether the name of a stem had better stand at its left: fewer stems cross it there."""
    if not 0.28 <= place[k] <= 0.72:
        return bool(place[k] > 0.72)
    crossing = heights * np.sign(heights[k]) > abs(heights[k]) - 0.04
    away = place - place[k]
    left, right = (crossing & (away < 0) & (away > -0.28), crossing & (away > 0) & (away < 0.28))
    return bool(left.sum() < right.sum())


def short_name(row: pd.Series) -> str:
    """Residue change, rsID or position: the shortest name that tells variants apart here."""
    for key in ("residue_change", "rsid"):
        if pd.notna(row[key]):
            return str(row[key])
    return _place(row)


def _place(row: pd.Series) -> str:
    place = f"{row['pos']:.0f}"
    return place if pd.isna(row["chrom"]) else f"{row['chrom']}:{place}"


def locus_labels(variants: pd.DataFrame) -> list[tuple[int, str, bool]]:
    """Row, text and whether it is the lead, for the lead and the residue changes."""
    lead, changed = lead_index(variants), is_missense(variants)
    weight = np.where(changed, 1 + variants["pip"].to_numpy(), 0.0)
    weight += variants["neg_log10_p"].to_numpy() / (1e3 + variants["neg_log10_p"].max())
    weight[lead] = np.inf
    chosen = [k for k in np.argsort(-weight, kind="stable")[:_MOST_LABELS] if weight[k] >= 1]
    out = []
    for k in chosen:
        row = variants.iloc[int(k)]
        text = f"{_text(row['gene'])} {row['residue_change']}".strip() if changed[k] else ""
        if k == lead:
            own = row["rsid"] if pd.notna(row["rsid"]) else _place(row)
            text = f"{text} ({own}, lead)" if text else f"{own} (lead)"
        out.append((int(k), text, bool(k == lead)))
    return out


def _text(value: object) -> str:
    return "" if pd.isna(value) else str(value)  # type: ignore[call-overload]
