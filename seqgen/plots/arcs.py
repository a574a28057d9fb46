"""Arcs: the strongest couplings drawn along the sequence, or between two sequences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.patches import FancyBboxPatch
from matplotlib.ticker import MaxNLocator

from seqgen.errors import InputError
from seqgen.plots.labels import SIZE, spread, text_width
from seqgen.plots.pairs import (
    CUTOFF,
    KINDS,
    ROUND,
    axes_size,
    nothing_to_show,
    require_couplings,
    strongest,
)
from seqgen.plots.style import INK, RULE, SOFT, SPINE, literal, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from seqgen.alignment import Residues
    from seqgen.results import Couplings
    from seqgen.structure import ResidueDistances

_DASHES: dict[str, Any] = {
    "contact": "-",
    "plain": "-",
    "apart": (0, (4, 2)),
    "unseen": (0, (1, 1.2)),
}
_BAR, _STEM, _TEXT = 12.0, 15.0, 44.0
_LINE = 11.5
_FILL = "#eceef1"
_WIDE, _RIGHT, _HIGH, _LONGEST = 5.7, 2.15, (3.3, 5.6), 24
_EDGE = 8.0


def plot_arcs(
    couplings: Couplings, *, distances: ResidueDistances | np.ndarray | None = None,
    top: int = 20, cutoff: float = CUTOFF, min_separation: int = 6, ax: Axes | None = None,
) -> Axes:  # fmt: skip
    """The strongest couplings as arcs over the sequence, or as bands between two sequences.

    Residues are named below their ends, and the pairs are listed at the right, the strongest
    first. Whole lines are contacts of the structure, dashed ones are none, dotted ones have no
    coordinates; the wider a line, the higher the score.

    Parameters
    ----------
    couplings : Couplings
        Of one protein, or of two (see `Couplings.between`).
    distances : ResidueDistances or ndarray, shape (L1, L2), optional
        Of the same residues, in ångström; NaN where unknown.
    top : int
        How many pairs.
    cutoff : float
        Pairs closer than this are contacts, in ångström.
    min_separation : int
        Least distance in positions within a protein.
    ax : matplotlib.axes.Axes, optional
        By default those of a new figure; the list stands at their right.

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        If the couplings are of more than one protein a side, ``top`` is below 1, or
        ``distances`` have another shape.

    Examples
    --------
    >>> import numpy as np
    >>> from seqgen.alignment import Residues
    >>> from seqgen.results import Couplings
    >>> residues = Residues.of_protein("MKVLAGHEWDMKVLAGHEWD", "P1")
    >>> scores = np.random.default_rng(1).normal(size=(20, 20))
    >>> ax = plot_arcs(Couplings(scores + scores.T, residues, residues, "plm"), top=3)
    >>> len(ax.lines) > 3
    True
    """
    require_one_protein_a_side(couplings)
    pairs = strongest(couplings, top, distances=distances, cutoff=cutoff,
                      min_separation=min_separation)  # fmt: skip
    if ax is None:
        ax = _new_axes(couplings, len(pairs))
    ax.set_axis_off()
    if pairs.empty:
        return nothing_to_show(ax, couplings)
    width, height = axes_size(ax)
    ax.set_xlim(0, width)
    ax.set_ylim(0, height)
    pairs = pairs.assign(width=line_widths(pairs["score"].to_numpy()))
    if within(couplings):
        _one_track(ax, couplings.rows, pairs)
    else:
        _two_tracks(ax, couplings, pairs)
    apart = min_separation if within(couplings) and min_separation > 1 else 0
    _list_pairs(ax, pairs, couplings.method, apart=apart)
    return ax


def require_one_protein_a_side(couplings: Couplings) -> None:
    """Refuse couplings whose rows or columns are of several proteins.

    Raises
    ------
    InputError
        If they are, or if these are no couplings.
    """
    require_couplings(couplings)
    for side, residues in (("rows", couplings.rows), ("columns", couplings.columns)):
        if len(residues.names) > 1:
            raise InputError(
                f"couplings: the {side} are of {len(residues.names)} proteins "
                f"({', '.join(map(repr, residues.names))}); take two with couplings.between"
            )


def _new_axes(couplings: Couplings, count: int) -> Axes:
    """Axes of a new figure with room for the names at the left and the list at the right."""
    names = [short(name) for name in (*couplings.rows.names, *couplings.columns.names)]
    left = max([text_width(name) * 1.1 / 72 for name in names], default=0) + 0.22
    high = float(np.clip((count + 9) * _LINE / 72, *_HIGH))
    figure = new_figure(left + _WIDE + _RIGHT, high + 0.3)
    wide, tall = figure.get_size_inches()
    return figure.add_axes((left / wide, 0.15 / tall, _WIDE / wide, high / tall))


def short(name: str) -> str:
    """A name short enough to stand beside a bar."""
    return name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…"


def within(couplings: Couplings) -> bool:
    """Whether the couplings are of one protein with itself."""
    return couplings.symmetric or couplings.rows.names == couplings.columns.names


def line_widths(scores: np.ndarray) -> np.ndarray:
    """Widths of lines in points, by score."""
    reach = np.ptp(scores)
    share = (scores - scores.min()) / reach if reach > 0 else np.ones(len(scores))
    return 0.9 + 1.5 * share


# --- tracks; coordinates are points ---------------------------------------------------------


def _one_track(ax: Axes, residues: Residues, pairs: pd.DataFrame) -> None:
    width, height = axes_size(ax)
    low, high = int(residues.positions.min()), int(residues.positions.max())
    per_residue = (width - 2 * _EDGE) / (high - low + 1)
    bottom = _STEM + _TEXT
    base = bottom + _BAR
    first, second = (_EDGE + (pairs[f"position_{k}"].to_numpy() - low + 0.5) * per_residue
                     for k in (1, 2))  # fmt: skip
    span = np.abs(second - first)
    rise = np.minimum((height - base - 6) * (span / span.max()) ** 0.75, 0.9 * span + 8)
    turn = np.linspace(0, np.pi, 80)
    for k in reversed(range(len(pairs))):
        x = (first[k] + second[k]) / 2 - np.cos(turn) * (second[k] - first[k]) / 2
        _line(ax, x, base + rise[k] * np.sin(turn), pairs.iloc[k])
    _bar(ax, residues, start=_EDGE, per_residue=per_residue, bottom=bottom)
    names = [residue(row, side) for row in pairs.to_dict("records") for side in (1, 2)]
    _name(ax, np.column_stack([first, second]).ravel(), names, at=bottom, down=True)


def _two_tracks(ax: Axes, couplings: Couplings, pairs: pd.DataFrame) -> None:
    """Rows above, columns below, on one scale; the shorter one in the middle."""
    width, height = axes_size(ax)
    sides = (couplings.rows, couplings.columns)
    lengths = [int(np.ptp(residues.positions)) + 1 for residues in sides]
    per_residue = (width - 2 * _EDGE) / max(lengths)
    bottoms = (height - _STEM - _TEXT - _BAR, _STEM + _TEXT)
    places = []
    for k, (residues, length, bottom) in enumerate(zip(sides, lengths, bottoms, strict=True)):
        start = _EDGE + (max(lengths) - length) / 2 * per_residue
        low = int(residues.positions.min())
        x = start + (pairs[f"position_{k + 1}"].to_numpy() - low + 0.5) * per_residue
        places.append(x)
        _bar(ax, residues, start=start, per_residue=per_residue, bottom=bottom)
        names = [residue(row, k + 1) for row in pairs.to_dict("records")]
        _name(ax, x, names, at=bottom + (0 if k else _BAR), down=bool(k))
    t = np.linspace(0, 1, 60)
    ease = t * t * (3 - 2 * t)
    high, low_y = bottoms[0], bottoms[1] + _BAR
    for k in reversed(range(len(pairs))):
        x = places[0][k] + (places[1][k] - places[0][k]) * ease
        _line(ax, x, high + (low_y - high) * t, pairs.iloc[k])


def _line(ax: Axes, x: np.ndarray, y: np.ndarray, pair: pd.Series) -> None:
    ax.plot(x, y, color=KINDS[pair["kind"]][0], linewidth=pair["width"], alpha=0.9,
            linestyle=_DASHES[pair["kind"]], solid_capstyle="round", zorder=2)  # fmt: skip


def _bar(ax: Axes, residues: Residues, *, start: float, per_residue: float, bottom: float) -> None:
    """The sequence: a bar with round positions in it, and the protein's name before it."""
    low, high = int(residues.positions.min()), int(residues.positions.max())
    wide = (high - low + 1) * per_residue
    shape = "round,pad=0,rounding_size=2"
    ax.add_patch(FancyBboxPatch((start, bottom), wide, _BAR, boxstyle=shape, facecolor=_FILL,
                                edgecolor=RULE, linewidth=0.6, zorder=3))  # fmt: skip
    most = int(np.clip(wide / 45, 2, 12))
    for value in MaxNLocator(most, integer=True, steps=ROUND).tick_values(low, high):
        x = start + (value - low + 0.5) * per_residue
        half = text_width(f"{value:.0f}") / 2
        if start + half <= x <= start + wide - half:
            ax.text(x, bottom + _BAR / 2, f"{value:.0f}", ha="center", va="center_baseline",
                    fontsize=7, color=SOFT, zorder=4)  # fmt: skip
    name = residues.names[0]
    if name:
        ax.text(start - 5, bottom + _BAR / 2, literal(short(name)), fontsize=8.5, color=INK,
                ha="right", va="center_baseline")  # fmt: skip


