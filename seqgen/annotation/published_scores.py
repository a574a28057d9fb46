"""Scores that others published, beside variants: by position and alleles, or by residue change."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.io.score_rows import rows_at, rows_of
from seqgen.io.score_tables import ScoreTable, score_table
from seqgen.io.tabix import chromosome_keys
from seqgen.io.tally import Tally, drops_text
from seqgen.schemas import Counted

STAGE = "published_scores"
# Of single-base variants at positions of the table, how many may have another reference base
# before it is taken for a table of another build: by chance half of them would.
_FEWEST, _MOST_OTHER = 10, 0.2
_RESIDUES = ("uniprot", "position", "ref_aa", "alt_aa")


def add_published_scores(
    variants: pd.DataFrame,
    table: str | os.PathLike[str],
    *,
    scores: Sequence[str] | str | None = None,
    columns: Mapping[str, str] | None = None,
) -> Counted:
    r"""Add the scores of a published table (AlphaMissense, CADD, ESM-1b, or any) to variants.

    A table by position and allele is joined by chromosome, position and the two alleles as they
    are written, whichever of the two is the effect allele: the score is of the table's ``alt``
    in place of its ``ref``. A table by protein is joined by UniProt accession and residue
    change. Scores are left as published, sign included:

    - ``alphamissense``: 0 to 1, higher is worse; 0.34 to 0.564 is "ambiguous".
    - ``cadd_phred``, ``cadd_raw``: higher is worse.
    - ``esm1b``: log-likelihood ratio (natural logarithm), lower is worse, as ``log_lik_ratio``.

    Where a table has several rows for one allele (one per protein), that of the variant's
    ``uniprot`` is taken, else the worst.

    Parameters
    ----------
    variants : DataFrame
        Table ``annotations``, or any with ``chrom``, ``pos`` and ``effect_allele``,
        ``other_allele`` (or ``alt``, ``ref``); for tables by protein ``uniprot``, ``position``,
        ``ref_aa``, ``alt_aa``.
    table : path
        Text, plain or gzipped, read through; indexed by tabix (``.tbi`` beside it), read at the
        variants only; Parquet; or ESM-1b's tables, as the zip, a folder, or one of them.
        AlphaMissense's, CADD's and ESM-1b's are known by their header.
    scores : str or sequence of str, optional
        Columns to take. Needed where the table is none of the known ones.
    columns : mapping of str to str, optional
        What is in which column where names do not tell: ``chrom``, ``pos``, ``ref``, ``alt``,
        or ``uniprot`` and ``change`` (such as A12V), or ``uniprot``, ``position``, ``ref_aa``,
        ``alt_aa``.

    Returns
    -------
    Counted
        ``table`` is ``variants`` with a column per score, missing where the table has none;
        ``drops`` counts those, by reason.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If the table is not understood or damaged, is of another genome build, or has a score
        for none of the variants.

    References
    ----------
    Cheng et al. (2023), Accurate proteome-wide missense variant effect prediction with
    AlphaMissense, Science 381:eadg7492.
    Schubach et al. (2024), CADD v1.7, Nucleic Acids Research 52:D1143-D1154.
    Brandes et al. (2023), Genome-wide prediction of disease variant effects with a deep protein
    language model, Nature Genetics 55:1512-1522.

    Examples
    --------
    >>> import tempfile
    >>> variants = pd.DataFrame({"uniprot": ["P04637"], "position": [175],
    ...                          "ref_aa": ["R"], "alt_aa": ["H"]})
    >>> with tempfile.NamedTemporaryFile("w", suffix=".tsv") as file:
    ...     _ = file.write("uniprot_id\tprotein_variant\tam_pathogenicity\tam_class\n")
    ...     _ = file.write("P04637\tR175H\t0.98\tlikely_pathogenic\n")
    ...     file.flush()
    ...     add_published_scores(variants, file.name).table["alphamissense"].tolist()
    [0.98]
    """
    told = score_table(table, scores=scores, columns=columns)
    return joined(variants, told)


def joined(variants: pd.DataFrame, told: ScoreTable) -> Counted:
    """As `add_published_scores`, of a table that is understood already."""
    names = [score.name for score in told.scores]
    twice = [name for name in names if name in variants]
    if twice:
        raise InputError(
            f"variants: has a column '{twice[0]}' already; drop or rename it before adding it anew"
        )
    if variants.empty:
        raise InputError("variants: has no rows; expected at least one variant")
    tally = Tally(STAGE)
    found = (_by_allele if told.by == "allele" else _by_residue)(variants, told, tally)
    out = variants.copy()
    for name in names:
        values = np.full(len(variants), np.nan)
        values[found["row"].to_numpy(dtype=np.int64)] = found[name].to_numpy(dtype=float)
        out[name] = values
    none = out[names].isna().all(axis=1).to_numpy()
    shown = _shown(variants)
    counted = np.zeros(len(out), dtype=bool)
    counted[found["row"].to_numpy(dtype=np.int64)] = True
    tally.note(shown, none & counted, f"score in {told.path.name} is missing", action="kept")
    if none.all():
        raise InputError(
            f"{told.path}: has a score for none of the {len(variants):,} variants; check that "
            f"both are of one genome build and one set of proteins:\n"
            f"{drops_text(tally.to_frame())}"
        )
    return Counted(out, tally.to_frame())


def coverage_of(table: pd.DataFrame, told: ScoreTable) -> list[dict[str, str | int]]:
    """What a reader of the columns that `joined` added has to know, one entry a column."""
    have = {score.name: int(table[score.name].notna().sum()) for score in told.scores}
    return [
        {
            "column": score.name, "of": score.column, "file": str(told.path),
            "meaning": score.to_text(), "rows_with": have[score.name],
            "rows_without": len(table) - have[score.name],
        }
        for score in told.scores
    ]  # fmt: skip


def _shown(variants: pd.DataFrame) -> pd.DataFrame:
    known = ("chrom", "pos", "effect_allele", "other_allele", "ref", "alt", "rsid", *_RESIDUES)
    return variants[[name for name in known if name in variants]]


def _by_allele(variants: pd.DataFrame, told: ScoreTable, tally: Tally) -> pd.DataFrame:
    """Rows of variants with the scores of their alleles."""
    asked, directed = _alleles(variants)
    rows = rows_at(told, asked)
    pairs = asked.merge(rows, on=["chrom", "pos"])
    as_written = (pairs["ref"] == pairs["second"]) & (pairs["alt"] == pairs["first"])
    turned = (pairs["ref"] == pairs["first"]) & (pairs["alt"] == pairs["second"]) & (not directed)
    _check_build(pairs, told, directed, tally)
    pairs["turned"] = turned
    fits = pairs[as_written | turned]
    ways = fits.groupby("row")["turned"].nunique()
    unclear = _flags(ways.index[ways > 1], len(variants))
    shown, name = _shown(variants), told.path.name
    tally.note(
        shown, unclear, f"insertion or deletion that {name} has both ways round", action="kept"
    )
    fits = fits[~unclear[fits["row"]]]
    chosen = _chosen(fits, told, shown, tally)
    there = _flags(pairs["row"].unique(), len(variants))
    got = _flags(chosen["row"], len(variants)) | unclear
    tally.note(shown, ~there, f"position is not in {name}", action="kept")
    tally.note(shown, there & ~got, f"alleles are not in {name}", action="kept")
    return chosen


def _alleles(variants: pd.DataFrame) -> tuple[pd.DataFrame, bool]:
    """Place and alleles of each row; whether it is known which is the reference's."""
    directed = {"ref", "alt"} <= set(variants.columns) and "effect_allele" not in variants
    first, second = ("alt", "ref") if directed else ("effect_allele", "other_allele")
    lacking = [name for name in ("chrom", "pos", first, second) if name not in variants]
    if lacking:
        raise InputError(
            f"variants: column(s) {', '.join(lacking)} missing; found "
            f"{', '.join(map(str, variants.columns))}; expected chrom, pos, effect_allele, "
            "other_allele (or ref and alt), by which this table is joined"
        )
    asked = pd.DataFrame({
        "row": np.arange(len(variants)),
        "chrom": chromosome_keys(variants["chrom"]).to_numpy(),
        "pos": pd.to_numeric(variants["pos"], errors="coerce").to_numpy(),
        "first": variants[first].astype("str").str.upper().to_numpy(),
        "second": variants[second].astype("str").str.upper().to_numpy(),
    })  # fmt: skip
    if "uniprot" in variants:
        asked["own"] = variants["uniprot"].astype("str").to_numpy()
    whole = asked["pos"].notna()
    return asked[whole].astype({"pos": "int64"}), directed


