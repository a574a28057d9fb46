"""Mutant marginals and pseudo-log-likelihoods against sums written out; giant proteins."""

import numpy as np
import pandas as pd
import pytest
from tiny_models import save_tiny_esm, save_tiny_gpn, save_tiny_gpt2, save_tiny_prot_t5

from seqgen.errors import InputError
from seqgen.io.tables import read_table, write_table
from seqgen.models.registry import load_model
from seqgen.models.windows import centred_starts, window_starts, window_weights
from seqgen.residues import all_substitutions
from seqgen.schemas import AMINO_ACIDS, SCORES
from seqgen.scores import METHODS, score_variants

RNG = np.random.default_rng(5)
LONG = "".join(RNG.choice(list(AMINO_ACIDS), 150))
PROTEIN = "MKVLAWDERHGFPSTQNYCI"
EXACT, ONE_PASS = "pseudo-log-likelihood", "one-pass-pseudo-log-likelihood"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """Takes 62 residues at most."""
    return load_model(str(save_tiny_esm(tmp_path_factory.mktemp("esm"), seed=3)))


def change(text, name="P1"):
    return pd.DataFrame({"uniprot": [name], "position": [int(text[1:-1])], "ref_aa": [text[0]],
                         "alt_aa": [text[-1]]})  # fmt: skip


def score(model, text, protein, method, **options):
    table = score_variants(change(text), {"P1": protein}, model, methods=[method], **options).table
    return table["log_lik_ratio"].iloc[0]


def replaced(protein, text):
    place = int(text[1:-1]) - 1
    return protein[:place] + text[-1] + protein[place + 1 :]


def hidden_sum(model, protein):
    """The pseudo-log-likelihood as it is defined, each residue hidden in turn."""
    rows = model.log_probs([protein] * len(protein), range(len(protein)))
    return sum(rows[i][i][AMINO_ACIDS.index(letter)] for i, letter in enumerate(protein))


def seen_sum(model, protein):
    rows = model.log_probs([protein])[0]
    return sum(rows[i][AMINO_ACIDS.index(letter)] for i, letter in enumerate(protein))


def test_mutant_marginals_are_read_from_the_changed_protein(model):
    row = model.log_probs([replaced(PROTEIN, "W6C")])[0][5]
    expected = row[AMINO_ACIDS.index("C")] - row[AMINO_ACIDS.index("W")]
    assert score(model, "W6C", PROTEIN, "mutant-marginal") == pytest.approx(expected, abs=1e-4)
    start = 40 - 31
    row = model.log_probs([replaced(LONG, f"{LONG[40]}41{other(LONG[40])}")[start : start + 62]])
    row = row[0][31]
    expected = row[AMINO_ACIDS.index(other(LONG[40]))] - row[AMINO_ACIDS.index(LONG[40])]
    found = score(model, f"{LONG[40]}41{other(LONG[40])}", LONG, "mutant-marginal")
    assert found == pytest.approx(expected, abs=1e-4)


def other(letter):
    return "W" if letter != "W" else "A"


@pytest.mark.parametrize(("method", "total"), [(EXACT, hidden_sum), (ONE_PASS, seen_sum)])
def test_pseudo_log_likelihoods_are_sums_over_all_residues(model, method, total):
    expected = total(model, replaced(PROTEIN, "W6C")) - total(model, PROTEIN)
    assert abs(expected) > 0.1
    assert score(model, "W6C", PROTEIN, method) == pytest.approx(expected, abs=1e-3)


def test_a_long_protein_s_sums_are_those_of_its_windows(model):
    text = f"{LONG[70]}71{other(LONG[70])}"
    exact, seen = [], []
    for protein in (LONG, replaced(LONG, text)):
        starts = centred_starts(np.arange(150), np.full(150, 150), 62)
        asked = [protein[start : start + 62] for start in starts]
        rows = model.log_probs(asked, (np.arange(150) - starts).tolist())
        exact.append(sum(rows[i][i - starts[i]][AMINO_ACIDS.index(protein[i])]
                         for i in range(150)))  # fmt: skip
        starts = window_starts(150, 62, 31)
        weights = window_weights(np.arange(150), starts, length=150, window=62)
        total = 0.0
        for start, weight in zip(starts, weights.T, strict=True):
            rows = model.log_probs([protein[start : start + 62]])[0]
            total += sum(weight[start + i] * rows[i][AMINO_ACIDS.index(protein[start + i])]
                         for i in range(62))  # fmt: skip
        seen.append(total)
    assert score(model, text, LONG, EXACT) == pytest.approx(exact[1] - exact[0], abs=2e-3)
    assert score(model, text, LONG, ONE_PASS) == pytest.approx(seen[1] - seen[0], abs=2e-3)


class Counting:
    """Keeps what a model was asked."""

    def __init__(self, model):
        self._model, self.asked = model, []

    def __getattr__(self, name):
        return getattr(self._model, name)

    def log_probs(self, sequences, masked_positions=None):
        self.asked += list(zip(sequences, masked_positions, strict=True))
        return self._model.log_probs(sequences, masked_positions)


