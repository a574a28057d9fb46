"""What a learned prior is worth: simulated causal variants on real and on coalescent LD.

Each replicate draws loci of neighbouring variants of the bundled 378-person panel (or of people
simulated by msprime), causal variants from a prior of two true annotations, and z-scores with
in-sample LD. Fits: flat; learned, each locus by what the other blocks support; learned beside
ten decoys; learned from misleading scores alone; oracle. The learned ones let held-out loci
choose the penalty. Run it: ``python benchmarks/priors.py [panel|msprime|torus] [replicates]
[loci] [variants per locus] [first seed] [figure.png]``; ``torus`` compares the coefficients
with those of TORUS and fGWAS on the same z-scores (SEQGEN_SHARED_DATA tells where).
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
from seqgen.priors import PriorOptions, evaluate_prior, fit_prior, fit_torus_prior, prior_weights

PREFIX = Path(__file__).parents[1] / "seqgen" / "data" / "height_chr22" / "eur_chr22"
REFERENCE = Path(os.environ.get("SEQGEN_SHARED_DATA", Path(__file__).parents[2] / "shared/data"))
TRUTH = {"coding": 2.5, "score": 0.7}
DECOYS = [f"decoy_{k}" for k in range(10)]
MISLEADING = {"noise": ["noise"], "LD noise": ["ld_noise"], "MAF noise": ["maf_noise"]}
N, EFFECT_Z, CAUSALS = 50_000, 6.0, 2
OPTIONS = SusieOptions(diagnose=False)
CHOSEN = PriorOptions(penalty="cv")
# The score with its sign turned, in the belief that it can only rise with causality.
REVERSED = PriorOptions(penalty="cv", increasing=("reversed",))
BINS = (0.0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 1.0)
KEYS = ("found", "false", "sets", "hold")
# fGWAS and TORUS on the same 200 loci, as recorded when they were run.
FGWAS_REG, TORUS_REG = 2.396, 2.398
Locus = tuple[LDMatrix, np.ndarray]


def described(genotypes: np.ndarray) -> Locus:
    """LD and minor allele frequencies of genotypes, shape (people, variants)."""
    mean = genotypes.mean(axis=0)
    return prepare_ld(np.corrcoef(genotypes.T)), np.minimum(mean, 2 - mean) / 2


def panel_loci(loci: int, p: int, rng: np.random.Generator) -> list[Locus]:
    """Runs of ``p`` common variants at random places of the panel."""
    panel = read_panel(PREFIX)
    out = []
    for start in rng.choice(len(panel.variants) - 2 * p, loci, replace=False):
        g = np.asarray(panel.genotypes(np.arange(start, start + 2 * p)), dtype=float)
        g = g if g.shape[0] == panel.n_people else g.T
        g = np.where(np.isnan(g), np.nanmean(g, axis=0), g)
        out.append(described(g[:, np.minimum(g.mean(axis=0), 2 - g.mean(axis=0)) > 0.02][:, :p]))
    return out


def msprime_loci(loci: int, p: int, rng: np.random.Generator) -> list[Locus]:
    """Runs of ``p`` common variants of 1,000 people of one population of constant size."""
    import msprime

    out = []
    while len(out) < loci:
        seeds = rng.integers(1, 2**31, 2)
        trees = msprime.sim_ancestry(
            1000, sequence_length=3.5e3 * p, recombination_rate=1e-8, population_size=10_000,
            random_seed=int(seeds[0]),
        )  # fmt: skip
        trees = msprime.sim_mutations(trees, rate=1.25e-8, random_seed=int(seeds[1]))
        g = trees.genotype_matrix().T.clip(0, 1).astype(float)
        g = g[::2] + g[1::2]
        g = g[:, np.minimum(g.mean(axis=0), 2 - g.mean(axis=0)) > 0.02]
        if g.shape[1] >= p:
            out.append(described(g[:, :p]))
    return out


def simulate(loci: list[Locus], rng: np.random.Generator) -> tuple[pd.DataFrame, list, list]:
    """Annotations, causal variants and z-scores of each locus."""
    tables, causal, scores = [], [], []
    truth = pd.DataFrame({"term": TRUTH.keys(), "estimate": TRUTH.values()})
    for k, (ld, maf) in enumerate(loci):
        p = ld.p
        table = pd.DataFrame({"locus": f"22:{k}-{k}", "coding": (rng.random(p) < 0.05) * 1.0})
        table["score"] = rng.normal(size=p)
        table[DECOYS] = np.column_stack([rng.random((p, 5)) < 0.1, rng.normal(size=(p, 5))]).astype(
            float
        )
        table["noise"] = rng.normal(size=p)
        for name, of in (("ld_noise", np.log(np.square(ld.R).sum(axis=0))), ("maf_noise", maf)):
            table[name] = (of - of.mean()) / max(float(of.std()), 1e-9) + rng.normal(size=p)
        table["reversed"] = -table["score"]
        at = rng.choice(p, CAUSALS, replace=False, p=prior_weights(table, truth).to_numpy())
        root = np.linalg.cholesky(ld.R + 1e-6 * np.eye(p))
        scores.append(ld.R[:, at] @ rng.normal(0, EFFECT_Z, CAUSALS) + root @ rng.normal(size=p))
        tables.append(table)
        causal.append(at)
    return pd.concat(tables, ignore_index=True), causal, scores


def judge(fits: dict, causal: list) -> dict[str, object]:
    """Counts of one replicate: variants above .95, false ones, sets and those with a causal."""
    told = dict.fromkeys(KEYS, 0)
    pips, is_causal = [], []
    for fit, at in zip(fits.values(), causal, strict=True):
        high = np.flatnonzero(fit.pip > 0.95)
        told["found"] += len(high)
        told["false"] += len(np.setdiff1d(high, at))
        told["sets"] += len(fit.credible_sets)
        told["hold"] += sum(bool(np.isin(at, cs.variants).any()) for cs in fit.credible_sets)
        pips.append(fit.pip)
        is_causal.append(np.isin(np.arange(len(fit.pip)), at))
    return told | {"pip": np.concatenate(pips), "causal": np.concatenate(is_causal)}


def one(seed: int, loci: int, p: int, draw) -> tuple[dict, dict]:
    """All fits of one replicate, and what was learned."""
    rng = np.random.default_rng(seed)
    drawn = draw(loci, p, rng)
    table, causal, z = simulate(drawn, rng)
    names = list(table["locus"].unique())
    data = dict(zip(names, zip(z, [ld for ld, _ in drawn], strict=True), strict=True))

    def fine_map(weights: dict) -> dict:
        return {
            k: susie_rss(*data[k], N, prior_weights=w, L=5, options=OPTIONS)
            for k, w in weights.items()
        }

    def weights(of) -> dict:
        return {
            name: prior_weights(rows, of(name)).to_numpy()
            for name, rows in table.groupby("locus", sort=False)
        }

    def apart(fit):
        return lambda name: pd.DataFrame(
            {"term": fit.left_out.columns, "estimate": fit.left_out.loc[name].to_numpy()}
        )

    truth = pd.DataFrame({"term": TRUTH.keys(), "estimate": TRUTH.values()})
    terms = {"learned": list(TRUTH), "decoys": [*TRUTH, *DECOYS], **MISLEADING}
    fits = {n: fit_prior(table, fine_map, terms=t, options=CHOSEN) for n, t in terms.items()}
    fits["reversed"] = fit_prior(table, fine_map, terms=["reversed"], options=REVERSED)
    given = {"flat": {k: np.ones(p) for k in names}, "oracle": weights(lambda _: truth)}
    given |= {n: weights(apart(f)) for n, f in fits.items()}
    told = {n: judge(fine_map(w), causal) for n, w in given.items()}
    learned = {n: f.coefficients.set_index("term")["estimate"] for n, f in fits.items()}
    worth = evaluate_prior(table, fine_map, terms=terms["learned"])
    noise = evaluate_prior(table, fine_map, terms=["ld_noise"])
    return told, {
        "rounds": len(fits["learned"].trace) - 1,
        "coding": learned["learned"]["coding"],
        "score": learned["learned"]["score"],
        "largest decoy": learned["decoys"][DECOYS].abs().max(),
        "noise": learned["noise"].iloc[0],
        "LD noise": learned["LD noise"].iloc[0],
        "MAF noise": learned["MAF noise"].iloc[0],
        "reversed": learned["reversed"].iloc[0],
        "gain": worth.gain,
        "gain from": worth.lower,
        "helps": worth.helps,
        "LD noise helps": noise.helps,
    }


def interval(values: np.ndarray, ratio, rng: np.random.Generator) -> str:
    """A statistic of the replicates with its 95% bootstrap interval."""
    drawn = [ratio(values[rng.integers(0, len(values), len(values))]) for _ in range(2000)]
    low, high = np.nanquantile(drawn, (0.025, 0.975))
    return f"{ratio(values):.3f} [{low:.3f}, {high:.3f}]"


def summarise(runs: list[tuple[dict, dict]]) -> None:
    """Print counts, gains and coefficients with bootstrap intervals over the replicates."""
    rng = np.random.default_rng(1)
    kinds = list(runs[0][0])
    counts = {n: np.array([[run[n][k] for k in KEYS] for run, _ in runs], float) for n in kinds}
    for name, c in counts.items():
        fdr = interval(c, lambda v: v[:, 1].sum() / max(v[:, 0].sum(), 1), rng)
        cover = interval(c, lambda v: v[:, 3].sum() / max(v[:, 2].sum(), 1), rng)
        print(f"{name:10s} PIP>.95 {c[:, 0].sum():4.0f}  FDR {fdr}  coverage {cover}")
    found = pd.DataFrame({n: counts[n][:, 0] for n in kinds})
    of = {n: k for k, n in enumerate(kinds)}

    def share(a):
        flat, oracle = of["flat"], of["oracle"]
        return lambda v: (v[:, of[a]] - v[:, flat]).sum() / (v[:, oracle] - v[:, flat]).sum()

    def change(a, b):
        return lambda v: v[:, of[a]].sum() / v[:, of[b]].sum() - 1

    values = found.to_numpy()
    print("share of the oracle's gain:", interval(values, share("learned"), rng))
    print("decoys over learned:", interval(values, change("decoys", "learned"), rng))
    for name in (*MISLEADING, "reversed"):
        print(f"{name} over flat:", interval(values, change(name, "flat"), rng))
    print(pd.DataFrame([told for _, told in runs]).round(3).to_string())


def calibration(runs: list[tuple[dict, dict]], name: str) -> pd.DataFrame:
    """Mean PIP and share of causal variants by bins of PIP, with Wilson's 95% intervals."""
    pip = np.concatenate([run[name]["pip"] for run, _ in runs])
    causal = np.concatenate([run[name]["causal"] for run, _ in runs])
    bins = pd.cut(pip, BINS, include_lowest=True)
    rows = pd.DataFrame({"pip": pip, "causal": causal}).groupby(bins, observed=True)
    told = rows.agg(n=("pip", "size"), pip=("pip", "mean"), causal=("causal", "mean"))
    n, share, z2 = told["n"], told["causal"], 1.96**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = np.sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n**2))) / (1 + z2 / n)
    return told.assign(lower=middle - half, upper=middle + half)


