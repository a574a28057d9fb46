"""Positions of genes out of tables and annotations, and genes that share sequence."""

from __future__ import annotations

import gzip
from pathlib import Path

import pandas as pd
import pytest

from seqgen.errors import InputError, MissingFileError
from seqgen.io.gene_positions import read_cross_mappability, read_gene_positions
from seqgen.schemas import DROPS

EXPECTED = [["ENSG01.3", "1", 101, 500], ["ENSG02.1", "X", 7, 9]]
GTF = """##description: a small annotation
#!genome-build GRCh38
chr1\tHAVANA\tgene\t101\t500\t.\t+\t.\tgene_id "ENSG01.3"; gene_type "x"; gene_name "AAA";
chr1\tHAVANA\ttranscript\t101\t300\t.\t+\t.\tgene_id "ENSG01.3"; gene_name "AAA";
chr1\tgene\texon\t101\t200\t.\t+\t.\tgene_id "ENSG01.3";
chrX\tENSEMBL\tgene\t7\t9\t.\t-\t.\tgene_id "ENSG02.1"; level 2; gene_name "BBB";
chrX\tENSEMBL\tgene\t70\t90\t.\t-\t.\tgene_id "ENSG03.1";
chrY\tENSEMBL\tgene\t70\t90\t.\t-\t.\tgene_id "ENSG02.1"; gene_name "BBB";
"""
GFF = """##gff-version 3
1\tensembl\tgene\t101\t500\t.\t+\t.\tID=gene:ENSG01;Name=AAA;biotype=protein_coding;gene_id=ENSG01
1\tensembl\tmRNA\t101\t500\t.\t+\t.\tID=transcript:T1;Parent=gene:ENSG01
X\tensembl\tncRNA_gene\t7\t9\t.\t-\t.\tID=gene:ENSG02;description=x
"""


def put(tmp_path, text: str, name: str = "genes.tsv") -> Path:
    path = tmp_path / name
    data = text.encode()
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


def rows(counted) -> list:
    DROPS.validate(counted.drops)
    assert counted.table.columns.tolist() == ["gene", "chrom", "start", "end"]
    return counted.table.to_numpy().tolist()


def reasons(counted) -> dict[str, int]:
    return dict(zip(counted.drops["reason"], counted.drops["count"], strict=True))


@pytest.mark.parametrize(
    ("header", "name"),
    [("gene chrom start end", "g.tsv"), ("phenotype_id chr start end", "g.csv.gz"),
     ("Gene_stable_ID_version Chromosome/scaffold_name Gene_start_(bp) Gene_end_(bp)", "g.txt"),
     ("GENE_ID #CHROM left right", "g.txt"), ("geneid chr s1 s2", "g.txt")],
)  # fmt: skip
def test_tables(tmp_path, header, name):
    text = header + "\nENSG01.3 chr1 101 500\nENSG02.1 23 9 7\n"
    mark = "," if ".csv" in name else "\t"
    got = read_gene_positions(put(tmp_path, text.replace(" ", mark), name))
    assert rows(got) == EXPECTED
    assert got.drops.empty


def test_the_order_of_columns_and_a_start_site_alone(tmp_path):
    got = read_gene_positions(
        put(tmp_path, "symbol tss gene chr\nAAA 101 E1 1\nBBB 7 E2 plasmid\n")
    )
    assert rows(got) == [["E1", "1", 101, 101], ["E2", "plasmid", 7, 7]]
    got = read_gene_positions(tmp_path / "genes.tsv", name="gene_name")
    assert got.table["gene"].tolist() == ["AAA", "BBB"]


def test_beds_start_at_zero(tmp_path):
    text = "#chr\tstart\tend\tgene_id\tann\nchr1\t100\t500\tENSG01.3\t1.5\nX\t6\t9\tENSG02.1\t2\n"
    assert rows(read_gene_positions(put(tmp_path, text))) == EXPECTED
    text = text.replace("#chr", "chr")
    assert rows(read_gene_positions(put(tmp_path, text, "e.bed.gz"))) == EXPECTED
    assert rows(read_gene_positions(put(tmp_path, text)))[0][2] == 100


def test_parquet(tmp_path):
    frame = pd.DataFrame(EXPECTED, columns=["gene", "chrom", "start", "end"])
    frame.to_parquet(tmp_path / "g.parquet")
    assert rows(read_gene_positions(tmp_path / "g.parquet")) == EXPECTED
    frame.set_index("gene").to_parquet(tmp_path / "g.parquet")
    assert rows(read_gene_positions(tmp_path / "g.parquet")) == EXPECTED


