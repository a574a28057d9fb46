"""Interaction tests of related people: generalised least squares, calibration, LOCO."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student
from sibships import dense_gls, dense_projection, draw_siblings, draw_traits

from seqgen.errors import InputError
from seqgen.gxg import (
    PairOptions,
    ScanOptions,
    merge_scans,
    permuted_design,
    prepare_pairs,
    regress_pairs,
    regress_pairs_loco,
    scan_pairs,
    scan_pairs_loco,
)
from seqgen.gxg.exact import exact_tests
from seqgen.gxg.related_products import prepare_screen
from seqgen.gxg.work import plan_blocks
from seqgen.relatedness import fit_kinship, loco_offsets

PAIRS = [("variant_1", "variant_2"), ("variant_3", "variant_8"), ("variant_5", "variant_12")]


def family_data(families=40, size=4, variants=16, h2=0.7):
    rng = np.random.default_rng(13)
    counts, kinship = draw_siblings(
        rng, families=families, size=size, variants=variants, frequency=(0.3, 0.5)
    )
    covariates = rng.normal(size=(len(counts), 2))
    trait = draw_traits(rng, kinship, h2)[:, 0] + 0.4 * covariates[:, 0] + 0.5 * counts[:, 2]
    trait += 0.6 * counts[:, 2] * counts[:, 7]
    return counts, trait, covariates, kinship


def columns_of(design, pair, covariates, *more):
    i, j = (int(name.split("_")[1]) - 1 for name in pair)
    g = design.counts.astype(float)
    one = np.ones(design.n_people)
    return np.column_stack([one, covariates, *more, g[i], g[j], g[i] * g[j]])


# --- exactness -----------------------------------------------------------------------------


def test_listed_pairs_equal_dense_generalised_least_squares():
    counts, trait, covariates, kinship = family_data()
    design = prepare_pairs(counts, trait, covariates, kinship=kinship)
    h2 = fit_kinship(trait[:, None], kinship, covariates)["h2"].iloc[0]
    assert design.related.h2 == pytest.approx(h2, abs=1e-7)
    assert 0.3 < h2 < 0.99
    covariance = h2 * kinship + (1 - h2) * np.eye(len(trait))
    leads = pd.DataFrame([(*PAIRS[1], "variant_4")], columns=["variant_1", "variant_2", "lead"])
    table = regress_pairs(design, PAIRS)
    given = regress_pairs(design, PAIRS, leads=leads)
    for k, pair in enumerate(PAIRS):
        x = columns_of(design, pair, covariates)
        beta, se, t = dense_gls(trait, x, covariance)
        p = 2 * student.sf(abs(t), len(trait) - x.shape[1])
        np.testing.assert_allclose(table.loc[k, ["beta", "se", "t", "p"]].astype(float),
                                   [beta, se, t, p], rtol=1e-6)  # fmt: skip
        if k == 1:
            x = columns_of(design, pair, covariates, counts[:, 3])
            np.testing.assert_allclose(
                given.loc[k, ["beta", "se", "t"]].astype(float),
                dense_gls(trait, x, covariance), rtol=1e-6,
            )  # fmt: skip
            assert given.loc[k, "beta_unconditioned"] == pytest.approx(beta, rel=1e-6)
    fit = exact_tests(design, *(design.locate([p[k] for p in PAIRS], "x") for k in range(2)))
    np.testing.assert_allclose(fit.t, table["t"], rtol=1e-9)
    np.testing.assert_allclose(fit.beta, table["beta"], rtol=1e-9)


def test_other_scales_and_dominance_have_their_own_mixed_model():
    counts, trait, covariates, kinship = family_data()
    trait = np.exp(trait / 3)
    design = prepare_pairs(counts, trait, covariates, kinship=kinship)
    table = regress_pairs(design, PAIRS, options=PairOptions(dominance=True))
    h2 = fit_kinship(np.log(trait)[:, None], kinship, covariates)["h2"].iloc[0]
    covariance = h2 * kinship + (1 - h2) * np.eye(len(trait))
    for k, pair in enumerate(PAIRS):
        i, j = (int(name.split("_")[1]) - 1 for name in pair)
        het = [(counts[:, v] == 1).astype(float) for v in (i, j)]
        x = columns_of(design, pair, covariates, *het)
        t = dense_gls(np.log(trait), x, covariance)[2]
        p = 2 * student.sf(abs(t), len(trait) - x.shape[1])
        assert table.loc[k, "neg_log10_p_log"] == pytest.approx(-np.log10(p), rel=1e-5)
    assert table["neg_log10_p_genotypic"].notna().all()


def test_joint_test_equals_dense_generalised_least_squares():
    from scipy.stats import f

    counts, trait, covariates, kinship = family_data()
    design = prepare_pairs(counts, trait, covariates, kinship=kinship)
    table = regress_pairs(design, [PAIRS[1]], options=PairOptions(dominance=True))
    het = [(counts[:, v] == 1).astype(float) for v in (2, 7)]
    base = np.column_stack([np.ones(len(trait)), covariates, counts[:, [2, 7]], *het])
    sides = [np.column_stack([counts[:, v], het[k]]) for k, v in enumerate((2, 7))]
    products = [sides[0][:, a] * sides[1][:, b] for a in range(2) for b in range(2)]
    whole = np.column_stack([base, *products])
    h2 = design.related.h2
    rests = [trait @ dense_projection(kinship, h2, x)[0] @ trait for x in (base, whole)]
    df = len(trait) - whole.shape[1]
    p = f.sf((rests[0] - rests[1]) / 4 / (rests[1] / df), 4, df)
    assert table["neg_log10_p_genotypic"].iloc[0] == pytest.approx(-np.log10(p), rel=1e-6)


def test_robust_errors_are_those_of_independent_people():
    counts, trait, covariates, kinship = family_data()
    design = prepare_pairs(counts, trait, covariates, kinship=kinship)
    fixed = np.column_stack([np.ones(len(trait)), covariates])
    _, root = dense_projection(kinship, design.related.h2, fixed)
    basis = np.linalg.qr(fixed)[0]
    for robust in ("HC1", "HC3"):
        table = regress_pairs(design, PAIRS, options=PairOptions(robust=robust))
        for k, pair in enumerate(PAIRS):
            x = np.column_stack([basis, root @ columns_of(design, pair, covariates)[:, 3:]])
            inverse = np.linalg.inv(x.T @ x)
            rest = root @ trait - x @ inverse @ x.T @ root @ trait
            if robust == "HC3":
                rest = rest / (1 - np.einsum("ij,jk,ik->i", x, inverse, x))
            variance = (inverse @ (x.T * rest**2) @ x @ inverse)[-1, -1]
            if robust == "HC1":
                variance *= len(trait) / (len(trait) - x.shape[1])
            assert table.loc[k, "se_robust"] == pytest.approx(np.sqrt(variance), rel=1e-6)


def test_unrelated_people_are_tested_as_without_kinship():
    counts, trait, covariates, _ = family_data()
    plain = prepare_pairs(counts, trait, covariates)
    same = prepare_pairs(counts, trait, covariates, kinship=np.eye(len(trait)))
    assert same.related.h2 == 0
    options = PairOptions(dominance=True)
    pd.testing.assert_frame_equal(
        regress_pairs(same, PAIRS, options=options), regress_pairs(plain, PAIRS, options=options),
        rtol=1e-8,
    )  # fmt: skip
    scans = [scan_pairs(d, options=ScanOptions(p=0.05)) for d in (same, plain)]
    pd.testing.assert_frame_equal(scans[0].table, scans[1].table, rtol=1e-8)
    pd.testing.assert_frame_equal(scans[0].calibration, scans[1].calibration)
    assert scans[0].untested == scans[1].untested


@pytest.mark.parametrize("p", [1e-3, 0.02])
def test_scan_finds_every_pair_that_exact_tests_find(p):
    """With rare variants in large families, a strong main effect, missing calls and covariates."""
    rng = np.random.default_rng(3)
    counts, kinship = draw_siblings(rng, families=50, size=6, variants=110, frequency=(0.04, 0.5))
    counts[rng.random(counts.shape) < 0.01] = np.nan
    trait = draw_traits(rng, kinship, 0.85)[:, 0] + 1.2 * np.nan_to_num(counts[:, 0])
    design = prepare_pairs(counts, trait, rng.normal(size=(len(trait), 2)), kinship=kinship)
    scan = scan_pairs(design, options=ScanOptions(p=p))
    assert options_dtype(p) == (np.float32 if p <= 1e-3 else np.float64)
    first, second = np.triu_indices(110, 1)
    everything = exact_tests(design, first, second)
    carriers = design.carriers(first) & design.carriers(second)
    t = everything.t[carriers.sum(axis=1) >= 5]
    below = 2 * student.sf(np.abs(t), everything.df[0]) <= p
    assert len(scan.table) == below.sum() > 3
    np.testing.assert_allclose(np.sort(np.abs(scan.table["t"])), np.sort(np.abs(t[below])))
    assert scan.n_tests == len(t)
    # The screen's count of tests is close to the exact one.
    share = scan.calibration.set_index("level")["observed"] / scan.n_tests
    exact = (2 * student.sf(np.abs(t), everything.df[0]) <= 0.1).mean()
    assert share[0.1] == pytest.approx(exact, abs=0.01)


def options_dtype(p):
    return ScanOptions(p=p).dtype("quantitative")


def test_screen_expects_variances_to_differ_between_pairs():
    counts, trait, covariates, kinship = family_data()
    design = prepare_pairs(counts, trait, covariates, kinship=kinship)
    blocks = plan_blocks(design, None, None, shard=None)
    screen = prepare_screen(design, blocks, least=5, dtype=np.float64)
    assert 0.3 < screen.lowest < 0.95
    h2 = design.related.h2
    weights = 1 / (h2 * np.array([0.5, 2.5]) + 1 - h2)
    assert weights.min() < screen.gamma < weights.max()


def test_sets_and_shards_of_a_scan():
    counts, trait, covariates, kinship = family_data(variants=40)
    design = prepare_pairs(counts, trait, covariates, kinship=kinship)
    options = ScanOptions(p=0.05)
    whole = scan_pairs(design, options=options)
    parts = [scan_pairs(design, options=options, shard=(k, 3)) for k in (1, 2, 3)]
    pd.testing.assert_frame_equal(merge_scans(parts).table, whole.table)
    sets = scan_pairs(design, np.arange(10), np.arange(8, 40), options=options)
    names = design.variants["variant"].to_numpy()
    inside = whole.table["variant_1"].isin(names[:10]) & whole.table["variant_2"].isin(names[8:])
    assert set(sets.table["t"].round(9)) == set(whole.table["t"][inside].round(9))


# --- calibration ---------------------------------------------------------------------------


def test_siblings_inflate_the_plain_test_and_not_this_one():
    rng = np.random.default_rng(8)
    counts, kinship = draw_siblings(rng, families=120, size=4, variants=70)
    shares = {"plain": [], "related": []}
    for trait in draw_traits(rng, kinship, 0.8, count=4).T:
        for name, given in (("plain", None), ("related", kinship)):
            scan = scan_pairs(prepare_pairs(counts, trait, kinship=given),
                              options=ScanOptions(p=0.05))  # fmt: skip
            shares[name].append(len(scan.table) / scan.n_tests)
    assert np.mean(shares["plain"]) > 0.08
    assert np.mean(shares["related"]) == pytest.approx(0.05, abs=0.008)


# --- input ---------------------------------------------------------------------------------


def test_kinship_is_matched_by_name_to_those_analysed():
    counts, trait, covariates, kinship = family_data()
    names = [f"p{k}" for k in range(len(trait))]
    gap = trait.copy()
    gap[[4, 70]] = np.nan
    table = pd.DataFrame(counts, names, [f"variant_{k}" for k in range(1, 17)])
    shuffled = pd.DataFrame(kinship, names, names).sample(frac=1, random_state=2)
    design = prepare_pairs(table, pd.Series(gap, names), pd.DataFrame(covariates, names),
                           kinship=shuffled)  # fmt: skip
    keep = ~np.isnan(gap)
    same = prepare_pairs(counts[keep], trait[keep], covariates[keep],
                         kinship=kinship[np.ix_(keep, keep)])  # fmt: skip
    np.testing.assert_allclose(
        regress_pairs(design, PAIRS)["t"], regress_pairs(same, PAIRS)["t"], rtol=1e-8
    )
    with pytest.raises(InputError, match="kinship: lacks 10 of 158 analysed people, such as 'p0'"):
        prepare_pairs(table, pd.Series(gap, names), pd.DataFrame(covariates, names),
                      kinship=shuffled.loc[names[11:], names[11:]])  # fmt: skip


def test_what_kinship_does_not_cover_is_refused():
    counts, trait, covariates, kinship = family_data()
    with pytest.raises(InputError, match=r"binary trait.*LOCO"):
        prepare_pairs(counts, (trait > 0).astype(float), kind="binary", kinship=kinship)
    design = prepare_pairs(counts, trait, covariates, kinship=kinship)
    with pytest.raises(InputError, match="'complete' with kinship"):
        regress_pairs(design, PAIRS, options=PairOptions(missing="complete"))
    with pytest.raises(InputError, match="cannot change places"):
        permuted_design(design, np.arange(160))
    with pytest.raises(InputError, match="expected device='cpu'"):
        scan_pairs(design, options=ScanOptions(device="torch-cpu"))
    with pytest.raises(InputError, match="'complete' with kinship"):
        scan_pairs(design, options=ScanOptions(missing="complete"))


# --- predictions without chromosomes -------------------------------------------------------

CHROMOSOMES = ["1", "2", "3", "4"]
TABLE = pd.DataFrame({
    "variant": [f"variant_{k}" for k in range(1, 17)],
    "chrom": (["chr1"] * 5 + ["3"] * 5 + ["2"] * 6),
    "pos": np.arange(16) * 1000 + 1,
})  # fmt: skip


def loco_data():
    counts, trait, covariates, _ = family_data()
    rng = np.random.default_rng(9)
    parts = pd.DataFrame(rng.normal(size=(len(trait), 4)), columns=CHROMOSOMES)
    loco = pd.DataFrame({c: parts.sum(axis=1) - parts[c] for c in CHROMOSOMES})
    trait = trait + parts.sum(axis=1).to_numpy()
    return prepare_pairs(counts, trait, covariates, variants=TABLE), loco, parts


def one_by_one(design, parts, pairs, covariates):
    """T of each pair on the trait less the other chromosomes' parts."""
    chrom = TABLE.set_index("variant")["chrom"].str.removeprefix("chr")
    out = []
    for pair in pairs:
        others = parts.drop(columns=list({chrom[pair[0]], chrom[pair[1]]})).sum(axis=1)
        moved = prepare_pairs(design.counts.T.astype(float), design.trait - others.to_numpy(),
                              covariates, variants=TABLE)  # fmt: skip
        out.append(regress_pairs(moved, [pair])["t"].iloc[0])
    return out


