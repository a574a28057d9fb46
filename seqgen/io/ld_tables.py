"""LD as tables of pairs, as PLINK writes them: one line for two variants."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from seqgen.correlations import ROUNDING
from seqgen.errors import InputError
from seqgen.io.columns import normalise
from seqgen.io.delimited import TextLayout, read_columns
from seqgen.io.ld_raw import Block, RawMatrix

_NAMES = ("SNP", "ID")
_CHROM, _POS = ("CHR", "CHROM"), ("BP", "POS")
_R = ("R", "UNPHASEDR", "PHASEDR")
_R2 = ("R2", "UNPHASEDR2", "PHASEDR2")
# Beside R of PLINK 1.9, these say that it is of haplotypes (--r dprime).
_DPRIME = ("DP", "D", "DPRIME")
_COLUMNS = (
    ("name", _NAMES),
    ("chrom", _CHROM),
    ("pos", _POS),
    ("nonmajor", ("NONMAJ",)),
    ("major", ("MAJ",)),
    ("a1", ("ALT", "ALT1")),
    ("a2", ("REF",)),
)
_PAIRS = (("a1", "a2"), ("nonmajor", "major"))


def is_pairs(header: tuple[str, ...]) -> bool:
    """Whether a header is that of a table of pairs."""
    names = {normalise(each) for each in header}
    return any({f"{each}A", f"{each}B"} <= names for each in (*_NAMES, *_POS))


def open_pairs(layout: TextLayout) -> RawMatrix:
    """A table of pairs as a matrix, in which pairs that have no line are absent.

    Parameters
    ----------
    layout : TextLayout

    Returns
    -------
    RawMatrix
        Its variants in order of place, then of name; ``a1`` is the allele of column ALT,
        ``nonmajor`` that of column NONMAJ, where there is one.

    Raises
    ------
    InputError
        If the table holds r squared alone, has no names, or a correlation is none.
    """
    path = layout.path
    names = [normalise(each) for each in layout.header]
    at = next((names.index(each) for each in _R if each in names), None)
    if at is None:
        squared = next((k for k, each in enumerate(names) if each in _R2), None)
        found = "no column of r" if squared is None else f"r squared ({layout.header[squared]})"
        raise InputError(
            f"{path}: holds {found}, whose sign is lost; expected the signed r: write it with "
            "plink --r (not --r2), or plink2 --r-unphased (not --r2-unphased)"
        )
    sides = _sides(names, path)
    wanted = sorted({at, *(k for side in sides for k in side.values())})
    text = [k for k in wanted if k != at]
    frame = read_columns(layout, wanted, categories=text)
    if frame.empty:
        raise InputError(
            f"{path}: holds a header and no pairs; expected a line for each (a threshold may have "
            "left all out: plink --ld-window-r2 0)"
        )
    r = _numbers(frame[at], layout)
    codes, variants = _numbered(frame, sides, path)
    rows = np.arange(len(frame))
    _refuse_contradictions(codes, r, (path, layout.header_line))
    first = variants.drop(columns="name")
    by_haplotypes = names[at] == "PHASEDR" or (names[at] == "R" and bool({*_DPRIME} & {*names}))

    def read(index: np.ndarray) -> Block:
        place = np.full(len(variants), -1)
        place[index] = np.arange(len(index))
        i, j = place[codes[0]], place[codes[1]]
        inside = rows[(i >= 0) & (j >= 0) & (i != j)]
        out = np.eye(len(index), dtype=np.float32)
        i, j = i[inside], j[inside]
        out[i, j] = out[j, i] = r[inside]
        some = np.unique(np.minimum(i, j) * np.int64(len(index)) + np.maximum(i, j)).size
        return Block(out, len(index) * (len(index) - 1) // 2 - some)

    return RawMatrix(
        path,
        len(variants),
        read,
        names=tuple(variants["name"]),
        variants=first if len(first.columns) else None,
        haplotypes=by_haplotypes,
    )


def _sides(names: list[str], path: Path) -> list[dict[str, int]]:
    """Columns of both variants of the pair, by what they hold."""
    sides = []
    for mark in "AB":
        found = {
            what: names.index(each + mark)
            for what, known in _COLUMNS
            for each in reversed(known)
            if each + mark in names
        }
        for pair in _PAIRS:
            if not set(pair) <= set(found):
                found = {what: at for what, at in found.items() if what not in pair}
        sides.append(found)
    shared = set(sides[0]) & set(sides[1])
    placed = {"chrom", "pos"} <= shared and any(set(pair) <= shared for pair in _PAIRS)
    if "name" not in shared and not placed:
        mark = "AB"["name" in sides[0]]
        raise InputError(
            f"{path}: no column SNP_{mark} or ID_{mark}; expected the names of both variants of a "
            "pair, as plink --r and plink2 --r-unphased write them, or their chromosomes, "
            "positions and alleles (cols=chrom,pos,ref,alt)"
        )
    return [{what: at for what, at in side.items() if what in shared} for side in sides]


def _numbers(values: pd.Series, layout: TextLayout) -> np.ndarray:
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float32)
    bad = ~(np.abs(numbers) <= 1.0 + ROUNDING)
    if bad.any():
        at = int(bad.argmax())
        raise InputError(
            f"{layout.path} line {layout.header_line + 1 + at}: the correlation is "
            f"{values.iloc[at]}; expected a number between -1 and 1: leave variants that do not "
            "vary out (plink --mac 1)"
        )
    return numbers


def _numbered(
    frame: pd.DataFrame, sides: list[dict[str, int]], path: Path
) -> tuple[tuple[np.ndarray, np.ndarray], pd.DataFrame]:
    """Both variants of each pair as numbers, and what is told of the variants."""
    both = pd.concat(
        [frame[list(side.values())].set_axis(list(side), axis=1).astype("str") for side in sides],
        ignore_index=True,
    )
    if "name" not in both:
        counted, uncounted = _PAIRS["a1" not in both]
        place = both["chrom"] + ":" + both["pos"]
        both = both.assign(name=place + ":" + both[uncounted] + ":" + both[counted], rsid=None)
    codes, _ = pd.factorize(both["name"])
    first = both.loc[~both["name"].duplicated()].reset_index(drop=True)
    for what in ("pos", "chrom"):
        if what in both and (both[what].to_numpy() != first[what].to_numpy()[codes]).any():
            other = int((both[what].to_numpy() != first[what].to_numpy()[codes]).argmax())
            raise InputError(
                f"{path}: {both['name'].iloc[other]!r} stands at several places; expected a name "
                "of its own for each variant (plink2 --set-all-var-ids '@:#:$r:$a')"
            )
    keys = [first[what].to_numpy() for what in ("name", "pos", "chrom") if what in first]
    if "pos" in first:
        keys[1] = pd.to_numeric(first["pos"], errors="coerce").to_numpy()
    order = np.lexsort(keys)
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    codes = rank[codes]
    variants = first.iloc[order].reset_index(drop=True)
    return (codes[: len(frame)], codes[len(frame) :]), variants


def _refuse_contradictions(
    codes: tuple[np.ndarray, np.ndarray], r: np.ndarray, told: tuple[Path, int]
) -> None:
    """Refuse a pair that stands there twice with different correlations."""
    low, high = np.minimum(*codes), np.maximum(*codes)
    key = low * np.int64(int(high.max(initial=0)) + 1) + high
    order = np.argsort(key, kind="stable")
    again = np.diff(key[order]) == 0
    apart = again & (np.abs(np.diff(r[order])) > ROUNDING)
    if apart.any():
        at = int(apart.argmax())
        lines = sorted(int(k) + told[1] + 1 for k in order[at : at + 2])
        raise InputError(
            f"{told[0]} lines {lines[0]} and {lines[1]}: one pair has correlations "
            f"{r[order[at]]:.6g} and {r[order[at + 1]]:.6g}; expected each pair once"
        )
