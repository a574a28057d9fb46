"""Mean-field couplings: against arithmetic written out, against pydca and EVcouplings."""

from __future__ import annotations

import numpy as np
import pytest
from alignments import (
    made_alignment,
    needs_reference,
    random_alignment,
    reference_alignment,
    reference_distances,
    reference_scores,
)

from seqgen.couplings import direct_information as di
from seqgen.couplings import mean_field
from seqgen.couplings.direct_information import direct_information
from seqgen.couplings.mean_field import fit_mean_field, mean_field_couplings
from seqgen.couplings.norms import frobenius_norms
from seqgen.couplings.site_independent import fit_site_independent
from seqgen.couplings.weights import column_frequencies, sequence_weights
from seqgen.errors import InputError
from seqgen.models.potts import PottsModel

PEERS = [("1atzA", "pydca"), ("DHFR", "pydca"), ("1a3a", "evcouplings")]
KEYS = {
    "pydca": {"raw": "pydca_mf_FN", "scores": "pydca_mf_FN_APC", "fields": "pydca_mf_fields",
              "di": "pydca_mf_DI", "di_apc": "pydca_mf_DI_APC"},
    "evcouplings": {"raw": "evcouplings_mf_fn", "scores": "evcouplings_mf_cn",
                    "fields": "evcouplings_mf_h", "di": "evcouplings_mf_di"},
}  # fmt: skip


def written(alignment, weights, pseudocount, reference):
    """Pair and single frequencies in loops, and minus the inverse of their covariance."""
    n, length = alignment.codes.shape
    states = [a for a in range(21) if a != reference]
    one = np.full((length, 21), pseudocount / 21)
    two = np.full((length, 21, length, 21), pseudocount / 441)
    for row in range(n):
        share = (1 - pseudocount) * weights[row] / weights.sum()
        for i, a in enumerate(alignment.codes[row]):
            one[i, a] += share
            for j, b in enumerate(alignment.codes[row]):
                two[i, a, j, b] += share
    for i in range(length):
        two[i, :, i, :] = np.diag(one[i])
    covariance = two - one[:, :, None, None] * one[None, None]
    size = length * 20
    inverse = np.linalg.inv(covariance[:, states][:, :, :, states].reshape(size, size))
    return one, -inverse.reshape(length, 20, length, 20), states


@pytest.mark.parametrize(("convention", "reference"), [("seqgen", 0), ("evcouplings", 20)])
def test_parameters_are_those_of_the_formula(convention, reference):
    alignment = random_alignment(40, 5)
    weights = np.random.default_rng(1).uniform(0.1, 1, 40)
    model = fit_mean_field(alignment, weights=weights, pseudocount=0.3, convention=convention)
    one, expected, states = written(alignment, weights, 0.3, reference)
    for i in range(5):
        for j in range(5):
            pair = model.pair(i, j)
            assert (pair[reference] == 0).all()
            assert (pair[:, reference] == 0).all()
            if i != j:
                np.testing.assert_allclose(
                    pair[np.ix_(states, states)], expected[i, :, j], atol=1e-10
                )
        field = np.log(one[i, states] / one[i, reference])
        for j in range(5):
            if j != i:
                field -= expected[i, :, j] @ one[j, states]
        np.testing.assert_allclose(model.fields[i, states], field, atol=1e-9)
    assert (model.fields[:, reference] == 0).all()


def test_conventions_differ_in_gauge_only():
    alignment = random_alignment(60, 6, seed=2)
    weights = np.ones(60)
    models = [
        fit_mean_field(alignment, weights=weights, convention=name)
        for name in mean_field.CONVENTIONS
    ]
    first = models[0].energy(alignment.codes)
    for other in models[1:]:
        energies = other.energy(alignment.codes)
        np.testing.assert_allclose(np.diff(energies), np.diff(first), atol=1e-9)
        np.testing.assert_allclose(
            frobenius_norms(other, states="all"), frobenius_norms(models[0], states="all")
        )


