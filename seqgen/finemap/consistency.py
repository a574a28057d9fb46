"""Which z-scores the LD contradicts: switched alleles and other errors, variant by variant."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from seqgen.errors import InputError
from seqgen.finemap.checks import check_n, check_number, check_z
from seqgen.finemap.error_search import MOST_ERRORS, Foretold, Limits, foretell
from seqgen.finemap.ld import LDMatrix, prepare_ld
from seqgen.finemap.ld_factor import LDFactor
from seqgen.finemap.susie_rss import adjust_for_variance_explained

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    Vector = NDArray[np.float64]

VERDICTS = ("ok", "flipped", "inconsistent")
# Height in UK Biobank reaches 0.08 with 378 people as panel.
_DOUBTFUL_S = 0.2


@dataclass(frozen=True, eq=False)
class ConsistencyResult:
    """Each z-score against what the others and the LD foretell.

    Attributes
    ----------
    z : ndarray, shape (p,)
        z-scores as they were given, adjusted for the variance that each explains where n is
        known.
    z_expected, se : ndarray, shape (p,)
        Expected z-score given the others (switched ones turned, inconsistent ones left out),
        and the standard error of the difference.
    chi2, p : ndarray, shape (p,)
        Chi-squared of an error in this z-score alone, one degree of freedom, and its p value. An
        effect of the variant itself, of which others carry little, is no error.
    log_lr_flip : ndarray, shape (p,)
        Log likelihood ratio of a z-score of the other sign against the one given.
    verdict : ndarray of str, shape (p,)
        "flipped": a z-score of the other sign would fit; "inconsistent": neither sign fits;
        "ok".
    reason : ndarray of str, shape (p,)
        What was found, empty where all is well.
    s : float
        Noise beside the LD's, once errors are set aside: 0 none, 1 no LD at all. Of the worst
        window where the locus was checked in several.
    stopped : bool
        Whether so many variants failed that the search ended: z and R do not belong together.
    warnings : tuple of str
        What to know and do, in plain sentences.
    """

    z: Vector
    z_expected: Vector
    se: Vector
    chi2: Vector
    p: Vector
    log_lr_flip: Vector
    verdict: NDArray[np.str_]
    reason: NDArray[np.str_]
    s: float
    stopped: bool
    warnings: tuple[str, ...] = ()

    def __repr__(self) -> str:
        told = ", ".join(f"{int((self.verdict == name).sum()):,} {name}" for name in VERDICTS[1:])
        end = "; z and R do not belong together" if self.stopped else ""
        return f"ConsistencyResult({len(self.z):,} variants: {told}; s {self.s:.3g}{end})"

    @property
    def flipped(self) -> NDArray[np.bool_]:
        """Where the verdict is "flipped", shape (p,)."""
        return self.verdict == "flipped"

    def to_frame(self) -> pd.DataFrame:
        """One row per variant in their order: the attributes of length p, and ``reason``."""
        import pandas as pd

        names = ("z", "z_expected", "se", "chi2", "p", "log_lr_flip", "verdict")
        frame = pd.DataFrame({name: getattr(self, name) for name in names})
        reason = self.reason.astype(object)
        reason[self.reason == ""] = None
        return frame.assign(reason=pd.array(reason, dtype="str"))


_ENDINGS = {
    "flipped": "with the alleles switched it fits",
    "inconsistent": "not an evident switch of alleles",
}


def check_consistency(
    z: ArrayLike,
    R: ArrayLike | LDMatrix | LDFactor,
    n: float | None = None,
    *,
    p_threshold: float = 5e-8,
    min_log_lr: float = 10.0,
    min_abs_z: float = 2.0,
) -> ConsistencyResult:
    """Check every z-score against the LD, and name switched alleles and other errors.

    Given the others, each z-score has a mean and a variance under covariance (1 - s) R + s I +
    t R R: noise that the LD explains, noise beside it, and effects. s and t are estimated by a
    pseudolikelihood that allows for errors. Signs are then turned one by one, the one that
    raises the likelihood most first, and what no sign explains is set aside, so that an error
    does not make its neighbours look wrong.

    Parameters
    ----------
    z : array_like, shape (p,)
        z-scores.
    R : array_like, shape (p, p), LDMatrix or LDFactor
        Correlations r of the variants.
    n : float, optional
        Sample size of the GWAS.
    p_threshold : float
        Variants with a smaller p value are inconsistent (DENTIST's threshold).
    min_log_lr, min_abs_z : float
        Alleles are switched where the log likelihood ratio and |z| are above these: a switch
        that changes next to nothing can neither be seen nor do harm.

    Returns
    -------
    ConsistencyResult

    Raises
    ------
    InputError
        If an input is not as described, or ``R`` is r squared: no entry below zero, and
        z-scores of opposite sign at variants that it says are nearly the same.

    References
    ----------
    Chen et al. (2021), Nat. Commun. 12:7117 (DENTIST). Kanai et al. (2022), Cell Genomics
    2:100210 (SLALOM). Zou, Carbonetto, Wang, Stephens (2022), PLoS Genet. 18:e1010299.

    Examples
    --------
    >>> lags = np.abs(np.subtract.outer(np.arange(30), np.arange(30)))
    >>> R = 0.95 ** lags
    >>> z = 12.0 * R[15]
    >>> z[14] *= -1.0
    >>> check = check_consistency(z, R, 10_000)
    >>> np.flatnonzero(check.flipped).tolist(), round(float(check.z_expected[14]))
    ([14], 11)
    """
    given = check_z(z)
    ld = R if isinstance(R, LDFactor) else prepare_ld(R, given.size)
    if ld.p != given.size:
        raise InputError(
            f"R: found {ld.p} variants for {given.size} z-scores; expected the same in the same "
            f"order"
        )
    limits = Limits(
        _chi2_of(check_number("p_threshold", p_threshold, (0.0, 1.0), open_ends=True)),
        check_number("min_log_lr", min_log_lr, (0.0, 1e6)),
        check_number("min_abs_z", min_abs_z, (0.0, 1e6)),
    )
    scores = adjust_for_variance_explained(given, check_n(n))
    _refuse_r_squared(scores, ld)
    found = _judged(scores, foretell(scores, ld, limits), limits)
    return replace(found, warnings=(*ld.warnings, *_advice(found)))


def _judged(z: Vector, told: Foretold, limits: Limits) -> ConsistencyResult:
    log_lr = -2.0 * z * told.mean / told.variance
    turned_fits = (z + told.mean) ** 2 / told.variance <= limits.chi2
    flipped = (log_lr >= limits.log_lr) & (np.abs(z) >= limits.abs_z) & turned_fits
    verdict = np.select([flipped, told.chi2 > limits.chi2], ["flipped", "inconsistent"], "ok")
    reason = np.full(z.size, "", dtype=object)
    for i in np.flatnonzero(verdict != "ok"):
        reason[i] = (
            f"z is {z[i]:.2f} where the others and the LD say {told.mean[i]:.2f} (standard error "
            f"{np.sqrt(told.variance[i]):.2f}); {_ENDINGS[str(verdict[i])]}"
        )
    return ConsistencyResult(
        z=z,
        z_expected=told.mean,
        se=np.sqrt(told.variance),
        chi2=told.chi2,
        p=_p_of(told.chi2),
        log_lr_flip=log_lr,
        verdict=verdict,
        reason=reason.astype(str),
        s=told.s,
        stopped=told.stopped,
    )


def _advice(found: ConsistencyResult) -> tuple[str, ...]:
    if found.stopped:
        return (
            f"More than {MOST_ERRORS:.0%} of the variants contradict the LD: z and R do not belong "
            f"together. Check that both count the same alleles, are of one build and one ancestry, "
            f"and that R is r, not r squared.",
        )
    flipped = int(found.flipped.sum())
    other = int((found.verdict == "inconsistent").sum())
    told = []
    if found.s > _DOUBTFUL_S:
        told.append(
            f"z-scores and LD hardly agree as a whole (s = {found.s:.2f}), so that single errors "
            f"may not stand out: check that both are of the same variants in the same order, of "
            f"one build and one ancestry, and use a larger panel if there is one."
        )
    if flipped:
        told.append(
            f"{flipped} {'variant looks' if flipped == 1 else 'variants look'} as if alleles were "
            f"switched: check their alleles, turn the sign of z where that is the error, and fit "
            f"again."
        )
    if other:
        told.append(
            f"{other} {'z-score contradicts' if other == 1 else 'z-scores contradict'} the LD with "
            f"either sign: check sample size, imputation quality and build there, and fit again "
            f"without them to see whether the result hangs on them."
        )
    return tuple(told)


# From here two z-scores are strong enough, and two variants alike enough, to share their sign.
_STRONG, _ALIKE, _LOOK_FROM = 4.0, 0.9, 20


def _refuse_r_squared(z: Vector, ld: LDMatrix | LDFactor) -> None:
    """Refuse squared correlations: no sign is negative, though the z-scores show that some are."""
    strong = np.flatnonzero(np.abs(z) >= _STRONG)
    if ld.p < _LOOK_FROM or strong.size < 2 or isinstance(ld, LDFactor) or ld.R.min() < 0.0:
        return
    alike = np.triu(ld.block(strong, strong) >= _ALIKE, 1)
    opposite = alike & (np.multiply.outer(z[strong], z[strong]) < 0.0)
    if opposite.sum() > max(1.0, MOST_ERRORS * alike.sum()):
        raise InputError(
            f"R: no entry is below zero among {ld.p} variants, yet {int(opposite.sum())} of "
            f"{int(alike.sum())} pairs at r >= {_ALIKE} have strong z-scores of opposite sign; "
            f"expected r, not r squared; compute the signed r (plink --r square, not --r2)"
        )


def _chi2_of(p: float) -> float:
    from scipy.special import chdtri

    return float(chdtri(1.0, p))


def _p_of(chi2: Vector) -> Vector:
    from scipy.special import chdtrc

    out: Vector = chdtrc(1.0, chi2)
    return out
