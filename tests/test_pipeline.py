"""The whole flow on the bundled data, and what happens when it is stopped half-way."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from seqgen import schemas
from seqgen.errors import InputError, OutputError
from seqgen.io.genotypes import read_panel
from seqgen.io.resources import demo_panel_prefix, demo_sumstats_path
from seqgen.io.tables import read_provenance, read_table, write_table
from seqgen.loci import find_loci
from seqgen.models.substitution import SubstitutionModel
from seqgen.pipeline import RunOptions, prepare_loci, redraw_report, residue_changes, run
from seqgen.pipeline.store import file_sha256

REGIONS = ("22:20000000-21000000", "22:43000000-43900000", "22:45200000-46400000")
OPTIONS = RunOptions(regions=REGIONS, model="blosum62")


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    heard = []
    result = run(
        demo_sumstats_path(),
        demo_panel_prefix(),
        folder / "out",
        options=OPTIONS,
        panel_name="1000 Genomes EUR",
        command="seqgen test",
        progress=lambda what, done, total: heard.append(what),
    )
    return result, heard


def test_every_table_is_written_whole_and_follows_its_schema(done):
    result, _ = done
    for name, schema in {
        "sumstats": schemas.SUMSTATS,
        "annotations": schemas.ANNOTATIONS,
        "scores": schemas.SCORES,
        "loci": schemas.FINEMAP_LOCI,
        "variants": schemas.VARIANTS,
        "credible_sets": schemas.CREDIBLE_SETS,
        "prior_coefficients": schemas.PRIOR_COEFFICIENTS,
        "drops": schemas.DROPS,
    }.items():
        table = read_table(result.folder / f"{name}.parquet", schema)
        assert len(table) > 0, name


def test_priors_and_pips_are_probabilities_per_locus(done):
    variants = done[0].tables.variants
    assert np.allclose(variants.groupby("locus")["prior"].sum(), 1)
    for column in ("pip", "pip_flat", "pip_plain"):
        assert variants[column].between(0, 1).all()
    leads = variants.loc[variants.groupby("locus")["neg_log10_p"].idxmax()]
    assert np.allclose(leads["r_lead"], 1)


def test_sets_name_the_variants_that_carry_their_number(done):
    tables = done[0].tables
    for fit, column in (("informed", "cs_id"), ("flat", "cs_id_flat")):
        told = tables.credible_sets[tables.credible_sets["fit"] == fit]
        for row in told.itertuples():
            members = tables.variants[
                (tables.variants["locus"] == row.locus) & (tables.variants[column] == row.cs_id)
            ]
            # A variant in two sets carries the later number, so members may be fewer.
            assert 0 < len(members) <= row.n_variants


def test_the_uncorrected_fit_claims_more_than_the_corrected_one(done):
    """The panel has 378 people, the GWAS 450,000: plain SuSiE names a variant with z of -0.2."""
    variants = done[0].tables.variants.set_index("rsid")
    ghost = variants.loc["rs5759167"]
    assert abs(ghost["z"]) < 0.5
    assert ghost["pip_plain"] > 0.9
    assert ghost["pip_flat"] < 0.25
    assert ghost["pip"] < 0.25
    loci = done[0].tables.loci.set_index("locus")
    assert loci.loc[REGIONS[1], "n_sets_plain"] > loci.loc[REGIONS[1], "n_sets_flat"]
    assert "rs5759167" in loci.loc[REGIONS[1], "warnings"]


def test_a_well_behaved_locus_is_left_alone_by_the_correction(done):
    variants = done[0].tables.variants.set_index("rsid")
    assert variants.loc["rs1477178", "pip_flat"] == pytest.approx(0.77, abs=0.03)


def test_missense_variants_carry_change_score_and_prior(done):
    variants = done[0].tables.variants.set_index(["gene", "residue_change"])
    for gene, change in [("RIBC2", "R253C"), ("SMC1B", "L1050M"), ("FAM118A", "R239H")]:
        row = variants.loc[[(gene, change)]].iloc[0]
        assert np.isfinite(row["log_lik_ratio"]) == (gene != "RIBC2")  # no sequence is bundled
        assert row["neg_log10_p"] > 10


def test_every_drop_is_counted(done):
    """Variants of the loci are fine-mapped or dropped under a reason; none is lost."""
    tables = done[0].tables
    aligned = tables.drops[tables.drops["action"] == "dropped"]
    inside = int(tables.loci["n_variants"].sum())
    lost = inside - int(tables.loci["n_finemapped"].sum())
    reasons = aligned[aligned["stage"].isin(["align_to_panel", "finemap"])]
    assert lost == int(reasons["count"].sum())


def test_provenance_says_what_was_run(done):
    result, _ = done
    told = json.loads((result.folder / "provenance.json").read_text())
    assert told["inputs"][0]["sha256"] == file_sha256(demo_sumstats_path())
    assert told["panel"] == {"name": "1000 Genomes EUR", "n": 378}
    assert told["model"]["name"] == "blosum62"
    assert told["command"] == "seqgen test"
    assert read_provenance(result.folder / "variants.parquet") == told


def test_the_page_is_one_file_with_the_loci_and_the_changes(done):
    page = done[0].report.read_text()
    for text in ("RIBC2", "R253C", "rs5759167", "378", *REGIONS):
        assert text in page
    assert not re.search(r"""(?:src|href)=["']?(?:https?:)?//""", page)


