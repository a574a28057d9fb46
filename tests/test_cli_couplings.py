"""The shell's subcommands for alignments and couplings."""

from __future__ import annotations

import numpy as np
import pytest
from alignments import SHARED, made_alignment, needs_reference, random_alignment

from seqgen.alignment import ALIGNMENT_LETTERS
from seqgen.cli import main
from seqgen.io.alignments import read_alignment
from seqgen.io.couplings import read_couplings
from seqgen.io.tables import read_provenance, read_table
from seqgen.models.registry import load_model
from seqgen.schemas import COUPLINGS


def call(capsys, *arguments):
    """Exit status, standard output and standard error of one call."""
    status = main([str(a) for a in arguments])
    out, err = capsys.readouterr()
    return status, out, err


def write(path, alignment, headers=None):
    rows = ["".join(ALIGNMENT_LETTERS[code] for code in row) for row in alignment.codes]
    names = headers or [f"s{i}" for i in range(len(rows))]
    pairs = zip(names, rows, strict=True)
    path.write_text("".join(f">{name}\n{row}\n" for name, row in pairs))
    return path


def coupled(seed=0, n=300, length=24):
    rng = np.random.default_rng(seed)
    codes = rng.integers(1, 21, size=(n, length))
    codes[:, 17] = (codes[:, 3] + 5) % 20 + 1
    return made_alignment(codes)


@pytest.fixture
def family(tmp_path):
    return write(tmp_path / "family.a3m", coupled(length=30), ["P1/11-40", *map(str, range(299))])


def test_couplings_of_a_family(family, tmp_path, capsys):
    out, model = tmp_path / "new" / "couplings.parquet", tmp_path / "family.safetensors"
    status, told, notes = call(
        capsys, "couplings", family, "--out", out, "--save-model", model,
        "--plot", tmp_path / "map.png", "--arcs", tmp_path / "arcs.svg",
    )  # fmt: skip
    assert status == 0, notes
    table = read_table(out, COUPLINGS)
    first = table.iloc[0]
    assert (first["protein_1"], first["position_1"], first["position_2"]) == ("P1", 14, 28)
    assert first["probability"] > 0.95
    assert "couplings" in read_provenance(out)["command"]
    assert "deep enough: 300 sequences count as 300" in notes
    assert f"435 pairs of residues: {out}" in told
    assert "14" in told
    assert "28" in told
    assert (tmp_path / "map.png").read_bytes()[:4] == b"\x89PNG"
    assert (tmp_path / "arcs.svg").read_text().count("<svg") == 1
    assert load_model(str(model)).residues.positions[0] == 11
    np.testing.assert_allclose(np.nanmax(read_couplings(out).scores), first["score"], rtol=1e-12)


def test_mean_field_and_gaps(family, tmp_path, capsys):
    tables = {}
    for name, flags in {
        "state": [], "ignore": ["--gaps", "ignore"], "mean": ["--method", "mean-field"],
        "firm": ["--lambda-J", "500"],
    }.items():  # fmt: skip
        out = tmp_path / f"{name}.tsv"
        status, _, notes = call(capsys, "couplings", family, "--out", out, *flags)
        assert status == 0, notes
        tables[name] = read_table(out, COUPLINGS)
        assert tables[name].iloc[0]["position_2"] == 28
    tops = {name: table["score"].max() for name, table in tables.items()}
    assert len(set(tops.values())) == 4
    assert tops["firm"] < tops["state"]
    assert set(tables["mean"]["method"]) == {"mean-field"}


def test_a_shallow_family_is_refused_and_nothing_is_written(tmp_path, capsys):
    path = write(tmp_path / "few.fasta", random_alignment(30, 40, letters=20))
    out = tmp_path / "c.parquet"
    status, _, notes = call(capsys, "couplings", path, "--out", out)
    assert status == 1
    assert "is too shallow: 30 sequences count as" in notes
    assert "almost no signal" in notes
    assert not out.exists()
    status, _, notes = call(capsys, "couplings", path, "--out", out, "--min-depth", "0")
    assert status == 0
    assert "note: the alignment is too shallow" in notes
    assert out.exists()


def test_two_families_side_by_side(tmp_path, capsys):
    whole = coupled()
    first, second = whole.columns(np.arange(12)), whole.columns(np.arange(12, 24))
    names = [f"x_{i} OS=Species {i} OX={i}" for i in range(300)]
    one = write(tmp_path / "one.a2m", first, [f"A{name}" for name in names])
    order = np.r_[0, np.random.default_rng(0).permutation(np.arange(1, 300))]
    two = write(tmp_path / "two.a2m", second.rows(order), [f"B{names[i]}" for i in order])
    out, joint = tmp_path / "between.parquet", tmp_path / "joint.a2m"
    status, _, notes = call(
        capsys, "couplings", one, "--pair-with", two, "--names", "ONE", "TWO", "--out", out
    )
    assert status == 0, notes
    assert "300 pairs of sequences" in notes
    first_pair = read_table(out, COUPLINGS).iloc[0]
    assert (first_pair["protein_1"], first_pair["position_1"]) == ("ONE", 4)
    assert (first_pair["protein_2"], first_pair["position_2"]) == ("TWO", 6)
    assert read_couplings(out).scores.shape == (12, 12)
    status, told, notes = call(capsys, "pair", one, two, "--out", joint)
    assert status == 0, notes
    assert "300 pairs, 24 columns" in told
    assert read_alignment(joint).length == 24


