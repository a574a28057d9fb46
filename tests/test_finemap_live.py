"""Equal answers to the susieR 0.12 that R finds, live, with ``compat="0.12"``."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from r_session import start_r

from seqgen.errors import MissingDependencyError
from seqgen.finemap import SusieOptions, susie, susie_rss, susie_rss_lambda, susie_ss

start_r()
from seqgen.rbridge import susie_r  # noqa: E402
from seqgen.rbridge.convert import named_list  # noqa: E402
from seqgen.rbridge.engine import r_code  # noqa: E402

try:
    VERSION = susie_r.installed().version
except MissingDependencyError:
    pytest.skip("R has no susieR", allow_module_level=True)
if not VERSION.startswith("0.12."):
    pytest.skip(f"susieR {VERSION} is not 0.12", allow_module_level=True)

# In the order of `answers`.
PARTS = ("alpha", "mu", "mu2", "lbf_variable", "V", "lbf", "KL", "sigma2", "pip", "elbo", "niter",
         "converged", "coef", "intercept")  # fmt: skip
FIT = """function(name, arguments, keep, start) {
  if (nzchar(start)) arguments$s_init <- get(start, envir = globalenv())
  fit <- suppressWarnings(suppressMessages(
    do.call(utils::getFromNamespace(name, "susieR"), arguments, quote = TRUE)
  ))
  if (nzchar(keep)) assign(keep, fit, envir = globalenv())
  kept <- if (fit$null_index > 0) -fit$null_index else TRUE
  for (part in c("alpha", "mu", "mu2", "lbf_variable")) {
    fit[[part]] <- fit[[part]][, kept, drop = FALSE]
  }
  coef <- colSums(fit$alpha * fit$mu) / fit$X_column_scale_factors[kept]
  answers <- c(fit[c("alpha", "mu", "mu2", "lbf_variable", "V", "lbf", "KL", "sigma2", "pip",
    "elbo", "niter", "converged")], list(coef, fit$intercept))
  c(lapply(answers, as.numeric), list(dim(fit$alpha), fit$sets$cs_index), unname(fit$sets$cs))
}"""
DATA = """function() {
  found <- new.env()
  utils::data("N3finemapping", package = "susieR", envir = found)
  list(found$N3finemapping$X, found$N3finemapping$Y)
}"""
OPTIONS = set(SusieOptions.__dataclass_fields__)
N = 574
# Around the effects, for what takes R long.
SIZES = {"all": slice(None), "light": slice(550, 800), "small": slice(636, 660)}


@cache
def genotypes() -> tuple[np.ndarray, np.ndarray]:
    X, Y = (np.array(one) for one in r_code(DATA)())
    return X.reshape(N, -1), Y.reshape(N, -1)


@cache
def data(trait: int, size: str) -> dict[str, Any]:
    X, Y = genotypes()
    X, y = X[:, SIZES[size]], Y[:, trait]
    centred, r = X - X.mean(axis=0), y - y.mean()
    squares = (centred**2).sum(axis=0)
    bhat = centred.T @ r / squares
    shat = np.sqrt((r @ r - bhat**2 * squares) / (N - 2) / squares)
    return {
        "X": X, "y": y, "z": bhat / shat, "R": np.corrcoef(X, rowvar=False), "bhat": bhat,
        "shat": shat, "XtX": centred.T @ centred, "Xty": centred.T @ r, "yty": float(r @ r),
        "var_y": float(y.var(ddof=1)), "n": float(N),
    }  # fmt: skip


def weights(p: int, kind: str) -> np.ndarray:
    drawn = np.random.default_rng(5).lognormal(0.0, 1.5, p)
    drawn[:: 3 if kind == "zeros" else p + 1] = 0.0
    return drawn / drawn.sum()


RSS, EFFECTS, SUMS = (
    ("z", "R", "n"),
    ("bhat", "shat", "R", "n", "var_y"),
    ("XtX", "Xty", "yty", "n"),
)
PEOPLE = ("X", "y")
# Case -> (data, trait, whole locus or its middle, arguments in susieR's names).
CASES: dict[str, tuple[tuple[str, ...], int, str, dict[str, Any]]] = {
    "z": (RSS, 0, "all", {}),
    "z of the second trait": (RSS, 1, "all", {}),
    "one effect": (RSS, 0, "light", {"L": 1}),
    "five effects": (RSS, 1, "light", {"L": 5}),
    "twenty effects": (RSS, 0, "light", {"L": 20}),
    "no sample size": (("z", "R"), 0, "light", {}),
    "effects": (EFFECTS, 0, "light", {}),
    "weights": (RSS, 0, "light", {"prior_weights": "some"}),
    "weights of zero": (RSS, 0, "light", {"prior_weights": "zeros"}),
    "no effect at all": (RSS, 0, "light", {"null_weight": 0.3}),
    "no effect and weights": (RSS, 1, "light", {"null_weight": 0.9, "prior_weights": "some"}),
    "EM": (RSS, 0, "light", {"estimate_prior_method": "EM", "max_iter": 60}),
    "EM and no effect": (RSS, 0, "light", {"estimate_prior_method": "EM", "null_weight": 0.2}),
    "simple": (RSS, 1, "light", {"estimate_prior_method": "simple"}),
    "threshold": (RSS, 0, "light", {"check_null_threshold": 2.0}),
    "fixed variance": (
        RSS, 0, "light", {"estimate_prior_variance": False, "scaled_prior_variance": 0.05}
    ),
    "residual variance estimated": (RSS, 0, "light", {"estimate_residual_variance": True}),
    "residual variance given": (RSS, 0, "light", {"residual_variance": 0.8}),
    "finer": (RSS, 0, "light", {"tol": 1e-8, "max_iter": 200}),
    "too few sweeps": (RSS, 0, "light", {"max_iter": 2}),
    "other sets": (RSS, 0, "light", {"coverage": 0.8, "min_abs_corr": 0.9}),
    "refine": (RSS, 0, "light", {"refine": True, "L": 4}),
    "refine and weights": (RSS, 0, "light", {"refine": True, "L": 4, "prior_weights": "zeros"}),
    "refine and no effect": (
        RSS, 0, "light", {"refine": True, "L": 4, "null_weight": 0.6, "max_iter": 2}
    ),
    "sums": (SUMS, 0, "light", {}),
    "sums per allele": (SUMS, 1, "light", {"standardize": False}),
    "sums, variance fixed": (SUMS, 0, "light", {"estimate_residual_variance": False}),
    "people": (PEOPLE, 0, "light", {}),
    "people per allele": (PEOPLE, 0, "light", {"standardize": False, "prior_weights": "some"}),
    "people without intercept": (PEOPLE, 1, "light", {"intercept": False}),
    "people, refined": (PEOPLE, 1, "light", {"refine": True, "L": 4}),
    "people, EM": (PEOPLE, 0, "light", {"estimate_prior_method": "EM"}),
    "people, bounded": (PEOPLE, 0, "light", {"residual_variance_lowerbound": 7.0}),
    "a falling bound": (PEOPLE, 0, "light", {"residual_variance_lowerbound": 20.0}),
    "noise": (("z", "R"), 0, "small", {"lambda": 0.1, "L": 3}),
    "noise of the LD alone": (("z", "R"), 0, "small", {"lambda": 0.0, "L": 3}),
    "noise, variance fixed": (
        ("z", "R"), 0, "small", {"lambda": 0.0, "estimate_residual_variance": False}
    ),
}  # fmt: skip
R_FUNCTIONS = {"z": "susie_rss", "bhat": "susie_rss", "XtX": "susie_suff_stat", "X": "susie"}


def asked(case: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The data of a case, and its arguments."""
    names, trait, size, arguments = CASES[case]
    found, arguments = data(trait, size), dict(arguments)
    kind = arguments.get("prior_weights")
    if kind is not None:
        arguments["prior_weights"] = weights(len(found["z"]), kind)
    return {name: found[name] for name in names}, arguments


