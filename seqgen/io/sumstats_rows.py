"""Row by row: what makes a line of summary statistics usable, each fault under its name."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping

import numpy as np
import pandas as pd

from seqgen.errors import InputError, SeqgenWarning
from seqgen.io.alleles import as_column, paired, palindromic, trim
from seqgen.io.chromosomes import canonical_categories
from seqgen.io.ratios import as_floats
from seqgen.io.tally import Tally

LAST_POSITION = 300_000_000
LARGEST_N = 1e8
_MANY_ABOVE_ONE = 10
_NOISE = 1e-3
_BY_REGENIE = r"-WGR-.*$"  # of ADD-WGR-FIRTH, as --htp names its models
_STATISTICS = ("beta", "se", "z", "p", "neg_log10_p")


def places(frame: pd.DataFrame, wanted: str | None, tally: Tally) -> pd.DataFrame:
    """Chromosome and position, checked."""
    if "chrom" not in frame:
        frame = frame.assign(chrom=pd.Series(wanted, frame.index, dtype="str"))
    frame = tally.drop(frame, frame["chrom"].isna(), "chrom missing")
    chrom = canonical_categories(frame["chrom"])
    frame = tally.drop(frame, chrom.isna(), "chrom is not 1 to 22, X, Y or MT")
    frame = frame.assign(chrom=_left(chrom, frame))
    if wanted is not None:
        frame = tally.drop(frame, frame["chrom"] != wanted, f"not on chromosome {wanted}")
    pos = frame["pos"]
    frame = tally.drop(frame, pos.isna(), "pos missing")
    if not pd.api.types.is_numeric_dtype(pos):
        pos = frame["pos"].astype("str")
        grouped = pos.str.fullmatch(r"\s*\d{1,3}(,\d{3})+\s*").to_numpy()
        tally.note(frame, grouped, "pos written with thousands commas", action="changed")
        pos = pd.to_numeric(pos.where(~grouped, pos.str.replace(",", "")), errors="coerce")
    pos = _left(pos, frame)
    near = pos.round()
    noise = (pos != near) & ((pos - near).abs() < _NOISE)
    tally.note(frame, noise, "pos is next to a whole number: rounded", action="changed")
    pos = pos.where(~noise, near)
    good = (pos >= 1) & (pos <= LAST_POSITION) & (pos % 1 == 0)
    frame = tally.drop(frame, ~good, f"pos is not a whole number from 1 to {LAST_POSITION:,}")
    return frame.assign(pos=_left(pos, frame).astype("int64"))


def _left(values: pd.Series, frame: pd.DataFrame) -> pd.Series:
    """Those of the values whose rows are left in the frame."""
    return values if len(values) == len(frame) else values.loc[frame.index]


def alleles(frame: pd.DataFrame, tally: Tally) -> pd.DataFrame:
    """Alleles in upper case, of letters A, C, G and T only, and two different ones.

    They are categories, the same of both columns.
    """
    for name in ("effect_allele", "other_allele"):
        frame = tally.drop(frame, frame[name].isna(), f"{name} missing")
        if not isinstance(frame[name].dtype, pd.CategoricalDtype):
            frame = frame.assign(**{name: frame[name].astype("category")})
        codes = frame[name].cat.codes.to_numpy()
        letters = pd.Series(frame[name].cat.categories.astype("str")).str.strip().str.upper()
        good = letters.str.fullmatch("[ACGT]+").to_numpy(dtype=bool)
        places, found = pd.factorize(letters.where(good))
        values = pd.Categorical.from_codes(places[codes], pd.Index(found, dtype="str"))
        frame = tally.drop(frame, ~good[codes], f"{name} holds other letters than A, C, G, T")
        frame = frame.assign(**{name: values if good.all() else values[good[codes]]})
    words, effect, other = paired(frame["effect_allele"], frame["other_allele"])
    frame = frame.assign(
        effect_allele=as_column(words, effect, frame["effect_allele"]),
        other_allele=as_column(words, other, frame["other_allele"]),
    )
    frame = tally.drop(frame, effect == other, "the two alleles are the same")
    trimmed, which = trim(frame, "effect_allele", "other_allele")
    tally.note(frame, which, "bases that both alleles share taken off", action="changed")
    return trimmed


def numbers(frame: pd.DataFrame, route: tuple[str, ...], tally: Tally) -> pd.DataFrame:
    """Numeric columns as floats; rows dropped where the route needs what is missing."""
    strict = [name for name in route if name in ("beta", "se", "z")]
    side = ("eaf", "maf", "n", "n_cases", "n_controls", "n_effective")
    present = [x for x in (*_STATISTICS, *side) if x in frame]
    for name in present:
        if name in strict:
            frame = tally.drop(frame, frame[name].isna(), f"{name} missing")
        values = as_floats(frame[name])
        if name == "neg_log10_p" and np.isposinf(values).any():
            reason = "-log10 p is infinite (of a p of 0): taken as missing"
            tally.note(frame, np.isposinf(values), reason, action="changed")
            frame = frame.assign(neg_log10_p=values.where(~np.isposinf(values)))
            values = as_floats(frame[name])
        bad = ~np.isfinite(values) & frame[name].notna()
        if name in (*strict, "p", "neg_log10_p"):
            frame = tally.drop(frame, bad, f"{name} is not a number")
            values = values.loc[frame.index]
        else:
            tally.note(frame, bad, f"{name} is not a number: left missing", action="changed")
            values = values.where(np.isfinite(values))
        frame = frame.assign(**{name: values})
    return frame


def of_main_test(
    frame: pd.DataFrame, tally: Tally, *, decided: dict[str, bool], where: str
) -> pd.DataFrame:
    """Rows of the additive test; PLINK and REGENIE write one row for each test and covariate.

    Parameters
    ----------
    frame : DataFrame
    tally : Tally
    decided : dict of str to bool
        Takes under ``additive`` whether the file's first rows hold the additive test.
    where : str
        What messages call the file.

    Warns
    -----
    SeqgenWarning
        If all rows are of one other test, such as DOM.
    """
    if "test" not in frame:
        return frame
    coded = frame["test"].astype("category").cat
    kinds = [re.sub(_BY_REGENIE, "", str(name).upper()) for name in coded.categories]
    additive = np.array([*(kind == "ADD" for kind in kinds), False])[coded.codes.to_numpy()]
    if additive.any() and not decided.get("additive", True):
        raise InputError("column TEST: the first rows are of another test than ADD; keep ADD's")
    if additive.any() or decided.get("additive", False):
        decided["additive"] = True
        frame = tally.drop(frame, ~additive, "row is of another test than ADD")
        return frame.drop(columns="test")
    told = {kinds[code] for code in coded.codes.unique() if code >= 0}
    if len(told) > 1:
        found = ", ".join(sorted(told)[:8])
        raise InputError(f"column TEST: no row is ADD; found {found}; keep one test's rows")
    if told and "additive" not in decided:
        decided["additive"] = False
        warnings.warn(
            f"{where}: all rows are of test {told.pop()}, not ADD: their effects are not per "
            "copy of the effect allele, which LD and fine-mapping take them to be; use the "
            "additive test's results if there are any",
            SeqgenWarning,
            stacklevel=3,
        )
    tally.note(frame, frame["test"].notna(), "row is of another test than ADD", action="kept")
    return frame.drop(columns="test")


def well_imputed(frame: pd.DataFrame, min_info: float | None, tally: Tally) -> pd.DataFrame:
    """Rows whose imputation quality is at least ``min_info``; rows without one are kept."""
    if min_info is None or "info" not in frame:
        return frame
    info = as_floats(frame["info"])
    tally.note(frame, info.isna(), "imputation quality missing", action="kept")
    return tally.drop(frame, info < min_info, f"imputation quality is below {min_info:g}")


def sample_size(
    frame: pd.DataFrame, n: float | str | None, constants: Mapping[str, float], tally: Tally
) -> pd.DataFrame:
    """Fill ``n``: as given, the column, cases and controls, or what header or side-car tell."""
    every = np.ones(len(frame), dtype=bool)
    if isinstance(n, int | float):
        return frame.assign(n=float(n))
    for name in ("n_cases", "n_controls"):
        if name not in frame and name in constants:
            frame = frame.assign(**{name: constants[name]})
    both = {"n_cases", "n_controls"} <= set(frame)
    if n == "effective":
        return _effective(frame, tally, both=both)
    if "n" not in frame:
        if both:
            tally.note(frame, every, "n is cases plus controls", action="changed")
            frame = frame.assign(n=frame["n_cases"] + frame["n_controls"])
        elif "n_effective" in frame:
            tally.note(frame, every, "n is the effective sample size", action="changed")
            frame = frame.assign(n=frame["n_effective"])
        elif "n" in constants:
            tally.note(frame, every, "n from the side-car", action="changed")
            frame = frame.assign(n=constants["n"])
        else:
            return frame.assign(n=np.nan)
    return _plausible_n(frame, tally)


def _effective(frame: pd.DataFrame, tally: Tally, *, both: bool) -> pd.DataFrame:
    """``n`` as 4 / (1 / cases + 1 / controls), or the file's own effective sample size."""
    if both:
        values = 4.0 / (1.0 / frame["n_cases"] + 1.0 / frame["n_controls"])
        values = values.where((frame["n_cases"] > 0) & (frame["n_controls"] > 0))
        reason = "n is 4 / (1 / cases + 1 / controls)"
    elif "n_effective" in frame:
        values, reason = frame["n_effective"], "n is the effective sample size"
    else:
        raise InputError(
            "n='effective' needs the numbers of cases and controls; name their columns, as "
            "columns={'n_cases': 'YOUR_COLUMN', 'n_controls': 'YOUR_COLUMN'}, or give a number"
        )
    tally.note(frame, np.ones(len(frame), dtype=bool), reason, action="changed")
    return _plausible_n(frame.assign(n=values), tally)


