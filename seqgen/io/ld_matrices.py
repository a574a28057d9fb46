"""LD that somebody computed: matrices out of files, and summary statistics laid beside them."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from seqgen.errors import InputError, SeqgenWarning
from seqgen.io.genotype_source import variant_names
from seqgen.io.ld_checks import Where, completed
from seqgen.io.ld_matrix_formats import open_matrix
from seqgen.io.ld_raw import FEW_ZERO, RawMatrix
from seqgen.io.ld_variants import (
    by_names,
    checked,
    from_names,
    read_ld_variants,
    read_names,
    recognised,
)
from seqgen.io.regions import parse_region
from seqgen.io.tables import existing_file

SIGNED_BY = ("a1", "minor")
ABSENT = ("refuse", "zero")
# Suffixes up to which a matrix and the table of its variants have one name.
_SUFFIXES = re.compile(
    r"((\.(un)?phased)?\.vcor1?|\.ld|\.tsv|\.csv|\.txt|\.npz|\.npy|\.parquet)?"
    r"(\.(bin|gz|bgz|bz2|xz|zst))?$",
    re.I,
)
_BESIDE = (".bim", ".pvar", ".gz", ".variants.tsv", ".variants.parquet", ".parquet", ".z")
# PLINK's own files, whose signs follow the minor allele unless a flag says otherwise.
_PLINK = re.compile(r"\.(ld|vcor1?)(\.(bin|gz|bgz|bz2|xz|zst))?$", re.I)
_PHASED = re.compile(r"\.phased\.vcor1?(\.(bin|gz|zst))?$", re.I)
_PACKED = re.compile(r"\.(bin|gz|zst)$", re.I)
_FROM = 20
_SQUARED = re.compile(r"\.vcor2(\.(bin|gz|zst))?$", re.I)


@dataclass(frozen=True, eq=False, repr=False)
class ReferenceLD:
    """Correlations between variants, and which allele of each they count.

    Attributes
    ----------
    name : str
        How reports name it.
    variants : DataFrame
        One row per variant: ``chrom``, ``pos``, ``rsid``, ``a1`` (the allele that is counted),
        ``a2``, and ``frequency`` of ``a1``, missing where it is not known.
    R : ndarray of float32 or float64, shape (p, p)
        Symmetric, with a diagonal of exactly one; read-only.
    n_people : int or None
        People that the correlations come of.
    path : Path or None
        The file.
    """

    name: str
    variants: pd.DataFrame = field(repr=False)
    R: np.ndarray = field(repr=False)
    n_people: int | None = None
    path: Path | None = None

    def __repr__(self) -> str:
        people = "" if self.n_people is None else f", {self.n_people:,.0f} people"
        return f"ReferenceLD({self.name!r}, {len(self.variants):,} variants{people})"

    def take(self, index: np.ndarray) -> ReferenceLD:
        """The LD of the variants ``index`` alone, in that order."""
        index = np.asarray(index, dtype=np.int64)
        part = self.R[np.ix_(index, index)]
        part.flags.writeable = False
        return replace(self, variants=self.variants.iloc[index].reset_index(drop=True), R=part)

    def to_frame(self) -> pd.DataFrame:
        """The correlations with the names of the variants on both sides."""
        names = variant_names(self.variants)
        return pd.DataFrame(self.R, index=names, columns=names.rename(None))


def read_ld(
    path: str | os.PathLike[str],
    *,
    variants: str | os.PathLike[str] | pd.DataFrame | None = None,
    region: str | None = None,
    n: float | None = None,
    name: str | None = None,
    signed_by: str | None = None,
    absent: str = "refuse",
    nonnegative: bool = False,
) -> ReferenceLD:
    r"""Read correlations between variants that were computed before.

    Read are scipy's sparse ``.npz`` (PolyFun's UK Biobank matrices with their ``.gz`` table),
    NumPy's ``.npz`` and ``.npy``; PLINK's ``--r square``, ``triangle`` and ``bin``, PLINK 2's
    ``--r-unphased`` with its ``.vars``; tables of pairs of both; text that names the variants in
    its header, its first column, or nowhere (LDstore, Hail's ``BlockMatrix.export``); and square
    Parquet. Text may be packed (gzip, bgzip, zstd). Where a file holds one half, it is mirrored.
    Tables of pairs that name the alleles (``cols=+ref,alt`` or ``+maj,nonmaj``) settle the signs.

    Parameters
    ----------
    path : path
        The matrix.
    variants : path or DataFrame, optional
        Its variants, in its order or, where the matrix names them, in any: PLINK's ``.bim`` or
        ``.pvar``, FINEMAP's ``.z``, a table with columns for chromosome, position, name and two
        alleles, or Hail's ``locus`` and ``alleles``. By default the file of this kind beside it
        with the same name up to the suffix, or names such as ``1:1000:A:G`` in the matrix.
    region : str, optional
        ``chrom`` or ``chrom:start-end`` (1-based, both ends included): read this part alone.
    n : float, optional
        People that the correlations come of, for the correction of `susie_rss` (``R_finite``).
    name : str, optional
        How reports name it; by default the file's name.
    signed_by : {"a1", "minor"}, optional
        Which allele the signs of PLINK's correlations follow. ``"a1"``: the first allele of the
        table (plink ``--keep-allele-order``, plink2 ``ref-based``). ``"minor"``: the rarer one,
        PLINK's default; the table has to tell the frequency. ``"a1"`` with a warning where
        neither is said. It makes no difference where ``a1`` is the minor allele throughout.
    absent : {"refuse", "zero"}
        What is done about pairs that a table of pairs or a sparse matrix does not hold: an error,
        or they are taken as 0, with a warning. Whole matrices with many a 0 give a warning
        unless ``"zero"`` is said.
    nonnegative : bool
        Take a matrix without a negative entry, which is refused otherwise: it looks like r
        squared.

    Returns
    -------
    ReferenceLD

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If the file is of no kind that is read, does not fit its variants, or is no matrix of
        signed correlations; the message names the row.

    Warns
    -----
    SeqgenWarning
        If it is not said which allele the signs follow, correlations are those of estimated
        haplotypes, absent pairs are taken as 0, or many are exactly 0.

    References
    ----------
    Weissbrod et al. (2020), Nature Genetics 52, 1355-1363: PolyFun, and its matrices.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "ld.tsv")
    ...     _ = path.write_text("1:100:A:G\t1:200:C:T\n1\t-0.5\n-0.5\t1\n")
    ...     ld = read_ld(path, n=500)
    >>> ld
    ReferenceLD('ld.tsv', 2 variants, 500 people)
    >>> ld.R[0, 1].item(), ld.variants["a1"].tolist()
    (-0.5, ['G', 'T'])
    """
    within = None if region is None else parse_region(region)
    told = ReadLD(variants, n, signed_by, absent, nonnegative, name)

    def keep(table: pd.DataFrame) -> np.ndarray:
        if within is None:
            return np.ones(len(table), dtype=bool)
        inside = within.contains(table["chrom"], table["pos"])
        if not inside.any():
            raise InputError(
                f"{path}: none of {len(table):,} variants lies in {region}; they are on "
                f"chromosome(s) {', '.join(table['chrom'].unique()[:5])}"
            )
        return inside

    return read_part(path, told, keep)


@dataclass(frozen=True)
class ReadLD:
    """How to read a matrix: the arguments of `read_ld` of these names."""

    variants: str | os.PathLike[str] | pd.DataFrame | None = None
    n: float | None = None
    signed_by: str | None = None
    absent: str = "refuse"
    nonnegative: bool = False
    name: str | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be meant, before anything is read."""
        if self.signed_by is not None and self.signed_by not in SIGNED_BY:
            raise InputError(f"signed_by: found {self.signed_by!r}; expected 'a1' or 'minor'")
        if self.absent not in ABSENT:
            raise InputError(f"absent: found {self.absent!r}; expected 'refuse' or 'zero'")
        if self.n is not None and not 2 <= self.n < np.inf:
            raise InputError(
                f"n: found {self.n}; expected the number of people that the LD comes of, 2 or more"
            )