def theirs(case: str) -> dict[str, Any]:
    given, arguments = asked(case)
    name = "susie_rss_lambda" if "lambda" in arguments else R_FUNCTIONS[next(iter(given))]
    return answers(name, {**given, **arguments})


def answers(
    name: str, arguments: dict[str, Any], *, keep: str = "", start: str = ""
) -> dict[str, Any]:
    # All pairs of a set, where susieR would draw a hundred variants.
    purity = {} if name == "susie_rss_lambda" else {"n_purity": 2000.0}
    told = list(r_code(FIT)(name, named_list({**arguments, **purity}), keep, start))
    fit = {part: np.array(value) for part, value in zip(PARTS, told, strict=False)}
    rows, effects, *members = told[len(PARTS) :]
    shape = tuple(rows)
    for part in PARTS[:4]:
        fit[part] = fit[part].reshape(shape[::-1]).T
    sets = [np.array(one, dtype=int) - 1 for one in members]
    return {**fit, "sets": dict(zip([int(e) - 1 for e in effects or ()], sets, strict=True))}


def ours(case: str, **more: Any):
    given, arguments = asked(case)
    options = {name: arguments.pop(name) for name in list(arguments) if name in OPTIONS}
    if "lambda" in arguments:
        arguments["lambda_"] = arguments.pop("lambda")
    settings = SusieOptions(compat="0.12", **options)
    fit = susie_rss_lambda if "lambda_" in arguments else susie_rss
    fit = {"XtX": susie_ss, "X": susie}.get(next(iter(given)), fit)
    return fit(**given, **arguments, options=settings, **more)