def residue(pair: Mapping[Any, Any], side: int) -> str:
    """The name of one residue of a pair, such as K158."""
    letter = pair[f"residue_{side}"]
    return f"{'' if letter == '-' else letter}{pair[f'position_{side}']}"


def _name(ax: Axes, x: np.ndarray, names: list[str], *, at: float, down: bool) -> None:
    """Upright names of residues side by side, each once; where room ends, the weakest go."""
    width, _ = axes_size(ax)
    room = SIZE * 1.28
    kept: dict[str, float] = {}
    for name, place in zip(names, x.tolist(), strict=True):
        if len(kept) < (width + 2 * _EDGE) // room:
            kept.setdefault(name, place)
    ordered = sorted(kept.items(), key=lambda item: item[1])
    wanted = np.array([place for _, place in ordered])
    placed = spread(wanted, np.full(len(ordered), room), low=-_EDGE, high=width + _EDGE)
    sign = -1 if down else 1
    for (text, place), moved in zip(ordered, placed, strict=True):
        ax.plot([place, place, moved], [at, at + sign * 3, at + sign * (_STEM - 2)], color=SPINE,
                linewidth=0.6, clip_on=False, zorder=1)  # fmt: skip
        ax.text(moved, at + sign * _STEM, literal(text), rotation=90, ha="center",
                va="top" if down else "bottom", fontsize=SIZE, color=INK)  # fmt: skip


