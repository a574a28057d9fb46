"""Fine-mapping beside susieR, on one thread, in the same run, credible sets included.

The same simulated loci are fitted by seqgen here and by susieR in R; printed are CPU seconds,
their ratio, and how far the PIPs differ. Needs R with susieR.
Run it: ``python benchmarks/finemap_susier.py [loci]``; ``--large`` adds 20,000 variants (seqgen
alone: some minutes and 8 GB).
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from seqgen.finemap import SusieOptions, prepare_ld, susie_rss

PEER = """
library(susieR)
args <- commandArgs(TRUE)
cat(as.character(packageVersion("susieR")), "\\n")
for (file in list.files(args[1], pattern = "z$", full.names = TRUE)) {
  z <- readBin(file, "double", 1e6)
  p <- length(z)
  R <- matrix(readBin(sub("z$", "r", file), "double", p * p), p)
  took <- system.time(fit <- suppressMessages(
    susie_rss(z, R, n = 50000, L = 10, tol = 1e-4, max_iter = 50)
  ))
  cat(basename(file), sum(took[1:2]), fit$niter, length(fit$sets$cs), "\\n")
  writeBin(fit$pip, sub("z$", "pip", file))
}
"""


def simulate(rng: np.random.Generator, p: int) -> tuple[np.ndarray, np.ndarray]:
    """Simulate z and R of a locus of p variants with one to three causal ones."""
    people = 600
    haplotypes = rng.normal(size=(people, p // 10 + 1)).repeat(10, axis=1)[:, :p]
    genotypes = haplotypes + 0.4 * rng.normal(size=(people, p))
    genotypes -= genotypes.mean(axis=0)
    genotypes /= np.sqrt((genotypes**2).sum(axis=0))
    R = genotypes.T @ genotypes
    b = np.zeros(p)
    b[rng.choice(p, size=rng.integers(1, 4), replace=False)] = rng.normal(0.0, 8.0)
    return R @ b + genotypes.T @ rng.normal(size=people), R


def measure(folder: Path, sizes: list[int], rng: np.random.Generator) -> None:
    mine, sweeps, sets = [], 0, 0
    for number, p in enumerate(sizes):
        z, R = simulate(rng, p)
        z.tofile(folder / f"{number:04d}.z")
        R.tofile(folder / f"{number:04d}.r")
        start = time.process_time()
        fit = susie_rss(z, R, 50_000, options=SusieOptions(tol=1e-4))
        mine.append(time.process_time() - start)
        sweeps, sets = sweeps + fit.niter, sets + len(fit.credible_sets)
        fit.pip.tofile(folder / f"{number:04d}.own")
    done = subprocess.run(
        ["Rscript", "-e", PEER, str(folder)], capture_output=True, text=True, check=True
    )
    version, *rows = done.stdout.splitlines()
    theirs = [float(row.split()[1]) for row in rows]
    peer_sweeps = sum(int(row.split()[2]) for row in rows)
    apart = max(
        float(np.abs(np.fromfile(one) - np.fromfile(one.with_suffix(".pip"))).max())
        for one in folder.glob("*.own")
    )
    label = f"{len(sizes)} x {sizes[0]:,}"
    print(
        f"{label}: seqgen {sum(mine):.2f} s ({sweeps} sweeps, {sets} sets), susieR "
        f"{version.strip()} {sum(theirs):.2f} s ({peer_sweeps} sweeps), ratio "
        f"{sum(mine) / sum(theirs):.3f}, largest difference of a PIP {apart:.1e}"
    )


def large(rng: np.random.Generator) -> None:
    z, R = simulate(rng, 20_000)
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    ld = prepare_ld(R)
    fit = susie_rss(z, ld, 50_000)
    took = time.process_time() - start
    more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - held) / 2**20
    print(f"1 x 20,000: {took:.1f} s, {fit.niter} sweeps, {more:.2f} GB above R and its making")


def main() -> None:
    if shutil.which("Rscript") is None:
        sys.exit("Rscript is not on the path; install R and its package susieR")
    loci = int(next((one for one in sys.argv[1:] if one.isdigit()), "200"))
    rng = np.random.default_rng(1)
    for sizes in ([1000] * loci, [5000]):
        with tempfile.TemporaryDirectory() as folder:
            for begin in range(0, len(sizes), 50):
                part = Path(folder) / str(begin)
                part.mkdir()
                measure(part, sizes[begin : begin + 50], rng)
                shutil.rmtree(part)
    if "--large" in sys.argv:
        large(rng)


if __name__ == "__main__":
    main()
