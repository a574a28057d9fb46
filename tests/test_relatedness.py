"""Kinship, heritability and predictions without chromosomes, against dense algebra."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize_scalar

from seqgen.errors import InputError
from seqgen.relatedness import (
    check_kinship,
    check_loco,
    fit_components,
    fit_kinship,
    kinship_axes,
    loco_offsets,
)


def sibships(families, size):
    kinship = np.kron(np.eye(families), np.full((size, size), 0.5))
    np.fill_diagonal(kinship, 1.0)
    return kinship


def mixture(n=90, seed=5):
    """A dense kinship of unequal relatedness, with traits of several heritabilities."""
    rng = np.random.default_rng(seed)
    loads = rng.normal(size=(n, 40)) + 0.7 * rng.normal(size=(n // 3, 40)).repeat(3, axis=0)
    kinship = loads @ loads.T / 40
    covariates = np.column_stack([rng.normal(size=n), rng.integers(0, 2, n)])
    root = np.linalg.cholesky(kinship / np.diag(kinship).mean() + 1e-9 * np.eye(n))
    h2 = np.array([0.0, 0.3, 0.6, 0.9])
    traits = np.sqrt(h2) * (root @ rng.normal(size=(n, 4)))
    traits += np.sqrt(1 - h2) * rng.normal(size=(n, 4)) + covariates @ rng.normal(size=(2, 4))
    return kinship, covariates, traits


def dense_log_lik(h2, y, x, kinship):
    """Restricted log likelihood and variance, from the textbook's determinants."""
    n, q = x.shape
    sigma = h2 * kinship + (1 - h2) * np.eye(n)
    inverse = np.linalg.inv(sigma)
    gram = x.T @ inverse @ x
    projection = inverse - inverse @ x @ np.linalg.solve(gram, x.T @ inverse)
    variance = y @ projection @ y / (n - q)
    dets = [np.linalg.slogdet(m)[1] for m in (sigma, gram, x.T @ x)]
    value = (n - q) * (np.log(2 * np.pi * variance) + 1) + dets[0] + dets[1] - dets[2]
    return -0.5 * value, variance


@pytest.mark.parametrize("scale", [1.0, 0.5, 40.0])
def test_reml_equals_brute_force(scale):
    kinship, covariates, traits = mixture()
    table = fit_kinship(traits, kinship * scale, covariates)
    x = np.column_stack([np.ones(len(traits)), covariates])
    unit = kinship / np.diag(kinship).mean()
    for k, row in table.iterrows():
        y = traits[:, k]
        tries = [
            minimize_scalar(
                lambda h2, y=y: -dense_log_lik(h2, y, x, unit)[0],
                bounds=bounds, method="bounded", options={"xatol": 1e-10},
            )
            for bounds in ((0, 0.3), (0.2, 0.7), (0.6, 0.9999))
        ]  # fmt: skip
        best = min(tries, key=lambda found: found.fun)
        assert row["h2"] == pytest.approx(best.x, abs=2e-5)
        assert row["log_lik"] == pytest.approx(-best.fun, abs=1e-7)
        value, variance = dense_log_lik(row["h2"], y, x, unit)
        assert row["log_lik"] == pytest.approx(value, abs=1e-8)
        total = row["genetic_variance"] + row["residual_variance"]
        assert total == pytest.approx(variance, rel=1e-9)
        none = dense_log_lik(0.0, y, x, unit)[0]
        assert row["log_lik_ratio"] == pytest.approx(value - none, abs=1e-8)
    assert table["h2"].iloc[3] > 0.5


def test_many_traits_are_fitted_as_one_by_one():
    kinship, covariates, _ = mixture()
    rng = np.random.default_rng(2)
    traits = rng.normal(size=(len(kinship), 300)) * np.linspace(0.1, 10, 300)
    together = fit_kinship(traits, kinship, covariates)
    alone = pd.concat([fit_kinship(traits[:, [k]], kinship, covariates) for k in range(0, 300, 30)])
    columns = ["h2", "log_lik", "genetic_variance"]
    np.testing.assert_allclose(together[columns].iloc[::30], alone[columns], rtol=1e-7, atol=1e-9)
    # Without heritability half of the traits are at the border, and p is uniform on the rest.
    assert 0.35 < (together["h2"] == 0).mean() < 0.75
    assert (together["p"] <= 0.05).mean() < 0.1


