"""What a folder of kept answers holds is told, and its space given back while others use it."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import textwrap
import time
from contextlib import closing

import numpy as np
import pandas as pd
import pytest

from seqgen.cli import main
from seqgen.errors import InputError, SeqgenWarning
from seqgen.models import answer_cache
from seqgen.models.answer_cache import cache_info, clear_cache
from seqgen.models.answer_file import AnswerFile

ROWS = np.arange(2000.0).reshape(100, 20)


def keep(folder, name, answers, *, days_ago=0.0):
    """Answers of a model that was last used so long ago."""
    with AnswerFile(folder, name, f"{name} in float32") as file:
        file.put([(f"{name} {k}".encode(), ROWS) for k in range(answers)])
    when = time.time() - 86_400 * days_ago
    os.utime(file.path, (when, when))
    return file.path


@pytest.fixture
def folder(tmp_path):
    keep(tmp_path, "old", 30, days_ago=100)
    keep(tmp_path, "org/new", 20)
    keep(tmp_path, "middle", 10, days_ago=5)
    return tmp_path


def held(folder):
    table = cache_info(folder)
    return dict(zip(table["model"], table["answers"], strict=True))


def test_what_is_held_is_told_that_used_last_first(folder):
    (folder / "notes.sqlite").write_text("not one of ours by its name")
    table = cache_info(folder)
    assert table["model"].tolist() == ["new", "middle", "old"]
    assert table["answers"].tolist() == [20, 10, 30]
    assert table["bytes"].tolist() == [os.path.getsize(path) for path in table["path"]]
    ages = (pd.Timestamp.now("UTC") - table["last_used"]).dt.total_seconds() / 86_400
    np.testing.assert_allclose(ages, [0, 5, 100], atol=0.01)
    assert cache_info(folder / "nowhere").empty
    assert clear_cache(folder / "nowhere").empty


@pytest.mark.parametrize(
    ("how", "cleared"),
    [
        ({}, {"new", "middle", "old"}),
        ({"unused_for": 30}, {"old"}),
        ({"unused_for": 5}, {"old", "middle"}),
        ({"max_bytes": 600_000}, {"old"}),  # 340 kB, 170 kB and 510 kB
        ({"max_bytes": 400_000}, {"old", "middle"}),
        ({"max_bytes": 10**9}, set()),
        ({"max_bytes": 0}, {"new", "middle", "old"}),
        ({"unused_for": 30, "max_bytes": 600_000}, {"old"}),
    ],
)
def test_what_is_cleared(folder, how, cleared):
    before = held(folder)
    done = clear_cache(folder, **how)
    assert set(done.loc[done["action"] == "cleared", "model"]) == cleared
    assert set(done["action"]) <= {"cleared", "kept"}
    assert held(folder) == {name: 0 if name in cleared else before[name] for name in before}
    for row in cache_info(folder).itertuples():
        assert (row.bytes <= 16_384) == (row.model in cleared)


def test_a_use_counts_even_if_nothing_new_is_kept(folder):
    with AnswerFile(folder, "old", "old in float32") as file:
        assert len(file.get([b"old 1"])) == 1
    done = clear_cache(folder, unused_for=30)
    assert (done["action"] == "kept").all()


def test_one_that_has_the_file_open_goes_on(tmp_path):
    path = keep(tmp_path, "model", 10)
    with AnswerFile(tmp_path, "model", "model in float32") as file:
        assert len(file.get([b"model 3"])) == 1
        assert clear_cache(tmp_path)["action"].tolist() == ["cleared"]
        assert file.get([b"model 3"]) == {}
        file.put([(b"model 3", ROWS)])
    with AnswerFile(tmp_path, "model", "model in float32") as file:
        np.testing.assert_array_equal(file.get([b"model 3"])[b"model 3"], ROWS)
    assert file.path == path


WRITER = textwrap.dedent("""
    import sys
    from pathlib import Path
    import numpy as np
    from seqgen.models import answer_file
    answer_file._EVERY = 0.0
    with answer_file.AnswerFile(Path(sys.argv[1]), "model", "model in float32") as file:
        print("open", flush=True)
        for k in range(400):
            file.put([(b"%d" % k, np.full((20, 20), float(k)))])
            told = file.get([b"%d" % j for j in range(k + 1)])
            assert all((rows == int(key)).all() for key, rows in told.items())
