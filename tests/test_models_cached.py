"""What a model said is kept: the same numbers, asked for once, whatever happens on the way."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap

import numpy as np
import pandas as pd
import pytest
import tiny_models as tiny
from stand_in_models import Contextual, Counting

from seqgen.embeddings import embed_proteins
from seqgen.errors import InputError, OutputError, SeqgenWarning
from seqgen.models import answer_file
from seqgen.models.answer_file import AnswerFile
from seqgen.models.cached import CachedModel, cached_model, default_cache
from seqgen.models.ensemble import EnsembleModel
from seqgen.models.protocol import SequenceModel
from seqgen.models.registry import load_model
from seqgen.schemas import AMINO_ACIDS
from seqgen.scores import score_dna_variants, score_mutants, score_variants

RNG = np.random.default_rng(8)
LONG = "".join(RNG.choice(list(AMINO_ACIDS), 150))
PROTEINS = {"P1": "MKVLAWDERHGFPSTQNYCI", "P2": "MSTNPKPQRKTKRNTNRRPQDV", "LONG": LONG}
ALL_METHODS = (
    "masked-marginal", "wild-type-marginal", "mutant-marginal", "pseudo-log-likelihood",
    "one-pass-pseudo-log-likelihood",
)  # fmt: skip


@pytest.fixture(scope="module")
def tiny_esm(tmp_path_factory):
    """Takes 62 residues at most."""
    return load_model(str(tiny.save_tiny_esm(tmp_path_factory.mktemp("esm"), seed=3)))


@pytest.fixture
def model():
    return Counting(Contextual())


def changes(*places, uniprot="P1"):
    rows = [(uniprot, at, PROTEINS[uniprot][at - 1], "W") for at in places]
    return pd.DataFrame(rows, columns=["uniprot", "position", "ref_aa", "alt_aa"])


SOME = pd.concat([changes(2, 5, 19), changes(3, uniprot="P2"), changes(4, 70, uniprot="LONG")])


# --- the same numbers, and none computed twice ----------------------------------------------


@pytest.mark.parametrize("real", [False, True])
@pytest.mark.parametrize("method", ALL_METHODS)
def test_a_second_call_asks_nothing_and_gives_the_same_bits(tmp_path, method, real, tiny_esm):
    model = Counting(tiny_esm if real else Contextual())
    rows = SOME if method != "pseudo-log-likelihood" else SOME[SOME["uniprot"] == "P1"]
    plain = score_variants(rows, PROTEINS, model, methods=[method])
    needed, model.asked = model.asked, 0
    first = score_variants(rows, PROTEINS, model, methods=[method], cache=tmp_path)
    assert model.asked == needed > 0
    second = score_variants(rows, PROTEINS, model, methods=[method], cache=tmp_path)
    assert model.asked == needed
    pd.testing.assert_frame_equal(plain.table, first.table, check_exact=True)
    pd.testing.assert_frame_equal(first.table, second.table, check_exact=True)
    assert first.table.attrs == second.table.attrs == plain.table.attrs


def test_only_what_is_new_is_asked(model, tmp_path):
    score_variants(changes(2, 5), PROTEINS, model, cache=tmp_path)
    model.asked = 0
    both = score_variants(
        pd.concat([changes(2, 5, 7), changes(3, uniprot="P2")]), PROTEINS, model, cache=tmp_path
    )
    # Position 7 hidden, P2 with position 3 hidden, and P2 as it is; P1 as it is was there.
    assert model.asked == 3
    alone = score_variants(both.table, PROTEINS, model)
    np.testing.assert_allclose(both.table["log_lik_ratio"], alone.table["log_lik_ratio"], atol=1e-5)


def test_mutants_and_the_sums_of_their_parts_share_what_was_said(model, tmp_path):
    mutants = pd.DataFrame({"uniprot": "P1", "mutant": ["K2W:V3A", "V3del", "L4*"]})
    methods = ("additive-masked-marginal", "joint-masked-marginal", "pseudo-log-odds",
               "one-pass-pseudo-log-likelihood")  # fmt: skip
    plain = score_mutants(mutants, PROTEINS, model, methods=methods)
    first = score_mutants(mutants, PROTEINS, model, methods=methods, cache=tmp_path)
    model.asked = 0
    second = score_mutants(mutants, PROTEINS, model, methods=methods, cache=tmp_path)
    assert model.asked == 0
    pd.testing.assert_frame_equal(first.table, second.table, check_exact=True)
    np.testing.assert_allclose(
        plain.table["log_lik_ratio"], first.table["log_lik_ratio"], atol=1e-4
    )
    # Exact likelihoods hid every residue of P1, so that its masked-marginals are there.
    score_variants(changes(7, 9), PROTEINS, model, methods=["masked-marginal"], cache=tmp_path)
    assert model.asked == 0


@pytest.mark.parametrize("pooling", ["mean", "cls", "attention"])
def test_embeddings(tiny_esm, tmp_path, pooling):
    plain = embed_proteins(PROTEINS, tiny_esm, pooling=pooling)
    first = embed_proteins(PROTEINS, tiny_esm, pooling=pooling, cache=tmp_path)
    pd.testing.assert_frame_equal(plain, first, check_exact=True)
    with cached_model(tiny_esm, tmp_path) as cached:
        second = embed_proteins(PROTEINS, cached, pooling=pooling)
        assert cached.file.found == cached.file.asked > len(PROTEINS)
        pd.testing.assert_frame_equal(first, second, check_exact=True)
        embed_proteins(PROTEINS, cached, pooling=pooling, layer=1)
        assert cached.file.asked == 2 * cached.file.found  # another layer is another question


def test_dna(tmp_path):
    text = "".join(RNG.choice(list("ACGT"), 300))
    (tmp_path / "genome.fa").write_text(f">chr1\n{text}\n")
    other = "CATG"["ACTG".index(text[149])] if text[149] in "AC" else "A"
    sites = pd.DataFrame({"chrom": "1", "pos": [150], "ref": text[149], "alt": other})
    for save in (tiny.save_tiny_gpn, tiny.save_tiny_nucleotide_transformer):
        model = load_model(str(save(tmp_path / save.__name__)))
        plain, first, second = (
            score_dna_variants(sites, tmp_path / "genome.fa", model, context=64, cache=cache)
            for cache in (None, tmp_path / "cache", tmp_path / "cache")
        )
        pd.testing.assert_frame_equal(plain.table, first.table, check_exact=True)
        pd.testing.assert_frame_equal(first.table, second.table, check_exact=True)
        with cached_model(model, tmp_path / "cache") as asked:
            score_dna_variants(sites, tmp_path / "genome.fa", asked, context=64)
            assert asked.file.found == asked.file.asked > 0


# --- what answers depend on -----------------------------------------------------------------


def test_other_weights_and_arithmetic_never_meet(tiny_esm, tmp_path):
    def path_of(model, **others):
        with cached_model(Counting(model, **others), tmp_path) as cached:
            return cached.file.path.name

    names = {
        path_of(tiny_esm),
        path_of(tiny_esm, revision="another"),
        path_of(tiny_esm, dtype="bfloat16"),
        path_of(tiny_esm, runtime="another"),
        path_of(EnsembleModel([tiny_esm, tiny_esm])),
    }
    assert len(names) == 5
    assert path_of(tiny_esm) in names
    assert path_of(tiny_esm, name="a/../b c") not in names  # the same answers under another name
    assert len(os.listdir(tmp_path)) == 6


def test_it_is_a_model_as_any_other(tiny_esm, tmp_path):
    with cached_model(tiny_esm, tmp_path) as cached:
        assert isinstance(cached, SequenceModel)
        assert isinstance(cached, CachedModel)
        for _ in range(2):
            np.testing.assert_array_equal(
                cached.log_probs(["MKV"])[0], tiny_esm.log_probs(["MKV"])[0]
            )
            np.testing.assert_array_equal(
                cached.log_probs(["MKV"], [1])[0], tiny_esm.log_probs(["MKV"], [1])[0]
            )
        assert (cached.file.asked, cached.file.found) == (2, 1)
        cached.log_probs(["MKV"])[0][:] = 0.0  # what is handed out is the caller's
        assert cached.log_probs(["MKV"])[0].any()
        with cached_model(cached, tmp_path / "other") as same:
            assert same is cached
        assert "CachedModel(" in repr(cached)
    for quick in ("blosum62",):
        with cached_model(load_model(quick), tmp_path / "none") as same:
            assert not isinstance(same, CachedModel)
    assert not (tmp_path / "none").exists()


def test_arrays_come_back_as_they_were(tmp_path):
    arrays = [
        np.arange(6, dtype=np.float32).reshape(2, 3), np.array([np.nan, -np.inf, 1e-300]),
        np.empty((0, 4)), np.arange(8.0).reshape(2, 4)[:, ::2],
    ]  # fmt: skip
    keys = [bytes([place]) for place in range(len(arrays))]
    with AnswerFile(tmp_path, "a", "b") as file:
        file.put(list(zip(keys, arrays, strict=True)))
    with AnswerFile(tmp_path, "a", "b") as file:
        found = file.get([*keys, b"nothing"])
    assert sorted(found) == keys
    for key, array in zip(keys, arrays, strict=True):
        np.testing.assert_array_equal(found[key], array)
        assert found[key].dtype == array.dtype


def test_where_the_shell_keeps_answers(monkeypatch, tmp_path):
    monkeypatch.setenv("SEQGEN_CACHE", "off")
    assert default_cache() is None
    monkeypatch.setenv("SEQGEN_CACHE", str(tmp_path))
    assert default_cache() == tmp_path
    monkeypatch.delenv("SEQGEN_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))
    monkeypatch.setattr(sys, "platform", "linux")
    assert default_cache() == tmp_path / "x" / "seqgen"


# --- stopped, damaged, full, read-only ------------------------------------------------------

_STOPPED = """
import os, signal, sys
import pandas as pd
sys.path.insert(0, {tests!r})
from stand_in_models import Contextual, Counting
from seqgen.models import answer_file
from seqgen.scores import asking, score_variants

