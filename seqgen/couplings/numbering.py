"""Residues of an alignment found in a structure, and their distances there."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np

from seqgen.alignment import Alignment, Residues
from seqgen.errors import InputError, require_type
from seqgen.pairwise import align_positions, best_score
from seqgen.residues import BLOSUM62, BLOSUM62_FREQUENCIES
from seqgen.schemas import AMINO_ACIDS
from seqgen.structure import (
    Chain,
    ResidueDistances,
    Structure,
    StructureMap,
    chain_distances,
)

Chains = str | Sequence[str] | Mapping[str, str | Sequence[str]]
Profile = Alignment | Mapping[str, Alignment]

_UNKNOWN = len(AMINO_ACIDS)
_PSEUDOCOUNT = 5.0
_LONGEST_SKIP = 200
_DISTANT = 0.3
_AS_GOOD = 0.9
_MOST_SEEN = 0.8
_SHUFFLES, _SEED = 30, 1


def align_to_structure(
    residues: Residues, structure: Structure, chain: str | None = None, *,
    profile: Alignment | None = None, min_z: float = 5.0,
) -> StructureMap:  # fmt: skip
    """Find the residues of one protein in a chain of a structure by pairwise alignment.

    The letters of ``residues`` are aligned to the chain with BLOSUM62 (a gap of k residues
    costs 10 + k) or, with ``profile``, by the log-odds of the residues in each column. Ends
    are free, and so are positions that ``residues`` skip and residues that the structure lacks
    where they meet. The score has to stand out from those of the chain's residues shuffled.

    Parameters
    ----------
    residues : Residues
        Columns of an alignment, of one protein.
    structure : Structure
    chain : str, optional
        Name of the chain; may be left out where there is only one.
    profile : Alignment, optional
        The alignment that the columns are of, one column per residue: for families without a
        focus sequence, or with one that is far from the structure.
    min_z : float
        Least score, in standard deviations above the mean of shuffled chains; below, the
        structure is taken for another protein's. Unrelated proteins stay under 4.

    Returns
    -------
    StructureMap

    Raises
    ------
    InputError
        If there is no such chain, ``residues`` carry no letters and there is no ``profile``,
        or the two sides are not alike.

    References
    ----------
    Henikoff & Henikoff (1992), PNAS 89:10915-10919: BLOSUM62. Rost (1999), Twilight zone of
    protein sequence alignments, Protein Engineering 12:85-94: the doubt below 30% identity.

    Examples
    --------
    >>> from seqgen.io.alignments import read_alignment
    >>> from seqgen.io.resources import example_alignment_path, example_structure_path
    >>> from seqgen.io.structures import read_structure
    >>> residues = read_alignment(example_alignment_path()).residues
    >>> align_to_structure(residues, read_structure(example_structure_path())).identity
    1.0
    """
    require_type(residues, Residues, "residues",
                 remedy="Residues, such as those of an alignment")  # fmt: skip
    require_type(structure, Structure, "structure",
                 remedy="a Structure, as read_structure gives it")  # fmt: skip
    chosen = structure.chain(chain)
    _require_alignable(residues, profile)
    found = _aligned(residues, structure, chosen, profile)
    if not found.z >= min_z:
        raise InputError(f"{_unlike(residues, structure, found)}, under {min_z:g}: {_REMEDY}")
    return found


def residue_distances(
    rows: Residues, columns: Residues, structure: Structure, *, chains: Chains | None = None,
    atoms: str = "cb", between_copies: bool = False, profile: Profile | None = None,
    min_z: float = 5.0,
) -> ResidueDistances:  # fmt: skip
    """Distances in a structure between the residues of both sides of `Couplings`.

    Where a protein has several chains, the closest pair of copies counts: between two proteins
    over all pairs of their chains, within a protein over the chains one by one.

    Parameters
    ----------
    rows, columns : Residues
        The two sides; one object for pairs within.
    structure : Structure
    chains : str, sequence or mapping, optional
        Chain or chains of each protein by its name, or of the only one. By default, of one
        protein the chain that shows most of it, so that the share of contacts does not grow
        with the number of copies; of several proteins, and with ``between_copies``, all chains
        that match about as well as the best one does.
    atoms : {"cb", "heavy"}
        See `seqgen.structure.distances`.
    between_copies : bool
        Within a protein, count contacts between its copies too (homo-oligomers).
    profile : Alignment or mapping of protein to Alignment, optional
        See `align_to_structure`; columns are found by protein and position.
    min_z : float
        See `align_to_structure`.

    Returns
    -------
    ResidueDistances

    Raises
    ------
    InputError
        As `align_to_structure`, or if ``chains`` or ``profile`` lack a protein.

    Examples
    --------
    >>> from seqgen.io.alignments import read_alignment
    >>> from seqgen.io.resources import example_alignment_path, example_structure_path
    >>> from seqgen.io.structures import read_structure
    >>> residues = read_alignment(example_alignment_path()).residues
    >>> structure = read_structure(example_structure_path())
    >>> found = residue_distances(residues, residues, structure)
    >>> i, j = (residues.positions.tolist().index(position) for position in (230, 290))
    >>> f"{residues.letters[i]}230 to {residues.letters[j]}290: {found.values[i, j]:.1f} angstrom"
    'E230 to K290: 7.7 angstrom'
    """
    for label, given in (("rows", rows), ("columns", columns)):
        require_type(given, Residues, label, remedy="Residues, such as the rows of Couplings")
    require_type(structure, Structure, "structure",
                 remedy="a Structure, as read_structure gives it")  # fmt: skip
    sides = [rows] if rows is columns else [rows, columns]
    names = {*rows.names, *columns.names}
    maps: list[StructureMap] = []
    numbers: list[dict[str, list[int]]] = [{} for _ in sides]
    for side, residues in zip(numbers, sides, strict=True):
        for name in residues.names:
            own = residues.take(residues.proteins == name)
            wanted = _of_protein(chains, name, names)
            found = _copies(own, structure, wanted, profile=_profile_of(profile, own), min_z=min_z)
            if wanted is None and len(names) == 1 and not between_copies:
                found = [max(found, key=lambda one: one.coverage)]
            side[name] = list(range(len(maps), len(maps) + len(found)))
            maps += found
    places = [_all_places(maps, side, residues)
              for side, residues in zip(numbers, sides, strict=True)]  # fmt: skip
    values = np.full((len(rows), len(columns)), np.nan)
    of_row, of_column = np.full(values.shape, -1), np.full(values.shape, -1)
    for (first, rows_of), (second, columns_of) in itertools.product(
        numbers[0].items(), numbers[-1].items()
    ):
        block = np.ix_(rows.proteins == first, columns.proteins == second)
        pairs = [
            (a, b) for a, b in itertools.product(rows_of, columns_of)
            if first != second or between_copies or maps[a].chain is maps[b].chain
        ]  # fmt: skip
        values[block], of_row[block], of_column[block] = _closest_copies(maps, pairs, atoms)
    return ResidueDistances(
        values, rows, columns, atoms, tuple(maps), of_row, of_column, places[0], places[-1],
        tuple(dict.fromkeys([*(text for found in maps for text in found.notices),
                             *_few_seen(maps, numbers, sides)])),
    )  # fmt: skip


def _few_seen(
    maps: Sequence[StructureMap], numbers: Sequence[Mapping[str, Sequence[int]]],
    sides: Sequence[Residues],
) -> list[str]:  # fmt: skip
    """A notice for each protein of which the structure shows few residues."""
    notices = []
    for side, residues in zip(numbers, sides, strict=True):
        for name, of_protein in side.items():
            seen = np.zeros(int((residues.proteins == name).sum()), dtype=bool)
            for found in (maps[number] for number in of_protein):
                seen |= (found.places >= 0) & found.chain.resolved[found.places]
            if seen.mean() < _MOST_SEEN:
                notices.append(f"{seen.sum()} of {len(seen)} residues of {name} have coordinates")
    return notices


def _closest_copies(
    maps: Sequence[StructureMap], pairs: Sequence[tuple[int, int]], atoms: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Least distance over pairs of chains, and which pair it is of; -1 where there is none."""
    stack = np.stack([_mapped_distances(maps[a], maps[b], atoms) for a, b in pairs])
    filled = np.where(np.isnan(stack), np.inf, stack)
    best, least = filled.argmin(axis=0), filled.min(axis=0)
    there = np.isfinite(least)
    first, second = (np.array(side)[best] for side in zip(*pairs, strict=True))
    return np.where(there, least, np.nan), np.where(there, first, -1), np.where(there, second, -1)


