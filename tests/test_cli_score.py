"""``seqgen score``: mutants and DNA from the shell, and what it says where they do not fit."""

import numpy as np
import pandas as pd
import pytest
import tiny_models as tiny

from seqgen import schemas
from seqgen.cli import main
from seqgen.io.tables import read_provenance, read_table
from seqgen.models.registry import load_model
from seqgen.scores import score_dna_variants, score_mutants


@pytest.fixture
def fasta(tmp_path):
    rng = np.random.default_rng(1)
    text = "".join(rng.choice(list("ACGT"), 200))
    path = tmp_path / "genome.fa"
    path.write_text(f">chr1\n{text}\n")
    return path, text


def run(*arguments):
    return main([str(one) for one in arguments] + ["--quiet"])


def test_mutants(tmp_path):
    table = pd.DataFrame({"uniprot": "P1", "mutant": ["K2W:V3A", "V3del"]})
    table.to_csv(tmp_path / "mutants.tsv", sep="\t", index=False)
    (tmp_path / "p.fa").write_text(">P1\nMKVLA\n")
    out = tmp_path / "scores.parquet"
    assert run("score", tmp_path / "mutants.tsv", "--proteins", tmp_path / "p.fa", "--model",
               "blosum62", "--out", out) == 0  # fmt: skip
    expected = score_mutants(table, {"P1": "MKVLA"}, load_model("blosum62")).table
    pd.testing.assert_frame_equal(read_table(out, schemas.MUTANT_SCORES), expected)
    told = read_provenance(out)
    assert told["model"]["name"] == "blosum62"
    assert told["parameters"]["methods"] == list(expected["method"].unique())


def test_dna(tmp_path, fasta):
    path, text = fasta
    folder = tiny.save_tiny_gpn(tmp_path / "model")
    alt = "A" if text[99] != "A" else "C"
    vcf = tmp_path / "sites.vcf"
    vcf.write_text(f"##fileformat=VCFv4.2\nchr1\t100\t.\t{text[99]}\t{alt}\t.\t.\t.\n")
    out = tmp_path / "scores.tsv"
    assert run("score", vcf, "--fasta", path, "--model", folder, "--context", 64, "--out", out) == 0
    expected = score_dna_variants(vcf, path, load_model(str(folder)), context=64).table
    found = read_table(out, schemas.DNA_SCORES)
    np.testing.assert_allclose(found["log_lik_ratio"], expected["log_lik_ratio"], atol=1e-5)
    assert read_provenance(out)["parameters"]["context"] == 64


def test_an_ensemble(tmp_path):
    table = pd.DataFrame({"uniprot": ["P1"], "position": [2], "ref_aa": ["K"], "alt_aa": ["W"]})
    table.to_csv(tmp_path / "changes.tsv", sep="\t", index=False)
    (tmp_path / "p.fa").write_text(">P1\nMKVLA\n")
    out = tmp_path / "scores.tsv"
    assert run("score", tmp_path / "changes.tsv", "--proteins", tmp_path / "p.fa", "--model",
               "blosum62", "blosum62", "--out", out) == 0  # fmt: skip
    assert read_provenance(out)["model"]["name"] == "blosum62 + blosum62"


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["{vcf}"], "is a VCF; name the reference genome with --fasta"),
        (["{vcf}", "--context", "64"], "--context is for DNA"),
        (["{vcf}", "--fasta", "{fasta}", "--proteins", "{fasta}"], "--proteins and --fasta"),
        (["{vcf}", "--fasta", "{fasta}"], "expected a model of DNA"),
        (["{mutants}", "--shard", "1/2"], "leave it out for mutants"),
    ],
)
def test_what_does_not_fit_is_told(tmp_path, fasta, capsys, arguments, found):
    (tmp_path / "sites.vcf").write_text("chr1\t1\t.\tA\tC\t.\t.\t.\n")
    (tmp_path / "mutants.tsv").write_text("uniprot\tmutant\nP1\tK2W\n")
    places = {"vcf": tmp_path / "sites.vcf", "fasta": fasta[0], "mutants": tmp_path / "mutants.tsv"}
    given = [one.format(**places) for one in arguments]
    assert run("score", *given, "--model", "blosum62", "--out", tmp_path / "out.tsv") == 1
    told = capsys.readouterr().err
    assert found in told
    assert told.count("\n") == 1
