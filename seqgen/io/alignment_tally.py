"""What was dropped or changed while an alignment was read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from seqgen.alignment import Residues
from seqgen.schemas import DROPS

if TYPE_CHECKING:
    import pandas as pd


class Tally:
    """Rows of the drop table, gathered while reading."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str, str, int, str]] = []

    def add(self, reason: str, action: str, count: int, example: str) -> None:
        """Count letters, rows or columns, if there are any."""
        if count:
            self.told.append(("alignment", reason, action, count, example))

    def columns(self, which: np.ndarray, residues: Residues, reason: str) -> None:
        """Count the columns of a mask as dropped."""
        if which.any():
            first = int(which.argmax())
            example = f"column {first + 1} ({residues.letters[first]})"
            self.add(reason, "dropped", int(which.sum()), example)

    def rows(self, which: np.ndarray, names: tuple[str, ...], reason: str) -> None:
        """Count the rows of a mask as dropped."""
        if which.any():
            self.add(reason, "dropped", int(which.sum()), names[int(which.argmax())][:80])

    def to_frame(self) -> pd.DataFrame:
        """Table of `seqgen.schemas.DROPS`."""
        import pandas as pd

        if not self.told:
            return DROPS.empty()
        return DROPS.validate(pd.DataFrame(self.told, columns=DROPS.names))

    def text(self) -> str:
        """What was counted, for a message."""
        told = "; ".join(f"{count} {action}: {reason}" for _, reason, action, count, _ in self.told)
        return f" (so far {told})" if told else ""
