"""The shell's evidence and scans on bundled genotypes: tables, pages, shards, wrong input."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import seqgen
from seqgen import schemas
from seqgen.cli import main
from seqgen.io.resources import demo_panel_prefix, demo_sumstats_path
from seqgen.io.tables import read_provenance, read_table

GENOTYPES = str(demo_panel_prefix())


def call(capsys, *arguments):
    status = main([str(a) for a in arguments])
    out, err = capsys.readouterr()
    return status, out, err


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """Changes of the bundled GWAS, traits on the bundled panel with one interaction, gene pairs."""
    folder = tmp_path_factory.mktemp("scans")
    changes = seqgen.annotate(
        seqgen.read_sumstats(demo_sumstats_path()).table, seqgen.missense_map()
    ).table
    changes = changes.drop_duplicates("rsid")
    source = seqgen.read_genotypes(GENOTYPES)
    counts = source.to_frame(np.flatnonzero(source.variants["rsid"].isin(changes["rsid"])))
    common = counts.columns[counts.mean().between(0.6, 1.4)]
    changes = changes[changes["rsid"].isin(common)].head(40).reset_index(drop=True)
    first, second = changes.iloc[2], changes.iloc[25]
    rng = np.random.default_rng(0)
    product = (counts[first["rsid"]] * counts[second["rsid"]]).fillna(0)
    traits = pd.DataFrame({"height": product + rng.normal(size=len(counts)),
                           "other": rng.normal(size=len(counts))}, index=counts.index)  # fmt: skip
    traits["case"] = (traits["height"] > traits["height"].median()).astype(int)
    traits.rename_axis("person").to_csv(folder / "traits.tsv", sep="\t")
    covariates = pd.DataFrame(rng.normal(size=(len(counts), 2)), columns=["pc1", "pc2"])
    covariates.set_axis(counts.index).rename_axis("person").to_csv(folder / "pcs.tsv", sep="\t")
    changes.to_parquet(folder / "changes.parquet")
    genes = changes["gene"].unique()
    lists = pd.DataFrame({"gene_1": rng.choice(genes, 60), "gene_2": rng.choice(genes, 60),
                          "score": rng.uniform(size=60)})  # fmt: skip
    lists.loc[60] = [first["gene"], second["gene"], 5.0]
    lists.to_csv(folder / "pairs.tsv", sep="\t", index=False)
    positions = changes.drop_duplicates("gene").head(6)[["gene", "chrom", "pos"]]
    positions = positions.rename(columns={"pos": "start"}).assign(end=positions["pos"] + 5000)
    positions.to_csv(folder / "genes.tsv", sep="\t", index=False)
    expression = pd.DataFrame(rng.normal(size=(len(counts), 6)), counts.index, positions["gene"])
    expression.iloc[:, 3] += 1.2 * counts[first["rsid"]].fillna(0)
    expression.rename_axis("person").to_csv(folder / "expression.tsv", sep="\t")
    return folder, {first["rsid"], second["rsid"]}


@pytest.fixture(scope="module")
def evidence(inputs):
    folder, _ = inputs
    out = folder / "evidence.parquet"
    assert main(["pair-evidence", str(folder / "changes.parquet"), "--gene-pairs",
                 f"string={folder / 'pairs.tsv'}", "--out", str(out), "-q"]) == 0  # fmt: skip
    return out


def gxg(folder, *more):
    return ("gxg", GENOTYPES, folder / "traits.tsv", "--trait", "height", "--covariates",
            folder / "pcs.tsv", *more)  # fmt: skip


def test_pair_evidence(inputs, evidence):
    table = read_table(evidence, schemas.PAIR_EVIDENCE)
    assert table["gene_string"].notna().sum() > 20
    assert "pair-evidence" in read_provenance(evidence)["command"]


def test_gxg_writes_tables_and_a_page(inputs, evidence, capsys, tmp_path):
    folder, true = inputs
    out = tmp_path / "results"
    status, text, _ = call(
        capsys, *gxg(folder, "--evidence", evidence, "--out", out, "--permutations", 3)
    )
    assert status == 0
    pairs = read_table(out / "gxg.parquet", schemas.GXG)
    assert set(pairs.loc[0, ["variant_1", "variant_2"]]) == true
    assert pairs["decision"].iloc[0] == "both"
    assert "gene_string" in pairs
    for schema in (schemas.CALIBRATION, schemas.CONTROL, schemas.LEADS, schemas.DROPS):
        read_table(out / f"{schema.name}.parquet", schema)
    told = read_provenance(out / "gxg.parquet")
    assert told["parameters"]["weights"]["uniform_share"] == 0.5
    assert len(told["inputs"]) == 6  # three PLINK files, traits, covariates, evidence
    assert told["parameters"]["trait"] == "height"
    page = (out / "report.html").read_text()
    assert pairs["residue_change_1"].iloc[0] in page
    assert "1 without weights" in text


def test_gxg_in_shards(inputs, evidence, capsys, tmp_path):
    folder, _ = inputs
    # Few variants, for time.
    source = seqgen.read_genotypes(GENOTYPES)
    table = read_table(evidence)
    names = pd.unique(table[["variant_1", "variant_2"]].to_numpy().ravel())
    prefix = _panel_of(source, names, tmp_path / "few")
    common = ["gxg", prefix, folder / "traits.tsv", "--trait", "height", "--p", 0.01]
    parts = [tmp_path / f"part{k}.parquet" for k in (1, 2)]
    for k, part in enumerate(parts, start=1):
        assert call(capsys, *common, "--shard", f"{k}/2", "--out", part)[0] == 0
    merged = tmp_path / "scan.parquet"
    assert call(capsys, "merge", *parts, "--out", merged)[0] == 0
    more = ["--evidence", evidence, "--tests", "all"]
    assert call(capsys, *common, *more, "--out", tmp_path / "whole")[0] == 0
    status, _, err = call(capsys, *common, *more, "--scan", merged, "--out", tmp_path / "again")
    assert status == 0, err
    tables = [read_table(tmp_path / name / "gxg.parquet") for name in ("whole", "again")]
    pd.testing.assert_frame_equal(*tables)
    status, _, err = call(capsys, *common, "--scan", parts[0], "--out", tmp_path / "part")
    assert status == 1
    assert "seqgen merge" in err
    # A scan of another trait, and parts that were made with other settings.
    other = [*common[:4], "other", *common[5:]]
    status, _, err = call(capsys, *other, "--scan", merged, "--out", tmp_path / "other")
    assert status == 1
    assert "trait 'height', here 'other'" in err
    strict = tmp_path / "strict.parquet"
    assert (
        call(capsys, *common, "--shard", "2/2", "--min-double-carriers", 9, "--out", strict)[0] == 0
    )
    status, _, err = call(capsys, "merge", parts[0], strict, "--out", tmp_path / "mixed.parquet")
    assert status == 1
    assert "min_double_carriers" in err


def _panel_of(source, names, prefix):
    from bed_reader import to_bed

    at = np.flatnonzero(source.variant_names.isin(names))
    rows = source.variants.iloc[at]
    to_bed(f"{prefix}.bed", source.genotypes(at), properties={
        "fid": list(source.people), "iid": list(source.people), "sid": rows["rsid"].tolist(),
        "chromosome": rows["chrom"].tolist(), "bp_position": rows["pos"].tolist(),
        "allele_1": rows["a1"].tolist(), "allele_2": rows["a2"].tolist(),
    })  # fmt: skip
    return prefix


def test_gxg_binary_and_leads(inputs, evidence, capsys, tmp_path):
    folder, true = inputs
    leads = pd.DataFrame({"locus": "a", "rsid": sorted(true), "pip": [0.9, 0.2], "cs_id": [1, 1]})
    leads.to_csv(tmp_path / "variants.tsv", sep="\t", index=False)
    status, _, err = call(
        capsys, "gxg", GENOTYPES, folder / "traits.tsv", "--trait", "case", "--binary",
        "--evidence", evidence, "--leads", tmp_path / "variants.tsv", "--detail-p", 0.05,
        "--out", tmp_path / "out",
    )  # fmt: skip
    assert status == 0, err
    pairs = read_table(tmp_path / "out" / "gxg.parquet")
    assert pairs["neg_log10_p_linear"].notna().any()
    assert pairs["n_leads"].dropna().max() == 1


def test_transqtl(inputs, capsys, tmp_path):
    folder, _ = inputs
    edges = tmp_path / "edges.parquet"
    status, _, err = call(
        capsys, "trans-evidence", folder / "changes.parquet", "--targets", folder / "genes.tsv",
        "--gene-pairs", f"string={folder / 'pairs.tsv'}", "--out", edges,
    )  # fmt: skip
    assert status == 0, err
    read_table(edges, schemas.TRANS_EVIDENCE)
    common = ["transqtl", GENOTYPES, folder / "expression.tsv", "--genes", folder / "genes.tsv",
              "--covariates", folder / "pcs.tsv", "--cis-window", 10_000, "--p", 1e-3]  # fmt: skip
    out = tmp_path / "out"
    status, _, err = call(capsys, *common, "--evidence", edges, "--out", out,
                             "--transform", "rank-normal", "--permutations", 2)  # fmt: skip
    assert status == 0, err
    hits = read_table(out / "transqtl.parquet", schemas.TRANSQTL)
    gene = pd.read_csv(folder / "genes.tsv", sep="\t")["gene"].iloc[3]
    assert hits["trait"].iloc[0] == gene
    assert hits["listed"].any()
    assert (out / "report.html").read_text().count(gene) > 1
    parts = [tmp_path / f"part{k}.parquet" for k in (1, 2, 3)]
    for k, part in enumerate(parts, start=1):
        assert call(capsys, *common, "--shard", f"{k}/3", "--out", part)[0] == 0
    assert call(capsys, "merge", *parts, "--out", tmp_path / "scan.parquet")[0] == 0
    for name, more in (("whole", []), ("again", ["--scan", tmp_path / "scan.parquet"])):
        status, _, err = call(capsys, *common, *more, "--evidence", edges, "--out", tmp_path / name)
        assert status == 0, err
    tables = [read_table(tmp_path / name / "transqtl.parquet") for name in ("whole", "again")]
    pd.testing.assert_frame_equal(*tables)


def test_a_folder_of_another_scan_is_left_alone(inputs, evidence, capsys, tmp_path):
    folder, _ = inputs
    (tmp_path / "transqtl.parquet").write_bytes(b"")
    status, _, err = call(capsys, *gxg(folder, "--evidence", evidence, "--out", tmp_path))
    assert status == 1
    assert "seqgen transqtl" in err


def test_without_evidence_no_weights_are_told_of(inputs, capsys, tmp_path):
    folder, _ = inputs
    command = ["transqtl", GENOTYPES, folder / "expression.tsv", "--genes", folder / "genes.tsv"]
    status, text, _ = call(capsys, *command, "--out", tmp_path / "out")
    assert status == 0
    assert "(no evidence was given)" in text
    page = (tmp_path / "out" / "report.html").read_text()
    assert "gained by weights" not in page
    assert "no evidence was given" in page


def test_embed(inputs, capsys, tmp_path):
    folder, _ = inputs
    few = read_table(folder / "changes.parquet").drop_duplicates("uniprot").head(2)
    few.to_parquet(tmp_path / "few.parquet")
    out = tmp_path / "embeddings.parquet"
    assert call(capsys, "embed", "--only", tmp_path / "few.parquet", "--out", out)[0] == 0
    table = read_table(out)
    assert set(table["uniprot"]) <= set(few["uniprot"])
    assert json.loads(json.dumps(read_provenance(out)))["model"]["name"]
    status, _, _ = call(
        capsys, "pair-evidence", folder / "changes.parquet", "--embeddings", out,
        "--gene-pairs", f"string={folder / 'pairs.tsv'}", "--out", tmp_path / "e.tsv",
    )  # fmt: skip
    assert status == 0
    assert "embedding_similarity" in (tmp_path / "e.tsv").read_text().splitlines()[0]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (["--trait", "weight"], "weight not there"),
        (["--trait", None], "name one: --trait NAME"),
        (["--out", "results.parquet"], "name a folder"),
        (["--covariates", "{folder}/genes.tsv"], "genes.tsv"),
        (["--leads", "{folder}/pairs.tsv"], "expected lead"),
        (["--permutations", "3", "--shard", "1/2"], "no meaning for a part"),
        (["--lead-p", "2"], "lead_p is 2"),
        (["--out", "{folder}/pairs.tsv"], "name a folder"),
        (["--out", "page.html"], "name a folder"),
        (["--evidence", "{folder}/pairs.tsv"], "variant_1, variant_2, evidence missing"),
        (["--shard", "1/2"], "--evidence has no meaning for a part"),
        (["--seed", "-1"], "seed is -1"),
    ],
)
def test_bad_input(inputs, evidence, capsys, tmp_path, change, told):
    folder, _ = inputs
    given = {"--trait": "height", "--evidence": evidence, "--out": tmp_path / "out"}
    texts = [None if text is None else text.format(folder=folder) for text in change]
    given |= dict(zip(texts[::2], texts[1::2], strict=True))
    flags = [item for pair in given.items() if pair[1] is not None for item in pair]
    status, _, err = call(capsys, "gxg", GENOTYPES, folder / "traits.tsv", *flags)
    assert status == 1
    assert told in err
    assert not (tmp_path / "out").exists()


def test_people_who_differ_are_counted(inputs, evidence, capsys, tmp_path):
    folder, _ = inputs
    table = pd.read_csv(folder / "traits.tsv", sep="\t").iloc[:-20]
    table.to_csv(tmp_path / "fewer.tsv", sep="\t", index=False)
    command = ["gxg", GENOTYPES, tmp_path / "fewer.tsv", "--trait", "height", "--evidence",
               evidence, "--out", tmp_path / "out"]  # fmt: skip
    status, _, err = call(capsys, *command)
    assert status == 1
    assert "378 in genotypes, 358 in trait" in err
    assert "--shared-people" in err
    assert call(capsys, *command, "--shared-people")[0] == 0
    drops = read_table(tmp_path / "out" / "drops.parquet").set_index("reason")["count"]
    assert drops["person of the genotypes is not in all inputs"] == 20
