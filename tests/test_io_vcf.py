"""Genotypes out of VCF and BCF: what is counted, left out, and told."""

from __future__ import annotations

import base64
import gzip
import os
from pathlib import Path

import numpy as np
import pytest
from tiny_panels import write_panel

pytest.importorskip("cyvcf2")

from seqgen.errors import InputError, MissingFileError
from seqgen.io import vcf as module
from seqgen.io.genotypes import read_genotypes
from seqgen.schemas import DROPS

HEADER = """##fileformat=VCFv4.2
##contig=<ID=1>
##contig=<ID=chrX>
##FILTER=<ID=low,Description="low quality">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##FORMAT=<ID=DS,Number=A,Type=Float,Description="Dosage">
##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Depth">
"""
PEOPLE = ("ann", "ben", "cleo", "dan")
# bgzip and tabix of a file of chr22 with a deletion at 90 that reaches 104, and single-letter
# variants at 100, 150, 200 and 201.
INDEXED = """
H4sIBAAAAAAA/wYAQkMCANEAdc3NCoJAFAXg9fExmq2YI7UImmDQZhIsy6b2JWoD+cNkQW8fTW2CvHd3+DiHkFJf
i7I19alnx1A8Jl7gEJK3Ta8rNo8jll9MECwcQkSarbmymVTu5l6fC8Ooq55dwfa90U3lRsUtN7rrdduwkRwtHBKu
snSNbbpHHCFbCvBEYXfgCUScqGWGeCNSfKpxwtmxc5j58MB/DxyefangjynomH419S2HHATTNwihhkBgGyTCYUDh
Qf0DL3W56r5DAQAAH4sIBAAAAAAA/wYAQkMCABsAAwAAAAAAAAAAAA=="""
INDEX = """
H4sIBAAAAAAA/wYAQkMCAFIAC3HyZGRkYGBgYmBggNEMDAwMylCajYGBITmjyMgILOMpBFE1kQEGLoFJr0kQneji
rAyoAFUvBAAAJRRV5IIAAAAfiwgEAAAAAAD/BgBCQwIAGwADAAAAAAAAAAAA"""


def write_vcf(path: Path, rows: list[str], people: tuple[str, ...] = PEOPLE) -> Path:
    """Rows of 'chrom pos id ref alt filter format call call ...'."""
    lines = []
    for row in rows:
        chrom, pos, name, ref, alt, passed, form, *calls = row.split()
        lines.append("\t".join([chrom, pos, name, ref, alt, ".", passed, ".", form, *calls]))
    front = ("#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT")
    named = "\t".join((*front, *people))
    text = HEADER + "\n".join([named, *lines]) + "\n"
    data = text.encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def counts_of(source) -> np.ndarray:
    return source.genotypes(np.arange(len(source.variants)))


def told(source) -> dict[str, tuple[str, int]]:
    DROPS.validate(source.drops)
    return {reason: (action, count) for _, reason, action, count, _ in
            source.drops.itertuples(index=False)}  # fmt: skip


# --- calls ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.b.vcf", "a.b.vcf.gz"])
def test_calls_count_the_alt_allele(tmp_path, name):
    path = write_vcf(tmp_path / name, [
        "1 10 rs1 A g PASS GT 0/0 0|1 1|0 1/1",
        "1 20 . AT A . GT:DP ./.:1 .|.:2 1|1:3 0/1:4",
        "chrX 30 rs3 C T . DP:GT 1:0/1 1:0/1 1:0/0 1:0/0",
    ])  # fmt: skip
    got = read_genotypes(path)
    assert (got.name, got.n_people, got.people.tolist()) == ("a.b", 4, list(PEOPLE))
    assert got.variants.columns.tolist() == ["chrom", "pos", "rsid", "a1", "a2"]
    assert got.variants.to_numpy().tolist() == [
        ["1", 10, "rs1", "G", "A"], ["1", 20, ".", "A", "AT"], ["X", 30, "rs3", "T", "C"],
    ]  # fmt: skip
    expected = [[0, np.nan, 1], [1, np.nan, 1], [1, 2, 0], [2, 1, 0]]
    counts = counts_of(got)
    assert counts.dtype == np.float32
    assert got.counts.dtype == np.int8
    np.testing.assert_array_equal(counts, expected)
    np.testing.assert_array_equal(
        got.genotypes(np.array([2, 0, 2])), np.array(expected)[:, [2, 0, 2]]
    )
    np.testing.assert_allclose(got.frequencies(np.arange(3)), [0.5, 0.75, 0.25])
    assert got.variant_names.tolist() == ["rs1", "1:20:AT:A", "rs3"]
    assert got.to_frame().loc["cleo", "1:20:AT:A"] == 2
    assert got.genotypes(np.array([], dtype=int)).shape == (4, 0)
    assert got.drops.empty
    with pytest.raises(InputError, match="expected 0 to 2"):
        got.genotypes(np.array([3]))


