"""LD files as each program writes them by default: names, signs and gaps that go unsaid."""

from __future__ import annotations

import gzip

import ld_files
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from ld_files import NAMES, VARIANTS, P, bim, lines

from seqgen.errors import InputError, SeqgenWarning
from seqgen.io.ld_matrices import read_ld


@pytest.fixture(scope="module")
def R() -> np.ndarray:
    return np.corrcoef(ld_files.genotypes().astype(float), rowvar=False)


# Every third variant has ALT for its common allele.
RARE_IS_REF = np.arange(P) % 3 == 0
SIGN = np.where(RARE_IS_REF, -1.0, 1.0)


def pvar(path):
    """``a1`` of `VARIANTS` is ALT, but for every third, where it is REF."""
    rows = "".join(
        f"{c}\t{p}\t{n}\t{a if ref else b}\t{b if ref else a}\n"
        for (c, p, n, a, b), ref in zip(VARIANTS, RARE_IS_REF, strict=True)
    )
    path.write_text(f"#CHROM\tPOS\tID\tREF\tALT\n{rows}")
    return path


def pairs(path, R, columns, value="UNPHASED_R"):
    """PLINK 2's table of pairs with some of its columns."""
    told = [
        {"CHROM": c, "POS": p, "ID": n, "REF": a if ref else b, "ALT": b if ref else a,
         "ALT1": b if ref else a, "MAJ": b, "NONMAJ": a}
        for (c, p, n, a, b), ref in zip(VARIANTS, RARE_IS_REF, strict=True)
    ]  # fmt: skip
    head = "\t".join([*(f"{x}_{side}" for side in "AB" for x in columns), value])
    body = "".join(
        "\t".join([*(str(told[k][x]) for k in (j, i) for x in columns), f"{R[i, j]:.9g}"]) + "\n"
        for i in range(P)
        for j in range(i)
    )
    path.write_text(f"#{head}\n{body}")
    return path


def same(ld, R, *, of_alt=False):
    """Correlations of ``a1``, whichever allele that is, are those of the genotypes."""
    order = ld.variants["pos"].to_numpy() // 1000 - 1
    assert sorted(order) == list(range(P))
    counted = np.array([row[3] for row in VARIANTS])[order]
    sign = np.where(ld.variants["a1"] == counted, 1.0, -1.0)
    if of_alt:
        assert sign.tolist() == SIGN[order].tolist()
    np.testing.assert_allclose(ld.R * np.outer(sign, sign), R[np.ix_(order, order)], atol=1e-6)


def numbers(R, head, first, mark):
    """Text with a header and row names that are but counts."""
    rows = [f"{mark.join([f'{x:.9g}' for x in row])}\n" for row in R]
    if first is not None:
        rows = [f'"{k + first}"{mark}{row}' for k, row in enumerate(rows)]
    return mark.join(head) + "\n" + "".join(rows)


