"""Variants where gene models and names of changes go wrong most easily."""

from __future__ import annotations

import gzip

import pandas as pd
import pytest
from synthetic_genome import Gene, Genome, edit, ensembl_gff3, ensembl_gtf, gene_of, refseq_gff3

from seqgen.annotation import annotate, mutant_proteins, reference_proteins
from seqgen.io.genemodels import read_gene_models

NO_PROTEINS = pd.DataFrame({"uniprot": ["P0"], "gene": ["none"], "sequence": ["M"]})
#      0   3   6   9   12  15  18  21  24
CDS = "ATGGCAGCAAGAAAACTTGTTTGGTAA"  # M A A R K L V W *
STRANDS = pytest.mark.parametrize("strand", ["+", "-"])


def told(genome, folder, *rows, gff=None):
    """Annotations, one row per variant in order, and the files."""
    models = folder / "models.gff"
    models.write_text(ensembl_gff3(genome) if gff is None else gff)
    files = {"gff": models, "fasta": genome.write_fasta(folder / "genome.fa")}
    table = pd.DataFrame(rows, columns=["chrom", "pos", "ref", "alt"])
    found = annotate(table, transcripts="all", proteins=NO_PROTEINS, **files).table
    keys = ["chrom", "pos", "other_allele", "effect_allele"]
    order = pd.MultiIndex.from_tuples(rows)
    return found.set_index(keys).loc[order].reset_index(names=keys), files


def two_exons(*, first: int = 30) -> Genome:
    """The gene of ``CDS`` on the forward strand, cut behind base ``first`` of its exon."""
    whole = gene_of(CDS).sequences["1"]
    text = whole[:first] + "GTAAGTCCCCAG" + whole[first:]
    start, last = 11, 11 + len(CDS) - 1 + 12
    return Genome({"1": text}, [Gene("G", "1", "+", [(1, first), (first + 13, len(text))],
                                     (start, last))])  # fmt: skip


def test_a_change_across_an_exon_s_edge_leaves_the_others_readable(tmp_path):
    genome = two_exons()
    text = genome.sequences["1"]
    rows = [("1", 28, text[27:33], text[27]), ("1", 20, text[19:21], text[19])]
    found, files = told(genome, tmp_path, *rows)
    assert found["hgvs_p"].tolist()[0] == "p.?"
    made = mutant_proteins(found, **files).table
    assert made["kind"].tolist() == ["unknown", "frameshift"]
    assert pd.isna(made["sequence"][0])
    assert made["sequence"][1].startswith("MAAK")


def test_what_lies_in_an_intron_is_no_coding_change(tmp_path):
    genome = two_exons()
    found, _ = told(genome, tmp_path, ("1", 36, "TC", "GGG"), ("1", 36, "TCC", "GA"))
    terms = found["consequence"].str.replace("splice_region_variant&", "")
    assert terms.str.contains("feature").sum() == 0
    assert found["hgvs_p"].isna().all()


def test_a_start_codon_in_two_exons_is_lost_by_any_change_of_it(tmp_path):
    genome = two_exons(first=11)
    text = genome.sequences["1"]
    found, _ = told(genome, tmp_path, ("1", 11, "A", "G"), ("1", 24, text[23], "C"))
    assert found["hgvs_p"].tolist() == ["p.Met1?", "p.Met1?"]
    assert found["consequence"].str.contains("start_lost").all()


@STRANDS
def test_start_codons_that_go_with_what_is_before_them(tmp_path, strand):
    genome = gene_of(CDS, strand=strand, before="CCTTCCTTCA")
    # The A before the start makes it anew where its own goes; where four bases go, nothing does.
    chrom, pos, ref, alt = edit(genome, -1, "AA", "A")
    kept = (chrom, pos, ref[:-1], alt[:-1])
    found, files = told(genome, tmp_path, kept, edit(genome, -2, "CAAT", ""))
    assert found["hgvs_p"].tolist()[1] == "p.Met1?"
    assert not found["consequence"].str.contains("start_lost").iloc[0]
    made = mutant_proteins(found, **files).table
    assert made["kind"].tolist() == ["start lost"]


CHANGES = [
    (24, "", "ACCTAATAC", "p.Trp8_Ter9insThr", "inframe_insertion"),
    (21, "TGG", "", "p.Trp8del", "inframe_deletion"),
    (24, "", "TGG", "p.Trp8dup", "inframe_insertion"),
    (21, "TGGTAAGGC", "CGATAA", "p.Trp8Arg", "missense_variant"),
    (18, "GTTTGGTAA", "TAGCTAATA", "p.Val7Ter", "stop_gained"),
    (4, "", "G", "p.Ala2GlyfsTer13", "frameshift_variant"),
]


@STRANDS
def test_changes_beside_the_stop_are_told_of_the_protein_alone(tmp_path, strand):
    genome = gene_of(CDS, strand=strand)
    found, _ = told(genome, tmp_path, *(edit(genome, *change[:3]) for change in CHANGES))
    terms = found["consequence"].str.removesuffix("&3_prime_UTR_variant").tolist()
    for change, name, term in zip(CHANGES, found["hgvs_p"], terms, strict=True):
        assert (name, term) == change[3:]


@STRANDS
def test_a_duplication_of_the_edge_is_as_far_along_as_its_alleles_allow(tmp_path, strand):
    """Before the reading's start it would leave the protein; behind it, it does not."""
    genome = gene_of(CDS, strand=strand, before="CCTTCCTTGG")
    gene, text = genome.genes[0], genome.sequences["1"]
    # The first four coding bases again: at their end, or before their beginning.
    low = gene.coding[0] if strand == "+" else gene.coding[1] - 3
    block = text[low - 1 : low + 3]
    anchor = text[low - 2]
    row = ("1", low - 1, anchor + block, anchor + block + block)
    found, _ = told(genome, tmp_path, row)
    assert found["hgvs_p"].tolist() == ["p.Ala2AspfsTer14"]
    assert found["consequence"].str.contains("frameshift_variant").all()
    assert not found["consequence"].str.contains("start_lost").any()


