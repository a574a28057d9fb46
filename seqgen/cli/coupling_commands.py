"""Subcommands for alignments and couplings: read, call the public function, write, say where."""

from __future__ import annotations

import argparse
import re
from dataclasses import replace
from pathlib import Path

from seqgen.alignment import Alignment, Residues
from seqgen.cli.console import Console
from seqgen.cli.coupling_arguments import BELONGS_TO, FAMILY, NEEDS
from seqgen.cli.subcommand import check_outputs, unique
from seqgen.couplings import (
    add_significance,
    alignment_depth,
    annotate_couplings,
    attention_contacts,
    categorical_jacobian,
    contact_precision,
    fit_potts,
    linked_jacobian,
    pair_alignments,
    potts_couplings,
    residue_distances,
)
from seqgen.errors import InputError, OutputError
from seqgen.io.alignments import read_alignment, write_alignment
from seqgen.io.couplings import write_couplings
from seqgen.io.sequences import read_fasta
from seqgen.io.structures import read_structure
from seqgen.io.tables import read_table
from seqgen.results import Couplings
from seqgen.structure import ResidueDistances, Structure

_SHOWN = 10
_RANGE = re.compile(r"(?P<name>.+)/(?P<start>[1-9]\d*)-(?P<end>\d+)")
_TABLE = r"\.(parquet|[tc]sv(\.gz)?)$"
_ALIGNMENT = r"\.(a2m|a3m|fa|fasta|afa)(\.gz)?$"
_SUFFIXES = ".a2m, .a3m, .fa, .fasta or .afa, also .gz"
PICTURES = (".png", ".svg", ".pdf")


def align(arguments: argparse.Namespace, console: Console) -> None:
    """``seqgen align``."""
    from seqgen.io.homologs import search_homologs

    check_outputs({"--out": arguments.out}, (arguments.sequence, arguments.database))
    ((name, sequence),) = _proteins(arguments.sequence, (1,))
    alignment = search_homologs(
        sequence,
        arguments.database,
        tool=arguments.tool,
        out=arguments.out,
        name=name,
        evalue=arguments.evalue,
        iterations=arguments.iterations,
        threads=arguments.threads,
    )
    _tell_drops(alignment, console)
    console.result(
        f"{alignment.n_sequences:,} sequences, {alignment.length} columns: {arguments.out}"
    )
    console.result(f"the alignment is {alignment_depth(alignment).verdict}")


def pair(arguments: argparse.Namespace, console: Console) -> None:
    """``seqgen pair``."""
    inputs = (arguments.first, arguments.second, arguments.pairs)
    check_outputs({"--out": arguments.out}, inputs)
    if not re.search(_ALIGNMENT, arguments.out):
        raise InputError(f"--out '{arguments.out}': alignments are written as {_SUFFIXES}")
    first, second = read_alignment(arguments.first), read_alignment(arguments.second)
    paired = _paired(first, second, arguments, arguments.by)
    _tell_drops(paired, console)
    write_alignment(paired, arguments.out)
    console.result(f"{paired.n_sequences:,} pairs, {paired.length} columns: {arguments.out}")


def couplings(arguments: argparse.Namespace, console: Console) -> None:
    """``seqgen couplings``."""
    _check_options(arguments)
    structure = None if arguments.structure is None else read_structure(arguments.structure)
    if arguments.method in FAMILY:
        found, distances = _from_alignment(arguments, structure, console)
    else:
        found, distances = _from_language_model(arguments, structure, console)
    for notice in (*found.notices, *(() if distances is None else distances.notices)):
        console.note(f"  note: {notice}")
    write_couplings(found, arguments.out, provenance={"command": arguments.command_line})
    pictures = _draw(found, distances, arguments)
    console.result(f"{len(found.to_frame()):,} pairs of residues: {arguments.out}")
    for path in pictures:
        console.result(f"picture: {path}")
    if distances is not None:
        _tell_precision(found, distances, console)
    _tell_strongest(found, distances, console)


