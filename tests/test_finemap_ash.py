"""Small effects of many sizes beside the mapped ones, and what these keep from them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from seqgen import native
from seqgen.errors import InputError, MissingDependencyError
from seqgen.finemap import SusieOptions, ibss, mr_ash, prepare_ld, susie, susie_rss, susie_ss
from seqgen.finemap.adaptive import with_adaptive_shrinkage
from seqgen.finemap.ash_masks import Masks, Trust, updated_masks
from seqgen.finemap.ibss import Problem
from seqgen.finemap.mr_ash import fit_small_effects, no_small_effects
from seqgen.finemap.single_effect import EffectPrior


def polygenic(seed=2, n=300, p=40):
    """A phenotype of one large effect and one small effect of each variant."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) + 0.5 * rng.normal(size=(n, 1))
    X = (X - X.mean(axis=0)) / X.std(axis=0, ddof=1)
    y = 0.6 * X[:, 5] + X @ rng.normal(scale=0.08, size=p) + rng.normal(size=n)
    return X, y - y.mean()


def sums(X, y):
    """The problem of regressing y on X, with nothing mapped."""
    n = len(y)
    options = SusieOptions(unmappable_effects="ash").settled(from_z=False)
    R = prepare_ld(np.corrcoef(X, rowvar=False))
    var_y, sd = y.var(ddof=1), X.std(axis=0, ddof=1)
    bhat = X.T @ y / sd / (n - 1)
    weights = np.full(X.shape[1], 1 / X.shape[1])
    scale = None if np.allclose(sd, 1) else sd
    return Problem(
        bhat, float(n), R, weights, EffectPrior(weights), None, options,
        var_y=var_y, column_scale=scale,
    )  # fmt: skip


def test_small_effects_of_one_size_are_a_ridge_regression():
    X, y = polygenic()
    X = X * np.linspace(0.5, 2.0, 40)
    problem = sums(X, y)
    problem = replace(problem, options=replace(problem.options, estimate_residual_variance=False))
    start = no_small_effects(problem, 0.9)
    one = start._replace(weights=np.array([1.0]), variances=np.array([0.02]))
    fit = fit_small_effects(problem, np.zeros(40), one, tol=1e-13)
    ridge = np.linalg.solve(X.T @ X + 0.9 / 0.02 * np.eye(40), X.T @ y)
    np.testing.assert_allclose(fit.theta, ridge, atol=1e-8)
    assert fit.tau2 == pytest.approx(0.02)
    assert fit.sigma2 == 0.9


def test_small_effects_equal_coordinate_ascent():
    X, y = polygenic(n=100, p=6)
    X = X * np.linspace(0.5, 2.0, 6)
    mapped = np.array([0.0, 0.3, 0, 0, 0, 0])
    problem = sums(X, y)
    start = no_small_effects(problem, 0.8)
    sizes, weights = start.variances / 0.8, start.weights.copy()
    left, mu, sigma2 = y - X @ mapped, np.zeros(6), 0.8
    fit = fit_small_effects(problem, mapped, start, tol=1e-3)
    for sweep in range(1000):
        before, share = mu.copy(), np.zeros((6, 25))
        for j in range(6):
            d = X[:, j] @ X[:, j]
            b = X[:, j] @ (left - X @ mu) / d + mu[j]
            variance = sigma2 / d
            lbf = -0.5 * np.log1p(sizes * d) + 0.5 * b**2 * (
                1 / variance - 1 / (variance + sigma2 * sizes)
            )
            share[j] = weights * np.exp(lbf)
            share[j] /= share[j].sum()
            mu[j] = b * (share[j] @ (sigma2 * sizes / (sigma2 * sizes + variance)))
        weights = share.mean(axis=0)
        sigma2 = (left @ left - mu @ (X.T @ left)) / 100
        if sweep and np.linalg.norm(mu - before) < 1e-3 * max(1, np.linalg.norm(mu)):
            break
    np.testing.assert_allclose(fit.theta, mu, atol=1e-10)
    np.testing.assert_allclose(fit.weights, weights, atol=1e-10)
    assert fit.sigma2 == pytest.approx(sigma2, rel=1e-10)
    assert fit.tau2 == pytest.approx(sigma2 * weights @ sizes, rel=1e-9)
    assert fit.converged


