"""What a learned prior is worth: simulated causal variants on the LD of the bundled panel.

Each replicate draws loci of neighbouring variants of the 378-person panel, causal variants from
a prior of two true annotations, and z-scores with in-sample LD. Fits: flat, learned (leaving
out the locus's block), learned with ten decoys, learned from a misleading score alone, oracle.
Run it: ``python benchmarks/priors.py [replicates] [loci] [variants per locus]``.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from seqgen.finemap import LDMatrix, SusieOptions, prepare_ld, susie_rss
from seqgen.io.genotypes import read_panel
from seqgen.priors import PriorOptions, evaluate_prior, fit_prior, prior_weights

PREFIX = Path(__file__).parents[1] / "seqgen" / "data" / "height_chr22" / "eur_chr22"
TRUTH = {"coding": 2.5, "score": 0.7}
DECOYS = [f"decoy_{k}" for k in range(10)]
N, EFFECT_Z, CAUSALS = 50_000, 6.0, 2
OPTIONS = SusieOptions(diagnose=False)
BINS = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 1.0)
CHOSEN = PriorOptions(penalty="cv")


def correlations(loci: int, p: int, rng: np.random.Generator) -> list[LDMatrix]:
    """LD of runs of ``p`` varying variants at random places of the panel."""
    panel = read_panel(PREFIX)
    out = []
    starts = rng.choice(len(panel.variants) - 2 * p, loci, replace=False)
    for start in starts:
        g = np.asarray(panel.genotypes(np.arange(start, start + 2 * p)), dtype=float)
        g = g if g.shape[0] == panel.n_people else g.T
        g = np.where(np.isnan(g), np.nanmean(g, axis=0), g)
        g = g[:, np.minimum(g.mean(axis=0), 2 - g.mean(axis=0)) > 0.02][:, :p]
        out.append(prepare_ld(np.corrcoef(g.T)))
    return out


def simulate(ld: list[LDMatrix], rng: np.random.Generator) -> tuple[pd.DataFrame, list, list]:
    """Annotations, causal variants and z-scores of each locus."""
    tables, causal, scores = [], [], []
    truth = pd.DataFrame({"term": TRUTH.keys(), "estimate": TRUTH.values()})
    for k, matrix in enumerate(ld):
        p = matrix.p
        table = pd.DataFrame({"locus": f"22:{k}-{k}", "coding": (rng.random(p) < 0.05) * 1.0})
        table["score"] = rng.normal(size=p)
        table[DECOYS] = np.column_stack([rng.random((p, 5)) < 0.1, rng.normal(size=(p, 5))]).astype(
            float
        )
        table["misleading"] = rng.normal(size=p)
        at = rng.choice(p, CAUSALS, replace=False, p=prior_weights(table, truth).to_numpy())
        effect = rng.normal(0, EFFECT_Z, CAUSALS)
        root = np.linalg.cholesky(matrix.R + 1e-6 * np.eye(p))
        scores.append(matrix.R[:, at] @ effect + root @ rng.normal(size=p))
        tables.append(table)
        causal.append(at)
    return pd.concat(tables, ignore_index=True), causal, scores


def judge(fits: dict, causal: list) -> dict[str, float]:
    """Counts of one replicate: variants above .95, false ones, sets and those with a causal."""
    found = false = sets = hold = 0
    pips, is_causal = [], []
    for fit, at in zip(fits.values(), causal, strict=True):
        high = np.flatnonzero(fit.pip > 0.95)
        found += len(high)
        false += len(np.setdiff1d(high, at))
        sets += len(fit.credible_sets)
        hold += sum(bool(np.isin(at, cs.variants).any()) for cs in fit.credible_sets)
        pips.append(fit.pip)
        is_causal.append(np.isin(np.arange(len(fit.pip)), at))
    told = {"found": found, "false": false, "sets": sets, "hold": hold}
    return told | {"pip": np.concatenate(pips), "causal": np.concatenate(is_causal)}


def one(seed: int, loci: int, p: int) -> tuple[dict, dict]:
    rng = np.random.default_rng(seed)
    ld = correlations(loci, p, rng)
    table, causal, z = simulate(ld, rng)
    names = list(table["locus"].unique())
    data = dict(zip(names, zip(z, ld, strict=True), strict=True))

    def fine_map(weights: dict) -> dict:
        return {
            k: susie_rss(*data[k], N, prior_weights=w, L=5, options=OPTIONS)
            for k, w in weights.items()
        }

    def by_locus(fit) -> dict:
        out = {}
        for name, rows in table.groupby("locus", sort=False):
            beta = fit.left_out.loc[name]
            coefficients = pd.DataFrame({"term": beta.index, "estimate": beta.to_numpy()})
            out[name] = prior_weights(rows, coefficients).to_numpy()
        return out

    truth = pd.DataFrame({"term": TRUTH.keys(), "estimate": TRUTH.values()})
    oracle = {k: prior_weights(r, truth).to_numpy() for k, r in table.groupby("locus", sort=False)}
    terms = {"learned": list(TRUTH), "decoys": [*TRUTH, *DECOYS], "misleading": ["misleading"]}
    fits = {n: fit_prior(table, fine_map, terms=t, options=CHOSEN) for n, t in terms.items()}
    flat = {k: np.ones(ld[i].p) for i, k in enumerate(names)}
    weights = {"flat": flat, "oracle": oracle} | {n: by_locus(f) for n, f in fits.items()}
    told = {n: judge(fine_map(w), causal) for n, w in weights.items()}
    learned = {
        "rounds": len(fits["learned"].trace) - 1,
        "coding": fits["learned"].coefficients["estimate"].iloc[0],
        "score": fits["learned"].coefficients["estimate"].iloc[1],
        "largest decoy": fits["decoys"].coefficients["estimate"].iloc[2:].abs().max(),
        "misleading": fits["misleading"].coefficients["estimate"].iloc[0],
    }
    if seed == 1:
        for name in ("learned", "misleading"):
            print(name, evaluate_prior(table, fine_map, terms=terms[name]).verdict)
    return told, learned


def interval(values: np.ndarray, ratio, rng: np.random.Generator) -> str:
    """A statistic of the replicates with its 95% bootstrap interval."""
    drawn = [ratio(values[rng.integers(0, len(values), len(values))]) for _ in range(2000)]
    low, high = np.nanquantile(drawn, (0.025, 0.975))
    return f"{ratio(values):.3f} [{low:.3f}, {high:.3f}]"


def main() -> None:
    given = [int(text) for text in sys.argv[1:]]
    replicates, loci, p = (*given, *(5, 60, 200)[len(given) :])
    begin = time.perf_counter()
    runs = [one(seed, loci, p) for seed in range(1, replicates + 1)]
    print(f"{replicates} x {loci} loci of {p} variants: {time.perf_counter() - begin:.0f} s")
    rng = np.random.default_rng(1)
    kinds = list(runs[0][0])
    keys = ("found", "false", "sets", "hold")
    counts = {n: np.array([[run[n][k] for k in keys] for run, _ in runs], float) for n in kinds}
    for name, c in counts.items():
        fdr = interval(c, lambda v: v[:, 1].sum() / max(v[:, 0].sum(), 1), rng)
        cover = interval(c, lambda v: v[:, 3].sum() / max(v[:, 2].sum(), 1), rng)
        print(f"{name:10s} PIP>.95 {c[:, 0].sum():4.0f}  FDR {fdr}  coverage {cover}")
    found = np.column_stack([counts[n][:, 0] for n in kinds])
    of = {n: k for k, n in enumerate(kinds)}

    def gain(v):
        s = v.sum(axis=0)
        return (s[of["learned"]] - s[of["flat"]]) / (s[of["oracle"]] - s[of["flat"]] or np.nan)

    def change(a, b):
        return lambda v: v[:, of[a]].sum() / v[:, of[b]].sum() - 1

    print("share of the oracle's gain:", interval(found, gain, rng))
    print("decoys over learned:", interval(found, change("decoys", "learned"), rng))
    print("misleading over flat:", interval(found, change("misleading", "flat"), rng))
    print(pd.DataFrame([told for _, told in runs]).round(3).to_string())
    for name in ("flat", "learned"):
        pip = np.concatenate([run[name]["pip"] for run, _ in runs])
        true = np.concatenate([run[name]["causal"] for run, _ in runs])
        bins = pd.cut(pip, BINS, include_lowest=True)
        table = pd.DataFrame({"pip": pip, "causal": true}).groupby(bins, observed=True)
        print(name, "calibration\n", table.agg(["mean", "size"]).iloc[:, :3].round(4).to_string())


if __name__ == "__main__":
    main()