def test_haploid_and_half_calls(tmp_path):
    rows = ["chrX 10 . A G . GT 0 1 . 0/1", "1 20 . A C . GT 0/. ./1 .|0 1|1",
            "chrX 30 . A G . GT 1 . 0 1"]  # fmt: skip
    got = read_genotypes(write_vcf(tmp_path / "a.vcf", rows))
    nan = np.nan
    np.testing.assert_array_equal(
        counts_of(got), [[0, nan, 2], [2, nan, nan], [nan, nan, 0], [1, 2, 2]]
    )
    assert told(got) == {module._HAPLOID: ("changed", 5), module._HALF: ("changed", 3)}
    assert got.drops["example"].str.startswith(("X:10", "chrX:10", "1:20")).all()


def test_what_is_left_out_is_counted(tmp_path):
    rows = [
        "1 10 rs1 A G PASS GT 0/0 0/1 1/1 0/1",
        "1 11 . A G,T . GT 0/0 1/2 0/1 0/1",
        "1 12 . A . . GT 0/0 0/0 0/0 0/0",
        "1 13 . A G low GT 0/0 0/1 0/1 0/1",
        "1 14 . A G . DP 1 2 3 4",
        "1 15 sv A <DEL> . GT 0/0 0/1 0/1 1/1",
        "1 16 . A * . GT 0/0 0/1 0/1 1/1",
        "1 10 twin G A . GT 0/0 0/0 0/0 0/0",
    ]
    path = write_vcf(tmp_path / "a.vcf", rows)
    got = read_genotypes(path)
    assert got.variants["pos"].tolist() == [10, 15, 16]
    assert got.variants["a1"].tolist() == ["G", "<DEL>", "*"]
    assert told(got) == {
        module.MANY_ALT: ("dropped", 1),
        module.NO_ALT: ("dropped", 1),
        module.FILTERED: ("dropped", 1),
        "row has no GT": ("dropped", 1),
        module._SYMBOLIC: ("kept", 2),
        "repeats an earlier row of the same variant": ("dropped", 1),
    }
    np.testing.assert_array_equal(counts_of(got)[:, 0], [0, 1, 2, 1])
    assert read_genotypes(path, keep_filtered=True).variants["pos"].tolist() == [10, 13, 15, 16]


def test_ploidy_above_two_is_refused(tmp_path):
    rows = ["1 10 rs1 A G . GT 0/0/1 0/1/1 0/0/0 0/1/1"]
    with pytest.raises(InputError, match=r"1:10 A>G \(rs1\) has calls of 3 alleles"):
        read_genotypes(write_vcf(tmp_path / "a.vcf", rows))


def test_blocks_join(tmp_path, monkeypatch):
    rng = np.random.default_rng(3)
    counts = rng.integers(0, 3, (4, 11))
    calls = np.array(["0/0", "0|1", "1/1"])[counts]
    rows = [f"1 {k + 1} . A G . GT {' '.join(calls[:, k])}" for k in range(11)]
    path = write_vcf(tmp_path / "a.vcf", rows)
    for size in (1, 4, 11):
        monkeypatch.setattr(module, "_BLOCK", size)
        np.testing.assert_array_equal(counts_of(read_genotypes(path)), counts)
    monkeypatch.setattr(module, "_MOST_BYTES", 40)
    with pytest.raises(InputError, match="read a region= at a time"):
        read_genotypes(path)


def test_the_same_genotypes_as_plink(tmp_path):
    rng = np.random.default_rng(8)
    counts = rng.choice([0.0, 1.0, 2.0, np.nan], p=[0.4, 0.3, 0.2, 0.1], size=(4, 60))
    variants = [("1", 10 * k + 1, f"rs{k}", "G", "A") for k in range(60)]
    panel = read_genotypes(write_panel(tmp_path / "p", counts, variants))
    calls = np.array(["0/0", "0/1", "1/1", "./."])[np.nan_to_num(counts, nan=3).astype(int)]
    rows = [f"1 {v[1]} {v[2]} A G . GT {' '.join(c)}" for v, c in zip(variants, calls.T,
                                                                     strict=True)]  # fmt: skip
    held = read_genotypes(write_vcf(tmp_path / "v.vcf", rows))
    assert held.variants.equals(panel.variants)
    np.testing.assert_array_equal(counts_of(held), counts_of(panel))


