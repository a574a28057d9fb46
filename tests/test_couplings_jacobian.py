"""Categorical Jacobians: exact on a Potts model, zero without context, windows, linked chains."""

import numpy as np
import pytest
from tiny_models import save_tiny_esm

from seqgen.alignment import Residues
from seqgen.couplings.jacobian import categorical_jacobian, pair_epistasis, residue_effects
from seqgen.couplings.linked_proteins import linked_jacobian
from seqgen.couplings.neighbours import neighbour_notice
from seqgen.couplings.norms import average_product_correction, frobenius_norms
from seqgen.errors import InputError
from seqgen.models.potts import PottsModel
from seqgen.models.registry import load_model
from seqgen.schemas import AMINO_ACIDS

LENGTH = 9


class Causal:
    """Residue i is drawn given those before it; each of them adds a term of its own."""

    name, revision, alphabet = "causal", "0" * 64, AMINO_ACIDS
    max_length, masked, causal = 100, False, True

    def __init__(self, length=LENGTH):
        self.terms = np.random.default_rng(4).normal(size=(length, 20, length, 20))
        self.terms *= (np.arange(length)[:, None] < np.arange(length))[:, None, :, None]

    def log_probs(self, sequences, masked_positions=None):
        rows = []
        for sequence in sequences:
            codes = [AMINO_ACIDS.index(letter) for letter in sequence]
            logits = self.terms[np.arange(len(codes)), codes].sum(axis=0)
            rows.append(logits - np.log(np.exp(logits).sum(axis=1, keepdims=True)))
        return rows


class Counting:
    """Passes everything on and counts the residues that were run."""

    def __init__(self, model, max_length=None):
        self.model, self.tokens = model, 0
        self.max_length = max_length or model.max_length

    def __getattr__(self, name):
        return getattr(self.model, name)

    def log_probs(self, sequences, masked_positions=None):
        self.tokens += sum(map(len, sequences))
        return self.model.log_probs(sequences, masked_positions)


def protein(length, seed=0):
    return "".join(np.random.default_rng(seed).choice(list(AMINO_ACIDS), length))


def zero_sum(matrices):
    matrices = matrices - matrices.mean(axis=-1, keepdims=True)
    return matrices - matrices.mean(axis=-2, keepdims=True)


