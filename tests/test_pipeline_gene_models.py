"""The whole flow with gene models: variants without names, in genes that UniProt does not know."""

from __future__ import annotations

import gzip

import numpy as np
import pandas as pd
import pytest
from synthetic_genome import ensembl_gff3, mutated, random_genome, read_codons
from tiny_panels import write_panel

from seqgen.errors import InputError
from seqgen.io.tables import read_table
from seqgen.models.substitution import SubstitutionModel
from seqgen.pipeline import RunOptions, residue_changes, run
from seqgen.pipeline.store import _PAGE_SIGN
from seqgen.scores import score_variants

GENES, PEOPLE, N = 10, 200, 20_000


def regions(genome) -> tuple[str, ...]:
    """Two genes to a locus."""
    return tuple(
        f"1:{genome.genes[k].exons[0][0]}-{genome.genes[k + 1].exons[-1][1]}"
        for k in range(0, GENES, 2)
    )


def single_bases(genome, rng) -> pd.DataFrame:
    """A change of every fifth base of the chromosome."""
    text = genome.sequences["1"]
    pos = np.arange(3, len(text), 5)
    ref = [text[p - 1] for p in pos]
    alt = ["ACGT"[("ACGT".index(base) + int(step)) % 4] for base, step in
           zip(ref, rng.integers(1, 4, len(pos)), strict=True)]  # fmt: skip
    return pd.DataFrame({"chrom": "1", "pos": pos, "ref": ref, "alt": alt})


