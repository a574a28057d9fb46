"""Residues that variants change, and what sources tell of pairs of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.evidence.arrays import Values, distinct, held, unordered
from seqgen.evidence.proteins import SEVERAL, UNKNOWN, Proteins
from seqgen.evidence.sources import DISTANCE, LANGUAGE_MODEL, NO_LETTER, Side, Source
from seqgen.io.tally import Tally

# Above any position of a residue.
_STRIDE = 2**32
_LETTERS = 256


@dataclass(frozen=True)
class Sites:
    """The distinct residues among rows of a table.

    Attributes
    ----------
    keys : ndarray of int, shape (k,)
        Protein and position in one number, ascending.
    row_site : ndarray of int, shape (rows,)
        Place of each row's residue in ``keys``; -1 where it has none.
    allowed : ndarray of int
        Residue and a letter that may stand there in one number, ascending.
    lettered : ndarray of bool, shape (k,)
        Residues of which a letter is known.
    """

    keys: np.ndarray
    row_site: np.ndarray
    allowed: np.ndarray
    lettered: np.ndarray

    @classmethod
    def of_rows(cls, frame: pd.DataFrame, protein: np.ndarray) -> Sites:
        """Of rows with ``position`` and, where known, the two residues ``ref_aa``, ``alt_aa``."""
        position = frame["position"].to_numpy(dtype=np.float64, na_value=np.nan)
        there = ~np.isnan(position)
        keys, place = np.unique(
            protein[there] * _STRIDE + position[there].astype(np.int64), return_inverse=True
        )
        row_site = np.full(len(frame), -1)
        row_site[there] = place
        parts = [np.zeros(0, dtype=np.int64)]
        for name in ("ref_aa", "alt_aa"):
            has = there & frame[name].notna().to_numpy()
            letter = frame.loc[has, name].map(ord).to_numpy(dtype=np.int64)
            parts.append(row_site[has] * _LETTERS + letter)
        allowed = distinct(np.concatenate(parts))
        lettered = np.zeros(len(keys), dtype=bool)
        lettered[allowed // _LETTERS] = True
        return cls(keys, row_site, allowed, lettered)

    def protein(self, site: np.ndarray) -> np.ndarray:
        """Protein of each residue."""
        return self.keys[site] // _STRIDE

    def find(self, side: Side, protein: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Place of each residue, -1 where it is none of these, and those with another letter.

        Parameters
        ----------
        side : Side
        protein : ndarray of int
            Protein of each of the source's names, below 0 where unknown.
        """
        code = protein[side.protein]
        if not len(self.keys):
            return np.full(len(code), -1), np.zeros(len(code), dtype=bool)
        usable = (code >= 0) & (side.position >= 1) & (side.position < _STRIDE)
        key = np.where(usable, code * _STRIDE + side.position, -1)
        place = np.searchsorted(self.keys, key)
        place[place == len(self.keys)] = 0
        found = self.keys[place] == key
        told = found & self.lettered[place]
        told &= (side.letter != NO_LETTER[0]) & (side.letter != NO_LETTER[1])
        wrong = told & ~held(place * _LETTERS + side.letter, self.allowed)
        return np.where(found & ~wrong, place, -1), wrong


class PairsTold(NamedTuple):
    """Values by column and by pair of residues; pairs of different proteins, (k, 2)."""

    columns: dict[str, Values]
    proteins: np.ndarray


def tell_pairs(
    sources: list[Source], label: str, *, proteins: Proteins, sites: Sites, tally: Tally
) -> PairsTold:
    """What ``sources`` tell of pairs of sites; the larger value where two tell of one pair."""
    if not sources:
        return PairsTold({}, np.empty((0, 2), dtype=np.int64))
    names, blocks = told_blocks(sources)
    code = proteins.match(names)
    used = _used_blocks(names, blocks, code, label=label, tally=tally)
    columns: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
    letters = LetterCheck(label)
    for source, mine in zip(sources, by_source(sources, code), strict=True):
        first = letters.find(sites, source.names, source.first, mine)
        second = letters.find(sites, source.names, source.second, mine)
        i, j, values = source.among(first >= 0, second >= 0)
        a, b = first[i], second[j]
        same = sites.protein(a) == sites.protein(b)
        keys = unordered(a, b, len(sites.keys))
        within, between = kinds(source.method)
        # A residue with itself is no pair that anything can be told of.
        for name, part in ((within, same & (a != b)), (between, ~same)):
            columns.setdefault(name, []).append((keys[part], values[part]))
    letters.count(tally)
    largest = {name: merged(parts) for name, parts in columns.items()}
    return PairsTold(
        {name: each for name, each in largest.items() if len(each.keys)},
        used[used[:, 0] != used[:, 1]],
    )


