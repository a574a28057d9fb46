"""Lists of gene pairs: each dialect read, repeats merged, every row left out counted."""

from __future__ import annotations

import gzip

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqgen.errors import InputError, MissingFileError
from seqgen.io.gene_pairs import read_gene_pairs
from seqgen.schemas.evidence import GENE_PAIRS

LINKS = """protein1 protein2 combined_score
9606.ENSP00000000001 9606.ENSP00000000002 490
9606.ENSP00000000002 9606.ENSP00000000001 490
9606.ENSP00000000001 9606.ENSP00000000003 198
9606.ENSP00000000001 9606.ENSP00000000009 700
"""
INFO = """#string_protein_id\tpreferred_name\tprotein_size\tannotation
9606.ENSP00000000001\tAKT2\t481\tRAC-beta kinase; the "second, and 5' end
9606.ENSP00000000002\tBAD\t168\tBcl2-associated agonist
9606.ENSP00000000003\tFOXO1\t655\tForkhead box
"""
BIOGRID = [
    "#BioGRID Interaction ID", "Entrez Gene Interactor A", "Entrez Gene Interactor B",
    "Official Symbol Interactor A", "Official Symbol Interactor B", "Experimental System",
    "Organism ID Interactor A", "Organism ID Interactor B", "Score", "Qualifications",
]  # fmt: skip


def written(tmp_path, text, name="pairs.tsv"):
    path = tmp_path / name
    if name.endswith(".gz"):
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return path


def counts(found):
    return dict(zip(found.drops["reason"], found.drops["count"], strict=True))


@pytest.mark.parametrize("separator", ["\t", ",", ";", " "])
@pytest.mark.parametrize("name", ["pairs.txt", "pairs.txt.gz"])
def test_plain_lists(tmp_path, separator, name):
    lines = [("gene_1", "gene_2", "score"), ("AKT2", "BAD", "0.5"), ("BAD", "FOXO1", "1e-2")]
    text = "".join(separator.join(line) + "\n" for line in lines)
    found = read_gene_pairs(written(tmp_path, text, name))
    assert found.table.values.tolist() == [["AKT2", "BAD", 0.5], ["BAD", "FOXO1", 0.01]]
    assert not len(found.drops)
    GENE_PAIRS.validate(found.table)


def test_without_scores_there_is_no_such_column(tmp_path):
    found = read_gene_pairs(written(tmp_path, "GeneA\tgeneB\nAKT2\tBAD\n"))
    assert found.table.columns.tolist() == ["gene_1", "gene_2"]


def test_repeats_in_either_order_are_one_pair_of_the_larger_score(tmp_path):
    text = "gene_1\tgene_2\tscore\nA\tB\t1\nC\tC\t9\nB\tA\t3\nA\tC\t2\nA\tB\t2\nA\t\t1\nB\tC\tNA\n"
    found = read_gene_pairs(written(tmp_path, text))
    assert found.table.values.tolist() == [["A", "B", 3.0], ["A", "C", 2.0]]
    assert counts(found) == {
        "lacks the name of a gene": 1,
        "lacks a score": 1,
        "a gene with itself": 1,
        "a pair that came before, in either order": 2,
    }
    assert "line=4" in found.drops["example"].iloc[3]


@settings(max_examples=30)
@given(st.lists(st.tuples(st.sampled_from("ABCD"), st.sampled_from("ABCD"), st.integers(0, 99)),
                min_size=1, max_size=20))  # fmt: skip
def test_any_list_equals_a_loop(tmp_path_factory, rows):
    expected: dict[frozenset, float] = {}
    for one, two, score in rows:
        if one != two:
            pair = frozenset((one, two))
            expected[pair] = max(score, expected.get(pair, 0))
    text = "gene_1 gene_2 score\n" + "".join(f"{a} {b} {s}\n" for a, b, s in rows)
    path = written(tmp_path_factory.mktemp("pairs"), text)
    if not expected:
        with pytest.raises(InputError, match="no pair of genes is left"):
            read_gene_pairs(path)
        return
    found = read_gene_pairs(path)
    told = {frozenset((row.gene_1, row.gene_2)): row.score for row in found.table.itertuples()}
    assert told == expected
    assert len(found.table) + found.drops["count"].sum() == len(rows)


def test_string_identifiers_need_the_file_of_names(tmp_path):
    links = written(tmp_path, LINKS, "9606.protein.links.txt.gz")
    with pytest.raises(
        InputError, match=r"line 2: '9606\.ENSP00000000001' is an identifier of STR"
    ):
        read_gene_pairs(links)
    info = written(tmp_path, INFO, "9606.protein.info.txt.gz")
    table = pd.read_csv(info, sep="\t", quoting=3)
    mapping = dict(zip(table["#string_protein_id"], table["preferred_name"], strict=True))
    for names in (info, table, mapping):
        found = read_gene_pairs(links, names=names, min_score=200)
        assert found.table.values.tolist() == [["AKT2", "BAD", 490.0]]
        assert counts(found) == {
            "an identifier that names gives no gene for": 1,
            "score below 200": 1,
            "a pair that came before, in either order": 1,
        }
    with pytest.raises(InputError, match="expected string_protein_id and preferred_name"):
        read_gene_pairs(links, names=links)


