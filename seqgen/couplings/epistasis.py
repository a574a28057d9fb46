"""Statistical energies of mutants of the focus protein, and the epistasis between changes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from seqgen.couplings.mutants import NOT_COVERED, Changes, columns_at, read_changes, span
from seqgen.errors import InputError, require_type
from seqgen.models.potts import PottsModel, pair_index
from seqgen.models.potts_sequences import encode
from seqgen.schemas import AMINO_ACIDS

_PAIRS = 1 << 20  # pairs of changes looked up at once


def single_mutants(model: PottsModel) -> pd.DataFrame:
    """Energy of every single mutant of the focus sequence, relative to the focus.

    Parameters
    ----------
    model : PottsModel

    Returns
    -------
    DataFrame
        ``uniprot``, ``position``, ``ref_aa``, ``alt_aa``, ``delta_energy``: 19 rows for each
        column at which the focus has a residue. Above zero, the model prefers the mutant.

    Raises
    ------
    InputError
        If the model has no focus sequence.

    Examples
    --------
    >>> from seqgen.alignment import Residues
    >>> fields = np.zeros((2, 20)); fields[1, 8] = 1.5
    >>> model = PottsModel(AMINO_ACIDS, fields, None, Residues.of_protein("MK", "P1", start=10))
    >>> single_mutants(model).iloc[-1].to_dict()["delta_energy"]
    -1.5
    """
    require_type(model, PottsModel, "model", remedy="what fit_potts gives")
    letters = np.array(list(model.residues.letters))
    residues = pd.Index(list(AMINO_ACIDS))
    ref = residues.get_indexer(pd.Index(letters))
    _require_focus(model, ref)
    delta = _single_energies(model)
    column, alt = np.nonzero((ref[:, None] >= 0) & (ref[:, None] != np.arange(len(residues))))
    return pd.DataFrame({
        "uniprot": model.residues.proteins[column].astype(str),
        "position": model.residues.positions[column],
        "ref_aa": letters[column],
        "alt_aa": residues.to_numpy()[alt],
        "delta_energy": delta[column, alt],
    })  # fmt: skip


def mutant_energies(model: PottsModel, mutants: Sequence[str] | pd.DataFrame) -> pd.DataFrame:
    """Energy of single and multiple mutants of the focus sequence, relative to the focus.

    The statistical energy of the mutant less that of the focus: the change of its log
    probability under the model. It is the sum of the energies of the single changes, and of the
    epistasis of each pair of them.

    Parameters
    ----------
    model : PottsModel
    mutants : sequence of str, or DataFrame
        ``A24C`` or ``A24C:G50D``, in a joint model of several proteins ``P1/A24C:P2/G50D``; or a
        table with the columns ``position``, ``ref_aa``, ``alt_aa``, where rows that share an
        entry in a column ``mutant`` belong together, and ``uniprot`` names the protein.

    Returns
    -------
    DataFrame
        One row per mutant in the order given: ``mutant``, ``n_changes``, ``delta_energy``,
        ``additive`` and ``epistasis``, which sum to it, and ``reason``: why there is no energy
        (then NaN), empty where there is one.

    Raises
    ------
    InputError
        If the model has no focus sequence, the mutants have the wrong form, or none has an
        energy.

    References
    ----------
    Hopf et al. (2017), Mutation effects predicted from sequence co-variation, Nature
    Biotechnology 35:128-135.

    Examples
    --------
    >>> from seqgen.alignment import Residues
    >>> couplings = np.zeros((1, 20, 20)); couplings[0, 0, 1] = 2.0  # A with C
    >>> model = PottsModel(AMINO_ACIDS, np.zeros((2, 20)), couplings, Residues.of_protein("MK"))
    >>> mutant_energies(model, ["M1A", "M1A:K2C", "M3A"])["delta_energy"].tolist()
    [0.0, 2.0, nan]
    """
    require_type(model, PottsModel, "model", remedy="what fit_potts gives")
    _require_focus(model, encode(model.residues.letters).astype(np.int64) - 1)
    changes = read_changes(model, mutants)
    single = _single_energies(model)[changes.column, changes.alt]
    count = np.bincount(changes.mutant, minlength=len(changes.mutants))
    additive = np.bincount(changes.mutant, weights=single, minlength=len(count))
    together = _within(model, changes, count)
    unknown = changes.reason != ""
    table = pd.DataFrame({
        "mutant": changes.mutants,
        "n_changes": count,
        "delta_energy": np.where(unknown, np.nan, additive + together),
        "additive": np.where(unknown, np.nan, additive),
        "epistasis": np.where(unknown, np.nan, together),
        "reason": changes.reason.astype(str),
    })  # fmt: skip
    return table


def epistasis(
    model: PottsModel, first: str | Sequence[str], second: str | Sequence[str]
) -> pd.DataFrame:
    """Epistasis between two changes: the double mutant's energy less both single ones'.

    For a to a' at i and b to b' at j it is J(a', b') - J(a, b') - J(a', b) + J(a, b), the same
    in every gauge and in every background. Reference residues need not be those of the focus.

    Parameters
    ----------
    model : PottsModel
    first, second : str or sequence of str
        Changes such as ``A24C`` (``P1/A24C`` in a joint model), paired by place; one change
        stands for as many as the other has.

    Returns
    -------
    DataFrame
        ``first``, ``second``, ``epistasis`` and ``reason``: why there is none (then NaN), empty
        where there is one.

    Raises
    ------
    InputError
        If the numbers of changes differ, or none can be used.

    References
    ----------
    Hopf et al. (2017), Mutation effects predicted from sequence co-variation, Nature
    Biotechnology 35:128-135.

    Examples
    --------
    >>> from seqgen.alignment import Residues
    >>> couplings = np.zeros((1, 20, 20)); couplings[0, 0, 1] = 2.0  # A with C
    >>> model = PottsModel(AMINO_ACIDS, np.zeros((2, 20)), couplings, Residues.of_protein("MK"))
    >>> epistasis(model, "M1A", ["K2C", "K2D"])["epistasis"].tolist()
    [2.0, 0.0]
    """
    require_type(model, PottsModel, "model", remedy="what fit_potts gives")
    left = [first] if isinstance(first, str) else list(first)
    right = [second] if isinstance(second, str) else list(second)
    n = max(len(left), len(right))
    left, right = (side * n if len(side) == 1 else side for side in (left, right))
    if len(left) != len(right):
        raise InputError(
            f"first has {len(left)} changes and second {len(right)}; expected as many, or one"
        )
    changes = read_changes(
        model, [f"{a}:{b}" for a, b in zip(left, right, strict=True)], focus=False
    )
    count = np.bincount(changes.mutant, minlength=len(changes.mutants))
    reason = np.where(
        (count != 2) & (changes.reason == ""), "not two single changes", changes.reason
    )
    values = np.where(reason == "", _within(model, changes, count), np.nan)
    return pd.DataFrame(
        {"first": left, "second": right, "epistasis": values, "reason": reason.astype(str)}
    )


def epistasis_at(
    model: PottsModel,
    position_1: int,
    position_2: int,
    *,
    proteins: tuple[str, str] | None = None,
) -> pd.DataFrame:
    """Epistasis of all pairs of changes of the focus' residues at two positions.

    Parameters
    ----------
    model : PottsModel
    position_1, position_2 : int
        In the numbering of the model's residues.
    proteins : (str, str), optional
        The proteins of both, in a joint model.

    Returns
    -------
    DataFrame, shape (20, 20)
        The new residue at ``position_1`` by the new residue at ``position_2``; zeros at the
        focus' own residues.

    Raises
    ------
    InputError
        If the positions are the same or not covered, or the focus has no residue there.

    Examples
    --------
    >>> from seqgen.alignment import Residues
    >>> couplings = np.zeros((1, 20, 20)); couplings[0, 0, 1] = 2.0  # A with C
    >>> model = PottsModel(AMINO_ACIDS, np.zeros((2, 20)), couplings, Residues.of_protein("MK"))
    >>> float(epistasis_at(model, 1, 2).loc["A", "C"])
    2.0
    """
    require_type(model, PottsModel, "model", remedy="what fit_potts gives")
    positions = np.array([position_1, position_2], dtype=np.float64)
    i, j = columns_at(model, positions, np.array(proteins or ("", ""), dtype=object))
    if min(i, j) < 0 or i == j:
        raise InputError(
            f"positions {position_1} and {position_2}: expected two different ones that the "
            f"alignment covers ({span(model)}; {NOT_COVERED} otherwise)"
        )
    ref = encode(model.residues.letters).astype(np.int64) - 1
    for place, position in ((i, position_1), (j, position_2)):
        if not 0 <= ref[place] < len(AMINO_ACIDS):
            raise InputError(f"position {position}: the focus sequence has no residue there")
    first = len(model.letters) - len(AMINO_ACIDS)
    pair = model.pair(i, j)[first:, first:].astype(np.float64)
    a, b = ref[i], ref[j]
    terms = pair - pair[a] - pair[:, [b]] + pair[a, b]
    letters = list(AMINO_ACIDS)
    return pd.DataFrame(
        terms,
        index=pd.Index(letters, name=f"alt_aa_{position_1}"),
        columns=pd.Index(letters, name=f"alt_aa_{position_2}"),
    )


def _require_focus(model: PottsModel, ref: np.ndarray) -> None:
    if not ((ref >= 0) & (ref < len(AMINO_ACIDS))).any():
        raise InputError(
            f"model {model.name!r} has no focus sequence, of which there could be mutants; fit it "
            "to an alignment read with focus=..."
        )


def _single_energies(model: PottsModel) -> np.ndarray:
    """Energy of each residue at each column of the focus, less the focus' own, (L, 20)."""
    codes = encode(model.residues.letters)
    energies = model.conditionals(codes)
    ref = codes.astype(np.int64) - 1
    known = (ref >= 0) & (ref < len(AMINO_ACIDS))
    own = energies[np.arange(len(ref)), np.where(known, ref, 0)]
    return np.where(known[:, None], energies - own[:, None], np.nan)


