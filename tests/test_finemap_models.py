"""Models beyond plain SuSiE against their densities, written out."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from seqgen.errors import InputError
from seqgen.finemap import (
    SusieOptions,
    get_pip,
    ld_factor,
    susie,
    susie_rss,
    susie_rss_lambda,
    susie_ss,
)

EPS = 1.4901161193847656e-8


def genotypes(n=120, p=8, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) + 0.8 * rng.normal(size=(n, 1))
    X = (X - X.mean(axis=0)) / X.std(axis=0, ddof=1)
    y = 0.5 * X[:, 2] + 0.1 * X @ rng.normal(size=p) + rng.normal(size=n)
    return X, y - y.mean()


def z_and_ld(seed=0):
    X, y = genotypes(seed=seed)
    R = np.corrcoef(X, rowvar=False)
    r = X.T @ y / np.linalg.norm(X, axis=0) / np.linalg.norm(y)
    return r * np.sqrt((len(y) - 2) / (1 - r**2)), R, len(y)


def adjusted(z, n):
    return z * np.sqrt((n - 1) / (z**2 + n - 2))


# z ~ N(R b, sigma2 R + lambda I)


def test_lambda_bayes_factors_are_ratios_of_densities():
    z, R, n = z_and_ld()
    fit = susie_rss_lambda(z, R, n, lambda_=0.2, L=1)
    noise = 0.8 * R + 0.2 * np.eye(len(z))
    seen, none = adjusted(z, n), np.zeros(len(z))
    null = multivariate_normal(none, noise).logpdf(seen)
    for variant, column in enumerate(R):
        there = multivariate_normal(none, noise + fit.V[0] * np.outer(column, column))
        assert fit.lbf_variable[0, variant] == pytest.approx(there.logpdf(seen) - null, abs=1e-8)
    # Of one effect the bound is the evidence itself.
    evidence = null + np.log(np.mean(np.exp(fit.lbf_variable[0]) * (1 + len(z) * EPS)))
    assert fit.elbo[-1] == pytest.approx(evidence, abs=1e-6)
    assert fit.sigma2 == pytest.approx(0.8)
    assert fit.diagnostics["lambda"] == 0.2


def test_lambda_of_zero_is_the_plain_fit_of_z():
    z, R, n = z_and_ld()
    plain = susie_rss(adjusted(z, n), R, None, L=3, options=SusieOptions(tol=1e-8))
    fit = susie_rss_lambda(z, R, n, L=3, options=SusieOptions(tol=1e-8))
    np.testing.assert_allclose(fit.pip, plain.pip, atol=1e-7)
    for engine in ("compiled", "numpy"):
        same = susie_rss_lambda(z, R, n, L=3, options=SusieOptions(tol=1e-8, engine=engine))
        np.testing.assert_allclose(same.pip, fit.pip, atol=1e-9)


def test_lambda_residual_variance_has_the_greatest_expected_likelihood():
    z, R, n = z_and_ld()
    options = SusieOptions(estimate_residual_variance=True, tol=1e-10, max_iter=500)
    fit = susie_rss_lambda(0.6 * z, R, n, lambda_=0.1, L=2, options=options)
    b, seen = fit.alpha * fit.mu, adjusted(0.6 * z, n)

    def likelihood(sigma2):
        noise = sigma2 * R + 0.1 * np.eye(len(z))
        weighted = R @ np.linalg.solve(noise, R)
        left = seen - R @ b.sum(axis=0)
        spread = np.diagonal(weighted) @ (fit.alpha * fit.mu2).sum(axis=0)
        spread -= np.einsum("lp,pq,lq->", b, weighted, b)
        return -np.linalg.slogdet(noise)[1] - left @ np.linalg.solve(noise, left) - spread

    grid = np.linspace(0.01, 0.9, 2000)
    assert 0.01 < fit.sigma2 < 0.9
    assert fit.sigma2 == pytest.approx(grid[np.argmax([likelihood(s) for s in grid])], abs=2e-3)


def test_lambda_is_estimated_where_nothing_varies():
    X, _ = genotypes(n=6, p=10)
    panel = ld_factor(X)
    R = np.corrcoef(X, rowvar=False)
    values, vectors = np.linalg.eigh(R)
    z = 5 * R[3] + 0.3 * np.random.default_rng(1).normal(size=10)
    null = vectors[:, values < 1e-8].T @ z
    fit = susie_rss_lambda(z, R, lambda_="estimate")
    assert fit.diagnostics["lambda"] == pytest.approx(np.mean(null**2), rel=1e-9)
    factor = susie_rss_lambda(z, panel, lambda_="estimate")
    np.testing.assert_allclose(factor.pip, fit.pip, atol=1e-7)


def test_lambda_names_an_indefinite_matrix():
    R = np.array([[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]])
    fit = susie_rss_lambda([4.0, 1.0, 0.0], R, lambda_=0.1)
    assert "1 eigenvalues of R are below zero (the least -0.8)" in " ".join(fit.warnings)
    assert np.isfinite(fit.pip).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"lambda_": -0.1}, "lambda_: found -0.1"),
        ({"lambda_": 1.0}, "lambda_: found 1; expected less than 1"),
        ({"lambda_": float("nan")}, "lambda_: found nan"),
        ({"lambda_": "guess"}, "'estimate'"),
        ({"lambda_": 0.5, "options": SusieOptions(residual_variance=0.4)}, "residual_variance"),
        ({"options": SusieOptions(unmappable_effects="inf")}, "unmappable_effects"),
        ({"L": 0}, "L: found 0"),
        ({"R": np.eye(3)}, "R: found 3 x 3 for 8 z-scores"),
        ({"R": ld_factor(np.eye(3))}, "R: found 3 variants for 8 z-scores"),
        ({"z": np.full(8, np.nan)}, "z: 8 of 8 values are not finite"),
    ],
)
def test_lambda_bad_input(arguments, message):
    z, R, n = z_and_ld()
    with pytest.raises(InputError, match=message):
        susie_rss_lambda(**{"z": z, "R": R, "n": n, **arguments})


# Effects of every variant

INFINITESIMAL = SusieOptions(unmappable_effects="inf", tol=1e-9, max_iter=2000)


def polygenic(seed=2, n=300, p=40):
    """A phenotype of one large effect and one small effect of each variant."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) + 0.5 * rng.normal(size=(n, 1))
    X = (X - X.mean(axis=0)) / X.std(axis=0, ddof=1)
    y = 0.6 * X[:, 5] + X @ rng.normal(scale=0.08, size=p) + rng.normal(size=n)
    return X, y - y.mean()