def read_by_hand(genome, variants: pd.DataFrame) -> list[str]:
    """Residue changes of single bases by translating each changed transcript; '' for none."""
    out = []
    for row in variants.itertuples():
        told = ""
        for gene in genome.genes[:GENES]:
            if row.pos in gene.cds_positions():
                bases = ["", *genome.sequences["1"]]
                before = read_codons(gene.from_start(bases)).partition("*")[0]
                after = mutated(genome, gene, (row.pos, row.ref, row.alt))
                after = read_codons(after)[: len(before) + 1]
                at = [k for k in range(len(before)) if before[k] != after[k]]
                told = f"{before[at[0]]}{at[0] + 1}{after[at[0]]}" if at else ""
        out.append(told)
    return out


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Genome, gene models, panel and summary statistics whose effects are of missense variants."""
    folder = tmp_path_factory.mktemp("genes")
    genome = random_genome(5, n_genes=GENES, residues=90)
    rng = np.random.default_rng(4)
    variants = single_bases(genome, rng)
    variants["by_hand"] = read_by_hand(genome, variants)
    p = len(variants)
    founders = rng.normal(size=(2 * PEOPLE, 1 + p // 5)).repeat(5, axis=1)[:, :p]
    alleles = (founders + rng.normal(size=(2 * PEOPLE, p))) > rng.uniform(0, 1, p)
    counts = (alleles[:PEOPLE] + alleles[PEOPLE:].astype(np.float32)).astype(np.float32)
    R = np.corrcoef(counts, rowvar=False)
    missense = variants["by_hand"].str.fullmatch(r"[A-Z]\d+[A-Z]").to_numpy()
    place = variants["pos"].to_numpy()
    b = np.zeros(p)
    for region in regions(genome):
        start, end = map(int, region[2:].split("-"))
        b[rng.choice(np.flatnonzero(missense & (place > start) & (place < end)))] = 9.0
    z = R @ b + np.linalg.cholesky(R + 0.01 * np.eye(p)) @ rng.normal(size=p)
    write_panel(folder / "panel", counts, [
        ("1", int(row.pos), ".", row.alt, row.ref) for row in variants.itertuples()])  # fmt: skip
    table = pd.DataFrame({
        "CHR": "1", "POS": variants["pos"], "effect_allele": variants["alt"],
        "other_allele": variants["ref"], "eaf": counts.mean(axis=0) / 2,
        "BETA": z / np.sqrt(N), "SE": 1 / np.sqrt(N), "N": N,
    })  # fmt: skip
    with gzip.open(folder / "gwas.tsv.gz", "wt") as out:
        table.to_csv(out, sep="\t", index=False)
    genome.write_fasta(folder / "genome.fa")
    (folder / "genes.gff3").write_text(ensembl_gff3(genome))
    return folder, genome, variants


def options(folder, genome, **more) -> RunOptions:
    return RunOptions(
        regions=regions(genome), model="blosum62", gff=str(folder / "genes.gff3"),
        fasta=str(folder / "genome.fa"), palindromic="as-written", L=3, **more,
    )  # fmt: skip


@pytest.fixture(scope="module")
def done(files):
    folder, genome, _ = files
    return run(folder / "gwas.tsv.gz", folder / "panel", folder / "out",
               options=options(folder, genome))  # fmt: skip


def test_every_missense_variant_is_found_without_an_rsid(done, files):
    _, _, expected = files
    told = done.tables.variants.merge(expected, on="pos")
    single = told["by_hand"].str.fullmatch(r"[A-Z]\d+[A-Z]").fillna(False)
    single &= ~told["consequence"].fillna("").str.contains("start_lost")
    assert single.sum() > 50
    assert (told.loc[single, "residue_change"] == told.loc[single, "by_hand"]).all()
    assert told.loc[~single, "residue_change"].isna().all()


def test_scores_are_those_of_the_transcript_s_own_protein(done, files):
    _, genome, _ = files
    told = done.tables.variants.dropna(subset="residue_change")
    assert told["uniprot"].str.startswith("TG").all()
    bases = ["", *genome.sequences["1"]]
    proteins = {f"T{gene.name}": read_codons(gene.from_start(bases)).partition("*")[0]
                for gene in genome.genes[:GENES]}  # fmt: skip
    asked = pd.DataFrame({
        "uniprot": told["uniprot"], "position": told["residue_change"].str[1:-1].astype(int),
        "ref_aa": told["residue_change"].str[0], "alt_aa": told["residue_change"].str[-1],
    }).drop_duplicates()  # fmt: skip
    scored = score_variants(
        asked, proteins, SubstitutionModel(), methods=["wild-type-marginal"]
    ).table
    change = scored["ref_aa"] + scored["position"].astype(str) + scored["alt_aa"]
    expected = pd.Series(scored["log_lik_ratio"].to_numpy(), index=scored["uniprot"] + change)
    found = expected.loc[told["uniprot"] + told["residue_change"]].to_numpy()
    np.testing.assert_allclose(told["log_lik_ratio"], found)
    drops = done.tables.drops
    assert drops["reason"].str.contains("numbered by its transcript").sum() == 1


def test_published_scores_by_allele_are_of_the_variant_not_its_change(files, tmp_path, no_page):
    folder, genome, variants = files
    known = variants.iloc[::2]
    score = np.random.default_rng(8).uniform(0, 0.3, size=len(known)).round(4)
    z = pd.read_csv(folder / "gwas.tsv.gz", sep="\t")["BETA"].abs().iloc[::2]
    for region in regions(genome):  # what is scored badly is what is associated
        start, end = map(int, region[2:].split("-"))
        score[np.argmax(z.where(known["pos"].between(start, end), 0))] = 0.95
    pd.DataFrame({
        "#CHROM": "1", "POS": known["pos"], "REF": known["ref"], "ALT": known["alt"],
        "am_pathogenicity": score,
    }).to_csv(tmp_path / "alpha.tsv", sep="\t", index=False)  # fmt: skip
    told = options(folder, genome, scores=(str(tmp_path / "alpha.tsv"),))
    result = run(folder / "gwas.tsv.gz", folder / "panel", tmp_path / "out", options=told)
    table = result.tables.variants
    expected = table["pos"].map(dict(zip(known["pos"], score, strict=True)))
    assert np.array_equal(table["alphamissense"], expected, equal_nan=True)
    assert table.loc[table["residue_change"].isna(), "alphamissense"].notna().any()
    prior = result.tables.prior_coefficients.set_index("term")
    assert list(prior.index) == ["missense", "log_lik_ratio", "loss_of_function", "alphamissense"]
    # of all terms it is the one that predicts loci held out
    assert prior.loc["alphamissense", "lower"] > 0
    spread = result.provenance["prior"]["penalty_sd"]
    assert [name for name in spread if spread[name] > 0.05] == ["alphamissense"]
    drops = result.tables.drops.query("stage == 'published_scores'")
    assert drops["count"].tolist() == [int(expected.isna().sum())]


def test_what_destroys_a_protein_is_a_term_of_the_prior_and_on_the_page(done):
    told = done.tables.variants
    lost = told["consequence"].fillna("").str.contains("stop_gained|splice_(?:donor|acceptor)")
    assert lost.sum() >= 5
    assert told.loc[lost, "residue_change"].isna().all()
    terms = list(done.tables.prior_coefficients["term"])
    assert terms == ["missense", "log_lik_ratio", "loss_of_function"]
    stops = told.loc[told["consequence"].fillna("").str.contains("stop_gained"), "hgvs_p"]
    assert stops.str.fullmatch(r"p\.[A-Z][a-z]{2}\d+Ter").all()
    page = done.report.read_text(encoding="utf-8")
    assert "Variants taken to destroy a protein" in page
    assert stops.iloc[0] in page
    counts = done.tables.funnel.set_index("step")["count"]
    assert counts["taken to destroy a protein"] >= lost.sum()
    assert "with an rsID" not in counts


@pytest.fixture
def no_page(monkeypatch):
    """Drawing takes most of a run."""
    monkeypatch.setattr(
        "seqgen.pipeline.flow.write_report",
        lambda tables, path, provenance: path.write_bytes(_PAGE_SIGN),
    )


def test_a_belief_in_lost_function_is_taken(files, tmp_path, no_page):
    folder, genome, _ = files
    made = run(folder / "gwas.tsv.gz", folder / "panel", tmp_path / "out", options=options(
        folder, genome, prior_coefficients={"loss_of_function": 2.0}))  # fmt: skip
    told = made.tables.variants
    lost = told["consequence"].fillna("").str.contains("stop_gained")
    plain = told["consequence"].isna() | (told["consequence"] == "intron_variant")
    for _, part in told.groupby("locus"):
        if lost[part.index].any():
            ratio = part.loc[lost, "prior"].mean() / part.loc[plain, "prior"].mean()
            assert ratio == pytest.approx(np.exp(2.0))


def test_a_second_run_uses_the_first_one_s_steps_unless_the_gene_models_changed(
    files, tmp_path, no_page
):
    folder, genome, _ = files
    heard = []

    def again(chosen):
        heard.clear()
        run(folder / "gwas.tsv.gz", folder / "panel", tmp_path / "out", options=chosen,
            progress=lambda what, done, total: heard.append(what))  # fmt: skip

    again(options(folder, genome))
    again(options(folder, genome))
    assert "following variants through transcripts (reused)" in heard
    (folder / "others.gff3").write_text((folder / "genes.gff3").read_text() + "# another\n")
    again(RunOptions(**{**options(folder, genome).to_dict(),
                        "gff": str(folder / "others.gff3")}))  # fmt: skip
    assert "following variants through transcripts (reused)" not in heard


def test_the_gravest_of_several_changes_is_told():
    rows = pd.DataFrame({
        "chrom": "1", "pos": [5, 5, 5, 9, 9], "effect_allele": "A", "other_allele": "G",
        "uniprot": ["P1", "T2", "T3", "T4", None],
        "position": pd.array([3, 4, 5, 6, None], dtype="Int64"),
        "ref_aa": ["K", "R", "Q", "L", None], "alt_aa": ["N", "S", "*", "L", None],
        "consequence": ["missense_variant", "missense_variant", "stop_gained",
                        "synonymous_variant", "intron_variant"],
    })  # fmt: skip
    scores = pd.DataFrame({
        "uniprot": ["P1", "T2"], "position": [3, 4], "ref_aa": ["K", "R"], "alt_aa": ["N", "S"],
        "method": "wild-type-marginal", "log_lik_ratio": [-1.0, -2.0],
    })  # fmt: skip
    told = residue_changes(rows, scores).set_index("pos")
    assert told.loc[5, "consequence"] == "stop_gained"
    assert pd.isna(told.loc[5, "residue_change"])
    assert told.loc[9, "consequence"] == "synonymous_variant"
    without = residue_changes(rows[rows["consequence"] != "stop_gained"], scores).set_index("pos")
    assert without.loc[5, "residue_change"] == "R4S"


def test_gene_models_need_their_genome(files):
    folder, genome, _ = files
    with pytest.raises(InputError, match="fasta: not given; gene models need both"):
        RunOptions(gff=str(folder / "genes.gff3"))
    other = folder / "other.fa"
    other.write_text(">2\nACGTACGT\n")
    with pytest.raises(InputError, match=r"gff, fasta: .*none of .* fits other\.fa"):
        run(folder / "gwas.tsv.gz", folder / "panel", folder / "bad", options=RunOptions(
            **{**options(folder, genome).to_dict(), "fasta": str(other)}))  # fmt: skip


def test_the_tables_hold_what_the_run_returned(done):
    written = read_table(done.folder / "variants.parquet")
    pd.testing.assert_frame_equal(written, done.tables.variants)
