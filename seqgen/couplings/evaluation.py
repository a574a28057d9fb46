"""Couplings against a structure: which are contacts, and how precise the strongest are."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from seqgen.alignment import Residues
from seqgen.errors import InputError, require_type
from seqgen.results import Couplings
from seqgen.structure import ResidueDistances

CUTOFF = 8.0
TOPS: tuple[str | int, ...] = ("L", "L/2", "L/5", 10, 20, 50)

_MEDIUM, _LONG = 12, 24
_DRAWS, _SEED, _LEVEL = 1000, 1, 0.95
_NEAR = 2
_Z = 1.959963984540054
_TOP = re.compile(r"L(?:/([1-9]\d*))?")


def contact_precision(
    couplings: Couplings, distances: ResidueDistances | np.ndarray, *, cutoff: float = CUTOFF,
    min_separation: int = 6, tops: Sequence[str | int] = TOPS, draws: int = _DRAWS,
    seed: int = _SEED,
) -> pd.DataFrame:  # fmt: skip
    """Share of contacts among the strongest couplings, by how far apart the residues are.

    Pairs within a protein are taken together from ``min_separation`` positions apart (class
    ``all``), and as ``short`` (up to 11), ``medium`` (12 to 23) and ``long`` (24 or more);
    pairs between two proteins are the class ``between``. Each class is ranked by itself, and
    pairs without a score or a distance are left out and counted. L is the number of residues
    of ``couplings``, the smaller of both sides between two proteins; L/k is rounded down.

    Pairs next to each other, as along two strands, are contacts together and must not be drawn
    as if independent. The interval is therefore the central 95% of a bootstrap that draws groups
    of pairs with replacement: pairs belong to one group if both their residues are within two
    positions, directly or by way of others. Few groups make a bootstrap too sure, so the interval
    is at least Wilson's for as many trials as there are groups. The ranking itself is not drawn
    anew.

    Parameters
    ----------
    couplings : Couplings
    distances : ResidueDistances or ndarray, shape (L1, L2)
        In ångström; NaN where unknown.
    cutoff : float
        Pairs closer than this are contacts, in ångström.
    min_separation : int
        Least distance in positions within a protein.
    tops : sequence of str or int
        How many pairs: ``"L"``, ``"L/2"``, ... or numbers.
    draws, seed : int
        Draws of the bootstrap and the seed of its random numbers.

    Returns
    -------
    DataFrame
        One row per class with pairs and top: ``separation``, ``top``, ``n`` (pairs taken; fewer
        than asked for where the class has no more), ``n_contacts``, ``precision``, ``lower``,
        ``upper``, ``n_groups``, ``base_rate`` (share of contacts among all pairs of the class),
        ``n_pairs`` and ``n_unresolved`` (pairs left out for want of a distance).

    Raises
    ------
    InputError
        If shapes differ, ``tops`` are not as above, or no pair has both a score and a distance.

    References
    ----------
    Field & Welsh (2007), Bootstrapping clustered data, Journal of the Royal Statistical Society B
    69:369-390. Wilson (1927), Probable inference, JASA 22:209-212.

    Examples
    --------
    >>> import numpy as np
    >>> from seqgen.alignment import Residues
    >>> residues = Residues.of_protein("MKVLAGHEWD", "P1")
    >>> steps = np.abs(np.subtract.outer(np.arange(10), np.arange(10)))
    >>> couplings = Couplings(-steps.astype(float), residues, residues, "example")
    >>> table = contact_precision(couplings, 1.2 * steps, tops=["L/2"])
    >>> table[["separation", "top", "n", "precision", "base_rate"]].values.tolist()
    [['all', 'L/2', 5, 0.8, 0.4], ['short', 'L/2', 5, 0.8, 0.4]]
    """
    _check(couplings, distances, cutoff=cutoff)
    _check_numbers(min_separation=min_separation, seed=seed)
    known = _values(couplings, distances)
    i, j, separation = _pairs(couplings, min_separation)
    score, distance = couplings.scores[i, j], known[i, j]
    resolved = np.isfinite(distance)
    if not resolved.any():
        raise InputError(
            "distances: no pair of residues has both a score and a distance; check that the "
            "structure is of this protein and min_separation is not longer than it"
        )
    rows = []
    for name, inside in _classes(separation).items():
        use = np.flatnonzero(inside & resolved)
        if not len(use):
            continue
        use = use[np.argsort(-score[use], kind="stable")]
        contact = distance[use] < cutoff
        length = _length(couplings, name)
        about = {"base_rate": contact.mean(), "n_pairs": len(use),
                 "n_unresolved": int((inside & ~resolved).sum())}  # fmt: skip
        for top in tops:
            n = min(_number(top, length), len(use))
            if n == 0:
                continue
            group = _groups(couplings, i[use[:n]], j[use[:n]])
            lower, upper = _interval(contact[:n], group, draws=draws, seed=seed)
            rows.append({"separation": name, "top": str(top), "n": n,
                         "n_contacts": int(contact[:n].sum()), "precision": contact[:n].mean(),
                         "lower": lower, "upper": upper, "n_groups": int(group.max()) + 1,
                         **about})  # fmt: skip
    return pd.DataFrame(rows)


def annotate_couplings(
    frame: pd.DataFrame, distances: ResidueDistances, *, cutoff: float = CUTOFF
) -> pd.DataFrame:
    """Add to a table of couplings where its residues are in a structure, and how far apart.

    Parameters
    ----------
    frame : DataFrame
        Of schema `seqgen.schemas.COUPLINGS`.
    distances : ResidueDistances
        Of the same residues.
    cutoff : float
        Pairs closer than this are contacts, in ångström.

    Returns
    -------
    DataFrame
        ``frame`` with ``chain_1``, ``number_1``, ``chain_2``, ``number_2`` (the author's
        residue numbers with insertion codes), ``distance`` (ångström) and ``contact``; missing
        where a residue is not in the structure.

    Raises
    ------
    InputError
        If columns are missing, or none of the pairs is among the residues of ``distances``.

    Examples
    --------
    >>> import numpy as np
    >>> from seqgen.couplings.numbering import residue_distances
    >>> from seqgen.io.alignments import read_alignment
    >>> from seqgen.io.resources import example_alignment_path, example_structure_path
    >>> from seqgen.io.structures import read_structure
    >>> residues = read_alignment(example_alignment_path()).residues
    >>> scores = np.zeros((258, 258)); scores[78, 138] = scores[138, 78] = 1.0
    >>> distances = residue_distances(
    ...     residues, residues, read_structure(example_structure_path())
    ... )
    >>> frame = Couplings(scores, residues, residues, "example").to_frame().head(1)
    >>> annotate_couplings(frame, distances)[["number_1", "number_2", "contact"]].values.tolist()
    [['230', '290', True]]
    """
    needed = ["protein_1", "position_1", "protein_2", "position_2"]
    missing = [name for name in needed if name not in frame]
    if missing:
        raise InputError(
            f"couplings: column(s) {', '.join(missing)} missing; found "
            f"{', '.join(map(str, frame.columns)) or 'none'}"
        )
    i = distances.rows.places(frame["protein_1"], frame["position_1"])
    j = distances.columns.places(frame["protein_2"], frame["position_2"])
    inside = (i >= 0) & (j >= 0)
    if len(frame) and not inside.any():
        raise InputError(
            f"couplings: no pair such as {frame['protein_1'].iloc[0]!r} "
            f"{frame['position_1'].iloc[0]} and {frame['protein_2'].iloc[0]!r} "
            f"{frame['position_2'].iloc[0]} is among the residues that distances are of; take "
            "both from the same alignment"
        )
    values = np.where(inside, distances.values[i, j], np.nan)
    there = np.isfinite(values)
    result = frame.copy()
    for side, place, of_map, of_place in (
        ("1", i, distances.row_map[i, j], distances.row_place),
        ("2", j, distances.column_map[i, j], distances.column_place),
    ):
        chain = np.full(len(frame), None, dtype=object)
        number = chain.copy()
        for which, found in enumerate(distances.maps):
            mine = there & (of_map == which)
            at = of_place[which, place[mine]]
            chain[mine] = found.chain.name
            labels = found.chain.numbers.astype(str).astype(object) + found.chain.insertion_codes
            number[mine] = labels[at]
        result[f"chain_{side}"] = pd.array(chain, dtype="string")
        result[f"number_{side}"] = pd.array(number, dtype="string")
    result["distance"] = values
    result["contact"] = pd.array(values < cutoff, dtype="boolean")
    result.loc[~there, "contact"] = pd.NA
    return result


def _check(
    couplings: Couplings, distances: ResidueDistances | np.ndarray, *, cutoff: float
) -> None:
    require_type(couplings, Couplings, "couplings",
                 remedy="Couplings, as infer_couplings gives them")  # fmt: skip
    require_type(distances, (ResidueDistances, np.ndarray), "distances",
                 remedy="what residue_distances gives, or an array")  # fmt: skip
    if not 0 < cutoff < np.inf:
        raise InputError(f"cutoff is {cutoff}; expected a distance above 0, in angstrom")


def _check_numbers(**numbers: int) -> None:
    for label, value in numbers.items():
        if not isinstance(value, int | np.integer) or value < 0:
            raise InputError(f"{label} is {value!r}; expected a whole number from 0")


# --- pairs ----------------------------------------------------------------------------------


def _values(couplings: Couplings, distances: ResidueDistances | np.ndarray) -> np.ndarray:
    values = distances.values if isinstance(distances, ResidueDistances) else distances
    values = np.asarray(values, dtype=float)
    if values.shape != couplings.scores.shape:
        raise InputError(
            f"distances have shape {values.shape} and the couplings {couplings.scores.shape}; "
            "expected the same residues"
        )
    return values


def _pairs(couplings: Couplings, min_separation: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Row, column and separation in positions of each scored pair; -1 between proteins."""
    rows, columns = couplings.rows, couplings.columns
    if couplings.symmetric:
        i, j = np.triu_indices(len(rows), 1)
    else:
        i, j = (axis.ravel() for axis in np.indices(couplings.scores.shape))
    apart = np.abs(rows.positions[i] - columns.positions[j])
    separation = np.where(rows.proteins[i] == columns.proteins[j], apart, -1)
    keep = np.isfinite(couplings.scores[i, j])
    keep &= (separation < 0) | (separation >= min_separation)
    return i[keep], j[keep], separation[keep]


