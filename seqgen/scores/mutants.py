"""Log-likelihood ratios of proteins with several changes, indels, stops and frameshifts."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.models.cached import cached_model, rows_at
from seqgen.models.protocol import SequenceModel
from seqgen.models.windows import centred_starts
from seqgen.parallel import Shard
from seqgen.residues import BLOSUM62_FREQUENCIES, SUBSTITUTES, clean_sequence
from seqgen.schemas import AMINO_ACIDS, DROPS, MUTANT_SCORES, Counted
from seqgen.scores.asking import Counter, Progress, chunk_residues, chunks
from seqgen.scores.likelihood import Pair, log_background, log_likelihood_ratios
from seqgen.scores.notation import Mutant, apply_changes
from seqgen.scores.options import (
    check_methods,
    checked_window,
    require_protein_model,
    score_attributes,
)
from seqgen.scores.rows import READ, protein_sequences, shard_rows
from seqgen.scores.substitutions import MASKED, WILD_TYPE, score_variants

JOINT = "joint-masked-marginal"
ADDITIVE = {"additive-masked-marginal": MASKED, "additive-wild-type-marginal": WILD_TYPE}
WHOLE = (
    "pseudo-log-likelihood",
    "one-pass-pseudo-log-likelihood",
    "pseudo-log-odds",
    "one-pass-pseudo-log-odds",
)
METHODS = (*ADDITIVE, JOINT, *WHOLE)
DEFAULT_METHODS = ("one-pass-pseudo-log-likelihood", "one-pass-pseudo-log-odds")

_KEY = ["uniprot", "mutant"]
_SHIFT = "frameshift: what follows in the other frame is not told; read as a stop"
_DOUBTED = "scored, but hardly to be judged by a protein model: "


class _Case(NamedTuple):
    """A mutant of a protein: its row, the protein cleaned, and the change."""

    row: int
    protein: str
    mutant: Mutant


def score_mutants(
    mutants: pd.DataFrame,
    proteins: pd.DataFrame | Mapping[str, str],
    model: SequenceModel,
    *,
    methods: Sequence[str] = DEFAULT_METHODS,
    window: int | None = None,
    overlap: int | None = None,
    shard: Shard | None = None,
    progress: Progress | None = None,
    cache: str | os.PathLike[str] | None = None,
) -> Counted:
    """Score changed proteins: several substitutions, indels, stops and frameshifts.

    Every score is a log likelihood of the changed protein less that of the reference.

    ``additive-masked-marginal`` and ``additive-wild-type-marginal`` sum the scores that
    `score_variants` gives each substitution alone; ``joint-masked-marginal`` hides all changed
    positions at once and sums over them, in one window centred on the changes. These three are
    for substitutions alone.

    ``pseudo-log-likelihood`` sums the log probability of every residue of a protein with that
    residue hidden, ``one-pass-pseudo-log-likelihood`` reads all residues from one pass that
    hides none; both take any change. A sum over fewer residues is larger, so a deletion or stop
    gains by its length. ``pseudo-log-odds`` and ``one-pass-pseudo-log-odds`` are the same sums
    with each residue's log frequency taken off (BLOSUM62's background): what is lost then counts
    by how well the model knew it, and proteins of different length compare.

    One pass shows the model the residues that it is asked about, so that it finds likely what
    it sees, nonsense too: with the bundled model each residue gained, a random one, adds about
    2 to ``one-pass-pseudo-log-odds`` (HBB to residue 140 and 40 random residues, mean of 20
    draws: +92, by ``pseudo-log-odds`` -22). Take ``pseudo-log-odds`` where a protein gains a new
    end or long insertions.

    Parameters
    ----------
    mutants : DataFrame
        ``uniprot`` and ``mutant``: changes such as ``K2W:L4A``, ``p.Phe508del``,
        ``K2_L3insRS``, ``K2_L4delinsW``, ``K2dup``, ``Q41*``, ``R97fs``, several joined by
        ``:``. A stop ends the protein before its position. A frameshift is read as a stop and
        counted so, unless ``alt_sequence``, an optional column, holds the whole changed protein,
        which then is what is scored. Or the table of `mutant_proteins`, whose ``transcript``,
        ``hgvs_p`` and ``sequence`` are these three; rows that it calls not ``scorable`` are
        scored where there is a sequence, and counted with its reason.
    proteins : DataFrame or mapping
        As in `score_variants`.
    model : SequenceModel
    methods : sequence of str
    window, overlap : int, optional
        As in `score_variants`.
    shard : tuple (i, N), optional
        Score the i-th of N parts of the proteins; the rows of all parts are those of the whole.
        Rows that cannot be scored are counted with their protein, or in the first part.
    progress : callable, optional
        Called as ``progress(done, total)`` with residues of the proteins compared.
    cache : path, optional
        As in `score_variants`.

    Returns
    -------
    Counted
        ``table``: `schemas.MUTANT_SCORES`; ``drops``: rows left out by reason, or for one method
        that is not for them, and rows scored though a protein model can hardly judge them.

    Raises
    ------
    InputError
        If columns or arguments are wrong, a protein is none, nothing is left, or a file of the
        cache is damaged.
    OutputError
        If the cache cannot be written at all.

    References
    ----------
    Brandes et al. (2023), Genome-wide prediction of disease variant effects with a deep protein
    language model, Nature Genetics 55:1512-1522: ratios of pseudo-log-likelihoods for indels.

    Examples
    --------
    >>> from seqgen.models.substitution import SubstitutionModel
    >>> rows = pd.DataFrame({"uniprot": "P1", "mutant": ["K2W:V3A", "V3del"]})
    >>> scored = score_mutants(rows, {"P1": "MKVLA"}, SubstitutionModel(),
    ...                        methods=["one-pass-pseudo-log-odds"])
    >>> scored.table["log_lik_ratio"].round(2).tolist()
    [2.1, -1.32]
    """
    _check_methods(methods, model)
    window, overlap = checked_window(model, window, overlap)
    mutants = _named(mutants)
    rows = _rows(mutants)
    sequences = protein_sequences(proteins, rows["uniprot"])
    cases, notes = _cases(rows, sequences, model)
    able = [case.row for case in cases if any(_fits(case, one, window) for one in methods)]
    if shard is not None and able:
        usable = rows.loc[able, _KEY]
        rows = shard_rows(rows, usable, shard).reset_index(drop=True)
        mutants = shard_rows(mutants, usable, shard)
        cases, notes = _cases(rows, sequences, model)
    whole = [method for method in methods if method in WHOLE]
    count = Counter(
        progress,
        len(whole) * sum(len(case.protein) + len(case.mutant.sequence) for case in cases),
    )
    fitting = {
        method: [case for case in cases if _fits(case, method, window)] for method in methods
    }
    for method, fit in fitting.items():
        reason = f"{method} is for substitutions alone, in one window"
        fits = {case.row for case in fit}
        notes += [(case.row, reason) for case in cases if case.row not in fits]
    tables = []
    with cached_model(model, cache) as asked:
        for method, fit in fitting.items():
            if not fit:
                continue
            if method in WHOLE:
                values = _whole(asked, fit, method, window=window, overlap=overlap, count=count)
            elif method == JOINT:
                values = _joint(asked, fit, window)
            else:
                values = _additive(
                    asked, fit, rows, method=ADDITIVE[method], window=window, overlap=overlap
                )
            table = rows.loc[[case.row for case in fit], _KEY]
            tables.append(table.assign(method=method, log_lik_ratio=values))
    attributes = score_attributes(model, methods)
    return _counted(tables, notes, mutants, rows=rows, attributes=attributes)


def _check_methods(methods: Sequence[str], model: SequenceModel) -> None:
    require_protein_model(model)
    check_methods(methods, METHODS)
    hiding = {"additive-masked-marginal", JOINT}
    if not getattr(model, "causal", False):
        hiding |= {"pseudo-log-likelihood", "pseudo-log-odds"}
    asked = [method for method in methods if method in hiding]
    if asked and not model.masked:
        raise InputError(
            f"model {model.name!r} cannot hide a position, which {asked[0]!r} does; use "
            "methods=['one-pass-pseudo-log-odds']"
        )


def _named(mutants: pd.DataFrame) -> pd.DataFrame:
    """The table of `mutant_proteins` under the names that are read; any other as it is."""
    made = {"transcript": "uniprot", "hgvs_p": "mutant", "sequence": "alt_sequence"}
    if "mutant" in mutants or not made.keys() <= set(mutants):
        return mutants
    named = mutants.drop(columns="uniprot", errors="ignore").rename(columns=made)
    if {"scorable", "reason"} <= set(named):
        reason = named["reason"].fillna("not to be judged by a protein model")
        named["doubt"] = reason.where(named["scorable"].eq(False))
    return named


def _rows(mutants: pd.DataFrame) -> pd.DataFrame:
    """Distinct rows, changed proteins in upper case without a final stop."""
    missing = [name for name in _KEY if name not in mutants]
    if missing or not len(mutants):
        raise InputError(
            f"mutants: {'no rows' if not missing else ', '.join(missing) + ' missing'}; found "
            f"columns {', '.join(map(str, mutants.columns)) or 'none'}; expected uniprot, mutant "
            "and at least one row"
        )
    columns = [*_KEY, *(name for name in ("alt_sequence", "doubt") if name in mutants)]
    return mutants[columns].drop_duplicates(_KEY, ignore_index=True)


def _cases(
    rows: pd.DataFrame, sequences: Mapping[str, str], model: SequenceModel
) -> tuple[list[_Case], list[tuple[int, str]]]:
    """What can be scored, and (row, reason) of what cannot or is read otherwise."""
    cleaned = {name: clean_sequence(text, f"protein {name}") for name, text in sequences.items()}
    own = set(getattr(model, "proteins", ()))
    none = [None] * len(rows)
    given, doubts = rows.get("alt_sequence", none), rows.get("doubt", none)
    cases, notes = [], []
    for row, (name, text, alt, doubt) in enumerate(
        zip(rows["uniprot"], rows["mutant"], given, doubts, strict=True)
    ):
        if name not in cleaned or not isinstance(text, str):
            notes.append((row, "protein not among the given sequences" if isinstance(text, str)
                          else "mutant is missing"))  # fmt: skip
            continue
        if isinstance(doubt, str):
            notes.append((row, _DOUBTED + doubt if isinstance(alt, str) else doubt))
            if not isinstance(alt, str):
                continue
        mutant = _mutant(text, sequences[name], alt, f"alt_sequence of {name} {text}")
        if mutant.reason:
            notes.append((row, mutant.reason))
        elif own and len(mutant.sequence) != len(sequences[name]):
            notes.append((row, "length changes, which a model of one family's columns cannot see"))
        else:
            if {*sequences[name], *mutant.sequence} & SUBSTITUTES.keys():
                notes.append((row, READ))
            if mutant.frameshift:
                notes.append((row, _SHIFT))
            cleaned_mutant = mutant._replace(sequence=clean_sequence(mutant.sequence, text))
            cases.append(_Case(row, cleaned[name], cleaned_mutant))
    return cases, notes


def _mutant(text: str, protein: str, alt: object, name: str) -> Mutant:
    """The changed protein, as given or as the text says."""
    if not isinstance(alt, str):
        return apply_changes(text, protein)
    sequence = clean_sequence(alt, name)
    reason = "mutant is the protein itself" if sequence == protein else ""
    return Mutant(sequence, (), False, reason)


def _fits(case: _Case, method: str, window: int) -> bool:
    if method in WHOLE:
        return True
    edits = case.mutant.edits
    if not edits or not case.mutant.substitutions or not _residues(case):
        return False
    return method != JOINT or edits[-1].end - edits[0].start <= window


def _residues(case: _Case) -> bool:
    """Whether all that is replaced, and put in place, is one of the 20 residues."""
    letters = {letter for edit in case.mutant.edits for letter in (edit.ref[0][1], edit.new)}
    return letters <= set(AMINO_ACIDS)


def _whole(
    model: SequenceModel, cases: list[_Case], method: str, *, window: int, overlap: int,
    count: Counter,
) -> np.ndarray:  # fmt: skip
    pairs = [Pair(case.protein, case.mutant.sequence, *_span(case)) for case in cases]
    exact = not method.startswith("one-pass")
    ratios = log_likelihood_ratios(
        model, pairs, exact=exact, window=window, overlap=overlap, count=count
    )
    if method.endswith("odds"):
        ratios -= [
            log_background(pair.alt, BLOSUM62_FREQUENCIES)
            - log_background(pair.ref, BLOSUM62_FREQUENCIES)
            for pair in pairs
        ]
    return ratios


def _span(case: _Case) -> tuple[int, int]:
    """Where proteins of one length differ, else all of them."""
    alt = case.mutant.sequence
    if len(alt) != len(case.protein):
        return 0, len(case.protein)
    letters = [np.frombuffer(text.encode(), np.uint8) for text in (case.protein, alt)]
    places = np.flatnonzero(letters[0] != letters[1])
    return (int(places[0]), int(places[-1]) + 1) if len(places) else (0, 0)


def _joint(model: SequenceModel, cases: list[_Case], window: int) -> np.ndarray:
    """All changed positions hidden at once, each distinct set of a protein once."""
    asked: dict[tuple[str, tuple[int, ...]], int] = {}
    request = np.zeros(len(cases), dtype=np.int64)
    for row, case in enumerate(cases):
        changed = np.array([edit.start for edit in case.mutant.edits])
        length = np.array([len(case.protein)])
        start = int(centred_starts(np.array([changed.sum() // len(changed)]), length, window)[0])
        start = min(start, int(changed[0]))
        start = max(start, int(changed[-1]) + 1 - window)
        hidden = tuple((changed - start).tolist())
        key = (case.protein[start : start + window], hidden)
        request[row] = asked.setdefault(key, len(asked))
    keys, values = list(asked), np.zeros(len(cases))
    by_request: dict[int, list[int]] = {}
    for row, number in enumerate(request.tolist()):
        by_request.setdefault(number, []).append(row)
    for chunk in chunks(np.array([len(text) for text, _ in keys]), chunk_residues(model)):
        places = [keys[i][1] for i in chunk]
        answers = rows_at(model, [keys[i][0] for i in chunk], places, places)
        for i, rows in zip(chunk, answers, strict=True):
            for row in by_request[int(i)]:
                edits = cases[row].mutant.edits
                alt = [model.alphabet.index(edit.new) for edit in edits]
                ref = [model.alphabet.index(edit.ref[0][1]) for edit in edits]
                at = np.arange(len(edits))
                values[row] = (rows[at, alt] - rows[at, ref]).sum(dtype=np.float64)
    return values


def _additive(
    model: SequenceModel, cases: list[_Case], rows: pd.DataFrame, *, method: str, window: int,
    overlap: int,
) -> np.ndarray:  # fmt: skip
    """Sums of single scores."""
    singles = pd.DataFrame(
        [(place, rows["uniprot"].iloc[case.row], edit.start + 1, edit.ref[0][1], edit.new)
         for place, case in enumerate(cases) for edit in case.mutant.edits],
        columns=["case", "uniprot", "position", "ref_aa", "alt_aa"],
    )  # fmt: skip
    proteins = {rows["uniprot"].iloc[case.row]: case.protein for case in cases}
    scored = score_variants(
        singles, proteins, model, methods=[method], window=window, overlap=overlap
    )
    each = singles.merge(scored.table, on=["uniprot", "position", "ref_aa", "alt_aa"], how="left")
    return each.groupby("case")["log_lik_ratio"].sum(min_count=1, skipna=False).to_numpy()


def _counted(
    tables: list[pd.DataFrame], notes: list[tuple[int, str]], mutants: pd.DataFrame, *,
    rows: pd.DataFrame, attributes: dict,
) -> Counted:  # fmt: skip
    """The scores, and rows of ``mutants`` left out or read otherwise by reason."""
    times = mutants.value_counts(_KEY, dropna=False).to_dict()
    told: dict[str, list] = {}
    for row, reason in notes:
        name, text = rows["uniprot"].iloc[row], rows["mutant"].iloc[row]
        entry = told.setdefault(reason, [0, f"{name} {text}"])
        entry[0] += times.get((name, text), 1)
    scored = pd.concat(tables, ignore_index=True) if tables else None
    if scored is not None and scored["log_lik_ratio"].isna().any():
        missing = scored["log_lik_ratio"].isna()
        first = scored[missing].iloc[0]
        told["residue is not covered by the model"] = [
            int(missing.sum()), f"{first['uniprot']} {first['mutant']}"
        ]  # fmt: skip
        scored = scored[~missing].reset_index(drop=True)
    if scored is None or scored.empty:
        why = "; ".join(f"{reason}: {count}" for reason, (count, _) in told.items())
        example = next(iter(told.values()))[1]
        raise InputError(
            f"mutants: none of {len(mutants)} row(s) can be scored ({why}; for example {example}); "
            "check accessions, positions and how changes are written"
        )
    drops = pd.DataFrame(
        [("scores", reason, _action(reason), count, example)
         for reason, (count, example) in told.items()], columns=DROPS.names,
    )  # fmt: skip
    table = MUTANT_SCORES.validate(scored.astype({"uniprot": "str", "mutant": "str"}))
    table.attrs.update(attributes)
    return Counted(table, DROPS.validate(drops))


def _action(reason: str) -> str:
    if reason in (_SHIFT, READ):
        return "changed"
    return "kept" if reason.startswith(_DOUBTED) else "dropped"
