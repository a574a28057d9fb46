"""``seqgen score``: mutants and DNA from the shell, and what it says where they do not fit."""

import gzip
from hashlib import sha256

import numpy as np
import pandas as pd
import pytest
import tiny_models as tiny

from seqgen import __version__, schemas
from seqgen.cli import main
from seqgen.errors import InputError
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
        (["{vcf}", "--fasta", "{fasta}"], "expected a model of DNA; for changes of proteins leave"),
        (["{mutants}", "--shard", "1/2"], "mutants: none of 1 row(s) can be scored"),
        (["{mutants}", "--out", "{mutants}"], "is an input file; name another one"),
        (["{mutants}", "--out", "x.xlsx"], "x.xlsx: the suffix says no kind of table"),
        (["{mutants}", "--proteins", "absent.fa"], "absent.fa: no such file"),
        (["{mutants}", "--methods", "a", "b"], "--methods 'a', 'b'; expected some of additive-"),
    ],
)
def test_what_does_not_fit_is_told(tmp_path, fasta, capsys, arguments, found):
    """In one line and before a model is loaded, or at least before it is asked."""
    (tmp_path / "sites.vcf").write_text("chr1\t1\t.\tA\tC\t.\t.\t.\n")
    (tmp_path / "mutants.tsv").write_text("uniprot\tmutant\nP1\tK2W\n")
    places = {"vcf": tmp_path / "sites.vcf", "fasta": fasta[0], "mutants": tmp_path / "mutants.tsv"}
    given = [one.format(**places) for one in arguments]
    out = ["--model", "blosum62", "--out", tmp_path / "out.tsv"]
    assert run("score", *out, *given) == 1
    told = capsys.readouterr().err
    assert found in told
    assert told.count("\n") == 1


def test_models_that_hide_nothing_and_those_of_dna(tmp_path, capsys):
    """By default what a model can do is asked, and remedies are the shell's."""
    changes = tmp_path / "changes.tsv"
    changes.write_text("uniprot\tposition\tref_aa\talt_aa\nP1\t2\tK\tW\n")
    (tmp_path / "p.fa").write_text(">P1\nMKVLA\n")
    out = tmp_path / "scores.tsv"
    known = ["score", changes, "--proteins", tmp_path / "p.fa", "--out", out, "--no-cache"]
    causal = tiny.save_tiny_gpt2(tmp_path / "causal")
    assert run(*known, "--model", causal) == 0
    assert read_table(out)["method"].tolist() == ["wild-type-marginal"]
    assert run(*known, "--model", causal, "--methods", "masked-marginal") == 1
    assert "use --methods wild-type-marginal" in capsys.readouterr().err
    assert run(*known, "--model", tiny.save_tiny_gpn(tmp_path / "dna")) == 1
    assert "for variants of DNA name a genome by --fasta" in capsys.readouterr().err


def test_a_fasta_is_read_before_a_model(tmp_path, capsys):
    changes = tmp_path / "changes.tsv"
    changes.write_text("uniprot\tposition\tref_aa\talt_aa\nP1\t2\tK\tW\n")
    (tmp_path / "p.fa").write_text("")
    assert run("score", changes, "--proteins", tmp_path / "p.fa", "--model", "no-such-model",
               "--out", tmp_path / "x.tsv") == 1  # fmt: skip
    assert "p.fa: holds no sequence" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("table", "more", "found"),
    [
        ("changes", ["--methods", "pseudo"], "--methods 'pseudo'; expected some of masked-"),
        ("changes", ["--methods", "joint-masked-marginal"], "expected some of masked-marginal, w"),
        ("mutants", ["--methods", "mutant-marginal"], "expected some of additive-masked-marginal"),
        ("dna", ["--fasta", "{fasta}", "--methods", "mutant-marginal"], "expected some of masked"),
        ("dna", ["--fasta", "{dna}"], "dna.tsv: does not begin with '>'"),
        ("dna", ["--fasta", "{gzip}"], "genome.fa.gz: is packed by gzip"),
    ],
)
def test_methods_and_genome_are_checked_before_a_model(tmp_path, capsys, fasta, table, more, found):
    texts = {
        "changes": "uniprot\tposition\tref_aa\talt_aa\nP1\t2\tK\tW\n",
        "mutants": "uniprot\tmutant\nP1\tK2W\n",
        "dna": "chrom\tpos\tref\talt\n1\t5\tA\tC\n",
    }
    places = {name: tmp_path / f"{name}.tsv" for name in texts}
    for name, text in texts.items():
        places[name].write_text(text)
    places |= {"fasta": fasta[0], "gzip": tmp_path / "genome.fa.gz"}
    places["gzip"].write_bytes(gzip.compress(fasta[0].read_bytes()))
    given = [one.format(**places) for one in more]
    for command in ["score", *(["dna-embedding-distances"] if "--methods" not in more else [])]:
        assert run(command, places[table], *given, "--model", "no-such-model",
                   "--out", tmp_path / "x.tsv") == 1  # fmt: skip
        assert found in capsys.readouterr().err