def read_part(
    path: str | os.PathLike[str], told: ReadLD, keep: Callable[[pd.DataFrame], np.ndarray]
) -> ReferenceLD:
    """The variants of a matrix for which ``keep`` says True; as `read_ld` else."""
    path = Path(path)
    if _SQUARED.search(path.name):
        raise InputError(
            f"{path}: holds r squared by its suffix, whose sign is lost; expected the signed r: "
            "write it with plink2 --r-unphased (not --r2-unphased)"
        )
    table, where = _table(path, told.variants)
    raw = _opened(path, None if table is None else len(table))
    if raw.haplotypes or _PHASED.search(path.name):
        warnings.warn(
            f"{path}: its correlations are those of estimated haplotypes (plink2 --r-phased, "
            "plink --r dprime), not of allele counts, which z-scores have: they differ where "
            "few people carry an allele; better is plink2 --r-unphased, plink --r without dprime",
            SeqgenWarning,
            stacklevel=3,
        )
    raw, major = _counted(raw, told.signed_by)
    table = _variants_of(raw, table, where)
    # LDstore, which FINEMAP's .z goes with, counts one allele throughout
    signed_by = told.signed_by or ("a1" if where.endswith(".z") else None)
    table = _signed(table, path, signed_by, major=major)
    index = np.flatnonzero(keep(table))
    kept = table.iloc[index].reset_index(drop=True)
    block = raw.read(index)
    _judge_absent(raw, block.absent, len(index), absent=told.absent)
    place = Where(path, kept, index)
    R = completed(block.R, place, nonnegative=told.nonnegative)
    if not block.absent and told.absent == "refuse":
        _tell_zeros(R, path)
    R.flags.writeable = False
    people = None if told.n is None else int(told.n)
    return ReferenceLD(told.name or path.name, kept, R, people, path.absolute())


