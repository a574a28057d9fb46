"""What is made ready for tests of pairs, and what is refused."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from seqgen.errors import InputError
from seqgen.gxg import prepare_pairs
from seqgen.io.traits import TraitTable

N = 60


def genotypes(seed=0, n=N, m=5):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        rng.binomial(2, 0.4, size=(n, m)).astype(float),
        index=[f"p{k}" for k in range(n)],
        columns=[f"s{k}" for k in range(m)],
    )


def trait(seed=1, n=N):
    return pd.Series(np.random.default_rng(seed).normal(size=n), index=[f"p{k}" for k in range(n)])


def covariates(seed=2, n=N, c=2):
    values = np.random.default_rng(seed).normal(size=(n, c))
    return pd.DataFrame(
        values, index=[f"p{k}" for k in range(n)], columns=[f"pc{k}" for k in range(1, c + 1)]
    )


def test_people_are_matched_by_name_not_by_place():
    g, y, c = genotypes(), trait(), covariates()
    straight = prepare_pairs(g, y, c)
    mixed = prepare_pairs(g, y.sample(frac=1, random_state=3), c.sample(frac=1, random_state=4))
    np.testing.assert_array_equal(straight.trait, mixed.trait)
    np.testing.assert_array_equal(straight.null.basis, mixed.null.basis)
    assert mixed.people.tolist() == g.index.tolist()


def test_different_people_are_refused_with_counts_or_shared_on_request():
    g, y, c = genotypes(), trait().iloc[:50], covariates().iloc[5:]
    with pytest.raises(InputError, match=r"60 in genotypes, 50 in trait, 55 in cov.*45 in all"):
        prepare_pairs(g, y, c)
    design = prepare_pairs(g, y, c, shared_people=True)
    assert design.n_people == 45
    counts = dict(zip(design.drops["reason"], design.drops["count"], strict=True))
    assert counts == {
        "person of the genotypes is not in all inputs": 15,
        "person of the trait is not in all inputs": 5,
        "person of the covariates is not in all inputs": 10,
    }
    y.index = [f"x{k}" for k in range(50)]
    with pytest.raises(InputError, match=r"none in all; are the names .*'p0' in genotypes, 'x0'"):
        prepare_pairs(g, y)
    g.index = [f"x{k}_x{k}" for k in range(N)]
    with pytest.raises(InputError, match=r"'x0_x0' in genotypes looks like FID_IID.*vcf-iid"):
        prepare_pairs(g, y)


def test_people_without_trait_or_covariate_are_counted():
    y, c = trait(), covariates()
    y.iloc[:3] = np.nan
    c.iloc[2:4, 1] = np.nan
    g = genotypes()
    design = prepare_pairs(g, y, c)
    assert design.n_people == N - 4
    np.testing.assert_array_equal(design.counts, g.to_numpy()[4:].T)
    np.testing.assert_array_equal(design.trait, y.to_numpy()[4:])
    assert design.drops[["reason", "count"]].to_numpy().tolist() == [
        ["person has no value of the trait", 3],
        ["person lacks a covariate", 1],
    ]


def test_missing_calls_are_filled_with_the_mean_and_counted():
    g = genotypes()
    g.iloc[:6, 1] = np.nan
    design = prepare_pairs(g, trait())
    assert design.counts.dtype == np.int8
    assert design.variants["n_missing"].tolist() == [0, 6, 0, 0, 0]
    assert design.means[1] == pytest.approx(g["s1"].mean())
    np.testing.assert_array_equal(design.scaled(np.array([1]))[0, :6], 0.0)
    assert design.drops["action"].tolist() == ["changed"]
    assert design.drops["count"].tolist() == [6]


def test_dosages_are_taken_wherever_they_come():
    g = genotypes(m=600)
    g.iloc[3, 10] = np.nan
    g.iloc[4, 580] = 1.25
    design = prepare_pairs(g, trait())
    assert design.counts.dtype == np.float32
    np.testing.assert_array_equal(design.counts, g.to_numpy(np.float32).T)


def test_scaled_genotypes_have_residuals_of_length_n():
    design = prepare_pairs(genotypes(), trait(), covariates())
    g = design.scaled(np.arange(5))
    residual = g - g @ design.null.basis @ design.null.basis.T
    np.testing.assert_allclose((residual**2).sum(axis=1), N)
    np.testing.assert_allclose(g @ design.null.basis, design.loadings, atol=1e-10)


def test_variants_that_cannot_be_tested_are_dropped_and_counted():
    g, c = genotypes(), covariates()
    g["s1"] = 2.0
    g["s2"] = np.nan
    c["copy"] = g["s4"] * 2 - 1
    design = prepare_pairs(g, trait(), c)
    assert design.variants["variant"].tolist() == ["s0", "s3"]
    assert design.drops[["reason", "count"]].to_numpy().tolist() == [
        ["variant does not vary among these people", 2],
        ["variant is a linear combination of the covariates", 1],
    ]
    g["s0"] = 0.0
    with pytest.raises(InputError, match="1 of 5 variants vary"):
        prepare_pairs(g, trait(), c)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda y: y * 0 + 3.2, "constant, 3.2 in all 60"),
        (lambda y: y.where(y.index != "p7", np.inf), "'p7' has inf"),
        (lambda y: y * np.nan, "none of 60 people has the trait"),
        (lambda y: y.astype(str) + "x", "no numbers"),
        (lambda y: pd.concat([y, y.iloc[:2]]), "'p0' comes twice"),
    ],
)
def test_bad_traits_are_refused(change, message):
    with pytest.raises(InputError, match=message):
        prepare_pairs(genotypes(), change(trait()))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda c: c.assign(x=c["pc1"] - 2 * c["pc2"]),
            "'x' is collinear.*linear comb.*leave it out",
        ),
        (lambda c: c.assign(one=7.3), "covariates: 'one' is collinear.*constant"),
        (lambda c: c.assign(x=1e9 + c["pc1"] * 0, y=2.0), "'x', 'y' are .*leave them out"),
        (lambda c: c.assign(x="a"), "'x' is not numeric"),
        (lambda c: c.assign(x=np.inf), "'x' holds infinite"),
        (lambda c: covariates(c=57), "57 covariates for 60 people"),
        (lambda c: covariates(c=80), "80 covariates for 60 people"),
        (lambda c: c.assign(y=trait()), "explain it wholly"),
        (lambda c: c.to_numpy()[:50], r"shape \(50, 2\) for 60 people"),
    ],
)
def test_bad_covariates_are_refused(change, message):
    with pytest.raises(InputError, match=message):
        prepare_pairs(genotypes(), trait(), change(covariates()))


def test_covariates_of_any_size_are_fine():
    c = covariates()
    big = c.assign(pc1=c["pc1"] * 1e7 + 1e9, pc2=c["pc2"] * 1e-9)
    one, two = (prepare_pairs(genotypes(), trait(), table) for table in (c, big))
    np.testing.assert_allclose(one.null.residual, two.null.residual, atol=1e-6)


def test_binary_traits():
    y = (trait() > 0).astype(float)
    null = prepare_pairs(genotypes(), y, covariates(), kind="binary").null
    assert np.abs(null.basis.T @ null.residual).max() < 1e-12
    with pytest.raises(InputError, match=r"holds 1, 2; .*PLINK's coding: subtract 1"):
        prepare_pairs(genotypes(), y + 1, kind="binary")
    with pytest.raises(InputError, match="separate"):
        prepare_pairs(genotypes(), y, trait().to_frame("x"), kind="binary")
    with pytest.raises(InputError, match="kind is 'ordinal'"):
        prepare_pairs(genotypes(), y, kind="ordinal")


@pytest.mark.parametrize("value", [-1.0, 3.0, np.inf])
def test_counts_outside_0_to_2_are_refused(value):
    g = genotypes()
    g.iloc[5, 3] = value
    with pytest.raises(InputError, match="variant at index 3 holds"):
        prepare_pairs(g, trait())


def test_bad_names_and_shapes_are_refused():
    g, y = genotypes(), trait()
    with pytest.raises(InputError, match="names two variants"):
        prepare_pairs(g.set_axis(["a", "b", "a", "c", "d"], axis=1), y)
    with pytest.raises(InputError, match="2 rows with column"):
        prepare_pairs(g, y, variants=pd.DataFrame({"variant": ["a", "b"]}))
    with pytest.raises(InputError, match="two dimensions"):
        prepare_pairs(g.to_numpy()[:, 0], y.to_numpy())
    with pytest.raises(InputError, match="3 names for 60 people"):
        prepare_pairs(g.to_numpy(), y.to_numpy(), people=["a", "b", "c"])
    with pytest.raises(InputError, match=r"shape \(59,\) for 60 people"):
        prepare_pairs(g.to_numpy(), y.to_numpy()[1:])
    design = prepare_pairs(g, y)
    with pytest.raises(InputError, match="'rs1' is not among the 5"):
        design.locate(["s0", "rs1"], "rows")


@pytest.mark.parametrize(
    ("place", "given", "message"),
    [
        ("genotypes", [[0, 1, 2]] * N, "genotypes is of type list; expected an array or DataFrame"),
        (
            "genotypes",
            {"s0": [0, 1]},
            r"genotypes is of type dict; .* read_genotypes\(path\) opens",
        ),
        ("genotypes", None, "genotypes is None; expected an array"),
        ("trait", {"height": 1.0}, r"trait is of type dict; expected a Series .*read_traits"),
        ("trait", None, "trait is None; expected a Series"),
        ("trait", "height", "trait is of type str"),
        ("trait", covariates(), "trait is a table of 2 columns; .* choose a column"),
        ("trait", TraitTable(covariates(), None, covariates()), "trait is of type TraitTable"),
        ("covariates", {"age": [1.0]}, "covariates is of type dict; expected a DataFrame"),
        ("covariates", [[1.0], [1.0, 2.0]], "covariates is of type list; expected a DataFrame"),
    ],
)
def test_what_is_no_table_is_refused(place, given, message):
    right = {"genotypes": genotypes(), "trait": trait(), "covariates": covariates()}
    with pytest.raises(InputError, match=message):
        prepare_pairs(**(right | {place: given}))


def test_a_design_says_in_a_line_what_it_is():
    y = trait()
    assert repr(prepare_pairs(genotypes(), y, covariates())) == (
        "PairDesign(60 people, 5 variants, quantitative trait, 2 covariates, no kinship)"
    )
    assert "binary trait, 0 cov" in repr(prepare_pairs(genotypes(), (y > 0) * 1.0, kind="binary"))
    related = repr(prepare_pairs(genotypes(), y, kinship=np.eye(N) + 0.1))
    assert re.fullmatch(r"PairDesign\(.*, kinship, h2 [\d.e-]+\)", related)