def _check_options(arguments: argparse.Namespace) -> None:
    """What cannot work is told before the fit, not after."""
    for option, methods in BELONGS_TO.items():
        if getattr(arguments, option) is not None and arguments.method not in methods:
            raise InputError(
                f"--{option.replace('_', '-')} has no meaning for --method {arguments.method}; it "
                f"belongs to {', '.join(methods)}: leave it out, or use one of these"
            )
    for option, other in NEEDS.items():
        if getattr(arguments, option) is not None and getattr(arguments, other) is None:
            raise InputError(f"--{option.replace('_', '-')} needs --{other.replace('_', '-')} FILE")
    for path in (arguments.plot, arguments.arcs):
        if path and Path(path).suffix.lower() not in PICTURES:
            raise InputError(f"'{path}': pictures are written as {', '.join(PICTURES)}")
    if arguments.save_model and not arguments.save_model.endswith(".safetensors"):
        raise InputError(f"--save-model '{arguments.save_model}': expected a name in .safetensors")
    outputs = {"--out": arguments.out, "--save-model": arguments.save_model,
               "--plot": arguments.plot, "--arcs": arguments.arcs}  # fmt: skip
    inputs = (arguments.input, arguments.pair_with, arguments.pairs, arguments.structure)
    if not re.search(_TABLE, arguments.out):
        raise OutputError(f"--out '{arguments.out}': expected .parquet, .tsv, .tsv.gz, .csv")
    check_outputs(outputs, inputs)


# --- where couplings come from --------------------------------------------------------------


def _from_alignment(
    arguments: argparse.Namespace, structure: Structure | None, console: Console
) -> tuple[Couplings, ResidueDistances | None]:
    alignment = _read(arguments.input, arguments, console)
    if arguments.pair_with:
        second = _read(arguments.pair_with, arguments, console)
        alignment = _paired(alignment, second, arguments, arguments.pair_by or "species")
        console.note(f"  {alignment.n_sequences:,} pairs of sequences")
    residues = alignment.residues
    names = residues.names
    between = (names[0], names[1]) if len(names) == 2 else None
    sides = (residues, residues)
    if between is not None:
        sides = (residues.take(residues.proteins == names[0]),
                 residues.take(residues.proteins == names[1]))  # fmt: skip
    distances = _distances(sides, structure, alignment, arguments)
    given = {
        name: getattr(arguments, name)
        for name in ("gaps", "lambda_J", "pseudocount", "identity", "min_depth", "device",
                     "threads")
        if getattr(arguments, name) is not None
    }  # fmt: skip
    model = fit_potts(
        alignment,
        method=arguments.method,
        progress=lambda step, loss: console.note(f"  iteration {step}: loss {loss:,.0f}"),
        **given,
    )
    if not model.settings["notices"]:
        console.note(f"  the alignment is {model.settings['depth']}")
    if arguments.save_model:
        model.save(arguments.save_model)
        console.result(f"Potts model: {arguments.save_model}")
    return potts_couplings(model, between=between), distances


def _from_language_model(
    arguments: argparse.Namespace, structure: Structure | None, console: Console
) -> tuple[Couplings, ResidueDistances | None]:
    from seqgen.models.registry import load_model

    proteins = _proteins(arguments.input, (1, 2))
    residues = [_numbered(name, sequence, arguments.start) for name, sequence in proteins]
    if len(residues) == 2 and arguments.method == "attention":
        raise InputError(
            f"{arguments.input}: two proteins; --method attention takes one, "
            "--method categorical-jacobian joins two by a linker"
        )
    for option in ("linkers", "shuffles"):
        if len(residues) == 1 and getattr(arguments, option) is not None:
            raise InputError(f"--{option} is for two proteins; {arguments.input} holds one")
    distances = _distances((residues[0], residues[-1]), structure, None, arguments)
    model = load_model(arguments.model or "default", device=arguments.device)

    def progress(done: int, total: int) -> None:
        console.progress("asking the model", done, total)

    names = [side.names[0] for side in residues]
    first, last = residues[0], residues[-1]
    how = arguments.jacobian or "full"
    if arguments.method == "attention":
        found = attention_contacts(model, first.letters, name=names[0])
    elif len(residues) == 1:
        found = categorical_jacobian(
            model, first.letters, name=names[0], method=how, progress=progress
        )
        # What stands out in a weak model are neighbours along the chain: z, no probability.
        found = replace(add_significance(found), probability=None)
    else:
        linkers = {} if arguments.linkers is None else {"linkers": arguments.linkers}
        found = linked_jacobian(
            model, first.letters, last.letters, names=(names[0], names[1]), method=how,
            shuffles=arguments.shuffles or 0, progress=progress, **linkers,
        )  # fmt: skip
    columns = first if found.symmetric else last
    return replace(found, rows=first, columns=columns), distances


