"""What a scan found, and what its calibration and control mean, in plain words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seqgen.plots.calibration import chance_band
from seqgen.report import numbers
from seqgen.stats import inflation_error

if TYPE_CHECKING:
    import pandas as pd

    from seqgen.report.scan_tables import GxGTables, TransTables

_FINE, _SLIGHT, _LOW = 1.05, 1.1, 0.95
_BULK, _BULK_EXCESS = 0.05, 1.05
_MEASURABLE = 0.01
_ENOUGH = 5.0
_BH = "Benjamini-Hochberg"


@dataclass(frozen=True)
class Told:
    """A sentence or two, and whether they are a warning."""

    heading: str
    text: str
    grave: bool = False


@dataclass(frozen=True)
class Counts:
    """Discoveries: without weights, with them, gained and lost by them, either way."""

    without: int
    weighted: int
    gained: int
    lost: int

    @property
    def either(self) -> int:
        """Tests found without weights or with them."""
        return self.without + self.gained

    @classmethod
    def of(cls, decision: pd.Series) -> Counts:
        """Counted from the decisions."""
        seen = {name: int((decision == name).sum()) for name in ("both", "gained", "lost")}
        return cls(
            without=seen["both"] + seen["lost"], weighted=seen["both"] + seen["gained"],
            gained=seen["gained"], lost=seen["lost"],
        )  # fmt: skip


def percent(alpha: float) -> str:
    """A level as a percentage."""
    return f"{100 * alpha:.3g}%"


# --- what was found -------------------------------------------------------------------------


def found_sentences(
    table: pd.DataFrame, tables: GxGTables | TransTables, *, of: str, thing: str
) -> str:
    """How many tests, what was found without and with weights, and what shuffled weights find.

    Parameters
    ----------
    table : DataFrame
        Pairs or hits.
    tables : GxGTables or TransTables
    of : str
        What is tested, such as "a pair of variants".
    thing : str
        What one discovery is called.

    Returns
    -------
    str
    """
    counts = Counts.of(table["decision"])
    listed = int(table["listed"].sum())
    text = f"{numbers.plural(tables.n_tests, 'test')} of {of} "
    text += "was run" if tables.n_tests == 1 else "were run"
    text += "; " + _listed(listed, tables.n_tests)
    rate = f"At a false discovery rate of {percent(tables.alpha)}"
    if not weighted(tables.control):
        if not counts.either:
            return f"{text}{rate}, nothing was found. {_strongest(table)}"
        are = "is" if counts.without == 1 else "are"
        return f"{text}{rate}, {numbers.plural(counts.without, thing)} {are} found."
    if not counts.either:
        return f"{text}{rate}, nothing was found, without weights or with them. {_strongest(table)}"
    text += (
        f"{rate}, {numbers.plural(counts.without, thing)} "
        f"{'is' if counts.without == 1 else 'are'} found without weights and "
        f"{numbers.count(counts.weighted)} with weights made of the evidence: "
        f"{numbers.count(counts.gained)} gained, {numbers.count(counts.lost)} lost. "
    )
    return text + control_verdict(tables.control)


def weighted(control: pd.DataFrame) -> bool:
    """Whether tests were weighed at all."""
    return bool((control["weights"] == "evidence").any())


def _listed(listed: int, n_tests: int) -> str:
    if not listed:
        return "no evidence was given, so that all weigh the same. "
    if listed == n_tests:
        return (
            "all of them are in the evidence table. "
            if listed > 1
            else "it is in the evidence table. "
        )
    return (
        f"{numbers.count(listed)} of them {'is' if listed == 1 else 'are'} in the evidence table. "
    )


def _strongest(table: pd.DataFrame) -> str:
    """The smallest p value, and how surprising it is among all tests."""
    if table.empty:
        return "No test is small enough to be in the table."
    best = table.iloc[int(table["neg_log10_p"].to_numpy().argmax())]
    return (
        f"The smallest p value is {numbers.p_value(best['neg_log10_p'])}; among so many tests one "
        f"as small is found by chance with probability {best['p_bonferroni']:.2g} at most. That "
        "nothing was found does not show that there is nothing to find."
    )


def control_verdict(control: pd.DataFrame) -> str:
    """Whether the evidence finds more than the same weights shuffled, in a sentence."""
    rows = control[control["procedure"] == _BH].set_index("weights")
    if not {"none", "evidence", "shuffled"} <= set(rows.index):
        if "evidence" not in rows.index:
            return "No evidence was given, so that there are no weights to shuffle."
        return (
            "Weights were not shuffled (all tests weigh the same, or no shuffles were asked for), "
            "so that a gain cannot be told from chance."
        )
    shuffled, evidence = rows.loc["shuffled"], rows.loc["evidence", "discoveries"]
    text = (
        f"The same weights shuffled over all tests find {shuffled['discoveries']:,.1f} "
        f"on average ({numbers.count(shuffled['low'])} to {numbers.count(shuffled['high'])}): "
    )
    alike = {evidence, rows.loc["none", "discoveries"], shuffled["low"], shuffled["high"]}
    if len(alike) == 1:
        return text + "weights, of whatever evidence, make no difference here."
    if evidence > shuffled["high"]:
        return text + "the evidence finds more than any of its shuffles."
    if evidence < shuffled["low"]:
        return text + "the evidence finds fewer than any of its shuffles, so it misleads here."
    return text + "the evidence does no better than chance could."


def control_sentences(control: pd.DataFrame) -> list[str]:
    """How to read the control, and what it says here."""
    if control.empty or not weighted(control):
        return [control_verdict(control)]
    text = [
        "Shuffling gives the same weights to other tests, any of those that were run. What "
        "shuffled weights change comes from spreading weight unevenly; only what the evidence "
        "finds beyond its shuffles speaks for the evidence. "
        "Procedures with weights that average one keep their error rate even where the evidence "
        "is worthless; it then costs discoveries."
    ]
    return [*text, control_verdict(control)]


# --- calibration ----------------------------------------------------------------------------


def inflation_told(inflation: float, n_tests: int) -> Told:
    """The genomic inflation in words: what is fine and what is not, for so many tests."""
    if not math.isfinite(inflation):
        return Told("Inflation unknown", "The median test was not given; look at the counts below.")
    heading = f"Inflation {inflation:.3f}"
    error = inflation_error(n_tests)
    if error > _MEASURABLE and abs(inflation - 1) <= 2 * error:
        return Told(
            heading + ": within chance",
            f"{numbers.plural(n_tests, 'test')} tell the inflation of the median to about "
            f"{2 * error:.2f} either way, so that this is no news.",
        )
    if inflation > _SLIGHT:
        return Told(
            heading + ": too high",
            "The median test is clearly larger than without any effect, which a few true effects "
            "do not do. Population structure, relatedness, batches, or a trait whose variance "
            "differs between genotypes would. Do not take these p values, nor the discoveries, "
            "at face value before the cause is found.", True,
        )  # fmt: skip
    if inflation > _FINE:
        return Told(
            heading + ": a little high",
            "The median test is somewhat larger than without any effect. Discoveries far beyond "
            "the threshold are hardly touched by it; those close to it are doubtful.",
        )
    if inflation < _LOW:
        return Told(
            heading + ": low",
            "The median test is smaller than without any effect: tests with few carriers or "
            "too many covariates are conservative. It costs discoveries rather than "
            "making false ones.",
        )
    return Told(
        heading + ": fine",
        "The median test is as large as without any effect (1; from 0.95 to 1.05 is fine). It "
        "speaks for the bulk of tests, not for the few smallest p values.",
    )


def calibration_told(calibration: pd.DataFrame) -> list[Told]:
    """For each set of tests, whether small p values are as many as expected."""
    return [
        _set_told(str(name), rows.sort_values("level", ascending=False))
        for name, rows in calibration.groupby("tests", sort=False)
    ]


def _set_told(name: str, rows: pd.DataFrame) -> Told:
    enough = rows[rows["expected"] >= _ENOUGH]
    heading = name[:1].upper() + name[1:]
    if enough.empty:
        return Told(heading, "Too few tests to say anything.")
    tail = enough.iloc[-1]
    bulk = enough.iloc[int((enough["level"] - _BULK).abs().to_numpy().argmin())]
    text = _counted(tail)
    verdict = _verdict(tail)
    if "permut" in name.lower():
        if verdict:
            return Told(heading, f"{text} With people permuted there is nothing to find, so the "
                        "test itself, or the permutation, is off.", True)  # fmt: skip
        return Told(heading, text + " As it should be where there is nothing to find.")
    if verdict == "fewer":
        return Told(heading, text + " Tests are conservative there.")
    if bulk["observed"] > _BULK_EXCESS * bulk["expected"] and _verdict(bulk) == "more":
        return Told(
            heading,
            f"{text} The excess is there at p ≤ {bulk['level']:g} already "
            f"({bulk['observed'] / bulk['expected']:.2f} times as many as expected): "
            + ("listed tests hold more effects, or share what inflates tests."
               if "listed" in name.lower() else "rather inflation than a few true effects."),
            "listed" not in name.lower(),
        )  # fmt: skip
    if verdict == "more":
        return Told(
            heading,
            f"{text} The bulk is as expected: what a few true effects look like, or a few tests "
            "that break the model (handfuls of people, outliers).",
        )
    return Told(heading, text + " No more than chance.")


def _counted(row: pd.Series) -> str:
    low, high = chance_band(row[["expected"]].to_numpy(dtype=float))
    return (
        f"{numbers.count(row['observed'])} tests with p ≤ {row['level']:g}, where "
        f"{numbers.count(row['expected'])} are expected ({numbers.count(low[0])} to "
        f"{numbers.count(high[0])} by chance, if independent)."
    )


def _verdict(row: pd.Series) -> str:
    """'more', 'fewer' or '' for within the band."""
    low, high = chance_band(row[["expected"]].to_numpy(dtype=float))
    return "more" if row["observed"] > high[0] else "fewer" if row["observed"] < low[0] else ""
