"""Gene models to consequences and HGVS names, against translation the slow way."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hgvs_check import says_truly
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic_genome import (
    edit,
    ensembl_gff3,
    ensembl_gtf,
    gencode_gff3,
    gene_of,
    mutated,
    random_genome,
    read_codons,
    refseq_gff3,
)

import seqgen
from seqgen.annotation import annotate, mutant_proteins
from seqgen.annotation.choice import choose_transcripts
from seqgen.cli import main
from seqgen.errors import InputError
from seqgen.io.genemodels import read_gene_models
from seqgen.schemas import MISSENSE_MAP

NO_PROTEINS = pd.DataFrame({"uniprot": ["P0"], "gene": ["none"], "sequence": ["M"]})


def files(genome, folder, gff=None):
    fasta = genome.write_fasta(folder / "genome.fa")
    models = folder / "models.gff"
    models.write_text(ensembl_gff3(genome) if gff is None else gff)
    return {"gff": models, "fasta": fasta}


def table(*rows):
    return pd.DataFrame(rows, columns=["chrom", "pos", "ref", "alt"])


def names(genome, folder, *rows, **settings_):
    given_ = {"proteins": NO_PROTEINS, **files(genome, folder), **settings_}
    found = annotate(table(*rows), **given_).table
    return found.set_index(["pos", "other_allele", "effect_allele"])["hgvs_p"]


#      0   3   6   9   12  15  18  21  24
CDS = "ATGGCAGCAAGAAAACTTGTTTGGTAA"  # M A A R K L V W *


NAMES = [
    (9, "A", "G", "p.Arg4Gly"),
    (11, "A", "G", "p.Arg4="),
    (9, "A", "T", "p.Arg4Ter"),
    (0, "A", "G", "p.Met1?"),
    (3, "GCA", "", "p.Ala3del"),
    (3, "", "GCA", "p.Ala3dup"),
    (3, "", "GCAGCA", "p.Ala2_Ala3dup"),
    (9, "AGAAAA", "", "p.Arg4_Lys5del"),
    (12, "", "TGC", "p.Arg4_Lys5insCys"),
    (15, "", "AGAAAA", "p.Arg4_Lys5dup"),
    (10, "", "TTC", "p.Ala3_Arg4insIle"),
    (9, "AGAAAA", "TGC", "p.Arg4_Lys5delinsCys"),
    (9, "AGA", "TGCTGC", "p.Arg4delinsCysCys"),
    (12, "AAACTT", "TGCTGC", "p.Lys5_Leu6delinsCysCys"),
    (10, "G", "", "p.Arg4LysfsTer9"),
    (12, "", "TAA", "p.Lys5Ter"),
    (12, "", "TGCTAA", "p.Arg4_Lys5insCysTer"),
    (24, "T", "C", "p.Ter9GlnextTer2"),
    (24, "TAA", "", "p.Ter9GlyextTer1"),
    (18, "GTTTGG", "", "p.Val7_Trp8del"),
    (26, "A", "G", "p.Ter9="),
]


@pytest.mark.parametrize("strand", ["+", "-"])
def test_names_of_changes_on_both_strands(tmp_path, strand):
    genome = gene_of(CDS, strand=strand)
    rows = [edit(genome, at, old, new) for at, old, new, _ in NAMES]
    found = names(genome, tmp_path, *rows)
    told = [found[(pos, ref, alt)] for _, pos, ref, alt in rows]
    assert dict(zip(NAMES, told, strict=True)) == {row: row[3] for row in NAMES}


def every_variant(genome, rng, sizes=(1, 2, 3, 5, 6)):
    """Replacements, deletions, duplications and insertions at each coding base."""
    rows = set()
    for gene in genome.genes:
        text, cds = genome.sequences[gene.chrom], set(gene.cds_positions())
        # Not at the ends, where an insertion may be said to lie in the untranslated part.
        for p in sorted(cds)[1:-1]:
            rows |= {(gene.chrom, p, text[p - 1], b) for b in "ACGT" if b != text[p - 1]}
            k = int(rng.choice(sizes))
            if not all(q in cds for q in range(p - 1, p + k + 2)):
                continue
            new = "".join(rng.choice(list("ACGT"), int(rng.choice(sizes))))
            rows.add((gene.chrom, p, text[p - 1 : p + k], text[p - 1]))
            rows.add((gene.chrom, p, text[p - 1], text[p - 1 : p + k]))
            rows.add((gene.chrom, p, text[p - 1], text[p - 1] + new))
            rows.add((gene.chrom, p, text[p - 1 : p + k], text[p - 1] + new))
    return [row for row in sorted(rows) if row[2] != row[3]]


@given(seed=st.integers(0, 10_000))
@settings(max_examples=2)
def test_names_say_what_becomes_of_the_protein(tmp_path_factory, seed):
    genome = random_genome(seed)
    rows = every_variant(genome, np.random.default_rng(seed))
    found = annotate(
        table(*rows), proteins=NO_PROTEINS, **files(genome, tmp_path_factory.mktemp("g"))
    ).table
    assert len(found) == len(rows)
    genes = {f"T{gene.name}": gene for gene in genome.genes}
    for row in found.itertuples():
        gene = genes[row.transcript]
        mitochondrial = gene.chrom == "MT"
        plain = gene.from_start(["", *genome.sequences[gene.chrom]])
        ref = read_codons(plain, mitochondrial=mitochondrial)
        ref = ref[: ref.index("*") + 1]
        changed = mutated(genome, gene, (row.pos, row.other_allele, row.effect_allele))
        read = read_codons(changed, mitochondrial=mitochondrial)
        assert says_truly(row.hgvs_p, ref, read), (row, ref, read)


FLAVOURS = {
    "ensembl": ensembl_gff3, "gencode": gencode_gff3, "refseq": refseq_gff3, "gtf": ensembl_gtf,
}  # fmt: skip


def test_flavours_say_the_same(tmp_path):
    genome = random_genome(5)
    rows = every_variant(genome, np.random.default_rng(1))[::7]
    columns = ["chrom", "pos", "effect_allele", "gene", "consequence", "hgvs_p"]
    tables = {}
    for name, write in FLAVOURS.items():
        given_ = files(genome, tmp_path, write(genome))
        tables[name] = annotate(table(*rows), proteins=NO_PROTEINS, **given_).table[columns]
        assert read_gene_models(given_["gff"]).transcripts["mane"].sum() >= 4, name
    assert tables["ensembl"]["hgvs_p"].notna().all()
    for name in ("gencode", "refseq", "gtf"):
        pd.testing.assert_frame_equal(tables["ensembl"], tables[name])


def test_prefixes_of_chromosomes_and_effect_alleles(tmp_path):
    genome = random_genome(3, n_genes=2)
    chrom, pos, ref, alt = every_variant(genome, np.random.default_rng(0))[0]
    given_ = files(genome, tmp_path, gencode_gff3(genome))
    swapped = pd.DataFrame(
        {"chrom": f"chr{chrom}", "pos": [pos], "effect_allele": ref, "other_allele": alt}
    )
    found = annotate(swapped, proteins=NO_PROTEINS, **given_).table
    assert found["allele_check"].tolist() == ["other"]
    plain = annotate(table((chrom, pos, ref, alt)), proteins=NO_PROTEINS, **given_).table
    assert plain["allele_check"].tolist() == ["effect"]
    assert plain["hgvs_p"].tolist() == found["hgvs_p"].tolist()


def test_what_is_left_out_is_counted(tmp_path):
    genome = gene_of(CDS)
    rows = [
        edit(genome, 9, "A", "G"),
        ("1", 11, "C", "G"),  # the FASTA has an A there
        ("7", 5, "A", "G"),
        ("1", 10_000, "A", "G"),
        ("1", 12, "T", "<DEL>"),
    ]
    found = annotate(table(*rows), proteins=NO_PROTEINS, **files(genome, tmp_path))
    assert len(found.table) == 1
    counts = found.drops.set_index("reason")["count"]
    for text in ("neither allele", "not in the FASTA", "beyond the end", "no sequence of A"):
        assert counts[counts.index.str.contains(text)].tolist() == [1], text


def test_open_alleles_are_settled_by_name_and_counted(tmp_path):
    genome = gene_of(CDS)
    _, pos, ref, alt = edit(genome, 3, "GCA", "")
    told = pd.DataFrame({"chrom": "1", "pos": [pos], "effect_allele": [alt], "other_allele": [ref]})
    given_ = {"proteins": NO_PROTEINS, **files(genome, tmp_path)}
    found = annotate(told, **given_)
    assert found.table["hgvs_p"].tolist() == ["p.Ala3del"]
    assert found.drops["reason"].str.contains("could be the reference's").sum() == 1
    other = annotate(told, where_both="effect", **given_)
    assert other.table["hgvs_p"].tolist() == ["p.Ala3dup"]
    with pytest.raises(InputError, match="where_both"):
        annotate(told, where_both="drop", **given_)


def test_nothing_that_fits_is_an_error_that_tells_why(tmp_path):
    genome = gene_of(CDS)
    given_ = files(genome, tmp_path)
    with pytest.raises(InputError, match="one genome build"):
        annotate(table(("1", 11, "C", "G")), **given_)
    with pytest.raises(InputError, match="need both gff and fasta"):
        annotate(table(("1", 11, "C", "G")), gff=given_["gff"])
    (tmp_path / "no.gff").write_text("1\t2\n")
    with pytest.raises(InputError, match="GFF3 or GTF"):
        annotate(table(("1", 11, "A", "G")), **{**given_, "gff": tmp_path / "no.gff"})


def test_transcripts_are_chosen_by_rules_in_order():
    told = pd.DataFrame(
        [("T1", "G", "1", False, True, 30, 90), ("T2", "G", "1", True, False, 20, 80),
         ("T3", "G", "1", False, False, 60, 60), ("T4", "H", "1", False, False, 9, 9)],
        columns=["transcript", "gene_id", "chrom", "mane", "canonical", "cds_length",
                 "exon_length"],
    )  # fmt: skip
    taken = {
        rules: told["transcript"][choose_transcripts(told, list(rules))].tolist()
        for rules in (("mane", "canonical"), ("canonical",), ("longest",), ("all",))
    }
    assert taken[("mane", "canonical")] == ["T2", "T4"]
    assert taken[("canonical",)] == ["T1", "T4"]
    assert taken[("longest",)] == ["T3", "T4"]
    assert taken[("all",)] == ["T1", "T2", "T3", "T4"]
    with pytest.raises(InputError, match="transcripts"):
        choose_transcripts(told, ["best"])


def test_rsids_and_gene_models_agree(tmp_path):
    genome = random_genome(8, n_genes=2)
    gene = genome.genes[1]
    read = read_codons(gene.from_start(["", *genome.sequences["1"]]))
    proteins = pd.DataFrame(
        {"uniprot": ["Q1"], "gene": ["G1S"], "sequence": [read[: read.index("*")]]}
    )
    rows = [r for r in every_variant(genome, np.random.default_rng(0), sizes=(1,))
            if len(r[2]) == len(r[3]) == 1 and r[1] in set(gene.cds_positions())]  # fmt: skip
    sumstats = table(*rows).rename(columns={"ref": "other_allele", "alt": "effect_allele"})
    sumstats["rsid"] = [f"rs{i}" for i in range(len(sumstats))]
    models = annotate(sumstats, proteins=proteins, **files(genome, tmp_path)).table
    models = models[models["consequence"].str.contains("missense")]
    known = models.assign(clinical=None, checked=True)[MISSENSE_MAP.names]
    by_rsid = annotate(sumstats, known).table
    same = ["rsid", "gene", "uniprot", "position", "ref_aa", "alt_aa", "hgvs_p", "checked"]
    left, right = (t.sort_values("rsid").reset_index(drop=True) for t in (models, by_rsid))
    pd.testing.assert_frame_equal(left[same], right[same])
    assert list(models.columns) == list(by_rsid.columns)
    assert right["allele_check"].isin(["effect", "either"]).all()
    assert len(right) > 50


def test_proteins_that_differ_are_aligned_and_counted(tmp_path):
    genome = gene_of(CDS)
    # UniProt's protein has two residues more in front of R, and another residue than V.
    proteins = pd.DataFrame({"uniprot": ["Q1"], "gene": ["GS"], "sequence": ["MAAWCRKLIW"]})
    rows = [edit(genome, 9, "A", "G"), edit(genome, 3, "G", "T"), edit(genome, 19, "T", "A")]
    found = annotate(table(*rows), proteins=proteins, **files(genome, tmp_path))
    told = found.table.set_index("hgvs_p")
    assert told.loc["p.Arg4Gly", ["uniprot", "position", "protein_position"]].tolist() == [
        "Q1", 6, 4
    ]  # fmt: skip
    assert told.loc["p.Ala2Ser", "position"] == 2
    assert told["checked"].to_dict() == {"p.Ala2Ser": True, "p.Arg4Gly": True, "p.Val7Asp": False}
    reasons = found.drops.set_index("reason")["count"]
    assert reasons[reasons.index.str.contains("aligned to it")].tolist() == [1]


def test_scores_take_the_table_as_it_is(tmp_path):
    genome = gene_of(CDS)
    proteins = pd.DataFrame({"uniprot": ["Q1"], "gene": ["GS"], "sequence": ["MAARKLVW"]})
    rows = [edit(genome, 9, "A", "G"), edit(genome, 10, "G", ""), edit(genome, 11, "A", "G")]
    found = annotate(table(*rows), proteins=proteins, **files(genome, tmp_path)).table
    scored = seqgen.score_variants(found, proteins, seqgen.load_model("blosum62"))
    assert scored.table["alt_aa"].unique().tolist() == ["G"]


def test_mutant_proteins_are_those_of_the_genome_changed(tmp_path):
    genome = random_genome(4, n_genes=2)
    rows = every_variant(genome, np.random.default_rng(4))[::3]
    given_ = files(genome, tmp_path)
    found = annotate(table(*rows), proteins=NO_PROTEINS, **given_).table
    made = mutant_proteins(found, **given_)
    genes = {f"T{gene.name}": gene for gene in genome.genes}
    for row in made.table.itertuples():
        gene = genes[row.transcript]
        changed = mutated(genome, gene, (row.pos, row.other_allele, row.effect_allele))
        read = read_codons(changed, mitochondrial=gene.chrom == "MT").split("*")[0]
        if row.kind in ("start lost", "unknown"):
            assert pd.isna(row.sequence)
        else:
            assert row.sequence == read, row
        assert row.scorable == pd.isna(row.reason)
    kinds = made.table.groupby("kind")["scorable"].agg(["all", "any"])
    assert kinds["any"].to_dict() == {kind: kind == "in frame" for kind in kinds.index}
    assert kinds["all"]["in frame"]
    wanted = {"frameshift", "in frame", "start lost", "stop gained", "stop lost"}
    assert wanted <= set(kinds.index)
    left = made.drops.set_index("reason")["count"]
    assert left["variant leaves the protein as it is"] + len(made.table) == len(found)


def test_the_shell_reads_a_vcf(tmp_path, capsys):
    genome = gene_of(CDS)
    given_ = files(genome, tmp_path)
    rows = [edit(genome, 9, "A", "G"), edit(genome, 3, "", "GCA")]
    lines = [f"{c}\t{p}\t.\t{r}\t{a},{a}TTT\t.\t.\t." for c, p, r, a in rows]
    vcf = tmp_path / "x.vcf"
    vcf.write_text("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\n" + "\n".join(lines))
    out = tmp_path / "out.tsv"
    command = ["annotate", vcf, "--gff", given_["gff"], "--fasta", given_["fasta"], "--out", out]
    assert main([str(each) for each in command]) == 0
    told = pd.read_csv(out, sep="\t")
    assert len(told) == 4
    assert {"p.Arg4Gly", "p.Ala3dup"} <= set(told["hgvs_p"])
    assert main([str(each) for each in [*command[:2], *command[4:]]]) == 1
    assert "gff" in capsys.readouterr().err
