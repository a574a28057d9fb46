"""Causal models: equal to the library's, blind to what follows, and refused where unfit."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from tiny_models import save_tiny_esm, save_tiny_gpt2
from transformers import AutoTokenizer, GPT2LMHeadModel

from seqgen.couplings.attention import attention_contacts, attention_features
from seqgen.couplings.jacobian import categorical_jacobian, residue_effects
from seqgen.errors import InputError, ModelError
from seqgen.models.causal import CausalProteinModel
from seqgen.models.huggingface import MaskedProteinModel
from seqgen.models.registry import load_model
from seqgen.schemas import AMINO_ACIDS
from seqgen.scores import score_variants

SEQUENCE = "MKVLAWDEXRHGFPSTQNYCIMKV"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_tiny_gpt2(tmp_path_factory.mktemp("gpt2"))


@pytest.fixture(scope="module")
def model(folder):
    return load_model(str(folder))


def library(folder, sequence, start):
    """Log probabilities and last layer the plain way, one sequence at a time."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    ids = torch.tensor([tokenizer.convert_tokens_to_ids([*([start] if start else []), *sequence])])
    columns = tokenizer.convert_tokens_to_ids(list(AMINO_ACIDS))
    network = GPT2LMHeadModel.from_pretrained(folder, attn_implementation="eager").eval()
    with torch.no_grad():
        output = network(ids, output_hidden_states=True)
    first = 1 if start else 0
    return (
        output.logits[0][:, columns].log_softmax(dim=-1).numpy(),
        output.hidden_states[-1][0, first:].numpy(),
    )


def test_rows_are_those_of_the_token_before(folder, model):
    rows, hidden = library(folder, SEQUENCE, "<s>")
    np.testing.assert_allclose(model.log_probs([SEQUENCE])[0], rows[:-1], atol=1e-4)
    np.testing.assert_allclose(model.embed([SEQUENCE])[0], hidden, atol=1e-4)
    assert model.causal is True
    assert isinstance(model, CausalProteinModel)


def test_what_follows_changes_nothing(model):
    sequence, at = "MKVLAWDERHGF", 5
    changed = sequence[:at] + "C" + sequence[at + 1 :]
    before, after = model.log_probs([sequence, changed])
    np.testing.assert_allclose(after[: at + 1], before[: at + 1], atol=1e-5)
    assert (np.abs(after - before).max(axis=1)[at + 1 :] > 0.01).all()


@pytest.mark.parametrize(
    ("options", "start"),
    [
        ({"start": "<s>", "added": True}, "<s>"),
        ({"start": "<s>"}, "<s>"),
        ({"start": None}, None),
    ],
)
def test_the_first_residue_follows_the_start_token(tmp_path, options, start):
    folder = save_tiny_gpt2(tmp_path / "model", **options)
    model = load_model(str(folder))
    rows, found = library(folder, SEQUENCE, start)[0][:-1], model.log_probs([SEQUENCE])[0]
    assert model.has_start is (start is not None)
    assert model.max_length == 62 + (start is None)
    assert model.log_probs(["A" * model.max_length])[0].shape == (model.max_length, 20)
    if start is None:  # which nothing is said of
        np.testing.assert_allclose(found[0], -np.log(20), atol=1e-6)
        found = found[1:]
    np.testing.assert_allclose(found, rows, atol=1e-4)


def test_numbered_ends_are_read_forwards(tmp_path):
    """As in ProGen2, whose declared start token was never trained."""
    folder = save_tiny_gpt2(tmp_path / "model", more=("1", "2"))
    found = load_model(str(folder)).log_probs([SEQUENCE])[0]
    np.testing.assert_allclose(found, library(folder, SEQUENCE, "1")[0][:-1], atol=1e-4)