@needs_reference
@pytest.mark.parametrize(("name", "convention"), PEERS)
def test_peers_are_met(name, convention):
    alignment, held, keys = reference_alignment(name), reference_scores(name), KEYS[convention]
    found = mean_field_couplings(alignment, convention=convention)
    off = ~np.eye(alignment.length, dtype=bool)
    np.testing.assert_allclose(found.raw[off], held[keys["raw"]][off], rtol=1e-8)
    np.testing.assert_allclose(found.scores[off], held[keys["scores"]][off], rtol=0, atol=1e-8)
    informed = mean_field_couplings(alignment, convention=convention, score="direct-information")
    np.testing.assert_allclose(informed.raw[off], held[keys["di"]][off], rtol=1e-8)
    if "di_apc" in keys:
        np.testing.assert_allclose(informed.scores[off], held[keys["di_apc"]][off], atol=1e-8)
        assert found.diagnostics["neff"] == pytest.approx(float(held["pydca_mf_neff"]), rel=1e-12)
    fields = fit_mean_field(alignment, convention=convention).fields
    np.testing.assert_allclose(fields[:, -held[keys["fields"]].shape[1] :], held[keys["fields"]],
                               rtol=1e-8, atol=1e-8)  # fmt: skip


@needs_reference
def test_couplings_are_contacts():
    scores = mean_field_couplings(reference_alignment("1a3a")).scores
    distances = reference_distances("1a3a")
    i, j = np.triu_indices(len(scores), 6)
    known = np.isfinite(distances[i, j])
    i, j = i[known], j[known]
    best = np.argsort(-scores[i, j])
    near = distances[i, j][best] < 8
    assert near[:145].mean() >= 0.62
    assert near[:29].mean() >= 0.93


def test_default_weights_are_those_of_the_convention():
    # The second row differs from the first in exactly a fifth of the columns.
    codes = np.random.default_rng(3).integers(1, 21, size=(6, 10))
    codes[1] = codes[0]
    codes[1, :2] = codes[0, :2] % 20 + 1
    alignment = made_alignment(codes)
    for convention, strict in (("seqgen", False), ("evcouplings", False), ("pydca", True)):
        model = fit_mean_field(alignment, convention=convention)
        assert model.settings["neff"] == sequence_weights(alignment, strict=strict).sum()
        assert model.settings["neff"] == (6 if strict else 5)


def test_blocks_of_rows_make_no_difference(monkeypatch):
    alignment = random_alignment(50, 6, seed=4)
    whole = fit_mean_field(alignment)
    monkeypatch.setattr(mean_field, "_ROWS", 7)
    np.testing.assert_allclose(fit_mean_field(alignment).couplings, whole.couplings, atol=1e-10)


def test_a_weight_of_zero_is_no_sequence():
    alignment = random_alignment(30, 5)
    weights = np.ones(30)
    weights[20:] = 0
    short = fit_mean_field(alignment.rows(np.arange(20)), weights=np.ones(20))
    found = fit_mean_field(alignment, weights=weights)
    np.testing.assert_allclose(found.couplings, short.couplings, atol=1e-10)


def test_a_planted_pair_stands_out_of_a_chain():
    # 1 drives 2 and 2 drives 3: the pair 1-3 is only coupled through 2.
    rng = np.random.default_rng(6)
    codes = rng.integers(1, 5, size=(4000, 6))
    for target in (2, 3):
        copied = rng.random(4000) < 0.7
        codes[copied, target] = codes[copied, target - 1]
    found = mean_field_couplings(
        made_alignment(codes), weights=np.ones(4000), pseudocount=0.3, score="direct-information"
    )
    assert found.to_frame().loc[:1, "position_1"].tolist() in ([2, 3], [3, 2])
    assert found.raw[1, 2] > 5 * found.raw[1, 3]


# --- direct information ---------------------------------------------------------------------


