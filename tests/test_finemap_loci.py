"""Many loci find what each finds alone: on threads, and side by side on a device of torch."""

from __future__ import annotations

import threading
from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest
import torch
from threadpoolctl import threadpool_limits

from seqgen.errors import InputError
from seqgen.finemap import FineMapOptions, fine_map
from seqgen.finemap.ld import prepare_ld
from seqgen.finemap.ld_factor import ld_factor
from seqgen.finemap.many_loci import fine_map_loci
from seqgen.finemap.minimise import minimise_bounded
from seqgen.finemap.minimise_batch import minimise_many

N = 20_000


@pytest.fixture(autouse=True)
def one_blas_thread():
    with threadpool_limits(1):
        yield


def genotypes(rng, p, people=200):
    return rng.normal(size=(people, p // 4 + 1)).repeat(4, axis=1)[:, :p] + 0.5 * rng.normal(
        size=(people, p)
    )


def loci(sizes=(60, 75, 70, 24, 6)):
    """z-scores and correlations of loci with none to three causal variants."""
    rng = np.random.default_rng(5)
    z, R = {}, {}
    for count, p in enumerate(sizes):
        factor = ld_factor(genotypes(rng, p)).F
        b = np.zeros(p)
        b[rng.choice(p, size=count % 4, replace=False)] = 7.0
        R[f"1:{count}"] = factor.T @ factor
        z[f"1:{count}"] = R[f"1:{count}"] @ b + factor.T @ rng.normal(size=len(factor))
    return z, R


def assert_same_fits(one, other, *, alpha=1e-6, bound=1e-6):
    assert list(one) == list(other)
    for name, fit in one.items():
        there = other[name]
        np.testing.assert_allclose(there.pip, fit.pip, atol=alpha, rtol=0)
        np.testing.assert_allclose(there.alpha, fit.alpha, atol=alpha, rtol=0)
        np.testing.assert_allclose(there.lbf_variable, fit.lbf_variable, atol=1e-4, rtol=1e-5)
        # Where the evidence is flat, its maximum is known to the root of the precision.
        np.testing.assert_allclose(there.V, fit.V, rtol=1e-3, atol=1e-6)
        np.testing.assert_allclose(there.elbo, fit.elbo, rtol=bound, atol=1e-5)
        assert (there.niter, there.converged) == (fit.niter, fit.converged)
        sets = [[s.variants.tolist() for s in f.credible_sets] for f in (fit, there)]
        assert sets[0] == sets[1]
        assert there.warnings == fit.warnings
        assert there.diagnostics.keys() == fit.diagnostics.keys()
        if "lambda_bias" in fit.diagnostics:
            lambdas = [f.diagnostics["lambda_bias"] for f in (fit, there)]
            assert lambdas[0] == pytest.approx(lambdas[1], rel=1e-5, abs=1e-6)


# --- cores ---------------------------------------------------------------------------------


def test_each_locus_is_fitted_as_by_itself_in_order():
    z, R = loci()
    options = FineMapOptions(L=5, R_finite=200)
    prior = {"1:1": np.linspace(1, 2, 75)}
    fits = fine_map_loci(z, R, n=N, prior=prior, options=options)
    assert list(fits) == list(z)
    for name, fit in fits.items():
        alone = fine_map(z[name], R[name], n=N, prior=prior.get(name), options=options)
        np.testing.assert_array_equal(fit.alpha, alone.alpha)
        assert fit.niter == alone.niter


@pytest.mark.parametrize("workers", [2, 5, None])
def test_threads_change_nothing(workers):
    z, R = loci()
    options = FineMapOptions(R_finite=200, R_mismatch="eb")
    one = fine_map_loci(z, R, n=N, options=options)
    many = fine_map_loci(z, R, n=N, options=options, workers=workers)
    assert list(one) == list(many)
    for name, fit in one.items():
        np.testing.assert_array_equal(many[name].alpha, fit.alpha)
        assert many[name].diagnostics["lambda_bias"] == fit.diagnostics["lambda_bias"]


class Reading(Mapping):
    """Correlations that are made when asked for, and counted while they are about."""

    def __init__(self, R):
        self.R, self.asked, self.held, self.most = R, [], 0, 0
        self.lock = threading.Lock()

    def __getitem__(self, name):
        held = _Counted(self, self.R[name])
        with self.lock:
            self.asked.append(name)
        return held

    def __iter__(self):
        return iter(self.R)

    def __len__(self):
        return len(self.R)


class _Counted:
    def __init__(self, owner, matrix):
        self.owner, self.matrix = owner, matrix
        with owner.lock:
            owner.held += 1
            owner.most = max(owner.most, owner.held)

    def __array__(self, dtype=None, copy=None):
        return np.array(self.matrix, dtype=dtype)

    def __del__(self):
        with self.owner.lock:
            self.owner.held -= 1


@pytest.mark.parametrize("workers", [1, 2])
def test_no_more_matrices_are_held_than_workers(workers):
    z, R = loci((40,) * 12)
    reading = Reading(R)
    fits = fine_map_loci(z, reading, n=N, workers=workers)
    assert sorted(reading.asked) == sorted(z)
    assert reading.most <= workers
    assert len(fits) == 12


def test_sample_size_and_start_by_locus():
    z, R = loci((40, 40))
    n = {"1:0": None, "1:1": 5_000}
    fits = fine_map_loci(z, R, n=n)
    assert any("No sample size" in told for told in fits["1:0"].warnings)
    np.testing.assert_array_equal(fits["1:1"].pip, fine_map(z["1:1"], R["1:1"], n=5_000).pip)
    again = fine_map_loci(z, R, n=n, model_init=fits)
    assert [fit.niter for fit in again.values()] == [2, 2]
    np.testing.assert_allclose(again["1:1"].pip, fits["1:1"].pip, atol=1e-3)


@pytest.mark.parametrize("device", ["cpu", "torch-cpu"])
def test_a_complaint_names_the_locus(device):
    z, R = loci((30, 30))
    z["1:1"][3] = np.nan
    with pytest.raises(InputError, match="locus 1:1: z: "):
        fine_map_loci(z, R, n=N, device=device)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"z": []}, "z: found list"),
        ({"z": {}}, "z: found dict"),
        ({"R": {}}, "R: found no locus '1:0'"),
        ({"R": [1]}, "R: found list"),
        ({"n": {"1:0": 5}}, "n: found no locus '1:1'"),
        ({"prior": {"2:0": [1.0]}}, "prior: found locus '2:0'"),
        ({"model_init": {"2:0": None}}, "model_init: found locus '2:0'"),
        ({"workers": 0}, "workers is 0"),
        ({"device": "tpu"}, "device is 'tpu'"),
        ({"device": "torch-cpu", "workers": 2}, "workers is 2"),
    ],
)
def test_what_is_not_by_locus_is_refused(change, told):
    z, R = loci((10, 10))
    arguments = {"z": z, "R": R, "n": N, **change}
    with pytest.raises(InputError, match=told):
        fine_map_loci(arguments.pop("z"), arguments.pop("R"), **arguments)


