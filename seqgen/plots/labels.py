"""Names above a plot that never lie on each other, each tied to its point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path
from matplotlib.transforms import blended_transform_factory

from seqgen.plots.style import INK, SPINE, literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Text

SIZE = 8.0
_GAP = 6.0
_STEM = 14.0


def spread(centres: np.ndarray, widths: np.ndarray, *, low: float, high: float) -> np.ndarray:
    """Move intervals as little as possible (least squares) so that none overlap.

    Parameters
    ----------
    centres : ndarray, shape (k,)
        Where the intervals would like to be, ascending.
    widths : ndarray, shape (k,)
        Their widths, in the unit of ``centres``.
    low, high : float
        Where the row begins and ends; too many intervals run over ``high``.

    Returns
    -------
    ndarray, shape (k,)
        New centres in the same order, neighbours at least half their widths apart.

    Examples
    --------
    >>> import numpy as np
    >>> spread(np.array([5.0, 5.0]), np.array([2.0, 2.0]), low=0, high=10).tolist()
    [4.0, 6.0]
    """
    if len(centres) == 0:
        return np.asarray(centres, dtype=float)
    offset = np.concatenate([[0.0], np.cumsum((widths[1:] + widths[:-1]) / 2)])
    moved = _isotonic(np.asarray(centres, dtype=float) - offset)
    top = high - widths[-1] / 2 - offset[-1]
    return np.maximum(np.minimum(moved, top), low + widths[0] / 2) + offset


def _isotonic(values: np.ndarray) -> np.ndarray:
    """Closest non-decreasing sequence, by pooling adjacent violators."""
    means: list[float] = []
    sizes: list[int] = []
    for value in values:
        mean, size = float(value), 1
        while means and means[-1] > mean:
            before = sizes.pop()
            mean = (means.pop() * before + mean * size) / (before + size)
            size += before
        means.append(mean)
        sizes.append(size)
    return np.repeat(means, sizes)


def text_width(text: str, *, bold: bool = False) -> float:
    """Width of ``text`` in points, in matplotlib's own font (the widest that a page uses)."""
    font = FontProperties(size=SIZE, weight="bold" if bold else "normal")
    width, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath=False)
    return float(width)


def label_height(texts: Sequence[str], axes_width: float) -> float:
    """Points above the axes that :func:`label_points` will need for ``texts``."""
    if not texts:
        return 0.0
    widths = [text_width(text, bold=True) for text in texts]
    upright = _upright(widths, axes_width)
    return _STEM + (max(widths) if upright else SIZE) + 4


def _upright(widths: Sequence[float], axes_width: float) -> bool:
    return sum(widths) + _GAP * len(widths) > axes_width


def _size_in_points(ax: Axes) -> tuple[float, float]:
    figure = ax.get_figure(root=True)
    assert figure is not None, "an axes without a figure cannot carry labels"
    box, (width, height) = ax.get_position(), figure.get_size_inches() * 72
    return box.width * width, box.height * height


def label_points(
    ax: Axes, points: np.ndarray, texts: Sequence[str], *, bold: Sequence[bool] = ()
) -> list[Text]:
    """Write ``texts`` in a row above ``ax``, each with a thin line to its point.

    The row is level where it fits and upright otherwise. Set the limits of the axes first.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    points : ndarray, shape (k, 2)
        x and y of the points, in data units.
    texts : sequence of str, length k
    bold : sequence of bool, length k, optional
        Which texts to print bold.
    """
    if len(texts) == 0:
        return []
    width, height = _size_in_points(ax)
    order = [int(k) for k in np.argsort(points[:, 0], kind="stable")]
    low, high = ax.get_xlim()
    wanted = (points[order, 0] - low) / (high - low) * width
    sizes = np.array([text_width(texts[k], bold=True) for k in order])
    upright = _upright(sizes.tolist(), width)
    room = np.full(len(order), SIZE * 1.35) if upright else sizes + _GAP
    placed = spread(wanted, room, low=-30.0, high=width + 30.0)
    above = blended_transform_factory(ax.transData, ax.transAxes)
    bottom, top = ax.get_ylim()
    artists = []
    # fmt: off
    for k, x in zip(order, low + placed / width * (high - low), strict=True):
        x0, y0 = points[k]
        y_axes = (y0 - bottom) / (top - bottom)
        ax.plot(
            [x0, x0, x], [y_axes, 1, 1 + (_STEM - 3) / height], transform=above,
            color=SPINE, linewidth=0.6, clip_on=False, zorder=1,
        )
        artists.append(
            ax.text(
                x, 1 + _STEM / height, literal(texts[k]), transform=above, fontsize=SIZE,
                rotation=90 if upright else 0, ha="center", va="bottom", color=INK,
                fontweight="bold" if len(bold) and bold[k] else "normal",
            )
        )
    # fmt: on
    return artists
