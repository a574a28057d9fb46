"""Correlations of genotypes: missing calls, dosages, covariates, blocks, files; and PLINK's own."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tiny_panels import random_counts, write_panel

from seqgen.cli import main
from seqgen.errors import InputError, SeqgenWarning
from seqgen.io import genotype_correlations as module
from seqgen.io.genotypes import read_genotypes, read_panel
from seqgen.io.ld import panel_ld
from seqgen.io.ld_matrices import read_ld
from seqgen.io.vcf import HeldGenotypes
from seqgen.schemas import DROPS

SHARED = Path(os.environ.get("SEQGEN_SHARED_DATA", Path(__file__).parents[2] / "shared/data"))


def held(counts: np.ndarray) -> HeldGenotypes:
    """A source of these counts or dosages, (people, variants)."""
    p = counts.shape[1]
    variants = pd.DataFrame(
        {
            "chrom": "1", "pos": np.arange(1, p + 1), "rsid": [f"rs{k}" for k in range(p)],
            "a1": "A", "a2": "G",
        }
    )  # fmt: skip
    people = pd.Index([f"p{k}" for k in range(len(counts))])
    return HeldGenotypes("held", people, variants, counts.T.astype(np.float32), DROPS.empty())


def linked_counts(people: int, p: int, *, missing: float, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    counts = random_counts(people, [0.4] * p, seed=seed)
    for k in range(1, p):  # neighbours share two people in three
        same = rng.random(people) < 0.67
        counts[same, k] = counts[same, k - 1]
    counts[rng.random(counts.shape) < missing] = np.nan
    return counts


def adjusted(values: np.ndarray, covariates: np.ndarray) -> np.ndarray:
    """Each variant without what it shares with the covariates among those called."""
    out = np.full(values.shape, np.nan)
    design = np.column_stack([np.ones(len(values)), covariates])
    for k in range(values.shape[1]):
        there = ~np.isnan(values[:, k])
        weights = np.linalg.lstsq(design[there], values[there, k], rcond=None)[0]
        out[there, k] = values[there, k] - design[there] @ weights
    return out


def by_pair(values: np.ndarray) -> np.ndarray:
    """Correlations one by one, over the people with both."""
    p = values.shape[1]
    R = np.eye(p)
    for i in range(p):
        for j in range(i):
            both = ~np.isnan(values[:, i]) & ~np.isnan(values[:, j])
            R[i, j] = R[j, i] = np.corrcoef(values[both, i], values[both, j])[0, 1]
    return R


@pytest.mark.parametrize("kind", ["calls", "dosages"])
@pytest.mark.parametrize("missing", [0.0, 0.05])
@pytest.mark.parametrize("with_covariates", [False, True])
def test_each_way_is_what_it_says(kind, missing, with_covariates):
    counts = linked_counts(120, 9, missing=missing).astype(float)
    if kind == "dosages":
        noise = np.random.default_rng(2).uniform(0, 0.4, counts.shape)
        counts = np.float32(np.abs(counts - noise)).astype(float)
    counts[:, 3] = np.nan_to_num(counts[:, 3], nan=1.0)  # one that lacks no call
    covariates = np.random.default_rng(3).normal(size=(120, 3)) if with_covariates else None
    if covariates is not None:
        covariates[:, 0] += 2 * np.nan_to_num(counts[:, 0], nan=1.0)
    left = counts if covariates is None else adjusted(counts, covariates)
    R = panel_ld(None, held(counts), covariates=covariates)
    np.testing.assert_allclose(R, by_pair(left), atol=2e-7)
    centred = left - np.nanmean(left, axis=0)
    filled = np.nan_to_num(centred, nan=0.0)
    mean = panel_ld(None, held(counts), covariates=covariates, missing="mean")
    np.testing.assert_allclose(mean, np.corrcoef(filled.T), atol=2e-7)
    assert (np.abs(R - mean).max() > 1e-3) == (missing > 0)
    assert np.linalg.eigvalsh(mean).min() > -1e-9
    if covariates is not None:
        assert np.abs(R - panel_ld(None, held(counts))).max() > 0.01


@pytest.mark.parametrize("missing", ["pairwise", "mean"])
@pytest.mark.parametrize("share", [0.0, 0.1])
def test_blocks_make_no_difference(monkeypatch, missing, share):
    source = held(linked_counts(90, 23, missing=share))
    covariates = np.random.default_rng(0).normal(size=(90, 2))
    expected = [panel_ld(None, source, missing=missing, covariates=c) for c in (None, covariates)]
    # Pieces of five variants; read again for each pair of pieces; holes beyond what three digits
    # of one number hold.
    for name, value in (("_BLOCK", 5), ("_HELD_BYTES", 48 * 90 * 4), ("_BITS", 2)):
        monkeypatch.setattr(module, name, value)
        for c, R in zip((None, covariates), expected, strict=True):
            np.testing.assert_allclose(
                panel_ld(None, source, missing=missing, covariates=c), R, atol=1e-6
            )


def test_calls_are_counted_exactly():
    counts = linked_counts(3000, 6, missing=0.2)  # more missing calls than one byte counts
    expected = pd.DataFrame(counts.astype(float)).corr().to_numpy()
    np.testing.assert_allclose(panel_ld(None, held(counts)), expected, atol=1e-13)


def test_a_pair_without_a_correlation_is_told():
    counts = linked_counts(60, 4, missing=0.0)
    counts[:, 1] = 0
    counts[:3, 1] = 1
    counts[:3, 2] = np.nan  # those who vary at the one have no call at the other
    filled = np.where(np.isnan(counts), np.nanmean(counts, axis=0), counts)
    with pytest.warns(
        SeqgenWarning, match=r"1 pair\(s\) .* rs1 at 1:2 and rs2 at 1:3\); for these"
    ):
        R = panel_ld(None, held(counts))
    expected = pd.DataFrame(counts.astype(float)).corr().to_numpy(copy=True)
    expected[1, 2] = expected[2, 1] = np.corrcoef(filled[:, 1], filled[:, 2])[0, 1]
    np.testing.assert_allclose(R, expected, atol=1e-7)


def test_variants_that_say_nothing_are_named():
    counts = linked_counts(50, 5, missing=0.0)
    with pytest.raises(InputError, match=r"2 variant\(s\) do not vary among 50 people beyond the "
                                         r"covariates, first rs0 at 1:1"):  # fmt: skip
        panel_ld(None, held(counts), covariates=counts[:, [0, 3]])
    counts[:, 2] = np.nan
    with pytest.raises(InputError, match=r"panel 'held': rs2 at 1:3 has no call"):
        panel_ld(None, held(counts))


def test_covariates_are_matched_by_name():
    source = held(linked_counts(80, 5, missing=0.05))
    table = pd.DataFrame(np.random.default_rng(1).normal(size=(80, 2)), index=source.people)
    expected = panel_ld(None, source, covariates=table.to_numpy())
    more = pd.concat([table.iloc[::-1], pd.DataFrame([[9.0, 9.0]], index=["somebody"])])
    np.testing.assert_allclose(panel_ld(None, source, covariates=more), expected, atol=1e-12)
    bad = table.copy()
    bad.iloc[7, 1] = np.nan
    names = table.rename(index=lambda name: f"{name}_{name}")
    for given, message in (
        (table.iloc[1:], r"1 of 80 people of panel 'held' have none, such as 'p0'"),
        (names, r"80 of 80 people .* looks like FID_IID"),
        (bad, r"1 of 'p7' is nan \(1 people with such\)"),
        (table.assign(sum=table.sum(axis=1)), r"'sum' of 3 for 80 people: .* linear"),
        (table.assign(one=1.0), r"'one' of 3 for 80 people: constant"),
        (table.assign(sex="f"), r"hold what is no number"),
        (table.to_numpy()[:-1], r"shape \(79, 2\) for 80 people"),
        (pd.concat([table, table.iloc[:1]]), r"person 'p0' comes twice"),
    ):
        with pytest.raises(InputError, match=message):
            panel_ld(None, source, covariates=given)


def test_no_people_left_for_the_covariates():
    source = held(linked_counts(20, 3, missing=0.0))
    with pytest.raises(InputError, match="too many"):
        panel_ld(None, source, covariates=np.random.default_rng(0).normal(size=(20, 18)))


@pytest.mark.parametrize("name", ["d400miss", "d400miss.pgen", "d400miss.vcf.gz"])
def test_equal_to_plink(name):
    folder = SHARED / "plink_tensorqtl_ref" / "ld"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there")
    for package, suffix in (("pgenlib", ".pgen"), ("cyvcf2", ".vcf.gz")):
        if name.endswith(suffix) and importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
    R = panel_ld(None, read_genotypes(folder / name))
    np.testing.assert_allclose(R, np.loadtxt(folder / "plink_r.ld"), atol=1e-6)
    np.testing.assert_allclose(R**2, np.loadtxt(folder / "plink_r2.ld"), atol=1e-6)


# --- seqgen ld -----------------------------------------------------------------------------


@pytest.fixture
def prefix(tmp_path) -> Path:
    counts = linked_counts(70, 6, missing=0.04)
    counts[:, 4] = 0
    variants = [("1", 100 * k, f"rs{k}", "A", "G") for k in range(1, 7)]
    return write_panel(tmp_path / "panel", counts, variants)


@pytest.mark.parametrize("name", ["ld.npz", "ld.npy", "ld.parquet", "ld.tsv", "ld.tsv.gz"])
def test_what_is_written_is_read_back(prefix, tmp_path, capsys, name):
    out = tmp_path / "made" / name
    assert main(["ld", "--panel", str(prefix), "--out", str(out)]) == 0
    assert "5 x 5 correlations" in capsys.readouterr().out
    panel = read_panel(prefix)
    keep = np.array([0, 1, 2, 3, 5])
    back = read_ld(out)
    np.testing.assert_allclose(back.R, panel_ld(None, panel.take(keep)), atol=1e-7)
    pd.testing.assert_frame_equal(
        back.variants[panel.variants.columns], panel.variants.iloc[keep].reset_index(drop=True)
    )
    np.testing.assert_allclose(back.variants["frequency"], panel.frequencies(keep))
    (told,) = (tmp_path / "made").glob("ld*.drops.tsv")
    drops = pd.read_csv(told, sep="\t")
    assert drops["reason"].tolist() == ["variant does not vary among these people"]


def test_parts_and_covariates_in_the_shell(prefix, tmp_path, capsys):
    panel = read_panel(prefix)
    people = panel.people[:60]
    table = pd.DataFrame(np.random.default_rng(5).normal(size=(70, 2)), index=panel.people)
    table.columns = ["PC1", "PC2"]
    table.rename_axis("IID").to_csv(tmp_path / "pcs.tsv", sep="\t")
    (tmp_path / "keep.txt").write_text("\n".join(people) + "\n")
    command = ["ld", "-q", "--panel", str(prefix), "--out", str(tmp_path / "a.npz")]
    command += ["--region", "1:200-400", "--missing", "mean", "--keep", str(tmp_path / "keep.txt")]
    assert main([*command, "--covariates", str(tmp_path / "pcs.tsv")]) == 0
    part = read_panel(prefix, region="1:200-400", people=list(people))
    expected = panel_ld(None, part, missing="mean", covariates=table)
    np.testing.assert_allclose(read_ld(tmp_path / "a.npz").R, expected, atol=1e-7)
    capsys.readouterr()
    assert main(["ld", "--panel", str(prefix), "--out", str(tmp_path / "a.txt")]) == 1
    assert "expected a name that ends in .npz" in capsys.readouterr().err
    assert main(["ld", "--panel", str(prefix), "--out", f"{prefix}.bed.npz", "--region", "9"]) == 1
    assert "none of 6 variants lies in 9" in capsys.readouterr().err
