"""The main job: summary statistics in; tables, credible sets and one page out."""

from __future__ import annotations

import datetime
import json
import os
import platform
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from seqgen import __version__
from seqgen.errors import InputError
from seqgen.io.genome_build import ATTRIBUTE, BUILDS, build_in, build_of_variants
from seqgen.io.genotype_source import GenotypeSource
from seqgen.io.resources import bundled_sha256
from seqgen.io.sumstats import read_sumstats
from seqgen.io.tables import existing_file, read_provenance, read_table
from seqgen.loci import find_loci
from seqgen.models.protocol import SequenceModel
from seqgen.models.registry import load_model
from seqgen.pipeline.changes import add_homologs, is_missense, residue_changes
from seqgen.pipeline.fits import FineMapTables, finemap_loci
from seqgen.pipeline.ld_files import LDFiles, files_of, open_reference
from seqgen.pipeline.locus_data import CORRECTED, prepare_loci
from seqgen.pipeline.mapping import gene_model_files, map_to_residues, protein_sequences
from seqgen.pipeline.options import Progress, RunOptions
from seqgen.pipeline.published import add_published, open_published, published_names
from seqgen.pipeline.store import REPORT, RunFolder, file_sha256, step_key
from seqgen.priors import PENALTY_SD
from seqgen.report import ReportTables, write_report
from seqgen.residues import loss_of_function
from seqgen.schemas import (
    CREDIBLE_SETS,
    DROPS,
    FINEMAP_LOCI,
    LD_CONSISTENCY,
    PRIOR_BY_LOCUS,
    PRIOR_COEFFICIENTS,
    SCORES,
    SUMSTATS,
    VARIANTS,
    Counted,
)
from seqgen.scores import score_variants

_FINAL = {
    "variants": VARIANTS,
    "loci": FINEMAP_LOCI,
    "credible_sets": CREDIBLE_SETS,
    "ld_consistency": LD_CONSISTENCY,
    "prior_coefficients": PRIOR_COEFFICIENTS,
    "drops": DROPS,
    "funnel": None,
}
_PACKAGES = ("numpy", "pandas", "scipy", "torch", "transformers", "bed-reader", "matplotlib")


@dataclass(frozen=True)
class RunResult:
    """What a run made: its folder, the page, and the tables in memory."""

    folder: Path
    report: Path
    tables: ReportTables
    provenance: dict[str, Any]

    def __repr__(self) -> str:
        return f"RunResult({str(self.folder)!r}, {self.tables!r})"


def run(
    sumstats: str | os.PathLike[str],
    panel: str | os.PathLike[str] | None,
    out: str | os.PathLike[str],
    *,
    options: RunOptions | None = None,
    panel_name: str | None = None,
    command: str | None = None,
    progress: Progress | None = None,
    workers: int | str | None = 1,
    cache: str | os.PathLike[str] | None = None,
) -> RunResult:
    """Annotate, score, learn the prior, fine-map and report: the whole flow in one call.

    Steps that a stopped run finished (reading, annotating, scoring) are reused where nothing
    they depend on has changed.

    Parameters
    ----------
    sumstats : path
        GWAS summary statistics.
    panel : path or None
        Genotypes of the LD reference panel (PLINK prefix, VCF or BCF); None where ``options.ld``
        names matrices of LD.
    out : path
        Folder for the tables and the page.
    options : RunOptions, optional
    panel_name : str, optional
        How the page calls the panel; the prefix's file name otherwise.
    command : str, optional
        The command line, for the provenance.
    progress : callable, optional
        Called with (what, done, total).
    workers : int or str, optional
        Loci that are fine-mapped at once, in processes of their own; all cores that this
        process may use where None. The tables are the same for any number. A script that asks
        for several keeps its own work under ``if __name__ == "__main__":``. Or the address of a
        Dask cluster whose workers see the panel's files: ``"tcp://host:8786"``, ``"slurm:20"``.
    cache : path, optional
        Folder in which what the model said is kept, and looked up before it is asked, so that
        another GWAS over the same genes computes nothing twice. By default nothing is kept.

    Returns
    -------
    RunResult

    Raises
    ------
    InputError, ModelError, OutputError
        Each naming what was found, what was expected and what to do.

    Notes
    -----
    ``seqgen.run("gwas.tsv.gz", "panels/eur", "out").tables.credible_sets`` is all it takes;
    ``run_demo`` does it on bundled data.
    """
    options = options or RunOptions()
    tell = progress or (lambda what, done, total: None)
    folder = RunFolder(out)
    folder.check()
    published = open_published(options)
    reference = open_reference(panel, options, panel_name)
    inputs = _inputs([existing_file(sumstats), *gene_model_files(options)], reference)
    source_key = step_key(inputs[0]["sha256"], options.columns, options.n, _known_build(options))
    source = _read(Path(sumstats), folder, source_key, options=options, tell=tell)
    loci = find_loci(
        source.table,
        p_threshold=options.p_threshold,
        flank=options.flank,
        regions=options.regions,
    )
    data, unaligned = prepare_loci(source.table, loci, reference, palindromic=options.palindromic)
    tell(
        "aligning alleles with the LD matrix" if options.ld else "aligning alleles with the panel",
        1,
        1,
    )
    finemapped = pd.concat([locus.variants for locus in data.values()])
    changes, changes_key = map_to_residues(
        source.table, finemapped, folder, source_key, options=options, tell=tell
    )
    in_loci = changes.table
    scores, model = _score(in_loci, folder, changes_key, options=options, tell=tell, cache=cache)
    best = residue_changes(
        in_loci, scores.table, "average" if options.homologs else options.methods[0]
    )
    best, unpublished, told = add_published(best, finemapped, published)
    tables = finemap_loci(
        data, best, loci, options=options, progress=tell, workers=workers,
        published=published_names(published),
    )  # fmt: skip
    drops = [source.drops, changes.drops, unaligned, scores.drops, unpublished, tables.drops]
    report_tables = _collect(tables, scores.table, drops, _funnel(source.table, tables, options))
    provenance = _provenance(inputs, reference, options, tables=tables, model=model)
    provenance[ATTRIBUTE] = _build_of(Path(sumstats), source.table, options)
    provenance |= {"command": command, **({"published_scores": told} if told else {})}
    folder.unmark()
    return _write(folder, report_tables, tables.prior_by_locus, provenance=provenance, tell=tell)


