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
    same = (first.str.len() == second.str.len()).to_numpy(dtype=bool)
    out = np.zeros(len(first), dtype=bool)
    if same.any():
        out[same] = (reverse_complement(first[same]) == second[same]).to_numpy(dtype=bool)
    return out


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
    long = (frame[first].str.len() > 1) & (frame[second].str.len() > 1)
    at = np.flatnonzero(long.to_numpy(dtype=bool))
    if not len(at):
        return frame, changed
    a, b = (
        frame[first].iloc[at].reset_index(drop=True),
        frame[second].iloc[at].reset_index(drop=True),
    )
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
    whole_a, whole_b = frame[first].copy(), frame[second].copy()
    whole_a.iloc[at], whole_b.iloc[at] = a.to_numpy(), b.to_numpy()
    return frame.assign(pos=pos, **{first: whole_a, second: whole_b}), changed
