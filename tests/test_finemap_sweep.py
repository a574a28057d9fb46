"""Bad input to every way of fine-mapping: a clear error, or a repair that is told."""

from __future__ import annotations

import numpy as np
import pytest

from seqgen.errors import InputError
from seqgen.finemap import (
    SusieOptions,
    get_cs,
    get_pip,
    prepare_ld,
    susie,
    susie_rss,
    susie_rss_lambda,
    susie_ss,
)

P, N = 24, 300


def changed(array, place, value):
    out = np.array(array, dtype=float)
    out[place] = value
    return out


def locus():
    rng = np.random.default_rng(1)
    X = rng.binomial(2, 0.3, (N, P)).astype(float)
    X[:, 5] = np.where(rng.random(N) < 0.8, X[:, 4], X[:, 5])
    return X, 0.7 * X[:, 4] + rng.normal(size=N)


def statistics(X, y):
    """What each function takes, by its name."""
    centred, left = X - X.mean(axis=0), y - y.mean()
    squares = (centred**2).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        bhat = centred.T @ left / squares
        shat = np.sqrt((left @ left - bhat**2 * squares) / (N - 2) / squares)
        R = centred.T @ centred / np.sqrt(np.outer(squares, squares))
        z = bhat / shat
    return {
        "susie_rss": {"z": z, "R": R, "n": N},
        "susie_rss_lambda": {"z": z, "R": R, "n": N, "lambda_": 0.1},
        "susie_ss": {
            "XtX": centred.T @ centred, "Xty": centred.T @ left, "yty": left @ left, "n": N,
        },
        "susie": {"X": X, "y": y},
    }  # fmt: skip


X, Y = locus()
GOOD = statistics(X, Y)
Z, R, SUMS = GOOD["susie_rss"]["z"], GOOD["susie_rss"]["R"], GOOD["susie_ss"]
FLAT = statistics(changed(X, (slice(None), 7), 1.0), Y)
TWIN = statistics(np.column_stack([X, X[:, 4]]), Y)
INDEFINITE = R.copy()
for row, column, r in ((0, 1, 0.95), (0, 2, 0.95), (1, 2, -0.95)):
    INDEFINITE[row, column] = INDEFINITE[column, row] = r
FUNCTIONS = {one.__name__: one for one in (susie_rss, susie_rss_lambda, susie_ss, susie)}
FROM_Z, WITH_R = ("susie_rss", "susie_rss_lambda"), ("susie_rss", "susie_rss_lambda")

