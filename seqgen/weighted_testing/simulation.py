"""What weights do to false discoveries and power when the truth is known."""

from __future__ import annotations

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.stats import benjamini_hochberg
from seqgen.weighted_testing.adjust import weighted_bh
from seqgen.weighted_testing.folds import cross_fold_weights
from seqgen.weighted_testing.weights import evidence_weights

EVIDENCE = ("informative", "useless", "adversarial")
_FOLDS = 5


def simulate_weighted_testing(
    *,
    n_tests: int = 200_000,
    n_true: int = 200,
    effect: float = 4.0,
    separation: float = 2.0,
    repeats: int = 20,
    uniform_share: float = 0.5,
    alpha: float = 0.05,
    seed: int = 1,
) -> pd.DataFrame:
    """False discovery proportion and power of plain, weighted and cross-fold procedures.

    Null z statistics are standard normal, true ones have mean ``effect``. Evidence is standard
    normal, and shifted by ``separation`` for the true tests where it is informative, by minus
    that where it is adversarial, by nothing where it is useless.

    Parameters
    ----------
    n_tests, n_true, repeats, seed : int
    effect, separation, uniform_share, alpha : float

    Returns
    -------
    DataFrame
        One row per evidence and procedure: ``evidence``, ``procedure``, ``fdp`` (mean over
        repeats), ``fdp_se``, ``power``, ``power_ratio`` (over plain Benjamini-Hochberg on the
        same statistics).

    Raises
    ------
    InputError
        If there are no true tests, or no false ones.

    Examples
    --------
    >>> table = simulate_weighted_testing(n_tests=2000, n_true=50, repeats=2)
    >>> table.groupby("evidence").size().to_dict()
    {'adversarial': 4, 'informative': 4, 'useless': 4}
    """
    if not 0 < n_true < n_tests or repeats < 1:
        raise InputError(
            f"n_true, n_tests, repeats: {n_true}, {n_tests}, {repeats}; expected true and false "
            "tests and one repeat or more"
        )
    rng = np.random.default_rng(seed)
    rows = []
    for repeat in range(repeats):
        p, noise = _drawn(rng, n_tests, n_true, effect)
        true = np.arange(n_tests) < n_true
        for name, sign in zip(EVIDENCE, (1.0, 0.0, -1.0), strict=True):
            evidence = noise + sign * separation * true
            for procedure, q in _adjusted(p, evidence, uniform_share, alpha).items():
                found = q <= alpha
                rows.append({
                    "evidence": name, "procedure": procedure, "repeat": repeat,
                    "fdp": found[~true].sum() / max(1, found.sum()),
                    "power": found[true].mean(),
                })  # fmt: skip
    return _summary(pd.DataFrame(rows))


def _drawn(
    rng: np.random.Generator, n_tests: int, n_true: int, effect: float
) -> tuple[np.ndarray, np.ndarray]:
    from scipy.special import ndtr

    z = rng.normal(size=n_tests)
    z[:n_true] += effect
    return 2 * ndtr(-np.abs(z)), rng.normal(size=n_tests)


def _adjusted(
    p: np.ndarray, evidence: np.ndarray, uniform_share: float, alpha: float
) -> dict[str, np.ndarray]:
    # The true tests come first, so that every fold has its part of them.
    folds = np.arange(p.size) % _FOLDS
    return {
        "plain": benjamini_hochberg(p),
        "weighted": weighted_bh(p, evidence_weights(evidence, uniform_share=0.0)),
        "mixed": weighted_bh(p, evidence_weights(evidence, uniform_share=uniform_share)),
        "cross-fold": weighted_bh(p, cross_fold_weights(p, evidence, folds, alpha=alpha).values),
    }


def _summary(runs: pd.DataFrame) -> pd.DataFrame:
    keys = ["evidence", "procedure"]
    grouped = runs.groupby(keys, sort=False)
    table = grouped[["fdp", "power"]].mean()
    table.insert(1, "fdp_se", grouped["fdp"].std() / np.sqrt(runs["repeat"].nunique()))
    plain = table["power"].xs("plain", level="procedure")
    table["power_ratio"] = table["power"] / plain.reindex(table.index, level="evidence")
    return table.reset_index()
