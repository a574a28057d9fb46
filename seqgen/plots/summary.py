"""The run as a whole: where variants went, and what the prior learned."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import FuncFormatter, NullFormatter, NullLocator

from seqgen.errors import InputError
from seqgen.plots.style import INK, RULE, SET_COLOURS, SOFT, SPINE, literal, new_figure, tidy

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_BLUE = SET_COLOURS[0]


def plot_funnel(funnel: pd.DataFrame, ax: Axes) -> Axes:
    """Bars of how many variants each step left, from the first to the last.

    Parameters
    ----------
    funnel : DataFrame
        ``step`` and ``count``, in order.
    ax : matplotlib.axes.Axes

    Returns
    -------
    Axes

    Examples
    --------
    >>> import pandas as pd
    >>> from seqgen.plots import new_figure, plot_funnel
    >>> funnel = pd.DataFrame({"step": ["read", "in a locus"], "count": [15938, 520]})
    >>> ax = plot_funnel(funnel, new_figure(6, 1).subplots())
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['read', 'in a locus']
    """
    counts = funnel["count"].to_numpy(dtype=float)
    rows = np.arange(len(counts))
    most = max(float(counts.max(initial=0)), 1.0)
    ax.barh(rows, counts, height=0.62, color=_BLUE, alpha=0.85)
    before = np.concatenate([counts[:1], counts[:-1]])
    for row, (count, last) in enumerate(zip(counts, before, strict=True)):
        within = row > 0 and 0 < count <= last
        share = f"{100 * count / last:.3g}% of the step above" if within else ""
        ax.text(count + most * 0.012, row, f"{count:,.0f}", va="center", fontsize=9, color=INK)
        ax.text(most * 1.16, row, share, va="center", fontsize=8, color=SOFT)
    ax.set_yticks(rows, [literal(step) for step in funnel["step"]])
    ax.set_xlim(0, most * 1.5)
    ax.set_ylim(len(counts) - 0.4, -0.6)
    tidy(ax)
    ax.tick_params(axis="y", labelsize=9, length=0)
    ax.xaxis.set_visible(False)
    ax.spines["bottom"].set_visible(False)
    return ax


def plot_prior(coefficients: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Forest plot: the factor on the prior odds per unit of each annotation, with 95% interval.

    Filled points were learned from the loci, open ones were given.

    Parameters
    ----------
    coefficients : DataFrame
        The ``prior_coefficients`` table, or the coefficients of a `PriorFit`.
    ax : matplotlib.axes.Axes, optional
        By default those of a new figure.

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        If a column is missing or there is no row.

    Examples
    --------
    >>> import pandas as pd
    >>> coefficients = pd.DataFrame({"term": ["missense"], "estimate": [1.5], "lower": [0.2],
    ...                              "upper": [2.8], "source": "learned"})
    >>> [label.get_text() for label in plot_prior(coefficients).get_yticklabels()]
    ['missense']
    """
    require_coefficients(coefficients)
    if ax is None:
        height = 0.34 * len(coefficients) + 0.75
        ax = new_figure(7.0, height).add_axes((0.2, 0.55 / height, 0.76, 1 - 0.65 / height))
    estimate = coefficients["estimate"].to_numpy(dtype=float)
    lower = coefficients["lower"].to_numpy(dtype=float)
    upper = coefficients["upper"].to_numpy(dtype=float)
    rows = np.arange(len(estimate))
    known = np.isfinite(lower) & np.isfinite(upper)
    learned = (coefficients["source"] == "learned").to_numpy(dtype=bool)
    ax.axvline(0, color=SPINE, linewidth=0.8, zorder=0)
    ax.hlines(rows[known], lower[known], upper[known], color=_BLUE, linewidth=2.0, zorder=2)
    for mask, face in ((learned, _BLUE), (~learned, "white")):
        ax.scatter(estimate[mask], rows[mask], s=46, c=face, edgecolors=_BLUE, linewidths=1.4,
                   zorder=3)  # fmt: skip
    ends = np.concatenate([estimate, lower[known], upper[known], [-0.7, 0.7]])
    margin = 0.08 * np.ptp(ends)
    ax.set_xlim(ends.min() - margin, ends.max() + margin)
    ax.set_xticks(factor_ticks(*ax.get_xlim()))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"×{np.exp(value):.3g}"))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_yticks(rows, [literal(term) for term in coefficients["term"]])
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_xlabel("Prior odds multiplied by, per unit (95% interval)", fontsize=9, color=INK)
    ax.grid(axis="x", color=RULE, linewidth=0.6)
    tidy(ax)
    ax.tick_params(axis="y", labelsize=9, length=0)
    ax.spines["left"].set_visible(False)
    return ax


def require_coefficients(coefficients: pd.DataFrame) -> None:
    """Refuse what is no table of coefficients.

    Raises
    ------
    InputError
        If a column is missing or there is no row.
    """
    missing = [name for name in ("term", "estimate", "lower", "upper", "source")
               if name not in coefficients]  # fmt: skip
    if missing:
        raise InputError(
            f"coefficients have no column {missing[0]!r}; expected the prior_coefficients table, "
            "or the coefficients that fit_prior learned"
        )
    if coefficients.empty:
        raise InputError("coefficients have no row; expected one for each term of the prior")


def factor_ticks(low: float, high: float) -> np.ndarray:
    """Round factors between two natural logarithms, as logarithms, at most about seven.

    Examples
    --------
    >>> np.exp(factor_ticks(-0.7, 2.4)).round(3).tolist()
    [0.5, 1.0, 2.0, 5.0, 10.0]
    """
    steps = np.arange(np.floor(low / np.log(10)), np.ceil(high / np.log(10)) + 1)
    for within in ((1, 2, 5), (1, 3), (1,)):
        ticks = np.log([m * 10.0**e for e in steps for m in within])
        ticks = ticks[(ticks >= low) & (ticks <= high)]
        if len(ticks) <= 8:
            return ticks
    return ticks[:: int(np.ceil(len(ticks) / 8))]
