"""A fine-mapped locus: association, inclusion probabilities and what LD predicts."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from seqgen.plots.labels import label_height, label_points
from seqgen.plots.locus_data import (
    is_missense,
    ld_colours,
    lead_index,
    locus_labels,
    locus_rows,
    megabases,
    named_at_left,
    plain_claims,
    position_title,
    set_colours,
    set_numbers,
    short_name,
    tallest,
)
from seqgen.plots.style import (
    GREY,
    INK,
    LD_CLASSES,
    LEAD,
    RASTER_FROM,
    RULE,
    SPINE,
    WARN,
    literal,
    new_figure,
    side_legend,
    tidy,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_GENOME_WIDE = -np.log10(5e-8)
_LEFT, _RIGHT, _WIDTH = 0.62, 1.78, 9.0
_PANELS = (2.45, 1.9, 1.05)
_BETWEEN, _BOTTOM, _TOP = 0.2, 0.5, 0.12
_INNER = _WIDTH - _LEFT - _RIGHT


def plot_locus(variants: pd.DataFrame, ax: Axes | None = None, *, panel: str | None = None) -> Axes:
    """Association of each variant of one locus, coloured by LD with the lead.

    Residue changes are triangles with gene and change written above; variants whose z the
    panel's LD foretells with the other sign carry a cross.

    Parameters
    ----------
    variants : DataFrame
        Rows of one locus of the ``variants`` table. Of others, ``pos`` and ``neg_log10_p`` are
        needed; ``chrom``, ``rsid``, ``r_lead`` (LD with the lead), ``gene``,
        ``residue_change`` and ``ld_consistent`` are shown where they are there.
    ax : matplotlib.axes.Axes, optional
        By default those of a new figure.
    panel : str, optional
        The LD panel, named in the legend.

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        If a column is missing or empty, or there is no row, or rows are of several loci.

    Examples
    --------
    >>> import pandas as pd
    >>> variants = pd.DataFrame({"chrom": "22", "pos": [45_000_000, 45_010_000],
    ...                          "neg_log10_p": [9.0, 12.0], "r_lead": [0.7, 1.0]})
    >>> [text.get_text() for text in plot_locus(variants).texts]
    ['22:45010000 (lead)']
    """
    variants = locus_rows(variants, ("neg_log10_p",))
    if ax is None:
        head = label_height([text for _, text, _ in locus_labels(variants)], _INNER * 72) / 72
        ax = _new_axes(_PANELS[0], head + _TOP, variants)
    x, y = megabases(variants), variants["neg_log10_p"].to_numpy()
    changed, lead = is_missense(variants), lead_index(variants)
    colour = ld_colours(variants["r_lead"].to_numpy())
    _limits(ax, x)
    ax.set_ylim(0, max(float(y.max()), _GENOME_WIDE) * 1.06)
    ax.axhline(_GENOME_WIDE, color=RULE, linewidth=0.9, dashes=(4, 3), zorder=0)
    plain = ~changed
    plain[lead] = False
    order = np.flatnonzero(plain)
    order = order[np.argsort(variants["r_lead"].to_numpy()[order] ** 2, kind="stable")]
    ax.scatter(x[order], y[order], s=15, c=colour[order], linewidths=0, zorder=2,
               rasterized=len(variants) >= RASTER_FROM)  # fmt: skip
    ax.scatter(x[changed], y[changed], s=46, c=colour[changed], marker="^", edgecolors=INK,
               linewidths=0.9, zorder=4)  # fmt: skip
    if not changed[lead]:
        ax.scatter(x[[lead]], y[[lead]], s=48, c=LEAD, marker="D", linewidths=0, zorder=5)
    odd = ~variants["ld_consistent"].to_numpy(dtype=bool)
    ax.scatter(x[odd], y[odd], s=34, c=WARN, marker="x", linewidths=1.1, zorder=6,
               clip_on=False)  # fmt: skip
    ax.yaxis.set_major_locator(MaxNLocator(7, integer=True))
    ax.set_ylabel("−log₁₀ p", fontsize=9, color=INK)
    tidy(ax)
    _write_labels(variants, ax)
    side_legend(
        ax, _ld_handles(bool(changed.any()), bool(odd.any()), not changed[lead]), _ld_title(panel)
    )
    return ax


def plot_pip(variants: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Inclusion probabilities mirrored: informed prior upwards, flat prior downwards.

    Members of credible sets are coloured; a flat set takes the colour of the informed set
    with which it shares most variants. Open rings in the lower half are probabilities of one
    half or more that the fit without panel correction would claim.

    Parameters
    ----------
    variants : DataFrame
        Rows of one locus of the ``variants`` table. Of others, ``pos`` and ``pip`` are needed;
        ``cs_id`` (numbers of credible sets), ``pip_flat``, ``cs_id_flat``, ``pip_plain``,
        ``chrom``, ``rsid`` and ``residue_change`` are shown where they are there.
    ax : matplotlib.axes.Axes, optional
        By default those of a new figure.

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        If a column is missing or empty, or there is no row, or rows are of several loci.

    Examples
    --------
    >>> import pandas as pd
    >>> variants = pd.DataFrame({"chrom": "22", "pos": [45_000_000, 45_010_000],
    ...                          "pip": [0.05, 0.95], "cs_id": [None, 1]})
    >>> [text.get_text() for text in plot_pip(variants).texts]
    ['22:45010000  0.95']
    """
    mirrored = "pip_flat" in variants
    variants = locus_rows(variants, ("pip",))
    if ax is None:
        ax = _new_axes(_PANELS[1], _TOP, variants)
    x, changed = megabases(variants), is_missense(variants)
    up, down = set_colours(variants)
    _limits(ax, x)
    ax.set_ylim(-1.09 if mirrored else 0, 1.09)
    raster = len(variants) >= RASTER_FROM
    halves = [(variants["pip"].to_numpy(), up, 1), (variants["pip_flat"].to_numpy(), down, -1)]
    for values, colours, sign in halves[: 1 + mirrored]:
        _stems(ax, x, sign * values, colours=colours, marked=changed, raster=raster)
        _name_tallest(variants, ax, sign * values)
    claim = plain_claims(variants)
    ax.scatter(x[claim], -variants["pip_plain"].to_numpy()[claim], s=44, facecolors="none",
               edgecolors=WARN, linewidths=1.0, zorder=5, clip_on=False)  # fmt: skip
    ax.axhline(0, color=SPINE, linewidth=0.8, zorder=3)
    lower = [-1, -0.5] if mirrored else []
    ax.set_yticks([*lower, 0, 0.5, 1], [f"{abs(tick):g}" for tick in (*lower, 0, 0.5, 1)])
    ax.set_ylabel("flat  ←  PIP  →  informed" if mirrored else "PIP", fontsize=9, color=INK)
    tidy(ax)
    side_legend(ax, _set_handles(variants, bool(claim.any())), "Credible sets")
    return ax


