"""The parts of fine-mapping, each by itself."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from synthetic_loci import locus

from seqgen.finemap import (
    SusieOptions,
    estimate_s_rss,
    get_cs,
    get_pip,
    kriging_rss,
    prepare_ld,
    susie_rss,
)
from seqgen.finemap.ld_reference import estimate_mismatch, residual_artifact
from seqgen.finemap.minimise import minimise_bounded
from seqgen.finemap.mixture import mixture_log_likelihood, mixture_weights, normal_log_densities
from seqgen.finemap.single_effect import EffectPrior, Evidence


def test_import_is_light():
    code = (
        "import sys, seqgen.finemap; print(*{'pandas', 'torch', 'matplotlib'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_to_frame_has_one_row_per_variant():
    z, R, n, _ = locus()
    fit = susie_rss(z, R, n)
    frame = fit.to_frame()
    assert len(frame) == len(z)
    for number, credible_set in enumerate(fit.credible_sets, start=1):
        assert (frame.loc[credible_set.variants, "cs_id"] == number).all()
    assert frame["cs_id"].notna().sum() == sum(s.variants.size for s in fit.credible_sets)


def test_get_cs_gives_what_the_fit_gives():
    z, R, n, _ = locus()
    for coverage, purity in ((0.95, 0.5), (0.5, 0.9), (0.99, 0.0)):
        fit = susie_rss(z, R, n, coverage=coverage, min_abs_corr=purity)
        again = get_cs(fit, R, coverage=coverage, min_abs_corr=purity)
        assert [repr(s) for s in again] == [repr(s) for s in fit.credible_sets]


def test_high_pip_outside_sets_is_told_and_can_be_left_out():
    """Ten effects of fixed small variance: the nine idle ones add up at the prior's favourite."""
    z = np.random.default_rng(12).normal(size=30)
    z[[0, 7]] = 8.0, 1.0
    weights = np.ones(30)
    weights[7] = 60.0
    options = SusieOptions(estimate_prior_variance=False, scaled_prior_variance=1e-3)
    fit = susie_rss(z, np.eye(30), 5000, prior_weights=weights, options=options)
    assert [s.variants.tolist() for s in fit.credible_sets] == [[0]]
    assert fit.pip[7] > 0.99
    assert any("outside every credible set (first at index 7)" in text for text in fit.warnings)
    np.testing.assert_array_equal(get_pip(fit), fit.pip)
    assert get_pip(fit, prune_by_cs=True)[0] > 0.95
    assert get_pip(fit, prune_by_cs=True)[7] < 1e-6
    freed = susie_rss(z, np.eye(30), 5000, prior_weights=weights)
    assert freed.pip[7] < 0.1


def test_prepared_ld_changes_nothing():
    z, R, n, _ = locus()
    ld = prepare_ld(R)
    for panel in ({}, {"R_finite": 300, "R_mismatch": "eb"}):
        first, second = susie_rss(z, R, n, **panel), susie_rss(z, ld, n, **panel)
        np.testing.assert_array_equal(first.pip, second.pip)
    assert prepare_ld(ld) is ld


def test_products_skip_only_what_cannot_matter():
    rng = np.random.default_rng(0)
    _, R, _, _ = locus()
    ld = prepare_ld(R)
    for spread in (1.0, 20.0, 60.0):
        b = rng.normal(size=ld.p) * np.exp(-spread * rng.random(ld.p))
        np.testing.assert_allclose(ld.product(b), R @ b, atol=1e-10 * np.abs(b).max())


def test_warm_start_reaches_the_same_fit_sooner():
    z, R, n, _ = locus()
    options = SusieOptions(tol=1e-8, max_iter=500)
    for panel in ({}, {"R_finite": 300}, {"R_finite": 300, "R_mismatch": "eb"}):
        cold = susie_rss(z, R, n, options=options, **panel)
        warm = susie_rss(z, R, n, options=options, model_init=cold, **panel)
        assert warm.niter <= cold.niter
        np.testing.assert_allclose(warm.pip, cold.pip, atol=1e-4)


def test_panel_tames_an_invented_effect():
    """Effects that only a too exact panel believes lose their certainty."""
    _, R, n, _ = locus(p=160, people=60, n=400_000, seed=5)
    truth = locus(p=160, people=5000, n=400_000, seed=6)[1]
    rng = np.random.default_rng(7)
    z = 25.0 * truth[20] + np.linalg.cholesky(truth) @ rng.normal(size=160)
    plain = susie_rss(z, R, n)
    sized = susie_rss(z, R, n, R_finite=60)
    safe = susie_rss(z, R, n, R_finite=60, R_mismatch="eb")
    block = np.arange(16, 24)
    outside = np.setdiff1d(np.arange(160), block)
    assert plain.pip[outside].max() > 0.9
    assert sized.pip[outside].max() < 0.5
    assert safe.pip[outside].max() < 0.5
    assert safe.pip[block].sum() > 0.9
    assert safe.diagnostics["B_corrected"] <= 60.0
    assert safe.diagnostics["elbo_is_bound"] is False
    assert plain.diagnostics == {}


def test_no_convergence_is_said():
    z, R, n, _ = locus()
    fit = susie_rss(z, R, n, options=SusieOptions(max_iter=1))
    assert not fit.converged
    assert any("No convergence in 1 sweeps" in text for text in fit.warnings)


