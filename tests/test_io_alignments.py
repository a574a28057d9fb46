"""Alignments from files: formats, focus, numbering, filters, and what is wrong with them."""

from __future__ import annotations

import gzip
import time

import numpy as np
import pytest

from seqgen.alignment import ALIGNMENT_LETTERS
from seqgen.errors import InputError, MissingFileError, OutputError
from seqgen.io import alignment_formats
from seqgen.io.alignments import read_alignment, write_alignment
from tests.alignments import SHARED, made_alignment, random_alignment

MSA = SHARED / "msa"
needs_families = pytest.mark.skipif(
    not MSA.is_dir(), reason=f"the families are not at {MSA} (SEQGEN_SHARED_DATA)"
)

A3M = ">Q/11-16 query\nMKaVLW\n>h1\nM-VL-\n>h2\nMRggVIW\n"
A2M = ">Q/11-16 query\nMKa.VLW\n>h1\nM-..VL-\n>h2\nMRggVIW\n"
FASTA = ">Q\nMK-VLW\n>h1\nM-GVL-\n>h2\nMRGVIW\n"
STOCKHOLM = (
    "# STOCKHOLM 1.0\n#=GF ID x\n#=GS h2 DE protein OS=Homo sapiens\n"
    "Q    MKa.\nh1   M-..\nh2   MRgg\n#=GC RF xx..\n\n"
    "Q    VLW\nh1   VL-\nh2   VIW\n#=GC RF xxx\n//\n"
)
PSICOV = "MKVLW\nM-VL-\nMRVIW\n"
ROWS = ["MKVLW", "M-VL-", "MRVIW"]


def letters(alignment):
    return ["".join(ALIGNMENT_LETTERS[code] for code in row) for row in alignment.codes]


def written(folder, text, name="a.txt"):
    file = folder / name
    data = text.encode() if isinstance(text, str) else text
    file.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return file


@pytest.mark.parametrize("name", ["a.txt", "a.gz"])
@pytest.mark.parametrize("text", [A3M, A2M, FASTA, STOCKHOLM, PSICOV])
def test_all_formats_give_the_same_rows(tmp_path, text, name):
    alignment = read_alignment(written(tmp_path, text, name))
    assert letters(alignment) == ROWS
    assert alignment.focus == 0
    assert alignment.residues.letters == "MKVLW"


@pytest.mark.parametrize("text", [A3M, A2M])
def test_residues_of_the_focus_in_insertions_count_in_the_numbering(tmp_path, text):
    alignment = read_alignment(written(tmp_path, text))
    assert alignment.residues.positions.tolist() == [11, 12, 14, 15, 16]
    assert alignment.residues.names == ["Q"]
    assert alignment.names[0] == "Q/11-16 query"


def test_start_and_name_override_the_header(tmp_path):
    alignment = read_alignment(written(tmp_path, A3M), start=101, name="P12345")
    assert alignment.residues.positions.tolist() == [101, 102, 104, 105, 106]
    assert alignment.residues.names == ["P12345"]


def test_a_range_that_does_not_fit_is_refused(tmp_path):
    file = written(tmp_path, A3M.replace("11-16", "11-17"))
    with pytest.raises(InputError, match=r"line 1.*7 positions, but has 6 residues.*start="):
        read_alignment(file)
    assert read_alignment(file, start=11).residues.positions[-1] == 16


@pytest.mark.parametrize("mark", ["sp|P12345|X_HUMAN/1-5", "tr|P12345|X_HUMAN", "up|P12345|X/1-5"])
def test_uniprot_headers_give_the_accession(tmp_path, mark):
    file = written(tmp_path, f">a\nMKVLW\n>{mark} text\nMKVIW\n")
    alignment = read_alignment(file, focus="P12345")
    assert alignment.focus == 1
    assert alignment.residues.names == ["P12345"]
    assert alignment.residues.letters == "MKVIW"


def test_columns_without_a_residue_of_the_focus_go_and_are_counted(tmp_path):
    alignment = read_alignment(written(tmp_path, FASTA), focus="h1", min_sequence_coverage=0)
    assert alignment.residues.letters == "MGVL"
    assert alignment.residues.positions.tolist() == [1, 2, 3, 4]
    drops = alignment.drops.set_index("reason")
    assert drops.loc["column where the focus has a gap", "count"] == 2


