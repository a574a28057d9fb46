"""Alleles beside the panel's, and the correlations that come of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_panels import random_counts, write_panel

from seqgen.errors import InputError, SeqgenWarning
from seqgen.io.genotypes import Panel, read_panel
from seqgen.io.ld import align_to_panel, panel_ld
from seqgen.io.resources import demo_panel_prefix, demo_sumstats_path
from seqgen.io.sumstats import read_sumstats
from seqgen.schemas import DROPS, SUMSTATS

VARIANTS = [
    ("1", 100, "rs1", "A", "G"),
    ("1", 200, "rs2", "T", "C"),
    ("1", 300, "rs3", "A", "T"),  # palindromic
    ("1", 400, "rs4", "C", "G"),  # palindromic, near one half
    ("1", 500, "rs5", "AT", "A"),
    ("1", 600, "rs6", "G", "A"),  # monomorphic
    ("1", 700, "rs7", "0", "C"),  # one allele only
    ("1", 800, "rs8", "A", "C"),  # two lines at one place
    ("1", 800, "rs9", "A", "G"),
]
FREQUENCIES = [0.3, 0.1, 0.2, 0.48, 0.4, 0.0, 0.0, 0.25, 0.35]
CLEAN = (0, 1, 4, 7, 8)  # neither palindromic nor still
SWAP = str.maketrans("ACGT", "TGCA")


def complement(allele: str) -> str:
    return allele.translate(SWAP)[::-1]


@pytest.fixture(scope="module")
def panel(tmp_path_factory) -> Panel:
    counts = random_counts(400, FREQUENCIES)
    counts[::17, 0] = np.nan
    return read_panel(write_panel(tmp_path_factory.mktemp("panel") / "tiny", counts, VARIANTS))


def sumstats(rows: list[tuple]) -> pd.DataFrame:
    """Rows of (pos, effect_allele, other_allele, eaf, z)."""
    frame = pd.DataFrame(rows, columns=["pos", "effect_allele", "other_allele", "eaf", "z"])
    size = len(frame)
    return SUMSTATS.validate(
        frame.assign(
            chrom="1", rsid=[f"rs{i}" for i in frame["pos"]], beta=frame["z"] * 0.1, se=0.1,
            p=0.5, neg_log10_p=0.3, n=1000.0, eaf=frame["eaf"].astype(float),
        )
        if size
        else frame
    )  # fmt: skip


def counts_of(drops: pd.DataFrame, action: str = "dropped") -> dict[str, int]:
    rows = drops[drops["action"] == action]
    return dict(zip(rows["reason"], rows["count"], strict=True))


def test_each_way_to_write_a_variant(panel):
    rows = [
        (100, "A", "G", 0.3, 1.0),  # as the panel
        (200, "C", "T", 0.9, 2.0),  # other way round
        (500, "A", "AT", 0.6, 3.0),  # indel, other way round
        (800, "C", "A", 0.75, 4.0),
        (800, "C", "T", 0.65, 5.0),  # other strand, other way round
    ]
    table, drops = align_to_panel(sumstats(rows), panel)
    assert table["panel_index"].tolist() == [0, 1, 4, 7, 8]
    assert table["flipped"].tolist() == [False, True, True, True, True]
    np.testing.assert_allclose(table["panel_eaf"], table["eaf"], atol=0.06)
    assert table[SUMSTATS.names].equals(sumstats(rows))
    assert counts_of(drops, "changed") == {
        "the panel counts the other allele: genotype sign turned": 4,
        "the panel is on the other strand: matched by complement": 1,
    }
    assert counts_of(drops) == {}
    DROPS.validate(drops)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ((150, "A", "G", 0.3, 1.0), "not in the panel at this position"),
        ((100, "A", "C", 0.3, 1.0), "alleles differ from the panel's"),
        ((500, "ATT", "A", 0.3, 1.0), "alleles differ from the panel's"),
        ((800, "T", "A", 0.3, 1.0), "alleles differ from the panel's"),
        ((300, "A", "T", None, 1.0), "palindromic (A/T, C/G) and no effect-allele frequency"),
        ((300, "A", "T", 0.45, 1.0), "palindromic and frequency within 0.1 of one half"),
        ((400, "C", "G", 0.35, 1.0), "palindromic and frequency does not tell the strand"),
        ((300, "A", "T", 0.92, 1.0), None),
        ((600, "G", "A", None, 1.0), "the panel does not vary"),
        ((700, "T", "C", None, 1.0), "the panel does not vary"),
        ((100, "A", "G", 0.7, 1.0), "frequency more than 0.3 from the panel's"),
        ((100, "G", "A", 0.3, 1.0), "frequency more than 0.3 from the panel's"),
    ],
)
def test_a_row_that_cannot_be_used_has_its_reason(panel, row, reason):
    keeper = (200, "T", "C", 0.1, 1.0)
    table, drops = align_to_panel(sumstats([keeper, row]), panel)
    if reason is None:  # 0.92 is 0.12 from 1 - 0.2: the other strand
        assert (len(table), table["flipped"].tolist()) == (2, [False, True])
        return
    assert len(table) == 1
    assert counts_of(drops) == {reason: 1}


@pytest.mark.parametrize(
    ("effect", "other", "eaf", "flipped"),
    [("A", "T", 0.2, False), ("T", "A", 0.8, True), ("A", "T", 0.8, True), ("T", "A", 0.2, False)],
)
def test_palindromic_variants_follow_the_frequency(panel, effect, other, eaf, flipped):
    table, drops = align_to_panel(sumstats([(300, effect, other, eaf, 1.0)]), panel)
    assert table["flipped"].tolist() == [flipped]
    assert table["panel_eaf"].item() == pytest.approx(eaf, abs=0.05)
    assert counts_of(drops, "kept") == {"palindromic: strand decided by frequency": 1}


def test_palindromic_as_written_or_dropped(panel):
    rows = [(100, "A", "G", 0.3, 1.0), (300, "T", "A", None, 1.0), (400, "C", "G", 0.48, 1.0)]
    table, drops = align_to_panel(sumstats(rows), panel, palindromic="as-written")
    assert table["flipped"].tolist() == [False, True, False]
    assert counts_of(drops, "kept") == {"palindromic: strand taken as written": 2}
    table, drops = align_to_panel(sumstats(rows), panel, palindromic="drop")
    assert (len(table), counts_of(drops)) == (1, {"palindromic (A/T, C/G)": 2})
    with pytest.raises(InputError, match="expected one of frequency"):
        align_to_panel(sumstats(rows), panel, palindromic="guess")
    rows[0] = (100, "T", "C", 0.3, 1.0)
    with pytest.raises(InputError, match="1 of 1 other variants are on the other strand"):
        align_to_panel(sumstats(rows), panel, palindromic="as-written")


def test_palindromic_inferred_from_the_strand_of_the_others(tmp_path):
    letters = [("A", "G"), ("A", "T"), ("A", "T"), ("C", "G"), ("A", "T")] + [("A", "G")] * 60
    names = [("1", i, f"rs{i}", *pair) for i, pair in enumerate(letters, start=1)]
    frequencies = [0.3, 0.2, 0.2, 0.45, 0.4] + [0.3] * 60
    counts = random_counts(400, frequencies, seed=5)
    panel = read_panel(write_panel(tmp_path / "p", counts, names))
    pairs = zip(letters, frequencies, strict=True)
    rows = [(i, *pair, f, 1.0) for i, (pair, f) in enumerate(pairs, start=1)]
    rows[1] = (2, "T", "A", None, 1.0)  # no frequency
    rows[2] = (3, "A", "T", 0.8, 1.0)  # frequency says the other strand
    rows[4] = (5, "A", "T", 0.5, 1.0)  # near one half
    table, drops = align_to_panel(sumstats(rows), panel, palindromic="infer")
    assert len(table) == 65
    assert table["flipped"].tolist()[:5] == [False, True, True, False, False]
    kept = counts_of(drops, "kept")
    assert kept["palindromic: strand decided by frequency"] == 1
    assert sorted(kept.values()) == [1, 3]
    rows[0] = (1, "T", "C", 0.3, 1.0)  # one of 61 on the other strand: no inference
    for other in (rows, rows[1:40]):  # or too few to tell
        table, drops = align_to_panel(sumstats(other), panel, palindromic="infer")
        assert sum(counts_of(drops).values()) == 3
        assert table["pos"].isin([3]).any()


def test_two_rows_that_fit_one_panel_variant(panel):
    rows = [(100, "A", "G", 0.3, 1.0), (100, "T", "C", 0.3, 1.0), (200, "T", "C", 0.1, 1.0)]
    table, drops = align_to_panel(sumstats(rows), panel)
    assert table["panel_index"].tolist() == [0, 1]
    assert table["effect_allele"].tolist() == ["A", "T"]
    assert counts_of(drops) == {"another row fits the same panel variant": 1}


def test_no_overlap_says_why(panel):
    there = sumstats([(100, "A", "G", 0.3, 1.0)])
    with pytest.raises(InputError, match=r"chromosomes differ: 2 in the summary.*1 in the panel"):
        align_to_panel(there.assign(chrom="2"), panel)
    moved = there.assign(pos=1234, rsid="rs2")
    with pytest.raises(InputError, match=r"1 rsIDs are in the panel at other positions: the gen"):
        align_to_panel(moved, panel)
    with pytest.raises(InputError, match=r"one genome build[\s\S]*1  dropped: not in the panel"):
        align_to_panel(there.assign(pos=1234, rsid="rs99"), panel)
    with pytest.raises(InputError, match=r"dropped: frequency more than 0\.3"):
        align_to_panel(there.assign(eaf=0.9), panel)


def test_a_few_chance_matches_in_another_build_are_warned_about(panel):
    rows = [(100, "A", "G", 0.3, 1.0), (201, "T", "C", 0.1, 1.0), (301, "A", "T", 0.2, 1.0)]
    frame = sumstats(rows).assign(rsid=["rs99", "rs2", "rs3"])
    with pytest.warns(SeqgenWarning, match=r"2 rsIDs lie at another position.*only 1 variants"):
        align_to_panel(frame, panel)


def test_the_index_of_the_input_does_not_matter(panel):
    frame = sumstats(
        [(150, "A", "G", 0.3, 1.0), (100, "A", "G", 0.3, 1.0), (200, "T", "C", 0.1, 1)]
    )
    plain = align_to_panel(frame, panel).table
    odd = align_to_panel(frame.set_axis([5, 5, 5]), panel).table
    pd.testing.assert_frame_equal(odd, plain)


written = st.lists(
    st.tuples(st.sampled_from(CLEAN), st.booleans(), st.booleans(), st.floats(-9, 9)),
    min_size=1, max_size=5, unique_by=lambda row: row[0],
)  # fmt: skip


def as_rows(choices) -> list[tuple]:
    """Panel variants written the other way round, or on the other strand, as chosen."""
    rows = []
    for i, swapped, turned, z in choices:
        _, pos, _, effect, other = VARIANTS[i]
        eaf = FREQUENCIES[i]
        if swapped:
            effect, other, eaf = other, effect, 1 - eaf
        if turned:
            effect, other = complement(effect), complement(other)
        rows.append((pos, effect, other, eaf, z))
    return rows


def signed(table: pd.DataFrame) -> dict[int, float]:
    """Each panel variant's z for the allele that the panel counts."""
    sign = np.where(table["flipped"], -1, 1)
    return dict(zip(table["panel_index"], table["z"] * sign, strict=True))


