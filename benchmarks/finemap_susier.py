"""Fine-mapping beside susieR and pysusie, on one thread, in one run, credible sets included.

The same loci are fitted by seqgen here, by susieR in R and, where its interpreter is named, by
pysusie: N3 (susieR's own example, where the shared data is at hand), a batch of loci of 1,000
variants, and one of 5,000. Printed are CPU seconds, their ratios beside the bar that each is to
keep, how far the PIPs are apart, and the memory that a fit takes beside R. Needs R with susieR.

Run it: ``python benchmarks/finemap_susier.py [loci] [--pysusie PYTHON] [--large] [--r]``.
``--large`` adds 20,000 variants (seqgen alone: 8 GB), ``--r`` the batch through seqgen's R package.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from seqgen.finemap import SusieOptions, prepare_ld, susie_rss

HERE = Path(__file__).resolve()
SHARED = Path(os.environ.get("SEQGEN_SHARED_DATA", HERE.parents[2] / "shared" / "data"))
# Most of the peer's CPU time: of susieR's by case, and of pysusie's on the batch. Most of R's
# bytes that a fit may take beside R.
BARS = {"N3": 0.06, "batch": 0.05, "large": 0.15}
PYSUSIE_BAR, MEMORY_BAR = 0.1, 0.25
PART = 50

# Each prints its version, then name, CPU seconds, sweeps and sets of each locus.
PEER_R = """
{attach}
args <- commandArgs(TRUE)
cat("{package}", as.character(packageVersion("{package}")), "\\n")
for (file in list.files(args[1], pattern = "z$", full.names = TRUE)) {{
  z <- readBin(file, "double", 1e6)
  p <- length(z)
  R <- matrix(readBin(sub("z$", "r", file), "double", p * p), p)
  n <- scan(sub("z$", "n", file), quiet = TRUE)
  took <- system.time(fit <- suppressMessages({call}))
  cat(basename(file), sum(took[1:2]), fit$niter, length(fit$sets$cs), "\\n")
  writeBin(as.double(fit$pip), sub("z$", "{package}", file))
}}
"""
SUSIER = {
    "package": "susieR",
    "attach": "library(susieR)",
    "call": "susie_rss(z, R, n = n, L = 10, tol = 1e-4, max_iter = 50)",
}
OURS = {
    "package": "seqgen",
    "attach": f'pkgload::load_all("{HERE.parents[1]}", quiet = TRUE); '
    "fine_map(c(5, 0), diag(2), n = 1000)",
    "call": "fine_map(z, R, n = n)",
}
PEER_PYTHON = """
import sys, time, pathlib, importlib.metadata
import numpy as np, pysusie
print("pysusie", importlib.metadata.version("pysusie"))
for file in sorted(pathlib.Path(sys.argv[1]).glob("*.z")):
    z = np.fromfile(file)
    R = np.fromfile(file.with_suffix(".r")).reshape(len(z), -1)
    n = float(file.with_suffix(".n").read_text())
    start = time.process_time()
    fit = pysusie.susie_rss(z=z, R=R, n=n, L=10, tol=1e-4, max_iter=50)
    took = time.process_time() - start
    print(file.name, took, fit["niter"], len(fit["sets"]["cs"] or {}))
    np.asarray(fit["pip"], dtype=float).tofile(file.with_suffix(".pysusie"))
"""


@dataclass
class Tally:
    """CPU seconds, sweeps and credible sets of one tool; how far its PIPs are from seqgen's."""

    version: str = ""
    seconds: float = 0.0
    sweeps: int = 0
    sets: int = 0
    apart: float = 0.0

    def __str__(self) -> str:
        return f"{self.version} {self.seconds:.2f} s ({self.sweeps} sweeps, {self.sets} sets)"


