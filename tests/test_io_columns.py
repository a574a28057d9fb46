"""Which column is which, and when not to guess."""

from __future__ import annotations

import pytest

from seqgen.errors import InputError
from seqgen.io.columns import SYNONYMS, normalise, recognise

PLACE = ["CHR", "POS"]


def found(header, overrides=None):
    layout = recognise(header, overrides)
    return {standard: layout.named(standard) for standard in layout.columns}


def test_every_synonym_is_normalised_and_belongs_to_one_column():
    names = [name for synonyms in SYNONYMS.values() for name in synonyms]
    assert len(names) == len(set(names))
    assert names == [normalise(name) for name in names]


def test_fastgwa_has_a1_as_effect_allele():
    got = found(["CHR", "SNP", "POS", "A1", "A2", "N", "AF1", "BETA", "SE", "P"])
    assert (got["effect_allele"], got["other_allele"], got["eaf"]) == ("A1", "A2", "AF1")


@pytest.mark.parametrize("gone", ["AF1", "N", "SE", "BETA", "P", "SNP", "CHR", "POS"])
def test_a1_and_a2_without_all_signs_of_fastgwa_are_refused(gone):
    header = [
        c for c in ["CHR", "SNP", "POS", "A1", "A2", "N", "AF1", "BETA", "SE", "P"] if c != gone
    ]
    with pytest.raises(InputError, match=r"A1, A2 do not say.*'effect_allele': 'A1'"):
        recognise(header)


@pytest.mark.parametrize(
    ("header", "effect", "other"),
    [
        (["EA", "NEA"], "EA", "NEA"),
        (["effect_allele", "Other.Allele"], "effect_allele", "Other.Allele"),
        (["A0", "A1"], "A1", "A0"),
        (["ALLELE0", "ALLELE1"], "ALLELE1", "ALLELE0"),
        (["REF", "ALT"], "ALT", "REF"),
        (["REF", "ALT", "EA", "OA"], "EA", "OA"),
    ],
)
def test_alleles_whose_meaning_is_fixed(header, effect, other):
    got = found([*PLACE, *header])
    assert (got["effect_allele"], got["other_allele"]) == (effect, other)


@pytest.mark.parametrize(
    "header",
    [["A1", "A2"], ["Allele1", "Allele2"], ["A1", "REF", "ALT"], ["A0", "A1", "A2"], ["A1"],
     ["A1", "A2", "REF", "ALT"]],
)  # fmt: skip
def test_alleles_that_are_not_guessed(header):
    with pytest.raises(InputError, match="effect_allele"):
        recognise([*PLACE, *header])


def test_one_override_settles_its_partner():
    assert found(["A1", "A2"], {"effect_allele": "A2"})["other_allele"] == "A1"
    assert found(["A1", "A2"], {"other_allele": "A2"})["effect_allele"] == "A1"


def test_frequency_of_a1_is_not_that_of_a2():
    assert "eaf" not in found(["A1", "A2", "AF1"], {"effect_allele": "A2"})
    assert found(["A1", "A2", "AF1"], {"effect_allele": "A1"})["eaf"] == "AF1"
    assert found(["A1", "A2", "AF1"], {"effect_allele": "A2", "eaf": "AF1"})["eaf"] == "AF1"


@pytest.mark.parametrize("name", ["MAF", "Freq", "AF", "FRQ"])
def test_a_frequency_that_does_not_say_whose_is_remarked_on(name):
    layout = recognise(["EA", "NEA", name])
    assert "eaf" not in layout.columns
    assert name in layout.remarks[0]


def test_overrides_go_first_and_must_be_there():
    assert found(["BETA", "EFFECT"], {"beta": "EFFECT"})["beta"] == "EFFECT"
    with pytest.raises(InputError, match=r"'Effect' as beta.*0 times.*found BETA"):
        recognise(["BETA"], {"beta": "Effect"})
    with pytest.raises(InputError, match=r"'bet' is no column.*chrom, pos"):
        recognise(["BETA"], {"bet": "BETA"})


def test_two_claims_to_one_column():
    with pytest.raises(InputError, match=r"BETA and EFFECT could each be beta.*columns="):
        recognise(["BETA", "EFFECT"])
    with pytest.raises(InputError, match="'P' stands 2 times"):
        recognise(["P", "P"])
    assert found(["SNPID", "rsID"])["rsid"] == "rsID"
