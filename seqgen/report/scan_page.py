"""The reports of pair scans and trans scans: one self-contained HTML file each."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup

from seqgen import plots
from seqgen.io.tables import write_text
from seqgen.plots.decisions import ranked
from seqgen.report import numbers
from seqgen.report.page import environment
from seqgen.report.provenance import provenance_rows
from seqgen.report.scan_limits import gxg_limits, in_hotspots, pair_flags, trans_limits
from seqgen.report.scan_rows import gxg_rows, neg_log10, trans_rows
from seqgen.report.scan_tables import GxGTables, TransTables
from seqgen.report.scan_words import (
    Counts,
    calibration_told,
    control_sentences,
    found_sentences,
    inflation_told,
    percent,
    weighted,
)
from seqgen.scan_results import GxGResult, TransResult

_FIRST_ROWS, _MOST_ROWS, _MOST_OTHERS = 20, 100, 30


def write_gxg_report(
    tables: GxGTables | GxGResult, path: str | os.PathLike[str], *, provenance: Mapping[str, Any],
    title: str = "Interactions between variants, weighted by evidence",
) -> Path:  # fmt: skip
    """Write the report of a pair scan as a single self-contained HTML file.

    Parameters
    ----------
    tables : GxGTables, or GxGResult of `scan_gxg`
    path : str or Path
        The HTML file to write; its folder must exist.
    provenance : mapping
        As for `seqgen.report.write_report`.
    title : str
        Heading of the page.

    Returns
    -------
    Path
        Where the report was written.

    Raises
    ------
    seqgen.errors.OutputError
        Where the file cannot be written.
    seqgen.errors.InputError
        Where a table lacks a column or the numbers contradict each other.
    """
    if isinstance(tables, GxGResult):
        tables = GxGTables.of(tables)
    return write_text(path, render_gxg(tables, provenance, title=title))


def write_trans_report(
    tables: TransTables | TransResult, path: str | os.PathLike[str], *,
    provenance: Mapping[str, Any],
    title: str = "Effects of variants far away, weighted by evidence",
) -> Path:  # fmt: skip
    """Write the report of a trans scan as a single self-contained HTML file.

    Parameters
    ----------
    tables : TransTables, or TransResult of `rank_trans`
    path : str or Path
        The HTML file to write; its folder must exist.
    provenance : mapping
        As for `seqgen.report.write_report`.
    title : str
        Heading of the page.

    Returns
    -------
    Path
        Where the report was written.

    Raises
    ------
    seqgen.errors.OutputError
        Where the file cannot be written.
    seqgen.errors.InputError
        Where a table lacks a column or the numbers contradict each other.
    """
    if isinstance(tables, TransResult):
        tables = TransTables.of(tables)
    return write_text(path, render_trans(tables, provenance, title=title))


def render_gxg(tables: GxGTables, provenance: Mapping[str, Any], *, title: str) -> str:
    """The page of a pair scan as HTML text; parameters as for `write_gxg_report`."""
    tables = tables.validated()
    pairs = ranked(tables.pairs)
    shown = pairs.head(_MOST_ROWS)
    clean = int(((pairs["decision"] != "neither") & ~pair_flags(pairs).any(axis=1)).sum())
    figure = "" if pairs.empty else _svg(plots.plot_pair_arcs(pairs, alpha=tables.alpha), "pairs")
    return environment().get_template("gxg.html.j2").render(
        **_shared(tables, provenance, title=title),
        results_name="Pairs",
        summary=_gxg_summary(tables, pairs, clean),
        key_figures=_key_figures(tables, pairs, ("without any warning", clean)),
        rows=gxg_rows(shown),
        left_out=_left_out(pairs, "pair"),
        figure=figure,
        leads=numbers.records(tables.leads.head(_MOST_OTHERS)),
        leads_left_out=_more(tables.leads, "lead"),
        limits=gxg_limits(tables),
    )  # fmt: skip


def render_trans(tables: TransTables, provenance: Mapping[str, Any], *, title: str) -> str:
    """The page of a trans scan as HTML text; parameters as for `write_trans_report`."""
    tables = tables.validated()
    hits = ranked(tables.hits)
    spots = tables.hotspots.sort_values("n_traits", ascending=False, kind="stable")
    strong = int((spots["p"] <= tables.alpha).sum())
    figure = "" if hits.empty else _svg(
        plots.plot_trans_map(hits, spots, chrom_lengths=tables.chrom_lengths, alpha=tables.alpha),
        "map",
    )  # fmt: skip
    return environment().get_template("transqtl.html.j2").render(
        **_shared(tables, provenance, title=title),
        results_name="Variants and traits",
        summary=_trans_summary(tables, hits),
        key_figures=_key_figures(tables, hits, ("hotspots", strong)),
        rows=trans_rows(hits.head(_MOST_ROWS), tables),
        left_out=_left_out(hits, "association") + _kept(tables.p_threshold),
        figure=figure,
        hotspots=numbers.records(
            spots.head(_MOST_OTHERS).assign(logp=neg_log10(spots["p"].head(_MOST_OTHERS)))
        ),
        hotspots_left_out=_more(spots, "hotspot"),
        limits=trans_limits(tables),
    )  # fmt: skip


def _shared(
    tables: GxGTables | TransTables, provenance: Mapping[str, Any], *, title: str
) -> dict[str, Any]:
    """What both pages are told."""
    calibrated = not tables.calibration.empty
    controlled = weighted(tables.control)
    return {
        "title": title,
        "first_rows": _FIRST_ROWS,
        "notices": tables.notices,
        "calibration": [
            inflation_told(tables.inflation, tables.n_tests),
            *calibration_told(tables.calibration),
        ],
        "calibration_figure": _svg(plots.plot_calibration(tables.calibration), "calibration")
        if calibrated else "",
        "control": control_sentences(tables.control),
        "control_figure": _svg(plots.plot_control(tables.control), "control")
        if controlled else "",
        "drops": numbers.records(tables.drops),
        "provenance": provenance_rows(provenance),
        "command": provenance.get("command"),
        "inputs": provenance.get("inputs") or [],
        "version": provenance.get("seqgen_version"),
        "created": provenance.get("created"),
    }  # fmt: skip


def _svg(ax: Any, name: str) -> Markup:
    return Markup(plots.figure_to_svg(ax.get_figure(root=True), name))


# --- words of the head ----------------------------------------------------------------------


def _gxg_summary(tables: GxGTables, pairs: pd.DataFrame, clean: int) -> str:
    text = found_sentences(pairs, tables, of="a pair of variants", thing="pair")
    either = Counts.of(pairs["decision"]).either
    told = "(linkage, few people, scale)"
    if either == 1:
        text += f" It carries {'no warning' if clean else 'a warning'} {told}."
    elif either:
        carry = "carries no" if clean == 1 else "carry no" if clean else "carry a"
        text += (
            f" Of {numbers.plural(either, 'pair')} found either way, "
            f"{numbers.count(clean) if clean else 'all'} {carry} warning {told}."
        )
    return text + " A departure from additivity is a reason to look, not a mechanism."


def _trans_summary(tables: TransTables, hits: pd.DataFrame) -> str:
    text = found_sentences(hits, tables, of="a variant on a trait", thing="association")
    found = hits[hits["decision"] != "neither"]
    if not found.empty:
        spots = int((tables.hotspots["p"] <= tables.alpha).sum())
        inside = int(in_hotspots(found, tables.hotspots, tables.alpha).sum())
        text += (
            f" The discoveries are of {numbers.plural(found['variant'].nunique(), 'variant')} and "
            f"{numbers.plural(found['trait'].nunique(), 'trait')}; "
            + (f"{numbers.count(inside)} of them lie in {numbers.plural(spots, 'hotspot')}."
               if spots else "there is no hotspot.")
        )  # fmt: skip
    return text + " An association far away is a reason to look, not a pathway."


def _key_figures(
    tables: GxGTables | TransTables, table: pd.DataFrame, last: tuple[str, int]
) -> list[tuple[str, str]]:
    counts = Counts.of(table["decision"])
    rate = percent(tables.alpha)
    tests = (numbers.count(tables.n_tests), "test" if tables.n_tests == 1 else "tests")
    if not weighted(tables.control):
        return [tests, (numbers.count(counts.without), f"found, {rate} FDR"),
                (numbers.count(last[1]), last[0])]  # fmt: skip
    return [
        tests,
        (numbers.count(counts.without), f"found without weights, {rate} FDR"),
        (numbers.count(counts.weighted), f"found with weights, {rate} FDR"),
        (numbers.count(counts.gained), "gained by weights"),
        (numbers.count(counts.lost), "lost by weights"),
        (numbers.count(last[1]), last[0]),
    ]


def _left_out(table: pd.DataFrame, thing: str) -> str:
    """How many rows of the table are not on the page."""
    rest = table.iloc[_MOST_ROWS:]
    if rest.empty:
        return ""
    found = int((rest["decision"] != "neither").sum())
    return (
        f"{numbers.plural(len(rest), f'further {thing}')} of the table "
        f"{'is' if len(rest) == 1 else 'are'} not shown"
        + (f", {numbers.plural(found, 'discovery', 'discoveries')} among them." if found else ".")
    )


def _kept(p_threshold: float | None) -> str:
    """Which tests are in the table at all."""
    if p_threshold is None:
        return ""
    return f" The table holds all listed tests, and others up to p = {p_threshold:g}."


def _more(table: pd.DataFrame, thing: str) -> str:
    rest = len(table) - _MOST_OTHERS
    return f"{numbers.plural(rest, f'further {thing}')} not shown." if rest > 0 else ""
