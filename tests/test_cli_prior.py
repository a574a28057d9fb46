"""The shell's ways to a prior: judged on held-out loci, from any annotations, for other tools."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from seqgen.cli import main
from seqgen.io.resources import demo_panel_prefix, demo_sumstats_path
from seqgen.io.tables import read_provenance, read_table
from seqgen.priors import fit_torus_prior, prior_terms, prior_weights

PANEL = str(demo_panel_prefix())


def call(capsys, *arguments):
    status = main([str(one) for one in arguments])
    out, err = capsys.readouterr()
    return status, out, err


@pytest.fixture
def variants(tmp_path):
    """Fifty loci of twenty variants, half of which have a coding causal one."""
    rng = np.random.default_rng(1)
    place = np.tile(np.arange(20), 50)
    causal = place == np.repeat([0, 7], 500)
    table = pd.DataFrame(
        {
            "locus": np.repeat([f"1:{k}01-{k}99" for k in range(1, 51)], 20),
            "chrom": "1",
            "pos": 100 * np.repeat(np.arange(1, 51), 20) + place + 1,
            "rsid": [f"rs{k}" for k in range(1000)],
            "coding": (place == 0).astype(int),
            "score": rng.normal(size=1000),
            "z": rng.normal(size=1000) + 6.0 * causal,
        }
    )
    path = tmp_path / "variants.tsv"
    table.to_csv(path, sep="\t", index=False)
    return path


def test_any_annotations_make_a_prior_that_other_tools_take(capsys, tmp_path, variants):
    bed = tmp_path / "first.bed"
    bed.write_text("".join(f"chr1\t{100 * k}\t{100 * k + 1}\n" for k in range(1, 51)))
    out, weighted = tmp_path / "coefficients.tsv", tmp_path / "weighted.parquet"
    status, told, err = call(
        capsys, "torus-prior", variants, "--columns", "score", "--bed", f"first={bed}",
        "--out", out, "--weights-out", weighted,
    )  # fmt: skip
    assert status == 0, err
    table = pd.read_csv(variants, sep="\t")
    terms = prior_terms(table.assign(first=table["coding"]), ["score", "first"])
    fit = fit_torus_prior(terms.annotations, z=table["z"])
    found = read_table(out).set_index("term")["estimate"]
    expected = fit.coefficients.set_index("term")["estimate"]
    assert found[["score", "first"]].tolist() == pytest.approx(expected.tolist())
    assert found["first"] == pytest.approx(np.log(37), abs=0.5)
    assert "log-likelihood over the flat prior" in told
    assert read_provenance(out)["terms"]["kind"] == ["linear", "binary"]
    made = read_table(weighted)
    assert made["prior"].tolist() == pytest.approx(
        prior_weights(terms.annotations, fit.coefficients).tolist()
    )
    for kind, place in (("susie", "prior.tsv"), ("rds", "prior.rds"), ("torus", "for_dap")):
        status, told, err = call(
            capsys, "export-prior", weighted, "--format", kind, "--out", tmp_path / place
        )
        assert status == 0, err
        assert str(tmp_path / place) in told
    handed = pd.read_csv(tmp_path / "prior.tsv", sep="\t")
    assert handed["prior_weights"].tolist() == pytest.approx(made["prior"].tolist())
    assert len(list((tmp_path / "for_dap").glob("*.prior"))) == 50
    note = json.loads((tmp_path / "prior.rds.provenance.json").read_text())
    assert note["command"].startswith("seqgen export-prior")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "nothing to learn from"),
        (["--columns", "rsid"], "'rsid' is not numeric"),
        (["--columns", "nothing"], "no column 'nothing'"),
        (["--bed", "coding=x.bed"], "the table has a column of that name"),
        (["--bed", "new=x.bed"], "x.bed"),
        (["--columns", "score", "--binned", "score=many"], "found 'score=many'"),
        (["--columns", "score", "--binned", "coding=3"], "expected names among columns"),
        (["--columns", "score", "--penalty-sd", "-1"], "expected a positive number"),
    ],
)
def test_what_cannot_be_learned_is_said_and_nothing_is_written(
    capsys, tmp_path, variants, arguments, told
):
    out = tmp_path / "out.tsv"
    status, _, err = call(capsys, "torus-prior", variants, "--out", out, *arguments)
    assert status == 1
    assert told in err
    assert not out.exists()


def test_a_table_without_priors_is_not_exported(capsys, tmp_path, variants):
    out = tmp_path / "prior.tsv"
    status, _, err = call(capsys, "export-prior", variants, "--format", "susie", "--out", out)
    assert (status, out.exists()) == (1, False)
    assert "no column prior" in err


def test_a_prior_is_judged_on_held_out_loci(capsys, tmp_path):
    steps = [
        ["munge", demo_sumstats_path(), "--out", tmp_path / "sumstats.parquet"],
        ["annotate", tmp_path / "sumstats.parquet", "--out", tmp_path / "annotations.parquet"],
        ["score", tmp_path / "annotations.parquet", "--model", "blosum62",
         "--out", tmp_path / "scores.parquet"],
    ]  # fmt: skip
    for step in steps:
        assert call(capsys, *step)[0] == 0
    job = ["prior", tmp_path / "sumstats.parquet", "--panel", PANEL, "--evaluate", "--annotations",
           tmp_path / "annotations.parquet", "--scores", tmp_path / "scores.parquet",
           "--out", tmp_path / "prior.tsv"]  # fmt: skip
    few = ["--regions", "22:45443828-46865376", "22:27130730-27631389"]
    status, _, err = call(capsys, *job, *few)
    assert status == 1
    assert "at least four loci" in err
    status, told, err = call(capsys, *job, "--L", "2")
    assert status == 0, err
    assert "held-out" in told
    judged = read_table(tmp_path / "prior.tsv").set_index("term")["estimate"]
    assert set(judged.index) <= {"missense", "log_lik_ratio"}
    # So few loci show no gain above zero, and the flat prior is what is written.
    assert (judged == 0).all() == ("flat prior" in told.splitlines()[0])
