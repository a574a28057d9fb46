"""Genotypes of a reference panel: the one door to bed-reader."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from seqgen.errors import InputError, MissingFileError
from seqgen.io.chromosomes import canonical_chromosomes

_MAGIC = b"\x6c\x1b\x01"
_BATCH_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class Panel:
    """A PLINK panel whose genotypes are read when they are asked for.

    Attributes
    ----------
    name : str
        How reports name the panel.
    n_people : int
        People in the panel.
    variants : DataFrame
        One row per variant in file order: ``chrom``, ``pos``, ``rsid``, ``a1``, ``a2``.
    bed : Path
        The ``.bed`` file.
    """

    name: str
    n_people: int
    variants: pd.DataFrame = field(repr=False)
    bed: Path

    def genotypes(self, index: np.ndarray) -> np.ndarray:
        """Counts of ``a1`` for the variants ``index``.

        Parameters
        ----------
        index : ndarray of int, shape (k,)
            Rows of ``variants``, in any order.

        Returns
        -------
        ndarray of float32, shape (n_people, k)
            0, 1, 2, or NaN where the call is missing.

        Raises
        ------
        InputError
            If an index is outside the panel, or the file cannot be read.
        """
        from bed_reader import open_bed

        index = np.asarray(index, dtype=np.int64)
        if index.size == 0:
            return np.empty((self.n_people, 0), dtype=np.float32)
        if index.min() < 0 or index.max() >= len(self.variants):
            raise InputError(
                f"panel '{self.name}': variant index {int(index.min())} to {int(index.max())} "
                f"asked for; expected 0 to {len(self.variants) - 1}"
            )
        try:
            with open_bed(
                self.bed,
                iid_count=self.n_people,
                sid_count=len(self.variants),
                count_A1=True,
                properties={},
            ) as bed:
                return bed.read(index=np.s_[:, index], dtype="float32", order="F")
        except (OSError, ValueError) as error:
            raise InputError(
                f"{self.bed}: genotypes cannot be read ({error}); was the file changed since "
                f"the panel was opened?"
            ) from error

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


def read_panel(prefix: str | os.PathLike[str], *, name: str | None = None) -> Panel:
    """Open a PLINK panel (``.bed``, ``.bim``, ``.fam``) without reading its genotypes.

    Parameters
    ----------
    prefix : path
        The common part of the three names, or the name of any of them.
    name : str, optional
        How reports name the panel; by default the prefix' last part.

    Returns
    -------
    Panel

    Raises
    ------
    MissingFileError
        If one of the three files is missing.
    InputError
        If a file is damaged, the sizes do not fit each other, or a variant comes twice.
    """
    prefix = Path(prefix)
    if prefix.suffix in (".bed", ".bim", ".fam"):
        prefix = prefix.with_suffix("")
    paths = {suffix: Path(f"{prefix}.{suffix}") for suffix in ("bed", "bim", "fam")}
    missing = [str(path) for path in paths.values() if not path.is_file()]
    if missing:
        raise MissingFileError(
            f"panel {prefix}: {', '.join(missing)} not there; expected {prefix}.bed, .bim and "
            f".fam side by side"
        )
    n_people = _count_people(paths["fam"])
    variants = _read_bim(paths["bim"])
    _check_bed(paths["bed"], n_people, len(variants))
    return Panel(name or prefix.name, n_people, variants, paths["bed"].absolute())


def _count_people(path: Path) -> int:
    with open(path, "rb") as handle:
        count = sum(1 for line in handle if line.strip())
    if count < 2:
        raise InputError(f"{path}: holds {count} people; a panel needs two or more")
    return count


def _read_bim(path: Path) -> pd.DataFrame:
    try:
        frame = pd.read_csv(
            path,
            sep=r"\s+",
            header=None,
            names=["chrom", "rsid", "cm", "pos", "a1", "a2"],
            dtype={"chrom": "str", "rsid": "str", "a1": "str", "a2": "str"},
            keep_default_na=False,
            index_col=False,
        )
        frame["pos"] = frame["pos"].astype("int64")
    except pd.errors.EmptyDataError as error:
        raise InputError(f"{path}: is empty; expected one line per variant") from error
    except (ValueError, pd.errors.ParserWarning) as error:
        raise InputError(
            f"{path}: is no .bim file ({str(error).strip()}); expected six columns: chromosome, "
            f"name, cM, position, allele 1, allele 2"
        ) from error
    given = frame["chrom"]
    frame["chrom"] = canonical_chromosomes(given).fillna(given)
    frame["a1"] = frame["a1"].str.upper()
    frame["a2"] = frame["a2"].str.upper()
    _refuse_repeats(path, frame)
    return frame[["chrom", "pos", "rsid", "a1", "a2"]]


def _refuse_repeats(path: Path, frame: pd.DataFrame) -> None:
    """Raise where one variant stands on two lines, whichever allele comes first."""
    near = np.flatnonzero(frame.duplicated(["chrom", "pos"], keep=False).to_numpy())
    crowd = frame.iloc[near]
    swap = (crowd["a1"] > crowd["a2"]).to_numpy()
    key = pd.DataFrame(
        {
            "chrom": crowd["chrom"].to_numpy(),
            "pos": crowd["pos"].to_numpy(),
            "low": np.where(swap, crowd["a2"], crowd["a1"]),
            "high": np.where(swap, crowd["a1"], crowd["a2"]),
        }
    )
    repeated = key.duplicated().to_numpy()
    if repeated.any():
        first = int(near[repeated.argmax()])
        row = frame.iloc[first]
        raise InputError(
            f"{path} line {first + 1}: {row['chrom']}:{row['pos']} {row['a1']}/{row['a2']} "
            f"comes a second time ({int(repeated.sum())} such line(s)); keep one, for instance "
            f"with plink2 --rm-dup"
        )


def _check_bed(path: Path, n_people: int, n_variants: int) -> None:
    expected = 3 + n_variants * ((n_people + 3) // 4)
    with open(path, "rb") as handle:
        magic = handle.read(3)
    if magic != _MAGIC:
        raise InputError(
            f"{path}: begins with {magic.hex() or 'nothing'}, not with {_MAGIC.hex()}; expected "
            f"a PLINK 1 .bed file in variant-major order: make it with plink --make-bed"
        )
    size = path.stat().st_size
    if size != expected:
        raise InputError(
            f"{path}: is {size:,} bytes; {n_people:,} people in .fam and {n_variants:,} variants "
            f"in .bim need {expected:,}; the three files are not of one panel or .bed is cut short"
        )
