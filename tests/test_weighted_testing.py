"""Weights, weighted procedures, learning across folds, and permutation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import false_discovery_control, norm, t

from seqgen import stats
from seqgen.errors import InputError
from seqgen.weighted_testing import (
    cross_fold_weights,
    evidence_weights,
    max_t,
    max_t_threshold,
    permuted_maxima,
    permuted_orders,
    simulate_weighted_testing,
    weighted_bh,
    weighted_bonferroni,
)

# --- tails ---------------------------------------------------------------------------------


def test_tails_agree_with_scipy_and_go_on_where_it_ends():
    values = np.array([-3.0, 0.0, 1.5, 12.0])
    assert stats.p_of_t(values, 30) == pytest.approx(2 * t.sf(np.abs(values), 30), rel=1e-12)
    logs = stats.neg_log10_p_of_t(values, 30.0)
    assert logs == pytest.approx(-np.log10(2 * t.sf(np.abs(values), 30)), rel=1e-10)
    assert stats.t_of_p(1e-12, 30) == pytest.approx(t.isf(5e-13, 30), rel=1e-10)
    ratio, _ = quad(lambda x: np.exp(t.logpdf(x, 5000) - t.logpdf(200.0, 5000)), 200.0, 260.0)
    far = -(t.logpdf(200.0, 5000) + np.log(2 * ratio)) / np.log(10)
    assert far > 310
    assert stats.neg_log10_p_of_t(np.array([200.0]), 5000.0)[0] == pytest.approx(far, rel=1e-9)
    normal = stats.neg_log10_p_of_t(np.array([45.0]), np.inf)[0]
    assert normal == pytest.approx(-(norm.logsf(45.0) + np.log(2)) / np.log(10), rel=1e-12)


def test_benjamini_hochberg_with_tests_that_are_not_given():
    rng = np.random.default_rng(2)
    p = np.concatenate([rng.uniform(size=30) ** 6, np.ones(70)])
    whole = false_discovery_control(p)
    assert stats.benjamini_hochberg(p[:30], n_tests=100) == pytest.approx(whole[:30])


# --- weights -------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    evidence=st.lists(st.one_of(st.just(np.nan), st.floats(-50, 50)), min_size=1, max_size=40),
    extra=st.integers(0, 10_000),
    share=st.floats(0, 1),
    rest=st.one_of(st.none(), st.floats(0, 1)),
)
def test_weights_average_one_over_all_tests(evidence, extra, share, rest):
    evidence = np.array(evidence)
    made = evidence_weights(
        evidence, uniform_share=share, n_tests=len(evidence) + extra, rest_weight=rest
    )
    assert made.values.sum() + extra * made.rest == pytest.approx(len(evidence) + extra, rel=1e-9)
    missing = np.isnan(evidence)
    assert (made.values[missing] == 1.0).all()
    known = np.flatnonzero(~missing)
    assert (made.values[known] >= share - 1e-12).all()
    order = known[np.argsort(evidence[known], kind="stable")]
    assert (np.diff(made.values[order]) >= -1e-12 * made.values.max()).all()


def test_proportional_weights_are_the_evidence():
    made = evidence_weights(np.array([0.1, 0.3]), rule="proportional", uniform_share=0.0)
    assert made.values == pytest.approx([0.5, 1.5])
    none = evidence_weights(np.zeros(3), rule="proportional")
    assert none.values == pytest.approx([1.0, 1.0, 1.0])


def test_without_any_evidence_all_weights_are_one():
    made = evidence_weights(np.array([np.nan, np.nan]), n_tests=10)
    assert made.values.tolist() == [1.0, 1.0]
    assert made.rest == 1.0


@pytest.mark.parametrize(
    ("evidence", "options", "told"),
    [
        ([], {}, "at least one test"),
        ([1.0, np.inf], {}, "1 infinite value"),
        ([1.0, -2.0], {"rule": "proportional"}, "1 negative value.*-2.0 at row 1"),
        ([1.0], {"rule": "best"}, "rule is 'best'"),
        ([1.0], {"uniform_share": 1.5}, "uniform_share is 1.5"),
        ([1.0], {"rest_weight": -0.1}, "rest_weight is -0.1"),
        ([1.0], {"steepness": 1.0}, "steepness is 1.0"),
        ([1.0, 2.0], {"n_tests": 1}, "n_tests is 1 for 2"),
        (["high"], {}, "no numbers"),
    ],
)
def test_bad_evidence_is_refused(evidence, options, told):
    with pytest.raises(InputError, match=told):
        evidence_weights(np.array(evidence), **options)


# --- procedures ----------------------------------------------------------------------------


def test_uniform_weights_change_nothing():
    p = np.random.default_rng(3).uniform(size=50) ** 3
    assert weighted_bh(p, np.ones(50)) == pytest.approx(false_discovery_control(p))
    assert weighted_bonferroni(p, np.ones(50)) == pytest.approx(np.minimum(1, 50 * p))


def test_weighted_bh_is_the_step_up_rule():
    rng = np.random.default_rng(4)
    p, weights = rng.uniform(size=200) ** 4, rng.gamma(1, size=200)
    weights /= weights.mean()
    ratio = p / weights
    ordered = np.sort(ratio)
    passed = np.flatnonzero(ordered <= 0.1 * np.arange(1, 201) / 200)
    cut = ordered[passed.max()]
    assert ((weighted_bh(p, weights) <= 0.1) == (ratio <= cut)).all()


def test_hits_alone_give_the_same_answer_as_all_tests():
    rng = np.random.default_rng(5)
    p = np.concatenate([rng.uniform(size=40) * 1e-4, rng.uniform(0.2, 1, size=960)])
    made = evidence_weights(rng.normal(size=1000))
    whole = weighted_bh(p, made)
    hits = p < 0.1
    part = weighted_bh(
        p[hits], made.values[hits], n_tests=1000, weight_sum=float(made.values.sum())
    )
    assert part == pytest.approx(whole[hits])
    assert (part < 0.05).any()


def test_listed_tests_of_many_more_carry_their_sum_along():
    made = evidence_weights(np.array([0.0, 1.0]), n_tests=100)
    adjusted = weighted_bonferroni(np.array([1e-3, 1e-3]), made)
    assert adjusted == pytest.approx(1e-3 * 100 / made.values)


def test_weight_zero_is_never_rejected():
    assert weighted_bh(np.array([0.0, 0.01]), np.array([0.0, 2.0]))[0] == 1.0


@pytest.mark.parametrize(
    ("p", "weights", "options", "told"),
    [
        ([0.1, np.nan], [1, 1], {}, "p: 1 value"),
        ([0.1, 1.2], [1, 1], {}, "first 1.2 at row 1"),
        ([0.1, 0.2], [1, -1], {}, "weights: 1 negative.*row 1"),
        ([0.1, 0.2], [1, np.nan], {}, "weights: 1 negative, infinite or missing"),
        ([0.1, 0.2], [1, 2], {}, "average 1.5 over the 2 tests"),
        ([0.1, 0.2], [1], {}, "one weight each"),
        ([0.1], [1], {"n_tests": 10}, "weight_sum: missing"),
        ([0.1], [1], {"n_tests": 10, "weight_sum": 30}, "average 3 over"),
        ([0.1], [20], {"n_tests": 10, "weight_sum": 10}, "alone sum to 20"),
        ([0.1, 0.2], [1, 1], {"n_tests": 1}, "n_tests is 1 for 2"),
    ],
)
def test_bad_weights_are_refused(p, weights, options, told):
    for procedure in (weighted_bh, weighted_bonferroni):
        with pytest.raises(InputError, match=told):
            procedure(np.array(p), np.array(weights, dtype=float), **options)


def test_weights_made_for_other_tests_are_refused():
    made = evidence_weights(np.array([0.0, 1.0]), n_tests=10)
    with pytest.raises(InputError, match="made for 10 tests"):
        weighted_bh(np.array([0.1, 0.2]), made, n_tests=12)


# --- learning across folds -----------------------------------------------------------------


def _drawn(sign: float = 1.0):
    rng = np.random.default_rng(6)
    evidence = rng.normal(size=20_000)
    z = rng.normal(size=20_000)
    true = rng.uniform(size=20_000) < np.where(sign * evidence > 1, 0.05, 0.0)
    z[true] += 4.0
    return 2 * norm.sf(np.abs(z)), evidence, np.arange(20_000) % 5


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_folds_learn_where_the_signal_is_in_either_direction(sign):
    p, evidence, folds = _drawn(sign)
    learned = cross_fold_weights(p, evidence, folds)
    inside = learned.values[sign * evidence > 1.3].mean()
    outside = learned.values[sign * evidence <= 1.3].mean()
    assert inside > 1.5 * outside
    for fold in range(5):
        assert learned.values[folds == fold].mean() == pytest.approx(1.0)


def test_a_fold_has_no_say_in_its_own_weights():
    p, evidence, folds = _drawn()
    before = cross_fold_weights(p, evidence, folds).values[folds == 2]
    changed = np.where(folds == 2, np.random.default_rng(7).uniform(size=p.size), p)
    after = cross_fold_weights(changed, evidence, folds).values
    assert (after[folds == 2] == before).all()
    assert (after[folds != 2] != cross_fold_weights(p, evidence, folds).values[folds != 2]).any()


def test_without_signal_weights_stay_even_and_missing_evidence_is_a_bin():
    rng = np.random.default_rng(8)
    evidence = rng.normal(size=2000)
    evidence[:300] = np.nan
    learned = cross_fold_weights(rng.uniform(0.3, 1, size=2000), evidence, np.arange(2000) % 4)
    assert learned.values == pytest.approx(np.ones(2000))
    sizes = learned.by_bin.groupby("bin")["n_tests"].sum()
    assert sizes.iloc[-1] == 300
    assert len(sizes) == 11


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"folds": np.zeros(6)}, "1 fold"),
        ({"folds": np.zeros(5)}, "one each"),
        ({"evidence": np.full(6, np.inf)}, "infinite"),
        ({"bins": 0}, "bins is 0"),
        ({"alpha": 1.0}, "alpha is 1.0"),
        ({"uniform_shares": (2.0,)}, "uniform_shares"),
    ],
)
def test_bad_folds_are_refused(change, told):
    given = {"p": np.full(6, 0.5), "evidence": np.arange(6.0), "folds": np.arange(6) % 3}
    with pytest.raises(InputError, match=told):
        cross_fold_weights(**(given | change))


# --- simulation ----------------------------------------------------------------------------


def test_error_rate_and_power_are_kept_whatever_the_evidence():
    table = simulate_weighted_testing(n_tests=20_000, n_true=100, repeats=12, seed=3)
    table = table.set_index(["evidence", "procedure"])
    assert (table["fdp"] <= 0.05 + 3 * table["fdp_se"]).all()
    assert table.loc[("informative", "mixed"), "power_ratio"] > 1.12
    assert table.loc[("useless", "mixed"), "power_ratio"] > 0.88
    assert table.loc[("adversarial", "mixed"), "power_ratio"] > 0.75
    assert table.loc[("adversarial", "weighted"), "power_ratio"] < 0.75


def test_simulation_refuses_what_has_no_truth():
    with pytest.raises(InputError, match="n_true"):
        simulate_weighted_testing(n_true=0)


# --- permutation ---------------------------------------------------------------------------


def test_orders_are_permutations_within_strata():
    strata = np.array(["b", "a", "b", "a", "a", "b", "b"])
    orders = permuted_orders(7, 50, strata=strata, seed=2)
    assert (np.sort(orders, axis=1) == np.arange(7)).all()
    assert (strata[orders] == strata).all()
    assert len(np.unique(orders, axis=0)) > 20
    assert len(np.unique(permuted_orders(5, 200), axis=0)) > 60


def test_max_t_keeps_the_family_wise_error_of_dependent_tests():
    rng = np.random.default_rng(9)
    shared = rng.normal(size=(60, 1))
    x = shared + 0.3 * rng.normal(size=(60, 40))
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    rejected = 0
    for _ in range(200):
        y = rng.normal(size=60)
        maxima = permuted_maxima(lambda order, y=y: y[order] @ x, permuted_orders(60, 39))
        observed = y @ x
        q = max_t(observed, maxima)
        threshold = max_t_threshold(maxima, level=0.05)
        assert ((q <= 0.05) == (np.abs(observed) >= threshold)).all()
        rejected += (q <= 0.05).any()
    assert 1 <= rejected <= 22
    assert max_t(np.array([10.0]), np.arange(9.0)).tolist() == [1 / 10]


def test_bad_permutations_are_refused():
    with pytest.raises(InputError, match="at least 19"):
        max_t_threshold(np.arange(5.0), level=0.05)
    with pytest.raises(InputError, match="one each"):
        permuted_orders(4, 2, strata=[0, 1])
    with pytest.raises(InputError, match="nobody can be exchanged"):
        permuted_orders(3, 2, strata=[0, 1, 2])
    with pytest.raises(InputError, match="missing values"):
        max_t(np.array([np.nan]), np.array([1.0]))
    with pytest.raises(InputError, match="NaN in 1 of 1"):
        permuted_maxima(lambda order: np.array([np.nan]), np.array([[0, 1]]))
