"""What is known about variants and the trans genes they might act on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.evidence.arrays import Groups, Values, distinct
from seqgen.evidence.candidates import (
    Pairs,
    Ranges,
    best_rows,
    check_choice,
    of_groups,
    require_few,
    rows_of,
)
from seqgen.evidence.changes import target_rows, variant_rows
from seqgen.evidence.combination import combined
from seqgen.evidence.gene_lists import GenePairs, tell_genes
from seqgen.evidence.proteins import UNKNOWN, Proteins
from seqgen.evidence.similarity import centred_embeddings, cosines, count_unused, vectors_of
from seqgen.evidence.sites import (
    LetterCheck,
    Sites,
    by_source,
    merged,
    named_blocks,
    told_blocks,
)
from seqgen.evidence.sources import CouplingSource, Source, coupling_sources
from seqgen.io.tally import Tally
from seqgen.schemas import Counted
from seqgen.schemas.evidence import TRANS_EVIDENCE

MOST_PAIRS = 5_000_000
_REMEDY = "give fewer variants or targets, or candidates='known'"


class _Couplings(NamedTuple):
    """Largest values by variant's residue and target, and by variant's protein and target."""

    sites: Values
    proteins: Values


class _Knowledge(NamedTuple):
    """All that is told, by numbers of proteins, residues and genes of both sides."""

    variants: Proteins
    targets: Proteins
    sites: Sites
    couplings: _Couplings | None
    genes: dict[str, Values]
    variant_gene: np.ndarray
    target_gene: np.ndarray
    n_genes: int
    vectors: tuple[np.ndarray, np.ndarray] | None


def trans_evidence(
    variants: pd.DataFrame,
    targets: Sequence[str] | pd.DataFrame,
    *,
    couplings: CouplingSource | Iterable[CouplingSource] = (),
    embeddings: pd.DataFrame | None = None,
    gene_pairs: GenePairs | None = None,
    candidates: str = "known",
    max_pairs: int = MOST_PAIRS,
) -> Counted:
    """Gather what is known about variants and target genes, one row per variant and target.

    Rows are the variants and targets that couplings or gene pairs tell of; embeddings, which
    tell of all, are added to them. With ``candidates="all"`` every variant is a row with every
    target. A variant's own gene is never its target.

    A variant with several rows, or a target with several proteins, is one: the pair has the row
    with the most evidence. Missing evidence is NaN, never 0.

    Parameters
    ----------
    variants : DataFrame
        ``gene`` (the gene a variant changes, or for others the nearest or the cis gene) or
        ``uniprot``, perhaps ``position``, ``ref_aa``, ``alt_aa``, and names as
        `pair_evidence` takes them.
    targets : sequence of str, or DataFrame
        Gene symbols, or a table of ``gene`` and perhaps ``uniprot``. A gene without ``uniprot``
        has that of other rows, variants' among them, if they agree.
    couplings : Couplings, table of schema ``couplings``, or several
        As `pair_evidence` takes them; those between a variant's protein and a target's count.
        Column ``coupling_complex`` is the largest value between the variant's residue and any
        of the target's; of a variant without a residue, over all pairs of residues of the two
        proteins.
    embeddings, gene_pairs
        As `pair_evidence` takes them.
    candidates : {"known", "all"}
    max_pairs : int
        Pairs of rows looked at, at most.

    Returns
    -------
    Counted
        ``table``: `seqgen.schemas.evidence.TRANS_EVIDENCE`, with columns of the sources given
        and ``gene_<name>``, the most evidence first; ``drops``: what was left out, by reason.

    Raises
    ------
    InputError
        If an input is not as above, a source tells of none of the variants or targets, nothing
        is known of any pair, or there are too many.

    Examples
    --------
    >>> variants = pd.DataFrame({"variant": ["rs1", "rs2"], "gene": ["AKT2", "MYC"]})
    >>> known = pd.DataFrame({"gene_1": ["BAD", "FOXO1", "MAX"], "gene_2": ["AKT2", "AKT2", "MYC"],
    ...                       "score": [0.4, 0.9, 0.8]})
    >>> found = trans_evidence(variants, ["BAD", "FOXO1"], gene_pairs={"string": known})
    >>> found.table[["variant", "target", "gene_string", "evidence"]].values.tolist()
    [['rs1', 'FOXO1', 0.9, 0.5], ['rs1', 'BAD', 0.4, -0.5]]
    """
    check_choice("all", candidates, max_pairs)
    tally = Tally("evidence")
    rows, aims = variant_rows(variants, tally), target_rows(targets, tally)
    rows, aims = _with_accessions(rows, aims)
    told = _knowledge(
        rows, aims, tally, couplings=couplings, embeddings=embeddings, gene_pairs=gene_pairs
    )
    i, j = _candidates(told, candidates=candidates, max_pairs=max_pairs)
    values = _values(told, i, j)
    variant, _ = pd.factorize(rows["variant"])
    best = best_rows(variant[i] * len(aims) + told.targets.row_gene[j], values, (i, j))
    if candidates == "known":
        best = best[~np.isnan(_evidence(values, len(i))[best])]
    if not len(best):
        raise InputError(
            "variants, targets: nothing is known of any pair; give couplings or gene_pairs that "
            "tell of both, or candidates='all' for every pair"
        )
    i, j = i[best], j[best]
    values = {name: column[best] for name, column in values.items()}
    evidence = _evidence(values, len(i))
    order = np.lexsort((j, i, -evidence))
    table = rows[["variant", "gene", "uniprot", "position"]].take(i[order])
    table = table.assign(target=aims["gene"].array.take(j[order]))
    table = table.assign(**{name: column[order] for name, column in values.items()})
    table = table.assign(evidence=evidence[order]).reset_index(drop=True)
    return Counted(TRANS_EVIDENCE.validate(table), tally.to_frame())


def _evidence(values: dict[str, np.ndarray], count: int) -> np.ndarray:
    return combined(values) if values else np.full(count, np.nan)


def _with_accessions(rows: pd.DataFrame, aims: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Accessions filled in where a gene has one and only one elsewhere."""
    known = pd.concat([each[["gene", "uniprot"]] for each in (rows, aims)]).dropna()
    known = known.drop_duplicates()
    by_gene = known[~known["gene"].duplicated(keep=False)].set_index("gene")["uniprot"]
    return tuple(
        each.assign(uniprot=each["uniprot"].fillna(each["gene"].map(by_gene).astype("str")))
        for each in (rows, aims)
    )  # type: ignore[return-value]


