"""``seqgen gxg`` and ``seqgen transqtl``: read, call the public function, write, say where."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from seqgen import schemas
from seqgen.cli.console import Console
from seqgen.cli.scan_inputs import (
    covariates_of,
    evidence_of,
    kinship_of,
    leads_of,
    near_evidence,
    one_trait,
    open_genotypes,
    scan_provenance,
    scan_signature,
    sums_of,
    traits_of,
    weights_of,
)
from seqgen.cli.subcommand import check_outputs
from seqgen.errors import InputError, OutputError
from seqgen.gxg import PairOptions, PairScan, prepare_pairs
from seqgen.io.gene_positions import read_cross_mappability, read_gene_positions
from seqgen.io.loco import read_loco
from seqgen.io.shards import shard_note
from seqgen.io.tables import read_table, write_table
from seqgen.io.tally import drops_text
from seqgen.io.traits import TraitTable
from seqgen.pipeline.store import make_folder
from seqgen.report.scan_page import write_gxg_report, write_trans_report
from seqgen.scan_results import GxGResult, TransResult
from seqgen.scans import (
    GxGOptions,
    TransOptions,
    pair_scan_of,
    pair_sums,
    rank_trans,
    scan_all_edges,
    scan_all_pairs,
    scan_gxg,
    trans_scan_of,
    trans_sums,
)
from seqgen.scans.listed import check_scheme
from seqgen.transqtl import TransDesign, TransScan, prepare_trans

REPORT = "report.html"
_AROUND = 1_000_000
_FILES = (".parquet", ".tsv", ".csv", ".gz", ".html", ".txt")
_SHOWN = 10


def gxg(arguments: argparse.Namespace, console: Console) -> None:
    """``seqgen gxg``."""
    _check(arguments, ("traits", "covariates", "evidence", "leads", "kinship", "loco", "scan"))
    options = _gxg_options(arguments)
    evidence = evidence_of(arguments, ("variant_1", "variant_2", "evidence"), "pair-evidence")
    check_scheme(options.weights, evidence)
    source = open_genotypes(arguments.genotypes, console)
    leads = leads_of(arguments.leads, source, console)
    if evidence is not None and options.tests != "all":
        # Loci reach beyond the window in which they have to have a significant variant.
        window = options.pairs.window + _AROUND if options.lead_p and leads is None else 0
        source = near_evidence(source, evidence, leads, window=window, console=console)
    trait = one_trait(arguments, source, console)
    design = prepare_pairs(
        source,
        trait,
        covariates_of(arguments, source, console),
        kind="binary" if arguments.binary else "quantitative",
        shared_people=arguments.shared_people,
        kinship=kinship_of(arguments),
    )
    console.note(f"  {design.n_people:,} people, {design.n_variants:,} variants that vary")
    loco = read_loco(arguments.loco, people=list(source.people)) if arguments.loco else None
    settings = {"trait": str(trait.name), "binary": arguments.binary, "p": options.p,
                "shared_people": arguments.shared_people, "missing": options.pairs.missing,
                "min_double_carriers": options.min_double_carriers}  # fmt: skip
    signature = scan_signature(arguments, settings)
    if arguments.shard is not None:
        part = scan_all_pairs(
            design, options=options, loco=loco, chromosomes=arguments.chromosomes,
            shard=arguments.shard,
            progress=lambda done, total: console.progress("testing pairs", done, total),
        )  # fmt: skip
        _write_part(part.table, pair_sums(part), arguments, console, signature=signature)
        return
    result = scan_gxg(
        design, evidence, leads=leads, loco=loco, chromosomes=arguments.chromosomes,
        scan=_pair_scan(arguments, signature), options=options,
        progress=lambda step, done, total: console.progress(step, done, total),
    )  # fmt: skip
    told = scan_provenance(arguments, signature, asdict(options))
    told |= {"people": design.n_people, "tests": result.n_tests}
    _write(arguments.out, _gxg_tables(result), told, write_gxg_report, result)
    _tell_gxg(result, arguments.out, console)


def transqtl(arguments: argparse.Namespace, console: Console) -> None:
    """``seqgen transqtl``."""
    _check(arguments, ("traits", "covariates", "evidence", "genes", "cross_mappable", "kinship",
                       "scan"))  # fmt: skip
    options = _trans_options(arguments)
    evidence = evidence_of(arguments, ("variant", "target", "evidence"), "trans-evidence")
    check_scheme(options.weights, evidence)
    source = open_genotypes(arguments.genotypes, console)
    traits = traits_of(arguments, arguments.traits, source, console)
    genes = _genes(arguments, traits)
    cross = None
    if arguments.cross_mappable:
        cross = read_cross_mappability(arguments.cross_mappable).table
    design = prepare_trans(
        source,
        traits.values,
        covariates_of(arguments, source, console),
        shared_people=arguments.shared_people,
        transform=arguments.transform,
        kinship=kinship_of(arguments),
    )
    console.note(f"  {design.n_people:,} people, {design.n_traits:,} traits to test")
    settings = {"p": options.p, "shared_people": arguments.shared_people,
                "transform": arguments.transform, "cis_window": options.cis_window,
                "gene_name": arguments.gene_name if arguments.genes else None}  # fmt: skip
    signature = scan_signature(arguments, settings)
    if arguments.shard is not None:
        part = scan_all_edges(
            design, genes=genes, cross_mappable=cross, options=options, shard=arguments.shard,
            progress=lambda done, total: console.progress("testing variants", done, total),
        )  # fmt: skip
        _write_part(part.hits, trans_sums(part), arguments, console, signature=signature)
        return
    result = rank_trans(
        design, evidence, genes=genes, cross_mappable=cross,
        scan=_trans_scan(arguments, signature, design), options=options,
        progress=lambda step, done, total: console.progress(step, done, total),
    )  # fmt: skip
    told = scan_provenance(arguments, signature, asdict(options))
    told |= {"people": design.n_people, "tests": result.n_tests}
    _write(arguments.out, _trans_tables(result), told, write_trans_report, result)
    _tell_trans(result, arguments.out, console)


# --- what goes in ---------------------------------------------------------------------------


def _check(arguments: argparse.Namespace, inputs: tuple[str, ...]) -> None:
    """What cannot work is told before anything is read."""
    paths = [getattr(arguments, name) for name in inputs]
    if arguments.shard is not None:
        for flag in ("scan", "permutations", "evidence"):
            if getattr(arguments, flag):
                raise InputError(
                    f"--{flag} has no meaning for a part (--shard), which only tests; merge the "
                    f"parts, then give --scan MERGED and --{flag}"
                )
        if getattr(arguments, "tests", None) == "listed":
            raise InputError("--tests listed: parts (--shard) are of all pairs; leave it out")
        check_outputs({"--out": arguments.out}, paths)
        return
    out = Path(arguments.out)
    if out.suffix in _FILES:
        raise InputError(
            f"--out {out}: looks like a file; name a folder, for several tables and a page are "
            "written"
        )
    if out.exists() and not out.is_dir():
        raise OutputError(f"--out {out}: is a file; name a folder, which is made where it is not")
    mine, other = ("gxg", "transqtl") if arguments.command == "gxg" else ("transqtl", "gxg")
    if (out / f"{other}.parquet").exists():
        raise OutputError(
            f"--out {out}: holds the tables of seqgen {other}; name another folder for {mine}"
        )


def _gxg_options(arguments: argparse.Namespace) -> GxGOptions:
    return GxGOptions(
        tests="all" if arguments.scan or arguments.shard is not None else arguments.tests,
        p=arguments.p,
        min_double_carriers=arguments.min_double_carriers,
        detail_p=arguments.detail_p,
        lead_p=arguments.lead_p or None,
        robust=arguments.robust,
        permutations=arguments.permutations,
        workers=arguments.workers,
        device=arguments.device,
        pairs=PairOptions(dominance=arguments.dominance, missing=arguments.missing),
        weights=weights_of(arguments),
    )


def _trans_options(arguments: argparse.Namespace) -> TransOptions:
    return TransOptions(
        p=arguments.p,
        cis_window=arguments.cis_window,
        permutations=arguments.permutations,
        mediation=not arguments.no_mediation,
        hotspot_window=arguments.hotspot_window,
        workers=arguments.workers,
        device=arguments.device,
        weights=weights_of(arguments),
    )


def _genes(arguments: argparse.Namespace, traits: TraitTable) -> pd.DataFrame | None:
    if arguments.genes:
        return read_gene_positions(arguments.genes, name=arguments.gene_name).table
    return traits.genes


def _pair_scan(arguments: argparse.Namespace, signature: dict[str, Any]) -> PairScan | None:
    if not arguments.scan:
        return None
    table, sums = read_table(arguments.scan), sums_of(arguments.scan, signature)
    return pair_scan_of(table, sums, where=f"--scan {arguments.scan}")


def _trans_scan(
    arguments: argparse.Namespace, signature: dict[str, Any], design: TransDesign
) -> TransScan | None:
    if not arguments.scan:
        return None
    table, sums = read_table(arguments.scan), sums_of(arguments.scan, signature)
    return trans_scan_of(table, sums, df=design.df, where=f"--scan {arguments.scan}")


# --- what comes out -------------------------------------------------------------------------


def _write_part(
    table: pd.DataFrame,
    sums: dict[str, Any],
    arguments: argparse.Namespace,
    console: Console,
    *,
    signature: dict[str, Any],
) -> None:
    note = shard_note(arguments.shard, None, sums=sums)
    told = {"command": arguments.command_line, **signature, **note}
    write_table(table, arguments.out, provenance=told, allow_empty=True)
    console.result(f"{len(table):,} tests up to p = {arguments.p:g}: {arguments.out}")


def _gxg_tables(result: GxGResult) -> dict[schemas.Schema, pd.DataFrame]:
    return {
        schemas.GXG: result.pairs,
        schemas.CALIBRATION: result.calibration,
        schemas.CONTROL: result.control,
        schemas.LEADS: result.leads,
        schemas.DROPS: result.drops,
    }


def _trans_tables(result: TransResult) -> dict[schemas.Schema, pd.DataFrame]:
    return {
        schemas.TRANSQTL: result.hits,
        schemas.HOTSPOTS: result.hotspots,
        schemas.CALIBRATION: result.calibration,
        schemas.CONTROL: result.control,
        schemas.DROPS: result.drops,
    }


def _write(
    out: str,
    tables: dict[schemas.Schema, pd.DataFrame],
    told: dict[str, Any],
    report: Callable[..., Path],
    result: GxGResult | TransResult,
) -> None:
    """All tables and the page of a scan in its folder."""
    folder = Path(out)
    make_folder(folder)
    for schema, table in tables.items():
        path = folder / f"{schema.name}.parquet"
        write_table(table, path, schema=schema, provenance=told, allow_empty=True)
    report(result, folder / REPORT, provenance=told)


def _tell_gxg(result: GxGResult, out: str, console: Console) -> None:
    _tell_decisions(result, console)
    sides = [f"{name}_{k}" for k in (1, 2) for name in ("variant", "gene", "residue_change")]
    columns = [*sides, "beta", "p", "weight", "q", "q_weighted", "decision"]
    _tell_table(result.pairs, columns, "pairs", console)
    _tell_places(out, console)


def _tell_trans(result: TransResult, out: str, console: Console) -> None:
    _tell_decisions(result, console)
    columns = ["variant", "gene", "trait", "beta", "p", "weight", "q", "q_weighted", "decision",
               "cis_gene"]  # fmt: skip
    _tell_table(result.hits, columns, "tests", console)
    if len(result.hotspots):
        console.result("hotspots:")
        shown = ["chrom", "start", "end", "n_traits", "expected", "lead_variant", "genes"]
        console.result(result.hotspots[shown].head(_SHOWN).to_string(index=False))
    _tell_places(out, console)


def _tell_decisions(result: GxGResult | TransResult, console: Console) -> None:
    console.result(f"{result.n_tests:,} tests; inflation {result.inflation:.3f}")
    control = result.control[result.control["procedure"] == "Benjamini-Hochberg"]
    found = control.set_index("weights")["discoveries"]
    told = f"discoveries at {result.alpha:g}: {found['none']:.0f}"
    if "evidence" in found:
        told += f" without weights, {found['evidence']:.0f} with the evidence's"
    if "shuffled" in found:
        told += f", {found['shuffled']:.1f} with shuffled ones"
    console.result(told + ("" if "evidence" in found else " (no evidence was given)"))
    for notice in result.notices:
        console.result(f"note: {notice}")
    if len(result.drops):
        console.note(drops_text(result.drops))


def _tell_table(table: pd.DataFrame, columns: list[str], what: str, console: Console) -> None:
    if table.empty:
        return
    shown = table.head(_SHOWN)[[name for name in columns if not table[name].isna().all()]]
    console.result(f"the first {len(shown)} {what}:")
    console.result(shown.to_string(index=False, float_format="{:.3g}".format))


def _tell_places(out: str, console: Console) -> None:
    console.result(f"page:   {Path(out) / REPORT}")
    console.result(f"tables: {out}/*.parquet")
