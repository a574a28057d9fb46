"""Annotations of any kind as terms of the prior, and BED intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from seqgen.errors import InputError
from seqgen.priors import annotate_intervals, apply_terms, prior_terms


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
        (lambda v: prior_terms(v, ["score"], binned={"score": 1}), "number, 2 to 50"),
        (lambda v: prior_terms(v, ["score"], binned={"other": 3}), "names among columns"),
        (lambda v: annotate_intervals(v, {}), "no column chrom, pos"),
    ],
)
def test_bad_annotations(call, message):
    with pytest.raises(InputError, match=message):
        call(variants())


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("chr1\t1\t3\nchr1\tx\t3\n", "line 2: found 'chr1 x 3'"),
        ("track name=a\n\nchr1\t3\t1\n", "line 3: found 'chr1 3 1'"),
        ("chr1\t1.5\t3\n", "line 1"),
        ("chr1\t-1\t3\n", "line 1"),
        ("chr1\t1\n", "line 1: is not BED"),
        ("# nothing\n", "holds no interval"),
    ],
)
def test_what_is_not_bed_is_refused_by_its_line(tmp_path, lines, told):
    path = tmp_path / "bad.bed"
    path.write_text(lines)
    where = pd.DataFrame({"chrom": ["1"], "pos": [2]})
    with pytest.raises(InputError, match=told) as caught:
        annotate_intervals(where, {"x": path})
    assert "bad.bed" in str(caught.value)