def test_unfit_tokenizers_are_refused(tmp_path):
    merged = save_tiny_gpt2(tmp_path / "merged", merges=(("L", "L"),))
    with pytest.raises(ModelError, match="of 24 tokens, does not give one token to each residue"):
        load_model(str(merged))
    # Residues written apart are not merged, but the model was trained on those written together.
    apart = save_tiny_gpt2(tmp_path / "apart", merges=(("L", "L"),), spaced=True)
    with pytest.raises(ModelError, match="does not give one token to each residue"):
        load_model(str(apart))
    few = save_tiny_gpt2(tmp_path / "few", residues="ACDEFG")
    with pytest.raises(ModelError, match="does not give one token to each residue"):
        load_model(str(few))
    without = load_model(str(save_tiny_gpt2(tmp_path / "without", unknown=None)))
    assert without.log_probs(["MKV"])[0].shape == (3, 20)
    with pytest.raises(InputError, match=r"sequences\[1\] has 'X' at position 2; .*no token"):
        without.log_probs(["MKV", "MXV"])


def edit(folder, **changes):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_model_that_looks_ahead_is_refused(tmp_path):
    """A BERT saved under a causal name reads both sides unless its config says otherwise."""
    from transformers import BertConfig, BertLMHeadModel

    folder = save_tiny_gpt2(tmp_path / "model")
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=23, hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
        intermediate_size=64, initializer_range=0.25, is_decoder=True,
    )  # fmt: skip
    BertLMHeadModel(config).save_pretrained(folder)
    assert load_model(str(folder)).causal
    edit(folder, is_decoder=False)
    with pytest.raises(ModelError, match="what comes later changes its probabilities"):
        load_model(str(folder))


def test_each_kind_is_loaded_as_itself(tmp_path, folder):
    with pytest.raises(ModelError, match="a causal language model; expected a masked one"):
        MaskedProteinModel.from_folder(folder, name="x")
    masked = save_tiny_esm(tmp_path / "esm")
    with pytest.raises(ModelError, match="a masked language model; expected a causal one"):
        CausalProteinModel.from_folder(masked, name="x")


def test_safety_is_that_of_masked_models(tmp_path):
    folder = save_tiny_gpt2(tmp_path / "model")
    edit(folder, auto_map={"AutoModelForCausalLM": "own.Own"})
    with pytest.raises(ModelError, match="pass trust_remote_code=True"):
        load_model(str(folder))
    folder = save_tiny_gpt2(tmp_path / "pickle")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match=r"refused.*AutoModelForCausalLM"):
        load_model(str(folder))


def test_variants_are_scored_by_wild_type_marginals_alone(model):
    sequence = "MKVLAWDERHGF"
    variants = pd.DataFrame({"uniprot": ["P1"], "position": [6], "ref_aa": ["W"], "alt_aa": ["C"]})
    scores, _ = score_variants(variants, {"P1": sequence}, model, methods=["wild-type-marginal"])
    row = model.log_probs([sequence])[0][5]
    expected = row[AMINO_ACIDS.index("C")] - row[AMINO_ACIDS.index("W")]
    assert scores["log_lik_ratio"].iloc[0] == pytest.approx(expected, abs=1e-4)
    with pytest.raises(InputError, match="cannot hide a position"):
        score_variants(variants, {"P1": sequence}, model, methods=["masked-marginal"])


def test_jacobian_takes_the_later_half_whole(model):
    """Only later places answer; each pair's matrix is that answer, not half of it."""
    sequence, i, j = "MKVLAWDE", 2, 6
    answers = np.stack([
        model.log_probs([sequence[:i] + residue + sequence[i + 1 :]])[0][j]
        for residue in AMINO_ACIDS
    ])  # fmt: skip
    answers = answers - answers.mean(axis=1, keepdims=True)
    answers -= answers.mean(axis=0)
    found = categorical_jacobian(model, sequence)
    assert found.diagnostics["causal"] is True
    assert found.raw[i, j] == pytest.approx(np.linalg.norm(answers), rel=1e-4)
    np.testing.assert_array_equal(found.raw, found.raw.T)
    np.testing.assert_allclose(residue_effects(model, sequence)[i, :, j], answers, atol=1e-4)
    with pytest.raises(InputError, match="cannot hide a position"):
        categorical_jacobian(model, sequence, method="masked")


def test_attention_maps_are_there_and_a_contact_head_is_not(model):
    assert attention_features(model, "MKVLAWDE").shape == (8, 8, 8)
    with pytest.raises(ModelError, match="no contact head; use a model that has one"):
        attention_contacts(model, "MKVLAWDE")
