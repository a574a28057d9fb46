"""What runs a network: torch as the library does it, torch lean, OpenVINO; all say the same."""

import sys

import numpy as np
import pytest
import tiny_models
import torch

from seqgen.errors import InputError, MissingDependencyError, ModelError
from seqgen.models.encoding import length_batches
from seqgen.models.ensemble import EnsembleModel
from seqgen.models.openvino_pass import OpenVinoPass, _core, openvino_dtype
from seqgen.models.passes import EsmPass, LibraryPass
from seqgen.models.registry import load_model
from seqgen.schemas import AMINO_ACIDS
from seqgen.scores import score_variants

PROTEINS = ["MKVLAWDEXRHGFPSTQNYCIMKV", "MKVLAWDEXRHGFPSTQNYCIMK", "MKVLAWDE", "CYNQ"]
BASES = ["ACGTTGCAAGTCCATGACGTTACG", "ACGTTGCAAGTCCATGACGTTAC", "ACNTTGCA", "TTGC"]
FAMILIES = {
    "esm-rotary": (tiny_models.save_tiny_esm, {}),
    "esm-absolute": (tiny_models.save_tiny_esm, {"position": "absolute"}),
    "esm-c": (tiny_models.save_tiny_esmc, {}),
    "protbert": (tiny_models.save_tiny_protbert, {}),
    "gpt2": (tiny_models.save_tiny_gpt2, {}),
    "prot-t5": (tiny_models.save_tiny_prot_t5, {}),
    "gpn": (tiny_models.save_tiny_gpn, {}),
    "nucleotide-transformer": (tiny_models.save_tiny_nucleotide_transformer, {}),
    "dnabert-2": (tiny_models.save_tiny_dnabert2, {}),
    "dnabert-2-causal": (tiny_models.save_tiny_dnabert2, {"causal": True}),
}


# Two graphs of a model take a second to compile, so most tests share one model of each runtime.
@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(tiny_models.save_tiny_esm(tmp_path_factory.mktemp("esm")))


@pytest.fixture(scope="module")
def esm(folder):
    return load_model(folder)


@pytest.fixture(scope="module")
def esm_openvino(folder):
    return openvino(folder)


def openvino(folder):
    pytest.importorskip("openvino", reason="OpenVINO is not installed: pip install openvino")
    return load_model(folder, runtime="openvino", dtype="float32")


@pytest.fixture(params=["torch", "openvino"])
def runtime(request):
    return request.getfixturevalue("esm" if request.param == "torch" else "esm_openvino")


def texts_for(model):
    return PROTEINS if len(model.alphabet) == 20 else BASES


def answers(model):
    """All that a model says of some sequences but its inner layers, as flat numbers."""
    texts = texts_for(model)
    if model.kind == "encoder":
        found = model.embed(texts)
    elif getattr(model._encoding, "kind", "") == "byte-pair":
        found = [model.log_likelihoods(texts, [(1, 4)] * len(texts))]
    else:
        found = model.log_probs(texts, [1, None, (0, 2), None] if model.masked else None)
    return np.concatenate([np.ravel(one) for one in found])


@pytest.mark.parametrize("family", FAMILIES)
def test_openvino_says_what_torch_says(family, tmp_path):
    save, options = FAMILIES[family]
    folder = save(tmp_path / "model", **options)
    here, there = load_model(str(folder)), openvino(str(folder))
    assert (here.runtime, there.runtime, there.dtype) == ("torch", "openvino", "float32")
    assert here.revision == there.revision
    np.testing.assert_allclose(answers(there), answers(here), atol=1e-4)


def test_openvino_s_embeddings_are_torch_s(esm, esm_openvino):
    for options in ({}, {"layer": 1}):  # inner layers are torch's own
        for one, other in zip(
            esm_openvino.embed(PROTEINS, **options), esm.embed(PROTEINS, **options), strict=True
        ):
            np.testing.assert_allclose(one, other, atol=1e-4)
    np.testing.assert_allclose(esm_openvino.summarise(PROTEINS), esm.summarise(PROTEINS), atol=1e-4)


