"""What the prior's steps refuse, each by name and with what was expected."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from seqgen.errors import InputError
from seqgen.priors import (
    PriorOptions,
    annotate_intervals,
    apply_terms,
    evaluate_prior,
    fit_prior,
    fit_torus_prior,
    prior_terms,
    prior_weights,
)
from seqgen.priors.penalties import penalty_of

LOCI, EACH = 8, 5
Z = np.random.default_rng(0).normal(size=LOCI * EACH)
ONE = pd.DataFrame({"term": ["a"], "estimate": [1.0]})
BED = pd.DataFrame([["1", 0, 2]])


def annotations(**changed):
    table = pd.DataFrame(
        {
            "locus": np.repeat([f"1:{k}00-{k}99" for k in range(LOCI)], EACH),
            "a": np.tile([0.0, 0.0, 1.0, 0.0, 0.0], LOCI),
            "b": Z,
        }
    )
    return table.assign(**changed)


def gap():
    return annotations()["locus"].mask(np.arange(LOCI * EACH) == 3)


def twice():
    return pd.concat([annotations(), annotations()[["a"]]], axis=1)


def places(**changed):
    return pd.DataFrame({"chrom": ["1", "1"], "pos": [1, 2]}).assign(**changed)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: prior_weights(annotations(), ONE.assign(estimate=np.nan)), "of 'a' is nan"),
        (lambda: prior_weights(annotations(), ONE.assign(estimate=np.inf)), "of 'a' is inf"),
        (lambda: prior_weights(annotations(), ONE.assign(estimate="x")), "of 'a' is x"),
        (lambda: prior_weights(annotations(), ONE[["term"]]), "no column estimate"),
        (lambda: prior_weights(annotations(), pd.concat([ONE, ONE])), "'a' is there twice"),
        (lambda: prior_weights(twice(), ONE), "'a' is there twice"),
        (lambda: prior_weights(annotations()[["a"]], ONE), "no column 'locus'"),
        (lambda: prior_weights(annotations(locus=gap()), ONE), "locus of row 3 is missing"),
        (lambda: prior_weights(annotations(a=np.nan), ONE), "row 0 is nan"),
    ],
)
def test_weights_are_never_missing(call, message):
    with pytest.raises(InputError, match=message):
        call()


def test_weights_of_any_finite_coefficient_sum_to_one():
    weights = prior_weights(annotations(), ONE.assign(estimate=1e308))
    assert weights.groupby(annotations()["locus"]).sum().tolist() == [1] * LOCI


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: prior_terms(annotations(), []), "columns: found none"),
        (lambda: prior_terms(annotations(), ["a", "a"]), "'a' would be made twice"),
        (
            lambda: prior_terms(
                annotations(a=np.where(Z > 0, np.nan, Z), a_missing=[0, 1] * 20),
                ["a", "a_missing"],
                missing="indicator",
            ),
            "'a_missing' would be made twice",
        ),
        (lambda: prior_terms(twice(), ["a"]), "'a' is there twice"),
        (lambda: prior_terms(annotations()[["a"]], ["a"]), "no column 'locus'"),
        (lambda: prior_terms(annotations(a=np.nan), ["a"]), "the same for all"),
        (lambda: prior_terms(annotations()[:0], ["a"]), "the same for all"),
        (lambda: prior_terms(annotations(a=1e200 * Z), ["a"]), "beyond 1e\\+100"),
        (lambda: prior_terms(annotations(a=1j * Z), ["a"]), "complex128"),
        (
            lambda: prior_terms(annotations(a=pd.Timestamp(0) + pd.to_timedelta(Z, "D")), ["a"]),
            "datetime64",
        ),
        (lambda: prior_terms(annotations(), ["b"], binned={"b": 2.5}), "found 2.5; .* whole"),
        (lambda: prior_terms(annotations(), ["b"], binned={"b": "3"}), "found 3; .* whole"),
        (lambda: prior_terms(annotations(), ["b"], monotone={"b": np.nan}), "found nan"),
        (lambda: apply_terms(annotations(), ONE), "rules: no column column, kind"),
    ],
)
def test_terms_are_of_columns_that_say_something(call, message):
    with pytest.raises(InputError, match=message):
        call()


def test_one_column_needs_no_list():
    assert prior_terms(annotations(score=Z), "score").terms == ("score",)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: annotate_intervals(places(pos=[1, np.nan]), {"x": BED}), "row 1 is at .* nan"),
        (lambda: annotate_intervals(places(pos=["a", 1]), {"x": BED}), "row 0 is at .* pos a"),
        (lambda: annotate_intervals(places(pos=[1.5, 1]), {"x": BED}), "pos 1.5"),
        (lambda: annotate_intervals(places(pos=[1, 0]), {"x": BED}), "row 1 is at .* pos 0"),
        (lambda: annotate_intervals(places(chrom=["1", None]), {"x": BED}), "row 1 is at"),
        (lambda: annotate_intervals(places(), "x.bed"), "expected a mapping"),
        (lambda: annotate_intervals(places(), {"x": BED[:0]}), "holds no interval"),
        (lambda: annotate_intervals(places(), {"x": BED[[0, 1]]}), "2 column"),
        (
            lambda: annotate_intervals(places(), {"x": pd.DataFrame([["1", 0, 1e23]])}),
            "row 1: found",
        ),
        (
            lambda: annotate_intervals(places(), {"x": pd.DataFrame([["1", 0, np.nan]])}),
            "row 1: found",
        ),
    ],
)
def test_variants_and_intervals_have_places(call, message):
    with pytest.raises(InputError, match=message):
        call()


@pytest.mark.parametrize(
    ("held", "message"),
    [(b"\x00\xff\xfe", "is no BED file"), (b"\x1f\x8b\x00\x00junk", "is no BED file")],
)
def test_a_file_that_is_no_bed_file_is_named(tmp_path, held, message):
    path = tmp_path / "peaks.bed.gz"
    path.write_bytes(held)
    with pytest.raises(InputError, match=message) as caught:
        annotate_intervals(places(), {"x": path})
    assert "peaks.bed.gz" in str(caught.value)


@pytest.mark.parametrize(
    ("changed", "arguments", "message"),
    [
        ({}, {"z": Z[:3]}, "found shape \\(3,\\)"),
        ({}, {"z": np.where(Z > 1, np.nan, Z)}, "missing or infinite"),
        ({}, {"z": ["a"] * len(Z)}, "z: is not numeric"),
        ({}, {"z": Z * 1e200}, "expected z-scores"),
        ({}, {"z": Z, "log_bf": Z}, "expected one of them"),
        ({}, {"z": Z, "terms": []}, "0 terms"),
        ({}, {"z": Z, "terms": ["a", "a"]}, "'a' is there twice"),
        ({}, {"z": Z, "terms": ["c"]}, "no column for the prior's term"),
        ({}, {"z": Z, "penalty_sd": np.nan}, "penalty_sd"),
        ({}, {"z": Z, "penalty_sd": -1.0}, "penalty_sd"),
        ({}, {"z": Z, "max_iter": 0}, "max_iter"),
        ({}, {"z": Z, "tol": -1.0}, "tol"),
        ({"locus": None}, {"z": Z}, "locus of row 0 is missing"),
        ({"a": 1.0}, {"z": Z}, "'a' is the same for all"),
        ({"c": 2 - annotations()["a"]}, {"z": Z}, "terms a, c are collinear"),
        ({"c": annotations()["a"] + 2 * Z}, {"z": Z}, "terms a, b, c are collinear"),
    ],
)
def test_torus_is_given_what_it_can_learn_from(changed, arguments, message):
    with pytest.raises(InputError, match=message):
        fit_torus_prior(annotations(**changed), **arguments)


def test_collinear_terms_share_what_a_penalty_leaves_them():
    z = Z + 6 * (np.arange(len(Z)) % EACH == 2)
    fit = fit_torus_prior(annotations(c=annotations()["a"]), z=z, terms=["a", "c"], penalty_sd=1.0)
    first, second = fit.coefficients["estimate"]
    assert first == pytest.approx(second)
    assert first > 0.5


def no_fits(weights):
    return None


def one_missing(weights):
    return dict.fromkeys(list(weights)[1:])


@pytest.mark.parametrize("step", [fit_prior, evaluate_prior])
@pytest.mark.parametrize(
    ("changed", "terms", "fine_map", "message"),
    [
        ({}, [], no_fits, "0 terms"),
        ({}, ["c"], no_fits, "no column for the prior's term"),
        ({"locus": None}, ["a"], no_fits, "locus of row 0 is missing"),
        ({}, ["a"], no_fits, "no fit of locus 1:000-099"),
        ({}, ["a"], one_missing, "no fit of locus 1:000-099"),
    ],
)
def test_learning_needs_terms_and_fits(step, changed, terms, fine_map, message):
    with pytest.raises(InputError, match=message):
        step(annotations(**changed), fine_map, terms=terms)


def test_learning_needs_rows():
    with pytest.raises(InputError, match="found 0 rows"):
        fit_prior(annotations()[:0], no_fits, terms=["a"])


@pytest.mark.parametrize("increasing", [3, "score", (1,), None])
def test_increasing_terms_are_names_in_a_tuple(increasing):
    with pytest.raises(InputError, match="increasing: found"):
        PriorOptions(increasing=increasing)


def test_a_penalty_of_no_term_is_refused():
    with pytest.raises(InputError, match="penalty_sd: no term coding; there are missense"):
        penalty_of(["missense"], {"coding": 2.0})