def _check_build(pairs: pd.DataFrame, told: ScoreTable, directed: bool, tally: Tally) -> None:
    """Refuse a table whose reference bases are not those of the variants."""
    single = pairs[
        (pairs["ref"].str.len() == 1)
        & (pairs["first"].str.len() == 1)
        & (pairs["second"].str.len() == 1)
    ].drop_duplicates("row")
    other = single["ref"] != single["second"]
    if not directed:
        other &= single["ref"] != single["first"]
    if len(single) >= _FEWEST and other.mean() > _MOST_OTHER:
        build = f" is of {told.build}, and" if told.build else ""
        raise InputError(
            f"{told.path}:{build} at {int(other.sum()):,} of {len(single):,} positions its "
            "reference base is neither of the variant's alleles: the variants are of another "
            "genome build (or their alleles of the other strand). Fetch the table of their build "
            "(seqgen fetch NAME --build GRCh37 or GRCh38), or lift them over first "
            "(lift_over; seqgen munge --chain)"
        )
    tally.note(
        single[["chrom", "pos", "first", "second", "ref"]], other,
        f"reference base of {told.path.name} is neither allele", action="kept",
    )  # fmt: skip


def _chosen(
    fits: pd.DataFrame, told: ScoreTable, shown: pd.DataFrame, tally: Tally
) -> pd.DataFrame:
    """One row of the table per variant: that of its protein, else the worst."""
    first = told.scores[0]
    order = fits.assign(own_protein=False)
    if "own" in fits and "uniprot" in fits:
        order["own_protein"] = fits["own"] == fits["uniprot"]
    order["badness"] = -order[first.name] if first.worse == "lower" else order[first.name]
    if not first.worse:
        order["badness"] = 0.0
    order = order.sort_values(
        ["row", "own_protein", "badness"], ascending=[True, False, False], kind="stable"
    )
    kept = order.drop_duplicates("row")
    best = order.merge(kept[["row", "own_protein"]], on=["row", "own_protein"])
    spread = best.groupby("row")[first.name].nunique()
    rule = "the worst" if first.worse else "the first"
    tally.note(
        shown, _flags(spread.index[spread > 1], len(shown)),
        f"several scores in {told.path.name}, {rule} taken", action="kept",
    )  # fmt: skip
    return kept


