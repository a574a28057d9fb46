"""Whether a scan's tests can be trusted: counts of small p values, and the shuffled control."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter, NullLocator

from seqgen.plots.labels import text_width
from seqgen.plots.pairs import axes_size
from seqgen.plots.style import (
    GREY,
    INK,
    RULE,
    SET_COLOURS,
    SOFT,
    SPINE,
    literal,
    new_figure,
    side_legend,
    tidy,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_COLOURS = (SET_COLOURS[0], SET_COLOURS[1], SET_COLOURS[2], SET_COLOURS[3], SET_COLOURS[6])
_MARKERS = ("o", "s", "D", "^", "v")
_LEAST = 0.05
_STEPS = (0.1, 0.2, 0.5, 0.8, 1, 1.25, 1.5, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000)
WEIGHTS = {"none": "no weights", "evidence": "evidence", "shuffled": "evidence shuffled"}
_KINDS = {
    "none": (SPINE, "o"),
    "evidence": (SET_COLOURS[0], "o"),
    "shuffled": (SET_COLOURS[1], "D"),
}


def chance_band(expected: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Counts between which 95% of Poisson counts fall; fewer do where tests depend on each other.

    Parameters
    ----------
    expected : ndarray, shape (k,)
        Counts expected.

    Returns
    -------
    low, high : ndarray, shape (k,)

    Examples
    --------
    >>> import numpy as np
    >>> low, high = chance_band(np.array([10.0]))
    >>> low.tolist(), high.tolist()
    ([4.0], [17.0])
    """
    from scipy.stats import poisson

    return poisson.ppf(0.025, expected), poisson.ppf(0.975, expected)


