"""What PLINK 1 and PLINK 2 files share as sources: people, their sex, parts of a file."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.io.genotype_source import GenotypeSource
from seqgen.io.plink_people import chosen_rows, plink_people, read_ids
from seqgen.io.ploidy import BOTH_ALLELES, WOMAN_ON_Y, impossible
from seqgen.io.regions import parse_region
from seqgen.io.tally import Tally
from seqgen.schemas import DROPS

_BATCH_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, repr=False)
class PlinkSource(GenotypeSource):
    """Genotypes in PLINK files, read when they are asked for.

    A man's one copy of X or Y counts 2, as PLINK writes it. With sex in the .fam or .psam file,
    calls of both alleles in a man on X or Y (outside the pseudo-autosomal regions of hg19 and
    hg38) and calls of a woman on Y are missing, as they are to PLINK; dosages stay as they are.

    Attributes
    ----------
    name : str
        How reports name the panel.
    n_people : int
        People in the panel.
    variants : DataFrame
        One row per variant in file order: ``chrom``, ``pos``, ``rsid``, ``a1``, ``a2``.
    ids : Path, optional
        The ``.fam`` or ``.psam`` file.
    places, rows : ndarray of int, optional
        Rows of ``variants`` and of people in the file, where they are a part of it.
    n_in_file, n_people_in_file : int, optional
        Variants and people in the file, where they are more.
    linked : ndarray of int8, optional
        Which variants are on X and Y, see `seqgen.io.ploidy.sex_linked`.
    left_out : DataFrame
        `schemas.DROPS`: rows left out when the file was opened.
    files : tuple of Path
        The genotypes, the variants, the people.
    """

    name: str
    n_people: int
    variants: pd.DataFrame = field(repr=False)
    ids: Path | None = field(default=None, kw_only=True)
    places: np.ndarray | None = field(default=None, kw_only=True)
    rows: np.ndarray | None = field(default=None, kw_only=True)
    n_in_file: int | None = field(default=None, kw_only=True)
    n_people_in_file: int | None = field(default=None, kw_only=True)
    linked: np.ndarray | None = field(default=None, kw_only=True)
    left_out: pd.DataFrame = field(default_factory=DROPS.empty, kw_only=True)
    files: tuple[Path, ...] = field(default=(), kw_only=True)

    @abstractmethod
    def _read(self, places: np.ndarray) -> np.ndarray:
        """Counts of ``a1`` for some variants of the file; float32, (n_people, k)."""

    @property
    def _holds_calls(self) -> bool:
        """Whether counts are calls, not dosages."""
        return True

    @cached_property
    def people(self) -> pd.Index:  # type: ignore[override]
        """Names of the people: their IID, or FID:IID for all where two share an IID.

        Read from the ``.fam`` or ``.psam`` file at the first use; numbers from 0 where there is
        none.

        Raises
        ------
        InputError
            If a person comes twice, or the file was changed since the panel was opened.
        """
        if self.ids is None:
            return pd.RangeIndex(self.n_people)
        table = self._people_table
        names = plink_people(table["fid"], table["iid"], str(self.ids))
        return names if self.rows is None else names[self.rows]

    @cached_property
    def drops(self) -> pd.DataFrame:  # type: ignore[override]
        """`schemas.DROPS`: rows left out, and calls that are missing because of a person's sex.

        Those are counted at the first use, which reads the variants of X and Y.
        """
        tally = Tally("read genotypes")
        for index in self._batches_of_linked():
            counts = self._counts(index)
            for which, reason in zip(
                impossible(counts, self._linked[index], self._sex),
                (BOTH_ALLELES, WOMAN_ON_Y),
                strict=True,
            ):
                if which.any():
                    row = self.variants.iloc[int(index[which.any(axis=0).argmax()])]
                    example = f"{row['chrom']}:{row['pos']} ({row['rsid']})"
                    tally.rows.append((tally.stage, reason, "changed", int(which.sum()), example))
        both = [table for table in (self.left_out, tally.to_frame()) if len(table)]
        return pd.concat(both, ignore_index=True) if both else DROPS.empty()

    def genotypes(self, index: np.ndarray) -> np.ndarray:
        """Counts of ``a1`` for the variants ``index``.

        Parameters
        ----------
        index : ndarray of int, shape (k,)
            Rows of ``variants``, in any order.

        Returns
        -------
        ndarray of float32, shape (n_people, k)
            0, 1, 2 or a dosage; NaN where the call is missing.

        Raises
        ------
        InputError
            If an index is outside the panel, or the file cannot be read.
        """
        index = self._checked(index)
        if index.size == 0:
            return np.empty((self.n_people, 0), dtype=np.float32)
        counts = self._counts(index)
        linked = self._linked[index]
        if self._holds_calls and linked.any():
            some = np.flatnonzero(linked)
            both, woman = impossible(counts[:, some], linked[some], self._sex)
            counts[:, some] = np.where(both | woman, np.nan, counts[:, some])
        return counts

    def _counts(self, index: np.ndarray) -> np.ndarray:
        return self._read(index if self.places is None else self.places[index])

    @property
    def _linked(self) -> np.ndarray:
        if self.linked is None:
            return np.zeros(len(self.variants), dtype=np.int8)
        return self.linked

    @cached_property
    def _sex(self) -> np.ndarray:
        """1 for men, 2 for women, 0 where it is not known; int8, (n_people,)."""
        if self.ids is None:
            return np.zeros(self.n_people, dtype=np.int8)
        sex = self._people_table["sex"].to_numpy()
        return sex if self.rows is None else sex[self.rows]

    @cached_property
    def _people_table(self) -> pd.DataFrame:
        assert self.ids is not None
        table = read_ids(self.ids, what="people")
        expected = self.n_people_in_file or self.n_people
        if len(table) != expected:
            raise InputError(
                f"{self.ids}: holds {len(table):,} people; it held {expected:,} when the panel "
                "was opened: open it again"
            )
        return table

    def _batches_of_linked(self) -> list[np.ndarray]:
        linked = np.flatnonzero(self._linked)
        if not (self._holds_calls and linked.size and self._sex.any()):
            return []
        batch = max(1, _BATCH_BYTES // (4 * self.n_people))
        return [linked[start : start + batch] for start in range(0, len(linked), batch)]


def region_places(variants: pd.DataFrame, region: str | None, where: Path) -> np.ndarray | None:
    """Rows of the variants in a region; None for all.

    Raises
    ------
    InputError
        If there are none.
    """
    if region is None:
        return None
    places = np.flatnonzero(parse_region(region).contains(variants["chrom"], variants["pos"]))
    if not len(places):
        raise InputError(
            f"{where}: none of {len(variants):,} variants lies in {region}; they are on "
            f"chromosome(s) {', '.join(variants['chrom'].astype('str').unique()[:5])}"
        )
    return places


def people_rows(path: Path, people: Sequence[str] | None) -> tuple[int, np.ndarray | None]:
    """How many people a .fam or .psam file holds, and the rows of those asked for."""
    if people is None:
        with open(path, "rb") as handle:
            count = sum(1 for line in handle if line.strip() and not line.startswith(b"#"))
        if count < 2:
            raise InputError(f"{path}: holds {count} people; a panel needs two or more")
        return count, None
    ids = read_ids(path, what="people")
    names = plink_people(ids["fid"], ids["iid"], str(path))
    return len(ids), chosen_rows(names, people, str(path))
