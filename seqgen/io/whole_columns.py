"""What only whole columns tell: the genome build, and whether se goes with eaf and n."""

from __future__ import annotations

import warnings
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from seqgen.errors import SeqgenWarning
from seqgen.io.columns import Layout, normalise
from seqgen.io.genome_build import Places, settled_build

_SAMPLED = 5_000
_FEWEST = 200
_FEWEST_SIGNS = 20
_BY_P = (("beta", "p"), ("beta", "neg_log10_p"))
_AUTOSOMES = frozenset(str(number) for number in range(1, 23))
_RARE = 0.01
_LEAST_RANGE = np.log(2.0)  # of 2f(1-f), between the 5th and the 95th percentile
_DIGITS = 2
_CLEAR = 0.7
_FLAT = 0.02
_ABSENT = 0.3
_LEAST_RANGE_N = np.log(1.5)
_ABSENT_N = 0.1
_TOO_MANY = 1.3
_SIGNS = ("DIRECTION", "DIR", "SIGN", "EFFECTDIRECTION", "DIRECTIONOFEFFECT", "BETASIGN")
_COLUMNS = ["chrom", "eaf", "beta", "se", "n"]


class Context(NamedTuple):
    """What of a file bears on how its columns go together.

    Attributes
    ----------
    route : tuple of str
        Columns that the effect is taken from.
    given : collection of str
        Standard names of the file's columns.
    by_tool : bool
        Whether the columns are those of a known tool, whose frequency is that of its allele.
    sign : str or None
        A column that may hold the signs of the effects.
    """

    route: tuple[str, ...]
    given: Collection[str]
    by_tool: bool
    sign: str | None = None


def context_of(layout: Layout, route: tuple[str, ...], *, by_tool: bool) -> Context:
    """What of a file's columns, as they are understood, bears on how they go together."""
    sign = next((name for name in layout.header if normalise(name) in _SIGNS), None)
    return Context(route, set(layout.columns), by_tool or layout.dialect is not None, sign)


