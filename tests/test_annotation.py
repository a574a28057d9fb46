"""rsID to residue, with the alleles held against the change."""

from __future__ import annotations

import pandas as pd
import pytest

import seqgen
from seqgen.annotation import annotate
from seqgen.errors import InputError
from seqgen.io.resources import demo_sumstats_path
from seqgen.schemas import MISSENSE_MAP


def sumstats(*rows):
    frame = pd.DataFrame(rows, columns=["rsid", "effect_allele", "other_allele"])
    return frame.assign(chrom="1", pos=range(1, len(frame) + 1))


def missense(*rows):
    frame = pd.DataFrame(rows, columns=["rsid", "gene", "uniprot", "position", "ref_aa", "alt_aa"])
    return MISSENSE_MAP.validate(frame.assign(clinical=None, checked=True))


R_TO_C = missense(("rs1", "G", "P1", 5, "R", "C"))


@pytest.mark.parametrize(
    ("effect", "other", "expected"),
    [("T", "C", "effect"), ("C", "T", "other"), ("A", "G", "effect"), ("G", "A", "other")],
)
def test_arginine_to_cysteine_is_c_to_t_on_either_strand(effect, other, expected):
    out = annotate(sumstats(("rs1", effect, other)), R_TO_C)
    assert out.table["allele_check"].tolist() == [expected]
    assert out.drops.empty


def test_alleles_that_cannot_make_the_change_are_dropped_and_counted():
    out = annotate(sumstats(("rs1", "A", "C"), ("rs1", "T", "C")), R_TO_C)
    assert len(out.table) == 1
    told = out.drops.set_index("reason")["count"]
    assert told["alleles cannot make the residue change"] == 1
    assert "G R5C" in out.drops["example"].iloc[0]


def test_indels_are_dropped_under_their_own_reason():
    out = annotate(sumstats(("rs1", "TA", "C"), ("rs1", "T", "C")), R_TO_C)
    assert out.drops["reason"].str.contains("single-base").tolist() == [True]


def test_missing_rsids_are_counted_and_all_missing_is_an_error():
    table = sumstats(("rs1", "T", "C"), (None, "T", "C"))
    out = annotate(table, R_TO_C)
    assert out.drops[["reason", "action", "count"]].to_numpy().tolist() == [["no rsID", "kept", 1]]
    with pytest.raises(InputError, match="rsID"):
        annotate(table.iloc[1:], R_TO_C)


def test_one_rsid_in_two_proteins_gives_two_rows():
    two = missense(("rs1", "G", "P1", 5, "R", "C"), ("rs1", "H", "P2", 9, "R", "C"))
    assert len(annotate(sumstats(("rs1", "T", "C")), two).table) == 2


def test_of_two_residue_changes_only_the_one_the_alleles_make_is_kept():
    two = missense(("rs1", "G", "P1", 5, "R", "C"), ("rs1", "G", "P1", 5, "R", "P"))
    assert annotate(sumstats(("rs1", "T", "C")), two).table["alt_aa"].tolist() == ["C"]


def test_demo_gwas_has_the_known_missense_variants():
    table = seqgen.read_sumstats(demo_sumstats_path()).table
    changes = annotate(table, seqgen.missense_map()).table
    named = set(
        changes["gene"]
        + " "
        + changes["ref_aa"]
        + changes["position"].astype(str)
        + changes["alt_aa"]
    )
    assert {"RIBC2 R253C", "SMC1B L1050M", "FAM118A R239H", "ARFGAP3 S355R"} <= named
    assert len(changes) > 150
