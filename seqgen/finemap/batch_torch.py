"""Single effects of many loci side by side in torch: for a GPU."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from seqgen.finemap.ld_factor import correlations
from seqgen.finemap.minimise_batch import minimise_many
from seqgen.models.devices import full_precision, open_device

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seqgen.finemap.ibss import Problem, State

# As the single locus: changes that do not count, and where the search for V ends.
_NEGLIGIBLE = 1e-14
_LOG_V_BOUNDS = (-30.0, 15.0)
# Share of the rows of R from which on reading all of R is as fast.
_DENSE = 0.25
# Bytes of R at once: on the processor, and as a share of what a GPU has free.
_ROOM, _SHARE = 1_000_000_000, 0.4
_PER_EFFECT = ("alpha", "mu", "mu2", "lbf_variable", "b", "Rb")
_PANEL = ("inflation", "betahat")


def device_room(device: str) -> int:
    """Bytes that the LD of a batch may take on a device.

    Raises
    ------
    InputError
        If the device is not there.
    """
    opened = open_device(device)
    if opened.type == "cpu":
        return _ROOM
    return int(_SHARE * torch.cuda.mem_get_info(opened)[0])


class Evidence:
    """Log marginal likelihood ratio of one effect in each of k loci, see `single_effect`.

    Parameters
    ----------
    betahat : Tensor, shape (k, p)
        Effect estimates from the residuals.
    shat2 : Tensor, shape (k, 1) or (k, p)
        Squared standard errors.
    weights : Tensor, shape (k, p)
        Prior weights; zero for variants that a locus lacks.
    null_weight : ndarray, shape (k,)
        Prior weight of no effect at all.
    """

    def __init__(
        self,
        betahat: torch.Tensor,
        shat2: torch.Tensor,
        weights: torch.Tensor,
        null_weight: NDArray[np.float64],
    ) -> None:
        self.betahat, self.shat2, self.weights = betahat, shat2, weights
        self.half_chi2 = 0.5 * betahat * betahat / shat2
        self._null = null_weight
        self._uniform = shat2.shape[1] == 1
        if self._uniform:
            largest = self.half_chi2.amax(dim=1, keepdim=True)
            self._below = self.half_chi2 - largest
            self._largest, self._error = torch.cat([largest, shat2], dim=1).cpu().numpy().T

    def __call__(self, V: NDArray[np.float64]) -> NDArray[np.float64]:
        """Log evidence of each locus at its prior variance, shape (k,)."""
        if not self._uniform:
            _, total, shift = self.weighed(V)
            value: NDArray[np.float64] = (torch.log(total) + shift)[:, 0].cpu().numpy()
            return value
        # What is one number a locus is done here: each step on a device takes as long as many.
        ratio = V / (V + self._error)
        shift = self._largest * ratio - 0.5 * np.log1p(V / self._error)
        work = (self._below * self._column(ratio)).exp_().mul_(self.weights)
        total = work.sum(dim=1).cpu().numpy() + self._null * np.exp(-shift)
        value = np.log(total) + shift
        return value

    def weighed(self, V: NDArray[np.float64]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Weight times likelihood over exp(shift), (k, p); its sum, (k, 1); the shift, (k, 1)."""
        variance = self._column(V)
        shrink = variance / (variance + self.shat2)
        exponent = self.half_chi2 * shrink
        shift = exponent.amax(dim=1, keepdim=True)
        weighed = self.weights * torch.exp(exponent - shift)
        if self._uniform:
            shift = shift - 0.5 * torch.log1p(variance / self.shat2)
        else:
            weighed = weighed * torch.sqrt(1.0 - shrink)
        none = self._column(self._null) * torch.exp(-shift)
        return weighed, weighed.sum(dim=1, keepdim=True) + none, shift

    def _column(self, numbers: NDArray[np.float64]) -> torch.Tensor:
        return torch.as_tensor(numbers, device=self.betahat.device)[:, None]


