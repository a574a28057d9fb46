"""Contact map: the strongest couplings over the contacts of a structure."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from seqgen.plots.pairs import (
    CUTOFF,
    KINDS,
    Track,
    axes_size,
    axis_name,
    known_distances,
    nothing_to_show,
    strongest,
)
from seqgen.plots.style import INK, RULE, SOFT, SPINE, literal, new_figure, side_legend, tidy
from seqgen.structure import ResidueDistances

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from seqgen.results import Couplings

_SHADE = "#d3d7dc"
_BLIND = "#f3f0ea"
_STRENGTH = LinearSegmentedColormap.from_list("strength", ["#ffffff", "#9aa3ad", INK])
_CLIP = 99.8
_LONG, _SHORT = 4.1, 1.2
_FEW = 160


def plot_contact_map(
    couplings: Couplings, *, distances: ResidueDistances | np.ndarray | None = None,
    top: int | None = None, cutoff: float = CUTOFF, min_separation: int = 6,
    ax: Axes | None = None,
) -> Axes:  # fmt: skip
    """The strongest couplings of a protein, or between two, over the contacts of a structure.

    Within a protein the strongest pairs lie above the diagonal, with the structure's contacts
    in grey behind them, and the strength of all pairs below it. Between two proteins both lie
    in one rectangle. Positions without coordinates are tinted.

    Parameters
    ----------
    couplings : Couplings
    distances : ResidueDistances or ndarray, shape (L1, L2), optional
        Of the same residues, in ångström; NaN where unknown.
    top : int, optional
        How many pairs to mark; by default L, or half the shorter side between two proteins.
    cutoff : float
        Pairs closer than this are contacts, in ångström.
    min_separation : int
        Least distance in positions within a protein, of couplings and contacts.
    ax : matplotlib.axes.Axes, optional
        By default those of a new figure.

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        If ``top`` is below 1 or ``distances`` have another shape than the couplings.

    Examples
    --------
    >>> import numpy as np
    >>> from seqgen.alignment import Residues
    >>> from seqgen.results import Couplings
    >>> residues = Residues.of_protein("MKVLAGHEWDMKVLAGHEWD", "P1")
    >>> scores = np.random.default_rng(1).normal(size=(20, 20))
    >>> ax = plot_contact_map(Couplings(scores + scores.T, residues, residues, "plm"))
    >>> ax.get_xlabel()
    'Position in P1'
    """
    pairs = strongest(couplings, top, distances=distances, cutoff=cutoff,
                      min_separation=min_separation)  # fmt: skip
    up = Track.of(couplings.rows)
    across = up if couplings.symmetric else Track.of(couplings.columns)
    if ax is None:
        ax = _new_axes(across, up)
    _frame(ax, across, up, named=couplings)
    if pairs.empty:
        return nothing_to_show(ax, couplings)
    shades = behind(couplings, distances, cutoff=cutoff, min_separation=min_separation)
    colours = np.array([_rgb("#ffffff"), _rgb(_SHADE), _rgb(_BLIND)])[shades]
    if couplings.symmetric:
        scaled = _STRENGTH(strength(couplings, min_separation))[..., :3]
        colours = np.where(np.tri(len(shades), k=-1, dtype=bool).T[..., None], scaled, colours)
        ax.plot(up.limits, up.limits, color=RULE, linewidth=0.7, zorder=1)
    _shade(ax, colours, across=across.of_residues(couplings.columns),
           up=up.of_residues(couplings.rows))  # fmt: skip
    handles = _backdrop_handles(shades, distances, cutoff)
    size = _marker_size(ax, across, up, count=len(pairs))
    x, y = across.of_pairs(pairs, 2), up.of_pairs(pairs, 1)
    handles += _mark(ax, pairs, x=x, y=y, size=size, mirrored=couplings.symmetric)
    side_legend(ax, handles, literal(title(pairs, couplings, min_separation)))
    if couplings.symmetric:
        _strength_bar(ax)
    if couplings.notices:
        told = textwrap.wrap(literal(couplings.notices[0]), 80, max_lines=2, placeholder=" …")
        ax.annotate("\n".join(told), (0, 1), xycoords="axes fraction", xytext=(0, 3),
                    textcoords="offset points", fontsize=6, color=SOFT, va="bottom")  # fmt: skip
    return ax


def _new_axes(across: Track, up: Track) -> Axes:
    """Axes of a new figure in the shape of what they show, with room for the legend."""
    wide, high = np.ptp(across.limits), np.ptp(up.limits)
    scale = _LONG / max(wide, high)
    inner = max(wide * scale, _SHORT), max(high * scale, _SHORT)
    width, height = inner[0] + 2.9, max(inner[1] + 0.75, 2.6)
    figure = new_figure(width, height)
    return figure.add_axes(
        (0.65 / width, 0.5 / height, inner[0] / width, (height - 0.75) / height), anchor="SW"
    )


# --- axes and marks ---------------------------------------------------------------------------


def _frame(ax: Axes, across: Track, up: Track, *, named: Couplings) -> None:
    tidy(ax)
    for side in ("top", "right"):
        ax.spines[side].set(visible=True, color=RULE, linewidth=0.7)
    ax.set_xlim(across.limits)
    ax.set_ylim(up.limits)
    wide, high = np.ptp(across.limits), np.ptp(up.limits)
    # Square residues, unless that made one side too thin to read.
    alike = max(wide, high) <= _LONG / _SHORT * min(wide, high)
    ax.set_aspect("equal" if alike else "auto", adjustable="box", anchor="SW")
    ax.set_xticks(*across.ticks(_ticks(wide, high)))
    ax.set_yticks(*up.ticks(_ticks(high, wide)))
    ax.set_xlabel(axis_name(named.columns.names), fontsize=9, color=INK)
    ax.set_ylabel(axis_name(named.rows.names), fontsize=9, color=INK)
    for track, line in ((across, ax.axvline), (up, ax.axhline)):
        for place in track.borders:
            line(place, color=SPINE, linewidth=0.7)


def _ticks(own: float, other: float) -> int:
    """How many ticks a side has room for."""
    return max(round(7 * max(own / max(own, other), _SHORT / _LONG)), 2)


def _marker_size(ax: Axes, across: Track, up: Track, *, count: int) -> float:
    """Diameter in points: one and a half residues, as far as it can be seen."""
    width, height = axes_size(ax)
    per_residue = min(width / np.ptp(across.limits), height / np.ptp(up.limits))
    return float(np.clip(1.5 * per_residue, 3.6 if count <= _FEW else 2.6, 6.0))


def _mark(
    ax: Axes, pairs: pd.DataFrame, *, x: np.ndarray, y: np.ndarray, size: float, mirrored: bool
) -> list[Any]:  # fmt: skip
    """Draw the pairs by kind; one entry of the legend for each kind."""
    if mirrored:
        # Above the diagonal: the later residue upwards.
        x, y = np.minimum(x, y), np.maximum(x, y)
    handles = []
    for kind, (colour, marker, text) in KINDS.items():
        mine = (pairs["kind"] == kind).to_numpy()
        if not mine.any():
            continue
        grown = size * (1.25 if marker == "X" else 1.0)
        share = share_of_area(pairs[mine], kind)
        ax.scatter(x[mine], y[mine], s=share * grown**2, c=colour, marker=marker, linewidths=0.35,
                   edgecolors="white", zorder=4 + (kind == "contact"))  # fmt: skip
        handles.append(_dot(colour, marker, f"{text} ({mine.sum()})"))
        if np.ptp(share) > 0:
            handles.append(_dot(colour, marker, "area: its probability", 5.5 * 0.4**0.5))
    return handles


def share_of_area(pairs: pd.DataFrame, kind: str) -> np.ndarray:
    """Where nothing else tells pairs apart, their probability does, if it is known."""
    probability = pairs["probability"].to_numpy(dtype=float)
    if kind != "plain" or np.isnan(probability).any():
        return np.ones(len(pairs))
    return np.maximum(probability, 0.15)


def _dot(colour: str, marker: str, label: str, size: float = 5.5) -> Line2D:
    return Line2D([], [], linestyle="none", marker=marker, color=colour, markersize=size,
                  markeredgewidth=0, label=label)  # fmt: skip


# --- backdrop -------------------------------------------------------------------------------


def behind(
    couplings: Couplings, distances: ResidueDistances | np.ndarray | None, *, cutoff: float,
    min_separation: int,
) -> np.ndarray:  # fmt: skip
    """0 for nothing, 1 for a contact, 2 where a residue has no coordinates, (L1, L2)."""
    known = known_distances(couplings, distances)
    if known is None:
        return np.zeros(couplings.scores.shape, dtype=int)
    blind = np.isnan(known).all(axis=1)[:, None] | np.isnan(known).all(axis=0)
    contact = (known < cutoff) & _apart(couplings, min_separation)
    return np.where(blind, 2, contact.astype(int))


def _apart(couplings: Couplings, min_separation: int) -> np.ndarray:
    """Whether pairs are of two proteins or far enough apart, (L1, L2)."""
    rows, columns = couplings.rows, couplings.columns
    steps = np.abs(np.subtract.outer(rows.positions, columns.positions))
    return (steps >= min_separation) | np.not_equal.outer(rows.proteins, columns.proteins)


def strength(couplings: Couplings, min_separation: int) -> np.ndarray:
    """Scores from nothing (the median and less) to one (all but the very strongest)."""
    scores = np.where(_apart(couplings, min_separation), couplings.scores, np.nan)
    found = scores[np.isfinite(scores)]
    low, high = np.median(found), np.percentile(found, _CLIP)
    scaled = (np.nan_to_num(scores, nan=low) - low) / max(high - low, np.finfo(float).tiny)
    return np.clip(scaled, 0, 1)


def _shade(ax: Axes, colours: np.ndarray, *, across: np.ndarray, up: np.ndarray) -> None:
    """One picture of whole residues; positions that the couplings skip stay white."""
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    image = np.ones((round(top - bottom), round(right - left), 3))
    rows = (up - bottom - 0.5).round().astype(int)
    columns = (across - left - 0.5).round().astype(int)
    image[np.ix_(rows, columns)] = colours
    ax.imshow(image, origin="lower", extent=(left, right, bottom, top), interpolation="nearest",
              aspect=ax.get_aspect(), zorder=0)  # fmt: skip


def _rgb(colour: str) -> tuple[float, ...]:
    return tuple(int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5))


def _backdrop_handles(
    behind: np.ndarray, distances: ResidueDistances | np.ndarray | None, cutoff: float
) -> list[Any]:
    handles: list[Any] = []
    if (behind == 1).any():
        handles.append(Patch(color=_SHADE, label=structure_name(distances, cutoff)))
    if (behind == 2).any():
        handles.append(Patch(facecolor=_BLIND, edgecolor=RULE, label="without coordinates"))
    return handles


def structure_name(distances: ResidueDistances | np.ndarray | None, cutoff: float) -> str:
    """What the contacts of a structure are called in legends."""
    named = {"cb": "C-beta", "heavy": "any atoms"}
    told = f" {named[distances.atoms]}" if isinstance(distances, ResidueDistances) else ""
    return f"structure:{told} < {cutoff:g} Å"


def title(pairs: pd.DataFrame, couplings: Couplings, min_separation: int) -> str:
    """Title of the legend: how many pairs, by what, and how many of them are contacts."""
    within = (pairs["protein_1"] == pairs["protein_2"]).any()
    lines = [f"Top {len(pairs)} pairs by {couplings.method}"]
    if within and min_separation > 1:
        lines.append(f"at least {min_separation} positions apart")
    seen = pairs["kind"].isin(["contact", "apart"])
    if seen.any():
        share = (pairs["kind"] == "contact").sum() / seen.sum()
        lines.append(f"{share:.0%} {'' if seen.all() else 'of those seen '}are contacts")
    return "\n".join(lines)


def _strength_bar(ax: Axes) -> None:
    """A small scale of what lies below the diagonal."""
    bar = ax.inset_axes((1.03, 0.055, 0.26, 0.025))
    bar.imshow(np.linspace(0, 1, 64)[None], cmap=_STRENGTH, aspect="auto", extent=(0, 1, 0, 1))
    bar.set_yticks([])
    bar.set_xticks([0, 1], ["median", f"top {100 - _CLIP:.1g}%"])
    first, last = bar.get_xticklabels()
    first.set_horizontalalignment("left")
    last.set_horizontalalignment("right")
    bar.tick_params(labelsize=7, length=2, color=SPINE, labelcolor=INK, width=0.6, pad=2)
    for spine in bar.spines.values():
        spine.set(color=SPINE, linewidth=0.6)
    bar.set_title("score, below the diagonal", fontsize=8, color=INK, loc="left", pad=3)
