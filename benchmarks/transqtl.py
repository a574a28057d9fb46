"""How long a trans scan takes beside its bare matrix product in the same run.

1,000 people, 20,000 variants, 1,000 traits, 10 covariates. The floor is the single-precision
product of standardised genotypes and traits alone, in the same blocks. tensorQTL takes part where
it is installed. Run it: ``python benchmarks/transqtl.py [people] [variants] [traits]``.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import sys
import time

import numpy as np
import pandas as pd

from seqgen.transqtl import ScanOptions, prepare_trans, scan_trans

COVARIATES = 10
P = 1e-5
BLOCK = 1024


def simulate(people: int, variants: int, traits: int) -> tuple[np.ndarray, ...]:
    """Return counts, traits with one effect, and covariates."""
    rng = np.random.default_rng(1)
    counts = rng.binomial(2, rng.uniform(0.05, 0.5, variants), size=(people, variants))
    covariates = rng.normal(size=(people, COVARIATES))
    values = covariates @ rng.normal(size=(COVARIATES, traits)) + rng.normal(size=(people, traits))
    values[:, 5] += 0.5 * counts[:, 11]
    return counts.astype(np.int8), values, covariates


def floor(counts: np.ndarray, traits: np.ndarray) -> float:
    """Seconds of the products alone; both sides are made ready beforehand."""
    left = np.ascontiguousarray(counts.T, dtype=np.float32)
    left -= left.mean(axis=1, keepdims=True)
    right = np.ascontiguousarray(traits, dtype=np.float32)
    out = np.empty((BLOCK, right.shape[1]), dtype=np.float32)
    begin = time.perf_counter()
    for start in range(0, len(left), BLOCK):
        block = left[start : start + BLOCK]
        np.matmul(block, right, out=out[: len(block)])
    return time.perf_counter() - begin


def own(counts: np.ndarray, traits: np.ndarray, covariates: np.ndarray) -> float:
    begin = time.perf_counter()
    scan = scan_trans(prepare_trans(counts, traits, covariates), options=ScanOptions(p=P))
    seconds = time.perf_counter() - begin
    print(f"  {scan.n_tests:,} tests, {scan.n_hits:,} hits, inflation {scan.inflation:.4f}")
    return seconds


def peer(counts: np.ndarray, traits: np.ndarray, covariates: np.ndarray) -> float | None:
    """Seconds of tensorQTL on the same inputs, on the processor; None where it is missing."""
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
    begin = time.perf_counter()
    trans.map_trans(
        genotypes, phenotypes, table, return_sparse=True, pval_threshold=P, maf_threshold=0.0,
        verbose=False,
    )  # fmt: skip
    return time.perf_counter() - begin


def main() -> None:
    sizes = [int(value) for value in sys.argv[1:4]] or [1000, 20_000, 1000]
    inputs = simulate(*sizes)
    print("{:,} people x {:,} variants x {:,} traits, {} covariates".format(*sizes, COVARIATES))
    floors, owns = [], []
    for _ in range(3):
        floors.append(floor(*inputs[:2]))
        owns.append(own(*inputs))
    print(f"product alone {min(floors):.2f} s, seqgen {min(owns):.2f} s: "
          f"{min(owns) / min(floors):.2f} times the product")  # fmt: skip
    other = peer(*inputs)
    if other is None:
        print("tensorQTL is not installed")
    else:
        print(f"tensorQTL {other:.2f} s: seqgen takes {min(owns) / other:.2f} of it")


if __name__ == "__main__":
    main()