def test_two_residue_models_have_the_frequencies():
    alignment = random_alignment(60, 5, seed=7)
    weights = np.ones(60)
    model = fit_mean_field(alignment, weights=weights)
    frequencies = column_frequencies(alignment, weights, pseudocount=0.5)
    found = direct_information(model, frequencies)
    i, j = np.triu_indices(5, 1)
    factors = np.exp(model.couplings)
    first, second = di._balanced(factors, frequencies[i], frequencies[j], 1e-12)
    joint = factors * first[:, :, None] * second[:, None]
    joint /= joint.sum(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(joint.sum(axis=2), frequencies[i], atol=1e-9)
    np.testing.assert_allclose(joint.sum(axis=1), frequencies[j], atol=1e-9)
    apart = frequencies[i][:, :, None] * frequencies[j][:, None]
    np.testing.assert_allclose(
        found[i, j], (joint * np.log(joint / apart)).sum(axis=(1, 2)), rtol=1e-6
    )
    assert (found[i, j] > 0).all()
    np.testing.assert_array_equal(found, found.T)


def test_no_coupling_no_information(monkeypatch):
    alignment = random_alignment(20, 4)
    model = fit_site_independent(alignment, weights=np.ones(20))
    frequencies = column_frequencies(alignment, np.ones(20), pseudocount=0.5)
    assert (direct_information(model, frequencies) == 0).all()
    zero = PottsModel(model.letters, model.fields, np.zeros((6, 21, 21)), model.residues)
    np.testing.assert_allclose(direct_information(zero, frequencies), 0, atol=1e-12)
    coupled = fit_mean_field(alignment, weights=np.ones(20))
    monkeypatch.setattr(di, "_MOST_ROUNDS", 1)
    with pytest.raises(InputError, match=r"6 pair\(s\) are not found in 1 rounds"):
        direct_information(coupled, frequencies)


# --- bad input ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"pseudocount": 0.0}, "pseudocount is 0.0; expected a share above 0"),
        ({"pseudocount": 1.0}, "pseudocount is 1.0"),
        ({"pseudocount": float("nan")}, "pseudocount is nan"),
        ({"convention": "ccmpred"}, "convention is 'ccmpred'; expected one of seqgen, pydca"),
        ({"score": "mi"}, "score is 'mi'; expected one of norm, direct-information"),
        ({"weights": np.ones(3)}, r"weights has shape \(3,\)"),
        ({"weights": np.full(12, np.nan)}, "weights: expected finite"),
        ({"weights": np.zeros(12)}, "not all 0"),
    ],
)
def test_bad_arguments_are_named(options, found):
    with pytest.raises(InputError, match=found):
        mean_field_couplings(random_alignment(12, 4), **options)


def test_too_small_and_singular_alignments_are_told():
    with pytest.raises(InputError, match=r"made: 1 sequence\(s\) of 4 column"):
        fit_mean_field(made_alignment(np.ones((1, 4))))
    with pytest.raises(InputError, match=r"9 sequence\(s\) of 1 column"):
        fit_mean_field(made_alignment(np.ones((9, 1))))
    with pytest.raises(InputError, match="cannot be inverted with pseudocount 1e-18"):
        fit_mean_field(made_alignment(np.ones((9, 4))), pseudocount=1e-18)


@pytest.mark.parametrize("size", [2, 3])
def test_one_letter_everywhere_couples_nothing(size):
    found = mean_field_couplings(made_alignment(np.full((9, size), 5)), weights=np.ones(9))
    off = ~np.eye(size, dtype=bool)
    np.testing.assert_allclose(found.scores[off], 0, atol=1e-9)


# --- independent sites ----------------------------------------------------------------------


def test_independent_sites_are_log_frequencies():
    alignment = random_alignment(25, 4, seed=9)
    weights = np.random.default_rng(2).uniform(0, 1, 25)
    model = fit_site_independent(alignment, weights=weights, pseudocount=2.0)
    assert model.couplings is None
    for i in range(4):
        for a in range(21):
            count = weights[alignment.codes[:, i] == a].sum()
            expected = np.log((count + 2) / (weights.sum() + 42))
            assert model.fields[i, a] == pytest.approx(expected)
    with pytest.raises(InputError, match="pseudocount is 0"):
        fit_site_independent(alignment, pseudocount=0)