@pytest.mark.parametrize("position", ["rotary", "absolute"])
@pytest.mark.parametrize("token_dropout", [True, False])
def test_the_lean_pass_says_what_the_library_says(tmp_path, position, token_dropout):
    """Of padded and unpadded batches."""
    folder = str(
        tiny_models.save_tiny_esm(tmp_path, position=position, token_dropout=token_dropout)
    )
    lean, plain = load_model(folder), load_model(folder)
    assert isinstance(lean._pass, EsmPass)
    plain._pass = LibraryPass(plain._network)
    for alike in (1.0, 0.1):  # on a GPU unlike lengths share a batch
        lean._alike = plain._alike = alike
        np.testing.assert_allclose(answers(lean), answers(plain), atol=1e-5)
        for one, other in zip(lean.embed(PROTEINS), plain.embed(PROTEINS), strict=True):
            np.testing.assert_allclose(one, other, atol=1e-5)


def assert_rows_are_those_of_all(model):
    texts = [texts_for(model)[0]] * 5 + texts_for(model)
    places = [0, 3, 23, 8, 11, 23, 22, 0, 3]
    for hidden in (places, [None] * len(texts), [0] * len(texts)):
        rows = model.log_probs(texts, hidden)
        found = model.log_probs_at(texts, hidden, [[place] for place in places])
        assert [one.shape for one in found] == [(1, len(model.alphabet))] * len(texts)
        for one, row, place in zip(found, rows, places, strict=True):
            np.testing.assert_allclose(one[0], row[place], atol=1e-4)
    several = model.log_probs_at(texts, [None] * len(texts), [[0, 2]] * len(texts))
    np.testing.assert_allclose(several[0], model.log_probs(texts[:1])[0][[0, 2]], atol=1e-4)


@pytest.mark.parametrize("family", ["esm-rotary", "esm-absolute", "esm-c", "protbert", "gpn"])
def test_rows_at_a_place_are_those_of_all_places(family, tmp_path):
    save, options = FAMILIES[family]
    model = load_model(str(save(tmp_path / "model", **options)))
    for alike in (1.0, 0.1):
        model._alike = alike
        assert_rows_are_those_of_all(model)


def test_openvino_s_rows_at_a_place_are_those_of_all_places(esm_openvino):
    assert_rows_are_those_of_all(esm_openvino)


def test_a_place_outside_its_sequence_is_refused(esm):
    with pytest.raises(InputError, match=r"masked_positions\[0\] is 3"):
        esm.log_probs_at(["MKV"], [None], [[3]])
    assert esm.log_probs_at([], [], []) == []


def test_what_else_is_asked_changes_nothing(runtime):
    rng = np.random.default_rng(3)
    texts = ["".join(rng.choice(list(AMINO_ACIDS), n)) for n in rng.integers(30, 62, 40)]
    texts += texts[:5]
    places = [[int(rng.integers(len(text)))] for text in texts]
    together = runtime.log_probs_at(texts, places, places)
    for text, place, rows in zip(texts[::7], places[::7], together[::7], strict=True):
        alone = runtime.log_probs([text], [place])[0][place[0]]
        np.testing.assert_allclose(rows[0], alone, atol=1e-4)


def test_an_ensemble_s_rows_at_a_place_are_its_rows(esm):
    both = EnsembleModel([load_model("blosum62"), esm])
    found = both.log_probs_at(PROTEINS[:1], [2], [[2, 4]])[0]
    np.testing.assert_allclose(found, both.log_probs(PROTEINS[:1], [2])[0][[2, 4]], atol=1e-4)


def test_openvino_in_an_ensemble(esm, esm_openvino):
    here, there = (
        EnsembleModel([load_model("blosum62"), one]).log_probs(PROTEINS)[0]
        for one in (esm, esm_openvino)
    )
    np.testing.assert_allclose(there, here, atol=1e-4)