def test_a_text_table_s_note_has_all_that_made_it(tmp_path):
    changes = tmp_path / "changes.tsv"
    changes.write_text("uniprot\tposition\tref_aa\talt_aa\nP1\t2\tK\tW\n")
    proteins = tmp_path / "p.fa"
    proteins.write_text(">P1\nMKVLA\n")
    sums = [sha256(path.read_bytes()).hexdigest() for path in (changes, proteins)]
    out = tmp_path / "scores.tsv"
    model = ["--model", "blosum62", "--out", out, "--no-cache"]
    for arguments, inputs in (
        (["score", changes, "--proteins", proteins], sums),
        (["substitutions", proteins], sums[1:]),
    ):
        assert run(*arguments, *model) == 0
        told = read_provenance(out)
        assert told["inputs_sha256"] == inputs
        assert told["seqgen_version"] == __version__
        assert told["parameters"]["methods"][0] == "wild-type-marginal"
        assert told["columns"]["log_lik_ratio"]["unit"] == "natural log"


# --- what the model said before, and parts ---------------------------------------------------


@pytest.fixture
def tables(tmp_path):
    rows = [("P1", 2, "K", "W"), ("P2", 3, "V", "A"), ("P3", 1, "M", "L"), ("P9", 1, "M", "L")]
    changes = pd.DataFrame(rows, columns=["uniprot", "position", "ref_aa", "alt_aa"])
    changes.to_csv(tmp_path / "changes.tsv", sep="\t", index=False)
    mutants = pd.DataFrame([("P1", "K2W:V3A"), ("P2", "V3del"), ("P3", "L4*"), ("P9", "K2W")],
                           columns=["uniprot", "mutant"])  # fmt: skip
    mutants.to_csv(tmp_path / "mutants.tsv", sep="\t", index=False)
    (tmp_path / "p.fa").write_text(">P1\nMKVLA\n>P2\nMKVWW\n>P3\nMKVLR\n")
    tiny.save_tiny_esm(tmp_path / "esm", seed=3)
    return tmp_path


def shell(tables, *arguments):
    return main([str(one) for one in arguments if one != ""])


def test_a_second_command_asks_the_model_nothing(tables, capsys, monkeypatch):
    command = ("score", tables / "changes.tsv", "--proteins", tables / "p.fa", "--model",
               tables / "esm", "--out", tables / "out.tsv")  # fmt: skip

    def told(*more):
        assert shell(tables, *command, *more) == 0
        lines = [line for line in capsys.readouterr().err.splitlines() if "answers" in line]
        return lines[0].strip() if lines else ""

    where = tables / "given"
    assert told("--cache", where) == f"0 of 6 answers of the model were kept from before: {where}"
    assert told("--cache", where).startswith("6 of 6 answers")
    assert told() == ""  # SEQGEN_CACHE is off in tests
    monkeypatch.setenv("SEQGEN_CACHE", str(tables / "usual"))
    assert told().startswith("0 of 6 answers")
    assert told().startswith("6 of 6 answers")
    assert told("--no-cache") == ""
    (tables / "file").write_text("")
    monkeypatch.setenv("SEQGEN_CACHE", str(tables / "file"))
    assert shell(tables, *command) == 0  # a usual place that is no good costs no run
    assert "what the model says is not kept" in capsys.readouterr().err
    assert shell(tables, *command, "--cache", tables / "file") == 1
    assert "name another folder, or none (--no-cache)" in capsys.readouterr().err


