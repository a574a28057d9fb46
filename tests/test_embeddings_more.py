"""Pooling, layers, residues in a file, differences of variants, and neighbours."""

import numpy as np
import pandas as pd
import pytest
import tiny_models as tiny

from seqgen.embeddings import (
    embed_proteins,
    embed_residues,
    nearest_proteins,
    read_residue_embeddings,
)
from seqgen.errors import InputError, MissingFileError, OutputError
from seqgen.models.attention import attention_maps
from seqgen.models.registry import load_model
from seqgen.models.windows import window_starts, window_weights
from seqgen.scores import embed_variants

RNG = np.random.default_rng(4)
LONG = "".join(RNG.choice(list("ACDEFGHIKL"), 150))
PROTEINS = {"P1": "MKVLAWDERHGF", "LONG": LONG, "P2": "MSTNPKPQR"}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """Takes 62 residues at most."""
    return load_model(str(tiny.save_tiny_esm(tmp_path_factory.mktemp("esm"), seed=3)))


@pytest.mark.parametrize("layer", [0, 1, -1])
def test_layers_are_those_of_the_model(model, layer):
    found = embed_proteins(PROTEINS, model, layer=layer)
    expected = model.embed([PROTEINS["P1"]], layer=layer)[0].mean(axis=0)
    np.testing.assert_allclose(found.loc["P1"], expected, atol=1e-5)
    assert found.attrs["embedding"] == {
        "model": model.name, "revision": model.revision, "pooling": "mean", "layer": layer
    }  # fmt: skip


def test_the_first_token_of_a_long_protein_is_the_mean_over_windows(model):
    found = embed_proteins(PROTEINS, model, pooling="cls")
    np.testing.assert_allclose(found.loc["P1"], model.summarise([PROTEINS["P1"]])[0], atol=1e-5)
    windows = [LONG[start : start + 62] for start in window_starts(150, 62, 31)]
    expected = model.summarise(windows).mean(axis=0)
    np.testing.assert_allclose(found.loc["LONG"], expected, atol=1e-5)


def test_attention_weighs_residues(model):
    found = embed_proteins(PROTEINS, model, pooling="attention")
    weights = attention_maps(model, PROTEINS["P1"])[-4:].mean(axis=(0, 1))
    rows = model.embed([PROTEINS["P1"]])[0]
    expected = weights @ rows / weights.sum()
    assert np.abs(expected - rows.mean(axis=0)).max() > 0.01
    np.testing.assert_allclose(found.loc["P1"], expected, atol=1e-5)
    total, weight = np.zeros(32), 0.0
    starts = window_starts(150, 62, 31)
    for column, start in enumerate(starts):
        text = LONG[start : start + 62]
        share = window_weights(np.arange(start, start + 62), starts, length=150, window=62)
        received = attention_maps(model, text)[-4:].mean(axis=(0, 1))
        mine = share[:, column] * received / received.mean() * received.sum() / received.sum()
        total, weight = total + mine @ model.embed([text])[0], weight + mine.sum()
    np.testing.assert_allclose(found.loc["LONG"], total / weight, atol=1e-4)


def test_dna_words_have_a_first_token_too(tmp_path):
    model = load_model(str(tiny.save_tiny_dnabert(tmp_path / "m")))
    assert model.summarise(["ACGTAC"], layer=1).shape == (1, 32)


def test_residues_go_to_a_file_as_they_come(model, tmp_path):
    told = []
    path = embed_residues(PROTEINS, model, tmp_path / "residues.safetensors",
                          progress=lambda *at: told.append(at))  # fmt: skip
    assert told[-1] == (171, 171)
    found = read_residue_embeddings(path)
    assert set(found) == set(PROTEINS)
    np.testing.assert_allclose(found["P2"], model.embed([PROTEINS["P2"]])[0], atol=1e-5)
    starts = window_starts(150, 62, 31)
    weights = window_weights(np.arange(150), starts, length=150, window=62)
    expected = np.zeros((150, 32))
    for column, start in enumerate(starts):
        rows = model.embed([LONG[start : start + 62]])[0]
        expected[start : start + 62] += weights[start : start + 62, column, None] * rows
    np.testing.assert_allclose(found["LONG"], expected, atol=1e-5)
    assert list(read_residue_embeddings(path, ["P2"])) == ["P2"]
    assert [item.name for item in tmp_path.iterdir()] == ["residues.safetensors"]
    from safetensors import safe_open

    with safe_open(path, framework="numpy") as handle:
        assert handle.metadata()["revision"] == model.revision


