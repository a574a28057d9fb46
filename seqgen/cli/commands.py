"""One function per subcommand: read, call the public function, write, say where."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from seqgen import schemas
from seqgen.annotation import annotate as annotate_variants
from seqgen.cli.annotation_arguments import chosen_gene_models, gene_model_options, places_of
from seqgen.cli.arguments import coefficients
from seqgen.cli.cache_arguments import cache_folder
from seqgen.cli.console import Console
from seqgen.cli.ld_file_arguments import genotype_settings, ld_settings
from seqgen.cli.published_arguments import (
    published_settings,
    published_tables,
    say_coverage,
    with_published_scores,
)
from seqgen.cli.shard_commands import drops_beside, part_provenance
from seqgen.cli.subcommand import unique
from seqgen.errors import InputError, OutputError
from seqgen.io.resources import missense_map
from seqgen.io.sumstats import read_sumstats
from seqgen.io.tables import read_provenance, read_table, write_table
from seqgen.loci import find_loci
from seqgen.pipeline import (
    FineMapTables,
    LocusData,
    RunOptions,
    RunResult,
    finemap_loci,
    learn_prior,
    only_finemapped,
    prepare_loci,
    redraw_report,
    residue_changes,
    with_centre,
)
from seqgen.pipeline import run as run_all
from seqgen.pipeline.ld_checks import repair_loci
from seqgen.pipeline.ld_files import open_reference
from seqgen.pipeline.store import FINISHED, make_folder
from seqgen.report import findings, notices
from seqgen.report.provenance import published_columns
from seqgen.schemas import Counted

# Tables of `seqgen finemap` of which a shard has its part; it has the others whole.
_BY_LOCUS = ("variants", "loci", "credible_sets", "ld_consistency")


def demo(arguments: argparse.Namespace, console: Console) -> None:
    """``seqgen demo``."""
    from seqgen.demo import run_demo

    console.note("seqgen demo: UK Biobank standing height, chromosome 22, fine-mapped")
    result = run_demo(
        arguments.out,
        model=arguments.model,
        command=arguments.command_line,
        progress=console.progress,
    )
    _say_what_was_made(result, console)


def run(arguments: argparse.Namespace, console: Console) -> None:
    """``seqgen run``."""
    result = run_all(
        arguments.sumstats,
        arguments.panel,
        arguments.out,
        options=_options(arguments),
        panel_name=arguments.panel_name,
        command=arguments.command_line,
        progress=console.progress,
        workers=arguments.cluster or arguments.workers,
        cache=cache_folder(arguments, console),
    )
    _say_what_was_made(result, console)


def annotate(arguments: argparse.Namespace, console: Console) -> None:
    """``seqgen annotate``."""
    published = published_tables(arguments)
    given = places_of(arguments)
    variants = _sumstats(arguments).table if given is None else given
    counted = annotate_variants(variants, missense_map(), **gene_model_options(arguments))
    if counted.table.empty:
        raise InputError(
            f"'{arguments.sumstats}': none of its rsIDs is a known missense variant; nothing to "
            "write (for variants beyond the embedded map give gene models: --gff and --fasta)"
        )
    counted, told = with_published_scores(counted, published, console)
    write_counted(counted, schemas.ANNOTATIONS, arguments, console, told)


def loci(arguments: argparse.Namespace, console: Console) -> None:
    """``seqgen loci``."""
    table = _find(arguments, _sumstats(arguments).table)
    write_counted(Counted(table, schemas.DROPS.empty()), schemas.LOCI, arguments, console)


def prior(arguments: argparse.Namespace, console: Console) -> None:
    """``seqgen prior``."""
    if arguments.prior_coefficients:
        raise InputError(
            "--prior-coefficients fixes what `seqgen prior` learns; give it to `seqgen finemap` "
            "or `seqgen run` instead"
        )
    prepared = _prepare(arguments)
    data, repairs = repair_loci(prepared.data, _options(arguments))
    prepared = prepared._replace(data=data, drops=_together(prepared.drops, repairs))
    learned = learn_prior(
        prepared.data, prepared.changes, options=_options(arguments), progress=console.progress
    )
    if arguments.evaluate and learned.judged is None:
        raise InputError(f"--evaluate: {learned.verdict or 'leave out --no-held-out'}")
    if learned.verdict:
        console.result(learned.verdict)
    if learned.fit and not learned.fit.converged:
        console.note("warning: the coefficients were still moving after the last round")
    coefficients = with_centre(learned.coefficients, prepared.changes)
    console.result(coefficients.to_string(index=False))
    write_counted(
        Counted(coefficients, prepared.drops), schemas.PRIOR_COEFFICIENTS, arguments, console
    )


def finemap(arguments: argparse.Namespace, console: Console) -> None:
    """``seqgen finemap``."""
    options = _options(arguments)
    _check_folder(Path(arguments.out))
    if arguments.prior_coefficients and not arguments.annotations:
        raise InputError(
            "--prior-coefficients weigh annotations, and there are none; give --annotations and "
            "--scores too"
        )
    prepared = _prepare(arguments)
    tables = finemap_loci(
        prepared.data,
        prepared.changes,
        prepared.loci,
        options=options,
        progress=console.progress,
        shard=arguments.shard,
        workers=arguments.cluster or arguments.workers,
    )
    _write_finemap(tables, prepared, arguments, console)


def _check_folder(folder: Path) -> None:
    """Refuse, before any work, a folder that cannot be written or that holds a finished run."""
    if (folder / FINISHED).exists():
        raise OutputError(
            f"'{folder}' holds a finished run, whose tables this would replace one by one; name "
            "another folder"
        )
    make_folder(folder)


def report(arguments: argparse.Namespace, console: Console) -> None:
    """``seqgen report``."""
    console.result(f"page: {redraw_report(arguments.folder)}")


def schema(arguments: argparse.Namespace, console: Console) -> None:
    """``seqgen schema``."""
    known = {table.name: table for table in schemas.ALL}
    if arguments.table and arguments.table not in known:
        raise InputError(f"no table '{arguments.table}'; there are {', '.join(known)}")
    wanted = [known[arguments.table]] if arguments.table else list(known.values())
    console.result("\n\n".join(table.to_markdown() for table in wanted))


def _options(arguments: argparse.Namespace) -> RunOptions:
    given = vars(arguments)
    settings = {
        "model": given.get("model"),
        "methods": tuple(given["methods"]) if given.get("methods") else None,
        "p_threshold": arguments.p_threshold,
        "flank": arguments.flank,
        "regions": tuple(arguments.regions) if arguments.regions else None,
        "L": arguments.L,
        "coverage": arguments.coverage,
        "palindromic": arguments.palindromic,
        "ld_correction": arguments.ld_correction,
        "prior_coefficients": coefficients(arguments.prior_coefficients),
        "cross_fit": not arguments.no_cross_fit,
        "held_out": not arguments.no_held_out,
        "homologs": not given.get("no_homologs"),
        "columns": _columns(arguments),
        "n": arguments.n,
        "genome_build": given.get("build"),
        "fix_flips": given.get("fix_flips"),
        "drop_inconsistent": given.get("drop_inconsistent"),
        **ld_settings(arguments),
        **genotype_settings(arguments),
        **(chosen_gene_models(arguments) if "gff" in given else {}),
        **(published_settings(arguments) if "scores_col" in given else {}),
    }
    return RunOptions(**{name: value for name, value in settings.items() if value is not None})


def _columns(arguments: argparse.Namespace) -> dict[str, str] | None:
    return unique("--col", arguments.col)


def _sumstats(arguments: argparse.Namespace) -> Counted:
    """Munged Parquet as it is, anything else through ``read_sumstats``."""
    if arguments.sumstats.endswith(".parquet"):
        return Counted(read_table(arguments.sumstats, schemas.SUMSTATS), schemas.DROPS.empty())
    return read_sumstats(arguments.sumstats, columns=_columns(arguments), n=arguments.n)


def _find(arguments: argparse.Namespace, table: pd.DataFrame) -> pd.DataFrame:
    return find_loci(
        table,
        p_threshold=arguments.p_threshold,
        flank=arguments.flank,
        regions=arguments.regions,
    )


class _Prepared(NamedTuple):
    """Loci beside the panel, residue changes in them, the loci table, drops, the model."""

    data: dict[str, LocusData]
    changes: pd.DataFrame
    loci: pd.DataFrame
    drops: pd.DataFrame
    model: object


def _prepare(arguments: argparse.Namespace) -> _Prepared:
    if bool(arguments.annotations) != bool(arguments.scores):
        raise InputError("--annotations and --scores go together; give both or neither")
    panel = open_reference(arguments.panel, _options(arguments), arguments.panel_name)
    read = _sumstats(arguments)
    found = _find(arguments, read.table)
    data, unaligned = prepare_loci(read.table, found, panel, palindromic=arguments.palindromic)
    annotations, scores, model = schemas.ANNOTATIONS.empty(), schemas.SCORES.empty(), None
    if arguments.annotations:
        annotations = read_table(arguments.annotations, schemas.ANNOTATIONS)
        scores = read_table(arguments.scores, schemas.SCORES)
        model = read_provenance(arguments.scores).get("model")
    inside = only_finemapped(annotations, pd.concat([locus.variants for locus in data.values()]))
    methods = ("average", *_options(arguments).methods)
    method = next((m for m in methods if (scores["method"] == m).any()), methods[0])
    return _Prepared(
        data,
        residue_changes(inside, scores, method),
        found,
        _together(read.drops, unaligned),
        model,
    )


def write_counted(
    counted: Counted,
    schema_: schemas.Schema,
    arguments: argparse.Namespace,
    console: Console,
    provenance: Mapping[str, object] | None = None,
) -> None:
    """Write a table, and beside it the counts of what was dropped on the way."""
    told = {"command": arguments.command_line, **(provenance or {})}
    source = getattr(arguments, "sumstats", None) or getattr(arguments, "annotations", None)
    if source and Path(source).resolve() == Path(arguments.out).resolve():
        raise OutputError(f"--out '{arguments.out}' is the input file; name another one")
    Path(arguments.out).parent.mkdir(parents=True, exist_ok=True)
    write_table(counted.table, arguments.out, schema=schema_, provenance=told)
    console.result(f"{len(counted.table):,} rows: {arguments.out}")
    write_drops(counted.drops, arguments.out, console)


def write_drops(drops: pd.DataFrame, out: str, console: Console) -> None:
    """Write beside a table the counts of what was dropped on the way to it, and say them."""
    if not len(drops):
        return
    beside = drops_beside(out)
    write_table(drops, beside, schema=schemas.DROPS)
    console.result(f"rows dropped or changed, by reason: {beside}")
    for row in drops.itertuples():
        console.note(f"  {row.count:,} {row.action}: {row.reason} (such as {row.example})")


def _write_finemap(
    tables: FineMapTables, prepared: _Prepared, arguments: argparse.Namespace, console: Console
) -> None:
    folder = Path(arguments.out)
    settings = {k: v for k, v in _options(arguments).to_dict().items() if k != "model"}
    told = {
        "command": arguments.command_line,
        "parameters": settings,
        "model": prepared.model,
    }
    for name, table, kind in (
        ("variants", tables.variants, schemas.VARIANTS),
        ("loci", tables.loci, schemas.FINEMAP_LOCI),
        ("credible_sets", tables.credible_sets, schemas.CREDIBLE_SETS),
        ("prior_coefficients", tables.prior_coefficients, schemas.PRIOR_COEFFICIENTS),
        ("prior_by_locus", tables.prior_by_locus, schemas.PRIOR_BY_LOCUS),
        ("ld_consistency", tables.ld_consistency, schemas.LD_CONSISTENCY),
        ("drops", _together(prepared.drops, tables.drops), schemas.DROPS),
    ):
        path = folder / f"{name}.parquet"
        part = part_provenance(
            arguments,
            kind,
            inputs=[arguments.sumstats, arguments.annotations, arguments.scores],
            whole=name not in _BY_LOCUS,
        )
        write_table(table, path, schema=kind, provenance={**told, **part}, allow_empty=True)
        console.result(f"{len(table):,} rows: {path}")
    _say_consistency(tables.loci, tables.ld_consistency, console)


def _together(*drops: pd.DataFrame) -> pd.DataFrame:
    told = [part for part in drops if len(part)]
    return pd.concat(told, ignore_index=True) if told else schemas.DROPS.empty()


def _say_consistency(loci: pd.DataFrame, checks: pd.DataFrame, console: Console) -> None:
    """Per locus: how far z and LD agree, and what to do where they do not."""
    console.result("\nz-scores against the LD:")
    for row in loci.itertuples():
        console.result(
            f"  {row.locus}: s {row.s:.3f}, {row.n_inconsistent} of {row.n_finemapped:,} variants "
            f"contradict the LD, {row.n_flipped} of them with alleles that look switched"
        )
    for action, what in (("turned", "turned in sign"), ("dropped", "left out")):
        if count := int((checks["action"] == action).sum()):
            console.result(f"  {count:,} variants were {what} before fine-mapping")
    odd = checks[(checks["verdict"] != "ok") & (checks["action"] == "none")]
    if len(odd):
        console.result(
            "warning: ld_consistency.parquet says which and why; credible_sets.parquet has them in "
            "column flagged. Do not trust PIPs there before you checked alleles at the source, or "
            "saw with --fix-flips --drop-inconsistent that results stay"
        )


def _say_what_was_made(result: RunResult, console: Console) -> None:
    tables = result.tables
    console.result("")
    console.result(f"page:   {result.report}")
    console.result(f"tables: {result.folder}/*.parquet")
    found_loci = "1 locus" if len(tables.loci) == 1 else f"{len(tables.loci)} loci"
    console.result(
        f"{found_loci}, {len(tables.variants):,} variants, "
        f"{int(tables.variants['residue_change'].notna().sum())} of them missense; credible sets: "
        f"{tables.loci['n_sets'].sum()} (flat prior {tables.loci['n_sets_flat'].sum()}, "
        f"uncorrected fit {tables.loci['n_sets_plain'].sum()})"
    )
    say_coverage(result.provenance.get("published_scores", ()), console)
    if tables.ld_consistency is not None:
        _say_consistency(tables.loci, tables.ld_consistency, console)
    for notice in notices(tables, result.provenance):
        if notice.grave:
            console.result(f"warning: {notice.heading}. {notice.text}")
    found = findings(tables, published=published_columns(result.provenance))
    if found:
        console.result("\nMost interesting:")
    for number, finding in enumerate(found, start=1):
        console.result(f"{number}. {finding.text}")
