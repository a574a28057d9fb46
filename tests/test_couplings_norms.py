"""Frobenius norms and the average product correction: against arithmetic written out."""

from __future__ import annotations

import numpy as np
import pytest
from alignments import needs_reference, reference_scores

from seqgen.alignment import ALIGNMENT_LETTERS, Residues
from seqgen.couplings import norms
from seqgen.couplings.norms import average_product_correction, frobenius_norms
from seqgen.errors import InputError
from seqgen.models.potts import PottsModel
from seqgen.schemas import AMINO_ACIDS


def random_model(length=6, q=21, seed=0):
    rng = np.random.default_rng(seed)
    n = length * (length - 1) // 2
    couplings = rng.normal(size=(n, q, q))
    letters = ALIGNMENT_LETTERS if q == 21 else AMINO_ACIDS
    residues = Residues.of_protein("A" * length)
    return PottsModel(letters, np.zeros((length, q)), couplings, residues)


def written_norm(matrix):
    total, q = 0.0, len(matrix)
    for a in range(q):
        for b in range(q):
            value = matrix[a, b] - matrix[a].mean() - matrix[:, b].mean() + matrix.mean()
            total += value**2
    return np.sqrt(total)


@pytest.mark.parametrize(
    ("q", "states", "first"), [(21, "residues", 1), (21, "all", 0), (20, "residues", 0)]
)
def test_norm_is_that_of_the_centred_matrix(q, states, first):
    model = random_model(q=q)
    found = frobenius_norms(model, states=states)
    for i in range(model.length):
        for j in range(model.length):
            expected = written_norm(model.pair(i, j)[first:, first:]) if i != j else 0.0
            assert found[i, j] == pytest.approx(expected, rel=1e-12)


def test_norm_does_not_depend_on_the_gauge():
    plain = random_model()
    rng = np.random.default_rng(5)
    shift = rng.normal(size=(15, 21, 1)) + rng.normal(size=(15, 1, 21))
    moved = PottsModel(plain.letters, plain.fields, plain.couplings + 9 * shift, plain.residues)
    for states in ("residues", "all"):
        np.testing.assert_allclose(
            frobenius_norms(plain, states=states), frobenius_norms(moved, states=states), rtol=1e-10
        )


def test_blocks_make_no_difference(monkeypatch):
    model = random_model(length=9)
    whole = frobenius_norms(model)
    monkeypatch.setattr(norms, "_BLOCK", 5)
    np.testing.assert_array_equal(frobenius_norms(model), whole)


def test_no_couplings_no_norm():
    model = PottsModel(AMINO_ACIDS, np.zeros((3, 20)), None, Residues.of_protein("MKV"))
    assert frobenius_norms(model).tolist() == [[0.0] * 3] * 3


def test_unknown_states_are_refused():
    with pytest.raises(InputError, match="states is 'gaps'; expected one of residues, all"):
        frobenius_norms(random_model(), states="gaps")


# --- average product correction -------------------------------------------------------------


def symmetric(n=7, seed=0):
    matrix = np.random.default_rng(seed).uniform(1, 3, size=(n, n))
    return matrix + matrix.T


def test_correction_within_a_protein_leaves_the_diagonal_out():
    matrix, n = symmetric(), 7
    off = ~np.eye(n, dtype=bool)
    means = [matrix[i][off[i]].mean() for i in range(n)]
    whole = matrix[off].mean()
    found = average_product_correction(matrix)
    for i in range(n):
        for j in range(n):
            expected = matrix[i, j] - means[i] * means[j] / whole if i != j else 0.0
            assert found[i, j] == pytest.approx(expected, abs=1e-12)
    np.fill_diagonal(matrix, 1e6)
    np.testing.assert_allclose(average_product_correction(matrix), found)


def test_correction_between_proteins_uses_all_pairs():
    matrix = np.random.default_rng(1).uniform(1, 3, size=(4, 6))
    expected = matrix - np.outer(matrix.mean(axis=1), matrix.mean(axis=0)) / matrix.mean()
    np.testing.assert_allclose(average_product_correction(matrix), expected)
    square = symmetric(5)
    expected = square - np.outer(square.mean(axis=1), square.mean(axis=0)) / square.mean()
    np.testing.assert_allclose(average_product_correction(square, symmetric=False), expected)


def test_nan_takes_no_part_and_stays():
    matrix = symmetric(8)
    smaller = average_product_correction(matrix[:7, :7])
    matrix[7], matrix[:, 7] = np.nan, np.nan
    found = average_product_correction(matrix)
    np.testing.assert_allclose(found[:7, :7], smaller)
    assert np.isnan(found[7, :7]).all()


def test_nothing_to_correct_is_left_alone():
    assert average_product_correction(np.zeros((3, 3))).tolist() == [[0.0] * 3] * 3
    assert average_product_correction(np.zeros((0, 0))).shape == (0, 0)


@pytest.mark.parametrize(
    ("matrix", "options", "found"),
    [
        (np.zeros(3), {}, "matrix has 1 dimension"),
        (np.arange(9.0).reshape(3, 3), {"symmetric": True}, "is not symmetric"),
        (np.zeros((2, 3)), {"symmetric": True}, r"shape \(2, 3\) is not symmetric"),
    ],
)
def test_bad_matrices_are_named(matrix, options, found):
    with pytest.raises(InputError, match=found):
        average_product_correction(matrix, **options)


@needs_reference
def test_plmc_scores_are_norms_over_all_states():
    held = reference_scores("1atzA")
    length, (i, j) = 75, held["plmc_top200_ij"].T
    couplings = np.zeros((length * (length - 1) // 2, 21, 21))
    number = np.zeros((length, length), dtype=int)
    number[np.triu_indices(length, 1)] = np.arange(len(couplings))
    couplings[number[i, j]] = held["plmc_top200_J"]
    residues = Residues.of_protein("A" * length)
    model = PottsModel(ALIGNMENT_LETTERS, np.zeros((length, 21)), couplings, residues)
    # What plmc subtracted is a product of two levels: its logarithm is a sum over residues.
    subtracted = frobenius_norms(model, states="all")[i, j] - held["plmc32n_apc"][i, j]
    sides = np.eye(length)[i] + np.eye(length)[j]
    levels = np.linalg.lstsq(sides, np.log(subtracted), rcond=None)[0]
    assert np.abs(np.log(subtracted) - sides @ levels).max() < 1e-3
