"""Loci fine-mapped on matrices of LD in place of a panel: the same results, from the shell too."""

from __future__ import annotations

import html
import json

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from seqgen import schemas
from seqgen.cli import main
from seqgen.errors import InputError
from seqgen.io.genotypes import read_panel
from seqgen.io.ld import panel_ld
from seqgen.io.resources import demo_panel_prefix, demo_sumstats_path
from seqgen.io.sumstats import read_sumstats
from seqgen.io.tables import read_provenance, read_table, write_table
from seqgen.loci import find_loci
from seqgen.pipeline import RunOptions, prepare_loci, run
from seqgen.pipeline.ld_files import open_reference

REGIONS = ("22:20600000-20900000", "22:45200000-45400000")
NEAR = "22:20500000-21000000"


@pytest.fixture(scope="module")
def gwas(tmp_path_factory):
    """Summary statistics of both regions as a file."""
    table = read_sumstats(demo_sumstats_path()).table
    inside = table["pos"].between(20_500_000, 21_000_000)
    inside |= table["pos"].between(45_200_000, 45_400_000)
    path = tmp_path_factory.mktemp("gwas") / "gwas.parquet"
    write_table(table[inside].reset_index(drop=True), path, schema=schemas.SUMSTATS)
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """LD of each region as UK Biobank's files are: half a sparse matrix, and its variants."""
    folder = tmp_path_factory.mktemp("ld")
    for name, region in (("first", NEAR), ("second", REGIONS[1])):
        panel = read_panel(demo_panel_prefix(), region=region)
        frequency = panel.frequencies(np.arange(len(panel.variants)))
        rows = panel.variants.assign(panel_index=np.arange(len(frequency)), flipped=False)
        rows = rows[(frequency > 0) & (frequency < 1)]
        half = np.tril(panel_ld(rows, panel)).astype(np.float32)
        np.fill_diagonal(half, 0.5)
        sparse.save_npz(folder / f"{name}.npz", sparse.coo_matrix(half))
        told = rows.assign(eaf=frequency[rows["panel_index"]])
        told = told.rename(columns={"pos": "position", "chrom": "chromosome", "a1": "allele1"})
        told = told.rename(columns={"a2": "allele2"}).drop(columns=["panel_index", "flipped"])
        told.to_csv(folder / f"{name}.gz", sep="\t", index=False, compression="gzip")
    part = pd.read_csv(folder / "first.gz", sep="\t")
    part = part[part["position"] < 20_750_000]
    whole = sparse.load_npz(folder / "first.npz").tocsr()
    sparse.save_npz(folder / "part.npz", whole[: len(part), : len(part)])
    part.to_csv(folder / "part.gz", sep="\t", index=False, compression="gzip")
    return str(folder / "first.npz"), str(folder / "second.npz")


@pytest.fixture(scope="module")
def by_panel(tmp_path_factory, gwas):
    """The variants that the panel's genotypes give."""
    out = tmp_path_factory.mktemp("panel") / "out"
    arguments = ["finemap", str(gwas), "--panel", str(demo_panel_prefix()), "--out", str(out)]
    assert main([*arguments, "--regions", *REGIONS]) == 0
    return read_table(out / "variants.parquet", schemas.VARIANTS)


def same(ours: pd.DataFrame, panels: pd.DataFrame) -> None:
    key = ["chrom", "pos", "effect_allele", "other_allele"]
    pd.testing.assert_frame_equal(ours[key], panels[key])
    for column in ("pip", "pip_flat", "pip_plain", "r_lead", "panel_eaf"):
        np.testing.assert_allclose(ours[column], panels[column], atol=2e-3)


def test_each_locus_takes_the_file_that_holds_it(tmp_path, gwas, files, by_panel):
    out = tmp_path / "out"
    arguments = [
        "finemap",
        str(gwas),
        "--ld",
        files[0].replace("first", "part"),
        *files,
        "--ld-n",
        "378",
        "--out",
        str(out),
    ]
    assert main([*arguments, "--regions", *REGIONS, "--panel-name", "1000G"]) == 0
    same(read_table(out / "variants.parquet", schemas.VARIANTS), by_panel)
    loci = read_table(out / "loci.parquet", schemas.FINEMAP_LOCI)
    assert loci["panel"].tolist() == ["1000G", "1000G"]
    assert loci["panel_n"].tolist() == [378, 378]
    assert "LD comes from 378 people" in loci["warnings"].iloc[0]
    drops = read_table(out / "drops.parquet", schemas.DROPS)
    assert {"align_to_ld"} <= set(drops["stage"])


def test_a_whole_run(tmp_path, gwas, files):
    options = RunOptions(regions=REGIONS, model="blosum62", ld=files, ld_n=378)
    result = run(gwas, None, tmp_path / "out", options=options)
    told = json.loads((tmp_path / "out" / "provenance.json").read_text())
    assert told["panel"] == {"name": "first.npz and 1 more", "n": 378}
    paths = [entry["path"] for entry in told["inputs"]]
    assert set(files) <= set(paths)
    assert read_provenance(tmp_path / "out" / "variants.parquet") == told
    assert result.tables.loci["n_finemapped"].min() > 50
    page = html.unescape(result.report.read_text())
    assert "LD comes from the matrix first.npz and second.npz, computed from 378 people" in page
    assert "panel's LD" not in page
    assert "<dt>LD matrix</dt>" in page
    assert "<dt>panel</dt>" not in page
    assert "in a locus and in the LD matrix" in set(result.tables.funnel["step"])