@pytest.mark.parametrize("focus", [False, "none"])
def test_without_focus_all_columns_stay(tmp_path, focus):
    alignment = read_alignment(written(tmp_path, FASTA), focus=focus)
    assert alignment.length == 6
    assert alignment.focus is None
    assert alignment.residues.letters == "------"


def test_bare_rows_have_a_focus_only_if_the_first_is_whole(tmp_path):
    assert read_alignment(written(tmp_path, PSICOV)).focus == 0
    assert read_alignment(written(tmp_path, "-KVLW\nMRVIW\n")).focus is None


def test_letters_that_are_changed_are_counted(tmp_path):
    text = ">q\nMKVLWMKVLW\n>h\nUOXBZ*JVLW\n>i\nMKVLWMKVL*\n"
    alignment = read_alignment(written(tmp_path, text), min_sequence_coverage=0)
    assert letters(alignment) == ["MKVLWMKVLW", "CK-----VLW", "MKVLWMKVL-"]
    counts = alignment.drops.set_index("reason")["count"].to_dict()
    assert counts == {
        "U read as C": 1, "O read as K": 1, "B, J, X, Z or * counted as missing": 6,
    }  # fmt: skip
    assert set(alignment.drops["action"]) == {"changed"}


def test_an_unclear_residue_of_the_focus_takes_its_column_along(tmp_path):
    alignment = read_alignment(written(tmp_path, ">q\nMXVL\n>h\nMKVI\n"))
    assert alignment.residues.letters == "MVL"
    assert alignment.residues.positions.tolist() == [1, 3, 4]


def test_a_stop_at_the_end_of_a_row_is_no_column(tmp_path):
    alignment = read_alignment(written(tmp_path, ">q\nMKVL\n>h\nMKVI*\n"))
    assert letters(alignment) == ["MKVL", "MKVI"]


def test_rows_and_columns_below_coverage_are_dropped_and_counted(tmp_path):
    text = ">q\nMKVL\n>half\nMK--\n>less\nM---\n>none\n----\n>i\nMKI-\n"
    alignment = read_alignment(written(tmp_path, text), min_column_coverage=0.6)
    assert alignment.names == ("q", "half", "i")
    assert alignment.residues.letters == "MKV"
    drops = alignment.drops.set_index("reason")
    assert drops["count"].to_dict() == {
        "row of gaps only": 1,
        "share of residues below min_sequence_coverage": 1,
        "share of residues below min_column_coverage": 1,
    }
    assert drops["example"].tolist() == ["none", "less", "column 4 (L)"]


def test_duplicates_stay(tmp_path):
    alignment = read_alignment(written(tmp_path, ">q\nMKVL\n>q\nMKVL\n>i\nMKIL\n"))
    assert alignment.n_sequences == 3


def test_secondary_structure_records_are_left_out(tmp_path):
    text = ">ss_pred\nHHHHH\n>ss_conf\n90123\n" + A3M
    alignment = read_alignment(written(tmp_path, text))
    assert letters(alignment) == ROWS
    assert alignment.drops["count"].iloc[0] == 2


def test_descriptions_of_stockholm_join_the_names(tmp_path):
    assert read_alignment(written(tmp_path, STOCKHOLM)).names[2] == ("h2 protein OS=Homo sapiens")


def test_case_decides_what_a_dot_is(tmp_path):
    whole = read_alignment(written(tmp_path, ">q\nMK.VL\n>h\nMKGVI\n"), focus=False)
    assert letters(whole) == ["MK-VL", "MKGVI"]
    lower = read_alignment(written(tmp_path, ">q\nmk.vl\n>h\nmkgvi\n"), focus=False)
    assert letters(lower) == ["MK-VL", "MKGVI"]
    forced = read_alignment(
        written(tmp_path, ">q\nMKgVL\n>h\nMKGVI\n"), focus=False, format="fasta"
    )
    assert letters(forced) == ["MKGVL", "MKGVI"]
    suffix = read_alignment(written(tmp_path, ">q\nMK.VL\n>h\nMK.VI\n", "x.a2m"))
    assert letters(suffix) == ["MKVL", "MKVI"]


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_line_ends_wraps_and_a_byte_order_mark_are_nothing(tmp_path, ends):
    text = "\ufeff#A3M#\n\n>q\nMK\nVL\n\n>h\nMKVI"
    alignment = read_alignment(written(tmp_path, text.replace("\n", ends)))
    assert letters(alignment) == ["MKVL", "MKVI"]


