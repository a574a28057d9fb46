"""Which variants of a GWAS change a protein, and how: by rsID, or by gene models."""

from seqgen.annotation.door import annotate
from seqgen.annotation.mutants import mutant_proteins

__all__ = ["annotate", "mutant_proteins"]
