"""Words of bcftools csq as terms of the Sequence Ontology."""

from __future__ import annotations

import pandas as pd

from seqgen.schemas import LOSS_OF_FUNCTION

_TERMS = {
    "missense": "missense_variant", "synonymous": "synonymous_variant",
    "frameshift": "frameshift_variant", "inframe_altering": "protein_altering_variant",
    "stop_retained": "stop_retained_variant", "start_retained": "start_retained_variant",
    "5_prime_utr": "5_prime_UTR_variant", "3_prime_utr": "3_prime_UTR_variant",
    "splice_acceptor": "splice_acceptor_variant", "splice_donor": "splice_donor_variant",
    "splice_region": "splice_region_variant", "intron": "intron_variant",
    "non_coding": "non_coding_transcript_exon_variant",
    "coding_sequence": "coding_sequence_variant", "intergenic": "intergenic_variant",
    "NMD_transcript": "NMD_transcript_variant",
}  # fmt: skip
# All that csq says where several bases are replaced by another number of them.
_UNSPECIFIC = ("feature_elongation", "feature_truncation")
_OF_KIND = {
    "frameshift": "frameshift_variant", "nonsense": "stop_gained", "start": "start_lost",
    "extension": "stop_lost", "delins to the stop": "stop_lost", "same": "synonymous_variant",
    "duplication": "inframe_insertion", "insertion": "inframe_insertion",
    "deletion": "inframe_deletion", "substitution": "protein_altering_variant",
    "delins": "protein_altering_variant",
}  # fmt: skip
_CODING = frozenset((
    "missense", "synonymous", "frameshift", "inframe_altering", "inframe_insertion",
    "inframe_deletion", "stop_gained", "stop_lost", "stop_retained", "start_lost",
    "start_retained", "coding_sequence", *_UNSPECIFIC,
))  # fmt: skip

# From the gravest on, in the order that Ensembl publishes.
_SEVERITY = (
    *LOSS_OF_FUNCTION,
    "inframe_insertion",
    "inframe_deletion",
    "missense_variant",
    "protein_altering_variant",
    "splice_region_variant",
    "stop_retained_variant",
    "start_retained_variant",
    "synonymous_variant",
    "coding_sequence_variant",
    "5_prime_UTR_variant",
    "3_prime_UTR_variant",
    "non_coding_transcript_exon_variant",
    "intron_variant",
)


def severity(terms: pd.Series) -> pd.Series:
    """Rank of the gravest term, 0 for the gravest there is; those of `LOSS_OF_FUNCTION` come first.

    Examples
    --------
    >>> severity(pd.Series(["intron_variant", "missense_variant&splice_region_variant"])).tolist()
    [18, 8]
    """
    ranks = {term: rank for rank, term in enumerate(_SEVERITY)}
    known = {
        told: min(ranks.get(each, len(ranks)) for each in told.split("&"))
        for told in terms.dropna().unique()
    }
    return terms.map(known).fillna(len(ranks)).astype("int64")


def ontology_terms(words: pd.Series) -> pd.Series:
    """Terms for words of csq, ``&`` between both.

    Examples
    --------
    >>> ontology_terms(pd.Series(["missense&splice_region", "stop_gained"])).tolist()
    ['missense_variant&splice_region_variant', 'stop_gained']
    """
    kinds = {
        word: "&".join(_TERMS.get(each, each) for each in word.split("&"))
        for word in words.unique()
    }
    return words.map(kinds).astype("str")


def is_coding(words: pd.Series) -> pd.Series:
    """Whether some word is of a change within a coding part."""
    kinds = {word: not _CODING.isdisjoint(word.split("&")) for word in words.unique()}
    return words.map(kinds).astype(bool)


def specific_terms(terms: pd.Series, kinds: pd.Series) -> pd.Series:
    """Terms in which what csq leaves open is told by the sort of change of the protein."""
    pattern = "|".join(_UNSPECIFIC)
    known = kinds.map(_OF_KIND)
    asked = terms.str.contains(pattern) & known.notna()
    pairs = pd.DataFrame({"terms": terms[asked], "known": known[asked]}).drop_duplicates()
    pairs["new"] = [
        "&".join(dict.fromkeys(known if each in _UNSPECIFIC else each for each in told.split("&")))
        for told, known in zip(pairs["terms"], pairs["known"], strict=True)
    ]
    table = pairs.set_index(["terms", "known"])["new"]
    out = terms.copy()
    keys = pd.MultiIndex.from_arrays([terms[asked], known[asked]])
    out[asked] = table.reindex(keys).to_numpy()
    return out.astype("str")
