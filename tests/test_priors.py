"""Prior weights and learning them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqgen.errors import InputError
from seqgen.priors import (
    fit_prior,
    given_coefficients,
    prior_annotations,
    prior_weights,
)
from seqgen.results import FineMapResult


def result(alpha, V):
    alpha = np.atleast_2d(alpha)
    zero = np.zeros(len(alpha))
    return FineMapResult(
        alpha=alpha, mu=alpha, mu2=alpha, lbf_variable=alpha, V=np.asarray(V, float), lbf=zero,
        KL=zero, sigma2=1.0, pip=alpha.max(axis=0), prior=alpha[0], elbo=zero, niter=1,
        converged=True, credible_sets=(),
    )  # fmt: skip


class OneCausal:
    """Exact fine-mapper of loci with one causal variant: posterior is prior times Bayes factor."""

    def __init__(self, log_bf):
        self.log_bf = log_bf
        self.calls = 0

    def __call__(self, weights):
        self.calls += 1
        fits = {}
        for locus, weight in weights.items():
            log_bf = self.log_bf[locus]
            posterior = weight * np.exp(log_bf - log_bf.max())
            fits[locus] = result(posterior / posterior.sum(), [1.0])
        return fits

    def log_evidence(self, annotations, terms, beta):
        total = 0.0
        for locus, rows in annotations.groupby("locus", sort=False):
            logits = rows[terms].to_numpy() @ beta
            log_prior = logits - np.log(np.exp(logits).sum())
            total += np.log(np.exp(log_prior + self.log_bf[locus]).sum())
        return total


def simulate(seed, loci=60, p=40, truth=(2.0, -0.5)):
    """Loci with one causal variant each, drawn from a softmax prior."""
    rng = np.random.default_rng(seed)
    frames, log_bf = [], {}
    for number in range(loci):
        missense = (rng.random(p) < 0.15).astype(float)
        score = np.where(missense > 0, -rng.gamma(2.0, 1.5, p), 0.0)
        logits = truth[0] * missense + truth[1] * score
        weight = np.exp(logits - logits.max())
        causal = rng.choice(p, p=weight / weight.sum())
        name = f"1:{number}-{number}"
        frames.append(pd.DataFrame({"locus": name, "missense": missense, "log_lik_ratio": score}))
        z = rng.normal(size=p)
        z[causal] += 5
        log_bf[name] = 0.5 * z**2 * 0.9
    return pd.concat(frames, ignore_index=True), OneCausal(log_bf)


def test_weights_sum_to_one_and_follow_the_coefficients():
    annotations = pd.DataFrame({"locus": ["a", "a", "b", "b", "b"], "missense": [0.0, 1, 0, 0, 1]})
    table = pd.DataFrame({"term": ["missense"], "estimate": [np.log(4)]})
    weights = prior_weights(annotations, table)
    assert np.allclose(weights, [0.2, 0.8, 1 / 6, 1 / 6, 4 / 6])


@settings(max_examples=50, deadline=None)
@given(
    beta=st.floats(-300, 300),
    x=st.lists(st.floats(-50, 50), min_size=1, max_size=20),
)
def test_weights_never_overflow(beta, x):
    annotations = pd.DataFrame({"locus": "a", "t": x})
    weights = prior_weights(annotations, pd.DataFrame({"term": ["t"], "estimate": [beta]}))
    assert np.isfinite(weights).all()
    assert weights.sum() == pytest.approx(1)


def test_em_reaches_the_maximum_of_the_penalised_evidence():
    """The fixed point of EM is where the penalised log evidence is flat."""
    annotations, fine_map = simulate(1)
    terms = ["missense", "log_lik_ratio"]
    fit = fit_prior(annotations, fine_map, tol=1e-6, max_iter=200)
    assert fit.converged
    beta = fit.coefficients["estimate"].to_numpy()

    def objective(b):
        penalty = 0.5 * ((b / np.array([2.0, 0.5])) ** 2).sum()
        return fine_map.log_evidence(annotations, terms, b) - penalty

    for shift in ([0.02, 0], [-0.02, 0], [0, 0.01], [0, -0.01]):
        assert objective(beta + np.array(shift)) < objective(beta)


def test_coefficients_are_recovered_and_intervals_hold_the_truth():
    annotations, fine_map = simulate(2, loci=300)
    told = fit_prior(annotations, fine_map).coefficients.set_index("term")
    assert told.loc["missense", "lower"] < 2.0 < told.loc["missense", "upper"]
    assert told.loc["log_lik_ratio", "lower"] < -0.5 < told.loc["log_lik_ratio", "upper"]
    assert told.loc["missense", "lower"] > 0.5


def test_standard_errors_are_those_of_the_evidence():
    """Louis' information equals the numerical second derivative of the log evidence."""
    annotations, fine_map = simulate(3, loci=150)
    fit = fit_prior(annotations, fine_map, terms=["missense"], tol=1e-6, max_iter=200)
    beta, h = float(fit.coefficients["estimate"].iloc[0]), 1e-3

    def evidence(b):
        return fine_map.log_evidence(annotations, ["missense"], np.array([b]))

    curvature = -(evidence(beta + h) - 2 * evidence(beta) + evidence(beta - h)) / h**2
    expected = 1 / np.sqrt(curvature + 1 / 2.0**2)
    assert fit.coefficients["se"].iloc[0] == pytest.approx(expected, rel=1e-3)


