"""Interaction tests of listed pairs, every one of them reported."""

from __future__ import annotations

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.gxg.carriers import count_double_carriers
from seqgen.gxg.design import PairDesign
from seqgen.gxg.exact import exact_tests
from seqgen.gxg.pair_models import regress_all
from seqgen.gxg.scan import COLLINEAR, FEW, LEVELS, PairScan, ScanOptions, pair_table


def scan_listed(
    design: PairDesign,
    first: np.ndarray,
    second: np.ndarray,
    *,
    options: ScanOptions | None = None,
) -> PairScan:
    """Test the pairs (first[k], second[k]) and report all that can be tested.

    Tests and filters are those of `scan_pairs`; for a binary trait it is the score test, of
    which `regress_pairs` fits the whole regression.

    Parameters
    ----------
    design : PairDesign
    first, second : ndarray of int, shape (k,)
        Row numbers of the variants; no pair twice.
    options : ScanOptions, optional
        ``p`` is not looked at.

    Returns
    -------
    PairScan
        Its table is in the order given, the untested pairs left out.

    Raises
    ------
    InputError
        If a pair is one variant twice.

    Examples
    --------
    >>> from seqgen.gxg import prepare_pairs
    >>> rng = np.random.default_rng(0)
    >>> counts = rng.binomial(2, 0.4, size=(300, 6)).astype(float)
    >>> design = prepare_pairs(counts, counts[:, 0] * counts[:, 1] + rng.normal(size=300))
    >>> scan = scan_listed(design, np.array([0, 0]), np.array([1, 2]))
    >>> scan.n_tests, (scan.table["p"] < 1e-6).tolist()
    (2, [True, False])
    """
    options = options or ScanOptions()
    if (first == second).any():
        name = design.variants["variant"].iloc[first[int((first == second).argmax())]]
        raise InputError(f"pairs: {name!r} is paired with itself; name two variants")
    carriers = count_double_carriers(design, first, second)
    enough = carriers >= options.min_double_carriers
    first, second = first[enough], second[enough]
    if options.missing == "complete":
        fit = regress_all(design, first, second, complete=True)
    else:
        fit = exact_tests(design, first, second)
    table = pair_table(design, first, second, fit=fit, carriers=carriers[enough])
    known = table["neg_log10_p"].notna().to_numpy()
    table = table[known].reset_index(drop=True)
    observed = [int((table["p"] <= level).sum()) for level in LEVELS]
    calibration = pd.DataFrame(
        {"level": LEVELS, "observed": observed, "expected": LEVELS * len(table)}
    )
    untested = {FEW: int((~enough).sum()), COLLINEAR: int((~known).sum())}
    return PairScan(table, len(table), calibration, {k: v for k, v in untested.items() if v})
