"""Search tools: their commands, what becomes of their files, and real runs where installed."""

from __future__ import annotations

import json
import os
import shutil
import sys

import numpy as np
import pytest

from seqgen.errors import InputError, MissingDependencyError, MissingFileError, SeqgenError
from seqgen.io.homologs import search_homologs
from seqgen.schemas import AMINO_ACIDS

QUERY = "MKVLWAAGICDE"
A3M = f">query\n{QUERY}\n>h1 OS=Homo sapiens\nMKVLWaAAGICD-\n"
STOCKHOLM = (
    f"# STOCKHOLM 1.0\n#=GS h1/3-14 DE OS=Homo sapiens\n"
    f"query     {QUERY}\nh1/3-14   MKVLW-AGICDE\n//\n"
)
PROGRAMS = {"mmseqs2": "mmseqs", "hhblits": "hhblits", "jackhmmer": "jackhmmer"}
PRETEND = """#!{python}
import json, os, sys
with open({log!r}, "a") as log:
    log.write(json.dumps([os.path.basename(sys.argv[0]), *sys.argv[1:]]) + "\\n")
if {fail!r} in sys.argv:
    print("first line"); print("no space on the moon", file=sys.stderr); sys.exit(3)
text = {text!r}
if text and sys.argv[1] == "unpackdb":
    open("0.a3m", "w").write(text)
for option in ("-oa3m", "-A"):
    if text and option in sys.argv:
        open(sys.argv[sys.argv.index(option) + 1], "w").write(text)
"""


@pytest.fixture
def pretend(tmp_path, monkeypatch):
    """Put programs on the PATH that note their arguments and leave a given text."""

    def put(tool, *, text=None, fail=""):
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        log = tmp_path / "log"
        if text is None:
            text = STOCKHOLM if tool == "jackhmmer" else A3M
        program = folder / PROGRAMS[tool]
        program.write_text(
            PRETEND.format(python=sys.executable, log=str(log), fail=fail, text=text)
        )
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
        return lambda: [json.loads(line) for line in log.read_text().splitlines()]

    return put


@pytest.fixture
def database(tmp_path):
    file = tmp_path / "data base.fasta"
    file.write_text(f">h1\n{QUERY}\n")
    for part in ("_a3m.ffdata", "_cs219.ffdata"):
        (tmp_path / f"hh{part}").write_text("x")
    return {"mmseqs2": file, "jackhmmer": file, "hhblits": tmp_path / "hh"}


@pytest.mark.parametrize("tool", PROGRAMS)
@pytest.mark.parametrize("name", ["out.msa", "out.msa.gz"])
def test_a_search_gives_an_alignment_and_leaves_only_its_file(
    tmp_path, pretend, database, tool, name
):
    calls = pretend(tool)
    folder = tmp_path / "results"
    folder.mkdir()
    alignment = search_homologs(
        QUERY.lower(), database[tool], tool=tool, out=folder / name, evalue=1e-5, iterations=2,
        threads=3, options=["--extra", "1"],
    )  # fmt: skip
    assert alignment.focus_sequence == QUERY
    assert alignment.residues.names == ["query"]
    assert alignment.names[1].endswith("OS=Homo sapiens")
    assert [file.name for file in folder.iterdir()] == [name]
    given = next(call for call in calls() if "--extra" in call)
    flags = {
        "mmseqs2": {"-e": "1e-05", "--num-iterations": "2", "--threads": "3"},
        "hhblits": {"-e": "1e-05", "-n": "2", "-cpu": "3", "-d": str(tmp_path / "hh")},
        "jackhmmer": {"--incE": "1e-05", "-N": "2", "--cpu": "2"},
    }[tool]
    for flag, value in flags.items():
        assert given[given.index(flag) + 1] == value
    assert any(str(database[tool]) in call for call in calls())


def test_mmseqs_keeps_more_hits_than_its_own_limit(tmp_path, pretend, database):
    calls = pretend("mmseqs2")
    search_homologs(QUERY, database["mmseqs2"], out=tmp_path / "o.a3m")
    search = next(call for call in calls() if call[1] == "search")
    assert int(search[search.index("--max-seqs") + 1]) >= 10_000
    assert [call[1] for call in calls()] == [
        "createdb", "createdb", "search", "result2msa", "unpackdb",
    ]  # fmt: skip


def test_a_database_that_mmseqs_made_is_taken_as_it_is(tmp_path, pretend):
    calls = pretend("mmseqs2")
    for name in ("db", "db.dbtype"):
        (tmp_path / name).write_text("x")
    search_homologs(QUERY, tmp_path / "db", out=tmp_path / "o.a3m")
    assert [call[1] for call in calls()].count("createdb") == 1


