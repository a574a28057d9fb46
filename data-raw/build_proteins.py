"""Bundle the human proteins of Swiss-Prot with their genes.

Run it with ``python data-raw/build_proteins.py`` after ``fetch_sources.py``. Needs ``blastdbcmd``
(Debian's ncbi-blast+) and ``dpkg-deb``.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
from provenance import record
from sources import BUNDLE, SOURCES
from swissprot import human_accessions, read_hgnc, read_humsavar_genes, read_swissprot

FACTS = {
    "upstream": "UniProtKB/Swiss-Prot, January 2014; genes from HGNC (2024) and humsavar",
    "upstream_reference": "UniProt Consortium 2014, Nucleic Acids Research 42:D191",
    "licence": "CC BY 4.0 (UniProt), CC0 (HGNC)",
    "also_from": [SOURCES["hgnc"].label(), SOURCES["humsavar"].label()],
    "note": (
        "Human entries are those HGNC or humsavar names. Entries without any Gene Ontology "
        "annotation are not in the source package. Sequences keep the letters X, U, B and Z."
    ),
}


def protein_table(sequences: dict[str, str]) -> tuple[pa.Table, dict[str, int]]:
    """Table of the human proteins, sorted by accession, and what was left out."""
    hgnc, humsavar = read_hgnc(), read_humsavar_genes()
    kept = human_accessions(sequences)
    genes = [hgnc.get(accession, (humsavar.get(accession), None)) for accession in kept]
    table = pa.table(
        {
            "uniprot": pa.array(kept, pa.string()),
            "gene": pa.array([gene for gene, _ in genes], pa.string()),
            "name": pa.array([name for _, name in genes], pa.string()),
            "sequence": pa.array([sequences[accession] for accession in kept], pa.string()),
        }
    )
    named = hgnc.keys() | humsavar.keys()
    return table, {"named_human_but_no_sequence": len(named - sequences.keys())}


def main() -> None:
    """Write the table and record it."""
    table, dropped = protein_table(read_swissprot())
    path = BUNDLE / "human_proteins.parquet"
    pq.write_table(table, path, compression="zstd", compression_level=19, use_dictionary=False)
    record(
        path,
        rows=table.num_rows,
        dropped=dropped,
        script="data-raw/build_proteins.py",
        **SOURCES["swissprot"].label(),
        **FACTS,
    )


if __name__ == "__main__":
    main()
