"""Precision of couplings against a structure, and couplings with their places in it."""

from __future__ import annotations

import gzip
import os
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from protein_text import chain_lines, pdb_text

from seqgen.alignment import Residues
from seqgen.couplings import evaluation
from seqgen.couplings.evaluation import annotate_couplings, contact_precision
from seqgen.couplings.numbering import residue_distances
from seqgen.errors import InputError
from seqgen.io.structures import read_structure
from seqgen.results import Couplings

SHARED = Path(os.environ.get("SEQGEN_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
MSA = SHARED / "msa"
real = pytest.mark.skipif(
    not MSA.is_dir(), reason=f"alignments and structures are not at {MSA} (SEQGEN_SHARED_DATA)"
)
SEQUENCE = "MKVLAGHEWDSTYRNQICFPLKAEMHGGTRWQNDKLEVIPSY"


@cache
def frozen(name, key):
    lines = gzip.decompress((MSA / "ref" / f"{name}.a2m.gz").read_bytes()).decode().splitlines()
    second = next(k for k, line in enumerate(lines[1:], 1) if line.startswith(">"))
    residues = Residues.of_protein("".join(lines[1:second]), name)
    scores = np.load(MSA / "ref" / f"{name}.npz")[key]
    return Couplings(scores, residues, residues, "plm")


def value(table, separation, top):
    (found,) = table.loc[(table["separation"] == separation) & (table["top"] == top), "precision"]
    return found


# --- published figures ----------------------------------------------------------------------


@real
@pytest.mark.parametrize(
    ("name", "key", "everywhere", "long"),
    [
        ("1a3a", "plmc32n_apc", (0.641, 0.819, 0.931), (0.490, 0.667, 0.828)),
        ("DHFR", "plmc32n_apc", (0.686, 0.823, 0.839), (0.566, 0.722, 0.806)),
        ("1atzA", "plmc32n_apc", (0.520, 0.649, 0.867), (0.387, 0.595, 0.733)),
    ],
)
def test_precision_of_a_published_run(name, key, everywhere, long):
    distances = np.load(MSA / "ref" / f"{name}_dist.npz")["dist"]
    table = contact_precision(frozen(name, key), distances)
    for top, wide, far in zip(("L", "L/2", "L/5"), everywhere, long, strict=True):
        assert value(table, "all", top) == pytest.approx(wide, abs=5e-4)
        assert value(table, "long", top) == pytest.approx(far, abs=5e-4)
    assert (table["lower"] <= table["precision"]).all()
    assert (table["precision"] <= table["upper"]).all()


@real
def test_precision_on_the_structure_as_read():
    couplings = frozen("1a3a", "plmc32n_apc")
    structure = read_structure(MSA / "1a3a.pdb.gz")
    own = residue_distances(couplings.rows, couplings.rows, structure, chains="A")
    frozen_distances = np.load(MSA / "ref" / "1a3a_dist.npz")["dist"]
    pd.testing.assert_frame_equal(
        contact_precision(couplings, own), contact_precision(couplings, frozen_distances)
    )


# --- what is counted ------------------------------------------------------------------------


@pytest.fixture
def couplings():
    """Forty residues, every pair with its own score."""
    residues = Residues.of_protein(SEQUENCE[:40], "P1", start=11)
    scores = np.random.default_rng(1).normal(size=(40, 40))
    return Couplings(scores + scores.T, residues, residues, "plm")


@pytest.fixture
def measured():
    points = np.random.default_rng(2).normal(size=(40, 3)) * 8
    return np.linalg.norm(points[:, None] - points, axis=2)


def test_counts_by_hand(couplings, measured):
    table = contact_precision(couplings, measured, tops=["L", "L/5", 7, 10_000])
    i, j = np.triu_indices(40, 1)
    steps = j - i
    for name, low, high in (("all", 6, 99), ("short", 6, 11), ("medium", 12, 23), ("long", 24, 99)):
        use = (steps >= low) & (steps <= high)
        order = np.argsort(-couplings.scores[i[use], j[use]])
        contact = (measured[i[use], j[use]] < 8)[order]
        rows = table[table["separation"] == name].set_index("top")
        for top, n in (("L", 40), ("L/5", 8), ("7", 7), ("10000", use.sum())):
            assert rows.loc[top, "n"] == n
            assert rows.loc[top, "n_contacts"] == contact[:n].sum()
            assert rows.loc[top, "precision"] == contact[:n].mean()
        assert (rows["base_rate"] == contact.mean()).all()
        assert (rows["n_pairs"] == use.sum()).all()


def test_separation_counts_positions_not_columns(measured):
    residues = Residues.of_protein(SEQUENCE[:40], "P1").take(np.arange(0, 40, 4))
    scores = -np.abs(np.subtract.outer(np.arange(10), np.arange(10))).astype(float)
    table = contact_precision(Couplings(scores, residues, residues, "plm"), np.ones((10, 10)))
    # Neighbouring columns are 4 positions apart, the next but one 8.
    assert value(table, "all", "L") == 1
    assert table.loc[table["separation"] == "all", "n_pairs"].iloc[0] == 45 - 9


def test_unresolved_pairs_are_left_out_and_counted(couplings, measured):
    measured[5] = measured[:, 5] = np.nan
    table = contact_precision(couplings, measured, tops=[20])
    row = table.iloc[0]
    partners = np.abs(np.arange(40) - 5) >= 6
    assert row["n_unresolved"] == partners.sum()
    assert row["n_pairs"] == 34 * 35 / 2 - partners.sum()
    assert row["n"] == 20


def test_the_cutoff_itself_is_no_contact(couplings):
    table = contact_precision(couplings, np.full((40, 40), 8.0))
    assert (table["precision"] == 0).all()
    assert (contact_precision(couplings, np.full((40, 40), 7.99))["precision"] == 1).all()


def test_pairs_between_proteins_are_their_own_class():
    first, second = Residues.of_protein("A" * 12, "one"), Residues.of_protein("A" * 30, "two")
    scores = np.arange(360, dtype=float).reshape(12, 30)
    near = np.where(np.arange(360).reshape(12, 30) >= 350, 5.0, 20.0)
    table = contact_precision(Couplings(scores, first, second, "plm"), near, tops=["L", 10, 20])
    assert set(table["separation"]) == {"between"}
    assert table["n"].tolist() == [12, 10, 20]
    assert table["precision"].tolist() == [10 / 12, 1, 0.5]
    joint = first.join(second)
    whole = np.full((42, 42), -1.0)
    whole[:12, 12:] = scores
    whole[12:, :12] = scores.T
    known = np.full((42, 42), 20.0)
    known[:12, 12:] = near
    both = contact_precision(Couplings(whole, joint, joint, "plm"), known, tops=[10, 20])
    between = both[both["separation"] == "between"]
    assert between["precision"].tolist() == [1, 0.5]
    assert {"all", "between"} <= set(both["separation"])


# --- intervals ------------------------------------------------------------------------------


def precision_of(pairs_and_contacts, **options):
    """One row for exactly these pairs of 200 residues, in order."""
    residues = Residues.of_protein("A" * 200, "P1")
    scores, known = np.full((200, 200), np.nan), np.full((200, 200), 20.0)
    for rank, (i, j, contact) in enumerate(pairs_and_contacts):
        scores[i, j], known[i, j] = -rank, 5.0 if contact else 20.0
    table = contact_precision(
        Couplings(scores, residues, residues, "plm"), known, tops=[1000], **options
    )
    return table[table["separation"] == "all"].iloc[0]


def test_pairs_far_from_each_other_are_drawn_one_by_one():
    row = precision_of([(k, 100 + (37 * k) % 99, k % 2) for k in range(0, 96, 3)], draws=20_000)
    n = row["n"]
    spread = 1.96 * np.sqrt(0.25 / n)
    assert row["precision"] == 0.5
    assert row["upper"] - row["lower"] == pytest.approx(2 * spread, rel=0.1)


def test_pairs_side_by_side_are_drawn_together():
    alone = precision_of([(k, 100 + (37 * k) % 99, k % 2) for k in range(0, 96, 3)])
    ladders = [(10 * g + k, 190 - 10 * g - k, g % 2) for g in range(8) for k in range(4)]
    together = precision_of(ladders)
    assert together["n"] == alone["n"] == 32
    assert together["upper"] - together["lower"] > 1.6 * (alone["upper"] - alone["lower"])


def test_no_variation_gives_wilson_for_the_groups():
    pairs = [(k, 100 + (37 * k) % 99, True) for k in range(0, 30, 3)]
    row = precision_of(pairs)
    assert (row["lower"], row["upper"]) == (pytest.approx(0.7225, abs=1e-4), 1)
    none = precision_of([(i, j, False) for i, j, _ in pairs])
    assert (none["lower"], none["upper"]) == (0, pytest.approx(1 - 0.7225, abs=1e-4))
    ladder = precision_of([(k, 190 - k, True) for k in range(10)])
    assert ladder["lower"] == pytest.approx(0.2065, abs=1e-4)


def test_pairs_of_different_proteins_are_no_neighbours():
    joint = Residues.of_protein("A" * 50, "one").join(Residues.of_protein("A" * 50, "two"))
    scores = np.full((100, 100), np.nan)
    scores[4, 40] = scores[54, 90] = 1.0
    table = contact_precision(Couplings(scores, joint, joint, "plm"), np.zeros((100, 100)))
    # Wilson's lower end for two of two.
    assert table["lower"].iloc[0] == pytest.approx(0.3424, abs=1e-4)


def test_intervals_repeat_and_obey_the_seed(couplings, measured):
    first = contact_precision(couplings, measured)
    pd.testing.assert_frame_equal(first, contact_precision(couplings, measured))
    # One large group of contacts: the draws say more than the number of groups does.
    contact, group = np.r_[np.ones(30), np.zeros(20)] > 0, np.r_[np.zeros(30), 1 + np.arange(20)]
    ends = [evaluation._interval(contact, group.astype(int), draws=50, seed=s) for s in (1, 1, 2)]
    assert ends[0] == ends[1] != ends[2]


def test_few_groups_make_no_sure_interval():
    contact, group = np.array([1, 1, 1, 0], dtype=bool), np.array([0, 0, 1, 2])
    lower, upper = evaluation._interval(contact, group, draws=500, seed=1)
    assert (lower, upper) == (min(lower, 0.26), max(upper, 0.96))


def test_what_cannot_be_evaluated(couplings, measured):
    with pytest.raises(InputError, match=r"distances have shape \(3, 3\) and the couplings"):
        contact_precision(couplings, np.ones((3, 3)))
    with pytest.raises(InputError, match="no pair of residues has both a score and a distance"):
        contact_precision(couplings, np.full((40, 40), np.nan))
    with pytest.raises(InputError, match="no pair of residues has both"):
        contact_precision(couplings, measured, min_separation=50)
    for top in ("L/0", "half", 0, 2.5):
        with pytest.raises(InputError, match="tops: "):
            contact_precision(couplings, measured, tops=[top])


# --- annotation -----------------------------------------------------------------------------


@pytest.fixture
def placed(tmp_path):
    """Two proteins in a structure with other numbers, one residue unresolved."""
    path = tmp_path / "made.pdb"
    one = chain_lines(SEQUENCE, "A", start=201, skip={7})
    two = chain_lines(SEQUENCE[::-1], "B", start=301, shift=(9, 0, 0))
    path.write_text(pdb_text(one, two))
    first, second = Residues.of_protein(SEQUENCE, "one"), Residues.of_protein(SEQUENCE[::-1], "two")
    joint = first.join(second)
    scores = np.random.default_rng(4).normal(size=(84, 84))
    found = Couplings(scores + scores.T, joint, joint, "plm")
    chains = {"one": "A", "two": "B"}
    return found, residue_distances(joint, joint, read_structure(path), chains=chains)


def test_couplings_with_their_places(placed):
    couplings, distances = placed
    frame = couplings.to_frame()
    table = annotate_couplings(frame, distances)
    assert table[frame.columns].equals(frame)
    row = table[(table["protein_1"] == "one") & (table["position_1"] == 3)
                & (table["protein_2"] == "two") & (table["position_2"] == 5)].iloc[0]  # fmt: skip
    assert (row["chain_1"], row["number_1"]) == ("A", "203")
    assert (row["chain_2"], row["number_2"]) == ("B", "305")
    assert row["distance"] == distances.values[2, 42 + 4]
    assert (table["contact"].dropna() == (table["distance"].dropna() < 8)).all()


def test_unresolved_residues_have_no_place(placed):
    couplings, distances = placed
    table = annotate_couplings(couplings.to_frame(), distances)
    hidden = np.zeros(len(table), dtype=bool)
    for side in "12":
        hidden |= (
            (table[f"protein_{side}"] == "one") & (table[f"position_{side}"] == 8)
        ).to_numpy()
    columns = ["chain_1", "number_1", "chain_2", "number_2", "distance", "contact"]
    assert hidden.sum() == 83
    assert table.loc[hidden, columns].isna().all(axis=None)
    assert table.loc[~hidden, columns].notna().all(axis=None)


def test_tables_of_other_residues_are_refused(placed):
    couplings, distances = placed
    frame = couplings.to_frame().head()
    with pytest.raises(InputError, match="no pair such as 'else'"):
        annotate_couplings(frame.assign(protein_1="else"), distances)
    with pytest.raises(InputError, match=r"column\(s\) position_2 missing"):
        annotate_couplings(frame.drop(columns="position_2"), distances)
    assert annotate_couplings(frame.head(0), distances).empty


@pytest.mark.parametrize(
    "arguments",
    [{"cutoff": np.nan}, {"cutoff": -1.0}, {"min_separation": -1}, {"seed": -1}, {"tops": [2.5]}],
)
def test_numbers_out_of_range_are_told(arguments):
    residues = Residues.of_protein("MKVLAGHEWD", "P1")
    couplings = Couplings(np.ones((10, 10)), residues, residues, "x")
    with pytest.raises(InputError, match=next(iter(arguments))):
        contact_precision(couplings, np.ones((10, 10)), **arguments)
    with pytest.raises(InputError, match="couplings is of type ndarray; expected Couplings"):
        contact_precision(np.ones((10, 10)), np.ones((10, 10)))
