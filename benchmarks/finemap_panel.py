"""What a small reference panel invents, and what the correction leaves of it.

Fits the bundled height loci with LD from the 378-person panel three ways:
taking the panel for exact, allowing for its size, and allowing for its size
and its mismatch. Run it: ``python benchmarks/finemap_panel.py``.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import time
from pathlib import Path

import numpy as np
import pandas as pd

from seqgen.finemap import estimate_s_rss, kriging_rss, prepare_ld, susie_rss

DATA = Path(__file__).parents[1] / "seqgen" / "data" / "height_chr22"
LOCI = {"20 Mb": (20.0, 21.0), "33 Mb": (33.0, 34.0), "43 Mb": (43.0, 43.9), "45 Mb": (45.2, 46.4)}
FITS = {
    "exact panel": {},
    "panel size": {"R_finite": True},
    "size + mismatch": {"R_finite": True, "R_mismatch": "eb"},
}
WATCHED = ("rs5759167", "rs1477178")


def read_genotypes(prefix: Path, rows: np.ndarray, people: int) -> np.ndarray:
    """Return the dosages of allele 1 of the given variants, NaN where missing, (p, people)."""
    stride = (people + 3) // 4
    packed = np.memmap(prefix.with_suffix(".bed"), np.uint8, "r", 3).reshape(-1, stride)[rows]
    codes = (packed[:, :, None] >> np.array([0, 2, 4, 6])) & 3
    return np.array([2.0, np.nan, 1.0, 0.0])[codes.reshape(len(rows), -1)[:, :people]]


def load() -> tuple[pd.DataFrame, int]:
    """Return the variants with z aligned to the panel's allele 1, and the panel's size."""
    gwas = pd.read_csv(DATA / "ukb_height_chr22.fastGWA.gz", sep=r"\s+")
    names = ["chrom", "rsid", "cm", "pos", "a1", "a2"]
    bim = pd.read_csv(DATA / "eur_chr22.bim", sep=r"\s+", header=None, names=names)
    bim["row"] = np.arange(len(bim))
    table = bim.merge(gwas, left_on="rsid", right_on="SNP")
    z = table["BETA"] / table["SE"]
    same = (table["A1"] == table["a1"]) & (table["A2"] == table["a2"])
    flip = (table["A1"] == table["a2"]) & (table["A2"] == table["a1"])
    table["z"] = np.where(same, z, -z)
    people = sum(1 for _ in (DATA / "eur_chr22.fam").open())
    return table[same | flip].sort_values("row"), people


def correlation(genotypes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the correlations of the variants that vary, and which these are."""
    mean = np.nanmean(genotypes, axis=1, keepdims=True)
    centred = np.where(np.isnan(genotypes), 0.0, genotypes - mean)
    norm = np.sqrt((centred**2).sum(axis=1))
    varies = norm > 0
    unit = centred[varies] / norm[varies, None]
    return unit @ unit.T, varies


def main() -> None:
    table, people = load()
    print(f"panel of {people} people; z from {len(table)} variants")
    for name, (start, end) in LOCI.items():
        locus = table[table["pos"].between(start * 1e6, end * 1e6)]
        R, varies = correlation(read_genotypes(DATA / "eur_chr22", locus["row"].to_numpy(), people))
        locus = locus[varies]
        z, n = locus["z"].to_numpy(), float(locus["N"].median())
        rsid = locus["rsid"].to_numpy()
        ld = prepare_ld(R)
        s = estimate_s_rss(z, ld, n)
        switched = kriging_rss(z, ld, n, s=s).switched
        print(f"\n{name}: {len(z)} variants, s = {s:.3f}, {switched.sum()} alleles look switched")
        for label, arguments in FITS.items():
            if "R_finite" in arguments:
                arguments = {**arguments, "R_finite": people}
            begin = time.process_time()
            fit = susie_rss(z, ld, n, **arguments)
            seconds = time.process_time() - begin
            watched = [f"{r} {fit.pip[rsid == r][0]:.3f}" for r in WATCHED if r in rsid]
            print(
                f"  {label:16s} {len(fit.credible_sets)} sets, {fit.niter} sweeps, "
                f"{1e3 * seconds:.0f} ms; {', '.join(watched)}"
            )
            for cs in fit.credible_sets:
                top = cs.variants[fit.pip[cs.variants].argmax()]
                print(
                    f"      {cs.variants.size:3d} variants, lead {rsid[top]} "
                    f"PIP {fit.pip[top]:.3f} z {z[top]:.1f}"
                )
            if "lambda_bias" in fit.diagnostics:
                d = fit.diagnostics
                print(
                    f"      lambda {d['lambda_bias']:.4f}, as good as {d['B_corrected']:.0f} "
                    f"people, Q_art {d['Q_art']:.3f}, flag {d['artifact_flag']}"
                )
            for text in fit.warnings:
                print(f"      ! {text}")


if __name__ == "__main__":
    main()
