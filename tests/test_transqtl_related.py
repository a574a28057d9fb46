"""Trans scans of related people: mixed models per trait, exact, and calibrated."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student
from sibships import dense_gls, draw_siblings, draw_traits

from seqgen.errors import InputError
from seqgen.relatedness import fit_kinship
from seqgen.transqtl import (
    ScanOptions,
    mediation,
    permuted_scan_maxima,
    permuted_traits,
    plan_exclusions,
    prepare_trans,
    scan_edges,
    scan_trans,
)
from seqgen.transqtl.mixed import mixed_correlations
from seqgen.transqtl.variants import read_block

ALL = ScanOptions(p=1.0)


def drawn(families=40, variants=30, traits=6):
    rng = np.random.default_rng(4)
    genotypes, kinship = draw_siblings(rng, families=families, size=4, variants=variants)
    covariates = rng.normal(size=(len(genotypes), 2))
    h2 = np.linspace(0.0, 0.95, traits)
    values = np.column_stack([draw_traits(rng, kinship, share)[:, 0] for share in h2])
    values = 3 * values + covariates @ rng.normal(size=(2, traits))
    values[:, 3] += 1.5 * genotypes[:, 4]
    return genotypes, values, covariates, kinship


def test_all_tests_equal_dense_generalised_least_squares():
    genotypes, values, covariates, kinship = drawn()
    design = prepare_trans(genotypes, values, covariates, kinship=kinship)
    h2 = fit_kinship(values, kinship, covariates)["h2"].to_numpy()
    np.testing.assert_allclose(design.traits["h2"], h2, atol=1e-7)
    assert h2.min() < 0.2 < 0.8 < h2.max()
    hits = scan_trans(design, options=ALL).hits.set_index(["variant", "trait"])
    assert len(hits) == 180
    for k, share in enumerate(h2):
        covariance = share * kinship + (1 - share) * np.eye(len(values))
        for j in (0, 4, 29):
            x = np.column_stack([np.ones(len(values)), covariates, genotypes[:, j]])
            beta, se, t = dense_gls(values[:, k], x, covariance)
            p = 2 * student.sf(abs(t), len(values) - 4)
            row = hits.loc[(f"variant_{j + 1}", f"trait_{k + 1}")]
            expected = [beta, se, t, p]
            np.testing.assert_allclose(row[["beta", "se", "t", "p"]], expected, rtol=2e-6)
            assert row["frequency"] == pytest.approx(genotypes[:, j].mean() / 2)


def test_few_hits_equal_those_of_all():
    design = prepare_trans(*drawn()[:3], kinship=drawn()[3])
    everything = scan_trans(design, options=ALL)
    few = scan_trans(design, options=ScanOptions(p=0.01))
    below = everything.hits[everything.hits["p"] <= 0.01].reset_index(drop=True)
    assert 0 < len(few.hits) == len(below) < 20
    pd.testing.assert_frame_equal(few.hits, below, rtol=1e-9)
    assert few.n_tests == everything.n_tests == 180
    np.testing.assert_array_equal(few.histogram.counts, everything.histogram.counts)
    # The histogram is that of the tests.
    assert few.histogram.quantile(0.5) == pytest.approx(everything.hits["p"].median(), abs=0.02)
    assert few.hits.iloc[0][["variant", "trait"]].tolist() == ["variant_5", "trait_4"]


def test_unrelated_people_are_tested_as_without_kinship():
    genotypes, values, covariates, _ = drawn()
    plain = scan_trans(prepare_trans(genotypes, values, covariates), options=ALL)
    design = prepare_trans(genotypes, values, covariates, kinship=np.eye(len(values)))
    same = scan_trans(design, options=ALL)
    assert (design.traits["h2"] == 0).all()
    pd.testing.assert_frame_equal(same.hits, plain.hits, rtol=1e-8)


def test_heritability_near_one_and_structure_stay_exact():
    """Single precision only finds candidates, however far the axes' variances are apart."""
    rng = np.random.default_rng(12)
    genotypes = rng.binomial(2, np.where(np.arange(200)[:, None] < 100, 0.15, 0.45), (200, 300))
    centred = genotypes - genotypes.mean(axis=0)
    centred = centred / centred.std(axis=0)
    kinship = centred @ centred.T / 300
    values = np.column_stack([
        np.linalg.cholesky(kinship + 1e-6 * np.eye(200)) @ rng.normal(size=(200, 4)),
        draw_traits(rng, kinship + 1e-6 * np.eye(200), 0.5, count=4),
    ])  # fmt: skip
    design = prepare_trans(genotypes.astype(float), values, kinship=kinship)
    assert design.traits["h2"].max() > 0.99
    everything = scan_trans(design, options=ALL).hits
    few = scan_trans(design, options=ScanOptions(p=0.02)).hits
    below = everything[everything["p"] <= 0.02].reset_index(drop=True)
    pd.testing.assert_frame_equal(few, below, rtol=1e-8)


