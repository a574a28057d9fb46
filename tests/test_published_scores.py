"""Published scores beside variants: each kind of table, both ways round, and what is refused."""

from __future__ import annotations

import gzip
import zipfile

import numpy as np
import pandas as pd
import pysam
import pytest

from seqgen.annotation.published_scores import add_published_scores
from seqgen.cli import main
from seqgen.errors import InputError, MissingFileError
from seqgen.io import score_rows
from seqgen.io.tables import read_provenance, read_table, write_table

ALPHA = (
    "# Copyright 2023 DeepMind Technologies Limited\n#\n"
    "# Licensed under CC BY-NC-SA 4.0 license\n"
    "#CHROM\tPOS\tREF\tALT\tgenome\tuniprot_id\ttranscript_id\tprotein_variant\t"
    "am_pathogenicity\tam_class\n"
)
CADD = (
    "## CADD GRCh38-v1.7 (c) University of Washington, Hudson-Alpha Institute for Biotechnology "
    "and Berlin Institute of Health 2013-2023. All rights reserved.\n"
    "#Chrom\tPos\tRef\tAlt\tRawScore\tPHRED\n"
)
RESIDUES = (
    "# Copyright 2023 DeepMind Technologies Limited\n"
    "uniprot_id\tprotein_variant\tam_pathogenicity\tam_class\n"
)


def _line(chrom, pos, ref, alt, score, uniprot="P1"):
    return f"chr{chrom}\t{pos}\t{ref}\t{alt}\thg38\t{uniprot}\tENST1\tA1V\t{score}\tambiguous\n"


def _alpha(*lines):
    return ALPHA + "".join(_line(*each) for each in lines)


ROWS = [
    (1, 100, "A", "C", 0.1), (1, 100, "A", "G", 0.2), (1, 101, "T", "G", 0.3),
    (1, 9000, "C", "T", 0.4), (2, 100, "G", "A", 0.5), ("X", 7, "G", "T", 0.6),
]  # fmt: skip


def _write(folder, kind, text, stem="AlphaMissense_hg38"):
    path = folder / f"{stem}.tsv"
    path.write_text(text)
    if kind == "plain":
        return path
    packed = folder / f"{stem}.tsv.gz"
    if kind == "gzip":
        packed.write_bytes(gzip.compress(text.encode()))
        return packed
    pysam.tabix_compress(str(path), str(packed), force=True)
    if kind == "tabix":
        pysam.tabix_index(str(packed), seq_col=0, start_col=1, end_col=1, force=True)
    return packed


def _variants(*rows, names=("chrom", "pos", "effect_allele", "other_allele")):
    return pd.DataFrame(list(rows), columns=list(names))


VARIANTS = _variants(
    ("X", 7, "T", "G"), ("1", 100, "A", "G"), ("1", 100, "C", "A"), ("1", 9000, "g", "c"),
    ("3", 1, "A", "C"), ("1", 102, "A", "C"), ("1", 9000, "c", "t"),
)  # fmt: skip
EXPECTED = [0.6, 0.2, 0.1, np.nan, np.nan, np.nan, 0.4]


@pytest.mark.parametrize("kind", ["plain", "gzip", "bgzip", "tabix", "parquet"])
def test_by_allele_whichever_is_the_effect_allele(tmp_path, kind):
    path = tmp_path / "alpha.parquet"
    if kind == "parquet":
        columns = ["CHROM", "POS", "REF", "ALT", "am_pathogenicity"]
        rows = [(f"chr{chrom}", *rest) for chrom, *rest in ROWS]
        write_table(pd.DataFrame(rows, columns=columns), path)
    else:
        path = _write(tmp_path, kind, _alpha(*ROWS))
    table, drops = add_published_scores(VARIANTS.set_index(pd.Index(list("abcdefg"))), path)
    np.testing.assert_array_equal(table["alphamissense"], EXPECTED)
    assert table.index.tolist() == list("abcdefg")
    assert dict(zip(drops["reason"], drops["count"], strict=True)) == {
        f"position is not in {path.name}": 2,
        f"alleles are not in {path.name}": 1,
    }


