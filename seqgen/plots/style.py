"""Colours, axes manners and the way from a figure to SVG text."""

from __future__ import annotations

import hashlib
import io
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.figure import Figure

from seqgen.errors import OutputError
from seqgen.io.tables import replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito (2008): told apart by readers with any common colour vision.
GREY, INK, SOFT, SPINE, RULE = "#b4b9bf", "#22272e", "#5b636c", "#8b939c", "#d5d9de"
LD_CLASSES = (
    (0.8, 1.01, "#D55E00", "0.8 to 1"),
    (0.6, 0.8, "#E69F00", "0.6 to 0.8"),
    (0.4, 0.6, "#009E73", "0.4 to 0.6"),
    (0.2, 0.4, "#56B4E9", "0.2 to 0.4"),
    (-0.01, 0.2, GREY, "below 0.2"),
)
SET_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7A5195")
LEAD = "#4B2E83"
WARN = "#A61C3C"

RASTER_FROM = 600
"""From this many points on, the crowd of small points is drawn as pixels, not as shapes."""

_PICTURES = ("png", "svg", "pdf")
_FONT = re.compile(r"font: ([^;\"']*?)(\d+(?:\.\d+)?px) [^;\"]*")
_COORDINATES = re.compile(r'\b(?:x|y|d|transform)="[^"]*"')
_LONG_NUMBER = re.compile(r"(\d\.\d\d)\d+")
_PAGE_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif"


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of ``width`` x ``height`` inches that pyplot knows nothing of."""
    return Figure(figsize=(width, height), facecolor="white")


def tidy(ax: Axes) -> None:
    """Take away what carries no information: two spines, dark ticks, large numbers."""
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        ax.spines[side].set_color(SPINE)
        ax.spines[side].set_linewidth(0.7)
    ax.tick_params(labelsize=8, color=SPINE, labelcolor=INK, width=0.7, length=3)
    ax.set_axisbelow(True)


def literal(text: object) -> str:
    """``text`` such that matplotlib prints a dollar sign instead of reading mathematics."""
    return str(text).replace("$", r"\$")


def side_legend(ax: Axes, handles: list[Any], title: str | None = None) -> Any:
    """A legend outside the axes on the right, where it hides no point."""
    legend = ax.legend(
        handles=handles,
        title=title,
        loc="upper left",
        bbox_to_anchor=(1.01, 1.02),
        frameon=False,
        fontsize=8,
        title_fontsize=8,
        alignment="left",
        handletextpad=0.4,
        labelspacing=0.35,
        borderpad=0.2,
    )
    legend.get_title().set_color(INK)
    return legend


def save_figure(figure: Any, path: str | os.PathLike[str]) -> Path:
    """Write ``figure`` whole or not at all, as PNG, SVG or PDF by the suffix.

    Raises
    ------
    OutputError
        If the suffix is another one or the place cannot be written.
    """
    path = Path(path)
    kind = path.suffix.lower().removeprefix(".")
    if kind not in _PICTURES:
        raise OutputError(
            f"{path}: pictures are written as {', '.join(f'.{known}' for known in _PICTURES)}"
        )
    with replacing(path) as handle:
        figure.savefig(handle, format=kind, dpi=180, bbox_inches="tight")
    return path


def figure_to_svg(figure: Figure, name: str) -> str:
    """``figure`` as SVG text for use inside an HTML page.

    The text is the same on every run; identifiers depend on ``name``, so that several
    figures live on one page; writing stays writing, in the fonts of the page; nothing in
    it refers to another file or address.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    name : str
        Unique on the page.

    Returns
    -------
    str
        One ``<svg>`` element.
    """
    buffer = io.StringIO()
    settings: Any = {"svg.hashsalt": f"seqgen {name}", "svg.fonttype": "none"}
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with mpl.rc_context(settings):
        figure.savefig(buffer, format="svg", metadata=nothing, dpi=180)
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.S)
    text = re.sub(r"<!--.*?-->", "", text, flags=re.S)
    text = re.sub(r' xmlns(:xlink)?="[^"]*"', "", text)
    text = _FONT.sub(rf"font: \1\2 {_PAGE_FONT}", text)
    text = _COORDINATES.sub(lambda match: _LONG_NUMBER.sub(r"\1", match[0]), text)
    text = _own_identifiers(text, "f" + hashlib.sha256(name.encode()).hexdigest()[:6])
    return re.sub(r"\n\s*\n", "\n", text).strip()


def _own_identifiers(text: str, prefix: str) -> str:
    """Shorten the identifiers that something refers to and drop all others."""
    used = dict.fromkeys(re.findall(r"(?:url\(#|href=\"#)([^)\"]+)", text))
    short = {name: f"{prefix}{number}" for number, name in enumerate(used)}

    def rename(match: re.Match[str]) -> str:
        return f' id="{short[match[1]]}"' if match[1] in short else ""

    text = re.sub(r' id="([^"]+)"', rename, text)
    return re.sub(r"(url\(#|href=\"#)([^)\"]+)", lambda match: match[1] + short[match[2]], text)
