"""Bad input to fine-mapping: one clear error each, naming the argument and the remedy."""

from __future__ import annotations

import numpy as np
import pytest

from seqgen.errors import InputError
from seqgen.finemap import (
    SusieOptions,
    estimate_s_rss,
    get_cs,
    kriging_rss,
    prepare_ld,
    susie,
    susie_rss,
    susie_ss,
)

P = 6
R = 0.8 ** np.abs(np.subtract.outer(np.arange(P), np.arange(P)))
Z = 6.0 * R[2]


def changed(matrix, entries):
    out = np.array(matrix, dtype=float)
    for (row, column), value in entries.items():
        out[row, column] = value
    return out


NAN_VARIANT = changed(R, {(i, 4): np.nan for i in range(P)} | {(4, i): np.nan for i in range(P)})

# What is wrong -> (argument named, arguments, word of the remedy).
BAD = {
    "no variants": ("z", {"z": []}, "overlap"),
    "z with NaN": ("z", {"z": [1.0, np.nan, 0, 0, 0, 0]}, "index 1"),
    "z infinite": ("z", {"z": [1.0, 0, 0, np.inf, 0, 0]}, "standard error"),
    "z enormous": ("z", {"z": [1.0, 0, 0, 1e12, 0, 0]}, "standard error"),
    "z text": ("z", {"z": list("abcdef")}, "numbers"),
    "z a table": ("z", {"z": np.zeros((P, 2))}, "column"),
    "R not square": ("R", {"R": R[:, :4]}, "square"),
    "R a vector": ("R", {"R": R[0]}, "square"),
    "R too small": ("R", {"R": R[:5, :5]}, "same variants"),
    "R text": ("R", {"R": [["a"] * P] * P}, "numbers"),
    "R asymmetric": ("R", {"R": changed(R, {(0, 1): 0.1})}, "triangle"),
    "R one triangle": ("R", {"R": np.triu(R)}, "triangle"),
    "R beyond one": ("R", {"R": changed(R, {(0, 1): 1.4, (1, 0): 1.4})}, "covariances"),
    "R below minus one": ("R", {"R": changed(R, {(0, 1): -1.4, (1, 0): -1.4})}, "covariances"),
    "R covariances": ("R", {"R": R * 2.5}, "covariances"),
    "R monomorphic NaN": ("R", {"R": NAN_VARIANT}, "monomorphic"),
    "R monomorphic zero": ("R", {"R": changed(R, {(3, 3): 0.0})}, "monomorphic"),
    "R infinite": ("R", {"R": changed(R, {(0, 1): np.inf, (1, 0): np.inf})}, "infinite"),
    "n negative": ("n", {"n": -5}, "above 2"),
    "n zero": ("n", {"n": 0}, "above 2"),
    "n NaN": ("n", {"n": np.nan}, "above 2"),
    "n text": ("n", {"n": "many"}, "people"),
    "n per variant": ("n", {"n": np.full(P, 100)}, "median"),
    "prior too short": ("prior_weights", {"prior_weights": np.ones(P - 1)}, "align"),
    "prior negative": ("prior_weights", {"prior_weights": [-1, 1, 1, 1, 1, 1]}, "zero or more"),
    "prior NaN": ("prior_weights", {"prior_weights": [np.nan, 1, 1, 1, 1, 1]}, "baseline"),
    "prior infinite": ("prior_weights", {"prior_weights": [np.inf, 1, 1, 1, 1, 1]}, "finite"),
    "prior all zero": ("prior_weights", {"prior_weights": np.zeros(P)}, "positive"),
    "L zero": ("L", {"L": 0}, "at least 1"),
    "L negative": ("L", {"L": -3}, "at least 1"),
    "L broken": ("L", {"L": 2.5}, "whole number"),
    "coverage one": ("coverage", {"coverage": 1.0}, "between 0 and 1"),
    "coverage percent": ("coverage", {"coverage": 95}, "between 0 and 1"),
    "min_abs_corr negative": ("min_abs_corr", {"min_abs_corr": -0.1}, "between 0 and 1"),
    "R_finite zero": ("R_finite", {"R_finite": 0}, "people"),
    "R_finite True": ("R_finite", {"R_finite": True}, "people"),
    "R_finite infinite": ("R_finite", {"R_finite": np.inf}, "people"),
    "R_mismatch unknown": ("R_mismatch", {"R_mismatch": "yes"}, "'eb'"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_named(case):
    name, wrong, word = BAD[case]
    arguments = {"z": Z, "R": R, "n": 1000, **wrong}
    with pytest.raises(InputError, match=f"^{name}: ") as caught:
        susie_rss(**arguments)
    message = str(caught.value)
    assert word in message
    assert "expected" in message


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("tol", -1.0),
        ("tol", np.nan),
        ("max_iter", 0),
        ("convergence_method", "rhat"),
        ("scaled_prior_variance", 0.0),
        ("residual_variance", -1.0),
        ("artifact_threshold", 1.5),
        ("prior_tol", "small"),
    ],
)
def test_bad_option_is_named(setting, value):
    with pytest.raises(InputError, match=f"^{setting}: .*expected"):
        SusieOptions(**{setting: value})


