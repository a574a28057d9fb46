"""Tables of what is known about pairs of variants, and of variants and trans genes."""

from __future__ import annotations

from seqgen.schemas.schema import Column, Schema

# Lists of gene pairs add columns ``gene_<name>``, whose names no schema can know.
_COUPLING_COMPLEX = Column(
    "coupling_complex",
    "float",
    "coupling of residues of two different proteins, any method",
    "standard deviations",
    nullable=True,
    optional=True,
)
_SIMILARITY = Column(
    "embedding_similarity",
    "float",
    "cosine of the embeddings of two different proteins, centred over all given proteins",
    nullable=True,
    low=-1.000001,
    high=1.000001,
    optional=True,
)
_EVIDENCE = Column(
    "evidence",
    "float",
    "sum over the known columns of the Savage score of the rank less one: 0 on average; "
    "missing where nothing is known",
    nullable=True,
)


def _side(number: int) -> tuple[Column, ...]:
    """Columns of one variant of a pair."""
    which = "first" if number == 1 else "second"
    return (
        Column(f"variant_{number}", "string", f"{which} variant, in the order of the input"),
        Column(f"gene_{number}", "string", "gene symbol", nullable=True),
        Column(f"uniprot_{number}", "string", "UniProt accession of the protein it changes"),
        Column(f"position_{number}", "int", "residue position in the protein", "1-based", low=1),
        Column(
            f"residue_change_{number}", "string", "reference residue, position, new one (R253C)"
        ),
    )


PAIR_EVIDENCE = Schema(
    "pair_evidence",
    "pair of variants, in no order",
    (
        *_side(1),
        *_side(2),
        Column(
            "coupling_alignment",
            "float",
            "coupling of two residues of one protein, from an alignment",
            "standard deviations",
            nullable=True,
            optional=True,
        ),
        Column(
            "coupling_language_model",
            "float",
            "coupling of two residues of one protein, from a protein language model",
            "standard deviations",
            nullable=True,
            optional=True,
        ),
        _COUPLING_COMPLEX,
        _SIMILARITY,
        Column(
            "structure_distance",
            "float",
            "distance of the two residues in a structure",
            "angstrom",
            nullable=True,
            low=0,
            optional=True,
        ),
        _EVIDENCE,
    ),
    key=("variant_1", "variant_2"),
)

TRANS_EVIDENCE = Schema(
    "trans_evidence",
    "variant and target gene of which something is known",
    (
        Column("variant", "string", "variant"),
        Column("gene", "string", "gene of the variant", nullable=True),
        Column("uniprot", "string", "UniProt accession of its protein", nullable=True),
        Column("position", "int", "residue it changes", "1-based", nullable=True, low=1),
        Column("target", "string", "target gene"),
        _COUPLING_COMPLEX,
        _SIMILARITY,
        _EVIDENCE,
    ),
    key=("variant", "target"),
)

GENE_PAIRS = Schema(
    "gene_pairs",
    "pair of different genes, in no order",
    (
        Column("gene_1", "string", "gene symbol"),
        Column("gene_2", "string", "gene symbol"),
        Column(
            "score", "float", "how well supported; all alike where there is none", optional=True
        ),
    ),
    key=("gene_1", "gene_2"),
)
