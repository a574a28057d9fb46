"""Which column of a summary-statistics file is which.

The tables at the top are data: a new dialect is one more name in them. Names are compared
in upper case without anything that is not a letter or a digit, so ``p.value``, ``P_VALUE``
and ``#pvalue`` are one name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from seqgen.errors import InputError

SYNONYMS: dict[str, tuple[str, ...]] = {
    "chrom": ("CHR", "CHROM", "CHROMOSOME", "HMCHROM"),
    "pos": ("POS", "BP", "POSITION", "BASEPAIRLOCATION", "BASEPAIRPOSITION", "GENPOS"),
    "rsid": (
        "RSID",
        "RSIDS",
        "RS",
        "RSNUMBER",
        "DBSNP",
        "SNP",
        "MARKERNAME",
        "SNPID",
        "VARIANTID",
        "VARIANT",
        "MARKER",
        "ID",
    ),
    "effect_allele": (
        "EFFECTALLELE",
        "EA",
        "EFFALLELE",
        "TESTEDALLELE",
        "TESTALLELE",
        "CODEDALLELE",
        "ASSESSEDALLELE",
    ),
    "other_allele": (
        "OTHERALLELE",
        "NEA",
        "OA",
        "NONEFFECTALLELE",
        "NONEFFALLELE",
        "NONCODEDALLELE",
    ),
    "eaf": (
        "EAF",
        "EFFECTALLELEFREQUENCY",
        "EFFECTALLELEFREQ",
        "EFFALLELEFREQ",
        "FREQEFFECT",
        "CODEDALLELEFREQUENCY",
    ),
    "maf": ("MAF", "MINORALLELEFREQUENCY", "MINORALLELEFREQ"),
    "beta": ("BETA", "B", "EFFECT", "EFFECTSIZE", "LOGOR", "LNOR"),
    "se": ("SE", "STDERR", "STANDARDERROR", "BETASE", "SEBETA", "LOGORSE"),
    "z": ("Z", "ZSCORE", "ZSTAT"),
    "p": ("P", "PVAL", "PVALUE"),
    "neg_log10_p": (
        "LOG10P",
        "NEGLOG10P",
        "MLOG10P",
        "NEGLOG10PVALUE",
        "NEGLOGPVALUE",
        "LOG10PVALUE",
        "LOGP",
        "LP",
    ),
    "n": (
        "N",
        "NTOTAL",
        "TOTALN",
        "NSAMPLES",
        "SAMPLESIZE",
        "TOTALSAMPLESIZE",
        "NOBS",
        "OBSCT",
        "NMISS",
    ),
}
"""Standard name to the normalised names a file may use for it."""

ALLELE_PAIRS = (
    ("A1", "A0"),
    ("ALLELE1", "ALLELE0"),
    ("ALT", "REF"),
    ("ALTALLELE", "REFALLELE"),
    ("ALTERNATEALLELE", "REFERENCEALLELE"),
)
"""Pairs (effect, other) whose meaning their tools fix: regenie, BOLT-LMM, VCF and PLINK 2."""

AMBIGUOUS_PAIRS = (("A1", "A2"), ("ALLELE1", "ALLELE2"))
"""Pairs of which some tools mean the first and others the second as the effect allele."""

FASTGWA = frozenset({"CHR", "SNP", "POS", "A1", "A2", "N", "AF1", "BETA", "SE", "P"})
"""A header that holds all of these is GCTA fastGWA's, where A1 is the effect allele."""

LINKED_FREQUENCIES: dict[str, tuple[str, ...]] = {
    "A1": ("AF1", "A1FREQ", "A1FRQ", "FREQA1", "FREQ1"),
    "ALLELE1": ("AF1", "A1FREQ", "A1FRQ", "FREQ1", "AFALLELE1"),
    "ALT": ("ALTFREQ", "ALTFREQS", "AFALT", "A1FREQ"),
    "ALTALLELE": ("ALTFREQ", "ALTFREQS", "AFALT"),
    "ALTERNATEALLELE": ("ALTFREQ", "ALTFREQS", "AFALT"),
}
"""Frequency columns that are the effect allele's where this is the effect allele's column."""

VAGUE_FREQUENCIES = (
    "MAF",
    "MINORALLELEFREQUENCY",
    "MINORALLELEFREQ",
    "AF",
    "FRQ",
    "FREQ",
    "FREQUENCY",
    "AF1",
    "A1FREQ",
    "A1FRQ",
    "FREQ1",
    "FREQA1",
    "ALTFREQ",
)
"""Frequencies that do not say they are the effect allele's, so `eaf` stays missing."""

NOT_YET: dict[str, str] = {
    "OR": "an odds ratio: add a column with its natural logarithm and call it beta",
    "ODDSRATIO": "an odds ratio: add a column with its natural logarithm and call it beta",
    "HR": "a hazard ratio: add a column with its natural logarithm and call it beta",
    "HAZARDRATIO": "a hazard ratio: add a column with its natural logarithm and call it beta",
    "CHRBP": "chromosome and position in one column: split it into two",
    "FORMAT": "the file looks like a VCF: write its fields as columns first",
}
"""Columns that are understood but not read, and what to do about them."""