# --- devices -------------------------------------------------------------------------------


SETTINGS = {
    "plain": {},
    "panel": {"R_finite": 200},
    "mismatch": {"R_finite": 200, "R_mismatch": "eb"},
    "mismatch alone": {"R_mismatch": "eb", "max_iter": 80},
    "threshold": {"check_null_threshold": 0.1},
    "EM": {"estimate_prior_method": "EM", "max_iter": 12},
    "simple": {"estimate_prior_method": "simple"},
    "fixed": {"estimate_prior_variance": False},
    "residual variance": {"estimate_residual_variance": True},
    "null weight": {"null_weight": 0.2},
    "by PIP": {"convergence_method": "pip"},
    "one sweep": {"max_iter": 1},
}


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_device_finds_the_same(setting):
    z, R = loci()
    prior = {"1:1": np.linspace(1, 3, 75), "1:2": np.exp(-np.arange(70) % 5)}
    options = FineMapOptions(L=8, **SETTINGS[setting])
    one = fine_map_loci(z, R, n=N, prior=prior, options=options)
    other = fine_map_loci(z, R, n=N, prior=prior, options=options, device="torch-cpu")
    assert sum(len(fit.credible_sets) for fit in one.values()) >= 3
    assert_same_fits(one, other)


def test_a_device_without_sample_size_and_from_earlier_fits():
    z, R = loci((35, 40))
    start = fine_map_loci(z, R, n=None, options=FineMapOptions(L=3))
    for init in (None, start, {"1:1": start["1:1"]}):
        one = fine_map_loci(z, R, n=None, model_init=init)
        other = fine_map_loci(z, R, n=None, model_init=init, device="torch-cpu")
        assert_same_fits(one, other)