def test_string_tables_of_names(tmp_path):
    text = (
        "stringId_A\tstringId_B\tpreferredName_A\tpreferredName_B\tncbiTaxonId\tscore\n"
        "9606.ENSP1\t9606.ENSP2\tAKT2\tBAD\t9606\t0.999\n"
        "10090.ENSMUSP1\t10090.ENSMUSP2\tAkt2\tBad\t10090\t0.9\n"
    )
    found = read_gene_pairs(written(tmp_path, text))
    assert found.table.values.tolist() == [["AKT2", "BAD", 0.999]]
    assert counts(found) == {"of another organism than taxon 9606": 1}


def test_biogrid(tmp_path):
    rows = [
        ["1", "2", "3", "AKT2", "BAD", "Two-hybrid", "9606", "9606", "-", 'a "quote never closed'],
        ["2", "3", "2", "BAD", "AKT2", "Affinity", "9606", "9606", "0.7", "-"],
        ["3", "3", "4", "BAD", "Bcl2", "Affinity", "9606", "10090", "0.9", "-"],
        ["4", "2", "5", "AKT2", "FOXO1", "Affinity", "9606", "9606", "-", "-"],
    ]
    path = written(tmp_path, "".join("\t".join(row) + "\n" for row in [BIOGRID, *rows]))
    found = read_gene_pairs(path)
    assert found.table.values.tolist() == [["AKT2", "BAD"], ["AKT2", "FOXO1"]]
    assert counts(found) == {
        "of another organism than taxon 9606": 1,
        "a pair that came before, in either order": 1,
    }
    scored = read_gene_pairs(path, score="Score", taxon=None)
    assert scored.table.values.tolist() == [["BAD", "AKT2", 0.7], ["BAD", "Bcl2", 0.9]]
    assert counts(scored) == {"lacks a score": 2}
    with pytest.raises(InputError, match=r"min_score=0\.5, but no column of scores"):
        read_gene_pairs(path, min_score=0.5)


def test_columns_of_other_names(tmp_path):
    path = written(tmp_path, '"from","to","r"\n"AKT2","BAD, long",0.1\n')
    found = read_gene_pairs(path, columns=("from", "to"), score="r")
    assert found.table.values.tolist() == [["AKT2", "BAD, long", 0.1]]
    quoted = written(tmp_path, '"gene_1"\t"gene_2"\n"AKT2"\t"BAD"\n', "r.tsv")
    assert read_gene_pairs(quoted).table.values.tolist() == [["AKT2", "BAD"]]


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("AKT2\tBAD\n", {}, "line 1: no columns of two genes; found AKT2, BAD"),
        ("from\tto\nA\tB\n", {"columns": ("from", "too")}, "columns: .* has no column 'too'"),
        ("from\tto\nA\tB\n", {"columns": ("from", "from")}, "'from' is named twice"),
        ("from\tto\nA\tB\n", {"columns": "from"}, "expected the names of two columns"),
        ("gene_1\tgene_2\nA\tB\n", {"score": "s"}, "score: .* has no column 's'"),
        ("gene_1\tgene_2\nA\tB\n\nA\tB\tC\n", {}, "line 4: has 3 fields, the header has 2"),
        ("gene_1 gene_2 score\nA B 1\nA B\n", {}, "line 3: has 2 fields, the header has 3"),
        ("gene_1,gene_2\nA,B\nA\n", {}, "line 3: has 1 fields, the header has 2"),
        ("\ngene_1\tgene_2\tscore\nA\tB\t1\n\nA\tC\thigh\n", {}, "line 5: score 'high' is no num"),
        ("gene_1\tgene_2\tscore\nA\tB\tinf\n", {}, "line 2: score 'inf' is no number"),
        ("gene_1\tgene_2\n", {}, "holds a line of column names and no pairs"),
        ("gene_1\tgene_2\nA\tA\n", {}, "no pair of genes is left\n .* a gene with itself"),
        ("", {}, "is empty"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(tmp_path, text, options, message):
    with pytest.raises(InputError, match=message):
        read_gene_pairs(written(tmp_path, text), **options)


def test_damaged_and_absent_files(tmp_path):
    with pytest.raises(MissingFileError):
        read_gene_pairs(tmp_path / "none.tsv")
    rng = np.random.default_rng(0)
    lines = "".join(f"G{a}\tG{b}\n" for a, b in rng.integers(0, 9999, (3000, 2)))
    whole = gzip.compress(("gene_1\tgene_2\n" + lines).encode())
    cut = tmp_path / "cut.tsv.gz"
    cut.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="cannot be read as a text table"):
        read_gene_pairs(cut)


def test_names_that_look_like_numbers_stay_names(tmp_path):
    path = tmp_path / "pairs.tsv"
    path.write_text("gene_1\tgene_2\tscore\n9606.E1\t007\t0.5\n9606.E2\t1e3\t0.25\n")
    table = read_gene_pairs(path).table
    assert set(table["gene_1"]) | set(table["gene_2"]) == {"9606.E1", "9606.E2", "007", "1e3"}