def test_exclusions_shards_workers_and_sink_are_those_of_the_scan():
    genotypes, values, covariates, kinship = drawn()
    variants = pd.DataFrame({"variant": [f"v{k}" for k in range(30)], "chrom": "1",
                             "pos": np.arange(30) * 1000 + 1})  # fmt: skip
    design = prepare_trans(genotypes, values, covariates, kinship=kinship, variants=variants)
    genes = pd.DataFrame({"gene": ["trait_1"], "chrom": ["1"], "start": [5001]})
    plan = plan_exclusions(variants, design.traits["trait"], genes, cis_window=2000)
    whole = scan_trans(design, options=ALL, exclusions=plan)
    assert (whole.n_cis, whole.n_tests) == (5, 175)
    parts = [scan_trans(design, options=ScanOptions(p=1.0, shard=(k, 2)), exclusions=plan)
             for k in (1, 2)]  # fmt: skip
    assert sum(part.n_tests for part in parts) == 175
    taken = []
    scan_trans(design, options=ScanOptions(p=1.0, workers=2), exclusions=plan, sink=taken.append)
    keys = ["variant", "trait"]
    for tables in ([part.hits for part in parts], taken):
        both = pd.concat(tables).merge(whole.hits, on=keys)
        assert len(both) == 175
        np.testing.assert_allclose(both["t_x"], both["t_y"], rtol=1e-9)


def test_siblings_inflate_the_plain_scan_and_not_this_one():
    rng = np.random.default_rng(6)
    genotypes, kinship = draw_siblings(rng, families=100, size=4, variants=150)
    traits = draw_traits(rng, kinship, 0.8, count=60)
    plain = scan_trans(prepare_trans(genotypes, traits))
    mixed = scan_trans(prepare_trans(genotypes, traits, kinship=kinship))
    shares = [
        scan.histogram.to_frame(20)["count"].iloc[0] / scan.n_tests for scan in (plain, mixed)
    ]
    assert shares[0] > 0.09
    # 9,000 tests, of which those of a trait or a variant go together.
    assert shares[1] == pytest.approx(0.05, abs=0.008)
    assert plain.inflation > 1.3
    assert mixed.inflation == pytest.approx(1.0, abs=0.08)


def test_people_and_kinship_are_matched_by_name():
    genotypes, values, covariates, kinship = drawn()
    names = [f"p{k}" for k in range(len(values))]
    tables = [pd.DataFrame(x, names) for x in (genotypes, values, covariates)]
    tables[0].columns = [f"variant_{k}" for k in range(1, 31)]
    tables[1].columns = [f"trait_{k}" for k in range(1, 7)]
    shuffled = pd.DataFrame(kinship, names, names).sample(frac=1, random_state=3)
    mixed = prepare_trans(tables[0], tables[1].iloc[::-1], tables[2], kinship=shuffled)
    plain = prepare_trans(genotypes, values, covariates, kinship=kinship)
    one, two = (scan_trans(design, options=ALL).hits for design in (mixed, plain))
    pd.testing.assert_frame_equal(one, two, rtol=1e-8)
    with pytest.raises(InputError, match="kinship: lacks 20 of 160 analysed people"):
        prepare_trans(*tables, kinship=shuffled.loc[names[20:], names[20:]])


def test_what_kinship_does_not_cover_is_refused():
    genotypes, values, covariates, kinship = drawn()
    design = prepare_trans(genotypes, values, covariates, kinship=kinship)
    with pytest.raises(InputError, match="with kinship in the design"):
        scan_trans(design, options=ScanOptions(device="torch-cpu"))
    with pytest.raises(InputError, match="cannot change places"):
        permuted_scan_maxima(design, np.arange(160)[None])
    with pytest.raises(InputError, match="cannot change places"):
        permuted_traits(design, np.arange(160))
    with pytest.raises(InputError, match="no one mixed model"):
        mediation(design, [0], [1], [2])
    with pytest.raises(InputError, match="not symmetric"):
        prepare_trans(genotypes, values, covariates, kinship=np.tril(kinship))


def test_listed_edges_are_those_of_the_scan():
    genotypes, values, covariates, kinship = drawn()
    design = prepare_trans(genotypes, values, covariates, kinship=kinship)
    hits = scan_trans(design, options=ALL).hits.set_index(["variant", "trait"])
    edges = scan_edges(design, np.array([4, 7]), np.array([3, 0])).set_index(["variant", "trait"])
    np.testing.assert_allclose(edges["t"], hits.loc[edges.index, "t"], rtol=1e-9)


def test_scattered_pairs_equal_those_of_a_whole_block():
    rng = np.random.default_rng(2)
    genotypes, kinship = draw_siblings(rng, families=30, size=3, variants=40)
    design = prepare_trans(genotypes, draw_traits(rng, kinship, 0.6, count=40), kinship=kinship)
    block = read_block(design.variants, np.arange(40), rows=design.rows, basis=design.basis)
    at = np.arange(40)
    few = mixed_correlations(design.mixed, block.values, at, at[::-1])
    row, trait = np.divmod(np.arange(1600), 40)
    every = mixed_correlations(design.mixed, block.values, row, trait)
    for one, many in zip(few, every, strict=True):
        np.testing.assert_allclose(one, many.reshape(40, 40)[at, at[::-1]], rtol=1e-9)