def plot_z(variants: pd.DataFrame, ax: Axes) -> Axes:
    """Observed z scores; where the LD disagrees, a line to the z that it expects.

    Parameters
    ----------
    variants : DataFrame
        Rows of one locus of the ``variants`` table.
    ax : matplotlib.axes.Axes

    Returns
    -------
    Axes
    """
    x, z = megabases(variants), variants["z"].to_numpy()
    expected = variants["z_expected"].to_numpy(dtype=float)
    odd = ~variants["ld_consistent"].to_numpy(dtype=bool) & np.isfinite(expected)
    _limits(ax, x)
    ax.axhline(0, color=SPINE, linewidth=0.7, zorder=0)
    ax.scatter(x[~odd], z[~odd], s=7, c=GREY, linewidths=0, zorder=2,
               rasterized=len(variants) >= RASTER_FROM)  # fmt: skip
    ax.vlines(x[odd], z[odd], expected[odd], color=WARN, linewidth=0.8, zorder=3)
    ax.scatter(x[odd], z[odd], s=34, c=WARN, marker="x", linewidths=1.1, zorder=4)
    ax.scatter(x[odd], expected[odd], s=14, facecolors="white", edgecolors=WARN, zorder=4,
               linewidths=0.9)  # fmt: skip
    ax.set_ylabel("z", fontsize=9, color=INK)
    ax.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    tidy(ax)
    handles = [_dot(GREY, "observed", size=3.5)]
    if odd.any():
        handles = [
            *handles,
            _dot(WARN, "LD foretells other sign", marker="x", size=6, width=1.1),
            _dot("white", "expected from LD", edge=WARN, size=4.5),
        ]
    title = "Agreement with the LD" if np.isfinite(expected).any() else "No LD expectation"
    side_legend(ax, handles, title)
    return ax


