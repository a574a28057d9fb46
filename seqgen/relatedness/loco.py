"""Whole-genome predictions with chromosomes left out, one by one and two at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from seqgen.errors import InputError

AUTOSOMES = tuple(str(k) for k in range(1, 23))


def check_loco(loco: pd.DataFrame, *, chromosomes: Sequence[str] | None = None) -> pd.DataFrame:
    """Check a table of leave-one-chromosome-out predictions.

    Parameters
    ----------
    loco : DataFrame, shape (people, chromosomes)
        The index names people, the columns chromosomes. An entry is the person's prediction from
        all chromosomes but that one, such as REGENIE's step 1 writes (transpose its ``.loco``
        file), in units of the trait.
    chromosomes : sequence of str, optional
        All chromosomes that predictions were made from; 1 to 22 by default. The total cannot be
        told from a table that lacks one of them.

    Returns
    -------
    DataFrame of float64
        Columns are chromosomes as text without ``chr``.

    Raises
    ------
    InputError
        If it is no such table, a chromosome is lacking, or a value is missing or infinite.

    Examples
    --------
    >>> check_loco(pd.DataFrame({"chr1": [0.5], 2: [1]}), chromosomes=["1", "2"]).columns.tolist()
    ['1', '2']
    """
    if not isinstance(loco, pd.DataFrame):
        raise InputError(
            f"loco: of type {type(loco).__name__}; expected a DataFrame of people by chromosomes"
        )
    names = [chromosome_name(name) for name in loco.columns]
    wanted = AUTOSOMES if chromosomes is None else [chromosome_name(name) for name in chromosomes]
    absent = [name for name in wanted if name not in names]
    if absent or len(names) < 2:
        raise InputError(
            f"loco: lacks chromosome(s) {', '.join(absent) or 'beyond the first'}; found "
            f"{', '.join(names) or 'none'}. Without one the total of the predictions cannot be "
            "told; give all, people as rows, or name those there are in chromosomes"
        )
    twice = [name for name in names if names.count(name) > 1]
    if twice or loco.index.has_duplicates:
        what = f"chromosome {twice[0]}" if twice else "a person"
        raise InputError(f"loco: {what} comes twice; keep each once")
    try:
        values = loco.to_numpy(dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"loco: holds values that are no numbers ({error})") from error
    bad = ~np.isfinite(values)
    if bad.any():
        row, column = (int(k) for k in np.argwhere(bad)[0])
        raise InputError(
            f"loco: person {loco.index[row]!r} has {values[row, column]} for chromosome "
            f"{names[column]} ({int(bad.sum()):,} such in all); leave those people out"
        )
    return pd.DataFrame(values, index=loco.index, columns=names)


def loco_offsets(
    loco: pd.DataFrame,
    chrom_1: str | int,
    chrom_2: str | int,
    *,
    chromosomes: Sequence[str] | None = None,
) -> pd.Series:
    """Predictions without both chromosomes of a pair of variants, which a test subtracts.

    With C chromosomes each entry lacks one of C parts, so that the sum of a person's entries is
    C - 1 times the whole, and the prediction without both is loco_1 + loco_2 - whole.

    Parameters
    ----------
    loco : DataFrame, shape (people, chromosomes)
        As in `check_loco`.
    chrom_1, chrom_2 : str or int
        Chromosomes of the two variants; may be the same.
    chromosomes : sequence of str, optional
        All chromosomes that predictions were made from; 1 to 22 by default.

    Returns
    -------
    Series of float64, one value per person

    Raises
    ------
    InputError
        As in `check_loco`, or if one of the two chromosomes is not in the table.

    References
    ----------
    Mbatchou et al. (2021), Computationally efficient whole-genome regression for quantitative and
    binary traits, Nature Genetics 53:1097-1103: predictions without a chromosome.

    Examples
    --------
    >>> parts = pd.DataFrame({"1": [1.0], "2": [10.0], "3": [100.0]}, index=["ann"])
    >>> loco = pd.DataFrame({c: parts.sum(axis=1) - parts[c] for c in parts})
    >>> loco_offsets(loco, 1, 2, chromosomes=["1", "2", "3"]).tolist()
    [100.0]
    """
    table = check_loco(loco, chromosomes=chromosomes)
    first, second = chromosome_name(chrom_1), chromosome_name(chrom_2)
    for label, name in (("chrom_1", first), ("chrom_2", second)):
        if name not in table:
            raise InputError(
                f"{label} is {name}, which loco lacks (it has {', '.join(table.columns)}); leave "
                "out variants of chromosomes without a prediction"
            )
    if first == second:
        return table[first].rename(None)
    total = table.sum(axis=1) / (table.shape[1] - 1)
    return table[first] + table[second] - total


def chromosome_name(name: object) -> str:
    """A chromosome as text without ``chr``; 23 is X.

    Examples
    --------
    >>> [chromosome_name(name) for name in ("chr7", 7, "23")]
    ['7', '7', 'X']
    """
    text = str(name).strip()
    text = text[3:] if text.lower().startswith("chr") else text
    text = text.removesuffix(".0").lstrip("0")
    return "X" if text in ("23", "x") else text