def _mapped_distances(first: StructureMap, second: StructureMap, atoms: str) -> np.ndarray:
    found = chain_distances(first.chain, second.chain, atoms)[np.ix_(first.places, second.places)]
    found[first.places < 0] = np.nan
    found[:, second.places < 0] = np.nan
    return found


def _all_places(
    maps: Sequence[StructureMap], numbers: Mapping[str, Sequence[int]], residues: Residues
) -> np.ndarray:
    """Place of each residue in each map's chain, (maps, L); -1 where there is none."""
    places = np.full((len(maps), len(residues)), -1, dtype=np.int64)
    for name, of_protein in numbers.items():
        for number in of_protein:
            places[number, residues.proteins == name] = maps[number].places
    return places


# --- which chains, which columns ------------------------------------------------------------


def _of_protein(chains: Chains | None, name: str, proteins: set[str]) -> list[str] | None:
    """Names of the chains of one protein; None where none are given."""
    if chains is None:
        return None
    if not isinstance(chains, Mapping):
        if len(proteins) > 1:
            raise InputError(
                f"chains is {chains!r}; expected a mapping of each of the proteins "
                f"{', '.join(map(repr, sorted(proteins)))} to its chain or chains"
            )
        chains = {name: chains}
    if name not in chains:
        raise InputError(
            f"chains name {', '.join(map(repr, chains)) or 'no protein'} and lack {name!r}; add it"
        )
    wanted = chains[name]
    return [wanted] if isinstance(wanted, str) else list(wanted)


