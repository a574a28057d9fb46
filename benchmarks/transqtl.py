"""How long a trans scan takes beside its bare matrix product in the same run.

1,000 people, 20,000 variants, 1,000 traits, 10 covariates. The floor is the single-precision
product of standardised genotypes and traits alone, in the same blocks. tensorQTL takes part where
it is installed. All take turns, seven times; medians count. Run it:
``python benchmarks/transqtl.py [people] [variants] [traits]``.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import sys
import time
from collections.abc import Callable

import numpy as np
import pandas as pd

from seqgen.transqtl import ScanOptions, TransScan, prepare_trans, scan_trans

COVARIATES = 10
P = 1e-5
BLOCK = 1024
TURNS = 7


def simulate(people: int, variants: int, traits: int) -> tuple[np.ndarray, ...]:
    """Return counts, traits with one effect, and covariates."""
    rng = np.random.default_rng(1)
    counts = rng.binomial(2, rng.uniform(0.05, 0.5, variants), size=(people, variants))
    covariates = rng.normal(size=(people, COVARIATES))
    values = covariates @ rng.normal(size=(COVARIATES, traits)) + rng.normal(size=(people, traits))
    values[:, 5] += 0.5 * counts[:, 11]
    return counts.astype(np.int8), values, covariates


def floor(counts: np.ndarray, traits: np.ndarray) -> Callable[[], object]:
    """Return the products alone; both sides are made ready beforehand."""
    left = np.ascontiguousarray(counts.T, dtype=np.float32)
    left -= left.mean(axis=1, keepdims=True)
    right = np.ascontiguousarray(traits, dtype=np.float32)
    out = np.empty((BLOCK, right.shape[1]), dtype=np.float32)

    def run() -> None:
        for start in range(0, len(left), BLOCK):
            block = left[start : start + BLOCK]
            np.matmul(block, right, out=out[: len(block)])

    return run


def own(
    counts: np.ndarray, traits: np.ndarray, covariates: np.ndarray, **options: object
) -> Callable[[], TransScan]:
    """Return the whole job: preparing and scanning."""

    def run() -> TransScan:
        design = prepare_trans(counts, traits, covariates)
        return scan_trans(design, options=ScanOptions(p=P, **options))

    return run


def peer(
    counts: np.ndarray, traits: np.ndarray, covariates: np.ndarray
) -> Callable[[], object] | None:
    """Return tensorQTL on the same inputs, on the processor; None where it is missing."""
    try:
        import torch
        from tensorqtl import trans
    except ImportError:
        return None
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    people = [f"s{k}" for k in range(len(counts))]
    genotypes = pd.DataFrame(
        counts.T, index=[f"v{k}" for k in range(counts.shape[1])], columns=people
    )
    phenotypes = pd.DataFrame(
        traits.T.astype(np.float32), index=[f"g{k}" for k in range(traits.shape[1])], columns=people
    )
    table = pd.DataFrame(covariates.astype(np.float32), index=people)
    return lambda: trans.map_trans(
        genotypes, phenotypes, table, return_sparse=True, pval_threshold=P, maf_threshold=0.0,
        verbose=False,
    )  # fmt: skip


def take_turns(jobs: dict[str, Callable[[], object]]) -> dict[str, np.ndarray]:
    """Return median wall and CPU seconds of each job, after one turn to warm up."""
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in jobs}
    for turn in range(TURNS + 1):
        for name, job in jobs.items():
            wall, cpu = time.perf_counter(), time.process_time()
            job()
            if turn:
                took = time.perf_counter() - wall, time.process_time() - cpu
                seconds[name].append(took)
    return {name: np.median(times, axis=0) for name, times in seconds.items()}


def main() -> None:
    sizes = [int(value) for value in sys.argv[1:4]] or [1000, 20_000, 1000]
    inputs = simulate(*sizes)
    print("{:,} people x {:,} variants x {:,} traits, {} covariates".format(*sizes, COVARIATES))
    scan = own(*inputs)()
    print(f"{scan.n_tests:,} tests, {scan.n_hits:,} hits, inflation {scan.inflation:.4f}")
    jobs: dict[str, Callable[[], object]] = {
        "product alone": floor(*inputs[:2]),
        "seqgen": own(*inputs),
        "seqgen, 2 workers": own(*inputs, workers=2),
    }
    other = peer(*inputs)
    if other is not None:
        jobs["tensorQTL"] = other
    seconds = take_turns(jobs)
    for name, (wall, cpu) in seconds.items():
        print(f"  {name}: {wall:.2f} s, CPU {cpu:.2f} s")
    wall, cpu = seconds["seqgen"] / seconds["product alone"]
    print(f"seqgen takes {wall:.2f} times the product, CPU {cpu:.2f} (bar 1.50)")
    if other is None:
        print("tensorQTL is not installed")
    else:
        wall, cpu = seconds["seqgen"] / seconds["tensorQTL"]
        print(f"seqgen takes {wall:.2f} of tensorQTL, CPU {cpu:.2f}")


if __name__ == "__main__":
    main()