def simulate(rng: np.random.Generator, p: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Simulate z, R and n of a locus of p variants with one to three causal ones."""
    people = 600
    haplotypes = rng.normal(size=(people, p // 10 + 1)).repeat(10, axis=1)[:, :p]
    genotypes = haplotypes + 0.4 * rng.normal(size=(people, p))
    genotypes -= genotypes.mean(axis=0)
    genotypes /= np.sqrt((genotypes**2).sum(axis=0))
    R = genotypes.T @ genotypes
    b = np.zeros(p)
    b[rng.choice(p, size=rng.integers(1, 4), replace=False)] = rng.normal(0.0, 8.0)
    return R @ b + genotypes.T @ rng.normal(size=people), R, 50_000.0


def fit_here(folder: Path, loci: list[tuple[np.ndarray, np.ndarray, float]], mine: Tally) -> None:
    """Write the loci for the peers, and fit them."""
    for number, (z, R, n) in enumerate(loci):
        stem = folder / f"{number:04d}"
        z.tofile(stem.with_suffix(".z"))
        R.tofile(stem.with_suffix(".r"))
        stem.with_suffix(".n").write_text(str(n))
        start = time.process_time()
        fit = susie_rss(z, R, n, options=SusieOptions(tol=1e-4))
        mine.seconds += time.process_time() - start
        mine.sweeps += fit.niter
        mine.sets += len(fit.credible_sets)
        fit.pip.tofile(stem.with_suffix(".own"))


def fit_there(folder: Path, command: list[str], name: str, tally: Tally) -> None:
    """Let a peer fit them."""
    done = subprocess.run(
        [*command, str(folder)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "RETICULATE_PYTHON": sys.executable},
    )
    tally.version, *rows = (line.strip() for line in done.stdout.splitlines())
    for row in rows:
        _, seconds, sweeps, sets = row.split()
        tally.seconds += float(seconds)
        tally.sweeps += int(sweeps)
        tally.sets += int(sets)
    for own in folder.glob("*.own"):
        other = np.fromfile(own.with_suffix(f".{name}"))
        tally.apart = max(tally.apart, float(np.abs(np.fromfile(own) - other).max()))


def told(ratio: float, bar: float | None) -> str:
    if bar is None:
        return f"{ratio:.3f}"
    return f"{ratio:.3f} (bar {bar:g}: {'kept' if ratio <= bar else 'MISSED'})"


def compare(case: str, loci: list, peers: dict[str, list[str]], pysusie_bar: float | None) -> None:
    """Fit some loci by every tool, and print what each took."""
    mine, tallies = Tally("seqgen"), {name: Tally() for name in peers}
    sizes = []
    for begin in range(0, len(loci), PART):
        part = [make() for make in loci[begin : begin + PART]]
        sizes += [len(z) for z, _, _ in part]
        with tempfile.TemporaryDirectory() as folder:
            fit_here(Path(folder), part, mine)
            del part
            for name, command in peers.items():
                fit_there(Path(folder), command, name, tallies[name])
    print(f"\n{case}: {len(sizes)} x {max(sizes):,} variants\n  {mine}")
    for name, tally in tallies.items():
        bar = {"susieR": BARS[case], "pysusie": pysusie_bar}.get(name)
        ratio = mine.seconds / tally.seconds
        if name == "seqgen":
            print(f"  {tally} from R: {1 / ratio:.1f} times as long as from Python")
            continue
        print(f"  {tally}: ratio {told(ratio, bar)}, PIPs apart by {tally.apart:.1e}")


def memory_beside(z: np.ndarray, R: np.ndarray) -> tuple[float, int]:
    """Most bytes that a fit holds beside R, as a share of R's, and the sweeps it took."""
    # Linux: sets the high-water mark of the process back to what it holds now.
    Path("/proc/self/clear_refs").write_text("5")
    before = _status("VmRSS")
    fit = susie_rss(z, prepare_ld(R), 50_000)
    return (_status("VmHWM") - before) / R.nbytes, fit.niter


def _status(field: str) -> int:
    rows = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(row for row in rows if row.startswith(field)).split()[1])


def n3() -> tuple[np.ndarray, np.ndarray, float]:
    data = np.load(SHARED / "finemap_ref" / "inputs" / "N3.npz")
    return data["z1"], np.corrcoef(data["X"], rowvar=False), float(data["X"].shape[0])


def memory(rng: np.random.Generator, sizes: list[int]) -> None:
    for p in sizes:
        z, R, _ = simulate(rng, p)
        start = time.process_time()
        share, sweeps = memory_beside(z, R)
        took = time.process_time() - start
        print(
            f"\n{p:,} variants: R takes {R.nbytes / 2**30:.2f} GB, a fit beside it "
            f"{told(share, MEMORY_BAR)} of that; {took:.1f} s, {sweeps} sweeps"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("loci", nargs="?", type=int, default=200)
    parser.add_argument("--pysusie", metavar="PYTHON", help="interpreter that has pysusie")
    parser.add_argument("--large", action="store_true", help="20,000 variants too")
    parser.add_argument("--r", action="store_true", help="the batch through seqgen's R package too")
    asked = parser.parse_args()
    if shutil.which("Rscript") is None:
        sys.exit("Rscript is not on the path; install R and its package susieR")
    peers = {"susieR": ["Rscript", "-e", PEER_R.format(**SUSIER)]}
    if asked.pysusie:
        peers["pysusie"] = [asked.pysusie, "-c", PEER_PYTHON]
    through_r = {}
    if asked.r:
        through_r = {"seqgen": ["Rscript", "-e", PEER_R.format(**OURS)]}
    rng = np.random.default_rng(1)
    susie_rss(*simulate(rng, 50))  # what is loaded at the first call is not part of a fit
    if (SHARED / "finemap_ref" / "inputs" / "N3.npz").is_file():
        compare("N3", [n3] * 10, peers, None)
    batch = [lambda: simulate(rng, 1000)] * asked.loci
    compare("batch", batch, {**peers, **through_r}, PYSUSIE_BAR)
    compare("large", [lambda: simulate(rng, 5000)], peers, None)
    memory(rng, [5000, 20_000] if asked.large else [5000])


if __name__ == "__main__":
    main()
