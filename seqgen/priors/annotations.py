"""Annotations of variants as terms of the prior: any columns, BED intervals, missense scores."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.residues import loss_of_function

TERMS = ("missense", "log_lik_ratio")
#: With what gene models tell beyond these.
GENE_MODEL_TERMS = (*TERMS, "loss_of_function")
_MISSING = ("mean", "zero", "indicator", "error")
_RULES = ["term", "column", "kind", "centre", "scale", "low", "high", "fill"]
_UNSCALED = (0.0, 1.0, -np.inf, np.inf)
_LARGEST = 1e100
# Beyond any chromosome, and still counted exactly by a double.
_LONGEST = 2**40


def score_centre(variants: pd.DataFrame) -> float:
    """Mean log-likelihood ratio of the scored missense variants; 0 where there are none."""
    scored = variants.loc[variants["residue_change"].notna(), "log_lik_ratio"].dropna()
    return float(scored.mean()) if len(scored) else 0.0


def prior_annotations(
    variants: pd.DataFrame, *, centre: float | None = None, scores: Sequence[str] = ()
) -> pd.DataFrame:
    """The prior's terms for each variant: is it missense, and what the model thinks of it.

    The score is centred, so that the coefficient of ``missense`` is that of a missense variant
    of typical score, and that of ``log_lik_ratio`` what a score away from it adds.

    Parameters
    ----------
    variants : DataFrame
        Columns ``locus`` and ``residue_change`` (missing where the variant changes no
        residue) and ``log_lik_ratio`` (natural log, alternative over reference). With
        ``consequence`` (Sequence Ontology terms, as gene models tell) there is a third term.
    centre : float, optional
        Ratio that counts as typical; ``score_centre(variants)`` where left out.
    scores : sequence of str
        Columns of further scores, such as published ones, of any variants.

    Returns
    -------
    DataFrame
        ``locus``, ``missense`` (0 or 1) and ``log_lik_ratio`` minus the centre: 0 for variants
        that are not missense, and for missense variants without a score. Where there are
        consequences, ``loss_of_function``: 1 for a stop, start or splice site lost or gained and
        for a new reading frame. Each of ``scores`` minus its mean over the variants that have
        it, and 0 for those that do not.

    Raises
    ------
    InputError
        If one of ``scores`` is no column, or not numeric.
    """
    missense = variants["residue_change"].notna()
    centre = score_centre(variants) if centre is None else centre
    ratio = (variants["log_lik_ratio"] - centre).where(missense)
    terms = {
        "locus": variants["locus"],
        "missense": missense.astype(float),
        "log_lik_ratio": ratio.fillna(0.0),
    }
    if "consequence" in variants:
        terms["loss_of_function"] = loss_of_function(variants).astype(float)
    for name in scores:
        values = pd.Series(_numbers(variants, name), index=variants.index)
        terms[name] = (values - values.mean()).fillna(0.0)
    return pd.DataFrame(terms)


@dataclass(frozen=True)
class PriorTerms:
    """Annotations as terms of the prior, and the rules that made them.

    Attributes
    ----------
    annotations : DataFrame
        ``locus`` and one numeric column per term: what `fit_prior` and `prior_weights` take.
    rules : DataFrame
        One row per term: ``term``, ``column``, ``kind`` (binary, linear, bin, step, missing),
        ``centre``, ``scale``, ``low``, ``high`` and ``fill``; `apply_terms` repeats them.
    missing : DataFrame
        Per column, how many values were missing and what took their place.
    """

    annotations: pd.DataFrame
    rules: pd.DataFrame
    missing: pd.DataFrame

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the terms."""
        return tuple(self.rules["term"])

    @property
    def increasing(self) -> tuple[str, ...]:
        """Terms whose coefficient must not be negative for the response to be monotone."""
        return tuple(self.rules.loc[self.rules["kind"] == "step", "term"])

    @property
    def groups(self) -> dict[str, str]:
        """Column that each term was made of: its bins or steps matter together or not at all."""
        return dict(zip(self.rules["term"], self.rules["column"], strict=True))