@pytest.fixture(scope="module")
def potts():
    rng = np.random.default_rng(1)
    sequence = protein(LENGTH)
    couplings = rng.normal(size=(LENGTH * (LENGTH - 1) // 2, 20, 20)).astype(np.float32)
    fields = rng.normal(size=(LENGTH, 20)).astype(np.float32)
    return PottsModel(AMINO_ACIDS, fields, couplings, Residues.of_protein(sequence))


@pytest.fixture(scope="module")
def esm(tmp_path_factory):
    return load_model(str(save_tiny_esm(tmp_path_factory.mktemp("esm"))))


def test_recovers_the_couplings_of_a_potts_model(potts):
    sequence = potts.residues.letters
    effects = residue_effects(potts, sequence)
    i, j = np.triu_indices(LENGTH, 1)
    np.testing.assert_allclose(effects[i, :, j], zero_sum(potts.couplings), atol=2e-5)
    np.testing.assert_array_equal(effects, effects.transpose(2, 3, 0, 1))
    assert not effects[np.arange(LENGTH), :, np.arange(LENGTH)].any()
    found = categorical_jacobian(potts, sequence, centre="residues")
    norms = frobenius_norms(potts)
    np.testing.assert_allclose(found.raw[i, j], norms[i, j], rtol=1e-4)
    expected = average_product_correction(norms)
    np.testing.assert_allclose(found.scores[i, j], expected[i, j], atol=1e-3)
    assert np.isnan(np.diagonal(found.scores)).all()


def test_epistasis_is_the_double_difference_of_energies(potts):
    sequence = potts.residues.letters
    effects = residue_effects(potts, sequence)
    pairs = np.triu_indices(LENGTH, 1)
    place = {pair: number for number, pair in enumerate(zip(*pairs, strict=True))}
    i, a, j, b = np.array([2, 0]), np.array([3, 7]), np.array([6, 8]), np.array([11, 0])
    found = pair_epistasis(effects, sequence, first=(i, a), second=(j, b))
    for n in range(2):
        J = potts.couplings[place[i[n], j[n]]]
        p, q = AMINO_ACIDS.index(sequence[i[n]]), AMINO_ACIDS.index(sequence[j[n]])
        expected = J[a[n], b[n]] - J[p, b[n]] - J[a[n], q] + J[p, q]
        assert found[n] == pytest.approx(expected, abs=1e-4)
    back = pair_epistasis(effects, sequence, first=(j, b), second=(i, a))
    np.testing.assert_allclose(found, back, atol=1e-6)


@pytest.mark.parametrize(
    "options", [{}, {"centre": "residues"}, {"method": "subset"}, {"method": "masked"}]
)
def test_no_context_no_couplings(options):
    found = categorical_jacobian(load_model("blosum62"), protein(12), **options)
    off = ~np.eye(12, dtype=bool)
    np.testing.assert_allclose(found.raw[off], 0, atol=1e-5)


def test_agrees_with_the_definition_written_out(esm):
    sequence = protein(14, 3)
    x = np.zeros((14, 20, 14, 20))
    wild = esm.log_probs([sequence])[0]
    for i in range(14):
        for a, letter in enumerate(AMINO_ACIDS):
            x[i, a] = esm.log_probs([sequence[:i] + letter + sequence[i + 1 :]])[0] - wild
    x -= x.mean(axis=3, keepdims=True)
    x -= x.mean(axis=1, keepdims=True)
    x[np.arange(14), :, np.arange(14)] = 0
    x -= x.mean(axis=0, keepdims=True)
    x -= x.mean(axis=2, keepdims=True)
    norms = np.sqrt((((x + x.transpose(2, 3, 0, 1)) / 2) ** 2).sum(axis=(1, 3)))
    found = categorical_jacobian(esm, sequence, name="P1", start=5)
    off = ~np.eye(14, dtype=bool)
    np.testing.assert_allclose(found.raw[off], norms[off], rtol=1e-3)
    assert found.rows.positions[0] == 5
    assert found.to_frame()["protein_1"].iloc[0] == "P1"


def test_a_causal_model_responds_on_one_side_only():
    model, sequence = Causal(), protein(LENGTH)
    found = categorical_jacobian(model, sequence)
    i, j = np.triu_indices(LENGTH, 1)
    expected = np.sqrt((zero_sum(model.terms[i, :, j]) ** 2).sum(axis=(1, 2)))
    np.testing.assert_allclose(found.raw[i, j], expected, rtol=1e-4)
    assert found.diagnostics["causal"] is True
    with pytest.raises(InputError, match="cannot hide a position"):
        categorical_jacobian(model, sequence, method="masked")
    with pytest.raises(InputError, match="not causal"):
        categorical_jacobian(model, sequence, centre="all")


@pytest.mark.parametrize("options", [{}, {"method": "subset"}, {"method": "masked"}])
def test_passes_are_those_announced_and_budgeted(esm, options):
    model, sequence, heard = Counting(esm), protein(20, 2), []
    found = categorical_jacobian(model, sequence, progress=lambda *at: heard.append(at), **options)
    assert model.tokens == found.diagnostics["tokens"]
    assert heard[-1] == (found.diagnostics["passes"],) * 2
    with pytest.raises(InputError, match=f"token_budget is {model.tokens - 1}"):
        categorical_jacobian(model, sequence, token_budget=model.tokens - 1, **options)
    assert model.tokens == found.diagnostics["tokens"]  # refused before anything ran


def test_windows_agree_where_context_does_not_matter():
    # Terms only between close residues, so any window that holds both sees the whole of a pair.
    class Near(Causal):
        causal = False

        def __init__(self):
            self.term = np.random.default_rng(5).normal(size=(20, 20))

        def log_probs(self, sequences, masked_positions=None):
            rows = []
            for sequence in sequences:
                codes = np.array([AMINO_ACIDS.index(letter) for letter in sequence])
                logits = np.zeros((len(codes), 20))
                logits[1:] += self.term[codes[:-1]]
                logits[:-1] += self.term[:, codes[1:]].T
                rows.append(logits - np.log(np.exp(logits).sum(axis=1, keepdims=True)))
            return rows

    model, sequence = Near(), protein(40)
    whole = categorical_jacobian(model, sequence, centre="residues")
    cut = categorical_jacobian(model, sequence, centre="residues", window=16, overlap=8)
    seen = np.isfinite(cut.raw)
    apart = np.abs(np.subtract.outer(np.arange(40), np.arange(40)))
    assert not seen[apart >= 16].any()
    assert seen[(apart <= 7) & (apart > 0)].all()
    np.testing.assert_allclose(cut.raw[seen], whole.raw[seen], rtol=1e-4, atol=1e-6)
    missing = int((~seen[np.triu_indices(40, 1)]).sum())
    assert cut.notices == (f"{missing} pair(s) have no score: no window of 16 residues holds both",)
    assert cut.diagnostics["n_windows"] == 4


def test_half_precision_is_told_and_close(esm):
    sequence = protein(30, 6)
    full = categorical_jacobian(esm, sequence)
    need = 80 * 20 * 30**2 / 2**30
    half = categorical_jacobian(esm, sequence, memory=0.6 * need)
    assert (full.diagnostics["precision"], half.diagnostics["precision"]) == ("float32", "float16")
    off = ~np.eye(30, dtype=bool)
    np.testing.assert_allclose(half.raw[off], full.raw[off], rtol=0.02)
    with pytest.raises(InputError, match="a smaller window, or more memory"):
        categorical_jacobian(esm, sequence, memory=0.4 * need)


@pytest.mark.parametrize(
    ("sequence", "options", "found"),
    [
        ("MKVLA", {"method": "ful"}, "expected one of full, subset, masked"),
        ("M", {}, "1 residue"),
        ("MKUV", {}, "'U' at position 3"),
        ("ATG" * 10, {}, "sequence: the sequence holds A, C, G, T, U and N alone"),
        ("MKVLA", {"centre": "none"}, "expected one of all, residues"),
        ("MKVLA", {"centre": "all", "method": "masked"}, "needs method='full'"),
        ("MKVLA", {"method": "subset", "substitutions": "DDK"}, "two or more different"),
        ("MKVLA", {"method": "subset", "substitutions": "DB"}, "two or more different"),
        ("MKVLA", {"window": 1}, "window is 1; expected 2 to"),
        ("MKVLA", {"window": 4, "overlap": 4}, "overlap is 4; expected 0 to 3"),
        ("MKVLA", {"memory": 0.0}, "expected GiB above zero"),
    ],
)
def test_bad_requests_are_named(esm, sequence, options, found):
    with pytest.raises(InputError, match=found):
        categorical_jacobian(esm, sequence, **options)


def test_effects_refuse_what_does_not_fit(esm):
    with pytest.raises(InputError, match="pass a part of it"):
        residue_effects(esm, protein(esm.max_length + 1))
    with pytest.raises(InputError, match="expected \\(3, 20, 3, 20\\)"):
        pair_epistasis(np.zeros((2, 20, 2, 20)), "MKV", first=([0], [0]), second=([1], [0]))
    with pytest.raises(InputError, match="unknown residue"):
        pair_epistasis(np.zeros((2, 20, 2, 20)), "MX", first=([0], [0]), second=([1], [0]))
    with pytest.raises(InputError, match="a position is outside 0 to 1"):
        pair_epistasis(np.zeros((2, 20, 2, 20)), "MK", first=([0], [0]), second=([2], [0]))


class Meeting:
    """Residues 1 and 3 of ``first`` and ``second`` favour each other, wherever they stand."""

    name, revision, alphabet = "meeting", "1" * 64, AMINO_ACIDS
    max_length, masked = 60, True

    def __init__(self, first, second):
        self.first, self.second = first, second
        self.term = 3 * np.random.default_rng(7).normal(size=(20, 20))

    def log_probs(self, sequences, masked_positions=None):
        rows = []
        for sequence in sequences:
            logits = np.zeros((len(sequence), 20))
            n, m, end = len(self.first), len(self.second), len(sequence)
            for i, j in ((0, end - m), (end - n, 0)):  # either order; one change may be there
                alike = sum(map(str.__eq__, sequence[i : i + n], self.first))
                alike += sum(map(str.__eq__, sequence[j : j + m], self.second))
                if alike >= n + m - 1:
                    break
            else:
                i = j = -9
            i, j = i + 1, j + 3
            if i >= 0 and j >= 0:
                p, q = AMINO_ACIDS.index(sequence[i]), AMINO_ACIDS.index(sequence[j])
                logits[i], logits[j] = self.term[:, q], self.term[p]
            rows.append(logits - np.log(np.exp(logits).sum(axis=1, keepdims=True)))
        return rows


def test_linked_proteins_find_the_pair_in_both_orders():
    first, second = protein(8, 1), protein(10, 2)
    model = Meeting(first, second)
    found = linked_jacobian(model, first, second, linkers=["GGGG", "GSGSGS"], shuffles=3)
    assert found.scores.shape == (8, 10)
    assert np.unravel_index(found.scores.argmax(), found.scores.shape) == (1, 3)
    assert found.p[1, 3] == pytest.approx(1 / (1 + 3 * 80))
    assert found.diagnostics["p_of_highest"] == 0.25
    assert found.diagnostics["null"] == "residues of the second protein shuffled 3 times"
    turned = linked_jacobian(model, second, first, linkers=["GGGG", "GSGSGS"])
    np.testing.assert_allclose(turned.scores.T, found.scores, atol=1e-5)


def test_linked_nulls_are_repeatable_and_stated(esm):
    first, second = protein(8, 1), protein(10, 2)
    one, same, other = (
        linked_jacobian(esm, first, second, linkers="GGG", method="masked", shuffles=2, seed=seed)
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one.z, same.z)
    assert not np.array_equal(one.z, other.z)
    swapped = linked_jacobian(
        esm, first, second, linkers="", method="masked", partners=[protein(9, 8), protein(11, 9)]
    )
    assert swapped.diagnostics["null"] == "2 other partner(s) of like length"
    assert ((swapped.p > 0) & (swapped.p <= 1)).all()


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"linkers": "G" * 60}, "make 78; model .* takes 62"),
        ({"shuffles": -1}, "shuffles is -1"),
        ({"shuffles": 1, "partners": ["M" * 10]}, "expected one null"),
        ({"partners": ["MK"]}, r"partners\[0\] has 2 residues"),
        ({"names": ("A", "A")}, "names are both 'A'"),
        ({"linkers": []}, "linkers is empty"),
        ({"token_budget": 100}, "token_budget is 100"),
    ],
)
def test_linked_requests_are_named(esm, options, found):
    with pytest.raises(InputError, match=found):
        linked_jacobian(esm, protein(8, 1), protein(10, 2), **options)


