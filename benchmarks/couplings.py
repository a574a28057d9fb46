"""Pseudolikelihood and mean-field fits: CPU seconds beside a peer, and how they grow.

Run: python benchmarks/couplings.py [ALIGNMENT ...] [--peer PYTHON] [--curves]

Without alignments those of the shared data are taken, where they are at hand. ``--peer`` names
a Python that has pydca (``pip install --no-deps pydca`` beside ``numpy<2 numba scipy biopython
matplotlib``); its pseudolikelihood is run on the same alignment, penalties and threads, in the
same run. ``--curves`` fits simulated families of growing depth and length.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from seqgen.alignment import ALIGNMENT_LETTERS, Alignment, Residues
from seqgen.couplings.mean_field import fit_mean_field
from seqgen.couplings.norms import average_product_correction, frobenius_norms
from seqgen.couplings.plm import fit_plm
from seqgen.couplings.weights import sequence_weights
from seqgen.errors import SeqgenWarning
from seqgen.io.alignments import read_alignment
from seqgen.models.potts import PottsModel

HERE = Path(__file__).resolve()
SHARED = Path(os.environ.get("SEQGEN_SHARED_DATA", HERE.parents[2] / "shared" / "data"))
FAMILIES = ("1atzA", "1a3a", "DHFR")
PEER = """
import sys
from pydca.plmdca import plmdca
path, penalty, threads = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
plmdca.PlmDCA(path, "protein", seqid=0.8, lambda_h=0.01, lambda_J=penalty,
              num_threads=threads, max_iterations=100).compute_sorted_FN_APC()
"""


def clocked(work: Callable[[], object]) -> tuple[float, float, object]:
    """CPU seconds, wall seconds and result."""
    cpu, wall = time.process_time(), time.perf_counter()
    result = work()
    return time.process_time() - cpu, time.perf_counter() - wall, result


def pair_scores(model: PottsModel) -> np.ndarray:
    """Corrected norms over all states, pairs i < j."""
    scores = average_product_correction(frobenius_norms(model, states="all"))
    return scores[np.triu_indices(model.length, 1)]


def beside_peer(alignment: Alignment, peer: str | None) -> None:
    """One family: our fit, our fit run to the end, mean field, and the peer."""
    cores = len(os.sched_getaffinity(0))
    weights_cpu, _, weights = clocked(lambda: sequence_weights(alignment))
    cpu, wall, model = clocked(lambda: fit_plm(alignment, weights=weights))
    scores_cpu, _, scores = clocked(lambda: pair_scores(model))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SeqgenWarning)
        end_cpu, _, end = clocked(
            lambda: fit_plm(alignment, weights=weights, tolerance=1e-8, max_iterations=400)
        )
    mean_cpu, _, _ = clocked(lambda: fit_mean_field(alignment, weights=weights))
    agreement = spearmanr(scores, pair_scores(end)).statistic
    ours = weights_cpu + cpu + scores_cpu
    print(
        f"{alignment.source}: N {alignment.n_sequences}, L {alignment.length}, {cores} threads\n"
        f"  pseudolikelihood {ours:.2f} CPU s (weights {weights_cpu:.2f}, fit {cpu:.2f}, scores "
        f"{scores_cpu:.2f}; fit {wall:.2f} s wall, {model.settings['evaluations']} evaluations); "
        f"Spearman to the converged scores {agreement:.5f} ({end_cpu:.1f} CPU s)\n"
        f"  mean field {mean_cpu:.2f} CPU s"
    )
    if peer:
        theirs = peer_seconds(alignment, peer, model.settings["lambda_J"], cores)
        print(
            f"  pydca's pseudolikelihood {theirs:.1f} CPU s; ours takes {ours / theirs:.3f} of it"
        )


def peer_seconds(alignment: Alignment, peer: str, penalty: float, threads: int) -> float:
    """CPU seconds of pydca as a process of its own, less those of its imports."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "family.fa"
        letters = np.frombuffer(ALIGNMENT_LETTERS.encode(), dtype=np.uint8)
        rows = [row.tobytes().decode() for row in letters[alignment.codes]]
        path.write_text("".join(f">s{i}\n{row}\n" for i, row in enumerate(rows)))
        both = []
        for script in ("from pydca.plmdca import plmdca", PEER):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            command = [peer, "-c", script, str(path), str(penalty), str(threads)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            both.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return both[1] - both[0]


def simulated(n: int, length: int) -> Alignment:
    """Rows that change a quarter of an earlier row."""
    rng = np.random.default_rng(0)
    codes = np.empty((n, length), dtype=np.uint8)
    codes[0] = rng.integers(1, 21, length)
    for row in range(1, n):
        codes[row] = codes[max(0, row - 1 - int(rng.integers(min(row, 200))))]
        changed = rng.random(length) < 0.25
        codes[row, changed] = rng.integers(0, 21, changed.sum())
    names = tuple(map(str, range(n)))
    return Alignment(names, codes, Residues.of_protein("A" * length), source="simulated")


class PeakMemory:
    """Most memory above that at the start, in bytes, looked at every 5 ms."""

    def __enter__(self) -> PeakMemory:
        self._start, self._done, self.bytes = self._now(), threading.Event(), 0
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(0.005):
            self.bytes = max(self.bytes, self._now() - self._start)

    @staticmethod
    def _now() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def curve(sizes: list[tuple[int, int]]) -> None:
    """Time and memory of a fit for each (N, L); each in a process of its own."""
    print("     N    L  weights s   fit s (CPU)  evaluations  peak MB  over couplings + alignment")
    for n, length in sizes:
        command = [sys.executable, __file__, "--one", f"{n},{length}"]
        subprocess.run(command, check=True)


def one_size(n: int, length: int) -> None:
    """A row of the curve."""
    alignment = simulated(n, length)
    fit_plm(simulated(40, 6))  # what is loaded once
    weights_wall, weights = clocked(lambda: sequence_weights(alignment))[1:]
    with PeakMemory() as peak:
        cpu, wall, model = clocked(lambda: fit_plm(alignment, weights=weights))
    held = model.couplings.nbytes + alignment.codes.nbytes
    print(
        f"{n:6d} {length:4d} {weights_wall:10.2f} {wall:7.1f} ({cpu:5.1f}) "
        f"{model.settings['evaluations']:10d} {peak.bytes / 1e6:10.0f} {peak.bytes / held:10.2f}",
        flush=True,
    )


def main() -> None:
    """Print what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("alignments", nargs="*", help="files of alignments")
    parser.add_argument("--peer", metavar="PYTHON", help="a Python that has pydca")
    parser.add_argument("--curves", action="store_true", help="growth with N and L")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        n, length = map(int, arguments.one.split(","))
        one_size(n, length)
        return
    paths = arguments.alignments or [
        str(SHARED / "msa" / "ref" / f"{name}.a2m.gz")
        for name in FAMILIES
        if (SHARED / "msa" / "ref" / f"{name}.a2m.gz").exists()
    ]
    for path in paths:
        everything = {"min_sequence_coverage": 0.0, "min_column_coverage": 0.0}
        beside_peer(read_alignment(path, focus=False, **everything), arguments.peer)
    if not paths:
        print("no alignments: name some, or set SEQGEN_SHARED_DATA")
    if arguments.curves:
        curve(
            [(n, 150) for n in (1000, 4000, 16000)] + [(2000, length) for length in (75, 300, 600)]
        )


if __name__ == "__main__":
    main()
