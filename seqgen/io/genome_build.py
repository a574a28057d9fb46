"""Which genome build the places of variants are of: told by the file, and told by the places."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.io.alleles import reverse_complement
from seqgen.io.chromosomes import canonical_chromosomes
from seqgen.io.genome_landmarks import BUILDS, LENGTHS, landmarks

ATTRIBUTE = "genome_build"
"""Key of a table's ``attrs``, and of the provenance of a file, that holds the build."""

_NAMES = (
    ("NCBI35", re.compile(r"hg17|ncbi35|build[ _]?35", re.I)),
    ("NCBI36", re.compile(r"hg18|grch36|ncbi36|build[ _]?36|(?<![a-z0-9])b36(?!\d)", re.I)),
    ("GRCh37", re.compile(r"hg19|grch37|build[ _]?37|(?<![a-z0-9])b37(?!\d)|hs37d5", re.I)),
    ("GRCh38", re.compile(r"hg38|grch38|build[ _]?38|(?<![a-z0-9])b38(?!\d)", re.I)),
)
_CONTIG = re.compile(r"##contig=<.*?\bID=([^,>]+).*?\blength=(\d+)", re.I)
_MARKS = 1 << 20  # places are looked up by their last bits, and the few that hit in full
_SAMPLED = 20_000
_FEWEST_UNNAMED = 3
_FEWEST_BEYOND = 3
_FEWEST_BOTH = 3
_STRAY = 0.05
_NONSENSE = 0.01


def build_in(text: str) -> str | None:
    """The one build that a text names, by whatever name; None where there is none or several.

    Examples
    --------
    >>> build_in("GCST90000123_buildGRCh37.tsv"), build_in("lifted from hg19 to hg38")
    ('GRCh37', None)
    """
    found = [build for build, pattern in _NAMES if pattern.search(text)]
    return found[0] if len(found) == 1 else None


def checked_build(build: str | None) -> str | None:
    """A build as a caller gave it, under its one name.

    Raises
    ------
    InputError
        If it is neither GRCh37 nor GRCh38.
    """
    if build is None:
        return None
    found = build_in(f"build{build}" if re.fullmatch(r"3[78]", str(build)) else str(build))
    if found not in BUILDS:
        raise InputError(
            f"build: {build!r} is no genome build that seqgen tells apart; expected GRCh37 (hg19) "
            f"or GRCh38 (hg38)"
        )
    return found


def build_of_lengths(lengths: Mapping[str, int]) -> str | None:
    """The build whose chromosomes have these lengths, as of a FASTA or a VCF's header.

    Examples
    --------
    >>> build_of_lengths({"chr1": 248956422, "chrM": 16569})
    'GRCh38'
    """
    names = canonical_chromosomes(pd.Series(list(lengths), dtype="str"))
    here = {
        (chrom, length)
        for chrom, length in zip(names, lengths.values(), strict=True)
        if chrom in LENGTHS["GRCh37"]
    }
    found = [build for build in BUILDS if here & set(LENGTHS[build].items())]
    return found[0] if len(found) == 1 else None


def build_of_lines(lines: Iterable[str]) -> str | None:
    """The build that a file's comment lines tell: by name, or by a VCF's contig lengths."""
    lines = list(lines)
    contigs = [found for line in lines if (found := _CONTIG.search(line))]
    by_length = build_of_lengths({found[1]: int(found[2]) for found in contigs})
    return by_length or build_in(" ".join(lines))


def build_of_variants(variants: pd.DataFrame) -> str | None:
    """The build that the places of variants tell, None where they do not.

    Parameters
    ----------
    variants : DataFrame
        ``chrom`` in the tables' spelling, ``pos``, ``rsid``; and alleles as of ``SUMSTATS`` or
        of a panel (``a1``, ``a2``).
    """
    alleles = {"a1": "effect_allele", "a2": "other_allele"}
    places = Places()
    places.look(variants.rename(columns=alleles))
    return places.build


