"""Equal answers to a textbook SuSiE, written from the formulas, on random small problems."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from seqgen.finemap import SusieOptions, get_cs, ibss, prepare_ld, susie, susie_rss, susie_ss
from seqgen.finemap.single_effect import EffectPrior

EPS = 1.4901161193847656e-8


def log_normal(x, variance):
    return -0.5 * np.log(2 * np.pi * variance) - 0.5 * x**2 / variance


def textbook(z, R, n, *, weights, L, sweeps, panel=np.inf, mismatch=False):
    """Dense SuSiE with a panel: returns alpha, V, (mu, mu2), bound per sweep, lambda."""
    p = len(z)
    z = z * np.sqrt((n - 1) / (z**2 + n - 2))
    XtX, Xty, d = (n - 1) * R, np.sqrt(n - 1) * z, n - 1.0
    alpha, mu, mu2 = np.full((L, p), 1 / p), np.zeros((L, p)), np.zeros((L, p))
    V, kl, lam, bound = np.full(L, 0.2), np.zeros(L), 0.0, []

    def scale(b):
        return (XtX @ b) ** 2 / (n - 1) + max(b @ XtX @ b, 0.0)

    def effect(i):
        others = np.delete(alpha * mu, i, axis=0).sum(axis=0)
        bhat = (Xty - XtX @ others) / d
        s2 = (1.0 + (1.0 / panel + lam) * scale(others)) / d

        def evidence(v):
            lbf = log_normal(bhat, v + s2) - log_normal(bhat, s2)
            joint = lbf + np.log(weights + EPS)
            return lbf, joint.max() + np.log(np.sum(np.exp(joint - joint.max())))

        best = minimize_scalar(
            lambda x: -evidence(np.exp(x))[1],
            bounds=(-30, 15),
            method="bounded",
            options={"xatol": EPS},
        ).x
        v = max([np.exp(best), V[i]], key=lambda x: evidence(x)[1])
        V[i] = 0.0 if evidence(0.0)[1] >= evidence(v)[1] else v
        lbf, total = evidence(V[i])
        alpha[i] = np.exp(lbf + np.log(weights + EPS) - total)
        variance = V[i] * s2 / (V[i] + s2)
        mu[i] = variance / s2 * bhat
        mu2[i] = variance + mu[i] ** 2
        kl[i] = -total - 0.5 * d * np.sum(alpha[i] * (mu2[i] - 2 * mu[i] * bhat))

    def fit_lambda():
        b = (alpha * mu).sum(axis=0)
        r2, s = (Xty - XtX @ b) ** 2 / (n - 1), scale(b)
        keep = s > 2.0**-52
        if not keep.any():
            return 0.0
        base = 1 + s[keep] / panel

        def nll(x):
            return 0.5 * np.sum(np.log(base + x * s[keep]) + r2[keep] / (base + x * s[keep]))

        top = max(1.0, 100 / panel, 10 * np.max((r2[keep] - base) / s[keep]))
        x = minimize_scalar(nll, bounds=(0, top), method="bounded", options={"xatol": 1e-8}).x
        se = np.sqrt(2 / np.sum((s[keep] / base) ** 2))
        return 0.0 if nll(0.0) <= nll(x) or x < 0.1 * se else x

    if mismatch:
        effect(0)
        sure = alpha[0] >= 2 * weights
        a = alpha[0] * sure / max(np.sum(alpha[0] * sure), 1e-300)
        lam = fit_lambda() * (min(1.0, a @ R**2 @ a) if sure.any() else 1.0)
    for _ in range(sweeps):
        for i in range(L):
            effect(i)
        lam = fit_lambda() if mismatch else 0.0
        b = alpha * mu
        squares = n - 1 - 2 * b.sum(axis=0) @ Xty + b.sum(axis=0) @ XtX @ b.sum(axis=0)
        squares += -np.einsum("lp,pq,lq->", b, XtX, b) + d * np.sum(alpha * mu2)
        bound.append(-n / 2 * np.log(2 * np.pi) - squares / 2 - kl.sum())
    return alpha, V, (mu, mu2), np.array(bound), lam


@st.composite
def problems(draw):
    """z-scores of one or two causal variants, LD of correlated columns, skewed weights."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    p, n = draw(st.integers(1, 12)), draw(st.integers(30, 5000))
    mixing = rng.normal(size=(p, p)) * draw(st.floats(0.0, 1.0)) + np.eye(p)
    cov = mixing @ mixing.T
    R = cov / np.sqrt(np.outer(np.diag(cov), np.diag(cov)))
    np.fill_diagonal(R, 1.0)
    z = R @ (rng.normal(size=p) * rng.binomial(1, 0.3, size=p) * 8) + rng.normal(size=p)
    return z, (R + R.T) / 2, float(n), rng.dirichlet(np.full(p, 0.7)), draw(st.integers(1, 4))


