"""How a language model's residue probabilities at one place answer to changes at another."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from seqgen.alignment import Residues
from seqgen.couplings.jacobian_plan import SPREAD, Plan
from seqgen.couplings.neighbours import neighbour_notice
from seqgen.couplings.norms import average_product_correction
from seqgen.errors import InputError
from seqgen.models.protocol import SequenceModel
from seqgen.models.windows import window_weights
from seqgen.results import Couplings
from seqgen.schemas import AMINO_ACIDS

_CALL_TOKENS = 1 << 16  # residues handed to the model at once
_BLOCK_NUMBERS = 1 << 24  # numbers of the tensor worked on at once, 64 MiB in float32


def categorical_jacobian(
    model: SequenceModel, sequence: str, *, name: str = "protein", start: int = 1,
    method: str = "full", substitutions: str = SPREAD, centre: str | None = None,
    window: int | None = None, overlap: int | None = None, token_budget: int | None = None,
    memory: float = 2.0, progress: Callable[[int, int], None] | None = None,
) -> Couplings:  # fmt: skip
    """Couplings of residue pairs, from what changing one does to the model's view of the other.

    Every residue is put at every position in turn, and the change of the log probabilities at
    all others is noted: a 20 x 20 matrix for each pair. Log probabilities differ from logits by
    a constant per position, which centring over the residues of the response takes away, so any
    `SequenceModel` will do. The matrices are centred, averaged with their transposes, and their
    Frobenius norms corrected by the average product.

    In a Potts model the matrices are the couplings in the zero-sum gauge, and with
    ``centre="residues"`` so are the norms. A model without context gives zeros.

    A high score says that a pair stands out in the model, not that it is in contact: a weak
    model's answers follow the distance along the chain. With the bundled model, of the pairs of
    a phosphotransferase and a dihydrofolate reductase (145 and 159 residues) that
    `add_significance` gives more than 0.9, six or more apart, 4.2% and 4.2% are in contact, of
    all pairs 3.3% and 3.0%; of the L highest 2.8% and 5.7%. Where the highest scores are of
    neighbours, a notice says so.

    Parameters
    ----------
    model : SequenceModel
        Where it has an attribute ``causal`` that is true, only later positions respond, and the
        matrices and their transposes are added instead of averaged.
    sequence : str
        The 20 residues or X.
    name, start : str, int
        Of the protein, and the position of its first residue.
    method : {"full", "subset", "masked"}
        ``full``: all 20 residues, 19 L + 1 passes. ``subset``: those in ``substitutions`` only.
        ``masked``: each position is hidden instead, L + 1 passes. The last two give one vector
        per changed residue, so norms are averaged over both directions, not matrices. With
        the bundled model on these two proteins and human A1BG (495 residues) their scores have
        Spearman correlations to the full ones of .93, .90, .95 (subset) and .79, .73, .90
        (masked), six or more apart, but share only .83, .85, .75 and .54, .54, .51 of the L
        highest; A1BG took 399 s (full), 93 s and 21 s of one core's time, on a busy machine.
    substitutions : str
        Residues for ``subset``.
    centre : {"all", "residues"}, optional
        ``all``, as published: over both residue axes and then over both position axes, but for
        a residue's answers to itself, which are set to zero first and so leak into no pair.
        ``residues``: over the residue axes alone. By default ``all`` where ``method`` is
        ``full`` and the model is not causal; elsewhere only ``residues`` has a meaning.
    window, overlap : int, optional
        Longest stretch given to the model, by default all it takes, and how much neighbouring
        stretches share, by default half. Pairs that no window holds are NaN. Where several
        hold a pair, its norm is their mean, weighted by the product of both residues' weights
        as `seqgen.models.windows.window_weights` gives them.
    token_budget : int, optional
        Most residues to run through the model; beyond it is an error, before anything runs.
    memory : float
        GiB for the responses of a window of w residues, 400 w**2 numbers. They are kept in
        float32, or in float16 (rounding of 5e-4) where only that fits.
    progress : callable, optional
        Called with passes done and passes in all.

    Returns
    -------
    Couplings
        Method ``categorical-jacobian``; ``raw`` holds the norms. `add_significance` of
        `seqgen.couplings.significance` adds z scores from the bulk of pairs.

    Raises
    ------
    InputError
        If the sequence or an option is not usable, or the budget or memory does not suffice.

    References
    ----------
    Zhang et al. (2024), Protein language models learn evolutionary statistics of interacting
    sequence motifs, PNAS 121:e2406285121.

    Examples
    --------
    >>> from seqgen.models.registry import load_model
    >>> found = categorical_jacobian(load_model("blosum62"), "MKVLAGHEWD")
    >>> found.scores.shape, float(np.nanmax(np.abs(found.raw)).round(6))  # it has no context
    ((10, 10), 0.0)
    """
    plan = Plan(model, sequence, method=method, substitutions=substitutions, centre=centre,
                 window=window, overlap=overlap, memory=memory)  # fmt: skip
    plan.require(token_budget)
    raw = _merged(plan, progress)
    np.fill_diagonal(raw, np.nan)
    scores = average_product_correction(raw, symmetric=True)
    np.fill_diagonal(scores, np.nan)
    residues = Residues.of_protein(sequence, name, start)
    missing = int(np.isnan(np.triu(raw, 1)).sum())
    notices: tuple[str, ...] = ()
    if missing:
        notices = (
            f"{missing} pair(s) have no score: no window of {plan.width} residues holds both",
        )
    notices += neighbour_notice(scores)
    return Couplings(
        scores, residues, residues, "categorical-jacobian", raw=raw, notices=notices,
        diagnostics=plan.diagnostics(),
    )  # fmt: skip


def residue_effects(
    model: SequenceModel, sequence: str, *, token_budget: int | None = None, memory: float = 2.0,
    progress: Callable[[int, int], None] | None = None,
) -> np.ndarray:  # fmt: skip
    """The matrices behind the norms: how residue a at i and residue b at j favour each other.

    Parameters
    ----------
    model, sequence, token_budget, memory, progress
        As in `categorical_jacobian`; the sequence has to fit into the model at once.

    Returns
    -------
    ndarray, shape (L, 20, L, 20)
        Natural-log units, float32; rows and columns of each matrix sum to zero,
        ``effects[i, a, j, b] == effects[j, b, i, a]``, zero for i = j. Of a Potts model these
        are its couplings in the zero-sum gauge.

    Raises
    ------
    InputError
        If the sequence does not fit, or the budget or memory does not suffice.

    Examples
    --------
    >>> from seqgen.models.registry import load_model
    >>> residue_effects(load_model("blosum62"), "MKVLA").shape
    (5, 20, 5, 20)
    """
    plan = Plan(model, sequence, method="full", centre="residues", memory=memory)
    if len(plan.starts) > 1:
        raise InputError(
            f"sequence has {len(sequence)} residues; the model takes {model.max_length}; "
            "pass a part of it"
        )
    if plan.dtype != np.float32:
        raise InputError(f"memory is {memory} GiB; expected {plan.gib():.2f} for these effects")
    plan.require(token_budget)
    tensor = _responses(plan, sequence, _counter(plan, progress))
    _centre(tensor, everywhere=False)
    for rows, _ in _blocks(tensor):
        later = slice(rows.start, None)
        both = (tensor[rows, :, later] + tensor[later, :, rows].transpose(2, 3, 0, 1)) * plan.share
        tensor[rows, :, later] = both
        tensor[later, :, rows] = both.transpose(2, 3, 0, 1)
    return tensor


def pair_epistasis(
    effects: np.ndarray, sequence: str, *, first: tuple[np.ndarray, np.ndarray],
    second: tuple[np.ndarray, np.ndarray],
) -> np.ndarray:  # fmt: skip
    """Epistasis of double mutants: what both changes do beyond the sum of each alone.

    Parameters
    ----------
    effects : ndarray, shape (L, 20, L, 20)
        As `residue_effects` gives them.
    sequence : str
        The wild type, of the 20 residues at the positions asked for.
    first, second : tuple of two ndarrays of int, shape (n,)
        0-based positions, and the residues put there as places in ``AMINO_ACIDS``.

    Returns
    -------
    ndarray, shape (n,)
        Signed, in natural-log units: above zero where the model prefers the pair to what the
        single changes promise.

    Raises
    ------
    InputError
        If shapes disagree, a position is outside, or the wild type there is unknown.

    Examples
    --------
    >>> effects = np.zeros((2, 20, 2, 20)); effects[0, 5, 1, 6] = effects[1, 6, 0, 5] = 1.0
    >>> at = np.array([0]), np.array([1])
    >>> pair_epistasis(effects, "MK", first=(at[0], [5]), second=(at[1], [6])).tolist()
    [1.0]
    """
    length = len(sequence)
    if effects.shape != (length, 20, length, 20):
        raise InputError(
            f"effects have shape {effects.shape}; expected ({length}, 20, {length}, 20) for a "
            f"sequence of {length} residues"
        )
    (i, a), (j, b) = (tuple(np.asarray(part) for part in side) for side in (first, second))
    for label, values, end in (("position", i, length), ("position", j, length),
                               ("residue", a, 20), ("residue", b, 20)):  # fmt: skip
        if len(values) and not (values.min() >= 0 and values.max() < end):
            raise InputError(f"a {label} is outside 0 to {end - 1}; expected 0-based numbers")
    wild = np.array([AMINO_ACIDS.find(letter) for letter in sequence])
    if (wild[i] < 0).any() or (wild[j] < 0).any():
        raise InputError("sequence has an unknown residue at a position asked for; leave it out")
    return (
        effects[i, a, j, b] - effects[i, wild[i], j, b]
        - effects[i, a, j, wild[j]] + effects[i, wild[i], j, wild[j]]
    )  # fmt: skip


def _merged(plan: Plan, progress: Callable[[int, int], None] | None) -> np.ndarray:
    """Norms over the whole sequence, from those of its windows."""
    length, count = len(plan.sequence), _counter(plan, progress)
    if len(plan.starts) == 1:
        return _norms(plan, plan.sequence, count)
    share = window_weights(
        np.arange(length), plan.starts, length=length, window=plan.width
    )  # (length, windows)
    total, weight = np.zeros((length, length)), np.zeros((length, length))
    for number, at in enumerate(plan.starts):
        inside = slice(int(at), int(at) + plan.width)
        each = np.outer(share[inside, number], share[inside, number])
        total[inside, inside] += each * _norms(plan, plan.sequence[inside], count)
        weight[inside, inside] += each
    return np.divide(total, weight, out=np.full_like(total, np.nan), where=weight > 0)


def _norms(plan: Plan, sequence: str, count: Callable[[int], None]) -> np.ndarray:
    """Symmetric norms (w, w) of one window, before the average product correction."""
    tensor = _responses(plan, sequence, count)
    _centre(tensor, everywhere=plan.centre == "all")
    norms = np.zeros((len(sequence), len(sequence)))
    for rows, block in _blocks(tensor):
        if plan.method == "full":
            block = (block + tensor[:, :, rows].transpose(2, 3, 0, 1)) * plan.share
        norms[rows] = np.sqrt(np.einsum("iajb,iajb->ij", block, block))
    # The full norms are symmetric but for rounding.
    return (norms + norms.T) * (0.5 if plan.method == "full" else plan.share)


def _responses(plan: Plan, sequence: str, count: Callable[[int], None]) -> np.ndarray:
    """Change of centred log probabilities (w, changes, w, 20) by each change at each place."""
    model, width = plan.model, len(sequence)
    wild = _centred(model.log_probs([sequence])[0])
    if not np.isfinite(wild).all():
        silent = int(np.flatnonzero(~np.isfinite(wild).all(axis=1))[0])
        raise InputError(
            f"model {model.name!r} says nothing about residue {silent + 1} of the sequence; it "
            "was fitted to other residues: give those alone, or use potts_couplings"
        )
    count(1)
    tensor = np.zeros((width, max(len(plan.residues), 1), width, 20), dtype=plan.dtype)
    for changes in _requests(plan, sequence):
        places = [place for place, _ in changes]
        if plan.residues:
            mutants = [
                sequence[:at] + plan.residues[k] + sequence[at + 1 :] for at, k in changes
            ]  # fmt: skip
            rows = model.log_probs(mutants)
        else:
            rows = model.log_probs([sequence] * len(changes), places)
        tensor[places, [k for _, k in changes]] = _centred(np.stack(rows)) - wild
        count(len(changes))
    # A residue's answer to itself is no pair; it would leak into all of them by the means.
    own = np.arange(width)
    tensor[own, :, own] = 0.0
    return tensor


def _requests(plan: Plan, sequence: str) -> Iterator[list[tuple[int, int]]]:
    """Changes (place, number of the residue) in lots that are given to the model at once."""
    changes = [
        (place, k)
        for place, letter in enumerate(sequence)
        for k, residue in enumerate(plan.residues or ".")
        if residue != letter
    ]
    lot = max(_CALL_TOKENS // len(sequence), 1)
    for first in range(0, len(changes), lot):
        yield changes[first : first + lot]


def _centred(rows: np.ndarray) -> np.ndarray:
    return rows - rows.mean(axis=-1, keepdims=True)


def _blocks(tensor: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Rows of the tensor in float32, a copy, as many at once as a bounded block holds."""
    step = max(_BLOCK_NUMBERS // tensor[0].size, 1)
    for first in range(0, len(tensor), step):
        rows = slice(first, min(first + step, len(tensor)))
        yield rows, tensor[rows].astype(np.float32)


def _centre(tensor: np.ndarray, *, everywhere: bool) -> None:
    """Take means away, in place: over the changes of a place, and then over both places."""
    by_response = np.zeros(tensor.shape[1:])
    for rows, block in _blocks(tensor):
        if tensor.shape[1] > 1:  # a hidden position is one change, with nothing to average over
            block -= block.mean(axis=1, keepdims=True)
        if everywhere:
            by_response += block.sum(axis=0)
            block -= block.mean(axis=2, keepdims=True)
        tensor[rows] = block
    if everywhere:
        by_response /= len(tensor)
        by_response -= by_response.mean(axis=1, keepdims=True)
        tensor -= by_response.astype(tensor.dtype)


def _counter(plan: Plan, progress: Callable[[int, int], None] | None) -> Callable[[int], None]:
    """Counts passes over all windows, and tells."""
    done, total = 0, plan.passes

    def count(more: int) -> None:
        nonlocal done
        done += more
        if progress is not None:
            progress(done, total)

    return count
