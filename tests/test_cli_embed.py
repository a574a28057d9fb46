"""``seqgen embed``, ``substitutions``, ``combine-scores`` and ``dna-embedding-distances``."""

import json

import numpy as np
import pandas as pd
import pytest
import tiny_models as tiny

from seqgen import schemas
from seqgen.cli import main
from seqgen.embeddings import embed_proteins, nearest_proteins, read_residue_embeddings
from seqgen.io.tables import read_provenance, read_table
from seqgen.models.registry import load_model
from seqgen.residues import all_substitutions
from seqgen.scores import (
    combine_scores,
    dna_embedding_distances,
    embed_variants,
    score_variants,
)

PROTEINS = {"P1": "MKVLAWDERH", "P2": "MKVLAWDERHGF", "P3": "WWYYFFHH"}


@pytest.fixture
def fasta(tmp_path):
    path = tmp_path / "p.fa"
    path.write_text("".join(f">{name}\n{text}\n" for name, text in PROTEINS.items()))
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny.save_tiny_esm(tmp_path_factory.mktemp("model"), seed=3)


def run(*arguments):
    return main([str(one) for one in arguments] + ["--quiet"])


def refused(capsys, *arguments):
    assert run(*arguments) == 1
    told = capsys.readouterr().err
    assert told.count("\n") == 1, told
    return told


def test_proteins_and_their_neighbours(tmp_path, fasta, folder):
    out = tmp_path / "e.parquet"
    assert run("embed", fasta, "--model", folder, "--layer", 1, "--pooling", "cls", "--nearest", 1,
               "--queries", "P1", "--out", out) == 0  # fmt: skip
    expected = embed_proteins(PROTEINS, load_model(str(folder)), layer=1, pooling="cls")
    found = read_table(out).set_index("uniprot")
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert read_provenance(out)["parameters"] == {"layer": 1, "pooling": "cls"}
    near = read_table(tmp_path / "e.nearest.tsv")
    best = nearest_proteins(expected, queries=["P1"], k=1)
    assert near[["query", "protein"]].values.tolist() == best[["query", "protein"]].values.tolist()
    # Once more from the table, which asks no model.
    assert (
        run("embed", out, "--nearest", 2, "--model", "none", "--out", tmp_path / "again.tsv") == 0
    )
    assert len(read_table(tmp_path / "again.nearest.tsv")) == 6


def test_another_runtime_gives_the_same_and_is_noted(tmp_path, fasta, folder):
    pytest.importorskip("openvino")
    tables = []
    for runtime in ("torch", "openvino"):
        out = tmp_path / f"{runtime}.parquet"
        assert run("embed", fasta, "--model", folder, "--runtime", runtime, "--dtype", "float32",
                   "--out", out) == 0  # fmt: skip
        assert read_provenance(out)["model"]["runtime"] == runtime
        tables.append(read_table(out).drop(columns="uniprot").to_numpy())
    np.testing.assert_allclose(*tables, atol=1e-4)


def test_residues(tmp_path, fasta):
    out = tmp_path / "residues.safetensors"
    assert run("embed", fasta, "--accession", "P3", "--model", "blosum62", "--out", out) == 0
    found = read_residue_embeddings(out)
    assert list(found) == ["P3"]
    np.testing.assert_allclose(found["P3"], load_model("blosum62").embed([PROTEINS["P3"]])[0])


def test_residue_changes(tmp_path, fasta):
    changes = pd.DataFrame({"uniprot": ["P1", "P1"], "position": [2, 2], "ref_aa": ["K", "M"],
                            "alt_aa": ["W", "A"]})  # fmt: skip
    changes.to_csv(tmp_path / "v.tsv", sep="\t", index=False)
    out = tmp_path / "v.parquet"
    assert run("embed", fasta, "--variants", tmp_path / "v.tsv", "--model", "blosum62", "--out",
               out) == 0  # fmt: skip
    expected = embed_variants(changes, PROTEINS, load_model("blosum62"))
    pd.testing.assert_frame_equal(read_table(out), expected.table, check_dtype=False)
    assert read_table(tmp_path / "v.drops.tsv", schemas.DROPS)["count"].tolist() == [1]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["{fasta}"], "--out: missing"),
        (["{fasta}", "--out", "{dir}/x.tsv", "--queries", "P1"], "say how many by --nearest"),
        (["{fasta}", "--out", "{dir}/x.tsv", "--accession", "P9"], "P9: not among the 3 sequences"),
        (["{fasta}", "--out", "{dir}/x.safetensors", "--pooling", "cls"], "is of whole proteins"),
        (["{fasta}", "--out", "{dir}/x.safetensors", "--nearest", "1"], "compares whole proteins"),
        (["{fasta}", "--out", "{dir}/x.tsv", "--shard", "1/2", "--nearest", "1"], "leave out"),
        (["{dir}/e.tsv", "--out", "{dir}/x.tsv"], "read as embeddings"),
    ],
)
def test_embed_says_what_does_not_go_together(tmp_path, fasta, capsys, arguments, told):
    given = [one.format(fasta=fasta, dir=tmp_path) for one in arguments]
    assert told in refused(capsys, "embed", *given, "--model", "blosum62")


