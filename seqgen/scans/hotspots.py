"""Stretches of the genome that many traits point to."""

from __future__ import annotations

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.schemas import HOTSPOTS

_MOST_GENES = 5


def find_hotspots(
    hits: pd.DataFrame, variants: pd.DataFrame, *, window: int = 1_000_000, alpha: float = 0.05
) -> pd.DataFrame:
    """Count, stretch by stretch, the traits whose strongest trans variant lies there.

    The genome is cut into stretches of ``window`` base pairs. Were the traits spread over the
    tested variants, a stretch would get its share of them; the chance of as many as are there,
    Poisson with that mean and multiplied by the number of stretches that hold variants, is
    ``p``. Neighbouring stretches with p up to ``alpha`` become one. Traits move together, so that
    p tells a crowd from an even spread, not a cause from a coincidence.

    Parameters
    ----------
    hits : DataFrame
        `schemas.TRANSQTL`: the discoveries.
    variants : DataFrame
        ``variant``, ``chrom``, ``pos`` of all variants tested.
    window : int
    alpha : float

    Returns
    -------
    DataFrame
        `schemas.HOTSPOTS`, those with p up to ``alpha``, most traits first; no rows where
        variants have no position or there are no hits.

    Raises
    ------
    InputError
        If the window is not positive.

    Examples
    --------
    >>> variants = pd.DataFrame({"variant": ["a", "b", "c"], "chrom": "1", "pos": [5, 105, 205]})
    >>> hits = pd.DataFrame({"variant": "b", "chrom": "1", "pos": 105, "gene": None,
    ...     "trait": [f"t{k}" for k in range(12)], "neg_log10_p": 9.0})
    >>> find_hotspots(hits, variants, window=100)[["start", "n_traits"]].to_numpy().tolist()
    [[101, 12]]
    """
    from scipy.stats import poisson

    if window < 1:
        raise InputError(f"window is {window}; expected base pairs, at least 1")
    if hits.empty or "chrom" not in variants or "pos" not in variants:
        return HOTSPOTS.empty()
    hits = hits[hits["pos"].notna() & hits["chrom"].notna()]
    variants = variants[variants["pos"].notna() & variants["chrom"].notna()]
    if hits.empty:
        return HOTSPOTS.empty()
    best = hits.sort_values("neg_log10_p", ascending=False, kind="stable").drop_duplicates("trait")
    best = best.assign(chrom=best["chrom"].astype("str"))
    place = variants.assign(
        chrom=variants["chrom"].astype("str"), cell=(variants["pos"] - 1) // window
    )
    cells = place.groupby(["chrom", "cell"], sort=False).size().rename("variants").reset_index()
    best = best.assign(cell=(best["pos"].astype("int64") - 1) // window)
    counted = best.groupby(["chrom", "cell"]).size().rename("n_traits").reset_index()
    cells = cells.merge(counted, how="left").fillna({"n_traits": 0})
    cells["expected"] = len(best) * cells["variants"] / cells["variants"].sum()
    p = poisson.sf(cells["n_traits"] - 1, cells["expected"]) * len(cells)
    cells["p"] = np.minimum(p, 1.0)
    strong = cells[(cells["p"] <= alpha) & (cells["n_traits"] > 1)]
    strong = strong.sort_values(["chrom", "cell"], kind="stable")
    apart = (strong["chrom"] != strong["chrom"].shift()) | (strong["cell"].diff() != 1)
    strong = strong.assign(run=apart.cumsum())
    best = best.merge(strong[["chrom", "cell", "run"]], on=["chrom", "cell"])
    rows = [_described(run, best[best["run"] == number], window)
            for number, run in strong.groupby("run")]  # fmt: skip
    if not rows:
        return HOTSPOTS.empty()
    table = pd.DataFrame(rows).sort_values("n_traits", ascending=False, kind="stable")
    return HOTSPOTS.validate(table.reset_index(drop=True))


def _described(run: pd.DataFrame, traits: pd.DataFrame, window: int) -> dict[str, object]:
    named = [traits[name].dropna().astype("str") for name in ("gene", "cis_gene") if name in traits]
    counts = pd.concat(named).value_counts(sort=True) if named else pd.Series(dtype="int64")
    genes = ", ".join(counts.index[:_MOST_GENES])
    return {
        "chrom": run["chrom"].iloc[0],
        "start": int(run["cell"].min()) * window + 1,
        "end": (int(run["cell"].max()) + 1) * window,
        "n_traits": int(run["n_traits"].sum()),
        "expected": float(run["expected"].sum()),
        "p": float(run["p"].min()),
        "lead_variant": traits["variant"].mode().iloc[0],
        "genes": genes or None,
    }
