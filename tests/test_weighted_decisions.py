"""Decisions with and without weights, and the shuffled control beside them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import false_discovery_control, norm

from seqgen import schemas
from seqgen.errors import InputError
from seqgen.weighted_testing import WeightOptions, decide, evidence_weights


def drawn(n=2000, true=60, effect=3.2, separation=2.0):
    rng = np.random.default_rng(3)
    z = rng.normal(size=n)
    z[:true] += effect
    evidence = rng.normal(size=n)
    evidence[:true] += separation
    return 2 * norm.sf(np.abs(z)), evidence


def test_all_listed_is_weighted_benjamini_hochberg_by_hand():
    p, evidence = drawn()
    table = decide(p, evidence, np.ones(len(p), bool), n_tests=len(p)).table
    weights = evidence_weights(evidence).values
    assert np.allclose(table["weight"], weights)
    assert np.isclose(table["weight"].mean(), 1)
    assert np.allclose(table["q"], false_discovery_control(p))
    by_hand = false_discovery_control(np.minimum(p / weights, 1))
    assert np.allclose(table["q_weighted"], by_hand)
    assert np.allclose(table["p_bonferroni_weighted"], np.minimum(1, p * len(p) / weights))
    gained = (table["q"] > 0.05) & (table["q_weighted"] <= 0.05)
    assert gained.sum() > 5
    assert ((table["decision"] == "gained") == gained).all()


def test_tests_that_are_not_given_count_and_weigh():
    p, evidence = drawn()
    listed = np.arange(len(p)) < 500
    whole = decide(p, np.where(listed, evidence, np.nan), listed, n_tests=len(p)).table
    # Only listed tests and small p values are given; the rest can make no discovery.
    given = listed | (p < 0.01)
    part = decide(p[given], np.where(listed, evidence, np.nan)[given], listed[given],
                  n_tests=len(p)).table  # fmt: skip
    assert np.allclose(part["weight"], whole["weight"][given])
    assert np.isclose(whole["weight"].sum(), len(p))
    found = whole["q_weighted"][given].to_numpy() <= 0.05
    assert found.any()
    assert (found == (part["q_weighted"].to_numpy() <= 0.05)).all()


def test_shuffled_evidence_gains_nothing_and_informative_does():
    p, evidence = drawn()
    control = decide(p, evidence, np.ones(len(p), bool), n_tests=len(p)).control
    assert list(control.columns) == schemas.CONTROL.names
    bh = control[control["procedure"] == "Benjamini-Hochberg"].set_index("weights")
    assert bh.loc["evidence", "discoveries"] > 1.2 * bh.loc["none", "discoveries"]
    assert bh.loc["shuffled", "discoveries"] < bh.loc["none", "discoveries"]
    assert bh.loc["shuffled", "low"] <= bh.loc["shuffled", "discoveries"]
    # 20 shuffles, none of which is as good as the evidence.
    assert bh.loc["shuffled", "high"] < bh.loc["evidence", "discoveries"]


def test_cross_fold_learns_from_other_folds_and_leaves_the_unlisted_alone():
    p, evidence = drawn(n=6000, true=300)
    listed = np.arange(len(p)) % 4 > 0
    folds = np.arange(len(p)) % 5
    options = WeightOptions(scheme="cross-fold", shuffles=2)
    table = decide(p, np.where(listed, -evidence, np.nan), listed, n_tests=len(p), folds=folds,
                   options=options).table  # fmt: skip
    assert (table["weight"][~listed] == 1).all()
    assert np.isclose(table["weight"].mean(), 1)
    # Evidence that points the wrong way is used as well.
    assert (table["q_weighted"] <= 0.05).sum() > (table["q"] <= 0.05).sum()


def test_without_evidence_nothing_changes():
    p, _ = drawn()
    for listed in (np.zeros(len(p), bool), np.ones(len(p), bool)):
        table = decide(p, np.full(len(p), np.nan), listed, n_tests=2 * len(p)).table
        assert np.allclose(table["q"], table["q_weighted"])
        assert set(table["decision"]) <= {"both", "neither"}


def test_no_test_given_is_no_discovery():
    nothing = np.empty(0)
    done = decide(nothing, nothing, nothing.astype(bool), n_tests=1000)
    assert done.table.empty
    assert (done.control["discoveries"] == 0).all()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"n_tests": 10}, "n_tests is 10"),
        ({"evidence": np.zeros(3)}, "shapes"),
        ({"options": WeightOptions(scheme="cross-fold")}, "folds: missing"),
    ],
)
def test_bad_input(change, told):
    p, evidence = drawn()
    given = {"evidence": evidence, "n_tests": len(p)} | change
    with pytest.raises(InputError, match=told):
        decide(p, given.pop("evidence"), np.ones(len(p), bool), **given)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("alpha", 0),
        ("scheme", "learned"),
        ("rule", "best"),
        ("shuffles", -1),
        ("seed", -1),
        ("uniform_share", 2),
        ("rest_weight", -1),
        ("steepness", 1),
    ],
)
def test_bad_options(option, value):
    with pytest.raises(InputError, match=option):
        WeightOptions(**{option: value})


def test_control_shuffles_over_all_tests_not_the_listed_alone():
    """A list without scores is judged by whether it is better than a list of other tests."""
    p, _ = drawn()
    listed = np.arange(len(p)) < 100  # the true ones are the first 60
    evidence = np.where(listed, 0.0, np.nan)
    control = decide(p, evidence, listed, n_tests=len(p)).control
    bh = control[control["procedure"] == "Benjamini-Hochberg"].set_index("weights")
    assert bh.loc["evidence", "discoveries"] > bh.loc["shuffled", "high"]
    # Most of the tests may not be given at all.
    given = listed | (p < 0.01)
    part = decide(p[given], evidence[given], listed[given], n_tests=len(p)).control
    again = part[part["procedure"] == "Benjamini-Hochberg"].set_index("weights")
    assert abs(again.loc["shuffled", "discoveries"] - bh.loc["shuffled", "discoveries"]) < 3


def test_no_control_where_nothing_is_weighed():
    p, _ = drawn()
    nothing = np.zeros(len(p), bool)
    control = decide(p, np.full(len(p), np.nan), nothing, n_tests=len(p)).control
    assert set(control["weights"]) == {"none"}
    listed = ~nothing
    control = decide(p, np.full(len(p), np.nan), listed, n_tests=len(p)).control
    assert set(control["weights"]) == {"none", "evidence"}
