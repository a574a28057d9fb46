"""Relationship matrices as GCTA and PLINK write them."""

from __future__ import annotations

import gzip

import numpy as np
import pandas as pd
import pytest

from seqgen.errors import InputError, MissingFileError
from seqgen.io.kinship import read_kinship

N = 5
NAMES = [f"p{k}" for k in range(N)]


@pytest.fixture
def matrix() -> np.ndarray:
    rng = np.random.default_rng(6)
    x = rng.normal(size=(N, 40))
    return x @ x.T / 40


@pytest.fixture
def prefix(tmp_path):
    for kind in ("grm", "rel", "king"):
        (tmp_path / f"k.{kind}.id").write_text("".join(f"fam\t{name}\n" for name in NAMES))
    return tmp_path / "k"


def lower(matrix: np.ndarray) -> np.ndarray:
    return matrix[np.tril_indices(N)]


def lines(matrix: np.ndarray, *, triangle: bool) -> str:
    return "".join(
        "\t".join(f"{x:.9g}" for x in (row[: k + 1] if triangle else row)) + "\n"
        for k, row in enumerate(matrix)
    )


def check(got, matrix, atol=1e-8):
    assert got.index.tolist() == NAMES
    assert got.columns.tolist() == NAMES
    assert (got.dtypes == np.float64).all()
    np.testing.assert_allclose(got.to_numpy(), matrix, atol=atol)
    np.testing.assert_array_equal(got.to_numpy(), got.to_numpy().T)


@pytest.mark.parametrize("asked", ["k", "k.grm", "k.grm.bin"])
def test_gcta_binary(prefix, matrix, asked):
    lower(matrix).astype("<f4").tofile(f"{prefix}.grm.bin")
    np.full(N * (N + 1) // 2, 100, "<f4").tofile(f"{prefix}.grm.N.bin")
    check(read_kinship(prefix.parent / asked), matrix, atol=1e-6)


@pytest.mark.parametrize("name", ["k.grm.gz", "k.grm"])
def test_gcta_text(prefix, matrix, name):
    row, column = np.tril_indices(N)
    text = "".join(
        f"{i + 1}\t{j + 1}\t100\t{matrix[i, j]:.9g}\n" for i, j in zip(row, column, strict=True)
    )
    path = prefix.parent / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode())
    check(read_kinship(path), matrix)
    check(read_kinship(prefix), matrix)
    first, *rest = text.splitlines()
    for wrong, message in (([*rest, first], "not those of a lower triangle"),
                           (rest, "has 14 lines of 4 fields; 5 people need 15")):  # fmt: skip
        data = ("\n".join(wrong) + "\n").encode()
        path.write_bytes(gzip.compress(data) if name.endswith("gz") else data)
        with pytest.raises(InputError, match=message):
            read_kinship(path)


@pytest.mark.parametrize("dtype", ["<f4", "<f8"])
@pytest.mark.parametrize("triangle", [True, False])
def test_plink_binary(prefix, matrix, dtype, triangle):
    values = lower(matrix) if triangle else matrix
    values.astype(dtype).tofile(f"{prefix}.rel.bin")
    check(read_kinship(prefix), matrix, atol=1e-6 if dtype == "<f4" else 1e-15)


@pytest.mark.parametrize("name", ["k.rel", "k.rel.gz", "k.king"])
@pytest.mark.parametrize("triangle", [True, False])
def test_plink_text(prefix, matrix, name, triangle):
    data = lines(matrix, triangle=triangle).encode()
    path = prefix.parent / name
    path.write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    check(read_kinship(path), matrix)


