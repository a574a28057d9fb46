"""What every backend of fine-mapping has to do, and `fine_map`, which calls them by name."""

from __future__ import annotations

import inspect
from dataclasses import fields

import numpy as np
import pytest
from r_session import start_r
from synthetic_loci import locus

import seqgen
from seqgen.errors import InputError
from seqgen.finemap import (
    FineMapOptions,
    FineMapper,
    SusieMapper,
    SusieOptions,
    fine_map,
    susie_rss,
)
from seqgen.finemap.backends import METHODS
from seqgen.rbridge.susie_r import SusieRMapper, installed
from seqgen.results import FineMapResult

MAPPERS = [
    SusieMapper(),
    SusieMapper(R_finite=400),
    SusieMapper(R_finite=400, R_mismatch="eb"),
    SusieRMapper(),
]
# Arguments of `susie_rss` that are data, not settings.
DATA = (
    "X", "bhat", "shat", "var_y", "standardize", "prior_weights", "maf", "maf_thresh", "model_init",
)  # fmt: skip
ARRAYS = ("alpha", "mu", "mu2", "lbf_variable", "V", "lbf", "KL", "pip", "elbo")


@pytest.fixture(
    params=MAPPERS, ids=lambda one: f"{type(one).__name__}-{one.R_finite}-{one.R_mismatch}"
)
def mapper(request):
    if isinstance(request.param, SusieRMapper):
        need_susier()
    return request.param


def need_susier():
    start_r()

    try:
        installed()
    except seqgen.errors.MissingDependencyError:
        pytest.skip("R has no susieR")


def test_backend_contract(mapper):
    assert isinstance(mapper, FineMapper)
    z, R, n, causal = locus()
    weights = np.ones(len(z))
    weights[causal] = 30.0
    flat, informed = mapper(z, R, n, None), mapper(z, R, n, weights)
    for fit in (flat, informed, mapper(z, R, None, None)):
        assert isinstance(fit, FineMapResult)
        assert fit.alpha.shape == fit.mu.shape == fit.mu2.shape == (10, len(z))
        assert fit.lbf_variable.shape == (10, len(z))
        assert fit.V.shape == fit.lbf.shape == fit.KL.shape == (10,)
        assert fit.pip.shape == fit.prior.shape == (len(z),)
        assert fit.elbo.shape == (fit.niter,)
        for name in ARRAYS:
            assert np.isfinite(getattr(fit, name)).all(), name
        assert fit.prior.sum() == pytest.approx(1.0)
        assert fit.converged is True
        assert len(fit.to_frame()) == len(z)
        for found in fit.credible_sets:
            mass = fit.alpha[found.effect, found.variants].sum()
            assert mass >= 0.95
            assert found.coverage == pytest.approx(mass, abs=1e-9)
            assert found.log_bayes_factor == fit.lbf[found.effect]
            r = np.abs(R[np.ix_(found.variants, found.variants)])
            assert found.min_abs_corr == pytest.approx(r.min(), abs=1e-12)
            assert found.variants.tolist() == sorted(found.variants)
    found = {int(v) for s in informed.credible_sets for v in s.variants}
    assert set(causal) <= found
    assert informed.pip[causal].sum() > flat.pip[causal].sum()


def test_answers_depend_on_nothing_but_the_input(mapper):
    z, R, n, _ = locus(p=40)
    weights = np.linspace(0.0, 2.0, 40)
    fit = mapper(z, R, n, weights)
    for other in (mapper(z, R, n, weights), mapper(list(z), R.tolist(), n, 8 * weights)):
        assert np.array_equal(fit.alpha, other.alpha)
    flipped = np.ones(40)
    flipped[::3] = -1.0
    turned = mapper(z * flipped, R * np.outer(flipped, flipped), n, weights)
    assert np.allclose(turned.pip, fit.pip, atol=1e-8)
    assert np.allclose(turned.mu, fit.mu * flipped, atol=1e-8)


