"""What sequence, structure and lists of gene pairs tell of pairs of variants and trans genes."""

from seqgen.evidence.combination import combine_evidence
from seqgen.evidence.pairs import pair_evidence
from seqgen.evidence.trans import trans_evidence

__all__ = ["combine_evidence", "pair_evidence", "trans_evidence"]