def test_scores_are_those_of_torch_and_say_what_computed_them(esm, esm_openvino):
    import pandas as pd

    protein = PROTEINS[0].replace("X", "G")
    changes = pd.DataFrame({"uniprot": "P1", "position": range(1, 25), "ref_aa": list(protein),
                            "alt_aa": ["W" if one != "W" else "A" for one in protein]})  # fmt: skip
    methods = ["wild-type-marginal", "masked-marginal", "mutant-marginal"]
    tables = [
        score_variants(changes, {"P1": protein}, model, methods=methods).table
        for model in (esm, esm_openvino)
    ]
    np.testing.assert_allclose(*[table["log_lik_ratio"] for table in tables], atol=1e-4)
    told = [table.attrs["log_lik_ratio"] for table in tables]
    assert [one["runtime"] for one in told] == ["torch", "openvino"]
    assert [one["dtype"] for one in told] == ["float32", "float32"]


def test_little_is_padding():
    """On a GPU at most a tenth, of lengths as human proteins have them; on a CPU nothing."""
    lengths = np.random.default_rng(0).lognormal(6.0, 0.75, 5_000).astype(int).clip(30, 1022)
    for budget, alike, most in ((65_536, 0.9, 0.1), (1024, 1.0, 0.0)):
        batches = list(length_batches(lengths, budget, alike=alike))
        padded = sum(len(batch) * int(lengths[batch].max()) for batch in batches)
        assert 0 <= 1 - lengths.sum() / padded <= most


def test_a_cpu_pads_nothing(esm, monkeypatch):
    own, seen = esm._pass.logits, []

    def logits(tokens, mask, at=None):
        seen.append(mask)
        return own(tokens, mask, at)

    monkeypatch.setattr(esm._pass, "logits", logits)
    esm.log_probs(PROTEINS)
    esm.log_probs_at(PROTEINS, [0] * 4, [[0]] * 4)
    assert seen == [None] * 8


def test_the_joined_weights_are_the_network_s_own(esm):
    """No second copy: a change of one is a change of both."""
    attention = esm._network.esm.encoder.layer[0].attention.self
    weight, bias = esm._pass.joined[0]
    assert attention.query.weight.data_ptr() == weight.data_ptr()
    assert attention.value.bias.data_ptr() == bias[64:].data_ptr()


def test_without_openvino_the_remedy_is_named(folder, esm, monkeypatch):
    monkeypatch.setitem(sys.modules, "openvino", None)
    _core.cache_clear()
    with pytest.raises(MissingDependencyError, match="needs OpenVINO: pip install openvino"):
        load_model(folder, runtime="openvino")
    with pytest.raises(MissingDependencyError, match="pip install openvino"):
        load_model(folder, runtime="openvino", dtype="float32")


def test_what_openvino_cannot_convert_is_named(esm, monkeypatch):
    pytest.importorskip("openvino", reason="OpenVINO is not installed: pip install openvino")

    def refuse(*_):
        raise RuntimeError("no rule for aten::strange")

    monkeypatch.setattr(EsmPass, "hidden", refuse)
    graph = OpenVinoPass(esm._pass, name="tiny", dtype="float32", causal=False)
    with pytest.raises(ModelError, match=r"'tiny' cannot be run by.*aten::strange.*'torch'"):
        graph.hidden(torch.ones((1, 5), dtype=torch.int64), None)


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"runtime": "onnx"}, "runtime is 'onnx'; expected torch or openvino"),
        ({"runtime": "openvino", "device": "cuda"}, "device is 'cuda', but runtime='openvino'"),
        ({"runtime": "openvino", "dtype": "float16"}, "'float16'.*expected float32 or bfloat16"),
    ],
)
def test_what_a_runtime_cannot_do_is_refused(folder, options, found):
    with pytest.raises(InputError, match=found):
        load_model(folder, **options)


@pytest.mark.parametrize(("able", "dtype"), [(["FP32"], "float32"), (["BF16"], "bfloat16")])
def test_the_precision_is_what_the_processor_has(monkeypatch, able, dtype):
    class Core:
        def get_property(self, device, name):
            return able

    monkeypatch.setattr("seqgen.models.openvino_pass._core", Core)
    assert openvino_dtype(None) == dtype
    assert openvino_dtype("float32") == "float32"