def test_an_only_variant_and_no_signal(mapper):
    one = mapper([9.0], [[1.0]], 5000, None)
    assert one.alpha.tolist() == [[1.0]]
    assert one.pip.tolist() == [1.0]
    nothing = mapper(np.zeros(6), np.eye(6), 5000, None)
    assert nothing.credible_sets == ()
    assert nothing.pip.max() < 1e-6 or mapper.R_finite  # effects of no variance count for nothing


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"z": [np.nan, 1.0, 2.0]}, "^z: 1 of 3 values"),
        ({"z": [1.0, 2.0]}, "R"),
        ({"R": np.full((3, 3), 2.0)}, "R"),
        ({"n": 1}, "^n: found 1"),
        ({"prior": [1.0, -1.0, 1.0]}, "prior_weights"),
        ({"prior": [1.0, 1.0]}, "prior_weights"),
    ],
)
def test_bad_input_is_refused(mapper, change, told):
    given = {"z": [1.0, 2.0, 3.0], "R": np.eye(3), "n": 5000, "prior": None} | change
    with pytest.raises(InputError, match=told):
        mapper(given["z"], given["R"], given["n"], given["prior"])


@pytest.mark.parametrize("kind", [SusieMapper, SusieRMapper])
def test_susie_mappers_take_what_susie_rss_takes(kind):
    keywords = {
        name: parameter.default
        for name, parameter in inspect.signature(susie_rss).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    }
    own = {name: one.default for name, one in inspect.signature(kind).parameters.items()}
    assert own == {k: v for k, v in keywords.items() if k not in DATA}


def test_options_of_fine_map_are_those_of_susie_rss():
    told = {one.name: one.default for one in fields(FineMapOptions)}
    rest = {one.name: one.default for one in fields(SusieOptions)}
    own = {one.name: one.default for one in fields(SusieMapper) if one.name != "options"}
    assert told == rest | own


def test_fine_map_is_susie_rss_by_default():
    z, R, n, causal = locus()
    weights = np.ones(len(z))
    weights[causal] = 5.0
    options = FineMapOptions(L=3, coverage=0.5, R_finite=400, max_iter=7)
    fit = seqgen.fine_map(z, R, n=n, prior=weights, options=options)
    other = susie_rss(
        z,
        R,
        n,
        prior_weights=weights,
        L=3,
        coverage=0.5,
        R_finite=400,
        options=SusieOptions(max_iter=7),
    )
    assert np.array_equal(fit.alpha, other.alpha)
    assert [s.variants.tolist() for s in fit.credible_sets] == [
        s.variants.tolist() for s in other.credible_sets
    ]
    assert fit.credible_sets


def test_fine_map_calls_methods_by_name_and_objects(monkeypatch):
    asked = []

    def mapper(z, R, n, prior):
        asked.append((z, R, n, prior))
        return susie_rss(z, R, n, prior_weights=prior, L=2)

    z, R, n, _ = locus(p=24)
    assert fine_map(z, R, n=n, method=mapper).alpha.shape == (2, 24)
    assert [one is other for one, other in zip(asked[0], (z, R, n, None), strict=True)] == [
        True
    ] * 4
    assert fine_map(z, R, n=None, method=SusieMapper(L=4)).alpha.shape == (4, 24)

    monkeypatch.setattr(SusieRMapper, "__call__", lambda self, *data: mapper(*data[:3], self.L))
    with pytest.raises(InputError, match="prior_weights"):  # 7 arrived as the settings say
        fine_map(z, R, n=n, method="susieR", options=FineMapOptions(L=7))
    assert asked[-1][3] == 7


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"method": "finemap"}, "^method: found 'finemap'; expected 'seqgen', 'susieR'"),
        ({"method": 3}, "^method: found 3"),
        ({"method": lambda *_: 1.0}, "^method: it returned float"),
        ({"method": SusieMapper(), "options": FineMapOptions(L=2)}, "^options: given beside"),
        ({"options": SusieOptions()}, "^options: found SusieOptions"),
    ],
)
def test_fine_map_refuses(given, told):
    with pytest.raises(InputError, match=told):
        fine_map([1.0, 2.0], np.eye(2), n=5000, **given)


def test_every_method_is_documented():
    for name in METHODS:
        assert f'"{name}"' in (fine_map.__doc__ or "")
