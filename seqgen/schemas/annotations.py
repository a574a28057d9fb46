"""Columns of the table of what variants do to proteins, whatever it was told from."""

from __future__ import annotations

from seqgen.schemas.schema import Column, Schema

#: Sequence Ontology terms of changes that are taken to destroy a protein.
LOSS_OF_FUNCTION = (
    "splice_acceptor_variant", "splice_donor_variant", "stop_gained", "frameshift_variant",
    "stop_lost", "start_lost",
)  # fmt: skip


def annotation_columns(*known: Column) -> tuple[Column, ...]:
    """Columns of ``annotations``: place and alleles, the residue change, where it was told from.

    Parameters
    ----------
    known : Column
        ``chrom``, ``pos``, ``rsid``, ``effect_allele``, ``other_allele``, ``checked``, as other
        tables have them.
    """
    *place, checked = known
    return (
        *place,
        Column("gene", "string", "gene symbol", nullable=True),
        Column("uniprot", "string", "UniProt accession", nullable=True),
        Column(
            "position",
            "int",
            "position of the first residue changed: in the UniProt sequence where uniprot is told, "
            "else in the transcript's protein",
            "1-based",
            nullable=True,
            low=1,
        ),
        Column("ref_aa", "string", "residues that change, one letter each; - for none", "", True),
        Column(
            "alt_aa",
            "string",
            "residues in their place, one letter each; - for none, * for a stop",
            nullable=True,
        ),
        Column("clinical", "string", "UniProt's label", nullable=True),
        Column(
            "allele_check",
            "string",
            "which allele makes the change: effect (the effect allele makes alt_aa), other (the "
            "other allele makes it), either (they fit, direction unknown)",
            allowed=("effect", "other", "either"),
        ),
        checked,
        Column(
            "consequence",
            "string",
            "Sequence Ontology terms, '&' between",
            nullable=True,
            optional=True,
        ),
        Column("transcript", "string", "transcript, of gene models", nullable=True, optional=True),
        Column("protein", "string", "its protein's identifier", nullable=True, optional=True),
        Column(
            "protein_position",
            "int",
            "position in the transcript's protein",
            "1-based",
            nullable=True,
            low=1,
            optional=True,
        ),
        Column("hgvs_p", "string", "HGVS name of the change", nullable=True, optional=True),
    )


MUTANT_PROTEINS = Schema(
    "mutant_proteins",
    "variant and transcript whose protein it changes",
    (
        Column("chrom", "string", "chromosome"),
        Column("pos", "int", "position", "base pair, 1-based", low=1),
        Column("effect_allele", "string", "effect allele"),
        Column("other_allele", "string", "the other allele"),
        Column("transcript", "string", "transcript"),
        Column("hgvs_p", "string", "HGVS name of the change"),
        Column("consequence", "string", "Sequence Ontology terms", optional=True),
        Column(
            "kind",
            "string",
            "what the variant does to the protein",
            allowed=(
                "in frame", "frameshift", "stop gained", "stop lost", "start lost", "unknown",
            ),
        ),
        Column("sequence", "string", "the protein made, one-letter residues", nullable=True),
        Column("scorable", "bool", "can a protein model judge it beside the reference protein"),
        Column("reason", "string", "why not", nullable=True),
    ),
    key=("chrom", "pos", "effect_allele", "other_allele", "transcript"),
)  # fmt: skip