def test_left_out_coefficients_are_near_those_of_a_refit_without_the_locus():
    annotations, fine_map = simulate(4, loci=25)
    fit = fit_prior(annotations, fine_map, tol=1e-6, max_iter=300)
    joint = fit.coefficients["estimate"].to_numpy()
    errors, moves = [], []
    for locus in list(fine_map.log_bf)[:8]:
        others = annotations[annotations["locus"] != locus]
        refit = fit_prior(others, fine_map, tol=1e-6, max_iter=300)
        exact = refit.coefficients["estimate"].to_numpy()
        errors.append(np.abs(fit.left_out.loc[locus].to_numpy() - exact).max())
        moves.append(np.abs(joint - exact).max())
    assert max(errors) < 0.25 * max(moves)


def test_centring_keeps_the_enrichment_out_of_the_score():
    """Missense variants are enriched whatever the model thinks of them: the score gets nothing."""
    annotations, fine_map = simulate(7, loci=200, truth=(2.0, 0.0))
    missense = annotations["missense"] > 0
    raw = annotations["log_lik_ratio"].where(missense) - 5.0
    variants = pd.DataFrame(
        {
            "locus": annotations["locus"],
            "residue_change": pd.Series("R1C", index=annotations.index).where(missense),
            "log_lik_ratio": raw,
        }
    )
    told = fit_prior(prior_annotations(variants), fine_map).coefficients.set_index("term")
    assert told.loc["missense", "lower"] < 2.0 < told.loc["missense", "upper"]
    assert told.loc["missense", "estimate"] > 1.5
    assert abs(told.loc["log_lik_ratio", "estimate"]) < 0.1


def test_an_indefinite_information_is_repaired_to_a_finite_step_and_error():
    """Posteriors wider in the annotation than the prior give negative information."""
    annotations = pd.DataFrame({"locus": "a", "missense": [1.0, 1.0, *[0.0] * 38]})
    alpha = np.array([0.25, 0.25, *[0.5 / 38] * 38])
    fit = fit_prior(
        annotations, lambda w: {"a": result([alpha] * 9, [1.0] * 9)}, terms=["missense"], max_iter=5
    )
    told = fit.coefficients
    assert np.isfinite(fit.trace).all()
    assert told["se"].iloc[0] == 2.0
    assert told["source"].tolist() == ["penalty"]
    assert np.abs(np.diff(fit.trace, axis=0)).max() <= 2.0


def test_without_evidence_the_prior_stays_flat():
    annotations, _ = simulate(5)
    silent = OneCausal({locus: np.zeros(len(rows)) for locus, rows in annotations.groupby("locus")})
    fit = fit_prior(annotations, silent)
    assert np.abs(fit.coefficients["estimate"]).max() < 1e-6
    assert fit.coefficients["se"].tolist() == pytest.approx([2.0, 0.5])
    assert fit.coefficients["source"].tolist() == ["penalty", "penalty"]


def test_effects_without_variance_teach_nothing():
    annotations = pd.DataFrame({"locus": "a", "missense": [1.0, 0, 0, 0]})
    fit = fit_prior(
        annotations, lambda w: {"a": result([[1.0, 0, 0, 0]], [0.0])}, terms=["missense"]
    )
    assert fit.n_effects == 0
    assert fit.coefficients["estimate"].tolist() == [0.0]


def test_progress_is_told_each_round():
    annotations, fine_map = simulate(6, loci=5)
    heard = []
    fit_prior(annotations, fine_map, progress=lambda *told: heard.append(told))
    assert [step for step, _, _ in heard] == list(range(1, len(heard) + 1))
    assert "missense" in heard[0][2]


def test_missense_without_a_score_is_taken_as_typical():
    variants = pd.DataFrame(
        {
            "locus": "a",
            "residue_change": pd.array(["R1C", None, "K2E", "L3P"], dtype="str"),
            "log_lik_ratio": [-3.0, np.nan, np.nan, -1.0],
        }
    )
    out = prior_annotations(variants)
    assert out["missense"].tolist() == [1, 0, 1, 1]
    assert out["log_lik_ratio"].tolist() == [-1, 0, 0, 1]


def test_given_coefficients_are_marked_as_given():
    annotations = pd.DataFrame({"locus": "a", "missense": [1.0, 0.0]})
    table = given_coefficients({"missense": 1.5}, annotations)
    assert table["source"].tolist() == ["given"]
    assert table["se"].isna().all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda a: prior_weights(a, pd.DataFrame({"term": ["x"], "estimate": [1.0]})), "no column"),
        (lambda a: given_coefficients({"missense": np.inf}, a), "finite"),
        (lambda a: fit_prior(a.assign(missense=np.nan), None, terms=["missense"]), "finite number"),
        (lambda a: fit_prior(a.assign(missense="x"), None, terms=["missense"]), "not numeric"),
        (lambda a: fit_prior(a, None, terms=["missense"], penalty_sd={"missense": 0}), "positive"),
        (
            lambda a: fit_prior(a, lambda w: {"a": result([1.0], [1.0])}, terms=["missense"]),
            "returned 1 variants, the annotations have 2",
        ),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(InputError, match=message):
        call(pd.DataFrame({"locus": "a", "missense": [1.0, 0.0]}))
