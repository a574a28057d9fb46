"""A transformer's blocks in whole numbers of 16 bits: near float32, and the same in any company."""

import numpy as np
import pytest
import tiny_models
import torch
from scipy.stats import spearmanr
from test_models_compiled import all_answers, network, plain_attention, tokens

from seqgen import human_proteins
from seqgen.errors import InputError
from seqgen.models import compiled
from seqgen.models.passes import EsmPass, LibraryPass
from seqgen.models.registry import load_model

# The processor has to have what the loops are made of, so its name is not changed here.
pytestmark = pytest.mark.skipif(
    not compiled.fits(16, 16, whole_numbers=True),
    reason="the compiled loops in int16 were not built by GCC 12, or are not for this processor",
)
# Of a product's size: numbers are rounded to one part in some 2,000 of a row's typical ones.
ROUNDING = 4e-4


def whole(inner):
    return EsmPass(inner, whole_numbers=True)


@pytest.mark.parametrize("position", ["rotary", "absolute"])
@pytest.mark.parametrize("head", [16, 24, 32, 64])
def test_near_what_the_library_says(head, position):
    """Of lengths about a tile's, a panel's and a block's; not the same, or nothing was tested."""
    inner = network(head, 2, position=position, token_dropout=head != 24)
    for n, length in ((1, 2), (3, 15), (2, 16), (2, 17), (1, 97), (5, 53), (1, 150)):
        asked = tokens(n, length)
        found, exact = (all_answers(one, asked) for one in (whole(inner), LibraryPass(inner)))
        for one, other in zip(found, exact, strict=True):
            off = (one - other).abs()
            assert 0 < off.max() < 0.01 * other.std()
            assert off.square().mean().sqrt() < 0.002 * other.std()


@pytest.mark.parametrize(("head", "heads", "wide"), [(32, 10, 1296), (24, 14, 176), (16, 1, 16)])
def test_wide_and_narrow_layers(head, heads, wide):
    """More columns than are summed at once, and not a whole number of times as many."""
    inner, asked = network(head, heads, wide=wide), tokens(2, 50)
    found, exact = (all_answers(one, asked) for one in (whole(inner), LibraryPass(inner)))
    for one, other in zip(found, exact, strict=True):
        assert (one - other).abs().max() < 0.01 * other.std()


