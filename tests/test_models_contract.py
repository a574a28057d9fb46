"""What every backend has to keep, whatever library is behind it."""

import numpy as np
import pytest
from tiny_models import save_tiny_esm, save_tiny_esmc, save_tiny_gpt2, save_tiny_protbert

from seqgen.alignment import ALIGNMENT_LETTERS, Residues
from seqgen.errors import InputError
from seqgen.models.potts import PottsModel
from seqgen.models.protocol import SequenceModel
from seqgen.models.registry import load_model
from seqgen.schemas import AMINO_ACIDS

BACKENDS = [
    "blosum62", "esm-rotary", "esm-absolute", "esm-no-token-dropout", "esm-c", "protbert", "gpt2",
    "potts", "ensemble",
]  # fmt: skip


@pytest.fixture(scope="module", params=BACKENDS)
def model(request, tmp_path_factory):
    if request.param == "blosum62":
        return load_model("blosum62")
    if request.param == "potts":
        path = tmp_path_factory.mktemp("potts") / "model"
        random_potts(50).save(path)
        return load_model(str(path))
    if request.param in ("esm-c", "protbert"):
        save = save_tiny_esmc if request.param == "esm-c" else save_tiny_protbert
        return load_model(str(save(tmp_path_factory.mktemp("model"))))
    if request.param == "ensemble":
        folder = save_tiny_protbert(tmp_path_factory.mktemp("model"))
        return load_model(["blosum62", str(folder)])
    if request.param == "gpt2":
        return load_model(str(save_tiny_gpt2(tmp_path_factory.mktemp("gpt2"))))
    folder = save_tiny_esm(
        tmp_path_factory.mktemp("esm"),
        position="absolute" if request.param == "esm-absolute" else "rotary",
        token_dropout=request.param != "esm-no-token-dropout",
    )
    return load_model(str(folder))


def random_potts(length):
    """Of a family without a focus, which any sequence may belong to."""
    rng = np.random.default_rng(0)
    fields = rng.normal(size=(length, 21))
    couplings = rng.normal(0, 0.1, size=(length * (length - 1) // 2, 21, 21))
    return PottsModel(ALIGNMENT_LETTERS, fields, couplings, Residues.of_protein("-" * length))


def random_sequences(seed, lengths):
    rng = np.random.default_rng(seed)
    return ["".join(rng.choice(list(AMINO_ACIDS), length)) for length in lengths]


def test_has_the_shape_of_a_sequence_model(model):
    assert isinstance(model, SequenceModel)
    assert model.alphabet == AMINO_ACIDS
    assert model.masked is not getattr(model, "causal", False)
    assert model.max_length >= 50
    assert len(model.revision) == 64
    assert int(model.revision, 16)


def test_rows_are_log_probabilities(model):
    sequences = [*random_sequences(1, [1, 7, 50]), "MXXK"]
    results = model.log_probs(sequences)
    assert [rows.shape for rows in results] == [(len(one), 20) for one in sequences]
    for rows in results:
        np.testing.assert_allclose(np.exp(rows.astype(float)).sum(axis=1), 1, atol=1e-5)


def test_a_hidden_residue_is_hidden(model):
    sequence, hidden = random_sequences(2, [30])[0], 11
    if not model.masked:
        with pytest.raises(InputError, match="cannot hide a position"):
            model.log_probs([sequence], [hidden])
        return
    other = sequence[:hidden] + ("W" if sequence[hidden] != "W" else "A") + sequence[hidden + 1 :]
    seen = model.log_probs([sequence, other])
    unseen = model.log_probs([sequence, other], [hidden, hidden])
    np.testing.assert_allclose(unseen[0], unseen[1], atol=1e-5)
    if isinstance(model, PottsModel):  # which reads a residue from the others only, hidden or not
        np.testing.assert_allclose(seen[0][hidden], unseen[0][hidden], atol=1e-5)
        assert np.abs(seen[0] - unseen[0]).max() > 0.01
        return
    assert np.abs(seen[0][hidden] - seen[1][hidden]).max() > 0.01
    assert np.abs(seen[0][hidden] - unseen[0][hidden]).max() > 0.01


def test_results_do_not_depend_on_the_batch(model, monkeypatch):
    # As on a GPU: lengths within a tenth of each other share a batch and are padded.
    monkeypatch.setattr(model, "_alike", 0.9, raising=False)
    sequences = random_sequences(3, [40, 38, 40, 37, 3, 36, 1, 39])
    positions = [0, None, 39, 36, None, 5, 0, None] if model.masked else [None] * 8
    together = model.log_probs(sequences, positions)
    backwards = model.log_probs(sequences[::-1], positions[::-1])[::-1]
    vectors = model.embed(sequences)
    for place, (sequence, position) in enumerate(zip(sequences, positions, strict=True)):
        alone = model.log_probs([sequence], [position])[0]
        np.testing.assert_allclose(together[place], alone, atol=1e-4)
        np.testing.assert_allclose(backwards[place], alone, atol=1e-4)
        np.testing.assert_allclose(vectors[place], model.embed([sequence])[0], atol=1e-4)


def test_embeddings_have_one_row_per_residue(model):
    vectors = model.embed(["MKV", "MKVLA"])
    assert [one.shape[0] for one in vectors] == [3, 5]
    assert vectors[0].shape[1] == vectors[1].shape[1]
    assert np.isfinite(vectors[1]).all()


def test_nothing_in_nothing_out(model):
    assert model.log_probs([]) == []
    assert model.embed([]) == []


@pytest.mark.parametrize(
    ("sequences", "positions", "found"),
    [
        ("MKV", None, "a single string"),
        (["MKV", ""], None, r"sequences: the one at index 1 has 0 residues"),
        (["MUV"], None, r"sequences: the one at index 0 has 'U' at position 2.*clean_sequence"),
        (["mkv"], None, "'m' at position 1"),
        (["MKV"], [3], r"masked_positions\[0\] is 3.*expected 0 to 2"),
        (["MKV"], [-1], r"masked_positions\[0\] is -1"),
        (["MKV"], [0, 1], "2 given for 1 sequences"),
    ],
)
def test_bad_requests_are_named(model, sequences, positions, found):
    with pytest.raises(InputError, match=found):
        model.log_probs(sequences, positions)


def test_too_long_a_sequence_is_refused(model):
    with pytest.raises(InputError, match=f"the model takes 1 to {model.max_length}"):
        model.log_probs(["A" * (model.max_length + 1)])
