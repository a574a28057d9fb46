"""Row numbers between R, which counts from 1, and Python, which counts from 0.

What an integer of an object behind a handle means is declared here, attribute by attribute; a
test looks for any that is not. Only rows, and missing calls, change on their way.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from seqgen.errors import InputError

#: Class and attribute (or method, for what it returns) to meaning: ``row`` (from 0, -1 where
#: there is none), ``calls`` (allele counts, -1 where missing), ``position`` (from 1), ``count``,
#: ``code`` (place in a list of letters, not of rows).
MEANINGS = {
    "Alignment.codes": "code",
    "Alignment.focus": "row",
    "Chain.atom_residue": "row",
    "Chain.numbers": "position",
    "HeldGenotypes.counts": "calls",
    "Histogram.counts": "count",
    "PairDesign.counts": "calls",
    "PgenPanel.allele_offsets": "code",
    "PlinkSource.linked": "code",
    "PlinkSource.places": "row",
    "PlinkSource.rows": "row",
    "ResidueDistances.column_map": "row",
    "ResidueDistances.column_place": "row",
    "ResidueDistances.row_map": "row",
    "ResidueDistances.row_place": "row",
    "Residues.places": "row",
    "Residues.positions": "position",
    "StructureMap.places": "row",
    "TransDesign.rows": "row",
}

#: Arguments of methods that are rows, and how many there are of these (None: not known here).
ARGUMENTS: dict[str, dict[str, Callable[[Any], int] | None]] = {
    "Alignment.columns": {"keep": lambda alignment: alignment.length},
    "Alignment.rows": {"keep": lambda alignment: alignment.n_sequences},
    "Chain.label": {"place": len},
    "GenotypeSource.frequencies": {"index": lambda source: len(source.variants)},
    "GenotypeSource.genotypes": {"index": lambda source: len(source.variants)},
    "GenotypeSource.take": {"index": lambda source: len(source.variants)},
    "GenotypeSource.to_frame": {"index": lambda source: len(source.variants)},
    "PairDesign.scaled": {"index": lambda design: design.n_variants},
    "PottsModel.pair": {"i": lambda model: model.length, "j": lambda model: model.length},
    "ReferenceLD.take": {"index": lambda ld: len(ld.variants)},
    "Residues.take": {"places": len},
    **{
        f"{model}.log_probs": {"masked_positions": None}
        for model in ("CheckpointModel", "EnsembleModel", "PottsModel", "SubstitutionModel")
    },
}

#: Parts that are the working of a method, in terms R has no use for.
HIDDEN = {
    "CheckpointModel.log_probs_at",
    "EnsembleModel.log_probs_at",
    "Exclusions.crossed",
    "Exclusions.gene_chrom",
    "Exclusions.gene_trait",
    "Exclusions.pairs",
    "Exclusions.variant_chrom",
    "MixedTraits.weights",
    "PairDesign.carriers",
    "PairDesign.locate",
    "PottsModel.conditionals",
    "Variants.read",
}


def hidden(object: Any, name: str) -> bool:
    """Whether R is not shown this part."""
    return _of(object, name, dict.fromkeys(HIDDEN, True)) is not None


def to_r(object: Any, name: str, value: Any) -> Any:
    """An attribute, or what a method returned, with rows counted from 1, none and no call as NA.

    Examples
    --------
    >>> from seqgen.alignment import Alignment, Residues
    >>> one = Alignment(("a",), np.ones((1, 2), int), Residues.of_protein("AA"), focus=0)
    >>> to_r(one, "focus", one.focus)
    1
    """
    meaning = _of(object, name, MEANINGS)
    if value is None or meaning not in ("row", "calls"):
        return value
    if isinstance(value, (int, np.integer)):
        return int(value) + 1
    values = np.asarray(value)
    missing = values < 0
    values = values.astype(np.int64) + 1 if meaning == "row" else values
    if not missing.any():
        return values
    if values.ndim == 1:
        return pd.arrays.IntegerArray(values.astype(np.int64), missing)
    return np.where(missing, np.nan, values)


def arguments(object: Any, name: str, items: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments of a method, those that are rows as Python counts them.

    Parameters
    ----------
    object : object
    name : str
        Of the method.
    items : mapping of str to object
        By name, or by place, "0" being the first.

    Raises
    ------
    InputError
        If one is neither a row nor a mask.
    """
    told = _of(object, name, ARGUMENTS)
    if told is None:
        return dict(items)
    order = list(inspect.signature(getattr(object, name)).parameters)
    found = dict(items)
    for key, value in items.items():
        known = order[int(key)] if key.isdigit() and int(key) < len(order) else key
        if known in told and value is not None:
            size = told[known]
            count = None if size is None else size(object)
            found[key] = from_r(value, known, count)
    return found


def from_r(value: Any, name: str, count: int | None = None) -> Any:
    """Rows counted from 1 as rows counted from 0; negative ones leave out; masks stay masks.

    Parameters
    ----------
    value : number, or array or list of these or of booleans
    name : str
        Of the argument, for the message.
    count : int, optional
        How many rows there are. Where it is not known, a missing row is None and masks and
        negative rows are refused.

    Returns
    -------
    int, ndarray, or list of int and None

    Examples
    --------
    >>> from_r(np.array([1.0, 3.0]), "keep", 3), from_r(2.0, "i", 3), from_r([-1.0], "keep", 3)
    (array([0, 2]), 1, array([1, 2]))
    """
    series = pd.Series(np.atleast_1d(np.asarray(value, dtype=object)), dtype=object)
    if count is not None and len(series) and series.map(_is_bool).all():
        return _mask(series.to_numpy(dtype=bool), name, count)
    numbers = pd.to_numeric(series, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    absent = series.isna().to_numpy(dtype=bool)
    whole = np.isfinite(numbers) & (numbers == np.rint(numbers)) & ~series.map(_is_bool)
    if count is not None and len(series) and (whole & (numbers < 0)).all():
        numbers = np.setdiff1d(np.arange(1.0, count + 1), -numbers)
        return numbers.astype(np.int64) - 1
    bad = ~(whole & (numbers >= 1) & (numbers <= (np.inf if count is None else count)))
    if count is None:
        bad &= ~absent
    if bad.any():
        wrong = series[bad].iloc[0]
        wrong = f"{wrong:g}" if isinstance(wrong, (int, float)) else repr(wrong)
        end = "" if count is None else f" to {count:,}"
        raise InputError(
            f"{name}: found {wrong}, which is no row; expected whole numbers from 1{end}"
            + ("" if count is None else f", or TRUE or FALSE for each of {count:,}")
        )
    if count is None:
        return [None if gone else int(one) - 1 for gone, one in zip(absent, numbers, strict=True)]
    rows = numbers.astype(np.int64) - 1
    return int(rows[0]) if np.ndim(value) == 0 else rows


def _mask(mask: np.ndarray, name: str, count: int) -> np.ndarray:
    if len(mask) != count:
        raise InputError(
            f"{name}: holds {len(mask):,} of TRUE and FALSE; expected one for each of {count:,}"
        )
    return mask


def _is_bool(value: Any) -> bool:
    return isinstance(value, (bool, np.bool_))


def _of(object: Any, name: str, table: Mapping[str, Any]) -> Any:
    """The entry of the nearest class that has one."""
    keys = (f"{kind.__name__}.{name}" for kind in type(object).__mro__)
    return next((table[key] for key in keys if key in table), None)
