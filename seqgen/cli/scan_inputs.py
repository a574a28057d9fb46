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
from seqgen.io.genotype_source import GenotypeSource, named_variants
from seqgen.io.genotypes import read_genotypes
from seqgen.io.kinship import read_kinship
from seqgen.io.tables import read_provenance, read_table
from seqgen.io.tally import drops_text
from seqgen.io.traits import TraitTable, read_traits
from seqgen.pipeline.store import file_sha256
from seqgen.weighted_testing import WeightOptions

_PACKAGES = ("numpy", "scipy", "pandas")


def open_genotypes(path: str, console: Console) -> GenotypeSource:
    """Genotypes, and a line about them."""
    source = read_genotypes(path)
    console.note(f"  {path}: {len(source.variants):,} variants, {source.n_people:,} people")
    return source


def traits_of(path: str, source: GenotypeSource, console: Console, **options: Any) -> TraitTable:
    """Traits or covariates of the people with genotypes, and a line about them."""
    table = read_traits(path, people=source.people, **options)
    console.note(f"  {path}: {table.values.shape[1]:,} columns, {len(table.values):,} people")
    if len(table.drops):
        console.note(drops_text(table.drops))
    return table


def one_trait(arguments: argparse.Namespace, source: GenotypeSource, console: Console) -> pd.Series:
    """The trait that ``--trait`` names, or the only one."""
    options: dict[str, Any] = {"binary": True} if arguments.binary else {}
    if arguments.trait is not None:
        options["columns"] = [arguments.trait]
    table = traits_of(arguments.traits, source, console, **options)
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
    return traits_of(arguments.covariates, source, console).values


def kinship_of(arguments: argparse.Namespace) -> pd.DataFrame | None:
    """The kinship, where one is named."""
    return read_kinship(arguments.kinship) if arguments.kinship else None


def evidence_of(arguments: argparse.Namespace) -> pd.DataFrame | None:
    """The table of evidence, where one is named."""
    return read_table(arguments.evidence) if arguments.evidence else None


def leads_of(path: str | None) -> list[str] | None:
    """Names of leads: column ``lead``, or the strongest variant of each credible set of a run."""
    if path is None:
        return None
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
    source: GenotypeSource, evidence: pd.DataFrame, leads: list[str] | None, *, window: int
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
    return source.take(np.flatnonzero(keep)) if keep.any() else source


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


def scan_provenance(
    arguments: argparse.Namespace, inputs: list[str | None], parameters: dict[str, Any]
) -> dict[str, Any]:
    """What was run, on what, with which settings."""
    return {
        "seqgen_version": __version__,
        "command": arguments.command_line,
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "seed": arguments.seed,
        "inputs": [{"path": path, "sha256": file_sha256(path)} for path in inputs if path],
        "parameters": parameters,
        "python": platform.python_version(),
        "packages": {name: version(name) for name in _PACKAGES},
    }


def sums_of(path: str) -> dict[str, Any]:
    """What adds up over the parts of a scan, from the merged table's provenance."""
    told = read_provenance(path)
    if "sums" not in told:
        raise InputError(
            f"--scan {path}: is not what `seqgen merge` makes of all parts of a scan (--shard)"
        )
    return dict(told["sums"])