def test_all_substitutions_and_their_map(tmp_path, fasta):
    known = pd.DataFrame({"uniprot": ["P1"], "position": [2], "alt_aa": ["W"]})
    known.to_csv(tmp_path / "known.tsv", sep="\t", index=False)
    one = tmp_path / "one.fa"
    one.write_text(f">P1\n{PROTEINS['P1'].lower()}\n")
    out, plot = tmp_path / "s.parquet", tmp_path / "map.svg"
    assert run("substitutions", one, "--model", "blosum62", "--out", out, "--plot", plot,
               "--known", tmp_path / "known.tsv", "--fold", 5) == 0  # fmt: skip
    changes = all_substitutions(PROTEINS["P1"], name="P1")
    model = load_model("blosum62")
    expected = score_variants(changes, PROTEINS, model, methods=["wild-type-marginal"]).table
    pd.testing.assert_frame_equal(read_table(out, schemas.SCORES), expected)
    assert plot.read_text().startswith("<?xml")


def test_substitutions_say_what_does_not_go_together(tmp_path, fasta, capsys):
    out = ["--model", "blosum62", "--out", tmp_path / "x.tsv"]
    assert "not among" in refused(capsys, "substitutions", "nobody", *out)
    assert "name a picture" in refused(capsys, "substitutions", fasta, "--fold", "9", *out)
    nowhere = ["--model", "no-such-model", "--out", tmp_path / "x.tsv", "--method", "m"]
    told = refused(capsys, "substitutions", fasta, *nowhere)
    assert "--method m: expected one of masked-marginal, wild-type-marginal" in told
    plot = ["--plot", tmp_path / "x.png"]
    assert "a heat map is of one protein; 3" in refused(capsys, "substitutions", fasta, *plot, *out)


def test_combined_scores(tmp_path, fasta):
    changes, tables, paths = all_substitutions(PROTEINS["P1"], name="P1"), {}, []
    changes = changes.assign(damaging=changes["position"] % 2 == 0)
    for name, methods in {"one": ["masked-marginal", "wild-type-marginal"],
                          "two": ["wild-type-marginal"]}.items():  # fmt: skip
        table = score_variants(changes, PROTEINS, load_model("blosum62"), methods=methods).table
        table.to_parquet(tmp_path / f"{name}.parquet")
        tables[name] = table[table["method"] == "wild-type-marginal"]
        paths.append(f"{name}={tmp_path / name}.parquet")
    out = tmp_path / "c.tsv"
    assert run("combine-scores", *paths, "--method", "one=wild-type-marginal", "--how", "z",
               "--out", out) == 0  # fmt: skip
    expected = combine_scores(tables, how="z").table
    np.testing.assert_allclose(read_table(out)["combined"], expected["combined"])
    told = read_provenance(out)
    assert told["parameters"]["of"] == ["one", "two"]
    assert json.dumps(told["models"])


def test_combine_says_what_does_not_go_together(tmp_path, capsys):
    table = pd.DataFrame({"uniprot": ["P1"], "position": [1], "ref_aa": ["M"], "alt_aa": ["A"],
                          "method": ["m"], "log_lik_ratio": [0.5]})  # fmt: skip
    table.to_csv(tmp_path / "a.tsv", sep="\t", index=False)
    given, out = f"a={tmp_path / 'a.tsv'}", ["--out", tmp_path / "x.tsv"]
    assert "two or more" in refused(capsys, "combine-scores", given, *out)
    assert "no scores by q; found m" in refused(
        capsys, "combine-scores", given, "--method", "a=q", *out
    )
    assert "no table is called b" in refused(
        capsys, "combine-scores", given, "--method", "b=q", *out
    )


