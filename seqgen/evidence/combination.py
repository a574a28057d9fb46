"""One number out of several kinds of evidence, by ranks alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.evidence.tables import require_table

#: Columns of evidence that have a fixed name, as tables list them.
COLUMNS = (
    "coupling_alignment",
    "coupling_language_model",
    "coupling_complex",
    "embedding_similarity",
    "structure_distance",
)
#: Columns of which the smaller value is the stronger evidence.
REVERSED = frozenset({"structure_distance"})
#: Lists of gene pairs have columns that begin so; these three are names of genes.
GENE_PREFIX = "gene_"
NOT_EVIDENCE = frozenset({"gene_1", "gene_2", "gene_name"})
# Evidence nearer to 0 than this is what rounding leaves of columns that say nothing.
_ROUNDING = 1e-12


def combine_evidence(table: pd.DataFrame, *, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Add the column ``evidence``: what the known columns say together; more is stronger.

    The rule: within a column, the known values are ranked and each rank becomes its Savage
    score, 1/n + 1/(n-1) + ... over as many terms as the rank, the mean score for ties. That is
    the expected value of -log(1 - u) for the share u of values below, exactly 1 on average. The
    evidence is the sum over the known columns of the score less 1.

    So it never falls where one column's value rises and the rest stays; it is unchanged by any
    strictly increasing transformation of a column; a missing value counts as an average one and
    takes nothing away; a column whose values are all alike says nothing; and where nothing is
    known it is missing, not 0. Distances count the other way round. It orders pairs and is no
    p value: columns are added as if they were independent, which couplings from an alignment
    and from a language model are not.

    Where absence tells something, as from a complete list of gene pairs, fill it with 0 and
    combine again.

    Parameters
    ----------
    table : DataFrame
        Such as ``pair_evidence`` and ``trans_evidence`` give; any table with columns of numbers.
    columns : sequence of str, optional
        Columns to combine, larger values stronger except for ``structure_distance``; by default
        those of `seqgen.schemas` that are there, and ``gene_<name>`` of lists of gene pairs.

    Returns
    -------
    DataFrame
        A copy with ``evidence``, in the old place if it was there, else last.

    Raises
    ------
    InputError
        If there is no column to combine, one is absent or given twice, or holds no numbers.

    References
    ----------
    Fisher (1932), Statistical Methods for Research Workers, 4th edition, section 21.1: sums of
    -log p. Savage (1956), Contributions to the theory of rank order statistics: the two-sample
    case, Annals of Mathematical Statistics 27:590-615: the scores.

    Examples
    --------
    >>> table = pd.DataFrame({"coupling_alignment": [0.1, 4.0, np.nan, np.nan],
    ...                       "structure_distance": [12.0, 5.0, 30.0, np.nan]})
    >>> combine_evidence(table)["evidence"].round(2).tolist()
    [-0.67, 1.33, -0.67, nan]
    """
    require_table(table, "table", remedy="a table such as pair_evidence(...).table")
    names = evidence_columns(table) if columns is None else _checked_names(table, columns)
    return table.assign(evidence=combined({name: _numbers(table, name) for name in names}))


def combined(values: dict[str, np.ndarray]) -> np.ndarray:
    """Evidence of each row, (n,), from columns of n values by name; NaN where all are missing."""
    total: np.ndarray = np.zeros(1)
    known: np.ndarray = np.zeros(1, dtype=bool)
    for name, column in values.items():
        there = ~np.isnan(column)
        score = np.zeros(len(column))
        score[there] = savage_scores(-column[there] if name in REVERSED else column[there]) - 1.0
        total, known = total + score, known | there
    total = np.where(np.abs(total) < _ROUNDING, 0.0, total)
    return np.where(known, total, np.nan)


def savage_scores(values: np.ndarray) -> np.ndarray:
    """Expected order statistics of the unit exponential at each value's rank, means for ties.

    Examples
    --------
    >>> savage_scores(np.array([5.0, 7.0])).tolist(), savage_scores(np.ones(3)).round(12).tolist()
    ([0.5, 1.5], [1.0, 1.0, 1.0])
    """
    count = len(values)
    if not count:
        return np.zeros(0)
    score = np.cumsum(1.0 / np.arange(count, 0, -1))
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    start = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    size = np.diff(np.append(start, count))
    out = np.empty(count)
    out[order] = np.repeat(np.add.reduceat(score, start) / size, size)
    return out


def evidence_columns(table: pd.DataFrame) -> list[str]:
    """Columns of evidence that ``table`` has, as it orders them.

    Raises
    ------
    InputError
        If there is none.
    """
    found = [
        name
        for name in map(str, table.columns)
        if name in COLUMNS or (name.startswith(GENE_PREFIX) and name not in NOT_EVIDENCE)
    ]
    if not found:
        raise InputError(
            f"table: no column of evidence; found {', '.join(map(str, table.columns)) or 'none'}; "
            f"expected any of {', '.join(COLUMNS)} or {GENE_PREFIX}<name>, or name others with "
            "columns="
        )
    return found


def _checked_names(table: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    if isinstance(columns, str) or not columns or len(set(columns)) < len(columns):
        raise InputError(f"columns is {columns!r}; expected a list of different column names")
    missing = [name for name in columns if name not in table]
    if missing:
        raise InputError(
            f"table: column(s) {', '.join(map(repr, missing))} of columns missing; found "
            f"{', '.join(map(str, table.columns)) or 'none'}"
        )
    return list(columns)


def _numbers(table: pd.DataFrame, name: str) -> np.ndarray:
    try:
        return table[name].to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"table: column {name!r} holds values that are no numbers ({error}); name the columns "
            "of evidence with columns="
        ) from error