@dataclass
class Census:
    """Rows of a file as they pass by, for what only whole columns tell.

    Attributes
    ----------
    places : Places
        Of every block.
    samples : list of DataFrame
        Up to 10,000 evenly spaced rows of every block.
    told : (str, str) or None
        Genome build that the file names, and what of it does.
    stated : str or None
        Genome build that the caller named.
    """

    told: tuple[str, str] | None = None
    stated: str | None = None
    places: Places = field(default_factory=Places)
    samples: list[pd.DataFrame] = field(default_factory=list, repr=False)

    def look(self, frame: pd.DataFrame, where: str) -> None:
        """Take in a block of finished rows; an error if its build is another than was stated."""
        self.places.look(frame)
        rows = frame.iloc[:: max(1, len(frame) // _SAMPLED)][_COLUMNS]
        # a view, of the index too, would keep the whole block in memory
        self.samples.append(rows.reset_index(drop=True).copy())
        self.build(where)

    def build(self, where: str) -> tuple[str | None, str]:
        """The genome build and why, as `settled_build` has it."""
        return settled_build(self.stated, self.told, self.places, where=where)

    def warn(self, context: Context, where: str) -> None:
        """Warn of what does not go together, once all rows were seen.

        Warns
        -----
        SeqgenWarning
        """
        rows = pd.concat(self.samples, ignore_index=True) if self.samples else pd.DataFrame()
        remarks = self._of_places()
        if len(rows) >= _FEWEST:
            remarks += disagreements(rows, context)
        elif len(rows) >= _FEWEST_SIGNS and context.route in (("beta", "z"), *_BY_P):
            remarks += _ratios(rows, context)
        for remark in remarks:
            warnings.warn(f"{where}: {remark}", SeqgenWarning, stacklevel=3)

    def _of_places(self) -> list[str]:
        places, remarks = self.places, []
        if places.mixed:
            counts = " and ".join(f"{count:,} of {name}" for name, count in places.named.items())
            remarks.append(
                f"known variants lie at places of two genome builds, {counts}: rows of both are "
                f"mixed; take the file from before it was lifted over"
            )
        elif self.told and places.build not in (None, self.told[0]):
            remarks.append(
                f"{self.told[1]} says {self.told[0]}, but the positions are of {places.build}: "
                f"{places.why()}; taken to be {places.build}"
            )
        if places.nonsense:
            remarks.append(
                f"{places.outside:,} of {places.seen:,} rows looked at lie beyond the end of their "
                f"chromosome in GRCh37 and in GRCh38: check which columns chrom and pos are"
            )
        return remarks


def disagreements(rows: pd.DataFrame, context: Context) -> list[str]:
    """What about se, eaf, n and beta cannot be right, each with its likely cause.

    A standard error is close to ``c / sqrt(2 f (1 - f) n)`` with one c for all variants: the
    trait's standard deviation, or for log odds ratios ``1 / sqrt(v (1 - v))`` with v the share of
    cases, which is 2 or more.

    Parameters
    ----------
    rows : DataFrame
        ``chrom``, ``eaf``, ``beta``, ``se``, ``n``; a few thousand rows do.
    context : Context

    Returns
    -------
    list of str

    References
    ----------
    Zhu Z et al. Integration of summary data from GWAS and eQTL studies predicts complex trait
    gene targets. Nature Genetics 48, 481-487 (2016).
    """
    found = _minor_only(rows["eaf"].dropna(), context)
    if "beta" in context.route:
        found += _ratios(rows, context)
    if context.route != ("beta", "se"):
        return found
    usable = rows["chrom"].isin(_AUTOSOMES) & rows["eaf"].between(_RARE, 1 - _RARE)
    rows = rows[usable]
    wide = _range(np.log(rows["n"].to_numpy())) if rows["n"].notna().all() else 0.0
    if len(rows) < _FEWEST or _rounded(rows["se"].to_numpy()):
        return found
    eaf = rows["eaf"].to_numpy()
    spread, error = np.log(2 * eaf * (1 - eaf)), np.log(rows["se"].to_numpy())
    size = np.log(rows["n"].to_numpy()) if wide > 0 else None
    per_person = error if size is None else error + 0.5 * size
    told = _frequency(per_person, spread, context, n_known=bool(rows["n"].notna().all()))
    if not told and size is not None and wide > _LEAST_RANGE_N:
        told = _sample_size(error + 0.5 * spread, size)
    if not told and "odds_ratio" in context.given and "beta" not in context.given:
        told = _too_small_n(rows)
    return found + told


def _minor_only(eaf: pd.Series, context: Context) -> list[str]:
    if context.by_tool or "eaf" not in context.given or len(eaf) < _FEWEST or eaf.max() > 0.5:
        return []
    return [
        f"eaf is nowhere above 0.5 in {len(eaf):,} rows: it is likely the minor allele's frequency "
        f"and not the effect allele's, unless the effect allele is the minor one throughout; "
        f"compare it with a panel, or if it is a minor allele's do not use it"
    ]


def _ratios(rows: pd.DataFrame, context: Context) -> list[str]:
    """Whether beta lacks its sign, or is a ratio and there is no p to tell."""
    beta = rows["beta"]
    if "beta" not in context.given or beta.min() < 0:
        return []
    if context.sign is not None:
        return [
            f"beta is nowhere below 0 in {len(beta):,} rows, and there is a column {context.sign}: "
            f"if that holds the sign of the effect, beta is its size only; give beta its sign"
        ]
    if (
        beta.min() <= 0
        or (context.route == ("beta", "se") and {"p", "neg_log10_p"} & set(context.given))
        or not 0.8 < beta.median() < 1.25
    ):
        return []
    return [
        f"beta is above 0 in all of {len(beta):,} rows and lies around {beta.median():.2f}: it is "
        f"likely an odds ratio; name it so, as columns={{'odds_ratio': 'YOUR_COLUMN'}}"
    ]


def _frequency(
    error: np.ndarray, spread: np.ndarray, context: Context, *, n_known: bool
) -> list[str]:
    """Whether log se goes down with log 2f(1-f), half as steeply."""
    if _range(spread) < _LEAST_RANGE:
        return []
    if _range(error) < _FLAT:
        return [
            "se is the same at all allele frequencies: beta and se are likely per standard "
            "deviation of the genotype and not per allele; divide both by sqrt(2 eaf (1 - eaf))"
        ]
    together = float(spearmanr(error, spread)[0])
    slope = _slope(error, spread)
    likely = "columns={'se': 'YOUR_COLUMN'} if there is another column of them"
    if {"p", "neg_log10_p"} & set(context.given):
        pass  # beta, se and p were compared: an se of another kind is told there
    elif n_known and together < -_CLEAR and -1.2 < slope < -0.8:
        return [f"se falls twice as fast as it should with 2 eaf (1 - eaf): it is likely a "
                f"variance; take its square root, or name {likely}"]  # fmt: skip
    elif together > _CLEAR and 0.35 < slope < 0.65:
        return [f"se rises with 2 eaf (1 - eaf): it is likely a precision (1/se); name {likely}"]
    if together > -_ABSENT:
        return [
            f"se does not fall with 2 eaf (1 - eaf) as it must (rank correlation {together:.2f}, "
            f"expected near -1): eaf or se is likely of other rows or of another column; check "
            f"which columns they are, and that none was sorted by itself"
        ]
    return []


def _sample_size(error: np.ndarray, size: np.ndarray) -> list[str]:
    """Whether log se, freed of frequency, goes down with log n."""
    together = float(spearmanr(error, size)[0])
    if together < -_ABSENT_N or _slope(error, size) < -_ABSENT_N:
        return []
    low, high = np.exp(np.quantile(size, [0.05, 0.95]))
    return [
        f"n goes from {low:,.0f} to {high:,.0f}, and se does not get smaller with it (rank "
        f"correlation {together:.2f}): n is likely of other rows, or of cases or controls alone"
    ]


def _too_small_n(rows: pd.DataFrame) -> list[str]:
    """Whether se of log odds ratios is smaller than n people allow, half of them cases."""
    needed = 4.0 / (2 * rows["eaf"] * (1 - rows["eaf"]) * rows["se"] ** 2)
    n = rows["n"]
    if n.isna().any() or not (needed / n).median() > _TOO_MANY:
        return []
    return [
        f"se of the log odds ratios is that of at least {needed.median():,.0f} people, but n is "
        f"{n.median():,.0f}: n is likely of the cases alone, or se of another scale; give n=..., "
        f"or the columns of cases and controls"
    ]


def _rounded(values: np.ndarray) -> bool:
    """Whether no number has more than two digits, too few to tell one frequency from another."""
    digits = 10.0 ** (np.floor(np.log10(values)) - _DIGITS + 1)
    return bool(np.allclose(values / digits, np.round(values / digits), atol=1e-6))


def _range(values: np.ndarray) -> float:
    """From the 5th to the 95th percentile; 0 of nothing."""
    return float(np.diff(np.quantile(values, [0.05, 0.95]))[0]) if len(values) else 0.0


def _slope(y: np.ndarray, x: np.ndarray) -> float:
    """From the medians of the lower and the upper third, whatever outliers there are."""
    low, high = np.quantile(x, [1 / 3, 2 / 3])
    down, up = x <= low, x >= high
    run = np.median(x[up]) - np.median(x[down])
    return float((np.median(y[up]) - np.median(y[down])) / run) if run > 0 else 0.0