def plot_calibration(calibration: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Tests with p up to each level over the number expected without any effect.

    One line per set of tests, with the band of 95% of Poisson counts behind it. Filled marks
    lie outside their band, open ones within. A mark on the lower edge stands for no test at
    all; levels of which fewer than 0.05 tests are expected are left out.

    Parameters
    ----------
    calibration : DataFrame
        `schemas.CALIBRATION`.
    ax : matplotlib.axes.Axes, optional
        By default those of a new figure.

    Returns
    -------
    Axes

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"tests": "all", "level": [0.5, 0.01], "observed": [490.0, 14.0],
    ...                       "expected": [500.0, 10.0]})
    >>> plot_calibration(table).get_ylabel()
    'Observed / expected tests'
    """
    if ax is None:
        ax = new_figure(9.0, 2.9).add_axes((0.075, 0.19, 0.66, 0.76))
    known = known_levels(calibration)
    if known.empty:
        ax.set_axis_off()
        ax.text(0.5, 0.5, "No calibration to show", transform=ax.transAxes, ha="center",
                va="center", fontsize=8.5, color=SOFT)  # fmt: skip
        return ax
    groups = list(known.groupby("tests", sort=False))
    _scale(ax, known)
    handles: list[Any] = []
    banded: set[tuple[float, ...]] = set()
    for k, (name, rows) in enumerate(groups):
        colour, marker = _COLOURS[k % len(_COLOURS)], _MARKERS[k % len(_MARKERS)]
        # Sets of as many tests share one band.
        band = tuple(rows["expected"])
        _line(ax, rows, colour=colour, marker=marker, zorder=4 + 0.1 * k,
              banded=band not in banded)  # fmt: skip
        banded.add(band)
        handles.append(Line2D([], [], color=colour, marker=marker, markersize=5, linewidth=1.2,
                              label=literal(name)))  # fmt: skip
    handles += [
        Patch(color="#dfe3e7", label="95% of chance, if independent"),
        Line2D([], [], linestyle="none", marker="o", markersize=5, markerfacecolor="white",
               markeredgecolor=SOFT, label="open: within it"),
    ]  # fmt: skip
    side_legend(ax, handles)
    return ax


def _line(
    ax: Axes, rows: pd.DataFrame, *, colour: str, marker: str, zorder: float, banded: bool
) -> None:
    level, expected = rows["level"].to_numpy(), rows["expected"].to_numpy()
    observed = rows["observed"].to_numpy()
    low, high = chance_band(expected)
    bottom, _ = ax.get_ylim()
    if banded:
        ax.fill_between(level, np.maximum(low / expected, bottom), high / expected, color=colour,
                        alpha=0.13, linewidth=0, zorder=1)  # fmt: skip
    ratio = np.maximum(observed / expected, bottom)
    within = (observed >= low) & (observed <= high)
    ax.plot(level, ratio, color=colour, linewidth=1.2, zorder=zorder)
    for mine, face in ((within, "white"), (~within, colour)):
        ax.scatter(level[mine], ratio[mine], s=26, marker=marker, c=face, edgecolors=colour,
                   linewidths=1.1, zorder=zorder + 0.05, clip_on=False)  # fmt: skip


def ratio_limits(known: pd.DataFrame) -> tuple[float, float]:
    """Ends of the axis of ratios, around one."""
    ratio = (known["observed"] / known["expected"]).to_numpy()
    low, high = chance_band(known["expected"].to_numpy())
    ends = np.concatenate([ratio, low / known["expected"], [0.8, 1.25]])
    bottom = max(ends[ends > 0].min() / 1.15, 0.08)
    # One stray test at a tiny level must not flatten the rest.
    top = max(ratio.max(), 1.25, np.minimum(high / known["expected"], 10).max()) * 1.15
    return float(bottom), float(top)


def ratio_ticks(bottom: float, top: float) -> list[float]:
    """Ratios that a reader can name, without crowding."""
    ticks = [float(step) for step in _STEPS if bottom <= step <= top]
    return [t for t in ticks if t not in (0.8, 1.25, 1.5, 3)] if top / bottom > 12 else ticks


def level_ticks(known: pd.DataFrame) -> list[float]:
    """Powers of ten within the levels, and the largest level; with room between their names."""
    least, most = float(known["level"].min()), float(known["level"].max())
    powers = [float(f"{10.0**k:g}") for k in range(-12, 1)]
    return [power for power in powers if least / 1.35 <= power <= most / 2.5] + [most]


def known_levels(calibration: pd.DataFrame) -> pd.DataFrame:
    """Levels of which enough tests are expected, the sets of tests in their order."""
    known = calibration[calibration["expected"] >= _LEAST]
    order = {name: k for k, name in enumerate(dict.fromkeys(calibration["tests"]))}
    rank = known["tests"].map(order)
    return known.assign(rank=rank).sort_values(
        ["rank", "level"], ascending=[True, False], kind="stable"
    ).drop(columns="rank")  # fmt: skip


def _scale(ax: Axes, known: pd.DataFrame) -> None:
    """Logarithmic axes around one, with ticks a reader can name."""
    bottom, top = ratio_limits(known)
    ax.set(xscale="log", yscale="log", ylim=(bottom, top),
           xlim=(known["level"].max() * 1.35, known["level"].min() / 1.35))  # fmt: skip
    ax.axhline(1, color=SPINE, linewidth=0.9, zorder=2)
    ax.set_yticks(ratio_ticks(bottom, top))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.set_xticks(level_ticks(known))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}".replace("e-0", "e−")))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xlabel("p value up to", fontsize=9, color=INK)
    ax.set_ylabel("Observed / expected tests", fontsize=9, color=INK)
    ax.grid(axis="y", color=RULE, linewidth=0.5, zorder=0)
    tidy(ax)


def plot_control(control: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Discoveries of each procedure without weights, with them, and with shuffled ones.

    A line through the mark spans the fewest and the most that the shuffles found.

    Parameters
    ----------
    control : DataFrame
        `schemas.CONTROL`.
    ax : matplotlib.axes.Axes, optional
        By default those of a new figure.

    Returns
    -------
    Axes

    Examples
    --------
    >>> import pandas as pd
    >>> control = pd.DataFrame({
    ...     "procedure": "Bonferroni", "weights": ["none", "evidence", "shuffled"],
    ...     "discoveries": [10.0, 14.0, 9.5], "low": [10.0, 14.0, 8.0], "high": [10.0, 14.0, 11.0],
    ...     "gained": [0.0, 5.0, 1.0], "lost": [0.0, 1.0, 1.5], "alpha": 0.05})
    >>> ax = plot_control(control)
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['no weights', 'evidence', 'evidence shuffled']
    """
    procedures = list(dict.fromkeys(control["procedure"]))
    if ax is None:
        height = 0.3 * len(control) + 0.34 * len(procedures) + 0.5
        box = (0.17, 0.44 / height, 0.8, 1 - 0.5 / height)
        ax = new_figure(9.0, height).add_axes(box)
    if control.empty:
        ax.set_axis_off()
        ax.text(0.5, 0.5, "No control was run", transform=ax.transAxes, ha="center", va="center",
                fontsize=8.5, color=SOFT)  # fmt: skip
        return ax
    most = max(float(control[["discoveries", "high"]].max().max()), 1.0)
    # Room at the right for the longest of the numbers.
    told = max(text_width(row_words(row)) for row in control.to_dict("records")) * 8.5 / 8
    width, _ = axes_size(ax)
    ax.set_xlim(0, most * 1.13 * width / max(width - told, 0.3 * width))
    rows, names, at = [], [], 0.0
    for procedure in procedures:
        at += 1.1
        mine = control[control["procedure"] == procedure]
        title = procedure_title(procedure, float(mine["alpha"].iloc[0]))
        ax.text(
            0, at - 0.85, literal(title), fontsize=8.5, fontweight="bold", color=INK, va="center"
        )
        for row in mine.to_dict("records"):
            _draw_row(ax, row, at, most)
            rows.append(at)
            names.append(WEIGHTS[row["weights"]])
            at += 1.0
    ax.set_yticks(rows, names)
    ax.set_ylim(at - 0.4, -0.25)
    ax.set_xlabel("Discoveries", fontsize=9, color=INK, loc="left")
    tidy(ax)
    ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    ax.set_xticks([tick for tick in ax.get_xticks() if tick <= most * 1.1])
    ax.tick_params(axis="y", labelsize=9, length=0)
    ax.spines["left"].set_visible(False)
    ax.spines["bottom"].set_bounds(0, most * 1.1)
    return ax


