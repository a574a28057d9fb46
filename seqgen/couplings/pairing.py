"""Two families side by side: which sequence of one goes with which of the other."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from seqgen.alignment import Alignment, Residues
from seqgen.errors import InputError, require_type
from seqgen.schemas import DROPS

if TYPE_CHECKING:
    import pandas as pd

WAYS = ("species", "header", "row", "pairs")

#: Where headers name a species. A mnemonic that begins with 9 stands for a group of species.
SPECIES = {
    "taxon": re.compile(r"\b(?:OX|TaxID|taxid|Taxid)=(\d+)"),
    "organism": re.compile(r"\b(?:OS|Tax)=(.+?)(?=\s[A-Za-z]{2,}=|$)"),
    "brackets": re.compile(r"\[([^\[\]]+)\]\s*$"),
    "mnemonic": re.compile(r"^\S*?\b[A-Za-z0-9]{1,10}_([A-Z][A-Z0-9]{2,4})(?=[/|\s]|$)"),
}

_NAMED = (("first", "second"), ("name_1", "name_2"))

Pairs = tuple[np.ndarray, np.ndarray]


def species_of(names: Sequence[str], kind: str) -> list[str]:
    """The species in each header, empty where there is none.

    Parameters
    ----------
    names : sequence of str
    kind : {"taxon", "organism", "brackets", "mnemonic"}
        ``OX=`` or ``TaxID=``; ``OS=`` or ``Tax=``; ``[Organism]`` at the end; ``_ECOLI``.

    Raises
    ------
    InputError
        If ``kind`` is none of these.

    Examples
    --------
    >>> species_of(["sp|P0A9L5|CHEY_ECOLI/1-129", "E6MGJ6_9FIRM"], "mnemonic")
    ['ECOLI', '']
    """
    if kind not in SPECIES:
        raise InputError(f"species is {kind!r}; expected auto, {', '.join(SPECIES)}")
    found = (SPECIES[kind].search(name) for name in names)
    return [match[1].strip() if match else "" for match in found]


def shared_species(
    first: Alignment, second: Alignment, species: str = "auto"
) -> tuple[list[str], list[str]]:
    """Species of the rows of both alignments, by the kind of header that most rows share.

    Raises
    ------
    InputError
        If no species is in both.
    """
    best: tuple[int, tuple[list[str], list[str]]] = (0, ([], []))
    for kind in SPECIES if species == "auto" else (species,):
        sides = species_of(first.names, kind), species_of(second.names, kind)
        common = (set(sides[0]) & set(sides[1])) - {""}
        count = min(sum(name in common for name in side) for side in sides)
        if count > best[0]:
            best = count, sides
    if not best[0]:
        raise InputError(
            f"{first.source} and {second.source}: no species is in the headers of both (such as "
            f"{first.names[0][:60]!r} and {second.names[0][:60]!r}); expected OX=, OS=, "
            f"[Organism] or _ECOLI; or give pairs= of names"
        )
    return best[1]


def pair_alignments(
    first: Alignment,
    second: Alignment,
    *,
    by: str = "species",
    pairs: Iterable[tuple[str, str]] | pd.DataFrame | None = None,
    species: str = "auto",
    hits: str = "best",
    names: tuple[str, str] | None = None,
) -> Alignment:
    """Put the sequences of two families that belong together side by side.

    Parameters
    ----------
    first, second : Alignment
    by : {"species", "header", "row", "pairs"}
        ``species``: of the same species, the sequence most like the focus of each family with
        that of the other. ``header``: identical headers. ``row``: in order. ``pairs``: given.
    pairs : iterable of (str, str) or DataFrame, optional
        Names of both sequences: whole headers or their first words; of a table the columns
        ``first`` and ``second``. Or the table that `pair_paralogs` gives.
    species : {"auto", "taxon", "organism", "brackets", "mnemonic"}
        Where the headers name the species, see `species_of`; ``auto`` takes what most share.
    hits : {"best", "all"}
        One pair per species, or the second with the second and so on. All is right only where
        both families have been duplicated together.
    names : tuple of two str, optional
        Names of the proteins; by default those of the alignments.

    Returns
    -------
    Alignment
        Columns of the first, then of the second; the focus is the pair of the two, which by
        species always go together. ``drops`` has those of both, and the rows without partner.

    Raises
    ------
    InputError
        If an argument is wrong, or fewer than two pairs are found.

    References
    ----------
    Ovchinnikov et al. (2014), Robust and accurate prediction of residue-residue interactions
    across protein interfaces using evolutionary information, eLife 3:e02030.
    Hopf et al. (2014), Sequence co-evolution gives 3D contacts and structures of protein
    complexes, eLife 3:e03430.

    Examples
    --------
    >>> codes = np.array([[1, 2], [3, 4], [1, 4]], dtype=np.uint8)
    >>> ours, theirs = Residues.of_protein("AC", "A"), Residues.of_protein("AC", "B")
    >>> one = Alignment(("A1_ECOLI", "A2_ECOLI", "A_YEAST"), codes, ours, focus=0)
    >>> two = Alignment(("B_ECOLI", "B_YEAST"), codes[:2], theirs, focus=0)
    >>> pair_alignments(one, two).names
    ('A1_ECOLI__B_ECOLI', 'A_YEAST__B_YEAST')
    """
    for label, side in (("first", first), ("second", second)):
        require_type(side, Alignment, label, remedy="an Alignment, as read_alignment gives it")
    if names is not None:
        names = _two_names(names)
    if by not in WAYS:
        raise InputError(f"by is {by!r}; expected one of {', '.join(WAYS)}")
    if hits not in ("best", "all"):
        raise InputError(f"hits is {hits!r}; expected best or all")
    if (pairs is not None) != (by == "pairs"):
        raise InputError(f"by is {by!r} and pairs are {'given' if pairs is not None else 'not'}; "
                         "give pairs with by='pairs', and only then")  # fmt: skip
    told: list[tuple[str, str, str, int, str]] = []
    if by == "species":
        rows = _by_species(
            first, second, shared_species(first, second, species), best=hits == "best"
        )
    elif by == "row":
        rows = _by_row(first, second)
    elif by == "header":
        rows = _by_header(first, second)
    else:
        rows = _given(first, second, pairs, told=told)
    if len(rows[0]) < 2:
        raise InputError(
            f"{first.source} and {second.source}: {_count(len(rows[0]))} found by {by}; expected "
            f"at least two: search larger databases, or pair by something else"
        )
    return _joined(first, second, rows, names=names or _names(first, second), told=told)


def _by_row(first: Alignment, second: Alignment) -> Pairs:
    if first.n_sequences != second.n_sequences:
        raise InputError(
            f"{first.source} has {first.n_sequences} rows and {second.source} "
            f"{second.n_sequences}; by='row' needs as many: read both with "
            f"min_sequence_coverage=0, or pair by='header'"
        )
    places = np.arange(first.n_sequences)
    return places, places


def _by_header(first: Alignment, second: Alignment) -> Pairs:
    """Rows of the same header; if it comes again, the next with the next."""
    places = defaultdict(list)
    for place, name in reversed(list(enumerate(second.names))):
        places[name].append(place)
    found = [(row, places[name].pop()) for row, name in enumerate(first.names) if places.get(name)]
    return _two_arrays(found)


def _by_species(
    first: Alignment, second: Alignment, species: tuple[list[str], list[str]], *, best: bool
) -> Pairs:
    groups = grouped(species[0]), grouped(species[1])
    likeness = _identity(first), _identity(second)
    found: list[tuple[int, int]] = []
    foci = first.focus, second.focus
    settled: tuple[set[int], set[int]] = (set(), set())
    done: set[str] = set()
    if first.focus is not None and second.focus is not None:
        found.append((first.focus, second.focus))
        settled = {first.focus}, {second.focus}
        own = species[0][first.focus]
        done = {own} if best and own == species[1][second.focus] else set()
    for name in groups[0]:
        if name not in groups[1] or name in done:
            continue
        ranked = []
        for side in (0, 1):
            rows = np.array([row for row in groups[side][name] if row not in settled[side]], int)
            like = likeness[side]
            if like is None and len(rows) > 1:
                rows = rows[:0]  # nothing says which of them it is
            elif like is not None:
                rows = rows[np.argsort(-like[rows], kind="stable")]
            ranked.append(rows[:1] if best else rows)
        found += list(zip(ranked[0].tolist(), ranked[1].tolist(), strict=False))
    if len(found) < 2 and None in foci:
        raise InputError(
            f"{first.source} and {second.source}: pairing by species ranks sequences by their "
            f"likeness to the focus, and there is none; read both with focus=, or use "
            f"pair_paralogs"
        )
    return _two_arrays(found)


def grouped(species: list[str]) -> dict[str, list[int]]:
    """Rows of each species, in order of first appearance."""
    groups: dict[str, list[int]] = defaultdict(list)
    for row, name in enumerate(species):
        if name:
            groups[name].append(row)
    return dict(groups)


def _identity(alignment: Alignment) -> np.ndarray | None:
    """Share of the columns in which each row is as the focus."""
    if alignment.focus is None:
        return None
    return (alignment.codes == alignment.codes[alignment.focus]).mean(axis=1)


def _given(
    first: Alignment,
    second: Alignment,
    pairs: Iterable[tuple[str, str]] | pd.DataFrame | None,
    *,
    told: list[tuple[str, str, str, int, str]],
) -> Pairs:
    if {"row_1", "row_2"} <= set(getattr(pairs, "columns", ())):
        try:
            sides = tuple(np.asarray(pairs[column], dtype=int) for column in ("row_1", "row_2"))  # type: ignore[index]
        except (TypeError, ValueError) as error:
            raise InputError(
                f"pairs: row_1 and row_2 are not all whole numbers ({error}); give the table "
                "of pair_paralogs as it is"
            ) from error
        for rows, alignment in zip(sides, (first, second), strict=True):
            if len(rows) and not 0 <= rows.min() <= rows.max() < alignment.n_sequences:
                raise InputError(
                    f"pairs: row {rows.max()} is not in {alignment.source} "
                    f"({alignment.n_sequences} rows); give the alignments they were made from"
                )
        return sides[0], sides[1]
    listed = _listed(pairs)
    places = _places(first), _places(second)
    found, missing, several = [], [], []
    for one, other in listed:
        if one in places[0] and other in places[1]:
            found.append((places[0][one][0], places[1][other][0]))
            several += [name for name, side in ((one, places[0]), (other, places[1]))
                        if len(side[name]) > 1]  # fmt: skip
        else:
            missing.append(one if one not in places[0] else other)
    distinct = list(dict.fromkeys(found))
    for reason, action, names in (
        ("name in pairs is not in the alignment", "dropped", missing),
        ("name in pairs is that of several rows; the first is taken", "changed", several),
        ("pair is given more than once", "dropped",
         [first.names[one] for one, _ in found[: len(found) - len(distinct)]]),
    ):  # fmt: skip
        if names:
            told.append(("pairing", reason, action, len(names), str(names[0])[:80]))
    if len(distinct) < 2:
        absent = f"; {len(missing)} of the names are in neither, such as {missing[0]!r}"
        raise InputError(
            f"{first.source} and {second.source}: {_count(len(distinct))} found of the "
            f"{len(listed)} in pairs{absent if missing else ''}; expected at least two, by whole "
            f"headers or their first words such as {first.names[0].split()[0]!r} and "
            f"{second.names[0].split()[0]!r}"
        )
    return _two_arrays(distinct)


def _listed(pairs: Iterable[tuple[str, str]] | pd.DataFrame | None) -> list[tuple[str, str]]:
    """Both names of each pair, out of a table or anything else that gives two at a time."""
    columns = [str(column) for column in getattr(pairs, "columns", ())]
    if hasattr(pairs, "columns"):
        named = next((each for each in _NAMED if set(each) <= set(columns)), None)
        if named is None:
            raise InputError(
                f"pairs: column(s) {', '.join(columns) or 'none'} found; expected first and "
                "second, or name_1 and name_2 as pair_paralogs gives them: rename them"
            )
        pairs = pairs[list(named)].itertuples(index=False, name=None)  # type: ignore[index]
    if isinstance(pairs, str) or not hasattr(pairs, "__iter__"):
        raise InputError(f"pairs is {pairs!r}; expected pairs of names, or a table of them")
    listed = list(pairs)  # type: ignore[arg-type]
    for number, pair in enumerate(listed):
        if isinstance(pair, str) or not hasattr(pair, "__len__") or len(pair) != 2:
            raise InputError(f"pairs: entry {number} is {pair!r}; expected two names")
        if not all(isinstance(name, str) for name in pair):
            raise InputError(f"pairs: entry {number} is {pair!r}; expected names, not numbers "
                             "or missing values")  # fmt: skip
    if not listed:
        raise InputError("pairs: none given; expected at least two pairs of names")
    return listed


def _two_names(names: tuple[str, str]) -> tuple[str, str]:
    """Names of both proteins: two, not empty, not the same."""
    listed = [] if isinstance(names, str) or not hasattr(names, "__iter__") else list(names)
    good = len(listed) == 2 and all(isinstance(name, str) and name.strip() for name in listed)
    if not good or listed[0] == listed[1]:
        raise InputError(
            f"names is {names!r}; expected two different names of proteins, such as "
            "('kinase', 'regulator')"
        )
    return listed[0], listed[1]


def _count(pairs: int) -> str:
    return "1 pair" if pairs == 1 else f"{pairs} pairs"


def _places(alignment: Alignment) -> dict[str, list[int]]:
    """Rows of each whole header, and of each first word that is none."""
    words: dict[str, list[int]] = defaultdict(list)
    whole: dict[str, list[int]] = defaultdict(list)
    for row, name in enumerate(alignment.names):
        words[name.split()[0] if name.split() else name].append(row)
        whole[name].append(row)
    return {**words, **whole}


def _two_arrays(found: list[tuple[int, int]]) -> Pairs:
    array = np.array(found, dtype=np.int64).reshape(-1, 2)
    return array[:, 0], array[:, 1]


def _names(first: Alignment, second: Alignment) -> tuple[str, str]:
    one, other = ("+".join(side.residues.names) for side in (first, second))
    if one and other and one != other:
        return one, other
    return (f"{one}_1", f"{other}_2") if one and other else (one or "first", other or "second")


def _joined(
    first: Alignment,
    second: Alignment,
    rows: Pairs,
    *,
    names: tuple[str, str],
    told: list[tuple[str, str, str, int, str]],
) -> Alignment:
    import pandas as pd

    sides = []
    for alignment, places, name in zip((first, second), rows, names, strict=True):
        without = np.ones(alignment.n_sequences, dtype=bool)
        without[places] = False
        if without.any():
            told.append(("pairing", f"{name}: row without partner", "dropped", int(without.sum()),
                         alignment.names[int(without.argmax())][:80]))  # fmt: skip
        residues = alignment.residues
        if len(residues.names) <= 1:
            proteins = np.full(len(residues), name, dtype=object)
            residues = Residues(residues.letters, residues.positions, proteins)
        drops = alignment.drops.assign(stage=alignment.drops["stage"] + f" of {name}")
        sides.append((alignment.codes[places], residues, drops))
    focus = [
        place
        for place, pair in enumerate(zip(*rows, strict=True))
        if pair == (first.focus, second.focus)
    ]
    tables = [side[2] for side in sides] + [pd.DataFrame(told, columns=DROPS.names)]
    tables = [table for table in tables if len(table)]
    headers = [
        f"{first.names[one]}__{second.names[other]}" for one, other in zip(*rows, strict=True)
    ]
    return Alignment(
        tuple(headers),
        np.hstack([sides[0][0], sides[1][0]]),
        sides[0][1].join(sides[1][1]),
        focus[0] if focus else None,
        f"{first.source} + {second.source}",
        DROPS.validate(pd.concat(tables, ignore_index=True)) if tables else DROPS.empty(),
    )
