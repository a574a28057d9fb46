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
from seqgen.io.tables import write_json, write_table, write_text

FORMATS = ("susie", "polyfun", "finemap", "torus")
_NEEDS = {
    "susie": ("locus", "prior"),
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
    """Write prior probabilities for susieR, PolyFun, FINEMAP or TORUS and DAP-G.

    Parameters
    ----------
    table : DataFrame
        One row per variant with ``locus`` and ``prior`` (summing to one within a locus, such as
        of `prior_weights`) and, by format, ``rsid``, ``chrom``, ``pos``, ``effect_allele``,
        ``other_allele``, ``eaf``, ``beta``, ``se``: the table ``variants`` has them.
    path : path
        A file for "susie" and "polyfun" (``.tsv`` or ``.tsv.gz``, PolyFun also ``.parquet``); a
        new folder for "finemap" and "torus", which take a file per locus.
    format : {"susie", "polyfun", "finemap", "torus"}
        "susie": columns ``locus``, ``variant``, ``prior_weights``, in the order of ``table``.
        "polyfun": ``SNP CHR BP A1 A2 SNPVAR``, A1 the effect allele. "finemap": per locus a
        ``.z`` file with the column ``prob`` that ``--prior-snps`` reads, and a ``.k`` file for
        ``--prior-k``. "torus": per locus ``<locus>.prior``, name and probability,
        as ``torus -dump_prior`` writes and ``dap-g -p`` reads. SuSiEx takes no prior.
    expected_causal : float
        Causal variants expected in a locus: "finemap" and "torus" probabilities sum to it.
    provenance : mapping, optional
        Written beside as JSON.

    Returns
    -------
    Path

    Raises
    ------
    InputError
        The format is not known, a column is missing, or a probability is not one.
    OutputError
        The place cannot be written, or the folder is there already.

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
    if format == "susie":
        return write_table(_susie(named), path, provenance=told)
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
    prior = table["prior"].to_numpy(dtype=float)
    bad = ~(np.isfinite(prior) & (prior >= 0) & (prior <= 1))
    if bad.any():
        raise InputError(
            f"table: prior of row {int(np.flatnonzero(bad)[0])} is {prior[bad][0]}; expected a "
            "probability; prior_weights() makes them"
        )
    if "locus" in table:
        total = table.groupby("locus")["prior"].sum()
        if (total - 1).abs().max() > 1e-6:
            worst = int((total - 1).abs().to_numpy().argmax())
            raise InputError(
                f"table: priors of locus {total.index[worst]} sum to {total.iloc[worst]:.6g}; "
                "expected 1 in each locus"
            )
    if not 0 < expected < np.inf:
        raise InputError(f"expected_causal: found {expected}; expected a number above zero")


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


def _susie(table: pd.DataFrame) -> pd.DataFrame:
    return table[["locus", "variant", "prior"]].rename(columns={"prior": "prior_weights"})


def _polyfun(table: pd.DataFrame) -> pd.DataFrame:
    columns = {"variant": "SNP", "chrom": "CHR", "pos": "BP", "effect_allele": "A1",
               "other_allele": "A2", "prior": "SNPVAR"}  # fmt: skip
    return table[list(columns)].rename(columns=columns)


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
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        beside.mkdir()
        for locus, rows in table.groupby("locus", sort=False):
            prob = rows["prior"] * expected_causal
            if prob.max() >= 1 and len(rows) > 1:
                prob = prob.clip(upper=1 - 1e-6)
            stem = str(locus).replace(":", "_").replace("/", "_")
            if format == "torus":
                write_text(beside / f"{stem}.prior", _lines(rows["variant"], prob))
            else:
                write_text(beside / f"{stem}.z", _z_file(rows, prob))
                write_text(beside / f"{stem}.k", _k_file(expected_causal, len(rows)))
        write_json(beside / "provenance.json", dict(provenance))
        os.replace(beside, path)
    except OSError as error:
        if isinstance(error, InputError | OutputError):
            raise
        raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from error
    finally:
        with suppress(FileNotFoundError):
            shutil.rmtree(beside)
    return path


def _lines(names: pd.Series, prob: pd.Series) -> str:
    told = pd.DataFrame({"name": names, "prob": prob})
    return str(told.to_csv(sep=" ", header=False, index=False, float_format="%.8e"))


def _z_file(rows: pd.DataFrame, prob: pd.Series) -> str:
    columns = {"variant": "rsid", "chrom": "chromosome", "pos": "position",
               "effect_allele": "allele1", "other_allele": "allele2", "maf": "maf",
               "beta": "beta", "se": "se", "prob": "prob"}  # fmt: skip
    maf = np.minimum(rows["eaf"], 1 - rows["eaf"])
    told = rows.assign(maf=maf, prob=prob)[list(columns)].rename(columns=columns)
    if told.isna().any(axis=None):
        raise InputError(
            f"table: a value of eaf, beta or se is missing in locus {rows['locus'].iloc[0]}; "
            "FINEMAP needs them all"
        )
    return str(told.to_csv(sep=" ", index=False, float_format="%.10g"))


def _k_file(expected: float, variants: int) -> str:
    """Probabilities of 1, 2, ... causal variants: a Poisson number, given that there is one."""
    from scipy.stats import poisson

    counts = np.arange(1, min(10, variants) + 1)
    weight = poisson.pmf(counts, expected)
    return " ".join(f"{value:.6g}" for value in weight / weight.sum()) + "\n"