def kinds(method: str) -> tuple[str, str]:
    """Column of a method's values within a protein, and between two."""
    if method == DISTANCE:
        return "structure_distance", "structure_distance"
    asked = "language_model" if method in LANGUAGE_MODEL else "alignment"
    return f"coupling_{asked}", "coupling_complex"


def merged(parts: list[tuple[np.ndarray, np.ndarray]]) -> Values:
    """Keys and values of several sources in one, the larger value of a key."""
    keys, values = (np.concatenate(each) for each in zip(*parts, strict=True))
    return Values.largest(keys, values)


# --- what is left out, and counted ---------------------------------------------------------------


def told_blocks(sources: list[Source]) -> tuple[np.ndarray, pd.DataFrame]:
    """Names of all sources in a row, and the pairs of proteins that are told of.

    The table has ``first``, ``second`` (places in the names) and ``n``, the known values.
    """
    names = np.concatenate([source.names for source in sources])
    start = np.cumsum([0] + [len(source.names) for source in sources])
    tables = []
    for source, offset in zip(sources, start, strict=False):
        told = source.blocks()
        low, high = (f(told["first"], told["second"]) for f in (np.minimum, np.maximum))
        tables.append(told.assign(first=low + offset, second=high + offset))
    return names, pd.concat(tables).groupby(["first", "second"])[["n"]].sum().reset_index()


def by_source(sources: list[Source], code: np.ndarray) -> list[np.ndarray]:
    """Codes of the names of all sources in a row, cut up by source."""
    return np.split(code, np.cumsum([len(source.names) for source in sources])[:-1])


def named_blocks(names: np.ndarray, blocks: pd.DataFrame) -> pd.DataFrame:
    """Blocks with the names of their proteins, for counting."""
    return pd.DataFrame({"protein_1": names[blocks["first"]], "protein_2": names[blocks["second"]]})


def _used_blocks(
    names: np.ndarray, blocks: pd.DataFrame, code: np.ndarray, *, label: str, tally: Tally
) -> np.ndarray:
    """Pairs of known proteins that are told of, (k, 2), each once; others are counted."""
    named = named_blocks(names, blocks)
    pair = np.sort(code[blocks[["first", "second"]].to_numpy()], axis=1)
    unknown = (pair == UNKNOWN).any(axis=1)
    if unknown.all():
        raise InputError(
            f"{label}: nothing is told of proteins of the variants; found "
            f"{', '.join(map(repr, names[:3]))}{' and others' if len(names) > 3 else ''}, "
            "expected UniProt accessions or gene symbols as the variants have them"
        )
    several = ~unknown & (pair == SEVERAL).any(axis=1)
    empty = ~unknown & ~several & (blocks["n"].to_numpy() == 0)
    for which, reason in (
        (unknown, "a protein that no variant changes"),
        (several, "a gene symbol of several proteins; name them by accession"),
        (empty, "no value, or half of the scores alike and no z"),
    ):
        tally.drop(named, which, f"{label}: {reason}")
    return np.unique(pair[~(unknown | several | empty)], axis=0)


class LetterCheck:
    """Residues of sources whose letter is neither of a variant's: numbered otherwise."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._found = 0
        self._wrong: list[pd.DataFrame] = []

    def find(self, sites: Sites, names: np.ndarray, side: Side, protein: np.ndarray) -> np.ndarray:
        """As `Sites.find`, remembering the residues that have another letter."""
        place, wrong = sites.find(side, protein)
        self._found += int((place >= 0).sum())
        if wrong.any():
            letters = np.frombuffer(side.letter[wrong].tobytes(), dtype="S1").astype(str)
            told = {"protein": names[side.protein[wrong]], "position": side.position[wrong]}
            self._wrong.append(pd.DataFrame({**told, "residue": letters}).drop_duplicates())
        return place

    def count(self, tally: Tally) -> None:
        """Count them; refuse sources in which no residue is the variants'."""
        if not self._wrong:
            return
        frame = pd.concat(self._wrong).drop_duplicates(ignore_index=True)
        first = frame.iloc[0]
        if not self._found:
            raise InputError(
                f"{self._label}: residue {first['residue']}{first['position']} of "
                f"{first['protein']} is neither residue of the variant there, nor is any other of "
                f"{len(frame)}; number positions as the variants do (UniProt's canonical sequence)"
            )
        reason = f"{self._label}: residue is neither of the variant's there (another numbering?)"
        tally.drop(frame, np.ones(len(frame), dtype=bool), reason)
