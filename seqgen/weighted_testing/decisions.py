"""Weights of reported tests, what they do to the decisions, and the shuffled control beside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.schemas import CONTROL
from seqgen.stats import benjamini_hochberg
from seqgen.weighted_testing.adjust import checked_p, weighted_bh, weighted_bonferroni
from seqgen.weighted_testing.folds import cross_fold_weights
from seqgen.weighted_testing.weights import (
    RULES,
    Weights,
    check_weight_options,
    evidence_weights,
)

SCHEMES = ("fixed", "cross-fold")
_NAMES = {"bh": "Benjamini-Hochberg", "bonferroni": "Bonferroni"}


@dataclass(frozen=True)
class WeightOptions:
    """How evidence becomes weights, and at which level decisions are taken.

    Attributes
    ----------
    alpha : float
        False discovery rate, and family-wise error of the Bonferroni columns.
    scheme : {"fixed", "cross-fold"}
        "fixed" weighs by a rule that sees no p value. "cross-fold" learns the weights of a fold
        from the p values of the others, among the listed tests alone.
    uniform_share, rest_weight, rule, steepness
        As in `evidence_weights`.
    shuffles : int
        Times the weights are shuffled over all tests run, for the control (with "cross-fold" the
        evidence among the listed tests).
    seed : int
        0 or more.
    """

    alpha: float = 0.05
    scheme: str = "fixed"
    uniform_share: float = 0.5
    rest_weight: float | None = None
    rule: str = "rank"
    steepness: float = 0.8
    shuffles: int = 20
    seed: int = 1

    def __post_init__(self) -> None:
        if not 0.0 < self.alpha < 1.0:
            raise InputError(f"alpha is {self.alpha}; expected between 0 and 1, such as 0.05")
        for name, allowed in (("scheme", SCHEMES), ("rule", RULES)):
            if getattr(self, name) not in allowed:
                raise InputError(
                    f"{name} is {getattr(self, name)!r}; expected one of {', '.join(allowed)}"
                )
        check_weight_options(
            uniform_share=self.uniform_share,
            rest_weight=self.rest_weight,
            steepness=self.steepness,
        )
        if self.shuffles < 0:
            raise InputError(f"shuffles is {self.shuffles}; expected 0 (no control) or more")
        if self.seed < 0:
            raise InputError(f"seed is {self.seed}; expected 0 or more")


class Decisions(NamedTuple):
    """The ``table`` of each test's `schemas.DECISION_COLUMNS`, and the ``control``."""

    table: pd.DataFrame
    control: pd.DataFrame


def decide(
    p: np.ndarray,
    evidence: np.ndarray,
    listed: np.ndarray,
    *,
    n_tests: int,
    folds: np.ndarray | None = None,
    options: WeightOptions | None = None,
) -> Decisions:
    """Weigh tests by their evidence and adjust their p values with and without the weights.

    Every listed test has to be given, for the weights average 1 over all tests that were run;
    of the others those that may be discoveries. Tests that are not given count as p = 1, which
    can only lose discoveries.

    Parameters
    ----------
    p : ndarray of float, shape (k,)
        May be empty: no discovery, and a control that says so.
    evidence : ndarray of float, shape (k,)
        NaN where there is none.
    listed : ndarray of bool, shape (k,)
        Is the test among those for which evidence was looked up? The others share one weight.
    n_tests : int
        All tests that were run, at least k.
    folds : ndarray, shape (k,), optional
        Labels of independent groups of tests, for ``scheme="cross-fold"``; those of tests that
        are not listed are not looked at.
    options : WeightOptions, optional

    Returns
    -------
    Decisions

    Raises
    ------
    InputError
        If shapes differ, a value is out of range, or folds are missing.

    References
    ----------
    Genovese, Roeder, Wasserman (2006), Biometrika 93, 509-524; Ignatiadis, Huber (2021), Journal
    of the Royal Statistical Society B 83, 720-751.

    Examples
    --------
    >>> p, evidence = np.array([0.004, 0.004, 0.004]), np.array([9.0, 0.0, np.nan])
    >>> listed = np.array([True, True, False])
    >>> done = decide(p, evidence, listed, n_tests=10)
    >>> done.table[["weight", "decision"]].round(2).to_numpy().tolist()
    [[4.03, 'both'], [1.97, 'both'], [0.5, 'both']]
    """
    options = options or WeightOptions()
    p = checked_p(p) if np.size(p) else np.empty(0)
    evidence, listed = np.asarray(evidence, dtype=np.float64), np.asarray(listed, dtype=bool)
    if evidence.shape != p.shape or listed.shape != p.shape:
        raise InputError(
            f"evidence, listed: shapes {evidence.shape} and {listed.shape} for {p.size:,} p "
            "values; expected one each"
        )
    case = _Case(p, listed, n_tests, folds, options)
    weights = case.weights(evidence[listed])
    q, bonferroni = case.adjusted(weights)
    table = pd.DataFrame({
        "weight": weights,
        "q": benjamini_hochberg(p, n_tests=n_tests), "q_weighted": q,
        "p_bonferroni": np.minimum(1.0, p * n_tests), "p_bonferroni_weighted": bonferroni,
    })  # fmt: skip
    table["decision"] = _decision(table["q"] <= options.alpha, table["q_weighted"] <= options.alpha)
    return Decisions(table, _control(case, evidence, table))