def _by_residue(variants: pd.DataFrame, told: ScoreTable, tally: Tally) -> pd.DataFrame:
    lacking = [name for name in _RESIDUES if name not in variants]
    if lacking:
        raise InputError(
            f"variants: column(s) {', '.join(lacking)} missing; found "
            f"{', '.join(map(str, variants.columns))}; {told.path.name} is joined by residue "
            "change, which annotate() tells"
        )
    position = pd.to_numeric(variants["position"], errors="coerce").astype("Int64")
    letters = variants[["ref_aa", "alt_aa"]].astype("str")
    one = (letters["ref_aa"].str.len() == 1) & (letters["alt_aa"].str.len() == 1)
    one &= (letters["ref_aa"] != letters["alt_aa"]) & ~letters.isin(["*", "-"]).any(axis=1)
    one &= position.notna() & variants["uniprot"].notna()
    keyed = pd.DataFrame({
        "row": np.arange(len(variants)),
        "uniprot": variants["uniprot"].astype("str").to_numpy(),
        "change": (letters["ref_aa"] + position.astype("str") + letters["alt_aa"]).to_numpy(),
    })  # fmt: skip
    substitution = one.fillna(value=False).to_numpy(dtype=bool)
    shown, name = _shown(variants), told.path.name
    tally.note(
        shown, ~substitution, "no single residue changed, or no UniProt accession", action="kept"
    )
    keyed = keyed[substitution]
    found = _chosen(keyed.merge(rows_of(told, keyed), on=["uniprot", "change"]), told, shown, tally)
    got = _flags(found["row"], len(variants))
    tally.note(shown, substitution & ~got, f"residue change is not in {name}", action="kept")
    return found


def _flags(rows: pd.Index | pd.Series | np.ndarray, size: int) -> np.ndarray:
    flags = np.zeros(size, dtype=bool)
    flags[np.asarray(rows, dtype=np.int64)] = True
    return flags
