"""Rounds, penalties, cross-fitting, TORUS, and whether a prior is worth having."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from test_priors import OneCausal, simulate

from seqgen.errors import InputError
from seqgen.priors import (
    PriorOptions,
    evaluate_prior,
    fit_prior,
    fit_torus_prior,
    prior_terms,
)
from seqgen.priors.penalties import _strictest, locus_blocks

_REFERENCE = Path(os.environ.get("SEQGEN_SHARED_DATA", Path(__file__).parents[2] / "shared/data"))
TORUS = _REFERENCE / "finemap_ref" / "torus"
BOTH = ["missense", "log_lik_ratio"]


def estimates(fit):
    return dict(zip(fit.coefficients["term"], fit.coefficients["estimate"], strict=True))


def with_decoys(seed, loci=120, decoys=10):
    annotations, fine_map = simulate(seed, loci=loci, truth=(2.0, 0.0))
    rng = np.random.default_rng(seed)
    names = [f"decoy_{k}" for k in range(decoys)]
    return annotations.assign(**{n: rng.normal(size=len(annotations)) for n in names}), fine_map


def test_rounds_are_few_and_fewer_from_a_warm_start():
    annotations, fine_map = simulate(1, loci=150)
    cold = fit_prior(annotations, fine_map, tol=1e-5)
    assert cold.converged
    assert len(cold.trace) - 1 <= 4
    calls = fine_map.calls
    warm = fit_prior(annotations, fine_map, tol=1e-5, init=estimates(cold))
    assert fine_map.calls - calls == 2
    assert estimates(warm) == pytest.approx(estimates(cold), abs=1e-4)


def test_a_locus_that_alone_knows_a_term_teaches_itself_nothing():
    annotations, fine_map = simulate(2, loci=20)
    only = annotations["locus"] == "1:3-3"
    annotations["missense"] = 0.0
    annotations["log_lik_ratio"] = 0.0
    log_bf = fine_map.log_bf["1:3-3"]
    annotations.loc[annotations.index[only][log_bf.argmax()], "missense"] = 1.0
    fit = fit_prior(annotations, fine_map, terms=["missense"], penalty_sd={"missense": 5.0})
    assert estimates(fit)["missense"] > 2
    assert abs(fit.left_out.loc["1:3-3", "missense"]) < 1e-3
    assert fit.left_out.loc["1:9-9", "missense"] == pytest.approx(estimates(fit)["missense"], 1e-2)


def test_left_out_by_evidence_equals_a_refit():
    """With one effect a locus the Bayes factors do not depend on the prior: both are exact."""
    annotations, fine_map = simulate(3, loci=30)
    quick = fit_prior(annotations, fine_map, tol=1e-6)
    slow = fit_prior(annotations, fine_map, tol=1e-6, options=PriorOptions(cross_fit="refit"))
    assert np.allclose(quick.left_out, slow.left_out, atol=1e-4)
    assert np.ptp(quick.left_out["missense"]) > 0.02


def test_blocks_are_chromosomes_where_there_are_many():
    names = [f"{c}:{k}-{k}" for c in range(1, 13) for k in range(3)]
    assert locus_blocks(names).tolist() == np.repeat(np.arange(12), 3).tolist()
    assert locus_blocks([f"1:{k}-{k}" for k in range(100)]).max() == 24


def test_the_chosen_penalty_silences_decoys_and_spares_what_is_true():
    annotations, fine_map = with_decoys(4, loci=80, decoys=5)
    terms = ["missense", *[c for c in annotations if c.startswith("decoy")]]
    given = estimates(fit_prior(annotations, fine_map, terms=terms))
    fit = fit_prior(annotations, fine_map, terms=terms, options=PriorOptions("cv"))
    chosen = estimates(fit)
    assert max(abs(given[t]) for t in terms[1:]) > 0.05
    assert all(chosen[t] == 0 for t in terms[1:])
    assert (fit.left_out[terms[1:]] == 0).all(axis=None)
    assert chosen["missense"] > 1.5
    table = fit.coefficients.set_index("term")
    assert table["source"].tolist() == ["learned"] + ["silenced"] * 5
    assert (table["upper"] - table["lower"])[1:].between(0.1, 2).all()


def test_terms_of_a_group_stay_or_go_together():
    annotations, fine_map = simulate(9, loci=50, truth=(2.5, 0.0))
    rng = np.random.default_rng(9)
    half = rng.random(len(annotations)) < 0.5
    annotations = annotations.assign(
        a=annotations["missense"] * half, b=annotations["missense"] * ~half,
        c=rng.normal(size=len(annotations)), d=rng.normal(size=len(annotations)),
    )  # fmt: skip
    terms = ["a", "b", "c", "d"]

    def chosen(groups):
        options = PriorOptions("cv", groups=groups)
        told = estimates(fit_prior(annotations, fine_map, terms=terms, options=options))
        return {term for term, value in told.items() if value != 0}

    assert chosen({"a": "one", "b": "one", "c": "two", "d": "two"}) == {"a", "b"}
    assert chosen({"a": "one", "b": "two", "c": "one", "d": "two"}) in ({*"abcd"}, set())
    terms_of = prior_terms(annotations, ["c", "missense"], binned={"c": 3})
    assert sorted(terms_of.groups.values()) == ["c", "c", "missense"]
    assert set(terms_of.groups) == set(terms_of.terms)


def test_the_strictest_penalty_within_a_standard_error_is_taken():
    value = np.array([[3.0, 1.0, 2.0, 2.0], [2.9, 1.2, 1.8, 2.0], [0.0, 0.0, 0.0, 0.0]])
    assert _strictest(value) == 1
    assert _strictest(value[[0, 2]]) == 0


def test_jackknife_errors_are_near_those_of_the_information():
    annotations, fine_map = simulate(5, loci=300)
    known = fit_prior(annotations, fine_map).coefficients["se"]
    left = fit_prior(annotations, fine_map, options=PriorOptions(errors="jackknife"))
    assert np.allclose(left.coefficients["se"] / known, 1, atol=0.5)


def test_increasing_terms_do_not_fall():
    annotations, fine_map = simulate(6, loci=100, truth=(2.0, -0.5))
    free = estimates(fit_prior(annotations, fine_map))
    held = estimates(
        fit_prior(annotations, fine_map, options=PriorOptions(increasing=("log_lik_ratio",)))
    )
    assert free["log_lik_ratio"] < -0.2
    assert held["log_lik_ratio"] == pytest.approx(0, abs=1e-6)
    assert held["missense"] > 1


def test_a_true_prior_is_told_from_none():
    annotations, fine_map = simulate(7, loci=60)
    good = evaluate_prior(annotations, fine_map)
    assert good.helps
    assert good.lower > 0
    assert good.by_locus["gain"].sum() == pytest.approx(good.gain)
    assert good.coefficients["estimate"].tolist() == list(estimates(good.fit).values())


def test_no_gain_means_the_flat_prior_and_is_said():
    annotations, fine_map = simulate(8, loci=50, truth=(0.0, 0.0))
    none = evaluate_prior(annotations, fine_map)
    assert not none.helps
    assert (none.coefficients["estimate"] == 0).all()
    assert (none.coefficients["lower"] < 0).all()
    assert (none.coefficients["upper"] > 0).all()
    assert none.gain != 0
    assert "shrunk to the flat one" in none.verdict


def test_coefficients_learned_anew_are_worth_about_what_those_from_the_flat_fits_are():
    annotations, fine_map = simulate(7, loci=12)
    quick = evaluate_prior(annotations, fine_map)
    slow = evaluate_prior(annotations, fine_map, options=PriorOptions("cv", cross_fit="refit"))
    # One effect a locus: its Bayes factors are the same under any prior.
    assert quick.gain == pytest.approx(slow.gain, abs=0.3)


def test_few_loci_widen_the_interval_of_the_gain():
    annotations, fine_map = simulate(7, loci=6)
    few = evaluate_prior(annotations, fine_map)
    gain = few.by_locus["gain"].to_numpy()
    drawn = np.random.default_rng(2).integers(0, 6, (4000, 6))
    low, high = np.quantile(gain[drawn].sum(axis=1), (0.025, 0.975))
    assert few.upper - few.lower == pytest.approx(1.437 * (high - low), rel=0.1)


def torus_likelihood(annotations, log_bf, beta):
    total = 0.0
    for name, rows in annotations.groupby("locus", sort=False):
        logit = beta[0] + rows[BOTH].to_numpy() @ beta[1:]
        null = -np.log1p(np.exp(logit)).sum()
        total += null + np.log1p(np.exp(logit + log_bf[name]).sum())
    return total


def test_the_one_causal_prior_is_at_the_top_of_its_likelihood():
    annotations, source = simulate(11, loci=60, truth=(1.0, -0.1))
    fit = fit_torus_prior(annotations, log_bf=np.concatenate(list(source.log_bf.values())))
    assert fit.converged
    found = np.array([fit.intercept, *fit.coefficients["estimate"]])

    def below(beta):
        return -torus_likelihood(annotations, source.log_bf, beta)

    best = minimize(below, found + 0.3, method="Nelder-Mead", options={"xatol": 1e-6})
    assert np.allclose(found, best.x, atol=1e-3)
    assert fit.log_likelihood == pytest.approx(-best.fun)
    assert fit.pip.groupby(annotations["locus"]).sum().max() <= 1 + 1e-9


def test_profile_intervals_end_where_the_likelihood_has_fallen():
    annotations, source = simulate(12, loci=30, truth=(1.0, -0.1))
    fit = fit_torus_prior(annotations, log_bf=np.concatenate(list(source.log_bf.values())))
    end = fit.coefficients["upper"].iloc[0]

    def below(beta):
        return -torus_likelihood(annotations, source.log_bf, np.array([beta[0], end, beta[1]]))

    best = minimize(below, [fit.intercept, -0.5], method="Nelder-Mead")
    assert fit.log_likelihood + best.fun == pytest.approx(1.9207, abs=0.01)


def test_a_coefficient_without_a_maximum_is_said():
    annotations, source = simulate(11, loci=20, truth=(8.0, 0.0))
    log_bf = 5 * np.concatenate(list(source.log_bf.values()))
    with pytest.raises(InputError, match="'missense' has no maximum"):
        fit_torus_prior(annotations, log_bf=log_bf, terms=["missense"])
    held = fit_torus_prior(annotations, log_bf=log_bf, terms=["missense"], penalty_sd=2.0)
    assert held.converged
    assert 1 < estimates(held)["missense"] < 10


@pytest.mark.skipif(not TORUS.exists(), reason="TORUS's own results are not at hand")
def test_torus_own_coefficients():
    z = pd.read_csv(TORUS / "z.gz", sep=" ", header=None)
    known = pd.read_csv(TORUS / "annot.gz", sep=" ")
    table = pd.DataFrame({"locus": z[1], "reg": known["reg_d"], "cont": known["cont_c"]})
    fit = fit_torus_prior(table, z=z[2])
    theirs = [line.split() for line in (TORUS / "zval_mixed.est").read_text().splitlines() if line]
    numbers = np.array([row[1:] for row in theirs if len(row) == 4], float)
    assert abs(fit.intercept - numbers[0, 0]) < 0.02
    told = fit.coefficients[["estimate", "lower", "upper"]].to_numpy()
    assert np.abs(told[:, 0] - numbers[1:, 0]).max() < 0.02
    assert np.abs(told - numbers[1:]).max() < 0.04
    assert fit.log_likelihood == pytest.approx(6186.74, abs=0.05)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda a, f: fit_prior(a, f, init={"x": 1.0}), "init: found"),
        (lambda a, f: fit_prior(a, f, options=PriorOptions(increasing=("x",))), "no term x"),
        (lambda a, f: fit_prior(a, f, options=PriorOptions("cv", groups={"x": "g"})), "no term x"),
        (lambda a, f: PriorOptions(penalty="none"), "penalty: found 'none'"),
        (lambda a, f: evaluate_prior(a, f, folds=1), "folds: found 1"),
        (lambda a, f: fit_torus_prior(a), "neither or both"),
        (lambda a, f: fit_torus_prior(a, z=[1.0]), "found shape"),
    ],
)
def test_bad_input(call, message):
    annotations, fine_map = simulate(13, loci=5)
    assert isinstance(fine_map, OneCausal)
    with pytest.raises(InputError, match=message):
        call(annotations, fine_map)
