"""Residues of an alignment in a structure: homologs, gaps, copies, and what is refused."""

from __future__ import annotations

import gzip
import os
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from protein_text import chain_lines, pdb_text, seqres_lines

from seqgen.alignment import ALIGNMENT_LETTERS, Alignment, Residues
from seqgen.couplings.numbering import align_to_structure, residue_distances
from seqgen.errors import InputError
from seqgen.io.structures import read_structure
from seqgen.structure import Chain, Structure, distances

SHARED = Path(os.environ.get("SEQGEN_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
MSA = SHARED / "msa"
real = pytest.mark.skipif(
    not MSA.is_dir(), reason=f"alignments and structures are not at {MSA} (SEQGEN_SHARED_DATA)"
)
TEM = (
    "MSIQHFRVALIPFFAAFCLPVFAHPETLVKVKDAEDQLGARVGYIELDLNSGKILESFRPEERFPMMSTFKVLLCGAVLSRVDAGQEQLG"
    "RRIHYSQNDLVEYSPVTEKHLTDGMTVRELCSAAITMSDNTAANLLLTTIGGPKELTAFLHNMGDHVTRLDRWEPELNEAIPNDERDTTM"
)


def alignment_of(name, sequences, letters=None):
    code = {letter: k for k, letter in enumerate(ALIGNMENT_LETTERS)}
    codes = np.array([[code.get(letter, 0) for letter in row] for row in sequences], dtype=np.uint8)
    letters = "-" * codes.shape[1] if letters is None else letters
    names = tuple(f"row{k}" for k in range(len(codes)))
    return Alignment(names, codes, Residues.of_protein(letters, name))


@cache
def real_alignment(name, focused=True, rows=2000):
    lines = gzip.decompress((MSA / name).read_bytes()).decode().splitlines()
    sequences = [line for line in lines if not line.startswith(">")][:rows]
    return alignment_of(name, sequences, sequences[0] if focused else None)


def bare_structure(sequence, name="A"):
    """A chain of residues without any shape."""
    n = len(sequence)
    xyz = np.column_stack([3.8 * np.arange(n), np.zeros(n), np.zeros(n)])
    chain = Chain(name, sequence, np.arange(1, n + 1), np.full(n, "", dtype=object),
                  np.ones(n, dtype=bool), xyz, xyz, np.arange(n))  # fmt: skip
    return Structure((chain,))


def made(tmp_path, *parts):
    path = tmp_path / "made.pdb"
    path.write_text(pdb_text(*parts))
    return read_structure(path)


# --- one chain ------------------------------------------------------------------------------


def test_every_residue_of_the_same_protein(tmp_path):
    structure = made(tmp_path, chain_lines(TEM[24:90], "A", start=26))
    found = align_to_structure(Residues.of_protein(TEM, "TEM"), structure)
    expected = np.full(len(TEM), -1)
    expected[24:90] = np.arange(66)
    assert found.places.tolist() == expected.tolist()
    assert found.identity == 1
    assert found.coverage == pytest.approx(66 / len(TEM))
    assert found.mismatches == found.notices == ()
    assert found.z > 20


def test_unresolved_residues_keep_their_places_and_count_as_uncovered(tmp_path):
    sequence = TEM[24:90]
    for whole in (True, False):
        listed = seqres_lines(sequence, "A") if whole else []
        structure = made(tmp_path, listed, chain_lines(sequence, "A", skip=set(range(30, 39))))
        found = align_to_structure(Residues.of_protein(sequence), structure)
        assert found.places.tolist() == list(range(66))
        assert found.coverage == pytest.approx(57 / 66)


def test_columns_that_were_dropped_leave_room():
    for keep in (np.r_[0:40, 55:120], np.arange(1, 121, 2)):
        residues = Residues.of_protein(TEM, "TEM", start=3).take(keep)
        found = align_to_structure(residues, bare_structure(TEM))
        assert found.places.tolist() == keep.tolist()


def test_mismatches_are_named():
    changed = TEM[:60] + "W" + TEM[61:]
    found = align_to_structure(Residues.of_protein(TEM, "TEM", start=101), bare_structure(changed))
    assert found.mismatches == (f"{TEM[60]}161/W61",)
    assert found.identity == pytest.approx(1 - 1 / len(TEM))


def test_another_protein_is_refused():
    rng = np.random.default_rng(1)
    other = bare_structure("".join(rng.choice(list(ALIGNMENT_LETTERS[1:]), 150)))
    with pytest.raises(InputError, match=r"chain 'A' .* does not match protein 'TEM' .*: give the"):
        align_to_structure(Residues.of_protein(TEM, "TEM"), other)


def test_residues_without_letters_need_a_profile():
    residues = Residues.of_protein("-" * 20, "P1")
    with pytest.raises(InputError, match="no residue of protein 'P1' has a letter"):
        align_to_structure(residues, bare_structure(TEM))
    with pytest.raises(InputError, match="profile has 6 columns and there are 20 residues"):
        align_to_structure(residues, bare_structure(TEM), profile=alignment_of("P1", ["ACDEFG"]))
    two = residues.join(Residues.of_protein("MKV", "P2"))
    with pytest.raises(InputError, match="hold 2 proteins"):
        align_to_structure(two, bare_structure(TEM))


def test_a_profile_places_a_family_without_focus():
    rng = np.random.default_rng(3)
    rows = [list(TEM[30:110]) for _ in range(80)]
    for row in rows:
        for k in rng.choice(80, 50, replace=False):
            row[k] = rng.choice(list(ALIGNMENT_LETTERS))
    family = alignment_of("TEM", ["".join(row) for row in rows])
    found = align_to_structure(family.residues, bare_structure(TEM), profile=family)
    assert found.places.tolist() == list(range(30, 110))
    assert 0.3 < found.identity < 0.7


@real
@pytest.mark.parametrize(("low", "high", "letters", "profile"),
                         [(0.38, 0.45, 0.98, 0.99), (0.25, 0.3, 0.85, 0.95)])  # fmt: skip
def test_homologs_are_aligned_as_in_the_curated_alignment(low, high, letters, profile):
    family = real_alignment("ref/DHFR.a2m.gz")
    focus, there = family.codes[0], family.codes > 0
    identity = ((family.codes == focus) & there).sum(axis=1) / there.sum(axis=1)
    rows = np.flatnonzero((identity > low) & (identity < high) & (there.mean(axis=1) > 0.9))[:12]
    right: dict[str, list[float]] = {"letters": [], "profile": []}
    for row in rows:
        homolog = "".join(ALIGNMENT_LETTERS[code] for code in family.codes[row] if code)
        expected = np.where(there[row], np.cumsum(there[row]) - 1, -1)
        for mode, given in (("letters", None), ("profile", family)):
            found = align_to_structure(family.residues, bare_structure(homolog), profile=given)
            right[mode].append(float((found.places == expected)[there[row]].mean()))
    assert len(rows) == 12
    assert np.mean(right["letters"]) > letters
    assert np.mean(right["profile"]) > profile


@real
def test_a_distant_focus_is_told_and_a_profile_helps():
    family = real_alignment("ref/1atzA.a2m.gz")
    structure = read_structure(MSA / "1atzA.pdb.gz")
    found = align_to_structure(family.residues, structure)
    assert found.identity < 0.25
    assert "distant relative" in found.notices[0]
    better = align_to_structure(family.residues, structure, profile=family)
    assert better.places.tolist() == list(range(75))
    assert better.z > 2 * found.z


# --- distances by residue -------------------------------------------------------------------


@pytest.fixture
def dimer(tmp_path):
    """Two copies of one protein and one of another beside them; copy B is nearer to C."""
    first, second = TEM[24:64], TEM[100:140]
    return made(
        tmp_path,
        chain_lines(first, "A", skip={10, 11}),
        chain_lines(first, "B", shift=(12, 0, 0), skip={20}),
        chain_lines(second, "C", shift=(20, 4, 0)),
    )


FIRST, SECOND = Residues.of_protein(TEM[24:64], "one", 25), Residues.of_protein(TEM[100:140], "two")


def test_within_a_protein_copies_do_not_mix(dimer):
    found = residue_distances(FIRST, FIRST, dimer, chains=["A", "B"], atoms="heavy")
    a, b = (distances(dimer, name, atoms="heavy") for name in "AB")
    np.testing.assert_allclose(found.values, np.fmin(a, b))
    assert np.isnan(found.values[10, 20])
    assert [one.chain.name for one in found.maps] == ["A", "B"]
    single = residue_distances(FIRST, FIRST, dimer, chains="A", atoms="heavy")
    np.testing.assert_allclose(single.values, a)
    # Without a word the copy of which most is resolved, alone.
    fullest = residue_distances(FIRST, FIRST, dimer, atoms="heavy")
    assert [one.chain.name for one in fullest.maps] == ["B"]
    np.testing.assert_allclose(fullest.values, b)


def test_residues_beyond_the_structure_have_no_distance(dimer):
    longer = Residues.of_protein(TEM[20:70], "one", 21)
    found = residue_distances(longer, longer, dimer, chains="B").values
    np.testing.assert_allclose(found[4:44, 4:44], distances(dimer, "B"))
    for outside in (slice(0, 4), slice(44, 50)):
        assert np.isnan(found[outside]).all()
        assert np.isnan(found[:, outside]).all()


def test_contacts_between_copies_on_demand(dimer):
    found = residue_distances(FIRST, FIRST, dimer, between_copies=True)
    across = distances(dimer, "A", "B")
    within = np.fmin(distances(dimer, "A"), distances(dimer, "B"))
    expected = np.fmin(np.fmin(across, across.T), within)
    np.testing.assert_allclose(found.values, expected)
    assert (found.row_map != found.column_map).any()


def test_between_proteins_the_closest_copies_count(dimer):
    found = residue_distances(FIRST, SECOND, dimer)
    expected = np.fmin(distances(dimer, "A", "C"), distances(dimer, "B", "C"))
    np.testing.assert_allclose(found.values, expected)
    i, j = 3, 3
    assert found.maps[found.row_map[i, j]].chain.name == "B"
    assert found.maps[found.column_map[i, j]].chain.name == "C"
    only = residue_distances(FIRST, SECOND, dimer, chains={"one": "A", "two": ["C"]})
    np.testing.assert_allclose(only.values, distances(dimer, "A", "C"))


def test_a_joint_result_has_all_blocks(dimer):
    joint = FIRST.join(SECOND)
    found = residue_distances(joint, joint, dimer)
    between = residue_distances(FIRST, SECOND, dimer).values
    np.testing.assert_allclose(found.values[:40, 40:], between)
    np.testing.assert_allclose(found.values[40:, :40], between.T)
    np.testing.assert_allclose(found.values[40:, 40:], distances(dimer, "C"))
    assert found.row_place.shape == (3, 80)
    assert (found.row_place[2, :40] == -1).all()


def test_chains_and_profiles_have_to_fit(dimer):
    with pytest.raises(InputError, match="chains name 'one' and lack 'two'; add it"):
        residue_distances(FIRST, SECOND, dimer, chains={"one": "A"})
    with pytest.raises(InputError, match="expected a mapping of each of the proteins 'one', 'two'"):
        residue_distances(FIRST, SECOND, dimer, chains="A")
    with pytest.raises(InputError, match="no protein chain 'Z'; name one of 'A'"):
        residue_distances(FIRST, FIRST, dimer, chains="Z")
    with pytest.raises(InputError, match="none for protein 'one'"):
        residue_distances(FIRST, FIRST, dimer, chains=[])
    with pytest.raises(InputError, match=r"chain 'A' .* does not match protein 'two'"):
        residue_distances(FIRST, SECOND, dimer, chains={"one": "A", "two": "A"})
    short = alignment_of("one", [TEM[24:30]] * 3)
    moved = replace(short, residues=Residues.of_protein("-" * 6, "one", 25))
    with pytest.raises(InputError, match="no column for position 31 of protein 'one'"):
        residue_distances(FIRST, FIRST, dimer, profile=moved)


@real
def test_the_kinase_complex_gives_the_published_base_rate():
    kinase = real_alignment("HK_RR/SKshortExact.fasta.gz", False)
    regulator = real_alignment("HK_RR/RRshortExact.fasta.gz", False)
    names = [family.residues.names[0] for family in (kinase, regulator)]
    structure = read_structure(MSA / "HK_RR" / "3DGE.pdb.gz")
    found = residue_distances(
        kinase.residues, regulator.residues, structure, atoms="heavy",
        profile=dict(zip(names, (kinase, regulator), strict=True)),
    )  # fmt: skip
    assert [one.chain.name for one in found.maps] == ["A", "B", "C", "D"]
    seen = np.isfinite(found.values)
    assert (found.values[seen] < 8).mean() == pytest.approx(0.029, abs=0.001)
    # Column of the phosphorylated histidine and of the aspartate that takes the phosphate.
    assert found.maps[0].chain.label(found.maps[0].places[10]) == "H260"
    assert "D53" in [found.maps[2].chain.label(place) for place in found.maps[2].places]


def test_few_residues_with_coordinates_are_told(tmp_path):
    residues = Residues.of_protein(TEM, "TEM")
    few = made(tmp_path, chain_lines(TEM[24:90], "A", start=26))
    notices = residue_distances(residues, residues, few).notices
    assert f"66 of {len(TEM)} residues of TEM have coordinates" in notices
    assert not residue_distances(residues, residues, bare_structure(TEM)).notices


def test_what_is_no_structure_is_told():
    residues = Residues.of_protein(TEM, "TEM")
    with pytest.raises(InputError, match="structure is of type str; expected a Structure, as read"):
        residue_distances(residues, residues, "x.pdb")
