"""z scores and probabilities: on made scores, on noise, on families with structures."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from alignments import needs_reference, reference_alignment, reference_distances, reference_scores
from scipy.stats import lognorm, norm, skewnorm

from seqgen.alignment import Residues
from seqgen.couplings.background import Mixture, background_level, fit_mixture
from seqgen.couplings.mean_field import mean_field_couplings
from seqgen.couplings.significance import add_significance, coupling_significance
from seqgen.couplings.weights import sequence_weights
from seqgen.errors import InputError
from seqgen.results import Couplings


def symmetric_noise(length, seed=0, planted=0, height=12.0):
    """A symmetric matrix of noise in which the first pairs 10 apart are high."""
    rng = np.random.default_rng(seed)
    matrix = np.triu(rng.normal(size=(length, length)), 1)
    place = np.arange(planted)
    matrix[place, place + 10] += height + rng.exponential(4, size=planted)
    return matrix + matrix.T


def within(scores, raw=None):
    residues = Residues.of_protein("A" * len(scores), "P1")
    scores = scores.copy()
    np.fill_diagonal(scores, np.nan)
    return Couplings(scores, residues, residues, "made", raw=raw)


# --- the mixture ----------------------------------------------------------------------------


def test_known_mixtures_are_found():
    rng = np.random.default_rng(2)
    noise = skewnorm.rvs(1.5, -0.9, 1.35, size=20_000, random_state=rng)
    tail = lognorm.rvs(0.6, scale=np.exp(1.6), size=800, random_state=rng)
    found = fit_mixture(np.concatenate([noise, tail]))
    expected = {"location": -0.9, "scale": 1.35, "shape": 1.5, "tail_mu": 1.6, "tail_sigma": 0.6}
    for name, value in expected.items():
        assert getattr(found, name) == pytest.approx(value, abs=0.2), name
    assert found.tail_share == pytest.approx(800 / 20_800, abs=0.006)
    assert found.gain > 1000
    assert found.moments == pytest.approx((noise.mean(), noise.std()), abs=0.03)
    # Of the pairs given a probability, that share is of the tail.
    probability = found.probability(np.concatenate([noise, tail]))
    coupled = np.arange(20_800) >= 20_000
    for low, high in ((0.1, 0.4), (0.4, 0.7), (0.7, 0.95), (0.95, 1.0)):
        among = (probability >= low) & (probability <= high)
        assert coupled[among].mean() == pytest.approx(probability[among].mean(), abs=0.12)


def test_probability_is_that_of_the_formula():
    mixture = Mixture(-0.8, 1.3, 1.2, 1.4, 0.5, 0.03, 100.0)
    values = np.array([1.0, 2.5, 4.0, 8.0])
    tail = 0.03 * lognorm.pdf(values, 0.5, scale=np.exp(1.4))
    noise = 0.97 * skewnorm.pdf(values, 1.2, -0.8, 1.3)
    np.testing.assert_allclose(mixture.probability(values), tail / (tail + noise), rtol=1e-9)
    assert mixture.probability(np.array([-3.0, 0.0])).tolist() == [0.0, 0.0]
    assert mixture.moments == pytest.approx(
        (skewnorm.mean(1.2, -0.8, 1.3), skewnorm.std(1.2, -0.8, 1.3))
    )
    assert np.isfinite(mixture.probability(np.array([-60.0, 1e3]))).all()


def test_planted_pairs_are_found_and_noise_is_not():
    found = coupling_significance(symmetric_noise(90, planted=25))
    place = np.arange(25)
    assert (found.probability[place, place + 10] > 0.99).all()
    others = np.triu(np.ones((90, 90), dtype=bool), 1)
    others[place, place + 10] = False
    assert (found.probability[others] > 0.5).sum() <= 2
    np.testing.assert_array_equal(found.probability, found.probability.T)
    assert np.isnan(np.diag(found.z)).all()
    assert found.z[others].std() == pytest.approx(1, abs=0.05)
    assert found.notices == ()


@pytest.mark.parametrize("seed", range(3))
def test_pure_noise_has_no_tail(seed):
    found = coupling_significance(symmetric_noise(90, seed))
    assert np.nanmax(found.probability) == 0
    assert found.notices == ("4005 pair(s) of residues: no more high scores than noise gives",)


def test_higher_scores_are_never_less_probable():
    scores = symmetric_noise(80, 3, planted=30, height=2.0)
    for method in ("mixture", "symmetric"):
        found = coupling_significance(scores, method=method)
        order = np.argsort(scores[np.triu_indices(80, 1)])
        assert (np.diff(found.probability[np.triu_indices(80, 1)][order]) >= 0).all()
        assert (np.diff(found.z[np.triu_indices(80, 1)][order]) >= 0).all()


def test_symmetric_rule_counts_the_mirrored_side():
    scores = symmetric_noise(60, 4, planted=20)
    values = scores[np.triu_indices(60, 1)] - np.median(scores[np.triu_indices(60, 1)])
    found = coupling_significance(scores, method="symmetric").probability[np.triu_indices(60, 1)]
    best = np.full(len(values), 0.0)
    for place in np.argsort(values):
        if values[place] > 0:
            low, high = (values <= -values[place]).sum(), (values >= values[place]).sum()
            best[place] = max(0.0, 1 - (1 + low) / (1 + high))
    order = np.argsort(values)
    np.testing.assert_allclose(found[order], np.maximum.accumulate(best[order]), atol=1e-12)
    assert found.max() > 0.9


# --- the background's level -----------------------------------------------------------------


def test_level_follows_the_product():
    rng = np.random.default_rng(5)
    expected = rng.uniform(0, 4, 6000)
    values = np.exp(-2 * expected) + rng.normal(0, 0.1, 6000)
    level = background_level(values, expected)
    np.testing.assert_allclose(level, np.exp(-2 * expected), atol=0.12)
    assert background_level(values, expected, np.array([-1.0, 9.0])) == pytest.approx(
        [1, 0], abs=0.1
    )


def test_conserved_residues_do_not_stand_out():
    # Norms have a floor: the product of two low levels lies far below it.
    rng = np.random.default_rng(6)
    levels = np.where(np.arange(90) < 8, 0.2, 1.5)
    product = np.outer(levels, levels)
    noise = np.triu(rng.normal(0, 0.05, size=(90, 90)), 1)
    scores = noise + noise.T + np.where(product < 0.1, 0.8, 0.0)
    assert (coupling_significance(scores).probability[:8, :8] > 0.9).sum() == 56
    corrected = coupling_significance(scores, raw=scores + product)
    assert np.nanmax(corrected.probability) == 0


# --- groups of pairs ------------------------------------------------------------------------


def test_close_pairs_are_judged_but_not_fitted():
    scores = symmetric_noise(90, 7, planted=25)
    near = np.abs(np.subtract.outer(np.arange(90), np.arange(90))) < 6
    high = scores + np.where(near, 15.0, 0.0)
    plain, found = add_significance(within(scores)), add_significance(within(high))
    far = ~near
    np.testing.assert_array_equal(found.z[far], plain.z[far])
    np.testing.assert_array_equal(found.probability[far], plain.probability[far])
    off = near & ~np.eye(90, dtype=bool)
    assert (found.probability[off] > 0.99).all()
    assert found.diagnostics["significance"]["within"]["n_pairs"] == 84 * 85 // 2


def test_separation_is_that_of_positions():
    scores = symmetric_noise(90, 8)
    residues = Residues.of_protein("A" * 180, "P1").take(np.arange(0, 180, 2))
    couplings = replace(within(scores), rows=residues, columns=residues)
    found = add_significance(couplings)
    assert found.diagnostics["significance"]["within"]["n_pairs"] == 87 * 88 // 2


def test_blocks_of_a_joint_result_have_their_own_background():
    scores = symmetric_noise(110, 9)
    scores[:60, 60:] *= 0.1
    scores[60:, :60] *= 0.1
    scores[3, 60:80] = scores[60:80, 3] = 1.5
    both = Residues.of_protein("A" * 60, "P1").join(Residues.of_protein("A" * 50, "P2"))
    couplings = replace(within(scores), rows=both, columns=both)
    found = add_significance(couplings)
    between = found.between("P1", "P2")
    assert (between.probability[3, :20] > 0.9).all()
    alone = coupling_significance(scores[:60, 60:])
    np.testing.assert_allclose(between.z, alone.z)
    np.testing.assert_allclose(between.probability, alone.probability)
    assert np.nanmax(found.between("P1", "P1").probability) == 0
    assert set(found.diagnostics["significance"]) == {"within", "P1 and P2"}
    assert found.notices == (
        "within: 2475 pair(s) of residues: no more high scores than noise gives",
    )
    np.testing.assert_array_equal(found.probability, found.probability.T)
    frame = found.to_frame()
    assert frame["probability"].notna().all()
    assert frame["z"].notna().all()


def test_rectangular_results_of_equal_sides_keep_their_diagonal():
    rng = np.random.default_rng(10)
    sides = (Residues.of_protein("A" * 40, "P1"), Residues.of_protein("A" * 40, "P2"))
    found = add_significance(Couplings(rng.normal(size=(40, 40)), *sides, "made"))
    assert np.isfinite(found.z).all()
    assert found.diagnostics["significance"]["P1 and P2"]["n_pairs"] == 1600


# --- little, missing and bad input ----------------------------------------------------------


@pytest.mark.parametrize(
    ("length", "z", "probability", "notice"),
    [
        (5, False, False, "10 pair.s. of residues: too few for z scores and probabilities"),
        (18, True, False, "153 pair.s. of residues: too few for probabilities"),
        (24, True, True, "276 pair.s. of residues: no more high scores"),
    ],
)
def test_few_pairs_are_told(length, z, probability, notice):
    found = coupling_significance(symmetric_noise(length))
    off = ~np.eye(length, dtype=bool)
    assert np.isfinite(found.z[off]).all() == z
    assert np.isfinite(found.probability[off]).all() == probability
    assert len(found.notices) == 1
    assert re.match(notice, found.notices[0])


def test_scores_that_are_alike_are_told():
    found = coupling_significance(np.ones((30, 30)))
    assert np.isnan(found.z).all()
    assert np.isnan(found.probability).all()
    assert "more than half of the scores are alike" in found.notices[0]
    assert np.isnan(coupling_significance(np.zeros((0, 0))).z).all()


def test_nan_takes_no_part_and_stays():
    scores = symmetric_noise(80, 11, planted=25)
    gone = scores.copy()
    gone[70:], gone[:, 70:] = np.nan, np.inf
    gone[70:, :] = gone[:, 70:].T
    found, smaller = coupling_significance(gone), coupling_significance(scores[:70, :70])
    np.testing.assert_array_equal(found.z[:70, :70], smaller.z)
    np.testing.assert_array_equal(found.probability[:70, :70], smaller.probability)
    assert np.isnan(found.z[70:]).all()
    assert gone[0, 75] == np.inf  # the caller's array is left as it was


@pytest.mark.parametrize("height", [1e3, 1e9, -1e9])
def test_one_score_far_off_hides_nothing(height):
    scores = symmetric_noise(80, 11, planted=25)
    off = scores.copy()
    off[5, 50] = off[50, 5] = height
    found, plain = coupling_significance(off), coupling_significance(scores)
    place = np.arange(25)
    assert (found.probability[place, place + 10] > 0.99).all()
    assert (found.probability[5, 50] > 0.99) == (height > 0)
    assert found.z[3, 13] == pytest.approx(plain.z[3, 13], rel=0.05)


def test_same_input_same_output():
    scores = symmetric_noise(80, 12, planted=25)
    one, other = coupling_significance(scores), coupling_significance(scores)
    np.testing.assert_array_equal(one.probability, other.probability)
    assert one.parameters == other.parameters


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"method": "gaussian"}, "method is 'gaussian'; expected one of mixture, symmetric"),
        ({"raw": np.zeros((2, 2))}, r"raw has shape \(2, 2\); expected \(30, 30\)"),
        ({"fitted": np.zeros(3, dtype=bool)}, r"fitted has shape \(3,\)"),
    ],
)
def test_bad_arguments_are_named(options, found):
    with pytest.raises(InputError, match=found):
        coupling_significance(symmetric_noise(30), **options)
    with pytest.raises(InputError, match="scores has 1 dimension"):
        coupling_significance(np.zeros(5))
    with pytest.raises(InputError, match="min_separation is 0"):
        add_significance(within(symmetric_noise(30)), min_separation=0)


# --- families -------------------------------------------------------------------------------


def shuffled(alignment, seed):
    """The alignment with each column's letters in another order: nothing is coupled."""
    rng = np.random.default_rng(seed)
    codes = np.stack([rng.permutation(column) for column in alignment.codes.T], axis=1)
    return replace(alignment, codes=np.ascontiguousarray(codes))