def assert_equal(mine, truth: dict[str, Any]) -> None:
    assert mine.niter == int(truth["niter"][0])
    assert mine.converged == bool(truth["converged"][0])
    assert np.abs(mine.pip - truth["pip"]).max() <= 1e-6
    np.testing.assert_allclose(mine.elbo[-1], truth["elbo"][-1], rtol=1e-6)
    np.testing.assert_allclose(mine.elbo, truth["elbo"], rtol=1e-5)
    np.testing.assert_allclose(mine.alpha, truth["alpha"], rtol=0, atol=1e-6)
    np.testing.assert_allclose(mine.sigma2, truth["sigma2"][0], rtol=1e-6)
    np.testing.assert_allclose(mine.V, truth["V"], rtol=1e-5, atol=1e-6)
    for part in ("mu", "mu2", "lbf_variable", "lbf", "KL"):
        np.testing.assert_allclose(
            getattr(mine, part), truth[part], rtol=1e-4, atol=2e-5, err_msg=part
        )
    assert {s.effect: s.variants.tolist() for s in mine.credible_sets} == {
        effect: members.tolist() for effect, members in truth["sets"].items()
    }


@pytest.mark.parametrize("case", CASES)
def test_fit_equals_susier_0_12(case):
    assert_equal(ours(case), theirs(case))


@pytest.mark.parametrize("estimated", [True, False])
@pytest.mark.parametrize("effects", [3, 6])
def test_warm_start_equals_susier_0_12(effects, estimated):
    """From three effects to as many, or to more: then all variances start anew."""
    light = data(0, "light")
    given = {name: light[name] for name in RSS}
    first = answers("susie_rss", {**given, "L": 3, "max_iter": 1}, keep=".first")
    more = {"L": effects, "estimate_prior_variance": estimated}
    truth = answers("susie_rss", {**given, **more}, start=".first")
    mine = susie_rss(**given, L=3, options=SusieOptions(compat="0.12", max_iter=1))
    np.testing.assert_allclose(mine.alpha, first["alpha"], atol=1e-6)
    options = SusieOptions(compat="0.12", estimate_prior_variance=estimated)
    again = susie_rss(**given, L=effects, options=options, model_init=mine)
    assert_equal(again, truth)


def test_genotypes_that_do_not_vary_equal_susier_0_12():
    given = {name: data(0, "light")[name] for name in PEOPLE}
    given["X"] = np.array(given["X"][:, 90:130])
    given["X"][:, [3, 17]] = 1.0
    truth = answers("susie", {**given, "L": 4})
    mine = susie(**given, L=4, options=SusieOptions(compat="0.12"))
    varying = np.delete(np.arange(40), [3, 17])
    assert mine.niter == int(truth["niter"][0])
    np.testing.assert_allclose(mine.pip, truth["pip"], atol=1e-6)
    np.testing.assert_allclose(mine.mu[:, varying], truth["mu"][:, varying], rtol=1e-4, atol=2e-5)
    np.testing.assert_allclose(mine.elbo, truth["elbo"], rtol=1e-6)
