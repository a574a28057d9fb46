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
# Zero is the middle of the colours where as many scores lie on either side.
_COMMON = 0.1


def plot_substitutions(
    scores: pd.DataFrame,
    *,
    score: str = "log_lik_ratio",
    centre: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Scores of substitutions: positions across, new residues up, the wild type marked.

    Orange is below the centre of the colours, blue above; colours end at the 98th percentile of
    distances from it. Residues without a score are grey.

    Parameters
    ----------
    scores : DataFrame
        ``position``, ``ref_aa``, ``alt_aa`` and a column of scores, one row per substitution of
        one protein by one method: as from `score_variants` of `all_substitutions`, or
        `single_mutants`.
    score : str
        The column of scores.
    centre : float, optional
        The score that is pale. By default zero, the wild type's, where at least a tenth of the
        scores lies on either side of it; else the median, which the legend then gives.
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
    >>> scores = pd.DataFrame({"position": [7, 7, 8], "ref_aa": ["K", "K", "L"],
    ...                        "alt_aa": ["R", "W", "P"], "log_lik_ratio": [-0.4, -5.1, -7.0]})
    >>> ax = plot_substitutions(scores)
    >>> [label.get_text() for label in ax.get_xticklabels()]
    ['K7', 'L8']
    """
    cells = substitution_cells(scores, score)
    first, last = int(cells["position"].min()), int(cells["position"].max())
    grid = np.full((len(RESIDUES), last - first + 1), np.nan)
    rows = cells["alt_aa"].map(RESIDUES.index).to_numpy()
    grid[rows, cells["position"].to_numpy() - first] = cells["score"]
    if ax is None:
        ax = new_figure(9.0, 3.6).add_axes((0.06, 0.15, 0.85, 0.8))
    middle, reach = colour_scale(cells, centre)
    ax.set_facecolor(_UNKNOWN)
    image = ax.imshow(grid, cmap=_COLOURS, vmin=middle - reach, vmax=middle + reach,
                      aspect="auto", interpolation="nearest", origin="lower",
                      extent=(first - 0.5, last + 0.5, -0.5, len(RESIDUES) - 0.5))  # fmt: skip
    wild = cells[cells["alt_aa"] == cells["ref_aa"]]
    size = float(np.clip(500 / (last - first + 1), 1.5, 14))
    ax.scatter(wild["position"], wild["alt_aa"].map(RESIDUES.index), s=size, c=_WILD, linewidths=0)
    _name_axes(ax, wild, wide=last - first + 1)
    figure = ax.get_figure(root=True)
    assert figure is not None, "an axes without a figure has no room for the bar of colours"
    bar = figure.colorbar(image, cax=ax.inset_axes((1.015, 0.45, 0.014, 0.5)), extend="both")
    bar.ax.tick_params(labelsize=7.5, length=2)
    bar.ax.set_title(legend_title(score, middle), fontsize=8, color=INK, loc="left")
    bar.outline.set_visible(False)
    return ax


def _name_axes(ax: Axes, wild: pd.DataFrame, *, wide: int) -> None:
    """Residues by letter; positions with their wild type where there is room for all."""
    ax.set_yticks(range(len(RESIDUES)), list(RESIDUES))
    if wide <= _FEW:
        names = (wild["ref_aa"] + wild["position"].astype("str")).tolist()
        ax.set_xticks(wild["position"], names, rotation=90)
    else:
        ax.xaxis.set_major_locator(MaxNLocator(9, integer=True))
    ax.tick_params(labelsize=8, color=SPINE, labelcolor=INK, length=0)
    ax.spines[:].set_visible(False)
    ax.set_xlabel("Position (dots: wild type)", fontsize=9, color=INK)
    ax.set_ylabel("New residue", fontsize=9, color=INK)


def substitution_cells(scores: pd.DataFrame, score: str) -> pd.DataFrame:
    """Checked substitutions with the wild type of each position as a row without a score.

    Returns
    -------
    DataFrame
        ``position``, ``ref_aa``, ``alt_aa`` and, whatever it was called, ``score``.

    Raises
    ------
    InputError
        As `plot_substitutions`.
    """
    require_type(scores, pd.DataFrame, "scores",
                 remedy="a table of position, ref_aa, alt_aa and scores")  # fmt: skip
    key = ["position", "ref_aa", "alt_aa"]
    missing = [name for name in [*key, score] if name not in scores]
    if missing:
        hint = "; name the column of scores by the argument score" if missing[0] == score else ""
        raise InputError(
            f"scores have no column {missing[0]!r}; found {', '.join(map(str, scores))}; "
            f"expected {', '.join(key)} and {score}{hint}"
        )
    cells = scores[[*key, score]].set_axis([*key, "score"], axis=1).dropna(subset=key)
    cells = cells.astype({"position": "int64", "score": "float64"})
    _check(cells, score)
    wild = cells[["position", "ref_aa"]].drop_duplicates()
    cells = cells[cells["ref_aa"] != cells["alt_aa"]]
    own = wild.assign(alt_aa=wild["ref_aa"], score=np.nan)
    return pd.concat([cells, own]).sort_values(["position", "alt_aa"], ignore_index=True)


def _check(cells: pd.DataFrame, score: str) -> None:
    if not np.isfinite(cells["score"]).any():
        raise InputError(f"scores hold no score; expected at least one row with a finite {score!r}")
    for column in ("ref_aa", "alt_aa"):
        strange = cells.loc[~cells[column].isin(list(RESIDUES)), column]
        if not strange.empty:
            raise InputError(
                f"scores: {column} {strange.iloc[0]!r} is none of the 20 amino acids "
                f"{''.join(sorted(RESIDUES))}; expected one capital letter"
            )
    wild = cells[["position", "ref_aa"]].drop_duplicates()
    twice = wild[wild["position"].duplicated()]
    if not twice.empty:
        raise InputError(
            f"scores: position {twice['position'].iloc[0]} has two wild types; expected the "
            "rows of one protein"
        )
    again = cells[cells.duplicated(["position", "alt_aa"])]
    if not again.empty:
        row = again.iloc[0]
        raise InputError(
            f"scores: {row['ref_aa']}{row['position']}{row['alt_aa']} stands twice; expected one "
            "row per substitution; keep the rows of one protein, model and method"
        )


def colour_scale(cells: pd.DataFrame, centre: float | None) -> tuple[float, float]:
    """The score that is pale, and how far from it colours end.

    Examples
    --------
    >>> colour_scale(pd.DataFrame({"score": [-1.0, -2.0, -3.0]}), None)
    (-2.0, 1.0)
    >>> colour_scale(pd.DataFrame({"score": [-1.0, 2.0]}), None)[0]
    0.0
    """
    found = cells["score"].to_numpy()
    found = found[np.isfinite(found)]
    if centre is None:
        rarer = min((found < 0).mean(), (found > 0).mean())
        centre = 0.0 if rarer >= _COMMON else float(np.median(found))
    elif not np.isfinite(centre):
        raise InputError(f"centre is {centre}; expected a finite score, or None to choose one")
    reach = float(np.quantile(np.abs(found - centre), 0.98))
    return float(centre), reach or max(abs(centre), 1.0)


def legend_title(score: str, middle: float) -> str:
    """Name of the score, and what is pale where that is not zero."""
    name = score.replace("_", " ")
    return name if middle == 0 else f"{name}\n(pale: {middle:.3g})"
