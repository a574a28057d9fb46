"""Weighted scans of pairs: the tests, the weights, the leads, and what is left out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student

from seqgen import schemas
from seqgen.errors import InputError
from seqgen.gxg import PairOptions, merge_scans, prepare_pairs, regress_pairs, scan_listed
from seqgen.scans import (
    GxGOptions,
    find_leads,
    pair_scan_of,
    pair_sums,
    scan_all_pairs,
    scan_gxg,
)
from seqgen.weighted_testing import WeightOptions


def drawn(people=800, variants=40, seed=1):
    rng = np.random.default_rng(seed)
    counts = rng.binomial(2, rng.uniform(0.2, 0.5, variants), (people, variants)).astype(float)
    table = pd.DataFrame({
        "variant": [f"rs{k}" for k in range(variants)],
        "chrom": np.where(np.arange(variants) < variants // 2, "1", "2"),
        "pos": np.arange(1, variants + 1) * 2_000_000,
    })  # fmt: skip
    covariates = rng.normal(size=(people, 2))
    noise = rng.normal(size=people) + covariates @ [0.5, -0.2]
    return counts, table, covariates, noise


def design_of(trait=None, **kind):
    counts, table, covariates, noise = drawn()
    if trait is None:
        trait = noise + 0.3 * counts[:, 2] * counts[:, 30]
    return prepare_pairs(counts, trait, covariates, variants=table, **kind)


def evidence_of(pairs, values):
    first, second = zip(*pairs, strict=True)
    return pd.DataFrame({
        "variant_1": [f"rs{k}" for k in first], "variant_2": [f"rs{k}" for k in second],
        "gene_1": [f"G{k}" for k in first], "gene_2": [f"G{k}" for k in second],
        "coupling_alignment": values, "evidence": values,
    })  # fmt: skip


PAIRS = [(30, 2), (0, 1), (5, 25), (7, 8), (10, 39), (12, 13)]


def test_listed_pairs_are_the_ordinary_regressions():
    counts, _, covariates, noise = drawn()
    trait = noise + 0.3 * counts[:, 2] * counts[:, 30]
    result = scan_gxg(design_of(), evidence_of(PAIRS, np.arange(6.0)),
                      options=GxGOptions(lead_p=None, detail_p=1.0))  # fmt: skip
    assert result.n_tests == len(result.pairs) == 6
    at = result.pairs.set_index(["variant_1", "variant_2"])
    for first, second in PAIRS:
        x = np.column_stack([
            counts[:, first] * counts[:, second], counts[:, [first, second]],
            np.ones(len(trait)), covariates,
        ])  # fmt: skip
        inverse = np.linalg.inv(x.T @ x)
        beta = inverse @ x.T @ trait
        rest = trait - x @ beta
        df = len(trait) - x.shape[1]
        se = np.sqrt(rest @ rest / df * inverse[0, 0])
        row = at.loc[(f"rs{first}", f"rs{second}")]
        assert np.isclose(row["beta"], beta[0])
        assert np.isclose(row["se"], se)
        assert np.isclose(row["p"], 2 * student.sf(abs(beta[0] / se), df))
        assert row["gene_1"] == f"G{first}"
        assert row["chrom_1"] == ("1" if first < 20 else "2")
    assert result.pairs["decision"].iloc[0] == "both"
    assert result.pairs["variant_1"].iloc[0] == "rs30"


def test_schema_and_extra_columns():
    result = scan_gxg(design_of(), evidence_of(PAIRS, np.arange(6.0)))
    names = [c.name for c in schemas.GXG.columns if not c.optional]
    assert [n for n in result.pairs.columns if n in names] == names
    assert "coupling_alignment" in result.pairs
    schemas.GXG.validate(result.pairs)
    schemas.CONTROL.validate(result.control)
    schemas.CALIBRATION.validate(result.calibration)
    # Details only where they were asked for.
    assert result.pairs.loc[~result.pairs["detailed"], "r2"].isna().all()
    assert result.pairs.loc[result.pairs["detailed"], "r2"].notna().all()


def test_all_pairs_hold_the_listed_ones_and_weights_average_one():
    design = design_of()
    evidence = evidence_of(PAIRS, [3.0, 2.0, 1.0, 0.0, np.nan, -1.0])
    result = scan_gxg(design, evidence, options=GxGOptions(tests="all", p=0.01))
    pairs = result.pairs
    assert result.n_tests == 40 * 39 // 2
    assert pairs["listed"].sum() == 6
    rest = pairs.loc[~pairs["listed"], "weight"].unique()
    assert len(rest) == 1
    total = pairs.loc[pairs["listed"], "weight"].sum() + rest[0] * (result.n_tests - 6)
    assert np.isclose(total, result.n_tests)
    assert (pairs.loc[~pairs["listed"], "p"] <= 0.011).all()
    # A pair with no evidence weighs as much as the average test.
    assert np.isclose(pairs.loc[pairs["evidence"].isna() & pairs["listed"], "weight"], 1).all()


def test_evidence_decides_what_the_data_leave_open():
    """The same p value is found with evidence and lost without."""
    counts, table, covariates, noise = drawn(people=1500, variants=200, seed=4)
    trait = noise + 0.32 * counts[:, 2] * counts[:, 150]
    design = prepare_pairs(counts, trait, covariates, variants=table)
    rng = np.random.default_rng(2)
    pairs = [(2, 150)] + [(int(a), int(b)) for a, b in zip(rng.permutation(200)[:100],
                          rng.permutation(200)[:100], strict=True) if a != b]  # fmt: skip
    values = rng.normal(size=len(pairs))
    values[0] = 4.0
    options = GxGOptions(tests="all")
    with_evidence = scan_gxg(design, evidence_of(pairs, values), options=options).pairs
    row = with_evidence[with_evidence["variant_1"] == "rs2"].iloc[0]
    assert row["decision"] == "gained"
    values[0] = -4.0
    against = scan_gxg(design, evidence_of(pairs, values), options=options).pairs
    assert against[against["variant_1"] == "rs2"].iloc[0]["decision"] == "neither"


def phantom(people=4000, seed=0):
    """Two typed variants beside a causal one, an additive trait, and the causal one typed too."""
    rng = np.random.default_rng(seed)
    haplotypes = rng.random((2, people, 3))
    causal = haplotypes[..., 0] < 0.3
    first = np.where(haplotypes[..., 1] < 0.8, causal, haplotypes[..., 1] < 0.9)
    second = np.where(haplotypes[..., 2] < 0.7, causal, haplotypes[..., 2] < 0.9)
    counts = np.stack([part.sum(axis=0) for part in (causal, first, second)], axis=1).astype(float)
    others = rng.binomial(2, 0.3, (people, 3)).astype(float)
    counts = np.column_stack([counts, others])
    names = ["causal", "first", "second", "a", "b", "c"]
    table = pd.DataFrame({"variant": names, "chrom": ["1"] * 3 + ["2"] * 3,
                          "pos": [100, 200, 300, 1, 2, 3]})  # fmt: skip
    return counts, table, 1.2 * counts[:, 0] ** 2 / 2 + rng.normal(size=people)


def test_pairs_are_conditioned_on_fine_mapped_leads():
    counts, table, trait = phantom()
    design = prepare_pairs(counts, trait, variants=table)
    evidence = pd.DataFrame({"variant_1": ["first"], "variant_2": ["second"], "evidence": [1.0]})
    leads = find_leads(design, design.locate(["first"], "x"))
    assert leads["lead"].iloc[0] == "causal"
    result = scan_gxg(design, evidence, options=GxGOptions(detail_p=1.0))
    row = result.pairs.iloc[0]
    assert row["n_leads"] >= 1
    assert row["phantom_risk"]
    assert row["neg_log10_p_unconditioned"] > row["neg_log10_p"] + 2
    by_hand = regress_pairs(design, [("first", "second")], leads=result.leads["lead"].tolist())
    assert np.isclose(by_hand["neg_log10_p"].iloc[0], row["neg_log10_p"])
    named = scan_gxg(design, evidence, leads=["causal"], options=GxGOptions(detail_p=1.0))
    assert named.pairs["n_leads"].iloc[0] == 1
    assert named.leads.empty
    without = scan_gxg(design, evidence, options=GxGOptions(detail_p=1.0, lead_p=None))
    assert np.isclose(without.pairs["neg_log10_p"].iloc[0], row["neg_log10_p_unconditioned"])


def test_phantom_rejections_without_and_with_leads():
    """An untyped causal variant with a typed proxy: conditioning brings the tests to size."""
    rejected = np.zeros(2)
    repeats = 40
    for seed in range(repeats):
        rng = np.random.default_rng(seed)
        people = 2000
        causal = rng.random((2, people)) < 0.2
        sides = [np.where(rng.random((2, people)) < 0.6, causal, rng.random((2, people)) < 0.3)
                 for _ in range(2)]  # fmt: skip
        counts = np.stack([part.sum(axis=0) for part in (causal, *sides)], axis=1).astype(float)
        trait = 1.5 * counts[:, 0] + rng.normal(size=people)
        table = pd.DataFrame({"variant": ["c", "x", "y"], "chrom": "1", "pos": [5, 500, 900]})
        design = prepare_pairs(counts, trait, variants=table)
        evidence = pd.DataFrame({"variant_1": ["x"], "variant_2": ["y"], "evidence": [1.0]})
        for place, lead_p in enumerate((None, 5e-8)):
            options = GxGOptions(lead_p=lead_p, detail_p=1.0)
            rejected[place] += scan_gxg(design, evidence, options=options).pairs["p"].iloc[0] < 0.05
    assert rejected[0] / repeats > 0.2
    assert rejected[1] / repeats < 0.13


def test_permutations_calibrate_and_adjust():
    options = GxGOptions(permutations=30, lead_p=None)
    result = scan_gxg(design_of(), evidence_of(PAIRS, np.arange(6.0)), options=options)
    pairs = result.pairs.set_index("variant_1")
    assert np.isclose(pairs.loc["rs30", "p_family"], 1 / 31)
    assert (pairs["p_family"] >= pairs["p"] - 1e-9).all()
    permuted = result.calibration[result.calibration["tests"] == "people permuted"]
    half = permuted[permuted["level"] == 0.5].iloc[0]
    assert abs(half["observed"] - half["expected"]) < 0.8
    everything = scan_gxg(design_of(), options=replace(options, permutations=3))
    assert everything.pairs["p_family"].between(0.2, 1).all()


def test_robust_errors_decide_when_asked():
    options = GxGOptions(detail_p=1.0, lead_p=None, robust=True)
    design = design_of()
    pairs = scan_gxg(design, evidence_of(PAIRS, np.arange(6.0)), options=options).pairs
    by_hand = regress_pairs(design, pairs[["variant_1", "variant_2"]])
    larger = by_hand[["neg_log10_p", "neg_log10_p_robust"]].min(axis=1)
    assert np.allclose(pairs["neg_log10_p"], larger)
    robust = by_hand["neg_log10_p_robust"] < by_hand["neg_log10_p"]
    assert 0 < robust.sum() < len(robust)
    assert np.allclose(pairs["se"], np.where(robust, by_hand["se_robust"], by_hand["se"]))


def test_binary_trait():
    counts, _, _, noise = drawn()
    case = (0.9 * counts[:, 2] * counts[:, 30] + noise > 1.2).astype(float)
    design = design_of(case, kind="binary")
    result = scan_gxg(design, evidence_of(PAIRS, np.arange(6.0)),
                      options=GxGOptions(detail_p=1.0))  # fmt: skip
    by_hand = regress_pairs(design, result.pairs[["variant_1", "variant_2"]])
    assert np.allclose(result.pairs["p"], by_hand["p"])
    assert "neg_log10_p_linear" in result.pairs
    with pytest.raises(InputError, match="quantitative"):
        scan_gxg(design, evidence_of(PAIRS, np.arange(6.0)), options=GxGOptions(permutations=2))


def test_cross_fold_weights_need_groups_that_share_nothing():
    options = GxGOptions(weights=WeightOptions(scheme="cross-fold", shuffles=0))
    result = scan_gxg(design_of(), evidence_of(PAIRS, np.arange(6.0)), options=options)
    assert np.isclose(result.pairs["weight"].mean(), 1)
    chained = evidence_of([(0, 1), (1, 2), (2, 3)], [1.0, 2.0, 3.0])
    with pytest.raises(InputError, match="share no gene"):
        scan_gxg(design_of(), chained, options=options)


def test_every_pair_left_out_is_counted():
    counts, table, covariates, noise = drawn()
    counts[:, 4] = 1.0  # monomorphic
    counts[:, 6] = (np.arange(len(counts)) < 3).astype(float)  # three carriers
    design = prepare_pairs(counts, noise, covariates, variants=table)
    pairs = [(0, 1), (1, 0), (3, 3), (4, 5), (6, 7), (8, 9)]
    evidence = evidence_of(pairs, [1.0, 5.0, 1.0, 1.0, 1.0, 2.0])
    evidence.loc[len(evidence)] = ["rs0", "unknown", "G", "G", 1.0, 1.0]
    result = scan_gxg(design, evidence)
    drops = result.drops.set_index("reason")["count"]
    assert drops["variant does not vary among these people"] == 1
    assert drops["variant_1 of the evidence is not among the variants that can be tested"] == 1
    assert drops["variant_2 of the evidence is not among the variants that can be tested"] == 1
    assert drops["pair of a variant with itself"] == 1
    assert drops["pair listed again; the row with most evidence is kept"] == 1
    assert drops["listed pairs: fewer double carriers than asked for"] == 1
    assert result.n_tests == 2
    kept = result.pairs.set_index("variant_1")
    assert kept.loc["rs1", "evidence"] == 5.0


def test_listed_scan_counts_collinear_pairs():
    counts, table, _, noise = drawn()
    counts[:, 1] = counts[:, 0]
    design = prepare_pairs(counts, noise, variants=table)
    # The product of a variant with its copy is its dominance, which can be fitted by scan_pairs'
    # rule only if it is no combination of the rest.
    scan = scan_listed(design, np.array([0, 2]), np.array([1, 3]))
    assert scan.n_tests + sum(scan.untested.values()) == 2


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda e: e.drop(columns="evidence"), "column\\(s\\) evidence missing"),
        (lambda e: e.assign(evidence="much"), "expected numbers"),
        (lambda e: e.assign(evidence=np.inf), "infinite"),
        (lambda e: e.assign(variant_1="x" + e["variant_1"]), "none of 6 rows"),
        (lambda e: e.assign(p=0.1), "names of columns of the result"),
    ],
)
def test_bad_evidence(change, told):
    with pytest.raises(InputError, match=told):
        scan_gxg(design_of(), change(evidence_of(PAIRS, np.arange(6.0))))


def test_nothing_to_test_is_an_error():
    counts, table, _, noise = drawn()
    counts = (np.arange(len(counts))[:, None] == np.arange(40)).astype(float)  # one carrier each
    design = prepare_pairs(counts, noise, variants=table)
    with pytest.raises(InputError, match="none is left to test"):
        scan_gxg(design, evidence_of(PAIRS, np.arange(6.0)))
    with pytest.raises(InputError, match="evidence: none"):
        scan_gxg(design, options=GxGOptions(tests="listed"))


@pytest.mark.parametrize(
    "bad",
    [{"tests": "some"}, {"detail_p": 2}, {"lead_p": 0}, {"permutations": -1},
     {"robust": True, "pairs": PairOptions(robust=None)}],
)  # fmt: skip
def test_bad_options(bad):
    with pytest.raises(InputError):
        GxGOptions(**bad)


def test_leads_need_positions_or_say_so():
    counts, _, _, noise = drawn()
    design = prepare_pairs(counts, noise + counts[:, 0])
    evidence = pd.DataFrame(
        {"variant_1": ["variant_1"], "variant_2": ["variant_4"], "evidence": [1.0]}
    )
    result = scan_gxg(design, evidence, options=GxGOptions(detail_p=1.0))
    assert any("no positions" in notice for notice in result.notices)
    with pytest.raises(InputError, match="no positions"):
        find_leads(design, np.array([0]))


def test_scan_in_shards_is_the_whole_scan():
    design = design_of()
    evidence = evidence_of(PAIRS, np.arange(6.0))
    options = GxGOptions(tests="all", p=0.01)
    whole = scan_gxg(design, evidence, options=options)
    parts = [scan_all_pairs(design, options=options, shard=(k, 3)) for k in (1, 2, 3)]
    # As they come back from files.
    total = merge_scans(parts)
    total = pair_scan_of(total.table, pair_sums(total), where="merged.parquet")
    again = scan_gxg(design, evidence, scan=total, options=options)
    pd.testing.assert_frame_equal(whole.pairs, again.pairs)
    pd.testing.assert_frame_equal(whole.calibration, again.calibration)
    assert whole.n_tests == again.n_tests
    with pytest.raises(InputError, match="lacks n_tests"):
        pair_scan_of(total.table, {}, where="merged.parquet")
    with pytest.raises(InputError, match="tests is 'listed'"):
        scan_gxg(design, evidence, scan=total, options=replace(options, tests="listed"))


def test_predictions_without_both_chromosomes():
    counts, table, covariates, noise = drawn()
    background = 3 * np.random.default_rng(9).normal(size=len(noise))
    trait = noise + 0.3 * counts[:, 2] * counts[:, 30] + background
    loco = pd.DataFrame({"1": background, "2": background, "3": 0.0})
    design = prepare_pairs(counts, trait, covariates, variants=table)
    evidence = evidence_of(PAIRS, np.arange(6.0))
    for tests in ("listed", "all"):
        options = GxGOptions(tests=tests, detail_p=1e-2)
        given = {"loco": loco, "chromosomes": ["1", "2", "3"], "options": options}
        with_loco = scan_gxg(design, evidence, **given).pairs
        clean = scan_gxg(design_of(), evidence, options=options).pairs
        both = with_loco.merge(clean, on=["variant_1", "variant_2"])
        across = both[both["chrom_1_x"] != both["chrom_2_x"]]
        assert len(across) >= 3
        assert np.allclose(across["neg_log10_p_x"], across["neg_log10_p_y"], atol=1e-6)
        with pytest.raises(InputError, match="exchangeable"):
            scan_gxg(design, evidence, **given | {"options": replace(options, permutations=1)})


def test_numbers_as_names_are_names():
    counts, table, covariates, noise = drawn()
    trait = noise + 0.5 * counts[:, 2] * counts[:, 30]
    # Variant k is called 39 - k.
    names = [str(39 - k) for k in range(40)]
    design = prepare_pairs(counts, trait, covariates, variants=table.assign(variant=names))
    evidence = pd.DataFrame({"variant_1": [37, 1], "variant_2": [9, 5], "evidence": [1.0, 0.0]})
    options = GxGOptions(detail_p=1.0, lead_p=None)
    row = scan_gxg(design, evidence, options=options).pairs.set_index("variant_1").loc["37"]
    plain = prepare_pairs(counts, trait, covariates, variants=table)
    by_hand = regress_pairs(plain, [("rs2", "rs30")])
    assert np.isclose(row["p"], by_hand["p"].iloc[0])
    assert row["p"] < 1e-6
    assert row["pos_1"] == table["pos"].iloc[2]


def test_discoveries_beyond_the_reporting_p_value_are_fetched():
    counts, table, covariates, noise = drawn(people=1000)
    trait = noise + 0.25 * (counts[:, :20] * counts[:, 20:40]).sum(axis=1)
    design = prepare_pairs(counts, trait, covariates, variants=table)
    options = GxGOptions(p=1e-6, lead_p=None)
    short = scan_gxg(design, options=options)
    whole = scan_gxg(design, options=replace(options, p=1.0))
    found = [(r.pairs["q"] <= 0.05).sum() for r in (short, whole)]
    assert found[0] == found[1] > (whole.pairs["p"] <= 1e-6).sum()
    assert any("reach beyond p = 1e-06" in notice for notice in short.notices)
    scan = scan_all_pairs(design, options=options)
    given = scan_gxg(design, scan=scan, options=options)
    assert any("some are missing" in notice for notice in given.notices)


def test_family_wise_p_values_know_what_they_cannot_see():
    """Of unreported pairs only the bound is known, so that p_family is not too small."""
    design = design_of(drawn()[3])
    evidence = evidence_of(PAIRS[:2], [1.0, 0.0])
    options = GxGOptions(tests="all", permutations=9, lead_p=None)
    hidden = scan_gxg(design, evidence, options=options).pairs["p_family"]
    seen = scan_gxg(design, evidence, options=replace(options, p=1.0)).pairs
    listed = seen[seen["listed"]]["p_family"]
    assert hidden.min() >= listed.min()
    binary = design_of((drawn()[3] > 0).astype(float), kind="binary")
    with pytest.raises(InputError, match="quantitative"):
        scan_gxg(binary, options=GxGOptions(permutations=1))


def test_variants_without_a_place_are_no_locus():
    counts, table, covariates, noise = drawn()
    table["pos"] = table["pos"].astype("Int64")
    table.loc[[2, 5], "pos"] = pd.NA
    trait = noise + 2.0 * counts[:, 2] + 0.3 * counts[:, 2] * counts[:, 30]
    design = prepare_pairs(counts, trait, covariates, variants=table)
    result = scan_gxg(design, evidence_of(PAIRS, np.arange(6.0)), options=GxGOptions(detail_p=1.0))
    assert pd.isna(result.pairs.set_index("variant_2").loc["rs2", "pos_2"])
    assert "rs2" not in set(result.leads["lead"])


def test_inner_names_are_refused():
    evidence = evidence_of(PAIRS, np.arange(6.0)).assign(low=1.0)
    with pytest.raises(InputError, match="low"):
        scan_gxg(design_of(), evidence)
