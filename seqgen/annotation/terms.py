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
    "deletion": "inframe_deletion", "substitution": "missense_variant",
    "delins": "protein_altering_variant",
}  # fmt: skip
_INFRAME = ("inframe_insertion", "inframe_deletion", "protein_altering_variant")
# What a term of csq may be beside, by the sort of change that reading the protein shows.
_BESIDE = {
    "frameshift": ("frameshift_variant", "stop_lost"),
    "nonsense": ("stop_gained", "frameshift_variant", *_INFRAME),
    "start": (
        "start_lost",
        "stop_gained",
        "missense_variant",
        "frameshift_variant",
        *_INFRAME,
        "stop_lost",
    ),
    "extension": ("stop_lost", "frameshift_variant", *_INFRAME),
    "delins to the stop": ("stop_lost", *_INFRAME),
    "same": ("synonymous_variant", "stop_retained_variant", "start_retained_variant", *_INFRAME),
    "duplication": ("inframe_insertion",),
    "insertion": ("inframe_insertion",),
    "deletion": ("inframe_deletion",),
    "substitution": ("missense_variant",),
    "delins": ("missense_variant", *_INFRAME),
}
_HARMLESS = ("synonymous_variant", "start_retained_variant", "stop_retained_variant")
# Terms that any of others may stand for.
_ENOUGH = {
    "same": ("synonymous_variant", "stop_retained_variant", "start_retained_variant"),
    "delins": ("missense_variant", *_INFRAME),
}
_CODING = frozenset((
    "missense", "synonymous", "frameshift", "inframe_altering", "inframe_insertion",
    "inframe_deletion", "stop_gained", "stop_lost", "stop_retained", "start_lost",
    "start_retained", "coding_sequence", *_UNSPECIFIC,
))  # fmt: skip
_CODING_TERMS = frozenset(_TERMS.get(word, word) for word in _CODING)

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


def settled_terms(
    terms: pd.Series, kinds: pd.Series, ref_aa: pd.Series, alt_aa: pd.Series
) -> pd.Series:
    """Terms that agree with what is read of the protein, where it was read.

    What csq leaves open is told by the sort of change; what it takes from the place alone, such
    as a start or stop lost where the bases that go leave the same codon behind, is put right.

    Parameters
    ----------
    terms : Series of str
        Terms, ``&`` between them.
    kinds : Series of str
        Sort of change, as of `described`, or ``away`` where no coding base is touched, ``unread``
        where the codon cannot be read; missing where the protein was not.
    ref_aa, alt_aa : Series of str
        Residues lost and gained.

    Examples
    --------
    >>> settled_terms(pd.Series(["start_lost&splice_region_variant"]), pd.Series(["frameshift"]),
    ...               pd.Series(["T"]), pd.Series(["RG"])).tolist()
    ['frameshift_variant&splice_region_variant']
    """
    asked = kinds.isin([*_OF_KIND, "away", "unread", "unknown"])
    key = ["terms", "kind", "to_stop", "at_stop"]
    frame = pd.DataFrame({
        "terms": terms[asked], "kind": kinds[asked],
        "to_stop": alt_aa[asked].str.contains("*", regex=False).fillna(value=False),
        "at_stop": ref_aa[asked].str.contains("*", regex=False).fillna(value=False),
    })  # fmt: skip
    pairs = frame.drop_duplicates()
    new = [_settled(*each) for each in zip(*(pairs[name].tolist() for name in key), strict=True)]
    out = terms.copy()
    if new:
        table = pd.Series(new, index=pd.MultiIndex.from_frame(pairs[key]))
        out[asked] = table.reindex(pd.MultiIndex.from_frame(frame[key])).to_numpy()
    return out.astype("str")


def _settled(told: str, kind: str, to_stop: bool, at_stop: bool) -> str:
    each = told.split("&")
    if kind == "unknown":
        named = ["coding_sequence_variant" if term == "intron_variant" else term for term in each]
        return "&".join(dict.fromkeys(named))
    if kind == "unread":
        others = [term for term in each if term not in {*_CODING_TERMS, "intron_variant"}]
        return "&".join(["coding_sequence_variant", *others])
    if kind == "away":
        kept = [term for term in each if term not in _CODING_TERMS or term in _HARMLESS]
        return "&".join(kept or ["intron_variant"])
    needed, enough = _OF_KIND[kind], _ENOUGH.get(kind, (_OF_KIND[kind],))
    beside = _BESIDE[kind]
    if kind == "same" and at_stop:
        needed, enough = "stop_retained_variant", ("stop_retained_variant",)
    if kind in ("insertion", "delins") and to_stop and not at_stop:
        needed, enough, beside = "stop_gained", ("stop_gained",), ("stop_gained", *beside)
    coded = [term for term in each if term in beside]
    if not set(enough) & set(coded):
        coded.insert(0, needed)
    # Where csq tells what the protein undergoes; an intron is none of it.
    first = next((k for k, term in enumerate(each) if term in _CODING_TERMS), 0)
    out = [*each[:first], *coded, *each[first:]]
    others = [term for term in out if term not in _CODING_TERMS and term != "intron_variant"]
    return "&".join(dict.fromkeys(
        term for term in out if term in coded or term in others
    ))  # fmt: skip
