"""The Hugging Face backend against the library itself, one sequence at a time."""

import numpy as np
import pytest
import torch
from tiny_models import save_tiny_esm

from seqgen.errors import ModelError
from seqgen.models.encoding import length_batches
from seqgen.models.registry import load_model
from seqgen.schemas import AMINO_ACIDS

SEQUENCE = "MKVLAWDEXRHGFPSTQNYCIMKV"


@pytest.fixture(scope="module", params=["rotary", "absolute"])
def folder(request, tmp_path_factory):
    return save_tiny_esm(tmp_path_factory.mktemp("esm"), position=request.param, seed=7)


@pytest.fixture(scope="module")
def library(folder):
    """The plain way: the library's tokenizer and eager attention, nothing batched."""
    from transformers import AutoTokenizer, EsmForMaskedLM

    tokenizer = AutoTokenizer.from_pretrained(folder)
    network = EsmForMaskedLM.from_pretrained(folder, attn_implementation="eager").eval()
    columns = [tokenizer.convert_tokens_to_ids(residue) for residue in AMINO_ACIDS]

    def ask(sequence, hidden=None):
        ids = tokenizer(sequence, return_tensors="pt")["input_ids"]
        if hidden is not None:
            ids[0, hidden + 1] = tokenizer.mask_token_id  # token 0 is <cls>
        with torch.no_grad():
            output = network(ids, output_hidden_states=True)
        logits = output.logits[0, 1 : len(sequence) + 1].numpy()[:, columns]
        layer = output.hidden_states[-1][0, 1 : len(sequence) + 1].numpy()
        return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True)), layer

    return ask


def test_log_probs_equal_the_library_s(folder, library):
    model = load_model(str(folder))
    np.testing.assert_allclose(model.log_probs([SEQUENCE])[0], library(SEQUENCE)[0], atol=1e-4)


def test_masked_log_probs_equal_the_library_s_everywhere(folder, library):
    model = load_model(str(folder))
    places = list(range(len(SEQUENCE)))
    batched = model.log_probs([SEQUENCE] * len(SEQUENCE), places)
    for place in places:
        np.testing.assert_allclose(batched[place], library(SEQUENCE, place)[0], atol=1e-4)


def test_embeddings_equal_the_library_s_last_layer(folder, library):
    embedded = load_model(str(folder)).embed([SEQUENCE])[0]
    np.testing.assert_allclose(embedded, library(SEQUENCE)[1], atol=1e-4)


def test_residue_i_is_token_i_plus_1(folder, library):
    """Read one token early or late, the rows would be clearly others."""
    rows = load_model(str(folder)).log_probs([SEQUENCE])[0]
    right = library(SEQUENCE)[0]
    assert np.abs(rows[1:] - right[:-1]).max() > 0.1
    assert np.abs(rows[:-1] - right[1:]).max() > 0.1


def test_the_longest_sequence_still_runs(folder, library):
    model = load_model(str(folder))
    assert model.max_length == 62
    longest = "".join(AMINO_ACIDS[i % 20] for i in range(62))
    np.testing.assert_allclose(model.log_probs([longest])[0], library(longest)[0], atol=1e-4)


def test_small_batches_give_the_same(folder):
    model = load_model(str(folder))
    sequences = ["MKVLAWDE", "MKVLAWD", "MKV", "W" * 60, "C" * 57]
    wide = model.log_probs(sequences)
    model.batch_tokens = 1
    for one, other in zip(wide, model.log_probs(sequences), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)


def test_coarser_arithmetic_is_asked_for_by_name(folder):
    exact = load_model(str(folder)).log_probs([SEQUENCE])[0]
    coarse = load_model(str(folder), dtype="bfloat16").log_probs([SEQUENCE])[0]
    assert coarse.dtype == np.float32
    assert 0 < np.abs(exact - coarse).max() < 0.5


def test_numbers_too_large_for_float16_are_told(folder):
    model = load_model(str(folder), dtype="float16")
    assert np.isfinite(model.log_probs([SEQUENCE])[0]).all()
    model._network.esm.encoder.layer[0].intermediate.dense.weight.data.mul_(1e7)
    with pytest.raises(ModelError, match="too large for float16; load it with dtype='bfloat16'"):
        model.log_probs([SEQUENCE])


needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")


@needs_cuda
def test_a_gpu_gives_the_same(folder):
    there = load_model(str(folder), device="cuda", dtype="float32")
    here = load_model(str(folder), device="cpu")
    sequences = [SEQUENCE, SEQUENCE[:9], "MKV"]
    for hidden in (None, [[1], [2], None]):
        answers = zip(there.log_probs(sequences, hidden), here.log_probs(sequences, hidden),
                      strict=True)  # fmt: skip
        for one, other in answers:
            np.testing.assert_allclose(one, other, atol=1e-4)


@needs_cuda
def test_a_gpu_computes_in_float16_unless_told(folder):
    model = load_model(str(folder))
    assert (model.device, model.dtype) == ("cuda", "float16")
    exact = load_model(str(folder), device="cpu").log_probs([SEQUENCE])[0]
    np.testing.assert_allclose(model.log_probs([SEQUENCE])[0], exact, atol=0.02)


def test_length_batches_cover_all_once_within_budget():
    lengths = np.random.default_rng(0).integers(1, 900, 500)
    batches = list(length_batches(lengths, 2000))
    assert sorted(np.concatenate(batches)) == list(range(500))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * lengths[batch].max() <= 2000
        assert lengths[batch].min() >= 0.9 * lengths[batch].max()


def test_revision_is_the_hash_of_config_and_weights(tmp_path):
    import hashlib

    first = save_tiny_esm(tmp_path / "a", seed=1)
    second = save_tiny_esm(tmp_path / "b", seed=2)
    content = (first / "config.json").read_bytes() + (first / "model.safetensors").read_bytes()
    assert load_model(str(first)).revision == hashlib.sha256(content).hexdigest()
    assert load_model(str(first)).revision != load_model(str(second)).revision