SELENO = "ATGGCATGAAGAAAATGAGTTTGGTAA"  # M A U R K U V W *


@STRANDS
def test_selenocysteine_is_a_residue_and_no_stop(tmp_path, strand):
    genome = gene_of(SELENO, strand=strand)
    rows = [
        edit(genome, 9, "A", "G"), edit(genome, 6, "T", "C"), edit(genome, 8, "A", "G"),
        edit(genome, 7, "G", "A"), edit(genome, 3, "GCA", ""), edit(genome, 10, "G", ""),
    ]  # fmt: skip
    found, files = told(genome, tmp_path, *rows)
    assert reference_proteins(["TG"], **files) == {"TG": "MAURKUVW"}
    assert found["hgvs_p"].tolist() == [
        "p.Arg4Gly", "p.Sec3Arg", "p.Sec3Trp", "p.Sec3Ter", "p.Ala2del", "p.Arg4LysfsTer9"
    ]  # fmt: skip
    assert found["consequence"].tolist() == [
        "missense_variant", "missense_variant", "missense_variant", "stop_gained",
        "inframe_deletion", "frameshift_variant",
    ]  # fmt: skip
    made = mutant_proteins(found, **files).table["sequence"].tolist()
    assert made[:5] == ["MAUGKUVW", "MARRKUVW", "MAWRKUVW", "MA", "MURKUVW"]


def test_a_coding_part_with_other_stops_holds_no_selenocysteine(tmp_path):
    genome = gene_of(SELENO.replace("AGAAAA", "TAAAAA"))
    _, files = told(genome, tmp_path, edit(genome, 18, "G", "C"))
    assert reference_proteins(["TG"], **files) == {"TG": "MA**K*VW"}


def test_codons_with_an_n_are_not_read(tmp_path):
    genome = gene_of(CDS)
    first = genome.genes[0].coding[0]
    text = list(genome.sequences["1"])
    text[first + 12] = "N"
    genome.sequences["1"] = "".join(text).lower()
    rows = [edit_at(text, first + 12, "G"), edit_at(text, first + 14, "G"),
            edit_at(text, first + 9, "G")]  # fmt: skip
    found, files = told(genome, tmp_path, *rows)
    assert found["hgvs_p"].tolist() == ["p.?", "p.?", "p.Arg4Gly"]
    assert found["consequence"].tolist()[:2] == ["coding_sequence_variant"] * 2
    assert mutant_proteins(found, **files).table["sequence"].isna().tolist() == [True, True, False]


def edit_at(text, pos, alt):
    return ("1", pos, text[pos - 1], alt)


def test_one_transcript_on_x_and_y_is_read_where_the_variant_is(tmp_path):
    genome = gene_of(CDS)
    text, gene = genome.sequences["1"], genome.genes[0]
    n, ahead = len(text), 24
    both = Genome({"X": text, "Y": "ACGTTGCA" * 3 + text}, [
        Gene("G", "X", "+", [(1, n)], gene.coding),
        Gene("G", "Y", "+", [(1 + ahead, n + ahead)], tuple(p + ahead for p in gene.coding)),
    ])  # fmt: skip
    _, pos, ref, alt = edit(genome, 10, "G", "")
    rows = [("X", pos, ref, alt), ("Y", pos + ahead, ref, alt)]
    found, files = told(both, tmp_path, *rows, gff=ensembl_gtf(both))
    made = mutant_proteins(found, **files).table
    assert made["sequence"].tolist() == ["MAAKNLFGKAK"] * 2


def test_values_in_quotes_may_hold_semicolons(tmp_path):
    text = ensembl_gtf(gene_of(CDS)).replace('"GS"', '"A;B"')
    path = tmp_path / "m.gtf.gz"
    path.write_bytes(gzip.compress("".join(f"{x} # x\r\n" for x in text.splitlines()).encode()))
    assert read_gene_models(path).transcripts["gene"].tolist() == ["A;B"]


@STRANDS
def test_a_first_residue_that_is_not_the_protein_s_start_may_change(tmp_path, strand):
    genome = gene_of(CDS, strand=strand)
    row = edit(genome, 0, "A", "G")
    whole, _ = told(genome, tmp_path, row)
    assert whole[["hgvs_p", "consequence"]].to_numpy().tolist() == [["p.Met1?", "start_lost"]]
    span = "start_range=.,11" if strand == "+" else "end_range=41,."
    for gff in (
        ensembl_gtf(genome).replace('tag "basic";', 'tag "basic"; tag "cds_start_NF";'),
        refseq_gff3(genome).replace("gbkey=mRNA", f"partial=true;{span};gbkey=mRNA"),
    ):
        cut, _ = told(genome, tmp_path, row, gff=gff)
        assert cut[["hgvs_p", "consequence"]].to_numpy().tolist() == [
            ["p.Met1Val", "missense_variant"]
        ]  # fmt: skip


def test_alleles_longer_than_they_need_to_be_are_read_all_the_same(tmp_path):
    """A coding part that begins with the transcript, and a change written from before it."""
    genome = gene_of(CDS)
    genome.genes[0].exons = [(11, len(genome.sequences["1"]))]
    row = ("1", 10, "CA", "CCATGGGGT")
    found, _ = told(genome, tmp_path, row, ("1", 20, "AGA", "AGC"))
    assert found["hgvs_p"].tolist() == ["p.Met1?", "p.Arg4Ser"]