def procedure_title(procedure: str, alpha: float) -> str:
    """A procedure and the error that it bounds."""
    rate = "FDR" if procedure.startswith("Benjamini") else "family-wise error"
    return f"{procedure.replace('-', '–')}, {100 * alpha:.3g}% {rate}"


def _draw_row(ax: Axes, row: dict, at: float, most: float) -> None:
    """A mark, its range if it is a mean of shuffles, and the numbers beside."""
    colour, marker = _KINDS[row["weights"]]
    ax.plot([0, row["discoveries"]], [at, at], color=GREY, linewidth=0.9, zorder=1)
    if row["weights"] == "shuffled":
        ax.plot([row["low"], row["high"]], [at, at], color=colour, linewidth=3.2, alpha=0.45,
                solid_capstyle="butt", zorder=2)  # fmt: skip
    ax.scatter([row["discoveries"]], [at], s=44, c=colour, marker=marker, linewidths=0, zorder=3,
               clip_on=False)  # fmt: skip
    ax.text(most * 1.13, at, row_words(row), fontsize=8.5, color=INK, va="center")


def row_words(row: dict) -> str:
    """The numbers of a row in words."""
    if row["weights"] == "none":
        return f"{row['discoveries']:,.0f}"
    shuffled = row["weights"] == "shuffled"
    places = 1 if shuffled else 0
    number = f"{row['discoveries']:,.{places}f}"
    between = f", from {row['low']:,.0f} to {row['high']:,.0f}" if shuffled else ""
    return f"{number}{between} ({row['gained']:,.{places}f} gained, {row['lost']:,.{places}f} lost)"
