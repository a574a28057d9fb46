"""What bad input does to fine-mapping, and whether it is noticed.

Loci with LD of the bundled 378-person panel and of 5,000 people simulated by msprime; two causal
variants each and z-scores with the LD of these people. Then: nothing wrong, 1% of alleles switched
(left; turned; left out; the evident ones turned and other contradictions left out), LD from 300 of
the people, without and with switches, r squared for r, NaN rows. Told per scenario: variants at
PIP > .95 and how many are false, false ones at loci where the check said nothing ("silent"; what
the fit itself says is not counted), coverage of credible sets, switches found by
`check_consistency` and by `kriging_rss`, and sound variants flagged, with 95% bootstrap intervals
over loci.

A switch counts as detectable where, on the data before the switch and the LD in hand, it moves z
by seven standard errors of its expectation or more, and |z| is 2 or more.

Run it: ``python benchmarks/finemap_robustness.py [replicates] [loci of each kind] [variants]``.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import sys
import time
from collections import defaultdict
from pathlib import Path

import numpy as np

from seqgen.errors import InputError
from seqgen.finemap import LDMatrix, SusieOptions, kriging_rss, prepare_ld, susie_rss
from seqgen.finemap.consistency import check_consistency
from seqgen.io.genotypes import read_panel

PREFIX = Path(__file__).parents[1] / "seqgen" / "data" / "height_chr22" / "eur_chr22"
N, PANEL, WRONG, CAUSALS = 50_000, 300, 0.01, 2
LARGE = 5_000
DETECTABLE = 7.0
OPTIONS = SusieOptions(max_iter=100)
SCENARIOS = (
    "clean", "1% switched", "1% switched, turned", "1% switched, left out",
    "1% switched, both", "300-person panel", "panel + 1% switched",
    "panel + switched, turned", "r squared", "NaN rows",
)  # fmt: skip


def bundled(rng: np.random.Generator, p: int) -> np.ndarray:
    """Genotypes of the panel at ``p`` neighbouring variants, (people, p)."""
    panel = read_panel(PREFIX)
    start = int(rng.integers(len(panel.variants) - 4 * p))
    g = np.asarray(panel.genotypes(np.arange(start, start + 4 * p)), dtype=float)
    return common(np.where(np.isnan(g), np.nanmean(g, axis=0), g), rng, p)


def simulated(rng: np.random.Generator, p: int) -> np.ndarray:
    """Genotypes of a population of constant size, (people, p)."""
    import msprime

    seed = int(rng.integers(1, 2**31))
    tree = msprime.sim_ancestry(
        LARGE, sequence_length=5e5, recombination_rate=1e-8, population_size=1e4, random_seed=seed
    )
    g = msprime.sim_mutations(tree, rate=1.2e-8, random_seed=seed).genotype_matrix()
    return common(((g[:, ::2] > 0).astype(float) + (g[:, 1::2] > 0)).T, rng, p)


def common(g: np.ndarray, rng: np.random.Generator, p: int) -> np.ndarray:
    """``p`` of the variants with a minor allele frequency above 2%, in order."""
    f = g.mean(axis=0) / 2
    keep = np.flatnonzero(np.minimum(f, 1 - f) > 0.02)
    return g[:, np.sort(rng.choice(keep, min(p, keep.size), replace=False))]


def correlation(g: np.ndarray) -> np.ndarray:
    x = (g - g.mean(axis=0)) / g.std(axis=0)
    R = x.T @ x / len(x)
    np.fill_diagonal(R, 1.0)
    return np.clip((R + R.T) / 2, -1.0, 1.0)


def locus(g: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """z-scores, causal variants, switched ones, and both LD matrices; all vary in the panel."""
    sub = g[rng.choice(len(g), PANEL, replace=False)]
    g, sub = g[:, sub.std(axis=0) > 0], sub[:, sub.std(axis=0) > 0]
    R, p = correlation(g), g.shape[1]
    at = rng.choice(p, CAUSALS, replace=False)
    effect = rng.choice([-1.0, 1.0], CAUSALS) * rng.uniform(5.0, 12.0, CAUSALS)
    values, vectors = np.linalg.eigh(R)
    noise = vectors @ (np.sqrt(np.maximum(values, 0.0)) * rng.normal(size=p))
    z = R[:, at] @ effect + noise
    wrong = np.isin(np.arange(p), rng.choice(p, max(1, round(WRONG * p)), replace=False))
    return {"z": z, "causal": at, "wrong": wrong, "R": R, "panel": correlation(sub)}


def fit(z: np.ndarray, ld: LDMatrix, causal: np.ndarray, *, panel: bool, told: bool) -> dict:
    """Counts of one fit, and the false ones of which nobody was told."""
    how = {"R_finite": PANEL, "R_mismatch": "eb"} if panel else {}
    found = susie_rss(z, ld, N, L=5, options=OPTIONS, **how)
    high = np.flatnonzero(found.pip > 0.95)
    false = len(np.setdiff1d(high, causal))
    hold = sum(bool(np.isin(causal, cs.variants).any()) for cs in found.credible_sets)
    return {
        "fits": 1, "found": len(high), "false": false, "silent": 0 if told else false,
        "told": told, "sets": len(found.credible_sets), "hold": hold,
    }  # fmt: skip


def compare(z: np.ndarray, ld: LDMatrix, wrong: np.ndarray) -> tuple[dict, object]:
    """Switches found and sound variants flagged, by either check."""
    before = check_consistency(np.where(wrong, -z, z), ld, N)
    begin = time.process_time()
    check = check_consistency(z, ld, N)
    middle = time.process_time()
    kriging = kriging_rss(z, ld, N).switched
    end = time.process_time()
    sure = 2 * np.abs(before.z_expected) >= DETECTABLE * before.se
    sure &= wrong & (np.abs(before.z) >= 2.0)
    flagged = check.verdict != "ok"
    return {
        "variants": z.size, "switches": wrong.sum(), "detectable": sure.sum(),
        "flagged": (flagged & sure).sum(), "flipped": (check.flipped & sure).sum(),
        "kriging": (kriging & sure).sum(), "false flags": (flagged & ~wrong).sum(),
        "false flips": (check.flipped & ~wrong).sum(), "kriging false": (kriging & ~wrong).sum(),
        "check s": middle - begin, "kriging s": end - middle,
    }, check  # fmt: skip


def scenarios(data: dict[str, np.ndarray]) -> dict[str, dict]:
    z, causal, wrong, out = data["z"], data["causal"], data["wrong"], {}
    switched = np.where(wrong, -z, z)
    none = np.zeros_like(wrong)
    exact, small = prepare_ld(data["R"]), prepare_ld(data["panel"])
    for start, ld, panel in (("", exact, False), ("panel + ", small, True)):
        counts, check = compare(z, ld, none)
        name = "300-person panel" if panel else "clean"
        out[name] = counts | fit(z, ld, causal, panel=panel, told=bool(check.warnings))
        counts, check = compare(switched, ld, wrong)
        told = bool(check.warnings)
        out[start + "1% switched"] = counts | fit(switched, ld, causal, panel=panel, told=told)
        turned = np.where(check.flipped, -switched, switched)
        again = check_consistency(turned, ld, N)
        name = start + ("switched, turned" if panel else "1% switched, turned")
        out[name] = fit(turned, ld, causal, panel=panel, told=bool(again.warnings))
        if not panel:
            keep = np.flatnonzero(check.verdict == "ok")
            where = np.flatnonzero(np.isin(keep, causal))
            left = prepare_ld(data["R"][np.ix_(keep, keep)])
            out["1% switched, left out"] = fit(switched[keep], left, where, panel=False, told=False)
            keep = np.flatnonzero(check.verdict != "inconsistent")
            where = np.flatnonzero(np.isin(keep, causal))
            left = prepare_ld(data["R"][np.ix_(keep, keep)])
            told = bool(check_consistency(turned[keep], left, N).warnings)
            out["1% switched, both"] = fit(turned[keep], left, where, panel=False, told=told)
    try:
        squared = prepare_ld(data["R"] ** 2)
        told = bool(check_consistency(z, squared, N).warnings)
        out["r squared"] = fit(z, squared, causal, panel=False, told=told)
    except InputError:
        out["r squared"] = {"refused": 1}
    holes = np.where(wrong, np.nan, z)
    try:
        out["NaN rows"] = fit(holes, exact, causal, panel=False, told=False)
    except InputError:
        out["NaN rows"] = {"refused": 1}
    return out


def interval(top: np.ndarray, bottom: np.ndarray, rng: np.random.Generator) -> str:
    """A ratio of sums over loci with its 95% bootstrap interval."""
    if bottom.sum() == 0:
        return "-"
    drawn = rng.integers(0, len(top), (2000, len(top)))
    below = bottom[drawn].sum(axis=1)
    ratios = top[drawn].sum(axis=1) / np.where(below > 0, below, np.nan)
    low, high = np.nanquantile(ratios, (0.025, 0.975))
    return f"{top.sum() / bottom.sum():.3f} [{low:.3f}, {high:.3f}]"


def show(rows: list[dict[str, dict]]) -> None:
    rng = np.random.default_rng(1)
    sums = defaultdict(lambda: np.zeros(len(rows)))
    for k, row in enumerate(rows):
        for name, counts in row.items():
            for what, value in counts.items():
                sums[name, what][k] = value
    print(f"{'':26s}{'PIP>.95':>8s} {'false':>6s} {'silent':>7s}  {'FDR':24s}{'coverage':24s}"
          f"{'loci told':>10s} {'refused':>8s}")  # fmt: skip
    for name in SCENARIOS:
        of = {what: sums[name, what] for what in
              ("found", "false", "silent", "hold", "sets", "told", "refused")}  # fmt: skip
        print(
            f"{name:26s}{of['found'].sum():8.0f} {of['false'].sum():6.0f} "
            f"{of['silent'].sum():7.0f}  {interval(of['false'], of['found'], rng):24s}"
            f"{interval(of['hold'], of['sets'], rng):24s}"
            f"{of['told'].sum():10.0f} {of['refused'].sum():8.0f}"
        )
    for name in ("clean", "1% switched", "300-person panel", "panel + 1% switched"):
        of = {key[1]: value for key, value in sums.items() if key[0] == name}
        sound = of["variants"] - of["switches"]
        print(
            f"{name}: {of['switches'].sum():.0f} switches, {of['detectable'].sum():.0f} detectable;"
            f" flagged {interval(of['flagged'], of['detectable'], rng)}, as flipped "
            f"{interval(of['flipped'], of['detectable'], rng)}, kriging_rss "
            f"{interval(of['kriging'], of['detectable'], rng)}; of {sound.sum():,.0f} sound "
            f"variants {of['false flags'].sum():.0f} flagged ({of['false flips'].sum():.0f} as "
            f"flipped), kriging_rss {of['kriging false'].sum():.0f}; CPU "
            f"{of['check s'].sum():.2f} s, kriging_rss {of['kriging s'].sum():.2f} s"
        )


def main() -> None:
    given = [int(text) for text in sys.argv[1:]]
    replicates, loci, p = (*given, *(5, 12, 300)[len(given) :])
    begin = time.process_time()
    for kind, draw in (("bundled panel, 378 people", bundled), (f"msprime, {LARGE:,}", simulated)):
        rows = []
        for seed in range(1, replicates + 1):
            rng = np.random.default_rng(seed)
            rows += [scenarios(locus(draw(rng, p), rng)) for _ in range(loci)]
        print(f"\n{kind}: {replicates} x {loci} loci of up to {p} variants")
        show(rows)
    print(f"\n{time.process_time() - begin:.0f} CPU-seconds")


if __name__ == "__main__":
    main()