class TorchBatch:
    """The posteriors of several loci on a device while they are being fitted.

    Parameters
    ----------
    problems : sequence of Problem
        With the same options and number of effects L; of any numbers of variants.
    states : sequence of State
        Where each sets out.
    device : str
        ``cuda``, ``cuda:N`` or ``torch-cpu``.

    Attributes
    ----------
    members : ndarray of int, shape (B,)
        Which of the problems are still held here.
    live : ndarray of bool, shape (B,)
        Which of these are still being fitted.
    V, lbf, kl : ndarray, shape (B, L)
        As in the state; beside them ``alpha`` and the like are tensors of shape (B, L, p), with
        p the most variants that a locus has.
    """

    alpha: torch.Tensor
    mu: torch.Tensor
    mu2: torch.Tensor
    lbf_variable: torch.Tensor
    b: torch.Tensor
    Rb: torch.Tensor
    inflation: torch.Tensor
    betahat: torch.Tensor

    def __init__(
        self, problems: Sequence[Problem], states: Sequence[State], *, device: str
    ) -> None:
        self._device = open_device(device)
        self._sizes = np.array([problem.bhat.size for problem in problems])
        self._prior = problems[0].prior
        self._panel = problems[0].panel
        self.members = np.arange(len(problems))
        self.live = np.ones(len(problems), dtype=bool)
        p = int(self._sizes.max())
        self.R = torch.zeros((len(problems), p, p), dtype=torch.float64, device=self._device)
        for place, problem in enumerate(problems):
            size = self._sizes[place]
            # A copy: the matrix itself cannot be written to, which torch does not know.
            self.R[place, :size, :size] = self._to(np.array(correlations(problem.ld)))
        self.bhat = self._padded([problem.bhat for problem in problems])
        self.weights = self._padded([problem.prior.weights for problem in problems])
        self._null_weight = np.array([problem.prior.null_weight for problem in problems])
        self._total = np.array([float(one.prior.weights.sum()) for one in problems])
        self._total += self._null_weight
        self._n = np.array([problem.n for problem in problems])
        self._var_y = np.array([problem.var_y for problem in problems])
        self.fitted = self._padded([state.fitted for state in states])
        for name in self._names:
            setattr(self, name, self._padded([getattr(state, name) for state in states]))
        self.V, self.lbf, self.kl = (
            np.stack([getattr(state, name) for state in states]) for name in ("V", "lbf", "kl")
        )
        self.sigma2 = np.array([state.sigma2 for state in states])
        self.lambda_bias = np.array([state.lambda_bias for state in states])
        self._idle = np.stack([~(s.b.any(axis=1) | s.Rb.any(axis=1)) for s in states])
        # Prior variance from which an effect of nothing was last found to be none.
        self._null_V = np.full(len(problems), math.nan)

    @property
    def _names(self) -> tuple[str, ...]:
        return _PER_EFFECT if self._panel is None else _PER_EFFECT + _PANEL

    def sweep(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Update every effect of the live loci once.

        Returns
        -------
        elbo, change : ndarray, shape (B,)
            Evidence bound without a panel, and the most that a probability moved.
        """
        before = self.alpha.clone()
        with full_precision():
            for effect in range(self.V.shape[1]):
                self._update(effect)
            change = (self.alpha - before).abs().amax(dim=(1, 2))
            return self._elbo(), change.cpu().numpy()

    def _update(self, effect: int) -> None:
        """Refit one effect of each live locus to what the others leave unexplained."""
        known = self._idle[:, effect] & (self._null_V == self.V[:, effect])
        self._repeat_null(np.flatnonzero(self.live & known), effect)
        rows = np.flatnonzero(self.live & ~known)
        if not rows.size:
            return
        at = self._index(rows)
        fitted = self.fitted[at] - self.Rb[at, effect]
        evidence = self._evidence(rows, at, fitted, effect)
        before = self.V[rows, effect]
        V = self._chosen_variance(evidence, before, rows)
        self._store(evidence, V, (rows, at), effect)
        none = (V == 0.0) & (self.V[rows, effect] == 0.0)
        b = self.alpha[at, effect] * self.mu[at, effect]
        some = self._column(~none)
        product = self.Rb[at, effect] * some
        product += self._product(rows, at, (b - self.b[at, effect]) * some, b)
        self.b[at, effect], self.Rb[at, effect] = b, product
        self.fitted[at] = fitted + product
        self._null_V[rows] = np.where(none & self._idle[rows, effect], before, math.nan)
        self._idle[rows, effect] = none

    def _repeat_null(self, rows: NDArray[np.intp], effect: int) -> None:
        """Store that there is no effect where the same residuals have just said so."""
        if not rows.size:
            return
        at = self._index(rows)
        self.alpha[at, effect] = self.weights[at] / self._column(self._total[rows])
        for name in ("mu", "mu2", "lbf_variable"):
            getattr(self, name)[at, effect] = 0.0
        for name in _PANEL if self._panel is not None else ():
            values = getattr(self, name)
            values[at, effect] = values[at, effect - 1]
        at_zero = np.log(self._total[rows])
        self.V[rows, effect], self.lbf[rows, effect], self.kl[rows, effect] = 0.0, at_zero, -at_zero

    def _evidence(
        self, rows: NDArray[np.intp], at: torch.Tensor, fitted: torch.Tensor, effect: int
    ) -> Evidence:
        betahat = self.bhat[at] - fitted
        n_minus_1 = self._n[rows] - 1.0
        shat2 = self._column(self.sigma2[rows] / n_minus_1)
        if self._panel is not None:
            others = self.b[at].sum(dim=1) - self.b[at, effect]
            explained = (others * fitted).sum(dim=1, keepdim=True).clamp(min=0.0)
            scale = self._column(n_minus_1) * (fitted * fitted + explained)
            noise = 1.0 / self._panel.size + self.lambda_bias[rows]
            inflation = 1.0 + self._column(noise / self.sigma2[rows]) * scale
            self.inflation[at, effect], self.betahat[at, effect] = inflation, betahat
            shat2 = shat2 * inflation
        return Evidence(betahat, shat2, self.weights[at], self._null_weight[rows])

    def _chosen_variance(
        self, evidence: Evidence, current: NDArray[np.float64], rows: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        method = self._prior.method
        if method in ("fixed", "EM"):
            return current
        V, best = current, evidence(current)
        if method == "optim":
            log_V, negative = minimise_many(
                lambda log_V: -evidence(np.exp(log_V)), _LOG_V_BOUNDS, rows.size
            )
            keep = best > -negative
            V, best = np.where(keep, current, np.exp(log_V)), np.where(keep, best, -negative)
        none = np.log(self._total[rows]) + self._prior.null_threshold >= best
        return np.where(none, 0.0, V)

    def _store(
        self,
        evidence: Evidence,
        V: NDArray[np.float64],
        where: tuple[NDArray[np.intp], torch.Tensor],
        effect: int,
    ) -> None:
        rows, at = where
        variance, shat2 = self._column(V), evidence.shat2
        weighed, total, shift = evidence.weighed(V)
        shrink = variance / (variance + shat2)
        alpha, mu = weighed / total, shrink * evidence.betahat
        mu2 = shrink * shat2 + mu * mu
        error = self._column(self.sigma2[rows] / (self._n[rows] - 1.0))
        fit = (alpha * (mu * evidence.betahat - 0.5 * mu2)).sum(dim=1) / error[:, 0]
        lbf = (torch.log(total) + shift)[:, 0]
        self.alpha[at, effect], self.mu[at, effect], self.mu2[at, effect] = alpha, mu, mu2
        factors = evidence.half_chi2 * shrink - 0.5 * torch.log1p(variance / shat2)
        self.lbf_variable[at, effect] = factors
        second = (alpha * mu2).sum(dim=1)
        told = torch.stack([lbf, fit - lbf, second]).cpu().numpy()
        self.lbf[rows, effect], self.kl[rows, effect] = told[0], told[1]
        self.V[rows, effect] = told[2] if self._prior.method == "EM" else V

    def _product(
        self, rows: NDArray[np.intp], at: torch.Tensor, step: torch.Tensor, b: torch.Tensor
    ) -> torch.Tensor:
        """R times ``step`` of some loci, (k, p), by the rows of R that matter if these are few."""
        size = step.abs()
        counts = size > _NEGLIGIBLE * b.abs().amax(dim=1, keepdim=True)
        most = int(counts.sum(dim=1).max())
        if not most:
            return torch.zeros_like(step)
        if most <= _DENSE * step.shape[1]:
            columns = torch.topk(size, most, dim=1).indices
            some = self.R[at[:, None], columns]
            return torch.bmm(torch.gather(step, 1, columns)[:, None], some)[:, 0]
        if rows.size == len(self.members):
            return torch.bmm(self.R, step[:, :, None])[:, :, 0]
        whole = self.bhat.new_zeros(self.bhat.shape)
        whole[at] = step
        return torch.bmm(self.R, whole[:, :, None])[at, :, 0]

    def _elbo(self) -> NDArray[np.float64]:
        total = self.b.sum(dim=1)
        explained = (total * (2.0 * self.bhat - self.fitted)).sum(dim=1)
        own = (self.b * self.Rb).sum(dim=(1, 2))
        second = (self.alpha * self.mu2).sum(dim=(1, 2))
        told = (second - explained - own).cpu().numpy()
        squares = (self._n - 1.0) * (self._var_y + told)
        likelihood = -0.5 * self._n * np.log(2.0 * math.pi * self.sigma2)
        elbo: NDArray[np.float64] = likelihood - 0.5 * squares / self.sigma2 - self.kl.sum(axis=1)
        return elbo

    def read(self, place: int, state: State) -> None:
        """Put what is known of a locus into its state."""
        size = self._sizes[self.members[place]]
        for name in self._names:
            setattr(state, name, getattr(self, name)[place, :, :size].cpu().numpy().copy())
        state.fitted = self.fitted[place, :size].cpu().numpy().copy()
        for name in ("V", "lbf", "kl"):
            setattr(state, name, getattr(self, name)[place].copy())
        state.last_effect = len(state.V) - 1

    def write(self, place: int, state: State, *, products: bool) -> None:
        """Take from a state what its locus goes on from; ``products`` if alpha has changed."""
        size = self._sizes[self.members[place]]
        for name in ("alpha", "b", "Rb") if products else ():
            getattr(self, name)[place, :, :size] = self._to(getattr(state, name))
        if products or (state.sigma2, state.lambda_bias) != (
            self.sigma2[place],
            self.lambda_bias[place],
        ):
            self._null_V[place] = math.nan
        self.sigma2[place], self.lambda_bias[place] = state.sigma2, state.lambda_bias

    def retire(self) -> None:
        """Let go of loci that are fitted, once they are half of those held."""
        rows = np.flatnonzero(self.live)
        if not rows.size or 2 * rows.size > len(self.live):
            return
        at = self._index(rows)
        for name in ("R", "bhat", "weights", "fitted", *self._names):
            setattr(self, name, getattr(self, name)[at])
        for name in ("members", "live", "V", "lbf", "kl", "sigma2", "lambda_bias", "_idle",
                     "_null_V", "_null_weight", "_total", "_n", "_var_y"):  # fmt: skip
            setattr(self, name, getattr(self, name)[rows])

    def _index(self, rows: NDArray[np.intp]) -> torch.Tensor:
        return torch.as_tensor(rows, device=self._device)

    def _column(self, numbers: NDArray[np.float64] | NDArray[np.bool_]) -> torch.Tensor:
        return torch.as_tensor(numbers, device=self._device)[:, None]

    def _to(self, array: NDArray[np.float64]) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(self._device)

    def _padded(self, arrays: Sequence[NDArray[np.float64]]) -> torch.Tensor:
        """Stack arrays whose last axis differs, with zeros behind."""
        most = max(array.shape[-1] for array in arrays)
        whole = np.zeros((len(arrays), *arrays[0].shape[:-1], most))
        for place, array in enumerate(arrays):
            whole[place, ..., : array.shape[-1]] = array
        return self._to(whole)