def _plausible_n(frame: pd.DataFrame, tally: Tally) -> pd.DataFrame:
    bad = (frame["n"] < 1) | (frame["n"] > LARGEST_N)
    tally.note(frame, bad, "n is no sample size: left missing", action="changed")
    n = frame["n"].where(~bad)
    broken = n.notna() & (n % 1 != 0)
    tally.note(frame, broken, "n rounded to a whole number", action="changed")
    return frame.assign(n=n.round() if broken.any() else n)


def plausible(frame: pd.DataFrame, tally: Tally) -> pd.DataFrame:
    """Rows whose se, p and frequency lie where such numbers lie."""
    if "se" in frame:
        frame = tally.drop(frame, frame["se"] <= 0, "se is not above 0")
    if "p" in frame:
        _refuse_neg_log10(frame["p"])
        _refuse_logarithm(frame["p"])
        frame = tally.drop(frame, (frame["p"] < 0) | (frame["p"] > 1), "p is outside 0 to 1")
    if "neg_log10_p" in frame:
        negative = frame["neg_log10_p"] < 0
        if len(frame) and negative.mean() > 0.5:
            raise InputError(
                "the column of -log10 p is negative in most rows: it is log10 p; change its "
                "sign, or give p"
            )
        frame = tally.drop(frame, negative, "-log10 p is below 0")
    if "eaf" not in frame:
        return frame.assign(eaf=np.nan)
    bad = (frame["eaf"] < 0) | (frame["eaf"] > 1)
    tally.note(frame, bad, "eaf is outside 0 to 1: left missing", action="changed")
    return frame.assign(eaf=frame["eaf"].where(~bad))


