"""Amino-acid residues: letters, changes of one residue, and the alleles that can make them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from seqgen.errors import InputError
from seqgen.schemas import AMINO_ACIDS, LOSS_OF_FUNCTION

if TYPE_CHECKING:
    import pandas as pd

UNKNOWN = "X"

#: Letters that stand for other residues: selenocysteine and pyrrolysine become the residue
#: they replace, ambiguity codes become unknown.
SUBSTITUTES = {"U": "C", "O": "K", "B": UNKNOWN, "Z": UNKNOWN, "J": UNKNOWN, UNKNOWN: UNKNOWN}

THREE_LETTER = {
    "ALA": "A", "ARG": "R", "ASN": "N", "ASP": "D", "CYS": "C", "GLN": "Q", "GLU": "E",
    "GLY": "G", "HIS": "H", "ILE": "I", "LEU": "L", "LYS": "K", "MET": "M", "PHE": "F",
    "PRO": "P", "SER": "S", "THR": "T", "TRP": "W", "TYR": "Y", "VAL": "V",
    "SEC": "U", "PYL": "O", "ASX": "B", "GLX": "Z", "XLE": "J", "XAA": "X", "TER": "*",
}  # fmt: skip
_ONE_TO_THREE = {one: three.capitalize() for three, one in THREE_LETTER.items()}

_CHANGE = re.compile(
    r"(?:[^:\s]+:)?(?:P\.)?\(?(?P<ref>[A-Z]{3}|[A-Z*])(?P<position>[1-9]\d*)"
    r"(?P<alt>[A-Z]{3}|[A-Z*=])\)?"
)
_NOT_CLEAN = re.compile(f"[^{AMINO_ACIDS}{UNKNOWN}]")
_TO_CLEAN = str.maketrans(SUBSTITUTES)
_NUCLEOTIDES = frozenset("ACGTUN")
_ENOUGH_TO_JUDGE = 30


class ResidueChange(NamedTuple):
    """One residue replaced by another: letters and 1-based position."""

    ref_aa: str
    position: int
    alt_aa: str


def clean_sequence(sequence: str, name: str = "sequence") -> str:
    """Protein sequence in the 20 residues and ``X``, of unchanged length but for a final stop.

    The rule: upper case; ``U`` is read as ``C`` and ``O`` as ``K`` (the residues they stand in
    for); ``B``, ``Z``, ``J`` and ``X`` become ``X``, unknown to a model; one final ``*`` is
    removed.

    Parameters
    ----------
    sequence : str
        One-letter codes.
    name : str
        What the sequence is called in an error.

    Returns
    -------
    str

    Raises
    ------
    InputError
        If nothing is left, or a letter is none of these; the message gives its position.

    Examples
    --------
    >>> clean_sequence("mUaB*")
    'MCAX'
    """
    cleaned = sequence.strip().upper().removesuffix("*").translate(_TO_CLEAN)
    if not cleaned:
        raise InputError(f"{name}: the protein sequence is empty; expected one-letter residues")
    wrong = _NOT_CLEAN.search(cleaned)
    if wrong:
        hint = "a stop inside the protein" if wrong[0] == "*" else "not a residue"
        raise InputError(
            f"{name}: {wrong[0]!r} at position {wrong.start() + 1} is {hint}; expected the 20 "
            "residues, U, O, B, Z, J, X, or one '*' at the end; give an ungapped, translated "
            "protein sequence"
        )
    return cleaned


def refuse_dna(sequences: Mapping[str, str], what: str) -> None:
    """Refuse DNA or RNA where proteins are expected.

    That is where all sequences together have 30 letters or more, every one of them A, C, G, T, U
    or N, upper or lower case. Anything that is no text is left to the checks of single sequences.

    Parameters
    ----------
    sequences : mapping of str to str
        Name to sequence.
    what : str
        The file or argument that they came by, as an error names it.

    Raises
    ------
    InputError
        If the sequences are of nucleotides.

    Examples
    --------
    >>> refuse_dna({"P1": "MKVLA"}, "proteins")
    """
    first, count, letters = "", 0, 0
    for name, text in sequences.items():
        text = text.strip().upper() if isinstance(text, str) else ""
        if not _NUCLEOTIDES.issuperset(text):
            return  # the first protein, as a rule the first sequence
        first = first or f"{name} {text[:20]}{'...' if len(text) > 20 else ''}"
        count, letters = count + 1, letters + len(text)
    if letters >= _ENOUGH_TO_JUDGE:
        raise InputError(
            f"{what}: {'the sequence holds' if count == 1 else f'all {count:,} sequences hold'} "
            f"A, C, G, T, U and N alone ({letters:,} letters; {first}), which is DNA or RNA; "
            "expected proteins; translate them, or score variants of DNA by score_dna_variants"
        )


def parse_change(text: str) -> ResidueChange:
    """Residue change out of ``R253C``, ``p.Arg253Cys``, ``p.(Arg253Cys)`` or ``NP_1:p.R253C``.

    ``Ter`` is read as ``*``, and ``=`` as the reference residue.

    Raises
    ------
    InputError
        If the text is not the replacement of one residue.

    Examples
    --------
    >>> parse_change("p.Arg253Cys")
    ResidueChange(ref_aa='R', position=253, alt_aa='C')
    """
    match = _CHANGE.fullmatch(str(text).strip().upper())
    ref, alt = ("", "") if match is None else (_one_letter(match["ref"]), _one_letter(match["alt"]))
    if match is None or not ref or not alt:
        raise InputError(
            f"residue change {text!r} is not the replacement of one residue; expected a form "
            "such as R253C or p.Arg253Cys (frameshifts, deletions and insertions are none)"
        )
    return ResidueChange(ref, int(match["position"]), ref if alt == "=" else alt)


def format_change(change: ResidueChange, *, three_letter: bool = False) -> str:
    """Residue change as ``R253C``, or as ``p.Arg253Cys`` with ``three_letter``.

    Examples
    --------
    >>> format_change(ResidueChange("R", 253, "C"), three_letter=True)
    'p.Arg253Cys'
    """
    ref, position, alt = change
    if three_letter:
        return f"p.{_ONE_TO_THREE[ref]}{position}{_ONE_TO_THREE[alt]}"
    return f"{ref}{position}{alt}"


def all_substitutions(sequence: str, *, name: str = "protein") -> pd.DataFrame:
    """Every replacement of one residue of a protein: the 19 others at each position.

    Positions with a letter that is none of the 20 residues are left out, and a final ``*``.

    Parameters
    ----------
    sequence : str
        One-letter codes.
    name : str
        What the table calls the protein: the accession under which `score_variants` is given
        its sequence.

    Returns
    -------
    DataFrame
        ``uniprot``, ``position`` (1-based), ``ref_aa``, ``alt_aa``, as `score_variants` takes it.

    Raises
    ------
    InputError
        If the sequence is DNA or otherwise none of a protein, or has none of the 20 residues.

    Examples
    --------
    >>> table = all_substitutions("MK", name="P1")
    >>> table["alt_aa"].head(4).tolist()
    ['A', 'C', 'D', 'E']
    >>> from seqgen import load_model, score_variants
    >>> scored = score_variants(table, {"P1": "MK"}, load_model("blosum62"),
    ...                         methods=["wild-type-marginal"])
    >>> len(scored.table)
    38
    """
    import pandas as pd

    if not isinstance(sequence, str):
        raise InputError(
            f"sequence is of type {type(sequence).__name__}; expected one string of one-letter "
            "residues"
        )
    refuse_dna({name: sequence}, "sequence")
    length = len(clean_sequence(sequence, "sequence"))
    letters = np.array(list(sequence.strip().upper()[:length]))
    position, alt = (part.ravel() for part in np.indices((length, len(AMINO_ACIDS))))
    table = pd.DataFrame({
        "uniprot": name, "position": position + 1, "ref_aa": letters[position],
        "alt_aa": np.array(list(AMINO_ACIDS))[alt],
    }).astype({"uniprot": "str", "ref_aa": "str", "alt_aa": "str"})  # fmt: skip
    kept = table["ref_aa"].isin(list(AMINO_ACIDS)) & (table["ref_aa"] != table["alt_aa"])
    if not kept.any():
        raise InputError("sequence: none of its letters is one of the 20 residues")
    return table[kept].reset_index(drop=True)


def _one_letter(code: str) -> str:
    return code if len(code) == 1 else THREE_LETTER.get(code, "")


# --- substitution scores --------------------------------------------------------------------

_BLOSUM_ORDER = "ARNDCQEGHILKMFPSTWYV"
_BLOSUM_LOWER = """
 4