""")


def test_another_process_writes_while_it_is_cleared(tmp_path):
    writer = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", WRITER, str(tmp_path)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert writer.stdout.readline() == "open\n"
    cleared = 0
    while writer.poll() is None:
        cleared += (clear_cache(tmp_path)["action"] == "cleared").sum()
    assert writer.returncode == 0, writer.communicate()[1]
    writer.communicate()
    assert cleared >= 1
    with closing(sqlite3.connect(cache_info(tmp_path)["path"].iloc[0])) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_one_that_does_not_let_go_is_told(folder, monkeypatch):
    monkeypatch.setattr(answer_cache, "_PATIENCE", 0.01)
    path = next(folder.glob("middle*"))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    done = clear_cache(folder).set_index("model")["action"]
    other.execute("ROLLBACK")
    other.close()
    assert done.to_dict() == {"new": "cleared", "middle": "in use", "old": "cleared"}
    assert held(folder)["middle"] == 10


def test_damaged_ones_and_those_of_others_are_left(folder):
    path = next(folder.glob("middle*"))
    path.write_bytes(b"x" * 5000)
    other = folder / f"other-{'0' * 16}.v1.sqlite"
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE answers (mine)")
    connection.commit()
    connection.close()
    with pytest.warns(SeqgenWarning, match="cannot be read"):
        done = clear_cache(folder).set_index("model")
    assert done["action"].to_dict() == {
        "new": "cleared", "middle": "damaged", "old": "cleared", "other": "damaged",
    }  # fmt: skip
    assert done.loc["middle", "answers"] is pd.NA
    assert path.read_bytes() == b"x" * 5000
    with closing(sqlite3.connect(other)) as connection:
        assert connection.execute("SELECT count(*) FROM answers").fetchone() == (0,)


def test_what_is_refused(folder, monkeypatch):
    for how in ({"unused_for": -1}, {"max_bytes": -5}, {"unused_for": float("nan")}):
        with pytest.raises(InputError, match=rf"{next(iter(how))}: found .*0 or more"):
            clear_cache(folder, **how)
    with pytest.raises(InputError, match="is a file; expected a folder"):
        cache_info(next(folder.glob("middle*")))
    with pytest.raises(InputError, match="cache is empty"):
        cache_info("")
    monkeypatch.setenv("SEQGEN_CACHE", "off")
    with pytest.raises(InputError, match="SEQGEN_CACHE is 'off'"):
        cache_info()
    monkeypatch.setenv("SEQGEN_CACHE", str(folder))
    assert len(cache_info()) == 3


def test_from_the_shell(folder, capsys, monkeypatch):
    monkeypatch.setenv("SEQGEN_CACHE", str(folder))
    assert main(["cache"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("new: 20 answers, ")
    assert said[-1].startswith("in all 1.1 MB")
    assert main(["cache", "--prune", "--unused-for", "30"]) == 0
    said = capsys.readouterr().out
    assert ", cleared" in said
    assert "1 of 3 emptied, 50" in said
    assert main(["cache", "--cache", str(folder), "--prune", "--max-size", "0.3MB"]) == 0
    assert held(folder) == {"new": 0, "middle": 0, "old": 0}
    assert main(["cache", "--cache", str(folder / "none")]) == 0
    assert capsys.readouterr().out.endswith("nothing is kept\n")
    for wrong, message in (
        (["--prune"], "--prune: says not what"), (["--all"], "add --prune"),
        (["--prune", "--all", "--max-size", "1GB"], "give one"),
    ):  # fmt: skip
        assert main(["cache", *wrong]) == 1
        assert message in capsys.readouterr().err
    for wrong in (["--max-size", "lots"], ["--unused-for", "-1"]):
        with pytest.raises(SystemExit):
            main(["cache", "--prune", *wrong])
