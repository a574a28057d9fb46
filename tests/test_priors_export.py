"""Priors for other tools: each file is read back the way its tool reads it."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pandas as pd
import pytest

from seqgen.errors import InputError, OutputError
from seqgen.io.tables import read_provenance
from seqgen.priors import export_prior

FINEMAP_COLUMNS = "rsid chromosome position allele1 allele2 maf beta se prob"


def exported(**changed):
    return pd.DataFrame(
        {
            "locus": ["22:1-9", "22:1-9", "22:20-29"],
            "rsid": pd.array(["rs1", None, "rs3"], dtype="string"),
            "chrom": pd.array(["22"] * 3, dtype="string"),
            "pos": [1, 5, 20],
            "effect_allele": ["A", "C", "G"],
            "other_allele": ["G", "T", "T"],
            "eaf": [0.2, 0.9, 0.5],
            "beta": [0.1, -0.2, 0.3],
            "se": [0.01, 0.02, 0.03],
            "prior": [0.25, 0.75, 1.0],
            **changed,
        }
    )


def as_dap_g(path, variants):
    """The first two fields of each line; what has no line has probability zero."""
    held = dict.fromkeys(variants, 0.0)
    for line in path.read_text().splitlines():
        name, value = line.split()[:2]
        assert name in held  # DAP-G would give it to its first variant
        held[name] = float(value)
    return held


def as_polyfun(path, chromosome):
    """Fields between blanks, or Parquet; chromosomes compared with a number, z squared."""
    parquet = path.suffix == ".parquet"
    table = pd.read_parquet(path) if parquet else pd.read_csv(path, sep=r"\s+")
    table = table[table["CHR"] == chromosome]
    assert table["A1"].str.len().gt(0).all()
    key = table["CHR"].astype(int).astype(str) + "." + table["BP"].astype(str)
    assert not key.duplicated().any()
    assert (table["Z"] ** 2 >= 0).all()
    return table


def test_susie_weights_come_back(tmp_path):
    path = export_prior(exported(), tmp_path / "p.tsv", format="susie", provenance={"command": "x"})
    back = pd.read_csv(path, sep="\t")
    assert back.columns.tolist() == ["locus", "variant", "prior_weights"]
    assert back["variant"].tolist() == ["rs1", "22:5:T:C", "rs3"]
    assert back["prior_weights"].tolist() == [0.25, 0.75, 1.0]
    assert read_provenance(path)["command"] == "x"


def test_rds_holds_a_named_list_of_named_vectors(tmp_path):
    table = pd.DataFrame(
        {
            "locus": ["1:1-9", "1:1-9", "2:1-9"],
            "rsid": ["rs1", "é", "rs3"],
            "prior": [0.25, 0.75, 1],
        }
    )
    path = export_prior(table, tmp_path / "prior.rds", format="rds")
    body = gzip.decompress(path.read_bytes())
    assert body.startswith(b"X\n\x00\x00\x00\x02")
    assert body.count(b"names") == 1  # referred to from then on
    assert np.array([0.25, 0.75], dtype=">f8").tobytes() in body
    assert json.loads((tmp_path / "prior.rds.provenance.json").read_text())["format"] == "rds"
    again = export_prior(table, tmp_path / "again.rds", format="rds")
    assert again.read_bytes() == path.read_bytes()
    assert sorted(one.name for one in tmp_path.iterdir() if "tmp" in one.name) == []


@pytest.mark.parametrize("name", ["p.tsv", "p.tsv.gz", "p.parquet"])
@pytest.mark.parametrize("chrom", ["22", "chr22", 22])
def test_polyfun_reads_its_own_columns(tmp_path, name, chrom):
    back = as_polyfun(export_prior(exported(chrom=chrom), tmp_path / name, format="polyfun"), 22)
    assert back.columns.tolist() == ["SNP", "CHR", "BP", "A1", "A2", "SNPVAR", "Z"]
    assert back["SNP"].str.len().gt(0).all()
    assert back["A1"].tolist() == ["A", "C", "G"]
    assert back["SNPVAR"].tolist() == [0.25, 0.75, 1.0]
    assert back["Z"].tolist() == pytest.approx([10, -10, 10])


def test_polyfun_takes_z_as_it_is_and_does_without(tmp_path):
    path = export_prior(exported(z=[1.0, 2.0, 3.0]), tmp_path / "z.tsv", format="polyfun")
    assert as_polyfun(path, 22)["Z"].tolist() == [1, 2, 3]
    bare = exported().drop(columns=["beta", "se"])
    path = export_prior(bare, tmp_path / "p.tsv", format="polyfun")
    assert path.read_text().splitlines()[0].split() == ["SNP", "CHR", "BP", "A1", "A2", "SNPVAR"]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"chrom": ["22", "22", "X"]}, "chrom of row 2 is 'X'"),
        ({"chrom": ["22", "22", None]}, "chrom of row 2 is missing"),
        ({"z": [1.0, np.nan, 2.0]}, "row 1 is nan"),
        ({"se": [0.0, 1.0, 1.0]}, "row 0 is nan"),
        ({"rsid": ["rs 1", "rs2", "rs3"]}, "name 'rs 1' of row 0"),
        # The same variant in two loci, its alleles turned.
        (
            {"pos": [1, 5, 5], "effect_allele": ["A", "C", "T"], "other_allele": ["G", "T", "C"]},
            "variant 'rs3' is there twice",
        ),
    ],
)
def test_what_polyfun_would_stop_at_is_refused(tmp_path, changed, message):
    with pytest.raises(InputError, match=message):
        export_prior(exported(**changed), tmp_path / "p.tsv", format="polyfun")
    assert list(tmp_path.iterdir()) == []


def test_finemap_files_have_prob_and_k(tmp_path):
    folder = export_prior(exported(), tmp_path / "f", format="finemap", expected_causal=0.5)
    text = (folder / "22_1-9.z").read_text()
    assert text.splitlines()[0] == FINEMAP_COLUMNS
    assert {line.count(" ") for line in text.splitlines()} == {8}
    z = pd.read_csv(folder / "22_1-9.z", sep=" ")
    assert z["prob"].tolist() == [0.125, 0.375]
    assert z["maf"].tolist() == pytest.approx([0.2, 0.1])
    assert z[["allele1", "beta"]].to_numpy().tolist() == [["A", 0.1], ["C", -0.2]]
    k = np.array((folder / "22_1-9.k").read_text().split(), float)
    assert k.sum() == pytest.approx(1)
    assert k[1] / k[0] == pytest.approx(0.25, rel=1e-4)  # Poisson of mean one half
    assert (folder / "22_20-29.k").read_text() == "1\n"  # one variant
    assert not (folder / "master").exists()
    with pytest.raises(OutputError, match="there already"):
        export_prior(exported(), folder, format="finemap")


@pytest.mark.parametrize("expected", [1.0, 900.0])
def test_finemap_allows_five_causal_variants_and_is_started_by_a_master(tmp_path, expected):
    rows = 8
    table = pd.DataFrame(
        {
            "locus": "1:1-9",
            "chrom": "1",
            "pos": np.arange(rows),
            "effect_allele": "A",
            "other_allele": "G",
            "eaf": 0.3,
            "beta": 0.1,
            "se": 0.1,
            "n": 1000.4,
            "prior": 1 / rows,
        }
    )
    folder = export_prior(table, tmp_path / "f", format="finemap", expected_causal=expected)
    lines = (folder / "1_1-9.k").read_text().splitlines()
    assert len(lines) == 1
    k = np.array(lines[0].split(), float)
    assert len(k) == 5  # --n-causal-snps where it is not given
    assert k.sum() == pytest.approx(1)
    head, *rest = [line.split(";") for line in (folder / "master").read_text().splitlines()]
    told = dict(zip(head, rest[0], strict=True))
    assert set(head) == {"z", "ld", "snp", "config", "cred", "log", "k", "n_samples"}
    assert (told["z"], told["k"], told["n_samples"]) == ("1_1-9.z", "1_1-9.k", "1000")
    assert (folder / told["z"]).exists()
    note = json.loads((folder / "provenance.json").read_text())
    assert note["probabilities_capped"] == (8 if expected > rows else 0)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"eaf": np.nan}, "eaf of row 0 is missing"),
        ({"eaf": [0.1, 1.0, 0.2]}, "eaf of row 1 is 1.0"),
        ({"se": [0.1, 0.2, -1.0]}, "se of row 2 is -1.0"),
        ({"beta": [np.inf, 0.2, 0.1]}, "beta of row 0 is inf"),
        ({"beta": "a"}, "beta is not numeric"),
        ({"n": [10, 10, 0]}, "n of a locus"),
    ],
)
def test_what_finemap_would_stop_at_is_refused(tmp_path, changed, message):
    with pytest.raises(InputError, match=message):
        export_prior(exported(**changed), tmp_path / "f", format="finemap")
    assert list(tmp_path.iterdir()) == []


def test_dap_g_reads_the_files_of_torus(tmp_path):
    folder = export_prior(exported(), tmp_path / "t", format="torus")
    read = as_dap_g(folder / "22_1-9.prior", ["rs1", "22:5:T:C", "not in the file"])
    assert read == {"rs1": 0.25, "22:5:T:C": 0.75, "not in the file": 0.0}
    # A probability of one would leave DAP-G the logarithm of zero for all else.
    assert as_dap_g(folder / "22_20-29.prior", ["rs3"]) == {"rs3": 0.999}
    assert json.loads((folder / "provenance.json").read_text())["probabilities_capped"] == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["t"]


def test_loci_of_any_name_have_files_of_their_own(tmp_path):
    table = exported(locus=["IGF1R (15q26)", "IGF1R (15q26)", "../ADCY3"])
    folder = export_prior(table, tmp_path / "t", format="torus")
    assert sorted(p.name for p in folder.glob("*.prior")) == [
        ".._ADCY3.prior",
        "IGF1R__15q26_.prior",
    ]
    with pytest.raises(InputError, match=r"loci 1:1, 1_1 would have the same file"):
        export_prior(exported(locus=["1:1", "1:1", "1_1"]), tmp_path / "u", format="torus")


@pytest.mark.parametrize(
    ("changed", "format", "message"),
    [
        ({}, "susiex", "SuSiEx has no argument"),
        ({}, "SuSiEx", "SuSiEx has no argument"),
        ({}, "paintor", "expected one of susie"),
        ({"prior": [0.3, 0.3, 1.0]}, "susie", "sum to 0.6"),
        ({"prior": [np.nan, 0.3, 1.0]}, "susie", "row 0 is nan; expected a probability"),
        ({"prior": [-0.5, 1.5, 1.0]}, "rds", "row 0 is -0.5; expected a probability"),
        ({"prior": ["a", "b", "c"]}, "torus", "prior is not numeric"),
        ({"rsid": ["a", "a", "b"]}, "susie", "there twice"),
        ({"rsid": ["", "a", "b"]}, "torus", "name '' of row 0 is empty"),
        ({"locus": ["1", None, "2"]}, "susie", "locus of row 1 is missing"),
    ],
)
def test_bad_exports(changed, format, message, tmp_path):
    with pytest.raises(InputError, match=message):
        export_prior(exported(**changed), tmp_path / "x.tsv", format=format)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("expected", [0, -1.0, np.nan, np.inf])
def test_expected_causal_is_a_number_above_zero(expected, tmp_path):
    with pytest.raises(InputError, match="expected_causal"):
        export_prior(exported(), tmp_path / "x", format="torus", expected_causal=expected)


def test_nothing_to_export_is_said(tmp_path):
    with pytest.raises(InputError, match="no column prior"):
        export_prior(exported().drop(columns="prior"), tmp_path / "x.tsv", format="torus")
    with pytest.raises(InputError, match="no rows"):
        export_prior(exported()[:0], tmp_path / "x.tsv", format="susie")
    with pytest.raises(InputError, match="need chrom, pos and both alleles"):
        export_prior(exported().drop(columns="chrom"), tmp_path / "x.tsv", format="susie")
