"""The genome build: told, found by places, stated, and checked against other files."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from seqgen.cli import main
from seqgen.errors import InputError, SeqgenWarning
from seqgen.io.explain import explain_sumstats
from seqgen.io.genome_build import (
    BUILDS,
    build_in,
    build_of_lengths,
    build_of_lines,
    build_of_variants,
    checked_build,
)
from seqgen.io.genome_landmarks import LENGTHS, landmarks
from seqgen.io.genotypes import read_panel
from seqgen.io.liftover import lift_over
from seqgen.io.reference_alleles import align_to_reference
from seqgen.io.resources import demo_panel_prefix, demo_sumstats_path
from seqgen.io.sumstats import read_sumstats
from seqgen.io.tables import read_provenance

COLUMNS = {"rsid": "SNP", "chrom": "CHR"}


def rows(build: str, count: int = 30) -> pd.DataFrame:
    """Known variants at their places in a build."""
    known = landmarks().iloc[:: len(landmarks()) // count].head(count)
    return pd.DataFrame(
        {
            "CHR": known["chrom"],
            "BP": known[build],
            "SNP": known["rsid"],
            "EA": known["alleles"].str[0],
            "NEA": known["alleles"].str[1],
            "BETA": np.linspace(-0.1, 0.1, len(known)),
            "SE": 0.02,
        }
    )


def save(frame: pd.DataFrame, path, before: str = ""):
    path.write_text(before + frame.to_csv(sep="\t", index=False, lineterminator="\n"))
    return path


def test_known_variants_are_where_they_are_said_to_be():
    known = landmarks()
    assert known["rsid"].is_unique
    assert (known["GRCh37"] != known["GRCh38"]).all()
    for build in BUILDS:
        assert (known[build] < known["chrom"].map(LENGTHS[build])).all()
    panel = read_panel(demo_panel_prefix()).variants
    both = panel.merge(known, on="rsid")
    assert len(both) >= 10
    assert both["pos"].tolist() == both["GRCh37"].tolist()
    assert build_of_variants(panel) == "GRCh37"


def test_names_of_builds():
    for name in ("GRCh38", "hg38", "38", "GRCh38.p14", "b38"):
        assert checked_build(name) == "GRCh38"
    for name in ("hg18", "T2T", "37/38", ""):
        with pytest.raises(InputError, match="no genome build that seqgen tells apart"):
            checked_build(name)
    assert build_in("pos_b37_x, hs37d5") == "GRCh37"
    assert build_in("rs138 b380 abb37") is None
    assert build_of_lengths({"chr1": 249250621, "chrUn": 5}) == "GRCh37"
    assert build_of_lengths({"chrM": 16569}) is None
    assert build_of_lines(["##contig=<ID=22,length=50818468,x=1>"]) == "GRCh38"


@pytest.mark.parametrize("build", BUILDS)
def test_found_by_the_places_of_known_variants(tmp_path, build):
    path = save(rows(build), tmp_path / "gwas.tsv")
    assert read_sumstats(path).table.attrs == {"genome_build": build}
    found = explain_sumstats(path)
    assert found.build == build
    assert f"build:   {build} (30 known variants lie where it has them)" in found.to_text()
    unnamed = save(rows(build).drop(columns="SNP"), tmp_path / "unnamed.tsv")
    assert read_sumstats(unnamed, build=build).table.attrs == {"genome_build": build}
    one = save(rows(build).head(1), tmp_path / "one.tsv")
    assert explain_sumstats(one).build == build


def test_nothing_is_found_where_nothing_tells(tmp_path):
    moved = rows("GRCh37").assign(BP=lambda frame: frame["BP"] + 1)
    path = save(moved, tmp_path / "gwas.tsv")
    assert read_sumstats(path).table.attrs == {}
    assert "build:   not told, neither by" in explain_sumstats(path).to_text()
    assert read_sumstats(path, build="hg19").table.attrs == {"genome_build": "GRCh37"}
    # two rows at the right place, without names and with other alleles
    chance = rows("GRCh37", 2).drop(columns="SNP").assign(EA="A", NEA="T")
    assert explain_sumstats(save(chance, tmp_path / "chance.tsv")).build is None


def test_found_by_the_ends_of_chromosomes(tmp_path):
    frame = rows("GRCh37").drop(columns="SNP").assign(CHR="17", BP=83_000_000 + np.arange(30))
    path = save(frame, tmp_path / "gwas.tsv")
    assert explain_sumstats(path).build == "GRCh38"
    with pytest.raises(
        InputError, match="30 rows lie beyond the end of their chromosome in GRCh37"
    ):
        read_sumstats(path, build="GRCh37")
    nowhere = save(frame.assign(BP=200_000_000 + np.arange(30)), tmp_path / "nowhere.tsv")
    with pytest.warns(SeqgenWarning, match="check which columns chrom and pos are"):
        read_sumstats(nowhere)


def test_told_by_the_file(tmp_path):
    plain = rows("GRCh37").assign(BP=lambda frame: frame["BP"] + 1)
    for name, before, frame, source in (
        ("a.tsv", "##reference=GRCh38\n", plain, "a line above the header"),
        ("GCST1_buildGRCh38.tsv", "", plain, "the file's name"),
        ("b.tsv", "", plain.rename(columns={"BP": "pos_hg38"}), "column pos_hg38"),
        ("c.tsv", "", plain.assign(hm_coordinate_conversion="lo").set_axis(
            ["hm_chrom", "hm_pos", "hm_rsid", "hm_effect_allele", "hm_other_allele", "hm_beta",
             "standard_error", "hm_code"], axis=1), "the harmonised format"),
    ):  # fmt: skip
        found = explain_sumstats(save(frame, tmp_path / name, before))
        assert found.build == "GRCh38", name
        assert found.build_because.startswith(source)
        with pytest.raises(InputError, match="'GRCh37' was stated, but the file is of GRCh38"):
            read_sumstats(tmp_path / name, build="GRCh37")


def test_the_places_go_before_what_the_file_says(tmp_path):
    path = save(rows("GRCh37"), tmp_path / "gwas_hg38.tsv")
    with pytest.warns(SeqgenWarning, match="name says GRCh38, but the positions are of GRCh37"):
        table = read_sumstats(path).table
    assert table.attrs == {"genome_build": "GRCh37"}


def test_rows_of_two_builds(tmp_path):
    half = rows("GRCh37", 40)
    half.loc[half.index[::2], "BP"] = rows("GRCh38", 40)["BP"]
    path = save(half, tmp_path / "gwas.tsv")
    with pytest.warns(SeqgenWarning, match="20 of GRCh37 and 20 of GRCh38: rows of both are mixed"):
        assert read_sumstats(path).table.attrs == {}


def test_munge_states_checks_and_writes_the_build(tmp_path, capsys):
    path = save(rows("GRCh38"), tmp_path / "gwas.tsv")
    out = tmp_path / "out.parquet"
    assert main(["munge", str(path), "--out", str(out), "--build", "GRCh37"]) != 0
    assert "30 known variants lie where it has them; state --build GRCh38" in " ".join(
        capsys.readouterr().err.split()
    )
    assert not out.exists()
    for name in ("out.parquet", "out.tsv"):
        assert main(["munge", str(path), "--out", str(tmp_path / name)]) == 0
        assert read_provenance(tmp_path / name)["genome_build"] == "GRCh38"
    # what was written tells it on
    again = explain_sumstats(out)
    assert again.build_because.startswith("the record of how it was made says so")
    capsys.readouterr()
    assert main(["munge", str(path), "--explain"]) == 0
    assert "GRCh38 (30 known variants" in capsys.readouterr().out


def chain(path, sizes: tuple[int, int], shift: int = 100):
    length = 50_000_000
    path.write_text(
        f"chain 1 chr22 {sizes[0]} + 0 {length} chr22 {sizes[1]} + {shift} {length + shift} 1\n"
        f"{length}\n\n"
    )
    return path


def test_a_chain_file_from_another_build_is_refused(tmp_path):
    table = read_sumstats(demo_sumstats_path()).table
    sizes = tuple(LENGTHS[build]["22"] for build in BUILDS)
    forth = chain(tmp_path / "forth.chain", sizes)
    back = chain(tmp_path / "back.chain", sizes[::-1])
    assert lift_over(table, forth).table.attrs == {"genome_build": "GRCh38"}
    with pytest.raises(InputError, match=r"are of GRCh37, the chain file .* of GRCh38"):
        lift_over(table, back)
    out = tmp_path / "out.parquet"
    arguments = ["munge", str(demo_sumstats_path()), "--out", str(out), "--chain"]
    assert main([*arguments, str(back)]) != 0
    assert main([*arguments, str(forth)]) == 0
    assert read_provenance(out)["genome_build"] == "GRCh38"


def test_a_fasta_of_another_build_is_refused(tmp_path, capsys):
    length = LENGTHS["GRCh38"]["21"]
    with open(tmp_path / "x.fa", "w") as handle:
        handle.write(">21\n" + "A" * length + "\n")
    table = rows("GRCh37", 262).query("CHR == '21'")
    path = save(table, tmp_path / "gwas.tsv")
    read = read_sumstats(path).table
    with pytest.raises(InputError, match=r"GRCh37, the FASTA .* of GRCh38 by the lengths"):
        align_to_reference(read, tmp_path / "x.fa")
    out = tmp_path / "out.parquet"
    arguments = ["munge", str(path), "--out", str(out), "--reference", str(tmp_path / "x.fa")]
    assert main(arguments) != 0
    assert "lengths of its chromosomes" in " ".join(capsys.readouterr().err.split())
    assert not out.exists()