@dataclass(frozen=True)
class Layout:
    """Where the standard columns are in a file.

    Attributes
    ----------
    header : tuple of str
        The file's column names.
    columns : dict of str to int
        Standard name to 0-based column.
    remarks : tuple of str
        Columns that were left unused on purpose, and why.
    """

    header: tuple[str, ...]
    columns: dict[str, int]
    remarks: tuple[str, ...] = ()

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
    header: Sequence[str], overrides: Mapping[str, str] | None = None, *, where: str = "header"
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

    Returns
    -------
    Layout

    Raises
    ------
    InputError
        If an override names no column, two columns claim to be the same thing, or the
        alleles do not say which is the effect allele.
    """
    found = _overridden(header, overrides or {}, where)
    names = [normalise(name) for name in header]
    for standard, synonyms in SYNONYMS.items():
        if standard in found:
            continue
        matches = [
            i for i, name in enumerate(names) if name in synonyms and i not in found.values()
        ]
        if standard == "rsid":
            matches = sorted(matches, key=lambda i: synonyms.index(names[i]))[:1]
        if len(matches) > 1:
            raise _claimed_twice(standard, [header[i] for i in matches], where)
        if matches:
            found[standard] = matches[0]
    _find_alleles(header, found, where)
    remarks = _find_frequency(header, found)
    return Layout(tuple(header), found, remarks)


def missing_columns(layout: Layout, needed: Sequence[str], where: str) -> InputError:
    """The error for standard columns that were not found: what was found, what was sought."""
    sought = "; ".join(f"{name} ({', '.join(SYNONYMS[name][:6])})" for name in needed)
    lines = [
        f"{where}: no column for {', '.join(needed)}",
        f"found: {', '.join(layout.header) or 'none'}",
        f"looked for: {sought}",
    ]
    names = {normalise(name): name for name in layout.header}
    for name, remedy in NOT_YET.items():
        if name in names:
            lines.append(f"'{names[name]}' is {remedy}" if name != "FORMAT" else remedy)
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


def _overridden(header: Sequence[str], overrides: Mapping[str, str], where: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for standard, column in overrides.items():
        if standard not in SYNONYMS:
            raise InputError(
                f"columns: '{standard}' is no column seqgen knows; expected one of "
                f"{', '.join(SYNONYMS)}"
            )
        places = [i for i, name in enumerate(header) if name == column]
        if len(places) != 1:
            raise InputError(
                f"{where}: columns names '{column}' as {standard}, which stands "
                f"{len(places)} times in the header; found {', '.join(header)}"
            )
        found[standard] = places[0]
    return found


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


def _find_alleles(header: Sequence[str], found: dict[str, int], where: str) -> None:
    """Settle effect and other allele from pairs of columns, or refuse to guess."""
    names = [normalise(name) for name in header]
    known = {"effect_allele", "other_allele"} & found.keys()
    if len(known) == 2:
        return
    pairs = [p for p in ALLELE_PAIRS + AMBIGUOUS_PAIRS if set(p) <= set(names)]
    if known:
        (standard,) = known
        partner = "other_allele" if standard == "effect_allele" else "effect_allele"
        mine = names[found[standard]]
        mates = [b if a == mine else a for a, b in pairs if mine in (a, b)]
        if len(mates) == 1:
            found[partner] = names.index(mates[0])
        return
    settled = [p for p in pairs if p in ALLELE_PAIRS and not _bystander(names, p)]
    if set(names) >= FASTGWA:
        settled = [("A1", "A2")]
    if len(settled) == 1:
        found["effect_allele"], found["other_allele"] = map(names.index, settled[0])
    elif pairs or _lone_allele(names):
        raise _which_allele(header, names, where)


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
            f"effect allele and the other one: add the second, for instance from the .bim file, "
            f"and name both with columns={{'effect_allele': ..., 'other_allele': ...}}"
        )
    second = columns[1]
    return InputError(
        f"{where}: columns {', '.join(columns)} do not say which is the effect allele, the one "
        f"beta counts; tools differ, so it is not guessed. Look it up in the file's description "
        f"and name both, as columns={{'effect_allele': '{first}', 'other_allele': '{second}'}} "
        f"or the other way round"
    )


def _find_frequency(header: Sequence[str], found: dict[str, int]) -> tuple[str, ...]:
    """Settle `eaf` from a column tied to the effect allele's; remark on those not used."""
    names = [normalise(name) for name in header]
    if "eaf" not in found and "effect_allele" in found:
        effect = names[found["effect_allele"]]
        linked = [i for i, name in enumerate(names) if name in LINKED_FREQUENCIES.get(effect, ())]
        if len(linked) == 1:
            found["eaf"] = linked[0]
    if "eaf" in found:
        return ()
    vague = [
        column for column, name in zip(header, names, strict=True) if name in VAGUE_FREQUENCIES
    ]
    return tuple(
        f"column {column} not used as eaf: it does not say it is the effect allele's frequency"
        for column in vague
    )
