"""Couplings between two proteins, read by a language model as one chain with a linker."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from seqgen.alignment import Residues
from seqgen.couplings.jacobian import SPREAD, categorical_jacobian
from seqgen.couplings.norms import average_product_correction
from seqgen.errors import InputError
from seqgen.models.protocol import SequenceModel
from seqgen.models.requests import check_letters
from seqgen.results import Couplings

LINKER = "G" * 25


def linked_jacobian(
    model: SequenceModel, first: str, second: str, *, names: tuple[str, str] = ("first", "second"),
    linkers: str | Sequence[str] = LINKER, method: str = "full", substitutions: str = SPREAD,
    shuffles: int = 0, partners: Sequence[str] = (), seed: int = 1,
    token_budget: int | None = None, memory: float = 2.0,
    progress: Callable[[int, int], None] | None = None,
) -> Couplings:  # fmt: skip
    """Couplings between the residues of two proteins, joined by a linker in both orders.

    The block between the proteins is cut out of the categorical Jacobian of the joined chain,
    averaged over linkers and both orders, and corrected by the average product of the block.
    Models that were trained on single chains tell little about which residues of two proteins
    meet, and nothing without a null should be read from them; expect a signal only from models
    trained on complexes, or for pairs that often occur fused into one chain.

    Parameters
    ----------
    model : SequenceModel
    first, second : str
        Sequences; with the longest linker they have to fit into the model.
    names : tuple of str
        Of the proteins, not the same.
    linkers : str or sequence of str
        One or more, of whatever residues and lengths.
    method, substitutions, token_budget, memory
        As in `seqgen.couplings.jacobian.categorical_jacobian`; the budget holds for all runs,
        null included, together.
    shuffles : int
        Null: that many times the residues of ``second`` are put in random order.
    partners : sequence of str
        Null in its place: other proteins instead of ``second``, of lengths within a fifth of
        its own, such as neighbours in a proteome that do not meet ``first``.
    seed : int
        Of the shuffles.
    progress : callable, optional
        Called with joined chains done and chains in all.

    Returns
    -------
    Couplings
        Shape (len(first), len(second)), method ``categorical-jacobian``. With a null, ``z`` is
        the score in standard deviations of all null scores together and ``p`` the share of them
        that are at least as high, (1 + higher) / (1 + all). Scores of a run are not independent
        and shuffled sequences are not proteins, so ``p`` ranks pairs; evidence that the
        proteins are coupled at all is ``diagnostics["p_of_highest"]``, the share of null runs
        whose highest score is at least that of the pair of proteins, at best 1 / (1 + runs).

    Raises
    ------
    InputError
        If a sequence is empty or too long, or an option is out of range.

    References
    ----------
    Zhang et al. (2024), Protein language models learn evolutionary statistics of interacting
    sequence motifs, PNAS 121:e2406285121.

    Examples
    --------
    >>> from seqgen.models.registry import load_model
    >>> linked_jacobian(load_model("blosum62"), "MKVLA", "GHEWDR").scores.shape
    (5, 6)
    """
    joints = [linkers] if isinstance(linkers, str) else list(linkers)
    seconds, null = _null_partners(second, shuffles, list(partners), seed)
    _require_fit(model, (first, [second, *seconds]), joints, names)
    options = {"method": method, "substitutions": substitutions, "memory": memory}
    chains = 2 * len(joints) * (1 + len(seconds))
    if token_budget is not None:
        _require_budget(model, first, [second, *seconds], joints, token_budget, method,
                        len(substitutions))  # fmt: skip
    done = 0

    def block(partner: str) -> np.ndarray:
        nonlocal done
        total = np.zeros((len(first), len(partner)))
        for joint in joints:
            for turned in (False, True):
                total += _between(model, (first, partner), joint, turned=turned, **options)
                done += 1
                if progress is not None:
                    progress(done, chains)
        return total / (2 * len(joints))

    raw = block(second)
    scores = average_product_correction(raw, symmetric=False)
    background = [average_product_correction(block(one), symmetric=False) for one in seconds]
    z, p, told = _against(scores, background)
    return Couplings(
        scores, Residues.of_protein(first, names[0]), Residues.of_protein(second, names[1]),
        "categorical-jacobian", raw=raw, z=z, p=p,
        diagnostics={"model": model.name, "revision": model.revision, "jacobian": method,
                     "linkers": joints, "null": null, "seed": seed, **told},
    )  # fmt: skip


def _between(
    model: SequenceModel, proteins: tuple[str, str], joint: str, *, turned: bool, **options: Any
) -> np.ndarray:
    """Norms (first, second) of the joined chain, ``second`` in front where it is turned."""
    front, back = proteins[::-1] if turned else proteins
    raw = categorical_jacobian(model, front + joint + back, **options).raw
    assert raw is not None
    block = raw[: len(front), len(front) + len(joint) :]
    return block.T if turned else block


def _null_partners(
    second: str, shuffles: int, partners: list[str], seed: int
) -> tuple[list[str], str]:
    """Sequences that stand in for ``second``, and the null in words."""
    if shuffles < 0:
        raise InputError(f"shuffles is {shuffles}; expected 0 or more")
    if shuffles and partners:
        raise InputError("shuffles and partners are both given; expected one null")
    if partners:
        for place, partner in enumerate(partners):
            if not 0.8 * len(second) <= len(partner) <= 1.2 * len(second):
                raise InputError(
                    f"partners[{place}] has {len(partner)} residues; expected a length within a "
                    f"fifth of the {len(second)} of second"
                )
        return partners, f"{len(partners)} other partner(s) of like length"
    rng = np.random.default_rng(seed)
    shuffled = ["".join(rng.permutation(list(second))) for _ in range(shuffles)]
    return shuffled, f"residues of the second protein shuffled {shuffles} times" if shuffles else ""


def _require_fit(
    model: SequenceModel, proteins: tuple[str, list[str]], joints: list[str],
    names: tuple[str, str],
) -> None:  # fmt: skip
    first, seconds = proteins
    if not first or not all(seconds):
        raise InputError("first, second or a partner is empty; expected residues")
    for argument, texts in (("first", [first]), ("second", seconds[:1]),
                            ("partners", seconds[1:]), ("linkers", joints)):  # fmt: skip
        for text in texts:
            check_letters(text, argument)
    if len(names) != 2 or not all(names):
        raise InputError(f"names is {names!r}; expected the names of two proteins")
    if names[0] == names[1]:
        raise InputError(f"names are both {names[0]!r}; expected two different ones")
    if not joints:
        raise InputError("linkers is empty; expected at least one, '' for none between them")
    longest = max(map(len, joints))
    total = len(first) + longest + max(map(len, seconds))
    if total > model.max_length:
        raise InputError(
            f"{len(first)} residues, a linker of {longest} and {total - longest - len(first)} "
            f"residues make {total}; model {model.name!r} takes {model.max_length}; pass domains, "
            "or a model with a longer context"
        )


def _require_budget(
    model: SequenceModel, first: str, seconds: list[str], joints: list[str], budget: int,
    method: str, k: int,
) -> None:  # fmt: skip
    """Residues of all runs, counted before the first; one pass more or less does not matter."""
    changes = {"full": 20, "subset": k}.get(method, 1)
    lengths = [len(first) + len(joint) + len(one) for one in seconds for joint in joints]
    tokens = sum(2 * (changes * length + 1) * length for length in lengths)
    if tokens > budget:
        raise InputError(
            f"{2 * len(lengths)} joined chains are up to {tokens} tokens for model "
            f"{model.name!r}; token_budget is {budget}; raise it, lower shuffles, or pass "
            "method='subset' or 'masked'"
        )


def _against(
    scores: np.ndarray, background: list[np.ndarray]
) -> tuple[np.ndarray | None, np.ndarray | None, dict[str, Any]]:
    """Z and p of the scores under those of the null, and the p value of the highest."""
    if not background:
        return None, None, {}
    ordered = np.sort(np.concatenate([one.ravel() for one in background]))
    mean, spread = float(ordered.mean()), float(ordered.std())
    higher = len(ordered) - np.searchsorted(ordered, scores, side="left")
    z = (scores - mean) / spread if spread > 0 else np.full(scores.shape, np.nan)
    highest = [float(one.max()) for one in background]
    beaten = sum(one >= scores.max() for one in highest)
    return z, (1 + higher) / (1 + len(ordered)), {
        "null_mean": mean, "null_sd": spread, "null_highest": highest,
        "p_of_highest": (1 + beaten) / (1 + len(highest)),
    }  # fmt: skip
