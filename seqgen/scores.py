"""Log-likelihood ratios of residue changes under a masked protein language model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.models.protocol import SequenceModel
from seqgen.models.windows import centred_starts, window_starts, window_weights
from seqgen.parallel import Shard, shard_slice
from seqgen.residues import SUBSTITUTES, clean_sequence
from seqgen.schemas import AMINO_ACIDS, DROPS, SCORES, Counted

METHODS = ("masked-marginal", "wild-type-marginal")

_CHANGE = ["uniprot", "position", "ref_aa", "alt_aa"]
_READ = "protein holds U, O, B, Z, J or X; read as C, K or unknown"
_NOT_COVERED = "residue is not covered by the model (outside the alignment it was fitted to)"
_OTHER_PROTEIN = "protein is not one the model was fitted to"
_CHUNK_RESIDUES = 16_384

Progress = Callable[[int, int], None]


class _Requests(NamedTuple):
    """What the model is asked: a window of a protein each, with or without a hidden position.

    ``protein`` (index), ``start``, ``length`` and ``hidden`` (0-based in the window, -1 for
    none) have one entry per request.
    """

    protein: np.ndarray
    start: np.ndarray
    length: np.ndarray
    hidden: np.ndarray


def score_variants(
    variants: pd.DataFrame,
    proteins: pd.DataFrame | Mapping[str, str],
    model: SequenceModel,
    *,
    methods: Sequence[str] = METHODS,
    window: int | None = None,
    overlap: int | None = None,
    shard: Shard | None = None,
    progress: Progress | None = None,
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

    Parameters
    ----------
    variants : DataFrame
        Columns ``uniprot``, ``position`` (1-based), ``ref_aa``, ``alt_aa``; others are ignored,
        repeated rows are scored once. ``variants.merge(scored.table)`` puts others back.
    proteins : DataFrame or mapping
        Columns ``uniprot`` and ``sequence``, or accession to sequence. U is read as C, O as K,
        and B, Z, J, X as unknown.
    model : SequenceModel
    methods : sequence of str
        Any of ``masked-marginal``, ``wild-type-marginal``.
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

    Returns
    -------
    Counted
        ``table``: `schemas.SCORES`, changes in order of first appearance within each method;
        ``drops``: `schemas.DROPS`, rows of ``variants`` left out by reason.

    Raises
    ------
    InputError
        If columns or arguments are wrong, a needed sequence is no protein, or no row is left.
        A model of one family refuses other sequences; where ``variants`` name its protein, the
        rows of others are dropped and counted.

    References
    ----------
    Meier et al. (2021), Language models enable zero-shot prediction of the effects of mutations
    on protein function, NeurIPS 34: the two marginals.
    Brandes et al. (2023), Genome-wide prediction of disease variant effects with a deep protein
    language model, Nature Genetics 55:1512-1522: weighted windows for long proteins.

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
    window, overlap = _checked_options(methods, model, window, overlap)
    _require_changes(variants)
    sequences = _sequences(proteins, variants["uniprot"])
    only = _only(model, variants)
    changes, drops = _usable_changes(variants, sequences, only)
    if shard is not None:
        variants = _shard(variants, changes, shard)
        changes, drops = _usable_changes(variants, sequences, only)
    names = list(dict.fromkeys(changes["uniprot"]))
    cleaned = [clean_sequence(sequences[name], f"protein {name}") for name in names]
    lengths = np.array([len(sequence) for sequence in cleaned], dtype=np.int64)
    protein = pd.Index(names).get_indexer(pd.Index(changes["uniprot"]))
    place = changes["position"].to_numpy(dtype=np.int64) - 1

    planned = {}
    for method in methods:
        plan = _plan_masked if method == METHODS[0] else _plan_wild_type
        planned[method] = plan(protein, place, lengths, window, overlap)
    total = sum(int(plan[0].length.sum()) for plan in planned.values())
    count = _Counter(progress, total)
    tables = []
    for method, (requests, row, request, weight) in planned.items():
        wanted = (request, place[row] - requests.start[request])
        values = _values(model, cleaned, requests, wanted, count)
        ratios = _ratios(values, changes.iloc[row])
        merged = np.bincount(row, weights=weight * ratios, minlength=len(changes))
        tables.append(changes.assign(method=method, log_lik_ratio=merged))
    return _covered(pd.concat(tables, ignore_index=True), drops, variants)


def _checked_options(
    methods: Sequence[str], model: SequenceModel, window: int | None, overlap: int | None
) -> tuple[int, int]:
    """Window and overlap in residues, defaults filled in."""
    unknown = [method for method in methods if method not in METHODS]
    if isinstance(methods, str) or unknown or not methods or len(set(methods)) < len(methods):
        raise InputError(f"methods is {methods!r}; expected a list out of {', '.join(METHODS)}")
    if METHODS[0] in methods and not model.masked:
        raise InputError(
            f"model {model.name!r} cannot hide a position; use methods=['wild-type-marginal']"
        )
    window = model.max_length if window is None else window
    if not 2 <= window <= model.max_length:
        raise InputError(
            f"window is {window}; expected 2 to {model.max_length}, the most residues that model "
            f"{model.name!r} takes"
        )
    overlap = window // 2 if overlap is None else overlap
    if not 0 <= overlap < window:
        raise InputError(f"overlap is {overlap}; expected 0 to {window - 1}, less than the window")
    return window, overlap


# --- which rows can be scored ---------------------------------------------------------------


def _sequences(proteins: pd.DataFrame | Mapping[str, str], names: pd.Series) -> dict[str, str]:
    """Accession to sequence for those of ``names`` that are there: upper case, no final stop."""
    if isinstance(proteins, pd.DataFrame):
        proteins = _mapping(proteins)
    sequences = {name: proteins[name] for name in names.dropna().unique() if name in proteins}
    for name, sequence in sequences.items():
        if not isinstance(sequence, str):
            raise InputError(
                f"proteins: the sequence of {name!r} is {sequence!r}; expected one-letter residues"
            )
        sequences[name] = sequence.strip().upper().removesuffix("*")
    return sequences


def _mapping(proteins: pd.DataFrame) -> dict[str, str]:
    """Accession to sequence, each accession with one sequence."""
    missing = [name for name in ("uniprot", "sequence") if name not in proteins]
    if missing:
        raise InputError(
            f"proteins: column(s) {', '.join(missing)} missing; found "
            f"{', '.join(map(str, proteins.columns)) or 'none'}; expected uniprot, sequence"
        )
    distinct = proteins[["uniprot", "sequence"]].drop_duplicates()
    twice = distinct["uniprot"].duplicated()
    if twice.any():
        raise InputError(
            f"proteins: {distinct['uniprot'][twice].iloc[0]!r} has more than one sequence; "
            "keep one per accession"
        )
    return dict(zip(distinct["uniprot"], distinct["sequence"], strict=True))


def _require_changes(variants: pd.DataFrame) -> None:
    missing = [name for name in _CHANGE if name not in variants]
    if missing:
        raise InputError(
            f"variants: column(s) {', '.join(missing)} missing; found "
            f"{', '.join(map(str, variants.columns)) or 'none'}; expected {', '.join(_CHANGE)}"
        )
    if not len(variants):
        raise InputError("variants: no rows; expected at least one residue change to score")


def _only(model: SequenceModel, variants: pd.DataFrame) -> set[str] | None:
    """The proteins a model of one family is for, where ``variants`` name them; None for any."""
    own = set(getattr(model, "proteins", ()))
    return own if own & set(variants["uniprot"].dropna()) else None


def _shard(variants: pd.DataFrame, changes: pd.DataFrame, shard: Shard) -> pd.DataFrame:
    """Rows of one part of the proteins with changes that can be scored; see `score_variants`."""
    names = changes["uniprot"].drop_duplicates()
    mine = names.iloc[shard_slice(len(names), shard, what="proteins")]
    here = variants["uniprot"].isin(mine)
    if shard[0] == 1:
        here |= ~variants["uniprot"].isin(names)
    return variants[here]


def _usable_changes(
    variants: pd.DataFrame, sequences: Mapping[str, str], only: set[str] | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Distinct changes that can be scored, and the count of rows that cannot, by reason."""
    reason = _reasons(variants, sequences)
    if only is not None:
        reason = np.where(variants["uniprot"].isin(only), reason, _OTHER_PROTEIN)
    read = {name for name, text in sequences.items() if set(text) & SUBSTITUTES.keys()}
    text = variants[_CHANGE].astype("str").fillna("?")
    rows = pd.DataFrame({
        "reason": np.where((reason == "") & variants["uniprot"].isin(read), _READ, reason),
        "example": (text["uniprot"] + " " + text["ref_aa"] + text["position"]
                    + text["alt_aa"]).to_numpy(),
    })  # fmt: skip
    rows = rows[rows["reason"] != ""]
    drops = rows.drop_duplicates("reason", ignore_index=True).assign(stage="scores")
    drops["count"] = drops["reason"].map(rows["reason"].value_counts())
    drops["action"] = np.where(drops["reason"] == _READ, "changed", "dropped")
    drops = DROPS.validate(drops.sort_values("count", ascending=False, ignore_index=True))
    usable = variants.loc[reason == "", _CHANGE].drop_duplicates(ignore_index=True)
    if usable.empty:
        why = "; ".join(f"{reason}: {count}" for reason, count in
                        zip(drops["reason"], drops["count"], strict=True))  # fmt: skip
        raise InputError(
            f"variants: none of {len(variants)} row(s) can be scored ({why}; for example "
            f"{drops['example'].iloc[0]}); check accessions, positions and protein sequences"
        )
    return usable.astype({"uniprot": "str", "position": "int64"}), drops