def prior_terms(
    variants: pd.DataFrame,
    columns: Sequence[str],
    *,
    standardise: bool = True,
    binned: Mapping[str, int] | None = None,
    monotone: Mapping[str, int] | None = None,
    missing: str = "mean",
) -> PriorTerms:
    """Turn any annotation columns into terms of the prior.

    A column of zeros and ones (or of booleans) is binary and taken as it is; any other is
    continuous, centred, and by default divided by its standard deviation, so that a coefficient
    is that of one standard deviation. A missing binary value counts as 0.

    Parameters
    ----------
    variants : DataFrame
        Column ``locus`` and the annotations.
    columns : sequence of str
        Annotations to use.
    standardise : bool
        Divide continuous annotations by their standard deviation.
    binned : mapping, optional
        Number of quantile bins by column: one free coefficient for each bin but the lowest.
    monotone : mapping, optional
        Number of quantile bins by column, each with a step from the bin below; ask
        `fit_prior` for steps that are not negative by ``PriorOptions(increasing=)``. A score
        that falls with causality is turned round first.
    missing : {"mean", "zero", "indicator", "error"}
        What a missing continuous value becomes: the mean; zero on the column's own scale; the
        mean, with a further 0/1 term ``<column>_missing``; or an error. A missing value of a
        binned or monotone column is in the lowest bin.

    Returns
    -------
    PriorTerms

    Raises
    ------
    InputError
        A column is absent or named twice, not numeric, infinite or constant, or a rule is not
        known.

    Examples
    --------
    >>> import pandas as pd
    >>> variants = pd.DataFrame({"locus": "1:1-9", "coding": [1, 0, 0], "score": [2.0, 4.0, None]})
    >>> prior_terms(variants, ["coding", "score"]).annotations["score"].round(2).tolist()
    [-1.0, 1.0, 0.0]
    """
    if missing not in _MISSING:
        raise InputError(f"missing: found {missing!r}; expected one of {', '.join(_MISSING)}")
    columns = [columns] if isinstance(columns, str) else list(columns)
    if not columns:
        raise InputError("columns: found none; name the annotations to make terms of")
    shapes = {name: ("bin", n) for name, n in (binned or {}).items()}
    shapes |= {name: ("step", n) for name, n in (monotone or {}).items()}
    unused = [name for name in shapes if name not in columns]
    if unused or len(shapes) != len(binned or {}) + len(monotone or {}):
        raise InputError(
            f"binned, monotone: found {', '.join(shapes)}; expected names among columns "
            f"({', '.join(columns)}), each in one of the two"
        )
    rules: list[tuple[object, ...]] = []
    told = []
    for name in columns:
        values = _numbers(variants, name)
        gone = int(np.isnan(values).sum())
        if gone and missing == "error":
            raise InputError(
                f"column '{name}': {gone:,} of {len(values):,} values are missing; fill them or "
                "pass missing='mean', 'zero' or 'indicator'"
            )
        made = _rules(name, values, shapes.get(name), standardise=standardise, missing=missing)
        rules += made
        told.append((name, gone, made[0][-1]))
    table = pd.DataFrame(rules, columns=_RULES)
    if table["term"].duplicated().any():
        twice = table["term"][table["term"].duplicated()].iloc[0]
        raise InputError(f"columns: term '{twice}' would be made twice; name or rename it once")
    return PriorTerms(
        apply_terms(variants, table), table, pd.DataFrame(told, columns=["column", "n", "fill"])
    )


def apply_terms(variants: pd.DataFrame, rules: pd.DataFrame) -> pd.DataFrame:
    """Terms of other variants by the rules of `prior_terms`.

    Parameters
    ----------
    variants : DataFrame
        Column ``locus`` and the annotations.
    rules : DataFrame
        ``PriorTerms.rules``.

    Returns
    -------
    DataFrame
        ``locus`` and one column per term.

    Raises
    ------
    InputError
        A column is absent or not numeric, or the rules are not a table of `prior_terms`.

    Examples
    --------
    >>> import pandas as pd
    >>> variants = pd.DataFrame({"locus": "1:1-9", "score": [2.0, 4.0]})
    >>> rules = prior_terms(variants, ["score"]).rules
    >>> apply_terms(pd.DataFrame({"locus": "2:1-9", "score": [5.0]}), rules)["score"].tolist()
    [2.0]
    """
    unruly = [name for name in _RULES if name not in rules]
    if unruly:
        raise InputError(f"rules: no column {', '.join(unruly)}; expected those of prior_terms")
    if "locus" not in variants:
        raise InputError("variants: no column 'locus'; expected the locus of each variant")
    out = {"locus": variants["locus"]}
    for rule in cast("list[dict[str, Any]]", rules.to_dict("records")):
        values = _numbers(variants, str(rule["column"]))
        if rule["kind"] == "missing":
            term = np.isnan(values).astype(float)
        elif rule["kind"] in ("bin", "step"):
            term = ((values > rule["low"]) & (values <= rule["high"])).astype(float)
        else:
            filled = np.where(np.isnan(values), rule["fill"], values)
            term = (filled - rule["centre"]) / rule["scale"]
        out[str(rule["term"])] = pd.Series(term, index=variants.index)
    return pd.DataFrame(out)


