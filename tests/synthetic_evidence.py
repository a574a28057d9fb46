"""Variants, couplings and embeddings of four proteins, for tests of evidence."""

from __future__ import annotations

import numpy as np
import pandas as pd

from seqgen.alignment import Residues
from seqgen.results import Couplings

LETTERS = "ACDEFGHIKLMNPQRSTVWY"
SEQUENCES = {f"P{k}": (LETTERS[3 * k :] + LETTERS[: 3 * k]) for k in range(4)}
GENE = {"P0": "ALPHA", "P1": "BETA", "P2": "GAMMA", "P3": "DELTA"}


def change(variant, protein, position, alt="W", gene=None):
    ref = SEQUENCES[protein][position - 1]
    return {
        "variant": variant, "gene": gene or GENE[protein], "uniprot": protein,
        "position": position, "ref_aa": ref, "alt_aa": "V" if ref == alt else alt,
    }  # fmt: skip


def table_of(*rows):
    return pd.DataFrame(list(rows))


def some_variants():
    places = [("P0", 2), ("P1", 5), ("P0", 9), ("P0", 2), ("P2", 7), ("P1", 12), ("P3", 4),
              ("P2", 3), ("P0", 17)]  # fmt: skip
    rows = [change(f"rs{k}", *place, alt="WY"[k % 2]) for k, place in enumerate(places)]
    # One variant that changes two proteins, and one that changes one in two ways.
    return table_of(*rows, change("rs4", "P3", 11), change("rs0", "P0", 3))


def matrix(first, second=None, *, seed=0, method="plm", z=True, names=None):
    """Made couplings within a protein or between two."""
    rng = np.random.default_rng(seed)
    rows = Residues.of_protein(SEQUENCES[first], (names or {}).get(first, first))
    if second is None:
        scores = rng.normal(size=(20, 20))
        scores = scores + scores.T
        np.fill_diagonal(scores, np.nan)
        columns = rows
    else:
        scores = rng.normal(size=(20, 20))
        columns = Residues.of_protein(SEQUENCES[second], (names or {}).get(second, second))
    return Couplings(scores, rows, columns, method, z=2 * scores + 1 if z else None)


def embedded(seed=3, names=("P0", "P1", "P2", "P3", "OTHER")):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(rng.normal(size=(len(names), 6)), index=list(names))


def by_pair(table):
    return {
        (row.variant_1, row.variant_2): row for row in table.itertuples(index=False)
    }  # fmt: skip
