"""Mutants as text or tables, against the columns of a Potts model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from seqgen.errors import InputError, require_type
from seqgen.models.potts import PottsModel
from seqgen.residues import parse_change
from seqgen.schemas import AMINO_ACIDS

NOT_COVERED = "position is not covered by the alignment"
OTHER_REFERENCE = "ref_aa differs from the focus sequence (another isoform or numbering?)"
TWICE = "two changes of one residue"
NO_CHANGE = "not a replacement of residues such as A24C or A24C:G50D"

_FORM = r"(?:(?P<uniprot>[^/:]+)/)?(?P<ref_aa>[A-Z])(?P<position>[1-9]\d{0,8})(?P<alt_aa>[A-Z])"


@dataclass(frozen=True)
class Changes:
    """Single replacements, each a part of a mutant.

    Attributes
    ----------
    mutants : list of str
        What each mutant is called, in the order given.
    mutant : ndarray of int, shape (n,)
        Which mutant each change belongs to.
    column, ref, alt : ndarray of int, shape (n,)
        Column of the model, -1 where it is not covered; residues as places among the 20.
    reason : ndarray of object, shape (number of mutants,)
        Why a mutant has no energy; empty where it has one.
    """

    mutants: list[str]
    mutant: np.ndarray
    column: np.ndarray
    ref: np.ndarray
    alt: np.ndarray
    reason: np.ndarray


def read_changes(
    model: PottsModel, mutants: Sequence[str] | pd.DataFrame, *, focus: bool = True
) -> Changes:
    """The changes of each mutant, and the mutants that cannot be read or are not covered.

    Parameters
    ----------
    model : PottsModel
    mutants : sequence of str, or DataFrame
        ``A24C`` or ``A24C:G50D``, in a joint model of several proteins ``P1/A24C:P2/G50D``;
        ``p.Ala24Cys`` likewise; or a table with the columns ``position``, ``ref_aa``,
        ``alt_aa``, where rows that share an entry in a column ``mutant`` belong together, and
        ``uniprot`` names the protein.
    focus : bool
        Whether the reference residues have to be those of the focus sequence.

    Raises
    ------
    InputError
        If a column is missing, there is no mutant, a protein has to be named and is not, or no
        mutant can be used.
    """
    require_type(model, PottsModel, "model", remedy="a PottsModel, as fit_plm gives it")
    names, table = _of_table(mutants) if isinstance(mutants, pd.DataFrame) else _of_text(mutants)
    if not names:
        raise InputError("mutants: none given; expected at least one, such as A24C")
    residues = pd.Index(list(AMINO_ACIDS))
    position = pd.to_numeric(table["position"], errors="coerce").to_numpy(np.float64)
    ref = residues.get_indexer(pd.Index(table["ref_aa"].fillna("")))
    alt = residues.get_indexer(pd.Index(table["alt_aa"].fillna("")))
    mutant = table["mutant"].to_numpy()
    column = columns_at(model, position, table["uniprot"].fillna("").astype(str).to_numpy())
    focus_residues = residues.get_indexer(pd.Index(list(model.residues.letters)))
    problems = {
        NO_CHANGE: (ref < 0) | (alt < 0) | ~(position >= 1) | (position % 1 != 0),
        NOT_COVERED: column < 0,
        OTHER_REFERENCE: focus & (focus_residues[column] != ref),
        TWICE: pd.DataFrame({"m": mutant, "c": column}).duplicated(keep=False).to_numpy(),
    }
    why = np.select(list(problems.values()), list(problems), default="").astype(object)
    reason = np.full(len(names), "", dtype=object)
    bad = np.flatnonzero(why != "")[::-1]  # the first change that fails is told
    reason[mutant[bad]] = why[bad]
    if (reason != "").all():
        told = ", ".join(f"{text}: {n}" for text, n in pd.Series(reason).value_counts().items())
        raise InputError(
            f"mutants: none of {len(names)} has an energy ({told}; for example {names[0]!r}); "
            f"the columns are {span(model)}"
        )
    return Changes(names, mutant, column, ref, alt, reason)


def columns_at(model: PottsModel, positions: np.ndarray, proteins: np.ndarray) -> np.ndarray:
    """Column of each position of a protein, -1 where there is none.

    Raises
    ------
    InputError
        If the model joins several proteins and one is not named.
    """
    known = model.residues
    proteins = np.asarray(proteins, dtype=object)
    unnamed = proteins == ""
    if unnamed.any() and len(known.names) > 1:
        raise InputError(
            f"mutants: the model joins {', '.join(map(repr, known.names))}; name the protein of "
            "each change, as in P1/A24C or in a column uniprot"
        )
    proteins = np.where(unnamed, known.names[0], proteins)
    columns = pd.MultiIndex.from_arrays([known.proteins.astype(str), known.positions])
    if not columns.is_unique:
        raise InputError("model: two columns have the same position; number the columns again")
    whole = np.where(np.isfinite(positions) & (positions % 1 == 0), positions, -1).astype(np.int64)
    return columns.get_indexer(pd.MultiIndex.from_arrays([proteins.astype(str), whole]))


def span(model: PottsModel) -> str:
    """First and last position of each protein, for messages."""
    known = model.residues
    spans = []
    for name in known.names:
        of_protein = known.positions[known.proteins == name]
        spans.append(f"{of_protein.min()} to {of_protein.max()}" + (f" of {name}" if name else ""))
    return ", ".join(spans)


def _of_text(mutants: Sequence[str]) -> tuple[list[str], pd.DataFrame]:
    if isinstance(mutants, str):
        raise InputError(f"mutants: a single string {mutants!r}; expected a list of mutants")
    names = [str(name) for name in mutants]
    parts = pd.Series(names, dtype=object).str.strip().str.split(":").explode()
    distinct = pd.Series(parts.unique(), dtype=object)
    read = distinct.map(_one_letter).str.extract(f"^{_FORM}$")
    table = read.iloc[pd.Index(distinct).get_indexer(pd.Index(parts))].reset_index(drop=True)
    return names, table.assign(mutant=parts.index.to_numpy())


def _one_letter(change: str) -> str:
    """``p.Arg24Cys`` as ``R24C``; anything else as it is."""
    protein, slash, own = change.rpartition("/")
    if not own.startswith("p."):
        return change
    try:
        found = parse_change(own)
    except InputError:
        return change
    return f"{protein}{slash}{found.ref_aa}{found.position}{found.alt_aa}"


def _of_table(mutants: pd.DataFrame) -> tuple[list[str], pd.DataFrame]:
    missing = [name for name in ("position", "ref_aa", "alt_aa") if name not in mutants]
    if missing:
        raise InputError(
            f"mutants: column(s) {', '.join(missing)} missing; found "
            f"{', '.join(map(str, mutants.columns)) or 'none'}; expected position, ref_aa, alt_aa"
        )
    table = mutants[["position", "ref_aa", "alt_aa"]].reset_index(drop=True)
    table["uniprot"] = mutants["uniprot"].to_numpy() if "uniprot" in mutants else ""
    text = table.astype(str)
    # Whole numbers that came as 24.0, out of a column with missing values.
    text["position"] = text["position"].str.replace(r"\.0+$", "", regex=True)
    changes = text["ref_aa"] + text["position"] + text["alt_aa"]
    if "mutant" not in mutants:
        return changes.tolist(), table.assign(mutant=np.arange(len(table)))
    place, names = pd.factorize(mutants["mutant"].astype(str))
    return names.tolist(), table.assign(mutant=place)