asking.CHUNK_RESIDUES = 40
answer_file._EVERY = 0.0
model = Counting(Contextual())
ask, asked_before = model.log_probs, {most}

def log_probs(*asked):
    if asked_before and model.asked >= asked_before:
        os.kill(os.getpid(), signal.{how})
    return ask(*asked)

model.log_probs = log_probs
rows = pd.DataFrame({{"uniprot": "P1", "position": range(1, 21), "ref_aa": list({protein!r}),
                     "alt_aa": "W"}})
scored = score_variants(rows, {{"P1": {protein!r}}}, model, cache={cache!r})
scored.table.to_csv({out!r}, float_format="%.17g")
print(model.asked)
"""


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX's")
@pytest.mark.parametrize("how", ["SIGKILL"])
def test_a_killed_run_goes_on_where_it_was(tmp_path, how):
    def run(cache, most=0):
        code = _STOPPED.format(
            tests=os.path.dirname(__file__), protein=PROTEINS["P1"], most=most, how=how,
            cache=str(tmp_path / cache), out=str(tmp_path / f"{cache}.csv"),
        )  # fmt: skip
        return subprocess.run(
            [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip

    counting = Counting(Contextual())
    never_stopped = score_variants(changes(*range(1, 21)), PROTEINS, counting).table
    killed = run("stopped", most=7)
    assert killed.returncode == -getattr(signal, how), killed.stderr
    assert not (tmp_path / "stopped.csv").exists()
    again = run("stopped")
    assert again.returncode == 0, again.stderr
    assert 0 < int(again.stdout) <= counting.asked - 6  # one batch of two was not kept
    assert (tmp_path / "stopped.csv").read_text() == never_stopped.to_csv(float_format="%.17g")


def test_several_processes_write_one_file(tmp_path):
    code = """
