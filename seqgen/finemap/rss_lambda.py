"""SuSiE for z-scores whose noise is not quite what the LD says."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from seqgen.errors import InputError
from seqgen.finemap import ibss
from seqgen.finemap.checks import check_count, check_n, check_number, check_prior_weights, check_z
from seqgen.finemap.common_variants import CommonVariants
from seqgen.finemap.compiled import use_compiled
from seqgen.finemap.credible_sets import check_set_thresholds
from seqgen.finemap.fitting import Plan, fit_problem, prior_of
from seqgen.finemap.ld import Eigen, LDMatrix, prepare_ld
from seqgen.finemap.ld_factor import LDFactor
from seqgen.finemap.minimise import minimise_bounded
from seqgen.finemap.options import SusieOptions
from seqgen.finemap.spectral import effect_moments, whitened
from seqgen.finemap.susie_rss import adjust_for_variance_explained

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from seqgen.results import FineMapResult

_DEFAULTS = SusieOptions()
# Eigenvalues of R below this span its null space, as in susieR.
_NULL = 1e-8
# An eigenvalue this far below zero is no rounding.
_INDEFINITE = -1e-4
_LEAST_VARIANCE = 1e-4
_NO_SIZE = "No sample size: z-scores were not shrunk by what each variant explains. Pass n."
# Less noise than this in R's null space is rounding.
_ROUNDING = 1e-12
# The precision of R's optimize(), which susieR leaves as it is.
_PRECISION = 2.0**-13


@dataclass(frozen=True, eq=False)
class RegularisedNoise:
    """Noise of covariance sigma2 R + lambda I.

    Attributes
    ----------
    eigen : Eigen
        Of R, eigenvalues of zero or more.
    along : ndarray, shape (p,)
        z-scores along the eigenvectors.
    lambda_ : float
    sigma2 : float
    estimated : bool
        Whether sigma2 is estimated after each sweep.
    compat : str
        Version of susieR.
    """

    eigen: Eigen
    along: NDArray[np.float64]
    lambda_: float
    sigma2: float
    estimated: bool
    compat: str = "0.16"

    @property
    def is_bound(self) -> bool:
        """Yes."""
        return True

    def variance(self, sigma2: float) -> NDArray[np.float64]:
        """Of the noise along each eigenvector, shape (p,); zero in R's null space if lambda is."""
        return sigma2 * self.eigen.values + self.lambda_

    @property
    def constant(self) -> float:
        """Log density of no residual at all, on the space where there is noise."""
        variance = self.variance(self.sigma2)
        if self.plain:
            # 0.12 leaves the eigenvalues out.
            return -0.5 * math.log(2.0 * math.pi * self.sigma2) * int((variance > 0.0).sum())
        return -0.5 * float(np.log(2.0 * math.pi * variance[variance > 0.0]).sum())

    @property
    def plain(self) -> bool:
        """Whether susieR 0.12 has a form of its own, without lambda."""
        return self.compat == "0.12" and self.lambda_ == 0.0

    def applied(self, problem: ibss.Problem) -> ibss.Problem:
        """Return ``problem`` under this noise."""
        precision = _inverse(self.variance(self.sigma2))
        values = self.eigen.values
        return whitened(
            problem,
            self.eigen.vectors,
            values**2 * precision,
            signal=self.eigen.vectors @ (values * precision * self.along),
            squares=float(precision @ self.along**2),
            noise=self,
        )

    def after_sweep(self, problem: ibss.Problem, state: ibss.State) -> ibss.Problem:
        """Give sigma2 the value of greatest expected likelihood where it is estimated."""
        if not self.estimated:
            return problem
        values = self.eigen.values
        moments = effect_moments(self.eigen.vectors, state)
        squares = self.along**2 - 2.0 * values * self.along * moments.mean
        squares += values**2 * moments.square

        if self.plain:
            seen = values > 0.0
            least = float((squares[seen] / values[seen]).mean())
            return replace(self, sigma2=min(1.0, least)).applied(problem)

        def misfit(sigma2: float) -> float:
            variance = self.variance(sigma2)
            seen = variance > 0.0
            logs = np.log(variance, where=seen, out=np.zeros_like(variance))
            return float(logs.sum() + _inverse(variance) @ squares)

        largest = 1.0 - self.lambda_
        sigma2, least = minimise_bounded(misfit, (_LEAST_VARIANCE, largest), _PRECISION)
        sigma2 = largest if misfit(largest) < least else sigma2
        return replace(self, sigma2=sigma2).applied(problem)

    def diagnostics(self, problem: ibss.Problem, state: ibss.State) -> dict[str, Any]:
        """How much noise there is beside the LD's."""
        return {"lambda": self.lambda_}


