"""Heat map of what a model thinks of every substitution of a protein."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.ticker import MaxNLocator

from seqgen.errors import InputError, require_type
from seqgen.plots.style import INK, SPINE, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: From small and greasy over aromatic and polar to charged ones: alike stand together.
RESIDUES = "GAVLIMPFWYCSTNQHKRDE"
_WILD, _UNKNOWN = INK, "#c9ced4"
_COLOURS = LinearSegmentedColormap.from_list(
    "substitutions", ["#8a3a00", "#D55E00", "#fbfbfb", "#0072B2", "#00436b"]
)
_FEW = 60


def plot_substitutions(scores: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Scores of substitutions: positions across, new residues up, the wild type marked.

    Orange is worse than the wild type (below zero), blue better; colours end at the 98th
    percentile of the absolute scores. Residues without a score are grey.

    Parameters
    ----------
    scores : DataFrame
        ``position``, ``ref``, ``alt`` and ``score``, one row per substitution of one protein,
        such as all 19 of each position.
    ax : matplotlib.axes.Axes, optional
        By default those of a new figure.

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        If a column is missing, there is no score, a letter is no amino acid, a position has two
        wild types, or a substitution stands twice.

    Examples
    --------
    >>> import pandas as pd
    >>> scores = pd.DataFrame({"position": [7, 7, 8], "ref": ["K", "K", "L"],
    ...                        "alt": ["R", "W", "P"], "score": [-0.4, -5.1, -7.0]})
    >>> ax = plot_substitutions(scores)
    >>> [label.get_text() for label in ax.get_xticklabels()]
    ['K7', 'L8']
    """
    cells = substitution_cells(scores)
    first, last = int(cells["position"].min()), int(cells["position"].max())
    grid = np.full((len(RESIDUES), last - first + 1), np.nan)
    rows = cells["alt"].map(RESIDUES.index).to_numpy()
    grid[rows, cells["position"].to_numpy() - first] = cells["score"]
    if ax is None:
        ax = new_figure(9.0, 3.6).add_axes((0.06, 0.15, 0.87, 0.8))
    limit = colour_limit(cells)
    ax.set_facecolor(_UNKNOWN)
    image = ax.imshow(grid, cmap=_COLOURS, vmin=-limit, vmax=limit, aspect="auto",
                      interpolation="nearest", origin="lower",
                      extent=(first - 0.5, last + 0.5, -0.5, len(RESIDUES) - 0.5))  # fmt: skip
    wild = cells[cells["alt"] == cells["ref"]]
    size = float(np.clip(500 / (last - first + 1), 1.5, 14))
    ax.scatter(wild["position"], wild["alt"].map(RESIDUES.index), s=size, c=_WILD, linewidths=0)
    _name_axes(ax, wild, wide=last - first + 1)
    figure = ax.get_figure(root=True)
    assert figure is not None, "an axes without a figure has no room for the bar of colours"
    bar = figure.colorbar(image, cax=ax.inset_axes((1.015, 0.5, 0.014, 0.5)), extend="both")
    bar.ax.tick_params(labelsize=7.5, length=2)
    bar.ax.set_title("score", fontsize=8, color=INK, loc="left")
    bar.outline.set_visible(False)
    return ax


def _name_axes(ax: Axes, wild: pd.DataFrame, *, wide: int) -> None:
    """Residues by letter; positions with their wild type where there is room for all."""
    ax.set_yticks(range(len(RESIDUES)), list(RESIDUES))
    if wide <= _FEW:
        names = (wild["ref"] + wild["position"].astype("str")).tolist()
        ax.set_xticks(wild["position"], names, rotation=90)
    else:
        ax.xaxis.set_major_locator(MaxNLocator(9, integer=True))
    ax.tick_params(labelsize=8, color=SPINE, labelcolor=INK, length=0)
    ax.spines[:].set_visible(False)
    ax.set_xlabel("Position (dots: wild type)", fontsize=9, color=INK)
    ax.set_ylabel("New residue", fontsize=9, color=INK)


def substitution_cells(scores: pd.DataFrame) -> pd.DataFrame:
    """Checked substitutions with the wild type of each position as a row without a score.

    Raises
    ------
    InputError
        As `plot_substitutions`.
    """
    require_type(scores, pd.DataFrame, "scores",
                 remedy="a table of position, ref, alt and score")  # fmt: skip
    wanted = ["position", "ref", "alt", "score"]
    missing = [name for name in wanted if name not in scores]
    if missing:
        raise InputError(
            f"scores have no column {missing[0]!r}; found {', '.join(map(str, scores))}; "
            "expected position, ref, alt and score"
        )
    cells = scores[wanted].dropna(subset=["position", "ref", "alt"])
    cells = cells.astype({"position": "int64", "score": "float64"})
    _check(cells)
    wild = cells[["position", "ref"]].drop_duplicates()
    cells = cells[cells["ref"] != cells["alt"]]
    own = wild.assign(alt=wild["ref"], score=np.nan)
    return pd.concat([cells, own]).sort_values(["position", "alt"], ignore_index=True)


def _check(cells: pd.DataFrame) -> None:
    if not np.isfinite(cells["score"]).any():
        raise InputError("scores hold no score; expected at least one row with a finite score")
    for column in ("ref", "alt"):
        strange = cells.loc[~cells[column].isin(list(RESIDUES)), column]
        if not strange.empty:
            raise InputError(
                f"scores: {column} {strange.iloc[0]!r} is none of the 20 amino acids "
                f"{''.join(sorted(RESIDUES))}; expected one capital letter"
            )
    wild = cells[["position", "ref"]].drop_duplicates()
    twice = wild[wild["position"].duplicated()]
    if not twice.empty:
        raise InputError(
            f"scores: position {twice['position'].iloc[0]} has two wild types; expected the "
            "rows of one protein"
        )
    again = cells[cells.duplicated(["position", "alt"])]
    if not again.empty:
        row = again.iloc[0]
        raise InputError(
            f"scores: {row['ref']}{row['position']}{row['alt']} stands twice; expected one row "
            "per substitution, of one model and method"
        )


def colour_limit(cells: pd.DataFrame) -> float:
    """Absolute score at which colours end."""
    found = cells["score"].abs()
    return float(np.quantile(found[np.isfinite(found)], 0.98)) or 1.0
