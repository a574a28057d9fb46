"""How decisions with and without weights look, and in which order tests are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib.lines import Line2D

from seqgen.plots.style import GREY

if TYPE_CHECKING:
    import pandas as pd


class Look(NamedTuple):
    """Colour (Okabe and Ito 2008), marker, line and name of a decision."""

    colour: str
    marker: str
    dashes: Any
    name: str


#: Never told apart by colour alone.
LOOKS = {
    "both": Look("#0072B2", "o", "-", "without and with weights"),
    "gained": Look("#009E73", "^", (0, (5, 1.3)), "gained by weights"),
    "lost": Look("#D55E00", "v", (0, (2.2, 1.4)), "lost by weights"),
    "neither": Look(GREY, ".", (0, (0.9, 1.3)), "no discovery"),
}


def ranked(table: pd.DataFrame) -> pd.DataFrame:
    """Tests by the smaller of their two adjusted p values, then by p: discoveries first.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"q": [0.4, 0.3], "q_weighted": [0.01, 0.2], "neg_log10_p": [4, 5]})
    >>> ranked(table).index.tolist()
    [0, 1]
    """
    q = table[["q", "q_weighted"]].min(axis=1).to_numpy()
    return table.iloc[np.lexsort((-table["neg_log10_p"].to_numpy(dtype=float), q))]


def decision_handles(decisions: pd.Series, *, lines: bool) -> list[Line2D]:
    """One entry of a legend for each decision that occurs, with its count."""
    counts = decisions.value_counts()
    return [
        Line2D([], [], color=look.colour, linestyle=look.dashes if lines else "none",
               marker=look.marker, markersize=6.5, markeredgecolor="white", markeredgewidth=0.5,
               linewidth=1.8, label=f"{look.name} ({counts[name]:,})")
        for name, look in LOOKS.items() if name in counts
    ]  # fmt: skip