-1  5
-2  0  6
-2 -2  1  6
 0 -3 -3 -3  9
-1  1  0  0 -3  5
-1  0  0  2 -4  2  5
 0 -2  0 -1 -3 -2 -2  6
-2  0  1 -1 -3  0  0 -2  8
-1 -3 -3 -3 -1 -3 -3 -4 -3  4
-1 -2 -3 -4 -1 -2 -3 -4 -3  2  4
-1  2  0 -1 -3  1  1 -2 -1 -3 -2  5
-1 -1 -2 -3 -1  0 -2 -3 -2  1  2 -1  5
-2 -3 -3 -3 -2 -3 -3 -3 -1  0  0 -3  0  6
-1 -2 -2 -1 -3 -1 -1 -2 -2 -3 -3 -1 -2 -4  7
 1 -1  1  0 -1  0  0  0 -1 -2 -2  0 -1 -2 -1  4
 0 -1  0 -1 -1 -1 -1 -2 -2 -1 -1 -1 -1 -2 -1  1  5
-3 -3 -4 -4 -2 -2 -3 -2 -2 -3 -2 -3 -1  1 -4 -3 -2 11
-2 -2 -2 -3 -2 -1 -2 -3  2 -1 -1 -2 -1  3 -3 -2 -2  2  7
 0 -3 -3 -3 -1 -2 -2 -3 -3  3  1 -2  1 -1 -2 -2  0 -3 -1  4
