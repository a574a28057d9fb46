"""Scores of several models as one: averages of ranks or z, or a regression on given labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.schemas import DROPS, Counted

HOW = ("rank", "z", "logistic")

_VALUE = "log_lik_ratio"
_KEYS = ("uniprot", "position", "ref_aa", "alt_aa", "mutant", "chrom", "pos",
         "effect_allele", "other_allele")  # fmt: skip
_RIDGE = 1.0  # of standardised scores, as one observation of variance one
_ROUNDS, _STILL = 100, 1e-10


def combine_scores(
    scores: Mapping[str, pd.DataFrame],
    *,
    how: str = "rank",
    labels: pd.Series | Sequence[Any] | np.ndarray | str | None = None,
    within: str | None = None,
    groups: str | None = None,
    folds: int = 5,
    seed: int = 0,
) -> Counted:
    """Combine the scores of several models for the same changes.

    Averaging a score from an alignment (`fit_site_independent`, `fit_plm`) with that of a
    language model of like quality is worth more than a larger language model; a score that is
    much worse pulls the average down. Ranks put scores of different scales on one.

    ``rank``: the mean of the ranks, each (rank - 1/2) / n from 0 to 1, ties in the middle.
    ``z``: the mean of the scores, each less its mean and over its standard deviation.
    ``logistic``: minus the log odds of a damaging change by a logistic regression on the
    standardised scores (ridge penalty of one), fitted to ``labels`` and cross-fitted: each group
    of changes, such as a protein, gets its scores from a fit to the other groups alone.

    Parameters
    ----------
    scores : mapping of str to DataFrame
        For each model its table, as `score_variants`, `score_mutants` or `score_dna_variants`
        give it, of one method.
    how : {"rank", "z", "logistic"}
    labels : str or array-like of bool, optional
        For ``logistic``: whether each row of the first table is damaging, or the name of its
        column; missing where unknown.
    within : str, optional
        Column by whose values ranks and z are taken separately, such as ``uniprot``.
    groups : str, optional
        For ``logistic``: the column that is held out whole; by default ``uniprot``, or
        ``chrom`` for DNA.
    folds : int
        Parts that groups are shared out to.
    seed : int
        Of the sharing out.

    Returns
    -------
    Counted
        ``table``: the columns of the change, one score for each model under its name, and
        ``combined``, negative being worse under ``z`` and ``logistic`` and lower being worse
        under all, in the first table's order; its ``attrs`` tell how; ``drops``: changes that a
        model did not score.

    Raises
    ------
    InputError
        If tables do not fit together, hold several methods, or labels do not suffice.

    Examples
    --------
    >>> rows = pd.DataFrame({"uniprot": "P1", "position": [1, 2, 3], "ref_aa": ["M", "K", "V"],
    ...                      "alt_aa": ["A", "A", "A"]})
    >>> one = rows.assign(method="m", log_lik_ratio=[-3.0, -1.0, -2.0])
    >>> two = rows.assign(method="m", log_lik_ratio=[-9.0, 1.0, 5.0])
    >>> combine_scores({"one": one, "two": two}).table["combined"].round(3).tolist()
    [0.167, 0.667, 0.667]
    """
    if how not in HOW:
        raise InputError(f"how is {how!r}; expected one of {', '.join(HOW)}")
    if (labels is not None) != (how == "logistic"):
        raise InputError(
            "labels are missing; how='logistic' needs them: true where a change is damaging"
            if labels is None
            else f"labels are given, how is {how!r}; expected how='logistic', or no labels"
        )
    names, keys, joined, drops = _joined(scores, labels)
    values = joined[names].to_numpy(dtype=np.float64)
    if how == "logistic":
        combined = _cross_fitted(values, joined, _grouping(joined, groups), folds=folds, seed=seed)
    else:
        combined = _averaged(values, joined, how, within=within)
    table = joined[[*keys, *names]].assign(combined=combined)
    table.attrs["combined"] = {"how": how, "of": names, "within": within or "all"} | (
        {"folds": folds, "seed": seed} if how == "logistic" else {}
    )
    table.attrs["models"] = {
        name: scores[name].attrs.get(_VALUE, {"model": name}) for name in names
    }
    return Counted(table, drops)


def _joined(
    scores: Mapping[str, pd.DataFrame], labels: Any
) -> tuple[list[str], list[str], pd.DataFrame, pd.DataFrame]:
    """Names, key columns, the rows that all models scored, and the count of others."""
    if not isinstance(scores, Mapping) or len(scores) < 2:
        raise InputError(
            "scores: expected two or more tables by the name of their model, such as "
            "{'esm2': one.table, 'potts': two.table}"
        )
    names = [str(name) for name in scores]
    first = next(iter(scores.values()))
    keys = [name for name in _KEYS if name in first]
    clash = sorted(set(names) & {*_KEYS, "combined", "label", "method"})
    if clash:
        raise InputError(f"scores: a model is called {clash[0]!r}, as a column is; rename it")
    joined = None
    for name, table in scores.items():
        _check_table(str(name), table, keys)
        mine = table[[*keys, _VALUE]].rename(columns={_VALUE: str(name)})
        joined = mine if joined is None else joined.merge(mine, on=keys, how="outer", sort=False)
    assert joined is not None
    if labels is not None:
        joined = joined.merge(_labels(labels, first, keys), on=keys, how="left")
    place = first[keys].assign(_place=np.arange(len(first)))
    joined = joined.merge(place, on=keys, how="left").sort_values("_place", ignore_index=True)
    absent = joined[names].isna()
    told = [
        ("scores", f"not scored by {name}", "dropped", int(absent[name].sum()),
         " ".join(map(str, joined.loc[absent[name], keys].iloc[0])))
        for name in names if absent[name].any()
    ]  # fmt: skip
    kept = joined[~absent.any(axis=1)].drop(columns="_place").reset_index(drop=True)
    if kept.empty:
        raise InputError(f"scores: no change is scored by all of {', '.join(names)}")
    return names, keys, kept, DROPS.validate(pd.DataFrame(told, columns=DROPS.names))


def _check_table(name: str, table: pd.DataFrame, keys: list[str]) -> None:
    missing = [column for column in [*keys, _VALUE] if column not in table]
    if missing or not keys:
        raise InputError(
            f"scores: the table of {name!r} lacks {', '.join(missing) or 'columns of a change'}; "
            "expected tables of score_variants, score_mutants or score_dna_variants, all of a kind"
        )
    if table.duplicated(keys).any():
        methods = ", ".join(map(str, table["method"].unique())) if "method" in table else "unknown"
        raise InputError(
            f"scores: the table of {name!r} has a change twice (methods: {methods}); keep one "
            "method, such as table[table['method'] == 'masked-marginal']"
        )


def _labels(labels: Any, first: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Damaging (1), not (0) or unknown (NaN) for each change of the first table."""
    if isinstance(labels, str):
        if labels not in first:
            raise InputError(f"labels is {labels!r}; the first table has no such column")
        labels = first[labels]
    values = pd.Series(list(labels), dtype="object")
    if len(values) != len(first):
        raise InputError(
            f"labels: {len(values)} given; expected one for each of the {len(first)} rows of the "
            "first table"
        )
    known = values.dropna()
    if not known.isin([True, False]).all():
        odd = known[~known.isin([True, False])].iloc[0]
        raise InputError(f"labels hold {odd!r}; expected True (damaging), False or missing")
    return first[keys].assign(label=values.map({True: 1.0, False: 0.0}).to_numpy(dtype=float))


