"""A transformer's compiled loops say what torch says, and torch does what they cannot."""

import copy

import numpy as np
import pytest
import tiny_models
import torch
from torch.nn import functional
from transformers import EsmConfig, EsmForMaskedLM

from seqgen.errors import MissingDependencyError
from seqgen.models import compiled
from seqgen.models.openvino_pass import OpenVinoPass
from seqgen.models.passes import EsmPass, LibraryPass
from seqgen.models.registry import load_model

pytestmark = pytest.mark.skipif(
    not compiled._built(), reason="the compiled loops were not built, or by an old compiler"
)
MASK = 32


@pytest.fixture(autouse=True)
def runs(monkeypatch):
    """Loops on any processor and of any size; how often they ran."""
    own, seen = compiled.run, []

    def run(*args, **options):
        seen.append(options)
        return own(*args, **options)

    monkeypatch.setattr(compiled, "run", run)
    monkeypatch.setattr(compiled, "_FEWEST_ROWS", 1)
    monkeypatch.setattr(compiled, "_VECTORS", torch.backends.cpu.get_cpu_capability())
    return seen


def network(head=16, heads=4, *, position="rotary", token_dropout=True, wide=None):
    torch.manual_seed(0)
    size = head * heads
    config = EsmConfig(
        vocab_size=33, hidden_size=size, num_hidden_layers=2, num_attention_heads=heads,
        intermediate_size=wide or 2 * size, mask_token_id=MASK, pad_token_id=1,
        max_position_embeddings=200, position_embedding_type=position,
        token_dropout=token_dropout, emb_layer_norm_before=position == "absolute",
        initializer_range=0.15,
    )  # fmt: skip
    found = EsmForMaskedLM(config).eval()
    for name, weights in found.named_parameters():  # biases and norms that are not 0 and 1
        if weights.ndim == 1:
            weights.data += 0.3 * torch.randn(weights.shape)
            assert name
    return found


def tokens(n=3, length=37):
    torch.manual_seed(length)
    found = torch.randint(4, 24, (n, length))
    found[torch.arange(n), torch.arange(n) % length] = MASK
    return found


def all_answers(one, asked):
    """Hidden rows, logits of all tokens and of one of each sequence."""
    n, length = asked.shape
    with torch.inference_mode():
        at = (torch.arange(n) * 7 + 2) % length
        return [one.hidden(asked, None), one.logits(asked, None), one.logits(asked, None, at)]


def assert_same(found, expected, atol=2e-5):
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, atol=atol, rtol=1e-4)


@pytest.mark.parametrize("position", ["rotary", "absolute"])
@pytest.mark.parametrize("head", [16, 24, 32, 64])
def test_loops_say_what_the_library_says(head, position, runs):
    """Of lengths about a tile's, a panel's and a block's."""
    inner = network(head, 2, position=position, token_dropout=head != 24)
    lean, plain = EsmPass(inner), LibraryPass(inner)
    for n, length in ((1, 2), (3, 15), (2, 16), (2, 17), (1, 97), (5, 53)):
        asked = tokens(n, length)
        assert_same(all_answers(lean, asked), all_answers(plain, asked))
    assert len(runs) == 6 * (3 + 3 + 4)


@pytest.mark.parametrize("whole_numbers", [False, True])
def test_sequences_with_more_and_fewer_hidden_tokens(whole_numbers, runs):
    """Their embeddings are scaled by how many are hidden: like tokens are not alike."""
    if whole_numbers and not compiled.fits(16, 16, whole_numbers=True):
        pytest.skip("the compiled loops in int16 are not for this processor")
    inner, asked = network(), tokens(3, 20)
    # What is normalised forgets its scale, but for what is added to its variance.
    inner.esm.encoder.layer[0].attention.LayerNorm.eps = 0.1
    asked[1, [1, 4, 9, 15]] = MASK
    asked[2, asked[2] == MASK] = 5
    found = all_answers(EsmPass(inner, whole_numbers=whole_numbers), asked)
    expected = all_answers(LibraryPass(inner), asked)
    assert_same(found, expected, 0.02 if whole_numbers else 2e-5)
    assert runs


@pytest.mark.parametrize(("head", "heads", "wide"), [(32, 10, 1296), (24, 14, 176), (16, 1, 16)])
def test_wide_and_narrow_layers(head, heads, wide, runs):
    """More columns than are summed at once, and not a whole number of times as many."""
    inner = network(head, heads, wide=wide)
    asked = tokens(2, 50)
    assert_same(all_answers(EsmPass(inner), asked), all_answers(LibraryPass(inner), asked), 1e-4)
    assert runs


