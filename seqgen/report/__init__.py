"""The report: one HTML file that a reader can open anywhere, print, or send by mail."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from seqgen.report.findings import Finding, findings
from seqgen.report.notices import Notice, notices
from seqgen.report.tables import ReportTables

__all__ = ["Finding", "Notice", "ReportTables", "findings", "notices", "write_report"]


def write_report(
    tables: ReportTables, path: str | os.PathLike[str], *, provenance: Mapping[str, Any],
    title: str = "Fine-mapping with a protein language model",
) -> Path:  # fmt: skip
    """Write the report of one run as a single self-contained HTML file.

    The file is written beside its place and moved there when it is whole.

    Parameters
    ----------
    tables : ReportTables
        What the run made.
    path : str or Path
        The HTML file to write; its folder must exist.
    provenance : mapping
        ``seqgen_version``, ``command``, ``created``, ``seed``, ``genome_build``,
        ``model`` (name, revision, ...), ``panel`` (name, n), ``inputs`` (a list of path,
        sha256, rows), ``parameters``, ``packages``, ``model_card``. Whatever is absent is left
        out of the page.
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
        Where a table lacks a column.

    Notes
    -----
    ``seqgen.pipeline.run`` calls it; ``redraw_report`` calls it again on the tables of a run.
    """
    from seqgen.io.tables import write_text
    from seqgen.report.page import render

    return write_text(path, render(tables, provenance, title=title))
