"""What a reader has to know about a fit: the panel's diagnostics, and plain sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from seqgen.finemap import ibss
from seqgen.finemap.convergence import pips
from seqgen.finemap.ld_reference import (
    bayes_factor_loss,
    panel_size_diagnostics,
    residual_artifact,
)

if TYPE_CHECKING:
    from seqgen.finemap.ld import Eigen
    from seqgen.results import CredibleSet

# A least eigenvalue this far below zero, per variant, is no rounding.
_INDEFINITE = -1e-3
# From here a reader takes a variant for a finding.
_NOTABLE_PIP = 0.5


def panel_diagnostics(
    problem: ibss.Problem, state: ibss.State, sets: tuple[CredibleSet, ...]
) -> dict[str, Any]:
    """Return everything the panel did to this fit; nothing where there is no panel."""
    panel, options = problem.panel, problem.options
    if panel is None or state.inflation is None or state.betahat is None:
        return {}
    out = panel_size_diagnostics(problem.ld, panel)
    out["elbo_is_bound"] = False
    out["convergence_reason"] = state.reason
    out["R_mismatch"] = "eb" if panel.mismatch else "none"
    out["per_variable_penalty"] = state.inflation[state.last_effect] - 1.0
    error = state.sigma2 / problem.n_minus_1
    loss = bayes_factor_loss(state.betahat, (error, state.inflation), state.V)
    out["cs_bf_attenuation"] = tuple(float(loss[s.effect, s.variants].max()) for s in sets)
    if panel.mismatch:
        out["lambda_bias"] = state.lambda_bias
        out["B_corrected"] = panel.effective_size(state.lambda_bias)
        out["init_ld_coherence"] = state.init_coherence
        out["ser_alpha"] = state.ser_alpha
    if panel.mismatch and options.diagnose:
        artifact = residual_artifact(
            problem.ld.spectrum, ibss.residual_z(problem, state), options.eig_delta_rel
        )
        out.update(artifact._asdict())
        out["artifact_evaluable"] = out.pop("evaluable")
        out["least_eigenvalue"] = _least_eigenvalue(problem.ld.spectrum)
        out["low_eigen_fraction"] = artifact.low_eigen_count / problem.ld.p
        out["artifact_flag"] = artifact.evaluable and artifact.Q_art > options.artifact_threshold
    sensitive = any(x >= options.R_sensitivity_threshold for x in out["cs_bf_attenuation"])
    out["R_sensitivity_flag"] = sensitive
    out["R_reliability_flag"] = sensitive or bool(out.get("artifact_flag", False))
    return out


def _least_eigenvalue(spectrum: Eigen) -> float:
    p, rank = spectrum.vectors.shape
    return float(spectrum.values[0]) if rank == p else 0.0


def model_diagnostics(problem: ibss.Problem, state: ibss.State) -> dict[str, Any]:
    """Return what models beyond the plain one estimated; nothing for the plain one."""
    model = problem.noise or problem.beside
    out = {} if model is None else model.diagnostics(problem, state)
    if state.slots is not None:
        out["slot_weights"] = state.slots
        out["convergence_reason"] = state.reason
    return out


def notices(
    problem: ibss.Problem,
    state: ibss.State,
    outcome: tuple[tuple[CredibleSet, ...], dict[str, Any]],
    *,
    n_known: bool,
) -> tuple[str, ...]:
    """Return short sentences, each with what to do about it."""
    sets, diagnostics = outcome
    told = list(problem.ld.warnings)
    if not n_known:
        told.append(
            "No sample size: effects are taken to be tiny. Pass n, even a rough one, for sound "
            "prior variances."
        )
    if not state.converged:
        told.append(_no_convergence(problem, state))
    if state.elbo_drop > 0.0:
        told.append(
            f"The evidence bound fell by {state.elbo_drop:.2g} in a sweep, which sound input "
            f"never does: R is probably not positive semidefinite."
        )
    if problem.options.estimate_residual_variance and problem.panel is not None:
        told.append(
            "The residual variance was estimated along with a reference panel's noise: the two "
            "cannot be told apart. Keep estimate_residual_variance=False."
        )
    if diagnostics.get("ash_converged") is False:
        told.append(
            "The small effects still moved when their fit was stopped: take theta and tau2 for "
            "rough. PIPs and credible sets do not rest on that last fit."
        )
    told += _outside_sets(problem, state, sets)
    return (*told, *_panel_notices(problem, diagnostics))


def _outside_sets(
    problem: ibss.Problem, state: ibss.State, sets: tuple[CredibleSet, ...]
) -> list[str]:
    pip = pips(state.alpha, state.V, problem.options.prior_tol, slots=state.slots)
    for credible_set in sets:
        pip[credible_set.variants] = 0.0
    high = np.flatnonzero(pip >= _NOTABLE_PIP)
    if high.size == 0:
        return []
    which = "variant has" if high.size == 1 else "variants have"
    return [
        f"{high.size} {which} a PIP of at least {_NOTABLE_PIP:g} outside every credible set (first "
        f"at index {high[0]}): weak effects that settled on no place add up there, the more so "
        f"where prior weights are high. get_pip(fit, prune_by_cs=True) leaves them out."
    ]


def _no_convergence(problem: ibss.Problem, state: ibss.State) -> str:
    remedy = "raise max_iter in SusieOptions"
    if problem.panel is None or not problem.panel.mismatch:
        remedy = "for LD from a reference panel pass R_finite and R_mismatch='eb'"
    return (
        f"No convergence in {problem.options.max_iter} sweeps; the last one still moved a "
        f"probability by {state.last_change:.2g}. If that matters, check alleles "
        f"(check_consistency) and {remedy}."
    )


def _panel_notices(problem: ibss.Problem, diagnostics: dict[str, Any]) -> list[str]:
    told = []
    least = diagnostics.get("least_eigenvalue", 0.0)
    if least < _INDEFINITE * problem.ld.p:
        told.append(
            f"R is not positive semidefinite (least eigenvalue {least:.3g}), so no genotypes have "
            f"these correlations. Compute all of R from one panel, without missing genotypes."
        )
    if diagnostics.get("artifact_flag"):
        told.append(
            f"z-scores and LD panel disagree: {diagnostics['Q_art']:.0%} of what the fit leaves "
            f"over lies where the panel says nothing varies. Do not trust single variants here; "
            f"check alleles (check_consistency) or use a larger panel of the same ancestry."
        )
    if diagnostics.get("R_sensitivity_flag"):
        worst = max(diagnostics["cs_bf_attenuation"])
        told.append(
            f"A credible set here leans on the panel's exactness: allowing for its error lowers a "
            f"log Bayes factor by {worst:.1f}. A larger panel would settle it."
        )
    return told
