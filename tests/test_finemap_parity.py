"""Equal answers to susieR 0.16.5, on its frozen outputs."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from seqgen.finemap import (
    SusieOptions,
    estimate_s_rss,
    get_cs,
    kriging_rss,
    susie,
    susie_rss,
    susie_rss_lambda,
    susie_ss,
)

SHARED = Path(os.environ.get("SEQGEN_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
REFERENCE = SHARED / "finemap_ref"
pytestmark = pytest.mark.skipif(
    not REFERENCE.is_dir(), reason=f"susieR's outputs are not at {REFERENCE} (SEQGEN_SHARED_DATA)"
)

TRAIT1 = {"data": "N3", "z": "z1"}
TRAIT2 = {"data": "N3", "z": "z2"}
# Case -> (input, arguments); an argument "in_..." is read from the reference itself.
CASES = {
    "rss_n3_t1_default": (TRAIT1, {}),
    "rss_n3_t2_default": (TRAIT2, {}),
    "rss_n3_t1_L1": (TRAIT1, {"L": 1}),
    "rss_n3_t1_L5": (TRAIT1, {"L": 5}),
    "rss_n3_t1_L20": (TRAIT1, {"L": 20}),
    "rss_n3_t2_L1": (TRAIT2, {"L": 1}),
    "rss_n3_t2_L20": (TRAIT2, {"L": 20}),
    "rss_n3_t1_pw_exp": (TRAIT1, {"prior_weights": "in_pw_exp"}),
    "rss_n3_t1_pw_lognormal": (TRAIT1, {"prior_weights": "in_pw_logn"}),
    "rss_n3_t1_pw_zeros": (TRAIT1, {"prior_weights": "in_pw_zero"}),
    "rss_n2_t2_pw_lognormal": ({"data": "N2", "z": "z2"}, {"prior_weights": "in_pw_logn2"}),
    "rss_n3_t1_fixedV": (
        TRAIT1,
        {"options": SusieOptions(estimate_prior_variance=False, scaled_prior_variance=0.1)},
    ),
    "rss_n3_t1_estres": (TRAIT1, {"options": SusieOptions(estimate_residual_variance=True)}),
    "rss_n3_t1_cov90_purity08": (TRAIT1, {"coverage": 0.9, "min_abs_corr": 0.8}),
    "rss_n3_t1_maxiter100": (TRAIT1, {"options": SusieOptions(max_iter=100)}),
    "rss_n3_t1_tol1e8": (TRAIT1, {"options": SusieOptions(tol=1e-8, max_iter=500)}),
    "rss_n3_t1_pipconv": (TRAIT1, {"options": SusieOptions(convergence_method="pip")}),
    "rss_n3_t1_no_n": ({**TRAIT1, "n": None}, {}),
    "rss_n3_t1_Rfinite": (TRAIT1, {"R_finite": 500}),
    "rss_rm_eb": ({"data": "RM", "z": "z"}, {"R_finite": 5000, "R_mismatch": "eb"}),
    "edge_hugez": ({**TRAIT1, "times": 8.0, "n": 1e5}, {}),
    "edge_allzero_z": ({**TRAIT1, "times": 0.0}, {}),
    "edge_duplicate_variant": ({**TRAIT1, "z": "in_zdup", "R": "in_Rdup"}, {}),
    "rss_n3_t1_nan_z": ({**TRAIT1, "z": "in_z1na"}, {}),
    "rss_n3_t1_maf": ({**TRAIT1, "common": 0.05}, {}),
    "rss_n3_t1_Lgreedy": (TRAIT1, {"L": 20, "options": SusieOptions(L_greedy=2)}),
    "rss_n3_t1_refine": (TRAIT1, {"options": SusieOptions(refine=True)}),
    "rss_n3_t1_null01": (TRAIT1, {"options": SusieOptions(null_weight=0.1)}),
    "rss_n3_t2_null09": (TRAIT2, {"options": SusieOptions(null_weight=0.9)}),
    "rss_n3_t2_simple": (TRAIT2, {"options": SusieOptions(estimate_prior_method="simple")}),
    "rss_n3_t1_EM": (TRAIT1, {"options": SusieOptions(estimate_prior_method="EM", max_iter=100)}),
    "rss_n3_t1_score": (TRAIT1, {"options": SusieOptions(z_method="score")}),
    "rss_n3_t1_inf": (TRAIT1, {"options": SusieOptions(unmappable_effects="inf", max_iter=100)}),
    "rss_um_inf": (
        {"data": "UM", "z": "z"},
        {"options": SusieOptions(unmappable_effects="inf", max_iter=100)},
    ),
    "rss_n3_t1_mixgrid": (
        TRAIT1,
        {
            "options": SusieOptions(
                prior_variance_grid=(0.001, 0.01, 0.05, 0.2), mixture_weights=(0.4, 0.3, 0.2, 0.1)
            )
        },
    ),
    "rss_n3_t1_slotbb": (TRAIT1, {"options": SusieOptions(slot_prior=(1.0, 9.0))}),
    "rss_n3_t1_warmstart": (TRAIT1, {"init": {"L": 3, "options": SusieOptions(max_iter=2)}}),
}


@cache
def inputs(name: str) -> dict[str, np.ndarray]:
    data = dict(np.load(REFERENCE / "inputs" / f"{name}.npz"))
    if "X" in data:
        data["R"] = np.corrcoef(data["X"], rowvar=False)
        data["n"] = np.array([data["X"].shape[0]])
    return data


def reference(case: str) -> tuple[dict[str, np.ndarray], dict]:
    stem = REFERENCE / "susieR-0.16.5" / case
    record = json.loads(stem.with_suffix(".json").read_text())
    return dict(np.load(stem.with_suffix(".npz"))), record


def fit_case(case: str):
    given, arguments = CASES[case]
    truth, _ = reference(case)
    data = inputs(given["data"])
    z = truth[given["z"]] if given["z"].startswith("in_") else data[given["z"]]
    # susieR takes a missing z for zero; seqgen refuses it, so this stands in.
    z = np.nan_to_num(z) * given.get("times", 1.0)
    R = truth[given["R"]] if "R" in given else data["R"]
    if "common" in given:
        keep = np.flatnonzero(data["maf"].ravel() > given["common"])
        z, R = z[keep], R[np.ix_(keep, keep)]
    n = given.get("n", float(data["n"][0]))
    arguments = {
        key: truth[value] if isinstance(value, str) and value.startswith("in_") else value
        for key, value in arguments.items()
    }
    if "init" in arguments:
        arguments["init"] = susie_rss(z, R, n, **arguments["init"])
    return susie_rss(z, R, n, **arguments), R, arguments


@pytest.mark.parametrize("case", CASES)
def test_fit_equals_susier(case):
    fit, R, arguments = fit_case(case)
    assert_equals_susier(fit, case)
    thresholds = {k: v for k, v in arguments.items() if k in ("coverage", "min_abs_corr")}
    if "null_weight" not in repr(arguments).replace("null_weight=0.0", ""):
        again = get_cs(fit, R, **thresholds)
        sets = [s.variants.tolist() for s in fit.credible_sets]
        assert [s.variants.tolist() for s in again] == sets


def fit_data(case):
    """Cases from effects, panels, sufficient statistics, and people."""
    truth, _ = reference(case)
    data, fc = inputs("N3"), inputs("FC")
    X, Y, n = data["X"], data["Y"], float(data["n"][0])
    centred, y = X - X.mean(axis=0), Y[:, 0] - Y[:, 0].mean()
    sums = {"XtX": fc["XtX"], "Xty": fc["Xty"], "yty": fc["yty"].item(), "n": fc["n"].item()}
    if case == "rss_n3_t1_bhat_vary":
        effects = {"bhat": data["bhat1"], "shat": data["shat1"], "var_y": Y[:, 0].var(ddof=1)}
        return susie_rss(R=data["R"], n=n, **effects)
    if case == "rss_n3_t1_Xlowrank":
        keep = truth["in_keepx"].astype(bool)
        return susie_rss(data["z1"][keep], X=truth["in_Xref"][:, keep], n=n)
    if case == "rss_n3_asym_R":
        R = data["R"].copy()
        R[0, 1] += 0.01
        fit = susie_rss(data["z1"], R, n)
        assert "R was not symmetric, by up to 0.01" in fit.warnings[0]
        return fit
    return {
        "rsslam_n3_t1_01": lambda: susie_rss_lambda(
            data["z1"], data["R"], n, lambda_=0.1, options=SusieOptions(max_iter=100)
        ),
        "rss_um_ash": small_effects,
        "ind_n3_t1_default": lambda: susie(X, Y[:, 0]),
        "ind_n3_t1_nostd": lambda: susie(X, Y[:, 0], standardize=False),
        "ind_n3_t2_nointercept_pw": lambda: susie(
            X, Y[:, 1], intercept=False, prior_weights=truth["in_pw_logn"]
        ),
        "edge_constcol_ind": lambda: susie(truth["in_Xc"], Y[:, 0], L=5),
        "ss_n3_t1": lambda: susie_ss(
            centred.T @ centred, centred.T @ y, y @ y, n=n, X_colmeans=X.mean(axis=0), y_mean=0.0
        ),
        "ss_fc_norefine": lambda: susie_ss(**sums),
        "ss_fc_refine": lambda: susie_ss(**sums, options=SusieOptions(refine=True)),
    }[case]()


def small_effects():
    um = inputs("UM")
    options = SusieOptions(unmappable_effects="ash", max_iter=100)
    effects = {"bhat": um["bhat"], "shat": um["shat"], "var_y": um["y"].var(ddof=1)}
    return susie_rss(R=um["R"], n=um["n"].item(), options=options, **effects)


@pytest.mark.parametrize(
    "case",
    ["rss_n3_t1_bhat_vary", "rss_n3_t1_Xlowrank", "rss_n3_asym_R", "ind_n3_t1_default",
     "ind_n3_t1_nostd", "ind_n3_t2_nointercept_pw", "edge_constcol_ind", "ss_n3_t1",
     "ss_fc_norefine", "ss_fc_refine", "rsslam_n3_t1_01", "rss_um_ash"],
)  # fmt: skip
def test_fit_of_other_data_equals_susier(case):
    fit = fit_data(case)
    assert_equals_susier(fit, case)
    coef = reference(case)[0]["coef"]
    scale = fit.X_column_scale_factors
    if scale is not None:
        np.testing.assert_allclose(fit.coef, coef[1:], rtol=1e-5, atol=1e-7)
    if np.isfinite(fit.intercept):
        assert fit.intercept == pytest.approx(coef[0], abs=1e-6)


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
    fit, _, _ = fit_case(case)
    _, record = reference(case)
    for name, value in record["R_finite_diagnostics"].items():
        assert fit.diagnostics[name] == pytest.approx(value, rel=1e-6), name


@pytest.mark.parametrize("case", ["rss_n3_t1_inf", "rss_um_inf"])
def test_effects_of_every_variant_equal_susier(case):
    fit, _, _ = fit_case(case)
    truth, _ = reference(case)
    assert fit.diagnostics["tau2"] == pytest.approx(truth["tau2"][0], rel=1e-6)
    # susieR's theta is a sweep older than its variances, which still move by five per cent.
    theta = truth["theta"].ravel()
    room = 0.06 * np.abs(theta).max()
    np.testing.assert_allclose(fit.diagnostics["theta"], theta, atol=room)
    np.testing.assert_allclose(fit.coef, truth["coef"][1:], atol=room)


def test_small_effects_equal_susier():
    fit, (truth, _) = small_effects(), reference("rss_um_ash")
    assert fit.diagnostics["tau2"] == pytest.approx(truth["tau2"][0], rel=1e-6)
    np.testing.assert_allclose(fit.diagnostics["theta"], truth["theta"], atol=1e-9)
    np.testing.assert_allclose(fit.diagnostics["slot_weights"], truth["slot_weights"], atol=1e-7)


def test_slot_probabilities_equal_susier():
    fit, _, _ = fit_case("rss_n3_t1_slotbb")
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
