"""Scans as tables and numbers that add up, so that parts of one can be made on many machines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.gxg import PairScan
from seqgen.schemas import DROPS
from seqgen.transqtl import Histogram, TransScan

_PAIRS = ("variant_1", "variant_2", "n", "beta", "se", "t", "p", "neg_log10_p", "double_carriers")
_EDGES = ("variant", "trait", "beta", "se", "t", "p", "neg_log10_p", "frequency")
_COUNTS = ("n_hits", "n_cis", "n_cross_mapped")


def pair_sums(scan: PairScan) -> dict[str, Any]:
    """What adds up over the parts of a scan of pairs: tests, counts by level, untested pairs."""
    calibration = scan.calibration
    return {
        "n_tests": scan.n_tests,
        "observed": calibration["observed"].astype("float64").tolist(),
        "expected": calibration["expected"].astype("float64").tolist(),
        **{f"untested: {reason}": count for reason, count in scan.untested.items()},
    }


def pair_scan_of(table: pd.DataFrame, sums: Mapping[str, Any], *, where: str) -> PairScan:
    """A scan of pairs from its table and the sums of its parts.

    Raises
    ------
    InputError
        If the table or the sums are those of something else; ``where`` is named.
    """
    from seqgen.gxg.scan import LEVELS

    _require(table, _PAIRS, sums, ("n_tests", "observed", "expected"), where, "seqgen gxg --shard")
    calibration = pd.DataFrame(
        {"level": LEVELS, "observed": sums["observed"], "expected": sums["expected"]}
    )
    untested = {
        name.removeprefix("untested: "): int(count)
        for name, count in sums.items()
        if name.startswith("untested: ")
    }
    return PairScan(table[list(_PAIRS)], int(sums["n_tests"]), calibration, untested)


def trans_sums(scan: TransScan) -> dict[str, Any]:
    """What adds up over the parts of a trans scan: excluded pairs, hits, tests by size."""
    return {"counts": scan.histogram.counts.tolist(), **{n: getattr(scan, n) for n in _COUNTS}}


def trans_scan_of(
    table: pd.DataFrame,
    sums: Mapping[str, Any],
    *,
    df: int,
    drops: pd.DataFrame | None = None,
    where: str,
) -> TransScan:
    """A trans scan from its hits, the sums of its parts and its degrees of freedom.

    Raises
    ------
    InputError
        If the table or the sums are those of something else; ``where`` is named.
    """
    _require(table, _EDGES, sums, ("counts", *_COUNTS), where, "seqgen transqtl --shard")
    histogram = Histogram(np.asarray(sums["counts"], dtype=np.int64), df)
    ordered = table[list(_EDGES)].sort_values("neg_log10_p", ascending=False, kind="stable")
    return TransScan(
        hits=ordered.reset_index(drop=True),
        n_tests=histogram.n_tests,
        histogram=histogram,
        df=df,
        drops=DROPS.empty() if drops is None else drops,
        **{name: int(sums[name]) for name in _COUNTS},
    )


def _require(
    table: pd.DataFrame,
    columns: tuple[str, ...],
    sums: Mapping[str, Any],
    numbers: tuple[str, ...],
    where: str,
    made_by: str,
) -> None:
    missing = [name for name in columns if name not in table]
    missing += [name for name in numbers if name not in sums]
    if missing:
        raise InputError(
            f"{where}: lacks {', '.join(missing)}; expected the merged parts of {made_by}"
        )