@dataclass
class Places:
    """What the places of variants say of the genome build, gathered block by block.

    Attributes
    ----------
    named : dict of str to int
        Build to how many known variants, by rsID, lie where it has them.
    unnamed : dict of str to int
        The same of rows without an rsID, by their alleles.
    beyond : dict of str to int
        Build to rows that lie beyond the end of its chromosome, but not of the other's.
    outside : int
        Rows beyond the end in both.
    seen : int
        Rows whose distance to the end was looked at.
    """

    named: dict[str, int] = field(default_factory=lambda: dict.fromkeys(BUILDS, 0))
    unnamed: dict[str, int] = field(default_factory=lambda: dict.fromkeys(BUILDS, 0))
    beyond: dict[str, int] = field(default_factory=lambda: dict.fromkeys(BUILDS, 0))
    outside: int = 0
    seen: int = 0

    def look(self, frame: pd.DataFrame) -> None:
        """Take in some rows: known variants in all of them, ends in some 20,000."""
        self._known_variants(frame)
        self._ends(frame.iloc[:: max(1, len(frame) // _SAMPLED)])

    def _known_variants(self, frame: pd.DataFrame) -> None:
        known = landmarks()
        marked = np.zeros(_MARKS, dtype=bool)
        for build in BUILDS:
            marked[known[build].to_numpy() % _MARKS] = True
        columns = ["chrom", "pos", "rsid", "effect_allele", "other_allele"]
        near = np.flatnonzero(marked[frame["pos"].to_numpy() % _MARKS])
        rows = frame.iloc[near][columns].astype({"chrom": "str"}).rename(columns={"rsid": "name"})
        for build in BUILDS:
            both = rows.merge(known, left_on=["chrom", "pos"], right_on=["chrom", build])
            named = both["name"].str.startswith("rs", na=False)
            self.named[build] += int((named & (both["name"] == both["rsid"])).sum())
            if not named.all():
                self.unnamed[build] += int(_same_alleles(both[~named]).sum())

    def _ends(self, rows: pd.DataFrame) -> None:
        chrom, pos = rows["chrom"].astype("category"), rows["pos"].to_numpy()
        names, codes = chrom.cat.categories, chrom.cat.codes.to_numpy()
        ends = [
            np.array([*(LENGTHS[build].get(str(name), np.inf) for name in names), np.inf])
            for build in BUILDS
        ]
        first, second = (pos > end[codes] for end in ends)
        self.beyond[BUILDS[0]] += int((first & ~second).sum())
        self.beyond[BUILDS[1]] += int((second & ~first).sum())
        self.outside += int((first & second).sum())
        self.seen += len(rows)

    @property
    def build(self) -> str | None:
        """The build that the places tell."""
        for build, other in (BUILDS, BUILDS[::-1]):
            for counts, fewest in ((self.named, 1), (self.unnamed, _FEWEST_UNNAMED)):
                if counts[build] >= fewest and counts[other] <= _STRAY * counts[build]:
                    return build
        if self.mixed:
            return None
        for build, other in (BUILDS, BUILDS[::-1]):
            if self.beyond[other] >= _FEWEST_BEYOND and not self.beyond[build]:
                return build
        return None

    @property
    def mixed(self) -> bool:
        """Whether there are rows of both builds."""
        return min(self.named.values()) >= _FEWEST_BOTH

    @property
    def nonsense(self) -> bool:
        """Whether so many rows lie beyond every chromosome's end that they are no positions."""
        return self.outside > max(_FEWEST_BEYOND, _NONSENSE * self.seen)

    def why(self) -> str:
        """What the places say, in words; empty where they say nothing."""
        build = self.build
        if build is None:
            return ""
        known = self.named[build] + self.unnamed[build]
        if known:
            return f"{known:,} known variant{'s lie' if known > 1 else ' lies'} where it has them"
        other = next(name for name in BUILDS if name != build)
        return f"{self.beyond[other]:,} rows lie beyond the end of their chromosome in {other}"


def _same_alleles(both: pd.DataFrame) -> pd.Series:
    """Whether two single bases are the known ones, on either strand."""
    pair = [both[name].astype("str") for name in ("effect_allele", "other_allele")]
    back = [reverse_complement(letters) for letters in pair]
    forms = [a.where(a < b, b) + b.where(a < b, a) for a, b in (pair, back)]
    return (forms[0] == both["alleles"]) | (forms[1] == both["alleles"])


def refuse_other_build(build: str | None, other: str | None, *, what: str, where: str) -> None:
    """Raise where both builds are known and differ.

    Raises
    ------
    InputError
    """
    if build is not None and other is not None and build != other:
        raise InputError(
            f"{where}: the summary statistics are of {build}, the {what} of {other} by the "
            f"lengths of its chromosomes; give one of {build}, or lift the summary statistics "
            f"over to {other} first"
        )


def settled_build(
    stated: str | None, told: tuple[str, str] | None, places: Places, *, where: str
) -> tuple[str | None, str]:
    """The genome build and why, of what the caller, the file and the places say.

    Parameters
    ----------
    stated : str, optional
        By the caller; what contradicts it is an error.
    told : (str, str), optional
        By the file: the build, and what of the file says so.
    places : Places
    where : str
        What messages call the file.

    Returns
    -------
    build : str or None
    why : str

    Raises
    ------
    InputError
        If the places, or where they say nothing the file, contradict what was stated.
    """
    by_places = places.build
    found = by_places or (told[0] if told else None)
    if stated is not None and found not in (None, stated):
        says = places.why() if by_places else f"{told[1] if told else ''} says so"
        remedy = f"state build='{found}'" if found in BUILDS else "leave build out"
        raise InputError(
            f"{where}: build='{stated}' was stated, but the file is of {found}: {says}; {remedy}, "
            f"or lift the file over with a chain file"
        )
    reasons = []
    if stated is not None:
        reasons.append("stated")
    if told is not None and told[0] == (stated or found):
        reasons.append(f"{told[1]} says so")
    if by_places is not None:
        reasons.append(places.why())
    return stated or found, "; ".join(reasons)
