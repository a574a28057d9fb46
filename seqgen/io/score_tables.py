"""Published tables of variant scores: which they are, told by their header, and what is in them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from seqgen.errors import InputError
from seqgen.io.delimited import TextLayout, preamble, sniff
from seqgen.io.tables import existing_file

_ALLELE, _RESIDUE, _MATRIX = "allele", "residue", "matrix"


@dataclass(frozen=True)
class Score:
    """One score of a table: its column there, its name here, what large values mean."""

    column: str
    name: str
    worse: str
    meaning: str
    source: str = ""

    def to_text(self) -> str:
        """What a reader of the column has to know."""
        return self.meaning + (f"; {self.source}" if self.source else "")


@dataclass(frozen=True)
class ScoreTable:
    """A table of scores; made by `score_table`.

    Attributes
    ----------
    path : Path
    by : str
        ``allele`` (one row per position and allele), ``residue`` (per protein and residue
        change) or ``matrix`` (ESM-1b's: one table a protein).
    roles : dict of str to str
        What is in which column: ``chrom``, ``pos``, ``ref``, ``alt``, ``uniprot``, ``change``,
        ``position``, ``ref_aa``, ``alt_aa``.
    scores : tuple of Score
    build : str
        Genome build, where the file tells it.
    text : TextLayout, optional
        Of text tables.
    """

    path: Path
    by: str
    roles: dict[str, str]
    scores: tuple[Score, ...]
    build: str = ""
    text: TextLayout | None = field(default=None, repr=False)


_OPPOSITE = "higher is worse, so of the opposite sign to log_lik_ratio"
_ALPHA = Score(
    "am_pathogenicity", "alphamissense", "higher",
    f"AlphaMissense pathogenicity, 0 to 1; {_OPPOSITE}", "Cheng et al. (2023)",
)  # fmt: skip
_CADD = (
    Score(
        "PHRED", "cadd_phred", "higher",
        f"CADD, -10 log10 of the rank among all changes, about 0 to 99; {_OPPOSITE}",
        "Schubach et al. (2024)",
    ),
    Score(
        "RawScore", "cadd_raw", "higher", f"CADD's raw score, no unit; {_OPPOSITE}",
        "Schubach et al. (2024)",
    ),
)  # fmt: skip
_ESM1B = Score(
    "LLR", "esm1b", "lower",
    "ESM-1b log-likelihood ratio, natural logarithm; lower is worse, the sign of log_lik_ratio",
    "Brandes et al. (2023)",
)  # fmt: skip

# Columns that tell a table, by where they are looked for; the first score is the default.
_KNOWN: tuple[tuple[str, tuple[str, ...], tuple[Score, ...]], ...] = (
    (_ALLELE, ("chrom", "pos", "ref", "alt", "am_pathogenicity"), (_ALPHA,)),
    (_RESIDUE, ("uniprot_id", "protein_variant", "am_pathogenicity"), (_ALPHA,)),
    (_ALLELE, ("chrom", "pos", "ref", "alt", "rawscore", "phred"), _CADD),
)
_NAMES = {
    "chrom": ("chrom", "chr", "chromosome"),
    "pos": ("pos", "bp", "base_pair_location"),
    "ref": ("ref", "reference", "ref_allele", "reference_allele"),
    "alt": ("alt", "alternative", "alt_allele", "alternate_allele"),
    "uniprot": ("uniprot", "uniprot_id", "uniprotid", "accession"),
    "change": ("protein_variant", "residue_change", "aa_change", "mutant"),
    "position": ("position", "aa_pos", "protein_position"),
    "ref_aa": ("ref_aa", "aaref", "wt_aa"),
    "alt_aa": ("alt_aa", "aaalt", "mt_aa"),
}
_PLACES = {
    _ALLELE: (("chrom", "pos", "ref", "alt"),),
    _RESIDUE: (("uniprot", "change"), ("uniprot", "position", "ref_aa", "alt_aa")),
}


def score_table(
    path: str | os.PathLike[str],
    *,
    scores: Sequence[str] | None = None,
    columns: Mapping[str, str] | None = None,
) -> ScoreTable:
    """Understand a table of scores by its header.

    Parameters
    ----------
    path : path
        Text (plain, gzip, bgzip), Parquet, or ESM-1b's tables: one of them, a folder or the zip.
    scores : sequence of str, optional
        Columns to take; the main one of a known table where left out.
    columns : mapping of str to str, optional
        What is in which column, where names do not tell it.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If it is unknown what or where the scores are.
    """
    path = Path(path)
    if _is_matrix(path):
        if columns:
            raise InputError(f"columns: the tables of {path} have fixed ones; leave it out")
        return ScoreTable(path, _MATRIX, {}, _asked(path, ("LLR",), (_ESM1B,), scores))
    path = existing_file(path)
    text, header = _header(path)
    roles = _roles(path, header, columns or {})
    known = _known(header)
    by = known[0] if known else _by(path, roles, header)
    offered = known[2] if known else ()
    build = "" if text is None else _build(path, text)
    return ScoreTable(path, by, roles, _asked(path, header, offered, scores), build, text)


def named_tables(
    tables: Sequence[str | os.PathLike[str]], columns: Mapping[str, str] | None = None
) -> list[ScoreTable]:
    """Understand several tables, each named by ``FILE`` or ``FILE:COLUMN,...``.

    Parameters
    ----------
    tables : sequence of path or str
        After a colon the columns to take; the whole is a file where there is one of that name.
    columns : mapping of str to str, optional
        As for `score_table`; of several tables, for those not known by their header.

    Raises
    ------
    MissingFileError, InputError
        As by `score_table`.
    """
    asked = [_split(os.fspath(text)) for text in tables]
    several = len(asked) > 1
    return [
        score_table(path, scores=scores, columns=None if several and is_known(path) else columns)
        for path, scores in asked
    ]


def _split(text: str) -> tuple[Path, list[str] | None]:
    path, colon, names = text.rpartition(":")
    if Path(text).exists() or not colon or not path or "/" in names:
        return Path(text), None
    return Path(path), [name.strip() for name in names.split(",") if name.strip()]


def is_known(path: str | os.PathLike[str]) -> bool:
    """Whether a table is one of those that need no word on which column is which.

    Raises
    ------
    MissingFileError
        If there is no such file.
    """
    path = Path(path)
    return _is_matrix(path) or _known(_header(existing_file(path))[1]) is not None


def _is_matrix(path: Path) -> bool:
    return path.is_dir() or path.name.lower().endswith((".zip", "_llr.csv"))


def _header(path: Path) -> tuple[TextLayout | None, tuple[str, ...]]:
    if path.name.lower().endswith(".parquet"):
        return None, _parquet_header(path)
    text = sniff(path)
    return text, text.header


def _known(header: Sequence[str]) -> tuple[str, tuple[str, ...], tuple[Score, ...]] | None:
    plain = {_plain(name) for name in header}
    return next((each for each in _KNOWN if set(each[1]) <= plain), None)


def _plain(name: str) -> str:
    return name.lstrip("#").strip().lower()


def _roles(path: Path, header: Sequence[str], given: Mapping[str, str]) -> dict[str, str]:
    unknown = [role for role in given if role not in _NAMES]
    lacking = [name for name in given.values() if name not in header]
    if unknown or lacking:
        what = f"no role {unknown[0]!r}" if unknown else f"no column {lacking[0]!r} in {path}"
        raise InputError(
            f"columns: there is {what}; roles are {', '.join(_NAMES)}, columns {', '.join(header)}"
        )
    by_name: dict[str, str] = {}
    for name in header:
        by_name.setdefault(_plain(name), name)
    found = {
        role: next(by_name[name] for name in names if name in by_name)
        for role, names in _NAMES.items()
        if any(name in by_name for name in names)
    }
    return found | dict(given)


def _by(path: Path, roles: Mapping[str, str], header: Sequence[str]) -> str:
    for by, ways in _PLACES.items():
        if any(set(way) <= set(roles) for way in ways):
            return by
    raise InputError(
        f"{path}: has columns {', '.join(header)}, which do not tell whose the scores are; "
        "expected chrom, pos, ref, alt, or uniprot and change (such as A12V), or uniprot, "
        "position, ref_aa, alt_aa. Say which column is which, such as ref=COLUMN (columns; in the "
        "shell --scores-col)"
    )


def _asked(
    path: Path, header: Sequence[str], offered: tuple[Score, ...], names: Sequence[str] | None
) -> tuple[Score, ...]:
    if isinstance(names, str):
        names = [names]
    if not names:
        if offered:
            return offered[:1]
        raise InputError(
            f"{path}: is none of the tables known by their header, so say which column to take "
            f"(scores; in the shell --scores FILE:COLUMN); it has {', '.join(header)}"
        )
    out = []
    for name in names:
        known = next((each for each in offered if name.lower() in (each.column.lower(), each.name)),
                     None)  # fmt: skip
        if known is None and name not in header:
            raise InputError(f"{path}: has no column '{name}'; it has {', '.join(header)}")
        plain = re.sub(r"\W+", "_", _plain(name)).strip("_")
        out.append(known or Score(name, plain, "", f"column {name} of {path.name}, as it is"))
    return tuple(out)


def _parquet_header(path: Path) -> tuple[str, ...]:
    import polars as pl

    try:
        return tuple(pl.scan_parquet(path).collect_schema().names())
    except pl.exceptions.PolarsError as error:
        raise InputError(
            f"{path}: is not a whole Parquet file ({str(error).splitlines()[0]}); fetch it again"
        ) from error


def _build(path: Path, layout: TextLayout) -> str:
    """The genome build by the lines above the header, or the name of the file."""
    told = [*preamble(layout), path.name]
    for build, known in (("GRCh38", r"grch38|hg38"), ("GRCh37", r"grch37|hg19")):
        if any(re.search(known, line, re.I) for line in told):
            return build
    return ""
