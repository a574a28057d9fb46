"""Loci: windows, merging, regions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqgen.errors import InputError
from seqgen.loci import find_loci, parse_region, split_by_locus


def sumstats(rows):
    frame = pd.DataFrame(rows, columns=["chrom", "pos", "neg_log10_p"])
    frame["chrom"] = frame["chrom"].astype("str")
    return frame.assign(rsid=[f"rs{i}" for i in range(len(frame))])


def test_windows_overlapping_are_merged_and_others_not():
    table = sumstats([("1", 1000, 9.0), ("1", 1400, 8.0), ("1", 5000, 10.0), ("2", 1100, 9.0)])
    loci = find_loci(table, flank=250)
    assert loci["locus"].tolist() == ["1:750-1650", "1:4750-5250", "2:850-1350"]
    assert loci["lead_rsid"].tolist() == ["rs0", "rs2", "rs3"]
    assert loci["n_variants"].tolist() == [2, 1, 1]


def test_window_does_not_reach_below_the_first_base():
    assert find_loci(sumstats([("1", 10, 9.0)]), flank=100)["start"].tolist() == [1]


def test_a_window_inside_a_longer_one_does_not_close_it():
    table = sumstats([("1", p, 9.0) for p in (1000, 1010, 1200)])
    assert find_loci(table, flank=300)["locus"].tolist() == ["1:700-1500"]


def test_regions_replace_significance():
    table = sumstats([("X", 100, 0.1), ("X", 200, 0.5)])
    loci = find_loci(table, regions=["chrX:1-1,000"])
    assert loci["locus"].tolist() == ["X:1-1000"]
    assert loci["lead_rsid"].tolist() == ["rs1"]


def test_nothing_significant_names_the_best_and_the_remedy():
    with pytest.raises(InputError, match=r"smallest is 10\^-3\.00 at 1:7.*--regions"):
        find_loci(sumstats([("1", 7, 3.0)]))


@pytest.mark.parametrize("text", ["22", "22:5", "22:9-5", "22:0-5", "chr:1-2-3", ""])
def test_bad_region(text):
    with pytest.raises(InputError, match="region"):
        parse_region(text)


def test_region_without_variants():
    with pytest.raises(InputError, match=r"3:1-5 holds no variant.*chromosomes there are 1"):
        find_loci(sumstats([("1", 7, 30.0)]), regions=["3:1-5"])


@pytest.mark.parametrize("bad", [{"p_threshold": 0}, {"p_threshold": 2}, {"flank": -1}])
def test_bad_options(bad):
    with pytest.raises(InputError, match=next(iter(bad))):
        find_loci(sumstats([("1", 7, 30.0)]), **bad)


def test_rows_are_split_by_locus_in_the_order_of_the_loci():
    table = sumstats([("1", 5, 1.0), ("2", 5, 2.0), ("1", 10, 3.0), ("1", 11, 4.0)])
    loci = pd.DataFrame({"locus": ["b", "a", "none"], "chrom": ["2", "1", "3"], "start": [5, 5, 1],
                         "end": [5, 10, 9]})  # fmt: skip
    parts = split_by_locus(table, loci)
    assert list(parts) == ["b", "a", "none"]
    assert {name: part["rsid"].tolist() for name, part in parts.items()} == {
        "b": ["rs1"], "a": ["rs0", "rs2"], "none": [],
    }  # fmt: skip
    assert list(parts["none"].columns) == list(table.columns)
    with pytest.raises(InputError, match="table: no column pos; expected chrom, pos"):
        split_by_locus(table[["chrom"]], loci)
    with pytest.raises(InputError, match="loci: chrom is 2, which is no text"):
        split_by_locus(table, loci.assign(chrom=[2, 1, 3]))


@settings(max_examples=60, deadline=None)
@given(
    positions=st.lists(st.integers(1, 3000), min_size=1, max_size=40, unique=True),
    flank=st.integers(0, 300),
)
def test_loci_are_disjoint_and_hold_exactly_what_is_near_a_hit(positions, flank):
    scores = np.where(np.array(positions) % 3 == 0, 9.0, 1.0)
    scores[0] = 9.0
    table = sumstats([("1", p, s) for p, s in zip(positions, scores, strict=True)])
    loci = find_loci(table, flank=flank)
    assert (loci["start"].to_numpy()[1:] > loci["end"].to_numpy()[:-1]).all()
    hits = np.array(positions)[scores > 8]
    near = {p for p in positions if np.abs(hits - p).min() <= flank}
    held = set()
    for rows in split_by_locus(table, loci).values():
        held |= set(rows["pos"])
    assert held == near