def _stem(path: Path) -> str:
    """The path up to its suffix."""
    return str(path.with_name(_SUFFIXES.sub("", path.name) or path.name))


def _table(
    path: Path, variants: str | os.PathLike[str] | pd.DataFrame | None
) -> tuple[pd.DataFrame | None, str]:
    """The table of the variants, given or beside the matrix, and where it is."""
    if isinstance(variants, pd.DataFrame):
        return checked(recognised(variants, "variants"), "variants", first_line=None), "variants"
    if variants is not None:
        return read_ld_variants(variants), str(variants)
    if not path.is_dir():
        existing_file(path)
    stem = _stem(path)
    for suffix in _BESIDE:
        beside = Path(stem + suffix)
        if beside.is_file() and beside != path:
            return read_ld_variants(beside), str(beside)
    return None, ""


def _opened(path: Path, p: int | None) -> RawMatrix:
    """The matrix, with the names that PLINK 2 wrote beside it."""
    beside = next((x for x in _lists(path) if x.is_file()), None)
    names = None if beside is None else tuple(read_names(beside))
    raw = open_matrix(path, p if names is None else len(names))
    if names is None or raw.names is not None:
        return raw
    if len(names) != raw.p:
        raise InputError(
            f"{beside}: names {len(names):,} variants; {path} has {raw.p:,}; expected the "
            "list that was written with the matrix"
        )
    return replace(raw, names=names)


def _lists(path: Path) -> tuple[Path, Path]:
    """Where PLINK 2 lists the variants of a matrix, whether or not that is packed."""
    return Path(f"{path}.vars"), Path(_PACKED.sub("", str(path)) + ".vars")


def _counted(raw: RawMatrix, signed_by: str | None) -> tuple[RawMatrix, bool]:
    """The matrix with ``a1`` the allele that its own columns say is counted.

    True beside it where that is the rarer one: PLINK 2 counts it unless told ``ref-based``.
    """
    own = raw.variants
    if own is None or "nonmajor" not in own or signed_by == "a1":
        return raw, False
    if signed_by is None and "a1" in own and (own["a1"] != own["nonmajor"]).any():
        warnings.warn(
            f"{raw.path}: signs are taken to follow the allele of column NONMAJ, which is not ALT "
            "throughout, as plink2 writes them without ref-based. Say which: signed_by='minor', "
            "or 'a1' for ref-based (--ld-signed-by)",
            SeqgenWarning,
            stacklevel=4,
        )
    return replace(raw, variants=own.assign(a1=own["nonmajor"], a2=own["major"])), True


def _variants_of(raw: RawMatrix, table: pd.DataFrame | None, where: str) -> pd.DataFrame:
    """One row per row of the matrix."""
    own = raw.variants
    if table is None and own is not None and {"chrom", "pos", "a1", "a2"} <= set(own):
        names = pd.Series(raw.names or [None] * raw.p, index=own.index, dtype="str")
        frequency = own.get("frequency", np.nan)
        own = own.assign(rsid=own.get("rsid", names), frequency=frequency)
        return checked(own, str(raw.path), first_line=None)
    if table is None:
        found = None if raw.names is None else from_names(raw.names)
        if found is None:
            such = "" if not raw.names else f" (names such as {raw.names[0]!r} do not)"
            raise InputError(
                f"{raw.path}: does not say which {raw.p:,} variants it is of{such}; expected a "
                "table of them: variants=... (--ld-variants), PLINK's .bim or .pvar, or a table "
                "of chromosome, position, name and two alleles, in the matrix' order"
            )
        return checked(found, str(raw.path), first_line=None)
    if raw.names is not None:
        found = by_names(table, raw.names, (raw.path, where))
        _refuse_moved(raw, found, where)
        return _turned(raw, found, where)
    if len(table) != raw.p:
        raise InputError(
            f"{raw.path}: is a matrix of {raw.p:,} variants, and {where} has {len(table):,}; "
            "expected the table that the matrix was made with, a row for each of its rows"
        )
    return table


