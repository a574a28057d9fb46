"""What the scans of the shell read: genotypes, traits, covariates, relatedness, leads."""

from __future__ import annotations

import argparse
import datetime
import platform
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd

from seqgen import __version__
from seqgen.cli.console import Console
from seqgen.errors import InputError
from seqgen.io.genotype_files import genotype_files
from seqgen.io.genotype_source import GenotypeSource, named_variants
from seqgen.io.genotypes import read_genotypes
from seqgen.io.kinship import read_kinship
from seqgen.io.tables import read_provenance, read_table
from seqgen.io.tally import drops_text
from seqgen.io.traits import TraitTable, read_traits
from seqgen.pipeline.store import file_sha256
from seqgen.scans.listed import require_columns
from seqgen.weighted_testing import WeightOptions

_PACKAGES = ("numpy", "scipy", "pandas")
# Files that tests depend on; those that only weights and details depend on are not among them.
_TESTED_FILES = ("traits", "covariates", "kinship", "loco", "genes", "cross_mappable")


def open_genotypes(path: str, console: Console) -> GenotypeSource:
    """Genotypes, and a line about them."""
    source = read_genotypes(path)
    console.note(f"  {path}: {len(source.variants):,} variants, {source.n_people:,} people")
    if len(source.drops):
        console.note(drops_text(source.drops))
    return source


def traits_of(
    arguments: argparse.Namespace,
    path: str,
    source: GenotypeSource,
    console: Console,
    **options: Any,
) -> TraitTable:
    """Traits or covariates of the people with genotypes, and a line about them."""
    if path == arguments.traits:
        options["orientation"] = arguments.orientation
    table = read_traits(path, people=list(source.people), **options)
    console.note(f"  {path}: {table.values.shape[1]:,} columns, {len(table.values):,} people")
    if len(table.drops):
        console.note(drops_text(table.drops))
    return table


def one_trait(arguments: argparse.Namespace, source: GenotypeSource, console: Console) -> pd.Series:
    """The trait that ``--trait`` names, or the only one."""
    options: dict[str, Any] = {}
    if arguments.binary or arguments.quantitative:
        options["binary"] = arguments.binary
    if arguments.trait is not None:
        options["columns"] = [arguments.trait]
    table = traits_of(arguments, arguments.traits, source, console, **options)
    names = list(map(str, table.values.columns))
    if len(names) > 1:
        more = " ..." if len(names) > 8 else ""
        raise InputError(
            f"{arguments.traits}: has traits {', '.join(names[:8])}{more}; name one: --trait NAME"
        )
    return table.values.iloc[:, 0]


def covariates_of(
    arguments: argparse.Namespace, source: GenotypeSource, console: Console
) -> pd.DataFrame | None:
    """The table of covariates, where one is named."""
    if not arguments.covariates:
        return None
    return traits_of(arguments, arguments.covariates, source, console).values


def kinship_of(arguments: argparse.Namespace) -> pd.DataFrame | None:
    """The kinship, where one is named."""
    return read_kinship(arguments.kinship) if arguments.kinship else None


def evidence_of(
    arguments: argparse.Namespace, columns: tuple[str, ...], made_by: str
) -> pd.DataFrame | None:
    """The table of evidence, where one is named."""
    if not arguments.evidence:
        return None
    table = read_table(arguments.evidence)
    require_columns(table, columns, made_by=f"seqgen {made_by}")
    return table


def leads_of(path: str | None, source: GenotypeSource, console: Console) -> list[str] | None:
    """Leads that have genotypes; those that have none are counted."""
    if path is None:
        return None
    named = pd.Index(_named_leads(path))
    known = named[named.isin(source.variant_names)]
    if len(named) and not len(known):
        raise InputError(
            f"--leads {path}: none of {len(named):,}, such as {named[0]!r}, is among the "
            f"genotypes, which have such as {source.variant_names[0]!r}; use the same names"
        )
    if len(known) < len(named):
        absent = named[~named.isin(known)]
        console.note(
            f"  {len(absent):,} of {len(named):,} leads have no genotypes (such as {absent[0]})"
        )
    return known.tolist()


def _named_leads(path: str) -> list[str]:
    """Column ``lead``, or the strongest variant of each credible set of a run."""
    table = read_table(path)
    if "lead" in table:
        return table["lead"].dropna().astype(str).drop_duplicates().tolist()
    needed = ["locus", "rsid", "pip", "cs_id"]
    if not set(needed) <= set(table):
        raise InputError(
            f"{path}: has columns {', '.join(map(str, table.columns[:8]))}; expected lead, or a "
            f"table of fine-mapped variants with {', '.join(needed)}"
        )
    inside = table[table["cs_id"].notna()].sort_values("pip", ascending=False, kind="stable")
    return inside.drop_duplicates(["locus", "cs_id"])["rsid"].dropna().astype(str).tolist()