def draw_calibration(tables: dict[str, pd.DataFrame], path: str) -> None:
    """Share of causal variants against PIP, one curve a prior."""
    from seqgen.plots import new_figure

    figure = new_figure(4.6, 4.4)
    ax = figure.add_axes((0.14, 0.12, 0.82, 0.84))
    ax.plot((0, 1), (0, 1), color="0.7", linewidth=0.8)
    for name, told in tables.items():
        ends = [told["causal"] - told["lower"], told["upper"] - told["causal"]]
        ax.errorbar(told["pip"], told["causal"], np.clip(ends, 0, None), fmt="o-", ms=4, label=name)
    ax.set_xlabel("mean PIP of the bin")
    ax.set_ylabel("share of causal variants (95% interval)")
    ax.legend(frameon=False)
    figure.savefig(path, dpi=120)


def torus() -> None:
    """Coefficients on the 200 loci that TORUS and fGWAS were run on."""
    place = REFERENCE / "finemap_ref" / "torus"
    bf = pd.read_csv(place / "bf.gz", sep=r"\s+", header=None)
    z = pd.read_csv(place / "z.gz", sep=" ", header=None)
    known = pd.read_csv(place / "annot.gz", sep=" ")
    table = pd.DataFrame({"locus": z[1], "reg": known["reg_d"], "cont": known["cont_c"]})
    both = fit_torus_prior(table, z=z[2])
    theirs = [line.split() for line in (place / "zval_mixed.est").read_text().splitlines() if line]
    for name, mine in both.coefficients.set_index("term")["estimate"].items():
        other = next(float(row[1]) for row in theirs if row[0].startswith(str(name)))
        print(f"{name} from z: seqgen {mine:.3f}, TORUS {other:.3f}, apart {abs(mine - other):.3f}")
    log10_bf = bf[2].to_numpy(dtype=float)
    alone = fit_torus_prior(table, log_bf=log10_bf * np.log(10), terms=["reg"]).coefficients
    reg = float(alone["estimate"].iloc[0])
    low, high = alone[["lower", "upper"]].iloc[0]
    print(f"reg alone from Bayes factors: seqgen {reg:.3f} [{low:.3f}, {high:.3f}]")
    for name, other in (("TORUS", TORUS_REG), ("fGWAS", FGWAS_REG)):
        print(f"  {name} {other}, apart {abs(reg - other):.3f}")


def main() -> None:
    """Read the arguments, run, print."""
    source = sys.argv[1] if len(sys.argv) > 1 else "panel"
    if source == "torus":
        torus()
        return
    numbers = [int(text) for text in sys.argv[2:6]]
    replicates, loci, p, first = (*numbers, *(10, 60, 200, 1)[len(numbers) :])
    draw = {"panel": panel_loci, "msprime": msprime_loci}[source]
    begin = time.process_time()
    runs = [one(seed, loci, p, draw) for seed in range(first, first + replicates)]
    print(f"{source}: {replicates} x {loci} loci of {p} variants, seeds from {first}: "
          f"{time.process_time() - begin:.0f} CPU-seconds")  # fmt: skip
    summarise(runs)
    tables = {name: calibration(runs, name) for name in ("flat", "learned", "oracle")}
    for name, told in tables.items():
        print(name, "calibration\n", told.round(4).to_string())
    if len(sys.argv) > 6:
        draw_calibration(tables, sys.argv[6])


if __name__ == "__main__":
    main()
