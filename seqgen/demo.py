"""The main job on the bundled data: height in UK Biobank, chromosome 22."""

from __future__ import annotations

import os

from seqgen.io.resources import demo_panel_prefix, demo_sumstats_path
from seqgen.pipeline import RunOptions, RunResult, run
from seqgen.pipeline.fits import Progress

PANEL_NAME = "1000 Genomes EUR"
BUILD = "GRCh37/hg19"


def run_demo(
    out: str | os.PathLike[str] = "seqgen-demo",
    *,
    model: str = "default",
    command: str | None = None,
    progress: Progress | None = None,
) -> RunResult:
    """Fine-map standing height on chromosome 22 with the bundled panel and model.

    Parameters
    ----------
    out : path
        Folder for the tables and the page.
    model : str
        As in ``load_model``.
    command : str, optional
        The command line, for the provenance.
    progress : callable, optional
        Called with (what, done, total).

    Returns
    -------
    RunResult

    References
    ----------
    Jiang L et al. (2019). A resource-efficient tool for mixed model association analysis of
    large-scale data. Nature Genetics 51.
    """
    return run(
        demo_sumstats_path(),
        demo_panel_prefix(),
        out,
        options=RunOptions(model=model, genome_build=BUILD),
        panel_name=PANEL_NAME,
        command=command,
        progress=progress,
    )
