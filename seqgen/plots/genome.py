"""Chromosomes one after the other along an axis, of any organism."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from seqgen.errors import InputError

_ROMAN = re.compile(r"^(X{0,3})(IX|IV|V?I{0,3})$")
_LETTERS = {"I": 1, "V": 5, "X": 10}
_SEX = {"X": 1, "Y": 2, "Z": 3, "W": 4, "XY": 5}
_ORGANELLES = ("MT", "M", "MITO", "MTDNA", "PT")
_PIECES = re.compile(r"(\d+)")
_GAP = 0.004


def bare(name: object) -> str:
    """The name of a chromosome without ``chr`` in front."""
    text = str(name)
    return text[3:] if text[:3].lower() == "chr" and len(text) > 3 else text


def natural_order(names: Iterable[object]) -> list[str]:
    """Distinct names of chromosomes in the order of a karyotype.

    Numbers come by size, then sex chromosomes, other names and organelles. Where every name
    is Roman, as in yeast, X is the tenth.

    Examples
    --------
    >>> natural_order(["X", "10", "9", "MT", "2L"])
    ['2L', '9', '10', 'X', 'MT']
    >>> natural_order(["X", "IX", "Mito", "I"])
    ['I', 'IX', 'X', 'Mito']
    """
    distinct = [str(name) for name in dict.fromkeys(names)]
    nuclear = [bare(n).upper() for n in distinct if bare(n).upper() not in _ORGANELLES]
    roman = all(_ROMAN.match(name) for name in nuclear)

    def key(name: str) -> tuple[Any, ...]:
        text = bare(name).upper()
        if text in _ORGANELLES:
            return (3, 0, text)
        if roman:
            return (0, _roman(text), text)
        if text in _SEX:
            return (1, _SEX[text], text)
        pieces = _PIECES.split(text)
        whole = [int(piece) if k % 2 else piece for k, piece in enumerate(pieces)]
        return (0, whole[1], text) if not whole[0] and len(whole) > 1 else (2, 0, *whole)

    return sorted(distinct, key=key)


def _roman(text: str) -> int:
    values = [_LETTERS[letter] for letter in text]
    after = [*values[1:], 0][: len(values)]
    return sum(-v if v < n else v for v, n in zip(values, after, strict=True))


@dataclass(frozen=True)
class Genome:
    """Chromosomes laid end to end.

    ``names`` in order, ``lengths`` and ``starts`` in base pairs; ``starts`` is what is added to
    a position to get its coordinate, with a small gap between chromosomes.
    """

    names: tuple[str, ...]
    lengths: np.ndarray
    starts: np.ndarray

    @classmethod
    def of(
        cls, *places: tuple[pd.Series, pd.Series], lengths: Mapping[str, int] | None = None
    ) -> Genome:
        """The genome that spans ``places``, pairs of chromosomes and positions.

        Raises
        ------
        InputError
            If a place is on no chromosome of ``lengths``, or beyond its end.
        """
        chroms = pd.concat([chrom.astype("object") for chrom, _ in places])
        ends = pd.concat([pos.astype("float64") for _, pos in places])
        furthest = ends.groupby(chroms).max().dropna()
        furthest.index = furthest.index.astype("str")
        if lengths is not None:
            furthest = _told(furthest, lengths)
        names = natural_order(furthest.index)
        size = furthest.reindex(names).to_numpy(dtype=float)
        gap = _GAP * size.sum()
        return cls(tuple(names), size, np.concatenate([[0.0], np.cumsum(size + gap)[:-1]]))

    @property
    def end(self) -> float:
        """The last coordinate."""
        return float(self.starts[-1] + self.lengths[-1]) if self.names else 1.0

    def at(self, chrom: pd.Series, pos: pd.Series) -> np.ndarray:
        """Coordinates of places; NaN where one has none."""
        start = chrom.astype("object").map(dict(zip(self.names, self.starts, strict=True)))
        return pos.to_numpy(dtype="float64", na_value=np.nan) + start.to_numpy(dtype=float)

    def ticks(self, sizes: np.ndarray, points: float) -> tuple[np.ndarray, list[str]]:
        """Middles and names of chromosomes; of names that would meet, the longer one's stays.

        ``sizes`` are those of the names along an axis of ``points``.
        """
        middles = self.starts + self.lengths / 2
        x = middles / self.end * points
        kept: list[int] = []
        for k in np.argsort(-self.lengths, kind="stable").tolist():
            if all(abs(x[k] - x[j]) >= (sizes[k] + sizes[j]) / 2 for j in kept):
                kept.append(k)
        return middles[sorted(kept)], [bare(self.names[k]) for k in sorted(kept)]


def _told(furthest: pd.Series, lengths: Mapping[str, int]) -> pd.Series:
    told = pd.Series(lengths, dtype="float64")
    told.index = told.index.astype("str")
    if not (told > 0).all():
        name = told.index[~(told > 0)][0]
        raise InputError(
            f"chrom_lengths: chromosome {name!r} has length {told[name]}; expected above 0"
        )
    strange = [name for name in furthest.index if name not in told.index]
    if strange:
        raise InputError(
            f"chrom_lengths: no chromosome {strange[0]!r}, on which there are hits; found "
            f"{', '.join(told.index)}; name all of them as the tables do"
        )
    beyond = furthest[furthest > told.reindex(furthest.index)]
    if not beyond.empty:
        raise InputError(
            f"chrom_lengths: chromosome {beyond.index[0]!r} has {told[beyond.index[0]]:,.0f} base "
            f"pairs and a hit at {beyond.iloc[0]:,.0f}; give the lengths of the hits' genome build"
        )
    return told
