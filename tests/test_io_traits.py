"""Tables of traits, covariates and expression, as tools write them."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from seqgen.errors import InputError, MissingFileError
from seqgen.io.traits import read_traits
from seqgen.schemas import DROPS

SHARED = Path(os.environ.get("SEQGEN_SHARED_DATA", Path(__file__).parents[2] / "shared/data"))
REFERENCE = SHARED / "plink_tensorqtl_ref"
needs_reference = pytest.mark.skipif(not REFERENCE.is_dir(), reason=f"{REFERENCE} is not there")


def put(tmp_path, text: str, name: str = "t.txt") -> Path:
    path = tmp_path / name
    data = text.encode()
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


def check(got, people, traits, values):
    assert got.values.index.tolist() == list(people)
    assert got.values.columns.tolist() == list(traits)
    assert (got.values.dtypes == np.float64).all()
    np.testing.assert_array_equal(got.values.to_numpy(), values)
    DROPS.validate(got.drops)


def told(got) -> dict[str, tuple[str, int, str]]:
    return {reason: (action, count, example) for _, reason, action, count, example in
            got.drops.itertuples(index=False)}  # fmt: skip


# --- PLINK's layout ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header", ["FID IID height bmi", "#FID IID height bmi", "fid\tiid\theight\tbmi",
               "FID,IID,height,bmi"],
)  # fmt: skip
@pytest.mark.parametrize("name", ["t.txt", "t.pheno.gz"])
def test_plink_with_a_header(tmp_path, header, name):
    lines = "\n".join([header, "f1 001 1.7 NA", "f2 002 -9 25"])
    mark = "\t" if "\t" in header else "," if "," in header else " "
    got = read_traits(put(tmp_path, lines.replace(" ", mark) + "\n", name))
    check(got, ["001", "002"], ["height", "bmi"], [[1.7, np.nan], [np.nan, 25]])
    ((action, count, example),) = told(got).values()
    assert (action, count, example) == ("changed", 1, "height of 002")
    assert got.genes is None


def test_plink_with_iid_alone_and_columns_that_are_no_traits(tmp_path):
    got = read_traits(
        put(tmp_path, "#IID SID PAT MAT SEX y\na 0 0 0 1 3\nb 0 0 0 0 4\nc 0 0 0 2 5\n")
    )
    check(got, "abc", ["SEX", "y"], [[1, 3], [np.nan, 4], [2, 5]])
    assert list(told(got).values()) == [("changed", 1, "SEX of b")]


def test_sex_coded_0_and_1_stays(tmp_path):
    got = read_traits(put(tmp_path, "IID SEX y\na 0 3\nb 1 4\n"))
    check(got, "ab", ["SEX", "y"], [[0, 3], [1, 4]])


def test_plink_without_a_header(tmp_path):
    got = read_traits(put(tmp_path, "f1 a 0.5\nf2 b -9\nf3 c NA\n"))
    check(got, "abc", ["trait_1"], [[0.5], [np.nan], [np.nan]])
    assert list(told(got).values()) == [("changed", 1, "trait_1 of b")]


def test_minus_nine_is_missing_in_every_column_of_plinks_files_and_in_no_others(tmp_path):
    got = read_traits(put(tmp_path, "FID IID SEX y\n1 a -9 -9\n2 b 2 3.5\n3 c 0 -9.0\n"))
    check(got, "abc", ["SEX", "y"], [[np.nan, np.nan], [2, 3.5], [np.nan, np.nan]])
    assert list(told(got).values()) == [("changed", 3, "SEX of a"), ("changed", 1, "SEX of c")]
    several = put(tmp_path, "FID IID x y\n1 a 1.5 -9\n2 b -9 3.5\n3 c -8 -9.5\n")
    for how in ({}, {"binary": False}):
        got = read_traits(several, **how)
        check(got, "abc", ["x", "y"], [[1.5, np.nan], [np.nan, 3.5], [-8, -9.5]])
        ((reason, counted),) = told(got).items()
        assert "-9, PLINK's missing value" in reason
        assert counted == ("changed", 2, "y of a")
    check(read_traits(several, columns=["y"]), "abc", ["y"], [[np.nan], [3.5], [-9.5]])
    got = read_traits(put(tmp_path, "sample y\na -9\nb 3.5\n"))
    check(got, "ab", ["y"], [[-9], [3.5]])
    assert got.drops.empty


def test_fam(tmp_path):
    path = put(tmp_path, "f a 0 0 1 1.5\nf b 0 0 2 -9\ng c a b 0 2.5\n", "p.fam")
    check(read_traits(path), "abc", ["SEX", "PHENO"], [[1, 1.5], [2, np.nan], [np.nan, 2.5]])
    path.write_text("f a 0 0 1 2\nf b 0 0 2 -9\ng c 0 0 1 1\ng d 0 0 1 0\n")
    with pytest.raises(InputError, match=r"'PHENO' holds only 1 and 2.*binary=True"):
        read_traits(path)
    got = read_traits(path, columns=["PHENO"], binary=True)
    check(got, "abcd", ["PHENO"], [[1], [np.nan], [0], [np.nan]])
    assert [(a, n) for a, n, _ in told(got).values()] == [("changed", 1), ("changed", 1),
                                                         ("changed", 2)]  # fmt: skip
    check(read_traits(path, columns=["PHENO"], binary=False), "abcd", ["PHENO"],
          [[2], [np.nan], [1], [0]])  # fmt: skip
    path.write_text("f a 0 0 1\n")
    with pytest.raises(InputError, match="has 5 fields; expected 6: FID IID PAT MAT SEX PHENO"):
        read_traits(path)


@pytest.mark.parametrize("text", ["FID IID case\n1 a 1\n1 b 2\n1 c -9\n",
                                  "FID IID case x\n1 a 1 5\n1 b 2 6\n1 c -9 7\n",
                                  "IID SEX case x\na 1 1 5\nb 2 2 6\nc 1 -9 7\n"])  # fmt: skip
@pytest.mark.parametrize("columns", [["case"], ["case", "SEX"]])
def test_codes_of_cases_are_judged_by_the_columns_read(tmp_path, text, columns):
    path = put(tmp_path, text)
    columns = [name for name in columns if name in text]
    with pytest.raises(InputError, match=r"'case' holds only 1 and 2.*binary=True"):
        read_traits(path, columns=columns)
    case = read_traits(path, columns=columns, binary=False).values["case"]
    np.testing.assert_array_equal(case, [1, 2, np.nan])
    case = read_traits(path, columns=columns, binary=True).values["case"]
    np.testing.assert_array_equal(case, [0, 1, np.nan])
    if "x" in text:  # among several that are read, numbers stay numbers
        got = read_traits(path, columns=["case", "x"])
        check(got, "abc", ["case", "x"], [[1, 5], [2, 6], [np.nan, 7]])
        check(read_traits(path, columns="x"), "abc", ["x"], [[5], [6], [7]])


def test_binary(tmp_path):
    path = put(tmp_path, "sample case other\na 1 0\nb 2 1\nc NA 1\n")
    check(read_traits(path), "abc", ["case", "other"], [[1, 0], [2, 1], [np.nan, 1]])
    check(read_traits(path, binary=True), "abc", ["case", "other"], [[0, 0], [1, 1], [np.nan, 1]])
    path = put(tmp_path, "sample case\na 1\nb 3\n")
    with pytest.raises(InputError, match=r"'case' of 'b' is 3; expected 0/1"):
        read_traits(path, binary=True)


def test_repeated_iids_take_the_family(tmp_path):
    path = put(tmp_path, "FID IID y\nf 1 0.5\ng 1 1.5\n")
    assert read_traits(path).values.index.tolist() == ["f:1", "g:1"]
    path = put(tmp_path, "FID IID y\nNA 1 0.5\nNA 1 1.5\n")
    with pytest.raises(InputError, match="person '0:1' comes twice"):
        read_traits(path)


# --- one column of names -------------------------------------------------------------------

ROWS = "sample\tage\tpc1\nann\t40\t0.1\nben\t50\t\ncleo\t60\t0.3\n"
ROW_VALUES = [[40, 0.1], [50, np.nan], [60, 0.3]]
COLUMNS = "ID\tann\tben\tcleo\nage\t40\t50\t60\npc1\t0.1\tNA\t0.3\n"
NAMES = ["ann", "ben", "cleo"]


@pytest.mark.parametrize("people", [None, ["ben", "zoe"], pd.Index(NAMES)])
def test_people_in_rows(tmp_path, people):
    check(read_traits(put(tmp_path, ROWS), people=people), NAMES, ["age", "pc1"], ROW_VALUES)


@pytest.mark.parametrize("how", [{"people": ["ben"]}, {"orientation": "people-in-columns"}])
@pytest.mark.parametrize("name", ["t.txt", "t.tsv.gz"])
def test_people_in_columns(tmp_path, how, name):
    check(read_traits(put(tmp_path, COLUMNS, name), **how), NAMES, ["age", "pc1"], ROW_VALUES)


def test_a_table_is_not_turned_without_a_reason(tmp_path):
    got = read_traits(put(tmp_path, COLUMNS))
    assert got.values.index.tolist() == ["age", "pc1"]
    with pytest.raises(InputError, match=r"0 of 1 people.*'zoe'.*'age'.*0 in its header.*'ann'"):
        read_traits(put(tmp_path, COLUMNS), people=["zoe"])
    for how in ("people-in-rows", "people-in-columns"):
        with pytest.raises(InputError, match="none of its"):
            read_traits(put(tmp_path, COLUMNS), people=["zoe"], orientation=how)
    with pytest.raises(InputError, match="orientation is 'rows'; expected auto"):
        read_traits(put(tmp_path, COLUMNS), orientation="rows")


@pytest.mark.parametrize(
    "text",
    [ROWS.replace("\t", ","), ROWS.replace("sample\t", "\t"),
     ROWS.replace("\t\n", "\tNA\n").replace("\t", " "),
     ROWS.replace("sample\t", "").replace("\t\n", "\tNA\n"),  # R's names of rows
     "##made by hand\n" + ROWS,
     ROWS.replace("\t\n", "\tNA\n").replace("ann\t40\t", "ann\t40 ")
     .replace("ben\t50\t", "ben\t50 ").replace("cleo\t60\t", "cleo\t60 ")],
)  # fmt: skip
def test_ways_of_writing_a_table(tmp_path, text):
    check(read_traits(put(tmp_path, text)), NAMES, ["age", "pc1"], ROW_VALUES)


def test_columns_are_chosen_in_order(tmp_path):
    for text, how in ((ROWS, {}), (COLUMNS, {"people": NAMES})):
        path = put(tmp_path, text)
        got = read_traits(path, columns=["pc1", "age"], **how)
        check(got, NAMES, ["pc1", "age"], np.array(ROW_VALUES)[:, ::-1])
        check(read_traits(path, columns="age", **how), NAMES, ["age"], [[40], [50], [60]])
        with pytest.raises(InputError, match="columns: bmi not there; its 2 traits are age, pc1"):
            read_traits(path, columns=["age", "bmi"], **how)
        with pytest.raises(InputError, match="one twice"):
            read_traits(path, columns=["age", "age"], **how)


def test_text_is_told_by_person_and_column(tmp_path):
    path = put(tmp_path, "sample sex age\nann 1 40\nben M 50\n")
    with pytest.raises(
        InputError,
        match=r"t.txt line 3: 'M' of 'ben', column 'sex', is no number \(1 such.*; correct it",
    ):
        read_traits(path)
    check(read_traits(path, columns=["age"]), ["ann", "ben"], ["age"], [[40], [50]])


@pytest.mark.parametrize("name", ["t.txt", "t.tsv.gz"])
@pytest.mark.parametrize(
    ("old", "new", "message"),
    [("60", "M", r"line 6: 'M' of 'cleo', column 'age', is no number \(1 such values\); correct"),
     ("60", "1e400", r"line 6: the value of 'cleo', column 'age', is infinite or too large"),
     ("0.1", "-inf", r"line 3: the value of 'ann', column 'pc1', is infinite"),
     ("50", "1e5O", r"line 5: '1e5O' of 'ben'")],
)  # fmt: skip
def test_a_value_that_is_none_is_told_by_its_line(tmp_path, name, old, new, message):
    # A preamble and blank lines count as lines.
    text = "##made by hand\nsample age pc1\nann 40 0.1\n\nben 50 0.2\ncleo 60 0.3\n"
    path = put(tmp_path, text.replace(old, new), name)
    with pytest.raises(InputError, match=message) as caught:
        read_traits(path)
    assert "categories" not in str(caught.value)
    other = "age" if old == "0.1" else "pc1"
    assert len(read_traits(path, columns=other).values) == 3


def test_lines_are_told_without_a_header_and_of_people_in_columns(tmp_path):
    with pytest.raises(InputError, match=r"line 2: 'x' of 'b', column 'trait_1'"):
        read_traits(put(tmp_path, "f a 1.5\nf b x\n"))
    with pytest.raises(InputError, match=r"line 3: the value of 'pc1', column 'ben', is infinite"):
        read_traits(put(tmp_path, COLUMNS.replace("NA", "inf")), people=NAMES)


def test_many_words_are_categories(tmp_path):
    path = put(tmp_path, "id site age\na NY 40\nb LA 50\nc 1 60\nd 2 70\n")
    with pytest.raises(InputError, match=r"line 2: 'NY'.*\(2 such.*categories as 0/1 columns"):
        read_traits(path)
    frame = pd.DataFrame({"IID": ["a", "b", "c"], "y": ["1.5", "2", "high"]})
    frame.to_parquet(tmp_path / "t.parquet", index=False)
    with pytest.raises(InputError, match=r"t.parquet row 3: 'high' of 'c'.*correct it"):
        read_traits(tmp_path / "t.parquet")


def test_a_file_without_a_header_says_so_where_a_column_is_asked_for(tmp_path):
    path = put(tmp_path, "\nf1 a 0.5 1\nf2 b 1.5 3\n")
    with pytest.raises(
        InputError,
        match=r"height not there; line 2 was read as a person.*'FID IID height'.*header=True.*or "
        r"trait_1, trait_2",
    ):
        read_traits(path, columns=["height"])
    check(read_traits(path, columns=["trait_2"]), "ab", ["trait_2"], [[1], [3]])
    path = put(tmp_path, "f a 0 0 1 1.5\n", "p.fam")
    with pytest.raises(InputError, match="its 2 traits are SEX, PHENO"):
        read_traits(path, columns=["height"])


@pytest.mark.parametrize(
    ("names", "people", "told"),
    [("a b", ["a_a", "b_b"], "'a_a' asked for looks like FID_IID of 'a' in this file"),
     ("a b", ["fam_1_a", "x"], "'fam_1_a' asked for looks like FID_IID of 'a'"),
     ("a_1 c", ["f_a_1"], "'f_a_1' asked for looks like FID_IID of 'a_1'"),
     ("a_1 c", ["a_1_a_1"], "'a_1_a_1' asked for looks like FID_IID of 'a_1'"),
     ("7 8", [f"{k}_{k}" for k in range(9)], "'7_7' asked for looks like FID_IID of '7'"),
     ("f_a b", ["a"], "'f_a' in this file looks like FID_IID of 'a' asked for"),
     ("a b", ["a1_c", "c"], "")],
)  # fmt: skip
@pytest.mark.parametrize("plink", [True, False])
def test_people_named_by_family_and_person_are_told(tmp_path, names, people, told, plink):
    header = "FID IID y\n" if plink else "sample y\n"
    lines = "".join(f"{'0 ' if plink else ''}{name} 1.5\n" for name in names.split())
    with pytest.raises(InputError, match="write the names alike") as caught:
        read_traits(put(tmp_path, header + lines), people=people)
    assert told in str(caught.value)
    assert ("--recode vcf-iid" in str(caught.value)) == bool(told)


def test_numbers_as_people(tmp_path):
    path = put(tmp_path, "ID 1001 1002 1003\nage 40 50 60\n")
    got = read_traits(path, people=["1002"])
    check(got, ["1001", "1002", "1003"], ["age"], [[40], [50], [60]])
    path = put(tmp_path, "cov 1001 1002 1003\nage 40 50 60\n")
    got = read_traits(path, people=["1002", "1003"])
    check(got, ["1001", "1002", "1003"], ["age"], [[40], [50], [60]])
    path = put(tmp_path, "1001 40\n1002 50\n")
    with pytest.raises(InputError, match=r"line 1: holds '1001 40'.*header=True"):
        read_traits(path)
    path = put(tmp_path, "cov 1001 1002 1003\nage 40 50 60\n")
    got = read_traits(path, orientation="people-in-columns", header=True)
    check(got, ["1001", "1002", "1003"], ["age"], [[40], [50], [60]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sample y\na 1\na 2\n", r"person 'a' comes twice \(1 repeats\)"),
        ("sample y y\na 1 2\n", "column 'y' comes twice"),
        ("sample\ty\t\na\t1\t2\n", "'' comes twice or has no name"),
        ("sample\ty\tz\na\t1\t\t\n", "has 4 fields, the header has 3"),
        ("sample y z\na 1 2\nb 1\n", r"line 3: has 2 fields"),
        ("sample y\n", "a header and no line of values"),
        ("sample\na\n", "has one column"),
        ("FID IID\na b\n", "expected at least one trait"),
        ("sample\ty\n\t1\nb\t2\n", r"1 row\(s\) have no name in column 'sample'"),
        ("IID y\na 1\n", ""),
        ("", "is empty; expected a line of column names and lines of values"),
    ],
)
def test_tables_that_are_wrong(tmp_path, text, message):
    path = put(tmp_path, text)
    if not message:
        with pytest.raises(InputError, match="so it has people-in-rows"):
            read_traits(path, orientation="people-in-columns")
        return
    with pytest.raises(InputError, match=message):
        read_traits(path)


def test_missing_and_damaged_files(tmp_path):
    with pytest.raises(MissingFileError, match="no such file"):
        read_traits(tmp_path / "nothing.tsv")
    path = put(tmp_path, ROWS * 2000, "t.tsv.gz")
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match="damaged or cut short"):
        read_traits(path)
    path.write_bytes(path.read_bytes()[:15])
    with pytest.raises(InputError, match="damaged or cut short"):
        read_traits(path)


def test_parquet(tmp_path):
    values = pd.DataFrame(ROW_VALUES, index=NAMES, columns=["age", "pc1"])
    path = tmp_path / "t.parquet"
    values.to_parquet(path)
    check(read_traits(path), NAMES, ["age", "pc1"], ROW_VALUES)
    values.T.to_parquet(path)
    check(read_traits(path, people=NAMES), NAMES, ["age", "pc1"], ROW_VALUES)
    values.rename_axis("IID").reset_index().to_parquet(path, index=False)
    check(read_traits(path, columns=["pc1"]), NAMES, ["pc1"], np.array(ROW_VALUES)[:, 1:])


# --- expression BED ------------------------------------------------------------------------

BED = """#chr start end gene_id ann ben cleo
chr1 99 100 G1 0.5 1.5 NA
X 0 50 G2 2 3 4
"""
BED_VALUES = [[0.5, 2], [1.5, 3], [np.nan, 4]]


def genes(got) -> list:
    assert got.genes.columns.tolist() == ["gene", "chrom", "start", "end"]
    return got.genes.to_numpy().tolist()


@pytest.mark.parametrize("people", [None, ["ben"]])
@pytest.mark.parametrize("name", ["e.bed", "e.bed.gz"])
def test_expression_bed(tmp_path, name, people):
    got = read_traits(put(tmp_path, BED.replace(" ", "\t"), name), people=people)
    check(got, NAMES, ["G1", "G2"], BED_VALUES)
    assert genes(got) == [["G1", "1", 100, 100], ["G2", "X", 1, 50]]


def test_the_six_columns_of_qtltools(tmp_path):
    lines = BED.splitlines()
    lines[0] = lines[0].replace("gene_id", "pid gid strand")
    lines[1] = lines[1].replace("G1", "G1 1049 +")
    lines[2] = lines[2].replace("G2", "G2 77 .")
    # tabs in the header and blanks below, as its own example has it
    text = "\n".join([lines[0].replace(" ", "\t"), *lines[1:]]) + "\n"
    got = read_traits(put(tmp_path, text, "e.bed"), columns=["G2"])
    check(got, NAMES, ["G2"], [[2], [3], [4]])
    assert genes(got) == [["G2", "X", 1, 50]]


def test_a_bed_whose_second_person_is_missing_throughout(tmp_path):
    text = "#chr start end gene_id a b c\n1 1 2 G 5 NA 6\n"
    check(read_traits(put(tmp_path, text)), "abc", ["G"], [[5], [np.nan], [6]])


def test_expression_in_parquet(tmp_path):
    frame = pd.DataFrame({"chr": ["chr1", "X"], "start": [99, 0], "end": [100, 50],
                          "phenotype_id": ["G1", "G2"], "ann": [0.5, 2], "ben": [1.5, 3],
                          "cleo": [np.nan, 4]})  # fmt: skip
    path = tmp_path / "e.parquet"
    for table in (frame, frame.set_index("phenotype_id")):
        table.to_parquet(path)
        got = read_traits(path)
        check(got, NAMES, ["G1", "G2"], BED_VALUES)
        assert genes(got) == [["G1", "1", 100, 100], ["G2", "X", 1, 50]]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [("G2", "G1", r"trait 'G1' comes twice"), ("99 100", "99 98", "'G1' is at chr1:99-98"),
     ("99 100", "-1 98", "'G1' is at"), ("cleo", "ben", "'ben' comes twice"),
     ("1.5", "high", "'high' of 'G1', column 'ben'")],
)  # fmt: skip
def test_expression_beds_that_are_wrong(tmp_path, old, new, message):
    with pytest.raises(InputError, match=message):
        read_traits(put(tmp_path, BED.replace(old, new)))


def test_a_bed_is_not_turned(tmp_path):
    with pytest.raises(InputError, match=r"begins with #chr, start, end, gene_id, so it has"):
        read_traits(put(tmp_path, BED), orientation="people-in-rows")
    with pytest.raises(InputError, match="none of its 3 people"):
        read_traits(put(tmp_path, BED), people=["zoe"])


# --- files of other tools ------------------------------------------------------------------


@needs_reference
def test_tables_beside_tensorqtl():
    folder = REFERENCE / "transqtl"
    people = [f"s{k}" for k in range(200)]
    expression = read_traits(folder / "expression.tsv", people=people)
    expected = pd.read_csv(folder / "expression.tsv", sep="\t", index_col=0).T
    assert expression.values.shape == (200, 40)
    np.testing.assert_array_equal(expression.values, expected)
    covariates = read_traits(folder / "covariates.tsv", people=people)
    assert covariates.values.shape == (200, 3)
    assert covariates.values.index.tolist() == expression.values.index.tolist() == people
    quantitative = read_traits(REFERENCE / "epistasis" / "q500.fam", columns=["PHENO"])
    assert abs(quantitative.values["PHENO"].iloc[0] + 0.0700646) < 1e-12
    cases = read_traits(REFERENCE / "epistasis" / "cc500miss.fam", columns=["PHENO"], binary=True)
    assert set(cases.values["PHENO"]) == {0.0, 1.0}
