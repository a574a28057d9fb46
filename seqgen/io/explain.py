"""How a file of summary statistics is understood, without reading it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from seqgen.errors import InputError
from seqgen.io.columns import recognise, traits_of
from seqgen.io.sumstats import Asked, plan_of
from seqgen.io.sumstats_source import open_source
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
        Genome build that the file tells.
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
    columns: pd.DataFrame = field(repr=False)
    effect: str
    remarks: tuple[str, ...]
    problems: tuple[str, ...]

    def to_text(self) -> str:
        """The same for a screen."""
        lines = [
            f"file:    {self.kind}",
            f"format:  {self.dialect or 'plainly named columns'}",
            f"build:   {self.build or 'not told'}",
            "",
            self.columns.to_string(index=False, justify="left"),
            "",
            f"effect:  {self.effect}",
            *(f"note:    {remark}" for remark in self.remarks),
            *(f"problem: {problem}" for problem in self.problems),
        ]
        return "\n".join(lines)


def explain_sumstats(
    path: str | os.PathLike[str],
    *,
    columns: Mapping[str, str] | None = None,
    trait: str | None = None,
    bim: str | os.PathLike[str] | None = None,
) -> Explanation:
    """Say how each column of a file of summary statistics is understood.

    Parameters
    ----------
    path, columns, trait, bim
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
    layout = place_in_names(source, layout)
    effect = "not settled"
    try:
        route = plan_of(path, columns, Asked(trait=trait, bim=bim)).route
        effect = _in_words(route, layout.columns)
    except InputError as error:
        if not problems:
            problems.append(str(error).replace(f"{source.path}: ", ""))
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
        layout.build or source.build,
        table.fillna(""),
        effect,
        remarks,
        tuple(problems),
    )


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