def _within(model: PottsModel, changes: Changes, count: np.ndarray) -> np.ndarray:
    """Epistasis summed over the pairs of changes of each mutant, shape (number of mutants,)."""
    total = np.zeros(len(count))
    if model.couplings is None:
        return total
    order = np.argsort(changes.mutant, kind="stable")
    start = np.concatenate([[0], np.cumsum(count)])
    for k in np.unique(count[count > 1]):
        x, y = np.triu_indices(k, 1)
        wanted = np.flatnonzero((count == k) & (changes.reason == ""))
        step = max(1, _PAIRS // len(x))
        for chunk in (wanted[at : at + step] for at in range(0, len(wanted), step)):
            at = order[start[chunk][:, None] + np.arange(k)]
            terms = _pair_terms(model, changes, at[:, x].ravel(), at[:, y].ravel())
            total[chunk] = terms.reshape(len(chunk), -1).sum(axis=1)
    return total


def _pair_terms(
    model: PottsModel, changes: Changes, one: np.ndarray, two: np.ndarray
) -> np.ndarray:
    """Epistasis of pairs of changes at different columns, given by their places."""
    assert model.couplings is not None
    swapped = changes.column[one] > changes.column[two]
    one, two = np.where(swapped, two, one), np.where(swapped, one, two)
    pair = pair_index(changes.column[one], changes.column[two], model.length)
    first = len(model.letters) - len(AMINO_ACIDS)
    ref_1, alt_1 = changes.ref[one] + first, changes.alt[one] + first
    ref_2, alt_2 = changes.ref[two] + first, changes.alt[two] + first
    terms = model.couplings[pair, alt_1, alt_2].astype(np.float64)
    terms -= model.couplings[pair, ref_1, alt_2]
    terms -= model.couplings[pair, alt_1, ref_2]
    terms += model.couplings[pair, ref_1, ref_2]
    return terms