def _covered(scored: pd.DataFrame, drops: pd.DataFrame, variants: pd.DataFrame) -> Counted:
    """Scores, and drops with the rows of ``variants`` that the model says nothing about."""
    missing = scored["log_lik_ratio"].isna()
    if not missing.any():
        return Counted(SCORES.validate(scored), drops)
    changes = scored.loc[missing, _CHANGE].drop_duplicates()
    first = changes.iloc[0]
    example = f"{first['uniprot']} {first['ref_aa']}{first['position']}{first['alt_aa']}"
    if missing.all():
        raise InputError(
            f"variants: none of {len(variants)} row(s) can be scored ({_NOT_COVERED}; for example "
            f"{example}); check positions against the model's, or use another model"
        )
    rows = variants[_CHANGE].assign(
        position=pd.to_numeric(variants["position"], errors="coerce").astype(float)
    )
    count = len(rows.merge(changes.astype({"position": "float64"}), on=_CHANGE))
    told = {"stage": "scores", "reason": _NOT_COVERED, "action": "dropped", "count": count,
            "example": example}  # fmt: skip
    drops = DROPS.validate(pd.concat([drops, pd.DataFrame([told])], ignore_index=True))
    return Counted(SCORES.validate(scored[~missing].reset_index(drop=True)), drops)


