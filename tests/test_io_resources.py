"""The data that comes with the package can be found and fits its schemas."""

from __future__ import annotations

import pytest

from seqgen.errors import InputError, MissingFileError
from seqgen.io import resources
from seqgen.schemas import MISSENSE_MAP


def test_missense_map_and_proteins():
    missense, proteins = resources.missense_map(), resources.human_proteins()
    MISSENSE_MAP.validate(missense)
    assert {"uniprot", "gene", "sequence"} <= set(proteins.columns)
    assert proteins["uniprot"].is_unique
    assert missense["uniprot"].isin(proteins["uniprot"]).any()


def test_what_a_caller_changes_stays_with_the_caller():
    frame = resources.missense_map()
    frame.loc[:, "gene"] = "changed"
    del frame["rsid"]
    assert "rsid" in resources.missense_map()
    assert (resources.missense_map()["gene"] != "changed").any()


def test_demo_files_are_there():
    assert resources.demo_sumstats_path().is_file()
    prefix = resources.demo_panel_prefix()
    assert all(prefix.with_suffix(f".{s}").is_file() for s in ("bed", "bim", "fam"))


def test_example_family_is_there():
    assert resources.example_alignment_path().is_file()
    assert resources.example_structure_path().is_file()


def test_models_and_provenance():
    for name, folder in resources.bundled_models().items():
        assert folder.name == name
        assert (folder / "config.json").is_file()
    assert resources.bundled_provenance()


def test_a_missing_file_names_the_remedy():
    with pytest.raises(MissingFileError, match=r"'nothing.parquet' is not in.*data-raw/"):
        resources.data_path("nothing.parquet")


def test_damaged_provenance(tmp_path, monkeypatch):
    (tmp_path / "provenance.json").write_text("{")
    monkeypatch.setattr(resources, "data_path", lambda name: tmp_path / name)
    with pytest.raises(InputError, match="is not JSON"):
        resources.bundled_provenance()