def _refuse_neg_log10(p: pd.Series) -> None:
    above = int((p > 1).sum())
    if above >= _MANY_ABOVE_ONE and above > 0.05 * len(p):
        raise InputError(
            f"the column of p holds {above:,} values above 1 among {len(p):,} (largest "
            f"{p.max():g}): it is likely -log10 p; name it so, as "
            f"columns={{'neg_log10_p': 'YOUR_COLUMN'}}"
        )


def _refuse_logarithm(p: pd.Series) -> None:
    negative = int((p < 0).sum())
    if negative >= _MANY_ABOVE_ONE and negative > 0.5 * len(p):
        raise InputError(
            f"the column of p is below 0 in {negative:,} of {len(p):,} rows (smallest {p.min():g}):"
            " it is likely ln p or log10 p; give -log10 p, named as "
            "columns={'neg_log10_p': 'YOUR_COLUMN'}: log10 p times -1, or ln p times -0.43429448"
        )


def remark_on_alleles(frame: pd.DataFrame, tally: Tally) -> None:
    """Count variants whose strand or chromosome later steps have to know about."""
    tally.note(
        frame,
        palindromic(frame["effect_allele"], frame["other_allele"]),
        "alleles read the same from both strands (A/T, C/G): a panel's frequency decides later",
        action="kept",
    )
    tally.note(
        frame,
        frame["chrom"].isin(["X", "Y", "MT"]),
        "chromosome X, Y or MT: LD panels of autosomes do not hold it",
        action="kept",
    )