def _reasons(variants: pd.DataFrame, sequences: Mapping[str, str]) -> np.ndarray:
    """Why each row cannot be scored; empty where it can. The first reason that holds counts."""
    accession, ref, alt = variants["uniprot"], variants["ref_aa"], variants["alt_aa"]
    position = pd.to_numeric(variants["position"], errors="coerce").to_numpy(float, na_value=np.nan)
    whole = (position >= 1) & (position % 1 == 0)
    place = pd.Index(list(sequences)).get_indexer(pd.Index(accession))
    length = np.array([len(text) for text in sequences.values()] + [0])
    inside = (place >= 0) & whole & (position <= length[place])
    letters = np.frombuffer("".join(sequences.values()).encode("ascii", "replace"), dtype=np.uint8)
    first = np.concatenate([[0], np.cumsum(length[:-1])])
    found = np.zeros(len(variants), dtype=np.int64)
    found[inside] = letters[first[place[inside]] + position[inside].astype(np.int64) - 1]
    residues = list(AMINO_ACIDS)
    expected = ref.map({residue: ord(residue) for residue in residues}).to_numpy(float)
    reasons = {
        "change gains or loses a stop": (ref == "*") | (alt == "*"),
        "ref_aa or alt_aa is not one of the 20 residues":
            ~(ref.isin(residues) & alt.isin(residues)),
        "alt_aa equals ref_aa": ref == alt,
        "protein not among the given sequences": place < 0,
        "position is not a whole number of at least 1": ~whole,
        "position beyond the end of the protein": ~inside,
        "ref_aa differs from the protein's residue (another isoform or version?)":
            found != expected,
    }  # fmt: skip
    conditions = [np.asarray(holds, dtype=bool) for holds in reasons.values()]
    return np.select(conditions, list(reasons), default="")