def test_a_device_in_small_batches(monkeypatch):
    from seqgen.finemap import batch_torch

    z, R = loci((30, 30, 28))
    whole = fine_map_loci(z, R, n=N, device="torch-cpu")
    monkeypatch.setattr(batch_torch, "_ROOM", 2 * 8 * 30**2)
    assert_same_fits(whole, fine_map_loci(z, R, n=N, device="torch-cpu"), alpha=1e-7)


def test_dense_and_sparse_products_agree(monkeypatch):
    from seqgen.finemap import batch_torch

    z, R = loci()
    sparse = fine_map_loci(z, R, n=N, device="torch-cpu")
    monkeypatch.setattr(batch_torch, "_DENSE", 0.0)
    assert_same_fits(sparse, fine_map_loci(z, R, n=N, device="torch-cpu"), alpha=1e-7)


def test_switched_alleles_are_as_inconsistent_on_a_device():
    z, R = loci((30, 30, 30, 40))
    z["1:3"][::7] *= -1.0
    options = FineMapOptions(R_finite=200, R_mismatch="eb", L=4)
    one = fine_map_loci(z, R, n=N, options=options)
    assert one["1:3"].diagnostics["lambda_bias"] > 0.0
    assert_same_fits(one, fine_map_loci(z, R, n=N, options=options, device="torch-cpu"))


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ({"refine": True}, "refine: found True"),
        ({"L_greedy": 2}, "L_greedy: found 2"),
        ({"unmappable_effects": "inf"}, "unmappable_effects: found 'inf'"),
        ({"slot_prior": (1.0, 2.0)}, "slot_prior"),
        ({"prior_variance_grid": (0.1, 0.2)}, "prior_variance_grid"),
        ({"compat": "0.12"}, "compat: found '0.12'"),
    ],
)
def test_what_devices_lack_is_refused_by_name(setting, told):
    z, R = loci((20,))
    with pytest.raises(InputError, match=told):
        fine_map_loci(z, R, n=N, options=FineMapOptions(**setting), device="torch-cpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_no_gpu_is_told():
    z, R = loci((20,))
    with pytest.raises(InputError, match="torch sees no CUDA device"):
        fine_map_loci(z, R, n=N, device="cuda")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device here")
@pytest.mark.parametrize("setting", SETTINGS)
def test_a_gpu_finds_the_same(setting):
    z, R = loci()
    options = FineMapOptions(L=8, **SETTINGS[setting])
    one = fine_map_loci(z, R, n=N, options=options)
    assert_same_fits(one, fine_map_loci(z, R, n=N, options=options, device="cuda"))


def test_many_minima_are_those_found_alone():
    rng = np.random.default_rng(0)
    centre, slope = rng.uniform(-40, 25, 200), rng.uniform(0.01, 5, 200)
    wave = rng.uniform(0, 3, 200)

    def function(x, k=slice(None)):
        return np.abs(x - centre[k]) ** 1.5 * slope[k] + wave[k] * np.cos(x)

    x, value = minimise_many(function, (-30.0, 15.0), 200)
    alone = [minimise_bounded(lambda t, k=k: function(t, k), (-30.0, 15.0)) for k in range(200)]
    np.testing.assert_allclose(x, [one[0] for one in alone], rtol=0, atol=1e-9)
    np.testing.assert_allclose(value, [one[1] for one in alone], rtol=1e-12)


# --- spectra of low rank -------------------------------------------------------------------


def test_few_people_have_the_spectrum_of_their_rank():
    rng = np.random.default_rng(2)
    factor = ld_factor(genotypes(rng, 150, people=40))
    R = factor.F.T @ factor.F
    whole, thin = prepare_ld(R).eigen, prepare_ld(R).spectrum
    assert thin.values.shape == (39,)
    assert thin.vectors.shape == (150, 39)
    np.testing.assert_allclose(thin.values, whole.values[-39:], atol=1e-12)
    np.testing.assert_allclose(thin.vectors.T @ thin.vectors, np.eye(39), atol=1e-12)
    np.testing.assert_allclose((thin.vectors * thin.values) @ thin.vectors.T, R, atol=1e-12)


def test_a_matrix_of_full_rank_or_indefinite_has_all_its_spectrum():
    rng = np.random.default_rng(3)
    R = np.corrcoef(genotypes(rng, 50), rowvar=False)
    assert prepare_ld(R).spectrum.values.shape == (50,)
    factor = ld_factor(genotypes(rng, 50, people=12)).F
    bent = factor.T @ factor
    bent[3, 9] = bent[9, 3] = 0.99
    spectrum = prepare_ld(bent).spectrum
    assert spectrum.values.shape == (50,)
    assert spectrum.values[0] < -0.1


def test_diagnostics_are_those_of_all_directions():
    from seqgen.finemap import estimate_s_rss, kriging_rss

    rng = np.random.default_rng(4)
    factor = ld_factor(genotypes(rng, 120, people=30)).F
    R = factor.T @ factor
    z = 8.0 * R[50] + factor.T @ rng.normal(size=30) + 0.3 * rng.normal(size=120)
    thin, whole = prepare_ld(R), prepare_ld(R)
    assert len(whole.eigen.values) == len(whole.spectrum.values) == 120
    for method in ("null-mle", "null-partialmle", "null-pseudomle"):
        told = [estimate_s_rss(z, ld, N, method=method) for ld in (thin, whole)]
        assert told[0] == pytest.approx(told[1], rel=1e-6)
    for s in (None, 0.0, 0.3):
        one, other = (kriging_rss(z, ld, N, s=s) for ld in (thin, whole))
        np.testing.assert_allclose(one.condmean, other.condmean, rtol=1e-6, atol=1e-8)
        np.testing.assert_allclose(one.logLR, other.logLR, rtol=1e-5, atol=1e-6)
    options = FineMapOptions(R_finite=30, R_mismatch="eb")
    one, other = (fine_map(z, ld, n=N, options=options).diagnostics for ld in (thin, whole))
    assert one["low_eigen_count"] == other["low_eigen_count"] >= 90
    assert one["Q_art"] == pytest.approx(other["Q_art"], rel=1e-9)
    assert one["least_eigenvalue"] == pytest.approx(0.0, abs=1e-12)


# --- a run ---------------------------------------------------------------------------------


def test_learning_on_threads_takes_each_locus_its_own_weights():
    from seqgen.pipeline.prior import fine_mapper

    class Locus:
        def __init__(self, number):
            self.number = number

        def fit(self, options, weights, *, learning):
            assert learning
            return self.number, float(weights.sum())

    data = {f"1:{k}": Locus(k) for k in range(20)}
    weights = {f"1:{k}": np.full(3, float(k)) for k in range(5, 20)}
    fits = [fine_mapper(data, None, workers=workers)(weights) for workers in (1, 3)]
    assert fits[0] == fits[1] == {f"1:{k}": (k, 3.0 * k) for k in range(5, 20)}


def test_a_run_in_processes_writes_the_same_tables(tmp_path, capsys):
    from seqgen.cli.entry import main
    from seqgen.io.resources import demo_panel_prefix, demo_sumstats_path
    from seqgen.io.tables import read_table

    regions = ["22:20000000-20400000", "22:33000000-33300000"]
    tables = {}
    for workers in ("1", "2"):
        out = tmp_path / workers
        arguments = ["finemap", str(demo_sumstats_path()), "--panel", str(demo_panel_prefix()),
                     "--regions", *regions, "--L", "3", "--out", str(out),
                     "--workers", workers]  # fmt: skip
        assert main(arguments) == 0, capsys.readouterr().err
        tables[workers] = {
            name: read_table(out / f"{name}.parquet")
            for name in ("variants", "loci", "credible_sets", "drops", "prior_by_locus")
        }
    assert tables["1"]["variants"]["locus"].nunique() == 2
    for name, table in tables["1"].items():
        pd.testing.assert_frame_equal(table, tables["2"][name], check_exact=True, obj=name)