def test_threads_share_the_work(runs):
    lean, asked = EsmPass(network()), tokens(4, 151)
    one = all_answers(lean, asked)
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        several = all_answers(lean, asked)
    finally:
        torch.set_num_threads(threads)
    for first, second in zip(one[:1], several[:1], strict=True):
        assert torch.equal(first, second)
    assert_same(several, one, 1e-6)


def plain_attention(joined, tables):
    """In double precision."""
    joined = joined.double()
    length, width = joined.shape[1], joined.shape[-1]
    if tables is not None:
        cos, sin = (one[:length, None, None].double() for one in tables)
        first, second = joined[:, :, :2, :, : width // 2], joined[:, :, :2, :, width // 2 :]
        turned = torch.cat([first * cos - second * sin, second * cos + first * sin], dim=-1)
        joined = torch.cat([turned, joined[:, :, 2:]], dim=2)
    query, key, value = (joined[:, :, part].transpose(1, 2) for part in range(3))
    mixed = functional.scaled_dot_product_attention(query, key, value)
    return mixed.transpose(1, 2).flatten(2)


@pytest.mark.parametrize("head", [16, 24, 32, 64])
@pytest.mark.parametrize("turned", [True, False])
def test_attention(head, turned):
    torch.manual_seed(1)
    joined = torch.randn(2, 45, 3, 3, head)
    angles = torch.rand(60, head // 2) * 6
    tables = (angles.cos(), angles.sin()) if turned else None
    expected = plain_attention(joined, tables)
    found = compiled.attend(joined, tables, None)
    torch.testing.assert_close(found.double(), expected, atol=3e-6, rtol=1e-5)
    at = torch.tensor([44, 3])
    some = compiled.attend(joined, tables, at)
    assert some.shape == (2, 1, 3 * head)
    torch.testing.assert_close(some, found[torch.arange(2), at][:, None], atol=3e-6, rtol=1e-5)


@pytest.mark.parametrize("size", [30.0, 300.0, 3000.0])
def test_attention_of_keys_far_longer_than_their_scores(size):
    """One key is as long as can be and at right angles to all queries."""
    torch.manual_seed(2)
    joined = torch.randn(1, 33, 3, 2, 16)
    joined[:, :, 0, :, 0] = 0
    joined[:, 5, 1] = 0
    joined[:, 5, 1, :, 0] = size
    expected = plain_attention(joined, None)
    found = compiled.attend(joined, None, None)
    torch.testing.assert_close(found.double(), expected, atol=3e-6, rtol=1e-5)


@pytest.mark.parametrize("size", [20.0, 1e4])
def test_attention_of_scores_far_apart(size):
    torch.manual_seed(3)
    joined = torch.randn(1, 33, 3, 2, 16)
    joined[:, :, :2] *= size
    expected = plain_attention(joined, None)
    found = compiled.attend(joined, None, None)
    # Of scores as large as 1e8 float32 keeps no decimals: the largest takes all.
    torch.testing.assert_close(found.double(), expected, atol=3e-3 if size < 1e3 else 1e-5, rtol=0)


def test_gelu_of_small_and_large_numbers():
    """Through a layer that adds gelu of each number to nothing."""
    inner = network(16, 1, wide=16)
    layer = inner.esm.encoder.layer[0]
    with torch.no_grad():
        layer.attention.output.dense.weight.zero_()
        layer.attention.output.dense.bias.zero_()
        layer.output.dense.weight.copy_(torch.eye(16))
        layer.output.dense.bias.zero_()
        layer.intermediate.dense.weight.zero_()
        layer.LayerNorm.weight.fill_(1.0)
        for middle in (0.0, -1e-3, 0.3, -2.0, 4.0, -5.5, 5.7, -30.0, 30.0, 1e10, -1e10, 1e30):
            bias = middle + torch.linspace(-0.3, 0.3, 16)
            layer.intermediate.dense.bias.copy_(bias)
            hidden = torch.zeros(1, 7, 16)
            with torch.inference_mode():
                compiled.run(hidden, compiled.Panels(), layer=layer, mixed=torch.zeros(1, 7, 16))
            expected = functional.gelu(bias.double()).expand(1, 7, 16)
            torch.testing.assert_close(hidden.double(), expected, atol=1e-6, rtol=1e-6)


def missing(**_options):
    raise MissingDependencyError("seqgen's compiled part was not built")


@pytest.mark.parametrize("reason", ["not built", "other processor", "head of 8"])
def test_torch_does_what_the_loops_cannot(reason, runs, monkeypatch):
    if reason == "not built":
        monkeypatch.setattr(compiled, "transformer_kernels", missing)
        monkeypatch.setattr(compiled, "_built", compiled._built.__wrapped__)
    elif reason == "other processor":
        monkeypatch.setattr(compiled, "_VECTORS", "none")
    inner = network(8 if reason == "head of 8" else 16)
    asked = tokens()
    assert_same(all_answers(EsmPass(inner), asked), all_answers(LibraryPass(inner), asked))
    assert not runs


def test_gradients_and_low_precision_are_torch_s(runs):
    lean, asked = EsmPass(network()), tokens()
    assert lean.hidden(asked, None).requires_grad
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
        low = lean.hidden(asked, None)
    assert not runs
    with torch.inference_mode():
        torch.testing.assert_close(low.float(), lean.hidden(asked, None), atol=0.3, rtol=0.1)
    assert runs


def test_padded_batches_and_tokens_past_the_last_place_are_torch_s(runs):
    lean = EsmPass(network())
    asked = tokens()
    with torch.inference_mode():
        masked = lean.hidden(asked, torch.ones_like(asked))
        assert not runs
        torch.testing.assert_close(masked, lean.hidden(asked, None), atol=2e-5, rtol=1e-4)
        runs.clear()
        with pytest.raises(RuntimeError, match="must match"):
            lean.hidden(tokens(1, 201), None)
    assert not runs


def test_openvino_records_torch_s_operations(runs):
    pytest.importorskip("openvino", reason="OpenVINO is not installed: pip install openvino")
    lean = EsmPass(network())
    graph = OpenVinoPass(lean, name="tiny", dtype="float32", causal=False)
    asked = tokens()
    found = graph.logits(asked, None)
    assert not runs
    with torch.inference_mode():
        torch.testing.assert_close(found, lean.logits(asked, None), atol=1e-4, rtol=1e-4)
    assert runs


@pytest.mark.parametrize("how", ["in place", "replaced", "copied"])
def test_weights_that_change_are_seen(how):
    inner = network()
    lean, asked = EsmPass(inner), tokens()
    before = all_answers(lean, asked)
    if how == "copied":
        lean = copy.deepcopy(lean)
        inner = lean.network
    parts = inner.esm.encoder.layer[0].attention.self
    for weights in (parts.key.weight, inner.esm.encoder.layer[1].output.dense.weight):
        if how == "replaced":
            weights.data = weights.data * 2
        else:
            with torch.no_grad():
                weights.mul_(2)
    after = all_answers(lean, asked)
    assert (after[0] - before[0]).abs().max() > 0.1
    assert_same(after, all_answers(LibraryPass(inner), asked), 1e-4)


def test_a_large_network_s_weights_have_no_second_copy(monkeypatch):
    monkeypatch.setattr(compiled, "_MOST_KEPT", 80_000)
    lean, asked = EsmPass(network()), tokens()
    found = all_answers(lean, asked)
    kept = sum(one.size for _, one, _ in lean.panels._kept.values())
    assert 0 < kept <= 80_000
    assert_same(found, all_answers(LibraryPass(lean.network), asked))


@pytest.mark.parametrize("token_dropout", [True, False])
def test_a_model_s_answers(tmp_path, token_dropout, runs):
    folder = str(tiny_models.save_tiny_esm(tmp_path, width=64, token_dropout=token_dropout))
    lean, plain = (load_model(folder, dtype="float32") for _ in range(2))
    plain._pass = LibraryPass(plain._network)
    texts = ["MKVLAWDEXRHGFPSTQNYCIMKV"] * 3 + ["MKVLAWDE", "CYNQ"]
    places = [0, 23, 8, 7, 1]
    for one, other in (
        (lean.log_probs(texts), plain.log_probs(texts)),
        (lean.log_probs(texts, places), plain.log_probs(texts, places)),
        (lean.log_probs_at(texts, places, [[place] for place in places]),
         plain.log_probs_at(texts, places, [[place] for place in places])),
        (lean.embed(texts), plain.embed(texts)),
    ):  # fmt: skip
        for mine, theirs in zip(one, other, strict=True):
            np.testing.assert_allclose(mine, theirs, atol=1e-5)
    assert runs
