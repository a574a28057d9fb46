"""The shell: every subcommand on real data, and what a user reads when something is wrong."""

from __future__ import annotations

import gzip
import io
import shutil
import subprocess
import sys
import time

import pandas as pd
import pytest

from seqgen import schemas
from seqgen.cli import main
from seqgen.cli.arguments import build_parser
from seqgen.cli.console import Console
from seqgen.cli.entry import as_flags
from seqgen.io.resources import demo_panel_prefix, demo_sumstats_path
from seqgen.io.tables import read_table

GWAS = str(demo_sumstats_path())
PANEL = str(demo_panel_prefix())
REGION = "22:45443828-46865376"
SUBCOMMANDS = list(next(
    action.choices for action in build_parser()._actions if action.dest == "command"
))  # fmt: skip


def call(capsys, *arguments):
    """Exit status, standard output and standard error of one call."""
    status = main([str(a) for a in arguments])
    out, err = capsys.readouterr()
    return status, out, err


def small_gwas(path, change=lambda frame: frame):
    """The first rows of the bundled GWAS, changed, as a file."""
    frame = pd.read_csv(GWAS, sep="\t", nrows=60, dtype=str)
    change(frame).to_csv(path, sep="\t", index=False)
    return path


@pytest.fixture(scope="module")
def steps(tmp_path_factory):
    """Every step of a run, one subcommand after the other."""
    folder = tmp_path_factory.mktemp("steps")
    run = [
        ["munge", GWAS, "--out", folder / "sumstats.parquet"],
        ["annotate", folder / "sumstats.parquet", "--out", folder / "annotations.parquet"],
        ["loci", folder / "sumstats.parquet", "--out", folder / "loci.tsv"],
        ["score", folder / "annotations.parquet", "--model", "blosum62",
         "--out", folder / "scores.parquet"],
        ["prior", folder / "sumstats.parquet", "--panel", PANEL, "--regions", REGION,
         "--annotations", folder / "annotations.parquet", "--scores", folder / "scores.parquet",
         "--out", folder / "prior.tsv"],
        ["finemap", folder / "sumstats.parquet", "--panel", PANEL, "--regions", REGION,
         "--annotations", folder / "annotations.parquet", "--scores", folder / "scores.parquet",
         "--prior-coefficients", "missense=2", "log_lik_ratio=-0.1", "--out", folder / "fits"],
    ]  # fmt: skip
    for arguments in run:
        assert main([str(a) for a in arguments] + ["--quiet"]) == 0
    return folder


def test_the_steps_make_the_tables(steps):
    assert len(read_table(steps / "sumstats.parquet", schemas.SUMSTATS)) == 15935
    assert len(read_table(steps / "loci.tsv", schemas.LOCI)) == 12
    assert set(read_table(steps / "scores.parquet", schemas.SCORES)["method"]) == {
        "masked-marginal",
        "wild-type-marginal",
        "homolog-profile",
        "average",
    }
    learned = read_table(steps / "prior.tsv", schemas.PRIOR_COEFFICIENTS)
    assert learned["term"].tolist() == ["missense", "log_lik_ratio"]
    assert set(learned["source"]) == {"silenced"}  # one locus: nothing to judge a prior on
    prior = read_table(steps / "fits" / "prior_coefficients.parquet")
    assert prior["estimate"].tolist() == [2.0, -0.1]
    variants = read_table(steps / "fits" / "variants.parquet", schemas.VARIANTS)
    assert (variants["gene"] == "SMC1B").any()


def test_dropped_rows_are_told_and_saved(steps):
    drops = read_table(steps / "annotations.drops.tsv", schemas.DROPS)
    assert drops["count"].sum() > 0


def test_run_and_report(capsys, tmp_path):
    out = tmp_path / "out"
    status, told, _ = call(
        capsys, "run", GWAS, "--panel", PANEL, "--out", out, "--model", "blosum62",
        "--regions", REGION, "--methods", "wild-type-marginal", "--build", "hg19",
    )  # fmt: skip
    assert status == 0
    assert f"page:   {out / 'report.html'}" in told
    assert "1 locus," in told
    page = (out / "report.html").read_text()
    assert f"seqgen run {GWAS} --panel {PANEL}" in page
    (out / "report.html").unlink()
    assert call(capsys, "report", out)[0] == 0
    assert (out / "report.html").read_text() == page


