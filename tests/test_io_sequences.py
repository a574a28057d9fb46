"""FASTA files, good and bad."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqgen.errors import InputError, MissingFileError
from seqgen.io.sequences import LETTERS, read_fasta


def fasta(tmp_path, text, name="t.fasta"):
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_wrapped_lower_case_and_windows_lines(tmp_path):
    text = "\ufeff>b first protein\r\nmkv\r\nLLA*\r\n\r\n>a\r\nMKXU\r\n"
    assert read_fasta(fasta(tmp_path, text)) == {"b": "MKVLLA", "a": "MKXU"}
    assert list(read_fasta(fasta(tmp_path, text))) == ["b", "a"]


def test_gzip_and_uniprot_headers(tmp_path):
    data = gzip.compress(b">sp|Q9H4K1|RIBC2_HUMAN RIB43A\nMKV\n>tr|A0A0|X_HUMAN\nMK\n>P1|x\nMA\n")
    assert read_fasta(fasta(tmp_path, data)) == {"Q9H4K1": "MKV", "A0A0": "MK", "P1|x": "MA"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"t\.fasta: holds no sequence"),
        ("\n\n", "holds no sequence"),
        ("MKV\n", "line 1: a sequence without a header"),
        (">\nMKV\n", "line 1: a header without a name"),
        (">a\n>b\nMK\n", "line 1: 'a' has no sequence"),
        (">a\nMK\n>b\n", "line 3: 'b' has no sequence"),
        (">a\n*\n", "line 1: 'a' has no sequence"),
        (">a\nMK\n>b\nMA\n>a\nMK\n", "line 5: identifier 'a' comes a second time"),
        (">a\nMK\nM1K\n", "line 3: '1' at column 2 of 'a' is no residue"),
        (">a\nMK\nM-K\n", "line 3: '-' at column 2 of 'a'.*gaps"),
        (">a\nMK\nM*K\n", r"line 3: 'a' has a stop \(\*\) inside"),
        (">a\nMK*\nMK\n", r"line 2: 'a' has a stop \(\*\) inside"),
        (">a\nMK**\n", "stop"),
        (">a\nM K\n", "line 2: ' ' at column 2"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        read_fasta(fasta(tmp_path, text))


def test_missing_and_damaged_files(tmp_path):
    with pytest.raises(MissingFileError, match="no such file"):
        read_fasta(tmp_path / "none.fasta")
    with pytest.raises(InputError, match="is a folder"):
        read_fasta(tmp_path)
    data = gzip.compress(b">a\n" + bytes(range(65, 75)) * 50)
    with pytest.raises(InputError, match="damaged or cut short"):
        read_fasta(fasta(tmp_path, data[:-9]))


def test_dna_is_refused_and_what_may_be_protein_is_not(tmp_path):
    dna = ">a\n" + "ACGTTGCA" * 3 + "\n>b\n" + "nngattac" * 3 + "\n"
    with pytest.raises(InputError, match=r"t\.fasta: all 2 sequences hold A, C.*48 letters; a ACG"):
        read_fasta(fasta(tmp_path, dna))
    with pytest.raises(InputError, match=r"the sequence holds A, C, G.*alone.*translate"):
        read_fasta(fasta(tmp_path, ">a\n" + "ACGU" * 8))
    assert len(read_fasta(fasta(tmp_path, dna + ">c\nMKVLLA\n"))) == 3  # one protein is enough
    assert len(read_fasta(fasta(tmp_path, ">short\nACGT\n>other\n" + "GATTACA" * 3))) == 2


sequences = st.dictionaries(
    st.text("abcdefgh0123456789", min_size=1, max_size=6),
    # a W, so that no long one looks like DNA
    st.text(LETTERS, min_size=1, max_size=90).map(lambda s: s + "W"),
    min_size=1,
    max_size=5,
)


@given(sequences=sequences, width=st.integers(1, 70), lower=st.booleans())
@settings(max_examples=40, deadline=None)
def test_wrapping_and_case_do_not_matter(tmp_path_factory, sequences, width, lower):
    lines = []
    for name, sequence in sequences.items():
        lines.append(f">{name} words")
        text = sequence.lower() if lower else sequence
        lines += [text[i : i + width] for i in range(0, len(text), width)]
    path = tmp_path_factory.getbasetemp() / "any.fasta"
    path.write_text("\n".join(lines))
    assert read_fasta(path) == sequences