def test_spans_of_the_index_are_read_once_each(tmp_path, monkeypatch):
    path = _write(tmp_path, "tabix", _alpha(*ROWS))
    asked = []
    real = score_rows.IndexedTable.lines

    def lines(self, contig, spans):
        asked.append((contig, spans))
        return real(self, contig, spans)

    monkeypatch.setattr(score_rows.IndexedTable, "lines", lines)
    monkeypatch.setattr(score_rows, "_LINES", 2)  # so that blocks of lines are joined
    add_published_scores(VARIANTS, path)
    assert asked == [("chr1", [(100, 102), (9000, 9000)]), ("chrX", [(7, 7)])]


def test_ref_and_alt_are_taken_at_their_word(tmp_path):
    path = _write(tmp_path, "tabix", _alpha(*ROWS))
    rows = _variants(
        ("1", 100, "A", "G"), ("1", 100, "G", "A"), names=("chrom", "pos", "ref", "alt")
    )
    table, drops = add_published_scores(rows, path)
    np.testing.assert_array_equal(table["alphamissense"], [0.2, np.nan])
    assert f"reference base of {path.name} is neither allele" in drops["reason"].tolist()


def test_cadd_by_default_phred_and_on_request_both(tmp_path):
    path = _write(
        tmp_path, "tabix", CADD + "1\t100\tA\tC\t0.7\t8.9\n1\t100\tA\tG\t0.8\t.\n", "snvs"
    )
    rows = _variants(("chr1", 100, "A", "C"), ("chr1", 100, "A", "G"))
    table, drops = add_published_scores(rows, path)
    np.testing.assert_array_equal(table["cadd_phred"], [8.9, np.nan])
    assert drops["reason"].tolist() == [f"score in {path.name} is missing"]
    table, drops = add_published_scores(rows, path, scores=["RawScore", "PHRED"])
    assert table.columns.tolist()[-2:] == ["cadd_raw", "cadd_phred"]
    np.testing.assert_array_equal(table["cadd_raw"], [0.7, 0.8])
    assert drops.empty


def test_of_several_rows_that_of_the_protein_then_the_worst(tmp_path):
    rows = [
        (1, 100, "A", "C", 0.1, "P1"),
        (1, 100, "A", "C", 0.9, "P2"),
        (1, 100, "A", "C", 0.5, "P3"),
    ]
    path = _write(tmp_path, "plain", _alpha(*rows))
    asked = _variants(("1", 100, "C", "A"), ("1", 100, "C", "A")).assign(uniprot=["P1", None])
    table, drops = add_published_scores(asked, path)
    assert table["alphamissense"].tolist() == [0.1, 0.9]
    assert drops["reason"].tolist() == [f"several scores in {path.name}, the worst taken"]
    assert drops["count"].tolist() == [1]


def test_an_indel_that_is_there_both_ways_round_has_none(tmp_path):
    path = _write(
        tmp_path, "plain", CADD + "1\t5\tCA\tC\t0.1\t1\n1\t5\tC\tCA\t0.2\t2\n1\t9\tA\tC\t0\t3\n"
    )
    asked = [("1", 5, "C", "CA"), ("1", 9, "A", "C")]
    table, drops = add_published_scores(_variants(*asked), path)
    np.testing.assert_array_equal(table["cadd_phred"], [np.nan, 3])
    assert "both ways round" in drops["reason"].iloc[0]
    said = _variants(*asked, names=("chrom", "pos", "ref", "alt"))
    assert add_published_scores(said, path).table["cadd_phred"].tolist() == [2, 3]


@pytest.mark.parametrize("kind", ["plain", "tabix"])
def test_another_genome_build_is_refused_by_name(tmp_path, kind):
    rng = np.random.default_rng(1)
    bases = np.array(list("ACGT"))
    lines = [(1, 100 + k, *rng.permutation(bases)[:2], 0.5) for k in range(40)]
    path = _write(tmp_path, kind, _alpha(*lines))
    here = _variants(*[("1", pos, alt, ref) for _, pos, ref, alt, _ in lines])
    assert add_published_scores(here, path).table["alphamissense"].notna().all()
    there = here.assign(pos=here["pos"].to_numpy()[::-1])
    with pytest.raises(InputError, match=r"is of GRCh38, and at \d+ of 40 positions .* --build"):
        add_published_scores(there, path)
    few = pd.concat([here.iloc[:36], there.iloc[36:]])
    assert add_published_scores(few, path).table["alphamissense"].notna().sum() >= 36