# --- dosages -------------------------------------------------------------------------------


def test_dosages(tmp_path):
    rows = ["1 10 rs1 A G . GT:DS 0/0:0.1 0/1:1.25 1/1:2 ./.:.", "1 20 . A C . DS 0 2.004 1 0.5"]
    path = write_vcf(tmp_path / "a.vcf", rows)
    got = read_genotypes(path, field="DS")
    assert got.counts.dtype == np.float32
    np.testing.assert_allclose(counts_of(got), [[0.1, 0], [1.25, 2], [2, 1], [np.nan, 0.5]])
    calls = read_genotypes(path)
    assert told(calls) == {"row has no GT": ("dropped", 1)}
    path = write_vcf(tmp_path / "b.vcf", rows[1:])
    with pytest.raises(InputError, match=r"row has no GT(.|\n)*read these: field='DS' .*--field"):
        read_genotypes(path)


def test_haploid_dosages_are_doubled(tmp_path):
    rows = ["chrX 10 . A G . GT:DS 0:0.1 1:1 0/1:1.2 .:."]
    got = read_genotypes(write_vcf(tmp_path / "a.vcf", rows), field="DS")
    np.testing.assert_allclose(counts_of(got)[:, 0], [0.2, 2, 1.2, np.nan])
    assert told(got) == {module._HAPLOID: ("changed", 2)}
    rows = ["chrX 10 . A G . GT:DS 0:0.1 1:1.9 0/1:1.2 .:."]
    with pytest.raises(InputError, match=r"haploid dosage of 1\.9; expected 0 to 1"):
        read_genotypes(write_vcf(tmp_path / "a.vcf", rows), field="DS")


@pytest.mark.parametrize(
    ("header", "row", "message"),
    [(HEADER, "1 10 . A G . DS 0 1 2.5 0", r"dosage of 2\.5"),
     (HEADER, "1 10 . A G . DS 0 -1 2 0", "dosage of -1"),
     (HEADER.replace("Number=A,Type=Float", "Number=1,Type=Integer"), "1 10 . A G . DS 0 1 2 0",
      "declared in the header"),
     (HEADER.replace("Number=A", "Number=2"), "1 10 . A G . DS 0,1 1,1 2,0 0,0", "2 value"),
     (HEADER, "1 10 . A G . GT 0/0 0/1 0/1 0/1", "no variant is left(.|\n)*row has no DS")],
)  # fmt: skip
def test_dosages_that_are_none(tmp_path, monkeypatch, header, row, message):
    monkeypatch.setattr("test_io_vcf.HEADER", header)
    with pytest.raises(InputError, match=message):
        read_genotypes(write_vcf(tmp_path / "a.vcf", [row]), field="DS")


# --- files ---------------------------------------------------------------------------------


def test_bcf(tmp_path):
    from cyvcf2 import VCF, Writer

    path = write_vcf(tmp_path / "a.vcf", ["1 10 rs1 A G . GT 0/0 0/1 1/1 ./."])
    source = VCF(str(path))
    target = Writer(str(tmp_path / "a.bcf"), source, mode="wb")
    for record in source:
        target.write_record(record)
    target.close()
    got = read_genotypes(tmp_path / "a.bcf")
    np.testing.assert_array_equal(counts_of(got)[:, 0], [0, 1, 2, np.nan])
    assert got.name == "a"


@pytest.mark.parametrize("indexed", [True, False])
@pytest.mark.parametrize(
    ("region", "pos"),
    [("22:100-200", [100, 150, 200]), ("chr22:150", [150]), ("22", [90, 100, 150, 200, 201]),
     ("chr22:201-300", [201])],
)  # fmt: skip
def test_regions(tmp_path, indexed, region, pos):
    path = tmp_path / "i.vcf.gz"
    path.write_bytes(base64.b64decode(INDEXED))
    if indexed:
        Path(f"{path}.tbi").write_bytes(base64.b64decode(INDEX))
    got = read_genotypes(path, region=region)
    assert got.variants["pos"].tolist() == pos
    np.testing.assert_array_equal(counts_of(got), np.repeat([[1], [2]], len(pos), axis=1))
    with pytest.raises(InputError, match=r"no variant is left in 21:1-5(.|\n)*no row there"):
        read_genotypes(path, region="21:1-5")