@given(choices=written)
@settings(max_examples=15, deadline=None)
def test_how_a_variant_is_written_does_not_change_what_it_says(panel, choices):
    plain = as_rows([(i, False, False, z) for i, _, _, z in choices])
    other = as_rows([(i, s, t, -z if s else z) for i, s, t, z in choices])
    first, again = (align_to_panel(sumstats(rows), panel).table for rows in (plain, other))
    assert signed(first) == signed(again)
    assert not first["flipped"].any()
    expected = np.where(again["flipped"], 1 - first["panel_eaf"], first["panel_eaf"])
    np.testing.assert_allclose(again["panel_eaf"], expected)


@given(choices=written)
@settings(max_examples=8, deadline=None)
def test_swapping_twice_is_nothing(panel, choices):
    frame = sumstats(as_rows(choices))

    def swap(frame):
        return frame.assign(
            effect_allele=frame["other_allele"], other_allele=frame["effect_allele"],
            beta=-frame["beta"], z=-frame["z"], eaf=1 - frame["eaf"],
        )  # fmt: skip

    once = align_to_panel(swap(frame), panel).table
    twice = align_to_panel(swap(swap(frame)), panel).table
    plain = align_to_panel(frame, panel).table
    pd.testing.assert_frame_equal(twice, plain)
    assert (once["flipped"] != plain["flipped"]).all()


