"""Published scores in a run: columns, a term of the prior, the page, and what has none."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from seqgen import schemas
from seqgen.annotation import annotate
from seqgen.cli import main
from seqgen.errors import InputError
from seqgen.io.resources import demo_panel_prefix, demo_sumstats_path, missense_map
from seqgen.io.sumstats import read_sumstats
from seqgen.io.tables import read_table
from seqgen.pipeline import RunOptions, redraw_report, run
from seqgen.priors import prior_annotations

REGIONS = ("22:20600000-20900000", "22:43000000-43900000")
OPTIONS = RunOptions(regions=REGIONS, model="blosum62", methods=("wild-type-marginal",),
                     held_out=False)  # fmt: skip


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """AlphaMissense by residue, for two changes of three; CADD by allele, for single bases."""
    folder = tmp_path_factory.mktemp("published")
    sumstats = read_sumstats(demo_sumstats_path()).table
    inside = sumstats[sumstats["pos"].between(20_600_000, 43_900_000)]
    changes = annotate(inside, missense_map()).table.reset_index(drop=True)
    changes = changes[changes["checked"]].drop_duplicates(["uniprot", "position", "alt_aa"])
    known = changes[np.arange(len(changes)) % 3 > 0]
    rng = np.random.default_rng(2)
    alpha = pd.DataFrame({
        "uniprot_id": known["uniprot"],
        "protein_variant": known["ref_aa"] + known["position"].astype(str) + known["alt_aa"],
        "am_pathogenicity": rng.uniform(size=len(known)).round(4), "am_class": "ambiguous",
    })  # fmt: skip
    alpha.to_csv(folder / "alpha.tsv", sep="\t", index=False)
    single = inside[(inside[["effect_allele", "other_allele"]].map(len) == 1).all(axis=1)]
    cadd = pd.DataFrame({
        "#Chrom": single["chrom"], "Pos": single["pos"], "Ref": single["other_allele"],
        "Alt": single["effect_allele"], "RawScore": 0.0,
        "PHRED": rng.uniform(0, 30, len(single)).round(3),
    })  # fmt: skip
    cadd.to_csv(folder / "cadd.tsv", sep="\t", index=False)
    return folder / "alpha.tsv", folder / "cadd.tsv", alpha, cadd


@pytest.fixture(scope="module")
def done(tmp_path_factory, tables):
    options = replace(OPTIONS, scores=(str(tables[0]), f"{tables[1]}:PHRED"))
    out = tmp_path_factory.mktemp("run") / "out"
    return run(demo_sumstats_path(), demo_panel_prefix(), out, options=options)


def test_variants_carry_the_scores_as_published(done, tables):
    variants = read_table(done.folder / "variants.parquet", schemas.VARIANTS)
    _, _, alpha, cadd = tables
    told = variants["uniprot"].astype(object) + variants["residue_change"].astype(object)
    by_change = dict(zip(alpha["uniprot_id"] + alpha["protein_variant"],
                         alpha["am_pathogenicity"], strict=True))  # fmt: skip
    assert variants["alphamissense"].notna().sum() > 3
    expected = told.map(by_change).astype(float)
    pd.testing.assert_series_equal(variants["alphamissense"], expected, check_names=False)
    by_place = dict(zip(cadd["Pos"], cadd["PHRED"], strict=True))
    expected = variants["pos"].map(by_place).to_numpy(dtype=float)
    assert np.array_equal(variants["cadd_phred"], expected, equal_nan=True)


def test_the_prior_weighs_them_and_takes_a_missing_one_for_typical(done):
    variants, table = done.tables.variants, done.tables.prior_coefficients.set_index("term")
    assert list(table.index) == ["missense", "log_lik_ratio", "alphamissense", "cadd_phred"]
    assert table.loc["alphamissense", "centre"] == pytest.approx(variants["alphamissense"].mean())
    assert table.loc["cadd_phred", "source"] == "learned"
    terms = prior_annotations(variants, scores=["alphamissense", "cadd_phred"])
    lacking = variants["alphamissense"].isna()
    assert (terms.loc[lacking, "alphamissense"] == 0).all()
    whole = variants["alphamissense"] - variants["alphamissense"].mean()
    assert np.allclose(terms.loc[~lacking, "alphamissense"], whole[~lacking])
    # a standard deviation of the score may move the log odds by about one, whatever its unit
    spread = done.provenance["prior"]["penalty_sd"]
    for name in ("alphamissense", "cadd_phred"):
        assert spread[name] * variants[name].std(ddof=0) == pytest.approx(1, rel=0.01)
    with pytest.raises(InputError, match="no column 'revel'"):
        prior_annotations(variants, scores=["revel"])


def test_page_and_tables_tell_which_and_how_many(done):
    drops = done.tables.drops.query("stage == 'published_scores'")
    variants = done.tables.variants
    assert (drops["action"] == "kept").all()
    alpha = drops[~drops["reason"].str.contains("cadd")]
    assert alpha["count"].sum() == variants["alphamissense"].isna().sum()
    told = done.provenance["published_scores"]
    assert [one["column"] for one in told] == ["alphamissense", "cadd_phred"]
    assert told[0]["rows_with"] == variants["alphamissense"].notna().sum()
    assert len(told[0]["sha256"]) == 64
    page = done.report.read_text()
    assert '<th class="n">alphamissense</th><th class="n">cadd_phred</th>' in page
    assert "One unit more of the published score “cadd_phred”" in page
    assert "Published scores" in page
    shown = variants.loc[variants["residue_change"].notna(), "cadd_phred"].iloc[0]
    assert f'<td class="n">{shown:.2f}</td>' in page
    redraw_report(done.folder)
    assert done.report.read_text() == page


def test_columns_alone_and_given_coefficients(tmp_path, tables, done, capsys):
    base = ["run", demo_sumstats_path(), "--panel", demo_panel_prefix(), "--regions", *REGIONS,
            "--model", "blosum62", "--methods", "wild-type-marginal", "--no-cache",
            "--no-held-out", "--scores", tables[0]]  # fmt: skip
    assert main([*map(str, base), "--no-scores-in-prior", "--out", str(tmp_path / "a")]) == 0
    said = capsys.readouterr().out
    assert re.search(r"alphamissense: \d+ of 594 rows have one \(AlphaMissense", said)
    terms = read_table(tmp_path / "a" / "prior_coefficients.parquet")["term"]
    assert terms.tolist() == ["missense", "log_lik_ratio"]
    there = read_table(tmp_path / "a" / "variants.parquet")["alphamissense"]
    assert there.equals(done.tables.variants["alphamissense"])
    given = ["--prior-coefficients", "alphamissense=5"]
    assert main([*map(str, base), *given, "--out", str(tmp_path / "b")]) == 0
    variants = read_table(tmp_path / "b" / "variants.parquet")
    for _, locus in variants.groupby("locus"):
        score = locus["alphamissense"].fillna(variants["alphamissense"].mean())
        assert np.allclose(locus["prior"], np.exp(5 * score) / np.exp(5 * score).sum())


def test_what_is_refused_before_any_work(tmp_path, tables):
    odd = tmp_path / "odd.tsv"
    odd.write_text("chrom\tpos\tref\talt\tz\tmy score\n22\t1\tA\tC\t1\t2\n")
    alpha = str(tables[0])
    for options, message in (
        ({"scores": (f"{odd}:z",)}, "would add a column 'z', and there is one already"),
        ({"scores": (alpha, alpha)}, "would add a column 'alphamissense'"),
        ({"scores": (alpha,), "prior_coefficients": {"revel": 1}}, "no term revel; .*alpha"),
        ({"scores": (alpha,), "prior_coefficients": {"alphamissense": 1},
          "scores_in_prior": False}, "no term alphamissense"),
        ({"scores": ("no.tsv",)}, "no.tsv: no such file"),
        ({"scores_columns": {"ref": "REF"}}, "scores_columns: names columns of tables of scores"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=message):
            run("nothing", "nothing", tmp_path / "out", options=replace(OPTIONS, **options))
    with pytest.raises(InputError, match=r"odd.tsv: has a score for none of the \d"):
        run(demo_sumstats_path(), demo_panel_prefix(), tmp_path / "out",
            options=replace(OPTIONS, scores=(f"{odd}:my score",)))  # fmt: skip