def test_listed_pairs_on_what_their_chromosomes_leave():
    design, loco, parts = loco_data()
    pairs = [("variant_1", "variant_12"), ("variant_3", "variant_8"), ("variant_9", "variant_2"),
             ("variant_1", "variant_2"), ("variant_16", "variant_1")]  # fmt: skip
    table = regress_pairs_loco(design, pairs, loco, chromosomes=CHROMOSOMES)
    assert list(zip(table["variant_1"], table["variant_2"], strict=True)) == pairs
    expected = one_by_one(design, parts, pairs, design.covariates.to_numpy())
    np.testing.assert_allclose(table["t"], expected, rtol=1e-9)
    leads = pd.DataFrame([("variant_8", "variant_3", "variant_4")],
                         columns=["variant_1", "variant_2", "lead"])  # fmt: skip
    given = regress_pairs_loco(design, pairs, loco, chromosomes=CHROMOSOMES, leads=leads)
    assert given["n_leads"].tolist() == [0, 1, 0, 0, 0]
    np.testing.assert_allclose(given["neg_log10_p_unconditioned"], table["neg_log10_p"])
    with pytest.raises(InputError, match="pairs that are not to be tested"):
        regress_pairs_loco(design, pairs[2:], loco, chromosomes=CHROMOSOMES, leads=leads)
    with pytest.raises(InputError, match="leads: column"):
        regress_pairs_loco(design, pairs, loco, chromosomes=CHROMOSOMES, leads=leads[["lead"]])