@pytest.mark.parametrize("block", [1, 2, 3, 7, 64])
def test_blocks_may_end_anywhere(tmp_path, monkeypatch, block):
    file = written(tmp_path, "#c\n>q\nMK\nVL\n>h\nMKV\nI\n>i\nMR>I\n")
    monkeypatch.setattr(alignment_formats, "_BLOCK", block)
    with pytest.raises(InputError, match=r"line 9: '>' at column 3 of 'i'.*mixed"):
        read_alignment(file, format="fasta")
    file = written(tmp_path, "#c\n>q\nMK\nVL\n>h\nMKV\nI\n")
    assert letters(read_alignment(file, format="fasta")) == ["MKVL", "MKVI"]


BAD = {
    ">P1/0-3\nMKVL\n>b\nMKVI\n": r"line 1: 'P1/0-3' names positions 0-3; .*counts from 1",
    ">P1/99999999999999999999-3\nMKVL\n>b\nMKVI\n": "expected a range that counts from 1",
    ">P1/1-2:P2/0-1\nMKVL\n>b\nMKVI\n": "names positions 0-1",
    "# STOCKHOLM 1.0\na MKVL\nb MKVI\n//\n\n# STOCKHOLM 1.0\nc MK\nd MR\n//\n": (
        "line 6: '# STOCKHOLM 1.0' comes after the '//'"
    ),
    "MKVL\rMKVI\r": "ends its lines by CR alone",
    ">a columns=P1/1-3\nMKVL\n>b\nMKVI\n": "'a' names 3 columns, and there are 4",
    ">a columns=P1/0-3\nMKVL\n>b\nMKVI\n": "names positions 0-3",
    ">a columns=none\nMKVL\n>b\nMKVI\n": "names no columns",
    "": "is empty",
    "\n \n": "is empty",
    ">a\nMKVL\n>b\nMKV\n>c\nM-VL\n": r"line 3: 'b' has 3 match columns; expected 4 as in 'a'",
    ">a\nMKVLW\n>b\nMKV\n": "not aligned: align them first",
    ">a\nM-VLW\n>b\nMKV\n": "damaged or cut short",
    ">a\nMKaVL\n>b\nMkVL\n": r"line 3: 'b' has 3 match columns.*format='fasta'",
    ">a\nMKVL\n>b\nMK\nV1\n": r"line 5: '1' at column 2 of 'b' is no residue",
    "MKVL\nMKV#\n": r"line 2: '#' at column 4",
    "MKVL\n>b\nMKVL\n": r"line 2: '>' at column 1 .* rows with and without headers are mixed",
    ">a\nMKVL\n": "1 sequence is left; expected at least two",
    ">a\nMKVL\n>b\n----\n": "1 sequence is left.*1 dropped: row of gaps only",
    ">a\nMKVL\n>b\nMKVL\n": "all 2 rows are the same",
    ">a\n----\n>b\n----\n": "all rows are gaps",
    ">a\n----\n>b\nMKVL\n": "focus 'a' has no residues",
    ">a\n\n>b\nMKVL\n": r"line 1: 'a' has no letters",
    ">\nMKVL\n>b\nMKVL\n": r"line 1: a header without a name",
    ">a\n" + "ACGT" * 10 + "\n>b\n" + "ACGA" * 10 + "\n": "looks like DNA or RNA",
    ">a\n" + "ACGU" * 10 + "\n>b\n" + "ACGA" * 10 + "\n": "looks like DNA or RNA",
    "CLUSTAL W\n\na MKVL\nb MKVI\n": "looks like Clustal",
    "a MKVL\nb MKVI\n": "begins with 'a MKVL'; expected A3M",
    "# STOCKHOLM 1.0\na MKVL\nb MKVI\n": "ends without '//'",
    "# STOCKHOLM 1.0\na MKVL\nb MK VI\n//\n": "line 3: 'b MK VI' is no line of Stockholm",
    "# STOCKHOLM 1.0\n//\n": "holds no sequence",
}