def test_infinitesimal_bayes_factors_are_ratios_of_densities():
    X, y = polygenic()
    fit = susie(X, y, L=1, options=INFINITESIMAL)
    tau2 = fit.diagnostics["tau2"]
    assert fit.converged
    assert tau2 > 1e-3
    noise = fit.sigma2 * np.eye(len(y)) + tau2 * X @ X.T
    null = multivariate_normal(np.zeros(len(y)), noise).logpdf(y)
    for variant in (0, 5, 20):
        column = X[:, variant]
        there = multivariate_normal(np.zeros(len(y)), noise + fit.V[0] * np.outer(column, column))
        expected = there.logpdf(y) - null
        assert fit.lbf_variable[0, variant] == pytest.approx(expected, rel=1e-6, abs=1e-6)
    b = (fit.alpha * fit.mu).sum(axis=0)
    theta = tau2 * X.T @ np.linalg.solve(noise, y - X @ b)
    np.testing.assert_allclose(fit.diagnostics["theta"], theta, atol=1e-10)
    np.testing.assert_allclose(fit.coef, b + theta, atol=1e-10)
    assert fit.diagnostics["elbo_is_bound"] is False
    # susieR's objective: the expected log likelihood, but for n log(2 pi) / 2.
    weighted = X.T @ np.linalg.solve(noise, X)
    left = y - X @ b
    squares = left @ np.linalg.solve(noise, left) - b @ weighted @ b
    squares += np.diagonal(weighted) @ (fit.alpha * fit.mu2).sum(axis=0)
    expected = -0.5 * (np.linalg.slogdet(noise)[1] + squares)
    assert fit.elbo[-1] == pytest.approx(expected, rel=1e-8)


