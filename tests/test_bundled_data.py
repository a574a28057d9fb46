"""The bundled files are the recorded ones, and the variants fit the proteins."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from seqgen.couplings.evaluation import contact_precision
from seqgen.couplings.mean_field import mean_field_couplings
from seqgen.couplings.numbering import residue_distances
from seqgen.couplings.weights import alignment_depth
from seqgen.io.alignments import read_alignment
from seqgen.io.structures import read_structure

DATA = Path(__file__).resolve().parent.parent / "seqgen" / "data"
FILES = json.loads((DATA / "provenance.json").read_text())["files"]
NAMED = ("file", "sha256", "bytes", "rows", "seed", "dropped", "script", "licence", "upstream")
AMINO_ACIDS = set("ACDEFGHIKLMNPQRSTVWY")
FAMILY = DATA / "families" / "AKT2"
KNOWN = [
    ("RIBC2", "R", 253, "C"),
    ("SMC1B", "L", 1050, "M"),
    ("FAM118A", "R", 239, "H"),
    ("ARFGAP3", "S", 355, "R"),
]


@pytest.fixture(scope="module")
def missense() -> pd.DataFrame:
    return pd.read_parquet(DATA / "human_missense.parquet")


@pytest.fixture(scope="module")
def proteins() -> pd.DataFrame:
    return pd.read_parquet(DATA / "human_proteins.parquet").set_index("uniprot")


@pytest.mark.parametrize("entry", FILES, ids=lambda entry: entry["file"])
def test_file_has_its_recorded_bytes(entry: dict) -> None:
    data = (DATA / entry["file"]).read_bytes()
    assert len(data) == entry["bytes"]
    assert hashlib.sha256(data).hexdigest() == entry["sha256"]


@pytest.mark.parametrize("entry", FILES, ids=lambda entry: entry["file"])
def test_provenance_names_source_and_licence(entry: dict) -> None:
    assert [name for name in NAMED if name not in entry] == []
    assert entry["source_package"]
    assert entry["source_version"]
    assert entry["licence"]


def test_every_bundled_file_is_recorded() -> None:
    recorded = {entry["file"] for entry in FILES}
    present = {
        path.relative_to(DATA).as_posix()
        for path in DATA.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".py"
    }
    assert present - {"provenance.json"} == recorded


def test_bundle_stays_small() -> None:
    assert sum(path.stat().st_size for path in DATA.rglob("*") if path.is_file()) < 40e6


def test_dropped_rows_add_up(missense: pd.DataFrame) -> None:
    entry = next(entry for entry in FILES if entry["file"] == "human_missense.parquet")
    assert entry["rows"] == len(missense)
    assert entry["dropped"]["reference_residue_mismatch"] > 0
    assert entry["dropped"]["no_rsid"] > 0
    assert entry["rows"] + sum(entry["dropped"].values()) == entry["rows_read"]


def test_missense_columns_and_values(missense: pd.DataFrame) -> None:
    assert list(missense.columns) == [
        "rsid", "gene", "uniprot", "position", "ref_aa", "alt_aa", "clinical", "checked",
    ]  # fmt: skip
    assert missense["position"].dtype == "int32"
    assert not missense.isna().any().any()
    assert missense["rsid"].str.fullmatch(r"rs\d+").all()
    assert set(missense["ref_aa"]) <= AMINO_ACIDS
    assert set(missense["alt_aa"]) <= AMINO_ACIDS
    assert (missense["ref_aa"] != missense["alt_aa"]).all()
    assert set(missense["clinical"]) == {"benign", "pathogenic", "uncertain"}
    assert not missense.duplicated(["rsid", "uniprot", "position", "alt_aa"]).any()


def test_reference_residue_is_the_one_in_the_sequence(
    missense: pd.DataFrame, proteins: pd.DataFrame
) -> None:
    checked = missense[missense["checked"]]
    others = missense[~missense["checked"]].assign(at=lambda f: f["position"] - 1)
    for row in others[others["uniprot"].isin(proteins.index)].itertuples():
        assert proteins.loc[row.uniprot, "sequence"][row.at] == row.alt_aa
    sequences = checked["uniprot"].map(proteins["sequence"])
    positions = checked["position"] - 1
    residues = [seq[at] for seq, at in zip(sequences, positions, strict=True)]
    assert (checked["ref_aa"] == residues).all()
    assert len(checked) > 60_000


def test_proteins_are_unique_and_named(proteins: pd.DataFrame) -> None:
    assert proteins.index.is_unique
    assert proteins.index.is_monotonic_increasing
    assert len(proteins) > 17_000
    assert proteins["gene"].notna().mean() > 0.99
    assert proteins["sequence"].str.fullmatch(r"[A-Z]+").all()


@pytest.mark.parametrize(("gene", "ref", "position", "alt"), KNOWN)
def test_known_height_variants_are_there(
    missense: pd.DataFrame, gene: str, ref: str, position: int, alt: str
) -> None:
    here = missense.query("gene == @gene and position == @position and alt_aa == @alt")
    assert len(here) == 1
    assert here["ref_aa"].item() == ref
    assert here["rsid"].item().startswith("rs")


def test_height_files_agree_on_variants(missense: pd.DataFrame) -> None:
    folder = DATA / "height_chr22"
    gwas = pd.read_csv(folder / "ukb_height_chr22.fastGWA.gz", sep="\t")
    panel = pd.read_csv(folder / "eur_chr22.bim", sep="\t", header=None)
    people = pd.read_csv(folder / "eur_chr22.fam", sep=r"\s+", header=None)
    bytes_per_variant = (len(people) + 3) // 4
    assert (folder / "eur_chr22.bed").stat().st_size == 3 + len(panel) * bytes_per_variant
    assert gwas["SNP"].isin(panel[1]).mean() > 0.99
    assert gwas["SNP"].isin(missense["rsid"]).sum() > 150


def _human_rows() -> list[tuple[str, int, int, str, str]]:
    """Accession, first and last position, gene and text of the family's human rows."""
    records = gzip.decompress((FAMILY / "AKT2.a3m.gz").read_bytes()).decode().split(">")[1:]
    rows = []
    for record in records:
        header, text = record.splitlines()
        if "OS=Homo sapiens" in header:
            name, gene = header.split()[0], header.rpartition("GN=")[2]
            accession, _, span = name.partition("/")
            rows.append((accession, *map(int, span.split("-")), gene, text))
    return rows