def _classes(separation: np.ndarray) -> dict[str, np.ndarray]:
    return {
        "all": separation >= 0,
        "short": (separation >= 0) & (separation < _MEDIUM),
        "medium": (separation >= _MEDIUM) & (separation < _LONG),
        "long": separation >= _LONG,
        "between": separation < 0,
    }


def _length(couplings: Couplings, separation: str) -> int:
    """L: the residues of the protein, or of the smaller of two for the pairs between them."""
    sides = (couplings.rows, couplings.columns)
    if couplings.symmetric and separation == "between":
        return min(int((couplings.rows.proteins == name).sum()) for name in couplings.rows.names)
    return min(map(len, sides))


def _number(top: str | int, length: int) -> int:
    """How many pairs ``top`` asks for."""
    if isinstance(top, str):
        found = _TOP.fullmatch(top)
        if found:
            return length // int(found[1] or 1)
    elif isinstance(top, (int, np.integer)) and top > 0:
        return int(top)
    raise InputError(f"tops: {top!r}; expected whole numbers from 1, 'L', or 'L/2' and the like")


# --- intervals ------------------------------------------------------------------------------


def _groups(couplings: Couplings, i: np.ndarray, j: np.ndarray) -> np.ndarray:
    """Number of the group of each pair, (n,): linked by steps of `_NEAR` on both sides."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import KDTree

    points = np.column_stack([_far_apart(couplings.rows)[i], _far_apart(couplings.columns)[j]])
    linked = KDTree(points).query_pairs(_NEAR, p=np.inf, output_type="ndarray")
    graph = coo_array((np.ones(len(linked)), linked.T), shape=(len(i), len(i)))
    return connected_components(graph, directed=False)[1]


def _far_apart(residues: Residues) -> np.ndarray:
    """Positions, those of different proteins further apart than any group reaches."""
    _, protein = np.unique(residues.proteins.astype(str), return_inverse=True)
    return residues.positions + protein * (int(np.ptp(residues.positions)) + 10 * _NEAR)


def _interval(
    contact: np.ndarray, group: np.ndarray, *, draws: int, seed: int
) -> tuple[float, float]:
    """Central 95% of the share over draws of groups, and no less than Wilson's for the groups."""
    size = np.bincount(group)
    hits = np.bincount(group, weights=contact)
    least, most = _wilson(float(contact.mean()), len(size))
    if contact.all() or not contact.any() or len(size) == 1:
        return least, most
    even = np.full(len(size), 1 / len(size))
    counts = np.random.default_rng(seed).multinomial(len(size), even, size=draws)
    tail = (1 - _LEVEL) / 2
    lower, upper = np.quantile((counts @ hits) / (counts @ size), [tail, 1 - tail])
    return min(float(lower), least), max(float(upper), most)


def _wilson(share: float, n: int) -> tuple[float, float]:
    centre = share + _Z**2 / (2 * n)
    spread = _Z * np.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
    scale = 1 + _Z**2 / n
    # At both ends rounding must not push the share itself out of its interval.
    lower = (centre - spread) / scale if share > 0 else 0.0
    return lower, (centre + spread) / scale if share < 1 else 1.0