def test_schema_prints_the_columns(capsys):
    status, told, _ = call(capsys, "schema", "variants")
    assert status == 0
    assert "`pip_flat`" in told
    assert call(capsys, "schema", "nonsense")[0] == 1


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_every_subcommand_has_a_worked_example_that_parses(name, capsys):
    with pytest.raises(SystemExit):
        build_parser().parse_args([name, "--help"])
    text = capsys.readouterr().out
    example = text.split("example:")[1].split()
    assert example[:2] == ["seqgen", name]
    build_parser().parse_args(example[1:])


def test_help_is_quick():
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "seqgen.cli", "--help"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "seqgen demo" in done.stdout
    assert time.monotonic() - began < 20  # far above what it takes; catches only a disaster
    assert " numpy" not in done.stderr


def run_arguments(tmp_path, gwas, **changes):
    settings = {"panel": PANEL, "out": tmp_path / "out", "model": "blosum62"} | changes
    flags = [part for name, value in settings.items() for part in (f"--{name}", value)]
    return ["run", gwas, *flags, "--regions", "22:16000000-18000000"]


BAD_FILES = {
    "empty": ("", "empty"),
    "header only": ("CHR\tSNP\tPOS\tA1\tA2\tN\tAF1\tBETA\tSE\tP\n", "no rows|header"),
    "no known column": ("foo\tbar\n1\t2\n", "foo.*bar"),
}


@pytest.mark.parametrize("case", list(BAD_FILES))
def test_files_that_hold_nothing(case, capsys, tmp_path):
    text, message = BAD_FILES[case]
    path = tmp_path / "gwas.tsv"
    path.write_text(text)
    status, _, err = call(capsys, *run_arguments(tmp_path, path))
    assert status == 1
    assert "gwas.tsv" in err
    import re

    assert re.search(message, err), err
    assert "Traceback" not in err
    assert not (tmp_path / "out" / "report.html").exists()


def test_missing_file(capsys, tmp_path):
    status, _, err = call(capsys, *run_arguments(tmp_path, tmp_path / "nowhere.tsv"))
    assert status == 1
    assert "nowhere.tsv" in err


def test_missing_panel(capsys, tmp_path):
    status, _, err = call(capsys, *run_arguments(tmp_path, GWAS, panel=tmp_path / "nopanel"))
    assert status == 1
    assert "nopanel" in err


def test_no_overlap_with_the_panel(capsys, tmp_path):
    gwas = small_gwas(
        tmp_path / "gwas.tsv",
        lambda f: f.assign(POS=(f["POS"].astype(int) + 3).astype(str)),
    )
    status, _, err = call(capsys, *run_arguments(tmp_path, gwas))
    assert status == 1
    assert "build" in err


def test_rows_that_cannot_be_used_are_counted_by_reason(capsys, tmp_path):
    def spoil(frame):
        frame.loc[0, "SE"] = "0"
        frame.loc[1, "SE"] = "NA"
        frame.loc[2, "P"] = "0"
        frame.loc[3, "BETA"] = "nan"
        frame.loc[4, "A1"] = "Z"
        return pd.concat([frame, frame.iloc[[10]]])

    gwas = small_gwas(tmp_path / "gwas.tsv", spoil)
    status, _, _ = call(capsys, "munge", gwas, "--out", tmp_path / "s.parquet")
    assert status == 0
    drops = read_table(tmp_path / "s.drops.tsv", schemas.DROPS)
    table = read_table(tmp_path / "s.parquet", schemas.SUMSTATS)
    assert len(table) == 60 - 4
    assert drops.loc[drops["action"] == "dropped", "count"].sum() == 5
    assert table["neg_log10_p"].notna().all()


def test_unknown_model(capsys, tmp_path):
    status, _, err = call(capsys, *run_arguments(tmp_path, GWAS, model="esm99")[:-1], REGION)
    assert status == 1
    assert "esm99" in err
    assert "seqgen-protein-v2" in err


