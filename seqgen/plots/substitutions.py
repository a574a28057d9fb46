"""Heat map of what a model thinks of every substitution of a protein."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from seqgen.errors import InputError, require_type
from seqgen.plots.style import INK, SPINE, literal, new_figure

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
#: A longer stretch is folded into panels, of about this many positions and not more than so many.
_UNFOLDED, _FOLD, _MOST_PANELS = 200, 150, 12
_LONG = 60  # letters of a model's name in the title


class _Look(NamedTuple):
    """What all panels share: colours, title of their legend, and the variants to ring."""

    scale: Normalize
    title: str
    known: pd.DataFrame


def plot_substitutions(
    scores: pd.DataFrame,
    *,
    score: str = "log_lik_ratio",
    centre: float | None = None,
    known: pd.DataFrame | None = None,
    fold: int | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Scores of substitutions: positions across, new residues up, the wild type marked.

    Orange is below the centre of the colours, blue above; colours end at the 98th percentile of
    distances from it. Residues without a score are grey. A long protein is folded into panels,
    read as lines of text. The title is the protein, the model and how it was asked, as far as
    ``scores`` and their ``attrs`` tell.

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
    known : DataFrame, optional
        Variants to ring: ``position`` and ``alt_aa``, and ``uniprot`` where those of other
        proteins are among them, such as `missense_map`.
    fold : int, optional
        Positions of one panel. By default all up to 200, else about 150, in at most 12 panels.
    ax : matplotlib.axes.Axes, optional
        One panel for all; by default those of a new figure.

    Returns
    -------
    Axes
        Of the first panel; its figure has all.

    Raises
    ------
    InputError
        If a column is missing, there is no score, a letter is no amino acid, a position has two
        wild types, a substitution stands twice, or ``fold`` does not fit.

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
    middle, reach = colour_scale(cells, centre)
    look = _Look(
        Normalize(middle - reach, middle + reach), legend_title(score, middle),
        known_cells(known, scores, cells),
    )  # fmt: skip
    first, last = int(cells["position"].min()), int(cells["position"].max())
    if ax is not None:
        if fold is not None:
            raise InputError(f"fold is {fold} with ax, which is one panel; leave one of them out")
        _draw(ax, cells, look, span=(first, last))
        _name_positions(ax, cells, (first, last))
        _explain(ax, look)
        ax.set_title(literal(map_title(scores, score)), fontsize=10, color=INK)
        return ax
    width = panel_width(last - first + 1, fold)
    starts = range(first, last + 1, width)
    if len(starts) == 1:
        axes = [new_figure(9.0, 3.6).add_axes((0.06, 0.15, 0.83, 0.77))]
    else:
        axes = _panels(len(starts))
    for place, start in zip(axes, starts, strict=True):
        # All panels are as wide in positions, so that a short last one is not stretched.
        mine = cells[cells["position"].between(start, start + width - 1)]
        span = start, start + width - 1 if len(starts) > 1 else last
        _draw(place, mine, look, span=span)
        _name_positions(place, mine, span)
        place.set_xlabel("")
    axes[-1].set_xlabel("Position (dots: wild type)", fontsize=9, color=INK)
    _explain(axes[0], look)
    axes[0].set_title(literal(map_title(scores, score)), fontsize=10, color=INK)
    return axes[0]


def panel_width(length: int, fold: int | None) -> int:
    """Positions of each panel.

    Raises
    ------
    InputError
        If ``fold`` is less than 1.

    Examples
    --------
    >>> panel_width(142, None), panel_width(286, None), panel_width(35_000, None)
    (142, 143, 2917)
    >>> panel_width(286, 100)
    100
    """
    if fold is not None:
        if fold < 1:
            raise InputError(f"fold is {fold}; expected positions of one panel, at least 1")
        return min(fold, length)
    if length <= _UNFOLDED:
        return length
    return -(-length // min(round(length / _FOLD), _MOST_PANELS))


def _panels(count: int) -> list[Axes]:
    """Axes below each other, the first with room for the legend on its right."""
    figure = new_figure(9.0, 2.25 * count + 0.75)
    height = figure.get_figheight()
    return [
        figure.add_axes((0.06, (0.45 + 2.25 * (count - 1 - k)) / height, 0.83, 1.95 / height))
        for k in range(count)
    ]


def _draw(ax: Axes, cells: pd.DataFrame, look: _Look, *, span: tuple[int, int]) -> None:
    """One panel: cells, dots of the wild type, rings of known variants."""
    first, last = span
    grid = np.full((len(RESIDUES), last - first + 1), np.nan)
    grid[cells["alt_aa"].map(RESIDUES.index), cells["position"] - first] = cells["score"]
    there = cells["position"].max() if len(cells) else first
    ax.set_facecolor("white")
    ax.axvspan(first - 0.5, there + 0.5, color=_UNKNOWN, linewidth=0, zorder=0)
    ax.imshow(grid, cmap=_COLOURS, norm=look.scale, aspect="auto", interpolation="nearest",
              origin="lower", zorder=1,
              extent=(first - 0.5, last + 0.5, -0.5, len(RESIDUES) - 0.5))  # fmt: skip
    wild = cells[cells["alt_aa"] == cells["ref_aa"]]
    size = float(np.clip(500 / (last - first + 1), 1.5, 14))
    ax.scatter(wild["position"], wild["alt_aa"].map(RESIDUES.index), s=size, c=_WILD, linewidths=0)
    known = look.known[look.known["position"].between(first, last)]
    if len(known):
        for colour, width in (("white", 2.8), (_WILD, 1.2)):  # a rim, to stand out of any colour
            ax.scatter(known["position"], known["alt_aa"].map(RESIDUES.index), s=2 * size + 12,
                       facecolors="none", edgecolors=colour, linewidths=width)  # fmt: skip
    ax.set_yticks(range(len(RESIDUES)), list(RESIDUES))
    ax.set_ylabel("New residue", fontsize=9, color=INK)
    ax.spines[:].set_visible(False)


def _name_positions(ax: Axes, cells: pd.DataFrame, span: tuple[int, int]) -> None:
    """Positions with their wild type where there is room for all."""
    panel = ax.get_window_extent().height / ax.figure.dpi
    ax.tick_params(labelsize=8, color=SPINE, labelcolor=INK, length=0)
    ax.tick_params(axis="y", labelsize=8 if panel > 2 else 6.5)
    if span[1] - span[0] < _FEW:
        wild = cells[cells["alt_aa"] == cells["ref_aa"]]
        names = (wild["ref_aa"] + wild["position"].astype("str")).tolist()
        ax.set_xticks(wild["position"], names, rotation=90, fontsize=8 if panel > 2 else 6)
    else:
        ax.xaxis.set_major_locator(MaxNLocator(9, integer=True))
    ax.set_xlim(span[0] - 0.5, span[1] + 0.5)
    ax.set_xlabel("Position (dots: wild type)", fontsize=9, color=INK)


def _explain(ax: Axes, look: _Look) -> None:
    """The bar of colours, and what rings are."""
    figure = ax.get_figure(root=True)
    assert figure is not None, "an axes without a figure has no room for the bar of colours"
    bar = figure.colorbar(ax.images[0], cax=ax.inset_axes((1.015, 0.4, 0.014, 0.5)), extend="both")
    bar.ax.tick_params(labelsize=7.5, length=2)
    bar.ax.set_title(look.title, fontsize=8, color=INK, loc="left")
    bar.outline.set_visible(False)
    if len(look.known):
        ring = Line2D(
            [],
            [],
            marker="o",
            linestyle="",
            markerfacecolor="none",
            markeredgecolor=_WILD,
            markersize=5,
            label=f"{len(look.known):,} known",
        )
        ax.legend(handles=[ring], loc="upper left", bbox_to_anchor=(1.005, 0.22), frameon=False,
                  fontsize=8, handletextpad=0.2, borderpad=0)  # fmt: skip


def known_cells(
    known: pd.DataFrame | None, scores: pd.DataFrame, cells: pd.DataFrame
) -> pd.DataFrame:
    """``position`` and ``alt_aa`` of the known variants that have a cell, each once.

    Raises
    ------
    InputError
        If a column is missing.
    """
    key = ["position", "alt_aa"]
    if known is None:
        return cells.iloc[:0][key]
    require_type(known, pd.DataFrame, "known", remedy="a table of position and alt_aa")
    missing = [name for name in key if name not in known]
    if missing:
        raise InputError(
            f"known has no column {missing[0]!r}; found {', '.join(map(str, known))}; expected "
            f"{', '.join(key)}"
        )
    if "uniprot" in known and "uniprot" in scores:
        known = known[known["uniprot"].isin(scores["uniprot"])]
    mine = known[key].dropna().astype({"position": "int64"}).drop_duplicates()
    return cells[key].merge(mine, on=key)


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


def map_title(scores: pd.DataFrame, score: str) -> str:
    """Protein, model and method of a column of scores, as far as the table tells them.

    Examples
    --------
    >>> table = pd.DataFrame({"uniprot": ["P1"], "method": ["masked-marginal"], "score": [0.5]})
    >>> table.attrs["score"] = {"model": "blosum62"}
    >>> map_title(table, "score")
    'P1, blosum62, masked-marginal'
    """
    told = scores.attrs.get(score) or scores.attrs.get("models", {}).get(score) or {}
    model = told.get("model")
    methods = scores["method"] if "method" in scores else told.get("methods", ())
    if "of" in told:  # a combined score
        model, methods = " + ".join(map(str, told["of"])), [f"combined by {told['how']}"]
    names = next((scores[name] for name in ("uniprot", "protein") if name in scores), ())
    parts = [_only(names), _shortened(model), _only(methods)]
    return ", ".join(part for part in parts if part)


def _only(values: Iterable[Any]) -> str:
    """The one value that there is; nothing where there are several."""
    found = {str(value) for value in values if pd.notna(value)}
    return found.pop() if len(found) == 1 else ""


def _shortened(model: Any) -> str:
    """The name of a model, of a long path its end."""
    name = str(model or "")
    return name if len(name) <= _LONG else f"...{name[3 - _LONG :]}"