def _profile_of(profile: Profile | None, residues: Residues) -> Alignment | None:
    """The columns of ``profile`` that ``residues``, all of one protein, are."""
    name = residues.names[0]
    if isinstance(profile, Mapping):
        profile = profile.get(name)
    if profile is None:
        return None
    own = np.flatnonzero(profile.residues.proteins == name)
    place = {position: int(k) for k, position in zip(
        own, profile.residues.positions[own].tolist(), strict=True)}  # fmt: skip
    missing = [position for position in residues.positions.tolist() if position not in place]
    if missing:
        raise InputError(
            f"profile: no column for position {missing[0]} of protein {name!r}; expected the "
            "alignment that the residues come from"
        )
    return profile.columns(np.array([place[k] for k in residues.positions.tolist()]))


def _copies(
    residues: Residues, structure: Structure, chains: Sequence[str] | None, *,
    profile: Alignment | None, min_z: float,
) -> list[StructureMap]:  # fmt: skip
    """The chains of one protein: those named, or those that match it as well as the best."""
    if chains is not None:
        if not chains:
            raise InputError(f"chains: none for protein {residues.names[0]!r}; name one at least")
        return [align_to_structure(residues, structure, name, profile=profile, min_z=min_z)
                for name in dict.fromkeys(chains)]  # fmt: skip
    _require_alignable(residues, profile)
    found = [_aligned(residues, structure, chain, profile) for chain in structure.chains]
    best = max(found, key=lambda one: one.z)
    if not best.z >= min_z:
        raise InputError(f"{_unlike(residues, structure, best)}, under {min_z:g}: {_REMEDY}")
    return [one for one in found
            if one.z >= min_z and one.score >= _AS_GOOD * best.score]  # fmt: skip


# --- one pairwise alignment -----------------------------------------------------------------

_REMEDY = (
    "give the structure of this protein or of a relative, its chain, or the alignment as profile"
)


def _unlike(residues: Residues, structure: Structure, found: StructureMap) -> str:
    return (
        f"{structure.source} chain {found.chain.name!r} ({found.chain.resolved.sum()} residues) "
        f"does not match protein {residues.names[0]!r} ({len(residues)} residues): "
        f"{found.identity:.0%} identity over {(found.places >= 0).sum()}, and the alignment "
        f"scores {found.z:.1f} standard deviations above shuffled chains"
    )


def _require_alignable(residues: Residues, profile: Alignment | None) -> None:
    if len(residues.names) != 1:
        raise InputError(
            f"residues: hold {len(residues.names)} proteins "
            f"({', '.join(map(repr, residues.names))}); give one at a time"
        )
    if profile is not None and profile.length != len(residues):
        raise InputError(
            f"profile has {profile.length} columns and there are {len(residues)} residues; "
            "expected one column per residue"
        )
    if profile is None and (_codes(residues.letters) == _UNKNOWN).all():
        raise InputError(
            f"residues: no residue of protein {residues.names[0]!r} has a letter, so that nothing "
            "can be aligned; give the alignment as profile, or read it with a focus sequence"
        )


