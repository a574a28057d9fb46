"""Pseudolikelihood fit of a Potts model: what is minimised, and how the minimum is reached."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from seqgen.alignment import ALIGNMENT_LETTERS, GAP, Alignment
from seqgen.couplings.weights import checked_weights, column_frequencies, sequence_weights
from seqgen.errors import InputError, SeqgenWarning
from seqgen.models.potts import PottsModel
from seqgen.native import available, thread_count
from seqgen.schemas import AMINO_ACIDS

GAPS = ("state", "ignore")
DEVICES = ("auto", "native", "cpu", "cuda")

_DEVICE = re.compile(r"auto|native|cpu|cuda(:\d+)?")
#: First step along a preconditioned direction; columns that move together make it less than 1.
_FIRST_STEP = 0.25
_SUFFICIENT = 1e-4
#: Relative error of a loss that is summed up from float32.
_ROUNDING = 1e-6
_FLAT = 0.4
_TRIES = 6

Progress = Callable[[int, float], None]


@dataclass(frozen=True)
class PlmData:
    """What is fitted to: everything the loss depends on besides the parameters.

    Attributes
    ----------
    codes : ndarray of uint8, shape (N, L)
        As in `Alignment`.
    weights : ndarray of float32, shape (N,)
    frequencies : ndarray of float32, shape (L, q)
        Weighted share of each letter; with gaps ignored, gaps are in the whole but not among
        the letters.
    gap_state : bool
        True where the gap is one of the q letters.
    depth : float
        Sum of the weights.
    lambda_h, lambda_J : float
        Penalties on the squares of fields and couplings.
    """

    codes: np.ndarray
    weights: np.ndarray
    frequencies: np.ndarray
    gap_state: bool
    depth: float
    lambda_h: float
    lambda_J: float

    @property
    def length(self) -> int:
        """Columns, L."""
        return self.codes.shape[1]

    @property
    def letters(self) -> int:
        """States, q."""
        return self.frequencies.shape[1]


class Point(NamedTuple):
    """The loss where the parameters stand; products with the direction and in the metric."""

    loss: float
    slope: float
    norm: float


class Problem(Protocol):
    """A backend: it holds parameters, gradient and direction, and tells the driver numbers."""

    def evaluate(self) -> Point:
        """Loss and gradient where the parameters stand."""
        ...

    def turn(self, keep: float) -> float:
        """``direction = keep * direction - gradient / curvature``; the new slope."""
        ...

    def move(self, step: float) -> None:
        """``parameters += step * direction``."""
        ...

    def parameters(self) -> tuple[np.ndarray, np.ndarray]:
        """Fields (L, q) and couplings (pairs, q, q)."""
        ...


class _Path(NamedTuple):
    iterations: int
    evaluations: int
    loss: float
    converged: bool


def fit_plm(
    alignment: Alignment,
    *,
    weights: np.ndarray | None = None,
    gaps: str = "state",
    lambda_h: float = 0.01,
    lambda_J: float | None = None,
    tolerance: float = 1e-5,
    max_iterations: int = 100,
    device: str = "auto",
    threads: int | None = None,
    progress: Progress | None = None,
) -> PottsModel:
    """Fit fields and couplings by the penalised pseudolikelihood, one coupling per pair.

    Minimises, over fields h and couplings J (one per pair, shared by both of its sites),

        - sum_n w_n sum_i log P(x_ni | all other sites of n) + lambda_h |h|^2 + lambda_J |J|^2

    by conjugate gradients (Dai and Yuan) on indicators that are centred at the letters'
    frequencies, which parts fields from couplings, with the curvature near independence as the
    metric: 10 to 25 evaluations, where descent on the plain parameters takes hundreds. Memory
    is two and a half times the couplings and two bytes per letter of the alignment. The result
    does not depend on the number of threads.

    Parameters
    ----------
    alignment : Alignment
    weights : ndarray, shape (N,), optional
        By default `sequence_weights` at 80% identity.
    gaps : {"state", "ignore"}
        ``state``: the gap is a 21st letter. ``ignore``: gaps neither predict nor are predicted.
    lambda_h : float
        Penalty on fields.
    lambda_J : float, optional
        Penalty on couplings. By default 0.01 (q - 1) (L - 1), as plmc's users and GREMLIN have
        it.
    tolerance : float
        Converged once an iteration lowers the loss by less than this share of it. Scores then
        agree with those at the minimum to a rank correlation of 0.999.
    max_iterations : int
    device : {"auto", "native", "cpu", "cuda"}
        ``native``: the compiled loops, on all cores. ``cpu``, ``cuda``: torch. ``auto``: the
        compiled loops, or torch with a warning where they were not built.
    threads : int, optional
        For the compiled loops; by default all cores.
    progress : callable, optional
        Called as ``progress(iteration, loss)``.

    Returns
    -------
    PottsModel

    Raises
    ------
    InputError
        If an argument is out of range or no column varies.

    Warns
    -----
    SeqgenWarning
        If the iterations ran out before the loss settled.

    References
    ----------
    Ekeberg et al. (2013), Improved contact prediction in proteins: using pseudolikelihoods to
    infer Potts models, Physical Review E 87:012707.
    Kamisetty et al. (2013), Assessing the utility of coevolution-based residue-residue contact
    predictions in a sequence- and structure-rich era, PNAS 110:15674-15679.
    Dai and Yuan (1999), A nonlinear conjugate gradient method with a strong global convergence
    property, SIAM Journal on Optimization 10:177-182.

    Examples
    --------
    >>> from seqgen.alignment import Residues
    >>> pairs = np.array([[1, 1], [2, 2]] * 20, dtype=np.uint8)  # both columns A, or both C
    >>> two = Alignment(tuple(map(str, range(40))), pairs, Residues.of_protein("AA"), focus=0)
    >>> model = fit_plm(two, weights=np.ones(40))
    >>> bool(model.couplings[0, 1, 1] > model.couplings[0, 1, 2])  # AA over AC
    True
    """
    data = _data(alignment, weights, gaps, (lambda_h, lambda_J))
    _check_options(tolerance, max_iterations, device)
    problem = _backend(data, device, threads)
    path = _minimise(problem, tolerance, max_iterations, progress)
    if not path.converged:
        warnings.warn(
            f"pseudolikelihood: the loss still falls after {path.iterations} iterations; raise "
            "max_iterations, or lambda_J where the alignment is shallow",
            SeqgenWarning,
            stacklevel=2,
        )
    fields, couplings = problem.parameters()
    letters = ALIGNMENT_LETTERS if data.gap_state else AMINO_ACIDS
    settings = {
        "method": "plm", "gaps": gaps, "lambda_h": lambda_h, "lambda_J": data.lambda_J,
        "neff": data.depth, "n_sequences": alignment.n_sequences, "source": alignment.source,
        "iterations": path.iterations, "evaluations": path.evaluations, "loss": path.loss,
        "converged": path.converged, "tolerance": tolerance,
    }  # fmt: skip
    return PottsModel(letters, fields, couplings, alignment.residues, settings=settings)


def _data(
    alignment: Alignment, weights: np.ndarray | None, gaps: str,
    penalties: tuple[float, float | None],
) -> PlmData:  # fmt: skip
    """Weights, frequencies and penalties, checked."""
    lambda_h, lambda_J = penalties
    if gaps not in GAPS:
        raise InputError(f"gaps is {gaps!r}; expected one of {', '.join(GAPS)}")
    if alignment.length < 2 or alignment.n_sequences < 2:
        raise InputError(
            f"{alignment.source}: {alignment.n_sequences} sequence(s) of {alignment.length} "
            "column(s); couplings need at least two of each"
        )
    if weights is None:
        weights = sequence_weights(alignment)
    weights = checked_weights(weights, alignment.n_sequences)
    states = len(ALIGNMENT_LETTERS) if gaps == "state" else len(AMINO_ACIDS)
    if lambda_J is None:
        lambda_J = 0.01 * (states - 1) * (alignment.length - 1)
    for name, value in (("lambda_h", lambda_h), ("lambda_J", lambda_J)):
        if not (np.isfinite(value) and value > 0):
            raise InputError(f"{name} is {value}; expected a finite number above 0")
    depth = float(weights.sum())
    frequencies = column_frequencies(alignment, weights)
    if frequencies[:, GAP + 1 :].max(axis=1).min() > 1 - 1e-12:
        raise InputError(
            f"{alignment.source}: no column varies; couplings need sequences that differ"
        )
    if gaps == "ignore":
        frequencies = frequencies[:, GAP + 1 :]
    return PlmData(
        alignment.codes, weights.astype(np.float32), frequencies.astype(np.float32),
        gaps == "state", depth, float(lambda_h), float(lambda_J),
    )  # fmt: skip


def start_fields(data: PlmData) -> np.ndarray:
    """Log frequencies with half a count added, each row centred, (L, q) float32."""
    logs = np.log(data.frequencies.astype(np.float64) * data.depth + 0.5)
    return (logs - logs.mean(axis=1, keepdims=True)).astype(np.float32)


def field_metric(data: PlmData) -> np.ndarray:
    """Curvature of the loss along each field near independence, (L, q) float32."""
    q = data.letters
    share_of = (data.frequencies * data.depth + 0.5) / (data.depth + 0.5 * q)
    return (data.depth * share_of * (1 - share_of) + 2 * data.lambda_h).astype(np.float32)


def _check_options(tolerance: float, max_iterations: int, device: str) -> None:
    if not 0 < tolerance < 1:
        raise InputError(f"tolerance is {tolerance}; expected between 0 and 1, such as 1e-5")
    if max_iterations < 1:
        raise InputError(f"max_iterations is {max_iterations}; expected at least 1")
    if not _DEVICE.fullmatch(str(device)):
        raise InputError(
            f"device is {device!r}; expected one of {', '.join(DEVICES)}, or cuda with a number"
        )


def _backend(data: PlmData, device: str, threads: int | None) -> Problem:
    """The compiled loops, or torch where it was asked for or they are not there."""
    if device == "auto" and not available():
        device = "cpu"
        warnings.warn(
            "seqgen's compiled part was not built, so that couplings are fitted on torch, some ten "
            "times slower: install a C compiler and install seqgen again",
            SeqgenWarning,
            stacklevel=3,
        )
    if device in ("auto", "native"):
        from seqgen.couplings.plm_native import NativeProblem

        return NativeProblem(data, thread_count(threads))
    from seqgen.couplings.plm_torch import TorchProblem

    return TorchProblem(data, device)


def _minimise(
    problem: Problem, tolerance: float, max_iterations: int, progress: Progress | None
) -> _Path:
    """Conjugate gradients; the line is searched by the secant of its slope."""
    here = problem.evaluate()
    slope, step, evaluations = problem.turn(0.0), _FIRST_STEP, 1
    steepest = True
    for iteration in range(1, max_iterations + 1):
        there, step, used = _search(problem, Point(here.loss, slope, here.norm), step)
        evaluations += used
        if progress is not None:
            progress(iteration, there.loss)
        gained = here.loss - there.loss
        if gained < 0:  # no lower point on this line: back, and down the steepest way
            problem.move(-step)
            here = problem.evaluate()
            evaluations += 1
            if steepest:
                settled = -gained < max(tolerance, _ROUNDING) * abs(here.loss)
                return _Path(iteration, evaluations, here.loss, settled)
            slope, step, steepest = problem.turn(0.0), _FIRST_STEP, True
            continue
        if gained < tolerance * abs(there.loss):
            return _Path(iteration, evaluations, there.loss, True)
        bend = there.slope - slope
        keep = there.norm / bend if bend > 0 else 0.0
        next_step = step * slope / -bend if bend > 0 else step
        slope, steepest = problem.turn(keep), False
        if slope >= 0:
            slope, steepest = problem.turn(0.0), True
        here, step = there, next_step
    return _Path(max_iterations, evaluations, here.loss, False)


def _search(problem: Problem, start: Point, step: float) -> tuple[Point, float, int]:
    """A point along the direction that is lower and flatter; the step to it; evaluations."""
    problem.move(step)
    point = problem.evaluate()
    for used in range(1, _TRIES + 1):
        lower = point.loss <= start.loss + _SUFFICIENT * step * start.slope
        if lower and abs(point.slope) <= _FLAT * abs(start.slope):
            return point, step, used
        bend = point.slope - start.slope
        better = step * -start.slope / bend if bend > 0 else 2 * step
        better = min(max(better, 0.1 * step), 5 * step)
        problem.move(better - step)
        point, step = problem.evaluate(), better
    return point, step, _TRIES + 1
