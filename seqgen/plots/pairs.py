"""Which pairs of residues a plot shows, how each kind looks, and where residues lie."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from seqgen.errors import InputError, require_type
from seqgen.plots.style import SOFT, literal
from seqgen.results import Couplings
from seqgen.structure import ResidueDistances

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from seqgen.alignment import Residues

CUTOFF = 8.0
CONTACT, APART, UNSEEN = "#0072B2", "#D55E00", "#7A5195"
#: Colour, marker and name of each kind of pair: never told apart by colour alone.
KINDS = {
    "contact": (CONTACT, "o", "contact"),
    "apart": (APART, "X", "no contact"),
    "unseen": (UNSEEN, "D", "not in the structure"),
    "plain": (CONTACT, "o", "coupling"),
}
#: Steps between numbered positions, times powers of ten.
ROUND = (1, 2, 5, 10)
_BETWEEN = 0.04


def strongest(
    couplings: Couplings, top: int | None, *, distances: ResidueDistances | np.ndarray | None,
    cutoff: float, min_separation: int,
) -> pd.DataFrame:  # fmt: skip
    """The ``top`` pairs of `seqgen.schemas.COUPLINGS` with ``distance`` and ``kind``.

    Pairs that score zero or less are no stronger than the background, and are left out.
    """
    require_couplings(couplings)
    if not 0 < cutoff < np.inf:
        raise InputError(f"cutoff is {cutoff}; expected a distance above 0, in angstrom")
    if not isinstance(min_separation, int | np.integer) or min_separation < 0:
        raise InputError(f"min_separation is {min_separation!r}; expected a whole number from 0")
    if top is None:
        shorter = min(len(couplings.rows), len(couplings.columns))
        top = shorter if couplings.symmetric else max(shorter // 2, 1)
    if not isinstance(top, int | np.integer) or top < 1:
        raise InputError(f"top is {top!r}; expected a number of pairs from 1")
    frame = couplings.to_frame(min_separation=min_separation).head(top)
    frame = frame[frame["score"] > 0]
    known = known_distances(couplings, distances)
    if known is None:
        return frame.assign(distance=np.nan, kind="plain")
    i = _index(couplings.rows, frame, 1)
    j = _index(couplings.columns, frame, 2)
    found = known[i, j]
    kind = np.where(np.isnan(found), "unseen", np.where(found < cutoff, "contact", "apart"))
    return frame.assign(distance=found, kind=kind)


def require_couplings(couplings: Couplings) -> None:
    """Refuse what is no `Couplings`.

    Raises
    ------
    InputError
        If it is none.
    """
    require_type(couplings, Couplings, "couplings",
                 remedy="Couplings, as infer_couplings or read_couplings give them")  # fmt: skip


def known_distances(
    couplings: Couplings, distances: ResidueDistances | np.ndarray | None
) -> np.ndarray | None:
    """Distances as an array of the couplings' shape."""
    if distances is None:
        return None
    values = distances.values if isinstance(distances, ResidueDistances) else distances
    if np.shape(values) != couplings.scores.shape:
        raise InputError(
            f"distances have shape {np.shape(values)} and the couplings "
            f"{couplings.scores.shape}; expected the same residues"
        )
    return np.asarray(values, dtype=float)


def _index(residues: Residues, frame: pd.DataFrame, side: int) -> np.ndarray:
    known = pd.MultiIndex.from_arrays([residues.proteins.astype(object), residues.positions])
    return known.get_indexer(
        pd.MultiIndex.from_arrays([frame[f"protein_{side}"].astype(object),
                                   frame[f"position_{side}"]])
    )  # fmt: skip


def axis_name(names: list[str]) -> str:
    """What positions are positions in."""
    told = ", then ".join(literal(name) for name in names if name)
    return f"Position in {told}" if told else "Position"


def nothing_to_show(ax: Axes, couplings: Couplings) -> Axes:
    """Say in the middle of the axes that there is no pair, and what the result notes."""
    ax.text(0.5, 0.5, literal(no_pairs(couplings)), transform=ax.transAxes, ha="center",
            va="center", fontsize=8.5, color=SOFT)  # fmt: skip
    return ax


def no_pairs(couplings: Couplings) -> str:
    """That there is no pair to show, and what the result notes."""
    known = couplings.scores[np.isfinite(couplings.scores)]
    silent = known.size and not (known > 0).any()
    lines = ["No signal: no pair scores above zero" if silent else "No pair of residues to show"]
    for notice in couplings.notices[:2]:
        lines += ["", *textwrap.wrap(notice, 52)]
    return "\n".join(lines)


def axes_size(ax: Axes) -> tuple[float, float]:
    """Width and height of the axes in points."""
    figure = ax.get_figure(root=True)
    assert figure is not None, "an axes without a figure has no size"
    box, (width, height) = ax.get_position(), figure.get_size_inches() * 72
    return box.width * width, box.height * height


# --- positions of one protein after the other -----------------------------------------------


@dataclass(frozen=True)
class Track:
    """Where the residues of one or more proteins lie along an axis.

    ``start`` holds the first position of each protein, ``offset`` what is added to positions
    of a protein to get its coordinates, ``end`` the last coordinate; ``room`` lies between two.
    """

    start: Mapping[str, int]
    offset: Mapping[str, float]
    end: Mapping[str, float]
    room: float

    @classmethod
    def of(cls, residues: Residues) -> Track:
        """The proteins of ``residues``, one after the other."""
        room = float(np.ceil(_BETWEEN * len(residues)))
        start, offset, end = {}, {}, {}
        at = 0.0
        for number, name in enumerate(residues.names):
            own = residues.positions[residues.proteins == name]
            start[name] = int(own.min())
            # The first protein keeps its numbers as coordinates.
            offset[name] = 0.0 if number == 0 else at - own.min()
            end[name] = float(own.max() + offset[name])
            at = end[name] + 1 + room
        return cls(start, offset, end, room)

    def of_residues(self, residues: Residues) -> np.ndarray:
        """Coordinates of ``residues``."""
        return residues.positions + np.array([self.offset[name] for name in residues.proteins])

    def of_pairs(self, pairs: pd.DataFrame, side: int) -> np.ndarray:
        """Coordinates of the residues of one side of a table of pairs."""
        offset = pairs[f"protein_{side}"].map(self.offset).to_numpy(dtype=float)
        return pairs[f"position_{side}"].to_numpy(dtype=float) + offset

    @property
    def limits(self) -> tuple[float, float]:
        """First and last coordinate, half a residue beyond."""
        first = next(iter(self.start))
        return self.start[first] + self.offset[first] - 0.5, max(self.end.values()) + 0.5

    @property
    def borders(self) -> list[float]:
        """Coordinates midway between two proteins."""
        later = list(self.start)[1:]
        return [self.start[name] + self.offset[name] - 0.5 - self.room / 2 for name in later]

    def ticks(self, most: int) -> tuple[list[float], list[str]]:
        """Coordinates and numbers of round positions of each protein."""
        each = max(most // len(self.start), 3)
        places: list[float] = []
        names: list[str] = []
        for name, first in self.start.items():
            last = int(self.end[name] - self.offset[name])
            for value in MaxNLocator(each, integer=True, steps=ROUND).tick_values(first, last):
                if first <= value <= last:
                    places.append(float(value + self.offset[name]))
                    names.append(f"{value:.0f}")
        return places, names