def test_bad_input_to_diagnostics():
    with pytest.raises(InputError, match=r"^method: .*null-mle"):
        estimate_s_rss(Z, R, 1000, method="mle")
    with pytest.raises(InputError, match=r"^z: "):
        kriging_rss(Z * np.nan, R, 1000)
    with pytest.raises(InputError, match=r"^s: "):
        kriging_rss(Z, R, 1000, s=-0.1)
    with pytest.raises(InputError, match=r"^R: "):
        get_cs(susie_rss(Z, R, 1000), R[:3, :3])


def test_warm_start_from_another_locus():
    with pytest.raises(InputError, match=r"^model_init: .*same variants"):
        susie_rss(Z[:4], R[:4, :4], 1000, model_init=susie_rss(Z, R, 1000))


def test_prior_variance_beyond_belief():
    # z-scores that R forbids: two copies of one variant that disagree.
    twin = np.array([[1.0, 0.9999999], [0.9999999, 1.0]])
    z = [9.0, -9.0]
    options = SusieOptions(prior_variance=1e9, estimate_prior_variance=True)
    fit = susie_rss(z, twin, options=options, L=2)
    assert np.isfinite(fit.pip).all()


def test_missing_n_is_allowed_and_said():
    fit = susie_rss(Z, R)
    assert any("sample size" in text for text in fit.warnings)
    assert fit.pip.argmax() == 2


def test_r_squared_in_place_of_r_is_suspected():
    rng = np.random.default_rng(3)
    r = np.corrcoef(rng.normal(size=(200, 30)) + rng.normal(size=(200, 1)) * 0.2, rowvar=False)
    z = 6.0 * r[4]
    assert not any("r squared" in text for text in susie_rss(z, r, 1000).warnings)
    assert any("r squared" in text for text in susie_rss(z, r**2, 1000).warnings)
    assert prepare_ld(np.eye(30)).warnings == ()


def test_indefinite_matrix_is_told():
    R_bad = np.array([[1, 0.95, -0.95], [0.95, 1, 0.95], [-0.95, 0.95, 1]])
    fit = susie_rss([6.0, 5.0, 1.0], R_bad, 1000, R_finite=500, R_mismatch="eb")
    assert any("semidefinite" in text for text in fit.warnings)


def test_rounding_in_the_matrix_is_forgiven():
    rounded = np.round(R, 5)
    lopsided = rounded.copy()
    lopsided[0, 1] += 1e-5
    exact, other = susie_rss(Z, R, 1000), susie_rss(Z, lopsided, 1000)
    np.testing.assert_allclose(other.pip, exact.pip, atol=1e-3)
    single = susie_rss(Z.astype("f4"), R.astype("f4"), 1000)
    np.testing.assert_allclose(single.pip, exact.pip, atol=1e-4)


def test_input_is_left_as_it_was():
    z, matrix, weights = Z.copy(), R.copy(), np.arange(1.0, P + 1)
    susie_rss(z, matrix, 1000, prior_weights=weights, R_finite=300, R_mismatch="eb")
    np.testing.assert_array_equal(z, Z)
    np.testing.assert_array_equal(matrix, R)
    np.testing.assert_array_equal(weights, np.arange(1.0, P + 1))
    matrix[0, 0] = 1.0  # Still writeable.


@pytest.mark.parametrize("panel", [{}, {"R_finite": 100}, {"R_finite": 100, "R_mismatch": "eb"}])
def test_a_single_variant(panel):
    fit = susie_rss([7.0], [[1.0]], 1000, **panel)
    assert fit.pip.tolist() == pytest.approx([1.0])
    assert len(fit.credible_sets) == 1


@pytest.mark.parametrize("panel", [{}, {"R_finite": 100}, {"R_finite": 100, "R_mismatch": "eb"}])
def test_no_signal_at_all(panel):
    fit = susie_rss(np.zeros(P), R, 1000, **panel)
    assert fit.credible_sets == ()
    assert fit.pip.tolist() == [0.0] * P
    assert fit.converged


def test_genotypes_that_do_not_vary_at_all():
    with pytest.raises(InputError, match="X: none of 3 variants varies"):
        susie(np.ones((10, 3)), np.arange(10.0))
    with pytest.raises(InputError, match="X: none of 2 variants varies"):
        susie_ss(np.zeros((2, 2)), [0.0, 0.0], 5.0, n=10)


def test_sufficient_statistics_and_people_are_checked():
    X, y = np.eye(6)[:, :2], np.arange(6.0)
    for bad in ({"L": 0}, {"coverage": 1.0}, {"prior_weights": [1.0]}):
        with pytest.raises(InputError, match=next(iter(bad))):
            susie(X, y, **bad)
        with pytest.raises(InputError, match=next(iter(bad))):
            susie_ss(X.T @ X, X.T @ y, float(y @ y), n=6, **bad)
    with pytest.raises(InputError, match="n: found None"):
        susie_ss(X.T @ X, X.T @ y, 5.0, n=None)
