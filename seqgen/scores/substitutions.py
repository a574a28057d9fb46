"""Log-likelihood ratios of single residue changes under a protein language model."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.models.cached import cached_model
from seqgen.models.protocol import SequenceModel
from seqgen.parallel import Shard
from seqgen.residues import clean_sequence
from seqgen.schemas import Counted
from seqgen.scores.asking import (
    Counter,
    Plan,
    Progress,
    plan_masked,
    plan_mutant,
    plan_wild_type,
    ratios_of,
    values_of,
)
from seqgen.scores.likelihood import Pair, log_likelihood_ratios
from seqgen.scores.options import (
    check_methods,
    checked_window,
    require_protein_model,
    score_attributes,
)
from seqgen.scores.rows import (
    covered,
    only_proteins,
    protein_sequences,
    require_changes,
    shard_rows,
    usable_changes,
)

MASKED, WILD_TYPE, MUTANT = "masked-marginal", "wild-type-marginal", "mutant-marginal"
EXACT, ONE_PASS = "pseudo-log-likelihood", "one-pass-pseudo-log-likelihood"
METHODS = (MASKED, WILD_TYPE, MUTANT, EXACT, ONE_PASS)
DEFAULT_METHODS = (MASKED, WILD_TYPE)


class _Question(NamedTuple):
    """The changes of a call: proteins they are of, cleaned, and windows to see them in."""

    changes: pd.DataFrame
    proteins: list[str]
    protein: np.ndarray
    lengths: np.ndarray
    window: int
    overlap: int


def score_variants(
    variants: pd.DataFrame,
    proteins: pd.DataFrame | Mapping[str, str],
    model: SequenceModel,
    *,
    methods: Sequence[str] | None = None,
    window: int | None = None,
    overlap: int | None = None,
    shard: Shard | None = None,
    progress: Progress | None = None,
    cache: str | os.PathLike[str] | None = None,
) -> Counted:
    """Score residue changes by log p(alternative) - log p(reference), natural logarithm.

    A negative score says that the model finds the alternative less likely than the reference.

    ``masked-marginal`` hides the position and reads the two residues there. Each distinct
    position is run once. In a protein longer than ``window`` the model sees the window that is
    centred on the position, as far as the protein's ends allow.

    ``wild-type-marginal`` reads all positions from one pass over the unchanged protein, so each
    protein is run once. A longer protein is covered by windows that overlap by at least
    ``overlap`` residues; a position's score is the mean over the windows that hold it, weighted
    by a sigmoid of the distance to the window's inner ends, so that a window fades in and out.
    Only windows that hold a wanted position are run.

    ``mutant-marginal`` reads both residues at the position from a pass over the changed protein,
    in the centred window: one pass for each change.

    ``pseudo-log-likelihood`` is the difference of the two proteins' sums, over all positions, of
    the log probability of the residue there with that position hidden: two passes for each
    position within a window of the change. ``one-pass-pseudo-log-likelihood`` reads all
    positions from one pass over each protein that hides none. Of a causal model both are the
    log likelihood itself.

    Parameters
    ----------
    variants : DataFrame
        Columns ``uniprot``, ``position`` (1-based), ``ref_aa``, ``alt_aa``; others are ignored,
        repeated rows are scored once. ``variants.merge(scored.table)`` puts others back.
    proteins : DataFrame or mapping
        Columns ``uniprot`` and ``sequence``, or accession to sequence. U is read as C, O as K,
        and B, Z, J, X as unknown.
    model : SequenceModel
    methods : sequence of str, optional
        Any of ``masked-marginal``, ``wild-type-marginal``, ``mutant-marginal``,
        ``pseudo-log-likelihood``, ``one-pass-pseudo-log-likelihood``. Of a causal model
        ``wild-type-marginal`` and the two last. By default the first two, of a model that cannot
        hide a position ``wild-type-marginal`` alone.
    window : int, optional
        Longest stretch of residues the model sees at once; by default all that it takes.
    overlap : int, optional
        Least overlap of windows, in residues; by default half a window (511 for ESM-2).
    shard : tuple (i, N), optional
        Score the i-th of N parts of the proteins; the rows of all parts are those of the whole.
        Rows that cannot be scored are counted with their protein, or in the first part.
    progress : callable, optional
        Called as ``progress(done, total)`` with residue passes: residues of all sequences that
        the model reads, so that a protein counts once for each position hidden in it.
    cache : path, optional
        Folder in which what the model said is kept, and looked up before it is asked: a call
        that was stopped goes on where it was, and another one about the same proteins asks for
        what is new alone. Several processes may use one. By default nothing is kept.

    Returns
    -------
    Counted
        ``table``: `schemas.SCORES`, changes in order of first appearance within each method; its
        ``attrs`` tell the model, its revision and the unit;
        ``drops``: `schemas.DROPS`, rows of ``variants`` left out by reason.

    Raises
    ------
    InputError
        If columns or arguments are wrong, a needed sequence is no protein, or no row is left.
        A model of one family refuses other sequences; where ``variants`` name its protein, the
        rows of others are dropped and counted. Or if a file of the cache is damaged.
    OutputError
        If the cache cannot be written at all.

    References
    ----------
    Meier et al. (2021), Language models enable zero-shot prediction of the effects of mutations
    on protein function, NeurIPS 34: the three marginals.
    Brandes et al. (2023), Genome-wide prediction of disease variant effects with a deep protein
    language model, Nature Genetics 55:1512-1522: weighted windows for long proteins, ratios of
    one-pass pseudo-log-likelihoods.

    Examples
    --------
    >>> import pandas as pd
    >>> from seqgen.models.substitution import SubstitutionModel
    >>> change = pd.DataFrame({"uniprot": ["P1"], "position": [2], "ref_aa": ["K"],
    ...                        "alt_aa": ["W"]})
    >>> scored = score_variants(change, {"P1": "MKV"}, SubstitutionModel(),
    ...                         methods=["wild-type-marginal"])
    >>> scored.table["log_lik_ratio"].round(2).tolist()
    [-4.27]
    """
    methods = _checked_methods(methods, model)
    window, overlap = checked_window(model, window, overlap)
    require_changes(variants)
    sequences = protein_sequences(proteins, variants["uniprot"])
    only = only_proteins(model, variants)
    changes, drops = usable_changes(variants, sequences, only)
    if shard is not None:
        variants = shard_rows(variants, changes, shard)
        changes, drops = usable_changes(variants, sequences, only)
    names = changes["uniprot"].unique().tolist()
    cleaned = [clean_sequence(sequences[name], f"protein {name}") for name in names]
    lengths = np.array([len(sequence) for sequence in cleaned], dtype=np.int64)
    protein = pd.Index(names).get_indexer(pd.Index(changes["uniprot"]))
    question = _Question(changes, cleaned, protein, lengths, window, overlap)

    plans = {method: _plan(method, question) for method in methods}
    pairs = _pairs(question) if None in plans.values() else []
    read = sum(len(pair.ref) + len(pair.alt) for pair in pairs)
    total = sum(read if plan is None else int(plan[0].length.sum()) for plan in plans.values())
    count = Counter(progress, total)
    tables = []
    with cached_model(model, cache) as asked:
        for method, plan in plans.items():
            if plan is None:
                ratios = log_likelihood_ratios(
                    asked, pairs, exact=method == EXACT, window=window, overlap=overlap, count=count
                )
            else:
                ratios = _merged(asked, question, plan, count)
            tables.append(changes.assign(method=method, log_lik_ratio=ratios))
    counted = covered(pd.concat(tables, ignore_index=True), drops, variants)
    counted.table.attrs.update(score_attributes(model, methods))
    return counted


def _checked_methods(methods: Sequence[str] | None, model: SequenceModel) -> Sequence[str]:
    require_protein_model(model)
    if methods is None:
        return DEFAULT_METHODS if model.masked else (WILD_TYPE,)
    check_methods(methods, METHODS)
    causal = getattr(model, "causal", False)
    hiding = [method for method in methods if method == MASKED or (method == EXACT and not causal)]
    if hiding and not model.masked:
        raise InputError(
            f"model {model.name!r} cannot hide a position, which {hiding[0]!r} does; use "
            f"methods=[{WILD_TYPE!r}]"
        )
    return methods


def _plan(method: str, question: _Question) -> Plan | None:
    """What the model is asked; None where whole sequences are compared."""
    changes, _, protein, lengths, window, overlap = question
    place = changes["position"].to_numpy(dtype=np.int64) - 1
    if method == MUTANT:
        return plan_mutant(changes, protein, lengths, window)
    if method in (MASKED, WILD_TYPE):
        plan = plan_masked if method == MASKED else plan_wild_type
        return plan(protein, place, lengths, window, overlap)
    return None


def _merged(
    model: SequenceModel, question: _Question, plan: Plan, count: Counter
) -> np.ndarray:  # fmt: skip
    """The ratio of each change, merged over the windows that hold it."""
    requests, row, request, weight = plan
    place = question.changes["position"].to_numpy(dtype=np.int64) - 1
    wanted = (request, place[row] - requests.start[request])
    values = values_of(model, question.proteins, requests, wanted, count)
    ratios = ratios_of(values, question.changes.iloc[row])
    return np.bincount(row, weights=weight * ratios, minlength=len(question.changes))


def _pairs(question: _Question) -> list[Pair]:
    """Each change as two sequences."""
    columns = zip(
        question.protein, question.changes["position"], question.changes["alt_aa"], strict=True
    )
    pairs = []
    for protein, position, alt in columns:
        ref = question.proteins[protein]
        pairs.append(Pair(ref, ref[: position - 1] + alt + ref[position:], position - 1, position))
    return pairs