def test_batches_of_traits_make_no_difference(monkeypatch):
    kinship, covariates, traits = mixture()
    whole = fit_kinship(traits, kinship, covariates)
    monkeypatch.setattr("seqgen.relatedness.components._BATCH", 100)
    pd.testing.assert_frame_equal(fit_kinship(traits, kinship, covariates), whole)


def test_heritability_of_siblings_is_found():
    kinship = sibships(200, 3)
    root = np.linalg.cholesky(kinship)
    rng = np.random.default_rng(1)
    for h2 in (0.2, 0.7):
        traits = np.sqrt(h2) * root @ rng.normal(size=(600, 120))
        traits += np.sqrt(1 - h2) * rng.normal(size=traits.shape)
        assert fit_kinship(traits, kinship)["h2"].mean() == pytest.approx(h2, abs=0.03)


def test_axes_make_the_projection_of_generalised_least_squares():
    kinship, covariates, _ = mixture()
    n = len(kinship)
    x = np.column_stack([np.ones(n), covariates])
    basis = np.linalg.qr(x)[0]
    axes = kinship_axes(kinship, basis)
    assert axes.vectors.shape == (n, n - 3)
    assert np.abs(axes.vectors.T @ x).max() < 1e-10
    for h2 in (0.0, 0.4, 0.99):
        inverse = np.linalg.inv(h2 * kinship + (1 - h2) * np.eye(n))
        whole = inverse - inverse @ x @ np.linalg.solve(x.T @ inverse @ x, x.T @ inverse)
        root = axes.root(h2)
        np.testing.assert_allclose(root @ root, whole, atol=1e-10 / (1 - h2))
        np.testing.assert_allclose(root, root.T, atol=1e-12)


def test_kinship_that_tells_nobody_apart_gives_zero():
    rng = np.random.default_rng(0)
    table = fit_kinship(rng.normal(size=(50, 5)), np.eye(50))
    assert (table["h2"] == 0).all()
    assert (table["p"] == 1).all()
    # The same relatedness of all is the intercept's.
    table = fit_kinship(rng.normal(size=(50, 5)), 0.5 * np.eye(50) + 0.5)
    assert (table["h2"] == 0).all()


def test_people_are_matched_by_name():
    kinship, covariates, traits = mixture()
    names = [f"p{k}" for k in range(len(kinship))]
    frame = pd.DataFrame(kinship, names, names)
    some = pd.DataFrame(traits, names).sample(frac=0.7, random_state=1)
    given = pd.DataFrame(covariates, names)
    table = fit_kinship(some, frame.iloc[::-1], given)
    at = [names.index(name) for name in some.index]
    same = fit_kinship(some.to_numpy(), kinship[np.ix_(at, at)], covariates[at])
    np.testing.assert_allclose(table["h2"], same["h2"], atol=1e-8)
    pd.testing.assert_frame_equal(fit_kinship(some, (kinship, names), given), table)


NAMES = list("abc")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.ones((3, 2)), r"shape \(3, 2\); expected people by people"),
        ((np.eye(3), list("ab")), r"shape \(3, 3\) for 2 names"),
        (np.eye(4), r"shape \(4, 4\) for 3 names"),
        ((np.eye(3), list("aba")), "person 'a' comes twice"),
        ((np.eye(3),), r"tuple of 1; expected \(array, names\)"),
        (pd.DataFrame(np.eye(3), NAMES, list("abd")), "rows and columns name other people"),
        (np.diag([1.0, np.nan, 1.0]), "of 'b' and 'b' is nan"),
        (np.diag([1.0, -1.0, 1.0]), "of 'b' with themself is -1"),
        (np.tril(np.full((3, 3), 0.5)), "not symmetric.*only one triangle"),
        (np.array([["x"] * 3] * 3), "no numbers"),
    ],
)
def test_what_is_no_kinship_is_refused(given, message):
    with pytest.raises(InputError, match=message):
        check_kinship(given, pd.Index(NAMES))