def _aligned(
    residues: Residues, structure: Structure, chain: Chain, profile: Alignment | None
) -> StructureMap:
    letters, target = _codes(residues.letters), _codes(chain.letters)
    table = _PADDED[letters] if profile is None else _log_odds(profile)
    row = _spaced(residues.positions)
    spaced = np.zeros((int(row[-1]) + 1, table.shape[1]))
    spaced[row] = table
    places, score = align_positions(spaced[:, target])
    places = places[row]
    hit = places >= 0
    mapped = target[places[hit]]
    if profile is None:
        known = (letters[hit] != _UNKNOWN) & (mapped != _UNKNOWN)
        identity = _mean((letters[hit] == mapped)[known])
        mismatches = _mismatches(residues, chain, places)
    else:
        same = profile.codes[:, hit] == mapped + 1
        identity, mismatches = float(same.mean(axis=1).max()) if hit.any() else 0.0, ()
    notices: tuple[str, ...] = ()
    if identity < _DISTANT:
        notices = (
            f"{structure.source} chain {chain.name!r} matches protein {residues.names[0]!r} at "
            f"{identity:.0%} identity: a distant relative, whose alignment may err in places",
        )
    return StructureMap(
        chain, places, identity=identity, coverage=_mean(hit & chain.resolved[places]),
        score=score, z=_stands_out(score, spaced, target), mismatches=mismatches, notices=notices,
    )  # fmt: skip


def _stands_out(score: float, table: np.ndarray, target: np.ndarray) -> float:
    """Standard deviations of ``score`` above those of the chain's residues shuffled."""
    rng = np.random.default_rng(_SEED)
    null = np.array([best_score(table[:, rng.permutation(target)]) for _ in range(_SHUFFLES)])
    # A chain of few kinds of residues shuffles into itself: at least half a bit of noise.
    return float((score - null.mean()) / max(null.std(), 1.0))


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else 0.0


def _mismatches(residues: Residues, chain: Chain, places: np.ndarray) -> tuple[str, ...]:
    """Aligned residues, both known, that differ."""
    return tuple(
        f"{letter}{position}/{chain.label(place)}"
        for letter, position, place in zip(
            residues.letters, residues.positions.tolist(), places.tolist(), strict=True
        )
        if place >= 0 and letter != chain.letters[place]
        and letter in AMINO_ACIDS and chain.letters[place] in AMINO_ACIDS
    )  # fmt: skip


# --- scores of aligning a residue of one side with one of the other -------------------------


def _codes(letters: str) -> np.ndarray:
    """Places in ``AMINO_ACIDS``; one beyond for any other letter."""
    lookup = np.full(256, _UNKNOWN, dtype=np.int64)
    lookup[np.frombuffer(AMINO_ACIDS.encode(), dtype=np.uint8)] = np.arange(len(AMINO_ACIDS))
    return lookup[np.frombuffer(letters.encode("ascii", "replace"), dtype=np.uint8)]


_PADDED = np.pad(BLOSUM62, (0, 1)).astype(float)
"""BLOSUM62 in half bits; nothing for an unknown residue on either side."""


def _log_odds(alignment: Alignment) -> np.ndarray:
    """Log-odds of each residue in each column against the background, half bits, (L, 21)."""
    size = len(AMINO_ACIDS) + 1
    cells = np.arange(alignment.length) * size + alignment.codes
    counts = np.bincount(cells.ravel(), minlength=alignment.length * size).astype(float)
    counts = counts.reshape(alignment.length, size)[:, 1:] + _PSEUDOCOUNT * BLOSUM62_FREQUENCIES
    share = counts / counts.sum(axis=1, keepdims=True)
    return np.pad(2 * np.log2(share / BLOSUM62_FREQUENCIES), ((0, 0), (0, 1)))


def _spaced(positions: np.ndarray) -> np.ndarray:
    """Rows such that positions in between, which match anything, have room."""
    steps = np.diff(positions)
    steps = np.where((steps < 1) | (steps > _LONGEST_SKIP), 1, steps)
    return np.concatenate([[0], np.cumsum(steps)]).astype(np.int64)