def annotate_intervals(
    variants: pd.DataFrame, bed: Mapping[str, str | os.PathLike[str] | pd.DataFrame]
) -> pd.DataFrame:
    """Mark the variants that are inside the intervals of each BED file.

    Parameters
    ----------
    variants : DataFrame
        Columns ``chrom`` and ``pos`` (1-based).
    bed : mapping
        Name of the new column to a BED file (plain or gzipped), or to a table whose first
        three columns are chromosome, start (0-based) and end (not included). ``chr`` before a
        chromosome's name does not matter.

    Returns
    -------
    DataFrame
        One 0/1 column per BED file, with the index of ``variants``.

    Raises
    ------
    InputError
        A chromosome or position is missing, a file is no BED file, or an interval ends before it
        starts.

    Examples
    --------
    >>> import pandas as pd
    >>> variants = pd.DataFrame({"chrom": "22", "pos": [100, 101, 200, 201]})
    >>> bed = pd.DataFrame([["chr22", 100, 200]])
    >>> annotate_intervals(variants, {"enhancer": bed})["enhancer"].tolist()
    [0, 1, 1, 0]
    """
    absent = [name for name in ("chrom", "pos") if name not in variants]
    if absent:
        raise InputError(f"variants: no column {', '.join(absent)}; expected chrom and pos")
    if not isinstance(bed, Mapping):
        raise InputError("bed: expected a mapping of each new column's name to its BED file")
    position = _positions(variants)
    chrom = _bare(variants["chrom"])
    out = {name: _inside(chrom, position, _intervals(name, source)) for name, source in bed.items()}
    return pd.DataFrame(out, index=variants.index)


def _intervals(name: str, source: str | os.PathLike[str] | pd.DataFrame) -> pd.DataFrame:
    """Chromosome, start and end of each interval; an error names the first that is none."""
    if isinstance(source, pd.DataFrame):
        where, lines = f"bed '{name}', row", np.arange(len(source)) + 1
        table = source.iloc[:, :3].copy()
    else:
        where, (table, lines) = f"{source}, line", _read_bed(source)
    expected = "expected chromosome, start (0-based) and end (not included)"
    if table.shape[1] < 3 or table.empty:
        held = "no interval" if table.empty else f"{table.shape[1]} column(s)"
        raise InputError(f"{where.rpartition(',')[0]}: holds {held}; {expected}")
    table.columns = pd.Index(["chrom", "start", "end"])
    ends = table[["start", "end"]].apply(pd.to_numeric, errors="coerce")
    whole = ends.notna() & (ends % 1 == 0) & (ends >= 0) & (ends < _LONGEST)
    bad = ~whole.all(axis=1) | (ends["end"] < ends["start"])
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        found = " ".join(map(str, table.iloc[first]))
        raise InputError(f"{where} {lines[first]}: found '{found}'; {expected}")
    return ends.astype(np.int64).assign(chrom=_bare(table["chrom"]))


