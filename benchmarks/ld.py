"""LD of genotypes beside PLINK 1.9 and NumPy, and reading genotypes from each format.

``python benchmarks/ld.py`` simulates 5,000 variants of 5,000 people (once whole, once with 2 % of
the calls missing) and computes all correlations with `seqgen.panel_ld`, with NumPy in double
precision, and with ``plink1.9 --r square`` (binary, and gzipped text), where it is installed; then
it reads 50,000 variants of 500 people as PLINK 1, PLINK 2 and VCF (needs plink2). It prints CPU
seconds on one thread, each task in a process of its own, reading included, and ratios.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

# Packages are loaded before the clock starts.
_TIMED = """
import importlib.util, time
import numpy as np, pandas, polars, bed_reader, seqgen
from seqgen.io import genotypes, ld
for name in ("cyvcf2", "pgenlib"):
    if importlib.util.find_spec(name):
        importlib.import_module(name)
start = time.process_time()
{code}
print(time.process_time() - start)
"""
_OURS = """
R = seqgen.panel_ld(None, seqgen.read_genotypes({path!r}), missing={missing!r})
"""
_COVARIATES = """
panel = seqgen.read_genotypes({path!r})
covariates = np.random.default_rng(0).normal(size=(panel.n_people, 10))
R = seqgen.panel_ld(None, panel, covariates=covariates)
"""
_NUMPY = """
panel = seqgen.read_genotypes({path!r})
X = panel.genotypes(np.arange(len(panel.variants))).astype(np.float64)
X = np.where(np.isnan(X), np.nanmean(X, axis=0), X)
R = np.corrcoef(X, rowvar=False)
"""
_READ = """
panel = seqgen.read_genotypes({path!r})
for first in range(0, len(panel.variants), 5000):
    panel.genotypes(np.arange(first, min(first + 5000, len(panel.variants))))
"""


def simulate(prefix: Path, people: int, variants: int, *, missing: float = 0.0) -> str:
    """Write a panel in which ten neighbours are linked."""
    from bed_reader import to_bed

    rng = np.random.default_rng(1)
    groups = -(-variants // 10)
    frequency = rng.uniform(0.05, 0.5, groups).repeat(10)[:variants]
    counts = np.zeros((people, variants), dtype=np.float32)
    for _ in range(2):
        shared = rng.random((people, groups), dtype=np.float32).repeat(10, axis=1)[:, :variants]
        own = rng.random((people, variants), dtype=np.float32)
        counts += np.where(rng.random(own.shape, dtype=np.float32) < 0.3, own, shared) < frequency
    if missing:
        counts[rng.random(counts.shape, dtype=np.float32) < missing] = np.nan
    names = [f"i{k}" for k in range(people)]
    properties = {
        "chromosome": ["1"] * variants,
        "bp_position": np.arange(1, variants + 1) * 100,
        "sid": [f"rs{k}" for k in range(variants)],
        "allele_1": ["A"] * variants,
        "allele_2": ["G"] * variants,
        "fid": names,
        "iid": names,
    }
    to_bed(Path(f"{prefix}.bed"), counts, properties=properties)
    return str(prefix)


def cpu(command: list[str]) -> float:
    """CPU seconds of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def python(code: str) -> float:
    """CPU seconds of a piece of Python in a process of its own."""
    command = [sys.executable, "-c", _TIMED.format(code=code)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def correlations(folder: Path, people: int, variants: int) -> None:
    """Print what each takes for the matrix of all variants."""
    plink = shutil.which("plink1.9") or shutil.which("plink")
    for label, missing in (("no call missing", 0.0), ("2 % of the calls missing", 0.02)):
        path = simulate(folder / f"ld{missing}", people, variants, missing=missing)
        took = {
            "seqgen, pairwise": python(_OURS.format(path=path, missing="pairwise")),
            "seqgen, mean": python(_OURS.format(path=path, missing="mean")),
            "seqgen, pairwise, 10 covariates": python(_COVARIATES.format(path=path)),
            "NumPy corrcoef, double": python(_NUMPY.format(path=path)),
        }
        if plink:
            for form in ("bin4", "gz"):
                out = f"{path}.{form}"
                command = [plink, "--bfile", path, "--r", "square", form, "--threads", "1"]
                took[f"plink1.9 --r square {form}"] = cpu([*command, "--out", out])
        ours = took["seqgen, pairwise"]
        print(f"{variants:,} variants x {people:,} people, {label} (CPU s; ratio to seqgen)")
        for name, seconds in took.items():
            print(f"  {name:34} {seconds:7.2f} {seconds / ours:6.2f}")


def reading(folder: Path, people: int, variants: int) -> None:
    """Print what reading all calls takes in each format."""
    plink2 = shutil.which("plink2")
    bed = simulate(folder / "reading", people, variants)
    paths = {"PLINK 1 (bed-reader)": f"{bed}.bed"}
    if plink2:
        for arguments in (["--make-pgen"], ["--export", "vcf", "bgz"], ["--export", "bcf"]):
            cpu([plink2, "--bfile", bed, *arguments, "--out", bed, "--threads", "1"])
        paths |= {
            "PLINK 2 (pgenlib)": f"{bed}.pgen",
            "VCF (cyvcf2)": f"{bed}.vcf.gz",
            "BCF (cyvcf2)": f"{bed}.bcf",
        }
    print(f"reading {variants:,} variants x {people:,} people (CPU s)")
    for name, path in paths.items():
        print(f"  {name:34} {python(_READ.format(path=path)):7.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=5000)
    parser.add_argument("--variants", type=int, default=5000)
    parser.add_argument("--only", choices=("ld", "reading"))
    arguments = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)
    with tempfile.TemporaryDirectory() as folder:
        if arguments.only != "reading":
            correlations(Path(folder), arguments.people, arguments.variants)
        if arguments.only != "ld":
            reading(Path(folder), 500, 50_000)


if __name__ == "__main__":
    main()
