"""Bundle a protein family with a structure: the kinase domain of human AKT2.

Run it with ``python data-raw/build_family.py`` after ``fetch_sources.py``. Needs ``blastdbcmd``
and ``jackhmmer`` (Debian's ncbi-blast+ and hmmer) and ``dpkg-deb``; takes a minute or two.
"""

from __future__ import annotations

import gzip
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from provenance import record
from sources import BUNDLE, CACHE, SOURCES, read_member
from swissprot import human_accessions, read_hgnc, read_humsavar_genes, read_swissprot

FOCUS, START, END = "P31751", 152, 409  # the kinase domain as UniProt has it
FOLDER = BUNDLE / "families" / "AKT2"
ENTRY, CHAIN = "3E8D", "A"
MEMBER = f"mdciao-1.1.0.data/data/data_for_mdciao/RCSB_pdb/{ENTRY}.pdb.gz"

HMMER = "3.3.2"  # another version may align other rows
ROUNDS = 5
BITS_PER_RESIDUE = 0.15
MIN_COVERAGE = 0.8
MAX_IDENTITY = 0.75  # just under the identity at which sequences share their weight

_NAME = re.compile(r"^(?:\d+\|)?(?P<name>\S+/\d+-\d+)$")
_PDB_WHOLE = ("HEADER", "TITLE", "EXPDTA", "AUTHOR", "JRNL", "CRYST1")
_PDB_CHAIN_AT = {"DBREF": 12, "SEQADV": 16, "SEQRES": 11, "MODRES": 16, "ATOM": 21, "TER": 21}
_MODIFIED = "TPO"

ALIGNMENT_FACTS = {
    "upstream": "UniProtKB/Swiss-Prot, January 2014; genes from HGNC (2024) and humsavar",
    "upstream_reference": "UniProt Consortium 2014, Nucleic Acids Research 42:D191",
    "licence": "CC BY 4.0 (UniProt), CC0 (HGNC)",
    "tool": f"jackhmmer of HMMER {HMMER}, {ROUNDS} rounds, {BITS_PER_RESIDUE} bits per residue",
    "note": (
        f"Columns are residues {START} to {END} of {FOCUS} (human AKT2), the first row. Rows have "
        f"residues in at least {MIN_COVERAGE:.0%} of them. Human rows come next, all of them, with "
        "their insertions in lower case, so that their residues can be counted. Other rows have no "
        f"insertions, and are left out where they are at least {MAX_IDENTITY:.0%} identical to a "
        "row before them. The source names no organisms; human entries are those HGNC or humsavar "
        "names."
    ),
}
STRUCTURE_FACTS = {
    "upstream": f"Protein Data Bank entry {ENTRY}, human AKT2 kinase domain, 2.7 angstrom",
    "upstream_reference": "Rouse et al. 2009, Bioorganic & Medicinal Chemistry Letters 19:1508",
    "licence": "CC0 1.0 (Protein Data Bank)",
    "source_member": MEMBER,
    "note": f"Chain {CHAIN} only; no water, no ligand, no remarks. Numbered as {FOCUS}.",
}


class Row(NamedTuple):
    """One aligned sequence: its name with its range, and its text in the family's A3M."""

    name: str
    text: str

    @property
    def accession(self) -> str:
        """Accession the row comes from."""
        return self.name.split("/")[0]

    @property
    def columns(self) -> str:
        """The row without its insertions."""
        return "".join(letter for letter in self.text if not letter.islower())


def search(sequences: dict[str, str]) -> Path:
    """Homologs of the focus, aligned to it, as Stockholm."""
    version = _output("jackhmmer", "-h")
    if f"HMMER {HMMER} " not in version:
        raise SystemExit(f"jackhmmer is not of HMMER {HMMER}: {version.splitlines()[1]}")
    database, query, found = (CACHE / f"family.{kind}" for kind in ("fasta", "query", "sto"))
    database.write_text("".join(f">{name}\n{text}\n" for name, text in sequences.items()))
    query.write_text(f">{FOCUS}/{START}-{END}\n{sequences[FOCUS][START - 1 : END]}\n")
    least = str(BITS_PER_RESIDUE * (END - START + 1))
    options = ["-N", str(ROUNDS), "--noali", "-o", "/dev/null", "-A", str(found)]
    for threshold in ("-T", "--domT", "--incT", "--incdomT"):
        options += [threshold, least]
    _output("jackhmmer", *options, str(query), str(database))
    return found