def test_scan_on_what_the_chromosomes_leave():
    design, loco, parts = loco_data()
    options = ScanOptions(p=1.0, min_double_carriers=0)
    seen = []
    scan = scan_pairs_loco(design, loco, chromosomes=CHROMOSOMES, options=options,
                           progress=lambda *at: seen.append(at))  # fmt: skip
    assert scan.n_tests == 16 * 15 // 2 == len(scan.table)
    assert seen == [(k, 6) for k in range(1, 7)]
    some = scan.table.sample(20, random_state=0)
    pairs = list(zip(some["variant_1"], some["variant_2"], strict=True))
    expected = one_by_one(design, parts, pairs, design.covariates.to_numpy())
    np.testing.assert_allclose(some["t"], expected, rtol=1e-8)
    shards = [scan_pairs_loco(design, loco, chromosomes=CHROMOSOMES, options=options, shard=(k, 4))
              for k in range(1, 5)]  # fmt: skip
    merged = merge_scans(shards)
    assert merged.n_tests == 120
    np.testing.assert_allclose(merged.table["t"], scan.table["t"])


def test_scan_of_two_sets_meets_each_pair_once():
    design, loco, _ = loco_data()
    names = design.variants["variant"].to_numpy()
    rng = np.random.default_rng(0)
    options = ScanOptions(p=1.0, min_double_carriers=0)
    whole = scan_pairs_loco(design, loco, chromosomes=CHROMOSOMES, options=options).table
    t = {frozenset(pair): t for *pair, t in whole[["variant_1", "variant_2", "t"]].to_numpy()}
    for _ in range(5):
        left, right = (rng.choice(names, size=7, replace=False) for _ in range(2))
        scan = scan_pairs_loco(design, loco, left, right, chromosomes=CHROMOSOMES, options=options)
        found = [frozenset(p) for p in scan.table[["variant_1", "variant_2"]].to_numpy()]
        wanted = {frozenset((a, b)) for a in left for b in right if a != b}
        assert len(found) == len(set(found)) == scan.n_tests
        assert set(found) == wanted
        np.testing.assert_allclose(scan.table["t"], [t[pair] for pair in found], rtol=1e-8)