def spread(*rows):
    """Inclusion probabilities of effects from {variant: probability}, the rest shared."""
    alpha = np.zeros((len(rows), 10))
    for effect, row in enumerate(rows):
        alpha[effect] = (1 - sum(row.values())) / (10 - len(row))
        alpha[effect, list(row)] = list(row.values())
    return alpha


def blocks(within):
    """Variants 0 to 4 and 5 to 9 correlate among themselves."""
    R = np.kron(np.eye(2), np.full((5, 5), within))
    np.fill_diagonal(R, 1.0)
    return R


def test_confident_effects_keep_their_neighbourhood():
    masks = updated_masks(Masks.none(2, 10), spread({0: 0.95}, {}), blocks(0.8))
    assert masks.confident.tolist() == [True, False]
    assert masks.trust.tolist() == [Trust.CONFIDENT, Trust.DIFFUSE]
    # The idle effect has its first variant as lead and keeps what is near that.
    assert masks.masked.tolist() == [True] * 5 + [False] * 5


def test_effects_on_one_signal_are_believed_no_more():
    alpha = spread({0: 0.95}, {1: 0.95})
    masks = updated_masks(Masks.none(2, 10), alpha, blocks(0.92))
    assert masks.trust.tolist() == [Trust.UNCERTAIN] * 2
    assert not masks.masked.any()
    apart = updated_masks(masks, spread({0: 0.95}, {6: 0.95}), blocks(0.92))
    assert not apart.confident.any()


def test_uncertain_effects_are_tested_once():
    R, alpha = blocks(0.3), spread({0: 0.6, 1: 0.39})
    masks, seen = Masks.none(1, 10), []
    for _ in range(9):
        masks = updated_masks(masks, alpha, R)
        seen.append(bool(masks.masked[0]))
    # Protected, exposed in the second sweep, given back after three more, for good.
    assert seen == [True, False, False, False, True, True, True, True, True]
    assert not masks.confident.any()
    assert masks.masked[1]


def test_an_effect_that_moves_on_waits_anew():
    R = blocks(0.3)
    masks = updated_masks(Masks.none(1, 10), spread({0: 0.6, 1: 0.39}), R)
    masks = updated_masks(masks, spread({5: 0.6, 6: 0.39}), R)
    assert masks.masked[5]
    assert not updated_masks(masks, spread({5: 0.6, 6: 0.39}), R).masked[5]


def test_unclaimed_variants_are_released_after_two_sweeps():
    R = blocks(0.8)
    masks = updated_masks(Masks.none(1, 10), spread({0: 0.95}), R)
    seen = []
    for _ in range(3):
        masks = updated_masks(masks, spread({7: 0.95}), R)
        seen.append(masks.masked.tolist())
    assert seen[0] == [True] * 10
    assert seen[1] == seen[2] == [False] * 5 + [True] * 5


def test_an_effect_that_swings_is_not_subtracted():
    R = blocks(0.3)
    unsure, sure = spread({0: 0.6, 1: 0.39}), spread({0: 0.99})
    masks = updated_masks(updated_masks(Masks.none(1, 10), unsure, R), sure, R)
    assert masks.trust.tolist() == [Trust.CONFIDENT]
    assert not masks.confident.any()
    assert updated_masks(masks, sure, R).trust.tolist() == [Trust.UNCERTAIN]


def test_mapped_effects_see_what_small_effects_leave():
    X, y = polygenic(n=200, p=12)
    problem = with_adaptive_shrinkage(sums(X, y))
    beside = fit_small_effects(problem, np.zeros(12), problem.beside.small, tol=1e-8)
    state = ibss.new_state(problem, 1, 0.2)
    state.sigma2 = beside.sigma2
    R = np.corrcoef(X, rowvar=False)
    explained = R @ beside.theta
    with_them = replace(problem, beside=replace(problem.beside, explained=explained))
    ibss.update_effect(with_them, state, 0)
    alone = replace(problem, bhat=problem.bhat - explained)
    other = ibss.new_state(alone, 1, 0.2)
    other.sigma2 = beside.sigma2
    ibss.update_effect(alone, other, 0)
    np.testing.assert_allclose(state.alpha, other.alpha, atol=1e-12)
    assert np.abs(explained).max() > 0.05
    # What follows a sweep is fitted to all but confident effects, and hidden where masked.
    after = problem.beside.after_sweep(problem, state)
    shown = np.where(after.beside.masks.masked, 0.0, after.beside.small.theta)
    np.testing.assert_array_equal(after.beside.small.theta, shown)
    np.testing.assert_allclose(after.beside.explained, R @ shown, atol=1e-12)
    assert state.sigma2 == after.beside.small.sigma2


