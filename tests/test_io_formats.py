"""Files of many makes: read right, or refused in words; never read wrong in silence."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from seqgen.errors import InputError
from seqgen.io.genotypes import read_panel
from seqgen.io.ld import align_to_panel, panel_ld
from seqgen.io.sumstats import read_sumstats

SHARED = Path(os.environ.get("SEQGEN_SHARED_DATA", Path(__file__).parents[2] / "shared/data"))
FORMATS = SHARED / "sumstats_formats" / "generated"
LOCUS = SHARED / "loci" / "LDLRAP1" / "EUR_1_25268937_26268937"
SAME = ["chrom", "pos", "effect_allele", "other_allele", "eaf", "beta", "se"]


def shared(path: Path) -> Path:
    if not path.exists():
        pytest.skip(f"{path} is not there (SEQGEN_SHARED_DATA may name the folder)")
    return path


@pytest.fixture
def base() -> pd.DataFrame:
    return read_sumstats(shared(FORMATS / "00_base_unambiguous.tsv")).table


@pytest.mark.parametrize(
    "name",
    ["02_a0_a1.tsv", "03_alt_ref.tsv", "04_space_delim.txt", "06_gz.tsv.gz", "07_crlf.tsv",
     "12_duplicate_rows.tsv", "13_duplicate_position.tsv", "30_mlog10p.tsv",
     "31_lowercase_alleles.tsv", "45_comment_lines.tsv", "48_info_filter.tsv"],
)  # fmt: skip
def test_the_same_study_in_another_make_reads_the_same(base, name):
    table = read_sumstats(shared(FORMATS / name)).table
    pd.testing.assert_frame_equal(table[SAME], base[SAME])
    np.testing.assert_allclose(table["neg_log10_p"], base["neg_log10_p"], rtol=1e-6)


@pytest.mark.parametrize("letter", "abcdefgh")
def test_tokens_for_a_missing_frequency(base, letter):
    table = read_sumstats(shared(FORMATS / f"18{letter}_missing_token.tsv")).table
    assert table["rsid"].equals(base["rsid"])
    assert table.loc[table["eaf"].isna(), "rsid"].tolist() == ["rs9320913"]


@pytest.mark.parametrize(
    ("name", "reason", "count", "left"),
    [
        ("15_p_zero.tsv", "p is 0: computed from beta and se", 1, 93),
        ("16_p_out_of_range.tsv", "p is outside 0 to 1", 8, 85),
        ("21_multi_rs.tsv", "name holds more than an rsID: its first rsID taken", 1, 93),
        ("25_no_se.tsv", "se derived from beta and p", 93, 93),
        ("34_bad_positions.tsv", "pos is not a whole number from 1 to 300,000,000", 3, 89),
        ("36_bad_n.tsv", "n is no sample size: left missing", 2, 93),
        ("37_maf_not_eaf.tsv",
         "column MAF not used as eaf: it does not say it is the effect allele's frequency", 93, 93),
    ],
)  # fmt: skip
def test_quirks_are_counted(name, reason, count, left):
    table, drops = read_sumstats(shared(FORMATS / name))
    assert drops.set_index("reason").loc[reason, "count"] == count
    assert len(table) == left
    if name.startswith("15"):
        p = table.set_index("rsid").loc["rs9320913", "p"]
        assert p == pytest.approx(1.24e-15, rel=0.01)


def test_sex_chromosomes_and_mitochondria_are_kept():
    table = read_sumstats(shared(FORMATS / "19_xymt.tsv")).table
    assert len(table) == 93
    assert {"X", "Y", "MT"} <= set(table["chrom"])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("01_a1_a2_ambiguous.tsv", "A1, A2 do not say which is the effect allele"),
        ("24_no_signed_col.tsv", "no column for beta, z"),
        ("39_multitrait.tsv", "no column for beta, z"),
        ("40_dup_header.tsv", "'Pval' stands 2 times"),
        ("42_empty.tsv", "header and no variants"),
        ("43_zero_bytes.tsv", "is empty"),
        ("46_leading_space_cols.assoc.linear", "no column for other_allele"),
    ],
)
def test_what_is_not_read_is_refused_in_words(name, message):
    with pytest.raises(InputError, match=message):
        read_sumstats(shared(FORMATS / name))


def test_a_named_pair_gives_the_base_result(base):
    path = shared(FORMATS / "01_a1_a2_ambiguous.tsv")
    table = read_sumstats(path, columns={"effect_allele": "A1", "other_allele": "A2"}).table
    pd.testing.assert_frame_equal(table, base)


def test_a_locus_with_z_only():
    path = shared(Path(f"{LOCUS}.txt"))
    columns = {"pos": "POS19", "effect_allele": "A1", "other_allele": "A2"}
    table, drops = read_sumstats(path, columns=columns)
    assert len(table) == 1593
    assert table["eaf"].isna().all()
    assert set(drops["action"]) == {"kept", "changed"}
    panel = read_panel(LOCUS)
    aligned = align_to_panel(table, panel, palindromic="as-written").table
    assert (len(aligned), aligned["flipped"].sum()) == (1593, 0)
    R = panel_ld(aligned, panel, missing="mean")
    z = aligned["z"].to_numpy()
    i, j = np.nonzero(np.triu(np.abs(R) > 0.9, 1) & (np.abs(z)[:, None] > 5) & (np.abs(z) > 5))
    assert len(i) > 10_000
    assert (np.sign(R[i, j]) == np.sign(z[i] * z[j])).all()
    strict = align_to_panel(table, panel)
    assert len(strict.table) == 1398