@pytest.mark.parametrize("text", list(BAD), ids=lambda text: text[:20])
def test_what_is_wrong_is_told(tmp_path, text):
    with pytest.raises(InputError, match=BAD[text]) as told:
        read_alignment(written(tmp_path, text))
    assert str(tmp_path / "a.txt") in str(told.value)


def test_lower_case_after_many_rows_without_is_asked_about(tmp_path, monkeypatch):
    monkeypatch.setattr(alignment_formats, "_BLOCK", 16)
    with pytest.raises(InputError, match=r"line 6: 'k' .* format='a2m' if it marks insertions"):
        read_alignment(written(tmp_path, ">a\nMKVL\n>b\nMKVI\n>c\nMkVL\n"))


def test_damaged_gzip_is_told(tmp_path):
    whole = gzip.compress(PSICOV.encode() * 1000)
    with pytest.raises(InputError, match="gzip data is damaged"):
        read_alignment(written(tmp_path, whole[: len(whole) // 2]))


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(MissingFileError):
        read_alignment(tmp_path / "none.a3m")
    with pytest.raises(InputError, match="is a folder"):
        read_alignment(tmp_path)


def test_a_focus_that_is_not_there_names_the_nearest(tmp_path):
    text = ">BLAT_ECOLX/1-4\nMKVL\n>BLAT_KLEPN\nMKVI\n>other\nMRVI\n"
    with pytest.raises(InputError, match=r"'BLAT_ECOLI' is none of the 3.*BLAT_ECOLX/1-4"):
        read_alignment(written(tmp_path, text), focus="BLAT_ECOLI")
    assert read_alignment(written(tmp_path, text), focus="BLAT_ECOLX").focus == 0


def test_a_focus_that_fits_several_is_refused(tmp_path):
    text = ">P1/1-4\nMKVL\n>P1/9-12\nMKVI\n>other\nMRVI\n"
    with pytest.raises(InputError, match=r"'P1' fits 2 sequences \(P1/1-4, P1/9-12, lines 1, 3\)"):
        read_alignment(written(tmp_path, text), focus="P1")
    assert read_alignment(written(tmp_path, text), focus="P1/9-12").residues.positions[0] == 9


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"focus": 0}, "focus is 0"),
        ({"focus": True}, "focus is True"),
        ({"focus": " "}, "focus is ' '"),
        ({"format": "clustal"}, "format is 'clustal'"),
        ({"start": 0}, "start is 0"),
        ({"start": 10**30}, "start is 1000"),
        ({"start": True}, "start is True"),
        ({"start": 2.5}, "start is 2.5"),
        ({"start": "7"}, "start is '7'"),
        ({"min_sequence_coverage": "half"}, "min_sequence_coverage is 'half'"),
        ({"min_sequence_coverage": 50}, "min_sequence_coverage is 50"),
        ({"min_column_coverage": -1}, "min_column_coverage is -1"),
        ({"min_column_coverage": 1.0, "focus": False}, "no column|rows"),
    ],
)
def test_wrong_arguments_are_told(tmp_path, arguments, message):
    file = written(tmp_path, ">a\nMK--\n>b\n--VL\n")
    with pytest.raises(InputError, match=message):
        read_alignment(file, **arguments)


def test_too_large_an_alignment_is_refused_with_the_remedy(tmp_path):
    file = written(tmp_path, PSICOV)
    with pytest.raises(InputError, match=r"at least 10 letters; 9 may be held.*hhfilter"):
        read_alignment(file, max_cells=9)
    assert read_alignment(file, max_cells=15).n_sequences == 3
    long = written(tmp_path, "MKVLWMKVLW\n" * 5000)
    with pytest.raises(InputError, match=r"about \d\d,\d{3} letters; 20,000 may be held"):
        read_alignment(long, max_cells=20_000)


@pytest.mark.parametrize("name", ["x.fasta", "x.a2m.gz"])
def test_what_is_written_reads_the_same(tmp_path, name):
    alignment = read_alignment(written(tmp_path, A3M))
    write_alignment(alignment, tmp_path / name)
    again = read_alignment(tmp_path / name)
    assert np.array_equal(again.codes, alignment.codes)
    assert again.residues.positions.tolist() == [11, 12, 14, 15, 16]
    assert again.residues.names == ["Q"]
    assert again.names[1:] == alignment.names[1:]


