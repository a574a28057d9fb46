"""The homolog profile of known missense variants: its table, its worth, and where it is joined."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy.stats import rankdata

import seqgen
from seqgen import schemas
from seqgen.cli import main
from seqgen.io.resources import bundled_provenance, homolog_scores, missense_map
from seqgen.io.tables import read_table
from seqgen.pipeline import add_homologs

CHANGE = ["uniprot", "position", "ref_aa", "alt_aa"]


def area(score, positive):
    ranks, n = rankdata(score), positive.sum()
    return (ranks[positive].sum() - n * (n + 1) / 2) / (n * (len(score) - n))


def test_the_profile_covers_the_map_and_tells_benign_from_pathogenic():
    table = homolog_scores()
    schemas.HOMOLOG_SCORES.validate(table)
    known = missense_map().query("checked").drop_duplicates(CHANGE)
    both = known.merge(table, on=CHANGE, how="left")
    usual = both["ref_aa"].isin(list(schemas.AMINO_ACIDS)) & both["alt_aa"].isin(
        list(schemas.AMINO_ACIDS)
    )
    assert both.loc[usual, "log_lik_ratio"].notna().all()
    labelled = both[usual & both["clinical"].isin(["benign", "pathogenic"])]
    positive = (labelled["clinical"] == "pathogenic").to_numpy()
    assert area(-labelled["log_lik_ratio"].to_numpy(), positive) > 0.78
    deep = (labelled["depth"] >= 30).to_numpy()
    assert area(-labelled["log_lik_ratio"].to_numpy()[deep], positive[deep]) > 0.78
    recorded = next(one for one in bundled_provenance()["files"] if "homologs" in one["file"])[
        "auroc_benign_pathogenic"
    ]["other_proteins"]
    assert recorded["homolog_profile"] > 0.75 > recorded["blosum62"]


def test_a_copy_is_handed_out():
    first = homolog_scores()
    first["method"] = "changed"
    assert homolog_scores()["method"].unique().tolist() == ["homolog-profile"]


def test_the_average_is_the_mean_of_both_and_the_model_s_where_there_is_no_profile():
    known = homolog_scores().iloc[:3]
    scores = known[[*CHANGE]].assign(method="wild-type-marginal", log_lik_ratio=[-1.0, -2.0, 3.0])
    other = scores.iloc[:1].assign(uniprot="nobody", log_lik_ratio=-7.0)
    masked = scores.assign(method="masked-marginal", log_lik_ratio=9.0)
    made = add_homologs(pd.concat([scores, other, masked]), "wild-type-marginal")
    schemas.SCORES.validate(made)
    assert made["method"].value_counts().to_dict() == {
        "wild-type-marginal": 4, "average": 4, "masked-marginal": 3, "homolog-profile": 3,
    }  # fmt: skip
    average = made[made["method"] == "average"]["log_lik_ratio"].to_numpy()
    profile = known["log_lik_ratio"].to_numpy()
    assert average == pytest.approx([*((np.array([-1.0, -2.0, 3.0]) + profile) / 2), -7.0])
    none = add_homologs(other, "wild-type-marginal")
    assert none["method"].tolist() == ["wild-type-marginal", "average"]


def test_the_shell_joins_it_unless_told_not_to(tmp_path, capsys):
    changes = homolog_scores()[CHANGE].iloc[:5]
    changes.to_csv(tmp_path / "changes.tsv", sep="\t", index=False)
    for extra, methods in (([], 3), (["--no-homologs"], 1)):
        out = tmp_path / f"scores{methods}.tsv"
        job = ["score", tmp_path / "changes.tsv", "--model", "blosum62", "--out", out,
               "--methods", "wild-type-marginal", *extra]  # fmt: skip
        assert main([str(one) for one in job]) == 0, capsys.readouterr().err
        assert read_table(out)["method"].nunique() == methods


def test_a_run_feeds_the_prior_with_the_average(tmp_path):
    from seqgen.io.resources import demo_panel_prefix, demo_sumstats_path

    given = {"missense": 2.0, "log_lik_ratio": -0.5}
    ratios = {}
    for homologs in (True, False):
        options = seqgen.RunOptions(
            model="blosum62", methods=("wild-type-marginal",), homologs=homologs,
            regions=("22:45443828-46865376",), prior_coefficients=given,
        )  # fmt: skip
        result = seqgen.run(
            demo_sumstats_path(), demo_panel_prefix(), tmp_path / str(homologs), options=options
        )
        tables = result.tables
        method = "average" if homologs else "wild-type-marginal"
        fed = tables.variants.dropna(subset=["log_lik_ratio"])
        wanted = tables.scores[tables.scores["method"] == method]
        assert len(fed)
        assert set(fed["log_lik_ratio"].round(6)) <= set(wanted["log_lik_ratio"].round(6))
        ratios[homologs] = fed.set_index("rsid")["log_lik_ratio"]
        told = json.loads((tmp_path / str(homologs) / "provenance.json").read_text())
        assert told["parameters"]["homologs"] is homologs
    assert (ratios[True] != ratios[False]).any()
