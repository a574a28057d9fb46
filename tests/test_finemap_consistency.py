"""Switched alleles and other errors in z-scores: what is found, and what is left in peace."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from synthetic_report import PROVENANCE, make_tables

from seqgen import schemas
from seqgen.cli.entry import main
from seqgen.errors import InputError
from seqgen.finemap import error_search as search
from seqgen.finemap import ld_factor, prepare_ld, susie_rss
from seqgen.finemap.consistency import check_consistency
from seqgen.io.genotypes import read_panel
from seqgen.io.resources import demo_panel_prefix, demo_sumstats_path
from seqgen.io.sumstats import read_sumstats
from seqgen.io.tables import read_table, write_table
from seqgen.loci import find_loci
from seqgen.pipeline import RunOptions, finemap_loci, prepare_loci
from seqgen.report import notices, write_report

N = 50_000


def panel_genotypes(start, p, people=slice(None)):
    """Neighbouring common variants of the bundled panel, (people, p)."""
    panel = read_panel(demo_panel_prefix())
    g = np.asarray(panel.genotypes(np.arange(start, start + 4 * p)), dtype=float)[people]
    g = np.where(np.isnan(g), np.nanmean(g, axis=0), g)
    f = g.mean(axis=0) / 2
    return g[:, np.minimum(f, 1 - f) > 0.05][:, :p]


def draw(R, rng, effects):
    """z-scores with covariance R and effects {variant: size}."""
    values, vectors = np.linalg.eigh(R)
    noise = vectors @ (np.sqrt(np.maximum(values, 0.0)) * rng.normal(size=len(R)))
    return sum(size * R[at] for at, size in effects.items()) + noise


@pytest.fixture(scope="module")
def loci():
    """LD, z-scores, and a few variants to switch, of six loci of the bundled panel."""
    out = []
    for seed, start in enumerate(range(500, 12_500, 2_000)):
        rng = np.random.default_rng(seed)
        R = np.corrcoef(panel_genotypes(start, 150).T)
        z = draw(R, rng, {int(rng.integers(150)): 9.0, int(rng.integers(150)): -7.0})
        out.append((prepare_ld(R), z, np.isin(np.arange(150), rng.choice(150, 4, replace=False))))
    return out


def test_sound_data_are_left_in_peace(loci):
    for ld, z, _ in loci:
        check = check_consistency(z, ld, N)
        assert (check.verdict == "ok").all()
        assert check.warnings == ()
        assert check.s < 0.02


def test_detectable_switches_are_flagged_and_turning_them_restores_the_fit(loci):
    detectable = flagged = false = 0
    for ld, z, wrong in loci:
        sound = check_consistency(z, ld, N)
        sure = wrong & (np.abs(z) > 2) & (2 * np.abs(sound.z_expected) > 7 * sound.se)
        switched = np.where(wrong, -z, z)
        check = check_consistency(switched, ld, N)
        detectable += sure.sum()
        flagged += (check.flipped & sure).sum()
        false += ((check.verdict != "ok") & ~wrong).sum()
        assert bool(check.warnings) == bool((check.verdict != "ok").any())
        only = np.where(sure, -z, z)
        turned = check_consistency(only, ld, N).flipped
        np.testing.assert_array_equal(turned, sure)
    assert detectable >= 8
    assert flagged >= 0.9 * detectable
    assert false == 0


def test_no_false_finding_goes_unsaid(loci):
    found = silent = 0
    for ld, z, wrong in loci:
        switched = np.where(wrong, -z, z)
        told = bool(check_consistency(switched, ld, N).warnings)
        sound, fit = (susie_rss(y, ld, N, L=5) for y in (z, switched))
        new = (fit.pip > 0.95) & (sound.pip < 0.5)
        found += new.sum()
        silent += 0 if told or fit.warnings else new.sum()
    assert found > 0, "the switches harm nothing here, so this tests nothing"
    assert silent == 0


def test_two_near_copies_switched_together_are_found():
    lags = np.abs(np.subtract.outer(np.arange(60), np.arange(60)))
    R = 0.97**lags
    R[:, 31] = R[31] = R[30]
    R[30, 31] = R[31, 30] = 0.999
    R[30, 30] = R[31, 31] = 1.0
    z = draw(R, np.random.default_rng(3), {40: 10.0})
    assert check_consistency(z, R, N).flipped.sum() == 0
    z[[30, 31]] *= -1.0
    assert np.flatnonzero(check_consistency(z, R, N).flipped).tolist() == [30, 31]


def test_a_strong_effect_that_others_carry_little_of_is_no_error():
    R = 0.5 ** np.abs(np.subtract.outer(np.arange(50), np.arange(50)))
    z = draw(R, np.random.default_rng(4), {20: 35.0})
    assert (check_consistency(z, R).verdict == "ok").all()


def test_an_error_of_another_kind_does_not_make_its_neighbours_look_wrong(loci):
    ld, z, _ = loci[2]
    wrong = int(np.argmin(check_consistency(z, ld, N).se))
    broken = z.copy()
    broken[wrong] += 4.0
    check = check_consistency(broken, ld, N)
    assert check.verdict[wrong] == "inconsistent"
    assert (check.verdict != "ok").sum() == 1
    assert check.z_expected[wrong] == pytest.approx(check_consistency(z, ld, N).z_expected[wrong],
                                                    abs=0.5)  # fmt: skip
    frame = check.to_frame()
    assert frame["reason"].notna().sum() == 1
    assert f"{broken[wrong]:.1f}"[:3] in frame["reason"][wrong]


def test_conditionals_without_the_variants_set_aside():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 30))
    X[:, 1:] += X[:, :-1]
    R = np.corrcoef(X.T)
    z = 3.0 * R @ rng.normal(size=30)
    model = search._fitted(z, prepare_ld(R))
    C = model.vectors @ np.diag(1.0 / model.inverse) @ model.vectors.T
    shift = rng.normal(size=30)
    for aside in ([], [3, 7, 8]):
        index = np.array(aside, dtype=np.intp)
        mean, variance, _ = search._given_others(z, model, index)
        chi2 = search._error_chi2(z, model, index, shift)
        for i in (0, 3, 8, 20):
            kept = [j for j in range(30) if j == i or j not in aside]
            k = kept.index(i)
            P = np.linalg.inv(C[np.ix_(kept, kept)])
            y = z[kept] - shift[i] * (np.arange(len(kept)) == k)
            # Least squares of z on the variant's own effect and an error in it.
            design = np.column_stack([R[kept, i], np.eye(len(kept))[k]])
            inverse = np.linalg.inv(design.T @ P @ design)
            error = (inverse @ (design.T @ P @ y))[1]
            assert variance[i] == pytest.approx(1.0 / P[k, k])
            assert mean[i] == pytest.approx(z[i] - (P @ z[kept])[k] / P[k, k])
            least = min(error**2 / inverse[1, 1], (y[k] - mean[i]) ** 2 / variance[i])
            assert chi2[i] == pytest.approx(least / model.inflation)


def test_a_long_locus_is_checked_in_windows(monkeypatch):
    R = 0.95 ** np.abs(np.subtract.outer(np.arange(330), np.arange(330)))
    z = draw(R, np.random.default_rng(5), {50: 12.0, 120: -12.0, 310: 12.0})
    wrong = [49, 99, 101, 125, 150, 309, 329]
    wrong = [i for i in wrong if abs(z[i]) > 2]
    z[wrong] *= -1.0
    whole = check_consistency(z, R)
    monkeypatch.setattr(search, "_WINDOW", 200)
    windows = check_consistency(z, R)
    assert np.flatnonzero(windows.flipped).tolist() == wrong
    np.testing.assert_array_equal(windows.verdict, whole.verdict)
    np.testing.assert_allclose(windows.z_expected, whole.z_expected, atol=0.2)
    assert not np.array_equal(windows.z_expected, whole.z_expected)


def test_a_factor_serves_as_the_matrix_does():
    g = panel_genotypes(4_000, 80)
    R = np.corrcoef(g.T)
    z = draw(R, np.random.default_rng(6), {40: 9.0})
    strong = int(np.abs(z).argmax())
    z[strong] *= -1.0
    by_matrix, by_factor = check_consistency(z, R, N), check_consistency(z, ld_factor(g), N)
    np.testing.assert_allclose(by_factor.z_expected, by_matrix.z_expected, atol=1e-6)
    assert by_matrix.flipped[strong]
    np.testing.assert_array_equal(by_factor.verdict, by_matrix.verdict)


def test_z_scores_of_another_order_are_told_as_a_whole(loci):
    ld, z, _ = loci[0]
    check = check_consistency(np.random.default_rng(1).permutation(z), ld, N)
    assert check.s > 0.2
    assert "hardly agree" in check.warnings[0]


def test_half_the_alleles_switched_are_told_as_a_whole(loci):
    ld, z, _ = loci[0]
    check = check_consistency(8.0 * z * np.where(np.arange(150) % 2, 1.0, -1.0), ld)
    assert check.warnings


def test_bad_input(loci):
    ld, z, _ = loci[0]
    with pytest.raises(InputError, match=r"^z: 1 of 150 values are not finite .*drop"):
        check_consistency(np.where(np.arange(150) == 3, np.nan, z), ld)
    with pytest.raises(InputError, match=r"^p_threshold: found 0"):
        check_consistency(z, ld, p_threshold=0)
    with pytest.raises(InputError, match=r"^R: found 150 variants for 149"):
        check_consistency(z[1:], ld_factor(panel_genotypes(500, 150)))


def test_r_squared_is_refused_where_z_shows_it_and_doubted_elsewhere():
    sign = np.where(np.arange(30) % 2, 1.0, -1.0)
    r = 0.98 ** np.abs(np.subtract.outer(np.arange(30), np.arange(30))) * np.outer(sign, sign)
    z = 12.0 * r[15]
    assert check_consistency(z, r, N).warnings == ()
    with pytest.raises(InputError, match=r"^R: no entry is below zero .*not r squared"):
        check_consistency(z, r**2, N)
    assert any("r squared" in text for text in check_consistency(z / 12, r**2, N).warnings)


# --- in the flow -----------------------------------------------------------------------------

REGION = "22:20600000-20900000"


@pytest.fixture(scope="module")
def gwas():
    """The bundled GWAS, sound and with the alleles of two variants switched."""
    sound = read_sumstats(demo_sumstats_path()).table
    sound = sound[sound["pos"].between(20_600_000, 20_900_000)].reset_index(drop=True)
    at = sound["rsid"].isin(["rs1477178", "rs2277838"])
    switched = sound.copy()
    switched.loc[at, ["z", "beta"]] *= -1.0
    return sound, switched


def fine_mapped(table, **settings):
    found = find_loci(table, regions=[REGION])
    data, _ = prepare_loci(table, found, read_panel(demo_panel_prefix(), region=REGION))
    names = [*schemas.SUMSTATS.key, "gene", "uniprot", "residue_change", "log_lik_ratio"]
    nothing = pd.DataFrame(columns=names)
    types = {name: table[name].dtype for name in schemas.SUMSTATS.key}
    return finemap_loci(
        data, nothing.astype(types), found, options=RunOptions(L=3, regions=(REGION,), **settings),
        progress=lambda *at: None,
    )  # fmt: skip


def test_the_flow_flags_turns_and_drops(gwas):
    sound = fine_mapped(gwas[0])
    assert sound.loci["n_inconsistent"].tolist() == [0]
    assert sound.credible_sets["flagged"].isna().all()
    left = fine_mapped(gwas[1])
    flipped = left.ld_consistency[left.ld_consistency["verdict"] == "flipped"]
    assert "rs1477178" in flipped["rsid"].tolist()
    assert left.loci["n_flipped"].tolist() == [len(flipped)]
    assert "rs1477178" in left.loci["warnings"][0]
    assert "--fix-flips" in left.loci["warnings"][0]
    turned = fine_mapped(gwas[1], fix_flips=True)
    np.testing.assert_allclose(turned.variants["pip"], sound.variants["pip"], atol=1e-8)
    assert turned.ld_consistency["action"].value_counts()["turned"] == len(flipped)
    assert turned.drops["count"].tolist() == [len(flipped)]
    dropped = fine_mapped(gwas[1], drop_inconsistent=True)
    assert not dropped.variants["rsid"].isin(flipped["rsid"]).any()
    assert set(flipped["rsid"]) <= set(
        dropped.ld_consistency.loc[dropped.ld_consistency["action"] == "dropped", "rsid"]
    )
    assert len(dropped.ld_consistency) == len(sound.ld_consistency)


def test_the_shell_says_what_was_found_and_done(gwas, capsys, tmp_path):
    write_table(gwas[1], tmp_path / "gwas.parquet", schema=schemas.SUMSTATS)
    common = ["finemap", tmp_path / "gwas.parquet", "--panel", demo_panel_prefix(), "--regions",
              REGION, "--L", "3", "--quiet"]  # fmt: skip
    assert main([str(a) for a in [*common, "--out", tmp_path / "left"]]) == 0
    told = capsys.readouterr().out
    assert "alleles that look switched" in told
    assert "--fix-flips" in told
    assert main([str(a) for a in [*common, "--out", tmp_path / "turned", "--fix-flips"]]) == 0
    told = capsys.readouterr().out
    assert "turned in sign before fine-mapping" in told
    assert "warning" not in told
    table = read_table(tmp_path / "turned" / "ld_consistency.parquet", schemas.LD_CONSISTENCY)
    assert (table["action"] == "turned").any()


def test_the_page_shows_which_variants_and_what_to_do(tmp_path):
    tables = make_tables(1)
    odd = tables.variants.iloc[[7]]
    columns = ["locus", "chrom", "pos", "rsid", "effect_allele", "other_allele", "z"]
    checks = odd[columns].assign(
        z_expected=-9.25, se=0.5, chi2=400.0, p=1e-80, log_lr_flip=150.0, verdict="flipped",
        reason="told", action="none",
    )  # fmt: skip
    sets = tables.credible_sets.assign(flagged=None)
    sets.loc[sets["fit"] == "informed", "flagged"] = odd["rsid"].iloc[0]
    tables = replace(
        tables, ld_consistency=checks, credible_sets=sets, loci=tables.loci.assign(n_inconsistent=1)
    )
    told = [notice for notice in notices(tables, PROVENANCE) if "disagree" in notice.heading]
    assert told[0].grave
    assert "--fix-flips" in told[0].text
    page = write_report(tables, tmp_path / "page.html", provenance=PROVENANCE).read_text()
    assert "Variants whose z contradicts the panel" in page
    assert "\u22129.2" in page
    assert "alleles look switched" in page
    assert f'<td class="m">{odd["rsid"].iloc[0]}</td>' in page
    plain = write_report(make_tables(1), tmp_path / "plain.html", provenance=PROVENANCE)
    assert "Variants whose z contradicts the panel" not in plain.read_text()