def test_pairs_and_their_table_belong_together(family, tmp_path, capsys):
    status, _, notes = call(
        capsys, "pair", family, family, "--by", "pairs", "--out", tmp_path / "x.a2m"
    )
    assert status == 1
    assert "--pairs TABLE belong together" in notes
    table = tmp_path / "pairs.tsv"
    table.write_text("first\tsecond\n1\t2\n")
    status, _, notes = call(
        capsys, "pair", family, family, "--by", "pairs", "--pairs", table, "--out", table
    )
    assert (status, table.read_text()) == (1, "first\tsecond\n1\t2\n")


def test_couplings_of_a_language_model(tmp_path, capsys):
    fasta = tmp_path / "one.fasta"
    fasta.write_text(">sp|P99|X\nMKVLAGHEWDMKTAYIAKQR\n")
    out = tmp_path / "jacobian.parquet"
    status, _, notes = call(
        capsys, "couplings", fasta, "--method", "categorical-jacobian", "--jacobian", "masked",
        "--out", out,
    )  # fmt: skip
    assert status == 0, notes
    found = read_couplings(out)
    assert found.method == "categorical-jacobian"
    assert found.rows.names == ["P99"]
    assert found.z is not None


def test_numbering_of_a_fasta(tmp_path, capsys):
    fasta = tmp_path / "one.fasta"
    fasta.write_text(">P31751/152-163\nMKVLAGHEWDMK\n")
    for flags, first in (([], 152), (["--start", "7"], 7)):
        out = tmp_path / "j.tsv"
        status, _, notes = call(
            capsys, "couplings", fasta, "--method", "categorical-jacobian", "--jacobian", "masked",
            "--out", out, *flags,
        )  # fmt: skip
        assert status == 0, notes
        found = read_couplings(out)
        assert (found.rows.names, found.rows.positions[0]) == (["P31751"], first)
        assert found.probability is None


def test_alignment_options_reach_the_reader(family, tmp_path, capsys):
    out = tmp_path / "c.parquet"
    flags = ["--identity", "0.3", "--min-column-coverage", "0.5", "--start", "101"]
    status, _, notes = call(capsys, "couplings", family, "--out", out, *flags)
    assert status == 0, notes
    assert read_couplings(out).rows.positions[0] == 101
    assert read_couplings(out).diagnostics["neff"] < 300


def test_two_proteins_and_a_linker(tmp_path, capsys):
    fasta = tmp_path / "two.fasta"
    fasta.write_text(">A\nMKVLAGHEWD\n>B\nMKTAYIAKQRW\n")
    out = tmp_path / "linked.parquet"
    status, _, notes = call(
        capsys, "couplings", fasta, "--method", "categorical-jacobian", "--jacobian", "masked",
        "--linkers", "GGGG", "--shuffles", "3", "--out", out,
    )  # fmt: skip
    assert status == 0, notes
    found = read_couplings(out)
    assert found.scores.shape == (10, 11)
    assert np.isfinite(found.p).all()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (
            ["--method", "categorical-jacobian", "--save-model", "m"],
            "--save-model has no meaning for --method categorical-jacobian; it belongs to plm, "
            "mean-field",
        ),
        (["--method", "mean-field", "--lambda-J", "1"], "--lambda-J has no meaning for"),
        (["--method", "mean-field", "--gaps", "ignore"], "--gaps has no meaning for"),
        (["--pseudocount", "0.3"], "--pseudocount has no meaning for --method plm"),
        (["--shuffles", "3"], "--shuffles has no meaning for --method plm"),
        (["--method", "categorical-jacobian"], "300 sequences; expected 1 or 2. Alignments go"),
        (["--chains", "P1=A"], "--chains needs --structure FILE"),
        (["--names", "A", "B"], "--names needs --pair-with FILE"),
        (["--min-depth", "nan"], "min_depth is nan"),
        (["--device", "banana"], "device is 'banana'; expected one of"),
        (["--save-model", "x.pt"], "expected a name in .safetensors"),
        (["--plot", "a.png", "--arcs", "a.png"], "is also what --plot writes"),
        (["--focus", "nobody"], "nobody"),
        (["--plot", "map.jpeg"], "pictures are written as .png, .svg, .pdf"),
        (["--structure", "nowhere.pdb"], "nowhere.pdb"),
    ],
)
def test_what_a_user_reads_when_something_is_wrong(flags, message, family, tmp_path, capsys):
    status, _, notes = call(capsys, "couplings", family, "--out", tmp_path / "c.parquet", *flags)
    assert status == 1
    assert message in notes


def test_inputs_are_not_overwritten(family, capsys):
    before = family.read_bytes()
    for flags in (
        ["--out", "c.parquet", "--structure", "model.safetensors", "--save-model",
         "model.safetensors"],
        ["--out", "c.parquet", "--pair-with", "map.png", "--plot", "map.png"],
    ):  # fmt: skip
        status, _, notes = call(capsys, "couplings", family, *flags)
        assert status == 1
        assert "is an input file" in notes
    assert family.read_bytes() == before


@needs_reference
def test_precision_on_a_structure(tmp_path, capsys):
    folder = SHARED / "msa"
    status, told, notes = call(
        capsys, "couplings", folder / "1a3a_A.a3m.gz", "--out", tmp_path / "c.parquet",
        "--structure", folder / "1a3a.pdb.gz", "--plot", tmp_path / "map.png",
    )  # fmt: skip
    assert status == 0, notes
    row = next(line.split() for line in told.splitlines() if line.split()[:2] == ["all", "L"])
    assert float(row[3]) >= 0.64
    assert "distance" in told
