"""What is known about pairs of variants: couplings, structures, embeddings, gene pairs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.evidence.arrays import Groups, Values, distinct, unordered
from seqgen.evidence.candidates import (
    Pairs,
    Ranges,
    across_groups,
    best_rows,
    check_choice,
    of_groups,
    require_few,
    rows_of,
    within_groups,
)
from seqgen.evidence.changes import residue_changes
from seqgen.evidence.combination import COLUMNS, REVERSED, combined
from seqgen.evidence.gene_lists import GenePairs, tell_genes
from seqgen.evidence.proteins import Proteins
from seqgen.evidence.similarity import centred_embeddings, cosines, count_unused, vectors_of
from seqgen.evidence.sites import PairsTold, Sites, tell_pairs
from seqgen.evidence.sources import (
    CouplingSource,
    DistanceSource,
    coupling_sources,
    distance_sources,
)
from seqgen.io.tally import Tally
from seqgen.schemas import Counted
from seqgen.schemas.evidence import PAIR_EVIDENCE

MOST_PAIRS = 5_000_000
_SIMILARITY = "embedding_similarity"
_REMEDY = (
    "give fewer variants, lists of gene pairs of a higher min_score, scope='within' or 'between', "
    "or candidates='known'"
)


class _Knowledge(NamedTuple):
    """All that is told, by numbers of residues, genes and proteins."""

    proteins: Proteins
    sites: Sites
    residues: dict[str, Values]
    blocks: np.ndarray
    genes: dict[str, Values]
    vectors: np.ndarray | None


def pair_evidence(
    variants: pd.DataFrame,
    *,
    couplings: CouplingSource | Iterable[CouplingSource] = (),
    embeddings: pd.DataFrame | None = None,
    distances: DistanceSource | Iterable[DistanceSource] | None = None,
    gene_pairs: GenePairs | None = None,
    scope: str = "all",
    candidates: str = "known",
    max_pairs: int = MOST_PAIRS,
) -> Counted:
    """Gather what is known about pairs of missense variants, one row per pair.

    Which pairs are rows:

    - within a protein, every pair of its variants, whether or not anything is known of it;
    - between two proteins, every pair of their variants if couplings, distances or gene pairs
      tell of the two proteins together. Embeddings tell of all proteins and choose none;
    - with ``candidates="all"``, every pair of variants.

    A variant with several rows, such as one in overlapping genes, is one variant: its pair has
    the residues with the most evidence, of several alike those that come first in ``variants``.
    Missing evidence is NaN, never 0, in every column.

    Parameters
    ----------
    variants : DataFrame
        Table ``annotations``, or any with ``uniprot``, ``position``, ``ref_aa``, ``alt_aa`` and
        perhaps ``gene``, named by ``variant``, else by ``rsid``, else by ``chrom``, ``pos`` and
        alleles (chrom:pos:other:effect).
    couplings : Couplings, table of schema ``couplings``, or several
        Proteins are matched by UniProt accession (also as in ``sp|P31751|AKT2_HUMAN``), then by
        gene symbol, positions as they are; residues whose letter is neither of the variant's
        are left out. The value is ``z``; a pair of proteins without any z has its scores
        standardised by median and 1.4826 times the median absolute deviation, for which all its
        pairs of residues have to be there. Within a protein, the methods
        ``categorical-jacobian`` and ``attention`` are column ``coupling_language_model`` and
        all others ``coupling_alignment``; between two proteins, any method is
        ``coupling_complex``. Of several values of a pair in a column the largest counts.
    embeddings : DataFrame, optional
        A row per protein, indexed by accession or gene, such as `seqgen.embeddings` makes.
    distances : ResidueDistances, table, or several, optional
        In ångström; a table has ``protein_1``, ``position_1``, ``protein_2``, ``position_2``,
        ``distance``. Of several values the smallest counts.
    gene_pairs : DataFrame or mapping of str to DataFrame, optional
        ``gene_1``, ``gene_2`` in any order and perhaps ``score`` (1 where absent); the larger
        score of a pair counts. Column ``gene_<name>``, without a name ``gene_pairs``.
    scope : {"all", "within", "between"}
        Pairs within proteins, between different ones, or both.
    candidates : {"known", "all"}
    max_pairs : int
        Pairs of residue changes looked at, at most.

    Returns
    -------
    Counted
        ``table``: `seqgen.schemas.evidence.PAIR_EVIDENCE`, with columns of the sources given
        and ``gene_<name>``, the most evidence first; ``evidence`` as `combine_evidence` has it.
        ``drops``: rows of variants and evidence left out, by reason.

    Raises
    ------
    InputError
        If an input is not as above, a source tells of no protein or gene of the variants, there
        are no pairs or too many, or no pair can use the embeddings.

    Examples
    --------
    >>> import seqgen
    >>> missense = seqgen.missense_map()
    >>> variants = missense[missense["gene"].isin(["AKT2", "BAD"])]
    >>> known = pd.DataFrame({"gene_1": ["BAD", "BAD"], "gene_2": ["AKT2", "BCL2"]})
    >>> found = pair_evidence(variants, gene_pairs=known, scope="between")
    >>> found.table[["gene_1", "residue_change_1", "gene_2", "residue_change_2"]].iloc[0].tolist()
    ['AKT2', 'E17K', 'BAD', 'A107S']
    """
    check_choice(scope, candidates, max_pairs)
    tally = Tally("evidence")
    rows = residue_changes(variants, tally)
    told = _knowledge(
        rows, tally, couplings=couplings, distances=distances, embeddings=embeddings,
        gene_pairs=gene_pairs,
    )  # fmt: skip
    variant, names = pd.factorize(rows["variant"])
    i, j = _candidates(told, scope=scope, candidates=candidates, max_pairs=max_pairs)
    i, j = _in_order(i, j, variant)
    _require_pairs(i, j, told, scope=scope)
    values = _values(told, i, j)
    if len(names) < len(rows):
        best = best_rows(unordered(variant[i], variant[j], len(names)), values, (i, j))
        i, j = i[best], j[best]
        values = {name: column[best] for name, column in values.items()}
    evidence = combined(values) if values else np.full(len(i), np.nan)
    order = np.lexsort((j, i, -evidence))
    columns = {name: column[order] for name, column in values.items()}
    columns["evidence"] = evidence[order]
    return Counted(_table(rows, i[order], j[order], columns), tally.to_frame())


def _knowledge(
    rows: pd.DataFrame, tally: Tally, *, couplings, distances, embeddings, gene_pairs
) -> _Knowledge:
    proteins = Proteins.of_rows(rows)
    sites = Sites.of_rows(rows, proteins.row_protein)
    told: list[PairsTold] = [
        tell_pairs(sources, label, proteins=proteins, sites=sites, tally=tally)
        for label, sources in (
            ("couplings", coupling_sources(couplings)),
            ("distances", distance_sources(distances)),
        )
    ]
    every = np.ones(len(proteins.genes), dtype=bool)
    genes = tell_genes(gene_pairs, proteins.genes, first=every, second=every, tally=tally)
    vectors = None
    if embeddings is not None:
        unit = centred_embeddings(embeddings)
        count_unused(unit, [proteins], tally)
        vectors = vectors_of(unit, proteins)
    blocks = np.unique(np.concatenate([each.proteins for each in told]), axis=0)
    residues = told[0].columns | told[1].columns
    return _Knowledge(proteins, sites, residues, blocks, genes, vectors)


# --- pairs of rows --------------------------------------------------------------------------------


def _candidates(told: _Knowledge, *, scope: str, candidates: str, max_pairs: int) -> Pairs:
    """Pairs of rows that are looked at, each once."""
    protein = told.proteins.row_protein
    groups = Groups.of(protein, len(told.proteins.accessions))
    within = [within_groups(groups)] if scope != "between" else []
    between = []
    if scope != "within":
        between = [across_groups(groups)] if candidates == "all" else _told_of(told, groups)
    require_few(within + between, max_pairs, remedy=_REMEDY)
    i, j = rows_of(between)
    if between and candidates == "known":
        # Couplings and gene pairs may tell of the same proteins, gene pairs of one and the same.
        apart = protein[i] != protein[j]
        key = distinct(unordered(i[apart], j[apart], len(protein)))
        i, j = np.divmod(key, len(protein))
    one, two = rows_of(within)
    return np.concatenate([one, i]), np.concatenate([two, j])


def _told_of(told: _Knowledge, groups: Groups) -> list[Ranges]:
    """Pairs of rows whose proteins or genes a source names together."""
    count = len(told.proteins.genes)
    genes = Groups.of(told.proteins.row_gene, count)
    keys = np.concatenate([np.zeros(0, dtype=np.int64), *(v.keys for v in told.genes.values())])
    first, second = np.divmod(distinct(keys), max(count, 1))
    low, high = told.blocks.T
    return [
        of_groups((groups, low), (groups, high)),
        of_groups((genes, first), (genes, second)),
    ]


def _in_order(i: np.ndarray, j: np.ndarray, variant: np.ndarray) -> Pairs:
    """The earlier variant of each pair first; no variant with itself."""
    other = variant[i] != variant[j]
    if not other.all():
        i, j = i[other], j[other]
    swap = variant[i] > variant[j]
    return np.where(swap, j, i), np.where(swap, i, j)


def _require_pairs(i: np.ndarray, j: np.ndarray, told: _Knowledge, *, scope: str) -> None:
    """Refuse a result without rows, and embeddings that no row can use."""
    protein = told.proteins.row_protein
    between = bool((protein[i] != protein[j]).any())
    if told.vectors is not None and not between:
        raise InputError(
            "embeddings: tell of pairs of different proteins, and "
            + ("scope is 'within'; leave them out" if scope == "within" else
               "couplings, distances and gene_pairs name no two proteins with variants; pass "
               "candidates='all' to look at every pair of variants, or leave them out")
        )  # fmt: skip
    if not len(i):
        raise InputError(
            f"variants: no pair with scope={scope!r}: "
            + ("no protein has two variants" if scope != "between" else "")
            + ("; " if scope == "all" else "")
            + ("couplings, distances and gene_pairs name no two proteins with variants; pass "
               "candidates='all' to look at every pair" if scope != "within" else "")
        )  # fmt: skip


# --- values of pairs of rows -------------------------------------------------------------------


def _values(told: _Knowledge, i: np.ndarray, j: np.ndarray) -> dict[str, np.ndarray]:
    """Columns of evidence, NaN where nothing is known."""
    proteins, site = told.proteins, told.sites.row_site
    found = {}
    if told.residues:
        key = unordered(site[i], site[j], len(told.sites.keys))
        for name in COLUMNS:
            if name in told.residues:
                at = told.residues[name].at(key)
                found[name] = -at if name in REVERSED else at
    if told.vectors is not None:
        a, b = proteins.row_protein[i], proteins.row_protein[j]
        alike = np.full(len(i), np.nan)
        other = a != b
        alike[other] = cosines(
            told.vectors, told.vectors, np.minimum(a, b)[other], np.maximum(a, b)[other]
        )
        found[_SIMILARITY] = alike
    if told.genes:
        a, b = proteins.row_gene[i], proteins.row_gene[j]
        key = np.where((a >= 0) & (b >= 0), unordered(a, b, len(proteins.genes)), -1)
        found |= {name: values.at(key) for name, values in told.genes.items()}
    return found


def _table(
    rows: pd.DataFrame, i: np.ndarray, j: np.ndarray, columns: dict[str, np.ndarray]
) -> pd.DataFrame:
    change = rows["ref_aa"] + rows["position"].astype("str") + rows["alt_aa"]
    rows = rows.assign(residue_change=change, position=rows["position"].astype("int64"))
    table: dict[str, object] = {}
    for side, at in (("1", i), ("2", j)):
        for name in ("variant", "gene", "uniprot", "position", "residue_change"):
            table[f"{name}_{side}"] = rows[name].array.take(at)
    return PAIR_EVIDENCE.validate(pd.DataFrame({**table, **columns}, copy=False))