class Local:
    """Each residue is drawn given those up to ``reach`` places away, the nearer the more."""

    name, revision, alphabet = "local", "0" * 64, AMINO_ACIDS
    max_length, masked = 100, True

    def __init__(self, reach, length):
        rng, place = np.random.default_rng(5), np.arange(length)
        gap = np.abs(place - place[:, None])
        self.terms = rng.normal(size=(length, 20, length, 20))
        self.terms *= np.where((gap > 0) & (gap <= reach), 1 / (1 + gap), 0)[:, None, :, None]

    log_probs = Causal.log_probs


def test_neighbours_along_the_chain_are_no_contacts():
    sequence = "".join(np.random.default_rng(0).choice(list(AMINO_ACIDS), 64))
    near = categorical_jacobian(Local(10, 64), sequence)
    (notice,) = near.notices
    assert notice.startswith("64 of the 64 highest scores of pairs 6+ apart are of pairs fewer")
    scattered = np.random.default_rng(1).normal(size=(64, 64))
    assert neighbour_notice(scattered) == ()
    assert neighbour_notice(near.scores[:59, :59]) == ()  # too short to tell
    assert neighbour_notice(np.zeros((64, 64))) == ()
    assert neighbour_notice(np.full((64, 64), np.nan)) == ()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"first": "mkv"}, "first has 'm' at position 1"),
        ({"linkers": "GG1"}, "linkers has '1' at position 3"),
        ({"linkers": ["GG", "G G"]}, "linkers has ' ' at position 2"),
        ({"partners": ["MKV-A"]}, "partners has '-' at position 4"),
        ({"names": ("a",)}, "expected the names of two proteins"),
    ],
)
def test_letters_of_linked_proteins(arguments, message):
    given = {"first": "MKVLA", "second": "GHEWD", **arguments}
    first, second = given.pop("first"), given.pop("second")
    with pytest.raises(InputError, match=message):
        linked_jacobian(load_model("blosum62"), first, second, **given)


def test_a_sequence_that_is_no_protein_and_a_model_that_is_a_name():
    with pytest.raises(InputError, match="sequence has 'm' at position 1"):
        categorical_jacobian(load_model("blosum62"), "mkvla")
    with pytest.raises(InputError, match="model is str; expected what load_model gives"):
        categorical_jacobian("default", "MKVLA")


def test_a_family_model_that_does_not_cover_the_sequence():
    model = PottsModel(AMINO_ACIDS, np.zeros((4, 20)), None, Residues.of_protein("VLAW", start=3))
    with pytest.raises(InputError, match=r"says nothing about residue 1 .*potts_couplings"):
        categorical_jacobian(model, "MKVLAW")
