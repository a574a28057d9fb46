"""Structures: what is read from PDB and mmCIF, distances, and refusals that say why."""

from __future__ import annotations

import gzip
import os
import time
from pathlib import Path

import gemmi
import numpy as np
import pytest
from protein_text import atom_line, chain_lines, helix, pdb_text, residue_lines, seqres_lines

from seqgen.errors import InputError, MissingFileError
from seqgen.io.structures import read_structure
from seqgen.structure import distances

SHARED = Path(os.environ.get("SEQGEN_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
MSA = SHARED / "msa"
real = pytest.mark.skipif(
    not MSA.is_dir(), reason=f"alignments and structures are not at {MSA} (SEQGEN_SHARED_DATA)"
)
SEQUENCE = "MKVLAGHEWDSTYRNQICFPLKAE"


@pytest.fixture
def written(tmp_path):
    def write(text, name="made.pdb"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def counted(structure):
    return dict(zip(structure.drops["reason"], structure.drops["count"], strict=True))


def as_cif(path):
    parsed = gemmi.read_pdb(str(path))
    parsed.setup_entities()
    parsed.assign_label_seq_id()
    return parsed


# --- what is read ---------------------------------------------------------------------------


def test_a_plain_chain(written):
    structure = read_structure(written(pdb_text(chain_lines(SEQUENCE, "A", start=7))))
    (chain,) = structure.chains
    assert (chain.name, chain.letters) == ("A", SEQUENCE)
    assert chain.numbers.tolist() == list(range(7, 7 + len(SEQUENCE)))
    assert chain.resolved.all()
    glycine = SEQUENCE.index("G")
    ca = helix(len(SEQUENCE))
    np.testing.assert_allclose(chain.cb[glycine], ca[glycine], atol=6e-4)
    np.testing.assert_allclose(np.linalg.norm(chain.cb - ca, axis=1)[:5], 1.53, atol=2e-3)
    assert len(chain.atoms) == 5 * len(SEQUENCE) - SEQUENCE.count("G")
    assert len(structure.drops) == 0


def test_chain_without_a_name_and_gzip(tmp_path):
    path = tmp_path / "nameless.ent.gz"
    path.write_bytes(gzip.compress(pdb_text(chain_lines(SEQUENCE, " ")).encode()))
    structure = read_structure(path)
    assert structure.names == [""]
    assert structure.chain().letters == structure.chain("").letters == SEQUENCE


def test_missing_residues_by_seqres(written):
    text = pdb_text(
        seqres_lines("GG" + SEQUENCE + "KK", "A"),
        chain_lines(SEQUENCE, "A", start=3, skip={4, 5, 6}),
    )
    chain = read_structure(written(text)).chain("A")
    assert chain.letters == "GG" + SEQUENCE + "KK"
    missing = [0, 1, 6, 7, 8, len(SEQUENCE) + 2, len(SEQUENCE) + 3]
    assert np.flatnonzero(~chain.resolved).tolist() == missing
    assert chain.numbers.tolist() == list(range(1, len(SEQUENCE) + 5))
    assert np.isnan(chain.cb[missing]).all()


def test_missing_residues_by_a_break_in_numbers_and_space(written):
    chain = read_structure(written(pdb_text(chain_lines(SEQUENCE, "A", skip={4, 5, 6})))).chain()
    assert chain.letters == SEQUENCE[:4] + "XXX" + SEQUENCE[7:]
    assert np.flatnonzero(~chain.resolved).tolist() == [4, 5, 6]


def test_numbers_that_skip_without_a_break_are_only_numbers(written):
    ca = helix(10)
    lines = [line for k in range(10) for line in
             residue_lines("A", "A", k + 1 + 20 * (k > 4), ca[k])]  # fmt: skip
    chain = read_structure(written(pdb_text(lines))).chain()
    assert chain.letters == "A" * 10
    assert chain.numbers[4:6].tolist() == [5, 26]


def test_modified_residues_waters_ligands_and_hydrogens(written):
    ca = helix(8)
    lines = []
    for k in range(8):
        name = "MSE" if k == 3 else "A"
        record = "HETATM" if k == 3 else "ATOM"
        lines += residue_lines(name, "A", k + 1, ca[k], record=record)
        lines.append(atom_line("H", "MSE" if k == 3 else "ALA", "A", k + 1, ca[k] + 1))
    rest = [
        atom_line("C1", "GOL", "A", 100, (9, 9, 9), record="HETATM"),
        atom_line("O", "HOH", "A", 101, (8, 8, 8), record="HETATM"),
        atom_line("O", "HOH", "A", 102, (7, 8, 8), record="HETATM"),
    ]
    structure = read_structure(written(pdb_text([*lines, "TER"], rest)))
    chain = structure.chain("A")
    assert chain.letters == "AAAMAAAA"
    assert len(chain.atoms) == 40
    assert counted(structure) == {"water": 2, "ligand, ion or other small molecule": 1}


def test_the_most_occupied_conformer_and_residue_are_read(written):
    ca = helix(8)
    lines = []
    for k in range(8):
        if k == 2:
            lines += residue_lines("S", "A", 3, ca[k], alt="A", occupancy=0.4)
            lines += residue_lines("S", "A", 3, ca[k] + [0, 0, 0.5], alt="B", occupancy=0.6)
        elif k == 5:
            lines += residue_lines("T", "A", 6, ca[k], alt="A", occupancy=0.3)
            lines += residue_lines("V", "A", 6, ca[k], alt="B", occupancy=0.7)
        else:
            lines += residue_lines("A", "A", k + 1, ca[k])
    structure = read_structure(written(pdb_text([*lines, "TER"])))
    chain = structure.chain()
    assert chain.letters == "AASAAVAA"
    assert len(chain.atoms) == 40
    assert chain.cb[2, 2] == pytest.approx(ca[2, 2] + 0.5, abs=1e-3)
    found = counted(structure)
    assert found["second residue in one place"] == 1
    assert found["residue with alternative conformers; the most occupied is read"] == 1


def test_insertion_codes(written):
    ca = helix(9)
    labels = [(50, ""), (51, ""), (52, ""), (52, "A"), (52, "B"), (53, ""), (54, ""), (55, ""),
              (56, "")]  # fmt: skip
    lines = [line for (number, code), place in zip(labels, ca, strict=True)
             for line in residue_lines("L", "H", number, place, icode=code)]  # fmt: skip
    chain = read_structure(written(pdb_text(lines))).chain("H")
    assert [chain.label(k) for k in range(2, 6)] == ["L52", "L52A", "L52B", "L53"]


def test_c_alpha_only_structures_are_told(written):
    structure = read_structure(written(pdb_text(chain_lines(SEQUENCE, "A", only_ca=True))))
    assert counted(structure) == {"no C-beta; C-alpha stands for it": len(SEQUENCE) - 1}
    np.testing.assert_allclose(structure.chain().cb, helix(len(SEQUENCE)), atol=6e-4)


def test_models_are_counted_from_one(written):
    models = []
    for number in (1, 2):
        models += [f"MODEL     {number:>4}", *chain_lines(SEQUENCE, "A", shift=(0, 0, number)),
                   "ENDMDL"]  # fmt: skip
    path = written(pdb_text(models))
    first, second = (read_structure(path, model=k).chain().atoms for k in (1, 2))
    np.testing.assert_allclose(second - first, [[0, 0, 1]] * len(first), atol=2e-3)
    assert len(read_structure(path).chain()) == len(SEQUENCE)
    with pytest.raises(InputError, match=r"model is 3; the file holds model\(s\) 1 to 2"):
        read_structure(path, model=3)


@pytest.mark.parametrize("seqres", [True, False])
def test_mmcif_says_the_same_as_pdb(written, seqres):
    text = pdb_text(
        seqres_lines(SEQUENCE, "A") if seqres else [],
        chain_lines(SEQUENCE, "A", skip={4, 5}),
        chain_lines(SEQUENCE[:12], "B", start=100, shift=(9, 0, 0)),
        [atom_line("O", "HOH", "A", 300, (30, 8, 8), record="HETATM")],
    )
    path = written(text)
    parsed = as_cif(path)
    other = written(parsed.make_mmcif_document().as_string(), "made.txt")
    one, two = read_structure(path), read_structure(other)
    assert one.names == two.names == ["A", "B"]
    for a, b in zip(one.chains, two.chains, strict=True):
        assert a.letters == b.letters
        assert a.numbers.tolist() == b.numbers.tolist()
        assert a.resolved.tolist() == b.resolved.tolist()
        np.testing.assert_allclose(a.atoms, b.atoms, atol=1e-6)


def test_chain_names_of_several_letters(written):
    parsed = as_cif(written(pdb_text(chain_lines(SEQUENCE, "A"), chain_lines(SEQUENCE, "B"))))
    parsed.rename_chain("A", "AAA")
    parsed.rename_chain("B", "heavy-2")
    path = written(parsed.make_mmcif_document().as_string(), "long.cif")
    assert read_structure(path).names == ["AAA", "heavy-2"]


def test_more_atoms_than_the_columns_hold(written):
    ca = helix(20)
    lines = []
    for k in range(20):
        lines += residue_lines("K", "A", k + 1, ca[k], serial="*****" if k > 3 else k)
    assert read_structure(written(pdb_text(lines))).chain().letters == "K" * 20


def test_other_polymers_are_left_out_and_counted(written):
    dna = [atom_line("P", " DA", "D", k + 1, (k * 6.5, 20, 0)) for k in range(8)]
    structure = read_structure(written(pdb_text(chain_lines(SEQUENCE, "A"), [*dna, "TER"])))
    assert structure.names == ["A"]
    assert counted(structure) == {"polymer that is no protein": 1}


# --- refusals -------------------------------------------------------------------------------


def test_no_protein_is_told_with_what_is_there(written):
    dna = [atom_line("P", " DA", "D", k + 1, (k * 6.5, 20, 0)) for k in range(8)]
    with pytest.raises(InputError, match=r"no protein chain but the chain\(s\) 'D' \(Dna\)"):
        read_structure(written(pdb_text([*dna, "TER"])))
    water = [atom_line("O", "HOH", "A", 1, (8, 8, 8), record="HETATM")]
    with pytest.raises(InputError, match="ligands and waters only"):
        read_structure(written(pdb_text(water)))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is empty"),
        ("\n \n", "is empty"),
        ("<!DOCTYPE html><html>404</html>", "web page"),
        (">P1\nMKV\n", "holds no atoms"),
        ("chrom\tpos\n1\t2\n", "holds no atoms"),
        ("data_x\n_cell.length_a 3\n", "no _atom_site table"),
        ("data_x\nloop_\n_atom_site.Cartn_x\n_atom_site.Cartn_y\n1 2 3\n", "damaged or cut short"),
    ],
)
def test_what_is_no_structure(written, text, told):
    with pytest.raises(InputError, match=told):
        read_structure(written(text))


def test_damaged_coordinates_name_their_line(written):
    lines = chain_lines(SEQUENCE, "A")
    broken = [*lines[:6], lines[6][:34] + "xx" + lines[6][36:], *lines[7:]]
    with pytest.raises(InputError, match=r"made\.pdb line 7: .* are no coordinates"):
        read_structure(written(pdb_text(broken)))
    with pytest.raises(InputError, match=r"line 7: .* cut short"):
        read_structure(written("\n".join([*lines[:6], lines[6][:40]])))


def test_letters_beyond_ascii_do_not_shift_columns(written):
    lines = chain_lines(SEQUENCE, "A")
    author = "AUTHOR    J.M\u00fcller, \u00c5ngstr\u00f6m"
    marked = lines[0][:20] + "\u00e9" + lines[0][21:]
    chain = read_structure(written(pdb_text([author, *lines]))).chain("A")
    assert chain.letters == SEQUENCE
    odd = read_structure(written(pdb_text([marked, *lines[1:]]))).chain("A")
    np.testing.assert_allclose(odd.cb[0], chain.cb[0])


def test_mmcif_atoms_without_coordinates_are_counted(written):
    parsed = as_cif(written(pdb_text(chain_lines(SEQUENCE, "A"))))
    document = parsed.make_mmcif_document()
    document.sole_block().find_loop("_atom_site.Cartn_x")[8] = "?"
    structure = read_structure(written(document.as_string(), "made.cif"))
    assert counted(structure)["atom without coordinates"] == 1
    assert structure.chain().letters == SEQUENCE


def test_truncated_gzip(tmp_path):
    path = tmp_path / "cut.pdb.gz"
    packed = gzip.compress(pdb_text(chain_lines(SEQUENCE, "A")).encode())
    path.write_bytes(packed[: len(packed) // 2])
    with pytest.raises(InputError, match="damaged or cut short"):
        read_structure(path)


def test_no_file_and_a_folder(tmp_path):
    with pytest.raises(MissingFileError, match="no such file"):
        read_structure(tmp_path / "none.pdb")
    with pytest.raises(InputError, match="folder"):
        read_structure(tmp_path)


def test_no_such_chain_lists_what_there_is(written):
    both = pdb_text(chain_lines(SEQUENCE, "A"), chain_lines("AKL", "B"))
    structure = read_structure(written(both))
    with pytest.raises(InputError, match=r"no protein chain 'Q'; name one of 'A' \(24 residues\)"):
        structure.chain("Q")
    with pytest.raises(InputError, match="no chain is named; name one of 'A'"):
        structure.chain()


# --- distances ------------------------------------------------------------------------------


@pytest.fixture
def pair(written):
    return read_structure(
        written(pdb_text(chain_lines(SEQUENCE, "A", skip={4, 5, 6}),
                         chain_lines(SEQUENCE[:15], "B", shift=(8, 3, 1))))
    )  # fmt: skip


def brute_force(first, second):
    found = np.full((len(first), len(second)), np.nan)
    for i in range(len(first)):
        for j in range(len(second)):
            a, b = first.atoms[first.atom_residue == i], second.atoms[second.atom_residue == j]
            if len(a) and len(b):
                found[i, j] = np.linalg.norm(a[:, None] - b, axis=2).min()
    return found


@pytest.mark.parametrize("block", [1, 300, 2_000_000])
def test_heavy_atom_distances(pair, block, monkeypatch):
    monkeypatch.setattr("seqgen.structure._BLOCK", block)
    a, b = pair.chain("A"), pair.chain("B")
    np.testing.assert_allclose(distances(pair, "A", "B", atoms="heavy"), brute_force(a, b))
    np.testing.assert_allclose(distances(pair, "A", atoms="heavy"), brute_force(a, a))


def test_c_beta_distances(pair):
    a, b = pair.chain("A"), pair.chain("B")
    expected = np.linalg.norm(a.cb[:, None] - b.cb, axis=2)
    np.testing.assert_allclose(distances(pair, "A", "B"), expected)
    own = distances(pair, "A")
    assert own.shape == (24, 24)
    assert np.isnan(own[4:7]).all()
    assert own[0, 0] == 0
    np.testing.assert_allclose(own, own.T)


def test_distances_refuse_other_atoms(pair):
    with pytest.raises(InputError, match="atoms is 'ca'; expected one of 'cb', 'heavy'"):
        distances(pair, "A", atoms="ca")


def test_a_thousand_residues_are_quick(written):
    rng = np.random.default_rng(1)
    ca = np.cumsum(rng.normal(size=(1000, 3)) * 2.2, axis=0)
    lines = [line for k in range(1000) for line in residue_lines("L", "A", k + 1, ca[k] % 90)]
    began = time.process_time()
    structure = read_structure(written(pdb_text(lines)))
    assert np.isfinite(distances(structure, "A", atoms="heavy")).any()
    assert time.process_time() - began < 5


@real
@pytest.mark.parametrize("name", ["1a3a", "1atzA"])
def test_c_beta_distances_of_real_structures(name):
    frozen = np.load(MSA / "ref" / f"{name}_dist.npz")["dist"]
    structure = read_structure(MSA / f"{name}.pdb.gz")
    found = distances(structure, structure.names[0])
    np.testing.assert_allclose(found, frozen, atol=1e-5)


@real
def test_a_real_complex():
    structure = read_structure(MSA / "HK_RR" / "3DGE.pdb.gz")
    assert sorted(structure.names) == ["A", "B", "C", "D"]
    kinase, regulator = structure.chain("A"), structure.chain("C")
    assert (len(kinase), kinase.resolved.sum(), kinase.numbers[0]) == (258, 237, 232)
    assert (len(regulator), regulator.resolved.sum()) == (122, 122)
    # The phosphorylated histidine 260 and the aspartate 53 it hands the phosphate to.
    histidine = kinase.letters.index("H", 20)
    assert kinase.label(histidine) == "H260"
    assert regulator.label(52) == "D53"
    near = distances(structure, "A", "C", atoms="heavy")
    assert near[histidine, 52] < 12
    assert 150 < (near < 8).sum() < 600