# --- the list -------------------------------------------------------------------------------


def _list_pairs(ax: Axes, pairs: pd.DataFrame, method: str, *, apart: int) -> None:
    """Pairs by rank at the right, as many as there is room for, over the key to the lines."""
    _, height = axes_size(ax)
    key = [kind for kind in KINDS if (pairs["kind"] == kind).any() and kind != "plain"]
    room = int(height // _LINE) - 3 - bool(apart) - (len(key) + 1 if key else 0)
    shown = pairs if len(pairs) <= room else pairs.head(max(room - 1, 1))
    value, unit = value_column(pairs)
    _write(ax, 0, 16.0, f"Top {len(pairs)} by {method}", colour=INK)
    if apart:
        _write(ax, 1, 16.0, f"at least {apart} positions apart", colour=SOFT)
    head = 2 if apart else 1
    _write(ax, head, 34.0, "pair", colour=SOFT)
    _write(ax, head, 142.0, unit, colour=SOFT, right=True)
    for k, pair in enumerate(shown.to_dict("records"), start=head + 1):
        colour = KINDS[pair["kind"]][0]
        _write(ax, k, 28.0, str(k - head), colour=SOFT, right=True)
        _write(ax, k, 34.0, f"{residue(pair, 1)}–{residue(pair, 2)}", colour=colour)
        _write(ax, k, 142.0, value[k - head - 1], colour=INK, right=True)
    line = len(shown) + head + 1
    if len(shown) < len(pairs):
        _write(ax, line, 34.0, f"and {len(pairs) - len(shown)} more", colour=SOFT)
        line += 1
    for k, kind in enumerate(key, start=line):
        colour, _, text = KINDS[kind]
        y = height - (k + 0.5) * _LINE - 3
        ax.add_line(Line2D([_right(ax, 16), _right(ax, 34)], [y, y], color=colour, linewidth=1.6,
                           linestyle=_DASHES[kind], clip_on=False))  # fmt: skip
        count = int((pairs["kind"] == kind).sum())
        _write(ax, k, 40.0, f"{text} ({count})", colour=INK, lower=3)


def value_column(pairs: pd.DataFrame) -> tuple[list[str], str]:
    """What is told of each pair: its distance, else its probability, else its score."""
    if np.isfinite(pairs["distance"]).any():
        told = ["–" if np.isnan(value) else f"{value:.1f} Å" for value in pairs["distance"]]
        return told, "distance"
    if pairs["probability"].notna().any():
        return [f"{value:.2f}" for value in pairs["probability"]], "probability"
    decimals = 2 if pairs["score"].abs().max() >= 1 else 3
    return [f"{value:.{decimals}f}" for value in pairs["score"]], "score"


def _right(ax: Axes, points: float) -> float:
    return axes_size(ax)[0] + points


def _write(
    ax: Axes, line: int, points: float, text: str, *, colour: str, right: bool = False,
    lower: float = 0.0,
) -> None:  # fmt: skip
    _, height = axes_size(ax)
    ax.text(_right(ax, points), height - (line + 0.5) * _LINE - lower, literal(text), fontsize=8,
            color=colour, ha="right" if right else "left", va="center_baseline")  # fmt: skip
