"""Summary statistics from text to checked Parquet, beside the bare reading of the same file.

``python benchmarks/sumstats.py --rows 2000000`` makes a genome and a file of summary statistics
that fits it (with flips, other strands, repeats and bad cells), then in one process each reads
the file by polars and by pandas, and runs ``seqgen munge`` without and with the FASTA. It prints
wall-clock and CPU seconds, peak memory and the ratio to the faster bare reading.

``--gwaslab PYTHON`` names the Python of an environment that has gwaslab: it reads the same file,
checks it, puts it right by the same FASTA and writes Parquet, and its cost is set against
munge's with the FASTA. ``--bases 130000000`` makes a genome of a human one's size.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

CHROMOSOMES = 22
SHARE = {"switched": 0.4, "strand": 0.01, "repeat": 0.001, "bad": 0.0005}
POLARS = (
    "import polars as pl; print(pl.read_csv({path!r}, separator='\\t', null_values='NA').height)"
)
PANDAS = "import pandas as pd; print(len(pd.read_csv({path!r}, sep='\\t')))"
MUNGE = "from seqgen.cli import main; main(['munge', {path!r}, '--out', {out!r}, '-q', *{more!r}])"
GWASLAB = """
import gwaslab as gl
s = gl.Sumstats({path!r}, snpid="SNP", chrom="CHR", pos="POS", ea="EA", nea="NEA", eaf="EAF",
                beta="BETA", se="SE", p="P", n="N", build="38", verbose=False)
s.harmonize(basic_check=True, ref_seq={genome!r}, remove=True, threads={threads},
            verbose=False)
s.data.to_parquet({out!r})
print(f"{{len(s.data):,}} rows")
"""


class Cost(NamedTuple):
    """What a process took: seconds of wall clock and of CPU, and its peak memory in GB."""

    wall: float
    cpu: float
    memory: float


def make(folder: Path, rows: int, bases: int) -> tuple[Path, Path]:
    """The genome (``bases`` a chromosome) and the file."""
    rng = np.random.default_rng(1)
    letters = np.frombuffer(b"ACGT", dtype=np.uint8)
    genome, table = folder / "genome.fa", folder / "gwas.tsv"
    each = rows // CHROMOSOMES
    with open(genome, "wb") as fasta, open(table, "wb") as text:
        for chrom in range(1, CHROMOSOMES + 1):
            code = rng.integers(0, 4, bases, dtype=np.uint8)
            fasta.write(f">chr{chrom}\n".encode())
            for start in range(0, bases, 6_000_000):  # lines of 60
                piece = letters[code[start : start + 6_000_000]]
                whole = len(piece) // 60 * 60
                lines = np.full((whole // 60, 61), 10, dtype=np.uint8)
                lines[:, :60] = piece[:whole].reshape(-1, 60)
                fasta.write(lines.tobytes())
            usable = bases // 60 * 60
            at = np.sort(rng.integers(0, usable, each))
            frame(rng, chrom, at, code[at]).write_csv(
                text, separator="\t", include_header=chrom == 1
            )
    return genome, table


def frame(rng: np.random.Generator, chrom: int, at: np.ndarray, ref: np.ndarray) -> pl.DataFrame:
    """Rows at these places."""
    k = len(at)
    alt = (ref + rng.integers(1, 4, k)) % 4
    switched = rng.random(k) < SHARE["switched"]
    strand = (rng.random(k) < SHARE["strand"]) & (ref + alt != 3)
    effect, other = np.where(switched, ref, alt), np.where(switched, alt, ref)
    letter = np.array(list("ACGT"))
    effect, other = (letter[np.where(strand, 3 - x, x)] for x in (effect, other))
    eaf, n = rng.uniform(0.001, 0.999, k).round(5), rng.integers(400_000, 450_000, k)
    se = 1 / np.sqrt(2 * eaf * (1 - eaf) * n)
    beta = rng.normal(0, 1.2, k) * se
    from scipy.stats import norm

    out = pl.DataFrame(
        {
            "CHR": np.full(k, chrom),
            "SNP": np.char.add("rs", (at + chrom * 1_000_000_000).astype(str)),
            "POS": at + 1,
            "EA": effect,
            "NEA": other,
            "EAF": eaf,
            "BETA": beta.round(6),
            "SE": se.round(6),
            "P": 2 * norm.sf(np.abs(beta / se)),
            "N": n,
        }
    ).with_columns(pl.col("P").round_sig_figs(4))
    bad = pl.Series(rng.random(k) < SHARE["bad"])
    out = out.with_columns(SE=pl.when(bad).then(None).otherwise(pl.col("SE")))
    repeats = out.filter(pl.Series(rng.random(k) < SHARE["repeat"]))
    return pl.concat([out, repeats]).with_columns(pl.col("SE").cast(pl.String).fill_null("NA"))


def timed(name: str, code: str, floor: float | None, python: str = sys.executable) -> Cost:
    """Run code in a process of its own; print and return what it took."""
    start = time.perf_counter()
    done = subprocess.Popen([python, "-c", code], stdout=subprocess.PIPE, text=True)
    said = done.stdout.read().strip() if done.stdout else ""
    _, status, usage = os.wait4(done.pid, 0)
    wall = time.perf_counter() - start
    done.returncode = os.waitstatus_to_exitcode(status)
    if done.returncode:
        raise SystemExit(f"{name} failed")
    cpu = usage.ru_utime + usage.ru_stime
    ratio = "" if floor is None else f"{wall / floor:6.2f} x floor"
    print(
        f"{name:24} {wall:7.1f} s wall {cpu:7.1f} s CPU {usage.ru_maxrss / 2**20:6.2f} GB  {ratio}"
        f"  {said.splitlines()[0] if said else ''}",
        flush=True,
    )
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 2**20)


def main() -> None:
    """Make the files, run, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--bases", type=int, default=10_000_000, help="of a chromosome")
    parser.add_argument("--folder", help="keep the files here, or use those that are here")
    parser.add_argument("--gwaslab", metavar="PYTHON", help="Python of an environment with gwaslab")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(told.folder or scratch)
        folder.mkdir(exist_ok=True, parents=True)
        genome, table = folder / "genome.fa", folder / "gwas.tsv"
        if not table.exists():
            genome, table = make(folder, told.rows, told.bases)
        # the index is not part of what is timed
        import pysam

        pysam.faidx(str(genome))
        path, out = str(table), str(folder / "out.parquet")
        print(f"{told.rows:,} rows, {table.stat().st_size / 2**20:.0f} MB, {os.cpu_count()} cores")
        floor = min(
            timed("polars, reading alone", POLARS.format(path=path), None).wall,
            timed("pandas, reading alone", PANDAS.format(path=path), None).wall,
        )
        timed("seqgen munge", MUNGE.format(path=path, out=out, more=[]), floor)
        more = ["--reference", str(genome)]
        ours = timed("seqgen munge, FASTA", MUNGE.format(path=path, out=out, more=more), floor)
        if told.gwaslab:
            code = GWASLAB.format(path=path, genome=str(genome), out=out, threads=os.cpu_count())
            theirs = timed("gwaslab, FASTA", code, floor, told.gwaslab)
            ratios = (b / a for a, b in zip(ours, theirs, strict=True))
            print("gwaslab / seqgen: wall {:.1f}, CPU {:.1f}, memory {:.1f}".format(*ratios))


if __name__ == "__main__":
    main()
