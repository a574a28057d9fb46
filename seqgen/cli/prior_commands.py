"""``seqgen torus-prior`` and ``seqgen export-prior``: priors from and for tables of any kind."""

from __future__ import annotations

import argparse

import pandas as pd

from seqgen.cli.console import Console
from seqgen.cli.subcommand import check_outputs, unique
from seqgen.errors import InputError
from seqgen.io.tables import read_table, write_table
from seqgen.pipeline.store import file_sha256
from seqgen.priors import (
    annotate_intervals,
    fit_torus_prior,
    prior_terms,
    prior_weights,
)
from seqgen.priors import (
    export_prior as export,
)


def torus_prior(arguments: argparse.Namespace, console: Console) -> None:
    """``seqgen torus-prior``."""
    beds = unique("--bed", arguments.bed) or {}
    check_outputs(
        {"--out": arguments.out, "--weights-out": arguments.weights_out},
        [arguments.variants, *beds.values()],
    )
    table = read_table(arguments.variants)
    lacking = [name for name in ("locus", "z") if name not in table]
    if lacking:
        raise InputError(
            f"{arguments.variants}: no column {', '.join(lacking)}; expected locus, z and the "
            "annotations, such as of the variants of `seqgen finemap`"
        )
    taken = [name for name in beds if name in table]
    if taken:
        raise InputError(f"--bed {taken[0]}: the table has a column of that name; choose another")
    if not [*arguments.columns, *beds]:
        raise InputError("nothing to learn from; name annotations by --columns or --bed")
    annotated = table.join(annotate_intervals(table, beds)) if beds else table
    terms = prior_terms(
        annotated,
        [*arguments.columns, *beds],
        binned=_bins(unique("--binned", arguments.binned)),
        missing=arguments.missing,
    )
    fit = fit_torus_prior(terms.annotations, z=table["z"], penalty_sd=arguments.penalty_sd)
    if not fit.converged:
        console.note("warning: the coefficients were still moving after the last round")
    console.result(fit.coefficients.to_string(index=False))
    gain = fit.log_likelihood - fit.log_likelihood_flat
    console.result(f"log-likelihood over the flat prior, on the same loci: {gain:.2f}")
    told = {
        "command": arguments.command_line,
        "inputs_sha256": [file_sha256(path) for path in (arguments.variants, *beds.values())],
        "log_likelihood": fit.log_likelihood,
        "log_likelihood_flat": fit.log_likelihood_flat,
        "terms": terms.rules.astype(object).to_dict("list"),
    }
    write_table(fit.coefficients, arguments.out, provenance=_plain(told))
    if arguments.weights_out:
        weights = prior_weights(terms.annotations, fit.coefficients)
        weighted = table.assign(prior=weights, torus_pip=fit.pip)
        write_table(weighted, arguments.weights_out, provenance=_plain(told))
        console.result(f"prior of each variant: {arguments.weights_out}")


def export_prior(arguments: argparse.Namespace, console: Console) -> None:
    """``seqgen export-prior``."""
    check_outputs({"--out": arguments.out}, [arguments.variants])
    path = export(
        read_table(arguments.variants),
        arguments.out,
        format=arguments.format,
        expected_causal=arguments.expected_causal,
        provenance={
            "command": arguments.command_line,
            "inputs_sha256": [file_sha256(arguments.variants)],
        },
    )
    console.result(f"written for {arguments.format}: {path}")


def _bins(told: dict[str, str] | None) -> dict[str, int]:
    wrong = next((item for item in (told or {}).items() if not item[1].isdigit()), None)
    if wrong:
        raise InputError(f"--binned: found '{'='.join(wrong)}'; expected NAME=NUMBER of bins")
    return {name: int(bins) for name, bins in (told or {}).items()}


def _plain(told: dict) -> dict:
    """The same as JSON has it: infinite ends of bins as text."""
    rules = pd.DataFrame(told["terms"])
    ends = ["low", "high", "fill"]
    rules[ends] = rules[ends].astype(float).astype(str)
    return {**told, "terms": rules.to_dict("list")}
