"""How long a scan of all pairs takes, beside plink --epistasis in the same run.

2,000 variants, 5,000 people, a quantitative trait; seqgen with 10 covariates and a count of double
carriers, plink without (it takes none). plink1.9 has to be installed (Debian, Ubuntu: apt-get
install plink1.9). Run it: ``python benchmarks/gxg.py [variants] [people]``.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from bed_reader import to_bed

from seqgen.gxg import ScanOptions, prepare_pairs, scan_pairs

COVARIATES = 10
P = 1e-4


def simulate(people: int, variants: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return counts, a trait with one interaction, and covariates."""
    rng = np.random.default_rng(1)
    counts = rng.binomial(2, rng.uniform(0.05, 0.5, variants), size=(people, variants))
    covariates = rng.normal(size=(people, COVARIATES))
    trait = covariates @ rng.normal(size=COVARIATES) * 0.1 + rng.normal(size=people)
    trait += 0.25 * counts[:, 3] * counts[:, 11]
    return counts.astype(np.int8), trait, covariates


def own(counts: np.ndarray, trait: np.ndarray, covariates: np.ndarray | None) -> tuple:
    """Wall and CPU seconds of preparing and scanning, and the scan."""
    wall, cpu = time.perf_counter(), time.process_time()
    design = prepare_pairs(counts, trait, covariates)
    scan = scan_pairs(design, options=ScanOptions(p=P))
    return time.perf_counter() - wall, time.process_time() - cpu, scan


def peer(plink: str, counts: np.ndarray, trait: np.ndarray) -> tuple[float, float, pd.DataFrame]:
    """Wall and CPU seconds of plink --epistasis on one thread, and its table."""
    with tempfile.TemporaryDirectory() as folder:
        prefix = Path(folder) / "panel"
        names = [f"variant_{k}" for k in range(1, counts.shape[1] + 1)]
        iid = [f"p{k}" for k in range(len(counts))]
        properties = {"fid": iid, "iid": iid, "sid": names, "chromosome": ["1"] * len(names),
                      "bp_position": list(range(1, len(names) + 1)),
                      "allele_1": ["A"] * len(names), "allele_2": ["G"] * len(names)}  # fmt: skip
        to_bed(Path(f"{prefix}.bed"), counts.astype(np.float32), properties=properties)
        phenotypes = pd.DataFrame({"fid": iid, "iid": iid, "y": trait})
        phenotypes.to_csv(Path(folder) / "trait.txt", sep=" ", header=False, index=False)
        command = [plink, "--bfile", str(prefix), "--pheno", f"{folder}/trait.txt",
                   "--epistasis", "--epi1", str(P), "--threads", "1", "--allow-no-sex",
                   "--out", f"{folder}/out"]  # fmt: skip
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        wall = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        wall = time.perf_counter() - wall
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return wall, cpu, pd.read_csv(f"{folder}/out.epi.qt", sep=r"\s+")


def main() -> None:
    variants, people = (int(a) for a in (sys.argv[1:] + ["2000", "5000"][len(sys.argv) - 1 :])[:2])
    counts, trait, covariates = simulate(people, variants)
    with_covariates = own(counts, trait, covariates)
    without = own(counts, trait, None)
    print(f"{variants:,} variants, {people:,} people, {with_covariates[2].n_tests:,} tests")
    print(f"seqgen, {COVARIATES} covariates: {with_covariates[0]:.2f} s, "
          f"CPU {with_covariates[1]:.2f} s")  # fmt: skip
    print(f"seqgen, no covariates: {without[0]:.2f} s, CPU {without[1]:.2f} s")
    plink = shutil.which("plink1.9") or shutil.which("plink")
    if plink is None:
        print("plink1.9 is not installed; no peer")
        return
    wall, cpu, theirs = peer(plink, counts, trait)
    print(f"plink --epistasis, no covariates: {wall:.2f} s, CPU {cpu:.2f} s")
    print(f"ratio with covariates, CPU: {with_covariates[1] / cpu:.2f} (bar 0.50); "
          f"without: {without[1] / cpu:.2f}")  # fmt: skip
    both = without[2].table.merge(
        theirs, left_on=["variant_1", "variant_2"], right_on=["SNP1", "SNP2"]
    )
    apart = np.abs(both["t"] ** 2 / both["STAT"] - 1).max()
    print(f"hits: {len(without[2].table)} and {len(theirs)}, {len(both)} shared; "
          f"t squared apart by at most {apart:.1e}")  # fmt: skip


if __name__ == "__main__":
    main()
