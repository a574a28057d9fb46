"""The count of rows that a reading step dropped or changed, by reason."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from seqgen.schemas import DROPS

# Columns of a step's own working, which say nothing to the reader of an example.
_WORKING = ("panel_index", "open", "unclear")


@dataclass
class Tally:
    """Collects the drop table of one stage while its rows pass by.

    Examples
    --------
    >>> tally = Tally("read")
    >>> frame = pd.DataFrame({"pos": [1, -4]})
    >>> len(tally.drop(frame, frame["pos"] < 1, "position below 1"))
    1
    >>> tally.to_frame()["count"].tolist()
    [1]
    """

    stage: str
    rows: list[tuple[str, str, str, int, str | None]] = field(default_factory=list)

    def drop(self, frame: pd.DataFrame, bad: np.ndarray | pd.Series, reason: str) -> pd.DataFrame:
        """Return ``frame`` without the ``bad`` rows, counting them under ``reason``."""
        bad = np.asarray(bad, dtype=bool)
        if not bad.any():
            return frame
        self.note(frame, bad, reason, action="dropped")
        return frame[~bad]

    def note(
        self, frame: pd.DataFrame, which: np.ndarray | pd.Series, reason: str, *, action: str
    ) -> None:
        """Count the rows ``which`` under ``reason`` without removing them."""
        which = np.asarray(which, dtype=bool)
        if which.any():
            example = _describe(frame.iloc[int(which.argmax())])
            self.rows.append((self.stage, reason, action, int(which.sum()), example))

    def to_frame(self) -> pd.DataFrame:
        """The counts as a table of schema ``DROPS``, those of one reason added up."""
        if not self.rows:
            return DROPS.empty()
        frame = pd.DataFrame(self.rows, columns=DROPS.names)
        # Rows that pass by in blocks are counted under one reason by each.
        grouped = frame.groupby(["stage", "reason", "action"], sort=False, as_index=False)
        frame = grouped.agg({"count": "sum", "example": "first"})
        return DROPS.validate(frame[DROPS.names])


def drops_text(drops: pd.DataFrame) -> str:
    """The drop table as lines of text, for a message."""
    lines = []
    for _, reason, action, count, example in drops[DROPS.names].itertuples(index=False):
        such = "" if pd.isna(example) else f" (such as {example})"
        lines.append(f"  {count:>10,}  {action}: {reason}{such}")
    return "\n".join(lines)


def _describe(row: pd.Series) -> str:
    """One row in a line, as name=value."""
    shown = row.drop(labels=[name for name in _WORKING if name in row.index])
    return ", ".join(f"{name}={value}" for name, value in shown.items() if pd.notna(value))
