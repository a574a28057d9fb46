"""Scans find the same on threads, on a device of torch, and with or without compiled loops."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from threadpoolctl import threadpool_limits

from seqgen import gxg, transqtl
from seqgen.errors import InputError
from seqgen.gxg import products as pair_products
from seqgen.gxg import products_torch as pair_products_torch
from seqgen.models.devices import full_precision, open_device
from seqgen.native import available
from seqgen.transqtl import products, scan
from seqgen.transqtl.correlations import CELLS
from seqgen.transqtl.products_torch import TorchProducts
from seqgen.transqtl.screening import screen_block
from seqgen.transqtl.variants import open_variants, read_block

needs_compiled = pytest.mark.skipif(not available(), reason="nothing is compiled here")
no_cuda = pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")


@pytest.fixture(autouse=True)
def one_blas_thread():
    """With more, BLAS itself rounds the last bit of a sum by their number."""
    with threadpool_limits(1):
        yield


# --- pairs ---------------------------------------------------------------------------------


def pair_design(kind="whole", n=400, m=70):
    rng = np.random.default_rng(3)
    counts = rng.binomial(2, rng.uniform(0.03, 0.6, m), (n, m)).astype(float)
    counts[:, 5] = np.where(rng.uniform(size=n) < 0.9, counts[:, 6], counts[:, 5])
    covariates = rng.normal(size=(n, 3))
    trait = 0.7 * counts[:, 20] * counts[:, 50] + covariates[:, 0] + rng.normal(size=n)
    if kind == "gaps":
        counts[rng.uniform(size=counts.shape) < 0.03] = np.nan
    if kind == "binary":
        return gxg.prepare_pairs(counts, (trait > 1).astype(float), covariates, kind="binary")
    return gxg.prepare_pairs(counts, trait, covariates)


def assert_same_pairs(one, other, **how):
    pd.testing.assert_frame_equal(one.table, other.table, **(how or {"check_exact": True}))
    assert (one.n_tests, one.untested) == (other.n_tests, other.untested)


@pytest.mark.parametrize("kind", ["whole", "gaps", "binary"])
@pytest.mark.parametrize("workers", [2, 5, None])
def test_pairs_on_threads_are_those_on_one(kind, workers):
    design = pair_design(kind)
    plain = gxg.scan_pairs(design, options=gxg.ScanOptions(p=0.01))
    told = []
    shared = gxg.scan_pairs(
        design,
        options=gxg.ScanOptions(p=0.01, workers=workers),
        progress=lambda *at: told.append(at),
    )
    assert len(plain.table) > 3
    assert_same_pairs(plain, shared)
    pd.testing.assert_frame_equal(plain.calibration, shared.calibration)
    assert told[-1] == (70 * 69 // 2, 70 * 69 // 2)
    assert told == sorted(told)


def test_pairs_one_by_one_on_threads():
    design = pair_design("gaps", n=120, m=52)
    options = {"p": 0.1, "missing": "complete"}
    assert_same_pairs(
        gxg.scan_pairs(design, options=gxg.ScanOptions(**options)),
        gxg.scan_pairs(design, options=gxg.ScanOptions(**options, workers=3)),
    )


@pytest.mark.parametrize("slab", [None, 40_000])
@pytest.mark.parametrize(("dtype", "close"), [(np.float32, 1e-4), (np.float64, 1e-9)])
@pytest.mark.parametrize("kind", ["whole", "gaps", "binary"])
def test_pair_statistics_in_torch_are_those_in_numpy(kind, dtype, close, slab, monkeypatch):
    if slab is not None:  # people in several slabs
        monkeypatch.setattr(pair_products, "_SLAB_BYTES", slab)
    design = pair_design(kind)
    assert len(pair_products.people_slabs(design, 80)) == (1 if slab is None else 2)
    rows, columns = np.arange(20), np.arange(15, 70)
    expected = pair_products.pair_block(
        design, rows, pair_products.prepare_stripe(design, columns, dtype=dtype), skip=3
    )
    on_device = pair_products_torch.TorchProducts(design, dtype=dtype, device="torch-cpu")
    found = on_device.pair_block(rows, on_device.prepare_stripe(columns), skip=3)
    assert found.statistic.dtype == np.float64
    sure = ~(expected.doubtful | found.doubtful)
    assert sure.mean() > 0.95
    assert (expected.doubtful == found.doubtful).mean() > 0.99
    size = np.sqrt(expected.statistic[sure])
    np.testing.assert_allclose(np.sqrt(found.statistic[sure]), size, rtol=close, atol=close)


@pytest.mark.parametrize("precision", ["auto", "double"])
@pytest.mark.parametrize("kind", ["whole", "gaps", "binary"])
def test_pairs_on_a_device_are_the_same_table(kind, precision):
    design = pair_design(kind)
    options = {"p": 1e-3, "screen_p": 1e-3, "precision": precision}
    plain = gxg.scan_pairs(design, options=gxg.ScanOptions(**options))
    device = gxg.scan_pairs(design, options=gxg.ScanOptions(**options, device="torch-cpu"))
    assert len(plain.table) > 1
    # Exactly, unless a pair at the margin brings others into another batch.
    assert_same_pairs(plain, device, rtol=1e-11)
    apart = (plain.calibration["observed"] - device.calibration["observed"]).abs()
    assert apart.max() <= 2


def test_a_kinship_is_for_the_processor():
    rng = np.random.default_rng(1)
    kinship = np.eye(60) + 0.5 * np.kron(np.eye(30), [[0, 1], [1, 0]])
    counts = rng.binomial(2, 0.4, (60, 8)).astype(float)
    design = gxg.prepare_pairs(counts, rng.normal(size=60), kinship=kinship)
    with pytest.raises(InputError, match=r"'torch-cpu', and the design has a kinship; expected"):
        gxg.scan_pairs(design, options=gxg.ScanOptions(device="torch-cpu"))


# --- variants by traits --------------------------------------------------------------------


def trans_inputs(people=300, variants=2500, traits=23):
    rng = np.random.default_rng(8)
    counts = rng.binomial(2, rng.uniform(0.01, 0.6, variants), (people, variants)).astype(np.int8)
    covariates = rng.normal(size=(people, 3))
    values = covariates @ rng.normal(size=(3, traits)) + rng.normal(size=(people, traits))
    values[:, 2] += counts[:, 40]
    values[:, 7] = 5 * counts[:, 1700] + 0.2 * values[:, 7]  # beyond the last cell
    counts[:, 9] = 1
    return counts, values, covariates


def excluded(variants=2500, traits=23):
    table = pd.DataFrame({
        "variant": [f"v{k}" for k in range(variants)], "chrom": "1",
        "pos": np.arange(1, variants + 1) * 10_000,
    })  # fmt: skip
    names = pd.Series([f"trait_{k}" for k in range(1, traits + 1)])
    genes = pd.DataFrame(
        {"gene": names, "chrom": "1", "tss": np.arange(1, traits + 1) * 1_000_000,
         "start": np.arange(1, traits + 1) * 1_000_000,
         "end": np.arange(1, traits + 1) * 1_000_000 + 1000}
    )  # fmt: skip
    return table, transqtl.plan_exclusions(table, names, genes, cis_window=100_000)


def assert_same_scan(one, other, *, histogram=True):
    exact = {"check_exact": True} if histogram else {"rtol": 1e-11}
    pd.testing.assert_frame_equal(one.hits, other.hits, **exact)
    pd.testing.assert_frame_equal(one.drops, other.drops)
    for name in ("n_tests", "n_hits", "n_cis", "n_cross_mapped", "df"):
        assert getattr(one, name) == getattr(other, name)
    # Rounding moves a test from a cell to the next, hardly ever.
    apart = np.abs(one.histogram.counts - other.histogram.counts).sum()
    assert apart <= (0 if histogram else 1e-3 * one.n_tests)


WAYS = {
    "threads": {"workers": 3},
    "all cores": {"workers": None},
    "torch": {"device": "torch-cpu"},
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("p", [1e-3, 1.0])
@pytest.mark.parametrize("regions", [False, True])
def test_variants_by_traits_are_the_same_every_way(way, p, regions, monkeypatch):
    for name, value in (("_TRAITS", 9), ("_DEVICE_TRAITS", 9), ("_MOST_VARIANTS", 700)):
        monkeypatch.setattr(scan, name, value)  # several blocks of variants and of traits
    counts, values, covariates = trans_inputs()
    table, exclusions = excluded() if regions else (None, None)
    design = transqtl.prepare_trans(counts, values, covariates, variants=table)
    plain = transqtl.scan_trans(design, options=transqtl.ScanOptions(p=p), exclusions=exclusions)
    assert plain.n_hits > 20
    assert (plain.n_cis > 0) == regions
    other = transqtl.scan_trans(
        design, options=transqtl.ScanOptions(p=p, **WAYS[way]), exclusions=exclusions
    )
    assert_same_scan(plain, other, histogram=way != "torch")


@needs_compiled
@pytest.mark.parametrize("regions", [False, True])
def test_compiled_loops_and_numpy_count_and_find_the_same(regions, monkeypatch):
    counts, values, covariates = trans_inputs()
    table, exclusions = excluded() if regions else (None, None)
    design = transqtl.prepare_trans(counts, values, covariates, variants=table)
    one = transqtl.scan_trans(design, exclusions=exclusions)
    monkeypatch.setattr(products, "available", lambda: False)
    assert_same_scan(one, transqtl.scan_trans(design, exclusions=exclusions))


@needs_compiled
@pytest.mark.parametrize("size", [1, 3, 4, 255, 256, 257, 1031])
@pytest.mark.parametrize("cut", [0.0, 300.5, 5000.0])
def test_a_product_is_looked_through_alike(size, cut):
    rng = np.random.default_rng(size)
    place = (rng.normal(size=size) * 600).astype(np.float32)[None]
    special = np.array([np.nan, -0.0, cut, -cut, 4095.0, 4096.0, -1e9, 4094.9998], np.float32)
    place[0, : len(special)] = special[:size]
    expected = np.floor(np.minimum(np.abs(place[~np.isnan(place)]), CELLS - 1)).astype(int)
    for look in (products._compiled, products._array):
        counts, found = np.zeros(CELLS, np.int64), np.empty(size, np.int64)
        at = look(place.copy(), np.float32(cut), counts, found)
        assert at.tolist() == np.flatnonzero(np.abs(place[0]) >= np.float32(cut)).tolist()
        assert counts.tolist() == np.bincount(expected, minlength=CELLS).tolist()


def test_products_in_torch_are_those_in_numpy():
    rng = np.random.default_rng(2)
    traits = rng.normal(size=(40, 90)).astype(np.float32)
    single = np.asfortranarray(rng.normal(size=(30, 90)).astype(np.float32))
    left_out = np.array([[0, 3, 29], [1, 7, 14]])
    plain = products.ArrayProducts(traits, 12.0, products.product_memory(30, 15))
    device = TorchProducts(traits, 12.0, "torch-cpu")
    for start, stop in ((0, 15), (15, 30), (30, 40)):
        out = left_out if stop - start == 15 else None
        one, other = (x.look(single, start, stop, left_out=out) for x in (plain, device))
        assert (
            one.counts.sum() == other.counts.sum() == 30 * (stop - start) - (3 if stop < 40 else 0)
        )
        assert np.abs(one.counts - other.counts).sum() <= 2
        assert one.row.tolist() == other.row.tolist()
        assert one.trait.tolist() == other.trait.tolist()
        exact = np.abs(single.astype(float) @ traits[start:stop].T.astype(float))
        if out is not None:
            exact[out[0], out[1]] = 0.0
        assert set(zip(one.row, one.trait - start, strict=True)) == set(
            zip(*np.nonzero(exact >= 12.0), strict=True)
        )


# --- genotypes in single precision ---------------------------------------------------------


def genotypes(kind):
    rng = np.random.default_rng(4)
    counts = rng.binomial(2, rng.uniform(0.002, 0.999, 60), (500, 60)).astype(float)
    counts[:, 3], counts[:, 4] = 2.0, 0.1
    if kind == "dosages":
        counts = np.clip(counts + rng.uniform(-0.1, 0.1, counts.shape), 0, 2)
        counts[:, 4] = 0.1
    if kind == "gaps":
        counts[rng.uniform(size=counts.shape) < 0.001] = np.nan
        counts[:, 8] = np.nan
    return counts.astype(np.int8) if kind == "int8" else counts


@pytest.mark.parametrize("kind", ["int8", "whole", "dosages", "gaps"])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("people", ["all", "some"])
def test_single_precision_is_double_precision_rounded(kind, order, people):
    counts = np.asarray(genotypes(kind), order=order)
    rng = np.random.default_rng(6)
    rows = np.arange(500) if people == "all" else rng.permutation(500)[:450]
    # The third variable is nearly a variant, and the fourth is one.
    covariates = np.column_stack([
        np.ones(len(rows)), rng.normal(size=len(rows)),
        np.nan_to_num(counts[rows, 20].astype(float)) + 1e-3 * rng.normal(size=len(rows)),
        np.nan_to_num(counts[rows, 30].astype(float)),
    ])  # fmt: skip
    basis = np.linalg.qr(covariates)[0]
    variants, index = open_variants(counts), np.arange(60)
    exact = read_block(variants, index, rows=rows, basis=basis)
    found = screen_block(
        variants.read(index), variants, index, rows=rows, basis=basis,
        memory=np.empty(60 * 500, np.float32),
    )  # fmt: skip
    assert found.reason.tolist() == exact.reason.tolist()
    assert {0, 2} <= set(found.reason.tolist())
    assert found.n_missing.tolist() == exact.n_missing.tolist()
    assert found.index.tolist() == exact.index.tolist()
    # Per unit of length: what covariates explain is in both, and residuals are orthogonal to it.
    size = np.abs(exact.values).max(axis=1, keepdims=True)
    assert np.abs(found.single - exact.values).max() <= 3e-6 * size.max()
    some = np.array([0, 5, len(found.index) - 1])
    again = found.exact(some)
    np.testing.assert_array_equal(again.values, exact.values[some])
    np.testing.assert_array_equal(again.scale, exact.scale[some])


@pytest.mark.parametrize("bad", [np.inf, -0.5])
def test_wrong_genotypes_are_refused_on_threads_too(bad):
    counts, values, _ = trans_inputs()
    counts = counts.astype(np.float32)
    counts[4, 1500] = bad

    class Foreign:
        """Read by blocks, so that nobody looks at its values beforehand."""

        n_people = len(counts)
        variants = pd.DataFrame({"variant": [f"variant_{k + 1}" for k in range(counts.shape[1])]})

        def genotypes(self, index):
            return counts[:, index]

    design = transqtl.prepare_trans(Foreign(), values)
    with pytest.raises(InputError, match=r"variant 'variant_1501' holds"):
        transqtl.scan_trans(design, options=transqtl.ScanOptions(workers=2))


# --- what is asked for ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"device": "gpu"}, "device is 'gpu'; expected cpu, cuda, cuda:N or torch-cpu"),
        ({"workers": 0}, "workers is 0; expected at least 1"),
        ({"workers": "dask"}, "workers is 'dask'; expected a number"),
        ({"workers": 2, "device": "torch-cpu"}, "workers is 2 with device='torch-cpu'; expected 1"),
    ],
)
def test_options_that_cannot_be_meant(options, message):
    counts, values, _ = trans_inputs(variants=1701)
    with pytest.raises(InputError, match=message):
        gxg.scan_pairs(pair_design(m=52), options=gxg.ScanOptions(**options))
    with pytest.raises(InputError, match=message):
        transqtl.scan_trans(
            transqtl.prepare_trans(counts, values), options=transqtl.ScanOptions(**options)
        )


@no_cuda
@pytest.mark.parametrize("device", ["cuda", "cuda:1"])
def test_a_gpu_that_is_not_there(device):
    message = rf"device is '{device}', but torch sees no CUDA device here; use device='cpu'"
    with pytest.raises(InputError, match=message):
        gxg.scan_pairs(pair_design(m=52), options=gxg.ScanOptions(device=device))
    counts, values, _ = trans_inputs(variants=1701)
    with pytest.raises(InputError, match=message):
        transqtl.scan_trans(
            transqtl.prepare_trans(counts, values), options=transqtl.ScanOptions(device=device)
        )


def test_a_gpu_of_too_high_a_number(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert open_device("cuda:0") == torch.device("cuda:0")
    with pytest.raises(InputError, match="there are 1 CUDA devices"):
        open_device("cuda:1")


def test_single_precision_is_not_shortened_and_the_setting_comes_back():
    before = torch.get_float32_matmul_precision()
    try:
        torch.set_float32_matmul_precision("medium")
        with full_precision():
            assert torch.get_float32_matmul_precision() == "highest"
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_float32_matmul_precision(before)