def test_finished_steps_are_reused_and_the_answer_is_the_same(done, tmp_path):
    result, first = done
    again = tmp_path / "again"
    shutil.copytree(result.folder, again)
    heard = []
    second = run(
        demo_sumstats_path(), demo_panel_prefix(), again, options=OPTIONS,
        panel_name="1000 Genomes EUR",
        progress=lambda what, done, total: heard.append(what),
    )  # fmt: skip
    assert sum("reused" in what for what in heard) == 3
    assert not any("reused" in what for what in first)
    pd.testing.assert_frame_equal(second.tables.variants, result.tables.variants)


def test_a_changed_model_is_not_answered_from_old_scores(done, tmp_path):
    result, _ = done
    again = tmp_path / "again"
    shutil.copytree(result.folder, again)
    heard = []
    options = RunOptions(regions=REGIONS[2:], model="blosum62", methods=("masked-marginal",))
    run(
        demo_sumstats_path(), demo_panel_prefix(), again, options=options,
        progress=lambda what, done, total: heard.append(what),
    )  # fmt: skip
    assert "scoring residue changes (reused)" not in heard
    assert set(read_table(again / "scores.parquet")["method"]) == {
        "masked-marginal", "homolog-profile", "average",
    }  # fmt: skip


def test_an_interrupted_run_leaves_no_mark_and_goes_on(done, tmp_path, monkeypatch):
    result, _ = done
    folder = tmp_path / "stopped"

    def stop(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("seqgen.pipeline.flow.finemap_loci", stop)
    with pytest.raises(KeyboardInterrupt):
        run_again(folder)
    assert sorted(path.name for path in folder.iterdir()) == [
        "annotations.parquet",
        "scores.parquet",
        "sumstats.parquet",
    ]
    with pytest.raises(InputError, match="no finished run"):
        redraw_report(folder)
    monkeypatch.undo()
    run_again(folder)
    pd.testing.assert_frame_equal(
        read_table(folder / "variants.parquet"), read_table(result.folder / "variants.parquet")
    )


def test_replacing_a_step_takes_the_mark_of_the_older_run_away(done, tmp_path, monkeypatch):
    result, _ = done
    folder = tmp_path / "older"
    shutil.copytree(result.folder, folder)

    def stop(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("seqgen.pipeline.flow.finemap_loci", stop)
    options = replace(OPTIONS, methods=("masked-marginal",))
    with pytest.raises(KeyboardInterrupt):
        run(demo_sumstats_path(), demo_panel_prefix(), folder, options=options)
    assert not (folder / "provenance.json").exists()
    assert not (folder / "variants.parquet").exists()


def test_bad_input_leaves_an_older_run_whole(done, tmp_path):
    result, _ = done
    folder = tmp_path / "older"
    shutil.copytree(result.folder, folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(InputError):
        run(demo_sumstats_path(), tmp_path / "no_panel", folder, options=OPTIONS)
    with pytest.raises(InputError):
        run(tmp_path / "no_gwas.tsv", demo_panel_prefix(), folder, options=OPTIONS)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize("name", ["loci.parquet", "report.html", "provenance.json"])
def test_files_that_no_run_wrote_are_never_replaced(name, tmp_path):
    path = tmp_path / name
    if name.endswith(".parquet"):
        pd.DataFrame({"mine": [1]}).to_parquet(path)
    else:
        path.write_text('{"mine": 1}')
    before = path.read_bytes()
    with pytest.raises(OutputError, match=f"{name}.*no run of seqgen wrote"):
        run_again(tmp_path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("kept", ["report.html", "variants.parquet"])
def test_a_run_killed_between_page_and_mark_is_replaced(kept, done, tmp_path):
    result, _ = done
    shutil.copy(result.folder / kept, tmp_path / kept)
    out = run(
        demo_sumstats_path(),
        demo_panel_prefix(),
        tmp_path,
        options=replace(OPTIONS, regions=REGIONS[2:]),
    )
    assert (out.folder / "provenance.json").exists()


def test_a_munged_table_is_as_good_as_the_file(done, tmp_path):
    result, _ = done
    out = run(
        result.folder / "sumstats.parquet", demo_panel_prefix(), tmp_path / "out", options=OPTIONS
    )
    pd.testing.assert_frame_equal(out.tables.variants, result.tables.variants)


def test_another_build_is_not_answered_from_what_was_read_before(done, tmp_path):
    result, _ = done
    folder = tmp_path / "again"
    shutil.copytree(result.folder, folder)
    told = []
    run(demo_sumstats_path(), demo_panel_prefix(), folder,
        options=replace(OPTIONS, genome_build="hg19"),
        progress=lambda what, *_: told.append(what))  # fmt: skip
    assert "reading summary statistics" in told
    assert "reading summary statistics (reused)" not in told


def test_a_munged_table_of_another_build_is_refused(done, tmp_path):
    table = read_table(done[0].folder / "sumstats.parquet", schemas.SUMSTATS)
    path = write_table(table, tmp_path / "a.parquet", schema=schemas.SUMSTATS,
                       provenance={"genome_build": "GRCh37"})  # fmt: skip
    options = replace(OPTIONS, genome_build="hg38")
    with pytest.raises(InputError, match="are of GRCh37, as it says itself, but GRCh38 was"):
        run(path, demo_panel_prefix(), tmp_path / "out", options=options)


def test_a_table_of_another_run_is_not_reported_under_this_one(done, tmp_path):
    result, _ = done
    folder = tmp_path / "mixed"
    shutil.copytree(result.folder, folder)
    write_table(result.tables.loci, folder / "loci.parquet", provenance={"command": "another"})
    with pytest.raises(InputError, match="is not of the run"):
        redraw_report(folder)


class Renamed(SubstitutionModel):
    """The reference backend with other weights, as far as anybody can tell."""

    def __init__(self):
        super().__init__()
        self.revision = "another"


def test_other_weights_are_not_answered_from_old_scores(done, tmp_path, monkeypatch):
    result, _ = done
    folder = tmp_path / "older"
    shutil.copytree(result.folder, folder)
    monkeypatch.setattr("seqgen.pipeline.flow.load_model", lambda name: Renamed())
    heard = []
    run(
        demo_sumstats_path(), demo_panel_prefix(), folder, options=OPTIONS,
        progress=lambda what, done, total: heard.append(what),
    )  # fmt: skip
    assert "reading summary statistics (reused)" in heard
    assert "scoring residue changes (reused)" not in heard


def test_another_missense_map_is_not_answered_from_old_annotations(done, tmp_path, monkeypatch):
    result, _ = done
    folder = tmp_path / "older"
    shutil.copytree(result.folder, folder)
    monkeypatch.setattr("seqgen.pipeline.mapping.bundled_sha256", lambda name: "another " + name)
    heard = []
    run(
        demo_sumstats_path(), demo_panel_prefix(), folder, options=OPTIONS,
        progress=lambda what, done, total: heard.append(what),
    )  # fmt: skip
    assert "mapping rsIDs to residues (reused)" not in heard


def run_again(folder):
    return run(demo_sumstats_path(), demo_panel_prefix(), folder, options=OPTIONS)


def test_a_damaged_table_of_a_step_is_computed_again(done, tmp_path):
    result, _ = done
    folder = tmp_path / "damaged"
    shutil.copytree(result.folder, folder)
    whole = (folder / "annotations.parquet").read_bytes()
    (folder / "annotations.parquet").write_bytes(whole[: len(whole) // 2])
    run_again(folder)
    assert len(read_table(folder / "annotations.parquet")) > 100


def test_redrawing_the_page_needs_only_the_folder(done, tmp_path):
    result, _ = done
    folder = tmp_path / "copy"
    shutil.copytree(result.folder, folder)
    (folder / "report.html").unlink()
    page = redraw_report(folder).read_text()
    assert page == result.report.read_text()


def test_the_informed_fit_is_the_fit_under_the_told_prior(done):
    sumstats = read_table(done[0].folder / "sumstats.parquet", schemas.SUMSTATS)
    loci = find_loci(sumstats, regions=REGIONS[2:])
    data, _ = prepare_loci(sumstats, loci, read_panel(demo_panel_prefix()))
    variants = done[0].tables.variants
    told = variants[variants["locus"] == REGIONS[2]]
    locus = data[REGIONS[2]]
    assert np.allclose(locus.fit(OPTIONS, told["prior"].to_numpy()).pip, told["pip"], atol=1e-9)
    assert np.allclose(locus.fit(OPTIONS).pip, told["pip_flat"], atol=1e-9)
    missense = told["residue_change"].notna().to_numpy()
    strong = locus.fit(OPTIONS, np.where(missense, 10.0, 1.0))
    assert np.allclose(strong.pip, told["pip_strong"], atol=1e-9)
    assert not np.allclose(told["pip_strong"], told["pip_flat"], atol=1e-6)


def test_too_few_loci_to_judge_a_prior_are_given_the_flat_one(done):
    tables, told = done[0].tables, done[0].provenance["prior"]
    assert told["flat"]
    assert "too few" in told["verdict"]
    assert (tables.prior_coefficients["source"] == "silenced").all()
    assert (tables.prior_coefficients["upper"] > 0.5).all()
    assert tables.variants.groupby("locus")["prior"].nunique().max() == 1
    assert np.allclose(tables.variants["pip"], tables.variants["pip_flat"])
    page = done[0].report.read_text()
    assert "too few to judge a prior" in page
    assert "The prior is flat" in page


def test_the_residue_changes_are_those_of_the_variants_table(done):
    """The pieces that users call give what the run itself joined to the variants."""
    folder = done[0].folder
    annotations = read_table(folder / "annotations.parquet", schemas.ANNOTATIONS)
    scores = read_table(folder / "scores.parquet", schemas.SCORES)
    key = list(schemas.SUMSTATS.key)
    told = done[0].tables.variants.dropna(subset="residue_change").set_index(key)
    changes = residue_changes(annotations, scores, "average").set_index(key)
    assert changes.index.is_unique
    columns = ["gene", "uniprot", "residue_change", "log_lik_ratio"]
    pd.testing.assert_frame_equal(changes.loc[told.index, columns], told[columns])
    other = residue_changes(annotations, scores, "masked-marginal").set_index(key)
    scored = other.loc[told.index, "log_lik_ratio"].dropna()
    assert (scored != told.loc[scored.index, "log_lik_ratio"]).any()
    with pytest.raises(InputError, match=r"method is 'x'; expected .*masked-marginal"):
        residue_changes(annotations, scores, "x")
    with pytest.raises(InputError, match="scores: no column method, log_lik_ratio"):
        residue_changes(annotations, annotations)


def test_of_several_changes_of_a_variant_the_worst_is_told():
    variant = {"chrom": "1", "pos": 5, "effect_allele": "A", "other_allele": "G"}
    change = {"position": 2, "ref_aa": "K", "alt_aa": "W"}
    annotations = pd.DataFrame([{**variant, **change, "uniprot": name} for name in ("P1", "P2")])
    scores = pd.DataFrame([
        {**change, "uniprot": name, "method": "wild-type-marginal", "log_lik_ratio": ratio}
        for name, ratio in (("P1", -1.0), ("P2", -4.0))
    ])  # fmt: skip
    found = residue_changes(annotations, scores)
    assert found[["uniprot", "residue_change", "log_lik_ratio"]].values.tolist() == [
        ["P2", "K2W", -4.0]
    ]
