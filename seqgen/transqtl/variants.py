"""Genotypes read by blocks, with covariates taken out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from seqgen.errors import InputError, require_type
from seqgen.io.genotype_source import GenotypeSource, named_variants
from seqgen.io.people import GENOTYPES, named_people, person_names

EXPLAINED = 1e-8
# The highest count, and what rounding in single precision takes for it.
MOST = 2.0 + 1e-7
VARIANT_COLUMNS = ("variant", "chrom", "pos", "effect_allele", "other_allele")
REASONS = (
    "",
    "variant has no call",
    "variant is monomorphic",
    "variant is explained by the covariates",
)
IMPUTED = "missing calls set to the variant's mean"


@dataclass(frozen=True)
class Variants:
    """Genotypes of all people, by blocks.

    Attributes
    ----------
    people : Index
        Names of all people with genotypes.
    table : DataFrame
        One row per variant: ``variant``, and ``chrom`` and ``pos`` where known.
    read : callable
        From variant numbers, (k,), to counts or dosages, (people, k).
    """

    people: pd.Index = field(repr=False)
    table: pd.DataFrame = field(repr=False)
    read: Callable[[np.ndarray], np.ndarray] = field(repr=False)

    def __repr__(self) -> str:
        return f"Variants({len(self):,} variants of {len(self.people):,} people)"

    def __len__(self) -> int:
        return len(self.table)


@dataclass(frozen=True)
class VariantBlock:
    """The testable variants ``index`` of a block, for products with residuals of traits.

    ``values`` (k, n) are centred genotypes over ``scale``; what covariates explain of them is
    still in, for the residuals of the traits are orthogonal to it, except where it is nearly all.
    ``scale`` (k,) is the length of their residuals on the covariates, ``frequency`` (k,) that of
    the counted allele. ``reason`` (all variants asked for) is the place in `REASONS`,
    ``n_missing`` the calls that were filled in.
    """

    index: np.ndarray
    values: np.ndarray
    scale: np.ndarray
    frequency: np.ndarray
    reason: np.ndarray
    n_missing: np.ndarray

    def single(self, out: np.ndarray | None = None) -> np.ndarray:
        """Values in single precision, (k, n); in ``out``'s memory where it is given."""
        shape = self.values.shape
        out = np.empty(shape, np.float32) if out is None else out[: self.values.size].reshape(shape)
        np.copyto(out, self.values, casting="same_kind")
        return out


def open_variants(
    genotypes: object,
    *,
    people: Sequence[str] | None = None,
    variants: pd.DataFrame | None = None,
) -> Variants:
    """Genotypes of an array, a table or a panel, ready to be read by blocks.

    Raises
    ------
    InputError
        If shapes do not fit, a variant comes twice, or genotypes in memory are outside 0 to 2.
    """
    if isinstance(genotypes, pd.DataFrame):
        names = person_names(genotypes, people)
        table = _table(variants, genotypes.shape[1], list(genotypes.columns))
        return _in_memory(names, table, genotypes.to_numpy())
    if hasattr(genotypes, "genotypes") and hasattr(genotypes, "variants"):
        own = genotypes.variants
        if isinstance(genotypes, GenotypeSource):
            variants = named_variants(genotypes) if variants is None else variants
            people = genotypes.people if people is None else people  # type: ignore[assignment]
        elif variants is None:
            variants = own.assign(variant=own["rsid"]) if "variant" not in own else own
        table = _table(variants, len(own), None)
        names = named_people(genotypes.n_people, people)  # type: ignore[attr-defined]
        opened = Variants(names, table, genotypes.genotypes)
        # Sources of this package hold none but counts.
        return opened if isinstance(genotypes, GenotypeSource) else _watched(opened)
    require_type(genotypes, np.ndarray, "genotypes", remedy=GENOTYPES)
    assert isinstance(genotypes, np.ndarray)
    names = person_names(genotypes, people)
    table = _table(variants, genotypes.shape[1], None)
    if isinstance(genotypes, np.memmap):  # a pass over the disk is for the scan
        return _watched(Variants(names, table, _reader(genotypes)))
    return _in_memory(names, table, genotypes)


def _in_memory(names: pd.Index, table: pd.DataFrame, array: np.ndarray) -> Variants:
    opened = Variants(names, table, _reader(array))
    _refuse_no_counts(array, table, np.arange(array.shape[1]))
    return opened


def _watched(variants: Variants) -> Variants:
    """The same, looked at as they are read, since a scan in single precision does not look."""

    def read(index: np.ndarray) -> np.ndarray:
        counts = variants.read(index)
        _refuse_no_counts(counts, variants.table, index)
        return counts

    return replace(variants, read=read)


def _refuse_no_counts(counts: np.ndarray, table: pd.DataFrame, index: np.ndarray) -> None:
    """Refuse what is neither from 0 to 2 nor missing in (people, variants ``index``)."""
    if not counts.size:
        return
    least = -1 if counts.dtype.kind == "i" else 0
    low, high = (extreme.reduce(counts, axis=0) for extreme in (np.fmin, np.fmax))
    bad = (low < least) | (high > MOST)
    if bad.any():
        first = int(bad.argmax())
        found = low[first] if low[first] < least else high[first]
        raise InputError(
            f"genotypes: variant {table['variant'].iloc[index[first]]!r} holds {found:g}; expected "
            "allele counts from 0 to 2, NaN where missing"
        )