def test_family_is_deep_and_numbered_as_uniprot(proteins: pd.DataFrame) -> None:
    family = read_alignment(FAMILY / "AKT2.a3m.gz")
    assert family.residues.positions.tolist() == list(range(152, 410))
    assert family.residues.letters == proteins.loc["P31751", "sequence"][151:409]
    assert set(family.residues.names) == {"P31751"}
    assert len(set(family.names)) == family.n_sequences
    assert alignment_depth(family).neff_per_column > 5
    entry = next(entry for entry in FILES if entry["file"].endswith("AKT2.a3m.gz"))
    assert entry["rows"] == family.n_sequences
    assert entry["human_rows"] == len(_human_rows())


def test_human_rows_of_the_family_are_the_bundled_proteins(proteins: pd.DataFrame) -> None:
    rows = _human_rows()
    assert len(rows) > 400
    for accession, first, last, gene, text in rows:
        protein = proteins.loc[accession]
        assert text.replace("-", "").upper() == protein["sequence"][first - 1 : last]
        assert gene == protein["gene"]


def test_family_structure_is_the_focus(proteins: pd.DataFrame) -> None:
    (chain,) = read_structure(FAMILY / "AKT2.pdb.gz").chains
    sequence = proteins.loc["P31751", "sequence"]
    differing = [
        number
        for letter, number in zip(chain.letters, chain.numbers, strict=True)
        if letter != sequence[number - 1]
    ]
    assert differing == [474]  # engineered: S474D
    assert chain.resolved[(chain.numbers >= 152) & (chain.numbers <= 409)].all()
    assert np.isfinite(chain.cb[chain.resolved]).all()


def test_family_couplings_find_contacts() -> None:
    family = read_alignment(FAMILY / "AKT2.a3m.gz")
    couplings = mean_field_couplings(family)
    structure = read_structure(FAMILY / "AKT2.pdb.gz")
    distances = residue_distances(couplings.rows, couplings.columns, structure)
    table = contact_precision(couplings, distances, tops=["L/5"], draws=20)
    everywhere = table[table["separation"] == "all"].iloc[0]
    assert everywhere["precision"] > 0.6
    assert everywhere["base_rate"] < 0.03
