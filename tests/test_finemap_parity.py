"""Equal answers to susieR 0.16.5, on its frozen outputs."""

from __future__ import annotations

import json
from functools import cache

import numpy as np
import pytest
from susier_calls import REFERENCE, inputs, run

from seqgen.finemap import estimate_s_rss, get_cs, kriging_rss, susie_rss_lambda

pytestmark = pytest.mark.skipif(
    not REFERENCE.is_dir(), reason=f"susieR's outputs are not at {REFERENCE} (SEQGEN_SHARED_DATA)"
)
FOLDER = REFERENCE / "susieR-0.16.5"
CASES = sorted(one.stem for one in FOLDER.glob("*.json") if not one.stem.startswith("diag_"))
# Not for tight checks, and why.
EXCLUDED = {
    "NIG": "a prior of the residual variance for very few people, which seqgen does not have",
    'lambda = "estimate"': "in-sample LD leaves no noise: the bound jumps and never converges",
    "rss_rm_none": "susieR itself gives no stable answer",
}


def reference(case: str) -> tuple[dict[str, np.ndarray], dict]:
    stem = FOLDER / case
    record = json.loads(stem.with_suffix(".json").read_text())
    return dict(np.load(stem.with_suffix(".npz"))), record


@cache
def fit_case(case: str):
    """The fit of a case, and the session that made it."""
    truth, record = reference(case)
    return run(record["call"], truth)


def excluded(case: str, record: dict) -> str | None:
    told = f"{case} {record['call']}"
    return next((why for text, why in EXCLUDED.items() if text in told), None)


@pytest.mark.parametrize("case", CASES)
def test_fit_equals_susier(case):
    truth, record = reference(case)
    why = excluded(case, record)
    if why:
        pytest.skip(why)
    fit, _ = fit_case(case)
    assert_equals_susier(fit, case)
    if fit.X_column_scale_factors is not None:
        np.testing.assert_allclose(fit.coef, truth["coef"][1:], rtol=1e-5, atol=1e-7)
    if np.isfinite(fit.intercept):
        assert fit.intercept == pytest.approx(truth["coef"][0], abs=1e-6)


@pytest.mark.parametrize(
    ("case", "thresholds"),
    [
        ("rss_n3_t1_default", {}),
        ("rss_n3_t2_L20", {}),
        ("rss_n3_t1_cov90_purity08", {"coverage": 0.9, "min_abs_corr": 0.8}),
        ("rss_n3_t2_null09", {}),
    ],
)
def test_sets_asked_for_again_are_those_of_the_fit(case, thresholds):
    fit, _ = fit_case(case)
    again = get_cs(fit, inputs("N3")["R"], **thresholds)
    assert [vars(one) | {"variants": one.variants.tolist()} for one in again] == [
        vars(one) | {"variants": one.variants.tolist()} for one in fit.credible_sets
    ]


def test_asymmetry_is_told():
    assert "R was not symmetric, by up to 0.01" in fit_case("rss_n3_asym_R")[0].warnings[0]


def test_rare_variants_left_out_are_counted():
    rare = int((inputs("N3")["maf"].ravel() <= 0.05).sum())
    told = fit_case("rss_n3_t1_maf")[0].warnings
    assert any(f"{rare} of 1001 variants have a minor allele frequency" in one for one in told)


