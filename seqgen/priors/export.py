"""Prior probabilities in the files that other fine-mappers read."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from seqgen.errors import InputError, OutputError
from seqgen.io.rds import named_vectors
from seqgen.io.tables import replacing, write_json, write_table, write_text

# What DAP-G caps its own priors at; a probability of one leaves it nothing but that variant.
_MOST = 1 - 1e-3
# FINEMAP's --n-causal-snps where it is not given; its .k files are that long.
_MOST_CAUSAL = 5
FORMATS = ("susie", "rds", "polyfun", "finemap", "torus")
_NEEDS = {
    "susie": ("locus", "prior"),
    "rds": ("locus", "prior"),
    "polyfun": ("chrom", "pos", "effect_allele", "other_allele", "prior"),
    "finemap": (
        "locus", "chrom", "pos", "effect_allele", "other_allele", "eaf", "beta", "se", "prior",
    ),
    "torus": ("locus", "prior"),
}  # fmt: skip


def export_prior(
    table: pd.DataFrame,
    path: str | os.PathLike[str],
    *,
    format: str,
    expected_causal: float = 1.0,
    provenance: Mapping[str, Any] | None = None,
) -> Path:
    """Write prior probabilities for susieR, PolyFun, FINEMAP, or TORUS and DAP-G.

    Parameters
    ----------
    table : DataFrame
        One row per variant with ``locus`` and ``prior`` (summing to one within a locus, such as
        of `prior_weights`) and, by format, ``rsid``, ``chrom``, ``pos``, ``effect_allele``,
        ``other_allele``, ``eaf``, ``beta``, ``se``: the table ``variants`` has them.
    path : path
        A file for "susie" and "polyfun" (``.tsv`` or ``.tsv.gz``, PolyFun also ``.parquet``) and
        for "rds"; a new folder for "finemap" and "torus", which take a file per locus.
    format : {"susie", "rds", "polyfun", "finemap", "torus"}
        "susie": columns ``locus``, ``variant``, ``prior_weights``, in the order of ``table``.
        "rds": the same for ``readRDS`` of R, a list by locus of vectors with the variants'
        names, each what ``susie_rss(prior_weights = )`` takes.
        "polyfun": ``SNP CHR BP A1 A2 SNPVAR``, A1 the effect allele, CHR a number, and ``Z``
        where the table has ``z`` or ``beta`` and ``se``: with it, the file is the
        ``--sumstats`` of PolyFun's ``finemapper.py``, which takes each variant once and
        scales SNPVAR within its window. "finemap": per locus a ``.z`` file with the column
        ``prob`` that ``--prior-snps`` reads (``allele1`` is the effect allele: that of the
        ``.ld`` file), a ``.k`` file of up to five causal variants for ``--prior-k``, and,
        where the table has ``n``, a file ``master`` that names both and ``<locus>.ld``.
        "torus": per locus ``<locus>.prior``, name and probability, as ``torus -dump_prior``
        writes and ``dap-g -p`` reads; DAP-G takes a variant that the file lacks as one of
        probability zero. SuSiEx takes no prior.
    expected_causal : float
        Causal variants expected in a locus: "finemap" and "torus" probabilities sum to it,
        each of them at most 0.999 (how many were cut to that is in the provenance).
    provenance : mapping, optional
        Written beside as JSON.

    Returns
    -------
    Path

    Raises
    ------
    InputError
        The format is not known, a column or value is missing, a probability is not one or those
        of a locus do not sum to one, or a name is there twice or would not be read back.
    OutputError
        The place cannot be written, or the folder is there already.

    References
    ----------
    Weissbrod O et al. (2020). Functionally informed fine-mapping and polygenic localization of
    complex trait heritability. Nature Genetics 52 (PolyFun).
    Benner C et al. (2016). FINEMAP: efficient variable selection using summary data from
    genome-wide association studies. Bioinformatics 32(10).
    Wen X, Lee Y, Luca F, Pique-Regi R (2016). Efficient integrative multi-SNP association
    analysis via deterministic approximation of posteriors. American Journal of Human Genetics
    98(6) (DAP; TORUS).

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> table = pd.DataFrame({"locus": "22:1-9", "rsid": ["rs1", "rs2"], "prior": [0.25, 0.75]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = export_prior(table, f"{folder}/prior.tsv", format="susie")
    ...     print(path.read_text().split())
    ['locus', 'variant', 'prior_weights', '22:1-9', 'rs1', '0.25', '22:1-9', 'rs2', '0.75']
    """
    _check(table, format, expected_causal)
    path = Path(path)
    told = {"format": format, "expected_causal": expected_causal, **(provenance or {})}
    named = table.assign(variant=_names(table))
    if format not in ("susie", "rds"):
        _check_words(named["variant"], format)
    if format == "susie":
        return write_table(_susie(named), path, provenance=told)
    if format == "rds":
        return _write_rds(named, path, told)
    if format == "polyfun":
        return write_table(_polyfun(named), path, provenance=told)
    return _write_folder(named, path, format, expected_causal=expected_causal, provenance=told)


def _check(table: pd.DataFrame, format: str, expected: float) -> None:
    if str(format).lower() == "susiex":
        raise InputError("format: SuSiEx has no argument for prior weights; nothing to write")
    if format not in FORMATS:
        raise InputError(f"format: found {format!r}; expected one of {', '.join(FORMATS)}")
    lacking = [name for name in _NEEDS[format] if name not in table]
    if lacking or table.empty:
        raise InputError(
            f"table: {'no rows' if table.empty else 'no column ' + ', '.join(lacking)}; format "
            f"'{format}' needs {', '.join(_NEEDS[format])}"
        )
    if not 0 < expected < np.inf:
        raise InputError(f"expected_causal: found {expected}; expected a number above zero")
    prior = _numbers(table, "prior")
    bad = ~((prior >= 0) & (prior <= 1))
    if bad.any():
        raise InputError(
            f"table: prior of row {int(np.flatnonzero(bad)[0])} is {prior[bad][0]}; expected a "
            "probability; prior_weights() makes them"
        )
    absent = [name for name in _NEEDS[format] if table[name].isna().any()]
    if absent:
        row = int(np.flatnonzero(table[absent[0]].isna())[0])
        raise InputError(
            f"table: {absent[0]} of row {row} is missing; format '{format}' needs it of every "
            "variant; fill it or leave the variant out and scale the priors of its locus to one"
        )
    if "locus" in table:
        total = pd.Series(prior, index=table.index).groupby(table["locus"]).sum()
        if (total - 1).abs().max() > 1e-6:
            worst = int((total - 1).abs().to_numpy().argmax())
            raise InputError(
                f"table: priors of locus {total.index[worst]} sum to {total.iloc[worst]:.6g}; "
                "expected 1 in each locus"
            )


def _numbers(table: pd.DataFrame, name: str) -> np.ndarray:
    try:
        return table[name].to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise InputError(f"table: {name} is not numeric ({error})") from error


def _names(table: pd.DataFrame) -> pd.Series:
    """rsIDs, and where there is none ``chrom:pos:other:effect``; unique within a locus."""
    names = (
        table["rsid"].astype("string")
        if "rsid" in table
        else pd.Series(pd.NA, index=table.index, dtype="string")
    )
    key = ["chrom", "pos", "other_allele", "effect_allele"]
    if names.isna().any():
        if any(name not in table for name in key):
            raise InputError("table: variants without rsid need chrom, pos and both alleles")
        long = table[key].astype("string").agg(":".join, axis=1)
        names = names.fillna(long)
    within = table["locus"] if "locus" in table else pd.Series("", index=table.index)
    twice = pd.DataFrame({"locus": within, "name": names}).duplicated()
    if twice.any():
        raise InputError(
            f"table: variant '{names[twice].iloc[0]}' is there twice in a locus; expected one row "
            "each"
        )
    return names


def _check_words(names: pd.Series, format: str) -> None:
    """Names that a reader of fields between blanks gives back as they are."""
    broken = ~names.str.fullmatch(r"\S+").to_numpy(dtype=bool)
    if broken.any():
        row = int(np.flatnonzero(broken)[0])
        raise InputError(
            f"table: the name '{names.iloc[row]}' of row {row} is empty or has blanks, which part "
            f"the fields of format '{format}'; rename it"
        )


def _susie(table: pd.DataFrame) -> pd.DataFrame:
    return table[["locus", "variant", "prior"]].rename(columns={"prior": "prior_weights"})


def _write_rds(table: pd.DataFrame, path: Path, provenance: Mapping[str, Any]) -> Path:
    by_locus = {
        str(locus): rows.set_index("variant")["prior"]
        for locus, rows in table.groupby("locus", sort=False)
    }
    with replacing(path) as handle:
        handle.write(named_vectors(by_locus))
    write_json(path.with_name(f"{path.name}.provenance.json"), dict(provenance))
    return path


def _polyfun(table: pd.DataFrame) -> pd.DataFrame:
    """Columns of ``finemapper.py --sumstats``, which compares CHR with a number."""
    bare = table["chrom"].astype("string").str.replace(r"^chr", "", case=False, regex=True)
    odd = ~bare.str.fullmatch(r"0*(?:[1-9]|1\d|2[0-2])").to_numpy(dtype=bool)
    if odd.any():
        raise InputError(
            f"table: chrom of row {int(np.flatnonzero(odd)[0])} is '{bare[odd].iloc[0]}'; PolyFun "
            "takes chromosomes 1 to 22; leave the others out"
        )
    columns = {"variant": "SNP", "chrom": "CHR", "pos": "BP", "effect_allele": "A1",
               "other_allele": "A2", "prior": "SNPVAR"}  # fmt: skip
    told = table.assign(chrom=bare.astype("int64"))[list(columns)].rename(columns=columns)
    alleles = np.sort(told[["A1", "A2"]].to_numpy(dtype=str), axis=1)
    place = told[["CHR", "BP"]].assign(first=alleles[:, 0], second=alleles[:, 1])
    if place.duplicated().any():
        twice = told["SNP"][place.duplicated()].iloc[0]
        raise InputError(
            f"table: variant '{twice}' is there twice; PolyFun takes each once; where loci "
            "overlap, export each to a file of its own"
        )
    if "z" in table:
        told["Z"] = _numbers(table, "z")
    elif "beta" in table and "se" in table:
        beta, se = _numbers(table, "beta"), _numbers(table, "se")
        told["Z"] = np.divide(beta, se, out=np.full(len(se), np.nan), where=se > 0)
    if "Z" in told and not np.isfinite(told["Z"]).all():
        row = int(np.flatnonzero(~np.isfinite(told["Z"]))[0])
        raise InputError(
            f"table: z (or beta / se) of row {row} is {told['Z'].iloc[row]}; expected a finite "
            "number; leave the variant or the columns out"
        )
    return told


def _write_folder(
    table: pd.DataFrame,
    path: Path,
    format: str,
    *,
    expected_causal: float,
    provenance: Mapping[str, Any],
) -> Path:
    """Fill a folder beside its place and rename it once it is complete."""
    if path.exists():
        raise OutputError(f"{path}: is there already; name a new folder")
    stems = _stems(table["locus"])
    prob = table["prior"].astype(float) * expected_causal
    files = table.assign(prob=prob.clip(upper=_MOST))
    if format == "finemap":
        _check_effects(table)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        beside.mkdir()
        for locus, rows in files.groupby("locus", sort=False):
            stem = beside / stems[str(locus)]
            if format == "torus":
                write_text(stem.with_name(f"{stem.name}.prior"), _lines(rows))
            else:
                write_text(stem.with_name(f"{stem.name}.z"), _z_file(rows))
                write_text(stem.with_name(f"{stem.name}.k"), _k_file(expected_causal, len(rows)))
        if format == "finemap" and "n" in table:
            write_text(beside / "master", _master(table, stems))
        capped = int((prob > _MOST).sum())
        write_json(beside / "provenance.json", {**provenance, "probabilities_capped": capped})
        os.replace(beside, path)
    except OSError as error:
        if isinstance(error, InputError | OutputError):
            raise
        raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from error
    finally:
        with suppress(FileNotFoundError):
            shutil.rmtree(beside)
    return path


def _stems(loci: pd.Series) -> dict[str, str]:
    """Name of each locus's files; what a file system does not take becomes an underscore."""
    names = pd.Series(loci.astype(str).unique())
    stems = names.str.replace(r"[^\w.+-]", "_", regex=True)
    clash = stems.str.casefold().duplicated(keep=False) | stems.isin(["", ".", ".."])
    if clash.any():
        raise InputError(
            f"table: loci {', '.join(names[clash].head(3))} would have the same file or none; "
            "rename them"
        )
    return dict(zip(names, stems, strict=True))


def _check_effects(table: pd.DataFrame) -> None:
    """What FINEMAP stops at: a frequency of zero or one, and standard errors that are none."""
    eaf, beta, se = (_numbers(table, name) for name in ("eaf", "beta", "se"))
    bad = {
        "eaf": ~((eaf > 0) & (eaf < 1)), "beta": ~np.isfinite(beta),
        "se": ~((se > 0) & np.isfinite(se)),
    }  # fmt: skip
    wrong = next((name for name, rows in bad.items() if rows.any()), None)
    if wrong is not None:
        row = int(np.flatnonzero(bad[wrong])[0])
        raise InputError(
            f"table: {wrong} of row {row} is {table[wrong].iloc[row]}; FINEMAP needs a frequency "
            "between zero and one, a finite beta and a positive se"
        )


def _lines(rows: pd.DataFrame) -> str:
    told = rows[["variant", "prob"]]
    return str(told.to_csv(sep=" ", header=False, index=False, float_format="%.8e"))


def _z_file(rows: pd.DataFrame) -> str:
    columns = {"variant": "rsid", "chrom": "chromosome", "pos": "position",
               "effect_allele": "allele1", "other_allele": "allele2", "maf": "maf",
               "beta": "beta", "se": "se", "prob": "prob"}  # fmt: skip
    maf = np.minimum(rows["eaf"], 1 - rows["eaf"])
    told = rows.assign(maf=maf)[list(columns)].rename(columns=columns)
    return str(told.to_csv(sep=" ", index=False, float_format="%.10g"))


def _k_file(expected: float, variants: int) -> str:
    """Probabilities of 1, 2, ... causal variants: a Poisson number, given that there is one."""
    from scipy.stats import poisson

    counts = np.arange(1, min(_MOST_CAUSAL, variants) + 1)
    log_weight = poisson.logpmf(counts, expected)
    weight = np.exp(log_weight - log_weight.max())
    return " ".join(f"{value:.6g}" for value in weight / weight.sum()) + "\n"


def _master(table: pd.DataFrame, stems: Mapping[str, str]) -> str:
    """The list of data sets that FINEMAP is started with; ``.ld`` files are the user's."""
    people = table.groupby("locus", sort=False)["n"].median()
    if not (np.isfinite(people) & (people >= 1)).all():
        raise InputError("table: n of a locus is missing or below one; mend or drop the column")
    kinds = ("z", "ld", "snp", "config", "cred", "log", "k")
    lines = [";".join([*kinds, "n_samples"])]
    lines += [
        ";".join([*(f"{stems[str(locus)]}.{kind}" for kind in kinds), str(round(n))])
        for locus, n in people.items()
    ]
    return "\n".join(lines) + "\n"
