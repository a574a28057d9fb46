"""Many loci fitted side by side on a device: what is decided per locus, between the sweeps."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from seqgen.errors import InputError
from seqgen.finemap import ibss
from seqgen.finemap.convergence import History, check_convergence
from seqgen.finemap.fitting import Plan, result_of, start_state
from seqgen.finemap.ld import LDMatrix

if TYPE_CHECKING:
    from seqgen.finemap.batch_torch import TorchBatch
    from seqgen.results import FineMapResult

# A locus of fewer variants than this share of the largest goes into another batch.
_ALIKE = 0.8
_BYTES = 8


@dataclass(eq=False)
class Task:
    """One locus of a batch: what to fit, from where, and how it stands."""

    name: str
    problem: ibss.Problem
    plan: Plan
    model_init: FineMapResult | None = None
    history: History = field(default_factory=History)

    def __post_init__(self) -> None:
        """Begin."""
        with named_locus(self.name):
            _refuse(self.problem)
            self.state = start_state(self.problem, self.plan, self.model_init)

    @property
    def whole(self) -> bool:
        """Whether more than the bound is needed between sweeps."""
        noisy = bool(self.problem.options.estimate_residual_variance)
        return noisy or not self.problem.by_elbo

    def after_sweep(self, batch: TorchBatch, place: int, told: tuple[float, float]) -> bool:
        """Judge the sweep as `ibss.fit` does; False once there is to be no other.

        Parameters
        ----------
        batch : TorchBatch
        place : int
            Of this locus in it.
        told : (float, float)
            Bound, and the most that a probability moved.
        """
        problem, state = self.problem, self.state
        before, lambda_before = state.alpha, state.lambda_bias
        state.V = batch.V[place].copy()
        averaged, whole = False, self.whole or not math.isfinite(told[0])
        if whole:
            batch.read(place, state)
        if problem.panel is not None and problem.panel.mismatch:
            ibss.update_mismatch(problem, state)
        ibss.check_prior_variance(problem, state)
        state.elbo.append(ibss.objective(problem, state) if whole else told[0])
        if len(state.elbo) > 1:
            averaged = check_convergence(problem, state, before=before, history=self.history)
            if averaged:
                ibss.refresh_products(problem, state)
        if abs(state.lambda_bias - lambda_before) > problem.options.tolerance:
            state.converged = False
        state.last_change = float(np.abs(state.alpha - before).max()) if whole else told[1]
        going = not state.converged and len(state.elbo) < (problem.options.max_iter or 0)
        if going and whole:
            ibss.update_noise(problem, state)
            batch.write(place, state, products=averaged)
        return going

    def result(self, batch: TorchBatch, place: int) -> FineMapResult:
        """What was found."""
        if not self.whole:
            batch.read(place, self.state)
        return result_of(self.problem, self.state, self.plan)


def fit_batch(tasks: Sequence[Task], *, device: str) -> list[FineMapResult]:
    """Fit loci side by side, with the answers that each has by itself.

    Parameters
    ----------
    tasks : sequence of Task
        With the same options and number of effects.
    device : str
        ``cuda``, ``cuda:N`` or ``torch-cpu``.

    Raises
    ------
    InputError
        If a fit refuses its data, or the device is not there.
    """
    from seqgen.finemap.batch_torch import TorchBatch

    batch = TorchBatch(
        [task.problem for task in tasks], [task.state for task in tasks], device=device
    )
    results: dict[int, FineMapResult] = {}
    while batch.live.any():
        elbo, change = batch.sweep()
        for place in batch.live.nonzero()[0].tolist():
            member = int(batch.members[place])
            task = tasks[member]
            with named_locus(task.name):
                told = (float(elbo[place]), float(change[place]))
                if not task.after_sweep(batch, place, told):
                    batch.live[place] = False
                    results[member] = task.result(batch, place)
        batch.retire()
    return [results[member] for member in range(len(tasks))]


def batches_of(sizes: dict[str, int], L: int, room: int) -> Iterator[list[str]]:
    """Names of loci alike in size, as many at a time as fit into memory.

    Parameters
    ----------
    sizes : dict
        Name to number of variants.
    L : int
        Most effects; loci with fewer variants have as many.
    room : int
        Bytes that their LD matrices may take together.

    Examples
    --------
    >>> list(batches_of({"a": 900, "b": 100, "c": 1000, "d": 950}, 10, 20_000_000))
    [['c', 'd'], ['a'], ['b']]
    """
    waiting: list[str] = []
    for name in sorted(sizes, key=lambda name: -sizes[name]):
        largest = sizes[waiting[0]] if waiting else sizes[name]
        full = (len(waiting) + 1) * _BYTES * largest**2 > room
        other = sizes[name] < max(_ALIKE * largest, min(L, largest))
        if waiting and (full or other):
            yield waiting
            waiting = []
        waiting.append(name)
    if waiting:
        yield waiting


@contextmanager
def named_locus(name: str) -> Iterator[None]:
    """Name the locus in any complaint about its data."""
    try:
        yield
    except InputError as error:
        raise InputError(f"locus {name}: {error}") from error


def _refuse(problem: ibss.Problem) -> None:
    """Refuse what only fits of one locus at a time know."""
    options = problem.options
    for name, asked in (
        ("refine", options.refine),
        ("L_greedy", options.L_greedy is not None),
        ("unmappable_effects", options.unmappable_effects != "none"),
        ("slot_prior", options.slot_prior is not None),
        ("prior_variance_grid", options.prior_variance_grid is not None),
        ("compat", options.compat == "0.12"),
    ):
        if asked:
            raise InputError(
                f"{name}: found {getattr(options, name)!r} for loci on a device; expected the "
                f"default; leave {name} out, or use device='cpu'"
            )
    if not isinstance(problem.ld, LDMatrix):
        raise InputError("R: found a factor of R for loci on a device; expected R itself")