class _Case(NamedTuple):
    """The tests of one call of `decide`."""

    p: np.ndarray
    listed: np.ndarray
    n_tests: int
    folds: np.ndarray | None
    options: WeightOptions

    def weights(self, evidence: np.ndarray) -> np.ndarray:
        """Weight of every test given, from the evidence of the listed ones; shape (k,)."""
        options = self.options
        if not evidence.size:
            return np.ones(self.p.size)
        if options.scheme == "cross-fold":
            learned = self._learned(evidence)
        else:
            learned = evidence_weights(
                evidence,
                uniform_share=options.uniform_share,
                n_tests=self.n_tests,
                rest_weight=options.rest_weight,
                rule=options.rule,
                steepness=options.steepness,
            )
        out = np.full(self.p.size, learned.rest)
        out[self.listed] = learned.values
        return out

    def _learned(self, evidence: np.ndarray) -> Weights:
        if self.folds is None:
            raise InputError(
                "folds: missing for scheme 'cross-fold'; give a label of an independent group, "
                "such as the chromosome, for each test"
            )
        found = cross_fold_weights(
            self.p[self.listed],
            evidence,
            np.asarray(self.folds)[self.listed],
            alpha=self.options.alpha,
        )
        return Weights(found.values, 1.0, self.n_tests)

    def adjusted(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Weighted Benjamini-Hochberg and Bonferroni adjusted p values."""
        if not self.p.size:
            return self.p, self.p
        # What the tests that are not given weigh: all that is left of the sum.
        total = float(self.n_tests)
        return (
            weighted_bh(self.p, weights, n_tests=self.n_tests, weight_sum=total),
            weighted_bonferroni(self.p, weights, n_tests=self.n_tests, weight_sum=total),
        )


def _decision(without: pd.Series, weighted: pd.Series) -> np.ndarray:
    return np.select(
        [without & weighted, weighted, without], ["both", "gained", "lost"], default="neither"
    )


def _control(case: _Case, evidence: np.ndarray, table: pd.DataFrame) -> pd.DataFrame:
    """Discoveries without weights, with them, and with the same weights of other tests."""
    names = {"bh": ("q", "q_weighted"), "bonferroni": ("p_bonferroni", "p_bonferroni_weighted")}
    alpha = case.options.alpha
    found = {
        key: {kind: [table[column].to_numpy() <= alpha]
              for kind, column in zip(("none", "evidence"), columns, strict=True)}
        for key, columns in names.items()
    }  # fmt: skip
    if not case.listed.any():
        for kinds in found.values():
            del kinds["evidence"]
    else:
        drawn = list(_shuffled(case, evidence, table["weight"].to_numpy()))
        for place, key in enumerate(names):
            found[key]["shuffled"] = [pair[place] <= alpha for pair in drawn]
    rows = [
        _counted(_NAMES[key], kind, tests, kinds["none"][0], alpha)
        for key, kinds in found.items() for kind, tests in kinds.items() if tests
    ]  # fmt: skip
    return CONTROL.validate(pd.DataFrame(rows, columns=CONTROL.names))


def _shuffled(
    case: _Case, evidence: np.ndarray, weight: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Adjusted p values with the weights of other tests: any of those that were run."""
    rng = np.random.default_rng(case.options.seed)
    if np.ptp(weight) == 0:
        return
    for _ in range(case.options.shuffles):
        if case.options.scheme == "cross-fold":
            yield case.adjusted(case.weights(rng.permutation(evidence[case.listed])))
            continue
        # Tests that are not given have p = 1, whatever their weight.
        drawn = rng.choice(case.n_tests, size=case.p.size, replace=False)
        values, rest = weight[case.listed], weight[~case.listed]
        other = float(rest[0]) if rest.size else _rest(values, case.n_tests)
        yield case.adjusted(np.append(values, other)[np.minimum(drawn, values.size)])


def _rest(values: np.ndarray, n_tests: int) -> float:
    """Weight of each test that is not listed."""
    others = n_tests - values.size
    return float((n_tests - values.sum()) / others) if others else 1.0


def _counted(
    name: str, kind: str, tests: list[np.ndarray], without: np.ndarray, alpha: float
) -> tuple[str, str, float, float, float, float, float, float]:
    counts = np.array([one.sum() for one in tests])
    return (
        name, kind, counts.mean(), counts.min(), counts.max(),
        float(np.mean([(one & ~without).sum() for one in tests])),
        float(np.mean([(without & ~one).sum() for one in tests])), alpha,
    )  # fmt: skip
