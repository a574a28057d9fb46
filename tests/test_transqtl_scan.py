"""Trans scans: equal to the peers, to ordinary regression, and honest about what is left out."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import linregress
from synthetic_traits import drawn

from seqgen.errors import InputError
from seqgen.io.traits import TraitTable
from seqgen.transqtl import (
    ScanOptions,
    permuted_scan_maxima,
    prepare_trans,
    scan_trans,
)
from seqgen.transqtl.variants import read_block

SHARED = Path(os.environ.get("SEQGEN_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
REFERENCE = SHARED / "plink_tensorqtl_ref" / "transqtl"
needs_reference = pytest.mark.skipif(
    not REFERENCE.is_dir(),
    reason=f"tensorQTL's outputs are not at {REFERENCE} (SEQGEN_SHARED_DATA)",
)
ALL = ScanOptions(p=1.0)


def textbook(x, y, covariates):
    """Beta, standard error and t of x by solving the whole regression."""
    design = np.column_stack([x, np.ones(len(x)), covariates])
    inverse = np.linalg.inv(design.T @ design)
    beta = inverse @ design.T @ y
    residual = y - design @ beta
    se = np.sqrt(residual @ residual / (len(y) - design.shape[1]) * inverse[0, 0])
    return beta[0], se, beta[0] / se


# --- equal to others -----------------------------------------------------------------------


@cache
def reference_scan():
    genotypes, traits = (
        pd.read_csv(REFERENCE / name, sep="\t", index_col=0).T
        for name in ("genotypes.tsv", "expression.tsv")
    )
    covariates = pd.read_csv(REFERENCE / "covariates.tsv", sep="\t", index_col=0)
    return scan_trans(prepare_trans(genotypes, traits, covariates), options=ALL)


@needs_reference
def test_all_tests_equal_tensorqtl():
    expected = pd.read_csv(REFERENCE / "expected_tensorqtl.tsv.gz", sep="\t")
    both = expected.merge(
        reference_scan().hits,
        left_on=["variant_id", "phenotype_id"],
        right_on=["variant", "trait"],
    )
    assert len(both) == len(expected) == 12_000
    for theirs, ours in (("pval", "p"), ("b", "beta"), ("b_se", "se"), ("af", "frequency")):
        assert np.abs(both[theirs] - both[ours]).max() < 1e-6


@needs_reference
def test_chosen_tests_equal_statsmodels():
    expected = pd.read_csv(REFERENCE / "expected_ols.tsv", sep="\t")
    both = expected.merge(
        reference_scan().hits, left_on=["variant", "gene"], right_on=["variant", "trait"]
    )
    assert len(both) == 4
    for name in ("beta", "se", "t", "p"):
        assert both[f"{name}_x"].to_numpy() == pytest.approx(both[f"{name}_y"], rel=1e-9)


def test_every_test_is_the_textbook_regression():
    genotypes, traits, covariates = drawn()
    genotypes[[3, 9], 6] = np.nan
    scan = scan_trans(prepare_trans(genotypes, traits, covariates), options=ALL)
    assert scan.df == 120 - 2 - 2
    filled = np.where(np.isnan(genotypes), np.nanmean(genotypes, axis=0), genotypes)
    for row in scan.hits.itertuples():
        x = filled[:, int(row.variant.split("_")[1]) - 1]
        y = traits[:, int(row.trait.split("_")[1]) - 1]
        assert (row.beta, row.se, row.t) == pytest.approx(textbook(x, y, covariates), rel=1e-9)
        assert row.frequency == pytest.approx(x.mean() / 2)


def test_without_covariates_it_is_simple_regression_and_tails_do_not_underflow():
    rng = np.random.default_rng(12)
    x = rng.binomial(2, 0.4, 3000).astype(np.int8)
    y = x + 0.1 * rng.normal(size=3000)
    hit = scan_trans(prepare_trans(x[:, None], y[:, None])).hits.iloc[0]
    assert hit["t"] == pytest.approx(linregress(x, y).slope / linregress(x, y).stderr)
    assert hit["p"] == 0.0
    assert 1000 < hit["neg_log10_p"] < 10_000


# --- threshold, blocks, streams ------------------------------------------------------------


def test_hits_are_exactly_the_tests_below_the_threshold():
    genotypes, traits, covariates = drawn(variants=1300, traits=12)
    design = prepare_trans(genotypes, traits, covariates)
    whole = scan_trans(design, options=ALL)
    assert whole.n_tests == whole.n_hits == 1300 * 12
    part = scan_trans(design, options=ScanOptions(p=0.01))
    expected = whole.hits[whole.hits["p"] <= 0.01]
    pd.testing.assert_frame_equal(part.hits, expected.reset_index(drop=True))
    just_below = float(whole.hits["p"].iloc[50]) * (1 - 1e-6)
    assert scan_trans(design, options=ScanOptions(p=just_below)).n_hits == 50
    assert part.n_tests == whole.n_tests
    assert part.inflation == whole.inflation


def test_many_traits_go_in_blocks():
    genotypes, _, _ = drawn(variants=5)
    traits = np.random.default_rng(13).normal(size=(120, 1500))
    traits[:, 1400] += genotypes[:, 3]
    scan = scan_trans(prepare_trans(genotypes, traits))
    assert scan.n_tests == 7500
    assert scan.hits.loc[0, ["variant", "trait"]].tolist() == ["variant_4", "trait_1401"]


def test_histogram_holds_the_distribution_of_p():
    genotypes, traits, covariates = drawn(variants=400, traits=40)
    scan = scan_trans(prepare_trans(genotypes, traits, covariates), options=ALL)
    p = scan.hits["p"].to_numpy()
    for share in (0.01, 0.5, 0.9):
        assert scan.histogram.quantile(share) == pytest.approx(np.quantile(p, share), rel=0.01)
    table = scan.histogram.to_frame(10)
    assert table["count"].sum() == pytest.approx(len(p))
    assert table["count"].to_numpy() == pytest.approx(np.histogram(p, 10, (0, 1))[0], abs=12)


def test_shards_and_a_sink_make_up_the_whole():
    genotypes, traits, covariates = drawn()
    design = prepare_trans(genotypes, traits, covariates)
    whole = scan_trans(design, options=ScanOptions(p=0.2))
    taken, counts = [], 0
    for number in (1, 2, 3):
        part = scan_trans(design, options=ScanOptions(p=0.2, shard=(number, 3)), sink=taken.append)
        assert part.hits.empty
        assert list(part.hits.columns) == list(whole.hits.columns)
        counts += part.histogram.counts
    together = pd.concat(taken).sort_values("neg_log10_p", ascending=False, ignore_index=True)
    pd.testing.assert_frame_equal(together, whole.hits)
    assert (counts == whole.histogram.counts).all()


def test_too_many_hits_are_refused_and_progress_is_told():
    design = prepare_trans(*drawn()[:2])
    seen = []
    scan_trans(design, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(30, 30)]
    with pytest.raises(InputError, match="more than 5 hits to hold"):
        scan_trans(design, options=ScanOptions(p=1.0, most_hits=5))


def test_a_panel_is_read_by_blocks():
    genotypes, traits, _ = drawn()

    class Panel:
        n_people = 120
        variants = pd.DataFrame({"rsid": [f"rs{k}" for k in range(30)], "chrom": "1", "pos": 5})

        def genotypes(self, index):
            return genotypes[:, index].astype(np.float32)

    scan = scan_trans(prepare_trans(Panel(), traits))
    assert scan.hits["variant"].iloc[0] == "rs4"


# --- what is left out ----------------------------------------------------------------------


def test_unusable_variants_and_traits_are_counted():
    genotypes, traits, covariates = drawn()
    genotypes[:, 0] = 1.0
    genotypes[:, 1] = np.nan
    genotypes[:, 2] = np.round(genotypes[:, 2])
    covariates[:, 0] = genotypes[:, 2]
    genotypes[:4, 3] = np.nan
    genotypes[:, 7] = 0.3
    traits[:, 0] = 2.5
    traits[5, 1] = np.nan
    traits[:, 3] = 1.0 - 2.0 * covariates[:, 1]
    scan = scan_trans(prepare_trans(genotypes, traits, covariates), options=ALL)
    counts = dict(zip(scan.drops["reason"], scan.drops["count"], strict=True))
    assert counts == {
        "trait lacks a value of some person; impute it before the scan": 1,
        "trait is the same for all people": 1,
        "trait is explained by the covariates": 1,
        "variant has no call": 1,
        "variant is monomorphic": 2,
        "variant is explained by the covariates": 1,
        "missing calls set to the variant's mean": 4,
    }
    assert scan.n_tests == 26 * 4
    with_int = np.where(np.isnan(genotypes), -1, np.rint(genotypes)).astype(np.int8)
    again = scan_trans(prepare_trans(with_int, traits, covariates), options=ALL)
    merged = scan.hits.merge(again.hits, on=["variant", "trait"])
    assert merged["t_x"].to_numpy() == pytest.approx(merged["t_y"].to_numpy())
    assert len(merged) == 26 * 4


def test_missing_calls_and_dropped_variants_of_several_blocks_are_added_up():
    rng = np.random.default_rng(3)
    genotypes = rng.integers(0, 3, (20, 12_000)).astype(np.int8)
    genotypes[:, ::1000] = 1
    genotypes[0, 5::1000] = -1
    scan = scan_trans(prepare_trans(genotypes, rng.normal(size=(20, 2))))
    counts = dict(zip(scan.drops["reason"], scan.drops["count"], strict=True))
    assert counts == {
        "variant is monomorphic": 12,
        "missing calls set to the variant's mean": 12,
    }


def test_a_variant_that_covariates_nearly_explain_is_still_exact():
    genotypes, traits, covariates = drawn()
    rng = np.random.default_rng(14)
    covariates[:, 0] = genotypes[:, 5] + 0.0003 * rng.normal(size=120)
    scan = scan_trans(prepare_trans(genotypes, traits, covariates), options=ALL)
    row = scan.hits.set_index(["variant", "trait"]).loc[("variant_6", "trait_4")]
    wanted = textbook(genotypes[:, 5], traits[:, 3], covariates)
    assert (row["beta"], row["se"], row["t"]) == pytest.approx(wanted, rel=1e-6)
    # In single precision, too, little but the residual may be left.
    design = prepare_trans(genotypes, traits, covariates)
    block = read_block(design.variants, np.arange(30), rows=design.rows, basis=design.basis)
    assert np.linalg.norm(block.single(), axis=1).max() < 10


def test_people_are_brought_to_one_order():
    genotypes, traits, covariates = drawn()
    names = [f"p{k}" for k in range(120)]
    tables = [pd.DataFrame(part, index=names) for part in (genotypes, traits, covariates)]
    tables[0].columns = [f"variant_{k}" for k in range(1, 31)]
    tables[1].columns = [f"trait_{k}" for k in range(1, 8)]
    plain = scan_trans(prepare_trans(genotypes, traits, covariates), options=ALL).hits
    mixed = prepare_trans(tables[0], tables[1].sample(frac=1, random_state=1), tables[2][::-1])
    pd.testing.assert_frame_equal(scan_trans(mixed, options=ALL).hits, plain)

    fewer = (tables[0], tables[1].iloc[10:], tables[2].iloc[:100])
    with pytest.raises(
        InputError, match="120 in genotypes, 110 in traits, 100 in covariates, 90 in all"
    ):
        prepare_trans(*fewer)
    design = prepare_trans(*fewer, shared_people=True)
    assert design.n_people == 90
    assert design.drops["count"].tolist() == [30, 20, 10]
    part = scan_trans(design, options=ALL).hits
    alone = prepare_trans(genotypes[10:100], traits[10:100], covariates[10:100])
    pd.testing.assert_frame_equal(part, scan_trans(alone, options=ALL).hits)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"traits": np.ones((119, 2))}, r"traits: shape \(119, 2\) for 120 people"),
        ({"traits": np.full((120, 2), np.inf)}, "'trait_1' of person 0 is inf"),
        ({"traits": np.ones((120, 2))}, "none of 2 can be tested"),
        ({"covariates": np.ones((120, 1))}, "'covariate_1' is 1.0 for all people"),
        ({"covariates": np.arange(240.0).reshape(120, 2)}, "'covariate_2' is a linear comb"),
        ({"covariates": np.random.default_rng(1).normal(size=(120, 119))}, "degrees of freedom"),
        ({"covariates": np.full((120, 1), "M")}, "covariates: 'M' of person 0, .* code categ"),
        ({"traits": np.full((120, 1), "M")}, "traits: 'M' of person 0, column 'trait_1'.*correct"),
        ({"genotypes": [[0, 1]] * 120}, r"genotypes is of type list; expected an array or Data"),
        ({"genotypes": {"a": 1}}, r"genotypes is of type dict; .* read_genotypes\(path\)"),
        ({"genotypes": "panel.bed"}, "genotypes is of type str; expected an array"),
        ({"traits": {"height": [1.0] * 120}}, r"traits is of type dict; .*read_traits\(...\).val"),
        ({"traits": "height"}, "traits is of type str"),
        ({"traits": [[1.0], [1.0, 2.0]]}, "traits is of type list"),
        ({"traits": TraitTable(pd.DataFrame(), None, pd.DataFrame())}, "traits is of type Trait"),
        ({"covariates": {"age": [1.0]}}, r"covariates is of type dict; .* \(120, covariates\)"),
        ({"genotypes": np.zeros(120)}, "two dimensions"),
        ({"genotypes": np.empty((120, 0))}, "no variant"),
        ({"genotypes": np.full((120, 2), "A")}, "of type <U1"),
        ({"people": ["a"] * 120}, "'a' comes twice"),
        ({"people": ["a"]}, "1 names for 120 people"),
        ({"variants": pd.DataFrame({"variant": ["a"]})}, "1 rows"),
        ({"variants": pd.DataFrame({"variant": ["a"] * 30})}, "'a' comes twice"),
    ],
)
def test_bad_input_is_refused(change, told):
    genotypes, traits, covariates = drawn()
    given = {"genotypes": genotypes, "traits": traits, "covariates": covariates} | change
    with pytest.raises(InputError, match=told):
        prepare_trans(given.pop("genotypes"), given.pop("traits"), given.pop("covariates"), **given)


def test_names_that_do_not_meet_are_shown():
    genotypes, traits, _ = drawn()
    table = pd.DataFrame(traits, index=[f"S{k}" for k in range(120)])
    with pytest.raises(InputError, match=r"none in all.*\(0 in genotypes, 'S0' in traits\)"):
        prepare_trans(genotypes, table)
    joined = pd.DataFrame(genotypes, index=[f"F{k}_S{k}" for k in range(120)])
    with pytest.raises(InputError, match=r"'F0_S0' in genotypes looks like FID_IID of 'S0' in tr"):
        prepare_trans(joined, table)
    # Numbers of rows are no names that end in numbers.
    table.index = [f"S_{k}" for k in range(120)]
    with pytest.raises(InputError, match="none in all") as caught:
        prepare_trans(genotypes, table)
    assert "FID" not in str(caught.value)


class Foreign:
    """Genotypes of another package."""

    def __init__(self, counts):
        self.counts, self.n_people = counts, len(counts)
        self.variants = pd.DataFrame({"variant": [f"v{k}" for k in range(counts.shape[1])]})

    def genotypes(self, index):
        return self.counts[:, index]


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int8])
def test_genotypes_above_2_are_refused_wherever_they_come_from(dtype, tmp_path):
    genotypes, traits, _ = drawn()
    genotypes = genotypes.astype(dtype)
    genotypes[3, 5] = -1 if dtype == np.int8 else np.nan
    tenfold = np.where(genotypes > 0, 10 * genotypes, genotypes)
    told = "'{}' holds [12]0; expected allele counts from 0 to 2, NaN where missing"
    for order in "CF":
        array = np.asarray(tenfold, order=order)
        with pytest.raises(InputError, match=told.format("variant_1")):
            prepare_trans(array, traits)
        with pytest.raises(InputError, match=told.format("0")):
            prepare_trans(pd.DataFrame(array), traits)
    mapped = np.memmap(tmp_path / "g", dtype=dtype, mode="w+", shape=tenfold.shape)
    mapped[:] = tenfold
    for source, name in ((Foreign(tenfold), "v0"), (mapped, "variant_1")):
        design = prepare_trans(source, traits)  # read by the scan alone
        with pytest.raises(InputError, match=told.format(name)):
            scan_trans(design)
    design = prepare_trans(genotypes, traits)
    high = replace(design.variants, read=lambda index: tenfold[:, index])
    with pytest.raises(InputError, match=told.format("variant_5")):
        read_block(high, np.arange(4, 9), rows=design.rows, basis=design.basis)
    with pytest.raises(InputError, match=told.format("variant_7")):  # none is missing
        read_block(high, np.arange(6, 9), rows=design.rows, basis=design.basis)
    assert (
        scan_trans(design).n_tests == scan_trans(prepare_trans(Foreign(genotypes), traits)).n_tests
    )


def test_dosages_of_2_in_double_precision_may_be_rounded():
    genotypes, traits, _ = drawn()
    design = prepare_trans(np.where(genotypes == 2, 2 + 1e-9, genotypes), traits)
    assert scan_trans(design).n_tests == 30 * 7


def test_a_design_says_in_a_line_what_it_is():
    genotypes, traits, covariates = drawn()
    assert repr(prepare_trans(genotypes, traits, covariates)) == (
        "TransDesign(120 people, 30 variants, 7 quantitative traits, 2 covariates, no kinship)"
    )
    related = repr(prepare_trans(genotypes, traits, kinship=np.eye(120) + 0.1))
    assert re.fullmatch(r"TransDesign\(.*, 0 covariates, kinship, median h2 [\d.e-]+\)", related)


def test_a_scan_refuses_bad_genotypes_and_options():
    genotypes, traits, _ = drawn()
    for value in (-2.0, -1.0, 2.5, np.inf):
        genotypes[4, 8] = value
        with pytest.raises(InputError, match=f"'variant_9' holds {value:g}; expected .* 0 to 2"):
            prepare_trans(genotypes, traits)
    with pytest.raises(InputError, match=r"no pair of variant and trait.*monomorphic: 3"):
        scan_trans(prepare_trans(np.ones((120, 3)), traits))
    design = prepare_trans(drawn()[0], traits)
    for options, told in (
        (ScanOptions(p=0.0), "p is 0.0"),
        (ScanOptions(shard=(0, 2)), "shard is"),
        (ScanOptions(shard=(1, 99)), "99 shards of 30"),
    ):
        with pytest.raises(InputError, match=told):
            scan_trans(design, options=options)


# --- permutation ---------------------------------------------------------------------------


def test_permuted_maxima_are_scans_of_permuted_residuals():
    genotypes, traits, covariates = drawn()
    design = prepare_trans(genotypes, traits, covariates)
    order = np.random.default_rng(15).permutation(120)
    found = permuted_scan_maxima(design, np.array([order]))[0]
    full = np.column_stack([np.ones(120), covariates])
    residual = traits - full @ np.linalg.lstsq(full, traits, rcond=None)[0]
    again = scan_trans(prepare_trans(genotypes, residual[order], covariates), options=ALL).hits
    largest = again.assign(size=again["t"].abs()).groupby("trait")["size"].max()
    assert found == pytest.approx(largest.sort_index().to_numpy(), rel=1e-4)
    with pytest.raises(InputError, match="each hold 0 to 119 once"):
        permuted_scan_maxima(design, np.zeros((1, 120), dtype=int))
