"""From coupling scores to z scores and to the probability that a pair is coupled at all."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from seqgen.couplings.background import background_level, fit_mixture, robust_spread
from seqgen.errors import InputError
from seqgen.results import Couplings

METHODS = ("mixture", "symmetric")

_FEWEST = 200  # pairs from which a background and a tail can be told apart
_FEWEST_SPREAD = 20


@dataclass(frozen=True)
class Significance:
    """How far pairs stand out of the background of uncoupled ones.

    Attributes
    ----------
    z : ndarray, shape (L1, L2)
        Score above the background's mean, in its standard deviations.
    probability : ndarray, shape (L1, L2)
        Probability that the pair is coupled. NaN where there are too few pairs to tell.
    parameters : dict
        What was fitted: ``n_pairs``, ``method``, and for ``mixture`` those of
        `seqgen.couplings.background.Mixture` in robust standard deviations above the median.
    notices : tuple of str
        What the reader has to know.
    """

    z: np.ndarray
    probability: np.ndarray
    parameters: dict[str, Any] = field(default_factory=dict)
    notices: tuple[str, ...] = ()


def coupling_significance(
    scores: np.ndarray,
    *,
    raw: np.ndarray | None = None,
    fitted: np.ndarray | None = None,
    method: str = "mixture",
) -> Significance:
    """Z scores and probabilities from the distribution of all scores.

    Most pairs are not coupled, so the bulk of the scores is the background. ``mixture`` fits a
    skew-normal background and a log-normal tail and gives the probability of the tail. A tail
    that the scores hardly support counts as none, and all probabilities are zero. ``symmetric``
    takes the background to fall off above its median as it does below: the probability is one
    less the share of pairs that are expected among those at least as high. It is the older and
    coarser rule, and is too sure where the background is skewed.

    The probability is that of a coupling, which in a real protein is more than a contact:
    residues of a common function or of another conformation, and traces of the tree.

    Parameters
    ----------
    scores : ndarray, shape (L1, L2)
        Symmetric (then the diagonal takes no part) or between two sets of residues. NaN takes
        no part and stays NaN.
    raw : ndarray, shape (L1, L2), optional
        Scores before the average product correction. With them, the background's level may
        depend on the product, which is too small where both residues hardly vary.
    fitted : ndarray of bool, shape (L1, L2), optional
        Pairs that the background is fitted to, such as those far apart along the chain; the
        others are judged by it. By default all.
    method : {"mixture", "symmetric"}

    Returns
    -------
    Significance
        With fewer than 200 pairs, probabilities are NaN and z rests on median and median
        deviation; with fewer than 20, or scores that are all alike, z is NaN as well. A notice
        says so.

    Raises
    ------
    InputError
        If shapes differ or ``method`` is unknown.

    References
    ----------
    Toth-Petroczy et al. (2016), Structured states of disordered proteins from genomic
    sequences, Cell 167:158-170: the mixture.
    Hopf et al. (2014), Sequence co-evolution gives 3D contacts and structures of protein
    complexes, eLife 3:e03430: the symmetric background.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> scores = rng.normal(size=(60, 40)); scores[7, 9:20] += 12.0
    >>> found = coupling_significance(scores)
    >>> bool(found.probability[7, 9] > 0.99), bool(found.probability[3, 3] < 0.1)
    (True, True)
    """
    scores, raw, used = _checked(scores, raw, fitted, method)
    z, probability = np.full(scores.shape, np.nan), np.full(scores.shape, np.nan)
    there = np.isfinite(scores)
    n = int(used.sum())
    parameters: dict[str, Any] = {"method": method, "n_pairs": n}
    told = f"{n} pair(s) of residues"
    if n < _FEWEST_SPREAD:
        notice = f"{told}: too few for z scores and probabilities (at least {_FEWEST_SPREAD})"
        return Significance(z, probability, parameters, (notice,))
    values = scores[there]
    if raw is not None and n >= _FEWEST:
        expected = raw - scores
        values = values - background_level(scores[used], expected[used], expected[there])
    inside = used[there]
    median, spread = robust_spread(values[inside])
    if not spread > 0:
        notice = f"{told}: more than half of the scores are alike; no z scores or probabilities"
        return Significance(z, probability, parameters, (notice,))
    values = (values - median) / spread
    if n < _FEWEST:
        z[there] = values
        notice = f"{told}: too few for probabilities (at least {_FEWEST}); z from median deviation"
        return Significance(z, probability, parameters, (notice,))
    if method == "symmetric":
        z[there], probability[there] = values, _beyond_mirror(values, values[inside])
        return Significance(z, probability, parameters)
    mixture = fit_mixture(values[inside])
    mean, deviation = mixture.moments
    z[there], probability[there] = (values - mean) / deviation, mixture.probability(values)
    parameters |= vars(mixture)
    notices = () if mixture.tail_share else (f"{told}: no more high scores than noise gives",)
    return Significance(z, probability, parameters, notices)


def add_significance(
    couplings: Couplings, *, min_separation: int = 6, method: str = "mixture"
) -> Couplings:
    """The same couplings with z scores and probabilities.

    Pairs within proteins and pairs between each two proteins have backgrounds of their own.

    Parameters
    ----------
    couplings : Couplings
    min_separation : int
        Least distance in positions of the pairs within a protein that the background is fitted
        to; neighbours along the chain are coupled too often. They are judged by it as well.
    method : {"mixture", "symmetric"}
        As in `coupling_significance`.

    Returns
    -------
    Couplings
        With ``z``, ``probability``, notices, and ``diagnostics["significance"]``: what was
        fitted, by group of pairs.

    Raises
    ------
    InputError
        If ``method`` or ``min_separation`` is out of range.

    Examples
    --------
    >>> from seqgen.alignment import Residues
    >>> scores = np.random.default_rng(1).normal(size=(30, 40)); scores[3, 3:12] = 15.0
    >>> sides = Residues.of_protein("A" * 30, "P1"), Residues.of_protein("A" * 40, "P2")
    >>> found = add_significance(Couplings(scores, *sides, "plm"))
    >>> bool(found.probability[3, 3] > 0.9)
    True
    """
    if min_separation < 1:
        raise InputError(f"min_separation is {min_separation}; expected at least 1")
    rows, columns = couplings.rows, couplings.columns
    z = np.full(couplings.scores.shape, np.nan)
    probability = z.copy()
    notices, told = list(couplings.notices), {}
    same = rows.proteins[:, None] == columns.proteins[None, :]
    apart = np.abs(rows.positions[:, None] - columns.positions[None, :]) >= min_separation
    for name, members in _groups(couplings, same).items():
        found = coupling_significance(
            np.where(members, couplings.scores, np.nan),
            raw=couplings.raw,
            fitted=members & (apart | ~same),
            method=method,
        )
        z = np.where(members, found.z, z)
        probability = np.where(members, found.probability, probability)
        notices += [f"{name}: {notice}" for notice in found.notices]
        told[name] = found.parameters
    return replace(
        couplings,
        z=z,
        probability=probability,
        notices=tuple(notices),
        diagnostics={**couplings.diagnostics, "significance": told},
    )


def _groups(couplings: Couplings, same: np.ndarray) -> dict[str, np.ndarray]:
    """Pairs that share a background: within proteins, and between each two of them."""
    groups = {"within": same} if same.any() else {}
    rows, columns = couplings.rows, couplings.columns
    for first in rows.names:
        for second in columns.names:
            block = (rows.proteins == first)[:, None] & (columns.proteins == second)[None, :]
            if first == second or (couplings.symmetric and f"{second} and {first}" in groups):
                continue
            groups[f"{first} and {second}"] = block | block.T if couplings.symmetric else block
    return groups


def _beyond_mirror(values: np.ndarray, background: np.ndarray) -> np.ndarray:
    """One less the expected share of background among pairs at least as high as each value."""
    ordered = np.sort(background)
    above = len(ordered) - np.searchsorted(ordered, values, side="left")
    mirrored = np.searchsorted(ordered, -values, side="right")
    share = 1 - (1 + mirrored) / (1 + above)
    share = np.where(values > 0, np.clip(share, 0, 1), 0.0)
    order = np.argsort(values, kind="stable")
    # The highest few are no less likely than those below them, though there are few of them.
    share[order] = np.maximum.accumulate(share[order])
    return share


def _checked(
    scores: np.ndarray, raw: np.ndarray | None, fitted: np.ndarray | None, method: str
) -> tuple[np.ndarray, np.ndarray | None, np.ndarray]:
    """Arrays of one shape, and the pairs the background is fitted to, each once."""
    if method not in METHODS:
        raise InputError(f"method is {method!r}; expected one of {', '.join(METHODS)}")
    scores = np.array(scores, dtype=np.float64)
    if scores.ndim != 2:
        raise InputError(f"scores has {scores.ndim} dimension(s); expected 2")
    for name, values in (("raw", raw), ("fitted", fitted)):
        if values is not None and np.shape(values) != scores.shape:
            raise InputError(f"{name} has shape {np.shape(values)}; expected {scores.shape}")
    scores[~np.isfinite(scores)] = np.nan
    used = np.isfinite(scores) if fitted is None else np.isfinite(scores) & fitted
    if raw is not None:
        raw = np.asarray(raw, dtype=np.float64)
        scores[~np.isfinite(raw)] = np.nan
        used &= np.isfinite(raw)
    same = scores.shape[0] == scores.shape[1] and np.allclose(scores, scores.T, equal_nan=True)
    if same:
        np.fill_diagonal(scores, np.nan)
        used = np.triu(used, 1)
    return scores, raw, used