CHANGES = pd.DataFrame({
    "uniprot": ["P1", "P1", "Q2-3", None, "P1", "P1"],
    "position": pd.array([10, 11, 5, 5, None, 10], dtype="Int64"),
    "ref_aa": ["A", "L", "M", "M", "A", "AL"], "alt_aa": ["V", "*", "K", "K", "V", "A"],
})  # fmt: skip
LLR = ",A 10,L 11\nV,-3.5,0.25\nA,,-1\n"


@pytest.mark.parametrize("kind", ["plain", "gzip", "parquet"])
def test_by_residue_change(tmp_path, kind):
    text = RESIDUES + "P1\tA10V\t0.7\tambiguous\nP1\tA10C\t0.1\tbenign\nQ2-3\tM5K\t0.9\tx\n"
    path = tmp_path / "own.parquet"
    if kind == "parquet":
        write_table(
            pd.DataFrame({
                "uniprot": ["P1", "Q2-3"], "position": [10, 5], "ref_aa": ["A", "M"],
                "alt_aa": ["V", "K"], "log_lik_ratio": [0.7, 0.9],
            }), path,
        )  # fmt: skip
        table, drops = add_published_scores(CHANGES, path, scores="log_lik_ratio")
        name = "log_lik_ratio"
    else:
        path = _write(tmp_path, kind, text, "AlphaMissense_aa_substitutions")
        table, drops = add_published_scores(CHANGES, path)
        name = "alphamissense"
    np.testing.assert_array_equal(table[name], [0.7, np.nan, 0.9, np.nan, np.nan, np.nan])
    assert drops["reason"].tolist() == ["no single residue changed, or no UniProt accession"]
    assert drops["count"].tolist() == [4]


@pytest.mark.parametrize("kind", ["zip", "folder", "one"])
def test_esm1b(tmp_path, kind):
    folder = tmp_path / "ALL_hum_isoforms_ESM1b_LLR"
    folder.mkdir()
    path = folder / "P1_LLR.csv"
    path.write_text(LLR)
    if kind == "zip":
        path = tmp_path / "esm1b.zip"
        with zipfile.ZipFile(path, "w") as packed:
            packed.writestr("content/ALL_hum_isoforms_ESM1b_LLR/P1_LLR.csv", LLR)
            packed.writestr("content/ALL_hum_isoforms_ESM1b_LLR/P9_LLR.csv", "not,read")
    table, drops = add_published_scores(CHANGES, folder if kind == "folder" else path)
    np.testing.assert_array_equal(table["esm1b"], [-3.5, *[np.nan] * 5])
    assert drops["count"].tolist() == [4, 1]


