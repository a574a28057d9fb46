"""Log-likelihood ratios of DNA variants, both strands, from the genome around them."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.io.reference import open_reference
from seqgen.io.reference_windows import (
    Windows,
    count_drop,
    dna_variants,
    drops_table,
    variant_windows,
)
from seqgen.models.alphabets import DNA
from seqgen.models.cached import ask, cached_model, rows_at
from seqgen.models.likelihoods import span_log_likelihoods
from seqgen.models.protocol import SequenceModel
from seqgen.parallel import Shard, shard_slice
from seqgen.schemas import DNA_SCORES, Counted
from seqgen.scores.asking import Counter, Progress
from seqgen.scores.options import check_methods, score_attributes

MASKED, WILD_TYPE = "masked-marginal", "wild-type-marginal"
ONE_PASS, ODDS = "one-pass-pseudo-log-likelihood", "one-pass-pseudo-log-odds"
METHODS = (MASKED, WILD_TYPE, ONE_PASS, ODDS)
STRANDS = ("both", "forward")

_DEFAULT_CONTEXT = 1024
_SIZES = "alleles differ in length, which {} cannot compare"
_FULL = "too many unknown bases (N) around it, each a token of its own, for the model's context"
_TURN = str.maketrans("ACGTN", "TGCAN")


def score_dna_variants(
    variants: pd.DataFrame | str | os.PathLike[str],
    fasta: str | os.PathLike[str],
    model: SequenceModel,
    *,
    methods: Sequence[str] | None = None,
    context: int | None = None,
    strands: str = "both",
    shard: Shard | None = None,
    progress: Progress | None = None,
    cache: str | os.PathLike[str] | None = None,
) -> Counted:
    """Score variants of DNA by the log likelihood of the alternative less the reference allele.

    The model sees the genome around each variant, read from ``fasta`` in genome order, on both
    strands; the score is their mean.

    ``masked-marginal`` hides the allele and compares the two in its place, for alleles of one
    length. Where tokens are longer than a base, all tokens that cover the allele are hidden and
    their log probabilities summed, each allele in the model's own tokens (see
    `seqgen.models.dna_words.MaskedDnaWords`). ``wild-type-marginal`` reads both bases from one
    pass that hides nothing. ``one-pass-pseudo-log-likelihood`` compares the sums over the whole
    window, for any alleles, indels too: of a causal model, the log likelihood of the window. An
    inserted base makes a sum smaller whatever it is; ``one-pass-pseudo-log-odds`` therefore
    takes log 1/4 off for each base.

    Parameters
    ----------
    variants : DataFrame or path
        ``chrom``, ``pos`` (1-based) with ``ref`` and ``alt``, or with ``effect_allele`` and
        ``other_allele`` as `read_sumstats` gives them, where the reference decides which of the
        two is ``ref``; or a VCF.
    fasta : path
        The reference genome, plain or bgzipped.
    model : SequenceModel
        Of DNA, as `load_model` gives it.
    methods : sequence of str, optional
        By default ``masked-marginal`` and ``one-pass-pseudo-log-odds`` of a masked model, the
        latter of a causal one.
    context : int, optional
        Bases that the model sees, the variant in their middle; by default 1,024 or as many as
        the model takes.
    strands : {"both", "forward"}
    shard : tuple (i, N), optional
        Score the i-th of N parts of the variants in genome order.
    progress : callable, optional
        Called as ``progress(done, total)`` with variants.
    cache : path, optional
        As in `score_variants`.

    Returns
    -------
    Counted
        ``table``: `schemas.DNA_SCORES` in genome order, with the effect alleles where given;
        ``drops``: variants left out by reason.

    Raises
    ------
    InputError
        If columns or arguments are wrong, the model is not of DNA, nothing is left, or a file of
        the cache is damaged.
    OutputError
        If the cache cannot be written at all.

    References
    ----------
    Benegas et al. (2023), DNA language models are powerful predictors of genome-wide variant
    effects, PNAS 120:e2311219120: masked bases, both strands averaged.
    Nguyen et al. (2024), Sequence modeling and design from molecular to genome scale with Evo,
    Science 386:eado9336: likelihoods of windows under a causal model.
    """
    methods = _checked_methods(model, methods)
    context = checked_context(model, context, strands)
    table, parts = part_of(dna_variants(variants), shard), []
    drops: dict[str, list] = {}
    count = Counter(progress, len(table))
    with open_reference(fasta) as reference, cached_model(model, cache) as asked:
        for block in variant_windows(reference, table, context, drops=drops):
            windows = that_fit(model, block, strands, drops)
            parts += [
                _scored(asked, windows, method, strands=strands, drops=drops) for method in methods
            ]
            count.add(len(windows.variants))
    scored = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    if not len(scored):
        raise nothing_left(len(table), drops)
    count.add(len(table) - count.done)
    rank = {method: place for place, method in enumerate(methods)}
    scored = scored.sort_values("method", key=lambda m: m.map(rank), kind="stable",
                                ignore_index=True)  # fmt: skip
    scored = DNA_SCORES.validate(scored)
    scored.attrs.update(score_attributes(model, methods))
    scored.attrs["log_lik_ratio"] |= {"context": context, "strands": strands}
    return Counted(scored, drops_table(drops))


def checked_context(model: SequenceModel, context: int | None, strands: str) -> int:
    """Bases of a window, checked with the strands.

    Raises
    ------
    InputError
        If the model takes no such window or the strands are none.
    """
    if set(model.alphabet) != set(DNA.letters):
        raise InputError(
            f"model {model.name!r} reads {model.alphabet!r}; expected a model of DNA; score "
            "changes of proteins with score_variants"
        )
    context = min(model.max_length, _DEFAULT_CONTEXT) if context is None else context
    if not 16 <= context <= model.max_length:
        raise InputError(
            f"context is {context}; expected 16 to {model.max_length}, the most bases that model "
            f"{model.name!r} takes"
        )
    if strands not in STRANDS:
        raise InputError(f"strands is {strands!r}; expected one of {', '.join(STRANDS)}")
    return context


def part_of(table: pd.DataFrame, shard: Shard | None) -> pd.DataFrame:
    """The i-th of N parts of variants, sorted so that parts are stretches of the genome."""
    if shard is None:
        return table
    table = table.sort_values(["chrom", "pos"], kind="stable", ignore_index=True)
    return table.iloc[shard_slice(len(table), shard, what="variants")]


def nothing_left(count: int, drops: dict[str, list]) -> InputError:
    """The error where no variant can be scored."""
    why = "; ".join(f"{reason}: {number}" for reason, (number, _) in drops.items())
    example = next((example for _, example in drops.values()), "none")
    return InputError(
        f"variants: none of {count} can be scored ({why}; for example {example}); check the "
        "genome build and the alleles"
    )


def that_fit(
    model: SequenceModel, windows: Windows, strands: str, drops: dict[str, list]
) -> Windows:  # fmt: skip
    """Windows that the model has tokens for; where words are longer than a base, each N is one."""
    unknown = [row for row, text in enumerate(windows.ref) if "N" in text]
    fits = getattr(model, "fits", None)
    if fits is None or not unknown:
        return windows
    texts = [text for row in unknown for text in (windows.ref[row], windows.alt[row])]
    able = np.ones(len(windows.ref), dtype=bool)
    seen = fits(texts) if strands == "forward" else fits(texts) & fits([*map(turned, texts)])
    able[unknown] = seen.reshape(-1, 2).all(axis=1)
    for row in windows.variants[~able].to_dict("records"):
        count_drop(drops, _FULL, row)
    kept = np.flatnonzero(able).tolist()
    return Windows(
        windows.variants.iloc[kept].reset_index(drop=True), [windows.ref[row] for row in kept],
        [windows.alt[row] for row in kept], windows.first[kept],
    )  # fmt: skip


def turned(text: str) -> str:
    """The reverse complement.

    Examples
    --------
    >>> turned("AACN")
    'NGTT'
    """
    return text.translate(_TURN)[::-1]


def _checked_methods(model: SequenceModel, methods: Sequence[str] | None) -> list[str]:
    if methods is None:
        return [MASKED, ODDS] if model.masked else [ODDS]
    check_methods(methods, METHODS)
    if MASKED in methods and not model.masked:
        raise InputError(f"model {model.name!r} cannot hide a base; use methods=[{ODDS!r}]")
    return list(methods)


def _scored(
    model: SequenceModel, windows: Windows, method: str, *, strands: str, drops: dict[str, list]
) -> pd.DataFrame:
    """One method's scores of a block."""
    table = windows.variants
    rows = np.arange(len(table))
    if method in (MASKED, WILD_TYPE):
        same = (table["ref"].str.len() == table["alt"].str.len()).to_numpy(dtype=bool)
        for row in table[~same].to_dict("records"):
            count_drop(drops, _SIZES.format(method), row)
        rows = rows[same]
    if not len(rows):
        return table.iloc[:0].assign(method=method, log_lik_ratio=0.0)
    values = np.zeros(len(rows))
    for reverse in (False, True) if strands == "both" else (False,):
        refs, alts, spans = _oriented(windows, rows, reverse)
        if method in (MASKED, WILD_TYPE):
            values += _marginals(model, refs, alts, spans, hidden=method == MASKED)
        else:
            values += _whole(model, refs, alts, odds=method == ODDS)
    values /= 2 if strands == "both" else 1
    return table.iloc[rows].assign(method=method, log_lik_ratio=values)