def test_a_locus_without_ld_is_told(tmp_path, gwas, files):
    table = read_table(gwas, schemas.SUMSTATS)
    loci = find_loci(table, regions=REGIONS)
    reference = open_reference(None, RunOptions(ld=files[:1], ld_n=378), None)
    data, drops = prepare_loci(table, loci, reference)
    assert list(data) == [REGIONS[0]]
    lost = drops[drops["reason"] == "in a locus that no LD matrix can be used for"]
    assert lost["count"].tolist() == [int(table["pos"].between(45_200_000, 45_400_000).sum())]
    assert (drops["reason"] == "locus with fewer than 10 variants in the LD matrix").any()
    # no more than the locus is held
    locus = data[REGIONS[0]]
    assert locus.panel.variants["pos"].between(20_600_000, 20_900_000).all()
    assert locus.ld().p == len(locus.variants)
    with pytest.raises(InputError, match=r"no variant of first.npz lies in a locus .*22:45200000"):
        prepare_loci(table, loci.tail(1), reference)
    moved = table.assign(pos=table["pos"] + 3)
    with pytest.raises(InputError, match=r"(?s)LD matrix 'first.npz'.*genome builds differ"):
        prepare_loci(moved, loci.head(1), reference)


def test_what_the_shell_refuses(tmp_path, capsys, gwas, files):
    base = ["finemap", str(gwas), "--out", str(tmp_path / "out"), "--regions", *REGIONS]
    for more, message in (
        (["--ld", files[0]], "ld_n: not given (--ld-n)"),
        (["--ld", "no.npz", "--ld-n", "378"], "no.npz: no such file"),
        (["--ld", files[0], "--ld-n", "1"], "n: found 1.0; expected the number of people"),
    ):
        assert main([*base, *more]) != 0
        assert message in capsys.readouterr().err
    for more in (["--ld", files[0], "--panel", "x"], []):
        with pytest.raises(SystemExit):
            main([*base, *more])
    with pytest.raises(InputError, match="panel and ld: both given"):
        run(gwas, "panel", tmp_path / "o", options=RunOptions(ld=files, ld_n=378))
    with pytest.raises(InputError, match=r"panel: not given, nor are files of LD"):
        run(gwas, None, tmp_path / "o")


def test_the_panel_is_read_as_asked(tmp_path, gwas, capsys, files):
    base = ["finemap", str(gwas), "--panel", str(demo_panel_prefix()), "--regions", REGIONS[1]]
    people = read_panel(demo_panel_prefix()).people[::2]
    keep = tmp_path / "keep.txt"
    keep.write_text("\n".join(people) + "\n")
    assert main([*base, "--keep", str(keep), "--out", str(tmp_path / "half")]) == 0
    loci = read_table(tmp_path / "half" / "loci.parquet", schemas.FINEMAP_LOCI)
    assert loci["panel_n"].tolist() == [len(people)]
    told = read_provenance(tmp_path / "half" / "loci.parquet")["parameters"]
    assert told["people"]["n"] == len(people)
    assert len(told["people"]["sha256"]) == 64
    vcf = tmp_path / "doses.vcf"
    head = ("##fileformat=VCFv4.2", "##contig=<ID=22>",
            '##FILTER=<ID=LOW,Description="x">',
            '##FORMAT=<ID=GT,Number=1,Type=String,Description="x">',
            '##FORMAT=<ID=DS,Number=A,Type=Float,Description="x">',
            "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ta\tb\tc")  # fmt: skip
    rows = ("22\t10\t.\tA\tC\t.\tPASS\t.\tGT:DS\t0/0:0.2\t0/1:1.5\t1/1:2",
            "22\t20\t.\tA\tC\t.\tLOW\t.\tGT:DS\t0/0:0.4\t0/1:1\t1/1:1.8")  # fmt: skip
    vcf.write_text("\n".join([*head, *rows]) + "\n")
    calls = open_reference(vcf, RunOptions(), None)
    assert calls.genotypes(np.arange(1))[:, 0].tolist() == [0, 1, 2]
    options = RunOptions(field="DS", keep_filtered=True, people=("a", "c"))
    doses = open_reference(vcf, options, "doses")
    assert doses.name == "doses"
    np.testing.assert_allclose(doses.genotypes(np.arange(2)), [[0.2, 0.4], [2, 1.8]], atol=1e-3)
    assert main([*base, "--field", "DS", "--out", str(tmp_path / "no")]) != 0
    assert "a PLINK 1 panel, which holds calls; say 'GT'" in capsys.readouterr().err
    for more in ({"field": "DS"}, {"keep_filtered": True}, {"people": ("a", "b")}):
        with pytest.raises(InputError, match="field, keep_filtered and people say how genotypes"):
            open_reference(None, RunOptions(ld=files, ld_n=378, **more), None)
    with pytest.raises(InputError, match="field: found 'PL'; expected one of GT, DS, GP"):
        RunOptions(field="PL")