def _known_build(options: RunOptions) -> str | None:
    """The build that was stated, where it is one that positions can be checked by."""
    stated = build_in(options.genome_build or "")
    return stated if stated in BUILDS else None


def _check_build(path: Path, options: RunOptions) -> None:
    """Refuse a munged table whose build is another than the one that was stated."""
    recorded, stated = read_provenance(path).get(ATTRIBUTE), _known_build(options)
    if stated and recorded in BUILDS and recorded != stated:
        raise InputError(
            f"{path}: its positions are of {recorded}, as it says itself, but {stated} was stated; "
            f"leave the build out, or lift the table over first (seqgen munge --chain)"
        )


def _build_of(path: Path, table: pd.DataFrame, options: RunOptions) -> str | None:
    """The build as it was stated, as a munged table records it, or as known variants tell."""
    recorded = read_provenance(path).get(ATTRIBUTE) if path.suffix == ".parquet" else None
    return options.genome_build or recorded or build_of_variants(table)


def _inputs(files: list[Path], panel: GenotypeSource | LDFiles) -> list[dict[str, str]]:
    """Path and checksum of every file that was read."""
    paths = [str(path) for path in (*files, *files_of(panel))]
    return [{"path": path, "sha256": file_sha256(path)} for path in paths]


def _read(
    path: Path, folder: RunFolder, key: str, *, options: RunOptions, tell: Progress
) -> Counted:
    """The standard table: from a file of any format, or as ``seqgen munge`` wrote it."""

    def read() -> Counted:
        if path.suffix == ".parquet":
            _check_build(path, options)
            return Counted(read_table(path, SUMSTATS), DROPS.empty())
        return read_sumstats(
            path, columns=options.columns, n=options.n, build=_known_build(options)
        )

    tell(f"reading {path.name}", 0, 1)
    counted, reused = folder.cached(SUMSTATS, "sumstats", key, read)
    tell("reading summary statistics" + (" (reused)" if reused else ""), 1, 1)
    return counted


def _score(
    changes: pd.DataFrame,
    folder: RunFolder,
    changes_key: str,
    *,
    options: RunOptions,
    tell: Progress,
    cache: str | os.PathLike[str] | None,
) -> tuple[Counted, SequenceModel | None]:
    """Scores of the residue changes; no model is loaded where there is nothing to score."""
    change = ["uniprot", "position", "ref_aa", "alt_aa"]
    missense = changes[is_missense(changes)]
    wanted = missense.loc[missense["checked"], change].drop_duplicates()
    unscored = _unscored(missense[~missense["checked"]])
    if wanted.empty:
        nothing = Counted(SCORES.empty(), unscored)
        folder.cached(SCORES, "scores", step_key(changes_key, "none"), lambda: nothing)
        return nothing, None
    tell(f"loading model {options.model}", 0, 1)
    model = load_model(options.model)
    key = step_key(
        changes_key,
        wanted.to_dict("list"),
        bundled_sha256("human_proteins.parquet"),
        model.name,
        model.revision,
        options.methods,
        bundled_sha256("human_missense_homologs.parquet") if options.homologs else None,
    )

    def ask() -> Counted:
        scored = score_variants(
            wanted,
            protein_sequences(wanted, options),
            model,
            methods=options.methods,
            progress=lambda done, total: tell("scoring: residues through the model", done, total),
            cache=cache,
        )
        if not options.homologs:
            return scored
        return Counted(add_homologs(scored.table, options.methods[0]), scored.drops)

    scores, reused = folder.cached(SCORES, "scores", key, ask)
    if reused:
        tell("scoring residue changes (reused)", 1, 1)
    told = [part for part in (unscored, scores.drops) if len(part)]
    return Counted(scores.table, pd.concat(told) if told else DROPS.empty()), model


