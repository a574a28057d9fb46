"""Scans of all pairs: exact, whatever the blocks, and told what they leave out."""

from __future__ import annotations

import os
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student

from seqgen.errors import InputError
from seqgen.gxg import (
    ScanOptions,
    carriers,
    genotype_counts,
    merge_scans,
    prepare_pairs,
    products,
    scan_blocks,
    scan_pairs,
    work,
)
from seqgen.gxg.exact import exact_tests
from seqgen.stats import neg_log10_p_of_t

SHARED = Path(os.environ.get("SEQGEN_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
REFERENCE = SHARED / "plink_tensorqtl_ref" / "epistasis"
needs_reference = pytest.mark.skipif(
    not REFERENCE.is_dir(), reason=f"plink's outputs are not at {REFERENCE} (SEQGEN_SHARED_DATA)"
)
ALL = ScanOptions(p=1.0, min_double_carriers=0)


def data(n=300, m=14, seed=5):
    """Genotypes with linkage, rare variants and covariates that some of them go with."""
    rng = np.random.default_rng(seed)
    pc = rng.normal(size=n)
    rate = 1 / (1 + np.exp(-(np.linspace(-3, 0.3, m) + 0.7 * pc[:, None])))
    counts = rng.binomial(2, rate).astype(float)
    counts[:, 3] = np.where(rng.uniform(size=n) < 0.9, counts[:, 4], counts[:, 3])
    covariates = np.column_stack([pc, rng.integers(0, 2, n), rng.normal(50, 10, n)])
    trait = 0.3 * pc + 0.5 * counts[:, 9] * counts[:, 12] + rng.normal(size=n)
    return counts, trait, covariates


def textbook(counts, trait, covariates, weights=None):
    """Beta, t and residual freedom of g1 * g2 by least squares, for all pairs."""
    n, m = counts.shape
    root = np.ones(n) if weights is None else np.sqrt(weights)
    out = {}
    for i, j in combinations(range(m), 2):
        g1, g2 = counts[:, i], counts[:, j]
        x = np.column_stack([np.ones(n), covariates, g1, g2, g1 * g2]) * root[:, None]
        q, r = np.linalg.qr(x)
        inverse = np.linalg.inv(r)
        beta = inverse @ (q.T @ (trait * root))
        rest = trait * root - x @ beta
        variance = 1.0 if weights is not None else rest @ rest / (n - x.shape[1])
        out[i, j] = beta[-1], beta[-1] / np.sqrt(variance * (inverse[-1] ** 2).sum())
    return out


def with_gaps(counts):
    gaps = np.random.default_rng(1).uniform(size=counts.shape) < 0.04
    return np.where(gaps, np.nan, counts)


def by_pair(table):
    index = [
        (int(a.split("_")[1]) - 1, int(b.split("_")[1]) - 1)
        for a, b in zip(table["variant_1"], table["variant_2"], strict=True)
    ]
    return table.set_index(pd.MultiIndex.from_tuples(index)).sort_index()


@pytest.mark.parametrize("precision", ["single", "double"])
@pytest.mark.parametrize("with_covariates", [True, False])
@pytest.mark.parametrize("calls", ["whole", "gaps"])
def test_every_pair_equals_least_squares(precision, with_covariates, calls):
    counts, trait, covariates = data()
    covariates = covariates if with_covariates else covariates[:, :0]
    if calls == "gaps":
        counts = with_gaps(counts)
    filled = np.where(np.isnan(counts), np.nanmean(counts, axis=0), counts)
    truth = textbook(filled, trait, covariates)
    options = ScanOptions(p=1.0, min_double_carriers=0, precision=precision)
    scan = scan_pairs(prepare_pairs(counts, trait, covariates), options=options)
    table = by_pair(scan.table)
    assert scan.n_tests == len(table) == 91
    beta, t = np.array([truth[pair] for pair in table.index]).T
    np.testing.assert_allclose(table["beta"], beta, rtol=1e-8)
    np.testing.assert_allclose(table["t"], t, rtol=1e-8)
    df = 300 - covariates.shape[1] - 4
    np.testing.assert_allclose(table["neg_log10_p"], neg_log10_p_of_t(t, df), rtol=1e-8)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", ["quantitative", "gaps", "binary"])
def test_products_agree_with_the_test_pair_by_pair(dtype, kind):
    counts, trait, covariates = data(m=40)
    if kind == "binary":
        trait = (trait > 1).astype(float)
    if kind == "gaps":
        counts, kind = with_gaps(counts), "quantitative"
    design = prepare_pairs(counts, trait, covariates, kind=kind)
    rows, columns = np.arange(15), np.arange(10, 40)
    stripe = products.prepare_stripe(design, columns, dtype=dtype)
    tests = products.pair_block(design, rows, stripe, skip=5)
    first, second = np.meshgrid(rows, columns[5:], indexing="ij")
    t = exact_tests(design, first.ravel(), second.ravel()).t.reshape(first.shape)
    fine = ~tests.doubtful
    assert fine.mean() > 0.9
    tolerance = 2e-3 if dtype == np.float32 else 1e-9
    np.testing.assert_allclose(
        np.sqrt(tests.statistic[fine]), np.abs(t[fine]), rtol=tolerance, atol=tolerance / 100
    )


def test_screen_of_a_binary_trait_is_the_score_test():
    counts, trait, covariates = data()
    y = (trait > 1).astype(float)
    design = prepare_pairs(counts, y, covariates, kind="binary")
    weights = design.null.root_weights**2
    centred = design.null.residual / design.null.root_weights
    truth = textbook(counts, centred, covariates, weights=weights)
    first, second = np.array(list(truth)).T
    t = exact_tests(design, first, second).t
    np.testing.assert_allclose(t, [value[1] for value in truth.values()], rtol=1e-7)
    wald = by_pair(scan_pairs(design, options=ALL).table)["t"]
    assert np.abs(wald - t).median() < 0.05


@pytest.mark.parametrize("calls", ["whole", "gaps"])
def test_blocks_stripes_and_slabs_change_nothing(monkeypatch, calls):
    counts, trait, covariates = data(n=700, m=70)
    if calls == "gaps":
        counts = with_gaps(counts)
    design = prepare_pairs(counts, trait, covariates)
    options = ScanOptions(p=0.01, precision="single")
    whole = scan_pairs(design, options=options)
    monkeypatch.setattr(work, "_MOST_COLUMNS", 64)
    monkeypatch.setattr(work, "_STRIPE_BYTES", 1)
    monkeypatch.setattr(products, "_MOST_PEOPLE", 300)
    monkeypatch.setattr(genotype_counts, "MOST_PEOPLE", 300)
    parts = list(scan_blocks(design, options=options))
    assert len(parts) > 4
    again = merge_scans(parts)
    pd.testing.assert_frame_equal(whole.table, again.table)
    assert (whole.n_tests, whole.untested) == (again.n_tests, again.untested)
    pd.testing.assert_frame_equal(whole.calibration, again.calibration)
    shards = [scan_pairs(design, options=options, shard=(i, 3)) for i in (1, 2, 3)]
    pd.testing.assert_frame_equal(merge_scans(shards).table, whole.table)
    assert sum(shard.n_tests for shard in shards) == whole.n_tests


def test_threshold_keeps_what_all_pairs_show_below_it():
    counts, trait, covariates = data(m=40)
    design = prepare_pairs(counts, trait, covariates)
    everything = scan_pairs(design, options=ALL).table
    scan = scan_pairs(
        design, options=ScanOptions(p=0.02, min_double_carriers=0, precision="single")
    )
    wanted = everything[everything["p"] <= 0.02].reset_index(drop=True)
    assert 5 < len(wanted) < 200
    pd.testing.assert_frame_equal(scan.table, wanted)
    assert scan.n_tests == len(everything)
    row = scan.calibration.set_index("level")
    assert row["observed"].tolist() == [int((everything["p"] <= p).sum()) for p in row.index]


def test_two_sets_are_tested_once_for_each_pair():
    counts, trait, covariates = data()
    design = prepare_pairs(counts, trait, covariates)
    everything = by_pair(scan_pairs(design, options=ALL).table)["t"]
    rows, columns = [f"variant_{k}" for k in (8, 1, 3)], np.array([2, 7, 9, 0, 13])
    scan = scan_pairs(design, rows, columns, options=ALL)
    table = by_pair(scan.table)
    # Rows 0, 2, 7; columns 0, 2, 7, 9, 13: three pairs inside, six across.
    assert scan.n_tests == len(table) == 9
    pairs = {tuple(sorted(pair)) for pair in table.index}
    assert pairs == {(0, 2), (0, 7), (2, 7), *((i, j) for i in (0, 2, 7) for j in (9, 13))}
    for pair, t in table["t"].items():
        assert t == pytest.approx(everything[tuple(sorted(pair))], rel=1e-9)


def test_products_that_cannot_be_told_apart_are_counted_not_tested():
    counts, trait, covariates = data(n=400)
    counts[:, 5] = counts[:, 9]
    counts[:, 6] = 2 - counts[:, 9]
    rare = np.zeros((400, 2))
    rare[:9, 0] = rare[5:14, 1] = 1
    counts = np.column_stack([counts, rare])
    design = prepare_pairs(counts, trait, covariates)
    scan = scan_pairs(design, options=ALL)
    singular = {
        (i, j)
        for i, j in combinations(range(16), 2)
        if np.linalg.matrix_rank(
            np.column_stack(
                [np.ones(400), covariates, counts[:, [i, j]], counts[:, i] * counts[:, j]]
            )
        )
        < 7
    }
    assert {(5, 9), (6, 9), (5, 6)} < singular
    assert list(scan.untested.values()) == [len(singular)]
    assert set(by_pair(scan.table).index) == set(combinations(range(16), 2)) - singular
    assert scan.n_tests == 120 - len(singular)
    assert scan_pairs(design, options=ScanOptions(p=1.0, min_double_carriers=4)).table[
        ["variant_1", "variant_2", "double_carriers"]
    ].query("variant_1 == 'variant_15'").to_numpy().tolist() == [["variant_15", "variant_16", 4]]
    fewer = scan_pairs(design, options=ScanOptions(p=1.0, min_double_carriers=5))
    assert fewer.n_tests + sum(fewer.untested.values()) == 120
    assert "variant_15" not in set(fewer.table["variant_1"])


def test_packed_counts_are_exact_up_to_the_most_people():
    n = genotype_counts.MOST_PEOPLE
    assert n == 8191
    rng = np.random.default_rng(2)
    x = np.stack([np.full(n, 2), rng.binomial(2, 0.5, n), np.arange(n) % 3]).astype(np.int8)
    x[0, 0] = 1
    trait = rng.normal(size=n)
    design = prepare_pairs(x.T, trait)
    rows = np.arange(3)
    packed = genotype_counts.pack(design, rows, columns=True)
    sums = genotype_counts.centred_sums(design, rows, rows, packed=packed)
    z = design.scaled(rows)
    for name, (a, b) in {"xy": (1, 1), "xxy": (2, 1), "xyy": (1, 2), "xxyy": (2, 2)}.items():
        np.testing.assert_allclose(getattr(sums, name), z**a @ (z**b).T, rtol=1e-9, atol=1e-9)


def test_double_carriers_are_those_of_all_people():
    rng = np.random.default_rng(6)
    counts = rng.binomial(2, np.r_[[0.02] * 6, [0.5] * 60, [0.97] * 4], size=(1500, 70))
    design = prepare_pairs(counts.astype(float), rng.normal(size=1500))
    minor = np.where(counts.mean(axis=0) <= 1, counts >= 1, counts <= 1).astype(int)
    both = minor.T @ minor
    rows, columns = np.arange(8), np.arange(70)
    for least in (3, 20):
        enough = carriers.have_carriers(design, rows, columns, least=least)
        np.testing.assert_array_equal(enough, both[:8] >= least)
        assert (~enough).sum() > 0
    # Few pairs are open after the first people: they are counted one by one.
    rows, columns = np.arange(6, 66), np.arange(5, 66)
    enough = carriers.have_carriers(design, rows, columns, least=20)
    np.testing.assert_array_equal(enough, both[6:66, 5:66] >= 20)
    few = carriers.have_carriers(design, np.arange(6, 8), np.arange(6, 66), least=600)
    np.testing.assert_array_equal(few, both[6:8, 6:66] >= 600)


def test_binary_hits_are_those_of_the_logistic_regression():
    counts, trait, covariates = data(m=30)
    design = prepare_pairs(counts, (trait > 1).astype(float), covariates, kind="binary")
    everything = scan_pairs(design, options=ALL).table
    options = ScanOptions(p=0.02, min_double_carriers=0, screen_p=0.2)
    hits = scan_pairs(design, options=options).table
    wanted = everything[everything["p"] <= 0.02].reset_index(drop=True)
    assert len(wanted) > 2
    pd.testing.assert_frame_equal(hits, wanted)


def test_tiny_p_values_do_not_vanish():
    rng = np.random.default_rng(0)
    counts = rng.binomial(2, 0.5, size=(3000, 3)).astype(float)
    trait = counts[:, 0] * counts[:, 1] + rng.normal(size=3000) * 0.1
    top = scan_pairs(prepare_pairs(counts, trait)).table.iloc[0]
    assert top["p"] == 0.0
    assert 1000 < top["neg_log10_p"] < 10_000
    t = np.array([0.0, 2.0, 20.0, 36.0])
    for df in (5, 300, 1e5):
        np.testing.assert_allclose(
            neg_log10_p_of_t(t, df), -np.log10(2 * student.sf(t, df)), rtol=1e-9, atol=1e-15
        )
    # Cauchy's tail has a closed form: 2 / pi * arctan(1 / t).
    t = np.array([3.0, 1e140])
    np.testing.assert_allclose(
        neg_log10_p_of_t(t, 1), -np.log10(2 / np.pi * np.arctan(1 / t)), rtol=1e-10
    )


def test_scan_keeps_its_error_rate():
    rng = np.random.default_rng(8)
    counts = rng.binomial(2, rng.uniform(0.1, 0.5, 150), size=(500, 150)).astype(float)
    trait = counts[:, :10].sum(axis=1) + rng.normal(size=500)
    for kind, y in (("quantitative", trait), ("binary", (trait > trait.mean()).astype(float))):
        design = prepare_pairs(counts, y, rng.normal(size=(500, 3)), kind=kind)
        row = scan_pairs(design, options=ScanOptions(p=1e-5)).calibration.set_index("level")
        assert row.loc[0.05, "observed"] == pytest.approx(row.loc[0.05, "expected"], rel=0.15)
        assert row.loc[0.001, "observed"] < 2.5 * row.loc[0.001, "expected"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rows": ["variant_1"]}, "only one of the two sets"),
        ({"rows": ["variant_1"], "columns": ["variant_1"]}, "no pair of two different"),
        ({"rows": ["variant_1", "variant_1"], "columns": [2]}, "comes twice"),
        ({"rows": [], "columns": [2]}, "expected a list of one or more"),
        ({"rows": [99], "columns": [2]}, "99 is not among"),
        ({"shard": (0, 2)}, "i from 1 to N"),
        ({"shard": (1, 999)}, "999 shards of"),
    ],
)
def test_bad_sets_are_refused(arguments, message):
    design = prepare_pairs(*data())
    with pytest.raises(InputError, match=message):
        scan_pairs(design, **arguments)


@pytest.mark.parametrize(
    "options",
    [{"p": 0}, {"p": 1.5}, {"screen_p": 1e-9}, {"min_double_carriers": -1}, {"missing": "drop"},
     {"precision": "half"}],
)  # fmt: skip
def test_bad_options_are_refused(options):
    with pytest.raises(InputError, match=f"{next(iter(options))} is"):
        ScanOptions(**options)


def read_reference(name):
    from bed_reader import open_bed

    with open_bed(REFERENCE / f"{name}.bed") as bed:
        counts = bed.read(dtype="float64")
        names, trait = bed.sid, bed.pheno.astype(float)
    variants = pd.DataFrame({"variant": names})
    kind = "quantitative" if name == "q500" else "binary"
    trait = trait if kind == "quantitative" else trait - 1
    design = prepare_pairs(counts, trait, kind=kind, variants=variants)
    suffix = "qt" if name == "q500" else "cc"
    frame = pd.read_csv(REFERENCE / f"plink_epistasis_{name}.epi.{suffix}", sep=r"\s+")
    return design, frame


@needs_reference
@pytest.mark.parametrize("missing", ["mean", "complete"])
@pytest.mark.parametrize("precision", ["single", "double"])
def test_quantitative_scan_equals_plink(missing, precision):
    design, theirs = read_reference("q500")
    options = ScanOptions(p=1.0, min_double_carriers=0, missing=missing, precision=precision)
    scan = scan_pairs(design, options=options)
    both = scan.table.merge(theirs, left_on=["variant_1", "variant_2"], right_on=["SNP1", "SNP2"])
    assert len(both) == len(theirs) == scan.n_tests == 1770
    np.testing.assert_allclose(both["t"] ** 2, both["STAT"], rtol=1e-5)
    np.testing.assert_allclose(both["beta"], both["BETA_INT"], rtol=1e-5)


@needs_reference
def test_binary_scan_equals_plink():
    design, theirs = read_reference("cc500miss")
    options = ScanOptions(p=1.0, min_double_carriers=0, missing="complete")
    table = scan_pairs(design, options=options).table
    both = table.merge(theirs, left_on=["variant_1", "variant_2"], right_on=["SNP1", "SNP2"])
    assert len(both) == len(theirs) == 1770
    np.testing.assert_allclose(np.exp(both["beta"]), both["OR_INT"], rtol=1e-5)
    # plink 1.9 fits logistic regressions in single precision.
    np.testing.assert_allclose(both["t"] ** 2, both["STAT"], rtol=5e-5, atol=2e-5)
    assert both["n"].min() < 490