def test_a_file_cut_short_is_refused(tmp_path):
    whole = base64.b64decode(INDEXED)
    path = tmp_path / "i.vcf.gz"
    path.write_bytes(whole[:-28])
    with pytest.raises(InputError, match="lacks the block that ends"):
        read_genotypes(path)
    path.write_bytes(whole[:-40])
    with pytest.raises(InputError, match="cut short"):
        read_genotypes(path)
    plain = gzip.compress(gzip.decompress(whole) * 3)
    path.write_bytes(plain[: len(plain) // 2])
    with pytest.raises(InputError, match=r"i\.vcf\.gz"):
        read_genotypes(path)


def test_damaged_and_foreign_files(tmp_path):
    path = write_vcf(tmp_path / "a.vcf", ["1 10 rs1 A G . GT 0/0 0/1 1/1 ./."])
    good = path.read_text()
    path.write_text(good + "1\t11\t.\tA\tG\t.\t.\t.\tGT\t0/0\n")
    with pytest.raises(InputError, match="a row cannot be read"):
        read_genotypes(path)
    for text in ("", "hello\nworld\n", good.replace("\tann\t", "\tben\t")):
        path.write_text(text)
        with pytest.raises(InputError, match="is no VCF or BCF"):
            read_genotypes(path)
    with pytest.raises(InputError, match="holds 1 people"):
        read_genotypes(write_vcf(path, ["1 10 . A G . GT 0/1"], people=("ann",)))
    with pytest.raises(MissingFileError, match="no such file"):
        read_genotypes(tmp_path / "nothing.vcf.gz")


def test_agrees_with_plink_of_the_same_file():
    shared = Path(os.environ.get("SEQGEN_SHARED_DATA", Path(__file__).parents[2] / "shared/data"))
    folder = shared / "plink_tensorqtl_ref" / "ld"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there")
    panel = read_genotypes(folder / "d400miss")
    held = read_genotypes(folder / "d400miss.vcf.gz")
    assert held.variants[["chrom", "pos", "rsid"]].equals(panel.variants[["chrom", "pos", "rsid"]])
    assert held.people.tolist() == [f"{name}_{name}" for name in panel.people]
    turned = (held.variants["a1"] != panel.variants["a1"]).to_numpy()
    assert (held.variants["a1"][turned] == panel.variants["a2"][turned]).all()
    expected = counts_of(panel)
    expected[:, turned] = 2 - expected[:, turned]
    np.testing.assert_array_equal(counts_of(held), expected)


# --- probabilities and people --------------------------------------------------------------


def test_probabilities_give_expected_counts(tmp_path, monkeypatch):
    line = '##FORMAT=<ID=GP,Number=G,Type=Float,Description="Probabilities">\n'
    monkeypatch.setattr("test_io_vcf.HEADER", HEADER + line)
    rows = [
        "1 10 rs1 A G . GT:GP 0/0:0.9,0.1,0 0/1:0,1,0 1/1:0.1,0.2,0.7 ./.:.",
        "chrX 20 rs2 A G . GT:GP 0:0.75,0.25 1:0,1 0/1:0.1,0.8,0.1 .:.",
    ]
    got = read_genotypes(write_vcf(tmp_path / "a.vcf", rows), field="GP")
    np.testing.assert_allclose(
        counts_of(got), [[0.1, 0.5], [1, 2], [1.6, 1], [np.nan, np.nan]], atol=1e-6
    )
    assert told(got) == {module._HAPLOID: ("changed", 2)}
    rows = ["1 10 rs1 A G . GT:GP 0/0:0.9,0.1,0.5 0/1:0,1,0 1/1:0,0,1 ./.:."]
    with pytest.raises(InputError, match=r"1:10 A>G \(rs1\) add up to 1\.5; expected 1"):
        read_genotypes(write_vcf(tmp_path / "a.vcf", rows), field="GP")


def test_people_are_chosen_before_reading(tmp_path):
    path = write_vcf(tmp_path / "a.vcf", ["1 10 rs1 A G . GT 0/0 0/1 1/1 ./."])
    got = read_genotypes(path, people=["cleo", "ben"])
    assert got.people.tolist() == ["ben", "cleo"]
    assert got.counts.shape == (1, 2)
    np.testing.assert_array_equal(counts_of(got), [[1], [2]])
    with pytest.raises(InputError, match=r"1 of 2 are not in .*a\.vcf, such as 'eve'"):
        read_genotypes(path, people=["eve", "ben"])
