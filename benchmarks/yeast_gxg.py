"""Epistasis of MAT and GPA1 in a cross of two yeast strains: all pairs of markers.

112 segregants of BY x RM, 3,244 markers (the R package trigger). Brem et al. (2005, Nature
436:701-703) found that the locus of the mating type and GPA1 act on each other in three
transcripts. Every pair of markers is tested, some five million for each transcript; p values come
from the regression and, family-wise, from permuting the segregants. Run it:
``python benchmarks/yeast_gxg.py FOLDER [permutations]`` with the files that yeast_trans.py takes.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import sys
import time
from pathlib import Path

import pandas as pd
from yeast_trans import load

from seqgen.gxg import prepare_pairs
from seqgen.scans import GxGOptions, scan_gxg

TRANSCRIPTS = ("SAG1", "MF(ALPHA)2", "AGA2")
LOCI = ("MATALPHA1", "GPA1")
REACH = 50_000


def near(pairs: pd.DataFrame, side: int, gene: pd.Series) -> pd.Series:
    """True where a side of a pair lies within reach of a gene."""
    away = (pairs[f"pos_{side}"] - (gene["start"] + gene["end"]) / 2).abs()
    return (pairs[f"chrom_{side}"] == str(gene["chrom"])) & (away <= REACH)


def main() -> None:
    folder = Path(sys.argv[1])
    permutations = int(sys.argv[2]) if len(sys.argv) > 2 else 19
    genotypes, traits, markers, genes = load(folder)
    markers = markers.assign(chrom=markers["chrom"].astype("str"), pos=markers["pos"].round())
    # Neighbours that no segregant tells apart are one marker.
    distinct = ~genotypes.T.duplicated().to_numpy()
    genotypes, markers = genotypes.loc[:, distinct], markers[distinct].reset_index(drop=True)
    at = genes.set_index("gene")
    for name in TRANSCRIPTS:
        begin = time.perf_counter()
        design = prepare_pairs(genotypes, traits[name], variants=markers)
        options = GxGOptions(p=1e-5, permutations=permutations, lead_p=1e-6)
        result = scan_gxg(design, options=options)
        pairs = result.pairs
        here = (near(pairs, 1, at.loc[LOCI[0]]) & near(pairs, 2, at.loc[LOCI[1]])) | (
            near(pairs, 2, at.loc[LOCI[0]]) & near(pairs, 1, at.loc[LOCI[1]])
        )
        found = pairs[pairs["q"] <= 0.05]
        seconds = time.perf_counter() - begin
        mine = here[found.index].sum()
        print(f"\n{name}: {result.n_tests:,} pairs of {design.n_variants:,} distinct markers in "
              f"{seconds:.0f} s, inflation {result.inflation:.3f}; "
              f"{len(found):,} at FDR 5%, {mine:,} of them MAT x GPA1")  # fmt: skip
        columns = ["variant_1", "chrom_1", "pos_1", "variant_2", "chrom_2", "pos_2", "beta",
                   "neg_log10_p", "neg_log10_p_unconditioned", "n_leads", "q", "p_family",
                   "double_carriers", "survives_scale"]  # fmt: skip
        print("strongest:")
        print(pairs.head(3)[columns].round(3).to_string(index=False))
        print(
            f"strongest of MAT x GPA1 (rank {here.to_numpy().argmax() + 1 if here.any() else '-'}):"
        )
        print(pairs[here].head(2)[columns].round(3).to_string(index=False))
        for notice in result.notices:
            print("note:", notice)


if __name__ == "__main__":
    main()