def assert_equals_susier(fit, case):
    truth, record = reference(case)
    p = len(fit.pip)
    # susieR appends no effect at all as another variant; a constant one has no estimate there.
    wide = {
        name: np.nan_to_num(truth[name][:, :p]) for name in ("alpha", "mu", "mu2", "lbf_variable")
    }
    truth = {**truth, **wide}
    assert fit.niter == record["niter"]
    assert fit.converged == record["converged"]
    assert np.abs(fit.pip - truth["pip"]).max() <= 1e-6
    np.testing.assert_allclose(fit.alpha, truth["alpha"], rtol=0, atol=1e-6)
    elbo = np.atleast_1d(truth["elbo"])
    assert fit.elbo[-1] == pytest.approx(elbo[-1], rel=1e-6)
    # In the sweep where an effect vanishes, the rounding of its variance shows.
    np.testing.assert_allclose(fit.elbo, elbo, rtol=1e-5)
    np.testing.assert_allclose(fit.V, truth["V"], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(fit.mu, truth["mu"], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(fit.mu2, truth["mu2"], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(fit.lbf_variable, truth["lbf_variable"], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(fit.lbf, truth["lbf"], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(fit.KL, truth["KL"], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(fit.sigma2, truth["sigma2"][0], rtol=1e-8)
    assert_same_sets(fit.credible_sets, record)


def assert_same_sets(mine, record):
    numbers = np.atleast_1d(record["cs_index"]).astype(int).tolist()
    assert [s.effect + 1 for s in mine] == numbers
    for own, theirs in zip(mine, record["cs"], strict=True):
        assert own.variants.tolist() == np.atleast_1d(theirs["index0"]).tolist()
        assert own.coverage == pytest.approx(theirs["coverage"], abs=1e-6)
        purity = theirs["purity"]
        assert own.min_abs_corr == pytest.approx(purity["min.abs.corr"], abs=1e-9)
        assert own.mean_abs_corr == pytest.approx(purity["mean.abs.corr"], abs=1e-9)
        assert own.median_abs_corr == pytest.approx(purity["median.abs.corr"], abs=1e-9)


@pytest.mark.parametrize("case", ["rss_n3_t1_Rfinite", "rss_rm_eb"])
def test_panel_diagnostics_equal_susier(case):
    fit, _ = fit_case(case)
    _, record = reference(case)
    for name, value in record["R_finite_diagnostics"].items():
        assert fit.diagnostics[name] == pytest.approx(value, rel=1e-6), name


@pytest.mark.parametrize("case", ["rss_n3_t1_inf", "rss_um_inf"])
def test_effects_of_every_variant_equal_susier(case):
    fit, _ = fit_case(case)
    truth, _ = reference(case)
    assert fit.diagnostics["tau2"] == pytest.approx(truth["tau2"][0], rel=1e-6)
    # susieR's theta is a sweep older than its variances, which still move by five per cent.
    theta = truth["theta"].ravel()
    room = 0.06 * np.abs(theta).max()
    np.testing.assert_allclose(fit.diagnostics["theta"], theta, atol=room)
    np.testing.assert_allclose(fit.coef, truth["coef"][1:], atol=room)


def test_small_effects_equal_susier():
    fit, (truth, _) = fit_case("rss_um_ash")[0], reference("rss_um_ash")
    assert fit.diagnostics["tau2"] == pytest.approx(truth["tau2"][0], rel=1e-6)
    np.testing.assert_allclose(fit.diagnostics["theta"], truth["theta"], atol=1e-9)
    np.testing.assert_allclose(fit.diagnostics["slot_weights"], truth["slot_weights"], atol=1e-7)


def test_slot_probabilities_equal_susier():
    fit, _ = fit_case("rss_n3_t1_slotbb")
    slots = reference("rss_n3_t1_slotbb")[0]["slot_weights"]
    np.testing.assert_allclose(fit.diagnostics["slot_weights"], slots, atol=1e-7)


def test_estimated_lambda_is_near_susier():
    data = inputs("N3")
    fit = susie_rss_lambda(data["z1"], data["R"], 574, lambda_="estimate")
    truth, record = reference("rsslam_n3_t1_est")
    # In-sample LD leaves no noise; susieR's bound then jumps by 1e13 and it never converges.
    assert fit.converged
    assert fit.diagnostics["lambda"] == 0.0
    assert np.abs(fit.pip - truth["pip"]).max() < 1e-4
    theirs = [np.atleast_1d(s["index0"]).tolist() for s in record["cs"]]
    assert [s.variants.tolist() for s in fit.credible_sets] == theirs


def test_estimate_s_equals_susier():
    n3, sc = inputs("N3"), inputs("SC")
    value = {
        name: reference(name)[0]["value"][0]
        for name in ("diag_n3_s_mle", "diag_sc_s_mle", "diag_sc_s_partial")
    }
    assert estimate_s_rss(n3["z1"], n3["R"], 574) == pytest.approx(value["diag_n3_s_mle"], abs=1e-8)
    z, R = sc["z"], sc["ldref"]
    assert estimate_s_rss(z, R, 10_000) == pytest.approx(value["diag_sc_s_mle"], rel=1e-6)
    partial = estimate_s_rss(z, R, 10_000, method="null-partialmle")
    assert partial == pytest.approx(value["diag_sc_s_partial"], abs=1e-12)


@pytest.mark.parametrize(
    ("case", "n"), [("diag_sc_kriging", 10_000), ("diag_sc_kriging_no_n", None)]
)
def test_kriging_equals_susier(case, n):
    sc = inputs("SC")
    truth, _ = reference(case)
    mine = kriging_rss(sc["z"], sc["ldref"], n)
    for name in ("z", "condmean", "condvar", "z_std_diff"):
        np.testing.assert_allclose(getattr(mine, name), truth[name], rtol=1e-6, atol=1e-8)
    # The weights of the mixture come from another solver, converged further.
    np.testing.assert_allclose(mine.logLR, truth["logLR"], rtol=1e-5, atol=2e-5)
    assert np.flatnonzero(mine.switched).tolist() == truth["flag"].astype(int).tolist()
    assert int(sc["flip_id"][0]) - 1 in np.flatnonzero(mine.switched)
