"""The Potts model: energies, conditional probabilities, files."""

from __future__ import annotations

import json

import numpy as np
import pytest
from alignments import made_alignment
from potts_models import FOCUS, PROTEIN, START, changed, random_model, written_energy

from seqgen.alignment import ALIGNMENT_LETTERS, Residues
from seqgen.couplings.epistasis import mutant_energies, single_mutants
from seqgen.errors import InputError, ModelError, OutputError
from seqgen.models.potts import PottsModel
from seqgen.models.potts_files import load_potts
from seqgen.models.registry import load_model
from seqgen.schemas import AMINO_ACIDS
from seqgen.scores import score_variants


@pytest.fixture(params=[21, 20], ids=["gap-state", "gaps-ignored"])
def model(request):
    return random_model(request.param)


# --- energies -------------------------------------------------------------------------------


def test_energy_is_the_sum_of_fields_and_couplings(model):
    texts = [FOCUS, "-" + FOCUS[1:], changed(FOCUS, (3, "-"), (9, "W"), (25, "-")), "-" * 26]
    expected = [written_energy(model, text) for text in texts]
    np.testing.assert_allclose(model.energy(texts), expected, rtol=1e-5, atol=1e-4)
    alignment = made_alignment([[ALIGNMENT_LETTERS.index(c) for c in text] for text in texts])
    np.testing.assert_array_equal(model.energy(alignment.codes), model.energy(texts))
    assert model.energy([]).shape == (0,)


def test_chunks_make_no_difference(model, monkeypatch):
    texts = [changed(FOCUS, (place, "W")) for place in range(20)]
    whole = model.energy(texts)
    monkeypatch.setattr("seqgen.models.potts._CHUNK", 60)
    np.testing.assert_array_equal(model.energy(texts), whole)


def test_whole_proteins_count_over_the_columns(model):
    np.testing.assert_array_equal(model.energy([PROTEIN]), model.energy([FOCUS]))
    cut = PROTEIN[: START - 1 + 20]  # columns beyond the end are gaps
    np.testing.assert_array_equal(model.energy([cut]), model.energy([FOCUS[:20] + "-" * 6]))


def test_pairs_are_found_in_both_orders(model):
    numbers = np.triu_indices(26, 1)
    for place in (0, 24, 25, 77, 324):
        i, j = numbers[0][place], numbers[1][place]
        np.testing.assert_array_equal(model.pair(i, j), model.couplings[place])
        np.testing.assert_array_equal(model.pair(j, i), model.couplings[place].T)
    assert not model.pair(3, 3).any()


# --- as a sequence model --------------------------------------------------------------------


def test_rows_are_conditional_probabilities(model):
    rows = model.log_probs([FOCUS])[0]
    for place in (0, 7, 25):
        energies = model.energy([changed(FOCUS, (place, letter)) for letter in AMINO_ACIDS])
        expected = energies - energies.max()
        expected -= np.log(np.exp(expected).sum())
        np.testing.assert_allclose(rows[place], expected, atol=1e-4)
    np.testing.assert_allclose(np.exp(rows).sum(axis=1), 1)


def test_a_hidden_residue_is_an_average_one_to_the_others(model):
    seen, hidden = model.log_probs([FOCUS, FOCUS], [None, 7])
    np.testing.assert_allclose(hidden[7], seen[7], atol=1e-9)
    assert np.abs(hidden[8] - seen[8]).max() > 0.1
    unknown = model.log_probs([changed(FOCUS, (7, "X"))])[0]
    np.testing.assert_allclose(hidden, unknown, atol=1e-9)
    # The average over the residues that could be there, of unnormalised log probabilities.
    logits = [model.embed([changed(FOCUS, (7, letter))])[0][8] for letter in AMINO_ACIDS]
    np.testing.assert_allclose(hidden[8] - hidden[8].mean(), np.mean(logits, axis=0), atol=1e-5)


def test_answers_do_not_depend_on_the_gauge():
    plain = random_model(dtype=np.float64)
    rng = np.random.default_rng(3)
    i, j = np.triu_indices(26, 1)
    left, right = rng.normal(size=(2, len(i), 21))
    couplings = plain.couplings + left[:, :, None] + right[:, None, :]
    fields = plain.fields.copy()
    np.subtract.at(fields, i, left)
    np.subtract.at(fields, j, right)
    moved = PottsModel(plain.letters, fields, couplings, plain.residues)
    assert moved.revision != plain.revision
    texts, hidden = [FOCUS, changed(FOCUS, (4, "X"))], [None, 9]
    for one, other in zip(plain.log_probs(texts, hidden), moved.log_probs(texts, hidden),
                          strict=True):  # fmt: skip
        np.testing.assert_allclose(one, other, atol=1e-9)
    for mutants in (["M11A:K12C"], ["A36W:V13A:W16A"]):
        np.testing.assert_allclose(
            mutant_energies(plain, mutants)[["delta_energy", "epistasis"]].to_numpy(float),
            mutant_energies(moved, mutants)[["delta_energy", "epistasis"]].to_numpy(float),
            atol=1e-9,
        )