def test_predictions_take_the_families_out():
    """Predictions near the truth calibrate as well as kinship does."""
    rng = np.random.default_rng(21)
    counts, kinship = draw_siblings(rng, families=120, size=4, variants=60)
    table = pd.DataFrame(
        {"variant": [f"v{k}" for k in range(60)], "chrom": ["1"] * 30 + ["2"] * 30}
    )
    shares = []
    for _ in range(4):
        genetic = draw_traits(rng, kinship, 1 - 1e-9)[:, 0]
        trait = np.sqrt(0.8) * genetic + np.sqrt(0.2) * rng.normal(size=len(genetic))
        guess = 0.9 * np.sqrt(0.8) * genetic
        loco = pd.DataFrame({"1": guess, "2": guess, "3": 0.0})
        design = prepare_pairs(counts, trait, variants=table)
        scan = scan_pairs_loco(design, loco, chromosomes=["1", "2", "3"],
                               options=ScanOptions(p=0.05))  # fmt: skip
        shares.append(len(scan.table) / scan.n_tests)
    assert np.mean(shares) == pytest.approx(0.05, abs=0.01)


def test_bad_predictions_are_refused():
    design, loco, _ = loco_data()
    counts, trait, _, kinship = family_data()
    known = {"chromosomes": CHROMOSOMES}
    with pytest.raises(InputError, match=r"loco: lacks chromosome.* 5, 6"):
        scan_pairs_loco(design, loco)
    with pytest.raises(InputError, match=r"lacks 10 of 160 analysed people, such as 0"):
        scan_pairs_loco(design, loco.iloc[10:], **known)
    with pytest.raises(InputError, match="no prediction without chromosome 2"):
        scan_pairs_loco(design, loco.drop(columns="2"), chromosomes=["1", "3", "4"])
    with pytest.raises(InputError, match="no column chrom"):
        scan_pairs_loco(prepare_pairs(counts, trait), loco, **known)
    with pytest.raises(InputError, match="has kinship"):
        scan_pairs_loco(
            prepare_pairs(counts, trait, kinship=kinship, variants=TABLE), loco, **known
        )
    binary = prepare_pairs(counts, (trait > 0).astype(float), kind="binary", variants=TABLE)
    with pytest.raises(InputError, match="kind is 'binary'"):
        regress_pairs_loco(binary, PAIRS, loco, **known)
    with pytest.raises(InputError, match="shard"):
        scan_pairs_loco(design, loco, shard=(1, 9), **known)
    with pytest.raises(InputError, match="only one of the two sets"):
        scan_pairs_loco(design, loco, ["variant_1"], **known)
    with pytest.raises(InputError, match="no pair of two different"):
        scan_pairs_loco(design, loco, ["variant_1"], ["variant_1"], **known)
    assert loco_offsets(loco, "1", "1", **known).equals(loco["1"].rename(None))