V = [f'"V{k + 1}"' for k in range(P)]
DIALECTS = {
    "R write.table": lambda R: numbers(R, V, 1, " "),
    "R write.csv": lambda R: numbers(R, ['""', *V], 1, ","),
    "R fwrite": lambda R: numbers(R, V, None, ","),
    "pandas": lambda R: pd.DataFrame(R).to_csv(),
    "pandas without index": lambda R: pd.DataFrame(R).to_csv(index=False),
    "semicolons": lambda R: pd.DataFrame(R, NAMES, NAMES).to_csv(sep=";"),
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_numbered_rows_and_columns_are_no_names(tmp_path, R, dialect):
    (tmp_path / "x.txt").write_text(DIALECTS[dialect](R))
    bim(tmp_path / "x.bim")
    ld = read_ld(tmp_path / "x.txt")
    assert ld.variants["rsid"].tolist() == NAMES
    np.testing.assert_allclose(ld.R, R, atol=1e-7)


def test_a_decimal_comma_is_told(tmp_path, R):
    (tmp_path / "x.csv").write_text(pd.DataFrame(R).to_csv(sep=";", decimal=","))
    with pytest.raises(InputError, match=r"line 2: '\d,\d*' is no number; .*with decimal points"):
        read_ld(tmp_path / "x.csv", variants=ld_files.table())


def test_signs_follow_the_column_that_says_so(tmp_path, R):
    place, table = ["CHROM", "POS", "ID"], pvar(tmp_path / "x.pvar")
    path = pairs(tmp_path / "x.vcor", R, [*place, "MAJ", "NONMAJ"])
    for options in ({}, {"variants": table}, {"variants": bim(tmp_path / "b.bim")},
                    {"variants": table, "signed_by": "minor"}):  # fmt: skip
        same(read_ld(path, **options), R)
    both = pairs(tmp_path / "both.vcor", R, [*place, "REF", "ALT", "MAJ", "NONMAJ"])
    with pytest.warns(SeqgenWarning, match="follow the allele of column NONMAJ, which is not ALT"):
        same(read_ld(both), R)
    same(read_ld(both, signed_by="minor"), R)
    based = pairs(tmp_path / "r.vcor", R * np.outer(SIGN, SIGN), [*place, "REF", "ALT", "MAJ",
                                                                  "NONMAJ"])  # fmt: skip
    same(read_ld(based, signed_by="a1"), R, of_alt=True)
    same(read_ld(based, signed_by="a1", variants=bim(tmp_path / "b.bim")), R, of_alt=True)
    frequent = ld_files.table().assign(eaf=0.25)
    ld = read_ld(based, signed_by="a1", variants=frequent)
    assert set(ld.variants["frequency"]) == {0.25, 0.75}
    frequent.loc[7, "a1"] = "C"
    with pytest.raises(InputError, match=r"has 'rs7' with alleles G/T, variants with C/T \(1 such"):
        read_ld(path, variants=frequent)


def test_pairs_may_be_named_by_place(tmp_path, R):
    turned = R * np.outer(SIGN, SIGN)
    path = pairs(tmp_path / "x.vcor", turned, ["CHROM", "POS", "REF", "ALT1"])
    same(read_ld(path, signed_by="a1"), R, of_alt=True)
    ld = read_ld(path, signed_by="a1", variants=pvar(tmp_path / "v.pvar"))
    assert ld.variants["rsid"].tolist() == NAMES
    same(ld, R, of_alt=True)
    with pytest.raises(InputError, match=r"no column SNP_A or ID_A; .*cols=chrom,pos,ref,alt"):
        read_ld(pairs(tmp_path / "y.vcor", turned, ["CHROM", "POS"]))


@pytest.mark.parametrize("suffix", ["", ".zst", ".bin"])
def test_the_list_beside_a_matrix_gives_its_order(tmp_path, R, suffix):
    part = np.random.default_rng(0).permutation(P)[:40]
    path = tmp_path / f"x.unphased.vcor1{suffix}"
    block = R[np.ix_(part, part)]
    data = block.astype("<f4").tobytes() if suffix == ".bin" else lines(block).encode()
    with pa.CompressedOutputStream(path, "zstd") if suffix == ".zst" else path.open("wb") as out:
        out.write(data)
    names = path.with_name(path.name.removesuffix(".zst") + ".vars")
    names.write_text("".join(f"{NAMES[k]}\n" for k in part))
    ld = read_ld(path, variants=bim(tmp_path / "x.bim"), signed_by="a1")
    assert ld.variants["rsid"].tolist() == [NAMES[k] for k in part]
    np.testing.assert_allclose(ld.R, block, atol=1e-6)


def test_correlations_of_haplotypes_are_told(tmp_path, R):
    columns = ["CHROM", "POS", "ID", "MAJ", "NONMAJ"]
    phased = pairs(tmp_path / "x.vcor", R, columns, "PHASED_R")
    with pytest.warns(SeqgenWarning, match=r"x.vcor: .* of estimated haplotypes .*--r-unphased"):
        same(read_ld(phased), R)
    path, options = ld_files.plink_pairs(tmp_path, R)
    head, *rows = path.read_text().splitlines()
    path.write_text("\n".join([f"{head} DP", *(f"{row} 0.5" for row in rows)]) + "\n")
    with pytest.warns(SeqgenWarning, match="estimated haplotypes"):
        read_ld(path, **options)
    (tmp_path / "m.phased.vcor1").write_text(lines(R))
    with pytest.warns(SeqgenWarning, match="estimated haplotypes"):
        read_ld(tmp_path / "m.phased.vcor1", variants=ld_files.table(), signed_by="a1")


def test_many_zeros_of_a_whole_matrix_are_told(tmp_path, R):
    banded = np.where(np.abs(np.subtract.outer(np.arange(P), np.arange(P))) < 30, R, 0.0)
    np.save(tmp_path / "x.npy", banded)
    told = {"variants": ld_files.table()}
    with pytest.warns(SeqgenWarning, match=r"467 of 1,770 pairs .* are exactly 0, .*ld_matrix"):
        ld = read_ld(tmp_path / "x.npy", **told)
    np.testing.assert_allclose(ld.R, banded, atol=1e-12)
    read_ld(tmp_path / "x.npy", absent="zero", **told)


def test_ldstore_and_finemap(tmp_path, R):
    (tmp_path / "x.ld").write_text(lines(R, " "))
    names = {"chrom": "chromosome", "pos": "position", "a1": "allele1", "a2": "allele2"}
    table = ld_files.table().rename(columns=names)
    table = table[["rsid", *names.values()]].assign(maf=0.1, beta=0.2, se=0.3)
    table.to_csv(tmp_path / "x.z", sep=" ", index=False)
    same(read_ld(tmp_path / "x.ld"), R)
    meta = ld_files.table().rename(columns={**names, "rsid": "RSID", "a1": "B_allele",
                                            "a2": "A_allele"})  # fmt: skip
    meta.to_csv(tmp_path / "x.incl", sep=" ", index=False)
    same(read_ld(tmp_path / "x.ld", variants=tmp_path / "x.incl", signed_by="a1"), R)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("ld.bin", b"\x89HDF\r\n\x1a\n", "is HDF5, which is not read; save the matrix with numpy"),
        ("ld.mat", b"MATLAB 5.0", "is MATLAB's, which is not read"),
        ("ld.rds", gzip.compress(b"X\n\0\0", mtime=0), "is R's, which is not read; .*write.table"),
        ("ld.pkl", b"\x80\x04\x95", "is a pickle, which is not read"),
    ],
    ids=["HDF5", "MATLAB", "R", "pickle"],
)
def test_files_of_others_are_named(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_ld(tmp_path / name, variants=ld_files.table())


def test_a_wrong_shape_is_not_called_damage(tmp_path, R):
    for values, message in (
        (R[np.tril_indices(P)], r"the matrix has shape 1830; expected a square"),
        (R.astype(complex), "holds complex128; expected numbers"),
    ):
        np.save(tmp_path / "x.npy", values)
        with pytest.raises(InputError, match=message) as caught:
            read_ld(tmp_path / "x.npy", variants=ld_files.table())
        assert "cut short" not in str(caught.value)


def test_r_squared_less_its_bias_is_refused(tmp_path, R):
    for people in (500, 100_000):
        adjusted = R**2 - (1 - R**2) / (people - 2)
        np.save(tmp_path / "x.npy", adjusted)
        with pytest.raises(
            InputError, match=r"r squared less its bias.*plink --r.*--ld-nonnegative"
        ):
            read_ld(tmp_path / "x.npy", variants=ld_files.table())
    ld = read_ld(tmp_path / "x.npy", variants=ld_files.table(), nonnegative=True)
    np.testing.assert_allclose(ld.R, adjusted, atol=1e-12)