@settings(max_examples=40, deadline=None, derandomize=True)
@given(problems())
def test_plain_fit_equals_textbook(problem):
    z, R, n, weights, L = problem
    fit = susie_rss(z, R, n, prior_weights=weights, L=L)
    sweeps = len(fit.elbo)
    alpha, V, moments, bound, _ = textbook(z, R, n, weights=weights, L=len(fit.V), sweeps=sweeps)
    null = V < 1e-9
    alpha[null] = weights
    np.testing.assert_allclose(fit.alpha, alpha, atol=2e-6)
    # Sweeps that cross a saddle amplify the rounding of the prior variance.
    np.testing.assert_allclose(fit.elbo, bound, rtol=5e-6)
    assert fit.elbo[0] == pytest.approx(bound[0], rel=1e-9)
    np.testing.assert_allclose(fit.pip, 1 - np.prod(1 - alpha[~null], axis=0), atol=2e-6)
    np.testing.assert_allclose(fit.mu, moments[0], atol=1e-5)
    np.testing.assert_allclose(fit.mu2, moments[1], atol=1e-5)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(problems(), st.sampled_from([50.0, 400.0, None]), st.booleans())
def test_panel_fit_equals_textbook(problem, size, mismatch):
    z, R, n, weights, L = problem
    if size is None and not mismatch:
        size = 100.0
    fit = susie_rss(
        z,
        R,
        n,
        prior_weights=weights,
        L=L,
        R_finite=size,
        R_mismatch="eb" if mismatch else "none",
        options=SusieOptions(max_iter=4, tol=0.0),
    )
    alpha, V, moments, _, lam = textbook(
        z,
        R,
        n,
        weights=weights,
        L=len(fit.V),
        sweeps=fit.niter,
        panel=size or np.inf,
        mismatch=mismatch,
    )
    alpha[V < 1e-9] = weights
    np.testing.assert_allclose(fit.alpha, alpha, atol=5e-5)
    np.testing.assert_allclose(fit.mu2, moments[1], atol=1e-4)
    if mismatch:
        assert fit.diagnostics["lambda_bias"] == pytest.approx(lam, rel=1e-3, abs=1e-6)


def textbook_people(X, y, *, weights, null, L, sweeps, eps=EPS, scale=True, centre=True):
    """SuSiE from genotypes and residuals: returns alpha, V, mu, bound per sweep, sigma2."""
    (n, p), prior = X.shape, np.log(np.append(weights * (1 - null), null) + eps)
    prior[-1] = -np.inf if null == 0.0 else prior[-1]
    X = X / X.std(axis=0, ddof=1) if scale else X
    s2 = y.var(ddof=1)
    X, y = (X - X.mean(axis=0), y - y.mean()) if centre else (X, y)
    alpha, mu, mu2 = np.full((L, p), 1 / p), np.zeros((L, p)), np.zeros((L, p))
    V, kl, bound, d = np.full(L, 0.2 * s2), np.zeros(L), [], (X**2).sum(axis=0)
    for _ in range(sweeps):
        for i in range(L):
            left = y - X @ np.delete(alpha * mu, i, axis=0).sum(axis=0)
            bhat, se2 = X.T @ left / d, s2 / d

            def evidence(v, bhat=bhat, se2=se2):
                lbf = log_normal(bhat, v + se2) - log_normal(bhat, se2)
                return lbf, np.logaddexp.reduce(np.append(lbf, 0.0) + prior)

            best = minimize_scalar(
                lambda x: -evidence(np.exp(x))[1],
                bounds=(-30, 15),
                method="bounded",
                options={"xatol": EPS},
            ).x
            v = max([np.exp(best), V[i]], key=lambda x: evidence(x)[1])
            V[i] = 0.0 if evidence(0.0)[1] >= evidence(v)[1] else v
            lbf, total = evidence(V[i])
            alpha[i] = np.exp(lbf + prior[:-1] - total)
            mu[i] = V[i] / (V[i] + se2) * bhat
            mu2[i] = V[i] * se2 / (V[i] + se2) + mu[i] ** 2
            gain = 2 * left @ X @ (alpha[i] * mu[i]) - d @ (alpha[i] * mu2[i])
            kl[i] = gain / (2 * s2) - total
        squares = ((y - X @ (alpha * mu).sum(axis=0)) ** 2).sum()
        squares += d @ (alpha * mu2).sum(axis=0) - ((X @ (alpha * mu).T) ** 2).sum()
        bound.append(-n / 2 * np.log(2 * np.pi * s2) - squares / (2 * s2) - kl.sum())
        s2 = squares / n
    return alpha, V, mu, np.array(bound), s2  # fmt: skip


