"""The most interesting variants of a run, in honest words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from seqgen.report import numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seqgen.report.tables import ReportTables

_WORTH_TELLING = 0.05
_SAME, _TELLING = 0.005, 0.02


@dataclass(frozen=True)
class Finding:
    """One variant that a reader should look at first.

    Attributes
    ----------
    locus, label : str
        Its locus, and gene with residue change or the rsID.
    rsid : str or None
    pip_flat, pip : float
        Inclusion probability under the flat and under the informed prior.
    detail : str
        What was found, in sentences; says what moved, claims no causality.
    """

    locus: str
    label: str
    rsid: str | None
    pip_flat: float
    pip: float
    detail: str

    @property
    def text(self) -> str:
        """The whole finding, name first, for a reader who sees nothing else."""
        return f"{self.label}: {self.detail}"


def findings(
    tables: ReportTables, most: int = 3, *, published: Sequence[str] = ()
) -> list[Finding]:
    """Pick the variants most worth a look, best first.

    Candidates are missense variants, lead variants and the tops of credible sets. They are
    ranked by the inclusion probability under the informed prior, plus how far the prior moved
    it, plus a bonus for being in a credible set and for how far a strong belief in missense
    variants would move it; variants that are not missense count a third, and variants whose z
    contradicts the LD a half. The best missense candidate is always told.

    Parameters
    ----------
    tables : ReportTables
    most : int
        How many to return at most; fewer where fewer reach an inclusion probability of 0.05.
    published : sequence of str
        Columns of ``variants`` with published scores, to be told beside the model's.

    Returns
    -------
    list of Finding
    """
    variants = tables.variants.reset_index(drop=True)
    changed = variants["residue_change"].notna().to_numpy(dtype=bool)
    candidate = changed | _first_of_locus(variants, "neg_log10_p")
    candidate |= _first_of_locus(variants[variants["cs_id"].notna()], "pip", variants.index)
    pip, flat = variants["pip"].to_numpy(), variants["pip_flat"].to_numpy()
    strong = variants["pip_strong"].to_numpy()
    candidate &= np.maximum.reduce([pip, flat, strong]) >= _WORTH_TELLING
    interest = (
        pip
        + np.abs(pip - flat)
        + 0.3 * np.abs(strong - flat)
        + 0.2 * variants["cs_id"].notna().to_numpy(dtype=float)
    )
    interest *= np.where(changed, 1.0, 1 / 3)
    interest *= np.where(variants["ld_consistent"].to_numpy(dtype=bool), 1.0, 0.5)
    interest = np.where(candidate, interest, -1.0)
    best = _best(interest, changed, most)
    return [_finding(variants.iloc[k], tables, published) for k in best]


def _best(interest: np.ndarray, changed: np.ndarray, most: int) -> list[int]:
    """Rows of largest ``interest``, the last place kept for a residue change if there is none."""
    order = [int(k) for k in np.argsort(-interest, kind="stable") if interest[k] > 0]
    best = order[:most]
    others = [k for k in order[most:] if changed[k]]
    if best and others and not changed[best].any():
        best[-1] = others[0]
    return best


def label(row: Any) -> str:
    """Gene and residue change of a variant, its rsID, or its position and alleles."""
    if not numbers.missing(row["residue_change"]):
        gene = "" if numbers.missing(row["gene"]) else f"{row['gene']} "
        return f"{gene}{row['residue_change']}"
    if not numbers.missing(row["rsid"]):
        return str(row["rsid"])
    return f"{row['chrom']}:{row['pos']} {row['other_allele']}>{row['effect_allele']}"


def _first_of_locus(
    variants: pd.DataFrame, column: str, index: pd.Index | None = None
) -> np.ndarray:
    """Mask over ``index`` of the row with the largest ``column`` in each locus."""
    index = variants.index if index is None else index
    top = variants.groupby("locus", sort=False)[column].idxmax()
    return np.asarray(index.isin(top.tolist()), dtype=bool)


def _finding(row: Any, tables: ReportTables, published: Sequence[str]) -> Finding:
    name = label(row)
    rsid = None if numbers.missing(row["rsid"]) else str(row["rsid"])
    where = f"chr{row['chrom']}:{row['pos']:,}"
    parts = [
        f"{rsid + ', ' if rsid and rsid != name else ''}{where}, "
        f"z = {numbers.decimal(row['z'], 1)}, p = {numbers.p_value(row['neg_log10_p'])}.",
        _moved(row, _converged(row, tables)),
        _membership(row, tables.credible_sets),
        _score(row),
        _published(row, published),
        _under_strong_belief(row),
    ]
    if not row["ld_consistent"]:
        parts.append("Its z contradicts the others and the LD, so read this with caution.")
    return Finding(
        locus=str(row["locus"]),
        label=name,
        rsid=rsid,
        pip_flat=float(row["pip_flat"]),
        pip=float(row["pip"]),
        detail=" ".join(part for part in parts if part),
    )


def _converged(row: Any, tables: ReportTables) -> bool:
    loci = tables.loci
    return bool(loci.loc[loci["locus"] == row["locus"], "converged"].all())


def _moved(row: Any, converged: bool) -> str:
    if not converged:
        return (
            f"Its PIP is {numbers.pip(row['pip'])} (flat prior: {numbers.pip(row['pip_flat'])}), "
            "but the fit did not converge, so both are provisional."
        )
    flat, pip = numbers.pip(row["pip_flat"]), numbers.pip(row["pip"])
    if row["pip"] == row["pip_flat"]:
        return f"Its PIP is {pip}, under the flat prior too."
    if abs(row["pip"] - row["pip_flat"]) < _SAME:
        return f"Its PIP is {pip} and the prior hardly moved it (flat prior: {flat})."
    return f"The prior moved its PIP from {flat} to {pip}."


def _membership(row: Any, credible_sets: pd.DataFrame) -> str:
    if numbers.missing(row["cs_id"]):
        return "It is in no credible set."
    own = credible_sets[
        (credible_sets["locus"] == row["locus"])
        & (credible_sets["fit"] == "informed")
        & (credible_sets["cs_id"] == row["cs_id"])
    ]
    if own.empty:
        return "It is in a credible set."
    size = int(own["n_variants"].iloc[0])
    if size == 1:
        return "It is alone in its credible set."
    return f"Its credible set has {numbers.count(size)} variants."


def _under_strong_belief(row: Any) -> str:
    if numbers.missing(row["residue_change"]) or abs(row["pip_strong"] - row["pip"]) < _TELLING:
        return ""
    return (
        "Were missense variants ten times likelier than others beforehand, its PIP would be "
        f"{numbers.pip(row['pip_strong'])}."
    )


def _score(row: Any) -> str:
    ratio = row["log_lik_ratio"]
    if numbers.missing(ratio):
        return ""
    times = numbers.factor(math.exp(abs(ratio)))
    how = "less" if ratio < 0 else "more"
    words = (
        "about as likely as the reference one" if abs(ratio) < 0.1
        else f"{times} times {how} likely than the reference one"
    )  # fmt: skip
    return (
        f"By its score the new residue is {words} (log-likelihood ratio {numbers.decimal(ratio)})."
    )


def _published(row: Any, names: Sequence[str]) -> str:
    told = [f"{name} {numbers.decimal(row[name])}" for name in names
            if not numbers.missing(row[name])]  # fmt: skip
    return f"Published scores: {', '.join(told)}." if told else ""
