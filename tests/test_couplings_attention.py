"""Attention contacts: equal to transformers' own head, refused where untrained, and refitted."""

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_models import save_tiny_esm
from transformers import EsmForMaskedLM

from seqgen.couplings.attention import (
    AttentionContacts,
    attention_contacts,
    attention_features,
    fit_attention_contacts,
)
from seqgen.errors import InputError, MissingFileError, ModelError
from seqgen.io.attention_contacts import read_attention_contacts, write_attention_contacts
from seqgen.models.attention import attention_maps
from seqgen.models.registry import load_model
from seqgen.schemas import AMINO_ACIDS

HEAD = "esm.contact_head.regression."


def protein(length, seed=0):
    return "".join(np.random.default_rng(seed).choice(list(AMINO_ACIDS), length))


def with_head(folder, head):
    """The checkpoint with its contact head's weights replaced, or taken out."""
    save_tiny_esm(folder)
    weights = load_file(folder / "model.safetensors")
    weights = {key: value for key, value in weights.items() if not key.startswith(HEAD)}
    save_file(weights | head, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    torch.manual_seed(3)
    head = {HEAD + "weight": 4 * torch.randn(1, 8), HEAD + "bias": torch.tensor([-1.5])}
    return with_head(tmp_path_factory.mktemp("trained"), head)


@pytest.fixture(scope="module")
def model(trained):
    return load_model(str(trained))


def test_agrees_with_the_library_s_own_head(trained, model):
    sequence = protein(25)
    network = EsmForMaskedLM.from_pretrained(trained, attn_implementation="eager").eval()
    tokens = torch.from_numpy(model._encoding.encode([sequence], [None]))
    with torch.inference_mode():
        expected = network.predict_contacts(tokens, torch.ones_like(tokens))[0].numpy()
    found = attention_contacts(model, sequence, name="P1", start=3)
    off = ~np.eye(25, dtype=bool)
    np.testing.assert_allclose(found.probability[off], expected[off], atol=1e-5)
    assert expected[off].std() > 0.05
    assert found.method == "attention"
    assert found.rows.positions[0] == 3
    np.testing.assert_array_equal(found.scores, found.scores.T)


def test_maps_leave_the_model_as_it_was(model):
    sequence = protein(20)
    before = model.log_probs([sequence])[0]
    maps = attention_maps(model, sequence)
    assert maps.shape == (8, 20, 20)
    assert (maps > 0).all()
    assert (maps.sum(axis=2) < 1).all()  # the rest went to the special tokens
    assert model._network.config._attn_implementation == "sdpa"
    np.testing.assert_array_equal(model.log_probs([sequence])[0], before)


def test_a_head_that_was_not_trained_is_refused(tmp_path):
    absent = load_model(str(with_head(tmp_path / "absent", {})))
    with pytest.raises(ModelError, match=r"lacks the contact head's weights; .*fit_attention"):
        attention_contacts(absent, "MKVLAG")
    fresh = load_model(str(save_tiny_esm(tmp_path / "fresh")))
    with pytest.raises(ModelError, match="never trained"):
        attention_contacts(fresh, "MKVLAG")
    with pytest.raises(InputError, match="no attention maps"):
        attention_maps(load_model("blosum62"), "MKVLAG")
    assert attention_maps(absent, "MKVLAG").shape == (8, 6, 6)


def examples(model, seeds, truth):
    """Contacts that follow from the attention itself, with some noise."""
    for seed in seeds:
        sequence = protein(40, seed)
        logits = np.tensordot(truth, attention_features(model, sequence), axes=1)
        cut = np.quantile(logits[np.triu_indices(40, 6)], 0.9)
        noise = np.random.default_rng(seed).normal(0, 0.1 * logits.std(), logits.shape)
        yield sequence, np.where(logits + noise + noise.T > cut, 5.0, 12.0)


@pytest.mark.parametrize("penalty", ["l1", "l2"])
def test_a_regression_finds_contacts_it_has_not_seen(model, penalty, tmp_path):
    truth = np.array([0, 0, 6.0, 0, 0, -4.0, 0, 0])
    fit = fit_attention_contacts(model, list(examples(model, range(4), truth)), penalty=penalty)
    (sequence, distances), = examples(model, [9], truth)  # fmt: skip
    found = fit.predict(model, sequence)
    i, j = np.triu_indices(40, 6)
    order = np.argsort(-found.scores[i, j])[:40]
    assert (distances[i, j][order] < 8).mean() > 0.8
    assert 0.07 < found.probability[i, j].mean() < 0.2
    path = write_attention_contacts(fit.to_dict(), tmp_path / "fit.json")
    kept = AttentionContacts.from_dict(read_attention_contacts(path))
    assert kept.settings == fit.settings
    again = kept.predict(model, sequence)
    np.testing.assert_array_equal(again.scores, found.scores)


def test_optimum_satisfies_the_conditions_of_the_penalty(model):
    """Under l1 the slope is the strength where a coefficient is not zero, and below elsewhere."""
    truth = np.array([0, 0, 6.0, 0, 0, -4.0, 0, 0])
    known = list(examples(model, range(3), truth))
    fit = fit_attention_contacts(model, known, strength=30.0)
    i, j = np.triu_indices(40, 6)
    features = np.concatenate([attention_features(model, s)[:, i, j].T for s, _ in known])
    contact = np.concatenate([d[i, j] < 8 for _, d in known])
    chance = 1 / (1 + np.exp(-(features.astype(float) @ fit.coefficients + fit.intercept)))
    scaled = features.astype(float) / features.astype(float).std(axis=0)
    slope = scaled.T @ (contact - chance) - scaled.mean(axis=0) * (contact - chance).sum()
    kept = np.abs(fit.coefficients) > 1e-9
    assert 0 < kept.sum() < 8
    np.testing.assert_allclose(slope[kept], 30 * np.sign(fit.coefficients[kept]), rtol=0.02)
    assert (np.abs(slope[~kept]) < 30.6).all()
    assert abs((contact - chance).sum()) < 0.5


def test_dna_has_no_contacts(model):
    head = AttentionContacts(np.zeros(8), 0.0, model.revision, {})
    with pytest.raises(InputError, match="sequence: the sequence holds A, C, G, T, U and N alone"):
        head.predict(model, "ATG" * 10)


def test_bad_fits_are_named(model, tmp_path):
    sequence, near = protein(20), np.full((20, 20), 5.0)
    for bad, options, found in (
        ([], {}, "examples is empty"),
        ([(sequence, near[:9])], {}, r"examples\[0\]: distances have shape \(9, 20\)"),
        ([(sequence, near)], {}, "expected both contacts and others"),
        ([(sequence, near)], {"penalty": "l3"}, "expected l1 or l2"),
        ([(sequence, near)], {"strength": -1.0}, "strength is -1.0"),
        ([(sequence, near)], {"min_separation": 0}, "min_separation is 0"),
    ):
        with pytest.raises(InputError, match=found):
            fit_attention_contacts(model, bad, **options)
    (tmp_path / "x.json").write_text('{"format": "other"}')
    with pytest.raises(InputError, match="not readable as attention contacts"):
        read_attention_contacts(tmp_path / "x.json")
    (tmp_path / "x.json").write_text("{")
    with pytest.raises(InputError, match="not readable as JSON"):
        read_attention_contacts(tmp_path / "x.json")
    with pytest.raises(MissingFileError):
        read_attention_contacts(tmp_path / "none.json")
    with pytest.raises(InputError, match="told has the format None"):
        write_attention_contacts({}, tmp_path / "x.json")
    good = AttentionContacts(np.zeros(8), 0.0, "f" * 64, {}).to_dict()
    for wrong in (
        {"format": "seqgen attention contacts 9"},
        {"coefficients": "x"},
        {"coefficients": [np.nan]},
    ):
        with pytest.raises(InputError, match="not attention contacts"):
            AttentionContacts.from_dict(good | wrong)
    other = AttentionContacts(np.zeros(8), 0.0, "f" * 64, {})
    with pytest.raises(InputError, match="pass that model, or fit anew"):
        other.predict(model, sequence)
