"""Options of susieR's that its reference cases leave out, and mixtures of LD panels."""

from __future__ import annotations

import numpy as np
import pytest

from seqgen.errors import InputError
from seqgen.finemap import (
    SusieOptions,
    ld_factor,
    prepare_ld,
    susie,
    susie_rss,
    susie_ss,
)
from seqgen.finemap.panel_mixture import best_weights

P, N = 30, 2000


def people(seed, share, n=400):
    """Genotypes of a population whose haplotypes hold a share of another one's."""
    rng = np.random.default_rng(seed)
    base = np.repeat(rng.normal(size=(n, P // 3)), 3, axis=1)
    other = np.repeat(rng.normal(size=(n, P // 5)), 5, axis=1)
    return np.sqrt(1 - share) * base + np.sqrt(share) * other + 0.5 * rng.normal(size=(n, P))


A, B = people(1, 0.1), people(2, 0.8)
RA, RB = np.corrcoef(A, rowvar=False), np.corrcoef(B, rowvar=False)


def scores(share):
    R = share * RA + (1 - share) * RB
    rng = np.random.default_rng(4)
    b = np.zeros(P)
    b[[4, 20]] = 9.0, -7.0
    return R @ b + np.linalg.cholesky(R + 1e-9 * np.eye(P)) @ rng.normal(size=P)


def test_the_mixture_finds_the_share_of_each_panel():
    told = {}
    for share in (0.15, 0.5, 0.9):
        fit = susie_rss(scores(share), [RA, RB], N, L=5)
        weights = fit.diagnostics["panel_weights"]
        assert weights.sum() == pytest.approx(1.0)
        assert weights.min() >= 0.0
        assert {4, 20} <= {int(fit.alpha[s.effect].argmax()) for s in fit.credible_sets}
        told[share] = weights[0]
    assert told[0.15] < told[0.5] < told[0.9]
    assert abs(told[0.5] - 0.5) < 0.2


def test_one_panel_in_a_list_is_that_panel_and_genotypes_are_their_correlations():
    z = scores(1.0)
    alone = susie_rss(z, [RA], N, L=5)
    plain = susie_rss(z, RA, N, L=5, options=SusieOptions(convergence_method="pip"))
    np.testing.assert_allclose(alone.pip, plain.pip, atol=1e-12)
    assert alone.diagnostics["panel_weights"].tolist() == [1.0]
    mixed = susie_rss(z, [prepare_ld(RA), RB], N, L=5)
    for given in ({"X": [A, B]}, {"R": [ld_factor(A), ld_factor(B)]}):
        same = susie_rss(z, n=N, L=5, **given)
        np.testing.assert_allclose(same.pip, mixed.pip, atol=1e-8)
        assert same.diagnostics["first_panel"] == mixed.diagnostics["first_panel"]


def test_panels_of_too_few_people_are_weighed_alike():
    few = [np.corrcoef(people(seed, 0.1, n=9), rowvar=False) for seed in (1, 2)]
    fit = susie_rss(scores(1.0), few, N, L=2)
    assert fit.diagnostics["panel_weights"].tolist() == [0.5, 0.5]


def test_weights_of_three_panels_move_to_the_best():
    target = np.array([0.7, 0.2, 0.1])
    found = best_weights(lambda w: -float(((w - target) ** 2).sum()), np.full(3, 1 / 3))
    assert np.abs(found - target).sum() < np.abs(np.full(3, 1 / 3) - target).sum()
    assert found.sum() == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"R": [RA, RB[:5, :5]]}, r"^R\[1\] of 2 panels: R: found 5 x 5 for 30"),
        ({"R": [RA, RB * np.nan]}, r"^R\[1\] of 2 panels: .*NaN"),
        ({"R": [RA, RB], "X": [A, B]}, "^R: found both R and X"),
        ({"R": [RA, RB], "n": None}, "^n: found None with 2 LD panels"),
        ({"R": [RA, RB], "R_finite": 400}, "^R_finite: found a setting with 2 LD panels"),
        ({"R": [RA, RB], "R_mismatch": "eb"}, "^R_mismatch: found a setting"),
        ({"R": [RA, RB], "options": SusieOptions(refine=True)}, "^refine: found a setting"),
        ({"R": [RA, RB], "options": SusieOptions(compat="0.12")}, "^compat: found a setting"),
    ],
)
def test_what_does_not_go_with_several_panels(wrong, message):
    with pytest.raises(InputError, match=message):
        susie_rss(**{"z": scores(0.5), "n": N, **wrong})


def test_frequencies_choose_in_every_panel():
    maf = np.full(P, 0.3)
    maf[0] = 0.0
    fit = susie_rss(scores(0.5), [RA, RB], N, L=5, maf=maf)
    z = scores(0.5)[1:]
    np.testing.assert_allclose(
        fit.pip, susie_rss(z, [RA[1:, 1:], RB[1:, 1:]], N, L=5).pip, atol=1e-12
    )


def cohort():
    rng = np.random.default_rng(8)
    X = rng.binomial(2, np.linspace(0.05, 0.5, P), (300, P)).astype(float)
    return X, 0.8 * X[:, 7] + rng.normal(size=300)


def test_effects_per_allele_are_those_of_the_sums():
    X, y = cohort()
    centred, left = X - X.mean(axis=0), y - y.mean()
    squares = (centred**2).sum(axis=0)
    bhat = centred.T @ left / squares
    shat = np.sqrt((left @ left - bhat**2 * squares) / 298 / squares)
    options = SusieOptions(estimate_residual_variance=True, max_iter=100)
    common = {"standardize": False, "options": options, "L": 4}
    sums = susie_ss(centred.T @ centred, centred.T @ left, left @ left, n=300, **common)
    effects = susie_rss(
        bhat=bhat, shat=shat, R=np.corrcoef(X, rowvar=False), n=300, var_y=y.var(ddof=1), **common
    )
    np.testing.assert_allclose(effects.pip, sums.pip, atol=1e-6)
    np.testing.assert_allclose(effects.coef, sums.coef, atol=1e-6)
    assert effects.X_column_scale_factors.tolist() == [1.0] * P


def test_a_panel_counts_its_own_people():
    z = scores(1.0)
    np.testing.assert_array_equal(
        susie_rss(z, X=A, n=N, R_finite=True).pip, susie_rss(z, X=A, n=N, R_finite=400).pip
    )


def test_the_residual_variance_keeps_within_its_bounds():
    X, y = cohort()
    free = susie(X, y).sigma2
    for name, bound in (("lower", 1.2 * free), ("upper", 0.8 * free)):
        options = SusieOptions(**{f"residual_variance_{name}bound": bound})
        assert susie(X, y, options=options).sigma2 == bound
    # A phenotype that the genotypes explain: the least is a ten thousandth of its variance.
    exact = X[:, 7] * 2.0
    assert susie(X, exact).sigma2 == pytest.approx(1e-4 * exact.var(ddof=1))


def test_the_greedy_search_stops_where_told():
    z = scores(1.0)
    many = susie_rss(z, RA, N, L=9, options=SusieOptions(L_greedy=1, greedy_lbf_cutoff=0.0))
    few = susie_rss(z, RA, N, L=9, options=SusieOptions(L_greedy=1, greedy_lbf_cutoff=1e6))
    assert (len(few.V), len(many.V) > 1) == (1, True)
