"""susieR as a method of fine-mapping, in the R of this process."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from seqgen.errors import InputError, MissingDependencyError
from seqgen.finemap import LDMatrix, SusieOptions, prepare_ld
from seqgen.finemap.checks import check_count, check_n, check_prior_weights, check_z
from seqgen.finemap.credible_sets import check_set_thresholds
from seqgen.rbridge.engine import r_code, ri
from seqgen.rbridge.host import install
from seqgen.results import FineMapResult

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

_DEFAULTS = SusieOptions()
_EVERY_VERSION = (
    "tol",
    "max_iter",
    "estimate_prior_variance",
    "estimate_prior_method",
    "check_null_threshold",
    "estimate_residual_variance",
    "residual_variance",
    "null_weight",
    "prior_tol",
    "check_prior",
    "refine",
)
# Settings of susieR 0.16, which serve LD from a reference panel or another way to the optimum.
_NEWER = (
    "convergence_method",
    "L_greedy",
    "greedy_lbf_cutoff",
    "artifact_threshold",
    "eig_delta_rel",
    "R_sensitivity_threshold",
    "z_method",
    "unmappable_effects",
    "prior_variance_grid",
    "mixture_weights",
    "residual_variance_lowerbound",
    "residual_variance_upperbound",
)

REMEDY = "in R: install.packages('susieR'); on Debian: apt install r-cran-susier"

# NULL where it is not installed. Arguments are those of both functions that share the work.
_LOOK = """function() {
  if (!requireNamespace("susieR", quietly = TRUE)) return(NULL)
  found <- getNamespace("susieR")
  functions <- intersect(c("susie_rss", "susie_suff_stat", "susie_ss"), ls(found))
  arguments <- lapply(functions, function(name) names(formals(found[[name]])))
  list(format(packageVersion("susieR")), unique(unlist(arguments)))
}"""
# The call holds names, not values: susieR's warnings would write out a matrix otherwise. An
# error is told as text, an interrupt as NULL.
_FIT = r"""function(arguments) {
  told <- character()
  keep <- function(restart) function(condition) {
    text <- gsub("\033\\[[0-9;]*m", "", conditionMessage(condition))
    told <<- c(told, sub("^WARNING: ", "", trimws(gsub("[[:space:]]+", " ", text))))
    invokeRestart(restart)
  }
  call <- as.call(c(
    list(getExportedValue("susieR", "susie_rss")),
    sapply(names(arguments), as.name)
  ))
  tryCatch(
    withCallingHandlers(
      {
        fit <- eval(call, arguments, baseenv())
        if (fit$null_index > 0) { # a last column for no effect, which results here leave out
          for (part in c("alpha", "mu", "mu2", "lbf_variable")) {
            fit[[part]] <- fit[[part]][, -fit$null_index, drop = FALSE]
          }
          fit$pi <- fit$pi[-fit$null_index]
          fit$null_index <- 0
        }
        fit$notices <- told
        fit
      },
      warning = keep("muffleWarning"), message = keep("muffleMessage")
    ),
    error = function(e) conditionMessage(e),
    interrupt = function(e) NULL
  )
}"""


@dataclass(frozen=True)
class SusieRMapper:
    """susieR's own ``susie_rss`` as a `FineMapper`, for comparison with `SusieMapper`.

    Settings and their defaults are those of `SusieMapper`, whatever susieR's own are in the
    version that R finds. Purity is computed from all pairs of a set. What that version cannot
    do is refused: before 0.16 it has no ``R_finite``, ``R_mismatch``, ``convergence_method`` and
    ``L_greedy``; its tolerance of V is coarser, and weights of zero exclude a variant, so that
    PIPs agree with ours to about 1e-5 (not by "EM", which is another algorithm there).

    Attributes
    ----------
    L, coverage, min_abs_corr, R_finite, R_mismatch, options
        As in `susie_rss`; of the options ``diagnose`` and ``engine`` have no meaning here, and
        ``compat`` sets defaults alone.
    """

    L: int = 10
    coverage: float = 0.95
    min_abs_corr: float = 0.5
    R_finite: float | None = None
    R_mismatch: str = "none"
    options: SusieOptions = _DEFAULTS

    def __call__(
        self,
        z: ArrayLike,
        R: ArrayLike | LDMatrix,
        n: float | None,
        prior: ArrayLike | None,
    ) -> FineMapResult:
        """Fine-map one locus, see `FineMapper`.

        Raises
        ------
        InputError
            If any input is not as described, or susieR's version lacks a setting.
        MissingDependencyError
            If R, rpy2 or susieR is not there; the message says how to install it.
        """
        scores = check_z(z)
        ld = prepare_ld(R, scores.size)
        n = check_n(n)
        effects = min(check_count("L", self.L, "10 is the default"), scores.size)
        coverage, purity = check_set_thresholds(self.coverage, self.min_abs_corr)
        weights = None if prior is None else check_prior_weights(prior, scores.size)
        return fit(
            {
                "z": scores,
                "R": ld.R,
                "n": n,
                "prior_weights": weights,
                "L": effects,
                "coverage": coverage,
                "min_abs_corr": purity,
                # All pairs: a sample of them would differ from run to run.
                "n_purity": scores.size,
                **self._settings(installed(), n),
            }
        )

    def _settings(self, found: Installed, n: float | None) -> dict[str, Any]:
        options = self.options.settled(from_z=True)
        told = {name: getattr(options, name) for name in _EVERY_VERSION}
        start = "prior_variance" if n is None else "scaled_prior_variance"
        told[start] = getattr(options, start)
        if options.slot_prior is not None:
            raise InputError(
                f"slot_prior: found {options.slot_prior}; expected None with method 'susieR', "
                f"which takes an object of its own; use method 'seqgen'"
            )
        newer = {name: getattr(options, name) for name in _NEWER}
        newer |= {"R_finite": self.R_finite, "R_mismatch": self.R_mismatch}
        for name, value in newer.items():
            default = getattr(_DEFAULTS, name, getattr(SusieRMapper, name, None))
            if value == default:
                continue
            if name not in found.arguments:
                raise InputError(
                    f"{name}: found {value!r}, which susieR {found.version} does not have; "
                    f"expected {default!r}; install susieR 0.16 or use method 'seqgen'"
                )
            told[name] = value
        return told


class Installed(NamedTuple):
    """The susieR that R finds: its version, and arguments that its ``susie_rss`` takes."""

    version: str
    arguments: frozenset[str]


@cache
def installed() -> Installed:
    """Look for susieR, once.

    Raises
    ------
    MissingDependencyError
        If R, rpy2 or susieR is not there.
    """
    install()
    found = r_code(_LOOK)()
    if found is ri.NULL:
        raise MissingDependencyError(f"method 'susieR' needs R's package susieR: {REMEDY}")
    return Installed(str(found[0][0]), frozenset(found[1]))


def fit(arguments: Mapping[str, Any]) -> FineMapResult:
    """Call ``susieR::susie_rss``.

    Parameters
    ----------
    arguments : mapping
        By R's names; those that are None are left out.

    Returns
    -------
    FineMapResult
        With susieR's warnings and messages, and its version in ``diagnostics``.

    Raises
    ------
    InputError
        If susieR refuses them, or this is not the main thread, where alone R may run.
    MissingDependencyError
        If R, rpy2 or susieR is not there.
    """
    if threading.current_thread() is not threading.main_thread():
        raise InputError(
            "method 'susieR' was called on a thread; R runs on the main thread alone, so call it "
            "there, or use processes or method 'seqgen'"
        )
    version = installed().version
    # Here, because the converter names types of rpy2 that exist once R runs.
    from seqgen.rbridge.convert import named_list, to_python

    given = {name: value for name, value in arguments.items() if value is not None}
    answer = r_code(_FIT)(named_list(given))
    if answer is ri.NULL:
        raise KeyboardInterrupt
    if isinstance(answer, ri.StrSexpVector):
        raise InputError(f"susieR {version} refused: {' '.join(answer[0].split())}")
    result: FineMapResult = to_python(answer)
    result.diagnostics["susieR_version"] = version
    return result