"""
_BLOSUM_FREQUENCIES = (
    0.074, 0.052, 0.045, 0.054, 0.025, 0.034, 0.054, 0.074, 0.026, 0.068,
    0.099, 0.058, 0.025, 0.047, 0.039, 0.057, 0.051, 0.013, 0.032, 0.073,
)  # fmt: skip


def _blosum62() -> tuple[np.ndarray, np.ndarray]:
    """Scores (20, 20) and residue frequencies (20,), in the order of ``AMINO_ACIDS``."""
    rows = [[int(score) for score in line.split()] for line in _BLOSUM_LOWER.split("\n") if line]
    scores = np.zeros((20, 20), dtype=np.int64)
    for number, row in enumerate(rows):
        scores[number, : number + 1] = scores[: number + 1, number] = row
    order = [_BLOSUM_ORDER.index(residue) for residue in AMINO_ACIDS]
    frequencies = np.array(_BLOSUM_FREQUENCIES)[order]
    return scores[np.ix_(order, order)], frequencies / frequencies.sum()


#: ``BLOSUM62[a, b]``: score of aligning residues a and b (``AMINO_ACIDS`` order), half bits;
#: ``BLOSUM62_FREQUENCIES[a]``: how often residue a occurs in the aligned blocks.
#: Henikoff & Henikoff (1992), Amino acid substitution matrices from protein blocks,
#: PNAS 89:10915-10919 (Blocks 5.0, clustered at 62%).
BLOSUM62, BLOSUM62_FREQUENCIES = _blosum62()

# --- codons and alleles ---------------------------------------------------------------------

BASES = "TCAG"
_COMPLEMENT = {"A": "T", "C": "G", "G": "C", "T": "A"}
_STANDARD_CODE = "FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG"

#: Standard genetic code: codon (DNA, coding strand) to residue, ``*`` for stop.
CODONS = {
    first + second + third: _STANDARD_CODE[16 * i + 4 * j + k]
    for i, first in enumerate(BASES)
    for j, second in enumerate(BASES)
    for k, third in enumerate(BASES)
}


def _single_base_changes() -> np.ndarray:
    """Whether a change of base makes a residue change, on the coding strand or its complement.

    Shape (20, 20, 4, 4), bool: ``[ref_aa, alt_aa, base, new_base]``.
    """
    table = np.zeros((20, 20, 4, 4), dtype=bool)
    for codon, ref in CODONS.items():
        for place, base in enumerate(codon):
            for new in BASES.replace(base, ""):
                alt = CODONS[codon[:place] + new + codon[place + 1 :]]
                if "*" in (ref, alt) or ref == alt:
                    continue
                residues = AMINO_ACIDS.index(ref), AMINO_ACIDS.index(alt)
                table[(*residues, BASES.index(base), BASES.index(new))] = True
                other = BASES.index(_COMPLEMENT[base]), BASES.index(_COMPLEMENT[new])
                table[residues + other] = True
    return table


_MAKES = _single_base_changes()
_VERDICTS = np.array(["none", "first", "second", "either"])


def alleles_fit_change(
    ref_aa: ArrayLike, alt_aa: ArrayLike, allele_a: ArrayLike, allele_b: ArrayLike
) -> str | np.ndarray:
    """Which of two alleles can make a residue change, by one base, on either strand.

    Parameters
    ----------
    ref_aa, alt_aa : str or array-like of str
        One-letter residues; the four arguments broadcast against each other.
    allele_a, allele_b : str or array-like of str
        The two alleles of the variant, of either strand.

    Returns
    -------
    str, or ndarray of str where an argument is an array
        ``first``: ``allele_a`` makes ``alt_aa`` and ``allele_b`` makes ``ref_aa``; ``second``:
        the other way round; ``either``: both ways are possible; ``none``: neither is, or an
        allele is not a single base, or a residue is not one of the 20.

    Examples
    --------
    Arginine 253 to cysteine is CGN to TGN: the allele T (A on the other strand) makes it.

    >>> str(alleles_fit_change("R", "C", "T", "C")), str(alleles_fit_change("R", "C", "G", "A"))
    ('first', 'second')
    """
    ref, alt, a, b = np.broadcast_arrays(
        _codes(ref_aa, AMINO_ACIDS),
        _codes(alt_aa, AMINO_ACIDS),
        _codes(allele_a, BASES),
        _codes(allele_b, BASES),
    )
    known = (ref >= 0) & (alt >= 0) & (a >= 0) & (b >= 0)
    verdict = _VERDICTS[known * (_MAKES[ref, alt, b, a] + 2 * _MAKES[ref, alt, a, b])]
    return str(verdict) if verdict.ndim == 0 else verdict


def _codes(values: ArrayLike, letters: str) -> np.ndarray:
    """Place of each value in ``letters``, -1 where it is not one of them."""
    found = np.asarray(values).astype(str)
    distinct, inverse = np.unique(found, return_inverse=True)
    places = [letters.find(value) if len(value) == 1 else -1 for value in np.char.upper(distinct)]
    return np.array(places, dtype=np.int64)[inverse].reshape(found.shape)


def loss_of_function(variants: pd.DataFrame) -> pd.Series:
    """Whether each variant's ``consequence`` is taken to destroy a protein, and not missense.

    Parameters
    ----------
    variants : DataFrame
        ``consequence`` (Sequence Ontology terms, ``&`` between) and ``residue_change``.

    Returns
    -------
    Series of bool
    """
    told = variants["consequence"].fillna("").str.contains("|".join(LOSS_OF_FUNCTION))
    return told & variants["residue_change"].isna()