def test_residues_outside_the_columns_have_no_probabilities(model):
    rows = model.log_probs([PROTEIN])[0]
    assert rows.shape == (40, 20)
    np.testing.assert_array_equal(rows[10:36], model.log_probs([FOCUS])[0])
    assert np.isnan(rows[:10]).all()
    assert np.isnan(rows[36:]).all()
    hidden = model.log_probs([PROTEIN, FOCUS], [20, 10])
    np.testing.assert_array_equal(hidden[0][10:36], hidden[1])
    outside = model.log_probs([PROTEIN], [2])[0]
    np.testing.assert_array_equal(outside, rows)


@pytest.mark.parametrize(
    ("sequence", "found"),
    [
        (PROTEIN[1:], r"sequences\[0\] agrees with .* at \d+ of 26 columns; expected P1"),
        ("A" * 50, r"at 2 of 26 columns.*\(11 to 36 are covered\), not in windows"),
    ],
)
def test_other_proteins_and_shifts_are_refused(model, sequence, found):
    with pytest.raises(InputError, match=found):
        model.log_probs([sequence])
    with pytest.raises(InputError, match=r"sequences\[0\] agrees"):
        model.energy([sequence])


def test_a_window_as_long_as_the_alignment_is_refused(model):
    with pytest.raises(InputError, match=r"sequences\[0\] agrees"):
        model.log_probs([PROTEIN[:26]])
    assert np.isfinite(model.energy([PROTEIN[:26]])).all()  # the columns of any sequence


def test_joint_models_take_their_columns_only():
    both = Residues.of_protein(FOCUS[:13], "P1").join(Residues.of_protein(FOCUS[13:], "P2"))
    model = random_model(residues=both)
    assert model.log_probs([FOCUS])[0].shape == (26, 20)
    with pytest.raises(InputError, match="joins 'P1', 'P2'; expected its 26 columns"):
        model.log_probs([PROTEIN])


def test_variant_scores_are_energies(model):
    table = single_mutants(model)
    variants = table.assign(uniprot="P1")[["uniprot", "position", "ref_aa", "alt_aa"]]
    scored = score_variants(variants, {"P1": PROTEIN}, model).table
    expected = mutant_energies(model, table)["delta_energy"].to_numpy()
    for method in ("masked-marginal", "wild-type-marginal"):
        found = scored.loc[scored["method"] == method, "log_lik_ratio"].to_numpy()
        np.testing.assert_allclose(found, table["delta_energy"], atol=1e-10)
        np.testing.assert_allclose(found, expected, atol=1e-10)


# --- what a model has to be -----------------------------------------------------------------


def test_arrays_cannot_be_changed(model):
    with pytest.raises(ValueError, match="read-only"):
        model.fields[0, 0] = 1
    mine = np.zeros((26, 21))
    PottsModel(ALIGNMENT_LETTERS, mine, None, model.residues)
    mine[0, 0] = 1  # the caller's array is left as it was


def test_revision_follows_content(model):
    again = PottsModel(model.letters, model.fields, model.couplings, model.residues, name="other")
    assert again.revision == model.revision
    for fields, residues in (
        (model.fields + 1, model.residues),
        (model.fields, Residues.of_protein(FOCUS, "P1", start=12)),
        (model.fields, Residues.of_protein(FOCUS, "P2", start=11)),
    ):
        other = PottsModel(model.letters, fields, model.couplings, residues)
        assert other.revision != model.revision


@pytest.mark.parametrize(
    ("letters", "shapes", "found"),
    [
        ("ACGT", ((26, 4), (325, 4, 4)), "letters is 'ACGT'; expected"),
        (AMINO_ACIDS, ((26, 21), (325, 20, 20)), r"fields has shape \(26, 21\).*\(26, 20\)"),
        (AMINO_ACIDS, ((26, 20), (324, 20, 20)), r"couplings has shape \(324.*\(325, 20, 20\)"),
    ],
)
def test_wrong_shapes_are_named(letters, shapes, found):
    with pytest.raises(InputError, match=found):
        PottsModel(letters, np.zeros(shapes[0]), np.zeros(shapes[1]), Residues.of_protein(FOCUS))


def test_nan_is_refused():
    fields = np.zeros((2, 20))
    fields[1, 3] = np.nan
    with pytest.raises(InputError, match="fields holds NaN"):
        PottsModel(AMINO_ACIDS, fields, None, Residues.of_protein("MK"))