def _knowledge(
    rows: pd.DataFrame, aims: pd.DataFrame, tally: Tally, *, couplings, embeddings, gene_pairs
) -> _Knowledge:
    variants, targets = Proteins.of_rows(rows), Proteins.of_rows(aims)
    sites = Sites.of_rows(rows, variants.row_protein)
    sources = coupling_sources(couplings)
    told = _coupled(sources, variants, targets, sites=sites, tally=tally) if sources else None
    genes = variants.genes.union(targets.genes, sort=False)
    sides = [genes.isin(side.genes) for side in (variants, targets)]
    by_gene = tell_genes(gene_pairs, genes, first=sides[0], second=sides[1], tally=tally)
    vectors = None
    if embeddings is not None:
        unit = centred_embeddings(embeddings)
        count_unused(unit, [variants, targets], tally)
        vectors = vectors_of(unit, variants), vectors_of(unit, targets)
    places = [
        np.append(genes.get_indexer(side.genes), -1)[side.row_gene] for side in (variants, targets)
    ]
    return _Knowledge(
        variants, targets, sites, told, by_gene, places[0], places[1], len(genes), vectors
    )


# --- couplings of a variant's protein with a target's ----------------------------------------


def _coupled(
    sources: list[Source], variants: Proteins, targets: Proteins, *, sites: Sites, tally: Tally
) -> _Couplings:
    names, blocks = told_blocks(sources)
    of_variant, of_target = variants.match(names), targets.match(names)
    _count_blocks(names, blocks, of_variant, of_target, tally)
    count = len(targets.accessions)
    letters = LetterCheck("couplings")
    by_site: list[tuple[np.ndarray, np.ndarray]] = []
    by_protein: list[tuple[np.ndarray, np.ndarray]] = []
    codes = zip(by_source(sources, of_variant), by_source(sources, of_target), strict=True)
    for source, (mine, theirs) in zip(sources, codes, strict=True):
        for turned in (source, source.turned()):
            first, second = mine[turned.first.protein], theirs[turned.second.protein]
            # A protein with itself is no pair of a variant's and another gene's.
            other = source.names[turned.first.protein], source.names[turned.second.protein]
            site = letters.find(sites, source.names, turned.first, mine)
            for place, parts in ((site, by_site), (first, by_protein)):
                i, j, values = turned.among(place >= 0, second >= 0)
                apart = other[0][i] != other[1][j]
                key = place[i[apart]] * count + second[j[apart]]
                parts.append((key, values[apart]))
    letters.count(tally)
    return _Couplings(merged(by_site), merged(by_protein))