# --- what the model is asked ----------------------------------------------------------------


def _plan_masked(
    protein: np.ndarray, place: np.ndarray, lengths: np.ndarray, window: int, overlap: int
) -> tuple[_Requests, np.ndarray, np.ndarray, np.ndarray]:
    """One request per distinct position; rows, their requests, and weights of one."""
    distinct, request = np.unique(np.stack([protein, place]), axis=1, return_inverse=True)
    which, hidden = distinct
    start = centred_starts(hidden, lengths[which], window)
    requests = _Requests(which, start, np.minimum(lengths[which], window), hidden - start)
    return requests, np.arange(len(protein)), request.ravel(), np.ones(len(protein))


def _plan_wild_type(
    protein: np.ndarray, place: np.ndarray, lengths: np.ndarray, window: int, overlap: int
) -> tuple[_Requests, np.ndarray, np.ndarray, np.ndarray]:
    """One request per needed window; (row, request, weight) for each window over each row.

    The weights of a row sum to one.
    """
    rows, whole, starts, weights = [], [], [], []
    for index in np.unique(protein):
        of_protein = np.flatnonzero(protein == index)
        length = int(lengths[index])
        begin = window_starts(length, window, overlap)
        share = window_weights(place[of_protein], begin, length=length, window=window)
        row, column = np.nonzero(share)
        rows.append(of_protein[row])
        whole.append(np.full(len(row), index))
        starts.append(begin[column])
        weights.append(share[row, column])
    pairs = np.stack([np.concatenate(whole), np.concatenate(starts)])
    (which, start), request = np.unique(pairs, axis=1, return_inverse=True)
    requests = _Requests(which, start, np.minimum(lengths[which], window), np.full(len(which), -1))
    return requests, np.concatenate(rows), request.ravel(), np.concatenate(weights)


# --- asking it ------------------------------------------------------------------------------


class _Counter:
    """Residues done out of all, told to the caller after each chunk."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress, self._done, self._total = progress, 0, total

    def add(self, residues: int) -> None:
        self._done += residues
        if self._progress is not None:
            self._progress(self._done, self._total)


def _values(
    model: SequenceModel, proteins: list[str], requests: _Requests,
    wanted: tuple[np.ndarray, np.ndarray], count: _Counter,
) -> np.ndarray:  # fmt: skip
    """Log probabilities, (n, 20), at ``wanted`` (request, 0-based place in its window)."""
    request, place = wanted
    result = np.empty((len(request), len(AMINO_ACIDS)))
    columns = [model.alphabet.index(residue) for residue in AMINO_ACIDS]
    by_request = np.argsort(request, kind="stable")
    bounds = np.searchsorted(request[by_request], np.arange(len(requests.start) + 1))
    for chunk in _chunks(requests.length):
        texts = [proteins[requests.protein[i]][requests.start[i] :][: requests.length[i]]
                 for i in chunk]  # fmt: skip
        hidden = [None if requests.hidden[i] < 0 else int(requests.hidden[i]) for i in chunk]
        for i, rows in zip(chunk, model.log_probs(texts, hidden), strict=True):
            mine = by_request[bounds[i] : bounds[i + 1]]
            result[mine] = rows[place[mine]][:, columns]
        count.add(int(requests.length[chunk].sum()))
    return result


def _chunks(lengths: np.ndarray) -> Iterator[np.ndarray]:
    """Indices of requests, longest first, in chunks of a bounded number of residues."""
    order = np.argsort(-lengths, kind="stable")
    chunk = np.cumsum(lengths[order]) // _CHUNK_RESIDUES
    yield from np.split(order, np.flatnonzero(np.diff(chunk)) + 1)


def _ratios(values: np.ndarray, changes: pd.DataFrame) -> np.ndarray:
    """Log p(alternative) - log p(reference) for each row of values."""
    residues = pd.Index(list(AMINO_ACIDS))
    row = np.arange(len(values))
    alt = values[row, residues.get_indexer(pd.Index(changes["alt_aa"]))]
    return alt - values[row, residues.get_indexer(pd.Index(changes["ref_aa"]))]
