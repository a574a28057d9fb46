"""Which column of a summary-statistics file is which; the names are in `header_names`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from seqgen.errors import InputError
from seqgen.io.header_names import (
    ALLELE_PAIRS,
    AMBIGUOUS_PAIRS,
    DANER,
    DIALECTS,
    EXACT_DIALECTS,
    FIRST_TAKEN,
    LINKED_FREQUENCIES,
    MARKED,
    NEALE,
    SYNONYMS,
    VAGUE_FREQUENCIES,
    Dialect,
)

_BUILD = re.compile(r"(HG1[789]|HG38|B3[678]|GRCH3[678]|BUILD3[678])$")
_SHORT = ("N", "EAF", "MAF", "INFO", "NCASES", "NCONTROLS")
_COMBINED = ("chrom_pos", "chrom_pos_other_effect", "chrom_pos_effect_other")
_BUILDS = {
    "17": "NCBI35",
    "18": "NCBI36",
    "36": "NCBI36",
    "19": "GRCh37",
    "37": "GRCh37",
    "38": "GRCh38",
}


@dataclass(frozen=True)
class Layout:
    """Where the standard columns are in a file.

    Attributes
    ----------
    header : tuple of str
        The file's column names.
    columns : dict of str to int
        Standard name to 0-based column; ``ref`` and ``alt`` where the other allele is whichever
        of the two is not the effect allele.
    remarks : tuple of str
        What was decided or left unused on purpose, and why.
    dialect : str or None
        The tool or archive whose file it is.
    reasons : dict of str to str
        Standard name to why its column was taken.
    constants : dict of str to float
        Numbers that the header holds: ``n_cases`` and ``n_controls`` of PGC files.
    build : str or None
        Genome build that a column's name tells.
    """

    header: tuple[str, ...]
    columns: dict[str, int]
    remarks: tuple[str, ...] = ()
    dialect: str | None = None
    reasons: dict[str, str] = field(default_factory=dict)
    constants: dict[str, float] = field(default_factory=dict)
    build: str | None = None

    def named(self, standard: str) -> str:
        """The file's own name of a standard column."""
        return self.header[self.columns[standard]]


def normalise(name: str) -> str:
    """The form in which column names are compared.

    Examples
    --------
    >>> normalise("#p.value")
    'PVALUE'
    """
    return "".join(letter for letter in name.upper() if letter.isalnum())


def recognise(
    header: Sequence[str],
    overrides: Mapping[str, str] | None = None,
    *,
    where: str = "header",
    trait: str | None = None,
    problems: list[str] | None = None,
) -> Layout:
    """Find the standard columns in a header.

    Parameters
    ----------
    header : sequence of str
        Column names of the file.
    overrides : mapping of str to str, optional
        Standard name to the file's column; goes before anything guessed.
    where : str
        What error messages call the file.
    trait : str, optional
        Which trait's columns to take where a file holds several (``beta_SMK``, ``SMK.beta``).
    problems : list of str, optional
        Takes what else would be raised, so that one sees what was found all the same.

    Returns
    -------
    Layout

    Raises
    ------
    InputError
        If an override names no column, two columns claim to be the same thing, or the
        alleles do not say which is the effect allele.
    """
    names = [normalise(name) for name in header]
    if trait is not None:
        names = _of_trait(header, names, trait, where)
    search = _Search(tuple(header), names, where)
    search.problems = problems
    search.take_overrides(overrides or {})
    dialect = search.dialect()
    search.take_synonyms(dialect)
    with search.told():
        search.find_alleles()
    search.find_frequency()
    return search.layout(dialect)


def traits_of(header: Sequence[str]) -> list[str]:
    """Names of the traits in a header such as ``beta_SMK, se_SMK, beta_BMI, se_BMI``."""
    told: dict[str, set[str]] = {}
    for column in header:
        for standard, trait in _split(column):
            told.setdefault(trait, set()).add(standard)
    return [
        trait for trait, has in told.items() if has & {"beta", "odds_ratio", "z"} and len(has) > 1
    ]


