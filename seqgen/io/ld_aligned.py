"""Summary statistics laid beside a matrix of LD: the same variants, in one order, signs turned."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from seqgen.io.ld_alignment import Target, align_variants
from seqgen.io.ld_matrices import ReferenceLD
from seqgen.io.tally import Tally
from seqgen.schemas import Counted

_WHAT = "LD matrix"


@dataclass(frozen=True, eq=False, repr=False)
class AlignedLD:
    """Summary statistics and LD of the same variants, in one order and for the same alleles.

    Attributes
    ----------
    table : DataFrame
        Rows of the summary statistics, with ``flipped`` (the file counts the other allele) and
        ``ld_eaf`` (frequency of the effect allele in the file's people, missing where unknown).
    R : ndarray, shape (p, p)
        Correlations, signed by the effect alleles, as the z-scores are.
    drops : DataFrame
        Schema ``DROPS``: what is in one of the two alone, and why.
    n_people : int or None
        People that the correlations come of: ``R_finite`` of `susie_rss`.
    """

    table: pd.DataFrame
    R: np.ndarray
    drops: pd.DataFrame
    n_people: int | None = None

    def __repr__(self) -> str:
        return f"AlignedLD({len(self.table):,} variants)"

    def to_frame(self) -> pd.DataFrame:
        """The table."""
        return self.table


def align_rows(sumstats: pd.DataFrame, ld: ReferenceLD, *, palindromic: str = "infer") -> Counted:
    """What `align_to_panel` gives for a panel, for a matrix; ``drops`` tell of both sides."""
    known = ld.variants["frequency"].to_numpy(dtype=np.float64)
    told = not np.isnan(known).all()
    target = Target(
        ld.name,
        ld.variants,
        (lambda index: known[index]) if told else None,
        what=_WHAT,
        stage="align_to_ld",
        turned="sign",
        some_unknown=bool(np.isnan(known).any()),
    )
    aligned = align_variants(sumstats, target, palindromic=palindromic)
    used = np.zeros(len(ld.variants), dtype=bool)
    used[aligned.table["panel_index"]] = True
    places = pd.MultiIndex.from_frame(sumstats[["chrom", "pos"]])
    here = pd.MultiIndex.from_frame(ld.variants[["chrom", "pos"]]).isin(places)
    tally = Tally("ld_matrix")
    shown = ld.variants.drop(columns="frequency")
    reason = f"in the {_WHAT} but not in the summary statistics"
    tally.note(shown, ~used & ~here, reason, action="dropped")
    other = [part for part in (aligned.drops, tally.to_frame()) if len(part)]
    drops = pd.concat(other, ignore_index=True) if other else aligned.drops
    return Counted(aligned.table, drops)


def signed_ld(variants: pd.DataFrame, ld: ReferenceLD) -> np.ndarray:
    """Correlations of rows of what `align_rows` gave, signed by their effect alleles."""
    index = variants["panel_index"].to_numpy()
    sign = np.where(variants["flipped"], -1.0, 1.0).astype(ld.R.dtype)
    R = ld.R[np.ix_(index, index)]
    R *= sign
    R *= sign[:, np.newaxis]
    return R


def align_to_ld(
    sumstats: pd.DataFrame, ld: ReferenceLD, *, palindromic: str = "infer"
) -> AlignedLD:
    r"""Bring summary statistics and a matrix of LD to the same variants, order and alleles.

    Variants match by chromosome, position and alleles, in either order and on either strand, as
    in `align_to_panel`. The summary statistics stay as they are; rows and columns of the matrix
    whose other allele is the effect allele change their sign.

    Parameters
    ----------
    sumstats : DataFrame
        Schema ``SUMSTATS``, such as one locus of `split_by_locus`.
    ld : ReferenceLD
        From `read_ld`.
    palindromic : {"infer", "frequency", "as-written", "drop"}
        What decides about A/T and C/G variants, as in `align_to_panel`. Matrices seldom tell
        frequencies; by default the letters are then taken where at least 50 other variants match
        and at most one in a thousand is on the other strand.

    Returns
    -------
    AlignedLD
        ``table``, ``R``, ``drops`` and ``n_people``.

    Raises
    ------
    InputError
        If no variant is left; the message says why.

    Examples
    --------
    >>> import seqgen, tempfile, pathlib
    >>> from seqgen.io.resources import demo_sumstats_path
    >>> two = seqgen.read_sumstats(demo_sumstats_path()).table.head(2)
    >>> names = two["chrom"] + ":" + two["pos"].astype(str)
    >>> names += ":" + two["effect_allele"] + ":" + two["other_allele"]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "ld.tsv")
    ...     _ = path.write_text("\t".join(names) + "\n1\t0.3\n0.3\t1\n")
    ...     aligned = align_to_ld(two, seqgen.read_ld(path))
    >>> aligned.table["flipped"].tolist(), round(float(aligned.R[0, 1]), 3)
    ([True, True], 0.3)
    """
    aligned = align_rows(sumstats, ld, palindromic=palindromic)
    R = signed_ld(aligned.table, ld)
    table = aligned.table.drop(columns="panel_index").rename(columns={"panel_eaf": "ld_eaf"})
    return AlignedLD(table, R, aligned.drops, ld.n_people)
