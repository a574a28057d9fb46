"""One vector per protein: the mean over residues, windows merged, batches of no consequence."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tiny_models import save_tiny_esm

from seqgen.embeddings import embed_proteins
from seqgen.errors import InputError
from seqgen.io.resources import human_proteins
from seqgen.models.registry import load_model
from seqgen.models.substitution import SubstitutionModel
from seqgen.models.windows import window_starts, window_weights


class Places:
    """Embeds a residue as what it is, where it is in the text shown, and how long that is."""

    name, revision, alphabet, max_length, masked = "places", "0", "ACDEFGHIKLMNPQRSTVWY", 10, True

    def __init__(self):
        self.calls = []

    def embed(self, sequences):
        self.calls.append([len(text) for text in sequences])
        assert max(self.calls[-1]) <= self.max_length
        return [
            np.array([[ord(one), at, len(text)] for at, one in enumerate(text)], dtype=np.float32)
            for text in sequences
        ]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return load_model(str(save_tiny_esm(tmp_path_factory.mktemp("esm"))), device="cpu")


def test_a_short_protein_has_the_mean_of_its_residues():
    found = embed_proteins({"a": "ACD", "b": "W"}, Places())
    assert found.index.tolist() == ["a", "b"]
    assert found.columns.tolist() == ["e0", "e1", "e2"]
    assert (found.dtypes == np.float32).all()
    np.testing.assert_allclose(found.loc["a"], [np.mean([65, 67, 68]), 1.0, 3.0])
    np.testing.assert_allclose(found.loc["b"], [87.0, 0.0, 1.0])


def test_a_long_protein_is_covered_by_windows_averaged_by_residue():
    text = "ACDEFGHIKLMNPQRSTVWYACDEFGH"
    model = Places()
    found = embed_proteins({"long": text}, model).loc["long"]
    starts = window_starts(len(text), 10, 5)
    assert sum(map(len, model.calls)) == len(starts)
    weights = window_weights(np.arange(len(text)), starts, length=len(text), window=10)
    by_residue = np.zeros((len(text), 3))
    for column, start in enumerate(starts):
        for place, row in enumerate(model.embed([text[start : start + 10]])[0]):
            by_residue[start + place] += weights[start + place, column] * row
    np.testing.assert_allclose(found, by_residue.mean(axis=0), rtol=1e-6)
    assert found["e0"] == pytest.approx(np.mean([ord(one) for one in text]))


def test_a_language_model_gives_the_mean_of_its_last_layer(tiny):
    proteins = human_proteins().query("sequence.str.len() < 62").head(5)
    found = embed_proteins(proteins, tiny)
    assert found.index.name == "uniprot"
    assert found.index.tolist() == proteins["uniprot"].tolist()
    for name, text in zip(proteins["uniprot"], proteins["sequence"], strict=True):
        alone = tiny.embed([text.replace("U", "C")])[0].mean(axis=0)
        np.testing.assert_allclose(found.loc[name], alone, atol=1e-4)


def test_order_and_company_make_no_difference(tiny):
    rng = np.random.default_rng(0)
    lengths = [5, 150, 62, 63, 30]
    texts = {f"p{n}": "".join(rng.choice(list(tiny.alphabet), n)) for n in lengths}
    together = embed_proteins(texts, tiny)
    turned = embed_proteins(dict(reversed(texts.items())), tiny)
    pd.testing.assert_frame_equal(together.iloc[::-1], turned, atol=1e-4)
    alone = embed_proteins({"p150": texts["p150"]}, tiny)
    np.testing.assert_allclose(alone.loc["p150"], together.loc["p150"], atol=1e-4)


def test_many_residues_are_asked_for_in_parts():
    model, seen = Places(), []
    proteins = {f"p{k}": "ACDEFGHIKL" for k in range(4000)}
    found = embed_proteins(proteins, model, progress=lambda *each: seen.append(each))
    assert len(model.calls) == 3
    assert seen[-1] == (40_000, 40_000)
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})
    assert found.shape == (4000, 3)
    assert (found["e2"] == 10).all()


def test_names_and_letters():
    table = pd.DataFrame({"name": ["a", "b", "a"], "sequence": ["MKV", "mkv*", "MKV"]})
    found = embed_proteins(table, SubstitutionModel())
    assert found.index.name == "name"
    assert found.index.tolist() == ["a", "b"]
    np.testing.assert_array_equal(found.loc["a"], found.loc["b"])
    assert embed_proteins({"x": "MKV"}, SubstitutionModel()).index.name == "protein"


@pytest.mark.parametrize(
    ("proteins", "message"),
    [
        ({}, "proteins: none"),
        ([("a", "MKV")], "proteins is of type list"),
        ({"a": ""}, "protein a: the protein sequence is empty"),
        ({"a": "MK1"}, "protein a: '1' at position 3"),
        ({"a": None}, "proteins: 'a' has sequence None"),
        ({"a": "ACGT" * 4, "b": "ACGU" * 4}, "proteins: all 2 sequences hold A, C, G, T, U and N"),
        (pd.DataFrame({"gene": ["a"], "sequence": ["MKV"]}), "columns gene, sequence; expected un"),
        (pd.DataFrame({"uniprot": ["a", "a"], "sequence": ["MK", "MV"]}), "'a' has more than one"),
    ],
)
def test_what_is_no_protein_is_refused(proteins, message):
    with pytest.raises(InputError, match=message):
        embed_proteins(proteins, SubstitutionModel())