@pytest.mark.parametrize("tool", PROGRAMS)
def test_a_missing_program_gives_the_command_that_installs_it(
    tmp_path, monkeypatch, database, tool
):
    monkeypatch.setenv("PATH", str(tmp_path))
    package = {"mmseqs2": "mmseqs2", "hhblits": "hhsuite", "jackhmmer": "hmmer"}[tool]
    with pytest.raises(MissingDependencyError, match=rf"conda install .* {package}.*apt install"):
        search_homologs(QUERY, database[tool], tool=tool, out=tmp_path / "o")


def test_a_failing_program_is_quoted_and_leaves_the_old_file(tmp_path, pretend, database):
    pretend("mmseqs2", fail="search")
    (tmp_path / "o.a3m").write_text("old")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(SeqgenError, match=r"mmseqs search failed \(exit 3\).*space on the moon"):
        search_homologs(QUERY, database["mmseqs2"], out=tmp_path / "o.a3m")
    assert (tmp_path / "o.a3m").read_text() == "old"
    assert [file for file in sorted(tmp_path.iterdir()) if file.name != "log"] == before


def test_finding_nothing_is_told(tmp_path, pretend, database):
    pretend("jackhmmer", text="")
    with pytest.raises(InputError, match="found no homologs"):
        search_homologs(QUERY, database["jackhmmer"], tool="jackhmmer", out=tmp_path / "o")
    pretend("mmseqs2", text=f">query\n{QUERY}\n")
    with pytest.raises(InputError, match="1 sequence is left"):
        search_homologs(QUERY, database["mmseqs2"], out=tmp_path / "o")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"tool": "blast"}, "tool is 'blast'"),
        ({"name": "two words"}, "name is 'two words'"),
        ({"evalue": 0}, "evalue is 0"),
        ({"iterations": 0}, "iterations is 0"),
        ({"iterations": 9, "tool": "hhblits"}, "expected 1 to 8 for hhblits"),
        ({"sequence": "MK-V"}, "query: '-' at position 3"),
        ({"sequence": "ACGT" * 9}, "sequence: the sequence holds A, C, G, T, U and N alone"),
    ],
)
def test_wrong_arguments_are_told(tmp_path, database, arguments, message):
    arguments = {"sequence": QUERY, "out": tmp_path / "o", **arguments}
    tool = arguments.get("tool", "mmseqs2")
    with pytest.raises(InputError, match=message):
        search_homologs(arguments.pop("sequence"), database.get(tool, tmp_path), **arguments)


def test_databases_of_the_wrong_kind_are_told(tmp_path):
    (tmp_path / "text").write_text("no fasta")
    (tmp_path / "packed").write_bytes(b"\x1f\x8b")
    for tool, name, error, message in (
        ("mmseqs2", "none", MissingFileError, "no such file"),
        ("mmseqs2", "text", InputError, "is no FASTA file"),
        ("jackhmmer", "packed", InputError, r"gunzip -k packed"),
        ("hhblits", "text", MissingFileError, "prefix of an hhsuite database"),
    ):
        with pytest.raises(error, match=message):
            search_homologs(QUERY, tmp_path / name, tool=tool, out=tmp_path / "o")


@pytest.mark.parametrize("tool", ["mmseqs2", "jackhmmer"])
def test_a_real_search_finds_a_family_among_strangers(tmp_path, tool):
    if shutil.which(PROGRAMS[tool]) is None:
        pytest.skip(f"{PROGRAMS[tool]} is not installed")
    rng = np.random.default_rng(1)
    letters = np.array(list(AMINO_ACIDS))
    query = rng.choice(letters, 120)
    records = []
    for number in range(30):
        row = np.where(rng.random(120) < 0.25, rng.choice(letters, 120), query)
        records.append(f">kin{number} OS=Homo sapiens\n{''.join(row[: 120 - number])}")
        records.append(f">stranger{number}\n{''.join(rng.choice(letters, 120))}")
    (tmp_path / "db.fasta").write_text("\n".join(records) + "\n")
    alignment = search_homologs(
        "".join(query), tmp_path / "db.fasta", tool=tool, out=tmp_path / "o.gz", iterations=1,
        threads=1,
    )  # fmt: skip
    assert alignment.focus_sequence == "".join(query)
    assert alignment.residues.positions.tolist() == list(range(1, 121))
    found = [name.split("/")[0].split()[0] for name in alignment.names[1:]]
    assert sum(name.startswith("kin") for name in found) >= 28
    assert not any(name.startswith("stranger") for name in found)
    kin = alignment.codes[1:]
    assert ((kin == alignment.codes[0]) | (kin == 0)).mean() > 0.7


def test_a_result_that_is_refused_is_not_left_behind(tmp_path, pretend, database):
    pretend("mmseqs2", text=f">query\n{QUERY}\n>h1\n{QUERY}\n")
    out = tmp_path / "out.a3m"
    with pytest.raises(InputError, match=r"out\.a3m: all 2 rows are the same"):
        search_homologs(QUERY, database["mmseqs2"], tool="mmseqs2", out=out)
    assert not out.exists()