def _read_bed(path: str | os.PathLike[str]) -> tuple[pd.DataFrame, np.ndarray]:
    """First three fields of each line of a BED file but its headers, and numbers of the lines."""
    import gzip
    import zlib

    from seqgen.io.tables import existing_file

    place = existing_file(path)
    raw = place.read_bytes()
    try:
        text = (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode()
    except (EOFError, OSError, UnicodeDecodeError, zlib.error) as error:
        raise InputError(f"{path}: is no BED file, plain or gzipped ({error})") from error
    held = [
        (number, line.split(None, 3)[:3])
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip() and not line.startswith(("#", "track", "browser"))
    ]
    short = next((number for number, row in held if len(row) < 3), None)
    if short is not None:
        raise InputError(f"{path}, line {short}: is not BED; expected chromosome, start and end")
    table = pd.DataFrame([row for _, row in held], columns=["chrom", "start", "end"])
    return table, np.array([number for number, _ in held], dtype=np.int64)


def _positions(variants: pd.DataFrame) -> np.ndarray:
    """1-based positions; an error names the first row without one, or without a chromosome."""
    given = pd.to_numeric(variants["pos"], errors="coerce").astype("float64")
    bad = variants["chrom"].isna() | ~((given >= 1) & (given % 1 == 0) & (given < _LONGEST))
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise InputError(
            f"variants: row {row} is at chrom {variants['chrom'].iloc[row]}, pos "
            f"{variants['pos'].iloc[row]}; expected a chromosome and a whole number from 1"
        )
    return given.to_numpy().astype(np.int64)


def _inside(chrom: pd.Series, position: np.ndarray, intervals: pd.DataFrame) -> np.ndarray:
    """Whether any interval of the chromosome starts before the position and ends at or after it."""
    found = np.zeros(len(position), dtype=np.int64)
    for name, rows in intervals.sort_values("start").groupby("chrom"):
        here = (chrom == name).to_numpy()
        start = rows["start"].to_numpy()
        furthest = np.maximum.accumulate(rows["end"].to_numpy())
        last = np.searchsorted(start, position[here], side="left") - 1
        found[here] = (last >= 0) & (furthest[np.maximum(last, 0)] >= position[here])
    return found


def _bare(chrom: pd.Series) -> pd.Series:
    return chrom.astype(str).str.replace(r"^(?:chr|CHR|Chr)", "", regex=True)


def _numbers(variants: pd.DataFrame, name: str) -> np.ndarray:
    if name not in variants:
        raise InputError(
            f"variants: no column '{name}'; found {', '.join(map(str, variants.columns))}"
        )
    held = variants[name]
    if held.ndim != 1:
        raise InputError(f"variants: column '{name}' is there twice; expected each once")
    try:
        if held.dtype.kind in "cmM":
            raise TypeError(f"it holds {held.dtype}")
        values = held.to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"column '{name}' is not numeric ({error}); make a 0/1 column of each category"
        ) from error
    if (np.abs(values) > _LARGEST).any():
        raise InputError(
            f"column '{name}' has infinite values, or some beyond {_LARGEST:g}; expected numbers "
            "or missing"
        )
    return values


def _rules(
    name: str,
    values: np.ndarray,
    shape: tuple[str, int] | None,
    *,
    standardise: bool,
    missing: str,
) -> list[tuple[object, ...]]:
    known = values[~np.isnan(values)]
    if not len(known) or known.min() == known.max():
        raise InputError(
            f"column '{name}' is the same for all variants; a prior learns nothing from it"
        )
    if shape is not None:
        return _cut(name, known, shape)
    if np.isin(known, (0.0, 1.0)).all():
        return [(name, name, "binary", *_UNSCALED, 0.0)]
    centre, scale = float(known.mean()), float(known.std()) if standardise else 1.0
    fill = 0.0 if missing == "zero" else centre
    rules: list[tuple[object, ...]] = [(name, name, "linear", centre, scale, -np.inf, np.inf, fill)]
    if missing == "indicator" and len(known) < len(values):
        rules.append((f"{name}_missing", name, "missing", *_UNSCALED, 0.0))
    return rules


def _cut(name: str, known: np.ndarray, shape: tuple[str, int]) -> list[tuple[object, ...]]:
    """One indicator per bin above the lowest, or per cut that a value has passed."""
    kind, bins = shape
    if not isinstance(bins, int | np.integer | float) or not (
        2 <= bins <= 50 and bins == int(bins)
    ):
        raise InputError(f"bins of '{name}': found {bins}; expected a whole number, 2 to 50")
    edges = np.unique(np.quantile(known, np.arange(1, bins) / bins))
    edges = edges[edges < known.max()]
    if not len(edges):
        raise InputError(f"column '{name}': its quantiles coincide; expected more spread values")
    tops = np.append(edges[1:], np.inf) if kind == "bin" else np.full(len(edges), np.inf)
    return [
        (f"{name}>{low:.4g}", name, kind, 0.0, 1.0, low, high, np.nan)
        for low, high in zip(edges, tops, strict=True)
    ]
