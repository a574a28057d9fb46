"""Pairs of variant and trait that are not tested: cis windows and cross-mappable genes."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.io.chromosomes import canonical_chromosomes

CIS_WINDOW = 1_000_000


@dataclass(frozen=True)
class Exclusions:
    """What a scan leaves out; made by `plan_exclusions`.

    Attributes
    ----------
    variant_chrom : ndarray of int64, shape (m,)
        Codes of chromosomes; negative where unknown.
    variant_pos : ndarray of float64, shape (m,)
    gene_chrom, gene_low, gene_high : ndarray, shape (genes,)
        Windows of all genes with a position, of traits and of others.
    gene_trait : ndarray of int64, shape (genes,)
        Trait number of the gene, -1 where the gene is no trait of the scan.
    crossed : scipy.sparse matrix of bool, shape (genes, traits), or None
        Which gene's reads may come from which trait's gene.
    unplaced_traits : int
        Traits without a position, which have no cis window.
    unknown_genes : int
        Rows of the cross-mappability table whose genes are unknown, which are ignored.
    """

    variant_chrom: np.ndarray = field(repr=False)
    variant_pos: np.ndarray = field(repr=False)
    gene_chrom: np.ndarray = field(repr=False)
    gene_low: np.ndarray = field(repr=False)
    gene_high: np.ndarray = field(repr=False)
    gene_trait: np.ndarray = field(repr=False)
    crossed: object = field(repr=False)
    unplaced_traits: int
    unknown_genes: int

    def __repr__(self) -> str:
        return (
            f"Exclusions({len(self.variant_pos):,} variants, {len(self.gene_low):,} genes with a "
            f"window, {self.unplaced_traits:,} traits without, "
            f"{'no' if self.crossed is None else 'with'} cross-mappability)"
        )

    def pairs(self, index: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Excluded (row of ``index``, trait, whether by cis window), each pair once."""
        row, gene = self._near(index)
        trait = self.gene_trait[gene]
        cis = trait >= 0
        n_traits = max(1, int(self.gene_trait.max(initial=-1)) + 1)
        if self.crossed is None:
            key = np.unique(row[cis] * n_traits + trait[cis])
            return key // n_traits, key % n_traits, np.ones(len(key), dtype=bool)
        from scipy.sparse import csr_matrix

        n_traits = self.crossed.shape[1]  # type: ignore[attr-defined]
        near = csr_matrix((np.ones(len(row), dtype=np.int32), (row, gene)),
                          shape=(len(index), len(self.gene_trait)))  # fmt: skip
        found = (near @ self.crossed).tocoo()
        by_cis = np.unique(row[cis] * n_traits + trait[cis])
        by_cross = np.setdiff1d(found.row.astype(np.int64) * n_traits + found.col, by_cis)
        key = np.concatenate([by_cis, by_cross])
        return key // n_traits, key % n_traits, np.arange(len(key)) < len(by_cis)

    def _near(self, index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Pairs of (row of ``index``, gene) where the variant lies in the gene's window."""
        chrom, pos = self.variant_chrom[index], self.variant_pos[index]
        rows, genes = [], []
        for code in np.unique(chrom[chrom >= 0]):
            mine = np.flatnonzero(chrom == code)
            there = np.flatnonzero(self.gene_chrom == code)
            place = pos[mine, None]
            row, gene = np.nonzero(
                (place >= self.gene_low[there]) & (place <= self.gene_high[there])
            )
            rows.append(mine[row])
            genes.append(there[gene])
        empty = np.empty(0, dtype=np.int64)
        return np.concatenate([empty, *rows]), np.concatenate([empty, *genes])


def plan_exclusions(
    variants: pd.DataFrame,
    traits: pd.Series,
    genes: pd.DataFrame,
    *,
    cis_window: int = CIS_WINDOW,
    cross_mappable: pd.DataFrame | None = None,
) -> Exclusions:
    """Which pairs of variant and trait are near each other, or near a look-alike of the trait.

    A pair is excluded where the variant lies within ``cis_window`` base pairs of the trait's
    gene, or of any gene that is cross-mappable with the trait's gene, in either direction.

    Parameters
    ----------
    variants : DataFrame
        ``chrom`` and ``pos`` (1-based) of every variant.
    traits : Series of str
        Names of the traits, which are the genes' names.
    genes : DataFrame
        ``gene``, ``chrom``, ``start`` and optionally ``end`` (1-based, in any order); genes that
        are no trait may be there, and are needed where the cross-mappability table names them.
    cis_window : int
        Base pairs, at least 0.
    cross_mappable : DataFrame, optional
        ``gene_1`` and ``gene_2``; every row is a pair, so filter by its strength beforehand.

    Returns
    -------
    Exclusions

    Raises
    ------
    InputError
        If a column is missing, a gene comes twice, or no trait has a position.

    References
    ----------
    Saha, Battle (2019), F1000Research 7, 1860: false trans signals from cross-mappable genes.

    Examples
    --------
    >>> variants = pd.DataFrame({"chrom": ["1", "2"], "pos": [100, 100]})
    >>> genes = pd.DataFrame({"gene": ["A", "B"], "chrom": ["1", "2"], "start": [300, 300]})
    >>> plan = plan_exclusions(variants, pd.Series(["A", "B"]), genes, cis_window=200)
    >>> [part.tolist() for part in plan.pairs(np.array([0, 1]))]
    [[0, 1], [0, 1], [True, True]]
    """
    _require(variants, ("chrom", "pos"), "variants")
    _require(genes, ("gene", "chrom", "start"), "genes")
    if cis_window < 0:
        raise InputError(f"cis_window is {cis_window}; expected base pairs, at least 0")
    if genes["gene"].duplicated().any():
        twice = genes["gene"][genes["gene"].duplicated()].iloc[0]
        raise InputError(f"genes: {twice!r} comes twice; keep one position per gene")
    names = pd.Index(genes["gene"].astype("str"))
    trait_index = pd.Index(traits.astype("str"))
    gene_trait = trait_index.get_indexer(names)
    if (gene_trait < 0).all():
        raise InputError(
            f"genes: none of {len(names):,} is one of the {len(traits):,} traits (such as "
            f"{names[0] if len(names) else 'none'!r} and {trait_index[0]!r}); use the same names"
        )
    start = genes["start"].to_numpy(dtype=np.float64)
    end = genes["end"].to_numpy(dtype=np.float64) if "end" in genes else start
    chroms = [_chromosomes(table["chrom"]) for table in (variants, genes)]
    known = pd.Index(chroms[1].dropna().unique())
    crossed, unknown = _crossed(cross_mappable, names, gene_trait, len(traits))
    return Exclusions(
        variant_chrom=known.get_indexer(pd.Index(chroms[0])),
        variant_pos=variants["pos"].to_numpy(dtype=np.float64),
        gene_chrom=known.get_indexer(pd.Index(chroms[1])),
        gene_low=np.minimum(start, end) - cis_window,
        gene_high=np.maximum(start, end) + cis_window,
        gene_trait=gene_trait,
        crossed=crossed,
        unplaced_traits=int((~trait_index.isin(names)).sum()),
        unknown_genes=unknown,
    )


def _chromosomes(values: pd.Series) -> pd.Series:
    """Canonical names; those of other species as they are."""
    return canonical_chromosomes(values).fillna(values.astype("str").str.removeprefix("chr"))


def _require(table: pd.DataFrame, columns: tuple[str, ...], label: str) -> None:
    missing = [name for name in columns if name not in table]
    if missing:
        raise InputError(
            f"{label}: column(s) {', '.join(missing)} missing; found "
            f"{', '.join(map(str, table.columns)) or 'none'}; expected {', '.join(columns)}"
        )


def _crossed(
    table: pd.DataFrame | None, names: pd.Index, gene_trait: np.ndarray, n_traits: int
) -> tuple[object, int]:
    """Matrix (genes, traits) of cross-mappable ones, and rows with genes that are unknown."""
    if table is None:
        return None, 0
    from scipy.sparse import csr_matrix

    _require(table, ("gene_1", "gene_2"), "cross_mappable")
    first, second = (names.get_indexer(pd.Index(table[c].astype("str")))
                     for c in ("gene_1", "gene_2"))  # fmt: skip
    known = (first >= 0) & (second >= 0)
    gene = np.concatenate([first[known], second[known]])
    trait = gene_trait[np.concatenate([second[known], first[known]])]
    gene, trait = gene[trait >= 0], trait[trait >= 0]
    matrix = csr_matrix((np.ones(len(gene), dtype=np.int32), (gene, trait)),
                        shape=(len(names), n_traits))  # fmt: skip
    return matrix, int((~known).sum())
