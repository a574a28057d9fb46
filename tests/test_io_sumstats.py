"""Summary statistics: what is read, what is dropped, what is refused."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqgen.errors import InputError, MissingFileError, SeqgenWarning
from seqgen.io.resources import demo_sumstats_path
from seqgen.io.sumstats import read_sumstats
from seqgen.schemas import DROPS, SUMSTATS

HEADER = ["rsid", "chrom", "pos", "effect_allele", "other_allele", "eaf", "beta", "se", "p", "n"]
ROWS = [
    ["rs1", "1", "100", "A", "G", "0.3", "0.2", "0.1", "0.0455", "1000"],
    ["rs2", "1", "200", "C", "T", "0.1", "-0.3", "0.1", "0.0027", "1000"],
    ["rs3", "2", "50", "AT", "A", "0.5", "0.0", "0.1", "1", "900"],
]


def write(tmp_path: Path, rows, header=HEADER, *, sep="\t", name="gwas.tsv") -> Path:
    path = tmp_path / name
    path.write_text("\n".join(sep.join(row) for row in [header, *rows]) + "\n")
    return path


def changed(position: int, **values: str) -> list[list[str]]:
    """ROWS with some cells of one row replaced."""
    rows = [list(row) for row in ROWS]
    for name, value in values.items():
        rows[position][HEADER.index(name)] = value
    return rows


def reasons(drops: pd.DataFrame) -> dict[str, int]:
    return dict(zip(drops["reason"], drops["count"], strict=True))


@pytest.fixture
def plain(tmp_path) -> pd.DataFrame:
    return read_sumstats(write(tmp_path, ROWS)).table


def test_plain_names(plain):
    assert plain.columns.tolist() == SUMSTATS.names
    assert plain["chrom"].tolist() == ["1", "1", "2"]
    np.testing.assert_allclose(plain["z"], [2, -3, 0])
    np.testing.assert_allclose(plain["neg_log10_p"], -np.log10([0.0455, 0.0027, 1]))
    assert plain["n"].tolist() == [1000, 1000, 900]


@pytest.mark.parametrize("sep", ["\t", ",", ";", " ", "   "])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("packed", [False, True])
def test_separators_line_ends_and_compression_do_not_matter(tmp_path, plain, sep, end, packed):
    text = "\ufeff## made by x\n" + end.join(sep.join(row) for row in [HEADER, *ROWS])
    data = text.encode()
    path = tmp_path / "gwas.txt"
    path.write_bytes(gzip.compress(data) if packed else data)
    counted = read_sumstats(path)
    pd.testing.assert_frame_equal(counted.table, plain)
    assert counted.drops.empty


def test_leading_blanks_and_quotes(tmp_path, plain):
    text = "\n".join("  " + "  ".join(row) for row in [HEADER, *ROWS])
    (tmp_path / "a.txt").write_text(text)
    pd.testing.assert_frame_equal(read_sumstats(tmp_path / "a.txt").table, plain)
    quoted = "\n".join(",".join(f'"{cell}"' for cell in row) for row in [HEADER, *ROWS])
    (tmp_path / "b.csv").write_text(quoted)
    pd.testing.assert_frame_equal(read_sumstats(tmp_path / "b.csv").table, plain)


def test_rows_are_sorted(tmp_path, plain):
    path = write(tmp_path, [ROWS[2], ROWS[1], ROWS[0]])
    pd.testing.assert_frame_equal(read_sumstats(path).table, plain)


def test_fastgwa_bundled():
    table, drops = read_sumstats(demo_sumstats_path())
    assert len(table) == 15935
    assert drops[["action", "count"]].to_numpy().tolist() == [["kept", 981]]  # palindromic
    assert table["chrom"].unique().tolist() == ["22"]
    row = table.set_index("rsid").loc["rs131538"]
    assert (row["effect_allele"], row["other_allele"]) == ("A", "G")
    assert row["eaf"] == pytest.approx(0.0494925)
    assert table["neg_log10_p"].max() == pytest.approx(24.98, abs=0.01)


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("chrom", "NA", "chrom missing"),
        ("chrom", "7_random", "chrom is not 1 to 22, X, Y or MT"),
        ("pos", ".", "pos missing"),
        ("pos", "0", "pos is not a whole number from 1 to 300,000,000"),
        ("pos", "-5", "pos is not a whole number from 1 to 300,000,000"),
        ("pos", "10.5", "pos is not a whole number from 1 to 300,000,000"),
        ("pos", "999999999999", "pos is not a whole number from 1 to 300,000,000"),
        ("pos", "here", "pos is not a whole number from 1 to 300,000,000"),
        ("effect_allele", "", "effect_allele missing"),
        ("effect_allele", "N", "effect_allele holds other letters than A, C, G, T"),
        ("other_allele", "NA", "other_allele missing"),
        ("other_allele", "<DEL>", "other_allele holds other letters than A, C, G, T"),
        ("other_allele", "c", "the two alleles are the same"),
        ("beta", "NaN", "beta missing"),
        ("beta", "x", "beta is not a number"),
        ("beta", "inf", "beta is not a number"),
        ("se", "NULL", "se missing"),
        ("se", "0", "se is not above 0"),
        ("se", "-0.1", "se is not above 0"),
        ("p", "1.01", "p is outside 0 to 1"),
        ("p", "-0.1", "p is outside 0 to 1"),
        ("p", "small", "p is not a number"),
    ],
)
def test_a_bad_row_is_dropped_under_its_reason(tmp_path, plain, column, value, reason):
    table, drops = read_sumstats(write(tmp_path, changed(1, **{column: value})))
    assert reasons(drops) == {reason: 1}
    assert drops["action"].tolist() == ["dropped"]
    DROPS.validate(drops)
    expected = plain.drop(index=1).reset_index(drop=True)
    pd.testing.assert_frame_equal(table, expected)


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("eaf", "1.2", "eaf is outside 0 to 1: left missing"),
        ("eaf", "-9", "eaf is outside 0 to 1: left missing"),
        ("eaf", "rare", "eaf is not a number: left missing"),
        ("n", "0", "n is no sample size: left missing"),
        ("n", "1e12", "n is no sample size: left missing"),
        ("n", "many", "n is not a number: left missing"),
    ],
)
def test_a_bad_side_value_is_left_missing(tmp_path, column, value, reason):
    table, drops = read_sumstats(write(tmp_path, changed(1, **{column: value})))
    assert reasons(drops) == {reason: 1}
    assert drops["action"].tolist() == ["changed"]
    assert table[column].isna().tolist() == [False, True, False]


@pytest.mark.parametrize("token", ["", ".", "NA", "-", "nan", "NULL", "None", "#NA"])
def test_missing_frequency_name_and_n_do_not_drop(tmp_path, token):
    rows = changed(1, eaf=token, rsid=token, n=token)
    table, drops = read_sumstats(write(tmp_path, rows))
    assert table.loc[1, ["eaf", "rsid", "n"]].isna().all()
    assert (len(table), len(drops)) == (3, 0)


def test_a_missing_p_is_computed(tmp_path):
    table, drops = read_sumstats(write(tmp_path, changed(1, p="NA")))
    assert reasons(drops) == {"p missing: computed from z": 1}
    assert table.loc[1, "p"] == pytest.approx(0.0026998, rel=1e-4)


def test_p_of_zero_and_below_what_a_number_holds(tmp_path):
    rows = changed(1, p="0", beta="-40", se="1")
    table, drops = read_sumstats(write(tmp_path, rows))
    assert reasons(drops) == {"p is 0: computed from beta and se": 1}
    assert drops["action"].tolist() == ["changed"]
    assert table.loc[1, "neg_log10_p"] == pytest.approx(349.13598, abs=1e-4)
    table, drops = read_sumstats(write(tmp_path, changed(1, p="2.5E-90000")))
    assert reasons(drops) == {"beta/se and p disagree: both kept as given": 1}
    assert table.loc[1, "p"] == 0
    assert table.loc[1, "neg_log10_p"] == pytest.approx(90000 - np.log10(2.5))
    table, _ = read_sumstats(write(tmp_path, changed(1, p="3e-320")))
    assert table.loc[1, "neg_log10_p"] == pytest.approx(320 - np.log10(3), abs=1e-9)


def test_positions_with_commas_and_points(tmp_path):
    rows = changed(0, pos="123,456,789")
    rows[1][2] = "2e2"
    rows[2][2] = "50.0"
    table, drops = read_sumstats(write(tmp_path, rows))
    assert sorted(table["pos"]) == [50, 200, 123456789]
    assert reasons(drops) == {"pos written with thousands commas": 1}


@pytest.mark.parametrize(
    ("name", "expected"),
    [("chr1", "1"), ("CHR01", "1"), ("23", "X"), ("chrX", "X"), ("24", "Y"), ("M", "MT"),
     ("26", "MT"), ("1.0", "1")],
)  # fmt: skip
def test_chromosome_names(tmp_path, name, expected):
    table, _ = read_sumstats(write(tmp_path, changed(0, chrom=name, pos="7")))
    assert table.set_index("rsid").loc["rs1", "chrom"] == expected


def test_names_that_are_no_rsids(tmp_path):
    rows = changed(0, rsid="1:100:A:G")
    rows[1][0] = "rs2_rs77"
    rows[2][0] = "1:50:RS3"
    table, drops = read_sumstats(write(tmp_path, rows))
    assert table["rsid"].fillna("-").tolist() == ["-", "rs2", "rs3"]
    assert reasons(drops) == {
        "name holds more than an rsID: its first rsID taken": 2,
        "name is no rsID: left missing": 1,
    }


def test_repeats(tmp_path, plain):
    turned = ["rs1", "1", "100", "G", "A", "0.7", "-0.2", "0.1", "0.0455", "1000"]
    table, drops = read_sumstats(write(tmp_path, [*ROWS, ROWS[1], turned]))
    pd.testing.assert_frame_equal(table, plain)
    assert reasons(drops) == {"repeats an earlier row of the same variant": 2}
    clash = ["rs1", "1", "100", "G", "A", "0.7", "0.2", "0.1", "0.0455", "1000"]
    table, drops = read_sumstats(write(tmp_path, [*ROWS, clash]))
    assert table["rsid"].tolist() == ["rs2", "rs3"]
    assert list(reasons(drops).values()) == [2]
    other = ["rs1", "1", "100", "A", "C", "0.1", "0.9", "0.1", "1e-19", "1000"]
    table, drops = read_sumstats(write(tmp_path, [*ROWS, other]))
    assert (len(table), len(drops)) == (4, 0)


def select(names: str, rows=ROWS) -> tuple[list[list[str]], list[str]]:
    header = names.split()
    return [[row[HEADER.index(c)] for c in header] for row in rows], header


PLACE = "rsid chrom pos effect_allele other_allele "


def test_se_from_beta_and_p(tmp_path):
    table, drops = read_sumstats(write(tmp_path, *select(PLACE + "beta p")))
    assert reasons(drops) == {
        "effect is 0 and there is no se": 1,
        "se derived from beta and p": 2,
    }
    np.testing.assert_allclose(table["se"], [0.1, 0.1], rtol=1e-3)
    assert table["n"].isna().all()


def test_p_of_zero_without_se_is_dropped(tmp_path):
    rows, header = select(PLACE + "beta p", changed(1, p="0"))
    _, drops = read_sumstats(write(tmp_path, rows, header))
    assert reasons(drops)["p is missing or 0 and there is no se"] == 1


@pytest.mark.parametrize("frequency", ["eaf", "MAF"])
def test_effect_from_z_n_and_frequency(tmp_path, frequency):
    header = [*PLACE.split(), frequency, "z", "n"]
    rows = [
        ["rs1", "1", "100", "A", "G", "0.3", "2", "1000"],
        ["rs2", "1", "200", "C", "T", "0.1", "-3", "NA"],
        ["rs3", "2", "50", "AT", "A", "0", "1", "900"],
        ["rs4", "2", "60", "T", "A", "0.5", "0", "900"],
    ]
    table, drops = read_sumstats(write(tmp_path, rows, header))
    assert table["rsid"].tolist() == ["rs1", "rs4"]
    np.testing.assert_allclose(table["se"], [1 / np.sqrt(0.42 * 1004), 1 / np.sqrt(0.5 * 900)])
    np.testing.assert_allclose(table["beta"] / table["se"], [2, 0])
    assert table["eaf"].isna().all() == (frequency == "MAF")
    got = reasons(drops)
    assert got["n missing, so no beta from z"] == 1
    assert got["allele frequency missing, 0 or 1, so no beta from z"] == 1


def test_n_may_be_given(tmp_path):
    header = [*PLACE.split(), "eaf", "z"]
    table, _ = read_sumstats(
        write(tmp_path, [["rs1", "1", "1", "A", "G", ".3", "2"]], header), n=500
    )
    assert table["n"].tolist() == [500]
    with pytest.raises(InputError, match="no column for beta, se, n"):
        read_sumstats(write(tmp_path, [["rs1", "1", "1", "A", "G", ".3", "2"]], header))
    with pytest.raises(InputError, match="n: 0 is no sample size"):
        read_sumstats(write(tmp_path, ROWS), n=0)
    assert set(read_sumstats(write(tmp_path, ROWS), n=77).table["n"]) == {77}


def test_beta_from_z_and_se_and_se_from_beta_and_z(tmp_path):
    rows = [["rs1", "1", "1", "A", "G", "2", "0.1"]]
    table, _ = read_sumstats(write(tmp_path, rows, [*PLACE.split(), "z", "se"]))
    assert table["beta"].tolist() == [0.2]
    table, _ = read_sumstats(write(tmp_path, rows, [*PLACE.split(), "z", "beta"]))
    assert table["se"].tolist() == [0.05]
    rows = [["rs1", "1", "1", "A", "G", "2", "-0.1"], ["rs2", "1", "2", "A", "G", "2", "0.1"]]
    table, drops = read_sumstats(write(tmp_path, rows, [*PLACE.split(), "z", "beta"]))
    assert (len(table), reasons(drops)["beta and z differ in sign"]) == (1, 1)


def test_neg_log10_p_column(tmp_path):
    rows, header = select(PLACE + "beta se p", changed(1, p="2.569"))
    rows[0][-1], rows[2][-1] = "1.342", "0"
    header[-1] = "LOG10P"
    table, drops = read_sumstats(write(tmp_path, rows, header))
    np.testing.assert_allclose(table["p"], [0.0455, 0.0027, 1], rtol=1e-3)
    assert drops.empty
    for row in rows:
        row[-1] = "-" + row[-1] if row[-1] != "0" else "-0.1"
    with pytest.raises(InputError, match="change its sign"):
        read_sumstats(write(tmp_path, rows, header))


def test_a_column_of_p_that_is_neg_log10_p(tmp_path):
    rows = [["rs1", "1", str(i), *ROWS[0][3:8], f"{i / 10}", "9"] for i in range(1, 100)]
    with pytest.raises(InputError, match=r"89 values above 1 among 99 .*neg_log10_p"):
        read_sumstats(write(tmp_path, rows))
    rows, header = select(PLACE + "beta p", rows)
    header[-1] = "x"
    table = read_sumstats(write(tmp_path, rows, header), columns={"neg_log10_p": "x"}).table
    assert table["neg_log10_p"].max() == 9.9


def test_one_chromosome(tmp_path):
    table, drops = read_sumstats(write(tmp_path, ROWS), chrom="chr2")
    assert table["rsid"].tolist() == ["rs3"]
    assert reasons(drops) == {"not on chromosome 2": 2}
    rows, header = select("rsid pos effect_allele other_allele beta se")
    table, _ = read_sumstats(write(tmp_path, rows, header), chrom=22)
    assert set(table["chrom"]) == {"22"}
    with pytest.raises(InputError, match="chrom: '40'"):
        read_sumstats(write(tmp_path, ROWS), chrom="40")


def test_overrides(tmp_path, plain):
    header = ["a", "b", "c", "A1", "A2", "f", "EFFECT", "s", "Z", "N"]
    columns = {"rsid": "a", "chrom": "b", "pos": "c", "effect_allele": "A1", "other_allele": "A2",
               "eaf": "f", "se": "s", "p": "Z"}  # fmt: skip
    table, _ = read_sumstats(write(tmp_path, ROWS, header), columns=columns)
    pd.testing.assert_frame_equal(table, plain)


def test_a_frequency_not_used_is_on_record(tmp_path):
    header = ["MAF" if c == "eaf" else c for c in HEADER]
    table, drops = read_sumstats(write(tmp_path, ROWS, header))
    assert table["eaf"].isna().all()
    assert drops[["action", "count"]].to_numpy().tolist() == [["kept", 3]]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ("rsid chrom effect_allele other_allele beta se", r"no column for pos\nfound: rsid, chrom"),
        ("rsid pos effect_allele other_allele beta se", r"no column for chrom\n"),
        ("rsid chrom pos effect_allele beta se", r"no column for other_allele\n"),
        (PLACE + "se p", r"no column for beta, z\n"),
        (PLACE + "beta", r"no column for se, p\n"),
    ],
)
def test_missing_columns_name_what_was_found_and_sought(tmp_path, names, message):
    with pytest.raises(InputError, match=message) as caught:
        read_sumstats(write(tmp_path, *select(names)))
    assert "gwas.tsv" in str(caught.value)
    assert "looked for: " in str(caught.value)
    assert "columns={'" in str(caught.value)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "gwas.txt: is empty"),
        (b"\n\n", "is empty"),
        (b"## only\n", "is empty"),
        ("\t".join(HEADER).encode(), "header and no variants"),
        ("\t".join(HEADER).encode() + b"\n\n", "header and no variants"),
        (b"a\0b\n", "binary or UTF-16"),
        (b"PK\x03\x04xxxx", "zip file"),
        (b"PAR1xxxx", "Parquet file"),
        (
            gzip.compress("\t".join(HEADER).encode() + b"\n" + b"x\t" * 99, mtime=0)[:-9],
            "damaged or cut",
        ),
        (b"\x1f\x8bnonsense", "damaged"),
        (b"foo bar\n1 2\n", "no column for chrom, pos, effect_allele, other_allele, beta, z"),
    ],
)
def test_files_that_are_none(tmp_path, data, message):
    path = tmp_path / "gwas.txt"
    path.write_bytes(data)
    with pytest.raises(InputError, match=message):
        read_sumstats(path)


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(MissingFileError, match="no such file"):
        read_sumstats(tmp_path / "none")
    with pytest.raises(InputError, match="is a folder"):
        read_sumstats(tmp_path)


@pytest.mark.parametrize("sep", ["\t", " ", ","])
@pytest.mark.parametrize(("at", "line"), [(0, 3), (2, 6)])
@pytest.mark.parametrize("cut", [True, False])
def test_a_ragged_line_is_named(tmp_path, sep, at, line, cut):
    rows = [list(row) for row in ROWS]
    rows[at] = rows[at][:-1] if cut else [*rows[at], "1"]
    rows.insert(1, [""])  # blank lines are counted and let pass
    path = tmp_path / "gwas.txt"
    path.write_text("##x\n" + "\n".join(sep.join(row) for row in [HEADER, *rows]))
    with pytest.raises(InputError, match=rf"gwas.txt line {line}: has {9 if cut else 11} fields"):
        read_sumstats(path)


def test_a_ragged_line_far_down(tmp_path):
    rows = [["rs1", "1", str(i + 1), *ROWS[0][3:]] for i in range(40_000)]
    rows[33_333] = rows[33_333][:5]
    with pytest.raises(InputError, match=r"line 33335: has 5 fields"):
        read_sumstats(write(tmp_path, rows))
    path = write(tmp_path, rows)
    path.write_bytes(gzip.compress(path.read_bytes()))
    with pytest.raises(InputError, match=r"line 33335: has 5 fields"):
        read_sumstats(path)


def test_when_no_row_is_left_the_counts_are_told(tmp_path):
    rows = [[*row[:7], "0", *row[8:]] for row in ROWS]
    with pytest.raises(InputError, match=r"no row is left[\s\S]*3  dropped: se is not above 0"):
        read_sumstats(write(tmp_path, rows))


def test_disagreement_of_effect_and_p_is_warned_about(tmp_path):
    rng = np.random.default_rng(0)
    rows = [
        [f"rs{i}", "1", str(i + 1), "A", "G", "0.5", f"{np.exp(b):.6f}", "0.05",
         f"{2 * 0.5 ** (1 + abs(b) * 40):.3g}", "100"]
        for i, b in enumerate(rng.normal(0, 0.1, 60))
    ]  # fmt: skip
    with pytest.warns(SeqgenWarning, match=r"gwas\.tsv: beta/se and p agree for only"):
        read_sumstats(write(tmp_path, rows))


cells = st.sampled_from(
    ["", "NA", ".", "0", "1", "-1", "0.5", "1e-400", "1e400", "x", "A", "AT", "rs5", "22", "X"]
)


@given(rows=st.lists(st.lists(cells, min_size=10, max_size=10), min_size=1, max_size=8))
@settings(max_examples=40, deadline=None)
def test_every_row_is_kept_or_counted(tmp_path_factory, rows):
    path = tmp_path_factory.getbasetemp() / "any.tsv"
    good = ["rs9", "3", "9", "A", "C", "0.2", "0.1", "0.1", "0.3", "50"]
    path.write_text("\n".join("\t".join(row) for row in [HEADER, *rows, good]))
    table, drops = read_sumstats(path)
    dropped = drops.loc[drops["action"] == "dropped", "count"].sum()
    assert len(table) + dropped == len(rows) + 1
    SUMSTATS.validate(table)
