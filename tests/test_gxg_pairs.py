"""Chosen pairs: whole regressions as statsmodels has them, and what a sceptic asks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from seqgen.errors import InputError
from seqgen.gxg import PairOptions, pair_r2, prepare_pairs, regress_pairs
from seqgen.gxg.pair_models import joint_tests

# statsmodels 0.15.0 on `data()`: OLS beta, se, p, HC1, HC3; Logit beta, se, HC1.
STATSMODELS = {
    (0, 1): (-0.09038011200245288, 0.19706730019859672, 0.6467565584054839, 0.24243646181298484,
             0.2529874534634007, -0.5010050328095836, 0.3713605162672019, 0.3778490091370002),
    (1, 4): (0.23177325619673955, 0.13274116776347875, 0.08158293450519145, 0.16289745734663044,
             0.17140823519295348, -0.21448142149342714, 0.26114416236573695, 0.2762110126231567),
    (0, 7): (-0.3872695221534955, 0.18183183157074856, 0.03380705050960399, 0.17300893917037902,
             0.17855933677990946, -0.3337394026678628, 0.329573352919931, 0.3085348539998628),
    (6, 7): (-0.031094848236910277, 0.11139413113610293, 0.78028222223032, 0.11621926060142448,
             0.1183090265250979, -0.23467216252234782, 0.2014607121399059, 0.19439002552109866),
}  # fmt: skip
VARIANTS = pd.DataFrame(
    {"variant": list("abcdefgh"), "chrom": ["1"] * 6 + ["2"] * 2,
     "pos": [1, 500_000, 900_000, 3_000_000, 3_000_100, 9_000_000, 5, 400]}
)  # fmt: skip


def data():
    rng = np.random.default_rng(20)
    n = 400
    pc = rng.normal(size=n)
    rate = 1 / (1 + np.exp(-(np.linspace(-2, 0.5, 8)[None] + 0.5 * pc[:, None])))
    counts = rng.binomial(2, rate, size=(n, 8)).astype(float)
    covariates = np.column_stack([pc, rng.integers(0, 2, n), rng.normal(50, 10, n)])
    trait = 0.3 * pc + 0.02 * covariates[:, 2] + 0.4 * counts[:, 1]
    trait += 0.3 * counts[:, 1] * counts[:, 4] + rng.normal(size=n) * (1 + 0.3 * counts[:, 1])
    return counts, trait, covariates


def design(kind="quantitative", **changed):
    counts, trait, covariates = data()
    if kind == "binary":
        trait = (trait > np.median(trait)).astype(float)
    given = {"genotypes": counts, "trait": trait, "covariates": covariates} | changed
    return prepare_pairs(*given.values(), kind=kind, variants=VARIANTS)


def named(pairs):
    return [("abcdefgh"[i], "abcdefgh"[j]) for i, j in pairs]


@pytest.mark.parametrize("missing", ["mean", "complete"])
def test_linear_regression_equals_statsmodels(missing):
    truth = np.array(list(STATSMODELS.values()))
    table = regress_pairs(
        design(), named(STATSMODELS), options=PairOptions(robust="HC1", missing=missing)
    )
    np.testing.assert_allclose(table[["beta", "se", "p"]], truth[:, :3], rtol=1e-8)
    np.testing.assert_allclose(table["se_robust"], truth[:, 3], rtol=1e-8)
    table = regress_pairs(design(), named(STATSMODELS))
    np.testing.assert_allclose(table["se_robust"], truth[:, 4], rtol=1e-8)
    assert (
        regress_pairs(design(), [("a", "b")], options=PairOptions(robust=None))
        .filter(like="robust")
        .empty
    )


def test_logistic_regression_equals_statsmodels():
    truth = np.array(list(STATSMODELS.values()))
    table = regress_pairs(design("binary"), named(STATSMODELS))
    np.testing.assert_allclose(table[["beta", "se"]], truth[:, 5:7], rtol=1e-8)
    # Seven columns, 400 people: statsmodels leaves this factor out of a Logit's HC1.
    np.testing.assert_allclose(table["se_robust"], truth[:, 7] * np.sqrt(400 / 393), rtol=1e-8)


def test_dominance_equals_statsmodels():
    table = regress_pairs(design(), [("b", "e")], options=PairOptions(dominance=True))
    # statsmodels 0.15.0: OLS with heterozygosity of both, and compare_f_test of four products.
    np.testing.assert_allclose(table["beta"], 0.2288358390428586, rtol=1e-8)
    np.testing.assert_allclose(table["se"], 0.13302216832575098, rtol=1e-8)
    np.testing.assert_allclose(10 ** -table["neg_log10_p_genotypic"], 0.20133551743431755, 1e-8)


def test_people_called_at_both_variants_are_those_of_a_smaller_study():
    counts, trait, covariates = data()
    counts[:30, 1] = np.nan
    counts[20:45, 4] = np.nan
    counts[:5, 6] = np.nan
    options = PairOptions(missing="complete", dominance=True)
    for kind in ("quantitative", "binary"):
        y = trait if kind == "quantitative" else (trait > 1.5).astype(float)
        whole = design(kind, genotypes=counts, trait=y)
        part = design(kind, genotypes=counts[45:], trait=y[45:], covariates=covariates[45:])
        mine, theirs = (regress_pairs(d, [("b", "e")], options=options) for d in (whole, part))
        assert mine["n"].tolist() == [355]
        for name in ("beta", "se", "se_robust", *mine.filter(like="genotypic")):
            np.testing.assert_allclose(mine[name], theirs[name], rtol=1e-7, err_msg=name)
    held = regress_pairs(
        design(genotypes=counts), [("b", "e"), ("a", "h")], leads=["g"], options=options
    )
    assert held["n"].tolist() == [355, 395]
    counts[:, 6] = np.where(np.arange(400) < 60, np.nan, counts[:, 6])
    held = regress_pairs(
        design(genotypes=counts), [("b", "e"), ("a", "h")], leads=["g"], options=options
    )
    assert held["n"].tolist() == [355, 340]
    filled = regress_pairs(design(genotypes=counts), [("b", "e")])
    assert filled["n"].tolist() == [400]


def test_gaps_are_at_the_mean_in_dominance_too():
    counts, trait, covariates = data()
    counts[:30, 1] = np.nan
    table = regress_pairs(
        design(genotypes=counts), [("b", "e")], options=PairOptions(dominance=True)
    )
    g = np.where(np.isnan(counts), np.nanmean(counts, axis=0), counts)
    het = np.where(np.isnan(counts), np.nan, counts == 1)
    het = np.where(np.isnan(het), np.nanmean(het, axis=0), het)
    x = np.column_stack(
        [np.ones(400), covariates, g[:, [1, 4]], het[:, [1, 4]], (g - g.mean(0))[:, [1, 4]].prod(1)]
    )
    assert table["beta"][0] == pytest.approx(np.linalg.lstsq(x, trait)[0][-1], rel=1e-8)


def test_leads_are_in_the_model_of_the_pairs_near_them():
    counts, _, covariates = data()
    pairs = [("a", "b"), ("a", "h"), ("d", "c")]
    table = regress_pairs(design(), pairs, leads=["e", "g", "c"])
    # Within a megabase of either variant, the pair itself left out.
    assert table["n_leads"].tolist() == [1, 2, 1]
    for k, (pair, leads) in enumerate(zip(pairs, ([2], [2, 6], [4]), strict=True)):
        held = design(covariates=np.column_stack([covariates, counts[:, leads]]))
        one = regress_pairs(held, [pair])
        np.testing.assert_allclose(table["beta"][k], one["beta"][0], rtol=1e-9)
        np.testing.assert_allclose(table["se_robust"][k], one["se_robust"][0], rtol=1e-9)
    plain = regress_pairs(design(), pairs)
    np.testing.assert_allclose(table["beta_unconditioned"], plain["beta"], rtol=1e-12)
    listed = pd.DataFrame(
        [("b", "a", "c"), ("a", "h", "c"), ("a", "h", "g"), ("a", "h", "a"), ("c", "d", "e")],
        columns=["variant_1", "variant_2", "lead"],
    )
    again = regress_pairs(design(), pairs, leads=listed)
    pd.testing.assert_frame_equal(table, again)


def test_a_lead_in_full_linkage_changes_nothing():
    counts, _, _ = data()
    counts[:, 3] = counts[:, 0]
    twin = design(genotypes=counts)
    leads = pd.DataFrame([("a", "b", "d")], columns=["variant_1", "variant_2", "lead"])
    table = regress_pairs(twin, [("a", "b")], leads=leads)
    np.testing.assert_allclose(table["beta"], table["beta_unconditioned"], rtol=1e-9)
    np.testing.assert_allclose(table["se"], STATSMODELS[0, 1][1], rtol=1e-8)


def test_linkage_distance_and_carriers():
    counts, _, _ = data()
    pairs = [(0, 1), (1, 4), (0, 7), (6, 7)]
    table = regress_pairs(design(), named(pairs), options=PairOptions(min_r2=0.9))
    truth = [np.corrcoef(counts[:, i], counts[:, j])[0, 1] ** 2 for i, j in pairs]
    np.testing.assert_allclose(table["r2"], truth, rtol=1e-9)
    assert table["distance"].tolist() == [499_999, 2_500_100, pd.NA, 395]
    assert table["phantom_risk"].tolist() == [True, False, False, True]
    minor = np.where(counts.mean(axis=0) <= 1, counts >= 1, counts <= 1)
    assert table["double_carriers"].tolist() == [
        (minor[:, i] & minor[:, j]).sum() for i, j in pairs
    ]
    linked = regress_pairs(design(), named(pairs), options=PairOptions(min_r2=0.0, window=0))
    assert linked["phantom_risk"].all()
    nowhere = prepare_pairs(*data())
    loose = regress_pairs(nowhere, [("variant_1", "variant_2")])
    assert loose["distance"].isna().all()
    assert pair_r2(nowhere, np.array([0]), np.array([1]))[0] == pytest.approx(truth[0])


def test_pairs_that_rest_on_a_handful_are_told():
    counts, _, _ = data()
    counts[:, :2] = 0
    counts[:12, 0] = counts[9:30, 1] = 1
    table = regress_pairs(design(genotypes=counts), named([(0, 1), (4, 5)]))
    assert table["double_carriers"][0] == 3
    assert table["handful"].tolist() == [True, False]
    assert table["top5"][0] > 0.6
    assert table["top5"][1] < 0.2


def test_scale_tells_a_product_of_effects_from_an_interaction():
    rng = np.random.default_rng(3)
    counts = rng.binomial(2, 0.4, size=(3000, 2)).astype(float)
    trait = np.exp(0.4 * counts.sum(axis=1) + 0.4 * rng.normal(size=3000))
    table = regress_pairs(prepare_pairs(counts, trait), [("variant_1", "variant_2")])
    assert table["neg_log10_p"][0] > 4
    assert table["neg_log10_p_log"][0] < 2
    shifted = regress_pairs(prepare_pairs(counts, trait - 5), [("variant_1", "variant_2")])
    assert "neg_log10_p_log" not in shifted
    assert shifted["neg_log10_p_rank_normal"][0] == pytest.approx(
        table["neg_log10_p_rank_normal"][0]
    )


def test_robust_errors_hold_where_the_variance_follows_a_genotype():
    rng = np.random.default_rng(4)
    counts = rng.binomial(2, 0.2, size=(400, 40)).astype(float)
    counts[:, 20:] = counts[:, :20]
    flip = rng.uniform(size=(400, 20)) < 0.3
    counts[:, 20:][flip] = rng.binomial(2, 0.2, size=flip.sum())
    trait = rng.normal(size=400) * np.exp(0.15 * counts.sum(axis=1) / 2)
    pairs = [(f"variant_{k}", f"variant_{k + 20}") for k in range(1, 21)]
    table = regress_pairs(prepare_pairs(counts, trait), pairs)
    assert (table["se_robust"] / table["se"]).mean() > 1.1


def locus(rng, n=2000):
    """Two typed variants in faint linkage, and a causal one on haplotypes that carry both."""
    a, b = rng.uniform(size=(2, n, 2)) < np.array([0.4, 0.4])[:, None, None]
    b = np.where(rng.uniform(size=(n, 2)) < 0.08, a, b)
    causal = rng.uniform(size=(n, 2)) < 0.05 + 0.3 * (a & b)
    return np.stack([x.sum(axis=1) for x in (a, b, causal)], axis=1).astype(float)


def test_phantom_epistasis_goes_once_the_causal_variant_is_in_the_model():
    rng = np.random.default_rng(11)
    variants = VARIANTS.iloc[:3]
    without, given, r2 = [], [], []
    for _ in range(250):
        counts = locus(rng)
        effect = counts[:, 2] - counts[:, 2].mean()
        trait = np.sqrt(0.03) * effect / effect.std() + rng.normal(size=len(counts))
        table = regress_pairs(
            prepare_pairs(counts, trait, variants=variants),
            [("a", "b")],
            leads=["c"],
            options=PairOptions(robust=None),
        )
        assert table["phantom_risk"][0]
        without.append(10 ** -table["neg_log10_p_unconditioned"][0])
        given.append(table["p"][0])
        r2.append(table["r2"][0])
    assert np.mean(r2) < 0.02
    assert np.mean(np.array(without) < 0.05) > 0.08
    assert 0.01 < np.mean(np.array(given) < 0.05) < 0.09


def test_what_cannot_be_fitted_is_missing():
    counts, _, _ = data()
    counts[:, 3] = counts[:, 0]
    y = ((counts[:, 1] > 0) & (counts[:, 4] > 0)).astype(float)
    table = regress_pairs(design(genotypes=counts), [("a", "d"), ("b", "e")])
    assert table["beta"].isna().tolist() == [True, False]
    table = regress_pairs(prepare_pairs(counts, y, kind="binary"), [("variant_2", "variant_5")])
    assert table[["beta", "se", "p", "se_robust"]].isna().all(axis=None)
    first = np.array([0])
    assert np.isnan(joint_tests(design(genotypes=counts * 0 + counts[:, :1]), first, first + 3))


@pytest.mark.parametrize(
    ("pairs", "leads", "message"),
    [
        ([("a", "a")], None, "'a' is paired with itself"),
        ([("a", "x")], None, "'x' is not among"),
        ([], None, r"shape \(0,\)"),
        (pd.DataFrame({"variant_1": ["a"]}), None, r"column\(s\) variant_2 missing"),
        ([("a", "b")], ["x"], "leads: variant 'x'"),
        ([("a", "b")], pd.DataFrame({"lead": ["c"]}), "variant_1, variant_2 missing"),
        (
            [("a", "b")],
            pd.DataFrame([("a", "c", "d")], columns=["variant_1", "variant_2", "lead"]),
            r"1 row\(s\) are for pairs that are not to be tested",
        ),
    ],
)
def test_bad_pairs_and_leads_are_refused(pairs, leads, message):
    with pytest.raises(InputError, match=message):
        regress_pairs(design(), pairs, leads=leads)


def test_named_leads_need_positions():
    with pytest.raises(InputError, match="the variants have no positions"):
        regress_pairs(prepare_pairs(*data()), [("variant_1", "variant_2")], leads=["variant_3"])


@pytest.mark.parametrize("options", [{"robust": "HC2"}, {"missing": "none"}, {"window": -1}])
def test_bad_options_are_refused(options):
    with pytest.raises(InputError, match=next(iter(options))):
        PairOptions(**options)
