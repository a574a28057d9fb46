"""What a run is told, and what it makes of it."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from seqgen import schemas
from seqgen.errors import InputError, OutputError
from seqgen.io.resources import demo_panel_prefix, demo_sumstats_path
from seqgen.io.tables import read_table
from seqgen.pipeline import RunOptions, run
from seqgen.priors import prior_annotations, prior_weights

REGIONS = ("22:20000000-21000000", "22:43000000-43900000", "22:45200000-46400000")
OPTIONS = RunOptions(regions=REGIONS, model="blosum62")


def test_signals_that_no_set_covers_are_told(tmp_path):
    """At 39.0 to 40.2 Mb the corrected fit keeps one set, and unlinked variants have p of 1e-12."""
    options = replace(OPTIONS, regions=("22:39031636-40217785",))
    out = run(demo_sumstats_path(), demo_panel_prefix(), tmp_path / "out", options=options)
    told = out.tables.loci["warnings"].iloc[0]
    assert re.search(r"\d+ variants with p < 5e-8 are not in LD .* further signals", told)


def test_given_coefficients_are_used_and_nothing_is_learned(tmp_path):
    options = RunOptions(
        regions=REGIONS[2:], model="blosum62", prior_coefficients={"missense": 3.0}
    )
    out = run(demo_sumstats_path(), demo_panel_prefix(), tmp_path / "out", options=options)
    assert out.tables.prior_coefficients["source"].tolist() == ["given"]
    variants = out.tables.variants
    inside = variants[variants["residue_change"].notna() & (variants["pip_flat"] > 1e-12)]
    assert (inside["pip"] > 2 * inside["pip_flat"]).all()
    assert np.allclose(variants["prior"].sum(), 1)
    ratio = variants.groupby(variants["residue_change"].notna())["prior"].mean()
    assert ratio[True] / ratio[False] == pytest.approx(np.exp(3.0))


def test_each_locus_is_given_what_the_others_support(tmp_path):
    options = replace(OPTIONS, held_out=False)
    own = run(demo_sumstats_path(), demo_panel_prefix(), tmp_path / "own", options=options)
    tables = own.tables
    by_locus = read_table(own.folder / "prior_by_locus.parquet", schemas.PRIOR_BY_LOCUS)
    joint = tables.prior_coefficients.set_index("term")["estimate"]
    own = by_locus.pivot(index="locus", columns="term", values="estimate")
    assert not np.allclose(own.loc[REGIONS[1]], joint[own.columns])
    variants = tables.variants[tables.variants["locus"] == REGIONS[1]]
    centred = prior_annotations(tables.variants)
    rows = by_locus[by_locus["locus"] == REGIONS[1]]
    expected = prior_weights(centred[centred["locus"] == REGIONS[1]], rows)
    assert np.allclose(variants["prior"], expected)
    everywhere = run(
        demo_sumstats_path(), demo_panel_prefix(), tmp_path / "out",
        options=replace(options, cross_fit=False),
    )  # fmt: skip
    same = prior_weights(centred, tables.prior_coefficients)
    assert np.allclose(everywhere.tables.variants["prior"], same, atol=1e-9)


def test_a_locus_without_missense_keeps_the_flat_prior(tmp_path):
    region = ("22:20700000-20760000",)
    options = RunOptions(regions=region, model="blosum62")
    out = run(demo_sumstats_path(), demo_panel_prefix(), tmp_path / "out", options=options)
    variants = out.tables.variants
    assert variants["residue_change"].isna().all()
    assert np.allclose(variants["pip"], variants["pip_flat"])
    assert out.provenance["model"] is None


def test_in_sample_ld_needs_no_correction_and_says_so(tmp_path):
    options = RunOptions(regions=REGIONS[:1], model="blosum62", ld_correction="none")
    out = run(demo_sumstats_path(), demo_panel_prefix(), tmp_path / "out", options=options)
    assert np.allclose(out.tables.variants["pip_plain"], out.tables.variants["pip_flat"])
    assert "taken as exact" in out.tables.loci["warnings"].iloc[0]


def test_output_folder_that_cannot_be_written(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with pytest.raises(OutputError, match="--out"):
        run(demo_sumstats_path(), demo_panel_prefix(), blocked / "out", options=OPTIONS)


@pytest.mark.parametrize(
    "bad",
    [
        {"methods": ("guess",)},
        {"methods": ()},
        {"ld_correction": "magic"},
        {"palindromic": "guess"},
        {"coverage": 95},
        {"L": 0},
        {"flank": -5},
        {"p_threshold": 0},
        {"n": 1},
        {"prior_coefficients": {"misssense": 1}},
    ],
)
def test_bad_options(bad):
    with pytest.raises(InputError, match=next(iter(bad))):
        RunOptions(**bad)
