"""A calibrated trans scan of real people: GEUVADIS, chromosome 22.

85,485 variants by 608 genes in 358 Europeans, with all 53 covariates of the file (50 components of
expression, 3 of ancestry). All genes are on the chromosome of the variants, so that "trans" means
outside the cis window. The same scan with people permuted says what calibrated means here: twice,
with expression as it comes and rank-normal transformed.

The files come with Debian's qtltools-example (examples.tar.xz, unpacked). Run it:
``python benchmarks/geuvadis_trans.py FOLDER [permutations]``.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import sys
import time
from pathlib import Path

import seqgen
from seqgen.transqtl import prepare_trans

CIS_WINDOW = 5_000_000


def main() -> None:
    folder = Path(sys.argv[1])
    permutations = int(sys.argv[2]) if len(sys.argv) > 2 else 100
    begin = time.perf_counter()
    genotypes = seqgen.read_genotypes(folder / "genotypes.chr22.vcf.gz")
    expression = seqgen.read_traits(folder / "genes.50percent.chr22.bed.gz")
    covariates = seqgen.read_traits(
        folder / "genes.covariates.pc50.txt.gz", people=genotypes.people
    )
    print(f"read in {time.perf_counter() - begin:.1f} s")
    for transform in (None, "rank-normal"):
        print(f"\n== traits: {transform or 'as they come'}")
        scan(genotypes, expression, covariates, transform=transform, permutations=permutations)


def scan(genotypes, expression, covariates, *, transform, permutations) -> None:
    """Scan once and print what came out."""
    design = prepare_trans(genotypes, expression.values, covariates.values,
                           shared_people=True, transform=transform)  # fmt: skip
    print(
        f"{design.n_people} people, {len(design.variants):,} variants, {design.n_traits} genes, "
        f"{design.basis.shape[1] - 1} covariates"
    )
    print(design.drops.to_string(index=False))
    begin = time.perf_counter()
    options = seqgen.TransOptions(p=1e-5, cis_window=CIS_WINDOW, permutations=permutations)
    result = seqgen.rank_trans(design, genes=expression.genes, options=options)
    seconds = time.perf_counter() - begin
    print(f"{result.n_tests:,} tests, {result.n_cis:,} cis pairs left out, {permutations} "
          f"permutations, in {seconds:.0f} s; inflation {result.inflation:.4f}")  # fmt: skip
    table = result.calibration.pivot(index="level", columns="tests")
    table = (table["observed"] / table["expected"]).sort_index(ascending=False)
    print("observed over expected tests:")
    print(table.round(3).to_string())
    for notice in result.notices:
        print("note:", notice)
    hits = result.hits
    print(f"{len(hits):,} tests with p <= {options.p:g}; {(hits['q'] <= 0.05).sum()} at FDR 5%, "
          f"{(hits['q_permutation'] <= 0.05).sum()} at FDR 5% by permutation, "
          f"{(hits['p_family'] <= 0.05).sum()} at family-wise 5% by permutation")  # fmt: skip
    columns = ["variant", "pos", "trait", "trait_pos", "neg_log10_p", "q", "q_permutation",
               "p_family", "cis_gene", "t", "t_given_cis", "mediated", "p_mediation"]  # fmt: skip
    print(hits.drop_duplicates("trait").head(8)[columns].round(3).to_string(index=False))


if __name__ == "__main__":
    main()