# What is wrong -> (functions, arguments, what the error says).
REFUSED = {
    "z NaN": (FROM_Z, {"z": changed(Z, 3, np.nan)}, "^z: 1 of 24 values are not finite"),
    "z infinite": (FROM_Z, {"z": changed(Z, 3, np.inf)}, "^z: 1 of 24 values are not finite"),
    "z beyond belief": (FROM_Z, {"z": changed(Z, 3, -1e9)}, "^z: found -1e.09 at index 3"),
    "R not square": (WITH_R, {"R": R[:, :5]}, r"^R: found shape \(24, 5\)"),
    "R of others": (WITH_R, {"R": R[:5, :5]}, "^R: found 5 x 5 for 24 z-scores"),
    "R not symmetric": (WITH_R, {"R": changed(R, (0, 1), 0.9)}, "^R: not symmetric"),
    "R with NaN rows": (
        WITH_R, {"R": changed(changed(R, 7, np.nan), (slice(None), 7), np.nan)},
        "1 variants have no correlation even with themselves.*monomorphic",
    ),
    "R with zero rows": (
        WITH_R, {"R": changed(changed(R, 7, 0), (slice(None), 7), 0)}, "monomorphic variant: drop"
    ),
    "R beyond memory": (
        WITH_R, {"z": np.zeros(10**6), "R": np.broadcast_to(np.float32(0), (10**6, 10**6))},
        r"^R: 1,000,000 variants take 8,000.0 GB.*genotypes X in place",
    ),
    "n zero": ((*FROM_Z, "susie_ss"), {"n": 0}, "^n: found 0.*above 2"),
    "n NaN": ((*FROM_Z, "susie_ss"), {"n": np.nan}, "^n: found nan.*above 2"),
    "n missing": (("susie_ss",), {"n": None}, "^n: found None"),
    "X'y NaN": (("susie_ss",), {"Xty": changed(SUMS["Xty"], 3, np.nan)}, "^Xty: .*1 of them not"),
    "X'y infinite": (("susie_ss",), {"Xty": changed(SUMS["Xty"], 3, np.inf)}, "^Xty: .*not finite"),
    "X'y too large": (("susie_ss",), {"Xty": SUMS["Xty"] * 100}, "^Xty: .*larger than XtX and yty"),
    "X'X not square": (("susie_ss",), {"XtX": SUMS["XtX"][:, :4]}, "^XtX: .*expected p by p"),
    "X'X NaN": (("susie_ss",), {"XtX": changed(SUMS["XtX"], (0, 0), np.nan)}, "^XtX: 1 entries"),
    "X'X not symmetric": (
        ("susie_ss",), {"XtX": changed(SUMS["XtX"], (0, 1), 90.0)}, "^XtX: .*not symmetric"
    ),
    "X'X below zero": (("susie_ss",), {"XtX": changed(SUMS["XtX"], (0, 0), -1)}, "^XtX: a diag"),
    "X'X of correlations": (("susie_ss",), {"XtX": R}, "^Xty: .*rather than correlations"),
    "X'X text": (("susie_ss",), {"XtX": [["a"] * P] * P}, "^XtX: cannot be read"),
    "y'y zero": (("susie_ss",), {"yty": 0.0}, "^yty: found 0"),
    "y'y NaN": (("susie_ss",), {"yty": np.nan}, "^yty: found nan"),
    "X NaN": (("susie",), {"X": changed(X, (0, 0), np.nan)}, "^X: 1 values are missing"),
    "X text": (("susie",), {"X": [["a"] * P] * N}, "^X: cannot be read"),
    "X of others": (("susie",), {"X": X[:5]}, r"^X: found shape \(5, 24\) for 300"),
    "y infinite": (("susie",), {"y": changed(Y, 0, np.inf)}, "^y: 1 values are missing or inf"),
    "y constant": (("susie",), {"y": np.ones(N)}, "^y: all values are equal"),
    "weights negative": (FUNCTIONS, {"prior_weights": changed(np.ones(P), 2, -1)}, "at index 2"),
    "weights NaN": (FUNCTIONS, {"prior_weights": changed(np.ones(P), 2, np.nan)}, "at index 2"),
    "weights all zero": (FUNCTIONS, {"prior_weights": np.zeros(P)}, "all 24 weights are zero"),
    "weights too few": (FUNCTIONS, {"prior_weights": np.ones(P - 1)}, "23 weights for 24 variants"),
    "frequencies too few": (
        ("susie_rss", "susie_rss_lambda", "susie_ss"), {"maf": np.ones(3)}, "^maf: found 3 freq"
    ),
    "frequencies NaN": (FROM_Z, {"maf": np.full(P, np.nan)}, "^maf: 24 of 24 are no frequency"),
    "all rare": (
        FROM_Z, {"maf": np.full(P, 0.01), "maf_thresh": 0.05}, "^maf_thresh: none of 24 variants"
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("case", "name"), [(case, name) for case, one in REFUSED.items() for name in one[0]]
)
def test_refused(case, name):
    _, wrong, message = REFUSED[case]
    with pytest.raises(InputError, match=message) as caught:
        FUNCTIONS[name](**{**GOOD[name], **wrong})
    assert "expected" in str(caught.value)


# What is odd -> (functions, arguments or data, what is told, None where nothing needs telling).
TOLD = {
    "n missing": (("susie_rss", "susie_rss_lambda"), {"n": None}, "No sample size"),
    "r squared": (WITH_R, {"R": R**2}, "looks like r squared"),
    "R a bit lopsided": (WITH_R, {"R": changed(R, (0, 1), R[1, 0] + 0.01)}, "was not symmetric"),
    "R indefinite": (("susie_rss",), {"R": INDEFINITE}, "not positive semidefinite"),
    "R indefinite, with noise": (
        ("susie_rss_lambda",), {"R": INDEFINITE}, "1 eigenvalues of R are below zero"
    ),
    "X'X indefinite": (("susie_ss",), {"XtX": INDEFINITE * N}, "not positive semidefinite"),
    "X'X of r squared": (("susie_ss",), {"XtX": R**2 * (N - 1)}, "looks like r squared"),
    "monomorphic": (("susie_ss", "susie"), FLAT, "1 of 24 variants do not vary .first at index 7"),
    "duplicates": (FUNCTIONS, TWIN, None),
    "z huge": (FROM_Z, {"z": changed(Z, 4, 500.0)}, None),
    "z zero": (FROM_Z, {"z": np.zeros(P)}, None),
    "X'y zero": (("susie_ss",), {"Xty": np.zeros(P)}, None),
    "y in large units": (("susie",), {"y": 1e6 * Y}, None),
    "y in small units": (("susie",), {"y": 1e-9 * Y}, None),
    "rare left out": (
        ("susie_rss", "susie_rss_lambda", "susie_ss"),
        {"maf": np.linspace(0.01, 0.24, P), "maf_thresh": 0.02}, "2 of 24 variants have a minor",
    ),
    "weights beyond counting": (FUNCTIONS, {"prior_weights": np.geomspace(1e-300, 1e300, P)}, None),
}  # fmt: skip
PARTS = ("alpha", "mu", "mu2", "lbf_variable", "V", "lbf", "KL", "pip", "elbo", "sigma2")


@pytest.mark.parametrize(
    ("case", "name"), [(case, name) for case, one in TOLD.items() for name in one[0]]
)
@pytest.mark.parametrize("compat", ["0.16", "0.12"])
def test_never_a_silent_nan(case, name, compat):
    _, odd, message = TOLD[case]
    arguments = {**GOOD[name], **odd.get(name, odd)}
    if name == "susie_ss" and "XtX" in odd:
        arguments["Xty"] = arguments["Xty"] / np.sqrt(np.diag(SUMS["XtX"]) / N)
    fit = FUNCTIONS[name](**arguments, options=SusieOptions(compat=compat))
    for part in PARTS:
        assert np.isfinite(getattr(fit, part)).all(), part
    if message is not None:
        assert any(message.replace(".first", "(first") in one for one in fit.warnings)
    if case == "duplicates":
        assert {4, 24} <= set(fit.credible_sets[0].variants.tolist())
    if "zero" in case:
        assert fit.credible_sets == ()
        assert not fit.pip.any()
    if "units" in case:
        plain = susie(X, Y, options=SusieOptions(compat=compat))
        unit = {"y in large units": 1e6, "y in small units": 1e-9}[case]
        np.testing.assert_allclose(fit.pip, plain.pip, atol=1e-6)
        np.testing.assert_allclose(fit.coef, plain.coef * unit, rtol=1e-4, atol=1e-9 * unit)
        assert fit.sigma2 == pytest.approx(plain.sigma2 * unit**2, rel=1e-6)
        assert fit.intercept == pytest.approx(plain.intercept * unit, rel=1e-6)
        shift = N * np.log(unit)
        np.testing.assert_allclose(get_pip(fit), fit.pip, atol=1e-12)
        again = get_cs(fit, R)
        assert [s.variants.tolist() for s in again] == [
            s.variants.tolist() for s in fit.credible_sets
        ]
        assert [s.variants.tolist() for s in again] == [
            s.variants.tolist() for s in plain.credible_sets
        ]
        assert fit.elbo[-1] == pytest.approx(plain.elbo[-1] - shift, abs=1e-3)


def test_a_fit_starts_from_one_in_the_same_large_units():
    y = 1e4 * Y
    again = susie(X, y, model_init=susie(X, y))
    assert again.niter <= 3
    np.testing.assert_allclose(again.pip, susie(X, y).pip, atol=1e-3)


def test_weights_that_exclude_what_the_data_want():
    """With susieR 0.12's weights a variant of weight zero never has an effect."""
    weights = np.ones(P)
    weights[[4, 5]] = 0.0
    z = changed(Z, [4, 5], [90.0, 80.0])
    fit = susie_rss(
        z, R, N, prior_weights=weights, L=2, options=SusieOptions(compat="0.12", max_iter=3)
    )
    assert fit.pip[[4, 5]].tolist() == [0.0, 0.0]
    assert all(np.isfinite(getattr(fit, part)).all() for part in PARTS)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("convergence_method", "pip"), ("z_method", "score"), ("L_greedy", 2),
        ("unmappable_effects", "inf"), ("prior_variance_grid", (0.1,)), ("slot_prior", (1.0, 9.0)),
    ],
)  # fmt: skip
def test_what_susier_0_12_lacks_is_refused(setting, value):
    with pytest.raises(InputError, match=f"^{setting}: found .* with compat='0.12'; expected"):
        SusieOptions(compat="0.12", **{setting: value})
    with pytest.raises(InputError, match=r"^compat: found '0.12' with R_finite=300"):
        susie_rss(Z, R, N, R_finite=300, options=SusieOptions(compat="0.12"))
    with pytest.raises(InputError, match=r"^compat: found '0.13'; expected '0.16' or '0.12'"):
        SusieOptions(compat="0.13")


def test_frequencies_choose_before_anything_is_checked():
    """Monomorphic variants of frequency zero take their NaN with them."""
    maf = changed(np.full(P, 0.3), 7, 0.0)
    fit = susie_rss(**FLAT["susie_rss"], maf=maf)
    keep = np.delete(np.arange(P), 7)
    plain = susie_rss(Z[keep], prepare_ld(R[np.ix_(keep, keep)]), N)
    np.testing.assert_allclose(fit.pip, plain.pip, atol=1e-12)
    again = susie_rss(Z, prepare_ld(R), N, maf=maf, prior_weights=changed(np.ones(P), 7, np.nan))
    np.testing.assert_allclose(again.pip, plain.pip, atol=1e-12)
    people = susie_rss(Z, X=X, n=N, maf=maf)
    np.testing.assert_allclose(people.pip, plain.pip, atol=1e-6)