def test_infinitesimal_variances_match_the_moments():
    X, y = polygenic()
    fit = susie(X, y, L=2, options=INFINITESIMAL)
    b, second = fit.alpha * fit.mu, (fit.alpha * fit.mu2).sum(axis=0)

    def squares(inner, left):
        spread = np.diagonal(inner) @ second - np.einsum("lp,pq,lq->", b, inner, b)
        return left @ left + spread

    left, inner = y - X @ b.sum(axis=0), X.T @ X
    sigma2, tau2 = fit.sigma2, fit.diagnostics["tau2"]
    expected = len(y) * sigma2 + tau2 * np.trace(inner)
    assert squares(inner, left) == pytest.approx(expected, rel=1e-6)
    expected = sigma2 * np.trace(inner) + tau2 * np.trace(inner @ inner)
    assert squares(inner @ inner, X.T @ left) == pytest.approx(expected, rel=1e-6)


def test_infinitesimal_answers_do_not_depend_on_the_form_of_the_data():
    X, y = polygenic()
    fit = susie(X, y, L=3, options=INFINITESIMAL)
    sums = susie_ss(X.T @ X, X.T @ y, y @ y, n=len(y), L=3, options=INFINITESIMAL)
    scaled = susie(X, 20 * y, L=3, options=INFINITESIMAL)
    per_allele = susie(7 * X, y, L=3, standardize=False, options=INFINITESIMAL)
    for other in (sums, scaled):
        np.testing.assert_allclose(other.pip, fit.pip, atol=1e-6)
    assert scaled.diagnostics["tau2"] == pytest.approx(400 * fit.diagnostics["tau2"], rel=1e-5)
    assert per_allele.diagnostics["tau2"] == pytest.approx(fit.diagnostics["tau2"] / 49, rel=1e-4)
    np.testing.assert_allclose(per_allele.pip, fit.pip, atol=1e-4)


def test_infinitesimal_constant_variants_have_no_effect():
    X, y = polygenic()
    wide = np.insert(X, 3, 1.0, axis=1)
    fit = susie(wide, y, L=2, options=INFINITESIMAL)
    theta = fit.diagnostics["theta"]
    assert theta.shape == (41,)
    assert theta[3] == 0.0
    plain = susie(X, y, L=2, options=INFINITESIMAL)
    # It keeps its share of the prior, one in 41.
    np.testing.assert_allclose(np.delete(theta, 3), plain.diagnostics["theta"], atol=1e-4)


def test_small_effects_are_no_findings():
    found = {"none": 0, "inf": 0}
    for seed in range(12):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(400, 60)) + rng.normal(size=(400, 1))
        X = (X - X.mean(axis=0)) / X.std(axis=0, ddof=1)
        y = X @ rng.normal(scale=0.12, size=60) + rng.normal(size=400)
        for model in found:
            fit = susie(X, y - y.mean(), options=SusieOptions(unmappable_effects=model))
            found[model] += len(fit.credible_sets)
    assert found["inf"] <= found["none"] / 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"unmappable_effects": "all"}, "unmappable_effects: found 'all'"),
        ({"unmappable_effects": "inf", "refine": True}, "refine: found True"),
        ({"unmappable_effects": "ash", "refine": True}, "refine: found True"),
        ({"unmappable_effects": "inf", "slot_prior": (1, 9)}, "slot_prior"),
        ({"unmappable_effects": "inf", "prior_variance_grid": (0.1,)}, "prior_variance_grid"),
        ({"unmappable_effects": "inf", "estimate_residual_variance": False}, "estimate_residual"),
    ],
)
def test_infinitesimal_bad_options(options, message):
    with pytest.raises(InputError, match=message):
        SusieOptions(**options)