def aligned_rows(panel) -> pd.DataFrame:
    rows = [(100, "G", "A", 0.7, 1.0), (200, "T", "C", 0.1, 2.0), (500, "A", "AT", 0.6, 3.0)]
    return align_to_panel(sumstats(rows), panel).table


def test_ld_is_the_correlation_of_effect_alleles(panel):
    table = aligned_rows(panel).iloc[[2, 0, 1]]  # any rows, in any order
    sign = np.where(table["flipped"], -1, 1)
    assert set(sign) == {-1, 1}
    counts = panel.genotypes(table["panel_index"].to_numpy()).astype(float)
    effect = np.where(sign < 0, 2 - counts, counts)
    R = panel_ld(table, panel)
    np.testing.assert_allclose(R, pd.DataFrame(effect).corr(), atol=1e-12)
    filled = np.where(np.isnan(effect), np.nanmean(effect, axis=0), effect)
    mean = panel_ld(table, panel, missing="mean")
    np.testing.assert_allclose(mean, np.corrcoef(filled.T), atol=1e-12)
    assert np.abs(R - mean).max() > 1e-4
    for matrix in (R, mean):
        assert matrix.dtype == np.float64
        assert (matrix == matrix.T).all()
        assert (np.diag(matrix) == 1).all()


def test_ld_of_aligned_variants_knows_its_panel(panel):
    table = aligned_rows(panel)
    expected = panel_ld(table, panel)
    np.testing.assert_array_equal(panel_ld(table[["panel_index", "flipped"]], panel), expected)
    with pytest.raises(InputError, match="no column panel_index, flipped"):
        panel_ld(table[["chrom", "pos"]], panel)
    for index in ([1, 0, 4], [0, 1, 99], [-1, 0, 1]):
        with pytest.raises(InputError, match=r"not those of panel .* align them again"):
            panel_ld(table.assign(panel_index=index), panel)
    with pytest.raises(InputError, match="missing is 'zero'; expected 'pairwise' or 'mean'"):
        panel_ld(table, panel, missing="zero")
    with pytest.raises(InputError, match="panel is of type str"):
        panel_ld(table, "a.bed")


