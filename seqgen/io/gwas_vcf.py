"""GWAS-VCF: summary statistics in the sample column of a VCF."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.io.columns import normalise
from seqgen.io.delimited import MISSING, TextLayout, read_columns

FIELDS = {
    "ES": "beta",
    "SE": "se",
    "LP": "neg_log10_p",
    "AF": "eaf",
    "SS": "n",
    "NC": "n_cases",
    "EZ": "z",
    "SI": "info",
    "ID": "name",
}
"""Field of FORMAT to standard column."""

_FIXED = ("CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT")
_PLACES = {0: "chrom", 1: "pos", 2: "rsid", 3: "other_allele", 4: "effect_allele"}
_SHARED = ("n", "n_cases", "info", "name")
_TOLD = re.compile(r"(TotalCases|TotalControls)=(\d+)")


def is_gwas_vcf(header: Sequence[str]) -> bool:
    """Whether a header line is that of a VCF with sample columns."""
    return tuple(normalise(name) for name in header[:9]) == _FIXED and len(header) > 9


def read_gwas_vcf(text: TextLayout, trait: str | None) -> pd.DataFrame:
    """The statistics as standard columns of text; ALT is the effect allele.

    Parameters
    ----------
    text : TextLayout
        Of the file.
    trait : str, optional
        Name of the sample column, where there are several.

    Raises
    ------
    InputError
        If there are several sample columns and none is named, or FORMAT lacks ES and EZ.

    References
    ----------
    Lyon MS et al. The variant call format provides efficient and robust storage of GWAS
    summary statistics. Genome Biology 22, 32 (2021).
    """
    at = _sample(text, trait)
    read = read_columns(text, [0, 1, 2, 3, 4, 8, at], (0, 3, 4, 8), text=[1, 2, at])
    frame = read.rename(columns=_PLACES)
    values = _fields(read[8], read[at], text)
    whole = _one_per_allele(pd.concat([frame[list(_PLACES.values())], values], axis=1))
    if "name" not in whole:
        return whole
    name = whole["rsid"].mask(whole["rsid"].isin(MISSING))
    return whole.assign(rsid=name.fillna(whole["name"])).drop(columns="name")


def _one_per_allele(frame: pd.DataFrame) -> pd.DataFrame:
    """A row for each ALT allele of lines that have several; values go with their alleles."""
    alleles = frame["effect_allele"].astype("str")
    several = alleles.str.contains(",", regex=False, na=False)
    if not several.any():
        return frame
    count = alleles.str.count(",").where(several, 0).fillna(0).astype("int64").to_numpy() + 1
    rows = np.repeat(np.arange(len(frame)), count)
    at = np.arange(len(rows)) - np.repeat(np.cumsum(count) - count, count)
    out = frame.iloc[rows].reset_index(drop=True).assign(effect_allele=alleles.to_numpy()[rows])
    split = np.flatnonzero(count[rows] > 1)
    fields = [name for name in frame if name not in _PLACES.values()]
    for name in ["effect_allele", *fields]:
        words = out[name].astype("object").copy()
        words.iloc[split] = _of_allele(
            words.iloc[split], at[split], count[rows][split], shared=name in _SHARED
        )
        out[name] = words.astype("str").where(words.notna())
    return out.mask(out.isin(MISSING), None)


def _of_allele(words: pd.Series, at: np.ndarray, count: np.ndarray, *, shared: bool) -> pd.Series:
    """Of each cell the value of one allele, missing where it has not one for each of them."""
    parts = words.str.split(",", expand=True).astype("object")
    held = parts.notna().sum(axis=1).to_numpy()
    places = np.minimum(at, parts.shape[1] - 1)
    chosen = pd.Series(parts.to_numpy()[np.arange(len(parts)), places], words.index)
    one_for_all = (held == 1) & shared
    return chosen.where(~one_for_all, parts[0]).where(one_for_all | (held == count), None)


def _sample(text: TextLayout, trait: str | None) -> int:
    samples = list(text.header[9:])
    if trait is not None and trait not in samples:
        raise InputError(f"{text.path}: no trait '{trait}'; found {', '.join(samples)}")
    if trait is None and len(samples) > 1:
        raise InputError(
            f"{text.path}: holds {len(samples)} traits: {', '.join(samples[:10])}; say which, as "
            f"trait='{samples[0]}'"
        )
    return 9 + samples.index(trait) if trait else 9


def _fields(formats: pd.Series, cells: pd.Series, text: TextLayout) -> pd.DataFrame:
    """The sample's fields as columns; rows whose FORMAT is alike are taken together."""
    parts = []
    for kind, rows in cells.groupby(formats, observed=True):
        names = str(kind).split(":")
        split = rows.str.split(":", expand=True)
        split = split.reindex(columns=range(len(names)))
        split.columns = pd.Index([FIELDS.get(name, "") for name in names])
        parts.append(split.loc[:, [name for name in split.columns if name]])
    values = pd.concat(parts) if parts else pd.DataFrame(columns=["beta"])
    if not {"beta", "z"} & set(values.columns):
        raise InputError(
            f"{text.path}: is a VCF whose FORMAT holds neither ES nor EZ, the effect and z of a "
            "GWAS-VCF; expected summary statistics, found genotypes?"
        )
    values = values.reindex(cells.index)
    return values.mask(values.isin(["", ".", "NA", "NaN", "nan"]), None)


def sample_sizes(preamble: Sequence[str], sample: str) -> dict[str, float]:
    """Cases and controls that the ``##SAMPLE`` line of a sample tells."""
    found = {}
    lines = [line for line in preamble if line.startswith("##SAMPLE")]
    for line in lines:
        if len(lines) == 1 or re.search(rf"[<,]ID={re.escape(sample)}[,>]", line):
            for name, count in _TOLD.findall(line):
                key = "n_cases" if name == "TotalCases" else "n_controls"
                found[key] = float(count)
    return {name: count for name, count in found.items() if np.isfinite(count) and count > 0}