def _averaged(
    values: np.ndarray, joined: pd.DataFrame, how: str, *, within: str | None
) -> np.ndarray:
    """Mean rank or z over models."""
    if within is not None and within not in joined:
        raise InputError(f"within is {within!r}; expected a column of the change")
    frame = pd.DataFrame(values)
    parts = frame.groupby(
        np.zeros(len(frame)) if within is None else joined[within].to_numpy(), sort=False
    )
    if how == "rank":
        count = parts.transform("size").to_numpy()[:, None]
        return ((parts.rank().to_numpy() - 0.5) / count).mean(axis=1)
    spread = parts.transform("std", ddof=0).to_numpy()
    centred = values - parts.transform("mean").to_numpy()
    # A score that is the same for all says nothing.
    return np.divide(centred, spread, out=np.zeros_like(centred), where=spread > 0).mean(axis=1)


def _grouping(joined: pd.DataFrame, groups: str | None) -> np.ndarray:
    if groups is None:
        groups = next((name for name in ("uniprot", "chrom") if name in joined), "")
    if groups not in joined:
        raise InputError(f"groups is {groups!r}; expected a column of the change, such as uniprot")
    return pd.factorize(joined[groups])[0]


def _cross_fitted(
    values: np.ndarray, joined: pd.DataFrame, group: np.ndarray, *, folds: int, seed: int
) -> np.ndarray:
    """Minus the log odds of a damaging change, each group from a fit to other groups."""
    label = joined["label"].to_numpy()
    known, count = ~np.isnan(label), int(group.max()) + 1
    if not 2 <= folds <= count:
        raise InputError(
            f"folds is {folds}; expected 2 to {count}, the number of groups that can be held out"
        )
    # Sharing out by size, shuffled among equals, keeps folds alike in labelled rows.
    size = np.bincount(group[known], minlength=count)
    shuffled = np.random.default_rng(seed).permutation(count)
    order = shuffled[np.argsort(-size[shuffled], kind="stable")]
    fold = np.empty(count, dtype=np.int64)
    fold[order] = np.arange(count) % folds
    of_row, result = fold[group], np.empty(len(values))
    for part in range(folds):
        train = known & (of_row != part)
        if len(np.unique(label[train])) < 2:
            raise InputError(
                "labels: outside one held-out part all that is labelled is of one kind; expected "
                "damaging and other changes in several groups; give more labels or fewer folds"
            )
        mean, spread = values[train].mean(axis=0), values[train].std(axis=0)
        scaled = (values - mean) / np.where(spread > 0, spread, 1.0)
        weights = _logistic(scaled[train], label[train])
        held = of_row == part
        result[held] = -(weights[0] + scaled[held] @ weights[1:])
    return result


def _logistic(features: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Intercept and coefficients by Newton's method, ridge on the coefficients."""
    design = np.column_stack([np.ones(len(features)), features])
    penalty = np.full(design.shape[1], _RIDGE)
    penalty[0] = 0.0
    weights = np.zeros(design.shape[1])
    weights[0] = np.log(label.mean() / (1 - label.mean()))
    for _ in range(_ROUNDS):
        chance = 1.0 / (1.0 + np.exp(-np.clip(design @ weights, -500, 500)))
        slope = design.T @ (chance - label) + penalty * weights
        curve = (design.T * (chance * (1 - chance))) @ design + np.diag(penalty)
        step = np.linalg.solve(curve, slope)
        weights = weights - step
        if np.abs(step).max() < _STILL:
            break
    return weights
