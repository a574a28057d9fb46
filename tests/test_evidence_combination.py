"""The rule that combines columns of evidence: order alone counts, what is unknown is neutral."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqgen.errors import InputError
from seqgen.evidence import combine_evidence
from seqgen.evidence.combination import savage_scores


def test_savage_scores_are_expected_order_statistics_of_exponentials():
    rng = np.random.default_rng(1)
    drawn = np.sort(rng.exponential(size=(200_000, 5)), axis=1).mean(axis=0)
    np.testing.assert_allclose(savage_scores(np.arange(5.0)), drawn, rtol=0.01)
    assert savage_scores(np.arange(5.0)).mean() == pytest.approx(1.0, abs=1e-15)
    # Near -log(1 - u) at the middle of the rank, as Fisher's statistic has it.
    u = (np.arange(1000) + 0.5) / 1000
    np.testing.assert_allclose(savage_scores(np.arange(1000.0))[:990], -np.log1p(-u[:990]),
                               rtol=0.006, atol=6e-4)  # fmt: skip


def test_evidence_is_the_sum_over_known_columns():
    table = pd.DataFrame({
        "coupling_alignment": [1.0, 3.0, 2.0, np.nan, np.nan],
        "structure_distance": [9.0, np.nan, 4.0, 30.0, np.nan],
    })  # fmt: skip
    low, middle, high = 1 / 3 - 1, 1 / 3 + 1 / 2 - 1, 1 / 3 + 1 / 2 + 1 - 1
    expected = [low + middle, high, middle + high, low, np.nan]
    np.testing.assert_allclose(combine_evidence(table)["evidence"], expected)
    assert "evidence" not in table


def test_values_all_alike_say_nothing():
    table = pd.DataFrame({"gene_pairs": [1.0, 1.0, np.nan], "coupling_complex": [np.nan, 2.0, 5.0]})
    found = combine_evidence(table)["evidence"]
    np.testing.assert_allclose(found, [0.0, -0.5, 0.5], atol=1e-12)
    for count in (3, 7, 1000, 300_000):
        alike = pd.DataFrame({"gene_a": np.ones(count), "structure_distance": 4.0})
        assert (combine_evidence(alike)["evidence"] == 0.0).all()
    # 1/3 + 1/2 - 1/6 - ... : what cancels is 0, not rounding
    both = pd.DataFrame({"gene_a": [1.0, 2.0, 3.0], "gene_b": [3.0, 2.0, 1.0], "gene_c": 5.0})
    turned = combine_evidence(both)["evidence"]
    assert turned.iloc[0] == pytest.approx(1 / 3 + 11 / 6 - 2)
    assert (np.abs(turned[turned != 0]) > 1e-12).all()
    alone = combine_evidence(table[["coupling_complex"]])["evidence"]
    np.testing.assert_allclose(found[1:], alone[1:], atol=1e-12)


@st.composite
def evidence_tables(draw):
    rows = draw(st.integers(2, 10))
    cell = st.one_of(st.integers(-6, 6).map(float), st.just(np.nan))
    names = ["coupling_alignment", "structure_distance", "gene_string"]
    return pd.DataFrame({
        name: draw(st.lists(cell, min_size=rows, max_size=rows)) for name in names
    })  # fmt: skip


@given(evidence_tables(), st.data())
def test_evidence_never_falls_where_one_column_rises(table, data):
    known = np.argwhere(table.notna().to_numpy())
    if not len(known):
        return
    row, column = known[data.draw(st.integers(0, len(known) - 1))]
    name = table.columns[column]
    step = data.draw(st.integers(1, 8)) * (-1 if name == "structure_distance" else 1)
    raised = table.copy()
    raised.loc[row, name] += step
    before, after = (combine_evidence(each)["evidence"] for each in (table, raised))
    assert after[row] >= before[row] - 1e-12
    others = before.drop(row).dropna().index
    assert (after[others] <= before[others] + 1e-12).all()


@given(evidence_tables())
def test_evidence_is_the_same_on_any_increasing_scale(table):
    other = table.assign(
        coupling_alignment=np.exp(table["coupling_alignment"]),
        structure_distance=table["structure_distance"] ** 3 - 2,
        gene_string=5 * table["gene_string"] + 1,
    )
    pd.testing.assert_series_equal(
        combine_evidence(table)["evidence"], combine_evidence(other)["evidence"], check_exact=True
    )


@given(evidence_tables(), st.integers(0, 9))
def test_a_missing_value_is_neutral(table, row):
    row %= len(table)
    without = table.copy()
    without.loc[row, "gene_string"] = np.nan
    two = combine_evidence(table[["coupling_alignment", "structure_distance"]])["evidence"]
    found = combine_evidence(without)["evidence"]
    assert found[row] == pytest.approx(two[row], nan_ok=True)
    empty = combine_evidence(table.assign(gene_none=np.nan))["evidence"]
    pd.testing.assert_series_equal(empty, combine_evidence(table)["evidence"])
    nothing = table.isna().all(axis=1)
    assert (combine_evidence(table)["evidence"].isna() == nothing).all()


@given(evidence_tables())
def test_each_column_adds_nothing_on_average(table):
    for name in table:
        found = combine_evidence(table[[name]])["evidence"].dropna()
        assert not len(found) or abs(found.mean()) < 1e-12


def test_columns_to_combine_are_checked():
    table = pd.DataFrame({"variant": ["a"], "x": [1.0], "gene_1": ["A"], "evidence": [9.0]})
    with pytest.raises(InputError, match="no column of evidence; found variant, x, gene_1"):
        combine_evidence(table)
    assert combine_evidence(table, columns=["x"])["evidence"].tolist() == [0.0]
    with pytest.raises(InputError, match="column\\(s\\) 'y' of columns missing"):
        combine_evidence(table, columns=["x", "y"])
    with pytest.raises(InputError, match="expected a list of different column names"):
        combine_evidence(table, columns=["x", "x"])
    with pytest.raises(InputError, match="'variant' holds values that are no numbers"):
        combine_evidence(table, columns=["variant"])
    with pytest.raises(InputError, match="table is None"):
        combine_evidence(None)
