"""Lists of gene pairs as values by pair of genes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.evidence.arrays import Values, unordered
from seqgen.evidence.combination import GENE_PREFIX, NOT_EVIDENCE
from seqgen.evidence.tables import require_table
from seqgen.io.tally import Tally

GenePairs = pd.DataFrame | Mapping[str, pd.DataFrame]

_UNNAMED = "gene_pairs"
_EXPECTED = "a table with gene_1, gene_2 and perhaps score, such as read_gene_pairs(...).table"


def tell_genes(
    gene_pairs: GenePairs | None,
    genes: pd.Index,
    *,
    first: np.ndarray,
    second: np.ndarray,
    tally: Tally,
) -> dict[str, Values]:
    """Values by column and pair of genes; the larger one where a list has a pair twice.

    Parameters
    ----------
    gene_pairs : DataFrame, mapping of str to DataFrame, or None
    genes : Index of str
        Genes that pairs are made of, each once.
    first, second : ndarray of bool, shape (len(genes),)
        Which may be on one side of a pair, and which on the other.
    tally : Tally
    """
    if gene_pairs is None:
        return {}
    if not isinstance(gene_pairs, Mapping):
        gene_pairs = {"": gene_pairs}
    told = {}
    for name, frame in gene_pairs.items():
        column = f"{GENE_PREFIX}{name}" if name else _UNNAMED
        label = f"gene_pairs {name!r}" if name else "gene_pairs"
        if column in NOT_EVIDENCE:
            raise InputError(f"{label}: would be column {column}, which is taken; name it else")
        told[column] = _values(frame, label, genes, (first, second), tally)
    return told


def _values(
    frame: pd.DataFrame, label: str, genes: pd.Index, sides: tuple[np.ndarray, np.ndarray],
    tally: Tally,
) -> Values:  # fmt: skip
    require_table(frame, label, remedy=_EXPECTED)
    missing = [name for name in ("gene_1", "gene_2") if name not in frame]
    if missing:
        raise InputError(
            f"{label}: column(s) {', '.join(missing)} missing; found "
            f"{', '.join(map(str, frame.columns)) or 'none'}; expected gene_1, gene_2, score"
        )
    a, b = (_places(frame[name], genes) for name in ("gene_1", "gene_2"))
    if (a < 0).all() and (b < 0).all():
        such = frame["gene_1"].iloc[0] if len(frame) else "no rows"
        raise InputError(
            f"{label}: none of its genes is one of the variants'; found such as {such!r}, expected "
            f"symbols such as {genes[0] if len(genes) else 'none'!r}"
        )
    try:
        score = (
            frame["score"].to_numpy(dtype=np.float64, na_value=np.nan)
            if "score" in frame
            else np.ones(len(frame))
        )
    except (TypeError, ValueError) as error:
        raise InputError(f"{label}: column score holds no numbers ({error})") from error
    first, second = (np.append(side, False) for side in sides)
    known = (first[a] & second[b]) | (first[b] & second[a])
    same, unscored = a == b, np.isnan(score)
    for which, reason in (
        (~known, "a gene without variants"),
        (known & same, "a gene with itself"),
        (known & ~same & unscored, "a pair without a score"),
    ):
        tally.drop(frame, which, f"{label}: {reason}")
    use = known & ~same & ~unscored
    return Values.largest(unordered(a[use], b[use], len(genes)), score[use])


def _places(names: pd.Series, genes: pd.Index) -> np.ndarray:
    """Place of each name among ``genes``, -1 where it is none of them."""
    # By distinct names: a list holds each of its genes hundreds of times.
    code, distinct = pd.factorize(names)
    place = genes.astype(object).get_indexer(pd.Index(distinct).astype(object))
    return np.append(place, -1)[code]
