"""Combined scores: ranks and z by hand, a regression that never sees what it predicts."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

from seqgen.errors import InputError
from seqgen.scores import combine_scores

RNG = np.random.default_rng(2)


def table(values, uniprot="P1", method="m"):
    count = len(values)
    return pd.DataFrame({
        "uniprot": uniprot, "position": np.arange(1, count + 1), "ref_aa": "A", "alt_aa": "C",
        "method": method, "log_lik_ratio": np.asarray(values, dtype=float),
    })  # fmt: skip


def test_ranks_are_averaged_whatever_the_scales():
    one, two = table([-3, -1, -2, -1]), table([-900, 100, 500, 0])
    found = combine_scores({"one": one, "two": two})
    ranks = np.array([[1, 3.5, 2, 3.5], [1, 3, 4, 2]])
    expected = ((ranks - 0.5) / 4).mean(axis=0)
    np.testing.assert_allclose(found.table["combined"], expected)
    assert found.table.columns.tolist() == [
        "uniprot", "position", "ref_aa", "alt_aa", "one", "two", "combined"
    ]  # fmt: skip
    scaled = combine_scores({"one": one, "two": table(np.array([-900, 100, 500, 0]) * 7 + 3)})
    np.testing.assert_allclose(scaled.table["combined"], expected)
    assert found.drops.empty


def test_z_is_averaged_and_within_proteins_where_asked():
    one = table([1, 2, 3, 10, 20, 60], uniprot=["P1"] * 3 + ["P2"] * 3)
    two = table([0, 0, 0, 1, 2, 3], uniprot=["P1"] * 3 + ["P2"] * 3)
    found = combine_scores({"one": one, "two": two}, how="z", within="uniprot").table["combined"]
    z = np.array([-1, 0, 1]) / np.sqrt(2 / 3)
    np.testing.assert_allclose(found[:3], z / 2)  # a constant says nothing
    first = (np.array([10, 20, 60]) - 30) / np.std([10, 20, 60])
    np.testing.assert_allclose(found[3:], (first + z) / 2)


def test_order_and_dropped_changes():
    one, two = table([1, 2, 3]), table([5, 6, 7, 8]).iloc[[3, 2, 0]]
    found = combine_scores({"one": one, "two": two})
    assert found.table["position"].tolist() == [1, 3]
    told = found.drops.set_index("reason")
    assert told.loc["not scored by two", ["count", "example"]].tolist() == [1, "P1 2 A C"]
    assert told.loc["not scored by one", ["count", "example"]].tolist() == [1, "P1 4 A C"]


def labelled(count=300, proteins=10):
    damaging = RNG.random(count) < 0.4
    names = [f"P{k}" for k in RNG.integers(0, proteins, count)]
    one = table(RNG.normal(size=count) - 1.5 * damaging, uniprot=names)
    two = table(10 * RNG.normal(size=count) - 10.0 * damaging, uniprot=names)
    return damaging, one, two


def test_the_regression_s_weights_are_the_optimum_s():
    damaging, one, two = labelled(100, 4)
    found = combine_scores({"one": one, "two": two}, how="logistic", labels=damaging, folds=2)
    table_ = found.table
    values = table_[["one", "two"]].to_numpy()
    names = np.array(one["uniprot"])
    combined = table_["combined"].to_numpy()
    # Two groups of proteins exist, each predicted from the other: find them, refit each.
    fitted = set()
    for name in np.unique(names):
        held = names == name
        best = None
        for other in _halves(np.unique(names), name):
            train = ~np.isin(names, list(other))
            mean, spread = values[train].mean(axis=0), values[train].std(axis=0)
            scaled = (values - mean) / spread
            weights = _reference(scaled[train], damaging[train])
            predicted = -(weights[0] + scaled[held] @ weights[1:])
            if np.allclose(predicted, combined[held], atol=1e-4):
                best = other
        assert best is not None
        fitted.add(best)
    assert len(fitted) == 2


def _halves(names, holding):
    from itertools import combinations

    rest = [name for name in names if name != holding]
    return [frozenset((holding, *some)) for some in combinations(rest, len(names) // 2 - 1)]


def _reference(features, label):
    def loss(weights):
        logit = weights[0] + features @ weights[1:]
        return np.logaddexp(0, logit).sum() - logit[label].sum() + (weights[1:] ** 2).sum() / 2

    return minimize(loss, np.zeros(3), method="BFGS", options={"gtol": 1e-8}).x


def test_combined_is_better_than_either_and_lower_is_worse():
    damaging, one, two = labelled(3000, 50)
    found = combine_scores({"one": one, "two": two}, how="logistic", labels=damaging).table

    def auroc(column):
        ranks = found[column].rank().to_numpy()
        high = ranks[~damaging].sum() - (~damaging).sum() * ((~damaging).sum() + 1) / 2
        return high / ((~damaging).sum() * damaging.sum())

    assert auroc("combined") > max(auroc("one"), auroc("two")) > 0.7


def test_a_protein_s_own_labels_never_reach_its_scores():
    damaging, one, two = labelled(300, 10)
    before = combine_scores({"one": one, "two": two}, how="logistic", labels=damaging).table
    mine = (one["uniprot"] == "P3").to_numpy()
    flipped = np.where(mine, ~damaging, damaging)
    after = combine_scores({"one": one, "two": two}, how="logistic", labels=flipped).table
    np.testing.assert_allclose(after["combined"][mine], before["combined"][mine])
    assert np.abs(after["combined"] - before["combined"])[~mine].max() > 1e-3


def test_unlabelled_changes_are_scored_too():
    damaging, one, two = labelled()
    labels = pd.Series(damaging, dtype="object")
    labels[RNG.random(len(labels)) < 0.5] = None
    one["damaging"] = labels.to_numpy()
    found = combine_scores({"one": one, "two": two}, how="logistic", labels="damaging").table
    assert np.isfinite(found["combined"]).all()
    assert found.attrs["combined"]["folds"] == 5


@pytest.mark.parametrize(
    ("scores", "options", "found"),
    [
        ({"one": table([1])}, {}, "expected two or more tables"),
        ({"a": table([1]), "b": table([1])}, {"how": "mean"}, "how is 'mean'"),
        ({"a": table([1]), "b": table([1])}, {"how": "logistic"}, "labels are missing"),
        ({"a": table([1]), "b": table([1])}, {"labels": [True]}, "labels are given, how is 'rank'"),
        ({"a": table([1]), "b": table([1])}, {"within": "gene"}, "within is 'gene'"),
        ({"a": pd.concat([table([1]), table([2], method="n")]), "b": table([1])}, {},
         r"'a' has a change twice \(methods: m, n\)"),
        ({"a": table([1]), "b": table([1]).drop(columns="alt_aa")}, {}, "'b' lacks alt_aa"),
        ({"position": table([1]), "b": table([1])}, {}, "called 'position', as a column is"),
        ({"a": table([1]), "b": table([1], uniprot="P2")}, {}, "no change is scored by all of a"),
        ({"a": table([1, 2]), "b": table([1, 2])}, {"how": "logistic", "labels": [True]},
         "1 given; expected one for each of the 2 rows"),
        ({"a": table([1, 2]), "b": table([1, 2])}, {"how": "logistic", "labels": ["x", True]},
         "labels hold 'x'"),
        ({"a": table([1, 2]), "b": table([1, 2])}, {"how": "logistic", "labels": [True, False]},
         "folds is 5; expected 2 to 1"),
        ({"a": table([1, 2], uniprot=["P1", "P2"]), "b": table([1, 2], uniprot=["P1", "P2"])},
         {"how": "logistic", "labels": [True, False], "folds": 2}, "all that is labelled is of o"),
    ],
)  # fmt: skip
def test_bad_input_is_named(scores, options, found):
    with pytest.raises(InputError, match=found):
        combine_scores(scores, **options)