def test_missing_people_and_negative_eigenvalues_are_refused():
    with pytest.raises(InputError, match="lacks 1 of 2 analysed people, such as 'z'"):
        check_kinship((np.eye(3), NAMES)).among(pd.Index(["a", "z"]))
    crossed = np.array([[1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1]])
    with pytest.raises(InputError, match=r"eigenvalue -0\.5 of the mean diagonal.* \(1 negative\)"):
        kinship_axes(crossed, np.full((3, 1), 3**-0.5))
    # As low as -1, where it meets the covariates' axes.
    with pytest.raises(InputError, match="positive semidefinite"):
        kinship_axes(np.array([[1, 2, 0], [2, 1, 0], [0, 0, 1.0]]), np.full((3, 1), 3**-0.5))


def test_rounded_kinship_counts_as_positive():
    rng = np.random.default_rng(4)
    loads = rng.normal(size=(60, 20))
    rounded = np.round(loads @ loads.T / 20, 4)
    assert np.linalg.eigvalsh(rounded)[0] < 0
    assert kinship_axes(rounded, np.full((60, 1), 60**-0.5)).values.min() == 0


def test_bad_traits_and_covariates_are_refused():
    kinship, covariates, traits = mixture()
    gap = traits.copy()
    gap[3, 1] = np.nan
    with pytest.raises(InputError, match="traits: missing or infinite"):
        fit_kinship(gap, kinship)
    with pytest.raises(InputError, match="covariates: missing or infinite"):
        fit_kinship(traits, kinship, gap)
    with pytest.raises(InputError, match="constant or linear"):
        fit_kinship(traits, kinship, np.column_stack([covariates, covariates.sum(axis=1)]))
    with pytest.raises(InputError, match="does not vary beyond the covariates"):
        fit_kinship(covariates, kinship, covariates)
    with pytest.raises(InputError, match=r"covariates: shape \(3, 1\) for 90 people"):
        fit_kinship(traits, kinship, np.ones((3, 1)))
    named = pd.DataFrame(traits)
    with pytest.raises(InputError, match="covariates: do not name each of the 90 people"):
        fit_kinship(named, kinship, pd.DataFrame(covariates).iloc[:80])


def predictions(chromosomes=22, people=8):
    rng = np.random.default_rng(7)
    names = [str(k) for k in range(1, chromosomes + 1)]
    parts = pd.DataFrame(rng.normal(size=(people, chromosomes)), columns=names)
    loco = pd.DataFrame({name: parts.sum(axis=1) - parts[name] for name in names})
    return parts, loco


def test_predictions_without_two_chromosomes():
    parts, loco = predictions()
    for pair in (("3", "17"), ("17", "3"), ("5", "5"), (1, "chr22")):
        names = {str(name).removeprefix("chr") for name in pair}
        expected = parts.drop(columns=list(names)).sum(axis=1)
        np.testing.assert_allclose(loco_offsets(loco, *pair), expected, atol=1e-12)


def test_a_chromosome_without_a_part_changes_nothing():
    parts, loco = predictions()
    with_x = loco.assign(**{"23": parts.sum(axis=1)})
    np.testing.assert_allclose(
        loco_offsets(with_x, 2, 9), loco_offsets(loco, 2, 9), atol=1e-12
    )  # fmt: skip
    assert check_loco(with_x).columns[-1] == "X"


def test_bad_predictions_are_refused():
    _, loco = predictions()
    with pytest.raises(InputError, match=r"lacks chromosome\(s\) 4, 9"):
        check_loco(loco.drop(columns=["4", "9"]))
    with pytest.raises(InputError, match="lacks chromosome"):
        check_loco(loco.T)
    with pytest.raises(InputError, match="chrom_2 is X, which loco lacks"):
        loco_offsets(loco, 1, "X")
    with pytest.raises(InputError, match="chromosome 1 comes twice"):
        check_loco(loco.assign(chr1=0.0))
    hole = loco.copy()
    hole.loc[2, "5"] = np.nan
    with pytest.raises(InputError, match="person 2 has nan for chromosome 5"):
        check_loco(hole)
    with pytest.raises(InputError, match="no numbers"):
        check_loco(loco.astype(object).replace(loco.iloc[0, 0], "x"))
    with pytest.raises(InputError, match="of type ndarray"):
        check_loco(loco.to_numpy())
    with pytest.raises(InputError, match="a person comes twice"):
        check_loco(pd.concat([loco, loco]))


def test_components_of_no_trait():
    axes = kinship_axes(sibships(5, 2), np.full((10, 1), 10**-0.5))
    assert fit_components(np.ones((1, 9)), axes).h2.shape == (1,)