@st.composite
def cohorts(draw):
    """Genotypes in LD, a phenotype of one or two of them, weights of which some are zero."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, p = draw(st.integers(40, 120)), draw(st.integers(2, 10))
    X = rng.binomial(2, 0.4, (n, p)) + draw(st.floats(0.0, 1.0)) * rng.normal(size=(n, 1))
    X = X + 0.1 * rng.normal(size=(n, p))
    y = X @ (rng.normal(size=p) * rng.binomial(1, 0.3, p)) + rng.normal(size=n) + 1.0
    weights = rng.dirichlet(np.full(p, 0.7))
    weights[0] = weights[0] if draw(st.booleans()) else 0.0
    return X, y, weights / weights.sum(), draw(st.integers(1, 3))


@settings(max_examples=25, deadline=None, derandomize=True)
@given(cohorts(), st.sampled_from([0.0, 0.2]), st.booleans(), st.sampled_from(["0.16", "0.12"]))
def test_fits_of_people_and_of_sums_equal_textbook(cohort, null, scale, compat):
    X, y, weights, L = cohort
    options = SusieOptions(null_weight=null, compat=compat, max_iter=4, tol=0.0)
    common = {"prior_weights": weights, "L": L, "standardize": scale, "options": options}
    people = susie(X, y, **common)
    centred, left = X - X.mean(axis=0), y - y.mean()
    sums = susie_ss(centred.T @ centred, centred.T @ left, left @ left, n=len(y), **common)
    for fit in (people, sums):
        alpha, V, mu, bound, s2 = textbook_people(
            X, y, weights=weights, null=null, L=len(fit.V), sweeps=fit.niter,
            eps=EPS if compat == "0.16" else 1e-300, scale=scale,
        )  # fmt: skip
        gone = V < 1e-9
        alpha[gone] = weights * (1 - null)
        np.testing.assert_allclose(fit.alpha, alpha, atol=2e-5)
        np.testing.assert_allclose(fit.alpha * fit.mu, alpha * mu, rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(fit.elbo, bound, rtol=1e-5)
        if not fit.converged:
            assert fit.sigma2 == pytest.approx(s2, rel=1e-4)
        np.testing.assert_allclose(fit.pip, 1 - np.prod(1 - alpha[~gone], axis=0), atol=2e-5)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(cohorts())
def test_fits_without_an_intercept_equal_textbook(cohort):
    X, y, weights, L = cohort
    options = SusieOptions(max_iter=3, tol=0.0)
    fit = susie(X, y, prior_weights=weights, L=L, intercept=False, options=options)
    alpha, V, mu, bound, _ = textbook_people(
        X, y, weights=weights, null=0.0, L=len(fit.V), sweeps=fit.niter, centre=False
    )
    alpha[V < 1e-9] = weights
    np.testing.assert_allclose(fit.alpha, alpha, atol=2e-5)
    np.testing.assert_allclose(fit.mu, mu, atol=1e-4)
    np.testing.assert_allclose(fit.elbo, bound, rtol=1e-5)
    assert fit.intercept == 0.0


@pytest.mark.parametrize("size", [np.inf, 200.0])
def test_many_idle_effects_equal_textbook(size):
    """Idle effects share one answer; it must be forgotten whenever an effect moves."""
    rng = np.random.default_rng(11)
    p, n = 40, 5000.0
    founders = rng.normal(size=(400, p // 4)).repeat(4, axis=1)
    R = np.corrcoef(founders + 0.6 * rng.normal(size=(400, p)), rowvar=False)
    z = R @ np.where(np.arange(p) % 9 == 0, 7.0, 0.0) + rng.normal(size=p)
    weights = np.full(p, 1 / p)
    panel = {} if np.isinf(size) else {"R_finite": size}
    for sweeps in (1, 2, 3, 6):
        fit = susie_rss(z, R, n, L=9, options=SusieOptions(max_iter=sweeps, tol=0.0), **panel)
        alpha, V, _, _, _ = textbook(z, R, n, weights=weights, L=9, sweeps=sweeps, panel=size)
        alpha[V < 1e-9] = weights
        np.testing.assert_allclose(fit.alpha, alpha, atol=1e-5)


def test_answer_of_idle_effects_is_forgotten_when_an_effect_moves():
    z = np.array([0.0, 9.0])
    weights = np.full(2, 0.5)
    prior = EffectPrior.from_weights(weights)
    problem = ibss.Problem(
        bhat=z / np.sqrt(999.0),
        n=1000.0,
        ld=prepare_ld(np.eye(2)),
        weights=weights,
        prior=prior,
        panel=None,
        options=SusieOptions(),
    )
    state = ibss.new_state(problem, 3, 0.1)
    ibss.update_effect(problem, state, 0)
    assert state.V[0] > 0
    ibss.update_effect(problem, state, 1)
    assert state.V[1] == 0.0
    assert state.null_answer is not None
    ibss.update_effect(problem, state, 0)
    assert state.null_answer is None


def test_a_moving_mismatch_asks_for_another_sweep(monkeypatch):
    left = iter([0.05, 0.04, 0.03, 0.02, 0.02, 0.02, 0.02])

    def drift(problem, state):
        state.lambda_bias = next(left)

    monkeypatch.setattr(ibss, "update_mismatch", drift)
    fit = susie_rss([9.0, 1.0], np.eye(2), 1000, L=1, R_finite=500, R_mismatch="eb")
    # One value is drawn at the start; the fourth sweep is the first that moves nothing.
    assert fit.niter == 4
    assert fit.diagnostics["lambda_bias"] == 0.02


@settings(max_examples=30, deadline=None, derandomize=True)
@given(problems())
def test_posterior_is_a_posterior(problem):
    z, R, n, weights, L = problem
    fit = susie_rss(z, R, n, prior_weights=weights, L=L, min_abs_corr=0.0)
    np.testing.assert_allclose(fit.alpha.sum(axis=1), 1.0, atol=1e-9)
    assert fit.pip.min() >= 0.0
    assert fit.pip.max() <= 1.0
    assert (np.diff(fit.elbo) > -1e-6).all()
    for credible_set in fit.credible_sets:
        assert credible_set.coverage >= 0.95 - 1e-12
        least = fit.alpha[credible_set.effect, credible_set.variants].min()
        assert credible_set.coverage - least < 0.95 + 1e-12
    assert len(get_cs(fit, R, min_abs_corr=0.0)) == len(fit.credible_sets)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(problems(), st.integers(0, 1000))
def test_order_and_signs_of_variants_do_not_matter(problem, seed):
    z, R, n, weights, L = problem
    rng = np.random.default_rng(seed)
    order, sign = rng.permutation(len(z)), rng.choice([-1.0, 1.0], size=len(z))
    fit = susie_rss(z, R, n, prior_weights=weights, L=L)
    other = susie_rss(
        (sign * z)[order],
        (R * np.outer(sign, sign))[np.ix_(order, order)],
        n,
        prior_weights=weights[order] * 7.0,
        L=L,
    )
    np.testing.assert_allclose(other.pip, fit.pip[order], atol=1e-5)
