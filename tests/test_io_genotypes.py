"""PLINK panels, whole and damaged."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tiny_panels import write_panel

from seqgen.errors import InputError, MissingFileError
from seqgen.io.genotypes import Panel, read_genotypes, read_panel
from seqgen.io.resources import demo_panel_prefix

VARIANTS = [
    ("chr1", 100, "rs1", "a", "G"),
    ("1", 200, "rs2", "C", "T"),
    ("23", 300, "rs3", "A", "AT"),
    ("1", 400, "rs4", "G", "A"),
    ("1", 400, "rs5", "G", "C"),
]
COUNTS = np.array(
    [[0, 1, 2, np.nan, 0], [2, 1, 0, 0, 1], [1, np.nan, 2, 0, 2], [0, 0, 2, 0, 0], [1, 1, 2, 2, 1]],
    dtype=np.float32,
)


@pytest.fixture
def prefix(tmp_path) -> Path:
    return write_panel(tmp_path / "p.x", COUNTS, VARIANTS)


def test_variants_and_people(prefix):
    panel = read_panel(prefix, name="five")
    assert (panel.name, panel.n_people) == ("five", 5)
    assert panel.variants.columns.tolist() == ["chrom", "pos", "rsid", "a1", "a2"]
    assert panel.variants["chrom"].tolist() == ["1", "1", "X", "1", "1"]
    assert panel.variants["a1"].tolist() == ["A", "C", "A", "G", "G"]
    assert read_panel(prefix).name == "p.x"


@pytest.mark.parametrize("suffix", ["bed", "bim", "fam"])
def test_any_of_the_three_names_will_do(prefix, suffix):
    assert read_panel(f"{prefix}.{suffix}").variants.shape == (5, 5)


def test_genotypes_in_the_order_asked(prefix):
    panel = read_panel(prefix)
    got = panel.genotypes(np.array([3, 0, 3]))
    assert got.dtype == np.float32
    np.testing.assert_array_equal(got, COUNTS[:, [3, 0, 3]])
    assert panel.genotypes(np.array([], dtype=int)).shape == (5, 0)


def test_frequencies_leave_missing_calls_out(prefix):
    expected = np.nanmean(COUNTS, axis=0) / 2
    np.testing.assert_allclose(read_panel(prefix).frequencies(np.arange(5)), expected)


def test_frequency_of_no_calls_is_missing(tmp_path):
    counts = np.array([[np.nan, 1], [np.nan, 2]], dtype=np.float32)
    panel = read_panel(write_panel(tmp_path / "p", counts, VARIANTS[:2]))
    np.testing.assert_array_equal(panel.frequencies(np.arange(2)), [np.nan, 0.75])


def test_index_outside_the_panel(prefix):
    panel = read_panel(prefix)
    for index in (5, -1):
        with pytest.raises(InputError, match=r"expected 0 to 4"):
            panel.genotypes(np.array([index]))


@pytest.mark.parametrize("suffix", ["bed", "bim", "fam"])
def test_a_missing_file_is_named(prefix, suffix):
    Path(f"{prefix}.{suffix}").unlink()
    with pytest.raises(MissingFileError, match=rf"p\.x\.{suffix} not there"):
        read_panel(prefix)


def test_wrong_size_and_magic(prefix):
    bed = Path(f"{prefix}.bed")
    data = bed.read_bytes()
    bed.write_bytes(data[:-1])
    with pytest.raises(InputError, match=r"is 12 bytes; 5 people.*5 variants.*need 13"):
        read_panel(prefix)
    bed.write_bytes(b"\x6c\x1b\x00" + data[3:])
    with pytest.raises(InputError, match=r"begins with 6c1b00.*variant-major"):
        read_panel(prefix)
    bed.write_bytes(b"")
    with pytest.raises(InputError, match="begins with nothing"):
        read_panel(prefix)


def test_bad_bim_and_fam(prefix):
    bim, fam = Path(f"{prefix}.bim"), Path(f"{prefix}.fam")
    good = bim.read_text()
    for text in ("", "1 rs1 0 x A G\n", "1 rs1 0\n"):
        bim.write_text(text)
        with pytest.raises(InputError, match=r"\.bim"):
            read_panel(prefix)
    bim.write_text(good)
    fam.write_text("")
    with pytest.raises(InputError, match=r"\.fam: holds 0 people"):
        read_panel(prefix)


@pytest.mark.parametrize("alleles", [("A", "G"), ("G", "A")])
def test_a_repeated_variant_is_named(tmp_path, alleles):
    variants = [*VARIANTS[:2], ("1", 100, "other", *alleles)]
    prefix = write_panel(tmp_path / "p", COUNTS[:, :3], variants)
    with pytest.raises(InputError, match=r"line 3: 1:100 .* comes a second time"):
        read_panel(prefix)


def test_a_panel_changed_behind_our_back(prefix):
    panel = read_panel(prefix)
    panel.bed.write_bytes(b"nothing")
    with pytest.raises(InputError, match="changed since"):
        panel.genotypes(np.array([4]))


def test_bundled_panel():
    panel = read_panel(demo_panel_prefix())
    assert (panel.n_people, len(panel.variants)) == (378, 15938)
    counts = panel.genotypes(np.array([0, 7000, 15937]))
    assert set(np.unique(counts[~np.isnan(counts)])) <= {0.0, 1.0, 2.0}


def test_genotypes_agree_with_plink():
    shared = Path(os.environ.get("SEQGEN_SHARED_DATA", Path(__file__).parents[2] / "shared/data"))
    folder = shared / "plink_tensorqtl_ref" / "ld"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there")
    panel = read_panel(folder / "d400miss")
    counts = panel.genotypes(np.arange(len(panel.variants)))
    assert np.isnan(counts).mean() > 0.01
    # plink1.9 leaves missing calls out pair by pair
    ours = pd.DataFrame(counts.astype(float)).corr().to_numpy()
    np.testing.assert_allclose(ours, np.loadtxt(folder / "plink_r.ld"), atol=1e-6)


# --- people, names, regions ----------------------------------------------------------------


def test_people_are_named_by_iid(prefix):
    fam = Path(f"{prefix}.fam")
    fam.write_text("".join(f"f{k} p{k} 0 0 1 -9\n" for k in range(5)))
    panel = read_panel(prefix)
    assert panel.people.tolist() == ["p0", "p1", "p2", "p3", "p4"]
    assert panel.people is panel.people
    assert panel.drops.empty


def test_people_with_a_repeated_iid_are_named_by_family_too(prefix):
    fam = Path(f"{prefix}.fam")
    fam.write_text("".join(f"f{k}\t{min(k, 3)}\t0\t0\t1\t-9\n" for k in range(5)))
    assert read_panel(prefix).people.tolist() == ["f0:0", "f1:1", "f2:2", "f3:3", "f4:3"]
    fam.write_text("f p 0 0 1 1\n" * 5)
    panel = read_panel(prefix)
    with pytest.raises(InputError, match=r"\.fam: person 'f:p' comes twice \(4 repeats\)"):
        _ = panel.people


def test_a_fam_file_changed_behind_our_back(prefix):
    panel = read_panel(prefix)
    Path(f"{prefix}.fam").write_text("f p 0 0 1 1\n")
    with pytest.raises(InputError, match="holds 1 people; it held 5"):
        _ = panel.people


def test_a_panel_made_by_hand_numbers_its_people(prefix):
    made = read_panel(prefix)
    panel = Panel("mine", made.n_people, made.variants, made.bed)
    assert panel.people.tolist() == [0, 1, 2, 3, 4]
    np.testing.assert_array_equal(panel.genotypes(np.arange(5)), COUNTS)


def test_variants_get_names_of_their_own(tmp_path):
    variants = [
        ("1", 100, "rs1", "A", "G"), ("1", 200, ".", "C", "T"), ("1", 300, "rs3", "A", "AT"),
        ("1", 400, "rs3", "G", "A"), ("1", 400, "rs5", "G", "C"),
    ]  # fmt: skip
    panel = read_panel(write_panel(tmp_path / "p", COUNTS, variants))
    assert panel.variant_names.tolist() == ["rs1", "1:200:T:C", "1:300:AT:A", "1:400:A:G", "rs5"]
    table = panel.to_frame(np.array([4, 0]))
    assert table.columns.tolist() == ["rs5", "rs1"]
    np.testing.assert_array_equal(table.to_numpy(), COUNTS[:, [4, 0]])
    assert table.index.equals(panel.people)


def test_an_rsid_that_is_another_variants_place(tmp_path):
    variants = [("1", 100, "1:200:T:C", "A", "G"), ("1", 200, ".", "C", "T")]
    panel = read_panel(write_panel(tmp_path / "p", COUNTS[:, :2], variants))
    assert panel.variant_names.tolist() == ["1:100:G:A", "1:200:T:C"]


@pytest.mark.parametrize(
    ("region", "kept"),
    [("1", [0, 1, 3, 4]), ("chr1:200-400", [1, 3, 4]), ("chrX:1-1,000", [2]), ("1:100", [0])],
)
def test_a_region_of_a_panel(prefix, region, kept):
    panel = read_genotypes(prefix, region=region)
    assert panel.variants["rsid"].tolist() == [VARIANTS[k][2] for k in kept]
    np.testing.assert_array_equal(panel.genotypes(np.arange(len(kept))), COUNTS[:, kept])
    np.testing.assert_allclose(
        panel.frequencies(np.arange(len(kept))), np.nanmean(COUNTS[:, kept], axis=0) / 2
    )
    with pytest.raises(InputError, match=f"expected 0 to {len(kept) - 1}"):
        panel.genotypes(np.array([len(kept)]))


@pytest.mark.parametrize(
    ("region", "message"),
    [("2:1-5", r"none of 5 variants lies in 2:1-5; .*1, X"), ("1:9-5", "an end not before"),
     ("1:0-5", "start from 1"), ("1:a-b", "expected a chromosome")],
)  # fmt: skip
def test_a_region_that_is_none(prefix, region, message):
    with pytest.raises(InputError, match=message):
        read_genotypes(prefix, region=region)


def test_other_kinds_of_genotypes_are_refused(prefix):
    with pytest.raises(InputError, match="plink2 --make-bed"):
        read_genotypes("x.bgen")
    other = prefix.with_name("other")
    Path(f"{other}.bgen").touch()
    with pytest.raises(InputError, match=r"other\.bgen: this kind .* plink2 --make-bed"):
        read_genotypes(other)
    text = prefix.with_name("text")
    Path(f"{text}.map").touch()
    Path(f"{text}.ped").touch()
    with pytest.raises(InputError, match=r"text\.ped: this kind .* plink2 --make-bed"):
        read_genotypes(text)
    Path(f"{prefix}.pgen").touch()  # beside a panel it is in nobody's way
    assert read_genotypes(prefix).n_people == 5
    Path(f"{prefix}2.vcf.gz").touch()
    with pytest.raises(MissingFileError, match=r"but .*p\.x2\.vcf\.gz is there; give its whole"):
        read_genotypes(f"{prefix}2")
    with pytest.raises(InputError, match="holds calls"):
        read_genotypes(prefix, field="DS")
    with pytest.raises(InputError, match="expected 'GT'"):
        read_genotypes(prefix, field="PL")


@pytest.mark.parametrize(
    ("data", "message"),
    [(b"\n FID IID y\nf a 1.7\n", r"is a text file, whose first line is 'FID IID y'.*swapped"),
     (gzip.compress(b"#chr start end gene ann\n", mtime=0),
      "whose first line is '#chr start end gene ann'"),
     (b"", "is empty; expected a PLINK prefix"),
     (b"##fileformat=VCFv4.2\n", "is a VCF by its first line; give it a name that ends in .vcf"),
     (b"PAR1\0\0", "begins with the bytes 50415231; expected a PLINK prefix"),
     (gzip.compress(b"text" * 99, mtime=0)[:20], "begins with the bytes 1f8b")],
)  # fmt: skip
@pytest.mark.parametrize("name", ["pheno.txt", "expression.bed"])
def test_a_file_that_holds_no_genotypes_says_what_it_is(tmp_path, data, message, name):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(InputError, match=message) as caught:
        read_genotypes(path)
    assert str(caught.value).startswith(str(path))
    assert not isinstance(caught.value, MissingFileError)


def test_a_panels_own_files_stay_what_is_missing(prefix):
    Path(f"{prefix}.bim").unlink()
    for name in (prefix, *(f"{prefix}.{suffix}" for suffix in ("bed", "bim", "fam"))):
        with pytest.raises(MissingFileError, match=r"p\.x\.bim not there"):
            read_genotypes(name)