def test_a_table_of_other_make(tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text("chr bp base to My-Score\nchr1 100 A C 3\n")
    columns = {"ref": "base", "alt": "to"}
    rows = _variants(("1", 100, "A", "C"))
    table, _ = add_published_scores(rows, path, scores="My-Score", columns=columns)
    assert table["my_score"].tolist() == [3]
    for given, message in (
        ({}, "do not tell whose the scores are"),
        ({"columns": columns}, "say which column to take"),
        ({"columns": columns, "scores": ["x"]}, "has no column 'x'; it has chr"),
        ({"columns": {"ref": "x"}}, "no column 'x'"),
        ({"columns": {"base": "base"}}, "no role 'base'"),
        ({"columns": columns, "scores": ["to"]}, "no number"),
    ):
        with pytest.raises(InputError, match=message):
            add_published_scores(rows, path, **given)


def test_what_is_refused(tmp_path, monkeypatch):
    path = _write(tmp_path, "bgzip", _alpha(*ROWS))
    rows = _variants(("1", 100, "A", "C"))
    with pytest.raises(InputError, match="a score for none of the 1 variants"):
        add_published_scores(rows.assign(pos=5), path)
    with pytest.raises(InputError, match="has a column 'alphamissense' already"):
        add_published_scores(rows.assign(alphamissense=1.0), path)
    with pytest.raises(InputError, match="has no rows"):
        add_published_scores(rows.iloc[:0], path)
    with pytest.raises(InputError, match="effect_allele missing"):
        add_published_scores(rows.drop(columns="effect_allele"), path)
    with pytest.raises(MissingFileError):
        add_published_scores(rows, tmp_path / "none.tsv")
    cut = tmp_path / "cut.tsv.gz"
    cut.write_bytes(gzip.compress(_alpha(*ROWS * 500).encode())[:-40])
    with pytest.raises(InputError, match="damaged or cut short"):
        add_published_scores(rows, cut)
    monkeypatch.setattr(score_rows, "_LONG", 10)
    with pytest.raises(InputError, match="tabix -s 1 -b 2 -e 2"):
        add_published_scores(rows, path)
    residues = _write(tmp_path, "plain", RESIDUES + "P1\tA10V\t0.7\tambiguous\n", "aa")
    with pytest.raises(InputError, match=r"uniprot, position, ref_aa, alt_aa missing"):
        add_published_scores(rows, residues)
    bad = tmp_path / "P1_LLR.csv"
    bad.write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="not ESM-1b's"):
        add_published_scores(CHANGES, bad)
    (tmp_path / "bad.zip").write_text("x")
    with pytest.raises(InputError, match="no whole zip file"):
        add_published_scores(CHANGES, tmp_path / "bad.zip")


def test_the_shell(tmp_path, capsys):
    gff, fasta = tmp_path / "g.gff3", tmp_path / "g.fa"
    gff.write_text(
        "1\tme\tgene\t3\t35\t.\t+\t.\tID=gene:G;Name=ABC;biotype=protein_coding\n"
        "1\tme\tmRNA\t3\t35\t.\t+\t.\tID=transcript:T;Parent=gene:G;biotype=protein_coding\n"
        "1\tme\tCDS\t3\t35\t.\t+\t0\tParent=transcript:T;protein_id=P\n"
    )
    fasta.write_text(">1\nCCATGCGTAAAGAACTGTGGGCTGCTCGTGATTAACC\n")
    variants = tmp_path / "v.tsv"
    variants.write_text("chrom\tpos\teffect_allele\tother_allele\n1\t6\tT\tC\n1\t7\tA\tG\n")
    alpha = _write(tmp_path, "tabix", _alpha((1, 6, "C", "T", 0.25)))
    other = tmp_path / "other.tsv"
    other.write_text("chrom\tpos\tbase\talt\tx\n1\t7\tG\tA\t3\n")
    out = tmp_path / "out.parquet"
    asked = ["annotate", str(variants), "--gff", str(gff), "--fasta", str(fasta), "--out", str(out)]
    given = ["--scores", str(alpha), "--scores", f"{other}:x", "--scores-col", "ref=base"]
    with pytest.raises(SystemExit):
        main([*asked, "--scores-col", "base"])
    capsys.readouterr()
    assert main([*asked, "--scores", f"{other}:x"]) == 1
    assert "in the shell --scores-col" in capsys.readouterr().err
    assert main([*asked, "--scores-col", "ref=base"]) == 1
    assert "give the table: --scores FILE" in capsys.readouterr().err
    assert not out.exists()
    assert main([*asked, *given]) == 0
    said = capsys.readouterr()
    assert "alphamissense: 1 of 2 rows have one" in said.out
    assert "higher is worse, so of the opposite sign" in said.out
    assert f"1 kept: position is not in {alpha.name}" in said.err
    table = read_table(out)
    np.testing.assert_array_equal(table["alphamissense"], [0.25, np.nan])
    np.testing.assert_array_equal(table["x"], [np.nan, 3])
    told = read_provenance(out)["published_scores"]
    assert [each["of"] for each in told] == ["am_pathogenicity", "x"]
    assert (told[0]["rows_with"], told[0]["rows_without"]) == (1, 1)