def _split(column: str) -> list[tuple[str, str]]:
    """Ways to read a column's name as a standard name and a trait."""
    parts = re.split(r"[._:|]", column)
    ways = []
    for at in range(1, len(parts)):
        for name, trait in ((parts[:at], parts[at:]), (parts[at:], parts[:at])):
            standard = _standard(normalise("".join(name)))
            whole = "".join(trait)
            if standard in ("beta", "odds_ratio", "z", "se", "p", "neg_log10_p") and whole:
                ways.append((standard, normalise(whole)))
    return ways


def _standard(name: str) -> str | None:
    return next((s for s, synonyms in SYNONYMS.items() if name in synonyms), None)


def _of_trait(header: Sequence[str], names: list[str], trait: str, where: str) -> list[str]:
    """The normalised names with the trait taken off its columns; those of others put away."""
    asked = normalise(trait)
    there = traits_of(header)
    if asked not in there:
        raise InputError(
            f"{where}: no trait '{trait}' in the header; found {', '.join(there) or 'none'}"
            f" in {', '.join(header)}"
        )
    out = []
    for column, name in zip(header, names, strict=True):
        bare = {name.removesuffix(asked), name.removeprefix(asked)} - {name}
        mine = next((b for b in bare if _standard(b)), None)
        foreign = any(t in there and t != asked for _, t in _split(column))
        foreign |= any(name in (s + t, t + s) for t in there if t != asked for s in _SHORT)
        longer = any(t.endswith(asked) and t != asked and name.endswith(t) for t in there)
        if mine and not longer:
            out.append(mine)
        else:
            out.append("" if foreign else name)
    return out