@pytest.mark.parametrize("head", [16, 24, 32, 64])
@pytest.mark.parametrize("turned", [True, False])
def test_attention(head, turned):
    torch.manual_seed(1)
    for length in (1, 7, 8, 45, 96, 401):
        joined = torch.randn(2, length, 3, 3, head)
        angles = torch.rand(length, head // 2) * 6
        tables = (angles.cos(), angles.sin()) if turned else None
        expected = plain_attention(joined, tables)
        found = compiled.attend(joined, tables, None, whole_numbers=True)
        torch.testing.assert_close(found.double(), expected, atol=4 * ROUNDING, rtol=0)
        at = torch.tensor([length - 1, length // 2])
        some = compiled.attend(joined, tables, at, whole_numbers=True)
        assert torch.equal(some, found[torch.arange(2), at][:, None])


@pytest.mark.parametrize("size", [0.0, 1e-20, 1e-3, 30.0, 3000.0, 1e9])
def test_attention_of_any_size(size):
    """One key far longer than the rest, queries at right angles to it."""
    torch.manual_seed(2)
    joined = torch.randn(1, 33, 3, 2, 16)
    joined[:, :, 0, :, 0] = 0
    joined[:, 5, 1] = 0
    joined[:, 5, 1, :, 0] = size
    joined[:, :, 2, :, 3] *= size
    expected = plain_attention(joined, None)
    found = compiled.attend(joined, None, None, whole_numbers=True).double()
    assert found.isfinite().all()
    if size < 100:  # beyond, the other keys' numbers are too short to count beside it
        torch.testing.assert_close(found, expected, atol=0.01 * max(size, 1), rtol=0)


def test_scores_far_apart_take_the_largest():
    torch.manual_seed(3)
    joined = torch.randn(1, 33, 3, 2, 16)
    joined[:, :, :2] *= 1e4
    expected = plain_attention(joined, None)
    found = compiled.attend(joined, None, None, whole_numbers=True)
    torch.testing.assert_close(found.double(), expected, atol=ROUNDING, rtol=0)


def product(left, weight, bias=None):
    """Rows through the first layer's wide step alone: queries of what is normalised."""
    rows, width = left.shape
    norm = torch.nn.LayerNorm(width)
    out = len(weight)
    joined = torch.full((rows, out), torch.nan)
    bias = torch.zeros(out) if bias is None else bias
    heads = compiled.Heads(norm, [weight], bias, joined)
    with torch.inference_mode():
        compiled.run(left.clone(), compiled.Panels(whole_numbers=True), heads=heads)
        return joined, norm(left).double() @ weight.double().T + bias


@pytest.mark.parametrize("width", [16, 304, 320, 336, 640, 1280])
@pytest.mark.parametrize("alike", ["rows", "first", "signs"])
def test_no_sum_is_too_large(width, alike):
    """Weights along the rows themselves, where sums are as large as they can be."""
    torch.manual_seed(4)
    left = torch.randn(32, width)
    if alike == "first":
        left[:, 0] = 1e4
    elif alike == "signs":
        left = left.sign()
    weight = torch.nn.functional.layer_norm(left, (width,)) * 1e3
    found, expected = product(left, weight)
    sizes = weight.norm(dim=1).max() * width**0.5
    assert (found - expected).abs().max() < ROUNDING * sizes
    assert found.diagonal().min() > 0.9 * expected.diagonal().min() > 0


def test_rows_and_columns_of_noughts():
    torch.manual_seed(5)
    weight, left = torch.randn(32, 48), torch.randn(7, 48)
    weight[3] = 0
    left[2] = 5.0  # nothing is left of it when it is normalised
    bias = torch.randn(32)
    found, expected = product(left, weight, bias)
    assert torch.equal(found[:, 3], bias[3].expand(7))
    assert torch.equal(found[2], bias)
    torch.testing.assert_close(found.double(), expected, atol=0.02, rtol=0)


@pytest.mark.parametrize("bad", [torch.nan, torch.inf])
def test_damaged_weights_are_not_hidden(bad):
    weight = torch.randn(32, 48)
    weight[3, 7] = bad
    found, _ = product(torch.randn(7, 48), weight)
    assert not found[:, 3].isfinite().any()
    assert found[:, 4:].isfinite().all()


@pytest.mark.parametrize("part", [0, 1, 2])
@pytest.mark.parametrize("bad", [torch.nan, torch.inf])
def test_damage_goes_through_attention(part, bad):
    joined = torch.randn(1, 20, 3, 1, 16)
    joined[0, 7, part, 0, 3] = bad
    found = compiled.attend(joined, None, None, whole_numbers=True)
    seen = found[0, 7] if part == 0 else found[0, :, 3]  # a query's row, a value's column
    assert not seen.isfinite().any()


def test_answers_do_not_depend_on_company_or_threads(tmp_path):
    folder = str(tiny_models.save_tiny_esm(tmp_path, width=64))
    model = load_model(folder)
    assert model.dtype == "int16"
    texts = ["MKVLAWDEXRHGFPSTQNYCIMKV", "MKVLAWDE", "CYNQ", "MKVLAWDY"]
    alone = [model.log_probs([text])[0] for text in texts]
    threads = torch.get_num_threads()
    try:
        for count in (1, 3):
            torch.set_num_threads(count)
            for one, other in zip(alone, model.log_probs(texts), strict=True):
                np.testing.assert_allclose(one, other, atol=2e-6)
    finally:
        torch.set_num_threads(threads)
    at = model.log_probs_at(texts, None, [[2]] * 4)
    for one, other in zip(alone, at, strict=True):
        np.testing.assert_allclose(one[[2]], other, atol=2e-6)


def test_the_bundled_model_s_ratios():
    whole_numbers, exact = load_model("default"), load_model("default", dtype="float32")
    assert (whole_numbers.dtype, exact.dtype) == ("int16", "float32")
    proteins = human_proteins()["sequence"]
    texts = [text[:300] for text in proteins.iloc[[0, 200, 4000]]]
    places = [1, 100, 20]
    for masked in (None, places):
        one, other = (
            np.concatenate(model.log_probs(texts, masked)) for model in (whole_numbers, exact)
        )
        one, other = one - one[:, :1], other - other[:, :1]
        off = np.abs(one - other)
        assert 0 < off.max() < 0.02
        assert np.sqrt(np.mean(off**2)) < 1e-3
        assert spearmanr(one.ravel(), other.ravel())[0] > 0.99999


def test_what_int16_cannot_compute_is_refused_or_left_to_float32(tmp_path, monkeypatch):
    folder = str(tiny_models.save_tiny_esm(tmp_path / "narrow"))  # heads of 8
    assert load_model(folder).dtype == "float32"
    with pytest.raises(InputError, match="heads of 16, 24, 32 or 64 numbers"):
        load_model(folder, dtype="int16")
    with pytest.raises(InputError, match="runtime='openvino' does not compute in"):
        load_model(folder, dtype="int16", runtime="openvino")
    monkeypatch.setattr(compiled, "_VECTORS", "none")
    assert load_model("default").dtype == "float32"
    with pytest.raises(InputError, match="a processor with AVX2"):
        load_model("default", dtype="int16")
