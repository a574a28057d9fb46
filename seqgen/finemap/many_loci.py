"""Fine-mapping many loci: across cores, or side by side on a GPU."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from seqgen.errors import InputError
from seqgen.finemap.backends import FineMapOptions, named_mapper
from seqgen.finemap.batch import Task, batches_of, fit_batch, named_locus
from seqgen.finemap.fitting import fit_problem
from seqgen.finemap.susie_rss import SusieMapper, rss_problem
from seqgen.parallel import map_tasks, scan_threads
from seqgen.results import FineMapResult

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from seqgen.finemap.fitting import Plan
    from seqgen.finemap.ibss import Problem
    from seqgen.finemap.ld import LDMatrix

_DEFAULTS = FineMapOptions()


def fine_map_loci(
    z: Mapping[str, ArrayLike],
    R: Mapping[str, ArrayLike | LDMatrix],
    *,
    n: float | Mapping[str, float | None] | None,
    prior: Mapping[str, ArrayLike] | None = None,
    model_init: Mapping[str, FineMapResult] | None = None,
    options: FineMapOptions = _DEFAULTS,
    workers: int | None = 1,
    device: str = "cpu",
) -> dict[str, FineMapResult]:
    """Fine-map many loci as `fine_map` does each: on several cores, or in batches on a GPU.

    Parameters
    ----------
    z : mapping of str to array_like, shape (p,)
        Locus to its z-scores.
    R : mapping of str to array_like, shape (p, p), or LDMatrix
        Locus to its correlations. Each is asked for when its turn comes, so that a mapping that
        reads or computes them holds no more than one per worker, or a batch.
    n : float, mapping, or None
        Sample size of the GWAS, one for all loci or by locus; None where it is unknown.
    prior : mapping of str to array_like, shape (p,), optional
        Locus to prior inclusion weights on any positive scale; equal for loci not named.
    model_init : mapping of str to FineMapResult, optional
        Locus to an earlier fit of its variants to start from, such as under another prior.
    options : FineMapOptions
        Settings of every fit.
    workers : int, optional
        Threads, each with a locus; all cores that this process may use where None.
    device : str
        ``cpu``; or ``cuda``, ``cuda:1`` for a GPU, where loci alike in size are fitted side by
        side in double precision by torch (``torch-cpu`` does so on the processor, to check it).

    Returns
    -------
    dict of str to FineMapResult
        In the order of ``z``. The same for any number of workers; on a device PIPs agree with
        those of the processor to 1e-6.

    Raises
    ------
    InputError
        If an input is not as described (the message names the locus), a device is not there, or
        an option is one that devices do not have: ``refine``, ``L_greedy``,
        ``unmappable_effects``, ``slot_prior``, ``prior_variance_grid``, ``compat="0.12"``.

    References
    ----------
    Wang, Sarkar, Carbonetto, Stephens (2020), JRSS B 82:1273-1300.

    Examples
    --------
    >>> r = 0.9 ** np.abs(np.subtract.outer(np.arange(8), np.arange(8)))
    >>> z = {"1:1-8": 7.0 * r[3], "2:1-8": 8.0 * r[5]}
    >>> fits = fine_map_loci(z, dict.fromkeys(z, r), n=5000, options=FineMapOptions(L=3))
    >>> [int(fit.pip.argmax()) for fit in fits.values()]
    [3, 5]
    """
    threads = scan_threads(workers, device)
    for what, given in (("R", R), ("n", n), ("prior", prior), ("model_init", model_init)):
        _check_names(what, given, z)
    settings = cast("SusieMapper", named_mapper("seqgen", options))

    def problem_of(name: str) -> tuple[Problem, Plan]:
        size = n[name] if isinstance(n, Mapping) else n
        return rss_problem(z[name], (R[name], size), settings, prior=(prior or {}).get(name))

    def fit(name: str) -> FineMapResult:
        with named_locus(name):
            return fit_problem(*problem_of(name), (model_init or {}).get(name))

    if device == "cpu":
        return dict(zip(z, map_tasks(fit, list(z), workers=threads), strict=True))
    from seqgen.finemap.batch_torch import device_room

    found: dict[str, FineMapResult] = {}
    for names in batches_of({k: np.size(v) for k, v in z.items()}, options.L, device_room(device)):
        tasks = []
        for name in names:
            with named_locus(name):
                problem, plan = problem_of(name)
            tasks.append(Task(name, problem, plan, (model_init or {}).get(name)))
        for effects in {len(task.state.V) for task in tasks}:
            alike = [task for task in tasks if len(task.state.V) == effects]
            fits = fit_batch(alike, device=device)
            found.update({task.name: fit for task, fit in zip(alike, fits, strict=True)})
    return {name: found[name] for name in z}


def _check_names(what: str, given: Any, z: Any) -> None:
    """Refuse what is not by locus, lacks a locus where it must not, or has one that z lacks."""
    if not isinstance(z, Mapping) or not z:
        raise InputError(
            f"z: found {type(z).__name__}; expected a mapping from locus to z-scores, with one "
            f"locus at least; for a single locus use fine_map"
        )
    if given is None or (what == "n" and not isinstance(given, Mapping)):
        return
    if not isinstance(given, Mapping):
        raise InputError(
            f"{what}: found {type(given).__name__}; expected a mapping by locus, as z is"
        )
    needed = what in ("R", "n")
    # By its names alone: asking a mapping that reads what it holds whether it holds it reads it.
    there, wanted = set(given), set(z)
    wrong = [name for name in z if name not in there] if needed else sorted(there - wanted)
    if wrong:
        told = f"no locus {wrong[0]!r}" if needed else f"locus {wrong[0]!r}, which z lacks"
        raise InputError(f"{what}: found {told}; expected the loci of z; use the same names")
