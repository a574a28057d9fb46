"""Annotations of any kind as terms, BED intervals, and what other tools are handed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from seqgen.errors import InputError, OutputError
from seqgen.io.tables import read_provenance
from seqgen.priors import annotate_intervals, apply_terms, export_prior, prior_terms


def variants():
    return pd.DataFrame(
        {
            "locus": ["1:1-9"] * 4 + ["1:20-29"] * 4,
            "coding": [True, False, None, False, True, False, False, False],
            "score": [1.0, 2.0, 3.0, np.nan, 5.0, 6.0, 7.0, 8.0],
        }
    )


def test_binary_columns_stay_and_continuous_ones_are_standardised():
    made = prior_terms(variants(), ["coding", "score"])
    assert made.annotations["coding"].tolist() == [1, 0, 0, 0, 1, 0, 0, 0]
    score = made.annotations["score"]
    known = variants()["score"].notna()
    assert score[known].mean() == pytest.approx(0, abs=1e-12)
    assert score[known].std(ddof=0) == pytest.approx(1)
    assert score[3] == 0  # the mean
    assert made.missing["n"].tolist() == [1, 1]
    raw = prior_terms(variants(), ["score"], standardise=False, missing="zero").annotations["score"]
    assert raw[3] == pytest.approx(-variants()["score"].mean())


def test_missing_values_can_have_a_term_of_their_own_or_stop():
    made = prior_terms(variants(), ["score"], missing="indicator")
    assert made.terms == ("score", "score_missing")
    assert made.annotations["score_missing"].tolist() == [0, 0, 0, 1, 0, 0, 0, 0]
    with pytest.raises(InputError, match="1 of 8 values are missing"):
        prior_terms(variants(), ["score"], missing="error")


def test_bins_are_apart_and_steps_add_up():
    bins = prior_terms(variants().dropna(), ["score"], binned={"score": 3})
    assert bins.annotations[list(bins.terms)].sum(axis=1).max() == 1
    steps = prior_terms(variants(), ["score"], monotone={"score": 4})
    assert steps.increasing == steps.terms
    height = steps.annotations[list(steps.terms)].sum(axis=1)
    order = variants()["score"].argsort()[:-1]
    assert height[order].is_monotonic_increasing
    assert (height.max(), height[3]) == (3, 0)


def test_rules_give_other_variants_the_same_terms():
    made = prior_terms(variants(), ["coding", "score"], missing="indicator")
    pd.testing.assert_frame_equal(apply_terms(variants(), made.rules), made.annotations)
    one = apply_terms(variants().iloc[[4]], made.rules)
    pd.testing.assert_frame_equal(one, made.annotations.iloc[[4]])


def test_intervals_are_half_open_overlap_and_may_be_nested(tmp_path):
    table = pd.DataFrame({"chrom": ["1", "1", "1", "2"], "pos": [10, 11, 95, 11]})
    path = tmp_path / "a.bed"
    path.write_text("track name=x\nchr1\t10\t100\tlong\nchr1\t20\t30\tnested\n")
    assert annotate_intervals(table, {"a": path})["a"].tolist() == [0, 1, 1, 0]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda v: prior_terms(v, ["nothing"]), "no column 'nothing'"),
        (lambda v: prior_terms(v.assign(x=1.0), ["x"]), "the same for all"),
        (lambda v: prior_terms(v.assign(x="a"), ["x"]), "not numeric"),
        (lambda v: prior_terms(v.assign(x=np.inf), ["x"]), "infinite"),
        (lambda v: prior_terms(v, ["score"], missing="drop"), "missing: found 'drop'"),
        (lambda v: prior_terms(v, ["score"], binned={"score": 1}), "expected 2 to 50"),
        (lambda v: prior_terms(v, ["score"], binned={"other": 3}), "names among columns"),
        (lambda v: annotate_intervals(v, {}), "no column chrom, pos"),
    ],
)
def test_bad_annotations(call, message):
    with pytest.raises(InputError, match=message):
        call(variants())


def exported():
    return pd.DataFrame(
        {
            "locus": ["22:1-9", "22:1-9", "22:20-29"],
            "rsid": pd.array(["rs1", None, "rs3"], dtype="string"),
            "chrom": "22",
            "pos": [1, 5, 20],
            "effect_allele": ["A", "C", "G"],
            "other_allele": ["G", "T", "T"],
            "eaf": [0.2, 0.9, 0.5],
            "beta": [0.1, -0.2, 0.3],
            "se": [0.01, 0.02, 0.03],
            "prior": [0.25, 0.75, 1.0],
        }
    )


def test_susie_weights_come_back(tmp_path):
    path = export_prior(exported(), tmp_path / "p.tsv", format="susie", provenance={"command": "x"})
    back = pd.read_csv(path, sep="\t")
    assert back.columns.tolist() == ["locus", "variant", "prior_weights"]
    assert back["variant"].tolist() == ["rs1", "22:5:T:C", "rs3"]
    assert back["prior_weights"].tolist() == [0.25, 0.75, 1.0]
    assert read_provenance(path)["command"] == "x"


def test_polyfun_columns_are_its_own(tmp_path):
    back = pd.read_csv(
        export_prior(exported(), tmp_path / "p.tsv.gz", format="polyfun"), sep=r"\s+"
    )
    assert back.columns.tolist() == ["SNP", "CHR", "BP", "A1", "A2", "SNPVAR"]
    assert back["A1"].tolist() == ["A", "C", "G"]
    assert back["SNPVAR"].tolist() == [0.25, 0.75, 1.0]


def test_finemap_files_have_prob_and_k(tmp_path):
    folder = export_prior(exported(), tmp_path / "f", format="finemap", expected_causal=0.5)
    z = pd.read_csv(folder / "22_1-9.z", sep=" ")
    assert z.columns.tolist() == [
        "rsid", "chromosome", "position", "allele1", "allele2", "maf", "beta", "se", "prob",
    ]  # fmt: skip
    assert z["prob"].tolist() == [0.125, 0.375]
    assert z["maf"].tolist() == pytest.approx([0.2, 0.1])
    k = np.array((folder / "22_1-9.k").read_text().split(), float)
    assert k.sum() == pytest.approx(1)
    assert k[1] / k[0] == pytest.approx(0.25, rel=1e-4)  # Poisson of mean one half
    with pytest.raises(OutputError, match="there already"):
        export_prior(exported(), folder, format="finemap")


def test_torus_files_are_name_and_probability(tmp_path):
    folder = export_prior(exported(), tmp_path / "t", format="torus")
    lines = (folder / "22_1-9.prior").read_text().splitlines()
    assert [line.split()[0] for line in lines] == ["rs1", "22:5:T:C"]
    assert [float(line.split()[1]) for line in lines] == [0.25, 0.75]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["t"]


def test_a_failure_leaves_no_folder(tmp_path):
    with pytest.raises(InputError, match="FINEMAP needs"):
        export_prior(exported().assign(eaf=np.nan), tmp_path / "f", format="finemap")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "format", "message"),
    [
        ({}, "susiex", "SuSiEx has no argument"),
        ({}, "paintor", "expected one of susie"),
        ({"prior": [0.3, 0.3, 1.0]}, "susie", "sum to 0.6"),
        ({"prior": [np.nan, 0.3, 1.0]}, "susie", "expected a probability"),
        ({"rsid": ["a", "a", "b"]}, "susie", "there twice"),
    ],
)
def test_bad_exports(change, format, message, tmp_path):
    with pytest.raises(InputError, match=message):
        export_prior(exported().assign(**change), tmp_path / "x.tsv", format=format)
    with pytest.raises(InputError, match="no column"):
        export_prior(exported().drop(columns="prior"), tmp_path / "x.tsv", format="torus")