def test_ld_of_copies_and_opposites(tmp_path):
    one = random_counts(50, [0.4], seed=3)
    counts = np.hstack([one, one, 2 - one])
    names = [("1", i, f"rs{i}", "A", "G") for i in (1, 2, 3)]
    panel = read_panel(write_panel(tmp_path / "p", counts, names))
    rows = pd.DataFrame({"panel_index": range(3), "flipped": [False, True, False]})
    np.testing.assert_allclose(panel_ld(rows, panel), [[1, -1, -1], [-1, 1, 1], [-1, 1, 1]])
    assert np.abs(panel_ld(None, panel)).max() == 1


def test_ld_refuses_what_does_not_vary(panel):
    rows = pd.DataFrame({"panel_index": [0, 5], "flipped": False})
    with pytest.raises(
        InputError, match=r"'tiny': 1 variant\(s\) do not vary among 400 people, fi"
    ):
        panel_ld(rows, panel)


def test_bundled_data():
    panel = read_panel(demo_panel_prefix())
    gwas = read_sumstats(demo_sumstats_path()).table
    table, drops = align_to_panel(gwas, panel)
    assert len(table) + sum(counts_of(drops).values()) == len(gwas) == 15935
    assert counts_of(drops) == {
        "palindromic and frequency within 0.1 of one half": 148,
        "palindromic and frequency does not tell the strand": 17,
    }
    assert (table["eaf"] - table["panel_eaf"]).abs().max() < 0.1
    locus = table[table["pos"].between(43.0e6, 43.9e6)]
    R = panel_ld(locus, panel)
    z = locus["z"].to_numpy()
    i, j = np.nonzero(np.triu(np.abs(R) > 0.95, 1) & (np.abs(np.outer(z, z)) > 9))
    assert len(i) > 20
    assert (np.sign(R[i, j]) == np.sign(z[i] * z[j])).all()