@pytest.mark.parametrize("second", ["MKVI*", "MKVI-", "MKVI"])
def test_a_focus_may_end_with_a_stop(tmp_path, second):
    alignment = read_alignment(written(tmp_path, f">q\nMKVL*\n>h\n{second}\n"))
    assert letters(alignment) == ["MKVL", "MKVI"]
    assert alignment.residues.positions.tolist() == [1, 2, 3, 4]


def test_utf_16_is_named(tmp_path):
    with pytest.raises(InputError, match="UTF-16"):
        read_alignment(written(tmp_path, FASTA.encode("utf-16")))


@pytest.mark.parametrize("wrong", [None, 3, ["a"]])
def test_what_is_no_path_or_alignment_is_told(tmp_path, wrong):
    with pytest.raises(InputError, match=r"path is .*; expected the path of an alignment"):
        read_alignment(wrong)
    with pytest.raises(InputError, match=r"alignment is .*; expected an Alignment, as read_"):
        write_alignment(wrong, tmp_path / "a.fasta")


def test_examples_of_drops_name_the_row_and_letter(tmp_path):
    text = ">q\nMKVLW\n>h x\nMUBLgW\n"
    examples = read_alignment(written(tmp_path, text)).drops["example"].tolist()
    assert examples == ["g in h", "U in column 2 of h", "in column 3 of h"]


def test_two_sequences_of_the_same_header_are_told_so(tmp_path):
    text = ">P1\nMKVL\n>P1\nMKVI\n>other\nMRVI\n"
    with pytest.raises(InputError, match="headers are the same: remove or rename"):
        read_alignment(written(tmp_path, text), focus="P1")


def test_writing_is_deterministic_and_plain_where_nothing_is_inserted(tmp_path):
    alignment = made_alignment([[11, 9, 18], [11, 0, 18]])
    write_alignment(alignment, tmp_path / "a.fasta")
    assert (tmp_path / "a.fasta").read_text() == (">s0 focus-columns=P1/1-3\nMKV\n>s1\nM-V\n")
    for name in ("a.gz", "b.gz"):
        write_alignment(alignment, tmp_path / name)
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()
    with pytest.raises(OutputError, match="no folder"):
        write_alignment(alignment, tmp_path / "none" / "a.fasta")


def test_reading_is_fast(tmp_path):
    base = random_alignment(200, 400, seed=1)
    text = "".join(f">s{k}\n{row}\n" for k, row in enumerate(letters(base) * 50))
    file = written(tmp_path, text)
    begun = time.process_time()
    assert read_alignment(file, focus=False).codes.shape == (10_000, 400)
    assert time.process_time() - begun < 2.0


@needs_families
@pytest.mark.parametrize(
    ("file", "shape", "focus", "name", "ends"),
    [
        ("1a3a_A.a3m.gz", (1281, 145), 0, "1a3a_1_A", (1, 145)),
        ("1atzA.aln.gz", (3068, 75), None, "protein", (1, 75)),
        ("DHFR.a2m.gz", (3629, 159), 0, "DYR_ECOLI", (1, 159)),
        ("BLAT_ECOLX.a2m.gz", (8403, 253), 0, "BLAT_ECOLX", (29, 283)),
    ],
)
def test_families_as_they_come(file, shape, focus, name, ends):
    alignment = read_alignment(MSA / file)
    assert alignment.codes.shape == shape
    assert alignment.focus == focus
    assert alignment.residues.names == [name]
    assert tuple(alignment.residues.positions[[0, -1]]) == ends


@needs_families
def test_positions_of_tem1_are_those_of_the_protein():
    # S70, K73, S130, E166 in Ambler's numbering are residues 68, 71, 128 and 164 of BLAT_ECOLX.
    residues = read_alignment(MSA / "BLAT_ECOLX.a2m.gz").residues
    letter = dict(zip(residues.positions.tolist(), residues.letters, strict=True))
    assert [letter[position] for position in (68, 71, 128, 164)] == list("SKSE")


@needs_families
def test_1a3a_is_the_alignment_that_peers_were_given():
    ours = read_alignment(MSA / "1a3a_A.a3m.gz")
    theirs = read_alignment(MSA / "ref" / "1a3a.a2m.gz", min_sequence_coverage=0)
    assert np.array_equal(ours.codes, theirs.codes)
