"""How long SuSiE takes, in CPU milliseconds on one thread.

Fits N3 (susieR's example, where the shared data is at hand) and a simulated
batch of loci, with and without a reference panel, next to the textbook
implementation of the tests as the peer in the same run.
Run it: ``python benchmarks/finemap_speed.py``.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from seqgen.finemap import prepare_ld, susie_rss
from seqgen.results import FineMapResult

HERE = Path(__file__).resolve()
SHARED = Path(os.environ.get("SEQGEN_SHARED_DATA", HERE.parents[2] / "shared" / "data"))
LOCI = 20


def best_of(repeats: int, work: Callable[[], FineMapResult]) -> tuple[float, FineMapResult]:
    """Return the least CPU milliseconds of ``repeats`` runs, and the result."""
    least, result = np.inf, work()
    for _ in range(repeats):
        start = time.process_time()
        result = work()
        least = min(least, 1e3 * (time.process_time() - start))
    return least, result


def simulate(rng: np.random.Generator, p: int = 1000) -> tuple[np.ndarray, np.ndarray, float]:
    """Return z, R and n of a locus with one to three causal variants."""
    founders = rng.normal(size=(600, p // 10)).repeat(10, axis=1)
    R = np.corrcoef(founders + 0.4 * rng.normal(size=(600, p)), rowvar=False)
    b = np.zeros(p)
    b[rng.choice(p, size=rng.integers(1, 4), replace=False)] = rng.normal(0.0, 8.0)
    z = R @ b + np.linalg.cholesky(R + 1e-6 * np.eye(p)) @ rng.normal(size=p)
    return z, R, 50_000.0


def main() -> None:
    rng = np.random.default_rng(1)
    n3 = SHARED / "finemap_ref" / "inputs" / "N3.npz"
    if n3.is_file():
        data = np.load(n3)
        z, n = data["z1"], data["X"].shape[0]
        R = np.corrcoef(data["X"], rowvar=False)
        ld = prepare_ld(R)
        for label, panel in (("in-sample LD", {}), ("R_finite=500", {"R_finite": 500})):
            took, fit = best_of(10, lambda panel=panel: susie_rss(z, ld, n, **panel))
            print(f"N3, {label}: {took:.1f} ms, {fit.niter} sweeps")
        took, fit = best_of(5, lambda: susie_rss(z, R, n))
        print(f"N3, checks of R included: {took:.1f} ms")

        sys.path.insert(0, str(HERE.parents[1] / "tests"))
        from test_finemap_textbook import textbook

        start = time.process_time()
        textbook(z, R, float(n), weights=np.full(len(z), 1 / len(z)), L=10, sweeps=fit.niter)
        peer = 1e3 * (time.process_time() - start)
        print(f"N3, textbook: {peer:.0f} ms, {peer / took:.0f} times as long")
    loci = [simulate(rng) for _ in range(LOCI)]
    for label, panel in (
        ("in-sample LD", {}),
        ("R_finite=600", {"R_finite": 600}),
        ("R_finite=600, eb", {"R_finite": 600, "R_mismatch": "eb"}),
    ):
        start = time.process_time()
        sweeps = sum(susie_rss(z, R, n, **panel).niter for z, R, n in loci)
        took = 1e3 * (time.process_time() - start)
        print(f"{LOCI} loci of 1,000, {label}: {took / LOCI:.1f} ms a locus, {sweeps} sweeps")


if __name__ == "__main__":
    main()