def test_infinitesimal_needs_n_and_no_panel():
    z, R, n = z_and_ld()
    with pytest.raises(InputError, match="n: found None with unmappable_effects"):
        susie_rss(z, R, options=INFINITESIMAL)
    for panel in ({"R_finite": 500}, {"R_mismatch": "eb"}):
        with pytest.raises(InputError, match="unmappable_effects: found with R_finite"):
            susie_rss(z, R, n, options=INFINITESIMAL, **panel)


# Mixtures of normal distributions


def test_grid_of_one_variance_is_a_fixed_variance():
    z, R, n = z_and_ld()
    fixed = SusieOptions(estimate_prior_variance=False, scaled_prior_variance=0.07)
    grid = SusieOptions(prior_variance_grid=(0.07, 0.5), mixture_weights=(1.0, 0.0))
    plain, mixed = susie_rss(z, R, n, options=fixed), susie_rss(z, R, n, options=grid)
    np.testing.assert_allclose(mixed.alpha, plain.alpha, atol=1e-12)
    np.testing.assert_allclose(mixed.elbo, plain.elbo, rtol=1e-12)
    np.testing.assert_allclose(mixed.mu2, plain.mu2, atol=1e-12)


def test_grid_posterior_equals_integration():
    z, R, n = z_and_ld()
    variances, weights = (0.01, 0.3), (0.7, 0.3)
    options = SusieOptions(prior_variance_grid=variances, mixture_weights=weights)
    fit = susie_rss(z, R, n, L=1, options=options)
    b = np.linspace(-2, 2, 40_001)
    bhat, error = adjusted(z, n) / np.sqrt(n - 1), 1 / (n - 1)
    density = sum(
        w * np.exp(-0.5 * b**2 / v) / np.sqrt(2 * np.pi * v)
        for v, w in zip(variances, weights, strict=True)
    )
    ratio = np.exp((bhat[:, None] * b - 0.5 * b**2) / error) * density
    factor = ratio.sum(axis=1) * (b[1] - b[0])
    np.testing.assert_allclose(fit.lbf_variable[0], np.log(factor), atol=1e-6)
    np.testing.assert_allclose(fit.mu[0], (ratio @ b) / ratio.sum(axis=1), atol=1e-6)
    np.testing.assert_allclose(fit.mu2[0], (ratio @ b**2) / ratio.sum(axis=1), atol=1e-6)
    np.testing.assert_allclose(fit.pip, factor / factor.sum(), atol=1e-6)
    assert fit.V[0] == pytest.approx(0.097)
    equal = susie_rss(z, R, n, L=1, options=SusieOptions(prior_variance_grid=variances))
    halves = SusieOptions(prior_variance_grid=variances, mixture_weights=(0.5, 0.5))
    np.testing.assert_array_equal(equal.pip, susie_rss(z, R, n, L=1, options=halves).pip)