def test_ids_with_a_header_and_families(prefix, matrix):
    lower(matrix).astype("<f4").tofile(f"{prefix}.grm.bin")
    ids = prefix.parent / "k.grm.id"
    ids.write_text("#FID IID\n" + "".join(f"f{k} p{k}\n" for k in range(N)))
    assert read_kinship(prefix).index.tolist() == NAMES
    ids.write_text("#IID\n" + "".join(f"p{k}\n" for k in range(N)))
    assert read_kinship(prefix).index.tolist() == NAMES
    ids.write_text("".join(f"f{k} {k // 2}\n" for k in range(N)))
    assert read_kinship(prefix).index.tolist() == ["f0:0", "f1:0", "f2:1", "f3:1", "f4:2"]
    ids.write_text("f a\n" * N)
    with pytest.raises(InputError, match=r"k\.grm\.id: person 'f:a' comes twice"):
        read_kinship(prefix)
    for text, message in (("", "holds 0 people"), ("alone\n", "expected FID and IID"),
                          ("#SID x\n", "expected FID and IID"), ("#IID\n", "0 people"),
                          ("f a\nb\nc d e f\n", "line 2 .*has no IID")):  # fmt: skip
        ids.write_text(text)
        with pytest.raises(InputError, match=message):
            read_kinship(prefix)
    ids.unlink()
    with pytest.raises(MissingFileError, match=r"k\.grm\.id is not there"):
        read_kinship(prefix)


@pytest.mark.parametrize("order", [range(N), (3, 1, 4, 0, 2)])
@pytest.mark.parametrize("name", ["k.tsv", "k.csv", "k.tsv.gz", "k.parquet"])
def test_square_tables(tmp_path, matrix, name, order):
    frame = pd.DataFrame(matrix, index=NAMES, columns=NAMES).iloc[:, list(order)]
    path = tmp_path / name
    if name.endswith("parquet"):
        frame.to_parquet(path)
    else:
        frame.to_csv(path, sep="," if "csv" in name else "\t", index_label="id")
    check(read_kinship(path), matrix)


def test_sizes_that_do_not_fit(prefix, matrix):
    lower(matrix)[:-1].astype("<f4").tofile(f"{prefix}.grm.bin")
    with pytest.raises(InputError, match="is 56 bytes; 5 people need 60"):
        read_kinship(prefix)
    path = prefix.parent / "k.rel"
    for text, message in ((lines(matrix[:4], triangle=False), "holds 20 values; 5 people need 25"),
                          (lines(matrix[1:], triangle=True), "a triangle without its diagonal"),
                          ("a\tb\n", "no number")):  # fmt: skip
        path.write_text(text)
        with pytest.raises(InputError, match=message):
            read_kinship(path)


def test_matrices_that_are_none(prefix, matrix):
    path = prefix.parent / "k.rel"

    def refuse(changed, message):
        path.write_text(lines(changed, triangle=False))
        with pytest.raises(InputError, match=message):
            read_kinship(path)

    refuse(np.tril(matrix), "'p.' with 'p.' is 0.*square0")
    changed = matrix.copy()
    changed[3, 3] = -1
    refuse(changed, "'p3' has relationship -1 with themselves")
    changed[3, 1] = np.nan
    refuse(changed, "relationship of 'p3' and 'p1' is nan")
    changed[3, 1] = np.inf
    refuse(changed, "'p3' and 'p1' is inf")


def test_lists_of_pairs_and_files_that_are_not_there(prefix, matrix):
    for name in ("k.kin0", "k.grm.sp"):
        (prefix.parent / name).write_text("#IID1\tIID2\tKINSHIP\na\tb\t0.1\n")
        with pytest.raises(InputError, match=r"list of pairs.*make-rel square"):
            read_kinship(prefix.parent / name)
    with pytest.raises(MissingFileError, match=r"no such file, nor"):
        read_kinship(prefix.parent / "other")
    lower(matrix).astype("<f4").tofile(f"{prefix}.grm.bin")
    matrix.tofile(f"{prefix}.rel.bin")
    with pytest.raises(InputError, match=r"k\.grm\.bin, k\.rel\.bin are there; name one"):
        read_kinship(prefix)


@pytest.mark.parametrize(
    ("text", "message"),
    [("id a b\na 1 0.1\n", "has 1 people in rows and 2 in the header"),
     ("id a b\na 1 0.1\nc 0.1 1\n", "1 of the rows not there, such as 'c'"),
     ("id a b\na 1 0.1\na 0.1 1\n", "person 'a' comes twice"),
     ("id a a\na 1 0.1\nb 0.1 1\n", "header: person 'a' comes twice"),
     ("id a b\na 1 x\nb x 1\n", "no number")],
)  # fmt: skip
def test_square_tables_that_are_wrong(tmp_path, text, message):
    path = tmp_path / "k.tsv"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_kinship(path)