def _refuse_moved(raw: RawMatrix, found: pd.DataFrame, where: str) -> None:
    """Refuse a table that has the variants of the matrix at other positions."""
    if raw.variants is None or "pos" not in raw.variants:
        return
    pos = pd.to_numeric(raw.variants["pos"], errors="coerce").to_numpy()
    apart = pos != found["pos"].to_numpy()
    if apart.any():
        at = int(apart.argmax())
        raise InputError(
            f"{raw.path}: has {(raw.names or ('',))[at]!r} at {pos[at]}, {where} at "
            f"{found['pos'].iloc[at]} ({int(apart.sum()):,} such); expected one genome build"
        )


def _turned(raw: RawMatrix, found: pd.DataFrame, where: str) -> pd.DataFrame:
    """The table with ``a1`` the allele that the matrix itself says is counted."""
    own = raw.variants
    if own is None or not {"a1", "a2"} <= set(own):
        return found
    counted, other = (own[x].astype("str").str.upper().to_numpy() for x in ("a1", "a2"))
    turn = (found["a1"] == other) & (found["a2"] == counted)
    apart = ~turn & ~((found["a1"] == counted) & (found["a2"] == other))
    if apart.any():
        at = int(apart.to_numpy().argmax())
        row = found.iloc[at]
        raise InputError(
            f"{raw.path}: has {(raw.names or ('',))[at]!r} with alleles {counted[at]}/{other[at]}, "
            f"{where} with {row['a1']}/{row['a2']} ({int(apart.sum()):,} such); expected the table "
            "that the matrix was made from"
        )
    return _swapped(found, turn)


def _swapped(table: pd.DataFrame, turn: pd.Series) -> pd.DataFrame:
    """The table with the other allele counted in some rows."""
    return table.assign(
        a1=table["a1"].where(~turn, table["a2"]),
        a2=table["a2"].where(~turn, table["a1"]),
        frequency=table["frequency"].where(~turn, 1.0 - table["frequency"]),
    )


def _signed(table: pd.DataFrame, path: Path, signed_by: str | None, *, major: bool) -> pd.DataFrame:
    """The table with ``a1`` the allele that signs follow."""
    frequency = table["frequency"]
    if signed_by == "minor" and not major:
        if frequency.isna().any():
            row = table[frequency.isna()].iloc[0]
            raise InputError(
                f"signed_by='minor': the frequency of {row['chrom']}:{row['pos']} "
                f"{row['a1']}/{row['a2']} is not known, so which allele is the minor one is not "
                "either; expected a table of variants with a column such as eaf or a1_freq, or a "
                "matrix written with plink --keep-allele-order (plink2: ref-based), signed_by='a1'"
            )
        return _swapped(table, frequency > 0.5)
    doubtful = bool(_PLINK.search(path.name)) and not major and signed_by is None
    if doubtful and not (frequency <= 0.5).all():
        warnings.warn(
            f"{path}: signs are taken to follow allele a1 of the table of variants, as plink "
            "--keep-allele-order and plink2 ref-based write them; PLINK's default is the minor "
            "allele. Say which: signed_by='a1' or 'minor' (--ld-signed-by)",
            SeqgenWarning,
            stacklevel=4,
        )
    return table


def _judge_absent(raw: RawMatrix, count: int, p: int, *, absent: str) -> None:
    """Refuse or tell of pairs that the file does not hold."""
    path, pairs = raw.path, p * (p - 1) // 2
    if count <= raw.some_absent * pairs:
        return
    found = f"{count:,} of {pairs:,} pairs of its {p:,} variants are absent"
    if absent == "refuse":
        raise InputError(
            f"{path}: {found}, as where a window or a threshold left them out; fine-mapping needs "
            "every pair: write the whole matrix (plink --r square; a table of pairs with "
            "--ld-window-r2 0 and windows beyond the region), or have the absent ones taken as 0, "
            "which invents signals where they are not: absent='zero' (--ld-absent zero)"
        )
    warnings.warn(
        f"{path}: {found} and taken as 0; results are wrong where they are correlated",
        SeqgenWarning,
        stacklevel=4,
    )


def _tell_zeros(R: np.ndarray, path: Path) -> None:
    """Tell of pairs that a whole matrix has as exactly 0, which correlations hardly are."""
    p = len(R)
    pairs, zeros = p * (p - 1) // 2, (R.size - int(np.count_nonzero(R))) // 2
    if p < _FROM or zeros <= FEW_ZERO * pairs:
        return
    warnings.warn(
        f"{path}: {zeros:,} of {pairs:,} pairs of its {p:,} variants are exactly 0, as where a "
        "window (the radius of Hail's ld_matrix), a threshold or rounding made them so; results "
        "are wrong where they are correlated. Where that is meant: absent='zero' (--ld-absent "
        "zero)",
        SeqgenWarning,
        stacklevel=4,
    )
