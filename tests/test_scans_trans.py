"""Weighted trans scans: the tests, the weights, cis genes, hotspots, and what is left out."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import poisson
from scipy.stats import t as student

from seqgen import schemas
from seqgen.errors import InputError
from seqgen.scans import (
    TransOptions,
    find_hotspots,
    rank_trans,
    scan_all_edges,
    trans_scan_of,
    trans_sums,
)
from seqgen.transqtl import best_cis, mediation, plan_exclusions, prepare_trans, scan_edges
from seqgen.weighted_testing import WeightOptions

SHARED = Path(os.environ.get("SEQGEN_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
YEAST = SHARED / "crosses" / "yeast_BYxRM"


def drawn(people=300, variants=60, traits=20, seed=5):
    """Variant 8 acts on trait 1 next to it, and through it on the far trait 12."""
    rng = np.random.default_rng(seed)
    genotypes = rng.binomial(2, rng.uniform(0.2, 0.5, variants), (people, variants)).astype(float)
    covariates = rng.normal(size=(people, 2))
    values = rng.normal(size=(people, traits)) + covariates @ rng.normal(size=(2, traits))
    values[:, 1] += 1.0 * genotypes[:, 8]
    values[:, 12] += 0.7 * values[:, 1]
    values[:, 15] += 0.8 * genotypes[:, 40]
    table = pd.DataFrame({
        "variant": [f"rs{k}" for k in range(variants)],
        "chrom": np.where(np.arange(variants) < 30, "1", "2"),
        "pos": (np.arange(variants) % 30 + 1) * 1_000_000,
    })  # fmt: skip
    names = [f"G{k}" for k in range(traits)]
    genes = pd.DataFrame({"gene": names, "chrom": np.where(np.arange(traits) < 10, "1", "2"),
                          "start": (np.arange(traits) % 10 + 1) * 8_000_000 + 5_000})  # fmt: skip
    genes["end"] = genes["start"] + 10_000
    # The gene of trait 1 stands beside variant 8.
    genes.loc[1, ["start", "end"]] = 9_050_000, 9_060_000
    design = prepare_trans(
        genotypes, pd.DataFrame(values, columns=names), covariates, variants=table
    )
    return design, genes, genotypes, values, covariates


def textbook(x, y, others):
    design = np.column_stack([x, np.ones(len(x)), others])
    inverse = np.linalg.inv(design.T @ design)
    beta = inverse @ design.T @ y
    rest = y - design @ beta
    df = len(y) - design.shape[1]
    se = np.sqrt(rest @ rest / df * inverse[0, 0])
    return beta[0], se, 2 * student.sf(abs(beta[0] / se), df)


def evidence_of(edges, values):
    variants, targets = zip(*edges, strict=True)
    return pd.DataFrame({"variant": variants, "target": targets, "gene": "regulator",
                         "coupling_complex": values, "evidence": values})  # fmt: skip


EDGES = [("rs8", "G12"), ("rs3", "G4"), ("rs40", "G7"), ("rs41", "G2"), ("rs50", "G1")]


def test_listed_edges_are_ordinary_regressions_and_always_reported():
    design, genes, genotypes, values, covariates = drawn()
    evidence = evidence_of(EDGES, [3.0, 2.0, 1.0, 0.0, np.nan])
    result = rank_trans(design, evidence, genes=genes)
    at = result.hits.set_index(["variant", "trait"])
    for variant, trait in EDGES:
        beta, se, p = textbook(
            genotypes[:, int(variant[2:])], values[:, int(trait[1:])], covariates
        )
        row = at.loc[(variant, trait)]
        assert np.isclose(row["beta"], beta)
        assert np.isclose(row["se"], se)
        assert np.isclose(row["p"], p)
        assert row["listed"]
    # rs40 and G15 are on one chromosome, but not near each other.
    assert ("rs40", "G15") in at.index
    assert at.loc[("rs40", "G15"), "decision"] == "both"
    assert not at.loc[("rs40", "G15"), "listed"]
    names = [c.name for c in schemas.TRANSQTL.columns if not c.optional]
    assert [n for n in result.hits.columns if n in names] == names
    assert "coupling_complex" in result.hits


def test_weights_average_one_over_all_tests():
    design, genes, *_ = drawn()
    evidence = evidence_of(EDGES, [3.0, 2.0, 1.0, 0.0, np.nan])
    result = rank_trans(design, evidence, genes=genes)
    exclusions = plan_exclusions(design.variants.table, design.traits["trait"], genes)
    excluded = len(exclusions.pairs(np.arange(60))[0])
    assert result.n_tests == 60 * 20 - excluded
    assert result.n_cis == excluded
    listed = result.hits["listed"]
    rest = result.hits.loc[~listed, "weight"].unique()
    assert np.allclose(rest, rest[0])
    total = result.hits.loc[listed, "weight"].sum() + rest[0] * (result.n_tests - listed.sum())
    assert np.isclose(total, result.n_tests)


def test_mediation_through_the_cis_gene():
    design, genes, genotypes, values, covariates = drawn()
    result = rank_trans(design, genes=genes, options=TransOptions(p=1e-4))
    row = result.hits.set_index(["variant", "trait"]).loc[("rs8", "G12")]
    assert row["cis_gene"] == "G1"
    # The effect with the mediator held, by the whole regression.
    others = np.column_stack([covariates, values[:, 1]])
    beta, se, _ = textbook(genotypes[:, 8], values[:, 12], others)
    assert np.isclose(row["t_given_cis"], beta / se)
    total = textbook(genotypes[:, 8], values[:, 12], covariates)[0]
    assert np.isclose(row["mediated"], 1 - beta / total)
    legs = [
        textbook(genotypes[:, 8], values[:, 1], covariates)[2],
        textbook(values[:, 1], values[:, 12], np.column_stack([covariates, genotypes[:, 8]]))[2],
    ]
    assert np.isclose(row["p_mediation"], max(legs), rtol=1e-6)
    assert row["mediated"] > 0.7
    # A direct effect is not mediated.
    direct = result.hits.set_index(["variant", "trait"]).loc[("rs40", "G15")]
    assert pd.isna(direct["cis_gene"]) or abs(direct["mediated"]) < 0.3


def test_mediation_has_nothing_to_say_of_the_trait_itself():
    design, genes, *_ = drawn()
    told = mediation(design, np.array([8, 8]), np.array([1, 12]), np.array([1, 1]))
    assert told.iloc[0].isna().all()
    assert told.iloc[1].notna().all()
    exclusions = plan_exclusions(design.variants.table, design.traits["trait"], genes)
    assert best_cis(design, exclusions, np.array([8, 8]))["cis_gene"].tolist() == ["G1"]


def test_edges_that_are_not_tested_are_counted():
    design, genes, genotypes, values, covariates = drawn()
    genotypes[:, 5] = 1.0
    design = prepare_trans(genotypes, pd.DataFrame(values, columns=genes["gene"]), covariates,
                           variants=design.variants.table)  # fmt: skip
    edges = [*EDGES, ("rs8", "G1"), ("rs5", "G2"), ("rs8", "G12"), ("rs999", "G2"), ("rs1", "G99")]
    result = rank_trans(design, evidence_of(edges, np.arange(10.0)), genes=genes)
    drops = result.drops.set_index("reason")["count"]
    assert drops["variant of the evidence is not among the variants and traits of the scan"] == 1
    assert drops["trait of the evidence is not among the variants and traits of the scan"] == 1
    assert drops["edge listed again; the row with most evidence is kept"] == 1
    assert drops[[r for r in drops.index if r.startswith("edge is not tested")]].sum() == 1
    assert drops["edge of a variant that cannot be tested"] == 1
    assert drops["variant is monomorphic"] == 1
    assert result.hits["listed"].sum() == 5
    strength = result.hits.set_index(["variant", "trait"]).loc[("rs8", "G12"), "evidence"]
    assert strength == 7.0


def test_permutations():
    design, genes, *_ = drawn()
    result = rank_trans(design, genes=genes, options=TransOptions(p=1e-3, permutations=49))
    at = result.hits.set_index(["variant", "trait"])
    assert np.isclose(at.loc[("rs40", "G15"), "p_family"], 1 / 50)
    assert at.loc[("rs40", "G15"), "q_permutation"] < 0.15
    ordered = result.hits.sort_values("p")["q_permutation"]
    assert ordered.is_monotonic_increasing
    permuted = result.calibration[result.calibration["tests"] == "people permuted"]
    half = permuted[permuted["level"] == 0.5].iloc[0]
    assert abs(half["observed"] / half["expected"] - 1) < 0.1
    assert np.isclose(result.inflation, 1, atol=0.35)


def test_calibration_counts_the_tests():
    design, genes, *_ = drawn()
    result = rank_trans(design, genes=genes, options=TransOptions(p=1.0, mediation=False))
    assert len(result.hits) == result.n_tests
    for row in result.calibration.itertuples():
        assert abs(row.observed - (result.hits["p"] <= row.level).sum()) <= 3


def test_hotspots_by_hand():
    variants = pd.DataFrame({"variant": [f"v{k}" for k in range(100)], "chrom": "1",
                             "pos": np.arange(100) * 10 + 1})  # fmt: skip
    hits = pd.DataFrame({
        "variant": ["v15"] * 9 + ["v25"] * 8 + ["v77"], "chrom": "1",
        "pos": [151] * 9 + [251] * 8 + [771],
        "trait": [f"t{k}" for k in range(18)], "neg_log10_p": 8.0, "gene": ["A"] * 10 + [None] * 8,
    })  # fmt: skip
    table = find_hotspots(hits, variants, window=100)
    assert table[["start", "end", "n_traits"]].to_numpy().tolist() == [[101, 300, 17]]
    assert table["genes"].iloc[0] == "A"
    assert table["lead_variant"].iloc[0] == "v15"
    assert np.isclose(table["expected"].iloc[0], 2 * 1.8)
    assert np.isclose(table["p"].iloc[0], poisson.sf(8, 1.8) * 10)
    # A trait counts where it is strongest.
    again = pd.concat([hits, hits.assign(variant="v77", pos=771, neg_log10_p=3.0)])
    assert find_hotspots(again, variants, window=100)["n_traits"].tolist() == [17]
    assert find_hotspots(hits.head(0), variants).empty
    with pytest.raises(InputError, match="window is 0"):
        find_hotspots(hits, variants, window=0)


def test_without_gene_positions_it_says_so():
    design, *_ = drawn()
    result = rank_trans(design)
    assert any("no positions" in notice for notice in result.notices)
    assert result.hits["cis_gene"].isna().all()
    assert result.n_cis == 0
    with pytest.raises(InputError, match="without genes"):
        rank_trans(design, cross_mappable=pd.DataFrame({"gene_1": [], "gene_2": []}))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda e: e.drop(columns="target"), "column\\(s\\) target missing"),
        (lambda e: e.assign(evidence=-np.inf), "infinite"),
        (lambda e: e.assign(target="none"), "none of 5 rows"),
        (lambda e: e.assign(beta=1.0), "names of columns of the result"),
    ],
)
def test_bad_evidence(change, told):
    design, genes, *_ = drawn()
    with pytest.raises(InputError, match=told):
        rank_trans(design, change(evidence_of(EDGES, np.arange(5.0))), genes=genes)


@pytest.mark.parametrize(
    "bad", [{"p": 0}, {"cis_window": -1}, {"permutations": -1}, {"hotspot_window": 0}]
)
def test_bad_options(bad):
    with pytest.raises(InputError, match=next(iter(bad))):
        TransOptions(**bad)


def test_scan_edges_wants_as_many_of_both():
    design, *_ = drawn()
    with pytest.raises(InputError, match="shapes"):
        scan_edges(design, np.array([1, 2]), np.array([1]))


@pytest.mark.skipif(not YEAST.is_dir(), reason=f"the yeast cross is not at {YEAST}")
def test_yeast_hotspots_come_back_with_their_genes():
    options = {"sep": "\t", "header": None}
    markers = pd.read_csv(YEAST / "marker_pos.tsv", names=["chrom", "pos"], **options)
    markers.insert(0, "variant", [f"m{k}" for k in range(len(markers))])
    counts = pd.read_csv(YEAST / "marker.tsv.gz", **options).to_numpy().T - 1
    traits = pd.read_csv(YEAST / "expression.tsv.gz", index_col=0, **options).T
    genes = pd.read_csv(YEAST / "expression_pos.tsv", sep="\t")
    genes = genes.set_axis(["chrom", "start", "end"], axis=1).rename_axis("gene").reset_index()
    design = prepare_trans(counts.astype(np.int8), traits.reset_index(drop=True), variants=markers)
    result = rank_trans(
        design, genes=genes,
        options=TransOptions(p=1e-5, cis_window=50_000, hotspot_window=20_000),
    )  # fmt: skip
    named = ", ".join(result.hotspots["genes"])
    for gene in ("AMN1", "LEU2", "GPA1", "MATALPHA1"):
        assert gene in named
    at = genes.set_index("gene")
    spots = result.hotspots
    for gene in ("HAP1", "IRA2", "MKT1"):
        near = (spots["chrom"] == str(at.loc[gene, "chrom"])) & (
            (spots["start"] - 40_000 <= at.loc[gene, "start"])
            & (spots["end"] + 40_000 >= at.loc[gene, "start"])
        )
        assert near.any(), gene


def test_heavy_tails_are_told_and_mended_by_ranks():
    rng = np.random.default_rng(8)
    genotypes = rng.binomial(2, 0.05, (100, 400)).astype(float)
    traits = rng.standard_t(1.5, size=(100, 40))
    options = TransOptions(p=1e-4, permutations=3)
    raw = rank_trans(prepare_trans(genotypes, traits), options=options)
    assert any("heavy tails" in notice for notice in raw.notices)
    # What tests far out look like discoveries is what permuted people give as well.
    assert (raw.hits["q"] <= 0.05).any()
    assert raw.hits["q_permutation"].min() > 0.2
    mended = rank_trans(prepare_trans(genotypes, traits, transform="rank-normal"), options=options)
    assert not any("heavy tails" in notice for notice in mended.notices)
    with pytest.raises(InputError, match="transform"):
        prepare_trans(genotypes, traits, transform="log")


def test_ranks_as_normal_quantiles():
    from scipy.stats import norm, rankdata

    from seqgen.stats import rank_normal

    values = np.array([[3.0, 1.0], [np.nan, 1.0], [1.0, 5.0], [2.0, -4.0]])
    told = rank_normal(values)
    assert np.allclose(told[[0, 2, 3], 0], norm.ppf((np.array([3, 1, 2]) - 0.375) / 3.25))
    assert np.isnan(told[1, 0])
    assert np.allclose(told[:, 1], norm.ppf((rankdata(values[:, 1]) - 0.375) / 4.25))


def test_scan_in_shards_is_the_whole_scan():
    design, genes, *_ = drawn()
    evidence = evidence_of(EDGES, [3.0, 2.0, 1.0, 0.0, np.nan])
    options = TransOptions(p=0.01)
    whole = rank_trans(design, evidence, genes=genes, options=options)
    parts = [scan_all_edges(design, genes=genes, options=options, shard=(k, 3)) for k in (1, 2, 3)]
    sums = [trans_sums(part) for part in parts]
    added = {name: np.sum([one[name] for one in sums], axis=0).tolist() for name in sums[0]}
    table = pd.concat([part.hits for part in parts], ignore_index=True)
    scan = trans_scan_of(table, added, df=design.df, where="merged.parquet")
    again = rank_trans(design, evidence, genes=genes, scan=scan, options=options)
    pd.testing.assert_frame_equal(whole.hits, again.hits)
    pd.testing.assert_frame_equal(whole.calibration, again.calibration)
    assert (whole.n_tests, whole.n_cis) == (again.n_tests, again.n_cis)
    other = trans_scan_of(table, added, df=7, where="merged.parquet")
    with pytest.raises(InputError, match="degrees of freedom"):
        rank_trans(design, evidence, genes=genes, scan=other, options=options)


def test_distance_and_alleles_are_told():
    design, genes, genotypes, values, covariates = drawn()
    table = design.variants.table.assign(effect_allele="A", other_allele="G")
    frame = pd.DataFrame(values, columns=genes["gene"])
    design = prepare_trans(genotypes, frame, covariates, variants=table)
    result = rank_trans(design, genes=genes, options=TransOptions(p=1e-4))
    row = result.hits.set_index(["variant", "trait"]).loc[("rs40", "G15")]
    # rs40 is at 11 Mb of chromosome 2, G15 from 48.005 to 48.015 Mb of it.
    assert row["distance"] == 48_005_000 - 11_000_000
    assert (row["effect_allele"], row["other_allele"]) == ("A", "G")
    far = result.hits.set_index(["variant", "trait"]).loc[("rs8", "G12")]
    assert pd.isna(far["distance"])
    assert any("on the chromosome of the trait's own gene" in notice for notice in result.notices)
    drops = result.drops.set_index("reason")["count"]
    assert drops["pair of a variant and a trait whose gene is near it (cis window)"] == result.n_cis


def test_learned_weights_need_evidence():
    design, genes, *_ = drawn()
    options = TransOptions(weights=WeightOptions(scheme="cross-fold"))
    with pytest.raises(InputError, match="no evidence"):
        rank_trans(design, genes=genes, options=options)
    with pytest.raises(InputError, match="DataFrame"):
        rank_trans(design, {"variant": ["rs1"]}, genes=genes)


def test_mediation_pays_for_the_choice_of_the_cis_gene():
    design, genes, *_ = drawn()
    at = np.array([8]), np.array([12]), np.array([1])
    one, many = mediation(design, *at), mediation(design, *at, n_cis=np.array([1e12]))
    assert one["p_mediation"].iloc[0] < 1e-6
    assert many["p_mediation"].iloc[0] > one["p_mediation"].iloc[0]
    assert one["mediated"].equals(many["mediated"])
    exclusions = plan_exclusions(design.variants.table, design.traits["trait"], genes)
    near = exclusions.pairs(np.array([8]))
    assert best_cis(design, exclusions, np.array([8]))["n_cis"].tolist() == [len(near[0])]


def test_discoveries_beyond_the_reporting_p_value_are_fetched():
    rng = np.random.default_rng(4)
    genotypes = rng.binomial(2, 0.3, (200, 40)).astype(float)
    traits = rng.normal(size=(200, 40)) + 0.45 * genotypes
    design = prepare_trans(genotypes, traits)
    short = rank_trans(design, options=TransOptions(p=1e-8))
    whole = rank_trans(design, options=TransOptions(p=1.0))
    assert (short.hits["q"] <= 0.05).sum() == (whole.hits["q"] <= 0.05).sum()
    assert any("reach beyond" in notice for notice in short.notices)
    given = rank_trans(
        design, scan=scan_all_edges(design, options=TransOptions(p=1e-8)),
        options=TransOptions(p=1e-8),
    )  # fmt: skip
    assert any("some are missing" in notice for notice in given.notices)


def test_an_empty_shard_is_a_part_like_any_other():
    genotypes = np.ones((100, 8))
    genotypes[:, :4] = np.random.default_rng(1).binomial(2, 0.4, (100, 4))
    design = prepare_trans(genotypes, np.random.default_rng(2).normal(size=(100, 3)))
    parts = [scan_all_edges(design, shard=(k, 2)) for k in (1, 2)]
    assert [part.n_tests for part in parts] == [12, 0]
    with pytest.raises(InputError, match="none of its parts"):
        rank_trans(design, scan=parts[1])
    other = prepare_trans(
        genotypes[:, :4], np.random.default_rng(2).normal(size=(100, 3)),
        variants=pd.DataFrame({"variant": list("abcd")}),
    )  # fmt: skip
    scan = scan_all_edges(other, options=TransOptions(p=1.0))
    with pytest.raises(InputError, match="the design has not"):
        rank_trans(design, scan=scan)
