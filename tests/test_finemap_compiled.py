"""The compiled loops against their NumPy counterparts, and the choice between the two."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import seqgen.finemap.compiled as compiled
from seqgen.errors import InputError, MissingDependencyError, SeqgenWarning
from seqgen.finemap import SusieOptions, prepare_ld, susie_rss
from seqgen.finemap.single_effect import EffectPrior, Evidence, fit_single_effect
from seqgen.native import available

needs_compiled = pytest.mark.skipif(not available(), reason="the compiled loops were not built")


@st.composite
def single_effects(draw):
    """Residual estimates, squared errors, a prior and a current prior variance."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    p = draw(st.integers(1, 60))
    betahat = rng.normal(size=p) / 100 * draw(st.sampled_from([0.3, 1.0, 3.0, 8.0, 60.0]))
    weights = rng.exponential(size=p) ** 3
    weights[rng.random(p) < 0.2] = 0.0
    weights[0] += 1e-3
    shat2 = 1e-4 * (1 + rng.exponential(size=p)) if draw(st.booleans()) else 1e-4
    prior = EffectPrior.from_weights(
        weights / weights.sum(),
        method=draw(st.sampled_from(["optim", "EM", "simple", "fixed"])),
        null_threshold=draw(st.sampled_from([0.0, 0.5])),
        null_weight=draw(st.sampled_from([0.0, 0.3])),
    )
    V, error = draw(st.sampled_from([0.0, 1e-5, 1e-3, 0.2])), draw(st.sampled_from([1e-4, 0.0]))
    return betahat, shat2, prior, V, error


@needs_compiled
@settings(deadline=None)
@given(single_effects())
def test_a_single_effect_is_that_of_numpy(problem):
    betahat, shat2, prior, V, error = problem
    theirs = fit_single_effect(betahat, shat2, prior, V=V, error_variance=error)
    ours = compiled.fit_compiled(betahat, shat2, prior, V=V, error_variance=error)
    if prior.method in ("optim", "simple") and (ours.V == 0.0) != (theirs.V == 0.0):
        # An effect at the edge of being none: either answer, as long as both are as good.
        evidence = Evidence(betahat, shat2, prior)
        gain = max(evidence(ours.V), evidence(theirs.V)) - evidence.at_zero
        assert gain == pytest.approx(prior.null_threshold, abs=1e-9)
        return
    # Where the evidence is flat, its maximum is known to the root of the precision.
    optimised = prior.method == "optim"
    flat = {"rtol": 1e-4, "atol": 1e-9} if optimised else {"rtol": 1e-11, "atol": 1e-13}
    for name, a, b in zip(ours._fields, ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, err_msg=name, **flat)
    assert ours.lbf == pytest.approx(theirs.lbf, rel=1e-10, abs=1e-10)
    if not prior.null_weight:
        assert ours.alpha.sum() == pytest.approx(1.0, abs=1e-12)


@needs_compiled
@pytest.mark.parametrize("extreme", [-1000.0, -709.0, -700.0, -1.0, 0.0])
def test_hopeless_variants_get_nothing(extreme):
    """Beyond what exp can hold, a likelihood is zero, not garbage."""
    prior = EffectPrior(np.ones(2), method="fixed")
    betahat = np.sqrt(2 * np.array([1200.0, 1200.0 + extreme]))
    found = compiled.fit_compiled(betahat, 1.0, prior, V=1e12, error_variance=1.0)
    with np.errstate(over="ignore"):
        expected = 1 / (1 + np.exp(-extreme * 1e12 / (1e12 + 1.0)))
    assert found.alpha[1] == pytest.approx(expected, rel=1e-12, abs=1e-300)


@needs_compiled
@pytest.mark.parametrize("changed", [0, 1, 3, 4, 11, 40])
def test_a_product_is_brought_up_to_date(changed):
    rng = np.random.default_rng(changed)
    ld = prepare_ld(np.corrcoef(rng.normal(size=(90, 40)), rowvar=False))
    before = rng.normal(size=40)
    b, to = before.copy(), ld.R @ before
    b[rng.choice(40, changed, replace=False)] += 1.0
    compiled.add_product(ld, b, before=before, to=to)
    np.testing.assert_allclose(to, ld.R @ b, rtol=0, atol=1e-12)


@needs_compiled
@pytest.mark.parametrize("panel", [{}, {"R_finite": 300}, {"R_finite": 300, "R_mismatch": "eb"}])
def test_a_fit_is_that_of_numpy(panel):
    rng = np.random.default_rng(7)
    R = np.corrcoef(rng.normal(size=(300, 20)).repeat(6, axis=1) + rng.normal(size=(300, 120)) / 3,
                    rowvar=False)  # fmt: skip
    z = 9.0 * R[17] - 6.0 * R[80] + rng.multivariate_normal(np.zeros(120), R)
    fits = [
        susie_rss(z, R, 5000, options=SusieOptions(engine=engine), **panel)
        for engine in ("compiled", "numpy")
    ]
    assert fits[0].niter == fits[1].niter
    np.testing.assert_allclose(fits[0].pip, fits[1].pip, rtol=0, atol=1e-7)
    np.testing.assert_allclose(fits[0].elbo, fits[1].elbo, rtol=1e-8)
    sets = [[one.variants.tolist() for one in fit.credible_sets] for fit in fits]
    assert sets[0] == sets[1] != []


def test_without_the_compiled_loops_numpy_is_used_and_said(monkeypatch):
    def absent():
        raise MissingDependencyError("seqgen's compiled part was not built; install a C compiler")

    monkeypatch.setattr(compiled, "finemap_kernels", absent)
    compiled._built.cache_clear()
    try:
        with pytest.warns(
            SeqgenWarning, match=r"on NumPy, two or three times slower: .*C compiler"
        ):
            fit = susie_rss([6.0, 0.0], np.eye(2), 1000)
        assert fit.pip[0] > 0.9
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            susie_rss([6.0, 0.0], np.eye(2), 1000)
            susie_rss([6.0, 0.0], np.eye(2), 1000, options=SusieOptions(engine="numpy"))
        with pytest.raises(MissingDependencyError, match="C compiler"):
            susie_rss([6.0, 0.0], np.eye(2), 1000, options=SusieOptions(engine="compiled"))
    finally:
        compiled._built.cache_clear()


def test_an_engine_that_does_not_exist():
    with pytest.raises(InputError, match="expected 'auto', 'compiled' or 'numpy'"):
        SusieOptions(engine="fortran")
