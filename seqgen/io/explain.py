"""How a file of summary statistics is understood, without reading it."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import pandas as pd

from seqgen.errors import InputError, SeqgenWarning
from seqgen.io.columns import recognise, traits_of
from seqgen.io.genome_build import Places, checked_build, settled_build
from seqgen.io.sumstats import Asked, Plan, first_rows, plan_of, told_build
from seqgen.io.sumstats_source import open_source
from seqgen.io.told_by_cells import settle_by_cells
from seqgen.io.variant_names import place_in_names


@dataclass(frozen=True)
class Explanation:
    """What `explain_sumstats` found.

    Attributes
    ----------
    kind : str
        What the file is.
    dialect : str or None
        The tool or archive whose columns these are.
    build : str or None
        Genome build of the positions.
    build_because : str
        What says so: the caller, the file, or the places of its first variants.
    columns : DataFrame
        One row per column of the file: ``column``, ``read_as`` (``-`` where it is not read),
        ``because``, ``first_value``.
    effect : str
        What beta, se, z and p will be taken from.
    remarks : tuple of str
    problems : tuple of str
        Why the file cannot be read as it is, and what settles it.
    """

    kind: str
    dialect: str | None
    build: str | None
    build_because: str
    columns: pd.DataFrame = field(repr=False)
    effect: str
    remarks: tuple[str, ...]
    problems: tuple[str, ...]

    def to_text(self) -> str:
        """The same for a screen."""
        lines = [
            f"file:    {self.kind}",
            f"format:  {self.dialect or 'plainly named columns'}",
            f"build:   {self._build()}",
            "",
            self.columns.to_string(index=False, justify="left"),
            "",
            f"effect:  {self.effect}",
            *(f"note:    {remark}" for remark in self.remarks),
            *(f"problem: {problem}" for problem in self.problems),
        ]
        return "\n".join(lines)

    def _build(self) -> str:
        if self.build is None:
            return "not told, neither by the file nor by where its first variants lie"
        return f"{self.build} ({self.build_because})"


def explain_sumstats(
    path: str | os.PathLike[str],
    *,
    columns: Mapping[str, str] | None = None,
    trait: str | None = None,
    bim: str | os.PathLike[str] | None = None,
    build: str | None = None,
) -> Explanation:
    """Say how each column of a file of summary statistics is understood.

    Parameters
    ----------
    path, columns, trait, bim, build
        As of `read_sumstats`.

    Returns
    -------
    Explanation

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If the file is empty or damaged.

    Examples
    --------
    >>> from seqgen.io.resources import demo_sumstats_path
    >>> found = explain_sumstats(demo_sumstats_path())
    >>> found.dialect, found.effect
    ('GCTA fastGWA', 'beta and se as they are')
    """
    source = open_source(path, trait)
    problems: list[str] = []
    of_columns = None if source.kind.startswith("GWAS-VCF") else trait
    layout = recognise(
        source.header, columns, where=source.path.name, trait=of_columns, problems=problems
    )
    layout = settle_by_cells(source, place_in_names(source, layout))
    effect = "not settled"
    told, places = told_build(source, layout), Places()
    try:
        plan = plan_of(path, columns, Asked(trait=trait, bim=bim))
        effect = _in_words(plan.route, layout.columns)
        places = _places(plan)
    except InputError as error:
        if not problems:
            problems.append(str(error).replace(f"{source.path}: ", ""))
    found, because = None, ""
    try:
        stated = checked_build(build)
        found, because = settled_build(stated, told, places, where=source.path.name)
    except InputError as error:
        problems.append(str(error))
    remarks = (*source.remarks, *layout.remarks)
    if len(traits_of(source.header)) > 1 and trait is None:
        remarks += (f"several traits: {', '.join(traits_of(source.header))}",)
    read_as = {at: name for name, at in layout.columns.items()}
    rows = [
        (
            name,
            read_as.get(at, "-"),
            layout.reasons.get(read_as.get(at, ""), "not needed"),
            next(iter(source.first(at, 1)), ""),
        )
        for at, name in enumerate(source.header)
    ]
    table = pd.DataFrame(rows, columns=["column", "read_as", "because", "first_value"])
    return Explanation(
        source.kind,
        layout.dialect or ("GWAS-VCF" if source.kind.startswith("GWAS-VCF") else None),
        found,
        because,
        table.fillna(""),
        effect,
        remarks,
        tuple(problems),
    )


def _places(plan: Plan) -> Places:
    """What the places of the file's first rows tell; nothing where they cannot be read."""
    places = Places()
    with suppress(InputError), warnings.catch_warnings():
        warnings.simplefilter("ignore", SeqgenWarning)
        frame = first_rows(plan)
        if frame is not None and len(frame):
            places.look(frame)
    return places


def _in_words(route: tuple[str, ...], columns: Mapping[str, int]) -> str:
    ratio = next((name for name in ("odds_ratio", "hazard_ratio") if name in columns), None)
    words = {name: name for name in route}
    if "beta" in route and ratio and "beta" not in columns:
        words["beta"] = f"ln({ratio})"
    if "se" in route and "se" not in columns:
        words["se"] = "se from the 95% confidence interval"
    if route == ("beta", "se"):
        plain = all(words[name] == name for name in route)
        return f"{words['beta']} and {words['se']}" + (" as they are" if plain else "")
    return "derived from " + ", ".join(words[name] for name in route)
