"""False discoveries and power of weighted testing when evidence is good, worthless or misleading.

200,000 tests, 200 of them true, nominal rate 5%. Run it:
``python benchmarks/weighted_testing.py [repeats]``.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import sys
import time

from seqgen.weighted_testing import simulate_weighted_testing


def main() -> None:
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    begin = time.perf_counter()
    table = simulate_weighted_testing(repeats=repeats)
    print(f"{repeats} repeats in {time.perf_counter() - begin:.0f} s")
    print(table.round({"fdp": 4, "fdp_se": 4, "power": 3, "power_ratio": 2}).to_string(index=False))


if __name__ == "__main__":
    main()
