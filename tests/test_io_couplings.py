"""Couplings written and read back."""

from __future__ import annotations

import json

import numpy as np
import pytest

from seqgen.alignment import Residues
from seqgen.errors import InputError
from seqgen.io.couplings import read_couplings, write_couplings
from seqgen.io.tables import read_provenance, read_table, write_table
from seqgen.results import Couplings

ONE = Residues.of_protein("MKVLAT", "P1", start=11)
TWO = Residues.of_protein("GHSTW", "P2")


def within():
    rng = np.random.default_rng(0)
    scores, z = (x + x.T for x in rng.normal(size=(2, 6, 6)))
    np.fill_diagonal(scores, np.nan)
    np.fill_diagonal(z, np.nan)
    told = {"neff": np.float32(3.5), "per": {"P1": np.array([1, 2])}}
    return Couplings(scores, ONE, ONE, "plm", z=z, notices=("shallow",), diagnostics=told)


def between():
    rng = np.random.default_rng(1)
    scores = rng.normal(size=(6, 5))
    scores[2, 3] = np.nan
    return Couplings(scores, ONE, TWO, "mean-field", p=np.where(np.isnan(scores), np.nan, 0.25))


@pytest.mark.parametrize("make", [within, between])
@pytest.mark.parametrize("suffix", ["parquet", "tsv.gz"])
def test_there_and_back(make, suffix, tmp_path):
    couplings = make()
    path = write_couplings(couplings, tmp_path / f"c.{suffix}", provenance={"command": "x"})
    found = read_couplings(path)
    np.testing.assert_allclose(found.scores, couplings.scores, rtol=1e-14)
    for name in ("raw", "z", "probability", "p"):
        expected, values = getattr(couplings, name), getattr(found, name)
        assert (expected is None) == (values is None)
        if expected is not None:
            np.testing.assert_allclose(values, expected, rtol=1e-14)
    assert found.symmetric == couplings.symmetric
    assert found.rows.positions.tolist() == couplings.rows.positions.tolist()
    assert found.columns.letters == couplings.columns.letters
    assert found.columns.proteins.tolist() == couplings.columns.proteins.tolist()
    assert (found.method, found.notices) == (couplings.method, couplings.notices)
    assert read_provenance(path)["command"] == "x"


def test_diagnostics_come_back_as_plain_numbers(tmp_path):
    found = read_couplings(write_couplings(within(), tmp_path / "c.parquet"))
    assert found.diagnostics == {"neff": 3.5, "per": {"P1": [1, 2]}}
    json.dumps(found.diagnostics)


def test_the_strongest_pair_is_first_and_each_pair_is_there_once():
    frame = within().to_frame()
    assert len(frame) == 15
    assert frame["score"].is_monotonic_decreasing
    assert len(between().to_frame()) == 29  # one has no score
    apart = within().to_frame(min_separation=3)
    assert (apart["position_2"] - apart["position_1"]).min() == 3


def test_a_block_of_a_joint_result():
    residues = ONE.join(TWO)
    scores = np.arange(121.0).reshape(11, 11)
    joint = Couplings(scores + scores.T, residues, residues, "plm")
    block = joint.between("P1", "P2")
    np.testing.assert_array_equal(block.scores, joint.scores[:6, 6:])
    assert not block.symmetric
    assert joint.between("P2", "P2").symmetric
    with pytest.raises(InputError, match="'P3' is not in these couplings; found 'P1', 'P2'"):
        joint.between("P1", "P3")


def test_a_table_without_its_residues(tmp_path):
    path = write_table(within().to_frame(), tmp_path / "c.parquet")
    with pytest.raises(InputError, match="not in its provenance"):
        read_couplings(path)


def test_a_table_that_was_changed(tmp_path):
    path = write_couplings(within(), tmp_path / "c.parquet")
    changed = read_table(path).assign(position_1=lambda t: t["position_1"] + 90)
    write_table(changed, path, provenance=read_provenance(path))
    with pytest.raises(InputError, match="not among those of its provenance"):
        read_couplings(path)


def test_shapes_that_do_not_fit():
    with pytest.raises(InputError, match=r"z has shape \(2, 2\); expected \(6, 5\)"):
        Couplings(between().scores, ONE, TWO, "plm", z=np.zeros((2, 2)))


def test_a_table_that_was_cut_is_told(tmp_path):
    path = write_couplings(within(), tmp_path / "c.tsv")
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-3]))
    with pytest.raises(InputError, match=r"holds 12 pairs, and 15 were written"):
        read_couplings(path)


def test_a_table_is_no_couplings(tmp_path):
    with pytest.raises(InputError, match=r"couplings is of type DataFrame; expected Couplings"):
        write_couplings(within().to_frame(), tmp_path / "c.tsv")