import sys
import numpy as np
from pathlib import Path
from seqgen.models import answer_file
from seqgen.models.answer_file import AnswerFile
answer_file._EVERY = 0.0
with AnswerFile(Path(sys.argv[1]), "a", "b") as file:
    for k in range(30):
        file.put([(f"{sys.argv[2]} {k} {j}".encode(), np.full(4, k)) for j in range(5)])
"""
    running = [
        subprocess.Popen([sys.executable, "-W", "error", "-c", code, str(tmp_path), str(name)],
                         stderr=subprocess.PIPE, text=True)
        for name in range(3)
    ]  # fmt: skip
    for process in running:
        _, told = process.communicate(timeout=120)
        assert (process.returncode, told) == (0, "")
    keys = [f"{name} {k} {j}".encode() for name in range(3) for k in range(30) for j in range(5)]
    with AnswerFile(tmp_path, "a", "b") as file:
        assert len(file.get(keys)) == len(keys)


def cached_file(model, folder):
    score_variants(changes(2, 5), PROTEINS, model, cache=folder)
    (path,) = folder.iterdir()
    return path


def test_a_damaged_file_is_told_with_its_remedy(model, tmp_path):
    path = cached_file(model, tmp_path)
    whole = path.read_bytes()
    path.write_bytes(b"no database at all" * 500)
    with pytest.raises(InputError, match=r"is damaged \(file is not a database\); delete it"):
        score_variants(changes(2), PROTEINS, model, cache=tmp_path)
    path.write_bytes(whole)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE answers SET value = CAST(value || x'00' AS BLOB)")
    connection.close()
    with pytest.raises(InputError, match=r"is damaged \(a checksum is wrong\); delete it"):
        score_variants(changes(2), PROTEINS, model, cache=tmp_path)


def test_a_file_of_something_else_is_refused(model, tmp_path):
    path = cached_file(model, tmp_path)
    for change in ("UPDATE model SET identity = 'another'", "PRAGMA application_id=7"):
        with sqlite3.connect(path) as connection:
            connection.execute(change)
        connection.close()
        with pytest.raises(InputError, match="but not of answers of this model; move it away"):
            score_variants(changes(2), PROTEINS, model, cache=tmp_path)


def test_a_folder_that_cannot_be_written(model, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"cache '.*file' cannot be written.*name another"):
        score_variants(changes(2), PROTEINS, model, cache=tmp_path / "file")
    with pytest.raises(InputError, match="cache is empty"):
        score_variants(changes(2), PROTEINS, model, cache="")


def test_what_may_only_be_read_is_read_and_told_once(model, tmp_path, monkeypatch):
    path = cached_file(model, tmp_path)
    needed, model.asked = model.asked, 0

    def refuse(place, mode):
        assert (place, mode) == (path, "ab")
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(answer_file, "open", refuse, raising=False)
    before = path.read_bytes()
    with pytest.warns(SeqgenWarning, match="cannot be written \\(Permission denied\\)") as told:
        score_variants(changes(2, 5, 7), PROTEINS, model, cache=tmp_path)
    assert len(told) == 1
    assert model.asked == 1 < needed
    assert path.read_bytes() == before


def test_a_full_disk_is_told_once_and_the_work_goes_on(model, tmp_path, monkeypatch):
    monkeypatch.setattr(answer_file, "_EVERY", 0.0)
    cached_file(model, tmp_path)
    model.asked = 0
    with cached_model(model, tmp_path) as cached:
        (pages,) = cached.file._connection.execute("PRAGMA page_count").fetchone()
        cached.file._connection.execute(f"PRAGMA max_page_count={pages}")
        with pytest.warns(SeqgenWarning, match=r"cannot be written \(database or disk is full"):
            scored = score_variants(SOME, PROTEINS, cached)
    plain = score_variants(SOME, PROTEINS, model)
    np.testing.assert_allclose(
        scored.table["log_lik_ratio"], plain.table["log_lik_ratio"], atol=1e-5
    )


def test_answers_are_written_together_and_those_not_yet_written_are_there(tmp_path, monkeypatch):
    monkeypatch.setattr(answer_file, "_EVERY", 1e6)
    answer = np.ones(3)
    with AnswerFile(tmp_path, "a", "b") as file, AnswerFile(tmp_path, "a", "b") as other:
        file.put([(b"1", answer)])
        answer[:] = 0.0  # whoever has it may use it
        assert file.get([b"1", b"2"])[b"1"].tolist() == [1.0, 1.0, 1.0]
        assert other.get([b"1"]) == {}
        monkeypatch.setattr(answer_file, "_MOST", 100)
        file.put([(b"2", np.zeros(9))])
        assert sorted(other.get([b"1", b"2"])) == [b"1", b"2"]
        monkeypatch.setattr(answer_file, "_MOST", 1e6)
        file.put([(b"3", answer)])
    with AnswerFile(tmp_path, "a", "b") as file:
        assert len(file.get([b"1", b"2", b"3"])) == 3