def plot_locus_page(
    variants: pd.DataFrame, locus_row: Mapping[str, Any] | pd.Series, *,
    genome_build: str | None = None,
) -> Figure:  # fmt: skip
    """One figure for one locus: association, mirrored PIPs and z against LD.

    Parameters
    ----------
    variants : DataFrame
        Rows of one locus of the ``variants`` table.
    locus_row : mapping or Series
        Its row of the ``finemap_loci`` table.
    genome_build : str, optional
        Written on the position axis.

    Returns
    -------
    matplotlib.figure.Figure
        Nine inches wide; as high as its labels need.
    """
    texts = [text for _, text, _ in locus_labels(variants)]
    head = label_height(texts, _INNER * 72) / 72 + _TOP
    height = head + sum(_PANELS) + 2 * _BETWEEN + _BOTTOM
    figure = new_figure(_WIDTH, height)
    top = height - head
    axes: list[Axes] = []
    for panel_height in _PANELS:
        box = (_LEFT / _WIDTH, (top - panel_height) / height, _INNER / _WIDTH,
               panel_height / height)  # fmt: skip
        axes.append(figure.add_axes(box, sharex=axes[0] if axes else None))
        top -= panel_height + _BETWEEN
    plot_locus(variants, axes[0], panel=f"{locus_row['panel']}, n = {locus_row['panel_n']}")
    plot_pip(variants, axes[1])
    plot_z(variants, axes[2])
    for ax in axes[:-1]:
        ax.tick_params(labelbottom=False)
    build = f", {genome_build}" if genome_build else ""
    axes[-1].set_xlabel(f"Position on chromosome {locus_row['chrom']} (Mb{build})",
                        fontsize=9, color=INK)  # fmt: skip
    return figure


def _new_axes(panel: float, head: float, variants: pd.DataFrame) -> Axes:
    """Axes ``panel`` inches high in a new figure, with ``head`` inches above."""
    height = head + panel + _BOTTOM
    ax = new_figure(_WIDTH, height).add_axes(
        (_LEFT / _WIDTH, _BOTTOM / height, _INNER / _WIDTH, panel / height)
    )
    ax.set_xlabel(position_title(variants), fontsize=9, color=INK)
    return ax


def _limits(ax: Axes, x: np.ndarray) -> None:
    """Limits with a small margin and positions in plain megabases."""
    margin = max(float(np.ptp(x)) * 0.015, 0.002)
    ax.set_xlim(float(x.min()) - margin, float(x.max()) + margin)
    ax.xaxis.set_major_locator(MaxNLocator(7))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.6g}"))