def _count_blocks(
    names: np.ndarray, blocks: pd.DataFrame, variant: np.ndarray, target: np.ndarray, tally: Tally
) -> None:
    """Count pairs of proteins that are not a variant's and a target's; refuse if none is."""
    first, second = blocks["first"].to_numpy(), blocks["second"].to_numpy()
    used = (variant[first] >= 0) & (target[second] >= 0)
    used |= (variant[second] >= 0) & (target[first] >= 0)
    known = [(side != UNKNOWN)[end] for side in (variant, target) for end in (first, second)]
    if not np.logical_or.reduce(known).any():
        raise InputError(
            "couplings: nothing is told of proteins of the variants or targets; found "
            f"{', '.join(map(repr, names[:3]))}, expected UniProt accessions or gene symbols as "
            "they have them"
        )
    named = named_blocks(names, blocks)
    within = names[first] == names[second]
    tally.drop(named, within, "couplings: within a protein, which tell nothing of a target")
    tally.drop(named, ~within & ~used, "couplings: not of a variant's protein and a target's")
    empty = ~within & used & (blocks["n"].to_numpy() == 0)
    tally.drop(named, empty, "couplings: no value, or half of the scores alike and no z")


# --- pairs of rows and their values ------------------------------------------------------------


def _candidates(told: _Knowledge, *, candidates: str, max_pairs: int) -> Pairs:
    """Pairs of a row of the variants and one of the targets, each once."""
    n_rows, n_aims = len(told.variants.row_protein), len(told.targets.row_protein)
    if candidates == "all":
        one, two = (Groups.of(np.zeros(n, dtype=np.int64), 1) for n in (n_rows, n_aims))
        parts = [of_groups((one, np.zeros(1, int)), (two, np.zeros(1, int)))]
    else:
        parts = _told_of(told)
    require_few(parts, max_pairs, remedy=_REMEDY)
    i, j = rows_of(parts)
    own = told.variant_gene[i] == told.target_gene[j]
    own |= told.variants.accessions.take(told.variants.row_protein[i]) == (
        told.targets.accessions.take(told.targets.row_protein[j])
    )
    i, j = np.divmod(distinct(i[~own] * n_aims + j[~own]), n_aims)
    return i, j


def _told_of(told: _Knowledge) -> list[Ranges]:
    """Pairs of rows whose proteins couplings, or whose genes gene pairs, name together."""
    parts = []
    if told.couplings is not None:
        count = len(told.targets.accessions)
        first, second = np.divmod(told.couplings.proteins.keys, count)
        one = Groups.of(told.variants.row_protein, len(told.variants.accessions))
        two = Groups.of(told.targets.row_protein, count)
        parts.append(of_groups((one, first), (two, second)))
    if told.genes:
        keys = distinct(np.concatenate([values.keys for values in told.genes.values()]))
        first, second = np.divmod(keys, told.n_genes)
        one = Groups.of(told.variant_gene, told.n_genes)
        two = Groups.of(told.target_gene, told.n_genes)
        parts += [of_groups((one, a), (two, b)) for a, b in ((first, second), (second, first))]
    return parts


def _values(told: _Knowledge, i: np.ndarray, j: np.ndarray) -> dict[str, np.ndarray]:
    """Columns of evidence, NaN where nothing is known."""
    protein, target = told.variants.row_protein[i], told.targets.row_protein[j]
    found = {}
    if told.couplings is not None:
        site, count = told.sites.row_site[i], len(told.targets.accessions)
        found["coupling_complex"] = np.where(
            site >= 0,
            told.couplings.sites.at(np.where(site >= 0, site * count + target, -1)),
            told.couplings.proteins.at(protein * count + target),
        )
    if told.vectors is not None:
        found["embedding_similarity"] = cosines(*told.vectors, protein, target)
    if told.genes:
        a, b = told.variant_gene[i], told.target_gene[j]
        low, high = np.minimum(a, b), np.maximum(a, b)
        key = np.where(low >= 0, low * told.n_genes + high, -1)
        found |= {name: values.at(key) for name, values in told.genes.items()}
    return found