def susie_rss_lambda(
    z: ArrayLike,
    R: ArrayLike | LDMatrix | LDFactor,
    n: float | None = None,
    *,
    lambda_: float | str = 0.0,
    prior_weights: ArrayLike | None = None,
    L: int = 10,
    coverage: float = 0.95,
    min_abs_corr: float = 0.5,
    maf: ArrayLike | None = None,
    maf_thresh: float = 0.0,
    options: SusieOptions = _DEFAULTS,
    model_init: FineMapResult | None = None,
) -> FineMapResult:
    """Fine-map a locus by a sum of single effects, from z-scores with noise beside the LD's.

    z ~ N(R b, sigma2 R + lambda I) with sigma2 = 1 - lambda, names, meanings and defaults as in
    susieR 0.16.5's ``susie_rss_lambda``. Effects b are on the scale of z.

    Parameters
    ----------
    z : array_like, shape (p,)
        z-scores, signed by the same effect alleles as ``R``.
    R : array_like, shape (p, p), LDMatrix or LDFactor
        Correlations r of the variants.
    n : float, optional
        Sample size of the GWAS: z-scores are shrunk by what each variant itself explains.
    lambda_ : float or "estimate"
        Noise that the LD does not explain, from 0 to 1. "estimate" takes what the z-scores hold
        where R says that nothing varies (susieR's ``lambda``).
    prior_weights, L, coverage, min_abs_corr, maf, maf_thresh, model_init
        As in `susie_rss`.
    options : SusieOptions
        ``prior_variance`` is the start of the prior variance, on the scale of z squared.
        ``estimate_residual_variance`` estimates sigma2, which is otherwise ``residual_variance``
        (1 where left out) less lambda.

    Returns
    -------
    FineMapResult
        With lambda in ``diagnostics["lambda"]``.

    Raises
    ------
    InputError
        If any input is not as described; the message says which and what to do.

    References
    ----------
    Zou, Carbonetto, Wang, Stephens (2022), PLoS Genet. 18:e1010299.

    Examples
    --------
    >>> r = 0.9 ** np.abs(np.subtract.outer(np.arange(8), np.arange(8)))
    >>> fit = susie_rss_lambda(7.0 * r[3], r, n=5000, lambda_=0.1, L=3)
    >>> int(fit.pip.argmax()), round(fit.sigma2, 3)
    (3, 0.9)
    """
    if options.compat == "0.12" and options.estimate_residual_variance is None:
        options = replace(options, estimate_residual_variance=True)
    options = options.settled(from_z=True)
    if options.unmappable_effects != "none":
        raise InputError(
            f"unmappable_effects: found {options.unmappable_effects!r}; expected 'none' beside "
            f"lambda, which takes up the same; use susie_rss for them"
        )
    if maf is not None:
        common = CommonVariants.of(maf, maf_thresh)
        z, R = cast("ArrayLike", common.vector("z", z)), cast("ArrayLike", common.square("R", R))
        prior_weights = common.vector("prior_weights", prior_weights)
    scores = check_z(z)
    ld = R if isinstance(R, LDFactor) else prepare_ld(R, scores.size)
    if ld.p != scores.size:
        raise InputError(
            f"R: found {ld.p} variants for {scores.size} z-scores; expected the same in the same "
            f"order"
        )
    known = check_n(n)
    shrunk = options.z_method == "wald"
    adjusted = adjust_for_variance_explained(scores, known) if shrunk else scores
    weights, prior = prior_of(check_prior_weights(prior_weights, scores.size), options)
    ld, noise = _noise(ld, adjusted, lambda_, options)
    problem = ibss.Problem(
        adjusted, 2.0, ld, weights, prior, None, options, use_compiled(options.engine)
    )
    effects = min(check_count("L", L, "10 is the default"), scores.size)
    thresholds = check_set_thresholds(coverage, min_abs_corr)
    plan = Plan(effects, options.prior_variance, thresholds)
    fit = fit_problem(noise.applied(problem), plan, model_init)
    if known is None:
        fit = replace(fit, warnings=(*fit.warnings, _NO_SIZE))
    return fit if maf is None else common.told(fit)


def _noise(
    ld: LDMatrix | LDFactor,
    z: NDArray[np.float64],
    lambda_: float | str,
    options: SusieOptions,
) -> tuple[LDMatrix | LDFactor, RegularisedNoise]:
    values, vectors = ld.eigen
    if values[0] < _INDEFINITE:
        told = (
            f"{int((values < _INDEFINITE).sum())} eigenvalues of R are below zero (the least "
            f"{values[0]:.3g}) and were taken for zero: no genotypes have these correlations. "
            f"Compute all of R from one panel, without missing genotypes."
        )
        ld = replace(ld, warnings=(*ld.warnings, told))
    values = np.where(values < _NULL, 0.0, values)
    along = vectors.T @ z
    beside = _checked_lambda(lambda_, along, values)
    sigma2 = (options.residual_variance or 1.0) - beside
    if sigma2 <= 0.0:
        raise InputError(
            f"residual_variance: found {options.residual_variance!r} with lambda {beside:.3g}; "
            f"expected more than lambda, which is a part of it"
        )
    estimated = bool(options.estimate_residual_variance)
    eigen = Eigen(values, vectors)
    return ld, RegularisedNoise(eigen, along, beside, sigma2, estimated, options.compat)


def _checked_lambda(
    lambda_: float | str, along: NDArray[np.float64], values: NDArray[np.float64]
) -> float:
    if not isinstance(lambda_, str):
        beside = check_number("lambda_", lambda_, (0.0, 1.0))
    elif lambda_ == "estimate":
        null = along[values == 0.0]
        beside = float(np.mean(null**2)) if null.size else 0.0
        beside = beside if beside > _ROUNDING else 0.0
    else:
        raise InputError(f"lambda_: found {lambda_!r}; expected a number from 0 to 1 or 'estimate'")
    if beside >= 1.0:
        raise InputError(
            f"lambda_: found {beside:.3g}; expected less than 1, or nothing of the z-scores' "
            f"variance is left to the LD; check that z and R are of the same variants and alleles"
        )
    return beside


def _inverse(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """One over each value, zero for zero."""
    return np.divide(1.0, values, where=values > 0.0, out=np.zeros_like(values))