def _reader(array: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    if array.dtype.kind not in "biuf":
        raise InputError(
            f"genotypes: of type {array.dtype}; expected counts or dosages as numbers, NaN where "
            "missing"
        )

    def read(index: np.ndarray) -> np.ndarray:
        # A run of columns is a view; only scattered ones are copied.
        if len(index) and index[-1] - index[0] + 1 == len(index):
            return array[:, index[0] : index[-1] + 1]
        return array[:, index]

    return read


def _table(variants: pd.DataFrame | None, count: int, names: list | None) -> pd.DataFrame:
    if not count:
        raise InputError("genotypes: no variant; expected at least one column")
    if variants is None and names is None:
        numbered = [f"variant_{k}" for k in range(1, count + 1)]
        return pd.DataFrame({"variant": pd.array(numbered, dtype="str")})
    if variants is None:
        variants = pd.DataFrame({"variant": pd.Series(names).astype("str")})
    if len(variants) != count or "variant" not in variants:
        raise InputError(
            f"variants: {len(variants):,} rows, columns {', '.join(map(str, variants.columns))}; "
            f"expected one row for each of {count:,} columns of genotypes, with a column 'variant'"
        )
    if names is not None and list(map(str, names)) != variants["variant"].astype(str).tolist():
        raise InputError(
            "variants: names differ from the columns of the genotypes; give them in the same order"
        )
    table = variants[[c for c in VARIANT_COLUMNS if c in variants]]
    table = table.reset_index(drop=True).astype({"variant": "str"})
    twice = table["variant"].duplicated()
    if twice.any():
        raise InputError(
            f"variants: {table['variant'][twice].iloc[0]!r} comes twice ({int(twice.sum()):,} "
            "repeats); name each variant once"
        )
    return table


def read_block(
    variants: Variants, index: np.ndarray, *, rows: np.ndarray, basis: np.ndarray
) -> VariantBlock:
    """Read variants ``index``, fill missing calls with the mean, measure what covariates leave.

    Raises
    ------
    InputError
        If a genotype is outside 0 to 2.
    """
    return standardise(of_people(variants.read(index), rows), variants, index, basis=basis)


def of_people(counts: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The rows of the people analysed; the array itself where they are all."""
    if len(rows) != len(counts) or not np.array_equal(rows, np.arange(len(rows))):
        return counts[rows]
    return counts


def standardise(
    counts: np.ndarray, variants: Variants, index: np.ndarray, *, basis: np.ndarray
) -> VariantBlock:
    """As `read_block`, of counts or dosages, (n, k), that have been read."""
    values = counts.T.astype(np.float64, order="C")
    n_missing, called = _fill(values, counts, variants, index)
    mean = values.mean(axis=1)
    values -= mean[:, None]
    total = np.einsum("ij,ij->i", values, values)
    loadings = values @ basis
    left = total - np.einsum("ij,ij->i", loadings, loadings)
    _sharpen(values, left, total, basis)
    # A constant that is no binary fraction leaves rounding after its mean is taken off.
    flat = total <= (1e-14 * mean) ** 2 * len(basis)
    reason = np.select([called == 0, flat, ~(left > EXPLAINED * total)], [1, 2, 3], default=0)
    reason = reason.astype(np.int8)
    keep = reason == 0
    if not keep.all():
        values, left = values[keep], left[keep]
    scale = np.sqrt(left)
    values /= scale[:, None]
    return VariantBlock(index[keep], values, scale, mean[keep] / 2, reason, n_missing)


def _sharpen(values: np.ndarray, left: np.ndarray, total: np.ndarray, basis: np.ndarray) -> None:
    """Take the covariates out, in place, where they explain so much that rounding would tell."""
    close = np.flatnonzero(left < 0.01 * total)
    if len(close):
        mine = values[close]
        for _ in range(2):
            mine -= (mine @ basis) @ basis.T
        values[close] = mine
        left[close] = np.einsum("ij,ij->i", mine, mine)


def _fill(
    values: np.ndarray, counts: np.ndarray, variants: Variants, index: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Set missing calls to the mean, in place; missing and present calls per variant."""
    n_missing = np.zeros(len(values), dtype=np.int64)
    # NaN is the lowest of its block, so that a look at the extremes tells whether all is well.
    if counts.min() >= 0 and counts.max() <= MOST:
        return n_missing, np.full(len(values), values.shape[1])
    _refuse_no_counts(counts, variants.table, index)
    missing = np.isnan(values) if counts.dtype.kind == "f" else values == -1
    n_missing = missing.sum(axis=1)
    values[missing] = 0.0
    called = values.shape[1] - n_missing
    means = values.sum(axis=1) / np.maximum(called, 1)
    values[missing] = np.repeat(means, n_missing)
    return n_missing, called
