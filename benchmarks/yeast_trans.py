"""Trans hotspots in a cross of two yeast strains, with a permutation threshold and inflation.

112 segregants of BY x RM, 3,244 markers, 6,216 transcripts (the R package trigger). A hotspot is
a stretch of the genome to which many transcripts from elsewhere point. Run it:
``python benchmarks/yeast_trans.py FOLDER`` with marker.tsv.gz, marker_pos.tsv, expression.tsv.gz
and expression_pos.tsv.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from seqgen.transqtl import (
    ScanOptions,
    TransScan,
    permuted_scan_maxima,
    plan_exclusions,
    prepare_trans,
    scan_trans,
)
from seqgen.weighted_testing import max_t, max_t_threshold, permuted_orders

P = 1e-4
PERMUTATIONS = 99
NULLS = 20
CIS_WINDOW = 50_000
REACH = 30_000
BIN = 20_000
# Genes at known hotspots (Brem 2002, Yvert 2003, and later work on this cross).
KNOWN = ["AMN1", "LEU2", "MATALPHA1", "GPA1", "HAP1", "MKT1", "IRA2"]


def load(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Genotypes and traits (people in rows), positions of markers and of genes."""
    options = {"sep": "\t", "header": None}
    markers = pd.read_csv(folder / "marker_pos.tsv", names=["chrom", "pos"], **options)
    markers.insert(0, "variant", [f"m{k}" for k in range(len(markers))])
    counts = pd.read_csv(folder / "marker.tsv.gz", **options) - 1
    genotypes = pd.DataFrame(counts.to_numpy(np.int8).T, columns=markers["variant"])
    expression = pd.read_csv(folder / "expression.tsv.gz", index_col=0, **options)
    traits = expression.T.reset_index(drop=True)
    genes = pd.read_csv(folder / "expression_pos.tsv", sep="\t")
    genes = genes.set_axis(["chrom", "start", "end"], axis=1).rename_axis("gene").reset_index()
    return genotypes, traits, markers, genes


def hotspots(best: pd.DataFrame, genes: pd.DataFrame, threshold: float) -> pd.DataFrame:
    """Traits that point within reach of each known gene, and to the fullest bin there."""
    strong = best[best["t"].abs() >= threshold]
    rows = []
    for name in KNOWN:
        gene = genes.set_index("gene").loc[name]
        middle = (gene["start"] + gene["end"]) / 2
        away = (strong["pos"] - middle).abs()
        near = strong[(strong["chrom"] == gene["chrom"]) & (away <= REACH)]
        on = strong[strong["chrom"] == gene["chrom"]]
        fullest = (on["pos"] // BIN).value_counts()
        top = fullest[((fullest.index + 0.5) * BIN - middle).map(abs) <= REACH + BIN]
        rows.append({
            "gene": name, "chrom": gene["chrom"], "pos": int(middle), "traits": len(near),
            "fullest_bin_kb": int(top.idxmax() * BIN // 1000) if len(top) else -1,
            "strongest": near.loc[near["t"].abs().idxmax(), "trait"] if len(near) else "",
            "neg_log10_p": near["neg_log10_p"].max() if len(near) else np.nan,
        })  # fmt: skip
    return pd.DataFrame(rows)


def null_scan(genotypes, traits, markers, order, exclusions) -> TransScan:
    """The same scan with the people of the traits in another order."""
    permuted = traits.iloc[order].reset_index(drop=True)
    design = prepare_trans(genotypes, permuted, variants=markers)
    return scan_trans(design, options=ScanOptions(p=P), exclusions=exclusions)


def main() -> None:
    genotypes, traits, markers, genes = load(Path(sys.argv[1]))
    design = prepare_trans(genotypes, traits, variants=markers)
    exclusions = plan_exclusions(markers, design.traits["trait"], genes, cis_window=CIS_WINDOW)
    begin = time.perf_counter()
    scan = scan_trans(design, options=ScanOptions(p=P), exclusions=exclusions)
    seconds = time.perf_counter() - begin
    print(f"{design.n_people} people, {scan.n_tests:,} tests ({scan.n_cis:,} cis pairs left out) "
          f"in {seconds:.1f} s; {scan.n_hits:,} with p <= {P:g}; inflation "
          f"{scan.inflation:.3f}")  # fmt: skip
    begin = time.perf_counter()
    orders = permuted_orders(design.n_people, PERMUTATIONS, seed=1)
    maxima = permuted_scan_maxima(design, orders)
    threshold = max_t_threshold(maxima.max(axis=1), level=0.05)
    print(f"{PERMUTATIONS} permutations in {time.perf_counter() - begin:.0f} s: |t| >= "
          f"{threshold:.2f} keeps the family-wise error of the whole scan at 5%")  # fmt: skip
    nulls = [null_scan(genotypes, traits, markers, order, exclusions) for order in orders[:NULLS]]
    lambdas = np.array([null.inflation for null in nulls])
    hits = np.mean([null.n_hits for null in nulls])
    print(f"permuted {NULLS} times: inflation {lambdas.mean():.3f} on average "
          f"({lambdas.min():.3f} to {lambdas.max():.3f}: transcripts move together), {hits:,.0f} "
          f"with p <= {P:g} ({scan.n_tests * P:,.0f} expected)")  # fmt: skip
    best = scan.hits.drop_duplicates("trait").merge(markers, on="variant")
    best["p_family"] = max_t(best["t"].to_numpy(), maxima.max(axis=1))
    pooled = np.quantile(maxima, 0.95)
    print(f"traits with a trans locus: {int((best['p_family'] <= 0.05).sum()):,} at 5% over the "
          f"whole scan, {int((best['t'].abs() >= pooled).sum()):,} at 5% per trait "
          f"(|t| >= {pooled:.2f}; {0.05 * design.n_traits:,.0f} expected by chance)")  # fmt: skip
    for label, cut in (("whole scan", threshold), ("per trait", pooled)):
        print(f"\nTraits whose strongest trans locus is within {REACH // 1000} kb, at 5% {label}:")
        print(hotspots(best, genes, cut).round(1).to_string(index=False))
    strong = best[best["t"].abs() >= pooled]
    counts = strong.groupby(["chrom", strong["pos"] // BIN * BIN // 1000]).size()
    print("\nFullest bins (chromosome, kb from): traits, at 5% per trait")
    print(counts.sort_values(ascending=False).head(14).to_string(header=False))


if __name__ == "__main__":
    main()
