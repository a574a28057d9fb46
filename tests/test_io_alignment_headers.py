"""Headers that say what the columns are: two proteins, ranges, and their way through a file."""

from __future__ import annotations

import numpy as np
import pytest

from seqgen.alignment import Alignment, Residues
from seqgen.errors import InputError
from seqgen.io.alignments import read_alignment, write_alignment
from tests.alignments import SHARED

MSA = SHARED / "msa"
needs_families = pytest.mark.skipif(
    not MSA.is_dir(), reason=f"the families are not at {MSA} (SEQGEN_SHARED_DATA)"
)
FASTA = ">Q\nMK-VLW\n>h1\nM-GVL-\n>h2\nMRGVIW\n"


def written(folder, text):
    file = folder / "a.txt"
    file.write_text(text)
    return file


FOREIGN = "gi|1|ref|YP_1|/265-267:gi|2|ref|YP_2|/6-9 E={1,2} [Some_species]"


def joint(focus, *, names=("A", "sp|P2|B x%")):
    """Six columns of two proteins, with positions left out."""
    residues = Residues(
        "MKVLWA" if focus is not None else "------",
        np.array([3, 4, 7, 1, 2, 9]),
        np.array([names[0]] * 3 + [names[1]] * 3, dtype=object),
    )
    codes = [[0, 9, 18, 10, 19, 1], [11, 9, 18, 10, 19, 1], [11, 9, 0, 10, 0, 2]]
    return Alignment(("a [Homo sapiens]", FOREIGN, "c"), np.array(codes), residues, focus)


@pytest.mark.parametrize("focus", [None, 1])
@pytest.mark.parametrize("name", ["x.fasta", "x.a2m.gz", "x.a3m"])
def test_two_proteins_come_back_with_names_and_numbers(tmp_path, name, focus):
    alignment = joint(focus)
    again = read_alignment(write_alignment(alignment, tmp_path / name))
    assert again.names == alignment.names
    assert np.array_equal(again.codes, alignment.codes)
    assert again.focus == focus
    assert again.residues.letters == alignment.residues.letters
    assert again.residues.positions.tolist() == alignment.residues.positions.tolist()
    assert again.residues.proteins.tolist() == alignment.residues.proteins.tolist()
    with pytest.raises(InputError, match=r"of several proteins.*leave them out"):
        read_alignment(tmp_path / name, start=4)


def test_headers_with_columns_are_still_plain_fasta(tmp_path):
    write_alignment(joint(None), tmp_path / "x.fasta")
    lines = (tmp_path / "x.fasta").read_text().splitlines()
    told = "columns=A/3-4,7-7:sp|P2|B%20x%25/1-2,9-9"
    assert lines[0] == f">a {told} [Homo sapiens]"
    assert lines[4:] == [f">c {told}", "MK-L-C"]


def test_a_name_and_numbers_without_focus_come_back(tmp_path):
    alignment = read_alignment(written(tmp_path, FASTA), focus=False, name="P9", start=5)
    again = read_alignment(write_alignment(alignment, tmp_path / "b.fasta"))
    assert again.focus is None
    assert again.residues.names == ["P9"]
    assert again.residues.positions.tolist() == list(range(5, 11))


def test_a_focus_of_two_ranges_is_two_proteins_if_both_fit(tmp_path):
    text = f">{FOREIGN}\nMKVLaWAG\n>b\nMKILWAG\n"
    alignment = read_alignment(written(tmp_path, text.replace("aWA", "WA")))
    assert alignment.residues.names == ["1", "2"]
    assert alignment.residues.positions.tolist() == [265, 266, 267, 6, 7, 8, 9]
    assert alignment.drops.empty
    with pytest.raises(InputError, match="several proteins"):
        read_alignment(written(tmp_path, text.replace("aWA", "WA")), name="P1")


def test_a_focus_of_two_ranges_is_the_one_that_fits(tmp_path):
    alignment = read_alignment(written(tmp_path, f">{FOREIGN}\nMKVL\n>b\nMKIL\n"))
    assert alignment.residues.names == ["2"]
    assert alignment.residues.positions.tolist() == [6, 7, 8, 9]
    again = read_alignment(write_alignment(alignment, tmp_path / "b.fasta"))
    assert again.residues.names == ["2"]
    assert again.residues.positions.tolist() == [6, 7, 8, 9]


def test_two_ranges_that_do_not_fit_are_left_out_and_told(tmp_path):
    alignment = read_alignment(written(tmp_path, f">{FOREIGN}\nMKVLW\n>b\nMKILW\n"))
    assert alignment.residues.positions.tolist() == [1, 2, 3, 4, 5]
    assert "numbered from 1" in alignment.drops["reason"].iloc[0]
    assert alignment.drops["count"].tolist() == [1]


@needs_families
@pytest.mark.parametrize("side", ["RR", "SK"])
def test_kinases_and_regulators_read_with_a_focus(side):
    alignment = read_alignment(MSA / "HK_RR" / f"{side}shortExact.fasta.gz")
    assert alignment.focus == 0
    assert len(alignment.residues.names) == 1
