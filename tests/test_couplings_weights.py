"""Sequence weights against all pairs counted one by one, and against plmc and pydca."""

from __future__ import annotations

import numpy as np
import pytest
from alignments import (
    made_alignment,
    needs_reference,
    random_alignment,
    reference_alignment,
    reference_scores,
)

from seqgen.couplings import weights as weights_module
from seqgen.couplings.weights import alignment_depth, sequence_weights
from seqgen.errors import InputError


@pytest.mark.parametrize(("length", "identity"), [(7, 0.5), (32, 0.8), (75, 0.6), (300, 0.6)])
@pytest.mark.parametrize("strict", [False, True])
def test_weights_are_those_of_all_pairs(length, identity, strict):
    alignment = random_alignment(60, length)
    codes = alignment.codes
    same = (codes[:, None] == codes[None]).sum(axis=2)
    least = round(identity * length, 9)
    like = (same > least) if strict else (same >= least)
    found = sequence_weights(alignment, identity=identity, strict=strict)
    assert like.sum() > len(codes)  # some rows are alike, or nothing is tested
    np.testing.assert_array_equal(found, 1 / like.sum(axis=1))


def test_long_rows_do_not_overflow_the_byte_counters():
    alignment = random_alignment(5, 255 * 32 + 40)
    codes = np.repeat(alignment.codes[:1], 5, axis=0)
    codes[4, :2000] = (codes[4, :2000] + 1) % 21
    weights = sequence_weights(type(alignment)(alignment.names, codes, alignment.residues))
    assert weights.tolist() == [0.25] * 4 + [1.0]


@pytest.mark.parametrize(("length", "identity"), [(90, 0.7), (100, 0.55)])
def test_shares_that_are_no_binary_fraction(length, identity):
    codes = np.ones((2, length), dtype=np.uint8)
    codes[1, round(identity * length) :] = 2  # alike in exactly that share
    assert sequence_weights(made_alignment(codes), identity=identity).tolist() == [0.5, 0.5]
    assert sequence_weights(made_alignment(codes), identity=identity, strict=True).sum() == 2


@pytest.mark.parametrize("strict", [False, True])
def test_without_the_compiled_part_the_counts_are_the_same(strict, monkeypatch):
    alignment = random_alignment(130, 31)
    expected = sequence_weights(alignment, identity=0.6, strict=strict)
    monkeypatch.setattr(weights_module, "available", lambda: False)
    monkeypatch.setattr(weights_module, "_PRODUCT_NUMBERS", 31 * 21 * 50)
    found = sequence_weights(alignment, identity=0.6, strict=strict)
    assert len(set(expected)) > 3
    np.testing.assert_array_equal(found, expected)


def test_threads_change_nothing():
    alignment = random_alignment(301, 40)
    one, three = (sequence_weights(alignment, identity=0.6, threads=k) for k in (1, 3))
    assert len(set(one)) > 3
    np.testing.assert_array_equal(one, three)


@needs_reference
def test_weights_equal_plmc_and_pydca():
    alignment, peers = reference_alignment("1atzA"), reference_scores("1atzA")
    np.testing.assert_allclose(sequence_weights(alignment), peers["plmc_weights"], atol=1e-7)
    np.testing.assert_array_equal(
        sequence_weights(alignment, strict=True), peers["pydca_mf_weights"]
    )


def test_a_shallow_alignment_is_called_so():
    depth = alignment_depth(random_alignment(30, 40))
    assert not depth.enough
    assert depth.verdict.startswith("too shallow: 30 sequences count as 29")
    assert "about 80 count" in depth.verdict


def test_depth_grows_with_the_weights():
    alignment = random_alignment(30, 10)
    few, many = (alignment_depth(alignment, np.full(30, each)) for each in (1.0, 10.0))
    assert (few.verdict[:8], many.verdict[:11]) == ("shallow:", "deep enough")
    assert many.neff == 300
    assert many.neff_per_column == 30


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.ones(3), r"shape \(3,\); expected \(30,\)"),
        (np.full(30, np.nan), "finite"),
        (np.full(30, -1.0), "at least 0"),
        (np.zeros(30), "not all 0"),
    ],
)
def test_bad_weights(weights, message):
    with pytest.raises(InputError, match=message):
        alignment_depth(random_alignment(30, 10), weights)


@pytest.mark.parametrize("identity", [0, -0.1, 1.01, float("nan")])
def test_bad_identity(identity):
    with pytest.raises(InputError, match="identity"):
        sequence_weights(random_alignment(3, 4), identity=identity)


def test_bad_threads():
    with pytest.raises(InputError, match="threads is 0"):
        sequence_weights(random_alignment(3, 4), threads=0)