def _stems(
    ax: Axes, x: np.ndarray, heights: np.ndarray, *, colours: np.ndarray, marked: np.ndarray,
    raster: bool,
) -> None:  # fmt: skip
    """Stems with round heads, triangular where ``marked``; the grey crowd lies below."""
    grey = (colours == GREY) & ~marked
    tall = grey & (np.abs(heights) > 0.02)
    ax.vlines(x[tall], 0, heights[tall], color=GREY, linewidth=0.7, zorder=1)
    ax.scatter(x[grey], heights[grey], s=9, c=GREY, linewidths=0, zorder=2, rasterized=raster)
    big = marked & (np.abs(heights) > 0.02)
    for mask, size, marker, edge in (
        (~grey & ~marked, 20, "o", 0.0),
        (marked & ~big, 16, "^", 0.6),
        (big, 42, "^", 0.9),
    ):
        ax.vlines(x[mask], 0, heights[mask], color=list(colours[mask]), linewidth=0.9, zorder=3)
        ax.scatter(x[mask], heights[mask], s=size, c=list(colours[mask]), marker=marker,
                   edgecolors=INK if edge else "none", linewidths=edge, zorder=4)  # fmt: skip


def _name_tallest(variants: pd.DataFrame, ax: Axes, heights: np.ndarray) -> None:
    """Name and value beside the tallest stems, as far as they do not meet."""
    x, (low, high) = megabases(variants), ax.get_xlim()
    place = (x - low) / (high - low)
    for k in tallest(heights, place):
        left = named_at_left(k, heights, place)
        ax.annotate(
            f"{literal(short_name(variants.iloc[k]))}  {abs(heights[k]):.2f}",
            (x[k], heights[k]), xytext=(-7 if left else 7, 0), textcoords="offset points",
            ha="right" if left else "left", va="center", fontsize=7.5, color=INK, zorder=6,
        )  # fmt: skip


def _write_labels(variants: pd.DataFrame, ax: Axes) -> None:
    labels = locus_labels(variants)
    rows = [k for k, _, _ in labels]
    points = np.column_stack([megabases(variants)[rows], variants["neg_log10_p"].to_numpy()[rows]])
    label_points(ax, points, [text for _, text, _ in labels], bold=[lead for *_, lead in labels])


def _dot(
    colour: str, label: str, *, marker: str = "o", size: float = 5.0, edge: str | None = None,
    width: float = 0.9,
) -> Line2D:  # fmt: skip
    return Line2D([], [], linestyle="none", marker=marker, markersize=size, color=colour,
                  markerfacecolor=colour, markeredgecolor=edge or colour,
                  markeredgewidth=width, label=label)  # fmt: skip


def _ld_title(panel: str | None) -> str:
    return "\n".join(["LD with the lead, r²", *textwrap.wrap(literal(panel or ""), 25)])


def _ld_handles(missense: bool, odd: bool, plain_lead: bool) -> list[Line2D]:
    handles = [_dot(LEAD, "lead", marker="D", size=5.5)] if plain_lead else []
    handles += [_dot(colour, text, width=0) for _, _, colour, text in LD_CLASSES]
    if missense:
        handles.append(_dot("white", "missense", marker="^", size=6.5, edge=INK))
    if odd:
        handles.append(_dot(WARN, "LD foretells other sign", marker="x", size=6, width=1.1))
    return handles


def _set_handles(variants: pd.DataFrame, claim: bool) -> list[Line2D]:
    up, down = set_colours(variants)
    handles = []
    for number in set_numbers(variants["cs_id"]):
        mask = (variants["cs_id"] == number).fillna(False).to_numpy(dtype=bool)
        handles.append(_dot(up[mask][0], f"set {number}"))
    for number in set_numbers(variants["cs_id_flat"]):
        mask = (variants["cs_id_flat"] == number).fillna(False).to_numpy(dtype=bool)
        if down[mask][0] not in up:
            handles.append(_dot(down[mask][0], f"flat prior only, set {number}"))
    handles.append(_dot(GREY, "in no set" if handles else "in no set (there are none)"))
    if claim:
        handles.append(_dot("white", "uncorrected fit, ≥ 0.5", edge=WARN, size=6, width=1.0))
    return handles