def _numbered(name: str, sequence: str, start: int | None) -> Residues:
    """Residues numbered from a header such as ``P31751/152-409``, from ``start``, or from 1."""
    ranged = _RANGE.fullmatch(name)
    if ranged is None or int(ranged["end"]) - int(ranged["start"]) + 1 != len(sequence):
        return Residues.of_protein(sequence, name, 1 if start is None else start)
    first = int(ranged["start"]) if start is None else start
    return Residues.of_protein(sequence, ranged["name"], first)


def _paired(
    first: Alignment, second: Alignment, arguments: argparse.Namespace, by: str
) -> Alignment:
    if (by == "pairs") != (arguments.pairs is not None):
        raise InputError("pairing by pairs and --pairs TABLE belong together; give both or neither")
    table = None if arguments.pairs is None else read_table(arguments.pairs)
    names = None if arguments.names is None else (arguments.names[0], arguments.names[1])
    hits = getattr(arguments, "hits", "best")
    return pair_alignments(first, second, by=by, pairs=table, hits=hits, names=names)


def _read(path: str, arguments: argparse.Namespace, console: Console) -> Alignment:
    given = {
        name: getattr(arguments, name)
        for name in ("focus", "start", "min_sequence_coverage", "min_column_coverage")
        if getattr(arguments, name) is not None
    }
    alignment = read_alignment(path, **given)
    console.note(f"  {path}: {alignment.n_sequences:,} sequences, {alignment.length} columns")
    _tell_drops(alignment, console)
    return alignment


def _proteins(path: str, counts: tuple[int, ...]) -> list[tuple[str, str]]:
    """Names and sequences of a FASTA that holds that many."""
    found = list(read_fasta(path).items())
    if len(found) not in counts:
        raise InputError(
            f"{path}: {len(found)} sequences; expected {' or '.join(map(str, counts))}"
            + ("" if len(found) < 3 else ". Alignments go with --method plm or mean-field")
        )
    return found


# --- what is made of them -------------------------------------------------------------------


def _distances(
    sides: tuple[Residues, Residues],
    structure: Structure | None,
    profile: Alignment | None,
    arguments: argparse.Namespace,
) -> ResidueDistances | None:
    """Distances in the structure, where one was named."""
    if structure is None:
        return None
    given = unique("--chains", arguments.chains)
    chains = None if given is None else {name: text.split(",") for name, text in given.items()}
    return residue_distances(
        *sides, structure, chains=chains, atoms=arguments.atoms or "cb", profile=profile
    )


def _tell_precision(found: Couplings, distances: ResidueDistances, console: Console) -> None:
    table = contact_precision(found, distances)
    shown = table[table["separation"].isin(["all", "long", "between"])]
    atoms = "C-beta" if distances.atoms == "cb" else "heavy atoms"
    console.result(f"contacts ({atoms} closer than 8 A) among the strongest pairs:")
    columns = ["separation", "top", "n", "precision", "lower", "upper", "base_rate", "n_unresolved"]
    console.result(shown[columns].to_string(index=False, float_format="{:.3f}".format))


def _tell_strongest(found: Couplings, distances: ResidueDistances | None, console: Console) -> None:
    frame = found.to_frame(min_separation=6).head(_SHOWN)
    if frame.empty:
        return
    columns = ["protein_1", "residue_1", "position_1", "protein_2", "residue_2", "position_2",
               "score", "z", "probability", "p"]  # fmt: skip
    if distances is not None:
        frame = annotate_couplings(frame, distances)
        columns.append("distance")
    if found.symmetric:
        columns.remove("protein_2")
    columns = [name for name in columns if not frame[name].isna().all()]
    apart = ", at least 6 positions apart" if found.symmetric else ""
    console.result(f"the {len(frame)} strongest pairs{apart}:")
    console.result(frame[columns].to_string(index=False, float_format="{:.3g}".format))


def _draw(
    found: Couplings, distances: ResidueDistances | None, arguments: argparse.Namespace
) -> list[Path]:
    if not (arguments.plot or arguments.arcs):
        return []
    from seqgen.plots import plot_arcs, plot_contact_map, save_figure

    wanted = ((arguments.plot, plot_contact_map), (arguments.arcs, plot_arcs))
    return [
        save_figure(plot(found, distances=distances).figure, path) for path, plot in wanted if path
    ]


def _tell_drops(alignment: Alignment, console: Console) -> None:
    for row in alignment.drops.itertuples():
        console.note(f"  {row.count:,} {row.action}: {row.reason} (such as {row.example})")