class _Search:
    """One header while its columns are found."""

    def __init__(self, header: tuple[str, ...], names: list[str], where: str) -> None:
        self.header = header
        self.names = names
        self.where = where
        self.found: dict[str, int] = {}
        self.reasons: dict[str, str] = {}
        self.remarks: list[str] = []
        self.constants: dict[str, float] = {}
        self.build: str | None = None
        self.problems: list[str] | None = None

    @contextmanager
    def told(self) -> Iterator[None]:
        """Errors go on the list of problems where there is one."""
        try:
            yield
        except InputError as error:
            if self.problems is None:
                raise
            self.problems.append(str(error))

    def layout(self, dialect: Dialect | None) -> Layout:
        """What was found."""
        return Layout(
            self.header,
            self.found,
            tuple(self.remarks),
            dialect.name if dialect else None,
            self.reasons,
            self.constants,
            self.build,
        )

    def take(self, standard: str, at: int, reason: str) -> None:
        self.found[standard] = at
        self.reasons[standard] = reason

    def take_overrides(self, overrides: Mapping[str, str]) -> None:
        for standard, column in overrides.items():
            if standard not in SYNONYMS:
                raise InputError(
                    f"columns: '{standard}' is no column seqgen knows; expected one of "
                    f"{', '.join(SYNONYMS)}"
                )
            places = [i for i, name in enumerate(self.header) if name == column]
            if len(places) != 1:
                raise InputError(
                    f"{self.where}: columns names '{column}' as {standard}, which stands "
                    f"{len(places)} times in the header; found {', '.join(self.header)}"
                )
            self.take(standard, places[0], "you named it")

    def dialect(self) -> Dialect | None:
        """The tool or archive whose signs the header holds."""
        here = set(self.names)
        for dialect in DIALECTS:
            if dialect.signs == here if dialect.exact else dialect.signs <= here:
                return dialect
        sizes = self._daner() if here >= DANER else None
        if sizes is not None:
            return sizes
        if here >= NEALE:
            never = frozenset({"VARIANT"})
            columns = {"chrom_pos_other_effect": ("VARIANT",)}
            return Dialect("Neale lab UK Biobank", NEALE, columns, "variant is ref:alt", never)
        for name, headers, alleles in EXACT_DIALECTS:
            if here in headers:
                columns = {"effect_allele": ("A1",), "other_allele": ("A2",)}
                return Dialect(name, frozenset(here), columns, alleles)
        return None

    def _daner(self) -> Dialect | None:
        """A PGC file, whose header tells the sample sizes."""
        cases = [n for n in self.names if re.fullmatch(r"FRQA\d+", n)]
        controls = [n for n in self.names if re.fullmatch(r"FRQU\d+", n)]
        if len(cases) != 1 or len(controls) != 1:
            return None
        self.constants = {"n_cases": float(cases[0][4:]), "n_controls": float(controls[0][4:])}
        columns = {"effect_allele": ("A1",), "other_allele": ("A2",), "eaf": (controls[0],)}
        self.remarks.append("eaf is the frequency in controls")
        return Dialect("PGC daner", DANER, columns, "PGC's documentation: A1 is the effect allele")

    def take_synonyms(self, dialect: Dialect | None) -> None:
        told = dialect.columns if dialect else {}
        for standard, choices in told.items():
            at = next((self.names.index(n) for n in choices if n in self.names), None)
            if standard not in self.found and at is not None and at not in self.found.values():
                by_name = "its name in this format"
                reason = dialect.alleles if dialect and "allele" in standard else by_name
                self.take(standard, at, reason)
                if standard == "eaf" and dialect and dialect.name == "PLINK 1.9 --assoc":
                    self.remarks.append("eaf is the frequency in controls")
        never = dialect.never if dialect else frozenset()
        for standard, synonyms in SYNONYMS.items():
            if standard not in self.found:
                with self.told():
                    self._take_synonym(standard, [s for s in synonyms if s not in never])

    def _take_synonym(self, standard: str, synonyms: Sequence[str]) -> None:
        names = self.names
        if standard in ("pos", "chrom_pos"):
            names = [_BUILD.sub("", name) for name in names]
        used = self.found.values()
        matches = [i for i, name in enumerate(names) if name in synonyms and i not in used]
        matches = [i for i in matches if names[i] not in MARKED or self.header[i].isalpha()]
        if standard in FIRST_TAKEN:
            matches = sorted(matches, key=lambda i: synonyms.index(names[i]))
            if len({names[i] for i in matches}) == len(matches):
                matches = matches[:1]
        if standard in ("maf", "info", "test") or standard in _COMBINED:
            matches = matches[:1]
        if len(matches) > 1:
            raise _claimed_twice(standard, [self.header[i] for i in matches], self.where)
        if matches:
            self.take(standard, matches[0], "its name")
            if told := _BUILD.search(self.names[matches[0]]):
                self.build = _BUILDS[told[1][-2:]]

    def find_alleles(self) -> None:
        """Settle effect and other allele from pairs of columns, or refuse to guess."""
        names, found = self.names, self.found
        known = {"effect_allele", "other_allele"} & found.keys()
        combined = set(_COMBINED[1:]) & found.keys()
        if len(known) == 2 or (combined and not known):
            return
        pairs = [p for p in ALLELE_PAIRS + AMBIGUOUS_PAIRS if set(p) <= set(names)]
        if known:
            self._find_partner(next(iter(known)), pairs)
            return
        settled = [p for p in pairs if p in ALLELE_PAIRS and not _bystander(names, p)]
        if len(settled) == 1:
            effect, other = settled[0]
            reason = f"{effect} beside {other} is the effect allele in every tool that writes both"
            self.take("effect_allele", names.index(effect), reason)
            self.take("other_allele", names.index(other), reason)
        elif pairs or _lone_allele(names):
            raise _which_allele(self.header, names, self.where)

    def _find_partner(self, standard: str, pairs: list[tuple[str, str]]) -> None:
        partner = "other_allele" if standard == "effect_allele" else "effect_allele"
        mine = self.names[self.found[standard]]
        mates = [b if a == mine else a for a, b in pairs if mine in (a, b)]
        if len(mates) == 1:
            reason = f"beside {self.header[self.found[standard]]}"
            self.take(partner, self.names.index(mates[0]), reason)
        elif partner == "other_allele" and {"REF", "ALT"} <= set(self.names) - {mine}:
            for name in ("REF", "ALT"):
                self.take(name.lower(), self.names.index(name), "the one that is not the effect's")

    def find_frequency(self) -> None:
        """Settle `eaf` from a column tied to the effect allele's; remark on those not used."""
        if "eaf" not in self.found and "effect_allele" in self.found:
            effect = self.names[self.found["effect_allele"]]
            linked = [
                i for i, name in enumerate(self.names) if name in LINKED_FREQUENCIES.get(effect, ())
            ]
            if len(linked) == 1:
                self.take(
                    "eaf", linked[0], f"frequency of {self.header[self.found['effect_allele']]}"
                )
        if "eaf" in self.found:
            return
        self.remarks += [
            f"column {column} not used as eaf: it does not say it is the effect allele's frequency"
            for column, name in zip(self.header, self.names, strict=True)
            if name in VAGUE_FREQUENCIES
        ]