def test_distances_of_dna(tmp_path):
    text = "".join(np.random.default_rng(1).choice(list("ACGT"), 200))
    genome = tmp_path / "genome.fa"
    genome.write_text(f">chr1\n{text}\n")
    alt = "A" if text[99] != "A" else "C"
    vcf = tmp_path / "s.vcf"
    vcf.write_text(f"##fileformat=VCFv4.2\nchr1\t100\t.\t{text[99]}\t{alt}\t.\t.\t.\n")
    model, out = tiny.save_tiny_gpn(tmp_path / "model"), tmp_path / "d.tsv"
    assert run("dna-embedding-distances", vcf, "--fasta", genome, "--model", model, "--context",
               64, "--pooling", "site", "--out", out) == 0  # fmt: skip
    expected = dna_embedding_distances(vcf, genome, load_model(str(model)), context=64,
                                       pooling="site").table  # fmt: skip
    found = read_table(out, schemas.DNA_DISTANCES)
    np.testing.assert_allclose(found["l2"], expected["l2"], rtol=1e-4)


@pytest.mark.parametrize("command", ["score", "dna-embedding-distances"])
def test_a_protein_model_is_refused_for_dna(tmp_path, capsys, folder, command):
    (tmp_path / "g.fa").write_text(">chr1\nACGTACGTACGTACGTACGT\n")
    (tmp_path / "s.vcf").write_text("chr1\t5\t.\tA\tC\t.\t.\t.\n")
    told = refused(capsys, command, tmp_path / "s.vcf", "--fasta", tmp_path / "g.fa", "--model",
                   folder, "--out", tmp_path / "o.tsv")  # fmt: skip
    assert "reads proteins" in told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "holds no sequence"),
        (">P1\n", "'P1' has no sequence"),
        (">P1\nMKV*LA\n", "a stop (*) inside"),
        (">P1\nMKV-LA\n", "take the gaps of the alignment out"),
        (">P1\nMKV1LA\n", "'1' at column 4 of 'P1' is no residue"),
        (">P1\nMKVLA\n>P1\nMKVLA\n", "comes a second time"),
    ],
)
def test_what_is_no_fasta_of_proteins_is_told(tmp_path, capsys, text, told):
    (tmp_path / "bad.fa").write_text(text)
    out = ["--model", "blosum62", "--out", tmp_path / "x.parquet"]
    assert told in refused(capsys, "embed", tmp_path / "bad.fa", *out)
    assert told in refused(capsys, "substitutions", tmp_path / "bad.fa", *out)
    assert not (tmp_path / "x.parquet").exists()


def test_dna_in_place_of_proteins_is_refused(tmp_path, capsys):
    (tmp_path / "dna.fa").write_text(">P1\n" + "ATGAAAGTTTTAGCA" * 3 + "\n")
    out = ["--model", "blosum62", "--out", tmp_path / "x.parquet"]
    for command in ("embed", "substitutions"):
        told = refused(capsys, command, tmp_path / "dna.fa", *out)
        assert "dna.fa: the sequence holds A, C, G, T, U and N alone (45 letters" in told
        assert "or score variants of DNA by `seqgen score --fasta`" in told


def test_a_model_larger_than_memory_is_refused_before_it_is_read(
    tmp_path, capsys, fasta, monkeypatch
):
    """By its configuration 200 GB, whatever is in the file."""
    folder = tiny.save_tiny_esm(tmp_path / "huge")
    config = json.loads((folder / "config.json").read_text())
    config |= {"hidden_size": 16384, "num_hidden_layers": 15, "num_attention_heads": 128,
               "intermediate_size": 65536}  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))
    capsys.readouterr()
    monkeypatch.setattr("seqgen.models.memory.free_memory", lambda: 8_000_000_000)
    told = refused(capsys, "embed", fasta, "--model", folder, "--out", tmp_path / "x.parquet")
    assert "weights take 194.4 GB of memory, 8.0 GB are free" in told


def test_interrupted_nothing_is_left_half_written(tmp_path, capsys, fasta, monkeypatch):
    from seqgen.models.substitution import SubstitutionModel

    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(SubstitutionModel, "embed", stop)
    out = tmp_path / "x.safetensors"
    assert run("embed", fasta, "--model", "blosum62", "--out", out) == 130
    assert "interrupted" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["p.fa"]