@pytest.mark.parametrize(
    ("sequences", "found"),
    [
        (FOCUS, "a single string"),
        ([FOCUS, changed(FOCUS, (2, "X"))], r"sequences\[1\] has 'X' at position 3"),
        ([""], r"sequences\[0\] is empty"),
        ([changed(FOCUS, (2, "é"))], "'é' at position 3"),
        (np.zeros((2, 5), dtype=np.uint8), r"codes of shape \(2, 5\); expected \(n, 26\)"),
        (np.full((1, 26), 21, dtype=np.uint8), "codes from 21 to 21"),
    ],
)
def test_bad_sequences_are_named(model, sequences, found):
    with pytest.raises(InputError, match=found):
        model.energy(sequences)


# --- files ----------------------------------------------------------------------------------


def test_saved_models_come_back(model, tmp_path, capfd, socket_disabled):
    path = tmp_path / "p1.potts"
    path.write_text("replaced")
    model.settings["neff"] = np.float64(3.5)
    model.save(path)
    for back in (load_potts(path), load_model(str(path))):
        np.testing.assert_array_equal(back.fields, model.fields)
        np.testing.assert_array_equal(back.couplings, model.couplings)
        assert back.revision == model.revision
        assert (back.letters, back.name) == (model.letters, model.name)
        assert back.settings == {"lambda_J": 0.5, "neff": 3.5}
        assert back.residues.letters == FOCUS
        assert back.residues.positions.tolist() == list(range(11, 37))
        assert back.residues.names == ["P1"]
    assert [item.name for item in tmp_path.iterdir()] == ["p1.potts"]
    assert capfd.readouterr() == ("", "")


def test_double_precision_and_no_couplings_are_kept(tmp_path):
    residues = Residues.of_protein("MK")
    PottsModel(AMINO_ACIDS, np.full((2, 20), 1 / 3), None, residues).save(tmp_path / "m")
    back = load_potts(tmp_path / "m")
    assert back.couplings is None
    assert back.fields.dtype == np.float64
    assert back.fields[0, 0] == 1 / 3


def rewritten(path, **changes):
    """The same arrays under a changed header."""
    from safetensors import safe_open
    from safetensors.numpy import save_file

    with safe_open(path, framework="numpy") as handle:
        told = handle.metadata()
        arrays = {name: handle.get_tensor(name) for name in handle.keys()}  # noqa: SIM118
    told |= {key: value for key, value in changes.items() if key in told}
    arrays |= {key: value for key, value in changes.items() if key in arrays}
    save_file(arrays, path, metadata=told)


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-50]), "damaged or cut short"),
        (lambda path: path.write_bytes(b"seqgen-potts-1"), "damaged or cut short, 14 bytes"),
        (lambda path: rewritten(path, letters="ACGT"), "not a whole Potts model .*letters is"),
        (lambda path: rewritten(path, residues=json.dumps({"letters": "MK"})), "not a whole Potts"),
        (lambda path: rewritten(path, settings="{"), "not a whole Potts model .*JSON"),
        (lambda path: rewritten(path, fields=np.zeros((26, 20))), "fields has shape"),
        (lambda path: rewritten(path, fields=np.zeros((26, 21))), "the file was altered"),
    ],
)
def test_damaged_files_are_told_apart(tmp_path, damage, found):
    path = tmp_path / "p1.potts"
    random_model().save(path)
    damage(path)
    for load in (load_potts, lambda path: load_model(str(path))):
        with pytest.raises(ModelError, match=found) as caught:
            load(path)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)


def test_other_files_are_no_potts_models(tmp_path):
    from safetensors.numpy import save_file

    path = tmp_path / "other.safetensors"
    save_file({"fields": np.zeros((2, 20))}, path)
    with pytest.raises(ModelError, match="format is None; expected 'seqgen-potts-1'"):
        load_potts(path)
    with pytest.raises(ModelError, match=r"is a file; expected the folder .*or a Potts model"):
        load_model(str(path))
    with pytest.raises(ModelError, match="no such file"):
        load_potts(tmp_path / "nothing")


def test_a_revision_pins_a_saved_model(tmp_path):
    model = random_model()
    model.save(tmp_path / "m")
    assert load_model(str(tmp_path / "m"), revision=model.revision[:8]).revision == model.revision
    with pytest.raises(ModelError, match="has revision"):
        load_model(str(tmp_path / "m"), revision="0123")


def test_failed_writes_leave_nothing(tmp_path):
    model = random_model()
    with pytest.raises(OutputError, match="cannot be written"):
        model.save(tmp_path / "no" / "m")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OutputError, match="cannot be written"):
        model.save(tmp_path / "folder")
    assert [item.name for item in tmp_path.iterdir()] == ["folder"]
    model.settings["fit"] = object()
    with pytest.raises(TypeError, match="settings hold"):
        model.save(tmp_path / "m")
    assert not (tmp_path / "m").exists()