def test_corrupt_checkpoint(capsys, tmp_path):
    from seqgen.io.resources import bundled_models

    source = next(iter(bundled_models().values()))
    broken = tmp_path / "broken"
    shutil.copytree(source, broken)
    weights = (broken / "model.safetensors").read_bytes()
    (broken / "model.safetensors").write_bytes(weights[: len(weights) // 3])
    status, _, err = call(capsys, *run_arguments(tmp_path, GWAS, model=broken)[:-1], REGION)
    assert status == 1
    assert "model.safetensors" in err


def test_output_folder_that_cannot_be_written(capsys, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    status, _, err = call(capsys, *run_arguments(tmp_path, GWAS, out=blocked / "x"))
    assert status == 1
    assert str(blocked / "x") in err


def test_interrupt_says_what_is_kept(capsys, monkeypatch, tmp_path):
    def stop(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("seqgen.cli.commands.run_all", stop)
    status, _, err = call(capsys, *run_arguments(tmp_path, GWAS))
    assert status == 130
    assert "interrupted" in err


def test_ambiguous_effect_allele_is_not_guessed(capsys, tmp_path):
    path = tmp_path / "gwas.tsv.gz"
    with gzip.open(path, "wt") as handle:
        handle.write("chrom\tpos\trsid\tA1\tA2\tbeta\tse\tp\n1\t5\trs1\tA\tG\t0.1\t0.05\t0.0455\n")
    status, _, err = call(capsys, "munge", path, "--out", tmp_path / "s.parquet")
    assert status == 1
    assert "effect_allele" in err
    status, _, _ = call(
        capsys, "munge", path, "--out", tmp_path / "s.parquet",
        "--col", "effect_allele=A1", "--col", "other_allele=A2",
    )  # fmt: skip
    assert status == 0


def test_annotations_and_scores_go_together(capsys, tmp_path):
    status, _, err = call(
        capsys, "finemap", GWAS, "--panel", PANEL, "--out", tmp_path, "--annotations", "x"
    )
    assert status == 1
    assert "--scores" in err


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--col", "n=N", "--col", "n=M"], "n is given twice"),
        (["--col", "beta=NOWHERE"], "NOWHERE"),
    ],
)
def test_flags_that_contradict(flags, message, capsys, tmp_path):
    status, _, err = call(capsys, "munge", GWAS, "--out", tmp_path / "s.parquet", *flags)
    assert status == 1
    assert message in err


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["missense=1", "missense=2"], "given twice"),
        (["missense=abc"], "missense=abc"),
        (["misssense=1"], "no term misssense"),
        (["missense=1"], "--annotations"),
    ],
)
def test_prior_coefficients_that_cannot_be_meant(given, message, capsys, tmp_path):
    status, _, err = call(
        capsys, "finemap", GWAS, "--panel", PANEL, "--regions", REGION, "--out", tmp_path / "f",
        "--prior-coefficients", *given,
    )  # fmt: skip
    assert status == 1
    assert message in err


def test_an_input_file_is_not_overwritten(capsys, tmp_path):
    gwas = small_gwas(tmp_path / "gwas.tsv")
    before = gwas.read_bytes()
    status, _, err = call(capsys, "munge", gwas, "--out", gwas)
    assert status == 1
    assert "is an input file" in err
    assert gwas.read_bytes() == before


def test_messages_name_shell_flags_not_python():
    text = as_flags("name both, as columns={'effect_allele': 'A1', 'other_allele': 'A2'}")
    assert text == "name both, as --col effect_allele=A1 --col other_allele=A2"


def test_finemap_keeps_out_of_the_folder_of_a_run(capsys, tmp_path):
    (tmp_path / "provenance.json").write_text("{}")
    status, _, err = call(
        capsys, "finemap", GWAS, "--panel", PANEL, "--regions", REGION, "--out", tmp_path
    )
    assert status == 1
    assert "finished run" in err


def test_swapped_alleles_are_named(capsys, tmp_path):
    def swap(frame):
        return frame.rename(columns={"A1": "A2", "A2": "A1"})

    gwas = tmp_path / "gwas.tsv"
    swap(pd.read_csv(GWAS, sep="\t", dtype=str)).to_csv(gwas, sep="\t", index=False)
    status, _, err = call(capsys, *run_arguments(tmp_path, gwas)[:-1], REGION)
    assert status == 1
    assert "swapped" in err
    assert "--col effect_allele=" in err


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_on_a_terminal_rewrites_one_line_with_counts():
    console = Console(stream=Terminal())
    for done in (1, 2, 3):
        console.progress("scoring", done, 3)
    text = console.stream.getvalue()
    assert text.endswith("scoring: 3/3\n")
    assert text.count("\n") == 1


def test_progress_in_a_log_is_one_line_a_step():
    console = Console(stream=io.StringIO())
    for done in range(1, 51):
        console.progress("scoring", done, 50)
    lines = console.stream.getvalue().splitlines()
    assert len(lines) == 2
    assert lines[-1].strip() == "scoring: 50/50"


def test_quiet_is_quiet():
    console = Console(quiet=True, stream=io.StringIO())
    console.progress("scoring", 1, 1)
    console.note("x")
    assert console.stream.getvalue() == ""