def _oriented(
    windows: Windows, rows: np.ndarray, reverse: bool
) -> tuple[list[str], list[str], list[tuple[int, int]]]:
    """Windows of either allele on one strand, and the span that differs, of the reference's."""
    refs, alts, spans = [], [], []
    lengths = windows.variants["ref"].str.len().tolist()
    for row in rows.tolist():
        ref, alt, first = windows.ref[row], windows.alt[row], int(windows.first[row])
        end = first + lengths[row]
        if len(ref) == len(alt):
            where = [place for place in range(first, end) if ref[place] != alt[place]]
            first, end = where[0], where[-1] + 1
        if reverse:
            ref, alt, first, end = turned(ref), turned(alt), len(ref) - end, len(ref) - first
        refs.append(ref)
        alts.append(alt)
        spans.append((first, end))
    return refs, alts, spans


def _marginals(
    model: SequenceModel, refs: list[str], alts: list[str], spans: list[tuple[int, int]],
    *, hidden: bool,
) -> np.ndarray:  # fmt: skip
    """Alternative over reference allele in its place, of alleles of one length."""
    words = getattr(model, "log_likelihoods", None) is not None or hasattr(model, "models")
    if words:
        if not hidden:
            return _by_rows(model, refs, alts, spans, hidden=False)
        both = _spans(model, refs + alts, spans + spans, hidden=True)
        return both[len(refs) :] - both[: len(refs)]
    return _by_rows(model, refs, alts, spans, hidden=hidden)


