"""What small effects may not take up, because a mapped effect claims it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# |r| from which variants share a signal; cannot be told apart; belong to one signal.
_NEAR, _TIGHT, _SAME = 0.5, 0.95, 0.9
# Mass of the tentative set whose least |r| says how well an effect is placed.
_COVERAGE = 0.9
_PURE, _DIFFUSE = 0.5, 0.1
# Probability that protects a variant, and that of its neighbourhood together.
_CLAIMED, _CLAIMED_NEARBY = 0.1, 0.4
# An effect whose alpha varies less than this has chosen nothing yet.
_IDLE = 5e-5
# Sweeps before an uncertain effect is tested, before its variants are given back, and for which
# nothing has to claim a variant before it is let go.
_TEST_AFTER, _RESTORE_AFTER, _RELEASE_AFTER = 2, 3, 2


class Trust(IntEnum):
    """How far an effect is believed: not yet seen, diffuse, uncertain, or confident."""

    UNSEEN = 0
    DIFFUSE = 1
    UNCERTAIN = 2
    CONFIDENT = 3


@dataclass(frozen=True, eq=False)
class Masks:
    """Which variants mapped effects claim, and how each of both came to be where it is.

    Of effects, shape (L,): ``trust`` and ``lead`` in the last sweep (-1 before any), how often
    it was ``doubted`` and for how many sweeps it was ``waiting`` as uncertain. Of variants,
    shape (p,): whether it is ``masked``, was ever ``released``, got its second chance
    (``restored``), for how many sweeps nothing claimed it (``unclaimed``), and since which sweep
    it is ``exposed`` (0 where it is not).
    """

    trust: NDArray[np.int64]
    lead: NDArray[np.int64]
    doubted: NDArray[np.int64]
    waiting: NDArray[np.int64]
    masked: NDArray[np.bool_]
    released: NDArray[np.bool_]
    restored: NDArray[np.bool_]
    unclaimed: NDArray[np.int64]
    exposed: NDArray[np.int64]
    sweep: int = 0
    confident: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=bool))

    @classmethod
    def none(cls, L: int, p: int) -> Masks:
        """Return the masks of ``L`` effects on ``p`` variants before any sweep."""
        effects, variants = np.zeros(L, dtype=np.int64), np.zeros(p, dtype=np.int64)
        no = np.zeros(p, dtype=bool)
        return cls(effects, effects - 1, effects, effects, no, no, no, variants, variants)


@dataclass(eq=False)
class _Claims:
    """What the effects claim in one sweep: probabilities (L, p), and variants regardless of it."""

    alpha: NDArray[np.float64]
    keep: NDArray[np.bool_]
    expose: NDArray[np.bool_]


def updated_masks(masks: Masks, alpha: NDArray[np.float64], R: NDArray[np.float64]) -> Masks:
    """Return the masks after a sweep.

    A diffuse effect keeps its neighbourhood from the small effects. An uncertain one, which is
    of low purity or has clashed with another, does so for two sweeps; then what cannot be told
    from its lead is exposed, to see whether small effects explain it, and given back once. A
    confident effect is subtracted before small effects are fitted. As in susieR 0.16.

    Parameters
    ----------
    masks : Masks
        After the sweep before.
    alpha : ndarray, shape (L, p)
        Inclusion probabilities now.
    R : ndarray, shape (p, p)
        Correlations.
    """
    L, p = alpha.shape
    lead = alpha.argmax(axis=1)
    clash = _clashes(alpha, lead, R)
    doubted = masks.doubted + clash
    waiting, exposed, trust = masks.waiting.copy(), masks.exposed.copy(), masks.trust.copy()
    claims = _Claims(np.zeros((L, p)), np.zeros(p, dtype=bool), np.zeros(p, dtype=bool))
    for effect in range(L):
        purity = _least_correlation(alpha[effect], R)
        before = masks.lead[effect]
        if before >= 0 and abs(R[lead[effect], before]) < _TIGHT:
            waiting[effect] = 0
        around = np.abs(R[lead[effect]])
        if purity < _DIFFUSE:
            trust[effect] = Trust.DIFFUSE
            kept = (around > _NEAR) | (alpha[effect] > 5.0 / p)
            claims.alpha[effect, kept] = alpha[effect, kept]
            claims.keep |= around > _NEAR
        elif purity >= _PURE and doubted[effect] == 0:
            trust[effect] = Trust.CONFIDENT
            claims.alpha[effect] = alpha[effect]
        else:
            trust[effect] = Trust.UNCERTAIN
        if trust[effect] != Trust.UNCERTAIN or clash[effect]:
            waiting[effect] = 0
            continue
        waiting[effect] += 1
        claims.alpha[effect] = alpha[effect]
        if waiting[effect] >= _TEST_AFTER:
            tested = (around > _TIGHT) & ~masks.restored
            fresh = tested & (exposed == 0)
            exposed[fresh] = masks.sweep + 1
            waiting[effect] = 0 if fresh.any() else waiting[effect]
            claims.alpha[effect, tested] = 0.0
            claims.expose |= tested
    # An effect that goes to and fro between the two is not to be believed.
    swung = (trust + masks.trust == Trust.UNCERTAIN + Trust.CONFIDENT) & (masks.trust > 1)
    confident = (trust == Trust.CONFIDENT) & ~swung
    effects = replace(
        masks, trust=trust, lead=lead, doubted=doubted + swung, waiting=waiting,
        exposed=exposed, sweep=masks.sweep + 1, confident=confident,
    )  # fmt: skip
    return _of_variants(effects, claims, R)


def _of_variants(masks: Masks, claims: _Claims, R: NDArray[np.float64]) -> Masks:
    """Mask what is claimed now, and release what has not been for a while or is exposed."""
    claim = 1.0 - np.prod(1.0 - claims.alpha, axis=0)
    nearby = (np.abs(R) > _NEAR) @ claim
    wanted = (nearby > _CLAIMED_NEARBY) | (claim > _CLAIMED) | claims.keep
    unclaimed = np.where(wanted | ~masks.masked, 0, masks.unclaimed + 1)
    let_go = masks.masked & ((unclaimed >= _RELEASE_AFTER) | claims.expose)
    released = masks.released | let_go
    masked = (masks.masked | wanted) & ~released
    back = (masks.exposed > 0) & (masks.sweep - masks.exposed >= _RESTORE_AFTER) & ~masks.restored
    return replace(
        masks,
        masked=masked | back,
        released=released & ~back,
        restored=masks.restored | back,
        unclaimed=unclaimed,
        exposed=np.where(back, 0, masks.exposed),
    )


def _clashes(
    alpha: NDArray[np.float64], lead: NDArray[np.intp], R: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Whether the lead of an effect that has chosen is the signal of another one's, shape (L,)."""
    active = np.ptp(alpha, axis=1) >= _IDLE
    same = np.abs(R[np.ix_(lead, lead)]) > _SAME
    np.fill_diagonal(same, val=False)
    clash: NDArray[np.bool_] = active & (same & active).any(axis=1)
    return clash


def _least_correlation(alpha: NDArray[np.float64], R: NDArray[np.float64]) -> float:
    """Least |r| within an effect's tentative set; any value below ``_DIFFUSE`` for less."""
    order = np.argsort(-alpha, kind="stable")
    size = min(int((np.cumsum(alpha[order]) <= _COVERAGE).sum()) + 1, len(alpha))
    members = order[:size]
    if size == 1:
        return 1.0
    # One row tells of most diffuse effects, whose sets are large.
    first = float(np.abs(R[members[0], members]).min())
    return first if first < _DIFFUSE else float(np.abs(R[np.ix_(members, members)]).min())
