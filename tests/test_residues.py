import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqgen.errors import InputError
from seqgen.residues import (
    BASES,
    BLOSUM62,
    BLOSUM62_FREQUENCIES,
    CODONS,
    ResidueChange,
    alleles_fit_change,
    clean_sequence,
    format_change,
    parse_change,
)
from seqgen.schemas import AMINO_ACIDS

COMPLEMENT = str.maketrans("ACGT", "TGCA")
residues = st.sampled_from(AMINO_ACIDS)
bases = st.sampled_from("ACGT")


def test_cleaning_follows_the_stated_rule():
    assert clean_sequence(" mkUOBZJX* \n") == "MKCKXXXX"


@settings(deadline=None, max_examples=50)
@given(st.text(AMINO_ACIDS + "UOBZJX", min_size=1))
def test_cleaning_keeps_length_and_settles(sequence):
    cleaned = clean_sequence(sequence)
    assert len(cleaned) == len(sequence)
    assert clean_sequence(cleaned) == cleaned


@pytest.mark.parametrize(
    ("sequence", "found"),
    [
        ("MK*VL", r"P1: '\*' at position 3 is a stop inside"),
        ("MKV**", r"'\*' at position 4"),
        ("MK-VL", "'-' at position 3 is not a residue"),
        ("MK1", "'1' at position 3"),
        ("MKé", "'É' at position 3"),
        ("", "P1: the protein sequence is empty"),
        ("*", "is empty"),
    ],
)
def test_cleaning_refuses(sequence, found):
    with pytest.raises(InputError, match=found):
        clean_sequence(sequence, "P1")


@pytest.mark.parametrize(
    "text",
    ["R253C", "p.R253C", "p.Arg253Cys", "p.(Arg253Cys)", "NP_056533.1:p.Arg253Cys", " r253c "],
)
def test_parse_change_reads_the_usual_forms(text):
    assert parse_change(text) == ("R", 253, "C")


@pytest.mark.parametrize(
    ("text", "change"),
    [("p.Arg5Ter", ("R", 5, "*")), ("R5*", ("R", 5, "*")), ("p.Arg5=", ("R", 5, "R")),
     ("p.Sec5Cys", ("U", 5, "C"))],
)  # fmt: skip
def test_parse_change_reads_stops_and_equals(text, change):
    assert parse_change(text) == change


@pytest.mark.parametrize(
    "text", ["", "R253", "253C", "R0C", "R253fs", "p.Arg253del", "Arg253_Lys254insGly", "R-5C", "x"]
)
def test_parse_change_refuses(text):
    with pytest.raises(InputError, match="not the replacement of one residue"):
        parse_change(text)


@settings(deadline=None, max_examples=50)
@given(st.builds(ResidueChange, residues, st.integers(1, 40000), residues), st.booleans())
def test_change_survives_the_round_trip(change, three_letter):
    assert parse_change(format_change(change, three_letter=three_letter)) == change


def test_blosum62_is_the_published_matrix():
    score = pd.DataFrame(BLOSUM62, index=list(AMINO_ACIDS), columns=list(AMINO_ACIDS))
    assert (BLOSUM62 == BLOSUM62.T).all()
    assert np.tril(BLOSUM62).sum() == -155  # as the matrix's own log prints it
    assert (BLOSUM62.max(), BLOSUM62.min()) == (11, -4)
    assert [score.loc[a, b] for a, b in ("WW", "CC", "RK", "IV", "FY", "DN", "AS", "PW")] == [
        11, 9, 2, 3, 3, 1, 1, -4,
    ]  # fmt: skip
    assert BLOSUM62_FREQUENCIES.sum() == pytest.approx(1)
    expected = BLOSUM62_FREQUENCIES @ BLOSUM62 @ BLOSUM62_FREQUENCIES / 2
    assert expected == pytest.approx(-0.5209, abs=0.03)  # bits; scores are rounded


def test_codons_are_the_standard_code():
    assert len(CODONS) == 64
    assert sum(residue == "*" for residue in CODONS.values()) == 3
    assert [CODONS[c] for c in ("ATG", "TGG", "TAA", "CGT", "AGA", "GGG")] == list("MW*RRG")


@pytest.mark.parametrize(
    ("change", "alleles", "verdict"),
    [
        ("RC", "TC", "first"),  # CGN>TGN, T makes cysteine
        ("RC", "CT", "second"),
        ("RC", "AG", "first"),  # the same on the other strand
        ("RC", "AC", "none"),
        ("LM", "AC", "first"),  # CTG>ATG; on the other strand G>T
        ("LM", "GT", "second"),
        ("IM", "GA", "first"),  # ATA>ATG
        ("IM", "TG", "second"),  # ATT>ATG
        ("IM", "CG", "either"),  # ATC>ATG; on the other strand G>C
        ("WK", "AG", "none"),  # needs two bases
    ],
)
def test_alleles_fit_change_by_hand(change, alleles, verdict):
    assert alleles_fit_change(*change, *alleles) == verdict


def by_codon(ref, alt, first, second):
    """Whether ``second`` to ``first`` makes the change, by trying every codon and strand."""
    strands = [(second, first), (second.translate(COMPLEMENT), first.translate(COMPLEMENT))]
    for one, other in strands:
        for codon, residue in CODONS.items():
            for place in range(3):
                if residue == ref and codon[place] == one:
                    mutated = codon[:place] + other + codon[place + 1 :]
                    if CODONS[mutated] == alt:
                        return True
    return False


@settings(deadline=None, max_examples=50)
@given(residues, residues, bases, bases)
def test_alleles_fit_change_equals_brute_force(ref, alt, a, b):
    fits = ref != alt and a != b
    first, second = fits and by_codon(ref, alt, a, b), fits and by_codon(ref, alt, b, a)
    expected = {(0, 0): "none", (1, 0): "first", (0, 1): "second", (1, 1): "either"}
    verdict = alleles_fit_change(ref, alt, a, b)
    assert verdict == expected[first, second]
    swapped = {"first": "second", "second": "first"}
    assert alleles_fit_change(ref, alt, b, a) == swapped.get(verdict, verdict)
    strand = (a.translate(COMPLEMENT), b.translate(COMPLEMENT))
    assert alleles_fit_change(ref, alt, *strand) == verdict


def test_alleles_fit_change_takes_columns_and_odd_values():
    frame = pd.DataFrame(
        [("R", "C", "t", "C"), ("R", "C", "TT", "C"), ("R", "U", "T", "C"), ("R", None, "T", "C"),
         ("R", "C", "T", "-"), ("R", "C", "", "C")],
        columns=["ref", "alt", "a", "b"],
    )  # fmt: skip
    verdict = alleles_fit_change(frame["ref"], frame["alt"], frame["a"], frame["b"])
    assert verdict.tolist() == ["first", "none", "none", "none", "none", "none"]
    assert BASES == "TCAG"
