"""Energies of mutants and the epistasis between changes."""

from __future__ import annotations

import gzip
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from alignments import SHARED, made_alignment
from potts_models import FOCUS, START, changed, random_model
from scipy.stats import spearmanr

from seqgen.alignment import ALIGNMENT_LETTERS, Alignment, Residues
from seqgen.couplings.epistasis import epistasis, epistasis_at, mutant_energies, single_mutants
from seqgen.couplings.mean_field import fit_mean_field
from seqgen.couplings.site_independent import fit_site_independent
from seqgen.errors import InputError
from seqgen.models.potts import PottsModel
from seqgen.residues import ResidueChange, format_change
from seqgen.schemas import AMINO_ACIDS


@pytest.fixture(params=[21, 20], ids=["gap-state", "gaps-ignored"])
def model(request):
    return random_model(request.param)


# --- mutants --------------------------------------------------------------------------------


def test_single_mutants_are_energy_differences(model):
    table = single_mutants(model)
    assert len(table) == 26 * 19
    assert table["position"].agg(["min", "max"]).tolist() == [11, 36]
    texts = [changed(FOCUS, (row.position - START, row.alt_aa)) for row in table.itertuples()]
    differences = model.energy(texts) - model.energy([FOCUS])
    np.testing.assert_allclose(table["delta_energy"], differences, atol=1e-4)


def test_multiple_mutants_are_energy_differences(model):
    rng = np.random.default_rng(4)
    mutants, texts = [], []
    for count in (1, 2, 3, 5, 26, 2, 1):
        places = rng.permutation(26)[:count]
        letters = rng.choice(list(AMINO_ACIDS), count)
        parts = zip(places, letters, strict=True)
        mutants.append(":".join(f"{FOCUS[place]}{place + START}{new}" for place, new in parts))
        texts.append(changed(FOCUS, *zip(places, letters, strict=True)))
    found = mutant_energies(model, mutants)
    differences = model.energy(texts) - model.energy([FOCUS])
    np.testing.assert_allclose(found["delta_energy"], differences, atol=2e-4)
    np.testing.assert_allclose(found["additive"] + found["epistasis"], found["delta_energy"])
    assert found["n_changes"].tolist() == [1, 2, 3, 5, 26, 2, 1]
    assert found["epistasis"].tolist()[0] == 0
    # A table of the same changes, one a row, gives the same.
    rows = [(name, change[0], int(change[1:-1]), change[-1]) for name in mutants
            for change in name.split(":")]  # fmt: skip
    table = pd.DataFrame(rows, columns=["mutant", "ref_aa", "position", "alt_aa"])
    pd.testing.assert_frame_equal(mutant_energies(model, table), found)


def test_mutants_without_an_energy_are_told(model):
    mutants = ["M11A", "A5C", "M11A:A5C", "K11A", "M11A:M11C", "M11", "", "M11*", "M11X", "K12A"]
    found = mutant_energies(model, mutants)
    assert found["mutant"].tolist() == mutants
    reasons = found["reason"].tolist()
    assert [bool(reason) for reason in reasons] == [False, *[True] * 8, False]
    assert found["delta_energy"].isna().tolist() == [False, *[True] * 8, False]
    assert "not covered" in reasons[1]
    assert "not covered" in reasons[2]
    assert "ref_aa differs" in reasons[3]
    assert "two changes" in reasons[4]
    assert all("not a replacement" in reason for reason in reasons[5:9])


@pytest.mark.parametrize(
    ("mutants", "found"),
    [
        ([], "none given"),
        ("M11A", "a single string 'M11A'; expected a list"),
        (["A1C", "M11C:M11D"], r"none of 2 has an energy \(.*not covered.*: 1.*columns are 11 to "),
        (pd.DataFrame({"position": [11]}), r"column\(s\) ref_aa, alt_aa missing"),
    ],
)
def test_bad_mutants_are_named(model, mutants, found):
    with pytest.raises(InputError, match=found):
        mutant_energies(model, mutants)


def test_a_model_without_focus_has_no_mutants():
    model = random_model(residues=Residues.of_protein("-" * 5))
    for call in (single_mutants, lambda model: mutant_energies(model, ["A1C"])):
        with pytest.raises(InputError, match="has no focus sequence"):
            call(model)


# --- epistasis ------------------------------------------------------------------------------


def test_epistasis_is_what_the_double_mutant_adds(model):
    pairs = [(0, "A", 1, "C"), (25, "W", 3, "Y"), (10, "K", 20, "K")]
    first = [f"{FOCUS[i]}{i + START}{a}" for i, a, _, _ in pairs]
    second = [f"{FOCUS[j]}{j + START}{b}" for _, _, j, b in pairs]
    found = epistasis(model, first, second)
    for (i, a, j, b), value in zip(pairs, found["epistasis"], strict=True):
        wild, one, other, both = model.energy([
            FOCUS, changed(FOCUS, (i, a)), changed(FOCUS, (j, b)), changed(FOCUS, (i, a), (j, b)),
        ])  # fmt: skip
        assert value == pytest.approx(both - one - other + wild, abs=2e-4)
        table = epistasis_at(model, i + START, j + START)
        assert table.loc[a, b] == pytest.approx(value, abs=1e-5)
        assert table.shape == (20, 20)
        assert (table.loc[FOCUS[i]].abs() < 1e-6).all()
        assert (table[FOCUS[j]].abs() < 1e-6).all()
    turned = epistasis(model, second, first)["epistasis"]
    np.testing.assert_array_equal(turned, found["epistasis"])