def _by_rows(
    model: SequenceModel, refs: list[str], alts: list[str], spans: list[tuple[int, int]],
    *, hidden: bool,
) -> np.ndarray:  # fmt: skip
    """Both alleles from one pass over the reference's window."""
    places = [range(*span) if hidden else None for span in spans]
    ratios = np.zeros(len(refs))
    answers = rows_at(model, refs, places, [range(*span) for span in spans])
    for row, (rows, (first, end)) in enumerate(zip(answers, spans, strict=True)):
        at = np.arange(end - first)
        alt = [model.alphabet.index(base) for base in alts[row][first:end]]
        ref = [model.alphabet.index(base) for base in refs[row][first:end]]
        ratios[row] = (rows[at, alt] - rows[at, ref]).sum(dtype=np.float64)
    return ratios


def _whole(
    model: SequenceModel, refs: list[str], alts: list[str], *, odds: bool
) -> np.ndarray:  # fmt: skip
    """Sums over windows, each distinct window once."""
    distinct = list(dict.fromkeys(refs + alts))
    spans = [(0, len(text)) for text in distinct]
    totals = _spans(model, distinct, spans, hidden=False)
    if odds:
        totals += np.log(4.0) * np.array([len(text) - text.count("N") for text in distinct])
    place = dict(zip(distinct, range(len(distinct)), strict=True))
    return totals[[place[text] for text in alts]] - totals[[place[text] for text in refs]]


def _spans(
    model: SequenceModel, texts: list[str], spans: list[tuple[int, int]], *, hidden: bool
) -> np.ndarray:
    """Log likelihoods of spans, a model with a cache asked for those it lacks."""
    questions = [f"likelihood of {first} to {end}, hidden {hidden}" for first, end in spans]

    def compute(model: SequenceModel, missing: list[int]) -> np.ndarray:
        seen, places = [texts[i] for i in missing], [spans[i] for i in missing]
        return span_log_likelihoods(model, seen, places, hidden=hidden)[:, None]

    return np.concatenate(ask(model, texts, questions, compute))
