"""The trans map: where variants lie against where the genes of their traits lie."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from seqgen.plots.decisions import LOOKS, decision_handles
from seqgen.plots.genome import Genome, bare
from seqgen.plots.labels import SIZE, label_height, label_points
from seqgen.plots.pairs import axes_size
from seqgen.plots.style import (
    INK,
    RASTER_FROM,
    SET_COLOURS,
    SOFT,
    SPINE,
    literal,
    new_figure,
    side_legend,
    tidy,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LEFT, _WIDE, _RIGHT, _BOTTOM = 0.68, 5.95, 2.55, 0.5
_MAP, _COUNTS = 5.6, 1.05
_BETWEEN = 0.14
_BAND, _RULE, _DIAGONAL = "#f4f5f7", "#e4e7ea", "#d9dde2"
_HOT = SET_COLOURS[3]
_MOST_LABELS, _LONGEST = 24, 22
_SIZES = (5.0, 34.0)
_WINDOWS = 600


def plot_trans_map(
    hits: pd.DataFrame, hotspots: pd.DataFrame, *,
    chrom_lengths: Mapping[str, int] | None = None, alpha: float = 0.05,
    ax: Axes | None = None,
) -> Axes:  # fmt: skip
    """Position of variants (across) against that of their traits' genes (up), with hotspots.

    Above the map stands the number of traits whose strongest discovery lies in each window of
    the genome; hotspots are coloured there, named above, and led down through the map. Traits
    without a position are counted there and told in a line; where no trait has one, there is
    no map. Points on the grey diagonal would be near their own gene.

    Parameters
    ----------
    hits : DataFrame
        `schemas.TRANSQTL`.
    hotspots : DataFrame
        `schemas.HOTSPOTS`; may have no rows.
    chrom_lengths : mapping of str to int, optional
        Lengths of all chromosomes, named as in the tables; else they end at the last place.
    alpha : float
        Level of the decisions; hotspots up to this ``p`` are coloured and named.
    ax : matplotlib.axes.Axes, optional
        A place of which the panels take the whole, as its ``child_axes``: numbers of traits,
        then the map. Names stand above it and the legend at its right. By default a new figure.

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        If ``chrom_lengths`` lacks a chromosome or a place lies beyond its end.

    References
    ----------
    Brem et al. (2002), Genetic dissection of transcriptional regulation in budding yeast,
    Science 296, 752-755.

    Examples
    --------
    >>> import pandas as pd
    >>> hits = pd.DataFrame({
    ...     "variant": ["a"], "chrom": "I", "pos": 100, "trait": "t", "trait_chrom": "II",
    ...     "trait_pos": 50, "p": 1e-9, "neg_log10_p": 9.0, "decision": "both"})
    >>> from seqgen.schemas import HOTSPOTS
    >>> ax = plot_trans_map(hits, HOTSPOTS.empty(), chrom_lengths={"I": 230218, "II": 813184})
    >>> [panel.get_ylabel() for panel in ax.child_axes]
    ['Traits', "Trait's gene"]
    """
    placed = hits[hits["chrom"].notna() & hits["pos"].notna()]
    mapped = placed[placed["trait_chrom"].notna() & placed["trait_pos"].notna()]
    genome = genome_of(placed, mapped, hotspots, chrom_lengths)
    hot = significant(hotspots, alpha)
    if ax is None:
        ax = _new_axes(hot, with_map=not mapped.empty)
    ax.set_axis_off()
    if not genome.names:
        ax.text(0.5, 0.5, nothing(hits), transform=ax.transAxes, ha="center", va="center",
                fontsize=8.5, color=SOFT)  # fmt: skip
        return ax
    above, below = _panels(ax, with_map=not mapped.empty)
    window = window_width(hotspots, genome)
    _plot_counts(above, strongest(placed), hot, genome=genome, window=window)
    lowest = above if below is None else below
    if below is not None:
        _plot_map(below, mapped, hot, genome=genome)
    _mark_chromosomes(lowest, genome, axis="x", named=True)
    lowest.set_xlabel("Variant", fontsize=9, color=INK)
    _legend(above, lowest, mapped, hot, alpha=alpha, window=window)
    told = not_shown(hits, placed=len(placed), mapped=len(mapped))
    if told:
        lowest.annotate(told, (0, 0), xycoords="axes fraction", xytext=(0, -33),
                        textcoords="offset points", fontsize=SIZE, color=SOFT, va="top",
                        annotation_clip=False)  # fmt: skip
    return ax


def genome_of(
    placed: pd.DataFrame, mapped: pd.DataFrame, hotspots: pd.DataFrame,
    chrom_lengths: Mapping[str, int] | None,
) -> Genome:  # fmt: skip
    """The genome that spans variants, genes of traits and hotspots."""
    return Genome.of(
        (placed["chrom"], placed["pos"]), (mapped["trait_chrom"], mapped["trait_pos"]),
        (hotspots["chrom"], hotspots["start"]), lengths=chrom_lengths,
    )  # fmt: skip


def significant(hotspots: pd.DataFrame, alpha: float) -> pd.DataFrame:
    """Hotspots up to ``alpha``, the largest first."""
    found = hotspots[hotspots["p"] <= alpha]
    return found.sort_values("n_traits", ascending=False, kind="stable")


def trait_counts(best: pd.DataFrame, window: int) -> pd.DataFrame:
    """Number ``n`` of traits in each window that has one, by ``chrom`` and ``start``."""
    start = (best["pos"].astype("int64") - 1) // window * window + 1
    return best.assign(start=start).groupby(["chrom", "start"]).size().reset_index(name="n")


def nothing(hits: pd.DataFrame) -> str:
    """Why there is nothing to show."""
    return "No hit to show" if hits.empty else f"No position is known for any of {len(hits):,} hits"


def _new_axes(hot: pd.DataFrame, *, with_map: bool) -> Axes:
    above = (label_height(hot_names(hot), _WIDE * 72) + 6) / 72
    inner = _COUNTS + (_BETWEEN + _MAP if with_map else 0.45)
    width, height = _LEFT + _WIDE + _RIGHT, above + inner + _BOTTOM + 0.22
    figure = new_figure(width, height)
    return figure.add_axes((_LEFT / width, (_BOTTOM + 0.2) / height, _WIDE / width, inner / height))


def _panels(ax: Axes, *, with_map: bool) -> tuple[Axes, Axes | None]:
    if not with_map:
        return ax.inset_axes((0, 0, 1, 1)), None
    _, height = axes_size(ax)
    share = _COUNTS / (_COUNTS + _MAP)
    gap = _BETWEEN * 72 / height
    return (ax.inset_axes((0, 1 - share * (1 - gap), 1, share * (1 - gap))),
            ax.inset_axes((0, 0, 1, (1 - share) * (1 - gap))))  # fmt: skip


# --- numbers of traits along the genome -----------------------------------------------------


def strongest(hits: pd.DataFrame) -> pd.DataFrame:
    """The strongest discovery of each trait."""
    found = hits[hits["decision"] != "neither"]
    return found.sort_values("neg_log10_p", ascending=False, kind="stable").drop_duplicates("trait")


def window_width(hotspots: pd.DataFrame, genome: Genome) -> int:
    """Width of a window: that of the smallest hotspot, else a round part of the genome."""
    if not hotspots.empty:
        return max(int((hotspots["end"] - hotspots["start"] + 1).min()), 1)
    wanted = float(genome.lengths.sum()) / _WINDOWS
    power = 10 ** np.floor(np.log10(max(wanted, 1.0)))
    return int(power * min((1, 2, 5, 10), key=lambda step: abs(np.log(step * power / wanted))))


def _plot_counts(
    ax: Axes, best: pd.DataFrame, hot: pd.DataFrame, *, genome: Genome, window: int
) -> None:
    counts = trait_counts(best, window)
    x = genome.at(counts["chrom"], counts["start"] + window / 2)
    y = counts["n"].to_numpy()
    centres = genome.at(hot["chrom"], (hot["start"] + hot["end"]) / 2)
    tall = hot["n_traits"].to_numpy()
    ax.set_xlim(0, genome.end)
    ax.set_ylim(0, max(y.max(initial=1), tall.max(initial=1)) * 1.08)
    crowd = len(x) >= RASTER_FROM
    ax.vlines(x, 0, y, color=SOFT, linewidth=1.3, zorder=3, rasterized=crowd)
    ax.vlines(centres, 0, tall, color=_HOT, linewidth=2.4, zorder=4, rasterized=crowd)
    named = slice(0, _MOST_LABELS)
    ax.scatter(centres[named], tall[named], s=20, c=_HOT, marker="D", linewidths=0, zorder=5,
               clip_on=False)  # fmt: skip
    ax.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    ax.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    ax.set_ylabel("Traits", fontsize=9, color=INK)
    tidy(ax)
    _mark_chromosomes(ax, genome, axis="x", named=False)
    label_points(ax, np.column_stack([centres, tall])[named], hot_names(hot))


def hot_names(hot: pd.DataFrame) -> list[str]:
    """What the largest hotspots are called: genes of the evidence, else the place."""
    return [
        f"{_genes(row['genes']) or _place(row)} ({row['n_traits']:,.0f})"
        for row in hot.head(_MOST_LABELS).to_dict("records")
    ]


def _genes(genes: Any) -> str:
    if not isinstance(genes, str) or not genes:
        return ""
    names = genes.split(", ")
    shown = names[0] if len(names) == 1 else f"{names[0]}, {names[1]}"
    shown = shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…"
    return shown + (f" +{len(names) - 2}" if len(names) > 2 else "")


def _place(row: Mapping[Any, Any]) -> str:
    return f"{bare(row['chrom'])}:{(row['start'] + row['end']) / 2e6:.2f} Mb"


# --- the map --------------------------------------------------------------------------------


def _plot_map(ax: Axes, mapped: pd.DataFrame, hot: pd.DataFrame, *, genome: Genome) -> None:
    x = genome.at(mapped["chrom"], mapped["pos"])
    y = genome.at(mapped["trait_chrom"], mapped["trait_pos"])
    ax.set_xlim(0, genome.end)
    ax.set_ylim(0, genome.end)
    ax.plot([0, genome.end], [0, genome.end], color=_DIAGONAL, linewidth=4, zorder=1,
            solid_capstyle="butt")  # fmt: skip
    named = hot.head(_MOST_LABELS)
    centres = genome.at(named["chrom"], (named["start"] + named["end"]) / 2)
    ax.vlines(centres, 0, genome.end, color=_HOT, linewidth=0.7, linestyles=(0, (3, 2)),
              alpha=0.8, zorder=1.5)  # fmt: skip
    strength = mapped["neg_log10_p"].to_numpy(dtype=float)
    size = sizes(strength, crowd=len(mapped))
    decision = mapped["decision"].to_numpy()
    for zorder, name in enumerate(("neither", "both", "lost", "gained"), start=2):
        look, mine = LOOKS[name], decision == name
        # In a crowd a mark is too small for its white rim.
        rim = 0.3 if 3 * len(mapped) < RASTER_FROM and name != "neither" else 0
        ax.scatter(x[mine], y[mine], s=size[mine] * (1.3 if look.marker in "^v" else 1),
                   c=look.colour, marker="o" if name == "neither" else look.marker,
                   edgecolors="white", linewidths=rim, alpha=0.85, zorder=zorder,
                   rasterized=len(mapped) >= RASTER_FROM)  # fmt: skip
    ax.set_ylabel("Trait's gene", fontsize=9, color=INK)
    tidy(ax)
    for side in ("top", "right"):
        ax.spines[side].set(visible=True, color=_RULE, linewidth=0.7)
    _mark_chromosomes(ax, genome, axis="y", named=True)


def sizes(strength: np.ndarray, *, crowd: int) -> np.ndarray:
    """Area of marks by strength, smaller the more there are."""
    low, high = (value * float(np.clip((1500 / max(crowd, 1)) ** 0.5, 0.16, 1)) for value in _SIZES)
    reach = np.quantile(strength, 0.99) - strength.min() if len(strength) else 0.0
    if reach <= 0:
        return np.full(len(strength), (low + high) / 2)
    return low + (high - low) * np.clip((strength - strength.min()) / reach, 0, 1)


def _mark_chromosomes(ax: Axes, genome: Genome, *, axis: str, named: bool) -> None:
    """Every other chromosome tinted, and names in the middles."""
    width, height = axes_size(ax)
    edges = genome.starts + genome.lengths
    if axis == "x":
        for low, high in zip(genome.starts[1::2], edges[1::2], strict=True):
            ax.axvspan(low, high, facecolor=_BAND, edgecolor="none", zorder=0)
        names = [bare(name) for name in genome.names]
        font = SIZE - 0.5
        sizes = np.array([len(name) * font * 0.62 + 3 for name in names])
        middles, told = genome.ticks(sizes, width)
        ax.set_xticks(middles, [literal(name) for name in told] if named else [])
        ax.tick_params(axis="x", length=0, labelsize=font)
        return
    ax.hlines(genome.starts[1:], 0, genome.end, color=_RULE, linewidth=0.5, zorder=0.5)
    middles, told = genome.ticks(np.full(len(genome.names), SIZE + 1), height)
    ax.set_yticks(middles, [literal(name) for name in told])
    ax.tick_params(axis="y", length=0, labelsize=SIZE - 0.5)


def wide(window: int) -> str:
    """The width of a window in words."""
    return f"{window / 1e6:g} Mb" if window >= 1_000_000 else f"{window / 1e3:g} kb"


def _legend(
    above: Axes, lowest: Axes, mapped: pd.DataFrame, hot: pd.DataFrame, *, alpha: float,
    window: int,
) -> None:  # fmt: skip
    handles = [Line2D([], [], color=SOFT, linewidth=1.4, label=f"traits in {wide(window)}")]
    if not hot.empty:
        handles.append(Line2D([], [], color=_HOT, marker="D", markersize=4.5, linewidth=1.8,
                              label=f"hotspot, p ≤ {alpha:.3g} ({len(hot):,})"))  # fmt: skip
    if len(hot) > _MOST_LABELS:
        handles.append(Line2D([], [], linestyle="none",
                              label=f"the largest {_MOST_LABELS} are named"))  # fmt: skip
    side_legend(above, handles, "By strongest discovery")
    if mapped.empty:
        return
    handles = decision_handles(mapped["decision"], lines=False)
    strength = mapped["neg_log10_p"].to_numpy(dtype=float)
    size = sizes(strength, crowd=len(mapped))
    for sign, value, area in (("=", strength.min(), size.min()),
                              ("≥", np.quantile(strength, 0.99), size.max())):  # fmt: skip
        handles.append(Line2D([], [], linestyle="none", marker="o", color=SPINE,
                              markeredgewidth=0, markersize=area**0.5,
                              label=f"−log₁₀ p {sign} {value:.1f}"))  # fmt: skip
    handles.append(Line2D([], [], color=_DIAGONAL, linewidth=4, label="near the trait's own gene"))
    side_legend(lowest, handles, f"Discovery at {100 * alpha:.3g}% FDR")


def not_shown(hits: pd.DataFrame, *, placed: int, mapped: int) -> str | None:
    """What to say of hits that have no place."""
    told = []
    if placed < len(hits):
        told.append(f"{len(hits) - placed:,} hits of variants without a position are not shown")
    if not mapped:
        told.append("no position of any trait's gene is known, so there is no map")
    elif mapped < placed:
        told.append(f"{placed - mapped:,} hits on traits without a position are not on the map")
    text = "; ".join(told)
    return text[0].upper() + text[1:] if text else None