@pytest.mark.parametrize(
    "options",
    [
        {"unmappable_effects": "inf"},
        {"unmappable_effects": "ash"},
        {"unmappable_effects": "ash", "estimate_residual_variance": True},
        {"prior_variance_grid": (0.01, 0.1)},
        {"slot_prior": (1.0, 9.0)},
        {"slot_prior": (1.0, 9.0), "null_weight": 0.2, "L_greedy": 2},
    ],
)
def test_no_signal_gives_no_finding(options):
    _, R, n = z_and_ld()
    fit = susie_rss(np.zeros(8), R, n, options=SusieOptions(**options))
    assert fit.credible_sets == ()
    assert np.isfinite(fit.elbo).all()
    assert np.isfinite(fit.alpha).all()
    assert np.ptp(fit.pip) < 1e-9
    assert np.abs(fit.coef).max() < 1e-9


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"prior_variance_grid": ()}, "prior_variance_grid: found"),
        ({"prior_variance_grid": (0.1, 0.0)}, "variances above 0"),
        ({"prior_variance_grid": (0.1, float("nan"))}, "variances above 0"),
        ({"prior_variance_grid": 0.1}, "variances above 0"),
        ({"prior_variance_grid": ("a",)}, "variances above 0"),
        ({"mixture_weights": (1.0,)}, "without prior_variance_grid"),
        ({"prior_variance_grid": (0.1,), "mixture_weights": (0.5, 0.5)}, "expected 1 weights"),
        ({"prior_variance_grid": (0.1, 1), "mixture_weights": (0.5, 0.6)}, "sum to 1"),
        ({"prior_variance_grid": (0.1, 1), "mixture_weights": (1.5, -0.5)}, "0 or more"),
        ({"prior_variance_grid": (0.1, 1), "mixture_weights": (1, float("nan"))}, "0 or more"),
        ({"slot_prior": (1.0,)}, "slot_prior: found"),
        ({"slot_prior": (0.0, 9.0)}, "above 0"),
        ({"slot_prior": 3}, "slot_prior: found 3"),
    ],
)
def test_grid_and_slots_bad_options(options, message):
    with pytest.raises(InputError, match=message):
        SusieOptions(**options)


# How many effects there are


def test_slots_that_are_certain_change_nothing():
    z, R, n = z_and_ld()
    plain = susie_rss(z, R, n, L=3, options=SusieOptions(convergence_method="pip", tol=1e-8))
    sure = SusieOptions(slot_prior=(1e12, 1e-3), tol=1e-8)
    fit = susie_rss(z, R, n, L=3, options=sure)
    np.testing.assert_allclose(fit.pip, plain.pip, atol=1e-6)


def test_slots_answer_the_evidence_and_each_other():
    z, R, n = z_and_ld()
    fit = susie_rss(z, R, n, L=4, options=SusieOptions(slot_prior=(1.0, 3.0), tol=1e-10))
    slots = fit.diagnostics["slot_weights"]
    others = slots.sum() - slots
    odds = (1 + others) / (3 + 3 - others) * np.exp(fit.lbf)
    np.testing.assert_allclose(slots, odds / (1 + odds), atol=1e-6)
    active = fit.V > 1e-9
    expected = 1 - np.prod(1 - (slots[:, None] * fit.alpha)[active], axis=0)
    np.testing.assert_allclose(fit.pip, expected, atol=1e-12)
    np.testing.assert_array_equal(get_pip(fit), fit.pip)


def test_slots_follow_the_prior():
    z, R, n = z_and_ld()
    few, many = (
        susie_rss(z, R, n, options=SusieOptions(slot_prior=shapes)).diagnostics["slot_weights"]
        for shapes in ((1.0, 99.0), (9.0, 1.0))
    )
    assert few.sum() < 2.0 < many.sum()


def test_slots_estimate_the_residual_variance_with_the_effects_presence():
    X, y = genotypes()
    options = SusieOptions(slot_prior=(1.0, 1.0), tol=1e-9, max_iter=500)
    fit = susie(X, y, L=3, options=options)
    slots, b = fit.diagnostics["slot_weights"], fit.alpha * fit.mu
    total = slots @ b
    squares = np.sum((y - X @ total) ** 2) + (len(y) - 1) * slots @ (fit.alpha * fit.mu2).sum(1)
    squares -= slots**2 @ np.einsum("lp,pq,lq->l", b, X.T @ X, b)
    assert fit.sigma2 == pytest.approx(squares / len(y), rel=1e-6)


def test_slots_and_a_panel_exclude_each_other():
    z, R, n = z_and_ld()
    with pytest.raises(InputError, match="slot_prior: found with R_finite"):
        susie_rss(z, R, n, R_finite=100, options=SusieOptions(slot_prior=(1.0, 9.0)))
