"""What every source of genotypes offers: people, variants, and counts read by blocks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

import numpy as np
import pandas as pd

from seqgen.errors import InputError

_BATCH_BYTES = 64 * 1024 * 1024
_NAMELESS = ("", ".", "0", "NA")

# Why rows of a VCF or .pvar file are left out.
FILTERED = "row failed a filter (FILTER is neither PASS nor missing)"
NO_ALT = "row has no ALT allele"
MANY_ALT = "row has several ALT alleles; to keep it split it with bcftools norm -m -any"
REPEATED = "repeats an earlier row of the same variant"


class GenotypeSource(ABC):
    """Genotypes of named people, whatever file they come from.

    Attributes
    ----------
    name : str
        How reports name the source.
    n_people : int
    people : Index of str
        Names of the people, in the order of the rows of `genotypes`.
    variants : DataFrame
        One row per variant in file order: ``chrom``, ``pos``, ``rsid``, ``a1`` (the allele that
        is counted), ``a2``.
    drops : DataFrame
        `schemas.DROPS`: rows left out and calls changed while reading.
    files : tuple of Path
        What they are read from.
    """

    name: str
    n_people: int
    people: pd.Index
    variants: pd.DataFrame
    drops: pd.DataFrame
    files: tuple[Path, ...]

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__.lstrip('_')}({self.name!r}, {self.n_people:,} people, "
            f"{len(self.variants):,} variants)"
        )

    @abstractmethod
    def genotypes(self, index: np.ndarray) -> np.ndarray:
        """Counts of ``a1`` for the variants ``index``; float32, (n_people, k), NaN if missing."""

    @property
    def variant_names(self) -> pd.Index:
        """A name of its own for each variant; see `variant_names`."""
        return variant_names(self.variants)

    def frequencies(self, index: np.ndarray) -> np.ndarray:
        """Frequencies of ``a1`` among the calls, NaN where all are missing; shape (k,)."""
        index = np.asarray(index, dtype=np.int64)
        batch = max(1, _BATCH_BYTES // (4 * self.n_people))
        out = np.full(len(index), np.nan)
        for start in range(0, len(index), batch):
            counts = self.genotypes(index[start : start + batch])
            called = np.count_nonzero(~np.isnan(counts), axis=0)
            total = np.nansum(counts, axis=0, dtype=np.float64)
            np.divide(total, 2.0 * called, out=out[start : start + batch], where=called > 0)
        return out

    def to_frame(self, index: np.ndarray | None = None) -> pd.DataFrame:
        """Counts of all variants or of ``index`` as one table, people by named variants.

        It holds 4 bytes per person and variant; scans that read by blocks need no such table.
        """
        index = np.arange(len(self.variants)) if index is None else self._checked(index)
        return pd.DataFrame(
            self.genotypes(index), index=self.people, columns=self.variant_names[index]
        )

    def take(self, index: np.ndarray) -> GenotypeSource:
        """The same people with the variants ``index`` alone, still read when asked for."""
        return _Chosen(self, self._checked(index))

    def _checked(self, index: np.ndarray) -> np.ndarray:
        """``index`` as numbers of variants.

        Raises
        ------
        InputError
            If one is none.
        """
        index = np.asarray(index, dtype=np.int64)
        if index.size and (index.min() < 0 or index.max() >= len(self.variants)):
            raise InputError(
                f"panel '{self.name}': variant index {int(index.min())} to {int(index.max())} "
                f"asked for; expected 0 to {len(self.variants) - 1}"
            )
        return index


class _Chosen(GenotypeSource):
    """Some variants of a source."""

    def __init__(self, source: GenotypeSource, index: np.ndarray) -> None:
        self._source, self._index = source, index
        self.name, self.n_people, self.people = source.name, source.n_people, source.people
        self.files = source.files
        self.variants = source.variants.iloc[index].reset_index(drop=True)
        self._names = source.variant_names[index]

    @property
    def drops(self) -> pd.DataFrame:  # type: ignore[override]
        """Those of the source."""
        return self._source.drops

    @property
    def variant_names(self) -> pd.Index:
        """The names they have in the source."""
        return self._names

    def genotypes(self, index: np.ndarray) -> np.ndarray:
        """Counts of ``a1`` for the variants ``index``; float32, (n_people, k), NaN if missing."""
        return self._source.genotypes(self._index[self._checked(index)])


def named_variants(source: GenotypeSource) -> pd.DataFrame:
    """One row per variant: ``variant``, ``chrom``, ``pos``, ``effect_allele``, ``other_allele``.

    The effect allele is the one that is counted.
    """
    table = source.variants[["chrom", "pos", "a1", "a2"]].reset_index(drop=True)
    table = table.rename(columns={"a1": "effect_allele", "a2": "other_allele"})
    table.insert(0, "variant", source.variant_names)
    return table


def variant_names(variants: pd.DataFrame) -> pd.Index:
    """A unique name for each variant: its rsID, or chrom:pos:a2:a1 where that will not do.

    The second is taken where the rsID is missing, ``.``, or that of several variants; in a file
    where even that leaves one name for two variants, it is taken for all.

    Parameters
    ----------
    variants : DataFrame
        ``chrom``, ``pos``, ``rsid``, ``a1``, ``a2``.

    Returns
    -------
    Index of str

    Examples
    --------
    >>> table = pd.DataFrame({"chrom": "1", "pos": [5, 9], "rsid": ["rs1", "."],
    ...                       "a1": "A", "a2": "G"})
    >>> variant_names(table).tolist()
    ['rs1', '1:9:G:A']
    """
    rsid = variants["rsid"]
    nameless = (rsid.isna() | rsid.isin(_NAMELESS) | rsid.duplicated(keep=False)).to_numpy()
    names = rsid.astype("str").to_numpy(dtype=object)
    if nameless.any():
        names[nameless] = _by_place(variants[nameless])
    out = pd.Index(names, dtype="str", name="variant")
    if out.has_duplicates:
        out = pd.Index(_by_place(variants), dtype="str", name="variant")
    return out


def repeated_variants(variants: pd.DataFrame) -> np.ndarray:
    """True where a row is of the same variant as an earlier one, whichever allele is first."""
    out = np.zeros(len(variants), dtype=bool)
    near = np.flatnonzero(variants.duplicated(["chrom", "pos"], keep=False).to_numpy())
    crowd = variants.iloc[near]
    swap = (crowd["a1"] > crowd["a2"]).to_numpy()
    key = pd.DataFrame(
        {
            "chrom": crowd["chrom"].to_numpy(),
            "pos": crowd["pos"].to_numpy(),
            "low": np.where(swap, crowd["a2"], crowd["a1"]),
            "high": np.where(swap, crowd["a1"], crowd["a2"]),
        }
    )
    out[near] = key.duplicated().to_numpy()
    return out


def _by_place(variants: pd.DataFrame) -> np.ndarray:
    chrom, pos = variants["chrom"].astype("str"), variants["pos"].astype("str")
    names = chrom + ":" + pos + ":" + variants["a2"] + ":" + variants["a1"]
    return names.to_numpy(dtype=object)