def _unscored(changes: pd.DataFrame) -> pd.DataFrame:
    if changes.empty:
        return DROPS.empty()
    first = changes.iloc[0]
    example = f"{first['uniprot']} {first['ref_aa']}{first['position']}{first['alt_aa']}"
    reason = "not scored: the reference residue is not that of a bundled sequence"
    row = ("scores", reason, "kept", len(changes), example)
    return DROPS.validate(pd.DataFrame([row], columns=DROPS.names))


def _funnel(sumstats: pd.DataFrame, tables: FineMapTables, options: RunOptions) -> pd.DataFrame:
    variants = tables.variants
    missense = variants["residue_change"].notna()
    by_rsid = "consequence" not in variants
    steps = [
        ("variants read", len(sumstats)),
        *([("with an rsID", int(sumstats["rsid"].notna().sum()))] if by_rsid else []),
        (f"in a locus and in the {'LD matrix' if options.ld else 'panel'}", len(variants)),
        *(
            []
            if by_rsid
            else [
                ("in a transcript", int(variants["consequence"].notna().sum())),
                ("taken to destroy a protein", int(loss_of_function(variants).sum())),
            ]
        ),
        ("missense among them", int(missense.sum())),
        ("missense with a score", int(variants["log_lik_ratio"].notna().sum())),
        ("missense in a credible set", int((missense & variants["cs_id"].notna()).sum())),
    ]
    return pd.DataFrame(steps, columns=["step", "count"])


def _collect(
    tables: FineMapTables,
    scores: pd.DataFrame,
    drops: list[pd.DataFrame],
    funnel: pd.DataFrame,
) -> ReportTables:
    told = [part for part in drops if len(part)]
    return ReportTables(
        variants=tables.variants,
        loci=tables.loci,
        credible_sets=tables.credible_sets,
        ld_consistency=tables.ld_consistency,
        prior_coefficients=tables.prior_coefficients,
        drops=DROPS.validate(pd.concat(told, ignore_index=True)) if told else DROPS.empty(),
        scores=scores,
        funnel=funnel,
    )


def _provenance(
    inputs: list[dict[str, str]],
    panel: GenotypeSource | LDFiles,
    options: RunOptions,
    *,
    tables: FineMapTables,
    model: SequenceModel | None,
) -> dict[str, Any]:
    told = {
        "seqgen_version": __version__,
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "inputs": inputs,
        "panel": {"name": panel.name, "n": panel.n_people},
        "model": None if model is None else {"name": model.name, "revision": model.revision},
        "parameters": options.to_dict(),
        "fine_mapping": asdict(CORRECTED),
        "prior": _told_of_prior(tables, options),
        "genome_build": options.genome_build,
        "seed": None,
        "python": platform.python_version(),
        "packages": {name: version(name) for name in _PACKAGES},
    }
    plain: dict[str, Any] = json.loads(json.dumps(told, sort_keys=True))
    return plain  # as it is read back from the file


def _told_of_prior(tables: FineMapTables, options: RunOptions) -> dict[str, Any]:
    prior = tables.prior
    fit, judged = prior.fit, prior.judged
    return {
        "given": options.prior_coefficients is not None,
        "cross_fit": options.cross_fit,
        "held_out": options.held_out,
        "penalty_sd": PENALTY_SD if fit is None else dict(fit.penalty_sd),
        "rounds": None if fit is None else len(fit.trace) - 1,
        "converged": None if fit is None else fit.converged,
        "effects": None if fit is None else fit.n_effects,
        "flat": prior.flat,
        "verdict": prior.verdict,
        "gain": None if judged is None else [judged.gain, judged.lower, judged.upper],
    }


def _write(
    folder: RunFolder,
    tables: ReportTables,
    prior_by_locus: pd.DataFrame,
    *,
    provenance: dict[str, Any],
    tell: Progress,
) -> RunResult:
    for name, schema in _FINAL.items():
        folder.write(schema, name, getattr(tables, name), provenance)
    folder.write(PRIOR_BY_LOCUS, "prior_by_locus", prior_by_locus, provenance)
    report = folder.path / REPORT
    tell("drawing the page", 0, 1)
    write_report(tables, report, provenance=provenance)
    folder.finish(provenance)
    tell("drawing the page", 1, 1)
    return RunResult(folder.path, report, tables, provenance)


def redraw_report(folder: str | os.PathLike[str]) -> Path:
    """Draw the page of a finished run again from its tables.

    Raises
    ------
    InputError
        The folder holds no finished run.
    """
    place = RunFolder(folder)
    provenance = place.provenance()
    names = {**_FINAL, "scores": SCORES}
    tables = {}
    for name, schema in names.items():
        tables[name] = read_table(place.table(name), schema)
        if name in _FINAL and read_provenance(place.table(name)) != provenance:
            raise InputError(
                f"{place.table(name)}: is not of the run that {place.path / 'provenance.json'} "
                "describes; run again"
            )
    report = place.path / REPORT
    write_report(ReportTables(**tables), report, provenance=provenance)
    return report
