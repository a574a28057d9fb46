"""Files with bad rows through ``seqgen finemap``: each row lost is counted under a reason."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import erfc
from tiny_panels import write_panel

from seqgen import schemas
from seqgen.cli import main
from seqgen.io.tables import read_table

P, N = 24, 300
RNG = np.random.default_rng(1)
X = RNG.binomial(2, 0.3, (N, P)).astype(float)
Y = 0.7 * X[:, 4] + RNG.normal(size=N)


@pytest.fixture(scope="module")
def panel(tmp_path_factory):
    """The people of the locus as a PLINK panel; the last variant has one allele only."""
    counts = np.column_stack([X, np.zeros(N)])
    variants = [("1", 1000 + 10 * i, f"rs{i}", "A", "G") for i in range(P + 1)]
    return write_panel(tmp_path_factory.mktemp("panel") / "people", counts, variants)


def gwas():
    centred, left = X - X.mean(axis=0), Y - Y.mean()
    squares = (centred**2).sum(axis=0)
    beta = centred.T @ left / squares
    se = np.sqrt(left @ left / (N - 2) / squares)
    frame = pd.DataFrame({
        "CHR": "1", "SNP": [f"rs{i}" for i in range(P)], "POS": 1000 + 10 * np.arange(P),
        "A1": "A", "A2": "G", "N": str(N), "AF1": np.round(X.mean(axis=0) / 2, 4).astype(str),
        "BETA": beta.astype(str),
        "SE": se.astype(str), "P": erfc(np.abs(beta / se) / np.sqrt(2)),
    })  # fmt: skip
    last = frame.iloc[[-1]].assign(SNP=f"rs{P}", POS=1000 + 10 * P)
    return pd.concat([frame, last], ignore_index=True)


def many(frame):
    """Rows that cannot be used, each in its own way."""
    for row, column, value in (
        (0, "BETA", "nan"), (1, "BETA", "inf"), (2, "BETA", "oops"), (3, "SE", "0"),
        (6, "SE", "NA"), (7, "SE", "-0.1"), (8, "SE", "inf"), (9, "POS", 77), (10, "A1", "Z"),
    ):  # fmt: skip
        frame.loc[row, column] = value
    return frame


# What is wrong in the file -> (change, variants fitted, rows lost).
FILES = {
    "nothing but a variant of one allele": (lambda frame: frame, P, 1),
    "many rows": (many, P - 9, 10),
    "effects all zero": (lambda frame: frame.assign(BETA="0"), P, 1),
    "a huge effect": (lambda frame: frame.replace({"BETA": {frame.at[3, "BETA"]: "40"}}), P, 1),
    "a row twice": (lambda frame: pd.concat([frame, frame.iloc[[4]]]), P, 2),
}


def finemap(capsys, path, panel, frame, *more):
    frame.to_csv(path / "gwas.tsv", sep="\t", index=False)
    status = main([
        "finemap", str(path / "gwas.tsv"), "--panel", str(panel), "--regions", "1:1-5000",
        "--out", str(path / "out"), "--quiet", *more,
    ])  # fmt: skip
    return status, capsys.readouterr().err


@pytest.mark.parametrize("case", FILES)
def test_every_row_is_fitted_or_counted(case, capsys, tmp_path, panel):
    change, fitted, lost = FILES[case]
    status, err = finemap(capsys, tmp_path, panel, change(gwas()))
    assert status == 0, err
    variants = read_table(tmp_path / "out" / "variants.parquet", schemas.VARIANTS)
    assert len(variants) == fitted
    numbers = variants.select_dtypes("number")
    pips = [name for name in numbers if name.startswith("pip")]
    assert pips
    assert np.isfinite(numbers[[*pips, "z"]]).all(axis=None)
    drops = read_table(tmp_path / "out" / "drops.parquet", schemas.DROPS)
    assert drops.loc[drops["action"] == "dropped", "count"].sum() == lost
    assert drops["reason"].notna().all()


def test_a_file_without_sample_sizes(capsys, tmp_path, panel):
    """Allowed, and said."""
    alleles = ("--col", "effect_allele=A1", "--col", "other_allele=A2")
    status, err = finemap(capsys, tmp_path, panel, gwas().drop(columns="N"), *alleles)
    assert status == 0, err
    loci = read_table(tmp_path / "out" / "loci.parquet", schemas.LOCI)
    assert loci["gwas_n"].isna().all()
    assert loci["warnings"].str.contains("No sample size").all()


@pytest.mark.parametrize("form", ["pgen", "vcf"])
def test_the_panel_may_be_of_any_format(form, capsys, tmp_path, panel):
    package = {"pgen": "pgenlib", "vcf": "cyvcf2"}[form]
    pytest.importorskip(package, reason=f"{package} is not installed: pip install {package}")
    variants = [("1", 1000 + 10 * i, f"rs{i}", "A", "G") for i in range(P)]
    if form == "pgen":
        from test_io_pgen import write_pgen

        other = write_pgen(tmp_path / "other", X, variants)
    else:
        from test_io_vcf import write_vcf

        calls = np.array(["0/0", "0/1", "1/1"])[X.astype(int)].T
        rows = [f"1 {v[1]} {v[2]} G A . GT {' '.join(c)}" for v, c in zip(variants, calls,
                                                                         strict=True)]  # fmt: skip
        other = write_vcf(tmp_path / "other.vcf", rows, tuple(f"p{k}" for k in range(N)))
    found = {}
    for name, path in (("bed", panel), (form, other)):
        (tmp_path / name).mkdir()
        status, err = finemap(capsys, tmp_path / name, path, gwas()[:P])
        assert status == 0, err
        found[name] = read_table(tmp_path / name / "out" / "variants.parquet", schemas.VARIANTS)
    pd.testing.assert_frame_equal(found[form], found["bed"])
