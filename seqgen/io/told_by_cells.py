"""What a header leaves open and a file's first cells, or its side-car, settle."""

from __future__ import annotations

import re
import warnings
from dataclasses import replace

import pandas as pd

from seqgen.errors import SeqgenWarning
from seqgen.io.columns import Layout, normalise
from seqgen.io.duplicates import BEST_KEPT, CONTRADICTING
from seqgen.io.header_names import REGENIE_HTP
from seqgen.io.sumstats_source import Source
from seqgen.io.tally import Tally

_RATIO = "effects of a binary trait are odds ratios here"
_SIZE = "of a quantitative trait, which has no controls, it counts all people"
_SSF_MITOCHONDRION = "25"
_SSF_PLACES = ("BASEPAIRLOCATION", "HMPOS")
_CROWDED = 0.2
_FEWEST = 20
_OF_SEVERAL = re.compile(r"GENE|GENEID|MOLECULARTRAITID|PHENOTYPE(ID)?|TRAIT(ID)?|PROTEIN|PROBE")


def settle_by_cells(source: Source, layout: Layout) -> Layout:
    """Take columns for what their cells, or the side-car, say that they hold.

    The one column ``Effect`` of REGENIE's ``--htp`` holds odds ratios of binary traits, which
    have controls, and effects of quantitative ones; GWAS-SSF may hold -log10 p as ``p_value``.

    Parameters
    ----------
    source : Source
    layout : Layout
        From `recognise`.

    Returns
    -------
    Layout
    """
    columns, reasons = dict(layout.columns), dict(layout.reasons)
    if source.neg_log10_p and "p" in columns and "neg_log10_p" not in columns:
        columns["neg_log10_p"] = columns.pop("p")
        reasons["neg_log10_p"] = "the side-car says that it is -log10 p"
    if layout.dialect == REGENIE_HTP and reasons.get("beta") != "you named it":
        if _any_number(source, columns.get("n_controls")):
            columns["odds_ratio"], reasons["odds_ratio"] = columns.pop("beta"), _RATIO
        elif "n" not in columns and "n_cases" in columns:
            columns["n"], reasons["n"] = columns.pop("n_cases"), _SIZE
            columns.pop("n_controls", None)
    return replace(layout, columns=columns, reasons=reasons)


def _any_number(source: Source, at: int | None) -> bool:
    return at is not None and bool(pd.to_numeric(source.first(at), errors="coerce").gt(0).any())


def chromosomes_of_ssf(frame: pd.DataFrame, layout: Layout, tally: Tally) -> pd.DataFrame:
    """GWAS-SSF's number 25 as MT, which in PLINK's numbers is the pseudo-autosomal part of X."""
    if "pos" not in layout.columns or normalise(layout.named("pos")) not in _SSF_PLACES:
        return frame
    chrom = frame["chrom"] if "chrom" in frame else pd.Series(dtype="str")
    if not pd.Index(chrom.unique()).astype("str").isin([_SSF_MITOCHONDRION]).any():
        return frame
    words = chrom.astype("str")
    which = words == _SSF_MITOCHONDRION
    tally.note(frame, which, "chromosome 25 is MT in GWAS-SSF", action="changed")
    return frame.assign(chrom=words.mask(which, "MT").astype("category"))


def warn_if_crowded(tally: Tally, layout: Layout, kept: int, where: str) -> None:
    """Warn where many rows are of variants that have another effect in another row.

    Parameters
    ----------
    tally : Tally
        With what `drop_repeats` counted.
    layout : Layout
    kept : int
        Rows that are left.
    where : str
        What the warning calls the file.

    Warns
    -----
    SeqgenWarning
    """
    repeated = sum(row[3] for row in tally.rows if row[1] in (BEST_KEPT, CONTRADICTING))
    if repeated < _FEWEST or repeated <= _CROWDED * (repeated + kept):
        return
    columns = [name for name in layout.header if _OF_SEVERAL.fullmatch(normalise(name))]
    named = f" (column {columns[0]}?)" if columns else ""
    warnings.warn(
        f"{where}: {repeated:,} rows were dropped because their variant stands in other rows with "
        f"another effect, and {kept:,} are left: the file likely holds results of several traits "
        f"or genes{named}, and these are a mixture; give one trait's rows",
        SeqgenWarning,
        stacklevel=3,
    )