def read_rows(path: Path) -> list[Row]:
    """Rows of the Stockholm file over the columns of the focus, the focus first, each once."""
    texts: dict[str, str] = {}
    for line in path.read_text().splitlines():
        if line and not line.startswith(("#", "//")):
            name, text = line.split()
            texts[name] = texts.get(name, "") + text
    names = {name: _NAME.match(name)["name"] for name in texts}  # type: ignore[index]
    own = f"{FOCUS}/{START}-{END}"
    query = next(texts[name] for name in texts if names[name] == own)
    rows = {own: Row(own, query.replace(".", "").replace("-", ""))}
    for name, text in texts.items():
        pairs = zip(query, text, strict=True)
        aligned = "".join(
            letter.upper().replace(".", "-") if column.isalpha() else letter.lower().strip(".-")
            for column, letter in pairs
        )
        rows.setdefault(names[name], Row(names[name], aligned))
    return list(rows.values())


def select(rows: list[Row], human: set[str]) -> tuple[list[Row], Counter[str]]:
    """Rows that cover the focus and differ from those before them, and what was left out."""
    dropped: Counter[str] = Counter()
    ordered = sorted(rows[1:], key=lambda row: (row.accession not in human, row.name))
    kept, codes = [], np.zeros((len(rows), END - START + 1), dtype=np.uint8)
    for row in [rows[0], *ordered]:
        letters = np.frombuffer(row.columns.encode(), dtype=np.uint8)
        residue = letters != ord("-")
        before = codes[: len(kept)]
        shared = residue & (before != ord("-"))
        alike = ((before == letters) & shared).sum(axis=1) / np.maximum(shared.sum(axis=1), 1)
        if residue.mean() < MIN_COVERAGE:
            dropped["covers_too_little"] += 1
        elif row.accession not in human and alike.max() >= MAX_IDENTITY:
            dropped["like_a_row_before"] += 1
        else:
            codes[len(kept)] = letters
            kept.append(row)
    return kept, dropped


def alignment_text(rows: list[Row], genes: dict[str, str]) -> str:
    """The family as A3M; human rows are named in the manner of UniProt's headers."""
    lines = []
    for row in rows:
        gene = genes.get(row.accession)
        lines.append(f">{row.name}" + (f" OS=Homo sapiens GN={gene}" if gene else ""))
        lines.append(row.text if gene else row.columns)
    return "\n".join(lines) + "\n"


def structure_text(text: str) -> str:
    """One chain's polymer of a PDB file, with the records that say what it is."""
    kept = [line for line in text.splitlines() if _is_wanted(line)]
    return "\n".join([*kept, "END"]) + "\n"


def _is_wanted(line: str) -> bool:
    kind = line[:6].strip()
    if kind == "HETATM":
        return line[21] == CHAIN and line[17:20] == _MODIFIED
    if kind == "TER":
        return line[21] == CHAIN
    at = _PDB_CHAIN_AT.get(kind)
    return kind in _PDB_WHOLE or (at is not None and line[at] == CHAIN)


def _output(*command: str) -> str:
    if shutil.which(command[0]) is None:
        raise SystemExit(f"{command[0]} is missing: apt-get install hmmer")
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _write(name: str, text: str, **facts: Any) -> None:
    """Write a gzip file whose bytes depend on its text alone, and record it."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / name
    with path.open("wb") as handle, gzip.GzipFile("", "wb", 9, handle, mtime=0) as zipped:
        zipped.write(text.encode())
    record(path, script="data-raw/build_family.py", **facts)


def main() -> None:
    """Write the alignment and the structure, and record them."""
    sequences = read_swissprot()
    hgnc, humsavar = read_hgnc(), read_humsavar_genes()
    human = human_accessions(sequences)
    genes = {one: hgnc[one][0] if one in hgnc else humsavar[one] for one in human}
    rows, dropped = select(read_rows(search(sequences)), set(human))
    also = [SOURCES["hgnc"].label(), SOURCES["humsavar"].label()]
    _write(
        "AKT2.a3m.gz",
        alignment_text(rows, genes),
        rows=len(rows),
        dropped=dict(sorted(dropped.items())),
        human_rows=sum(row.accession in genes for row in rows),
        also_from=also,
        **SOURCES["swissprot"].label(),
        **ALIGNMENT_FACTS,
    )
    entry = gzip.decompress(read_member("structure", MEMBER)).decode()
    _write(
        "AKT2.pdb.gz",
        structure_text(entry),
        **SOURCES["structure"].label(),
        **STRUCTURE_FACTS,
    )


if __name__ == "__main__":
    main()