def test_files_of_residues_are_whole_or_not_there(model, tmp_path, monkeypatch):
    with pytest.raises(OutputError, match="cannot be written"):
        embed_residues(PROTEINS, model, tmp_path / "no" / "file")
    monkeypatch.setattr(model, "embed", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        embed_residues(PROTEINS, model, tmp_path / "file")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(MissingFileError, match="no such file"):
        read_residue_embeddings(tmp_path / "file")
    (tmp_path / "file").write_bytes(b"12345678{}")
    with pytest.raises(InputError, match="damaged or cut short"):
        read_residue_embeddings(tmp_path / "file")


def test_a_protein_that_is_not_in_the_file_is_named(tmp_path):
    path = embed_residues({"P1": "MKV"}, load_model("blosum62"), tmp_path / "file")
    with pytest.raises(InputError, match="holds no 'P9'; it has 1 proteins, such as 'P1'"):
        read_residue_embeddings(path, ["P9"])


def test_variants_move_the_embedding_at_the_site_and_around(model):
    change = pd.DataFrame({
        "uniprot": ["P1", "LONG", "P1"], "position": [6, 100, 2], "ref_aa": ["W", LONG[99], "R"],
        "alt_aa": ["C", "W", "A"],
    })  # fmt: skip
    counted = embed_variants(change, PROTEINS, model, layer=1)
    assert len(counted.table) == 2
    assert counted.drops["count"].tolist() == [1]
    for row, (text, site, alt) in enumerate(
        [(PROTEINS["P1"], 5, "C"), (LONG[99 - 31 : 99 + 31], 31, "W")]
    ):
        changed = text[:site] + alt + text[site + 1 :]
        ref, new = model.embed([text, changed], layer=1)
        found = counted.table.iloc[row]
        np.testing.assert_allclose(
            found.filter(like="site").to_numpy(float), new[site] - ref[site], atol=1e-5
        )
        np.testing.assert_allclose(
            found.filter(like="mean").to_numpy(float), (new - ref).mean(axis=0), atol=1e-5
        )
    only = embed_variants(change, PROTEINS, model, at=["site"]).table
    assert only.shape == (2, 4 + 32)


def test_neighbours_are_those_of_the_cosine():
    vectors = pd.DataFrame(RNG.normal(size=(30, 5)), index=[f"P{k}" for k in range(30)])
    found = nearest_proteins(vectors, k=3)
    assert found.shape == (90, 4)
    unit = vectors.to_numpy() / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosine = unit @ unit.T
    np.fill_diagonal(cosine, -2)
    for name, part in found.groupby("query"):
        row = cosine[vectors.index.get_loc(name)]
        assert part["protein"].tolist() == [f"P{k}" for k in np.argsort(-row)[:3]]
        np.testing.assert_allclose(part["cosine"], np.sort(row)[::-1][:3], atol=1e-5)
        assert part["rank"].tolist() == [1, 2, 3]
    assert len(nearest_proteins(vectors, queries=["P3"], k=99)) == 29


@pytest.mark.parametrize(
    ("call", "found"),
    [
        (lambda model: embed_proteins({"P": "MKV"}, model, pooling="max"), "pooling is 'max'"),
        (lambda model: embed_proteins({"P": "MKV"}, model, layer=7), "layer is 7; .*2 blocks"),
        (lambda _: embed_proteins({"P": "MKV"}, load_model("blosum62"), layer=1),
         "has the last .-1. alone"),
        (lambda _: embed_proteins({"P": "MKV"}, load_model("blosum62"), pooling="cls"),
         "has no first token"),
        (lambda _: embed_proteins({"P": "MKV"}, load_model("blosum62"), pooling="attention"),
         "has no attention maps"),
        (lambda model: embed_variants(pd.DataFrame(), {}, model, at="site"), "at is 'site'"),
        (lambda _: nearest_proteins(pd.DataFrame([[1.0]], index=["a"])), "of 1 proteins"),
        (lambda _: nearest_proteins(pd.DataFrame([[1.0], [0.0]], index=["a", "b"])),
         "row of 'b' is zero"),
        (lambda _: nearest_proteins(pd.DataFrame([[1.0], [2.0]], index=["a", "a"])),
         "'a' has more than one row"),
        (lambda _: nearest_proteins(pd.DataFrame([[1.0], [2.0]], index=["a", "b"]), queries=["c"]),
         "'c' has no row"),
    ],
)  # fmt: skip
def test_bad_input_is_named(model, call, found):
    with pytest.raises(InputError, match=found):
        call(model)
