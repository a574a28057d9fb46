"""What the reader of a scan has to know beside its tables."""

from __future__ import annotations

import pandas as pd

from seqgen.scans.calibration import HEAVY, heavy_from, inflated_from
from seqgen.transqtl import TransScan

_PAIRS = (
    ("phantom_risk", "lie in one locus or in LD: an untyped causal variant makes such, and leads "
     "take away only what they tag, so count them apart"),
    ("handful", "rest on a handful of people"),
)  # fmt: skip


def pair_remarks(table: pd.DataFrame, *, inflation: float, n_tests: int) -> list[str]:
    """Remarks on a scan of pairs."""
    remarks = []
    if inflation > inflated_from(n_tests):
        remarks.append(
            f"inflation is {inflation:.2f}: the tests are too often small; look at relatedness, "
            "population structure, and the scale of the trait"
        )
    if table["listed"].any() and table.loc[table["listed"], "evidence"].isna().all():
        remarks.append("nothing is known of any listed pair: all tests weigh the same")
    found = table[table["decision"] != "neither"]
    counted = [(name, text, found[name].fillna(False).astype(bool)) for name, text in _PAIRS
               if name in found]  # fmt: skip
    if "survives_scale" in found:
        text = "lose more than half of -log10 p on another scale of the trait"
        counted.append(("scale", text, ~found["survives_scale"].fillna(True).astype(bool)))
    for _, text, which in counted:
        if which.any():
            remarks.append(f"{int(which.sum()):,} of {len(found):,} discoveries {text}")
    return remarks


def trans_remarks(scan: TransScan, found: pd.DataFrame, *, placed: bool) -> list[str]:
    """Remarks on a trans scan and its discoveries; ``placed``: are the genes' positions known."""
    remarks = []
    if scan.inflation > inflated_from(scan.n_tests):
        remarks.append(
            f"inflation is {scan.inflation:.2f}: tests are too often small; look at relatedness, "
            "population structure, batches and hidden factors"
        )
    if "distance" in found and found["distance"].notna().any():
        away = found["distance"].dropna()
        remarks.append(
            f"{len(away):,} of {len(found):,} discoveries are on the chromosome of the trait's own "
            f"gene, the nearest {away.min() / 1e6:.2g} Mb from it: LD beyond the cis window and "
            "distant cis effects look like this; a wider cis_window (5 Mb is common) leaves them "
            "out"
        )
    if not placed:
        remarks.append(
            "no positions of the traits' genes were given: effects of variants on genes near them "
            "are among the tests"
        )
    if "mediated" in found:
        through = ((found["p_mediation"] <= 0.05) & (found["mediated"] >= 0.5)).sum()
        if through:
            remarks.append(
                f"{through:,} of {len(found):,} discoveries: half of the effect or more goes "
                "through the trait of a gene near the variant, if they share no other cause"
            )
    return remarks


def tail_remarks(permuted: pd.DataFrame) -> list[str]:
    """Remarks on the calibration with people permuted."""
    level = heavy_from(permuted)
    if level is None:
        return []
    return [
        f"with people permuted there are more than {HEAVY:g} times as many p values up to "
        f"{level:g} as there should be: traits have heavy tails, and q is too small; use p_family, "
        "or prepare the traits with transform='rank-normal' (q_permutation is a mean over "
        "permutations, not a bound)"
    ]
