"""Couplings and distances as sources about pairs of residues, whatever form they come in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from seqgen.alignment import Residues
from seqgen.errors import InputError
from seqgen.evidence.tables import require_table
from seqgen.results import Couplings
from seqgen.schemas import Counted
from seqgen.structure import ResidueDistances

CouplingSource = Couplings | pd.DataFrame
DistanceSource = ResidueDistances | pd.DataFrame

#: Methods of couplings that ask a language model; all others count as asking an alignment.
LANGUAGE_MODEL = frozenset({"categorical-jacobian", "attention"})
DISTANCE = "distance"
#: Letters that stand for no residue in particular.
NO_LETTER = (ord("-"), ord("X"))

_PLACES = ("protein_1", "position_1", "protein_2", "position_2")
# Median absolute deviations of a normal distribution to its standard deviation.
_NORMAL = 1.4826


class Side(NamedTuple):
    """Residues of one side: protein (place in the source's names), position, letter's code."""

    protein: np.ndarray
    position: np.ndarray
    letter: np.ndarray


class Source(NamedTuple):
    """Values of pairs of residues; larger is stronger.

    ``values`` is of shape (first, second), NaN where unknown, or, of a list of pairs, (k,) with
    k residues on each side.
    """

    method: str
    names: np.ndarray
    first: Side
    second: Side
    values: np.ndarray

    def turned(self) -> Source:
        """The same with the sides swapped."""
        return self._replace(first=self.second, second=self.first, values=self.values.T)

    def among(
        self, first: np.ndarray, second: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Places of both residues, and values, of the known pairs of the masked residues."""
        if self.values.ndim == 1:
            at = np.flatnonzero(first & second & ~np.isnan(self.values))
            return at, at, self.values[at]
        i, j = np.flatnonzero(first), np.flatnonzero(second)
        part = self.values[np.ix_(i, j)]
        row, column = np.nonzero(~np.isnan(part))
        return i[row], j[column], part[row, column]

    def blocks(self) -> pd.DataFrame:
        """The pairs of proteins: ``first``, ``second`` (places in names) and known values ``n``."""
        count = len(self.names)
        known = ~np.isnan(self.values)
        if self.values.ndim == 1:
            key = self.first.protein * count + self.second.protein
            keys, place = np.unique(key, return_inverse=True)
            n = np.bincount(place, weights=known, minlength=len(keys))
            return pd.DataFrame({"first": keys // count, "second": keys % count, "n": n})
        rows, columns = np.unique(self.first.protein), np.unique(self.second.protein)
        of_row = (rows[:, None] == self.first.protein).astype(np.float32)
        of_column = (columns[:, None] == self.second.protein).astype(np.float32)
        n = of_row @ known.astype(np.float32) @ of_column.T
        i, j = (axis.ravel() for axis in np.indices(n.shape))
        return pd.DataFrame({"first": rows[i], "second": columns[j], "n": n.ravel()})


def coupling_sources(couplings: CouplingSource | Iterable[CouplingSource]) -> list[Source]:
    """Couplings in standard deviations: z, or where a pair of proteins has none, robust ones."""
    sources: list[Source] = []
    for number, each in enumerate(_several(couplings, "couplings"), start=1):
        if isinstance(each, Couplings):
            names, first, second = _of_residues(each.rows, each.columns)
            values = _matrix_z(each, first.protein, second.protein)
            sources.append(Source(each.method, names, first, second, values))
        elif isinstance(each, pd.DataFrame):
            sources += _coupling_lists(each, f"couplings, table {number}")
        else:
            raise _unknown_kind(each, "couplings", "Couplings or tables of schema couplings")
    return sources


def distance_sources(distances: DistanceSource | Iterable[DistanceSource] | None) -> list[Source]:
    """Distances with the sign turned, so that larger is closer."""
    sources = []
    for number, each in enumerate(_several(distances, "distances"), start=1):
        if isinstance(each, ResidueDistances):
            names, first, second = _of_residues(each.rows, each.columns)
            values = np.asarray(each.values, dtype=np.float64)
        elif isinstance(each, pd.DataFrame):
            label = f"distances, table {number}"
            names, first, second = _of_lists(each, label, (DISTANCE,))
            values = _numbers(each, DISTANCE, label)
        else:
            raise _unknown_kind(
                each, "distances", "ResidueDistances or tables of protein_1, position_1, "
                "protein_2, position_2, distance",
            )  # fmt: skip
        if (values < 0).any():
            raise InputError(
                f"distances: {np.nanmin(values):g} is below 0; expected ångström, NaN if unknown"
            )
        sources.append(Source(DISTANCE, names, first, second, -values))
    return sources


def _several(given: Any, label: str) -> Iterator[Any]:
    if given is None:
        return
    if isinstance(given, Counted):
        require_table(given, label, remedy="")
    if isinstance(given, Couplings | ResidueDistances | pd.DataFrame):
        yield given
    elif isinstance(given, Iterable) and not isinstance(given, str):
        yield from given
    else:
        yield given


def _unknown_kind(found: object, label: str, expected: str) -> InputError:
    if isinstance(found, Counted):
        require_table(found, f"{label}: one", remedy=expected)
    return InputError(f"{label}: holds a {type(found).__name__}; expected {expected}")


# --- standard deviations ----------------------------------------------------------------------


def _matrix_z(couplings: Couplings, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    out = np.full(couplings.scores.shape, np.nan)
    for first in np.unique(rows):
        for second in np.unique(columns):
            block = np.ix_(rows == first, columns == second)
            z = np.nan if couplings.z is None else couplings.z[block]
            known = np.isfinite(z).any()
            out[block] = z if known else _robust(couplings.scores[block], _overall_median)
    out[~np.isfinite(out)] = np.nan
    return out


def _list_z(frame: pd.DataFrame, block: np.ndarray, label: str) -> np.ndarray:
    z = _numbers(frame, "z", label) if "z" in frame else np.full(len(frame), np.nan)
    z[~np.isfinite(z)] = np.nan
    groups = pd.Series(z).groupby(block)
    with_z = groups.transform("count").to_numpy() > 0
    if with_z.all() or "score" not in frame:
        return z
    score = _numbers(frame, "score", label)
    return np.where(with_z, z, _robust(score, lambda values: _grouped_median(values, block)))


def _robust(values: np.ndarray, median: Callable[[np.ndarray], Any]) -> np.ndarray:
    """Deviations from the median in standard deviations; NaN where half of the values agree."""
    values = np.where(np.isfinite(values), values, np.nan)
    apart = values - median(values)
    spread = _NORMAL * median(np.abs(apart))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(spread > 0, apart / spread, np.nan)


def _overall_median(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else np.nan


def _grouped_median(values: np.ndarray, block: np.ndarray) -> np.ndarray:
    return pd.Series(values).groupby(block).transform("median").to_numpy()


# --- residues -----------------------------------------------------------------------------------


def _of_residues(rows: Residues, columns: Residues) -> tuple[np.ndarray, Side, Side]:
    names = pd.Index(list(dict.fromkeys(rows.names + columns.names)), dtype=object)
    first, second = (
        Side(
            names.get_indexer(pd.Index(side.proteins, dtype=object)),
            np.asarray(side.positions, dtype=np.int64),
            np.frombuffer(side.letters.encode("ascii", "replace"), dtype=np.uint8),
        )
        for side in (rows, columns)
    )
    return names.to_numpy(), first, second


def _coupling_lists(frame: pd.DataFrame, label: str) -> list[Source]:
    """One source per method of a table."""
    names, first, second = _of_lists(frame, label, ("method",))
    if "score" not in frame and "z" not in frame:
        raise InputError(f"{label}: neither column score nor z; found {_listed(frame)}")
    method, methods = pd.factorize(frame["method"])
    if (method < 0).any():
        raise InputError(f"{label}: row {int((method < 0).argmax())} has no method")
    low, high = (f(first.protein, second.protein) for f in (np.minimum, np.maximum))
    block = (method * len(names) + low) * len(names) + high
    values = _list_z(frame.reset_index(drop=True), block, label)
    sources = []
    for code, name in enumerate(methods):
        at = np.flatnonzero(method == code)
        one, two = (Side(*(array[at] for array in side)) for side in (first, second))
        sources.append(Source(str(name), names, one, two, values[at]))
    return sources


def _of_lists(
    frame: pd.DataFrame, label: str, also: tuple[str, ...]
) -> tuple[np.ndarray, Side, Side]:
    missing = [name for name in (*_PLACES, *also) if name not in frame]
    if missing:
        raise InputError(
            f"{label}: column(s) {', '.join(missing)} missing; found {_listed(frame)}; expected "
            f"{', '.join((*_PLACES, *also))}"
        )
    protein, names = pd.factorize(
        pd.concat([frame["protein_1"], frame["protein_2"]]).astype(object)
    )
    if (protein < 0).any():
        row = int((protein < 0).argmax()) % len(frame)
        raise InputError(f"{label}: row {row} lacks the name of a protein; drop it or fill it")
    first, second = (
        Side(protein[part], _whole(frame, f"position_{k}", label), _letters(frame, f"residue_{k}"))
        for k, part in ((1, slice(len(frame))), (2, slice(len(frame), None)))
    )
    return np.asarray(names, dtype=object), first, second


def _whole(frame: pd.DataFrame, name: str, label: str) -> np.ndarray:
    values = _numbers(frame, name, label)
    bad = ~(np.isfinite(values) & (values % 1 == 0))
    if bad.any():
        raise InputError(
            f"{label}: {name} of row {int(bad.argmax())} is {values[bad][0]}; expected the whole "
            "number of a residue"
        )
    return values.astype(np.int64)


def _numbers(frame: pd.DataFrame, name: str, label: str) -> np.ndarray:
    try:
        return frame[name].to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
    except (TypeError, ValueError) as error:
        raise InputError(f"{label}: column {name} holds no numbers ({error})") from error


def _letters(frame: pd.DataFrame, name: str) -> np.ndarray:
    """Code of each residue's letter; that of ``-`` where there is none."""
    if name not in frame:
        return np.full(len(frame), NO_LETTER[0], dtype=np.uint8)
    code, letters = pd.factorize(frame[name])
    text = [str(letter)[:1] or "-" for letter in letters]
    return np.array([*map(ord, text), NO_LETTER[0]], dtype=np.uint8)[code]


def _listed(frame: pd.DataFrame) -> str:
    return ", ".join(map(str, frame.columns)) or "none"
