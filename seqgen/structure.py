"""Protein structures as arrays: chains of residues, their atoms, and distances between them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from seqgen.alignment import Residues
from seqgen.errors import InputError
from seqgen.schemas import DROPS

if TYPE_CHECKING:
    import pandas as pd

#: What a distance between two residues is measured between.
ATOMS = ("cb", "heavy")
_BLOCK = 2_000_000
# Chains that are named where a structure is printed.
_NAMED = 8


@dataclass(frozen=True)
class Chain:
    """One protein chain: its residues in the order of the sequence, resolved or not.

    Attributes
    ----------
    name : str
        The author's name of the chain; empty where the file gives none.
    letters : str
        One letter per residue; modified residues as what they were made from (MSE is M), X
        where unknown. Unresolved residues are those the file's sequence lists, or an X each
        where the numbers skip and the chain is broken.
    numbers : ndarray of int, shape (n,)
        The author's residue numbers. Those of unresolved residues are counted on from the
        neighbour before, at the start back from the one after.
    insertion_codes : ndarray of str, shape (n,)
        Insertion code of each residue, empty for most.
    resolved : ndarray of bool, shape (n,)
        True where the residue has coordinates.
    cb : ndarray, shape (n, 3)
        C-beta in ångström, C-alpha of glycine and where there is no C-beta; NaN where neither
        is there.
    atoms : ndarray, shape (m, 3)
        All atoms but hydrogens, in ångström, by residue.
    atom_residue : ndarray of int, shape (m,)
        Place of each atom's residue, ascending.
    """

    name: str
    letters: str
    numbers: np.ndarray
    insertion_codes: np.ndarray
    resolved: np.ndarray
    cb: np.ndarray
    atoms: np.ndarray
    atom_residue: np.ndarray

    def __len__(self) -> int:
        return len(self.letters)

    def __repr__(self) -> str:
        return (
            f"Chain({self.name!r}, {len(self)} residues, {int(self.resolved.sum())} of them "
            f"resolved, {len(self.atoms):,} atoms)"
        )

    def label(self, place: int) -> str:
        """Residue, number and insertion code of the residue at ``place``, such as ``H260A``."""
        return f"{self.letters[place]}{self.numbers[place]}{self.insertion_codes[place]}"


@dataclass(frozen=True)
class Structure:
    """The protein chains of one model of a structure.

    Attributes
    ----------
    chains : tuple of Chain
        In the order of the file.
    source : str
        Where it comes from, for messages and provenance.
    drops : DataFrame
        `seqgen.schemas.DROPS`: what was left out or changed in reading, by reason.
    """

    chains: tuple[Chain, ...]
    source: str = "structure"
    drops: pd.DataFrame = field(default_factory=DROPS.empty, repr=False)

    def __repr__(self) -> str:
        chains = ", ".join(f"{chain.name!r} {len(chain)}" for chain in self.chains[:_NAMED])
        more = f", {len(self.chains) - _NAMED} more" if len(self.chains) > _NAMED else ""
        return f"Structure({self.source!r}, residues of chains: {chains}{more})"

    @property
    def names(self) -> list[str]:
        """Names of the chains."""
        return [chain.name for chain in self.chains]

    def chain(self, name: str | None = None) -> Chain:
        """The chain of that name; without a name, the only one.

        Raises
        ------
        InputError
            If there is no such chain, or no name is given and there are several.
        """
        if name is None and len(self.chains) == 1:
            return self.chains[0]
        found = [chain for chain in self.chains if chain.name == name]
        if not found:
            told = "no chain is named" if name is None else f"there is no protein chain {name!r}"
            listed = ", ".join(f"{c.name!r} ({c.resolved.sum()} residues)" for c in self.chains)
            raise InputError(f"{self.source}: {told}; name one of {listed}")
        return found[0]


@dataclass(frozen=True)
class StructureMap:
    """Which residues of a chain the columns of an alignment are.

    Attributes
    ----------
    chain : Chain
    places : ndarray of int, shape (L,)
        Place in the chain of each column; -1 where no residue of the chain is aligned to it.
    identity : float
        Share of identical residues among the aligned columns with a known residue on both
        sides; where columns are aligned by a profile, to the member of the alignment that is
        closest to the chain.
    coverage : float
        Share of columns with a resolved residue.
    score, z : float
        Score of the alignment in half bits, and how many standard deviations it lies above the
        mean for the chain's residues shuffled.
    mismatches : tuple of str
        Aligned residues that differ, as column and chain name them: ``K12/R14``. Empty where
        a profile was aligned.
    notices : tuple of str
        What the reader has to know.
    """

    chain: Chain
    places: np.ndarray
    identity: float
    coverage: float
    score: float
    z: float
    mismatches: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return (
            f"StructureMap(chain {self.chain.name!r}, {self.coverage:.0%} of {len(self.places)} "
            f"columns resolved, identity {self.identity:.0%}, z {self.z:.3g})"
        )


@dataclass(frozen=True)
class ResidueDistances:
    """Distances in a structure between the residues of two sides, the closest copies counting.

    Attributes
    ----------
    values : ndarray, shape (L1, L2)
        In ångström; NaN where a residue is not in the structure.
    rows, columns : Residues
    atoms : str
        ``cb`` or ``heavy``, what distances are measured between.
    maps : tuple of StructureMap
        One per chain, of the rows and then, if they differ, of the columns.
    row_map, column_map : ndarray of int, shape (L1, L2)
        Which of ``maps`` the closest copies lie in; -1 where the distance is NaN.
    row_place, column_place : ndarray of int, shape (len(maps), L1) and (len(maps), L2)
        Place in each map's chain of each row and column; -1 where there is none.
    notices : tuple of str
        What the reader has to know.
    """

    values: np.ndarray
    rows: Residues
    columns: Residues
    atoms: str
    maps: tuple[StructureMap, ...]
    row_map: np.ndarray
    column_map: np.ndarray
    row_place: np.ndarray
    column_place: np.ndarray
    notices: tuple[str, ...] = ()

    def __repr__(self) -> str:
        sides = repr(self.rows)
        if self.rows is not self.columns:
            sides += f" with {self.columns!r}"
        chains = ", ".join(dict.fromkeys(repr(one.chain.name) for one in self.maps))
        known = np.isfinite(self.values).mean() if self.values.size else 0.0
        return f"ResidueDistances({self.atoms}, {sides}; chains {chains}, {known:.0%} known)"


def distances(
    structure: Structure, chain_a: str, chain_b: str | None = None, *, atoms: str = "cb"
) -> np.ndarray:
    """Distances between the residues of a chain, or of two chains, in ångström.

    Parameters
    ----------
    structure : Structure
    chain_a, chain_b : str
        Names of the chains of rows and columns; without ``chain_b``, within ``chain_a``.
    atoms : {"cb", "heavy"}
        Between C-beta atoms (C-alpha of glycine and where there is no C-beta), or the least
        distance between any two atoms that are not hydrogen.

    Returns
    -------
    ndarray, shape (La, Lb)
        NaN where a residue is unresolved.

    Raises
    ------
    InputError
        If there is no such chain, or ``atoms`` is neither of the two.

    Examples
    --------
    >>> from seqgen.io.resources import example_structure_path
    >>> from seqgen.io.structures import read_structure
    >>> distances(read_structure(example_structure_path()), "A", atoms="heavy").shape
    (335, 335)
    """
    first = structure.chain(chain_a)
    return chain_distances(first, first if chain_b is None else structure.chain(chain_b), atoms)


def chain_distances(first: Chain, second: Chain, atoms: str = "cb") -> np.ndarray:
    """Distances between the residues of two chains, which may be one; see `distances`.

    Returns
    -------
    ndarray, shape (len(first), len(second))
    """
    if atoms not in ATOMS:
        raise InputError(f"atoms is {atoms!r}; expected one of {', '.join(map(repr, ATOMS))}")
    squared = _squared(first.cb, second.cb) if atoms == "cb" else _least_squared(first, second)
    found = np.sqrt(squared)
    if first is second:
        np.fill_diagonal(found, np.where(np.isnan(found.diagonal()), np.nan, 0.0))
    return found


def _squared(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Squared distances, (len(a), len(b)).

    By differences: the shorter way over scalar products loses digits where points are close.
    """
    total = np.zeros((len(a), len(b)))
    for axis in range(3):
        total += np.subtract.outer(a[:, axis], b[:, axis]) ** 2
    return total


def _least_squared(first: Chain, second: Chain) -> np.ndarray:
    """Least squared distance over the atoms of two residues; blocks bound the memory."""
    least = np.full((len(first), len(second)), np.nan)
    if not len(first.atoms) or not len(second.atoms):
        return least
    columns, start = np.unique(second.atom_residue, return_index=True)
    rows, first_atom = np.unique(first.atom_residue, return_index=True)
    ends = np.append(first_atom[1:], len(first.atoms))
    step = max(_BLOCK // len(second.atoms), 1)
    begin = 0
    while begin < len(rows):
        # As many whole residues as fit the block, one at least.
        stop = int(np.searchsorted(ends, first_atom[begin] + step, side="right"))
        stop = max(stop, begin + 1)
        part = slice(first_atom[begin], ends[stop - 1])
        squared = _squared(first.atoms[part], second.atoms)
        by_column = np.minimum.reduceat(squared, start, axis=1)
        inside = np.minimum.reduceat(by_column, first_atom[begin:stop] - first_atom[begin], axis=0)
        least[np.ix_(rows[begin:stop], columns)] = inside
        begin = stop
    return least
