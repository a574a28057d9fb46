"""A multiple sequence alignment: rows of residues and gaps over columns of a focus protein."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from seqgen.errors import InputError
from seqgen.schemas import AMINO_ACIDS, DROPS

if TYPE_CHECKING:
    import pandas as pd

#: Letters in the order of their codes: the gap is 0, residues are 1 to 20.
ALIGNMENT_LETTERS = "-" + AMINO_ACIDS
GAP = 0
UNNAMED = "protein"


@dataclass(frozen=True)
class Residues:
    """Which residues the columns of an alignment or the sides of a coupling matrix are.

    Attributes
    ----------
    letters : str
        One letter per residue, ``-`` where no sequence is in focus and none is named.
    positions : ndarray of int, shape (L,)
        1-based position in the protein, in UniProt numbering where the alignment's header or
        the user gave it.
    proteins : ndarray of str, shape (L,)
        Name of the protein (an accession where known); more than one in a complex.
    """

    letters: str
    positions: np.ndarray
    proteins: np.ndarray

    def __post_init__(self) -> None:
        if not len(self.letters) == len(self.positions) == len(self.proteins):
            raise InputError(
                f"residues: {len(self.letters)} letters, {len(self.positions)} positions and "
                f"{len(self.proteins)} protein names; expected one of each per residue"
            )

        # A nameless protein could not be told from a missing value in a text table.
        named = np.array([name or UNNAMED for name in self.proteins], dtype=object)
        object.__setattr__(self, "proteins", named)

    def __len__(self) -> int:
        return len(self.letters)

    def __repr__(self) -> str:
        ranges = []
        for name in self.names:
            places = self.positions[self.proteins == name]
            ranges.append(f"{name} {places.min()}-{places.max()}")
        return f"Residues({len(self)} of {', '.join(ranges)})"

    @classmethod
    def of_protein(cls, sequence: str, name: str = UNNAMED, start: int = 1) -> Residues:
        """All residues of one protein, numbered from ``start``.

        Examples
        --------
        >>> Residues.of_protein("MKV", "P1").positions.tolist()
        [1, 2, 3]
        """
        positions = np.arange(start, start + len(sequence), dtype=np.int64)
        return cls(sequence, positions, np.full(len(sequence), name, dtype=object))

    @property
    def names(self) -> list[str]:
        """The proteins, in order of first appearance."""
        return list(dict.fromkeys(self.proteins.tolist()))

    def take(self, places: np.ndarray) -> Residues:
        """Those at ``places`` (0-based, or a mask)."""
        places = np.asarray(places)
        places = np.flatnonzero(places) if places.dtype == bool else places
        letters = "".join(self.letters[place] for place in places)
        return Residues(letters, self.positions[places], self.proteins[places])

    def places(self, proteins: pd.Series, positions: pd.Series) -> np.ndarray:
        """Where each (protein, position) is among these, 0-based; -1 where it is not."""
        import pandas as pd

        known = pd.MultiIndex.from_arrays([self.proteins, self.positions])
        wanted = [proteins.astype(object), positions.astype("int64")]
        return known.get_indexer(pd.MultiIndex.from_arrays(wanted))

    def join(self, other: Residues) -> Residues:
        """These, then those of ``other``."""
        return Residues(
            self.letters + other.letters,
            np.concatenate([self.positions, other.positions]),
            np.concatenate([self.proteins, other.proteins]),
        )


@dataclass(frozen=True)
class Alignment:
    """Aligned sequences as codes, with the numbering of their columns.

    Attributes
    ----------
    names : tuple of str
        One header per row (without ``>``).
    codes : ndarray of uint8, shape (N, L)
        Places in `ALIGNMENT_LETTERS`: 0 is the gap, 1 to 20 are residues.
    residues : Residues
        What the columns are; ``letters`` is the focus sequence.
    focus : int or None
        Row of the focus sequence; None where there is none.
    source : str
        Where it comes from, for messages and provenance.
    drops : DataFrame
        `seqgen.schemas.DROPS`: rows and columns dropped or letters changed, by reason.
    """

    names: tuple[str, ...]
    codes: np.ndarray
    residues: Residues
    focus: int | None = None
    source: str = "alignment"
    drops: pd.DataFrame = field(default_factory=DROPS.empty, repr=False)

    def __post_init__(self) -> None:
        codes = np.asarray(self.codes)
        if codes.dtype.kind not in "iu" or (
            codes.size and not 0 <= codes.min() <= codes.max() < 21
        ):
            raise InputError(
                f"{self.source}: codes of type {codes.dtype} hold values outside 0 to 20; expected "
                "places in ALIGNMENT_LETTERS, as read_alignment gives them"
            )
        object.__setattr__(self, "codes", np.ascontiguousarray(codes, dtype=np.uint8))
        if self.codes.ndim != 2 or self.codes.shape != (len(self.names), len(self.residues)):
            raise InputError(
                f"{self.source}: codes have shape {self.codes.shape}; expected "
                f"({len(self.names)}, {len(self.residues)}), names by residues"
            )

    def __repr__(self) -> str:
        focus = "no focus" if self.focus is None else f"focus {self.names[self.focus]!r}"
        return (
            f"Alignment({self.source!r}: {self.n_sequences:,} sequences, {self.length} columns, "
            f"{focus})"
        )

    @property
    def n_sequences(self) -> int:
        """Rows, N."""
        return self.codes.shape[0]

    @property
    def length(self) -> int:
        """Columns, L."""
        return self.codes.shape[1]

    @property
    def focus_sequence(self) -> str | None:
        """Residues of the focus sequence over the columns; None without focus."""
        return None if self.focus is None else self.residues.letters

    @cached_property
    def gap_fraction(self) -> np.ndarray:
        """Share of gaps in each column, shape (L,)."""
        return (self.codes == GAP).mean(axis=0)

    def rows(self, keep: np.ndarray) -> Alignment:
        """The rows at ``keep`` (places or a mask), in that order; the focus stays if kept."""
        places = np.asarray(keep)
        places = np.flatnonzero(places) if places.dtype == bool else places
        found = [] if self.focus is None else np.flatnonzero(places == self.focus).tolist()
        return replace(
            self,
            names=tuple(self.names[place] for place in places),
            codes=np.ascontiguousarray(self.codes[places]),
            focus=found[0] if found else None,
        )

    def columns(self, keep: np.ndarray) -> Alignment:
        """The columns at ``keep`` (places or a mask), in that order."""
        places = np.asarray(keep)
        places = np.flatnonzero(places) if places.dtype == bool else places
        return replace(
            self,
            codes=np.ascontiguousarray(self.codes[:, places]),
            residues=self.residues.take(places),
        )