@needs_reference
@pytest.mark.parametrize("name", ["1a3a", "1atzA", "DHFR"])
def test_shuffled_columns_are_not_coupled(name):
    alignment = reference_alignment(name)
    weights = sequence_weights(alignment)
    found = add_significance(mean_field_couplings(shuffled(alignment, 0), weights=weights))
    i, j = np.triu_indices(alignment.length, 1)
    assert (found.probability[i, j] > 0.9).sum() == 0
    assert found.diagnostics["significance"]["within"]["gain"] < 30


@needs_reference
@pytest.mark.parametrize(("name", "near"), [("1a3a", 0.85), ("1atzA", 0.8), ("DHFR", 0.65)])
def test_probable_pairs_are_near_in_the_structure(name, near):
    scores, distances = reference_scores(name)["plmc32n_apc"], reference_distances(name)
    found = add_significance(within(scores.astype(float)))
    i, j = np.triu_indices(len(scores), 6)
    known = np.isfinite(distances[i, j])
    probability, distance = found.probability[i, j][known], distances[i, j][known]
    shares = [
        (distance[(probability >= low) & (probability < high)] < 8).mean()
        for low, high in ((0, 0.1), (0.1, 0.5), (0.5, 0.9), (0.9, 1.01))
    ]
    assert shares == sorted(shares)
    assert (distance[probability > 0.99] < 8).mean() > near
    assert (distance[probability > 0.99] < 12).mean() > 0.9
    assert found.diagnostics["significance"]["within"]["gain"] > 100


def test_z_of_noise_is_normal():
    found = coupling_significance(symmetric_noise(120, 13))
    z = found.z[np.triu_indices(120, 1)]
    for level in (0.05, 0.01):
        assert (z > norm.isf(level)).mean() == pytest.approx(level, rel=0.3)
