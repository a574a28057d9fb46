"""PLINK 2 genotypes: calls and dosages, parts of a file, what is left out."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from tiny_panels import write_panel

from seqgen.errors import InputError, MissingDependencyError, MissingFileError, SeqgenWarning
from seqgen.io.genotype_files import genotype_files
from seqgen.io.genotype_source import FILTERED, MANY_ALT, NO_ALT, REPEATED
from seqgen.io.genotypes import read_genotypes

pgenlib = pytest.importorskip("pgenlib", reason="pgenlib is not installed: pip install pgenlib")

COUNTS = np.array(
    [[0, 1, 2, np.nan, 0], [2, 1, 0, 0, 1], [1, np.nan, 2, 0, 2], [0, 0, 2, 0, 0], [1, 1, 2, 2, 1]]
)
VARIANTS = [
    ("1", 100, "rs1", "A", "G"), ("1", 200, "rs2", "C", "T"), ("1", 300, ".", "AT", "A"),
    ("2", 400, "rs4", "G", "A"), ("2", 400, "rs5", "g", "C"),
]  # fmt: skip


def write_pgen(prefix: Path, counts: np.ndarray, variants: list[tuple], *, more=None) -> Path:
    """Dosages of a1 (people x variants, NaN missing); ``more`` are columns from FILTER on."""
    people, p = counts.shape
    most = max(1 + row[3].count(",") for row in variants)
    with pgenlib.PgenWriter(
        os.fsencode(f"{prefix}.pgen"), people, variant_ct=p, dosage_present=True,
        nonref_flags=False, allele_ct_limit=most + 1,
    ) as writer:  # fmt: skip
        for column, row in zip(counts.T, variants, strict=True):
            alleles = 2 + row[3].count(",")
            if alleles == 2:
                dosages = np.where(np.isnan(column), -9, column)
                writer.append_dosages(dosages.astype(np.float64))
            else:
                calls = np.repeat(np.array([[0, 2]], dtype=np.int32), people, axis=0)
                writer.append_alleles(calls.ravel(), allele_ct=alleles)
    more = more or [[] for _ in variants]
    extra = ["QUAL", "FILTER"] if any(more) else []
    lines = ["##source=test", "\t".join(["#CHROM", "POS", "ID", "REF", "ALT", *extra])]
    for (chrom, pos, name, a1, a2), rest in zip(variants, more, strict=True):
        lines.append("\t".join([chrom, str(pos), name, a2, a1, *rest]))
    Path(f"{prefix}.pvar").write_text("\n".join(lines) + "\n")
    rows = "".join(f"f{k}\tp{k}\t{1 + k % 2}\n" for k in range(people))
    Path(f"{prefix}.psam").write_text("#FID\tIID\tSEX\n" + rows)
    return prefix


def counts_of(source) -> np.ndarray:
    return source.genotypes(np.arange(len(source.variants)))


@pytest.fixture
def prefix(tmp_path) -> Path:
    return write_pgen(tmp_path / "a.b", COUNTS, VARIANTS)


@pytest.mark.parametrize("suffix", ["", ".pgen", ".pvar", ".psam"])
def test_calls_count_the_alt_allele(prefix, suffix):
    got = read_genotypes(f"{prefix}{suffix}")
    assert repr(got) == "PgenPanel('a.b', 5 people, 5 variants)"
    assert got.people.tolist() == ["p0", "p1", "p2", "p3", "p4"]
    assert got.variants["a1"].tolist() == ["A", "C", "AT", "G", "G"]
    assert got.variant_names.tolist() == ["rs1", "rs2", "1:300:A:AT", "rs4", "rs5"]
    counts = got.genotypes(np.array([3, 0, 3]))
    assert counts.dtype == np.float32
    np.testing.assert_array_equal(counts, COUNTS[:, [3, 0, 3]])
    np.testing.assert_allclose(got.frequencies(np.arange(5)), np.nanmean(COUNTS, axis=0) / 2)
    assert got.genotypes(np.array([], dtype=int)).shape == (5, 0)
    assert got.drops.empty
    assert [Path(f).name for f in genotype_files(prefix)] == [f.name for f in got.files]
    with pytest.raises(InputError, match="expected 0 to 4"):
        got.genotypes(np.array([5]))


def test_dosages(tmp_path):
    dosages = np.array([[0.25, 1.5], [2.0, np.nan], [1.125, 0.0], [0.0, 2.0]])
    prefix = write_pgen(tmp_path / "d", dosages, VARIANTS[:2])
    np.testing.assert_allclose(counts_of(read_genotypes(prefix, field="DS")), dosages, atol=1e-4)
    lost = r"37.50% of the calls of 2 variants looked at .* there is a dosage.*field='DS'"
    with pytest.warns(SeqgenWarning, match=lost):
        calls = counts_of(read_genotypes(prefix))
    assert np.isnan(calls[0]).all()  # more than a tenth from a whole number: no call, as in PLINK
    np.testing.assert_array_equal(calls[3], [0, 2])
    with pytest.raises(InputError, match=r"'GP', but .* is a .pgen file, which has 'GT' and 'DS'"):
        read_genotypes(prefix, field="GP")


def test_people_and_regions_are_chosen_before_reading(prefix):
    got = read_genotypes(prefix, region="chr1:150-400", people=["p4", "p0"])
    assert (got.people.tolist(), got.n_people) == (["p0", "p4"], 2)
    np.testing.assert_array_equal(counts_of(got), COUNTS[np.ix_([0, 4], [1, 2])])
    with pytest.raises(
        InputError, match=r"1 of 2 are not in .*\.psam, such as 'p9'; it has .*'p0'"
    ):
        read_genotypes(prefix, people=["p0", "p9"])
    with pytest.raises(InputError, match=r"none of 5 variants lies in 3; .* 1, 2"):
        read_genotypes(prefix, region="3")


def test_what_is_left_out_is_counted(tmp_path):
    variants = [
        ("1", 10, "rs1", "G", "A"), ("1", 11, "many", "G,T", "A"), ("1", 12, "none", ".", "A"),
        ("1", 13, "bad", "G", "A"), ("1", 10, "twin", "A", "G"), ("1", 14, "rs6", "G", "A"),
    ]  # fmt: skip
    more = [[".", "PASS"], [".", "."], [".", "."], [".", "low"], [".", "."], [".", "."]]
    counts = np.resize([0.0, 1.0, 2.0, 1.0], (4, 6)).T.reshape(6, 4).T
    prefix = write_pgen(tmp_path / "a", counts, variants, more=more)
    got = read_genotypes(prefix)
    assert got.variants["rsid"].tolist() == ["rs1", "rs6"]
    np.testing.assert_array_equal(counts_of(got), counts[:, [0, 5]])
    dropped = dict(zip(got.drops["reason"], got.drops["count"], strict=True))
    assert dropped == {MANY_ALT: 1, NO_ALT: 1, FILTERED: 1, REPEATED: 1}
    kept = read_genotypes(prefix, keep_filtered=True)
    assert kept.variants["rsid"].tolist() == ["rs1", "bad", "rs6"]
    with pytest.raises(InputError, match=r"no variant is left(.|\n)*several ALT"):
        read_genotypes(prefix, region="1:11")


def test_a_pvar_packed_or_without_a_header(prefix):
    import pyarrow as pa

    plain = Path(f"{prefix}.pvar")
    text = plain.read_bytes()
    with pa.CompressedOutputStream(f"{prefix}.pvar.zst", "zstd") as out:
        out.write(text)
    plain.unlink()
    packed = read_genotypes(prefix)
    assert packed.files[1].name == "a.b.pvar.zst"
    np.testing.assert_array_equal(counts_of(packed), COUNTS)
    plain.write_text("".join(f"{c} {r} 0 {p} {a1} {a2}\n" for c, p, r, a1, a2 in VARIANTS))
    bare = read_genotypes(prefix)
    assert bare.variants.equals(packed.variants)
    for text, message in (
        ("", "holds no variant"), ("#CHROM\tPOS\tID\n1\t2\tx\n", "no column REF, ALT"),
        ("#CHROM\tPOS\tID\tREF\tALT\n1\tx\trs\tA\tG\n", r"no \.pvar file"),
    ):  # fmt: skip
        plain.write_text(text)
        with pytest.raises(InputError, match=message):
            read_genotypes(prefix)


def test_bim_and_fam_beside_a_pgen_as_make_bpgen_leaves_them(prefix):
    whole = read_genotypes(prefix)
    names = whole.people
    lines = "".join(f"{c} {r} 0 {p} {a1} {a2}\n" for c, p, r, a1, a2 in VARIANTS)
    Path(f"{prefix}.bim").write_text(lines)
    fam = "".join(f"f{k} p{k} 0 0 {1 + k % 2} -9\n" for k in range(len(COUNTS)))
    Path(f"{prefix}.fam").write_text(fam)
    assert read_genotypes(prefix).files == whole.files
    for suffix in ("pvar", "psam"):
        Path(f"{prefix}.{suffix}").unlink()
    got = read_genotypes(f"{prefix}.pgen")
    assert got.variants.equals(whole.variants)
    assert got.people.equals(names)
    assert [Path(f).name for f in genotype_files(prefix)] == [f.name for f in got.files]
    np.testing.assert_array_equal(counts_of(got), COUNTS)


def test_files_that_do_not_fit_each_other(prefix):
    psam, pvar, pgen = (Path(f"{prefix}.{end}") for end in ("psam", "pvar", "pgen"))
    panel = read_genotypes(prefix)
    good = psam.read_text()
    psam.write_text(good + "f9\tp9\t1\n")
    with pytest.raises(InputError, match=r"6 people in .psam"):
        read_genotypes(prefix)
    psam.write_text(good)
    lines = pvar.read_text().splitlines(keepends=True)
    pvar.write_text("".join(lines[:-1]))
    with pytest.raises(InputError, match=r"holds 5 variants and \.pvar 4"):
        read_genotypes(prefix)
    pvar.unlink()
    with pytest.raises(MissingFileError, match=r"a\.b\.pvar not there"):
        read_genotypes(f"{prefix}.pgen")
    pgen.write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"a\.b\.pgen"):
        panel.genotypes(np.array([0]))


def test_the_same_as_the_other_formats(tmp_path):
    rng = np.random.default_rng(4)
    counts = rng.choice([0.0, 1.0, 2.0, np.nan], p=[0.4, 0.3, 0.2, 0.1], size=(9, 40))
    variants = [("1", 10 * k + 1, f"rs{k}", "G", "A") for k in range(40)]
    bed = read_genotypes(write_panel(tmp_path / "bed", counts, variants))
    pgen = read_genotypes(write_pgen(tmp_path / "pgen", counts, variants))
    assert pgen.variants.equals(bed.variants)
    np.testing.assert_array_equal(counts_of(pgen), counts_of(bed))


def test_without_pgenlib_the_command_is_told(prefix, monkeypatch):
    monkeypatch.setitem(sys.modules, "pgenlib", None)
    with pytest.raises(MissingDependencyError, match=r"pip install pgenlib; .* plink2 --make-bed"):
        read_genotypes(prefix)
