"""A model on the workers of a cluster answers as it does here."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
import tiny_models as tiny

from seqgen.errors import InputError, ModelError
from seqgen.models import shared
from seqgen.models.cached import cached_model
from seqgen.models.ensemble import EnsembleModel
from seqgen.models.registry import load_model
from seqgen.models.shared import Recipe, SharedModel
from seqgen.scores import score_mutants, score_variants

PROTEINS = {"P1": "MKVLAWDERHGFPSTQNYCI", "P2": "MSTNPKPQRKTKRNTNRRPQDV"}
CHANGES = pd.DataFrame([("P1", 2, "K", "W"), ("P1", 9, "H", "A"), ("P2", 3, "T", "L")],
                       columns=["uniprot", "position", "ref_aa", "alt_aa"])  # fmt: skip


@pytest.fixture(scope="module")
def recipe(tmp_path_factory):
    folder = str(tiny.save_tiny_esm(tmp_path_factory.mktemp("esm"), seed=3))
    return Recipe((folder,), load_model(folder).revision)


@pytest.fixture
def pool(monkeypatch):
    monkeypatch.setattr(shared, "_TASK_RESIDUES", 50)
    with ThreadPoolExecutor(2) as pool:
        yield pool


def test_scores_and_what_is_kept_of_them_are_those_of_the_model(recipe, pool, tmp_path):
    model = recipe.load()
    spread = SharedModel(model, recipe, pool)
    methods = ["masked-marginal", "wild-type-marginal", "pseudo-log-likelihood"]
    here = score_variants(CHANGES, PROTEINS, model, methods=methods)
    for _ in range(2):
        with cached_model(spread, tmp_path) as asked:
            there = score_variants(CHANGES, PROTEINS, asked, methods=methods)
    assert asked.file.found == asked.file.asked
    pd.testing.assert_frame_equal(here.table, there.table, check_exact=False, atol=1e-5)
    assert here.table.attrs == there.table.attrs
    # What was computed on a cluster is of use here.
    with cached_model(model, tmp_path) as asked:
        score_variants(CHANGES, PROTEINS, asked, methods=methods)
        assert asked.file.found == asked.file.asked


def test_mutants_and_embeddings(recipe, pool):
    model = recipe.load()
    spread = SharedModel(model, recipe, pool)
    mutants = pd.DataFrame({"uniprot": "P1", "mutant": ["K2W:V3A", "V3del"]})
    here, there = (score_mutants(mutants, PROTEINS, one).table for one in (model, spread))
    pd.testing.assert_frame_equal(here, there, check_exact=False, atol=1e-4)
    texts = list(PROTEINS.values())
    for one, other in (
        (model.embed(texts, layer=1), spread.embed(texts, layer=1)),
        (model.summarise(texts), spread.summarise(texts)),
    ):
        for left, right in zip(one, other, strict=True):
            np.testing.assert_allclose(left, right, atol=1e-5)


def test_a_task_has_about_as_many_residues_as_any_other(recipe, pool, monkeypatch):
    sizes = []

    def answer(recipe, method, options, columns):
        sizes.append(sum(map(len, columns[0])))
        return [None] * len(columns[0])

    monkeypatch.setattr(shared, "_answer", answer)
    model = SharedModel(recipe.load(), recipe, pool)
    assert len(model.log_probs(["MKV" * 5] * 20)) == 20
    assert sum(sizes) == 300
    assert max(sizes) <= 65


def test_a_worker_with_another_model_is_told():
    with pytest.raises(ModelError, match="on a worker and 1 here; give all machines the same one"):
        Recipe(("blosum62",), "1").load()


def test_several_models_of_dna_are_refused(pool, tmp_path):
    folder = str(tiny.save_tiny_gpn(tmp_path / "gpn"))
    model = EnsembleModel([load_model(folder), load_model(folder)])
    with pytest.raises(InputError, match="several of DNA, which a cluster cannot average"):
        SharedModel(model, Recipe((folder, folder), model.revision), pool)
