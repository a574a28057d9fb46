"""Allele algebra: trimming, strands, and which alleles look alike from both strands."""

from __future__ import annotations

import numpy as np
import pandas as pd

_COMPLEMENT = str.maketrans("ACGT", "TGCA")


def reverse_complement(alleles: pd.Series) -> pd.Series:
    """Alleles read from the other strand.

    Examples
    --------
    >>> reverse_complement(pd.Series(["A", "AC", "GATT"])).tolist()
    ['T', 'GT', 'AATC']
    """
    coded = alleles.astype("category")
    turned = [str(c).translate(_COMPLEMENT)[::-1] for c in coded.cat.categories]
    table = pd.Series([*turned, None], dtype="str")
    return table.take(coded.cat.codes.to_numpy()).set_axis(alleles.index)


def palindromic(first: pd.Series, second: pd.Series) -> np.ndarray:
    """Whether two alleles are each other's reverse complement, so that strands look alike.

    Examples
    --------
    >>> palindromic(pd.Series(["A", "A", "AC"]), pd.Series(["T", "C", "GT"])).tolist()
    [True, False, True]
    """
    words, a, b = paired(first, second)
    turned = words.get_indexer(pd.Index(reverse_complement(words.to_series())))
    return (b >= 0) & (np.append(turned, -1)[a] == b)


def paired(first: pd.Series, second: pd.Series) -> tuple[pd.Index, np.ndarray, np.ndarray]:
    """The different alleles of two columns, and the place of each row's two among them.

    Alleles are few and rows are many: what can be said of an allele is said once.

    Parameters
    ----------
    first, second : Series
        Text, or categories of text.

    Returns
    -------
    words : Index of str
    first, second : ndarray of int, shape (rows,)
        -1 where the allele is missing.

    Examples
    --------
    >>> words, first, second = paired(pd.Series(["A", "C", "A"]), pd.Series(["C", "G", "G"]))
    >>> words.tolist(), first.tolist(), second.tolist()
    (['A', 'C', 'G'], [0, 1, 0], [1, 2, 2])
    """
    codes, words = zip(*(_words(column) for column in (first, second)), strict=True)
    if words[0].equals(words[1]):
        return words[0], *codes
    every = words[0].append(words[1].difference(words[0], sort=False))
    place = np.append(every.get_indexer(words[1]), -1)
    return every, codes[0], place[codes[1]]


def _words(column: pd.Series) -> tuple[np.ndarray, pd.Index]:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.codes.to_numpy(), column.cat.categories.astype("str")
    codes, words = pd.factorize(column)
    return codes, pd.Index(words, dtype="str")


def as_column(words: pd.Index, codes: np.ndarray, like: pd.Series) -> pd.Series:
    """Alleles by their places among ``words``, as categories or text as ``like`` is."""
    if isinstance(like.dtype, pd.CategoricalDtype):
        return pd.Series(pd.Categorical.from_codes(codes, words), like.index)
    return words.to_series().take(codes).set_axis(like.index)


def text_of(column: pd.Series) -> pd.Series:
    """Categories of text as text; what is text already stays as it is."""
    if not isinstance(column.dtype, pd.CategoricalDtype):
        return column
    codes, words = _words(column)
    return pd.Series([*words, None], dtype="str").take(codes).set_axis(column.index)


def replaced(
    words: pd.Index, codes: np.ndarray, at: np.ndarray, values: pd.Series
) -> tuple[pd.Index, np.ndarray]:
    """``words`` and ``codes`` with other alleles in the rows ``at``."""
    places, found = pd.factorize(values)
    found = pd.Index(found, dtype="str")
    words = words.append(found.difference(words, sort=False))
    codes = codes.astype("int64")
    codes[at] = words.get_indexer(found)[places]
    return words, codes


def trim(frame: pd.DataFrame, first: str, second: str) -> tuple[pd.DataFrame, np.ndarray]:
    """Take off bases that both alleles share at an end, down to one base each.

    The end goes first, then the beginning, which moves ``pos``: the shortest way to write a
    variant at its place. Without the reference an indel is not moved to the left of a repeat.

    Parameters
    ----------
    frame : DataFrame
        ``pos`` and the two alleles in upper case.
    first, second : str
        Names of the allele columns.

    Returns
    -------
    frame : DataFrame
    changed : ndarray of bool, shape (rows,)

    References
    ----------
    Tan A, Abecasis GR, Kang HM. Unified representation of genetic variants. Bioinformatics 31,
    2202-2204 (2015).

    Examples
    --------
    >>> rows = pd.DataFrame({"pos": [5, 5, 5], "a": ["AT", "CAT", "G"], "b": ["GT", "CAGG", "GA"]})
    >>> trimmed, changed = trim(rows, "a", "b")
    >>> trimmed.to_numpy().tolist()
    [[5, 'A', 'G'], [7, 'T', 'GG'], [5, 'G', 'GA']]
    """
    changed = np.zeros(len(frame), dtype=bool)
    words, *codes = paired(frame[first], frame[second])
    long = (words.str.len() > 1).astype(bool)
    at = np.flatnonzero(long[codes[0]] & long[codes[1]])
    if not len(at):
        return frame, changed
    a, b = (words.take(each[at]).to_series(pd.RangeIndex(len(at))) for each in codes)
    pos = frame["pos"].to_numpy(copy=True)
    open_ = np.arange(len(at))
    for end in (-1, 0):
        live = open_
        while len(live):
            x, y = a.take(live), b.take(live)
            alike = (x.str.get(end) == y.str.get(end)) & (x.str.len() > 1) & (y.str.len() > 1)
            live = live[alike.to_numpy(dtype=bool)]
            cut = slice(None, -1) if end else slice(1, None)
            a.iloc[live] = a.take(live).str.slice(cut.start, cut.stop)
            b.iloc[live] = b.take(live).str.slice(cut.start, cut.stop)
            changed[at[live]] = True
            if not end:
                pos[at[live]] += 1
    if not changed.any():
        return frame, changed
    words, first_codes = replaced(words, codes[0], at, a)
    words, second_codes = replaced(words, codes[1], at, b)
    columns = {
        first: as_column(words, first_codes, frame[first]),
        second: as_column(words, second_codes, frame[second]),
    }
    return frame.assign(pos=pos, **columns), changed
