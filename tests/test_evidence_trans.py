"""Evidence about variants and trans genes: equal to loops, neutral where unknown."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
from synthetic_evidence import SEQUENCES, embedded, matrix

from seqgen.errors import InputError
from seqgen.evidence import combine_evidence, trans_evidence
from seqgen.results import Couplings
from seqgen.schemas.evidence import TRANS_EVIDENCE


def trans_block(seed=5):
    return matrix("P0", "P1", seed=seed, method="mean-field")


def test_trans_couplings_are_the_largest_with_the_target():
    variants = pd.DataFrame([
        {"variant": "res", "gene": "ALPHA", "uniprot": "P0", "position": 5,
         "ref_aa": SEQUENCES["P0"][4]},
        {"variant": "whole", "gene": "ALPHA"},
        {"variant": "outside", "gene": "ALPHA", "uniprot": "P0", "position": 40},
        {"variant": "other", "gene": "DELTA"},
    ])  # fmt: skip
    targets = pd.DataFrame({"gene": ["BETA", "GAMMA"], "uniprot": ["P1", None]})
    block = trans_block()
    turned = Couplings(block.scores.T, block.columns, block.rows, block.method, z=block.z.T)
    listed = block.to_frame()
    for couplings in (block, turned, listed, [block, matrix("P1", "P0", seed=9, z=False)]):
        extra = None
        if isinstance(couplings, list):
            other = couplings[1].scores
            centre = np.median(other)
            extra = (other - centre) / (1.4826 * np.median(np.abs(other - centre)))
        found = trans_evidence(variants, targets, couplings=couplings).table
        rows = found.set_index("variant")["coupling_complex"]
        best = block.z[4].max(), block.z.max()
        if extra is not None:
            best = max(best[0], extra[:, 4].max()), max(best[1], extra.max())
        assert rows["res"] == pytest.approx(best[0])
        assert rows["whole"] == pytest.approx(best[1])
        # Nothing is known of a residue that the couplings do not hold.
        assert set(rows.index) == {"res", "whole"}
        assert set(found["target"]) == {"BETA"}


def test_trans_rows_equal_loops():
    rng = np.random.default_rng(2)
    genes = [f"G{k}" for k in range(12)]
    variants = pd.DataFrame({"variant": [f"v{k}" for k in range(15)],
                             "gene": rng.choice(genes[:8], 15)})  # fmt: skip
    targets = genes[5:]
    a, b = rng.choice([*genes, "X"], (2, 60))
    known = pd.DataFrame({"gene_1": a, "gene_2": b, "score": rng.random(60).round(3)})
    vectors = pd.DataFrame(rng.normal(size=(11, 4)), index=genes[:11])
    centred = vectors - vectors.mean()
    expected = {}
    for (name, gene), target in product(variants.itertuples(index=False), targets):
        told = [
            row.score for row in known.itertuples() if {row.gene_1, row.gene_2} == {gene, target}
        ]
        if gene != target and told:
            pair = [centred.loc[each] for each in (gene, target) if each in vectors.index]
            alike = (
                pair[0] @ pair[1] / np.sqrt((pair[0] @ pair[0]) * (pair[1] @ pair[1]))
                if len(pair) == 2 else np.nan
            )  # fmt: skip
            expected[name, target] = (max(told), alike)
    found = trans_evidence(variants, targets, gene_pairs={"k": known}, embeddings=vectors)
    rows = found.table.set_index(["variant", "target"])
    assert set(rows.index) == set(expected)
    assert len(expected) > 10
    for pair, (score, alike) in expected.items():
        assert rows.loc[pair, "gene_k"] == score
        assert rows.loc[pair, "embedding_similarity"] == pytest.approx(alike, nan_ok=True, abs=1e-5)
    pd.testing.assert_series_equal(
        combine_evidence(found.table)["evidence"], found.table["evidence"]
    )
    TRANS_EVIDENCE.validate(found.table)


def test_all_trans_candidates_on_request_and_never_ones_own_gene():
    variants = pd.DataFrame({"variant": ["a", "b", "c"], "gene": ["G0", "G1", "G0"]})
    targets = ["G0", "G1", "G2"]
    found = trans_evidence(variants, targets, candidates="all").table
    assert set(zip(found["variant"], found["target"], strict=True)) == {
        ("a", "G1"), ("a", "G2"), ("b", "G0"), ("b", "G2"), ("c", "G1"), ("c", "G2"),
    }  # fmt: skip
    assert found["evidence"].isna().all()
    with pytest.raises(InputError, match="9 pairs to look at, more than max_pairs=8"):
        trans_evidence(variants, targets, candidates="all", max_pairs=8)


def test_a_trans_variant_of_several_genes_has_the_row_with_most_evidence():
    variants = pd.DataFrame({"variant": ["a", "a", "b"], "gene": ["G0", "G1", "G2"]})
    known = pd.DataFrame({"gene_1": ["G0", "G1", "G2"], "gene_2": "T", "score": [0.2, 0.9, 0.5]})
    found = trans_evidence(variants, ["T"], gene_pairs=known).table
    assert found[["variant", "gene", "gene_pairs"]].values.tolist() == [
        ["a", "G1", 0.9], ["b", "G2", 0.5],
    ]  # fmt: skip


def test_trans_evidence_counts_and_refuses():
    variants = pd.DataFrame({"variant": ["a", "b", "c"], "gene": ["ALPHA", None, "DELTA"]})
    targets = ["BETA", "BETA", None, "GAMMA"]
    named = {"P0": "ALPHA", "P1": "BETA", "P2": "GAMMA", "P3": "X"}
    couplings = [matrix("P0", "P1", names=named), matrix("P1", "P2", names=named),
                 matrix("P0", names=named), matrix("P0", "P3", names=named)]  # fmt: skip
    found = trans_evidence(variants, targets, couplings=couplings)
    assert dict(zip(found.drops["reason"], found.drops["count"], strict=True)) == {
        "variant without a gene or protein": 1,
        "target without a gene": 1,
        "target repeats another": 1,
        "couplings: within a protein, which tell nothing of a target": 1,
        "couplings: not of a variant's protein and a target's": 2,
    }
    known = pd.DataFrame({"gene_1": ["ALPHA"], "gene_2": ["DELTA"]})
    cases = [
        ({"gene_pairs": known}, "nothing is known of any pair"),
        ({}, "nothing is known of any pair"),
        ({"couplings": matrix("P2")}, "couplings: nothing is told of proteins of the variants or"),
        ({"embeddings": embedded(names=("x", "y"))}, "none is of a protein"),
    ]
    for options, message in cases:
        with pytest.raises(InputError, match=message):
            trans_evidence(variants, targets, **options)
    with pytest.raises(InputError, match="targets is 'BETA'"):
        trans_evidence(variants, "BETA")
    with pytest.raises(InputError, match="targets: column gene missing"):
        trans_evidence(variants, pd.DataFrame({"symbol": ["BETA"]}))
    with pytest.raises(InputError, match="neither column gene nor uniprot"):
        trans_evidence(variants[["variant"]], ["BETA"])
