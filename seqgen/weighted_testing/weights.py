"""From evidence about tests to weights that average one over all tests that will be run."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from seqgen.errors import InputError

RULES = ("rank", "proportional")
_STEEPNESS = 0.8
_MOST_ON_AVERAGE = 4.0


class Weights(NamedTuple):
    """Weights of the listed tests, (k,), and the one weight of each of the ``n_tests - k`` others.

    They sum to ``n_tests``.
    """

    values: np.ndarray
    rest: float
    n_tests: int

    def __repr__(self) -> str:
        low, high = (self.values.min(), self.values.max()) if len(self.values) else (1.0, 1.0)
        return (
            f"Weights({len(self.values):,} of {self.n_tests:,} tests listed, {low:.3g} to "
            f"{high:.3g}; the others {self.rest:.3g})"
        )


def evidence_weights(
    evidence: np.ndarray,
    *,
    uniform_share: float = 0.5,
    n_tests: int | None = None,
    rest_weight: float | None = None,
    rule: str = "rank",
    steepness: float = _STEEPNESS,
) -> Weights:
    """Turn evidence into weights: the more evidence, the more weight; they average 1.

    The weight is ``uniform_share + (1 - uniform_share) * c * f(evidence)``, where ``c`` makes the
    sum over all tests equal to ``n_tests``. No test with evidence can weigh less than
    ``uniform_share``, which bounds what useless evidence costs.

    Rule ``rank``: f = (1 - u)^(-steepness) with u = (rank - 1/2) / k, the mean rank for ties; for
    z statistics, energies and scores of any scale. Rule ``proportional``: f is the evidence
    itself, which must not be negative; for probabilities and odds.

    Missing evidence (NaN) is not evidence of absence: the test gets weight 1. Tests that are not
    listed at all get ``rest_weight``.

    Fix the weights before the phenotypes are seen; weights learned from the p values they weight
    break the error rate (use `cross_fold_weights`).

    Parameters
    ----------
    evidence : ndarray of float, shape (k,)
        One value per listed test, NaN where there is none.
    uniform_share : float
        Share that is spread evenly, 0 to 1.
    n_tests : int, optional
        All tests that will be run, at least k; by default k.
    rest_weight : float, optional
        Weight of a test that is not listed, 0 to 1; by default such that listed tests weigh at
        most four on average, but not less than ``uniform_share``, so that a useless list costs
        little. 1 says that nothing is known about them.
    rule : {"rank", "proportional"}
    steepness : float
        Of rule ``rank``: 0 (flat) to below 1.

    Returns
    -------
    Weights

    Raises
    ------
    InputError
        If the evidence is empty, infinite or negative where it must not be, or an option is out
        of range.

    References
    ----------
    Genovese, Roeder, Wasserman (2006), Biometrika 93, 509-524.

    Examples
    --------
    >>> weights = evidence_weights(np.array([0.0, 1.0, np.nan, 3.0]), n_tests=10)
    >>> weights.values.round(2).tolist(), weights.rest
    ([1.23, 1.6, 1.0, 3.16], 0.5)
    >>> round(float(weights.values.sum() + 6 * weights.rest), 12)
    10.0
    """
    evidence = _checked(evidence, rule)
    listed = evidence.size
    total = listed if n_tests is None else n_tests
    rest = _rest_weight(listed, total, uniform_share) if rest_weight is None else rest_weight
    check_weight_options(uniform_share=uniform_share, rest_weight=rest_weight, steepness=steepness)
    if total < listed:
        raise InputError(
            f"n_tests is {total:,} for {listed:,} listed tests; expected all tests that will be "
            "run, at least as many"
        )
    values = np.ones(listed)
    known = ~np.isnan(evidence)
    n_known, others = int(known.sum()), total - listed
    if not n_known:
        # With nothing to favour, nothing may be taken from the rest.
        return Weights(values, 1.0, total)
    favour = _rank_rule(evidence[known], steepness) if rule == "rank" else evidence[known]
    # What the tests with evidence share once the others have theirs; at least n_known.
    budget = n_known + others * (1.0 - rest)
    spare = budget - uniform_share * n_known
    sum_of = favour.sum()
    values[known] = uniform_share + (
        spare * (favour / sum_of) if sum_of > 0 else np.full(n_known, spare / n_known)
    )
    return Weights(values, float(rest), total)


def _checked(evidence: np.ndarray, rule: str) -> np.ndarray:
    if rule not in RULES:
        raise InputError(f"rule is {rule!r}; expected one of {', '.join(RULES)}")
    try:
        array = np.asarray(evidence, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"evidence: holds values that are no numbers ({error})") from error
    if array.ndim != 1 or not array.size:
        raise InputError(f"evidence: shape {array.shape}; expected (tests,) with at least one test")
    for bad, what in ((np.isinf(array), "infinite"), (array < 0, "negative")):
        if bad.any() and (what == "infinite" or rule == "proportional"):
            raise InputError(
                f"evidence: {int(bad.sum()):,} {what} value(s), first {array[bad][0]} at row "
                f"{int(bad.argmax())}; expected finite "
                + ("values, NaN where missing" if what == "infinite" else
                   "values of at least 0 for rule 'proportional'; use rule 'rank'")
            )  # fmt: skip
    return array


def check_weight_options(
    *, uniform_share: float, rest_weight: float | None, steepness: float
) -> None:
    """Refuse shares, weights and a steepness that are out of range.

    Raises
    ------
    InputError
    """
    for name, value in (("uniform_share", uniform_share), ("rest_weight", rest_weight)):
        if value is not None and not 0.0 <= value <= 1.0:
            raise InputError(f"{name} is {value}; expected 0 to 1")
    if not 0.0 <= steepness < 1.0:
        raise InputError(f"steepness is {steepness}; expected 0 (flat) to below 1")


def _rest_weight(listed: int, total: int, uniform_share: float) -> float:
    """Weight of the others by which listed tests weigh `_MOST_ON_AVERAGE` on average at most."""
    others = total - listed
    if others <= 0:
        return uniform_share
    return float(max(uniform_share, (total - _MOST_ON_AVERAGE * listed) / others))


def _rank_rule(evidence: np.ndarray, steepness: float) -> np.ndarray:
    from scipy.stats import rankdata

    u = (rankdata(evidence) - 0.5) / evidence.size
    return (1.0 - u) ** -steepness
