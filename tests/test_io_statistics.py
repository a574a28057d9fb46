"""Effects, standard errors and p values from one another."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import erfc, log10, mp, mpf, sqrt

from seqgen.errors import SeqgenWarning
from seqgen.io.consistency import warn_if_inconsistent
from seqgen.io.statistics import (
    abs_z_of_neg_log10_p,
    choose_route,
    effect_of_z,
    neg_log10_p_of_z,
)


@pytest.mark.parametrize("z", [0.0, 1e-9, 0.5, 1.96, -8.0, 37.5, 40.0, 500.0])
def test_neg_log10_p_is_exact_far_out(z):
    mp.dps = 40
    exact = -log10(erfc(abs(mpf(z)) / sqrt(mpf(2))))
    assert neg_log10_p_of_z(np.array([z]))[0] == pytest.approx(float(exact), rel=1e-9, abs=1e-15)


@given(z=st.floats(0.01, 1000))
@settings(deadline=None)
def test_z_and_p_are_inverse(z):
    assert abs_z_of_neg_log10_p(neg_log10_p_of_z(np.array([z])))[0] == pytest.approx(z, rel=1e-6)


def test_effect_of_z_is_that_of_a_regression():
    rng = np.random.default_rng(1)
    x = rng.binomial(2, 0.3, 4000).astype(float)
    y = 0.1 * x + rng.normal(size=4000)
    y = (y - y.mean()) / y.std()
    xc = x - x.mean()
    beta = xc @ y / (xc @ xc)
    se = np.sqrt(((y - beta * xc) ** 2).sum() / (4000 - 2) / (xc @ xc))
    got = effect_of_z(np.array([beta / se]), np.array([x.mean() / 2]), np.array([4000.0]))
    np.testing.assert_allclose(np.ravel(got), [beta, se], rtol=0.03)


def test_the_best_route_is_taken():
    assert choose_route({"beta", "se", "z", "p"}) == ("beta", "se")
    assert choose_route({"z", "n", "maf", "eaf"}) == ("z", "n", "eaf")
    assert choose_route({"p", "se"}) is None


def consistent(size=400):
    rng = np.random.default_rng(0)
    beta = rng.normal(0, 0.05, size)
    se = rng.uniform(0.005, 0.02, size)
    return pd.DataFrame({"beta": beta, "se": se, "neg_log10_p": neg_log10_p_of_z(beta / se)})


def test_a_consistent_file_is_not_warned_about():
    frame = consistent()
    warn_if_inconsistent(frame, "file")
    rounded = frame.round(3)
    warn_if_inconsistent(rounded[rounded["se"] > 0], "file")
    warn_if_inconsistent(frame.assign(neg_log10_p=0.0).head(19), "file")


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (lambda f: f.assign(beta=np.exp(f["beta"])), "an odds ratio"),
        (lambda f: f.assign(beta=np.exp(f["beta"]), se=f["se"] * np.exp(f["beta"])), "odds ratio"),
        (lambda f: f.assign(neg_log10_p=f["neg_log10_p"] + np.log10(2)).query("beta.abs()/se>5"),
         "columns|differ|one-sided"),
        (lambda f: f.assign(se=f["se"] ** 2), "variance"),
        (lambda f: f.assign(se=1 / f["se"]), "precision"),
        (lambda f: f.assign(se=f["se"] / 2), "constant factor of z, 2.00"),
        (lambda f: f.assign(neg_log10_p=f["neg_log10_p"].sample(frac=1, random_state=1).to_numpy()),
         "mixed up"),
    ],
)  # fmt: skip
def test_the_likely_cause_is_named(change, cause):
    frame = change(consistent())
    if cause.startswith("columns"):
        warn_if_inconsistent(frame, "file")  # one-sided p hardly matters far out
        return
    with pytest.warns(SeqgenWarning, match=rf"file: beta/se and p agree for only.*{cause}"):
        warn_if_inconsistent(frame, "file")


def test_a_one_sided_p_is_recognised():
    z = np.random.default_rng(0).normal(0, 0.3, 400)
    frame = pd.DataFrame({"beta": z, "se": 1.0})
    one_sided = neg_log10_p_of_z(z) + np.log10(2)
    with pytest.warns(SeqgenWarning, match="one-sided"):
        warn_if_inconsistent(frame.assign(neg_log10_p=one_sided), "file")