def test_small_effects_are_fitted_to_all_but_confident_effects():
    X, y = polygenic(n=200, p=12)
    problem = with_adaptive_shrinkage(sums(X, y))
    state = ibss.new_state(problem, 2, 0.2)
    state.alpha = np.full((2, 12), 0.001)
    state.alpha[0, 5], state.alpha[1, :2] = 0.989, 0.495
    state.mu = np.full((2, 12), 0.4)
    state.slots = np.array([0.9, 0.8])
    after = problem.beside.after_sweep(problem, state).beside
    # The second effect is on two variants of low correlation: uncertain.
    assert after.masks.confident.tolist() == [True, False]
    mapped = 0.9 * state.alpha[0] * state.mu[0]
    free = fit_small_effects(problem, mapped, no_small_effects(problem, problem.var_y), tol=1e-3)
    np.testing.assert_array_equal(after.small.theta, np.where(after.masks.masked, 0.0, free.theta))


@pytest.mark.parametrize("model", ["inf", "ash"])
def test_fewer_people_than_variants(model):
    X, y = polygenic(n=60, p=80)
    options = SusieOptions(unmappable_effects=model, tol=1e-6, max_iter=300)
    fit = susie(X, y, options=options)
    other = susie_ss(X.T @ X, X.T @ y, y @ y, n=60, options=options)
    np.testing.assert_allclose(fit.pip, other.pip, atol=1e-5)
    assert fit.diagnostics["theta"].any() == (fit.diagnostics["tau2"] > 0)
    same = susie(X, y, options=replace(options, engine="numpy"))
    np.testing.assert_allclose(fit.pip, same.pip, atol=1e-6)


def test_small_effects_leave_large_ones_alone():
    X, y = polygenic()
    y = y + 0.6 * X[:, 5]
    fit = susie(X, y, options=SusieOptions(unmappable_effects="ash"))
    plain = susie(X, y)
    assert [s.variants.tolist() for s in fit.credible_sets] == [[5]]
    assert fit.diagnostics["tau2"] > 0
    assert fit.sigma2 < plain.sigma2
    np.testing.assert_allclose(
        fit.coef, (fit.alpha * fit.mu).sum(axis=0) + fit.diagnostics["theta"], atol=1e-12
    )
    again = susie_ss(
        X.T @ X, X.T @ y, y @ y, n=len(y), options=SusieOptions(unmappable_effects="ash")
    )
    np.testing.assert_allclose(again.pip, fit.pip, atol=1e-6)


def test_small_effects_say_when_they_still_move(monkeypatch):
    X, y = polygenic()
    monkeypatch.setattr(mr_ash, "_MOST_SWEEPS", 1)
    fit = susie(X, y, options=SusieOptions(unmappable_effects="ash"))
    assert "The small effects still moved" in " ".join(fit.warnings)


@pytest.mark.parametrize("estimated", [True, False])
def test_small_effects_refuse_what_leaves_no_noise(estimated):
    z, R = [400.0, -400.0], [[1.0, 0.99], [0.99, 1.0]]
    options = SusieOptions(unmappable_effects="ash", estimate_residual_variance=estimated)
    if not estimated:
        assert np.isfinite(susie_rss(z, R, 1000, options=options).pip).all()
        return
    with pytest.raises(InputError, match="unmappable_effects: the residual variance came out"):
        susie_rss(z, R, 1000, options=options)


def test_small_effects_name_the_compiler_they_lack(monkeypatch):
    native.mr_ash_kernels.cache_clear()
    monkeypatch.setattr(native, "find_spec", lambda name: None)
    options = SusieOptions(unmappable_effects="ash", engine="numpy")
    with pytest.raises(MissingDependencyError, match="install a C compiler"):
        susie_rss([3.0, 1.0], np.eye(2), 100, options=options)
    monkeypatch.undo()
    native.mr_ash_kernels.cache_clear()
    assert np.isfinite(susie_rss([3.0, 1.0], np.eye(2), 100, options=options).pip).all()


def test_small_effects_need_n():
    with pytest.raises(InputError, match="n: found None with unmappable_effects='ash'"):
        susie_rss([3.0, 1.0], np.eye(2), options=SusieOptions(unmappable_effects="ash"))