@pytest.mark.parametrize("what", ["changes", "mutants"])
def test_parts_make_the_whole(tables, what):
    def score(name, *more):
        assert run("score", tables / f"{what}.tsv", "--proteins", tables / "p.fa", "--model",
                   "blosum62", "--out", tables / name, *more) == 0  # fmt: skip
        return tables / name

    parts = [score(f"{k}.parquet", "--shard", f"{k}/3") for k in (1, 2, 3)]
    assert [read_table(part)["uniprot"].nunique() for part in parts] == [1, 1, 1]
    assert run("merge", *parts, "--out", tables / "merged.parquet") == 0
    merged, whole = read_table(tables / "merged.parquet"), read_table(score("whole.parquet"))
    order = ["uniprot", "method"]
    pd.testing.assert_frame_equal(
        merged.sort_values(order, ignore_index=True), whole.sort_values(order, ignore_index=True)
    )
    dropped = [read_table(tables / f"{name}.drops.tsv") for name in ("merged", "whole")]
    pd.testing.assert_frame_equal(*dropped)
    assert dropped[0]["count"].sum() == 1


@pytest.mark.parametrize(
    ("more", "expected"),
    [((), None), (("--shard", "1/1"), "float32"), (("--shard", "1/1", "--dtype", "int16"), "int16"),
     (("--cluster", "dask"), "float32"), (("--dtype", "bfloat16"), "bfloat16")],
)  # fmt: skip
def test_machines_that_share_a_job_have_one_precision(tables, monkeypatch, more, expected):
    """Not each what its processor is fastest in: their parts would not fit together."""
    from seqgen.cli import score_commands

    asked = []

    def load(*names, **options):
        asked.append(options["dtype"])
        raise InputError("enough")

    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr(score_commands, "load_model", load)
    assert run("score", tables / "changes.tsv", "--proteins", tables / "p.fa", "--model",
               tables / "esm", "--out", tables / "o.tsv", *more) == 1  # fmt: skip
    assert asked == [expected]


def test_parts_of_embeddings_make_the_whole(tables):
    def embed(name, *more):
        assert run("embed", tables / "p.fa", "--model", tables / "esm", "--cache", tables / "c",
                   "--out", tables / name, *more) == 0  # fmt: skip
        return tables / name

    parts = [embed(f"{k}.parquet", "--shard", f"{k}/2") for k in (1, 2)]
    assert run("merge", *parts, "--out", tables / "merged.parquet") == 0
    pd.testing.assert_frame_equal(
        read_table(tables / "merged.parquet"), read_table(embed("whole.parquet"))
    )


def test_an_interrupted_command_says_what_is_kept_and_goes_on(tables, capsys, monkeypatch):
    from seqgen.models.cached import CachedModel

    command = ("score", tables / "changes.tsv", "--proteins", tables / "p.fa", "--model",
               tables / "esm", "--out", tables / "out.tsv", "--cache", tables / "kept")  # fmt: skip
    whole, calls = CachedModel.remembered, []

    def stop(self, *asked):
        calls.append(1)
        if len(calls) > 1:
            raise KeyboardInterrupt
        return whole(self, *asked)

    with monkeypatch.context() as patch:
        patch.setattr(CachedModel, "remembered", stop)
        assert shell(tables, *command) == 130
    told = capsys.readouterr().err
    assert f"is kept in {tables / 'kept'}, the same command goes on from there" in told
    assert not (tables / "out.tsv").exists()
    assert shell(tables, *command) == 0
    assert "3 of 6 answers of the model were kept" in capsys.readouterr().err


def test_an_empty_cache_is_no_folder(tables, capsys):
    command = ("score", tables / "changes.tsv", "--proteins", tables / "p.fa", "--model",
               tables / "esm", "--out", tables / "out.tsv", "--cache", "", "-q")  # fmt: skip
    assert main([str(one) for one in command]) == 1
    assert "--cache is empty; expected a folder, or --no-cache" in capsys.readouterr().err


def test_a_part_that_is_none_is_told_as_it_was_written(tables, capsys):
    with pytest.raises(SystemExit):
        shell(tables, "score", "a.tsv", "--out", "b.tsv", "--shard", "3/2")
    assert "shard is '3/2'; expected i/N with i from 1 to N" in capsys.readouterr().err


def test_an_address_that_is_none(tables, capsys):
    with pytest.raises(SystemExit):
        run("score", tables / "changes.tsv", "--out", tables / "o.tsv", "--cluster", "daskk")
    assert "found 'daskk'; expected 'dask', 'slurm:20'" in capsys.readouterr().err