@pytest.mark.parametrize("name", ["a.gtf", "a.gtf.gz", "a.txt"])
def test_gtf(tmp_path, name):
    path = put(tmp_path, GTF, name)
    got = read_gene_positions(path)
    assert rows(got) == [*EXPECTED, ["ENSG03.1", "X", 70, 90]]
    assert reasons(got) == {"gene comes again; its first position kept": 1}
    got = read_gene_positions(path, name="gene_name")
    assert rows(got) == [["AAA", "1", 101, 500], ["BBB", "X", 7, 9]]
    assert reasons(got) == {
        "gene has no gene_name or Name or gene_symbol or gene": 1,
        "gene comes again; its first position kept": 1,
    }
    got = read_gene_positions(path, strip_version=True)
    assert got.table["gene"].tolist() == ["ENSG01", "ENSG02", "ENSG03"]


def test_gff3(tmp_path):
    got = read_gene_positions(put(tmp_path, GFF, "a.gff3.gz"))
    assert rows(got) == [["ENSG01", "1", 101, 500], ["ENSG02", "X", 7, 9]]
    got = read_gene_positions(put(tmp_path, GFF, "a.gff3"), name="gene_name")
    assert rows(got) == [["AAA", "1", 101, 500]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gene start end\nA 1 2\n", "no column for chrom; found gene, start, end"),
        ("chrom start end\n1 1 2\n", "no column for gene_id"),
        ("gene chrom start end\nA 1 x 2\n", "'A' starts at x and ends at 2"),
        ("gene chrom start end\nA 1 0 2\nB 1 0 4\n", r"'A' starts at 0.*2 such rows"),
        ("gene chrom start end\nNA 1 1 2\n", "no gene is left(.|\n)*lacks a gene"),
        ("", "is empty"),
    ],
)
def test_tables_that_are_wrong(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        read_gene_positions(put(tmp_path, text))


def test_annotations_that_are_wrong(tmp_path):
    exons = "".join(line + "\n" for line in GTF.splitlines() if "\tgene\t1" not in line
                    and "ENSEMBL\tgene" not in line and "HAVANA\tgene" not in line)  # fmt: skip
    with pytest.raises(InputError, match=r"no gene is left|no line of type gene"):
        read_gene_positions(put(tmp_path, exons, "a.gtf"))
    path = put(tmp_path, GTF * 500, "a.gtf.gz")
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(InputError, match="damaged or cut short"):
        read_gene_positions(path)
    with pytest.raises(InputError, match="name is 'symbol'"):
        read_gene_positions(path, name="symbol")
    with pytest.raises(MissingFileError):
        read_gene_positions(tmp_path / "nothing.gtf")


PAIRS = "ENSG01.3\tENSG02.1\t12.5\nENSG02.1\tENSG03.2\t1\nENSG03.1\tENSG03.2\t8\n"


@pytest.mark.parametrize("header", ["", "gene1\tgene2\tscore\n"])
@pytest.mark.parametrize("name", ["c.txt", "c.txt.gz"])
def test_cross_mappability(tmp_path, header, name):
    path = put(tmp_path, header + PAIRS, name)
    table, drops = read_cross_mappability(path)
    assert table.to_numpy().tolist() == [
        ["ENSG01.3", "ENSG02.1", 12.5], ["ENSG02.1", "ENSG03.2", 1.0],
        ["ENSG03.1", "ENSG03.2", 8.0],
    ]  # fmt: skip
    assert table.columns.tolist() == ["gene_1", "gene_2", "score"]
    assert drops.empty
    table, drops = read_cross_mappability(path, min_score=5, strip_version=True)
    assert table.to_numpy().tolist() == [["ENSG01", "ENSG02", 12.5]]
    assert drops["reason"].tolist() == ["score below 5", "gene paired with itself"]
    assert drops["count"].tolist() == [1, 1]


@pytest.mark.parametrize(
    ("text", "message"),
    [("a b\n", "has 2 columns"), ("a b 1\nb c x\n", "score that is no number"),
     ("a b 1\nb NA 3\n", "row without a gene"), ("a a 1\n", "no pair is left")],
)  # fmt: skip
def test_cross_mappability_that_is_wrong(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        read_cross_mappability(put(tmp_path, text))
