"""Arcs between the residue changes of pairs of variants, over the genes that carry them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.patches import FancyBboxPatch

from seqgen.errors import InputError
from seqgen.plots.decisions import LOOKS, decision_handles, ranked
from seqgen.plots.genome import bare, natural_order
from seqgen.plots.labels import SIZE, spread, text_width
from seqgen.plots.pairs import axes_size
from seqgen.plots.style import INK, RULE, SOFT, SPINE, literal, new_figure, side_legend

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROOM = SIZE * 1.32
_BETWEEN, _PAD = 5.0, 3.0
_BAR, _STEM, _LINE = 7.0, 14.0, 11.0
_WIDE, _HIGH, _LEFT, _RIGHT = 6.6, 4.1, 0.1, 2.4
_FILL = "#e3e7eb"
_LONGEST = 18
_SIDES = ("variant", "chrom", "pos", "gene", "residue_change")
_MEET = 9.0


def plot_pair_arcs(
    pairs: pd.DataFrame, *, top: int = 20, alpha: float = 0.05, ax: Axes | None = None
) -> Axes:
    """The strongest pairs of a pair scan as arcs over their genes, which lie by place.

    Each gene is a bar with a tick for each variant, named below it; a bar is as long as its
    names need, and longer where its residues lie farther apart. Wide arcs have small p values;
    colour, dashes and the mark at the top tell what the weights did to the decision. The mark is
    open where the two variants are in one locus or linked (phantom risk).

    Parameters
    ----------
    pairs : DataFrame
        `schemas.GXG`.
    top : int
        How many pairs at most, by the smaller of ``q`` and ``q_weighted``. Pairs whose names
        would not fit are left out from the end, and counted in a line below.
    alpha : float
        Level of the decisions, named in the legend.
    ax : matplotlib.axes.Axes, optional
        By default those of a new figure.

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        If ``top`` is below 1.

    Examples
    --------
    >>> import pandas as pd
    >>> pairs = pd.DataFrame({
    ...     "variant_1": ["a"], "chrom_1": "1", "pos_1": 100, "gene_1": "RIBC2",
    ...     "residue_change_1": "R253C", "variant_2": "b", "chrom_2": "2", "pos_2": 200,
    ...     "gene_2": "SMC1B", "residue_change_2": "L1050M", "neg_log10_p": 9.0, "q": 0.01,
    ...     "q_weighted": 0.001, "decision": "both", "phantom_risk": False})
    >>> ax = plot_pair_arcs(pairs)
    >>> [text.get_text() for text in ax.texts][:4]
    ['R253C', 'L1050M', 'RIBC2', 'SMC1B']
    """
    require_top(top)
    if ax is None:
        ax = _new_axes()
    ax.set_axis_off()
    width, height = axes_size(ax)
    ax.set_xlim(0, width)
    ax.set_ylim(0, height)
    if pairs.empty:
        ax.text(width / 2, height / 2, "No pair to show", ha="center", va="center",
                fontsize=8.5, color=SOFT)  # fmt: skip
        return ax
    order = ranked(pairs)
    layout = fitting(order.head(top), width)
    shown = order.head(layout.n_pairs)
    base = _draw_genes(ax, layout)
    _draw_arcs(ax, shown, layout, base=base)
    ax.text(0, 0, not_drawn(order, layout) or "", fontsize=SIZE, color=SOFT, va="bottom")
    side_legend(ax, _handles(shown), pairs_title(len(shown), len(pairs), alpha))
    return ax


def require_top(top: int) -> None:
    """Refuse a number of pairs below 1.

    Raises
    ------
    InputError
        If it is, or is no whole number.
    """
    if not isinstance(top, int | np.integer) or top < 1:
        raise InputError(f"top is {top!r}; expected a number of pairs from 1")


def _new_axes() -> Axes:
    width, height = _LEFT + _WIDE + _RIGHT, _HIGH
    return new_figure(width, height).add_axes(
        (_LEFT / width, 0.08 / height, _WIDE / width, 1 - 0.25 / height)
    )


# --- where variants and genes lie -----------------------------------------------------------


@dataclass(frozen=True)
class Layout:
    """Places in points along the line.

    ``variants`` has one row per variant (index its name) with ``label`` and ``gene`` (number
    of the block); ``x`` and ``named`` are where each lies and where its name stands; ``left``
    and ``right`` bound the blocks ``names``, on chromosomes ``chroms``.
    """

    variants: pd.DataFrame
    x: np.ndarray
    named: np.ndarray
    names: list[str]
    chroms: list[str]
    left: np.ndarray
    right: np.ndarray
    upright: bool
    n_pairs: int


def fitting(pairs: pd.DataFrame, width: float) -> Layout:
    """The layout of as many of the first ``pairs`` as have room for their names, one at least."""
    # More pairs never need less room, so that halving finds the most that fit.
    fits, too_many = 1, len(pairs) + 1
    while too_many - fits > 1:
        middle = (fits + too_many) // 2
        if _spare(*_blocks(pairs.head(middle))[:2], width) >= 0:
            fits = middle
        else:
            too_many = middle
    variants, names, chroms = _blocks(pairs.head(fits))
    own = np.bincount(variants["gene"], minlength=len(names)) * _ROOM
    level = np.maximum(own, [text_width(name, bold=True) + _PAD for name in names])
    upright = level.sum() > width - _BETWEEN * (len(names) - 1)
    return _placed(variants, names, chroms, least=own if upright else level, upright=upright,
                   width=width, n_pairs=fits)  # fmt: skip


def _spare(variants: pd.DataFrame, names: list[str], width: float) -> float:
    """Room that upright names leave over; below zero where they do not fit."""
    return width - _BETWEEN * (len(names) - 1) - _ROOM * len(variants)


def _blocks(pairs: pd.DataFrame) -> tuple[pd.DataFrame, list[str], list[str]]:
    """Variants by gene along the genome and residue within; names and chromosomes of genes."""
    sides = [pairs[[f"{name}_{k}" for name in _SIDES]].set_axis(list(_SIDES), axis=1)
             for k in (1, 2)]  # fmt: skip
    every = pd.concat(sides).drop_duplicates("variant").reset_index(drop=True)
    chrom = every["chrom"].astype("str").fillna("")
    alone = np.where(chrom == "", "no gene", "chr" + chrom.map(bare))
    known = every["gene"].notna()
    # Variants without a gene stand for themselves, under their chromosome.
    every["block"] = every["gene"].where(known, "\0" + every["variant"]).astype("str")
    every["title"] = every["gene"].where(known, pd.Series(alone)).map(_short)
    every["label"] = every["residue_change"].fillna(every["variant"]).map(_short)
    spelled = natural_order(chrom)
    every["rank"] = chrom.map({name: k for k, name in enumerate(spelled)})
    number = every["residue_change"].str.extract(r"(\d+)", expand=False).astype("float64")
    every["within"] = number.fillna(every["pos"].astype("float64"))
    first = every.groupby("block")["pos"].transform("min").astype("float64")
    lead = every.groupby("block")["rank"].transform("min")
    every = every.assign(lead=lead, first=first).sort_values(
        ["lead", "first", "block", "within", "variant"], kind="stable", ignore_index=True
    )
    every["gene"], _ = pd.factorize(every["block"])
    heads = every.drop_duplicates("block")
    return (every.set_index("variant"), heads["title"].tolist(),
            [bare(spelled[rank]) for rank in heads["lead"]])  # fmt: skip


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _placed(
    variants: pd.DataFrame, names: list[str], chroms: list[str], *, least: np.ndarray,
    upright: bool, width: float, n_pairs: int,
) -> Layout:  # fmt: skip
    gene = variants["gene"].to_numpy()
    within = variants["within"].to_numpy(dtype=float)
    by_gene = pd.Series(within).groupby(gene)
    low, reach = by_gene.min().to_numpy(), by_gene.agg(np.ptp).to_numpy()
    reach = np.nan_to_num(reach)
    spare = max(width - _BETWEEN * (len(names) - 1) - least.sum(), 0.0)
    # What is left over goes half to all alike, half to genes whose residues lie far apart.
    share = reach / reach.sum() if reach.sum() > 0 else np.full(len(names), 1 / len(names))
    wide = least + spare * (0.5 / len(names) + 0.5 * share)
    left = np.concatenate([[0.0], np.cumsum(wide + _BETWEEN)[:-1]])
    inside = np.where(reach[gene] > 0, (within - low[gene]) / np.maximum(reach[gene], 1e-9), 0.5)
    inside = np.nan_to_num(inside, nan=0.5)
    x = left[gene] + _ROOM / 2 + inside * (wide[gene] - _ROOM)
    named = np.concatenate([
        spread(x[gene == k], np.full((gene == k).sum(), _ROOM), low=left[k],
               high=left[k] + wide[k])
        for k in range(len(names))
    ])  # fmt: skip
    return Layout(variants, x, named, names, chroms, left, left + wide, upright, n_pairs)


# --- drawing; coordinates are points --------------------------------------------------------


def _draw_genes(ax: Axes, layout: Layout) -> float:
    """Bars, ticks and names from below; the height at which arcs begin."""
    labels = layout.variants["label"].tolist()
    deep = max(map(text_width, labels))
    titles = max(text_width(n, bold=True) for n in layout.names) if layout.upright else SIZE
    chromosomes = _LINE + 4 if any(layout.chroms) else 0.0
    bottom = _LINE + 4 + chromosomes + titles + 6 + deep + _STEM
    shape = "round,pad=0,rounding_size=2"
    for start, end in zip(layout.left, layout.right, strict=True):
        ax.add_patch(FancyBboxPatch((start, bottom), end - start, _BAR, boxstyle=shape,
                                    facecolor=_FILL, edgecolor=RULE, linewidth=0.6,
                                    zorder=1))  # fmt: skip
    ax.vlines(layout.x, bottom, bottom + _BAR, color=INK, linewidth=1.1, zorder=4)
    for x, moved, text in zip(layout.x, layout.named, labels, strict=True):
        ax.plot([x, x, moved], [bottom, bottom - 3, bottom - _STEM + 2], color=SPINE,
                linewidth=0.6, zorder=1)  # fmt: skip
        ax.text(moved, bottom - _STEM, literal(text), rotation=90, ha="center", va="top",
                fontsize=SIZE, color=INK)  # fmt: skip
    below = bottom - _STEM - deep - 5
    for middle, name in zip((layout.left + layout.right) / 2, layout.names, strict=True):
        ax.text(middle, below, literal(name), rotation=90 if layout.upright else 0, ha="center",
                va="top", fontsize=SIZE, fontweight="bold", color=INK)  # fmt: skip
    _draw_chromosomes(ax, layout, at=below - titles - 5)
    return bottom + _BAR


def _draw_chromosomes(ax: Axes, layout: Layout, *, at: float) -> None:
    """A rule below genes of one chromosome, with its name where it fits."""
    start = 0
    for k in range(1, len(layout.chroms) + 1):
        if k < len(layout.chroms) and layout.chroms[k] == layout.chroms[start]:
            continue
        name, left, right = layout.chroms[start], layout.left[start], layout.right[k - 1]
        start = k
        if not name:
            continue
        ax.plot([left, right], [at, at], color=SPINE, linewidth=0.8, solid_capstyle="butt")
        full = f"chr {name}"
        ax.text((left + right) / 2, at - 2.5,
                literal(full if text_width(full) <= right - left else name), ha="center",
                va="top", fontsize=SIZE - 1, color=SOFT)  # fmt: skip


def _draw_arcs(ax: Axes, pairs: pd.DataFrame, layout: Layout, *, base: float) -> None:
    """The weakest first; marks at the tops keep off each other where they can."""
    _, height = axes_size(ax)
    x = pd.Series(layout.x, index=layout.variants.index)
    ends = np.sort(np.column_stack([x[pairs["variant_1"]], x[pairs["variant_2"]]]), axis=1)
    span, middle = ends[:, 1] - ends[:, 0], ends.mean(axis=1)
    room = height - base - 8
    rise = np.minimum(room * (np.maximum(span, 1) / max(span.max(), 1)) ** 0.7, 0.9 * span + 14)
    rise = apart(middle, rise, room)
    widths = line_widths(pairs["neg_log10_p"].to_numpy(dtype=float))
    risky = pairs["phantom_risk"].fillna(False).to_numpy(dtype=bool)
    turn = np.linspace(0, np.pi, 90)
    for k in reversed(range(len(pairs))):
        look = LOOKS[pairs["decision"].iloc[k]]
        path = middle[k] - np.cos(turn) * span[k] / 2, base + rise[k] * np.sin(turn)
        ax.plot(*path, color=look.colour, linewidth=widths[k], linestyle=look.dashes,
                solid_capstyle="round", dash_capstyle="butt", zorder=2)  # fmt: skip
        marker = "o" if risky[k] and look.marker == "." else look.marker
        ax.plot([middle[k]], [base + rise[k]], marker=marker, markersize=6 if risky[k] else 7,
                markerfacecolor="white" if risky[k] else look.colour,
                markeredgecolor=look.colour if risky[k] else "white",
                markeredgewidth=1.5 if risky[k] else 0.6, zorder=5)  # fmt: skip


def apart(middle: np.ndarray, rise: np.ndarray, room: float) -> np.ndarray:
    """Lower an arc's top until its mark meets none of the stronger pairs'."""
    out = rise.copy()
    for k in range(1, len(out)):
        near = np.abs(middle[:k] - middle[k]) < _MEET
        tries = np.concatenate([out[k] - np.arange(0, out[k], 2.0),
                                np.arange(out[k], room, 2.0)])  # fmt: skip
        gaps = np.abs(tries[:, None] - out[:k][near]).min(axis=1, initial=np.inf)
        free = tries[(gaps >= _MEET) & (tries >= 6)]
        out[k] = free[0] if free.size else out[k]
    return out


def line_widths(strength: np.ndarray) -> np.ndarray:
    """Widths of lines in points, by -log10 p."""
    reach = np.ptp(strength)
    share = (strength - strength.min()) / reach if reach > 0 else np.ones(len(strength))
    return 1.0 + 2.2 * share


def _handles(pairs: pd.DataFrame) -> list[Line2D]:
    handles = decision_handles(pairs["decision"], lines=True)
    strength = pairs["neg_log10_p"].to_numpy(dtype=float)
    for value in dict.fromkeys((strength.max(), strength.min())):
        width = float(line_widths(strength)[strength == value][0])
        handles.append(Line2D([], [], color=SPINE, linewidth=width,
                              label=f"−log₁₀ p = {value:.1f}"))  # fmt: skip
    risky = int(pairs["phantom_risk"].fillna(False).sum())
    if risky:
        handles.append(Line2D([], [], linestyle="none", marker="o", markersize=6,
                              markerfacecolor="white", markeredgecolor=INK, markeredgewidth=1.2,
                              label=f"open: one locus, or linked ({risky})"))  # fmt: skip
    return handles


def not_drawn(order: pd.DataFrame, layout: Layout) -> str | None:
    """What to say of the pairs that are not drawn."""
    rest = order.iloc[layout.n_pairs :]
    if rest.empty:
        return None
    found = int((rest["decision"] != "neither").sum())
    told = f", {found:,} of them {'a discovery' if found == 1 else 'discoveries'}" if found else ""
    if found and len(rest) == 1:
        told = ", a discovery"
    genes = set(pd.concat([rest["gene_1"], rest["gene_2"]]).dropna()) - set(layout.names)
    return (
        f"Not drawn: {len(rest):,} weaker {'pair' if len(rest) == 1 else 'pairs'} of the table"
        + told
        + (f"; {len(genes):,} further {'gene' if len(genes) == 1 else 'genes'}" if genes else "")
    )


def pairs_title(shown: int, every: int, alpha: float) -> str:
    """Title of the legend: how many pairs, and what a discovery is."""
    of_all = f" of {every:,}" if every > shown else ""
    return f"Top {shown}{of_all} pairs,\ndiscovery at {100 * alpha:.3g}% FDR"