def test_epistasis_may_start_from_any_residue(model):
    forth = epistasis(model, "A11C", "D20E")["epistasis"][0]
    back = epistasis(model, "C11A", "D20E")["epistasis"][0]
    assert forth == pytest.approx(-back, rel=1e-6)
    many = epistasis(model, "A11C", ["D20E", "D99E", "D11E", "D20E:K12A"])
    assert many["epistasis"].isna().tolist() == [False, True, True, True]
    assert "not two single changes" in many["reason"][3]
    with pytest.raises(InputError, match="first has 2 changes and second 3"):
        epistasis(model, ["A11C"] * 2, ["D20E"] * 3)


def test_no_couplings_no_epistasis():
    model = PottsModel(AMINO_ACIDS, np.ones((26, 20)), None, Residues.of_protein(FOCUS))
    assert epistasis(model, "M1A", "K2C")["epistasis"].tolist() == [0.0]
    assert mutant_energies(model, ["M1A:K2C"])["epistasis"].tolist() == [0.0]


@pytest.mark.parametrize("positions", [(11, 11), (11, 99), (0, 12)])
def test_bad_positions_are_named(model, positions):
    with pytest.raises(InputError, match=r"expected two different ones .*11 to 36 of P1"):
        epistasis_at(model, *positions)


def test_proteins_of_a_joint_model_are_named():
    both = Residues.of_protein(FOCUS[:13], "P1").join(Residues.of_protein(FOCUS[13:], "P2"))
    model = random_model(residues=both)
    found = mutant_energies(model, ["P1/M1A:P2/K1C", "P2/K1C", "P3/K1C"])
    differences = model.energy([changed(FOCUS, (0, "A"), (13, "C")), changed(FOCUS, (13, "C"))])
    np.testing.assert_allclose(
        found["delta_energy"][:2], differences - model.energy([FOCUS]), atol=1e-4
    )
    assert "not covered" in found["reason"][2]
    value = epistasis(model, "P1/M1A", "P2/K1C")["epistasis"][0]
    table = epistasis_at(model, 1, 1, proteins=("P1", "P2"))
    assert table.loc["A", "C"] == pytest.approx(value, abs=1e-5)
    with pytest.raises(InputError, match="joins 'P1', 'P2'; name the protein"):
        mutant_energies(model, ["M1A"])


# --- real scan ------------------------------------------------------------------------------


def beta_lactamase():
    """TEM-1's alignment over the columns in upper case, and the scan at those positions."""
    text = gzip.decompress((SHARED / "msa" / "BLAT_ECOLX.a2m.gz").read_bytes()).decode()
    rows = ["".join(record.split("\n")[1:]) for record in text.split(">")[1:]]
    focus = np.array(list(rows[0]))
    keep = np.char.isupper(focus)
    code = np.zeros(128, dtype=np.uint8)
    code[[ord(c) for c in ALIGNMENT_LETTERS]] = np.arange(21)
    codes = np.array([code[np.frombuffer(row.encode(), dtype=np.uint8)] for row in rows])
    residues = Residues.of_protein("".join(focus), "P62593", start=24).take(keep)
    names = tuple(map(str, range(len(rows))))
    return Alignment(names, np.ascontiguousarray(codes[:, keep]), residues, focus=0)


@pytest.mark.skipif(
    not (SHARED / "dms").is_dir(), reason="the TEM-1 scan is not at hand: set SEQGEN_SHARED_DATA"
)
def test_independent_sites_predict_the_scan_of_tem1():
    (path,) = (SHARED / "dms").glob("BLAT_ECOLX_Ranganathan2015*.csv.gz")
    scan = pd.read_csv(path, usecols=["mutant", "2500"])
    found = mutant_energies(fit_site_independent(beta_lactamase()), scan["mutant"].tolist())
    covered = found["reason"] == ""
    assert covered.sum() == 4807
    assert found.loc[~covered, "reason"].str.contains("not covered").all()
    rank = spearmanr(found.loc[covered, "delta_energy"], scan.loc[covered, "2500"])[0]
    assert rank == pytest.approx(0.602, abs=0.002)


def test_a_mean_field_fit_scores_its_own_family():
    rng = np.random.default_rng(8)
    codes = rng.integers(1, 21, size=(200, 26))
    codes[0] = [ALIGNMENT_LETTERS.index(letter) for letter in FOCUS]
    codes[:, 5] = codes[:, 4]
    model = fit_mean_field(made_alignment(codes), weights=np.ones(200))
    terms = epistasis_at(model, 5, 6)
    same = [terms.loc[c, c] for c in AMINO_ACIDS if c not in FOCUS[4:6]]
    other = [
        terms.loc[a, b] for a, b in combinations(AMINO_ACIDS, 2) if {a, b}.isdisjoint(FOCUS[4:6])
    ]
    assert min(same) > max(other)


def test_positions_of_mixed_forms_are_read(model):
    ref = FOCUS[0]
    other = "D" if ref != "D" else "E"
    table = pd.DataFrame({"position": [float(START)], "ref_aa": [ref], "alt_aa": [other]})
    assert mutant_energies(model, table)["mutant"].tolist() == [f"{ref}{START}{other}"]
    change = ResidueChange(ref, START, other)
    hgvs = mutant_energies(model, [format_change(change, three_letter=True)])
    assert hgvs["delta_energy"].tolist() == mutant_energies(model, table)["delta_energy"].tolist()


def test_what_is_no_model_is_told():
    with pytest.raises(InputError, match="model is of type Alignment; expected what fit_potts"):
        mutant_energies(made_alignment([[11, 9, 18], [11, 0, 18]]), ["M1A"])