def near_evidence(
    source: GenotypeSource,
    evidence: pd.DataFrame,
    leads: list[str] | None,
    *,
    window: int,
    console: Console,
) -> GenotypeSource:
    """The variants of the evidence, those within ``window`` of them, and leads."""
    table = named_variants(source)
    names = pd.Index(table["variant"])
    wanted = [*evidence["variant_1"].astype(str), *evidence["variant_2"].astype(str)]
    listed = names.isin([*wanted, *(leads or [])])
    keep = listed.copy()
    if window:
        for _, there in table.groupby("chrom", sort=False):
            pos = there["pos"].to_numpy(dtype=np.int64)
            order = np.argsort(pos, kind="stable")
            places = np.sort(pos[listed[there.index]])
            if not len(places):
                continue
            after = np.searchsorted(places, pos[order] - window)
            near = (after < len(places)) & (
                places[np.minimum(after, len(places) - 1)] <= pos[order] + window
            )
            keep[there.index[order[near]]] = True
    if not keep.any():
        return source
    console.note(
        f"  {int(listed.sum()):,} variants in listed pairs or leads"
        + (f", {int((keep & ~listed).sum()):,} around them to find leads among" if window else "")
    )
    return source.take(np.flatnonzero(keep))


def weights_of(arguments: argparse.Namespace) -> WeightOptions:
    """How evidence becomes weights."""
    return WeightOptions(
        alpha=arguments.alpha,
        scheme=arguments.scheme,
        uniform_share=arguments.uniform_share,
        rest_weight=arguments.rest_weight,
        shuffles=arguments.shuffles,
        seed=arguments.seed,
    )


def scan_signature(arguments: argparse.Namespace, settings: dict[str, Any]) -> dict[str, Any]:
    """Everything that the tests of a scan depend on, by name: parts must agree in it."""
    signature = dict(settings)
    genotypes = [file_sha256(path) for path in genotype_files(arguments.genotypes)]
    signature["sha256 of genotypes"] = ", ".join(genotypes)
    for name in _TESTED_FILES:
        path = getattr(arguments, name, None)
        signature[f"sha256 of {name}"] = file_sha256(path) if path else None
    return signature


def scan_provenance(
    arguments: argparse.Namespace,
    signature: dict[str, Any],
    parameters: dict[str, Any],
) -> dict[str, Any]:
    """What was run, on what, with which settings."""
    files = genotype_files(arguments.genotypes)
    sums = dict(zip(files, signature["sha256 of genotypes"].split(", "), strict=True))
    for name in (*_TESTED_FILES, "evidence", "leads", "scan"):
        path = getattr(arguments, name, None)
        if path:
            sums[path] = signature.get(f"sha256 of {name}") or file_sha256(path)
    settings = {k: v for k, v in signature.items() if not k.startswith("sha256")}
    return {
        "seqgen_version": __version__,
        "command": arguments.command_line,
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "seed": arguments.seed,
        "inputs": [{"path": path, "sha256": value} for path, value in sums.items()],
        "parameters": {**settings, **parameters},
        "python": platform.python_version(),
        "packages": {name: version(name) for name in _PACKAGES},
    }


def sums_of(path: str, signature: dict[str, Any]) -> dict[str, Any]:
    """What adds up over the parts of a scan, from the merged table's provenance.

    Raises
    ------
    InputError
        If the table was not merged from parts, or they were made from other inputs or settings.
    """
    told = read_provenance(path)
    if "sums" not in told:
        raise InputError(
            f"--scan {path}: is not what `seqgen merge` makes of all parts of a scan (--shard)"
        )
    apart = [name for name, value in signature.items() if told.get(name) != value]
    if apart:
        found = "; ".join(_difference(name, told.get(name), signature[name]) for name in apart)
        raise InputError(
            f"--scan {path}: its parts were made otherwise than this command would test: {found}; "
            "give the same files and flags as for the parts"
        )
    return dict(told["sums"])


def _difference(name: str, there: Any, here: Any) -> str:
    if name.startswith("sha256 of "):
        return f"another file of {name.removeprefix('sha256 of ')}"
    return f"{name} {there!r}, here {here!r}"
