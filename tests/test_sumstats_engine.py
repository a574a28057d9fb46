"""The quick ways of reading give what the slow ones give."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from seqgen.io.alleles import paired, palindromic, text_of, trim
from seqgen.io.delimited import MISSING, read_columns, sniff
from seqgen.io.reference import open_reference
from seqgen.io.tables import keep_rows, kept_rows
from seqgen.io.text_blocks import _LOOK, blocks_of
from seqgen.io.whole_columns import Census


@pytest.mark.parametrize("number", [True, False])
@pytest.mark.parametrize("word", [word for word in MISSING if word])
def test_words_for_a_missing_value_are_known_however_late_they_come(tmp_path, word, number):
    """Only those near the beginning of a file are looked for at first."""
    rows = ["1\trs1\tA\t0.5\n"] * (_LOOK // 10)
    rows[-2] = f"1\t{word}\t{word}\t0.5\n"
    rows[-1] = f"1\trs2\tC\t{word if number else 2}\n"
    path = tmp_path / "gwas.tsv"
    path.write_text("chrom\trsid\tea\tbeta\n" + "".join(rows))
    layout = sniff(path)
    (block,) = blocks_of(layout)
    found = block._by_polars([1, 2, 3], [2], [1])
    assert found is not None, "a column that is not wanted is no reason to read slowly"
    missing = [[True, True, False], [False, False, number]]
    assert found.tail(2).isna().to_numpy().tolist() == missing
    assert word not in found[2].cat.categories
    slow = read_columns(layout, [1, 2, 3], [2], text=[1])
    pd.testing.assert_frame_equal(found.astype({2: "str"}), slow.astype({2: "str"}))


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_stretches_of_a_plain_fasta_are_those_of_a_packed_one(tmp_path, end):
    import pysam

    rng = np.random.default_rng(4)
    text = ""
    for name, (bases, width) in enumerate([(1, 10), (10, 10), (11, 10), (100, 7), (2000, 60)]):
        letters = "".join(rng.choice(list("ACGTacgtNn"), bases))
        lines = [letters[at : at + width] for at in range(0, bases, width)]
        text += f">c{name} words{end}" + "".join(line + end for line in lines)
    plain, packed = tmp_path / "a.fa", tmp_path / "b.fa.gz"
    plain.write_bytes(text.encode())
    pysam.tabix_compress(str(plain), str(packed))
    with open_reference(plain) as one, open_reference(packed) as other:
        for contig, length in one.lengths.items():
            for _ in range(40):
                start, stop = np.sort(rng.integers(0, length + 3, 2)).tolist()
                start = min(start, length)
                found = one.bases(contig, start, stop)
                np.testing.assert_array_equal(found, other.bases(contig, start, stop))


def test_alleles_as_categories_are_treated_as_text_is():
    rows = pd.DataFrame(
        {"pos": [5, 5, 5, 9], "a": ["AT", "CAT", "G", "A"], "b": ["GT", "CAGG", "GA", "T"]}
    )
    coded = rows.astype({"a": "category", "b": "category"})
    words, first, second = paired(coded["a"], coded["b"])
    assert words.take(first).tolist() == rows["a"].tolist()
    assert words.take(second).tolist() == rows["b"].tolist()
    assert palindromic(coded["a"], coded["b"]).tolist() == [False, False, False, True]
    trimmed, changed = trim(coded, "a", "b")
    as_text = trimmed.assign(a=text_of(trimmed["a"]), b=text_of(trimmed["b"]))
    pd.testing.assert_frame_equal(as_text, trim(rows, "a", "b")[0])
    assert changed.tolist() == [True, True, False, False]


def test_kept_rows_come_back_whatever_their_categories(tmp_path):
    frame = pd.DataFrame({"pos": [1, 2], "eaf": [0.5, np.nan], "rsid": ["rs1", None]})
    parts = [frame.assign(a=pd.Categorical(words)) for words in (["A", "C"], ["G", "A"])]
    paths = [tmp_path / f"{k}.arrow" for k in range(2)]
    for part, path in zip(parts, paths, strict=True):
        keep_rows(part, path)
    back = kept_rows(paths)
    assert back["a"].tolist() == ["A", "C", "G", "A"]
    assert back["eaf"].isna().tolist() == back["rsid"].isna().tolist() == [False, True] * 2


def test_samples_of_a_block_do_not_hold_the_block():
    """Else memory grows with the file."""
    rows = 100_000
    frame = pd.DataFrame(
        {"chrom": "1", "pos": np.arange(1, rows + 1), "rsid": "rs1", "effect_allele": "A",
         "other_allele": "C", "eaf": 0.5, "beta": 0.1, "se": 0.1, "n": 100.0}
    )[np.arange(rows) != 3]  # fmt: skip
    census = Census()
    census.look(frame, "here")
    (held,) = census.samples
    assert held.index.equals(pd.RangeIndex(len(held)))
    assert not any(np.shares_memory(held[x].to_numpy(), frame[x].to_numpy()) for x in ("eaf", "n"))