def test_minimum_is_scipys():
    for function, bounds in (
        (lambda x: (x - 1.3) ** 2, (-30.0, 15.0)),
        (lambda x: math.cos(x) + 0.01 * x * x, (-30.0, 15.0)),
        (lambda x: -math.exp(-((x + 29.9) ** 2)), (-30.0, 15.0)),
        (lambda x: x, (2.0, 3.0)),
        (lambda _: 1.0, (0.0, 1.0)),
    ):
        theirs = minimize_scalar(
            function, bounds=bounds, method="bounded", options={"xatol": 1.49e-8}
        )
        mine, value = minimise_bounded(function, bounds)
        assert mine == pytest.approx(theirs.x, abs=1e-6)
        assert value == function(mine)


def test_evidence_is_the_average_bayes_factor():
    rng = np.random.default_rng(2)
    betahat, shat2 = rng.normal(size=9), 0.3 + rng.random(9)
    weights = rng.dirichlet(np.ones(9))
    prior = EffectPrior.from_weights(weights)
    for errors in (shat2, 0.4):
        evidence = Evidence(betahat, errors, prior)
        for V in (1e-12, 0.3, 40.0, 1e9):
            density = [np.exp(-0.5 * betahat**2 / v) / np.sqrt(v) for v in (V + errors, errors)]
            expected = np.log(np.sum((weights + 1.4901161193847656e-8) * density[0] / density[1]))
            assert evidence(V) == pytest.approx(expected, abs=1e-9)
            np.testing.assert_allclose(
                evidence.log_bayes_factors(V), np.log(density[0] / density[1]), atol=1e-9
            )


def test_mixture_weights_are_optimal():
    rng = np.random.default_rng(4)
    x = rng.normal(size=400) * rng.choice([0.5, 3.0], size=400, p=[0.8, 0.2])
    log_densities = normal_log_densities(x, np.tile([0.1, 0.5, 1.0, 3.0, 9.0], (400, 1)))
    weights = mixture_weights(log_densities)
    assert weights.sum() == pytest.approx(1.0)
    likelihood = np.exp(log_densities)
    slope = np.mean(likelihood / (likelihood @ weights)[:, None], axis=0)
    # Karush-Kuhn-Tucker: one where a weight is positive, at most one elsewhere.
    assert slope.max() < 1.0 + 1e-6
    np.testing.assert_allclose(slope[weights > 1e-6], 1.0, atol=1e-6)
    direct = np.log(likelihood @ weights)
    np.testing.assert_allclose(mixture_log_likelihood(log_densities, weights), direct, atol=1e-9)


def test_mismatch_is_recovered():
    rng = np.random.default_rng(8)
    scale = rng.gamma(2.0, 50.0, size=4000)
    residual = rng.normal(size=4000) * np.sqrt(1.0 + (1 / 500 + 0.02) * scale)
    estimate = estimate_mismatch(residual, scale, sigma2=1.0, panel_size=500.0)
    assert estimate == pytest.approx(0.02, rel=0.15)
    sound = rng.normal(size=4000) * np.sqrt(1.0 + scale / 500)
    assert estimate_mismatch(sound, scale, sigma2=1.0, panel_size=500.0) < 1e-3
    assert estimate_mismatch(residual, np.zeros(4000), sigma2=1.0, panel_size=500.0) == 0.0


def test_residual_artifact_measures_the_null_space():
    _, R, _, _ = locus(p=40, people=15)
    eigen = prepare_ld(R).eigen
    inside, outside = eigen.vectors[:, -1], eigen.vectors[:, 0]
    assert residual_artifact(eigen, inside, 1e-3).Q_art == pytest.approx(0.0, abs=1e-12)
    assert residual_artifact(eigen, outside, 1e-3).Q_art == pytest.approx(1.0)
    assert residual_artifact(eigen, inside + outside, 1e-3).Q_art == pytest.approx(0.5)
    assert residual_artifact(prepare_ld(np.eye(3)).eigen, np.ones(3), 1e-3).evaluable is False


def test_switched_alleles_are_found():
    z, R, n, _ = locus(p=60, people=2000)
    wrong = 4
    flipped = z.copy()
    flipped[wrong] *= -1.0
    assert not kriging_rss(z, R, n).switched.any()
    result = kriging_rss(flipped, R, n)
    assert np.flatnonzero(result.switched).tolist() == [wrong]
    assert result.to_frame().shape == (60, 6)
    assert estimate_s_rss(flipped, R, n) > estimate_s_rss(z, R, n)


def test_kriging_equals_gaussian_conditionals():
    z, R, n, _ = locus(p=24, people=2000)
    result = kriging_rss(z, R, n, s=0.1)
    covariance = 0.9 * R + 0.1 * np.eye(24)
    for j in (0, 7, 23):
        rest = np.delete(np.arange(24), j)
        solved = np.linalg.solve(covariance[np.ix_(rest, rest)], covariance[rest, j])
        assert result.condmean[j] == pytest.approx(solved @ result.z[rest], rel=1e-8)
        assert result.condvar[j] == pytest.approx(1.0 - solved @ covariance[rest, j], rel=1e-8)


@pytest.mark.parametrize("method", ["null-mle", "null-partialmle", "null-pseudomle"])
def test_inconsistency_grows_with_disorder(method):
    _, R, n, _ = locus(p=60, people=40)
    rng = np.random.default_rng(9)
    sound = np.linalg.cholesky(R + 1e-9 * np.eye(60)) @ rng.normal(size=60)
    low = estimate_s_rss(sound, R, n, method=method)
    high = estimate_s_rss(sound + rng.normal(size=60), R, n, method=method)
    assert low < 0.05 < high
