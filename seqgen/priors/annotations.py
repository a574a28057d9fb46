"""Annotations of variants as terms of the prior: any columns, BED intervals, missense scores."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd

from seqgen.errors import InputError

TERMS = ("missense", "log_lik_ratio")
_MISSING = ("mean", "zero", "indicator", "error")
_RULES = ["term", "column", "kind", "centre", "scale", "low", "high", "fill"]
_UNSCALED = (0.0, 1.0, -np.inf, np.inf)


def score_centre(variants: pd.DataFrame) -> float:
    """Mean log-likelihood ratio of the scored missense variants; 0 where there are none."""
    scored = variants.loc[variants["residue_change"].notna(), "log_lik_ratio"].dropna()
    return float(scored.mean()) if len(scored) else 0.0


def prior_annotations(variants: pd.DataFrame, *, centre: float | None = None) -> pd.DataFrame:
    """The prior's terms for each variant: is it missense, and what the model thinks of it.

    The score is centred, so that the coefficient of ``missense`` is that of a missense variant
    of typical score, and that of ``log_lik_ratio`` what a score away from it adds.

    Parameters
    ----------
    variants : DataFrame
        Columns ``locus`` and ``residue_change`` (missing where the variant changes no
        residue) and ``log_lik_ratio`` (natural log, alternative over reference).
    centre : float, optional
        Ratio that counts as typical; ``score_centre(variants)`` where left out.

    Returns
    -------
    DataFrame
        ``locus``, ``missense`` (0 or 1) and ``log_lik_ratio`` minus the centre: 0 for variants
        that are not missense, and for missense variants without a score.
    """
    missense = variants["residue_change"].notna()
    centre = score_centre(variants) if centre is None else centre
    ratio = (variants["log_lik_ratio"] - centre).where(missense)
    return pd.DataFrame(
        {
            "locus": variants["locus"],
            "missense": missense.astype(float),
            "log_lik_ratio": ratio.fillna(0.0),
        }
    )


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
        A column is absent, not numeric, infinite or constant, or a rule is not known.

    Examples
    --------
    >>> import pandas as pd
    >>> variants = pd.DataFrame({"locus": "1:1-9", "coding": [1, 0, 0], "score": [2.0, 4.0, None]})
    >>> prior_terms(variants, ["coding", "score"]).annotations["score"].round(2).tolist()
    [-1.0, 1.0, 0.0]
    """
    if missing not in _MISSING:
        raise InputError(f"missing: found {missing!r}; expected one of {', '.join(_MISSING)}")
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
        A column is absent or not numeric.
    """
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
        A file holds no interval, or an interval ends before it starts.

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
    chrom = _bare(variants["chrom"])
    position = variants["pos"].to_numpy(dtype=np.int64)
    out = {name: _inside(chrom, position, _intervals(name, source)) for name, source in bed.items()}
    return pd.DataFrame(out, index=variants.index)


def _intervals(name: str, source: str | os.PathLike[str] | pd.DataFrame) -> pd.DataFrame:
    table = source.iloc[:, :3].copy() if isinstance(source, pd.DataFrame) else _read_bed(source)
    table.columns = pd.Index(["chrom", "start", "end"])
    try:
        table = table.astype({"start": np.int64, "end": np.int64})
    except (TypeError, ValueError) as error:
        raise InputError(f"bed '{name}': start or end is not a whole number: {error}") from error
    if table.empty or (table["end"] < table["start"]).any():
        raise InputError(
            f"bed '{name}': {'no interval' if table.empty else 'an interval ends before it starts'}"
            "; expected chromosome, start (0-based) and end"
        )
    return table.assign(chrom=_bare(table["chrom"]))


def _read_bed(path: str | os.PathLike[str]) -> pd.DataFrame:
    """First three columns of a BED file, without its header lines."""
    import gzip

    from seqgen.io.tables import existing_file

    place = existing_file(path)
    raw = place.read_bytes()
    text = (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode()
    rows = [
        line.split(None, 3)[:3]
        for line in text.splitlines()
        if line.strip() and not line.startswith(("#", "track", "browser"))
    ]
    if any(len(row) < 3 for row in rows):
        raise InputError(f"{path}: is not BED; expected chromosome, start and end in each line")
    return pd.DataFrame(rows, columns=["chrom", "start", "end"])


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
    try:
        values = variants[name].to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"column '{name}' is not numeric ({error}); make a 0/1 column of each category"
        ) from error
    if np.isinf(values).any():
        raise InputError(f"column '{name}' has infinite values; expected numbers or missing")
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
    if not 2 <= bins <= 50:
        raise InputError(f"bins of '{name}': found {bins}; expected 2 to 50")
    edges = np.unique(np.quantile(known, np.arange(1, bins) / bins))
    edges = edges[edges < known.max()]
    if not len(edges):
        raise InputError(f"column '{name}': its quantiles coincide; expected more spread values")
    tops = np.append(edges[1:], np.inf) if kind == "bin" else np.full(len(edges), np.inf)
    return [
        (f"{name}>{low:.4g}", name, kind, 0.0, 1.0, low, high, np.nan)
        for low, high in zip(edges, tops, strict=True)
    ]
