"""Proteins and genes of variants or targets, found by the names that sources give them."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from seqgen.evidence.arrays import Groups

UNKNOWN, SEVERAL = -1, -2
_DATABASE = re.compile(r"^[a-z]{2}\|(?P<accession>[^|\s]+)(?:\||$)")
_RANGE = re.compile(r"/\d+-\d+(?:,\d+-\d+)*$")


@dataclass(frozen=True)
class Proteins:
    """The distinct proteins and genes of a table's rows.

    Attributes
    ----------
    accessions : Index of str
        One per protein: its accession, or the gene symbol where there is none.
    genes : Index of str
        Distinct gene symbols.
    row_protein, row_gene : ndarray of int, shape (rows,)
        Places in both; -1 where a row has no gene.
    of_gene : Groups
        Proteins of each gene, as places in ``pairs``.
    pairs : ndarray of int, shape (k, 2)
        Each protein and gene that come together.
    """

    accessions: pd.Index
    genes: pd.Index
    row_protein: np.ndarray
    row_gene: np.ndarray
    of_gene: Groups
    pairs: np.ndarray

    @classmethod
    def of_rows(cls, frame: pd.DataFrame) -> Proteins:
        """Of a table with ``uniprot`` and ``gene``, at least one of which each row has."""
        protein, accessions = pd.factorize(frame["uniprot"].fillna(frame["gene"]))
        gene, genes = pd.factorize(frame["gene"])
        known = gene >= 0
        pairs = np.unique(np.stack([protein[known], gene[known]], axis=1), axis=0)
        return cls(
            pd.Index(accessions), pd.Index(genes), protein, gene,
            Groups.of(pairs[:, 1], len(genes)), pairs,
        )  # fmt: skip

    def match(self, names: np.ndarray) -> np.ndarray:
        """Protein of each name: by accession, then by gene; -1 unknown, -2 several of a gene."""
        told = pd.Index(names)
        plain = pd.Index([plain_name(name) for name in names], dtype=object)
        code = UNKNOWN * np.ones(len(told), dtype=np.int64)
        for each in (told, plain):
            code = np.where(code < 0, self.accessions.get_indexer(each), code)
        gene = self.genes.get_indexer(plain)
        size = np.append(self.of_gene.sizes, 0)[gene]
        first = self.pairs[self.of_gene.order, 0]
        start = np.append(self.of_gene.starts, 0)[gene]
        by_gene = np.full(len(told), UNKNOWN)
        by_gene[size == 1] = first[start[size == 1]]
        by_gene[size > 1] = SEVERAL
        return np.where(code < 0, by_gene, code)

    def places_in(self, names: pd.Index) -> np.ndarray:
        """Where each protein is among ``names``, by accession, then by gene; -1 where it is not."""
        plain = pd.Index([plain_name(name) for name in names], dtype=object)
        place = np.full(len(self.accessions), -1)
        for each in (names, plain):
            # A name that comes twice once it is plain tells nothing clear, and is left out.
            at = np.flatnonzero(~each.duplicated(keep=False))
            found = each[at].get_indexer(self.accessions.astype(object))
            place = np.where((place < 0) & (found >= 0), np.append(at, -1)[found], place)
        by_gene = names.get_indexer(self.genes.astype(object))[self.pairs[:, 1]]
        from_gene = np.full(len(place), -1)
        # Backwards, so that of several genes of a protein the first counts.
        from_gene[self.pairs[::-1, 0]] = by_gene[::-1]
        return np.where(place < 0, from_gene, place)


def plain_name(name: object) -> str:
    """Accession or gene out of a header's word: no database before it, no range after it.

    Examples
    --------
    >>> plain_name("sp|P31751|AKT2_HUMAN"), plain_name("P31751/152-409"), plain_name("AKT2")
    ('P31751', 'P31751', 'AKT2')
    """
    word = str(name).split()[0] if str(name).split() else ""
    database = _DATABASE.match(word)
    return database["accession"] if database else _RANGE.sub("", word)
