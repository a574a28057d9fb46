"""Which variants of a GWAS change a protein, and how: by rsID, or by gene models."""

from seqgen.annotation.door import annotate
from seqgen.annotation.mutants import mutant_proteins
from seqgen.annotation.published_scores import add_published_scores
from seqgen.annotation.reference_proteins import reference_proteins

__all__ = ["add_published_scores", "annotate", "mutant_proteins", "reference_proteins"]