def missing_columns(layout: Layout, needed: Sequence[str], where: str) -> InputError:
    """The error for standard columns that were not found: what was found, what was sought."""
    sought = "; ".join(f"{name} ({', '.join(SYNONYMS[name][:6])})" for name in needed)
    lines = [
        f"{where}: no column for {', '.join(needed)}",
        f"found: {', '.join(layout.header) or 'none'}",
        f"looked for: {sought}",
    ]
    if not layout.columns:
        lines.append(
            "none of these is the name of a column: is this the line of names, and the file itself "
            "rather than a page about it? Lines above the names have to begin with ##"
        )
        return InputError("\n".join(lines))
    traits = traits_of(layout.header)
    if "beta" in needed and traits:
        lines.append(
            f"the file holds columns of {'several traits' if len(traits) > 1 else 'a trait'}: "
            f"{', '.join(traits)}; say which, as trait='{traits[0]}'"
        )
        return InputError("\n".join(lines))
    if "effect_allele" in needed and "chrom_pos" in layout.columns:
        column = layout.named("chrom_pos")
        lines.append(
            f"where {column} holds alleles too, say in which order: "
            f"columns={{'chrom_pos_other_effect': '{column}'}} if the effect allele is the second, "
            f"columns={{'chrom_pos_effect_other': '{column}'}} if it is the first"
        )
        return InputError("\n".join(lines))
    if "other_allele" in needed and "effect_allele" in layout.columns:
        lines.append("the .bim file of the genotypes tells it: bim='panel.bim'")
    if {"chrom", "pos"} & set(needed) and "rsid" in layout.columns:
        lines.append(
            f"where {layout.named('rsid')} holds rsIDs, a PLINK .bim file of the same genome build "
            "gives their places: bim='panel.bim'"
        )
    example = next((n for n in needed if n in SYNONYMS), "beta")
    taken = {layout.header[i] for i in layout.columns.values()}
    alike = [
        c
        for c in layout.header
        if c not in taken
        and any(normalise(c).startswith(s) for s in SYNONYMS[example] if len(s) > 1)
    ]
    lines.append(
        f"name it yourself, as columns={{'{example}': '{alike[0] if alike else 'YOUR_COLUMN'}'}}"
    )
    return InputError("\n".join(lines))


def _claimed_twice(standard: str, claimants: list[str], where: str) -> InputError:
    if len(set(claimants)) < len(claimants):
        return InputError(
            f"{where}: column '{claimants[0]}' stands {len(claimants)} times in the header; "
            f"remove or rename all but one"
        )
    return InputError(
        f"{where}: columns {' and '.join(claimants)} could each be {standard}; say which, as "
        f"columns={{'{standard}': '{claimants[0]}'}}"
    )


def _bystander(names: Sequence[str], pair: tuple[str, str]) -> bool:
    """True where a further allele column stands beside the pair, as A1 beside ALT and REF."""
    others = {name for p in ALLELE_PAIRS + AMBIGUOUS_PAIRS for name in p} - set(pair)
    return bool(others & set(names))


def _lone_allele(names: Sequence[str]) -> bool:
    return bool({name for pair in AMBIGUOUS_PAIRS for name in pair} & set(names))


def _which_allele(header: Sequence[str], names: Sequence[str], where: str) -> InputError:
    every = {name for pair in ALLELE_PAIRS + AMBIGUOUS_PAIRS for name in pair}
    columns = [column for column, name in zip(header, names, strict=True) if name in every]
    first = columns[0]
    if len(columns) == 1:
        return InputError(
            f"{where}: one allele column only, {first}; found {', '.join(header)}; expected the "
            f"effect allele and the other one: name it with columns={{'effect_allele': '{first}'}} "
            "and give the .bim file of the genotypes, bim='panel.bim', for the other, or add a "
            "column for it"
        )
    second = columns[1]
    return InputError(
        f"{where}: columns {', '.join(columns)} do not say which is the effect allele, the one "
        f"beta counts; tools differ, so it is not guessed. Look it up in the file's description "
        f"and name both, as columns={{'effect_allele': '{first}', 'other_allele': '{second}'}} "
        f"or the other way round"
    )
