"""Sex chromosomes: one copy counts as two, and what a sex cannot have is missing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tiny_panels import write_panel

from seqgen.errors import InputError
from seqgen.io.genotypes import read_genotypes
from seqgen.io.ploidy import BOTH_ALLELES, WOMAN_ON_Y

VARIANTS = [
    ("23", 50_000_000, "x", "A", "G"),
    ("X", 1_000_000, "par1", "A", "G"),
    ("X", 155_000_000, "par2", "A", "G"),
    ("25", 50_000_001, "split", "A", "G"),
    ("PAR1", 2_000_000, "par", "A", "G"),
    ("Y", 20_000_000, "y", "A", "G"),
    ("26", 100, "mt", "A", "G"),
    ("1", 100, "auto", "A", "G"),
]
SEX = (1, 2, 0, 1)  # man, woman, not known, man
NAN = np.nan


@pytest.fixture
def prefix(tmp_path) -> Path:
    counts = np.ones((4, len(VARIANTS)))
    counts[3] = 2
    write_panel(tmp_path / "p", counts, VARIANTS)
    lines = "".join(f"f p{k} 0 0 {sex} -9\n" for k, sex in enumerate(SEX))
    (tmp_path / "p.fam").write_text(lines)
    return tmp_path / "p"


def test_both_alleles_in_a_man_are_missing_outside_the_pseudo_autosomal_regions(prefix):
    panel = read_genotypes(prefix)
    assert panel.variants["chrom"].tolist() == [*["X"] * 5, "Y", "MT", "1"]
    got = panel.genotypes(np.arange(8))
    expected = np.ones((4, 8))
    expected[3] = 2
    expected[0, [0, 5]] = NAN  # the man, on X and Y
    expected[1, 5] = NAN  # the woman on Y
    np.testing.assert_array_equal(got, expected)
    np.testing.assert_array_equal(panel.genotypes(np.array([7, 0]))[:, 1], [NAN, 1, 1, 2])
    np.testing.assert_allclose(panel.frequencies(np.array([0])), 4 / 6)
    told = dict(zip(panel.drops["reason"], panel.drops["count"], strict=True))
    assert told == {BOTH_ALLELES: 2, WOMAN_ON_Y: 1}
    assert panel.take(np.array([0])).drops.equals(panel.drops)
    some = read_genotypes(prefix, region="X:50000000", people=["p0", "p1"])
    np.testing.assert_array_equal(some.genotypes(np.array([0])), [[NAN], [1]])


def test_without_sex_calls_stay(prefix):
    Path(f"{prefix}.fam").write_text("".join(f"f p{k} 0 0 0 -9\n" for k in range(4)))
    panel = read_genotypes(prefix)
    np.testing.assert_array_equal(panel.genotypes(np.array([0, 5])), [[1, 1]] * 3 + [[2, 2]])
    assert panel.drops.empty


def test_plink_2_has_the_same_rule_for_calls_and_leaves_dosages(tmp_path):
    pytest.importorskip("pgenlib", reason="pgenlib is not installed: pip install pgenlib")
    from test_io_pgen import write_pgen

    variants = [("X", 50_000_000, "x", "A", "G"), ("PAR1", 2_000_000, "par", "A", "G")]
    prefix = write_pgen(tmp_path / "a", np.array([[1.0, 1], [1, 1], [2, 1]]), variants)
    panel = read_genotypes(prefix)  # man, woman, man
    np.testing.assert_array_equal(panel.genotypes(np.arange(2)), [[NAN, 1], [1, 1], [2, 1]])
    assert panel.drops["count"].tolist() == [1]
    dosages = read_genotypes(prefix, field="DS")
    np.testing.assert_array_equal(dosages.genotypes(np.array([0]))[:, 0], [1, 1, 2])
    assert dosages.drops.empty


def test_a_vcf_says_one_or_one_and_one(tmp_path):
    pytest.importorskip("cyvcf2")
    from test_io_vcf import write_vcf

    rows = ["chrX 50000000 a A G . GT 1 1/1 0 0/0", "chrX 50000001 b A G . GT 0/1 1 . 0|0"]
    got = read_genotypes(write_vcf(tmp_path / "a.vcf", rows))
    np.testing.assert_array_equal(got.genotypes(np.arange(2)), [[2, 1], [2, 2], [0, NAN], [0, 0]])
    assert got.drops["count"].tolist() == [3]


def test_chosen_people(prefix):
    for people, message in (
        (["p1"], "1 asked for; expected two or more"),
        (["p1", "p1"], "person 'p1' comes twice"),
        (["p1", "q"], r"1 of 2 are not in .*p\.fam, such as 'q'"),
        ("p1", "is one name; expected a list"),
    ):
        with pytest.raises(InputError, match=message):
            read_genotypes(prefix, people=people)
    got = read_genotypes(prefix, people=["p3", "p1"])
    assert got.people.tolist() == ["p1", "p3"]
    np.testing.assert_array_equal(got.genotypes(np.array([7])), [[1], [2]])
