"""The letters of the sequences that a model reads: residues of proteins, or bases of DNA."""

from __future__ import annotations

from dataclasses import dataclass

from seqgen.errors import InputError
from seqgen.residues import UNKNOWN
from seqgen.schemas import AMINO_ACIDS


@dataclass(frozen=True)
class Alphabet:
    """What a sequence is written in.

    Attributes
    ----------
    name : str
        ``protein`` or ``dna``.
    letters : str
        In the order of the columns of ``log_probs``.
    unknown : str
        Stands for any of them.
    unit : str
        What one letter is, in the plural.
    remedy : str
        What makes a sequence fit, for messages.
    """

    name: str
    letters: str
    unknown: str
    unit: str
    remedy: str


PROTEIN = Alphabet(
    "protein", AMINO_ACIDS, UNKNOWN, "residues", "use seqgen.residues.clean_sequence"
)
DNA = Alphabet("dna", "ACGT", "N", "bases", "write bases in upper case, and N where unknown")

ALPHABETS = {one.name: one for one in (PROTEIN, DNA)}


def alphabet_of(letters: str) -> Alphabet:
    """The alphabet of a model's letters.

    Raises
    ------
    InputError
        If they are neither the 20 residues nor the four bases.

    Examples
    --------
    >>> alphabet_of("ACGT").name
    'dna'
    """
    for alphabet in ALPHABETS.values():
        if letters == alphabet.letters:
            return alphabet
    raise InputError(
        f"model: its alphabet is {letters!r}; expected {PROTEIN.letters!r} or {DNA.letters!r}"
    )
