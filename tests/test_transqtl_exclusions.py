"""Pairs that trans scans leave out: near, or of reads that map to both."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from synthetic_traits import drawn

from seqgen.errors import InputError
from seqgen.transqtl import (
    ScanOptions,
    plan_exclusions,
    prepare_trans,
    scan_trans,
)

ALL = ScanOptions(p=1.0)


def places():
    variants = pd.DataFrame({
        "variant": [f"v{k}" for k in range(30)],
        "chrom": ["chr1"] * 15 + ["2"] * 15,
        "pos": np.tile(np.arange(15) * 1000, 2),
    })  # fmt: skip
    genes = pd.DataFrame({
        "gene": [f"trait_{k}" for k in (7, 6, 5, 4, 3, 2)] + ["other"],
        "chrom": ["1", "1", "2", "2", "2", "X", "chr2"],
        "start": [5000, 14_000, 0, 9000, 4000, 1, 12_000],
        "end": [5500, 13_500, 500, 9000, 7000, 2, 12_000],
    })  # fmt: skip
    return variants, genes


def test_pairs_in_a_cis_window_or_cross_mappable_are_left_out():
    genotypes, traits, _ = drawn()
    variants, genes = places()
    design = prepare_trans(genotypes, traits, variants=variants)
    crossed = pd.DataFrame({
        "gene_1": ["trait_7", "other", "trait_5", "nobody"],
        "gene_2": ["trait_5", "trait_2", "trait_4", "trait_2"],
    })  # fmt: skip
    plan = plan_exclusions(
        variants, design.traits["trait"], genes, cis_window=1000, cross_mappable=crossed
    )
    assert (plan.unplaced_traits, plan.unknown_genes) == (1, 1)
    scan = scan_trans(design, options=ALL, exclusions=plan)
    near = {
        (v.variant, g.gene)
        for v in variants.itertuples()
        for g in genes.itertuples()
        if v.chrom.removeprefix("chr") == g.chrom.removeprefix("chr")
        and min(g.start, g.end) - 1000 <= v.pos <= max(g.start, g.end) + 1000
    }
    cis = {pair for pair in near if pair[1] != "other"}
    alike = [(a, b) for a, b in crossed.itertuples(index=False) if a != "nobody"]
    alike += [(b, a) for a, b in alike]
    cross = {(v, b) for v, gene in near for a, b in alike if a == gene and b != "other"} - cis
    assert scan.n_cis == len(cis) > 5
    assert scan.n_cross_mapped == len(cross) > 5
    tested = set(scan.hits[["variant", "trait"]].itertuples(index=False, name=None))
    every = {(v, f"trait_{k}") for v in variants["variant"] for k in range(1, 8)}
    assert tested == every - cis - cross
    assert scan.n_tests == len(tested)


def test_exclusions_survive_dropped_variants():
    genotypes, traits, _ = drawn()
    genotypes[:, :5] = 1.0
    variants, genes = places()
    design = prepare_trans(genotypes, traits, variants=variants)
    plan = plan_exclusions(variants, design.traits["trait"], genes, cis_window=0)
    tested = scan_trans(design, options=ALL, exclusions=plan).hits
    pairs = set(tested[["variant", "trait"]].itertuples(index=False, name=None))
    assert ("v5", "trait_7") not in pairs
    assert ("v6", "trait_7") in pairs
    assert not tested["variant"].isin([f"v{k}" for k in range(5)]).any()


def test_bad_positions_are_refused():
    variants, genes = places()
    traits = pd.Series([f"trait_{k}" for k in range(1, 8)])
    for change, told in (
        ({"genes": genes.drop(columns="start")}, "genes: column.* start missing"),
        ({"genes": genes.assign(gene="a")}, "'a' comes twice"),
        ({"genes": genes.assign(gene=[f"E{k}" for k in range(7)])}, "none of 7 is one of the 7"),
        ({"cis_window": -1}, "cis_window is -1"),
        ({"variants": variants.drop(columns="pos")}, "variants: column.* pos missing"),
        ({"cross_mappable": genes}, "cross_mappable: column"),
    ):
        given = {"variants": variants, "genes": genes} | change
        with pytest.raises(InputError, match=told):
            plan_exclusions(given.pop("variants"), traits, given.pop("genes"), **given)
    design = prepare_trans(drawn()[0], drawn()[1])
    plan = plan_exclusions(variants.iloc[:9], traits, genes)
    with pytest.raises(InputError, match="made for 9 variants"):
        scan_trans(design, exclusions=plan)