def test_each_thing_is_asked_once_and_windows_without_the_change_never():
    counting = Counting(load_model("blosum62"))
    both = pd.concat([change("W6C"), change("W6A")])
    score_variants(both, {"P1": PROTEIN}, counting, methods=[ONE_PASS])
    assert sorted(text for text, _ in counting.asked) == sorted(
        [PROTEIN, replaced(PROTEIN, "W6C"), replaced(PROTEIN, "W6A")]
    )
    counting.asked.clear()
    score_variants(change(f"{LONG[4]}5{other(LONG[4])}"), {"P1": LONG}, counting,
                   methods=[ONE_PASS], window=40)  # fmt: skip
    assert len(counting.asked) == 2
    assert all(text[5:] == LONG[5:40] for text, _ in counting.asked)


def test_a_causal_model_s_sums_are_its_log_likelihood(tmp_path):
    model = load_model(str(save_tiny_gpt2(tmp_path / "m")))
    expected = seen_sum(model, replaced(PROTEIN, "W6C")) - seen_sum(model, PROTEIN)
    for method in (EXACT, ONE_PASS):
        assert score(model, "W6C", PROTEIN, method) == pytest.approx(expected, abs=1e-3)
    with pytest.raises(InputError, match="cannot hide a position, which 'masked-marginal' does"):
        score(model, "W6C", PROTEIN, "masked-marginal")


def test_a_matrix_without_context_gives_one_ratio_by_every_hidden_method():
    model = load_model("blosum62")
    hidden = score(model, "W6C", PROTEIN, "masked-marginal")
    assert score(model, "W6C", PROTEIN, EXACT) == pytest.approx(hidden)
    row = model.log_probs(["C"])[0][0]
    expected = row[AMINO_ACIDS.index("C")] - row[AMINO_ACIDS.index("W")]
    assert score(model, "W6C", PROTEIN, "mutant-marginal") == pytest.approx(expected)


def test_a_protein_as_long_as_titin():
    """35,000 residues: all substitutions of a model without context, whatever the windows."""
    protein = "".join(RNG.choice(list(AMINO_ACIDS), 35_000))
    model = load_model("blosum62")
    table = all_substitutions(protein, name="P1")
    assert len(table) == 35_000 * 19
    scored = score_variants(
        table, {"P1": protein}, model, methods=["wild-type-marginal"], window=1022
    ).table
    rows = model.log_probs([AMINO_ACIDS])[0]
    codes = pd.Index(list(AMINO_ACIDS))
    ref, alt = codes.get_indexer(table["ref_aa"]), codes.get_indexer(table["alt_aa"])
    np.testing.assert_allclose(scored["log_lik_ratio"], rows[ref, alt] - rows[ref, ref], atol=1e-9)
    few = table.iloc[[0, 300_000, -1]]
    for method in ("masked-marginal", ONE_PASS):
        found = score_variants(few, {"P1": protein}, model, methods=[method], window=1022).table
        assert np.isfinite(found["log_lik_ratio"]).all()
    # What one residue is worth: its own log probability before and after.
    own = rows[np.arange(20), np.arange(20)]
    expected = own[alt[[0, 300_000, -1]]] - own[ref[[0, 300_000, -1]]]
    np.testing.assert_allclose(found["log_lik_ratio"], expected, atol=1e-9)


def test_progress_reaches_the_total_with_every_method(model):
    told = []
    score_variants(change("W6C"), {"P1": PROTEIN}, model, methods=METHODS,
                   progress=lambda *at: told.append(at))  # fmt: skip
    assert told[-1][0] == told[-1][1] > 0
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_the_table_tells_its_model_and_keeps_it_in_a_file(model, tmp_path):
    table = score_variants(change("W6C"), {"P1": PROTEIN}, model, methods=METHODS).table
    assert table["method"].tolist() == list(METHODS)
    told = table.attrs["log_lik_ratio"]
    assert (told["model"], told["revision"]) == (model.name, model.revision)
    assert told["unit"] == "natural log"
    write_table(table, tmp_path / "scores.parquet", schema=SCORES)
    again = read_table(tmp_path / "scores.parquet", SCORES)
    assert again.attrs["log_lik_ratio"] == told


def test_a_dna_model_is_no_protein_model(tmp_path):
    with pytest.raises(InputError, match=r"reads 'ACGT'; .*score_dna_variants"):
        score(load_model(str(save_tiny_gpn(tmp_path / "m"))), "W6C", PROTEIN, "masked-marginal")


def test_an_encoder_scores_nothing(tmp_path):
    encoder = load_model(str(save_tiny_prot_t5(tmp_path / "m")))
    with pytest.raises(InputError, match="an encoder, which gives embeddings"):
        score(encoder, "W6C", PROTEIN, "wild-type-marginal")
    change = pd.DataFrame({"uniprot": ["P1"], "position": [6], "ref_aa": ["W"], "alt_aa": ["C"]})
    with pytest.raises(InputError, match="an encoder, which gives embeddings"):
        score_variants(change, {"P1": PROTEIN}, encoder)
